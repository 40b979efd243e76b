//! The names that processes below a command made, changed or removed something by.
//!
//! What lives here: what had a name when it was first touched, who touched it, and what has it after the
//! command. What does not: which calls touch (`os::touch`), the text of it (`fact::touched`).
//!
//! Rules: a name that a process gives says where to look, and nothing more; what it holds is looked at
//! once the command has ended. What could not be read is counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::fact::manifest::{Entry, MODE_MAX, Special, Thing};
use crate::fact::process::When;
use crate::fact::touched::{Change, Touched};
use crate::files::digest_of;
use crate::os::touch::{Name, State, is_left_out};

/// The most names that are kept at a time; what is touched beyond that is counted.
const NAMES_MAX: usize = 500_000;
/// How often a file is read that changes meanwhile.
const TRIES: usize = 3;

/// What was touched in one command, by the name.
#[derive(Default)]
struct Touches {
    names: BTreeMap<Vec<u8>, Touch>,
    /// Names as processes elsewhere have them, and by which starts.
    elsewhere: BTreeMap<Vec<u8>, BTreeSet<u64>>,
    lost: u64,
}

/// A name that was touched.
#[derive(Clone)]
struct Touch {
    /// What had it before.
    before: Option<State>,
    by: BTreeSet<u64>,
}

/// A name that was recorded, and what had it then.
struct Told {
    when: When,
    touched: Touched,
    state: Option<State>,
}

/// What was touched, by the command that it belongs to.
pub struct AllTouches {
    of: HashMap<When, Touches>,
    count: usize,
    /// Folders of the recorder's own.
    left_out: Vec<PathBuf>,
    /// What was recorded last of each name.
    told: HashMap<Vec<u8>, Told>,
}

/// What is to be recorded of one command.
#[derive(Default)]
pub struct Seen {
    /// The names, in order.
    pub touched: Vec<Touched>,
    /// How many had nothing before and after.
    pub passing: u64,
    /// Calls of which no name could be read.
    pub lost: u64,
}

impl AllTouches {
    /// Nothing yet; what is in these folders is no user's.
    pub fn new(left_out: impl IntoIterator<Item = PathBuf>) -> Self {
        let left_out = left_out.into_iter().map(|folder| folder.canonicalize().unwrap_or(folder)).collect();
        AllTouches { of: HashMap::new(), count: 0, left_out, told: HashMap::new() }
    }

    /// A process, which stands still, is about to touch a name.
    pub fn touch(&mut self, when: When, by: Option<u64>, name: Name) {
        let path = Path::new(OsStr::from_bytes(&name.path));
        if is_left_out(&name.path) || self.left_out.iter().any(|own| path.starts_with(own)) {
            return;
        }
        let Name { path, state, elsewhere } = name;
        if !elsewhere {
            return self.add(when, path, Touch { before: state, by: by.into_iter().collect() });
        }
        let names = &mut self.of.entry(when).or_default().elsewhere;
        if let Some(of) = names.get_mut(&path) {
            of.extend(by);
        } else if self.has_room(when) {
            self.of.entry(when).or_default().elsewhere.insert(path, by.into_iter().collect());
        }
    }

    /// Takes the room of one more name, or counts one that is not kept.
    fn has_room(&mut self, when: When) -> bool {
        if self.count >= NAMES_MAX {
            self.lose(when);
            return false;
        }
        self.count += 1;
        true
    }

    fn add(&mut self, when: When, path: Vec<u8>, touch: Touch) {
        let touches = self.of.entry(when).or_default();
        if let Some(one) = touches.names.get_mut(&path) {
            one.by.extend(touch.by);
            return;
        }
        if self.has_room(when) {
            self.of.entry(when).or_default().names.insert(path, touch);
        }
    }

    /// A folder is about to get another name: what was touched below it will have that.
    pub fn moves(&mut self, when: When, from: &[u8], to: &[u8]) {
        let below = [from, b"/"].concat();
        let moved: Vec<(Vec<u8>, Touch)> = self
            .of
            .values()
            .flat_map(|touches| touches.names.range(below.clone()..))
            .take_while(|(path, _)| path.starts_with(&below))
            .map(|(path, touch)| ([to, b"/", &path[below.len()..]].concat(), touch.clone()))
            .collect();
        for (path, touch) in moved {
            let before = State::of(Path::new(OsStr::from_bytes(&path)));
            self.add(when, path, Touch { before, ..touch });
        }
    }

    /// What a process was about to touch could not be read.
    pub fn lose(&mut self, when: When) {
        self.of.entry(when).or_default().lost += 1;
    }

    /// What is to be recorded by now, by command.
    pub fn take(&mut self) -> Vec<(When, Seen)> {
        self.count = 0;
        let all: Vec<(When, Touches)> = self.of.drain().collect();
        in_order(all.into_iter().map(|(when, touches)| (when, self.seen(when, touches))).collect())
    }

    /// The same at the end, with what changed since it was recorded, such as a file that stayed open.
    pub fn take_last(&mut self) -> Vec<(When, Seen)> {
        // What is recorded only now was looked at just now.
        let mut earlier = std::mem::take(&mut self.told);
        let mut all: HashMap<When, Seen> = self.take().into_iter().collect();
        earlier.retain(|path, _| !self.told.contains_key(path));
        let mut told: Vec<Told> = earlier.into_values().collect();
        told.sort_by(|one, next| one.touched.entry.path.cmp(&next.touched.entry.path));
        for Told { when, mut touched, state } in told {
            let path = &touched.entry.path;
            if state.is_some_and(|state| state.is_folder)
                || State::of(Path::new(OsStr::from_bytes(path))) == state
            {
                continue;
            }
            touched.entry.thing = holds(path, look(path));
            if (touched.change == Change::Removed) == is_gone(&touched.entry.thing) {
                all.entry(when).or_default().touched.push(touched);
            }
        }
        in_order(all.into_iter().collect())
    }

    /// Looks at what has the names now.
    fn seen(&mut self, when: When, touches: Touches) -> Seen {
        let mut seen = Seen { lost: touches.lost, ..Seen::default() };
        for (path, touch) in touches.names {
            let by = touch.by.into_iter().collect();
            let found = look(&path);
            let after = found.as_ref().ok().map(State::from);
            let is_folder = |state: Option<State>| state.is_some_and(|state| state.is_folder);
            if touch.before == after || (is_folder(touch.before) && is_folder(after)) {
                seen.passing += u64::from(after.is_none());
                continue;
            }
            let thing = holds(&path, found);
            let change = match (touch.before, is_gone(&thing)) {
                (None, true) => {
                    seen.passing += 1;
                    continue;
                }
                (Some(_), true) => Change::Removed,
                (None, false) => Change::Made,
                (Some(_), false) => Change::Changed,
            };
            let touched = Touched { change, by, entry: Entry { path: path.clone(), thing } };
            seen.touched.push(touched.clone());
            self.told.insert(path, Told { when, touched, state: after });
        }
        let elsewhere = touches.elsewhere.into_iter().map(|(path, by)| Touched {
            change: Change::Asked,
            by: by.into_iter().collect(),
            entry: Entry { path, thing: Thing::Special(Special::Elsewhere) },
        });
        // What has a name here is told behind what somebody elsewhere has there.
        seen.touched = elsewhere.chain(seen.touched).collect();
        seen
    }
}

fn is_gone(thing: &Thing) -> bool {
    *thing == Thing::Special(Special::Vanished)
}

/// By the command, and in each by the name; of one name what was found first comes first.
fn in_order(mut all: Vec<(When, Seen)>) -> Vec<(When, Seen)> {
    for (_, seen) in &mut all {
        seen.touched.sort_by(|one, next| one.entry.path.cmp(&next.entry.path));
    }
    all.sort_by_key(|(when, _)| match when {
        When::Before => 0,
        When::In(n) => *n,
        When::Outside => u64::MAX,
    });
    all
}

fn look(path: &[u8]) -> io::Result<Metadata> {
    fs::symlink_metadata(Path::new(OsStr::from_bytes(path)))
}

/// What has a name, at which this was found.
fn holds(path: &[u8], found: io::Result<Metadata>) -> Thing {
    let path = Path::new(OsStr::from_bytes(path));
    let meta = match found {
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
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
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
        let put = |name: &str| publish(&at(name), name.as_bytes(), 0o644, Overwrite::Yes).unwrap();
        ["kept", "gone", "read"].iter().for_each(|name| put(name));
        fs::create_dir(at("sub")).unwrap();
        fs::create_dir(at("own")).unwrap();
        let mut all = AllTouches::new([at("own")]);
        let name = |name: &str| Name {
            path: at(name).into_os_string().into_vec(),
            state: State::of(&at(name)),
            elsewhere: false,
        };
        for one in ["kept", "gone", "new", "never", "read", "sub", "made", "own/x", "old/a"] {
            all.touch(When::In(2), Some(7), name(one));
        }
        ["new", "kept"].iter().for_each(|name| put(name));
        fs::create_dir(at("made")).unwrap();
        fs::create_dir(at("old")).unwrap();
        put("old/a");
        all.moves(When::In(2), &name("old").path, &name("to").path);
        let moved = std::process::Command::new("mv").args([at("old"), at("to")]).status().unwrap();
        assert!(moved.success());
        fs::remove_file(at("gone")).unwrap();
        all.touch(When::In(1), None, Name { path: b"/dev/null".to_vec(), ..name("x") });
        all.lose(When::In(1));
        let seen = all.take();
        let [(When::In(1), first), (When::In(2), second)] = &seen[..] else { panic!("two commands") };
        assert_eq!((first.touched.len(), first.lost), (0, 1));
        // What was never there, and what has another name by now.
        assert_eq!((second.passing, second.lost), (2, 0));
        let told = |seen: &Seen| -> Vec<(String, Change)> {
            let one = |one: &Touched| {
                assert_eq!(one.by, [7]);
                let path = PathBuf::from(OsStr::from_bytes(&one.entry.path));
                (path.strip_prefix(&top).unwrap().to_str().unwrap().to_owned(), one.change)
            };
            seen.touched.iter().map(one).collect()
        };
        let expected = [
            ("gone", Change::Removed),
            ("kept", Change::Changed),
            ("made", Change::Made),
            ("new", Change::Made),
            ("to/a", Change::Made),
        ];
        assert_eq!(told(second), expected.map(|(name, change)| (name.to_owned(), change)));
        // A file that stayed open.
        publish(&at("new"), b"more", 0o644, Overwrite::Yes).unwrap();
        let last = all.take_last();
        let [(When::In(2), last)] = &last[..] else { panic!("one command") };
        assert_eq!(told(last), [("new".to_owned(), Change::Made)]);
    }
}
