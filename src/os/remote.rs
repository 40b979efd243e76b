//! The memory of another process, read through an open file.
//!
//! What lives here: numbers, pointers and texts of it. What does not: who may open that file
//! (`trace`, and a shell that opens its own).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Memory is read in pieces that end where a page may.
const PIECE: u64 = 4096;

/// The memory of a process.
pub struct Memory(File);

impl Memory {
    /// Memory behind this file (`/proc/PID/mem`).
    #[must_use]
    pub fn new(file: File) -> Self {
        Memory(file)
    }

    /// Bytes, all of them.
    ///
    /// # Errors
    /// Not all of them are there, or the process is gone.
    pub fn exactly(&self, from: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(bytes, from)
    }

    /// A 32-bit integer.
    ///
    /// # Errors
    /// Nothing is there, or the process is gone.
    pub fn int(&self, from: u64) -> io::Result<i32> {
        let mut bytes = [0; 4];
        self.exactly(from, &mut bytes)?;
        Ok(i32::from_ne_bytes(bytes))
    }

    /// A pointer.
    ///
    /// # Errors
    /// Nothing is there, or the process is gone.
    pub fn pointer(&self, from: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.exactly(from, &mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    /// A text up to its NUL, or as long as `most`.
    ///
    /// # Errors
    /// Nothing is there, or the process is gone.
    pub fn text(&self, from: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        let mut at = from;
        while text.len() < most {
            let length = usize::try_from(PIECE - at % PIECE).unwrap_or(1);
            let mut piece = vec![0; length];
            self.exactly(at, &mut piece)?;
            if let Some(end) = piece.iter().position(|byte| *byte == 0) {
                text.extend_from_slice(&piece[..end]);
                break;
            }
            text.extend_from_slice(&piece);
            at += length as u64;
        }
        text.truncate(most);
        Ok(text)
    }

    /// What stands before a place, back to a NUL; at most so much.
    ///
    /// # Errors
    /// Nothing is there, or the process is gone.
    pub fn text_before(&self, end: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        let mut at = end;
        while text.len() < most && at > 0 {
            let length = (at - 1) % PIECE + 1;
            let mut piece = vec![0; usize::try_from(length).unwrap_or(1)];
            self.exactly(at - length, &mut piece)?;
            let from = piece.iter().rposition(|byte| *byte == 0).map(|nul| nul + 1);
            text.splice(0..0, piece[from.unwrap_or(0)..].iter().copied());
            if from.is_some() {
                break;
            }
            at -= length;
        }
        Ok(text)
    }
}
