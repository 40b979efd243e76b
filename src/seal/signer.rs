//! A door: key files, and who signs.
//!
//! Lives here: opening what `--key` names, making a new pair of key files, and [`Signer`].
//! Not here: the formats (`keys`), where the passphrase comes from (`crate::passphrase`).
//!
//! Rules: the file's content, never its name, says what `--key` means; a signature is checked
//! before it is handed out.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::agent::{AgentError, AgentKey};
use super::apart::Apart;
use super::envelope::{Envelope, PAYLOAD_TYPE};
use super::keys::{KeyError, MAX_KEY_FILE_BYTES, Passphrase, PrivateKey, PublicKey, SIGNATURE_BYTES};
use super::trust::{TrustError, TrustFile};
use crate::clock;
use crate::files::{self, FileError, Overwrite};
use crate::text::{Command, Fault, Next, told};

/// Who signs.
pub enum Signer {
    /// A private key in memory.
    Key(PrivateKey),
    /// A key that an ssh-agent holds.
    Agent(AgentKey),
    /// A private key in the memory of a process of its own.
    Apart(Apart),
}

impl Signer {
    /// The public half.
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Key(key) => key.public(),
            Self::Agent(key) => key.public().clone(),
            Self::Apart(key) => key.public().clone(),
        }
    }

    /// Signs a Statement into an envelope.
    pub fn seal(&self, payload: Vec<u8>) -> Result<Envelope, SignError> {
        self.seal_as(PAYLOAD_TYPE, payload, self.public().fingerprint())
    }

    /// Signs a payload of any type into an envelope, with the keyid that its readers look for.
    pub fn seal_as(
        &self,
        payload_type: &str,
        payload: Vec<u8>,
        keyid: String,
    ) -> Result<Envelope, SignError> {
        Envelope::sign_as(payload_type, payload, keyid, |message| self.sign(message))
    }

    /// Signs a message that is no envelope's.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignError> {
        let sig = match self {
            Self::Key(key) => key.sign(message),
            Self::Agent(key) => key.sign(message).map_err(SignError::Agent)?,
            Self::Apart(key) => key.sign(message).map_err(SignError::Apart)?,
        };
        // A signature made by a faulty machine can give the private key away.
        if self.public().verify(message, &sig) { Ok(sig) } else { Err(SignError::Faulty) }
    }
}

/// Why nothing was signed.
#[derive(Debug)]
pub enum SignError {
    /// The agent did not.
    Agent(AgentError),
    /// The process that holds the key did not.
    Apart(io::Error),
    /// The signature made here does not verify here.
    Faulty,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(error) => error.fmt(f),
            Self::Apart(_) => f.write_str("the process that held the key is gone, or was stopped"),
            Self::Faulty => f.write_str(
                "the signature does not verify with the key that made it: memory or processor is at fault",
            ),
        }
    }
}

impl Error for SignError {}

impl Fault for SignError {
    fn next(&self) -> Option<Next> {
        match self {
            Self::Agent(error) => error.next(),
            Self::Apart(_) | Self::Faulty => None,
        }
    }
}

/// What `--key` names.
pub enum KeyFile {
    /// A private key, perhaps encrypted still.
    Private(PrivateFile),
    /// A public key: the private half is with the agent.
    Public(PublicKey),
}

impl KeyFile {
    /// Opens the file and finds out which it is. Damage that shows without the passphrase is an
    /// error at once.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let fail = |why| KeyFileError { path: path.to_owned(), why };
        let unreadable = |error| fail(KeyFileProblem::File(error));
        let failed = |error| unreadable(FileError::Io(path.to_owned(), error));
        let file = files::open_stream(path).map_err(unreadable)?;
        let mode = file.metadata().map_err(failed)?.mode();
        let bytes = files::read_open(file, path, MAX_KEY_FILE_BYTES as u64).map_err(unreadable)?;
        let bytes = Zeroizing::new(bytes);
        match PrivateKey::is_encrypted(&bytes) {
            Ok(encrypted) => Ok(Self::Private(PrivateFile { path: path.to_owned(), bytes, mode, encrypted })),
            Err(KeyError::PublicGiven) => {
                let mut keys = TrustFile::read(&bytes, clock::local_second)
                    .map_err(|why| fail(KeyFileProblem::Public(why)))?
                    .keys;
                match (keys.pop(), keys.is_empty()) {
                    (Some(only), true) => Ok(Self::Public(only.key().clone())),
                    _ => Err(fail(KeyFileProblem::Several)),
                }
            }
            Err(why) => Err(fail(KeyFileProblem::Key(why))),
        }
    }
}

/// A private key file that was read and not yet opened.
pub struct PrivateFile {
    path: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
    mode: u32,
    encrypted: bool,
}

impl PrivateFile {
    /// Whether it needs a passphrase.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// A warning to print if others may read a key that no passphrase protects.
    ///
    /// A warning and not a refusal: the key was readable all along, so refusing it now protects
    /// nothing, and a CI system often mounts secrets as files that all may read, in a container
    /// without other users.
    pub fn exposure(&self) -> Option<String> {
        let open_to = match (self.mode & 0o070 != 0, self.mode & 0o007 != 0) {
            _ if self.encrypted => return None,
            (false, false) => return None,
            (_, true) => "everybody",
            (true, false) => "its group",
        };
        let (path, mode) = (self.path.display(), self.mode & 0o7777);
        let what = format!("{path}: a private key without a passphrase, open to {open_to} (mode {mode:04o})");
        Some(told(&what, Some(&Next::typing("", Command::new("chmod 600").path(&self.path)))))
    }

    /// Opens it.
    pub fn unlock(&self, passphrase: Option<&Passphrase>) -> Result<PrivateKey, KeyFileError> {
        PrivateKey::read(&self.bytes, passphrase)
            .map_err(|why| KeyFileError { path: self.path.clone(), why: KeyFileProblem::Key(why) })
    }
}

/// The file name of the public half: `FILE.pub`.
pub fn public_path(private: &Path) -> PathBuf {
    let mut name = OsString::from(private.as_os_str());
    name.push(".pub");
    PathBuf::from(name)
}

/// Refuses if either file of a new key exists.
pub fn refuse_existing(path: &Path) -> Result<(), KeyFileError> {
    for path in [path.to_owned(), public_path(path)] {
        if path.symlink_metadata().is_ok() {
            let why = KeyFileProblem::File(FileError::Exists(path.clone()));
            return Err(KeyFileError { path, why });
        }
    }
    Ok(())
}

/// Makes a key, and writes `path` (0600, PKCS#8 v1 PEM) and `path.pub` (SPKI PEM). Neither
/// may exist unless `force` is given.
pub fn generate(
    path: &Path,
    passphrase: Option<&Passphrase>,
    force: bool,
) -> Result<PublicKey, KeyFileError> {
    let public_path = public_path(path);
    let overwrite = if force { Overwrite::Yes } else { Overwrite::No };
    let fail = |path: &Path, why| KeyFileError { path: path.to_owned(), why };
    let failed_io =
        |error: FileError| KeyFileError { path: error.path().to_owned(), why: KeyFileProblem::File(error) };
    let random = || -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut bytes[..])
            .map_err(|error| failed_io(FileError::Io(path.to_owned(), io::Error::other(error))))?;
        Ok(bytes)
    };
    // Checked before anything is written: a private key without its public half is useless.
    if !force {
        refuse_existing(path)?;
    }
    let key = PrivateKey::from_seed(&*random()?);
    let salt = random()?;
    let pem = key
        .to_pkcs8_pem(passphrase.map(|passphrase| (passphrase, &*salt)))
        .map_err(|why| fail(path, KeyFileProblem::Key(why)))?;
    files::publish(path, pem.as_bytes(), 0o600, overwrite).map_err(failed_io)?;
    let public = key.public();
    files::publish(&public_path, public.to_spki_pem().as_bytes(), 0o644, overwrite).map_err(failed_io)?;
    Ok(public)
}

/// A key that nobody keeps: whoever made it signs with it once and forgets it.
///
/// # Errors
/// The system gave no random bytes.
pub fn passing_key() -> io::Result<PrivateKey> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut seed[..]).map_err(io::Error::other)?;
    Ok(PrivateKey::from_seed(&seed))
}

/// A key file, and what is wrong with it.
#[derive(Debug)]
pub struct KeyFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub why: KeyFileProblem,
}

/// What can be wrong with a key file.
#[derive(Debug)]
pub enum KeyFileProblem {
    /// It cannot be read or written.
    File(FileError),
    /// Its content is not a key that can be used.
    Key(KeyError),
    /// A file of public keys is damaged.
    Public(TrustError),
    /// Several public keys, but `--key` names one.
    Several,
}

impl KeyFileError {
    /// Whether another passphrase may open it.
    pub fn is_wrong_passphrase(&self) -> bool {
        matches!(self.why, KeyFileProblem::Key(KeyError::WrongPassphrase))
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.why {
            KeyFileProblem::File(FileError::Exists(_)) => {
                f.write_str("the file exists, and replacing a key cannot be undone")
            }
            KeyFileProblem::File(error) => f.write_str(&error.reason()),
            KeyFileProblem::Key(why) => why.fmt(f),
            KeyFileProblem::Public(why) => why.fmt(f),
            KeyFileProblem::Several => f.write_str("several public keys, and --key names one"),
        }
    }
}

impl Error for KeyFileError {}

impl Fault for KeyFileError {
    fn next(&self) -> Option<Next> {
        match &self.why {
            KeyFileProblem::File(FileError::Exists(_)) => {
                Some("add --force, or choose another file with -o".into())
            }
            KeyFileProblem::File(FileError::Missing(path)) => {
                let generate = Command::new("attesh key generate -o").path(path);
                Some(Next::typing("to make a key", generate))
            }
            KeyFileProblem::File(error) => error.next(),
            KeyFileProblem::Key(why) => why.next(),
            KeyFileProblem::Public(why) => why.next(),
            KeyFileProblem::Several => Some("give a file with that key alone".into()),
        }
    }
}
