//! The programs below the commands, as a page shows them.
//!
//! What lives here: which of them have room, and their texts. What does not: their order and sums
//! (`fact::below`), what an agent ran (`agent`).
//!
//! Rules: what is left out is counted where it is left out; of what failed it is the last.

use std::collections::{BTreeMap, HashMap};

use super::room::{List, Share, one_line};
use crate::agent::{self, ORPHAN, Ran};
use crate::encoding::hex;
use crate::fact::agent::Agent;
use crate::fact::below::{Below, CUT, Row, UNSURE};
use crate::fact::process::{self, End, SeenBy, When};
use crate::fact::touched::Touched;
use crate::mask::has_sign;
use crate::text::typed;

/// The most starts on a page, and the most names that were touched; of an agent, the most commands.
const STARTS_MAX: usize = 2_000;
const FILES_MAX: usize = 2_000;
const RAN_MAX: usize = 500;
/// The most starts that failed which are listed once more, and the most shells.
const FAILED_MAX: usize = 100;
const SHELLS_MAX: usize = 100;
/// The most rows that are not folded away.
const OPEN_MAX: usize = 5;
/// How deep a row is set in at most.
const DEPTH_MAX: usize = 12;

/// What took place in a command, or at another time.
pub(super) struct Part {
    /// It in one line.
    pub words: String,
    pub has_failed: bool,
    /// It is short, and not folded away.
    pub is_open: bool,
    pub starts: Vec<Start>,
    /// How many starts are left out behind those.
    pub left_out: usize,
    pub files: List<File>,
}

/// A start.
pub(super) struct Start {
    /// How many are left out before it.
    pub left_out: usize,
    pub id: u64,
    pub depth: usize,
    pub state: &'static str,
    pub end: String,
    /// What it is for an agent.
    pub class: &'static str,
    /// Its arguments; nothing where they were taken out.
    pub text: Option<String>,
    /// What else is to be known of it.
    pub around: String,
}

/// A name that was touched.
pub(super) struct File {
    pub change: &'static str,
    pub name: String,
    pub words: String,
    pub sha256: String,
    /// In which command.
    pub place: String,
}

/// What a start that failed is called where it does not stand in its place.
pub(super) struct Failed {
    /// The command on this page.
    pub seq: Option<u64>,
    /// In which command.
    pub place: String,
    pub start: Start,
}

/// What is told below one shell, but for what stands with its commands.
pub(super) struct Shell {
    pub name: String,
    pub words: String,
    /// What was counted.
    pub counted: String,
    /// Who had it run, and what was that.
    pub run_by: String,
    pub ran: List<Command>,
    pub parts: Vec<(String, Part)>,
}

/// A command of an agent.
pub(super) struct Command {
    pub start: u64,
    pub state: &'static str,
    pub end: String,
    pub text: Option<String>,
    pub around: String,
}

/// All of it.
pub(super) struct Programs {
    pub shells: List<Shell>,
    /// Of how many others the starts stand among those of these.
    pub elsewhere: usize,
    pub failed: List<Failed>,
    pub files: List<File>,
    /// What stands with each command, by its shell and its number there.
    pub parts: HashMap<(u64, u64), Part>,
}

/// What is told below a shell, and who had it run.
struct Sight<'a> {
    below: Below<'a>,
    by: Option<(&'a str, Ran)>,
}

impl Programs {
    /// What is told below the shells. The commands that stand on the page have a number there.
    pub fn of(
        told: &BTreeMap<u64, process::Told>,
        agents: &BTreeMap<u64, Agent>,
        seqs: &HashMap<(u64, u64), u64>,
    ) -> Self {
        let all = told.iter().map(|(shell, told)| (*shell, Sight::of(told, agents.get(shell))));
        let (elsewhere, sights): (BTreeMap<_, _>, BTreeMap<_, _>) =
            all.partition(|(_, sight)| sight.below.is_elsewhere());
        let several = sights.len() > 1;
        let seq = |shell, when| match when {
            When::In(n) => seqs.get(&(shell, n)).copied(),
            _ => None,
        };
        let place = |shell: u64, when: When| match seq(shell, when) {
            Some(seq) => format!("in command {seq}"),
            None if several => format!("{}, shell {shell}", when.title()),
            None => when.title(),
        };
        let parts = || {
            let all = sights.iter().map(|(shell, sight)| (*shell, sight));
            all.flat_map(|(shell, it)| {
                it.below.parts.iter().map(move |(when, part)| (shell, it, *when, part))
            })
        };
        let rows = parts().flat_map(|(shell, it, when, part)| {
            part.rows.iter().filter(|row| row.start.is_failure()).map(move |row| (shell, it, when, row))
        });
        let failed = List::first(rows, FAILED_MAX).map(|(shell, it, when, row)| Failed {
            seq: seq(shell, when),
            place: place(shell, when),
            start: start(row, it.ran(), 0),
        });
        let names =
            parts().flat_map(|(shell, _, when, part)| part.files.iter().map(move |one| (shell, when, *one)));
        let files = List::first(names, FAILED_MAX).map(|(shell, when, one)| file(one, place(shell, when)));
        let mut room = Room {
            starts: Share::of(parts().map(|(.., part)| part.rows.len()), STARTS_MAX),
            files: Share::of(parts().map(|(.., part)| part.files.len()), FILES_MAX),
        };
        let mut with_commands = HashMap::new();
        let mut others: HashMap<u64, Vec<(String, Part)>> = HashMap::new();
        for (shell, it, when, all) in parts() {
            let part = room.part(all, it.ran());
            match when {
                When::In(n) if seqs.contains_key(&(shell, n)) => {
                    with_commands.insert((shell, n), part);
                }
                _ => others.entry(shell).or_default().push((when.title(), part)),
            }
        }
        let shells = List::first(&sights, SHELLS_MAX).map(|(shell, sight)| {
            let name = format!("shell {shell}");
            sight.shell(name, others.remove(shell).unwrap_or_default())
        });
        Programs { shells, elsewhere: elsewhere.len(), failed, files, parts: with_commands }
    }
}

impl<'a> Sight<'a> {
    fn of(told: &'a process::Told, agent: Option<&'a Agent>) -> Self {
        let author = agent.filter(|_| told.seen_by != Some(SeenBy::Above));
        let author = author.and_then(|agent| agent.author.as_deref());
        Sight { below: Below::of(told), by: author.map(|by| (by, agent::ran(by, told, 1))) }
    }

    fn ran(&self) -> Option<&Ran> {
        self.by.as_ref().map(|(_, ran)| ran)
    }

    fn shell(&self, name: String, parts: Vec<(String, Part)>) -> Shell {
        let run_by = self.by.as_ref().map_or_else(String::new, |(author, ran)| {
            one_line(&format!("run by {author}: {}, by {}", ran.words(), ran.by()))
        });
        let commands = self.ran().into_iter().flat_map(|ran| &ran.commands);
        let command = |one: &agent::Command| {
            let text = one.shown.as_ref().map(agent::rules::Shown::text);
            let folder = one.workdir.as_deref().map(|folder| format!("in {}", in_one_line(folder)));
            let masked = text.as_deref().is_some_and(has_sign);
            let remarks = [(one.orphan, ORPHAN), (one.unsure, UNSURE), (masked, MASKED)];
            Command {
                start: one.start,
                state: state(one.end),
                end: one.end.map_or_else(|| "unknown".to_owned(), End::word),
                text: text.as_deref().map(in_one_line),
                around: around(folder.into_iter(), &remarks),
            }
        };
        Shell {
            name,
            words: one_line(&self.below.words()),
            counted: self.below.counted().unwrap_or_default(),
            run_by,
            ran: List::first(commands, RAN_MAX).map(command),
            parts,
        }
    }
}

/// What there is room for.
struct Room {
    starts: Share,
    files: Share,
}

impl Room {
    fn part(&mut self, all: &crate::fact::below::Part, ran: Option<&Ran>) -> Part {
        let chosen = chosen(&all.rows, self.starts.take(all.rows.len()));
        let mut next = 0;
        let starts = chosen.iter().map(|at| {
            let left_out = at - next;
            next = at + 1;
            start(&all.rows[*at], ran, left_out)
        });
        let starts = starts.collect();
        let files = self.files.take(all.files.len());
        Part {
            words: all.words(),
            has_failed: all.failed() > 0,
            is_open: all.rows.len() + all.files.len() <= OPEN_MAX,
            starts,
            left_out: all.rows.len() - next,
            files: List::first(&all.files, files).map(|one| file(one, String::new())),
        }
    }
}

/// The places of those that have room: what failed before what did not.
fn chosen(rows: &[Row], most: usize) -> Vec<usize> {
    if rows.len() <= most {
        return (0..rows.len()).collect();
    }
    let (failed, others): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|at| rows[*at].start.is_failure());
    let mut chosen: Vec<usize> = failed.into_iter().chain(others).take(most).collect();
    chosen.sort_unstable();
    chosen
}

/// What stands behind a text of which a secret is masked.
const MASKED: &str = " (masked)";

fn start(Row { start, depth }: &Row, ran: Option<&Ran>, left_out: usize) -> Start {
    let class = ran.and_then(|ran| ran.classes.get(&start.numbers.id));
    let first = start.words.as_ref().and_then(|words| words.first());
    let path = match &start.path {
        None => Some("its path is redacted".to_owned()),
        Some(path) => Some(path).filter(|path| Some(*path) != first).map(|path| in_one_line(path)),
    };
    let folder = start.workdir.as_ref().map(|folder| format!("in {}", in_one_line(folder)));
    let masked = start.words.iter().flatten().any(|word| has_sign(word));
    let remarks = [(start.cut, CUT), (start.unsure, UNSURE), (masked, MASKED)];
    Start {
        left_out,
        id: start.numbers.id,
        depth: (*depth).min(DEPTH_MAX),
        state: state(start.end),
        end: start.end.map_or_else(|| "unknown".to_owned(), End::word),
        class: class.map_or("", |class| class.word()),
        text: start.words.as_deref().map(|words| one_line(&typed(words))),
        around: around(path.into_iter().chain(folder), &remarks),
    }
}

/// The name of the class of an end.
fn state(end: Option<End>) -> &'static str {
    match end {
        Some(end) if end.is_failure() => "bad",
        Some(End::Exit(_)) => "good",
        _ => "open",
    }
}

fn file(one: &Touched, place: String) -> File {
    File {
        change: one.change.name(),
        name: in_one_line(&one.entry.path),
        words: one_line(&one.words()),
        sha256: one.entry.sha256().map_or_else(String::new, |sha256| hex(sha256)),
        place,
    }
}

/// What there is, and the remarks that hold.
fn around(texts: impl Iterator<Item = String>, remarks: &[(bool, &str)]) -> String {
    let remarks = remarks.iter().filter(|(holds, _)| *holds).map(|(_, words)| words.trim().to_owned());
    texts.chain(remarks).collect::<Vec<_>>().join(" · ")
}

/// Bytes in one line, of which nothing is obeyed.
fn in_one_line(bytes: &[u8]) -> String {
    one_line(&crate::text::visible(bytes))
}
