//! What the recorder does with what it is told of the shell of a script.
//!
//! What lives here: the notes of the process that runs the script, and the end of that. What does not:
//! what the kernel tells (`recorder`), the notes themselves (`starts`).

use std::io::{self, Read as _, Write as _};

use super::recorder::{Recorder, Sight};
use super::records;
use super::starts::Note;
use super::units::Units;
use crate::fact::process::When;
use crate::os::proc;
use crate::sys::notify;

impl Recorder<'_> {
    /// The listener of a shell that is about to start.
    pub(super) fn hear_listener(&mut self) -> io::Result<()> {
        let Some(script) = self.script.as_ref() else { return Ok(()) };
        match notify::handed(&script.listeners)? {
            Some(listener) => self.listen(listener.into()),
            None => Ok(self.poll.delete(&script.listeners)?),
        }
    }

    /// What was told of the shell of a script.
    pub(super) fn hear_notes(&mut self) {
        let Some(script) = self.script.as_mut() else { return };
        let mut bytes = [0; 4096];
        loop {
            match script.line.read(&mut bytes) {
                Ok(0) => {
                    let _ = self.poll.delete(&script.line);
                    break;
                }
                Ok(length) => script.begun.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        while let Some(script) = self.script.as_mut()
            && let Some(length) = memchr::memchr(b'\n', &script.begun)
        {
            let line: Vec<u8> = script.begun.drain(..=length).collect();
            let note = std::str::from_utf8(&line).ok().and_then(Note::read);
            let Some(note) = note else { continue };
            self.hear_note(note);
        }
    }

    fn hear_note(&mut self, note: Note) {
        match note {
            Note::New => self.tree.units = Units::default(),
            Note::Shell(shell) => {
                self.shell = Some(shell);
                let early = self.script.as_mut().map(|script| std::mem::take(&mut script.early));
                for (start, unsure) in early.into_iter().flatten() {
                    self.write_start(&start, unsure);
                }
            }
            Note::Next(when, children) => {
                self.write_touched(false);
                let orphans = self.has_orphans(self.tree.units.shell());
                self.tree.units.next(when, &children, orphans);
                if self.touches.is_some() {
                    self.answer(true);
                }
            }
            Note::Became => {
                if let Some(shell) = self.tree.units.shell() {
                    self.began(shell, Sight::Asked);
                }
                self.answer(true);
            }
            Note::Over => {
                let whole = self.close_script();
                self.answer(whole);
            }
        }
    }

    /// Whether processes live that are not below the shell: those whose parent ended are children of this
    /// one, as is who runs the script; and a program of the shell can make children of that.
    pub(super) fn has_orphans(&self, shell: Option<u32>) -> bool {
        let is_other =
            |of: u32, known: Option<u32>| proc::children(of).iter().any(|child| Some(*child) != known);
        is_other(std::process::id(), Some(self.root)) || is_other(self.root, shell)
    }

    fn answer(&mut self, yes: bool) {
        if let Some(script) = self.script.as_mut() {
            let _ = script.line.write_all(if yes { b"." } else { b"-" });
        }
    }

    /// The shell of a script has ended: what is left to record of the starts below it. Whether every
    /// start is recorded.
    pub(super) fn close_script(&mut self) -> bool {
        let early = self.script.as_mut().map_or(0, |script| std::mem::take(&mut script.early).len() as u64);
        self.lost += early;
        let (count, by) = self.count();
        let is_written =
            self.write(0, |writer, shell| records::count(writer, shell, When::Outside, &count, by, None));
        self.has_closed = true;
        let whole = is_written && count.lost == 0;
        if let Some(script) = self.script.as_mut() {
            script.whole = Some(whole);
        }
        whole
    }
}
