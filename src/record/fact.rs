//! A fact: what a collector saw, of a type that others can add to.
//!
//! What lives here: the record of a fact and of what is attached to it, and which types this
//! program knows. What does not: the shape of a type's texts, which belongs to the type.

use serde::{Deserialize, Serialize};

use super::member::{self, Form as _};
use super::words::FactTime;
use crate::crypto::Digest;

/// The types that this program knows. A fact of another type is checked like every record and
/// counted; one that also says `must` cannot be judged here.
pub const KNOWN_TYPES: &[&str] = &[
    "https://attesh.dev/fact/agent/v1",
    "https://attesh.dev/fact/ci/v1",
    "https://attesh.dev/fact/collection/v1",
    "https://attesh.dev/fact/environment/v1",
    "https://attesh.dev/fact/files/v1",
    "https://attesh.dev/fact/git/v1",
    "https://attesh.dev/fact/identity/v1",
    "https://attesh.dev/fact/materials/v1",
    "https://attesh.dev/fact/notice/v1",
    "https://attesh.dev/fact/process-end/v1",
    "https://attesh.dev/fact/process/v1",
    "https://attesh.dev/fact/processes/v1",
    "https://attesh.dev/fact/products/v1",
];

/// Whether this program knows a type of facts.
#[must_use]
pub fn is_known_fact(kind: &str) -> bool {
    KNOWN_TYPES.contains(&kind)
}

/// The longest name of an attached file in bytes.
pub const ATTACHED_NAME_MAX: usize = 128;
/// The folder beside the journal that holds the attached files.
pub const ATTACHED_FOLDER: &str = "attached";

/// What a collector saw. Its texts are the record's commitments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is, a URI.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was seen.
    pub at: FactTime,
    /// Index of the shell-open of the shell that it is about.
    #[serde(with = "member::Optional::<member::Integer>", default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<u64>,
    /// The number of the command that it is about, in that shell.
    #[serde(with = "member::Optional::<member::Integer>", default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Whether the collector succeeded.
    pub ok: bool,
    /// Whether who does not know the type must not judge the session.
    #[serde(deserialize_with = "member::flag", default, skip_serializing_if = "member::is_false")]
    pub must: bool,
    /// Files beside the journal that are too long for a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<Attached>,
}

/// A file beside the journal that belongs to a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attached {
    /// Its name in [`ATTACHED_FOLDER`].
    pub name: String,
    /// Its length in bytes.
    #[serde(with = "member::Integer")]
    pub size: u64,
    /// SHA-256 of its bytes.
    #[serde(with = "member::Hex")]
    pub sha256: Digest,
    /// What it is.
    pub media_type: String,
}

impl Fact {
    /// What contradicts itself in it.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let command = self.at == FactTime::Command;
        if !is_uri(&self.kind) {
            return Some("\"type\" is not a URI");
        }
        if command != self.n.is_some() || (command && self.shell.is_none()) {
            return Some("\"n\" stands beside \"shell\" exactly where \"at\" is \"command\"");
        }
        if !self.attached.iter().all(|one| is_plain_name(&one.name)) {
            return Some("the name of an attached file is not a plain file name");
        }
        None
    }
}

/// Whether a text is a URI: a scheme, a colon and printable ASCII (RFC 3986 section 3).
#[must_use]
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let letter = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let scheme = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let graphic = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    letter && scheme && graphic && !rest.is_empty()
}

/// Whether a text names a file in a folder and nothing outside of it.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    first && name.len() <= ATTACHED_NAME_MAX && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_a_uri() {
        for good in ["https://attesh.dev/fact/git/v1", "urn:x:y", "a+b-c.d:e"] {
            assert!(is_uri(good), "{good}");
        }
        for bad in ["", "git", ":x", "1a:b", "https:", "a b:c", "a:b c", "a:\u{e9}", "a:\u{1b}"] {
            assert!(!is_uri(bad), "{bad}");
        }
    }

    #[test]
    fn an_attached_name_leads_nowhere_else() {
        assert!(is_plain_name("files-3.json.gz"));
        for bad in ["", ".", "..", ".x", "a/b", "/a", "a\0", "é", &"x".repeat(129)] {
            assert!(!is_plain_name(bad), "{bad}");
        }
    }
}
