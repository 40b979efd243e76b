//! What must have started below a command, and what must not have.
//!
//! What lives here: the rule, held against what the kernel told. What does not: what the facts of
//! starts say (`fact::process`), that every command was recorded so (`seal::processes`).
//!
//! Rules: where not every start is told, nothing that the rule asks for is known, so it is denied; a
//! start whose path is not there may be any.

use super::context::fits;
use super::{ProcessRule, Ruling};
use crate::cause::Code;
use crate::fact::process::{End, SeenBy, Started, Told};
use crate::seal::processes::ByShell;
use crate::seal::statement::Statement;
use crate::text::{count, visible};

/// Programs that have work done by a process that is not below them.
pub const OUTSIDE: [&str; 16] = [
    "at",
    "batch",
    "buildah",
    "crontab",
    "docker",
    "flatpak",
    "kubectl",
    "launchctl",
    "machinectl",
    "nerdctl",
    "podman",
    "screen",
    "ssh",
    "systemctl",
    "systemd-run",
    "tmux",
];

/// Holds a statement against the rule.
pub(super) fn judge(
    rule: &ProcessRule,
    statement: &Statement,
    journal: Option<&ByShell>,
    ruling: &mut Ruling,
) {
    let predicate = &statement.predicate;
    let all = predicate.processes_with(journal);
    if !predicate.is_by_kernel() {
        let what =
            "not every shell was run by attesh run, or attesh sh --trace, so what started is not known";
        return ruling.deny("process", Code::ProcessUnseen, None, what);
    }
    for told in all.values() {
        unrecorded(rule, told, ruling);
        if told.seen_by == Some(SeenBy::Trace) && !rule.ptrace_suffices {
            let what = "starts were followed by ptrace, and a process can be made that ptrace does not follow: run it where attesh doctor says that starts are held, or write capture = \"ptrace\"";
            ruling.deny("process.capture", Code::ProcessUnseen, None, what);
        }
        let starts = || told.starts.values().filter(|start| start.end != Some(End::NotStarted));
        for start in starts() {
            denied(rule, told, start, ruling);
        }
    }
    let starts: Vec<&Started> = all.values().flat_map(|told| told.starts.values()).collect();
    for pattern in &rule.require {
        required(pattern, &starts, ruling);
    }
}

/// Whether starts are missing, or may have followed unseen.
fn unrecorded(rule: &ProcessRule, told: &Told, ruling: &mut Ruling) {
    let untold = told.untold();
    if let Some(gap) = told.gap().filter(|_| untold.is_none_or(|untold| untold > rule.max_unrecorded)) {
        // The statement has no room for each start of a long build; the journal has all.
        let lost = told.count.map_or(0, |count| count.lost);
        let is_left_out = untold.is_some_and(|untold| untold > lost);
        let next = if is_left_out { ": give the journal, which has them all, with --journal" } else { "" };
        let most = rule.max_unrecorded;
        let what = format!("{}; at most {most} may be unrecorded{next}", visible(gap.as_bytes()));
        ruling.deny("process.max-unrecorded", Code::ProcessUnseen, None, what);
    }
    let running = told.count.map_or(0, |count| count.running);
    if running > 0 && !rule.running_allowed {
        let what = format!(
            "{} went on when the command had ended, and what started from then is not recorded: have the script wait for it, or attesh run by --wait, or write running = \"allow\"",
            count(running, "process")
        );
        ruling.deny("process.running", Code::ProcessUnseen, None, what);
    }
}

fn denied(rule: &ProcessRule, told: &Told, start: &Started, ruling: &mut Ruling) {
    if rule.deny.is_empty() && !rule.outside_denied {
        return;
    }
    let id = start.numbers.id;
    let mut unknown = |what: &str| {
        let what = format!("{what}, so it may be one that is denied");
        ruling.deny("process.deny", Code::ProcessUnseen, None, what);
    };
    let Some(path) = &start.path else {
        return unknown(&format!("the path of start {id} is not there"));
    };
    let shown = visible(path);
    if start.hidden.path {
        unknown(&format!("a part of the path of start {id} {shown} was masked"));
    }
    if start.unsure {
        unknown(&format!("nobody saw what start {id} {shown} became"));
    }
    // A folder can be the first part of what is denied.
    let whole = told.whole_path(start);
    if whole.is_none() && !start.hidden.path && rule.deny.iter().any(|pattern| pattern.contains('/')) {
        unknown(&format!("the folder of start {id} {shown} is not known"));
    }
    let is_denied = |pattern: &&String| {
        is_meant(pattern, path) || whole.as_ref().is_some_and(|whole| is_meant(pattern, whole))
    };
    if let Some(pattern) = rule.deny.iter().find(is_denied) {
        let what = format!("start {id} {shown} is denied by {pattern}");
        ruling.deny("process.deny", Code::ProcessDenied, None, what);
    }
    if rule.outside_denied && OUTSIDE.iter().any(|name| is_meant(name, path)) {
        let what = format!("start {id} {shown} has work done by a process that is not below it");
        ruling.deny("process.outside", Code::ProcessDenied, None, what);
    }
}

/// How a start ended, with what it became; `None` if that is not known.
fn end(starts: &[&Started], start: &Started) -> Option<End> {
    let mut start = start;
    // Whether it took place is not known.
    if start.unsure {
        return None;
    }
    // One that became another program is as good as that.
    while let Some(End::Became(next)) = start.end {
        start = starts.iter().find(|one| one.numbers.id == next && one.numbers.pid == start.numbers.pid)?;
    }
    start.end
}

/// A program must have started, and ended well each time.
fn required(pattern: &str, starts: &[&Started], ruling: &mut Ruling) {
    let is_hidden = |start: &Started| start.path.is_none() || start.hidden.path;
    let is_it = |start: &Started| start.path.as_ref().is_some_and(|path| is_meant(pattern, path));
    let of_it = || starts.iter().filter(|start| !is_hidden(start) && is_it(start));
    let hidden = || starts.iter().filter(|start| is_hidden(start));
    let is_good = |start: &&&Started| end(starts, start) == Some(End::Exit(0));
    let how = |start: &Started| {
        let end = end(starts, start);
        end.map_or_else(|| "its end is not known".to_owned(), |end| format!("it ended with: {end}"))
    };
    let what = if of_it().next().is_none() {
        let gone = hidden().count();
        let gone = if gone > 0 { format!("; the paths of {gone} are not there") } else { String::new() };
        format!("no start of {pattern} is recorded{gone}")
    } else if let Some(bad) = of_it().find(|start| !is_good(start)) {
        format!("start {} of {pattern} did not succeed: {}", bad.numbers.id, how(bad))
    } else if let Some(bad) = hidden().find(|start| !is_good(start) && start.end != Some(End::NotStarted)) {
        let id = bad.numbers.id;
        format!("start {id}, whose path is not there, may be of {pattern}, and did not succeed: {}", how(bad))
    } else {
        return;
    };
    ruling.deny("process.require", Code::ProcessRequired, None, what);
}

/// Whether a path is what a pattern means: one with a slash the whole path, else its last part; `*`
/// stands for any characters.
fn is_meant(pattern: &str, path: &[u8]) -> bool {
    let path = String::from_utf8_lossy(path);
    let part = if pattern.contains('/') { &path } else { path.rsplit('/').next().unwrap_or(&path) };
    fits(pattern, part)
}
