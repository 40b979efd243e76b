//! A command as a page shows it.

use std::collections::HashMap;

use super::below::Part;
use super::chart::{Bar, Interval, Scale};
use super::hides::{Hidden, planned, typed};
use super::room::{brief, lines, one_line};
use super::script::UNPLANNED;
use crate::policy::Hides;
use crate::record::Unseen;
use crate::report::duration;
use crate::seal::statement::{CommandFacts, CommandText, PlanFacts, Predicate};

/// The longest command, in characters; and what all of them may come to, before each has fewer.
const TEXT_MAX: usize = 4_000;
const TEXTS_MAX: usize = 2_000_000;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// With 0.
    Good,
    /// Nobody saw.
    Open,
    /// With 0, and a member of its pipe failed.
    Hid,
    /// With another status.
    Bad,
}

impl State {
    /// The name of its class.
    pub fn class(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Open => "open",
            State::Hid => "hid",
            State::Bad => "bad",
        }
    }

    /// Where its mark begins on a lane that is 20 high: who does not see colours sees heights.
    pub fn top(self) -> u8 {
        match self {
            State::Good | State::Open => 8,
            State::Hid => 4,
            State::Bad => 0,
        }
    }
}

/// A command.
pub(super) struct Command {
    pub seq: u64,
    pub shell: u64,
    pub state: State,
    pub status: String,
    pub duration: String,
    pub started_at: String,
    /// Its text, or what stands for it.
    pub text: String,
    /// Its text is there.
    pub has_text: bool,
    /// Its script and line, or its shell, where there are several; its folder.
    pub place: String,
    pub folder: String,
    pub hidden: Hidden,
    pub bar: Option<Bar>,
    /// What started below it, and what that touched.
    pub below: Option<Part>,
}

impl Command {
    /// How it ended, in words for who does not see colours.
    pub fn told(&self) -> String {
        let word = match self.state {
            State::Good => "succeeded",
            State::Open => "status not known",
            State::Hid => "hid a failure",
            State::Bad => "failed",
        };
        format!("{}: {word}, {}", self.seq, self.duration)
    }

    /// Where and when it ran.
    pub fn around(&self) -> String {
        let parts = [&self.place, &self.folder, &self.started_at];
        parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ")
    }

    /// One line of a list.
    pub fn line(&self) -> String {
        let mark = match (&self.hidden.did, self.hidden.may.is_empty()) {
            (Some(_), _) => "hid ",
            (None, false) => "may ",
            (None, true) => "    ",
        };
        format!("{:>5} {:>9} {:>8} {mark} {}", self.seq, self.status, self.duration, brief(&self.text))
    }
}

/// When a command ran; one that nobody saw end is as short as can be.
pub(super) fn interval(command: &CommandFacts) -> Option<Interval> {
    let start_ms = command.started_at.parse::<jiff::Timestamp>().ok()?.as_millisecond();
    let lasted_ms = i64::try_from(command.duration_ms.unwrap_or_default()).ok()?;
    Some(Interval { start_ms, end_ms: start_ms.saturating_add(lasted_ms) })
}

/// A script, and what the words of each unit tell.
struct Planned<'a> {
    plan: &'a PlanFacts,
    words: Vec<Vec<Hides>>,
}

/// The commands as they are shown.
pub(super) fn commands(predicate: &Predicate, facts: &[CommandFacts], scale: Option<&Scale>) -> Vec<Command> {
    let text_max = (TEXTS_MAX / facts.len().max(1)).min(TEXT_MAX);
    let plans: HashMap<u64, Planned> =
        predicate.plans.iter().map(|plan| (plan.shell, Planned { plan, words: planned(plan) })).collect();
    let programs: HashMap<u64, &str> =
        predicate.session.shells.iter().map(|shell| (shell.id, shell.program.as_str())).collect();
    let one = |facts: &CommandFacts| {
        let plan = plans.get(&facts.shell);
        let unit = facts.unit.and_then(|unit| usize::try_from(unit).ok()?.checked_sub(1));
        let of_plan = plan.zip(unit).and_then(|(plan, unit)| plan.words.get(unit));
        let program = programs.get(&facts.shell).copied().unwrap_or_default();
        let words = of_plan.cloned().unwrap_or_else(|| typed(facts, program));
        let hidden = Hidden::of(facts, &words);
        let text = lines(&facts.text, text_max);
        let missing = if matches!(facts.text, CommandText::Redacted(_)) { "redacted" } else { "withheld" };
        Command {
            seq: facts.seq,
            state: match (facts.exit_code, &hidden.did) {
                (Some(0), None) => State::Good,
                (Some(0), Some(_)) => State::Hid,
                (Some(_), _) => State::Bad,
                (None, _) => State::Open,
            },
            status: status(facts),
            duration: facts
                .duration_ms
                .map_or_else(|| "-".to_owned(), |ms| duration(ms.saturating_mul(1_000_000))),
            started_at: one_line(&facts.started_at),
            has_text: text.is_some(),
            text: text.unwrap_or_else(|| missing.to_owned()),
            shell: facts.shell,
            place: match plan {
                Some(plan) => line(plan.plan, unit),
                None if programs.len() > 1 => format!("shell {}", facts.shell),
                None => String::new(),
            },
            folder: facts.workdir.as_deref().map(one_line).unwrap_or_default(),
            hidden,
            bar: scale.zip(interval(facts)).map(|(scale, interval)| scale.bar(interval)),
            below: None,
        }
    };
    facts.iter().map(one).collect()
}

/// The status, or why it is missing.
fn status(command: &CommandFacts) -> String {
    let none = if command.stale { "stale" } else { "unknown" };
    let unseen = || command.outcome.map_or(none, Unseen::name).to_owned();
    command.exit_code.map_or_else(unseen, |status| status.to_string())
}

/// The line of a script.
fn line(plan: &PlanFacts, unit: Option<usize>) -> String {
    let name = plan.name.as_deref().map_or_else(|| "script".to_owned(), one_line);
    match (&plan.units, unit) {
        (Some(units), Some(unit)) if unit < units.len() => format!("{name}:{}", units[unit].line),
        (Some(_), _) => format!("{name}: {UNPLANNED}"),
        (None, _) => name,
    }
}
