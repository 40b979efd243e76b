//! Signals that this program takes from a descriptor and hands on to another.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, getsid};

use super::proc;
use crate::sys;

/// How far up the parents of a process are looked at.
const GENERATIONS_MAX: usize = 64;

/// The signals that are meant for another process.
pub struct Signals {
    from: Option<SignalFd>,
    /// Somebody else stops this program, and knows whether the other process is to go on with it.
    leaves_stops: bool,
}

/// What came that is for nobody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// A child may have stopped, gone on or ended.
    pub child: bool,
    /// This program was woken, where somebody else stops it.
    pub woken: bool,
}

/// All that have a name but those that cannot be caught and that stop. A fault of this program's own ends
/// it although its signal is blocked.
const HANDED_ON: [Signal; 25] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGABRT,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGSEGV,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGPIPE,
    Signal::SIGALRM,
    Signal::SIGTERM,
    Signal::SIGSTKFLT,
    Signal::SIGCONT,
    Signal::SIGURG,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGWINCH,
    Signal::SIGIO,
    Signal::SIGPWR,
    Signal::SIGSYS,
];

/// What stops a process and can be caught.
const STOPS: [Signal; 3] = [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU];

impl Signals {
    /// From here on they end this program no more.
    #[must_use]
    pub fn take() -> Self {
        Signals::taken(HANDED_ON.into_iter().collect())
    }

    /// The same with those that stop a process, where somebody else stops this one when it is to.
    #[must_use]
    pub fn take_with_stops() -> Self {
        Signals { leaves_stops: true, ..Signals::taken(HANDED_ON.into_iter().chain(STOPS).collect()) }
    }

    /// From here on this program stops again when it gets such a signal.
    pub fn leave_stops(&mut self) {
        self.leaves_stops = false;
        let _ = STOPS.into_iter().collect::<SigSet>().thread_unblock();
    }

    fn taken(mut set: SigSet) -> Self {
        set.add(Signal::SIGCHLD);
        let set = sys::with_numbers(set);
        let from = set
            .thread_block()
            .ok()
            .and_then(|()| SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok());
        Signals { from, leaves_stops: false }
    }

    /// Becomes readable when a signal has come; `None` if the kernel gave no descriptor.
    #[must_use]
    pub fn source(&self) -> Option<BorrowedFd<'_>> {
        self.from.as_ref().map(AsFd::as_fd)
    }

    /// Gives to that process what came from another process. What the terminal sends, it gets itself,
    /// and what it or its children send is not meant for this program: `kill 0`. What the kernel sends
    /// for a call of this program (SIGPIPE) has this program as its sender.
    pub fn hand_on(&self, pid: u32) -> Heard {
        let Some(from) = &self.from else { return Heard { child: true, woken: false } };
        let mut heard = Heard::default();
        while let Ok(Some(info)) = from.read_signal() {
            let signal = info.ssi_signo.cast_signed();
            if signal == libc::SIGCHLD {
                heard.child = true;
                continue;
            }
            let by_terminal = info.ssi_code > 0 && !is_hangup_of_leader(signal);
            let own = info.ssi_pid == std::process::id();
            if by_terminal || own || is_below(info.ssi_pid, pid) {
                continue;
            }
            match signal {
                libc::SIGCONT if self.leaves_stops => heard.woken = true,
                _ => sys::send(Pid::from_raw(pid.cast_signed()), signal),
            }
        }
        heard
    }
}

/// How long a program has to stay stopped before who stands for it stops, too.
pub const RESTS: Duration = Duration::from_millis(20);

/// What this process stands for, for the terminal and for the shell that runs it as a job, has stopped: if
/// it still has a moment later, this process stops with it, and so does who waits for this one. What the
/// terminal sends stops all of them, and what wakes them comes first then.
pub fn rest(waits: Option<u32>, has_stopped: impl FnOnce() -> bool) {
    let own = std::process::id();
    if !is_job(waits.unwrap_or(own)) {
        // Nobody would wake it.
        return;
    }
    std::thread::sleep(RESTS);
    if has_stopped() {
        let stop = |pid: u32| sys::send(Pid::from_raw(pid.cast_signed()), libc::SIGSTOP);
        waits.into_iter().for_each(stop);
        // Whoever sees that one stop may have woken all by now.
        if waits.is_none_or(proc::has_stopped) {
            stop(own);
        }
    }
}

/// Shells that have jobs.
const SHELLS: [&[u8]; 9] = [b"bash", b"csh", b"dash", b"fish", b"ksh", b"mksh", b"sh", b"tcsh", b"zsh"];

/// Whether a shell at a terminal has this process as a job, of which it sees that it stops, and which it
/// lets go on: whoever is above that group is of the same session, and has the group in front, or leads the
/// session, or is a shell that is in front itself.
fn is_job(pid: u32) -> bool {
    let own = proc::place(pid.cast_signed()).filter(|own| own.in_front > 0 && own.session != own.group);
    let Some(own) = own else { return false };
    let above = std::iter::successors(Some(own), |one| proc::place(one.parent))
        .take(GENERATIONS_MAX)
        .find(|one| one.group != own.group)
        .filter(|above| above.session == own.session);
    above.is_some_and(|above| {
        let is_shell = || SHELLS.contains(&proc::name(above.pid).as_slice());
        own.group == own.in_front || above.pid == own.session || (above.group == above.in_front && is_shell())
    })
}

/// What the kernel tells of children, from a descriptor.
pub struct Children(SignalFd);

impl Children {
    /// From here on it is told there.
    ///
    /// # Errors
    /// The kernel gave no descriptor.
    pub fn hear() -> nix::Result<Self> {
        let set = SigSet::from(Signal::SIGCHLD);
        set.thread_block()?;
        Ok(Children(SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
    }

    /// Takes what was told, so that the next becomes readable.
    pub fn heard(&self) {
        while let Ok(Some(_)) = self.0.read_signal() {}
    }
}

impl AsFd for Children {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Whether a signal of the terminal is for this program alone: of a hangup the kernel tells only the
/// leader of the session, with these two.
fn is_hangup_of_leader(signal: i32) -> bool {
    matches!(signal, libc::SIGHUP | libc::SIGCONT) && getsid(None) == Ok(Pid::this())
}

/// Whether a process is this one or one that it started.
fn is_below(pid: u32, top: u32) -> bool {
    let mut at = u64::from(pid);
    for _ in 0..GENERATIONS_MAX {
        if at == u64::from(top) {
            return true;
        }
        match proc::parent(at) {
            Some(parent) if parent > 1 => at = parent,
            _ => return false,
        }
    }
    false
}
