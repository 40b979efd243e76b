//! Files: opened private, published whole.
//!
//! What lives here: folders and files that only their owner may use, checked when they
//! are opened; files that appear complete or not at all. What does not: where they are
//! (`paths`).
//!
//! Rules: a folder is opened once and its children beneath it, never through a symbolic
//! link; an error names the path and what to type next.

mod error;
mod unfinished;
mod whole;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, FcntlArg, OFlag, fcntl, open, openat};
use nix::sys::stat::Mode;
use nix::unistd::{LinkatFlags, UnlinkatFlags, geteuid, linkat, unlinkat};

use error::failed;
pub use error::{FileError, words};
use unfinished::temporary_name;
pub use unfinished::{remove_unfinished, temporary_prefix};
pub use whole::{digest_of, read_at_most};

type Result<T> = std::result::Result<T, FileError>;

/// A folder that only its owner, who is this process's user, may use.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    file: File,
}

impl Folder {
    /// Opens a folder and checks owner and mode.
    ///
    /// # Errors
    /// It is missing, a link, another's, or open to others.
    pub fn open(path: &Path) -> Result<Self> {
        let file = open_folder(path)?;
        check_private(path, &file)?;
        Ok(Folder { path: path.to_owned(), file })
    }

    /// Opens a folder that others may use too, only to read what is in it.
    ///
    /// # Errors
    /// It is missing or a link.
    pub fn open_any(path: &Path) -> Result<Self> {
        let file = open_folder(path)?;
        Ok(Folder { path: path.to_owned(), file })
    }

    /// Creates a folder, and those above it, private; one that exists must be private.
    ///
    /// # Errors
    /// As [`Folder::open`], or it could not be created.
    pub fn create(path: &Path) -> Result<Self> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        if let Err(error) = made
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(FileError::Io(path.to_owned(), error));
        }
        Folder::open(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open folder itself, to lock it.
    #[must_use]
    pub fn handle(&self) -> &File {
        &self.file
    }

    /// Opens a private regular file beneath it for reading and writing.
    ///
    /// # Errors
    /// It is missing, a link, no regular file, another's, or open to others.
    pub fn open_file(&self, name: &str) -> Result<File> {
        let path = self.path.join(name);
        let flags = OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let fd =
            openat(self.file.as_fd(), name, flags, Mode::empty()).map_err(|errno| failed(&path, errno))?;
        let file = File::from(fd);
        let meta = check_private(&path, &file)?;
        if !meta.is_file() {
            return Err(FileError::Kind(path, "a regular file"));
        }
        Ok(file)
    }

    /// Creates a private file beneath it, which must not exist.
    ///
    /// # Errors
    /// It exists, or could not be created.
    pub fn create_file(&self, name: &str) -> Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        match openat(self.file.as_fd(), name, flags, mode) {
            Ok(fd) => Ok(File::from(fd)),
            Err(errno) => Err(failed(&self.path.join(name), errno)),
        }
    }

    /// Creates a private file beneath it with these contents: it appears whole or not at all.
    ///
    /// # Errors
    /// It exists, or could not be written.
    pub fn publish_new(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let temporary = temporary_name(name);
        let path = self.path.join(name);
        let mut file = self.create_file(&temporary)?;
        let written = file.write_all(bytes).map_err(|error| FileError::Io(path.clone(), error));
        // A hard link refuses an existing name; a rename would replace it.
        let linked = written.and_then(|()| {
            let (from, to) = (temporary.as_str(), name);
            linkat(self.file.as_fd(), from, self.file.as_fd(), to, LinkatFlags::empty())
                .map_err(|errno| failed(&path, errno))
        });
        let _ = unlinkat(self.file.as_fd(), temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        linked
    }

    /// Appends a line to a private file beneath it, and creates the file if it is missing.
    ///
    /// # Errors
    /// It could not be written.
    pub fn append_line(&self, name: &str, line: &str) -> Result<()> {
        let path = self.path.join(name);
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_APPEND | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = openat(self.file.as_fd(), name, flags, Mode::S_IRUSR | Mode::S_IWUSR)
            .map_err(|errno| failed(&path, errno))?;
        let mut file = File::from(fd);
        let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|error| FileError::Io(path, error))
    }

    /// Whether something with this name is beneath it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.path.join(name).symlink_metadata().is_ok()
    }

    /// Removes a file beneath it, if it is there.
    ///
    /// # Errors
    /// It exists and could not be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        match unlinkat(self.file.as_fd(), name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(failed(&self.path.join(name), errno)),
        }
    }

    /// Reads a small private file beneath it.
    ///
    /// # Errors
    /// As [`Folder::open_file`], or it is longer than `limit`.
    pub fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        read_to_limit(self.open_file(name)?, &self.path.join(name), limit)
    }

    /// Whether its path still leads to it.
    ///
    /// # Errors
    /// One of the two could not be looked at.
    pub fn is_in_place(&self) -> Result<bool> {
        self.is_at(&self.path)
    }

    /// Whether this path leads to it.
    ///
    /// # Errors
    /// One of the two could not be looked at.
    pub fn is_at(&self, path: &Path) -> Result<bool> {
        let identity = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
        let io = |error| FileError::Io(path.to_owned(), error);
        let own = self.file.metadata().map(identity).map_err(io)?;
        match path.symlink_metadata().map(identity) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            there => Ok(own == there.map_err(io)?),
        }
    }

    /// The names of what is in it.
    ///
    /// # Errors
    /// It could not be read.
    pub fn names(&self) -> Result<Vec<std::ffi::OsString>> {
        let io = |error| FileError::Io(self.path.clone(), error);
        std::fs::read_dir(&self.path).map_err(io)?.map(|entry| Ok(entry.map_err(io)?.file_name())).collect()
    }

    /// Syncs the folder itself to the disk.
    pub fn sync(&self) {
        let _ = self.file.sync_all();
    }
}

fn open_folder(path: &Path) -> Result<File> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
    // Not open(2): musl follows it with an fcntl(2) for kernels older than O_CLOEXEC.
    match openat(AT_FDCWD, path, flags, Mode::empty()) {
        Ok(fd) => Ok(File::from(fd)),
        // With O_DIRECTORY the kernel says ENOTDIR of a symbolic link too.
        Err(Errno::ENOTDIR) if path.is_symlink() => Err(FileError::Link(path.to_owned())),
        Err(errno) => Err(failed(path, errno)),
    }
}

fn check_private(path: &Path, file: &File) -> Result<std::fs::Metadata> {
    let meta = file.metadata().map_err(|error| FileError::Io(path.to_owned(), error))?;
    if meta.uid() != own_uid() {
        return Err(FileError::Owner(path.to_owned(), meta.uid()));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(FileError::Mode(path.to_owned(), meta.mode()));
    }
    Ok(meta)
}

/// Who runs this process; it never changes its user.
fn own_uid() -> u32 {
    static OWN: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *OWN.get_or_init(|| geteuid().as_raw())
}

fn read_to_limit(file: File, path: &Path, limit: u64) -> Result<Vec<u8>> {
    // What can be a key or a passphrase is read into one piece of memory, so that whoever wipes it
    // wipes all of it: a buffer that grows leaves copies behind.
    let mut bytes = Vec::with_capacity(if limit <= 64 << 10 { limit as usize + 64 } else { 0 });
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| FileError::Io(path.to_owned(), error))?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLong(path.to_owned(), limit));
    }
    Ok(bytes)
}

/// Opens any regular file for reading; a FIFO or device is refused, not waited for.
///
/// # Errors
/// It is missing, no regular file, or not readable.
pub fn open_regular(path: &Path) -> Result<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let fd = open(path, flags, Mode::empty()).map_err(|errno| failed(path, errno))?;
    let file = File::from(fd);
    let meta = file.metadata().map_err(|error| FileError::Io(path.to_owned(), error))?;
    if !meta.is_file() {
        return Err(FileError::Kind(path.to_owned(), "a regular file"));
    }
    Ok(file)
}

/// Opens a regular file of a folder beneath this one for reading. No symbolic link is followed,
/// neither in the place of the folder nor of the file.
///
/// # Errors
/// It is missing, a link, no regular file, or not readable.
pub fn open_beneath(path: &Path, folder: &str, name: &str) -> Result<File> {
    let path = path.join(folder);
    let folder = open_folder(&path)?;
    let path = path.join(name);
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let fd = openat(folder.as_fd(), name, flags, Mode::empty()).map_err(|errno| failed(&path, errno))?;
    let file = File::from(fd);
    let meta = file.metadata().map_err(|error| FileError::Io(path.clone(), error))?;
    if !meta.is_file() {
        return Err(FileError::Kind(path, "a regular file"));
    }
    Ok(file)
}

/// A reader of a whole file, whatever position the open file is at: it keeps its own offset.
pub fn from_start(file: File) -> impl Read {
    struct FromStart(File, u64);
    impl Read for FromStart {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = std::os::unix::fs::FileExt::read_at(&self.0, buffer, self.1)?;
            self.1 += count as u64;
            Ok(count)
        }
    }
    FromStart(file, 0)
}

/// Reads any regular file up to a limit.
///
/// # Errors
/// As [`open_regular`], or it is longer than `limit`.
pub fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>> {
    read_to_limit(open_regular(path)?, path, limit)
}

/// Reads an open file up to a limit.
///
/// # Errors
/// It could not be read, or is longer than `limit`.
pub fn read_open(file: File, path: &Path, limit: u64) -> Result<Vec<u8>> {
    read_to_limit(file, path, limit)
}

/// Which file a path leads to, and when that was changed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Device and inode.
    pub file: (u64, u64),
    /// The change time: seconds and nanoseconds since 1970. Nobody can set it back.
    pub changed: (i64, i64),
}

/// The file that a path leads to, if it is one that can be read more than once.
#[must_use]
pub fn identity(path: &Path) -> Option<Identity> {
    let meta = path.metadata().ok()?;
    let changed = (meta.ctime(), meta.ctime_nsec());
    meta.is_file().then(|| Identity { file: (meta.dev(), meta.ino()), changed })
}

/// Reads whatever a path leads to, a pipe too, up to a limit.
///
/// # Errors
/// It could not be read, or is longer than `limit`.
pub fn read_stream(path: &Path, limit: u64) -> Result<Vec<u8>> {
    read_to_limit(open_stream(path)?, path, limit)
}

/// Opens whatever a path leads to for reading, a pipe too.
///
/// # Errors
/// It is missing or not readable.
pub fn open_stream(path: &Path) -> Result<File> {
    // Without O_NONBLOCK the open would wait for a writer of a named pipe. Reads wait as usual; a
    // pipe without a writer is at its end.
    let fd = open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK, Mode::empty())
        .map_err(|errno| failed(path, errno))?;
    fcntl(&fd, FcntlArg::F_SETFL(OFlag::empty())).map_err(|errno| failed(path, errno))?;
    Ok(File::from(fd))
}

/// Whether an existing file may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// It may.
    Yes,
    /// It may not.
    No,
}

/// A file that is being written under a name beside its own, to be published then.
#[derive(Debug)]
pub struct Published {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl Published {
    /// Begins the file.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(path: &Path, mode: u32) -> Result<Self> {
        let name = path.file_name().ok_or_else(|| FileError::Kind(path.to_owned(), "the name of a file"))?;
        let temporary = folder_of(path).join(temporary_name(&name.to_string_lossy()));
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        // An error here is the folder's: the name itself is not looked at yet.
        let fd = open(&temporary, flags, Mode::from_bits_truncate(mode)).map_err(|errno| match errno {
            // As in /proc, where no file can be made.
            Errno::ENOENT if folder_of(path).is_dir() => FileError::Io(
                folder_of(path).to_owned(),
                io::Error::other("no file can be made in this folder; choose another"),
            ),
            Errno::ENOENT => FileError::NoFolder(folder_of(path).to_owned()),
            errno => failed(folder_of(path), errno),
        })?;
        let published = Published { path: path.to_owned(), temporary, file: File::from(fd) };
        published.own().map_err(|error| FileError::Io(path.to_owned(), error))?;
        Ok(published)
    }

    /// Lets the owner of a file read it, whatever the umask says.
    fn own(&self) -> io::Result<()> {
        let mode = self.file.metadata()?.mode();
        if mode & 0o600 == 0o600 {
            return Ok(());
        }
        self.file.set_permissions(std::fs::Permissions::from_mode(mode & 0o777 | 0o600))
    }

    /// The file, to write into and to read what was written.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Syncs it to the disk and gives it its name.
    ///
    /// # Errors
    /// The name is taken and may not be replaced, or the device refused.
    #[expect(clippy::disallowed_methods, reason = "the one place that publishes by rename")]
    pub fn publish(self, overwrite: Overwrite) -> Result<()> {
        let io = |error| FileError::Io(self.path.clone(), error);
        self.file.sync_all().map_err(io)?;
        match overwrite {
            Overwrite::Yes => std::fs::rename(&self.temporary, &self.path).map_err(io)?,
            // A hard link refuses an existing name; a rename would replace it.
            Overwrite::No => {
                std::fs::hard_link(&self.temporary, &self.path).map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => FileError::Exists(self.path.clone()),
                    _ => io(error),
                })?
            }
        }
        if let Ok(folder) = File::open(folder_of(&self.path)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        // After a rename the name is gone already.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a folder the first name that is free of `PATH.1`, `PATH.2` and so on; its new path.
///
/// # Errors
/// It could not be renamed.
#[expect(clippy::disallowed_methods, reason = "a folder is moved, and nothing is replaced")]
pub fn move_aside(path: &Path) -> Result<PathBuf> {
    let numbered = (1u32..).map(|number| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    });
    let free = numbered.into_iter().find(|path| path.symlink_metadata().is_err()).expect("a free number");
    match std::fs::rename(path, &free) {
        Ok(()) => Ok(free),
        Err(error) => Err(FileError::Io(path.to_owned(), error)),
    }
}

/// Opens any regular file for appending, and makes it if it is missing.
///
/// # Errors
/// It is not a regular file, or cannot be written.
pub fn open_to_append(path: &Path) -> Result<File> {
    let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let fd = open(path, flags, Mode::from_bits_truncate(0o644)).map_err(|errno| match errno {
        Errno::ENOENT => FileError::NoFolder(folder_of(path).to_owned()),
        errno => failed(path, errno),
    })?;
    let file = File::from(fd);
    match file.metadata() {
        Ok(meta) if meta.is_file() => Ok(file),
        Ok(_) => Err(FileError::Kind(path.to_owned(), "a regular file")),
        Err(error) => Err(FileError::Io(path.to_owned(), error)),
    }
}

/// Checks that files can be created in a folder: creates one and removes it.
///
/// # Errors
/// They cannot.
pub fn can_create_in(folder: &Path) -> Result<()> {
    Published::create(&folder.join("attesh"), 0o600).map(drop)
}

/// Writes a file that appears whole or not at all, with the given mode, and syncs it to the disk.
///
/// # Errors
/// It exists and may not be replaced, or could not be written.
pub fn publish(path: &Path, bytes: &[u8], mode: u32, overwrite: Overwrite) -> Result<()> {
    let mut published = Published::create(path, mode)?;
    published.file().write_all(bytes).map_err(|error| FileError::Io(path.to_owned(), error))?;
    published.publish(overwrite)
}

#[cfg(test)]
mod tests {
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
}
