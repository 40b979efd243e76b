//! The language of the rules: literal bytes and classes, each class with a repeat.
//!
//! What lives here: how a pattern is read, at compile time as at run time, and where it matches.
//! What does not: which patterns there are (`rules`), and where in a text they are tried (`scan`).
//!
//! A pattern is a sequence of literals, `\` escapes and classes (`[A-Za-z]`, `[^x]`, `\d`, `\w`,
//! `\s`); a class or literal may be followed by `{n}`, `{m,n}`, `{m,}`, `+` or `?`. `(?i)` at the
//! beginning makes it insensitive to case. A match begins where the byte before is no letter,
//! digit or `_` and not of the first class (a `/` apart); an escape such as `\n` or `%22` before it
//! ends what was before. It ends where the byte after is not of the last class;
//! after a literal at the end, where it is no letter, digit or `_`. A repeat takes all it can. It
//! gives back only where each part of the pattern after it has a fixed length.

/// The largest number in a repeat.
pub const REPEAT_MAX: u16 = 4096;
/// The most items of a pattern.
pub(super) const ITEMS_MAX: usize = 256;
/// The bound of a repeat without one.
const ENDLESS: u16 = u16::MAX;

/// A set of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set {
    ascii: u128,
    high: bool,
}

impl Set {
    pub(super) const EMPTY: Set = Set { ascii: 0, high: false };

    pub(super) const fn has(self, byte: u8) -> bool {
        if byte < 128 { self.ascii >> byte & 1 == 1 } else { self.high }
    }

    const fn range(from: u8, to: u8) -> Set {
        Set { ascii: (u128::MAX >> (127 - (to - from))) << from, high: false }
    }

    const fn with(self, other: Set) -> Set {
        Set { ascii: self.ascii | other.ascii, high: self.high || other.high }
    }

    const fn not(self) -> Set {
        Set { ascii: !self.ascii, high: !self.high }
    }

    const fn meets(self, other: Set) -> bool {
        self.ascii & other.ascii != 0 || self.high && other.high
    }

    /// The same with both cases of each letter.
    const fn folded(self) -> Set {
        const UPPER: u128 = Set::range(b'A', b'Z').ascii;
        const LOWER: u128 = Set::range(b'a', b'z').ascii;
        let ascii = self.ascii | (self.ascii & UPPER) << 32 | (self.ascii & LOWER) >> 32;
        Set { ascii, high: self.high }
    }

    const fn size(self) -> u32 {
        self.ascii.count_ones() + if self.high { 128 } else { 0 }
    }
}

const DIGIT: Set = Set::range(b'0', b'9');
const WORD: Set =
    DIGIT.with(Set::range(b'a', b'z')).with(Set::range(b'A', b'Z')).with(Set::range(b'_', b'_'));
const SPACE: Set = Set::range(b'\t', b'\r').with(Set::range(b' ', b' '));

/// One literal or class, and how often it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    set: Set,
    min: u16,
    max: u16,
    literal: bool,
}

impl Item {
    pub(super) const EMPTY: Item = Item { set: Set::EMPTY, min: 0, max: 0, literal: false };

    const fn is_fixed(self) -> bool {
        self.min == self.max
    }
}

/// A pattern that was read.
pub(super) struct Parsed {
    pub(super) items: [Item; ITEMS_MAX],
    pub(super) len: usize,
}

/// What is wrong with a pattern, and at which byte.
pub(super) type Wrong = (usize, &'static str);

/// The items of a pattern.
pub(super) const fn parse(pattern: &str) -> Result<Parsed, Wrong> {
    let bytes = pattern.as_bytes();
    let mut parsed = Parsed { items: [Item::EMPTY; ITEMS_MAX], len: 0 };
    let fold = matches!(bytes, [b'(', b'?', b'i', b')', ..]);
    let mut at = if fold { 4 } else { 0 };
    while at < bytes.len() {
        let (set, literal, after) = match one(bytes, at) {
            Ok(read) => read,
            Err(wrong) => return Err(wrong),
        };
        let (min, max, end) = match repeat(bytes, after) {
            Ok(read) => read,
            Err(wrong) => return Err(wrong),
        };
        if parsed.len == ITEMS_MAX {
            return Err((at, "the pattern is longer than 256 parts; write a shorter one"));
        }
        let set = if fold { set.folded() } else { set };
        parsed.items[parsed.len] = Item { set, min, max, literal };
        parsed.len += 1;
        at = end;
    }
    match narrow(&parsed) {
        Ok(()) => Ok(parsed),
        Err(wrong) => Err(wrong),
    }
}

/// Why a pattern could match nearly everything.
const fn narrow(parsed: &Parsed) -> Result<(), Wrong> {
    const WIDE: &str = "the pattern can match nearly everything: write three literal characters in a row \
                        (such as `abc_`), or at least 12 characters that must be there, of classes of at \
                        most 70 characters and with one literal";
    let (mut row, mut longest, mut fixed, mut literal, mut at) = (0, 0, 0, false, 0);
    while at < parsed.len {
        let item = parsed.items[at];
        let one = item.literal && item.min == 1 && item.max == 1;
        row = if one { row + 1 } else { 0 };
        longest = if row > longest { row } else { longest };
        literal = literal || one || item.set.size() <= 40 && item.min > 0;
        fixed += if item.set.size() <= 70 { item.min as u32 } else { 0 };
        at += 1;
    }
    if longest >= 3 || literal && fixed >= 12 { Ok(()) } else { Err((0, WIDE)) }
}

/// One literal or class, whether it is a literal, and where it ends.
const fn one(bytes: &[u8], at: usize) -> Result<(Set, bool, usize), Wrong> {
    match bytes[at] {
        b'[' => match class(bytes, at) {
            Ok((set, end)) => Ok((set, false, end)),
            Err(wrong) => Err(wrong),
        },
        b'\\' => match escape(bytes, at) {
            Ok((set, end)) => Ok((set, set.size() == 1, end)),
            Err(wrong) => Err(wrong),
        },
        b'.' => Err((at, "`.` is no class here: write `\\.` for a dot, or a class such as `[^\\s]`")),
        b'(' => Err((at, "there are no groups: write `\\(` for a bracket, and a rule for each choice")),
        b'|' => Err((at, "there is no choice: write a rule for each, or `\\|` for the character")),
        b'^' | b'$' => Err((at, "there are no anchors: leave it out, or write a `\\` before it")),
        b'*' => Err((at, "write `{0,}` after a class for any number, or `\\*` for the character")),
        b'+' | b'?' | b'{' => Err((at, "a repeat follows a class or a character: write a `\\` before it")),
        b')' | b']' | b'}' => Err((at, "write a `\\` before a bracket that stands for itself")),
        byte if byte >= 128 => Err((at, "write ASCII only; `[^\\s]` matches other bytes too")),
        byte => Ok((Set::range(byte, byte), true, at + 1)),
    }
}

const fn escape(bytes: &[u8], at: usize) -> Result<(Set, usize), Wrong> {
    if at + 1 == bytes.len() {
        return Err((at, "a character follows `\\`: write `\\\\` for a backslash"));
    }
    let set = match bytes[at + 1] {
        b'd' => DIGIT,
        b'w' => WORD,
        b's' => SPACE,
        b'D' => DIGIT.not(),
        b'W' => WORD.not(),
        b'S' => SPACE.not(),
        b'n' => Set::range(b'\n', b'\n'),
        b't' => Set::range(b'\t', b'\t'),
        b'r' => Set::range(b'\r', b'\r'),
        byte if byte.is_ascii_punctuation() || byte == b' ' => Set::range(byte, byte),
        _ => return Err((at, "the escapes are `\\d \\w \\s \\n \\t \\r` and those of signs such as `\\.`")),
    };
    Ok((set, at + 2))
}

const fn class(bytes: &[u8], start: usize) -> Result<(Set, usize), Wrong> {
    let mut at = start + 1;
    let negated = at < bytes.len() && bytes[at] == b'^';
    at += negated as usize;
    let mut set = Set::EMPTY;
    while at < bytes.len() && bytes[at] != b']' {
        if bytes[at] >= 128 {
            return Err((at, "write ASCII only; `[^\\s]` matches other bytes too"));
        }
        if bytes[at] == b'\\' {
            match escape(bytes, at) {
                Ok((more, end)) => {
                    set = set.with(more);
                    at = end;
                }
                Err(wrong) => return Err(wrong),
            }
        } else if at + 2 < bytes.len() && bytes[at + 1] == b'-' && bytes[at + 2] != b']' {
            if bytes[at + 2] < bytes[at] || bytes[at + 2] >= 128 || bytes[at + 2] == b'\\' {
                return Err((
                    at,
                    "a range ascends: write `a-z`, and a `-` for itself at the end of the class",
                ));
            }
            set = set.with(Set::range(bytes[at], bytes[at + 2]));
            at += 3;
        } else {
            set = set.with(Set::range(bytes[at], bytes[at]));
            at += 1;
        }
    }
    if at == bytes.len() {
        return Err((start, "the class has no end: write `]`, or `\\[` for the character"));
    }
    if set.size() == 0 {
        return Err((start, "the class is empty: write its characters between `[` and `]`"));
    }
    Ok((if negated { set.not() } else { set }, at + 1))
}

/// The bounds of the repeat at this place, and where it ends.
const fn repeat(bytes: &[u8], at: usize) -> Result<(u16, u16, usize), Wrong> {
    const FORMS: &str = "the repeats are `{n}`, `{m,n}` and `{m,}` with numbers up to 4096, `+` and `?`";
    if at == bytes.len() {
        return Ok((1, 1, at));
    }
    match bytes[at] {
        b'+' => return Ok((1, ENDLESS, at + 1)),
        b'?' => return Ok((0, 1, at + 1)),
        b'{' => {}
        _ => return Ok((1, 1, at)),
    }
    let (min, mut end) = number(bytes, at + 1);
    let mut max = min;
    if end > at + 1 && end < bytes.len() && bytes[end] == b',' {
        let from = end + 1;
        (max, end) = number(bytes, from);
        max = if end == from { ENDLESS } else { max };
    }
    let sound = end < bytes.len() && bytes[end] == b'}' && end > at + 1 && min <= REPEAT_MAX;
    if sound && max >= min && max > 0 && (max <= REPEAT_MAX || max == ENDLESS) {
        Ok((min, max, end + 1))
    } else {
        Err((at, FORMS))
    }
}

/// A number, at most one more than [`REPEAT_MAX`], and where it ends.
const fn number(bytes: &[u8], mut at: usize) -> (u16, usize) {
    let mut value = 0;
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        value = value * 10 + (bytes[at] - b'0') as u16;
        value = if value > REPEAT_MAX { REPEAT_MAX + 1 } else { value };
        at += 1;
    }
    (value, at)
}

/// The bytes with which a match can begin.
pub(super) const fn first(items: &[Item]) -> Set {
    let (mut set, mut at) = (Set::EMPTY, 0);
    while at < items.len() {
        set = set.with(items[at].set);
        if items[at].min > 0 {
            break;
        }
        at += 1;
    }
    set
}

/// What tokens are made of.
const LETTERS: Set =
    WORD.with(Set::range(b'+', b'+')).with(Set::range(b'-', b'/')).with(Set::range(b'~', b'~'));

/// Whether a byte is one of those that tokens are made of.
pub(super) const fn is_letter(byte: u8) -> bool {
    LETTERS.has(byte)
}

/// The literals that a match begins with, at most four, how many those are, and how many letters
/// of tokens stand at its beginning at least.
pub(super) const fn head(items: &[Item]) -> ([u8; 4], u32, u8) {
    let (mut bytes, mut length, mut least, mut at) = ([0; 4], 0, 0, 0);
    while at < items.len() && items[at].set.ascii & !LETTERS.ascii == 0 && !items[at].set.high {
        least += items[at].min as u32;
        if !items[at].is_fixed() {
            break;
        }
        at += 1;
    }
    while length < 4 && length < items.len() {
        let item = items[length];
        if !item.literal || item.min != 1 || item.max != 1 || item.set.size() != 1 || item.set.high {
            break;
        }
        bytes[length] = item.set.ascii.trailing_zeros() as u8;
        length += 1;
    }
    (bytes, length as u32, if least < 255 { least as u8 } else { 255 })
}

/// Where a match of these items that begins here ends. Err: how far the text was read.
pub(super) fn matches(items: &[Item], text: &[u8], start: usize) -> Result<usize, usize> {
    let mut at = start;
    for (number, item) in items.iter().enumerate() {
        let rest = &text[at..];
        // Most attempts end here: what must be there is not.
        let least = usize::from(item.min);
        if least > 0 && !rest.get(least - 1).is_some_and(|byte| item.set.has(*byte)) {
            return Err(at);
        }
        let most = rest.len().min(usize::from(item.max));
        let most = if item.max == ENDLESS { rest.len() } else { most };
        let run = rest[..most].iter().take_while(|byte| item.set.has(**byte)).count();
        if run < least {
            return Err(at + run);
        }
        let after = &items[number + 1..];
        let gives = !item.is_fixed() && !after.is_empty() && after.iter().all(|item| item.is_fixed());
        if gives && item.set.meets(after[0].set) {
            let ends = (at + least..=at + run).rev().find_map(|from| fixed(after, text, from));
            return ends.filter(|end| is_end(items, text, *end)).ok_or(at + run);
        }
        at += run;
    }
    if is_end(items, text, at) { Ok(at) } else { Err(at) }
}

/// Where items of fixed length that begin here end.
fn fixed(items: &[Item], text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for item in items {
        let run = text.get(at..at + usize::from(item.min))?;
        if !run.iter().all(|byte| item.set.has(*byte)) {
            return None;
        }
        at += run.len();
    }
    Some(at)
}

fn is_end(items: &[Item], text: &[u8], end: usize) -> bool {
    let (Some(last), Some(byte)) = (items.last(), text.get(end)) else { return true };
    if last.literal { !WORD.has(*byte) } else { !last.set.has(*byte) }
}

/// Whether a byte before a match is of the class that the pattern begins with. A `/` is not: it
/// stands between the parts of an address.
pub(super) fn continues(items: &[Item], before: u8) -> bool {
    items.first().is_some_and(|item| !item.literal && before != b'/' && item.set.has(before))
}
