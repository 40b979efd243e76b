//! A text as a shell reads it: words without their quotes, and where each character stood.
//!
//! What lives here: words, and what stands between them. What does not: what a command does with
//! its words (`command`).
//!
//! Rules: a text may be of another language. A quote without an end is a character. A word that is
//! spelled as it is costs no memory.

use std::borrow::Cow;

/// A word of a shell.
#[derive(Clone, Debug, Default)]
pub(super) struct Word<'a> {
    /// Its characters without quotes.
    pub(super) text: Cow<'a, [u8]>,
    /// Where it begins in the text.
    pub(super) start: usize,
    /// Where each character stands in the text; empty where it is spelled as it is.
    places: Vec<(usize, usize)>,
    /// The stretches between quotes: in the word, and in the text with the quotes.
    quotes: Vec<((usize, usize), (usize, usize))>,
}

impl<'a> Word<'a> {
    /// A word that is spelled as it is.
    pub(super) fn plain(text: &'a [u8], start: usize) -> Self {
        Word { text: Cow::Borrowed(text), start, places: Vec::new(), quotes: Vec::new() }
    }

    /// Whether it is spelled with quotes or escapes.
    pub(super) fn is_quoted(&self) -> bool {
        !self.places.is_empty()
    }

    /// Whether a character stands between single quotes, so that a `$` is one.
    pub(super) fn is_literal(&self, text: &[u8], at: usize) -> bool {
        let number = self.quotes.partition_point(|((_, end), _)| *end <= at);
        let quote = self.quotes.get(number).filter(|((start, _), _)| *start <= at);
        quote.is_some_and(|(_, (begin, _))| text.get(*begin).is_some_and(|byte| b"'$".contains(byte)))
    }

    /// Where a stretch of its characters stands in the text. Where the stretch is spelled in
    /// several pieces, the quotes that it begins or ends in belong to it.
    pub(super) fn place(&self, from: usize, to: usize) -> (usize, usize) {
        if self.places.is_empty() || from >= to {
            return (self.start + from, self.start + to);
        }
        let (start, end) = (self.places[from].0, self.places[to - 1].1);
        let within = |place: usize| {
            let number = self.quotes.partition_point(|((_, end), _)| *end <= place);
            self.quotes.get(number).filter(|((start, _), _)| *start <= place).map(|(_, spelled)| *spelled)
        };
        let (first, last) = (within(from), within(to - 1));
        if first == last {
            return (start, end);
        }
        (first.map_or(start, |first| first.0), last.map_or(end, |last| last.1))
    }
}

/// A piece of a text.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// A word.
    Word(Word<'a>),
    /// The end of a command.
    End,
    /// The end of a command whose output the next one reads.
    Pipe,
    /// The next word is what the command reads.
    Here,
    /// The command before reads what the next one gives.
    Fed,
    /// The next word is a file.
    File,
    /// A document that the command before read: where it begins and ends.
    Document(usize, usize),
}

/// Reads a text piece by piece.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// What ends the documents of this line, and whether tabs before it are left out.
    ends: Vec<(Vec<u8>, bool)>,
    document: bool,
    /// Whether a document without an end was seen: the text is then of no shell.
    endless: bool,
    open: [bool; 2],
}

/// What a word can have without an end or a quote.
const fn is_plain(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b';'
            | b'|'
            | b'&'
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b'`'
            | b'\\'
            | b'\''
            | b'"'
            | b'$'
    )
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Reader { text, at: 0, ends: Vec::new(), document: false, endless: false, open: [false; 2] }
    }

    fn byte(&self, after: usize) -> Option<u8> {
        self.text.get(self.at + after).copied()
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Option<Piece<'a>> {
        if self.document {
            if let Some((start, end)) = self.body() {
                return Some(Piece::Document(start, end));
            }
            self.document = false;
        }
        loop {
            let (byte, next) = (self.byte(0)?, self.byte(1));
            let (piece, length) = match (byte, next) {
                (b' ' | b'\t' | b'\r', _) => (None, 1),
                (b'\\', Some(b'\n')) => (None, 2),
                (b'#', _) => (None, self.text[self.at..].iter().take_while(|byte| **byte != b'\n').count()),
                (b'\n', _) => {
                    self.document = !self.ends.is_empty();
                    (Some(Piece::End), 1)
                }
                (b'|', Some(b'|')) | (b'&', Some(b'&')) => (Some(Piece::End), 2),
                (b'|', Some(b'&')) => (Some(Piece::Pipe), 2),
                (b'|', _) => (Some(Piece::Pipe), 1),
                (b'&', Some(b'>')) => (Some(Piece::File), 2),
                (b';' | b'&' | b'(' | b')' | b'`', _) => (Some(Piece::End), 1),
                (b'$', Some(b'(')) => (Some(Piece::End), 2),
                (b'<', Some(b'<')) if self.byte(2) == Some(b'<') => (Some(Piece::Here), 3),
                (b'<', Some(b'<')) => {
                    self.at += 2;
                    self.begin();
                    (None, 0)
                }
                (b'<', Some(b'(')) => (Some(Piece::Fed), 2),
                (b'>', Some(b'(')) => (Some(Piece::End), 2),
                (b'<' | b'>', Some(b'>' | b'&' | b'|')) => (Some(Piece::File), 2),
                (b'<' | b'>', _) => (Some(Piece::File), 1),
                _ => return Some(Piece::Word(self.word())),
            };
            self.at += length;
            if piece.is_some() {
                return piece;
            }
        }
    }

    /// The word that ends a document.
    fn begin(&mut self) {
        let tabs = self.byte(0) == Some(b'-');
        self.at += usize::from(tabs);
        while matches!(self.byte(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        if self.byte(0).is_none_or(|byte| !is_plain(byte) && !b"'\"\\$".contains(&byte)) {
            return;
        }
        let word = self.word();
        if !self.endless && !word.text.is_empty() && word.text.len() < 128 {
            self.ends.push((word.text.into_owned(), tabs));
        }
    }

    /// The next document of the line before.
    fn body(&mut self) -> Option<(usize, usize)> {
        if self.ends.is_empty() {
            return None;
        }
        let (end, tabs) = self.ends.remove(0);
        let (start, mut at) = (self.at, self.at);
        for line in self.text[start..].split_inclusive(|byte| *byte == b'\n') {
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let skip = if tabs { bare.iter().take_while(|byte| **byte == b'\t').count() } else { 0 };
            if bare[skip..].trim_ascii_end() == end.as_slice() {
                self.at = at + line.len();
                return Some((start, at));
            }
            at += line.len();
        }
        self.endless = true;
        self.ends.clear();
        None
    }

    fn word(&mut self) -> Word<'a> {
        let start = self.at;
        let plain = self.text[start..].iter().take_while(|byte| is_plain(**byte)).count();
        self.at += plain;
        let simple = Word::plain(&self.text[start..self.at], start);
        match self.byte(0) {
            Some(b'\\' | b'\'' | b'"' | b'$') => self.spelled(simple),
            _ => simple,
        }
    }

    /// The rest of a word that has quotes, escapes or variables.
    fn spelled(&mut self, word: Word<'a>) -> Word<'a> {
        let start = word.start;
        let mut spelling = Spelling::default();
        let mut special = false;
        while let Some(byte) = self.byte(0) {
            let next = self.byte(1);
            match (byte, next) {
                (b'$', Some(b'(')) => break,
                (b'$', Some(b'{')) => {
                    self.braces();
                    if special {
                        spelling.begin(self.text, start, self.at);
                    }
                }
                (b'$', Some(b'\'')) if self.closes(b'\'', 2) => {
                    special |= spelling.begin(self.text, start, self.at);
                    self.dollar(&mut spelling);
                }
                (b'\'' | b'"', _) if self.closes(byte, 1) => {
                    special |= spelling.begin(self.text, start, self.at);
                    self.between(byte, &mut spelling);
                }
                (b'\\', Some(b'\n')) => {
                    special |= spelling.begin(self.text, start, self.at);
                    self.at += 2;
                }
                (b'\\', Some(next)) => {
                    special |= spelling.begin(self.text, start, self.at);
                    spelling.put(next, self.at, self.at + 2);
                    self.at += 2;
                }
                (b'\'' | b'"' | b'\\' | b'$', _) => spelling.rest(special, byte, &mut self.at),
                (byte, _) if is_plain(byte) => spelling.rest(special, byte, &mut self.at),
                _ => break,
            }
        }
        if !special {
            return Word::plain(&self.text[start..self.at], start);
        }
        if self.at > spelling.reached {
            spelling.begin(self.text, start, self.at);
        }
        Word { text: Cow::Owned(spelling.text), start, places: spelling.places, quotes: spelling.quotes }
    }

    /// `${…}`, which may hold blanks.
    fn braces(&mut self) {
        let rest = &self.text[self.at + 2..];
        let length =
            rest.iter().take(256).position(|byte| matches!(byte, b'}' | b'$' | b'\n' | b'\'' | b'"'));
        self.at += 2 + length.map_or(0, |length| length + usize::from(rest[length] == b'}'));
    }

    /// Whether the quote that begins `after` bytes from here is closed.
    fn closes(&mut self, quote: u8, after: usize) -> bool {
        let number = usize::from(quote == b'"');
        if self.open[number] {
            return false;
        }
        let escapes = quote == b'"' || after == 2;
        let mut at = self.at + after;
        while let Some(byte) = self.text.get(at) {
            if *byte == quote {
                return true;
            }
            at += if escapes && *byte == b'\\' { 2 } else { 1 };
        }
        self.open[number] = !escapes || quote == b'"';
        false
    }

    /// What stands between quotes.
    fn between(&mut self, quote: u8, spelling: &mut Spelling) {
        let (begin, from) = (self.at, spelling.text.len());
        self.at += 1;
        while let Some(byte) = self.byte(0).filter(|byte| *byte != quote) {
            let escaped =
                self.byte(1).filter(|next| quote == b'"' && byte == b'\\' && b"\"\\$`\n".contains(next));
            let length = if escaped.is_some() { 2 } else { 1 };
            if escaped != Some(b'\n') {
                spelling.put(escaped.unwrap_or(byte), self.at, self.at + length);
            }
            self.at += length;
        }
        self.at += 1;
        spelling.end(begin, from, self.at);
    }

    /// What stands in `$'…'`.
    fn dollar(&mut self, spelling: &mut Spelling) {
        let (begin, from) = (self.at, spelling.text.len());
        self.at += 2;
        while let Some(byte) = self.byte(0).filter(|byte| *byte != b'\'') {
            let (byte, length) = match (byte, self.byte(1)) {
                (b'\\', Some(next)) => self.escape(next),
                _ => (byte, 1),
            };
            spelling.put(byte, self.at, self.at + length);
            self.at += length;
        }
        self.at += 1;
        spelling.end(begin, from, self.at);
    }

    /// The character of an escape in `$'…'`, and the length of the escape.
    fn escape(&self, next: u8) -> (u8, usize) {
        let number = |skip: usize, most: usize, radix: u32| {
            let digits = (0..most).map_while(|place| char::from(self.byte(skip + place)?).to_digit(radix));
            let (count, value) =
                digits.fold((0, 0), |(count, value), digit| (count + 1, value * radix + digit));
            (u8::try_from(value).unwrap_or(b'?'), skip + count)
        };
        match next {
            b'n' => (b'\n', 2),
            b't' => (b'\t', 2),
            b'r' => (b'\r', 2),
            b'e' | b'E' => (0x1b, 2),
            b'0'..=b'7' => number(1, 3, 8),
            b'x' => number(2, 2, 16),
            b'u' => number(2, 4, 16),
            next => (next, 2),
        }
    }
}

/// A word as it is put together.
#[derive(Default)]
struct Spelling {
    text: Vec<u8>,
    places: Vec<(usize, usize)>,
    quotes: Vec<((usize, usize), (usize, usize))>,
    /// Up to where the text was taken.
    reached: usize,
}

impl Spelling {
    /// Takes over what stands before a quote or an escape.
    fn begin(&mut self, text: &[u8], start: usize, at: usize) -> bool {
        let from = self.reached.max(start);
        for (place, byte) in text.iter().enumerate().take(at).skip(from) {
            self.put(*byte, place, place + 1);
        }
        self.reached = self.reached.max(at);
        true
    }

    fn put(&mut self, byte: u8, start: usize, end: usize) {
        self.text.push(byte);
        self.places.push((start, end));
        self.reached = end;
    }

    /// A character that stands for itself.
    fn rest(&mut self, special: bool, byte: u8, at: &mut usize) {
        if special {
            self.put(byte, *at, *at + 1);
        }
        *at += 1;
    }

    fn end(&mut self, begin: usize, from: usize, at: usize) {
        if self.text.len() > from {
            self.quotes.push(((from, self.text.len()), (begin, at)));
        }
        self.reached = at;
    }
}
