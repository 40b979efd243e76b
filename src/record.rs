//! One fact: the record, its fields, and its two JSON columns.
//!
//! What lives here: every kind of record with its fields, written and read in one place;
//! `encode` and `decode` are inverse. What does not: chains, keys and files
//! (`journal`). The normative table of fields is attesh-journal(5).
//!
//! Rules: both columns have one spelling, so reading compares with writing; the core is signed
//! as stored; text stands in the disclosures only, the core holds a salted commitment to it.

use serde::{Deserialize, Serialize};

use crate::cause::{Cause, Code};
use crate::clock::Moment;

mod body;
mod fact;
mod genesis;
mod member;
mod text;
mod words;

pub use body::{Anomaly, Body, Close, End, Finish, Lost, Note, Open, Pause, Plan, Resume, Start, Status};
pub use fact::{ATTACHED_FOLDER, Attached, Fact, KNOWN_TYPES, is_known_fact, is_plain_name, is_uri};
pub use genesis::{
    FORMAT, FORMAT_NAME, Genesis, PROTECTION_FILE, PROTECTION_RECORDER, Prev, RECORDER_ID, Recorder,
};
use member::Form as _;
pub use member::{INTEGER_MAX, OpenWord};
pub use text::{
    Commitment, Commitments, Disclosure, Disclosures, KeptText, SHOWN, Said, TEXT_MAX, TEXT_NAME_MAX,
    TEXT_PREFIX, TEXTS_MAX, Texts, base_name, shown_name,
};
pub(crate) use words::words;
pub use words::{
    CloseReason, Closes, EndReason, Evidence, FactTime, From, Inherited, Kind, NoteWhat, PrevWhy, Program,
    StateLevel, TextSource, Unseen, Word,
};

/// The longest line of a journal in bytes, its newline included.
pub const LINE_MAX: usize = 2 << 20;
/// The longest core of a line in bytes: what an entry of a C2SP tile holds.
pub const CORE_MAX: usize = 65_535;

/// What the recorder had to repair before it could write this record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovered {
    /// Complete lines that were in the journal but not yet acknowledged.
    #[serde(with = "member::Integer")]
    pub adopted: u64,
    /// Bytes of a torn line that were cut off; it had never been acknowledged.
    #[serde(with = "member::Integer")]
    pub cut_bytes: u64,
}

/// The signed part of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Core {
    /// Position in the journal, from 0.
    #[serde(rename = "i", with = "member::Integer")]
    pub index: u64,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
    /// The texts that belong to it.
    #[serde(rename = "c", default, skip_serializing_if = "Commitments::is_empty")]
    pub commitments: Commitments,
    /// When, by the local clocks.
    #[serde(flatten, with = "MomentMembers")]
    pub time: Moment,
    /// Repairs made just before this record.
    #[serde(deserialize_with = "member::optional", default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<Recovered>,
    /// The key that verifies the next record; only `end` has none.
    #[serde(
        rename = "nk",
        with = "member::Optional::<member::Base64url>",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub next_key: Option<[u8; 32]>,
}

/// The members of a [`Moment`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Moment", rename_all = "camelCase")]
struct MomentMembers {
    #[serde(with = "member::Decimal")]
    realtime_ns: u64,
    #[serde(with = "member::Decimal")]
    boottime_ns: u64,
    synced: bool,
}

/// A record as the reader hands it on: core and the texts that are still disclosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The signed part.
    pub core: Core,
    /// The disclosed texts.
    pub disclosures: Disclosures,
}

impl Core {
    /// The core's bytes, as they are signed and stored.
    ///
    /// # Errors
    /// A reader would refuse them: a number is beyond [`INTEGER_MAX`], members contradict each
    /// other, or it is too long.
    pub fn encode(&self) -> Result<Vec<u8>, Cause> {
        // Room for a core as they come: each time it grows costs the allocator two calls.
        let mut out = Vec::with_capacity(1000);
        serde_json::to_writer(&mut out, self)
            .map_err(|error| Cause::new(Code::RecordMember, error.to_string()))?;
        self.check()?;
        if out.len() > CORE_MAX {
            return Err(Cause::new(Code::RecordLength, format!("{} bytes", out.len())));
        }
        Ok(out)
    }

    /// Reads a core strictly: what [`Core::encode`] gives, byte for byte, and nothing else.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, Cause> {
        use serde_json::error::Category;
        if bytes.len() > CORE_MAX {
            return Err(Cause::new(Code::RecordLength, format!("{} bytes", bytes.len())));
        }
        let core: Self = serde_json::from_slice(bytes).map_err(|error| {
            // A member is looked at before what stands behind it: whether all of it is JSON comes first.
            let object = bytes.first() == Some(&b'{') && error.classify() == Category::Data;
            let whole = || serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
            let code = if object && whole() { Code::RecordMember } else { Code::RecordJson };
            Cause::new(code, error.to_string())
        })?;
        let own = core.encode()?;
        let Some(at) = member::difference(&own, bytes) else { return Ok(core) };
        // serde also takes an array for an object and a number for a word: another form.
        let value = |bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok();
        let same = value(&own).zip(value(bytes)).is_some_and(|(own, given)| member::same_forms(&own, &given));
        let code = if same { Code::RecordSpelling } else { Code::RecordMember };
        Err(Cause::new(code, format!("at its byte {at}")))
    }

    /// What no type tells: members that must agree with each other.
    fn check(&self) -> Result<(), Cause> {
        let fault = self.commitments.fault().or_else(|| self.body.kind().fault(&self.commitments));
        if let Some(fault) = fault {
            return Err(Cause::new(Code::RecordCommitments, fault));
        }
        if self.next_key.is_some() == matches!(self.body, Body::End(_)) {
            return Err(Code::RecordKey.into());
        }
        self.body.check(&self.commitments)
    }
}

impl Record {
    /// The disclosed bytes of a field, if its core commits to one and nobody redacted it. Of a text
    /// that was masked when it was recorded they are its masked form.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&[u8]> {
        self.disclosures.get(name).or_else(|| self.disclosures.get(&shown_name(name)))
    }

    /// The same, and why nothing is there.
    #[must_use]
    pub fn said(&self, name: &str) -> Said<'_> {
        Said::of(self.text(name), self.is_masked(name), self.core.commitments.has(name))
    }

    /// Whether a text was masked when it was recorded: what [`Record::text`] gives is not what it was.
    #[must_use]
    pub fn is_masked(&self, name: &str) -> bool {
        self.core.commitments.is_masked(name)
    }

    /// Checks every disclosure against the commitment of the same name.
    ///
    /// # Errors
    /// A disclosure without a commitment, or one that does not open it.
    pub fn check_commitments(&self) -> Result<(), Cause> {
        self.disclosures.check(&self.core.commitments)
    }

    /// How many of its texts have been taken out: the core commits to them, and they are not there.
    /// In the place of one that was masked stands another, and the two are one text.
    #[must_use]
    pub fn redacted(&self) -> u64 {
        self.core.commitments.texts().filter(|name| self.text(name).is_none()).count() as u64
    }
}
