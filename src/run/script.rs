//! Runs a script in bash, and has each unit of it recorded.
//!
//! What lives here: by whom its units are seen, and what becomes of it if nobody can. What does
//! not: the words that bash is called with (`call`), what is recorded (`recording`), what becomes
//! of its status (`cli::sh`).
//!
//! Rules: the script runs as it would without this program; a start is in the journal before bash
//! goes on.

use std::path::Path;
use std::process::{Command, ExitStatus};

use super::call::BashCall;
use super::channel;
use super::reader::Reader;
use super::recording::{Ending, Recording};
use super::{trapped, watched};
use crate::failure::Failure;
use crate::files;
use crate::record::Evidence;

/// Runs the script to its end, recorded or not.
///
/// # Errors
/// bash could not be started.
pub fn run(call: &BashCall, bash: &Path, recording: Option<&mut Recording>) -> Result<ExitStatus, Failure> {
    let cannot =
        |error: std::io::Error| Failure::unable(format!("{}: {}", bash.display(), files::words(&error)));
    let Some(recording) = recording else {
        let mut child = call.command(bash).spawn().map_err(cannot)?;
        return channel::listen(&mut child, None, None, &mut |_| {}).map_err(cannot);
    };
    if let Some(why) = recording.given.unread() {
        // bash finds the same, or a script that came meanwhile: nobody sees which.
        let mut command = call.command(bash);
        prepare(&mut command, recording).map_err(cannot)?;
        return unseen(recording, &mut command, &why).map_err(cannot);
    }
    if let Some(mut reader) = watch(call, bash, recording) {
        return watched::run(recording, &mut reader).map_err(cannot);
    }
    match call.heard(bash, recording.session()).and_then(|heard| match recording.given.unplanned() {
        Some(why) => Err(why),
        None => Ok(heard),
    }) {
        Ok((mut command, channel, hook)) => {
            prepare(&mut command, recording).map_err(cannot)?;
            recording.starts.as_ref().map_or(Ok(()), |starts| starts.hold(&mut command)).map_err(cannot)?;
            let mut child = command.spawn().map_err(cannot)?;
            trapped::run(recording, &mut child, &channel, &hook).map_err(cannot)
        }
        Err(why) => {
            let mut command = call.command(bash);
            prepare(&mut command, recording).map_err(cannot)?;
            unseen(recording, &mut command, &why).map_err(cannot)
        }
    }
}

/// Runs a bash whose units nobody sees, and why.
pub(super) fn unseen(
    recording: &mut Recording,
    command: &mut Command,
    why: &str,
) -> std::io::Result<ExitStatus> {
    recording.whole(why);
    // bash does not wait until its plan is recorded, so this comes first.
    recording.begin(u64::from(std::process::id()), None, Evidence::Whole);
    if let Some(why) = recording.given.unread() {
        recording.anomaly("script-unread", &why);
    }
    recording.starts.as_ref().map_or(Ok(()), |starts| starts.hold(command))?;
    let mut child = command.spawn()?;
    let status = channel::listen(&mut child, recording.waits(), None, &mut |_| {})?;
    recording.close(Ending::of(status));
    Ok(status)
}

/// What the script sees of its recording.
fn prepare(command: &mut Command, recording: &Recording) -> std::io::Result<()> {
    recording.session().tell(command);
    recording.given.hand_to(command)
}

/// bash, watched where it reads; `None` if it cannot be. Then nothing of it has run.
fn watch(call: &BashCall, bash: &Path, recording: &Recording) -> Option<Reader> {
    let places = recording.places.as_ref().ok()?;
    let source = recording.given.source()?;
    let mut command = call.command(bash);
    prepare(&mut command, recording).ok()?;
    Reader::start(&mut command, places, source, recording.starts.clone()).ok()
}
