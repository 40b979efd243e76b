//! What a program's file gives to who runs it.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use crate::sys;

/// The mode bits by which a program runs as its file's owner or group.
const SET_ID: u32 = 0o6000;
/// The longest first line of a script that names its interpreter, in bytes.
const INTERPRETER_MAX: u64 = 256;

/// Whether a program that a process runs by this name gets rights which that process has not, and
/// which the kernel would take from a traced one.
#[must_use]
pub fn gives_rights(pid: u32, name: &[u8]) -> bool {
    // Who may trace everything may keep them.
    if Uid::effective().is_root() {
        return false;
    }
    let name = Path::new(std::ffi::OsStr::from_bytes(name));
    let within = match name.strip_prefix("/") {
        Ok(rest) => PathBuf::from(format!("/proc/{pid}/root")).join(rest),
        Err(_) => PathBuf::from(format!("/proc/{pid}/cwd")).join(name),
    };
    has_rights(&within) || interpreter(&within).is_some_and(|path| has_rights(&path))
}

fn has_rights(path: &Path) -> bool {
    let set_id = path.metadata().is_ok_and(|meta| meta.mode() & SET_ID != 0);
    set_id || sys::has_attribute(path, c"security.capability")
}

/// The program that a script's first line names.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let mut line = Vec::new();
    File::open(script).ok()?.take(INTERPRETER_MAX).read_to_end(&mut line).ok()?;
    let line = line.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let name = line.split(u8::is_ascii_whitespace).next()?;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}
