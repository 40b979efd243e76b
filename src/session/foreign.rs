//! What is in a session's folder that attesh did not put there.
//!
//! What lives here: which names are its own. What does not: whether a session may be removed
//! (`cli::prune`).

use std::collections::HashSet;

use super::{IGNORE, JOURNAL, NEXT, PAUSE, PAUSE_ALL, Result, SEALED, Session, SessionError};
use crate::files::{self, FileError, Folder};
use crate::journal::append::AppendError;
use crate::journal::check::{Knowledge, check};
use crate::record::{ATTACHED_FOLDER, Body};

impl Session {
    /// What is in its folder that attesh did not put there.
    ///
    /// # Errors
    /// The folder could not be read.
    pub fn foreign(&self) -> Result<Option<String>> {
        let own = [JOURNAL, NEXT, SEALED, PAUSE_ALL, IGNORE, ATTACHED_FOLDER];
        let is_own = |name: &str| {
            let left_over = own.iter().any(|own| name.starts_with(&files::temporary_prefix(own)));
            let pause = name.strip_prefix(PAUSE).is_some_and(|shell| shell.parse::<u64>().is_ok());
            own.contains(&name) || pause || left_over
        };
        let names = self.folder.names()?.into_iter();
        let mut foreign = names.filter(|name| !name.to_str().is_some_and(is_own));
        match foreign.next() {
            Some(name) => Ok(Some(name.to_string_lossy().into_owned())),
            None => self.foreign_attached(),
        }
    }

    /// What is among the files of its facts that no fact names.
    fn foreign_attached(&self) -> Result<Option<String>> {
        let folder = match Folder::open_any(&self.folder.path().join(ATTACHED_FOLDER)) {
            Err(FileError::Missing(_)) => return Ok(None),
            folder => folder?,
        };
        let mut own = HashSet::new();
        let unreadable = |error| SessionError::Append(AppendError::Io("read the journal", error));
        let journal = self.journal.try_clone().map_err(unreadable)?;
        let checked = check(files::from_start(journal), Knowledge::default(), &mut |passed| {
            if let Body::Fact(fact) = &passed.record.core.body {
                own.extend(fact.attached.iter().map(|one| one.name.clone()));
            }
        })
        .map_err(unreadable)?;
        // Of a journal that is not what was recorded nobody knows which files were its own.
        if checked.rejection.is_some() {
            return Ok(None);
        }
        // One that was not written to its end begins with a dot, which no name does.
        let is_own = |name: &str| own.contains(name) || name.starts_with('.');
        let names = folder.names()?.into_iter();
        let mut foreign = names.filter(|name| !name.to_str().is_some_and(is_own));
        Ok(foreign.next().map(|name| format!("{ATTACHED_FOLDER}/{}", name.to_string_lossy())))
    }
}
