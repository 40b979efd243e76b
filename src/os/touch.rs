//! The system calls by which a process makes, changes or removes what a name leads to, by the kind of
//! processor, and the names that a held process gives them.
//!
//! What lives here: the calls (the kernel's tables of system calls), and reading the names. What does
//! not: holding the process (`held`), what the names held before and after (`supervise`).
//!
//! Rules: a name is what the process gave; nothing is decided by it.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2};

use super::remote::Memory;
use super::{find, proc};

/// Flags of open(2) that may change a file; they are the same for each kind of processor here.
pub const WRITES: u32 = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC).cast_unsigned();
/// The flags with which bash opens what a redirection `<>` names, but for `O_LARGEFILE`.
pub const OF_WORDS: u32 = (libc::O_RDWR | libc::O_CREAT).cast_unsigned();
/// `O_LARGEFILE`, of each kind of processor here; of the other kind it is `O_NOFOLLOW`.
pub const LARGE: u32 = 0o100_000 | 0o400_000;
/// What such a name begins with that is a word of a shell: nothing can have that name.
const WORDS: &[u8] = b"/proc/attesh/";
/// The longest of these words.
const WORD_MAX: usize = 8 << 10;
/// `__O_TMPFILE`: the file has no name.
const UNNAMED: u32 = 0o20_000_000;
/// The longest path that the kernel takes.
const PATH_MAX: usize = 4096;
/// `AT_FDCWD`
const HERE: i32 = libc::AT_FDCWD;

/// Where a call has its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flags {
    /// It has none that matter.
    None,
    /// In this argument.
    In(u32),
    /// In the structure that this argument leads to (`struct open_how`).
    Behind(u32),
}

/// Which arguments name something: the descriptor of a folder, if the call has one, and the path.
type Named = (Option<u32>, u32);

/// A call, and what its arguments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub number: u32,
    first: Named,
    second: Option<Named>,
    /// Its flags.
    pub flags: Flags,
    /// A symbolic link at the end of the path is followed.
    follows: bool,
    /// What is below the first name gets the second.
    pub moves: bool,
}

const fn one(number: u32, path: u32) -> Row {
    Row { number, first: (None, path), second: None, flags: Flags::None, follows: false, moves: false }
}

const fn beside(number: u32, folder: u32) -> Row {
    Row { first: (Some(folder), folder + 1), ..one(number, 0) }
}

const fn follows(row: Row, flags: Flags) -> Row {
    Row { flags, follows: true, ..row }
}

const fn both(number: u32) -> Row {
    Row { second: Some((None, 1)), moves: true, ..one(number, 0) }
}

const fn both_beside(number: u32) -> Row {
    Row { second: Some((Some(2), 3)), moves: true, ..beside(number, 0) }
}

/// open, creat, openat, openat2; rename, renameat, renameat2; link, linkat, symlink, symlinkat; unlink,
/// unlinkat, rmdir; mkdir, mkdirat; truncate; mknod, mknodat.
#[cfg(target_arch = "x86_64")]
const X86_64: [Row; 19] = [
    follows(one(2, 0), Flags::In(1)),
    follows(one(85, 0), Flags::None),
    follows(beside(257, 0), Flags::In(2)),
    follows(beside(437, 0), Flags::Behind(2)),
    both(82),
    both_beside(264),
    both_beside(316),
    one(86, 1),
    beside(265, 2),
    one(88, 1),
    beside(266, 1),
    one(87, 0),
    beside(263, 0),
    one(84, 0),
    one(83, 0),
    beside(258, 0),
    follows(one(76, 0), Flags::None),
    one(133, 0),
    beside(259, 0),
];
/// The same, and truncate64.
#[cfg(target_arch = "x86_64")]
const I386: [Row; 20] =
    old([5, 8, 295, 437, 38, 302, 353, 9, 303, 83, 304, 10, 301, 40, 39, 296, 92, 14, 297, 193]);
#[cfg(not(target_arch = "x86_64"))]
const ARM: [Row; 20] =
    old([5, 8, 322, 437, 38, 329, 382, 9, 330, 83, 331, 10, 328, 40, 39, 323, 92, 14, 324, 193]);
/// Those that have a descriptor of a folder, and truncate.
#[cfg(not(target_arch = "x86_64"))]
const AARCH64: [Row; 10] = [
    follows(beside(56, 0), Flags::In(2)),
    follows(beside(437, 0), Flags::Behind(2)),
    both_beside(38),
    both_beside(276),
    beside(37, 2),
    beside(36, 1),
    beside(35, 0),
    beside(34, 0),
    follows(one(45, 0), Flags::None),
    beside(33, 0),
];

/// The calls of a processor that has all of them, by their numbers.
const fn old(numbers: [u32; 20]) -> [Row; 20] {
    let [open, creat, openat, openat2, rest @ ..] = numbers;
    let [rename, renameat, renameat2, link, linkat, symlink, symlinkat, rest @ ..] = rest;
    let [unlink, unlinkat, rmdir, mkdir, mkdirat, truncate, mknod, mknodat, truncate64] = rest;
    [
        follows(one(open, 0), Flags::In(1)),
        follows(one(creat, 0), Flags::None),
        follows(beside(openat, 0), Flags::In(2)),
        follows(beside(openat2, 0), Flags::Behind(2)),
        both(rename),
        both_beside(renameat),
        both_beside(renameat2),
        one(link, 1),
        beside(linkat, 2),
        one(symlink, 1),
        beside(symlinkat, 1),
        one(unlink, 0),
        beside(unlinkat, 0),
        one(rmdir, 0),
        one(mkdir, 0),
        beside(mkdirat, 0),
        follows(one(truncate, 0), Flags::None),
        one(mknod, 0),
        beside(mknodat, 0),
        follows(one(truncate64, 0), Flags::None),
    ]
}

/// The calls of this kind of processor (`AUDIT_ARCH_…`).
#[must_use]
pub fn calls(machine: u32) -> &'static [Row] {
    #[cfg(target_arch = "x86_64")]
    return if machine == 0xC000_003E { &X86_64 } else { &I386 };
    #[cfg(not(target_arch = "x86_64"))]
    return if machine == 0xC000_00B7 { &AARCH64 } else { &ARM };
}

/// `io_uring_setup`, of each kind of processor: what is asked for through a ring, no filter sees.
pub const RING: u32 = 425;

/// A name that a process gave, as it stood when the process did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// From the root on, without links.
    pub path: Vec<u8>,
    /// What had it then; `None` if nothing had.
    pub state: Option<State>,
    /// The process has another root, or other mounts, than this one: the name means another thing there.
    pub elsewhere: bool,
}

/// By what a change of something shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    place: (u64, u64),
    size: u64,
    times: [i64; 4],
    /// It is a folder.
    pub is_folder: bool,
}

impl State {
    /// That of what has a path now, without following a link at its end.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().as_ref().map(State::from)
    }
}

impl From<&Metadata> for State {
    fn from(meta: &Metadata) -> Self {
        let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()];
        State { place: (meta.dev(), meta.ino()), size: meta.len(), times, is_folder: meta.is_dir() }
    }
}

impl Name {
    /// The name that a thread gave, from this folder on; a link at its end may be followed.
    fn of(thread: u32, folder: Vec<u8>, given: &[u8], follows: bool) -> Self {
        let elsewhere = is_elsewhere(thread);
        let whole =
            if given.starts_with(b"/") { given.to_vec() } else { [&folder, &b"/"[..], given].concat() };
        if elsewhere {
            let found = find::find(thread, Path::new(OsStr::from_bytes(&whole)), follows);
            let path = found.map_or(whole, |found| found.into_os_string().into_vec());
            return Name { path, state: None, elsewhere };
        }
        let (path, state) = real(thread, Path::new(OsStr::from_bytes(&whole)), follows);
        Name { path: path.into_os_string().into_vec(), state, elsewhere }
    }
}

/// A path without links, as far as its folders are there, and what has it.
fn real(thread: u32, given: &Path, follows: bool) -> (PathBuf, Option<State>) {
    let plain = match (given.parent().map(folder_at), given.file_name()) {
        (Some(Some(folder)), Some(name)) => Some(folder.join(name)),
        _ => None,
    };
    if let Some(path) = plain {
        let meta = fs::symlink_metadata(&path).ok();
        if !follows || !meta.as_ref().is_some_and(Metadata::is_symlink) {
            return (path, meta.as_ref().map(State::from));
        }
    }
    // A link to nothing: what is made gets the name that it leads to. Where a folder is missing, or there
    // are too many links, the call fails, too.
    let path = find::find(thread, given, follows).unwrap_or_else(|| given.components().collect());
    let state = State::of(&path);
    (path, state)
}

/// The path of a folder without links, if all that leads there is the same for each process. The kernel
/// says it of one that is open, which asks less than a look at each part of the path.
fn folder_at(path: &Path) -> Option<PathBuf> {
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_NO_MAGICLINKS);
    // A kernel before 5.6 has no such call.
    let folder = openat2(AT_FDCWD, path, how).ok()?;
    let path = proc::path_of_own(folder.as_raw_fd()).ok()?;
    (!path.starts_with("/proc")).then_some(path)
}

/// The word of a shell that a held thread gives with this call, if it is one.
///
/// # Errors
/// It is gone, or its memory cannot be read.
pub fn word(thread: u32, row: &Row, arguments: [u64; 6]) -> io::Result<Option<Vec<u8>>> {
    let argument = |at: u32| arguments[at as usize % 6];
    match row.flags {
        Flags::In(at) if argument(at) & u64::from(!LARGE) == u64::from(OF_WORDS) => {}
        _ => return Ok(None),
    }
    let memory = Memory::of(thread);
    // Most of what is opened so is a file.
    let at = argument(row.first.1);
    if memory.text(at, WORDS.len())? != WORDS {
        return Ok(None);
    }
    Ok(Some(memory.text(at + WORDS.len() as u64, WORD_MAX)?))
}

/// The names that a held thread gave with this call; none if it changes nothing by them.
///
/// # Errors
/// It is gone, or its memory cannot be read.
pub fn names(thread: u32, row: &Row, arguments: [u64; 6]) -> io::Result<Vec<Name>> {
    let argument = |at: u32| arguments[at as usize % 6];
    let memory = Memory::of(thread);
    if let Flags::Behind(at) = row.flags {
        let flags = (memory.pointer(argument(at))? & u64::from(u32::MAX)) as u32;
        if flags & WRITES == 0 || flags & UNNAMED != 0 {
            return Ok(Vec::new());
        }
    }
    if let Flags::In(at) = row.flags
        && argument(at) & u64::from(UNNAMED) != 0
    {
        return Ok(Vec::new());
    }
    let named = [Some(row.first), row.second];
    named
        .into_iter()
        .flatten()
        .map(|(folder, path)| {
            let folder = folder.map_or(HERE, |at| (argument(at) as u32).cast_signed());
            let given = memory.text(argument(path), PATH_MAX)?;
            let folder = match folder {
                _ if given.starts_with(b"/") => PathBuf::new(),
                HERE => fs::read_link(format!("/proc/{thread}/cwd"))?,
                folder => proc::path_of_open(thread, folder)?,
            };
            Ok(Name::of(thread, folder.into_os_string().into_vec(), &given, row.follows))
        })
        .collect()
}

/// Whether a name is of a device or of the kernel, and no file.
#[must_use]
pub fn is_left_out(path: &[u8]) -> bool {
    let is_below = |folder: &[u8]| path.starts_with(folder);
    (is_below(b"/dev/") && !is_below(b"/dev/shm/")) || is_below(b"/proc/") || is_below(b"/sys/")
}

/// Whether a process has another root, or other mounts, than this one.
fn is_elsewhere(process: u32) -> bool {
    type Place = (u64, u64);
    /// Those of this process, which does not change them.
    static OWN: OnceLock<Option<[Place; 2]>> = OnceLock::new();
    let of = |who: &str| -> Option<[Place; 2]> {
        let place = |what: &str| {
            let meta = fs::metadata(format!("/proc/{who}/{what}")).ok()?;
            Some((meta.dev(), meta.ino()))
        };
        Some([place("root")?, place("ns/mnt")?])
    };
    let own = OWN.get_or_init(|| of("self"));
    own.is_none() || of(&process.to_string()) != *own
}
