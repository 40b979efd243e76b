//! `attesh sh`: runs a script in bash, records it, and seals it with `--seal`.
//!
//! What lives here: what becomes of the script's status. What does not: how it is run and
//! recorded (`run::script`).
//!
//! Rules: the script's status and the signal it dies of are passed on; in CI no script runs
//! without a session.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::args::Sh;
use super::given::{Exit, collection_here, masking};
use super::{heads, seal};
use crate::collect;
use crate::failure::Failure;
use crate::paths;
use crate::report;
use crate::run::call::{BashCall, bash};
use crate::run::recording::Recording;
use crate::run::script;
use crate::run::session;
use crate::session::birth;
use crate::session::heads::head_now;
use crate::sys;

/// The exit status if nothing could be recorded and the script did not run, or if `--strict` was
/// given and recording failed.
const NOT_RECORDED: u8 = 125;

pub fn run(args: &Sh) -> Exit {
    let call = BashCall::parse(&args.words)?;
    let bash = bash()?;
    let asked = collection_here(&args.collect)?;
    let masks = masking(&args.collect.masks)?;
    let sealing = args.seal.as_ref().map(|output| seal::Later::new(args, output)).transpose()?;
    let session = match args.seal {
        Some(_) => birth::own_session().map_err(Failure::from).and_then(|mut session| {
            session.mask_more(masks)?;
            collect::begin(&session, &asked, collect::IN_A_JOB)?;
            Ok(session)
        }),
        None => session::choose(args.dir.as_deref(), &asked, masks),
    };
    // Who asked for it has it shown; the steps of a job that has one are told when it begins.
    if let (Ok(session), true) = (&session, asked.notice.as_ref().is_ok_and(|notice| notice.text.is_some())) {
        collect::notice::show_that_of(session);
    }
    let mut recording = match session {
        Ok(session) => Some(Recording::new(session, &call, &bash)?),
        Err(error) => {
            // Nobody looks at a job that succeeds: what it says of itself is read too late.
            if args.strict || sealing.is_some() || paths::ci().is_some() {
                report::say(&format!("the script did not run, because it cannot be recorded: {error}"));
                return Ok(NOT_RECORDED);
            }
            report::say(&format!("not recording this script: {error}"));
            None
        }
    };
    let status = script::run(&call, &bash, recording.as_mut())?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    let partial = recording.as_ref().is_none_or(Recording::is_partial);
    let session = recording.as_ref().map(Recording::session);
    if let Some(session) = session.filter(|session| session.is_placed() && !args.quiet) {
        // In the job's log, where the steps that follow cannot change it: the head behind the
        // script's own last record, which an attestation names.
        match recording.as_ref().and_then(Recording::head).map_or_else(|| head_now(session), Ok) {
            Ok(head) => heads::to_log(head),
            Err(failure) => report::say(&failure.to_string()),
        }
    }
    let mut outcome = Ok(());
    if let (Some(later), Some(session)) = (sealing, session) {
        outcome = later.seal(session);
    }
    if let Err(failure) = outcome {
        report::say(&failure.to_string());
        return Ok(if code == Some(0) { NOT_RECORDED } else { passed_on(status) });
    }
    if args.strict && partial {
        report::say("not everything of this script is recorded, and --strict was given");
        return Ok(NOT_RECORDED);
    }
    Ok(passed_on(status))
}

/// The script's status; if a signal ended it, this program ends by the same signal.
fn passed_on(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
        (None, Some(signal)) => {
            sys::die_of(signal);
            u8::try_from(128 + signal).unwrap_or(u8::MAX)
        }
        (None, None) => u8::MAX,
    }
}
