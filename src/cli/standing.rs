//! How a session stands, beside what its records say: whether it goes on, which of its shells are
//! gone, and whether its journal is what was recorded.
//!
//! What lives here: the one answer to that, for `status`, `sessions`, `log` and `show`. What does
//! not: how it is printed, and verdicts (`verify`).
//!
//! Rules: what is known to be wrong is a failure with its exit status. In doubt a session goes on,
//! but a shell whose process is gone does not.

use crate::cause::Code;
use crate::fact::notice::Notice;
use crate::failure::Failure;
use crate::files;
use crate::journal::append::AppendError;
use crate::journal::check::{Checked, Knowledge, Rejection, check};
use crate::journal::head::Head;
use crate::journal::story::{Finding, FindingCode, Story};
use crate::session::heads::rejected;
use crate::session::{Session, SessionError, began, shells};
use crate::text::Command;

/// The word for a session whose journal is not what was recorded.
pub const TAMPERED: &str = "tampered";
/// The word for a session that has ended.
pub const ENDED: &str = "ended";
/// The word for a session whose state is gone.
pub const LOST: &str = "lost";

/// The word for a session of which the machine does not tell how it stands.
pub const UNKNOWN: &str = "unknown";

/// How a session stands.
#[derive(Debug, Default)]
pub struct Standing {
    /// In one word, as attesh-status(1) lists them; empty of a journal whose session is not here.
    pub word: &'static str,
    /// Why, or where it is recorded, if that is known.
    pub why: Option<String>,
    /// What is wrong with the journal, if something is.
    pub wrong: Option<Failure>,
    /// Nothing more comes into this journal, although it has no end.
    pub is_cut_short: bool,
}

impl Standing {
    /// How a journal stands that was checked: of one whose session is on this machine also by what
    /// the recorder remembers.
    #[must_use]
    pub fn of(session: Option<&Session>, checked: &Checked) -> Self {
        match (&checked.rejection, session) {
            (Some(rejection), _) => {
                Standing { word: TAMPERED, wrong: Some(partly(rejection)), ..Standing::default() }
            }
            (None, None) => Standing::default(),
            (None, Some(session)) => standing(session, &checked.story),
        }
    }

    /// Whether nothing more comes into the journal.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.word == ENDED || self.is_cut_short
    }

    /// The exit status of a command that shows the session, or its failure.
    ///
    /// # Errors
    /// The journal is not what was recorded.
    pub fn outcome(self) -> Result<u8, Failure> {
        self.wrong.map_or(Ok(0), Err)
    }
}

/// Only verified records are shown.
fn partly(rejection: &Rejection) -> Failure {
    let failure = rejected(rejection);
    Failure { message: format!("{}; only the records before it are shown", failure.message), ..failure }
}

/// How a session stands whose journal is not rejected: the journal decides, and what the recorder
/// on this machine remembers of it.
fn standing(session: &Session, story: &Story) -> Standing {
    let of = |word, why| Standing { word, why, ..Standing::default() };
    if story.ended {
        return of(ENDED, None);
    }
    match session.look() {
        Ok(()) => of(open_word(session, story), None),
        Err(SessionError::Busy) => of("locked", None),
        Err(SessionError::Elsewhere(_, place)) => of("elsewhere", Some(format!("it is recorded {place}"))),
        Err(error @ SessionError::Append(AppendError::Tampered(_))) => {
            Standing { wrong: Some(tampered(session, &error)), ..of(TAMPERED, None) }
        }
        Err(error) if error.is_over() || matches!(error, SessionError::Copied(_)) => {
            let is_cut_short = error.is_over() && !session.is_copy();
            Standing { is_cut_short, ..of(LOST, Some(error.reason())) }
        }
        Err(error) => of(UNKNOWN, Some(error.to_string())),
    }
}

fn open_word(session: &Session, story: &Story) -> &'static str {
    let gone = shells::gone(session.genesis(), story).len();
    if gone < story.live.len() { "live" } else { "open" }
}

/// Says that the recorder found the journal changed, and what the journal was then.
fn tampered(session: &Session, error: &SessionError) -> Failure {
    let kept = session
        .kept()
        .map_or_else(String::new, |kept| format!("; the last that was recorded is {}", kept.head));
    let failure = Failure::because(Code::JournalRemembered, format!("{error}{kept}"));
    failure.typing("for the verdict", Command::new("attesh verify").path(session.folder().path()))
}

/// What is told of a session: how it stands, and what its journal says.
pub struct Told {
    /// How it stands.
    pub standing: Standing,
    /// What its records say.
    pub story: Story,
    /// Its head.
    pub head: Option<Head>,
    /// Its open shells whose process is gone.
    pub gone: Vec<u64>,
    /// When its last record was written, if nothing goes on, in nanoseconds since 1970.
    last_ns: Option<u64>,
}

impl Told {
    /// The recorder's state tells of a session that goes on, as long as nobody else wrote to its
    /// journal; of any other the journal does, checked record by record.
    ///
    /// # Errors
    /// The journal could not be read.
    pub fn of(session: &Session) -> Result<Self, Failure> {
        let kept =
            session.with_writer(|writer| Ok(writer.kept_story().cloned().map(|it| (it, writer.head()))));
        let (standing, story, head, last_ns) = if let Ok(Some((mut story, head))) = kept {
            story.conclude(head.size);
            let word = open_word(session, &story);
            (Standing { word, ..Standing::default() }, story, Some(head), None)
        } else {
            let checked = look_through(session)?;
            let (head, last_ns) = (checked.head(), checked.times_ns.1);
            (Standing::of(Some(session), &checked), checked.story, head, Some(last_ns))
        };
        let gone = shells::gone(session.genesis(), &story);
        Ok(Told { standing, story, head, gone, last_ns })
    }

    /// What was said before the session began, and when it ended, in nanoseconds since 1970. Nothing
    /// of a journal that is not what was recorded.
    #[must_use]
    pub fn notice(&self, session: &Session) -> (Notice, Option<u64>) {
        let notice = began::notice(session).filter(|_| self.standing.word != TAMPERED);
        (notice.unwrap_or_default(), self.last_ns.filter(|_| self.standing.is_over()))
    }

    /// Whether a finding says what is missing for good, and not only that the session goes on.
    #[must_use]
    pub fn weighs(&self, finding: &Finding) -> bool {
        let goes_on = matches!(self.standing.word, "live" | "open" | "locked" | "elsewhere" | UNKNOWN);
        let lives = |shell| !self.gone.contains(&shell);
        finding.is_incomplete() && !(goes_on && self.story.is_in_progress(finding, lives))
    }

    /// What makes the session incomplete: the first in the journal.
    #[must_use]
    pub fn incomplete(&self) -> Option<FindingCode> {
        let findings = self.story.findings.iter().filter(|finding| self.weighs(finding));
        findings.min_by_key(|finding| finding.record).map(|finding| finding.code)
    }
}

/// Checks a journal whatever it holds.
fn look_through(session: &Session) -> Result<Checked, Failure> {
    let unreadable = |error| Failure::unable(format!("cannot read the journal: {}", files::words(&error)));
    let journal = session.journal().try_clone().map_err(unreadable)?;
    check(files::from_start(journal), Knowledge::default(), &mut |_| {}).map_err(unreadable)
}
