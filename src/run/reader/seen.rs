//! What a watched bash did, and what it reads.
//!
//! What lives here: the words for both. What does not: seeing it (`reader`).

use std::process::ExitStatus;

/// What a watched bash did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It asks for the next unit: the one before, if there was one, has ended.
    Asks {
        /// `$?`; `None` if bash may have left out commands of the unit.
        status: Option<u8>,
        /// The statuses of the pipeline that it ended with; empty without one.
        pipe: Vec<u8>,
    },
    /// It has read a unit and runs it next.
    Starts {
        /// The bytes of the script that it took for it.
        bytes: Vec<u8>,
        /// Where they begin in the script; `None` if bash has left the script that it was given.
        at: Option<u64>,
        /// What made, or may have made, another command of it, in words.
        changed: Option<String>,
    },
    /// It has read a unit, and does not run it (`set -n`).
    Reads {
        /// As in `Starts`.
        bytes: Vec<u8>,
        /// As in `Starts`.
        at: Option<u64>,
    },
    /// It ends, and its EXIT trap has not run.
    Leaves {
        /// `$?`; `None` if another trap ended it, or as in `Asks`.
        status: Option<u8>,
        /// As in `Asks`.
        pipe: Vec<u8>,
    },
    /// The unit that runs has become another program.
    Replaced,
    /// It cannot be watched any more.
    Lost,
    /// It has ended.
    Ended(ExitStatus),
}

/// What bash reads its script from.
pub enum Script {
    /// A file, by device and inode.
    File((u64, u64)),
    /// A text that it is given whole: `bash -c`, or `eval` of one.
    Text {
        /// All of it.
        text: Vec<u8>,
        /// How much of its beginning is not of the script.
        skipped: u64,
        /// How much of the script stands before it.
        before: u64,
    },
}
