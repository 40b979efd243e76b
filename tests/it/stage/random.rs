//! Chance from a recorded seed: the same numbers, edits and files on every machine.

/// A generator of numbers.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// A number below this one.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// One time in so many.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What is put into a text: what JSON has, what it nearly has, and what readers differ about.
const PIECES: &[&[u8]] = &[
    b"0",
    b"1",
    b"-0",
    b"-1",
    b"00",
    b"0x1",
    b"1.0",
    b"1e0",
    b"1E400",
    b"255",
    b"256",
    b"9007199254740991",
    b"9007199254740992",
    b"18446744073709551615",
    b"18446744073709551616",
    b"null",
    b"true",
    b"false",
    b"NaN",
    b"Infinity",
    b"\"\"",
    b"\"x\"",
    b"\"\\u0000\"",
    b"\"\\ud800\"",
    b"\"\\ud83d\\ude00\"",
    b"\"\\/\"",
    b"\"\x7f\"",
    b"\"\x01\"",
    b"\"\xc3\xa9\"",
    b"\"\xff\"",
    b"\xef\xbb\xbf",
    b"{}",
    b"[]",
    b"[[[[[[[[",
    b"{\"\":",
    b" ",
    b"\n",
    b"\t",
    b"\r\n",
    b"\x00",
    b",",
    b":",
    b"]",
    b"}",
    b"//",
];

/// The pieces of a text as JSON has them: strings, words and numbers, marks.
fn tokens(text: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let from = at;
        at += 1;
        if text[from] == b'"' {
            while at < text.len() && text[at] != b'"' {
                at += 1 + usize::from(text[at] == b'\\');
            }
            at = (at + 1).min(text.len());
        } else if text[from].is_ascii_alphanumeric() {
            while at < text.len() && text[at].is_ascii_alphanumeric() {
                at += 1;
            }
        }
        out.push(&text[from..at]);
    }
    out
}

/// The text, changed in one place: a bit, a piece, or a piece that came from elsewhere in it.
pub fn edited(random: &mut Random, text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return random.pick::<&[u8]>(PIECES).to_vec();
    }
    let place = random.below(text.len());
    let (before, after) = text.split_at(place);
    let length = 1 + random.below(8.min(after.len()));
    match random.below(12) {
        0 => {
            let mut changed = text.to_vec();
            changed[place] ^= 1 << random.below(8);
            return changed;
        }
        1 => return [before, &after[length..]].concat(),
        2 => return [before, *random.pick::<&[u8]>(PIECES), after].concat(),
        3 => return [before, &after[..length], after].concat(),
        _ => {}
    }
    let mut pieces = tokens(text);
    let at = random.below(pieces.len());
    let other = random.below(pieces.len());
    match random.below(6) {
        0 => pieces.swap(at, other),
        1 => pieces[at] = pieces[other],
        2 => pieces.insert(at, pieces[other]),
        3 => drop(pieces.remove(at)),
        4 => {
            // A member with its mark before it, or none.
            let until = (at + 4).min(pieces.len());
            pieces.drain(at..until);
        }
        _ => pieces[at] = *random.pick::<&[u8]>(PIECES),
    }
    pieces.concat()
}
