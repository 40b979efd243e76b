//! What a session's starts and statuses rest on.
//!
//! Lives here: the words of the verdict about it. Not here: what a policy asks of it (`policy`).

use crate::record::{Evidence, Status};
use crate::seal::processes::ByShell;
use crate::seal::statement::{PlanFacts, Predicate};

use super::verdict::Mark;
use crate::fact::process::SeenBy;
use crate::text::{count, visible};

/// What is left of a script whose text was taken out.
const NO_TEXT: &str = "; of a script whose text was redacted the order and the statuses";

/// The status of the shell that ran a plan's script.
pub(super) fn ended_with(predicate: &Predicate, plan: &PlanFacts) -> Option<Status> {
    predicate.session.shells.iter().find(|shell| shell.id == plan.shell)?.exit_code
}

/// What the starts and statuses of a session rest on: of several scripts, the weakest. `journal` has the
/// starts of programs that the statement has no room for.
pub(super) fn evidence(predicate: &Predicate, journal: Option<&ByShell>) -> (Mark, String) {
    let plans = &predicate.plans;
    let with = |evidence: Evidence| plans.iter().find(|plan| plan.evidence == evidence);
    if let Some(plan) = with(Evidence::Whole) {
        let ended =
            ended_with(predicate, plan).map_or_else(String::new, |code| format!("; it ended with {code}"));
        return (Mark::Bad, format!("none: the commands of shell {} were not seen{ended}", plan.shell));
    }
    let starts = match predicate.is_by_kernel() {
        true => format!("; what started below {}", by_kernel(predicate, journal).1),
        false => String::new(),
    };
    if with(Evidence::Traps).is_some() {
        return (Mark::Open, format!("told by traps of the script's own shell{starts}"));
    }
    // Of a script that was not redacted the digest is there; of one that was masked, or of which each
    // unit was disclosed, the units.
    let redacted =
        if plans.iter().any(|plan| plan.sha256.is_none() && plan.units.is_none()) { NO_TEXT } else { "" };
    match plans.first() {
        None if predicate.is_by_kernel() => by_kernel(predicate, journal),
        None => (Mark::Open, "told by the hooks of its shells".into()),
        Some(plan) => {
            let version = plan.interpreter.version.as_deref().unwrap_or_default();
            let version = version.split('(').next().unwrap_or_default();
            let space = if version.is_empty() { "" } else { " " };
            (Mark::Good, format!("read from bash{space}{version} itself, unit by unit{redacted}{starts}"))
        }
    }
}

/// What the starts below the commands rest on where the kernel told of them.
fn by_kernel(predicate: &Predicate, journal: Option<&ByShell>) -> (Mark, String) {
    let told = predicate.processes_with(journal);
    let is_seen_by = |who: SeenBy| told.values().any(|told| told.seen_by == Some(who));
    if let Some(told) = told.values().find(|told| told.seen_by == Some(SeenBy::Nobody)) {
        let why =
            told.unseen.as_deref().map_or_else(String::new, |why| format!(": {}", visible(why.as_bytes())));
        return (Mark::Open, format!("told by nobody, because starts could not be seen{why}"));
    }
    let gap = told.values().find_map(|told| told.gap());
    if let Some(why) = gap {
        return (Mark::Bad, format!("told by the kernel, and not of every start: {why}"));
    }
    let of = |who: SeenBy| {
        let told = told.values().filter(|told| told.seen_by == Some(who));
        told.map(|told| told.starts.len()).sum::<usize>()
    };
    let (held, followed) = (of(SeenBy::Filter), of(SeenBy::Trace));
    let unsure = told.values().flat_map(|told| told.starts.values()).filter(|start| start.unsure).count();
    let unsure = match unsure {
        0 => String::new(),
        unsure => format!("; of {} nobody saw what became of it", count(unsure, "start")),
    };
    let left = match told.values().filter_map(|told| told.count).map(|count| count.running).sum::<u64>() {
        0 => String::new(),
        left => format!("; {left} went on when it ended, unrecorded from then"),
    };
    let by_filter =
        format!("told by the kernel: each of {} below was held until it was recorded", count(held, "start"));
    let by_trace = format!(
        "told by ptrace: each of {} below stopped until it was recorded; a process can be made that ptrace does not follow",
        count(followed, "start")
    );
    let how = match (is_seen_by(SeenBy::Filter), is_seen_by(SeenBy::Trace)) {
        (true, true) => format!("{by_filter}; {by_trace}"),
        (false, true) => by_trace,
        _ => by_filter,
    };
    (Mark::Open, format!("{how}{unsure}{left}"))
}
