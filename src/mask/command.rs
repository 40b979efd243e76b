//! What a shell takes from a text: options, assignments, and what programs read.
//!
//! What lives here: the commands of a text, word by word, and the texts within their words. What
//! does not: which programs there are (`programs`), and what any text can hold (`scan`).

use super::given::Given;
use super::name::{self, Kind};
use super::programs::{self, Part, Program, Takes};
use super::scan::{Found, Own, scan};
use super::shell::{Piece, Reader, Word};
use super::value::is_plain;

/// What a user or a job adds to the built-in rules.
#[derive(Clone, Copy)]
pub(super) struct More<'m> {
    pub(super) own: &'m [Own],
    pub(super) given: &'m Given,
}

/// How deep texts within words are read.
const DEPTH_MAX: usize = 3;
/// The most words that are read as one command.
const WORDS_MAX: usize = 512;
/// How many programs of one command are looked at.
const PROGRAMS_MAX: usize = 3;

/// What a text holds, read as any text and as a shell reads it.
pub(super) fn read<'m>(text: &[u8], more: More<'m>, depth: usize) -> Vec<Found<'m>> {
    let mut found = more.given.find(text);
    found.append(&mut scan(text, more.own));
    let mut commands = Commands { text, more, depth, found: Vec::new(), is_argv: false };
    commands.run();
    found.append(&mut commands.found);
    found
}

/// What the words of one command hold.
pub(super) fn read_words<'m>(text: &[u8], more: More<'m>) -> Vec<Found<'m>> {
    let found = more.given.find(text);
    let mut commands = Commands { text, more, depth: 0, found, is_argv: true };
    let (mut words, mut at) = (Vec::new(), 0);
    for word in text.split(|byte| *byte == 0) {
        let found = scan(word, more.own).into_iter();
        let moved = found.map(|found| Found { start: found.start + at, end: found.end + at, ..found });
        commands.found.extend(moved);
        words.push(Word::plain(word, at));
        at += word.len() + 1;
    }
    for words in words.chunks(WORDS_MAX) {
        commands.command(words, &[], &[]);
    }
    commands.found
}

struct Commands<'a, 'm> {
    text: &'a [u8],
    more: More<'m>,
    depth: usize,
    found: Vec<Found<'m>>,
    /// Whether the words are of no shell, so that a `$` in one is a character.
    is_argv: bool,
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Word,
    Here,
    File,
}

impl<'a> Commands<'a, '_> {
    fn run(&mut self) {
        let mut reader = Reader::new(self.text);
        let (mut words, mut here, mut before) = (Vec::new(), Vec::new(), Vec::new());
        let (mut next, mut reads) = (Next::Word, None);
        while let Some(piece) = reader.next() {
            let ends = matches!(piece, Piece::Word(_) | Piece::End | Piece::Pipe);
            let piped = matches!(piece, Piece::Pipe);
            match piece {
                Piece::Word(word) => {
                    match next {
                        Next::Here => here.push(word),
                        Next::Word => words.push(word),
                        Next::File => self.within(&word),
                    }
                    next = Next::Word;
                    if words.len() < WORDS_MAX {
                        continue;
                    }
                }
                Piece::Here => next = Next::Here,
                Piece::File => next = Next::File,
                Piece::Document(start, end) => self.document(start, end, reads),
                Piece::End | Piece::Pipe => {}
            }
            if !ends {
                continue;
            }
            // A line may end behind a pipe.
            if !words.is_empty() {
                reads = self.command(&words, &here, &before);
                before.clear();
                if piped {
                    std::mem::swap(&mut before, &mut words);
                }
                words.clear();
            }
            here.clear();
        }
        self.command(&words, &here, &before);
    }

    /// The text within a word, where quotes or escapes spell it.
    fn within(&mut self, word: &Word) {
        let apart = word.is_quoted() || self.is_argv && word.text.iter().any(u8::is_ascii_whitespace);
        if !apart || self.depth == DEPTH_MAX || word.text.len() < 4 {
            return;
        }
        for found in read(&word.text, self.more, self.depth + 1) {
            let (start, end) = word.place(found.start, found.end);
            self.found.push(Found { start, end, rule: found.rule });
        }
    }

    /// A document: a text of its own, or what a program reads.
    fn document(&mut self, start: usize, end: usize, reads: Option<Part>) {
        let text = &self.text[start..end];
        if let Some(part) = reads {
            let mut at = start;
            for line in text.split(|byte| *byte == b'\n') {
                self.part(&Word::plain(line, at), 0, part, Kind::Password, "input");
                at += line.len() + 1;
            }
        }
        if self.depth < DEPTH_MAX {
            let mut inner =
                Commands { text, more: self.more, depth: self.depth + 1, found: Vec::new(), is_argv: false };
            inner.run();
            let moved = inner.found.into_iter();
            self.found.extend(moved.map(|found| Found {
                start: found.start + start,
                end: found.end + start,
                ..found
            }));
        }
    }

    /// The words of a command; what it reads as a secret, if it does.
    fn command(&mut self, words: &[Word<'a>], here: &[Word<'a>], before: &[Word<'a>]) -> Option<Part> {
        for (number, word) in words.iter().enumerate() {
            self.within(word);
            self.option(word, words.get(number + 1));
            self.assignment(word, 0);
        }
        here.iter().for_each(|word| self.within(word));
        let mut seen = 0;
        let mut reads = None;
        for (number, word) in words.iter().enumerate() {
            let name = word.text.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            if name.len() < 2 || name[0] == b'-' || seen == PROGRAMS_MAX {
                continue;
            }
            let rows = programs::named(name);
            let mut known = false;
            for row in rows {
                known = true;
                if let Some(part) = self.program(row, &words[number + 1..], here, before) {
                    reads = Some(part);
                }
            }
            seen += usize::from(known);
        }
        reads
    }

    /// A part of a word, if it is a secret.
    fn secret(&mut self, word: &Word, from: usize, to: usize, kind: Kind, rule: &'static str) {
        if from >= to {
            return;
        }
        let (start, end) = word.place(from, to);
        // `name(`: code calls a function.
        if !word.is_quoted() && !self.is_argv && self.text.get(end) == Some(&b'(') {
            return;
        }
        let before = start.checked_sub(1).map(|before| self.text[before]);
        let literal = self.is_argv
            || word.is_quoted() && matches!(before, Some(b'\''))
            || self.text.get(start) == Some(&b'\'');
        if !is_plain(&word.text[from..to], kind, literal) {
            self.found.push(Found { start, end, rule });
        }
    }

    fn part(&mut self, word: &Word, from: usize, part: Part, kind: Kind, rule: &'static str) {
        let text = &word.text[from..];
        let after = |sign: u8| text.iter().position(|byte| *byte == sign).map(|at| from + at + 1);
        let from = match part {
            Part::Whole => Some(from),
            Part::Colon => after(b':').filter(|_| !text.starts_with(b"http")),
            Part::Percent => after(b'%'),
            Part::Pass => text.starts_with(b"pass:").then_some(from + 5),
            Part::Pair => text.contains(&b'=').then_some(from),
        };
        if let Some(from) = from {
            self.secret(word, from, word.text.len(), kind, rule);
        }
    }

    /// A long option whose name says that the next word is secret.
    fn option(&mut self, word: &Word, next: Option<&Word>) {
        let Some(next) = next else { return };
        let name = word.text.trim_ascii_start();
        let Some(name) =
            name.strip_prefix(b"--").or_else(|| name.strip_prefix(b"-").filter(|name| name.len() > 3))
        else {
            return;
        };
        if name.len() < 2 || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte)) {
            return;
        }
        let about = [b"id=".as_slice(), b"type=", b"env="].iter().any(|start| next.text.starts_with(start));
        match name::kind(name) {
            Some(kind) if next.text.first() != Some(&b'-') && !about => {
                self.secret(next, 0, next.text.len(), kind, "option");
            }
            _ => {}
        }
    }

    /// `NAME=value`, also behind the `=` of an option and behind the letter of one.
    fn assignment(&mut self, word: &Word, from: usize) {
        let text = &word.text[from..];
        if !text.contains(&b'=') {
            return;
        }
        let dashes = text.iter().take_while(|byte| **byte == b'-').count();
        let name = text
            .iter()
            .take(160)
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
            .count();
        let index = match text.get(name) {
            Some(b'[') => text[name..].iter().take(24).position(|byte| *byte == b']').map_or(0, |at| at + 1),
            _ => 0,
        };
        let mut sign = name + index;
        sign += usize::from(matches!(text.get(sign), Some(b'+')));
        if name <= dashes || text.get(sign) != Some(&b'=') || text.get(sign + 1) == Some(&b'=') {
            return;
        }
        let rule = if dashes > 0 { "option" } else { "assignment" };
        let name = &text[dashes..name];
        let short = || name::kind(&name[1..]).filter(|_| dashes == 1);
        let value = from + sign + 1;
        let about =
            [b"id=".as_slice(), b"type=", b"env="].iter().any(|start| word.text[value..].starts_with(start));
        match name::kind(name).or_else(short) {
            Some(_) if about => {}
            Some(kind) => self.secret(word, value, word.text.len(), kind, rule),
            None if from == 0 && dashes > 0 => self.assignment(word, value),
            None => {}
        }
    }

    /// What a program takes; which part of what it reads is secret.
    fn program(
        &mut self,
        row: &Program,
        words: &[Word<'a>],
        here: &[Word<'a>],
        before: &[Word<'a>],
    ) -> Option<Part> {
        let mut rest = words;
        for known in row.words {
            let at = rest.iter().position(|word| word.text.as_ref() == known.as_bytes())?;
            rest = &rest[at + 1..];
        }
        let mut plain = rest.iter().filter(|word| !matches!(word.text.first(), None | Some(b'-')));
        match row.takes {
            Takes::Option(options, part) => {
                options.iter().for_each(|option| self.taken(option.as_bytes(), part, words));
            }
            Takes::Attached(options) => {
                for option in options.iter().map(|option| option.as_bytes()) {
                    let attached = words
                        .iter()
                        .find(|word| word.text.starts_with(option) && word.text.len() > option.len());
                    if let Some(word) = attached {
                        self.secret(word, option.len(), word.text.len(), Kind::Password, "option");
                    }
                }
            }
            Takes::Argument(number) => {
                if let Some(word) = plain.nth(number).filter(|word| !word.text.contains(&b'=')) {
                    self.secret(word, 0, word.text.len(), Kind::Password, "argument");
                }
            }
            Takes::Last => {
                if let Some(word) = plain.next_back() {
                    self.secret(word, 0, word.text.len(), Kind::Password, "argument");
                }
            }
            Takes::Named => self.named(rest),
            Takes::Pairs(options) => self.pairs(options, rest),
            Takes::Input(part) => {
                here.iter().for_each(|word| self.part(word, 0, part, Kind::Password, "input"));
                self.echoed(before, part);
                return Some(part);
            }
        }
        None
    }

    /// The value of an option: attached, behind `=`, or the next word.
    fn taken(&mut self, option: &[u8], part: Part, words: &[Word<'a>]) {
        let long = option.starts_with(b"--");
        for (number, word) in words.iter().enumerate() {
            let text = &word.text;
            let letters =
                text.starts_with(b"-") && text.len() > 1 && text[1..].iter().all(u8::is_ascii_alphabetic);
            let bundle = option.len() == 2 && part == Part::Colon && letters && text.last() == option.last();
            if text.as_ref() == option || bundle {
                if let Some(next) = words.get(number + 1).filter(|next| next.text.first() != Some(&b'-')) {
                    self.part(next, 0, part, Kind::Password, "option");
                }
                return;
            }
            if text.starts_with(option)
                && (text[option.len()] == b'=' || !long && option.len() <= 3 || option.ends_with(b"="))
            {
                let skip = usize::from(text[option.len()] == b'=');
                self.part(word, option.len() + skip, part, Kind::Password, "option");
                return;
            }
        }
    }

    /// The word behind one whose name says secret.
    fn named(&mut self, words: &[Word<'a>]) {
        for pair in words.windows(2) {
            let name = pair[0].text.rsplit(|byte| matches!(byte, b':' | b'/')).next().unwrap_or_default();
            let is_name = !name.is_empty()
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
                && name[0] != b'-';
            if let Some(kind) = name::kind(name).filter(|_| is_name) {
                self.secret(&pair[1], 0, pair[1].text.len(), kind, "argument");
            }
        }
    }

    /// The values of `name=value`.
    fn pairs(&mut self, options: &[&str], words: &[Word<'a>]) {
        let mut behind = false;
        for word in words {
            let text = &word.text;
            let option = options.iter().find(|option| text.starts_with(option.as_bytes()));
            let from = option.map_or(0, |option| (option.len() + 1).min(text.len()));
            let taken = options.is_empty() && !text.starts_with(b"-") || behind || option.is_some();
            behind = option.is_some_and(|option| option.len() == text.len());
            let sign = text[from..].iter().position(|byte| *byte == b'=').map(|sign| from + sign + 1);
            if let Some(value) = sign.filter(|value| taken && text.get(*value) != Some(&b'@')) {
                self.secret(word, value, text.len(), Kind::Token, "argument");
            }
        }
    }

    /// The words that an `echo` before a pipe gives.
    fn echoed(&mut self, before: &[Word<'a>], part: Part) {
        let Some(at) = before.iter().position(|word| matches!(word.text.as_ref(), b"echo" | b"printf"))
        else {
            return;
        };
        let mut words = before[at + 1..].iter().filter(|word| !word.text.starts_with(b"-")).peekable();
        let format = before[at].text.as_ref() == b"printf" && before.len() > at + 2;
        if format && words.peek().is_some_and(|word| word.text.contains(&b'%')) {
            words.next();
        }
        for word in words {
            let text = word.text.trim_ascii_end();
            let line = text.strip_suffix(b"\\n").unwrap_or(text).len();
            if part == Part::Whole {
                self.secret(word, 0, line, Kind::Password, "input");
            } else {
                self.part(word, 0, part, Kind::Password, "input");
            }
        }
    }
}
