//! Text encodings: base64, hexadecimal, JSON strings.
//!
//! What lives here: strict decoders (one spelling for each value, so that no bit of a
//! line is free). What does not: any knowledge of what the values mean.
//!
//! Rules: a decoder returns an error instead of guessing; no allocation follows from a
//! length that was not checked.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

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

/// Appends `value` as a JSON string in the form of RFC 8785 section 3.2.2.2.
pub fn push_string(out: &mut Vec<u8>, value: &str) {
    // serde_json escapes exactly what RFC 8785 asks for: the two-letter escapes, \u00xx
    // in lowercase for the other controls, and nothing else.
    serde_json::to_writer(out, value).expect("a string always serialises into memory");
}

/// The base64 of bytes that stand as `{"base64":…}`: those that are not UTF-8, or whose string
/// with its escapes would be longer. None where the string stands.
#[must_use]
pub fn base64_wrapped(value: &[u8]) -> Option<String> {
    let wrapped = "{\"base64\":\"\"}".len() + BASE64.encode_len(value.len());
    let as_string = std::str::from_utf8(value).is_ok_and(|text| {
        let mut string = Vec::with_capacity(text.len() + 2);
        push_string(&mut string, text);
        string.len() <= wrapped
    });
    (!as_string).then(|| BASE64.encode(value))
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
}
