//! Why a session could not be used, and what to do then.
//!
//! What lives here: the errors of sessions as text, as a failure, and as the next step. What does
//! not: what is done with one.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::cause::Code;
use crate::failure::{Failure, Kind};
use crate::files::FileError;
use crate::journal::append::AppendError;
use crate::lock;
use crate::os::memory;
use crate::paths;
use crate::text::{Command, Fault, Next};

/// Why a session could not be used.
#[derive(Debug)]
pub enum SessionError {
    /// A file or folder is missing, or not as it must be.
    File(FileError),
    /// The journal has no complete genesis, so it is not a session.
    NoGenesis(PathBuf),
    /// The journal is of a format that this version does not know.
    Newer(PathBuf),
    /// Another process held the lock for too long.
    Busy,
    /// Nothing was appended.
    Append(AppendError),
    /// No folder can be used.
    Nowhere(String, Option<Next>),
    /// The state is gone from this folder, which the system may have removed.
    Vanished(PathBuf),
    /// It is recorded on another machine, or in another container: which, in words.
    Elsewhere(String, String),
    /// Its journal is a copy, or another file than its recorder's: the folder.
    Copied(PathBuf),
    /// A live session has the name: the name, and the session's short id.
    Taken(String, String),
    /// The name would be that of a session and the id of another: the name, and what the other is called.
    AnId(String, String),
    /// A folder cannot hold the session that was asked for: the folder, why, what to do.
    Place(PathBuf, String, Next),
}

impl std::fmt::Display for SessionError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            SessionError::File(error) => error.fmt(f),
            SessionError::NoGenesis(path) => {
                write!(f, "{}: the folder holds no complete session", path.display())
            }
            SessionError::Newer(path) => {
                let sentence = Code::JournalFormat.sentence();
                write!(f, "{}: {sentence}: a newer version of attesh made it", path.display())
            }
            SessionError::Busy => f.write_str(&busy()),
            SessionError::Append(error) => error.fmt(f),
            SessionError::Nowhere(why, _) => f.write_str(why),
            SessionError::Place(folder, why, _) => write!(f, "{}: {why}", folder.display()),
            SessionError::Copied(folder) => {
                write!(f, "{}: nothing is appended to it: {}", folder.display(), self.reason())
            }
            SessionError::Vanished(_) => write!(f, "the session cannot go on: {}", self.reason()),
            SessionError::Elsewhere(name, place) => {
                write!(f, "session {name} is recorded {place}, and may go on there")
            }
            SessionError::AnId(name, other) => {
                write!(f, "{name} cannot be a session's name: it stands for the id of session {other}")
            }
            SessionError::Taken(name, id) => write!(f, "the name {name} is taken by session {id}"),
        }
    }
}

impl std::error::Error for SessionError {}

impl Fault for SessionError {
    fn next(&self) -> Option<Next> {
        match self {
            SessionError::File(FileError::Owner(_, uid)) if paths::home_is_of(*uid) => {
                Some(match paths::variable("SUDO_USER") {
                    Some(_) => {
                        Next::typing("HOME is that user's, too; for your own", Command::new("sudo -i"))
                    }
                    None => "HOME is that user's, too: set it to your own".into(),
                })
            }
            SessionError::File(error) => error.next(),
            SessionError::Busy => Some("try again".into()),
            SessionError::Nowhere(_, next) => next.clone(),
            SessionError::Taken(name, _) => Some(Next::say(format!("join it with: {}", to_join(name)))),
            SessionError::AnId(..) => Some("choose another name".into()),
            SessionError::Place(_, _, next) => Some(next.clone()),
            SessionError::Elsewhere(..) => Some("do it there".into()),
            SessionError::Copied(_) => Some("name the session that it was copied from".into()),
            SessionError::Newer(_) => Some("use the version of attesh that made it, or a newer one".into()),
            SessionError::Vanished(folder) if memory::goes_with_logout(folder) => Some(to_keep()),
            SessionError::NoGenesis(_) | SessionError::Append(_) | SessionError::Vanished(_) => None,
        }
    }
}

/// What a shell that joins a session is told to read; the word is its name, id or folder.
#[must_use]
pub fn to_join(word: impl AsRef<OsStr>) -> String {
    let init = Command::new("attesh init bash --session").word(word);
    format!("eval \"$({init})\"")
}

impl From<FileError> for SessionError {
    fn from(error: FileError) -> Self {
        SessionError::File(error)
    }
}

impl From<AppendError> for SessionError {
    fn from(error: AppendError) -> Self {
        SessionError::Append(error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::File(FileError::Owner(..)) => Failure::of(Kind::Unable, &error),
            SessionError::File(error) => Failure::from(error),
            SessionError::Append(AppendError::Tampered(_)) => {
                Failure::because(Code::JournalRemembered, error.to_string())
            }
            SessionError::Newer(_) => {
                let failure =
                    Failure::because(Code::JournalFormat, error.to_string()).about(Some(0), Some(0));
                Failure { next: error.next(), ..failure }
            }
            SessionError::Place(..)
            | SessionError::Taken(..)
            | SessionError::AnId(..)
            | SessionError::Elsewhere(..) => Failure::of(Kind::Usage, &error),
            _ => Failure::of(Kind::Unable, &error),
        }
    }
}

impl SessionError {
    /// Whether the session is over for everybody, so that its shells go on in another.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(
            self,
            SessionError::Append(AppendError::Ended | AppendError::Lost(_) | AppendError::Tampered(_))
                | SessionError::File(FileError::Missing(_))
                | SessionError::NoGenesis(_)
                | SessionError::Vanished(_)
        )
    }

    /// Why a session cannot go on, without the words that say that it cannot.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            SessionError::Append(AppendError::Lost(why)) => why.clone(),
            SessionError::Vanished(folder) => {
                let goes = if memory::goes_with_logout(folder) {
                    ", a folder that the system empties at your last logout"
                } else {
                    ""
                };
                format!("its state has vanished from {}{goes}", folder.display())
            }
            SessionError::Copied(_) => "it is a copy, or another file than its recorder's".to_owned(),
            other => other.to_string(),
        }
    }
}

/// Says how long this process has waited in vain.
fn busy() -> String {
    let waited = lock::waited_ms();
    let (seconds, tenths) = (waited / 1000, waited % 1000 / 100);
    format!("another process has kept the journal locked for {seconds}.{tenths} s")
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, SessionError>;

/// What to type so that no logout takes the states of sessions away.
#[must_use]
pub fn to_keep() -> Next {
    Next::typing("to keep the states of sessions over a logout", Command::new("loginctl enable-linger"))
}
