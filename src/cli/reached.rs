//! Whether a shell comes to a line at the end of a startup file.
//!
//! What lives here: what the text before the line does to it. What does not: which files a shell
//! reads (`login`), and the line (`rc`).
//!
//! Rules: nothing of the file runs: the shell is asked to parse it. What a text can do to the line
//! is found by its words, so in doubt a line of the file is named, and the user looks.

use std::process::Command;
use std::time::Duration;

use super::args::ShellName;
use crate::asked::{Limits, ask};
use crate::paths;
use crate::text::visible;

/// What a shell may take to parse a file, or to read its startup files.
pub const SHELL: Limits = Limits { time: Duration::from_secs(2), bytes: 1 << 20 };

/// Why a line behind this text would be no command of its own; `None` if it would be, or if that
/// cannot be told.
pub fn swallowed(shell: ShellName, text: &[u8]) -> Option<String> {
    let last = text.strip_suffix(b"\n").unwrap_or(text).rsplit(|byte| *byte == b'\n').next()?;
    let backslashes = last.iter().rev().take_while(|byte| **byte == b'\\').count();
    if backslashes % 2 == 1 && !last.trim_ascii_start().starts_with(b"#") {
        return Some("its last line ends with a backslash, and goes on in the next one".into());
    }
    // Where this is no error the text takes it up: a here-document does.
    let wrong: &[u8] = if shell == ShellName::Fish { b"\nend\n" } else { b"\n)\n" };
    let parses = parse(shell, text)?;
    let name = program(shell);
    match parses {
        Ok(()) if parse(shell, &[text, wrong].concat())?.is_ok() => {
            Some(format!("{name} takes what follows its last line as part of a here-document"))
        }
        // What else is wrong in the file its shell says each time.
        Err(said) if is_open(&said) => Some(format!("{name} finds something open there: {said}")),
        _ => None,
    }
}

/// Whether a shell says of a text that it ends within a quote, a block or a bracket.
fn is_open(said: &str) -> bool {
    let bash = ["unexpected EOF", "unexpected end of file"];
    let zsh = ["unmatched", "near `\\n'"];
    let fish = ["Missing end", "Unexpected end of string"];
    bash.iter().chain(&zsh).chain(&fish).any(|words| said.contains(words))
}

fn program(shell: ShellName) -> &'static str {
    match shell {
        ShellName::Bash => "bash",
        ShellName::Zsh => "zsh",
        ShellName::Fish => "fish",
    }
}

/// What a shell says to a text, without running any of it; `None` if it says nothing in time.
fn parse(shell: ShellName, text: &[u8]) -> Option<Result<(), String>> {
    let quiet = match shell {
        ShellName::Bash => "--norc",
        ShellName::Zsh => "-f",
        ShellName::Fish => "--no-config",
    };
    let mut command = Command::new(paths::program(program(shell))?);
    command.args([quiet, "-n", "/dev/stdin"]).env_remove("BASH_ENV").env("LC_ALL", "C");
    let answer = ask(&mut command, text, SHELL).ok()?;
    let said = answer.err.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let said =
        visible(said).replace("~/dev/stdin ", "").replace("/dev/stdin: ", "").replace("/dev/stdin:", "line ");
    Some(if answer.status.success() { Ok(()) } else { Err(said) })
}

/// The first line of a startup file that can end the file, or the shell, before its last line: its
/// number and its text. A test that sends away only shells without a person does not count.
pub fn leaves(text: &[u8]) -> Option<(usize, String)> {
    let (mut apart, mut function) = (false, None);
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        let code = line.trim();
        let indent = line.len() - line.trim_start().len();
        if let Some(outer) = function {
            // The body of a function runs later, if it runs.
            function = (!(indent <= outer && (code.starts_with('}') || code == "end"))).then_some(outer);
            continue;
        }
        // Whoever asks for a person and then runs `exec` ends the shells that are to be recorded.
        let hands_over = has_way_out(code, &["exec"]);
        if apart && !hands_over {
            apart = !["fi", "esac", "end"].iter().any(|end| code.starts_with(end));
            continue;
        }
        let is_subshell = code.starts_with('(') && code.ends_with(')');
        if code.starts_with('#') || is_subshell {
            continue;
        }
        let begins = code.starts_with("function ") || code.contains("()");
        if begins && !code.ends_with('}') && !code.ends_with("end") {
            function = Some(indent);
            continue;
        }
        if asks_for_a_person(code) && !hands_over {
            let ends = ["fi", "esac", "end"].iter().any(|end| code.ends_with(end));
            apart = ["if ", "case ", "switch "].iter().any(|word| code.starts_with(word)) && !ends;
            continue;
        }
        if !begins && has_way_out(code, &["return", "exit", "logout", "exec"]) {
            return Some((at + 1, visible(code.as_bytes())));
        }
    }
    None
}

/// Whether a line asks whether a person is there, or whether its shell is the one that it is for.
fn asks_for_a_person(code: &str) -> bool {
    let asks = ["$-", "${-}", "PS1", "interactive", "BASH_VERSION", "ZSH_VERSION", "posix", "-t 0", "-t 1"];
    asks.iter().any(|word| code.contains(word))
}

/// Whether a line has a command that ends the file or the shell.
fn has_way_out(code: &str, ways: &[&str]) -> bool {
    let mut words = code.split_inclusive([' ', '\t', ';', '&', '|', '(', ')', '{', '}']).peekable();
    let mut first = true;
    while let Some(piece) = words.next() {
        let word = piece.trim_end_matches([' ', '\t', ';', '&', '|', '(', ')', '{', '}']);
        if word.starts_with('#') {
            return false;
        }
        let way_out = match word {
            _ if !ways.contains(&word) => false,
            // With a redirection alone the shell stays.
            "exec" => words.peek().is_some_and(|next| {
                !next.starts_with(['<', '>', '&', '{']) && !next.starts_with(|c: char| c.is_ascii_digit())
            }),
            _ => true,
        };
        if first && way_out {
            return true;
        }
        let keyword =
            ["then", "else", "do", "and", "or", "!", "not", "command", "builtin", ""].contains(&word);
        let ends_command = piece.len() > word.len() && !piece.ends_with([' ', '\t']);
        first = keyword && (first || !word.is_empty()) || ends_command;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::leaves;

    #[test]
    fn a_line_that_can_end_the_file_is_named() {
        for (text, line) in [
            ("[ -n \"$TMUX\" ] || return\n", 1),
            ("a=1\ntest -x /bin/x && exit 0\n", 2),
            ("a=1\n\nif [ -z \"$TMUX\" ]; then\n  exec tmux\nfi\n", 4),
            ("exec fish\n", 1),
            ("[[ $- == *i* ]] && exec fish\n", 1),
            ("if [[ $- == *i* ]]; then\n  exec fish\nfi\n", 2),
            ("case $- in\n  *i*) exec fish ;;\nesac\n", 2),
            ("if true; then return; fi\n", 1),
            ("case $- in *i*) ;; *) return;; esac\nreturn\n", 2),
            ("f() {\n  return 1\n}\nf || { echo no; return; }\n", 4),
            ("function f\n  return 1\nend\nstatus is-login; or exit\nexit\n", 4),
        ] {
            assert_eq!(leaves(text.as_bytes()).map(|found| found.0), Some(line), "{text}");
        }
        for text in [
            "",
            "a=1\n# return\n",
            "case $- in\n    *i*) ;;\n      *) return;;\nesac\n",
            "[ -z \"$PS1\" ] && return\n",
            "[[ $- != *i* ]] && return\nexec 2>/dev/null\nexec 3>&1\n",
            "if [ -z \"$PS1\" ]; then\n  return\nfi\na=1\n",
            "f() {\n  if x; then\n    return 1\n  fi\n}\ng() { return 0; }\n",
            "status is-interactive; or exit\nfunction f\n  return 1\nend\n",
            "echo return # exit\nalias q=exit\ntrap 'exit' INT\n",
            "export A=exec B=return\n",
            "(cd /nonexist || exit 1)\n",
            "if [ -n \"$PS1\" ]; then\n  exec 2>/dev/null\nfi\n",
        ] {
            assert_eq!(leaves(text.as_bytes()), None, "{text}");
        }
    }
}
