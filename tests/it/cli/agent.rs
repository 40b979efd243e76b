//! `attesh agent install`: the line in the rc file, and an agent that is typed.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::stage::programs::{Said, attesh, have, said};
use crate::stage::pty::{ATTESH, Home, Rc, Terminal};
use crate::stage::shells::{
    self,
    Family::{self, Bash, Fish, Zsh},
};
use crate::stage::world::skipped;

fn rc_name(family: Family) -> &'static str {
    match family {
        Bash => ".bashrc",
        Zsh => ".zshrc",
        Fish => "config/fish/config.fish",
    }
}

fn install(home: &Home, family: Family, agent: &str, options: &[&str]) -> Said {
    attesh(home, &[&["agent", "install", agent, "--shell", family.name()], options].concat())
}

#[test]
fn a_file_is_not_as_it_was_when_the_line_is_taken_out() {
    for family in [Bash, Zsh, Fish] {
        for before in [None, Some(""), Some("a=1\n"), Some("a=1"), Some("\n\n"), Some("# attesh agent\r\n")] {
            let home = Home::new();
            let name = rc_name(family);
            if let Some(text) = before {
                let file = home.file(name, text);
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
            let now = || std::fs::read_to_string(home.path(name)).ok();
            let mode = || home.path(name).metadata().unwrap().mode() & 0o777;
            for agent in ["claude-code", "codex"] {
                let dry = install(&home, family, agent, &["--dry-run"]);
                assert!(dry.code == Some(0) && dry.out.contains("\n+"), "{}{}", dry.out, dry.err);
            }
            assert_eq!(now().as_deref(), before, "{}", family.name());
            for agent in ["claude-code", "codex", "claude-code"] {
                let done = install(&home, family, agent, &["--yes"]);
                assert_eq!(done.code, Some(0), "{}", done.err);
            }
            let with = now().unwrap();
            assert_eq!(with.matches("# attesh agent claude-code").count(), 1, "{with}");
            assert_eq!(with.matches("# attesh agent codex").count(), 1, "{with}");
            assert!(with.starts_with(before.unwrap_or_default()));
            assert!(before.is_none() || mode() == 0o600);
            // In either order.
            let is_even = before.is_some_and(|text| text.len() % 2 == 0);
            let order = if is_even { ["codex", "claude-code"] } else { ["claude-code", "codex"] };
            for agent in order {
                let done = install(&home, family, agent, &["--remove", "--yes"]);
                assert!(done.code == Some(0) && done.out.contains("\n-"), "{}{}", done.out, done.err);
            }
            assert_eq!(now().as_deref(), before, "{}", family.name());
            let again = install(&home, family, "codex", &["--remove"]);
            assert!(again.code == Some(0) && again.out.contains("does not hold the line"), "{}", again.out);
        }
    }
}

#[test]
fn lines_of_several_agents_and_of_the_shell_leave_a_byte_or_a_file() {
    for before in [None, Some("a=1")] {
        let home = Home::new();
        if let Some(text) = before {
            home.file(".bashrc", text);
        }
        let init = |what: &str| assert_eq!(attesh(&home, &["init", "bash", what]).code, Some(0));
        let agent = |name: &str, more: &[&str]| {
            let done = install(&home, Bash, name, &[&["--yes"], more].concat());
            assert_eq!(done.code, Some(0), "{}", done.err);
        };
        agent("claude-code", &[]);
        init("--install");
        agent("codex", &[]);
        agent("claude-code", &["--remove"]);
        init("--uninstall");
        agent("opencode", &[]);
        agent("codex", &["--remove"]);
        agent("opencode", &["--remove"]);
        assert_eq!(std::fs::read_to_string(home.path(".bashrc")).ok().as_deref(), before);
    }
}

#[test]
fn what_stands_behind_the_line_or_where_a_link_leads_is_lost() {
    let home = Home::new();
    let real = home.file("work/dots", "a=1");
    std::os::unix::fs::symlink(&real, home.path(".bashrc")).unwrap();
    assert_eq!(install(&home, Bash, "opencode", &["--yes"]).code, Some(0));
    let mut text = std::fs::read_to_string(&real).unwrap();
    text.push_str("later=1\n");
    home.file("work/dots", &text);
    assert_eq!(install(&home, Bash, "opencode", &["--remove", "--yes"]).code, Some(0));
    assert!(home.path(".bashrc").is_symlink());
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "a=1\nlater=1\n");
    // Behind a line that goes on nothing can be added.
    home.file("work/dots", "a=1 \\");
    let refused = install(&home, Bash, "opencode", &["--yes"]);
    assert!(
        refused.code != Some(0) && refused.err.contains("cannot stand behind its end"),
        "{}",
        refused.err
    );
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "a=1 \\");
}

#[test]
fn a_file_is_written_that_nobody_agreed_to() {
    let home = Home::new();
    home.file(".bashrc", "a=1\n");
    let mut command = home.command(Path::new(ATTESH));
    command.args(["agent", "install", "codex"]).env("SHELL", "/bin/bash");
    let refused = said(&mut command);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.out.contains("+case $- in") && refused.err.contains("--yes"), "{}", refused.err);
    let mut command = home.command(Path::new(ATTESH));
    let unknown = said(command.args(["agent", "install", "codex", "--yes"]).env("SHELL", "/bin/dash"));
    assert!(unknown.code == Some(2) && unknown.err.contains("--shell bash"), "{}", unknown.err);
    assert_eq!(std::fs::read_to_string(home.path(".bashrc")).unwrap(), "a=1\n");
}

#[test]
fn a_terminal_is_not_asked_or_its_answer_not_heard() {
    let all = shells::all(Bash);
    let Some(shell) = all.first() else { return };
    let home = Home::new();
    home.file(".bashrc", "a=1\n");
    let mut terminal = Terminal::start(shell, &home, Rc::default());
    let mut answer = |answer: &str| {
        let asked = terminal.text().matches("write this?").count();
        terminal.line(&format!("{ATTESH} agent install codex --shell bash"));
        assert!(terminal.wait(|terminal| terminal.text().matches("write this?").count() > asked));
        let said = ["nothing was written", "new shells start codex"]
            .map(|what| terminal.text().matches(what).count());
        terminal.line(answer);
        assert!(terminal.wait(|terminal| {
            ["nothing was written", "new shells start codex"]
                .map(|what| terminal.text().matches(what).count())
                != said
        }));
        std::fs::read_to_string(home.path(".bashrc")).unwrap().contains("# attesh agent codex")
    };
    assert!(!answer("n"));
    assert!(answer("y"));
}

/// What is typed in a shell with the line is what runs, and is recorded.
#[test]
fn an_agent_that_is_typed_is_not_recorded() {
    for family in [Bash, Zsh, Fish] {
        if !have(family.name()) {
            skipped(family.name());
            continue;
        }
        let home = Home::new();
        let fake = home.file("bin/claude", "#!/bin/sh\nbash -c 'echo \"$0 $*\"; exit 3' \"$@\"\n");
        std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(install(&home, family, "claude-code", &["--yes"]).code, Some(0));
        let mut command = home.command(Path::new(family.name()));
        command.args(["-i", "-c", "claude 'a  b' c"]);
        let said = said(&mut command);
        assert!(said.out.contains("a  b c\n"), "{}: {}{}", family.name(), said.out, said.err);
        assert_eq!(said.code, Some(3), "{}", said.err);
        let log = attesh(&home, &["log", "--author", "claude-code"]);
        assert!(log.out.contains("exit 3"), "{}: {}{}", family.name(), log.out, log.err);
    }
}
