//! Folders that are kept in memory.

use std::path::{Path, PathBuf};

use nix::sys::statfs::{TMPFS_MAGIC, statfs};

/// A user's folder where every user may have one in memory.
#[must_use]
pub fn folder(uid: nix::unistd::Uid) -> PathBuf {
    PathBuf::from(format!("/dev/shm/attesh-{uid}"))
}

/// Whether a folder is kept in memory.
#[must_use]
pub fn is_in_memory(path: &Path) -> bool {
    statfs(path).is_ok_and(|fs| fs.filesystem_type() == TMPFS_MAGIC)
}
