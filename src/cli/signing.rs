//! The key that a command signs with.
//!
//! What lives here: from what `--key` and `--passphrase-file` say to a [`Signer`], the key that the
//! first seal makes, and a key in a process of its own. What does not: the formats of keys
//! (`seal::keys`), where a passphrase comes from (`passphrase`).

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::key;
use crate::failure::{Failure, Kind};
use crate::files;
use crate::os::proc;
use crate::passphrase::{self, Sources};
use crate::paths;
use crate::report;
use crate::seal::agent::AgentKey;
use crate::seal::apart::{Apart, Found, Opened};
use crate::seal::derived::metablock;
use crate::seal::keys::{Passphrase, PublicKey};
use crate::seal::signer::{KeyFile, KeyFileError, Signer, generate};
use crate::sys;
use crate::text::{Command, Next};

/// The key that a file names; without one the default key.
///
/// # Errors
/// It cannot be used.
pub fn signer(key: Option<&Path>, passphrase_file: Option<&Path>) -> Result<Signer, Failure> {
    let sources = || Sources::with(passphrase_file);
    let path = key.map_or_else(key::default_path, |key| Ok(key.to_owned()))?;
    let made = match key.is_none() && path.symlink_metadata().is_err() {
        true => Some(make_default_key(&path, sources())?),
        false => None,
    };
    let file = KeyFile::open(&path).map_err(key::failure)?;
    let private = match file {
        KeyFile::Public(public) => return of_agent(public),
        KeyFile::Private(private) => private,
    };
    // A CI hands out secrets as files with modes of its own, and its user can do nothing about it.
    if let Some(warning) = private.exposure().filter(|_| paths::ci().is_none()) {
        report::say(&format!("warning: {warning}"));
    }
    let opened = match made {
        None if private.is_encrypted() => {
            let unlock = |given: &Passphrase| private.unlock(Some(given));
            let opened = passphrase::open(sources(), &path, unlock, KeyFileError::is_wrong_passphrase);
            opened.map_err(|error| key::no_passphrase(&error))?
        }
        made => private.unlock(made.as_ref()),
    };
    opened.map(Signer::Key).map_err(key::failure)
}

/// The key for a script that runs first: it is in a process of its own, and nothing that opens it
/// is left in this one, in its environment or among its descriptors. It signs so many messages.
///
/// # Errors
/// It cannot be used.
pub fn signer_apart(
    key: Option<&Path>,
    passphrase_file: Option<&Path>,
    messages: usize,
) -> Result<Signer, Failure> {
    let open = || {
        let opened = signer(key, passphrase_file).map(|signer| match signer {
            Signer::Key(key) => Opened::Key(key),
            other => Opened::Agent(other.public()),
        });
        passphrase::forget();
        opened.map_err(|failure| failure.to_string())
    };
    let found = Apart::start(messages, open);
    passphrase::forget();
    let given = key.into_iter().chain(passphrase_file).filter_map(proc::descriptor_in);
    // Standard input is the script's.
    given.filter(|descriptor| *descriptor > 2).for_each(sys::close_inherited);
    let lost = |error: std::io::Error| {
        Failure::unable(format!("no process could be started that holds the key: {}", files::words(&error)))
    };
    match found.map_err(lost)? {
        Found::Apart(apart) => Ok(Signer::Apart(apart)),
        Found::Agent(public) => of_agent(public),
        Found::Refused(words) => Err(Failure::usage(words)),
    }
}

/// The private half of a key, which an agent holds.
fn of_agent(public: PublicKey) -> Result<Signer, Failure> {
    let socket = paths::variable("SSH_AUTH_SOCK").map(PathBuf::from);
    let agent = AgentKey::find(socket.as_deref(), public);
    agent.map(Signer::Agent).map_err(|error| Failure::of(Kind::Unable, &error))
}

/// The first seal makes a key; only with a passphrase, and only if it can get one.
fn make_default_key(path: &Path, sources: Sources) -> Result<Passphrase, Failure> {
    if sources.file.is_none() && sources.environment.is_none() && !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!("the sealing key does not exist yet ({})", path.display())).next(
            Next::typing("to make one", Command::new("attesh key generate -o").path(path))
                .or("name one with --key FILE"),
        ));
    }
    report::say(&format!("making your sealing key, {}", path.display()));
    let passphrase = passphrase::new(sources, path).map_err(|error| key::no_passphrase(&error))?;
    files::Folder::create(path.parent().expect("a file in a folder"))?;
    let public = generate(path, Some(&passphrase), false).map_err(key::failure)?;
    let trusted = key::trust(&public, "own")?;
    report::say(&format!(
        "made {} ({}); its public half is {}.pub, and {} makes verify trust it here",
        path.display(),
        public.fingerprint(),
        path.display(),
        trusted.display()
    ));
    Ok(passphrase)
}

/// A file of in-toto in its older wrapping.
///
/// # Errors
/// It could not be signed.
pub fn in_the_open(signer: &Signer, value: &Value) -> Result<Vec<u8>, Failure> {
    let sig = signer.sign(&metablock::canonical(value));
    let sig = sig.map_err(|error| Failure::of(Kind::Unable, &error))?;
    Ok(metablock::file(value, &signer.public(), &sig))
}
