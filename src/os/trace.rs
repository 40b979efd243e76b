//! A child that this program traces: its stops, its registers, its memory.
//!
//! What lives here: ptrace(2) as far as a shell is watched with it. What does not: where a shell
//! is to be stopped, and what is read there (`run::reader`); registers of one kind of processor
//! (`x86_64`, `aarch64`) and its calls (`calls`).
//!
//! Rules: the child dies with this program (PTRACE_O_EXITKILL); every signal reaches it, and its
//! stops by job control stay stops; its children are not traced. All calls come from one thread.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::unistd::Pid;

use super::proc;
use super::remote::Memory;
use crate::sys::{self, Resume};

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod calls;
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
mod other;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
use aarch64 as machine;
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
use other as machine;
#[cfg(target_arch = "x86_64")]
use x86_64 as machine;

pub use calls::call_behind;
pub use machine::Registers;

/// How many places can be watched at once: what most processors have. A 64-bit ARM may have two.
pub const PLACES: usize = 4;

/// A place of a program, by its address in memory; 0 is none.
type Address = u64;

/// Why a traced child has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is about to run the instruction at a watched place.
    Place(Address),
    /// It has written to a watched variable.
    Written,
    /// It has become another program, of which nothing has run.
    Exec,
    /// It is about to end, and its memory is still there.
    Exiting,
    /// It has ended.
    Ended(ExitStatus),
}

/// A traced child.
pub struct Tracee {
    pid: Pid,
    memory: Option<Memory>,
    watched: [Address; PLACES],
    /// Its registers at this stop, once they were asked for.
    registers: Option<Registers>,
    /// It has stopped, and waits for [`go_on`](Self::go_on).
    stopped: bool,
    traced: bool,
    /// Job control has stopped it, and nothing has come since.
    rests: bool,
    /// What a step came to instead, which [`next`](Self::next) tells.
    met: Option<i32>,
}

/// Tries to trace a child, which becomes nothing.
///
/// # Errors
/// The kernel refused it.
pub fn can_trace() -> io::Result<()> {
    let held = sys::hold(&mut Command::new("/"))?;
    let can = ptrace::seize(held.pid(), Options::empty());
    held.forget();
    Ok(can?)
}

impl Tracee {
    /// Starts a program, traced, and stops it before it runs anything.
    ///
    /// # Errors
    /// The program cannot be started, or cannot be traced; then nothing of it has run.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        sys::hear_children();
        let mut held = sys::hold(command)?;
        let pid = held.pid();
        let options = Options::PTRACE_O_EXITKILL | Options::PTRACE_O_TRACEEXEC | Options::PTRACE_O_TRACEEXIT;
        if let Err(errno) = ptrace::seize(pid, options) {
            held.forget();
            return Err(errno.into());
        }
        let watched = [0; PLACES];
        let mut tracee = Tracee {
            pid,
            memory: None,
            watched,
            registers: None,
            stopped: false,
            traced: true,
            rests: false,
            met: None,
        };
        held.release()?;
        loop {
            match tracee.next(true)? {
                Some(Stop::Exec) => return Ok(tracee),
                Some(Stop::Ended(_)) => {
                    return Err(held.failure().unwrap_or_else(|| io::ErrorKind::Interrupted.into()));
                }
                Some(_) => tracee.go_on()?,
                None => {}
            }
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// The next stop, if it has come; with `wait`, when it comes. Stops that mean nothing to the
    /// caller go on by themselves.
    ///
    /// # Errors
    /// The kernel refused to wait, or to let the child go on.
    pub fn next(&mut self, wait: bool) -> io::Result<Option<Stop>> {
        loop {
            let met = self.met.take();
            let Some(state) = met.map_or_else(|| sys::wait_for(self.pid, wait), |state| Ok(Some(state)))?
            else {
                return Ok(None);
            };
            self.rests = false;
            if !libc::WIFSTOPPED(state) {
                self.traced = false;
                return Ok(Some(Stop::Ended(ExitStatus::from_raw(state))));
            }
            self.stopped = true;
            self.registers = None;
            let signal = libc::WSTOPSIG(state);
            match state >> 16 {
                libc::PTRACE_EVENT_EXEC => {
                    self.watched = [0; PLACES];
                    self.memory = None;
                    return Ok(Some(Stop::Exec));
                }
                libc::PTRACE_EVENT_EXIT => return Ok(Some(Stop::Exiting)),
                // A stop of job control holds until a SIGCONT; the trap that comes with that one does not.
                libc::PTRACE_EVENT_STOP if signal != libc::SIGTRAP => {
                    self.resume(Resume::Stay)?;
                    self.rests = true;
                }
                0 if signal == libc::SIGTRAP => {
                    let at = self.registers().map(|registers| registers.place());
                    if let Some(at) = at.ok().filter(|at| self.watched.contains(at)) {
                        return Ok(Some(Stop::Place(at)));
                    }
                    if self.has_written() {
                        return Ok(Some(Stop::Written));
                    }
                    self.resume(Resume::Go(signal))?;
                }
                0 => self.resume(Resume::Go(signal))?,
                _ => self.resume(Resume::Go(0))?,
            }
        }
    }

    /// Lets it go on after a stop.
    ///
    /// # Errors
    /// The kernel refused. A child that was killed meanwhile is no error: its end comes next.
    pub fn go_on(&mut self) -> io::Result<()> {
        if !self.stopped {
            return Ok(());
        }
        if machine::STEPS_OVER
            && let Ok(registers) = self.registers()
            && self.watched.contains(&registers.place())
        {
            return self.step_over(registers.place());
        }
        self.resume(Resume::Go(0))
    }

    /// Lets it run the one instruction at a watched place, where the processor would stop there again.
    /// A signal that comes first waits until then: its handler would come back to the place.
    fn step_over(&mut self, place: Address) -> io::Result<()> {
        let others = self.watched.map(|at| if at == place { 0 } else { at });
        machine::watch(self.pid, &self.watched, &others)?;
        let mut held = Vec::new();
        loop {
            self.resume(Resume::Step)?;
            let state = sys::wait_for(self.pid, true)?.unwrap_or_default();
            let event = state >> 16;
            if !libc::WIFSTOPPED(state) || event == libc::PTRACE_EVENT_EXIT {
                self.met = Some(state);
                return Ok(());
            }
            self.stopped = true;
            match libc::WSTOPSIG(state) {
                libc::SIGTRAP if event == 0 => break,
                signal if event == 0 => held.push(signal),
                _ => {}
            }
        }
        self.registers = None;
        machine::watch(self.pid, &others, &self.watched)?;
        let mut held = held.into_iter();
        let first = held.next().unwrap_or(0);
        held.for_each(|signal| sys::send(self.pid, signal));
        self.resume(Resume::Go(first))
    }

    fn resume(&mut self, how: Resume) -> io::Result<()> {
        self.stopped = false;
        match sys::resume(self.pid, how) {
            Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error),
            _ => Ok(()),
        }
    }

    /// Lets it go for good: it runs untraced. Its end is still told by [`next`](Self::next).
    pub fn detach(&mut self) {
        if self.traced && self.stopped {
            let _ = self.watch([0; PLACES]);
            (self.traced, self.stopped) = (false, false);
            let _ = ptrace::detach(self.pid, None);
        }
    }

    /// Whether job control has stopped it, and it has not gone on.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.rests && !sys::has_news(self.pid)
    }

    /// Whether it is traced still.
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.traced
    }

    /// Ends it before it has run anything, and forgets it.
    pub fn discard(mut self) {
        let _ = nix::sys::signal::kill(self.pid, nix::sys::signal::Signal::SIGKILL);
        while let Ok(stop) = self.next(true) {
            if matches!(stop, Some(Stop::Ended(_))) {
                return;
            }
            let _ = self.go_on();
        }
    }

    /// Watches these places and no others; while it is stopped.
    ///
    /// # Errors
    /// The processor, or who shows it to this program, has no such registers.
    pub fn watch(&mut self, places: [Address; PLACES]) -> io::Result<()> {
        if places != self.watched {
            match machine::watch(self.pid, &self.watched, &places) {
                Err(Errno::ESRCH) => {}
                done => done?,
            }
            self.watched = places;
        }
        Ok(())
    }

    /// What is to be watched where a write to this address stops; `None` if the processor, as far as
    /// this program knows it, stops at no write.
    #[must_use]
    pub fn written(at: Address) -> Option<Address> {
        machine::WATCHES_WRITES.then_some(at | machine::WRITTEN)
    }

    /// Whether a stop is that of a write, and no signal that somebody sent.
    fn has_written(&self) -> bool {
        let watches = self.watched.iter().any(|at| at & machine::WRITTEN != 0);
        watches && ptrace::getsiginfo(self.pid).is_ok_and(|info| info.si_code == libc::TRAP_HWBKPT)
    }

    /// The places that are watched.
    #[must_use]
    pub fn watched(&self) -> [Address; PLACES] {
        self.watched
    }

    /// Its registers, while it is stopped.
    ///
    /// # Errors
    /// It was killed.
    pub fn registers(&mut self) -> io::Result<Registers> {
        let registers = match self.registers {
            Some(registers) => registers,
            None => Registers::of(self.pid)?,
        };
        self.registers = Some(registers);
        Ok(registers)
    }

    /// The place to which the function returns that begins here.
    ///
    /// # Errors
    /// It was killed.
    pub fn caller(&mut self) -> io::Result<Address> {
        let registers = self.registers()?;
        match registers.link() {
            Some(place) => Ok(place),
            None => self.memory()?.pointer(registers.stack()),
        }
    }

    /// Its memory.
    ///
    /// # Errors
    /// It is gone.
    pub fn memory(&mut self) -> io::Result<&Memory> {
        let memory = match self.memory.take() {
            Some(memory) => memory,
            None => Memory::new(proc::memory(self.pid())?),
        };
        Ok(self.memory.insert(memory))
    }
}
