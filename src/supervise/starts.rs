//! What records the starts below a shell, as whoever runs a script in that shell sees it.
//!
//! What lives here: what that process tells the recorder, and the filter that it puts on the shell.
//! What does not: what the recorder does with it (`recorder`), what is recorded of the script (`run`).
//!
//! Rules: the recorder is told before the shell goes on, so that a start that it is asked for later
//! comes later.

use std::cell::Cell;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use crate::clock::Deadline;
use crate::fact::process::When;
use crate::os::held::{self, Also, Guarded};
use crate::os::proc;
use crate::sys::{self, notify};

/// How long a process is waited for that is about to end.
const ENDING: Duration = Duration::from_secs(1);

/// The recorder of the starts below a shell.
pub struct Starts {
    /// To the recorder, and back.
    line: UnixStream,
    /// Where the listener goes: to the recorder, and to who stays in its place.
    listeners: [UnixStream; 2],
    /// The recorder, and who waits for it.
    guarded: Guarded,
    also: Also,
    /// The shell's process id; 0 before it is known.
    shell: Cell<u32>,
    is_lost: Cell<bool>,
}

/// What the recorder is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A shell is about to be started.
    New,
    /// The record of the shell's opening.
    Shell(u64),
    /// What is about to run, and the children of the shell that live.
    Next(When, Vec<u32>),
    /// The shell, which somebody else follows, became a program. It waits.
    Became,
    /// The shell has ended. Who tells it waits.
    Over,
}

impl Note {
    fn text(&self) -> String {
        match self {
            Note::New => "new\n".to_owned(),
            Note::Shell(shell) => format!("shell {shell}\n"),
            Note::Next(when, children) => {
                let mut text = match when {
                    When::In(n) => format!("next {n}"),
                    _ => "next -".to_owned(),
                };
                for child in children {
                    text.push(' ');
                    text.push_str(&child.to_string());
                }
                text + "\n"
            }
            Note::Became => "became\n".to_owned(),
            Note::Over => "over\n".to_owned(),
        }
    }

    /// What a line says.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.trim_end().split(' ');
        Some(match (words.next()?, words.next()) {
            ("new", None) => Note::New,
            ("shell", Some(number)) => Note::Shell(number.parse().ok()?),
            ("next", Some(number)) => {
                let when = if number == "-" { When::Outside } else { When::In(number.parse().ok()?) };
                Note::Next(when, words.map(|word| word.parse().ok()).collect::<Option<Vec<u32>>>()?)
            }
            ("became", None) => Note::Became,
            ("over", None) => Note::Over,
            _ => return None,
        })
    }
}

impl Starts {
    pub(super) fn new(line: UnixStream, listeners: [UnixStream; 2], guarded: Guarded, also: Also) -> Self {
        let (shell, is_lost) = (Cell::new(0), Cell::new(false));
        Starts { line, listeners, guarded, also, shell, is_lost }
    }

    /// Has a shell that is not started yet held at each start below it.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn hold(&self, command: &mut Command) -> io::Result<()> {
        self.tell(&Note::New);
        let [own, other] = &self.listeners;
        let to = [own.try_clone()?, other.try_clone()?];
        sys::listened(command, held::filter(self.guarded, self.also), to, Vec::new());
        Ok(())
    }

    /// The shell has its record.
    pub fn shell(&self, record: u64, pid: u32) {
        self.shell.set(pid);
        self.tell(&Note::Shell(record));
    }

    /// The shell, which this process follows and which stands still, became a program.
    pub fn became(&self) {
        self.tell(&Note::Became);
        self.is_answered();
    }

    /// The shell, which stands still, is about to run this command, or none that has a number.
    pub fn next(&self, n: Option<u64>) {
        let when = n.map_or(When::Outside, When::In);
        self.tell(&Note::Next(when, proc::children(self.shell.get())));
        // The files of the command before are looked at before the next can change them.
        if self.also.files {
            self.is_answered();
        }
    }

    /// The shell has ended; whether every start below it is recorded so far.
    pub fn over(&self) -> bool {
        // A program of the script can make children of this process. Who waits for them has the kernel
        // tell how they ended.
        let until = Deadline::after(ENDING);
        loop {
            while notify::next_change().is_some() {}
            // One that has let go of all that it had open may still be about to end.
            let own = proc::children(std::process::id());
            if until.left().is_zero() || !own.into_iter().any(proc::is_ending) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.tell(&Note::Over);
        self.is_answered() && !self.is_lost()
    }

    /// Who waits for the recorder.
    #[must_use]
    pub fn waits(&self) -> u32 {
        self.guarded.waits
    }

    /// Whether the recorder is gone.
    pub fn is_lost(&self) -> bool {
        self.is_lost.get()
    }

    fn tell(&self, note: &Note) {
        if (&self.line).write_all(note.text().as_bytes()).is_err() {
            self.is_lost.set(true);
        }
    }

    fn is_answered(&self) -> bool {
        let mut answer = [0];
        if (&self.line).read_exact(&mut answer).is_err() {
            self.is_lost.set(true);
        }
        answer == *b"."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_told() {
        for note in [
            Note::New,
            Note::Shell(7),
            Note::Next(When::In(3), vec![4, 5]),
            Note::Next(When::Outside, Vec::new()),
            Note::Became,
            Note::Over,
        ] {
            assert_eq!(Note::read(&note.text()), Some(note));
        }
        for bad in ["", "next", "next x", "next 1 x", "shell", "over 1", "shell -1"] {
            assert_eq!(Note::read(bad), None, "{bad}");
        }
    }
}
