//! What a statement says of a journal must be what the journal says.
//!
//! What lives here: a sealed statement held against one that is drafted from the journal now.
//! What does not: holding it against itself (`contradiction`), the journal's own check.
//!
//! Rules: as of `verify`: no input or output. All is compared but what is not the journal's
//! (when it was sealed, what the sealer knew of the secret) and what was redacted since.

use crate::seal::statement::{CommandFacts, CommandText, PlanFacts, Predicate};

/// The first thing in which what was sealed differs from what the journal gives.
pub(super) fn disagreement(mut own: Predicate, said: &Predicate) -> Option<String> {
    // Texts are taken out, never put back.
    let redacted_since = own.outcome.redacted_count > said.outcome.redacted_count;
    if redacted_since {
        restore_redacted(&mut own, said);
    }
    restore_words(&mut own, said);
    // A statement may say less of it, and says nothing where it lists the units.
    for (mine, theirs) in own.plans.iter_mut().zip(&said.plans) {
        mine.unit_count = mine.unit_count.filter(|_| theirs.unit_count.is_some());
    }
    let (mine, theirs) = (&own.commands, &said.commands);
    if let (Some(mine), Some(theirs)) = (mine, theirs)
        && own.outcome == said.outcome
    {
        if let Some(at) = mine.iter().zip(theirs).position(|(mine, theirs)| mine != theirs) {
            return Some(format!("command {} is another", at + 1));
        }
        if mine.len() != theirs.len() {
            return Some("it has another number of commands".into());
        }
    }
    let parts = [
        ("the outcome", own.outcome == said.outcome),
        ("the recorder", own.recorder == said.recorder),
        ("what it says of the session and its shells", own.session == said.session),
        ("the journal's format", own.journal == said.journal),
        ("a head", own.heads == said.heads),
        ("the clock", own.clock == said.clock),
        ("whether there are commands", mine.is_some() == theirs.is_some()),
        ("a plan", own.plans == said.plans),
        ("a finding", own.anomalies == said.anomalies),
        ("the transcript", redacted_since || own.transcript == said.transcript),
        ("a fact", own.facts == said.facts),
        (
            "a commitment",
            redacted_since && commits_to_fewer(&own, said) || own.disclosures == said.disclosures,
        ),
        ("the name of the origin secret", own.origin.id == said.origin.id),
    ];
    parts.iter().find(|(_, same)| !same).map(|(what, _)| format!("{what} it gives is another"))
}

/// What was taken out of the journal since is as it was sealed.
fn restore_redacted(own: &mut Predicate, said: &Predicate) {
    own.outcome.redacted_count = said.outcome.redacted_count;
    restore(&mut own.session.host, &said.session.host);
    restore(&mut own.session.user, &said.session.user);
    for (mine, theirs) in own.commands.iter_mut().flatten().zip(said.commands.iter().flatten()) {
        restore_command(mine, theirs);
    }
    // A script that is not there any more leaves room for the units of those after it, and its
    // arguments for theirs.
    let mut pairs = own.plans.iter().zip(&said.plans);
    let room = pairs.any(|(mine, theirs)| mine.sha256.is_none() && theirs.sha256.is_some());
    let gone = |one: &Option<Vec<String>>, sealed: &Option<Vec<String>>| one.is_none() && sealed.is_some();
    let mut pairs =
        own.plans.iter().zip(&said.plans).map(|(mine, theirs)| (&mine.interpreter, &theirs.interpreter));
    let words = pairs.any(|(mine, theirs)| {
        gone(&mine.options, &theirs.options) || gone(&mine.arguments, &theirs.arguments)
    });
    for (mine, theirs) in own.plans.iter_mut().zip(&said.plans) {
        restore_plan(mine, theirs);
        if room && theirs.units.is_none() {
            let listed = mine.units.take().map(|units| units.len() as u64);
            mine.unit_count = listed.or(mine.unit_count);
        }
        if words {
            let (mine, theirs) = (&mut mine.interpreter, &theirs.interpreter);
            mine.options = mine.options.take().filter(|_| theirs.options.is_some());
            mine.arguments = mine.arguments.take().filter(|_| theirs.arguments.is_some());
        }
    }
    for (mine, theirs) in own.facts.iter_mut().zip(&said.facts) {
        for (name, text) in &mut mine.data {
            restore(text, theirs.data.get(name).unwrap_or(&None));
        }
    }
}

/// Of the texts that were taken out of the journal since nobody has the salts.
fn commits_to_fewer(own: &Predicate, said: &Predicate) -> bool {
    let (Some(own), Some(said)) = (&own.disclosures, &said.disclosures) else { return false };
    let mut said = said.commitments.iter();
    own.commitments.iter().all(|one| said.any(|other| one == other))
}

fn restore<T: Clone>(mine: &mut Option<T>, theirs: &Option<T>) {
    if mine.is_none() {
        mine.clone_from(theirs);
    }
}

fn restore_command(mine: &mut CommandFacts, theirs: &CommandFacts) {
    if matches!(mine.text, CommandText::Redacted(_)) {
        mine.text = theirs.text.clone();
    }
    restore(&mut mine.workdir, &theirs.workdir);
}

fn restore_plan(mine: &mut PlanFacts, theirs: &PlanFacts) {
    restore(&mut mine.name, &theirs.name);
    restore(&mut mine.sha256, &theirs.sha256);
    let (shell, sealed) = (&mut mine.interpreter, &theirs.interpreter);
    restore(&mut shell.path, &sealed.path);
    restore(&mut shell.workdir, &sealed.workdir);
    restore(&mut shell.options, &sealed.options);
    restore(&mut shell.arguments, &sealed.arguments);
    if mine.units.is_none() {
        mine.units.clone_from(&theirs.units);
    }
}

/// The words of a finding may be those of another version.
fn restore_words(own: &mut Predicate, said: &Predicate) {
    for (mine, theirs) in own.anomalies.iter_mut().zip(&said.anomalies) {
        if (mine.record, &mine.code) == (theirs.record, &theirs.code) {
            mine.text.clone_from(&theirs.text);
        }
    }
}
