//! What a statement says twice must agree.
//!
//! What lives here: a statement held against itself. What does not: holding it against its
//! journal, and what follows from either (`verify`).
//!
//! Rules: as of `verify`: no input or output.

use sha2::Digest as _;

use crate::cause::{Cause, Code};
use crate::encoding::hex;
use crate::journal::story::{CLOCK_STEP_NS, Weight};
use crate::record::{FORMAT, FORMAT_NAME, TEXTS_MAX};
use crate::seal::disclosed::{DisclosureFacts, transcript_line};
use crate::seal::recorded::Recorded;
use crate::seal::statement::{
    AnomalyFacts, CommandFacts, CommandText, Completeness, PRODUCTS_MAX, Predicate, SUBJECT_ATTACHED,
    SUBJECT_SCRIPT, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, SUBJECTS_MAX, Statement, Subject,
};
use crate::seal::subjects::{attached_subjects, script_subjects};

/// The first thing in which a statement contradicts itself.
pub(super) fn contradiction(statement: &Statement) -> Option<Cause> {
    let predicate = &statement.predicate;
    let outcome = &predicate.outcome;
    let constants = [
        (&predicate.journal.format, FORMAT, "journal.format"),
        (&predicate.journal.continuity, "UNBROKEN", "journal.continuity"),
        (&predicate.clock.assurance, "SELF_REPORTED", "clock.assurance"),
    ];
    let format = &predicate.journal.format;
    if format.starts_with(FORMAT_NAME) && format != FORMAT {
        return because(Code::JournalFormat, crate::text::short(format));
    }
    if let Some((_, wanted, name)) = constants.iter().find(|(have, wanted, _)| have != wanted) {
        return because(Code::StatementConstant, format!("{name} is not {wanted}"));
    }
    let mut names: Vec<&str> = statement.subject.iter().map(|subject| subject.name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|two| two[0] == two[1]) {
        return because(Code::StatementSubject, "a subject is named twice");
    }
    if statement.subject(SUBJECT_SESSION) != Some(&predicate.journal.root_hash) {
        return because(Code::StatementSubject, "the subject session is not the journal's root");
    }
    if statement.subject(SUBJECT_TRANSCRIPT) != Some(&predicate.transcript.sha256) {
        return because(
            Code::StatementSubject,
            "the subject session.transcript is not the transcript's digest",
        );
    }
    if (outcome.end == Completeness::Complete)
        && (outcome.lost_count > 0 || predicate.anomalies.iter().any(|one| one.incomplete))
    {
        return Some(Code::StatementEnd.into());
    }
    if outcome.command_count != predicate.transcript.lines {
        return because(
            Code::StatementCount,
            "outcome.commandCount is not the number of the transcript's lines",
        );
    }
    named_subjects_contradict(statement)
        .or_else(|| heads_contradict(predicate))
        .or_else(|| records_contradict(predicate))
        .or_else(|| times_contradict(predicate))
        .or_else(|| findings_contradict(predicate))
        .or_else(|| commands_contradict(statement))
        .or_else(|| counts_contradict(statement))
}

fn because(code: Code, why: impl Into<String>) -> Option<Cause> {
    Some(Cause::new(code, why))
}

/// The subjects of scripts are those of the plans, and those of attached files those of the facts.
fn named_subjects_contradict(statement: &Statement) -> Option<Cause> {
    let (of_scripts, others): (Vec<&Subject>, Vec<&Subject>) =
        statement.subject.iter().partition(|subject| subject.name.starts_with(SUBJECT_SCRIPT));
    let (of_files, others): (Vec<&Subject>, Vec<&Subject>) =
        others.into_iter().partition(|subject| subject.name.starts_with(SUBJECT_ATTACHED));
    let recorded = Recorded::of(&statement.predicate);
    let few = recorded.product_count().is_some_and(|files| (1..=PRODUCTS_MAX).contains(&files));
    if few && recorded.listed(&statement.subject).is_none() && others.iter().any(|one| one.is_file()) {
        return because(Code::StatementSubject, "those of files are not the products that were recorded");
    }
    let room = SUBJECTS_MAX.saturating_sub(others.len());
    let due = script_subjects(&statement.predicate.plans, room);
    if !of_scripts.into_iter().eq(&due) {
        return because(Code::StatementSubject, "those of scripts are not those of the plans");
    }
    let due = attached_subjects(&statement.predicate.facts, room.saturating_sub(due.len()));
    if !of_files.into_iter().eq(&due) {
        return because(Code::StatementSubject, "those of attached files are not those of the facts");
    }
    None
}

/// The heads grow from genesis to the last record.
fn heads_contradict(predicate: &Predicate) -> Option<Cause> {
    let (journal, heads) = (&predicate.journal, &predicate.heads);
    let ends = [heads.first(), heads.last()].map(|head| head.map(|head| (head.size, &head.root_hash)));
    let due = [Some((1, &journal.genesis_hash)), Some((journal.size, &journal.root_hash))];
    let good = ends == due && heads.is_sorted_by(|one, next| one.size < next.size);
    (!good).then(|| Code::StatementHeads.into())
}

/// Nothing stands at a record beyond the journal's last.
fn records_contradict(predicate: &Predicate) -> Option<Cause> {
    let beyond = |record: u64| record >= predicate.journal.size;
    let kinds = [
        ("a plan", predicate.plans.iter().any(|plan| beyond(plan.shell) || plan.close.is_some_and(beyond))),
        ("a shell", predicate.session.shells.iter().any(|shell| beyond(shell.id))),
        ("a fact", predicate.facts.iter().any(|fact| beyond(fact.record))),
        ("a finding", predicate.anomalies.iter().any(|finding| beyond(finding.record))),
    ];
    kinds.iter().find(|(_, beyond)| *beyond).and_then(|(what, _)| because(Code::StatementRecord, *what))
}

/// A time in nanoseconds since 1970.
fn at_ns(text: &str) -> Option<i128> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_nanosecond)
}

/// It was sealed after its last record, and, where nobody set the clock, the session did not close
/// before it opened, and each command ran within it.
fn times_contradict(predicate: &Predicate) -> Option<Cause> {
    let session = &predicate.session;
    let times = [&session.opened_at, &session.closed_at, &predicate.sealed_at].map(|text| at_ns(text));
    // The form of each was checked.
    let [Some(opened), Some(closed), Some(sealed)] = times else { return None };
    if sealed < closed {
        return because(Code::StatementTime, "sealedAt is before closedAt");
    }
    if i128::from(predicate.unrecorded_tail_ms) != (sealed - closed) / 1_000_000 {
        return because(Code::StatementTime, "unrecordedTailMs is not the time from closedAt to sealedAt");
    }
    if predicate.clock.step_count > 0 {
        return None;
    }
    // Between two records the clock may go back by so much before that counts as a step.
    let slack = i128::from(CLOCK_STEP_NS) * i128::from(predicate.journal.size);
    if closed + slack < opened {
        return because(Code::StatementTime, "closedAt is before openedAt, and the clock was not set");
    }
    let outside = |command: &&CommandFacts| {
        let Some(started) = at_ns(&command.started_at) else { return false };
        let ran = i128::from(command.duration_ms.unwrap_or(0)) * 1_000_000;
        // The clock since boot may run faster than the other by one part in a thousand.
        started + slack < opened || started + ran > closed + slack + ran / 500
    };
    let commands = predicate.commands.iter().flatten();
    commands.clone().find(outside).and_then(|command| {
        let what =
            format!("command {} did not run within the session, and the clock was not set", command.seq);
        because(Code::StatementTime, what)
    })
}

/// A finding weighs what its code says.
fn findings_contradict(predicate: &Predicate) -> Option<Cause> {
    let weighs = |one: &AnomalyFacts| one.code.weight() == Weight::Incomplete;
    if let Some(wrong) = predicate.anomalies.iter().find(|one| one.incomplete != weighs(one)) {
        return because(Code::StatementConstant, format!("anomalies.incomplete of {}", wrong.code.name()));
    }
    let says_why = predicate.outcome.end == Completeness::Complete || predicate.anomalies.iter().any(weighs);
    (!says_why).then(|| Cause::new(Code::StatementEnd, "outcome.end is INCOMPLETE, and no finding says why"))
}

fn commands_contradict(statement: &Statement) -> Option<Cause> {
    let predicate = &statement.predicate;
    let outcome = &predicate.outcome;
    let commands = predicate.commands.as_ref()?;
    let mut hash = sha2::Sha256::new();
    let (mut bytes, mut failed, mut unobserved, mut first_failure) = (0, 0, 0, None);
    let (mut withheld, mut redacted) = (0, 0);
    let committed = predicate.disclosures.as_ref().map(DisclosureFacts::of_commands).unwrap_or_default();
    for (at, command) in commands.iter().enumerate() {
        if command.seq != at as u64 + 1 {
            return because(
                Code::StatementCommand,
                format!("command {} calls itself {}", at + 1, command.seq),
            );
        }
        if command.signal != CommandFacts::signal_of(command.exit_code) {
            return because(
                Code::StatementCommand,
                format!("the signal of command {} is not that of its exitCode", command.seq),
            );
        }
        if (command.outcome.is_some() || command.stale) && command.exit_code.is_some() {
            return because(
                Code::StatementCommand,
                format!("command {} says why its exitCode is null, which it is not", command.seq),
            );
        }
        match command.text {
            CommandText::Withheld(_) => withheld += 1,
            CommandText::Redacted(_) => redacted += u64::from(!committed.contains_key(&at)),
            CommandText::Command(_)
            | CommandText::CommandBase64(_)
            | CommandText::CommandShown(_)
            | CommandText::CommandShownBase64(_) => {}
        }
        let line = match committed.get(&at) {
            Some((name, commitment)) => transcript_line(name, commitment, command.exit_code),
            None => command.text.transcript_line(command.exit_code),
        };
        bytes += line.len() as u64;
        hash.update(&line);
        match command.exit_code {
            None => unobserved += 1,
            Some(0) => {}
            Some(status) => {
                failed += 1;
                first_failure = first_failure.or(Some(status));
            }
        }
    }
    if (commands.len() as u64, failed, unobserved)
        != (outcome.command_count, outcome.failed_count, outcome.unobserved_count)
    {
        return because(Code::StatementCount, "outcome counts other commands than there are");
    }
    // A text that was not to be had is withheld too, and a text that was redacted may be no command's.
    if outcome.withheld_count > withheld || redacted > outcome.redacted_count {
        return because(
            Code::StatementCount,
            "outcome counts other withheld or redacted texts than there are",
        );
    }
    if first_failure.is_some() && first_failure != outcome.exit_code {
        return because(
            Code::StatementExit,
            "outcome.exitCode is not the status of the first command that failed",
        );
    }
    if (hex(&hash.finalize()), bytes) != (predicate.transcript.sha256.clone(), predicate.transcript.bytes) {
        return Some(Code::StatementTranscript.into());
    }
    None
}

fn counts_contradict(statement: &Statement) -> Option<Cause> {
    let outcome = &statement.predicate.outcome;
    let records = statement.predicate.journal.size;
    let texts = records.saturating_mul(TEXTS_MAX as u64);
    let facts = statement.predicate.facts.len() as u64;
    let numbered: [(u64, u64, &str); 8] = [
        (
            outcome.failed_count.saturating_add(outcome.unobserved_count),
            outcome.command_count,
            "failedCount and unobservedCount are more than commandCount",
        ),
        (outcome.withheld_count, outcome.command_count, "withheldCount is more than commandCount"),
        (outcome.command_count, records, "commandCount is more than the records of the journal"),
        (outcome.redacted_count, texts, "redactedCount is more than the texts that the journal can have"),
        (outcome.pause_count, records, "pauseCount is more than the records of the journal"),
        (outcome.fact_count, records, "factCount is more than the records of the journal"),
        (facts, outcome.fact_count, "factCount is less than the facts that are listed"),
        (outcome.anomaly_count, records, "anomalyCount is more than the records of the journal"),
    ];
    if let Some((.., why)) = numbered.iter().find(|(part, whole, _)| part > whole) {
        return because(Code::StatementCount, format!("outcome.{why}"));
    }
    if outcome.pause_count == 0 && outcome.paused_command_count != Some(0) {
        return because(
            Code::StatementCount,
            "outcome.pausedCommandCount is not 0 although there was no pause",
        );
    }
    let all_succeeded = outcome.failed_count == 0 && outcome.unobserved_count == 0;
    if outcome.all_succeeded != all_succeeded {
        return because(Code::StatementExit, "outcome.allSucceeded is not what its counts say");
    }
    if outcome.failed_count == 0 && outcome.exit_code != all_succeeded.then_some(0) {
        return because(Code::StatementExit, "outcome.exitCode is not what its counts say");
    }
    if outcome.failed_count > 0 && outcome.exit_code.is_none_or(|status| status == 0) {
        return because(Code::StatementExit, "outcome.exitCode is not what its counts say");
    }
    None
}
