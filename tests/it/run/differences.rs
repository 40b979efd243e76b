//! The first half of docs/differences.md: each difference that it lists is there, and is no
//! greater. That there are no others: `differ`, `script`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::run::differ::{self, Seen};
use crate::run::script::Place;
use crate::stage::pty::ATTESH;
use crate::stage::shells::{Family, one};
use crate::stage::world;

/// A script in bash alone and watched by attesh, on the system's bash.
fn watched(script: &str) -> (Seen, Seen) {
    compared("reader", script)
}

/// A script in bash alone and told of by traps.
fn both(script: &str) -> (Seen, Seen) {
    compared("traps", script)
}

fn compared(evidence: &'static str, script: &str) -> (Seen, Seen) {
    let bash = one(Family::Bash, "5.2").unwrap();
    let mut place = differ::Place::new(&bash);
    place.evidence = evidence;
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
    assert!(names == ["EXIT", "DEBUG"] && ours.stdout.lines().count() == 2, "{}", ours.stdout);
    let (_, ours) = both(": trap DEBUG\ntrap -p\n");
    assert!(ours.stdout.ends_with("' DEBUG\n") && ours.stdout.lines().count() == 1, "{}", ours.stdout);
}

#[test]
fn what_was_a_group_is_so() {
    let (alone, ours) = both("kill -0 -- -$$ && echo group\n");
    assert_eq!((alone.stdout.as_str(), ours.stdout.as_str()), ("group\n", ""));
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
    let limited =
        format!("ulimit -n 300; export ATTESH_EVIDENCE=traps; exec {} sh \"$@\"", world::program().display());
    let few = place.run(Path::new("/bin/sh"), &["-c".to_owned(), limited, "sh".to_owned()], script);
    let first = alone.stdout.lines().next().unwrap();
    assert_eq!(more(few.stdout.lines().next().unwrap(), first), set(&["119"]), "{few:?}");
}

#[test]
fn other_variables_are_in_the_environment() {
    let (alone, ours) = watched("env | cut -d= -f1\n");
    assert_eq!(more(&ours.stdout, &alone.stdout), set(&["ATTESH_SESSION"]));
    assert_eq!(more(&alone.stdout, &ours.stdout), set(&[]));
}

#[test]
fn the_parent_is_another() {
    let (alone, ours) = watched("cat /proc/$PPID/comm\n");
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
fn a_trap_signal_is_ignored() {
    let (alone, ours) = watched("trap '' TRAP\n:\nkill -TRAP $$\necho alive\n");
    assert_eq!((alone.stdout.as_str(), ours.signal), ("alive\n", Some(5)));
}

#[test]
fn a_stop_of_the_script_is_not_seen_outside() {
    use nix::sys::signal::Signal;
    use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
    let stopped = "for i in {1..99}; do ! grep -q '^State:.[Tt]' /proc/$$/status || break; sleep 0.1; done";
    let place = Place::new(&format!("({stopped}; sleep 0.5; kill -CONT $$) & kill -STOP $$\necho on\n"));
    for (program, words, stops) in [("bash", &["script.sh"][..], true), (ATTESH, &["sh", "script.sh"], false)]
    {
        let child = place.command(program, words).spawn().unwrap();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
        let flags = WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        let first = waitid(Id::Pid(pid), flags).unwrap();
        assert_eq!(first == WaitStatus::Stopped(pid, Signal::SIGSTOP), stops, "{program}: {first:?}");
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"on\n"[..]), "{program}");
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

/// A place where a script ran that its traps told of.
fn announced(script: &str) -> Place {
    let place = Place::new(script);
    let ran = place.command(ATTESH, &["sh", "script.sh"]).env("ATTESH_EVIDENCE", "traps").output().unwrap();
    assert!(!String::from_utf8_lossy(&ran.stderr).contains("as a whole"), "{ran:?}");
    place
}

/// What is recorded of a script: its commands, and the anomalies.
fn recorded(script: &str) -> (Vec<String>, String) {
    let place = announced(script);
    (place.story(), anomalies(&place.predicate()))
}

#[test]
fn a_debug_trap_of_the_script_goes_unsaid() {
    let place = announced("echo a\ntrap ':' DEBUG\necho b\n");
    assert_eq!(place.story(), ["echo a 0", "trap ':' DEBUG unknown"]);
    let predicate = place.predicate();
    assert!(anomalies(&predicate).contains("hook-removed"), "{predicate}");
    assert_eq!(predicate["outcome"]["end"], "INCOMPLETE");
}

/// Each command of a script that its traps told of, on this bash.
fn told(script: &str) -> String {
    recorded(script).0.join(", ")
}

#[test]
fn traps_tell_more_than_bash_announced() {
    let cases = [
        // Between two announcements that follow each other, the status is the first one's.
        ("false\ntrue\n(exit 3)\n:\n", "false 1, true untold, : 0"),
        ("false | true\n: 'a'  b # c\nx=$(exit 4)\n", "false | true 0, : 'a'  b # c 0, x=$(exit 4) 4"),
        // What bash need not announce has no record, and nobody knows how the one before ended.
        ("echo a\nf() { :; }\n:\n", "echo a untold, : 0"),
        (":\ntrue && false &\n:\n", ": untold, : 0"),
        (":\nfor x in $(exit 7); do :; done\n:\n", ": untold, : 0"),
        ("false\nif true; then :; fi\n:\n", "false untold, if true; then :; fi 0, : 0"),
        (
            "false\n{ true; } > \"$(echo /dev/null; exit 3)\"\n",
            "false untold, { true; } > \"$(echo /dev/null; exit 3)\" untold",
        ),
        // At the end: a unit that nothing is behind, or an exit.
        ("echo a\n( true )\n", "echo a untold"),
        ("echo a\nexit 3\necho b\n", "echo a 0, exit 3 3"),
        ("set -e\nfalse\necho b\n", "set -e 0, false untold"),
        ("echo a\nexec sh -c 'exit 12'\n", "echo a 0, exec sh -c 'exit 12' untold"),
        ("echo a\nkill -9 $$\n:\n", "echo a 0, kill -9 $$ unknown"),
        ("echo a\n}\n", "echo a untold"),
        // A trap of the script, or of what it reads, can end it.
        ("trap : EXIT\nfalse\n", "trap : EXIT 0, false untold"),
        ("trap 'exit 0' ERR\nfalse\n", "trap 'exit 0' ERR 0, false untold"),
        ("trap 'trap - ERR; exit 0' ERR\nfalse\n", "trap 'trap - ERR; exit 0' ERR 0, false untold"),
        ("trap '' TERM\nfalse\n", "trap '' TERM 0, false 1"),
        ("eval \"tr\"ap\" 'exit 0' ERR\"\nfalse\n", "eval \"tr\"ap\" 'exit 0' ERR\" untold, false untold"),
        // What a unit evaluates may look like the next.
        (
            "eval \"$(printf ':\\nmake\\nexit 0\\n')\"\nmake test\n",
            "eval \"$(printf ':\\nmake\\nexit 0\\n')\" untold",
        ),
        (
            "eval \"$(printf ':\\n: x\\nexit 0\\n')\"\n: x\n",
            "eval \"$(printf ':\\n: x\\nexit 0\\n')\" untold, : x untold, exit 0 untold unplanned",
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .map(|(script, expected)| (script, expected, told(script)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(script, expected, found)| format!("{script:?}\n  expected {expected}\n  recorded {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn traps_tell_statuses_of_another_pipeline() {
    let script = "false | true | (exit 3)\ntrue\nfalse | true\nx=1\necho a && true | false | true\ntrue | true || :\nfalse | true\n";
    let commands = announced(script).predicate()["commands"].take();
    let found: Vec<String> =
        commands.as_array().unwrap().iter().map(|command| command["pipeStatus"].to_string()).collect();
    assert_eq!(found, ["[1,0,3]", "null", "[1,0]", "null", "null", "null", "[1,0]"]);
}

#[test]
fn a_unit_that_was_not_announced_is_said_not_to_be_reached() {
    let place = announced("echo a\n( true )\n");
    let log = place.attesh(&["log", place.session().to_str().unwrap()]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert!(log.ends_with("     untold    1  echo a\n   not seen    2  ( true )\n"), "{log}");
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
        assert_eq!(
            (&predicate["plans"][0]["evidence"], &predicate["outcome"]["end"]),
            (&"whole".into(), &"INCOMPLETE".into())
        );
        assert!(anomalies(&predicate).contains("could not be seen"), "{predicate}");
    };
    for mode in modes {
        let place = Place::new("echo a\nexit 5\n");
        let words = [&["sh"][..], mode, &["script.sh"]].concat();
        let ran = place.command(ATTESH, &words).env("ATTESH_EVIDENCE", "traps").output().unwrap();
        check(&place, ran, "with these options");
    }
    let place = Place::new("echo a\nexit 5\n");
    let env = place.write("env", "trap : EXIT\n");
    let mut command = place.command(ATTESH, &["sh", "script.sh"]);
    let ran = command.env("BASH_ENV", env).env("ATTESH_EVIDENCE", "traps").output().unwrap();
    check(&place, ran, "BASH_ENV");
}

#[test]
fn an_alias_passes_for_what_is_planned() {
    let place = announced("shopt -s expand_aliases\nalias say='echo said'\nsay hi\necho a\n");
    assert_eq!(place.story()[2..], ["echo said hi untold unplanned", "echo a 0"]);
    let said = anomalies(&place.predicate());
    assert!(said.contains("not-as-planned"), "{said}");
    let log = place.attesh(&["log", place.session().to_str().unwrap()]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert!(log.contains("\nuntold unplanned    -  echo said hi\n   not seen    3  say hi\n"), "{log}");
    // Where an alias opens what the parser of the plan takes for two units.
    let place = announced("shopt -s expand_aliases\nalias loop='for i in 1 2; do'\nloop\necho $i\ndone\n");
    let said = anomalies(&place.predicate());
    assert!(said.contains("not-as-planned"), "{said} {:?}", place.story());
    // What an alias adds to a command can hide the lines below it.
    let lib = "shopt -s expand_aliases\nalias echo='echo <<\"( : lint )\"'\n";
    let place = announced(&format!("{lib}echo start\n(touch ran)\n( : lint )\n:\n"));
    assert_eq!(
        place.story()[2..],
        ["echo start <<'( : lint )' (touch ran) ( : lint )  untold unplanned", ": 0"]
    );
}
