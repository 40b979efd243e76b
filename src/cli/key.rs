//! `attesh key`: sealing keys, and the keys that are trusted by default.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Outcome;
use super::args::{Key, KeyGenerate, KeyShow, KeyTrust, KeyVerb};
use crate::failure::Failure;
use crate::files::{self, Overwrite};
use crate::passphrase::{self, Purpose, Sources};
use crate::paths;
use crate::report;
use crate::seal::keys::PublicKey;
use crate::seal::signer::{KeyFileError, generate, public_path};
use crate::seal::trust::{MAX_TRUST_FILE_BYTES, TrustFile, TrustedKey};
use crate::verify::Trusted;

pub fn run(args: &Key) -> Outcome {
    match &args.verb {
        KeyVerb::Generate(args) => make(args),
        KeyVerb::Show(args) => show(args),
        KeyVerb::Trust(args) => add(args),
    }
}

/// `$XDG_CONFIG_HOME/attesh/key`
pub fn default_path() -> Result<PathBuf, Failure> {
    Ok(config()?.join("key"))
}

fn config() -> Result<PathBuf, Failure> {
    paths::config()
        .ok_or_else(|| Failure::unable("there is no home folder; set XDG_CONFIG_HOME to an absolute path"))
}

/// A key that cannot be used is a matter of how the command was called.
pub fn failure(error: &KeyFileError) -> Failure {
    Failure::usage(error.to_string())
}

fn make(args: &KeyGenerate) -> Outcome {
    let passphrase = if args.no_passphrase {
        None
    } else {
        let sources =
            Sources { file: args.passphrase_file.clone(), environment: paths::variable("ATTESH_PASSPHRASE") };
        let given = passphrase::get(sources, Purpose::Create(&args.output));
        Some(given.map_err(|error| Failure::usage(error.to_string()))?)
    };
    let public = generate(&args.output, passphrase.as_ref(), args.force).map_err(|error| failure(&error))?;
    report::say(&format!("made {} and {}", args.output.display(), public_path(&args.output).display()));
    report::line(&public.fingerprint())?;
    Ok(0)
}

fn show(args: &KeyShow) -> Outcome {
    let path = match &args.file {
        Some(path) => path.clone(),
        None => public_path(&default_path()?),
    };
    for trusted in read(&path)? {
        let key = trusted.key();
        if args.json {
            report::json(
                "attesh.key/v1",
                json!({"file": path, "fingerprint": key.fingerprint(), "spki": key.to_spki_pem(), "openssh": key.to_ssh_line()}),
            )?;
        } else {
            report::line(&key.fingerprint())?;
            report::line(key.to_ssh_line().trim_end())?;
            report::line(key.to_spki_pem().trim_end())?;
        }
    }
    Ok(0)
}

fn add(args: &KeyTrust) -> Outcome {
    for trusted in read(&args.file)? {
        let path = trust(trusted.key(), &stem(&args.file))?;
        report::say(&format!(
            "{} is trusted from now on; to end that remove {}",
            trusted.key().fingerprint(),
            path.display()
        ));
    }
    Ok(0)
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().map_or_else(|| "key".into(), |name| name.to_string_lossy().into_owned());
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    stem.chars().map(plain).collect()
}

/// Puts a key among those trusted by default; the file that holds it.
pub fn trust(key: &PublicKey, name: &str) -> Result<PathBuf, Failure> {
    let folder = config()?.join("trusted");
    files::Folder::create(&folder)?;
    let digits: String =
        key.fingerprint().chars().filter(char::is_ascii_alphanumeric).skip(6).take(8).collect();
    let path = folder.join(format!("{name}-{digits}.pub"));
    files::publish(&path, key.to_spki_pem().as_bytes(), 0o644, Overwrite::Yes)?;
    Ok(path)
}

fn read(path: &Path) -> Result<Vec<TrustedKey>, Failure> {
    let bytes = files::read_stream(path, MAX_TRUST_FILE_BYTES as u64)
        .map_err(|error| Failure::unable(error.to_string()))?;
    let file =
        TrustFile::read(&bytes).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    for unused in &file.unused {
        report::say(&format!("{}, line {}: not used: {}", path.display(), unused.line, unused.why));
    }
    Ok(file.keys)
}

/// The keys that verification trusts: those given, else those of the trusted folder.
pub fn trusted(given: &[PathBuf]) -> Result<Vec<Trusted>, Failure> {
    let files = match given {
        [] => default_files(),
        given => given.to_vec(),
    };
    let mut all = Vec::new();
    for path in files {
        let source = path.display().to_string();
        all.extend(read(&path)?.into_iter().map(|key| Trusted { key, source: source.clone() }));
    }
    Ok(all)
}

fn default_files() -> Vec<PathBuf> {
    let Some(folder) = paths::config().map(|config| config.join("trusted")) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut list: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    list.retain(|path| path.extension().is_some_and(|suffix| suffix == "pub"));
    list.sort();
    list
}
