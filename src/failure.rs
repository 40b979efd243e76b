//! What went wrong, for a person and for a program.

use std::fmt;
use std::path::PathBuf;

use crate::cause::Code;
use crate::files::FileError;
pub use crate::kind::Kind;
use crate::text::{Command, Fault, Next, told};

/// A failure: its kind, and what failed, where, and what to type next.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    /// What failed and where, for a person; may have several lines.
    pub message: String,
    /// What to do or type next, where that is known.
    pub next: Option<Next>,
    /// Which cause it has, where it has one, and the record that it is about.
    pub cause: Option<Box<Reason>>,
    /// Where in a file that was read, for a program; `message` says it too.
    pub place: Option<Box<Place>>,
}

/// The cause of a failure as data; `message` says it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which cause.
    pub code: Code,
    /// Index of the record that it is about.
    pub record: Option<u64>,
    /// Where the line of that record begins in its journal, in bytes.
    pub offset: Option<u64>,
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
        Failure { kind, message: message.into(), next: None, cause: None, place: None }
    }

    /// Called wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Failure::new(Kind::Usage, message)
    }

    /// Could not be done.
    pub fn unable(message: impl Into<String>) -> Self {
        Failure::new(Kind::Unable, message)
    }

    /// A failure of the kind that its cause has.
    pub fn because(code: Code, message: impl Into<String>) -> Self {
        let cause = Some(Box::new(Reason { code, record: None, offset: None }));
        Failure { cause, ..Failure::new(code.kind(), message) }
    }

    /// The same with the record that its cause is about, and where that begins.
    #[must_use]
    pub fn about(self, record: Option<u64>, offset: Option<u64>) -> Self {
        let cause = self.cause.map(|cause| Box::new(Reason { record, offset, ..*cause }));
        Failure { cause, ..self }
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
        Failure { place: Some(Box::new(place)), ..self }
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
