//! What an agent tells of its commands, held against what the kernel told: what real transcripts tell,
//! and that no difference between the two sides is left out.

use std::path::{Path, PathBuf};

use attesh::agent::rules::Shown;
use attesh::agent::transcript::{self, Kind, Outcome, Transcript};
use serde_json::{Value, json};

use crate::cli::messages::{fails, ok, with_key};
use crate::stage::programs::attesh;
use crate::stage::pty::Home;

const ENVELOPE: &str = "t.intoto.json";

fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/transcripts").join(name)
}

fn read(name: &str) -> Transcript {
    let bytes = std::fs::read(vector(name)).unwrap();
    let kind = Kind::of(&bytes).unwrap();
    let transcript = transcript::read(kind, &bytes).unwrap();
    assert!(transcript.unknown.is_empty(), "{name}: {:?}", transcript.unknown);
    transcript
}

/// What every session was asked for, and how a shell ends that is given it.
const ASKED: [(&str, Outcome); 9] = [
    ("echo plain", Outcome::Exit(0)),
    ("echo \"it's\" 'a \"q\"' $HOME | tr a-z A-Z", Outcome::Exit(0)),
    ("cat <<'END' > here.txt\nline 'one'\nline \"two\" $x\nEND\nwc -l < here.txt", Outcome::Exit(0)),
    ("ls /no/such/folder", Outcome::Exit(2)),
    ("false; exit 7", Outcome::Exit(7)),
    ("cd /tmp && pwd", Outcome::Exit(0)),
    ("seq 1 100 | grep 7 | head -n 2", Outcome::Exit(0)),
    ("sh -c 'kill -TERM $$'", Outcome::Exit(143)),
    ("kill -TERM $$", Outcome::Exit(143)),
];

#[test]
fn a_real_transcript_is_told_otherwise() {
    use Outcome::{Exit, NotRun, NotTold, Signal};
    let by_signal = |outcome: Outcome| [outcome, outcome];
    for (name, kind, version, signals, rest) in [
        (
            "claude-code.jsonl",
            Kind::Claude,
            Some("2.1.332"),
            [Exit(143), Exit(144)],
            vec![Exit(143), Exit(0), Exit(0), Exit(0)],
        ),
        (
            "codex.jsonl",
            Kind::Codex,
            Some("0.171.0"),
            by_signal(Exit(143)),
            vec![Exit(0), Exit(0), Exit(3), NotTold, Exit(0), Exit(0), Exit(0), Exit(0)],
        ),
        (
            "gemini-cli.jsonl",
            Kind::Gemini,
            None,
            by_signal(Signal(15)),
            vec![NotTold, Exit(0), Exit(0), Exit(0), Exit(0), NotRun],
        ),
        (
            "opencode.json",
            Kind::Opencode,
            Some("1.18.33"),
            by_signal(NotTold),
            vec![NotTold, Exit(0), Exit(0), Exit(0)],
        ),
    ] {
        let transcript = read(name);
        assert_eq!((transcript.kind, transcript.version.as_deref()), (kind, version), "{name}");
        let commands = &transcript.commands;
        let outcomes: Vec<Outcome> = commands.iter().map(|told| told.outcome).collect();
        let of_asked = ASKED[..7].iter().map(|(_, outcome)| *outcome);
        let expected: Vec<Outcome> = of_asked.chain(signals).chain(rest).collect();
        assert_eq!(outcomes, expected, "{name}");
        for ((text, _), told) in ASKED.iter().zip(commands) {
            assert_eq!(told.asked, Shown::Text(text.as_bytes().to_vec()), "{name}");
            assert!(told.line > 0 && told.at.is_some() && !told.id.is_empty(), "{name}");
        }
    }
    let refused: Vec<Outcome> =
        read("claude-code-refused.jsonl").commands.iter().map(|told| told.outcome).collect();
    assert_eq!(refused, [NotTold, NotRun, NotRun, NotRun, Exit(0), Exit(0), NotRun]);
    // The agent runs another text than it was asked for.
    let ran: Vec<Shown> =
        read("gemini-cli.jsonl").commands[7..].iter().map(transcript::Told::shown).collect();
    for (at, text) in [(0, "kill -TERM $$"), (5, "echo lead"), (6, "echo \"q\"")] {
        assert_eq!(ran[at], Shown::Text(text.as_bytes().to_vec()));
    }
}

#[test]
fn a_transcript_that_was_cut_ends_the_program_or_loses_what_came_before() {
    for name in ["claude-code.jsonl", "codex.jsonl", "gemini-cli.jsonl", "opencode.json"] {
        let bytes = std::fs::read(vector(name)).unwrap();
        let whole = read(name);
        let lines: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).collect();
        for (count, end) in (1_u64..).zip(&lines).step_by(7) {
            // At the end of a line all before it is told; within one the line is named.
            let cut = transcript::read(whole.kind, &bytes[..*end]);
            let torn = transcript::read(whole.kind, &bytes[..end - 1]).unwrap_err();
            if whole.kind == Kind::Opencode {
                assert!(torn.line.is_some() && (cut.is_err() || *end + 1 == bytes.len()), "{name}");
                continue;
            }
            assert_eq!(torn.line, Some(count), "{name}");
            let commands = cut.unwrap().commands;
            let before = whole.commands.iter().filter(|told| told.line <= count).count();
            assert_eq!(commands.len(), before, "{name} to line {count}");
        }
    }
}

/// The commands of an agent, and what opencode would note of each.
const RAN: [(&str, Option<u8>); 4] =
    [("exit 3", Some(3)), ("kill -TERM $$", None), ("true # 1", Some(0)), ("true # 2", Some(0))];

/// A home where an agent ran these commands and was recorded.
fn recorded(commands: &[&str], options: &[&str]) -> Home {
    let home = with_key();
    let mut script = "#!/bin/sh\n".to_owned();
    for command in commands {
        script.push_str(&format!("bash -c '{command}' 2>/dev/null\n"));
    }
    home.file("work/agent", &format!("{script}exit 0\n"));
    let seal = ["run", "--author", "opencode", "--seal", ENVELOPE, "--key", "key"];
    let said = attesh(&home, &[&seal, options, &["./agent"]].concat());
    assert_eq!(said.code, Some(0), "{}", said.err);
    home
}

/// A transcript of these commands.
fn tells(home: &Home, name: &str, commands: &[(&str, Option<u8>)]) {
    let part = |(at, (command, exit)): (usize, &(&str, Option<u8>))| {
        let state = json!({"status": "completed", "input": {"command": command}, "metadata": {"exit": exit}});
        json!({"type": "tool", "tool": "bash", "callID": format!("call_{at}"), "state": state})
    };
    let parts: Vec<Value> = commands.iter().enumerate().map(part).collect();
    let whole = json!({"info": {"version": "1.18.33"}, "messages": [{"info": {}, "parts": parts}]});
    home.file(&format!("work/{name}"), &serde_json::to_string_pretty(&whole).unwrap());
}

fn reconcile<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["reconcile", ENVELOPE, "--transcript", "t.json", "--trust", "key.pub"], more].concat()
}

#[test]
fn a_difference_between_the_two_sides_is_not_told() {
    let home = recorded(&RAN.map(|(command, _)| command), &[]);
    tells(&home, "t.json", &RAN);
    let said = ok(&home, &reconcile(&[]));
    assert!(said.starts_with("sealed: a key that is trusted here signed this\n"), "{said}");
    let sum = "told 4 commands, the kernel saw 4; 1 status not told: they agree\n";
    assert!(said.ends_with(sum), "{said}");
    let [exit, term, one, two] = RAN;
    for (told, sum, rows) in [
        (
            vec![exit, term, one],
            "told 3 commands, the kernel saw 4; 1 command only seen; 1 status not told",
            &["only seen   start 5: 0  true # 2"][..],
        ),
        (
            vec![exit, term, one, ("rm -rf x", Some(0)), two],
            "told 5 commands, the kernel saw 4; 1 command only told; 1 status not told",
            &["only told   line 52 (call_3): 0  rm -rf x"],
        ),
        (
            vec![("exit 3", Some(0)), ("kill -TERM $$", Some(144)), one, two],
            "told 4 commands, the kernel saw 4; 2 statuses differ",
            &[
                "differs     start 2, line 10 (call_0): told 0, the kernel saw 3  exit 3",
                "differs     start 3, line 24 (call_1): told 144, the kernel saw signal 15  kill -TERM $$",
            ],
        ),
        (
            vec![exit, ("kill -TERM $$ ", Some(143)), one, two],
            "told 4 commands, the kernel saw 4; 1 command only told; 1 command only seen",
            &[
                "only told   line 24 (call_1): 143  kill -TERM $$ ",
                "only seen   start 3: signal 15  kill -TERM $$",
            ],
        ),
        (
            vec![],
            "told 0 commands, the kernel saw 4; 4 commands only seen",
            &[
                "only seen   start 2: 3  exit 3",
                "only seen   start 3: signal 15  kill -TERM $$",
                "only seen   start 4: 0  true # 1",
                "only seen   start 5: 0  true # 2",
            ],
        ),
    ] {
        tells(&home, "t.json", &told);
        let said = fails(&home, 1, &reconcile(&[]));
        let lines: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("told ")).collect();
        assert_eq!(lines, [&[sum], rows].concat(), "{said}");
        let said = attesh(&home, &reconcile(&["--json"]));
        let value: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!((said.code, &value["agrees"], &value["trusted"]), (Some(1), &json!(false), &json!(true)));
        let all = value["commands"].as_array().unwrap();
        let count = |side: &str| all.iter().filter(|item| item[side].is_object()).count();
        assert_eq!((count("told"), count("seen")), (told.len(), 4), "{value}");
        let of_rows: Vec<String> =
            rows.iter().map(|row| row.split("  ").next().unwrap().replace(' ', "-")).collect();
        let other = all.iter().map(|item| item["what"].as_str().unwrap());
        let other: Vec<&str> = other.filter(|what| !["same", "not-told"].contains(what)).collect();
        assert_eq!(other, of_rows, "{value}");
    }
    // Another order, and a transcript in two parts.
    tells(&home, "t.json", &[exit, term, two, one]);
    assert!(ok(&home, &reconcile(&[])).ends_with(sum));
}

#[test]
fn a_command_that_was_told_as_refused_and_ran_goes_unsaid() {
    let home = recorded(&["exit 0"], &[]);
    let refused = json!({"status": "error", "input": {"command": "exit 0"}, "error": "rejected by the user"});
    let part = json!({"type": "tool", "tool": "bash", "callID": "c", "state": refused});
    let whole = json!({"info": {"version": "1.18.33"}, "messages": [{"info": {}, "parts": [part]}]});
    home.file("work/t.json", &serde_json::to_string_pretty(&whole).unwrap());
    let said = fails(&home, 1, &reconcile(&[]));
    let sum = "told 0 commands, the kernel saw 1; 1 command not told to have run, and seen to\n";
    let row = "ran untold  start 2, line 10 (c): not told to have run, the kernel saw 0  exit 0\n";
    assert!(said.ends_with(&format!("{sum}{row}")), "{said}");
    let said = attesh(&home, &reconcile(&["--json"]));
    let value: Value = serde_json::from_str(&said.out).unwrap();
    let (told, what) = (&value["told"], &value["commands"][0]["what"]);
    assert_eq!(
        (said.code, &value["agrees"], told, what),
        (Some(1), &json!(false), &json!(0), &json!("ran-untold"))
    );
}

#[test]
fn a_recording_that_does_not_tell_all_is_taken_for_agreement() {
    let token = "ghp_0123456789abcdefGHIJKLMNOPQRSTUVWXYZ";
    let (with_token, with_secret) =
        (format!("true {token} x"), "true --password hunter2secret-word".to_owned());
    let home = recorded(&[&with_token], &[]);
    tells(&home, "t.json", &[(&with_token, Some(0))]);
    let said = ok(&home, &reconcile(&[]));
    assert!(said.contains("; 1 text compared but for a masked secret: they agree"), "{said}");
    // Where what was masked may be anything, another command may have run.
    let home = recorded(&[&with_secret], &[]);
    tells(&home, "t.json", &[(&with_secret, Some(0))]);
    let said = fails(&home, 1, &reconcile(&[]));
    assert!(said.contains("; 1 text masked, and not comparable") && said.contains("\nmasked "), "{said}");
    // What is not disclosed cannot be compared.
    let home = recorded(&["true # 1"], &["--selective"]);
    tells(&home, "t.json", &[("true # 1", Some(0))]);
    assert!(ok(&home, &reconcile(&[])).contains("they agree"));
    std::fs::remove_file(home.path("work/t.disclosures")).unwrap();
    let said = fails(&home, 1, &reconcile(&[]));
    assert!(said.contains("\ngap ") && said.contains("the kernel saw 0; 1 command only told"), "{said}");
}

#[test]
fn a_bash_that_told_its_lines_is_taken_for_a_program_whose_starts_are_told_nowhere() {
    let home = recorded(&RAN.map(|(command, _)| command), &["--lines"]);
    tells(&home, "t.json", &RAN);
    let said = ok(&home, &reconcile(&[]));
    assert!(said.ends_with("told 4 commands, the kernel saw 4; 1 status not told: they agree\n"), "{said}");
    assert!(!said.contains("gap "), "{said}");
}

#[test]
fn what_is_not_verified_is_not_said_to_be() {
    let home = recorded(&["exit 3"], &[]);
    tells(&home, "t.json", &[("exit 3", Some(3))]);
    ok(&home, &["key", "generate", "-o", "other", "--no-passphrase"]);
    let words = ["reconcile", ENVELOPE, "--transcript", "t.json", "--trust", "other.pub"];
    let said = fails(&home, 6, &words);
    assert!(said.starts_with("NOT TRUSTED: ") && said.contains("told 1 command, the kernel saw 1"), "{said}");
    // A journal, whole and changed.
    let journal = home.sessions()[0].join("journal").display().to_string();
    let said = ok(&home, &["reconcile", &journal, "--transcript", "t.json"]);
    assert!(said.starts_with("not sealed: ") && said.contains("they agree"), "{said}");
    let mut bytes = std::fs::read(&journal).unwrap();
    let at = memchr::memmem::find(&bytes, b"exit 3").unwrap();
    bytes[at + 5] = b'4';
    let changed = home.file("work/changed", &String::from_utf8(bytes).unwrap()).display().to_string();
    let said = fails(&home, 3, &["reconcile", &changed, "--transcript", "t.json"]);
    assert!(said.starts_with("NOT INTACT: "), "{said}");
}

#[test]
fn a_file_that_is_no_transcript_is_read_or_ends_without_a_next_step() {
    let home = recorded(&["exit 3"], &[]);
    tells(&home, "t.json", &[("exit 3", Some(3))]);
    let codex = r#"{"timestamp":"t","type":"session_meta","payload":{"cli_version":"7.0.0"}}"#;
    for (name, text, code, says) in [
        ("a", "no transcript\n", 3, "no transcript of an agent that is known here"),
        ("b", "{\"type\":\"user\"}\n{\"type\":\n", 3, "line 2: no JSON: EOF while parsing a value"),
        ("c", codex, 7, "line 1: the version 7.0.0 is not known here"),
        ("d", "SQLite format 3\0 and more", 3, "opencode export"),
        (
            "e",
            "{\"sessionId\":\"s\",\"projectHash\":\"h\"}\n",
            5,
            "no program that attesh run ran for gemini-cli",
        ),
    ] {
        home.file(&format!("work/{name}"), text);
        let words = ["reconcile", ENVELOPE, "--transcript", name, "--trust", "key.pub"];
        let said = fails(&home, code, &words);
        assert!(said.contains(says), "{name}: {said}");
        assert!(code != 3 || said.contains(name), "{name}: {said}");
    }
    for (words, code, says) in [
        (&["--transcript", "none"][..], 5, "none"),
        (&["--transcript", "t.json", "--agent", "pi"], 2, "claude-code, codex, gemini-cli and opencode"),
        (&["--transcript", "t.json", "--transcript", "e"], 2, "give the transcripts of one agent"),
        (&["--transcript", "t.json", "--agent", "codex"], 3, "line 1: no JSON"),
        (&[], 2, "--transcript"),
    ] {
        let said = fails(&home, code, &[&["reconcile", ENVELOPE], words].concat());
        assert!(said.contains(says), "{words:?}: {said}");
    }
}
