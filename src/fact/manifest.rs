//! A manifest: files as they were at one moment, one line each.
//!
//! What lives here: its lines, its order, its root, and what one manifest has that another has not.
//! What does not: looking at files (`collect::files`). Normative: attesh-facts(5).
//!
//! Rules: one spelling only, so reading compares with writing.

use serde::{Deserialize, Serialize};

use crate::crypto::{Digest, sha256};
use crate::encoding::{base64, base64_strict, hex, hex_exact};
use crate::journal::chain::{Frontier, leaf};
use crate::record::{INTEGER_MAX, words};

/// The most lines of a manifest.
pub const LINES_MAX: usize = 1_000_000;
/// The permission bits of a file.
pub const MODE_MAX: u32 = 0o7777;
/// The longest manifest in bytes.
pub const BYTES_MAX: u64 = 1 << 30;

words! {
    /// What is neither a regular file that was read nor a symbolic link.
    Special {
        /// A named pipe.
        Fifo = "fifo",
        /// A socket.
        Socket = "socket",
        /// A block device.
        BlockDevice = "block-device",
        /// A character device.
        CharacterDevice = "character-device",
        /// A folder of a file system of the kernel.
        Pseudo = "pseudo",
        /// Nobody may read it.
        Unreadable = "unreadable",
        /// It changed while it was read.
        Changing = "changing",
        /// It was there before.
        Vanished = "vanished",
        /// git ignored it when the session began, and nothing of it is a product.
        Ignored = "ignored",
        /// Nobody saw whether it was there before.
        Unknown = "unknown",
        /// A folder; a manifest lists what is in it.
        Folder = "folder",
        /// A name of another root or other mounts; in no manifest.
        Elsewhere = "elsewhere",
    }
}

impl Special {
    /// Whether a manifest has it; the others are told of names that programs touch.
    #[must_use]
    pub fn is_in_manifests(self) -> bool {
        !matches!(self, Special::Folder | Special::Elsewhere)
    }
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
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
    Special(Special),
}

/// A path, and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path.
    pub path: Vec<u8>,
    /// What is there.
    pub thing: Thing,
}

/// The members of a line, in the order of RFC 8785.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Line {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    kind: Option<Special>,
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

/// Bytes as a text, or in base64.
fn text_or_base64(bytes: &[u8]) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(base64(bytes))),
    }
}

/// The bytes that stand as a text, or in base64.
fn bytes_of(text: Option<String>, base64: Option<String>) -> Option<Vec<u8>> {
    text.map(String::into_bytes).or_else(|| base64_strict(base64?.as_bytes()))
}

impl Entry {
    /// Its line, without the newline.
    fn line(&self) -> Vec<u8> {
        serde_json::to_vec(&self.members()).expect("the types hold nothing that JSON cannot carry")
    }

    /// The members of its line.
    pub(super) fn members(&self) -> Line {
        let (path, path_base64) = text_or_base64(&self.path);
        let line = Line { path, path_base64, ..Line::default() };
        match &self.thing {
            Thing::File { mode, sha256, size } => Line {
                mode: Some(format!("{mode:04o}")),
                sha256: Some(hex(sha256)),
                size: Some(*size),
                ..line
            },
            Thing::Link(target) => {
                let (link, link_base64) = text_or_base64(target);
                Line { link, link_base64, ..line }
            }
            Thing::Special(kind) => Line { kind: Some(*kind), ..line },
        }
    }

    /// The entry of a line; `None` if it is spelled otherwise.
    fn of_line(bytes: &[u8]) -> Option<Self> {
        let entry = Entry::of_members(serde_json::from_slice(bytes).ok()?)?;
        let is_listed = match entry.thing {
            Thing::Special(kind) => kind.is_in_manifests(),
            _ => true,
        };
        (is_listed && entry.line() == bytes).then_some(entry)
    }

    /// The entry of these members.
    pub(super) fn of_members(line: Line) -> Option<Self> {
        let link = bytes_of(line.link, line.link_base64);
        let thing = match (line.kind, link, line.sha256) {
            (Some(kind), None, None) => Thing::Special(kind),
            (None, Some(target), None) => Thing::Link(target),
            (None, None, Some(digest)) => Thing::File {
                mode: u32::from_str_radix(&line.mode?, 8).ok().filter(|mode| *mode <= MODE_MAX)?,
                sha256: hex_exact(digest.as_bytes())?,
                size: line.size.filter(|size| *size <= INTEGER_MAX)?,
            },
            _ => return None,
        };
        Some(Entry { path: bytes_of(line.path, line.path_base64)?, thing })
    }

    /// Its digest, if it is a regular file that was read.
    #[must_use]
    pub fn sha256(&self) -> Option<&Digest> {
        match &self.thing {
            Thing::File { sha256, .. } => Some(sha256),
            _ => None,
        }
    }

    /// Whether nobody could see what is there, or whether it was there before.
    #[must_use]
    pub fn is_unseen(&self) -> bool {
        let unseen = [Special::Unreadable, Special::Changing, Special::Unknown];
        matches!(self.thing, Thing::Special(kind) if unseen.contains(&kind))
    }

    /// The name that it has as a subject, but for those that have another meaning there.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(&self.path)
    }
}

/// Files as they were at one moment, in the order of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    entries: Vec<Entry>,
}

impl Manifest {
    /// A manifest of these; the first of a path counts.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|one, next| one.path.cmp(&next.path));
        entries.dedup_by(|next, one| one.path == next.path);
        Manifest { entries }
    }

    /// What it lists.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The manifest that these bytes spell; `None` if they spell none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let entries: Option<Vec<Entry>> = match bytes.strip_suffix(b"\n") {
            Some(lines) => lines.split(|byte| *byte == b'\n').map(Entry::of_line).collect(),
            None => bytes.is_empty().then(Vec::new),
        };
        let entries = entries.filter(|entries| entries.len() <= LINES_MAX)?;
        entries.is_sorted_by(|one, next| one.path < next.path).then_some(Manifest { entries })
    }

    /// Its bytes, and the RFC 6962 root over its lines.
    #[must_use]
    pub fn write(&self) -> (Vec<u8>, Digest) {
        let (mut bytes, mut tree) = (Vec::new(), Frontier::default());
        for entry in &self.entries {
            let line = entry.line();
            tree.push(leaf(&line));
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
        }
        (bytes, tree.root())
    }

    /// The regular files that were read.
    pub fn files(&self) -> impl Iterator<Item = (&Entry, &Digest)> {
        self.entries.iter().filter_map(|entry| Some((entry, entry.sha256()?)))
    }

    /// How many bytes these files have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sizes = self.entries.iter().map(|entry| match entry.thing {
            Thing::File { size, .. } => size,
            _ => 0,
        });
        sizes.fold(0, u64::saturating_add)
    }

    /// What is at a path.
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<&Thing> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_slice().cmp(path)).ok()?;
        Some(&self.entries[at].thing)
    }

    /// Whether something is below a path.
    #[must_use]
    pub fn has_below(&self, path: &[u8]) -> bool {
        let below = [path, b"/"].concat();
        let at = self.entries.partition_point(|entry| entry.path < below);
        self.entries.get(at).is_some_and(|entry| entry.path.starts_with(&below))
    }

    /// Whether nobody looked into a folder above a path.
    fn is_below_dark(&self, path: &[u8]) -> bool {
        let dark = |path: &[u8]| {
            matches!(self.find(path), Some(Thing::Special(Special::Unreadable | Special::Pseudo)))
        };
        let mut ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        dark(b".") || ends.any(|end| dark(&path[..end]))
    }

    /// What is there now and was not, or was another; and what was there and is not any more. What
    /// nobody could see on one side is neither.
    #[must_use]
    pub fn since(&self, before: &Manifest) -> Manifest {
        let is_new = |entry: &&Entry| before.find(&entry.path) != Some(&entry.thing) || entry.is_unseen();
        let new = self.entries.iter().filter(is_new);
        let special = |path: &[u8], kind| Entry { path: path.to_vec(), thing: Thing::Special(kind) };
        let new = new.map(|entry| match before.find(&entry.path) {
            None if before.is_below_dark(&entry.path) => special(&entry.path, Special::Unknown),
            // It was there; nobody knows with which bytes.
            Some(Thing::Special(Special::Unreadable | Special::Changing | Special::Pseudo))
                if !entry.is_unseen() =>
            {
                special(&entry.path, Special::Unknown)
            }
            _ => entry.clone(),
        });
        let is_seen = |entry: &&Entry| match entry.thing {
            Thing::Special(Special::Ignored) => false,
            Thing::Special(Special::Unreadable | Special::Pseudo) => {
                !self.has_below(&entry.path) && entry.path != b"."
            }
            _ => true,
        };
        let gone = before.entries.iter().filter(|entry| self.find(&entry.path).is_none()).filter(is_seen);
        let gone = gone.map(|entry| match self.is_below_dark(&entry.path) {
            true => special(&entry.path, Special::Unreadable),
            // What was there, if something was, may be anywhere by now.
            false if entry.is_unseen() => special(&entry.path, Special::Unknown),
            false => special(&entry.path, Special::Vanished),
        });
        Manifest::new(new.chain(gone).collect())
    }

    /// What of it fits.
    #[must_use]
    pub fn of(self, fits: impl Fn(&Entry) -> bool) -> Manifest {
        Manifest { entries: self.entries.into_iter().filter(|entry| fits(entry)).collect() }
    }

    /// The names and digests of its files, as subjects have them.
    #[must_use]
    pub fn named(&self) -> Vec<(String, String)> {
        self.files().map(|(entry, sha256)| (entry.name(), hex(sha256))).collect()
    }
}

/// The digest over names and digests, in hexadecimal: that of what sha256sum(1) prints.
#[must_use]
pub fn sums<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let lines: String = files.map(|(name, sha256)| format!("{sha256}  {name}\n")).collect();
    hex(&sha256(&[lines.as_bytes()]))
}

/// A path as the name of a subject: what is not UTF-8, and control characters, stand as `\xNN`, and
/// a backslash as two; a name that means something else in a statement has `./` in front.
#[must_use]
pub fn name_of(path: &[u8]) -> String {
    let mut text = String::new();
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                c if c.is_ascii_control() => text.push_str(&format!("\\x{:02x}", u32::from(c))),
                c => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    let taken = ["script:", "attached:"].iter().any(|prefix| text.starts_with(prefix));
    if taken || ["session", "session.transcript"].contains(&text.as_str()) {
        text.insert_str(0, "./");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &[u8], text: &[u8]) -> Entry {
        let thing = Thing::File { mode: 0o644, sha256: sha256(&[text]), size: text.len() as u64 };
        Entry { path: path.to_vec(), thing }
    }

    fn all() -> Manifest {
        Manifest::new(vec![
            file(b"src/main.c", b"abc"),
            file(b"a\xff\n", b""),
            Entry { path: b"l".to_vec(), thing: Thing::Link(b"../x".to_vec()) },
            Entry { path: b"m".to_vec(), thing: Thing::Link(b"\xfe".to_vec()) },
            Entry { path: b"p".to_vec(), thing: Thing::Special(Special::Fifo) },
        ])
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let (bytes, root) = all().write();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], r#"{"link":"../x","path":"l"}"#);
        assert_eq!(lines[2], r#"{"linkBase64":"/g==","path":"m"}"#);
        assert_eq!(lines[3], r#"{"kind":"fifo","path":"p"}"#);
        assert!(lines[0].starts_with(r#"{"mode":"0644","pathBase64":"Yf8K","sha256":"e3b0"#), "{text}");
        assert!(lines[4].ends_with(r#","size":3}"#), "{text}");
        let read = Manifest::read(&bytes).unwrap();
        assert_eq!((read.write().1, read), (root, all()));
        assert_eq!(Manifest::read(b""), Some(Manifest::default()));
        assert_eq!(hex(&Manifest::default().write().1), hex(&sha256(&[])));
    }

    #[test]
    fn another_spelling_is_no_manifest() {
        let (bytes, _) = all().write();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.swap(1, 2);
        let twice = format!("{text}{}\n", text.lines().last().unwrap());
        for other in [
            text.trim_end().to_owned(),
            format!("{text}\n"),
            text.replace("\"path\":\"l\"", "\"path\": \"l\""),
            text.replace("0644", "00644"),
            text.replace("\"kind\":\"fifo\"", "\"kind\":\"pipe\""),
            text.replace("{\"kind\":\"fifo\",", "{\"kind\":\"fifo\",\"link\":\"x\","),
            text.replace("/g==", "L2c="),
            text.replace("\"size\":3", "\"size\":3,\"x\":1"),
            lines.join("\n") + "\n",
            twice,
        ] {
            assert_ne!(other, text);
            assert_eq!(Manifest::read(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn what_is_new_or_changed_or_gone_is_a_product_and_nothing_else() {
        let before =
            Manifest::new(vec![file(b"a", b"1"), file(b"b", b"1"), file(b"c", b"1"), file(b"m", b"1")]);
        let mut mode = file(b"m", b"1");
        mode.thing = Thing::File { mode: 0o755, sha256: sha256(&[b"1"]), size: 1 };
        let now = Manifest::new(vec![file(b"a", b"1"), file(b"b", b"2"), file(b"d", b"1"), mode.clone()]);
        let gone = Entry { path: b"c".to_vec(), thing: Thing::Special(Special::Vanished) };
        assert_eq!(now.since(&before).entries(), [file(b"b", b"2"), gone, file(b"d", b"1"), mode]);
        assert_eq!(now.since(&now), Manifest::default());
    }

    #[test]
    fn what_nobody_could_see_is_a_product_or_has_vanished() {
        let special = |path: &[u8], kind| Entry { path: path.to_vec(), thing: Thing::Special(kind) };
        let dark = |path: &[u8]| special(path, Special::Unreadable);
        let before = Manifest::new(vec![dark(b"d"), special(b"i", Special::Ignored), file(b"k/a", b"1")]);
        let now = Manifest::new(vec![file(b"d/a", b"1"), file(b"d2", b"1"), dark(b"k")]);
        let expected = [special(b"d/a", Special::Unknown), file(b"d2", b"1"), dark(b"k"), dark(b"k/a")];
        assert_eq!(now.since(&before).entries(), expected);
        // Dark at both ends, and dark and gone: neither is silent.
        let still = Manifest::new(vec![dark(b"d"), file(b"k/a", b"1")]);
        assert_eq!(still.since(&before).entries(), [dark(b"d")]);
        let gone = Manifest::new(vec![file(b"k/a", b"1")]);
        assert_eq!(gone.since(&before).entries(), [special(b"d", Special::Unknown)]);
        let all = Manifest::new(vec![dark(b".")]);
        assert_eq!(now.since(&all).entries()[0], special(b"d/a", Special::Unknown));
        assert!(now.has_below(b"d") && !now.has_below(b"d2") && !now.has_below(b"x"));
    }

    #[test]
    fn the_name_of_a_subject_is_one_path_alone() {
        for (path, name) in [
            (&b"dist/app"[..], "dist/app"),
            (b"a\\xff", "a\\\\xff"),
            (b"a\xff", "a\\xff"),
            (b"a\nb", "a\\x0ab"),
            (b"script:x", "./script:x"),
            (b"session", "./session"),
            ("ü".as_bytes(), "ü"),
        ] {
            assert_eq!(name_of(path), name);
        }
        let named = Manifest::new(vec![file(b"b", b"abc"), file(b"a", b"")]).named();
        let digest = sums(named.iter().map(|(name, sha256)| (name.as_str(), sha256.as_str())));
        let printed = format!("{}  a\n{}  b\n", hex(&sha256(&[])), hex(&sha256(&[b"abc"])));
        assert_eq!(digest, hex(&sha256(&[printed.as_bytes()])));
    }
}
