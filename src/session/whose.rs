//! On which machine a session is recorded: a home can be shared by several.
//!
//! What lives here: whether a session may go on where this process cannot see it. What does not:
//! what a command refuses then (`cli`), whether its state is found (`session`).
//!
//! Rules: only the machine where a session was opened knows whether it goes on, so in doubt it
//! does. What the kernel does not tell is an error, and never another place. A session in a folder
//! that was named belongs to a job, whose steps may run anywhere.

use std::os::unix::fs::MetadataExt as _;

use super::shells::{asking, is_here};
use super::{Result, Session, SessionError};
use crate::clock;
use crate::files::{self, FileError};
use crate::journal::append::AppendError;
use crate::journal::check::{Knowledge, check};
use crate::os::proc;
use crate::text::visible;

/// How far the clocks of this machine and of a file server may be apart, in nanoseconds.
const CLOCKS_NS: i128 = 5_000_000_000;

impl Session {
    /// Where the session is recorded, in words, if that is not here: another machine, another
    /// container, or another mount namespace, where a shell of it lives. `None` also for one of an
    /// earlier boot of this machine, and for a copy.
    ///
    /// # Errors
    /// The kernel does not tell what decides it.
    pub fn elsewhere(&self) -> Result<Option<String>> {
        if self.is_copy() || self.is_placed() || self.has_end() {
            return Ok(None);
        }
        if is_here(self.genesis())? {
            let apart = !self.has_state()? && self.has_shell_among_other_mounts()?;
            return Ok(apart.then(|| "in another mount namespace (its state is not visible here)".to_owned()));
        }
        let boot = proc::boot_id().map_err(asking("read the boot id"))?.text();
        if self.genesis().boot_id.as_ref() == Some(&boot) {
            return Ok(Some("in another container".to_owned()));
        }
        let Some(host) = self.genesis.text("host") else {
            return Ok(Some("on a machine that it does not name any more".to_owned()));
        };
        if host != self::host().map_err(asking("read the name of this machine"))? {
            return Ok(Some(format!("on {}", visible(host))));
        }
        Ok(self.grew_since_boot()?.then(|| "on another machine of this name".to_owned()))
    }

    /// Whether its state is seen from here.
    fn has_state(&self) -> Result<bool> {
        match self.state_folder().and_then(|folder| Ok(folder.open_file(&self.state_name())?)) {
            Ok(_) => Ok(true),
            Err(SessionError::Append(AppendError::Lost(_)) | SessionError::File(FileError::Missing(_))) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether one of its shells lives and does not see the files that this process sees. A shell
    /// among the same mounts has lost its state.
    fn has_shell_among_other_mounts(&self) -> Result<bool> {
        let journal = self.journal.try_clone().map(files::from_start);
        let checked = journal.and_then(|journal| check(journal, Knowledge::default(), &mut |_| {}));
        let story = checked.map_err(asking("read the journal"))?.story;
        for shell in story.live.values().filter(|shell| proc::is_alive(shell.pid, shell.start_ticks)) {
            if !proc::has_our_mounts(shell.pid)
                .map_err(asking("read which files a shell of the session sees"))?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether its journal was written since this machine booted.
    fn grew_since_boot(&self) -> Result<bool> {
        let now = clock::now();
        let booted = i128::from(now.realtime_ns) - i128::from(now.boottime_ns);
        let meta = self.journal.metadata().map_err(asking("look at the journal"))?;
        let written = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
        Ok(written > booted + CLOCKS_NS)
    }
}

/// The name of this machine.
pub(super) fn host() -> std::io::Result<Vec<u8>> {
    Ok(nix::unistd::gethostname()?.into_encoded_bytes())
}

/// The name of this process's user, or else the number.
pub(super) fn user() -> Vec<u8> {
    let uid = nix::unistd::geteuid();
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) => user.name.into_bytes(),
        _ => uid.to_string().into_bytes(),
    }
}
