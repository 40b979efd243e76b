//! The session around a script or a program that attesh starts itself: `attesh sh`, `attesh run`.
//!
//! What lives here: which session that is, and what becomes of the exit status. What does not: how
//! the script is run (`run`) or the program (`supervise`).
//!
//! Rules: the status and the signal are passed on; in CI nothing runs without a session.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::args::InSession;
use super::given::{Exit, collection_here, masking};
use super::{heads, seal};
use crate::collect;
use crate::failure::Failure;
use crate::journal::head::Head;
use crate::paths;
use crate::report;
use crate::run::session;
use crate::session::heads::head_now;
use crate::session::{Session, birth};
use crate::sys;

/// The exit status if nothing could be recorded and nothing ran, or if `--strict` was given and
/// recording failed.
pub const NOT_RECORDED: u8 = 125;

/// What was asked around it.
pub struct Around {
    later: Option<seal::Later>,
    session: Result<Session, Failure>,
    quiet: bool,
    strict: bool,
}

impl Around {
    /// Opens the session, and the key that is to seal it.
    ///
    /// # Errors
    /// What was asked cannot be: nothing ran.
    pub fn open(args: &InSession) -> Result<Self, Failure> {
        let InSession { sealing, dir, collect: collecting, quiet, strict, private } = args;
        let asked = collection_here(collecting)?;
        let masks = masking(&collecting.masks)?;
        let later = sealing.seal.as_ref().map(|output| seal::Later::new(sealing, output)).transpose()?;
        let session = match later {
            Some(_) => birth::own_session(*private).map_err(Failure::from).and_then(|mut session| {
                session.mask_more(masks)?;
                collect::begin(&session, &asked, collect::IN_A_JOB)?;
                Ok(session)
            }),
            None => session::choose(dir.as_deref(), &asked, masks),
        };
        // Who asked for it has it shown; the steps of a job that has one are told when it begins.
        if let (Ok(session), true) =
            (&session, asked.notice.as_ref().is_ok_and(|notice| notice.text.is_some()))
        {
            collect::notice::show_that_of(session);
        }
        Ok(Around { later, session, quiet: *quiet, strict: *strict })
    }

    /// The session. Where there is none and `what` may run all the same, this says so, and the answer
    /// is `None`.
    ///
    /// # Errors
    /// The exit status: nothing is to run.
    pub fn session(&mut self, what: &str) -> Result<Option<Session>, u8> {
        match std::mem::replace(&mut self.session, Err(Failure::unable("taken"))) {
            Ok(session) => Ok(Some(session)),
            // Nobody looks at a job that succeeds: what it says of itself is read too late.
            Err(error) if self.strict || self.later.is_some() || paths::ci().is_some() => {
                report::say(&format!("the {what} did not run, because it cannot be recorded: {error}"));
                Err(NOT_RECORDED)
            }
            Err(error) => {
                report::say(&format!("not recording this {what}: {error}"));
                Ok(None)
            }
        }
    }

    /// Prints the head, seals what was asked to be sealed, and passes the status on.
    ///
    /// # Errors
    /// Nothing that the caller has to tell.
    pub fn close(
        self,
        recorded: Option<(&Session, Option<Head>)>,
        partial: bool,
        what: &str,
        status: ExitStatus,
    ) -> Exit {
        if let Some((session, head)) = recorded.filter(|(session, _)| session.is_placed() && !self.quiet) {
            // In the job's log, where the steps that follow cannot change it: the head behind the
            // last record of this, which an attestation names.
            match head.map_or_else(|| head_now(session), Ok) {
                Ok(head) => heads::to_log(head),
                Err(failure) => report::say(&failure.to_string()),
            }
        }
        let mut outcome = Ok(());
        if let (Some(later), Some((session, _))) = (self.later, recorded) {
            outcome = later.seal(session);
        }
        if let Err(failure) = outcome {
            report::say(&failure.to_string());
            return Ok(if status.code() == Some(0) { NOT_RECORDED } else { passed_on(status) });
        }
        if self.strict && partial {
            report::say(&format!("not everything of this {what} is recorded, and --strict was given"));
            return Ok(NOT_RECORDED);
        }
        Ok(passed_on(status))
    }
}

/// An exit status; if a signal ended it, this program ends by the same signal.
pub fn passed_on(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
        (None, Some(signal)) => {
            sys::die_of(signal);
            u8::try_from(128 + signal).unwrap_or(u8::MAX)
        }
        (None, None) => u8::MAX,
    }
}
