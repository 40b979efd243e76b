//! The kinds of record and their fields.

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::genesis::Genesis;
use super::member::{self, Form as _, OpenWord};
use super::text::Commitments;
use super::words::{
    CloseReason, EndReason, Evidence, From, Inherited, Kind, NoteWhat, Program, TextSource, Unseen,
};
use crate::cause::{Cause, Code};
use crate::crypto::Digest;

/// An exit status as a shell reports it.
pub type Status = u8;

/// A shell joined. Texts: `history`, the settings that can hide text; `workdir`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    /// Which shell.
    pub program: OpenWord<Program>,
    /// Its version.
    pub version: String,
    /// Its process id.
    #[serde(with = "member::Integer")]
    pub pid: u64,
    /// Its start in clock ticks since boot, from `/proc/PID/stat`.
    #[serde(with = "member::Decimal")]
    pub start_ticks: u64,
    /// The shell's own counter now.
    #[serde(with = "member::Integer")]
    pub native: u64,
    /// The digest of the hook's text, 16 hexadecimal digits.
    pub hook: String,
    /// Whether the hook was typed in rather than read from an rc file.
    pub typed: bool,
}

/// A shell left. Text: `workdir`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Close {
    /// Index of its shell-open.
    #[serde(with = "member::Integer")]
    pub shell: u64,
    /// Why.
    pub why: CloseReason,
    /// Its exit status, if it was seen.
    #[serde(deserialize_with = "member::nullable")]
    pub status: Option<Status>,
    /// The shell's own counter, where the hook saw it.
    #[serde(with = "member::Optional::<member::Integer>", default, skip_serializing_if = "Option::is_none")]
    pub native: Option<u64>,
    /// The script that it ran was after its end what the plan has.
    #[serde(deserialize_with = "member::flag", default, skip_serializing_if = "member::is_false")]
    pub script_unchanged: bool,
}

/// The script that a shell is to run. Texts: `arguments`, `name`, `options`, `path` of the
/// shell, `ranges` of the units, `script`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Index of the shell's shell-open.
    #[serde(with = "member::Integer")]
    pub shell: u64,
    /// How many units the script has.
    #[serde(with = "member::Integer")]
    pub count: u64,
    /// How many of them, from the first on, had begun before the recording began.
    #[serde(with = "member::Integer")]
    pub before: u64,
    /// What its starts and statuses rest on.
    pub evidence: Evidence,
    /// SHA-256 of the shell's executable file, where somebody read it.
    #[serde(with = "member::Nullable::<member::Hex>")]
    pub sha256: Option<Digest>,
    /// Variables that were set and change what the shell does before its script.
    pub inherited: Vec<Inherited>,
}

/// A command is about to run. Texts: `command`, unless it is withheld; `workdir`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// Index of the shell's shell-open.
    #[serde(with = "member::Integer")]
    pub shell: u64,
    /// The number of the command in its shell, from 1 and without gaps.
    #[serde(with = "member::Integer")]
    pub n: u64,
    /// The shell's own counter.
    #[serde(with = "member::Integer")]
    pub native: u64,
    /// How far that counter moved since the last start without a command.
    #[serde(with = "member::Integer", default, skip_serializing_if = "member::is_zero")]
    pub skip: u64,
    /// Where the text comes from.
    pub text_source: TextSource,
    /// The text was longer than the limit and is cut.
    #[serde(deserialize_with = "member::flag", default, skip_serializing_if = "member::is_false")]
    pub truncated: bool,
    /// `$?` before it.
    #[serde(deserialize_with = "member::optional", default, skip_serializing_if = "Option::is_none")]
    pub prev_status: Option<Status>,
    /// The unit of the shell's plan that this command is, from 1; none: the evidence shows none.
    #[serde(with = "member::Optional::<member::Positive>", default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<u64>,
}

/// A command has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finish {
    /// Index of the shell's shell-open.
    #[serde(with = "member::Integer")]
    pub shell: u64,
    /// The hook's number of the command.
    #[serde(with = "member::Integer")]
    pub n: u64,
    /// The exit status; none when nobody observed it.
    #[serde(deserialize_with = "member::nullable")]
    pub status: Option<Status>,
    /// The statuses of a pipeline, as the shell reports them.
    #[serde(deserialize_with = "member::optional", default, skip_serializing_if = "Option::is_none")]
    pub pipe_status: Option<Vec<Status>>,
    /// Where the status was seen.
    pub from: From,
    /// The shell set no new status for this command (fish), so there was none to see.
    #[serde(deserialize_with = "member::flag", default, skip_serializing_if = "member::is_false")]
    pub stale: bool,
    /// Why it stands although nobody saw the command end.
    #[serde(deserialize_with = "member::optional", default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Unseen>,
    /// The shell's own counter, where it moves with the status (fish).
    #[serde(with = "member::Optional::<member::Integer>", default, skip_serializing_if = "Option::is_none")]
    pub native: Option<u64>,
    /// The duration that the shell measured, in microseconds.
    #[serde(with = "member::Optional::<member::Integer>", default, skip_serializing_if = "Option::is_none")]
    pub shell_duration_us: Option<u64>,
}

/// A remark, or something that was read but not executed. Text: `text`, if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Index of the shell's shell-open, if it comes from one.
    #[serde(with = "member::Optional::<member::Integer>", default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<u64>,
    /// What it is about.
    pub what: NoteWhat,
    /// A status that belongs to it.
    #[serde(deserialize_with = "member::optional", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The shell's own counter.
    #[serde(with = "member::Optional::<member::Integer>", default, skip_serializing_if = "Option::is_none")]
    pub native: Option<u64>,
}

/// Recording pauses, for one shell or for all. Text: `reason`, if one was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Index of the shell's shell-open; none for all shells.
    #[serde(with = "member::Nullable::<member::Integer>")]
    pub shell: Option<u64>,
}

/// Recording goes on, for one shell or for all. Text: `reason`, if one was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Index of the shell's shell-open; none for all shells.
    #[serde(with = "member::Nullable::<member::Integer>")]
    pub shell: Option<u64>,
    /// Index of the shell whose command line resumed it: that line is not recorded either.
    #[serde(with = "member::Nullable::<member::Integer>")]
    pub by: Option<u64>,
}

/// Calls of a shell that were not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Index of the shell's shell-open.
    #[serde(with = "member::Integer")]
    pub shell: u64,
    /// How many.
    #[serde(with = "member::Integer")]
    pub count: u64,
}

/// Something the recorder found out of order. Text: `detail`, if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// What, as one word.
    pub what: String,
}

/// The journal is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// Why it ended.
    pub reason: EndReason,
    /// Whether everything before was brought to the disk without an error.
    pub synced_to_disk: bool,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is documented at its type")]
pub enum Body {
    Genesis(Box<Genesis>),
    Fact(Box<Fact>),
    #[serde(rename = "shell-open")]
    Open(Box<Open>),
    #[serde(rename = "shell-close")]
    Close(Close),
    Plan(Plan),
    Start(Start),
    Finish(Finish),
    Note(Note),
    Pause(Pause),
    Resume(Resume),
    Lost(Lost),
    Anomaly(Anomaly),
    End(End),
}

impl Body {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Body::Genesis(_) => Kind::Genesis,
            Body::Fact(_) => Kind::Fact,
            Body::Open(_) => Kind::ShellOpen,
            Body::Close(_) => Kind::ShellClose,
            Body::Plan(_) => Kind::Plan,
            Body::Start(_) => Kind::Start,
            Body::Finish(_) => Kind::Finish,
            Body::Note(_) => Kind::Note,
            Body::Pause(_) => Kind::Pause,
            Body::Resume(_) => Kind::Resume,
            Body::Lost(_) => Kind::Lost,
            Body::Anomaly(_) => Kind::Anomaly,
            Body::End(_) => Kind::End,
        }
    }

    /// What no type tells: members that must agree with each other.
    pub(super) fn check(&self, texts: &Commitments) -> Result<(), Cause> {
        match self {
            Body::Start(start) => start.check(texts)?,
            // An exit status that nobody observed is null, never a number, and never an earlier one.
            Body::Finish(finish) => {
                let unseen = finish.from == From::Unknown || finish.stale || finish.outcome.is_some();
                if unseen == finish.status.is_some() {
                    return Err(Code::RecordStatus.into());
                }
            }
            Body::Fact(fact) => {
                if let Some(why) = fact.contradiction() {
                    return Err(Cause::new(Code::RecordFact, why));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Kind {
    /// The texts that records of the kind always commit to, and those that they may; none where
    /// the names are free.
    #[must_use]
    pub fn texts(self) -> Option<(&'static [&'static str], &'static [&'static str])> {
        Some(match self {
            Kind::Genesis => (&["stateDir"], &["host", "user"]),
            Kind::Fact => return None,
            Kind::ShellOpen => (&["history", "workdir"], &[]),
            Kind::ShellClose => (&["workdir"], &[]),
            Kind::Plan => (&["name", "ranges", "script"], &["arguments", "options", "path"]),
            Kind::Start => (&["workdir"], &["command"]),
            Kind::Note => (&[], &["text"]),
            Kind::Pause | Kind::Resume => (&[], &["reason"]),
            Kind::Anomaly => (&[], &["detail"]),
            Kind::Finish | Kind::Lost | Kind::End => (&[], &[]),
        })
    }
}

impl Kind {
    /// What of these texts is missing in a record of the kind, or is not one of its texts.
    pub(super) fn fault(self, texts: &Commitments) -> Option<String> {
        let (always, optional) = self.texts()?;
        if let Some(name) = always.iter().find(|name| !texts.has(name)) {
            return Some(format!("{name:?} is missing"));
        }
        let foreign = texts.texts().find(|name| !always.contains(name) && !optional.contains(name))?;
        Some(format!("{foreign:?} is no text of {}", self.name()))
    }
}

impl Finish {
    /// Whether it tells when the command ended. At a prompt nobody knows how long the shell was
    /// idle before somebody looked; the next command of a script begins where the last one ended.
    #[must_use]
    pub fn saw_end(&self, of_script: bool) -> bool {
        let seen = match self.from {
            From::NextStart => false,
            From::Unknown => self.outcome.is_some(),
            From::Prompt | From::Exit | From::Interrupt => true,
        };
        seen || of_script
    }
}

impl Start {
    fn check(&self, texts: &Commitments) -> Result<(), Cause> {
        let has_text = !matches!(self.text_source, TextSource::Withheld | TextSource::None);
        if has_text != texts.has("command") {
            return Err(Cause::new(Code::RecordText, self.text_source.name()));
        }
        if self.truncated && !has_text {
            return Err(Cause::new(Code::RecordText, "truncated without a text"));
        }
        Ok(())
    }
}
