//! System calls without a safe wrapper in nix: the only unsafe code of the package.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

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

static OUTPUT_CLOSED: AtomicBool = AtomicBool::new(false);
static PIPE_IGNORED: AtomicBool = AtomicBool::new(false);
static SIZE_IGNORED: AtomicBool = AtomicBool::new(false);

/// Before `main` the standard library opens /dev/null for a closed standard descriptor, which
/// hides that the output is lost. So this function looks earlier. The standard library also sets
/// SIGPIPE, which the programs that this one starts must find as this program found it.
extern "C" fn look_around() {
    // SAFETY: F_GETFD takes no further argument and changes nothing.
    let closed = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) } < 0;
    OUTPUT_CLOSED.store(closed, Ordering::Relaxed);
    // SAFETY: an all-zero sigaction is a valid value, and without a new one the call only reads.
    let ignored = unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    };
    PIPE_IGNORED.store(ignored, Ordering::Relaxed);
}

// SAFETY: the C library calls what is in this section once, before main, and the function
// needs nothing that is not set up by then.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AROUND: extern "C" fn() = look_around;

/// Whether standard output was closed when the program began.
#[must_use]
pub fn output_was_closed() -> bool {
    OUTPUT_CLOSED.load(Ordering::Relaxed)
}

/// Takes a signal as the kernel would, or not at all; how it was taken before.
fn take(signal: Signal, ignore: bool) -> nix::Result<SigAction> {
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

/// Gives a program SIGPIPE and SIGXFSZ as this one found them: the standard library would have
/// the first end every program that it starts, and [`outlive_size_limit`] would keep the second
/// from it.
pub fn keep_signals(command: &mut Command) {
    let found = [(Signal::SIGPIPE, &PIPE_IGNORED), (Signal::SIGXFSZ, &SIZE_IGNORED)];
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

/// Seconds since 1970 of a calendar time in the zone of this machine and environment, as
/// mktime(3) has it; `None` if that time does not exist.
#[must_use]
pub fn local_second(year: i32, month: i32, day: i32, hour: i32, minute: i32, second: i32) -> Option<i64> {
    // SAFETY: an all-zero tm is a valid value, and mktime reads and normalises it.
    let at = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        (tm.tm_year, tm.tm_mon, tm.tm_mday) = (year - 1900, month - 1, day);
        (tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_isdst) = (hour, minute, second, -1);
        libc::mktime(&raw mut tm)
    };
    (at >= 0).then_some(at)
}

/// The same open file under another descriptor, the lowest free one from `least` on.
///
/// # Errors
/// No descriptor is left.
pub fn duplicate_from(fd: &OwnedFd, least: RawFd) -> io::Result<OwnedFd> {
    let number = nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(least))?;
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Ends this program by a signal, as the program that it stood for was ended.
pub fn die_of(signal: i32) {
    let Ok(signal) = Signal::try_from(signal) else { return };
    // One image of memory is enough, and it is the other program's.
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    let _ = take(signal, false);
    let _ = nix::sys::signal::raise(signal);
    let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&SigSet::from(signal)), None);
}

/// Ignores the signals that must not end a recorder in the middle of an append. SIGPIPE is ignored
/// already: the standard library does that before main.
pub fn ignore_signals() {
    for signal in
        [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP, Signal::SIGHUP, Signal::SIGTERM, Signal::SIGXFSZ]
    {
        let _ = take(signal, true);
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
