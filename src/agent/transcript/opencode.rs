//! The transcript of opencode: the one object that `opencode export` prints, with messages of parts.
//!
//! Rules: the record has the status of a command as a number, which the model is not told.

use serde_json::Value;

use super::reading::{Places, Reading, as_text, object, objects, text};
use super::told::{Kind, Outcome, Transcript, Unreadable};

/// The versions that are known here, by their first number.
const MAJORS: [&str; 2] = ["0", "1"];
/// The kinds of parts.
const PARTS: [&str; 12] = [
    "agent",
    "compaction",
    "file",
    "patch",
    "reasoning",
    "retry",
    "snapshot",
    "step-finish",
    "step-start",
    "subtask",
    "text",
    "tool",
];

/// Reads a transcript.
///
/// # Errors
/// It cannot be read, or names a version that is not known here.
pub fn read(bytes: &[u8]) -> Result<Transcript, Unreadable> {
    let mut reading = Reading::new(Kind::Opencode);
    let whole = match serde_json::from_slice(bytes) {
        Ok(Value::Object(whole)) => whole,
        Ok(_) => return Err(Unreadable::at(1, "no object of JSON")),
        Err(error) => return Err(Unreadable::json(&error, 1)),
    };
    if let Some(version) = object(&whole, "info").and_then(|info| text(info, "version")) {
        reading.version(Places::of(bytes).line("\"version\""), version, &MAJORS)?;
    }
    let mut places = Places::of(bytes);
    for part in objects(&whole, "messages").flat_map(|message| objects(message, "parts")) {
        let kind = text(part, "type").unwrap_or_default();
        if !PARTS.contains(&kind) {
            reading.unknown(format!("part {kind:?}"));
        }
        if kind != "tool" || text(part, "tool") != Some("bash") {
            continue;
        }
        let state = object(part, "state");
        let command = state.and_then(|state| text(object(state, "input")?, "command"));
        let (Some(id), Some(state), Some(command)) = (text(part, "callID"), state, command) else {
            reading.unknown("a call of a shell without id or command");
            continue;
        };
        let time = object(state, "time").and_then(|time| time.get("start")?.as_u64());
        let time = time.map(|time| format!("{time:020}"));
        let line = places.line(&format!("\"{id}\""));
        reading.call(id, line, time.as_deref(), as_text(command));
        let status = object(state, "metadata").and_then(|metadata| metadata.get("exit")?.as_i64());
        let outcome = match (text(state, "status"), status) {
            (Some("completed"), Some(status)) => Outcome::of_status(status),
            (Some("completed"), None) => Outcome::NotTold,
            _ => Outcome::NotRun,
        };
        reading.outcome(id, outcome);
    }
    Ok(reading.done())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn part(id: &str, status: &str, exit: Value) -> Value {
        let state = json!({"status": status, "input": {"command": "ls"}, "metadata": {"exit": exit}, "time": {"start": 5}});
        json!({"type": "tool", "tool": "bash", "callID": id, "state": state})
    }

    fn exported(version: &str, parts: Value) -> String {
        let whole = json!({"info": {"version": version}, "messages": [{"info": {}, "parts": parts}]});
        serde_json::to_string_pretty(&whole).unwrap()
    }

    #[test]
    fn a_result_is_told_as_another_end() {
        let parts = json!([
            part("a", "completed", json!(7)),
            part("b", "completed", Value::Null),
            part("c", "error", Value::Null),
            part("d", "running", json!(0)),
            {"type": "tool", "tool": "read", "callID": "e", "state": {}},
            {"type": "tool", "tool": "bash", "callID": "f", "state": {}},
            {"type": "new"},
        ]);
        let told = read(exported("1.18.33", parts).as_bytes()).unwrap();
        let outcomes: Vec<Outcome> = told.commands.iter().map(|told| told.outcome).collect();
        assert_eq!(outcomes, [Outcome::Exit(7), Outcome::NotTold, Outcome::NotRun, Outcome::NotRun]);
        assert_eq!(told.unknown.into_values().collect::<Vec<_>>(), [1, 1]);
        let lines: Vec<u64> = told.commands.iter().map(|told| told.line).collect();
        assert!(lines.is_sorted() && lines[0] > 1, "{lines:?}");
    }

    #[test]
    fn what_is_no_export_is_read() {
        assert!(read(exported("2.0.0", json!([])).as_bytes()).unwrap_err().is_unknown_version);
        assert_eq!(read(b"[]").unwrap_err().to_string(), "line 1: no object of JSON");
        assert_eq!(read(b"{\n\"info\": {,\n}").unwrap_err().line, Some(2));
    }
}
