//! What all transcripts tell in the same way: whose one is, its commands, what is told of their ends.
//!
//! Rules: what a transcript does not tell is "not told".

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::agent::rules::Shown;

/// The agents whose transcripts are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Claude Code: `projects/FOLDER/SESSION.jsonl`.
    Claude,
    /// Codex: `sessions/…/rollout-….jsonl`.
    Codex,
    /// Gemini CLI: `tmp/PROJECT/chats/session-….jsonl`, or `.json`.
    Gemini,
    /// opencode: what `opencode export` prints.
    Opencode,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Claude, Kind::Codex, Kind::Gemini, Kind::Opencode];

    /// Its name as an author of `attesh run`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Claude => "claude-code",
            Kind::Codex => "codex",
            Kind::Gemini => "gemini-cli",
            Kind::Opencode => "opencode",
        }
    }

    /// The agent of this name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whose transcript this is, by its first entry.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let first = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
        let entry = match serde_json::from_slice(first) {
            Ok(Value::Object(entry)) => entry,
            // One document over several lines.
            _ => match serde_json::from_slice(bytes) {
                Ok(Value::Object(entry)) => entry,
                _ => return None,
            },
        };
        let has = |names: &[&str]| names.iter().all(|name| entry.contains_key(*name));
        if has(&["timestamp", "type", "payload"]) {
            Some(Kind::Codex)
        } else if has(&["sessionId", "projectHash"]) {
            Some(Kind::Gemini)
        } else if has(&["info", "messages"]) {
            Some(Kind::Opencode)
        } else if entry.get("type").is_some_and(Value::is_string) {
            Some(Kind::Claude)
        } else {
            None
        }
    }
}

/// What a transcript tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Whose it is.
    pub kind: Kind,
    /// The version of the agent, where the transcript names it.
    pub version: Option<String>,
    /// The commands in the order in which they were asked for.
    pub commands: Vec<Told>,
    /// How many entries are of a kind that is not known here, by that kind.
    pub unknown: BTreeMap<String, u64>,
}

/// A command that a transcript tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The agent's name for the call.
    pub id: String,
    /// The line of the call, from 1.
    pub line: u64,
    /// When it was asked for, as the transcript spells that; texts that sort by time.
    pub at: Option<String>,
    /// What was asked for.
    pub asked: Shown,
    /// What the agent makes of it, where that is another text.
    pub ran: Option<Vec<u8>>,
    /// What is told of its end.
    pub outcome: Outcome,
}

impl Told {
    /// What the kernel sees of it.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.ran.as_ref().map_or_else(|| self.asked.clone(), |ran| Shown::Text(ran.clone()))
    }
}

/// What is told of the end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This exit status.
    Exit(u8),
    /// This signal.
    Signal(u8),
    /// That it ran, and not how it ended.
    NotTold,
    /// That it was asked for, and not that it ran.
    NotRun,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Outcome::Exit(status) => write!(f, "{status}"),
            Outcome::Signal(signal) => write!(f, "signal {signal}"),
            Outcome::NotTold => f.write_str("not told"),
            Outcome::NotRun => f.write_str("not told to have run"),
        }
    }
}

impl Outcome {
    /// A number that is told as an exit status; what no process can end with tells of no end.
    pub(super) fn of_status(status: i64) -> Self {
        u8::try_from(status).map_or(Outcome::NotTold, Outcome::Exit)
    }

    /// What says more of the two; the first one if both say as much.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Outcome::NotRun, other) => other,
            (Outcome::NotTold, Outcome::Exit(_) | Outcome::Signal(_)) => other,
            _ => self,
        }
    }
}

/// Why a transcript cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, from 1, where that is known.
    pub line: Option<u64>,
    /// What is wrong there.
    pub why: String,
    /// It is of a version that is not known here.
    pub is_unknown_version: bool,
}

impl Unreadable {
    pub(super) fn at(line: u64, why: impl Into<String>) -> Self {
        Unreadable { line: Some(line), why: why.into(), is_unknown_version: false }
    }

    pub(super) fn json(error: &serde_json::Error, first: u64) -> Self {
        let line = first - 1 + u64::try_from(error.line().max(1)).unwrap_or(1);
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        Unreadable::at(line, format!("no JSON: {words}"))
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}
