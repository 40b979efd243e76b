//! Where the session is named that comes after one.
//!
//! What lives here: the place of that name, read and written. What does not: when a session gets a
//! successor (`birth`), the bytes of the name (`session`).

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::close;
use super::{NEXT, Result, Session, SessionError, next_bytes, next_in};
use crate::crypto::{self, Digest};
use crate::files::Folder;
use crate::paths;

// If the folder of a session has vanished or is another's, a file beside the states names its successor.
fn next_beside_state(folder: &Path) -> Option<(Folder, String)> {
    let name = folder.file_name()?.to_str()?;
    // The folder of a job can have any name, and another job's folder the same one.
    let id = match uuid::Uuid::try_parse(name) {
        Ok(_) => name.to_owned(),
        Err(_) => crate::encoding::hex(&crypto::sha256(&[folder.as_os_str().as_bytes()])),
    };
    let state = paths::state_candidates().into_iter().find_map(|(_, path)| Folder::open(&path).ok())?;
    Some((state, format!("{id}.next")))
}

/// Does another session's folder stand where this session's was?
pub(super) fn is_replaced(folder: &Path, genesis: &Digest) -> bool {
    Session::open(folder).is_ok_and(|session| session.genesis_root() != genesis)
}

/// Where a session's successor is named: in its folder, or beside its state if that is not there.
fn place_of_next(folder: &Path, replaced: bool) -> Result<(Folder, String)> {
    match Folder::open(folder) {
        Ok(folder) if !replaced => Ok((folder, NEXT.to_owned())),
        Ok(_) => next_beside_state(folder).ok_or_else(close::other_genesis),
        Err(error) => next_beside_state(folder).ok_or(SessionError::File(error)),
    }
}

/// The session that came after.
///
/// # Errors
/// It cannot be read.
pub(super) fn next_of(folder: &Path, replaced: bool) -> Result<Option<(PathBuf, Digest)>> {
    // Without a place there is nothing that could name one.
    let Ok((place, name)) = place_of_next(folder, replaced) else { return Ok(None) };
    next_in(&place, &name)
}

/// Names the session that comes after.
///
/// # Errors
/// It cannot be written, or one is named already.
pub(super) fn point_to(folder: &Path, replaced: bool, next: &Session) -> Result<()> {
    let (place, name) = place_of_next(folder, replaced)?;
    Ok(place.publish_new(&name, &next_bytes(next.folder().path(), next.genesis_root()))?)
}
