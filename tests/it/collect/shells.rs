//! Shells that people type in: their sessions begin and end with facts, and nothing else of theirs
//! changes.

use crate::matrix::{Line, Raw, complaint, each, press, same, tail};
use crate::stage::pty::{Rc, Terminal};
use crate::stage::shells::Family;

const ALL: Rc = Rc {
    before: "",
    after: "",
    bare: false,
    flags: &[],
    env: &[("ATTESH_COLLECT", "environment,git,ci"), ("CI", "woodpecker")],
};

#[test]
fn a_shell_begins_without_its_facts_or_ends_without_them() {
    each(&[Family::Bash, Family::Zsh, Family::Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, ALL);
        press(&mut terminal, home, &[Line("git init -q ."), Raw("exit\r")]);
        terminal.wait(|_| home.lines().last().is_some_and(|line| line == "END"));
        let program = format!("O {}", shell.family.name());
        let expected = [
            "F collection start true",
            "F environment start true",
            "F git start false",
            "F ci start true",
            &program,
            "S git init -q .",
            "E 0",
            "S exit",
            "E 0…",
            "X exit 0",
            "F git stop true",
            "END",
        ];
        let found = home.lines();
        assert!(
            same(&found, &expected),
            "{}: {}\n{}",
            shell.label(),
            complaint("facts", &found, &expected),
            tail(&terminal)
        );
    });
}

#[test]
fn the_session_behind_one_that_was_ended_has_no_facts() {
    each(&[Family::Bash], |shell, home| {
        let mut terminal = Terminal::start(shell, home, ALL);
        press(&mut terminal, home, &[Line("true"), Line("attesh stop"), Line("true more"), Raw("\x04")]);
        terminal.wait(|_| home.lines().last().is_some_and(|line| line == "END"));
        let found = home.lines();
        let begin = [
            "F collection start true",
            "F environment start true",
            "F git start false",
            "F ci start true",
            "O bash",
        ];
        let next = found.iter().position(|line| line == "S true more").unwrap_or_default();
        assert_eq!(
            found[next.saturating_sub(begin.len())..next],
            begin.map(str::to_owned),
            "{}",
            shell.label()
        );
        let end = &found[found.len() - 3..];
        assert!(same(end, &["X eof…", "F git stop false", "END"]), "{}: {end:?}", shell.label());
    });
}
