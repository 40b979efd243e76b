//! Which session a person means.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::last::Sealed;
use super::removed;
use super::shells::own_shell;
use super::{Result, SHORT_ID_DIGITS, Session, SessionError, short_id};
use crate::cause::Code;
use crate::failure::Failure;
use crate::files::FileError;
use crate::journal::append::AppendError;
use crate::paths;
use crate::text::{Command, Next, quoted, visible};
use crate::verify::Remembered;

/// The longest name of a session.
pub const NAME_MAX: usize = 64;
/// The fewest digits of an id that name a session.
const DIGITS_MIN: usize = 4;

/// Every session of this user, oldest first. Folders that hold no session, or a copy, are skipped.
///
/// # Errors
/// The folder of sessions could not be read.
pub fn all() -> Result<Vec<Session>> {
    let Some(root) = paths::sessions() else { return Ok(Vec::new()) };
    let mut list: Vec<Session> = folders(&root)?.iter().filter_map(|path| called(path)).collect();
    list.sort_by_key(|session| (session.opened_ns(), session.id().to_owned()));
    Ok(list)
}

/// The session in a folder among those of this user. One whose folder has another name than its id is
/// a copy, and a look at it would be a reason for the recorder to give up the session itself.
fn called(path: &Path) -> Option<Session> {
    Session::open(path).ok().filter(|session| path.file_name().is_some_and(|name| name == session.id()))
}

fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    match std::fs::read_dir(root) {
        Ok(_)
            if let Some(uid) = root.metadata().ok().map(|meta| meta.uid())
                && uid != geteuid().as_raw() =>
        {
            Err(FileError::Owner(root.to_owned(), uid).into())
        }
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

/// Whether a word stands for a session's id: its first digits, its last ones, or the first of those
/// that are shown.
#[must_use]
pub fn fits(word: &str, id: &str) -> bool {
    let (digits, id) = (word.replace('-', ""), id.replace('-', ""));
    let is_start = id.starts_with(&digits) || short_id(&id).starts_with(&digits);
    digits.len() >= DIGITS_MIN && (is_start || id.ends_with(&digits))
}

/// How many sessions of this user have a name.
#[must_use]
pub fn namesakes(name: &str) -> usize {
    let list = all().unwrap_or_default();
    list.iter().filter(|session| session.genesis().name.as_deref() == Some(name)).count()
}

/// The session that a word means: a folder, a name, or digits of an id as [`fits`] takes them. Digits
/// that attesh shows as an id, and that are the name of another session, mean neither.
///
/// # Errors
/// None, or more than one.
pub fn by_word(word: &str) -> std::result::Result<Session, Failure> {
    if word.contains('/') {
        return by_path(Path::new(word));
    }
    let list = all()?;
    let named = |session: &&Session| session.genesis().name.as_deref() == Some(word);
    let namesakes: Vec<_> = list.iter().filter(named).collect();
    if let Some(session) = first_of(&namesakes)? {
        let is_other = |other: &&Session| !named(other) && fits(word, other.id());
        if let Some(other) = list.iter().find(is_other).filter(|_| word.len() >= SHORT_ID_DIGITS) {
            let what = format!("{word} is the name of session {}, and the id of another", session.id());
            return Err(Failure::usage(format!("{what}, {}", other.id()))
                .next("name the one that is meant by its whole id"));
        }
        return Ok(Session::open(session.folder().path())?);
    }
    let fits = |id: &str| fits(word, id);
    let mut found = list.into_iter().filter(|session| fits(session.id()));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _)
            if let Some((path, error)) = damaged()?
                .into_iter()
                .find(|(path, _)| path.file_name().is_some_and(|name| fits(&name.to_string_lossy()))) =>
        {
            if !matches!(error, SessionError::NoGenesis(_)) {
                return Err(error.into());
            }
            let what = format!("{}: the first record of its journal is damaged", path.display());
            Err(Failure::because(Code::JournalGenesis, what)
                .about(Some(0), Some(0))
                .typing("to see what is left", Command::new("attesh verify").path(path)))
        }
        (None, _) => Err(removed::was_removed(word, fits).unwrap_or_else(|| unknown(word))),
        (Some(one), Some(two)) => Err(Failure::usage(format!(
            "{word} fits more than one session ({}, {})",
            short_id(one.id()),
            short_id(two.id())
        ))
        .typing("give more digits of the id; to see it", Command::new("attesh sessions"))),
    }
}

/// No session has this name or id.
fn unknown(word: &str) -> Failure {
    if word.len() < DIGITS_MIN && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let what = format!("no session is called {word}, and an id needs {DIGITS_MIN} digits");
        return Failure::unable(what).next(see_all());
    }
    Failure::unable(format!("no session is called {word}")).next(by_its_path(word))
}

/// Which of the sessions of one name is meant. If they had it one after the other, the live one
/// counts, else the newest of this machine.
fn first_of<'a>(namesakes: &[&'a Session]) -> std::result::Result<Option<&'a Session>, Failure> {
    if let [] | [_] = namesakes {
        return Ok(namesakes.first().copied());
    }
    let mut ranked = Vec::new();
    for session in namesakes {
        let unknown = |error| Failure::from(error).next("name the session that is meant by its id");
        let here = session.elsewhere().map_err(unknown)?.is_none();
        ranked.push(((session.may_be_live(), here, session.opened_ns()), *session));
    }
    Ok(ranked.into_iter().max_by_key(|(rank, _)| *rank).map(|(_, session)| session))
}

/// What to do where no session has this name: it can be a file, or a session's folder, here.
fn by_its_path(word: &str) -> Next {
    let path = Path::new(word);
    if path.join(super::JOURNAL).is_file() {
        let folder = quoted(Path::new(".").join(path).as_os_str());
        return Next::say(format!("to name the session in the folder of this name type {folder}"));
    }
    match path.is_file() {
        true => {
            Next::typing("to see what the file of this name says", Command::new("attesh show").path(path))
        }
        false => see_all(),
    }
}

/// What to type if a session was not found.
#[must_use]
pub fn see_all() -> Next {
    Next::typing("to see them all", Command::new("attesh sessions"))
}

/// The session in a folder, or that of its journal file.
fn by_path(path: &Path) -> std::result::Result<Session, Failure> {
    let folder = if path.is_file() && path.file_name().is_some_and(|name| name == super::JOURNAL) {
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    } else {
        path
    };
    if path.is_file() && folder == path {
        return Err(Failure::usage(format!("{}: a file, not a session", path.display()))
            .typing("to see what the file says", Command::new("attesh show").path(path)));
    }
    in_folder(folder).map_err(|failure| own_that_was_removed(folder).unwrap_or(failure))
}

/// Says that a folder was that of a session of this user, and was removed; `None` if it was not.
#[must_use]
pub fn own_that_was_removed(folder: &Path) -> Option<Failure> {
    let id = folder.file_name()?.to_str().filter(|name| uuid::Uuid::try_parse(name).is_ok())?;
    let is_own = paths::sessions().is_some_and(|root| folder.parent() == Some(&root));
    let is_gone = is_own && folder.symlink_metadata().is_err();
    if is_gone { removed::was_removed(id, |other| other == id) } else { None }
}

/// The session in a folder. If others may use the folder, as with an unpacked artifact, it counts
/// as a copy.
///
/// # Errors
/// The folder holds no session, or others may use it although it is being recorded.
pub fn in_folder(folder: &Path) -> std::result::Result<Session, Failure> {
    // Checked before owner and mode: a folder that holds no session needs no other mode.
    if folder.is_dir() && !folder.join(super::JOURNAL).exists() {
        return Err(no_session(folder));
    }
    let error = match named_in(folder) {
        Ok(session) => return Ok(session),
        Err(error) => error,
    };
    if !matches!(&error, SessionError::File(FileError::Mode(..) | FileError::Owner(..))) {
        return Err(error.into());
    }
    let copy = Session::open_copy(folder)?;
    let recorded = match copy.state_folder().and_then(|state| Ok(state.open_file(&copy.state_name())?)) {
        Err(SessionError::Append(AppendError::Lost(_)) | SessionError::File(FileError::Missing(_))) => false,
        // Also where it is not known.
        Ok(_) | Err(_) => true,
    };
    if recorded && !copy.has_end() { Err(error.into()) } else { Ok(copy) }
}

/// The session in a folder that somebody named: that can be a copy. A look at one must not be a
/// reason for the recorder to give up the session that it was copied from.
///
/// # Errors
/// As [`Session::open`].
pub fn named_in(folder: &Path) -> Result<Session> {
    let session = Session::open(folder)?;
    Ok(if is_own(&session, folder) { session } else { session.perhaps_copied() })
}

/// The session of this job, if the system that runs it has a folder for one.
#[must_use]
pub fn of_job() -> Option<Session> {
    in_folder(&paths::ci_folder()?).ok()
}

/// The session of the journal at a path, if this machine's recorder writes into that very journal:
/// it knows nothing of a copy elsewhere.
#[must_use]
pub fn recorded(path: &Path) -> Option<Session> {
    let journal = if path.is_dir() { path.join(super::JOURNAL) } else { path.canonicalize().ok()? };
    let folder = journal.parent()?.canonicalize().ok()?;
    let session = Session::open(&folder).ok()?;
    let is_its_journal = journal.file_name().is_some_and(|name| name == super::JOURNAL);
    (is_its_journal && (is_own(&session, &folder) || session.is_recorders_file())).then_some(session)
}

/// What this machine's recorder remembers of the journal at a path, if it writes into that one.
#[must_use]
pub fn remembered(path: &Path) -> Option<Remembered> {
    recorded(path)?.kept()
}

/// The envelope that was made of the session of the journal at a path, a copy's too.
#[must_use]
pub fn sealed(path: &Path) -> Option<Sealed> {
    let is_journal = path.file_name().is_some_and(|name| name == super::JOURNAL);
    let folder = match path.is_dir() {
        true => path,
        false => path.parent().filter(|_| is_journal)?,
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    Session::open(folder).or_else(|_| Session::open_copy(folder)).ok()?.sealed()
}

/// Whether a folder is the one that this user's session of this id has.
fn is_own(session: &Session, folder: &Path) -> bool {
    let root = paths::sessions().and_then(|root| root.canonicalize().ok());
    root.is_some_and(|root| folder.canonicalize().is_ok_and(|folder| folder == root.join(session.id())))
}

/// Says that a folder is not a session's.
#[must_use]
pub fn no_session(folder: &Path) -> Failure {
    Failure::unable(format!("{}: not the folder of a session: it holds no journal", folder.display()))
        .typing("to see the sessions", Command::new("attesh sessions"))
}

/// The session that ATTESH_SESSION names: the folder that a recorded shell exports, or what a
/// person set, a word as [`by_word`] takes it.
///
/// # Errors
/// The folder cannot be used, or the word fits no session, or more than one.
pub fn exported(path: &Path) -> std::result::Result<Session, Failure> {
    if path.is_absolute() {
        // As in a folder that is named: what holds no session needs no other mode.
        let is_none = path.is_dir() && !path.join(super::JOURNAL).exists();
        return if is_none { Err(no_session(path)) } else { Ok(named_in(path)?) };
    }
    let word = path.to_str().ok_or_else(|| Failure::usage(format!("{}: not UTF-8", path.display())))?;
    let found = by_word(word)?;
    let folder = found.folder().path();
    let whole = folder.canonicalize().map_err(|error| FileError::Io(folder.to_owned(), error))?;
    // One of this user's is called as everywhere, whatever way leads there.
    let own = paths::sessions().filter(|root| root.canonicalize().ok().as_deref() == whole.parent());
    let folder = own.map_or(whole, |root| root.join(found.id()));
    Ok(Session::open(&folder)?)
}

/// The session of the surrounding shell: the one that ATTESH_SESSION names, following `next`;
/// without that variable the one in which an ancestor of this process is open. `None` outside a
/// recorded shell.
///
/// # Errors
/// The session that ATTESH_SESSION names exists, but cannot be used.
pub fn surrounding() -> std::result::Result<Option<Session>, Failure> {
    let folder = paths::exported_session();
    if let Some(word) = folder.as_deref().filter(|path| !path.is_absolute()) {
        let found = exported(word).and_then(|session| Ok(last_of(session)?));
        let name = visible(word.as_os_str().as_encoded_bytes());
        return found
            .map(Some)
            .map_err(|failure| failure.within(format_args!("{} is {name}", paths::SESSION_VARIABLE)));
    }
    match folder.map(|path| Session::open(&path).and_then(last_of)) {
        Some(Ok(session)) => return Ok(Some(session)),
        // This shell ignores a session of another user: `sudo -E` passes the variable on.
        Some(Err(error))
            if !error.is_over() && !matches!(error, SessionError::File(FileError::Owner(..))) =>
        {
            return Err(Failure::from(error).within("this shell's session cannot be used"));
        }
        _ => {}
    }
    let own = |session: &Session| session.with_writer(|writer| own_shell(&writer.story()?));
    let Ok(list) = all() else { return Ok(None) };
    for session in list.into_iter().rev().filter(|session| !session.has_end()) {
        match own(&session) {
            Ok(Some(_)) => return Ok(Some(session)),
            // What the kernel did not tell: this can be the one.
            Err(error @ SessionError::Append(AppendError::Io(..))) => {
                return Err(Failure::from(error).within("this shell's session is not known"));
            }
            Ok(None) | Err(_) => {}
        }
    }
    Ok(None)
}

/// The last of the sessions that follow one another.
fn last_of(mut session: Session) -> Result<Session> {
    for _ in 0..1000 {
        match session.next()? {
            Some((path, _)) => session = Session::open(&path)?,
            None => return Ok(session),
        }
    }
    Err(SessionError::NoGenesis(session.folder().path().to_owned()))
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
