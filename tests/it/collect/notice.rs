//! What users are told before they are recorded, what for, and for how long it is kept.

use std::path::Path;

use attesh::protocol::{self, Key, Verb};
use serde_json::Value;

use super::place::Place;
use crate::cli::messages::{ok, with_key};
use crate::stage::programs::{attesh, said};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::{a_bash, put};

const NOTICE: &str = "https://attesh.dev/fact/notice/v1";
const TEXT: &str = "You are recorded.\nAsk dpo@example.org.\n";
const ALL: [&str; 6] = ["--notice", "notice", "--purpose", "support case 7", "--retain", "30d"];

/// A home with a notice in its folder.
fn with_notice() -> Home {
    let home = with_key();
    home.file("work/notice", TEXT);
    home
}

#[test]
fn what_was_said_of_a_session_is_not_told_with_it() {
    let home = with_notice();
    let started = attesh(&home, &[&["start", "one"][..], &ALL].concat());
    let shown = "attesh: notice for the users of this session:\nattesh:   You are recorded.\nattesh:   Ask dpo@example.org.\n";
    assert!(started.code == Some(0) && started.err.starts_with(shown), "{}", started.err);
    let digest = attesh::encoding::hex(&attesh::crypto::sha256(&[TEXT.as_bytes()]));
    let json = |words: &[&str]| -> Value { serde_json::from_str(&ok(&home, words)).unwrap() };
    let told = |value: &Value, until: bool| {
        assert_eq!(value["purpose"], "support case 7");
        assert_eq!(
            (&value["retainSeconds"], &value["noticeSha256"]),
            (&2_592_000.into(), &digest.as_str().into())
        );
        assert_eq!(value["retainUntil"].is_string(), until, "{value}");
    };
    let text = ok(&home, &["status", "one"]);
    assert!(text.contains("purpose   support case 7\nretention 30d after its end\n"), "{text}");
    told(&json(&["status", "one", "--json"]), false);
    told(&json(&["sessions", "--json"])["sessions"][0], false);
    let listed = ok(&home, &["sessions"]);
    assert!(listed.contains(" RETAINED\n") && listed.contains(" 30d\n"), "{listed}");
    assert!(
        ok(&home, &["log", "one", "-v"]).contains("purpose: support case 7; retention: 30d after its end")
    );
    ok(&home, &["stop", "one"]);
    let text = ok(&home, &["status", "one"]);
    assert!(text.contains("retention 30d after its end, until 2"), "{text}");
    for words in [&["status", "one", "--json"][..], &["show", "one", "--json"]] {
        told(&json(words), true);
    }
    // Once more, of what was kept of it.
    for _ in 0..2 {
        told(&json(&["sessions", "--json"])["sessions"][0], true);
        assert!(ok(&home, &["sessions"]).contains(" until 2"));
    }
    assert_eq!(json(&["show", "one", "--json"])["notice"], TEXT);
    let text = ok(&home, &["show", "one"]);
    assert!(text.contains("            You are recorded.\n            Ask dpo@example.org.\n"), "{text}");
    told(&json(&["verify", "one", "--json"])["files"][0], true);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let verify = ["verify", "a.intoto.json", "--trust", "key.pub"];
    let text = ok(&home, &verify);
    let line = format!("  notice        users were told a text of {} bytes, sha256:{digest}\n", TEXT.len());
    assert!(
        text.contains("  purpose       support case 7\n  retention     30d after its end, until 2"),
        "{text}"
    );
    assert!(text.contains(&line), "{text}");
    told(&json(&[&verify[..], &["--json"]].concat())["files"][0], true);
    let show = ["show", "a.intoto.json", "--trust", "key.pub"];
    let text = ok(&home, &show);
    assert!(
        text.contains("purpose     support case 7\n") && text.contains("            You are recorded.\n"),
        "{text}"
    );
    let text = ok(&home, &[&show[..], &["--markdown"]].concat());
    assert!(text.contains("* purpose: support case 7\n* retention: `30d after its end"), "{text}");
    ok(&home, &[&show[..], &["--html", "a.html"]].concat());
    let html = std::fs::read_to_string(home.path("work/a.html")).unwrap();
    assert!(html.contains("<th scope=\"row\">Purpose</th><td>support case 7</td>"), "{html}");
    // No file says what a session without any of it is for.
    ok(&home, &["start", "two"]);
    assert!(!ok(&home, &["status", "two"]).contains("purpose"));
    assert_eq!(json(&["status", "two", "--json"])["purpose"], Value::Null);
}

#[test]
fn a_notice_that_cannot_be_one_opens_a_session() {
    let home = with_key();
    home.file("work/long", &"a".repeat(8193));
    home.file("work/empty", " \n");
    home.file("work/good", "a");
    std::fs::create_dir(home.path("work/folder")).unwrap();
    put(&home.path("work/latin"), b"caf\xe9");
    nix::unistd::mkfifo(&home.path("work/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (long, control) = ("a".repeat(513), "a\u{1b}[2Jb");
    for (option, value, why) in [
        ("--notice", "none", "--notice none: no such file or folder"),
        ("--notice", "long", "--notice long: longer than 8192 bytes"),
        ("--notice", "empty", "--notice empty: it says nothing"),
        ("--notice", "latin", "--notice latin: not UTF-8, from byte 3 on"),
        ("--notice", "pipe", "--notice pipe: not a regular file"),
        ("--notice", "folder", "--notice folder: not a regular file"),
        ("--notice", "/dev/zero", "--notice /dev/zero: not a regular file"),
        ("--purpose", "", "--purpose: it says nothing"),
        ("--purpose", " ", "--purpose: it says nothing"),
        ("--purpose", "a\nb", "--purpose: it has control characters"),
        ("--purpose", control, "--purpose: it has control characters"),
        ("--purpose", &long, "--purpose: longer than 512 bytes"),
        ("--retain", "soon", "--retain soon: not an age"),
        ("--retain", "", "--retain: not an age"),
        ("--retain", "30", "--retain 30: not an age"),
        ("--retain", "+30d", "--retain +30d: not an age"),
        ("--retain", "0d", "--retain 0d: no time at all"),
        ("--retain", "36501d", "--retain 36501d: longer than 36500d"),
        ("--retain", "99999999999999999999w", "not an age"),
        ("--retain", "9999999999999999w", "not an age"),
    ] {
        let given = format!("{option}={value}");
        for words in [&["start", "one", &given][..], &["sh", &given, "-c", "true"], &["init", "bash", &given]]
        {
            let said = attesh(&home, words);
            assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words:?}: {}", said.err);
            assert!(said.err.contains(why) && !said.err.contains('\u{1b}'), "{words:?}: {}", said.err);
        }
        // The same in the environment, but for the name.
        let variable = format!("ATTESH_{}", option.trim_start_matches("--").to_uppercase());
        if !value.is_empty() {
            let said = said(home.command(Path::new(ATTESH)).args(["start", "one"]).env(&variable, value));
            assert_eq!(said.code, Some(2), "{variable}={value}: {}", said.err);
            assert!(said.err.contains(&format!("{variable}: ")), "{}", said.err);
        }
        // An option stands for its variable, whatever that says.
        let good = match option {
            "--notice" => ["--notice", "good"],
            "--purpose" => ["--purpose", "good"],
            _ => ["--retain", "1d"],
        };
        let mut command = home.command(Path::new(ATTESH));
        let said = said(command.args(["init", "bash"]).args(good).env(&variable, value));
        assert_eq!(said.code, Some(0), "{variable}={value}: {}", said.err);
    }
    assert!(home.sessions().is_empty());
}

#[test]
fn who_joins_a_session_does_not_see_its_notice() {
    let home = with_notice();
    ok(&home, &[&["start", "one"][..], &ALL].concat());
    let recorded = |said: &str| said.contains("attesh:   You are recorded.\n");
    let init = |words: &[&str], env: &[(&str, &str)]| {
        said(home.command(Path::new(ATTESH)).args(["init", "bash"]).args(words).envs(env.iter().copied()))
    };
    assert!(recorded(&init(&["--session", "one"], &[]).err));
    assert!(recorded(&init(&[], &[("ATTESH_SESSION", "one")]).err));
    let folder = home.sessions()[0].display().to_string();
    let path = home.path("work/notice").display().to_string();
    // A shell in a recorded one: its user saw it there.
    assert_eq!(init(&[], &[("ATTESH_SESSION", &folder), ("ATTESH_NOTICE", &path)]).err, "");
    assert!(recorded(&init(&[], &[("ATTESH_NOTICE", &path)]).err));
    assert_eq!(init(&[], &[]).err, "");
    let printed = init(&ALL, &[]);
    assert!(recorded(&printed.err), "{}", printed.err);
    let lines: Vec<&str> = printed.out.lines().take(3).collect();
    let export = |name: &str, value: &str| format!(r"\export ATTESH_{name}='{value}'");
    assert_eq!(
        lines,
        [export("NOTICE", &path), export("PURPOSE", "support case 7"), export("RETAIN", "30d")]
    );
    // start finds it open, and shows what is recorded and not what is asked now.
    home.file("work/other", "Nobody looks.\n");
    let dir = home.path("work/job").display().to_string();
    ok(&home, &["start", "--dir", &dir, "--notice", "notice"]);
    let joined = attesh(&home, &["start", "--dir", &dir, "--notice", "other"]);
    assert!(recorded(&joined.err) && !joined.err.contains("Nobody looks"), "{}", joined.err);
    assert!(joined.err.contains("nothing of this is taken"), "{}", joined.err);
    // A step is shown it where it asks, and else was told when the session began.
    assert_eq!(attesh(&home, &["sh", "--quiet", "--dir", &dir, "-c", "true"]).err, "");
    assert!(recorded(&attesh(&home, &["sh", "--notice", "notice", "-c", "true"]).err));
}

#[test]
fn a_hook_begins_a_session_without_what_was_exported() {
    let home = with_notice();
    let path = home.path("work/notice").display().to_string();
    let open = |env: &[(&str, &str)]| {
        let values = a_bash(std::process::id()).into_iter().chain([Key::Exported.is("")]);
        let mut command = home.command(Path::new(ATTESH));
        let said = said(command.args(protocol::words(Verb::Open, values)).envs(env.iter().copied()));
        assert_eq!(said.code, Some(0), "{}", said.err);
        (said.out.lines().next().unwrap().to_owned(), said.err)
    };
    let (folder, err) =
        open(&[("ATTESH_NOTICE", &path), ("ATTESH_RETAIN", "2w"), ("ATTESH_PURPOSE", "on call")]);
    assert_eq!(err, "", "a hook says nothing of its own");
    let status: Value = serde_json::from_str(&ok(&home, &["status", &folder, "--json"])).unwrap();
    assert_eq!((&status["purpose"], &status["retainSeconds"]), (&"on call".into(), &1_209_600.into()));
    // What is wrong with a variable is recorded, and keeps no shell from being recorded.
    let (folder, err) = open(&[("ATTESH_NOTICE", "/nonexistent"), ("ATTESH_RETAIN", "2w")]);
    assert!(
        err.contains("notice, purpose and retention are not recorded: ATTESH_NOTICE: no such file"),
        "{err}"
    );
    let journal = std::fs::read_to_string(Path::new(&folder).join("journal")).unwrap();
    let fact = journal.lines().find(|line| line.contains(NOTICE)).unwrap();
    assert!(fact.contains("\"ok\":false") && fact.contains("ATTESH_NOTICE: no such file"), "{fact}");
    let status: Value = serde_json::from_str(&ok(&home, &["status", &folder, "--json"])).unwrap();
    assert_eq!(status["retainSeconds"], Value::Null);
}

#[test]
fn a_notice_is_obeyed_by_a_terminal() {
    let home = with_key();
    home.file("work/notice", "a\u{1b}[2Jb\r\n\u{202e}c\u{9b}m\n");
    let started = attesh(&home, &["start", "one", "--notice", "notice", "--purpose", "x\u{202e}y"]);
    assert!(
        started.err.contains("attesh:   a\\u{1b}[2Jb\nattesh:   \\u{202e}c\\u{9b}m\n"),
        "{}",
        started.err
    );
    ok(&home, &["stop", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let trust = ["--trust", "key.pub"];
    for words in [
        &["show", "one"][..],
        &["status", "one"],
        &["status", "one", "--json"],
        &["log", "one"],
        &["sessions", "--json"],
        &[&["show", "a.intoto.json"][..], &trust].concat(),
        &[&["show", "a.intoto.json", "--markdown"][..], &trust].concat(),
        &[&["verify", "a.intoto.json"][..], &trust].concat(),
    ] {
        let said = attesh(&home, words);
        let text = said.out + &said.err;
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{words:?}: {text:?}");
    }
}

#[test]
fn a_session_for_another_purpose_meets_a_policy() {
    let place = Place::new();
    place.home.file("work/notice", TEXT);
    let digest = attesh::encoding::hex(&attesh::crypto::sha256(&[TEXT.as_bytes()]));
    let record = |more: &[&str]| {
        let words = ["sh", "--seal", "a", "--force", "--key", "k"];
        let ran = place.attesh("", &[&words[..], more, &["-c", "true"]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    };
    let verify = |rules: &str, more: &[&str]| {
        let policy = place.home.file("work/p.toml", &format!("version = 1\n{rules}\n"));
        let words = ["verify", "a", "--trust", "k.pub", "--policy", policy.to_str().unwrap()];
        let said = place.attesh("", &[&words[..], more].concat());
        (said.code, said.out + &said.err)
    };
    record(&ALL);
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("man/attesh-policy.5")).unwrap();
    let rule = page.split_once("as its notice says:\n.Bd -literal -offset 4n\n").unwrap().1;
    let rule = rule.split("\n.Ed").next().unwrap();
    let at_most = |seconds: &str| format!("[[rule]]\ncel = '''{}'''", rule.replace("2592000", seconds));
    let good = format!("[context]\npurpose = ['release *', 'support case *']\nnotice-sha256 = '{digest}'");
    for (rules, denied) in [
        (good.as_str(), None),
        (&at_most("2592000"), None),
        (&at_most("2591999"), Some("rule 1 is false")),
        ("[context]\npurpose = 'release *'", Some("who began the session says purpose 'support case 7'")),
        (&format!("[context]\nnotice-sha256 = '{}'", "0".repeat(64)), Some("says notice-sha256 ")),
    ] {
        let (code, text) = verify(rules, &[]);
        assert_eq!(code, Some(i32::from(denied.is_some())), "{rules}: {text}");
        assert!(denied.is_none_or(|why| text.contains(why)), "{rules}: {text}");
    }
    assert_eq!(verify("", &["--context", "purpose=support case 7"]).0, Some(0));
    assert_eq!(verify("", &["--context", "purpose=support case 8"]).0, Some(1));
    let (code, text) = verify("[context]\nnotice-sha256 = 'AB'", &[]);
    assert!(code == Some(2) && text.contains("notice-sha256 must be the SHA-256 of a notice"), "{text}");
    record(&[]);
    for rules in [good.as_str(), "[context]\npurpose = '*'", &at_most("2592000")] {
        let (code, text) = verify(rules, &[]);
        assert_eq!(code, Some(1), "{rules}: {text}");
    }
}
