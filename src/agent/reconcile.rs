//! What a transcript tells of commands, held against what the kernel told. Normative:
//! attesh-reconcile(1).
//!
//! What lives here: which command of one side is which of the other, and where the two differ. What does
//! not: reading a transcript (`transcript`), finding the commands among the starts (the parent), words
//! for a person.
//!
//! Rules: pure. Every command of each side is in exactly one place of the result. What cannot be
//! compared is no agreement.

use std::collections::{HashMap, VecDeque};

use super::Command;
use super::rules::Shown;
use super::transcript::{Outcome, Told};
use crate::fact::process::End;
use crate::mask::{around_signs, has_known_sign};

/// At how many places two sides may be the same for their order to be looked at; beyond that the text
/// alone decides.
const SAME_PLACES_MAX: usize = 10_000_000;

/// A command that the kernel told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The number of its start.
    pub start: u64,
    /// Its text; `None` if that was taken out.
    pub shown: Option<Shown>,
    /// How it ended; `None` where no record says that.
    pub end: Option<End>,
    /// The process that it came of was gone.
    pub orphan: bool,
}

impl Seen {
    /// A command that was found among the starts.
    #[must_use]
    pub fn of(command: &Command) -> Self {
        let Command { start, shown, end, orphan, .. } = command;
        Seen { start: *start, shown: shown.clone(), end: *end, orphan: *orphan }
    }
}

/// What became of two sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Commands of both sides.
    pub pairs: Vec<Pair>,
    /// Places of commands that were told to have run, and that the kernel did not see.
    pub only_told: Vec<usize>,
    /// Places of commands that were asked for and not told to have run, and that the kernel did not see.
    /// One that it saw is a pair.
    pub not_run: Vec<usize>,
    /// Places of commands that the kernel saw, and that were not told.
    pub only_seen: Vec<usize>,
    /// Places of commands that the kernel saw and whose texts were taken out.
    pub taken_out: Vec<usize>,
}

/// A command of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Its place among what was told.
    pub told: usize,
    /// Its place among what the kernel saw.
    pub seen: usize,
    /// How the two ends stand to each other.
    pub ends: Ends,
    /// What of the text was compared.
    pub text: Compared,
    /// It is at another place in the order.
    pub moved: bool,
}

/// What of two texts was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// All: they are the same.
    Whole,
    /// What is left where a token or the like was masked: that is the same.
    AroundSecrets,
    /// What is left where something was masked that may be anything, so that another command may have run.
    AroundAnything,
}

/// How what is told of an end stands to what the kernel told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// The same.
    Same,
    /// The transcript does not tell the end.
    NotTold,
    /// The recording does not have the end.
    NotSeen,
    /// They differ.
    Differ,
    /// The transcript does not tell that it ran, and the kernel saw its start.
    RanUntold,
}

impl Ends {
    fn of(told: Outcome, seen: Option<End>) -> Self {
        match (told, seen) {
            // No side has it run.
            (Outcome::NotRun, Some(End::NotStarted)) => Ends::Same,
            // What is not known of its end cannot take away that it was started.
            (Outcome::NotRun, _) => Ends::RanUntold,
            (Outcome::NotTold, Some(End::NotStarted)) => Ends::Differ,
            (Outcome::NotTold, _) => Ends::NotTold,
            (_, None | Some(End::Untold | End::Became(_))) => Ends::NotSeen,
            // A shell tells a signal as a status from 128 on.
            (Outcome::Exit(told), Some(End::Signal(seen))) if told.checked_sub(128) == Some(seen) => {
                Ends::Same
            }
            (Outcome::Exit(told), Some(End::Exit(seen))) if told == seen => Ends::Same,
            (Outcome::Signal(told), Some(End::Signal(seen))) if told == seen => Ends::Same,
            _ => Ends::Differ,
        }
    }
}

impl Reconciled {
    /// How many pairs stand so.
    #[must_use]
    pub fn count(&self, ends: Ends) -> usize {
        self.pairs.iter().filter(|pair| pair.ends == ends).count()
    }

    /// Whether the two sides agree, and all of them was compared.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let is_open = |pair: &Pair| {
            matches!(pair.ends, Ends::Differ | Ends::NotSeen | Ends::RanUntold)
                || pair.text == Compared::AroundAnything
        };
        self.only_told.is_empty()
            && self.only_seen.is_empty()
            && self.taken_out.is_empty()
            && !self.pairs.iter().any(is_open)
    }
}

/// Holds the two sides against each other: by order and text, then by text alone, then by what is left
/// of a text in which a secret was masked. What is told to have run comes before what is not: of a
/// command that was refused and then allowed the kernel saw the second one.
#[must_use]
pub fn reconcile<'a>(told: impl IntoIterator<Item = &'a Told>, seen: &[Seen]) -> Reconciled {
    let told: Vec<&Told> = told.into_iter().collect();
    let texts: Vec<Shown> = told.iter().map(|told| told.shown()).collect();
    let mut found = Found { of_told: vec![None; told.len()], of_seen: vec![None; seen.len()] };
    // A text that was taken out is the same as no other.
    let mut numbers: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut number = |key: Vec<u8>| {
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    };
    let keys: Vec<usize> = texts.iter().map(|text| number(key(text))).collect();
    let own: Vec<usize> = seen
        .iter()
        .enumerate()
        .map(|(at, seen)| number(seen.shown.as_ref().map_or_else(|| format!("-{at}").into(), key)))
        .collect();
    let (ran, not_run): (Vec<usize>, Vec<usize>) =
        (0..told.len()).partition(|place| told[*place].outcome != Outcome::NotRun);
    let keys_of_ran: Vec<usize> = ran.iter().map(|place| keys[*place]).collect();
    for (place, at) in in_order(&keys_of_ran, &own) {
        found.pair(ran[place], at, Compared::Whole, true);
    }
    found.left(&ran, &keys, &own);
    found.left(&not_run, &keys, &own);
    for places in [&ran, &not_run] {
        for (at, own) in seen.iter().enumerate() {
            if let Some(masked) =
                own.shown.as_ref().filter(|text| found.of_seen[at].is_none() && is_masked(text))
            {
                found.first(places, at, |place| fits(masked, &texts[place]));
            }
        }
    }
    let (mut all, across) = (Reconciled::default(), found.across());
    for (place, pair) in found.of_told.iter().enumerate() {
        match pair {
            Some((at, text, in_order)) => all.pairs.push(Pair {
                told: place,
                seen: *at,
                ends: Ends::of(told[place].outcome, seen[*at].end),
                text: *text,
                moved: !in_order && across[place],
            }),
            None if told[place].outcome == Outcome::NotRun => all.not_run.push(place),
            None => all.only_told.push(place),
        }
    }
    let left = (0..seen.len()).filter(|at| found.of_seen[*at].is_none());
    (all.taken_out, all.only_seen) = left.partition(|at| seen[*at].shown.is_none());
    all
}

/// What was found of each side.
struct Found {
    of_told: Vec<Option<(usize, Compared, bool)>>,
    of_seen: Vec<Option<usize>>,
}

impl Found {
    fn pair(&mut self, told: usize, seen: usize, text: Compared, in_order: bool) {
        (self.of_told[told], self.of_seen[seen]) = (Some((seen, text, in_order)), Some(told));
    }

    /// Pairs what is left of these places and has the same text, the first ones first.
    fn left(&mut self, places: &[usize], told: &[usize], seen: &[usize]) {
        let mut left: HashMap<usize, VecDeque<usize>> = HashMap::new();
        for place in places.iter().filter(|place| self.of_told[**place].is_none()) {
            left.entry(told[*place]).or_default().push_back(*place);
        }
        for (at, key) in seen.iter().enumerate() {
            if self.of_seen[at].is_none()
                && let Some(place) = left.get_mut(key).and_then(VecDeque::pop_front)
            {
                self.pair(place, at, Compared::Whole, false);
            }
        }
    }

    /// Pairs what the kernel saw there with the first of these places that is left and fits.
    fn first(&mut self, places: &[usize], seen: usize, fits: impl Fn(usize) -> Option<Compared>) {
        let left = places.iter().filter(|told| self.of_told[**told].is_none());
        if let Some((told, text)) = left.filter_map(|told| Some((*told, fits(*told)?))).next() {
            self.pair(told, seen, text, false);
        }
    }

    /// Of each place whether its pair stands across another one.
    fn across(&self) -> Vec<bool> {
        let seen: Vec<Option<usize>> = self.of_told.iter().map(|pair| pair.map(|(at, ..)| at)).collect();
        let mut across = vec![false; seen.len()];
        let mut highest = None;
        for (across, at) in across.iter_mut().zip(&seen) {
            *across = at.is_some() && highest > *at;
            highest = highest.max(*at);
        }
        let mut lowest = usize::MAX;
        for (across, at) in across.iter_mut().zip(&seen).rev() {
            *across |= at.is_some_and(|at| lowest < at);
            lowest = lowest.min(at.unwrap_or(lowest));
        }
        across
    }
}

/// The longest sequence that both sides have in the same order, as pairs of places: that of Hunt and
/// Szymanski, whose time goes with the number of places at which the two sides are the same.
fn in_order(told: &[usize], seen: &[usize]) -> Vec<(usize, usize)> {
    let same = |(one, other): &(&usize, &usize)| one == other;
    let begin = told.iter().zip(seen).take_while(same).count();
    let (told, seen) = (&told[begin..], &seen[begin..]);
    let end = told.iter().rev().zip(seen.iter().rev()).take_while(same).count();
    let (middle_told, middle_seen) = (&told[..told.len() - end], &seen[..seen.len() - end]);
    let mut all: Vec<(usize, usize)> = (0..begin).map(|at| (at, at)).collect();
    let middle = longest(middle_told, middle_seen);
    all.extend(middle.into_iter().map(|(place, at)| (begin + place, begin + at)));
    let ends = (begin + middle_told.len()..).zip(begin + middle_seen.len()..);
    all.extend(ends.take(end));
    all
}

fn longest(told: &[usize], seen: &[usize]) -> Vec<(usize, usize)> {
    let mut places: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, key) in seen.iter().enumerate().rev() {
        places.entry(*key).or_default().push(at);
    }
    let count: usize = told.iter().filter_map(|key| places.get(key)).map(Vec::len).sum();
    if count > SAME_PLACES_MAX {
        return Vec::new();
    }
    // Each pair with the one before it; and of each length the pair that ends first.
    let mut pairs: Vec<(usize, usize, Option<usize>)> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    for (place, key) in told.iter().enumerate() {
        for at in places.get(key).into_iter().flatten() {
            let length = ends.partition_point(|pair| pairs[*pair].1 < *at);
            let before = length.checked_sub(1).map(|length| ends[length]);
            pairs.push((place, *at, before));
            let last = pairs.len() - 1;
            match ends.get_mut(length) {
                Some(pair) => *pair = last,
                None => ends.push(last),
            }
        }
    }
    let mut all = Vec::new();
    let mut next = ends.last().copied();
    while let Some((place, at, before)) = next.map(|pair| pairs[pair]) {
        all.push((place, at));
        next = before;
    }
    all.reverse();
    all
}

/// A text as the comparison sees it.
fn key(shown: &Shown) -> Vec<u8> {
    match shown {
        Shown::Text(text) => [b"=", text.as_slice()].concat(),
        Shown::Words(words) => {
            words.iter().fold(b":".to_vec(), |all, word| [&all, word.as_slice(), b"\0"].concat())
        }
    }
}

fn is_masked(shown: &Shown) -> bool {
    matches!(shown, Shown::Text(text) if has_known_sign(text))
}

/// What is the same, if a text can be the one that a text with masked secrets was made of: it has what
/// is left of that, in this order.
fn fits(masked: &Shown, told: &Shown) -> Option<Compared> {
    let (Shown::Text(masked), Shown::Text(told)) = (masked, told) else { return None };
    let (pieces, may_be_anything) = around_signs(masked);
    let [first, between @ .., last] = &pieces[..] else { return None };
    let mut rest = told.strip_prefix(*first)?;
    for piece in between {
        let at = memchr::memmem::find(rest, piece)?;
        rest = &rest[at + piece.len()..];
    }
    let same = if may_be_anything { Compared::AroundAnything } else { Compared::AroundSecrets };
    rest.ends_with(last).then_some(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, outcome: Outcome) -> Told {
        let asked = Shown::Text(text.into());
        Told { id: "c".to_owned(), line: 1, at: None, asked, ran: None, outcome }
    }

    fn seen(text: &str, end: Option<End>) -> Seen {
        Seen { start: 1, shown: Some(Shown::Text(text.into())), end, orphan: false }
    }

    /// Both sides as lists of texts, all with the status 0.
    fn of(told_texts: &[&str], seen_texts: &[&str]) -> Reconciled {
        let told: Vec<Told> = told_texts.iter().map(|text| told(text, Outcome::Exit(0))).collect();
        let seen: Vec<Seen> = seen_texts.iter().map(|text| seen(text, Some(End::Exit(0)))).collect();
        reconcile(&told, &seen)
    }

    #[test]
    fn a_command_of_one_side_is_lost_or_taken_for_another() {
        let all = of(&["a", "ls", "b", "ls"], &["a", "ls", "x", "b", "ls"]);
        assert!(!all.agrees() && all.only_told.is_empty() && all.only_seen == [2]);
        let all = of(&["a", "ls", "b"], &["a", "b"]);
        assert_eq!((all.only_told.as_slice(), all.only_seen.len(), all.agrees()), (&[1][..], 0, false));
        // White space is compared exactly.
        assert_eq!(of(&["ls "], &["ls"]).only_told, [0]);
        // Commands that run at the same time start in another order.
        let all = of(&["a", "b", "c"], &["b", "a", "c"]);
        assert!(all.agrees() && all.pairs.iter().filter(|pair| pair.moved).count() == 1, "{all:?}");
        assert!(of(&[], &[]).agrees());
        // Words are no text.
        let words = Seen { shown: Some(Shown::Words(vec![b"ls".to_vec()])), ..seen("", Some(End::Exit(0))) };
        assert_eq!(reconcile(&[told("ls", Outcome::Exit(0))], &[words]).only_seen, [0]);
    }

    #[test]
    fn the_order_says_which_of_the_same_texts_is_missing() {
        for (told, seen, expected) in [
            ("abcab", "abcab", "00 11 22 33 44"),
            ("xaya", "xa", "00 11"),
            ("yaxa", "xa", "20 31"),
            ("abcd", "bdac", "10 22"),
            ("", "a", ""),
            ("aab", "ab", "00 21"),
        ] {
            let keys = |text: &str| text.bytes().map(usize::from).collect::<Vec<_>>();
            let pairs = in_order(&keys(told), &keys(seen));
            let words: Vec<String> = pairs.iter().map(|(place, at)| format!("{place}{at}")).collect();
            assert!(pairs.is_sorted() && pairs.iter().map(|(_, at)| at).is_sorted(), "{words:?}");
            assert_eq!(words.len(), expected.split_whitespace().count(), "{told} {seen}: {words:?}");
            let all = of(
                &told.split("").filter(|one| !one.is_empty()).collect::<Vec<_>>(),
                &seen.split("").filter(|one| !one.is_empty()).collect::<Vec<_>>(),
            );
            assert_eq!(all.pairs.len() + all.only_told.len(), told.len());
        }
        // Many of the same, and many of others: neither takes long.
        let (ones, twos) = (vec![1; 20_000], (2..20_002).collect::<Vec<_>>());
        assert_eq!(in_order(&ones, &twos), []);
        let mixed: Vec<usize> = (0..20_000).map(|at| at * 7919 % 20_000).collect();
        assert!(!in_order(&mixed, &(0..20_000).collect::<Vec<_>>()).is_empty());
        let other: Vec<usize> = (0..20_000).map(|at| at % 2).collect();
        assert!(in_order(&other, &ones).len() <= 1);
    }

    #[test]
    fn an_end_that_differs_is_taken_for_the_same() {
        for (outcome, end, ends, agrees) in [
            (Outcome::Exit(0), Some(End::Exit(0)), Ends::Same, true),
            (Outcome::Exit(0), Some(End::Exit(1)), Ends::Differ, false),
            (Outcome::Exit(143), Some(End::Signal(15)), Ends::Same, true),
            (Outcome::Exit(144), Some(End::Signal(15)), Ends::Differ, false),
            (Outcome::Exit(1), Some(End::Signal(9)), Ends::Differ, false),
            (Outcome::Exit(0), Some(End::Running), Ends::Differ, false),
            (Outcome::Exit(0), Some(End::NotStarted), Ends::Differ, false),
            (Outcome::Exit(0), Some(End::Untold), Ends::NotSeen, false),
            (Outcome::Exit(0), None, Ends::NotSeen, false),
            (Outcome::Signal(15), Some(End::Signal(15)), Ends::Same, true),
            (Outcome::Signal(15), Some(End::Exit(143)), Ends::Differ, false),
            (Outcome::NotTold, Some(End::Exit(3)), Ends::NotTold, true),
            (Outcome::NotTold, Some(End::Signal(9)), Ends::NotTold, true),
            (Outcome::NotTold, Some(End::Running), Ends::NotTold, true),
            (Outcome::NotTold, Some(End::Untold), Ends::NotTold, true),
            (Outcome::NotTold, None, Ends::NotTold, true),
            (Outcome::NotTold, Some(End::NotStarted), Ends::Differ, false),
        ] {
            let all = reconcile(&[told("a", outcome)], &[seen("a", end)]);
            assert_eq!((all.pairs[0].ends, all.agrees()), (ends, agrees), "{outcome:?} {end:?}");
        }
        // What was asked for and not told to have run need not be there; what was told to have has to.
        let all = reconcile(&[told("a", Outcome::NotRun), told("b", Outcome::NotTold)], &[]);
        assert_eq!((all.not_run, all.only_told), (vec![0], vec![1]));
    }

    #[test]
    fn a_command_that_was_told_as_refused_and_ran_is_taken_for_agreement() {
        for (end, ends, agrees) in [
            (Some(End::Exit(0)), Ends::RanUntold, false),
            (Some(End::Exit(3)), Ends::RanUntold, false),
            (Some(End::Signal(9)), Ends::RanUntold, false),
            (Some(End::Running), Ends::RanUntold, false),
            (Some(End::Became(4)), Ends::RanUntold, false),
            (Some(End::Untold), Ends::RanUntold, false),
            (None, Ends::RanUntold, false),
            (Some(End::NotStarted), Ends::Same, true),
        ] {
            let all = reconcile(&[told("a", Outcome::NotRun)], &[seen("a", end)]);
            assert_eq!((all.pairs[0].ends, all.agrees()), (ends, agrees), "{end:?}");
        }
        // One that was refused and then allowed ran once, wherever it stands; twice is once too often.
        let (no, yes) = (told("a", Outcome::NotRun), told("a", Outcome::Exit(0)));
        let ran = seen("a", Some(End::Exit(0)));
        for told in [[no.clone(), yes.clone()], [yes, no]] {
            let all = reconcile(&told, std::slice::from_ref(&ran));
            assert!(all.agrees() && all.not_run.len() == 1 && !all.pairs[0].moved, "{all:?}");
            let all = reconcile(&told, &[ran.clone(), ran.clone()]);
            assert!(!all.agrees() && all.count(Ends::RanUntold) == 1, "{all:?}");
        }
        let secret = told("curl -H 'Authorization: Bearer x' https://h/", Outcome::NotRun);
        let ran = seen("curl -H 'Authorization: Bearer [github-token]' https://h/", Some(End::Exit(0)));
        assert!(!reconcile(&[secret], &[ran]).agrees());
    }

    #[test]
    fn a_text_that_cannot_be_compared_is_taken_for_the_same() {
        let asked = "curl -H 'Authorization: Bearer x' https://h/";
        for (shown, compared, agrees) in [
            ("curl -H 'Authorization: Bearer [github-token]' https://h/", Compared::AroundSecrets, true),
            ("curl -H '[header*]' https://h/", Compared::AroundAnything, false),
        ] {
            let all = of(&["ls", asked], &[shown, "ls"]);
            let pair = all.pairs.iter().find(|pair| pair.told == 1).unwrap();
            assert_eq!((pair.text, all.agrees()), (compared, agrees), "{shown}");
        }
        for shown in ["curl [github-token] https://other/", "echo ${a[0]}", "[nobody-knows-it]"] {
            assert_eq!(of(&[asked], &[shown]).only_seen, [0], "{shown}");
        }
        let gone = Seen { shown: None, ..seen("", Some(End::Exit(0))) };
        let all = reconcile(&[told("a", Outcome::Exit(0))], &[gone.clone(), gone]);
        assert_eq!((all.taken_out, all.only_told), (vec![0, 1], vec![0]));
    }
}
