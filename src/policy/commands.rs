//! The commands of a script against those that ran.
//!
//! What lives here: which command ran for which command of the policy, and the words for what
//! did not. What does not: what the plan must show (`plan`), units of a script, which bash knows.
//!
//! Rules: the denial of what failed first comes first; each denial names a line and what ran
//! near it.

use std::collections::HashSet;

use super::words::shown;
use super::{Denial, Mode, Runner, ScriptRule};
use crate::cause::Code;
use crate::mask::hides;
use crate::record::{Evidence, Status, Unseen};
use crate::seal::statement::{CommandFacts, PlanFacts, ShellFacts};
use crate::text::count;

/// What is wrong with a status that nobody saw, although the script went on.
const UNTOLD: &str = "ended with a status that nobody saw";
/// What to write instead of a command that bash does not announce to its traps.
const UNANNOUNCED: &str = "; bash does not tell its traps of ( ... ), of definitions and of lists before &: write :; before such a one";
/// Why what has a sign for anything is denied.
const OPAQUE: &str = "may be another command: what [...*] stands for may run; to judge what is shown write opaque = \"as-shown\"";
/// The most commands out of place that are listed.
pub(super) const TOLD_MAX: usize = 50;

/// A command's text as it is compared. What was recorded masked is not what has the same letters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Text<'a> {
    plain: &'a [u8],
    masked: bool,
}

impl ScriptRule {
    fn text(&self, at: usize) -> Text<'_> {
        Text { plain: plain(self.commands[at].as_bytes()), masked: self.masked.contains(&at) }
    }

    /// The commands of which a part is masked that may be anything.
    pub fn opaque(&self) -> impl Iterator<Item = usize> {
        self.masked.iter().copied().filter(|at| hides(self.commands[*at].as_bytes()))
    }
}

/// A command that ran.
pub(super) struct Ran<'a> {
    pub(super) facts: &'a CommandFacts,
    text: Option<Vec<u8>>,
    masked: bool,
    /// Its line in the recorded script.
    pub(super) line: Option<u64>,
    /// Its text is that of the plan's unit that it is.
    pub(super) of_plan: bool,
}

impl<'a> Ran<'a> {
    pub(super) fn new(facts: &'a CommandFacts, plan: Option<&PlanFacts>) -> Self {
        let number = facts.unit.and_then(|unit| usize::try_from(unit.checked_sub(1)?).ok());
        let unit = number.and_then(|number| plan?.units.as_ref()?.get(number));
        let text = facts.text.bytes();
        let of_plan = text.is_some() && unit.is_some_and(|unit| unit.text == facts.text);
        let masked = facts.text.is_masked();
        Ran { facts, text, masked, line: unit.map(|unit| unit.line), of_plan }
    }

    /// Whether it is a line of the runner's own, and not of the job.
    pub(super) fn is_of(&self, runner: Option<Runner>) -> bool {
        let is_told = |text: &&[u8]| self.of_plan && !(self.masked && hides(text));
        let text = self.text.as_deref().filter(is_told);
        runner.zip(text).is_some_and(|(runner, text)| runner.is_own(text))
    }

    /// Its text, where it is there.
    fn text(&self) -> Option<Text<'_>> {
        self.text.as_deref().map(|text| Text { plain: plain(text), masked: self.masked })
    }

    fn is(&self, wanted: Text) -> bool {
        self.text() == Some(wanted)
    }

    /// Whether a pipeline may be in it.
    fn may_pipe(&self) -> bool {
        may_pipe(self.text.as_deref().unwrap_or(b"|"))
    }
}

/// Whether a pipeline may be in a text. No `||` behind a blank is one, wherever it stands.
pub(super) fn may_pipe(text: &[u8]) -> bool {
    let is_or =
        |at: usize| text[at..].starts_with(b"||") && at > 0 && matches!(text[at - 1], b' ' | b'\t' | b'\n');
    let mut at = 0;
    while at < text.len() {
        match (text[at], is_or(at)) {
            (b'|', false) => return true,
            (b'|', true) => at += 2,
            _ => at += 1,
        }
    }
    false
}

/// A text without the blanks before and the newlines after it, which mean nothing to bash.
pub(super) fn plain(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n')).unwrap_or(text.len());
    let text = &text[start..];
    let end = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |at| at + 1);
    &text[..end]
}

/// What stands behind a text that was masked: another one has the same letters.
fn masked(is_masked: bool) -> &'static str {
    if is_masked { " (masked)" } else { "" }
}

/// A script of the policy, and what ran for it.
pub(super) struct Judged<'a> {
    pub(super) rule: &'a ScriptRule,
    pub(super) ran: Vec<Ran<'a>>,
    pub(super) plan: Option<&'a PlanFacts>,
    pub(super) shell: Option<&'a ShellFacts>,
    /// What is not among the commands did not run.
    pub(super) all_told: bool,
    pub(super) denials: Vec<Denial>,
}

impl<'a> Judged<'a> {
    pub(super) fn new(
        rule: &'a ScriptRule,
        ran: Vec<Ran<'a>>,
        plan: Option<&'a PlanFacts>,
        shell: Option<&'a ShellFacts>,
        all_told: bool,
    ) -> Self {
        Judged { rule, ran, plan, shell, all_told, denials: Vec::new() }
    }

    pub(super) fn deny(&mut self, rule: &'static str, code: Code, line: Option<u64>, text: String) {
        self.denials.push(Denial { rule, code, line, text });
    }

    /// A command of the policy, as messages have it.
    pub(super) fn wanted(&self, at: usize) -> String {
        let (line, text) = (self.rule.lines[at], shown(self.rule.commands[at].as_bytes()));
        format!("line {line} {text}{}", masked(self.rule.masked.contains(&at)))
    }

    /// A command that ran, as messages have it.
    pub(super) fn seen(&self, at: usize) -> String {
        let ran = &self.ran[at];
        let text = ran.text.as_deref().map_or_else(|| "(no text)".to_owned(), shown) + masked(ran.masked);
        match ran.line {
            Some(line) => format!("line {line} {text}"),
            None => format!("command {} {text}", ran.facts.seq),
        }
    }

    pub(super) fn compare(&mut self) {
        self.opaque();
        match self.rule.mode {
            Mode::Entire => self.align(),
            Mode::Ordered | Mode::Contains => self.find(),
        }
    }

    /// What a sign hides may be another command, so nobody knows that a command with it is the one
    /// that is asked for.
    fn opaque(&mut self) {
        if self.rule.opaque_as_shown {
            return;
        }
        let rule = self.rule;
        for at in rule.opaque() {
            let what = format!("{} {OPAQUE}", self.wanted(at));
            self.deny("script.opaque", Code::ScriptLineHidden, Some(rule.lines[at]), what);
        }
        let others = rule.arguments.iter().map(|text| ("the argument", text));
        for (what, text) in others.chain(rule.before.iter().map(|text| ("before the recording", text))) {
            if hides(text.as_bytes()) {
                let what = format!("{what} {} {OPAQUE}", shown(text.as_bytes()));
                self.deny("script.opaque", Code::ScriptLineHidden, None, what);
            }
        }
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
            } else if !there || !self.ran[ran].is(self.rule.text(at)) {
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
        let seen = &self.ran[ran..];
        let count = |text: Text| {
            let wanted = (at..self.rule.commands.len()).filter(|at| self.rule.text(*at) == text);
            (wanted.count(), seen.iter().filter(|ran| ran.is(text)).count())
        };
        let missing = at < self.rule.commands.len() && {
            let (wanted, seen) = count(self.rule.text(at));
            seen < wanted
        };
        let added = seen.first().is_some_and(|ran| {
            ran.text().is_none_or(|text| {
                let (wanted, seen) = count(text);
                wanted < seen || wanted == 0
            })
        });
        (missing, added)
    }

    /// How many commands ran of which the text is not there.
    fn hidden(&self) -> usize {
        self.ran.iter().filter(|ran| ran.text.is_none()).count()
    }

    fn not_run(&self) -> &'static str {
        if self.all_told && self.hidden() == 0 { "did not run" } else { "was not seen to run" }
    }

    fn missing(&mut self, at: usize, last: Option<usize>) {
        let near = match (last, self.ran.first()) {
            (Some(last), _) => format!("the command before it that did was {}", self.wanted(last)),
            (None, None) => "no command did".to_owned(),
            (None, Some(first)) => {
                let next = (0..self.rule.commands.len()).find(|at| first.is(self.rule.text(*at)));
                let next = next.map_or_else(|| self.seen(0), |next| self.wanted(next));
                format!("the first command that did was {next}")
            }
        };
        let traps = self.plan.is_some_and(|plan| plan.evidence == Evidence::Traps);
        let what = match traps {
            false => format!("{} {}; {near}", self.wanted(at), self.not_run()),
            true => format!("{} was not seen to run; {near}{UNANNOUNCED}", self.wanted(at)),
        };
        self.deny("script.commands", Code::ScriptLineMissing, Some(self.rule.lines[at]), what);
    }

    fn replaced(&mut self, at: usize, ran: usize) {
        let (wanted, not_run) = (self.wanted(at), self.not_run());
        let mut what = format!("{wanted} {not_run}; in its place {} did", self.seen(ran));
        if let Some(difference) = self.first_difference(at, ran) {
            what.push_str(&difference);
        }
        self.deny("script.commands", Code::ScriptLineReplaced, Some(self.rule.lines[at]), what);
    }

    /// The first line in which a command of several lines is another one; its first line alone
    /// would read as if nothing were wrong.
    fn first_difference(&self, at: usize, ran: usize) -> Option<String> {
        let wanted = plain(self.rule.commands[at].as_bytes());
        let found = plain(self.ran[ran].text.as_deref()?);
        if !wanted.contains(&b'\n') && !found.contains(&b'\n') {
            return None;
        }
        let (mut wanted, mut found) =
            (wanted.split(|byte| *byte == b'\n'), found.split(|byte| *byte == b'\n'));
        let mut line = self.rule.lines[at];
        loop {
            let (wanted, found) = (wanted.next(), found.next());
            if wanted == found {
                wanted?;
                line += 1;
                continue;
            }
            if wanted.zip(found).is_some_and(|(one, other)| one.trim_ascii() == other.trim_ascii()) {
                return Some(format!("; at line {line} it has other blanks"));
            }
            let told = |text: Option<&[u8]>| text.map_or_else(|| "its end".to_owned(), shown);
            return Some(format!(
                "; at line {line} {} is wanted, and {} was found",
                told(wanted),
                told(found)
            ));
        }
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
        let early = (at..self.rule.commands.len()).find(|at| self.ran[ran].is(self.rule.text(*at)));
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
            let command = self.rule.text(at);
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
                    _ if self.hidden() > 0 => {
                        let (wanted, hidden) = (self.wanted(at), count(self.hidden(), "command"));
                        let what = format!(
                            "{wanted} was not seen to run; the text of {hidden} that ran is not there"
                        );
                        self.deny("script.commands", Code::ScriptLineHidden, Some(self.rule.lines[at]), what);
                    }
                    _ => self.missing(at, last),
                },
            }
        }
    }

    /// What is wrong with the status of a command, if anything: the key, what kind, and in words.
    fn not_allowed(&self, ran: usize) -> Option<(&'static str, Code, String)> {
        let allowed = self.rule.exit.as_ref()?;
        let facts = self.ran[ran].facts;
        let replaced = facts.outcome == Some(Unseen::Replaced) && ran + 1 == self.ran.len();
        let status = match facts.exit_code {
            None if replaced => self.shell.and_then(|shell| shell.exit_code),
            status => status,
        };
        let (key, code, why) = match status {
            Some(status) if allowed.contains(&status) => self.bad_pipe(allowed, ran)?,
            Some(status) => ("script.exit", Code::ScriptStatus, format!("ended with {status}")),
            None if facts.stale || facts.outcome == Some(Unseen::Untold) => {
                ("script.exit", Code::ScriptStatusUntold, UNTOLD.to_owned())
            }
            None => ("script.exit", Code::ScriptStatusUnseen, "was not seen to end".to_owned()),
        };
        Some((key, code, format!("{why}; {}", are_allowed(allowed))))
    }

    /// What is wrong with a pipeline of a command whose own status is a good one.
    fn bad_pipe(&self, allowed: &[Status], ran: usize) -> Option<(&'static str, Code, String)> {
        let ran = &self.ran[ran];
        let what = match &ran.facts.pipe_status {
            _ if !self.rule.every_pipe => return None,
            Some(statuses) if statuses.iter().all(|status| allowed.contains(status)) => return None,
            Some(statuses) => {
                let words: Vec<String> = statuses.iter().map(Status::to_string).collect();
                (Code::ScriptPipe, format!("has a pipeline that ended with {}", words.join(" | ")))
            }
            None if !ran.may_pipe() => return None,
            None => {
                (Code::ScriptPipeUnseen, "may have a pipeline of which nobody saw each status".to_owned())
            }
        };
        Some(("script.pipe", what.0, what.1))
    }

    fn status(&mut self, at: usize, ran: usize) {
        if let Some((key, code, why)) = self.not_allowed(ran) {
            let what = format!("{} {why}", self.wanted(at));
            self.deny(key, code, Some(self.rule.lines[at]), what);
        }
    }
}

pub(super) fn are_allowed(allowed: &[Status]) -> String {
    let words: Vec<String> = allowed.iter().map(Status::to_string).collect();
    match &words[..] {
        [one] => format!("{one} is allowed"),
        _ => format!("{} are allowed", words.join(", ")),
    }
}
