//! `attesh log`: the commands of a session.

use serde_json::{Value, json};

use super::args::Log;
use super::view::{Command, Row, View, view};
use super::{Outcome, chosen, listing};
use crate::clock;
use crate::encoding::base64;
use crate::failure::Failure;
use crate::report::{self, Style};
use crate::text::visible;

pub fn run(args: &Log) -> Outcome {
    let session = chosen(args.session.as_deref())?;
    let view = view(session.journal())?;
    let mut rows: Vec<&Row> = view.rows.iter().filter(|row| !args.failed || is_failed(row)).collect();
    if let Some(last) = args.last {
        let commands = rows.iter().filter(|row| matches!(row, Row::Command(_))).count();
        let mut skip = commands.saturating_sub(last);
        rows.retain(|row| {
            let gone = skip > 0;
            skip -= usize::from(gone && matches!(row, Row::Command(_)));
            !gone
        });
    }
    if args.json {
        let commands: Vec<Value> = rows.iter().filter_map(|row| as_json(row)).collect();
        let remarks: Vec<Value> = rows.iter().filter_map(|row| remark(row)).collect();
        let scripts = listing::scripts(view.rows.iter());
        let mut value =
            json!({"session": session.id(), "commands": commands, "scripts": scripts, "remarks": remarks});
        add_failure(&mut value, &view);
        report::json("attesh.log/v1", value)?;
    } else {
        if rows.is_empty() && view.checked.rejection.is_none() {
            let what = if view.rows.is_empty() { "nothing was recorded so far" } else { "none of these" };
            report::say(&format!("session {}: {what}", session.short_name()));
        }
        // What was picked out is no whole script any more.
        if args.failed || args.last.is_some() {
            rows.retain(|row| !matches!(row, Row::Script(_)));
        }
        listing::print(rows.iter().copied())?;
    }
    verdict(&view)
}

/// Only verified records were shown; where the journal is broken the command fails.
pub fn verdict(view: &View) -> Outcome {
    match &view.checked.rejection {
        None => Ok(0),
        Some(rejection) => Err(Failure::integrity(format!(
            "the journal is not what was recorded: record {} (byte {}): {}; only what stands before it is shown",
            rejection.record, rejection.offset, rejection.cause
        ))),
    }
}

/// Puts the failure, if there is one, into the one object that is printed.
pub fn add_failure(value: &mut Value, view: &View) {
    if let Err(failure) = verdict(view) {
        value["failure"] = report::failure_json(&failure);
    }
}

fn is_failed(row: &Row) -> bool {
    matches!(row, Row::Command(command) if command.status.is_some_and(|status| status != 0))
}

/// One row: number, time, status, pipe statuses, duration, folder, command.
pub fn as_text(row: &Row, style: Style) -> String {
    let command = match row {
        Row::Remark(time, text) => return style.dim(&format!("{:>4}  {}  {text}", "", time_of_day(*time))),
        Row::Script(script) => return listing::title(&visible(&script.name), script.shell, style),
        Row::Command(command) => command,
    };
    let status = status_word(command);
    let padded = format!("{status:>7}");
    let status = match command.status {
        Some(0) => style.good(&padded),
        Some(_) => style.bad(&padded),
        None => style.dim(&padded),
    };
    let pipe = command.pipe_status.as_ref().map_or_else(String::new, |list| {
        let list: Vec<String> = list.iter().map(ToString::to_string).collect();
        format!(" [{}]", list.join("|"))
    });
    let duration = command.duration_ns.map_or_else(|| "-".to_owned(), report::duration);
    let workdir = command.workdir.as_deref().map_or_else(String::new, visible);
    let text = match &command.text {
        Some(text) => style.strong(&visible(text)),
        None => style.dim(&format!("({})", command.source)),
    };
    let time = time_of_day(command.realtime_ns);
    format!("{:>4}  {time} {status}{pipe} {duration:>7}  {}  {text}", command.seq, style.dim(&workdir))
}

/// The status, or why there is none.
pub fn status_word(command: &Command) -> String {
    match (command.status, command.outcome, command.finished) {
        (Some(status), _, _) => status.to_string(),
        (None, Some(outcome), _) => outcome.name().to_owned(),
        (None, None, true) => "unknown".to_owned(),
        (None, None, false) if command.running => "running".to_owned(),
        (None, None, false) => "unfinished".to_owned(),
    }
}

fn time_of_day(realtime_ns: u64) -> String {
    // UTC, as everywhere: a log that is compared with others must not depend on who reads it.
    clock::timestamp(realtime_ns).map_or_else(|| "?".to_owned(), |time| time.strftime("%F %TZ").to_string())
}

/// One remark as JSON; none for a command.
pub fn remark(row: &Row) -> Option<Value> {
    let Row::Remark(time, text) = row else { return None };
    Some(json!({"at": clock::rfc3339(*time), "text": text}))
}

/// One command as JSON; none for a remark.
pub fn as_json(row: &Row) -> Option<Value> {
    let Row::Command(command) = row else { return None };
    let mut out = json!({
        "seq": command.seq,
        "record": command.record,
        "shell": command.shell,
        "startedAt": clock::rfc3339(command.realtime_ns),
        "finished": command.finished,
        "running": command.running,
        "exitCode": command.status,
        "pipeStatus": command.pipe_status,
        "durationMs": command.duration_ns.map(|ns| ns / 1_000_000),
        "workdir": command.workdir.as_deref().map(String::from_utf8_lossy),
        "textSource": command.source,
    });
    if let Some(text) = &command.text {
        put_text(&mut out, text);
    }
    Some(out)
}

/// Puts a command's text into the object about it.
pub fn put_text(out: &mut Value, text: &[u8]) {
    match std::str::from_utf8(text) {
        Ok(text) => out["command"] = json!(text),
        Err(_) => out["commandBase64"] = json!(base64(text)),
    }
}
