//! What attesh says of what it was given: it quotes words, names and files, and repeats no secret.

use std::process::Command;

use crate::stage::programs::{attesh, said};
use crate::stage::pty::{ATTESH, Home};

/// A token of the public form, which a rule finds wherever it stands.
const CANARY: &str = "ghp_0123456789abcdefghijABCDEFGHIJ123456";

#[test]
fn a_message_repeats_a_secret() {
    let home = Home::new();
    let policy = format!("version = 1\n[session]\ncomplete = \"{CANARY}\"\n");
    let policy = home.file("p.toml", &policy);
    let policy = policy.to_str().unwrap();
    let named = format!("{CANARY}.toml");
    let rows: [&[&str]; 12] = [
        &["note", &format!("--pasword={CANARY}"), "x"],
        &["note", "--pasword", CANARY, "x"],
        &["status", CANARY],
        &["status", CANARY, CANARY],
        &[CANARY],
        &["seal", CANARY],
        &["start", CANARY],
        &["show", &format!("/nowhere/{CANARY}")],
        &["verify", &named, "--trust", CANARY],
        &["policy", "explain", policy],
        &["policy", "explain", &named],
        &["sh", "--mask", &format!("https://me:{CANARY}@example.com/x"), policy],
    ];
    let mut quoted = 0;
    for row in rows {
        for json in [false, true] {
            let mut words = row.to_vec();
            if json {
                words.insert(1, "--json");
            }
            let said = attesh(&home, &words);
            let all = said.out + &said.err;
            assert!(said.code != Some(0) && !all.is_empty(), "{words:?}: {all}");
            assert!(!all.contains(CANARY), "{words:?}: {all}");
            quoted += usize::from(all.contains('[') && all.contains("token]"));
        }
    }
    assert!(quoted >= 10, "only {quoted} messages quote the word at all");
}

#[test]
fn a_recorder_tells_the_user_a_secret() {
    let home = Home::new();
    for (option, variable) in [(true, ""), (false, CANARY)] {
        let mut command = home.command(std::path::Path::new("bash"));
        let name = if option { format!("--session {CANARY}") } else { String::new() };
        let text = format!("eval \"$({ATTESH} init bash {name})\"; :");
        command.args(["--norc", "-i", "-c", "bash --norc -i", "x"]).env("ATTESH_SESSION", variable);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{text}\nexit\n").as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        // The shell echoes what it reads: those lines are the user's.
        let all = [output.stdout, output.stderr].concat();
        let all = String::from_utf8_lossy(&all).into_owned();
        let told: Vec<&str> = all.lines().filter(|line| line.starts_with("attesh: ")).collect();
        assert!(!told.is_empty(), "{all}");
        assert!(!told.iter().any(|line| line.contains(CANARY)), "{told:?}");
    }
}

/// Played by the next test in a process of its own.
#[test]
#[ignore = "it panics: another test plays it"]
fn a_panic_to_look_at() {
    attesh::report::keep_panics_quiet();
    let _: u32 = CANARY.parse().expect(CANARY);
}

#[test]
fn a_panic_shows_what_it_holds() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let said =
        said(command.args(["--ignored", "--nocapture", "--exact", "leaks::messages::a_panic_to_look_at"]));
    assert_ne!(said.code, Some(0));
    let all = said.out + &said.err;
    assert!(all.contains("a defect of attesh itself at tests/it/leaks/messages.rs:"), "{all}");
    assert!(!all.contains(CANARY), "{all}");
    // The program does so before anything else.
    let main = include_str!("../../../src/main.rs");
    let begin = main.split_once("fn main() -> ExitCode {").unwrap().1;
    assert!(begin.split(';').take(2).any(|line| line.contains("keep_panics_quiet")), "{begin}");
}
