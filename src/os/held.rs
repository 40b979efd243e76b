//! The system calls at which the programs below a command are held, by the kind of processor, and
//! what a held process is about to become.
//!
//! What lives here: the filter, and what is read of a process that waits. What does not: the calls
//! themselves (`sys::notify`), what is recorded and answered (`supervise`).
//!
//! Rules: every start of a program is held, also one by the calls of another kind of processor; what
//! this file does not know is refused as unknown. Nothing is decided by looking up a path.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::remote::Memory;
use super::touch::{self, Flags, Row};
use super::{find, proc};
use crate::sys::notify::{self, Call, Line};

/// Calls of one kind of processor (the kernel's tables of system calls).
struct Table {
    /// `AUDIT_ARCH_…` (linux/audit.h).
    machine: u32,
    /// The bytes of a pointer.
    pointer: u64,
    execve: u32,
    execveat: u32,
    exit_group: u32,
    kill: u32,
    /// fcntl, and fcntl64 where there is one.
    fcntl: [u32; 2],
    /// Calls that reach another process, in the order of [`REACH`].
    reach: [u32; REACH.len()],
}

/// Calls that reach another process, and which argument names it.
const REACH: [(&str, u32); 15] = [
    ("tkill", 0),
    ("tgkill", 0),
    ("rt_sigqueueinfo", 0),
    ("rt_tgsigqueueinfo", 0),
    ("ptrace", 1),
    ("process_vm_readv", 0),
    ("process_vm_writev", 0),
    ("pidfd_open", 0),
    ("prlimit64", 0),
    ("setpriority", 1),
    ("sched_setparam", 0),
    ("sched_setscheduler", 0),
    ("sched_setaffinity", 0),
    ("sched_setattr", 0),
    ("ioprio_set", 1),
];
/// pidfd_send_signal, which has the same number for every kind of processor.
const SEND: u32 = 424;

#[cfg(target_arch = "x86_64")]
const TABLES: [Table; 2] = [
    Table {
        machine: 0xC000_003E,
        pointer: 8,
        execve: 59,
        execveat: 322,
        exit_group: 231,
        kill: 62,
        fcntl: [72, 72],
        reach: [200, 234, 129, 297, 101, 310, 311, 434, 302, 141, 142, 144, 203, 314, 251],
    },
    Table {
        machine: 0x4000_0003,
        pointer: 4,
        execve: 11,
        execveat: 358,
        exit_group: 252,
        kill: 37,
        fcntl: [55, 221],
        reach: [238, 270, 178, 335, 26, 347, 348, 434, 340, 97, 154, 156, 241, 351, 289],
    },
];
#[cfg(not(target_arch = "x86_64"))]
const TABLES: [Table; 2] = [
    Table {
        machine: 0xC000_00B7,
        pointer: 8,
        execve: 221,
        execveat: 281,
        exit_group: 94,
        kill: 129,
        fcntl: [25, 25],
        reach: [130, 131, 138, 240, 117, 270, 271, 434, 261, 140, 118, 119, 122, 274, 30],
    },
    Table {
        machine: 0x4000_0028,
        pointer: 4,
        execve: 11,
        execveat: 387,
        exit_group: 248,
        kill: 37,
        fcntl: [55, 221],
        reach: [238, 268, 178, 363, 26, 376, 377, 434, 369, 97, 154, 156, 241, 380, 314],
    },
];

/// A call of x32, which the kernel counts among those of x86-64 (`__X32_SYSCALL_BIT`).
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// Where `struct seccomp_data` has what.
const NUMBER: u32 = 0;
const MACHINE: u32 = 4;
const ARGUMENTS: u32 = 16;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
#[cfg(target_arch = "x86_64")]
const AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const MASK: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
/// `F_SETSIG` (linux/fcntl.h).
const F_SETSIG: u32 = 10;
const ANY_OF: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();

fn line(code: u32, yes: usize, no: usize, value: u32) -> Line {
    let jump = |lines: usize| u8::try_from(lines).expect("a filter's jump is short");
    libc::sock_filter { code: code as u16, jt: jump(yes), jf: jump(no), k: value }
}

/// Where the accumulator has one of these values, the process is held.
fn hold_at(lines: &mut Vec<Line>, values: impl IntoIterator<Item = u32>) {
    for value in values {
        lines.push(line(EQUAL, 0, 1, value));
        lines.push(line(RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF));
    }
}

/// Where the accumulator has the number of a call that may make, change or remove what a name leads to,
/// the process is held.
fn hold_files(block: &mut Vec<Line>, machine: u32) {
    block.extend([line(EQUAL, 0, 1, touch::RING), line(RETURN, 0, 0, UNKNOWN)]);
    for row in touch::calls(machine) {
        match row.flags {
            Flags::In(argument) => block.extend([
                line(EQUAL, 0, 4, row.number),
                line(LOAD, 0, 0, ARGUMENTS + 8 * argument),
                line(ANY_OF, 0, 1, touch::WRITES),
                line(RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
                line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
            ]),
            Flags::None | Flags::Behind(_) => hold_at(block, [row.number]),
        }
    }
}

/// Where the accumulator has the number of a call that opens what may be a word of a shell, the process
/// is held; see [`touch::OF_WORDS`].
fn hold_words(block: &mut Vec<Line>, machine: u32) {
    for row in touch::calls(machine) {
        if let Flags::In(argument) = row.flags {
            block.extend([
                line(EQUAL, 0, 5, row.number),
                line(LOAD, 0, 0, ARGUMENTS + 8 * argument),
                line(MASK, 0, 0, !touch::LARGE),
                line(EQUAL, 0, 1, touch::OF_WORDS),
                line(RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
                line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
            ]);
        }
    }
}

/// What is held beside the starts of programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Also {
    /// Each end, where the kernel does not tell otherwise how processes end.
    pub ends: bool,
    /// What may make, change or remove what a name leads to.
    pub files: bool,
    /// What may be a word of a shell about itself.
    pub words: bool,
}

/// Who is out of reach of what they record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// The recorder, which leads a group of its own.
    pub recorder: u32,
    /// Who waits for it.
    pub waits: u32,
}

impl Guarded {
    /// This process, which records, and its parent.
    #[must_use]
    pub fn here() -> Self {
        Guarded { recorder: std::process::id(), waits: std::os::unix::process::parent_id() }
    }
}

/// The filter: it holds each start of a program, each attempt to reach who is guarded, and what else is
/// asked for; everything else passes.
#[must_use]
pub fn filter(guarded: Guarded, also: Also) -> Vec<Line> {
    let Guarded { recorder, waits } = guarded;
    let mut lines = vec![line(LOAD, 0, 0, MACHINE)];
    for table in &TABLES {
        let mut block = vec![line(LOAD, 0, 0, NUMBER)];
        #[cfg(target_arch = "x86_64")]
        block.extend([line(AT_LEAST, 0, 1, X32), line(RETURN, 0, 0, UNKNOWN)]);
        hold_at(&mut block, [table.execve, table.execveat]);
        hold_at(&mut block, also.ends.then_some(table.exit_group));
        let others = [recorder, waits];
        let kills = [recorder, waits, recorder.wrapping_neg(), u32::MAX];
        let reach = table.reach.iter().zip(REACH).map(|(call, (_, argument))| (*call, argument, &others[..]));
        // Whom a descriptor means is looked up.
        hold_at(&mut block, [SEND]);
        for (call, argument, processes) in reach.chain([(table.kill, 0, &kills[..])]) {
            let mut part = vec![line(LOAD, 0, 0, ARGUMENTS + 8 * argument)];
            hold_at(&mut part, processes.iter().copied());
            part.push(line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
            block.push(line(EQUAL, 0, part.len(), call));
            block.extend(part);
        }
        if also.files {
            hold_files(&mut block, table.machine);
        } else if also.words {
            hold_words(&mut block, table.machine);
        }
        // A signal of a descriptor goes to whom that names, without a call that names it: nobody chooses
        // one that cannot be ignored.
        for call in table.fcntl {
            block.extend([
                line(EQUAL, 0, 7, call),
                line(LOAD, 0, 0, ARGUMENTS + 8),
                line(EQUAL, 0, 3, F_SETSIG),
                line(LOAD, 0, 0, ARGUMENTS + 16),
                line(EQUAL, 2, 0, libc::SIGKILL.cast_unsigned()),
                line(EQUAL, 1, 0, libc::SIGSTOP.cast_unsigned()),
                line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
                line(RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
            ]);
        }
        block.push(line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
        lines.push(line(EQUAL, 0, block.len(), table.machine));
        lines.extend(block);
    }
    lines.push(line(RETURN, 0, 0, UNKNOWN));
    lines
}

/// What a held process asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To become another program.
    Start(Place),
    /// To end, with this status.
    End(u8),
    /// To reach another process, by a call with this name.
    Reach(&'static str),
    /// To end or stop what this descriptor means.
    Send(i32),
    /// To make, change or remove what a name leads to.
    Touch(&'static Row),
}

/// Where a held process has the words of what it is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    path: u64,
    words: u64,
    /// The descriptor of the folder that the path is relative to, or of the program itself.
    beside: Option<i32>,
    pointer: u64,
}

/// What is asked for by a call that the filter holds.
#[must_use]
pub fn asked(call: &Call) -> Option<Asked> {
    let table = TABLES.iter().find(|table| table.machine == call.machine)?;
    let number = call.number.cast_unsigned();
    let [first, second, third, ..] = call.arguments;
    let pointer = table.pointer;
    if number == table.execve {
        return Some(Asked::Start(Place { path: first, words: second, beside: None, pointer }));
    }
    if number == table.execveat {
        // The descriptor is an int; the upper half of the register is not its own.
        let beside = Some(((first & 0xffff_ffff) as u32).cast_signed());
        return Some(Asked::Start(Place { path: second, words: third, beside, pointer }));
    }
    if number == table.exit_group {
        return Some(Asked::End((first & 0xff) as u8));
    }
    if number == SEND {
        return Some(Asked::Send(((first & 0xffff_ffff) as u32).cast_signed()));
    }
    if number == table.kill {
        return Some(Asked::Reach("kill"));
    }
    if table.fcntl.contains(&number) {
        return Some(Asked::Reach("fcntl"));
    }
    if let Some(at) = table.reach.iter().position(|call| *call == number) {
        return Some(Asked::Reach(REACH[at].0));
    }
    touch::calls(table.machine).iter().find(|row| row.number == number).map(Asked::Touch)
}

/// The most bytes of arguments that are read; the kernel takes up to a quarter of the stack's limit.
pub const WORDS_MAX: usize = 256 << 10;
/// The longest path that the kernel takes.
const PATH_MAX: usize = 4096;
/// `AT_FDCWD`
const HERE: i32 = libc::AT_FDCWD;

/// What a process is about to become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The path, as it was asked for; of an open file the path of that.
    pub path: Vec<u8>,
    /// The name that a script gets as its own.
    pub name: Vec<u8>,
    /// The arguments, a NUL behind each.
    pub words: Vec<u8>,
    /// Bytes of them were left out.
    pub cut: bool,
    /// Which file that is, where the name is of something open: device and inode.
    pub file: Option<(u64, u64)>,
}

/// Reads what a held thread is about to become.
///
/// # Errors
/// It is gone, or its memory cannot be read.
pub fn wanted(thread: u32, place: &Place) -> io::Result<Wanted> {
    let memory = Memory::of(thread);
    let mut path = memory.text(place.path, PATH_MAX)?;
    let mut name = path.clone();
    let by_file = place.beside.is_some() && path.is_empty();
    if let Some(descriptor) = place.beside.filter(|descriptor| *descriptor != HERE)
        && !path.starts_with(b"/")
    {
        let mut of = proc::path_of_open(thread, descriptor)?.into_os_string().into_vec();
        name = format!("/dev/fd/{descriptor}").into_bytes();
        if !path.is_empty() {
            for whole in [&mut of, &mut name] {
                whole.push(b'/');
                whole.extend_from_slice(&path);
            }
        }
        path = of;
    }
    let (mut words, mut cut) = (Vec::new(), false);
    let mut at = place.words;
    // Linux takes no list for an empty one.
    while at != 0 {
        let word = match place.pointer {
            4 => u64::from(memory.int(at)?.cast_unsigned()),
            _ => memory.pointer(at)?,
        };
        if word == 0 {
            break;
        }
        if words.len() >= WORDS_MAX {
            cut = true;
            break;
        }
        words.extend(memory.text(word, WORDS_MAX - words.len())?);
        words.push(0);
        at += place.pointer;
    }
    let mut file = place
        .beside
        .filter(|_| by_file)
        .and_then(|descriptor| proc::identity_of_open(thread, descriptor).ok());
    let given = Path::new(OsStr::from_bytes(&path));
    let here = match given.is_absolute() {
        true => PathBuf::new(),
        false => fs::read_link(format!("/proc/{thread}/cwd")).unwrap_or_default(),
    };
    if !by_file
        && find::is_own(&here, given)
        && let Some(found) = find::find(thread, given, true)
        && let Ok(meta) = fs::metadata(find::within(thread, &found))
    {
        // What it has open now, it may have closed once it has become that.
        file = Some((meta.dev(), meta.ino()));
        path = found.into_os_string().into_vec();
    }
    Ok(Wanted { path, name, words, cut, file })
}

/// What a process has just become, of which nothing has run.
///
/// # Errors
/// It is gone.
pub fn became(process: u32) -> io::Result<Wanted> {
    /// `AT_EXECFN` (linux/auxvec.h): the name that the program was asked for by.
    const NAME: u64 = 31;
    let words = words(process)?;
    let name = proc::auxiliary(process, NAME).map(|at| Memory::of(process).text(at, PATH_MAX));
    let name = name.transpose()?.unwrap_or_default();
    // By an open file, or by a name below an open folder.
    let opened = name.strip_prefix(b"/dev/fd/").map(|rest| rest.iter().position(|byte| *byte == b'/'));
    let by_file = name.is_empty() || opened == Some(None);
    let path = match opened.flatten().map(|at| name.split_at(b"/dev/fd/".len() + at)) {
        _ if by_file => proc::path_of_program(process)?.into_os_string().into_vec(),
        Some((folder, below)) => {
            let number = folder.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
            // It may be closed by now.
            match number.and_then(|number| proc::path_of_open(process, number).ok()) {
                Some(folder) => [folder.into_os_string().into_vec().as_slice(), below].concat(),
                None => proc::path_of_program(process)?.into_os_string().into_vec(),
            }
        }
        None => name.clone(),
    };
    Ok(Wanted { path, name, cut: words.len() >= WORDS_MAX, words, file: None })
}

/// Which process a thread is of, and that one's parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kin {
    /// The process.
    pub process: u32,
    /// Its parent.
    pub parent: u32,
}

/// Which process a thread is of.
///
/// # Errors
/// It is gone.
pub fn kin(thread: u32) -> io::Result<Kin> {
    look_at(thread).map(|(kin, _)| kin)
}

/// Which process a thread is of, and the process's descriptor, if it was asked.
///
/// # Errors
/// It is gone.
pub fn look_at(thread: u32) -> io::Result<(Kin, Option<OwnedFd>)> {
    // The kernel takes a tenth of the time for this that it takes to write a text in `/proc`. A thread
    // that is not the first of its process has no descriptor.
    if let Ok(handle) = notify::process(thread)
        && let Some((process, parent)) = notify::kin(handle.as_fd())
    {
        return Ok((Kin { process, parent }, Some(handle)));
    }
    let text = proc::small(&format!("/proc/{thread}/status"))?;
    let found = proc::numbered(&text, "Tgid:").zip(proc::numbered(&text, "PPid:"));
    let (process, parent) = found.ok_or(io::ErrorKind::InvalidData)?;
    Ok((Kin { process, parent }, None))
}

/// The process that a descriptor of a held thread means: one of the kernel's for a process, or a folder
/// of one in `/proc`.
#[must_use]
pub fn meant(thread: u32, descriptor: i32) -> Option<u32> {
    let number = |below: String, name: &str| proc::number_in(&format!("/proc/{thread}/{below}"), name).ok();
    number(format!("fdinfo/{descriptor}"), "Pid:")
        .or_else(|| number(format!("fd/{descriptor}/status"), "Tgid:"))
}

/// The working folder of a process.
///
/// # Errors
/// It is gone.
pub fn folder(process: u32) -> io::Result<Vec<u8>> {
    Ok(fs::read_link(format!("/proc/{process}/cwd"))?.into_os_string().into_vec())
}

/// The arguments with which a process runs, a NUL behind each.
///
/// # Errors
/// It is gone.
pub fn words(process: u32) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut words = Vec::with_capacity(proc::SMALL);
    let file = fs::File::open(format!("/proc/{process}/cmdline"))?;
    file.take(WORDS_MAX as u64).read_to_end(&mut words)?;
    Ok(words)
}

/// Whether a process numbers processes as this one does.
#[must_use]
pub fn counts_as_we(process: u32) -> bool {
    let inode = |of: &str| fs::metadata(format!("/proc/{of}/ns/pid")).map(|meta| meta.ino()).ok();
    inode(&process.to_string()) == inode("self")
}
