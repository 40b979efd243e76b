//! `attesh sh`: runs a script in bash, records it, and seals it with `--seal`.
//!
//! What lives here: the verb. What does not: how the script is run and recorded (`run::script`,
//! `run::traced`), the session and what becomes of the status (`around`).

use super::args::Sh;
use super::around::{Around, NOT_RECORDED};
use super::given::Exit;
use crate::failure::Failure;
use crate::report;
use crate::run::call::{BashCall, bash};
use crate::run::recording::Recording;
use crate::run::script;
use crate::run::traced::{self, Ran, Trace};
use crate::supervise::Level;

pub fn run(args: &Sh) -> Exit {
    let call = BashCall::parse(&args.words)?;
    let bash = bash()?;
    let asked = match (args.files, args.trace) {
        (true, true) => Trace::Files,
        (false, true) => Trace::Starts,
        (false, false) => Trace::usual()?,
        (true, false) if Trace::usual()? != Trace::Nothing => Trace::Files,
        (true, false) => {
            return Err(Failure::usage("--files is of what --trace records").next("add --trace"));
        }
    };
    let mut around = Around::open(&args.session)?;
    let session = match around.session("script") {
        Ok(session) => session,
        Err(status) => return Ok(status),
    };
    let level = session.as_ref().and_then(|session| traced::level(asked, session));
    if matches!(level, Some(Level::Unseen(_))) && args.session.strict {
        report::say("the script did not run, because --strict was given");
        return Ok(NOT_RECORDED);
    }
    let mut recording = session.map(|session| Recording::new(session, &call, &bash)).transpose()?;
    let ran = match recording.as_mut() {
        Some(recording) => {
            traced::run(asked, level, recording, &mut |recording| script::run(&call, &bash, Some(recording)))?
        }
        None => Ran { status: script::run(&call, &bash, None)?, partial: true, head: None },
    };
    let recorded = recording.as_ref().map(|recording| (recording.session(), ran.head));
    around.close(recorded, ran.partial, "script", ran.status)
}
