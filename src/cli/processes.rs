//! The programs that started below a command, as rows below its row.
//!
//! What lives here: the tree, and how many of them failed. What does not: what the facts say
//! (`fact::process`), the row of the command (`show`).

use std::collections::BTreeMap;

use crate::agent::Ran;
use crate::encoding::hex;
use crate::fact::manifest::{Special, Thing};
use crate::fact::process::{Count, End, SeenBy, Started, Told};
use crate::fact::touched::Change;
use crate::report::Style;
use crate::text::{count, quoted, visible};

/// How deep a row is set in at most.
const DEPTH_MAX: usize = 24;

/// What stands behind a start that nobody saw.
pub const UNSURE: &str = " (nobody saw whether it took place)";

/// One line on all of them.
pub fn summary(told: &Told) -> String {
    if told.seen_by == Some(SeenBy::Above) && told.gap().is_none() {
        let place = told
            .above
            .map_or_else(String::new, |(shell, start)| format!(" {shell}, below its start {start}"));
        return format!("program starts: told of at another shell{place}");
    }
    let failed = told.starts.values().filter(|start| start.end.is_some_and(End::is_failure)).count();
    let running = told.count.map_or(0, |count| count.running);
    let running = if running > 0 { format!(", {running} went on") } else { String::new() };
    let gap = told.gap().map_or_else(String::new, |gap| format!("; {}", visible(gap.as_bytes())));
    let files = files(told);
    format!("{} below, {failed} failed{running}{files}{gap}", count(told.starts.len(), "program start"))
}

/// What one record says of all starts below a shell.
pub fn counted(told: &Told) -> String {
    match (told.count, told.seen_by) {
        (Some(_), Some(SeenBy::Above)) => "told of at another shell".to_owned(),
        (Some(Count { seen, lost, running, .. }), _) => {
            let lost = if lost > 0 { format!(", {lost} not recorded") } else { String::new() };
            let running = if running > 0 { format!(", {running} went on") } else { String::new() };
            format!("{seen} seen{lost}{running}; to see them type attesh show --processes")
        }
        (None, _) => visible(told.gap().unwrap_or_default().as_bytes()),
    }
}

/// All rows of a shell, by its commands.
pub fn all(told: &Told, style: Style) -> Vec<String> {
    let mut units: Vec<Option<u64>> = told.starts.values().map(|start| start.n).collect();
    units.extend(told.touched.iter().map(|(n, _)| *n));
    units.sort_unstable();
    units.dedup();
    units.into_iter().flat_map(|n| below(told, n, None, style)).collect()
}

/// The rows below a command: its starts, and what was touched.
pub fn below(told: &Told, n: Option<u64>, ran: Option<&Ran>, style: Style) -> Vec<String> {
    [rows(told, n, ran, style), file_rows(told, n, style)].concat()
}

/// What was made, changed and removed, in one word each; nothing if no name was touched.
fn files(told: &Told) -> String {
    if told.touched.is_empty() && told.passing == 0 && told.nameless == 0 {
        return String::new();
    }
    let of = |change| told.touched.iter().filter(|(_, one)| one.change == change).count();
    let [made, changed, removed] = [Change::Made, Change::Changed, Change::Removed].map(of);
    let passing = if told.passing > 0 {
        format!(", {} names with nothing before and after", told.passing)
    } else {
        String::new()
    };
    let lost =
        if told.nameless > 0 { format!(", {} calls without a name", told.nameless) } else { String::new() };
    format!("; files: {made} made, {changed} changed, {removed} removed{passing}{lost}")
}

/// A row for each name that was touched in this command.
fn file_rows(told: &Told, n: Option<u64>, style: Style) -> Vec<String> {
    let here = told.touched.iter().filter(|(of, _)| *of == n).map(|(_, one)| one);
    here.map(|one| {
        let by: Vec<String> = one.by.iter().map(u64::to_string).collect();
        let by = if by.is_empty() { String::new() } else { format!("by {}", by.join(", ")) };
        let holds = match &one.entry.thing {
            Thing::Special(Special::Vanished) => String::new(),
            Thing::File { size, sha256, .. } => {
                format!(
                    ", {}, sha256:{}",
                    count(usize::try_from(*size).unwrap_or(usize::MAX), "byte"),
                    hex(sha256)
                )
            }
            Thing::Link(target) => format!(", link to {}", visible(target)),
            Thing::Special(kind) => format!(", {}", kind.name()),
        };
        let word = one.change.name();
        format!("{word:>20}  {}  {}", visible(&one.entry.path), style.dim(&format!("{by}{holds}")))
    })
    .collect()
}

/// A row for each start of this command, below the start that it came of; where it is known what an
/// agent ran, with its class.
fn rows(told: &Told, n: Option<u64>, ran: Option<&Ran>, style: Style) -> Vec<String> {
    let mut below: BTreeMap<Option<u64>, Vec<&Started>> = BTreeMap::new();
    let is_here = |start: &&Started| start.n == n;
    for start in told.starts.values().filter(is_here) {
        let of = start.numbers.of.filter(|of| told.starts.get(of).as_ref().is_some_and(is_here));
        below.entry(of).or_default().push(start);
    }
    let mut rows = Vec::new();
    // What became another program stands above that, as deep; a start stands below the one before it.
    let mut left: Vec<(&Started, usize)> = Vec::new();
    let of = |of: Option<u64>, depth: usize| {
        let starts = below.get(&of).into_iter().flatten().rev();
        starts.map(|start| (*start, depth)).collect::<Vec<_>>()
    };
    left.extend(of(None, 0));
    while let Some((start, depth)) = left.pop() {
        let class = ran.and_then(|ran| ran.classes.get(&start.numbers.id));
        let class = class.map_or_else(String::new, |class| format!(" {:<7}", class.word()));
        rows.push(row(start, &class, depth, style));
        left.extend(of(Some(start.numbers.id), depth + 1));
    }
    rows
}

fn row(start: &Started, class: &str, depth: usize, style: Style) -> String {
    let end = start.end.map_or_else(|| "-".to_owned(), word);
    let padded = format!("{end:>11}");
    let end = match start.end {
        Some(end) if end.is_failure() => style.bad(&padded),
        Some(End::Exit(_)) => style.good(&padded),
        _ => style.dim(&padded),
    };
    let words = start.words.as_ref().map_or_else(
        || style.dim("(redacted)"),
        |words| {
            let quoted = words.iter().map(|word| quoted(std::os::unix::ffi::OsStrExt::from_bytes(word)));
            quoted.collect::<Vec<String>>().join(" ")
        },
    );
    let path = start.path.as_ref().map_or_else(|| "(redacted)".to_owned(), |path| visible(path));
    let folder =
        start.workdir.as_ref().map_or_else(String::new, |folder| format!("  in {}", visible(folder)));
    let unsure = if start.unsure { style.dim(UNSURE) } else { String::new() };
    let deep = "  ".repeat(depth.min(DEPTH_MAX));
    format!(
        "{:>8}{class} {end}  {deep}{}{unsure}  {}",
        start.numbers.id,
        words,
        style.dim(&format!("{path}{folder}"))
    )
}

/// How a start ended, as a row has it.
#[must_use]
pub fn word(end: End) -> String {
    match end {
        End::Exit(status) => status.to_string(),
        End::Signal(signal) => format!("signal {signal}"),
        End::Became(id) => format!("became {id}"),
        other => other.to_string(),
    }
}
