//! What a policy asks for in words.

use attesh::policy::Policy;

fn explained(text: &str) -> Vec<String> {
    Policy::read(format!("version = 1\n{text}").as_bytes()).unwrap().explain()
}

/// A policy with every key.
const WHOLE: &str = "\
[trust]
keys = ['ci.pub', 'ops.pub']
max-age = '2h'
at = 'sealed'
[session]
complete = false
max-lost = 1
max-redacted = 2
max-paused = 3
max-tail = '1m'
[[script]]
name = 'build'
sha256 = '0000000000000000000000000000000000000000000000000000000000000000'
commands = ['cd src/', \"printf '\\u001b'\"]
lines = [2, 5]
exit = [0, 3]
pipe = 'all'
evidence = 'traps'
arguments = ['all', 'a b']
options = ['-e', '-O', 'extglob']
environment = ['BASH_ENV', 'ENV', 'SHELLOPTS', 'BASHOPTS', 'BASH_FUNC', 'LD_PRELOAD', 'LD_AUDIT', 'LD_LIBRARY_PATH', 'POSIXLY_CORRECT', 'CDPATH', 'GLOBIGNORE', 'EXECIGNORE']
before = ['cd a', 'make']
runner = 'gitlab'
[[script]]
mode = 'ordered'
exit = 'any'
options = []
environment = ['ENV']
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
        "  Its plan was recorded before its first command.",
        "  Its commands were read from bash itself, or traps of its own shell told of them.",
        "  The options of its shell were: -e -O extglob.",
        "  Its arguments were: all 'a b'.",
        "  This ran before the recording began:",
        "    `cd a`",
        "    `make`",
        "  Lines that GitLab's runner wrote are set aside.",
        "  Its bytes have the sha256 0000000000000000000000000000000000000000000000000000000000000000.",
        "  These commands ran, in this order, and no other:",
        "    line 2: `cd src/`",
        "    line 5: `printf '\u{1b}'`",
        "  Each ended with one of 0, 3.",
        "  So did each command of a pipeline, not only its last.",
        "  The shell came to its end, with the status of the last command.",
        "Script 2:",
        "  The session may have no plan. If it has:",
        "  Its commands were read from bash itself.",
        "  The options of its shell were: none.",
        "  Its arguments were: none.",
        "  None of these was set: BASH_ENV, SHELLOPTS, BASHOPTS, BASH_FUNC, LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH, POSIXLY_CORRECT, CDPATH, GLOBIGNORE, EXECIGNORE.",
        "  Nothing of it ran before the recording began.",
        "  These commands ran, in this order; others may have run between them:",
        "    line 1: `make`",
        "  Each may have ended with any status.",
        "Script 3:",
        "  The session may have no plan. If it has:",
        "  Its commands were read from bash itself.",
        "  Its shell had only options that do not change what runs.",
        "  Its arguments were: none.",
        "  None of these was set: BASH_ENV, ENV, SHELLOPTS, BASHOPTS, BASH_FUNC, LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH, POSIXLY_CORRECT, CDPATH, GLOBIGNORE, EXECIGNORE.",
        "  Nothing of it ran before the recording began.",
        "  These commands ran, in any order, among others:",
        "    line 1: `make`",
        "  Each ended with 0.",
        "No other script ran, and no command in a shell without a plan.",
        "The session may be incomplete; verify ends with 4 all the same.",
        "At most one command ran unrecorded.",
        "At most 2 texts were taken out.",
        "At most 3 pauses were declared.",
        "It was sealed at most 60 s after its last record.",
        "A key of these files sealed it: ci.pub, ops.pub.",
        "The session ended at most 7200 s ago.",
        "A key with times of validity was valid at the time that the seal names.",
        "No command contains: curl .*",
        "No command has a masked secret.",
        "bin/app is among its subjects.",
        "This is true (few): predicate.outcome.commandCount < 9",
    ];
    assert_eq!(explained(WHOLE), told);
    let least = [
        "The session is complete.",
        "No command ran unrecorded.",
        "No text was taken out.",
        "No pause was declared.",
    ];
    assert_eq!(explained(""), least);
}

#[test]
fn a_long_command_is_told_in_part() {
    let long = format!("make {}; rm -rf /", "x".repeat(300));
    let told = explained(&format!("[[script]]\ncommands = ['{long}']\nbefore = ['{long}2']"));
    assert!(told.contains(&format!("    line 1: `{long}`")), "{told:?}");
    assert!(told.contains(&format!("    `{long}2`")), "{told:?}");
    let several = explained("[[script]]\ncommands = [\"if a\\nthen b\\nfi\"]");
    assert!(several.contains(&"    line 1: `if a\nthen b\nfi`".to_owned()), "{several:?}");
}
