//! `attesh sh`: runs a script in bash, records it, and seals it with `--seal`.
//!
//! What lives here: the verb. What does not: how the script is run and recorded (`run::script`,
//! `run::traced`), the session and what becomes of the status (`around`).

use super::args::Sh;
use super::around::{Around, NOT_RECORDED};
use super::given::Exit;
use crate::files;
use crate::report;
use crate::run::call::{BashCall, bash};
use crate::run::recording::Recording;
use crate::run::traced;
use crate::supervise;

pub fn run(args: &Sh) -> Exit {
    let call = BashCall::parse(&args.words)?;
    let bash = bash()?;
    let traces = match args.trace.then(supervise::can_hold) {
        Some(Err(error)) => {
            let what = files::words(&error);
            report::say(&format!(
                "what starts below the script is not recorded: this machine, or a filter around this process, has no user notification of seccomp ({what}); attesh doctor tells more"
            ));
            if args.session.strict {
                report::say("the script did not run, because --strict was given");
                return Ok(NOT_RECORDED);
            }
            false
        }
        Some(Ok(_)) => true,
        None => false,
    };
    let mut around = Around::open(&args.session)?;
    let session = match around.session("script") {
        Ok(session) => session,
        Err(status) => return Ok(status),
    };
    let mut recording = session.map(|session| Recording::new(session, &call, &bash)).transpose()?;
    let ran = match recording.as_mut().filter(|_| traces) {
        Some(recording) => traced::run(&call, &bash, args.files, recording)?,
        None => traced::untraced(&call, &bash, recording.as_mut())?,
    };
    let recorded = recording.as_ref().map(|recording| (recording.session(), ran.head));
    around.close(recorded, ran.partial, "script", ran.status)
}
