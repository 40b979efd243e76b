//! The rows of a log that are no commands: what was noted, and what the records themselves tell
//! (a gap, a step of the clock, a shell that never closed), each in its place.
//!
//! What lives here: which records and findings have such a row, and its words. What does not:
//! how a row is printed (`row`), which findings there are (`journal::story`).
//!
//! Rules: a finding has one row. Where the record that it is about has a row of its own, that
//! row says both. The row of a loss has its count from the shells' own counters.

use super::standing::{LOST, Standing};
use crate::fact::notice::Notice;
use crate::fact::process::{self, Count, SeenBy};
use crate::fact::{FILES, PROCESS, PROCESS_END, PROCESSES};
use crate::journal::check::{Checked, Passed};
use crate::journal::story::{FindingCode, Weight, left_open};
use crate::os::proc;
use crate::record::{Body, NoteWhat, Plan, Record};
use crate::session::{began, shells};
use crate::text;

/// A row that is no command.
pub struct Remark {
    /// Index of the record that it is about.
    pub record: u64,
    /// When, in nanoseconds since 1970.
    pub at_ns: u64,
    /// The shell, where it is about one.
    pub shell: Option<u64>,
    /// In words.
    pub text: String,
    /// What kind of finding it is, if it is one.
    pub code: Option<FindingCode>,
    /// How many commands ran unrecorded here.
    pub lost: Option<u64>,
    /// Whether it says that the journal is not what was recorded.
    pub wrong: bool,
    /// Whether the row of a command says the same.
    pub repeats: bool,
    /// Whether it stands only where every record is listed.
    pub minor: bool,
}

impl Remark {
    fn of(record: &Record, text: String) -> Self {
        Remark {
            record: record.core.index,
            at_ns: record.core.time.realtime_ns,
            shell: shell_of(&record.core.body),
            text,
            code: None,
            lost: None,
            wrong: false,
            repeats: false,
            minor: false,
        }
    }

    /// Whether it says why the session is incomplete, or not what was recorded.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.wrong || self.code.is_some_and(|code| code.weight() == Weight::Incomplete)
    }
}

/// What was told before a record: how many findings, how many commands lost.
#[derive(Clone, Copy, Default)]
pub struct Told {
    findings: usize,
    lost: u64,
}

impl Told {
    /// The rows of a record that is no command, and of the findings that it brought; remembers them.
    pub fn rows(&mut self, passed: &Passed) -> Vec<Remark> {
        let (record, story) = (passed.record, passed.story);
        let lost = story.lost.saturating_sub(self.lost);
        let mut rows = Vec::new();
        let mut own = said(record);
        for finding in story.findings.get(self.findings..).unwrap_or_default() {
            let code = Some(finding.code);
            match (finding.code, &mut own) {
                // The row of the loss stands below; the command's own row has these words; the
                // end of the list has those.
                (FindingCode::Gap | FindingCode::Unfinished | FindingCode::Unobserved, _)
                | (FindingCode::OpenShell, _) => {}
                (FindingCode::Clock | FindingCode::Recovered | FindingCode::AfterLoss, _) | (_, None) => {
                    rows.push(Remark { code, ..Remark::of(record, text::visible(finding.text.as_bytes())) });
                }
                (_, Some(own)) => {
                    own.code = own.code.or(code);
                    own.minor = false;
                }
            }
        }
        if lost > 0 {
            let shell = shell_of(&record.core.body).map_or_else(String::new, |at| format!(" of shell {at}"));
            let words = format!("{}{shell} ran unrecorded", text::count(lost, "command"));
            let code = Some(FindingCode::Gap);
            rows.push(Remark { code, lost: Some(lost), ..Remark::of(record, words) });
        }
        rows.extend(own);
        *self = Told { findings: story.findings.len(), lost: story.lost };
        rows
    }
}

/// The rows behind the last record: shells that never closed, a missing end, and what is wrong
/// with the journal. Of a session that goes on here neither shells nor end are told; of one that
/// may go on elsewhere its shells are not.
pub fn at_the_end(checked: &Checked, standing: &Standing) -> Vec<Remark> {
    let story = &checked.story;
    let here = checked.genesis_body().is_some_and(shells::is_known_here);
    let over = story.ended || standing.is_cut_short;
    let lives = |pid, start| !over && (!here || proc::is_alive(pid, start));
    let row = |code, shell, text| Remark {
        record: checked.size.saturating_sub(1),
        at_ns: checked.times_ns.1,
        shell,
        text,
        code: Some(code),
        lost: None,
        wrong: false,
        repeats: false,
        minor: false,
    };
    let left = story.live.iter().filter(|(_, shell)| !lives(shell.pid, shell.start_ticks));
    let how = |at| match &checked.rejection {
        Some(rejection) => format!("shell {at} is not known from record {} on", rejection.record),
        None => left_open(at, story.ended),
    };
    let mut rows: Vec<Remark> =
        left.map(|(at, _)| row(FindingCode::OpenShell, Some(*at), how(*at))).collect();
    let goes_on = here && standing.word != LOST && rows.len() < story.live.len().max(1);
    if !story.ended && !goes_on && standing.wrong.is_none() {
        let why = match &standing.why {
            Some(why) if standing.word == LOST => why,
            _ => "it goes on elsewhere, was killed, or was cut",
        };
        rows.push(row(FindingCode::NoEnd, None, format!("the journal has no end: {why}")));
    }
    if story.redacted > 0 {
        let text = format!("{} redacted", text::count(story.redacted, "text"));
        rows.push(Remark { code: None, ..row(FindingCode::More, None, text) });
    }
    if story.more_findings > 0 {
        let text = format!("{} more that the records tell are not listed", story.more_findings);
        rows.push(row(FindingCode::More, None, text));
    }
    if let Some(failure) = &standing.wrong {
        let text = text::visible(failure.message.as_bytes());
        rows.push(Remark { code: None, wrong: true, ..row(FindingCode::More, None, text) });
    }
    rows
}

/// The shell that a record is about.
fn shell_of(body: &Body) -> Option<u64> {
    match body {
        Body::Start(start) => Some(start.shell),
        Body::Finish(finish) => Some(finish.shell),
        Body::Close(close) => Some(close.shell),
        Body::Plan(plan) => Some(plan.shell),
        Body::Lost(lost) => Some(lost.shell),
        Body::Note(note) => note.shell,
        Body::Pause(pause) => pause.shell,
        Body::Resume(resume) => resume.shell,
        Body::Genesis(_) | Body::Open(_) | Body::Anomaly(_) | Body::End(_) | Body::Fact(_) => None,
    }
}

/// The row of a record that is about no command.
fn said(record: &Record) -> Option<Remark> {
    let words = |name: &str| record.text(name).map_or_else(String::new, text::visible);
    let of = |text: String| Some(Remark::of(record, text));
    let minor = |text: String| Some(Remark { minor: true, ..Remark::of(record, text) });
    match &record.core.body {
        Body::Note(note) => {
            let what = match note.what {
                NoteWhat::Remark => "note",
                NoteWhat::History => "history took",
                NoteWhat::Unexecuted => "not executed",
                NoteWhat::Unannounced => "not announced by the shell, may have run",
                other => other.name(),
            };
            of(match (record.text("text"), record.core.commitments.has("text")) {
                (Some(text), _) => format!("{what}: {}", text::visible(text)),
                (None, true) => format!("{what}: (redacted)"),
                (None, false) if matches!(note.what, NoteWhat::HookRepaired | NoteWhat::Gap) => {
                    what.to_owned()
                }
                (None, false) => format!("{what}: (withheld)"),
            })
        }
        Body::Fact(fact) => {
            let failed = if fact.ok { "" } else { " (its collector failed)" };
            // There can be one of them for each program that started.
            if matches!(fact.kind.as_str(), PROCESS | PROCESS_END | FILES) {
                return minor(format!("fact of the type {}{failed}", fact.kind));
            }
            if fact.kind == PROCESSES {
                let mut told = process::Told::default();
                told.count(|name| record.said(name));
                return of(format!("program starts: {}", starts_in(&told)));
            }
            of(began::notice_in(record)
                .map(|notice| text::visible(in_words(&notice).as_bytes()))
                .unwrap_or_else(|| format!("fact of the type {}{failed}", text::short(&fact.kind))))
        }
        Body::Anomaly(anomaly) => {
            let detail = words("detail");
            let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
            of(format!("anomaly: {}{detail}", text::visible(anomaly.what.as_bytes())))
        }
        Body::Pause(pause) => of(switched("paused", pause.shell, record)),
        Body::Resume(resume) => of(switched("resumed", resume.shell, record)),
        Body::Genesis(_) => minor("the session opened".to_owned()),
        Body::Open(open) => {
            let version = text::visible(open.version.as_bytes());
            let (at, pid) = (record.core.index, open.pid);
            let text = format!("shell {at} opened: {} {version}, process {pid}", open.program.name());
            minor(text).map(|remark| Remark { shell: Some(at), ..remark })
        }
        Body::Close(close) => {
            let status = close.status.map_or_else(String::new, |status| format!(", status {status}"));
            minor(format!("shell {} closed: {}{status}", close.shell, close.why.name()))
        }
        Body::End(end) => minor(format!("the session ended: {}", end.reason.name())),
        Body::Plan(plan) if record.text("script").is_none() => of(without_script(plan, record)),
        Body::Start(_) | Body::Finish(_) | Body::Plan(_) | Body::Lost(_) => None,
    }
}

/// A script whose text is not there: its commands are listed like others.
fn without_script(plan: &Plan, record: &Record) -> String {
    let name = record.text("name").map_or_else(|| "(redacted)".to_owned(), text::visible);
    let units = text::count(plan.count, "unit");
    format!("script {name} in shell {}, {units}: (redacted)", plan.shell)
}

/// What was said before the session began.
fn in_words(notice: &Notice) -> String {
    let rows = notice.rows(None);
    let words: Vec<String> = rows.into_iter().map(|(name, words)| format!("{name}: {words}")).collect();
    if words.is_empty() { "notice: (redacted)".to_owned() } else { words.join("; ") }
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

/// What one record says of all starts below a shell.
fn starts_in(told: &process::Told) -> String {
    match (told.count, told.seen_by) {
        (Some(_), Some(SeenBy::Above)) => "told of at another shell".to_owned(),
        (Some(Count { seen, lost, running, .. }), _) => {
            let lost = if lost > 0 { format!(", {lost} not recorded") } else { String::new() };
            let running = if running > 0 { format!(", {running} went on") } else { String::new() };
            format!("{seen} seen{lost}{running}; to see them type attesh show --processes")
        }
        (None, _) => text::visible(told.gap().unwrap_or_default().as_bytes()),
    }
}
