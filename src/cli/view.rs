//! A session's commands, gathered for showing: only records that were verified.

use std::collections::{HashMap, HashSet};
use std::fs::File;

use memchr::memmem;
use serde_json::Value;

use super::programs::Programs;
use super::remark::{Remark, Told, at_the_end};
use super::standing::Standing;
use crate::fact::notice::Notice;
use crate::failure::Failure;
use crate::journal::check::{Checked, Knowledge, Passed, check};
use crate::journal::story::{Effect, Story};
use crate::os::proc;
use crate::record::{Body, Evidence, Note, NoteWhat, Plan, Record, Start, Status, Unseen};
use crate::report;
use crate::script::Script;
use crate::session::{Session, began, shells};

/// The word for a command for which its shell set no status.
pub const STALE: &str = "stale";

/// A row of the log.
pub enum Row {
    /// A command.
    Command(Command),
    /// A remark, a pause, a gap: what is no command.
    Remark(Remark),
    /// A script that a shell was to run.
    Script(Scripted),
}

/// A script and the shell that was to run it.
pub struct Scripted {
    /// Index of the record of its plan.
    pub record: u64,
    /// Index of the shell's shell-open.
    pub shell: u64,
    /// The file, as it was named.
    pub name: Vec<u8>,
    /// What its starts and statuses rest on.
    pub evidence: Evidence,
    /// How many of its units had begun before the recording.
    pub begun: u64,
    /// Its shell came to its end, and everything that ran of it until then is among the commands.
    pub all: bool,
    /// The script itself.
    pub script: Script,
}

/// A command as it is shown.
pub struct Command {
    /// From 1.
    pub seq: u64,
    /// Index of the record of its start.
    pub record: u64,
    /// Index of the record of its finish.
    pub finish: Option<u64>,
    /// Index of its shell's shell-open.
    pub shell: u64,
    /// Start, in nanoseconds since 1970.
    pub realtime_ns: u64,
    /// Its text; `None` if it was withheld or redacted.
    pub text: Option<Vec<u8>>,
    /// Where the text comes from, as one word; `redacted` if it was taken out, `masked` if a secret in
    /// it was masked when it was recorded.
    pub source: &'static str,
    /// Whether the text is what may be shown of it: a secret in it was masked.
    pub masked: bool,
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
    /// How its session stands.
    pub standing: Standing,
    /// What was said before the session began.
    pub notice: Notice,
    /// What is told of the programs that `attesh run` ran.
    pub programs: Programs,
}

impl View {
    /// When the session ended, in nanoseconds since 1970.
    #[must_use]
    pub fn ended_ns(&self) -> Option<u64> {
        let is_over = self.checked.story.ended || self.standing.is_over();
        Some(self.checked.times_ns.1).filter(|_| is_over && self.checked.rejection.is_none())
    }
}

/// Reads and checks a journal, and asks how its session stands, if that is on this machine.
///
/// # Errors
/// It could not be read.
pub fn view(journal: &File, session: Option<&Session>) -> Result<View, Failure> {
    let mut rows: Vec<Row> = Vec::new();
    let mut starts: HashMap<u64, usize> = HashMap::new();
    let (mut seq, mut told, mut ends) = (0, Told::default(), HashSet::new());
    let (mut notice, mut programs) = (None, Programs::default());
    let reader = journal.try_clone().map_err(|error| {
        Failure::unable(format!("cannot read the journal: {}", crate::files::words(&error)))
    })?;
    let reader = crate::files::from_start(reader);
    let checked = check(reader, Knowledge::default(), &mut |passed| {
        let record = passed.record;
        programs.take(record);
        let remarks = told.rows(passed);
        let repeats = is_in_its_line(record, passed, &rows, &starts);
        rows.extend(remarks.into_iter().map(|remark| Row::Remark(Remark { repeats, ..remark })));
        match (&record.core.body, passed.effect) {
            (Body::Start(start), _) => {
                seq += 1;
                starts.insert(record.core.index, rows.len());
                rows.push(Row::Command(started(seq, record, start)));
            }
            (Body::Finish(finish), Effect::Finished { start, duration_ns }) => {
                let Some(Row::Command(command)) = starts.remove(&start).and_then(|at| rows.get_mut(at))
                else {
                    return;
                };
                command.finished = true;
                command.finish = Some(record.core.index);
                command.status = finish.status;
                command.pipe_status.clone_from(&finish.pipe_status);
                command.duration_ns = duration_ns;
                command.outcome = finish.outcome;
                command.stale = finish.stale;
            }
            (Body::Fact(_), _) if passed.story.shells == 0 => {
                notice = notice.take().or_else(|| began::notice_in(record));
            }
            (Body::Plan(plan), _) => rows.extend(scripted(record, plan)),
            (Body::Close(close), _) => ends.extend(close.why.is_own_end().then_some(close.shell)),
            _ => {}
        }
    })
    .map_err(|error| Failure::unable(format!("cannot read the journal: {}", crate::files::words(&error))))?;
    let standing = Standing::of(session, &checked);
    rows.extend(at_the_end(&checked, &standing).into_iter().map(Row::Remark));
    // What runs is told by the last records, and of a journal that was cut they are others.
    if !standing.is_cut_short && standing.wrong.is_none() {
        mark_running(&mut rows, &checked);
    }
    mark_whole(&mut rows, &ends, &checked);
    Ok(View { rows, checked, standing, notice: notice.unwrap_or_default(), programs })
}

/// A command of which no more is known than that it started.
fn started(seq: u64, record: &Record, start: &Start) -> Command {
    let text = |name: &str| record.text(name).map(<[u8]>::to_vec);
    Command {
        seq,
        record: record.core.index,
        finish: None,
        shell: start.shell,
        realtime_ns: record.core.time.realtime_ns,
        text: text("command"),
        source: source(record, start),
        masked: record.is_masked("command"),
        workdir: text("workdir"),
        finished: false,
        running: false,
        status: None,
        pipe_status: None,
        duration_ns: None,
        outcome: None,
        stale: false,
        unit: start.unit,
    }
}

/// Where the text of a command comes from, or what became of it.
fn source(record: &Record, start: &Start) -> &'static str {
    match (record.core.commitments.has("command"), record.text("command")) {
        (true, None) => "redacted",
        (true, Some(_)) if record.is_masked("command") => "masked",
        _ => start.text_source.name(),
    }
}

/// Marks the scripts of which every unit that ran was seen, by the shells that came to their own end.
fn mark_whole(rows: &mut [Row], ends: &HashSet<u64>, checked: &Checked) {
    for row in rows {
        let Row::Script(script) = row else { continue };
        let seen = script.evidence == Evidence::Reader && checked.story.lost == 0;
        script.all = seen && ends.contains(&script.shell);
    }
}

/// The row of a script.
fn scripted(record: &Record, plan: &Plan) -> Option<Row> {
    let script = Script::decode(record.text("script"), record.text("ranges"))?;
    Some(Row::Script(Scripted {
        record: record.core.index,
        shell: plan.shell,
        name: record.text("name").map(<[u8]>::to_vec).unwrap_or_default(),
        evidence: plan.evidence,
        begun: plan.before,
        all: false,
        script,
    }))
}

/// Whether the line of a shell that runs now holds this remark: its user typed `attesh note`.
fn is_in_its_line(record: &Record, passed: &Passed, rows: &[Row], starts: &HashMap<u64, usize>) -> bool {
    let Body::Note(Note { shell: Some(shell), what: NoteWhat::Remark, .. }) = &record.core.body else {
        return false;
    };
    let running = passed.story.live.get(shell).and_then(|shell| shell.running);
    let line = running.and_then(|open| rows.get(*starts.get(&open.index)?));
    let Some(Row::Command(Command { text: Some(line), .. })) = line else { return false };
    record.text("text").is_some_and(|text| memmem::find(line, text).is_some())
}

/// A process id means something only on the machine and since the boot that it was given on.
fn mark_running(rows: &mut [Row], checked: &Checked) {
    let here = checked.genesis_body().is_some_and(shells::is_known_here);
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

/// Puts what is wrong with the journal, if something is, into the one object that is printed.
pub fn add_failure(value: &mut Value, standing: &Standing) {
    if let Some(failure) = &standing.wrong {
        value["failure"] = report::failure_json(failure);
    }
}
