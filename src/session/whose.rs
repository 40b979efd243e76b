//! On which machine a session is recorded: a home can be shared by several.
//!
//! What lives here: whether a session may go on where this process cannot see it. What does not:
//! what a command refuses then (`cli`), whether its state is found (`session`).
//!
//! Rules: only the machine where a session was opened knows whether it goes on, so in doubt it
//! does. A session in a folder that was named belongs to a job, whose steps may run anywhere.

use std::os::unix::fs::MetadataExt as _;

use super::Session;
use super::shells::is_here;
use crate::clock;
use crate::files;
use crate::journal::check::{Knowledge, check};
use crate::journal::story::LiveShell;
use crate::os::proc;
use crate::text::visible;

/// How far the clocks of this machine and of a file server may be apart, in nanoseconds.
const CLOCKS_NS: i128 = 5_000_000_000;

impl Session {
    /// Where the session is recorded, in words, if that is not here: another machine, another
    /// container, or another mount namespace, where a shell of it lives. `None` also for one of an
    /// earlier boot of this machine, and for a copy.
    #[must_use]
    pub fn elsewhere(&self) -> Option<String> {
        if self.is_copy() || self.is_placed() || self.has_end() {
            return None;
        }
        if is_here(self.genesis()) {
            let apart = !self.has_state() && self.has_shell_among_other_mounts();
            return apart.then(|| "in another mount namespace (its state is not visible here)".to_owned());
        }
        let boot = proc::boot_id().map(proc::BootId::text);
        let host = self.genesis.text("host");
        if boot.is_some() && boot == self.genesis().boot_id {
            return Some("in another container".to_owned());
        }
        let same_name = host.is_some() && host == super::birth::host().as_deref();
        match (host, same_name) {
            (_, true) if !self.grew_since_boot() => None,
            (_, true) => Some("on another machine of this name".to_owned()),
            (Some(host), _) => Some(format!("on {}", visible(host))),
            (None, _) => Some("on a machine that it does not name any more".to_owned()),
        }
    }

    /// Whether its state is seen from here.
    fn has_state(&self) -> bool {
        self.state_folder().is_ok_and(|folder| folder.has(&self.state_name()))
    }

    /// Whether one of its shells lives and does not see the files that this process sees. A shell
    /// among the same mounts has lost its state.
    fn has_shell_among_other_mounts(&self) -> bool {
        let journal = self.journal.try_clone().map(files::from_start);
        let checked = journal.and_then(|journal| check(journal, Knowledge::default(), &mut |_| {}));
        let apart = |shell: &LiveShell| {
            proc::is_alive(shell.pid, shell.start_ticks) && !proc::has_our_mounts(shell.pid)
        };
        checked.is_ok_and(|checked| checked.story.live.values().any(apart))
    }

    /// Whether its journal was written since this machine booted.
    fn grew_since_boot(&self) -> bool {
        let now = clock::now();
        let booted = i128::from(now.realtime_ns) - i128::from(now.boottime_ns);
        self.journal.metadata().map_or(true, |meta| {
            let written = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
            written > booted + CLOCKS_NS
        })
    }
}
