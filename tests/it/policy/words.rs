//! What a policy asks for in words, and what is said of a script before a policy is made of it.

use attesh::policy::{self, Policy};
use attesh::script::Script;

fn explained(text: &str) -> Vec<String> {
    Policy::read(format!("version = 1\n{text}").as_bytes()).unwrap().explain()
}

/// A policy with every key.
const WHOLE: &str = "\
[trust]
keys = ['ci.pub', 'ops.pub']
max-age = '2h'
[session]
complete = false
max-lost = 1
max-redacted = 2
max-paused = 3
max-tail = '1m'
[[script]]
name = 'build'
plan = 'exit'
sha256 = '0000000000000000000000000000000000000000000000000000000000000000'
commands = ['cd src/', \"printf '\\u001b'\"]
lines = [2, 5]
exit = [0, 3]
[[script]]
mode = 'ordered'
exit = 'any'
commands = ['make']
[[script]]
mode = 'contains'
commands = ['make']
[deny]
commands = ['curl .*']
[subject]
require = ['bin/app']
[[rule]]
name = 'few'
cel = 'predicate.outcome.commandCount < 9 '
";

#[test]
fn a_policy_is_told_otherwise_than_it_judges() {
    let told = [
        "Script 1 (build):",
        "  Its plan was recorded, when the block ended or before.",
        "  Its bytes have the sha256 0000000000000000000000000000000000000000000000000000000000000000.",
        "  These commands ran, in this order, and no other:",
        "    line 2: `cd src/`",
        "    line 5: `printf '\u{1b}'`",
        "  Each ended with one of 0, 3.",
        "  The shell came to its end, with the status of the last command.",
        "Script 2:",
        "  It may have no plan.",
        "  These commands ran, in this order; others may have run between them:",
        "    line 1: `make`",
        "  Each may have ended with any status.",
        "Script 3:",
        "  It may have no plan.",
        "  These commands ran, in any order, among others:",
        "    line 1: `make`",
        "  Each ended with 0.",
        "No other script ran, and no command in a shell without a plan.",
        "The session may be incomplete; verify ends with 4 all the same.",
        "At most one command ran unrecorded.",
        "At most 2 records had a text taken out.",
        "At most 3 pauses were declared.",
        "It was sealed at most 60 s after its last record.",
        "A key of these files sealed it: ci.pub, ops.pub.",
        "It was sealed at most 7200 s ago.",
        "No command contains: curl .*",
        "bin/app is among its subjects.",
        "This is true (few): predicate.outcome.commandCount < 9",
    ];
    assert_eq!(explained(WHOLE), told);
    let least = [
        "The session is complete.",
        "No command ran unrecorded.",
        "No record had a text taken out.",
        "No pause was declared.",
    ];
    assert_eq!(explained(""), least);
}

#[test]
fn what_bash_will_not_tell_of_a_script_goes_unsaid() {
    let between = "bash does not report how this ends before what follows it; add a line with : after it, or write || exit behind it";
    let behind = "with an EXIT trap bash does not report that this ran; add a line with : after it";
    let well =
        "a trap that ends with exit 0 hides how this ends; end the trap with the status that it began with";
    for (text, units, remarks) in [
        ("make\nmake check\n", "1-1,2-2", vec![]),
        ("a && b\n(c)\nd\n", "1-1,2-2,3-3", vec![(1, between)]),
        ("f() { :; }\n(c)\nd\n", "1-1,2-2,3-3", vec![]),
        ("make\n(c)\nd\n", "1-1,2-2,3-3", vec![]),
        ("trap 'rm x' EXIT\nmake\n\n(c)\n", "1-1,2-2,4-4", vec![(4, behind)]),
        ("make\n(c)\n", "1-1,2-2", vec![]),
        ("trap 'rm x; exit 0' EXIT\nmake\n", "1-1,2-2", vec![(2, well)]),
        ("# nothing\n", "", vec![]),
    ] {
        let script = Script::decode(Some(text.as_bytes()), Some(units.as_bytes())).unwrap();
        let expected: Vec<String> =
            remarks.iter().map(|(line, what)| format!("line {line}: {what}")).collect();
        assert_eq!(policy::remarks(&script), expected, "{text}");
    }
}
