//! The transcript of Codex: a line of JSON for each item, with its time, its type and its payload.
//!
//! Rules: the item of an execution has the status as a number, and counts before the text of a result.

use serde_json::Value;

use super::reading::{Entry, Reading, as_text, each_line, object, text};
use super::told::{Kind, Outcome, Transcript, Unreadable};
use crate::agent::rules::Shown;

/// The versions that are known here, by their first number.
const MAJORS: [&str; 1] = ["0"];
/// The types of lines that tell of no command.
const OTHERS: [&str; 5] = ["compacted", "session_meta", "token_usage_record", "turn_context", "world_state"];
/// The types of items of the model that tell of no command.
const ITEMS: [&str; 9] = [
    "compaction",
    "custom_tool_call",
    "custom_tool_call_output",
    "ghost_snapshot",
    "message",
    "reasoning",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];
/// The types of events that tell of no command.
const EVENTS: [&str; 17] = [
    "agent_message",
    "agent_reasoning",
    "context_compacted",
    "entered_review_mode",
    "error",
    "exec_command_begin",
    "exited_review_mode",
    "item_started",
    "mcp_tool_call_end",
    "patch_apply_end",
    "task_complete",
    "task_started",
    "thread_settings_applied",
    "token_count",
    "turn_aborted",
    "user_message",
    "web_search_end",
];

/// Reads a transcript.
///
/// # Errors
/// A line cannot be read, or names a version that is not known here.
pub fn read(bytes: &[u8]) -> Result<Transcript, Unreadable> {
    let mut reading = Reading::new(Kind::Codex);
    each_line(bytes, |line, entry| {
        let kind = text(entry, "type").unwrap_or_default();
        let Some(payload) = object(entry, "payload") else {
            reading.unknown(format!("type {kind:?} without a payload"));
            return Ok(());
        };
        if let Some(version) = text(payload, "cli_version").filter(|_| kind == "session_meta") {
            reading.version(line, version, &MAJORS)?;
        }
        let at = text(entry, "timestamp");
        match kind {
            "response_item" => item(&mut reading, line, payload, at),
            "event_msg" => event(&mut reading, line, payload, at),
            kind if OTHERS.contains(&kind) => {}
            kind => reading.unknown(format!("type {kind:?}")),
        }
        Ok(())
    })?;
    Ok(reading.done())
}

fn item(reading: &mut Reading, line: u64, payload: &Entry, at: Option<&str>) {
    let kind = text(payload, "type").unwrap_or_default();
    match kind {
        "function_call" => {
            let name = text(payload, "name").unwrap_or_default();
            if !["container.exec", "exec_command", "shell", "shell_command"].contains(&name) {
                return;
            }
            // The model can write what cannot be read; then nothing ran.
            let arguments = text(payload, "arguments").and_then(|text| serde_json::from_str(text).ok());
            let asked = arguments.as_ref().and_then(Value::as_object).and_then(asked);
            match (text(payload, "call_id"), asked) {
                (Some(id), Some(asked)) => drop(reading.call(id, line, at, asked)),
                _ => reading.unknown("a call of a shell without id or command"),
            }
        }
        "local_shell_call" => {
            let id = text(payload, "call_id").or_else(|| text(payload, "id"));
            match (id, object(payload, "action").and_then(asked)) {
                (Some(id), Some(asked)) => drop(reading.call(id, line, at, asked)),
                _ => reading.unknown("a call of a shell without id or command"),
            }
        }
        "function_call_output" => {
            let Some(id) = text(payload, "call_id").filter(|id| reading.has(id)) else { return };
            let said = match payload.get("output") {
                Some(Value::String(said)) => said.as_str(),
                Some(Value::Object(output)) => text(output, "content").unwrap_or_default(),
                _ => "",
            };
            reading.outcome(id, self::said(said));
        }
        kind if ITEMS.contains(&kind) => {}
        kind => reading.unknown(format!("item {kind:?}")),
    }
}

/// The command of the arguments of a call: a text, or words.
fn asked(arguments: &Entry) -> Option<Shown> {
    match arguments.get("cmd").or_else(|| arguments.get("command"))? {
        Value::String(command) => Some(as_text(command)),
        Value::Array(words) => {
            words.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|words| of(&words))
        }
        _ => None,
    }
}

/// What words run: the text that a shell is given, or a program.
fn of(words: &[&str]) -> Shown {
    match words {
        [_, "-c" | "-lc", command] => as_text(command),
        words => Shown::Words(words.iter().map(|word| word.as_bytes().to_vec()).collect()),
    }
}

/// What the text of a result says: in lines before the output, or as JSON.
fn said(output: &str) -> Outcome {
    if let Ok(Value::Object(whole)) = serde_json::from_str(output) {
        let status = object(&whole, "metadata").and_then(|details| details.get("exit_code")?.as_i64());
        return status.map_or(Outcome::NotRun, Outcome::of_status);
    }
    for line in output.lines().take_while(|line| *line != "Output:") {
        let status =
            line.strip_prefix("Process exited with code ").or_else(|| line.strip_prefix("Exit code: "));
        if let Some(status) = status.and_then(|status| status.parse().ok()) {
            return Outcome::of_status(status);
        }
        if line.starts_with("Process running with session ID ") {
            return Outcome::NotTold;
        }
    }
    Outcome::NotRun
}

fn event(reading: &mut Reading, line: u64, payload: &Entry, at: Option<&str>) {
    match text(payload, "type").unwrap_or_default() {
        "item_completed" => {
            let Some(item) = object(payload, "item") else { return };
            if text(item, "type") == Some("CommandExecution") {
                executed(reading, line, item, text(item, "id"), at);
            }
        }
        "exec_command_end" => executed(reading, line, payload, text(payload, "call_id"), at),
        kind if EVENTS.contains(&kind) => {}
        kind => reading.unknown(format!("event {kind:?}")),
    }
}

/// An execution that is over. One that no call asked for is of the user.
fn executed(reading: &mut Reading, line: u64, item: &Entry, id: Option<&str>, at: Option<&str>) {
    let Some(id) = id else {
        reading.unknown("an execution without an id");
        return;
    };
    if !reading.has(id) {
        match asked(item) {
            Some(asked) => drop(reading.call(id, line, at, asked)),
            None => reading.unknown("an execution without a command"),
        }
    }
    let status = item.get("exit_code").and_then(Value::as_i64);
    let is_refused = text(item, "status") == Some("declined");
    let outcome = match status {
        _ if is_refused => Outcome::NotRun,
        // Of one that was stopped at the end -1 is told.
        Some(status) => Outcome::of_status(status),
        None => Outcome::NotTold,
    };
    reading.outcome(id, outcome);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(lines: &[(&str, Value)]) -> Transcript {
        let line = |(kind, payload): &(&str, Value)| {
            format!("{}\n", json!({"timestamp": "t", "type": kind, "payload": payload}))
        };
        read(lines.iter().map(line).collect::<String>().as_bytes()).unwrap()
    }

    fn call(name: &str, arguments: &Value) -> (&'static str, Value) {
        let arguments = arguments.to_string();
        let call = json!({"type": "function_call", "name": name, "call_id": "c", "arguments": arguments});
        ("response_item", call)
    }

    #[test]
    fn a_command_of_a_tool_is_not_found() {
        let words = ["bash", "-lc", "ls x"];
        let program = Shown::Words(vec![b"ls".to_vec(), b"x".to_vec()]);
        for (line, asked) in [
            (call("exec_command", &json!({"cmd": "ls x"})), as_text("ls x")),
            (call("shell_command", &json!({"command": "ls x"})), as_text("ls x")),
            (call("shell", &json!({"command": words})), as_text("ls x")),
            (call("shell", &json!({"command": ["ls", "x"]})), program.clone()),
            (
                (
                    "response_item",
                    json!({"type": "local_shell_call", "call_id": "c", "action": {"command": words}}),
                ),
                as_text("ls x"),
            ),
            (
                (
                    "event_msg",
                    json!({"type": "exec_command_end", "call_id": "c", "command": ["ls", "x"], "exit_code": 0}),
                ),
                program,
            ),
        ] {
            assert_eq!(told(std::slice::from_ref(&line)).commands[0].asked, asked, "{line:?}");
        }
        let told = told(&[
            call("exec_command", &json!({"cmd": 1})),
            call("update_plan", &json!({})),
            ("new", json!({})),
            ("event_msg", json!({"type": "new"})),
            ("response_item", json!({"type": "new"})),
        ]);
        let unknown: Vec<String> = told.unknown.into_keys().collect();
        assert_eq!(
            unknown,
            ["a call of a shell without id or command", "event \"new\"", "item \"new\"", "type \"new\""]
        );
        assert_eq!(told.commands, []);
    }

    #[test]
    fn a_result_is_told_as_another_end() {
        let output = |said: &str| {
            ("response_item", json!({"type": "function_call_output", "call_id": "c", "output": said}))
        };
        let item = |status: &str, exit: i64| {
            let item = json!({"type": "CommandExecution", "id": "c", "status": status, "exit_code": exit});
            ("event_msg", json!({"type": "item_completed", "item": item}))
        };
        let head = "Chunk ID: a\nWall time: 0.1 seconds\n";
        for (lines, outcome) in [
            (vec![output(&format!("{head}Process exited with code 7\nOutput:\n"))], Outcome::Exit(7)),
            (vec![output(&format!("{head}Process running with session ID 5\nOutput:\n"))], Outcome::NotTold),
            (vec![output("Exit code: 3\nWall time: 1 seconds\nOutput:\n")], Outcome::Exit(3)),
            (vec![output("{\"output\":\"x\",\"metadata\":{\"exit_code\":4}}")], Outcome::Exit(4)),
            // What a command prints is no line of the agent.
            (vec![output("Output:\nProcess exited with code 7\n")], Outcome::NotRun),
            (vec![output("exec_command failed: rejected by user")], Outcome::NotRun),
            (vec![item("failed", 9), output("Output:\n")], Outcome::Exit(9)),
            (vec![item("failed", -1)], Outcome::NotTold),
            (vec![item("declined", 0)], Outcome::NotRun),
            (vec![], Outcome::NotRun),
        ] {
            let all: Vec<_> =
                std::iter::once(call("exec_command", &json!({"cmd": "x"}))).chain(lines).collect();
            assert_eq!(told(&all).commands[0].outcome, outcome, "{all:?}");
        }
    }

    #[test]
    fn a_version_that_is_not_known_is_read() {
        let line = |version: &str| {
            let payload = json!({"cli_version": version});
            json!({"timestamp": "t", "type": "session_meta", "payload": payload}).to_string()
        };
        assert_eq!(read(line("0.171.0").as_bytes()).unwrap().version.as_deref(), Some("0.171.0"));
        assert!(read(line("1.0.0").as_bytes()).unwrap_err().is_unknown_version);
    }
}
