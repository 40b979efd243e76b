//! Why a path cannot be used, in words, and what to do then.

use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::text::{Command, Fault, Next, visible};

/// Why a path cannot be used.
#[derive(Debug)]
pub enum FileError {
    /// No file has this name.
    Missing(PathBuf),
    /// The folder that a new file belongs in is missing.
    NoFolder(PathBuf),
    /// A symbolic link is in its place.
    Link(PathBuf),
    /// Another kind of file is needed.
    Kind(PathBuf, &'static str),
    /// It belongs to another user.
    Owner(PathBuf, u32),
    /// Others may use it.
    Mode(PathBuf, u32),
    /// A file with this name exists.
    Exists(PathBuf),
    /// Longer than the limit in bytes.
    TooLong(PathBuf, u64),
    /// A system call failed.
    Io(PathBuf, io::Error),
}

impl FileError {
    /// What it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            FileError::Missing(path)
            | FileError::NoFolder(path)
            | FileError::Link(path)
            | FileError::Kind(path, _)
            | FileError::Owner(path, _)
            | FileError::Mode(path, _)
            | FileError::Exists(path)
            | FileError::TooLong(path, _)
            | FileError::Io(path, _) => path,
        }
    }

    /// What is wrong with the path, for a message that has named it already.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            FileError::Missing(_) => MISSING.into(),
            FileError::NoFolder(_) => "no such folder".into(),
            FileError::Link(_) => "a symbolic link is in the way".into(),
            FileError::Kind(_, wanted) => format!("not {wanted}"),
            FileError::Owner(_, uid) => format!("belongs to user {}, not to you", user_words(*uid)),
            FileError::Mode(_, mode) => format!("others may use it (mode {:04o})", mode & 0o7777),
            FileError::Exists(_) => "exists already".into(),
            FileError::TooLong(_, limit) => format!("longer than {limit} bytes"),
            FileError::Io(_, error) => words(error),
        }
    }
}

const MISSING: &str = "no such file or folder";

/// A failed system call in words: the same for every caller, and without the number.
#[must_use]
pub fn words(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return MISSING.into();
    }
    error.raw_os_error().map_or_else(|| error.to_string(), |number| Errno::from_raw(number).desc().to_owned())
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}: {}", self.path().display(), self.reason())
    }
}

impl std::error::Error for FileError {}

impl Fault for FileError {
    fn next(&self) -> Option<Next> {
        match self {
            FileError::NoFolder(path) => {
                Some(Next::typing("to make it", Command::new("mkdir -p").path(path)))
            }
            FileError::Link(_) => Some("remove it, and put back what was there".into()),
            FileError::Io(path, error) if error.kind() == io::ErrorKind::StorageFull => {
                let folder = path.parent().unwrap_or(path);
                Some(Next::typing("to see how full its file system is", Command::new("df").path(folder)))
            }
            FileError::Mode(path, _) => Some(Next::typing("", Command::new("chmod go=").path(path))),
            _ => None,
        }
    }
}

/// A user by number, and by name where that is known here.
fn user_words(uid: u32) -> String {
    match nix::unistd::User::from_uid(uid.into()) {
        Ok(Some(user)) => format!("{uid} ({})", visible(user.name.as_bytes())),
        _ => uid.to_string(),
    }
}

/// The error of a failed system call on this path.
pub(super) fn failed(path: &Path, errno: Errno) -> FileError {
    let path = path.to_owned();
    match errno {
        Errno::ENOENT => FileError::Missing(path),
        Errno::ELOOP => FileError::Link(path),
        Errno::ENOTDIR => FileError::Kind(path, "a folder"),
        Errno::EEXIST => FileError::Exists(path),
        other => FileError::Io(path, other.into()),
    }
}
