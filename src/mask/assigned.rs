//! What a name is given: assignments, keys of JSON and YAML, headers, parameters, notes.
//!
//! What lives here: the sign after a name, and where the value after it ends in a text of any
//! language. What does not: how a shell reads a word (`shell`), which names and values there are
//! (`name`, `value`).

use std::ops::Range;

use super::name::{self, Kind};
use super::scan::{Scan, is_word};
use super::value::{self, ESCAPE, is_plain, unit};

/// The most blanks around a sign.
const BLANKS_MAX: usize = 64;
/// Names of parameters of an address that sign or log in.
const PARAMETERS: [&[u8]; 7] =
    [b"sig", b"signature", b"x-amz-signature", b"x-goog-signature", b"key", b"hmac", b"code"];

/// The sign after a name.
#[derive(Clone, Copy)]
struct Sign {
    byte: u8,
    /// Where the value begins.
    value: usize,
    /// Whether blanks stand before the value.
    spaced: bool,
    /// Whether the value stands in `${NAME:-value}`.
    braced: bool,
}

/// A value: where it is, and whether a `$` in it is a character.
struct Value {
    start: usize,
    end: usize,
    literal: bool,
}

impl<'m> Scan<'_, 'm> {
    /// The value of the name from `at` to `end`; where to go on if it was masked.
    pub(super) fn given(
        &mut self,
        at: usize,
        end: usize,
        kind: Option<Kind>,
        header: Option<bool>,
    ) -> Option<usize> {
        let parameter = kind.is_none() && header.is_none();
        if parameter && &self.text[at..end] == b"stringData" {
            self.string_data(end);
        }
        if parameter && let Some(after) = self.record(at, end) {
            return Some(after);
        }
        if parameter && !self.is_parameter(at, end) {
            return self.identified(at, end);
        }
        if self.text.get(end) == Some(&b'>') {
            return self.element(at, end, kind?);
        }
        let Some(sign) = self.sign_after(at, end) else { return self.told(at, end, kind?) };
        if let (Some(scheme), b':') = (header, sign.byte) {
            return self.header(at, sign, scheme);
        }
        if parameter {
            let value = self.bare(sign.value);
            let bytes = &self.text[value.start..value.end];
            let drawn = value::is_drawn(bytes, 16) && (!bytes.contains(&b'/') || end - at > 4);
            return drawn.then(|| self.mask(&value, "url-parameter"));
        }
        let kind = kind?;
        let sign = self.next_line(end, sign);
        match self.text.get(sign.value)? {
            b'\n' if sign.byte == b':' => self.items(sign.value, kind),
            b'[' | b'(' => self.list(sign, kind),
            _ if sign.byte == b':' && &self.text[at..end] == b"PASS" => None,
            b'|' | b'>' => self.block(at, sign.value),
            _ => {
                let value = self.value(at, sign, kind)?;
                self.secret(&value, kind, "assignment")
            }
        }
    }

    /// Masks the part of a value that is a secret.
    fn secret(&mut self, value: &Value, kind: Kind, rule: &'m str) -> Option<usize> {
        let part = value::secret(&self.text[value.start..value.end], kind, value.literal)?;
        let (start, end) = (value.start + part.start, value.start + part.end);
        Some(self.mask(&Value { start, end, literal: value.literal }, rule))
    }

    fn mask(&mut self, value: &Value, rule: &'m str) -> usize {
        let form = self.form_at(value.start).filter(|(end, _)| *end == value.end);
        self.push(value.start, value.end, form.map_or(rule, |(_, rule)| rule));
        value.end
    }

    /// The text of an element of XML.
    fn element(&mut self, at: usize, end: usize, kind: Kind) -> Option<usize> {
        let start = end + 1;
        let rest = self.text[..at].ends_with(b"<").then(|| &self.text[start..])?;
        let length = rest.iter().take(4096).position(|byte| *byte == b'<')?;
        let value = Value { start, end: start + length, literal: false };
        let plain = is_plain(&self.text[start..value.end], kind, false);
        (!plain).then(|| self.mask(&value, "assignment"))
    }

    /// Whether the name is one of an address's parameters that sign.
    fn is_parameter(&self, at: usize, end: usize) -> bool {
        let before = &self.text[at.saturating_sub(6)..at];
        let asked = before.ends_with(b"?") || before.ends_with(b"&") || before.ends_with(b"&amp;");
        (asked || before == b"\\u0026")
            && PARAMETERS.iter().any(|name| self.text[at..end].eq_ignore_ascii_case(name))
    }

    /// The sign that gives a value to the name that ends here.
    fn sign_after(&self, at: usize, end: usize) -> Option<Sign> {
        let braced = self.text[..at].ends_with(b"${");
        let used = self.text[..at].ends_with(b"$");
        let mut after = end;
        for _ in 0..3 {
            match unit(self.text, after)? {
                (b'"' | b'\'' | b'`' | b']', length) => after += length,
                _ => break,
            }
        }
        if self.text.get(after) == Some(&b'[') {
            let index = self.text[after + 1..].iter().take(16).position(|byte| *byte == b']')?;
            after += index + 2;
        }
        let named = after;
        after += self.blanks(after);
        let (mut byte, mut length) = unit(self.text, after)?;
        let next = unit(self.text, after + length);
        match (byte, next) {
            (b':', Some((b'-' | b'=', more))) if braced => length += more,
            (b'-' | b'=', _) if braced => {}
            (_, _) if braced => return None,
            (b'=', Some((b'=' | b'~', _))) | (b':', Some((b':' | b'/', _))) => return None,
            (b'=', Some((b'>', more))) => length += more,
            (b':' | b'+' | b'?', Some((b'=', more))) => (byte, length) = (b'=', length + more),
            (b'=' | b':', _) => {}
            _ => return None,
        }
        // A name behind `$` is used, save where a line of another language begins with it.
        let first = || self.is_first(at - 1);
        if used && !(named < after && byte == b'=' && first()) {
            return None;
        }
        let value = after + length;
        let blanks = self.blanks(value);
        Some(Sign { byte, value: value + blanks, spaced: blanks > 0, braced })
    }

    fn blanks(&self, from: usize) -> usize {
        self.text[from..].iter().take(BLANKS_MAX).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    /// Whether only blanks, marks of a list and quotes stand before this place in its line.
    fn is_first(&self, at: usize) -> bool {
        let before = self.text[..at].iter().rev().take(BLANKS_MAX);
        let mut before = before.skip_while(|byte| b" \t-\"'#".contains(byte));
        matches!(before.next(), None | Some(b'\n'))
    }

    fn value(&mut self, at: usize, sign: Sign, kind: Kind) -> Option<Value> {
        // What a shell runs.
        let runs = sign.byte == b'=' && !sign.spaced && self.text.get(sign.value) == Some(&b'`');
        if let Some(value) = self.quoted(sign.value).filter(|_| !runs) {
            // The quote can be the end of one: `read -p "Password: " x; echo "ok"`, `:token:`x``.
            let ends = sign.byte == b':'
                && matches!(self.text[value.start], b' ' | b')' | b';' | b',' | b'\n' | b'|' | b'&' | b'>');
            let role = sign.byte == b':' && self.text[..at].ends_with(b":");
            return Some(value).filter(|_| !ends && !role);
        }
        if sign.braced {
            let length = self.text[sign.value..].iter().take(512).position(|byte| *byte == b'}')?;
            return Some(Value { start: sign.value, end: sign.value + length, literal: false });
        }
        if sign.spaced && self.is_first(at) {
            return self.line(sign.value, kind);
        }
        let value = self.bare(sign.value);
        let bytes = &self.text[value.start..value.end];
        if value::is_call(bytes) {
            return None;
        }
        let sure = match (sign.byte, sign.spaced) {
            (b':', false) => value::is_drawn(bytes, 8),
            (_, true) => {
                let prose = value::is_prose(bytes)
                    && (kind != Kind::Password || self.text[value.end..].starts_with(b" "));
                !value::is_code(bytes) && !prose
            }
            _ => true,
        };
        sure.then_some(value)
    }

    /// A value that its line ends.
    fn line(&mut self, start: usize, kind: Kind) -> Option<Value> {
        let mut end = self.line_end(start);
        let line = &self.text[start..end];
        if let Some(comment) = line.windows(2).position(|two| two == b" #" || two == b"\t#") {
            end = start + comment;
        }
        if kind != Kind::Password {
            end = start + self.text[start..end].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        }
        let line = &self.text[start..end];
        let closes = |at: &usize| {
            b"\"'".contains(&line[*at]) && line.get(at + 1).is_some_and(|next| b" \t;&|<>)".contains(next))
        };
        let line = &line[..(0..line.len()).find(closes).unwrap_or(line.len())];
        let kept = line.iter().rev().take_while(|byte| b" \t\r,;\"'".contains(byte)).count();
        let line = &line[..line.len() - kept];
        let prose = kind != Kind::Password && value::is_prose(line);
        let starts = matches!(line.first(), None | Some(b'{' | b'&' | b'*' | b'!' | b'\\'));
        (!starts && !prose && !value::is_code(line)).then_some(Value {
            start,
            end: start + line.len(),
            literal: false,
        })
    }

    pub(super) fn line_end(&mut self, start: usize) -> usize {
        if start < self.lines.0 || start >= self.lines.1 {
            let length =
                self.text[start..].iter().take_while(|byte| !matches!(**byte, b'\n' | 0 | ESCAPE)).count();
            self.lines = (start, start + length);
        }
        self.lines.1
    }

    /// A value that the next blank or sign ends.
    fn bare(&mut self, start: usize) -> Value {
        if start < self.words.0 || start >= self.words.1 {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`;&|<>)}],\\\0\x1b".contains(byte);
            let length = self.text[start..].iter().take_while(|byte| !ends(byte)).count();
            self.words = (start, start + length);
        }
        Value { start, end: self.words.1, literal: false }
    }

    /// A value between quotes, which may be escaped themselves.
    fn quoted(&mut self, start: usize) -> Option<Value> {
        let (quote, length) = unit(self.text, start)?;
        if !matches!(quote, b'"' | b'\'' | b'`') {
            return None;
        }
        let spelled = &self.text[start..start + length];
        if self.open.iter().any(|(known, from)| known == spelled && *from <= start) {
            return None;
        }
        let from = start + length;
        let mut at = from;
        loop {
            let Some(byte) = self.text.get(at).filter(|byte| **byte != 0) else {
                self.open.push((spelled.to_vec(), start));
                return None;
            };
            if self.text[at..].starts_with(spelled) {
                return Some(Value { start: from, end: at, literal: quote == b'\'' });
            }
            at += if *byte == b'\\' && quote != b'\'' && length == 1 { 2 } else { 1 };
        }
    }

    /// A list in brackets: each value in it.
    fn list(&mut self, sign: Sign, kind: Kind) -> Option<usize> {
        let mut at = sign.value + 1;
        let mut masked = None;
        loop {
            at += self.text[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace() || **byte == b',')
                .count();
            at += self.index(at);
            let value = match self.quoted(at) {
                Some(value) => value,
                None => self.bare(at),
            };
            // An index or a list of names holds no secret.
            let bare = value.start == at && self.text[sign.value] == b'[';
            if bare && !value::is_drawn(&self.text[value.start..value.end], 6) {
                return masked;
            }
            if value.end == value.start || is_plain(&self.text[value.start..value.end], kind, value.literal) {
                return masked;
            }
            let closed = value.start - at;
            at = self.mask(&value, "assignment") + closed;
            masked = Some(at);
        }
    }

    /// How long the index before a value of a list is: `[name]=`.
    fn index(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        if rest.first() != Some(&b'[') {
            return 0;
        }
        let length = rest.iter().take(64).position(|byte| *byte == b']').unwrap_or(0);
        if length > 0 && rest.get(length + 1) == Some(&b'=') { length + 2 } else { 0 }
    }

    /// A block of YAML: the lines after it that are further in.
    fn block(&mut self, at: usize, start: usize) -> Option<usize> {
        let marks = |byte: &&u8| b"|>+-0123456789 ".contains(byte);
        let marks = self.text[start..].iter().take(8).take_while(marks).count();
        if self.text.get(start + marks) != Some(&b'\n') {
            return None;
        }
        let line = self.text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
        let depth = self.text[line..at].iter().take_while(|byte| **byte == b' ').count();
        let from = start + marks + 1;
        let (mut end, mut begin) = (from, None);
        for line in self.text[from..].split_inclusive(|byte| *byte == b'\n') {
            let inner = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let blank = line.trim_ascii().is_empty();
            if inner <= depth && !blank {
                break;
            }
            if !blank {
                begin = begin.or(Some(end + inner));
            }
            end += line.len();
        }
        let begin = begin?;
        let end = begin + self.text[begin..end].trim_ascii_end().len();
        self.push(begin, end, "assignment");
        Some(end)
    }

    /// The value of a header: to the end of its quote or line, without the word that says how.
    fn header(&mut self, at: usize, sign: Sign, scheme: bool) -> Option<usize> {
        let value = match self.quoted(sign.value) {
            Some(value) => value,
            None => {
                let end = self.header_end(at, sign.value);
                let end = self.end_of_bare(at, sign, end);
                Value { start: sign.value, end, literal: false }
            }
        };
        let bytes = &self.text[value.start..value.end];
        let word = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        let blanks = bytes[word..].iter().take_while(|byte| **byte == b' ').count();
        let skip = if scheme && blanks > 0 && word + blanks < bytes.len() { word + blanks } else { 0 };
        let start = value.start + skip;
        let end = start + bytes[skip..].trim_ascii_end().len();
        let value = Value { start, end, literal: value.literal };
        self.secret(&value, Kind::Token, "header")
    }

    /// Where a header without quotes ends: with its word, or where a shell would read something else.
    fn end_of_bare(&mut self, at: usize, sign: Sign, end: usize) -> usize {
        if self.text[..at].ends_with(b"\"")
            || self.text[..at].ends_with(b"'")
            || self.text[..at].ends_with(b"`")
        {
            return end;
        }
        let is_blank = |at: &usize| self.text[*at] == b' ' && self.text[*at - 1] != b'\\';
        if !sign.spaced {
            return (sign.value..end).find(is_blank).unwrap_or(end);
        }
        let (from, to) = self.operators;
        if !(from..to).contains(&sign.value) {
            let is_end = |at: &usize| {
                is_blank(at) && b"|<>&;- ".contains(&self.text.get(at + 1).copied().unwrap_or(b' '))
            };
            self.operators = (sign.value, (sign.value..end).find(is_end).unwrap_or(end));
        }
        self.operators.1.min(end)
    }

    fn header_end(&mut self, at: usize, start: usize) -> usize {
        let line = self.line_end(start);
        let quote = at.checked_sub(1).map(|before| self.text[before]).filter(|byte| b"\"'`".contains(byte));
        let escaped = at.checked_sub(2).is_some_and(|before| self.text[before] == b'\\');
        let (from, to, known) = self.headers;
        if known == (quote, escaped) && (from..to).contains(&start) {
            return to;
        }
        let ends = |place: &usize| match (quote, self.text[*place]) {
            (Some(quote), byte) if escaped => byte == b'\\' && self.text.get(place + 1) == Some(&quote),
            (Some(quote), byte) => byte == quote,
            (None, byte) => {
                b"\"'`".contains(&byte) || byte == b'\\' && self.text.get(place + 1) == Some(&b'n')
            }
        };
        let end = (start..line).find(ends).unwrap_or(line);
        self.headers = (start, end, (quote, escaped));
        end
    }

    /// `IDENTIFIED BY 'value'` of SQL.
    fn identified(&mut self, at: usize, end: usize) -> Option<usize> {
        if !self.text[at..end].eq_ignore_ascii_case(b"by") {
            return None;
        }
        let before = &self.text[at.saturating_sub(64)..at];
        if !before.windows(10).any(|window| window.eq_ignore_ascii_case(b"identified")) {
            return None;
        }
        self.apart(end, Kind::Password)
    }

    /// A name and its value without a sign: SQL, the file of logins, a note.
    fn told(&mut self, at: usize, end: usize, kind: Kind) -> Option<usize> {
        let name = &self.text[at..end];
        let exact = name.eq_ignore_ascii_case(b"password") || name.eq_ignore_ascii_case(b"passwd");
        let start = end + self.blanks(end);
        let braced = matches!(at.checked_sub(1).map(|before| self.text[before]), Some(b'$' | b'{' | b'-'));
        if start == end || braced {
            return None;
        }
        if self.text[start..].starts_with(b"is ") {
            let value = self.bare(start + 3);
            let bytes = &self.text[value.start..value.end];
            let sure = value.end > value.start && !value::is_prose(bytes) && !bytes[0].is_ascii_uppercase()
                || value::is_drawn(bytes, 4);
            return (sure && !is_plain(bytes, kind, false)).then(|| self.mask(&value, "assignment"));
        }
        let before = &self.text[at.saturating_sub(160)..at];
        let mut words = before.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).rev();
        let logins = words.next().is_some() && words.next() == Some(b"login");
        match exact {
            true if logins => {
                let value = self.bare(start);
                let plain = is_plain(&self.text[value.start..value.end], kind, false);
                (!plain).then(|| self.mask(&value, "assignment"))
            }
            true => self.apart(end, kind),
            false => None,
        }
    }

    /// A value between single quotes after a blank.
    fn apart(&mut self, end: usize, kind: Kind) -> Option<usize> {
        let start = end + self.blanks(end);
        if start == end || self.text.get(start) != Some(&b'\'') {
            return None;
        }
        let value = self.quoted(start)?;
        let bytes = &self.text[value.start..value.end];
        let plain = bytes.iter().any(u8::is_ascii_whitespace) || is_plain(bytes, kind, true);
        let glued = self.text.get(value.end + 1).is_some_and(|byte| is_word(*byte));
        (!plain && !glued).then(|| self.mask(&value, "assignment"))
    }
}

/// Keys of a record that name what it holds, and keys whose value it then is.
const RECORD_NAMES: [&[u8]; 5] = [b"name", b"key", b"variable", b"parameterkey", b"variable_name"];
const RECORD_VALUES: [&[u8]; 4] = [b"value", b"secret_value", b"parametervalue", b"default"];
/// How many values of a secret of Kubernetes are read.
const DATA_MAX: usize = 32;
/// How far the value of a record stands behind its name.
const RECORD_MAX: usize = 64;

impl Scan<'_, '_> {
    /// The value of a record whose name says secret: `{"name": "X_TOKEN", "value": "…"}`.
    fn record(&mut self, at: usize, end: usize) -> Option<usize> {
        let is = |names: &[&[u8]], name: &[u8]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !is(&RECORD_NAMES, &self.text[at..end]) {
            return None;
        }
        let sign = self.sign_after(at, end)?;
        let name = self.short(sign.value)?;
        let kind = name::kind(&self.text[name.clone()])?;
        let between = |byte: &&u8| byte.is_ascii_whitespace() || b"\"'\\,;".contains(byte);
        let skip = self.text[name.end..].iter().take(RECORD_MAX).take_while(between).count();
        let from = name.end + skip;
        let length = self.text[from..].iter().take(32).take_while(|byte| is_word(**byte)).count();
        let to = from + length;
        if skip == 0 || !is(&RECORD_VALUES, &self.text[from..to]) {
            return None;
        }
        let sign = self.sign_after(from, to)?;
        let value = match self.quoted(sign.value) {
            Some(value) => value,
            None => self.bare(sign.value),
        };
        self.secret(&value, kind, "assignment")
    }

    /// The values of a secret of Kubernetes in JSON or YAML, one after another.
    fn string_data(&mut self, end: usize) {
        if end < self.data {
            return;
        }
        let quote = matches!(unit(self.text, end), Some((b'"', _)));
        let skip = if quote { unit(self.text, end).map_or(0, |(_, length)| length) } else { 0 };
        let mut at = end + skip;
        for _ in 0..DATA_MAX {
            let joins = |byte: &&u8| byte.is_ascii_whitespace() || b":{,".contains(byte);
            at += self.text[at..].iter().take(BLANKS_MAX).take_while(joins).count();
            let Some(name) = self.short(at) else { return };
            let skip = name.start - at;
            let sign = name.end + skip;
            if self.text.get(sign) != Some(&b':') || !quote && self.is_first_column(at) {
                return;
            }
            let from = sign + 1 + self.blanks(sign + 1);
            let value = match self.quoted(from) {
                Some(value) => value,
                None => self.bare(from),
            };
            let bytes = &self.text[value.start..value.end];
            if !value::is_prose(bytes) {
                self.secret(&value, Kind::Token, "assignment");
            }
            at = value.end + (value.start - from);
            self.data = at;
        }
    }

    fn is_first_column(&self, at: usize) -> bool {
        at.checked_sub(1).is_none_or(|before| self.text[before] == b'\n')
    }

    /// A name that stands here, with or without quotes.
    fn short(&self, at: usize) -> Option<Range<usize>> {
        let skip = match unit(self.text, at)? {
            (b'"' | b'\'', length) => length,
            _ => 0,
        };
        let of = |byte: &&u8| is_word(**byte) || b"-.".contains(byte);
        let length = self.text[at + skip..].iter().take(96).take_while(of).count();
        (length > 0).then_some(at + skip..at + skip + length)
    }

    /// The sign of a quoted name whose value stands in a line behind it.
    fn next_line(&self, end: usize, sign: Sign) -> Sign {
        let quoted = matches!(self.text.get(end), Some(b'"'));
        if !quoted || sign.byte != b':' || self.text.get(sign.value) != Some(&b'\n') {
            return sign;
        }
        let blank = |byte: &&u8| byte.is_ascii_whitespace();
        let skip = self.text[sign.value..].iter().take(BLANKS_MAX).take_while(blank).count();
        match self.text.get(sign.value + skip) {
            Some(b'"') => Sign { value: sign.value + skip, ..sign },
            _ => sign,
        }
    }

    /// A list of YAML below its name: each value in it.
    fn items(&mut self, start: usize, kind: Kind) -> Option<usize> {
        let (mut at, mut masked) = (start + 1, None);
        loop {
            let blanks = self.blanks(at);
            if !self.text[at + blanks..].starts_with(b"- ") {
                return masked;
            }
            let from = at + blanks + 2;
            let end = self.line_end(from);
            let line = self.text[from..end].trim_ascii_end();
            let value = match self.quoted(from) {
                Some(value) => value,
                None => Value { start: from, end: from + line.len(), literal: false },
            };
            let bytes = &self.text[value.start..value.end];
            let other = bytes.len() > 256
                || bytes.iter().any(u8::is_ascii_whitespace)
                || bytes.last() == Some(&b':')
                || kind != Kind::Password && value::is_prose(bytes);
            if other {
                return masked;
            }
            if let Some(after) = self.secret(&value, kind, "assignment") {
                masked = Some(after);
            }
            at = end + 1;
            if at >= self.text.len() {
                return masked;
            }
        }
    }
}
