//! The built-in rules: what each finds, and its patterns, read at compile time.
//!
//! What lives here: the type of a rule, the tables of patterns (`code`, `cloud`, `service`), the
//! rules that go by the place of a secret (`place`), and the table that says which patterns can
//! begin with which byte. What does not: where in a text they are tried (`scan`).
//!
//! Rules: a form is written from the page of its issuer. No example is a token that was issued.

mod cloud;
mod code;
mod place;
mod sample;
mod service;

pub use sample::Rule;

use super::pattern::{self, Item};

/// The secret in the examples of the rules that go by place.
pub const SAMPLE: &str = "Zq8vR3kT1nW";

const TABLES: [&[Rule]; 4] = [code::CODE, cloud::CLOUD, service::SERVICE, place::PLACE];

const COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

const ALL: [Rule; COUNT] = {
    let mut all = [TABLES[0][0]; COUNT];
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut at = 0;
        while at < TABLES[table].len() {
            all[count] = TABLES[table][at];
            count += 1;
            at += 1;
        }
        table += 1;
    }
    all
};

/// The built-in rules.
pub const RULES: &[Rule] = &ALL;

/// How many patterns and items all rules have.
const SIZES: (usize, usize) = {
    let (mut patterns, mut items, mut rule) = (0, 0, 0);
    while rule < COUNT {
        let mut at = 0;
        while at < ALL[rule].patterns.len() {
            items += parsed(ALL[rule].patterns[at]).len;
            patterns += 1;
            at += 1;
        }
        rule += 1;
    }
    (patterns, items)
};

/// How many patterns there are.
pub(super) const PATTERNS: usize = SIZES.0;

const fn parsed(text: &str) -> pattern::Parsed {
    match pattern::parse(text) {
        Ok(parsed) => parsed,
        Err(_) => panic!("a pattern of a built-in rule is wrong"),
    }
}

/// A pattern: its rule, and which items are its.
#[derive(Clone, Copy)]
pub(super) struct Form {
    rule: u16,
    from: u16,
    to: u16,
}

impl Form {
    pub(super) fn name(self) -> &'static str {
        RULES[usize::from(self.rule)].name
    }

    pub(super) fn items(self) -> &'static [Item] {
        &READ.1[usize::from(self.from)..usize::from(self.to)]
    }
}

static READ: ([Form; PATTERNS], [Item; SIZES.1]) = {
    let mut forms = [Form { rule: 0, from: 0, to: 0 }; PATTERNS];
    let mut items = [Item::EMPTY; SIZES.1];
    let (mut form, mut item, mut rule) = (0, 0, 0);
    while rule < COUNT {
        let mut at = 0;
        while at < ALL[rule].patterns.len() {
            let parsed = parsed(ALL[rule].patterns[at]);
            forms[form] = Form { rule: rule as u16, from: item as u16, to: (item + parsed.len) as u16 };
            let mut copied = 0;
            while copied < parsed.len {
                items[item] = parsed.items[copied];
                item += 1;
                copied += 1;
            }
            form += 1;
            at += 1;
        }
        rule += 1;
    }
    (forms, items)
};

/// The most patterns that begin with one byte.
const SAME_MAX: usize = 64;

/// Which patterns can begin with a byte: how many, and their numbers.
static FIRST: [(u8, [u16; SAME_MAX]); 128] = {
    let mut table = [(0, [0; SAME_MAX]); 128];
    let mut form = 0;
    while form < PATTERNS {
        let Form { from, to, .. } = READ.0[form];
        let (_, items) = READ.1.split_at(from as usize);
        let set = pattern::first(items.split_at((to - from) as usize).0);
        let mut byte = 0;
        while byte < 128 {
            if set.has(byte as u8) {
                let row = &mut table[byte];
                row.1[row.0 as usize] = form as u16;
                row.0 += 1;
            }
            byte += 1;
        }
        form += 1;
    }
    table
};

/// What a match needs at its beginning, asked before the pattern is tried.
#[derive(Clone, Copy)]
struct Head {
    /// The literals among the first four bytes, and which bytes those are.
    bytes: u32,
    mask: u32,
    /// How many letters of tokens stand there at least.
    least: u8,
}

static HEADS: [Head; PATTERNS] = {
    let mut heads = [Head { bytes: 0, mask: 0, least: 0 }; PATTERNS];
    let mut form = 0;
    while form < PATTERNS {
        let Form { from, to, .. } = READ.0[form];
        let (_, items) = READ.1.split_at(from as usize);
        let (bytes, length, least) = pattern::head(items.split_at((to - from) as usize).0);
        let mask = if length == 4 { u32::MAX } else { (1 << (8 * length)) - 1 };
        heads[form] = Head { bytes: u32::from_le_bytes(bytes), mask, least };
        form += 1;
    }
    heads
};

/// How many letters of tokens any pattern needs that begins with a byte.
static LEAST: [u8; 128] = {
    let (mut table, mut byte) = ([u8::MAX; 128], 0);
    while byte < 128 {
        let (count, row) = &FIRST[byte];
        let mut at = 0;
        while at < *count as usize {
            let least = HEADS[row[at] as usize].least;
            table[byte] = if least < table[byte] { least } else { table[byte] };
            at += 1;
        }
        byte += 1;
    }
    table
};

/// Whether a token of this rule's form stands exactly here.
pub(super) fn is_of_form(rule: &str, text: &[u8], start: usize, end: usize) -> bool {
    let fits = |form: &Form| form.name() == rule && pattern::matches(form.items(), text, start) == Ok(end);
    READ.0.iter().any(fits)
}

/// The patterns that can begin a text that begins with so many letters of tokens, in the order of
/// the tables, with their numbers.
pub(super) fn beginning(text: &[u8], letters: usize) -> impl Iterator<Item = (usize, Form)> {
    let first = text.first().map_or(128, |byte| usize::from(*byte));
    let row: &[u16] = match FIRST.get(first) {
        Some((count, row)) if letters >= usize::from(LEAST[first]) => &row[..usize::from(*count)],
        _ => &[],
    };
    let mut four = [0; 4];
    let length = text.len().min(4);
    four[..length].copy_from_slice(&text[..length]);
    let four = u32::from_le_bytes(four);
    let can = move |head: Head| four & head.mask == head.bytes && letters >= usize::from(head.least);
    let numbers = row.iter().map(|number| usize::from(*number));
    numbers.filter(move |number| can(HEADS[*number])).map(|number| (number, READ.0[number]))
}
