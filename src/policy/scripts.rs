//! Compares the scripts of a policy with the plans and commands of a statement.
//!
//! What lives here: which command ran for which command of the policy, and the words for
//! what did not. What does not: units of a script, which `script` and bash know.
//!
//! Rules: the denial of what failed first comes first; each denial names a line and what ran
//! near it.

use std::collections::HashSet;

use super::words::{NO_COMMANDS, shown};
use super::{Denial, Mode, PlanAt, Ruling, ScriptRule};
use crate::cause::Code;
use crate::crypto::sha256 as sha256_of;
use crate::encoding::hex;
use crate::record::{CloseReason, PlanTime, Status, Unseen};
use crate::script::block::is_printed_of;
use crate::script::silent::may_be_silent;
use crate::seal::statement::{CommandFacts, PlanFacts, ShellFacts, Statement, UnitFacts};

/// What is wrong with a status that nobody saw, although the script went on.
const UNTOLD: &str = "ended with a status that nobody saw";
/// The most commands out of place that are listed.
const TOLD_MAX: usize = 50;

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
    let plans: Vec<&PlanFacts> = predicate.plans.iter().filter(|plan| !is_blank(plan)).collect();
    let mut exits = HashSet::new();
    for (at, rule) in rules.iter().enumerate() {
        let plan = plans.get(at).copied();
        let of_plan = |command: &&CommandFacts| plan.is_none_or(|plan| plan.shell == command.shell);
        let ran: Vec<Ran> = commands
            .iter()
            .filter(of_plan)
            .enumerate()
            .map(|(at, facts)| Ran::new(facts, plan, at))
            .collect();
        let shell =
            plan.and_then(|plan| predicate.session.shells.iter().find(|shell| shell.id == plan.shell));
        let mut judged = Judged { rule, ran, plan, shell, denials: Vec::new() };
        judged.judge(predicate.plans.is_empty());
        exits.insert(shell.and_then(|shell| shell.exit_code));
        ruling.denials.extend(judged.denials.into_iter().map(|denial| named(denial, at, rules)));
    }
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

/// Whether a plan's script is known and holds only comments: then it does not count. (A script
/// that could not be read before it ran is unknown: its plan has no bytes.)
fn is_blank(plan: &PlanFacts) -> bool {
    let known = plan.sha256.as_ref().is_some_and(|sha256| *sha256 != hex(&sha256_of(&[])));
    known && plan.units.as_ref().is_some_and(Vec::is_empty)
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

/// Names the script of a denial, if the policy has several.
fn named(denial: Denial, at: usize, rules: &[ScriptRule]) -> Denial {
    let name = match (&rules[at].name, rules.len()) {
        (_, 1) => return denial,
        (Some(name), _) => format!("script {} ({name})", at + 1),
        (None, _) => format!("script {}", at + 1),
    };
    Denial { text: format!("{name}: {}", denial.text), ..denial }
}

/// A command that ran.
struct Ran<'a> {
    facts: &'a CommandFacts,
    text: Option<Vec<u8>>,
    /// Its line in the recorded script.
    line: Option<u64>,
    /// Its text is that of the plan's unit with its number.
    of_plan: bool,
}

impl<'a> Ran<'a> {
    fn new(facts: &'a CommandFacts, plan: Option<&PlanFacts>, number: usize) -> Self {
        let unit = plan.and_then(|plan| plan.units.as_ref()?.get(number));
        let mut text = facts.text.bytes();
        // Before the block ends, a runner tells only the first line of a command.
        let first = plan.is_some_and(|plan| plan.recorded_at == PlanTime::Exit);
        let planned = unit.and_then(|unit| unit.text.bytes());
        let printed = |planned: &Vec<u8>| text.as_ref().is_some_and(|text| is_printed_of(text, planned));
        if let Some(planned) = planned.clone().filter(|planned| first && printed(planned)) {
            text = Some(planned);
        }
        let of_plan = unit.is_some() && planned == text;
        Ran { facts, text, line: unit.map(|unit| unit.line), of_plan }
    }

    fn is(&self, command: &str) -> bool {
        self.text.as_deref().is_some_and(|text| plain(text) == plain(command.as_bytes()))
    }
}

/// A text without the blanks before and the newlines after it, which mean nothing to bash.
fn plain(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n')).unwrap_or(text.len());
    let text = &text[start..];
    let end = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |at| at + 1);
    &text[..end]
}

/// A script of the policy, and what ran for it.
struct Judged<'a> {
    rule: &'a ScriptRule,
    ran: Vec<Ran<'a>>,
    plan: Option<&'a PlanFacts>,
    shell: Option<&'a ShellFacts>,
    denials: Vec<Denial>,
}

impl Judged<'_> {
    fn deny(&mut self, rule: &'static str, code: Code, line: Option<u64>, text: String) {
        self.denials.push(Denial { rule, code, line, text });
    }

    /// A command of the policy, as messages have it.
    fn wanted(&self, at: usize) -> String {
        format!("line {} {}", self.rule.lines[at], shown(self.rule.commands[at].as_bytes()))
    }

    /// A command that ran, as messages have it.
    fn seen(&self, at: usize) -> String {
        let ran = &self.ran[at];
        let text = ran.text.as_deref().map_or_else(|| "(no text)".to_owned(), shown);
        match ran.line {
            Some(line) => format!("line {line} {text}"),
            None => format!("command {} {text}", ran.facts.seq),
        }
    }

    fn judge(&mut self, no_plans: bool) {
        let Some(plan) = self.plan else {
            // A typed session has no plan at all.
            if self.rule.plan == PlanAt::Anyhow && no_plans {
                return self.compare();
            }
            return self.no_plan();
        };
        self.compare();
        // A command that was added behind can hide a status: its denial comes first.
        self.denials.sort_by_key(|denial| denial.code == Code::ScriptStatusUntold);
        if self.rule.plan == PlanAt::Start && plan.recorded_at != PlanTime::Start {
            let what = "the plan was recorded when the block ended, not before its first command";
            self.deny("script.plan", Code::ScriptPlanLate, None, what.into());
        }
        if self.rule.mode == Mode::Entire {
            self.as_planned(plan);
            self.ended();
            if plan.recorded_at == PlanTime::Start && !plan.unchanged {
                let what = "the script's file was changed while it ran";
                self.deny("script.plan", Code::ScriptChanged, None, what.into());
            }
        }
        match (&self.rule.sha256, &plan.sha256) {
            (Some(wanted), Some(seen)) if wanted != seen => {
                let what = format!("the script is another one, byte by byte: its sha256 is {seen}");
                self.deny("script.sha256", Code::ScriptOther, None, what);
            }
            (Some(_), None) => {
                self.deny("script.sha256", Code::ScriptOther, None, "the script was redacted".into())
            }
            _ => {}
        }
    }

    fn compare(&mut self) {
        match self.rule.mode {
            Mode::Entire => self.align(),
            Mode::Ordered | Mode::Contains => self.find(),
        }
    }

    /// Without a plan nothing shows that any line ran.
    fn no_plan(&mut self) {
        let is_trap = |text: &str| {
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            words.first() == Some(&"trap") && words.iter().any(|word| matches!(*word, "EXIT" | "0"))
        };
        let trap = self.rule.commands.iter().position(|command| is_trap(command));
        let (at, what) = match trap.filter(|_| self.rule.plan == PlanAt::Exit) {
            Some(at) => (at, format!("{} replaces the trap that records the plan", self.wanted(at))),
            None => (0, format!("{} cannot be shown to have run", self.wanted(0))),
        };
        self.deny(
            "script.plan",
            Code::ScriptPlanMissing,
            Some(self.rule.lines[at]),
            format!("{what}: there is no plan"),
        );
    }

    /// Compares what should have run with what ran, step by step.
    fn align(&mut self) {
        let (mut at, mut ran) = (0, 0);
        let mut last: Option<usize> = None;
        while at < self.rule.commands.len() || ran < self.ran.len() {
            if self.denials.len() >= TOLD_MAX {
                let what = "further differences are not listed".into();
                return self.deny("script.commands", Code::ScriptMore, None, what);
            }
            let there = at < self.rule.commands.len() && ran < self.ran.len();
            if there && self.ran[ran].text.is_none() {
                let what = format!("{}: the text of the command that ran is not there", self.wanted(at));
                self.deny("script.commands", Code::ScriptLineHidden, Some(self.rule.lines[at]), what);
            } else if !there || !self.ran[ran].is(&self.rule.commands[at]) {
                let (missing, added) = self.difference(at, ran);
                if !missing && !added {
                    return self.out_of_order(at, ran);
                }
                match (missing, added) {
                    (true, true) => self.replaced(at, ran),
                    (true, false) => self.missing(at, last),
                    _ => self.added(ran, last),
                }
                (at, ran) = (at + usize::from(missing), ran + usize::from(added));
                continue;
            } else {
                self.status(at, ran);
            }
            last = Some(at);
            (at, ran) = (at + 1, ran + 1);
        }
    }

    /// Whether the policy's next command is missing, and whether the next that ran was added.
    fn difference(&self, at: usize, ran: usize) -> (bool, bool) {
        let (wanted, seen) = (&self.rule.commands[at..], &self.ran[ran..]);
        let count = |text: &str| {
            let is = |command: &&String| plain(command.as_bytes()) == plain(text.as_bytes());
            (wanted.iter().filter(is).count(), seen.iter().filter(|ran| ran.is(text)).count())
        };
        let missing = wanted.first().is_some_and(|command| {
            let (wanted, seen) = count(command);
            seen < wanted
        });
        let added = seen.first().is_some_and(|ran| {
            let text = ran.text.as_deref().map(String::from_utf8_lossy);
            text.is_none_or(|text| {
                let (wanted, seen) = count(&text);
                wanted < seen || wanted == 0
            })
        });
        (missing, added)
    }

    fn missing(&mut self, at: usize, last: Option<usize>) {
        let near = match (last, self.ran.first()) {
            (Some(last), _) => format!("the last command that did was {}", self.wanted(last)),
            (None, None) => "no command did".to_owned(),
            (None, Some(first)) => {
                let next = self.rule.commands.iter().position(|command| first.is(command));
                let next = next.map_or_else(|| self.seen(0), |next| self.wanted(next));
                format!("the first command that did was {next}")
            }
        };
        let what = match may_be_silent(&self.rule.commands[at]) {
            false => format!("{} did not run; {near}", self.wanted(at)),
            true => format!("{} did not run, or bash did not report it; {near}", self.wanted(at)),
        };
        self.deny("script.commands", Code::ScriptLineMissing, Some(self.rule.lines[at]), what);
    }

    fn replaced(&mut self, at: usize, ran: usize) {
        let what = format!("{} did not run; in its place {} did", self.wanted(at), self.seen(ran));
        self.deny("script.commands", Code::ScriptLineReplaced, Some(self.rule.lines[at]), what);
    }

    fn added(&mut self, ran: usize, last: Option<usize>) {
        let near = match last {
            Some(last) => format!("the command before it was {}", self.wanted(last)),
            None => format!("it ran before {}", self.wanted(0)),
        };
        let what = format!("{} ran and is not in the policy; {near}", self.seen(ran));
        self.deny("script.commands", Code::ScriptLineAdded, self.ran[ran].line, what);
    }

    /// Both ran, but not in this order; after that the two lists cannot be aligned.
    fn out_of_order(&mut self, at: usize, ran: usize) {
        let commands = self.rule.commands.iter().enumerate().skip(at);
        let early = commands.filter(|(_, command)| self.ran[ran].is(command)).map(|(at, _)| at).next();
        let early_text = early.map_or_else(|| self.seen(ran), |early| self.wanted(early));
        let line = early.map_or(self.rule.lines[at], |early| self.rule.lines[early]);
        let what = format!("{early_text} ran before {}", self.wanted(at));
        self.deny("script.commands", Code::ScriptOrder, Some(line), what);
    }

    /// Finds each command among all that ran, in order or in any.
    fn find(&mut self) {
        let ordered = self.rule.mode == Mode::Ordered;
        let mut taken: HashSet<usize> = HashSet::new();
        let (mut from, mut last) = (0, None);
        for at in 0..self.rule.commands.len() {
            let command = &self.rule.commands[at];
            let free = |ran: &usize| !taken.contains(ran) && self.ran[*ran].is(command);
            let fitting: Vec<usize> = (from..self.ran.len()).filter(free).collect();
            let good = fitting.iter().find(|ran| self.not_allowed(**ran).is_none());
            match good.or(fitting.first()).copied() {
                Some(ran) => {
                    self.status(at, ran);
                    taken.insert(ran);
                    from = if ordered { ran + 1 } else { 0 };
                    last = Some(at);
                }
                None => match (last, (0..from).any(|ran| self.ran[ran].is(command))) {
                    (Some(last), true) => {
                        let what = format!("{} did not run after {}", self.wanted(at), self.wanted(last));
                        self.deny("script.commands", Code::ScriptOrder, Some(self.rule.lines[at]), what);
                    }
                    _ => self.missing(at, last),
                },
            }
        }
    }

    /// What is wrong with the status of a command, if anything.
    fn not_allowed(&self, ran: usize) -> Option<(Code, String)> {
        let allowed = self.rule.exit.as_ref()?;
        let facts = self.ran[ran].facts;
        let replaced = facts.outcome == Some(Unseen::Replaced) && ran + 1 == self.ran.len();
        let status = match facts.exit_code {
            None if replaced => self.shell.and_then(|shell| shell.exit_code),
            status => status,
        };
        let (code, why) = match status {
            Some(status) if allowed.contains(&status) => return None,
            Some(status) => (Code::ScriptStatus, format!("ended with {status}")),
            None if facts.outcome != Some(Unseen::Untold) => {
                (Code::ScriptStatusUnseen, "was not seen to end".to_owned())
            }
            None => (Code::ScriptStatusUntold, UNTOLD.to_owned()),
        };
        Some((code, format!("{why}; {}", are_allowed(allowed))))
    }

    fn status(&mut self, at: usize, ran: usize) {
        if let Some((code, why)) = self.not_allowed(ran) {
            let what = format!("{} {why}", self.wanted(at));
            self.deny("script.exit", code, Some(self.rule.lines[at]), what);
        }
    }

    /// Every command that ran is the one that was planned in its place.
    fn as_planned(&mut self, plan: &PlanFacts) {
        let Some(units) = &plan.units else {
            return self.deny(
                "script.plan",
                Code::ScriptPlanUnits,
                None,
                "the plan has no commands: redacted, or too many".into(),
            );
        };
        for at in 0..self.ran.len() {
            let ran = &self.ran[at];
            let agrees = ran.facts.unit.is_some() || plan.recorded_at != PlanTime::Start;
            let why = match (ran.of_plan, agrees) {
                (true, true) => continue,
                (false, _) => "is not what the plan has in its place",
                (true, false) => "is planned, but bash said that it ran something else",
            };
            let (line, what) = (ran.line, format!("{} {why}", self.seen(at)));
            self.deny("script.plan", Code::ScriptLineUnplanned, line, what);
            if self.denials.len() >= TOLD_MAX {
                return;
            }
        }
        if units.len() <= self.ran.len().max(self.rule.commands.len()) {
            return;
        }
        let text_of = |unit: &UnitFacts| unit.text.bytes().unwrap_or_default();
        let is_wanted = |unit: &UnitFacts| {
            let text = text_of(unit);
            self.rule.commands.iter().any(|command| plain(command.as_bytes()) == plain(&text))
        };
        let surplus = units.iter().find(|unit| !is_wanted(unit)).or(units.last());
        if let Some(unit) = surplus {
            let text = text_of(unit);
            let what = format!("line {} {} of the script is not in the policy", unit.line, shown(&text));
            self.deny("script.commands", Code::ScriptLineAdded, Some(unit.line), what);
        }
    }

    /// The shell came to its end, with the status of its last command.
    fn ended(&mut self) {
        let closed = self.shell.and_then(|shell| shell.closed);
        let last = match self.ran.len() {
            0 => "no command ran".to_owned(),
            count => format!("the last command that ran was {}", self.seen(count - 1)),
        };
        let line = self.ran.last().and_then(|ran| ran.line);
        if closed != Some(CloseReason::Exit) {
            let how = match closed {
                Some(CloseReason::Signal) => "a signal ended the script",
                _ => "the script was not seen to come to its end",
            };
            return self.deny("script.mode", Code::ScriptEnd, line, format!("{how}; {last}"));
        }
        // The denial of a command's line has said this already.
        if self.denials.iter().any(|denial| denial.rule == "script.exit") {
            return;
        }
        let exit = self.shell.and_then(|shell| shell.exit_code);
        let Some(exit) = exit else {
            return self.deny(
                "script.exit",
                Code::ScriptExit,
                line,
                format!("nobody saw the script's exit status; {last}"),
            );
        };
        if let Some(allowed) = self.rule.exit.as_ref().filter(|allowed| !allowed.contains(&exit)) {
            let what = format!("the script ended with {exit}; {}; {last}", are_allowed(allowed));
            return self.deny("script.exit", Code::ScriptExit, line, what);
        }
        let status = self.ran.last().and_then(|ran| ran.facts.exit_code);
        if status.is_some_and(|status| status != exit) {
            self.deny(
                "script.exit",
                Code::ScriptExit,
                line,
                format!("the script ended with another status, {exit}; {last}"),
            );
        }
    }
}

fn are_allowed(allowed: &[Status]) -> String {
    let words: Vec<String> = allowed.iter().map(Status::to_string).collect();
    match &words[..] {
        [one] => format!("{one} is allowed"),
        _ => format!("{} are allowed", words.join(", ")),
    }
}
