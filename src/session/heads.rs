//! The head of a session's journal as it is.
//!
//! What lives here: the journal checked, its head, and the line by which a log keeps that. What
//! does not: what is compared with it (`journal::heads`), who prints it.

use super::Session;
use crate::failure::{Failure, Kind};
use crate::files;
use crate::journal::check::{Checked, Knowledge, Rejection, Sink, check};
use crate::journal::head::Head;
use crate::journal::heads::MARK;
use crate::text::Command;

/// The line that gives a head to the log of a job.
#[must_use]
pub fn log_line(head: Head) -> String {
    format!("{MARK} {head}")
}

/// Why a journal is refused: with the kind, the code and the place of the first bad record.
#[must_use]
pub fn rejected(rejection: &Rejection) -> Failure {
    let Rejection { record, offset, cause } = rejection;
    let what = match cause.code.kind() {
        Kind::Unsupported => "this version cannot read the journal",
        _ => "the journal is not what was recorded",
    };
    Failure::because(cause.code, format!("{what}: record {record} (byte {offset}): {cause}"))
        .about(Some(*record), Some(*offset))
}

/// Checks the journal of a session as it is, with the roots at these sizes.
///
/// # Errors
/// It could not be read, or is not what was recorded.
pub fn checked(session: &Session, sizes: &[u64]) -> Result<Checked, Failure> {
    checked_with(session, Knowledge { sizes, ..Knowledge::default() }, &mut |_| {})
}

/// The same, with a look at each record that passed.
///
/// # Errors
/// As [`checked`].
pub fn checked_with(session: &Session, knowledge: Knowledge, sink: Sink) -> Result<Checked, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::unable(format!("cannot read the journal: {}", files::words(&error)));
    let journal = files::from_start(session.journal().try_clone().map_err(unreadable)?);
    let checked = check(journal, knowledge, sink).map_err(unreadable)?;
    match &checked.rejection {
        None => Ok(checked),
        Some(rejection) => Err(rejected(rejection)
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
