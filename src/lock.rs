//! The only flock of the package.
//!
//! A recorder waits for the lock at most [`WAIT_MS`]: the user's command must run. The
//! deadline is a signal to the process, so a thread that waits must be its only one.

use std::fs::File;
use std::io;

use fs2::FileExt;

use crate::sys;

/// How long a recorder waits for the journal's lock, in milliseconds.
pub const WAIT_MS: u32 = 250;

/// A file whose exclusive flock is held until this value is dropped.
#[derive(Debug)]
pub struct Locked<'a>(&'a File);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let _ = FileExt::unlock(self.0);
    }
}

/// Takes the exclusive lock, or gives up with `TimedOut` after `wait_ms` milliseconds.
///
/// # Errors
/// `TimedOut`, or what flock(2) says.
pub fn exclusive(file: &File, wait_ms: u32) -> io::Result<Locked<'_>> {
    // Most calls find the lock free and need no timer.
    if FileExt::try_lock_exclusive(file).is_ok() {
        return Ok(Locked(file));
    }
    sys::start_alarm(wait_ms)?;
    // One blocking call: polling under contention loses its turn to those who wait.
    let result = FileExt::lock_exclusive(file);
    sys::stop_alarm();
    match result {
        Ok(()) => Ok(Locked(file)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("the journal stayed locked for {wait_ms} ms"),
        )),
        Err(error) => Err(error),
    }
}
