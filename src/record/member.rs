//! The forms of members: integers, decimals, hexadecimal, keys, words that are open.
//!
//! What lives here: how serde reads and writes each form that attesh-journal(5) names. What
//! does not: which kind has which member (`body`, `genesis`, `fact`).

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::Value;

use crate::encoding;

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

/// A form of a member: how its value is written and read. serde finds it by `with`.
pub(super) trait Form<T> {
    fn serialize<S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error>;
    fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<T, D::Error>;
}

/// A form whose JSON is a string.
pub(super) trait Spelled<T> {
    /// What the string must be, for a message.
    fn what() -> Cow<'static, str>;
    fn spell(value: &T) -> String;
    fn parse(text: &str) -> Option<T>;
}

impl<T, F: Spelled<T>> Form<T> for F {
    fn serialize<S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&F::spell(value))
    }

    fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<T, D::Error> {
        let text = Cow::<str>::deserialize(input)?;
        F::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not {}", F::what())))
    }
}

/// A value together with its form, where serde asks for a type that it can read.
struct Formed<T, F>(T, PhantomData<F>);

impl<'de, T, F: Form<T>> Deserialize<'de> for Formed<T, F> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        F::deserialize(input).map(|value| Formed(value, PhantomData))
    }
}

/// A member that may be null and is never left out.
pub(super) struct Nullable<F>(PhantomData<F>);

impl<T, F: Form<T>> Form<Option<T>> for Nullable<F> {
    fn serialize<S: Serializer>(value: &Option<T>, out: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => F::serialize(value, out),
            None => out.serialize_none(),
        }
    }

    fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<T>, D::Error> {
        Ok(Option::<Formed<T, F>>::deserialize(input)?.map(|formed| formed.0))
    }
}

/// A member that may be left out and is never null.
pub(super) struct Optional<F>(PhantomData<F>);

impl<T, F: Form<T>> Form<Option<T>> for Optional<F> {
    fn serialize<S: Serializer>(value: &Option<T>, out: S) -> Result<S::Ok, S::Error> {
        Nullable::<F>::serialize(value, out)
    }

    fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<T>, D::Error> {
        F::deserialize(input).map(Some)
    }
}

/// An integer from 0 to [`INTEGER_MAX`].
pub(super) struct Integer;

impl Form<u64> for Integer {
    fn serialize<S: Serializer>(value: &u64, out: S) -> Result<S::Ok, S::Error> {
        match *value {
            value if value <= INTEGER_MAX => out.serialize_u64(value),
            value => Err(S::Error::custom(format!("{value} is above 2^53 - 1"))),
        }
    }

    fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
        match u64::deserialize(input)? {
            value if value <= INTEGER_MAX => Ok(value),
            value => Err(D::Error::custom(format!("{value} is above 2^53 - 1"))),
        }
    }
}

/// An integer from 1 to [`INTEGER_MAX`].
pub(super) struct Positive;

impl Form<u64> for Positive {
    fn serialize<S: Serializer>(value: &u64, out: S) -> Result<S::Ok, S::Error> {
        match *value {
            0 => Err(S::Error::custom("0 where at least 1 must be")),
            _ => Integer::serialize(value, out),
        }
    }

    fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
        match Integer::deserialize(input)? {
            0 => Err(D::Error::custom("0 where at least 1 must be")),
            value => Ok(value),
        }
    }
}

/// An integer below 2^64 as a string of digits.
pub(super) struct Decimal;

impl Spelled<u64> for Decimal {
    fn what() -> Cow<'static, str> {
        "a decimal number below 2^64".into()
    }

    fn spell(value: &u64) -> String {
        value.to_string()
    }

    fn parse(text: &str) -> Option<u64> {
        text.parse().ok().filter(|value: &u64| value.to_string() == text)
    }
}

/// Bytes in lowercase hexadecimal.
pub(super) struct Hex;

impl<const N: usize> Spelled<[u8; N]> for Hex {
    fn what() -> Cow<'static, str> {
        format!("{N} bytes in hexadecimal").into()
    }

    fn spell(value: &[u8; N]) -> String {
        encoding::hex(value)
    }

    fn parse(text: &str) -> Option<[u8; N]> {
        encoding::hex_exact(text.as_bytes())
    }
}

/// Bytes in base64url without padding.
pub(super) struct Base64url;

impl<const N: usize> Spelled<[u8; N]> for Base64url {
    fn what() -> Cow<'static, str> {
        format!("{N} bytes in base64url").into()
    }

    fn spell(value: &[u8; N]) -> String {
        encoding::base64url(value)
    }

    fn parse(text: &str) -> Option<[u8; N]> {
        encoding::base64url_exact(text.as_bytes())
    }
}

/// A UUID in lower case with hyphens.
pub(super) struct Uuid;

impl Spelled<String> for Uuid {
    fn what() -> Cow<'static, str> {
        "a UUID in lower case with hyphens".into()
    }

    fn spell(value: &String) -> String {
        value.clone()
    }

    fn parse(text: &str) -> Option<String> {
        encoding::is_uuid(text).then(|| text.to_owned())
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

/// Whether the members that two values share are of one form: object, array, string, number…
pub(super) fn same_forms(own: &Value, given: &Value) -> bool {
    match (own, given) {
        (Value::Object(own), Value::Object(given)) => {
            own.iter().all(|(name, own)| given.get(name).is_none_or(|given| same_forms(own, given)))
        }
        (Value::Array(own), Value::Array(given)) => {
            own.iter().zip(given).all(|(own, given)| same_forms(own, given))
        }
        _ => std::mem::discriminant(own) == std::mem::discriminant(given),
    }
}

/// Where two spellings begin to differ; none where they are the same.
pub(super) fn difference(own: &[u8], given: &[u8]) -> Option<usize> {
    let same = own.iter().zip(given).take_while(|(own, given)| own == given).count();
    (own != given).then_some(same)
}
