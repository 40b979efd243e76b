//! Whatever is in a file, a name or an argument: what attesh prints about it has nothing that
//! a terminal obeys, and nothing that hides or turns round text.

use std::path::Path;
use std::process::Command;

use attesh::journal::story::FindingCode;
use attesh::record::{Anomaly, Body, Note, NoteWhat, Pause, Program};
use attesh::seal::statement::CommandText;
use serde_json::Value;

use crate::policy::judge::{Run, statement};
use crate::proofs::parsers::is_obeyed;
use crate::stage::pty::ATTESH;
use crate::stage::signer::{self, Defect, Signer, Texts, finish, start};
use crate::stage::world::put;
use crate::vectors::envelopes::{facts, finding, key, sign};

/// A title, a colour by C1, DEL, a return, a turned direction, and what cannot be seen.
const HOSTILE: &str = "a\u{1b}]0;t\u{7}\u{9b}31m\u{7f}\rb\u{202e}c\u{2066}d\u{200b}\u{feff}e\u{8}\u{ad}\u{3164}\u{e0041}\u{fe00}";

/// Runs the program in the folder; what is wrong with what it printed, if anything.
fn printed(folder: &Path, words: &[&str]) -> Option<String> {
    let mut command = Command::new(ATTESH);
    command
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("ATTESH_COLLECT", "none")
        .env("HOME", folder)
        .env("LANG", "C.UTF-8");
    let output = command.output().unwrap();
    let code = output.status.code();
    assert!(matches!(code, Some(0..=6)), "{words:?}: {:?}", output.status);
    let text = match String::from_utf8([output.stdout, output.stderr].concat()) {
        Ok(text) => text,
        // A terminal with an 8-bit set of characters would obey some of these bytes.
        Err(error) => return Some(format!("{words:?}: no UTF-8: {error}")),
    };
    assert!(!text.is_empty(), "{words:?} says nothing");
    let at = text.find(|c| c != '\n' && is_obeyed(c))?;
    let from = text[..at].char_indices().rev().nth(60).map_or(0, |(at, _)| at);
    Some(format!("{words:?}: {:?}", text[from..].chars().take(120).collect::<String>()))
}

/// A session in which each text is hostile, signed as it must be.
fn journal() -> Vec<u8> {
    let mut signer = Signer::begun(1);
    signer.open(Program::Bash, 0);
    let (body, texts) = start(1, 1, 1, HOSTILE.as_bytes());
    signer.push(body, &texts, Defect::None);
    signer.push(finish(1, 1, 3), &Texts::default(), Defect::None);
    let note = Note { shell: Some(1), what: NoteWhat::Remark, status: None, native: None };
    let anomaly = Anomaly { what: HOSTILE.into() };
    for (body, name) in [
        (Body::Note(note), "text"),
        (Body::Pause(Pause { shell: Some(1) }), "reason"),
        (Body::Anomaly(anomaly), "detail"),
    ] {
        signer.push(body, &Texts::of(&[(name, HOSTILE.as_bytes())]), Defect::None);
    }
    signer.close(1, Some(1));
    signer.push(signer::end(), &Texts::default(), Defect::None);
    signer.bytes
}

/// Each text of a JSON value, hostile: but for those that must have one value or form.
fn hostile(value: &mut Value, path: &str) {
    const KEPT: &[&str] = &[
        "_type",
        "predicateType",
        "sha256",
        "id",
        "format",
        "rootHash",
        "genesisHash",
        "headTag",
        "continuity",
        "end",
        "openedAt",
        "closedAt",
        "sealedAt",
        "startedAt",
        "assurance",
        "evidence",
        "inherited",
        "code",
        "at",
        "type",
        "status",
        "outcome",
        "command",
        "closed",
    ];
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| hostile(value, name)),
        Value::Array(items) => items.iter_mut().for_each(|value| hostile(value, path)),
        Value::String(text) if !KEPT.contains(&path) && !text.starts_with("session") => {
            text.push_str(HOSTILE)
        }
        Value::Null if matches!(path, "name" | "host" | "user") => *value = HOSTILE.into(),
        _ => {}
    }
}

fn attestation() -> Vec<u8> {
    let mut run = Run::of(&[HOSTILE, "make"]);
    run.ran[1].status = Some(2);
    let mut bad = statement(&[run]);
    bad.predicate.anomalies.push(finding(1, FindingCode::Pause, "x"));
    // Without what is attached: its name is a plain one.
    (bad.predicate.facts, bad.predicate.outcome.fact_count) = (facts()[..1].to_vec(), 1);
    bad.predicate.extensions.insert("urn:x:y".into(), "x".into());
    let mut value: Value = serde_json::from_slice(&bad.to_json()).unwrap();
    hostile(&mut value, "");
    let read: attesh::seal::statement::Statement = serde_json::from_value(value).unwrap();
    assert!(
        matches!(&read.predicate.commands.as_ref().unwrap()[0].text, CommandText::Command(text) if text == HOSTILE)
    );
    // A verifier takes it, and so shows what it says.
    assert_eq!(attesh::verify::objection(&read.to_json()), None);
    sign(read.to_json(), 7).to_json()
}

/// Files by name, each with something hostile in it.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let toml = format!("{:?}", HOSTILE).replace("\\u{", "\\U{");
    let mut quoted = String::new();
    for c in HOSTILE.chars() {
        quoted.push_str(&if is_obeyed(c) { format!("\\U{:08x}", u32::from(c)) } else { c.to_string() });
    }
    let script = format!("[[script]]\nname = \"{quoted}\"\ncommands = [\"{quoted}\", \"make\"]\n");
    let deny = format!("[deny]\ncommands = [\"{}\"]\n", quoted.replace(']', ".").replace("31m", "."));
    let rule = format!("[[rule]]\nname = \"{quoted}\"\ncel = \"predicate.none == '{quoted}'\"\n");
    let subject = format!("[subject]\nrequire = [\"{quoted}\"]\n");
    let yaml = format!("\"{0}\":\n  script: [\"{0}\"]\nbuild:\n  extends: \"{0}\"\n", quoted);
    let jobs = format!(
        "jobs:\n  build:\n    steps:\n      - name: \"{quoted}\"\n        run: \"make ${{{{ {quoted} }}}}\"\n      - uses: \"{quoted}\"\n"
    );
    vec![
        ("journal", journal()),
        ("torn", [&journal()[..400], HOSTILE.as_bytes()].concat()),
        ("a.intoto.json", attestation()),
        ("signer.pub", format!("{} {HOSTILE}\n", key(7).public().to_ssh_line()).into_bytes()),
        (
            "signers",
            format!("{} namespaces=\"{HOSTILE}\" {}\n", "x", key(7).public().to_ssh_line()).into_bytes(),
        ),
        ("p.toml", format!("version = 1\n{script}{deny}{rule}{subject}").into_bytes()),
        ("unknown.toml", format!("version = 1\n\"{quoted}\" = 1\n").into_bytes()),
        ("broken.toml", format!("version = 1\n{HOSTILE} = 1\n").into_bytes()),
        (
            "word.toml",
            format!("version = 1\n[[script]]\nmode = \"{quoted}\"\ncommands = ['x']\n").into_bytes(),
        ),
        ("debug.toml", format!("version = 1\nx = {toml}\n").into_bytes()),
        ("gitlab.yml", yaml.into_bytes()),
        ("github.yml", jobs.into_bytes()),
        ("broken.yml", format!("build: [{HOSTILE}\n").into_bytes()),
        ("script.sh", format!("{HOSTILE}\nmake && x\n( y )\ntrap 'exit 0 {HOSTILE}' EXIT\n").into_bytes()),
        ("bad.sh", format!("if {HOSTILE}\n").into_bytes()),
        ("log", format!("attesh-head {HOSTILE}\n").into_bytes()),
    ]
}

/// A program is given the name of the envelope as it is; a terminal is not.
#[test]
fn a_terminal_obeys_the_name_of_an_envelope() {
    if !crate::stage::programs::have("script") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sealed")).unwrap();
    put(&folder.path().join("sealed/journal"), &Signer::whole().bytes);
    let line =
        r#""$ATTESH" key generate -o k --no-passphrase && "$ATTESH" seal --dir sealed --key k -o "$NAME""#;
    let output = Command::new("script")
        .args(["-qec", line, "/dev/null"])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("ATTESH", ATTESH)
        .env("NAME", format!("{HOSTILE}.intoto.json"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    assert!(text.contains(".intoto.json\n") && text.contains("sealed session"), "{text:?}");
    assert!(!text.contains(|c| c != '\n' && is_obeyed(c)), "{text:?}");
}

#[test]
fn a_terminal_obeys_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files() {
        put(&folder.path().join(name), &bytes);
    }
    let named = format!("{HOSTILE}.sh");
    put(&folder.path().join(&named), b"make\n");
    let mut calls: Vec<Vec<&str>> = Vec::new();
    for file in ["journal", "torn", "a.intoto.json", "script.sh", "nothing", HOSTILE] {
        calls.extend([
            vec!["verify", file],
            vec!["verify", "-v", file, "--trust", "signer.pub"],
            vec!["show", file],
        ]);
        calls.extend([vec!["verify", "--json", file], vec!["show", "--json", file], vec!["log", file]]);
        calls.push(vec!["verify", "--json", "-v", file, "--trust", "signer.pub"]);
    }
    for policy in ["p.toml", "unknown.toml", "broken.toml", "word.toml", "debug.toml", HOSTILE] {
        calls.extend([
            vec!["policy", "check", policy],
            vec!["policy", "explain", policy],
            vec!["policy", "check", "--json", policy],
        ]);
        calls.push(vec!["verify", "a.intoto.json", "--trust", "signer.pub", "-v", "--policy", policy]);
        calls.push(vec!["verify", "a.intoto.json", "--trust", "signer.pub", "--json", "--policy", policy]);
        calls.push(vec!["policy", "test", policy, "a.intoto.json"]);
    }
    for yaml in ["gitlab.yml", "github.yml", "broken.yml", HOSTILE] {
        for verb in ["from-gitlab", "from-github"] {
            for job in ["build", HOSTILE] {
                calls.push(vec!["policy", verb, yaml, "--job", job, "-o", "out.toml", "--force"]);
            }
        }
    }
    for script in ["script.sh", "bad.sh", &named, HOSTILE] {
        calls.push(vec!["policy", "from-script", script, "-o", "out.toml", "--force"]);
    }
    for words in [
        vec![HOSTILE],
        vec!["verify", "a.intoto.json", "--trust", "signers"],
        vec!["verify", "a.intoto.json", "--trust", HOSTILE],
        vec!["verify", "a.intoto.json", "--artifact", HOSTILE],
        vec!["verify", "journal", "--expect-head", HOSTILE],
        vec!["verify", "journal", "--expect-head", "log"],
        vec!["verify", "journal", "--secret", HOSTILE],
        vec!["seal", HOSTILE],
        vec!["start", HOSTILE],
        vec!["note", "--session", HOSTILE, HOSTILE],
        vec!["stop", HOSTILE],
        vec!["status", HOSTILE],
        vec!["prune", HOSTILE],
        vec!["key", "show", HOSTILE],
        vec!["key", "generate", "-o", HOSTILE, "--no-passphrase"],
        vec!["init", HOSTILE],
        vec!["man", HOSTILE],
        vec!["completions", HOSTILE],
    ] {
        calls.push(words);
    }
    let odd = format!("{HOSTILE}\n.intoto.json");
    calls.push(vec!["key", "generate", "-o", "k", "--no-passphrase"]);
    calls.push(vec!["seal", "--dir", "sealed", "--key", "k", "-o", &odd, "--json"]);
    calls.push(vec!["sessions"]);
    std::fs::create_dir(folder.path().join("sealed")).unwrap();
    put(&folder.path().join("sealed/journal"), &Signer::whole().bytes);
    let wrong: Vec<String> = calls.iter().filter_map(|words| printed(folder.path(), words)).collect();
    println!("{} calls", calls.len());
    assert!(wrong.is_empty(), "{} of {} calls:\n{}", wrong.len(), calls.len(), wrong.join("\n"));
}
