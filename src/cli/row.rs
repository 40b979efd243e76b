//! One row of a log, as text and as JSON.

use serde_json::{Value, json};

use super::remark::Remark;
use super::view::Row;
use crate::clock;
use crate::journal::story::FindingCode;
use crate::report::{self, Style};
use crate::seal::statement::CommandText;
use crate::text::visible;

/// What the rows of a log have beside the usual.
#[derive(Clone, Copy)]
pub struct Layout {
    /// The style.
    pub style: Style,
    /// A column of the numbers of the records.
    pub records: bool,
    /// A column of shells.
    pub shells: bool,
}

impl Layout {
    /// The first column: the records that a row is about, where that is wanted.
    #[must_use]
    pub fn records(self, first: Option<u64>, last: Option<u64>) -> String {
        let first = first.map_or_else(String::new, |first| first.to_string());
        let last = last.map_or_else(String::new, |last| format!(",{last}"));
        if self.records { self.style.dim(&format!("{:>9} ", first + &last)) } else { String::new() }
    }

    fn shell(self, shell: Option<u64>) -> String {
        let shell = shell.map_or_else(String::new, |shell| format!("[{shell}]"));
        if self.shells { format!(" {shell:>5}") } else { String::new() }
    }
}

/// One row: records, number, shell, time, status, pipe statuses, duration, folder, command.
pub fn as_text(row: &Row, layout: Layout) -> String {
    let style = layout.style;
    let command = match row {
        Row::Remark(remark) => return remark_text(remark, layout),
        Row::Script(script) => {
            let records = layout.records(Some(script.record), None);
            return records + &title(&visible(&script.name), script.shell, style);
        }
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
    let text = match &command.text {
        Some(text) => style.strong(&visible(text)) + masked(command.masked),
        None => style.dim(&format!("({})", command.source)),
    };
    let time = time_of_day(command.realtime_ns);
    format!(
        "{}{:>4}{}  {time} {status}{pipe} {duration:>7}  {}  {text}",
        layout.records(Some(command.record), command.finish),
        command.seq,
        layout.shell(Some(command.shell)),
        style.dim(&folder(command.workdir.as_deref())),
    )
}

/// What stands behind a text of which a secret is masked.
#[must_use]
pub fn masked(masked: bool) -> &'static str {
    if masked { "  (masked)" } else { "" }
}

/// The folder of a command. The recorder writes an empty one where the folder was removed.
#[must_use]
pub fn folder(path: Option<&[u8]>) -> String {
    match path {
        Some(b"") => "(removed)".to_owned(),
        Some(path) => visible(path),
        None => String::new(),
    }
}

/// A row that is no command; `!` marks what makes the session incomplete.
fn remark_text(remark: &Remark, layout: Layout) -> String {
    let incomplete = remark.is_incomplete();
    let text = format!(
        "{:>4}{}  {}  {}",
        if incomplete { "!" } else { "" },
        layout.shell(remark.shell),
        time_of_day(remark.at_ns),
        remark.text
    );
    let text = if incomplete { layout.style.bad(&text) } else { layout.style.dim(&text) };
    layout.records(Some(remark.record), None) + &text
}

/// The row above a script.
#[must_use]
pub fn title(name: &str, shell: u64, style: Style) -> String {
    style.dim(&format!("script {name} in shell {shell}"))
}

/// When something was, as a row has it.
#[must_use]
pub fn time_of_day(realtime_ns: u64) -> String {
    // UTC, as everywhere: a log that is compared with others must not depend on who reads it.
    clock::timestamp(realtime_ns).map_or_else(|| "?".to_owned(), |time| time.strftime("%F %TZ").to_string())
}

/// One remark as JSON; `None` for a command.
pub fn remark(row: &Row) -> Option<Value> {
    let Row::Remark(remark) = row else { return None };
    Some(json!({
        "at": clock::rfc3339(remark.at_ns),
        "record": remark.record,
        "shell": remark.shell,
        "code": remark.code.map(FindingCode::name),
        "incomplete": remark.is_incomplete(),
        "lost": remark.lost,
        "text": remark.text,
    }))
}

/// One command as JSON; `None` for a remark.
pub fn as_json(row: &Row) -> Option<Value> {
    let Row::Command(command) = row else { return None };
    let mut out = json!({
        "seq": command.seq,
        "record": command.record,
        "finishRecord": command.finish,
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
        put_text(&mut out, text, command.masked);
    }
    Some(out)
}

/// Puts a command's text into the object about it, under the name that a statement has for it.
pub fn put_text(out: &mut Value, text: &[u8], masked: bool) {
    let text = serde_json::to_value(CommandText::recorded(text, masked));
    for (name, value) in text.iter().filter_map(Value::as_object).flatten() {
        out[name] = value.clone();
    }
}
