//! Which lines of a file of disclosures are meant.
//!
//! What lives here: a person's words held against the lines of a selective statement. What does not:
//! what can be asked for (`journal::redact`), the file (`disclosed`).
//!
//! Rules: a unit of a script is the text of the command that it ran as, and goes with it; the digest of
//! a script goes with the first unit, because it would let everybody try what that was.

use std::collections::HashMap;

use memchr::memmem;

use super::{Line, OfCommand, OfPlan, Place};
use crate::journal::redact::{Asked, Of};
use crate::seal::statement::Predicate;

/// Whether each line is meant, and the first of what was asked for which there is nothing.
#[must_use]
pub fn meant(
    asked: &[Asked],
    predicate: &Predicate,
    lines: &[Line],
    with_units: bool,
) -> (Vec<bool>, Option<usize>) {
    let mut found = vec![false; asked.len()];
    let mut goes: Vec<bool> = lines
        .iter()
        .map(|line| {
            let Some((place, name)) = Place::read(&line.at) else { return false };
            let of = of(&place, predicate);
            let mut is_meant = false;
            for (asked, found) in asked.iter().zip(&mut found) {
                let here = asked.means(&of, name, &line.text.value);
                *found |= here;
                is_meant |= here;
            }
            is_meant
        })
        .collect();
    if with_units {
        units(asked, predicate, lines, &mut goes, &mut found);
        digests(lines, &mut goes);
    }
    let commands = predicate.outcome.command_count;
    let is_missed = |(found, asked): (&bool, &Asked)| !found || asked.is_beyond(commands);
    (goes, found.iter().zip(asked).position(is_missed))
}

/// Whose text stands at a place.
fn of<'a>(place: &Place, predicate: &'a Predicate) -> Of<'a> {
    match place {
        Place::Host | Place::User => Of::Session,
        Place::Command(at, _) => Of::Command(*at as u64 + 1),
        Place::Plan(..) => Of::Plan,
        Place::Fact(at, _) => predicate.facts.get(*at).map_or(Of::Plan, |fact| Of::Fact(fact.kind.as_str())),
    }
}

/// A command that goes.
struct Going<'a> {
    /// By which of what was asked for; `None`: by something that fits its text.
    by: Option<usize>,
    shell: u64,
    unit: Option<u64>,
    /// Its text, where that is there still.
    text: Option<&'a [u8]>,
}

/// The units that have the text of a command that goes: the one that it is, and those of its shell
/// that hold its text.
fn units(asked: &[Asked], predicate: &Predicate, lines: &[Line], goes: &mut [bool], found: &mut [bool]) {
    let places: Vec<Option<Place>> =
        lines.iter().map(|line| Place::read(&line.at).map(|(place, _)| place)).collect();
    let text_of = |place: &Option<Place>| match place {
        Some(Place::Command(at, OfCommand::Text)) => Some(*at),
        _ => None,
    };
    let texts: HashMap<usize, (&[u8], bool)> = (places.iter().zip(lines).zip(&*goes))
        .filter_map(|((place, line), goes)| Some((text_of(place)?, (line.text.value.as_slice(), *goes))))
        .collect();
    let by = |at: usize| {
        let means =
            |asked: &Asked| matches!(asked, Asked::Commands(numbers) if numbers.contains(&(at as u64 + 1)));
        asked.iter().position(means)
    };
    let commands = predicate.commands.iter().flatten().enumerate();
    let going: Vec<Going> = commands
        .filter_map(|(at, command)| {
            let (by, text) = (by(at), texts.get(&at));
            let goes = by.is_some() || text.is_some_and(|(_, goes)| *goes);
            let (shell, unit) = (command.shell, command.unit);
            goes.then_some(Going { by, shell, unit, text: text.map(|(text, _)| *text) })
        })
        .collect();
    let numbered: HashMap<(u64, u64), &Going> =
        going.iter().filter_map(|one| Some(((one.shell, one.unit?), one))).collect();
    for ((line, place), goes) in lines.iter().zip(&places).zip(goes) {
        let Some(Place::Plan(plan, OfPlan::Unit(unit))) = place else { continue };
        let Some(plan) = predicate.plans.get(*plan) else { continue };
        let holds = |one: &&Going| {
            let text = one.text.filter(|text| !text.is_empty() && one.shell == plan.shell);
            text.is_some_and(|text| memmem::find(&line.text.value, text).is_some())
        };
        let it = numbered.get(&(plan.shell, *unit as u64 + 1)).copied();
        // One that goes anyway needs no other reason.
        let Some(one) = it.or_else(|| going.iter().filter(|_| !*goes).find(holds)) else { continue };
        *goes = true;
        if let Some(found) = one.by.and_then(|by| found.get_mut(by)) {
            *found = true;
        }
    }
}

/// The digests of the scripts of which a unit goes.
fn digests(lines: &[Line], goes: &mut [bool]) {
    let plan_of = |line: &Line| match Place::read(&line.at)?.0 {
        Place::Plan(plan, what) => Some((plan, what)),
        _ => None,
    };
    let hit = lines.iter().zip(&*goes).filter(|(_, goes)| **goes).filter_map(|(line, _)| plan_of(line));
    let hit: Vec<usize> =
        hit.filter_map(|(plan, what)| matches!(what, OfPlan::Unit(_)).then_some(plan)).collect();
    for (line, goes) in lines.iter().zip(goes) {
        *goes |= plan_of(line).is_some_and(|(plan, what)| what == OfPlan::Digest && hit.contains(&plan));
    }
}
