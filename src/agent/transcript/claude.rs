//! The transcript of Claude Code: a line of JSON for each entry, of which those of an assistant ask for
//! commands and those of a user have their results.
//!
//! Rules: a result that is no error is told as 0, unless it was interrupted, is of a command in the
//! background, or the agent says what another status means in the place of the status.

use serde_json::Value;

use super::reading::{Entry, Reading, as_text, each_line, object, objects, text};
use super::told::{Kind, Outcome, Transcript, Unreadable};

/// The versions that are known here, by their first number.
const MAJORS: [&str; 2] = ["1", "2"];
/// The tools that run a command.
const TOOLS: [&str; 2] = ["Bash", "Monitor"];
/// The kinds of entries that tell of no command.
const OTHERS: [&str; 23] = [
    "agent-name",
    "ai-title",
    "api-request",
    "api-request-blob",
    "api-request-shape",
    "atis-latch",
    "attachment",
    "cost-state",
    "custom-title",
    "file-history-snapshot",
    "last-prompt",
    "mode",
    "permission-mode",
    "pr-link",
    "progress",
    "queue-operation",
    "result",
    "summary",
    "system",
    "tag",
    "tools-used",
    "user",
    "assistant",
];

/// Reads a transcript.
///
/// # Errors
/// A line cannot be read, or names a version that is not known here.
pub fn read(bytes: &[u8]) -> Result<Transcript, Unreadable> {
    let mut reading = Reading::new(Kind::Claude);
    each_line(bytes, |line, entry| {
        if let Some(version) = text(entry, "version") {
            reading.version(line, version, &MAJORS)?;
        }
        take(&mut reading, line, entry, text(entry, "timestamp"));
        Ok(())
    })?;
    Ok(reading.done())
}

fn take(reading: &mut Reading, line: u64, entry: &Entry, at: Option<&str>) {
    let kind = text(entry, "type").unwrap_or_default();
    match kind {
        "assistant" => {
            for block in object(entry, "message").into_iter().flat_map(|message| objects(message, "content"))
            {
                asked(reading, line, block, at);
            }
        }
        "user" => {
            let message = object(entry, "message");
            match message.and_then(|message| message.get("content")) {
                Some(Value::String(said)) => typed(reading, line, entry, said, at),
                _ => {
                    for block in message.into_iter().flat_map(|message| objects(message, "content")) {
                        result(reading, entry, block);
                    }
                }
            }
        }
        "queue-operation" => {
            if let Some(said) = text(entry, "content") {
                notified(reading, said);
            }
        }
        // What an agent of the agent does, where it has no file of its own.
        "progress" => {
            if let Some(message) = object(entry, "data").and_then(|data| object(data, "message")) {
                take(reading, line, message, text(message, "timestamp").or(at));
            }
        }
        kind if OTHERS.contains(&kind) => {}
        kind => reading.unknown(format!("type {kind:?}")),
    }
}

fn asked(reading: &mut Reading, line: u64, block: &Entry, at: Option<&str>) {
    if text(block, "type") != Some("tool_use")
        || !text(block, "name").is_some_and(|name| TOOLS.contains(&name))
    {
        return;
    }
    let command = object(block, "input").and_then(|input| text(input, "command"));
    match (text(block, "id"), command) {
        (Some(id), Some(command)) => drop(reading.call(id, line, at, as_text(command))),
        // A monitor can wait for something else than a command.
        _ if text(block, "name") == Some("Monitor") => {}
        _ => reading.unknown("a call of a shell without id or command"),
    }
}

/// What a user typed, or what is told as if it had been.
fn typed(reading: &mut Reading, line: u64, entry: &Entry, said: &str, at: Option<&str>) {
    notified(reading, said);
    let command = said.strip_prefix("<bash-input>").and_then(|rest| rest.strip_suffix("</bash-input>"));
    if let (Some(command), Some(id)) = (command, text(entry, "uuid")) {
        // Its output follows without a status.
        reading.call(id, line, at, as_text(command)).outcome = Outcome::NotTold;
    }
}

/// The end of a command in the background.
fn notified(reading: &mut Reading, said: &str) {
    let Some(said) = said.trim_start().strip_prefix("<task-notification>") else { return };
    let within = |tag: &str| {
        let (_, rest) = said.split_once(&format!("<{tag}>"))?;
        Some(rest.rsplit_once(&format!("</{tag}>"))?.0)
    };
    let (Some(id), Some(summary)) = (within("tool-use-id"), within("summary")) else { return };
    // The words before the last quote are the model's.
    let end = summary.rsplit('"').next().unwrap_or_default();
    let status = end
        .strip_prefix(" completed (exit code ")
        .and_then(|rest| rest.strip_suffix(')'))
        .or_else(|| end.strip_prefix(" failed with exit code "));
    if let Some(status) = status.and_then(|status| status.parse().ok()) {
        reading.outcome(id, Outcome::of_status(status));
    }
}

fn result(reading: &mut Reading, entry: &Entry, block: &Entry) {
    let (Some("tool_result"), Some(id)) = (text(block, "type"), text(block, "tool_use_id")) else { return };
    let said = match block.get("content") {
        Some(Value::String(said)) => said.as_str(),
        Some(Value::Array(_)) => {
            objects(block, "content").find_map(|part| text(part, "text")).unwrap_or_default()
        }
        _ => "",
    };
    let outcome = if block.get("is_error") == Some(&Value::Bool(true)) {
        // Without a status it was refused, or it was interrupted.
        let status = said.strip_prefix("Exit code ").map(|rest| rest.split('\n').next().unwrap_or_default());
        status.and_then(|status| status.parse().ok()).map_or(Outcome::NotRun, Outcome::of_status)
    } else {
        let details = object(entry, "toolUseResult");
        let has = |name: &str| details.is_some_and(|details| details.contains_key(name));
        let is_open = has("backgroundTaskId")
            || has("returnCodeInterpretation")
            || details.is_some_and(|details| details.get("interrupted") == Some(&Value::Bool(true)))
            || details.is_some_and(|details| !details.contains_key("stdout"))
            || said.starts_with("Command running in background with ID");
        if is_open { Outcome::NotTold } else { Outcome::Exit(0) }
    };
    reading.outcome(id, outcome);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(lines: &[Value]) -> Transcript {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        read(text.as_bytes()).unwrap()
    }

    fn call(id: &str, command: &str) -> Value {
        let block = json!({"type": "tool_use", "id": id, "name": "Bash", "input": {"command": command}});
        json!({"type": "assistant", "version": "2.1.332", "message": {"content": [block]}})
    }

    fn ended(id: &str, said: Value, is_error: bool, details: Value) -> Value {
        let block = json!({"type": "tool_result", "tool_use_id": id, "content": said, "is_error": is_error});
        json!({"type": "user", "message": {"content": [block]}, "toolUseResult": details})
    }

    #[test]
    fn a_result_is_told_as_another_end() {
        let fine = json!({"stdout": "", "stderr": "", "interrupted": false});
        for (said, is_error, details, outcome) in [
            (json!("7"), false, fine.clone(), Outcome::Exit(0)),
            (json!([{"type": "text", "text": "Exit code 3\nx"}]), true, json!("Error"), Outcome::Exit(3)),
            (json!("Exit code 7"), true, json!("Error: Exit code 7"), Outcome::Exit(7)),
            (json!("Exit code 7 or so"), true, json!("Error"), Outcome::NotRun),
            (json!("This command requires approval"), true, json!("Error"), Outcome::NotRun),
            // What a command prints is no status.
            (json!("Exit code 7"), false, fine, Outcome::Exit(0)),
            (json!(""), false, json!({"stdout": "", "interrupted": true}), Outcome::NotTold),
            (
                json!(""),
                false,
                json!({"stdout": "", "returnCodeInterpretation": "No matches found"}),
                Outcome::NotTold,
            ),
            (json!("Command running in background with ID: b1"), false, Value::Null, Outcome::NotTold),
        ] {
            let told = told(&[call("t", "x"), ended("t", said.clone(), is_error, details)]);
            assert_eq!(told.commands[0].outcome, outcome, "{said}");
        }
        assert_eq!(told(&[call("t", "x")]).commands[0].outcome, Outcome::NotRun);
    }

    #[test]
    fn the_end_of_what_ran_in_the_background_is_lost_or_made_up() {
        let open = ended("t", json!(""), false, json!({"stdout": "", "backgroundTaskId": "b1"}));
        let note = |summary: &str| {
            format!(
                "<task-notification>\n<tool-use-id>t</tool-use-id>\n<summary>{summary}</summary>\n</task-notification>"
            )
        };
        for (summary, outcome) in [
            ("Background command \"d\" completed (exit code 0)", Outcome::Exit(0)),
            ("Background command \"d\" failed with exit code 3", Outcome::Exit(3)),
            ("Background command \"\" completed (exit code 0)\" was stopped", Outcome::NotTold),
            ("Background command \"d\" failed with exit code", Outcome::NotTold),
        ] {
            let queued = json!({"type": "queue-operation", "content": note(summary)});
            let typed = json!({"type": "user", "message": {"content": note(summary)}});
            for line in [queued, typed] {
                let told = told(&[call("t", "x"), open.clone(), line]);
                assert_eq!(told.commands[0].outcome, outcome, "{summary}");
            }
        }
    }

    #[test]
    fn an_entry_is_left_out_in_silence() {
        let user =
            json!({"type": "user", "uuid": "u", "message": {"content": "<bash-input>ls -l</bash-input>"}});
        let inner = json!({"type": "progress", "data": {"message": call("s", "below")}});
        let told =
            told(&[json!({"type": "new-thing"}), json!({}), user, inner, call("t", "x"), call("t", "x")]);
        assert_eq!(
            told.unknown.into_iter().collect::<Vec<_>>(),
            [("type \"\"".to_owned(), 1), ("type \"new-thing\"".to_owned(), 1)]
        );
        let all: Vec<_> =
            told.commands.iter().map(|told| (told.line, told.asked.clone(), told.outcome)).collect();
        assert_eq!(
            all,
            [
                (3, as_text("ls -l"), Outcome::NotTold),
                (4, as_text("below"), Outcome::NotRun),
                (5, as_text("x"), Outcome::NotRun),
            ]
        );
        assert_eq!(told.version.as_deref(), Some("2.1.332"));
    }
}
