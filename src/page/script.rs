//! A script that a shell was to run, and what of it did not run.

use std::collections::HashSet;
use std::ffi::OsStr;

use super::room::{List, MISSING, lines, one_line};
use crate::record::Evidence;
use crate::seal::statement::{CommandFacts, PlanFacts, Predicate};
use crate::text::quoted;

/// The word beside a unit that did not run: its shell ended before it, and no command was lost.
pub const NOT_REACHED: &str = "not reached";
/// The word beside a unit that may have run: nobody saw that it did.
pub const NOT_SEEN: &str = "not seen";
/// The word behind the status of a command that is not in the plan.
pub const UNPLANNED: &str = "unplanned";

/// The most units that are listed of one script, of those that did not run.
const UNITS_MAX: usize = 200;
/// The most options and arguments that are shown, of each.
const WORDS_MAX: usize = 50;

/// A script.
pub(super) struct Script {
    pub name: String,
    /// The shell that ran it: what, and which.
    pub shell: u64,
    pub version: String,
    pub path: String,
    pub evidence: &'static str,
    pub sha256: String,
    pub changed: bool,
    pub options: String,
    pub arguments: String,
    pub folder: String,
    pub inherited: String,
    /// How many units it has, where they are known, and how many of them ran.
    pub units: Option<(usize, usize)>,
    /// How many of them had begun before the recording.
    pub before: u64,
    /// Those behind them that did not run, or that nobody saw.
    pub others: List<Unit>,
    /// The status that its shell ended with.
    pub ended: String,
}

/// A unit that no command ran for.
pub(super) struct Unit {
    pub line: u64,
    pub word: &'static str,
    pub text: String,
}

impl Script {
    pub fn of(plan: &PlanFacts, predicate: &Predicate, text_max: usize) -> Self {
        let commands: &[CommandFacts] = predicate.commands.as_deref().unwrap_or_default();
        let ran: HashSet<u64> =
            commands.iter().filter(|it| it.shell == plan.shell).filter_map(|it| it.unit).collect();
        let known = predicate.commands.is_some();
        let missing = if predicate.tells_all_of(plan) { NOT_REACHED } else { NOT_SEEN };
        let units = (1..).zip(plan.units.iter().flatten());
        let units = units.filter(|(at, _)| known && *at > plan.before && !ran.contains(at));
        let others = units.map(|(_, unit)| Unit {
            line: unit.line,
            word: missing,
            text: lines(&unit.text, text_max).unwrap_or_default(),
        });
        let text = |text: &Option<String>| text.as_deref().map_or_else(|| MISSING.to_owned(), one_line);
        let words = |words: &Option<Vec<String>>| match words {
            None => MISSING.to_owned(),
            Some(words) => listed(words.iter().map(String::as_str)),
        };
        let interpreter = &plan.interpreter;
        let ended = predicate.session.shells.iter().find(|shell| shell.id == plan.shell);
        Script {
            name: text(&plan.name),
            shell: plan.shell,
            version: interpreter.version.as_deref().map(one_line).unwrap_or_default(),
            path: text(&interpreter.path),
            evidence: match plan.evidence {
                Evidence::Reader => "seen where bash reads it, unit by unit",
                Evidence::Traps => "told by traps of its own shell",
                Evidence::Whole => "none: its commands were not seen",
            },
            sha256: text(&plan.sha256),
            changed: !plan.unchanged,
            options: words(&interpreter.options),
            arguments: words(&interpreter.arguments),
            folder: text(&interpreter.workdir),
            inherited: listed(interpreter.inherited.iter().map(|one| one.name())),
            units: plan.units.as_ref().filter(|_| known).map(|units| (units.len(), ran.len())),
            before: plan.before,
            others: List::first(others, UNITS_MAX),
            ended: ended.and_then(|shell| shell.exit_code).map_or_else(String::new, |code| code.to_string()),
        }
    }
}

/// Words with blanks between them, quoted where a shell would need it.
fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let list = List::first(words.map(|word| one_line(&quoted(OsStr::new(word)))), WORDS_MAX);
    match (list.is_empty(), list.left_out()) {
        (true, _) => "none".to_owned(),
        (false, 0) => list.all().join(" "),
        (false, more) => format!("{} and {more} more", list.all().join(" ")),
    }
}
