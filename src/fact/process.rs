//! The programs that started below a command, as the kernel told of them.
//!
//! What lives here: the texts of the three types of facts (a start, ends, the count), made and read.
//! What does not: seeing them (`supervise`).
//!
//! Rules: a start has a number, from 1 and without gaps, so that one that was taken out shows; an end
//! says what the kernel told, and that it told nothing where it did not.

use std::collections::BTreeMap;
use std::fmt;

use super::end::number;
pub use super::end::{End, ends, read_ends};
use super::touched::{self, Touched};
use crate::record::{FactTime, Said, words};

/// The name of the text with the numbers of a start: its own, that of the start that it came of (`-`
/// where that is the command itself, or not known), and its process id.
pub const NUMBERS: &str = "process";
/// The name of the text with the path that the program was asked for by.
pub const PATH: &str = "path";
/// The name of the text with its arguments, a NUL behind each.
pub const ARGUMENTS: &str = "arguments";
/// The name of the text with its working folder. A start in the folder of the one that it came of has
/// no such text.
pub const WORKDIR: &str = "workdir";
/// The name of the text that says that bytes of the arguments were left out.
pub const CUT: &str = "cut";
/// The name of the text that says that nobody saw whether the start took place.
pub const UNSURE: &str = "unsure";
/// The name of the text with ends, one on a line.
pub const ENDS: &str = "ends";

/// The names of the texts of the count.
pub const SEEN: &str = "seen";
/// How many starts are not recorded.
pub const LOST: &str = "lost";
/// How many times a process asked to become a program and did not, such as along the PATH.
pub const NOT_STARTED: &str = "notStarted";
/// How many attempts to reach the recorder were refused.
pub const REACHED: &str = "reached";
/// How many processes went on beyond the command's end.
pub const RUNNING: &str = "running";
/// How ends were told: [`ToldBy`].
pub const TOLD_BY: &str = "toldBy";
/// By what starts were seen.
pub const SEEN_BY: &str = "seenBy";
/// Where those of another recorder stand: the record of its shell, and the start below which they are.
pub const ABOVE: &str = "above";
/// Why they were not seen.
pub const ERROR: &str = "error";

/// The most contradictions that are kept.
const UNCLEAR_MAX: usize = 100;

/// The names of all texts of the three types.
pub const TEXTS: [&str; 16] = [
    NUMBERS,
    PATH,
    ARGUMENTS,
    WORKDIR,
    CUT,
    UNSURE,
    ENDS,
    SEEN,
    LOST,
    NOT_STARTED,
    REACHED,
    RUNNING,
    TOLD_BY,
    SEEN_BY,
    ABOVE,
    ERROR,
];

words! {
    /// By what the starts below a shell were seen.
    SeenBy {
        /// A filter held each of them until it was recorded.
        Filter = "seccomp",
        /// Each process was traced, and stopped when it had become a program.
        Trace = "ptrace",
        /// Another recorder of this session, among whose starts they are.
        Above = "above",
        /// They were not seen.
        Nobody = "nobody",
    }
}

words! {
    /// Who tells how processes end.
    ToldBy {
        /// The kernel, of every process.
        Handle = "pidfd",
        /// Each process, of itself.
        Call = "exit_group",
        /// The kernel, of each traced process.
        Trace = "wait",
    }
}

/// When something took place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// Before the first command of its shell.
    #[default]
    Before,
    /// In the command of this number, or in what that left running.
    In(u64),
    /// In none, or nobody knows in which.
    Outside,
}

impl When {
    /// What a fact says of it that is seen at this time, about this command.
    #[must_use]
    pub fn of(at: FactTime, n: Option<u64>) -> Self {
        match (at, n) {
            (_, Some(n)) => When::In(n),
            (FactTime::Start, None) => When::Before,
            (_, None) => When::Outside,
        }
    }

    /// The same as a fact says it.
    #[must_use]
    pub fn said(self) -> (FactTime, Option<u64>) {
        match self {
            When::Before => (FactTime::Start, None),
            When::In(n) => (FactTime::Command, Some(n)),
            When::Outside => (FactTime::Stop, None),
        }
    }
}

/// The numbers of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Its own, from 1.
    pub id: u64,
    /// Of the start that it came of, if it came of one that is known.
    pub of: Option<u64>,
    /// Its process id.
    pub pid: u64,
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let of = self.of.map_or_else(|| "-".to_owned(), |of| of.to_string());
        write!(f, "{} {of} {}", self.id, self.pid)
    }
}

impl Numbers {
    /// The numbers of a text.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let [id, of, pid] = text.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let of = if of == "-" { None } else { Some(number(of).filter(|of| *of > 0)?) };
        let (id, pid) = (number(id)?, number(pid)?);
        (id > of.unwrap_or_default()).then_some(Numbers { id, of, pid })
    }
}

/// Where the starts of another recorder stand, as a text has it.
fn read_above(text: &str) -> Option<(u64, u64)> {
    let (shell, start) = text.split_once(' ')?;
    Some((number(shell)?, number(start)?))
}

/// What is told of the starts below one shell: below the command of `attesh run`, or below the commands
/// of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Each start, by its number.
    pub starts: BTreeMap<u64, Started>,
    /// The count, if the recording came to its end.
    pub count: Option<Count>,
    /// By what they were seen, once that is known.
    pub seen_by: Option<SeenBy>,
    /// The record of the shell among whose starts they are, and the start below which they are.
    pub above: Option<(u64, u64)>,
    /// Why they were not seen.
    pub unseen: Option<String>,
    /// Who told of ends, if that is known.
    pub told_by: Option<ToldBy>,
    /// What was made, changed and removed, and when, in the order of the records.
    pub touched: Vec<(When, Touched)>,
    /// How many names were made and removed again.
    pub passing: u64,
    /// Of how many calls no name could be read.
    pub nameless: u64,
    /// What in these facts contradicts itself, or cannot be read.
    pub unclear: Vec<String>,
}

/// One start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its numbers.
    pub numbers: Numbers,
    /// When it took place.
    pub when: When,
    /// The path; `None` if that text was taken out.
    pub path: Option<Vec<u8>>,
    /// The arguments; `None` if that text was taken out.
    pub words: Option<Vec<Vec<u8>>>,
    /// Of the arguments some were left out.
    pub cut: bool,
    /// Its folder, where that is another than of the start that it came of.
    pub workdir: Option<Vec<u8>>,
    /// What of these two was taken out, or masked in part.
    pub hidden: Hidden,
    /// Nobody saw whether it took place.
    pub unsure: bool,
    /// How it ended, if that is recorded.
    pub end: Option<End>,
}

/// What is not known whole of what was recorded of a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// The path.
    pub path: bool,
    /// The folder.
    pub workdir: bool,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Starts that the kernel held.
    pub seen: u64,
    /// Of these, those that are not recorded.
    pub lost: u64,
    /// Times that a process asked to become a program and did not.
    pub not_started: u64,
    /// Attempts to reach the recorder.
    pub reached: u64,
    /// Processes that went on beyond the end.
    pub running: u64,
}

impl Told {
    /// One doubt is enough to know that not all is told; who made the facts could make any number.
    fn doubt(&mut self, why: String) {
        if self.unclear.len() < UNCLEAR_MAX {
            self.unclear.push(why);
        }
    }

    /// Takes what a fact of a start says, which took place then.
    pub fn start<'a>(&mut self, when: When, get: impl Fn(&str) -> Said<'a>) {
        let numbers = get(NUMBERS).text();
        let Some(numbers) = numbers.and_then(|text| Numbers::read(std::str::from_utf8(text).ok()?)) else {
            self.doubt("a start has no numbers".to_owned());
            return;
        };
        let words = get(ARGUMENTS).text().map(|words| {
            let words = words.strip_suffix(b"\0").unwrap_or(words);
            words.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
        });
        let [path, workdir] = [PATH, WORKDIR].map(&get);
        let hidden = Hidden { path: path.hides(), workdir: workdir.hides() };
        let [path, workdir] = [path, workdir].map(|said| said.text().map(<[u8]>::to_vec));
        // A text that was taken out said that, too.
        let (unsure, cut) = (get(UNSURE).is_there(), get(CUT).is_there());
        let started = Started { numbers, when, path, words, cut, workdir, hidden, unsure, end: None };
        if self.starts.insert(numbers.id, started).is_some() {
            self.doubt(format!("two starts have the number {}", numbers.id));
        }
    }

    /// Takes what a fact of ends says.
    pub fn ends<'a>(&mut self, get: impl Fn(&str) -> Said<'a>) {
        let ends = get(ENDS).text().and_then(|text| read_ends(std::str::from_utf8(text).ok()?));
        let Some(ends) = ends else {
            self.doubt("ends cannot be read".to_owned());
            return;
        };
        for (id, end) in ends {
            match self.starts.get_mut(&id).map(|started| &mut started.end) {
                Some(none @ None) => *none = Some(end),
                Some(Some(_)) => self.doubt(format!("start {id} has two ends")),
                None => self.doubt(format!("an end is of start {id}, which is not told of before")),
            }
        }
    }

    /// Takes what a fact of files says, which were touched then.
    pub fn files<'a>(&mut self, when: When, get: impl Fn(&str) -> Said<'a>) {
        let text = |name| std::str::from_utf8(get(name).text()?).ok();
        let count = |name| number(text(name)?);
        let told =
            || Some((touched::read(text(touched::FILES)?)?, count(touched::PASSING)?, count(touched::LOST)?));
        let Some((list, passing, nameless)) = told() else {
            self.doubt("a list of files cannot be read".to_owned());
            return;
        };
        self.touched.extend(list.into_iter().map(|one| (when, one)));
        self.passing = self.passing.saturating_add(passing);
        self.nameless = self.nameless.saturating_add(nameless);
    }

    /// Takes what the count says.
    pub fn count<'a>(&mut self, get: impl Fn(&str) -> Said<'a>) {
        let text = |name| std::str::from_utf8(get(name).text()?).ok();
        let of = |name| number(text(name)?);
        let seen_by = text(SEEN_BY).and_then(SeenBy::from_name);
        if seen_by == Some(SeenBy::Nobody) && self.seen_by.is_none() {
            (self.seen_by, self.unseen) = (seen_by, text(ERROR).map(str::to_owned));
            return;
        }
        let count = || {
            let (seen, lost, running) = (of(SEEN)?, of(LOST)?, of(RUNNING)?);
            Some(Count { seen, lost, not_started: of(NOT_STARTED)?, reached: of(REACHED)?, running })
        };
        self.told_by = text(TOLD_BY).and_then(ToldBy::from_name);
        match count().zip(seen_by) {
            Some((count, _)) if self.seen_by.is_none() => {
                (self.count, self.seen_by) = (Some(count), seen_by);
                self.above = text(ABOVE).and_then(read_above);
                if self.above.is_none() && get(ABOVE).is_there() {
                    self.doubt("where its starts stand cannot be read".to_owned());
                }
            }
            Some(_) => self.doubt("the starts are counted twice".to_owned()),
            None => self.doubt("the count cannot be read".to_owned()),
        }
    }

    /// What is told of the program that a start ran, and of what came of that: the starts below it, and the
    /// number of the first.
    #[must_use]
    pub fn below(&self, top: u64) -> Option<(Told, u64)> {
        let first = self.starts.values().find(|start| start.numbers.of == Some(top))?.numbers.id;
        let mut starts: BTreeMap<u64, Started> = BTreeMap::new();
        for (id, start) in &self.starts {
            if *id == first || start.numbers.of.is_some_and(|of| starts.contains_key(&of)) {
                starts.insert(*id, start.clone());
            }
        }
        Some((Told { starts, touched: Vec::new(), ..self.clone() }, first))
    }

    /// The folder of a start, if that is known: its own, or that of the start that it came of.
    fn folder<'a>(&'a self, start: &'a Started) -> Option<&'a [u8]> {
        let mut at = Some(start);
        while let Some(one) = at {
            if one.hidden.workdir {
                return None;
            }
            if let Some(folder) = &one.workdir {
                return Some(folder);
            }
            at = one.numbers.of.filter(|of| *of < one.numbers.id).and_then(|of| self.starts.get(&of));
        }
        None
    }

    /// The path of a start from the root on, if it was asked for by another and its folder is told;
    /// links in it stay.
    #[must_use]
    pub fn whole_path(&self, start: &Started) -> Option<Vec<u8>> {
        let path = start.path.as_ref().filter(|_| !start.hidden.path)?;
        let base = if path.starts_with(b"/") { b"" } else { self.folder(start)? };
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in base.split(|byte| *byte == b'/').chain(path.split(|byte| *byte == b'/')) {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        Some(parts.iter().flat_map(|part| [b"/", *part].concat()).collect())
    }

    /// How many of the starts that were counted these facts do not tell of; `None` if that is not known.
    #[must_use]
    pub fn untold(&self) -> Option<u64> {
        let count = self.count.filter(|_| self.unclear.is_empty() && self.seen_by != Some(SeenBy::Nobody))?;
        let untold = count.seen.checked_sub(self.starts.len() as u64)?;
        let contradicts =
            count.running == 0 && self.starts.values().any(|start| start.end == Some(End::Running));
        (!contradicts && (untold > 0 || self.gap().is_none())).then_some(untold)
    }

    /// Why these facts do not tell of every start; `None` if they do.
    #[must_use]
    pub fn gap(&self) -> Option<String> {
        if let Some(unclear) = self.unclear.first() {
            return Some(unclear.clone());
        }
        if self.seen_by == Some(SeenBy::Nobody) {
            let why = self.unseen.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            return Some(format!("starts were not seen{why}"));
        }
        let Some(count) = self.count else {
            return Some("the recording of starts did not come to its end".to_owned());
        };
        let recorded = self.starts.len() as u64;
        let last = self.starts.last_key_value().map_or(0, |(id, _)| *id);
        if count.lost > 0 {
            let told = match recorded.saturating_add(count.lost) == count.seen {
                true => String::new(),
                false => format!(", and {recorded} are told of"),
            };
            return Some(format!("{} of {} starts are not recorded{told}", count.lost, count.seen));
        }
        if count.running == 0 && self.starts.values().any(|start| start.end == Some(End::Running)) {
            return Some("a start went on, and the count says that none did".to_owned());
        }
        (recorded != count.seen || last != count.seen)
            .then(|| format!("{} starts were seen, and {recorded} are told of", count.seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        for of in [None, Some(3)] {
            let numbers = Numbers { id: 7, of, pid: 4711 };
            assert_eq!(Numbers::read(&numbers.to_string()), Some(numbers));
        }
        for bad in ["", "1 -", "1 - 2 3", "01 - 2", "1 1 2", "0 - 2", "2 0 2", "1  2"] {
            assert_eq!(Numbers::read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_start_that_is_missing_shows() {
        let start = |told: &mut Told, text: &'static [u8]| {
            told.start(When::In(1), |name| if name == NUMBERS { Said::Text(text) } else { Said::Nothing });
        };
        let count = |told: &mut Told, seen: &'static [u8], lost: &'static [u8]| {
            told.count(|name| match name {
                SEEN => Said::Text(seen),
                LOST => Said::Text(lost),
                SEEN_BY => Said::Text(b"seccomp"),
                ABOVE => Said::Nothing,
                _ => Said::Text(b"0"),
            });
        };
        let mut told = Told::default();
        assert!(told.gap().unwrap().contains("did not come to its end"));
        start(&mut told, b"1 - 10");
        start(&mut told, b"2 1 11");
        let mut whole = told.clone();
        count(&mut whole, b"2", b"0");
        assert_eq!(whole.gap(), None);
        count(&mut whole, b"2", b"0");
        assert!(whole.gap().unwrap().contains("twice"));
        let mut lost = told.clone();
        count(&mut lost, b"2", b"1");
        assert!(lost.gap().unwrap().contains("1 of 2"));
        let mut fewer = told.clone();
        count(&mut fewer, b"3", b"0");
        assert!(fewer.gap().unwrap().contains("3 starts were seen, and 2"));
        let mut unseen = told.clone();
        unseen.count(|name| match name {
            SEEN_BY => Said::Text(b"nobody"),
            ERROR => Said::Text(b"why"),
            _ => Said::Nothing,
        });
        assert_eq!(unseen.gap().as_deref(), Some("starts were not seen: why"));
        count(&mut unseen, b"2", b"0");
        assert!(unseen.gap().unwrap().contains("twice"));
        let mut unknown = told.clone();
        unknown.count(|name| Said::Text(if name == SEEN { b"2" } else { b"0" }));
        assert!(unknown.gap().unwrap().contains("cannot be read"));
        let ends = |told: &mut Told, text: &'static [u8]| told.ends(|_| Said::Text(text));
        ends(&mut told, b"1 exit 0\n1 exit 1\n");
        assert!(told.gap().unwrap().contains("two ends"));
    }

    #[test]
    fn a_text_that_was_taken_out_was_never_there() {
        let told = |gone: &[&str]| {
            let mut told = Told::default();
            for (numbers, path) in [(&b"1 - 10"[..], &b"/bin/sh"[..]), (b"2 1 11", b"./evil")] {
                told.start(When::In(1), |name| match name {
                    _ if numbers == b"2 1 11" && gone.contains(&name) => Said::Gone,
                    NUMBERS => Said::Text(numbers),
                    PATH => Said::Text(path),
                    WORKDIR if numbers == b"1 - 10" => Said::Text(b"/home"),
                    _ => Said::Nothing,
                });
            }
            told
        };
        let second = |gone: &[&str]| {
            let told = told(gone);
            let start = told.starts[&2].clone();
            (told.whole_path(&start), start.unsure, start.cut)
        };
        assert_eq!(second(&[]), (Some(b"/home/evil".to_vec()), false, false));
        assert_eq!(second(&[WORKDIR, UNSURE, CUT]), (None, true, true));
        let mut masked = told(&[]);
        masked.starts.get_mut(&2).unwrap().hidden.path = true;
        assert_eq!(masked.whole_path(&masked.starts[&2]), None, "a masked path is a path");
        let mut above = Told::default();
        above.count(|name| match name {
            SEEN_BY => Said::Text(b"above"),
            ABOVE => Said::Gone,
            _ => Said::Text(b"0"),
        });
        assert!(above.gap().unwrap().contains("where its starts stand"));
    }
}
