//! Where a passphrase comes from: a file, the environment, the terminal, in this order.
//!
//! Rules: a passphrase is never an argument, because everybody can read those. If standard input
//! is not a terminal, nothing is asked: a missing passphrase is an error that names the flag. On
//! the terminal a new passphrase is asked for twice, and one that is wrong is asked for again: at the
//! prompt of a recorded shell it would be a command.

use std::error::Error;
use std::ffi::{CStr, OsString};
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::files::{self, FileError};
use crate::paths;
use crate::seal::keys::Passphrase;
use crate::sys;
use crate::text::{Fault, Next};

/// A passphrase file may have more lines than the first, within reason.
const MAX_FILE_BYTES: u64 = 64 << 10;
/// How often a passphrase may be wrong, or two may differ, before attesh gives up.
const ATTEMPTS: usize = 3;

/// The variable that may hold the passphrase.
const VARIABLE: &CStr = c"ATTESH_PASSPHRASE";

/// What may give the passphrase besides the terminal.
#[derive(Default)]
pub struct Sources {
    /// `--passphrase-file`.
    pub file: Option<PathBuf>,
    /// The value of `ATTESH_PASSPHRASE`.
    pub environment: Option<OsString>,
}

impl Sources {
    /// The file that was given, and the environment.
    #[must_use]
    pub fn with(file: Option<&Path>) -> Self {
        let environment = VARIABLE.to_str().ok().and_then(paths::variable);
        Sources { file: file.map(Path::to_owned), environment }
    }
}

/// Leaves no passphrase in the environment of this process.
pub fn forget() {
    sys::forget_variable(VARIABLE);
}

/// What it is for.
#[derive(Clone, Copy)]
enum Purpose<'a> {
    /// To open the key in this file.
    Open(&'a Path),
    /// To open it after a passphrase that did not.
    OpenAgain(&'a Path),
    /// To lock a new key that goes into this file.
    Create(&'a Path),
}

/// Gets the passphrase of a new key.
pub fn new(sources: Sources, path: &Path) -> Result<Passphrase, PassphraseError> {
    let mut ask = |prompt: &str| rpassword::prompt_password(prompt);
    let ask: Option<Ask<'_>> = io::stdin().is_terminal().then_some(&mut ask);
    get_with(sources, Purpose::Create(path), ask)
}

/// Opens a key with its passphrase. One from the terminal that is wrong is asked for again.
pub fn open<T, E>(
    sources: Sources,
    path: &Path,
    unlock: impl FnMut(&Passphrase) -> Result<T, E>,
    is_wrong: impl Fn(&E) -> bool,
) -> Result<Result<T, E>, PassphraseError> {
    let mut ask = |prompt: &str| rpassword::prompt_password(prompt);
    let ask: Option<Ask<'_>> = io::stdin().is_terminal().then_some(&mut ask);
    open_with(sources, path, unlock, is_wrong, ask)
}

fn open_with<T, E>(
    sources: Sources,
    path: &Path,
    mut unlock: impl FnMut(&Passphrase) -> Result<T, E>,
    is_wrong: impl Fn(&E) -> bool,
    mut ask: Option<Ask<'_>>,
) -> Result<Result<T, E>, PassphraseError> {
    let mut left = if sources.file.is_none() && sources.environment.is_none() { ATTEMPTS } else { 1 };
    let mut outcome = unlock(&get_with(sources, Purpose::Open(path), lent(&mut ask))?);
    while outcome.as_ref().is_err_and(&is_wrong) && left > 1 {
        left -= 1;
        let purpose = Purpose::OpenAgain(path);
        outcome = unlock(&get_with(Sources::default(), purpose, lent(&mut ask))?);
    }
    Ok(outcome)
}

type Ask<'a> = &'a mut dyn FnMut(&str) -> io::Result<String>;

/// The same once more.
fn lent<'a>(ask: &'a mut Option<Ask<'_>>) -> Option<Ask<'a>> {
    match ask {
        Some(ask) => Some(&mut **ask),
        None => None,
    }
}

fn get_with(
    sources: Sources,
    purpose: Purpose<'_>,
    ask: Option<Ask<'_>>,
) -> Result<Passphrase, PassphraseError> {
    if let Some(path) = sources.file {
        return from_file(path);
    }
    if let Some(value) = sources.environment {
        let value = Passphrase::new(value.into_vec());
        return not_empty(value, "ATTESH_PASSPHRASE");
    }
    let Some(ask) = ask else {
        return Err(match purpose {
            Purpose::Open(_) | Purpose::OpenAgain(_) => PassphraseError::NobodyToAsk,
            Purpose::Create(_) => PassphraseError::NobodyToAskForNew,
        });
    };
    let mut once = |prompt: &str| {
        ask(prompt).map(|typed| Passphrase::new(typed.into_bytes())).map_err(PassphraseError::Terminal)
    };
    let path = match purpose {
        Purpose::Open(path) => {
            return once(&format!("Passphrase for {}: ", path.display()));
        }
        Purpose::OpenAgain(path) => {
            return once(&format!(
                "This one does not open it; once more. Passphrase for {}: ",
                path.display()
            ));
        }
        Purpose::Create(path) => path,
    };
    for attempt in 0..ATTEMPTS {
        let again = if attempt > 0 { "The two differ; once more. " } else { "" };
        let first = once(&format!("{again}New passphrase for {}: ", path.display()))?;
        let first = not_empty(first, "the terminal")?;
        let second = once("The same again: ")?;
        if first.as_bytes() == second.as_bytes() {
            return Ok(first);
        }
    }
    Err(PassphraseError::Differ)
}

fn from_file(path: PathBuf) -> Result<Passphrase, PassphraseError> {
    let bytes = match files::read_stream(&path, MAX_FILE_BYTES) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) => return Err(PassphraseError::File(error)),
    };
    // As with openssl's `-passin file:` a carriage return belongs to the passphrase.
    let first = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let name = path.display().to_string();
    not_empty(Passphrase::new(first.to_vec()), &name)
}

fn not_empty(passphrase: Passphrase, from: &str) -> Result<Passphrase, PassphraseError> {
    if passphrase.as_bytes().is_empty() {
        return Err(PassphraseError::Empty(from.to_owned()));
    }
    Ok(passphrase)
}

/// Why no passphrase was got.
#[derive(Debug)]
pub enum PassphraseError {
    /// The file cannot be read.
    File(FileError),
    /// The file is empty.
    Empty(String),
    /// The terminal cannot be asked.
    Terminal(io::Error),
    /// Needed to open a key, not given, and standard input is not a terminal.
    NobodyToAsk,
    /// Needed for a new key, not given, and standard input is not a terminal.
    NobodyToAskForNew,
    /// Typed twice, and differently each time.
    Differ,
}

impl fmt::Display for PassphraseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "--passphrase-file {error}"),
            Self::Empty(from) => write!(f, "the passphrase from {from} is empty"),
            Self::Terminal(error) => {
                let why = files::words(error);
                write!(f, "attesh cannot ask for the passphrase on the terminal ({why})")
            }
            Self::NobodyToAsk => f.write_str("the key needs a passphrase, and standard input is no terminal"),
            Self::NobodyToAskForNew => {
                f.write_str("a new key needs a passphrase, and standard input is no terminal")
            }
            Self::Differ => {
                write!(f, "the two passphrases differed {ATTEMPTS} times, so no key was made")
            }
        }
    }
}

impl Fault for PassphraseError {
    fn next(&self) -> Option<Next> {
        Some(Next::say(match self {
            Self::File(error) => return error.next(),
            Self::Empty(_) => "for a key without one type: attesh key generate --no-passphrase -o FILE",
            Self::Terminal(_) => "give --passphrase-file",
            Self::NobodyToAsk => "give --passphrase-file or set ATTESH_PASSPHRASE",
            Self::NobodyToAskForNew => {
                "give --passphrase-file, set ATTESH_PASSPHRASE, or say --no-passphrase"
            }
            Self::Differ => "type the command again",
        }))
    }
}

impl Error for PassphraseError {}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "key";

    fn get(
        file: Option<&Path>,
        env: Option<&str>,
        typed: &[&str],
        new: bool,
    ) -> Result<Vec<u8>, PassphraseError> {
        let mut typed = typed.iter();
        let mut ask = |_: &str| Ok((*typed.next().expect("asked too often")).to_owned());
        let sources = Sources { file: file.map(Path::to_owned), environment: env.map(OsString::from) };
        let key = Path::new(KEY);
        let purpose = if new { Purpose::Create(key) } else { Purpose::Open(key) };
        get_with(sources, purpose, Some(&mut ask)).map(|p| p.as_bytes().to_vec())
    }

    #[test]
    fn the_file_comes_first_then_the_environment_then_the_terminal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        files::publish(&path, b"from file\r\nnot this\n", 0o600, files::Overwrite::No).unwrap();
        assert_eq!(get(Some(&path), Some("env"), &[], false).unwrap(), b"from file\r");
        assert_eq!(get(None, Some("env"), &[], true).unwrap(), b"env");
        assert_eq!(get(None, None, &["typed"], false).unwrap(), b"typed");
    }

    #[test]
    fn a_file_that_cannot_be_read_never_falls_through() {
        let missing = Path::new("/nonexistent/p");
        let error = get(Some(missing), Some("env"), &[], false).unwrap_err();
        assert!(error.to_string().starts_with("--passphrase-file /nonexistent/p: "), "{error}");
    }

    #[test]
    fn a_new_one_is_typed_twice() {
        assert_eq!(get(None, None, &["a", "a"], true).unwrap(), b"a");
        assert_eq!(get(None, None, &["a", "b", "c", "c"], true).unwrap(), b"c");
        let differ = get(None, None, &["a", "b", "a", "b", "a", "b"], true);
        assert!(matches!(differ, Err(PassphraseError::Differ)));
    }

    #[test]
    fn two_that_differ_are_asked_for_again_without_a_word() {
        let mut typed = ["a", "b", "c", "c"].iter();
        let mut asked = Vec::new();
        let mut ask = |prompt: &str| {
            asked.push(prompt.to_owned());
            Ok((*typed.next().expect("asked too often")).to_owned())
        };
        let purpose = Purpose::Create(Path::new(KEY));
        assert!(get_with(Sources::default(), purpose, Some(&mut ask)).is_ok());
        assert!(!asked[0].contains("differ") && asked[2].starts_with("The two differ"), "{asked:?}");
    }

    #[test]
    fn a_wrong_one_is_asked_for_once() {
        let open = |env: Option<&str>, typed: &[&str]| {
            let mut typed = typed.iter();
            let mut asked = Vec::new();
            let mut ask = |prompt: &str| {
                asked.push(prompt.to_owned());
                Ok((*typed.next().expect("asked too often")).to_owned())
            };
            let sources = Sources { file: None, environment: env.map(OsString::from) };
            let unlock = |given: &Passphrase| match given.as_bytes() {
                b"right" => Ok(()),
                b"broken" => Err("broken"),
                _ => Err("wrong"),
            };
            let opened = open_with(sources, Path::new(KEY), unlock, |why| *why == "wrong", Some(&mut ask));
            (opened.unwrap(), asked)
        };
        for (typed, opened) in [
            (&["right"][..], Ok(())),
            (&["x", "right"], Ok(())),
            (&["x", "", "right"], Ok(())),
            (&["x", "y", "z"], Err("wrong")),
            (&["x", "broken"], Err("broken")),
        ] {
            let (found, asked) = open(None, typed);
            assert_eq!((found, asked.len()), (opened, typed.len()), "{typed:?}");
            assert!(asked[0].starts_with("Passphrase for key: "), "{asked:?}");
            assert!(asked[1..].iter().all(|prompt| prompt.contains("does not open it")), "{asked:?}");
        }
        // What was given cannot be asked for again.
        assert_eq!(open(Some("x"), &[]), (Err("wrong"), Vec::new()));
    }

    #[test]
    fn an_empty_one_protects_nothing() {
        for (env, typed) in [(Some(""), &[][..]), (None, &[""][..])] {
            let empty = get(None, env, typed, true);
            assert!(matches!(empty, Err(PassphraseError::Empty(_))));
        }
    }

    #[test]
    fn nobody_to_ask_names_the_flags() {
        let key = Path::new(KEY);
        for (purpose, flags) in [
            (Purpose::Open(key), &["--passphrase-file", "ATTESH_PASSPHRASE"][..]),
            (Purpose::Create(key), &["--passphrase-file", "ATTESH_PASSPHRASE", "--no-passphrase"][..]),
        ] {
            let error = get_with(Sources::default(), purpose, None).err().unwrap().told();
            for flag in flags {
                assert!(error.contains(flag), "{error}");
            }
        }
    }
}
