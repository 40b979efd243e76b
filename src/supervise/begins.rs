//! A process below that is to become another program.
//!
//! What lives here: what is read of it when it asks, who is followed until it has become that, and what
//! it has become. What does not: how the kernel asks (`recorder`), the records (`records`).
//!
//! Rules: what a start is recorded by is looked at where the process stands still. Of the threads of a
//! process one is followed at a time: the kernel has a thread that becomes a program wait until the
//! others are gone, and who is about to follow one of these wait for that thread.

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use nix::sys::epoll::{EpollEvent, EpollFlags};

use super::recorder::{PROCESSES, Recorder, Sight};
use super::records;
use super::words::Fail;
use crate::clock::Deadline;
use crate::files;
use crate::os::held::{self, Place, Wanted};
use crate::os::{exec, proc};
use crate::sys::notify::{self, Call};
use crate::text::visible;

/// How many bytes of words stand in the detail of an anomaly.
const DETAIL_MAX: usize = 400;
/// How long a thread waits for another one of its process, which the kernel may keep from stopping, such as
/// for a child that has its memory. Then nobody sees what the one that waited becomes.
const WAITS: Duration = Duration::from_millis(100);

/// How many descriptors stay free for reading what a process is to become. Of a process without one nobody
/// tells how it ended, unless it is a child of the recorder.
const DESCRIPTORS_SPARE: u64 = 16;

impl Recorder<'_> {
    /// A process is to become another program: records that. The answer is the error with which it is
    /// refused, if it is; none is needed if the process is gone, or is to wait. One that has waited already
    /// waits until then.
    pub(super) fn start(
        &mut self,
        call: &Call,
        place: &Place,
        until: Option<Deadline>,
        asked: &mut Option<u32>,
    ) -> Option<Option<i32>> {
        let read = || {
            let ((kin, handle), folder) = (held::look_at(call.thread)?, held::folder(call.thread)?);
            let wanted = match held::wanted(call.thread, place) {
                // The kernel may find there what was not there now: another thread can put it there.
                Err(error)
                    if matches!(
                        error.raw_os_error(),
                        Some(libc::EFAULT | libc::EIO | libc::ENOENT | libc::EBADF)
                    ) =>
                {
                    Wanted::default()
                }
                wanted => wanted?,
            };
            Ok((kin, handle, wanted, folder))
        };
        let read: io::Result<_> = read();
        if !self.is_held(call) {
            return None;
        }
        let (kin, handle, wanted, folder) = match read {
            Ok(read) => read,
            Err(error) => {
                self.cannot_read(call.thread, &error);
                return Some(self.refusal());
            }
        };
        let is_late = until.is_some_and(|until| until.left().is_zero());
        if self.waits_for_another(call.thread, kin.process) && !is_late {
            self.waiting.push((*call, until.unwrap_or_else(|| Deadline::after(WAITS))));
            return None;
        }
        if self.script.is_some() && self.tree.units.is_new() {
            // The first that a new listener tells of is the shell itself.
            let orphans = self.has_orphans(Some(kin.process));
            self.tree.units.begin(kin.process, orphans);
        }
        // Who would follow it now could wait for ever for the other one.
        let followed = !is_late && notify::follow(call.thread);
        if followed {
            self.followed.insert(call.thread, kin.process);
        } else if !self.is_held(call) {
            // Another thread of its process became a program meanwhile, so this one ends.
            return None;
        }
        let (is_new, left) = self.tree.asks(kin, wanted, folder);
        self.write_left(left);
        if is_new
            && let Some(handle) = handle.or_else(|| notify::process(kin.process).ok())
            && u64::from(handle.as_raw_fd().unsigned_abs()) + DESCRIPTORS_SPARE < self.descriptors
        {
            // One that tells how it ended does so when its parent has waited for it.
            let wait = if self.by.handle { EpollFlags::empty() } else { EpollFlags::EPOLLIN };
            let _ = self.poll.add(&handle, EpollEvent::new(wait, PROCESSES + u64::from(kin.process)));
            self.tree.hold(kin.process, handle);
        }
        // Who is followed stops before it runs anything of the new program, and is recorded there: what
        // the kernel took, and nothing that it refused. Of the shell of a script who follows that tells.
        // If somebody else follows this one, nobody tells this process what becomes of it.
        *asked = Some(kin.process).filter(|_| followed);
        let is_told = followed || self.follows(call.thread) || self.tree.units.is_shell(kin.process);
        let is_written = is_told || self.began(kin.process, Sight::Nobody);
        Some(if is_written { None } else { self.refusal() })
    }

    /// Whether another thread of a process is about to become a program, or may be. That one stops when it
    /// did not, and is let go.
    fn waits_for_another(&mut self, thread: u32, process: u32) -> bool {
        let others = |(other, of): &(&u32, &u32)| **other != thread && **of == process;
        let others: Vec<u32> = self.followed.iter().filter(others).map(|(other, _)| *other).collect();
        others.into_iter().any(|other| self.interrupts(other))
    }

    /// Stops a thread that is followed; false if it is not followed any more.
    fn interrupts(&mut self, thread: u32) -> bool {
        let is_followed = notify::interrupt(thread);
        if !is_followed {
            self.followed.remove(&thread);
        }
        is_followed
    }

    /// Whether a thread is followed that asked before. Another one may have its number since.
    fn follows(&mut self, thread: u32) -> bool {
        let is_followed = self.followed.contains_key(&thread)
            && proc::tracer(thread).is_ok_and(|tracer| tracer == std::process::id());
        if !is_followed {
            self.followed.remove(&thread);
        }
        is_followed
    }

    /// A start by a process of which nothing can be read.
    pub(super) fn cannot_read(&mut self, process: u32, error: &io::Error) {
        self.unread += 1;
        let detail = format!("a start by process {process}: {}", files::words(error));
        self.anomaly("start-unread", &detail);
        self.say(&detail);
    }

    /// While the kernel has a process become a program: makes the record of that. Nothing is looked up by
    /// the name: what answers that may itself wait for this process.
    pub(super) fn prepare(&mut self, process: u32) {
        let Some(masker) = self.session.known_masker() else { return };
        let made = self
            .tree
            .prepare(process, |numbers, wanted, folder| records::texts(masker, numbers, wanted, folder));
        if let Some((when, texts)) = made
            && let Some(shell) = self.shell
        {
            records::make_ready(self.session, shell, when, texts);
        }
    }

    fn refusal(&self) -> Option<i32> {
        (self.fail == Fail::Closed).then_some(libc::EPERM)
    }

    /// A process became the program that it asked for, and has not run anything of it; or it is about to,
    /// and nobody will tell. Whether that is recorded.
    pub(super) fn began(&mut self, pid: u32, sight: Sight) -> bool {
        if self.has_closed {
            return true;
        }
        let Some(mut start) = self.tree.became(pid) else { return true };
        self.has_begun = true;
        let became = match sight {
            Sight::Asked => became(pid, &start.wanted),
            Sight::Became => Became::Asked,
            Sight::Nobody => Became::Unknown,
        };
        let unsure = matches!(became, Became::Unknown);
        if let Became::Other(other) = became {
            let shown = |wanted: &Wanted| {
                let words = &wanted.words[..wanted.words.len().min(DETAIL_MAX)];
                format!("{} {}", visible(&wanted.path), visible(words))
            };
            let detail = format!("start {} was asked for as {}", start.numbers.id, shown(&start.wanted));
            self.anomaly("start-changed", &detail);
            (start.wanted, start.texts) = (other, None);
        }
        if sight == Sight::Asked
            && let Ok(folder) = held::folder(pid)
            && self.tree.moves(pid, &folder)
        {
            let detail = format!("start {} was asked for in another folder", start.numbers.id);
            self.anomaly("start-changed", &detail);
            (start.folder, start.texts) = (Some(folder), None);
        }
        if self.shell.is_none()
            && let Some(script) = self.script.as_mut()
        {
            script.early.push((start, unsure));
            return true;
        }
        self.write_start(&start, unsure)
    }
}

/// What a process has become, against what was read when it asked for it.
enum Became {
    /// That.
    Asked,
    /// Another program, or with other words.
    Other(Wanted),
    /// A program that nobody may look at.
    Unknown,
}

fn became(pid: u32, wanted: &Wanted) -> Became {
    // One that is killed meanwhile has run nothing of it, whatever it was.
    let unknown = || if proc::is_ending(pid) { Became::Asked } else { Became::Unknown };
    let Ok(words) = held::words(pid) else { return unknown() };
    let is_same = |asked: &[u8]| match wanted.cut {
        // Of both the first bytes are known.
        true => {
            let known = words.len().min(asked.len() - 1);
            known + 1 >= asked.len().min(held::WORDS_MAX) && words[..known] == asked[..known]
        }
        // An empty list of arguments has one empty word.
        false => words == asked || (asked.is_empty() && words == [0]),
    };
    let as_asked =
        is_same(&wanted.words) || is_same(&exec::words_of(pid, &wanted.path, &wanted.name, &wanted.words));
    let running = proc::path_of_program(pid).map(|path| path.into_os_string().into_vec());
    // The descriptor may be another one when its path and its file are read.
    let has_path = running.as_ref().is_ok_and(|path| *path == wanted.path);
    // Of a script the interpreter runs.
    let is_it = match wanted.file {
        Some(file) if exec::is_file(pid, file) && has_path => Ok(true),
        _ => exec::is_program_of(pid, &wanted.path),
    };
    match (is_it, running) {
        (Ok(true), _) if as_asked => Became::Asked,
        (Ok(_), Ok(path)) => Became::Other(Wanted { path, words, ..wanted.clone() }),
        _ => unknown(),
    }
}
