//! SHA-256 of the files of programs, computed once since boot.
//!
//! What lives here: a digest that is kept beside the states, and when it still holds. What does
//! not: how a file is hashed (`journal::append`), what a record says of a program.
//!
//! Rules: a digest is kept under the identity of its file (device, inode, length, change time),
//! which is what an appender trusts of the journal too; it is kept in memory alone.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;

use crate::clock;
use crate::crypto::Digest;
use crate::encoding::{hex, hex_exact};
use crate::files::Folder;
use crate::files::digest_of;

/// How old a change of the file must be, in nanoseconds: one that comes after the digest then has
/// another time.
const SETTLED_NS: i128 = 1_000_000_000;

/// SHA-256 of a program's file; `beside` is the folder of the states, if that is in memory.
#[must_use]
pub fn digest(file: &File, beside: Option<&Folder>) -> Option<Digest> {
    let before = file.metadata().ok()?;
    let name = name_of(&before);
    if let Some(kept) = beside.and_then(|folder| hex_exact(&folder.read(&name, 64).ok()?)) {
        return Some(kept);
    }
    let digest = digest_of(file).ok()?;
    let changed = i128::from(before.ctime()) * 1_000_000_000 + i128::from(before.ctime_nsec());
    let settled = i128::from(clock::now().realtime_ns) - changed > SETTLED_NS;
    let same = file.metadata().is_ok_and(|after| name_of(&after) == name);
    if let Some(folder) = beside.filter(|_| settled && same) {
        // Another process may have been first; without the file the next one hashes again.
        let _ = folder.publish_new(&name, hex(&digest).as_bytes());
    }
    Some(digest)
}

/// The name of the file that keeps a digest: the identity of the program's.
fn name_of(meta: &Metadata) -> String {
    let (dev, ino, length) = (meta.dev(), meta.ino(), meta.len());
    format!("program-{dev:x}-{ino:x}-{length:x}-{}.{:09}", meta.ctime(), meta.ctime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sha256;

    #[test]
    fn a_digest_is_taken_of_another_file() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::create(&place.path().join("states")).unwrap();
        let path = place.path().join("program");
        std::fs::copy("/bin/sh", &path).unwrap();
        let file = File::open(&path).unwrap();
        let wanted = digest_of(&file).unwrap();
        assert_eq!(digest(&file, Some(&folder)), Some(wanted));
        // It was changed just now, so the digest is not kept.
        assert!(folder.names().unwrap().is_empty());
        let settled = File::open("/bin/sh").unwrap();
        for _ in 0..2 {
            assert_eq!(digest(&settled, Some(&folder)), Some(wanted));
            assert_eq!(folder.names().unwrap().len(), 1);
        }
        // What is kept is what is answered, and only of this very file.
        let name = name_of(&settled.metadata().unwrap());
        folder.remove(&name).unwrap();
        folder.publish_new(&name, hex(&[7; 32]).as_bytes()).unwrap();
        assert_eq!(digest(&settled, Some(&folder)), Some([7; 32]));
        assert_eq!(digest(&settled, None), Some(wanted));
        assert_eq!(digest(&file, Some(&folder)), Some(wanted));
        assert_ne!(wanted, sha256(&[]));
        // A file that was cut is no digest.
        folder.remove(&name).unwrap();
        folder.publish_new(&name, b"07").unwrap();
        assert_eq!(digest(&settled, Some(&folder)), Some(wanted));
    }
}
