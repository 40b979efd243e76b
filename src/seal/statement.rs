//! The in-toto Statement that is sealed: its members, and nothing else.
//!
//! What lives here: the shape of the payload. What does not: its strict reading (`form`), how
//! it is gathered from a journal (`draft`), how it is signed
//! (`envelope`), whether it is believed (`verify`). The normative table of members is
//! attesh-seal(5).
//!
//! Rules: one spelling only, so reading compares with writing; policy turns on the presence
//! of good claims, never on the absence of a bad one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::committed::DisclosureFacts;
use super::few;
use crate::encoding::{base64, base64_strict, hex_exact};
use crate::journal::head::Head;
use crate::journal::story::FindingCode;
use crate::record::{Attached, CloseReason, Evidence, FactTime, Inherited, Status, Unseen, words};

/// The type of the predicate.
pub const PREDICATE_TYPE: &str = "https://attesh.dev/shell-session/v0.1";
/// The type of the Statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The subject whose digest is the journal's root.
pub const SUBJECT_SESSION: &str = "session";
/// The subject whose digest is that of the transcript.
pub const SUBJECT_TRANSCRIPT: &str = "session.transcript";
/// What the subject of a script begins with; its name follows.
pub const SUBJECT_SCRIPT: &str = "script:";
/// What the subject of a file that travels with a fact begins with; its name follows.
pub const SUBJECT_ATTACHED: &str = "attached:";
/// The most commands that stand in the payload.
pub const COMMANDS_MAX: usize = 10_000;
/// The most heads, shells, plans and facts that stand in the payload, of each.
pub const PARTICULARS_MAX: usize = 10_000;
/// The most bytes of commands that stand in the payload, as they are spelled there; as many of
/// plans.
pub const COMMANDS_BYTES_MAX: usize = 8 << 20;
/// The most bytes of shells and facts together.
pub const PARTICULARS_BYTES_MAX: usize = 4 << 20;
/// The most subjects: sigstore-go takes no more.
pub const SUBJECTS_MAX: usize = 1_024;
/// The most products that are subjects.
pub const PRODUCTS_MAX: usize = 1_000;
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

words! {
    /// Whether everything is told.
    Completeness {
        /// It is.
        Complete = "COMPLETE",
        /// Something is missing.
        Incomplete = "INCOMPLETE",
    }
}
words! {
    /// What the sealer knew of the journal's origin.
    OriginStatus {
        /// The journal has no origin secret.
        None = "none",
        /// The sealer was not given it.
        NotChecked = "not-checked",
        /// The tags were made with it.
        Authenticated = "authenticated",
    }
}

/// What is said of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "each member is documented at its type")]
pub struct Predicate {
    pub recorder: Recorder,
    pub session: SessionFacts,
    pub journal: JournalFacts,
    /// The heads that a log can have: genesis, each shell's open and close, the last record.
    pub heads: Vec<HeadFacts>,
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
    pub facts: Vec<FactFacts>,
    /// Commitments to the texts that it leaves out, where it was sealed selectively.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disclosures: Option<DisclosureFacts>,
    pub origin: OriginFacts,
    /// When it was sealed, by the sealer's clock (RFC 3339).
    pub sealed_at: String,
    /// From the journal's last record to the sealing, in whole milliseconds.
    pub unrecorded_tail_ms: u64,
    /// What this version does not name: a text under a URI each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub extensions: BTreeMap<String, String>,
    /// The extensions without which the statement must not be judged.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "few::few")]
    pub must_understand: Vec<String>,
}

impl Predicate {
    /// Whether everything that ran of a plan's script is among the commands: somebody saw bash read
    /// it, its shell came to its end, and no command was lost.
    #[must_use]
    pub fn tells_all_of(&self, plan: &PlanFacts) -> bool {
        let shell = self.session.shells.iter().find(|shell| shell.id == plan.shell);
        plan.evidence == Evidence::Reader
            && self.outcome.lost_count == 0
            && plan.close.is_some()
            && shell.and_then(|shell| shell.closed).is_some_and(CloseReason::is_own_end)
    }
}

/// The program that recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// Which, a URI.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The digest of its executable, as it said itself; null where it could not be read.
    pub digest: Option<Sha256>,
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
    /// The host's name; null where it was redacted or nobody saw it.
    pub host: Option<String>,
    /// The user's name; null where it was redacted or nobody saw it.
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
    pub closed: Option<CloseReason>,
    /// Its exit status; null when nobody saw it.
    pub exit_code: Option<Status>,
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

/// How the journal stood at a size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HeadFacts {
    /// How many records.
    pub size: u64,
    /// RFC 6962 root over them, in hexadecimal.
    pub root_hash: String,
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
    /// Texts that were taken out.
    pub redacted_count: u64,
    /// Declared pauses.
    pub pause_count: u64,
    /// Commands of declared pauses, null where a pause lasted to the end uncounted.
    pub paused_command_count: Option<u64>,
    /// Anomalies recorded.
    pub anomaly_count: u64,
    /// Facts recorded.
    pub fact_count: u64,
    /// Whether every command was seen to end with status 0. The line that seals is never seen to end.
    pub all_succeeded: bool,
    /// The status of the first command that failed, 0 if none did, null if that cannot be told.
    pub exit_code: Option<Status>,
    /// Whether everything is told.
    pub end: Completeness,
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
    pub exit_code: Option<Status>,
    /// The shell set no new status for it (fish), so there is no `exit_code`.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub stale: bool,
    /// Statuses of a pipeline's members.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pipe_status: Option<Vec<Status>>,
    /// The signal that ended it, by the shells' convention of 128 + signal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signal: Option<Status>,
    /// When it started (RFC 3339).
    pub started_at: String,
    /// How long it ran, in milliseconds; null when it did not finish.
    pub duration_ms: Option<u64>,
    /// The folder it ran in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub workdir: Option<String>,
    /// Why nobody saw its status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<Unseen>,
    /// The unit of its shell's plan that it is, from 1; null: the evidence shows none.
    pub unit: Option<u64>,
}

impl CommandFacts {
    /// The signal that a status stands for, by the shells' convention of 128 + signal.
    #[must_use]
    pub fn signal_of(exit_code: Option<Status>) -> Option<Status> {
        exit_code.filter(|status| (129..=192).contains(status)).map(|status| status - 128)
    }
}

/// A script that a shell was to run. Its commands name their units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PlanFacts {
    /// Index of the shell-open.
    pub shell: u64,
    /// Index of the shell-close; null where the shell did not close.
    pub close: Option<u64>,
    /// How many of its units, from the first on, had begun before the recording began.
    pub before: u64,
    /// What its starts and statuses rest on.
    pub evidence: Evidence,
    /// The file as it was named; null where it was redacted.
    pub name: Option<String>,
    /// Digest of the script's bytes in hexadecimal; null where they were redacted or masked.
    pub sha256: Option<String>,
    /// The units in order; null where they were redacted, are too many, or leave something
    /// of the script out.
    pub units: Option<Vec<UnitFacts>>,
    /// How many units it has, where they are not listed and that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unit_count: Option<u64>,
    /// After the shell's end the file had the same bytes.
    pub unchanged: bool,
    /// What ran it, and how.
    pub interpreter: InterpreterFacts,
}

/// The shell that ran a script. Bytes that are not UTF-8 stand as U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InterpreterFacts {
    /// Its executable file; null where it was redacted or nobody saw it.
    pub path: Option<String>,
    /// SHA-256 of that file in hexadecimal; null where nobody read it.
    pub sha256: Option<String>,
    /// Its version; null where its shell-open is not listed.
    pub version: Option<String>,
    /// The options before the script; null where they were redacted, are too many, or nobody saw
    /// them.
    #[serde(default, deserialize_with = "few::few_or_null")]
    pub options: Option<Vec<String>>,
    /// The arguments behind the script; null where they were redacted, are too many, or nobody saw
    /// them.
    #[serde(default, deserialize_with = "few::few_or_null")]
    pub arguments: Option<Vec<String>>,
    /// The folder it began in; null where it was redacted.
    pub workdir: Option<String>,
    /// Variables that were set and change what the shell does before its script.
    pub inherited: Vec<Inherited>,
}

/// A unit of a script: one complete input as the shell reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitFacts {
    /// Its first line, from 1.
    pub line: u64,
    /// Its last line.
    pub last_line: u64,
    /// Its text, never withheld; redacted only where there is a commitment to it.
    #[serde(flatten)]
    pub text: CommandText,
}

/// A command's text, in one of its forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CommandText {
    /// UTF-8.
    Command(String),
    /// Other bytes, in padded base64.
    CommandBase64(String),
    /// What of it may be shown: the recorder masked its secrets. UTF-8.
    CommandShown(String),
    /// The same of other bytes, in padded base64.
    CommandShownBase64(String),
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

    /// The form for the bytes of which `masked` says whether the recorder masked them.
    #[must_use]
    pub fn recorded(bytes: &[u8], masked: bool) -> Self {
        match (CommandText::new(bytes), masked) {
            (CommandText::Command(text), true) => CommandText::CommandShown(text),
            (CommandText::CommandBase64(text), true) => CommandText::CommandShownBase64(text),
            (plain, _) => plain,
        }
    }

    /// The bytes, where the text is there. Of a masked text they are what may be shown of it.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            CommandText::Command(text) | CommandText::CommandShown(text) => Some(text.as_bytes().to_vec()),
            CommandText::CommandBase64(text) | CommandText::CommandShownBase64(text) => {
                base64_strict(text.as_bytes())
            }
            CommandText::Redacted(_) | CommandText::Withheld(_) => None,
        }
    }

    /// Whether the recorder masked a secret in it.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        matches!(self, CommandText::CommandShown(_) | CommandText::CommandShownBase64(_))
    }

    /// The one line of the transcript: RFC 8785 JSON, newline included.
    #[must_use]
    pub fn transcript_line(&self, exit_code: Option<Status>) -> Vec<u8> {
        let status = exit_code.map_or_else(|| "null".to_owned(), |status| status.to_string());
        let mut line = b"{".to_vec();
        // Members in the order of RFC 8785: the text, exitCode, redacted, withheld.
        let (before, after): (Option<(&str, &str)>, &str) = match self {
            CommandText::Command(text) => (Some(("command", text)), ""),
            CommandText::CommandBase64(text) => (Some(("commandBase64", text)), ""),
            CommandText::CommandShown(text) => (Some(("commandShown", text)), ""),
            CommandText::CommandShownBase64(text) => (Some(("commandShownBase64", text)), ""),
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
    /// What kind.
    pub code: FindingCode,
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
    /// The kernel's boot id; null where it has none.
    pub boot_id: Option<String>,
    /// Inode of the time namespace in decimal; null where the kernel has none.
    pub time_namespace: Option<String>,
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
pub struct FactFacts {
    /// Index of the record.
    pub record: u64,
    /// What it is, a URI.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was seen.
    pub at: FactTime,
    /// Index of the shell-open of the shell that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shell: Option<u64>,
    /// The number of the command that it is about, in that shell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub n: Option<u64>,
    /// Whether the collector succeeded.
    pub ok: bool,
    /// Whether who does not know the type must not judge the session.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub must: bool,
    /// Its texts by name; null where one was redacted. Bytes that are not UTF-8 stand as U+FFFD.
    pub data: BTreeMap<String, Option<String>>,
    /// The files that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attached: Vec<Attached>,
}

/// Where the journal comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OriginFacts {
    /// What the sealer knew of it.
    pub status: OriginStatus,
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

    /// The digest of a subject, by name.
    #[must_use]
    pub fn subject(&self, name: &str) -> Option<&str> {
        self.subject.iter().find(|subject| subject.name == name).map(|subject| subject.digest.sha256.as_str())
    }

    /// The head of its journal.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        let journal = &self.predicate.journal;
        let session = uuid::Uuid::try_parse(&self.predicate.session.id).ok()?;
        Some(Head { session, size: journal.size, root: hex_exact(journal.root_hash.as_bytes())? })
    }

    /// When it says it was sealed, in seconds since 1970.
    #[must_use]
    pub fn sealed_at_s(&self) -> Option<i64> {
        self.predicate.sealed_at.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
    }

    /// When its session ended, in seconds since 1970.
    #[must_use]
    pub fn closed_at_s(&self) -> Option<i64> {
        self.predicate.session.closed_at.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
    }
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
