//! Titles of terminals and names of windows: attesh writes none.

use std::path::Path;

use crate::stage::programs::{have, said};
use crate::stage::pty::{Home, Rc, Terminal};
use crate::stage::shells;
use crate::stage::shells::Family::{Bash, Fish, Zsh};

const CANARY: &str = "canary-of-a-title-7";

#[test]
fn a_hook_writes_a_title() {
    for shell in [Bash, Zsh, Fish].into_iter().flat_map(shells::all) {
        // fish itself writes the command into the title, unless it is told another one.
        let before = if shell.family == Fish { "function fish_title\n echo mine\nend" } else { "" };
        let titles = |bare| {
            let home = Home::new();
            let mut terminal = Terminal::start(&shell, &home, Rc { before, bare, ..Rc::default() });
            terminal.line(&format!("true {CANARY}"));
            terminal.line("true");
            let text = terminal.text();
            // OSC 0, 1 and 2, and the name that screen and tmux take.
            ["\x1b]0;", "\x1b]1;", "\x1b]2;", "\x1bk"].map(|begin| text.matches(begin).count())
        };
        assert_eq!(titles(false), titles(true), "{}: with the hook, and without", shell.label());
    }
}

#[test]
fn a_window_of_tmux_is_named_for_a_command() {
    if !have("tmux") {
        return;
    }
    let home = Home::new();
    let rc = home.file(".bashrc", "PS1='% '\neval \"$(attesh init bash)\"\n");
    let tmux = |words: &[&str]| {
        let mut command = home.command(Path::new("tmux"));
        command
            .arg("-S")
            .arg(home.path("socket"))
            .args(["-f", "/dev/null"])
            .args(words)
            .env("SHELL", "/bin/bash");
        said(&mut command)
    };
    let shell = format!("bash --noprofile --rcfile {} -i", rc.display());
    let begun = tmux(&["new-session", "-d", "-s", "t", &shell]);
    assert_eq!(begun.code, Some(0), "{}", begun.err);
    let names = || {
        tmux(&[
            "list-panes",
            "-a",
            "-F",
            "#{pane_title} #{window_name} #{session_name} #{T:set-titles-string}",
        ])
        .out
    };
    tmux(&["set-option", "-g", "set-titles", "on"]);
    let mut looked = Vec::new();
    let mut recorded = false;
    for _ in 0..200 {
        if !recorded && !home.sessions().is_empty() {
            tmux(&["send-keys", "-t", "t", &format!("true {CANARY}; sleep 1"), "Enter"]);
            recorded = true;
        }
        looked.push(names());
        if home.lines().iter().any(|line| line.starts_with("E ")) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    tmux(&["kill-server"]);
    assert!(home.lines().iter().any(|line| line.contains(CANARY)), "{:?}", home.lines());
    assert!(looked.iter().any(|names| names.contains("bash") || names.contains("sleep")), "{looked:?}");
    assert!(!looked.iter().any(|names| names.contains(CANARY)), "{looked:?}");
}
