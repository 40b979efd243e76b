//! `attesh sh`: runs a script in bash, records it, and seals it with `--seal`.
//!
//! What lives here: the verb. What does not: how the script is run and recorded (`run::script`), the
//! session and what becomes of the status (`around`).

use super::args::Sh;
use super::around::Around;
use super::given::Exit;
use crate::run::call::{BashCall, bash};
use crate::run::recording::Recording;
use crate::run::script;

pub fn run(args: &Sh) -> Exit {
    let call = BashCall::parse(&args.words)?;
    let bash = bash()?;
    let mut around = Around::open(&args.session)?;
    let session = match around.session("script") {
        Ok(session) => session,
        Err(status) => return Ok(status),
    };
    let mut recording = session.map(|session| Recording::new(session, &call, &bash)).transpose()?;
    let status = script::run(&call, &bash, recording.as_mut())?;
    let partial = recording.as_ref().is_none_or(Recording::is_partial);
    let recorded = recording.as_ref().map(|recording| (recording.session(), recording.head()));
    around.close(recorded, partial, "script", status)
}
