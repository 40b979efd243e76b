//! The kinds of record and their fields.

use super::genesis::{Genesis, decode_genesis, encode_genesis};
use super::words::{
    CloseReason, EndReason, From, Kind, NoteWhat, Outcome, PlanTime, Program, TextSource, Word as _,
};
use super::{Commitment, JsonError, Object, ObjectWriter, base64url, key};

/// A shell joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Which shell.
    pub program: Program,
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u64,
    /// Its start in clock ticks since boot, from `/proc/PID/stat`.
    pub start_ticks: u64,
    /// The shell's own counter now.
    pub native: u64,
    /// The digest of the hook's text, 16 hexadecimal digits.
    pub hook: String,
    /// Whether the hook was typed in rather than read from an rc file.
    pub typed: bool,
    /// The folder it is in, disclosed.
    pub workdir: Commitment,
    /// The history settings that can hide text, disclosed.
    pub history: Commitment,
}

/// A shell left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Index of its shell-open.
    pub shell: u64,
    /// Why.
    pub why: CloseReason,
    /// Its exit status, if it was seen.
    pub status: Option<u64>,
    /// The shell's own counter, where the hook saw it.
    pub native: Option<u64>,
    /// The script that it ran was after its end what the plan has.
    pub script_unchanged: bool,
    /// The folder it was in, disclosed.
    pub workdir: Commitment,
}

/// The text of a command, as far as it may be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandText {
    /// Commitment to the text.
    pub commitment: Commitment,
    /// Whether the text was longer than the limit and is cut.
    pub truncated: bool,
}

/// A command is about to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Index of the shell's shell-open.
    pub shell: u64,
    /// The hook's number of the command, from 1.
    pub n: u64,
    /// The shell's own counter.
    pub native: u64,
    /// How far that counter moved since the last start without a command.
    pub skip: u64,
    /// Where the text comes from.
    pub source: TextSource,
    /// The text, disclosed.
    pub command: Option<CommandText>,
    /// The folder it runs in, disclosed.
    pub workdir: Commitment,
    /// `$?` before it.
    pub prev_status: Option<u64>,
    /// What the shell said it runs agrees with this unit of the plan.
    pub planned: bool,
    /// The shell said nothing before the command ran: this was written after it.
    pub late: bool,
}

/// A command has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Index of the shell's shell-open.
    pub shell: u64,
    /// The hook's number of the command.
    pub n: u64,
    /// The exit status; none when nobody observed it.
    pub status: Option<u64>,
    /// The statuses of a pipeline, as the shell reports them.
    pub pipe_status: Option<Vec<u64>>,
    /// Where the status was seen.
    pub from: From,
    /// The shell set no new status for this command (fish).
    pub stale: bool,
    /// Why it stands although nobody saw the command end.
    pub outcome: Option<Outcome>,
    /// The shell's own counter, where it moves with the status (fish).
    pub native: Option<u64>,
    /// The duration that the shell measured, in microseconds.
    pub shell_duration_us: Option<u64>,
}

/// A remark, or something that was read but not executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Index of the shell's shell-open, if it comes from one.
    pub shell: Option<u64>,
    /// What it is about.
    pub what: NoteWhat,
    /// Its text, disclosed.
    pub text: Option<Commitment>,
    /// A status that belongs to it.
    pub status: Option<u64>,
    /// The shell's own counter.
    pub native: Option<u64>,
}

/// Recording pauses, for one shell or for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Index of the shell's shell-open; none for all shells.
    pub shell: Option<u64>,
    /// Why, disclosed; where it is missing none was given.
    pub reason: Option<Commitment>,
}

/// Recording goes on, for one shell or for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Index of the shell's shell-open; none for all shells.
    pub shell: Option<u64>,
    /// Index of the shell whose command line resumed it: that line is not recorded either.
    pub by: Option<u64>,
    /// Why, disclosed.
    pub reason: Option<Commitment>,
}

/// Calls of a shell that were not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Index of the shell's shell-open.
    pub shell: u64,
    /// How many.
    pub count: u64,
}

/// Something the recorder found out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// What, as one word.
    pub what: String,
    /// The particulars, disclosed.
    pub detail: Option<Commitment>,
}

/// What a collector saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collect {
    /// The collector's type, a URI.
    pub collector: String,
    /// `start` or `stop`.
    pub at: String,
    /// Whether it succeeded.
    pub ok: bool,
    /// What it saw, a JSON text, disclosed.
    pub data: Option<Commitment>,
}

/// The script that a shell is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Index of the shell's shell-open.
    pub shell: u64,
    /// How many units the script has.
    pub count: u64,
    /// Before its first command, or when the block had ended.
    pub recorded_at: PlanTime,
    /// The script's file as it was named, disclosed.
    pub name: Commitment,
    /// The first and the last line of each unit, disclosed.
    pub ranges: Commitment,
    /// The script whole, disclosed.
    pub script: Commitment,
}

/// The journal is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Why it ended.
    pub reason: EndReason,
    /// Whether everything before was brought to the disk without an error.
    pub synced_to_disk: bool,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is documented at its type")]
pub enum Body {
    Genesis(Box<Genesis>),
    Collect(Collect),
    Open(Box<Open>),
    Close(Close),
    Plan(Plan),
    Start(Start),
    Finish(Finish),
    Note(Note),
    Pause(Pause),
    Resume(Resume),
    Lost(Lost),
    Anomaly(Anomaly),
    End(End),
}

impl Body {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Body::Genesis(_) => Kind::Genesis,
            Body::Collect(_) => Kind::Collect,
            Body::Open(_) => Kind::ShellOpen,
            Body::Close(_) => Kind::ShellClose,
            Body::Plan(_) => Kind::Plan,
            Body::Start(_) => Kind::Start,
            Body::Finish(_) => Kind::Finish,
            Body::Note(_) => Kind::Note,
            Body::Pause(_) => Kind::Pause,
            Body::Resume(_) => Kind::Resume,
            Body::Lost(_) => Kind::Lost,
            Body::Anomaly(_) => Kind::Anomaly,
            Body::End(_) => Kind::End,
        }
    }

    /// The fields that this record commits to, with their commitments.
    #[must_use]
    pub fn commitments(&self) -> Vec<(&'static str, Commitment)> {
        let mut all = Vec::new();
        let mut add =
            |name, commitment: Option<Commitment>| all.extend(commitment.map(|value| (name, value)));
        match self {
            Body::Genesis(genesis) => {
                add("host", Some(genesis.host));
                add("stateDir", Some(genesis.state_dir));
                add("user", Some(genesis.user));
            }
            Body::Collect(collect) => add("data", collect.data),
            Body::Open(open) => {
                add("history", Some(open.history));
                add("workdir", Some(open.workdir));
            }
            Body::Close(close) => add("workdir", Some(close.workdir)),
            Body::Plan(plan) => {
                add("name", Some(plan.name));
                add("ranges", Some(plan.ranges));
                add("script", Some(plan.script));
            }
            Body::Start(start) => {
                add("command", start.command.map(|text| text.commitment));
                add("workdir", Some(start.workdir));
            }
            Body::Note(note) => add("text", note.text),
            Body::Pause(pause) => add("reason", pause.reason),
            Body::Resume(resume) => add("reason", resume.reason),
            Body::Anomaly(anomaly) => add("detail", anomaly.detail),
            Body::Finish(_) | Body::Lost(_) | Body::End(_) => {}
        }
        all
    }

    pub(super) fn encode(&self, out: &mut ObjectWriter) {
        match self {
            Body::Genesis(genesis) => encode_genesis(genesis, out),
            Body::Collect(collect) => {
                out.text("type", &collect.collector).text("at", &collect.at).flag("ok", collect.ok);
            }
            Body::Open(open) => {
                out.text("program", open.program.name()).text("version", &open.version);
                out.number("pid", open.pid).decimal("startTicks", open.start_ticks);
                out.number("native", open.native).text("hook", &open.hook).flag("typed", open.typed);
            }
            Body::Close(close) => {
                out.number("shell", close.shell).text("why", close.why.name());
                nullable(out, "status", close.status);
                optional(out, "native", close.native);
                if close.script_unchanged {
                    out.flag("scriptUnchanged", true);
                }
            }
            Body::Plan(plan) => {
                out.number("shell", plan.shell)
                    .number("count", plan.count)
                    .text("recordedAt", plan.recorded_at.name());
            }
            Body::Start(start) => encode_start(start, out),
            Body::Finish(finish) => encode_finish(finish, out),
            Body::Note(note) => {
                optional(out, "shell", note.shell);
                out.text("what", note.what.name());
                optional(out, "status", note.status);
                optional(out, "native", note.native);
            }
            Body::Pause(pause) => nullable(out, "shell", pause.shell),
            Body::Resume(resume) => {
                nullable(out, "shell", resume.shell);
                nullable(out, "by", resume.by);
            }
            Body::Lost(lost) => {
                out.number("shell", lost.shell).number("count", lost.count);
            }
            Body::Anomaly(anomaly) => {
                out.text("what", &anomaly.what);
            }
            Body::End(end) => {
                out.text("reason", end.reason.name()).flag("syncedToDisk", end.synced_to_disk);
            }
        }
        for (name, Commitment(digest)) in self.commitments() {
            out.text(name, &base64url(&digest));
        }
    }

    pub(super) fn decode(kind: Kind, object: &mut Object) -> Result<Self, JsonError> {
        Ok(match kind {
            Kind::Genesis => Body::Genesis(Box::new(decode_genesis(object)?)),
            Kind::Collect => Body::Collect(Collect {
                collector: object.text("type")?,
                at: one_of(object, "at", &["start", "stop"])?,
                ok: object.boolean("ok")?,
                data: maybe_commitment(object, "data")?,
            }),
            Kind::ShellOpen => Body::Open(Box::new(decode_open(object)?)),
            Kind::ShellClose => Body::Close(Close {
                shell: object.number("shell")?,
                why: CloseReason::take(object, "why")?,
                status: status_or_null(object, "status")?,
                native: object.maybe_number("native")?,
                script_unchanged: object.flag("scriptUnchanged")?,
                workdir: commitment(object, "workdir")?,
            }),
            Kind::Plan => Body::Plan(Plan {
                shell: object.number("shell")?,
                count: object.number("count")?,
                recorded_at: PlanTime::take(object, "recordedAt")?,
                name: commitment(object, "name")?,
                ranges: commitment(object, "ranges")?,
                script: commitment(object, "script")?,
            }),
            Kind::Start => Body::Start(decode_start(object)?),
            Kind::Finish => Body::Finish(decode_finish(object)?),
            Kind::Note => Body::Note(Note {
                shell: object.maybe_number("shell")?,
                what: NoteWhat::take(object, "what")?,
                text: maybe_commitment(object, "text")?,
                status: maybe_status(object, "status")?,
                native: object.maybe_number("native")?,
            }),
            Kind::Pause => Body::Pause(Pause {
                shell: object.number_or_null("shell")?,
                reason: maybe_commitment(object, "reason")?,
            }),
            Kind::Resume => Body::Resume(Resume {
                shell: object.number_or_null("shell")?,
                by: object.number_or_null("by")?,
                reason: maybe_commitment(object, "reason")?,
            }),
            Kind::Lost => Body::Lost(Lost { shell: object.number("shell")?, count: object.number("count")? }),
            Kind::Anomaly => Body::Anomaly(Anomaly {
                what: object.text("what")?,
                detail: maybe_commitment(object, "detail")?,
            }),
            Kind::End => Body::End(End {
                reason: EndReason::take(object, "reason")?,
                synced_to_disk: object.boolean("syncedToDisk")?,
            }),
        })
    }
}

fn decode_open(object: &mut Object) -> Result<Open, JsonError> {
    Ok(Open {
        program: Program::take(object, "program")?,
        version: object.text("version")?,
        pid: object.number("pid")?,
        start_ticks: object.decimal("startTicks")?,
        native: object.number("native")?,
        hook: object.text("hook")?,
        typed: object.boolean("typed")?,
        workdir: commitment(object, "workdir")?,
        history: commitment(object, "history")?,
    })
}

fn encode_start(start: &Start, out: &mut ObjectWriter) {
    out.number("shell", start.shell).number("n", start.n).number("native", start.native);
    optional(out, "skip", (start.skip > 0).then_some(start.skip));
    out.text("textSource", start.source.name());
    if start.command.is_some_and(|text| text.truncated) {
        out.flag("truncated", true);
    }
    optional(out, "prevStatus", start.prev_status);
    for (name, holds) in [("planned", start.planned), ("late", start.late)] {
        if holds {
            out.flag(name, true);
        }
    }
}

fn decode_start(object: &mut Object) -> Result<Start, JsonError> {
    let truncated = object.flag("truncated")?;
    let command =
        maybe_commitment(object, "command")?.map(|commitment| CommandText { commitment, truncated });
    let start = Start {
        shell: object.number("shell")?,
        n: object.number("n")?,
        native: object.number("native")?,
        skip: object.maybe_number("skip")?.unwrap_or(0),
        source: TextSource::take(object, "textSource")?,
        command,
        workdir: commitment(object, "workdir")?,
        prev_status: maybe_status(object, "prevStatus")?,
        planned: object.flag("planned")?,
        late: object.flag("late")?,
    };
    let has_text = !matches!(start.source, TextSource::Withheld | TextSource::None);
    if has_text != start.command.is_some() {
        return Err(JsonError(format!(
            "\"textSource\" is \"{}\" but \"command\" says otherwise",
            start.source.name()
        )));
    }
    if truncated && start.command.is_none() {
        return Err(JsonError("\"truncated\" without \"command\"".into()));
    }
    Ok(start)
}

fn encode_finish(finish: &Finish, out: &mut ObjectWriter) {
    out.number("shell", finish.shell).number("n", finish.n);
    nullable(out, "status", finish.status);
    if let Some(list) = &finish.pipe_status {
        let list: Vec<String> = list.iter().map(u64::to_string).collect();
        out.raw("pipeStatus", format!("[{}]", list.join(",")).as_bytes());
    }
    out.text("from", finish.from.name());
    if finish.stale {
        out.flag("stale", true);
    }
    if let Some(outcome) = finish.outcome {
        out.text("outcome", outcome.name());
    }
    optional(out, "native", finish.native);
    optional(out, "shellDurationUs", finish.shell_duration_us);
}

fn decode_finish(object: &mut Object) -> Result<Finish, JsonError> {
    let finish = Finish {
        shell: object.number("shell")?,
        n: object.number("n")?,
        status: status_or_null(object, "status")?,
        pipe_status: object.maybe_numbers("pipeStatus")?,
        from: From::take(object, "from")?,
        stale: object.flag("stale")?,
        outcome: Outcome::maybe_take(object, "outcome")?,
        native: object.maybe_number("native")?,
        shell_duration_us: object.maybe_number("shellDurationUs")?,
    };
    if finish.pipe_status.iter().flatten().any(|status| *status > STATUS_MAX) {
        return Err(JsonError(format!("member \"pipeStatus\" has a status above {STATUS_MAX}")));
    }
    // An exit status nobody observed is null, never a number.
    let unseen = finish.from == From::Unknown || finish.outcome.is_some();
    if unseen == finish.status.is_some() {
        return Err(JsonError("\"status\" and \"from\" contradict each other".into()));
    }
    Ok(finish)
}

/// The largest exit status a shell reports.
const STATUS_MAX: u64 = 255;

fn in_range(name: &str, status: Option<u64>) -> Result<Option<u64>, JsonError> {
    match status {
        Some(value) if value > STATUS_MAX => {
            Err(JsonError(format!("member \"{name}\" is above {STATUS_MAX}")))
        }
        _ => Ok(status),
    }
}

fn status_or_null(object: &mut Object, name: &str) -> Result<Option<u64>, JsonError> {
    in_range(name, object.number_or_null(name)?)
}

fn maybe_status(object: &mut Object, name: &str) -> Result<Option<u64>, JsonError> {
    in_range(name, object.maybe_number(name)?)
}

pub(super) fn one_of(object: &mut Object, name: &str, words: &[&str]) -> Result<String, JsonError> {
    let text = object.text(name)?;
    if words.contains(&text.as_str()) {
        Ok(text)
    } else {
        Err(JsonError(format!("member \"{name}\" has the unknown value \"{text}\"")))
    }
}

pub(super) fn commitment(object: &mut Object, name: &str) -> Result<Commitment, JsonError> {
    key(object, name).map(Commitment)
}

fn maybe_commitment(object: &mut Object, name: &str) -> Result<Option<Commitment>, JsonError> {
    match object.maybe_text(name)? {
        None => Ok(None),
        Some(text) => match super::base64url_exact(text.as_bytes()) {
            Some(digest) => Ok(Some(Commitment(digest))),
            None => Err(JsonError(format!("member \"{name}\" is not 32 bytes in base64url"))),
        },
    }
}

fn optional(out: &mut ObjectWriter, name: &str, value: Option<u64>) {
    if let Some(value) = value {
        out.number(name, value);
    }
}

fn nullable(out: &mut ObjectWriter, name: &str, value: Option<u64>) {
    match value {
        Some(value) => out.number(name, value),
        None => out.null(name),
    };
}
