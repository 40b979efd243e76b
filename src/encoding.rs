//! Text encodings: base64, hexadecimal, and the two JSON shapes of the journal.
//!
//! What lives here: strict decoders (one spelling for each value, so that no bit of a
//! line is free) and the small writer that the recorder uses. What does not: any
//! knowledge of what the values mean.
//!
//! Rules: a decoder returns an error instead of guessing; no allocation follows from a
//! length that was not checked.

use std::borrow::Cow;
use std::fmt;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Unpadded base64url (RFC 4648 section 5).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Reads unpadded base64url of exactly `N` bytes; slack bits must be zero.
#[must_use]
pub fn base64url_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if BASE64URL_NOPAD.encode_len(N) != text.len() {
        return None;
    }
    BASE64URL_NOPAD.decode(text).ok()?.try_into().ok()
}

/// Padded base64 in the standard alphabet (RFC 4648 section 4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Reads padded standard base64; slack bits must be zero and nothing may follow.
#[must_use]
pub fn base64_strict(text: &[u8]) -> Option<Vec<u8>> {
    // The decoder takes padded pieces one after the other, which would be another spelling
    // of the same bytes: padding ends the text.
    match text.iter().position(|byte| *byte == b'=') {
        Some(at) if at + 2 < text.len() => None,
        _ => BASE64.decode(text).ok(),
    }
}

/// Lowercase hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Reads lowercase hexadecimal of exactly `N` bytes.
#[must_use]
pub fn hex_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    HEXLOWER.decode(text).ok()?.try_into().ok()
}

/// Whether a text is a UUID in its one spelling here: in lower case, with hyphens.
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text)
}

/// Writes one flat or nested JSON object without white space, members in call order.
#[derive(Debug, Default)]
pub struct ObjectWriter {
    bytes: Vec<u8>,
}

impl ObjectWriter {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        // Room for a core as they come: each time it grows costs the allocator two calls.
        let mut bytes = Vec::with_capacity(1000);
        bytes.push(b'{');
        ObjectWriter { bytes }
    }

    fn name(&mut self, name: &str) {
        if self.bytes.len() > 1 {
            self.bytes.push(b',');
        }
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    /// A string member.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        push_string(&mut self.bytes, value);
        self
    }

    /// An integer member.
    pub fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.name(name);
        self.bytes.extend_from_slice(value.to_string().as_bytes());
        self
    }

    /// A large integer, written as a decimal string.
    pub fn decimal(&mut self, name: &str, value: u64) -> &mut Self {
        self.text(name, &value.to_string())
    }

    /// A boolean member.
    pub fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { b"true" } else { b"false" })
    }

    /// A null member.
    pub fn null(&mut self, name: &str) -> &mut Self {
        self.raw(name, b"null")
    }

    /// A member whose value is JSON already.
    pub fn raw(&mut self, name: &str, json: &[u8]) -> &mut Self {
        self.name(name);
        self.bytes.extend_from_slice(json);
        self
    }

    /// The finished object.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b'}');
        self.bytes
    }
}

/// Appends `value` as a JSON string in the form of RFC 8785 section 3.2.2.2.
pub fn push_string(out: &mut Vec<u8>, value: &str) {
    // serde_json escapes exactly what RFC 8785 asks for: the two-letter escapes, \u00xx
    // in lowercase for the other controls, and nothing else.
    serde_json::to_writer(out, value).expect("a string always serialises into memory");
}

/// Appends bytes as a JSON string, or as `{"base64":…}` if they are not UTF-8 or the escapes
/// of the string would be longer.
pub fn push_bytes(out: &mut Vec<u8>, value: &[u8]) {
    let wrapped = "{\"base64\":\"\"}".len() + BASE64.encode_len(value.len());
    if let Ok(text) = std::str::from_utf8(value) {
        let start = out.len();
        push_string(out, text);
        if out.len() - start <= wrapped {
            return;
        }
        out.truncate(start);
    }
    out.extend_from_slice(b"{\"base64\":\"");
    out.extend_from_slice(BASE64.encode(value).as_bytes());
    out.extend_from_slice(b"\"}");
}

/// Bytes as JSON carries them: a string, or an object with the one member `base64`.
#[derive(Debug, PartialEq, Eq)]
pub struct JsonBytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for JsonBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = JsonBytes;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string or {\"base64\": …}")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<JsonBytes, E> {
                Ok(JsonBytes(text.as_bytes().to_vec()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonBytes, A::Error> {
                if map.next_key::<Cow<str>>()?.as_deref() != Some("base64") {
                    return Err(A::Error::custom("expected the one member \"base64\""));
                }
                let text: Cow<str> = map.next_value()?;
                if map.next_key::<Cow<str>>()?.is_some() {
                    return Err(A::Error::custom("a second member beside \"base64\""));
                }
                let bytes = base64_strict(text.as_bytes());
                bytes.map(JsonBytes).ok_or_else(|| A::Error::custom("not strict base64"))
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// A JSON value as the journal's cores use it: no floats, no negative numbers, no
/// duplicate member names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A non-negative integer.
    Number(u64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Object),
}

/// A JSON object read strictly: members are taken out by name, and [`Object::finish`]
/// refuses every other member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    members: Vec<(String, Json)>,
}

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError(pub String);

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for JsonError {}

fn wrong<T>(name: &str, wanted: &str) -> Result<T, JsonError> {
    Err(JsonError(format!("member \"{name}\" is not {wanted}")))
}

impl Object {
    /// Parses one object; nothing may follow it.
    ///
    /// # Errors
    /// Anything but one JSON object of the restricted shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        match serde_json::from_slice::<Json>(bytes) {
            Ok(Json::Object(object)) => Ok(object),
            Ok(_) => Err(JsonError("not a JSON object".into())),
            Err(error) => Err(JsonError(format!("not well-formed JSON: {error}"))),
        }
    }

    /// Takes a member out.
    pub fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.members.iter().position(|(have, _)| have == name)?;
        Some(self.members.swap_remove(at).1)
    }

    fn need(&mut self, name: &str) -> Result<Json, JsonError> {
        self.take(name).ok_or_else(|| JsonError(format!("member \"{name}\" is missing")))
    }

    /// A string member.
    ///
    /// # Errors
    /// The member is missing or no string.
    pub fn text(&mut self, name: &str) -> Result<String, JsonError> {
        match self.need(name)? {
            Json::Text(text) => Ok(text),
            _ => wrong(name, "a string"),
        }
    }

    /// A string member that may be missing.
    ///
    /// # Errors
    /// The member is there and no string.
    pub fn maybe_text(&mut self, name: &str) -> Result<Option<String>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => wrong(name, "a string"),
        }
    }

    /// A string member that may be null, and must be there.
    ///
    /// # Errors
    /// The member is missing, or neither string nor null.
    pub fn text_or_null(&mut self, name: &str) -> Result<Option<String>, JsonError> {
        match self.need(name)? {
            Json::Text(text) => Ok(Some(text)),
            Json::Null => Ok(None),
            _ => wrong(name, "a string or null"),
        }
    }

    /// An integer member.
    ///
    /// # Errors
    /// The member is missing or no integer.
    pub fn number(&mut self, name: &str) -> Result<u64, JsonError> {
        match self.need(name)? {
            Json::Number(number) => Ok(number),
            _ => wrong(name, "a non-negative integer"),
        }
    }

    /// An integer member that may be missing.
    ///
    /// # Errors
    /// The member is there and no integer.
    pub fn maybe_number(&mut self, name: &str) -> Result<Option<u64>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::Number(number)) => Ok(Some(number)),
            Some(_) => wrong(name, "a non-negative integer"),
        }
    }

    /// An integer member that may be null, and must be there.
    ///
    /// # Errors
    /// The member is missing, or neither integer nor null.
    pub fn number_or_null(&mut self, name: &str) -> Result<Option<u64>, JsonError> {
        match self.need(name)? {
            Json::Number(number) => Ok(Some(number)),
            Json::Null => Ok(None),
            _ => wrong(name, "a non-negative integer or null"),
        }
    }

    /// A large integer in a decimal string, without sign or leading zero.
    ///
    /// # Errors
    /// The member is missing or not of that form.
    pub fn decimal(&mut self, name: &str) -> Result<u64, JsonError> {
        let text = self.text(name)?;
        match text.parse::<u64>() {
            Ok(value) if value.to_string() == text => Ok(value),
            _ => wrong(name, "a decimal number in a string"),
        }
    }

    /// A boolean member that may be missing (then false).
    ///
    /// # Errors
    /// The member is there and no boolean.
    pub fn flag(&mut self, name: &str) -> Result<bool, JsonError> {
        match self.take(name) {
            None => Ok(false),
            Some(Json::Bool(value)) => Ok(value),
            Some(_) => wrong(name, "true or false"),
        }
    }

    /// A boolean member.
    ///
    /// # Errors
    /// The member is missing or no boolean.
    pub fn boolean(&mut self, name: &str) -> Result<bool, JsonError> {
        match self.need(name)? {
            Json::Bool(value) => Ok(value),
            _ => wrong(name, "true or false"),
        }
    }

    /// A list of integers that may be missing.
    ///
    /// # Errors
    /// The member is there and not a list of integers.
    pub fn maybe_numbers(&mut self, name: &str) -> Result<Option<Vec<u64>>, JsonError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let Json::List(list) = value else { return wrong(name, "a list of integers") };
        // Not collected in place: the numbers would keep the room of the values.
        let mut numbers = Vec::with_capacity(list.len());
        for item in &list {
            match item {
                Json::Number(number) => numbers.push(*number),
                _ => return wrong(name, "a list of integers"),
            }
        }
        Ok(Some(numbers))
    }

    /// An object member that may be missing.
    ///
    /// # Errors
    /// The member is there and no object.
    pub fn maybe_object(&mut self, name: &str) -> Result<Option<Object>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::Object(object)) => Ok(Some(object)),
            Some(_) => wrong(name, "an object"),
        }
    }

    /// An object member that may be null, and must be there.
    ///
    /// # Errors
    /// The member is missing, or neither object nor null.
    pub fn object_or_null(&mut self, name: &str) -> Result<Option<Object>, JsonError> {
        match self.need(name)? {
            Json::Null => Ok(None),
            Json::Object(object) => Ok(Some(object)),
            _ => wrong(name, "an object or null"),
        }
    }

    /// Refuses what was not taken.
    ///
    /// # Errors
    /// A member is left: the format is a closed set.
    pub fn finish(self) -> Result<(), JsonError> {
        match self.members.first() {
            None => Ok(()),
            Some((name, _)) => Err(JsonError(format!("unknown member \"{name}\""))),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("JSON without floats or negative numbers")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Json, E> {
                Ok(Json::Text(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut members: Vec<(String, Json)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if members.iter().any(|(have, _)| *have == name) {
                        return Err(A::Error::custom(format!("duplicate member \"{name}\"")));
                    }
                    members.push((name, map.next_value()?));
                }
                Ok(Json::Object(Object { members }))
            }
        }
        deserializer.deserialize_any(V)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_refuses_slack_padding_and_other_lengths() {
        assert_eq!(base64url_exact::<1>(b"AA"), Some([0]));
        assert_eq!(base64url_exact::<1>(b"AB"), None);
        assert_eq!(base64url_exact::<1>(b"AA=="), None);
        assert_eq!(base64url_exact::<2>(b"AA"), None);
        assert_eq!(base64_strict(b"AA=="), Some(vec![0]));
        assert_eq!(base64_strict(b"AB=="), None);
        assert_eq!(base64_strict(b"AA"), None);
        assert_eq!(base64_strict(b"AA==\n"), None);
        assert_eq!(base64_strict(b"YWI=Y2Q="), None);
        assert_eq!(hex_exact::<1>(b"0A"), None);
    }

    #[test]
    fn bytes_take_the_shorter_form_and_come_back() {
        for value in [&b"ls -l"[..], b"", b"\xff\xfe", b"\x01\x02\x03\x04\x05\x06\x07", "héé".as_bytes()] {
            let mut out = Vec::new();
            push_bytes(&mut out, value);
            let JsonBytes(back) = serde_json::from_slice(&out).unwrap();
            assert_eq!(back, value);
        }
        let mut controls = Vec::new();
        push_bytes(&mut controls, &[1; 40]);
        assert!(controls.starts_with(b"{\"base64\":"));
        let mut quotes = Vec::new();
        push_bytes(&mut quotes, b"a \"b\"");
        assert_eq!(quotes, br#""a \"b\"""#);
    }

    #[test]
    fn objects_refuse_duplicates_floats_negatives_unknowns_and_trailing_text() {
        for bad in ["{\"a\":1,\"a\":1}", "{\"a\":1.0}", "{\"a\":-1}", "{} {}", "[]", "{\"a\":\"\\ud800\"}"] {
            assert!(Object::parse(bad.as_bytes()).is_err(), "{bad} was taken");
        }
        let mut object = Object::parse(b"{\"a\":1,\"b\":\"07\"}").unwrap();
        assert_eq!(object.number("a"), Ok(1));
        assert!(object.clone().finish().is_err());
        assert!(object.decimal("b").is_err());
        assert!(object.finish().is_ok());
    }
}
