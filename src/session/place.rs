//! A session in a folder that was named: the steps of a job append to it.
//!
//! What lives here: what may be done with the folder, and what becomes of a session that is
//! in it already. What does not: which folder that is (`paths`), and where its state is kept,
//! which is the same for every session.
//!
//! Rules: nothing is removed; a folder that holds anything else is left alone; if two processes
//! come at once, one creates the session and the other joins it.

use std::path::{Path, PathBuf};

use super::birth::{NewSession, birth_in, may_join, new_id};
use super::{IGNORE, JOURNAL, Result, Session, SessionError, find};
use crate::crypto::OriginSecret;
use crate::files::{self, FileError, Folder, temporary_prefix};
use crate::journal::append::AppendError;
use crate::journal::head::Head;
use crate::lock;
use crate::record::Closes;
use crate::text::Fault;

/// How often a folder is looked at again if another process moves it away meanwhile.
const TRIES: u32 = 20;

/// A session in a folder of its own.
#[derive(Debug)]
pub struct Placed {
    /// The session.
    pub session: Session,
    /// Its head, now.
    pub head: Head,
    /// Whether it existed before and is alive.
    pub joined: bool,
    /// Where a session that was over was moved, if one was in the folder.
    pub moved: Option<PathBuf>,
}

/// Opens a session in this folder, or joins the one that lives in it. It moves a session that is
/// over aside. It calls `secret` only to create a session.
///
/// # Errors
/// The folder cannot hold a session, or the session could not be created.
pub fn open_in(
    dir: &Path,
    name: Option<String>,
    secret: impl FnOnce() -> Result<Option<OriginSecret>>,
) -> Result<Placed> {
    check_path(dir)?;
    let mut moved = None;
    for _ in 0..TRIES {
        let folder = Folder::create(dir).map_err(|error| kind_of(dir, error))?;
        let _lock = lock::exclusive(folder.handle(), lock::PATIENCE_MS).map_err(|_| SessionError::Busy)?;
        if !folder.is_in_place()? {
            continue;
        }
        if !folder.has(JOURNAL) {
            only_ours(&folder)?;
            match folder.publish_new(IGNORE, b"*\n") {
                Ok(()) | Err(FileError::Exists(_)) => {}
                Err(error) => return Err(error.into()),
            }
            let new = NewSession { name, ..NewSession::new(Closes::Stop, secret()?) };
            let session = birth_in(new, new_id(), &folder)?;
            let head = session.first_head();
            return Ok(Placed { session, head, joined: false, moved });
        }
        let there = find::named_in(dir).and_then(|session| {
            let head = session.with_writer_waiting(lock::PATIENCE_MS, |writer| Ok(writer.head()))?;
            Ok((session, head))
        });
        match there {
            Ok((session, head)) => return join(session, head, moved),
            Err(error) if is_left_over(&error) => moved = Some(files::move_aside(dir)?),
            Err(SessionError::Append(AppendError::Tampered(why))) => {
                let text = format!("the session in it is not what was recorded: {why}");
                return Err(AppendError::Tampered(format!("{}: {text}", dir.display())).into());
            }
            Err(error) => return Err(error),
        }
    }
    Err(SessionError::Busy)
}

/// Checks that the session is over, and that its journal is what was recorded.
fn is_left_over(error: &SessionError) -> bool {
    error.is_over() && !matches!(error, SessionError::Append(AppendError::Tampered(_)))
}

fn join(session: Session, head: Head, moved: Option<PathBuf>) -> Result<Placed> {
    if may_join(&session)? {
        return Ok(Placed { session, head, joined: true, moved });
    }
    let why = "the session in it is recorded in another container".to_owned();
    let next = "name another folder with --dir".into();
    Err(SessionError::Place(session.folder().path().to_owned(), why, next))
}

/// Whether a path can name a session's folder, whatever the current folder is.
fn check_path(dir: &Path) -> Result<()> {
    let why = match dir.to_str() {
        Some(text) if text.contains(|c: char| c.is_control()) => "the path has control characters",
        None => "the path is not UTF-8",
        Some(_) if !dir.is_absolute() => "not an absolute path",
        Some(_) if dir.file_name().is_none() => "not the name of a folder",
        Some(_) => return Ok(()),
    };
    let next = "name the session's folder by its whole path, as in --dir \"$PWD/.attesh\"";
    Err(SessionError::Place(dir.to_owned(), why.to_owned(), next.into()))
}

/// If the path is not a folder, or somebody else's, the folder was chosen wrongly.
fn kind_of(dir: &Path, error: FileError) -> SessionError {
    if !matches!(error, FileError::Link(_) | FileError::Kind(..) | FileError::Owner(..) | FileError::Mode(..))
    {
        return error.into();
    }
    let another = "name another folder";
    let next = error.next().map_or_else(|| another.into(), |next| next.or(another));
    SessionError::Place(dir.to_owned(), error.reason(), next)
}

/// Refuses a folder that holds something that attesh did not put there.
fn only_ours(folder: &Folder) -> Result<()> {
    // An unfinished file, whose writer was killed, is attesh's too.
    let ours = |name: &str| name == IGNORE || name.starts_with(&temporary_prefix(IGNORE));
    let mut names = folder.names()?.into_iter();
    let Some(other) = names.find(|name| !name.to_str().is_some_and(ours)) else { return Ok(()) };
    let why = format!("neither empty nor a session: {} is in it", other.to_string_lossy());
    let next = "name a folder that is empty or does not exist".into();
    Err(SessionError::Place(folder.path().to_owned(), why, next))
}

#[cfg(test)]
mod tests {
    use super::check_path;
    use std::path::Path;

    #[test]
    fn a_folder_is_named_by_its_whole_path() {
        assert!(check_path(Path::new("/builds/x/.attesh")).is_ok());
        for bad in ["", ".attesh", "./a", "/", "/..", "/a\nb", "/a\u{1b}b"] {
            assert!(check_path(Path::new(bad)).is_err(), "{bad:?}");
        }
    }
}
