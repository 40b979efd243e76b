//! What users were told before they were recorded, what a session is for, and how long it is kept.
//!
//! What lives here: which texts these can be, those of their fact, and what is told of it. What does
//! not: reading the file (`collect`), when a session may be removed (`session::retention`).
//!
//! Rules: the whole text of the notice is recorded, so that nobody has to keep the file to know what
//! was said. A retention that cannot be read is none that is known, and never a short one.

use serde_json::{Map, Value, json};

use crate::clock;
use crate::crypto::sha256;
use crate::encoding::hex;

/// The longest notice, in bytes.
pub const NOTICE_BYTES_MAX: usize = 8 << 10;
/// The longest purpose, in bytes.
pub const PURPOSE_BYTES_MAX: usize = 512;
/// The longest retention, in days.
pub const RETAIN_DAYS_MAX: u64 = 36_500;

/// The name of the text with what users were told.
pub const TEXT: &str = "notice";
/// The name of the text with what the session is for.
pub const PURPOSE: &str = "purpose";
/// The name of the text with the seconds for which the session is kept.
pub const RETAIN: &str = "retainSeconds";

/// What was said of a session before it began; any of the three can be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// What its users were told.
    pub text: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// For how long it is kept after its end, in seconds.
    pub retain_s: Option<u64>,
}

/// The text of a notice.
///
/// # Errors
/// It cannot be one: what is wrong with it.
pub fn text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() > NOTICE_BYTES_MAX {
        return Err(format!("longer than {NOTICE_BYTES_MAX} bytes"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8, from byte {} on", error.utf8_error().valid_up_to()))?;
    if text.trim().is_empty() { Err("it says nothing".to_owned()) } else { Ok(text) }
}

/// A purpose: one line.
///
/// # Errors
/// It cannot be one: what is wrong with it.
pub fn purpose(text: &str) -> Result<String, String> {
    if text.len() > PURPOSE_BYTES_MAX {
        return Err(format!("longer than {PURPOSE_BYTES_MAX} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("it has control characters, and a purpose is one line".to_owned());
    }
    if text.trim().is_empty() { Err("it says nothing".to_owned()) } else { Ok(text.to_owned()) }
}

/// A retention in seconds, of an age.
///
/// # Errors
/// It cannot be one: what is wrong with it.
pub fn retain_s(text: &str) -> Result<u64, String> {
    match clock::age_s(text) {
        None => Err("not an age".to_owned()),
        Some(0) => Err("no time at all".to_owned()),
        Some(seconds) if seconds > RETAIN_DAYS_MAX * 86_400 => Err(format!("longer than {RETAIN_DAYS_MAX}d")),
        Some(seconds) => Ok(seconds),
    }
}

impl Notice {
    /// The texts of its fact, by their names.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, String)> {
        let retain = self.retain_s.map(|seconds| seconds.to_string());
        let texts = [(TEXT, self.text.clone()), (PURPOSE, self.purpose.clone()), (RETAIN, retain)];
        texts.into_iter().filter_map(|(name, text)| Some((name, text?)))
    }

    /// What a fact says, by its texts.
    #[must_use]
    pub fn of<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |text: &str| text.parse().ok().filter(|seconds: &u64| seconds.to_string() == text);
        Notice {
            text: get(TEXT).map(str::to_owned),
            purpose: get(PURPOSE).map(str::to_owned),
            retain_s: get(RETAIN).and_then(number),
        }
    }

    /// SHA-256 of what users were told, hexadecimal.
    #[must_use]
    pub fn text_sha256(&self) -> Option<String> {
        self.text.as_ref().map(|text| hex(&sha256(&[text.as_bytes()])))
    }

    /// Until when a session is kept that ended then, both in nanoseconds since 1970.
    #[must_use]
    pub fn until_ns(&self, ended_ns: u64) -> Option<u64> {
        Some(ended_ns.saturating_add(self.retain_s?.saturating_mul(1_000_000_000)))
    }

    /// What a person is told of it, each with its name; the session ended then, if it did.
    #[must_use]
    pub fn rows(&self, ended_ns: Option<u64>) -> Vec<(&'static str, String)> {
        let until = ended_ns.and_then(|ended_ns| self.until_ns(ended_ns)).map(clock::rfc3339);
        let until = until.map_or_else(String::new, |until| format!(", until {until}"));
        let retention =
            self.retain_s.map(|seconds| format!("{} after its end{until}", clock::as_age(seconds)));
        let told = self.text.as_ref().zip(self.text_sha256());
        let told = told.map(|(text, sha256)| {
            format!("users were told a text of {}, sha256:{sha256}", crate::text::count(text.len(), "byte"))
        });
        let rows = [("purpose", self.purpose.clone()), ("retention", retention), ("notice", told)];
        rows.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
    }

    /// What a program is told of it: the same members everywhere, null where nothing was said.
    #[must_use]
    pub fn members(&self, ended_ns: Option<u64>) -> Map<String, Value> {
        let until = ended_ns.and_then(|ended_ns| self.until_ns(ended_ns)).map(clock::rfc3339);
        let members = [
            (PURPOSE, json!(self.purpose)),
            (RETAIN, json!(self.retain_s)),
            ("retainUntil", json!(until)),
            ("noticeSha256", json!(self.text_sha256())),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_as_it_was_written() {
        let notice = Notice {
            text: Some("You are recorded.\n".into()),
            purpose: Some("incident 42".into()),
            retain_s: Some(2_592_000),
        };
        let texts: Vec<_> = notice.texts().collect();
        let get = |name: &str| texts.iter().find(|text| text.0 == name).map(|text| text.1.as_str());
        assert_eq!(Notice::of(get), notice);
        assert_eq!(Notice::default().texts().count(), 0);
        assert_eq!(Notice::of(|_| None), Notice::default());
        for odd in ["030", "-1", "30d", "", " 30", "99999999999999999999"] {
            assert_eq!(Notice::of(|name| (name == RETAIN).then_some(odd)).retain_s, None, "{odd}");
        }
    }

    #[test]
    fn what_says_nothing_or_too_much_is_taken() {
        assert_eq!(text(b"a\x1b\n".to_vec()).unwrap(), "a\x1b\n");
        assert_eq!(text(vec![b'a'; NOTICE_BYTES_MAX]).unwrap().len(), NOTICE_BYTES_MAX);
        for (bad, why) in [
            (vec![b'a'; NOTICE_BYTES_MAX + 1], "longer than 8192 bytes"),
            (b" \n\t".to_vec(), "it says nothing"),
            (b"abc\xff".to_vec(), "not UTF-8, from byte 3 on"),
        ] {
            assert_eq!(text(bad).unwrap_err(), why);
        }
        assert_eq!(purpose("support \u{e9}").unwrap(), "support \u{e9}");
        for bad in ["", "  ", "a\nb", "a\x1b[m", "a\u{85}", &"a".repeat(PURPOSE_BYTES_MAX + 1)] {
            assert!(purpose(bad).is_err(), "{bad:?}");
        }
        assert_eq!(retain_s("30d"), Ok(2_592_000));
        assert_eq!(retain_s(&format!("{RETAIN_DAYS_MAX}d")), Ok(3_153_600_000));
        for bad in ["", "0d", "0s", "36501d", "30", "d", "99999999999999999999d", "-1d"] {
            assert!(retain_s(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_told_of_it_has_no_end_before_there_is_one() {
        let notice = Notice { retain_s: Some(86_400), ..Notice::default() };
        assert_eq!(notice.rows(None), [("retention", "1d after its end".to_owned())]);
        let ended = 1_763_812_800_000_000_000;
        let until = "1d after its end, until 2025-11-23T12:00:00.000000Z";
        assert_eq!(notice.rows(Some(ended)), [("retention", until.to_owned())]);
        assert_eq!(notice.members(None)["retainUntil"], Value::Null);
        assert_eq!(notice.until_ns(u64::MAX), Some(u64::MAX));
        assert_eq!(Notice::default().until_ns(ended), None);
    }
}
