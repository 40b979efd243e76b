//! The second column of a line: the texts, each with its salt.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::{Commitment, JsonBytes, JsonError, base64url, base64url_exact, crypto, push_bytes};

/// The most members a disclosures column can have: no kind commits to more fields.
const MEMBERS_MAX: usize = 4;

/// One disclosed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// The field's name, as in the core.
    pub name: String,
    /// The salt of its commitment, random for each.
    pub salt: [u8; 16],
    /// The raw bytes.
    pub value: Vec<u8>,
}

/// The disclosed texts of one record, ordered by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosures(Vec<Disclosure>);

impl Disclosures {
    /// Adds a text under a fresh salt and returns the commitment for the core.
    pub fn commit(&mut self, name: &str, value: Vec<u8>) -> Commitment {
        let salt = crypto::random();
        let commitment = Commitment(crypto::commitment(name, &salt, &value));
        let at = self.0.partition_point(|have| have.name.as_str() < name);
        self.0.insert(at, Disclosure { name: name.to_owned(), salt, value });
        commitment
    }

    /// The bytes disclosed under this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|have| have.name == name).map(|have| have.value.as_slice())
    }

    /// Every disclosure, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Disclosure> {
        self.0.iter()
    }

    /// The column's bytes: the RFC 8785 form, so there is one spelling only.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![b'{'];
        for disclosure in &self.0 {
            if out.len() > 1 {
                out.push(b',');
            }
            // Field names are plain ASCII words: nothing to escape, and byte order is
            // the UTF-16 order that RFC 8785 sorts by.
            out.extend_from_slice(
                format!("\"{}\":[\"{}\",", disclosure.name, base64url(&disclosure.salt)).as_bytes(),
            );
            push_bytes(&mut out, &disclosure.value);
            out.push(b']');
        }
        out.push(b'}');
        out
    }

    /// Reads a column; any spelling but the one [`Disclosures::encode`] gives is refused.
    ///
    /// # Errors
    /// What is wrong with the column.
    pub fn decode(bytes: &[u8]) -> Result<Self, JsonError> {
        let column: Self =
            serde_json::from_slice(bytes).map_err(|error| JsonError(format!("disclosures: {error}")))?;
        if column.encode() != bytes {
            return Err(JsonError("disclosures: not in the canonical form".into()));
        }
        Ok(column)
    }
}

impl<'de> Deserialize<'de> for Disclosures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Disclosures;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of [salt, value] pairs")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Disclosures, A::Error> {
                let mut list: Vec<Disclosure> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if list.len() == MEMBERS_MAX {
                        return Err(A::Error::custom("too many members"));
                    }
                    if list.last().is_some_and(|last| last.name >= name) {
                        return Err(A::Error::custom(format!(
                            "member \"{name}\" is out of order or there twice"
                        )));
                    }
                    let (salt, JsonBytes(value)): (Cow<str>, JsonBytes) = map.next_value()?;
                    let salt = base64url_exact(salt.as_bytes()).ok_or_else(|| {
                        A::Error::custom(format!("the salt of \"{name}\" is not 16 bytes in base64url"))
                    })?;
                    list.push(Disclosure { name, salt, value });
                }
                Ok(Disclosures(list))
            }
        }
        deserializer.deserialize_map(V)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_spelling() {
        let mut column = Disclosures::default();
        column.commit("workdir", b"/tmp".to_vec());
        column.commit("command", b"\xff".to_vec());
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
}
