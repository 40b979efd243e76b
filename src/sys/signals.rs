//! How this process takes signals, and how the programs that it starts find them.
//!
//! What lives here: ignoring them, whatever the C library keeps for itself, and giving programs what
//! this one found. What does not: who ignores them (`supervise`), what is handed on (`os::signals`).

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

static PIPE_IGNORED: AtomicBool = AtomicBool::new(false);
static SIZE_IGNORED: AtomicBool = AtomicBool::new(false);
static CHILD_IGNORED: AtomicBool = AtomicBool::new(false);

/// The signals that have a number only, but for two that the C library of this program and those of
/// others keep for themselves.
const NUMBERS: std::ops::RangeInclusive<i32> = 34..=64;

/// Looks, before `main`, how SIGPIPE is taken, which the standard library sets then.
pub(super) fn look_around() {
    // SAFETY: an all-zero sigaction is a valid value, and without a new one the call only reads.
    let ignored = unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    };
    PIPE_IGNORED.store(ignored, Ordering::Relaxed);
}

/// A set of signals, with those that have a number only.
#[must_use]
pub fn with_numbers(set: SigSet) -> SigSet {
    let mut raw: libc::sigset_t = *set.as_ref();
    // SAFETY: the kernel's set is the first 64 bits of this one; the C library refuses some of them.
    unsafe {
        let bits = (&raw mut raw).cast::<u64>();
        *bits |= NUMBERS.map(|number| 1_u64 << (number - 1)).sum::<u64>();
        SigSet::from_sigset_t_unchecked(raw)
    }
}

/// Ignores every signal that can be ignored, those of faults and those that have a number only, too, but
/// what tells of children. A fault of this program's own ends it all the same.
pub fn ignore_all_signals() {
    let heard = [libc::SIGKILL, libc::SIGSTOP, libc::SIGCHLD];
    (1..=64).filter(|signal| !heard.contains(signal)).for_each(ignore);
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

/// Takes a signal as the kernel would, or not at all; how it was taken before.
pub(super) fn take(signal: Signal, ignore: bool) -> nix::Result<SigAction> {
    let handler = if ignore { SigHandler::SigIgn } else { SigHandler::SigDfl };
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: neither SIG_IGN nor SIG_DFL runs code of this program.
    unsafe { sigaction(signal, &action) }
}

/// Makes a write beyond the limit on the size of files an error; otherwise it would end the
/// program.
pub fn outlive_size_limit() {
    let before = take(Signal::SIGXFSZ, true);
    let ignored = before.is_ok_and(|before| matches!(before.handler(), SigHandler::SigIgn));
    SIZE_IGNORED.store(ignored, Ordering::Relaxed);
}

/// Has the kernel tell of the stops of children, which it does not where SIGCHLD is ignored.
pub fn hear_children() {
    let before = take(Signal::SIGCHLD, false);
    if before.is_ok_and(|before| matches!(before.handler(), SigHandler::SigIgn)) {
        CHILD_IGNORED.store(true, Ordering::Relaxed);
    }
}

/// Gives a program SIGPIPE, SIGXFSZ and SIGCHLD as this one found them: the standard library would
/// have the first end every program that it starts, [`outlive_size_limit`] would keep the second
/// from it, and [`hear_children`] the third.
pub fn keep_signals(command: &mut Command) {
    let found = [
        (Signal::SIGPIPE, &PIPE_IGNORED),
        (Signal::SIGXFSZ, &SIZE_IGNORED),
        (Signal::SIGCHLD, &CHILD_IGNORED),
    ];
    let found = found.map(|(signal, ignored)| (signal, ignored.load(Ordering::Relaxed)));
    let restore = move || {
        for (signal, ignored) in found {
            take(signal, ignored)?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec it makes two system calls and takes no memory.
    unsafe { command.pre_exec(restore) };
}
