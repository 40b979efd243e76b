//! The last record of a session's journal, and whether an envelope has it.
//!
//! What lives here: quick looks that verify nothing. What does not: the journal checked record by
//! record (`heads`), the envelopes themselves.

use std::os::unix::fs::FileExt as _;

use super::{SEALED, Session};
use crate::record::{Body, Core, LINE_MAX};

/// How much of a journal's end is read first to see its last line, in bytes.
const LAST_BYTES: u64 = 4096;
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
        self.sealed_size().is_some_and(|size| self.last().is_some_and(|last| last.index < size))
    }

    /// How many of its records are in the longest envelope that was made of it.
    #[must_use]
    pub fn sealed_size(&self) -> Option<u64> {
        let list = self.folder().read(SEALED, SEALED_MAX).ok()?;
        let size = |line: &[u8]| {
            let word = line.split(|byte| *byte == b' ').nth(2)?;
            std::str::from_utf8(word).ok()?.parse().ok()
        };
        list.split(|byte| *byte == b'\n').filter_map(size).max()
    }
}
