//! What the process that waits and the recorder tell each other.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// How long the journal's lock is waited for, in milliseconds.
pub const WAIT_MS: u32 = 1_000;

/// What the recorder is told when who waits is woken.
pub const WOKEN: &[u8] = b"woken\n";

/// What a start is if it cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fail {
    /// It goes on, and is counted.
    Open,
    /// The kernel refuses it.
    Closed,
}

/// The program that is to run.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// Its name as it was typed, and its arguments.
    pub words: Vec<OsString>,
    /// What becomes of a start that cannot be recorded.
    pub fail: Fail,
    /// Who has it run, if that is known.
    pub author: Option<String>,
    /// Whether what its processes make, change and remove is recorded.
    pub files: bool,
    /// Whether to wait until everything below it has ended.
    pub waits: bool,
}

/// What the recorder says.
pub enum Word {
    /// The program could not be started, with this error.
    NotStarted(i32),
    /// The program runs under this process id; its listener comes with it.
    Runs(u32),
    /// It has ended, as wait(2) codes it; the recording has not.
    Left(i32),
    /// It has ended, and so has the recording, whole or not.
    Ended(i32, bool),
}

impl Word {
    /// Says it.
    ///
    /// # Errors
    /// Nobody waits any more.
    pub fn send(&self, to: &mut UnixStream) -> std::io::Result<()> {
        match self {
            Word::NotStarted(error) => writeln!(to, "not-started {error}"),
            Word::Runs(pid) => writeln!(to, "runs {pid}"),
            Word::Left(state) => writeln!(to, "left {state}"),
            Word::Ended(state, whole) => writeln!(to, "ended {state} {}", u8::from(*whole)),
        }
    }

    /// What was said on this line.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.trim_end().split(' ');
        let (word, number) = (words.next()?, words.next()?);
        match word {
            "not-started" => number.parse().ok().map(Word::NotStarted),
            "runs" => number.parse().ok().map(Word::Runs),
            "left" => number.parse().ok().map(Word::Left),
            "ended" => Some(Word::Ended(number.parse().ok()?, words.next()? == "1")),
            _ => None,
        }
    }
}
