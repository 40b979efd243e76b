//! Real agents below `attesh run`: one from npm against a model server of the test's own, and one of
//! forty lines that starts commands in every form that agents were seen to use.
//!
//! What they were told of each command is held against what the kernel told.

use std::path::{Path, PathBuf};
use std::process::Command;

use attesh::fact::process::{End, Started, Told};
use attesh::seal::envelope::Envelope;
use attesh::seal::form;
use serde_json::{Value, json};

use super::model::Model;
use crate::cli::messages::{ok, with_key};
use crate::stage::programs::{Said, have, said};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::skipped;

const ENVELOPE: &str = "t.intoto.json";

/// Gemini CLI, where tests/agents/setup has put it and there is something to run it.
fn gemini() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/agents");
    let program = folder.join("node_modules/@google/gemini-cli/bundle/gemini.js");
    if !have("node") {
        return None;
    }
    if folder.join("complete").exists() {
        return Some(program);
    }
    #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
    let ci = std::env::var_os("CI").is_some();
    assert!(!ci, "there is no agent: run tests/agents/setup");
    skipped("there is no agent; tests/agents/setup installs one");
    None
}

/// A program of a home, below `attesh run` with these options or by itself.
fn below(home: &Home, options: Option<&[&str]>, program: &str) -> Command {
    if let Some(options) = options {
        let mut command = home.command(Path::new(ATTESH));
        command.args(["run", "--quiet", "--wait", "--seal", ENVELOPE, "--key", "key"]);
        command.args(options).arg(program);
        return command;
    }
    let mut command = Command::new(program);
    // The same surroundings.
    let like = home.command(Path::new(program));
    command.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(like.get_current_dir().unwrap()).stdin(std::process::Stdio::null());
    command
}

/// What is signed of the starts.
fn sealed(home: &Home) -> Told {
    let verdict = ok(home, &["verify", ENVELOPE, "--trust", "key.pub"]);
    assert!(verdict.contains("told by the kernel"), "{verdict}");
    let bytes = std::fs::read(home.path("work").join(ENVELOPE)).unwrap();
    let statement = form::read(Envelope::read(&bytes).unwrap().unverified_payload()).unwrap();
    let all = statement.predicate.processes();
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_values().next().unwrap()
}

/// The folder of a start: its own, or that of the start that it came of, or that of the command.
fn folder(told: &Told, start: &Started, home: &Home) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    match (&start.workdir, start.numbers.of) {
        (Some(own), _) => std::ffi::OsStr::from_bytes(own).into(),
        (None, Some(of)) => folder(told, &told.starts[&of], home),
        (None, None) => home.path("work").canonicalize().unwrap(),
    }
}

/// How the process of a start ended, whatever it became.
fn end(told: &Told, start: &Started) -> End {
    match start.end.expect("an end") {
        End::Became(id) => end(told, &told.starts[&id]),
        other => other,
    }
}

/// The commands that the model asks for: the tool's arguments, and the end.
fn asked() -> Vec<(Value, Option<End>)> {
    let of = |command: &str, end| (json!({"command": command, "description": "d"}), Some(end));
    vec![
        of("echo plain", End::Exit(0)),
        of("echo \"it's\" 'a \"q\"' | tr a-z A-Z", End::Exit(0)),
        of("cat <<'END' > here.txt\nline 'one'\nline \"two\" $x\nEND\nwc -l < here.txt", End::Exit(0)),
        of("ls /no/such/folder", End::Exit(2)),
        of("false; exit 7", End::Exit(7)),
        of("kill -TERM $$", End::Signal(15)),
        of("env -i /bin/sh -c 'exit 9'", End::Exit(9)),
        (json!({"command": "echo ${PWD##*/}", "description": "d", "dir_path": "below"}), Some(End::Exit(0))),
        // What the agent does to it is its own business, and takes time.
        (json!({"command": "sleep 3; exit 3", "description": "d", "is_background": true}), None),
        of("echo last", End::Exit(0)),
    ]
}

/// Runs the agent; what it said, and what it answered to the model.
fn converse(program: &Path, home: &Home, options: Option<&[&str]>) -> (Said, Vec<String>) {
    std::fs::create_dir_all(home.path("work/below")).unwrap();
    std::fs::create_dir_all(home.path(".gemini")).unwrap();
    home.file(
        ".gemini/settings.json",
        r#"{"privacy": {"usageStatisticsEnabled": false}, "security": {"auth": {"selectedType": "gemini-api-key"}},
            "general": {"disableAutoUpdate": true, "enableAutoUpdate": false}}"#,
    );
    let model = Model::new(asked().into_iter().map(|(arguments, _)| arguments).collect());
    let mut command = below(home, options, "node");
    command.arg(program).args(["--yolo", "--prompt", "go"]);
    command.env("GOOGLE_GEMINI_BASE_URL", model.address()).env("GEMINI_API_KEY", "none");
    command.env("GEMINI_CLI_TRUST_WORKSPACE", "true").env("GEMINI_TELEMETRY_ENABLED", "false");
    let said = said(&mut command);
    (said, model.answers())
}

/// The command within the words of one of Gemini's shells.
fn within(start: &Started) -> Option<String> {
    let [_, option, text] = start.words.as_deref()? else { return None };
    let text = std::str::from_utf8(text).ok()?;
    let (before, rest) = text.split_once(" EXIT\n")?;
    let command = rest.strip_suffix("\n)\n__code=$?\nexit $__code")?;
    (option == b"-c" && before.contains("_bgpids_file=")).then(|| command.to_owned())
}

#[test]
fn a_command_of_a_real_agent_is_missing_or_the_agent_sees_a_difference() {
    let Some(program) = gemini() else { return };
    let (home, alone) = (with_key(), with_key());
    let (recorded, answers) = converse(&program, &home, Some(&[]));
    let (plain, plain_answers) = converse(&program, &alone, None);
    assert_eq!((recorded.code, plain.code), (Some(0), Some(0)), "{}{}", recorded.err, plain.err);
    assert_eq!((&recorded.out, recorded.out.trim()), (&plain.out, "Done."));
    assert_eq!(answers.len(), asked().len(), "{answers:?}");
    assert_eq!(answers, plain_answers);

    let told = sealed(&home);
    assert_eq!(told.gap(), None);
    let shells: Vec<(&Started, String)> =
        told.starts.values().filter_map(|start| Some((start, within(start)?))).collect();
    let texts: Vec<&str> = shells.iter().map(|(_, text)| text.as_str()).collect();
    let asked = asked();
    let expected: Vec<&str> =
        asked.iter().map(|(arguments, _)| arguments["command"].as_str().unwrap()).collect();
    assert_eq!(texts, expected);
    let work = home.path("work").canonicalize().unwrap();
    for ((start, text), (arguments, expected)) in shells.iter().zip(&asked) {
        let at = arguments["dir_path"].as_str().map_or_else(|| work.clone(), |name| work.join(name));
        assert_eq!(folder(&told, start, &home), at, "{text}");
        let end = end(&told, start);
        assert!(expected.is_none_or(|expected| expected == end), "{text}: {end}");
        assert!(matches!(end, End::Exit(_) | End::Signal(_)), "{text}: {end}");
    }

    // The agent's own transcript tells the same, but for the end of what it left in the background.
    let mut transcripts = Vec::new();
    let folder = home.path(".gemini/tmp/work/chats");
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        transcripts.push(entry.unwrap().path().display().to_string());
    }
    assert_eq!(transcripts.len(), 1, "{transcripts:?}");
    let said = ok(&home, &["reconcile", ENVELOPE, "--transcript", &transcripts[0], "--trust", "key.pub"]);
    let sum = "told 10 commands, the kernel saw 10; 1 status not told: they agree";
    assert!(said.contains(sum) && !said.contains("unknown "), "{said}");
}

#[test]
fn the_lines_of_a_real_agents_shells_are_missing_or_the_agent_sees_them() {
    let Some(program) = gemini() else { return };
    let (home, alone) = (with_key(), with_key());
    let (recorded, answers) = converse(&program, &home, Some(&["--lines"]));
    let (plain, plain_answers) = converse(&program, &alone, None);
    assert_eq!((recorded.code, &recorded.out), (Some(0), &plain.out), "{}", recorded.err);
    assert_eq!(answers, plain_answers);
    let show = ok(&home, &["show", ENVELOPE, "--trust", "key.pub"]);
    // Each bash that the agent started, with how it ended.
    let shells = show.lines().filter(|line| line.starts_with("shell ") && line.contains(" bash "));
    let told: Vec<&str> = shells.map(|line| line.split("closed: ").nth(1).unwrap_or(line)).collect();
    let ends: Vec<String> = asked()
        .iter()
        .map(|(_, end)| match end {
            Some(End::Signal(signal)) => format!("signal, status {}", 128 + signal),
            Some(End::Exit(status)) => format!("exit, status {status}"),
            // In the background.
            _ => "exit, status 3".to_owned(),
        })
        .collect();
    assert_eq!(told, ends, "{show}");
    // The text of each as a script, with the lines that the model asked for.
    let scripts: Vec<&str> = show.split("\nscript -c in ").skip(1).collect();
    assert_eq!(scripts.len(), asked().len(), "{show}");
    for (script, (arguments, _)) in scripts.iter().zip(asked()) {
        for line in arguments["command"].as_str().unwrap().lines() {
            assert!(script.lines().any(|row| row.ends_with(&format!("  {line}"))), "{line}: {script}");
        }
        // What the agent puts behind the model's text is told of, but for what a signal left.
        let has_status = script.lines().any(|row| {
            let words: Vec<&str> = row.split_whitespace().collect();
            matches!(words[..], ["0", _, "__code=$?"])
        });
        assert_eq!(has_status, !script.contains("kill -TERM"), "{script}");
    }
}

/// What a form of the agent of forty lines does not find here.
fn is_missing(line: &Value) -> bool {
    let Some(why) = line["missing"].as_str() else { return false };
    skipped(&format!("{}: {why}", line["name"]));
    true
}

#[test]
fn a_form_in_which_agents_start_commands_is_not_seen() {
    if !have("python3") {
        return;
    }
    let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/forty.py");
    let home = with_key();
    let said = said(below(&home, Some(&[]), "python3").arg(agent));
    assert_eq!((said.code, said.err.lines().count()), (Some(0), 1), "{}", said.err);
    let told = sealed(&home);
    assert_eq!(told.gap(), None);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 13, "{}", said.out);
    for line in lines.iter().filter(|line| !is_missing(line)) {
        let words: Vec<Vec<u8>> =
            line["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().into()).collect();
        let of: Vec<&Started> =
            told.starts.values().filter(|start| start.words.as_ref() == Some(&words)).collect();
        let expected = match line["told"].as_i64() {
            Some(status @ 0..) => End::Exit(status.try_into().unwrap()),
            Some(signal) => End::Signal((-signal).try_into().unwrap()),
            // With --wait it is told of, too.
            None => End::Exit(14),
        };
        // What starts a shell in a sandbox fails where no namespace can be made.
        let [start] = of[..] else {
            let name = line["name"].as_str().unwrap();
            assert!(of.is_empty() && ["namespace", "sandbox"].contains(&name), "{line}: {of:?}");
            skipped(&format!("{name}: no user namespace can be made here"));
            continue;
        };
        assert_eq!(end(&told, start), expected, "{line}");
        let at = Path::new(line["folder"].as_str().unwrap());
        assert_eq!(folder(&told, start, &home), at, "{line}");
    }
}
