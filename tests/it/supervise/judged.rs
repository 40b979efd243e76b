//! A policy on the programs below a command: what it denies, and that it denies what nobody knows.

use attesh::policy::OUTSIDE;
use serde_json::Value;

use crate::cli::messages::{ok, with_key};
use crate::stage::programs::attesh;
use crate::stage::pty::Home;

/// A home with programs of its own, and a session in which they ran.
fn sealed(script: &str, options: &[&str]) -> Home {
    let home = with_key();
    for (name, status) in [("check", 0), ("lint", 3), ("tmux", 0)] {
        let path = home.file(&format!("work/{name}"), &format!("#!/bin/sh\nexit {status}\n"));
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let seal = ["--seal", "t.intoto.json", "--key", "key", "sh", "-c", script];
    let said = attesh(&home, &[&["run"], options, &seal].concat());
    assert_eq!(said.code, Some(0), "{}", said.err);
    home
}

/// The code of the first denial, and the verdict.
pub fn judged(home: &Home, table: &str) -> (Option<String>, String) {
    home.file("work/p.toml", &format!("version = 1\n[trust]\nkeys = [\"key.pub\"]\n[process]\n{table}\n"));
    let said =
        attesh(home, &["verify", "t.intoto.json", "--trust", "key.pub", "--policy", "p.toml", "--json"]);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    let file = &value["files"][0];
    let code = file["failure"]["code"].as_str().map(str::to_owned);
    assert_eq!(said.code, Some(i32::from(code.is_some())), "{}", said.out);
    (code, said.out)
}

#[test]
fn what_started_is_judged_otherwise() {
    let home = sealed("./check a; ./check b; ./lint; ./no-such 2>/dev/null; exec ./check c", &[]);
    for (table, code, what) in [
        ("require = [\"check\"]", None, ""),
        ("require = [\"./check\"]\ndeny = [\"curl\", \"/*\"]", Some("process.denied"), "is denied by /*"),
        (
            "require = [\"./check\", \"sh\"]\ndeny = [\"curl\", \"check\"]",
            Some("process.denied"),
            "start 2 ./check is denied by check",
        ),
        (
            "require = [\"lint\"]",
            Some("process.required"),
            "start 4 of lint did not succeed: it ended with: exit 3",
        ),
        ("require = [\"li*\"]", Some("process.required"), "of li* did not succeed"),
        ("require = [\"/check\"]", Some("process.required"), "no start of /check is recorded"),
        ("require = [\"no-such\"]", Some("process.required"), "did not succeed: it ended with: not-started"),
        ("deny = [\"no-such\"]", None, ""),
        ("outside = \"deny\"", None, ""),
        ("max-unrecorded = 0", None, ""),
    ] {
        let (denied, said) = judged(&home, table);
        assert_eq!(denied.as_deref(), code, "{table}: {said}");
        assert!(said.contains(what), "{table}: {said}");
    }
    let home = sealed("./tmux new", &[]);
    let (denied, said) = judged(&home, "outside = \"deny\"");
    assert_eq!(denied.as_deref(), Some("process.denied"), "{said}");
    assert!(said.contains("start 2 ./tmux has work done by a process that is not below it"), "{said}");
    assert!(OUTSIDE.is_sorted());
}

#[test]
fn what_nobody_saw_passes_for_nothing() {
    // Processes that went on.
    let home = sealed("sleep 2 & ./check", &[]);
    let (denied, said) = judged(&home, "require = [\"check\"]");
    assert_eq!(denied.as_deref(), Some("process.unseen"), "{said}");
    assert!(said.contains("went on when the command had ended"), "{said}");
    assert_eq!(judged(&home, "require = [\"check\"]\nrunning = \"allow\"").0, None);
    let home = sealed("sleep 1 & ./check", &["--wait"]);
    assert_eq!(judged(&home, "require = [\"check\", \"sleep\"]").0, None);
    // A session of another kind.
    let home = with_key();
    home.file("work/s.sh", "true\n");
    ok(&home, &["sh", "--seal", "t.intoto.json", "--key", "key", "s.sh"]);
    let (denied, said) = judged(&home, "deny = [\"curl\"]");
    assert_eq!(denied.as_deref(), Some("process.unseen"), "{said}");
    assert!(said.contains("not every shell was run by attesh run"), "{said}");
    // Texts that were not disclosed, and facts that were taken out.
    let home = sealed("./check", &["--selective"]);
    assert_eq!(judged(&home, "require = [\"check\"]\ndeny = [\"curl\"]").0, None);
    home.file("work/t.disclosures", "");
    let (denied, said) = judged(&home, "deny = [\"curl\"]\n[session]\nmax-redacted = 100");
    assert_eq!(denied.as_deref(), Some("process.unseen"), "{said}");
    let (denied, said) = judged(&home, "require = [\"check\"]\n[session]\nmax-redacted = 100");
    assert_eq!(denied.as_deref(), Some("process.unseen"), "{said}");
}
