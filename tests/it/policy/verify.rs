//! `attesh verify --policy` and `attesh policy` from outside, with statements sealed by a key.

use attesh::failure::Kind;
use attesh::journal::story::FindingCode;
use attesh::seal::envelope::Envelope;
use attesh::seal::keys::PrivateKey;
use attesh::seal::statement::{Completeness, Statement};
use serde_json::{Value, json};

use crate::policy::judge::{Run, rename_scripts, statement};
use crate::stage::programs::{Said, attesh};
use crate::stage::pty::Home;
use crate::vectors::envelopes::finding;

const BUILD: &str = "cd src/\n\n# a remark\necho \"something\"\ngo build ./...\n";
const COMMANDS: [&str; 3] = ["cd src/", "echo \"something\"", "go build ./..."];

pub fn put(home: &Home, name: &str, bytes: &[u8]) {
    let path = home.path("work").join(name);
    attesh::files::publish(&path, bytes, 0o644, attesh::files::Overwrite::Yes).unwrap();
}

fn seal(home: &Home, name: &str, statement: &Statement, seed: u8) {
    let key = PrivateKey::from_seed(&[seed; 32]);
    let envelope = Envelope::sign::<()>(statement.to_json(), &key.public(), |m| Ok(key.sign(m))).unwrap();
    put(home, name, &envelope.to_json());
    put(home, &format!("{seed}.pub"), key.public().to_spki_pem().as_bytes());
}

/// The lines of the build's script: what is recorded has its bytes.
fn build(commands: &[&str]) -> Statement {
    let mut whole = statement(&[Run::of(commands)]);
    let plan = &mut whole.predicate.plans[0];
    if commands == COMMANDS {
        plan.sha256 = Some(attesh::encoding::hex(&attesh::crypto::sha256(&[BUILD.as_bytes()])));
        rename_scripts(&mut whole);
    }
    whole
}

/// A home with the script, its policy, and what was sealed of it: whole, without a line.
fn home() -> Home {
    let home = Home::new();
    put(&home, "build.sh", BUILD.as_bytes());
    seal(&home, "good.intoto.json", &build(&COMMANDS), 7);
    seal(&home, "bad.intoto.json", &build(&COMMANDS[..2]), 7);
    let said = attesh(&home, &["policy", "from-script", "build.sh", "-o", "build.toml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{}", said.err);
    home
}

fn verify(home: &Home, words: &[&str]) -> Said {
    attesh(home, &[&["verify", "--trust", "7.pub"], words].concat())
}

#[test]
fn the_first_line_of_a_verdict_does_not_name_the_line() {
    let home = home();
    let said = verify(&home, &["good.intoto.json", "--policy", "build.toml"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let first = said.out.lines().next().unwrap();
    assert_eq!(first, "VERIFIED good.intoto.json: 3 of 3 commands ran, in order, exit 0");
    assert!(
        said.out.contains("\n  policy        met: 3 of 3 commands ran, in order, exit 0\n"),
        "{}",
        said.out
    );
    let said = verify(&home, &["bad.intoto.json", "--policy", "build.toml"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let first = said.out.lines().next().unwrap();
    assert_eq!(
        first,
        "NOT VERIFIED (policy) bad.intoto.json: line 5 `go build ./...` did not run; \
         the command before it that did was line 4 `echo \"something\"`"
    );
    assert!(said.out.contains("\n  policy        not met: line 5 "), "{}", said.out);
    assert!(said.out.contains("\n  denied        the script is another one, byte by byte"), "{}", said.out);
    let without = verify(&home, &["good.intoto.json"]);
    assert!(without.out.contains("\n  policy        none given\n"), "{}", without.out);
}

#[test]
fn json_does_not_tell_what_was_denied() {
    let home = home();
    let json = |file: &str| {
        let said = verify(&home, &[file, "--policy", "build.toml", "--json"]);
        serde_json::from_str::<Value>(&said.out).unwrap()["files"][0].clone()
    };
    let good = json("good.intoto.json");
    assert_eq!((&good["policy"]["status"], &good["denials"]), (&json!("good"), &json!([])));
    let bad = json("bad.intoto.json");
    assert_eq!((&bad["policy"]["status"], &bad["failure"]["kind"]), (&json!("bad"), &json!("policy")));
    assert_eq!(
        (&bad["denials"][0]["rule"], &bad["denials"][0]["line"]),
        (&json!("script.commands"), &json!(5))
    );
    assert_eq!(bad["denials"][0]["text"], bad["failure"]["why"]);
    assert_eq!(bad["denials"][1]["line"], Value::Null);
}

#[test]
fn an_incomplete_session_ends_with_another_status_than_4() {
    let home = home();
    let mut killed = build(&COMMANDS);
    killed.predicate.outcome.end = Completeness::Incomplete;
    killed.predicate.anomalies.push(finding(1, FindingCode::NoEnd, "no end"));
    seal(&home, "killed.intoto.json", &killed, 7);
    let mut text = std::fs::read_to_string(home.path("work/build.toml")).unwrap();
    let run = |home: &Home| verify(home, &["killed.intoto.json", "--policy", "build.toml"]);
    let said = run(&home);
    assert_eq!(said.code, Some(i32::from(Kind::Incomplete.exit_code())));
    assert!(said.out.contains("\n  policy        not met: the session is incomplete\n"), "{}", said.out);
    text = text.replace("complete = true", "complete = false");
    put(&home, "build.toml", text.as_bytes());
    let said = run(&home);
    assert_eq!(said.code, Some(4), "{}", said.out);
    assert!(said.out.contains("\n  policy        met: 3 of 3"), "{}", said.out);
}

#[test]
fn keys_of_a_policy_are_not_asked_for() {
    let home = home();
    std::fs::create_dir(home.path("work/policies")).unwrap();
    seal(&home, "other.intoto.json", &build(&COMMANDS), 8);
    let policy = std::fs::read_to_string(home.path("work/build.toml")).unwrap();
    let with_keys = policy.replace("\n[session]", "\n[trust]\nkeys = [\"../7.pub\"]\n\n[session]");
    put(&home, "policies/p.toml", with_keys.as_bytes());
    let run = |words: &[&str]| attesh(&home, &[&["verify", "--policy", "policies/p.toml"], words].concat());
    assert_eq!(run(&["good.intoto.json", "--trust", "7.pub"]).code, Some(0));
    // The policy's keys alone do not make a file trusted.
    assert_eq!(run(&["good.intoto.json"]).code, Some(6));
    let said = run(&["other.intoto.json", "--trust", "8.pub"]);
    assert_eq!(said.code, Some(6), "{}", said.out);
    assert!(said.out.contains("\n  trust         no key that the policy names made it\n"), "{}", said.out);
    put(&home, "policies/p.toml", with_keys.replace("7.pub", "none.pub").as_bytes());
    let said = run(&["good.intoto.json", "--trust", "7.pub"]);
    assert_eq!((said.code, said.out.as_str()), (Some(5), ""), "{}", said.err);
}

#[test]
fn a_policy_that_cannot_be_read_lets_something_pass() {
    let home = home();
    for (text, place) in [
        ("", "line 1, column 1: version is missing"),
        ("version = 1\n[[script]]\ncommands = []\n", "line 3, column 12: commands must be"),
        ("version = 1\n[sesion]\n", "line 2, column 2: unknown key \"sesion\""),
        ("version = 1\n[[script]\n", "line 2, column "),
    ] {
        put(&home, "p.toml", text.as_bytes());
        for words in [
            &["verify", "good.intoto.json", "--trust", "7.pub", "--policy", "p.toml"][..],
            &["policy", "check", "p.toml"],
            &["policy", "explain", "p.toml"],
            &["policy", "test", "p.toml", "good.intoto.json", "--trust", "7.pub"],
        ] {
            let said = attesh(&home, words);
            assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words:?}: {}", said.err);
            assert!(said.err.contains(&format!("p.toml: {place}")), "{place} {}", said.err);
        }
    }
    let said = verify(&home, &["good.intoto.json", "--policy", "none.toml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(5), ""), "{}", said.err);
}

#[test]
fn a_test_of_a_policy_says_other_than_verify() {
    let home = home();
    let test = |words: &[&str]| attesh(&home, &[&["policy", "test", "build.toml"], words].concat());
    let trusted = |words: &[&str]| test(&[&["--trust", "7.pub"], words].concat());
    let said = trusted(&["good.intoto.json"]);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 1), "{}{}", said.out, said.err);
    assert!(said.out.starts_with("met     good.intoto.json: 3 of 3 commands ran"), "{}", said.out);
    let said = trusted(&["good.intoto.json", "bad.intoto.json"]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("\ndenied  bad.intoto.json: line 5 "), "{}", said.out);
    assert_eq!(trusted(&["bad.intoto.json", "--must-fail"]).code, Some(0));
    assert_eq!(trusted(&["bad.intoto.json", "good.intoto.json", "--must-fail"]).code, Some(1));
    // The policy does not deny what nobody trusts, so it does not count.
    seal(&home, "other.intoto.json", &build(&COMMANDS[..1]), 8);
    let said = trusted(&["other.intoto.json", "--must-fail"]);
    assert_eq!(said.code, Some(6), "{}", said.out);
    assert!(said.out.starts_with("failed  other.intoto.json: "), "{}", said.out);
    put(&home, "cut.intoto.json", b"{\"payload\":");
    assert_eq!(trusted(&["cut.intoto.json", "--must-fail"]).code, Some(3));
    let value: Value = serde_json::from_str(&trusted(&["bad.intoto.json", "--json"]).out).unwrap();
    assert_eq!((&value["schema"], &value["exit"]), (&json!("attesh.policy/v1"), &json!(1)));
    let file = &value["files"][0];
    assert_eq!((&file["result"], &file["denials"][0]["line"]), (&json!("denied"), &json!(5)));
    let value: Value = serde_json::from_str(&trusted(&["good.intoto.json", "--json"]).out).unwrap();
    assert_eq!((&value["exit"], &value["files"][0]["result"]), (&json!(0), &json!("met")));
}

#[test]
fn a_policy_of_a_script_is_not_met_by_its_own_text() {
    let home = home();
    let text = std::fs::read_to_string(home.path("work/build.toml")).unwrap();
    let digest = attesh::encoding::hex(&attesh::crypto::sha256(&[BUILD.as_bytes()]));
    for line in [&format!("sha256 = \"{digest}\"") as &str, "lines = [1, 4, 5]", "  'cd src/',"] {
        assert!(text.lines().any(|have| have == line), "{line}\n{text}");
    }
    // attesh replaces an existing file only if asked.
    let again = ["policy", "from-script", "build.sh", "-o", "build.toml"];
    assert_ne!(attesh(&home, &again).code, Some(0));
    assert_eq!(attesh(&home, &[&again[..], &["--force"]].concat()).code, Some(0));
    let printed = attesh(&home, &["policy", "from-script", "build.sh"]);
    assert_eq!((printed.code, printed.out), (Some(0), text));
    for (script, why) in [
        (&b""[..], "the script has no command"),
        (b"# nothing\n\n", "the script has no command"),
        (b"make\n\nif true; then\n", "line 3"),
        (b"make\necho \xff\n", "line 2 is not UTF-8"),
    ] {
        put(&home, "x.sh", script);
        let said = attesh(&home, &["policy", "from-script", "x.sh"]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{}", said.err);
        assert!(said.err.contains(why), "{why}: {}", said.err);
    }
}

#[test]
fn a_command_of_odd_text_is_not_the_same_in_its_policy() {
    let home = home();
    let odd = [
        "echo 'a'\\''b'",
        "echo \"x\ty\\\\\"",
        "cat <<E\na'''\n\\u0041\nE",
        "if true; then\n  echo 'it'\nfi",
        "printf 'a\\n' \u{7f}\u{1}",
        "echo ünïcode \u{202e}",
        "echo trailing\\ ",
        "echo '\r'",
    ];
    let script: String = odd.iter().map(|text| format!("{text}\n")).collect();
    put(&home, "odd.sh", script.as_bytes());
    let said = attesh(&home, &["policy", "from-script", "odd.sh", "-o", "odd.toml"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    seal(&home, "odd.intoto.json", &statement(&[Run::of(&odd)]), 7);
    let said = verify(&home, &["odd.intoto.json", "--policy", "odd.toml"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
}

#[test]
fn a_line_that_hides_a_failure_goes_unsaid() {
    let home = Home::new();
    let script = "set -e\n./a | tail\n./b || true\nif c; then\n  d | e\nfi\n./f &\n";
    put(&home, "x.sh", script.as_bytes());
    let told = [
        "line 2: a pipeline has the status of its last command; begin the script with set -o pipefail",
        "line 3: what is behind || hides the failure of what is before it; write || exit, or leave it out",
        "line 5: a pipeline within other commands has the status of its last command; begin the script with set -o pipefail",
        "line 7: nobody sees how what & starts ends; write wait $! behind it",
    ];
    let err = |told: &[&str]| told.iter().map(|one| format!("attesh: x.sh: {one}\n")).collect::<String>();
    let said = attesh(&home, &["policy", "from-script", "x.sh"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), err(&told).as_str()));
    let remarks = told.map(|one| format!("# {one}\n")).concat();
    assert!(said.out.contains(&format!("attesh-policy(5).\n{remarks}version = 1\n")), "{}", said.out);
    assert!(!said.out.contains("pipe ="), "{}", said.out);
    let strict = |script: &str| {
        put(&home, "x.sh", script.as_bytes());
        attesh(&home, &["policy", "from-script", "--strict", "x.sh"])
    };
    let refused = |count| {
        format!("attesh: x.sh: {count} of it can hide that something failed, and --strict refuses that\n")
    };
    // Nobody sees each status of the pipeline in line 5.
    let said = strict(script);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert_eq!(said.err, err(&told) + &refused("4 lines"));
    let without = script.replace("d | e", "d");
    let said = strict(&without);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert_eq!(said.err, err(&[told[1], told[3]]) + &refused("2 lines"));
    // With pipefail the status of a command is enough.
    let said = strict("set -eo pipefail\n./a | tail\nx=$(d | e)\necho 'a|b'\n");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert!(!said.out.contains("pipe ="), "{}", said.out);
    // What each status of a pipeline shows is asked for.
    put(&home, "x.sh", script.lines().take(2).map(|line| format!("{line}\n")).collect::<String>().as_bytes());
    let said = attesh(&home, &["policy", "from-script", "--strict", "x.sh"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains("\npipe = \"all\"\n"), "{}", said.out);
    put(&home, "x.toml", said.out.as_bytes());
    let mut whole = statement(&[Run::of(&["set -e", "./a | tail"])]);
    whole.predicate.plans[0].sha256 =
        Some(attesh::encoding::hex(&attesh::crypto::sha256(&[b"set -e\n./a | tail\n"])));
    rename_scripts(&mut whole);
    for (statuses, code) in [(vec![0, 0], 0), (vec![3, 0], 1)] {
        whole.predicate.commands.as_mut().unwrap()[1].pipe_status = Some(statuses);
        seal(&home, "x.intoto.json", &whole, 7);
        let said = verify(&home, &["x.intoto.json", "--policy", "x.toml"]);
        assert_eq!(said.code, Some(code), "{}{}", said.out, said.err);
    }
}
