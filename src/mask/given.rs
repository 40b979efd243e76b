//! Values that are masked wherever they occur.
//!
//! What lives here: the spellings of a value, and the search for all of them at once. What does
//! not: which values those are; the caller says it.
//!
//! Rules: what a value is appears in no debug output.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use super::name::has;
use super::scan::Found;

/// What stands before the name of the variable whose value is masked.
pub const OF_VARIABLE: &str = "env:";
/// What stands in the place of a value that a script tells GitHub's runner to mask.
pub const TOLD: &str = "add-mask";
/// The shortest value that is searched for, in bytes without the blanks around it.
pub const VALUE_MIN: usize = 6;
/// The shortest line of a value of several lines that is searched for.
const LINE_MIN: usize = 8;
/// The fewest characters of base64 that are the value's alone.
const BASE64_MIN: usize = 8;
/// Values that many texts hold.
const COMMON: &str = "production development staging testing default enabled disabled localhost 127.0.0.1 0.0.0.0 \
    master release latest nothing unknown password secret username required optional undefined \
    /bin/bash /bin/sh xterm-256color en_US.UTF-8 inherit";

/// The values of a recording.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Given {
    names: Vec<String>,
    /// The spellings of values, and the number of the name of each.
    needles: BTreeMap<Vec<u8>, u32>,
    /// Which two bytes a needle begins with; empty where there is none.
    begins: Vec<u64>,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Given").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Given {
    pub(super) fn add(&mut self, name: &str, value: &[u8]) -> bool {
        let value = value.trim_ascii();
        if value.len() < VALUE_MIN || has(COMMON, value) {
            return false;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.begins.resize(1024, 0);
        let mut add = |bytes: Vec<u8>| {
            let begin = usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
            self.begins[begin / 64] |= 1 << (begin % 64);
            self.needles.entry(bytes).or_insert(number);
        };
        spellings(value).into_iter().for_each(&mut add);
        let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        for line in lines.filter(|line| line.len() >= LINE_MIN && line.len() < value.len()) {
            // A line that frames a key says nothing of it, and other texts have it too.
            if !line.starts_with(b"-----") {
                add(line.to_vec());
            }
        }
        true
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Where the values occur in a text, also broken over its lines.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Found<'_>> {
        let mut found = Vec::new();
        if self.needles.is_empty() {
            return found;
        }
        self.search(text, |start, end, rule| found.push(Found { start, end, rule }));
        if text.contains(&b'\n') {
            let (joined, places) = join(text);
            self.search(&joined, |start, end, rule| {
                found.push(Found { start: places[start], end: places[end - 1] + 1, rule });
            });
        }
        found
    }

    fn search<'a>(&'a self, text: &[u8], mut each: impl FnMut(usize, usize, &'a str)) {
        let mut at = 0;
        while at + VALUE_MIN <= text.len() {
            let begin = usize::from(text[at]) << 8 | usize::from(text[at + 1]);
            let longest =
                (self.begins[begin / 64] >> (begin % 64) & 1 == 1).then(|| self.longest(&text[at..]));
            match longest.flatten() {
                Some((length, name)) => {
                    each(at, at + length, &self.names[name as usize]);
                    at += length;
                }
                None => at += 1,
            }
        }
    }

    /// How long the longest needle is that a text begins with, and its name.
    fn longest(&self, text: &[u8]) -> Option<(usize, u32)> {
        let head = &text[..VALUE_MIN];
        let from = (Bound::Included(head), Bound::Unbounded);
        let same = self.needles.range::<[u8], _>(from).take_while(|(bytes, _)| bytes.starts_with(head));
        same.filter(|(bytes, _)| text.starts_with(bytes)).last().map(|(bytes, name)| (bytes.len(), *name))
    }
}

/// A text without its line breaks and the blanks behind them, and where each byte stood.
fn join(text: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut joined, mut places, mut at) = (Vec::new(), Vec::new(), 0);
    while at < text.len() {
        let broken = match (text[at], text.get(at + 1), text.get(at + 2)) {
            (b'\n', ..) => 1,
            (b'\\' | b'\r', Some(b'\n'), _) => 2,
            (b'\\', Some(b'\r'), Some(b'\n')) => 3,
            _ => 0,
        };
        if broken > 0 {
            at += broken;
            at += text[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        } else {
            joined.push(text[at]);
            places.push(at);
            at += 1;
        }
    }
    (joined, places)
}

/// How a value can be spelled: as it is, in base64, in hex, in a URL, in JSON.
fn spellings(value: &[u8]) -> Vec<Vec<u8>> {
    const LOWER: &[u8; 16] = b"0123456789abcdef";
    const UPPER: &[u8; 16] = b"0123456789ABCDEF";
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut all = vec![value.to_vec()];
    for digits in [LOWER, UPPER] {
        all.push(value.iter().flat_map(|byte| hex(*byte, digits)).collect());
        all.push(percent(value, digits, false));
        all.push(percent(value, digits, true));
    }
    for alphabet in [STANDARD, FOR_URLS] {
        all.extend(
            (0..3).map(|before| base64(value, before, alphabet)).filter(|text| text.len() >= BASE64_MIN),
        );
    }
    all.push(json(value));
    all
}

fn hex(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

fn percent(value: &[u8], digits: &[u8; 16], plus: bool) -> Vec<u8> {
    let spell = |byte: &u8| match byte {
        b' ' if plus => vec![b'+'],
        byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) => vec![*byte],
        byte => {
            let [tens, ones] = hex(*byte, digits);
            vec![b'%', tens, ones]
        }
    };
    value.iter().flat_map(spell).collect()
}

/// The characters of base64 that are the value's alone where so many bytes stand before it.
fn base64(value: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bits = value.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    // The first character that no bit of what stands before has a part in.
    let skip = (6 - before * 8 % 6) % 6;
    let bits: Vec<u8> = bits.skip(skip).collect();
    let group = |bits: &[u8]| bits.iter().fold(0, |sum, bit| sum << 1 | bit);
    bits.chunks_exact(6).map(|bits| alphabet[usize::from(group(bits))]).collect()
}

fn json(value: &[u8]) -> Vec<u8> {
    let spell = |byte: &u8| match byte {
        b'"' | b'\\' => vec![b'\\', *byte],
        b'\n' => b"\\n".to_vec(),
        b'\t' => b"\\t".to_vec(),
        b'\r' => b"\\r".to_vec(),
        byte => vec![*byte],
    };
    value.iter().flat_map(spell).collect()
}
