//! Signals that this process takes no notice of, whatever the C library keeps for itself.
//!
//! What lives here: ignoring them. What does not: who does (`supervise`), signals that are handed on
//! (`os::signals`).

/// Ignores every signal that can be ignored, those of faults and those that have a number only, too, but
/// what tells of children. A fault of this program's own ends it all the same.
pub fn ignore_all_signals() {
    let heard = [libc::SIGKILL, libc::SIGSTOP, libc::SIGCHLD];
    (1..=64).filter(|signal| !heard.contains(signal)).for_each(ignore);
}

/// Ignores what this program hands on to nobody: the signals that have a number only.
pub fn ignore_numbered_signals() {
    (32..=64).for_each(ignore);
}

/// Ignores a signal, also one of those that the C library keeps for itself and refuses.
fn ignore(signal: i32) {
    // `struct sigaction` of the kernel: the handler, no flags, no restorer, an empty mask.
    let ignored: [u64; 4] = [libc::SIG_IGN as u64, 0, 0, 0];
    // SAFETY: SIG_IGN runs no code of this program, and the structure outlives the call.
    unsafe {
        libc::syscall(libc::SYS_rt_sigaction, signal, ignored.as_ptr(), std::ptr::null::<u64>(), 8);
    }
}
