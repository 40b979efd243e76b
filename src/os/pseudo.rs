//! File systems whose files the kernel makes up while they are read.

use std::path::Path;

use nix::sys::statfs::{
    BPF_FS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, FsType, PROC_SUPER_MAGIC,
    SECURITYFS_MAGIC, SYSFS_MAGIC, TRACEFS_MAGIC, statfs,
};

const KINDS: [FsType; 8] = [
    PROC_SUPER_MAGIC,
    SYSFS_MAGIC,
    CGROUP_SUPER_MAGIC,
    CGROUP2_SUPER_MAGIC,
    DEBUGFS_MAGIC,
    TRACEFS_MAGIC,
    SECURITYFS_MAGIC,
    BPF_FS_MAGIC,
];

/// Whether a folder is of such a file system: its files have no end, or reading one does something.
#[must_use]
pub fn is_pseudo(folder: &Path) -> bool {
    statfs(folder).is_ok_and(|fs| KINDS.contains(&fs.filesystem_type()))
}
