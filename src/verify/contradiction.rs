//! What a statement says twice must agree.
//!
//! What lives here: a statement held against itself. What does not: holding it against its
//! journal, and what follows from either (`verify`).
//!
//! Rules: as of `verify`: no input or output.

use sha2::Digest as _;

use crate::encoding::hex;
use crate::seal::statement::{
    CommandFacts, CommandText, PREDICATE_TYPE, RECORDER_ID, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, Statement,
};

/// The first thing in which a statement contradicts itself.
pub(super) fn contradiction(statement: &Statement) -> Option<String> {
    let predicate = &statement.predicate;
    let outcome = &predicate.outcome;
    let constants = [
        (&predicate.recorder.id, RECORDER_ID, "recorder.id"),
        (&predicate.journal.format, crate::record::FORMAT, "journal.format"),
        (&predicate.journal.continuity, "UNBROKEN", "journal.continuity"),
        (&predicate.clock.assurance, "SELF_REPORTED", "clock.assurance"),
        (&statement.predicate_type, PREDICATE_TYPE, "predicateType"),
    ];
    if let Some((_, wanted, name)) = constants.iter().find(|(have, wanted, _)| have != wanted) {
        return Some(format!("{name} is not {wanted}"));
    }
    let mut names: Vec<&str> = statement.subject.iter().map(|subject| subject.name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|two| two[0] == two[1]) {
        return Some("a subject is named twice".into());
    }
    if statement.subject(SUBJECT_SESSION) != Some(&predicate.journal.root_hash) {
        return Some("the subject session is not the journal's root".into());
    }
    if statement.subject(SUBJECT_TRANSCRIPT) != Some(&predicate.transcript.sha256) {
        return Some("the subject session.transcript is not the transcript's digest".into());
    }
    if outcome.end != "COMPLETE" && outcome.end != "INCOMPLETE" {
        return Some("outcome.end is neither COMPLETE nor INCOMPLETE".into());
    }
    if (outcome.end == "COMPLETE")
        && (outcome.lost_count > 0 || predicate.anomalies.iter().any(|one| one.incomplete))
    {
        return Some("outcome.end is COMPLETE although something is missing".into());
    }
    if outcome.command_count != predicate.transcript.lines {
        return Some("outcome.commandCount is not the number of the transcript's lines".into());
    }
    commands_contradict(statement).or_else(|| counts_contradict(statement))
}

fn commands_contradict(statement: &Statement) -> Option<String> {
    let predicate = &statement.predicate;
    let outcome = &predicate.outcome;
    let commands = predicate.commands.as_ref()?;
    let mut hash = sha2::Sha256::new();
    let (mut bytes, mut failed, mut unobserved, mut first_failure) = (0, 0, 0, None);
    let (mut withheld, mut redacted) = (0, 0);
    for (at, command) in commands.iter().enumerate() {
        if command.seq != at as u64 + 1 {
            return Some(format!("command {} calls itself {}", at + 1, command.seq));
        }
        if command.signal != CommandFacts::signal_of(command.exit_code) {
            return Some(format!("the signal of command {} is not that of its exitCode", command.seq));
        }
        if command.outcome.is_some() && command.exit_code.is_some() {
            return Some(format!("command {} says why its exitCode is null, which it is not", command.seq));
        }
        match command.text {
            CommandText::Withheld(_) => withheld += 1,
            CommandText::Redacted(_) => redacted += 1,
            CommandText::Command(_) | CommandText::CommandBase64(_) => {}
        }
        let line = command.text.transcript_line(command.exit_code);
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
        return Some("outcome counts other commands than there are".into());
    }
    // A text that was not to be had is withheld too, and a record that is redacted may be another's.
    if outcome.withheld_count > withheld || redacted > outcome.redacted_count {
        return Some("outcome counts other withheld or redacted texts than there are".into());
    }
    if first_failure.is_some() && first_failure != outcome.exit_code {
        return Some("outcome.exitCode is not the status of the first command that failed".into());
    }
    if (hex(&hash.finalize()), bytes) != (predicate.transcript.sha256.clone(), predicate.transcript.bytes) {
        return Some("the commands are not those of the transcript".into());
    }
    None
}

fn counts_contradict(statement: &Statement) -> Option<String> {
    let outcome = &statement.predicate.outcome;
    let records = statement.predicate.journal.size;
    let numbered: [(u64, u64, &str); 6] = [
        (
            outcome.failed_count.saturating_add(outcome.unobserved_count),
            outcome.command_count,
            "failedCount and unobservedCount are more than commandCount",
        ),
        (outcome.withheld_count, outcome.command_count, "withheldCount is more than commandCount"),
        (outcome.command_count, records, "commandCount is more than the records of the journal"),
        (outcome.redacted_count, records, "redactedCount is more than the records of the journal"),
        (outcome.pause_count, records, "pauseCount is more than the records of the journal"),
        (outcome.anomaly_count, records, "anomalyCount is more than the records of the journal"),
    ];
    if statement.predicate.anomalies.iter().any(|finding| finding.record >= records) {
        return Some("a finding is about a record beyond the journal's last".into());
    }
    if let Some((.., why)) = numbered.iter().find(|(part, whole, _)| part > whole) {
        return Some(format!("outcome.{why}"));
    }
    if outcome.pause_count == 0 && outcome.paused_command_count != Some(0) {
        return Some("outcome.pausedCommandCount is not 0 although there was no pause".into());
    }
    let all_succeeded = outcome.failed_count == 0 && outcome.unobserved_count == 0;
    if outcome.all_succeeded != all_succeeded {
        return Some("outcome.allSucceeded is not what its counts say".into());
    }
    if outcome.failed_count == 0 && outcome.exit_code != all_succeeded.then_some(0) {
        return Some("outcome.exitCode is not what its counts say".into());
    }
    if outcome.failed_count > 0 && outcome.exit_code.is_none_or(|status| status == 0) {
        return Some("outcome.exitCode is not what its counts say".into());
    }
    None
}
