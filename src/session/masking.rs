//! What is masked in a session: where it is asked for, and where the session keeps it.
//!
//! What lives here: the user's file of rules, the variables that ask for more, and the file beside
//! the state. What does not: what a file of rules says ([`crate::mask::asked`]).
//!
//! Rules: a file of rules that cannot be read is an error: what it asks for would not be masked. The
//! values of variables are in no file.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use super::error::{Result, SessionError};
use crate::files::{self, FileError, Folder};
use crate::mask::asked::{self, Asked, FILE_MAX};
use crate::mask::{Masker, OF_VARIABLE, TOLD, is_variable};
use crate::paths;

/// The name of the user's file of rules, in the folder of the configuration.
pub const FILE: &str = "mask.toml";
/// The longest list that a session keeps, in bytes.
const KEPT_MAX: u64 = 1 << 20;

/// What is masked where nothing is said: the rules of the user's file, and what the variables of
/// the environment ask for. In CI also the value of each variable whose name says that it is secret.
///
/// # Errors
/// A file of rules cannot be read, or a name is none.
pub fn usual() -> Result<Asked> {
    let mut asked = Asked { secrets: paths::ci().is_some(), ..Asked::default() };
    if let Some(path) = paths::config().map(|folder| folder.join(FILE)) {
        match of_file(&path) {
            Err(SessionError::File(FileError::Missing(_))) => {}
            other => add(&mut asked, other?, &path.display().to_string())?,
        }
    }
    for file in paths::listed(paths::MASK_VARIABLE) {
        add(&mut asked, of_file(Path::new(&file))?, &file)?;
    }
    let variables = paths::listed(paths::MASK_ENV_VARIABLE);
    add(&mut asked, of_variables(&variables, paths::MASK_ENV_VARIABLE)?, paths::MASK_ENV_VARIABLE)?;
    Ok(asked)
}

/// Adds what another asks.
///
/// # Errors
/// That would be too many.
pub fn add(asked: &mut Asked, other: Asked, from: &str) -> Result<()> {
    asked.add(other).map_err(|what| SessionError::Nowhere(format!("{from}: {what}"), None))
}

/// What a file of rules asks for.
///
/// # Errors
/// It cannot be read.
pub fn of_file(path: &Path) -> Result<Asked> {
    let bytes = files::read_stream(path, FILE_MAX as u64)?;
    Asked::read(&bytes).map_err(|wrong| {
        let next = "mend the line; what a file of rules has says: attesh man attesh-mask".into();
        SessionError::Nowhere(format!("{}: {wrong}", path.display()), Some(next))
    })
}

/// What names of variables ask for.
///
/// # Errors
/// One of them cannot name a variable.
pub fn of_variables(names: &[String], from: &str) -> Result<Asked> {
    match names.iter().find(|name| !is_variable(name)) {
        Some(name) => {
            let next = "give names such as DEPLOY_KEY, without $ and without values".into();
            Err(SessionError::Nowhere(format!("{from}: {name:?} cannot name a variable"), Some(next)))
        }
        None => Ok(Asked { variables: names.to_vec(), ..Asked::default() }),
    }
}

/// The masker, with the values that the variables have in this process.
#[must_use]
pub fn masker(asked: &Asked) -> Masker {
    let names = || {
        let names = paths::names_beginning("").into_iter();
        names.filter_map(|name| name.into_string().ok()).filter(|name| is_variable(name)).collect()
    };
    asked.masker(|name| paths::variable(name).map(OsString::into_vec), names)
}

/// The masker of a recorder that records this script from here on.
#[must_use]
pub fn masker_of(asked: &Asked, script: &[u8]) -> Masker {
    let mut masker = masker(asked);
    learn(&mut masker, asked, script);
    masker
}

/// The name of the file beside its state that says what is masked in a session.
#[must_use]
pub fn name(id: &str) -> String {
    format!("{id}.mask")
}

/// Adds to the masker what the text of a script says is secret: what it tells GitHub's runner to
/// mask, and what it gives the variables whose values are masked.
pub(super) fn learn(masker: &mut Masker, asked: &Asked, script: &[u8]) {
    for value in asked::told(script, |name| paths::variable(name).map(OsString::into_vec)) {
        masker.add_value(TOLD, &value);
    }
    for name in &asked.variables {
        for value in asked::assigned(script, name) {
            masker.add_value(&format!("{OF_VARIABLE}{name}"), &value);
        }
    }
}

/// Keeps what is asked for beyond what a session keeps already. Only lines are added, so whoever
/// records at this moment masks at least what it did. All that is masked then.
pub(super) fn keep_more(more: Asked, states: &Folder, id: &str) -> Result<Masker> {
    let before = read(states, id)?;
    let mut all = before.clone();
    add(&mut all, more, "the session's rules")?;
    let kept = before.encode();
    for line in all.encode().lines().filter(|line| !kept.lines().any(|kept| kept == *line)) {
        states.append_line(&name(id), line)?;
    }
    Ok(masker(&all))
}

/// Keeps for a new session what is masked in it.
pub(super) fn keep(asked: &Asked, states: &Folder, id: &str) -> Result<()> {
    if asked.is_empty() {
        return Ok(());
    }
    Ok(states.publish_new(&name(id), asked.encode().as_bytes())?)
}

/// What is masked in a session, by what it keeps.
pub(super) fn read(states: &Folder, id: &str) -> Result<Asked> {
    match states.read(&name(id), KEPT_MAX) {
        Err(FileError::Missing(_)) => Ok(Asked::default()),
        Err(error) => Err(error.into()),
        Ok(bytes) => std::str::from_utf8(&bytes).ok().and_then(Asked::decode).ok_or_else(|| {
            let path = states.path().join(name(id));
            SessionError::Nowhere(
                format!(
                    "{}: not what the recorder wrote, so nobody knows what is to be masked",
                    path.display()
                ),
                Some("end the session: attesh stop".into()),
            )
        }),
    }
}
