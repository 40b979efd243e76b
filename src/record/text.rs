//! Texts: the commitments of a core, and the second column that discloses them.
//!
//! Rules: text stands in the disclosures only, the core holds a salted commitment to it; both
//! columns have one spelling. A record is written with texts that went through the masker, and
//! with no others.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::member::{self, Form as _};
use crate::cause::{Cause, Code};
use crate::crypto::{self, Digest};
use crate::encoding::{base64_strict, base64_wrapped, hex};
use crate::mask::Screened;

/// The most texts that a record can commit to; a text and its masked form are one.
pub const TEXTS_MAX: usize = 64;
/// The longest name of a text in bytes.
pub const TEXT_NAME_MAX: usize = 128;
/// The longest text kept whole in bytes; of a longer one the start, length and digest are kept.
pub const TEXT_MAX: usize = 1 << 20;
/// What the name of a text's masked form ends with.
pub const SHOWN: &str = "Shown";
/// How much of a text longer than [`TEXT_MAX`] is kept, in bytes.
pub const TEXT_PREFIX: usize = 64 << 10;

/// The text that a disclosed text is, by its name: one that is shown in the place of another is that.
#[must_use]
pub fn base_name(name: &str) -> &str {
    name.strip_suffix(SHOWN).filter(|base| !base.is_empty()).unwrap_or(name)
}

/// A commitment to a disclosed value: SHA-256 over name, salt and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment(#[serde(with = "member::Base64url")] pub Digest);

/// The commitments of a core, by the names of the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitments(BTreeMap<String, Commitment>);

impl Commitments {
    /// Whether the core commits to nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it commits to a text of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether the text of this name was masked when it was recorded: the core commits to its masked
    /// form as well.
    #[must_use]
    pub fn is_masked(&self, name: &str) -> bool {
        self.has(&shown_name(name))
    }

    /// The names of the texts, in order: a text and its masked form are one.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.names().filter(|name| name.strip_suffix(SHOWN).is_none_or(|base| !self.has(base)))
    }

    /// Why there are too many, or one is named as none can be.
    pub(super) fn fault(&self) -> Option<String> {
        let count = self.texts().count();
        if count > TEXTS_MAX {
            return Some(format!("{count} of at most {TEXTS_MAX}"));
        }
        if let Some(name) = self.names().find(|name| !is_text_name(name)) {
            return Some(format!("the name {name:?}"));
        }
        let alone = |name: &&str| name.strip_suffix(SHOWN).is_some_and(|base| !self.has(base));
        self.names().find(alone).map(|name| format!("{name:?} is the masked form of no text"))
    }
}

/// What a record says under the name of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// It has no such text.
    Nothing,
    /// It has one, which was taken out.
    Gone,
    /// This.
    Text(&'a [u8]),
    /// This, of which the recorder masked a part.
    Masked(&'a [u8]),
}

impl<'a> Said<'a> {
    /// What is said where this is there of a text, which `has` says that there is, masked or not.
    #[must_use]
    pub fn of(text: Option<&'a [u8]>, is_masked: bool, has: bool) -> Self {
        match text {
            Some(text) if is_masked => Said::Masked(text),
            Some(text) => Said::Text(text),
            None if has => Said::Gone,
            None => Said::Nothing,
        }
    }

    /// What is there of it.
    #[must_use]
    pub fn text(self) -> Option<&'a [u8]> {
        match self {
            Said::Text(text) | Said::Masked(text) => Some(text),
            Said::Nothing | Said::Gone => None,
        }
    }

    /// Whether there is such a text, also where it was taken out.
    #[must_use]
    pub fn is_there(self) -> bool {
        self != Said::Nothing
    }

    /// Whether what was recorded is not known whole.
    #[must_use]
    pub fn hides(self) -> bool {
        matches!(self, Said::Gone | Said::Masked(_))
    }
}

/// The name of the masked form of a text.
#[must_use]
pub fn shown_name(name: &str) -> String {
    format!("{name}{SHOWN}")
}

/// The texts of a record that is to be written: what its core commits to, and what is disclosed.
/// Of a text with a secret the core commits to the text, and nobody keeps the salt; its masked
/// form is committed to and disclosed under a name of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    hidden: BTreeMap<String, Commitment>,
    disclosures: Disclosures,
}

impl Texts {
    /// Adds a text under a fresh salt.
    pub fn commit(&mut self, name: &str, text: &Screened) {
        let fresh = |value: &[u8]| Disclosure { salt: crypto::random(), value: value.to_vec() };
        if text.is_masked() {
            self.hidden.insert(name.to_owned(), fresh(text.original()).commitment(name));
            self.disclosures.insert(&shown_name(name), fresh(text.shown()));
        } else {
            self.disclosures.insert(name, fresh(text.shown()));
        }
    }

    /// The commitments to all of them, for the core.
    #[must_use]
    pub fn commitments(&self) -> Commitments {
        let mut all = self.disclosures.commitments();
        all.0.extend(self.hidden.iter().map(|(name, one)| (name.clone(), *one)));
        all
    }

    /// What is disclosed.
    #[must_use]
    pub fn disclosures(&self) -> &Disclosures {
        &self.disclosures
    }
}

/// Whether a text can have this name: ASCII letters, digits and `_ . -`.
fn is_text_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !name.is_empty() && name.len() <= TEXT_NAME_MAX && name.bytes().all(plain)
}

/// One disclosed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// The salt of its commitment, random for each.
    pub salt: [u8; 16],
    /// The raw bytes.
    pub value: Vec<u8>,
}

/// The disclosed texts of one record, ordered by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosures(BTreeMap<String, Disclosure>);

impl Disclosures {
    /// Adds a text under a salt that is known.
    pub fn insert(&mut self, name: &str, disclosure: Disclosure) {
        self.0.insert(name.to_owned(), disclosure);
    }

    /// Takes a text out.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The commitments to all of them, for the core.
    #[must_use]
    pub fn commitments(&self) -> Commitments {
        let of = |(name, one): (&String, &Disclosure)| (name.clone(), one.commitment(name));
        Commitments(self.0.iter().map(of).collect())
    }

    /// The bytes disclosed under this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(|one| one.value.as_slice())
    }

    /// Every disclosure, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Disclosure)> {
        self.0.iter().map(|(name, one)| (name.as_str(), one))
    }

    /// The column's bytes: the RFC 8785 form, so there is one spelling only.
    ///
    /// # Panics
    /// Never: a map of strings always serialises.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Names are plain ASCII: byte order is the UTF-16 order that RFC 8785 sorts by.
        serde_json::to_vec(self).expect("a map of strings always serialises")
    }

    /// Reads a column; any spelling but the one [`Disclosures::encode`] gives is refused.
    ///
    /// # Errors
    /// What is wrong with the column.
    pub fn decode(bytes: &[u8]) -> Result<Self, Cause> {
        let column: Self = serde_json::from_slice(bytes)
            .map_err(|error| Cause::new(Code::DisclosureJson, error.to_string()))?;
        match member::difference(&column.encode(), bytes) {
            None => Ok(column),
            Some(at) => Err(Cause::new(Code::DisclosureSpelling, format!("at its byte {at}"))),
        }
    }

    /// Holds every text against the commitment of the same name.
    ///
    /// # Errors
    /// A text that the core does not commit to, or one that does not open its commitment.
    pub fn check(&self, commitments: &Commitments) -> Result<(), Cause> {
        if let Some((name, _)) = self.iter().find(|(name, _)| !commitments.has(name)) {
            return Err(Cause::new(Code::DisclosureUnknown, name));
        }
        if let Some((name, _)) = self.iter().find(|(name, _)| commitments.is_masked(name)) {
            return Err(Cause::new(Code::DisclosureMasked, name));
        }
        match self.iter().find(|(name, one)| commitments.0[*name] != one.commitment(name)) {
            Some((name, _)) => Err(Cause::new(Code::DisclosureValue, name)),
            None => Ok(()),
        }
    }
}

impl Disclosure {
    /// The commitment to it under a name.
    #[must_use]
    pub fn commitment(&self, name: &str) -> Commitment {
        Commitment(crypto::commitment(name, &self.salt, &self.value))
    }
}

/// Bytes as the column has them: a string, or an object with the one member `base64`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Wrapped(Wrapped),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    base64: String,
}

impl Serialize for Disclosure {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let salt = crate::encoding::base64url(&self.salt);
        let value = match base64_wrapped(&self.value) {
            Some(base64) => Value::Wrapped(Wrapped { base64 }),
            None => Value::Text(String::from_utf8_lossy(&self.value)),
        };
        (salt, value).serialize(out)
    }
}

impl<'de> Deserialize<'de> for Disclosure {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let (salt, value): (Cow<str>, Value) = Deserialize::deserialize(input)?;
        let salt = crate::encoding::base64url_exact(salt.as_bytes());
        let salt = salt.ok_or_else(|| D::Error::custom("a salt is not 16 bytes in base64url"))?;
        let value = match value {
            Value::Text(text) => text.into_owned().into_bytes(),
            Value::Wrapped(Wrapped { base64 }) => {
                base64_strict(base64.as_bytes()).ok_or_else(|| D::Error::custom("not strict base64"))?
            }
        };
        Ok(Disclosure { salt, value })
    }
}

/// The value that stands for a text in its commitment: the text, or of one longer than
/// [`TEXT_MAX`] its start, a NUL, its length, a NUL and the SHA-256 of the whole. Of a masked text
/// no digest is disclosed.
#[derive(Debug, PartialEq, Eq)]
pub struct KeptText {
    /// What to commit to.
    pub value: Screened,
    /// Whether `value` stands for a longer text.
    pub truncated: bool,
}

impl KeptText {
    /// Keeps a text whole or cut.
    #[must_use]
    pub fn new(text: Screened) -> Self {
        let whole = text.original();
        if whole.len() <= TEXT_MAX {
            return KeptText { value: text, truncated: false };
        }
        let shown_tail = format!("\0{}\0", whole.len());
        let tail = format!("{shown_tail}{}", hex(&crypto::sha256(&[whole])));
        KeptText { value: text.cut(TEXT_PREFIX, &tail, &shown_tail), truncated: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Masker;

    fn disclosure(value: &[u8]) -> Disclosure {
        Disclosure { salt: crypto::random(), value: value.to_vec() }
    }

    #[test]
    fn a_text_with_a_secret_is_committed_to_and_never_disclosed() {
        let secret = format!("ghp_{}", "a1B2".repeat(9));
        let mut texts = Texts::default();
        texts.commit("command", &Masker::default().screen(format!("export X={secret}; ls").into_bytes()));
        texts.commit("workdir", &Masker::default().screen(b"/tmp".to_vec()));
        let commitments = texts.commitments();
        assert_eq!(commitments.names().collect::<Vec<_>>(), ["command", "commandShown", "workdir"]);
        assert_eq!(commitments.texts().collect::<Vec<_>>(), ["command", "workdir"]);
        assert!(commitments.is_masked("command") && !commitments.is_masked("commandShown"));
        assert_eq!((commitments.fault(), texts.disclosures().check(&commitments)), (None, Ok(())));
        let column = String::from_utf8(texts.disclosures().encode()).unwrap();
        assert!(column.contains("export X=[github-token]; ls") && !column.contains(&secret), "{column}");
        // Whoever knows the text can still not disclose it beside its masked form.
        let mut told = texts.disclosures().clone();
        told.insert("command", disclosure(b"x"));
        assert_eq!(told.check(&commitments).unwrap_err().code, Code::DisclosureMasked);
        let alone = Commitments(BTreeMap::from([("commandShown".to_owned(), Commitment([0; 32]))]));
        assert!(alone.fault().is_some());
    }

    #[test]
    fn a_long_text_with_a_secret_has_no_digest() {
        let long = |start: &str| [start.as_bytes(), &vec![b'x'; TEXT_MAX]].concat();
        let kept = |text| KeptText::new(Masker::default().screen(text));
        let plain = kept(long("ls "));
        assert!(plain.truncated && plain.value.shown().len() > TEXT_PREFIX + 64);
        let secret = format!("echo ghp_{} ", "a1B2".repeat(9));
        let masked = kept(long(&secret));
        let tail = format!("\0{}\0", TEXT_MAX + secret.len());
        assert!(masked.truncated && masked.value.shown().ends_with(tail.as_bytes()));
        assert!(masked.value.shown().starts_with(b"echo [github-token] x"));
    }

    #[test]
    fn a_column_has_one_spelling() {
        let mut column = Disclosures::default();
        column.insert("workdir", disclosure(b"/tmp"));
        column.insert("command", disclosure(b"\xff"));
        let bytes = column.encode();
        assert_eq!(Disclosures::decode(&bytes), Ok(column));
        let text = String::from_utf8(bytes).unwrap();
        let spaced = text.replacen(':', ": ", 1);
        assert!(Disclosures::decode(spaced.as_bytes()).is_err());
        let escaped = text.replace("/tmp", "\\/tmp");
        assert!(Disclosures::decode(escaped.as_bytes()).is_err());
        // The same bytes in the longer of the two forms.
        let wrapped = text.replace("\"/tmp\"", "{\"base64\":\"L3RtcA==\"}");
        assert!(Disclosures::decode(wrapped.as_bytes()).is_err());
    }

    #[test]
    fn the_masked_form_of_a_text_is_that_text() {
        for (name, base) in
            [("command", "command"), ("commandShown", "command"), ("Shown", "Shown"), ("", "")]
        {
            assert_eq!(base_name(name), base);
        }
    }

    #[test]
    fn bytes_take_the_shorter_form_and_come_back() {
        let form = |value: &[u8]| {
            let mut column = Disclosures::default();
            column.insert("x", Disclosure { salt: [0; 16], value: value.to_vec() });
            let bytes = column.encode();
            assert_eq!(Disclosures::decode(&bytes).unwrap().get("x"), Some(value));
            String::from_utf8(bytes).unwrap()
        };
        for value in [&b"ls -l"[..], b"", b"\xff\xfe", b"\x01\x02\x03\x04\x05\x06\x07", "héé".as_bytes()] {
            form(value);
        }
        assert!(form(&[1; 40]).contains("{\"base64\":"));
        assert!(form(b"a \"b\"").contains(r#""a \"b\"""#));
    }

    #[test]
    fn a_text_that_does_not_open_its_commitment_is_refused() {
        let mut column = Disclosures::default();
        column.insert("command", disclosure(b"ls"));
        let commitments = column.commitments();
        assert_eq!(column.check(&commitments), Ok(()));
        let mut other = column.clone();
        other.insert("command", disclosure(b"ls"));
        assert_eq!(other.check(&commitments).unwrap_err().code, Code::DisclosureValue);
        column.insert("more", disclosure(b""));
        assert_eq!(column.check(&commitments).unwrap_err().code, Code::DisclosureUnknown);
    }
}
