//! What shells below a program tell of themselves (`attesh run --lines`).
//!
//! What lives here: who told it by the kernel's word, and how that is answered. What does not: what is
//! told, and what is recorded of it (`Hear`).
//!
//! Rules: a shell tells by opening a name that nothing can have, which the filter holds: the kernel says
//! which process that is, nothing has to be inherited, and the shell waits for the answer. What is no
//! word of a shell is a name like any other.

use std::os::fd::AsFd as _;

use super::hear::Answer;
use super::recorder::Recorder;
use crate::os::touch::{self, Row};
use crate::os::{held, memory, proc};
use crate::sys::notify::{self, Call};

/// Whether the parent of a shell is another process of this program, such as `attesh sh`, which records
/// the shell itself; one that cannot be looked at may be.
fn is_recorded_by(parent: u32) -> bool {
    let own = std::process::id();
    let path = || proc::path_of_program(own).ok();
    parent != own
        && match proc::path_of_program(parent) {
            Ok(other) => path() == Some(other),
            // It keeps keys, as this process does.
            Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
        }
}

impl Recorder<'_> {
    /// A process is to open a name: a word of a shell, or what is touched. The answer is as that to a
    /// start.
    pub(super) fn word(&mut self, call: &Call, row: &Row) -> std::io::Result<Option<Option<i32>>> {
        let word = match self.hear.is_some() {
            true => touch::word(call.thread, row, call.arguments).ok().flatten(),
            false => None,
        };
        let Some(word) = word else {
            if self.touches.is_some() {
                return self.touch(call, row).map(|()| None);
            }
            return Ok(Some(None));
        };
        let read = held::kin(call.thread).and_then(|kin| Ok((kin, held::folder(call.thread)?)));
        if !self.is_held(call) {
            return Ok(None);
        }
        let (Some(hear), Some(listener), Ok((kin, folder))) = (self.hear.as_mut(), &self.listener, read)
        else {
            return Ok(Some(Some(libc::ENOENT)));
        };
        let answer = match word.starts_with(b"B ") && is_recorded_by(kin.parent) {
            true => Answer::Nobody,
            false => hear.hear(kin.process, folder, &word),
        };
        let file = match answer {
            Answer::Text(text) => memory::sealed(&text).ok(),
            Answer::Place(file) => Some(file),
            Answer::Nobody => return Ok(Some(Some(libc::ENOENT))),
        };
        if file.is_some_and(|file| notify::give(listener.as_fd(), call.id, file.as_fd()).is_ok()) {
            return Ok(None);
        }
        hear.unanswered(kin.process);
        Ok(Some(Some(libc::ENOENT)))
    }

    /// A process has ended: it may be a shell that told of itself.
    pub(super) fn tells_end(&mut self, pid: u32, state: Option<i32>) {
        if self.hear.is_some()
            && !self.has_closed
            && let Some(end) = self.tree.end_of(pid, state)
            && let Some(hear) = self.hear.as_mut()
        {
            hear.ended(pid, end);
        }
    }

    /// Nothing is heard any more. Whether all is recorded that was told.
    pub(super) fn close_told(&mut self) -> bool {
        // The end of some may not have been heard yet.
        let living = self.hear.as_ref().map(|hear| hear.living()).unwrap_or_default();
        for pid in living.into_iter().filter(|pid| self.tree.has_ended(*pid)).collect::<Vec<_>>() {
            self.tells_end(pid, None);
        }
        self.hear.as_mut().is_none_or(|hear| hear.over())
    }
}
