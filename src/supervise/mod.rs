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

mod recorder;
mod records;
mod tree;
mod words;

use std::io::{BufRead as _, BufReader};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::os::held::{Asked, asked};
use crate::os::proc;
use crate::os::signals::Signals;
use crate::session::Session;
use crate::sys::{self, notify};

use words::Word;
pub use words::{Fail, Program};

/// What became of the program and of its recording.
#[derive(Debug)]
pub struct Outcome {
    /// How the program ended.
    pub status: ExitStatus,
    /// Whether every start is recorded.
    pub whole: bool,
}

/// Runs a program in this session, and records it.
///
/// # Errors
/// It could not be started: nothing of it ran.
pub fn run(program: &Program, session: &Session) -> std::io::Result<Outcome> {
    let (ours, theirs) = UnixStream::pair()?;
    let (line, recorder) = {
        let theirs = &theirs;
        sys::beside(|to| recorder::work(program, session, recorder::Lines { words: to, listener: theirs }))?
    };
    drop(theirs);
    let signals = Signals::take();
    let line = BufReader::new(line);
    let outcome =
        Waiting { line, from: ours, signals, program: None, listener: None, lost: 0 }.wait(program.fail);
    // A recorder that stays for what runs on in the background is not waited for.
    let _ = sys::wait_for(recorder, false);
    outcome
}

/// The process that waits for the program.
struct Waiting {
    /// What the recorder says.
    line: BufReader<UnixStream>,
    /// Where the listener comes from.
    from: UnixStream,
    signals: Signals,
    /// The program's process id.
    program: Option<(u32, OwnedFd)>,
    listener: Option<OwnedFd>,
    /// Starts that nobody records since the recorder died.
    lost: u64,
}

impl Waiting {
    fn wait(mut self, fail: Fail) -> std::io::Result<Outcome> {
        loop {
            if self.line.buffer().is_empty() {
                let line = self.line.get_ref().as_fd();
                await_any(&[Some(line), self.signals.source()], PollTimeout::NONE)?;
            }
            if let Some((pid, _)) = &self.program {
                self.signals.hand_on(*pid);
            }
            let line = self.line.get_ref().as_fd();
            if self.line.buffer().is_empty() && !await_any(&[Some(line)], PollTimeout::ZERO)? {
                continue;
            }
            let mut text = String::new();
            self.line.read_line(&mut text)?;
            match Word::read(&text) {
                Some(Word::NotStarted(error)) => return Err(std::io::Error::from_raw_os_error(error)),
                Some(Word::Runs(pid)) => {
                    self.program = Some((pid, notify::process(pid)?));
                    self.listener = notify::handed(&self.from)?.map(OwnedFd::from);
                }
                Some(Word::Ended(state, whole)) => {
                    return Ok(Outcome { status: ExitStatus::from_raw(state), whole });
                }
                None => return self.go_on_alone(fail),
            }
        }
    }

    /// The recorder is gone: the program goes on unrecorded, or starts nothing any more.
    fn go_on_alone(mut self, fail: Fail) -> std::io::Result<Outcome> {
        let Some((pid, process)) = self.program.take() else {
            return Err(std::io::Error::other("the recorder ended before the program began"));
        };
        if fail == Fail::Closed {
            self.listener = None;
        }
        loop {
            let listener = self.listener.as_ref().map(AsFd::as_fd);
            await_any(&[Some(process.as_fd()), listener, self.signals.source()], PollTimeout::from(100_u8))?;
            self.signals.hand_on(pid);
            if let Some(listener) = &self.listener {
                self.lost += let_pass(listener.as_fd())?;
            }
            // Who took the program over waits for it.
            if let Some(state) = notify::ending(process.as_fd()) {
                return Ok(Outcome { status: ExitStatus::from_raw(state), whole: false });
            }
            if await_any(&[Some(process.as_fd())], PollTimeout::ZERO)?
                && proc::stat(pid.into()).is_ok_and(|stat| stat.is_none())
            {
                return Ok(Outcome { status: ExitStatus::from_raw(0xff00), whole: false });
            }
        }
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
