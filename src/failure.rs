//! What went wrong, for a person, and the exit code that follows from it.

use std::fmt;
use std::path::PathBuf;

use crate::files::FileError;
use crate::text::{Command, Fault, Next, told};

/// The kinds of failure; each has one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The policy is not met.
    Policy,
    /// The command was called wrongly, or something it needs was not given.
    Usage,
    /// Integrity or signature failure; a readable file that is not well formed.
    Integrity,
    /// The session is incomplete.
    Incomplete,
    /// It could not be checked or done: input or output failed, nothing was found.
    Unable,
    /// No trusted key made it.
    Untrusted,
    /// A newer version made it, or it holds what must be understood and is not known here.
    Unsupported,
}

impl Kind {
    /// The exit code, as attesh(1) has it in a table.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        self.row().0
    }

    /// Its word, in text and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// The table of attesh(1).
    fn row(self) -> (u8, &'static str) {
        match self {
            Kind::Policy => (1, "policy"),
            Kind::Usage => (2, "usage"),
            Kind::Integrity => (3, "integrity"),
            Kind::Incomplete => (4, "incomplete"),
            Kind::Unable => (5, "unable"),
            Kind::Untrusted => (6, "untrusted"),
            Kind::Unsupported => (7, "unsupported"),
        }
    }
}

/// A failure: its kind, and what failed, where, and what to type next.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    /// What failed and where, for a person; may have several lines.
    pub message: String,
    /// What to do or type next, where that is known.
    pub next: Option<Next>,
    /// Where in a file that was read, for a program; `message` says it too.
    pub place: Option<Place>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was given.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Failure { kind, message: message.into(), next: None, place: None }
    }

    /// Called wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Failure::new(Kind::Usage, message)
    }

    /// Could not be done.
    pub fn unable(message: impl Into<String>) -> Self {
        Failure::new(Kind::Unable, message)
    }

    /// Not what it should be.
    pub fn integrity(message: impl Into<String>) -> Self {
        Failure::new(Kind::Integrity, message)
    }

    /// From an error below, which knows what to do next.
    pub fn of(kind: Kind, error: &impl Fault) -> Self {
        Failure { next: error.next(), ..Failure::new(kind, error.to_string()) }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn next(self, next: impl Into<Next>) -> Self {
        Failure { next: Some(next.into()), ..self }
    }

    /// The same with a command to type next, and for what.
    #[must_use]
    pub fn typing(self, purpose: &'static str, command: Command) -> Self {
        self.next(Next::typing(purpose, command))
    }

    /// The same, with what it is about before it.
    #[must_use]
    pub fn within(self, what: impl fmt::Display) -> Self {
        Failure { message: format!("{what}: {}", self.message), ..self }
    }

    /// The same with where it is.
    #[must_use]
    pub fn place(self, place: Place) -> Self {
        Failure { place: Some(place), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&told(&self.message, self.next.as_ref()))
    }
}

impl std::error::Error for Failure {}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let failure = Failure::of(Kind::Unable, &error);
        let FileError::Missing(path) = &error else { return failure };
        let ls = Command::new("ls");
        let folder = path.ancestors().skip(1).find(|folder| folder.is_dir());
        failure.typing("to see what is there", folder.map_or(ls.clone(), |folder| ls.path(folder)))
    }
}
