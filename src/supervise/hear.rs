//! Who hears what shells below a program tell of themselves.
//!
//! What lives here: what is asked of it, and what it answers. What does not: by whose word it is known who
//! tells (`told`), what is recorded of it (`run::lines`).

use std::ffi::OsString;
use std::fs::File;

use crate::fact::process::End;

/// What a shell is answered.
pub enum Answer {
    /// This text, which it reads.
    Text(Vec<u8>),
    /// A place, where it writes.
    Place(File),
    /// Nobody hears it.
    Nobody,
}

/// Who hears the shells below a program.
pub trait Hear {
    /// What has to be in their environment.
    fn environment(&self) -> Vec<(&'static str, OsString)>;
    /// The process of this number tells this, in this folder.
    fn hear(&mut self, pid: u32, folder: Vec<u8>, told: &[u8]) -> Answer;
    /// This process did not get its answer.
    fn unanswered(&mut self, pid: u32);
    /// A process has ended, whatever it became before.
    fn ended(&mut self, pid: u32, end: End);
    /// The processes that told of themselves and have not ended yet.
    fn living(&self) -> Vec<u32>;
    /// The recording ends. Whether all is recorded that was told.
    fn over(&mut self) -> bool;
}
