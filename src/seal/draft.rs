//! From a journal to a Statement.
//!
//! What lives here: the two readings of a journal that sealing takes. The first verifies all
//! of it and keeps what is small; the second, which only has to be the same journal, gives
//! the texts in order. Pure over readers. What does not: files, keys.
//!
//! Rules: the journal is hostile input; memory grows with the payload, not with the journal.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Write};

use serde::Serialize;
use sha2::Digest as _;

use super::few::WORDS_MAX;
use super::sizes::{ALL_WORDS_MAX, FACT_PARTS_MAX};
use super::statement::{
    AnomalyFacts, COMMANDS_BYTES_MAX, COMMANDS_MAX, ClockFacts, CommandFacts, CommandText, Completeness,
    FactFacts, HeadFacts, InterpreterFacts, JournalFacts, OriginFacts, OriginStatus, OutcomeFacts,
    PARTICULARS_BYTES_MAX, PARTICULARS_MAX, PREDICATE_TYPE, PlanFacts, Predicate, Recorder, STATEMENT_TYPE,
    SUBJECT_SESSION, SUBJECT_TRANSCRIPT, SUBJECTS_MAX, SessionFacts, Sha256, ShellFacts, Statement, Subject,
    TranscriptFacts, UnitFacts, attached_subjects, script_subjects,
};
use crate::cause::Code;
use crate::clock::rfc3339;
use crate::encoding::hex;
use crate::journal::check::{Checked, Knowledge, Origin, Passed, Rejection, RereadError, check, reread};
use crate::journal::head::Head;
use crate::journal::story::{Effect, FindingCode};
use crate::record::{Body, Fact, Finish, INTEGER_MAX, Open, Plan, Record, Status, Unseen};
use crate::script::Script;

/// What the first reading keeps of a command beyond its status.
#[derive(Default)]
struct Finished {
    pipe_status: Option<Vec<Status>>,
    duration_ns: Option<u64>,
    outcome: Option<Unseen>,
    stale: bool,
}

/// A status in two bytes: none yet, none seen, or one.
const RUNNING: u16 = u16::MAX;
const UNSEEN: u16 = u16::MAX - 1;

#[derive(Default)]
struct Gathered {
    statuses: Vec<u16>,
    finished: Vec<Finished>,
    // The shells that are open, and the command that runs in each: the record of its start, and
    // its number from 0. The story admits so many shells and no more.
    open: HashMap<u64, Option<(u64, usize)>>,
    shells: Vec<ShellFacts>,
    facts: Vec<FactFacts>,
    // Bytes of shells and facts, as they are spelled.
    listed_bytes: usize,
    fact_parts: usize,
    heads: Vec<HeadFacts>,
    // The shells that closed: the record, and whether their script was unchanged.
    closes: HashMap<u64, (u64, bool)>,
    first_failure: Option<(usize, Status)>,
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
    /// It could not be read, or its transcript not written.
    Io(io::Error),
    /// It changed while it was read.
    Changed,
}

impl std::fmt::Display for DraftError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            DraftError::Rejected(rejection) => rejection.cause.fmt(f),
            DraftError::Io(error) => error.fmt(f),
            DraftError::Changed => f.write_str(Code::JournalChanged.sentence()),
        }
    }
}

impl std::error::Error for DraftError {}

impl From<io::Error> for DraftError {
    fn from(error: io::Error) -> Self {
        DraftError::Io(error)
    }
}

impl From<RereadError> for DraftError {
    fn from(error: RereadError) -> Self {
        match error {
            RereadError::Io(error) => DraftError::Io(error),
            RereadError::Changed => DraftError::Changed,
        }
    }
}

impl Draft {
    /// First reading: verifies the whole journal.
    ///
    /// # Errors
    /// It is rejected, or could not be read.
    pub fn gather(journal: impl Read, knowledge: Knowledge) -> Result<Self, DraftError> {
        Draft::gather_with(journal, knowledge, &mut |_| {})
    }

    /// As [`gather`](Self::gather), with a look at each record that passed.
    ///
    /// # Errors
    /// As there.
    pub fn gather_with(
        journal: impl Read,
        knowledge: Knowledge,
        look: &mut dyn FnMut(&Passed),
    ) -> Result<Self, DraftError> {
        let mut gathered = Gathered::default();
        let mut take = |passed: &Passed| {
            gathered.take(passed);
            look(passed);
        };
        let checked = check(journal, knowledge, &mut take).map_err(DraftError::Io)?;
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
    ) -> Result<Statement, DraftError> {
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
        let room = SUBJECTS_MAX.saturating_sub(subjects.len() + 2);
        subjects.extend(script_subjects(&plans, room));
        let room = SUBJECTS_MAX.saturating_sub(subjects.len() + 2);
        subjects.extend(attached_subjects(&self.gathered.facts, room));
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
        // From the times as they are spelled, so that whoever reads them comes to the same number.
        let (sealed_us, closed_us) = (sealed_at_ns / 1_000, checked.times_ns.1 / 1_000);
        Predicate {
            recorder: Recorder {
                id: genesis.recorder.id.clone(),
                version: genesis.recorder.version.clone(),
                digest: genesis.recorder.sha256.map(|digest| Sha256 { sha256: hex(&digest) }),
            },
            session: SessionFacts {
                id: genesis.session.clone(),
                name: genesis.name.clone(),
                opened_at: rfc3339(checked.times_ns.0),
                closed_at: rfc3339(checked.times_ns.1),
                shells: self.gathered.shells.clone(),
                host: lossy(record, "host"),
                user: lossy(record, "user"),
                previous: genesis.prev.as_ref().map(|prev| Head::from(prev).to_string()),
            },
            journal: JournalFacts {
                format: crate::record::FORMAT.to_owned(),
                size: checked.size,
                root_hash: hex(&checked.root),
                genesis_hash: hex(&checked.genesis_root),
                head_tag: hex(&checked.head_tag),
                continuity: "UNBROKEN".to_owned(),
            },
            heads: self.heads(),
            outcome: self.outcome(),
            commands,
            plans,
            anomalies: self.anomalies(),
            clock: ClockFacts {
                assurance: "SELF_REPORTED".to_owned(),
                boot_id: genesis.boot_id.clone(),
                time_namespace: genesis.time_ns.map(|inode| inode.to_string()),
                step_count: checked.story.clock_steps,
            },
            transcript,
            facts: self.gathered.facts.clone(),
            origin: OriginFacts {
                status: match checked.origin {
                    Origin::None => OriginStatus::None,
                    Origin::NotChecked | Origin::Foreign => OriginStatus::NotChecked,
                    Origin::Authenticated => OriginStatus::Authenticated,
                },
                id: genesis.origin_id.as_ref().map(|id| hex(id)),
            },
            sealed_at: rfc3339(sealed_at_ns),
            unrecorded_tail_ms: sealed_us.saturating_sub(closed_us) / 1_000,
            extensions: BTreeMap::new(),
            must_understand: Vec::new(),
        }
    }

    /// The heads that a log can have; where they are too many the last one takes the last place.
    fn heads(&self) -> Vec<HeadFacts> {
        let mut heads = self.gathered.heads.clone();
        let last = HeadFacts { size: self.checked.size, root_hash: hex(&self.checked.root) };
        if heads.last() != Some(&last) {
            heads.truncate(PARTICULARS_MAX - 1);
            heads.push(last);
        }
        heads
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
            fact_count: story.facts,
            all_succeeded: story.failed == 0 && all_seen,
            exit_code,
            end: if story.is_complete() { Completeness::Complete } else { Completeness::Incomplete },
        }
    }

    fn anomalies(&self) -> Vec<AnomalyFacts> {
        let story = &self.checked.story;
        let mut list: Vec<AnomalyFacts> = story
            .findings
            .iter()
            .map(|finding| AnomalyFacts {
                record: finding.record,
                code: finding.code,
                incomplete: finding.is_incomplete(),
                text: finding.text.clone(),
            })
            .collect();
        if story.more_findings > 0 {
            let text = format!("{} further findings are not listed", story.more_findings);
            list.push(AnomalyFacts {
                record: self.checked.size - 1,
                code: FindingCode::More,
                incomplete: false,
                text,
            });
        }
        list
    }
}

impl Gathered {
    fn take(&mut self, passed: &Passed) {
        let (record, index) = (passed.record, passed.record.core.index);
        match (&record.core.body, passed.effect) {
            (Body::Start(start), _) => {
                let at = self.statuses.len();
                self.statuses.push(RUNNING);
                if at < COMMANDS_MAX {
                    self.finished.push(Finished::default());
                }
                // One that is replaced by the next of its shell never finishes, like one of no shell.
                if let Some(running) = self.open.get_mut(&start.shell) {
                    *running = Some((index, at));
                }
            }
            (Body::Finish(finish), Effect::Finished { start, duration_ns }) => {
                self.finish(finish, start, duration_ns);
            }
            (Body::Genesis(_), _) => self.head(passed),
            (Body::Open(open), _) => {
                self.head(passed);
                self.shell(index, open);
            }
            (Body::Close(close), _) => {
                self.head(passed);
                self.open.remove(&close.shell);
                self.closes.insert(close.shell, (index, close.script_unchanged));
                if let Some(shell) = self.shells.iter_mut().rev().find(|shell| shell.id == close.shell) {
                    shell.closed = Some(close.why);
                    shell.exit_code = close.status;
                }
            }
            (Body::Plan(_), _) => self.head(passed),
            (Body::Fact(fact), _) => self.fact(index, fact, record),
            _ => {}
        }
    }

    fn head(&mut self, passed: &Passed) {
        if self.heads.len() < PARTICULARS_MAX {
            let size = passed.record.core.index + 1;
            self.heads.push(HeadFacts { size, root_hash: hex(&passed.root) });
        }
    }

    fn finish(&mut self, finish: &Finish, start: u64, duration_ns: Option<u64>) {
        let running = self.open.get_mut(&finish.shell);
        let Some((_, at)) = running.and_then(|running| running.take_if(|(from, _)| *from == start)) else {
            return;
        };
        self.statuses[at] = finish.status.map_or(UNSEEN, u16::from);
        if let Some(status) = finish.status.filter(|status| *status != 0)
            && self.first_failure.is_none_or(|(first, _)| at < first)
        {
            self.first_failure = Some((at, status));
        }
        if let Some(finished) = self.finished.get_mut(at) {
            *finished = Finished {
                pipe_status: finish.pipe_status.clone(),
                duration_ns,
                outcome: finish.outcome,
                stale: finish.stale,
            };
        }
    }

    fn shell(&mut self, index: u64, open: &Open) {
        self.open.insert(index, None);
        let shell = ShellFacts {
            id: index,
            program: open.program.name().to_owned(),
            version: open.version.clone(),
            hook: open.hook.clone(),
            closed: None,
            exit_code: None,
        };
        list(&mut self.shells, shell, &mut self.listed_bytes, PARTICULARS_BYTES_MAX);
    }

    fn fact(&mut self, index: u64, fact: &Fact, record: &Record) {
        let data = record.core.commitments.names().map(|name| (name.to_owned(), lossy(record, name)));
        let seen = FactFacts {
            record: index,
            kind: fact.kind.clone(),
            at: fact.at,
            shell: fact.shell,
            n: fact.n,
            ok: fact.ok,
            must: fact.must,
            data: data.collect(),
            attached: fact.attached.clone(),
        };
        let parts = self.fact_parts + seen.data.len() + seen.attached.len();
        let first = fact.must && !self.facts.iter().any(|have| have.must && have.kind == fact.kind);
        if first && self.facts.len() >= PARTICULARS_MAX {
            // One that nobody must understand makes room. If there is none, the list is too long,
            // and the sealer refuses it.
            self.facts.iter().rposition(|have| !have.must).map(|at| self.facts.remove(at));
        }
        if first {
            self.listed_bytes += spelled(&seen);
            self.facts.push(seen);
        } else if parts > FACT_PARTS_MAX
            || !list(&mut self.facts, seen, &mut self.listed_bytes, PARTICULARS_BYTES_MAX)
        {
            return;
        }
        self.fact_parts = parts;
    }
}

/// A text of a record; bytes that are not UTF-8 stand as U+FFFD.
fn lossy(record: &Record, name: &str) -> Option<String> {
    record.text(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// A text of words that each end with a NUL.
fn words(record: &Record, name: &str) -> Option<Vec<String>> {
    let text = record.text(name)?;
    let words = text.split_inclusive(|byte| *byte == 0);
    if words.clone().nth(WORDS_MAX).is_some() {
        return None;
    }
    let plain = |word: &[u8]| String::from_utf8_lossy(word.strip_suffix(b"\0").unwrap_or(word)).into_owned();
    Some(words.map(plain).collect())
}

/// How long a value is in the payload, with a comma: an escape can make six bytes of one.
fn spelled(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX / 2, |text| text.len() + 1)
}

/// Adds to a list what it and the payload have room for: so many bytes.
fn list<T: Serialize>(list: &mut Vec<T>, item: T, bytes: &mut usize, most: usize) -> bool {
    let more = *bytes + spelled(&item);
    let fits = list.len() < PARTICULARS_MAX && more <= most;
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
    // The folders of the shells that are open.
    folders: HashMap<u64, Option<String>>,
    commands_bytes: usize,
    plans_bytes: usize,
    words: usize,
    lines: u64,
    bytes: u64,
}

impl<'a> Scribe<'a> {
    fn new(gathered: &'a Gathered, out: &'a mut dyn Write, commands: bool) -> Self {
        let commands = (commands && gathered.statuses.len() <= COMMANDS_MAX).then(Vec::new);
        Scribe {
            gathered,
            out,
            hash: sha2::Sha256::new(),
            commands,
            plans: Vec::new(),
            folders: HashMap::new(),
            commands_bytes: 0,
            plans_bytes: 0,
            words: 0,
            lines: 0,
            bytes: 0,
        }
    }

    fn take(&mut self, record: &Record) -> io::Result<()> {
        let start = match &record.core.body {
            Body::Start(start) => start,
            Body::Open(_) => {
                self.folders.insert(record.core.index, lossy(record, "workdir"));
                return Ok(());
            }
            Body::Plan(plan) => {
                self.plan(plan, record);
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
            (true, Some(bytes)) => CommandText::new(bytes),
        };
        let exit_code = Status::try_from(self.gathered.statuses[at]).ok();
        let line = text.transcript_line(exit_code);
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
        let close = self.gathered.closes.get(&plan.shell);
        let mut plan = PlanFacts {
            shell: plan.shell,
            close: close.map(|(record, _)| *record),
            before: plan.before,
            evidence: plan.evidence,
            name: lossy(record, "name"),
            sha256: script.map(|bytes| hex(&crate::crypto::sha256(&[bytes]))),
            units,
            unchanged: close.is_some_and(|(_, unchanged)| *unchanged),
            interpreter: self.interpreter(plan, record),
        };
        if self.plans_bytes + spelled(&plan) > COMMANDS_BYTES_MAX {
            plan.units = None;
        }
        list(&mut self.plans, plan, &mut self.plans_bytes, COMMANDS_BYTES_MAX);
    }

    /// The words of a text, where all plans have room for them.
    fn words(&mut self, record: &Record, name: &str) -> Option<Vec<String>> {
        let words = words(record, name).filter(|words| self.words + words.len() <= ALL_WORDS_MAX)?;
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
            workdir: self.folders.get(&plan.shell).cloned().flatten(),
            inherited: plan.inherited.clone(),
        }
    }

    fn finish(self) -> io::Result<(Option<Vec<CommandFacts>>, Vec<PlanFacts>, TranscriptFacts)> {
        self.out.flush()?;
        let sha256 = hex(&self.hash.finalize());
        Ok((self.commands, self.plans, TranscriptFacts { sha256, lines: self.lines, bytes: self.bytes }))
    }
}
