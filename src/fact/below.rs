//! The starts below a shell as somebody reads them: command by command, each below the start that it
//! came of, and in sums.
//!
//! What lives here: the order, the sums, and the words that every list of them has. What does not: what
//! the facts say (`process`, `touched`), the rows of a terminal (`cli`) and of a page (`page`).
//!
//! Rules: a start is in one part and in no other, whatever its facts say. Of a name that a part tells of
//! twice, what was told last counts.

use std::collections::BTreeMap;

use super::manifest::{Special, Thing};
use super::process::{Count, End, SeenBy, Started, Told, ToldBy, When};
use super::touched::{Change, Touched};
use crate::text::{count, visible};

/// What stands behind a start that nobody saw.
pub const UNSURE: &str = " (nobody saw what it became)";
/// What stands behind a start of whose arguments some were left out.
pub const CUT: &str = " (arguments were left out)";

/// What is told of the starts below one shell, in order.
pub struct Below<'a> {
    /// What the facts say.
    pub told: &'a Told,
    /// The starts and the names of each command, and of none.
    pub parts: BTreeMap<When, Part<'a>>,
}

/// What took place at one time.
#[derive(Default)]
pub struct Part<'a> {
    /// The starts.
    pub rows: Vec<Row<'a>>,
    /// What was touched, in the order of the names.
    pub files: Vec<&'a Touched>,
}

/// A start in its place.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// What is told of it.
    pub start: &'a Started,
    /// Below how many others of this part it stands.
    pub depth: usize,
}

impl<'a> Below<'a> {
    /// Puts in order what is told.
    #[must_use]
    pub fn of(told: &'a Told) -> Self {
        let mut parts: BTreeMap<When, Part> = BTreeMap::new();
        let mut below: BTreeMap<Option<u64>, Vec<&Started>> = BTreeMap::new();
        for start in told.starts.values() {
            let is_here = |of: &u64| told.starts.get(of).is_some_and(|above| above.when == start.when);
            below.entry(start.numbers.of.filter(is_here)).or_default().push(start);
        }
        let of = |of: Option<u64>, depth: usize| {
            let starts = below.get(&of).into_iter().flatten().rev();
            starts.map(move |start| Row { start, depth })
        };
        // What became another program stands above that; a start stands below the one before it.
        let mut left: Vec<Row> = of(None, 0).collect();
        while let Some(row) = left.pop() {
            parts.entry(row.start.when).or_default().rows.push(row);
            left.extend(of(Some(row.start.numbers.id), row.depth + 1));
        }
        let mut names: BTreeMap<(When, &[u8]), &Touched> = BTreeMap::new();
        names.extend(told.touched.iter().map(|(when, one)| ((*when, one.entry.path.as_slice()), one)));
        for ((when, _), one) in names {
            parts.entry(when).or_default().files.push(one);
        }
        Below { told, parts }
    }

    /// All in one line.
    #[must_use]
    pub fn words(&self) -> String {
        let told = self.told;
        if told.seen_by == Some(SeenBy::Above) && told.gap().is_none() {
            let place = told.above.map_or_else(String::new, |(shell, start)| {
                format!(", the shell {shell}, below its start {start}")
            });
            return format!("program starts: among those of another shell{place}");
        }
        let failed = told.starts.values().filter(|start| start.is_failure()).count();
        let running = told.count.map_or(0, |count| count.running);
        let running = if running > 0 { format!(", {running} went on") } else { String::new() };
        let (passing, lost) = (told.passing, told.nameless);
        let of = of_files(self.parts.values().flat_map(|part| &part.files).copied());
        let mut files = String::new();
        if of != [0; 4] || passing > 0 || lost > 0 {
            let [made, changed, removed, asked] = of;
            files = format!("; files: {made} made, {changed} changed, {removed} removed");
            if asked > 0 {
                files += &format!(", {asked} asked for elsewhere");
            }
        }
        if passing > 0 {
            files += &format!(", {passing} names with nothing before and after");
        }
        if lost > 0 {
            files += &format!(", {lost} calls without a name");
        }
        let gap = told.gap().map_or_else(String::new, |gap| format!("; {}", visible(gap.as_bytes())));
        format!("{} below, {failed} failed{running}{files}{gap}", count(told.starts.len(), "program start"))
    }

    /// What was counted, if the recording came to its end.
    #[must_use]
    pub fn counted(&self) -> Option<String> {
        let count_of_own = self.told.count.filter(|_| self.told.seen_by != Some(SeenBy::Above));
        let Count { seen, lost, not_started, reached, running } = count_of_own?;
        let by = match self.told.told_by {
            Some(ToldBy::Handle | ToldBy::Trace) => "the kernel told of ends",
            Some(ToldBy::Call) => "each process told of its own end",
            None => "nobody knows who told of ends",
        };
        let reached = count(reached, "call");
        Some(format!(
            "{} seen, {lost} not recorded, {not_started} asked for in vain, {running} went on, \
             {reached} to reach the recorder refused; {by}",
            count(seen, "start")
        ))
    }

    /// Whether there is nothing to tell of it, because its starts stand among those of another shell.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.parts.is_empty() && self.told.gap().is_none()
    }
}

impl Part<'_> {
    /// How many of its starts failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.rows.iter().filter(|row| row.start.is_failure()).count()
    }

    /// It in one line: what there is of it.
    #[must_use]
    pub fn words(&self) -> String {
        let failed = self.failed();
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        let starts =
            (!self.rows.is_empty()).then(|| format!("{}{failed}", count(self.rows.len(), "program start")));
        let of = of_files(self.files.iter().copied());
        let files: Vec<String> = Change::ALL
            .iter()
            .zip(of)
            .filter(|(_, count)| *count > 0)
            .map(|(change, count)| format!("{count} {}", change.name()))
            .collect();
        let files = (!files.is_empty()).then(|| format!("files: {}", files.join(", ")));
        starts.into_iter().chain(files).collect::<Vec<_>>().join("; ")
    }
}

impl When {
    /// As the title of what took place then.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            When::Before => "before the first command".to_owned(),
            When::In(n) => format!("in command {n} of its shell"),
            When::Outside => "outside of its units".to_owned(),
        }
    }
}

impl Started {
    /// Whether it says of its program that this ended otherwise than well.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.end.is_some_and(End::is_failure)
    }
}

impl Touched {
    /// By whom it was touched, and what has the name, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let by: Vec<String> = self.by.iter().map(u64::to_string).collect();
        let by = Some(by).filter(|by| !by.is_empty()).map(|by| format!("by {}", by.join(", ")));
        let holds = match &self.entry.thing {
            Thing::Special(Special::Vanished) => None,
            Thing::File { size, .. } => Some(count(*size, "byte")),
            Thing::Link(target) => Some(format!("link to {}", visible(target))),
            Thing::Special(kind) => Some(kind.name().to_owned()),
        };
        by.into_iter().chain(holds).collect::<Vec<_>>().join(", ")
    }
}

/// How many names were made, changed, removed, and asked for elsewhere.
fn of_files<'a>(files: impl Iterator<Item = &'a Touched>) -> [u64; 4] {
    let mut of = [0; 4];
    for one in files {
        of[match one.change {
            Change::Made => 0,
            Change::Changed => 1,
            Change::Removed => 2,
            Change::Asked => 3,
        }] += 1;
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Said;

    fn start(told: &mut Told, when: When, numbers: &str) {
        told.start(when, |name| match name {
            super::super::process::NUMBERS => Said::Text(numbers.as_bytes()),
            _ => Said::Nothing,
        });
    }

    #[test]
    fn a_start_is_in_no_part_or_stands_below_another_one() {
        let mut told = Told::default();
        for (when, numbers) in [
            (When::Before, "1 - 10"),
            (When::In(1), "2 1 11"),
            (When::In(1), "3 2 12"),
            (When::In(1), "4 1 13"),
            (When::In(1), "5 2 14"),
            (When::In(7), "6 2 15"),
            (When::Outside, "9 8 16"),
        ] {
            start(&mut told, when, numbers);
        }
        told.ends(|_| Said::Text(b"3 exit 1\n4 exit 0\n"));
        let below = Below::of(&told);
        let rows = |when| below.parts[&when].rows.iter();
        let rows = |when| rows(when).map(|row| (row.start.numbers.id, row.depth)).collect::<Vec<_>>();
        assert_eq!(rows(When::In(1)), [(2, 0), (3, 1), (5, 1), (4, 0)]);
        for (when, id) in [(When::Before, 1), (When::In(7), 6), (When::Outside, 9)] {
            assert_eq!(rows(when), [(id, 0)], "{when:?}");
        }
        assert_eq!(below.parts[&When::In(1)].words(), "4 program starts, 1 failed");
        assert!(below.words().starts_with("7 program starts below, 1 failed; the recording"));
        assert_eq!((below.counted(), below.is_elsewhere()), (None, false));
        assert!(!Below::of(&Told::default()).is_elsewhere());
    }

    #[test]
    fn a_name_that_is_told_of_twice_counts_twice() {
        let list = |sha256: &str| {
            format!(
                "{{\"by\":[1],\"change\":\"made\",\"mode\":\"0644\",\"path\":\"/a\",\"sha256\":\"{}\",\
                 \"size\":3}}\n",
                sha256.repeat(32)
            )
        };
        let mut told = Told::default();
        for (when, sha256) in [(When::In(1), "01"), (When::In(2), "02"), (When::In(1), "03")] {
            let list = list(sha256);
            told.files(when, |name| {
                Said::Text(if name == super::super::touched::FILES { list.as_bytes() } else { b"0" })
            });
        }
        assert_eq!(told.unclear, Vec::<String>::new());
        let below = Below::of(&told);
        let held = |n| below.parts[&When::In(n)].files.iter().map(|one| one.entry.sha256().unwrap()[0]);
        assert_eq!((held(1).collect::<Vec<_>>(), held(2).collect::<Vec<_>>()), (vec![3], vec![2]));
        assert!(below.words().contains("; files: 2 made, 0 changed, 0 removed;"), "{}", below.words());
    }
}
