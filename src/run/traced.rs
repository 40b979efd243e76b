//! Runs a script below a recorder of every program that starts there (`attesh sh --trace`).
//!
//! What lives here: what the process that runs the script tells the one that was called. What does not:
//! the recorder of starts (`supervise`), how the script is run (`script`).
//!
//! Rules: the script is recorded as without it. Where starts cannot be held, that is said and recorded,
//! and nothing is told of them.

use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::rc::Rc;

use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use super::recording::Recording;
use crate::failure::Failure;
use crate::files;
use crate::journal::head::Head;
use crate::paths;
use crate::report;
use crate::session::Session;
use crate::supervise::{self, Level};

/// What became of a script and of its recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How bash ended.
    pub status: ExitStatus,
    /// Records are missing.
    pub partial: bool,
    /// The head behind its last record.
    pub head: Option<Head>,
}

impl Ran {
    /// As a line.
    fn text(self) -> String {
        let head = self.head.map_or_else(|| "-".to_owned(), |head| head.to_string());
        format!("{} {} {head}\n", self.status.into_raw(), u8::from(self.partial))
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.strip_suffix('\n')?.split(' ');
        let status = ExitStatus::from_raw(words.next()?.parse().ok()?);
        let partial = words.next()? == "1";
        Some(Ran { status, partial, head: Head::read(words.next()?) })
    }
}

/// What is recorded below a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// The script alone.
    Nothing,
    /// Every program that starts.
    Starts,
    /// That, and what each command made, changed and removed.
    Files,
}

impl Trace {
    /// What the variable of the environment asks for.
    ///
    /// # Errors
    /// It has another word.
    pub fn usual() -> Result<Self, Failure> {
        let word = paths::variable(paths::TRACE_VARIABLE).unwrap_or_default();
        match word.to_str() {
            Some("" | "nothing") => Ok(Trace::Nothing),
            Some("starts") => Ok(Trace::Starts),
            Some("files") => Ok(Trace::Files),
            _ => {
                let what = format!("{} is neither starts, files nor nothing", paths::TRACE_VARIABLE);
                Err(Failure::usage(what).next("unset it"))
            }
        }
    }
}

/// What runs a script, and records it.
pub type Work<'a> = dyn FnMut(&mut Recording) -> Result<ExitStatus, Failure> + 'a;

/// By what the starts below a script can be seen, if that is asked for; what is recorded less is said.
#[must_use]
pub fn level(trace: Trace, session: &Session) -> Option<Level> {
    let level = (trace != Trace::Nothing).then(|| Level::here().of_script().within(session))?;
    match (&level, trace) {
        (Level::Unseen(why), _) => {
            report::say(&format!("what starts below the script is not recorded: {why}"));
        }
        (Level::Above(_), Trace::Files) => {
            report::say("what starts is recorded by the recorder around this one; --files does nothing then");
        }
        _ => {}
    }
    Some(level)
}

/// Has the script run by this work, below a recorder of what starts if that is asked for and possible.
///
/// # Errors
/// bash could not be started, or that recorder.
pub fn run(
    trace: Trace,
    level: Option<Level>,
    recording: &mut Recording,
    work: &mut Work,
) -> Result<Ran, Failure> {
    let Some(level) = level else {
        let status = work(recording)?;
        return Ok(Ran { status, partial: recording.is_partial(), head: recording.head() });
    };
    if level != Level::Held {
        recording.unheld = Some(level);
        return run(trace, None, recording, work);
    }
    let cannot = |error: std::io::Error| {
        Failure::unable(format!("starts cannot be recorded: {}", files::words(&error)))
    };
    let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(|errno| cannot(errno.into()))?;
    let mut told = std::fs::File::from(write);
    let session = recording.shared();
    let outcome = supervise::script(&session, trace == Trace::Files, &mut |starts| {
        recording.starts = Some(Rc::new(starts));
        match run(trace, None, recording, work) {
            Ok(ran) => u8::from(told.write_all(ran.text().as_bytes()).is_err()),
            Err(failure) => {
                report::say(&failure.to_string());
                failure.kind.exit_code()
            }
        }
    })
    .map_err(cannot)?;
    drop(told);
    let mut line = String::new();
    // The recorder that stays has the other end, too.
    let _ = std::fs::File::from(read).read_to_string(&mut line);
    let lost = Ran { status: outcome.status, partial: true, head: None };
    let ran = Ran::read(&line).unwrap_or(lost);
    Ok(Ran { partial: ran.partial || !outcome.whole, ..ran })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_script_is_read_otherwise_than_it_was_told() {
        for head in [None, Some(Head { session: uuid::Uuid::max(), size: 3, root: [7; 32] })] {
            let ran = Ran { status: ExitStatus::from_raw(0x300), partial: true, head };
            assert_eq!(Ran::read(&ran.text()), Some(ran));
        }
        assert_eq!(Ran::read(""), None);
    }
}
