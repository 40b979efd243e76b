//! From a journal to a Statement.
//!
//! What lives here: the two readings of a journal that sealing takes. The first verifies all
//! of it and keeps what is small (`gathered`); the second, which only has to be the same journal,
//! gives the texts in order (`scribe`). Pure over readers. What does not: files, keys.
//!
//! Rules: the journal is hostile input; memory grows with the payload, not with the journal.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use super::disclosed::{Apart, Place};
use super::gathered::{Gathered, RUNNING, lossy};
use super::recorded::Recorded;
use super::scribe::{Scribe, Written};
use super::statement::{
    AnomalyFacts, ClockFacts, CommandFacts, Completeness, HeadFacts, JournalFacts, OriginFacts, OriginStatus,
    OutcomeFacts, PARTICULARS_MAX, PREDICATE_TYPE, PlanFacts, Predicate, Recorder, STATEMENT_TYPE,
    SUBJECT_SESSION, SUBJECT_TRANSCRIPT, SUBJECTS_MAX, SessionFacts, Sha256, Statement, Subject,
    TranscriptFacts,
};
use super::subjects::{attached_subjects, script_subjects};
use crate::cause::Code;
use crate::clock::rfc3339;
use crate::encoding::hex;
use crate::journal::check::{Checked, Knowledge, Origin, Passed, Rejection, RereadError, check, reread};
use crate::journal::head::Head;
use crate::journal::story::FindingCode;
use crate::record::INTEGER_MAX;

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

    /// What it says of files.
    #[must_use]
    pub fn recorded(&self) -> Recorded<'_> {
        let first = self.gathered.shells.first().map_or(u64::MAX, |shell| shell.id);
        Recorded::among(&self.gathered.facts, first)
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
        let scribe = Scribe::new(&self.gathered, transcript, commands, None);
        let written = self.written(journal, scribe)?;
        Ok(self.drafted(written, more_subjects, sealed_at_ns).0)
    }

    /// As [`statement`](Self::statement), with commitments in the place of the texts, which come back.
    ///
    /// # Errors
    /// As there.
    pub fn selective(
        &self,
        journal: impl Read,
        transcript: &mut dyn Write,
        more_subjects: &[(String, String)],
        sealed_at_ns: u64,
    ) -> Result<(Statement, Apart), DraftError> {
        let scribe = Scribe::new(&self.gathered, transcript, true, Some(Apart::default()));
        let written = self.written(journal, scribe)?;
        Ok(self.drafted(written, more_subjects, sealed_at_ns))
    }

    fn written(&self, journal: impl Read, mut scribe: Scribe) -> Result<Written, DraftError> {
        reread(journal, self.checked.size, &self.checked.root, &mut |record| scribe.take(record))?;
        Ok(scribe.finish()?)
    }

    fn drafted(
        &self,
        written: Written,
        more_subjects: &[(String, String)],
        sealed_at_ns: u64,
    ) -> (Statement, Apart) {
        let Written { commands, plans, transcript, apart } = written;
        let root = hex(&self.checked.root);
        let subject = |name: &str, digest: &str| Subject {
            name: name.to_owned(),
            digest: Sha256 { sha256: digest.to_owned() },
        };
        let mut subjects: Vec<Subject> =
            more_subjects.iter().map(|(name, digest)| subject(name, digest)).collect();
        let room = SUBJECTS_MAX.saturating_sub(subjects.len() + 2);
        // A subject has the digest without a salt.
        let named = if apart.is_none() { &plans[..] } else { &[] };
        subjects.extend(script_subjects(named, room));
        let room = SUBJECTS_MAX.saturating_sub(subjects.len() + 2);
        subjects.extend(attached_subjects(&self.gathered.facts, room));
        subjects.push(subject(SUBJECT_TRANSCRIPT, &transcript.sha256));
        subjects.push(subject(SUBJECT_SESSION, &root));
        let mut predicate = self.predicate(commands, plans, transcript, sealed_at_ns);
        let mut left_out = Apart::default();
        if let Some(mut apart) = apart {
            let genesis = self.checked.genesis.as_ref().expect("a journal without genesis is rejected");
            apart.take(Place::Host, genesis, "host");
            apart.take(Place::User, genesis, "user");
            apart.leave_out(&mut predicate);
            left_out = apart;
        }
        let statement = Statement {
            kind: STATEMENT_TYPE.to_owned(),
            subject: subjects,
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate,
        };
        (statement, left_out)
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
            disclosures: None,
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
