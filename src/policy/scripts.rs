//! The scripts of a policy against the plans and commands of a statement.
//!
//! What lives here: which script of the policy is which plan of the statement, what ran beside
//! them, and what all of them came to. What does not: what one plan must show (`plan`), what
//! became of its commands (`commands`).
//!
//! Rules: what belongs to no script of the policy is denied, and so is a shell that nobody could
//! look into.

use std::collections::HashSet;

use super::commands::{Judged, Ran};
use super::words::{NO_COMMANDS, shown};
use super::{Denial, Mode, Ruling, ScriptRule};
use crate::cause::Code;
use crate::crypto::sha256 as sha256_of;
use crate::encoding::hex;
use crate::record::{Evidence, Program, Status};
use crate::seal::statement::{CommandFacts, Completeness, PlanFacts, Predicate, ShellFacts, Statement};

/// Judges all scripts; what they came to, in words.
pub(super) fn judge(rules: &[ScriptRule], statement: &Statement, ruling: &mut Ruling) -> Option<String> {
    if rules.is_empty() {
        return None;
    }
    let predicate = &statement.predicate;
    let Some(commands) = &predicate.commands else {
        ruling.deny("script", Code::PolicyCommands, None, NO_COMMANDS);
        return None;
    };
    let (blank, plans): (Vec<&PlanFacts>, Vec<&PlanFacts>) =
        predicate.plans.iter().partition(|plan| is_blank(plan));
    let mut exits = HashSet::new();
    for (at, rule) in rules.iter().enumerate() {
        let plan = plans.get(at).copied();
        let shell = plan.and_then(|plan| shell(predicate, plan.shell));
        let of_plan = |command: &&CommandFacts| plan.is_none_or(|plan| plan.shell == command.shell);
        let ran = commands.iter().filter(of_plan).map(|facts| Ran::new(facts, plan));
        let ran = ran.filter(|ran| !ran.is_of(rule.runner)).collect();
        let all_told = match plan {
            Some(plan) => predicate.tells_all_of(plan),
            None => predicate.outcome.end == Completeness::Complete,
        };
        let denials = Judged::new(rule, ran, plan, shell, all_told).judge(predicate.plans.is_empty());
        exits.insert(shell.and_then(|shell| shell.exit_code));
        ruling.denials.extend(denials.into_iter().map(|denial| named(denial, at, rules)));
    }
    in_order(&plans, rules, ruling);
    of_remarks(&blank, commands, ruling);
    for (at, plan) in plans.iter().enumerate().skip(rules.len()) {
        let name = plan.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
        let ran = commands.iter().filter(|command| command.shell == plan.shell).count();
        let what = format!("script {}{name} is not in the policy; {ran} of its commands ran", at + 1);
        ruling.deny("script", Code::ScriptLineAdded, None, what);
    }
    if rules.iter().any(|rule| rule.mode == Mode::Entire) {
        outside(statement, commands, ruling);
    }
    Some(summary(rules, &exits))
}

fn shell(predicate: &Predicate, id: u64) -> Option<&ShellFacts> {
    predicate.session.shells.iter().find(|shell| shell.id == id)
}

/// Whether a plan's script is known and holds only comments: then it does not count. (A script
/// that could not be read before it ran is unknown: its plan has no bytes.)
fn is_blank(plan: &PlanFacts) -> bool {
    // A masked script has no digest, and something in it.
    let known = plan.sha256.as_ref().is_none_or(|sha256| *sha256 != hex(&sha256_of(&[])));
    known && plan.units.as_ref().is_some_and(Vec::is_empty)
}

/// The shells whose commands nobody saw: their script was recorded as one command, or nothing
/// is recorded of them but that they began and ended.
pub(super) fn unseen(predicate: &Predicate) -> Vec<u64> {
    let typed = |shell: &&ShellFacts| {
        [Program::Bash, Program::Zsh, Program::Fish].iter().any(|known| known.name() == shell.program)
    };
    let planned = |shell: &&ShellFacts| predicate.plans.iter().any(|plan| plan.shell == shell.id);
    let whole = predicate.plans.iter().filter(|plan| plan.evidence == Evidence::Whole);
    let other = predicate.session.shells.iter().filter(|shell| !typed(shell) && !planned(shell));
    whole.map(|plan| plan.shell).chain(other.map(|shell| shell.id)).collect()
}

/// A script ended before the next began.
fn in_order(plans: &[&PlanFacts], rules: &[ScriptRule], ruling: &mut Ruling) {
    for (at, two) in plans.windows(2).take(rules.len().saturating_sub(1)).enumerate() {
        if two[0].close.is_none_or(|close| close > two[1].shell) {
            let what = format!("{} had not ended when {} began", called(at, rules), called(at + 1, rules));
            ruling.deny("script", Code::ScriptOrder, None, what);
        }
    }
}

/// A script of remarks alone runs nothing.
fn of_remarks(plans: &[&PlanFacts], commands: &[CommandFacts], ruling: &mut Ruling) {
    for plan in plans {
        if let Some(first) = commands.iter().find(|command| command.shell == plan.shell) {
            let text = shown(&first.text.bytes().unwrap_or_default());
            let name = plan.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
            let what = format!("command {} {text} ran in a script{name} that has no commands", first.seq);
            ruling.deny("script", Code::ScriptLineAdded, None, what);
        }
    }
}

/// Shells without a plan: what they ran belongs to no script, or is not recorded at all.
fn outside(statement: &Statement, commands: &[CommandFacts], ruling: &mut Ruling) {
    let predicate = &statement.predicate;
    let planned: HashSet<u64> = predicate.plans.iter().map(|plan| plan.shell).collect();
    // Without any plan this was said already.
    if planned.is_empty() {
        return;
    }
    for shell in predicate.session.shells.iter().filter(|shell| !planned.contains(&shell.id)) {
        let mut ran = commands.iter().filter(|command| command.shell == shell.id);
        let what = match (ran.next(), ran.count()) {
            (None, _) => {
                format!("shell {} ({}) had no plan, so nobody can judge what it ran", shell.id, shell.program)
            }
            (Some(first), more) => {
                let text = shown(&first.text.bytes().unwrap_or_default());
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                format!("{text}{more} ran in a shell without a plan")
            }
        };
        ruling.deny("script.mode", Code::ScriptLineAdded, None, what);
    }
}

fn summary(rules: &[ScriptRule], exits: &HashSet<Option<Status>>) -> String {
    let count: usize = rules.iter().map(|rule| rule.commands.len()).sum();
    let nouns = if count == 1 { "command" } else { "commands" };
    let order = if rules.iter().any(|rule| rule.mode == Mode::Contains) { "" } else { ", in order" };
    let mut text = format!("{count} of {count} {nouns} ran{order}");
    if let (1, Some(Some(exit))) = (exits.len(), exits.iter().next()) {
        text.push_str(&format!(", exit {exit}"));
    }
    text
}

/// A script by its number and name.
fn called(at: usize, rules: &[ScriptRule]) -> String {
    match &rules[at].name {
        Some(name) => format!("script {} ({name})", at + 1),
        None => format!("script {}", at + 1),
    }
}

/// Names the script of a denial, if the policy has several.
fn named(denial: Denial, at: usize, rules: &[ScriptRule]) -> Denial {
    if rules.len() == 1 {
        return denial;
    }
    Denial { text: format!("{}: {}", called(at, rules), denial.text), ..denial }
}

/// What was not seen may be what is denied.
pub(super) fn deny_unseen(shell: u64, key: &'static str, ruling: &mut Ruling) {
    ruling.deny(key, Code::CommandUnseen, None, format!("the commands of shell {shell} were not seen"));
}
