//! A session's life as a person lives it: everything typed into the real shells, and the
//! program's own verdict on each journal at the end.

use super::{Raw, attesh, each, press, same, tail};
use crate::stage::pty::{Home, Rc, Terminal, init_line};
use crate::stage::records;
use crate::stage::shells::Family::{self, Bash, Fish, Zsh};
use crate::stage::shells::Shell;
use std::io::Write;
use std::path::{Path, PathBuf};

const ALL: [Family; 3] = [Bash, Zsh, Fish];

/// Exit code and words of `attesh` with these arguments, outside the shell.
/// Every session of the home is whole and complete.
fn all_complete(shell: &Shell, home: &Home, terminal: &Terminal) {
    for session in home.sessions() {
        let (code, words) = attesh(home, &["verify", &session.display().to_string()]);
        let lines: Vec<_> = records::records(&session).iter().filter_map(records::Rec::line).collect();
        assert_eq!(code, Some(0), "{}: {words}\n{lines:?}\n{}", shell.label(), tail(terminal));
    }
}

/// The short lines of each session, without what opens it.
fn stories(home: &Home) -> Vec<Vec<String>> {
    let lines = |session: &PathBuf| records::records(session).iter().filter_map(records::Rec::line).collect();
    home.sessions().iter().map(lines).collect()
}

/// Types `exit` and waits until the shell is gone.
fn leave(terminal: &mut Terminal) {
    terminal.raw(b"exit\r");
    assert!(terminal.ended().is_some(), "it does not end: {}", tail(terminal));
}

/// What one line leaves: the finish of a typed `exit` is the shell's own in fish.
fn exit_lines(shell: &Shell, status: u8) -> Vec<String> {
    let from = if shell.family == Fish { "" } else { " exit" };
    vec!["S exit".into(), format!("E {status}{from}"), format!("X exit {status}"), "END".into()]
}

fn expect(shell: &Shell, found: &[String], expected: &[&str], terminal: &Terminal) {
    assert!(
        same(found, expected),
        "{}:\n   expected {expected:?}\n   recorded {found:?}\n{}",
        shell.label(),
        tail(terminal)
    );
}

fn key(home: &Home) -> String {
    let file = home.path("key").display().to_string();
    let (code, words) = attesh(home, &["key", "generate", "-o", &file, "--no-passphrase"]);
    assert_eq!(code, Some(0), "{words}");
    file
}

/// The genesis of a session: why it follows another, and which.
fn follows(session: &Path) -> (String, String) {
    let records = records::records(session);
    let prev = &records[0].core["prev"];
    let word = |name: &str| prev[name].as_str().unwrap_or_default().to_owned();
    (word("why"), word("session"))
}

#[test]
fn a_simple_session_is_incomplete() {
    for typed in [true, false] {
        for by_exit in [true, false] {
            each(&ALL, |shell, home| {
                let mut terminal = Terminal::start(shell, home, Rc { bare: typed, ..Rc::default() });
                if typed {
                    terminal.line(&init_line(shell.family));
                }
                terminal.line("echo hi");
                terminal.line("false");
                press(&mut terminal, home, &[Raw(if by_exit { "exit\r" } else { "\x04" })]);
                assert!(terminal.ended().is_some(), "{}: {}", shell.label(), tail(&terminal));
                let stories = stories(home);
                let begun = ["S echo hi", "E 0", "S false", "E 1"];
                let story = &stories[0];
                assert_eq!(stories.len(), 1, "{}", shell.label());
                assert!(same(&story[1..5], &begun), "{}: {story:?}", shell.label());
                if by_exit {
                    assert_eq!(story[5..], exit_lines(shell, 1), "{}", shell.label());
                } else {
                    assert!(story[5].starts_with("X eof"), "{}: {story:?}", shell.label());
                }
                all_complete(shell, home, &terminal);
                nothing_stays(shell, home);
            });
        }
    }
}

/// No file of a hook outlives its shell.
fn nothing_stays(shell: &Shell, home: &Home) {
    let left: Vec<_> = std::fs::read_dir(home.runtime().join("attesh"))
        .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
        .unwrap_or_default();
    let ours = |name: &&std::ffi::OsString| {
        ["text", "facts", "zsh"].iter().any(|word| name.to_string_lossy().starts_with(word))
    };
    let left: Vec<_> = left.iter().filter(ours).collect();
    assert!(left.is_empty(), "{}: {left:?}", shell.label());
}

#[test]
fn a_shell_that_was_killed_leaves_its_files() {
    each(&[Bash], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("echo one");
        home_file(home, "text-4194999");
        home_file(home, "facts-4194999");
        drop(terminal);
        let mut terminal = Terminal::start(shell, home, Rc::default());
        leave(&mut terminal);
        nothing_stays(shell, home);
    });
}

/// A file in the hooks' private folder, of a process that there cannot be.
fn home_file(home: &Home, name: &str) {
    let path = home.runtime().join("attesh").join(name);
    let file = std::fs::OpenOptions::new().create_new(true).write(true).open(path);
    file.expect("a file in the private folder");
}

/// A session ended from within by a command; the shell goes on in the next one.
fn ended_from_within(why: &str, command: impl Fn(&Home) -> String) {
    each(&ALL, |shell, home| {
        let command = command(home);
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("echo before");
        terminal.line(&command);
        terminal.line("echo after");
        leave(&mut terminal);
        let sessions = home.sessions();
        assert_eq!(sessions.len(), 2, "{}: {}", shell.label(), tail(&terminal));
        let (found, start) = (stories(home), format!("S {command}"));
        let first = ["O…", "S echo before", "E 0", &start, "E unknown", &format!("X {why}"), "END"];
        expect(shell, &found[0], &first, &terminal);
        expect(shell, &found[1][..3], &["O…", "S echo after", "E 0"], &terminal);
        assert_eq!(found[1][3..], exit_lines(shell, 0), "{}", shell.label());
        let (reason, before) = follows(&sessions[1]);
        assert_eq!(reason, why);
        assert!(sessions[0].ends_with(before), "{}: the session before is not named", shell.label());
        let next = std::fs::read_to_string(sessions[0].join("next")).expect("a file next");
        assert!(next.contains(&sessions[1].display().to_string()), "{next}");
        all_complete(shell, home, &terminal);
    });
}

#[test]
fn seal_typed_in_a_shell_ends_its_recording() {
    ended_from_within("sealed", |home| format!("attesh seal --key {}", key(home)));
}

#[test]
fn stop_typed_in_a_shell_ends_its_recording() {
    ended_from_within("stopped", |_| "attesh stop".to_owned());
}

#[test]
fn a_named_session_is_sealed_under_the_others() {
    each(&ALL, |shell, home| {
        let key = key(home);
        let (code, words) = attesh(home, &["start", "work"]);
        assert_eq!(code, Some(0), "{words}");
        let bare = Rc { bare: true, ..Rc::default() };
        let init = init_line(shell.family)
            .replace(shell.family.name(), &format!("{} --session work", shell.family.name()));
        let mut one = Terminal::start(shell, home, bare);
        one.line(&init);
        one.line("echo one");
        let mut two = Terminal::start(shell, home, bare);
        two.line(&init);
        two.line("echo two");
        let status = if shell.family == Fish { "$status" } else { "$?" };
        one.line(&format!("attesh seal --key {key}; echo code:{status}"));
        assert!(one.text().contains("code:2"), "{}: it sealed under another: {}", shell.label(), tail(&one));
        one.line(&format!("attesh seal --close-others --key {key}"));
        two.line("echo last");
        let said = "what this shell ran in between is in neither";
        assert!(two.text().replace(['\r', '\n'], "").contains(said), "{}: {}", shell.label(), tail(&two));
        two.line("echo moved");
        one.line("echo on");
        leave(&mut one);
        leave(&mut two);
        let found = stories(home);
        assert_eq!(found.len(), 2, "{}: {found:?}\n{}", shell.label(), tail(&two));
        for line in ["S echo one", "S echo two"] {
            assert!(found[0].contains(&line.to_owned()), "{}: {found:?}", shell.label());
        }
        for line in ["S echo moved", "S echo on"] {
            assert!(found[1].contains(&line.to_owned()), "{}: {found:?}", shell.label());
        }
        all_complete(shell, home, &one);
    });
}

#[test]
fn a_pause_leaves_an_undeclared_gap() {
    each(&ALL, |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        for line in ["echo a", "attesh pause", "echo hidden", "false", "attesh resume", "", "echo b"] {
            if line.is_empty() {
                press(&mut terminal, home, &[Raw("\r")]);
            } else {
                terminal.line(line);
            }
        }
        let text = terminal.text();
        assert!(!text.contains("not recording") && !text.contains("again"), "{}: {text}", shell.label());
        leave(&mut terminal);
        let mut expected =
            vec!["O…", "S echo a", "E 0", "S attesh pause", "P", "E 0", "R", "S echo b", "E 0"];
        let exit = exit_lines(shell, 0);
        expected.extend(exit.iter().map(String::as_str));
        expect(shell, &home.lines(), &expected, &terminal);
        let session = home.sessions()[0].display().to_string();
        let (code, words) = attesh(home, &["verify", &session]);
        assert_eq!(code, Some(0), "{}: {words}", shell.label());
        let told = "complete, with one declared pause: 2 commands not recorded";
        assert!(words.contains(told), "{}: {words}", shell.label());
    });
}

/// The line that joins a session by name.
fn init_named(shell: &Shell, name: &str) -> String {
    let family = shell.family.name();
    init_line(shell.family).replace(family, &format!("{family} --session {name}"))
}

#[test]
fn a_recorded_shell_ignores_the_session_that_is_named_to_it() {
    each(&ALL, |shell, home| {
        assert_eq!(attesh(home, &["start", "work"]).0, Some(0));
        let mut terminal = Terminal::start(shell, home, Rc::default());
        let (nowhere, work) = (init_named(shell, "nowhere"), init_named(shell, "work"));
        for line in ["echo a", &nowhere, &init_line(shell.family), "echo b", &work, "echo c", &work] {
            terminal.line(line);
        }
        // The session that it was in has ended; a pause of this one does not matter.
        terminal.line("attesh stop; attesh sessions");
        leave(&mut terminal);
        let found = stories(home);
        let family = shell.family.name();
        let named =
            home.sessions().iter().position(|session| records::records(session)[0].core["name"] == "work");
        let (work_lines, first) = match named.expect("the session work") {
            0 => (&found[0], &found[1]),
            _ => (&found[1], &found[0]),
        };
        let open = format!("O {family}");
        let starts = |lines: &[String]| -> Vec<String> {
            lines.iter().filter(|line| !line.starts_with('E') || *line == "END").cloned().collect()
        };
        let (line_nowhere, line_work) = (format!("S {nowhere}"), format!("S {work}"));
        let line_init = format!("S {}", init_line(shell.family));
        let expected =
            [&open, "S echo a", &line_nowhere, &line_init, "S echo b", &line_work, "X moved", "END"];
        expect(shell, &starts(first), &expected, &terminal);
        let expected = [&open, "S echo c", &line_work, "S attesh stop; attesh sessions", "X stopped", "END"];
        expect(shell, &starts(work_lines), &expected, &terminal);
        let text = terminal.text();
        for (said, times) in
            [("recorded in session work", 1), ("stays in session", 1), ("no session is called nowhere", 1)]
        {
            assert_eq!(text.matches(said).count(), times, "{}: {said}: {}", shell.label(), tail(&terminal));
        }
        all_complete(shell, home, &terminal);
    });
}

#[test]
fn a_session_named_in_a_second_line_of_the_rc_file_is_incomplete() {
    each(&ALL, |shell, home| {
        assert_eq!(attesh(home, &["start", "work"]).0, Some(0));
        let work = init_named(shell, "work");
        let mut terminal = Terminal::start(shell, home, Rc { after: &work, ..Rc::default() });
        for line in ["echo a", "echo b", "attesh stop"] {
            terminal.line(line);
        }
        leave(&mut terminal);
        let starts: Vec<_> = home.lines().into_iter().filter(|line| line.starts_with("S echo")).collect();
        assert_eq!(starts, ["S echo a", "S echo b"], "{}: {}", shell.label(), tail(&terminal));
        all_complete(shell, home, &terminal);
    });
}

#[test]
fn a_pause_that_lasts_to_the_seal_is_said_to_hide_nothing() {
    each(&ALL, |shell, home| {
        let key = key(home);
        let mut terminal = Terminal::start(shell, home, Rc::default());
        for line in ["echo a", "attesh pause", "echo hidden", "echo hidden too"] {
            terminal.line(line);
        }
        terminal.line(&format!("attesh seal --key {key} -o ~/sealed.json"));
        leave(&mut terminal);
        let sealed = home.path("sealed.json").display().to_string();
        let (code, words) = attesh(home, &["verify", "--key", &format!("{key}.pub"), &sealed]);
        assert_eq!(code, Some(0), "{}: {words}\n{}", shell.label(), tail(&terminal));
        let told = "with one declared pause: an unknown number of commands not recorded";
        assert!(words.contains(told), "{}: {words}", shell.label());
    });
}

#[test]
fn a_journal_changed_under_the_shell_goes_on() {
    each(&ALL, |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("echo one");
        let file = home.sessions()[0].join("journal");
        let journal = std::fs::OpenOptions::new().append(true).open(&file);
        journal.and_then(|mut journal| journal.write_all(b"x\n")).expect("a line more");
        goes_on(shell, home, &mut terminal, "tampered");
    });
}

#[test]
fn a_state_that_vanished_stops_the_recording() {
    each(&ALL, |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("echo one");
        let states = std::fs::read_dir(home.runtime().join("attesh")).expect("the private folder");
        for entry in
            states.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "state"))
        {
            std::fs::remove_file(entry.path()).expect("the state");
        }
        goes_on(shell, home, &mut terminal, "lost");
    });
}

/// The shell says once that its session cannot go on, and is recorded in another.
fn goes_on(shell: &Shell, home: &Home, terminal: &mut Terminal, why: &str) {
    for line in ["echo two", "echo three", "echo four"] {
        terminal.line(line);
    }
    leave(terminal);
    let sessions = home.sessions();
    assert_eq!(sessions.len(), 2, "{}: {}", shell.label(), tail(terminal));
    assert_eq!(follows(&sessions[1]).0, why, "{}", shell.label());
    let said = terminal.text().matches("cannot go on: ").count();
    assert!((1..=2).contains(&said), "{}: said {said} times: {}", shell.label(), tail(terminal));
    assert_eq!(
        terminal.text().matches("attesh: session").count(),
        1,
        "{}: {}",
        shell.label(),
        tail(terminal)
    );
    let found: Vec<_> = records::records(&sessions[1]).iter().filter_map(records::Rec::line).collect();
    for line in ["S echo three", "S echo four"] {
        assert!(found.contains(&line.to_owned()), "{}: {found:?}", shell.label());
    }
    let (code, words) = attesh(home, &["verify", &sessions[1].display().to_string()]);
    assert_eq!(code, Some(0), "{}: {words}", shell.label());
    let (code, words) = attesh(home, &["verify", &sessions[0].display().to_string()]);
    assert_eq!(code, Some(if why == "tampered" { 3 } else { 4 }), "{}: {words}", shell.label());
}

#[test]
fn a_replaced_shell_makes_the_session_incomplete() {
    each(&ALL, |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        let rcfile = if shell.family == Bash { "--rcfile ~/.bashrc " } else { "" };
        terminal.line(&format!("exec {} {rcfile}-i", shell.program.display()));
        terminal.line("echo again");
        leave(&mut terminal);
        assert!(home.lines().contains(&"X replaced".to_owned()), "{}", shell.label());
        all_complete(shell, home, &terminal);
    });
}

/// What `attesh doctor` said, and its exit code, typed after some lines.
fn doctor(shell: &Shell, home: &Home, rc: Rc, before: &[&str]) -> String {
    let mut terminal = Terminal::start(shell, home, rc);
    for line in before {
        terminal.line(line);
    }
    let from = terminal.text().len();
    let status = if shell.family == Fish { "$status" } else { "$?" };
    terminal.line(&format!("attesh doctor >~/doctor; echo code:{status} >>~/doctor"));
    terminal.wait(|_| std::fs::read_to_string(home.path("doctor")).is_ok_and(|text| text.contains("code:")));
    let said = std::fs::read_to_string(home.path("doctor")).unwrap_or_default();
    format!("{}{said}\n{}", shell.label(), &terminal.text()[from..])
}

#[test]
fn doctor_finds_a_sound_shell_degraded() {
    each(&ALL, |shell, home| {
        let said = doctor(shell, home, Rc::default(), &["echo hi"]);
        assert!(said.contains("code:0") && said.contains("in place"), "{said}");
    });
    // Where the shell keeps every line to itself the hook still hears its name.
    each(&[Zsh, Fish], |shell, home| {
        let typed = init_line(shell.family);
        let hides = if shell.family == Fish { "set -g fish_history ''" } else { "HISTSIZE=0" };
        let rc = Rc { bare: true, ..Rc::default() };
        let said = doctor(shell, home, rc, &[hides, &typed]);
        assert!(said.contains("code:0") && said.contains("in place"), "{said}");
        let named = if shell.family == Fish { "fish_history" } else { "HISTSIZE=1" };
        assert!(said.contains(named), "{said}");
    });
}

#[test]
fn doctor_calls_a_paused_shell_degraded_or_forgets_what_fish_hides() {
    each(&ALL, |shell, home| {
        let said = doctor(shell, home, Rc::default(), &["attesh pause", "echo hidden"]);
        assert!(said.contains("code:0") && said.contains("paused"), "{said}");
        assert!(!said.contains("degraded"), "{said}");
    });
    each(&[Fish], |shell, home| {
        let said = doctor(shell, home, Rc::default(), &[]);
        assert!(said.contains("lines that begin with a blank\n"), "{said}");
        let said = doctor(shell, home, Rc::default(), &["set -g fish_history ''"]);
        assert!(said.contains("code:0") && said.contains("fish_history"), "{said}");
    });
}

#[test]
fn doctor_takes_a_shell_without_hooks_for_sound() {
    each(&[Bash], |shell, home| {
        let said = doctor(shell, home, Rc::default(), &["PROMPT_COMMAND=( 'PS0=' )"]);
        assert!(said.contains("code:1") && said.contains("degraded"), "{said}");
    });
    each(&[Bash], |shell, home| {
        let said = doctor(shell, home, Rc::default(), &["shopt -u promptvars"]);
        assert!(said.contains("code:1") && said.contains("degraded"), "{said}");
    });
}

#[test]
fn doctor_names_a_zshaddhistory_function_that_hides_nothing() {
    each(&[Zsh], |shell, home| {
        let open = "zshaddhistory() { seen=$1 }; ATTESH_ZSHADDHISTORY=keeps";
        let said = doctor(shell, home, Rc { after: open, ..Rc::default() }, &[]);
        assert!(said.contains("code:0") && !said.contains("zshaddhistory (zshaddhistory decides"), "{said}");
        let said = doctor(shell, home, Rc::default(), &["zshaddhistory() { [[ $1 != *secret* ]] }"]);
        assert!(said.contains("code:0") && said.contains("zshaddhistory (zshaddhistory decides"), "{said}");
    });
}

#[test]
fn a_text_that_history_hides_is_taken_from_a_pasted_error() {
    each(&[Bash], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("HISTCONTROL=ignoreboth");
        terminal.line("sh -c 'exit 2'");
        terminal.line("echo plain");
        terminal.line("sh -c 'exit 2'");
        press(&mut terminal, home, &[Raw("\x1b[200~fi\n echo hidden\n\x1b[201~\r")]);
        terminal.line("echo after");
        leave(&mut terminal);
        let found = home.lines();
        let expected = [
            "O bash",
            "S HISTCONTROL=ignoreboth",
            "E 0",
            "N configuration HISTCONTROL=ignoreboth HISTIGNORE= history=on",
            "S sh -c 'exit 2'",
            "E 2",
            "S echo plain",
            "E 0",
            "S sh -c 'exit 2'",
            "E 2",
            "S withheld",
            "E 0",
            "S echo after",
            "E 0",
            "S exit",
            "E 0 exit",
            "X exit 0",
            "END",
        ];
        expect(shell, &found, &expected, &terminal);
    });
}

#[test]
fn a_passphrase_that_is_typed_again_is_recorded() {
    each(&ALL, |shell, home| {
        home.file("work/words", "right\n");
        let made = attesh(home, &["key", "generate", "-o", "key", "--passphrase-file", "words"]);
        assert_eq!(made.0, Some(0), "{}", made.1);
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("echo a");
        for (typed, asked) in [
            ("attesh seal --key key -o ~/sealed.json", "Passphrase for key: "),
            ("wrong-one", "This one does not open it; once more. Passphrase for key: "),
            ("wrong-two", ""),
        ] {
            let from = terminal.text().len();
            terminal.raw(format!("{typed}\r").as_bytes());
            let comes = |terminal: &Terminal| terminal.text()[from..].contains(asked);
            assert!(terminal.wait(comes), "{}: {}", shell.label(), tail(&terminal));
            terminal.rest(100);
        }
        terminal.line("right");
        terminal.line("echo b");
        leave(&mut terminal);
        let lines = home.lines();
        assert!(home.path("sealed.json").exists(), "{}: {}", shell.label(), tail(&terminal));
        assert!(lines.contains(&"S echo b".to_owned()), "{}: {lines:?}", shell.label());
        for word in ["wrong-one", "wrong-two", "right"] {
            assert!(!lines.iter().any(|line| line.contains(word)), "{}: {lines:?}", shell.label());
        }
    });
}
