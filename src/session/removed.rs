//! The tombstones of the sessions that this user removed: one file, one key, one lock.
//!
//! What lives here: reading the list, and appending to it before a session is removed. What does not:
//! what a tombstone says and how its line is checked (`seal::tombstone`), who removes (`cli::prune`).
//!
//! Rules: a tombstone is on the disk before its session is touched; the list is verified to its last
//! line before a line is added, and one that is damaged is never extended. A session has one
//! tombstone, however often its removal was tried.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{SessionError, short_id};
use crate::cause::Code;
use crate::failure::Failure;
use crate::files::{FileError, Folder};
use crate::lock;
use crate::paths;
use crate::seal::keys::{MAX_KEY_FILE_BYTES, PrivateKey, PublicKey};
use crate::seal::signer::generate;
use crate::seal::tombstone::{List, Tombstone};
use crate::text::{Command, Next, count};

/// The longest list that is read, in bytes.
pub const LIST_BYTES_MAX: u64 = 64 << 20;

/// The tombstones of this user, and the key that signed them.
pub struct Removed {
    /// Each of them, verified.
    pub list: List,
    /// Their key; none has been made yet where there are none.
    pub key: Option<PublicKey>,
    /// The key is there and the list is not.
    pub is_gone: bool,
}

/// Reads the tombstones of this user.
///
/// # Errors
/// The list cannot be read, or is not what prune wrote.
pub fn read() -> Result<Removed, Failure> {
    let none = || Removed { list: List::default(), key: None, is_gone: false };
    let Some(path) = paths::state_home() else { return Ok(none()) };
    let folder = match Folder::open(&path) {
        Err(FileError::Missing(_)) => return Ok(none()),
        folder => folder?,
    };
    let bytes = match folder.read(paths::REMOVED.0, LIST_BYTES_MAX) {
        Err(FileError::Missing(_)) => return Ok(Removed { is_gone: folder.has(paths::REMOVED.1), ..none() }),
        bytes => bytes?,
    };
    let key = key(&folder)?.map(|key| key.public());
    let list = verified(&folder, &bytes, key.as_ref())?;
    Ok(Removed { list, key, is_gone: false })
}

/// The tombstones of this user, under their lock.
pub struct Writer<'a> {
    folder: &'a Folder,
    file: &'a File,
    key: PrivateKey,
    list: List,
    /// Where the next line begins.
    end: u64,
    /// The key was there and the list was not.
    pub is_anew: bool,
}

/// Opens the list for a removal, and makes list and key if they are missing; hands out the writer
/// under the lock of the list.
///
/// # Errors
/// There is no place for them, another process holds the lock, or the list is damaged.
pub fn with_writer<T>(work: impl FnOnce(&mut Writer) -> Result<T, Failure>) -> Result<T, Failure> {
    let path = paths::state_home().ok_or_else(|| {
        Failure::unable("there is no home folder to keep the tombstone in, so nothing is removed")
            .next("set XDG_STATE_HOME to an absolute path")
    })?;
    let folder = Folder::create(&path)?;
    let name = paths::REMOVED.0;
    let is_anew = !folder.has(name) && folder.has(paths::REMOVED.1);
    let file = match folder.open_file(name) {
        Err(FileError::Missing(_)) => match folder.create_file(name) {
            // Another prune was first.
            Err(FileError::Exists(_)) => folder.open_file(name)?,
            other => {
                folder.sync();
                other?
            }
        },
        other => other?,
    };
    let _lock = lock::exclusive(&file, lock::PATIENCE_MS).map_err(|_| SessionError::Busy)?;
    let bytes = folder.read(name, LIST_BYTES_MAX)?;
    let key = match key(&folder)? {
        Some(key) => key,
        None if bytes.is_empty() => {
            generate(&path.join(paths::REMOVED.1), None, false)
                .map_err(|error| Failure::unable(error.to_string()))?;
            key_of(&folder)?
        }
        None => return Err(without_key(&folder)),
    };
    let list = verified(&folder, &bytes, Some(&key.public()))?;
    let end = (bytes.len() - list.torn_bytes) as u64;
    let mut writer = Writer { folder: &folder, file: &file, key, list, end, is_anew };
    if writer.list.torn_bytes > 0 {
        writer.file.set_len(end).map_err(|error| writer.failed(error))?;
    }
    if writer.list.lacks_newline {
        writer.file.write_all_at(b"\n", end).map_err(|error| writer.failed(error))?;
        writer.end += 1;
    }
    work(&mut writer)
}

impl Writer<'_> {
    /// The number of the last line, and its digest in hexadecimal.
    #[must_use]
    pub fn end(&self) -> Option<(usize, String)> {
        self.list.end()
    }

    /// How many bytes of a torn line were cut off.
    #[must_use]
    pub fn cut_bytes(&self) -> usize {
        self.list.torn_bytes
    }

    /// Keeps a tombstone, so that its session may be removed when this returns. One of the same
    /// records of the same session is there already where a removal was not finished.
    ///
    /// # Errors
    /// It could not be written and synced; the list is then as it was.
    pub fn keep(&mut self, tombstone: Tombstone) -> Result<(), Failure> {
        if self.list.tombstones.iter().any(|one| one.is_of_same(&tombstone)) {
            return Ok(());
        }
        let tombstone = self.list.placed(tombstone);
        let mut line = tombstone.line(&self.key);
        let last = crate::crypto::sha256(&[&line]);
        line.push(b'\n');
        if self.end + line.len() as u64 > LIST_BYTES_MAX {
            let path = self.folder.path().join(paths::REMOVED.0);
            return Err(Failure::unable(format!("{}: longer than {LIST_BYTES_MAX} bytes", path.display()))
                .next(set_aside(self.folder)));
        }
        let written = self.file.write_all_at(&line, self.end).and_then(|()| self.file.sync_all());
        if let Err(error) = written {
            let _ = self.file.set_len(self.end);
            return Err(self.failed(error));
        }
        self.end += line.len() as u64;
        self.list.last = Some(last);
        self.list.tombstones.push(tombstone);
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> Failure {
        FileError::Io(self.folder.path().join(paths::REMOVED.0), error).into()
    }
}

/// Says that a word means a session that was removed, by its name or by an id that fits; `None` if it
/// means none. If several were called so, this is about the last.
#[must_use]
pub fn was_removed(word: &str, fits: impl Fn(&str) -> bool) -> Option<Failure> {
    let removed = match read() {
        Ok(removed) => removed,
        Err(failure) => {
            let what = format!("no session is called {word}, and it is not known whether one was removed");
            return Some(failure.within(what));
        }
    };
    let is_meant = |one: &&Tombstone| one.name.as_deref() == Some(word) || fits(&one.session);
    let one = removed.list.tombstones.iter().rev().find(is_meant)?;
    let id = short_id(&one.session);
    let shown = one.name.as_ref().map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"));
    let (at, why) = (&one.removed_at, one.because());
    let what = format!("session {shown} was removed on {at} by attesh prune, because {why}");
    let envelope = one.envelopes.iter().rev().find(|envelope| Path::new(&envelope.path).is_file());
    let next = match envelope {
        Some(envelope) => {
            Next::typing("to see what was signed", Command::new("attesh show").path(&envelope.path))
        }
        None => Next::typing("to see what is left of it", Command::new("attesh sessions --removed")),
    };
    Some(Failure::because(Code::SessionRemoved, what).next(next))
}

/// The key of the tombstones, if there is one.
fn key(folder: &Folder) -> Result<Option<PrivateKey>, Failure> {
    let path = folder.path().join(paths::REMOVED.1);
    let bytes = match folder.read(paths::REMOVED.1, MAX_KEY_FILE_BYTES as u64) {
        Err(FileError::Missing(_)) => return Ok(None),
        bytes => Zeroizing::new(bytes?),
    };
    let key = PrivateKey::read(&bytes, None);
    Ok(Some(key.map_err(|why| Failure::unable(format!("{}: {why}", path.display())).next(put_back()))?))
}

fn key_of(folder: &Folder) -> Result<PrivateKey, Failure> {
    key(folder)?.ok_or_else(|| without_key(folder))
}

fn verified(folder: &Folder, bytes: &[u8], key: Option<&PublicKey>) -> Result<List, Failure> {
    let key = match key {
        Some(key) => key,
        None if bytes.is_empty() => return Ok(List::default()),
        None => return Err(without_key(folder)),
    };
    let path: PathBuf = folder.path().join(paths::REMOVED.0);
    List::read(bytes, key).map_err(|cause| {
        let what = format!("{}: {cause}", path.display());
        Failure::because(cause.code, what).next(set_aside(folder))
    })
}

fn without_key(folder: &Folder) -> Failure {
    let (list, key) = paths::REMOVED;
    let folder = folder.path();
    let what = format!(
        "{}: the key of {} is missing, so nobody can check or extend it",
        folder.join(key).display(),
        folder.join(list).display()
    );
    Failure::unable(what).next(put_back())
}

fn put_back() -> Next {
    "put the key back from a copy, or move both files away to begin a new list".into()
}

/// What to do with a list that cannot go on.
fn set_aside(folder: &Folder) -> Next {
    let path = folder.path().join(paths::REMOVED.0);
    let aside = folder.path().join(format!("{}.old", paths::REMOVED.0));
    let away = Command::new("mv -n").path(path).path(aside);
    Next::typing("to keep it as it is and begin a new one", away)
}

/// What to say where the key is there and the list is not.
#[must_use]
pub fn gone() -> String {
    let (list, key) = paths::REMOVED;
    format!(
        "the list of removed sessions is not there, although its key is: somebody moved or removed {list} beside {key}"
    )
}

/// What to say of a line that was cut off.
#[must_use]
pub fn cut(bytes: usize) -> String {
    let bytes = count(bytes, "byte");
    format!(
        "a tombstone was not written to its end, and its {bytes} were cut off: whether its session was removed is not known"
    )
}
