//! What a verdict does not prove.
//!
//! What lives here: the words of it. What does not: what a verdict says (`verdict`, `told`).

use super::verdict::Verdict;
use crate::journal::check::Checked;
use crate::record::{PROTECTION_FILE, PROTECTION_RECORDER};

/// Adds who could read the keys, as the genesis of the journal says it.
pub fn with_protection(verdict: &mut Verdict, checked: &Checked) {
    verdict.protection = checked.genesis_body().map(|genesis| genesis.protection.clone());
}

/// What no verdict of this program proves.
#[must_use]
pub fn not_proven(verdict: &Verdict) -> [String; 4] {
    let honest = match verdict.protection.as_deref() {
        None => "no journal was checked that says what protected its keys".to_owned(),
        Some(PROTECTION_FILE) => "its protection level is a file of the same user".to_owned(),
        Some(PROTECTION_RECORDER) => {
            "its keys were in the memory of the recorder alone, which what it recorded could not reach"
                .to_owned()
        }
        Some(other) => {
            format!(
                "it says that its protection level is {}, and nobody checked that",
                crate::text::short(other)
            )
        }
    };
    let by_kernel = verdict.statement.as_ref().is_some_and(|statement| statement.predicate.is_by_kernel());
    let only = match by_kernel {
        true => {
            "that nothing else ran: the kernel told of what started below the commands, and not of what was handed to a process elsewhere"
        }
        false => "that only these commands ran: they are what the shells' own hooks reported",
    };
    [
        only.to_owned(),
        format!("that the recorder was honest: {honest}"),
        "when it happened: the clock is the machine's own".to_owned(),
        "that the session was not made up by who sealed it, unless its head was kept elsewhere".to_owned(),
    ]
}
