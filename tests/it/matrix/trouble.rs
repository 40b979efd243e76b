//! When something goes wrong: interrupts at the worst time, a recorder that fails,
//! a lock that is held. The prompt comes back, and what was lost can be counted.

use super::{Raw, complaint, each, mark, press, same, tail};
use crate::stage::pty::{ATTESH, Home, Rc, Terminal, init_line};
use crate::stage::records::gaps;
use crate::stage::shells::Family::{Bash, Fish, Zsh};
use crate::stage::shells::Shell;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

/// Lines in the rc file that put a recorder of the test's own in the hook's hands.
fn replaced(shell: &Shell, home: &Home) -> String {
    let path = home.path("bin/recorder");
    match shell.family {
        Fish => format!("set -g __attesh_bin {}", path.display()),
        _ => format!("__attesh_bin={}", path.display()),
    }
}

/// A recorder that does something first, and then is the real one.
fn recorder(home: &Home, first: &str) {
    home.file("bin/recorder", &format!("#!/bin/sh\n{first}\nexec {ATTESH} \"$@\"\n"));
}

fn with_recorder(first: &str, mut test: impl FnMut(&Shell, &Home, &mut Terminal)) {
    each(&[Bash, Zsh, Fish], |shell, home| {
        recorder(home, first);
        let line = replaced(shell, home);
        let mut terminal = Terminal::start(shell, home, Rc { after: &line, ..Rc::default() });
        test(shell, home, &mut terminal);
    });
}

fn check(shell: &Shell, home: &Home, terminal: &Terminal, expected: &[&str]) {
    let found = home.lines();
    assert!(
        same(&found[1..], expected),
        "{}: {}\n{}",
        shell.label(),
        complaint("what is recorded", &found, expected),
        tail(terminal)
    );
}

#[test]
fn interrupt_while_a_start_is_recorded_loses_it() {
    // The real recorder ignores ^C from its first instruction on; so does this one, slowly.
    let slow = "trap '' INT\n[ \"$2\" = s ] && [ -e ~/slow ] && { rm ~/slow; sleep 0.6; }";
    with_recorder(slow, |shell, home, terminal| {
        mark(terminal, home, "one");
        home.file("slow", "");
        terminal.raw(b"echo ran >> out\r");
        terminal.rest(250);
        terminal.raw(b"\x03");
        terminal.rest(900);
        assert!(mark(terminal, home, "two"), "{}: {}", shell.label(), tail(terminal));
        let ran = std::fs::read(home.path("work/out")).is_ok();
        let found = home.lines();
        let status = if ran { "E 0" } else { "E 130…" };
        let expected = ["S true one", "E 0", "S echo ran >> out", status, "S true two", "E 0"];
        assert!(same(&found[1..], &expected), "{}: {}", shell.label(), complaint("^C", &found, &expected));
        let gaps = gaps(&home.records(), shell.family.name());
        assert!(gaps.is_empty(), "{}: {gaps:?}", shell.label());
    });
}

#[test]
fn interrupt_while_a_finish_is_recorded_changes_its_status() {
    let slow = "trap '' INT\n[ \"$2\" = e ] && [ -e ~/slow ] && { rm ~/slow; sleep 0.6; }";
    with_recorder(slow, |shell, home, terminal| {
        mark(terminal, home, "one");
        home.file("slow", "");
        terminal.raw(b"sh -c 'exit 4'\r");
        terminal.rest(300);
        terminal.raw(b"\x03");
        terminal.rest(900);
        assert!(mark(terminal, home, "two"), "{}: {}", shell.label(), tail(terminal));
        check(shell, home, terminal, &["S true one", "E 0", "S sh -c 'exit 4'", "E 4", "S true two", "E 0"]);
    });
}

#[test]
fn a_recorder_that_fails_takes_the_prompt_or_hides_the_loss() {
    with_recorder("[ -e ~/fail ] && exit 5", |shell, home, terminal| {
        mark(terminal, home, "one");
        home.file("fail", "");
        terminal.line("echo unseen");
        terminal.line("sh -c 'exit 6'");
        std::fs::remove_file(home.path("fail")).expect("the switch");
        assert!(terminal.text().contains("[[6]]% "), "{}: {}", shell.label(), tail(terminal));
        assert!(mark(terminal, home, "two"), "{}: {}", shell.label(), tail(terminal));
        check(shell, home, terminal, &["S true one", "E 0", "L 4", "S true two", "E 0"]);
        let gaps = gaps(&home.records(), shell.family.name());
        assert!(!gaps.is_empty(), "{}: the loss does not show in the counters", shell.label());
    });
}

#[test]
fn a_recorder_that_is_gone_takes_the_prompt() {
    with_recorder("", |shell, home, terminal| {
        mark(terminal, home, "one");
        std::fs::remove_file(home.path("bin/recorder")).expect("the recorder");
        terminal.line("sh -c 'exit 6'");
        terminal.line("true");
        assert!(terminal.text().contains("[[6]]% "), "{}: {}", shell.label(), tail(terminal));
        let words =
            if shell.family == Bash { "gives status 127" } else { "cannot be run any more (status 127)" };
        said(shell, terminal, &format!("bin/recorder {words}"), 1);
        recorder(home, "");
        assert!(mark(terminal, home, "two"), "{}: {}", shell.label(), tail(terminal));
        said(shell, terminal, "recording this shell again", 1);
        check(shell, home, terminal, &["S true one", "E 0", "L 4", "S true two", "E 0"]);
    });
}

#[test]
fn a_recorder_that_hangs_keeps_the_prompt() {
    with_recorder("[ -e ~/hang ] && sleep 1", |shell, home, terminal| {
        mark(terminal, home, "one");
        home.file("hang", "");
        terminal.line("sh -c 'exit 6'");
        std::fs::remove_file(home.path("hang")).expect("the switch");
        assert!(mark(terminal, home, "two"), "{}: {}", shell.label(), tail(terminal));
        check(shell, home, terminal, &["S true one", "E 0", "S sh -c 'exit 6'", "E 6", "S true two", "E 0"]);
    });
}

/// Checks that a text is on the screen this many times.
fn said(shell: &Shell, terminal: &Terminal, text: &str, times: usize) {
    let found = terminal.text().matches(text).count();
    assert_eq!(found, times, "{}: {text}\n{}", shell.label(), tail(terminal));
}

#[test]
fn a_session_open_to_others_is_lost_in_silence() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        mark(&mut terminal, home, "one");
        let session = home.sessions()[0].clone();
        let mode = |mode| std::fs::set_permissions(&session, Permissions::from_mode(mode)).expect("a mode");
        mode(0o777);
        terminal.line("echo two");
        let folder = session.display();
        let cure = format!("{folder}: others may use it (mode 0777); type: chmod go= {folder}");
        said(shell, &terminal, &format!("attesh: not recording this shell: {cure}"), 1);
        for verb in ["status", "sessions", "doctor"] {
            terminal.line(&format!("attesh {verb} >said 2>&1"));
            let text = std::fs::read_to_string(home.path("work/said")).expect("what it said");
            assert!(text.contains(&cure), "{}: {verb}: {text}", shell.label());
            for lie in ["is not recorded", "no sessions"] {
                assert!(!text.contains(lie), "{}: {verb}: {text}", shell.label());
            }
        }
        said(shell, &terminal, "not recording this shell", 1);
        terminal.line(&init_line(shell.family));
        said(shell, &terminal, "not recording this shell", 2);
        mode(0o700);
        assert!(mark(&mut terminal, home, "three"), "{}: {}", shell.label(), tail(&terminal));
        said(shell, &terminal, "attesh: recording this shell again", 1);
        check(shell, home, &terminal, &["S true one", "E 0", "L 10", "S true three", "E 0"]);
    });
}

#[test]
fn a_link_in_the_journals_place_is_followed_or_not_told() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        mark(&mut terminal, home, "one");
        let (journal, away) = (home.sessions()[0].join("journal"), home.path("work/away"));
        let moved = |from, to| {
            std::fs::hard_link(from, to).and_then(|()| std::fs::remove_file(from)).expect("a file elsewhere");
        };
        moved(&journal, &away);
        std::os::unix::fs::symlink(&away, &journal).expect("a link");
        terminal.line("echo two");
        said(shell, &terminal, "journal: a symbolic link is in the way; remove it, and put back", 1);
        std::fs::remove_file(&journal).expect("the link");
        moved(&away, &journal);
        assert!(mark(&mut terminal, home, "three"), "{}: {}", shell.label(), tail(&terminal));
        said(shell, &terminal, "attesh: recording this shell again", 1);
        check(shell, home, &terminal, &["S true one", "E 0", "L 2", "S true three", "E 0"]);
    });
}

#[test]
fn a_limit_on_the_size_of_files_ends_the_shell() {
    // fish ends all by itself: it writes its own history.
    each(&[Bash, Zsh], |shell, home| {
        for blocks in ["0", "1"] {
            let mut terminal = Terminal::start(shell, home, Rc::default());
            mark(&mut terminal, home, &format!("before{blocks}"));
            terminal.line(&format!("ulimit -S -f {blocks}"));
            for line in
                ["echo on", "# a comment", "true | false", ": attesh doctor", "HISTCONTROL=ignoredups"]
            {
                terminal.line(line);
            }
            let long = format!("\x1b[200~true {}\x1b[201~", "x".repeat(40_000));
            terminal.line(&long);
            assert!(
                terminal.text().contains("ulimit -f"),
                "{}: it is not said: {}",
                shell.label(),
                tail(&terminal)
            );
            terminal.line("ulimit -S -f unlimited");
            let name = format!("after{blocks}");
            assert!(mark(&mut terminal, home, &name), "{}: {}", shell.label(), tail(&terminal));
            terminal.raw(b"exit\r");
            assert!(
                terminal.ended().is_some_and(|status| status.success()),
                "{}: {}",
                shell.label(),
                tail(&terminal)
            );
        }
    });
}

#[test]
fn a_held_lock_hides_the_loss() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        mark(&mut terminal, home, "one");
        let session = home.sessions()[0].clone();
        let journal = std::fs::File::open(session.join("journal")).expect("the journal");
        journal.lock().expect("the lock");
        terminal.line("sh -c 'exit 6'");
        drop(journal);
        assert!(mark(&mut terminal, home, "two"), "{}: {}", shell.label(), tail(&terminal));
        check(shell, home, &terminal, &["S true one", "E 0", "L 2", "S true two", "E 0"]);
    });
}

#[test]
fn a_pause_is_recorded_through() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        mark(&mut terminal, home, "one");
        let switch = home.sessions()[0].join("pause-all");
        terminal.line(&format!("echo > {}", switch.display()));
        for command in ["echo secret", "# secret", "false", ""] {
            terminal.line(command);
        }
        press(&mut terminal, home, &[Raw("\x1b[200~echo secret\nfalse\x1b[201~\r")]);
        terminal.line(&format!("rm {}", switch.display()));
        assert!(mark(&mut terminal, home, "two"), "{}: {}", shell.label(), tail(&terminal));
        check(shell, home, &terminal, &["S true one", "E 0", "S echo…", "E 0", "S true two", "E 0"]);
        let numbers: Vec<_> =
            home.records().iter().filter(|rec| rec.kind() == "start").map(|rec| rec.number("n")).collect();
        assert_eq!(numbers, [Some(1), Some(2), Some(3)], "{}: numbers stay contiguous", shell.label());
    });
}

#[test]
fn no_text_is_left_behind_in_the_private_folder() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        let long = format!("\x1b[200~true {}\x1b[201~", "hunter2".repeat(9000));
        terminal.line("true hunter2");
        terminal.line(&long);
        assert!(mark(&mut terminal, home, "one"), "{}: {}", shell.label(), tail(&terminal));
        let mut grep = home.command(std::path::Path::new("/usr/bin/grep"));
        let found = grep.args(["-rl", "hunter2"]).arg(home.runtime()).output().expect("grep");
        assert_eq!(String::from_utf8_lossy(&found.stdout), "", "{}", shell.label());
    });
}
