//! A session's commands, gathered for showing: only records that were verified.

use std::collections::{HashMap, HashSet};
use std::fs::File;

use serde_json::Value;

use super::given::Exit;
use crate::failure::Failure;
use crate::journal::check::{Checked, Knowledge, Rejection, check};
use crate::journal::story::{Effect, Story};
use crate::os::proc;
use crate::record::{Body, Evidence, NoteWhat, Record, Status, Unseen};
use crate::report;
use crate::script::Script;
use crate::session::heads::rejected;
use crate::session::shells;
use crate::text;

/// The word for a command for which its shell set no status.
pub const STALE: &str = "stale";

/// A row of the log.
pub enum Row {
    /// A command.
    Command(Command),
    /// A remark, a pause, something noted: when, in nanoseconds, and what.
    Remark(u64, String),
    /// A script that a shell was to run.
    Script(Scripted),
}

/// A script and the shell that was to run it.
pub struct Scripted {
    /// Index of the shell's shell-open.
    pub shell: u64,
    /// The file, as it was named.
    pub name: Vec<u8>,
    /// What its starts and statuses rest on.
    pub evidence: Evidence,
    /// How many of its units had begun before the recording.
    pub begun: u64,
    /// The script itself.
    pub script: Script,
}

/// A command as it is shown.
pub struct Command {
    /// From 1.
    pub seq: u64,
    /// Index of its record.
    pub record: u64,
    /// Index of its shell's shell-open.
    pub shell: u64,
    /// Start, in nanoseconds since 1970.
    pub realtime_ns: u64,
    /// Its text; `None` if it was withheld or redacted.
    pub text: Option<Vec<u8>>,
    /// Where the text comes from, as one word; `redacted` if it was taken out.
    pub source: &'static str,
    /// The folder.
    pub workdir: Option<Vec<u8>>,
    /// Whether it has finished.
    pub finished: bool,
    /// Whether it is running now: the shell that started it lives and has not seen it end.
    pub running: bool,
    /// Its status, if a record has it.
    pub status: Option<Status>,
    /// The statuses of a pipeline.
    pub pipe_status: Option<Vec<Status>>,
    /// How long it ran.
    pub duration_ns: Option<u64>,
    /// Why it counts as finished although no record says that it ended.
    pub outcome: Option<Unseen>,
    /// The shell set no status for it.
    pub stale: bool,
    /// The unit of its shell's plan that it is, from 1.
    pub unit: Option<u64>,
}

impl Command {
    /// The status, or why it is missing.
    #[must_use]
    pub fn status_word(&self) -> String {
        match (self.status, self.outcome, self.finished) {
            (Some(status), _, _) => status.to_string(),
            (None, Some(outcome), _) => outcome.name().to_owned(),
            (None, None, true) if self.stale => STALE.to_owned(),
            (None, None, true) => "unknown".to_owned(),
            (None, None, false) if self.running => "running".to_owned(),
            (None, None, false) => "unfinished".to_owned(),
        }
    }
}

/// Everything that can be shown of a journal.
pub struct View {
    /// The rows in order.
    pub rows: Vec<Row>,
    /// What the check found.
    pub checked: Checked,
}

/// Reads and checks a journal.
///
/// # Errors
/// It could not be read.
pub fn view(journal: &File) -> Result<View, Failure> {
    let mut rows: Vec<Row> = Vec::new();
    let mut starts: HashMap<u64, usize> = HashMap::new();
    let mut scripts = HashSet::new();
    let mut seq = 0;
    let reader = journal.try_clone().map_err(|error| {
        Failure::unable(format!("cannot read the journal: {}", crate::files::words(&error)))
    })?;
    let reader = crate::files::from_start(reader);
    let checked = check(reader, Knowledge::default(), &mut |passed| {
        let record = passed.record;
        let time = record.core.time.realtime_ns;
        let text = |name: &str| record.text(name).map(<[u8]>::to_vec);
        match (&record.core.body, passed.effect) {
            (Body::Start(start), _) => {
                seq += 1;
                starts.insert(record.core.index, rows.len());
                let command = text("command");
                let source = match (record.core.commitments.has("command"), &command) {
                    (true, None) => "redacted",
                    _ => start.text_source.name(),
                };
                rows.push(Row::Command(Command {
                    seq,
                    record: record.core.index,
                    shell: start.shell,
                    realtime_ns: time,
                    text: command,
                    source,
                    workdir: text("workdir"),
                    finished: false,
                    running: false,
                    status: None,
                    pipe_status: None,
                    duration_ns: None,
                    outcome: None,
                    stale: false,
                    unit: start.unit,
                }));
            }
            (Body::Finish(finish), Effect::Finished { start, duration_ns }) => {
                let Some(Row::Command(command)) = starts.remove(&start).and_then(|at| rows.get_mut(at))
                else {
                    return;
                };
                command.finished = true;
                command.status = finish.status;
                command.pipe_status.clone_from(&finish.pipe_status);
                let told = finish.saw_end(scripts.contains(&finish.shell));
                command.duration_ns = told.then_some(duration_ns);
                command.outcome = finish.outcome;
                command.stale = finish.stale;
            }
            (body, _) => {
                if let Body::Plan(plan) = body {
                    scripts.insert(plan.shell);
                }
                rows.extend(said(record));
            }
        }
    })
    .map_err(|error| Failure::unable(format!("cannot read the journal: {}", crate::files::words(&error))))?;
    mark_running(&mut rows, &checked);
    Ok(View { rows, checked })
}

/// The row of a record that is about no command.
fn said(record: &Record) -> Option<Row> {
    let time = record.core.time.realtime_ns;
    let text = |name: &str| record.text(name).map(<[u8]>::to_vec);
    let words = |name: &str| record.text(name).map_or_else(String::new, text::visible);
    let line = || record.text("text").map_or_else(|| "(withheld or redacted)".to_owned(), text::visible);
    let remark = match &record.core.body {
        Body::Note(note) => match note.what {
            NoteWhat::Remark => format!("note: {}", words("text")),
            NoteWhat::Unexecuted => format!("not executed: {}", line()),
            NoteWhat::Unannounced => format!("not announced by the shell, may have run: {}", line()),
            NoteWhat::Rerun => format!("fc ran: {}", line()),
            other => format!("{}: {}", other.name(), words("text")),
        },
        Body::Plan(plan) => {
            let script = Script::decode(record.text("script"), record.text("ranges"))?;
            return Some(Row::Script(Scripted {
                shell: plan.shell,
                name: text("name").unwrap_or_default(),
                evidence: plan.evidence,
                begun: plan.before,
                script,
            }));
        }
        Body::Fact(fact) => {
            let failed = if fact.ok { "" } else { " (its collector failed)" };
            format!("fact of the type {}{failed}", text::short(&fact.kind))
        }
        Body::Pause(pause) => switched("paused", pause.shell, record),
        Body::Resume(resume) => switched("resumed", resume.shell, record),
        _ => return None,
    };
    Some(Row::Remark(time, remark))
}

/// A pause or its end, and why.
fn switched(what: &str, shell: Option<u64>, record: &Record) -> String {
    let scope = if shell.is_none() { " (all shells)" } else { "" };
    let reason = match (record.core.commitments.has("reason"), record.text("reason")) {
        (_, Some(text)) => text::visible(text),
        (true, None) => "(redacted)".into(),
        (false, None) => "no reason given".into(),
    };
    format!("{what}{scope}: {reason}")
}

/// A process id means something only on the machine and since the boot that it was given on.
fn mark_running(rows: &mut [Row], checked: &Checked) {
    let here = checked.genesis_body().is_some_and(shells::is_here);
    let story: &Story = &checked.story;
    if !here || story.ended {
        return;
    }
    for row in rows {
        let Row::Command(command) = row else { continue };
        let Some(shell) = story.live.get(&command.shell) else { continue };
        command.running = shell.running.is_some_and(|open| open.index == command.record)
            && proc::is_alive(shell.pid, shell.start_ticks);
    }
}

/// Only verified records were shown; if the journal is broken the command fails.
pub fn verdict(rejection: Option<&Rejection>) -> Exit {
    match rejection {
        None => Ok(0),
        Some(rejection) => {
            let failure = rejected(rejection);
            let message = format!("{}; only the records before it are shown", failure.message);
            Err(Failure { message, ..failure })
        }
    }
}

/// Puts the failure, if there is one, into the one object that is printed.
pub fn add_failure(value: &mut Value, rejection: Option<&Rejection>) {
    if let Err(failure) = verdict(rejection) {
        value["failure"] = report::failure_json(&failure);
    }
}
