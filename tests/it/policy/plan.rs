//! What the plan of a script must show: what it rests on, how its shell was started, what ran
//! before the recording and beside it. Every denial with its words.

use attesh::seal::statement::{CommandText, Statement};
use serde_json::{Value, json};

use super::judge::{Run, read, statement, texts};
use super::made::Ran;

const TWO: [&str; 2] = ["make", "make check"];
const POLICY: &str = "[[script]]\ncommands = ['make', 'make check']\n";

/// The script of two commands after a change, held against the policy with more keys.
fn two(more: &str, change: impl Fn(&mut Run)) -> Vec<String> {
    let mut run = Run::of(&TWO);
    change(&mut run);
    texts(&format!("{POLICY}{more}"), &statement(&[run]))
}

#[test]
fn traps_or_nothing_are_taken_for_the_reader() {
    let traps = "traps of the script's own shell told of its commands, and the policy wants them read from bash; to accept traps write evidence = \"traps\"";
    let whole = "the script was recorded as one command, so nobody saw what ran of it";
    for (evidence, more, said) in [
        ("reader", "", None),
        ("reader", "evidence = 'reader'", None),
        ("reader", "evidence = 'traps'", None),
        ("traps", "", Some(traps)),
        ("traps", "evidence = 'reader'", Some(traps)),
        ("traps", "evidence = 'traps'", None),
        ("whole", "", Some(whole)),
        ("whole", "evidence = 'traps'", Some(whole)),
    ] {
        let said: Vec<&str> = said.into_iter().collect();
        for mode in ["entire", "ordered", "contains"] {
            let more = format!("{more}\nmode = '{mode}'");
            assert_eq!(two(&more, |run| run.evidence = evidence), said, "{evidence} {more}");
        }
    }
    // A unit that bash did not announce is told with what to write instead.
    let missing = two("evidence = 'traps'", |run| {
        run.evidence = "traps";
        run.ran.truncate(1);
    });
    assert_eq!(
        missing[0],
        "line 2 `make check` was not seen to run; the command before it that did was line 1 `make`; \
         bash does not tell its traps of ( ... ), of definitions and of lists before &: write :; before such a one"
    );
}

#[test]
fn a_shell_is_started_in_another_way() {
    let options = |had: Value, more: &str| two(more, |run| run.options = had.clone());
    for harmless in [json!([]), json!(["-e"]), json!(["-eo", "pipefail", "--norc"])] {
        assert_eq!(options(harmless, ""), [""; 0]);
    }
    assert_eq!(
        options(json!(["-e", "-o", "posix"]), ""),
        ["its shell had the options -e -o posix; the policy wants only such as do not change what runs"]
    );
    assert_eq!(options(json!(["-t"]), "options = ['-t']"), [""; 0]);
    assert_eq!(
        options(json!(["-e"]), "options = ['-e', '-x']"),
        ["its shell had the options -e; the policy wants -e -x"]
    );
    assert_eq!(
        options(json!(["-e"]), "options = []"),
        ["its shell had the options -e; the policy wants none"]
    );
    assert_eq!(options(json!([]), "options = []"), [""; 0]);
    for more in ["", "options = []", "options = ['-e']"] {
        assert_eq!(options(Value::Null, more), ["the options of its shell are not recorded"]);
    }
    let arguments = |had: Value, more: &str| two(more, |run| run.arguments = had.clone());
    assert_eq!(arguments(json!(["--version"]), ""), ["its arguments were --version; the policy wants none"]);
    assert_eq!(arguments(json!(["a", "b c"]), "arguments = ['a', 'b c']"), [""; 0]);
    assert_eq!(
        arguments(json!(["b c", "a"]), "arguments = ['a', 'b c']"),
        ["its arguments were 'b c' a; the policy wants a 'b c'"]
    );
    assert_eq!(arguments(json!([""]), "arguments = []"), ["its arguments were ''; the policy wants none"]);
    assert_eq!(arguments(json!([""]), "arguments = ['']"), [""; 0]);
    for more in ["", "arguments = []", "arguments = ['a']"] {
        assert_eq!(arguments(Value::Null, more), ["its arguments are not recorded"]);
    }
    let set = |had: Value, more: &str| two(more, |run| run.inherited = had.clone());
    assert_eq!(
        set(json!(["BASH_ENV", "SHELLOPTS"]), ""),
        [
            "BASH_ENV was set, which changes what its shell does",
            "SHELLOPTS was set, which changes what its shell does"
        ]
    );
    assert_eq!(set(json!(["BASH_ENV"]), "environment = ['ENV', 'BASH_ENV']"), [""; 0]);
    assert_eq!(set(json!(["ENV"]), "environment = ['BASH_ENV']").len(), 1);
    assert_eq!(set(json!([]), "environment = ['BASH_ENV']"), [""; 0]);
    // In every mode.
    for mode in ["ordered", "contains"] {
        let more = format!("mode = '{mode}'");
        assert_eq!(two(&more, |run| run.arguments = json!(["x"])).len(), 1);
    }
}

const INIT: &str = "eval \"$(attesh init bash --ci)\"";

/// A block whose first units ran before the recording began.
fn block(before: &[&str], commands: &[&str]) -> Run {
    let mut run = Run::of(commands);
    run.units = Some(before.iter().chain(commands).map(|text| (*text).to_owned()).collect());
    run.before = before.len();
    run
}

#[test]
fn a_text_before_the_recording_goes_unjudged() {
    let denied =
        |before: &[&str], more: &str| texts(&format!("{POLICY}{more}"), &statement(&[block(before, &TWO)]));
    assert_eq!(denied(&[], ""), [""; 0]);
    assert_eq!(denied(&[INIT], ""), [""; 0]);
    let unnamed = |line: u64, text: &str| {
        format!(
            "line {line} `{text}` of the script ran before the recording began, and before = [...] does not name it there"
        )
    };
    for hidden in [
        "make() { :; }",
        "eval \"$(attesh init bash --ci)\"; make() { :; }",
        " eval \"$(attesh init bash --ci)\"",
        "eval \"$(./attesh init bash --ci)\"",
        "eval \"$(attesh init bash --ci)\" ",
    ] {
        assert_eq!(denied(&[hidden], ""), [unnamed(1, hidden.trim())], "{hidden}");
        assert_eq!(denied(&[hidden, INIT], ""), [unnamed(1, hidden.trim())], "{hidden}");
        assert_eq!(denied(&[hidden, INIT], &format!("before = ['''{hidden}''']")), [""; 0], "{hidden}");
    }
    let named = "before = ['cd src', 'make x']";
    assert_eq!(denied(&["cd src", "make x", INIT], named), [""; 0]);
    assert_eq!(denied(&["cd src", INIT], named), ["`make x` did not run before the recording began"]);
    assert_eq!(denied(&["make x", "cd src", INIT], named), [unnamed(1, "make x")]);
    assert_eq!(denied(&["cd src", "make x", "y", INIT], named), [unnamed(3, "y")]);
    assert_eq!(denied(&["cd src", "y", "make x", INIT], named), [unnamed(2, "y")]);
    // What ran before does not count as run since.
    let said = texts(POLICY, &statement(&[block(&["make"], &TWO[1..])]));
    assert_eq!(said[0], "line 1 `make` did not run; the first command that did was line 2 `make check`");
}

/// The lines of GitLab's runner around these items.
fn runner(items: &[&str]) -> Vec<String> {
    let notice = |item: &&str| format!("echo $'\\x1b[32;1m$ {item}\\x1b[0;m'");
    items.iter().flat_map(|item| [notice(item), (*item).to_owned()]).collect()
}

#[test]
fn lines_of_the_runner_are_judged_or_others_are_not() {
    let policy = format!("{POLICY}runner = 'gitlab'\n");
    let units = |texts: &[String]| {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        Run::of(&texts)
    };
    let whole = runner(&TWO);
    let run = units(&whole);
    assert_eq!(texts(&policy, &statement(std::slice::from_ref(&run))), [""; 0]);
    // Without the key its lines are like any other.
    assert!(
        texts(POLICY, &statement(std::slice::from_ref(&run)))[0].contains("ran and is not in the policy")
    );
    // How they ended is not judged, and how the items ended is.
    let mut failed = run.clone();
    (failed.ran[0].status, failed.ran[2].status) = (Some(1), None);
    failed.ran[2].outcome = Some("untold");
    assert_eq!(texts(&policy, &statement(&[failed])), [""; 0]);
    let mut failed = run.clone();
    failed.ran[1].status = Some(2);
    assert_eq!(texts(&policy, &statement(&[failed])), ["line 1 `make` ended with 2; 0 is allowed"]);
    // A line that begins like one is the job's own, in the plan and where it ran.
    for hidden in [
        "echo $'\\x1b[32;1m$ make\\x1b[0;m'; make() { :; }",
        "_runner_exit_code=$?; echo EVIL",
        "printf '%b\\n' section_end:$(evil):section_x\r\u{1b}[0K",
    ] {
        let mut more = whole.clone();
        more.insert(2, hidden.to_owned());
        let said = texts(&policy, &statement(&[units(&more)]));
        assert!(said[0].contains("ran and is not in the policy"), "{hidden}: {said:?}");
        let mut run = run.clone();
        run.units.as_mut().unwrap().push(hidden.to_owned());
        let said = texts(&policy, &statement(&[run]));
        assert!(said[0].ends_with("of the script is not in the policy"), "{hidden}: {said:?}");
    }
    // Unless the plan has it, no text is the runner's.
    let mut other = statement(&[run]);
    other.predicate.plans[0].units.as_mut().unwrap()[2].text = CommandText::Command("evil".into());
    assert!(texts(&policy, &other)[0].contains("ran and is not in the policy"));
    // Before the recording, too.
    let before = runner(&[INIT]);
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let mut run = units(&whole);
    run.units = Some(before.iter().map(|text| (*text).to_owned()).chain(whole).collect());
    run.before = 2;
    assert_eq!(texts(&policy, &statement(std::slice::from_ref(&run))), [""; 0]);
    assert!(
        texts(POLICY, &statement(&[run])).iter().any(|said| said.contains("before = [...] does not name"))
    );
}

#[test]
fn a_pipeline_hides_a_failure_from_a_policy_that_asks_for_all() {
    let of = |text: &str, pipe: Value, more: &str| {
        let mut whole = statement(&[Run::of(&[text])]);
        let command = &mut whole.predicate.commands.as_mut().unwrap()[0];
        command.pipe_status = serde_json::from_value(pipe).unwrap();
        texts(&format!("[[script]]\ncommands = ['''{text}''']\n{more}"), &whole)
    };
    let all = "pipe = 'all'";
    let bad = "./bad | tail -3";
    assert_eq!(of(bad, json!([3, 0]), ""), [""; 0]);
    assert_eq!(of(bad, json!([3, 0]), "pipe = 'last'"), [""; 0]);
    assert_eq!(of(bad, json!([0, 0]), all), [""; 0]);
    assert_eq!(
        of(bad, json!([3, 0]), all),
        ["line 1 `./bad | tail -3` has a pipeline that ended with 3 | 0; 0 is allowed"]
    );
    assert_eq!(of(bad, json!([3, 0]), "pipe = 'all'\nexit = [0, 3]"), [""; 0]);
    assert_eq!(of(bad, json!([3, 0]), "pipe = 'all'\nexit = 'any'"), [""; 0]);
    let unseen = |text: &str| {
        format!("line 1 `{text}` may have a pipeline of which nobody saw each status; 0 is allowed")
    };
    for text in [bad, "a|b", "a |& b", "a \\||b", "if a; then b|c; fi", "a ||| b", "a||b|c", "echo 'a|b'"] {
        assert_eq!(of(text, Value::Null, all), [unseen(text)]);
        assert_eq!(of(text, Value::Null, ""), [""; 0]);
    }
    for text in ["a", "a || b", "a && b || c"] {
        assert_eq!(of(text, Value::Null, all), [""; 0], "{text}");
    }
}

#[test]
fn a_command_counts_that_is_no_unit_of_the_plan() {
    for mode in ["entire", "ordered", "contains"] {
        let more = format!("mode = '{mode}'");
        let denied = |change: &dyn Fn(&mut Statement)| {
            let mut whole = statement(&[Run::of(&TWO)]);
            change(&mut whole);
            texts(&format!("{POLICY}{more}"), &whole)
        };
        assert_eq!(denied(&|_| {}), [""; 0]);
        let unit = |at: usize, unit: Option<u64>| {
            move |it: &mut Statement| it.predicate.commands.as_mut().unwrap()[at].unit = unit
        };
        assert_eq!(denied(&unit(1, None)), ["command 2 `make check` is no command of the script"], "{mode}");
        assert_eq!(
            denied(&unit(1, Some(3))),
            ["command 2 `make check` is not what the plan has in its place"]
        );
        assert_eq!(denied(&unit(1, Some(1))), ["line 1 `make check` is not what the plan has in its place"]);
        let other = denied(&|it| {
            it.predicate.plans[0].units.as_mut().unwrap()[1].text = CommandText::Command(": fake tst".into());
        });
        assert_eq!(other[0], "line 2 `make check` is not what the plan has in its place", "{mode}");
        assert_eq!(
            denied(&|it| it.predicate.plans[0].unchanged = false),
            ["its shell read something that is not the planned script"],
            "{mode}"
        );
        let none = denied(&|it| it.predicate.plans[0].units = None);
        assert!(none[0].starts_with("the plan has no commands"), "{mode}: {none:?}");
        // The same text twice is no other command.
        let twice = Run::of(&["make", "make"]);
        let mut twice = statement(&[twice]);
        for (command, unit) in twice.predicate.commands.as_mut().unwrap().iter_mut().zip([2, 1]) {
            command.unit = Some(unit);
        }
        let said = texts(&format!("[[script]]\nmode = '{mode}'\ncommands = ['make', 'make']"), &twice);
        assert_eq!(said, ["line 1 `make` ran again, or behind what follows it in the script"], "{mode}");
    }
}

#[test]
fn what_was_not_seen_is_allowed() {
    let deny = "[deny]\ncommands = ['curl']\n";
    let rule = "[[rule]]\ncel = 'true'\n";
    let seen = Run::of(&TWO);
    let whole = Run { evidence: "whole", ..Run::of(&["bash build.sh"]) };
    let other = Run { units: None, ran: Vec::new(), program: "sh", ..Run::of(&[]) };
    let typed = Run { units: None, ..Run::of(&TWO) };
    for (runs, shell) in [
        (vec![whole.clone()], Some(1)),
        (vec![other.clone()], Some(1)),
        (vec![seen.clone(), other], Some(8)),
        (vec![seen.clone(), typed], None),
        (vec![seen], None),
    ] {
        let statement = statement(&runs);
        let said: Vec<String> =
            shell.map(|shell| format!("the commands of shell {shell} were not seen")).into_iter().collect();
        assert_eq!(texts(deny, &statement), said);
        assert_eq!(texts(rule, &statement), said);
        assert_eq!(texts("", &statement), [""; 0]);
    }
    // Under traps a unit may have run although nothing says so, and before the recording it has.
    let mut traps = Run::of(&["make", "(curl x)"]);
    traps.ran.truncate(1);
    assert_eq!(texts(deny, &statement(std::slice::from_ref(&traps))), [""; 0]);
    traps.evidence = "traps";
    let said = texts(deny, &statement(std::slice::from_ref(&traps)));
    assert_eq!(said, ["line 2 `(curl x)` is denied by curl; traps cannot show that it did not run"]);
    traps.ran = Run::of(&["make", "(curl x)"]).ran;
    assert_eq!(texts(deny, &statement(&[traps.clone()])), ["line 2 `(curl x)` is denied by curl"]);
    let mut unknown = statement(&[traps]);
    unknown.predicate.plans[0].units = None;
    unknown.predicate.commands.as_mut().unwrap().pop();
    let said = texts(deny, &unknown);
    assert_eq!(said, ["the plan of shell 1 has no commands, so it may have one that is denied"]);
    let early = block(&["curl x | sh", INIT], &TWO);
    let said = texts(deny, &statement(&[early]));
    assert_eq!(said, ["line 1 `curl x | sh` is denied by curl; it ran before the recording began"]);
}

#[test]
fn a_script_of_remarks_runs_something() {
    let remarks = |ran: Vec<Ran>| {
        let mut run = Run { ran, ..Run::of(&[]) };
        run.ran.iter_mut().for_each(|one| one.unit = false);
        let mut whole = statement(&[Run::of(&TWO), run]);
        whole.predicate.plans[1].sha256 = Some("11".repeat(32));
        whole
    };
    for mode in ["entire", "ordered", "contains"] {
        let policy = format!("{POLICY}mode = '{mode}'");
        assert_eq!(texts(&policy, &remarks(Vec::new())), [""; 0]);
        assert_eq!(
            texts(&policy, &remarks(Run::of(&["rm -r x"]).ran)),
            ["command 3 `rm -r x` ran in a script (build.sh) that has no commands"]
        );
    }
}

#[test]
fn two_scripts_at_the_same_time_are_in_order() {
    let policy = "[[script]]\nname = 'a'\ncommands = ['make']\n[[script]]\ncommands = ['make check']\n";
    let mut both = statement(&[Run::of(&TWO[..1]), Run::of(&TWO[1..])]);
    assert_eq!(texts(policy, &both), [""; 0]);
    let said = ["script 1 (a) had not ended when script 2 began"];
    let next = both.predicate.plans[1].shell;
    both.predicate.plans[0].close = Some(next + 1);
    assert_eq!(texts(policy, &both), said);
    both.predicate.plans[0].close = None;
    assert_eq!(texts(policy, &both), said);
    let ordered = policy.replace("commands", "mode = 'ordered'\ncommands");
    assert_eq!(texts(&ordered, &both), said);
    // A policy of one script says nothing of the others' time.
    assert_eq!(texts("[[script]]\nmode = 'ordered'\ncommands = ['make']", &both).len(), 1);
}

#[test]
fn an_edited_command_of_several_lines_reads_like_the_one_that_was_wanted() {
    let of = |wanted: &str, found: &str| {
        let policy = format!("[[script]]\ncommands = ['make', '''{wanted}''']\nlines = [2, 4]");
        assert!(read(&policy).scripts[0].commands.len() == 2);
        texts(&policy, &statement(&[Run::of(&["make", found])]))[0].clone()
    };
    let wanted = "if true; then\n  echo two\n\n  echo three\nfi";
    let head = "line 4 `if true; then ...` did not run; in its place line 2 `if true; then ...` did";
    assert_eq!(
        of(wanted, &wanted.replace("three", "3")),
        format!("{head}; at line 7 `echo three` is wanted, and `echo 3` was found")
    );
    assert_eq!(
        of(wanted, &wanted.replace("\n\n", "\n")),
        format!("{head}; at line 6 `` is wanted, and `echo three` was found")
    );
    assert_eq!(
        of(wanted, &format!("{wanted}\nevil")),
        format!("{head}; at line 9 its end is wanted, and `evil` was found")
    );
    assert_eq!(
        of(wanted, &wanted.replace("  echo two", " echo two")),
        format!("{head}; at line 5 it has other blanks")
    );
    assert_eq!(of("make x", "make y"), "line 4 `make x` did not run; in its place line 2 `make y` did");
}
