//! The session that a script is recorded in, and the session in a folder that was named.
//!
//! What lives here: which session it is, and what attesh says about it. What does not: how a
//! session is opened (`session::birth`, `session::place`).

use std::path::Path;

use crate::collect;
use crate::crypto::OriginSecret;
use crate::fact::Collection;
use crate::failure::Failure;
use crate::files::FileError;
use crate::mask::asked::Asked;
use crate::paths;
use crate::report;
use crate::session::birth::Apart;
use crate::session::place::{self, Placed};
use crate::session::{Session, SessionError, birth};
use crate::text::{Fault, Next};

/// The folder that was named, the shell's session, the job's folder, or a new session, which begins
/// with what the collectors see. From here on what `masking` says is masked in it.
///
/// # Errors
/// It could not be opened.
pub fn choose(dir: Option<&Path>, asked: &Collection, masking: Asked) -> Result<Session, Failure> {
    let mut session = find(dir)?;
    session.mask_more(masking)?;
    collect::begin(&session, asked, collect::IN_A_JOB)?;
    Ok(session)
}

fn find(dir: Option<&Path>) -> Result<Session, Failure> {
    let exported = paths::exported_session();
    match dir.map(Path::to_owned) {
        Some(folder) => Ok(open_in(&folder, None, None)?.session),
        None => match (birth::around(exported.as_deref()), paths::ci_folder()) {
            (Ok(session), _) => Ok(session),
            (Err(apart), Some(folder)) => {
                let session = open_in(&folder, None, None)?.session;
                if let Some(why) = apart.why {
                    report::say(&format!("{why}; recording in the session in {} instead", folder.display()));
                }
                Ok(session)
            }
            (Err(apart), None) => own(apart),
        },
    }
}

/// A new session, for a script that can join none.
fn own(apart: Apart) -> Result<Session, Failure> {
    let (session, said) = birth::instead(apart).map_err(|error| match paths::ci() {
        Some(ci) => without_folder(ci, &error),
        None => error.into(),
    })?;
    if let Some(said) = said {
        report::say(&said);
    }
    Ok(session)
}

/// Says what a job has to set that has neither a folder for its session nor a home to keep one in.
fn without_folder(ci: paths::Ci, error: &SessionError) -> Failure {
    let variable = ci.folder_variable().unwrap_or("XDG_STATE_HOME");
    let what = format!("name the session's folder with --dir, or set {variable} to an absolute path");
    Failure::unable(error.to_string()).next(Next::say(what))
}

/// Opens a session in a folder, or joins the one there. A secret goes to a new session only: a
/// session that is joined was given its secret before. It says what it moved out of the way.
///
/// # Errors
/// It could not be opened, or is not the session that was asked for.
pub fn open_in(dir: &Path, name: Option<String>, given: Option<OriginSecret>) -> Result<Placed, Failure> {
    let id = given.as_ref().map(OriginSecret::id);
    // Without a writable home the user has no secret either.
    let usual = || match birth::usual_secret() {
        Err(error)
            if paths::origin_secret().is_none() || matches!(error, SessionError::File(FileError::Io(..))) =>
        {
            report::say(&format!(
                "the journal's origin cannot be checked: no secret could be made: {}",
                error.told()
            ));
            Ok(None)
        }
        other => other,
    };
    let wanted = name.clone();
    let placed = place::open_in(dir, name, || given.map_or_else(usual, |secret| Ok(Some(secret))))?;
    if let Some(moved) = &placed.moved {
        report::say(&format!(
            "{}: the session in it had ended, and is now in {}",
            dir.display(),
            moved.display()
        ));
    }
    let genesis = placed.session.genesis();
    if placed.joined && wanted.is_some() && wanted != genesis.name {
        return Err(Failure::usage(format!(
            "{}: the session in it has another name, {}",
            dir.display(),
            genesis.name.as_deref().unwrap_or("none")
        ))
        .next("leave the name out to join it, or name another folder with --dir"));
    }
    if placed.joined && id.is_some() && id != genesis.origin_id {
        let what = "--secret: the session in the folder was opened with another origin secret, or none";
        return Err(Failure::usage(what).next("leave the option out: only the first step needs the secret"));
    }
    Ok(placed)
}
