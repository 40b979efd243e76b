//! The parent of a program that records every start of a program below it, by the kernel's word.
//!
//! What lives here: who waits for the program, who records, and what happens if the recorder dies.
//! What does not: which calls are held and what is read of a held process (`os::held`), the calls
//! themselves (`sys::notify`), what is known of the processes (`tree`), what is recorded (`records`).
//!
//! Rules: three processes. The one that the user started waits, hands signals on, and keeps the
//! listener should the recorder die. The recorder is its child, in a session of its own, out of reach
//! of what it records; it is the parent of the program, which keeps the terminal and its group. A
//! start is in the journal before the program runs. The status and the signal of the program pass.

mod agent;
mod begins;
mod child;
mod counted;
mod followed;
mod hear;
mod level;
mod notes;
mod reached;
mod recorder;
mod records;
mod starts;
mod told;
mod touches;
mod tree;
mod units;
mod words;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::os::held::{Asked, asked};
use crate::os::proc;
use crate::os::signals::Signals;
use crate::record::CloseReason;
use crate::report;
use crate::session::shells::workdir;
use crate::session::{self, Session, close};
use crate::sys::{self, notify};
use crate::text;

pub use hear::{Answer, Hear};
pub use level::Level;
pub use starts::Starts;
pub use words::{Fail, Program};

use child::{Lines, Work};
use words::{WAIT_MS, WOKEN, Word};

/// What became of the program and of its recording.
#[derive(Debug)]
pub struct Outcome {
    /// How the program ended.
    pub status: ExitStatus,
    /// Whether every start is recorded.
    pub whole: bool,
}

/// Runs a program in this session, and records it, with what the shells below tell of themselves to
/// `hear`, where the kernel holds starts.
///
/// # Errors
/// It could not be started: nothing of it ran.
pub fn run(
    program: &Program,
    session: &Session,
    hear: Option<Box<dyn Hear + '_>>,
    level: &Level,
) -> std::io::Result<Outcome> {
    // Whether a stop of the terminal stops the program is the program's own: if it does, the recorder stops
    // this process, too.
    let (waiting, recorder) = beside(Signals::take_with_stops, |lines| {
        child::record_program(program, session, hear, level, lines)
    })?;
    match waiting.wait(program.fail)? {
        Ended::Told(outcome) => Ok(outcome),
        Ended::Alone(state, lost) => {
            let lost = match level {
                Level::Held => format!("{} followed unrecorded", text::count(lost, "start")),
                _ => "what followed is not recorded".to_owned(),
            };
            report::say(&format!("the recorder ended before the program: {lost}"));
            let recorder = u64::from(recorder.as_raw().unsigned_abs());
            if let Err(error) = close_for(session, recorder, &lost) {
                report::say(&format!("the session stays open: {error}"));
            }
            Ok(Outcome { status: status_of(state, "program"), whole: false })
        }
    }
}

/// Does this work, which runs a script in a shell, in a process of its own below a recorder of all that
/// starts there, with the `files` that it touches. What it did is told by that process.
///
/// # Errors
/// Nothing of it ran.
pub fn script(session: &Session, files: bool, work: &mut Work) -> std::io::Result<Outcome> {
    let (waiting, _) = beside(Signals::take, |lines| child::record_script(work, session, files, lines))?;
    match waiting.wait(Fail::Open)? {
        Ended::Told(outcome) => Ok(outcome),
        Ended::Alone(state, lost) => {
            let lost = text::count(lost, "start");
            report::say(&format!("the recorder of starts ended before the script: {lost} not recorded"));
            Ok(Outcome { status: status_of(state, "script"), whole: false })
        }
    }
}

/// How this ended, in whose place the recorder died; 125 where only that one knew.
fn status_of(state: Option<i32>, what: &str) -> ExitStatus {
    let state = state.unwrap_or_else(|| {
        report::say(&format!(
            "the recorder died as the {what} ended: its exit status is not known, this is 125"
        ));
        125 << 8
    });
    ExitStatus::from_raw(state)
}

/// Makes the recorder, and what waits for what that starts.
fn beside(take: fn() -> Signals, record: impl FnOnce(Lines) -> u8) -> std::io::Result<(Waiting, Pid)> {
    // Should the recorder die, the program becomes a child of this process.
    nix::sys::prctl::set_child_subreaper(true)?;
    let (ours, theirs) = UnixStream::pair()?;
    let heard = notify::shared()?;
    let mut ours = Some(ours);
    let (line, recorder) = {
        let (ours, theirs) = (&mut ours, &theirs);
        sys::beside(|to| {
            // A listener on its way here is gone with this process, and with it what holds who waits for it.
            drop(ours.take());
            record(Lines { words: to, listener: theirs, heard })
        })?
    };
    drop(theirs);
    let ours = ours.ok_or(Errno::EBADF)?;
    ours.set_nonblocking(true)?;
    let signals = take();
    // A recorder that stays for what runs on in the background is not waited for.
    let line = BufReader::new(line);
    let (from, program, listener, left) = (Some(ours), None, None, None);
    Ok((Waiting { line, recorder, from, signals, program, left, listener, heard, lost: 0 }, recorder))
}

/// Closes what a recorder left open that died.
fn close_for(session: &Session, recorder: u64, lost: &str) -> session::Result<()> {
    session.with_writer_waiting(WAIT_MS, |writer| {
        let story = writer.story()?;
        let left = story.live.iter().find(|(_, shell)| shell.pid == recorder).map(|(at, _)| *at);
        let Some(shell) = left else { return Ok(()) };
        records::anomaly(writer, "recorder-lost", &format!("the recorder died; {lost}"))?;
        close::close_shell(writer, shell, CloseReason::Unknown, None, None, workdir())?;
        close::end_without_shells(session, writer, &|_| Ok(()))
    })
}

/// How the waiting ended.
enum Ended {
    /// The recorder told.
    Told(Outcome),
    /// The recorder died; how the program ended, if that is known, and how many starts went unrecorded.
    Alone(Option<i32>, u64),
}

/// The process that waits for the program.
struct Waiting {
    /// What the recorder says.
    line: BufReader<UnixStream>,
    recorder: Pid,
    /// Where the listener comes from, which is looked for once the recorder has died.
    from: Option<UnixStream>,
    signals: Signals,
    /// The program's process id.
    program: Option<u32>,
    /// How the program ended, once the recorder has told.
    left: Option<i32>,
    listener: Option<OwnedFd>,
    /// The last call that the recorder heard.
    heard: &'static AtomicU64,
    /// Starts that nobody records since the recorder died.
    lost: u64,
}

impl Waiting {
    fn wait(mut self, fail: Fail) -> std::io::Result<Ended> {
        loop {
            if self.line.buffer().is_empty() {
                let line = self.line.get_ref().as_fd();
                await_any(&[Some(line), self.signals.source()], PollTimeout::NONE)?;
            }
            if let Some(pid) = self.program
                && self.signals.hand_on(pid).woken
            {
                // The recorder knows whether the program has gone on with this process.
                let _ = self.line.get_ref().write_all(WOKEN);
            }
            let line = self.line.get_ref().as_fd();
            if self.line.buffer().is_empty() && !await_any(&[Some(line)], PollTimeout::ZERO)? {
                continue;
            }
            let mut text = String::new();
            self.line.read_line(&mut text)?;
            match Word::read(&text) {
                Some(Word::NotStarted(error)) => return Err(std::io::Error::from_raw_os_error(error)),
                Some(Word::Runs(pid)) => self.program = Some(pid),
                Some(Word::Left(state)) => self.left = Some(state),
                Some(Word::Ended(state, whole)) => {
                    return Ok(Ended::Told(Outcome { status: ExitStatus::from_raw(state), whole }));
                }
                None => return self.go_on_alone(fail),
            }
        }
    }

    /// The recorder is gone: the program goes on unrecorded, or starts nothing any more.
    fn go_on_alone(mut self, fail: Fail) -> std::io::Result<Ended> {
        let Some(pid) = self.program.take() else {
            return Err(std::io::Error::other("the recorder ended before the program began"));
        };
        // Nobody is left who would stop this process with the program, or wake the program with it.
        self.signals.leave_stops();
        if proc::has_stopped(pid) {
            sys::send(Pid::from_raw(pid.cast_signed()), libc::SIGCONT);
        }
        if fail == Fail::Closed {
            // Nobody has the listener any more: the kernel refuses what it holds.
            self.from = None;
        }
        let mut is_alone = false;
        while self.left.is_none() {
            if let Some(listener) = self.from.as_ref().and_then(|from| notify::handed(from).ok().flatten()) {
                // What the recorder had heard and not answered, nobody hears any more.
                notify::let_go_on(listener.as_fd(), self.heard.load(Ordering::Relaxed));
                self.listener = Some(listener.into());
            }
            while let Some((child, state)) = notify::next_change() {
                let has_ended = libc::WIFEXITED(state) || libc::WIFSIGNALED(state);
                is_alone |= has_ended && child == self.recorder.as_raw();
                if has_ended && child.unsigned_abs() == pid {
                    self.left = Some(state);
                }
            }
            // What the recorder left became a child of this process, unless it had waited for it.
            if self.left.is_some() || (is_alone && !notify::is_child(pid)) {
                break;
            }
            let listener = self.listener.as_ref().map(AsFd::as_fd);
            await_any(&[listener, self.signals.source()], PollTimeout::from(100_u8))?;
            self.signals.hand_on(pid);
            if let Some(listener) = &self.listener {
                self.lost += let_pass(listener.as_fd())?;
            }
            if let Some(held) = self.held_at_first(pid) {
                sys::send(Pid::from_raw(held.cast_signed()), libc::SIGKILL);
                if held == pid {
                    return Err(std::io::Error::other("the recorder ended before the program began"));
                }
            }
            // Nobody is left who could ask; the kernel says so at once, and again.
            self.listener = self.listener.take().filter(|listener| !notify::is_over(listener.as_fd()));
        }
        Ok(Ended::Alone(self.left, self.lost))
    }

    /// Who is held at the first call of all, the program or a shell that it started, where the recorder died
    /// as it heard that: the kernel begins to number calls anywhere, so nobody can answer. Nothing of it
    /// has run.
    fn held_at_first(&self, pid: u32) -> Option<u32> {
        let listener = self.listener.as_ref().filter(|_| self.heard.load(Ordering::Relaxed) == 0)?;
        let mut all = std::iter::once(pid).chain(proc::children(pid));
        let held = all.find(|one| proc::waits_in(*one, libc::SYS_execve))?;
        // A call that nobody has heard can still be heard here.
        (self.lost == 0 && !notify::has_call(listener.as_fd())).then_some(held)
    }
}

/// Lets all pass that is held now; how many starts that were.
fn let_pass(listener: BorrowedFd) -> std::io::Result<u64> {
    let mut passed = 0;
    while await_any(&[Some(listener)], PollTimeout::ZERO)? {
        let Some(call) = notify::next(listener)? else { continue };
        passed += u64::from(matches!(asked(&call), Some(Asked::Start(_))));
        notify::answer(listener, call.id, None)?;
    }
    Ok(passed)
}

/// Waits until one of these can be read, or the time has passed; whether one can.
fn await_any(sources: &[Option<BorrowedFd>], limit: PollTimeout) -> std::io::Result<bool> {
    let mut list: Vec<PollFd> =
        sources.iter().flatten().map(|source| PollFd::new(*source, PollFlags::POLLIN)).collect();
    match poll(&mut list, limit) {
        Ok(_) => Ok(list.iter().filter_map(PollFd::revents).any(|events| events.contains(PollFlags::POLLIN))),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
