//! Whether a command that bash announces stands in a unit's text.
//!
//! What lives here: how bash prints a command, against how it was written. Pure. What does not:
//! what follows from it (`run`).
//!
//! Rules: bash prints blanks, quotes, redirections and `$'…'` in its own way, so blanks, control
//! characters (which the hook does not hand on), quotes and backslashes do not count, `$'…'` is what
//! it stands for, and a redirection counts as one. What is compared must end where a command ends,
//! unless the hook cut it. Where bash may print otherwise what is written, nothing is claimed.

/// Words that begin what is no simple command: bash expands or runs parts of it before it
/// announces anything.
const COMPOUND: [&[u8]; 14] = [
    b"for",
    b"select",
    b"case",
    b"if",
    b"while",
    b"until",
    b"time",
    b"coproc",
    b"function",
    b"{",
    b"!",
    b"[[",
    b"do",
    b"then",
];

/// A command as bash announces it.
#[derive(Clone, Copy, Debug)]
pub struct Announced<'a> {
    /// What of it is there.
    pub text: &'a str,
    /// More follows, which the hook did not hand on.
    pub is_cut: bool,
}

impl<'a> From<&'a str> for Announced<'a> {
    /// A command that is there whole.
    fn from(text: &'a str) -> Self {
        Announced { text, is_cut: false }
    }
}

/// Where in a unit a command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// It is the simple command that the unit begins with.
    Beginning,
    /// Later, or in what begins with another kind of command.
    Within,
    /// Up to a substitution it stands there. bash prints what is substituted in a form of its own.
    Unclear,
    /// Not in it.
    Nowhere,
}

impl Agreement {
    /// Whether the command is certainly the unit's.
    pub(super) fn is_certain(self) -> bool {
        matches!(self, Agreement::Beginning | Agreement::Within)
    }
}

/// Where in a unit's text a command stands that bash announces.
pub(super) fn agreement<'a>(command: impl Into<Announced<'a>>, text: &[u8]) -> Agreement {
    let Announced { text: command, is_cut } = command.into();
    // What is announced has no other bytes either.
    let text = String::from_utf8_lossy(text.trim_ascii_start());
    let text = text.as_bytes();
    let first = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let is_simple = !COMPOUND.contains(&first) && !text.starts_with(b"(");
    // A cut may have gone through a character.
    let command = if is_cut { command.trim_end_matches('\u{fffd}') } else { command }.trim();
    if is_simple && Wanted::new(command, is_cut).stands_at(text) {
        return Agreement::Beginning;
    }
    let command = command.trim_start_matches("((").trim_end_matches("))");
    let wanted = Wanted::new(command, is_cut);
    // bash prints the words that a `for` leaves out.
    let short = command.strip_suffix(" in \"$@\"").map(|short| Wanted::new(short, is_cut));
    let stands = |at: usize| {
        wanted.stands_at(&text[at..]) || short.as_ref().is_some_and(|short| short.stands_at(&text[at..]))
    };
    if starts(text).any(stands) || wanted.words_stand_in(text) {
        return Agreement::Within;
    }
    let open = ["$(", "<(", ">("].iter().filter_map(|open| command.find(open)).min();
    let is_unclear = open.is_some_and(|open| {
        let head = Wanted::new(&command[..open + 2], true);
        starts(text).any(|at| head.stands_at(&text[at..]))
    });
    if is_unclear { Agreement::Unclear } else { Agreement::Nowhere }
}

/// Where in a text a command may begin.
fn starts(text: &[u8]) -> impl Iterator<Item = usize> {
    (0..text.len()).filter(|at| {
        let before = at.checked_sub(1).map(|before| text[before]);
        let is_behind =
            before.is_none_or(|before| before.is_ascii_whitespace() || b";&|({!`".contains(&before));
        is_behind && !text[*at].is_ascii_whitespace()
    })
}

fn counts(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !byte.is_ascii_control() && !b"'\"\\".contains(&byte)
}

/// What of a command is looked for in a text.
struct Wanted<'a> {
    /// The command up to its first redirection, without the descriptor.
    head: &'a str,
    /// The bytes of that which count.
    bytes: Vec<u8>,
    /// Where among them an operator `-n` stands that bash may have added.
    added: Vec<usize>,
    is_redirected: bool,
    is_cut: bool,
}

impl<'a> Wanted<'a> {
    fn new(command: &'a str, is_cut: bool) -> Self {
        // bash prints `>&2` as ` 1>&2`, and the cut may have gone through that.
        let command = match command.as_bytes() {
            [.., b' ', digit] if is_cut && digit.is_ascii_digit() => &command[..command.len() - 2],
            _ => command,
        };
        let is_redirection = |end: &usize| !is_cut || &command[end + 1..] != "(";
        let end = command.find(['<', '>']).filter(is_redirection);
        let head = end
            .map_or(command, |end| command[..end].trim_end_matches(|c: char| c.is_ascii_digit() || c == '&'));
        let mut wanted =
            Wanted { head, bytes: Vec::new(), added: Vec::new(), is_redirected: end.is_some(), is_cut };
        for word in head.split(' ') {
            if word == "-n" && command.starts_with("[[ ") {
                wanted.added.push(wanted.bytes.len());
            }
            wanted.bytes.extend(word.bytes().filter(|byte| counts(*byte)));
        }
        wanted
    }

    /// Whether a text begins with this command, and the command ends there.
    fn stands_at(&self, text: &[u8]) -> bool {
        Turning::ALL.iter().any(|turning| self.stands_as_written(Written::new(text, *turning)))
    }

    fn stands_as_written(&self, mut written: Written) -> bool {
        let mut at = 0;
        while at < self.bytes.len() {
            let Some(byte) = written.next() else { return false };
            if !counts(byte) {
                continue;
            }
            while byte != self.bytes[at] {
                if !self.added.contains(&at) || at + 2 >= self.bytes.len() {
                    return false;
                }
                at += 2;
            }
            at += 1;
        }
        if self.is_cut && !self.is_redirected {
            return true;
        }
        // What is turned into blanks, as in `IFS=$'\n'`, belongs to the command.
        let (text, mut end, mut is_turning) = (written.text, written.at, written.is_turning());
        while let Some(byte) = written.next() {
            is_turning |= written.is_turning();
            if counts(byte) && is_turning {
                return false;
            }
            if is_turning {
                (end, is_turning) = (written.at, written.is_turning());
            } else if counts(byte) || byte == b'\n' {
                break;
            }
        }
        self.ends_before(&text[end..])
    }

    fn ends_before(&self, rest: &[u8]) -> bool {
        let ends =
            rest.iter().position(|byte| counts(*byte) || *byte == b'\n').map_or(&[][..], |at| &rest[at..]);
        if self.is_redirected {
            let bare = ends.iter().find(|byte| !byte.is_ascii_digit() && **byte != b'&' && **byte != b'{');
            return matches!(bare, Some(b'<' | b'>')) || ends.starts_with(b"{");
        }
        // What follows the head of a `case` is no end of a command.
        let is_head = self.head.starts_with("case ");
        let is_remark = ends.starts_with(b"#") && rest.first().is_some_and(u8::is_ascii_whitespace);
        is_head || is_remark || ends.first().is_none_or(|byte| b"\n;&|)`".contains(byte))
    }

    /// Whether its words stand in a text one after the other. bash prints redirections last,
    /// wherever they are written.
    fn words_stand_in(&self, text: &[u8]) -> bool {
        if !(self.is_redirected || self.is_cut) || !text.iter().any(|byte| b"<>".contains(byte)) {
            return false;
        }
        let stand = |turning: &Turning| {
            let whole: Vec<u8> = Written::new(text, *turning).filter(|byte| counts(*byte)).collect();
            let mut rest = whole.as_slice();
            self.head.split_ascii_whitespace().all(|word| {
                let word: Vec<u8> = word.bytes().filter(|byte| counts(*byte)).collect();
                let at = memchr::memmem::find(rest, &word);
                rest = at.map_or(&[][..], |at| &rest[at + word.len()..]);
                at.is_some()
            })
        };
        Turning::ALL.iter().any(stand)
    }
}

/// What becomes of `$'…'` and `$"…"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turning {
    /// Nothing: they may stand within quotes.
    Off,
    /// bash turns them.
    Letters,
    /// bash turns them, where the locale has no letter for `\u00e9`: so that is `\u00E9`.
    Numbers,
}

impl Turning {
    const ALL: [Turning; 3] = [Turning::Off, Turning::Letters, Turning::Numbers];
}

/// The bytes of a text, with `$'…'` and `$"…"` turned as bash turns them outside of quotes. `$$'` is
/// none.
struct Written<'a> {
    text: &'a [u8],
    at: usize,
    turning: Turning,
    /// The quote that is open; `$` for `$'`.
    open: Option<u8>,
    /// What an escape stands for, last byte first.
    turned: Vec<u8>,
}

impl<'a> Written<'a> {
    fn new(text: &'a [u8], turning: Turning) -> Self {
        Written { text, at: 0, turning, open: None, turned: Vec::new() }
    }

    /// Whether it is within `$'…'`.
    fn is_turning(&self) -> bool {
        self.open == Some(b'$') && self.at < self.text.len() || !self.turned.is_empty()
    }

    /// What an escape of `$'…'` stands for. Control characters do not count.
    fn escape(&mut self) {
        let Some(kind) = self.text.get(self.at).copied() else { return };
        let (skip, digits, radix) = match kind {
            b'0'..=b'7' => (0, 3, 8),
            b'x' => (1, 2, 16),
            b'u' => (1, 4, 16),
            b'U' => (1, 8, 16),
            _ => (1, 0, 16),
        };
        let rest = &self.text[self.at + skip..];
        let count = rest.iter().take(digits).take_while(|byte| char::from(**byte).is_digit(radix)).count();
        self.at += skip + count;
        let number =
            std::str::from_utf8(&rest[..count]).ok().and_then(|it| u32::from_str_radix(it, radix).ok());
        match (kind, number) {
            (b'u' | b'U', Some(number)) => {
                let letter = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                let turned = match self.turning {
                    Turning::Numbers if number > 0xffff => format!("U{number:08X}"),
                    Turning::Numbers if number > 0x7f => format!("u{number:04X}"),
                    _ => letter.to_string(),
                };
                self.turned.extend(turned.bytes().rev());
            }
            (_, Some(number)) => self.turned.extend(u8::try_from(number & 0xff)),
            (b'a' | b'b' | b'e' | b'E' | b'f' | b'n' | b'r' | b't' | b'v', None) => {}
            (b'c', None) => self.at = (self.at + 1).min(self.text.len()),
            (other, None) => self.turned.push(other),
        }
    }
}

impl Iterator for Written<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let Some(byte) = self.turned.pop() {
            return Some(byte);
        }
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        if self.turning == Turning::Off {
            return Some(byte);
        }
        let next = self.text.get(self.at).copied();
        match (self.open, byte, next) {
            (Some(b'$'), b'\\', _) => self.escape(),
            (Some(b'$'), b'\'', _) => self.open = None,
            (None, b'$', Some(b'$')) => {
                self.at += 1;
                self.turned.push(b'$');
            }
            (None, b'$', Some(b'\'')) => {
                (self.open, self.at) = (Some(b'$'), self.at + 1);
                return Some(b'\'');
            }
            (None, b'$', Some(b'"')) => {
                (self.open, self.at) = (Some(b'"'), self.at + 1);
                return Some(b'"');
            }
            (None | Some(b'"'), b'\\', Some(next)) => {
                self.at += 1;
                self.turned.push(next);
            }
            (None, b'\'' | b'"', _) => self.open = Some(byte),
            (Some(open), _, _) if open == byte && open != b'$' => self.open = None,
            _ => {}
        }
        // A quote, and the backslash of an escape, do not count.
        Some(byte)
    }
}

/// Whether the text has a `|` that is not half of `||`.
pub(super) fn has_pipe(text: &[u8]) -> bool {
    text.split(|byte| *byte != b'|').any(|run| run.len() == 1)
}

/// Whether a text that begins with a simple command is one pipeline and nothing else.
pub(super) fn is_one_pipeline(text: &[u8]) -> bool {
    !text.iter().any(|byte| b"&;\n".contains(byte)) && memchr::memmem::find(text, b"||").is_none()
}

/// Whether a text has a word; a byte that is not a letter, digit or `_` ends a word.
pub(super) fn has_word(text: &[u8], wanted: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').any(|word| word == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_a_unit_begins_with_is_missed() {
        for (command, text) in [
            ("echo hi 1>&2", "echo 'hi' >&2"),
            ("cat <<EOF x EOF", "cat <<EOF\nx\nEOF"),
            ("make test", "make  test # a remark"),
            ("make test", "make \\\n  test && echo good"),
            ("a", "a | b"),
            ("x=$(a; b)", "x=$(a; b)"),
            ("exec 3< file", "exec 3<file"),
            ("echo 'a b'", "echo $'a\\x20b'"),
            ("a", "a;b"),
            ("sleep 1", "sleep 1 &"),
            ("sh -c 'kill -9 $$'", "sh -c 'kill -9 $$'"),
            ("sh -c \"kill -USR1 $$\"", "sh -c \"kill -USR1 $$\""),
            ("trap 'echo one; kill $$' USR1", "trap 'echo one; kill $$' USR1"),
            ("grep \"a$\" f", "grep \"a$\" f"),
            ("printf '%s\\n' 'a b'", "printf '%s\\n' $'a\\tb'"),
            ("grep 'a$' 'it'\\''s é!'", "grep 'a$' $'it\\'s \\u00e9\\x21\\n'; b"),
            ("echo '\\u00E9' b", "echo $'\\u00e9' b"),
            ("IFS=' '", "IFS=$'\\n' # remark"),
            ("IFS=' ' read a", "IFS=$'\\n' read a; b"),
            ("echo a ' ' > f", "echo a $'\\n' >f"),
            ("echo $$'a' b", "echo $$$'a' b"),
            ("echo \"a\" > f", "echo $\"a\" > f"),
            ("echo \u{fffd}", "echo \u{fffd}"),
        ] {
            assert_eq!(agreement(command, text.as_bytes()), Agreement::Beginning, "{command}");
        }
    }

    #[test]
    fn a_command_is_taken_for_the_beginning_of_a_unit() {
        for (command, text) in [
            ("((i=0))", "for ((i=0; i<3; i++)); do :; done"),
            ("for i in 1 2", "for i in 1   2; do :; done"),
            ("make", "if ! make; then :; fi"),
            ("b", "( a ); b"),
            ("b", "f() { :; }; b"),
            ("[[ -n a ]]", "[[ a ]]"),
            ("((x))", "((x))"),
            ("for i in \"$@\"", "for i; do :; done"),
            ("case x in ", "case x in y) ;; esac"),
            ("a", "{ a; } > $(b)"),
            ("[ a = ] 2> /dev/null", "[ a = 2>/dev/null ]"),
            ("cat - <<A <<B", "cat <<A - <<B\na\nA\nB"),
            ("[[ -n $a && -n b || ! -n c ]]", "[[ $a && -n b || ! c ]]"),
            ("[[ -n a ]]", "if [[ -n a ]]; then :; fi"),
        ] {
            assert_eq!(agreement(command, text.as_bytes()), Agreement::Within, "{command}");
        }
    }

    #[test]
    fn a_command_of_another_text_agrees() {
        for (command, text) in [
            ("rm -rf x", "echo rm"),
            ("rm -rf x", "echo rm > -rf"),
            ("make", "make test"),
            ("make test", "make"),
            ("f", "f() { :; }"),
            ("echo start <<\"( : lint )\"", "echo start"),
            ("echo a", "echo a > b"),
            ("sh -c 'rm -rf x'", "sh -c '$x; kill $$'"),
            ("echo 'b'", "echo $'a'"),
            ("echo b", "echo $\"a\""),
            ("echo 'ab'", "echo $'a\\x20bc'"),
            ("echo", "echo $'\\na'"),
            ("echo", "echo $$"),
            ("[[ -n b ]]", "[[ a ]]"),
            ("[[ a-n b ]]", "[[ a b ]]"),
            ("echo b > $(c; d)", "rm > $(c)"),
            ("rm $(c; d)", "echo $(c)"),
        ] {
            assert_eq!(agreement(command, text.as_bytes()), Agreement::Nowhere, "{command}");
        }
    }

    #[test]
    fn what_is_there_of_a_cut_command_is_taken_for_more_or_less_than_it_is() {
        let cut = |text, of: &str| agreement(Announced { text, is_cut: true }, of.as_bytes());
        for (command, text, expected) in [
            ("echo 00", "echo 0000", Agreement::Beginning),
            ("echo '0 0", "echo '0  0' | cat", Agreement::Beginning),
            ("echo \u{fffd}", "echo é", Agreement::Beginning),
            ("echo 0 > f", "echo 0 >file", Agreement::Beginning),
            ("echo 0 >", "echo 0 >&2", Agreement::Beginning),
            ("echo 0 1", "echo 0 >&2", Agreement::Beginning),
            ("for i in 1 2", "for i in 1 2 3; do :; done", Agreement::Within),
            ("echo a b", "echo a > f b c", Agreement::Within),
            ("echo 01", "echo 0000", Agreement::Nowhere),
            ("echo 0000", "echo 00", Agreement::Nowhere),
            ("echo 0 > f", "echo 0", Agreement::Nowhere),
        ] {
            assert_eq!(cut(command, text), expected, "{command}");
        }
        assert_eq!(agreement("echo 00", b"echo 0000"), Agreement::Nowhere);
    }

    #[test]
    fn what_bash_prints_of_a_substitution_is_taken_for_another_command() {
        for (command, text) in [
            ("x=$(if a; then     b; fi)", "x=$(if a\nthen b\nfi)"),
            ("x=$(function f ()  {      echo a }; f)", "x=$(f() { echo a; }; f)"),
            ("x=$(a)", "x=$(a # remark\n)"),
        ] {
            assert_eq!(agreement(command, text.as_bytes()), Agreement::Unclear, "{command}");
        }
    }
}
