//! A command that fails with its own text: a stub on PATH fails for the word that it is given.
//! Each script runs whole, and with each of its tools failing in turn, with and without -e and
//! with and without lines before the first command.

use std::path::Path;
use std::process::Stdio;

use crate::policy::verify::put;
use crate::stage::programs::attesh;
use crate::stage::pty::{ATTESH, Home};

/// Behind each script: the tools whose failure does not make their command fail; `!` if a tool's
/// failure is that of a command in another line.
const SCRIPTS: &[(&str, &str)] = &[
    ("tool a\ntool b\ntool c\n", ""),
    ("tool a\n(true) && tool b\ntool c\n", ""),
    ("tool a\nif (true); then tool b; fi\ntool c\n", ""),
    ("tool a\n(true); tool b\ntool c\n", ""),
    ("tool a\n{ (true); tool b; }\n", ""),
    ("tool a\n{ # c\n(true); }\ntool c\n", ""),
    ("tool a\n(true) & tool b\ntool c\n", ""),
    ("tool a\nf() { :; }; tool b\ntool c\n", ""),
    ("tool a\nf() { :; } && f\ntool b\n", ""),
    ("tool a\nf() { \"$@\"; }\nf tool b\n(f tool c)\n", ""),
    ("tool a\nfor i in $(echo 1); do tool b; done\ntool c\n", ""),
    ("tool a\nfor i in; do :; done\ntool c\n", ""),
    ("tool a\nfor i in 1 2; do echo $i; done | sort\ntool c\n", ""),
    ("tool a\n{ echo x; } | { cat; }\ntool c\n", ""),
    ("tool a\ntrue && true &\nwait\ntool c\n", ""),
    ("tool a\n(tool x) || tool b\ntool c\n", "x b"),
    ("tool a\nif (tool x); then tool b; else tool c; fi\ntool d\n", "x c"),
    ("cd /nowhere-else || cd /\n(tool b)\n", ""),
    ("(tool a)\n(tool b)\n", ""),
    ("(tool a)\n(tool b)\n(tool c)\ntool d\n", ""),
    ("tool a\n(tool b)\nf() { :; }\ntool c\n", ""),
    ("tool x\nf() { :; }\n", ""),
    ("(cd /tmp && tool a)\n(cd / && tool b)\n", ""),
    ("trap 'rm -f nothing; exit 0' EXIT\ntool a\ntool b\n", ""),
    ("cleanup() { rm -f nothing; exit 0; }\ntrap cleanup EXIT\nmain() { tool a || return 1; }\nmain\n", "!"),
    ("echo \"trap 'exit 0' EXIT\" > lib.sh\n. ./lib.sh\ntool a\n", ""),
    ("trap 'rm -f nothing' EXIT\ntool a\ntool b\n", ""),
    ("cleanup() { rm -f nothing; }\ntrap cleanup EXIT\ntool a\ntool b\n", ""),
    ("trap 'code=$?; exit $code' EXIT\ntool a\ntool b\n", ""),
    ("trap 'echo failed; exit 1' ERR\ntool a\ntool b\n", ""),
    ("tool a\n((true); (tool c))\ntool d\n", ""),
    ("tool a\ntime -p (tool b)\ntool c\n", ""),
    ("echo '\u{1b}[32mgreen\u{1b}[0m'\ntool a\n", ""),
    ("tool a | cat\ntool b\n", "a"),
];

/// The line of the command in which a tool stands, which is never a line of another one.
fn line_of(script: &str, tool: &str) -> Vec<u64> {
    let word = format!("tool {tool}");
    let has =
        |line: &str| line.split([';', '(', ')', '|', '&', '{', '}']).any(|part| part.trim().ends_with(&word));
    script.lines().enumerate().filter(|(_, line)| has(line)).map(|(at, _)| at as u64 + 1).collect()
}

fn wrong(scripts: &[(&str, &str)]) -> Vec<String> {
    let home = Home::new();
    assert_eq!(attesh(&home, &["key", "generate", "-o", "key", "--no-passphrase"]).code, Some(0));
    std::fs::create_dir(home.path("work/bin")).unwrap();
    put(&home, "bin/tool", b"#!/bin/sh\n[ \"$1\" != \"$FAIL\" ] || exit 7\n");
    let stub = home.path("work/bin/tool");
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = attesh::paths::variable("PATH").unwrap();
    let path =
        std::env::join_paths(std::iter::once(home.path("work/bin")).chain(std::env::split_paths(&path)));
    let path = path.unwrap();
    let run = |words: &[&str], fail: &str| {
        let mut command = home.command(Path::new(ATTESH));
        command.args(words).current_dir(home.path("work")).stdin(Stdio::null());
        let output = command.env("PATH", &path).env("FAIL", fail).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let mut wrong = Vec::new();
    for (body, handled) in scripts {
        for (head, options) in [("", &["-e"][..]), ("#!/bin/bash\n\n", &[]), ("", &[])] {
            let script = format!("{head}{body}");
            put(&home, "s.sh", script.as_bytes());
            assert_eq!(run(&["policy", "from-script", "s.sh", "-o", "s.toml", "--force"], "").0, Some(0));
            for fail in ["none", "a", "b", "c", "d", "x"] {
                if fail != "none" && line_of(&script, fail).is_empty() {
                    continue;
                }
                let sealing = ["sh", "--seal", "s.intoto.json", "--force", "--key", "key"];
                run(&[&sealing[..], options, &["s.sh"]].concat(), fail);
                let words = ["verify", "s.intoto.json", "--trust", "key.pub", "--policy", "s.toml"];
                let (code, said) = run(&words, fail);
                let first = said.lines().next().unwrap_or_default();
                let good = fail == "none" || handled.split(' ').any(|tool| tool == fail);
                let expected = if good {
                    code == Some(0)
                } else if *handled == "!" {
                    code == Some(1)
                } else {
                    let named = |line: &u64| first.contains(&format!("line {line} "));
                    code == Some(1) && line_of(&script, fail).iter().any(named)
                };
                if !expected {
                    wrong.push(format!("{script:?} {options:?} with {fail}: {code:?} {first}"));
                }
            }
        }
    }
    wrong
}

#[test]
fn a_command_that_fails_passes_or_another_is_blamed() {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> =
            SCRIPTS.chunks(SCRIPTS.len().div_ceil(2)).map(|part| scope.spawn(|| wrong(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
