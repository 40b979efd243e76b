//! A child of this process that runs the same program on.
//!
//! What lives here: making it, and its end. What does not: what it does.

use std::io;

use nix::unistd::{ForkResult, Pid, fork};

/// Makes a child; `None` is the answer in it. It has to [`end`].
///
/// # Errors
/// The kernel made none.
pub fn child() -> io::Result<Option<Pid>> {
    // SAFETY: this program has one thread here, so that the child may do whatever it could.
    match unsafe { fork()? } {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}

/// Ends this process, which is a child that its parent made, without the parent's destructors.
pub fn end(status: u8) -> ! {
    // SAFETY: it follows no pointer and does not come back.
    unsafe { libc::_exit(status.into()) }
}
