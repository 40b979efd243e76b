//! Secrets in texts, replaced by the names of the rules that found them.
//!
//! What lives here: the rules and values of a recording, and the text that is written in place of
//! one with secrets. The parts: the language of patterns (`pattern`), the rules (`rules`), names
//! and values (`name`, `value`), a pass over a text (`scan`, `assigned`, `url`), what a shell reads
//! (`shell`, `command`, `programs`), values that the caller gives (`given`), what a user or a job asks for ([`asked`]), texts that went
//! through it (`screened`). Pure: bytes in, bytes
//! out. What does not: when a text is masked, and what is recorded of it.
//!
//! Rules: a sign `[rule]` stands for a token of a known form or a word that looks drawn, and `[rule*]`
//! for anything, also for what a shell would run: who must know what ran trusts no such text. A sign is
//! never masked again, so masking twice changes nothing more. Line breaks stay where they are. What no
//! rule finds stays byte by byte. The time is in proportion to the text.

pub mod asked;
mod assigned;
mod command;
mod given;
mod name;
mod pattern;
mod programs;
mod rules;
mod scan;
mod screened;
mod shell;
mod url;
mod value;

use std::fmt;
use std::ops::Range;

use memchr::memmem;

pub use given::{OF_VARIABLE, TOLD, VALUE_MIN};
pub use name::{is_variable, says_secret, words_of_names};
pub use pattern::REPEAT_MAX;
pub use programs::{PROGRAMS, Part, Program, Takes};
pub use rules::{RULES, Rule, SAMPLE};
pub use screened::Screened;

use command::More;
use given::Given;
use name::Kind;
use scan::{Found, Own};

/// The longest name of a user's rule in bytes.
pub const NAME_MAX: usize = 64;
/// The longest name in brackets that is looked for.
const SIGN_MAX: usize = 256;
/// How often a text is read: what is masked can show what stands beside it in another light.
const PASSES_MAX: usize = 8;

/// The rules and values of one recording: the built-in rules always, and what the user adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masker {
    own: Vec<Own>,
    given: Given,
}

/// What is wrong with a user's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// At which byte of the pattern, from 0.
    pub at: usize,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "at byte {}: {}", self.at, self.what)
    }
}

impl std::error::Error for Fault {}

/// A text with its secrets replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// The text.
    pub text: Vec<u8>,
    /// The rules whose signs stand in it, each once, sorted.
    pub rules: Vec<String>,
}

impl Masker {
    /// Adds a user's rule.
    ///
    /// # Errors
    /// What is wrong with the name or the pattern, and at which byte of the pattern.
    pub fn add_rule(&mut self, name: &str, pattern: &str) -> Result<(), Fault> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(plain) {
            let what = format!("a rule's name has 1 to {NAME_MAX} letters, digits and `_ . : -`");
            return Err(Fault { at: 0, what });
        }
        if RULES.iter().any(|rule| rule.name == name) {
            return Err(Fault { at: 0, what: format!("{name} is a built-in rule: give it another name") });
        }
        let parsed = pattern::parse(pattern).map_err(|(at, what)| Fault { at, what: what.to_owned() })?;
        let items = parsed.items[..parsed.len].to_vec();
        self.own.push(Own { name: name.to_owned(), first: pattern::first(&items), items });
        Ok(())
    }

    /// Adds a value that is masked wherever it occurs; `name` is what stands in the brackets. False,
    /// and nothing is added, where the value is shorter than [`VALUE_MIN`] or a common word.
    pub fn add_value(&mut self, name: &str, value: &[u8]) -> bool {
        self.signs(value).is_empty() && self.given.add(name, value)
    }

    /// The text with each secret replaced; `None` where nothing matches.
    #[must_use]
    pub fn mask(&self, text: &[u8]) -> Option<Masked> {
        self.masked(text, |text| command::read(text, self.more(), 0))
    }

    /// As [`Masker::mask`], for a text that nobody masked before. Letters in it that look like a sign
    /// are the user's own: where the text has a secret, they get a star.
    #[must_use]
    pub fn mask_new(&self, text: &[u8]) -> Option<Masked> {
        let masked = self.mask(text)?;
        let marked = self.marked(text);
        if marked == text { Some(masked) } else { self.mask(&marked).or(Some(masked)) }
    }

    /// A text with a star in each sign that it has.
    fn marked(&self, text: &[u8]) -> Vec<u8> {
        let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
        for sign in self.signs(text).into_iter().filter(|sign| text[sign.end - 2] != b'*') {
            out.extend(&text[at..sign.end - 1]);
            out.extend(b"*]");
            at = sign.end;
        }
        out.extend(&text[at..]);
        out
    }

    /// As [`Masker::mask`], for words separated by NUL: each is one word of a shell, whatever
    /// characters it has.
    #[must_use]
    pub fn mask_words(&self, words: &[u8]) -> Option<Masked> {
        self.masked(words, |words| command::read_words(words, self.more()))
    }

    /// The value of an environment variable of this name: replaced whole where the name says
    /// secret and the value is one, else as [`Masker::mask`] does.
    #[must_use]
    pub fn mask_variable(&self, name: &str, value: &[u8]) -> Option<Masked> {
        let kind = name::kind(name.as_bytes());
        let is_secret = |kind: Kind, text: &[u8]| !value::is_plain(text, kind, true);
        self.masked(value, |text| match kind.filter(|kind| is_secret(*kind, text)) {
            Some(_) => vec![Found { start: 0, end: text.len(), rule: "variable" }],
            None => command::read(text, self.more(), 0),
        })
    }

    fn more(&self) -> More<'_> {
        More { own: &self.own, given: &self.given }
    }

    fn masked<'m>(&'m self, text: &[u8], find: impl Fn(&[u8]) -> Vec<Found<'m>>) -> Option<Masked> {
        let mut rules: Vec<&str> = Vec::new();
        let mut now: Option<Vec<u8>> = None;
        for _ in 0..PASSES_MAX {
            let before = now.as_deref().unwrap_or(text);
            let found = self.merged(before, find(before));
            if found.is_empty() {
                break;
            }
            rules.extend(found.iter().map(|found| found.rule));
            now = Some(replaced(before, &found));
        }
        let text = now?;
        rules.sort_unstable();
        rules.dedup();
        let stands = |rule: &&str| {
            let sign = [b"[", rule.as_bytes()].concat();
            let is_end = |at: usize| text[at..].starts_with(b"]") || text[at..].starts_with(b"*]");
            memmem::find_iter(&text, &sign).any(|at| is_end(at + sign.len()))
        };
        let rules = rules.into_iter().filter(stands).map(str::to_owned).collect();
        Some(Masked { text, rules })
    }

    /// What was found, in order and apart: without what is masked already.
    fn merged<'m>(&self, text: &[u8], mut found: Vec<Found<'m>>) -> Vec<Found<'m>> {
        if found.is_empty() {
            return found;
        }
        let signs = self.signs(text);
        found.retain_mut(|found| is_left(text, &signs, found));
        found.sort_by_key(|found| (found.start, usize::MAX - found.end));
        let mut apart: Vec<Found> = Vec::with_capacity(found.len());
        for one in found {
            match apart.last_mut().filter(|last| one.start < last.end) {
                Some(last) => last.end = last.end.max(one.end),
                None => apart.push(one),
            }
        }
        apart
    }

    /// Where the signs of rules and values stand in a text.
    fn signs(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut signs = Vec::new();
        for start in (0..text.len()).filter(|at| text[*at] == b'[') {
            let rest = &text[start + 1..text.len().min(start + SIGN_MAX)];
            let length = rest.iter().take_while(|byte| !b"[]\n".contains(byte)).count();
            if rest.get(length) == Some(&b']') && self.is_known(&rest[..length]) {
                signs.push(start..start + length + 2);
            }
        }
        signs
    }

    fn is_known(&self, name: &[u8]) -> bool {
        let name = name.strip_suffix(b"*").unwrap_or(name);
        let own = self.own.iter().map(|rule| rule.name.as_str());
        // Which values another recorder was given is not known here.
        let variable = name.strip_prefix(given::OF_VARIABLE.as_bytes());
        let variable = variable.and_then(|name| std::str::from_utf8(name).ok());
        if variable.is_some_and(is_variable) || name == TOLD.as_bytes() {
            return true;
        }
        let mut all = RULES.iter().map(|rule| rule.name).chain(own).chain(self.given.names());
        all.any(|known| known.as_bytes() == name)
    }
}

/// A message for a person or a program: it quotes what was typed, named or read, so what the built-in
/// rules find in it is replaced.
#[must_use]
pub fn in_message(text: &str) -> String {
    let masked = Masker::default().mask(text.as_bytes());
    masked.map_or_else(|| text.to_owned(), |masked| String::from_utf8_lossy(&masked.text).into_owned())
}

/// As [`in_message`], for the words of a command.
#[must_use]
pub fn in_words(words: Vec<String>) -> Vec<String> {
    let joined = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect::<Vec<u8>>();
    let Some(masked) = Masker::default().mask_words(&joined) else { return words };
    let text = String::from_utf8_lossy(&masked.text).into_owned();
    text.strip_suffix('\0').unwrap_or(&text).split('\0').map(str::to_owned).collect()
}

/// Whether anything in a finding is left to mask; the finding takes the signs that it cuts whole.
fn is_left(text: &[u8], signs: &[Range<usize>], found: &mut Found) -> bool {
    let from = signs.partition_point(|sign| sign.end <= found.start);
    let end = found.end;
    let within = signs[from..].iter().take_while(|sign| sign.start < end);
    let (mut at, mut left) = (found.start, false);
    let is_loose = |byte: &u8| !byte.is_ascii_whitespace() && !b"\"'\\".contains(byte);
    for sign in within {
        found.start = found.start.min(sign.start);
        found.end = found.end.max(sign.end);
        left |= text[at..sign.start.max(at)].iter().any(is_loose);
        at = sign.end;
    }
    left || text[at.min(found.end)..found.end].iter().any(is_loose)
}

/// Whether a sign in a text may stand for anything.
#[must_use]
pub fn hides(text: &[u8]) -> bool {
    ends_sign(text, b"*]")
}

/// Whether a sign stands in a text that recorders write.
#[must_use]
pub fn has_known_sign(text: &[u8]) -> bool {
    !Masker::default().signs(text).is_empty()
}

/// What is left of a text that recorders write: the pieces around the signs in it, one more than there
/// are signs, and whether a sign may stand for anything.
#[must_use]
pub fn around_signs(text: &[u8]) -> (Vec<&[u8]>, bool) {
    let (mut pieces, mut from, mut may_be_anything) = (Vec::new(), 0, false);
    for sign in Masker::default().signs(text) {
        pieces.push(&text[from..sign.start]);
        may_be_anything |= text[sign.clone()].ends_with(b"*]");
        from = sign.end;
    }
    pieces.push(&text[from..]);
    (pieces, may_be_anything)
}

/// Whether there is a sign in a text, or what looks like one.
#[must_use]
pub fn has_sign(text: &[u8]) -> bool {
    hides(text) || ends_sign(text, b"]")
}

fn ends_sign(text: &[u8], end: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    memmem::find_iter(text, end).any(|at| {
        let name = text[..at].iter().rev().take_while(|byte| is_name(byte)).count();
        name > 0 && text[..at - name].ends_with(b"[")
    })
}

/// The shortest word that looks drawn, in bytes; how often capitals, small letters and digits take turns
/// in it at least, and how many digits it has: names of commands, hosts and files do not.
const DRAWN: (usize, usize, usize) = (8, 4, 2);
/// The shortest last part of a token with dots: no host and no file ends so.
const LAST_PART_MIN: usize = 20;

/// Whether a finding is of the form that an issuer gives its tokens, or a word that looks drawn: a sign
/// for it stands for no other command, host or file. What somebody asked to mask may be anything, and
/// what a program reads may be what it runs.
fn is_inert(text: &[u8], found: &Found) -> bool {
    let span = &text[found.start..found.end];
    match found.rule {
        // The word that a login reads, of an `echo` or behind `<<<`.
        "input" => {
            let is_login = memmem::find(text, b"--password-stdin").is_some();
            let plain = !text.iter().any(|byte| b"\n#;&".contains(byte)) && !names_runner(text);
            is_login && plain && looks_drawn(span)
        }
        rule if RULES.iter().any(|known| known.name == rule) => {
            looks_drawn(span) || is_token(span) && rules::is_of_form(rule, text, found.start, found.end)
        }
        _ => false,
    }
}

/// Programs that run what they read.
const RUNNERS: [&[u8]; 13] = [
    b"su", b"sudo", b"doas", b"runuser", b"pkexec", b"ssh", b"sh", b"bash", b"dash", b"zsh", b"ksh", b"fish",
    b"source",
];

/// Whether a text names a program that runs what it reads.
fn names_runner(text: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_alphabetic()).any(|word| RUNNERS.contains(&word))
}

/// Whether a text is one word that nobody made up.
fn looks_drawn(text: &[u8]) -> bool {
    let class = |byte: &u8| match byte {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    };
    let classes: Vec<u8> = text.iter().filter_map(class).collect();
    let turns = classes.windows(2).filter(|two| two[0] != two[1]).count();
    let digits = classes.iter().filter(|class| **class == 2).count();
    let (length, least_turns, least_digits) = DRAWN;
    text.len() >= length && turns >= least_turns && digits >= least_digits && is_word(text)
}

/// Whether a text is one word without a path, a port or a host.
fn is_word(text: &[u8]) -> bool {
    let begins = !matches!(text.first(), None | Some(b'-' | b'+' | b'~' | b'=' | b'%'));
    begins && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_+=%~-".contains(byte))
}

/// Whether a text is one word, or several with dots between them, of which the last is longer than that
/// of any host or file.
fn is_token(text: &[u8]) -> bool {
    let last = text.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let dots = text.contains(&b'.');
    text.split(|byte| *byte == b'.').all(is_word) && (!dots || last.len() >= LAST_PART_MIN)
}

/// The text with a sign in place of each finding, and the line breaks of the finding behind it.
fn replaced(text: &[u8], found: &[Found]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    for found in found {
        out.extend(&text[at..found.start]);
        out.push(b'[');
        out.extend(found.rule.as_bytes());
        out.extend(if is_inert(text, found) { &b"]"[..] } else { b"*]" });
        out.extend(text[found.start..found.end].iter().filter(|byte| **byte == b'\n'));
        at = found.end;
    }
    out.extend(&text[at..]);
    out
}
