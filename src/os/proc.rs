//! What `/proc` shows: the boot, this program, processes with their parents and starts.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;

/// Which boot of the machine this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId(uuid::Uuid);

impl BootId {
    /// Its bytes, as a state has them.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// Its text, as the kernel prints it and a genesis has it.
    #[must_use]
    pub fn text(self) -> String {
        self.0.hyphenated().to_string()
    }
}

/// The boot id.
///
/// # Errors
/// The kernel does not tell it, as where `/proc` is not mounted.
pub fn boot_id() -> io::Result<BootId> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    uuid::Uuid::try_parse(text.trim()).map(BootId).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The file of this program, whatever has become of its name.
///
/// # Errors
/// It cannot be opened.
pub fn program() -> io::Result<File> {
    File::open("/proc/self/exe")
}

/// Inode of one of this process's namespaces (`pid`, `time`); none if the kernel has none.
///
/// # Errors
/// The kernel does not tell it.
pub fn namespace(kind: &str) -> io::Result<Option<u64>> {
    namespace_of("self", kind)
}

fn namespace_of(process: &str, kind: &str) -> io::Result<Option<u64>> {
    match fs::metadata(format!("/proc/{process}/ns/{kind}")) {
        Ok(meta) => Ok(Some(meta.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a process that lives sees the mounts that this one sees.
///
/// # Errors
/// The kernel does not tell it.
pub fn has_our_mounts(pid: u64) -> io::Result<bool> {
    Ok(namespace_of(&pid.to_string(), "mnt")? == namespace("mnt")?)
}

/// What `/proc/PID/stat` says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its parent.
    pub parent: u64,
    /// Its start in clock ticks since boot.
    pub start_ticks: u64,
}

/// Parent and start of a process; `None` if the process does not exist.
///
/// # Errors
/// The kernel does not tell it.
pub fn stat(pid: u64) -> io::Result<Option<Stat>> {
    match fs::read(format!("/proc/{pid}/stat")) {
        Ok(text) => Ok(parse_stat(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(nix::libc::ESRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a short text of the kernel has at most, in bytes.
pub const SMALL: usize = 4096;

/// A short text of the kernel, read at once.
///
/// # Errors
/// It is not there.
pub fn small(path: &str) -> io::Result<Vec<u8>> {
    // With as few calls as can be: a program waits that is to start.
    let file = openat(AT_FDCWD, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let mut text = vec![0; SMALL];
    let mut length = 0;
    loop {
        let count = nix::unistd::read(&file, &mut text[length..])?;
        length += count;
        // The kernel writes such a text whole where there is room for it.
        if count == 0 || length < text.len() {
            text.truncate(length);
            return Ok(text);
        }
        text.resize(2 * length, 0);
    }
}

/// Parent of a process, which may be a zombie.
#[must_use]
pub fn parent(pid: u64) -> Option<u64> {
    fields(&small(&format!("/proc/{pid}/stat")).ok()?)?.get(1)?.parse().ok()
}

/// The number behind a name in a file of `/proc` that has a name on each line.
///
/// # Errors
/// It cannot be read, or has no such number.
pub fn number_in(path: &str, name: &str) -> io::Result<u32> {
    let text = small(path)?;
    numbered(&text, name).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The number behind a name in such a text.
#[must_use]
pub fn numbered(text: &[u8], name: &str) -> Option<u32> {
    let line = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name.as_bytes()))?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

/// The process that follows a thread; 0 if none does.
///
/// # Errors
/// It is gone.
pub fn tracer(thread: u32) -> io::Result<u32> {
    number_in(&format!("/proc/{thread}/status"), "TracerPid:")
}

/// All processes that this one sees.
fn all() -> impl Iterator<Item = u32> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.parse().ok())
}

/// The children of a process that has one thread.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    match fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")) {
        Ok(text) => text.split_ascii_whitespace().filter_map(|child| child.parse().ok()).collect(),
        // A kernel without that list.
        Err(_) => all().filter(|child| parent((*child).into()) == Some(pid.into())).collect(),
    }
}

/// The parent of a process that is not about to end.
fn parent_of_living(pid: u64) -> Option<u64> {
    /// `PF_EXITING` (linux/sched.h).
    const EXITING: u64 = 4;
    let text = small(&format!("/proc/{pid}/stat")).ok()?;
    let fields = fields(&text)?;
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    // One whose first thread has ended lives as long as another one does.
    let ends = (matches!(*fields.first()?, "Z" | "X") || number(6)? & EXITING != 0) && number(17)? <= 1;
    if ends { None } else { number(1) }
}

/// Whether `/proc` gives this process the number that it has for itself.
#[must_use]
pub fn is_of_own_namespace() -> bool {
    fs::read_link("/proc/self").is_ok_and(|own| own.to_str() == Some(&std::process::id().to_string()))
}

/// Whether a process is about to end, or has ended.
#[must_use]
pub fn is_ending(pid: u32) -> bool {
    parent_of_living(pid.into()).is_none()
}

/// Whether a process waits within a system call of this number.
#[must_use]
pub fn waits_in(pid: u32, call: i64) -> bool {
    let text = small(&format!("/proc/{pid}/syscall")).unwrap_or_default();
    text.split(|byte| *byte == b' ').next() == Some(call.to_string().as_bytes())
}

/// Where a process stands for job control.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The process.
    pub pid: i32,
    /// Its parent.
    pub parent: i32,
    /// Its process group.
    pub group: i32,
    /// Its session.
    pub session: i32,
    /// The process group in front of the terminal of its session; -1 without one.
    pub in_front: i32,
}

/// Where a process stands for job control; `None` if it is gone.
#[must_use]
pub fn place(pid: i32) -> Option<Place> {
    let text = small(&format!("/proc/{pid}/stat")).ok()?;
    let fields = fields(&text)?;
    let number = |at: usize| fields.get(at)?.parse().ok();
    Some(Place { pid, parent: number(1)?, group: number(2)?, session: number(3)?, in_front: number(5)? })
}

/// The name of a process's program, of which the kernel keeps 15 bytes.
#[must_use]
pub fn name(pid: i32) -> Vec<u8> {
    let mut name = small(&format!("/proc/{pid}/comm")).unwrap_or_default();
    name.pop();
    name
}

/// Whether a signal has stopped a process that nobody follows.
#[must_use]
pub fn rests(pid: u32) -> bool {
    is_in(pid, &["T"])
}

/// Whether a process has stopped, by a signal or for who follows it.
#[must_use]
pub fn has_stopped(pid: u32) -> bool {
    is_in(pid, &["T", "t"])
}

/// Whether a process is in one of these states.
fn is_in(pid: u32, states: &[&str]) -> bool {
    let text = small(&format!("/proc/{pid}/stat")).unwrap_or_default();
    fields(&text).and_then(|fields| fields.first().copied()).is_some_and(|state| states.contains(&state))
}

/// How many processes run below one, but for this one of them.
#[must_use]
pub fn below(top: u32, but: u32) -> u64 {
    let parent = |pid: u32| Some((pid.into(), parent_of_living(pid.into())?));
    let parents: HashMap<u64, u64> = all().filter_map(parent).collect();
    let is_below = |pid: u64| {
        let mut at = pid;
        // A loop cannot be, but while this is read numbers can be used again.
        for _ in 0..parents.len() {
            match parents.get(&at) {
                Some(parent) if *parent == u64::from(top) => return true,
                Some(parent) => at = *parent,
                None => return false,
            }
        }
        false
    };
    parents.keys().filter(|pid| **pid != u64::from(but) && is_below(**pid)).count() as u64
}

/// The fields of `/proc/PID/stat` from the third on.
fn fields(text: &[u8]) -> Option<Vec<&str>> {
    // The second field is the name in parentheses and may hold anything, ')' too: what
    // follows the last ')' is fields 3 and on.
    let after = text.iter().rposition(|byte| *byte == b')')? + 1;
    Some(std::str::from_utf8(&text[after..]).ok()?.split_ascii_whitespace().collect())
}

fn parse_stat(text: &[u8]) -> Option<Stat> {
    let fields = fields(text)?;
    let state = *fields.first()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    Some(Stat { parent: fields.get(1)?.parse().ok()?, start_ticks: fields.get(19)?.parse().ok()? })
}

/// The memory of a process that this one traces.
///
/// # Errors
/// It is gone, or not traced.
pub fn memory(pid: u32) -> io::Result<File> {
    File::open(format!("/proc/{pid}/mem"))
}

/// The file of a process's program.
///
/// # Errors
/// It is gone, or not this user's.
pub fn program_of(pid: u32) -> io::Result<File> {
    File::open(format!("/proc/{pid}/exe"))
}

/// A value that the kernel gave a program when it started (AT_ of getauxval(3)).
#[must_use]
pub fn auxiliary(pid: u32, kind: u64) -> Option<u64> {
    let values = fs::read(format!("/proc/{pid}/auxv")).ok()?;
    let word = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_ne_bytes);
    values.chunks_exact(16).find(|pair| word(&pair[..8]) == Some(kind)).and_then(|pair| word(&pair[8..]))
}

/// The names of the variables with which a process began.
///
/// # Errors
/// It is gone, or not this user's.
pub fn names_of_variables(pid: u32) -> io::Result<Vec<Vec<u8>>> {
    let text = fs::read(format!("/proc/{pid}/environ"))?;
    let name = |variable: &[u8]| variable.split(|byte| *byte == b'=').next().map(<[u8]>::to_vec);
    Ok(text.split(|byte| *byte == 0).filter_map(name).filter(|name| !name.is_empty()).collect())
}

/// Where this process finds what a path leads to for another one, in its folder and its root.
#[must_use]
pub fn path_for(pid: u32, path: &Path) -> PathBuf {
    let process = PathBuf::from(format!("/proc/{pid}"));
    match path.strip_prefix("/") {
        Ok(path) => process.join("root").join(path),
        Err(_) => process.join("cwd").join(path),
    }
}

/// The path of a process's program.
///
/// # Errors
/// It is gone, or not this user's.
pub fn path_of_program(pid: u32) -> io::Result<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe"))
}

/// Opens anew what a process has open; this one's is `self`.
///
/// # Errors
/// It has no such descriptor, or the file cannot be opened again.
pub fn opened_by(pid: Option<u32>, descriptor: i32) -> io::Result<File> {
    let pid = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    File::open(format!("/proc/{pid}/fd/{descriptor}"))
}

/// Which file a process has open: device and inode.
///
/// # Errors
/// It has no such descriptor.
pub fn identity_of_open(pid: u32, descriptor: i32) -> io::Result<(u64, u64)> {
    let meta = fs::metadata(format!("/proc/{pid}/fd/{descriptor}"))?;
    Ok((meta.dev(), meta.ino()))
}

/// The path of what a process has open.
///
/// # Errors
/// It has no such descriptor, or is not this user's.
pub fn path_of_open(pid: u32, descriptor: i32) -> io::Result<PathBuf> {
    fs::read_link(format!("/proc/{pid}/fd/{descriptor}"))
}

/// The path of what this process has open.
///
/// # Errors
/// It has no such descriptor.
pub fn path_of_own(descriptor: i32) -> io::Result<PathBuf> {
    fs::read_link(format!("/proc/self/fd/{descriptor}"))
}

/// The descriptors of this process that are of the same file, pipe or memory as this one.
#[must_use]
pub fn same_as(descriptor: i32) -> Vec<i32> {
    let Ok(wanted) = path_of_own(descriptor) else { return Vec::new() };
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|number| path_of_own(*number).is_ok_and(|what| what == wanted)).collect()
}

/// The descriptor that a path names, as a shell's `<( )` does.
#[must_use]
pub fn descriptor_in(path: &Path) -> Option<i32> {
    let text = path.to_str()?;
    let number = ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| text.strip_prefix(folder));
    match number {
        None => (text == "/dev/stdin").then_some(0),
        Some(number) => number.parse().ok(),
    }
}

/// Where a process is in a file that it has open, and which file that is (device and inode).
#[must_use]
pub fn place_in(pid: u32, descriptor: i32) -> Option<((u64, u64), u64)> {
    let meta = fs::metadata(format!("/proc/{pid}/fd/{descriptor}")).ok()?;
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).ok()?;
    let at = info.lines().find_map(|line| line.strip_prefix("pos:"))?.trim().parse().ok()?;
    Some(((meta.dev(), meta.ino()), at))
}

/// Whether the process that had this id and start is still there; in doubt it is.
#[must_use]
pub fn is_alive(pid: u64, start_ticks: u64) -> bool {
    stat(pid).map_or(true, |stat| stat.is_some_and(|stat| stat.start_ticks == start_ticks))
}

/// This process's ancestors, nearest first, with their starts.
///
/// # Errors
/// The kernel does not tell them.
pub fn ancestors() -> io::Result<Vec<(u64, u64)>> {
    let mut list = Vec::new();
    let mut pid = u64::from(std::os::unix::process::parent_id());
    while pid > 0 && list.len() < 1024 {
        let Some(stat) = stat(pid)? else { break };
        list.push((pid, stat.start_ticks));
        pid = stat.parent;
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let text = b"12 (a) b (c)) S 7 12 12 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 424242 1 1 1";
        assert_eq!(parse_stat(text), Some(Stat { parent: 7, start_ticks: 424_242 }));
        assert_eq!(parse_stat(b"12 (a) Z 7 12"), None);
    }

    #[test]
    fn the_boot_id_is_spelled_as_the_kernel_spells_it() {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert_eq!(boot_id().unwrap().text(), text.trim());
    }

    #[test]
    fn this_process_is_alive_and_has_ancestors() {
        let me = u64::from(std::process::id());
        let start = stat(me).unwrap().unwrap().start_ticks;
        assert!(is_alive(me, start));
        assert!(!is_alive(me, start + 1));
        assert_eq!(ancestors().unwrap().first().map(|(pid, _)| *pid), parent(me));
    }
}
