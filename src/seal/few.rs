//! Lists of words that are not read beyond their limit.
//!
//! What lives here: how such a list is read. What does not: which members are such lists
//! (`statement`).
//!
//! Rules: a file that a trusted key signed takes no more memory than its length allows for.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// The most words of a list of words: options and arguments of a script's shell, extensions that
/// must be understood.
pub const WORDS_MAX: usize = 10_000;
/// A list of words that ends where it is too long: a word takes less room in the file than here.
pub(super) fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {WORDS_MAX} texts")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut words = Vec::new();
            while let Some(word) = list.next_element()? {
                if words.len() == WORDS_MAX {
                    return Err(A::Error::invalid_length(WORDS_MAX + 1, &self));
                }
                words.push(word);
            }
            Ok(words)
        }
    }
    deserializer.deserialize_seq(Few)
}

/// The same, or null.
pub(super) fn few_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    struct Words(#[serde(deserialize_with = "few")] Vec<String>);
    Ok(Option::<Words>::deserialize(deserializer)?.map(|Words(words)| words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_words_has_no_end() {
        let of = |count: usize| {
            let json = format!("[{}]", vec!["\"a\""; count].join(","));
            let list = few(&mut serde_json::Deserializer::from_str(&json)).map(|words| words.len());
            let same = few_or_null(&mut serde_json::Deserializer::from_str(&json))
                .map(|words| words.map(|words| words.len()));
            (list.map_err(|error| error.to_string()), same.map_err(|error| error.to_string()))
        };
        assert_eq!(of(WORDS_MAX), (Ok(WORDS_MAX), Ok(Some(WORDS_MAX))));
        let (list, same) = of(WORDS_MAX + 1);
        for why in [list.unwrap_err(), same.unwrap_err()] {
            assert!(
                why.starts_with("invalid length 10001, expected an array of at most 10000 texts"),
                "{why}"
            );
        }
        assert_eq!(few_or_null(&mut serde_json::Deserializer::from_str("null")).unwrap(), None);
    }
}
