//! The bundle as sigstore for Rust sees it: with a key of one's own, a file, and without a log.
//!
//! ```text
//! attesh-sigstore FOLDER
//! ```
//!
//! The library takes no bundle without a log's entry or a timestamp, so it is shown those that
//! `stamp.sh` completed with a timestamp. It verifies that one, too.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, Verifier};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What it says of a bundle as attesh writes it.
const WITHOUT_A_TIME: &str = "must have at least one tlog entry or timestamp";

struct Judge {
    verifier: Verifier,
    policy: PublicKeyVerificationPolicy,
}

impl Judge {
    fn trusting(folder: &Path, key: &str) -> Outcome<Self> {
        let root = TrustedRoot::from_file(folder.join("stamped/root.json"))?;
        let key = DerPublicKey::from_pem(&fs::read_to_string(folder.join(key))?)?;
        let policy = PublicKeyVerificationPolicy::new(key).skip_tlog_unsafe();
        Ok(Self { verifier: Verifier::new(&root)?, policy })
    }

    fn accepts(&self, bundle: &Path, artifact: &Path) -> Outcome<()> {
        let bundle = Bundle::from_json(&fs::read_to_string(bundle)?)?;
        self.verifier.verify(&fs::read(artifact)?[..], &bundle, &self.policy)?;
        Ok(())
    }
}

fn files_of(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = fs::read_dir(folder)?.collect();
    let mut files: Vec<PathBuf> = entries?.iter().map(fs::DirEntry::path).collect();
    files.sort();
    Ok(files)
}

fn main() -> Outcome<ExitCode> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("FOLDER is missing")?);
    let judge = Judge::trusting(&folder, "key.pub")?;
    let stranger = Judge::trusting(&folder, "stranger.pub")?;
    let good = folder.join("stamped/sealed.sigstore.json");
    let artifacts = files_of(&folder.join("subjects"))?;
    let mut wrong = Vec::new();
    for artifact in &artifacts {
        if let Err(why) = judge.accepts(&good, artifact) {
            wrong.push(format!("refused {}: {why}", artifact.display()));
        }
    }
    let bare = judge.accepts(&folder.join("good/sealed.sigstore.json"), &artifacts[0]);
    if !bare.is_err_and(|why| why.to_string().contains(WITHOUT_A_TIME)) {
        wrong.push("docs/interop.md says that it takes no bundle without a timestamp".to_owned());
    }
    let mut cases = vec![
        ("key of a stranger".to_owned(), stranger.accepts(&good, &artifacts[0])),
        ("another file".to_owned(), judge.accepts(&good, &folder.join("another"))),
    ];
    for path in files_of(&folder.join("stamped/bad"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        cases.push((name, judge.accepts(&path, &artifacts[0])));
    }
    for (name, outcome) in &cases {
        match outcome {
            Ok(()) => wrong.push(format!("accepted {name}")),
            Err(why) => println!("  {name}: {why}"),
        }
    }
    if artifacts.len() < 4 || cases.len() < 12 {
        wrong.push("too few files".to_owned());
    }
    if !wrong.is_empty() {
        println!("{}", wrong.join("\n"));
        return Ok(ExitCode::FAILURE);
    }
    println!("sigstore-verify: {} accepted, {} rejected", artifacts.len(), cases.len());
    Ok(ExitCode::SUCCESS)
}
