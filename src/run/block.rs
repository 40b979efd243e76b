//! The plumbing of `attesh init bash --ci`: records a block that another program has a shell
//! evaluate, as GitLab's runner does.
//!
//! What lives here: the three calls of `shell/block.sh`: the block begins, a line of the
//! runner's own is reached, the block ends. What does not: what the runner's lines say
//! (`script::block`).
//!
//! Rules: the block runs as it would without this program, whatever fails here; nothing before
//! the line that starts the recording is recorded, because the runner puts the job's variables
//! there.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::SCRIPT_WAIT_MS;
use super::records::{self, Interpreter, PlanOf, UnitEnd, UnitStart};
use crate::clock;
use crate::crypto::sha256;
use crate::encoding::{hex, hex_exact};
use crate::failure::Failure;
use crate::journal::append::Writer;
use crate::record::{Anomaly, Body, CloseReason, Disclosures, Evidence, From, PlanTime, Program};
use crate::report;
use crate::script::Script;
use crate::script::block::{self, Said};
use crate::session::birth::{self, Shell};
use crate::session::close::{self, EndVerb};
use crate::session::heads::log_line;
use crate::session::shells;
use crate::session::{Result, Session};
use crate::sys;

/// What records a block that another program evaluates: bash's hook, and what any other shell
/// reads.
pub const HOOKS: [&str; 2] = [include_str!("../../shell/block.bash"), include_str!("../../shell/block.sh")];

/// The plan's name: the block is not a file.
const NAME: &[u8] = b"job";
/// The most that is read of what a shell says, in bytes.
const SAID_MAX: u64 = 4 << 20;

/// Runs one call of the block's hooks; `words` is what follows `attesh block`. The exit
/// status is 0 if and only if everything was recorded.
#[must_use]
pub fn run(words: impl Iterator<Item = OsString>) -> u8 {
    sys::ignore_signals();
    let words: Vec<Vec<u8>> = words.map(OsString::into_vec).collect();
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    let done = match words[..] {
        [b"begin", kind, version, pid] => begin(kind, version, pid),
        [b"line", place, lost, status] => in_block(place, lost, |call| call.line(status)),
        [b"end", place, lost, status, failed] => in_block(place, lost, |call| call.end(status, failed)),
        _ => Err(Failure::usage("block: not called as the hook of a block does")),
    };
    match done {
        Ok(()) => 0,
        Err(failure) => {
            report::say(&format!("not everything of this block is recorded: {failure}"));
            failure.kind.exit_code()
        }
    }
}

fn number<T: std::str::FromStr>(word: &[u8]) -> std::result::Result<T, Failure> {
    let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    number.ok_or_else(|| Failure::usage("block: not a number"))
}

/// What the shell said on standard input.
fn said() -> std::result::Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let read = std::io::stdin().lock().take(SAID_MAX).read_to_end(&mut text);
    read.map_err(|error| Failure::unable(format!("cannot read what the shell says: {error}")))?;
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    Ok(text)
}

/// The items of the block that the shell evaluates, from the command that evaluates it.
fn script_of(command: &[u8]) -> Option<Script> {
    let items = block::items(&block::evaluated(command)?);
    let items = block::after_init(&items);
    if items.is_empty() { None } else { block::script(items) }
}

/// Nobody sees how the shell that evaluates a block was called.
fn plan_of(script: &Script) -> PlanOf<'_> {
    const UNSEEN: &Interpreter =
        &Interpreter { path: None, sha256: None, options: None, arguments: None, inherited: Vec::new() };
    PlanOf { name: NAME, script, evidence: Evidence::Traps, before: 0, interpreter: UNSEEN }
}

/// The shell joins; if it knows already what it is to run, that is the plan. Answers with the
/// words that the other calls need.
fn begin(kind: &[u8], version: &[u8], pid: &[u8]) -> std::result::Result<(), Failure> {
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
    let plan = script_of(&said()?);
    let planned = plan.is_some();
    let session = super::session::choose(None)?;
    let mut head = birth::join(&session, &shell)?;
    let index = head.size - 1;
    if let Some(script) = plan {
        head = session.with_writer_waiting(SCRIPT_WAIT_MS, |writer| {
            records::plan(writer, index, PlanTime::Start, &plan_of(&script))?;
            Ok(writer.head())
        })?;
    }
    if session.is_placed() {
        report::bare(&log_line(head));
    }
    let root = hex(session.genesis_root());
    let folder = session.folder().path().as_os_str().as_bytes();
    report::out(&[folder, format!("\n{root}\n{index}\n{}\n", u8::from(planned)).as_bytes()].concat())?;
    report::flush()
}

/// A call from within the block.
struct InBlock<'a> {
    session: Session,
    root: [u8; 32],
    shell: u64,
    /// Its plan was recorded at the start.
    planned: bool,
    lost: &'a [u8],
}

fn in_block(
    place: &[u8],
    lost: &[u8],
    work: impl FnOnce(&InBlock) -> std::result::Result<(), Failure>,
) -> std::result::Result<(), Failure> {
    let mut lines = place.split(|byte| *byte == b'\n');
    let mut next = || lines.next().ok_or_else(|| Failure::usage("block: the block has not begun"));
    let folder = Path::new(std::ffi::OsStr::from_bytes(next()?));
    let root = hex_exact(next()?).ok_or_else(|| Failure::usage("block: not a root"))?;
    let shell = number(next()?)?;
    let planned = number::<u8>(next()?)? == 1;
    work(&InBlock { session: Session::open(folder)?, root, shell, planned, lost })
}

impl InBlock<'_> {
    fn record(&self, work: impl FnOnce(&mut Writer) -> Result<()>) -> std::result::Result<(), Failure> {
        let lost = number(self.lost)?;
        self.session.with_writer_waiting(SCRIPT_WAIT_MS, |writer| {
            close::expect_genesis(writer, &self.root)?;
            close::tell_lost(writer, self.shell, lost)?;
            work(writer)
        })?;
        Ok(())
    }

    /// The script that was planned before its first command.
    fn plan(&self, writer: &Writer) -> Result<Option<Script>> {
        if !self.planned {
            return Ok(None);
        }
        let of_shell = |body: &Body| match body {
            Body::Plan(plan) => Some(plan.shell),
            _ => None,
        };
        let plan = writer.last_of_shell(self.shell, None, of_shell)?;
        Ok(plan.and_then(|plan| Script::decode(plan.text("script"), plan.text("ranges"))))
    }

    /// Ends the item that runs, if one does; returns how many items have run.
    fn ended(&self, writer: &mut Writer, status: u8, from: From) -> Result<u64> {
        let of_shell = |body: &Body| match body {
            Body::Start(start) => Some(start.shell),
            Body::Finish(finish) => Some(finish.shell),
            _ => None,
        };
        Ok(match writer.last_of_shell(self.shell, None, of_shell)?.map(|last| last.core.body) {
            Some(Body::Start(start)) => {
                let ended =
                    UnitEnd { n: start.n, status: Some(status), pipe: Vec::new(), from, outcome: None };
                records::finish(writer, self.shell, ended)?;
                start.n
            }
            Some(Body::Finish(finish)) => finish.n,
            _ => 0,
        })
    }

    /// One of the runner's own lines: the item before it has ended, and another may begin.
    fn line(&self, status: &[u8]) -> std::result::Result<(), Failure> {
        let status = number(status)?;
        let Some(said) = block::said(&said()?) else { return Ok(()) };
        self.record(|writer| {
            let before = self.ended(writer, status, From::NextStart)?;
            let Said::Item { text, .. } = said else { return Ok(()) };
            let plan = self.plan(writer)?;
            let at = usize::try_from(before).unwrap_or(usize::MAX);
            let unit = plan.as_ref().and_then(|plan| plan.unit(at));
            let unit = unit.filter(|unit| block::is_printed_of(&text, unit.text));
            if plan.is_some() && unit.is_none() {
                let mut texts = Disclosures::default();
                texts.commit("detail", [b"item: ", text.as_slice()].concat());
                let body = Body::Anomaly(Anomaly { what: "not-as-planned".to_owned() });
                writer.append(body, &texts, clock::now())?;
            }
            let n = before + 1;
            let (text, unit) = unit.map_or((text, None), |unit| (unit.text.to_vec(), Some(n)));
            records::start(writer, self.shell, UnitStart { n, unit, text })
        })
    }

    /// The block has ended with `status`; `failed` is the status of the command that bash ended it
    /// for, if bash reported it.
    fn end(&self, status: &[u8], failed: &[u8]) -> std::result::Result<(), Failure> {
        let status: u8 = number(status)?;
        let failed = if failed.is_empty() { status } else { number(failed)? };
        let command = said()?;
        // After a block that came to its end or exited, bash reports the `eval` as the running command.
        // A signal ends a block within an item, whose status is then unknown: `$?` is an older one.
        let left = command.is_empty() || block::evaluated(&command).is_some();
        let now = script_of(&command);
        self.record(|writer| {
            let (why, status) = match left {
                true => (CloseReason::Exit, Some(status)),
                false => (CloseReason::Unknown, None),
            };
            if left {
                self.ended(writer, failed, From::Exit)?;
            }
            let unchanged = match (self.plan(writer)?, &now) {
                (Some(before), now) => now.as_ref() == Some(&before),
                (None, Some(script)) => {
                    records::plan(writer, self.shell, PlanTime::Exit, &plan_of(script))?;
                    true
                }
                (None, None) => false,
            };
            close::close_scripted(writer, self.shell, why, status, None, unchanged)?;
            close::end_without_shells(&self.session, writer)
        })?;
        if !self.session.is_placed() {
            return Ok(());
        }
        // If the job runs in a container, that stops before anything else of the job runs.
        let over = close::end_by_command(&self.session, EndVerb::Stop, true)?;
        report::bare(&log_line(over.head));
        Ok(())
    }
}
