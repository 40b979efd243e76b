//! What of a command must stay visible: code that bash would run.
//!
//! What lives here: where commands end and begin in a text, and where the output of another command
//! is put in. What does not: what is a secret (`scan`, `command`).
//!
//! Rules: nothing that runs is hidden behind a sign, or a command with another text would pass for
//! the one that was masked. A text whose quotes do not fit together was read wrongly here, so all of
//! it counts as code.

use std::ops::Range;

use super::scan::Found;

/// How deep substitutions are followed.
const DEPTH_MAX: usize = 32;

/// The findings without what bash would run in them.
pub(super) fn cut<'m>(text: &[u8], found: Vec<Found<'m>>) -> Vec<Found<'m>> {
    let mut live = Live { text, ends: Vec::new(), put_in: Vec::new(), documents: Vec::new(), whole: true };
    live.code(0, None, 0);
    let mut out = Vec::with_capacity(found.len());
    for one in found {
        let pieces = live.pieces(one.start..one.end);
        out.extend(pieces.into_iter().map(|piece| Found {
            start: piece.start,
            end: piece.end,
            rule: one.rule,
        }));
    }
    out
}

/// A here-document whose body comes behind the line.
struct Document {
    end: Vec<u8>,
    tabs: bool,
    quoted: bool,
}

struct Live<'a> {
    text: &'a [u8],
    /// Where a command can end and another begin, in order.
    ends: Vec<usize>,
    /// What is run to put its output in, in order.
    put_in: Vec<Range<usize>>,
    documents: Vec<Document>,
    /// Whether each quote had its end.
    whole: bool,
}

impl Live<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    /// What of a finding may be masked.
    fn pieces(&self, span: Range<usize>) -> Vec<Range<usize>> {
        let (mut at, mut pieces) = (span.start, Vec::new());
        if !self.whole {
            let is_code = |byte: &u8| b"\n;&|`$<>()".contains(byte);
            let length = self.text[span.clone()].iter().position(is_code).unwrap_or(span.len());
            pieces.push(at..at + length);
            return pieces;
        }
        let from = self.ends.partition_point(|end| *end < span.start);
        let end = self.ends.get(from).map_or(span.end, |end| span.end.min(*end));
        let from = self.put_in.partition_point(|code| code.end <= span.start);
        for code in self.put_in[from..].iter().take_while(|code| code.start < end) {
            if at < code.start {
                pieces.push(at..code.start);
            }
            at = code.end;
        }
        if at < end {
            pieces.push(at..end);
        }
        pieces
    }

    /// Reads code up to its end; where it goes on behind that.
    fn code(&mut self, mut at: usize, close: Option<u8>, depth: usize) -> usize {
        if depth > DEPTH_MAX {
            self.whole = false;
            return self.text.len();
        }
        let mut begins_word = true;
        while at < self.text.len() {
            let byte = self.text[at];
            let was = std::mem::replace(&mut begins_word, b" \t\n;&|()<>".contains(&byte));
            match byte {
                b'\\' => at += 2,
                b'\'' => at = self.behind(at + 1, b'\'', false),
                b'"' => at = self.double_quoted(at + 1, depth),
                b'$' if self.byte(at + 1) == b'\'' => at = self.behind(at + 2, b'\'', true),
                b'`' | b'$' | b'<' | b'>' if self.is_put_in(at) => at = self.substitution(at, depth),
                b'<' if self.byte(at + 1) == b'<' && self.byte(at + 2) != b'<' => at = self.document(at + 2),
                b'<' if self.byte(at + 1) == b'<' => at += 3,
                b'#' if was => {
                    at +=
                        self.text[at..].iter().position(|byte| *byte == b'\n').unwrap_or(self.text.len() - at)
                }
                b'(' if close.is_some() => at = self.code(at + 1, Some(b')'), depth + 1),
                _ if close == Some(byte) => return at + 1,
                b'\n' | b';' | b'&' | b'|' | b'(' | b')' => {
                    if depth == 0 && !(byte == b'\n' && self.is_remark(at + 1)) {
                        self.ends.push(at);
                    }
                    at += 1;
                    if byte == b'\n' {
                        at = self.bodies(at, depth);
                    }
                }
                _ => at += 1,
            }
        }
        self.whole &= close.is_none();
        self.text.len()
    }

    /// Whether the line that begins here runs nothing.
    fn is_remark(&self, at: usize) -> bool {
        let line = self.text[at..].trim_ascii_start();
        let blank = self.text.len() - at - line.len();
        line.first().is_none_or(|byte| *byte == b'#') && !self.text[at..at + blank].contains(&b'\n')
    }

    /// Whether the output of a command is put in here.
    fn is_put_in(&self, at: usize) -> bool {
        self.text[at] == b'`' || self.byte(at + 1) == b'('
    }

    /// Reads what is run to put its output in.
    fn substitution(&mut self, at: usize, depth: usize) -> usize {
        let end = match self.text[at] {
            b'`' => self.behind(at + 1, b'`', true),
            _ => self.code(at + 2, Some(b')'), depth + 1),
        };
        if depth == 0 {
            self.put_in.push(at..end);
        }
        end
    }

    fn double_quoted(&mut self, mut at: usize, depth: usize) -> usize {
        while at < self.text.len() {
            match self.text[at] {
                b'\\' => at += 2,
                b'"' => return at + 1,
                b'`' | b'$' if self.is_put_in(at) => at = self.substitution(at, depth),
                _ => at += 1,
            }
        }
        self.whole = false;
        self.text.len()
    }

    /// The place behind the next such byte.
    fn behind(&mut self, mut at: usize, end: u8, escapes: bool) -> usize {
        while at < self.text.len() {
            match self.text[at] {
                b'\\' if escapes => at += 2,
                byte if byte == end => return at + 1,
                _ => at += 1,
            }
        }
        self.whole = false;
        self.text.len()
    }

    /// Reads the word that ends a here-document.
    fn document(&mut self, mut at: usize) -> usize {
        let tabs = self.byte(at) == b'-';
        at += usize::from(tabs);
        while matches!(self.byte(at), b' ' | b'\t') {
            at += 1;
        }
        let (mut end, mut quoted) = (Vec::new(), false);
        while at < self.text.len() && !b" \t\n;&|()<>".contains(&self.text[at]) {
            match self.text[at] {
                quote @ (b'\'' | b'"') => {
                    quoted = true;
                    let close = self.behind(at + 1, quote, false);
                    end.extend(&self.text[at + 1..(close - 1).max(at + 1)]);
                    at = close;
                }
                b'\\' => {
                    quoted = true;
                    end.push(self.byte(at + 1));
                    at += 2;
                }
                byte => {
                    end.push(byte);
                    at += 1;
                }
            }
        }
        self.documents.push(Document { end, tabs, quoted });
        at
    }

    /// Reads the here-documents of the line that has ended.
    fn bodies(&mut self, mut at: usize, depth: usize) -> usize {
        for document in std::mem::take(&mut self.documents) {
            let mut code = at;
            while at < self.text.len() {
                let length = self.text[at..].iter().position(|byte| *byte == b'\n');
                let line = &self.text[at..length.map_or(self.text.len(), |length| at + length)];
                let next = at + line.len() + 1;
                let tabs = line.iter().take_while(|byte| document.tabs && **byte == b'\t').count();
                if line[tabs..] == document.end[..] {
                    if depth == 0 {
                        self.ends.push(at);
                    }
                    at = next.min(self.text.len());
                    break;
                }
                at = next.min(self.text.len());
                while !document.quoted && code < at {
                    match self.text[code] {
                        b'\\' => code += 2,
                        b'`' | b'$' if self.is_put_in(code) => code = self.substitution(code, depth),
                        _ => code += 1,
                    }
                }
                at = at.max(code.min(self.text.len()));
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of a text is left of a finding that is all of it.
    fn left(text: &str) -> String {
        let found = cut(text.as_bytes(), vec![Found { start: 0, end: text.len(), rule: "x" }]);
        let pieces: Vec<&str> = found.iter().map(|one| &text[one.start..one.end]).collect();
        pieces.join("/")
    }

    #[test]
    fn what_runs_is_no_part_of_a_finding() {
        for (text, masked) in [
            ("abc", "abc"),
            ("abc;touch x", "abc"),
            ("a 'b;c' d", "a 'b;c' d"),
            ("\"abc$(touch x)def\"", "\"abc/def\""),
            ("\"abc`touch x`def\"", "\"abc/def\""),
            ("'abc$(x)'", "'abc$(x)'"),
            ("abc$(echo \")\" ')' $(y))d", "abc/d"),
            ("a <(b) c", "a / c"),
            ("\"BEGIN\nMII\"\ntouch x", "\"BEGIN\nMII\""),
            ("a \\; b", "a \\; b"),
            ("x $'a\\';b' y", "x $'a\\';b' y"),
            ("# BEGIN\n # MII;\n# END\ntouch x", "# BEGIN\n # MII;\n# END"),
            // Quotes that do not fit together: all may be code.
            ("it's a; b", "it's a"),
        ] {
            assert_eq!(left(text), masked, "{text}");
        }
    }

    #[test]
    fn the_body_of_a_here_document_runs_only_what_is_put_in() {
        let found = |text: &str| {
            let start = text.find("BEGIN").unwrap();
            let found = cut(text.as_bytes(), vec![Found { start, end: text.len(), rule: "x" }]);
            found.iter().map(|one| text[one.start..one.end].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("cat <<E\nBEGIN;x\n$(y)z\nE\ntouch"), ["BEGIN;x\n", "z\n"]);
        assert_eq!(found("cat <<'E'\nBEGIN\n$(y)z\nE\ntouch"), ["BEGIN\n$(y)z\n"]);
        assert_eq!(found("cat <<-E; a\n\tBEGIN\n\tE\ntouch"), ["BEGIN\n"]);
    }
}
