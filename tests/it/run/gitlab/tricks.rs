//! A job of which an item did not run, or failed, or that ran something else, is never VERIFIED;
//! one that ran whole and well is, in each form that a runner gives it.
//!
//! What lives here: lists of items with the lists of their policies, texts that Buildkite has a
//! shell run. What does not: scripts (`verdicts`).
//!
//! Rules: in a false job no item makes `ran`, or one makes `evil`, or the job fails, in bash alone.
//! A share of the forms is run; the long form runs all, on each bash.

use super::{INIT, Job, Shape, bash, text};
use crate::run::differ::all_wrong;
use crate::stage::shells::{self, Family, Shell};
use crate::stage::world::{put, sized};

/// One form in so many is run.
const SHARE: usize = 4;
/// What the runner adds to each item with FF_ENABLE_BASH_EXIT_CODE_CHECK, without its end.
const CHECK: &str = "_runner_exit_code=$?";

/// What the job's own folder has.
const LIBRARIES: [(&str, &str); 7] = [
    ("exits.sh", "exit 0\n"),
    (
        "hides.sh",
        "shopt -s expand_aliases\nalias echo='echo <<\"true\"'\nalias printf='printf x <<\"true\"'\n",
    ),
    ("remarks.sh", "shopt -s expand_aliases\nalias run='true #'\n"),
    ("traps.sh", "trap 'exit 0' ERR\ntrap 'exit 0' EXIT\n"),
    ("signal.sh", "trap 'exit 0' TERM\n"),
    ("onecmd.sh", "set -t\n"),
    ("noexec.sh", "set -n\n"),
];

/// A list that ran, and that of its policy.
type Lists = (Vec<String>, Vec<String>);

fn false_jobs() -> Vec<Lists> {
    let own = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    let with_init = |items: &[&str]| [own(&[INIT]), own(items)].concat();
    // Each ran as its policy has it.
    let same: [&[&str]; 22] = [
        &["exit 0", "touch ran"],
        &["if true; then\n  exit 0\nfi", "touch ran"],
        &["exec true", "touch ran"],
        &["eval \"exit 0\"", "touch ran"],
        &["eval \"$(echo 'make() { :; }'; echo make test; echo exit 0)\"", "make test", "touch ran"],
        &[". ./exits.sh", "touch ran"],
        &[". ./hides.sh", "touch ran", "true", "test -d ."],
        &[". ./remarks.sh", "run ; touch ran", "true"],
        &[". ./traps.sh", "false", "touch ran"],
        &["trap 'exit 0' EXIT", "false", "touch ran"],
        &["trap 'exit 0' ERR", "( exit 3 )", "touch ran"],
        &[". ./signal.sh", "kill $BASHPID; sleep 0.01", "touch ran"],
        &[". ./noexec.sh", "touch ran"],
        &["set -n", "touch ran"],
        &["set +e", "false", "true"],
        &["kill -9 $BASHPID", "touch ran"],
        &["false", "touch ran"],
        &["false || exit 0", "touch ran"],
        &["cat <<END", "touch ran", "END\ntrue"],
        &["attesh stop || true", "exit 0", "touch ran"],
        &["rm -rf .attesh; exit 0", "touch ran"],
        &["f() { exit 0; }", "f", "touch ran"],
    ];
    let mut jobs: Vec<Lists> = same.iter().map(|items| (with_init(items), own(items))).collect();
    // What ran has more than its policy.
    let items = ["true", "test -d .", "true"];
    let more = [
        format!("true\n{CHECK}; touch evil"),
        format!(
            "true\n{CHECK}; if [ $_runner_exit_code -ne 0 ]; then exit $_runner_exit_code; fi; touch evil"
        ),
        "true\nprintf '%b\\n' section_start:1:section_script_step_1; touch evil".to_owned(),
        "true\nprintf '%b\\n' section_end:1:section_script_step_1 && touch evil".to_owned(),
        "true\necho $'\\x1b[32;1m$ true\\x1b[0;m'; touch evil".to_owned(),
        "true\necho \"$(touch evil)\"".to_owned(),
        "true\nprintf '%b\\n' section_start:$(touch evil):x".to_owned(),
        "true\n\ntouch evil".to_owned(),
        "true; touch evil".to_owned(),
        "true # collapsed multi-line command\ntouch evil".to_owned(),
        format!("true\n{CHECK}; set +e; false; touch evil"),
        "true\n: touch evil\ntouch evil".to_owned(),
    ];
    for first in more {
        jobs.push((with_init(&[&first, items[1], items[2]]), own(&items)));
    }
    // Something stands before the line that begins the recording, in it or behind it.
    for init in [
        format!("{INIT}; make() {{ :; }}"),
        format!("{INIT}\nmake() {{ :; }}"),
        format!("make() {{ :; }}; {INIT}"),
        format!("make() {{ :; }}\n{INIT}"),
        format!("{INIT} && make() {{ :; }}"),
        format!("{INIT}; touch evil"),
        format!("touch evil\n{INIT}"),
    ] {
        jobs.push((own(&[&init, "make test"]), own(&["make test"])));
    }
    jobs.push((own(&["make() { :; }", INIT, "make test"]), own(&["make test"])));
    jobs.push((own(&["touch evil", INIT, "true"]), own(&["true"])));
    jobs.push((own(&["shopt -s expand_aliases\nalias run=true", INIT, "true"]), own(&["true"])));
    jobs.last_mut().unwrap().0.push("touch evil".to_owned());
    jobs
}

fn words(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// The job of a list, with its folder.
fn job(shell: &Shell, shape: Shape) -> Job {
    let job = Job::new(&shell.binary(), shape);
    let made = job.path("bin/make");
    put(&made, b"#!/bin/sh\ntouch ran\n");
    std::fs::set_permissions(&made, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for (name, text) in LIBRARIES {
        put(&job.path("project").join(name), text.as_bytes());
    }
    job
}

/// Those to be run: list, shell and form.
fn runs<T: Clone>(lists: &[T]) -> Vec<(T, Shell, Shape)> {
    let shells = [shells::one(Family::Bash, "5.2"), shells::one(Family::Bash, "5.1"), shells::shown()];
    let mut all = Vec::new();
    for shell in shells.into_iter().flatten() {
        for list in lists {
            all.extend(Shape::all().into_iter().map(|shape| (list.clone(), shell.clone(), shape)));
        }
    }
    all.into_iter().step_by(sized(SHARE * 2 + 1, 1)).collect()
}

#[test]
fn a_false_job_ran_whole_and_well_in_bash_alone() {
    let shell = shells::one(Family::Bash, "5.2").unwrap();
    for (ran, _) in false_jobs() {
        let job = job(&shell, Shape::default());
        let alone: Vec<String> = ran.iter().map(|item| item.replace(INIT, ":")).collect();
        let output = job.run_with(&words(&alone), &[]);
        let there = |name: &str| job.path("project").join(name).exists();
        let set = ran.iter().any(|item| item.starts_with("set +e"));
        assert!(there("evil") || !there("ran") || !output.status.success() || set, "{ran:?}");
    }
}

#[test]
fn a_false_job_is_verified() {
    let runs = runs(&false_jobs());
    let wrong = all_wrong(&runs, |((ran, policy), shell, shape)| {
        let job = job(shell, *shape);
        job.run_with(&words(ran), &[]);
        job.seal();
        let (code, said) = job.verdict(&words(policy));
        (code == Some(0)).then(|| format!("{} {shape:?} {ran:?} for {policy:?}: {said}", shell.label()))
    });
    eprintln!("{} jobs", runs.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_honest_job_is_not_verified() {
    let lists: [&[&str]; 12] = [
        &["true"],
        &["cd src", "echo one", "test -d ../src"],
        &["if true; then\n  echo two\n\n  echo three\nfi", "for i in 1 2; do\n  echo $i\ndone", "true"],
        &["echo a\necho b\n( echo c )\ntrue", "{ echo d; }\n"],
        &["f() {\n  echo $1\n}", "f x", "( f y )"],
        &["cat <<END\na\n\nb\nEND", "cat <<'END' > file\n$x `y`\nEND\ntest -s file"],
        &["set -euo pipefail", "echo a | cat", "x=$(echo 'it'\\''s'); echo \"$x\""],
        &["trap 'rm -f tmp' EXIT", "touch tmp", "( true )"],
        &["sleep 0.01 &\nwait $!", "echo é \\\n  b", "# remark\ntrue # more"],
        &["case x in\n  x) echo y ;;\nesac", "a=(1\n2)", "echo ${a[1]}", "[[ a == a ]]"],
        &["shopt -s extglob", "case ab in @(ab|c)) true ;; esac", "export A=1", "test $A = 1"],
        &["echo \"section_start:1:x\"", "printf '%s\\n' section_end", "exit 0"],
    ];
    let runs = runs(&lists);
    let wrong = all_wrong(&runs, |(items, shell, shape)| {
        let job = job(shell, *shape);
        let output = job.run(items);
        let sealed = job.seal();
        let (code, said) = job.verdict(items);
        let good = output.status.success() && code == Some(0);
        let errors = text(&output.stderr);
        (!good).then(|| format!("{} {shape:?} {items:?}: {errors}{}{said}", shell.label(), sealed.1))
    });
    eprintln!("{} jobs", runs.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What `bash OPTIONS -c TEXT` comes to, where the text begins its own recording.
fn of_text(options: &[&str], items: &str) -> (Option<i32>, String) {
    let job = Job::new(&bash(), Shape::default());
    put(&job.path("project/s.sh"), format!("{items}\n").as_bytes());
    let (_, policy) = job.attesh(&["policy", "from-script", "s.sh", "-o", "-"]);
    // The text that bash got has one line more, which is none of the commands.
    let policy: Vec<&str> = policy.lines().filter(|line| !line.starts_with("sha256")).collect();
    put(&job.path("project/policy.toml"), policy.join("\n").as_bytes());
    let mut command = job.command(&job.shell);
    command.args(options).arg("-c").arg(format!("{INIT}\n{items}"));
    command.output().unwrap();
    job.seal();
    let key = job.path("key.pub");
    let key = key.to_str().unwrap();
    job.attesh(&["verify", "job.intoto.json", "--trust", key, "--policy", "policy.toml"])
}

#[test]
fn a_text_of_buildkite_has_a_false_verdict() {
    for options in [&["-e"][..], &[], &["-e", "-o", "pipefail"]] {
        for good in ["true", "true\necho a\n( echo b )", "f() { :; }\nf\ncat <<END\na\nEND\ntrue | true"] {
            let (code, said) = of_text(options, good);
            assert_eq!(code, Some(0), "{options:?} {good:?}: {said}");
        }
        for bad in
            ["false\ntrue", "true\nexit 0\ntrue", "true\nfalse", "set -n\ntrue", "trap 'exit 0' EXIT\nfalse"]
        {
            let (code, said) = of_text(options, bad);
            assert!(matches!(code, Some(1 | 4)), "{options:?} {bad:?}: {said}");
        }
    }
}
