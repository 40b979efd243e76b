//! One fact: the record, its fields, and its two JSON columns.
//!
//! What lives here: every kind of record with its fields, written and read in one place;
//! `encode` and `decode` are inverse. What does not: chains, keys and files
//! (`journal`). The normative table of fields is attesh-journal(5).
//!
//! Rules: the core is signed as stored and never written again to be checked; text
//! stands in the disclosures only, the core holds a salted commitment to it.

use crate::clock::Moment;
use crate::crypto::{self, Digest};
use crate::encoding::{
    JsonBytes, JsonError, Object, ObjectWriter, base64url, base64url_exact, hex, hex_exact, push_bytes,
};

mod body;
mod disclosure;
mod genesis;
mod words;

use words::Word as _;

pub use body::{
    Anomaly, Body, Close, Collect, CommandText, End, Finish, Lost, Note, Open, Pause, Plan, Resume, Start,
};
pub use disclosure::{Disclosure, Disclosures};
pub use genesis::{Genesis, Prev};
pub use words::{
    CloseReason, Closes, EndReason, From, Kind, NoteWhat, Outcome, PlanTime, Program, StateLevel, TextSource,
};

/// The version of the journal's format, as genesis names it.
pub const FORMAT: &str = "attesh-journal/1";
/// The longest line of a journal in bytes, its newline included.
pub const LINE_MAX: usize = 2 << 20;
/// The longest core of a line in bytes.
pub const CORE_MAX: usize = 64 << 10;
/// The longest text kept whole in bytes; of a longer one the start, length and digest are kept.
pub const TEXT_MAX: usize = 1 << 20;
/// How much of a text longer than [`TEXT_MAX`] is kept, in bytes.
pub const TEXT_PREFIX: usize = 64 << 10;

/// A commitment to a disclosed value: SHA-256 over name, salt and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment(pub Digest);

/// What the recorder had to repair before it could write this record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Complete lines that were in the journal but not yet acknowledged.
    pub adopted: u64,
    /// Bytes of a torn line that were cut off; it had never been acknowledged.
    pub cut_bytes: u64,
}

/// The signed part of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// Position in the journal, from 0.
    pub index: u64,
    /// When, by the local clocks.
    pub time: Moment,
    /// The key that verifies the next record; only `end` has none.
    pub next_key: Option<[u8; 32]>,
    /// Repairs made just before this record.
    pub recovered: Option<Recovered>,
    /// What happened.
    pub body: Body,
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
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = ObjectWriter::new();
        out.number("i", self.index).text("kind", self.body.kind().name());
        self.body.encode(&mut out);
        out.decimal("realtimeNs", self.time.realtime_ns).decimal("boottimeNs", self.time.boottime_ns);
        out.flag("synced", self.time.synced);
        if let Some(recovered) = self.recovered {
            let mut inner = ObjectWriter::new();
            inner.number("adopted", recovered.adopted).number("cutBytes", recovered.cut_bytes);
            out.raw("recovered", &inner.finish());
        }
        if let Some(key) = &self.next_key {
            out.text("nk", &base64url(key));
        }
        out.finish()
    }

    /// Reads a core strictly: every member known, in its place, and of its form.
    ///
    /// # Errors
    /// What is wrong, in words that name the member.
    pub fn decode(bytes: &[u8]) -> Result<Self, JsonError> {
        if bytes.len() > CORE_MAX {
            return Err(JsonError(format!("the core has {} bytes, more than {CORE_MAX}", bytes.len())));
        }
        let mut object = Object::parse(bytes)?;
        let index = object.number("i")?;
        let kind = Kind::take(&mut object, "kind")?;
        let time = Moment {
            realtime_ns: object.decimal("realtimeNs")?,
            boottime_ns: object.decimal("boottimeNs")?,
            synced: object.boolean("synced")?,
        };
        let recovered = match object.maybe_object("recovered")? {
            None => None,
            Some(mut inner) => {
                let value =
                    Recovered { adopted: inner.number("adopted")?, cut_bytes: inner.number("cutBytes")? };
                inner.finish()?;
                Some(value)
            }
        };
        let next_key = if kind == Kind::End { None } else { Some(key(&mut object, "nk")?) };
        let body = Body::decode(kind, &mut object)?;
        object.finish()?;
        Ok(Core { index, time, next_key, recovered, body })
    }
}

impl Record {
    /// The disclosed bytes of a field, if its core commits to one and nobody redacted it.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&[u8]> {
        self.disclosures.get(name)
    }

    /// Checks every disclosure against the commitment of the same name.
    ///
    /// # Errors
    /// A disclosure without a commitment, or one that does not open it.
    pub fn check_commitments(&self) -> Result<(), JsonError> {
        let commitments = self.core.body.commitments();
        for disclosure in self.disclosures.iter() {
            let Some((_, commitment)) = commitments.iter().find(|(name, _)| *name == disclosure.name) else {
                return Err(JsonError(format!("\"{}\" is disclosed but not committed to", disclosure.name)));
            };
            if crypto::commitment(&disclosure.name, &disclosure.salt, &disclosure.value) != commitment.0 {
                return Err(JsonError(format!("\"{}\" does not open its commitment", disclosure.name)));
            }
        }
        Ok(())
    }

    /// Whether a text that the core commits to has been taken out.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.core.body.commitments().iter().any(|(name, _)| self.disclosures.get(name).is_none())
    }
}

/// The value that stands for a text in its commitment: the text, or of one longer than
/// [`TEXT_MAX`] its start, a NUL, its length, a NUL and the SHA-256 of the whole.
#[derive(Debug, PartialEq, Eq)]
pub struct KeptText {
    /// The bytes to commit to.
    pub value: Vec<u8>,
    /// Whether `value` stands for a longer text.
    pub truncated: bool,
}

impl KeptText {
    /// Keeps a text whole or cut.
    #[must_use]
    pub fn new(text: Vec<u8>) -> Self {
        if text.len() <= TEXT_MAX {
            return KeptText { value: text, truncated: false };
        }
        let tail = format!("\0{}\0{}", text.len(), hex(&crypto::sha256(&[&text])));
        let mut value = text;
        value.truncate(TEXT_PREFIX);
        value.extend_from_slice(tail.as_bytes());
        KeptText { value, truncated: true }
    }
}

fn key(object: &mut Object, name: &str) -> Result<[u8; 32], JsonError> {
    let text = object.text(name)?;
    base64url_exact(text.as_bytes())
        .ok_or_else(|| JsonError(format!("member \"{name}\" is not 32 bytes in base64url")))
}

fn hex_member<const N: usize>(name: &str, text: &str) -> Result<[u8; N], JsonError> {
    hex_exact(text.as_bytes())
        .ok_or_else(|| JsonError(format!("member \"{name}\" is not {N} bytes in hexadecimal")))
}
