//! Whether a command that bash announces stands in a unit's text.
//!
//! What lives here: how bash prints a command, against how it was written. Pure. What does not:
//! what follows from it (`run`).
//!
//! Rules: bash prints blanks, quotes, redirections and `$'…'` in its own way, so blanks, control
//! characters (which the hook does not hand on), quotes and backslashes do not count, and a
//! redirection counts as one. What is compared must end where a command ends.

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

/// Where in a unit a command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// It is the simple command that the unit begins with.
    Beginning,
    /// Later, or in what begins with another kind of command.
    Within,
    /// Not in it.
    Nowhere,
}

/// Where in a unit's text a command stands that bash announces.
pub(super) fn agreement(command: &str, text: &[u8]) -> Agreement {
    let text = text.trim_ascii_start();
    let first = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let is_simple = !COMPOUND.contains(&first) && !text.starts_with(b"(");
    let command = command.trim();
    if is_simple && stands_at(command, text) {
        return Agreement::Beginning;
    }
    let command = command.trim_start_matches("((").trim_end_matches("))").replacen("[[ -n ", "[[ ", 1);
    let starts = (0..text.len()).filter(|at| {
        let before = at.checked_sub(1).map(|before| text[before]);
        before.is_none_or(|before| before.is_ascii_whitespace() || b";&|({!`".contains(&before))
    });
    let mut starts = starts.filter(|at| !text[*at].is_ascii_whitespace());
    // bash prints the words that a `for` leaves out.
    let short = command.strip_suffix(" in \"$@\"").unwrap_or(&command);
    let stands = |at| stands_at(&command, &text[at..]) || stands_at(short, &text[at..]);
    if starts.any(stands) || words_stand_in(&command, text) { Agreement::Within } else { Agreement::Nowhere }
}

fn counts(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !byte.is_ascii_control() && !b"'\"\\".contains(&byte)
}

/// Up to the first redirection, or quote that bash has turned, without its descriptor; whether
/// there is one.
fn before_redirection<'a>(command: &'a str, text: &[u8]) -> (&'a str, bool) {
    // bash has turned $'…' into '…' by now.
    let turned = text.windows(2).any(|two| two == b"$'" || two == b"$\"");
    let end = command.find(|c| c == '<' || c == '>' || turned && (c == '\'' || c == '"'));
    match end {
        Some(end) => {
            let head = command[..end].trim_end_matches(|c: char| c.is_ascii_digit() || c == '&');
            (head, true)
        }
        None => (command, false),
    }
}

/// Whether a text begins with this command, and the command ends there.
fn stands_at(command: &str, text: &[u8]) -> bool {
    let (head, is_cut) = before_redirection(command, text);
    let (mut at, mut wanted) = (0, head.bytes().filter(|byte| counts(*byte)).peekable());
    while let Some(next) = wanted.peek().copied() {
        let Some(byte) = text.get(at) else { return false };
        if *byte == next {
            wanted.next();
        } else if counts(*byte) {
            return false;
        }
        at += 1;
    }
    let rest = &text[at..];
    let ends = rest.iter().position(|byte| counts(*byte) || *byte == b'\n').map_or(&[][..], |at| &rest[at..]);
    if is_cut {
        let bare = ends.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'&' && *byte != b'{');
        let bare = bare.map_or(&[][..], |at| &ends[at..]);
        return matches!(bare.first(), Some(b'<' | b'>' | b'$')) || ends.starts_with(b"{");
    }
    // What follows the head of a `case` is no end of a command.
    let is_head = command.starts_with("case ");
    let is_remark = ends.starts_with(b"#") && rest.first().is_some_and(u8::is_ascii_whitespace);
    is_head || is_remark || ends.first().is_none_or(|byte| b"\n;&|)`".contains(byte))
}

/// Whether the words of a command stand in a text one after the other. bash prints redirections
/// last, wherever they are written.
fn words_stand_in(command: &str, text: &[u8]) -> bool {
    let (head, is_cut) = before_redirection(command, text);
    let bare = |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().filter(|byte| counts(*byte)).collect() };
    let whole = bare(text);
    let mut rest = whole.as_slice();
    is_cut
        && text.iter().any(|byte| b"<>".contains(byte))
        && head.split_ascii_whitespace().all(|word| {
            let word = bare(word.as_bytes());
            let at = memchr::memmem::find(rest, &word);
            rest = at.map_or(&[][..], |at| &rest[at + word.len()..]);
            at.is_some()
        })
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
        ] {
            assert_eq!(agreement(command, text.as_bytes()), Agreement::Nowhere, "{command}");
        }
    }
}
