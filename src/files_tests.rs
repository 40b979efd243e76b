use super::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_folder_that_is_a_link_or_open_to_others_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().join("real");
    assert!(matches!(Folder::open(&real), Err(FileError::Missing(_))));
    Folder::create(&real).unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    assert!(matches!(Folder::open(&link), Err(FileError::Link(_))));
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(Folder::open(&real), Err(FileError::Mode(..))));
}

#[test]
fn a_file_is_published_once() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::create(&dir.path().join("private")).unwrap();
    folder.publish_new("next", b"one").unwrap();
    assert!(matches!(folder.publish_new("next", b"two"), Err(FileError::Exists(_))));
    assert_eq!(folder.read("next", 10).unwrap(), b"one");
    assert!(matches!(folder.read("next", 2), Err(FileError::TooLong(..))));
    let path = folder.path().join("out");
    publish(&path, b"1", 0o644, Overwrite::No).unwrap();
    assert!(matches!(publish(&path, b"2", 0o644, Overwrite::No), Err(FileError::Exists(_))));
    publish(&path, b"3", 0o644, Overwrite::Yes).unwrap();
    assert_eq!(read_limited(&path, 10).unwrap(), b"3");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_fifo_is_refused_and_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    assert!(matches!(open_regular(&fifo), Err(FileError::Kind(..))));
}
