//! Tombstones: what is left of a session that was removed. Normative: attesh-prune(1).
//!
//! What lives here: the members of a tombstone, its line (a DSSE envelope), and the chain of lines.
//! Pure. What does not: the file, the key and the lock (`session::removed`), which sessions may be
//! removed (`session::retained`).
//!
//! Rules: a line is believed only behind all lines before it, each signed by the one key and naming
//! the digest of the line before; nothing of a list that is damaged is shown.

use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use super::keys::{PrivateKey, PublicKey};
use super::trust::TrustedKey;
use crate::cause::{Cause, Code};
use crate::clock;
use crate::crypto::{Digest, sha256};
use crate::encoding::hex;
use crate::text::short;

/// The type of the payload, and with it the version of this format.
pub const PAYLOAD_TYPE: &str = "application/vnd.attesh.tombstone.v1+json";

/// The most envelopes that a tombstone names.
pub const ENVELOPES_MAX: usize = 8;

/// How a session came to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// The time passed for which it was to be kept.
    Retention,
    /// Sealed sessions were removed.
    Sealed,
    /// It was named.
    Named,
}

/// An envelope that was made of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedAs {
    /// When, RFC 3339.
    pub at: String,
    /// Where it was written, escaped.
    pub path: String,
    /// SHA-256 of its file, hexadecimal.
    pub sha256: String,
    /// How many records it has.
    pub size: u64,
}

/// What is left of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tombstone {
    /// The code of what was wrong with its journal; then size and root are of the records before.
    pub damage: Option<String>,
    /// It was removed before the time passed for which it was to be kept.
    pub early: bool,
    /// Whether its journal had an end.
    pub ended: bool,
    /// The envelopes that were made of it, the last [`ENVELOPES_MAX`].
    pub envelopes: Vec<SealedAs>,
    /// When its last record was written, RFC 3339.
    pub last_at: Option<String>,
    /// Its name, if it had one.
    pub name: Option<String>,
    /// Its place in the list, from 1.
    pub number: u64,
    /// The age that it was asked to have at least, in seconds.
    pub older_than_seconds: Option<u64>,
    /// When it opened, RFC 3339.
    pub opened_at: String,
    /// SHA-256 of the line before, without its newline, hexadecimal.
    pub previous: Option<String>,
    /// When it was removed, RFC 3339.
    pub removed_at: String,
    /// For how long it was to be kept after its end, in seconds.
    pub retain_seconds: Option<u64>,
    /// RFC 6962 root over its records, hexadecimal.
    pub root: Option<String>,
    /// Its id.
    pub session: String,
    /// How many records it had.
    pub size: u64,
    /// Why it was removed.
    pub why: Why,
}

impl Tombstone {
    /// Whether it is of the same records of the same session as another, whatever was said of when
    /// and why.
    #[must_use]
    pub fn is_of_same(&self, other: &Tombstone) -> bool {
        (&self.session, self.size, &self.root) == (&other.session, other.size, &other.root)
    }

    /// Why it was removed, in words.
    #[must_use]
    pub fn because(&self) -> String {
        let retention = self.retain_seconds.map(clock::as_age);
        let mut words = match (self.why, &retention) {
            (Why::Retention, Some(age)) => format!("its retention of {age} had passed"),
            (Why::Retention, None) => "its retention had passed".to_owned(),
            (Why::Sealed, _) => "it was sealed".to_owned(),
            (Why::Named, _) => "it was named".to_owned(),
        };
        if let Some(seconds) = self.older_than_seconds {
            words.push_str(&format!(" and older than {}", clock::as_age(seconds)));
        }
        match (self.early, &retention) {
            (true, Some(age)) => words.push_str(&format!(", before its retention of {age} had passed")),
            (true, None) => words.push_str(", while nobody knew its retention"),
            (false, _) => {}
        }
        words
    }

    /// Its line, signed; without the newline.
    ///
    /// # Panics
    /// Never: texts and numbers are always JSON.
    #[must_use]
    pub fn line(&self, key: &PrivateKey) -> Vec<u8> {
        let payload = serde_json::to_vec(self).expect("texts and numbers are JSON");
        let public = key.public();
        let envelope = Envelope::sign_as(PAYLOAD_TYPE, payload, public.fingerprint(), |signed| {
            Ok::<_, std::convert::Infallible>(key.sign(signed))
        });
        let Ok(envelope) = envelope;
        let mut line = envelope.to_json();
        line.pop();
        line
    }
}

/// Tombstones whose signatures and chain were verified.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Each, the first that was written first.
    pub tombstones: Vec<Tombstone>,
    /// SHA-256 of the last line, without its newline.
    pub last: Option<Digest>,
    /// Bytes of a line without a newline at the end: a prune was killed while it wrote.
    pub torn_bytes: usize,
    /// The last line has no newline.
    pub lacks_newline: bool,
}

impl List {
    /// Reads the lines of a file: all of them, or nothing.
    ///
    /// # Errors
    /// Which line is not what prune wrote, and why.
    pub fn read(bytes: &[u8], key: &PublicKey) -> Result<Self, Cause> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let trusted = [TrustedKey::new(key.clone())];
        let mut list = List { torn_bytes: bytes.len() - whole, ..List::default() };
        let lines = bytes[..whole].strip_suffix(b"\n").into_iter().flat_map(|all| all.split(|b| *b == b'\n'));
        for line in lines {
            let number = list.tombstones.len() as u64 + 1;
            let tombstone = one(line, &trusted)
                .and_then(|tombstone| list.follows(&tombstone, number).map(|()| tombstone))
                .map_err(|cause| Cause::new(cause.code, format!("line {number}: {}", cause.detail)))?;
            list.last = Some(sha256(&[line]));
            list.tombstones.push(tombstone);
        }
        // A line that lacks its newline alone has all that prune wrote before it removed the session.
        let number = list.tombstones.len() as u64 + 1;
        let torn = one(&bytes[whole..], &trusted).ok();
        if let Some(tombstone) = torn.filter(|tombstone| list.follows(tombstone, number).is_ok()) {
            list.last = Some(sha256(&[&bytes[whole..]]));
            list.tombstones.push(tombstone);
            (list.torn_bytes, list.lacks_newline) = (0, true);
        }
        Ok(list)
    }

    /// The number of the last line, and its digest in hexadecimal.
    #[must_use]
    pub fn end(&self) -> Option<(usize, String)> {
        Some((self.tombstones.len(), hex(self.last.as_ref()?)))
    }

    fn follows(&self, tombstone: &Tombstone, number: u64) -> Result<(), Cause> {
        if tombstone.previous != self.last.as_ref().map(|digest| hex(digest)) {
            return Err(damaged("it names another line before it: a line was taken out, put in or moved"));
        }
        if tombstone.number != number {
            return Err(damaged(format!("it says that it is line {}", tombstone.number)));
        }
        Ok(())
    }

    /// The same tombstone with its place behind the last one.
    #[must_use]
    pub fn placed(&self, tombstone: Tombstone) -> Tombstone {
        Tombstone {
            number: self.tombstones.len() as u64 + 1,
            previous: self.last.as_ref().map(|digest| hex(digest)),
            ..tombstone
        }
    }
}

fn damaged(why: impl Into<String>) -> Cause {
    Cause::new(Code::RemovedList, why)
}

fn one(line: &[u8], trusted: &[TrustedKey]) -> Result<Tombstone, Cause> {
    let envelope = Envelope::read(line).map_err(|error| damaged(format!("no envelope ({error})")))?;
    // One envelope has one line: what was signed could else be spelled in another way.
    if envelope.to_json().strip_suffix(b"\n") != Some(line) {
        return Err(damaged("the envelope is not in its one spelling"));
    }
    let authentic = envelope.verify(trusted, |_| None).map_err(|why| damaged(why.to_string()))?;
    // Neither a keyid nor a further signature is signed.
    if envelope.signature_count() != 1 || envelope.keyid() != authentic.key().key().fingerprint() {
        return Err(damaged("it has another signature than that of the key, or its key id is another"));
    }
    if authentic.payload_type() != PAYLOAD_TYPE {
        let what = format!("a tombstone of the type {}", short(authentic.payload_type()));
        return Err(Cause::new(Code::RemovedType, what));
    }
    serde_json::from_slice(authentic.payload()).map_err(|error| damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> PrivateKey {
        PrivateKey::from_seed(&[seed; 32])
    }

    fn tombstone(session: &str) -> Tombstone {
        Tombstone {
            damage: None,
            early: false,
            ended: true,
            envelopes: vec![],
            last_at: Some("2026-11-22T12:00:00.000000Z".into()),
            name: Some("incident-42".into()),
            number: 0,
            older_than_seconds: None,
            opened_at: "2026-11-22T11:00:00.000000Z".into(),
            previous: None,
            removed_at: "2026-12-22T12:00:00.000000Z".into(),
            retain_seconds: Some(2_592_000),
            root: Some("ab".repeat(32)),
            session: session.into(),
            size: 3,
            why: Why::Retention,
        }
    }

    fn file(count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in 0..count {
            let list = List::read(&bytes, &key(1).public()).unwrap();
            bytes.extend(list.placed(tombstone(&number.to_string())).line(&key(1)));
            bytes.push(b'\n');
        }
        bytes
    }

    fn why(bytes: &[u8]) -> String {
        let cause = List::read(bytes, &key(1).public()).unwrap_err();
        assert_eq!(cause.code, Code::RemovedList);
        cause.detail
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let list = List::read(&file(3), &key(1).public()).unwrap();
        let numbers: Vec<u64> = list.tombstones.iter().map(|one| one.number).collect();
        assert_eq!((numbers, list.torn_bytes), (vec![1, 2, 3], 0));
        assert!(list.tombstones[1].is_of_same(&tombstone("1")));
        assert!(List::read(b"", &key(1).public()).unwrap().last.is_none());
        let torn = [&file(1)[..], b"{\"pay"].concat();
        let list = List::read(&torn, &key(1).public()).unwrap();
        assert_eq!((list.tombstones.len(), list.torn_bytes), (1, 5));
        let whole = file(2);
        let list = List::read(&whole[..whole.len() - 1], &key(1).public()).unwrap();
        assert_eq!((list.tombstones.len(), list.torn_bytes, list.lacks_newline), (2, 0, true));
    }

    #[test]
    fn a_line_that_is_changed_taken_out_or_moved_is_believed() {
        let whole = file(3);
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        assert!(why(&[lines[0], lines[2]].concat()).starts_with("line 2: it names another line before it"));
        assert!(why(&[lines[1], lines[2]].concat()).starts_with("line 1: it names another"));
        assert!(why(&[lines[0], lines[2], lines[1]].concat()).starts_with("line 2: "));
        assert!(why(&[lines[0], lines[0]].concat()).starts_with("line 2: it names another"));
        assert!(why(&[lines[0], b"\n", lines[1]].concat()).starts_with("line 2: no envelope"));
        for at in (0..whole.len() - 1).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert!(List::read(&bytes, &key(1).public()).is_err(), "byte {at}");
        }
        // What is cut at the end leaves a list without a flaw.
        assert_eq!(List::read(lines[0], &key(1).public()).unwrap().tombstones.len(), 1);
        assert!(List::read(&whole, &key(2).public()).is_err());
    }

    #[test]
    fn it_is_said_why_a_session_was_removed() {
        let with =
            |why, early, older_than_seconds| Tombstone { why, early, older_than_seconds, ..tombstone("a") };
        assert_eq!(with(Why::Retention, false, None).because(), "its retention of 30d had passed");
        assert_eq!(with(Why::Sealed, false, Some(86_400)).because(), "it was sealed and older than 1d");
        let early = with(Why::Named, true, None);
        assert_eq!(early.because(), "it was named, before its retention of 30d had passed");
    }
}
