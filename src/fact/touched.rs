//! The files that the programs below a command made, changed and removed, as the kernel told of them.
//!
//! What lives here: the text that lists them, made and read. What does not: seeing them (`supervise`),
//! the spelling of what has a name (`manifest`). Normative: attesh-facts(5).
//!
//! Rules: one spelling only, so reading compares with writing.

use serde::{Deserialize, Serialize};

use super::manifest::{self, Entry, Special, Thing};
use crate::record::words;

/// The name of the text with the list.
pub const FILES: &str = "files";
/// The name of the text that counts what was made and removed again.
pub const PASSING: &str = "passing";
/// The name of the text that counts calls whose names could not be read.
pub const LOST: &str = "lost";
/// The names of the texts of this type.
pub const TEXTS: [&str; 3] = [FILES, PASSING, LOST];

/// The longest list in bytes; what is longer stands in several facts.
pub const LIST_MAX: usize = 24 << 10;

words! {
    /// What became of a name.
    Change {
        /// Nothing had the name before, something has it after.
        Made = "made",
        /// Something had it before and after, and was opened for writing, or replaced.
        Changed = "changed",
        /// Something had it before, nothing has it after.
        Removed = "removed",
        /// A process elsewhere asked for it, and nobody saw what became of it.
        Asked = "asked",
    }
}

/// A name that was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// What became of it.
    pub change: Change,
    /// The starts whose processes touched it.
    pub by: Vec<u64>,
    /// The name, from the root on, and what has it after the command: where that is nothing, what
    /// vanished.
    pub entry: Entry,
}

/// The members of a line, in the order of RFC 8785.
#[derive(Serialize, Deserialize)]
struct Line {
    by: Vec<u64>,
    change: Change,
    #[serde(flatten)]
    entry: manifest::Line,
}

impl Touched {
    /// Its line, with the newline.
    #[must_use]
    pub fn line(&self) -> String {
        let line = Line { by: self.by.clone(), change: self.change, entry: self.entry.members() };
        serde_json::to_string(&line).expect("the types hold nothing that JSON cannot carry") + "\n"
    }

    /// What a line without its newline says; `None` if it is spelled otherwise.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let Line { by, change, entry } = serde_json::from_str(text).ok()?;
        let touched = Touched { change, by, entry: Entry::of_members(entry)? };
        let fits = |of, special| (change == of) == (touched.entry.thing == Thing::Special(special));
        let is_one = fits(Change::Removed, Special::Vanished) && fits(Change::Asked, Special::Elsewhere);
        (is_one && touched.line().strip_suffix('\n') == Some(text)).then_some(touched)
    }
}

/// The names that a list tells of; `None` if it is no such list.
#[must_use]
pub fn read(list: &str) -> Option<Vec<Touched>> {
    match list.strip_suffix('\n') {
        Some(lines) => lines.split('\n').map(Touched::read).collect(),
        None => list.is_empty().then(Vec::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let of = |change, path: &[u8], by: &[u64], thing| Touched {
            change,
            by: by.to_vec(),
            entry: Entry { path: path.to_vec(), thing },
        };
        let file = Thing::File { mode: 0o644, sha256: [7; 32], size: 3 };
        let all = [
            of(Change::Made, b"/a b", &[1, 3], file),
            of(Change::Changed, b"/\xff", &[1], Thing::Link(b"\xfe".to_vec())),
            of(Change::Made, b"/a\nb", &[2], Thing::Special(Special::Folder)),
            of(Change::Removed, b"/c", &[], Thing::Special(Special::Vanished)),
            of(Change::Asked, b"/d", &[4], Thing::Special(Special::Elsewhere)),
        ];
        let list: String = all.iter().map(Touched::line).collect();
        assert_eq!(read(&list), Some(all.to_vec()), "{list}");
        assert!(
            list.starts_with(r#"{"by":[1,3],"change":"made","mode":"0644","path":"/a b","sha256":"0707"#)
        );
        assert_eq!(read(""), Some(Vec::new()));
        for bad in [
            "\n",
            "{}\n",
            "{\"by\":[],\"change\":\"made\",\"path\":\"/a\"}\n",
            "{\"by\":[],\"change\":\"made\",\"kind\":\"vanished\",\"path\":\"/a\"}\n",
            "{\"by\":[],\"change\":\"removed\",\"kind\":\"folder\",\"path\":\"/a\"}\n",
            "{\"by\":[],\"change\":\"asked\",\"kind\":\"folder\",\"path\":\"/a\"}\n",
            "{\"by\":[],\"change\":\"made\",\"kind\":\"elsewhere\",\"path\":\"/a\"}\n",
            "{\"by\":[], \"change\":\"removed\",\"kind\":\"vanished\",\"path\":\"/a\"}\n",
            "{\"by\":[],\"change\":\"removed\",\"kind\":\"vanished\",\"path\":\"/a\"}",
            "{\"by\":[],\"change\":\"removed\",\"kind\":\"vanished\",\"other\":1,\"path\":\"/a\"}\n",
            "{\"by\":[],\"change\":\"removed\",\"kind\":\"vanished\"}\n",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
