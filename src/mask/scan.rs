//! One pass over a text: where forms of tokens, keys, names and addresses begin.
//!
//! What lives here: the pass, the forms, and private keys. What does not: what a name is given
//! (`assigned`), addresses (`url`), and what only a shell knows of a text (`command`).
//!
//! Rules: what fails after it read far is not tried again before that place; so the pass takes
//! time in proportion to the text.

use super::name;
use super::pattern::{self, Item, Set};
use super::rules::{self, PATTERNS};
use super::value::{begins_word, unit};

/// A secret in a text, and the rule that found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'m> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) rule: &'m str,
}

/// A user's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) name: String,
    pub(super) first: Set,
    pub(super) items: Vec<Item>,
}

/// How far a pattern may read before it must not begin again in what it read.
const FAR: usize = 256;

/// A pass over a text.
pub(super) struct Scan<'a, 'm> {
    pub(super) text: &'a [u8],
    pub(super) found: Vec<Found<'m>>,
    own: &'m [Own],
    blocked: [usize; PATTERNS],
    own_blocked: Vec<usize>,
    /// The last stretch to the end of a word and to the end of a line: where it began and ended.
    pub(super) words: (usize, usize),
    pub(super) lines: (usize, usize),
    /// The last value of a header: where it began and ended, and in which quote.
    pub(super) headers: (usize, usize, (Option<u8>, bool)),
    /// The last stretch to where a shell would read something else than a header: where it began and
    /// ended.
    pub(super) operators: (usize, usize),
    /// Whether no key of PuTTY is in the text.
    no_putty: bool,
    /// Where the last run of letters of tokens ended.
    letters: usize,
    /// Up to where the values of secrets of Kubernetes were read.
    pub(super) data: usize,
    /// From where on a quote is known to have no end, by its spelling.
    pub(super) open: Vec<(Vec<u8>, usize)>,
}

pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const fn is_name(byte: u8) -> bool {
    is_word(byte) || byte == b'-' || byte == b'.'
}

/// What a pass over this text finds.
pub(super) fn scan<'m>(text: &[u8], own: &'m [Own]) -> Vec<Found<'m>> {
    let own_blocked = vec![0; own.len()];
    let (blocked, none) = ([0; PATTERNS], (usize::MAX, 0));
    let open = Vec::new();
    let mut scan = Scan {
        text,
        found: Vec::new(),
        own,
        blocked,
        own_blocked,
        words: none,
        lines: none,
        letters: 0,
        headers: (0, 0, (None, false)),
        operators: none,
        no_putty: false,
        data: 0,
        open,
    };
    scan.run();
    scan.found
}

impl<'m> Scan<'_, 'm> {
    fn run(&mut self) {
        let (mut at, mut named) = (0, 0);
        while let Some(byte) = self.text.get(at) {
            if !is_word(*byte) {
                at = self.sign(at, *byte);
                continue;
            }
            let end = at + self.text[at..].iter().take_while(|byte| is_word(**byte)).count();
            if let Some(after) = self.forms(at, end) {
                at = after;
                named = after;
                continue;
            }
            if at >= named {
                named = end + self.text[end..].iter().take_while(|byte| is_name(**byte)).count();
                if let Some(after) = self.name(at, named) {
                    at = after;
                    named = after;
                    continue;
                }
            }
            at = end;
        }
    }

    pub(super) fn push(&mut self, start: usize, end: usize, rule: &'m str) {
        self.found.push(Found { start, end, rule });
    }

    /// What begins with a byte that is of no word; where to go on.
    fn sign(&mut self, at: usize, byte: u8) -> usize {
        let rest = &self.text[at..];
        let found = match byte {
            b':' if rest.starts_with(b"://") => self.url(at),
            b'-' if rest.starts_with(b"-----BEGIN ") => self.pem(at),
            _ => None,
        };
        found.or_else(|| self.own_form(at)).unwrap_or(at + 1)
    }

    /// A form in the run of word characters from `at` to `end`: at its beginning, or after an
    /// escape or the letter of an option that its beginning belongs to.
    fn forms(&mut self, at: usize, end: usize) -> Option<usize> {
        if let Some(after) = self.form(at) {
            return Some(after);
        }
        let before = at.checked_sub(1).map(|before| self.text[before]);
        if !matches!(before, Some(b'\\' | b'%' | b'-' | b'[')) {
            return None;
        }
        let inner = (at + 1..end.min(at + 6)).filter(|from| begins_word(self.text, *from));
        inner.collect::<Vec<_>>().into_iter().find_map(|from| self.form(from))
    }

    fn form(&mut self, at: usize) -> Option<usize> {
        let (end, rule) = self.form_at(at)?;
        self.push(at, end, rule);
        Some(end)
    }

    /// The form that begins here: where it ends, and its rule.
    pub(super) fn form_at(&mut self, at: usize) -> Option<(usize, &'m str)> {
        let before = at.checked_sub(1).map(|before| self.text[before]);
        if self.letters <= at {
            let letters = self.text.get(at..)?.iter().take_while(|byte| pattern::is_letter(**byte));
            self.letters = at + letters.count();
        }
        // Within a word no rule begins.
        let inner = before.is_some_and(is_word) && is_word(self.text[at]) && !begins_word(self.text, at);
        if inner {
            return None;
        }
        for (number, form) in rules::beginning(self.text.get(at..)?, self.letters - at) {
            if self.blocked[number] > at {
                continue;
            }
            match attempt(form.items(), self.text, at, before) {
                // Digits in their order are of an example.
                Ok(end) if is_counted(&self.text[at..end]) => return None,
                Ok(end) => return Some((end, form.name())),
                Err(reached) if reached > at + FAR => self.blocked[number] = reached,
                Err(_) => {}
            }
        }
        self.own_at(at, before)
    }

    fn own_form(&mut self, at: usize) -> Option<usize> {
        let before = at.checked_sub(1).map(|before| self.text[before]);
        let (end, rule) = self.own_at(at, before)?;
        self.push(at, end, rule);
        Some(end)
    }

    fn own_at(&mut self, at: usize, before: Option<u8>) -> Option<(usize, &'m str)> {
        for (rule, blocked) in self.own.iter().zip(&mut self.own_blocked) {
            if *blocked > at || !rule.first.has(self.text[at]) {
                continue;
            }
            match attempt(&rule.items, self.text, at, before) {
                // A pattern whose parts are all optional matches nothing.
                Ok(end) if end > at => return Some((end, &rule.name)),
                Err(reached) if reached > at + FAR => *blocked = reached,
                _ => {}
            }
        }
        None
    }

    /// A private key from `-----BEGIN` to the end of its `-----END` line, or of the text.
    fn pem(&mut self, at: usize) -> Option<usize> {
        const LABEL_MAX: usize = 64;
        let label = label(&self.text[at + 11..], LABEL_MAX)?;
        if !is_private(label) {
            return None;
        }
        let from = at + 11 + label.len() + 5;
        if !self.has_key(from) {
            return None;
        }
        let mut end = from;
        loop {
            let Some(next) = self.text[end..].windows(9).position(|window| window == b"-----END ") else {
                end = self.text.len();
                break;
            };
            end += next + 9;
            if let Some(label) = label_of_end(&self.text[end..]) {
                end += label;
                break;
            }
        }
        self.push(at, end, "private-key");
        Some(end)
    }

    /// Whether a key follows the line that ends here; a text that only names the line has none.
    fn has_key(&self, from: usize) -> bool {
        if self.text.get(from).is_none_or(|byte| b"\"'`)]|".contains(byte)) {
            return false;
        }
        let mut at = from;
        while let Some((byte, length)) = unit(self.text, at) {
            let escape = byte == b'\\' && matches!(self.text.get(at + 1), Some(b'n' | b'r' | b't' | b'\n'));
            match byte {
                _ if escape => at += 2,
                byte if byte.is_ascii_whitespace() || b"#\"',+>|*/".contains(&byte) => at += length,
                byte => return byte.is_ascii_alphanumeric(),
            }
        }
        false
    }

    /// What the name from `at` to `end` says; where to go on if its value was found.
    fn name(&mut self, at: usize, end: usize) -> Option<usize> {
        let name = &self.text[at..end];
        if name.starts_with(b"PuTTY-User-Key-File-") {
            return self.putty(at);
        }
        if !self.can_give(end, name) {
            return None;
        }
        let trimmed = name.iter().rev().take_while(|byte| matches!(byte, b'-' | b'.')).count();
        let (end, name) = (end - trimmed, &name[..name.len() - trimmed]);
        let header = name::header(name);
        let kind = name::kind(name);
        self.given(at, end, kind, header)
    }

    /// Whether what follows a name can give it a value.
    fn can_give(&self, end: usize, name: &[u8]) -> bool {
        let Some(after) = self.text.get(end) else { return false };
        if *after == b'>' {
            return true;
        }
        if !matches!(after, b' ' | b'\t') {
            return b"=:\"'\\%+[]`?-}".contains(after);
        }
        let rest = self.text[end..].trim_ascii_start();
        rest.first().is_some_and(|sign| b"=:+?".contains(sign))
            || rest.starts_with(b"is ")
            || takes_next(name)
    }

    fn putty(&mut self, at: usize) -> Option<usize> {
        let find = |from: usize, what: &[u8]| {
            Some(from + self.text[from..].windows(what.len()).position(|window| window == what)?)
        };
        let start = if self.no_putty { None } else { find(at, b"Private-Lines:") };
        self.no_putty |= start.is_none();
        let start = start?;
        let end = find(start, b"Private-MAC:")
            .map(|mac| mac + self.text[mac..].iter().take_while(|byte| **byte != b'\n').count());
        let end = end.unwrap_or(self.text.len());
        self.push(start, end, "private-key");
        Some(end)
    }
}

/// Whether a value can stand behind this name without a sign.
fn takes_next(name: &[u8]) -> bool {
    matches!(name.len(), 2 | 6 | 8)
        && [b"by".as_slice(), b"passwd", b"password"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a form holds the digits of hex twice in their order.
fn is_counted(form: &[u8]) -> bool {
    const DIGITS: &[u8] = b"0123456789abcdef0123456789abcdef";
    form.len() < 64 && form.windows(DIGITS.len()).any(|window| window == DIGITS)
}

fn attempt(items: &[Item], text: &[u8], at: usize, before: Option<u8>) -> Result<usize, usize> {
    let glues = |byte: u8| is_word(byte) && is_word(text[at]) || pattern::continues(items, byte);
    let glued = before.is_some_and(glues) && !begins_word(text, at);
    if glued { Err(at) } else { pattern::matches(items, text, at) }
}

/// The label of a line of PEM, up to its `-----`.
fn label(rest: &[u8], most: usize) -> Option<&[u8]> {
    let length =
        rest.iter().take(most).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b' ').count();
    rest[length..].starts_with(b"-----").then_some(&rest[..length])
}

fn label_of_end(rest: &[u8]) -> Option<usize> {
    let label = label(rest, 64)?;
    is_private(label).then_some(label.len() + 5)
}

fn is_private(label: &[u8]) -> bool {
    label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK")
}
