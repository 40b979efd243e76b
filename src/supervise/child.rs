//! The recorder's process: how it begins, and how it ends.
//!
//! What lives here: the program that it starts below itself, or the process that runs a script there,
//! and what stays when that has ended. What does not: what it answers to the kernel (`recorder`).

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::atomic::AtomicU64;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::hear::Hear;
use super::level::Level;
use super::recorder::Recorder;
use super::starts::Starts;
use super::words::{Fail, Program, Word};
use crate::files;
use crate::os::held::{self, Also, Guarded};
use crate::report;
use crate::session::Session;
use crate::sys::notify;
use crate::sys::{self, Held};

/// The sockets to the process that waits.
pub struct Lines<'a> {
    /// What is said.
    pub words: UnixStream,
    /// Where it gets the listener.
    pub listener: &'a UnixStream,
    /// Where it finds which call was heard last.
    pub heard: &'static AtomicU64,
}

/// What runs a script, in a process of its own; its exit status.
pub type Work<'a> = dyn FnMut(Starts) -> u8 + 'a;

/// The work of the recorder of a program; its exit status.
pub fn record_program<'a>(
    program: &'a Program,
    session: &'a Session,
    hear: Option<Box<dyn Hear + 'a>>,
    level: &Level,
    lines: Lines,
) -> u8 {
    let Lines { mut words, listener: to, heard } = lines;
    let is_held = *level == Level::Held;
    let ends = !notify::tells_endings();
    let also = Also { ends, files: program.files && is_held, words: hear.is_some() };
    let begun = match level {
        Level::Held => begin(program, session, to, also, hear, &mut words),
        level => begin_without(program, session, level, also, &mut words),
    };
    record(begun, Some(words), heard, program.waits)
}

/// The work of the recorder of what starts below the shell of a script; its exit status.
pub fn record_script(work: &mut Work, session: &Session, files: bool, lines: Lines) -> u8 {
    let Lines { mut words, listener: to, heard } = lines;
    let session = match session.again() {
        Ok(session) => session,
        Err(error) => {
            report::say(&format!("what starts below the script cannot be recorded: {error}"));
            let _ = Word::NotStarted(libc::ECANCELED).send(&mut words);
            return 1;
        }
    };
    let mut words = Some(words);
    let also = Also { ends: !notify::tells_endings(), files, words: false };
    let begun = begin_script(work, &session, to, also, &mut words);
    record(begun, words, heard, false)
}

/// Records until it is over, says so, and stays for what runs on.
fn record(
    begun: io::Result<Recorder>,
    words: Option<UnixStream>,
    heard: &'static AtomicU64,
    waits: bool,
) -> u8 {
    let Some(mut words) = words else { return 1 };
    let mut recorder = match begun {
        Ok(recorder) => recorder,
        Err(error) => {
            let _ = Word::NotStarted(error.raw_os_error().unwrap_or(libc::EIO)).send(&mut words);
            return 1;
        }
    };
    recorder.heard = Some(heard);
    if recorder.waits_in_front {
        // Where that fails, who is woken alone stays alone.
        let _ = recorder.listen_to_front(&words);
    }
    let mut is_told = false;
    let is_over = |recorder: &Recorder| {
        // Nobody else can be asked for it any more.
        if let Some(state) = recorder.state.filter(|_| !is_told) {
            is_told = true;
            let _ = Word::Left(state).send(&mut words);
        }
        recorder.is_over(waits)
    };
    if let Err(error) = recorder.follow(is_over) {
        recorder.say(&format!("the kernel tells no more: {}", files::words(&error)));
        recorder.unread += 1;
    }
    let state = recorder.state.unwrap_or(0xff00);
    let whole = recorder.close(state);
    // What could not become the program says why.
    let failure = recorder.held.take().filter(|_| !recorder.has_begun).and_then(Held::failure);
    let word = match failure.and_then(|failure| failure.raw_os_error()) {
        Some(error) => Word::NotStarted(error),
        None => Word::Ended(state, whole),
    };
    let _ = word.send(&mut words);
    drop(words);
    recorder.leave_front();
    // What runs on needs somebody who answers: without a listener it could start nothing.
    sys::leave_streams();
    recorder.has_closed = true;
    if recorder.is_needed() {
        let _ = recorder.follow(|_| false);
    }
    0
}

/// Leaves what the terminal sends to whoever is in front of it.
fn step_aside() {
    sys::ignore_all_signals();
    let _ = nix::unistd::setsid();
    // One descriptor is needed for each process below; those have the limit that they were given.
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
    // An orphan becomes a child of this process: its end is told, and whoever starts it stays known.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// Makes the process that runs a script.
fn begin_script<'a>(
    work: &mut Work,
    session: &'a Session,
    to: &UnixStream,
    also: Also,
    words: &mut Option<UnixStream>,
) -> io::Result<Recorder<'a>> {
    sys::hear_children();
    let (ours, theirs) = UnixStream::pair()?;
    let (line, other_line) = UnixStream::pair()?;
    let other = to.try_clone()?;
    let guarded = Guarded::here();
    let Some(child) = sys::child()? else {
        // The end of the recorder shows where nobody else has its ends.
        drop((ours, line, words.take()));
        sys::end(work(Starts::new(other_line, [theirs, other], guarded, also)));
    };
    step_aside();
    drop((theirs, other, other_line));
    let pid = child.as_raw().unsigned_abs();
    words.as_mut().map_or(Ok(()), |words| Word::Runs(pid).send(words))?;
    Recorder::of_script(session, pid, also, line, ours)
}

/// Starts the program, held at its first call that becomes another program.
fn begin<'a>(
    program: &'a Program,
    session: &'a Session,
    to: &UnixStream,
    also: Also,
    hear: Option<Box<dyn Hear + 'a>>,
    words: &mut UnixStream,
) -> io::Result<Recorder<'a>> {
    sys::hear_children();
    let (ours, theirs) = UnixStream::pair()?;
    let set = hear.as_ref().map(|hear| hear.environment()).unwrap_or_default();
    // While it is held at its first call nothing else may seem to live because of it.
    let leave = vec![words.as_raw_fd(), ours.as_raw_fd()];
    let mut command = command(program, session);
    command.envs(set);
    sys::listened(&mut command, held::filter(Guarded::here(), also), [theirs, to.try_clone()?], leave);
    let mut held = sys::hold(&mut command)?;
    step_aside();
    let pid = held.pid().as_raw().unsigned_abs();
    let begun = Recorder::of_program(program, session, pid, also, Level::Held).and_then(|recorder| {
        Word::Runs(pid).send(words)?;
        held.release()?;
        Ok((recorder, notify::handed(&ours)?))
    });
    match begun {
        Ok((mut recorder, Some(listener))) => {
            recorder.listen(listener.into())?;
            (recorder.held, recorder.hear) = (Some(held), hear);
            Ok(recorder)
        }
        Ok((mut recorder, None)) => {
            // It has no filter, so it runs nothing.
            let failure = held.failure().unwrap_or_else(|| io::ErrorKind::Other.into());
            recorder.state = Some(0x7f00);
            recorder.close(0x7f00);
            Err(failure)
        }
        Err(error) => {
            held.forget();
            Err(error)
        }
    }
}

/// Starts the program without a filter. This process follows what starts below it, or sees none of it.
fn begin_without<'a>(
    program: &'a Program,
    session: &'a Session,
    level: &Level,
    also: Also,
    words: &mut UnixStream,
) -> io::Result<Recorder<'a>> {
    sys::hear_children();
    let mut command = command(program, session);
    let mut held = sys::hold(&mut command)?;
    step_aside();
    let pid = held.pid().as_raw().unsigned_abs();
    let begun = Recorder::of_program(program, session, pid, also, level.clone()).and_then(|recorder| {
        if matches!(level, Level::Followed(_)) {
            notify::follow_all(held.pid(), program.fail == Fail::Closed)?;
        }
        Word::Runs(pid).send(words)?;
        held.release()?;
        Ok(recorder)
    });
    match begun {
        Ok(mut recorder) => {
            recorder.held = Some(held);
            Ok(recorder)
        }
        Err(error) => {
            held.forget();
            Err(error)
        }
    }
}

/// The program, as it is to be started.
fn command(program: &Program, session: &Session) -> Command {
    let mut command = Command::new(&program.path);
    if let Some((name, words)) = program.words.split_first() {
        command.arg0(name).args(words);
    }
    session.tell(&mut command);
    sys::keep_signals(&mut command);
    sys::keep_closed(&mut command);
    command
}
