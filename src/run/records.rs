//! The records of a shell that runs a script: its plan, and its units as commands.

use crate::clock;
use crate::crypto::Digest;
use crate::journal::append::Writer;
use crate::record::{
    Body, Evidence, Finish, From, Inherited, KeptText, Plan, Start, TextSource, Texts, Unseen,
};
use crate::script::Script;
use crate::session::Result;
use crate::session::shells::workdir;

/// The shell that runs a script, as far as somebody saw it.
#[derive(Default)]
pub struct Interpreter {
    /// Its executable file.
    pub path: Option<Vec<u8>>,
    /// SHA-256 of that file.
    pub sha256: Option<Digest>,
    /// The options before the script, a NUL behind each.
    pub options: Option<Vec<u8>>,
    /// The arguments behind it, a NUL behind each.
    pub arguments: Option<Vec<u8>>,
    /// Variables that were set and change what the shell does before its script.
    pub inherited: Vec<Inherited>,
}

/// What is known of a script before it runs.
pub struct PlanOf<'a> {
    /// The file as it was named.
    pub name: &'a [u8],
    /// Its text and its units.
    pub script: &'a Script,
    /// What its starts and statuses will rest on.
    pub evidence: Evidence,
    /// How many of its units had begun before the recording began.
    pub before: u64,
    /// The shell that runs it.
    pub interpreter: &'a Interpreter,
}

/// Records the script that a shell is to run, with its units.
///
/// # Errors
/// The record was not appended.
pub fn plan(writer: &mut Writer, shell: u64, of: &PlanOf) -> Result<()> {
    let mut texts = Texts::default();
    let plan = Plan {
        shell,
        count: of.script.units().len() as u64,
        before: of.before,
        evidence: of.evidence,
        sha256: of.interpreter.sha256,
        inherited: of.interpreter.inherited.clone(),
    };
    let masker = writer.masker();
    let (script, ranges) = of.script.screened(masker);
    texts.commit("name", &masker.screen(of.name.to_vec()));
    texts.commit("ranges", &masker.screen(ranges.into_bytes()));
    texts.commit("script", &script);
    let Interpreter { path, options, arguments, .. } = of.interpreter;
    if let Some(path) = path {
        texts.commit("path", &masker.screen(path.clone()));
    }
    for (name, words) in [("options", options), ("arguments", arguments)] {
        if let Some(words) = words {
            texts.commit(name, &masker.screen_words(words.clone()));
        }
    }
    writer.append(Body::Plan(plan), &texts, clock::now())?;
    Ok(())
}

/// A command of a script that starts.
pub struct UnitStart {
    /// Its number among the commands of its shell, from 1.
    pub n: u64,
    /// The unit of the plan that it is, from 1, if the evidence shows one.
    pub unit: Option<u64>,
    /// Its text.
    pub text: Vec<u8>,
}

/// Records the start of a command.
///
/// # Errors
/// The record was not appended.
pub fn start(writer: &mut Writer, shell: u64, unit: UnitStart) -> Result<()> {
    start_in(writer, shell, unit, workdir())
}

/// Records the start of a command of a shell that is in this folder.
///
/// # Errors
/// The record was not appended.
pub fn start_in(writer: &mut Writer, shell: u64, unit: UnitStart, folder: Vec<u8>) -> Result<()> {
    let mut texts = Texts::default();
    let kept = KeptText::new(writer.masker().screen(unit.text));
    texts.commit("command", &kept.value);
    texts.commit("workdir", &writer.masker().screen(folder));
    let body = Body::Start(Start {
        shell,
        n: unit.n,
        native: unit.n,
        skip: 0,
        text_source: TextSource::Script,
        truncated: kept.truncated,
        prev_status: None,
        unit: unit.unit,
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
    pub outcome: Option<Unseen>,
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
        status,
        pipe_status: (!pipe.is_empty()).then_some(pipe),
        from,
        stale: false,
        outcome,
        native: None,
        shell_duration_us: None,
    };
    writer.append(Body::Finish(finish), &Texts::default(), clock::now())?;
    Ok(())
}
