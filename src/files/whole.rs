//! The bytes of an open file, from its start, wherever it stands.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::crypto::Digest;

/// Reads until the buffer is full or the file ends; how much there was.
///
/// # Errors
/// The file could not be read.
pub fn read_at_most(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// SHA-256 of a file, streamed. It asks the processor for its SHA instructions: no call of a hook
/// comes here, unless it opens a session.
///
/// # Errors
/// The file could not be read.
pub fn digest_of(file: &File) -> io::Result<Digest> {
    use sha2_files::Digest as _;
    let mut hash = sha2_files::Sha256::new();
    // Most files are short: no memory is asked for, and the end is one more read.
    let mut buffer = [0; 32 << 10];
    let mut offset = 0;
    loop {
        match file.read_at(&mut buffer, offset) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(count) => {
                hash.update(&buffer[..count]);
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
