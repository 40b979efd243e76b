//! A transcript while it is read: its lines, the members of an entry, the calls that were found so far.
//!
//! What does not live here: the form that an agent gives its transcript.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::told::{Kind, Outcome, Told, Transcript, Unreadable};
use crate::agent::rules::Shown;

/// An entry of a transcript.
pub type Entry = Map<String, Value>;

/// A transcript while it is read.
pub struct Reading {
    kind: Kind,
    version: Option<String>,
    commands: Vec<Told>,
    at: HashMap<String, usize>,
    unknown: BTreeMap<String, u64>,
}

impl Reading {
    /// Of this agent.
    pub fn new(kind: Kind) -> Self {
        Reading { kind, version: None, commands: Vec::new(), at: HashMap::new(), unknown: BTreeMap::new() }
    }

    /// What was read.
    pub fn done(self) -> Transcript {
        Transcript { kind: self.kind, version: self.version, commands: self.commands, unknown: self.unknown }
    }

    /// Takes the version that an entry names; the first one counts, and all have to be known here.
    pub fn version(&mut self, line: u64, version: &str, majors: &[&str]) -> Result<(), Unreadable> {
        let major = version.split('.').next().unwrap_or_default();
        if !majors.contains(&major) {
            let why = format!("the version {version} is not known here");
            return Err(Unreadable { is_unknown_version: true, ..Unreadable::at(line, why) });
        }
        self.version.get_or_insert_with(|| version.to_owned());
        Ok(())
    }

    /// A command was asked for. An entry that comes again, as in a session that was resumed, tells of
    /// the same call.
    pub fn call(&mut self, id: &str, line: u64, at: Option<&str>, asked: Shown) -> &mut Told {
        let next = self.commands.len();
        let known = *self.at.entry(id.to_owned()).or_insert(next);
        if known == next {
            let (id, at) = (id.to_owned(), at.map(str::to_owned));
            self.commands.push(Told { id, line, at, asked, ran: None, outcome: Outcome::NotRun });
        }
        &mut self.commands[known]
    }

    /// Something is told of the end of a command. What says more counts.
    pub fn outcome(&mut self, id: &str, outcome: Outcome) {
        if let Some(told) = self.at.get(id).map(|at| &mut self.commands[*at]) {
            told.outcome = told.outcome.or(outcome);
        }
    }

    /// Whether a call of this name was found.
    pub fn has(&self, id: &str) -> bool {
        self.at.contains_key(id)
    }

    /// Counts an entry of a kind that is not known here.
    pub fn unknown(&mut self, what: impl Into<String>) {
        *self.unknown.entry(what.into()).or_default() += 1;
    }
}

/// Calls `each` with each line and its number.
pub fn each_line(
    bytes: &[u8],
    mut each: impl FnMut(u64, &Entry) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(Value::Object(entry)) => each(number, &entry)?,
            Ok(_) => return Err(Unreadable::at(number, "no object of JSON")),
            Err(error) => return Err(Unreadable::json(&error, number)),
        }
    }
    Ok(())
}

/// The text of a member.
pub fn text<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry.get(name)?.as_str()
}

/// The object of a member.
pub fn object<'a>(entry: &'a Entry, name: &str) -> Option<&'a Entry> {
    entry.get(name)?.as_object()
}

/// The objects of a member that is a list.
pub fn objects<'a>(entry: &'a Entry, name: &str) -> impl Iterator<Item = &'a Entry> {
    entry.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// A command that was asked for as a text.
pub fn as_text(text: &str) -> Shown {
    Shown::Text(text.as_bytes().to_vec())
}

/// Finds the lines of texts that stand in a document one behind the other.
pub struct Places<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Places<'a> {
    /// In this document.
    pub fn of(bytes: &'a [u8]) -> Self {
        Places { bytes, at: 0, line: 1 }
    }

    /// The line at which a text stands, from 1: the next place behind those that were found. Of one that
    /// is not there it is the last line that was found.
    pub fn line(&mut self, text: &str) -> u64 {
        let rest = &self.bytes[self.at..];
        if let Some(found) = memchr::memmem::find(rest, text.as_bytes()) {
            self.line += memchr::memchr_iter(b'\n', &rest[..found]).count() as u64;
            self.at += found;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_has_another_number() {
        let error = |text: &str| each_line(text.as_bytes(), |_, _| Ok(())).unwrap_err().to_string();
        assert_eq!(error("{}\n\n{\"a\":\n"), "line 3: no JSON: EOF while parsing a value");
        assert_eq!(error("{}\n[]\n"), "line 2: no object of JSON");
        let mut reading = Reading::new(Kind::Claude);
        assert_eq!(reading.version(7, "2.1.3", &["1", "2"]), Ok(()));
        let error = reading.version(8, "3.0.0", &["1", "2"]).unwrap_err();
        assert!(error.is_unknown_version && error.to_string().contains("line 8: the version 3.0.0"));
    }

    #[test]
    fn a_line_is_that_of_another_text() {
        let mut places = Places::of(b"{\n\"b\"\n\"a\" \"c\"\n\"b\"");
        assert_eq!(["\"a\"", "\"c\"", "none", "\"b\""].map(|text| places.line(text)), [3, 3, 3, 4]);
    }

    #[test]
    fn what_says_less_of_an_end_takes_the_place_of_what_says_more() {
        let mut reading = Reading::new(Kind::Codex);
        reading.call("a", 1, None, as_text("ls"));
        for (told, expected) in [
            (Outcome::NotTold, Outcome::NotTold),
            (Outcome::NotRun, Outcome::NotTold),
            (Outcome::Exit(3), Outcome::Exit(3)),
            (Outcome::NotTold, Outcome::Exit(3)),
        ] {
            reading.outcome("a", told);
            assert_eq!(reading.commands[0].outcome, expected);
        }
        reading.outcome("none", Outcome::Exit(0));
        assert_eq!(reading.call("a", 9, None, as_text("other")).line, 1);
    }
}
