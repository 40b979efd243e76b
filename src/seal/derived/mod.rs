//! The attestation in the formats of others. Normative: attesh-seal(5), DERIVED FORMATS.
//!
//! What lives here: which formats there are, what each is called, and what they all say; the shape
//! of each in a file of its own. Pure: a Statement in, the bytes of a payload out. What does not:
//! signing them (`signer`), writing them.
//!
//! Rules: a derived file claims nothing that the Statement does not, and names the digest of the
//! payload that it comes from; what the Statement does not know is left out, never made up.

use serde_json::Value;

use super::keys::PublicKey;

pub mod link;
pub mod metablock;
mod slsa;
mod source;
pub mod witness;

pub use source::{Files, PRODUCT_COMPLETE, Sealed, call};

/// A format of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A link of in-toto.
    Link,
    /// The same in the older wrapping, which has a signature of its own.
    Metablock,
    /// A collection of witness.
    Witness,
    /// Provenance of SLSA.
    Slsa,
}

impl Format {
    /// Those that a list names.
    pub const ALL: [Format; 3] = [Format::Link, Format::Witness, Format::Slsa];

    /// As a person writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Format::Link | Format::Metablock => "link",
            Format::Witness => "witness",
            Format::Slsa => "slsa",
        }
    }

    /// The formats of a list with commas between.
    ///
    /// # Errors
    /// Why it is no such list.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let mut list = Vec::new();
        for word in text.split(',').map(str::trim) {
            let format = Self::ALL.into_iter().find(|format| format.word() == word);
            let format = format.ok_or_else(|| format!("{word:?} is no format"))?;
            if list.contains(&format) {
                return Err(format!("{word} is named twice"));
            }
            list.push(format);
        }
        Ok(list)
    }

    /// The file's name, where the files of a seal have this name in common.
    #[must_use]
    pub fn file_name(self, name: &str, key: &PublicKey) -> String {
        match self {
            Format::Link | Format::Metablock => link::file_name(name, key),
            Format::Witness => format!("{name}.witness.json"),
            Format::Slsa => format!("{name}.slsa.json"),
        }
    }

    /// The keyid by which its readers find the key.
    #[must_use]
    pub fn keyid(self, key: &PublicKey) -> String {
        match self {
            Format::Link | Format::Metablock => link::keyid(key),
            Format::Witness => witness::keyid(key),
            Format::Slsa => key.fingerprint(),
        }
    }

    /// What is signed.
    #[must_use]
    pub fn value(self, sealed: &Sealed) -> Value {
        match self {
            Format::Link | Format::Metablock => link::payload(sealed),
            Format::Witness => witness::payload(sealed),
            Format::Slsa => slsa::payload(sealed),
        }
    }
}
