//! What `attesh log` shows beside the commands: each loss where it happened, the shells where
//! there are several, the numbers of records.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use attesh::protocol::{self, Key, Verb};
use serde_json::Value;

use crate::cli::messages::{Shell, fails, ok};
use crate::matrix::{attesh, each, mark, tail};
use crate::stage::programs::said;
use crate::stage::pty::{ATTESH, Home, Rc, Terminal};
use crate::stage::shells::Family::{Bash, Fish, Zsh};
use crate::stage::world::a_bash;

/// A command that a shell started and finished, with a text.
fn command(home: &Home, shell: &Shell, n: u64, text: &str) {
    begin(home, shell, n, text);
    shell.call(home, Verb::Finish, [Key::Number.is(n), Key::Status.is(0), Key::From.is("prompt")]);
}

fn begin(home: &Home, shell: &Shell, n: u64, text: &str) {
    let values = [Key::Number.is(n), Key::Native.is(n), Key::Source.is("typed")];
    let words = protocol::words(Verb::Start, shell.words().iter().cloned().chain(values));
    let mut child = home.command(Path::new(ATTESH)).args(words).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, format!("{text}\n").as_bytes()).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn one_call_that_failed_is_several() {
    for (count, words) in [(1, "1 call that was not"), (2, "2 calls that were not")] {
        let home = Home::new();
        let shell = Shell::open(&home, std::process::id());
        let values = [Key::Number.is(1), Key::Native.is(1), Key::Source.is("none"), Key::Lost.is(count)];
        shell.call(&home, Verb::Start, values);
        let said = ok(&home, &["log", &shell.folder]);
        assert!(said.contains(&format!("shell 1 reports {words} acknowledged")), "{said}");
    }
}

fn json(home: &Home, shell: &Shell) -> Value {
    serde_json::from_str(&ok(home, &["log", &shell.folder, "--json"])).unwrap()
}

/// The rows without their times.
fn rows(text: &str) -> Vec<String> {
    let plain =
        |line: &str| line.split_whitespace().filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ");
    text.lines().map(plain).collect()
}

fn is_time(word: &str) -> bool {
    word.ends_with('Z') && word.contains(':') || word.starts_with("20") && word.matches('-').count() == 2
}

#[test]
fn a_loss_is_not_a_row_where_it_happened() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    command(&home, &shell, 1, "echo one");
    command(&home, &shell, 5, "echo five");
    let text = rows(&ok(&home, &["log", &shell.folder]));
    assert_eq!(text.len(), 3, "{text:?}");
    assert!(text[0].starts_with("1 0 ") && text[2].starts_with("2 0 "), "{text:?}");
    assert_eq!(text[1], "! 3 commands of shell 1 ran unrecorded");
    // What ran there can have failed; a command that succeeded has not.
    assert_eq!(rows(&ok(&home, &["log", &shell.folder, "--failed"])), [text[1].as_str()]);
    assert_eq!(rows(&ok(&home, &["log", &shell.folder, "-n", "1"])), text[1..]);
    let value = json(&home, &shell);
    let lost: Vec<&Value> =
        value["remarks"].as_array().unwrap().iter().filter(|row| row["incomplete"] == true).collect();
    assert_eq!(lost.len(), 1, "{value}");
    assert_eq!((&lost[0]["lost"], &lost[0]["record"], &lost[0]["shell"]), (&3.into(), &4.into(), &1.into()));
    assert_eq!(lost[0]["code"], "gap");
}

#[test]
fn a_number_that_a_verdict_names_is_not_in_the_log() {
    let home = Home::new();
    let mut child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
    let shell = Shell::open(&home, child.id());
    command(&home, &shell, 1, "echo one");
    begin(&home, &shell, 3, "echo three");
    ok(&home, &["note", "--session", &shell.folder, "here"]);
    child.kill().unwrap();
    child.wait().unwrap();
    ok(&home, &["stop", &shell.folder]);
    let verdict = fails(&home, 4, &["verify", "-v", &shell.folder]);
    let number =
        |line: &str| line.split_once("record ")?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    let named: BTreeSet<u64> = verdict.lines().filter_map(number).collect();
    assert!(named.len() >= 2, "{verdict}");
    let text = ok(&home, &["log", "-v", &shell.folder]);
    let first = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    let mut shown = BTreeSet::new();
    for numbers in text.lines().map(first) {
        shown.extend(numbers.split(',').map(|number| number.parse::<u64>().unwrap()));
    }
    let records =
        std::fs::read_to_string(format!("{}/journal", shell.folder)).unwrap().lines().count() as u64;
    assert_eq!(shown, (0..records).collect(), "{text}");
    assert!(named.is_subset(&shown), "{named:?}: {text}");
    let value = json(&home, &shell);
    let rows = |name: &str, member: &str| -> BTreeSet<u64> {
        value[name].as_array().unwrap().iter().filter_map(|row| row[member].as_u64()).collect()
    };
    let all = &(&rows("commands", "record") | &rows("commands", "finishRecord")) | &rows("remarks", "record");
    assert_eq!(all, (0..records).collect());
    // Without -v: the loss, and the shell that never closed.
    let text = ok(&home, &["log", &shell.folder]);
    let told: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with('!')).collect();
    assert!(told.len() == 2 && told[1].contains("shell 1 never closed"), "{text}");
}

#[test]
fn the_rows_of_two_shells_look_alike() {
    let home = Home::new();
    let one = Shell::open(&home, std::process::id());
    command(&home, &one, 1, "echo one");
    assert!(!ok(&home, &["log", &one.folder]).contains("[1]"), "one shell needs no column");
    let mut child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
    let open = a_bash(child.id()).into_iter().chain([Key::Exported.is(&one.folder)]);
    let answer = ok(&home, &protocol::words(Verb::Open, open));
    let index = answer.lines().nth(2).unwrap().to_owned();
    let words = [one.words()[0].clone(), one.words()[1].clone(), Key::Shell.is(&index)];
    let start = [Key::Number.is(1), Key::Native.is(1), Key::Source.is("none")];
    ok(&home, &protocol::words(Verb::Start, words.into_iter().chain(start)));
    let text = rows(&ok(&home, &["log", &one.folder]));
    assert!(text[0].starts_with("1 [1] ") && text[1].starts_with(&format!("2 [{index}] ")), "{text:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_note_stands_twice() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    let here = |words: &[&str]| {
        let said = said(home.command(Path::new(ATTESH)).env("ATTESH_SESSION", &shell.folder).args(words));
        assert_eq!(said.code, Some(0), "{}", said.err);
    };
    begin(&home, &shell, 1, "attesh note 'begin of it'");
    here(&["note", "begin of it"]);
    shell.call(&home, Verb::Finish, [Key::Number.is(1), Key::Status.is(0), Key::From.is("prompt")]);
    begin(&home, &shell, 2, "attesh note < plan");
    here(&["note", "what the plan says"]);
    let text = ok(&home, &["log", &shell.folder]);
    assert_eq!(text.matches("begin of it").count(), 1, "{text}");
    assert!(text.contains("note: what the plan says"), "{text}");
    let value = json(&home, &shell);
    let notes = value["remarks"].as_array().unwrap().iter();
    assert_eq!(notes.filter(|row| row["text"].as_str().unwrap().starts_with("note: ")).count(), 2);
}

#[test]
fn the_folder_of_a_command_is_missing_without_a_word() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    let gone = home.path("work/gone");
    std::fs::create_dir(&gone).unwrap();
    let values = [Key::Number.is(1), Key::Native.is(1), Key::Source.is("none")];
    let words = protocol::words(Verb::Start, shell.words().iter().cloned().chain(values));
    let script = "rmdir ../gone && exec attesh \"$@\"";
    let mut bash = home.command(Path::new("/bin/bash"));
    assert!(bash.args(["-c", script, "bash"]).args(words).current_dir(&gone).status().unwrap().success());
    assert!(ok(&home, &["log", &shell.folder]).contains("  (removed)  "));
}

#[test]
fn a_disk_that_was_full_for_three_commands_leaves_no_trace_in_the_log() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        mark(&mut terminal, home, "one");
        let session = home.sessions()[0].clone();
        let mode = |mode| std::fs::set_permissions(&session, Permissions::from_mode(mode)).expect("a mode");
        mode(0o777);
        for line in ["false a", "false b", "false c"] {
            terminal.line(line);
        }
        mode(0o700);
        assert!(mark(&mut terminal, home, "two"), "{}: {}", shell.label(), tail(&terminal));
        let (code, text) = attesh(home, &["log", &session.display().to_string()]);
        assert_eq!(code, Some(0), "{text}");
        let rows = rows(&text);
        let at = rows.iter().position(|row| row.starts_with('!')).unwrap_or_else(|| panic!("{text}"));
        assert!(rows[at].contains("3 commands of shell 1 ran unrecorded"), "{}: {text}", shell.label());
        assert!(rows[at + 1].ends_with("true two"), "{}: {text}", shell.label());
        assert!(rows[..at].iter().any(|row| row.ends_with("true one")), "{}: {text}", shell.label());
    });
}
