//! Whether a session may be removed by the time for which it is kept.
//!
//! What lives here: a journal checked to its end, what it says of its retention, and whether that has
//! passed. What does not: which other reasons keep a session (`cli::prune`), what is left of one that
//! was removed (`removed`).
//!
//! Rules: in doubt a session is kept. Its time has passed only if the calendar clock says so and, as
//! long as the machine has not restarted, the clock that nobody can set.

use super::Session;
use super::began::Retention;
use crate::clock::{self, Moment};
use crate::failure::Failure;
use crate::files;
use crate::journal::check::{Checked, Knowledge, check};
use crate::os::proc::{self, BootId};
use crate::record::{Body, Genesis};

/// A session whose journal was checked.
pub struct Looked {
    /// What the check found.
    pub checked: Checked,
    /// For how long it is kept.
    pub retention: Retention,
    /// When its last record was written.
    pub last: Option<Moment>,
    /// Whether nothing can be appended any more.
    pub is_over: bool,
}

/// How a session stands by its retention.
#[derive(Debug, PartialEq, Eq)]
pub enum Stands {
    /// It has none.
    Free,
    /// Its time has passed.
    Passed,
    /// It is to be kept until then, in nanoseconds since 1970.
    Kept(u64),
    /// It has not ended: its time has not begun.
    GoesOn,
    /// It is to be kept, because it is not known how long: why.
    Unknown(String),
}

/// Checks the journal of a session, whatever it holds.
///
/// # Errors
/// It could not be read.
pub fn look(session: &Session) -> Result<Looked, Failure> {
    let unreadable = |error| Failure::unable(format!("cannot read the journal: {}", files::words(&error)));
    let journal = session.journal().try_clone().map_err(unreadable)?;
    let (mut said, mut joined, mut last) = (None, false, None);
    let checked = check(files::from_start(journal), Knowledge::default(), &mut |passed| {
        last = Some(passed.record.core.time);
        joined |= matches!(passed.record.core.body, Body::Open(_));
        // A fact of the start counts only before the first shell.
        if said.is_none() && !joined {
            said = Retention::of(passed.record);
        }
    })
    .map_err(unreadable)?;
    // What stands behind a bad record is not known.
    let retention = said.unwrap_or(match checked.rejection {
        Some(_) if !joined => Retention::Unknown("the beginning of its journal is not what was recorded"),
        _ => Retention::Free,
    });
    let is_over = checked.story.ended || session.is_over();
    Ok(Looked { checked, retention, last, is_over })
}

impl Looked {
    /// How the session stands by its retention, now.
    #[must_use]
    pub fn stands(&self, session: &Session) -> Stands {
        let seconds = match self.retention {
            Retention::Free => return Stands::Free,
            Retention::Unknown(why) => return Stands::Unknown(why.to_owned()),
            Retention::Seconds(seconds) => seconds,
        };
        if let Some(rejection) = &self.checked.rejection {
            let record = rejection.record;
            return Stands::Unknown(format!("record {record} of its journal is not what was recorded"));
        }
        let Some(last) = self.last.filter(|_| self.is_over) else { return Stands::GoesOn };
        match has_passed(seconds, last, clock::now(), is_this_boot(session.genesis())) {
            Passed::Yes => Stands::Passed,
            Passed::No => {
                Stands::Kept(last.realtime_ns.saturating_add(seconds.saturating_mul(1_000_000_000)))
            }
            Passed::ByOneClock => {
                let what = "this machine has not run as long since its end as the calendar clock says";
                Stands::Unknown(what.to_owned())
            }
        }
    }

    /// For how long it is kept, in seconds.
    #[must_use]
    pub fn retain_s(&self) -> Option<u64> {
        match self.retention {
            Retention::Seconds(seconds) => Some(seconds),
            _ => None,
        }
    }
}

/// Whether a time has passed.
#[derive(Debug, PartialEq, Eq)]
enum Passed {
    Yes,
    No,
    /// The calendar clock was set forward.
    ByOneClock,
}

/// Whether so many seconds have passed since then. A calendar clock that went back has them begin
/// later; where the machine has not restarted, the clock that counts from its start must agree.
fn has_passed(seconds: u64, since: Moment, now: Moment, same_boot: bool) -> Passed {
    let is_gone = |from: u64, to: u64| {
        to.checked_sub(from).is_some_and(|gone| gone >= seconds.saturating_mul(1_000_000_000))
    };
    match (is_gone(since.realtime_ns, now.realtime_ns), is_gone(since.boottime_ns, now.boottime_ns)) {
        (false, _) => Passed::No,
        (true, false) if same_boot => Passed::ByOneClock,
        _ => Passed::Yes,
    }
}

/// Whether a session was recorded since this machine started; in doubt it was.
fn is_this_boot(genesis: &Genesis) -> bool {
    match (&genesis.boot_id, proc::boot_id().map(BootId::text)) {
        (Some(then), Ok(now)) => *then == now,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(realtime_s: u64, boottime_s: u64) -> Moment {
        let ns = |seconds: u64| seconds * 1_000_000_000;
        Moment { realtime_ns: ns(realtime_s), boottime_ns: ns(boottime_s), synced: true }
    }

    #[test]
    fn a_clock_that_was_set_removes_a_session_before_its_time() {
        let since = moment(1000, 100);
        for (now, same_boot, passed) in [
            (moment(1009, 109), true, Passed::No),
            (moment(1010, 110), true, Passed::Yes),
            // It went back.
            (moment(900, 210), true, Passed::No),
            (moment(900, 5), false, Passed::No),
            // It went forward.
            (moment(9000, 101), true, Passed::ByOneClock),
            (moment(9000, 5), true, Passed::ByOneClock),
            // The machine has restarted.
            (moment(9000, 5), false, Passed::Yes),
        ] {
            assert_eq!(has_passed(10, since, now, same_boot), passed, "{now:?} {same_boot}");
        }
        assert_eq!(has_passed(u64::MAX, since, moment(9000, 9000), false), Passed::No);
    }
}
