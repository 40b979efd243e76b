//! By what the starts below a program can be seen here.
//!
//! What lives here: whether this machine holds starts, lets them be followed, or neither; and what is
//! recorded where no recorder of its own sees them. What does not: the seeing (`recorder`, `followed`).
//!
//! Rules: what is worse than held is said, and recorded. That another recorder sees the starts is
//! believed of the journal alone, which has the start of this very process.

use std::collections::HashSet;
use std::io;

use super::records::{self, By};
use super::words::WAIT_MS;
use crate::fact::process::{self, Count, Numbers, SeenBy, When};
use crate::fact::{PROCESS, PROCESS_END};
use crate::files;
use crate::journal::append::Writer;
use crate::journal::check::{Knowledge, check};
use crate::os::held::{self, Also, Guarded};
use crate::os::{proc, trace};
use crate::record::Body;
use crate::session::{self, Session};
use crate::sys::notify;

/// By what starts can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// The kernel holds each of them.
    Held,
    /// Each process can be traced; why starts are not held.
    Followed(String),
    /// Another recorder of the same session sees them: below this start of this shell, if that is known.
    Above(Option<(u64, u64)>),
    /// Not at all, and why.
    Unseen(String),
}

/// Whether this machine can hold starts for a recorder, and whether its kernel tells how each of them
/// ended.
///
/// # Errors
/// It cannot: why.
fn can_hold() -> io::Result<bool> {
    notify::can_listen(&mut held::filter(Guarded::here(), Also::default()))?;
    Ok(notify::tells_endings())
}

impl Level {
    /// By what starts can be seen here.
    #[must_use]
    pub fn here() -> Self {
        if !proc::is_of_own_namespace() {
            let why = "/proc is not mounted, or numbers processes otherwise than this process's namespace";
            return Level::Unseen(why.to_owned());
        }
        let Err(error) = can_hold() else { return Level::Held };
        let why = match error.raw_os_error() {
            Some(libc::EBUSY) => {
                "another program already holds what starts here, such as an attesh run around this one"
                    .to_owned()
            }
            Some(libc::EAGAIN) => {
                "this user may make no more processes (ulimit -u), and two are made to find that out"
                    .to_owned()
            }
            _ => format!(
                "this kernel, or a filter around this process, has no user notification of seccomp ({})",
                files::words(&error)
            ),
        };
        match trace::can_trace() {
            Ok(()) => Level::Followed(why),
            Err(error) => Level::Unseen(format!("{why}; nor may it trace ({})", files::words(&error))),
        }
    }

    /// The same for what is recorded in this session: another recorder may see its starts.
    #[must_use]
    pub fn within(self, session: &Session) -> Self {
        match self {
            Level::Held => Level::Held,
            level => recorded_above(session).map_or(level, |above| Level::Above(Some(above))),
        }
    }

    /// The same for the shell of a script, whose recorder traces that shell itself.
    #[must_use]
    pub fn of_script(self) -> Self {
        match self {
            Level::Followed(why) => Level::Unseen(why),
            level => level,
        }
    }

    /// The word of it in a fact.
    #[must_use]
    pub fn seen_by(&self) -> SeenBy {
        match self {
            Level::Held => SeenBy::Filter,
            Level::Followed(_) => SeenBy::Trace,
            Level::Above(_) => SeenBy::Above,
            Level::Unseen(_) => SeenBy::Nobody,
        }
    }

    /// Records of a shell that no recorder of its own sees the starts below it.
    ///
    /// # Errors
    /// The record was not appended.
    pub fn tell(&self, writer: &mut Writer, shell: u64, by_handle: bool) -> session::Result<()> {
        self.tell_when(writer, shell, When::Outside, by_handle)
    }

    pub(super) fn tell_when(
        &self,
        writer: &mut Writer,
        shell: u64,
        when: When,
        by_handle: bool,
    ) -> session::Result<()> {
        match self {
            Level::Above(above) => {
                let by = By { starts: SeenBy::Above, handle: by_handle };
                records::count(writer, shell, when, &Count::default(), by, *above)
            }
            Level::Unseen(why) => records::unseen(writer, shell, when, why),
            Level::Held | Level::Followed(_) => Ok(()),
        }
    }
}

/// The shell and the start of this very process in this session: who recorded it sees what starts below.
fn recorded_above(session: &Session) -> Option<(u64, u64)> {
    let as_it_is = held::words(std::process::id()).ok()?;
    let own = as_it_is.clone();
    // The journal has what a masker left of it.
    let screened = |writer: &mut Writer| Ok(writer.masker().screen_words(own));
    let own = session.with_writer_waiting(WAIT_MS, screened).ok()?;
    let own = own.shown();
    let pid = u64::from(std::process::id());
    let mut starts = HashSet::new();
    let checked = session.journal().try_clone().and_then(|journal| {
        check(files::from_start(journal), Knowledge::default(), &mut |passed| {
            let Body::Fact(fact) = &passed.record.core.body else { return };
            let text = |name: &str| passed.record.text(name);
            let utf8 = |name: &str| std::str::from_utf8(text(name)?).ok();
            match (fact.kind.as_str(), fact.shell) {
                (PROCESS, Some(shell)) => {
                    let Some(numbers) = utf8(process::NUMBERS).and_then(Numbers::read) else { return };
                    let is_own = numbers.pid == pid
                        && [Some(own), Some(as_it_is.as_slice())].contains(&text(process::ARGUMENTS));
                    starts.extend(is_own.then_some((shell, numbers.id)));
                }
                (PROCESS_END, Some(shell)) => {
                    let ends = utf8(process::ENDS).and_then(process::read_ends).unwrap_or_default();
                    starts.retain(|(of, id)| *of != shell || ends.iter().all(|(ended, _)| ended != id));
                }
                _ => {}
            }
        })
    });
    let checked = checked.ok().filter(|checked| checked.rejection.is_none())?;
    starts.into_iter().find(|(shell, _)| checked.story.live.contains_key(shell))
}
