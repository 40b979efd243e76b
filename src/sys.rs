//! System calls without a safe wrapper in nix: the only unsafe code of the package.
#![allow(unsafe_code)]

use std::io;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask};

/// Whether the kernel says that its clock is synchronised.
#[must_use]
pub fn clock_is_synced() -> bool {
    // SAFETY: an all-zero timex is a valid value, and with modes 0 the call only reads.
    unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&raw mut timex);
        state >= 0 && state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0
    }
}

/// Ignores the signals that must not end a recorder in the middle of an append.
pub fn ignore_signals() {
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    for signal in [
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTSTP,
        Signal::SIGHUP,
        Signal::SIGTERM,
        Signal::SIGXFSZ,
        Signal::SIGPIPE,
    ] {
        // SAFETY: SIG_IGN runs no code of ours.
        let _ = unsafe { sigaction(signal, &ignore) };
    }
}

extern "C" fn wake(_: libc::c_int) {}

/// Makes blocking calls return EINTR every `interval_ms` until [`stop_alarm`].
///
/// The timer repeats, so an alarm that fires before the call blocks is not the last one.
///
/// # Errors
/// The kernel refused the timer.
pub fn start_alarm(interval_ms: u32) -> io::Result<()> {
    // No SA_RESTART: the point is the interruption.
    let action = SigAction::new(SigHandler::Handler(wake), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, which is async-signal-safe.
    unsafe { sigaction(Signal::SIGALRM, &action)? };
    // A parent may have blocked it; then the deadline would never fire.
    sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&SigSet::from(Signal::SIGALRM)), None)?;
    set_timer(interval_ms)
}

/// Ends what [`start_alarm`] began.
pub fn stop_alarm() {
    let _ = set_timer(0);
}

fn set_timer(interval_ms: u32) -> io::Result<()> {
    let micros = i64::from(interval_ms) * 1000;
    let time = libc::timeval { tv_sec: micros / 1_000_000, tv_usec: micros % 1_000_000 };
    let timer = libc::itimerval { it_interval: time, it_value: time };
    // SAFETY: the struct is initialised and outlives the call; the old value is not asked for.
    let result = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
