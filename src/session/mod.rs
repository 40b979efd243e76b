//! Sessions on this machine: a folder with a journal, and a state file elsewhere.
//!
//! * this file: opening a session, and appending to it under its lock;
//! * [`attached`]: files beside a journal that belong to its facts;
//! * [`began`]: the facts with which it began, and how long it is kept;
//! * [`birth`]: a new session, and joining one that lives;
//! * [`place`]: a session in a folder that was named, for the steps of a job;
//! * [`close`]: closing shells, ending sessions;
//! * [`error`]: why a session cannot be used, and what to do then;
//! * [`find`]: which session a person means;
//! * [`heads`]: the head of a journal as it is;
//! * [`last`]: its last record, and whether it is sealed to that one;
//! * [`masking`]: what is masked in its texts;
//! * [`program`]: digests of programs, kept beside the states;
//! * [`redact`]: taking texts out of the journal of one that is over;
//! * [`removed`]: the tombstones of sessions that were removed;
//! * [`retained`]: whether one may be removed by the time that it is kept;
//! * [`shells`]: which of its shells still run;
//! * [`told`]: what was found of a session that has ended;
//! * [`whose`]: on which machine it is recorded.
//!
//! Rules: a wrong owner, mode or link is an error that names the path; every append goes
//! through [`Session::with_writer`], which holds the lock.

mod again;
pub mod attached;
pub mod began;
pub mod birth;
pub mod close;
pub mod error;
pub mod find;
mod foreign;
pub mod heads;
pub mod last;
pub mod masking;
mod next;
pub mod place;
pub mod program;
pub mod redact;
pub mod removed;
pub mod retained;
pub mod shells;
pub mod told;
pub mod whose;

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

pub use error::{Result, SessionError, to_join};

use crate::cause::Code;
use crate::crypto::Digest;
use crate::files::{self, FileError, Folder, read_at_most};
use crate::journal::ahead::Ahead;
use crate::journal::append::{AppendError, Writer};
use crate::journal::chain::leaf;
use crate::journal::check::{Knowledge, check};
use crate::journal::head::Head;
use crate::journal::state::{Condition, SLOT_BYTES, Slot, newest};
use crate::lock;
use crate::mask::Masker;
use crate::os::proc::{self, BootId};
use crate::paths;
use crate::record::{Body, Core, Disclosures, Genesis, LINE_MAX, OpenWord, Record, StateLevel};
use crate::verify::Remembered;

/// The name of the journal in a session's folder.
pub const JOURNAL: &str = "journal";
/// The name of the file in a session's folder that points to the session after it.
pub const NEXT: &str = "next";
/// The name of the file in a session's folder that lists the envelopes made of it.
pub const SEALED: &str = "sealed";
/// What the file of this name says of a successor; `None` if there is no such file.
fn next_in(folder: &Folder, name: &str) -> Result<Option<(PathBuf, Digest)>> {
    let bytes = match folder.read(name, NEXT_MAX) {
        Err(FileError::Missing(_)) => return Ok(None),
        bytes => bytes?,
    };
    let broken = || FileError::Kind(folder.path().join(name), "the name of a session");
    parse_next(&bytes).map(Some).ok_or_else(|| broken().into())
}

/// The name of the file in a session's folder that pauses every shell.
pub const PAUSE_ALL: &str = "pause-all";
/// The name of the file that keeps git from looking into a session's folder.
const IGNORE: &str = ".gitignore";
/// What the name of the file that pauses one shell begins with.
const PAUSE: &str = "pause-";
/// The longest path and root that [`NEXT`] can hold, in bytes.
const NEXT_MAX: u64 = 8192;

/// A session of this user on this machine.
#[derive(Debug)]
pub struct Session {
    folder: Folder,
    journal: File,
    genesis: Record,
    genesis_root: Digest,
    copy: bool,
    perhaps_copied: bool,
    masker: OnceCell<Masker>,
    /// Its state, where it is kept open.
    kept: OnceCell<(Folder, File)>,
    ahead: Ahead,
}

impl Session {
    /// Opens the session in this folder. Nothing is locked yet.
    ///
    /// # Errors
    /// The folder or journal is missing, not private, or without a complete genesis.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Folder::open(path)?;
        let journal = folder.open_file(JOURNAL)?;
        let (genesis, genesis_root) =
            read_genesis(&journal, &path.join(JOURNAL))?.ok_or_else(|| without_genesis(path, &journal))?;
        Ok(Session {
            folder,
            journal,
            genesis,
            genesis_root,
            copy: false,
            perhaps_copied: false,
            masker: OnceCell::new(),
            kept: OnceCell::new(),
            ahead: Ahead::default(),
        })
    }

    /// The same, of a folder that may be a copy: if its journal is not the file that the recorder
    /// left, it is no session to append to, and nothing is said of the one that the recorder left.
    #[must_use]
    pub fn perhaps_copied(self) -> Self {
        Session { perhaps_copied: true, ..self }
    }

    /// Opens a copy of a session, such as an artifact, whoever may write it: its journal is
    /// read and never appended to.
    ///
    /// # Errors
    /// Folder or journal is missing, or the journal is without a complete genesis.
    pub fn open_copy(path: &Path) -> Result<Self> {
        let folder = Folder::open_any(path)?;
        let journal = files::open_regular(&path.join(JOURNAL))?;
        let (genesis, genesis_root) =
            read_genesis(&journal, &path.join(JOURNAL))?.ok_or_else(|| without_genesis(path, &journal))?;
        Ok(Session {
            folder,
            journal,
            genesis,
            genesis_root,
            copy: true,
            perhaps_copied: false,
            masker: OnceCell::new(),
            kept: OnceCell::new(),
            ahead: Ahead::default(),
        })
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its journal.
    #[must_use]
    pub fn journal(&self) -> &File {
        &self.journal
    }

    /// What genesis says.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        match &self.genesis.core.body {
            Body::Genesis(genesis) => genesis,
            _ => unreachable!("read_genesis returns nothing else"),
        }
    }

    /// The head after genesis.
    #[must_use]
    pub fn first_head(&self) -> Head {
        Head { session: self.uuid(), size: 1, root: self.genesis_root }
    }

    /// The root after genesis.
    #[must_use]
    pub fn genesis_root(&self) -> &Digest {
        &self.genesis_root
    }

    /// Its id, as a number.
    #[must_use]
    pub fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::try_parse(self.id()).expect("a genesis has a UUID")
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.genesis().session
    }

    /// Its name, or the last eight digits of its id.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.genesis().name.as_deref().unwrap_or_else(|| short_id(self.id()))
    }

    /// Its name and its id, or its id alone: several sessions can have one name.
    #[must_use]
    pub fn shown(&self) -> String {
        let id = short_id(self.id());
        self.genesis().name.as_ref().map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
    }

    /// The word by which a person names it at a prompt: the end of its id, or its folder if that is
    /// not among this user's.
    #[must_use]
    pub fn word(&self) -> &OsStr {
        if self.is_placed() { self.folder.path().as_os_str() } else { OsStr::new(short_id(self.id())) }
    }

    /// Whether it is a copy, which is only read.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.copy
    }

    /// Whether it is in a folder that somebody named, not among this user's sessions.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        let own = paths::sessions();
        own.is_none() || self.folder.path().parent() != own.as_deref()
    }

    /// When it opened, in nanoseconds since 1970.
    #[must_use]
    pub fn opened_ns(&self) -> u64 {
        self.genesis.core.time.realtime_ns
    }

    /// The folder that holds its state file.
    ///
    /// # Errors
    /// Genesis was redacted, or the folder is missing or not private.
    pub fn state_folder(&self) -> Result<Folder> {
        let path = self
            .genesis
            .text("stateDir")
            .ok_or_else(|| self.lost("its first record no longer says where its state is"))?;
        Ok(Folder::open(Path::new(std::ffi::OsStr::from_bytes(path)))?)
    }

    fn state_name(&self) -> String {
        state_name(self.id())
    }

    /// The name of the file beside its state that keeps the times of files until it ends.
    #[must_use]
    pub fn memory_name(&self) -> String {
        format!("{}.files", self.id())
    }

    /// What is masked in its texts: the built-in rules, and what was asked for when it began.
    fn masker(&self, states: &Folder) -> Result<&Masker> {
        if let Some(masker) = self.masker.get() {
            return Ok(masker);
        }
        let asked = masking::read(states, self.id())?;
        Ok(self.masker.get_or_init(|| masking::masker(&asked)))
    }

    fn lost(&self, why: &str) -> SessionError {
        SessionError::Append(AppendError::Lost(why.to_owned()))
    }

    fn vanished(&self) -> SessionError {
        match self.genesis.text("stateDir") {
            Some(path) => SessionError::Vanished(PathBuf::from(OsStr::from_bytes(path))),
            None => self.lost("its state has vanished"),
        }
    }

    /// What was lost here may be where the session is recorded.
    fn lost_or_elsewhere(&self, lost: SessionError) -> SessionError {
        match self.elsewhere() {
            Ok(Some(place)) => SessionError::Elsewhere(self.short_name().to_owned(), place),
            Ok(None) => lost,
            Err(error) => error,
        }
    }

    /// The folder of its state, and the state.
    fn open_state(&self) -> Result<(Folder, File)> {
        if self.copy {
            return Err(match self.has_end() {
                true => AppendError::Ended.into(),
                false => self.lost("it is a copy: its state is missing"),
            });
        }
        let opened = self.state_folder().and_then(|folder| {
            let state = folder.open_file(&self.state_name())?;
            Ok((folder, state))
        });
        match opened {
            // Nobody looks for the state of one that has ended, also where the journal says no more
            // where that was.
            Err(SessionError::File(FileError::Missing(_)) | SessionError::Append(AppendError::Lost(_)))
                if self.has_end() =>
            {
                Err(AppendError::Ended.into())
            }
            Err(SessionError::File(FileError::Missing(_))) => Err(self.lost_or_elsewhere(self.vanished())),
            other => other,
        }
    }

    /// Locks the journal, recovers and checks it, and hands out the writer.
    ///
    /// # Errors
    /// What [`Writer::open`] says, or another process held the lock for too long.
    pub fn with_writer<T>(&self, work: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        self.with_writer_waiting(lock::WAIT_MS, work)
    }

    /// As [`Session::with_writer`], with another deadline in milliseconds.
    ///
    /// # Errors
    /// As [`Session::with_writer`].
    pub fn with_writer_waiting<T>(
        &self,
        wait_ms: u32,
        work: impl FnOnce(&mut Writer) -> Result<T>,
    ) -> Result<T> {
        let _lock = lock::exclusive(&self.journal, wait_ms).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => SessionError::Busy,
            _ => SessionError::Append(AppendError::Io("lock the journal", error)),
        })?;
        let opened;
        let (states, state) = match self.kept.get() {
            Some(kept) => kept,
            None => {
                opened = self.open_state()?;
                &opened
            }
        };
        if self.perhaps_copied && self.has_other_inode(|_| true) {
            return Err(SessionError::Copied(self.folder.path().to_owned()));
        }
        // A state in memory cannot be from another boot; one on a disk can.
        let boot_id = match &self.genesis().state {
            // What is not known to be in memory may outlive a boot.
            OpenWord::Known(StateLevel::Disk) | OpenWord::Other(_) => Some(this_boot()?),
            OpenWord::Known(StateLevel::Runtime | StateLevel::Shm) => None,
        };
        let masker = self.masker(states)?;
        let opened = Writer::open(&self.journal, state, Some(&self.genesis_root), boot_id.as_ref(), masker);
        let mut writer = opened.map_err(|error| match error {
            AppendError::Lost(_) if self.is_kept() && self.has_end() => AppendError::Ended.into(),
            AppendError::Lost(_) if self.is_kept() => {
                let place = "by a process that keeps its keys in memory (--private)";
                SessionError::Elsewhere(self.short_name().to_owned(), place.to_owned())
            }
            AppendError::Ended if !self.has_end() => self.lost("its state was erased"),
            AppendError::Lost(_) => self.lost_or_elsewhere(error.into()),
            other => other.into(),
        })?;
        writer.look_ahead(&self.ahead);
        work(&mut writer)
    }

    /// Whether it can still be appended to, and why not; waits only a moment for the lock.
    ///
    /// # Errors
    /// As [`Session::with_writer`]. After an error that is not [`SessionError::is_over`] it is
    /// unknown whether the session lives.
    pub fn look(&self) -> Result<()> {
        self.with_writer(|_| Ok(()))
    }

    /// Whether it is known that it can still be appended to.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.look().is_ok()
    }

    /// Whether it is known that nothing can be appended to it any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.look().is_err_and(|error| error.is_over())
    }

    /// Why it is over, in words behind its name.
    #[must_use]
    pub fn over_words(&self) -> String {
        match self.look() {
            Err(SessionError::Append(AppendError::Ended)) | Ok(()) => "has ended".to_owned(),
            Err(error) => format!("cannot go on: {}", error.reason()),
        }
    }

    /// Whether it may go on here: it is not known to be over, and not recorded elsewhere.
    #[must_use]
    pub fn may_be_live(&self) -> bool {
        !self.look().is_err_and(|error| error.is_over() || matches!(error, SessionError::Elsewhere(..)))
    }

    /// How many of its open shells still run on this machine; 0 if the session is over.
    ///
    /// # Errors
    /// The number is unknown: the journal is locked, or cannot be read.
    pub fn live_shells(&self) -> Result<usize> {
        let here = shells::is_here(self.genesis())?;
        let count = |writer: &mut Writer| Ok(shells::other_live_shells(&writer.story()?, None, here).len());
        match self.with_writer_waiting(lock::PATIENCE_MS, count) {
            Err(error) if error.is_over() => Ok(0),
            counted => counted,
        }
    }

    /// What the recorder remembers of the journal, without its lock; `None` if the session has ended
    /// or its state is gone.
    #[must_use]
    pub fn kept(&self) -> Option<Remembered> {
        let slot = self.slot()?;
        let head = slot.head();
        let tampered = match slot.condition {
            Condition::Live => None,
            Condition::Tampered(why) => Some(why),
        };
        Some(Remembered { head, tampered })
    }

    /// Whether its folder still has the very journal that was opened.
    ///
    /// # Errors
    /// One of the two could not be looked at.
    pub fn is_in_place(&self) -> io::Result<bool> {
        let identity = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
        let own = self.journal.metadata().map(identity)?;
        match self.folder.path().join(JOURNAL).metadata().map(identity) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            there => Ok(own == there?),
        }
    }

    /// Whether its journal is the very file that its recorder left, and no copy of it.
    #[must_use]
    pub fn is_recorders_file(&self) -> bool {
        let mark = self.slot().map(|slot| (slot.mark.dev, slot.mark.ino));
        mark.is_some() && mark == self.journal.metadata().ok().map(|meta| (meta.dev(), meta.ino()))
    }

    /// Whether it is known that its journal is not the file that its recorder left. (The device's
    /// number changes when a file system is mounted again, and says nothing.)
    #[must_use]
    pub fn is_another_file(&self) -> bool {
        !self.copy && self.has_other_inode(|slot| slot.condition == Condition::Live)
    }

    /// Whether its journal is known to be another file than the one of a state like this.
    fn has_other_inode(&self, like: fn(&Slot) -> bool) -> bool {
        let left = self.slot().filter(like).map(|slot| slot.mark.ino);
        let found = self.journal.metadata().ok().map(|meta| meta.ino());
        // A file that cannot be looked at is not known to be another one.
        left.zip(found).is_some_and(|(left, found)| left != found)
    }

    /// The slot that counts, read without the lock.
    fn slot(&self) -> Option<Slot> {
        if let Some((_, state)) = self.kept.get() {
            let mut bytes = zeroize::Zeroizing::new([0; 2 * SLOT_BYTES]);
            let length = read_at_most(state, &mut bytes[..], 0).ok()?;
            return Some(newest(&bytes[..length])?.0);
        }
        let state = self.state_folder().ok()?;
        // A slot that is being written while it is read does not count: read it again.
        (0..3).find_map(|_| Some(newest(&state.read(&self.state_name(), 1 << 16).ok()?)?.0))
    }

    /// Removes the session: its state, and its folder with all that attesh put there.
    ///
    /// # Errors
    /// The folder could not be removed.
    pub fn remove(&self) -> Result<()> {
        if let Ok(folder) = self.state_folder() {
            folder.remove(&self.state_name())?;
            folder.remove(&self.memory_name())?;
            folder.remove(&masking::name(self.id()))?;
        }
        let path = self.folder.path();
        std::fs::remove_dir_all(path)
            .map_err(|error| SessionError::File(FileError::Io(path.to_owned(), error)))
    }

    /// Folder and genesis root of the session after this one, if there is one.
    ///
    /// # Errors
    /// The file that names it cannot be read, or names none.
    pub fn next(&self) -> Result<Option<(PathBuf, Digest)>> {
        next_in(&self.folder, NEXT)
    }
}

/// The name of the file in a session's folder that pauses the shell of this shell-open.
#[must_use]
pub fn pause_name(shell: u64) -> String {
    format!("{PAUSE}{shell}")
}

/// The boot id. Without it this is an error, because nothing then says whose the state is.
fn this_boot() -> Result<[u8; 16]> {
    proc::boot_id().map(BootId::bytes).map_err(shells::asking("read the boot id"))
}

/// How many digits of a session's id are shown.
pub const SHORT_ID_DIGITS: usize = 8;

/// The last eight digits of a session's id.
#[must_use]
pub fn short_id(id: &str) -> &str {
    &id[id.len().saturating_sub(SHORT_ID_DIGITS)..]
}

fn state_name(id: &str) -> String {
    format!("{id}.state")
}

fn next_bytes(folder: &Path, root: &Digest) -> Vec<u8> {
    [folder.as_os_str().as_bytes(), b"\n", crate::encoding::hex(root).as_bytes(), b"\n"].concat()
}

fn parse_next(bytes: &[u8]) -> Option<(PathBuf, Digest)> {
    let mut lines = bytes.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(lines.next()?));
    let root = crate::encoding::hex_exact(lines.next()?)?;
    (lines.next().is_none() && path.is_absolute()).then_some((path, root))
}

/// The origin secret that the first line of a journal names, not verified yet.
#[must_use]
pub fn origin_of(journal: &File) -> Option<[u8; 8]> {
    match read_genesis(journal, Path::new(JOURNAL)).ok()??.0.core.body {
        Body::Genesis(genesis) => genesis.origin_id,
        _ => None,
    }
}

/// Why a journal has no genesis that can be read here.
fn without_genesis(folder: &Path, journal: &File) -> SessionError {
    let checked = journal
        .try_clone()
        .and_then(|journal| check(files::from_start(journal), Knowledge::default(), &mut |_| {}));
    let rejection = checked.ok().and_then(|checked| checked.rejection);
    match rejection {
        Some(rejection) if rejection.cause.code == Code::JournalFormat => {
            SessionError::Newer(folder.to_owned())
        }
        _ => SessionError::NoGenesis(folder.to_owned()),
    }
}

/// Reads the first line of a journal; `None` if it is not a complete genesis. It does not verify
/// the signature: an appender compares with what it remembers, a verifier checks all.
fn read_genesis(journal: &File, path: &Path) -> Result<Option<(Record, Digest)>> {
    let mut bytes = vec![0; 4096];
    let mut have = 0;
    let end = loop {
        let got = journal
            .read_at(&mut bytes[have..], have as u64)
            .map_err(|error| SessionError::File(FileError::Io(path.to_owned(), error)))?;
        if let Some(found) = bytes[have..have + got].iter().position(|byte| *byte == b'\n') {
            break have + found;
        }
        have += got;
        if got == 0 || have >= LINE_MAX {
            return Ok(None);
        }
        bytes.resize(bytes.len() * 2, 0);
    };
    let mut columns = bytes[..end].split(|byte| *byte == b'\t');
    let (Some(core_bytes), Some(disclosures)) = (columns.next(), columns.next()) else { return Ok(None) };
    let (Ok(core), Ok(disclosures)) = (Core::decode(core_bytes), Disclosures::decode(disclosures)) else {
        return Ok(None);
    };
    if !matches!(core.body, Body::Genesis(_)) {
        return Ok(None);
    }
    Ok(Some((Record { core, disclosures }, leaf(core_bytes))))
}
