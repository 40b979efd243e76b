//! The lines of attesh in an rc file: that which records the shell, and one of each coding agent.
//!
//! What lives here: how each line begins and ends, where it goes in a text, and how it comes out again.
//! What does not: the file (`rc`), what is asked before it changes (`agent`).
//!
//! Rules: pure. Lines go in and come out in any order, and every other byte is then as it was. What a line
//! notes of the text before it (that it ended without a newline, that there was no file) goes to another
//! line of attesh when it comes out.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use super::args::{AgentName, ShellName};
use crate::text::{fish_quoted, posix_quoted, quoted, visible};

/// What follows the line if a newline had to be added before it.
const NO_NEWLINE: &str = " (no newline before)";
/// What follows the line if attesh made the file.
const NEW_FILE: &str = " (new file)";

/// A line, in pieces around the path of attesh: it begins and ends like no other.
pub struct Form {
    /// The shell.
    pub name: &'static str,
    /// How it begins, up to the path of attesh.
    pub begin: Cow<'static, str>,
    /// How it ends.
    pub end: Cow<'static, str>,
}

/// What a line notes of the text before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Notes {
    no_newline: bool,
    new_file: bool,
}

/// A text without a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Without {
    /// What is left.
    pub text: Vec<u8>,
    /// Nothing is left, and attesh made the file: it goes.
    pub goes: bool,
}

/// The line that records a shell.
pub fn of_recording(shell: ShellName) -> Form {
    let (name, begin, end) = match shell {
        ShellName::Bash => ("bash", "case $- in *i*) if test -x ", " >&2; fi;; esac # attesh"),
        ShellName::Zsh => ("zsh", "if [[ -o interactive ]]; then if [[ -x ", " >&2; fi; fi # attesh"),
        ShellName::Fish => ("fish", "if status is-interactive; if test -x ", " >&2; end; end # attesh"),
    };
    Form { name, begin: Cow::Borrowed(begin), end: Cow::Borrowed(end) }
}

/// The name of an agent as an author, and the program that is typed.
pub fn words(name: AgentName) -> (&'static str, &'static str) {
    match name {
        AgentName::ClaudeCode => ("claude-code", "claude"),
        AgentName::Codex => ("codex", "codex"),
        AgentName::GeminiCli => ("gemini-cli", "gemini"),
        AgentName::Opencode => ("opencode", "opencode"),
    }
}

/// The line of an agent.
pub fn of_agent(shell: ShellName, name: AgentName) -> Form {
    let (author, typed) = words(name);
    let (name, begin, end) = match shell {
        ShellName::Bash => (
            "bash",
            format!("case $- in *i*) function {typed} {{ if test -x "),
            format!(" >&2; command {typed} \"$@\"; fi; }};; esac"),
        ),
        ShellName::Zsh => (
            "zsh",
            format!("if [[ -o interactive ]]; then function {typed} {{ if test -x "),
            format!(" >&2; command {typed} \"$@\"; fi; }}; fi"),
        ),
        ShellName::Fish => (
            "fish",
            format!("if status is-interactive; function {typed}; if test -x "),
            format!(" >&2; command {typed} $argv; end; end; end"),
        ),
    };
    Form { name, begin: Cow::Owned(begin), end: Cow::Owned(format!("{end} # attesh agent {author}")) }
}

/// Every line that attesh writes for a shell.
pub fn all(shell: ShellName) -> Vec<Form> {
    let agents = [AgentName::ClaudeCode, AgentName::Codex, AgentName::GeminiCli, AgentName::Opencode];
    let agents = agents.map(|name| of_agent(shell, name));
    std::iter::once(of_recording(shell)).chain(agents).collect()
}

impl Form {
    /// A path or a word as this shell reads it.
    pub fn word(&self, word: &str) -> String {
        match self.name {
            _ if quoted(word.as_ref()) == word => word.to_owned(),
            "fish" => fish_quoted(word),
            _ => posix_quoted(word),
        }
    }

    /// The line in a piece of an rc file and what it notes, if it is one that attesh wrote.
    fn of_piece<'a>(&self, piece: &'a [u8]) -> Option<(&'a [u8], Notes)> {
        let mut line = piece.strip_suffix(b"\n").unwrap_or(piece);
        let mut notes = Notes::default();
        loop {
            if let Some(rest) = line.strip_suffix(NO_NEWLINE.as_bytes()) {
                (line, notes.no_newline) = (rest, true);
            } else if let Some(rest) = line.strip_suffix(NEW_FILE.as_bytes()) {
                (line, notes.new_file) = (rest, true);
            } else {
                break;
            }
        }
        (line.starts_with(self.begin.as_bytes()) && line.ends_with(self.end.as_bytes()))
            .then_some((line, notes))
    }
}

/// The line that records a shell by this program.
pub fn recording(shell: ShellName, program: &str, rc: &Path) -> String {
    let form = of_recording(shell);
    let quote = if form.name == "fish" { fish_quoted } else { posix_quoted };
    let place = visible(rc.as_os_str().as_encoded_bytes());
    let missing = format!(
        "attesh: not recording this shell: {program} is missing; the line that calls it is in {place}"
    );
    let (path, missing) = (form.word(program), quote(&missing));
    let Form { name, begin, end } = form;
    match name {
        "bash" => {
            format!("{begin}{path}; then eval \"$({path} init bash)\"; else echo {missing}{end}")
        }
        "zsh" => {
            format!("{begin}{path} ]]; then eval \"$({path} init zsh)\"; else print -r -- {missing}{end}")
        }
        _ => format!("{begin}{path}; {path} init fish | source; else; echo {missing}{end}"),
    }
}

/// The text before the line of attesh; the whole text, if it has no such line.
pub fn above<'a>(text: &'a [u8], form: &Form) -> &'a [u8] {
    match find(text, std::slice::from_ref(form)) {
        Some((at, _)) if joined(text, &at, form) => &text[..at.start - 1],
        Some((at, _)) => &text[..at.start],
        None => text,
    }
}

/// The text with the line, at its end or in the place of one that calls another attesh; `None` if
/// it has the line already. What the text before was like is noted behind the line.
pub fn with_line(before: Option<&[u8]>, form: &Form, line: &str) -> Option<Vec<u8>> {
    let text = before.unwrap_or_default();
    if let Some((at, old)) = find(text, std::slice::from_ref(form)) {
        return (old != line.as_bytes())
            .then(|| [&text[..at.start], line.as_bytes(), &text[at.start + old.len()..]].concat());
    }
    let torn = !text.is_empty() && !text.ends_with(b"\n");
    let (newline, note) = match (before, torn) {
        (None, _) => ("", NEW_FILE),
        (_, true) => ("\n", NO_NEWLINE),
        (_, false) => ("", ""),
    };
    Some([text, newline.as_bytes(), line.as_bytes(), note.as_bytes(), b"\n"].concat())
}

/// The text without the line, however often it has it; `None` if it does not have it. `all` are the lines
/// to which its notes may go.
pub fn without_line(text: &[u8], form: &Form, all: &[Form]) -> Option<Without> {
    let mut without = without_one(text, form, all)?;
    while let Some(less) = without_one(&without.text, form, all) {
        without = less;
    }
    Some(without)
}

fn without_one(text: &[u8], form: &Form, all: &[Form]) -> Option<Without> {
    let (at, _) = find(text, std::slice::from_ref(form))?;
    let (_, notes) = form.of_piece(&text[at.clone()])?;
    let behind = &text[at.end..];
    // Lines added behind this one need the newline that was added before it. One of attesh takes the note.
    let start = at.start - usize::from(behind.is_empty() && joined(text, &at, form));
    let mut left = [&text[..start], behind].concat();
    if notes.no_newline
        && let Some((next, _)) = find(behind, all).filter(|(next, _)| next.start == 0)
    {
        note(&mut left, &(start..start + next.end), all, NO_NEWLINE);
    }
    if notes.new_file
        && let Some((other, _)) = find(&left, all)
    {
        note(&mut left, &other, all, NEW_FILE);
    }
    Some(Without { goes: left.is_empty() && notes.new_file, text: left })
}

/// Writes a note behind a line that has it not.
fn note(text: &mut Vec<u8>, at: &Range<usize>, all: &[Form], words: &str) {
    let piece = &text[at.clone()];
    let noted = all.iter().find_map(|form| form.of_piece(piece)).map(|(_, notes)| match words {
        NEW_FILE => notes.new_file,
        _ => notes.no_newline,
    });
    let end = at.end - usize::from(piece.ends_with(b"\n"));
    if noted == Some(false) {
        text.splice(end..end, words.bytes());
    }
}

/// Whether the newline before a line was added with it.
fn joined(text: &[u8], at: &Range<usize>, form: &Form) -> bool {
    at.start > 0 && form.of_piece(&text[at.clone()]).is_some_and(|(_, notes)| notes.no_newline)
}

/// The first line of these forms: where it stands, with its notes and its newline, and it without these.
fn find<'a>(text: &'a [u8], forms: &[Form]) -> Option<(Range<usize>, &'a [u8])> {
    let mut start = 0;
    for piece in text.split_inclusive(|byte| *byte == b'\n') {
        let end = start + piece.len();
        if let Some((line, _)) = forms.iter().find_map(|form| form.of_piece(piece)) {
            return Some((start..end, line));
        }
        start = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELLS: [ShellName; 3] = [ShellName::Bash, ShellName::Zsh, ShellName::Fish];

    fn line(form: &Form, program: &str) -> String {
        format!("{}{program} | x{}", form.begin, form.end)
    }

    #[test]
    fn an_rc_file_is_byte_for_byte_as_before_after_install_and_uninstall() {
        for shell in SHELLS {
            let form = &of_recording(shell);
            let all = all(shell);
            let without = |text: &[u8]| without_line(text, form, &all).map(|without| without.text);
            let line = recording(shell, "/home/it's me/attesh", Path::new("/home/it's me/rc"));
            let newer = recording(shell, "/opt/attesh", Path::new("/rc"));
            for text in ["", "a\n", "a", "a\n\n", "a\r\n", "\n", "a\nx # attesh something else\n"] {
                let with = with_line(Some(text.as_bytes()), form, &line).unwrap();
                assert!(with_line(Some(&with), form, &line).is_none(), "added twice to {text:?}");
                assert_eq!(without(&with).unwrap(), text.as_bytes());
                assert!(without(text.as_bytes()).is_none());
                let moved = with_line(Some(&with), form, &newer).unwrap();
                assert!(String::from_utf8(moved.clone()).unwrap().contains(&newer));
                assert_eq!(without(&moved).unwrap(), text.as_bytes());
                let twice = [with.as_slice(), line.as_bytes(), b"\n"].concat();
                assert_eq!(without(&twice).unwrap(), text.as_bytes(), "{text:?}");
                let grown = [with.as_slice(), b"later\n"].concat();
                let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                assert_eq!(without(&grown).unwrap(), format!("{text}{newline}later\n").as_bytes());
            }
        }
    }

    /// Every order of these.
    fn orders(of: &[usize]) -> Vec<Vec<usize>> {
        let with_first = |at: usize| {
            let left: Vec<usize> =
                of.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, one)| *one).collect();
            orders(&left).into_iter().map(move |rest| [vec![of[at]], rest].concat())
        };
        if of.is_empty() { vec![Vec::new()] } else { (0..of.len()).flat_map(with_first).collect() }
    }

    #[test]
    fn lines_that_come_out_in_another_order_than_they_went_in_leave_a_byte() {
        for shell in SHELLS {
            let all = all(shell);
            let befores = [None, Some(""), Some("a"), Some("a\n"), Some("a\n\n"), Some("# attesh agent\r")];
            for (before, order) in befores.iter().flat_map(|before| {
                orders(&[0, 1, 2]).into_iter().map(move |order| (before.map(str::as_bytes), order))
            }) {
                for later in [&b""[..], b"later=1\n", b"later=1"] {
                    for behind in 0..3 {
                        let mut text = before.map(<[u8]>::to_vec);
                        for (at, form) in all.iter().take(3).enumerate() {
                            text = with_line(text.as_deref(), form, &line(form, "/bin/attesh"));
                            if at == behind {
                                text.as_mut().unwrap().extend_from_slice(later);
                            }
                        }
                        let mut goes = false;
                        for at in &order {
                            let without = without_line(&text.unwrap(), &all[*at], &all).unwrap();
                            (text, goes) = (Some(without.text), without.goes);
                        }
                        let text = if goes { None } else { text };
                        let was = before.unwrap_or_default();
                        let newline: &[u8] = if was.is_empty() || was.ends_with(b"\n") { b"" } else { b"\n" };
                        let expected = match (before, later) {
                            (before, b"") => before.map(<[u8]>::to_vec),
                            _ => Some([was, newline, later].concat()),
                        };
                        let told = text.as_deref().map(String::from_utf8_lossy);
                        assert_eq!(
                            text, expected,
                            "{before:?} {later:?} behind {behind}, {order:?}: {told:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_note_is_written_twice_or_lost_with_what_a_user_put_between() {
        let all = all(ShellName::Bash);
        let [one, two] = [&all[1], &all[2]].map(|form| (form, line(form, "/bin/attesh")));
        let without = |text: &str, form: &Form| {
            let without = without_line(text.as_bytes(), form, &all).unwrap();
            (String::from_utf8(without.text).unwrap(), without.goes)
        };
        // The file was torn once more, and has two lines that note it.
        let text = format!("a\n{}{NO_NEWLINE}\n{}{NO_NEWLINE}\n", one.1, two.1);
        assert_eq!(without(&text, one.0), (format!("a\n{}{NO_NEWLINE}\n", two.1), false));
        assert_eq!(without(&text, two.0), (format!("a\n{}{NO_NEWLINE}", one.1), false));
        // Who made the file is known as long as there is a line; who takes out his own lines is left none.
        let text = format!("{}{NEW_FILE}\nb\n{}\n", one.1, two.1);
        let (left, _) = without(&text, one.0);
        assert_eq!(left, format!("b\n{}{NEW_FILE}\n", two.1));
        assert_eq!(without(&left, two.0), ("b\n".to_owned(), false));
        assert_eq!(without(&left[2..], two.0), (String::new(), true));
        // Both notes at one line.
        let text = format!("{}{NEW_FILE}\nb\n{}{NO_NEWLINE}\n", one.1, two.1);
        let (left, _) = without(&text, one.0);
        assert_eq!(without(&left, two.0), ("b".to_owned(), false));
    }
}
