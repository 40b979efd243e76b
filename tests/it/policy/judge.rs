//! Policies against statements made for them: every denial with its words.

use attesh::policy::{self, Policy, Ruling};
use attesh::seal::statement::{CommandText, Completeness, Statement};
use serde_json::{Value, json};

pub use super::made::{Run, ran, rename_attached, rename_scripts, set_transcript, statement};

/// Two minutes after it was sealed.
pub const NOW_S: i64 = 1_795_341_840;

pub fn read(text: &str) -> Policy {
    Policy::read(format!("version = 1\n{text}").as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn judge(policy: &str, statement: &Statement) -> Ruling {
    policy::judge(&read(policy), statement, NOW_S, &policy::Beside::default())
}

pub fn texts(policy: &str, statement: &Statement) -> Vec<String> {
    judge(policy, statement).denials.into_iter().map(|denial| denial.text).collect()
}

const THREE: [&str; 3] = ["cd src/", "echo \"something\"", "go build ./..."];
const POLICY: &str = "[[script]]\ncommands = ['cd src/', 'echo \"something\"', 'go build ./...']\n";

/// The script of three commands after a change.
fn three(change: impl Fn(&mut Run)) -> Vec<String> {
    let mut run = Run::of(&THREE);
    change(&mut run);
    texts(POLICY, &statement(&[run]))
}

#[test]
fn a_script_that_ran_whole_is_denied() {
    let ruling = judge(POLICY, &statement(&[Run::of(&THREE)]));
    assert_eq!(ruling.denials, []);
    assert_eq!(ruling.summary.as_deref(), Some("3 of 3 commands ran, in order, exit 0"));
    let one = judge("[[script]]\ncommands = ['make']", &statement(&[Run::of(&["make"])]));
    assert_eq!(one.summary.as_deref(), Some("1 of 1 command ran, in order, exit 0"));
}

#[test]
fn a_denial_has_other_words_than_the_page() {
    let without =
        |at: usize| texts(POLICY, &statement(&[Run::of(&[&THREE[..at], &THREE[at + 1..]].concat())]));
    assert_eq!(
        without(2),
        [
            "line 3 `go build ./...` did not run; the command before it that did was line 2 `echo \"something\"`"
        ]
    );
    assert_eq!(
        without(1),
        ["line 2 `echo \"something\"` did not run; the command before it that did was line 1 `cd src/`"]
    );
    assert_eq!(
        without(0),
        ["line 1 `cd src/` did not run; the first command that did was line 2 `echo \"something\"`"]
    );
    let ran = |commands: &[&str]| texts(POLICY, &statement(&[Run::of(commands)]));
    assert_eq!(
        ran(&[THREE[0], "touch x", THREE[1], THREE[2]]),
        ["line 2 `touch x` ran and is not in the policy; the command before it was line 1 `cd src/`"]
    );
    assert_eq!(
        ran(&["touch x", THREE[0], THREE[1], THREE[2]]),
        ["line 1 `touch x` ran and is not in the policy; it ran before line 1 `cd src/`"]
    );
    assert_eq!(
        ran(&[THREE[0], THREE[2], THREE[1]]),
        ["line 3 `go build ./...` ran before line 2 `echo \"something\"`"]
    );
    assert_eq!(
        ran(&[THREE[0], "true", THREE[2]]),
        ["line 2 `echo \"something\"` did not run; in its place line 2 `true` did"]
    );
    assert_eq!(ran(&[]).first().unwrap(), "line 1 `cd src/` did not run; no command did");
    // It failed, under set -e.
    let failed = three(|run| {
        run.ran.truncate(2);
        (run.ran[1].status, run.exit) = (Some(1), json!(1));
    });
    assert_eq!(
        failed,
        [
            "line 2 `echo \"something\"` ended with 1; 0 is allowed",
            "line 3 `go build ./...` did not run; the command before it that did was line 2 `echo \"something\"`"
        ]
    );
}

#[test]
fn what_a_plan_does_not_show_is_taken() {
    let denied = |change: &dyn Fn(&mut Run)| three(change);
    assert_eq!(
        denied(&|run| run.unchanged = false),
        ["its shell read something that is not the planned script"]
    );
    assert_eq!(
        denied(&|run| run.ran[1].unit = false),
        ["command 2 `echo \"something\"` is no command of the script"]
    );
    assert_eq!(
        denied(&|run| run.units.as_mut().unwrap()[1] = "true".into()),
        ["line 2 `echo \"something\"` is not what the plan has in its place"]
    );
    assert_eq!(
        denied(&|run| run.units.as_mut().unwrap().push("true".into())),
        ["line 4 `true` of the script is not in the policy"]
    );
    assert_eq!(
        denied(&|run| run.units = None),
        ["line 1 `cd src/` cannot be shown to have run: there is no plan"]
    );
    assert_eq!(
        denied(&|run| (run.closed, run.exit) = (json!("signal"), json!(137))),
        ["a signal ended the script; the last command that ran was line 3 `go build ./...`"]
    );
    assert_eq!(
        denied(&|run| run.closed = Value::Null),
        ["the script was not seen to come to its end; the last command that ran was line 3 `go build ./...`"]
    );
    assert_eq!(
        denied(&|run| run.exit = json!(3)),
        ["the script ended with 3; 0 is allowed; the last command that ran was line 3 `go build ./...`"]
    );
    assert_eq!(
        denied(&|run| run.exit = Value::Null),
        ["nobody saw the script's exit status; the last command that ran was line 3 `go build ./...`"]
    );
    let any = POLICY.to_owned() + "exit = 'any'";
    let mut run = Run::of(&THREE);
    (run.ran[2].status, run.exit) = (Some(2), json!(0));
    assert_eq!(
        texts(&any, &statement(&[run])),
        ["the script ended with another status, 0; the last command that ran was line 3 `go build ./...`"]
    );
}

#[test]
fn a_status_that_nobody_saw_counts_as_a_good_one() {
    let of = |text: &str, more: &str, outcome: Option<&'static str>| {
        let mut run = Run::of(&[text, "make"]);
        (run.ran[0].status, run.ran[0].outcome) = (None, outcome);
        texts(&format!("[[script]]\ncommands = ['{text}', 'make']\n{more}"), &statement(&[run]))
    };
    assert_eq!(of("make x", "", None), ["line 1 `make x` was not seen to end; 0 is allowed"]);
    assert_eq!(of("make x", "exit = 'any'", None), [""; 0]);
    let mut unset = Run::of(&["set X 1"]);
    unset.ran[0].status = None;
    let mut unset = statement(&[unset]);
    unset.predicate.commands.as_mut().unwrap()[0].stale = true;
    assert_eq!(
        texts("[[script]]\ncommands = ['set X 1']", &unset),
        ["line 1 `set X 1` ended with a status that nobody saw; 0 is allowed"]
    );
    // No text of a command shows that it did not fail, not even that of a definition.
    for text in ["(make x)", "f() { :; }", "function f { x; }", "make x"] {
        let why = format!("line 1 `{text}` ended with a status that nobody saw; 0 is allowed");
        assert_eq!(of(text, "", Some("untold")), [why]);
        assert_eq!(of(text, "exit = 'any'", Some("untold")), [""; 0]);
    }
    // The last command was replaced by another program, whose status is the shell's.
    let mut run = Run::of(&["make", "exec make check"]);
    (run.ran[1].status, run.ran[1].outcome) = (None, Some("replaced"));
    let policy = "[[script]]\ncommands = ['make', 'exec make check']";
    assert_eq!(texts(policy, &statement(std::slice::from_ref(&run))), [""; 0]);
    run.exit = json!(2);
    assert_eq!(texts(policy, &statement(&[run])), ["line 2 `exec make check` ended with 2; 0 is allowed"]);
}

#[test]
fn a_change_of_a_script_passes_or_names_no_line() {
    let scripts: [&[&str]; 6] = [
        &THREE,
        &["make", "make", "make"],
        &["a", "b", "a", "c", "a", "b"],
        &["set -e", "for i in 1 2; do\n  echo $i\ndone", "f() { :; }", "f", "f"],
        &["only"],
        &["a", "a", "b", "b", "a"],
    ];
    for script in scripts {
        let commands: Vec<String> = script.iter().map(|text| format!("'''{text}'''")).collect();
        let policy = read(&format!("[[script]]\ncommands = [{}]", commands.join(", ")));
        let denied = |run: Run, what: &str| {
            let ruling = policy::judge(&policy, &statement(&[run]), NOW_S, &policy::Beside::default());
            let first = ruling.denials.first().unwrap_or_else(|| panic!("{what} of {script:?} passes"));
            assert!(first.line.is_some() && first.text.starts_with("line "), "{what}: {}", first.text);
        };
        assert_eq!(
            policy::judge(&policy, &statement(&[Run::of(script)]), NOW_S, &policy::Beside::default()).denials,
            []
        );
        for at in 0..script.len() {
            denied(Run::of(&[&script[..at], &script[at + 1..]].concat()), &format!("removing {at}"));
            for more in ["x", script[at]] {
                let run = Run::of(&[&script[..at], &[more], &script[at..]].concat());
                denied(run, &format!("adding {more} at {at}"));
            }
            let mut run = Run::of(script);
            run.ran[at].status = Some(1);
            denied(run.clone(), &format!("failing {at}"));
            run.ran.truncate(at + 1);
            run.exit = json!(1);
            denied(run, &format!("failing {at}, the rest not run"));
            for other in at + 1..script.len() {
                let mut swapped = script.to_vec();
                swapped.swap(at, other);
                if swapped != script {
                    denied(Run::of(&swapped), &format!("swapping {at} and {other}"));
                }
            }
        }
    }
}

#[test]
fn ordered_and_contains_want_more_or_less_than_they_say() {
    let run = |commands: &[&str]| statement(&[Run::of(commands)]);
    let of = |mode: &str, ran: &Statement| {
        texts(&format!("[[script]]\nmode = '{mode}'\ncommands = ['a', 'b']"), ran)
    };
    assert_eq!(of("ordered", &run(&["x", "a", "y", "b", "z"])), [""; 0]);
    assert_eq!(of("ordered", &run(&["b", "a"])), ["line 2 `b` did not run after line 1 `a`"]);
    assert_eq!(
        of("ordered", &run(&["a", "x"])),
        ["line 2 `b` did not run; the command before it that did was line 1 `a`"]
    );
    assert_eq!(of("contains", &run(&["b", "x", "a"])), [""; 0]);
    assert_eq!(
        of("contains", &run(&["b", "b"])),
        ["line 1 `a` did not run; the first command that did was line 2 `b`"]
    );
    // One that failed counts where no other did better.
    let mut again = Run::of(&["a", "a", "b"]);
    again.ran[0].status = Some(1);
    assert_eq!(of("ordered", &statement(std::slice::from_ref(&again))), [""; 0]);
    again.ran[1].status = Some(2);
    assert_eq!(of("contains", &statement(&[again])), ["line 1 `a` ended with 1; 0 is allowed"]);
    // A session that was typed has no plan, and needs none unless the digest of a script is asked for.
    let mut typed = Run::of(&["x", "a", "b"]);
    (typed.units, typed.closed, typed.exit) = (None, json!("sealed"), Value::Null);
    let typed = statement(&[typed]);
    assert_eq!(of("ordered", &typed), [""; 0]);
    let digest = "0".repeat(64);
    let policy = format!("[[script]]\nmode = 'ordered'\ncommands = ['a', 'b']\nsha256 = '{digest}'");
    assert_eq!(texts(&policy, &typed), ["line 1 `a` cannot be shown to have run: there is no plan"]);
    assert_eq!(of("entire", &typed).len(), 1);
}

#[test]
fn scripts_and_plans_of_other_numbers_are_taken() {
    let policy = "[[script]]\nname = 'build'\ncommands = ['a', 'b']\n[[script]]\ncommands = ['c']\n";
    let (one, two) = (Run::of(&["a", "b"]), Run::of(&["c"]));
    let ruling = judge(policy, &statement(&[one.clone(), two.clone()]));
    assert_eq!(ruling.summary.as_deref(), Some("3 of 3 commands ran, in order, exit 0"));
    let failed = |runs: &[Run]| texts(policy, &statement(runs));
    assert_eq!(
        failed(&[Run::of(&["a"]), two.clone()]),
        ["script 1 (build): line 2 `b` did not run; the command before it that did was line 1 `a`"]
    );
    assert_eq!(
        failed(std::slice::from_ref(&one)),
        ["script 2: line 1 `c` cannot be shown to have run: there is no plan"]
    );
    assert_eq!(
        failed(&[one.clone(), two.clone(), Run::of(&["d", "e"])]),
        ["script 3 (build.sh) is not in the policy; 2 of its commands ran"]
    );
    let mut typed = Run::of(&["d", "e"]);
    typed.units = None;
    assert_eq!(failed(&[one, two, typed]), ["`d` and 1 more ran in a shell without a plan"]);
}

#[test]
fn a_digest_lines_and_statuses_are_not_those_of_the_policy() {
    let right = format!("{POLICY}sha256 = '{}'\nlines = [2, 5, 9]\nexit = [0, 3]", Run::of(&THREE).sha256());
    assert_eq!(texts(&right, &statement(&[Run::of(&THREE)])), [""; 0]);
    let mut run = Run::of(&THREE);
    run.ran[1].status = Some(3);
    assert_eq!(texts(&right, &statement(std::slice::from_ref(&run))), [""; 0]);
    run.ran[1].status = Some(4);
    assert_eq!(
        texts(&right, &statement(&[run])),
        ["line 5 `echo \"something\"` ended with 4; 0, 3 are allowed"]
    );
    let other = format!("{POLICY}sha256 = '{}'", "0".repeat(64));
    let denied = texts(&other, &statement(&[Run::of(&THREE)]));
    assert!(denied[0].starts_with("the script is another one, byte by byte: its sha256 is "), "{denied:?}");
    let mut redacted = statement(&[Run::of(&THREE)]);
    redacted.predicate.plans[0].sha256 = None;
    assert_eq!(
        texts(&right, &redacted),
        ["the script has no digest: it or a part of it was redacted or masked"]
    );
    redacted.predicate.plans[0].units = None;
    assert!(texts(POLICY, &redacted).iter().any(|text| text.starts_with("the plan has no commands")));
    redacted.predicate.commands = None;
    assert!(texts(POLICY, &redacted)[0].starts_with("the statement has no list of commands"));
    let mut hidden = statement(&[Run::of(&THREE)]);
    hidden.predicate.commands.as_mut().unwrap()[1].text = CommandText::Withheld(true);
    let denied = texts(POLICY, &hidden);
    assert_eq!(denied[0], "line 2 `echo \"something\"`: the text of the command that ran is not there");
    assert!(texts("[deny]\ncommands = ['x']", &hidden)[0].starts_with("the text of command 2 is not there"));
}

/// What a policy denies of a good run that was changed so.
fn denied(policy: &str, change: &dyn Fn(&mut Statement)) -> Vec<String> {
    let mut changed = statement(&[Run::of(&THREE)]);
    change(&mut changed);
    texts(policy, &changed)
}

fn none(_: &mut Statement) {}

#[test]
fn an_old_session_is_young_when_it_is_sealed_again() {
    assert_eq!(denied("[trust]\nmax-age = '3m'", &none), [""; 0]);
    assert_eq!(
        denied("[trust]\nmax-age = '179s'", &none),
        ["the session ended 180 s ago; at most 179 s are allowed"]
    );
    let ended = |at: &str| {
        let at = at.to_owned();
        move |it: &mut Statement| it.predicate.session.closed_at.clone_from(&at)
    };
    assert_eq!(
        denied("[trust]\nmax-age = '1m'", &ended("2026-11-22T10:10:00Z")),
        ["the session ended 360 s in the future"]
    );
    // As far as two clocks may differ.
    for (second, denials) in [(0, 0), (1, 1)] {
        assert_eq!(
            denied("[trust]\nmax-age = '1m'", &ended(&format!("2026-11-22T10:09:0{second}Z")))
                .iter()
                .filter(|said| !said.is_empty())
                .count(),
            denials
        );
    }
    assert_eq!(denied("[trust]\nmax-age = '1m'", &ended("t")).len(), 1);
}

#[test]
fn what_the_other_tables_ask_for_is_not_asked() {
    assert_eq!(denied("", &none), [""; 0]);
    assert_eq!(
        denied("", &|it| it.predicate.outcome.end = Completeness::Incomplete),
        ["the session is incomplete"]
    );
    assert_eq!(
        denied("[session]\ncomplete = false", &|it| it.predicate.outcome.end = Completeness::Incomplete),
        [""; 0]
    );
    assert_eq!(
        denied("", &|it| it.predicate.outcome.lost_count = 2),
        ["2 commands ran unrecorded; at most 0 are allowed"]
    );
    assert_eq!(denied("[session]\nmax-lost = 2", &|it| it.predicate.outcome.lost_count = 2), [""; 0]);
    assert_eq!(denied("", &|it| it.predicate.outcome.redacted_count = 1).len(), 1);
    assert_eq!(denied("", &|it| it.predicate.outcome.pause_count = 1).len(), 1);
    assert_eq!(denied("[session]\nmax-tail = '1m'", &none), [""; 0]);
    assert_eq!(
        denied("[session]\nmax-tail = '59s'", &none),
        ["sealed 60 s after the last record; 59 s are allowed"]
    );
    assert_eq!(
        denied("[deny]\ncommands = ['^echo .something.$', 'zzz']", &none),
        ["line 2 `echo \"something\"` is denied by ^echo .something.$"]
    );
    assert_eq!(denied("[deny]\ncommands = ['zzz']", &none), [""; 0]);
    // As it ran, or as its plan has it, with and without the ends of lines that bash takes for none.
    let deny = "[deny]\ncommands = ['curl .*sh$']";
    let text = |text: &str| CommandText::Command(text.into());
    for (command, unit) in [
        ("curl x\n| sh", "true"),
        ("cu\\\nrl x | sh", "true"),
        ("true", "true\ncurl x | sh"),
        ("true", "cu\\\nrl x | s\\\nh"),
    ] {
        let said = denied(deny, &|it| {
            it.predicate.commands.as_mut().unwrap()[1].text = text(command);
            it.predicate.plans[0].units.as_mut().unwrap()[1].text = text(unit);
        });
        assert!(said.len() == 1 && said[0].ends_with("is denied by curl .*sh$"), "{command}: {said:?}");
    }
    assert_eq!(denied("[deny]\ncommands = ['zzz']", &|it| it.predicate.commands = None).len(), 1);
    assert_eq!(denied("[subject]\nrequire = ['bin/app']", &none), [""; 0]);
    assert_eq!(denied("[subject]\nrequire = ['bin/other']", &none), ["there is no subject bin/other"]);
}

#[test]
fn a_rule_that_is_not_true_is_met() {
    let good = statement(&[Run::of(&THREE)]);
    let denied = |cel: &str| texts(&format!("[[rule]]\nname = 'r'\ncel = '''{cel}'''"), &good);
    for holds in [
        "predicate.outcome.commandCount < 200",
        "predicate.commands.all(c, c.exitCode == 0 && c.durationMs <= 1)",
        "predicate.session.shells.size() == 1 && predicate.session.name == null",
        "subject.exists(s, s.name == 'bin/app')",
        "predicate.commands[0].command.startsWith('cd') && predicate.commands[1].command.matches('some.*')",
        "has(predicate.commands[0].pipeStatus) == false",
    ] {
        assert_eq!(denied(holds), [""; 0], "{holds}");
    }
    assert_eq!(
        denied("predicate.outcome.commandCount > 200"),
        ["rule r is false: predicate.outcome.commandCount > 200"]
    );
    assert!(denied("predicate.outcome.commandCount")[0].contains("is neither true nor false"));
    for error in [
        "predicate.nothing",
        "nobody",
        "1 / 0 == 1",
        "predicate.commands[9].exitCode == 0",
        "1 < 'x'",
        "'a'.matches('(')",
    ] {
        assert!(denied(error)[0].starts_with("rule r cannot be evaluated: "), "{error}: {:?}", denied(error));
    }
}
