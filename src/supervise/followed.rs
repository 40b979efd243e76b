//! What the kernel tells the recorder of those that it is the parent of, or follows.
//!
//! What lives here: their stops and their ends; a start that is seen at such a stop alone. What does
//! not: the calls at which the kernel holds them (`recorder`).
//!
//! Rules: where the kernel holds starts, a thread is followed from its call until it is another program,
//! and no further. Where it holds none, every process is followed until it ends, and gets every signal
//! that it would have got.

use std::io::{self, Read as _};

use nix::unistd::Pid;

use super::recorder::{Recorder, Rest, Sight};
use super::words::Fail;
use crate::clock::Deadline;
use crate::fact::process::SeenBy;
use crate::os::signals::RESTS;
use crate::os::{held, proc};
use crate::sys::{self, Resume, notify};

impl Recorder<'_> {
    /// What the kernel tells of the program, and of what is followed.
    pub(super) fn hear_changes(&mut self) {
        self.children.heard();
        while let Some((pid, state)) = notify::next_change() {
            let id = pid.unsigned_abs();
            // What is no child is followed; a child that is not has stopped for whoever looks at it.
            let is_plain = || state >> 16 == 0 && !proc::tracer(id).is_ok_and(|by| by == std::process::id());
            match () {
                () if libc::WIFCONTINUED(state) => self.goes_on(id),
                () if libc::WIFSTOPPED(state) && self.by.starts == SeenBy::Trace => self.stops(pid, state),
                () if libc::WIFSTOPPED(state) && is_plain() => self.rests(id),
                () if libc::WIFSTOPPED(state) => self.becomes(pid, state),
                () => {
                    self.followed.remove(&id);
                    if id == self.root {
                        self.goes_on(id);
                        self.state = Some(state);
                    }
                    self.ended(id, Some(state));
                }
            }
        }
    }

    /// A process has stopped. Whoever runs the program sees the process that waits for it alone: that is to
    /// stop with it.
    fn rests(&mut self, id: u32) {
        if id == self.root && self.waits_in_front {
            self.rest = Some(Rest { until: Deadline::after(RESTS), is_told: false });
        }
    }

    /// Has who waits stop if the program stays stopped: what the terminal sends stops both, and what wakes
    /// both comes first then.
    pub(super) fn look_at_rest(&mut self) {
        if let Some(rest) = self.rest.as_mut().filter(|rest| !rest.is_told && rest.until.left().is_zero()) {
            rest.is_told = true;
            if proc::has_stopped(self.root) {
                self.front_rests = true;
                sys::send(Pid::from_raw(self.guarded.waits.cast_signed()), libc::SIGSTOP);
            }
        }
    }

    /// Who waits was woken. If it had been told to stop, and the program has stopped again since, that went
    /// on with it; else the program is woken, too.
    pub(super) fn hear_front(&mut self) {
        let mut words = [0; 64];
        match self.front.as_ref().map(|mut line| line.read(&mut words)) {
            Some(Ok(0) | Err(_)) | None => return self.leave_front(),
            Some(Ok(_)) => {}
        }
        self.hear_changes();
        let is_of_before =
            std::mem::take(&mut self.front_rests) && self.rest.as_ref().is_some_and(|rest| !rest.is_told);
        if !is_of_before && proc::has_stopped(self.root) {
            sys::send(Pid::from_raw(self.root.cast_signed()), libc::SIGCONT);
        }
    }

    /// A process that had stopped goes on, whoever woke it.
    fn goes_on(&mut self, id: u32) {
        if id == self.root && self.rest.take().is_some_and(|rest| rest.is_told) {
            sys::send(Pid::from_raw(self.guarded.waits.cast_signed()), libc::SIGCONT);
        }
    }

    /// A thread that asked for a program has become that, or has a signal.
    fn becomes(&mut self, pid: i32, state: i32) {
        let id = pid.unsigned_abs();
        let became = state >> 16 == libc::PTRACE_EVENT_EXEC;
        // A start that failed leaves a thread that goes on: it gets the signal that it would have got.
        let signal = match state >> 16 {
            0 => libc::WSTOPSIG(state),
            _ => 0,
        };
        if became {
            // What another thread of it asked for may have taken the place of what this one did.
            let is_written =
                if self.tree.has_asked(id) { self.began(id, Sight::Asked) } else { self.has_become(id) };
            self.close_to(pid, is_written);
        }
        self.followed.remove(&id);
        if let Some(thread) = became.then(|| notify::former(pid)).flatten() {
            self.followed.remove(&thread);
        }
        notify::let_go(pid, signal);
    }

    /// A process stops that is followed until it ends.
    fn stops(&mut self, pid: i32, state: i32) {
        let signal = libc::WSTOPSIG(state);
        let how = match state >> 16 {
            libc::PTRACE_EVENT_EXEC => {
                let is_written = self.has_become(pid.unsigned_abs());
                self.close_to(pid, is_written);
                Resume::Go(0)
            }
            // A stop of job control holds until a SIGCONT; the trap that comes with that one does not.
            libc::PTRACE_EVENT_STOP if signal != libc::SIGTRAP => {
                self.rests(pid.unsigned_abs());
                Resume::Stay
            }
            libc::PTRACE_EVENT_STOP => {
                self.goes_on(pid.unsigned_abs());
                Resume::Go(0)
            }
            0 => Resume::Go(signal),
            _ => Resume::Go(0),
        };
        // One that was killed meanwhile is gone, and its end comes next.
        let _ = sys::resume(Pid::from_raw(pid), how);
    }

    /// A process has become a program, of which nothing has run. Whether that is recorded.
    fn has_become(&mut self, pid: u32) -> bool {
        if self.has_closed {
            return true;
        }
        let read = || -> io::Result<_> { Ok((held::kin(pid)?, held::folder(pid)?, held::became(pid)?)) };
        match read() {
            Ok((kin, folder, wanted)) => {
                let (_, left) = self.tree.asks(kin, wanted, folder);
                self.write_left(left);
                self.began(kin.process, Sight::Became)
            }
            Err(error) => {
                self.cannot_read(pid, &error);
                false
            }
        }
    }

    /// A process that has become a program does not run it if that is to be recorded and is not.
    fn close_to(&self, pid: i32, is_written: bool) {
        if !is_written && self.fail == Fail::Closed {
            // A signal that comes with letting it go here, the kernel would drop.
            sys::send(Pid::from_raw(pid), libc::SIGKILL);
        }
    }
}
