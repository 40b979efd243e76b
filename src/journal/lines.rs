//! The lines of a journal, read with as little memory as they need.
//!
//! What lives here: where a line ends. What does not: what stands in it (`line`).

use std::fs::File;
use std::io;

use crate::files::read_at_most;
use crate::record::LINE_MAX;

/// The lines of a file's first `length` bytes, newline included; the last may lack it.
pub(super) struct Lines<'a> {
    file: &'a File,
    read: u64,
    length: u64,
    buffer: Vec<u8>,
    at: usize,
}

impl<'a> Lines<'a> {
    /// Reads this file.
    pub fn new(file: &'a File, length: u64) -> Self {
        Lines { file, read: 0, length, buffer: Vec::new(), at: 0 }
    }

    /// The next line.
    ///
    /// # Errors
    /// The file could not be read, or is shorter.
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let mut searched = self.at;
        loop {
            if let Some(found) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.at..searched + found + 1;
                self.at = line.end;
                return Ok(Some(&self.buffer[line]));
            }
            if self.read == self.length || self.buffer.len() - self.at > LINE_MAX {
                let rest = self.at..self.buffer.len();
                self.at = rest.end;
                return Ok((!rest.is_empty()).then(|| &self.buffer[rest]));
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            searched = self.buffer.len();
            let want = (self.length - self.read).min(256 << 10);
            let start = self.buffer.len();
            self.buffer.resize(start + usize::try_from(want).expect("at most 256 KiB"), 0);
            let got = read_at_most(self.file, &mut self.buffer[start..], self.read)?;
            if got as u64 != want {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.read += want;
        }
    }
}
