//! What a shell takes from a text: options, assignments, and what programs read.
//!
//! What lives here: the commands of a text, word by word, and the texts within their words. What
//! does not: which programs there are (`programs`), and what any text can hold (`scan`).

use super::given::Given;
use super::name::{self, Kind};
use super::programs::{self, Part, Program, Takes};
use super::scan::{Found, Own, scan};
use super::shell::{Piece, Reader, Word};
use super::value::{self, ESCAPE};

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
/// Programs that give on what they read.
const FILTERS: [&[u8]; 6] = [b"tr", b"cat", b"head", b"tail", b"tee", b"sed"];
/// Programs whose arguments are names, also those of programs.
const OF_NAMES: &str = "ls cat rm cp mv which type man apt apt-get yum dnf apk brew cd mkdir touch chmod chown file \
    du less more wc stat";
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
        let (mut next, mut reads, mut feeds) = (Next::Word, None, None);
        while let Some(piece) = reader.next() {
            let ends = matches!(piece, Piece::Word(_) | Piece::End | Piece::Pipe | Piece::Fed);
            let (piped, fed) = (matches!(piece, Piece::Pipe), matches!(piece, Piece::Fed));
            let is_read = fed && next == Next::File;
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
                Piece::End | Piece::Pipe | Piece::Fed => next = Next::Word,
            }
            if !ends {
                continue;
            }
            // A line may end behind a pipe.
            if !words.is_empty() {
                reads = self.command(&words, &here, &before);
                if let Some(part) = feeds.take() {
                    self.echoed(&words, part);
                }
                feeds = reads.filter(|_| is_read);
                // What a filter gives is what it read.
                let first = words[0].text.as_ref();
                let filters = piped && FILTERS.contains(&first);
                match piped {
                    true if filters && !here.is_empty() => {
                        before = vec![Word::plain(b"echo", 0)];
                        before.append(&mut here);
                    }
                    true if filters => {}
                    true => before = std::mem::take(&mut words),
                    false => before.clear(),
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
        let mut reads = self.builtin(words, here);
        let mut seen = 0;
        for (number, word) in words.iter().enumerate() {
            let name = word.text.rsplit(|byte| b"/=".contains(byte)).next().unwrap_or_default();
            let name = name.strip_suffix(b".exe").unwrap_or(name);
            if name.len() < 2 || name[0] == b'-' || seen == PROGRAMS_MAX || word.text.starts_with(b"/etc/") {
                continue;
            }
            if number == 0 && name::has(OF_NAMES, name) {
                break;
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

    /// What the shell's own `read` and `printf` give a name that says secret.
    fn builtin(&mut self, words: &[Word<'a>], here: &[Word<'a>]) -> Option<Part> {
        let kind_of = |word: &Word| {
            let plain = word.text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            name::kind(&word.text).filter(|_| plain)
        };
        match words.first()?.text.as_ref() {
            b"read" => {
                let kind = words[1..].iter().find_map(kind_of)?;
                here.iter().for_each(|word| self.secret(word, 0, word.text.len(), kind, "input"));
                Some(Part::Whole)
            }
            b"printf" => {
                let named = words.get(1).is_some_and(|word| word.text.as_ref() == b"-v");
                let skip = if named { 3 } else { 1 };
                let (format, rest) = words.get(skip..)?.split_first()?;
                match words.get(2).filter(|_| named).and_then(kind_of) {
                    Some(kind) => {
                        rest.iter()
                            .for_each(|word| self.secret(word, 0, word.text.len(), kind, "assignment"));
                    }
                    None => self.formatted(format, rest),
                }
                None
            }
            _ => None,
        }
    }

    /// The words that a format puts behind a name that says secret.
    fn formatted(&mut self, format: &Word, words: &[Word<'a>]) {
        let (mut from, mut words) = (0, words.iter());
        while let Some(at) = format.text[from..].iter().position(|byte| *byte == b'%').map(|at| from + at) {
            let before = format.text[from..at].trim_ascii_end();
            from = at + 1;
            if format.text.get(from) == Some(&b'%') {
                from += 1;
                continue;
            }
            let Some(word) = words.next() else { return };
            let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
            let Some(name) = before.strip_suffix(b"=").or_else(|| before.strip_suffix(b":")) else {
                continue;
            };
            let name = name.strip_suffix(b"\"").unwrap_or(name);
            let of = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
            let length = name.iter().rev().take_while(of).count();
            if let Some(kind) = name::kind(&name[name.len() - length..]) {
                self.secret(word, 0, word.text.len(), kind, "assignment");
            }
        }
    }

    /// A part of a word, if it is a secret.
    fn secret(&mut self, word: &Word, from: usize, to: usize, kind: Kind, rule: &'static str) {
        // What a terminal obeys is no part of a secret.
        let Some(text) = word.text.get(from..to) else { return };
        let to = from + text.iter().position(|byte| *byte == ESCAPE).unwrap_or(text.len());
        if from >= to {
            return;
        }
        let (start, end) = word.place(from, to);
        // `name(`: code calls a function.
        if !word.is_quoted() && !self.is_argv && self.text.get(end) == Some(&b'(') {
            return;
        }
        let before = start.checked_sub(1).map(|before| self.text[before]);
        let text = &word.text[from..to];
        // An escaped `$` is a character, save where another shell reads what follows.
        let escaped = text[0] == b'$'
            && self.text.get(start) == Some(&b'\\')
            && !value::is_plain(&[b"\\", text].concat(), kind, false);
        let literal = self.is_argv
            || escaped
            || word.is_literal(self.text, from)
            || word.is_quoted() && matches!(before, Some(b'\''))
            || self.text.get(start) == Some(&b'\'');
        if let Some(part) = value::secret(text, kind, literal) {
            let (start, end) = word.place(from + part.start, from + part.end);
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
            Part::Comma => after(b','),
            Part::Slash => after(b'/').filter(|_| !text.starts_with(b"/")),
        };
        // Behind a slash the password ends before the name of the place.
        let end = match part {
            Part::Slash => {
                text.iter().rposition(|byte| *byte == b'@').map(|at| word.text.len() - text.len() + at)
            }
            _ => None,
        };
        if let Some(from) = from {
            self.secret(word, from, end.unwrap_or(word.text.len()), kind, rule);
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
            Some(kind) if is_value(&next.text) && !about => {
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
            let at = rest.iter().position(|word| is_known(&word.text, known.as_bytes()))?;
            rest = &rest[at + 1..];
        }
        let mut plain = rest.iter().filter(|word| !matches!(word.text.first(), None | Some(b'-')));
        match row.takes {
            Takes::Option(options, part) => {
                options.iter().for_each(|option| self.taken(option.as_bytes(), part, words));
            }
            Takes::Attached(options) => {
                for option in options.iter().map(|option| option.as_bytes()) {
                    let attached =
                        |word: &&Word| word.text.starts_with(option) && word.text.len() > option.len();
                    for word in words.iter().filter(attached) {
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
            Takes::Word(part) => {
                plain.for_each(|word| self.part(word, 0, part, Kind::Password, "argument"));
            }
            Takes::Fields(names) => {
                for word in plain {
                    let Some(sign) = word.text.iter().position(|byte| *byte == b'=') else { continue };
                    if names.iter().any(|name| name.as_bytes() == &word.text[..sign]) {
                        self.secret(word, sign + 1, word.text.len(), Kind::Token, "argument");
                    }
                }
            }
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
                if let Some(next) = words.get(number + 1).filter(|next| is_value(&next.text)) {
                    self.part(next, 0, part, Kind::Password, "option");
                }
                continue;
            }
            if text.starts_with(option)
                && (text[option.len()] == b'=' || !long && option.len() <= 3 || option.ends_with(b"="))
            {
                let skip = usize::from(text[option.len()] == b'=');
                self.part(word, option.len() + skip, part, Kind::Password, "option");
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

/// Whether a word can be the value of an option: one that begins as an option does has letters and
/// digits only.
fn is_value(word: &[u8]) -> bool {
    match word.strip_prefix(b"-") {
        Some(rest) => rest.iter().all(u8::is_ascii_alphanumeric) && value::is_drawn(rest, 6),
        None => true,
    }
}

/// Whether a word is one that a row of the table has; a letter of several is one.
fn is_known(word: &[u8], known: &[u8]) -> bool {
    let bundle =
        |rest: &[u8]| rest.len() < 6 && rest.iter().all(u8::is_ascii_alphabetic) && rest.contains(&known[1]);
    word == known || known.len() == 2 && known[0] == b'-' && word.strip_prefix(b"-").is_some_and(bundle)
}
