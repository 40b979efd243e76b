//! The files that the programs below a command made, changed and removed, as the kernel told of them.
//!
//! What lives here: the text that lists them, made and read. What does not: seeing them (`supervise`).
//! Normative: attesh-facts(5).
//!
//! Rules: one spelling only, so reading compares with writing.

use serde::{Deserialize, Serialize};

use super::manifest::{MODE_MAX, bytes_of, text_or_base64};
use crate::crypto::Digest;
use crate::encoding::{hex, hex_exact};
use crate::record::{INTEGER_MAX, words};

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
    }
}

words! {
    /// What has a name, and is no regular file that was read.
    Other {
        /// A folder.
        Folder = "folder",
        /// A named pipe, a socket or a device.
        Special = "special",
        /// Nobody may read it.
        Unreadable = "unreadable",
        /// It changed while it was read.
        Changing = "changing",
        /// It is in another root or mount namespace than that of the recorder.
        Elsewhere = "elsewhere",
    }
}

/// What has a name after the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing.
    Nothing,
    /// A regular file.
    File {
        /// Its permission bits.
        mode: u32,
        /// SHA-256 of its bytes.
        sha256: Digest,
        /// Its length in bytes.
        size: u64,
    },
    /// A symbolic link, by its text.
    Link(Vec<u8>),
    /// Another thing.
    Other(Other),
}

/// A name that was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The name, from the root on.
    pub path: Vec<u8>,
    /// What became of it.
    pub change: Change,
    /// The starts whose processes touched it.
    pub by: Vec<u64>,
    /// What has it after the command.
    pub holds: Holds,
}

/// The members of a line, in the order of RFC 8785.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Line {
    by: Vec<u64>,
    change: Change,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    kind: Option<Other>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    link_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    path_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    size: Option<u64>,
}

impl Touched {
    /// Its line, with the newline.
    #[must_use]
    pub fn line(&self) -> String {
        let (path, path_base64) = text_or_base64(&self.path);
        let mut line = Line {
            by: self.by.clone(),
            change: self.change,
            kind: None,
            link: None,
            link_base64: None,
            mode: None,
            path,
            path_base64,
            sha256: None,
            size: None,
        };
        match &self.holds {
            Holds::Nothing => {}
            Holds::File { mode, sha256, size } => {
                line.mode = Some(format!("{mode:04o}"));
                line.sha256 = Some(hex(sha256));
                line.size = Some(*size);
            }
            Holds::Link(target) => (line.link, line.link_base64) = text_or_base64(target),
            Holds::Other(kind) => line.kind = Some(*kind),
        }
        serde_json::to_string(&line).expect("the types hold nothing that JSON cannot carry") + "\n"
    }

    /// What a line without its newline says; `None` if it is spelled otherwise.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let line: Line = serde_json::from_str(text).ok()?;
        let link = bytes_of(line.link, line.link_base64);
        let holds = match (line.kind, link, line.sha256) {
            (None, None, None) => Holds::Nothing,
            (Some(kind), None, None) => Holds::Other(kind),
            (None, Some(target), None) => Holds::Link(target),
            (None, None, Some(digest)) => Holds::File {
                mode: u32::from_str_radix(&line.mode?, 8).ok().filter(|mode| *mode <= MODE_MAX)?,
                sha256: hex_exact(digest.as_bytes())?,
                size: line.size.filter(|size| *size <= INTEGER_MAX)?,
            },
            _ => return None,
        };
        let path = bytes_of(line.path, line.path_base64)?;
        let touched = Touched { path, change: line.change, by: line.by, holds };
        let is_one = (touched.change == Change::Removed) == (touched.holds == Holds::Nothing);
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
        let of = |change, holds| Touched { path: b"/a b".to_vec(), change, by: vec![1, 3], holds };
        let file = Holds::File { mode: 0o644, sha256: [7; 32], size: 3 };
        let all = [
            of(Change::Made, file.clone()),
            Touched { path: b"/\xff".to_vec(), ..of(Change::Changed, Holds::Link(b"\xfe".to_vec())) },
            of(Change::Made, Holds::Other(Other::Folder)),
            Touched { by: Vec::new(), ..of(Change::Removed, Holds::Nothing) },
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
            "{\"by\":[],\"change\":\"removed\",\"kind\":\"folder\",\"path\":\"/a\"}\n",
            "{\"by\":[], \"change\":\"removed\",\"path\":\"/a\"}\n",
            "{\"by\":[],\"change\":\"removed\",\"path\":\"/a\"}",
            "{\"by\":[],\"change\":\"removed\"}\n",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
