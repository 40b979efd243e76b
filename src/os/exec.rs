//! What a program's file gives to who runs it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use super::find;
use crate::sys;

/// The mode bits by which a program runs as its file's owner or group.
const SET_ID: u32 = 0o6000;
/// The longest first line of a script that names its interpreter, in bytes.
const INTERPRETER_MAX: u64 = 256;
/// How many scripts can be interpreters of one another, as the kernel counts them.
const INTERPRETERS_MAX: usize = 5;

/// Whether a program that a process runs by this name gets rights which that process has not, and
/// which the kernel would take from a traced one.
#[must_use]
pub fn gives_rights(pid: u32, name: &[u8]) -> bool {
    // Who may trace everything may keep them.
    if Uid::effective().is_root() {
        return false;
    }
    let within = seen_by(pid, name);
    has_rights(&within) || interpreter(&within).is_some_and(|path| has_rights(&path))
}

fn has_rights(path: &Path) -> bool {
    let set_id = path.metadata().is_ok_and(|meta| meta.mode() & SET_ID != 0);
    set_id || sys::has_attribute(path, c"security.capability")
}

/// The program that a script's first line names.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let (name, _) = interpreter_and_word(script)?;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(&name)))
}

/// The program that a script's first line names, and the one word behind it.
fn interpreter_and_word(script: &Path) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut line = Vec::new();
    // Another process can put something else there, such as a pipe that nobody opens.
    let file =
        File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(script).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(INTERPRETER_MAX).read_to_end(&mut line).ok()?;
    // Without an end in so many bytes the kernel takes all but the last.
    let end = memchr::memchr(b'\n', &line);
    let line = line.get(..end.unwrap_or(INTERPRETER_MAX as usize - 1)).unwrap_or(&line);
    let line = line.strip_prefix(b"#!")?.trim_ascii();
    let name = line.split(u8::is_ascii_whitespace).next()?;
    let word = line[name.len()..].trim_ascii();
    Some((name.to_vec(), (!word.is_empty()).then(|| word.to_vec())))
}

/// The same of the script that a process finds by this name.
fn script_of(pid: u32, name: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let plain = interpreter_and_word(&seen_by(pid, name));
    plain.or_else(|| interpreter_and_word(&found_by(pid, name)?))
}

/// The words that a process runs with once it has become the program of this path: for a script those
/// of its interpreter, which the kernel puts before its name (binfmt_script). A NUL stands behind each.
#[must_use]
pub fn words_of(pid: u32, path: &[u8], name: &[u8], words: &[u8]) -> Vec<u8> {
    let (mut path, mut name, mut words) = (path.to_vec(), name.to_vec(), words.to_vec());
    for _ in 0..INTERPRETERS_MAX {
        let Some((program, word)) = script_of(pid, &path) else { break };
        let rest = words.iter().position(|byte| *byte == 0).map_or(words.len(), |at| at + 1);
        let mut whole = Vec::new();
        for part in [Some(&program), word.as_ref(), Some(&name)].into_iter().flatten() {
            whole.extend_from_slice(part);
            whole.push(0);
        }
        whole.extend_from_slice(&words[rest..]);
        (path, name, words) = (program.clone(), program, whole);
    }
    words
}

/// Whether what a process runs is the file of this path, or, for a script, its interpreter.
///
/// # Errors
/// What it runs, nobody may look at: the file cannot be read.
pub fn is_program_of(pid: u32, path: &[u8]) -> io::Result<bool> {
    let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let running = fs::metadata(format!("/proc/{pid}/exe")).map(identity)?;
    let mut path = path.to_vec();
    for _ in 0..=INTERPRETERS_MAX {
        let is_it = |at: &PathBuf| at.metadata().map(identity).is_ok_and(|there| there == running);
        if is_it(&seen_by(pid, &path)) || found_by(pid, &path).as_ref().is_some_and(is_it) {
            return Ok(true);
        }
        let Some((program, _)) = script_of(pid, &path) else { return Ok(false) };
        path = program;
    }
    Ok(false)
}

/// Whether what a process runs is this file: device and inode.
#[must_use]
pub fn is_file(pid: u32, file: (u64, u64)) -> bool {
    fs::metadata(format!("/proc/{pid}/exe")).is_ok_and(|meta| (meta.dev(), meta.ino()) == file)
}

/// The same where links in the name begin at the root of that process, and that is another one.
fn found_by(pid: u32, name: &[u8]) -> Option<PathBuf> {
    let name = Path::new(std::ffi::OsStr::from_bytes(name));
    Some(find::within(pid, &find::find(pid, name, true)?))
}

/// The path by which this process finds what another one finds by a name without such links.
fn seen_by(pid: u32, name: &[u8]) -> PathBuf {
    let name = Path::new(std::ffi::OsStr::from_bytes(name));
    match name.strip_prefix("/") {
        Ok(rest) => PathBuf::from(format!("/proc/{pid}/root")).join(rest),
        Err(_) => PathBuf::from(format!("/proc/{pid}/cwd")).join(name),
    }
}
