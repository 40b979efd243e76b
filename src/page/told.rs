//! What a page tells of a session: its commands, and what stands around them.

use std::collections::HashMap;

use super::below::Programs;
use super::chart::{Break, Scale};
use super::command::{Command, State, commands, interval};
use super::lane::{Lane, lanes};
use super::room::{List, MISSING, VALUE_MAX, one_line};
use super::script::Script;
use crate::encoding::hex;
use crate::fact::{ERROR, FILES, PROCESS, PROCESS_END, PROCESSES};
use crate::policy::context::Context;
use crate::record::Attached;
use crate::seal::recorded::Recorded;
use crate::seal::statement::{
    COMMANDS_MAX, FactFacts, Predicate, SUBJECTS_MAX, SessionFacts, ShellFacts, Statement, Subject,
};
use crate::text::count;

/// The most shells, facts, and texts of one fact that stand on a page, of each.
const PARTICULARS_MAX: usize = 100;

/// How long the list of commands in the Markdown is, in characters.
const LISTING_MAX: usize = 15_000;

/// What is told of a session.
pub(super) struct Told {
    pub session: String,
    pub name: Option<String>,
    pub opened_at: String,
    pub closed_at: String,
    pub who: String,
    /// When it was sealed, and by which key.
    pub sealed: Option<(String, String)>,
    pub head: String,
    pub context: String,
    /// What was said before the session began: purpose, retention, notice.
    pub said: Vec<(&'static str, String)>,
    /// How many commands ran, failed and so on, in words.
    pub outcome: String,
    pub shells: List<String>,
    /// Nothing where they do not stand in the payload.
    pub commands: Option<Vec<Command>>,
    /// Places in `commands`.
    pub failed: List<usize>,
    /// Those whose pipe or words hid a failure, or may have; the former first.
    pub hiding: List<usize>,
    pub chart: Option<Chart>,
    pub scripts: List<Script>,
    /// The programs that started below the shells.
    pub programs: Programs,
    pub products: List<File>,
    /// What else is named with a digest.
    pub subjects: List<File>,
    /// But for those that tell of starts, ends and files.
    pub facts: List<Fact>,
    /// How many of those there are.
    pub facts_of_programs: usize,
    /// What a collector that failed says of it.
    pub unseen: List<String>,
}

/// When what ran.
pub(super) struct Chart {
    pub lanes: List<Lane>,
    pub breaks: Vec<Break>,
    /// When it begins.
    pub from: String,
    /// How much later it ends.
    pub lasted: String,
}

/// A name with its digest.
pub(super) struct File {
    pub name: String,
    pub sha256: String,
}

/// A fact.
pub(super) struct Fact {
    pub kind: String,
    pub at: String,
    pub ok: bool,
    pub texts: List<(String, String)>,
    pub attached: List<File>,
}

impl Told {
    /// What a statement says. Without a key it was only drafted, and nobody sealed it.
    pub fn of(statement: &Statement, keyid: Option<&str>) -> Self {
        let predicate = &statement.predicate;
        let session = &predicate.session;
        let facts = predicate.commands.as_deref();
        let scale = Scale::of(&facts.iter().copied().flatten().filter_map(interval).collect::<Vec<_>>());
        let numbered = predicate.numbered().unwrap_or_default();
        let seqs: HashMap<(u64, u64), u64> =
            numbered.iter().map(|(n, command)| ((command.shell, *n), command.seq)).collect();
        let mut programs = Programs::of(&predicate.processes(), &predicate.agents(), &seqs);
        let mut commands = facts.map(|facts| commands(predicate, facts, scale.as_ref()));
        for ((n, facts), command) in numbered.iter().zip(commands.iter_mut().flatten()) {
            command.below = programs.parts.remove(&(facts.shell, *n));
        }
        let (of_programs, others): (Vec<_>, Vec<_>) = predicate.facts.iter().partition(is_of_programs);
        let chart = scale.zip(commands.as_ref()).map(|(scale, commands)| Chart {
            lanes: lanes(&session.shells, commands),
            from: commands.iter().map(|command| command.started_at.clone()).min().unwrap_or_default(),
            lasted: scale.lasted(),
            breaks: scale.breaks,
        });
        let listed = || commands.iter().flatten().enumerate();
        let failed = listed().filter(|(_, command)| command.state == State::Bad).map(|(at, _)| at);
        let did = listed().filter(|(_, command)| command.hidden.did.is_some());
        let may =
            listed().filter(|(_, command)| command.hidden.did.is_none() && !command.hidden.may.is_empty());
        let hiding = did.chain(may).map(|(at, _)| at);
        // Without a collector that saw what came of it, the files that the sealer was told of.
        let listed = Recorded::of(predicate).listed(&statement.subject).map(<[Subject]>::len);
        let is_product =
            |at: usize, one: &Subject| listed.map_or_else(|| one.is_file(), |listed| at < listed);
        let numbered = statement.subject.iter().enumerate();
        let (products, subjects): (Vec<_>, Vec<_>) = numbered.partition(|(at, one)| is_product(*at, one));
        let file = |(_, one): &(usize, &Subject)| File {
            name: one_line(&one.name),
            sha256: one_line(&one.digest.sha256),
        };
        let plans = predicate.plans.iter().map(|plan| Script::of(plan, predicate, VALUE_MAX));
        Told {
            session: one_line(&session.id),
            name: session.name.as_deref().map(one_line),
            opened_at: one_line(&session.opened_at),
            closed_at: one_line(&session.closed_at),
            who: who(session),
            sealed: keyid.map(|keyid| (one_line(&predicate.sealed_at), one_line(keyid))),
            head: statement.head().map_or_else(String::new, |head| head.to_string()),
            context: one_line(&Context::of(statement).words()),
            said: said(statement),
            outcome: outcome(predicate),
            shells: List::first(session.shells.iter().map(shell), PARTICULARS_MAX),
            failed: List::first(failed, COMMANDS_MAX),
            hiding: List::first(hiding, COMMANDS_MAX),
            chart,
            commands,
            scripts: List::first(plans, PARTICULARS_MAX),
            products: List::first(products.iter().map(file), SUBJECTS_MAX),
            subjects: List::first(subjects.iter().map(file), SUBJECTS_MAX),
            facts: List::first(others.into_iter().map(fact), PARTICULARS_MAX),
            facts_of_programs: of_programs.len(),
            programs,
            unseen: List::first(predicate.facts.iter().filter(|fact| !fact.ok).map(unseen), PARTICULARS_MAX),
        }
    }

    /// The command at one of the places.
    ///
    /// # Panics
    /// There is none.
    pub fn command(&self, at: &usize) -> &Command {
        &self.commands.as_ref().expect("a place is of a command")[*at]
    }

    /// Whether something of a script did not run, or nobody saw it.
    pub fn has_unrun(&self) -> bool {
        self.scripts.all().iter().any(|script| !script.others.is_empty())
    }

    /// What is to be seen at a glance: a class, and words.
    pub fn marks(&self) -> Vec<(&'static str, String)> {
        let did = self.commands.iter().flatten().filter(|command| command.hidden.did.is_some()).count();
        let unrun = self.scripts.all().iter().map(|script| script.others.count()).sum();
        let marks = [
            ("bad", self.failed.count(), "failed"),
            ("bad", unrun, "not run or not seen"),
            ("hid", did, "hid a failure"),
            ("open", self.hiding.count() - did, "may hide a failure"),
            ("open", self.programs.failed.count(), "of the programs below failed"),
        ];
        let there = marks.into_iter().filter(|(_, count, _)| *count > 0);
        there.map(|(class, count, words)| (class, format!("{count} {words}"))).collect()
    }

    /// The first of the commands in lines, as far as there is room for them.
    pub fn listing(&self) -> Vec<String> {
        let mut room = LISTING_MAX;
        let lines = self.commands.iter().flatten().map(Command::line);
        let fits = move |line: &String| {
            let rest = room.checked_sub(line.chars().count());
            room = rest.unwrap_or_default();
            rest.is_some()
        };
        let head = format!("{:>5} {:>9} {:>8}      {}", "", "status", "time", "command");
        std::iter::once(head).chain(lines.take_while(fits)).collect()
    }
}

fn said(statement: &Statement) -> Vec<(&'static str, String)> {
    let notice = statement.notice().into_iter();
    let rows = notice.flat_map(|(notice, ended_ns)| notice.rows(ended_ns));
    rows.map(|(name, text)| (name, one_line(&text))).collect()
}

fn outcome(predicate: &Predicate) -> String {
    let outcome = &predicate.outcome;
    let mut words = vec![count(outcome.command_count, "command")];
    for (number, word) in [
        (outcome.failed_count, "failed"),
        (outcome.unobserved_count, "of unknown status"),
        (outcome.lost_count, "lost"),
        (outcome.withheld_count, "withheld"),
    ] {
        if number > 0 || word == "failed" {
            words.push(format!("{number} {word}"));
        }
    }
    if outcome.redacted_count > 0 {
        words.push(format!("{} redacted", count(outcome.redacted_count, "text")));
    }
    words.join(", ")
}

fn shell(shell: &ShellFacts) -> String {
    let closed =
        shell.closed.map_or_else(|| "not closed".to_owned(), |why| format!("closed: {}", why.name()));
    let status = shell.exit_code.map_or_else(String::new, |status| format!(", status {status}"));
    format!("{}: {} {}, {closed}{status}", shell.id, one_line(&shell.program), one_line(&shell.version))
}

fn who(session: &SessionFacts) -> String {
    match (&session.user, &session.host) {
        (None, None) => MISSING.to_owned(),
        (Some(user), None) => one_line(user),
        (None, Some(host)) => format!("on {}", one_line(host)),
        (Some(user), Some(host)) => format!("{} on {}", one_line(user), one_line(host)),
    }
}

/// Whether a fact tells of the programs below a shell, which stand with the commands.
fn is_of_programs(fact: &&FactFacts) -> bool {
    fact.shell.is_some() && [PROCESS, PROCESS_END, PROCESSES, FILES].contains(&fact.kind.as_str())
}

fn unseen(fact: &FactFacts) -> String {
    let why = fact.data.get(ERROR).and_then(Option::as_deref).unwrap_or("it does not say why");
    one_line(&format!("{} at {}: {why}", fact.kind, fact.at.name()))
}

fn fact(fact: &FactFacts) -> Fact {
    let text = |(name, text): (&String, &Option<String>)| {
        (one_line(name), text.as_deref().map_or_else(|| "redacted".to_owned(), one_line))
    };
    let file = |one: &Attached| File { name: one_line(&one.name), sha256: hex(&one.sha256) };
    Fact {
        kind: one_line(&fact.kind),
        at: fact.at.name().to_owned(),
        ok: fact.ok,
        texts: List::first(fact.data.iter().map(text), PARTICULARS_MAX),
        attached: List::first(fact.attached.iter().map(file), PARTICULARS_MAX),
    }
}
