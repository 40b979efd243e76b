//! The recorder: the parent of the program, which holds each start below it until it is recorded.
//!
//! What lives here: what it answers to what the kernel tells it, and to what it is told by who runs a
//! script. What does not: how it begins and ends (`child`), the processes as they are known (`tree`),
//! the records (`records`).
//!
//! Rules: one thread; nothing but the answer to a held process may make that process wait. What cannot
//! be recorded is counted, and said once.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::resource::{Resource, getrlimit};

use super::hear::Hear;
use super::level::Level;
use super::records::By;
use super::touches::AllTouches;
use super::tree::{Start, Tree};
use super::units::Units;
use super::words::{Fail, Program, WAIT_MS};
use super::{agent, records};
use crate::clock::Deadline;
use crate::collect;
use crate::fact::process::{End, SeenBy};
use crate::journal::append::Writer;
use crate::lock;
use crate::os::held::{self, Also, Asked, Guarded};
use crate::os::signals::Children;
use crate::os::touch::{self, Row};
use crate::record::{self, CloseReason};
use crate::report;
use crate::session::birth::{self, Shell};
use crate::session::{Result, Session, close, shells};
use crate::sys::Held;
use crate::sys::notify::{self, Call};
use crate::text::quoted;

/// How many ends are recorded at once.
const ENDS_MAX: usize = 64;
/// How long an end waits for others, in milliseconds.
const ENDS_WAIT_MS: u16 = 500;
/// How long a process that has ended is waited for by its parent, once none is left that runs; and how
/// often that is looked at, in milliseconds.
pub(super) const REAPED: Duration = Duration::from_secs(1);
const REAPED_LOOK_MS: u16 = 20;
/// How often it is looked at who waits or has stopped, in milliseconds.
const LOOK_MS: u16 = 50;
/// What is waited for, by the number that the kernel gives back; from the sixth on process ids.
const LISTENER: u64 = 0;
const CHILDREN: u64 = 1;
const NOTES: u64 = 2;
const LISTENERS: u64 = 3;
const FRONT: u64 = 4;
pub(super) const PROCESSES: u64 = 5;

/// What records the starts below a program, or below the shell of a script.
pub struct Recorder<'a> {
    pub(super) session: &'a Session,
    pub(super) fail: Fail,
    /// The record of the shell that starts are below, once there is one.
    pub(super) shell: Option<u64>,
    /// This process, and who waits for it.
    pub(super) guarded: Guarded,
    /// The program, or who runs the script.
    pub(super) root: u32,
    /// Whether who waits stands for the program, for the terminal and for who runs it.
    pub(super) waits_in_front: bool,
    /// Where who waits says that it was woken.
    pub(super) front: Option<UnixStream>,
    /// Who waits was told to stop, and has not said since that it was woken.
    pub(super) front_rests: bool,
    /// That the program has stopped.
    pub(super) rest: Option<Rest>,
    /// By what starts are seen.
    pub(super) level: Level,
    pub(super) by: By,
    /// What is touched, if that was asked for.
    pub(super) touches: Option<AllTouches>,
    /// What hears the shells below, if that was asked for.
    pub hear: Option<Box<dyn Hear + 'a>>,
    /// Who runs a script in a shell, and tells of it.
    pub(super) script: Option<Script>,
    pub(super) listener: Option<OwnedFd>,
    pub(super) poll: Epoll,
    pub(super) children: Children,
    pub(super) tree: Tree,
    /// Threads that are followed until they become another program, and of which process each is.
    pub(super) followed: HashMap<u32, u32>,
    /// Calls that wait until another thread of their process has become a program, or has not; and how long.
    pub(super) waiting: Vec<(Call, Deadline)>,
    /// The program, until it has begun.
    pub held: Option<Held>,
    /// Something became the program that it asked for.
    pub has_begun: bool,
    /// How the program ended, as wait(2) codes it.
    pub state: Option<i32>,
    /// Where it says which call it heard last, for who takes its place.
    pub heard: Option<&'static AtomicU64>,
    /// How many descriptors this process may have.
    pub(super) descriptors: u64,
    /// Starts that are in no record, although they have a number.
    pub(super) lost: u64,
    /// Starts of which nothing could be read.
    pub unread: u64,
    pub(super) reached: u64,
    pub(super) has_said: bool,
    /// Until when those are waited for that have ended, once no process is left that could ask.
    pub(super) alone: Option<Deadline>,
    /// Nothing is recorded any more.
    pub has_closed: bool,
}

/// What was seen of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// What was asked for; the process has become a program, and has not run anything of it.
    Asked,
    /// What it has become.
    Became,
    /// What was asked for; nobody sees whether the start takes place.
    Nobody,
}

/// The program has stopped.
pub(super) struct Rest {
    /// Until when it may be that all were stopped with it.
    pub(super) until: Deadline,
    /// Who waits was stopped, too, or needed not to be.
    pub(super) is_told: bool,
}

/// Who runs a script in a shell.
pub(super) struct Script {
    /// What it tells, and where it is answered.
    pub(super) line: UnixStream,
    /// What it has told of a line that goes on.
    pub(super) begun: Vec<u8>,
    /// Where the shell's listener comes from.
    pub(super) listeners: UnixStream,
    /// Starts from before the shell has a record.
    pub(super) early: Vec<(Start, bool)>,
    /// Whether every start was recorded, once the shell has ended.
    pub(super) whole: Option<bool>,
}

impl<'a> Recorder<'a> {
    /// The recorder of a program, which opens a shell of its own for it.
    pub fn of_program(
        program: &Program,
        session: &'a Session,
        root: u32,
        also: Also,
        level: Level,
    ) -> io::Result<Recorder<'a>> {
        let text: Vec<String> = program.words.iter().map(|word| quoted(word)).collect();
        let shell = Shell {
            program: record::Program::Run,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: u64::from(std::process::id()),
            native: 0,
            hook: "0".repeat(16),
            typed: false,
            workdir: shells::workdir(),
            history: Vec::new(),
        };
        let agent = program.author.as_ref().map(|author| agent::seen(author, &program.path));
        let joined = birth::join(session, &shell).and_then(|head| {
            let shell = head.size - 1;
            session.with_writer_waiting(WAIT_MS, |writer| {
                records::start(writer, shell, text.join(" "))?;
                agent.iter().try_for_each(|agent| records::seen(writer, shell, agent))
            })?;
            Ok(shell)
        });
        let shell = joined.map_err(|error| {
            report::say(&format!("this program cannot be recorded: {error}"));
            io::Error::from(Errno::ECANCELED)
        })?;
        let mut recorder = Recorder::new(session, root, also, program.fail, level)?;
        recorder.waits_in_front = true;
        recorder.shell = Some(shell);
        recorder.tree.units = Units::of_program(records::N);
        Ok(recorder)
    }

    /// The recorder of what starts below the shell of a script, beside the process `root` that runs it
    /// and tells of it on this line.
    pub fn of_script(
        session: &'a Session,
        root: u32,
        also: Also,
        line: UnixStream,
        listeners: UnixStream,
    ) -> io::Result<Recorder<'a>> {
        let mut recorder = Recorder::new(session, root, also, Fail::Open, Level::Held)?;
        line.set_nonblocking(true)?;
        recorder.poll.add(&line, EpollEvent::new(EpollFlags::EPOLLIN, NOTES))?;
        recorder.poll.add(&listeners, EpollEvent::new(EpollFlags::EPOLLIN, LISTENERS))?;
        let script = Script { line, begun: Vec::new(), listeners, early: Vec::new(), whole: None };
        recorder.script = Some(script);
        Ok(recorder)
    }

    fn new(session: &'a Session, root: u32, also: Also, fail: Fail, level: Level) -> io::Result<Self> {
        // Where it cannot be kept open, each record says why.
        let _ = session.keep_open();
        let poll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let children = Children::hear()?;
        poll.add(&children, EpollEvent::new(EpollFlags::EPOLLIN, CHILDREN))?;
        // What attesh keeps is no file of the user.
        let state = session.state_folder().ok().map(|folder| folder.path().to_owned());
        let own = state.into_iter().chain([session.folder().path().to_owned()]);
        Ok(Recorder {
            session,
            fail,
            shell: None,
            guarded: Guarded::here(),
            root,
            waits_in_front: false,
            front: None,
            front_rests: false,
            rest: None,
            by: By { starts: level.seen_by(), handle: !also.ends },
            level,
            touches: also.files.then(|| AllTouches::new(own)),
            hear: None,
            script: None,
            listener: None,
            poll,
            children,
            tree: Tree::default(),
            followed: HashMap::new(),
            waiting: Vec::new(),
            heard: None,
            descriptors: getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(now, _)| now),
            held: None,
            has_begun: false,
            state: None,
            lost: 0,
            unread: 0,
            reached: 0,
            has_said: false,
            alone: None,
            has_closed: false,
        })
    }

    /// From here on who waits says there when it was woken.
    pub fn listen_to_front(&mut self, line: &UnixStream) -> io::Result<()> {
        let line = line.try_clone()?;
        self.poll.add(&line, EpollEvent::new(EpollFlags::EPOLLIN, FRONT))?;
        self.front = Some(line);
        Ok(())
    }

    /// Nobody waits any more.
    pub fn leave_front(&mut self) {
        self.waits_in_front = false;
        if let Some(line) = self.front.take() {
            let _ = self.poll.delete(&line);
        }
    }

    /// From here on the kernel tells of what it holds there.
    pub fn listen(&mut self, listener: OwnedFd) -> io::Result<()> {
        self.alone = None;
        self.poll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
        self.listener = Some(listener);
        Ok(())
    }

    /// Whether what runs on needs it.
    pub fn is_needed(&self) -> bool {
        self.listener.is_some() || (self.by.starts == SeenBy::Trace && notify::has_children())
    }

    /// Whether the program has ended and, with `waits`, everything below it.
    pub fn is_over(&self, waits: bool) -> bool {
        let is_told = || self.tree.is_empty() || self.alone.is_some_and(|deadline| deadline.left().is_zero());
        self.state.is_some() && (!waits || (self.alone.is_some() && is_told()))
    }

    /// Answers what comes, until it is over or no process is left that could ask.
    pub fn follow(&mut self, mut is_over: impl FnMut(&Self) -> bool) -> io::Result<()> {
        let mut events = [EpollEvent::empty(); 64];
        self.hear_changes();
        loop {
            // Without a listener nobody is left to be seen where no child is.
            if self.level != Level::Held && self.alone.is_none() && !notify::has_children() {
                self.alone = Some(Deadline::after(Duration::ZERO));
            }
            if is_over(self) || (self.alone.is_some() && self.state.is_some() && self.has_closed) {
                return Ok(());
            }
            self.session.look_ahead();
            let has_ends = !self.tree.ends.is_empty() && !self.has_closed;
            let is_calm = self.waiting.is_empty() && self.rest.as_ref().is_none_or(|rest| rest.is_told);
            let limit = match (self.alone, has_ends, is_calm) {
                (Some(_), _, _) => EpollTimeout::from(REAPED_LOOK_MS),
                (None, _, false) => EpollTimeout::from(LOOK_MS),
                (None, true, true) => EpollTimeout::from(ENDS_WAIT_MS),
                (None, false, true) => EpollTimeout::NONE,
            };
            let count = match self.poll.wait(&mut events, limit) {
                Err(Errno::EINTR) => continue,
                count => count?,
            };
            // A change of a child comes before what the same child does next, and so does what was told
            // of the shell.
            if count == 0 || events[..count].iter().any(|event| event.data() == CHILDREN) {
                self.hear_changes();
            }
            self.look_at_rest();
            self.hear_notes();
            for (call, until) in std::mem::take(&mut self.waiting) {
                if self.is_held(&call) {
                    self.hear(&call, Some(until))?;
                }
            }
            for event in &events[..count] {
                match event.data() {
                    LISTENER => self.hear_call(event.events())?,
                    CHILDREN | NOTES => {}
                    LISTENERS => self.hear_listener()?,
                    FRONT => self.hear_front(),
                    process => self.ended(u32::try_from(process - PROCESSES).unwrap_or_default(), None),
                }
            }
            if !self.has_closed && (count == 0 || self.tree.ends.len() >= ENDS_MAX) {
                self.write(0, |_, _| Ok(()));
            }
        }
    }

    /// A call at which a process is held.
    fn hear_call(&mut self, events: EpollFlags) -> io::Result<()> {
        let Some(listener) = self.listener.as_ref() else { return Ok(()) };
        if !events.contains(EpollFlags::EPOLLIN) {
            self.alone = Some(Deadline::after(REAPED));
            self.poll.delete(listener)?;
            return Ok(());
        }
        match notify::next(listener.as_fd())? {
            Some(call) => {
                if let Some(heard) = self.heard {
                    heard.store(call.id, Ordering::Relaxed);
                }
                self.hear(&call, None)
            }
            None => Ok(()),
        }
    }

    fn hear(&mut self, call: &Call, until: Option<Deadline>) -> io::Result<()> {
        let mut asked = None;
        let refused = match held::asked(call) {
            // What has come to its end may still be sealed.
            Some(Asked::Reach(name)) => self.reach(call, name),
            Some(Asked::Send(descriptor)) => self.sends(call, descriptor),
            _ if self.has_closed => None,
            Some(Asked::Start(place)) => match self.start(call, &place, until, &mut asked) {
                Some(answer) => answer,
                None => return Ok(()),
            },
            Some(Asked::End(status)) => {
                if let Ok(kin) = held::kin(call.thread) {
                    self.tree.tells(kin.process, status);
                }
                None
            }
            Some(Asked::Touch(row)) => match self.word(call, row)? {
                Some(answer) => answer,
                None => return Ok(()),
            },
            None => None,
        };
        let Some(listener) = self.listener.as_ref() else { return Ok(()) };
        notify::answer(listener.as_fd(), call.id, refused)?;
        if let Some(process) = asked {
            self.prepare(process);
        }
        Ok(())
    }

    pub(super) fn is_held(&self, call: &Call) -> bool {
        self.listener.as_ref().is_some_and(|listener| notify::is_held(listener.as_fd(), call.id))
    }

    /// A process is to make, change or remove what a name leads to: lets it, and keeps the names.
    pub(super) fn touch(&mut self, call: &Call, row: &Row) -> io::Result<()> {
        let read = || -> io::Result<_> {
            let names = touch::names(call.thread, row, call.arguments)?;
            let whose = match self.tree.whose(call.thread) {
                Some(whose) => whose,
                None => self.tree.whose_below(held::kin(call.thread)?),
            };
            Ok((names, whose))
        };
        let read = read();
        let (Some(touches), Some(listener)) = (self.touches.as_mut(), self.listener.as_ref()) else {
            return Ok(());
        };
        if let Ok((names, (_, when))) = &read
            && let [from, to] = &names[..]
            && row.moves
            && from.state.is_some_and(|state| state.is_folder)
        {
            // What the new names lead to now is looked at before they lead elsewhere.
            if !notify::is_held(listener.as_fd(), call.id) {
                return Ok(());
            }
            touches.moves(*when, &from.path, &to.path);
        }
        if !notify::answer(listener.as_fd(), call.id, None)? {
            return Ok(());
        }
        match read {
            Ok((names, (by, when))) => {
                names.into_iter().for_each(|name| touches.touch(when, by, name));
            }
            // The call fails, too.
            Err(error) if error.raw_os_error() == Some(libc::EFAULT) => {}
            Err(_) => touches.lose(self.tree.units.now),
        }
        Ok(())
    }

    /// Records what was touched so far.
    pub(super) fn write_touched(&mut self, last: bool) {
        let Some(touches) = self.touches.as_mut() else { return };
        for (when, seen) in if last { touches.take_last() } else { touches.take() } {
            self.write(0, |writer, shell| records::touched(writer, shell, when, &seen));
        }
    }

    /// A process has ended: its parent knows, or it is a child of this one.
    pub(super) fn ended(&mut self, pid: u32, state: Option<i32>) {
        self.tells_end(pid, state);
        let left = self.tree.ended(pid, state);
        self.write_left(left);
    }

    /// Records starts of which the end is already known.
    pub(super) fn write_left(&mut self, left: impl IntoIterator<Item = Start>) {
        for start in left {
            if !self.has_closed {
                self.write_start(&start, false);
            }
        }
    }

    /// Records a start; whether it was written. Of one that was not, nothing else is told.
    pub(super) fn write_start(&mut self, start: &Start, unsure: bool) -> bool {
        let is_written = self.write(1, |writer, shell| records::process(writer, shell, start, unsure));
        if !is_written {
            self.tree.unrecorded(start.numbers.id);
        }
        is_written
    }

    /// Says once that not every start is recorded.
    pub fn say(&mut self, what: &str) {
        if !std::mem::replace(&mut self.has_said, true) && !self.has_closed {
            report::say(&format!("not every start is recorded: {what}"));
        }
    }

    pub(super) fn anomaly(&mut self, what: &str, detail: &str) {
        if self.has_closed {
            return;
        }
        self.write(0, |writer, _| records::anomaly(writer, what, detail));
    }

    /// Writes ends that are known, and this; whether it was written. An end stands behind its start, so
    /// that with starts none is written: it may be that of one of them.
    pub(super) fn write(&mut self, starts: u64, work: impl FnOnce(&mut Writer, u64) -> Result<()>) -> bool {
        let Some(shell) = self.shell else {
            self.lost += starts;
            return false;
        };
        let (ends, now) = (&self.tree.ends, self.tree.units.now);
        let are_ends = starts == 0;
        lock::begin_anew();
        let done = self.session.with_writer_waiting(WAIT_MS, |writer| {
            if are_ends {
                records::ends(writer, shell, now, ends)?;
            }
            work(writer, shell)
        });
        match done {
            Ok(()) => {
                if are_ends {
                    self.tree.ends.clear();
                }
                true
            }
            Err(error) => {
                self.lost += starts;
                self.say(&error.to_string());
                false
            }
        }
    }

    /// The program has ended: closes what was opened. Whether every start is recorded.
    pub fn close(&mut self, state: i32) -> bool {
        if let Some(script) = &self.script {
            return script.whole.unwrap_or_else(|| self.close_script());
        }
        let are_lines_whole = self.close_told();
        let (count, by) = self.count();
        let (why, status) = match End::of_state(state) {
            End::Signal(signal) => (CloseReason::Signal, 128 + signal),
            End::Exit(status) => (CloseReason::Exit, status),
            _ => (CloseReason::Unknown, u8::MAX),
        };
        let (session, collected) = (self.session, collect::at_last(self.session, collect::IN_A_JOB));
        let when = self.tree.units.now;
        let level = self.level.clone();
        let is_written = self.write(0, |writer, shell| {
            match level {
                Level::Held | Level::Followed(_) => records::count(writer, shell, when, &count, by, None)?,
                level => level.tell_when(writer, shell, when, by.handle)?,
            }
            records::finish(writer, shell, status)?;
            close::close_shell(writer, shell, why, Some(status), Some(1), shells::workdir())?;
            close::end_without_shells(session, writer, &|writer| collected.append(writer))
        });
        is_written && count.lost == 0 && are_lines_whole
    }
}
