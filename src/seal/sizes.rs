//! How many entries a payload has in its lists, told without keeping any of them.
//!
//! What lives here: a first reading that counts, and finds members that nobody knows where the
//! next one would keep them. What does not: the reading that keeps (`form`), the shape of a
//! statement (`statement`).
//!
//! Rules: a payload that a trusted key signed takes no more memory than its limits allow for, so
//! this comes before anything of it is kept; what has another form is left to `form`.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::few::WORDS_MAX;
use super::statement::{COMMANDS_BYTES_MAX, COMMANDS_MAX, PARTICULARS_MAX, SUBJECTS_MAX};

/// The most options and arguments of all plans.
pub const ALL_WORDS_MAX: usize = 100_000;

/// The most texts and attached files of all facts.
pub const FACT_PARTS_MAX: usize = 100_000;

/// The most commitments to texts that are left out.
pub const COMMITMENTS_MAX: usize = 200_000;

/// The longest text of a payload in bytes, as it is spelled.
pub const TEXT_BYTES_MAX: usize = COMMANDS_BYTES_MAX;

/// Whether a text of a payload is longer than any is. What a reader says of a text that it does
/// not take has that text in it.
pub(super) fn has_long_text(payload: &[u8]) -> bool {
    let mut begins = None;
    let mut at = 0;
    while let Some(next) = memchr::memchr2(b'"', b'\\', &payload[at..]) {
        let found = at + next;
        at = found + 1;
        match (begins, payload[found]) {
            (Some(_), b'\\') => at = payload.len().min(at + 1),
            (Some(begin), _) if found - begin > TEXT_BYTES_MAX => return true,
            (Some(_), _) => begins = None,
            (None, _) => begins = Some(at),
        }
    }
    begins.is_some_and(|begin| payload.len() - begin > TEXT_BYTES_MAX)
}

/// The lists of a payload, each with its length.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sizes {
    subject: List<IgnoredAny>,
    predicate: PredicateSizes,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PredicateSizes {
    session: SessionSizes,
    heads: List<IgnoredAny>,
    commands: List<CommandNames>,
    plans: List<PlanSizes>,
    anomalies: List<IgnoredAny>,
    facts: List<FactSizes>,
    disclosures: DisclosureSizes,
    extensions: List<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DisclosureSizes {
    commitments: List<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SessionSizes {
    shells: List<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PlanSizes {
    units: List<UnitNames>,
    interpreter: InterpreterSizes,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InterpreterSizes {
    options: List<IgnoredAny>,
    arguments: List<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FactSizes {
    data: List<IgnoredAny>,
    attached: List<IgnoredAny>,
}

/// Structures of these members, any of which may be missing, and of no others.
macro_rules! names {
    ($type:ident { $($field:ident)* }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        #[expect(dead_code, reason = "only whether there are others is asked")]
        struct $type {
            $(#[serde(default)] $field: Option<IgnoredAny>,)*
        }

        impl Within for $type {}
    };
}

// The reader of these keeps what it does not know until it has read all of it.
names! { CommandNames {
    seq shell command command_base64 command_shown command_shown_base64 redacted withheld exit_code stale pipe_status signal started_at
    duration_ms workdir outcome unit
} }
names! { UnitNames { line last_line command command_base64 command_shown command_shown_base64 redacted withheld } }

/// What the lists within an entry have: of two kinds.
trait Within {
    fn within(&self) -> [usize; 2] {
        [0; 2]
    }
}

impl Within for IgnoredAny {}

impl Within for PlanSizes {
    fn within(&self) -> [usize; 2] {
        [self.units.count, self.interpreter.options.count + self.interpreter.arguments.count]
    }
}

impl Within for FactSizes {
    fn within(&self) -> [usize; 2] {
        [self.data.count + self.attached.count, 0]
    }
}

/// How many entries a list or an object has, and how many the lists in them have together.
struct List<T> {
    count: usize,
    within: [usize; 2],
    of: PhantomData<T>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { count: 0, within: [0; 2], of: PhantomData }
    }
}

impl<T: Within> List<T> {
    fn add(&mut self, entry: &T) {
        self.count += 1;
        let within = entry.within();
        self.within = [self.within[0] + within[0], self.within[1] + within[1]];
    }
}

impl<'de, T: Within + Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Within + Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
            // The usual error would quote all of it.
            fn visit_str<E: Error>(self, _: &str) -> Result<List<T>, E> {
                Err(E::custom("invalid type: string, expected a list"))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<List<T>, A::Error> {
                let mut list = List::default();
                while let Some(entry) = entries.next_element::<T>()? {
                    list.add(&entry);
                }
                Ok(list)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<List<T>, A::Error> {
                let mut list = List::default();
                while let Some((_, entry)) = entries.next_entry::<IgnoredAny, T>()? {
                    list.add(&entry);
                }
                Ok(list)
            }
        }
        deserializer.deserialize_any(Entries(PhantomData))
    }
}

impl Sizes {
    /// The first list that is longer than any is, and how long it may be.
    pub(super) fn too_long(&self) -> Option<String> {
        let predicate = &self.predicate;
        let [units, words] = predicate.plans.within;
        let [parts, _] = predicate.facts.within;
        let lists = [
            (self.subject.count, SUBJECTS_MAX, "subject", "subjects"),
            (predicate.heads.count, PARTICULARS_MAX, "heads", "heads"),
            (predicate.session.shells.count, PARTICULARS_MAX, "session.shells", "shells"),
            (predicate.commands.count, COMMANDS_MAX, "commands", "commands"),
            (predicate.plans.count, PARTICULARS_MAX, "plans", "plans"),
            (units, COMMANDS_MAX, "plans.units", "units of all plans"),
            (words, ALL_WORDS_MAX, "interpreter.arguments", "options and arguments of all plans"),
            (predicate.anomalies.count, PARTICULARS_MAX, "anomalies", "findings"),
            (predicate.facts.count, PARTICULARS_MAX, "facts", "facts"),
            (parts, FACT_PARTS_MAX, "facts.data", "texts and attached files of all facts"),
            (
                predicate.disclosures.commitments.count,
                COMMITMENTS_MAX,
                "disclosures.commitments",
                "commitments",
            ),
            (predicate.extensions.count, WORDS_MAX, "extensions", "extensions"),
        ];
        let (_, most, member, of) = lists.into_iter().find(|(count, most, ..)| count > most)?;
        Some(format!("{member} is not at most {most} {of}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_longer_than_any() {
        let of = |text: &str| has_long_text(format!("{{\"a\":\"{text}\",\"b\":0}}").as_bytes());
        let long = "a".repeat(TEXT_BYTES_MAX);
        for (text, is_long) in [
            (long.clone(), false),
            (format!("{long}a"), true),
            (format!("{}\\\"", &long[2..]), false),
            (format!("{}\\\"", &long[1..]), true),
            (format!("{long}\",\"a"), false),
            (format!("\\\\\",\"{long}a"), true),
        ] {
            assert_eq!(of(&text), is_long, "{} {}", text.len(), &text[..9]);
        }
        for (text, is_long) in
            [(format!("\"{long}"), false), (format!("\"{long}a"), true), ("\"a\\".into(), false)]
        {
            assert_eq!(has_long_text(text.as_bytes()), is_long, "without an end: {}", text.len());
        }
    }
}
