//! What the first reading of a journal keeps: how each command ended, shells, facts, heads.
//!
//! What lives here: gathering it record by record, and what there is room for. What does not: the
//! reading itself (`draft`), the texts of commands (`scribe`).
//!
//! Rules: memory grows with the payload, not with the journal.

use std::collections::HashMap;

use serde::Serialize;

use super::sizes::FACT_PARTS_MAX;
use super::statement::{
    COMMANDS_MAX, FactFacts, HeadFacts, PARTICULARS_BYTES_MAX, PARTICULARS_MAX, ShellFacts,
};
use crate::encoding::hex;
use crate::fact::{FILES, PROCESS, PROCESS_END};
use crate::journal::check::Passed;
use crate::journal::story::Effect;
use crate::record::{Body, Fact, Finish, Open, Record, Status, Unseen};

/// What the first reading keeps of a command beyond its status.
#[derive(Default)]
pub(super) struct Finished {
    pub(super) pipe_status: Option<Vec<Status>>,
    pub(super) duration_ns: Option<u64>,
    pub(super) outcome: Option<Unseen>,
    pub(super) stale: bool,
}

/// A status in two bytes: none yet, none seen, or one.
pub(super) const RUNNING: u16 = u16::MAX;
pub(super) const UNSEEN: u16 = u16::MAX - 1;

#[derive(Default)]
pub(super) struct Gathered {
    pub(super) statuses: Vec<u16>,
    pub(super) finished: Vec<Finished>,
    // The shells that are open, and the command that runs in each: the record of its start, and
    // its number from 0. The story admits so many shells and no more.
    pub(super) open: HashMap<u64, Option<(u64, usize)>>,
    pub(super) shells: Vec<ShellFacts>,
    pub(super) facts: Vec<FactFacts>,
    // Bytes of shells and facts, as they are spelled.
    pub(super) listed_bytes: usize,
    pub(super) fact_parts: usize,
    /// No fact of those of which there are many is listed any more.
    many_are_over: bool,
    pub(super) heads: Vec<HeadFacts>,
    // The shells that closed: the record, and whether their script was unchanged.
    pub(super) closes: HashMap<u64, (u64, bool)>,
    pub(super) first_failure: Option<(usize, Status)>,
}

impl Gathered {
    pub(super) fn take(&mut self, passed: &Passed) {
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
        let text =
            |name: &str| record.disclosures.get(name).map(|text| String::from_utf8_lossy(text).into_owned());
        let data = record.core.commitments.names().map(|name| (name.to_owned(), text(name)));
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
        let first = fact.must && !self.facts.iter().any(|have| have.must && have.kind == fact.kind);
        if is_one_of_many(&seen) && self.many_are_over {
            return;
        }
        if !is_one_of_many(&seen) {
            self.make_room(&seen);
        }
        if first && self.facts.len() >= PARTICULARS_MAX {
            // One that nobody must understand makes room. If there is none, the list is too long,
            // and the sealer refuses it.
            self.facts.iter().rposition(|have| !have.must).map(|at| self.facts.remove(at));
        }
        let (parts, is_one_of_many) = (self.fact_parts + parts_of(&seen), is_one_of_many(&seen));
        if first {
            self.listed_bytes += spelled(&seen);
            self.facts.push(seen);
        } else if parts > FACT_PARTS_MAX
            || !list(&mut self.facts, seen, &mut self.listed_bytes, PARTICULARS_BYTES_MAX)
        {
            self.many_are_over |= is_one_of_many;
            return;
        }
        self.fact_parts = parts;
    }

    /// Those of which there are many give way, the last first, so that the first are told of without a
    /// gap.
    fn make_room(&mut self, seen: &FactFacts) {
        let (bytes, parts) = (spelled(seen), parts_of(seen));
        while self.facts.len() >= PARTICULARS_MAX
            || self.listed_bytes + bytes > PARTICULARS_BYTES_MAX
            || self.fact_parts + parts > FACT_PARTS_MAX
        {
            let Some(at) = self.facts.iter().rposition(is_one_of_many) else { return };
            let gone = self.facts.remove(at);
            self.listed_bytes = self.listed_bytes.saturating_sub(spelled(&gone));
            self.fact_parts -= parts_of(&gone);
            self.many_are_over = true;
        }
    }
}

/// Whether a fact is one of those of which a session has any number: one for each start of a program.
fn is_one_of_many(fact: &FactFacts) -> bool {
    [PROCESS, PROCESS_END, FILES].contains(&fact.kind.as_str()) && !fact.must
}

/// Its texts and attached files.
fn parts_of(fact: &FactFacts) -> usize {
    fact.data.len() + fact.attached.len()
}

/// A text of a record; bytes that are not UTF-8 stand as U+FFFD.
pub(super) fn lossy(record: &Record, name: &str) -> Option<String> {
    record.text(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// How long a value is in the payload, with a comma: an escape can make six bytes of one.
pub(super) fn spelled(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX / 2, |text| text.len() + 1)
}

/// Adds to a list what it and the payload have room for: so many bytes.
pub(super) fn list<T: Serialize>(list: &mut Vec<T>, item: T, bytes: &mut usize, most: usize) -> bool {
    let more = *bytes + spelled(&item);
    let fits = list.len() < PARTICULARS_MAX && more <= most;
    if fits {
        *bytes = more;
        list.push(item);
    }
    fits
}
