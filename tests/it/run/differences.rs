//! The first half of docs/differences.md: each difference that it lists is there, and is no
//! greater. That there are no others: `differ`, `script`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::run::differ::{self, Seen};
use crate::run::script::Place;
use crate::stage::shells::{Family, one};
use crate::stage::world;

/// A script in bash alone and recorded, on the system's bash.
fn both(script: &str) -> (Seen, Seen) {
    let place = differ::Place::new(&one(Family::Bash, "5.2").unwrap());
    let alone = place.alone(&[], script);
    (alone, place.recorded(&[], script))
}

/// The words that one of them has and the other has not.
fn more(of: &str, than: &str) -> BTreeSet<String> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    words(of).difference(&words(than)).cloned().collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn anomalies(predicate: &Value) -> String {
    predicate["anomalies"].to_string()
}

#[test]
fn other_traps_are_listed() {
    let (alone, ours) = both("trap -p\n");
    assert_eq!(alone.stdout, "");
    let names: Vec<&str> = ours.stdout.lines().filter_map(|line| line.split("' ").nth(1)).collect();
    assert!(names == ["EXIT", "DEBUG", "ERR"] && ours.stdout.lines().count() == 3, "{}", ours.stdout);
    let (_, ours) = both(": trap DEBUG\ntrap -p\n");
    assert!(ours.stdout.ends_with("' DEBUG\n") && ours.stdout.lines().count() == 1, "{}", ours.stdout);
}

#[test]
fn what_was_closed_or_was_a_group_is_so() {
    let (alone, ours) = both("kill -0 -- -$$ && echo group\n");
    assert_eq!((alone.stdout.as_str(), ours.stdout.as_str()), ("group\n", ""));
    let closed = ["sh", "-c"].map(str::to_owned);
    let place = differ::Place::new(&one(Family::Bash, "5.2").unwrap());
    for (program, status) in [("bash".to_owned(), 1), (format!("'{}' sh", world::program().display()), 0)] {
        let line = format!("exec <&-; {program} script.sh");
        let words = [closed[1].clone(), line];
        let seen = place.run(Path::new(&closed[0]), &words, "cat\n");
        assert_eq!(seen.code, Some(status), "{program}: {}", seen.stderr);
    }
    let (alone, ours) = both("trap 'echo $BASH_COMMAND' EXIT\n(exit 5)\n");
    assert_eq!(alone.stdout, "trap 'echo $BASH_COMMAND' EXIT\n");
    assert_eq!(ours.stdout, "( exit 5 )\n");
}

#[test]
fn other_variables_are_listed() {
    let (alone, ours) = both("compgen -v\n");
    assert_eq!(more(&alone.stdout, &ours.stdout), set(&[]));
    let more = more(&ours.stdout, &alone.stdout);
    let (own, others): (Vec<&str>, Vec<&str>) =
        more.iter().map(String::as_str).partition(|name| name.starts_with("__attesh_"));
    assert!(!own.is_empty() && others == ["ATTESH_SESSION", "PIPESTATUS"], "{more:?}");
    let list = "declare -p | grep -E ' (BASH_ARG[CV]|BASH_COMMAND|BASH_SUBSHELL|LINENO)\\b'\n";
    let (alone, ours) = both(list);
    let before = "declare -a BASH_ARGC=()\ndeclare -a BASH_ARGV=()\ndeclare -- BASH_COMMAND\ndeclare -- BASH_SUBSHELL\ndeclare -- LINENO\n";
    assert_eq!(alone.stdout, before);
    let after = "declare -a BASH_ARGC=([0]=\"2\")\ndeclare -a BASH_ARGV=([0]=\"z\" [1]=\"x y\")\ndeclare -- BASH_COMMAND=\"declare -p\"\ndeclare -- BASH_SUBSHELL=\"0\"\ndeclare -- LINENO=\"1\"\n";
    assert_eq!(ours.stdout, after);
}

#[test]
fn other_descriptors_are_open() {
    let script = "cd /proc/$$/fd && echo [0-9]*\nsh -c 'cd /proc/$$/fd && echo [0-9]*'\n";
    let (alone, ours) = both(script);
    for (alone, ours) in alone.stdout.lines().zip(ours.stdout.lines()) {
        assert_eq!((more(ours, alone), more(alone, ours)), (set(&["719"]), set(&[])));
    }
    assert_eq!((alone.stdout.lines().count(), ours.stdout.lines().count()), (2, 2));
    let place = differ::Place::new(&one(Family::Bash, "5.2").unwrap());
    let limited = format!("ulimit -n 300; exec {} sh \"$@\"", world::program().display());
    let few = place.run(Path::new("/bin/sh"), &["-c".to_owned(), limited, "sh".to_owned()], script);
    let first = alone.stdout.lines().next().unwrap();
    assert_eq!(more(few.stdout.lines().next().unwrap(), first), set(&["119"]), "{few:?}");
}

#[test]
fn other_variables_are_in_the_environment() {
    let (alone, ours) = both("env | cut -d= -f1\n");
    assert_eq!(more(&ours.stdout, &alone.stdout), set(&["ATTESH_SESSION"]));
    assert_eq!(more(&alone.stdout, &ours.stdout), set(&[]));
}

#[test]
fn the_parent_is_another() {
    let (alone, ours) = both("cat /proc/$PPID/comm\n");
    assert!(ours.stdout.starts_with("attesh") && !alone.stdout.starts_with("attesh"), "{ours:?}");
}

#[test]
fn more_is_shown_of_what_bash_reads() {
    let (alone, ours) = both("set -v\necho a\nset +v\n");
    assert_eq!(alone.stderr, "echo a\nset +v\n");
    let (traps, script): (Vec<&str>, Vec<&str>) =
        ours.stderr.lines().partition(|line| line.starts_with("case $((LINENO>__attesh_high)) in"));
    assert_eq!((script, traps.len()), (vec!["echo a", "set +v"], 2));
    assert_eq!(alone.stdout, ours.stdout);
}

#[test]
fn more_is_traced_to_a_descriptor() {
    let (alone, ours) = both("exec 5> trace\nBASH_XTRACEFD=5\nset -x\necho a\nset +x\n");
    let trace = |seen: &Seen| {
        let (_, text) = seen.files.iter().find(|(path, _)| path.ends_with("trace")).unwrap();
        text.clone()
    };
    let (alone_trace, our_trace) = (trace(&alone), trace(&ours));
    let of_script = our_trace.lines().filter(|line| line.starts_with("+ ")).map(|line| format!("{line}\n"));
    assert_eq!(of_script.collect::<String>(), alone_trace);
    assert!(our_trace.contains("\n++ case $((LINENO>__attesh_high)) in\n"), "{our_trace}");
    assert_eq!((alone.stdout, alone.stderr), (ours.stdout, ours.stderr));
}

#[test]
fn a_debug_trap_from_elsewhere_sees_more() {
    let (alone, ours) = both("printf 'tr%s \"echo d\" DEB%s\\n' ap UG > lib\n. ./lib\necho a\n:\n");
    assert_eq!(alone.stdout, "d\na\nd\n");
    let rest = ours.stdout.strip_prefix("d\na\nd\n").unwrap();
    assert!(!rest.is_empty() && rest.lines().all(|line| line == "d"), "{rest}");
}

#[test]
fn a_script_that_closes_all_descriptors_is_stopped_or_told_nothing() {
    let close =
        "for f in /proc/$$/fd/*; do\n  f=${f##*/}\n  ((f < 3 || f == 255)) || eval \"exec $f>&-\"\ndone\n";
    let (alone, ours) = both(&format!("{close}echo a\nfalse\necho b\n"));
    assert_eq!((alone.stdout.as_str(), alone.stderr.as_str()), ("a\nb\n", ""));
    assert_eq!((&ours.stdout, ours.code), (&alone.stdout, alone.code));
    let said: Vec<&str> = ours.stderr.lines().collect();
    assert!(said.len() == 2 && said[0].ends_with("719: Bad file descriptor"), "{said:?}");
    assert_eq!(said[1], "attesh: the recorder is gone; the script goes on unrecorded");
}

#[test]
fn builtins_that_are_replaced_end_the_script_or_more_than_the_recording() {
    let (alone, ours) = both("builtin() { echo \"my $1\"; }\necho a\n");
    assert_eq!((alone.stdout.as_str(), ours.stderr.as_str()), ("a\n", ""));
    assert!(ours.stdout.starts_with("my eval\n") && ours.stdout.contains("\na\n"), "{}", ours.stdout);
    for (name, says) in [("printf", "builtin: printf: not a shell builtin"), ("read", "goes on unrecorded")] {
        let (alone, ours) = both(&format!("enable -n {name}\necho a\nfalse\n"));
        assert_eq!((&alone.stdout, alone.code), (&ours.stdout, ours.code));
        assert!(ours.stderr.trim_end().ends_with(says) && ours.stderr.lines().count() == 1, "{ours:?}");
    }
}

#[test]
fn an_option_of_bash_is_taken_for_help() {
    let place = differ::Place::new(&one(Family::Bash, "5.2").unwrap());
    for option in ["-h", "--help"] {
        assert!(place.recorded(&[option.to_owned()], "echo a\n").stdout.contains("Usage:"), "{option}");
    }
    assert_eq!(place.alone(&["-h".to_owned()], "echo a\n").stdout, "a\n");
    let hashall = ["-o", "hashall"].map(str::to_owned);
    assert_eq!(place.recorded(&hashall, "echo a\n"), place.alone(&hashall, "echo a\n"));
}

/// What is recorded of a script: its commands, and the anomalies.
fn recorded(script: &str) -> (Vec<String>, String) {
    let place = Place::new(script);
    let _ = place.attesh(&["sh", "script.sh"]);
    (place.story(), anomalies(&place.predicate()))
}

#[test]
fn a_debug_trap_of_the_script_goes_unsaid() {
    let place = Place::new("echo a\ntrap ':' DEBUG\necho b\n");
    let _ = place.attesh(&["sh", "script.sh"]);
    assert_eq!(place.story(), ["echo a 0", "trap ':' DEBUG unknown"]);
    let predicate = place.predicate();
    assert!(anomalies(&predicate).contains("hook-removed"), "{predicate}");
    assert_eq!(predicate["outcome"]["end"], "INCOMPLETE");
}

#[test]
fn an_err_trap_of_the_script_hides_too_much_or_nothing() {
    let lines = "false\nf() { :; }\n:\n";
    let (story, _) = recorded(&format!(":\n{lines}"));
    assert_eq!(story, [": 0", "false 1", "f() { :; } 0", ": 0"]);
    let (story, said) = recorded(&format!("trap : ERR\n{lines}"));
    assert_eq!(story, ["trap : ERR 0", "false unknown", "f() { :; } 0", ": 0"]);
    assert!(said.contains("nobody saw how command 2 of shell 1 ended"), "{said}");
}

#[test]
fn an_exit_trap_of_the_script_hides_too_much_or_nothing() {
    let (story, _) = recorded(":\necho a\n( true )\n");
    assert_eq!(story, [": 0", "echo a untold", "( true ) 0"]);
    let (story, said) = recorded("trap : EXIT\necho a\n( true )\n");
    assert_eq!((story, said.as_str()), (vec!["trap : EXIT 0".to_owned(), "echo a 0".to_owned()], "[]"));
    let pipe = |script: &str| {
        let place = Place::new(script);
        let _ = place.attesh(&["sh", "script.sh"]);
        place.predicate()["commands"][1]["pipeStatus"].take()
    };
    assert_eq!(pipe(":\nfalse | true\n"), serde_json::json!([1, 0]));
    assert_eq!(pipe("trap : EXIT\nfalse | true\n"), Value::Null);
}

#[test]
fn a_bash_that_is_not_heard_has_no_plan_or_is_not_said_to_be() {
    let modes: [&[&str]; 4] = [&["--posix"], &["-p"], &["-r"], &["-o", "privileged"]];
    let check = |place: &Place, ran: std::process::Output, why: &str| {
        assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(5), &b"a\n"[..]));
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(said.contains("as a whole") && said.contains(why) && said.lines().count() == 1, "{said}");
        let predicate = place.predicate();
        assert_eq!(predicate["plans"][0]["units"].as_array().map(Vec::len), Some(2));
        assert_eq!(predicate["commands"], serde_json::json!([]));
        assert_eq!(predicate["session"]["shells"][0]["exitCode"], 5);
    };
    for mode in modes {
        let place = Place::new("echo a\nexit 5\n");
        let ran = place.attesh(&[&["sh"][..], mode, &["script.sh"]].concat());
        check(&place, ran, "with these options");
    }
    let place = Place::new("echo a\nexit 5\n");
    let env = place.write("env", "trap : EXIT\n");
    let ran =
        place.command(crate::stage::pty::ATTESH, &["sh", "script.sh"]).env("BASH_ENV", env).output().unwrap();
    check(&place, ran, "BASH_ENV");
}

#[test]
fn an_alias_passes_for_what_is_planned() {
    let place = Place::new("shopt -s expand_aliases\nalias say='echo said'\nsay hi\necho a\n");
    let ran = place.attesh(&["sh", "script.sh"]);
    assert_eq!(ran.stdout, b"said hi\na\n");
    assert_eq!(place.story()[2..], ["say hi 0 unplanned", "echo a 0"]);
    let said = anomalies(&place.predicate());
    assert!(said.contains("not-as-planned"), "{said}");
    // Where an alias opens what the parser of the plan takes for two units.
    let place = Place::new("shopt -s expand_aliases\nalias loop='for i in 1 2; do'\nloop\necho $i\ndone\n");
    let ran = place.attesh(&["sh", "script.sh"]);
    assert_eq!(ran.stdout, b"1\n2\n");
    let said = anomalies(&place.predicate());
    assert!(said.contains("not-as-planned"), "{said} {:?}", place.story());
}
