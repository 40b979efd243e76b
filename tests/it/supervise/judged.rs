//! A policy on the programs below a command: what it denies, and that it denies what nobody knows.

use attesh::policy::OUTSIDE;
use serde_json::Value;

use crate::cli::messages::{ok, with_key};
use crate::stage::programs::attesh;
use crate::stage::pty::Home;

/// A home with programs of its own, and a session in which they ran.
fn sealed(script: &str, options: &[&str]) -> Home {
    let home = with_key();
    std::fs::create_dir(home.path("work/below")).unwrap();
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
    judged_by(home, &format!("[process]\n{table}"))
}

fn judged_by(home: &Home, tables: &str) -> (Option<String>, String) {
    home.file("work/p.toml", &format!("version = 1\n[trust]\nkeys = [\"key.pub\"]\n{tables}\n"));
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
        ("deny = [\"/*/work/check\"]", Some("process.denied"), "./check is denied by /*/work/check"),
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

#[test]
fn a_text_that_was_taken_out_said_nothing() {
    let home = sealed("cd below || exit 9; ../lint || ../check", &["--selective"]);
    let place = home.path("work/t.disclosures");
    let whole = std::fs::read_to_string(&place).unwrap();
    // Without the one line that has these.
    let without = |name: &str, value: &str| {
        let is_it = |line: &&str| !(line.contains(name) && line.contains(value));
        let rest: Vec<&str> = whole.lines().filter(is_it).collect();
        assert_eq!(rest.len() + 1, whole.lines().count(), "{name}: {whole}");
        home.file("work/t.disclosures", &(rest.join("\n") + "\n"));
    };
    let one = "\n[session]\nmax-redacted = 1";
    let folder = format!("deny = [\"*/below/../check\", \"{}/*\"]{one}", home.path("work/below").display());
    let check = format!("require = [\"check\"]{one}");
    for table in [&folder, &check] {
        assert_eq!(judged(&home, table).0, None, "{table}");
    }
    // Of a program the folder could be another, and the path that of one that failed.
    without("/facts/1/data/workdir", "/below\"]}");
    let (denied, said) = judged(&home, &folder);
    assert_eq!(denied.as_deref(), Some("process.unseen"), "{said}");
    assert!(said.contains("the folder of start 2 ../lint is not known"), "{said}");
    assert_eq!(judged(&home, &check).0, None);
    without("/data/path", "\"../lint\"]}");
    let (denied, said) = judged(&home, &check);
    assert_eq!(denied.as_deref(), Some("process.required"), "{said}");
    assert!(said.contains("start 2, whose path is not there, may be of check"), "{said}");
}

#[test]
fn a_masked_path_is_the_path() {
    let home = with_key();
    let path = home.file("work/sesame42", "#!/bin/sh\nexit 0\n");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let seal = ["run", "--mask-env", "WORD", "--seal", "t.intoto.json", "--key", "key", "./sesame42"];
    let mut command = home.command(std::path::Path::new(crate::stage::pty::ATTESH));
    assert!(command.args(seal).env("WORD", "sesame42").status().unwrap().success());
    let (denied, said) = judged(&home, "deny = [\"sesame42\"]");
    assert_eq!(denied.as_deref(), Some("process.unseen"), "{said}");
    assert!(said.contains("a part of the path of start 1"), "{said}");
}

#[test]
fn an_author_or_a_program_that_is_not_known_passes() {
    let home = sealed("true", &["--author", "claude-code"]);
    let file = std::fs::read("/bin/sh").unwrap();
    let digest = attesh::encoding::hex(&attesh::crypto::sha256(&[&file]));
    let other = "0".repeat(64);
    for (table, code, what) in [
        ("author = \"claude-code\"".to_owned(), None, ""),
        (format!("author = [\"x\", \"claude-*\"]\nsha256 = [\"{other}\", \"{digest}\"]"), None, ""),
        ("author = \"codex\"".to_owned(), Some("agent.author"), "the author is claude-code; wanted is codex"),
        (format!("sha256 = [\"{other}\"]"), Some("agent.digest"), "the file of the program has the SHA-256"),
    ] {
        let (denied, said) = judged_by(&home, &format!("[agent]\n{table}"));
        assert_eq!(denied.as_deref(), code, "{table}: {said}");
        assert!(said.contains(what), "{table}: {said}");
    }
    // Texts that were not disclosed.
    let home = sealed("true", &["--author", "claude-code", "--selective"]);
    home.file("work/t.disclosures", "");
    for table in ["author = \"*\"".to_owned(), format!("sha256 = [\"{digest}\"]")] {
        let tables = format!("[agent]\n{table}\n[session]\nmax-redacted = 100");
        let denied = judged_by(&home, &tables).0.unwrap();
        assert!(denied.starts_with("agent."), "{table}: {denied}");
    }
    // Nobody said who; and a session of another kind.
    let home = sealed("true", &[]);
    let (denied, said) = judged_by(&home, "[agent]\nauthor = \"*\"");
    assert_eq!(denied.as_deref(), Some("agent.author"), "{said}");
    assert!(said.contains("no fact says who had the command of shell 1 run"), "{said}");
    let home = with_key();
    home.file("work/s.sh", "true\n");
    ok(&home, &["sh", "--seal", "t.intoto.json", "--key", "key", "s.sh"]);
    assert_eq!(judged_by(&home, "[agent]\nauthor = \"*\"").0.as_deref(), Some("agent.author"));
}

/// The expressions on facts of starts and agents that the page shows.
fn shown() -> [String; 2] {
    let page = include_str!("../../../man/attesh-policy.5");
    let shown = page.split(".Bd -literal -offset 4n\n").skip(1).map(|part| part.split(".Ed").next().unwrap());
    let on = |kind: &str| shown.clone().find(|text| text.contains(kind)).unwrap().to_owned();
    [on("fact/process/v1"), on("fact/agent/v1")]
}

#[test]
fn an_expression_does_not_see_what_started_or_passes_where_nobody_saw_it() {
    let [starts, agents] = shown();
    let asks = |cel: &str| format!("[[rule]]\ncel = '''{cel}'''");
    let code = |home: &Home, cel: &str| judged_by(home, &asks(cel)).0;
    let home = sealed("./check", &["--author", "claude-code"]);
    assert_eq!((code(&home, &starts), code(&home, &agents)), (None, None));
    // What the commands say is not what ran below them.
    for cel in ["predicate.commands.size() == 1", "predicate.outcome.failedCount == 0", "predicate != {}"] {
        assert_eq!(code(&home, cel).as_deref(), Some("command.unseen"), "{cel}");
    }
    let home = sealed("cp check curl; ./curl", &["--author", "mine"]);
    for cel in [&starts, &agents] {
        assert_eq!(code(&home, cel).as_deref(), Some("policy.rule"), "{cel}");
    }
    assert_eq!(code(&sealed("./check", &[]), &agents).as_deref(), Some("policy.rule"));
    // What went on may have started anything.
    assert_eq!(code(&sealed("sleep 2 & ./check", &[]), &starts).as_deref(), Some("command.unseen"));
}
