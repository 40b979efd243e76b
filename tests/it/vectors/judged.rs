//! Envelopes held against policies: what is met, what is denied, and with which words.

use std::collections::BTreeMap;

use attesh::cause::Code;
use attesh::seal::statement::{CommandText, Statement};
use serde_json::{Value, json};

use super::envelopes::{Cases, THREE, commands, failing, incomplete, sign, whole};
use crate::policy::judge::{Run, ran, rename_scripts, set_transcript, statement};

pub fn add(cases: &mut Cases) {
    scripts(cases);
    runs(cases);
    shells(cases);
    unseen(cases);
    rest(cases);
}

const BUILD: &str = "commands = ['cd src/', 'echo \"something\"', 'go build ./...']\n";
const BY_MODE: [(&str, &str); 3] =
    [("entire", ""), ("ordered", "mode = 'ordered'\n"), ("contains", "mode = 'contains'\n")];

/// The policies that envelopes are held against.
pub fn policies() -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |name: &str, text: String| {
        all.insert(format!("{name}.toml"), format!("version = 1\n{text}"));
    };
    for (name, mode) in BY_MODE {
        add(name, format!("[[script]]\n{mode}{BUILD}"));
    }
    for (name, more) in [
        ("traps", "evidence = 'traps'"),
        ("options", "options = ['-e', '-O', 'extglob']"),
        ("arguments", "arguments = ['all']"),
        ("environment", "environment = ['BASH_ENV']"),
        ("before", "before = ['set -u']"),
        ("gitlab", "runner = 'gitlab'"),
    ] {
        add(name, format!("[[script]]\n{more}\n{BUILD}"));
    }
    add(
        "several",
        "[[script]]\ncommands = [\"\"\"if true; then\n  echo two\n  echo three\nfi\"\"\"]\n".into(),
    );
    add("pipe", "[[script]]\npipe = 'all'\ncommands = ['./bad | tail']\n".into());
    add("pipe-last", "[[script]]\ncommands = ['./bad | tail']\n".into());
    add("sealed", "[trust]\nat = 'sealed'\n".into());
    add("rule-true", "[[rule]]\ncel = 'true'\n".into());
    add("digest", format!("[[script]]\nsha256 = '{}'\n{BUILD}", Run::of(&THREE).sha256()));
    add("any-status", format!("[[script]]\nexit = 'any'\n{BUILD}"));
    add("statuses", format!("[[script]]\nexit = [0, 3]\n{BUILD}"));
    add("lines", format!("[[script]]\n{BUILD}lines = [2, 5, 9]\n"));
    add("two", format!("[[script]]\nname = 'build'\n{BUILD}[[script]]\ncommands = ['make check']\n"));
    add("untold", "[[script]]\ncommands = ['(make)', 'make check']\n".into());
    add("incomplete", "[session]\ncomplete = false\nmax-lost = 2\n".into());
    add("nothing", String::new());
    add("tail", "[session]\nmax-tail = '59s'\n".into());
    add("age", "[trust]\nmax-age = '179s'\n".into());
    add("young", "[trust]\nmax-age = '3m'\n".into());
    add("deny", "[deny]\ncommands = ['^echo .something.$', '^[(]echo', 'curl .*\\| *sh']\n".into());
    add("subject", "[subject]\nrequire = ['bin/app']\n".into());
    add("other-subject", "[subject]\nrequire = ['bin/other']\n".into());
    add("rule", "[[rule]]\nname = 'few'\ncel = 'predicate.outcome.commandCount < 3'\n".into());
    add("no-answer", "[[rule]]\ncel = 'predicate.nothing == 1'\n".into());
    all
}

const DID: &str = "3 of 3 commands ran, in order, exit 0";

const CD: &str = THREE[0];
const ECHO: &str = THREE[1];
const GO: &str = THREE[2];

/// Name, policy, the commands that ran, why it is denied, and what is said of it.
type OfScript = (&'static str, &'static str, &'static [&'static str], Option<Code>, &'static str);

const OF_SCRIPTS: &[OfScript] = &[
    (
        "first-missing",
        "entire",
        &[ECHO, GO],
        Some(Code::ScriptLineMissing),
        "line 1 `cd src/` did not run; the first command that did was line 2",
    ),
    (
        "middle-missing",
        "entire",
        &[CD, GO],
        Some(Code::ScriptLineMissing),
        "line 2 `echo \"something\"` did not run; the command before it that did was line 1",
    ),
    (
        "last-missing",
        "entire",
        &[CD, ECHO],
        Some(Code::ScriptLineMissing),
        "line 3 `go build ./...` did not run; the command before it that did was line 2",
    ),
    (
        "all-missing",
        "entire",
        &[],
        Some(Code::ScriptLineMissing),
        "line 1 `cd src/` did not run; no command did",
    ),
    (
        "one-added",
        "entire",
        &[CD, "touch x", ECHO, GO],
        Some(Code::ScriptLineAdded),
        "line 2 `touch x` ran and is not in the policy; the command before it was line 1",
    ),
    (
        "one-added-first",
        "entire",
        &["touch x", CD, ECHO, GO],
        Some(Code::ScriptLineAdded),
        "line 1 `touch x` ran and is not in the policy; it ran before line 1",
    ),
    (
        "one-added-last",
        "entire",
        &[CD, ECHO, GO, "touch x"],
        Some(Code::ScriptLineAdded),
        "line 4 `touch x` ran and is not in the policy; the command before it was line 3",
    ),
    (
        "swapped",
        "entire",
        &[CD, GO, ECHO],
        Some(Code::ScriptOrder),
        "line 3 `go build ./...` ran before line 2",
    ),
    (
        "replaced",
        "entire",
        &[CD, "true", GO],
        Some(Code::ScriptLineReplaced),
        "line 2 `echo \"something\"` did not run; in its place line 2 `true` did",
    ),
    (
        "twice",
        "entire",
        &[CD, ECHO, ECHO, GO],
        Some(Code::ScriptLineAdded),
        "line 3 `echo \"something\"` ran and is not in the policy",
    ),
    ("others-between", "ordered", &["set -e", CD, ECHO, "date", GO, "date"], None, DID),
    (
        "ordered-swapped",
        "ordered",
        &[CD, GO, ECHO],
        Some(Code::ScriptOrder),
        "line 3 `go build ./...` did not run after line 2",
    ),
    (
        "ordered-missing",
        "ordered",
        &[CD, GO],
        Some(Code::ScriptLineMissing),
        "line 2 `echo \"something\"` did not run",
    ),
    ("contains-swapped", "contains", &[GO, CD, ECHO], None, "3 of 3 commands ran, exit 0"),
    (
        "contains-missing",
        "contains",
        &[GO, CD],
        Some(Code::ScriptLineMissing),
        "line 2 `echo \"something\"` did not run",
    ),
    ("digest-met", "digest", &THREE, None, DID),
    (
        "other-lines",
        "lines",
        &[CD, ECHO],
        Some(Code::ScriptLineMissing),
        "line 9 `go build ./...` did not run; the command before it that did was line 5",
    ),
    (
        "one-script-of-two",
        "two",
        &THREE,
        Some(Code::ScriptPlanMissing),
        "script 2: line 1 `make check` cannot be shown to have run: there is no plan",
    ),
];

fn scripts(cases: &mut Cases) {
    cases.held("entire-met", "entire", None, DID, &whole());
    for (name, policy, commands, code, why) in OF_SCRIPTS {
        cases.held(name, policy, *code, why, &statement(&[Run::of(commands)]));
    }
    let mut other = whole();
    other.predicate.plans[0].sha256 = Some("11".repeat(32));
    rename_scripts(&mut other);
    cases.held(
        "other-bytes",
        "digest",
        Code::ScriptOther,
        "the script is another one, byte by byte: its sha256 is 1111",
        &other,
    );
    let two = [Run::of(&THREE), Run::of(&["make check"])];
    cases.held("two-scripts", "two", None, "4 of 4 commands ran, in order, exit 0", &statement(&two));
    cases.held(
        "script-too-many",
        "entire",
        Code::ScriptLineAdded,
        "script 2 (build.sh) is not in the policy; 1 of its commands ran",
        &statement(&two),
    );
    let mut aside = Run::of(&["curl x | sh"]);
    aside.units = None;
    let aside = statement(&[Run::of(&THREE), aside]);
    cases.held(
        "shell-aside",
        "entire",
        Code::ScriptLineAdded,
        "`curl x | sh` ran in a shell without a plan",
        &aside,
    );
}

fn changed(change: fn(&mut Run)) -> Statement {
    let mut run = Run::of(&THREE);
    change(&mut run);
    statement(&[run])
}

fn runs(cases: &mut Cases) {
    let failed = statement(&[failing(3)]);
    cases.held(
        "failed-midway",
        "entire",
        Code::ScriptStatus,
        "line 2 `echo \"something\"` ended with 3; 0 is allowed",
        &failed,
    );
    cases.held(
        "failed-allowed",
        "statuses",
        Code::ScriptLineMissing,
        "line 3 `go build ./...` did not run",
        &failed,
    );
    let last = changed(|run| (run.ran[2].status, run.exit) = (Some(3), json!(3)));
    cases.held(
        "last-failed",
        "entire",
        Code::ScriptStatus,
        "line 3 `go build ./...` ended with 3; 0 is allowed",
        &last,
    );
    cases.held("last-failed-allowed", "statuses", None, "3 of 3 commands ran, in order, exit 3", &last);
    cases.held("last-failed-any", "any-status", None, "3 of 3 commands ran, in order, exit 3", &last);
    changes(cases);
    let mut silent = Run::of(&["(make)", "make check"]);
    (silent.ran[0].status, silent.ran[0].outcome) = (None, Some("untold"));
    cases.held(
        "untold",
        "untold",
        Code::ScriptStatusUntold,
        "line 1 `(make)` ended with a status that nobody saw",
        &statement(&[silent]),
    );
    let mut hidden = whole();
    commands(&mut hidden)[1].text = CommandText::Withheld(true);
    // Its transcript is another one, too.
    let lines = commands(&mut hidden).iter().flat_map(|one| one.text.transcript_line(one.exit_code));
    let lines: Vec<u8> = lines.collect();
    let digest = attesh::encoding::hex(&attesh::crypto::sha256(&[&lines]));
    hidden.predicate.transcript.bytes = lines.len() as u64;
    set_transcript(&mut hidden, digest);
    cases.held(
        "text-withheld",
        "entire",
        Code::ScriptLineHidden,
        "line 2 `echo \"something\"`: the text of the command that ran is not there",
        &hidden,
    );
    cases.held(
        "text-withheld-denied",
        "deny",
        Code::CommandHidden,
        "the text of command 2 is not there, so it may be denied",
        &hidden,
    );
    let mut again = Run::of(&["cd src/", "echo \"something\"", "go build ./...", "go build ./..."]);
    again.ran[2] = ran("go build ./...", 1);
    cases.held("second-try", "ordered", None, DID, &statement(&[again]));
}

fn changes(cases: &mut Cases) {
    for (name, code, why, change) in [
        (
            "file-changed",
            Code::ScriptChanged,
            "its shell read something that is not the planned script",
            (|run| run.unchanged = false) as fn(&mut Run),
        ),
        (
            "other-command-told",
            Code::ScriptLineUnplanned,
            "command 2 `echo \"something\"` is no command of the script",
            |run| run.ran[1].unit = false,
        ),
        (
            "plan-differs",
            Code::ScriptLineUnplanned,
            "line 2 `echo \"something\"` is not what the plan has",
            |run| run.units.as_mut().unwrap()[1] = "true".into(),
        ),
        ("plan-has-more", Code::ScriptLineAdded, "line 4 `true` of the script is not in the policy", |run| {
            run.units.as_mut().unwrap().push("true".into())
        }),
        (
            "no-plan",
            Code::ScriptPlanMissing,
            "line 1 `cd src/` cannot be shown to have run: there is no plan",
            |run| run.units = None,
        ),
        (
            "killed",
            Code::ScriptEnd,
            "a signal ended the script; the last command that ran was line 3",
            |run| (run.closed, run.exit) = (json!("signal"), json!(137)),
        ),
        ("not-closed", Code::ScriptEnd, "the script was not seen to come to its end", |run| {
            run.closed = Value::Null
        }),
        ("other-exit", Code::ScriptExit, "the script ended with 3; 0 is allowed", |run| run.exit = json!(3)),
        ("no-exit", Code::ScriptExit, "nobody saw the script's exit status", |run| run.exit = Value::Null),
        (
            "not-seen-to-end",
            Code::ScriptStatusUnseen,
            "line 2 `echo \"something\"` was not seen to end",
            |run| run.ran[1].status = None,
        ),
    ] {
        cases.held(name, "entire", code, why, &changed(change));
    }
}

/// How the shell of a script was started, and what ran before and beside the script's commands.
fn shells(cases: &mut Cases) {
    let traps = changed(|run| run.evidence = "traps");
    cases.held("traps-met", "traps", None, DID, &traps);
    cases.held("reader-for-traps", "traps", None, DID, &whole());
    let why = "traps of the script's own shell told of its commands";
    cases.held("traps-denied", "entire", Code::ScriptEvidence, why, &traps);
    let other = changed(|run| run.options = json!(["-e", "-O", "extglob"]));
    cases.held("options-met", "options", None, DID, &other);
    let why =
        "its shell had the options -e -O extglob; the policy wants only such as do not change what runs";
    cases.held("options-other", "entire", Code::ScriptOptions, why, &other);
    let why = "its shell had the options -e; the policy wants -e -O extglob";
    cases.held("options-missing", "options", Code::ScriptOptions, why, &whole());
    let null = changed(|run| (run.options, run.arguments) = (json!(null), json!(["all"])));
    cases.held(
        "options-unknown",
        "arguments",
        Code::ScriptOptions,
        "the options of its shell are not recorded",
        &null,
    );
    let given = changed(|run| run.arguments = json!(["all"]));
    cases.held("arguments-met", "arguments", None, DID, &given);
    let why = "its arguments were all; the policy wants none";
    cases.held("arguments-other", "entire", Code::ScriptArguments, why, &given);
    let null = changed(|run| run.arguments = json!(null));
    cases.held("arguments-unknown", "arguments", Code::ScriptArguments, "its arguments are not", &null);
    let set = changed(|run| run.inherited = json!(["BASH_ENV"]));
    cases.held("environment-met", "environment", None, DID, &set);
    cases.held("environment-other", "contains", Code::ScriptEnvironment, "BASH_ENV was set", &set);
    let early = changed(|run| {
        run.units.as_mut().unwrap().splice(0..0, ["set -u".to_owned(), INIT.to_owned()]);
        run.before = 2;
    });
    cases.held("before-met", "before", None, DID, &early);
    let why = "line 1 `set -u` of the script ran before the recording began";
    cases.held("before-unnamed", "entire", Code::ScriptBefore, why, &early);
    let why = "`set -u` did not run before the recording began";
    cases.held("before-missing", "before", Code::ScriptBefore, why, &whole());
    let notices: Vec<String> = (THREE.iter())
        .flat_map(|item| [format!("echo $'\\x1b[32;1m$ {item}\\x1b[0;m'"), (*item).to_owned()])
        .collect();
    let notices: Vec<&str> = notices.iter().map(String::as_str).collect();
    let job = statement(&[Run::of(&notices)]);
    cases.held("runner-met", "gitlab", None, DID, &job);
    let why = "line 1 `echo $'\\x1b[32;1m$ cd src/\\x1b[0;m'` ran and is not in the policy";
    cases.held("runner-unnamed", "entire", Code::ScriptLineAdded, why, &job);
    let hidden = "echo $'\\x1b[32;1m$ a\\x1b[0;m'; evil";
    let hidden = statement(&[Run::of(&[THREE[0], hidden, THREE[1], THREE[2]])]);
    cases.held("runner-imitated", "gitlab", Code::ScriptLineAdded, "; evil` ran and is not in the", &hidden);
    for (name, policy, code, statuses) in [
        ("pipe-met", "pipe", None, Some([0, 0])),
        ("pipe-failed", "pipe", Some(Code::ScriptPipe), Some([3, 0])),
        ("pipe-unseen", "pipe", Some(Code::ScriptPipeUnseen), None),
        ("pipe-not-asked", "pipe-last", None, Some([3, 0])),
    ] {
        let mut piped = statement(&[Run::of(&["./bad | tail"])]);
        commands(&mut piped)[0].pipe_status = statuses.map(Vec::from);
        let why = if code.is_some() { "line 1 `./bad | tail` " } else { "1 of 1 command ran" };
        cases.held(name, policy, code, why, &piped);
    }
}

const INIT: &str = "eval \"$(attesh init bash --ci)\"";

/// What nobody saw, and what belongs to nothing.
fn unseen(cases: &mut Cases) {
    // Nothing is known of a shell of another kind but that it began and ended.
    let other = statement(&[Run { units: None, program: "sh", ..Run::of(&[]) }]);
    let why = "the commands of shell 1 were not seen";
    cases.held("unseen-denied", "deny", Code::CommandUnseen, why, &other);
    cases.held("unseen-rule", "rule-true", Code::CommandUnseen, why, &other);
    let mut traps = Run::of(&["make", "(echo something)"]);
    traps.evidence = "traps";
    traps.ran.truncate(1);
    let why = "line 2 `(echo something)` is denied by ^[(]echo; traps cannot show";
    cases.held("unannounced-denied", "deny", Code::CommandDenied, why, &statement(&[traps]));
    // What the end of the script shows not to have run may run unseen where there is no such end.
    let mut left = Run::of(&["make", "(echo something)"]);
    left.ran.truncate(1);
    cases.held("not-reached-met", "deny", None, "1 command recorded", &statement(&[left]));
    for closed in [Value::Null, json!("stopped"), json!("unknown")] {
        let mut left = Run::of(&["make", "(echo something)"]);
        left.ran.truncate(1);
        let name = format!("not-seen-{}-denied", closed.as_str().unwrap_or("open"));
        (left.closed, left.exit) = (closed, Value::Null);
        let why = "line 2 `(echo something)` is denied by ^[(]echo; nothing shows that it did not run";
        cases.held(&name, "deny", Code::CommandDenied, why, &statement(&[left]));
    }
    for (name, policy) in [("no-unit-ordered", "ordered"), ("no-unit-contains", "contains")] {
        let other = changed(|run| run.ran[1].unit = false);
        let why = "command 2 `echo \"something\"` is no command of the script";
        cases.held(name, policy, Code::ScriptLineUnplanned, why, &other);
        let name = name.replace("no-unit", "changed");
        let other = changed(|run| run.unchanged = false);
        cases.held(&name, policy, Code::ScriptChanged, "its shell read something", &other);
    }
    let mut remarks = Run::of(&["touch x"]);
    (remarks.units, remarks.ran[0].unit) = (Some(Vec::new()), false);
    let mut remarks = statement(&[Run::of(&THREE), remarks]);
    remarks.predicate.plans[1].sha256 = Some("11".repeat(32));
    rename_scripts(&mut remarks);
    let why = "command 4 `touch x` ran in a script (build.sh) that has no commands";
    cases.held("remarks-ran", "entire", Code::ScriptLineAdded, why, &remarks);
    let edited = "if true; then\n  echo two\n  echo 3\nfi";
    let why = "at line 3 `echo three` is wanted, and `echo 3` was found";
    cases.held("edited-later", "several", Code::ScriptLineReplaced, why, &statement(&[Run::of(&[edited])]));
}

fn rest(cases: &mut Cases) {
    let good = whole();
    for (name, policy, code, why) in [
        (
            "deny",
            "deny",
            Some(Code::CommandDenied),
            "line 2 `echo \"something\"` is denied by ^echo .something.$",
        ),
        ("subject", "subject", None, "3 commands recorded"),
        ("subject-missing", "other-subject", Some(Code::PolicySubject), "there is no subject bin/other"),
        (
            "rule-false",
            "rule",
            Some(Code::PolicyRule),
            "rule few is false: predicate.outcome.commandCount < 3",
        ),
        ("rule-error", "no-answer", Some(Code::PolicyRule), "rule 1 cannot be evaluated"),
        (
            "tail-too-long",
            "tail",
            Some(Code::SessionTail),
            "sealed 60 s after the last record; 59 s are allowed",
        ),
        ("too-old", "age", Some(Code::PolicyAge), "the session ended 180 s ago; at most 179 s are allowed"),
        ("young-enough", "young", None, "3 commands recorded"),
        ("nothing-asked", "nothing", None, "3 commands recorded"),
    ] {
        cases.held(name, policy, code, why, &good);
    }
    let mut paused = whole();
    paused.predicate.outcome.pause_count = 1;
    cases.held(
        "paused-denied",
        "nothing",
        Code::SessionPaused,
        "1 pause was declared; at most 0 are allowed",
        &paused,
    );
    let mut redacted = whole();
    redacted.predicate.outcome.redacted_count = 2;
    cases.held(
        "redacted-denied",
        "nothing",
        Code::SessionRedacted,
        "2 texts were redacted; at most 0 are allowed",
        &redacted,
    );
    // What is incomplete ends with 4, whatever the policy allows.
    let (text, why) =
        (sign(incomplete().to_json(), 7).to_json(), "incomplete: the journal has no end (record 8)");
    cases.refused("incomplete-allowed", Code::StoryNoEnd, why, text.clone()).policy = "incomplete";
    cases.refused("incomplete-denied", Code::StoryNoEnd, why, text).policy = "entire";
}
