//! The records of a shell that runs a script: its plan, and its units as commands.

use crate::clock;
use crate::journal::append::Writer;
use crate::record::{
    Body, CommandText, Disclosures, Finish, From, KeptText, Outcome, Plan, PlanTime, Start, TextSource,
};
use crate::script::Script;
use crate::session::Result;
use crate::session::shells::workdir;

/// Records the script that a shell is to run, or has run, with its units.
///
/// # Errors
/// The record was not appended.
pub fn plan(
    writer: &mut Writer,
    shell: u64,
    recorded_at: PlanTime,
    name: &[u8],
    script: &Script,
) -> Result<()> {
    let mut texts = Disclosures::default();
    let plan = Plan {
        shell,
        count: script.units().len() as u64,
        recorded_at,
        name: texts.commit("name", name.to_vec()),
        ranges: texts.commit("ranges", script.ranges_text().into_bytes()),
        script: texts.commit("script", script.bytes().to_vec()),
    };
    writer.append(Body::Plan(plan), &texts, clock::now())?;
    Ok(())
}

/// A unit that starts.
pub struct UnitStart {
    /// Its number in the script, from 1.
    pub n: u64,
    /// Its text.
    pub text: Vec<u8>,
    /// The command that the shell reported agrees with it.
    pub planned: bool,
    /// The unit has run already: the shell did not report it before.
    pub late: bool,
}

/// Records the start of a unit.
///
/// # Errors
/// The record was not appended.
pub fn start(writer: &mut Writer, shell: u64, unit: UnitStart) -> Result<()> {
    let mut texts = Disclosures::default();
    let kept = KeptText::new(unit.text);
    let command = CommandText { truncated: kept.truncated, commitment: texts.commit("command", kept.value) };
    let body = Body::Start(Start {
        shell,
        n: unit.n,
        native: unit.n,
        skip: 0,
        source: TextSource::Script,
        command: Some(command),
        workdir: texts.commit("workdir", workdir()),
        prev_status: None,
        planned: unit.planned,
        late: unit.late,
    });
    writer.append(body, &texts, clock::now())?;
    Ok(())
}

/// A unit that ended.
pub struct UnitEnd {
    /// Its number in the script, from 1.
    pub n: u64,
    /// How it ended, if that was seen.
    pub status: Option<u8>,
    /// The statuses of the pipeline that it ended with; empty if they were not seen.
    pub pipe: Vec<u8>,
    /// Where the status was seen.
    pub from: From,
    /// Why there is no status.
    pub outcome: Option<Outcome>,
}

/// Records the end of a unit.
///
/// # Errors
/// The record was not appended.
pub fn finish(writer: &mut Writer, shell: u64, end: UnitEnd) -> Result<()> {
    let UnitEnd { n, status, pipe, from, outcome } = end;
    let finish = Finish {
        shell,
        n,
        status: status.map(u64::from),
        pipe_status: (!pipe.is_empty()).then(|| pipe.into_iter().map(u64::from).collect()),
        from,
        stale: false,
        outcome,
        native: None,
        shell_duration_us: None,
    };
    writer.append(Body::Finish(finish), &Disclosures::default(), clock::now())?;
    Ok(())
}
