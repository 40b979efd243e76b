//! The transcript of Gemini CLI: a first object that names the session, then messages, of which one can
//! come again with more in it; older versions have one object with a list of messages.
//!
//! Rules: the result of a command is a text that ends with lines of the agent. What is told as neither
//! a status nor a signal is told as 0. The agent takes a shell around a command away before it runs it.

use serde_json::Value;

use super::reading::{Entry, Places, Reading, as_text, each_line, object, objects, text};
use super::told::{Kind, Outcome, Transcript, Unreadable};

/// The tool that runs a command.
const TOOL: &str = "run_shell_command";
/// The kinds of messages.
const MESSAGES: [&str; 5] = ["error", "gemini", "info", "user", "warning"];
/// What the lines of the agent behind the output begin with.
const LABELS: [&str; 5] = ["Error: ", "Exit Code: ", "Signal: ", "Background PIDs: ", "Process Group PGID: "];
/// The shells that the agent takes away.
const SHELLS: [&str; 3] = ["sh", "bash", "zsh"];

/// Reads a transcript.
///
/// # Errors
/// It cannot be read.
pub fn read(bytes: &[u8]) -> Result<Transcript, Unreadable> {
    let mut reading = Reading::new(Kind::Gemini);
    // An older transcript is one object.
    if let Ok(Value::Object(whole)) = serde_json::from_slice(bytes)
        && whole.contains_key("messages")
    {
        let mut places = Places::of(bytes);
        for message in objects(&whole, "messages") {
            take(&mut reading, message, |id| places.line(id));
        }
        return Ok(reading.done());
    }
    each_line(bytes, |line, entry| {
        if entry.contains_key("projectHash") {
            return Ok(());
        }
        if let Some(set) = object(entry, "$set") {
            objects(set, "messages").for_each(|message| take(&mut reading, message, |_| line));
        } else if entry.keys().any(|name| name.starts_with('$')) {
            // What is taken back was run all the same.
        } else {
            take(&mut reading, entry, |_| line);
        }
        Ok(())
    })?;
    Ok(reading.done())
}

fn take(reading: &mut Reading, message: &Entry, mut line: impl FnMut(&str) -> u64) {
    let kind = text(message, "type").unwrap_or_default();
    if !MESSAGES.contains(&kind) {
        reading.unknown(format!("type {kind:?}"));
    }
    for call in objects(message, "toolCalls").filter(|call| text(call, "name") == Some(TOOL)) {
        let command = object(call, "args").and_then(|arguments| text(arguments, "command"));
        let (Some(id), Some(command)) = (text(call, "id"), command) else {
            reading.unknown("a call of a shell without id or command");
            continue;
        };
        let told = reading.call(id, line(id), text(call, "timestamp"), as_text(command));
        told.ran = Some(without_shell(command).as_bytes().to_vec());
        reading.outcome(id, outcome(call));
    }
}

fn outcome(call: &Entry) -> Outcome {
    let result = objects(call, "result").find_map(|part| object(part, "functionResponse"));
    let response = result.and_then(|result| object(result, "response"));
    let output = response.and_then(|response| text(response, "output"));
    match (text(call, "status"), output) {
        (Some("success"), Some(output)) => said(output),
        (Some("cancelled"), Some(_)) => Outcome::NotTold,
        _ => Outcome::NotRun,
    }
}

/// What the text of a result says.
fn said(output: &str) -> Outcome {
    let output = output.strip_prefix("<untrusted_context>\n").unwrap_or(output);
    let output = output.strip_suffix("\n</untrusted_context>").unwrap_or(output);
    if output.starts_with("Command moved to background") || output.starts_with("Command was ") {
        return Outcome::NotTold;
    }
    if !output.starts_with("Output: ") && !output.starts_with("Command: ") {
        // It was refused.
        return Outcome::NotRun;
    }
    let own = output.rsplit('\n').take_while(|line| LABELS.iter().any(|label| line.starts_with(label)));
    let (mut status, mut signal, mut is_wrong) = (None, None, false);
    for line in own {
        let (label, value) = line.split_once(": ").unwrap_or_default();
        match label {
            _ if value == "(none)" => {}
            "Exit Code" => status = Some(value.parse().unwrap_or(-1)),
            "Signal" => signal = Some(value),
            "Error" => is_wrong = true,
            _ => {}
        }
    }
    match (signal, status) {
        (Some("0") | None, Some(status)) => Outcome::of_status(status),
        (Some(signal), _) if signal != "0" => signal.parse().map_or(Outcome::NotTold, Outcome::Signal),
        _ if is_wrong => Outcome::NotTold,
        _ => Outcome::Exit(0),
    }
}

/// The text of a command as the agent runs it: without white space around it, and without a shell that
/// runs a text and the quotes of that text.
fn without_shell(command: &str) -> String {
    let whole = command.trim();
    let text = || {
        let (shell, rest) = whole.split_once(char::is_whitespace)?;
        let name = shell.rsplit('/').next().unwrap_or_default();
        let (option, text) = rest.trim_start().split_once(char::is_whitespace)?;
        let is_shell = SHELLS.iter().any(|own| own.eq_ignore_ascii_case(name));
        (is_shell && option.eq_ignore_ascii_case("-c")).then(|| text.trim())
    };
    let Some(text) = text() else { return whole.to_owned() };
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    match (within('\''), within('"')) {
        (Some(inner), _) => inner.to_owned(),
        (None, Some(inner)) => unquoted(inner).unwrap_or_else(|| inner.to_owned()),
        (None, None) => text.to_owned(),
    }
}

/// What double quotes mean; `None` if they end within the text.
fn unquoted(inner: &str) -> Option<String> {
    let mut out = String::new();
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some('"' | '$' | '`' | '\\')) => out.extend(characters.next()),
            ('"', _) | ('\\', None) => return None,
            _ => out.push(character),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_told_as_another_end() {
        let wrapped = |text: &str| format!("<untrusted_context>\n{text}\n</untrusted_context>");
        for (text, outcome) in [
            (wrapped("Output: 2\nProcess Group PGID: 1"), Outcome::Exit(0)),
            (wrapped("Output: (empty)\nExit Code: 7\nProcess Group PGID: 1"), Outcome::Exit(7)),
            (wrapped("Output: a\nExit Code: 2\nBackground PIDs: 5\nProcess Group PGID: 1"), Outcome::Exit(2)),
            (wrapped("Output: (empty)\nSignal: 15\nProcess Group PGID: 1"), Outcome::Signal(15)),
            (wrapped("Output: \nSignal: SIGTERM\nProcess Group PGID: 1"), Outcome::NotTold),
            (wrapped("Output: \nExit Code: 300\nProcess Group PGID: 1"), Outcome::NotTold),
            (wrapped("Output: (empty)\nError: spawn\nProcess Group PGID: 1"), Outcome::NotTold),
            (wrapped("Command moved to background (PID: 1). Output hidden."), Outcome::NotTold),
            (wrapped("Command was cancelled by user before it could complete."), Outcome::NotTold),
            // What a command prints is no line of the agent.
            (wrapped("Output: Exit Code: 4\nx\nProcess Group PGID: 1"), Outcome::Exit(0)),
            (wrapped("Exit Code: 4"), Outcome::NotRun),
            ("Command injection detected: blocked.".to_owned(), Outcome::NotRun),
            (
                "Command: ls\nDirectory: (root)\nOutput: a\nError: (none)\nExit Code: 0\nSignal: 0\nBackground PIDs: (none)\nProcess Group PGID: 9".to_owned(),
                Outcome::Exit(0),
            ),
            (
                "Command: ls\nOutput: a\nError: (none)\nExit Code: 2\nSignal: (none)\nBackground PIDs: (none)\nProcess Group PGID: 9".to_owned(),
                Outcome::Exit(2),
            ),
        ] {
            assert_eq!(said(&text), outcome, "{text}");
        }
    }

    #[test]
    fn a_command_is_not_the_text_that_the_agent_runs() {
        for (asked, ran) in [
            ("  echo lead  \n", "echo lead"),
            ("sh -c 'kill -TERM $$'", "kill -TERM $$"),
            ("/bin/bash  -c \"echo \\\"q\\\" \\$x \\n\"", "echo \"q\" $x \\n"),
            ("bash -c \"a\" \"b\"", "a\" \"b"),
            ("zsh -c ls", "ls"),
            ("bash -lc 'ls'", "bash -lc 'ls'"),
            ("sh -cx", "sh -cx"),
            ("fish -c ls", "fish -c ls"),
            ("env -i /bin/sh -c 'exit 9'", "env -i /bin/sh -c 'exit 9'"),
        ] {
            assert_eq!(without_shell(asked), ran);
        }
    }

    #[test]
    fn a_message_that_comes_again_is_told_twice_or_an_older_file_not_at_all() {
        let call = |result: &str| {
            format!(
                r#"{{"id":"m","type":"gemini","toolCalls":[{{"id":"c1","name":"run_shell_command","args":{{"command":"ls"}}{result}}},{{"id":"c2","name":"read_file","args":{{}}}}]}}"#
            )
        };
        let ended = r#","status":"success","result":[{"functionResponse":{"response":{"output":"Output: a\nExit Code: 3\nProcess Group PGID: 1"}}}]"#;
        let first = r#"{"sessionId":"s","projectHash":"h","kind":"main"}"#;
        let lines = format!(
            "{first}\n{}\n{{\"$set\":{{\"lastUpdated\":\"x\"}}}}\n{}\n{{\"type\":\"new\"}}\n",
            call(""),
            call(ended)
        );
        let told = read(lines.as_bytes()).unwrap();
        let all: Vec<_> = told.commands.iter().map(|told| (told.line, told.outcome)).collect();
        assert_eq!(all, [(2, Outcome::Exit(3))]);
        assert_eq!(told.unknown.into_iter().collect::<Vec<_>>(), [("type \"new\"".to_owned(), 1)]);
        let whole =
            format!("{{\"sessionId\":\"s\",\"projectHash\":\"h\",\n\"messages\":[\n{}]}}", call(ended));
        let told = read(whole.as_bytes()).unwrap();
        let all: Vec<_> = told.commands.iter().map(|told| (told.line, told.outcome)).collect();
        assert_eq!(all, [(3, Outcome::Exit(3))]);
        assert_eq!(read(format!("{first}\n{{\n").as_bytes()).unwrap_err().line, Some(2));
    }
}
