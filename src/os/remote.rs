//! The memory of another process, read through an open file.
//!
//! What lives here: numbers, pointers and texts of it. What does not: who may open that file
//! (`trace`, and a shell that opens its own).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

/// Memory is read in pieces that end where a page may.
const PIECE: u64 = 4096;

/// The first piece of a text: most are shorter.
const FIRST: usize = 256;

/// The memory of a process.
pub struct Memory(By);

/// How it is read.
enum By {
    /// Through this file (`/proc/PID/mem`).
    File(File),
    /// By a call for each piece, of the process with this id.
    Process(u32),
}

impl Memory {
    /// Memory behind this file (`/proc/PID/mem`).
    #[must_use]
    pub fn new(file: File) -> Self {
        Memory(By::File(file))
    }

    /// Memory of a process of which little is read.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        Memory(By::Process(pid))
    }

    /// Bytes, all of them.
    ///
    /// # Errors
    /// Not all of them are there, or the process is gone.
    pub fn exactly(&self, from: u64, bytes: &mut [u8]) -> io::Result<()> {
        let pid = match &self.0 {
            By::File(file) => return file.read_exact_at(bytes, from),
            By::Process(pid) => *pid,
        };
        let length = bytes.len();
        let base = usize::try_from(from).map_err(|_| Errno::EFAULT)?;
        let there = [RemoteIoVec { base, len: length }];
        match process_vm_readv(Pid::from_raw(pid.cast_signed()), &mut [io::IoSliceMut::new(bytes)], &there) {
            Ok(count) if count == length => Ok(()),
            Ok(_) => Err(Errno::EFAULT.into()),
            // A sandbox has that call refused, or answered as unknown.
            Err(Errno::EPERM | Errno::ENOSYS) => super::proc::memory(pid)?.read_exact_at(bytes, from),
            Err(errno) => Err(errno.into()),
        }
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
            let length = if text.is_empty() { length.min(FIRST) } else { length };
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
