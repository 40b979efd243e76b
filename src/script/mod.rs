//! A script and its units.
//!
//! What lives here: a script's bytes with the lines of each unit, as the journal carries them,
//! which of them a piece is that a shell took (`reading`) or announced (`announced`, `run`), words
//! without their quotes (`quoted`), and which lines GitLab's runner writes itself (`gitlab`).
//! Pure. What does not: how bash is asked where a unit ends (`run::split`), how it is run
//! (`run::script`).
//!
//! A unit is one complete input as bash reads it: the lines of one compound command, or all
//! commands of one line. Blank lines and comments between units belong to none.

mod announced;
pub mod gitlab;
pub mod quoted;
pub mod reading;
pub mod run;

use std::collections::BTreeSet;

use crate::mask::{Masker, Screened};

/// What stands behind the lines of a unit whose text was masked.
const MASKED: &str = "m";
/// The longest script that is planned, in bytes.
pub const SCRIPT_MAX: usize = 1 << 20;

/// A script and the lines of its units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    bytes: Vec<u8>,
    /// First and last line of each unit, from 1, ascending.
    ranges: Vec<(u64, u64)>,
    /// The units, by number from 0, whose texts were masked.
    masked: BTreeSet<usize>,
    /// Where each line begins; one more at the end.
    lines: Vec<usize>,
}

/// A unit of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// Its first line, from 1.
    pub first: u64,
    /// Its last line.
    pub last: u64,
    /// Its lines, without the newline at the end.
    pub text: &'a [u8],
    /// Whether a secret in it is masked: the text is not what ran.
    pub masked: bool,
}

/// Whether a line is blank or a comment; such a line begins no unit.
#[must_use]
pub fn is_empty(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.is_empty() || line.starts_with(b"#")
}

/// The first and last lines of units, and which units are masked.
type Ranges = (Vec<(u64, u64)>, BTreeSet<usize>);

fn ranges_of(text: &[u8]) -> Option<Ranges> {
    let text = std::str::from_utf8(text).ok()?;
    let words: Vec<&str> = text.split(',').filter(|word| !word.is_empty()).collect();
    let pair = |word: &&str| {
        let (first, last) = word.strip_suffix(MASKED).unwrap_or(word).split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    let ranges: Option<Vec<(u64, u64)>> = words.iter().map(pair).collect();
    let masked = (0..words.len()).filter(|number| words[*number].ends_with(MASKED)).collect();
    Some((ranges?, masked))
}

impl Script {
    /// A script with these units; `None` if they do not ascend or the script ends before them.
    #[must_use]
    pub fn new(bytes: Vec<u8>, ranges: Vec<(u64, u64)>) -> Option<Self> {
        let mut lines = vec![0];
        lines.extend(bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1));
        if bytes.last().is_some_and(|byte| *byte != b'\n') {
            lines.push(bytes.len());
        }
        let mut before = 0;
        for (first, last) in &ranges {
            if *first <= before || last < first || *last >= lines.len() as u64 {
                return None;
            }
            before = *last;
        }
        Some(Script { bytes, ranges, masked: BTreeSet::new(), lines })
    }

    /// From the two texts of a plan record.
    #[must_use]
    pub fn decode(script: Option<&[u8]>, ranges: Option<&[u8]>) -> Option<Self> {
        let (ranges, masked) = ranges_of(ranges?)?;
        Script::new(script?.to_vec(), ranges).map(|script| Script { masked, ..script })
    }

    /// How many units a script has, from the two texts of its plan; also where its own was taken out.
    #[must_use]
    pub fn unit_count(script: Option<&[u8]>, ranges: Option<&[u8]>) -> Option<u64> {
        let count = match script {
            Some(_) => Script::decode(script, ranges)?.ranges.len(),
            None => ranges_of(ranges?)?.0.len(),
        };
        Some(count as u64)
    }

    /// The lines of the units, as the plan record has them: `1-1,2-4`; behind those of a masked unit
    /// stands `m`.
    #[must_use]
    pub fn ranges_text(&self) -> String {
        let mark = |number| if self.masked.contains(&number) { MASKED } else { "" };
        let word = |(number, (first, last)): (usize, &(u64, u64))| format!("{first}-{last}{}", mark(number));
        self.ranges.iter().enumerate().map(word).collect::<Vec<_>>().join(",")
    }

    /// Its text as a plan may disclose it, and the lines of its units. Each unit is masked on its own,
    /// as it is where it is recorded when it runs, and so is what stands between two of them.
    #[must_use]
    pub fn screened(&self, masker: &Masker) -> (Screened, String) {
        let mut masked = BTreeSet::new();
        let mut parts = Vec::new();
        let mut at = 0;
        for (number, unit) in self.units().enumerate() {
            let begin = self.place_of(unit.first);
            let text = masker.screen(unit.text.to_vec());
            if text.is_masked() {
                masked.insert(number);
            }
            parts.push(masker.screen(self.bytes[at..begin].to_vec()));
            parts.push(text);
            at = begin + unit.text.len();
        }
        parts.push(masker.screen(self.bytes[at..].to_vec()));
        let ranges = Script { masked, ..self.clone() }.ranges_text();
        (masker.screen_again(&Screened::joined(&parts)), ranges)
    }

    /// The script itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many lines it has.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines.len().saturating_sub(1) as u64
    }

    /// Its lines, without their newlines.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.lines.windows(2).map(|two| &self.bytes[two[0]..two[1]]);
        ends.map(|line| line.strip_suffix(b"\n").unwrap_or(line))
    }

    /// The units in order.
    pub fn units(&self) -> impl ExactSizeIterator<Item = Unit<'_>> {
        (0..self.ranges.len()).map(|number| self.unit(number).expect("one of them"))
    }

    /// Whether only blank lines and comments are between its units.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.texts().zip(1..).all(|(line, number)| is_empty(line) || self.unit_at(number).is_some())
    }

    /// Where a unit ends, in bytes from the script's beginning.
    #[must_use]
    pub fn end_of(&self, unit: Unit) -> u64 {
        let line = usize::try_from(unit.last).unwrap_or(usize::MAX);
        self.lines.get(line).map_or(0, |end| *end as u64)
    }

    /// A unit by its number, from 0.
    #[must_use]
    pub fn unit(&self, number: usize) -> Option<Unit<'_>> {
        let (first, last) = *self.ranges.get(number)?;
        let text = &self.bytes[self.place_of(first)..self.place_of(last + 1)];
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        Some(Unit { first, last, text, masked: self.masked.contains(&number) })
    }

    /// The line, from 1, that begins at this place; `None` if none does.
    #[must_use]
    pub fn line_at(&self, place: usize) -> Option<u64> {
        let before = self.lines.binary_search(&place).ok()?;
        (before + 1 < self.lines.len()).then_some(before as u64 + 1)
    }

    /// The number of the unit that has this line.
    #[must_use]
    pub fn unit_at(&self, line: u64) -> Option<usize> {
        let number = self.ranges.partition_point(|(_, last)| *last < line);
        self.ranges.get(number).is_some_and(|(first, _)| *first <= line).then_some(number)
    }

    /// Where a line, from 1, begins.
    fn place_of(&self, line: u64) -> usize {
        self.lines[usize::try_from(line - 1).expect("a line of the script")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_by_line() {
        let script =
            Script::decode(Some(b"cd src\n# no\nif :\nthen :\nfi\nmake"), Some(b"1-1,3-5,6-6")).unwrap();
        let texts: Vec<&[u8]> = script.units().map(|unit| unit.text).collect();
        assert_eq!(texts, [&b"cd src"[..], b"if :\nthen :\nfi", b"make"]);
        assert_eq!([1, 2, 4, 6, 7].map(|line| script.unit_at(line)), [Some(0), None, Some(1), Some(2), None]);
        assert_eq!(script.ranges_text(), "1-1,3-5,6-6");
    }

    #[test]
    fn ranges_that_no_script_has_are_refused() {
        for bad in ["0-1", "2-1", "1-1,1-2", "1-4", "x", "1"] {
            assert_eq!(Script::decode(Some(b"a\nb\nc\n"), Some(bad.as_bytes())), None, "{bad}");
        }
        assert!(Script::decode(Some(b""), Some(b"")).is_some());
    }
}
