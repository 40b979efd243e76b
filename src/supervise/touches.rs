//! The names that processes below a command made, changed or removed something by.
//!
//! What lives here: what had a name when it was first touched, who touched it, and what has it after the
//! command. What does not: which calls touch (`os::touch`), the text of it (`fact::touched`).
//!
//! Rules: a name that a process gives says where to look, and nothing more; what it holds is looked at
//! once the command has ended. What could not be read is counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::units::When;
use crate::fact::manifest::{Entry, MODE_MAX, Special, Thing};
use crate::fact::touched::{Change, Touched};
use crate::files::digest_of;
use crate::os::touch::{Name, is_elsewhere, is_left_out};

/// The most names that are kept at a time; what is touched beyond that is counted.
const NAMES_MAX: usize = 500_000;
/// How often a file is read that changes meanwhile.
const TRIES: usize = 3;

/// What was touched in one command.
#[derive(Default)]
struct Touches {
    /// By the name as it was given, and whether a link at its end was followed.
    names: BTreeMap<(Vec<u8>, bool), Touch>,
    lost: u64,
}

/// A name that was touched.
struct Touch {
    /// Something had it before.
    was_there: bool,
    /// It is of another root, or other mounts, than those of this process.
    elsewhere: bool,
    by: BTreeSet<u64>,
    /// The how manieth name of all it was.
    order: usize,
}

/// What was touched, by the command that it belongs to.
#[derive(Default)]
pub struct AllTouches {
    of: HashMap<When, Touches>,
    count: usize,
}

/// What is to be recorded of one command.
pub struct Seen {
    /// The names, in order.
    pub touched: Vec<Touched>,
    /// How many were made and removed again.
    pub passing: u64,
    /// Calls of which no name could be read.
    pub lost: u64,
}

impl AllTouches {
    /// A process, which stands still, is about to touch a name.
    pub fn touch(&mut self, when: When, by: Option<u64>, process: u32, name: Name) {
        if is_left_out(&name.path) {
            return;
        }
        if self.count >= NAMES_MAX {
            return self.lose(when);
        }
        let touches = self.of.entry(when).or_default();
        let order = self.count;
        let touch = touches.names.entry((name.path, name.follows)).or_insert_with_key(|(path, follows)| {
            let path = Path::new(std::ffi::OsStr::from_bytes(path));
            // A link at the end that leads to nothing is there, and what it leads to is not.
            let meta = if *follows { fs::metadata(path) } else { fs::symlink_metadata(path) };
            let (was_there, elsewhere) = (meta.is_ok(), is_elsewhere(process));
            Touch { was_there, elsewhere, by: BTreeSet::new(), order }
        });
        self.count += usize::from(touch.order == order);
        touch.by.extend(by);
    }

    /// What a process was about to touch could not be read.
    pub fn lose(&mut self, when: When) {
        self.of.entry(when).or_default().lost += 1;
    }

    /// What is to be recorded by now, by command.
    pub fn take(&mut self) -> Vec<(When, Seen)> {
        self.count = 0;
        let mut all: Vec<(When, Seen)> =
            self.of.drain().map(|(when, touches)| (when, touches.seen())).collect();
        all.sort_by_key(|(when, _)| match when {
            When::Before => 0,
            When::In(n) => *n,
            When::Outside => u64::MAX,
        });
        all
    }
}

impl Touches {
    /// Looks at what has the names now.
    fn seen(self) -> Seen {
        let mut folders = HashMap::new();
        let mut real: BTreeMap<Vec<u8>, Touch> = BTreeMap::new();
        for ((path, follows), touch) in self.names {
            let path = if touch.elsewhere { path } else { real_path(&path, follows, &mut folders) };
            match real.entry(path) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(touch);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let one = entry.get_mut();
                    if touch.order < one.order {
                        (one.was_there, one.order) = (touch.was_there, touch.order);
                    }
                    one.by.extend(touch.by);
                }
            }
        }
        let (mut touched, mut passing) = (Vec::new(), 0);
        for (path, touch) in real {
            let thing = if touch.elsewhere { Thing::Special(Special::Elsewhere) } else { holds(&path) };
            let is_gone = thing == Thing::Special(Special::Vanished);
            let change = match (touch.was_there, is_gone) {
                (false, true) => {
                    passing += 1;
                    continue;
                }
                (true, true) => Change::Removed,
                (false, false) => Change::Made,
                (true, false) => Change::Changed,
            };
            let by = touch.by.into_iter().collect();
            touched.push(Touched { change, by, entry: Entry { path, thing } });
        }
        Seen { touched, passing, lost: self.lost }
    }
}

/// A name without links in its folders, as far as these are there.
fn real_path(path: &[u8], follows: bool, folders: &mut HashMap<PathBuf, Option<PathBuf>>) -> Vec<u8> {
    let given = Path::new(std::ffi::OsStr::from_bytes(path));
    if follows
        && fs::symlink_metadata(given).is_ok_and(|meta| meta.is_symlink())
        && let Ok(real) = fs::canonicalize(given)
    {
        return real.into_os_string().into_vec();
    }
    let (Some(folder), Some(name)) = (given.parent(), given.file_name()) else { return path.to_vec() };
    let real = folders.entry(folder.to_owned()).or_insert_with(|| fs::canonicalize(folder).ok());
    match real {
        Some(real) => real.join(name).into_os_string().into_vec(),
        // The folder is gone, and its name has no links that could be followed.
        None => given.components().collect::<PathBuf>().into_os_string().into_vec(),
    }
}

/// What has a name.
fn holds(path: &[u8]) -> Thing {
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => {
            return Thing::Special(Special::Vanished);
        }
        Err(_) => return Thing::Special(Special::Unreadable),
    };
    let kind = meta.file_type();
    if kind.is_file() {
        return content(path);
    }
    if kind.is_symlink() {
        let target = fs::read_link(path).map(|target| target.into_os_string().into_vec());
        return target.map_or(Thing::Special(Special::Unreadable), Thing::Link);
    }
    Thing::Special(special(kind))
}

fn special(kind: fs::FileType) -> Special {
    match kind {
        _ if kind.is_dir() => Special::Folder,
        _ if kind.is_fifo() => Special::Fifo,
        _ if kind.is_socket() => Special::Socket,
        _ if kind.is_block_device() => Special::BlockDevice,
        _ => Special::CharacterDevice,
    }
}

fn content(path: &Path) -> Thing {
    let same =
        |meta: &Metadata| (meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec());
    for _ in 0..TRIES {
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
        let opened = File::options().read(true).custom_flags(flags).open(path);
        let read = opened.and_then(|file| {
            let before = file.metadata()?;
            Ok((digest_of(&file)?, before, file.metadata()?))
        });
        match read {
            Ok((_, before, _)) if !before.is_file() => {
                return Thing::Special(special(before.file_type()));
            }
            Ok((sha256, before, after)) if same(&before) == same(&after) => {
                return Thing::File { mode: after.mode() & MODE_MAX, sha256, size: after.len() };
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Thing::Special(Special::Vanished);
            }
            Err(_) => return Thing::Special(Special::Unreadable),
        }
    }
    Thing::Special(Special::Changing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Overwrite, publish};

    #[test]
    fn what_became_of_a_name_is_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let at = |name: &str| top.join(name);
        let put = |name: &str| publish(&at(name), b"", 0o644, Overwrite::Yes).unwrap();
        ["kept", "gone", "target"].iter().for_each(|name| put(name));
        std::os::unix::fs::symlink(at("target"), at("link")).unwrap();
        fs::create_dir(at("sub")).unwrap();
        let own = std::process::id();
        let mut all = AllTouches::default();
        let mut touch = |name: &str, follows| {
            let path = at(name).into_os_string().into_vec();
            all.touch(When::In(2), Some(7), own, Name { path, follows });
        };
        for name in ["kept", "gone", "new", "passing", "link", "sub/../also", "also"] {
            touch(name, true);
        }
        touch("made", false);
        ["new", "passing", "also"].iter().for_each(|name| put(name));
        fs::create_dir(at("made")).unwrap();
        ["gone", "passing"].iter().for_each(|name| fs::remove_file(at(name)).unwrap());
        all.touch(When::In(1), None, own, Name { path: b"/dev/null".to_vec(), follows: true });
        all.lose(When::In(1));
        let seen = all.take();
        let [(When::In(1), first), (When::In(2), second)] = &seen[..] else { panic!("two commands") };
        assert_eq!((first.touched.len(), first.lost), (0, 1));
        assert_eq!((second.passing, second.lost), (1, 0));
        let told: Vec<(String, Change)> = second
            .touched
            .iter()
            .map(|one| {
                let path = PathBuf::from(std::ffi::OsStr::from_bytes(&one.entry.path));
                assert_eq!(one.by, [7]);
                (path.strip_prefix(&top).unwrap().to_str().unwrap().to_owned(), one.change)
            })
            .collect();
        let expected = [
            ("also", Change::Made),
            ("gone", Change::Removed),
            ("kept", Change::Changed),
            ("made", Change::Made),
            ("new", Change::Made),
            ("target", Change::Changed),
        ];
        assert_eq!(told, expected.map(|(name, change)| (name.to_owned(), change)));
        assert!(all.take().is_empty());
    }
}
