//! What a person sees: text made fit for a terminal, colour, tables, verdicts; and JSON.
//!
//! Rules: facts go to standard output, talk to standard error; text that comes from a record
//! is escaped before it reaches a terminal; colour only where standard output is a terminal
//! and NO_COLOR is not set.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::failure::{Failure, Kind};
use crate::files;
use crate::paths;
use crate::policy::{Denial, Policy, ScriptRule};
use crate::sys;
use crate::verify::{Mark, NOT_PROVEN, Objection, Verdict};

/// The styles that are used; plain where colour is off.
#[derive(Clone, Copy)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// The style for standard output.
    #[must_use]
    pub fn for_output() -> Self {
        let dumb = paths::variable("TERM").is_none_or(|term| term == "dumb");
        Style { colour: std::io::stdout().is_terminal() && !dumb && paths::variable("NO_COLOR").is_none() }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// For what is well.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// For what is not.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// For what stands back.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// For what stands out.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }
}

/// Bytes of a record as text that a terminal shows and does not obey: control characters,
/// bytes that are no UTF-8, and marks that turn the writing direction are escaped.
#[must_use]
pub fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\\' => out.push('\\'),
                c if is_unsafe(c) => out.extend(c.escape_unicode()),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

fn is_unsafe(c: char) -> bool {
    // C0, DEL and C1; line separators; and what reorders text or is not shown at all: Unicode's
    // Default_Ignorable_Code_Point (DerivedCoreProperties.txt, version 16).
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A duration, short.
#[must_use]
pub fn duration(ns: u64) -> String {
    let ms = ns / 1_000_000;
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{}m{:02}s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{}h{:02}m", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// Prints one line, or ends quietly where nobody reads any more.
///
/// # Errors
/// Standard output could not be written.
pub fn line(text: &str) -> Result<(), Failure> {
    out(format!("{text}\n").as_bytes())
}

/// Prints bytes.
///
/// # Errors
/// Standard output could not be written.
pub fn out(bytes: &[u8]) -> Result<(), Failure> {
    if sys::output_was_closed() {
        return Err(Failure::unable("standard output is closed, so what was to be printed is lost"));
    }
    written(std::io::stdout().write_all(bytes))
}

/// Prints what is still held back.
///
/// # Errors
/// Standard output could not be written.
pub fn flush() -> Result<(), Failure> {
    written(std::io::stdout().flush())
}

/// What printing came to.
///
/// # Errors
/// Standard output could not be written.
pub fn written(outcome: std::io::Result<()>) -> Result<(), Failure> {
    match outcome {
        // `attesh log | head` is no failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::unable(format!("standard output: {}", files::words(&error)))),
        Ok(()) => Ok(()),
    }
}

/// Prints a JSON object that names its schema.
///
/// # Errors
/// Standard output could not be written.
pub fn json(schema: &str, mut value: Value) -> Result<(), Failure> {
    let mut whole = serde_json::Map::new();
    whole.insert("schema".into(), json!(schema));
    if let Value::Object(members) = &mut value {
        whole.append(members);
    }
    JSON_PRINTED.store(true, Ordering::Relaxed);
    line(&harmless(&Value::Object(whole).to_string()))
}

/// The same JSON, with the characters escaped that a terminal would obey: JSON itself leaves
/// DEL, C1 and what turns the writing direction as they are.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // None of them stands outside a string.
        match c {
            c if is_unsafe(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// A path as JSON can hold it: what is no UTF-8 in it is replaced.
#[must_use]
pub fn path_json(path: &Path) -> Value {
    json!(path.display().to_string())
}

/// The result is one JSON object: a failure that comes after it stands inside.
static JSON_PRINTED: AtomicBool = AtomicBool::new(false);

/// A failure as JSON.
#[must_use]
pub fn failure_json(failure: &Failure) -> Value {
    let kind = match failure.kind {
        Kind::Unable => "unable",
        kind => kind_word(kind),
    };
    let exit = failure.kind.exit_code();
    let mut value = json!({"kind": kind, "exit": exit, "message": failure.message, "next": failure.next});
    if let Some(place) = &failure.place {
        value["file"] = path_json(&place.file);
        value["line"] = json!(place.line);
        value["column"] = json!(place.column);
    }
    value
}

/// Prints a failure as the result, unless a result was printed that has it in it.
pub fn failed(failure: &Failure) {
    if !JSON_PRINTED.load(Ordering::Relaxed) {
        let _ = json("attesh.error/v1", failure_json(failure));
    }
}

/// A number and its noun.
#[must_use]
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// Talks to the person, not to the program that reads the output. Names and words of others
/// may be in it: nothing is obeyed.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "attesh: {}", visible_lines(text));
}

/// As [`visible`], line by line.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| visible(line.as_bytes())).collect();
    lines.join("\n")
}

/// Says a line that a program looks for in a log, with nothing before it.
pub fn bare(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Prints a table: columns as wide as their widest cell, the last as it is.
///
/// # Errors
/// Standard output could not be written.
pub fn table(rows: &[Vec<String>]) -> Result<(), Failure> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut text = String::new();
        for (at, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if at + 1 < row.len() {
                text.extend(std::iter::repeat_n(' ', widths[at] - cell.chars().count() + 2));
            }
        }
        line(text.trim_end())?;
    }
    Ok(())
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Policy => "policy",
        Kind::Usage => "usage",
        Kind::Integrity => "integrity",
        Kind::Incomplete => "incomplete",
        Kind::Unable => "unreadable",
        Kind::Untrusted => "untrusted",
        Kind::Unsupported => "unsupported",
    }
}

/// Prints a verdict for a person.
///
/// # Errors
/// Standard output could not be written.
pub fn verdict(file: &str, verdict: &Verdict, verbose: bool) -> Result<(), Failure> {
    let style = Style::for_output();
    let file = visible(file.as_bytes());
    match &verdict.failure {
        None => line(&format!("{} {file}: {}", style.good("VERIFIED"), verdict.summary))?,
        Some(objection) => {
            let word = style.bad(&format!("NOT VERIFIED ({})", kind_word(objection.kind())));
            line(&format!("{word} {file}: {}", visible(objection.text.as_bytes())))?;
        }
    }
    if verdict.failure.as_ref().is_some_and(|objection| objection.kind() == Kind::Unable) {
        return Ok(());
    }
    for (name, aspect) in verdict.aspects.named() {
        let text = visible(aspect.text.as_bytes());
        let text = match aspect.mark {
            Mark::Good => style.good(&text),
            Mark::Bad => style.bad(&text),
            Mark::Open => text,
        };
        line(&format!("  {name:<13} {text}"))?;
    }
    let told = if verbose { verdict.denials.len() } else { 6 };
    for denial in verdict.denials.iter().take(told).skip(1) {
        line(&format!("  {:<13} {}", "denied", visible(denial.text.as_bytes())))?;
    }
    if verdict.denials.len() > told {
        line(&format!("  {:<13} {} more; to see them add -v", "denied", verdict.denials.len() - told))?;
    }
    let shown = if verbose { verdict.findings.len() } else { 5 };
    for finding in verdict.findings.iter().take(shown) {
        line(&format!(
            "  {:<13} record {}: {}",
            "finding",
            finding.record,
            visible(finding.text.as_bytes())
        ))?;
    }
    if verdict.findings.len() > shown {
        line(&format!("  {:<13} {} more; to see them add -v", "finding", verdict.findings.len() - shown))?;
    }
    if verdict.unknown_facts > 0 {
        let facts = count(verdict.unknown_facts, "fact");
        line(&format!("  {:<13} {facts} of types that this verifier does not know", "note"))?;
    }
    if verbose {
        for text in NOT_PROVEN {
            line(&format!("  {:<13} {text}", "not proven"))?;
        }
    } else {
        let text = "that nothing else ran, that the recorder was honest, or the time: add -v";
        line(&style.dim(&format!("  {:<13} {text}", "not proven")))?;
    }
    Ok(())
}

/// What a policy denies, as JSON.
#[must_use]
pub fn denial_json(denial: &Denial) -> Value {
    json!({"rule": denial.rule, "code": denial.code.word(), "line": denial.line, "text": denial.text})
}

/// A policy as JSON, with its defaults, and what it asks for in words.
#[must_use]
pub fn policy_json(policy: &Policy) -> Value {
    let session = &policy.session;
    let deny: Vec<&str> = policy.deny.iter().map(|pattern| pattern.as_str()).collect();
    let context: serde_json::Map<String, Value> =
        policy.context.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let rules: Vec<Value> =
        policy.rules.iter().map(|rule| json!({"name": rule.name, "cel": rule.text})).collect();
    json!({
        "keys": policy.keys,
        "maxAgeSeconds": policy.max_age_s,
        "session": {
            "complete": session.complete,
            "maxLost": session.max_lost,
            "maxRedacted": session.max_redacted,
            "maxPaused": session.max_paused,
            "maxTailSeconds": session.max_tail_s,
        },
        "scripts": policy.scripts.iter().map(script_json).collect::<Vec<_>>(),
        "deny": deny,
        "context": context,
        "subjects": policy.subjects,
        "rules": rules,
        "text": policy.explain(),
    })
}

fn script_json(script: &ScriptRule) -> Value {
    let commands = script.lines.iter().zip(&script.commands);
    let commands: Vec<Value> =
        commands.map(|(line, command)| json!({"line": line, "command": command})).collect();
    json!({
        "name": script.name,
        "plan": script.plan.word(),
        "mode": script.mode.word(),
        "sha256": script.sha256,
        "exit": script.exit,
        "passed": if script.allow_passed { "allow" } else { "deny" },
        "commands": commands,
    })
}

fn objection_json(objection: &Objection) -> Value {
    let kind = objection.kind();
    json!({
        "kind": kind_word(kind),
        "exit": kind.exit_code(),
        "code": objection.code.word(),
        "record": objection.record,
        "offset": objection.offset,
        "line": objection.line,
        "why": objection.text,
    })
}

/// A verdict as JSON.
#[must_use]
pub fn verdict_json(file: &str, verdict: &Verdict) -> Value {
    let mut out = serde_json::Map::new();
    out.insert("file".into(), json!(file));
    out.insert("verified".into(), json!(verdict.failure.is_none()));
    if let Some(objection) = &verdict.failure {
        out.insert("failure".into(), objection_json(objection));
    }
    for (name, aspect) in verdict.aspects.named() {
        out.insert(name.into(), json!({"status": aspect.mark.name(), "text": aspect.text}));
    }
    let denials = verdict.denials.iter().map(denial_json);
    out.insert("denials".into(), denials.collect());
    let findings = verdict.findings.iter().map(|finding| {
        json!({"record": finding.record, "code": finding.code.name(),
            "incomplete": finding.is_incomplete(), "text": finding.text})
    });
    out.insert("findings".into(), findings.collect());
    out.insert("unknownFacts".into(), json!(verdict.unknown_facts));
    out.insert("notProven".into(), json!(NOT_PROVEN));
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(visible(b"a\x1b[2J\xff\n"), "a\\u{1b}[2J\\xff\\n");
        assert_eq!(visible("\u{202e}\u{9b}é".as_bytes()), "\\u{202e}\\u{9b}é");
        assert_eq!(visible(br"a\b"), r"a\b");
        assert_eq!(visible_lines("a\n\x1b[m\n"), "a\n\\u{1b}[m\n");
        let json = harmless(&json!({"\u{7f}": "\x1b\u{9b}\u{202e}é"}).to_string());
        assert_eq!(json, r#"{"\u007f":"\u001b\u009b\u202eé"}"#);
        let tag = json!("a\u{e0041}\u{ad}");
        assert_eq!(harmless(&tag.to_string()), r#""a\udb40\udc41\u00ad""#);
        assert_eq!(serde_json::from_str::<Value>(&harmless(&tag.to_string())).unwrap(), tag);
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!([0_usize, 1, 2].map(|n| count(n, "session")), ["0 sessions", "1 session", "2 sessions"]);
    }

    #[test]
    fn durations_are_short() {
        for (ns, text) in
            [(0, "0ms"), (1_500_000_000, "1.5s"), (61_000_000_000, "1m01s"), (7_260_000_000_000, "2h01m")]
        {
            assert_eq!(duration(ns), text);
        }
    }
}
