//! The in-toto Statement that is sealed: its members, and nothing else.
//!
//! What lives here: the shape of the payload and its strict reading. What does not: what its
//! values look like (`form`), how it is gathered from a journal (`draft`), how it is signed
//! (`envelope`), whether it is believed (`verify`). The normative table of members is
//! attesh-seal(5).
//!
//! Rules: one spelling only, so reading compares with writing; policy turns on the presence
//! of good claims, never on the absence of a bad one.

use serde::{Deserialize, Serialize};

use crate::encoding::{base64, base64_strict};

/// The type of the predicate.
pub const PREDICATE_TYPE: &str = "https://attesh.dev/shell-session/v0.1";
/// The type of the Statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Who records.
pub const RECORDER_ID: &str = "https://attesh.dev/recorder";
/// The subject whose digest is the journal's root.
pub const SUBJECT_SESSION: &str = "session";
/// The subject whose digest is that of the transcript.
pub const SUBJECT_TRANSCRIPT: &str = "session.transcript";
/// The most commands that stand in the payload.
pub const COMMANDS_MAX: usize = 10_000;
/// The most shells, plans and collected things that stand in the payload, of each.
pub const PARTICULARS_MAX: usize = 10_000;
/// The most bytes of commands that stand in the payload, as they are spelled there; as many of
/// plans, and as many of shells and what was collected together.
pub const COMMANDS_BYTES_MAX: usize = 8 << 20;
/// The largest integer: every reader of JSON keeps those up to it.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// The most subjects.
pub const SUBJECTS_MAX: usize = 1_000;
/// The longest payload an ssh-agent signs, in bytes.
pub const AGENT_PAYLOAD_MAX: usize = 255 << 10;

/// A Statement about a shell session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`STATEMENT_TYPE`]
    #[serde(rename = "_type")]
    pub kind: String,
    /// What the statement is about; `session` is always there.
    pub subject: Vec<Subject>,
    /// [`PREDICATE_TYPE`]
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said of it.
    pub predicate: Predicate,
}

/// A subject: a name and a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: Sha256,
}

/// A SHA-256 digest in the form of in-toto's DigestSet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sha256 {
    /// 64 lowercase hexadecimal digits.
    pub sha256: String,
}

/// What is said of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "each member is documented at its type")]
pub struct Predicate {
    pub recorder: Recorder,
    pub session: SessionFacts,
    pub journal: JournalFacts,
    pub outcome: OutcomeFacts,
    /// Every command in order; missing where they are too many: the transcript stands for them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commands: Option<Vec<CommandFacts>>,
    /// The scripts that shells were to run.
    pub plans: Vec<PlanFacts>,
    pub anomalies: Vec<AnomalyFacts>,
    pub clock: ClockFacts,
    pub transcript: TranscriptFacts,
    /// What collectors saw.
    pub collected: Vec<CollectedFacts>,
    pub origin: OriginFacts,
    /// When it was sealed, by the sealer's clock (RFC 3339).
    pub sealed_at: String,
    /// From the journal's last record to the sealing, in milliseconds; negative if a clock went back.
    pub unrecorded_tail_ms: i64,
}

/// The program that recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// [`RECORDER_ID`]
    pub id: String,
    /// Its version.
    pub version: String,
    /// The digest of its executable, as it said itself.
    pub digest: Sha256,
}

/// The session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SessionFacts {
    /// UUIDv7.
    pub id: String,
    /// Its name, or null.
    pub name: Option<String>,
    /// When genesis was written (RFC 3339).
    pub opened_at: String,
    /// When the last record was written (RFC 3339).
    pub closed_at: String,
    /// Its shells.
    pub shells: Vec<ShellFacts>,
    /// The host's name, or null where it was redacted.
    pub host: Option<String>,
    /// The user's name, or null where it was redacted.
    pub user: Option<String>,
    /// Head of the session before it, as a token, or null.
    pub previous: Option<String>,
}

/// A shell of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ShellFacts {
    /// Index of its shell-open.
    pub id: u64,
    /// `bash`, `zsh` or `fish`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Digest of the hook's text.
    pub hook: String,
    /// Why it closed, or null.
    pub closed: Option<String>,
    /// Its exit status; null when nobody saw it.
    pub exit_code: Option<u64>,
}

/// The journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct JournalFacts {
    /// The journal's format.
    pub format: String,
    /// How many records.
    pub size: u64,
    /// RFC 6962 root over all records, in hexadecimal.
    pub root_hash: String,
    /// The root after genesis, in hexadecimal.
    pub genesis_hash: String,
    /// The last record's tag, in hexadecimal.
    pub head_tag: String,
    /// `UNBROKEN`
    pub continuity: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OutcomeFacts {
    /// Commands started.
    pub command_count: u64,
    /// Commands whose status was not 0.
    pub failed_count: u64,
    /// Commands whose status nobody saw, the sealing line among them.
    pub unobserved_count: u64,
    /// Commands that ran unrecorded, by the shells' counters.
    pub lost_count: u64,
    /// Texts that the user's history settings withheld.
    pub withheld_count: u64,
    /// Records from which a text was taken out.
    pub redacted_count: u64,
    /// Declared pauses.
    pub pause_count: u64,
    /// Commands of declared pauses, null where a pause lasted to the end uncounted.
    pub paused_command_count: Option<u64>,
    /// Anomalies recorded.
    pub anomaly_count: u64,
    /// Whether every command was seen to end with status 0. The line that seals is never seen to end.
    pub all_succeeded: bool,
    /// The status of the first command that failed, 0 if none did, null if that cannot be told.
    pub exit_code: Option<u64>,
    /// `COMPLETE` or `INCOMPLETE`.
    pub end: String,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandFacts {
    /// From 1.
    pub seq: u64,
    /// Index of its shell's shell-open.
    pub shell: u64,
    /// Its text.
    #[serde(flatten)]
    pub text: CommandText,
    /// Its exit status; null when nobody saw it.
    pub exit_code: Option<u64>,
    /// Statuses of a pipeline's members.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pipe_status: Option<Vec<u64>>,
    /// The signal that ended it, by the shells' convention of 128 + signal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signal: Option<u64>,
    /// When it started (RFC 3339).
    pub started_at: String,
    /// How long it ran, in milliseconds; null when it did not finish.
    pub duration_ms: Option<u64>,
    /// The folder it ran in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub workdir: Option<String>,
    /// Why nobody saw its status: a word of attesh-journal(5).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<String>,
    /// What the shell said it runs agrees with this unit of its plan.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub planned: bool,
    /// Recorded after it ran: the shell said nothing before.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub late: bool,
}

impl CommandFacts {
    /// The signal that a status stands for, by the shells' convention of 128 + signal.
    #[must_use]
    pub fn signal_of(exit_code: Option<u64>) -> Option<u64> {
        exit_code.filter(|status| (129..=192).contains(status)).map(|status| status - 128)
    }
}

/// A script that a shell was to run. Its n-th unit is the shell's n-th command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PlanFacts {
    /// Index of the shell-open.
    pub shell: u64,
    /// `start`: before the first command; `exit`: when the block ended.
    pub recorded_at: String,
    /// The file as it was named; null where it was redacted.
    pub name: Option<String>,
    /// Digest of the script's bytes in hexadecimal; null where they were redacted.
    pub sha256: Option<String>,
    /// The units in order; null where they were redacted, are too many, or leave something
    /// of the script out.
    pub units: Option<Vec<UnitFacts>>,
    /// After the shell's end the file had the same bytes.
    pub unchanged: bool,
}

/// A unit of a script: one complete input as the shell reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitFacts {
    /// Its first line, from 1.
    pub line: u64,
    /// Its last line.
    pub last_line: u64,
    /// Its text: always `command` or `commandBase64`.
    #[serde(flatten)]
    pub text: CommandText,
}

/// A command's text, in one of four forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CommandText {
    /// UTF-8.
    Command(String),
    /// Other bytes, in padded base64.
    CommandBase64(String),
    /// Taken out after recording.
    Redacted(bool),
    /// Never recorded: the user's history settings hide it, or it was not to be had.
    Withheld(bool),
}

impl CommandText {
    /// The form for these bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => CommandText::Command(text.to_owned()),
            Err(_) => CommandText::CommandBase64(base64(bytes)),
        }
    }

    /// The bytes, where the text is there.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            CommandText::Command(text) => Some(text.as_bytes().to_vec()),
            CommandText::CommandBase64(text) => base64_strict(text.as_bytes()),
            CommandText::Redacted(_) | CommandText::Withheld(_) => None,
        }
    }

    /// The one line of the transcript: RFC 8785 JSON, newline included.
    #[must_use]
    pub fn transcript_line(&self, exit_code: Option<u64>) -> Vec<u8> {
        let status = exit_code.map_or_else(|| "null".to_owned(), |status| status.to_string());
        let mut line = b"{".to_vec();
        // Members in the order of RFC 8785: command, commandBase64, exitCode, redacted, withheld.
        let (before, after): (Option<(&str, &str)>, &str) = match self {
            CommandText::Command(text) => (Some(("command", text)), ""),
            CommandText::CommandBase64(text) => (Some(("commandBase64", text)), ""),
            CommandText::Redacted(_) => (None, ",\"redacted\":true"),
            CommandText::Withheld(_) => (None, ",\"withheld\":true"),
        };
        if let Some((name, text)) = before {
            line.extend_from_slice(format!("\"{name}\":").as_bytes());
            crate::encoding::push_string(&mut line, text);
            line.push(b',');
        }
        line.extend_from_slice(format!("\"exitCode\":{status}{after}}}\n").as_bytes());
        line
    }
}

/// A finding of the journal's check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AnomalyFacts {
    /// Index of the record.
    pub record: u64,
    /// What kind, as one word.
    pub code: String,
    /// Whether it makes the session incomplete.
    pub incomplete: bool,
    /// In words.
    pub text: String,
}

/// The clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ClockFacts {
    /// `SELF_REPORTED`
    pub assurance: String,
    /// The kernel's boot id.
    pub boot_id: String,
    /// Inode of the time namespace.
    pub time_namespace: String,
    /// How often the clock was seen to be set.
    pub step_count: u64,
}

/// The transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TranscriptFacts {
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// How many lines, one a command.
    pub lines: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// What a collector saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CollectedFacts {
    /// The collector's type, a URI.
    #[serde(rename = "type")]
    pub collector: String,
    /// `start` or `stop`.
    pub at: String,
    /// Whether it succeeded.
    pub ok: bool,
    /// What it saw, as a JSON text; null where it was redacted.
    pub data: Option<String>,
}

/// Where the journal comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OriginFacts {
    /// `none`, `not-checked` or `authenticated`.
    pub status: String,
    /// The public name of the origin secret, in hexadecimal, or null.
    pub id: Option<String>,
}

impl Statement {
    /// The payload's bytes.
    ///
    /// # Panics
    /// Never: the types hold nothing that JSON cannot carry.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a statement always serialises")
    }

    /// Reads a payload strictly: the exact bytes that [`Statement::to_json`] would give.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(payload: &[u8]) -> Result<Self, String> {
        let head: Head = serde_json::from_slice(payload)
            .map_err(|error| format!("the payload is no statement: {error}"))?;
        if head.kind != STATEMENT_TYPE {
            return Err(format!(
                "the payload's _type is {}, not {STATEMENT_TYPE}",
                crate::text::short(&head.kind)
            ));
        }
        if head.predicate_type != PREDICATE_TYPE {
            let found = crate::text::short(&head.predicate_type);
            return Err(format!("the predicate's type is {found}, not {PREDICATE_TYPE}"));
        }
        let statement: Statement = serde_json::from_slice(payload)
            .map_err(|error| format!("the payload is not well formed: {error}"))?;
        if statement.to_json() != payload {
            return Err(
                "the payload is not spelled as attesh spells it (order, blanks, duplicate members)".into()
            );
        }
        super::form::check(&statement).map_err(|why| format!("the payload is not well formed: {why}"))?;
        Ok(statement)
    }

    /// The digest of a subject, by name.
    #[must_use]
    pub fn subject(&self, name: &str) -> Option<&str> {
        self.subject.iter().find(|subject| subject.name == name).map(|subject| subject.digest.sha256.as_str())
    }

    /// When it says it was sealed, in seconds since 1970.
    #[must_use]
    pub fn sealed_at_s(&self) -> Option<i64> {
        self.predicate.sealed_at.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transcript_lines_are_rfc_8785() {
        let line = |text: &CommandText, status| String::from_utf8(text.transcript_line(status)).unwrap();
        assert_eq!(
            line(&CommandText::new(b"a \"b\"\n"), Some(0)),
            "{\"command\":\"a \\\"b\\\"\\n\",\"exitCode\":0}\n"
        );
        assert_eq!(
            line(&CommandText::new(b"\xff"), None),
            "{\"commandBase64\":\"/w==\",\"exitCode\":null}\n"
        );
        assert_eq!(line(&CommandText::Withheld(true), Some(7)), "{\"exitCode\":7,\"withheld\":true}\n");
        assert_eq!(line(&CommandText::Redacted(true), Some(7)), "{\"exitCode\":7,\"redacted\":true}\n");
    }
}
