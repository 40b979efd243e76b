//! One row of a log, as text and as JSON.

use serde_json::{Value, json};

use super::view::Row;
use crate::clock;
use crate::encoding::base64;
use crate::report::{self, Style};
use crate::text::visible;

/// One row: number, time, status, pipe statuses, duration, folder, command.
pub fn as_text(row: &Row, style: Style) -> String {
    let command = match row {
        Row::Remark(time, text) => return style.dim(&format!("{:>4}  {}  {text}", "", time_of_day(*time))),
        Row::Script(script) => return title(&visible(&script.name), script.shell, style),
        Row::Command(command) => command,
    };
    let status = command.status_word();
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

/// The row above a script.
#[must_use]
pub fn title(name: &str, shell: u64, style: Style) -> String {
    style.dim(&format!("script {name} in shell {shell}"))
}

fn time_of_day(realtime_ns: u64) -> String {
    // UTC, as everywhere: a log that is compared with others must not depend on who reads it.
    clock::timestamp(realtime_ns).map_or_else(|| "?".to_owned(), |time| time.strftime("%F %TZ").to_string())
}

/// One remark as JSON; `None` for a command.
pub fn remark(row: &Row) -> Option<Value> {
    let Row::Remark(time, text) = row else { return None };
    Some(json!({"at": clock::rfc3339(*time), "text": text}))
}

/// One command as JSON; `None` for a remark.
pub fn as_json(row: &Row) -> Option<Value> {
    let Row::Command(command) = row else { return None };
    let mut out = json!({
        "seq": command.seq,
        "record": command.record,
        "shell": command.shell,
        "unit": command.unit,
        "startedAt": clock::rfc3339(command.realtime_ns),
        "finished": command.finished,
        "running": command.running,
        "exitCode": command.status,
        "stale": command.stale,
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
