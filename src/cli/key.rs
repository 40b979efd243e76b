//! `attesh key`: sealing keys, and the keys that are trusted by default.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{Key, KeyGenerate, KeyShow, KeyTrust, KeyVerb};
use super::given::Exit;
use crate::clock;
use crate::failure::{Failure, Kind};
use crate::files::{self, FileError, Overwrite};
use crate::passphrase::{self, PassphraseError, Sources};
use crate::paths;
use crate::report;
use crate::seal::keys::PublicKey;
use crate::seal::signer::{KeyFileError, KeyFileProblem, generate, public_path, refuse_existing};
use crate::seal::trust::{MAX_TRUST_FILE_BYTES, TrustFile, TrustedKey};
use crate::verify::Trusted;

pub fn run(args: &Key) -> Exit {
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
    paths::config().ok_or_else(|| {
        Failure::unable("there is no home folder").next("set XDG_CONFIG_HOME to an absolute path")
    })
}

/// A key that cannot be used is a usage error; a file that cannot be read or written is not.
pub fn failure(error: KeyFileError) -> Failure {
    match &error.why {
        KeyFileProblem::File(FileError::Exists(_)) => Failure::of(Kind::Usage, &error),
        KeyFileProblem::File(_) => Failure::of(Kind::Unable, &error),
        _ => Failure::of(Kind::Usage, &error),
    }
}

/// A passphrase that was not given is a usage error; a file that cannot be read is not.
pub fn no_passphrase(error: &PassphraseError) -> Failure {
    match error {
        PassphraseError::File(_) => Failure::of(Kind::Unable, error),
        _ => Failure::of(Kind::Usage, error),
    }
}

fn make(args: &KeyGenerate) -> Exit {
    // Nobody should type a passphrase twice for files that cannot be written.
    if !args.force {
        refuse_existing(&args.output).map_err(failure)?;
    }
    let folder = args.output.parent().filter(|path| !path.as_os_str().is_empty());
    files::can_create_in(folder.unwrap_or(Path::new(".")))?;
    let passphrase = if args.no_passphrase {
        None
    } else {
        let sources = Sources::with(args.passphrase_file.as_deref());
        let given = passphrase::new(sources, &args.output);
        Some(given.map_err(|error| no_passphrase(&error))?)
    };
    let public = generate(&args.output, passphrase.as_ref(), args.force).map_err(failure)?;
    let path = public_path(&args.output);
    report::say(&format!("made {} and {}", args.output.display(), path.display()));
    if args.json {
        let mut value = as_json(&path, &public);
        value["private"] = report::path_json(&args.output);
        report::json("attesh.key/v1", value)?;
    } else {
        report::line(&public.fingerprint())?;
    }
    Ok(0)
}

fn as_json(file: &Path, key: &PublicKey) -> Value {
    json!({"file": report::path_json(file), "fingerprint": key.fingerprint(), "spki": key.to_spki_pem(),
        "openssh": key.to_ssh_line()})
}

fn show(args: &KeyShow) -> Exit {
    let path = match &args.file {
        Some(path) => path.clone(),
        None => public_path(&default_path()?),
    };
    if args.file.is_none() && path.symlink_metadata().is_err() {
        return Err(Failure::unable(format!("the default key does not exist yet ({})", path.display()))
            .next("name a public key file; the first attesh seal makes the default key"));
    }
    let keys: Vec<PublicKey> = read(&path)?.into_iter().map(|trusted| trusted.key().clone()).collect();
    if args.json {
        several("attesh.key/v1", keys.iter().map(|key| as_json(&path, key)))?;
        return Ok(0);
    }
    for key in keys {
        report::line(&key.fingerprint())?;
        report::line(key.to_ssh_line().trim_end())?;
        report::line(key.to_spki_pem().trim_end())?;
    }
    Ok(0)
}

/// One object, because a file nearly always has one key; further keys are in its `more`.
fn several(schema: &str, mut keys: impl Iterator<Item = Value>) -> Result<(), Failure> {
    let Some(mut first) = keys.next() else { return Ok(()) };
    let more: Vec<Value> = keys.collect();
    if !more.is_empty() {
        first["more"] = Value::Array(more);
    }
    report::json(schema, first)
}

fn add(args: &KeyTrust) -> Exit {
    let mut added = Vec::new();
    for trusted in read(&args.file)? {
        let path = keep(&trusted, &stem(&args.file))?;
        added.push(as_json(&path, trusted.key()));
        let validity = trusted.validity();
        let when = if validity.is_unlimited() { "from now on".to_owned() } else { validity.to_string() };
        report::say(&format!(
            "{} is trusted {when}; to end that remove {}",
            trusted.key().fingerprint(),
            path.display()
        ));
    }
    if args.json {
        several("attesh.key/v1", added.into_iter())?;
    }
    Ok(0)
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().map_or_else(|| "key".into(), |name| name.to_string_lossy().into_owned());
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    stem.chars().map(plain).collect()
}

/// Puts a key among those trusted by default, at any time; the file that holds it.
pub fn trust(key: &PublicKey, name: &str) -> Result<PathBuf, Failure> {
    keep(&TrustedKey::new(key.clone()), name)
}

fn keep(trusted: &TrustedKey, name: &str) -> Result<PathBuf, Failure> {
    let key = trusted.key();
    let folder = config()?.join("trusted");
    files::Folder::create(&folder)?;
    let digits: String =
        key.fingerprint().chars().filter(char::is_ascii_alphanumeric).skip(6).take(8).collect();
    let path = folder.join(format!("{name}-{digits}.pub"));
    files::publish(&path, trusted.to_file().as_bytes(), 0o644, Overwrite::Yes)?;
    Ok(path)
}

fn read(path: &Path) -> Result<Vec<TrustedKey>, Failure> {
    let bytes = files::read_stream(path, MAX_TRUST_FILE_BYTES as u64)?;
    let file = TrustFile::read(&bytes, clock::local_second)
        .map_err(|error| Failure::of(Kind::Usage, &error).within(path.display()))?;
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
