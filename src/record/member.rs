//! The forms of members: integers, decimals, hexadecimal, keys, words that are open.
//!
//! What lives here: how serde reads and writes each form that attesh-journal(5) names. What
//! does not: which kind has which member (`body`, `genesis`, `fact`).

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

/// The largest integer that stands as a JSON number: every reader of JSON keeps those up to it.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Whether a flag is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

/// Reads a flag that is there: it is true.
pub(super) fn flag<'de, D: Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    match bool::deserialize(input)? {
        true => Ok(true),
        false => Err(D::Error::custom("a flag that does not hold is left out")),
    }
}

/// Reads a member that may be null and is never left out.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    input: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(input)
}

/// Reads a member that may be left out and is never null.
pub(super) fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    input: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

/// Whether a count is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn within<E: serde::de::Error>(value: u64) -> Result<u64, E> {
    if value <= INTEGER_MAX { Ok(value) } else { Err(E::custom(format!("{value} is above 2^53 - 1"))) }
}

/// An integer from 0 to [`INTEGER_MAX`].
pub(super) mod integer {
    use crate::record::member::*;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
    pub fn serialize<S: Serializer>(value: &u64, out: S) -> Result<S::Ok, S::Error> {
        match *value {
            value if value <= INTEGER_MAX => out.serialize_u64(value),
            value => Err(S::Error::custom(format!("{value} is above 2^53 - 1"))),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
        within(u64::deserialize(input)?)
    }
}

/// An integer from 1 to [`INTEGER_MAX`].
pub(super) mod positive {
    use crate::record::member::*;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
    pub fn serialize<S: Serializer>(value: &u64, out: S) -> Result<S::Ok, S::Error> {
        match *value {
            0 => Err(S::Error::custom("0 where at least 1 must be")),
            _ => integer::serialize(value, out),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
        match integer::deserialize(input)? {
            0 => Err(D::Error::custom("0 where at least 1 must be")),
            value => Ok(value),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde hands references")]
pub fn maybe<S: Serializer>(value: &Option<u64>, out: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => integer::serialize(value, out),
        None => out.serialize_none(),
    }
}

/// An integer, or null.
pub(super) mod nullable_integer {
    pub use crate::record::member::maybe as serialize;
    use crate::record::member::*;

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
        Option::<u64>::deserialize(input)?.map(within).transpose()
    }
}

/// An integer that may be left out.
pub(super) mod optional_integer {
    pub use crate::record::member::maybe as serialize;
    use crate::record::member::*;

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
        integer::deserialize(input).map(Some)
    }
}

/// Reads a text by a parser of its form.
fn text<'de, D: Deserializer<'de>, T>(
    input: D,
    form: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let text = Cow::<str>::deserialize(input)?;
    parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not {form}")))
}

/// The same where it may be null.
fn maybe_text<'de, D: Deserializer<'de>, T>(
    input: D,
    form: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    let Some(text) = Option::<Cow<str>>::deserialize(input)? else { return Ok(None) };
    let value = parse(&text);
    value.map(Some).ok_or_else(|| D::Error::custom(format!("{text:?} is not {form}")))
}

const DECIMAL: &str = "a decimal number below 2^64";

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|value: &u64| value.to_string() == text)
}

/// An integer below 2^64 as a string of digits.
pub(super) mod decimal {
    use crate::record::member::*;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
    pub fn serialize<S: Serializer>(value: &u64, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
        text(input, DECIMAL, number)
    }
}

/// A decimal, or null.
pub(super) mod maybe_decimal {
    use crate::record::member::*;

    #[expect(clippy::ref_option, reason = "serde hands references")]
    pub fn serialize<S: Serializer>(value: &Option<u64>, out: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => out.collect_str(value),
            None => out.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
        maybe_text(input, DECIMAL, number)
    }
}

/// Bytes in lowercase hexadecimal.
pub(super) mod hex {
    use crate::encoding::{hex, hex_exact};
    use crate::record::member::*;

    pub fn serialize<S: Serializer, const N: usize>(value: &[u8; N], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&hex(value))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(input: D) -> Result<[u8; N], D::Error> {
        text(input, &format!("{N} bytes in hexadecimal"), |text| hex_exact(text.as_bytes()))
    }
}

/// Hexadecimal, or null.
pub(super) mod maybe_hex {
    use crate::encoding::{hex, hex_exact};
    use crate::record::member::*;

    pub fn serialize<S: Serializer, const N: usize>(
        value: &Option<[u8; N]>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => out.serialize_str(&hex(value)),
            None => out.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        input: D,
    ) -> Result<Option<[u8; N]>, D::Error> {
        maybe_text(input, &format!("{N} bytes in hexadecimal"), |text| hex_exact(text.as_bytes()))
    }
}

/// Bytes in base64url without padding.
pub(super) mod base64url {
    use crate::encoding::{base64url, base64url_exact};
    use crate::record::member::*;

    pub fn serialize<S: Serializer, const N: usize>(value: &[u8; N], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&base64url(value))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(input: D) -> Result<[u8; N], D::Error> {
        text(input, &format!("{N} bytes in base64url"), |text| base64url_exact(text.as_bytes()))
    }
}

/// Base64url in a member that may be missing.
pub(super) mod maybe_base64url {
    use crate::encoding::base64url_exact;
    use crate::record::member::*;

    pub fn serialize<S: Serializer, const N: usize>(
        value: &Option<[u8; N]>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => base64url::serialize(value, out),
            None => out.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        input: D,
    ) -> Result<Option<[u8; N]>, D::Error> {
        text(input, &format!("{N} bytes in base64url"), |text| base64url_exact(text.as_bytes())).map(Some)
    }
}

/// A UUID in lower case with hyphens.
pub(super) mod uuid {
    use crate::encoding::is_uuid;
    use crate::record::member::*;

    pub fn serialize<S: Serializer>(value: &str, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
        text(input, "a UUID in lower case with hyphens", |text| is_uuid(text).then(|| text.to_owned()))
    }
}

/// A word of a list that others may add to: nothing is decided by one that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenWord<T> {
    /// A word of the list.
    Known(T),
    /// Any other.
    Other(String),
}

impl<T> From<T> for OpenWord<T> {
    fn from(value: T) -> Self {
        OpenWord::Known(value)
    }
}

impl<T: super::words::Word> OpenWord<T> {
    /// The word.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            OpenWord::Known(value) => value.word(),
            OpenWord::Other(word) => word,
        }
    }

    /// The value, where the word is known.
    #[must_use]
    pub fn known(&self) -> Option<T> {
        match self {
            OpenWord::Known(value) => Some(*value),
            OpenWord::Other(_) => None,
        }
    }
}

impl<T: super::words::Word> Serialize for OpenWord<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

impl<'de, T: super::words::Word> Deserialize<'de> for OpenWord<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let word = Cow::<str>::deserialize(input)?;
        Ok(T::from_word(&word).map_or_else(|| OpenWord::Other(word.into_owned()), OpenWord::Known))
    }
}

/// Where two spellings begin to differ; none where they are the same.
pub(super) fn difference(own: &[u8], given: &[u8]) -> Option<usize> {
    let same = own.iter().zip(given).take_while(|(own, given)| own == given).count();
    (own != given).then_some(same)
}
