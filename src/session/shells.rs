//! The shells of a story and the processes of this machine.
//!
//! What lives here: which of them run, and under which this process runs. What does not: what a
//! session is, what is recorded of a shell.

use std::os::unix::ffi::OsStrExt;

use crate::journal::story::{LiveShell, Story};
use crate::os::proc;
use crate::record::Genesis;

/// Whether the process ids of a session mean something here: it was opened since this machine
/// booted, in this pid namespace. False if the kernel does not tell.
#[must_use]
pub fn is_here(genesis: &Genesis) -> bool {
    let boot = proc::boot_id().map(proc::BootId::text);
    boot.is_some() && boot == genesis.boot_id && genesis.pid_ns == proc::namespace("pid")
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
    let open = story.live.iter().filter(|(_, shell)| !story.ended && is_here(genesis) && is_gone(shell));
    open.map(|(at, _)| *at).collect()
}

/// The shell of a story that this process runs under: its nearest ancestor that is open there.
#[must_use]
pub fn own_shell(story: &Story) -> Option<u64> {
    proc::ancestors().into_iter().find_map(|(pid, start)| {
        story.live.iter().find(|(_, shell)| (shell.pid, shell.start_ticks) == (pid, start)).map(|(at, _)| *at)
    })
}

/// The working folder of this process, which is its shell's.
#[must_use]
pub fn workdir() -> Vec<u8> {
    std::env::current_dir().map(|dir| dir.as_os_str().as_bytes().to_vec()).unwrap_or_default()
}
