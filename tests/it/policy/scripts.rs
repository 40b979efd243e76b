//! Scripts in the shapes that projects use: the unmodified run passes its own policy, and every
//! removal, addition, swap and failure of a top-level command is denied with its line.

use std::path::Path;
use std::process::Stdio;

use attesh::policy::{self, Policy, ScriptRule};
use attesh::script::Script;
use attesh::seal::envelope::Envelope;
use attesh::seal::form;
use attesh::seal::statement::Statement;

use crate::policy::verify::put;
use crate::stage::programs::attesh;
use crate::stage::pty::{ATTESH, Home};
use crate::stage::signer::masker;

/// Before the commands of each script.
const HEAD: &str = "#!/usr/bin/env bash\n# a remark\n\n";

const SCRIPTS: &[(&str, &[&str])] = &[
    ("three", &["cd .", r#"echo "something""#, "true build"]),
    (
        "sete",
        &[
            "set -euo pipefail",
            "mkdir -p out",
            r#"for i in 1 2 3; do
  echo "$i" > out/$i
done"#,
            "cat out/* | sort | uniq -c",
            "rm -r out",
        ],
    ),
    (
        "funcs",
        &[
            r#"log() {
  echo "[x] $*"
}"#,
            r#"die() { log "$@"; exit 1; }"#,
            "log hello",
            "[ -d . ] || die no",
            "log bye",
        ],
    ),
    ("subs", &["(cd / && pwd)", "(cd /tmp && pwd)", "true"]),
    ("subs2", &["(cd / && pwd)", "(cd /tmp && pwd)"]),
    ("heredoc", &["cat > f.txt <<EOF\na\n$HOME\n\nEOF", "cat <<'X' | wc -l\nif\nX", "rm f.txt"]),
    (
        "case",
        &[
            "v=abc",
            "case $v in\n  a*) echo a ;;\n  *) echo other ;;\nesac",
            r#"if [ "$v" = abc ]; then
  echo yes
else
  echo no
fi"#,
        ],
    ),
    (
        "cont",
        &[
            r#"echo a \
  b \
  c"#,
            "true &&\n  echo x",
            "echo 'multi\nline'",
        ],
    ),
    ("bg", &["sleep 0.1 &", "pid=$!", "wait $pid", "echo done"]),
    (
        "traps",
        &["tmp=$(mktemp -d)", r#"trap 'rm -rf "$tmp"' EXIT"#, r#"echo x > "$tmp/a""#, r#"cat "$tmp/a""#],
    ),
    (
        "while",
        &[
            "n=0",
            "while [ $n -lt 3 ]; do n=$((n+1)); done",
            "until false; do break; done",
            "((n==3))",
            "[[ $n == 3 ]]",
        ],
    ),
    ("semi", &["echo a; echo b; echo c", "a=1 b=2; export a b", "true || false; true"]),
    ("pipes", &["echo a | tr a b | cat", "{ echo x; echo y; } | sort -r", "! false"]),
    ("subst", &["x=$(echo a; echo b)", "y=`echo c`", r#"echo "$x $y""#, "diff <(echo a) <(echo a)"]),
    (
        "opts",
        &["shopt -s nullglob", "set +e", "arr=(a b c)", r#"echo "${arr[@]}""#, "unset arr", "readonly r=1"],
    ),
    ("src", &["echo 'echo sourced' > lib.sh", ". ./lib.sh", "source ./lib.sh", "rm lib.sh"]),
    ("func_err", &["f() { return 0; }", "f && f", "f || exit 3", "g() (\n  echo sub\n)", "g"]),
    ("dups", &["true", "true", "echo a", "true", "echo a"]),
    ("exit0", &["echo a", "exit 0"]),
    ("exec", &["echo a", "exec true"]),
    ("lastsub", &["echo a", "( true )"]),
    ("lastfunc", &["echo a", "f() { :; }"]),
    ("errtrap", &["trap 'echo err >&2' ERR", "echo ok", "trap - ERR", "echo ok2"]),
    ("group", &["{\n  echo a\n  echo b\n}", "if ( true ); then ( true ); fi", "( true )", "echo z"]),
    (
        "hdr",
        &[
            "set -euo pipefail",
            r#"log() {
  echo "$1"
}"#,
            "log a",
            "(true)",
            "for i in 1; do (true); done",
        ],
    ),
    ("time", &["time true", "TIMEFORMAT=%R", "time (true)", "echo x"]),
    ("eval", &["eval 'echo a; echo b'", "bash -c 'exit 0'", "env FOO=1 bash -c 'echo $FOO'"]),
    (
        "select",
        &[
            r#"printf '%s\n' a b | while read -r l; do
  echo "$l"
done"#,
            r#"while IFS= read -r l; do echo "$l"; done <<< 'x'"#,
            r#"mapfile -t m < <(printf 'a\nb\n')"#,
            "echo ${#m[@]}",
        ],
    ),
    ("func_kw", &["function a { echo a; }", "function b() {\n  a\n}", "c()\n{\n  b\n}", "c"]),
    ("unicode", &["echo 'ünï ☃'", "x='a b'", r#"echo "${x/ /_}" # remark"#, r#"echo $'a\tb'"#]),
    (
        "getopts",
        &[
            "usage() { echo u; }",
            "while getopts ab o; do case $o in a) :;; *) usage;; esac; done",
            "shift $((OPTIND-1))",
            r#"echo "$# args""#,
        ],
    ),
    (
        "ifblock",
        &[
            "if command -v bash >/dev/null 2>&1; then\n  v=$(bash -c 'echo 1')\n  export v\nfi",
            r#"test -n "$v""#,
            r#"printf '%s\n' "$v""#,
        ],
    ),
];

/// The script of these commands.
fn script(units: &[&str]) -> Script {
    let (mut text, mut line, mut ranges) = (HEAD.to_owned(), 1 + HEAD.lines().count() as u64, Vec::new());
    for unit in units {
        let lines = unit.lines().count() as u64;
        ranges.push((line, line + lines - 1));
        text.push_str(&format!("{unit}\n"));
        line += lines;
    }
    Script::new(text.into_bytes(), ranges).unwrap()
}

fn policy(units: &[&str]) -> Policy {
    let rule = ScriptRule::of(&script(units), masker()).unwrap();
    Policy::read(policy::whole("a script", &[], &[], &[rule]).as_bytes()).unwrap()
}

/// What is sealed of a run.
fn statement(home: &Home, units: &[&str]) -> Statement {
    put(home, "s.sh", script(units).bytes());
    let mut command = home.command(Path::new(ATTESH));
    command.args(["sh", "--seal", "s.intoto.json", "--force", "--key", "key", "s.sh"]);
    command.current_dir(home.path("work")).stdin(Stdio::null());
    let output = command.output().unwrap();
    let sealed = std::fs::read(home.path("work/s.intoto.json"));
    let sealed = sealed.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    std::fs::remove_file(home.path("work/s.intoto.json")).unwrap();
    form::read(Envelope::read(&sealed).unwrap().unverified_payload()).unwrap()
}

/// Every change of a script by one command, in words and in commands.
fn changes<'a>(units: &[&'a str]) -> Vec<(String, Vec<&'a str>)> {
    let mut all = Vec::new();
    for at in 0..units.len() {
        let (before, after) = (&units[..at], &units[at + 1..]);
        all.push((format!("removing {at}"), [before, after].concat()));
        all.push((format!("adding at {at}"), [before, &["echo added"], &units[at..]].concat()));
        all.push((format!("failing {at}"), [before, &["false"], after].concat()));
        if after.first().is_some_and(|next| *next != units[at]) {
            all.push((format!("swapping {at}"), [before, &[after[0], units[at]], &after[1..]].concat()));
        }
    }
    all
}

fn wrong(scripts: &[(&str, &[&str])]) -> Vec<String> {
    let home = Home::new();
    assert_eq!(attesh(&home, &["key", "generate", "-o", "key", "--no-passphrase"]).code, Some(0));
    let mut wrong = Vec::new();
    for (name, units) in scripts {
        let policy = policy(units);
        let good = policy::judge(&policy, &statement(&home, units), 0, &policy::Beside::default()).denials;
        wrong.extend(good.into_iter().map(|denial| format!("{name} does not pass: {}", denial.text)));
        for (what, changed) in changes(units) {
            let ruling = policy::judge(&policy, &statement(&home, &changed), 0, &policy::Beside::default());
            match ruling.denials.first() {
                None => wrong.push(format!("{name} passes after {what}")),
                Some(denial) if denial.line.is_none() => {
                    wrong.push(format!("{name} after {what} names no line: {}", denial.text));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

#[test]
fn a_script_does_not_pass_its_own_policy_or_a_change_of_it_does() {
    assert!(SCRIPTS.len() >= 30, "{} scripts", SCRIPTS.len());
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> =
            SCRIPTS.chunks(SCRIPTS.len().div_ceil(3)).map(|part| scope.spawn(|| wrong(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
