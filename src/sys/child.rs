//! Children of this process: one that runs the same program on, and what is to be told of them.
//!
//! What lives here: making one, its end, and whether there is news. What does not: what it does.

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

/// Of which of these children the kernel has something to tell that it has not told, 0 if of none; `None`
/// if there is no such child. It is not told by this.
pub fn news(which: libc::idtype_t, number: u32) -> Option<libc::pid_t> {
    let all = libc::WNOHANG | libc::WNOWAIT | libc::WEXITED | libc::WSTOPPED | libc::__WALL;
    // SAFETY: a place of all zeros is one, and outlives the call.
    unsafe {
        let mut told: libc::siginfo_t = std::mem::zeroed();
        (libc::waitid(which, number, &raw mut told, all) == 0).then(|| told.si_pid())
    }
}
