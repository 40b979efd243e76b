//! The shells of a story and the processes of this machine.
//!
//! What lives here: which of them run, and under which this process runs. What does not: what a
//! session is, what is recorded of a shell.

use std::io;
use std::os::unix::ffi::OsStrExt;

use super::{Result, SessionError};
use crate::journal::append::AppendError;
use crate::journal::story::{LiveShell, Story};
use crate::os::proc;
use crate::record::Genesis;

/// Whether the process ids of a session mean something here: it was opened since this machine
/// booted, in this pid namespace.
///
/// # Errors
/// The kernel does not tell which boot, or which namespace, this is.
pub fn is_here(genesis: &Genesis) -> Result<bool> {
    let boot = proc::boot_id().map_err(asking("read the boot id"))?.text();
    Ok(genesis.boot_id.as_ref() == Some(&boot) && genesis.pid_ns == namespace("pid")?)
}

/// Whether it is known that the process ids of a session mean something here.
#[must_use]
pub fn is_known_here(genesis: &Genesis) -> bool {
    is_here(genesis).is_ok_and(|here| here)
}

/// Inode of one of this process's namespaces; none if the kernel has none.
///
/// # Errors
/// The kernel does not tell it.
pub fn namespace(kind: &str) -> Result<Option<u64>> {
    proc::namespace(kind).map_err(asking("read which namespaces this process is in"))
}

/// What the kernel did not tell, as an error.
pub fn asking(what: &'static str) -> impl FnOnce(io::Error) -> SessionError {
    move |error| AppendError::Io(what, error).into()
}

/// The open shells of a story whose process still lives, but for `own`: each of them where their
/// process ids mean nothing `here`.
#[must_use]
pub fn other_live_shells(story: &Story, own: Option<u64>, here: bool) -> Vec<(u64, u64)> {
    let lives = |pid, start| !here || proc::is_alive(pid, start);
    let live =
        story.live.iter().filter(|(at, shell)| own != Some(**at) && lives(shell.pid, shell.start_ticks));
    live.map(|(at, shell)| (*at, shell.pid)).collect()
}

/// The open shells of a story whose process is gone: none where nothing is known of it.
#[must_use]
pub fn gone(genesis: &Genesis, story: &Story) -> Vec<u64> {
    let is_gone = |shell: &LiveShell| !proc::is_alive(shell.pid, shell.start_ticks);
    if story.ended || !is_known_here(genesis) {
        return Vec::new();
    }
    story.live.iter().filter(|(_, shell)| is_gone(shell)).map(|(at, _)| *at).collect()
}

/// The shell of a story that this process runs under: its nearest ancestor that is open there.
///
/// # Errors
/// The kernel does not tell under which processes this one runs.
pub fn own_shell(story: &Story) -> Result<Option<u64>> {
    let ancestors = proc::ancestors().map_err(asking("read which processes this one runs under"))?;
    let open_there = |ancestor: (u64, u64)| {
        story.live.iter().find(|(_, shell)| (shell.pid, shell.start_ticks) == ancestor).map(|(at, _)| *at)
    };
    Ok(ancestors.into_iter().find_map(open_there))
}

/// The working folder of this process, which is its shell's.
#[must_use]
pub fn workdir() -> Vec<u8> {
    std::env::current_dir().map(|dir| dir.as_os_str().as_bytes().to_vec()).unwrap_or_default()
}
