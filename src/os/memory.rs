//! Folders and files that are kept in memory.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};

/// The first user id that is not a system user's.
const PEOPLE_UID: u32 = 1000;

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

/// Whether the system removes what a user has in this folder when the user's last login ends:
/// systemd-logind does so with the runtime folder, and unless it is a system user's with /dev/shm
/// too (RemoveIPC). A user who lingers keeps both.
#[must_use]
pub fn goes_with_logout(folder: &Path) -> bool {
    let uid = nix::unistd::geteuid();
    let emptied = is_emptied(folder, uid.as_raw());
    let user = nix::unistd::User::from_uid(uid).ok().flatten();
    let lingers = user.is_none_or(|user| Path::new("/var/lib/systemd/linger").join(user.name).exists());
    emptied && Path::new("/run/systemd/seats").is_dir() && !lingers
}

fn is_emptied(folder: &Path, uid: u32) -> bool {
    folder.starts_with("/run/user") || uid >= PEOPLE_UID && folder.starts_with("/dev/shm")
}

/// A file without a name that has these bytes, and that nobody can change any more.
///
/// # Errors
/// The kernel gave none.
pub fn sealed(bytes: &[u8]) -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = File::from(memfd_create(c"script", flags)?);
    file.write_all(bytes)?;
    file.rewind()?;
    let seals =
        SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file)
}

/// A file without a name, where another process can write.
///
/// # Errors
/// The kernel gave none.
pub fn open(name: &CStr) -> io::Result<File> {
    Ok(File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC)?))
}

/// Which file an open one is: device and inode.
///
/// # Errors
/// The kernel does not tell.
pub fn identity(file: &File) -> io::Result<(u64, u64)> {
    let meta = file.metadata()?;
    Ok((meta.dev(), meta.ino()))
}

#[cfg(test)]
mod tests {
    use super::is_emptied;
    use std::path::Path;

    #[test]
    fn a_logout_empties_what_a_person_has_in_memory() {
        for (folder, uid, goes) in [
            ("/run/user/1000/attesh", 1000, true),
            ("/run/user/0/attesh", 0, true),
            ("/dev/shm/attesh-1000", 1000, true),
            ("/dev/shm/attesh-0", 0, false),
            ("/home/me/.local/state/attesh/state", 1000, false),
            ("/run/users", 1000, false),
        ] {
            assert_eq!(is_emptied(Path::new(folder), uid), goes, "{folder}");
        }
    }
}
