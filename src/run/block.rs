//! The plumbing of `attesh init bash --ci`: records a block that another program has a shell read,
//! as the runners of a CI do.
//!
//! What lives here: the calls of `shell/block.bash` (`can`, `run`) and of `shell/block.sh`, for a
//! shell whose commands nobody sees (`begin`, `end`). What does not: how a block is taken over
//! (`handover`).
//!
//! Rules: the block runs as it would without this program, whatever fails here. A shell whose
//! commands nobody sees has a plan that says so, and its session is not complete.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use super::SCRIPT_WAIT_MS;
use super::handover::{self, Asking};
use super::records::{self, Interpreter, PlanOf};
use crate::collect;
use crate::crypto::sha256;
use crate::encoding::{hex, hex_exact};
use crate::failure::Failure;
use crate::journal::append::Writer;
use crate::record::{CloseReason, Evidence, Program};
use crate::report;
use crate::script::Script;
use crate::session::birth::{self, Shell};
use crate::session::close::{self, EndVerb};
use crate::session::heads::log_line;
use crate::session::masking;
use crate::session::shells;
use crate::session::{Session, SessionError};
use crate::sys;

/// What records a block that another program has a shell read: in a bash, and in any other shell.
pub const HOOKS: [&str; 2] = [include_str!("../../shell/block.bash"), include_str!("../../shell/block.sh")];

/// The longest text of a shell whose commands nobody sees, in bytes.
const BLOCK_TEXT_MAX: u64 = 1 << 20;

type Outcome<T> = std::result::Result<T, Failure>;

/// Runs one call of the block's hooks; `words` is what follows `attesh block`. The exit status is
/// that of the block for `run`, else 0 if and only if everything was recorded.
#[must_use]
pub fn run(words: impl Iterator<Item = OsString>) -> u8 {
    let words: Vec<Vec<u8>> = words.map(OsString::into_vec).collect();
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    let done = match words[..] {
        [b"can", shell] => return can(shell),
        [b"run", shell, line, ref words @ ..] if !words.is_empty() => {
            Asking::new(shell).and_then(|asking| handover::run(&asking, line, words)).map(|status| {
                if let Some(signal) = status.signal() {
                    sys::die_of(signal);
                }
                super::recording::Ending::of(status).status
            })
        }
        [b"begin", kind, version, pid] => begin(kind, version, pid).map(|()| 0),
        [b"end", place, status] => end(place, status).map(|()| 0),
        _ => Err(Failure::usage("block: not called as the hook of a block does")),
    };
    match done {
        Ok(status) => status,
        Err(failure) => {
            report::say(&format!("not everything of this block is recorded: {failure}"));
            failure.kind.exit_code()
        }
    }
}

/// Whether a shell's block can be taken over; prints why not.
fn can(shell: &[u8]) -> u8 {
    let rest = Asking::new(shell).map_err(|failure| failure.to_string());
    match rest.and_then(|asking| asking.rest()) {
        Ok(_) => 0,
        Err(why) => {
            let _ = report::line(&why);
            1
        }
    }
}

fn number<T: std::str::FromStr>(word: &[u8]) -> Outcome<T> {
    let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    number.ok_or_else(|| Failure::usage("block: not a number"))
}

/// A shell joins whose commands nobody sees; standard input has its text, if that is known.
/// Answers with the words that the other call needs.
fn begin(kind: &[u8], version: &[u8], pid: &[u8]) -> Outcome<()> {
    sys::ignore_signals();
    let mut text = Vec::new();
    let read = std::io::stdin().take(BLOCK_TEXT_MAX).read_to_end(&mut text);
    let script = read.ok().and_then(|_| Script::new(text, Vec::new())).unwrap_or_default();
    let program = std::str::from_utf8(kind).ok().and_then(Program::from_name);
    let program = program.ok_or_else(|| Failure::usage("block: an unknown shell"))?;
    let shell = Shell {
        program,
        version: String::from_utf8_lossy(version).into_owned(),
        pid: number(pid)?,
        native: 0,
        hook: hex(&sha256(&HOOKS.map(str::as_bytes))[..8]),
        typed: false,
        workdir: shells::workdir(),
        history: Vec::new(),
    };
    let mut session = super::session::choose(None, &collect::usual(), masking::usual()?)?;
    session.mask_told(script.bytes())?;
    let index = birth::join(&session, &shell)?.size - 1;
    let head = session.with_writer_waiting(SCRIPT_WAIT_MS, |writer| {
        let interpreter = Interpreter::default();
        let plan = PlanOf {
            name: b"job",
            script: &script,
            evidence: Evidence::Whole,
            before: 0,
            interpreter: &interpreter,
        };
        records::plan(writer, index, &plan)?;
        Ok(writer.head())
    })?;
    if session.is_placed() {
        report::bare(&log_line(head));
    }
    let root = hex(session.genesis_root());
    let folder = session.folder().path().as_os_str().as_bytes();
    report::out(&[folder, format!("\n{root}\n{index}\n").as_bytes()].concat())?;
    report::flush()
}

/// A shell whose commands nobody saw has ended.
fn end(place: &[u8], status: &[u8]) -> Outcome<()> {
    sys::ignore_signals();
    let mut lines = place.split(|byte| *byte == b'\n');
    let mut next = || lines.next().ok_or_else(|| Failure::usage("block: the block has not begun"));
    let folder = Path::new(std::ffi::OsStr::from_bytes(next()?));
    let root: [u8; 32] = hex_exact(next()?).ok_or_else(|| Failure::usage("block: not a root"))?;
    let (shell, status) = (number(next()?)?, number(status)?);
    let session = Session::open(folder)?;
    let collected = collect::at_stop(&session, collect::IN_A_JOB);
    let last = |writer: &mut Writer| collected.append(writer);
    session.with_writer_waiting(SCRIPT_WAIT_MS, |writer| -> Result<(), SessionError> {
        close::expect_genesis(writer, &root)?;
        close::close_scripted(writer, shell, CloseReason::Exit, Some(status), None, true, shells::workdir())?;
        close::end_without_shells(&session, writer, &last)
    })?;
    if !session.is_placed() {
        return Ok(());
    }
    // If the job runs in a container, that stops before anything else of the job runs.
    let over = close::end_by_command(&session, EndVerb::Stop, true, &last)?;
    report::bare(&log_line(over.head));
    Ok(())
}
