//! How shells end, and what the journal says of it.

use super::{Alone, Begin, INTERRUPT, Line, Raw, complaint, each, mark, run_alone, same, tail};
use crate::stage::pty::{Home, Rc, Terminal};
use crate::stage::shells::Family::{self, Bash, Fish, Zsh};
use nix::sys::signal::Signal;

const PLAIN: Rc = Rc { before: "", after: "", bare: false, flags: &[], env: &[] };

const fn alone(what: &'static str, keys: &'static [super::Key], expect: &'static [&'static str]) -> Alone {
    Alone { what, shells: "bash zsh fish", rc: PLAIN, keys, expect, gap: false }
}

#[test]
fn a_shell_that_exits_is_closed_wrongly() {
    const ROWS: &[Alone] = &[
        alone("exit 9", &[Line("exit 9")], &["S exit 9", "E 9 exit", "X exit 9", "END"]),
        alone("^D", &[Line("sh -c 'exit 4'"), Raw("\x04")], &["S sh -c 'exit 4'", "E 4", "X eof 4", "END"]),
    ];
    run_alone(Bash, ROWS);
    run_alone(Zsh, ROWS);
    run_alone(
        Fish,
        &[
            alone("exit 9", &[Line("exit 9")], &["S exit 9", "E 9", "X exit 9", "END"]),
            alone(
                "a list that exits",
                &[Line("true; exit 3")],
                &["S true; exit 3", "E 3", "X exit 3", "END"],
            ),
            alone("^D", &[Line("false"), Raw("\x04")], &["S false", "E 1", "X eof 0", "END"]),
        ],
    );
}

/// Runs a command, ends the shell in some way meanwhile, and compares all that was recorded.
fn ended_by(
    families: &[Family],
    typed: Option<&str>,
    end: impl Fn(&mut Terminal),
    expect: impl Fn(&str) -> Vec<&'static str>,
) {
    let mut wrong = Vec::new();
    each(families, |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        if let Some(command) = typed {
            terminal.begin(home, command);
        } else {
            mark(&mut terminal, home, "mark");
        }
        end(&mut terminal);
        let expected = expect(shell.family.name());
        terminal.wait(|_| same(&home.lines()[1..], &expected));
        let found = home.lines()[1..].to_vec();
        if !same(&found, &expected) {
            let message = complaint("how it ends", &found, &expected);
            wrong.push(format!("{}: {message}\n{}", shell.label(), tail(&terminal)));
        }
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_hangup_within_a_command_gives_it_a_status() {
    ended_by(&[Bash, Zsh, Fish], Some("sleep 7"), Terminal::hang_up, |_| {
        vec!["S sleep 7", "X unknown…", "END"]
    });
}

#[test]
fn a_hangup_at_the_prompt_is_taken_for_the_end_of_input() {
    ended_by(&[Bash, Zsh, Fish], None, Terminal::hang_up, |_| vec!["S true mark", "E 0", "X signal…", "END"]);
}

#[test]
fn sigterm_at_the_prompt_ends_the_session() {
    ended_by(
        &[Bash, Zsh],
        None,
        |terminal| {
            terminal.signal(Signal::SIGTERM);
            terminal.line("echo alive");
        },
        |_| vec!["S true mark", "E 0", "S echo alive", "E 0"],
    );
}

#[test]
fn fish_that_is_terminated_gives_its_command_a_status() {
    // fish 3.6 ends without its exit event: a shell that was never closed. fish 4 has it.
    const CASES: [(Option<&str>, &[&str], &[&str]); 2] = [
        (None, &["S true mark", "E 0"], &["X eof 0", "END"]),
        (Some("sleep 1"), &["S sleep 1"], &["X unknown 0", "END"]),
    ];
    for (typed, ran, closed) in CASES {
        each(&[Fish], |shell, home| {
            let mut terminal = Terminal::start(shell, home, Rc::default());
            match typed {
                Some(command) => terminal.begin(home, command),
                None => assert!(mark(&mut terminal, home, "mark"), "{}", tail(&terminal)),
            }
            terminal.signal(Signal::SIGTERM);
            assert!(terminal.ended().is_some(), "{}: {}", shell.label(), tail(&terminal));
            let expected = if shell.version == "3.6" { ran.to_vec() } else { [ran, closed].concat() };
            let found = home.lines();
            let told = complaint("SIGTERM", &found, &expected);
            assert!(same(&found[1..], &expected), "{}: {told}", shell.label());
        });
    }
}

#[test]
fn a_killed_shell_looks_closed() {
    ended_by(
        &[Bash, Zsh, Fish],
        Some("sleep 7"),
        |terminal| terminal.signal(Signal::SIGKILL),
        |_| vec!["S sleep 7"],
    );
}

#[test]
fn exec_of_another_program_looks_finished() {
    ended_by(
        &[Bash, Zsh, Fish],
        Some("exec sleep 0.3"),
        |terminal| {
            terminal.ended();
        },
        |_| vec!["S exec sleep 0.3"],
    );
}

#[test]
fn exec_of_a_hooked_shell_does_not_replace_the_first() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        let again = match shell.family {
            Bash => format!("exec {} --rcfile ~/.bashrc -i", shell.program.display()),
            _ => format!("exec {} -i", shell.program.display()),
        };
        terminal.line(&again);
        assert!(mark(&mut terminal, home, "mark"), "{}: {}", shell.label(), tail(&terminal));
        let (start, open) = (format!("S {again}"), format!("O {}", shell.family.name()));
        let expected = [open.as_str(), &start, "E replaced…", "X replaced", &open, "S true mark", "E 0"];
        let found = home.lines();
        let short: Vec<&str> =
            found.iter().map(String::as_str).filter(|line| !line.starts_with("E ")).collect();
        assert_eq!(short[..2], expected[..2], "{}: {found:?}", shell.label());
        assert!(found.contains(&"X replaced".to_owned()), "{}: {found:?}", shell.label());
        assert_eq!(home.sessions().len(), 1, "{}: one session", shell.label());
    });
}

#[test]
fn a_nested_hooked_shell_is_another_session() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        let nested = match shell.family {
            Bash => format!("{} --rcfile ~/.bashrc -i", shell.program.display()),
            _ => format!("{} -i", shell.program.display()),
        };
        terminal.line(&nested);
        terminal.line("echo inner");
        terminal.line("exit 3");
        assert!(mark(&mut terminal, home, "mark"), "{}: {}", shell.label(), tail(&terminal));
        let found = home.lines();
        let leave = if shell.family == Fish { "E 3" } else { "E 3 exit" };
        let (open, start) = (format!("O {}", shell.family.name()), format!("S {nested}"));
        let expected = [
            &open,
            &start,
            &open,
            "S echo inner",
            "E 0",
            "S exit 3",
            leave,
            "X exit 3",
            "E 3",
            "S true mark",
            "E 0",
        ];
        assert!(same(&found, &expected), "{}: {}", shell.label(), complaint("nested", &found, &expected));
        assert_eq!(home.sessions().len(), 1);
    });
}

#[test]
fn two_terminals_get_two_sessions_in_a_named_one() {
    // Two shells that come up with the same ATTESH_SESSION write into one journal.
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut first = Terminal::start(shell, home, Rc::default());
        mark(&mut first, home, "one");
        let folder = home.sessions()[0].display().to_string();
        let rc = Rc { env: &[("ATTESH_SESSION", folder.as_str())], ..Rc::default() };
        let mut second = Terminal::start(shell, home, rc);
        for round in 0..3 {
            mark(&mut first, home, &format!("first{round}"));
            mark(&mut second, home, &format!("second{round}"));
        }
        assert_eq!(home.sessions().len(), 1, "{}", shell.label());
        let gaps = crate::stage::records::gaps(&home.records(), shell.family.name());
        assert!(gaps.is_empty(), "{}: {gaps:?}", shell.label());
        assert_eq!(home.lines().iter().filter(|line| line.starts_with("S ")).count(), 7);
    });
}

#[test]
fn a_typed_exit_in_a_function_or_list_is_lost() {
    run_alone(
        Bash,
        &[alone(
            "exit in a function",
            &[Line("f() { exit 4; }"), Line("f")],
            &["S f() { exit 4; }", "E 0", "S f", "E 4 exit", "X exit 4", "END"],
        )],
    );
}

#[test]
fn a_later_exit_trap_of_the_user_is_not_seen_as_incomplete() {
    let home_of = |shell: &crate::stage::shells::Shell, home: &Home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("trap 'echo bye' EXIT");
        terminal.line("exit 3");
        terminal.ended();
        (home.lines(), terminal.text())
    };
    each(&[Bash], |shell, home| {
        let (lines, text) = home_of(shell, home);
        let expected = ["O bash", "S trap 'echo bye' EXIT", "E 0", "S exit 3"];
        assert!(same(&lines, &expected), "{}: {lines:?}", shell.label());
        assert!(text.contains("bye"));
    });
    each(&[Zsh], |shell, home| {
        let (lines, _) = home_of(shell, home);
        let expected = ["O zsh", "S trap 'echo bye' EXIT", "E 0", "S exit 3", "E 3 exit", "X exit 3", "END"];
        assert!(same(&lines, &expected), "{}: {lines:?}", shell.label());
    });
}

#[test]
fn a_stopped_job_keeps_the_shell_from_its_end() {
    // bash and zsh refuse the first exit; it is a command like others.
    each(&[Bash], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        super::press(&mut terminal, home, &[Begin("sleep 9"), super::SUSPEND, Line("exit"), INTERRUPT]);
        assert!(mark(&mut terminal, home, "mark"), "{}", tail(&terminal));
        let found = home.lines();
        let expected = ["O bash", "S sleep 9", "E 148", "S exit", "E 1", "S true mark", "E 0"];
        assert!(same(&found, &expected), "{}: {found:?}", shell.label());
    });
}
