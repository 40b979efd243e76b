//! Reads files for their digests: all processors at once, and none that did not change.
//!
//! Rules: a file counts with the bytes of one moment, or as one that changed.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use sha2_files::{Digest as _, Sha256};

use super::tree::Found;
use crate::clock::{self, Deadline};
use crate::crypto::Digest;
use crate::fact::manifest::{Entry, MODE_MAX, Special, Thing};
use crate::report::Progress;

/// How long a file must have stayed as it is before its times say whether it changed since: the
/// clocks of file systems are coarse.
pub const UNSURE_NS: i128 = 2_000_000_000;
/// How often a file is read that changes meanwhile.
const TRIES: usize = 3;
/// How much is read at once.
const PIECE: usize = 128 << 10;
/// The most threads.
const THREADS_MAX: usize = 8;
/// How often the progress is shown.
const STEP: Duration = Duration::from_millis(100);
/// How many bytes a remembered file takes.
const ROW: usize = 7 * 8 + 32;

/// What a file's times say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl State {
    fn of(meta: &Metadata) -> Self {
        State {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// The digests of files by what their times say: whoever has the same need not be read again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Memory(HashMap<State, Digest>);

impl std::hash::Hash for State {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        (self.device, self.inode).hash(hasher);
    }
}

impl Memory {
    /// As bytes, in order.
    pub fn write(&self) -> Vec<u8> {
        let mut rows: Vec<(&State, &Digest)> = self.0.iter().collect();
        rows.sort_unstable();
        let mut bytes = Vec::with_capacity(rows.len() * ROW);
        for (state, digest) in rows {
            let State { device, inode, size, modified, changed } = *state;
            [device, inode, size].iter().for_each(|number| bytes.extend(number.to_le_bytes()));
            [modified.0, modified.1, changed.0, changed.1]
                .iter()
                .for_each(|number| bytes.extend(number.to_le_bytes()));
            bytes.extend(digest);
        }
        bytes
    }

    /// What these bytes remember.
    pub fn read(bytes: &[u8]) -> Self {
        let row = |row: &[u8]| {
            let number = |at: usize| {
                let bytes = row.get(at * 8..at * 8 + 8)?.try_into().ok()?;
                Some(u64::from_le_bytes(bytes))
            };
            let signed = |at: usize| number(at).map(u64::cast_signed);
            let state = State {
                device: number(0)?,
                inode: number(1)?,
                size: number(2)?,
                modified: (signed(3)?, signed(4)?),
                changed: (signed(5)?, signed(6)?),
            };
            Some((state, row.get(7 * 8..)?.try_into().ok()?))
        };
        Memory(bytes.chunks_exact(ROW).filter_map(row).collect())
    }
}

/// Reads what was found. Files that are remembered are not opened.
///
/// # Errors
/// It took too long.
pub(super) fn read(
    found: impl Iterator<Item = (Vec<u8>, Found)>,
    known: &Memory,
    until: Deadline,
) -> Result<(Vec<Entry>, Memory), String> {
    let (mut entries, mut unread) = (Vec::new(), Vec::new());
    let mut memory = Memory::default();
    for (path, found) in found {
        match found {
            Found::Thing(thing) => entries.push(Entry { path, thing }),
            Found::File(at, meta) => match known.0.get(&State::of(&meta)) {
                Some(sha256) => {
                    memory.0.insert(State::of(&meta), *sha256);
                    let thing =
                        Thing::File { mode: meta.mode() & MODE_MAX, sha256: *sha256, size: meta.len() };
                    entries.push(Entry { path, thing });
                }
                None => unread.push((path, at, meta.len())),
            },
        }
    }
    let total = unread.iter().map(|(.., size)| size).sum();
    let mut progress = Progress::new("reading files", total);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let (next, done) = (AtomicUsize::new(0), AtomicU64::new(0));
    let read = std::thread::scope(|scope| {
        let (sender, over) = channel::<()>();
        let work = |sender| {
            let _until_dropped: std::sync::mpsc::Sender<()> = sender;
            let (mut seen, mut buffer) = (Vec::new(), vec![0; PIECE]);
            while let Some((path, at, _)) = unread.get(next.fetch_add(1, Ordering::Relaxed)) {
                if until.left().is_zero() {
                    return None;
                }
                seen.push((path, one(at, &mut buffer, &done, until)?));
            }
            Some(seen)
        };
        let workers: Vec<_> = (0..threads)
            .filter_map(|_| {
                let sender = sender.clone();
                std::thread::Builder::new().spawn_scoped(scope, move || work(sender)).ok()
            })
            .collect();
        if workers.is_empty() {
            // Where no thread can be had, this one reads.
            return work(sender).map(|seen| vec![seen]);
        }
        drop(sender);
        while over.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
            progress.at(done.load(Ordering::Relaxed));
        }
        let seen = workers.into_iter().map(|worker| worker.join().expect("reading does not panic"));
        seen.collect::<Option<Vec<_>>>()
    });
    for (path, (thing, state)) in read.ok_or("it took too long")?.into_iter().flatten() {
        if let (Thing::File { sha256, .. }, Some(state)) = (&thing, state) {
            memory.0.insert(state, *sha256);
        }
        entries.push(Entry { path: path.clone(), thing });
    }
    Ok((entries, memory))
}

/// Reads a file, and says by which times it can be remembered; `None` if the time is over.
fn one(at: &Path, buffer: &mut [u8], done: &AtomicU64, until: Deadline) -> Option<(Thing, Option<State>)> {
    for _ in 0..TRIES {
        let file = match open_file(at) {
            Ok(file) => file,
            Err(Errno::ENOENT) => return Some((Thing::Special(Special::Vanished), None)),
            // It was a regular file a moment ago.
            Err(Errno::ELOOP) => return Some((Thing::Special(Special::Changing), None)),
            Err(_) => return Some((Thing::Special(Special::Unreadable), None)),
        };
        let unreadable = Some((Thing::Special(Special::Unreadable), None));
        let Ok(before) = file.metadata() else { return unreadable };
        if !before.is_file() {
            return Some((Thing::Special(Special::Changing), None));
        }
        let mut hash = Sha256::new();
        let mut size = 0;
        loop {
            if until.left().is_zero() {
                return None;
            }
            match std::os::unix::fs::FileExt::read_at(&file, buffer, size) {
                Ok(0) => break,
                Ok(count) => {
                    hash.update(&buffer[..count]);
                    size += count as u64;
                    done.fetch_add(count as u64, Ordering::Relaxed);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return unreadable,
            }
        }
        let Ok(after) = file.metadata() else { return unreadable };
        let state = State::of(&after);
        if State::of(&before) == state && size == state.size {
            let thing = Thing::File { mode: after.mode() & MODE_MAX, sha256: hash.finalize().into(), size };
            return Some((thing, is_sure(&state).then_some(state)));
        }
    }
    Some((Thing::Special(Special::Changing), None))
}

/// Opens what is a regular file; anything else at once and without waiting.
fn open_file(at: &Path) -> Result<File, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    open(at, flags, Mode::empty()).map(|fd: OwnedFd| File::from(fd))
}

/// Whether a change that comes from now on will be seen by the times.
fn is_sure(state: &State) -> bool {
    let changed = i128::from(state.changed.0) * 1_000_000_000 + i128::from(state.changed.1);
    changed + UNSURE_NS < i128::from(clock::now().realtime_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_as_it_was_written() {
        let state = |inode| State { device: 1, inode, size: 3, modified: (-1, 2), changed: (4, 5) };
        let memory = Memory([(state(1), [1; 32]), (state(2), [2; 32])].into());
        let bytes = memory.write();
        assert_eq!(bytes.len(), 2 * ROW);
        assert_eq!(Memory::read(&bytes), memory);
        assert_eq!(Memory::read(&bytes[..ROW + 1]).0.len(), 1);
        let other = State { changed: (4, 6), ..state(1) };
        assert_eq!((memory.0.get(&other), memory.0.get(&state(1))), (None, Some(&[1; 32])));
    }
}
