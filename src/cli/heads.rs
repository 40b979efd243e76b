//! Heads that leave the machine with the log of a job, and heads that come back.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::cause::Code;
use crate::failure::Failure;
use crate::files::{self, FileError};
use crate::journal::check::Checked;
use crate::journal::head::Head;
use crate::journal::heads::{KeptHeads, Known, MARK};
use crate::paths;
use crate::report;
use crate::session::Session;
use crate::session::heads::log_line;
use crate::text::Next;

/// The longest log in which heads are looked for, in bytes.
const LOG_MAX: u64 = 256 << 20;

/// The file that holds the outputs of a step.
pub struct StepOutput(PathBuf, File);

impl StepOutput {
    /// Opens it if `--github-output` was given, so that the command fails before it does anything.
    ///
    /// # Errors
    /// The variable is not set, or the file cannot be written.
    pub fn open(wanted: bool) -> Result<Option<Self>, Failure> {
        if !wanted {
            return Ok(None);
        }
        let path = paths::github_output().ok_or_else(|| {
            Failure::usage("--github-output: the variable GITHUB_OUTPUT is not set")
                .next("leave the option out unless a step of GitHub Actions runs")
        })?;
        let file = files::open_to_append(&path)?;
        Ok(Some(StepOutput(path, file)))
    }

    fn append(mut self, line: &str) -> Result<(), Failure> {
        let written = self.1.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| FileError::Io(self.0.clone(), error).into())
    }
}

/// Prints a head to the log of the job, on standard error.
pub fn to_log(head: Head) {
    report::bare(&log_line(head));
}

/// Prints a head to the log, if the session is in a folder that was named, and to the outputs of
/// the step.
///
/// # Errors
/// The outputs could not be written.
pub fn publish(session: &Session, head: Head, output: Option<StepOutput>) -> Result<(), Failure> {
    if session.is_placed() {
        to_log(head);
    }
    output.map_or(Ok(()), |output| output.append(&format!("head={head}")))
}

/// Refuses a journal that did not go through all heads that were kept.
///
/// # Errors
/// It did not go through one of them.
pub fn refuse_another(kept: &KeptHeads, checked: &Checked) -> Result<(), Failure> {
    let Some(known) = Known::of(checked).filter(|_| !kept.is_empty()) else { return Ok(()) };
    let failure = match kept.compare(&known) {
        Ok(open) if open.is_empty() => return Ok(()),
        Ok(open) => Failure::because(
            Code::HeadRoot,
            format!("--expect-head: attesh cannot compare the head {} with this journal", open[0]),
        ),
        Err(cause) => Failure::because(cause.code, format!("--expect-head: {}", cause.detail)),
    };
    Err(failure.next("get the journal that belongs to the log, or the log of the job that made this one"))
}

/// The heads that `--expect-head` gives: each a token, a text with tokens in it, a file of
/// such a text, or `-` for standard input.
///
/// # Errors
/// A file could not be read, or holds no head.
pub fn expected(given: &[String]) -> Result<KeptHeads, Failure> {
    let mut all = KeptHeads::default();
    for word in given {
        if word.strip_prefix("head=").unwrap_or(word).is_empty() {
            return Err(Failure::usage("--expect-head: no head was given").next(
                "look whether the job that began the session put out its head, or leave the option out",
            ));
        }
        let is_head = Head::read(word.strip_prefix("head=").unwrap_or(word)).is_some();
        if !is_head && word.contains(':') && !word.contains(MARK) && !Path::new(word).exists() {
            let what = format!("--expect-head {word}: this is no head");
            return Err(Failure::usage(what).next("a head is SESSION:SIZE:ROOT"));
        }
        let heads = if is_head || word.contains(MARK) && !Path::new(word).exists() {
            KeptHeads::find(word.as_bytes())
        } else if word == "-" {
            in_log(std::io::stdin().lock(), PathBuf::from("standard input"))?
        } else {
            let path = Path::new(word);
            in_log(files::open_stream(path)?, path.to_owned())?
        };
        if heads.is_empty() {
            return Err(Failure::usage(format!("--expect-head {word}: it holds no head")).next(Next::say(
                format!("give SESSION:SIZE:ROOT, or a log that has it behind the word {MARK}"),
            )));
        }
        all.add(heads);
    }
    Ok(all)
}

fn in_log(log: impl Read, path: PathBuf) -> Result<KeptHeads, Failure> {
    let mut log = log.take(LOG_MAX + 1);
    let found = KeptHeads::find_in(&mut log);
    if found.is_ok() && log.limit() == 0 {
        return Err(FileError::TooLong(path, LOG_MAX).into());
    }
    found.map_err(|error| FileError::Io(path, error).into())
}
