//! What the plan of a script must show: how it came to be known, and how its shell was started.
//!
//! What lives here: evidence, file, options, arguments, environment, what ran before the
//! recording, whether each command is a unit of the plan, and the shell's end. What does not:
//! the commands of the policy (`commands`).
//!
//! Rules: what is not recorded is denied.

use super::commands::{Judged, TOLD_MAX, are_allowed, plain};
use super::words::{quoted, shown};
use super::{Mode, Runner};
use crate::cause::Code;
use crate::mask::{has_known_sign, hides};
use crate::record::{CloseReason, Evidence};
use crate::seal::statement::{PlanFacts, UnitFacts};

/// The line that starts the recording of a job needs no naming.
pub(super) const INIT: &[u8] = br#"eval "$(attesh init bash --ci)""#;
/// The options that have a name and do not change what runs.
const HARMLESS: [&str; 5] = ["errexit", "nounset", "pipefail", "xtrace", "verbose"];

impl Judged<'_> {
    /// What its starts and statuses rest on; whether there is anything to be compared.
    pub(super) fn evidence(&mut self, plan: &PlanFacts) -> bool {
        let what = match (plan.evidence, self.rule.evidence) {
            (Evidence::Whole, _) => {
                "the script was recorded as one command, so nobody saw what ran of it".to_owned()
            }
            (Evidence::Traps, Evidence::Reader) => {
                "traps of the script's own shell told of its commands, and the policy wants them read from bash; to accept traps write evidence = \"traps\"".to_owned()
            }
            _ => return true,
        };
        self.deny("script.evidence", Code::ScriptEvidence, None, what);
        plan.evidence != Evidence::Whole
    }

    /// Of which bytes the plan was recorded, and whether bash had the same.
    pub(super) fn file(&mut self, plan: &PlanFacts) {
        let ended = self.shell.and_then(|shell| shell.closed).is_some_and(CloseReason::is_own_end);
        let what = match (plan.unchanged, ended, plan.evidence) {
            (true, ..) => None,
            (false, false, _) => Some("the script has no end, so nobody saw all that its shell read"),
            (false, true, Evidence::Reader) => {
                Some("its shell read something that is not the planned script")
            }
            (false, true, _) => Some("the script's file was changed, moved or removed while it ran"),
        };
        if let Some(what) = what {
            self.deny("script.plan", Code::ScriptChanged, None, what.into());
        }
        match (&self.rule.sha256, &plan.sha256) {
            (Some(wanted), Some(seen)) if wanted != seen => {
                let what = format!("the script is another one, byte by byte: its sha256 is {seen}");
                self.deny("script.sha256", Code::ScriptOther, None, what);
            }
            (Some(_), None) => {
                let what = "the script has no digest: it or a part of it was redacted or masked".into();
                self.deny("script.sha256", Code::ScriptOther, None, what);
            }
            _ => {}
        }
    }

    /// How its shell was started.
    pub(super) fn interpreter(&mut self, plan: &PlanFacts) {
        let of = &plan.interpreter;
        match &of.options {
            None => {
                let what = "the options of its shell are not recorded".into();
                self.deny("script.options", Code::ScriptOptions, None, what);
            }
            Some(had) => {
                let wanted = match &self.rule.options {
                    None if are_harmless(had) => None,
                    None => Some("only such as do not change what runs".to_owned()),
                    Some(wanted) if wanted == had => None,
                    Some(wanted) => Some(quoted(wanted)),
                };
                if let Some(wanted) = wanted {
                    let what =
                        format!("its shell had the options {}; the policy wants {wanted}", quoted(had));
                    self.deny("script.options", Code::ScriptOptions, None, what);
                }
            }
        }
        match &of.arguments {
            None => {
                let what = "its arguments are not recorded".into();
                self.deny("script.arguments", Code::ScriptArguments, None, what);
            }
            Some(had) if *had != self.rule.arguments => {
                let (had, wanted) = (quoted(had), quoted(&self.rule.arguments));
                let what = format!("its arguments were {had}; the policy wants {wanted}");
                self.deny("script.arguments", Code::ScriptArguments, None, what);
            }
            Some(_) => {}
        }
        for one in of.inherited.iter().filter(|one| !self.rule.environment.contains(one)) {
            let what = format!("{} was set, which changes what its shell does", one.name());
            self.deny("script.environment", Code::ScriptEnvironment, None, what);
        }
    }

    /// What ran of the plan before the recording began.
    pub(super) fn before(&mut self, plan: &PlanFacts, units: &[UnitFacts]) {
        let count = usize::try_from(plan.before).unwrap_or(usize::MAX).min(units.len());
        let is_own = |text: &[u8]| self.rule.runner.is_some_and(|runner| runner.is_own(text) && !hides(text));
        let known = |text: &[u8]| text == INIT || is_own(text);
        // What was not masked has no sign, but letters that look like one.
        let is_literal = |unit: &UnitFacts, text: &[u8]| !unit.text.is_masked() && has_known_sign(text);
        let texts = units[..count].iter().map(|unit| (unit, unit.text.bytes().unwrap_or_default()));
        let had: Vec<(&UnitFacts, Vec<u8>)> = texts.filter(|(_, text)| !known(text)).collect();
        let wanted = &self.rule.before;
        let same = |((unit, text), wanted): (&(&UnitFacts, Vec<u8>), &String)| {
            plain(text) == plain(wanted.as_bytes()) && !is_literal(unit, text)
        };
        let at = had.iter().zip(wanted).take_while(|pair| same(*pair)).count();
        let (line, what) = match (had.get(at), wanted.get(at)) {
            (None, None) => return,
            (Some((unit, text)), _) => (
                Some(unit.line),
                format!(
                    "line {} {} of the script ran before the recording began, and before = [...] does not name it there",
                    unit.line,
                    shown(text)
                ),
            ),
            (None, Some(wanted)) => {
                (None, format!("{} did not run before the recording began", shown(wanted.as_bytes())))
            }
        };
        self.deny("script.before", Code::ScriptBefore, line, what);
    }

    /// Every command that ran is a unit of the plan, in the plan's order.
    pub(super) fn as_planned(&mut self, plan: &PlanFacts) {
        let mut last = plan.before;
        for at in 0..self.ran.len() {
            let ran = &self.ran[at];
            let why = match ran.facts.unit {
                None => "is no command of the script",
                Some(_) if !ran.of_plan => "is not what the plan has in its place",
                Some(unit) if unit <= last => "ran again, or behind what follows it in the script",
                Some(unit) => {
                    last = unit;
                    continue;
                }
            };
            let (line, what) = (ran.line, format!("{} {why}", self.seen(at)));
            self.deny("script.plan", Code::ScriptLineUnplanned, line, what);
            if self.denials.len() >= TOLD_MAX {
                return;
            }
        }
    }

    /// The plan has no command that the policy has not.
    pub(super) fn surplus(&mut self, plan: &PlanFacts, units: &[UnitFacts]) {
        let before = usize::try_from(plan.before).unwrap_or(usize::MAX).min(units.len());
        let of_runner = |text: &[u8]| self.rule.runner.is_some_and(|runner: Runner| runner.is_own(text));
        let texts = units[before..].iter().map(|unit| (unit.line, unit.text.bytes().unwrap_or_default()));
        let units: Vec<(u64, Vec<u8>)> = texts.filter(|(_, text)| !of_runner(text)).collect();
        if units.len() <= self.ran.len().max(self.rule.commands.len()) {
            return;
        }
        let is_wanted =
            |text: &[u8]| self.rule.commands.iter().any(|command| plain(command.as_bytes()) == plain(text));
        let surplus = units.iter().find(|(_, text)| !is_wanted(text)).or(units.last());
        if let Some((line, text)) = surplus {
            let what = format!("line {line} {} of the script is not in the policy", shown(text));
            self.deny("script.commands", Code::ScriptLineAdded, Some(*line), what);
        }
    }

    /// The shell came to its end, with the status of its last command.
    pub(super) fn ended(&mut self) {
        let closed = self.shell.and_then(|shell| shell.closed);
        let last = match self.ran.len() {
            0 => "no command ran".to_owned(),
            count => format!("the last command that ran was {}", self.seen(count - 1)),
        };
        let line = self.ran.last().and_then(|ran| ran.line);
        if closed != Some(CloseReason::Exit) {
            let how = match closed {
                Some(CloseReason::Signal) => "a signal ended the script",
                Some(CloseReason::Sealed | CloseReason::Stopped) => {
                    "the session was ended while the script ran"
                }
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
            let what = format!("nobody saw the script's exit status; {last}");
            return self.deny("script.exit", Code::ScriptExit, line, what);
        };
        if let Some(allowed) = self.rule.exit.as_ref().filter(|allowed| !allowed.contains(&exit)) {
            let what = format!("the script ended with {exit}; {}; {last}", are_allowed(allowed));
            return self.deny("script.exit", Code::ScriptExit, line, what);
        }
        let status = self.ran.last().and_then(|ran| ran.facts.exit_code);
        if status.is_some_and(|status| status != exit) {
            let what = format!("the script ended with another status, {exit}; {last}");
            self.deny("script.exit", Code::ScriptExit, line, what);
        }
    }

    /// Judges the plan and what ran of it; `no_plans`: the statement has no plan at all, as that
    /// of a typed session.
    pub(super) fn judge(mut self, no_plans: bool) -> Vec<super::Denial> {
        let Some(plan) = self.plan else {
            if no_plans && !self.rule.needs_plan() {
                self.compare();
            } else {
                // Without a plan nothing shows that any line ran.
                let what = format!("{} cannot be shown to have run: there is no plan", self.wanted(0));
                self.deny("script.plan", Code::ScriptPlanMissing, Some(self.rule.lines[0]), what);
            }
            return self.denials;
        };
        if !self.evidence(plan) {
            return self.denials;
        }
        self.compare();
        // A command that was added behind can hide a status: its denial comes first.
        self.denials.sort_by_key(|denial| denial.code == Code::ScriptStatusUntold);
        match &plan.units {
            None => {
                let what =
                    "the plan has no commands: one was redacted or is not disclosed, or they are too many"
                        .into();
                self.deny("script.plan", Code::ScriptPlanUnits, None, what);
            }
            Some(units) => {
                self.as_planned(plan);
                self.before(plan, units);
                if self.rule.mode == Mode::Entire {
                    self.surplus(plan, units);
                }
            }
        }
        if self.rule.mode == Mode::Entire {
            self.ended();
        }
        self.file(plan);
        self.interpreter(plan);
        self.denials
    }
}

/// Whether options do not change what runs: where the script comes from, where a failure ends it,
/// and what it shows.
fn are_harmless(options: &[String]) -> bool {
    let mut words = options.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if ["--", "--norc", "--noprofile"].contains(&word) {
            continue;
        }
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            return false;
        };
        for letter in letters.chars() {
            let fits = match letter {
                'c' | 's' | 'e' | 'u' | 'x' | 'v' => true,
                'o' => words.next().is_some_and(|name| HARMLESS.contains(&name)),
                _ => false,
            };
            if !fits {
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_change_what_runs_are_taken_for_others() {
        let of = |options: &str| {
            let words: Vec<String> = options.split_whitespace().map(str::to_owned).collect();
            are_harmless(&words)
        };
        for harmless in [
            "",
            "-e",
            "-e -u -x -v",
            "-ec",
            "-s",
            "-ex",
            "-eo pipefail",
            "-e -o pipefail",
            "-euo pipefail --",
            "-oo errexit nounset",
            "--norc --noprofile -o xtrace -o verbose",
        ] {
            assert!(of(harmless), "{harmless}");
        }
        for other in [
            "-n",
            "-t",
            "-O extglob",
            "-o posix",
            "-o",
            "-eo",
            "-eo posix",
            "-oo errexit",
            "-i",
            "-r",
            "-p",
            "--posix",
            "--rcfile x",
            "--pretty-print",
            "+e",
            "+o pipefail",
            "-",
            "e",
            "-et",
            "-o onecmd",
            "-o noexec",
            "-o privileged",
            "-oe",
            "-e x",
        ] {
            assert!(!of(other), "{other}");
        }
    }
}
