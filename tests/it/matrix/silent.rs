//! Shells at whose prompt nobody types: they have no session that says nothing, and print nothing.

use super::{Key, Line, complaint, each, press, same, tail};
use crate::stage::pty::{Home, Rc, Terminal, init_line};
use crate::stage::shells::Family::{self, Fish, Zsh};
use crate::stage::shells::Shell;
use std::io::Write;
use std::process::{Output, Stdio};

/// Runs a shell whose startup file has an `init` without any guard; it reads these lines.
fn run(shell: &Shell, home: &Home, file: &str, arguments: &[&str], lines: &str) -> Output {
    home.file(file, &format!("PS1=\n{}\n", init_line(shell.family)).replace("PS1=\nattesh", "attesh"));
    let mut command = home.command(&shell.program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the shell");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("its lines");
    child.wait_with_output().expect("its end")
}

fn startup(family: Family) -> &'static str {
    if family == Fish { "config/fish/config.fish" } else { ".zshrc" }
}

#[test]
fn a_shell_that_never_prompts_has_a_session() {
    each(&[Zsh, Fish], |shell, home| {
        for arguments in [&["-ic", "true typed; exit 3"][..], &["-ilc", "true typed; exit 3"]] {
            let ended = run(shell, home, startup(shell.family), arguments, "");
            assert_eq!(ended.status.code(), Some(3), "{}: {arguments:?}", shell.label());
            let printed = [ended.stdout, ended.stderr].concat();
            assert_eq!(String::from_utf8_lossy(&printed), "", "{}: {arguments:?}", shell.label());
        }
        assert!(home.sessions().is_empty(), "{}: {:?}", shell.label(), home.lines());
    });
}

#[test]
fn a_restricted_zsh_prints_errors_of_the_hook() {
    each(&[Zsh], |shell, home| {
        let ended = run(shell, home, ".zshrc", &["-r", "-i"], "echo typed\nfalse\n");
        let err = String::from_utf8_lossy(&ended.stderr).into_owned();
        let said = "attesh: not recording this shell: it is restricted, ";
        assert_eq!(err.matches(said).count(), 1, "{}: {err}", shell.label());
        assert!(!err.contains("__attesh") && home.sessions().is_empty(), "{}: {err}", shell.label());
        assert!(String::from_utf8_lossy(&ended.stdout).contains("typed"), "{}: {err}", shell.label());
    });
}

#[test]
fn an_interactive_shell_at_a_pipe_has_an_empty_session() {
    each(&[Zsh, Fish], |shell, home| {
        let _ = run(shell, home, startup(shell.family), &["-i"], "true typed\nfalse\n");
        let expected: &[&str] = match shell.family {
            Zsh => &["O zsh", "S true typed", "E 0", "S false", "E 1", "X eof 1", "END"],
            _ => &[],
        };
        let found = home.lines();
        assert!(same(&found, expected), "{}: {}", shell.label(), complaint("a pipe", &found, expected));
    });
}

#[test]
fn a_startup_file_speaks_where_nobody_types() {
    each(&[Zsh, Fish], |shell, home| {
        let file = if shell.family == Fish { startup(Fish) } else { ".zshenv" };
        let ended = run(shell, home, file, &["-c", "true typed"], "");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{}", shell.label());
        // A script that has it is told that it does nothing.
        home.file(file, "");
        let script = home.file("script", &init_line(shell.family));
        let told = home.command(&shell.program).arg(script).output().expect("the shell");
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.contains("attesh sh FILE records a script"), "{}: {told}", shell.label());
    });
}

#[test]
fn a_command_whose_end_nobody_saw_has_a_duration() {
    const KEYS: [(Family, &[Key]); 2] = [
        (Zsh, &[Line("precmd_functions=()"), Line("true typed")]),
        (Fish, &[Line("functions -e __attesh_postexec"), Line("true typed")]),
    ];
    for (family, keys) in KEYS {
        each(&[family], |shell, home| {
            let mut terminal = Terminal::start(shell, home, Rc::default());
            press(&mut terminal, home, keys);
            let session = home.sessions()[0].display().to_string();
            let (code, log) = super::attesh(home, &["log", "--json", &session]);
            assert_eq!(code, Some(0), "{log}\n{}", tail(&terminal));
            let log: serde_json::Value = serde_json::from_str(&log).unwrap_or_default();
            let durations: Vec<bool> = log["commands"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| one["durationMs"].is_null())
                .collect();
            assert_eq!(durations, [true, false], "{}: {log}", shell.label());
        });
    }
}
