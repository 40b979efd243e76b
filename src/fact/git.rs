//! What a git repository says of itself, from what the `git` program prints.
//!
//! What lives here: what its answers mean, and the fact that they make. What does not: how it is
//! asked (`collect::git`).
//!
//! Rules: paths and names are bytes. A list that is cut says how long it was.

use std::collections::BTreeMap;

use serde_json::json;

use super::{GIT, Seen, Texts, url};

/// The most paths that are listed.
pub const PATHS_MAX: usize = 1000;
/// The most tags, remotes and submodules that are listed, of each.
pub const NAMES_MAX: usize = 100;
/// The longest list in bytes: what is sealed with it can be signed by an agent, too.
pub const LIST_BYTES_MAX: usize = 64 << 10;

/// A repository at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// The commit of HEAD; none before the first.
    pub commit: Option<String>,
    /// The tree of that commit.
    pub tree: Option<String>,
    /// What HEAD is a name for, such as `refs/heads/main`; none if it is detached.
    pub reference: Option<Vec<u8>>,
    /// The tags at HEAD.
    pub tags: Vec<Vec<u8>>,
    /// Each remote and its URL.
    pub remotes: Vec<(Vec<u8>, Vec<u8>)>,
    /// The paths that differ from the commit, in the order that git gives.
    pub changed: Vec<Vec<u8>>,
    /// The commit of each submodule that is there.
    pub submodules: Vec<(Vec<u8>, String)>,
    /// Its folder; of a bare one its git folder.
    pub folder: Vec<u8>,
    /// Whether it has no files of its own.
    pub bare: bool,
    /// Whether its history is cut off.
    pub shallow: bool,
}

/// Whether bytes are the name of an object: SHA-1 or SHA-256 in hexadecimal.
#[must_use]
pub fn is_object(bytes: &[u8]) -> bool {
    let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    matches!(bytes.len(), 40 | 64) && bytes.iter().all(hex)
}

/// What `git status --porcelain=v2 --branch -z` says: the commit, the branch, the paths.
#[must_use]
pub fn read_status(said: &[u8]) -> Option<Repository> {
    let mut repository = Repository::default();
    let mut rows = said.split(|byte| *byte == 0);
    while let Some(row) = rows.next() {
        if let Some(commit) = row.strip_prefix(b"# branch.oid ") {
            repository.commit = object(commit);
        } else if let Some(head) = row.strip_prefix(b"# branch.head ") {
            let named = head != b"(detached)";
            repository.reference = named.then(|| [b"refs/heads/", head].concat());
        } else {
            // The fields before the path, by the kind of the row.
            let fields = match row.first() {
                None | Some(b'#') => continue,
                Some(b'1') => 8,
                Some(b'2') => 9,
                Some(b'u') => 10,
                Some(b'?' | b'!') => 1,
                Some(_) => return None,
            };
            let path = row.splitn(fields + 1, |byte| *byte == b' ').nth(fields)?;
            repository.changed.push(path.to_vec());
            if row[0] == b'2' {
                // The name that it had before.
                repository.changed.push(rows.next()?.to_vec());
            }
        }
    }
    Some(repository)
}

/// What the index says of paths that `git status` says nothing of.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The submodules and their commits.
    pub submodules: Vec<(Vec<u8>, String)>,
    /// The paths that git was told to take for unchanged.
    pub unwatched: Vec<Vec<u8>>,
    /// The paths that git was told need not be there.
    pub absent: Vec<Vec<u8>>,
}

/// What `git ls-files --stage -v -z` says.
#[must_use]
pub fn read_index(said: &[u8]) -> Option<Index> {
    let mut index = Index::default();
    for row in said.split(|byte| *byte == 0).filter(|row| !row.is_empty()) {
        let tab = row.iter().position(|byte| *byte == b'\t')?;
        let mut fields = row[..tab].split(|byte| *byte == b' ');
        let (tag, mode, commit) = (fields.next()?, fields.next()?, fields.next()?);
        let path = row[tab + 1..].to_vec();
        match tag {
            [tag] if tag.is_ascii_lowercase() => index.unwatched.push(path.clone()),
            b"S" => index.absent.push(path.clone()),
            _ => {}
        }
        if mode == b"160000" {
            index.submodules.push((path, object(commit)?));
        }
    }
    Some(index)
}

/// A setting of git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, in lower case but for what the user chose.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// Whether the user, the system or the environment set it, and not the repository.
    pub is_users: bool,
}

/// What `git config --null --show-scope --get-regexp` says.
#[must_use]
pub fn read_config(said: &[u8]) -> Vec<Setting> {
    let mut rows = said.split(|byte| *byte == 0);
    let mut settings = Vec::new();
    while let (Some(scope), Some(row)) = (rows.next(), rows.next()) {
        // A name without a value has no line of its own.
        let end = row.iter().position(|byte| *byte == b'\n');
        settings.push(Setting {
            name: row[..end.unwrap_or(row.len())].to_vec(),
            value: end.map_or_else(Vec::new, |end| row[end + 1..].to_vec()),
            is_users: matches!(scope, b"system" | b"global" | b"command"),
        });
    }
    settings
}

/// The name of an object in a line of git.
#[must_use]
pub fn object(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii();
    is_object(bytes).then(|| String::from_utf8_lossy(bytes).into_owned())
}

impl Repository {
    /// As a fact.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let mut texts = Texts::default();
        texts.add_some("commit", self.commit.as_deref());
        texts.add_some("tree", self.tree.as_deref());
        texts.add_some("ref", self.reference.as_deref());
        texts.add("folder", self.folder.as_slice());
        texts.add("bare", word(self.bare));
        texts.add("shallow", word(self.shallow));
        texts.add("tags", list(&self.tags, NAMES_MAX));
        let url = |(name, url): &(Vec<u8>, Vec<u8>)| (name.clone(), shown(&url::remote(url)));
        texts.add("remotes", object_of(self.remotes.iter().map(url)));
        let commit = |(path, commit): &(Vec<u8>, String)| (path.clone(), commit.clone());
        texts.add("submodules", object_of(self.submodules.iter().map(commit)));
        // A bare repository has no files that could differ.
        if !self.bare {
            texts.add("changed", list(&self.changed, PATHS_MAX));
            texts.add("changedCount", self.changed.len().to_string());
        }
        Seen::new(GIT, texts)
    }
}

fn word(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// A JSON array of at most so many texts, and of no more bytes than a list may have.
fn list(names: &[Vec<u8>], most: usize) -> Vec<u8> {
    let mut room = LIST_BYTES_MAX;
    let fits = |text: &String| take(&mut room, text.len());
    let texts: Vec<String> = names.iter().take(most).map(|name| shown(name)).take_while(fits).collect();
    json!(texts).to_string().into_bytes()
}

/// A JSON object with its members in order, of no more bytes than a list may have.
fn object_of(members: impl Iterator<Item = (Vec<u8>, String)>) -> Vec<u8> {
    let mut room = LIST_BYTES_MAX;
    let fits = |(name, value): &(String, String)| take(&mut room, name.len() + value.len());
    let members = members.take(NAMES_MAX).map(|(name, value)| (shown(&name), value)).take_while(fits);
    json!(members.collect::<BTreeMap<_, _>>()).to_string().into_bytes()
}

/// Takes so many bytes of the room, with those that JSON puts around them, if they are there.
fn take(room: &mut usize, bytes: usize) -> bool {
    let left = room.checked_sub(bytes + 8);
    *room = left.unwrap_or(0);
    left.is_some()
}

/// Bytes as a text of JSON: what is not UTF-8 stands as `\xNN`, and a backslash as two.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d";

    fn text(seen: &Seen, name: &str) -> Option<String> {
        seen.texts.get(name).map(|text| String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn a_path_that_differs_is_not_listed() {
        let said = format!(
            "# branch.oid {SHA}\0# branch.head main\0# branch.upstream origin/main\0# branch.ab +0 -0\0\
             1 .M N... 100644 100644 100644 {SHA} {SHA} a b\0\
             2 R. N... 100644 100644 100644 {SHA} {SHA} R100 new\0old\0\
             u UU N... 100644 100644 100644 100644 {SHA} {SHA} {SHA} both\0? un tracked\0"
        );
        let repository = read_status(said.as_bytes()).unwrap();
        assert_eq!(repository.commit.as_deref(), Some(SHA));
        assert_eq!(repository.reference.as_deref(), Some(&b"refs/heads/main"[..]));
        let paths: Vec<_> = repository.changed.iter().map(|path| String::from_utf8_lossy(path)).collect();
        assert_eq!(paths, ["a b", "new", "old", "both", "un tracked"]);
        assert_eq!(read_status(b"3 what\0"), None);
        assert_eq!(read_status(b"1 .M short\0"), None);
    }

    #[test]
    fn a_head_without_a_commit_or_a_branch_has_one() {
        let first = read_status(b"# branch.oid (initial)\0# branch.head main\0").unwrap().seen();
        assert_eq!((text(&first, "commit"), text(&first, "ref")), (None, Some("refs/heads/main".into())));
        let said = format!("# branch.oid {SHA}\0# branch.head (detached)\0");
        let detached = read_status(said.as_bytes()).unwrap().seen();
        assert_eq!((text(&detached, "commit").as_deref(), text(&detached, "ref")), (Some(SHA), None));
        assert_eq!(text(&detached, "changedCount").as_deref(), Some("0"));
    }

    #[test]
    fn a_long_list_is_cut_in_silence() {
        let changed = (0..PATHS_MAX + 5).map(|n| n.to_string().into_bytes()).collect();
        let seen = Repository { changed, ..Repository::default() }.seen();
        let listed: Vec<String> = serde_json::from_str(&text(&seen, "changed").unwrap()).unwrap();
        assert_eq!((listed.len(), text(&seen, "changedCount").unwrap()), (PATHS_MAX, "1005".to_owned()));
        let long = vec![vec![b'a'; 4000]; 100];
        let seen = Repository { changed: long, ..Repository::default() }.seen();
        let listed: Vec<String> = serde_json::from_str(&text(&seen, "changed").unwrap()).unwrap();
        assert_eq!((listed.len(), text(&seen, "changedCount").as_deref()), (16, Some("100")));
        let bare = Repository { bare: true, ..Repository::default() }.seen();
        assert_eq!((text(&bare, "changed"), text(&bare, "changedCount")), (None, None));
    }

    #[test]
    fn a_name_that_is_no_text_is_another() {
        let changed = vec![b"a\xff".to_vec(), b"a\\xff".to_vec(), b"\"\n".to_vec()];
        let remotes = vec![(b"origin".to_vec(), b"https://u:p@h/a".to_vec())];
        let seen = Repository { changed, remotes, ..Repository::default() }.seen();
        assert_eq!(text(&seen, "changed").unwrap(), r#"["a\\xff","a\\\\xff","\"\n"]"#);
        assert_eq!(text(&seen, "remotes").unwrap(), r#"{"origin":"https://h/a"}"#);
    }

    #[test]
    fn a_submodule_is_taken_for_a_file() {
        let said = format!(
            "H 100644 {SHA} 0\tfile\0H 160000 {SHA} 0\tlib/a b\0h 100644 {SHA} 0\tc d\0S 100644 {SHA} 0\te\0"
        );
        let index = Index {
            submodules: vec![(b"lib/a b".to_vec(), SHA.to_owned())],
            unwatched: vec![b"c d".to_vec()],
            absent: vec![b"e".to_vec()],
        };
        assert_eq!(read_index(said.as_bytes()), Some(index));
        assert_eq!(read_index(b"H 100644\0"), None);
        let said = read_config(b"local\0remote.origin.url\nhttps://h/a\0global\0filter.x.required\0");
        let of = |name: &str, value: &str, is_users| Setting {
            name: name.as_bytes().to_vec(),
            value: value.as_bytes().to_vec(),
            is_users,
        };
        assert_eq!(said, [of("remote.origin.url", "https://h/a", false), of("filter.x.required", "", true)]);
    }
}
