//! The head of a session's journal as it is.
//!
//! What lives here: the journal checked, its head, and the line by which a log keeps that. What
//! does not: what is compared with it (`journal::heads`), who prints it.

use super::Session;
use crate::failure::Failure;
use crate::files;
use crate::journal::check::{Checked, Knowledge, check};
use crate::journal::head::Head;
use crate::journal::heads::MARK;
use crate::text::Command;

/// The line that gives a head to the log of a job.
#[must_use]
pub fn log_line(head: Head) -> String {
    format!("{MARK} {head}")
}

/// Checks the journal of a session as it is, with the roots at these sizes.
///
/// # Errors
/// It could not be read, or is not what was recorded.
pub fn checked(session: &Session, sizes: &[u64]) -> Result<Checked, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::unable(format!("cannot read the journal: {}", files::words(&error)));
    let journal = files::from_start(session.journal().try_clone().map_err(unreadable)?);
    let checked = check(journal, Knowledge { sizes, ..Knowledge::default() }, &mut |_| {});
    let checked = checked.map_err(unreadable)?;
    match &checked.rejection {
        None => Ok(checked),
        Some(rejection) => Err(Failure::integrity(format!(
            "the journal is not what was recorded: record {} (byte {}): {}",
            rejection.record, rejection.offset, rejection.cause
        ))
        .typing("to see what is left", Command::new("attesh verify").path(session.folder().path()))),
    }
}

/// The head of a journal as it is, checked record by record.
///
/// # Errors
/// As [`checked`].
pub fn head_now(session: &Session) -> Result<Head, Failure> {
    Ok(checked(session, &[])?.head().expect("what was not rejected has a genesis"))
}
