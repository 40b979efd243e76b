//! The only flock of the package.
//!
//! A recorder that a hook calls for a command waits for the lock at most [`WAIT_MS`]: the user's
//! command must run. The recorder of a script has a deadline of its own. A shell that joins a
//! session, and a command of attesh, wait at most [`PATIENCE_MS`]. No process waits longer than
//! that for all its locks together. The deadline is a signal to the process, so a thread that
//! waits must be its only one.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

use fs2::FileExt;

use crate::clock;
use crate::sys;

/// How long a call for a command waits for the journal's lock, in milliseconds.
pub const WAIT_MS: u32 = 250;
/// How long a process waits for locks in all, in milliseconds.
pub const PATIENCE_MS: u32 = 5_000;

/// How long it waits in one call, in milliseconds. A process that the queue wakes still has to
/// wait for a processor, and on a busy machine another process takes the lock meanwhile, again
/// and again. A process that asks anew while it runs mostly finds the lock free.
const SLICE_MS: u32 = 25;

/// How long this process has waited for locks so far, in milliseconds.
static WAITED_MS: AtomicU32 = AtomicU32::new(0);

/// What this process waited for locks so far does not count any more: a recorder that goes on for
/// hours waits for each record anew.
pub fn begin_anew() {
    WAITED_MS.store(0, Ordering::Relaxed);
}

/// How long this process has waited for locks so far, in milliseconds.
#[must_use]
pub fn waited_ms() -> u32 {
    WAITED_MS.load(Ordering::Relaxed)
}

/// A file whose exclusive flock is held until this value is dropped.
#[derive(Debug)]
pub struct Locked<'a>(&'a File);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let _ = FileExt::unlock(self.0);
    }
}

/// Takes the exclusive lock, or gives up with `TimedOut` after `wait_ms` milliseconds, or sooner
/// if this process has waited before.
///
/// # Errors
/// `TimedOut`, or what flock(2) says.
pub fn exclusive(file: &File, wait_ms: u32) -> io::Result<Locked<'_>> {
    // Most calls find the lock free and need no timer.
    match FileExt::try_lock_exclusive(file) {
        Ok(()) => return Ok(Locked(file)),
        Err(error) if error.kind() == fs2::lock_contended_error().kind() => {}
        Err(error) => return Err(error),
    }
    let wait_ms = wait_ms.min(PATIENCE_MS.saturating_sub(waited_ms()));
    // A timer of no time would never fire.
    if wait_ms == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let before = clock::now().boottime_ns;
    sys::start_alarm(wait_ms.min(SLICE_MS))?;
    let result = loop {
        let result = FileExt::lock_exclusive(file);
        let interrupted = result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted);
        let waited_ms = clock::now().boottime_ns.saturating_sub(before) / 1_000_000;
        if !interrupted || waited_ms >= u64::from(wait_ms) {
            WAITED_MS.fetch_add(u32::try_from(waited_ms).unwrap_or(PATIENCE_MS), Ordering::Relaxed);
            break if interrupted { FileExt::try_lock_exclusive(file) } else { result };
        }
    };
    sys::stop_alarm();
    match result {
        Ok(()) => Ok(Locked(file)),
        Err(error) if error.kind() == fs2::lock_contended_error().kind() => {
            Err(io::ErrorKind::TimedOut.into())
        }
        Err(error) => Err(error),
    }
}
