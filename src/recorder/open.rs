//! A shell that comes: it joins a session, or goes to another one.
//!
//! What lives here: which session a shell gets, and what its user is told. What does not: how a
//! session is created or joined (`session::birth`).

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::call::{Answer, Caller, Destination, Joining, Known};
use crate::collect::{self, Collected};
use crate::files::FileError;
use crate::journal::append::{AppendError, Writer};
use crate::lock::PATIENCE_MS;
use crate::os::proc;
use crate::record::{CloseReason, Program, StateLevel};
use crate::session::birth::{self, Shell};
use crate::session::masking;
use crate::session::{Result, Session, SessionError, close, find};
use crate::text::{Command, Fault, Next};

/// Applies `open`.
///
/// # Errors
/// The shell is in no session, or still in the one where it was.
pub(super) fn open(joining: &Joining, workdir: Vec<u8>) -> Result<Answer> {
    let shell = Shell {
        program: joining.program,
        version: joining.version.clone(),
        pid: joining.pid,
        native: joining.native,
        hook: joining.hook.clone(),
        typed: joining.typed,
        workdir,
        history: joining.history.to_vec(),
    };
    let (session, index, message) = match &joining.into {
        Destination::Moved(caller, name) => moved(caller, name, &shell)?,
        Destination::After(known, lost) => {
            let (session, warning) = birth::successor(known.folder, &known.genesis)?;
            collect::begin(&session, &collect::usual(), collect::AT_A_PROMPT)?;
            let warning = warning.or_else(|| (*lost > 0).then(|| between(known, &session)));
            joined(session, warning, &shell)?
        }
        Destination::Named(name) => joined(named(name)?, None, &shell)?,
        Destination::Exported(folder) => {
            let (session, warning) = birth::for_new_shell(*folder)?;
            collect::begin(&session, &collect::usual(), collect::AT_A_PROMPT)?;
            joined(session, warning, &shell)?
        }
    };
    // A shell that was killed could not have its own removed.
    close::leave_nothing(&session, |pid| proc::stat(pid).is_ok_and(|stat| stat.is_none()));
    Ok(Answer::Opened {
        folder: session.folder().path().to_owned(),
        genesis: *session.genesis_root(),
        shell: index,
        scratch: scratch(&session, &shell)?,
        short_name: session.short_name().to_owned(),
        message,
    })
}

/// The folder for the hook's own files, if any may be there: a text that was in a file on a disk
/// stays on the device. Each `>|` of bash keeps the mode that its file has, so the file is made here.
fn scratch(session: &Session, shell: &Shell) -> Result<Option<PathBuf>> {
    if session.genesis().state == StateLevel::Disk.into() {
        return Ok(None);
    }
    let folder = session.state_folder()?;
    if shell.program == Program::Bash {
        let name = format!("text-{}", shell.pid);
        let _ = folder.remove(&name);
        let _ = folder.create_file(&name);
    }
    Ok(Some(folder.path().to_owned()))
}

/// What the user of a shell is told whose session ended while the shell went on.
fn between(before: &Known, after: &Session) -> String {
    let before = Session::open(before.folder)
        .map_or_else(|_| "of this shell".to_owned(), |it| it.short_name().to_owned());
    let after = after.short_name();
    format!(
        "session {before} has ended; recording goes on in session {after}; what this shell ran in between is in neither"
    )
}

/// A session that was opened, the shell's index in it, and what to tell its user.
type Opened = (Session, u64, Option<String>);

/// The live session of a name.
fn named(name: &[u8]) -> Result<Session> {
    let name = String::from_utf8_lossy(name).into_owned();
    let session =
        find::by_word(&name).map_err(|failure| SessionError::Nowhere(failure.message, failure.next))?;
    if session.is_over() {
        let next = match &session.genesis().name {
            Some(name) => {
                Next::typing("to open another of this name", Command::new("attesh start").word(name))
            }
            None => "record this shell in a new one: leave --session out".into(),
        };
        return Err(SessionError::Nowhere(format!("session {name} {}", session.over_words()), Some(next)));
    }
    Ok(session)
}

/// Joins the session; of `warning` and what else there is to tell, the user is told the first.
fn joined(mut session: Session, warning: Option<String>, shell: &Shell) -> Result<Opened> {
    let folder = session.folder().path();
    if folder.as_os_str().as_bytes().contains(&b'\n') {
        return Err(SessionError::File(FileError::Kind(folder.to_owned(), "a path on one line")));
    }
    session.mask_more(masking::usual()?)?;
    let index = birth::join(&session, shell)?.size - 1;
    let on_disk = (session.genesis().state == StateLevel::Disk.into()).then(|| {
        "recording, with the state on a disk: no folder in memory can be used (see attesh doctor)".to_owned()
    });
    Ok((session, index, warning.or(on_disk)))
}

/// Takes the shell to the session of a name, unless it is in that one.
fn moved(caller: &Caller, name: &[u8], shell: &Shell) -> Result<Opened> {
    let mut session = named(name)?;
    if *session.genesis_root() == caller.session.genesis {
        return Ok((session, caller.shell, None));
    }
    session.mask_more(masking::usual()?)?;
    let index = birth::join(&session, shell)?.size - 1;
    let mut message = format!("from here on this shell is recorded in session {}", session.short_name());
    let left = Session::open(caller.session.folder).and_then(|before| {
        let collected = collect::at_last(&before, collect::AT_A_PROMPT);
        before.with_writer_waiting(PATIENCE_MS, |writer| leave(writer, &before, caller, shell, &collected))
    });
    match left {
        Ok(()) | Err(SessionError::Append(AppendError::Ended)) => {}
        Err(error) => message.push_str(&format!("; it could not be closed where it was: {}", error.told())),
    }
    Ok((session, index, Some(message)))
}

/// Closes a shell that went to another session.
fn leave(
    writer: &mut Writer,
    session: &Session,
    caller: &Caller,
    shell: &Shell,
    collected: &Collected,
) -> Result<()> {
    close::expect_genesis(writer, &caller.session.genesis)?;
    if !writer.story()?.live.contains_key(&caller.shell) {
        return Ok(());
    }
    close::tell_lost(writer, caller.shell, caller.lost)?;
    let (native, workdir) = (Some(shell.native), shell.workdir.clone());
    close::close_shell(writer, caller.shell, CloseReason::Moved, None, native, workdir)?;
    close::end_without_shells(session, writer, &|writer| collected.append(writer))
}
