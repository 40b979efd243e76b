//! A script that is killed, fails, gets signals or runs in a bash that cannot be heard: what
//! is sealed of it says so, and holds all that ran.

use std::path::Path;
use std::process::{Child, Output};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::run::script::Place;
use crate::stage::pty::ATTESH;

const LOOKS_MAX: u32 = 2_000;

/// Waits until the script has made a file, and gives back what is in it.
fn made(place: &Place, name: &str) -> String {
    for _ in 0..LOOKS_MAX {
        if let Ok(text) = std::fs::read_to_string(place.folder.path().join(name))
            && text.ends_with('\n')
        {
            return text.trim().to_owned();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the script did not make {name}");
}

/// An exit code, and what was printed.
type Said = (Option<i32>, String);

fn started(place: &Place) -> Child {
    place.command(ATTESH, &["sh", "script.sh"]).spawn().unwrap()
}

/// A script that its traps tell of.
fn told(place: &Place) -> Child {
    place.command(ATTESH, &["sh", "script.sh"]).env("ATTESH_EVIDENCE", "traps").spawn().unwrap()
}

fn send(pid: &str, signal: Signal) {
    kill(Pid::from_raw(pid.parse().unwrap()), signal).unwrap();
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// What seal, verify and show say of the place's session, and the exit codes of the first two.
fn sealed(place: &Place) -> (Said, Said, String) {
    let key = place.key();
    let session = place.session();
    let seal = place.attesh(&["seal", session.to_str().unwrap(), "--key", &key, "-o", "s.intoto.json"]);
    let verify = place.attesh(&["verify", "s.intoto.json", "--trust", &format!("{key}.pub")]);
    let show = text(&place.attesh(&["show", "s.intoto.json"]));
    ((seal.status.code(), text(&seal)), (verify.status.code(), text(&verify)), show)
}

/// A script that went on to its end when its recorder had been killed.
fn abandoned() -> Place {
    let place = Place::new("echo one\necho $$ > pid; read -r x < go\necho two > two\n");
    nix::unistd::mkfifo(&place.folder.path().join("go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut child = told(&place);
    let _ = made(&place, "pid");
    child.kill().unwrap();
    child.wait().unwrap();
    place.write("go", "\n");
    assert_eq!(made(&place, "two"), "two");
    place
}

/// It sealed, it is incomplete, and it holds these commands and no others.
fn assert_incomplete(place: &Place, ran: &[&str], never: &str) {
    let (seal, verify, show) = sealed(place);
    assert!(seal.0 == Some(0) && seal.1.contains("incomplete"), "{seal:?}");
    assert_eq!(verify.0, Some(4), "{}", verify.1);
    for command in ran {
        assert!(show.contains(command), "{command} is not in\n{show}");
    }
    assert!(!show.contains(&format!("0  {never}")), "{show}");
}

#[test]
fn a_killed_bash_leaves_a_complete_record_or_none() {
    let place = Place::new("echo one\necho $$ > pid; sleep 20\necho never\n");
    let mut child = started(&place);
    send(&made(&place, "pid"), Signal::SIGKILL);
    child.wait().unwrap();
    assert_incomplete(&place, &["echo one", "sleep 20"], "echo never");
}

#[test]
fn a_killed_recorder_ends_the_script_or_leaves_a_complete_record() {
    let place = abandoned();
    assert_incomplete(&place, &["echo one", "read -r x"], "echo two > two");
}

#[test]
fn a_failing_script_leaves_nothing_or_a_good_record() {
    let place = Place::new("echo one\nsh -c 'exit 7'\necho never\n");
    let ran = place.attesh(&["sh", "-e", "script.sh"]);
    assert_eq!(ran.status.code(), Some(7));
    let (seal, verify, show) = sealed(&place);
    assert_eq!((seal.0, verify.0), (Some(0), Some(0)), "{} {}", seal.1, verify.1);
    assert!(show.contains("sh -c 'exit 7'") && show.contains("not reached"), "{show}");
    // With its close the shell tells how many commands it ran: a start that is lost leaves a gap.
    let journal = std::fs::read_to_string(place.session().join("journal")).unwrap();
    let close = journal.lines().find(|line| line.contains("shell-close")).unwrap();
    assert!(close.contains("\"native\":2,"), "{close}");
    let predicate = place.predicate();
    assert_eq!(predicate["commands"][1]["exitCode"], 7);
    assert_eq!(predicate["session"]["shells"][0]["exitCode"], 7);
    let policy = place.attesh(&["policy", "from-script", "script.sh", "-o", "policy.toml"]);
    assert!(policy.status.success(), "{}", text(&policy));
    let key = place.home.path().join("key.pub");
    let words = ["verify", "s.intoto.json", "--trust", key.to_str().unwrap(), "--policy", "policy.toml"];
    let judged = place.attesh(&words);
    assert!(judged.status.code() == Some(1) && text(&judged).contains("line 2"), "{}", text(&judged));
}

/// Runs attesh; the script that it runs finds it, too.
fn with_attesh(place: &Place, words: &[&str], evidence: &str) -> Output {
    let path = format!("{}:/usr/bin:/bin", Path::new(ATTESH).parent().unwrap().display());
    place.command(ATTESH, words).env("PATH", path).env("ATTESH_EVIDENCE", evidence).output().unwrap()
}

/// Seals the script under the name `s` and gives back the exit code of the verdict, what verify
/// and show say, and what was said meanwhile.
fn sealed_by_itself(place: &Place, script: &str, evidence: &str, more: &[&str]) -> (Said, Said, String) {
    let key = place.key();
    let words = [&["sh", "--seal", "s.intoto.json", "--force", "--key", &key], more, &[script]].concat();
    let ran = with_attesh(place, &words, evidence);
    let verify = place.attesh(&["verify", "-v", "s.intoto.json", "--trust", &format!("{key}.pub")]);
    let show = text(&place.attesh(&["show", "s.intoto.json"]));
    ((ran.status.code(), text(&ran)), (verify.status.code(), text(&verify)), show)
}

fn rows(text: &str) -> Vec<&str> {
    text.lines().skip_while(|line| !line.starts_with("script ")).skip(1).map(str::trim_start).collect()
}

#[test]
fn a_line_behind_the_end_of_the_session_is_said_not_to_have_run() {
    let place = Place::new("echo a\nattesh stop --close-others\necho b\necho c\n");
    let key = place.key();
    let seal =
        format!("echo a\nattesh seal --close-others --key {key} --force -o in.intoto.json\necho b\necho c\n");
    place.write("seal.sh", &seal);
    for script in ["script.sh", "seal.sh"] {
        for evidence in ["reader", "traps"] {
            let home = place.home.path().join(".local/state/attesh/sessions");
            let before = std::fs::read_dir(&home).map_or(0, Iterator::count);
            let ran = with_attesh(&place, &["sh", "--strict", script], evidence);
            let said = text(&ran);
            assert_eq!(ran.status.code(), Some(125), "{said}");
            for part in ["b\nc\n", "a script still runs", "2 commands of this script ran unrecorded"] {
                assert!(said.contains(part), "{part}: {said}");
            }
            assert!(!said.contains("recording goes on"), "{said}");
            // No session is left that nothing is recorded in.
            assert_eq!(std::fs::read_dir(&home).unwrap().count(), before + 1, "{said}");
        }
        let (ran, verify, show) = sealed_by_itself(&place, script, "reader", &[]);
        assert!(ran.0 == Some(0) && ran.1.contains("incomplete"), "{}", ran.1);
        assert_eq!(verify.0, Some(4), "{}", verify.1);
        let rows = rows(&show);
        assert!(rows[0].starts_with("0") && rows[1].starts_with("s"), "{show}");
        assert!(rows[2..].iter().all(|row| row.starts_with("not seen")) && rows.len() == 4, "{show}");
        let policy = place.attesh(&["policy", "from-script", script, "--force", "-o", "policy.toml"]);
        assert!(policy.status.success(), "{}", text(&policy));
        let words =
            ["verify", "-v", "s.intoto.json", "--trust", &format!("{key}.pub"), "--policy", "policy.toml"];
        let judged = text(&place.attesh(&words));
        assert!(judged.contains("line 3 `echo b` was not seen to run"), "{judged}");
        assert!(!judged.contains("did not run") && !judged.contains("changed while"), "{judged}");
    }
}

#[test]
fn a_script_ends_its_own_session_unasked() {
    let place = Place::new("echo a\nattesh stop || echo refused: $?\necho b\n");
    let (ran, verify, show) = sealed_by_itself(&place, "script.sh", "reader", &["--strict"]);
    assert!(ran.0 == Some(0) && ran.1.contains("refused: 2\nb\n"), "{}", ran.1);
    assert!(ran.1.contains("end the session behind it, or add --close-others"), "{}", ran.1);
    assert_eq!(verify.0, Some(0), "{}", verify.1);
    assert!(rows(&show).iter().all(|row| row.starts_with("0")), "{show}");
}

#[test]
fn a_journal_that_stops_tells_what_did_not_run() {
    let place = Place::new("echo a\necho $$ > pid; read -r x < go\necho b\necho c\n");
    nix::unistd::mkfifo(&place.folder.path().join("go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut child = started(&place);
    let _ = made(&place, "pid");
    let session = place.session();
    let live = text(&place.attesh(&["log", session.to_str().unwrap()]));
    place.write("go", "\n");
    assert!(child.wait().unwrap().success());
    let read = std::fs::read_to_string(session.join("journal")).unwrap();
    let whole = text(&place.attesh(&["show", session.join("journal").to_str().unwrap()]));
    assert!(rows(&whole).iter().take(4).all(|row| row.starts_with("0")), "{whole}");
    let lines: Vec<&str> = read.split_inclusive('\n').collect();
    // The second unit has started, and the record of its end is gone or another.
    let cut = lines[..6].concat();
    let changed = [&lines[..6].concat(), &lines[6].replacen("\"i\":6", "\"i\":7", 1), &lines[7..].concat()]
        .map(String::as_str)
        .concat();
    assert_ne!(changed, read);
    for (name, journal, last) in [
        ("cut", cut, "shell 1 was open where the journal stops"),
        ("changed", changed, "shell 1 is not known from record 6 on"),
    ] {
        place.write(name, &journal);
        let said = text(&place.attesh(&["show", name]));
        let rows = rows(&said);
        assert!(rows[2].starts_with("not seen") && rows[3].starts_with("not seen"), "{said}");
        assert!(said.contains(last) && !said.contains("never"), "{said}");
    }
    let rows = rows(&live);
    assert!(rows[2].starts_with("not seen") && rows[3].starts_with("not seen"), "{live}");
}

#[test]
fn a_file_that_nobody_changed_is_said_to_be_changed() {
    let place = abandoned();
    let _ = place.predicate();
    let policy = place.attesh(&["policy", "from-script", "script.sh", "-o", "policy.toml"]);
    assert!(policy.status.success(), "{}", text(&policy));
    let public = format!("{}.pub", place.key());
    let words = ["verify", "-v", "sealed.intoto.json", "--trust", &public, "--policy", "policy.toml"];
    let judged = text(&place.attesh(&words));
    assert!(judged.contains("the script has no end") && !judged.contains("changed"), "{judged}");
}

#[test]
fn a_script_that_could_not_be_read_is_verified() {
    for (script, status, why) in
        [("none.sh", 127, "no such file or folder"), ("folder", 126, "folder: a folder")]
    {
        for evidence in ["reader", "traps"] {
            let place = Place::new("echo a\n");
            std::fs::create_dir(place.folder.path().join("folder")).unwrap();
            let (ran, verify, show) = sealed_by_itself(&place, script, evidence, &[]);
            assert_eq!(ran.0, Some(status), "{evidence}: {}", ran.1);
            assert!(ran.1.contains(&format!("{why}: the script is recorded as a whole")), "{}", ran.1);
            assert_eq!(verify.0, Some(4), "{}", verify.1);
            assert!(verify.1.contains(&format!("not seen; it ended with {status}")), "{}", verify.1);
            assert!(!verify.1.contains("traps"), "{}", verify.1);
            for part in [format!("closed: exit, status {status}"), "recorded anomaly: script-unread".into()] {
                assert!(show.contains(&part), "{part}: {show}");
            }
            assert!(!show.contains("subject     script:"), "{show}");
            let log = text(&place.attesh(&["log", place.session().to_str().unwrap()]));
            assert!(log.contains("anomaly: script-unread: ") && log.contains(why), "{log}");
        }
    }
}

#[test]
fn a_signal_does_not_reach_the_script_or_reaches_it_twice() {
    let names = ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM", "CONT", "WINCH", "URG"];
    let list = names.join(" ");
    let script = format!(
        "for s in {list}; do trap \"echo $s >> got\" $s; done\ntrap 'echo end >> got; exit 3' XCPU\necho up > up\nwhile :; do sleep 0.01; done\n"
    );
    let place = Place::new(&script);
    let mut child = started(&place);
    let _ = made(&place, "up");
    let pid = child.id().to_string();
    for (at, name) in names.iter().enumerate() {
        send(&pid, format!("SIG{name}").parse().unwrap());
        for _ in 0..LOOKS_MAX {
            let got = std::fs::read_to_string(place.folder.path().join("got")).unwrap_or_default();
            if got.lines().count() > at {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    send(&pid, Signal::SIGXCPU);
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let got = std::fs::read_to_string(place.folder.path().join("got")).unwrap();
    let got: Vec<&str> = got.lines().collect();
    assert_eq!(got, [&names[..], &["end"]].concat());
}

#[test]
fn a_bash_that_is_too_old_is_asked_for_units() {
    let place = Place::new("echo a\nfalse\nexit 5\n");
    // It says that it is older than it is, before it reads the hook.
    let bin = place.folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let older = "cat > bin/bash <<'E'\n#!/bin/sh\n[ -z \"$BASH_ENV\" ] || { printf 'BASH_VERSION=4.3.48\\n. %s\\n' \"$BASH_ENV\" > pre\n  BASH_ENV=$PWD/pre; }\nexec /bin/bash \"$@\"\nE\nchmod +x bin/bash\n";
    // Another process writes it: one that this process forks meanwhile would keep it busy.
    assert!(place.command("sh", &["-c", older]).status().unwrap().success());
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let ran = place
        .command(ATTESH, &["sh", "script.sh"])
        .env("PATH", path)
        .env("ATTESH_EVIDENCE", "traps")
        .output()
        .unwrap();
    assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(5), &b"a\n"[..]));
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(said.contains("bash 4.3.48 is older than 4.4") && said.lines().count() == 1, "{said}");
    let predicate = place.predicate();
    assert_eq!(predicate["plans"][0]["units"].as_array().map(Vec::len), Some(3));
    assert_eq!(predicate["commands"], serde_json::json!([]));
    assert_eq!(predicate["session"]["shells"][0]["exitCode"], 5);
}

#[test]
fn statuses_of_a_pipeline_are_lost_or_those_of_another() {
    let none = Value::Null;
    let list = |statuses: &[u8]| Value::from(statuses.to_vec());
    // Of a pipeline within a longer unit nobody asks.
    let script = "false | true | (exit 3)\ntrue\nfalse | true\nf() { :; }\necho a && true | false | true\nx=1\ntrue | true || :\ncase a in b) true | true;; esac\n{ false | true; } | cat | cat\n:\n";
    let place = Place::new(script);
    let ran = place.attesh(&["sh", "script.sh"]);
    assert!(ran.status.success(), "{}", text(&ran));
    let commands = place.predicate()["commands"].take();
    let found: Vec<&Value> =
        commands.as_array().unwrap().iter().map(|command| &command["pipeStatus"]).collect();
    let expected = [
        list(&[1, 0, 3]),
        none.clone(),
        list(&[1, 0]),
        none.clone(),
        none.clone(),
        none.clone(),
        none.clone(),
        none.clone(),
        list(&[0, 0, 0]),
        none,
    ];
    assert_eq!(found, expected.iter().collect::<Vec<_>>());
}
