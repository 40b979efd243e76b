//! The last record of a session's journal, and whether an envelope has it.
//!
//! What lives here: quick looks that verify nothing. What does not: the journal checked record by
//! record (`heads`), the envelopes themselves.

use std::fmt;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::{SEALED, Session};
use crate::files::FileError;
use crate::record::{Body, Core, LINE_MAX};
use crate::text::count;

/// How much of a journal's end is read first to see its last line, in bytes.
const LAST_BYTES: u64 = 4096;
/// How the line of a seal that was begun begins.
const BEGUN: &str = "?";
/// The longest list of envelopes that is read, in bytes.
const SEALED_MAX: u64 = 1 << 20;

impl Session {
    /// Whether the journal's last line is an `end`.
    #[must_use]
    pub fn has_end(&self) -> bool {
        self.last().is_some_and(|core| matches!(core.body, Body::End(_)))
    }

    /// The record in the journal's last complete line.
    fn last(&self) -> Option<Core> {
        let length = self.journal().metadata().ok()?.len();
        let mut window = LAST_BYTES.min(length);
        loop {
            let mut tail = vec![0; usize::try_from(window).ok()?];
            self.journal().read_exact_at(&mut tail, length - window).ok()?;
            if let Some(end) = tail.iter().rposition(|byte| *byte == b'\n') {
                let begin = tail[..end].iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
                if begin.is_some() || window == length {
                    let core = tail[begin.unwrap_or(0)..end].split(|byte| *byte == b'\t').next()?;
                    return Core::decode(core).ok();
                }
            }
            // Behind the last line there can be a torn one.
            if window == length || window > 2 * LINE_MAX as u64 {
                return None;
            }
            window = (window * 4).min(length);
        }
    }

    /// Whether an envelope has been made of it that has all its records.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.sealed().is_some_and(|sealed| sealed.whole)
    }

    /// The envelopes that were made of it, as the list in its folder has them, in that order: when,
    /// digest, records, path. A line that is not whole is none.
    #[must_use]
    pub fn envelopes(&self) -> Vec<(String, String, u64, String)> {
        let one = |line: &String| {
            if line.starts_with(BEGUN) {
                return None;
            }
            let mut words = line.splitn(4, ' ').map(str::to_owned);
            let (at, sha256) = (words.next()?, words.next()?);
            Some((at, sha256, words.next()?.parse().ok()?, words.next()?))
        };
        self.listed().iter().filter_map(one).collect()
    }

    /// The lines of the list of envelopes.
    fn listed(&self) -> Vec<String> {
        let list = self.folder().read(SEALED, SEALED_MAX).unwrap_or_default();
        list.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    /// Where a seal was begun that did not list its envelope: it may be there or not.
    #[must_use]
    pub fn begun_envelopes(&self) -> Vec<String> {
        let mut begun: Vec<String> = self
            .listed()
            .iter()
            .filter_map(|line| Some(line.strip_prefix(BEGUN)?.trim_start().to_owned()))
            .collect();
        let listed = self.envelopes();
        begun.retain(|path| listed.iter().all(|(.., listed)| listed != path));
        begun.sort_unstable();
        begun.dedup();
        begun
    }

    /// Keeps that an envelope is about to be made at this place, before it has any text: whoever
    /// takes texts out of the session looks there.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn begin_envelope(&self, place: &str) -> Result<(), FileError> {
        self.list_envelope(&format!("{BEGUN} {place}"))
    }

    /// Adds a line to the list of envelopes. The folder of a copy may be one that cannot be written.
    ///
    /// # Errors
    /// It cannot be added.
    pub fn list_envelope(&self, line: &str) -> Result<(), FileError> {
        match self.folder().append_line(SEALED, line) {
            Err(error) if !self.is_copy() => Err(error),
            _ => Ok(()),
        }
    }

    /// The envelope that was made of it: of several the longest, and of those the last.
    #[must_use]
    pub fn sealed(&self) -> Option<Sealed> {
        let listed = self.envelopes().into_iter();
        let (size, path) = listed.map(|(_, _, size, path)| (size, path)).max_by_key(|one| one.0)?;
        let whole = self.last().is_some_and(|last| last.index < size);
        Some(Sealed { size, path, whole })
    }
}

/// An envelope that was made of a session, by the list in its folder.
#[derive(Debug)]
pub struct Sealed {
    /// How many records of the journal it has.
    pub size: u64,
    /// Where it was written, escaped.
    pub path: String,
    /// Whether it has all records.
    pub whole: bool,
}

impl Sealed {
    /// Whether it is still there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        Path::new(&self.path).is_file()
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.path)?;
        if !self.whole {
            write!(f, " (the first {})", count(self.size, "record"))?;
        }
        if self.is_there() { Ok(()) } else { f.write_str(" (which is not there any more)") }
    }
}
