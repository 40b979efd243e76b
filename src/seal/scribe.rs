//! The second reading of a journal: its texts, in the order of the commands.
//!
//! What lives here: the transcript, the list of commands and the plans. What does not: the first
//! reading, which verifies the journal and knows how each command ended (`draft`).
//!
//! Rules: memory grows with the payload, not with the journal.

use std::collections::HashMap;
use std::io::{self, Write};

use sha2::Digest as _;

use super::disclosed::{Apart, OfCommand, OfPlan, Place, disclosed, transcript_line, words};
use super::gathered::{Gathered, list, lossy, spelled};
use super::sizes::ALL_WORDS_MAX;
use super::statement::{
    COMMANDS_BYTES_MAX, COMMANDS_MAX, CommandFacts, CommandText, InterpreterFacts, PlanFacts,
    TranscriptFacts, UnitFacts,
};
use crate::clock::rfc3339;
use crate::encoding::hex;
use crate::record::{Body, Plan, Record, Status};
use crate::script::Script;

/// What comes of the second reading.
pub(super) struct Written {
    pub(super) commands: Option<Vec<CommandFacts>>,
    pub(super) plans: Vec<PlanFacts>,
    pub(super) transcript: TranscriptFacts,
    pub(super) apart: Option<Apart>,
}

/// Writes the transcript and collects the commands, in the order of their starts.
pub(super) struct Scribe<'a> {
    gathered: &'a Gathered,
    out: &'a mut dyn Write,
    hash: sha2::Sha256,
    commands: Option<Vec<CommandFacts>>,
    plans: Vec<PlanFacts>,
    // The texts that are to be left out, if any are.
    apart: Option<Apart>,
    // The records of the shells that are open: they have the folders.
    folders: HashMap<u64, Record>,
    commands_bytes: usize,
    plans_bytes: usize,
    words: usize,
    lines: u64,
    bytes: u64,
}

impl<'a> Scribe<'a> {
    pub(super) fn new(
        gathered: &'a Gathered,
        out: &'a mut dyn Write,
        commands: bool,
        apart: Option<Apart>,
    ) -> Self {
        let commands = (commands && gathered.statuses.len() <= COMMANDS_MAX).then(Vec::new);
        Scribe {
            gathered,
            out,
            hash: sha2::Sha256::new(),
            commands,
            plans: Vec::new(),
            apart,
            folders: HashMap::new(),
            commands_bytes: 0,
            plans_bytes: 0,
            words: 0,
            lines: 0,
            bytes: 0,
        }
    }

    pub(super) fn take(&mut self, record: &Record) -> io::Result<()> {
        let start = match &record.core.body {
            Body::Start(start) => start,
            Body::Open(_) => {
                self.folders.insert(record.core.index, record.clone());
                return Ok(());
            }
            Body::Plan(plan) => {
                self.plan(plan, record);
                return Ok(());
            }
            Body::Fact(_) => {
                let facts = &self.gathered.facts;
                let at = facts.binary_search_by_key(&record.core.index, |fact| fact.record);
                if let (Some(apart), Ok(at)) = (&mut self.apart, at) {
                    apart.take_fact(at, record);
                }
                return Ok(());
            }
            Body::Close(close) => {
                self.folders.remove(&close.shell);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let at = usize::try_from(self.lines).expect("fewer than memory can hold");
        let text = match (record.core.commitments.has("command"), record.text("command")) {
            (false, _) => CommandText::Withheld(true),
            (true, None) => CommandText::Redacted(true),
            (true, Some(bytes)) => CommandText::recorded(bytes, record.is_masked("command")),
        };
        let exit_code = Status::try_from(self.gathered.statuses[at]).ok();
        let line = match disclosed(record, "command").filter(|_| self.apart.is_some()) {
            Some((name, one)) => transcript_line(name, &one.commitment(name), exit_code),
            None => text.transcript_line(exit_code),
        };
        if let Some(apart) = &mut self.apart {
            apart.take(Place::Command(at, OfCommand::Text), record, "command");
            apart.take(Place::Command(at, OfCommand::Workdir), record, "workdir");
        }
        self.hash.update(&line);
        self.out.write_all(&line)?;
        self.lines += 1;
        self.bytes += line.len() as u64;
        let Some(commands) = &mut self.commands else { return Ok(()) };
        let finished = &self.gathered.finished[at];
        let command = CommandFacts {
            seq: self.lines,
            shell: start.shell,
            text,
            exit_code,
            stale: finished.stale,
            pipe_status: finished.pipe_status.clone(),
            signal: CommandFacts::signal_of(exit_code),
            started_at: rfc3339(record.core.time.realtime_ns),
            duration_ms: finished.duration_ns.map(|ns| ns / 1_000_000),
            workdir: lossy(record, "workdir"),
            outcome: finished.outcome,
            unit: start.unit,
        };
        self.commands_bytes += spelled(&command);
        if self.commands_bytes > COMMANDS_BYTES_MAX {
            self.commands = None;
        } else {
            commands.push(command);
        }
        Ok(())
    }

    fn plan(&mut self, plan: &Plan, record: &Record) {
        let script = record.text("script");
        let whole = Script::decode(script, record.text("ranges")).filter(Script::is_covered);
        let units = whole.as_ref().and_then(|script| {
            let there = self.plans.iter().filter_map(|plan| plan.units.as_ref()).map(Vec::len).sum::<usize>();
            (there + script.units().len() <= COMMANDS_MAX).then(|| {
                script
                    .units()
                    .map(|unit| UnitFacts {
                        line: unit.first,
                        last_line: unit.last,
                        text: CommandText::recorded(unit.text, unit.masked),
                    })
                    .collect()
            })
        });
        let close = self.gathered.closes.get(&plan.shell);
        let mut plan = PlanFacts {
            shell: plan.shell,
            close: close.map(|(record, _)| *record),
            before: plan.before,
            evidence: plan.evidence,
            name: lossy(record, "name"),
            // A digest of what had a secret in it would let everybody try which secret it was.
            sha256: script
                .filter(|_| !record.is_masked("script"))
                .map(|bytes| hex(&crate::crypto::sha256(&[bytes]))),
            units,
            unit_count: None,
            unchanged: close.is_some_and(|(_, unchanged)| *unchanged),
            interpreter: self.interpreter(plan, record),
        };
        if self.plans_bytes + spelled(&plan) > COMMANDS_BYTES_MAX {
            plan.units = None;
        }
        if plan.units.is_none() {
            plan.unit_count = Script::unit_count(script, record.text("ranges"));
        }
        let (shell, sha256) = (plan.shell, plan.sha256.clone());
        let (at, fits) =
            (self.plans.len(), list(&mut self.plans, plan, &mut self.plans_bytes, COMMANDS_BYTES_MAX));
        let Some(apart) = self.apart.as_mut().filter(|_| fits) else { return };
        for (what, name) in [
            (OfPlan::Name, "name"),
            (OfPlan::Path, "path"),
            (OfPlan::Options, "options"),
            (OfPlan::Arguments, "arguments"),
        ] {
            apart.take(Place::Plan(at, what), record, name);
        }
        if let Some(open) = self.folders.get(&shell) {
            apart.take(Place::Plan(at, OfPlan::Workdir), open, "workdir");
        }
        apart.take_script(at, whole.as_ref(), sha256, record);
    }

    /// The words of a text, where all plans have room for them.
    fn words(&mut self, record: &Record, name: &str) -> Option<Vec<String>> {
        let words = words(record.text(name)?).filter(|words| self.words + words.len() <= ALL_WORDS_MAX)?;
        self.words += words.len();
        Some(words)
    }

    fn interpreter(&mut self, plan: &Plan, record: &Record) -> InterpreterFacts {
        let gathered = self.gathered;
        let shells = &gathered.shells;
        let shell = shells.binary_search_by_key(&plan.shell, |shell| shell.id).ok().map(|at| &shells[at]);
        InterpreterFacts {
            path: lossy(record, "path"),
            sha256: plan.sha256.map(|digest| hex(&digest)),
            version: shell.map(|shell| shell.version.clone()),
            options: self.words(record, "options"),
            arguments: self.words(record, "arguments"),
            workdir: self.folders.get(&plan.shell).and_then(|open| lossy(open, "workdir")),
            inherited: plan.inherited.clone(),
        }
    }

    pub(super) fn finish(self) -> io::Result<Written> {
        self.out.flush()?;
        let sha256 = hex(&self.hash.finalize());
        let transcript = TranscriptFacts { sha256, lines: self.lines, bytes: self.bytes };
        Ok(Written { commands: self.commands, plans: self.plans, transcript, apart: self.apart })
    }
}
