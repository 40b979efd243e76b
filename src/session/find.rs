//! Which session a person means.

use std::path::{Path, PathBuf};

use super::{Result, Session, SessionError, short_id};
use crate::failure::Failure;
use crate::files::FileError;
use crate::paths;
use crate::process;

/// The longest name of a session.
pub const NAME_MAX: usize = 64;

/// Every session of this user, oldest first. Folders that hold no session are passed over.
///
/// # Errors
/// The folder of sessions could not be read.
pub fn all() -> Result<Vec<Session>> {
    let Some(root) = paths::sessions() else { return Ok(Vec::new()) };
    let mut list: Vec<Session> = folders(&root)?.iter().filter_map(|path| Session::open(path).ok()).collect();
    list.sort_by_key(|session| (session.opened_ns(), session.id().to_owned()));
    Ok(list)
}

fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    match std::fs::read_dir(root) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(FileError::Io(root.to_owned(), error).into()),
    }
}

/// Session folders that hold a journal and cannot be used, and why.
///
/// # Errors
/// The folder of sessions could not be read.
pub fn damaged() -> Result<Vec<(PathBuf, SessionError)>> {
    let Some(root) = paths::sessions() else { return Ok(Vec::new()) };
    let mut list: Vec<(PathBuf, SessionError)> = folders(&root)?
        .into_iter()
        .filter(|path| path.join(super::JOURNAL).symlink_metadata().is_ok())
        .filter_map(|path| Session::open(&path).err().map(|error| (path, error)))
        .collect();
    list.sort_by(|one, two| one.0.cmp(&two.0));
    Ok(list)
}

/// Whether a text can be a session's name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(allowed) && text != "." && text != ".."
}

/// The session that a word means: a folder, a name, or a unique prefix or suffix of an id.
///
/// # Errors
/// None, or more than one.
pub fn by_word(word: &str) -> std::result::Result<Session, Failure> {
    if word.contains('/') {
        return by_path(Path::new(word));
    }
    let list = all()?;
    let named = |session: &&Session| session.genesis().name.as_deref() == Some(word);
    // Of several sessions that had the name one after the other the live one counts, else the newest.
    if let Some(session) =
        list.iter().filter(named).max_by_key(|session| (session.is_live(), session.opened_ns()))
    {
        return Ok(Session::open(session.folder().path())?);
    }
    let digits = word.replace('-', "");
    let mut found = list.into_iter().filter(|session| {
        let id = session.id().replace('-', "");
        id.starts_with(&digits) || id.ends_with(&digits)
    });
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _)
            if let Some((path, error)) = damaged()?.into_iter().find(|(path, _)| {
                let id =
                    path.file_name().map(|name| name.to_string_lossy().replace('-', "")).unwrap_or_default();
                id.starts_with(&digits) || id.ends_with(&digits)
            }) =>
        {
            if !matches!(error, SessionError::NoGenesis(_)) {
                return Err(error.into());
            }
            let what = format!("{}: the first record of its journal is damaged", path.display());
            Err(Failure::integrity(what)
                .next(format!("to see what is left type: attesh verify {}", path.display())))
        }
        (None, _) => Err(Failure::unable(format!("no session is called {word}")).next(SEE_ALL)),
        (Some(one), Some(two)) => Err(Failure::usage(format!(
            "{word} fits more than one session ({}, {})",
            short_id(one.id()),
            short_id(two.id())
        ))
        .next("type more of the id: attesh sessions")),
    }
}

/// What to type where a session was not found.
pub const SEE_ALL: &str = "to see them all type: attesh sessions";

/// The session in a folder, or that of its journal file.
fn by_path(path: &Path) -> std::result::Result<Session, Failure> {
    let folder = if path.is_file() && path.file_name().is_some_and(|name| name == super::JOURNAL) {
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    } else {
        path
    };
    if path.is_file() && folder == path {
        return Err(Failure::usage(format!("{}: a file, and a session is wanted", path.display()))
            .next(format!("to see what the file says type: attesh show {}", path.display())));
    }
    // Before owner and mode are looked at: what is no session needs no other mode.
    if folder.is_dir() && !folder.join(super::JOURNAL).exists() {
        return Err(no_session(folder));
    }
    Session::open(folder).map_err(Failure::from)
}

/// That a folder is no session's.
#[must_use]
pub fn no_session(folder: &Path) -> Failure {
    Failure::unable(format!("{}: a folder that is no session: there is no journal in it", folder.display()))
        .next("to see the sessions type: attesh sessions")
}

/// The session of the surrounding shell: what ATTESH_SESSION says, following `next`; else,
/// where that was unset, the session in which an ancestor of this process is open. None
/// outside a recorded shell.
///
/// # Errors
/// The session that ATTESH_SESSION says is there and cannot be used as it stands.
pub fn surrounding() -> std::result::Result<Option<Session>, Failure> {
    let exported = paths::exported_session().map(|path| Session::open(&path).and_then(last_of));
    match exported {
        Some(Ok(session)) => return Ok(Some(session)),
        Some(Err(error)) if !error.is_over() => {
            let failure = Failure::from(error);
            let message = format!("this shell's session cannot be used: {}", failure.message);
            return Err(Failure { message, ..failure });
        }
        _ => {}
    }
    let own =
        |session: &Session| session.with_writer_waiting(5_000, |writer| Ok(own_shell(&writer.story()?)));
    let Ok(mut list) = all() else { return Ok(None) };
    list.retain(|session| !session.has_end());
    Ok(list.into_iter().rev().find(|session| own(session).is_ok_and(|shell| shell.is_some())))
}

/// The last of the sessions that follow one another.
fn last_of(mut session: Session) -> Result<Session> {
    for _ in 0..1000 {
        match session.next() {
            Some((path, _)) => session = Session::open(&path)?,
            None => return Ok(session),
        }
    }
    Err(SessionError::NoGenesis(session.folder().path().to_owned()))
}

/// The shell of a story that this process runs under: its nearest ancestor that is open there.
#[must_use]
pub fn own_shell(story: &crate::journal::shells::Story) -> Option<u64> {
    process::ancestors().into_iter().find_map(|(pid, start)| {
        story.live.iter().find(|(_, shell)| (shell.pid, shell.start_ticks) == (pid, start)).map(|(at, _)| *at)
    })
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_plain_words() {
        for good in ["a", "incident-42", "A.b_c", &"x".repeat(64)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a b", "a/b", "..", ".", "é", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
