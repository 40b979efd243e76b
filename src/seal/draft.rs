//! From a journal to a Statement.
//!
//! What lives here: the two readings of a journal that sealing takes. The first verifies all
//! of it and keeps what is small; the second, which only has to be the same journal, gives
//! the texts in order. Pure over readers. What does not: files, keys.
//!
//! Rules: the journal is hostile input; memory grows with the payload, not with the journal.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read, Write};

use serde::Serialize;
use sha2::Digest as _;

use super::statement::{
    AnomalyFacts, COMMANDS_BYTES_MAX, COMMANDS_MAX, ClockFacts, CollectedFacts, CommandFacts, CommandText,
    INTEGER_MAX, JournalFacts, OriginFacts, OutcomeFacts, PARTICULARS_MAX, PREDICATE_TYPE, PlanFacts,
    Predicate, RECORDER_ID, Recorder, STATEMENT_TYPE, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, SessionFacts,
    Sha256, ShellFacts, Statement, Subject, TranscriptFacts, UnitFacts,
};
use crate::clock::rfc3339;
use crate::encoding::hex;
use crate::journal::chain::head_token;
use crate::journal::check::{Checked, Knowledge, Rejection, check, reread};
use crate::journal::shells::{Event, Weight};
use crate::record::{Body, Outcome, Plan, Record};
use crate::script::Script;

/// What the first reading keeps of a command beyond its status.
#[derive(Default)]
struct Ended {
    pipe_status: Option<Vec<u64>>,
    duration_ns: Option<u64>,
    outcome: Option<Outcome>,
}

/// A status in two bytes: none yet, none seen, or one.
const RUNNING: u16 = u16::MAX;
const UNSEEN: u16 = u16::MAX - 1;

#[derive(Default)]
struct Gathered {
    statuses: Vec<u16>,
    ended: Vec<Ended>,
    // The shells that are open, and the command that runs in each: the record of its start, and
    // its number from 0. The story admits so many shells and no more.
    open: HashMap<u64, Option<(u64, usize)>>,
    shells: Vec<ShellFacts>,
    collected: Vec<CollectedFacts>,
    // Bytes of shells and collected, as they are spelled.
    listed_bytes: usize,
    unchanged: HashSet<u64>,
    first_failure: Option<(usize, u64)>,
}

/// A journal that was verified and can be made a statement of.
pub struct Draft {
    checked: Checked,
    gathered: Gathered,
}

/// Why there is no draft.
#[derive(Debug)]
pub enum DraftError {
    /// The journal is not what its recorders wrote.
    Rejected(Rejection),
    /// It could not be read.
    Io(io::Error),
}

impl Draft {
    /// First reading: verifies the whole journal.
    ///
    /// # Errors
    /// It is rejected, or could not be read.
    pub fn gather(journal: impl Read, knowledge: Knowledge) -> Result<Self, DraftError> {
        let mut gathered = Gathered::default();
        let checked = check(journal, knowledge, &mut |record, event| gathered.take(record, event))
            .map_err(DraftError::Io)?;
        match checked.rejection {
            Some(rejection) => Err(DraftError::Rejected(rejection)),
            None => Ok(Draft { checked, gathered }),
        }
    }

    /// What the check found.
    pub fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Second reading: writes the transcript and makes the statement. `more_subjects` are names
    /// and SHA-256 digests to add; `commands` says whether they may stand in the payload.
    ///
    /// # Errors
    /// The journal could not be read again, or is not the same; the transcript was not written.
    pub fn statement(
        &self,
        journal: impl Read,
        transcript: &mut dyn Write,
        more_subjects: &[(String, String)],
        sealed_at_ns: u64,
        commands: bool,
    ) -> io::Result<Statement> {
        let mut scribe = Scribe::new(&self.gathered, transcript, commands);
        reread(journal, self.checked.size, &self.checked.root, &mut |record| scribe.take(record))?;
        let (commands, plans, transcript) = scribe.finish()?;
        let root = hex(&self.checked.root);
        let subject = |name: &str, digest: &str| Subject {
            name: name.to_owned(),
            digest: Sha256 { sha256: digest.to_owned() },
        };
        let mut subjects: Vec<Subject> =
            more_subjects.iter().map(|(name, digest)| subject(name, digest)).collect();
        subjects.push(subject(SUBJECT_TRANSCRIPT, &transcript.sha256));
        subjects.push(subject(SUBJECT_SESSION, &root));
        Ok(Statement {
            kind: STATEMENT_TYPE.to_owned(),
            subject: subjects,
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: self.predicate(commands, plans, transcript, sealed_at_ns),
        })
    }

    fn predicate(
        &self,
        commands: Option<Vec<CommandFacts>>,
        plans: Vec<PlanFacts>,
        transcript: TranscriptFacts,
        sealed_at_ns: u64,
    ) -> Predicate {
        let checked = &self.checked;
        let genesis = checked.genesis_body().expect("a journal without genesis is rejected");
        let record = checked.genesis.as_ref().expect("likewise");
        let text = |name| record.text(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let tail_ns = i128::from(sealed_at_ns) - i128::from(checked.times_ns.1);
        Predicate {
            recorder: Recorder {
                id: RECORDER_ID.to_owned(),
                version: genesis.recorder_version.clone(),
                digest: Sha256 { sha256: hex(&genesis.recorder_digest) },
            },
            session: SessionFacts {
                id: genesis.session.clone(),
                name: genesis.name.clone(),
                opened_at: rfc3339(checked.times_ns.0),
                closed_at: rfc3339(checked.times_ns.1),
                shells: self.gathered.shells.clone(),
                host: text("host"),
                user: text("user"),
                previous: genesis.prev.as_ref().map(|prev| head_token(&prev.session, prev.size, &prev.root)),
            },
            journal: JournalFacts {
                format: crate::record::FORMAT.to_owned(),
                size: checked.size,
                root_hash: hex(&checked.root),
                genesis_hash: hex(&checked.genesis_root),
                head_tag: hex(&checked.head_tag),
                continuity: "UNBROKEN".to_owned(),
            },
            outcome: self.outcome(),
            commands,
            plans,
            anomalies: self.anomalies(),
            clock: ClockFacts {
                assurance: "SELF_REPORTED".to_owned(),
                boot_id: genesis.boot_id.clone(),
                time_namespace: genesis.time_ns.to_string(),
                step_count: checked.story.clock_steps,
            },
            transcript,
            collected: self.gathered.collected.clone(),
            origin: OriginFacts {
                status: checked.origin.name().to_owned(),
                id: genesis.origin_id.as_ref().map(|id| hex(id)),
            },
            sealed_at: rfc3339(sealed_at_ns),
            unrecorded_tail_ms: i64::try_from(tail_ns / 1_000_000).unwrap_or(i64::MAX),
        }
    }

    fn outcome(&self) -> OutcomeFacts {
        let story = &self.checked.story;
        let never_finished =
            self.gathered.statuses.iter().filter(|status| **status == RUNNING).count() as u64;
        let unobserved = story.unobserved + never_finished;
        let all_seen = unobserved == 0;
        let exit_code = match self.gathered.first_failure {
            Some((_, status)) => Some(status),
            None => all_seen.then_some(0),
        };
        OutcomeFacts {
            command_count: story.commands,
            failed_count: story.failed,
            unobserved_count: unobserved,
            lost_count: story.lost.min(INTEGER_MAX),
            withheld_count: story.withheld,
            redacted_count: story.redacted,
            pause_count: story.pauses,
            paused_command_count: story.paused_commands().map(|count| count.min(INTEGER_MAX)),
            anomaly_count: story.anomalies,
            all_succeeded: story.failed == 0 && all_seen,
            exit_code,
            end: if story.is_complete() { "COMPLETE" } else { "INCOMPLETE" }.to_owned(),
        }
    }

    fn anomalies(&self) -> Vec<AnomalyFacts> {
        let story = &self.checked.story;
        let mut list: Vec<AnomalyFacts> = story
            .findings
            .iter()
            .map(|finding| AnomalyFacts {
                record: finding.record,
                code: finding.code.to_owned(),
                incomplete: finding.weight == Weight::Incomplete,
                text: finding.text.clone(),
            })
            .collect();
        if story.more_findings > 0 {
            let text = format!("{} further findings are not listed", story.more_findings);
            list.push(AnomalyFacts {
                record: self.checked.size - 1,
                code: "more".into(),
                incomplete: false,
                text,
            });
        }
        list
    }
}

impl Gathered {
    fn take(&mut self, record: &Record, event: Event) {
        match (&record.core.body, event) {
            (Body::Start(start), _) => {
                let at = self.statuses.len();
                self.statuses.push(RUNNING);
                if at < COMMANDS_MAX {
                    self.ended.push(Ended::default());
                }
                // One that is replaced by the next of its shell never finishes, like one of no shell.
                if let Some(running) = self.open.get_mut(&start.shell) {
                    *running = Some((record.core.index, at));
                }
            }
            (Body::Finish(finish), Event::Finished { start, duration_ns }) => {
                let running = self.open.get_mut(&finish.shell);
                let Some((_, at)) = running.and_then(|running| running.take_if(|(from, _)| *from == start))
                else {
                    return;
                };
                self.statuses[at] =
                    finish.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(UNSEEN);
                if let Some(status) = finish.status.filter(|status| *status != 0)
                    && self.first_failure.is_none_or(|(first, _)| at < first)
                {
                    self.first_failure = Some((at, status));
                }
                if let Some(ended) = self.ended.get_mut(at) {
                    *ended = Ended {
                        pipe_status: finish.pipe_status.clone(),
                        duration_ns: Some(duration_ns),
                        outcome: finish.outcome,
                    };
                }
            }
            (Body::Open(open), _) => {
                self.open.insert(record.core.index, None);
                let shell = ShellFacts {
                    id: record.core.index,
                    program: open.program.name().to_owned(),
                    version: open.version.clone(),
                    hook: open.hook.clone(),
                    closed: None,
                    exit_code: None,
                };
                list(&mut self.shells, shell, &mut self.listed_bytes);
            }
            (Body::Close(close), _) => {
                self.open.remove(&close.shell);
                if let Some(shell) = self.shells.iter_mut().rev().find(|shell| shell.id == close.shell) {
                    shell.closed = Some(close.why.name().to_owned());
                    shell.exit_code = close.status;
                    if close.script_unchanged {
                        self.unchanged.insert(close.shell);
                    }
                }
            }
            (Body::Collect(collect), _) => {
                let seen = CollectedFacts {
                    collector: collect.collector.clone(),
                    at: collect.at.clone(),
                    ok: collect.ok,
                    data: record.text("data").map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
                };
                list(&mut self.collected, seen, &mut self.listed_bytes);
            }
            _ => {}
        }
    }
}

/// How long a value is in the payload, with a comma: an escape can make six bytes of one.
fn spelled(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX / 2, |text| text.len() + 1)
}

/// Adds to a list what it and the payload have room for.
fn list<T: Serialize>(list: &mut Vec<T>, item: T, bytes: &mut usize) -> bool {
    let more = *bytes + spelled(&item);
    let fits = list.len() < PARTICULARS_MAX && more <= COMMANDS_BYTES_MAX;
    if fits {
        *bytes = more;
        list.push(item);
    }
    fits
}

/// Writes the transcript and collects the commands, in the order of their starts.
struct Scribe<'a> {
    gathered: &'a Gathered,
    out: &'a mut dyn Write,
    hash: sha2::Sha256,
    commands: Option<Vec<CommandFacts>>,
    plans: Vec<PlanFacts>,
    commands_bytes: usize,
    plans_bytes: usize,
    lines: u64,
    bytes: u64,
}

impl<'a> Scribe<'a> {
    fn new(gathered: &'a Gathered, out: &'a mut dyn Write, commands: bool) -> Self {
        let commands = (commands && gathered.statuses.len() <= COMMANDS_MAX).then(Vec::new);
        let plans = Vec::new();
        let hash = sha2::Sha256::new();
        Scribe { gathered, out, hash, commands, plans, commands_bytes: 0, plans_bytes: 0, lines: 0, bytes: 0 }
    }

    fn take(&mut self, record: &Record) -> io::Result<()> {
        let start = match &record.core.body {
            Body::Start(start) => start,
            Body::Plan(plan) => {
                self.plan(plan, record);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let at = usize::try_from(self.lines).expect("fewer than memory can hold");
        let text = match (start.command, record.text("command")) {
            (None, _) => CommandText::Withheld(true),
            (Some(_), None) => CommandText::Redacted(true),
            (Some(_), Some(bytes)) => CommandText::new(bytes),
        };
        let exit_code =
            Some(u64::from(self.gathered.statuses[at])).filter(|status| *status < u64::from(UNSEEN));
        let line = text.transcript_line(exit_code);
        self.hash.update(&line);
        self.out.write_all(&line)?;
        self.lines += 1;
        self.bytes += line.len() as u64;
        let Some(commands) = &mut self.commands else { return Ok(()) };
        let ended = &self.gathered.ended[at];
        let workdir = record.text("workdir").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let command = CommandFacts {
            seq: self.lines,
            shell: start.shell,
            text,
            exit_code,
            pipe_status: ended.pipe_status.clone(),
            signal: CommandFacts::signal_of(exit_code),
            started_at: rfc3339(record.core.time.realtime_ns),
            duration_ms: ended.duration_ns.map(|ns| ns / 1_000_000),
            workdir,
            outcome: ended.outcome.map(|outcome| outcome.name().to_owned()),
            planned: start.planned,
            late: start.late,
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
        let text = |name| record.text(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let script = record.text("script");
        let whole = Script::decode(script, record.text("ranges")).filter(Script::is_covered);
        let units = whole.and_then(|script| {
            let there = self.plans.iter().filter_map(|plan| plan.units.as_ref()).map(Vec::len).sum::<usize>();
            (there + script.units().len() <= COMMANDS_MAX).then(|| {
                script
                    .units()
                    .map(|unit| UnitFacts {
                        line: unit.first,
                        last_line: unit.last,
                        text: CommandText::new(unit.text),
                    })
                    .collect()
            })
        });
        let mut plan = PlanFacts {
            shell: plan.shell,
            recorded_at: plan.recorded_at.name().to_owned(),
            name: text("name"),
            sha256: script.map(|bytes| hex(&crate::crypto::sha256(&[bytes]))),
            units,
            unchanged: self.gathered.unchanged.contains(&plan.shell),
        };
        if self.plans_bytes + spelled(&plan) > COMMANDS_BYTES_MAX {
            plan.units = None;
        }
        list(&mut self.plans, plan, &mut self.plans_bytes);
    }

    fn finish(self) -> io::Result<(Option<Vec<CommandFacts>>, Vec<PlanFacts>, TranscriptFacts)> {
        self.out.flush()?;
        let sha256 = hex(&self.hash.finalize());
        Ok((self.commands, self.plans, TranscriptFacts { sha256, lines: self.lines, bytes: self.bytes }))
    }
}
