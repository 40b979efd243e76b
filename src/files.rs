//! Files: read with a limit, written whole or not at all.
//!
//! A new file is made under another name beside its own, private from its first moment,
//! synced, and only then published. No reader ever sees half of it, and a
//! symbolic link in the way is never followed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Reads a file of at most `max` bytes. A larger one is an error, and is not read whole.
pub fn read_limited(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    read_from(&File::open(path)?, max)
}

/// The same for a file that is open already.
pub fn read_from(file: &File, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max {
        let what = format!("larger than {max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

/// Writes a new file with these permissions. One that exists is an error of kind
/// `AlreadyExists`, or is replaced with `force`.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32, force: bool) -> io::Result<()> {
    let (folder, temporary) = beside(path)?;
    let written = write_temporary(&temporary, bytes, mode).and_then(|()| {
        if force {
            rename(&temporary, path)
        } else {
            // A link, unlike a rename, never replaces what is there.
            fs::hard_link(&temporary, path)?;
            fs::remove_file(&temporary)
        }
    });
    if let Err(error) = written {
        // The first error is the one to tell; a file left over is in nobody's way.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    File::open(folder)?.sync_all()
}

fn beside(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let mut hidden = OsString::from(".");
    // Leaves room for the suffix where the name is as long as names can be.
    let kept = &name.as_bytes()[..name.len().min(200)];
    hidden.push(std::ffi::OsStr::from_bytes(kept));
    hidden.push(format!(".{:016x}.tmp", u64::from_le_bytes(random)));
    Ok((folder.to_owned(), folder.join(hidden)))
}

fn write_temporary(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where files are published"
)]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_new_file_is_private_and_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_new(&path, b"one", 0o600, false).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_there_stays_unless_forced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_new(&path, b"one", 0o600, false).unwrap();
        let error = write_new(&path, b"two", 0o600, false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_new(&path, b"two", 0o600, true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join("key"), dir.path().join("target"));
        symlink(&target, &path).unwrap();
        assert!(write_new(&path, b"one", 0o600, false).is_err());
        write_new(&path, b"one", 0o600, true).unwrap();
        assert!(!target.exists());
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn one_byte_too_many_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_new(&path, b"1234", 0o600, false).unwrap();
        assert_eq!(read_limited(&path, 4).unwrap(), b"1234");
        let error = read_limited(&path, 3).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
