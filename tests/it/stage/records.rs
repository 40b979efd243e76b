//! Reads a session's journal as the tests want to see it: one short line a record.
//!
//! Nothing is verified here but the shells' own counters; chains and signatures have
//! their own tests.

use serde_json::Value;
use std::path::Path;

/// One record, parsed.
#[derive(Clone, Debug)]
pub struct Rec {
    pub core: Value,
    pub texts: Value,
}

impl Rec {
    pub fn kind(&self) -> &str {
        self.core["kind"].as_str().unwrap_or("")
    }

    pub fn number(&self, member: &str) -> Option<u64> {
        self.core[member].as_u64()
    }

    pub fn word(&self, member: &str) -> &str {
        self.core[member].as_str().unwrap_or("")
    }

    /// The bytes of a disclosed text; of one that was masked those of its masked form.
    pub fn text(&self, name: &str) -> Option<Vec<u8>> {
        let shown = format!("{name}Shown");
        match &self.texts.get(name).unwrap_or(&self.texts[&shown])[1] {
            Value::String(text) => Some(text.clone().into_bytes()),
            Value::Object(object) => {
                let text = object.get("base64")?.as_str()?;
                data_encoding::BASE64.decode(text.as_bytes()).ok()
            }
            _ => None,
        }
    }

    /// The short line that the matrix compares; none for records about the surroundings.
    ///
    /// `S text` start, `E status` finish, `U text` unexecuted, `N what` another note,
    /// `O`/`X` a shell's open and close, `P`/`R` pause and resume, `L` lost calls, `END`.
    pub fn line(&self) -> Option<String> {
        let text = |name| self.text(name).map(|bytes| show(&bytes)).unwrap_or_default();
        Some(match self.kind() {
            "start" => match self.word("textSource") {
                source @ ("withheld" | "none") => format!("S {source}"),
                "history-dup" => format!("S {} (dup)", text("command")),
                "rendered" => format!("S {} (rendered)", text("command")),
                _ => format!("S {}", text("command")),
            },
            "finish" => self.finish_line(),
            "note" => match self.word("what") {
                "unexecuted" if self.text("text").is_none() => "U withheld".to_owned(),
                "unexecuted" => format!("U {}", text("text")),
                what => format!("N {what} {}", text("text")).trim_end().to_owned(),
            },
            "shell-open" => format!("O {}", self.word("program")),
            "shell-close" => format!("X {}{}", self.word("why"), status(&self.core["status"])),
            "lost" => format!("L {}", self.number("count").unwrap_or_default()),
            "pause" => "P".to_owned(),
            "resume" => "R".to_owned(),
            "anomaly" => format!("A {}", self.word("what")),
            "end" => "END".to_owned(),
            "fact" => {
                let kind = self.word("type").rsplit('/').nth(1).unwrap_or_default();
                format!("F {kind} {} {}", self.word("at"), self.core["ok"])
            }
            _ => return None,
        })
    }

    fn finish_line(&self) -> String {
        let mut line = format!("E{}", status(&self.core["status"]));
        if let Some(list) = self.core["pipeStatus"].as_array().filter(|list| list.len() > 1) {
            let list: Vec<String> = list.iter().map(Value::to_string).collect();
            line.push_str(&format!(" ps {}", list.join(",")));
        }
        if self.word("from") != "prompt" {
            line.push_str(&format!(" {}", self.word("from")));
        }
        if self.core["stale"] == true {
            line.push_str(" stale");
        }
        line
    }
}

fn status(value: &Value) -> String {
    value.as_u64().map_or(String::new(), |status| format!(" {status}"))
}

/// Bytes on one line: newlines as `⏎`, what is not text as `\xNN`, what is long by its length.
fn show(bytes: &[u8]) -> String {
    if bytes.len() > 400 {
        return format!("<{} bytes>", bytes.len());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace('\n', "⏎").replace('\r', "␍"),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// The records of a session, in order; a torn last line is left out.
pub fn records(session: &Path) -> Vec<Rec> {
    let Ok(bytes) = std::fs::read(session.join("journal")) else { return Vec::new() };
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut all = Vec::new();
    for line in bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut columns = line.split(|byte| *byte == b'\t');
        let mut column = || serde_json::from_slice(columns.next().unwrap_or_default()).expect("JSON");
        all.push(Rec { core: column(), texts: column() });
    }
    all
}

/// Where a shell's own counters do not follow on each other: the verifier's rule, in
/// the tests' own words. Empty means that no command ran unrecorded.
pub fn gaps(records: &[Rec], program: &str) -> Vec<String> {
    let mut found = Vec::new();
    for open in records.iter().filter(|rec| rec.kind() == "shell-open") {
        let shell = open.number("i");
        let (mut last, mut n, mut interrupted) = (open.number("native"), 0, false);
        for rec in records.iter().filter(|rec| rec.number("shell") == shell) {
            let native = rec.number("native").unwrap_or_default();
            match rec.kind() {
                "start" => {
                    n += 1;
                    let skip = rec.number("skip").unwrap_or_default();
                    let step = if program == "fish" { 0 } else { 1 };
                    let due = last.unwrap_or_default() + step + skip;
                    let reused = program == "bash" && interrupted && native + 1 == due;
                    if native != due && !reused {
                        found.push(format!("start {n}: counter {native}, not {due}"));
                    }
                    if rec.number("n") != Some(n) {
                        found.push(format!("start {n} is numbered {:?}", rec.number("n")));
                        n = rec.number("n").unwrap_or_default();
                    }
                    last = Some(native);
                }
                "finish" => {
                    interrupted = rec.number("status") == Some(130);
                    if program == "fish" && rec.number("native").is_some() {
                        last = Some(native);
                    }
                }
                _ => {}
            }
        }
    }
    found
}
