//! A script that is killed, fails, gets signals or runs in a bash that cannot be heard: what
//! is sealed of it says so, and holds all that ran.

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
    let place = Place::new("echo one\necho $$ > pid; read -r x < go\necho two > two\n");
    nix::unistd::mkfifo(&place.folder.path().join("go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut child = told(&place);
    let _ = made(&place, "pid");
    child.kill().unwrap();
    child.wait().unwrap();
    place.write("go", "\n");
    assert_eq!(made(&place, "two"), "two");
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
