//! Walks folders for what is in them.
//!
//! What lives here: which paths are materials, and which a pattern names. What does not: reading
//! files (`collect::read`).
//!
//! Rules: no link that nobody named is followed, and nothing that is not a folder is opened.

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use gix_glob::Pattern;
use gix_glob::pattern::{Case, Mode};
use gix_glob::wildmatch;

use super::git;
use crate::clock::Deadline;
use crate::fact::manifest::{LINES_MAX, Manifest, Special, Thing};
use crate::files::words;
use crate::os::pseudo::is_pseudo;

/// What is at a path.
pub(super) enum Found {
    /// A regular file, not read yet.
    File(PathBuf, Box<Metadata>),
    /// Another thing.
    Thing(Thing),
}

/// What a walk found, by the paths that a manifest has.
pub(super) struct Tree {
    /// What is at each path.
    pub found: BTreeMap<Vec<u8>, Found>,
    /// Who said what was left out: git, or why nobody did.
    pub ignored: String,
}

/// Patterns as in .gitignore that name products.
#[derive(Default)]
pub(super) struct Patterns {
    all: Vec<Written>,
}

/// A pattern as somebody wrote it.
struct Written {
    pattern: Pattern,
    /// The path in which everything is that it can name, relative to the folder of the session.
    begin: PathBuf,
    /// Whether it names all that is there.
    is_whole: bool,
}

impl Written {
    fn takes_out(&self) -> bool {
        self.pattern.mode.contains(Mode::NEGATIVE)
    }
}

impl Patterns {
    /// # Errors
    /// One of them is no pattern: which.
    pub fn new(patterns: &[String]) -> Result<Self, String> {
        let mut all = Patterns::default();
        for text in patterns {
            // git does not count blanks at the end, either.
            let text = if text.ends_with("\\ ") { text } else { text.trim_end_matches(' ') };
            let pattern = Pattern::from_bytes(text.as_bytes());
            let pattern = pattern.filter(|pattern| !text.starts_with('#') && !pattern.text.is_empty());
            let pattern = pattern.ok_or_else(|| format!("{text:?} is no pattern"))?;
            let parts = || text.trim_start_matches(['!', '/']).trim_end_matches('/').split('/');
            if parts().any(|part| matches!(part, "" | "." | "..")) {
                return Err(format!(
                    "{text:?} fits no path: write it from the folder of the session on, without . and .."
                ));
            }
            let path = text.strip_prefix('!').unwrap_or(text);
            let begin = beginning(path);
            let is_whole = Path::new(path.trim_start_matches('/')) == begin.join("**");
            all.all.push(Written { pattern, begin, is_whole });
        }
        Ok(all)
    }

    /// Whether no pattern was given.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether a file of this path fits, or a folder that it is in.
    pub fn fits(&self, path: &[u8]) -> bool {
        let parts = Path::new(std::ffi::OsStr::from_bytes(path));
        let inside = !path.is_empty() && parts.components().all(|part| matches!(part, Component::Normal(_)));
        let mut levels = parts.ancestors().take_while(|level| !level.as_os_str().is_empty());
        inside && levels.find_map(|level| self.decides(level, level != parts)).unwrap_or(false)
    }

    /// Whether something could fit in what nobody could look into.
    pub fn may_fit_in(&self, path: &[u8]) -> bool {
        if path == b"." {
            return !self.is_empty();
        }
        let path = Path::new(std::ffi::OsStr::from_bytes(path));
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        let decides = |one: &&Written| match one.takes_out() {
            true => one.is_whole && path.starts_with(&one.begin),
            false => one.begin.starts_with(path) || path.starts_with(&one.begin),
        };
        is_inside && self.all.iter().rfind(decides).is_some_and(|one| !one.takes_out())
    }

    /// The folders and files that are walked for them.
    fn begins(&self) -> impl Iterator<Item = &Path> {
        self.all.iter().filter(|one| !one.takes_out()).map(|one| one.begin.as_path())
    }

    /// What the last pattern that a path fits says of it.
    fn decides(&self, path: &Path, is_dir: bool) -> Option<bool> {
        let bytes = path.as_os_str().as_bytes();
        let base = bytes.iter().rposition(|byte| *byte == b'/').map(|at| at + 1);
        let fits = |one: &&Written| {
            let mode = wildmatch::Mode::NO_MATCH_SLASH_LITERAL;
            one.pattern.matches_repo_relative_path(bytes.into(), base, Some(is_dir), Case::Sensitive, mode)
        };
        self.all.iter().rfind(fits).map(|one| !one.takes_out())
    }
}

/// The longest path without a wildcard in which everything is that a pattern can name. A pattern
/// without a slash in it can name something anywhere.
fn beginning(pattern: &str) -> PathBuf {
    let pattern = pattern.trim_end_matches('/');
    if !pattern.contains('/') {
        return PathBuf::new();
    }
    let parts = pattern.split('/').filter(|part| !part.is_empty());
    parts.take_while(|part| !part.contains(['*', '?', '[', '\\'])).collect()
}

/// What is looked for.
pub(super) struct Places<'a> {
    /// The folder of the session.
    pub folder: &'a Path,
    /// The paths that are materials, without a link in them.
    pub named: &'a [String],
    /// What names products.
    pub patterns: &'a Patterns,
    /// What the first look saw; none if this is the first one.
    pub before: Option<&'a Manifest>,
    /// The session's own folder, by device and inode.
    pub own: Option<(u64, u64)>,
    /// How long git may take each time.
    pub git: Duration,
    /// By when it must be over.
    pub until: Deadline,
}

/// A path that a person named, as it is without links: relative to the folder if it leads into it.
pub(super) fn resolved(folder: &Path, name: &str) -> Option<String> {
    let (folder, at) = (folder.canonicalize().ok()?, folder.join(name).canonicalize().ok()?);
    let path = at.strip_prefix(&folder).unwrap_or(&at);
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    path.to_str().map(str::to_owned)
}

/// Walks all of it.
///
/// # Errors
/// It takes too long, there is too much of it, or a path that was named is not there when the session
/// begins.
pub(super) fn walk(places: &Places) -> Result<Tree, String> {
    let mut walk = Walk::new(places)?;
    for name in places.named {
        match walk.named(name) {
            Err(why) if places.before.is_none() => return Err(format!("{name}: {why}")),
            _ => walk.enough()?,
        }
    }
    for begin in places.patterns.begins() {
        walk.pattern(begin)?;
    }
    Ok(Tree { found: walk.found, ignored: walk.ignored })
}

/// What of a folder counts.
#[derive(Clone, Copy)]
enum Takes<'a> {
    /// All of it.
    All,
    /// What git does not leave out.
    Kept,
    /// What fits the patterns.
    Fitting(&'a Patterns),
}

impl Takes<'_> {
    fn fits(self, path: &[u8]) -> bool {
        match self {
            Takes::Fitting(patterns) => patterns.fits(path),
            Takes::All | Takes::Kept => true,
        }
    }
}

/// All that is in a folder.
///
/// # Errors
/// It is no folder, or there is too much of it.
pub(super) fn all_of(folder: &Path, until: Deadline) -> Result<Tree, String> {
    let (patterns, git) = (Patterns::default(), Duration::ZERO);
    let places = Places { folder, named: &[], patterns: &patterns, before: None, own: None, git, until };
    let mut walk = Walk::new(&places)?;
    let at = walk.folder.clone();
    let device = at.metadata().map_err(|error| words(&error))?.dev();
    if is_pseudo(&at) {
        return Err(PSEUDO.to_owned());
    }
    walk.walk(Folder { at, path: Vec::new(), device, is_hidden: false }, Takes::All)?;
    Ok(Tree { found: walk.found, ignored: walk.ignored })
}

const PSEUDO: &str = "its files are made up by the kernel";

struct Walk<'a> {
    places: &'a Places<'a>,
    /// The folder of the session, without a link in its path.
    folder: PathBuf,
    found: BTreeMap<Vec<u8>, Found>,
    /// What git leaves out.
    left_out: HashSet<PathBuf>,
    ignored: String,
}

/// A folder that is still to be walked.
struct Folder {
    at: PathBuf,
    path: Vec<u8>,
    device: u64,
    /// git leaves it out by now; something in it was a material.
    is_hidden: bool,
}

impl<'a> Walk<'a> {
    fn new(places: &'a Places<'a>) -> Result<Self, String> {
        let ignored = if places.named.is_empty() { "nothing" } else { "" }.to_owned();
        let folder = places.folder.canonicalize().map_err(|error| words(&error))?;
        Ok(Walk { places, folder, found: BTreeMap::new(), left_out: HashSet::new(), ignored })
    }

    /// What a person named.
    fn named(&mut self, name: &str) -> Result<(), String> {
        let path = normal(name);
        let at = self.folder.join(Path::new(std::ffi::OsStr::from_bytes(&path)));
        let real = at.canonicalize().map_err(|error| {
            self.not_looked_at(path.clone(), &error);
            words(&error)
        })?;
        if real != at {
            return Err("a symbolic link stands in its place, or above it".to_owned());
        }
        let meta = at.symlink_metadata().map_err(|error| words(&error))?;
        if is_pseudo(&at) {
            return Err(PSEUDO.to_owned());
        }
        if !meta.is_dir() {
            self.thing(path, at, meta);
            return Ok(());
        }
        self.ask_git(&at);
        self.walk(Folder { at, path, device: meta.dev(), is_hidden: false }, Takes::Kept)
    }

    /// What a pattern names. No link above it is followed.
    fn pattern(&mut self, begin: &Path) -> Result<(), String> {
        let at = self.folder.join(begin);
        let path = begin.as_os_str().as_bytes().to_vec();
        let meta = match at.symlink_metadata() {
            Ok(meta) => meta,
            Err(error) => {
                self.not_looked_at(path, &error);
                return Ok(());
            }
        };
        let patterns = self.places.patterns;
        let above = at.parent().and_then(|above| above.canonicalize().ok());
        if begin.as_os_str().is_empty() || above.as_deref() == at.parent() {
            if meta.is_dir() && is_pseudo(&at) {
                self.special(path, Special::Pseudo);
            } else if meta.is_dir() {
                let folder = Folder { at, path, device: meta.dev(), is_hidden: false };
                return self.walk(folder, Takes::Fitting(patterns));
            } else if patterns.fits(&path) {
                self.thing(path, at, meta);
            }
        }
        Ok(())
    }

    /// What is not there is not listed; what nobody may look at is.
    fn not_looked_at(&mut self, path: Vec<u8>, error: &std::io::Error) {
        use std::io::ErrorKind::{NotADirectory, NotFound};
        if !matches!(error.kind(), NotFound | NotADirectory) {
            self.special(path, Special::Unreadable);
        }
    }

    /// What git leaves out below a folder.
    fn ask_git(&mut self, at: &Path) {
        match git::ignored(at, self.places.git.min(self.places.until.left())) {
            Ok(paths) => {
                self.left_out.extend(paths);
                if self.ignored.is_empty() {
                    "git".clone_into(&mut self.ignored);
                }
            }
            // What git could not say once, it did not say.
            Err(why) => self.ignored = why,
        }
    }

    /// Whether what git leaves out is left out here, too. What it left out at the first look never
    /// becomes a product, and what was a material stays one.
    fn is_left_out(&mut self, folder: &Folder, at: &Path, path: &[u8]) -> bool {
        let is_hidden = folder.is_hidden || self.left_out.contains(at);
        match self.places.before {
            None if is_hidden => {
                self.special(path.to_vec(), Special::Ignored);
                true
            }
            None => false,
            Some(before) if before.find(path) == Some(&Thing::Special(Special::Ignored)) => true,
            Some(before) => is_hidden && before.find(path).is_none() && !before.has_below(path),
        }
    }

    /// A folder and those in it.
    fn walk(&mut self, top: Folder, takes: Takes) -> Result<(), String> {
        let is_kept = matches!(takes, Takes::Kept);
        let mut folders = vec![top];
        while let Some(folder) = folders.pop() {
            self.enough()?;
            // Nothing says what would be in a folder that cannot be read.
            let own = || if folder.path.is_empty() { b".".to_vec() } else { folder.path.clone() };
            let Ok(entries) = std::fs::read_dir(&folder.at) else {
                self.special(own(), Special::Unreadable);
                continue;
            };
            for entry in entries {
                let Ok(entry) = entry else {
                    self.special(own(), Special::Unreadable);
                    break;
                };
                self.enough()?;
                let (at, name) = (entry.path(), entry.file_name().into_vec());
                if name == b".git" && !matches!(takes, Takes::All) {
                    continue;
                }
                let path = match folder.path.as_slice() {
                    b"" => name,
                    before => [before, b"/", &name].concat(),
                };
                if is_kept && self.is_left_out(&folder, &at, &path) {
                    continue;
                }
                let meta = match at.symlink_metadata() {
                    Ok(meta) => meta,
                    Err(error) => {
                        self.not_looked_at(path, &error);
                        continue;
                    }
                };
                if !meta.is_dir() {
                    if takes.fits(&path) {
                        self.thing(path, at, meta);
                    }
                } else if self.places.own == Some((meta.dev(), meta.ino())) {
                    // What the recorder writes is nobody's product.
                } else if meta.dev() != folder.device && is_pseudo(&at) {
                    self.special(path, Special::Pseudo);
                } else {
                    if is_kept && at.join(".git").symlink_metadata().is_ok() {
                        self.ask_git(&at);
                    }
                    let is_hidden = is_kept && (folder.is_hidden || self.left_out.contains(&at));
                    // What is in the folder of the session is named from there on, whoever leads to it.
                    let path = if at == self.folder { Vec::new() } else { path };
                    folders.push(Folder { at, path, device: meta.dev(), is_hidden });
                }
            }
        }
        Ok(())
    }

    fn thing(&mut self, path: Vec<u8>, at: PathBuf, meta: Metadata) {
        let kind = meta.file_type();
        let found = if kind.is_file() {
            Found::File(at, Box::new(meta))
        } else if kind.is_symlink() {
            match std::fs::read_link(&at) {
                Ok(target) => Found::Thing(Thing::Link(target.into_os_string().into_vec())),
                Err(_) => Found::Thing(Thing::Special(Special::Unreadable)),
            }
        } else {
            let special = match () {
                () if kind.is_fifo() => Special::Fifo,
                () if kind.is_socket() => Special::Socket,
                () if kind.is_block_device() => Special::BlockDevice,
                () => Special::CharacterDevice,
            };
            Found::Thing(Thing::Special(special))
        };
        // What git leaves out and a person or a pattern names is there.
        if self
            .found
            .get(&path)
            .is_none_or(|have| matches!(have, Found::Thing(Thing::Special(Special::Ignored))))
        {
            self.found.insert(path, found);
        }
    }

    fn special(&mut self, path: Vec<u8>, kind: Special) {
        self.found.entry(path).or_insert(Found::Thing(Thing::Special(kind)));
    }

    /// Whether it is time to stop.
    fn enough(&self) -> Result<(), String> {
        if self.found.len() > LINES_MAX {
            return Err(format!("there are more than {LINES_MAX} files"));
        }
        if self.places.until.left().is_zero() { Err("it took too long".to_owned()) } else { Ok(()) }
    }
}

/// A path as a manifest has it: without `.`, and without a slash at its end.
fn normal(name: &str) -> Vec<u8> {
    let parts = Path::new(name).components().filter(|part| !matches!(part, Component::CurDir));
    parts.collect::<PathBuf>().into_os_string().into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_in_one_way() {
        for (name, path) in
            [(".", ""), ("./a//b/", "a/b"), ("/x/./y", "/x/y"), ("../a", "../a"), ("a/..", "a/..")]
        {
            assert_eq!(normal(name), path.as_bytes(), "{name}");
        }
    }

    #[test]
    fn what_is_dark_counts_where_something_could_fit() {
        let patterns = ["dist/**", "*.deb", "!data/**"].map(String::from);
        for (path, all, first) in [
            ("dist", true, true),
            ("dist/sub", true, true),
            ("data", false, false),
            ("data/sub", false, false),
            ("other", true, false),
            (".", true, true),
            ("/other", false, false),
            ("../x", false, false),
        ] {
            assert_eq!(Patterns::new(&patterns).unwrap().may_fit_in(path.as_bytes()), all, "{path}");
            assert_eq!(Patterns::new(&patterns[..1]).unwrap().may_fit_in(path.as_bytes()), first, "{path}");
            for rooted in ["/dist", "/dist/", "/dist/*"] {
                let rooted = Patterns::new(&[rooted.to_owned()]).unwrap();
                assert_eq!(rooted.may_fit_in(path.as_bytes()), first, "{path}");
            }
        }
    }

    #[test]
    fn a_pattern_is_looked_for_where_it_can_fit() {
        for (pattern, begin) in [
            ("dist/**", "dist"),
            ("/dist/app", "dist/app"),
            ("*.o", ""),
            ("dist/", ""),
            ("a/b*/c", "a"),
            ("**/x", ""),
            ("a/\\*/b", "a"),
        ] {
            assert_eq!(beginning(pattern), Path::new(begin), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_fits_as_in_gitignore() {
        let patterns =
            Patterns::new(&["dist/**".into(), "*.o".into(), "!dist/skip".into(), "out/".into()]).unwrap();
        for (path, fits) in [
            ("dist/app", true),
            ("dist/a/b", true),
            ("dist/skip", false),
            ("x/dist/app", false),
            ("src/a.o", true),
            ("out/x", true),
            ("src/out/x", true),
            ("out", false),
            ("/dist/app", false),
            ("../a.o", false),
            ("", false),
        ] {
            assert_eq!(patterns.fits(path.as_bytes()), fits, "{path}");
        }
        for none in ["", "#x", "!", "/", "./a", "a/../b", "a//b", "../a"] {
            assert!(Patterns::new(&[none.into()]).is_err(), "{none:?}");
        }
    }
}
