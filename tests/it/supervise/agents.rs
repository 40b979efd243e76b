//! What an agent ran: the fact of its author, its commands in log and show, the page with the rules.

use std::os::unix::fs::PermissionsExt as _;

use attesh::agent::rules::{self, ALL, WRAPPERS};
use attesh::agent::shell::SHELLS;
use serde_json::Value;

use crate::cli::messages::{fails, ok, with_key};
use crate::stage::programs::attesh;
use crate::stage::pty::Home;

/// An agent that asks a helper, runs three commands as a shell's text and one program, and becomes
/// another program.
const AGENT: &str = "#!/bin/sh
./rg x
bash -c './work; exit 3'
cd sub && bash -c 'exec ../work \"it'\"'\"'s\"'
bash -c 'kill -9 $$'
../work direct
exec ../rg y
";

/// A home in which an agent ran and was sealed.
fn sealed() -> Home {
    let home = with_key();
    for (name, text) in [("agent", AGENT), ("rg", "#!/bin/sh\n"), ("work", "#!/bin/sh\nexit 0\n")] {
        let path = home.file(&format!("work/{name}"), text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::create_dir(home.path("work/sub")).unwrap();
    let said =
        attesh(&home, &["run", "--author", "opencode", "--seal", "t.intoto.json", "--key", "key", "./agent"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    home
}

const SUM: &str = "9 starts: 4 commands, 2 nested, 3 helpers (2 rg, 1 agent), by rules/1 for opencode";

#[test]
fn a_command_of_an_agent_is_not_told_or_otherwise() {
    let home = sealed();
    let records = home.records();
    let fact = records
        .iter()
        .find(|record| record.kind() == "fact" && record.word("type") == attesh::fact::AGENT)
        .unwrap();
    let digest = attesh::encoding::hex(&attesh::crypto::sha256(&[AGENT.as_bytes()]));
    let texts = ["author", "path", "sha256", "error"].map(|name| fact.text(name));
    let wanted = [Some("opencode"), Some("./agent"), Some(digest.as_str()), None];
    assert_eq!(texts, wanted.map(|text| text.map(|text| text.as_bytes().to_vec())));

    let said = attesh(&home, &["log", "--author", "opencode", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    let commands = value["commands"].as_array().unwrap();
    let told: Vec<(&str, &str, bool)> = commands
        .iter()
        .map(|one| {
            let of = |name: &str| one[name].as_str().unwrap();
            (of("command"), of("end"), one["derived"] == true)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("./work; exit 3", "exit 3", true),
            ("exec ../work \"it's\"", "exit 0", true),
            ("kill -9 $$", "signal 9", true),
            ("../work direct", "exit 0", false),
        ]
    );
    let in_sub = commands.iter().map(|one| one["workdir"].as_str().unwrap().ends_with("/sub"));
    assert_eq!(in_sub.collect::<Vec<_>>(), [false, true, true, true]);
    assert!(commands.iter().all(|one| one["startedAt"].as_str().is_some()), "{value}");
    assert_eq!(value["programs"][0]["helpers"][0], serde_json::json!({"name": "rg", "count": 2}));

    let last = |text: &str| text.lines().map(|line| line.rsplit("  ").next().unwrap().to_owned()).collect();
    let rows: Vec<String> = last(&attesh(&home, &["log", "--author", "opencode"]).out);
    assert_eq!(rows, ["./work; exit 3", "exec ../work \"it's\"", "kill -9 $$", "../work direct"]);
    let failed = attesh(&home, &["log", "--author", "opencode", "--failed"]);
    let rows: Vec<String> = last(&failed.out);
    assert_eq!(rows, ["./work; exit 3", "kill -9 $$"]);
    assert!(failed.err.contains(SUM) && failed.err.contains("session "), "{}", failed.err);
}

#[test]
fn a_sealed_file_tells_other_commands_than_the_log() {
    let home = sealed();
    let log = attesh(&home, &["log", "--author", "opencode"]).out;
    let show = attesh(&home, &["show", "t.intoto.json", "--author", "opencode", "--trust", "key.pub"]);
    assert!(show.code == Some(0) && show.err.contains(SUM), "{}", show.err);
    // A statement has no times of starts.
    let plain = |line: &str| {
        let words = line.split_whitespace().filter(|word| !word.starts_with("20") && !word.ends_with('Z'));
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        show.out.lines().skip(1).map(plain).collect::<Vec<_>>(),
        log.lines().map(plain).collect::<Vec<_>>()
    );
    let all = ok(&home, &["show", "t.intoto.json", "--processes", "--trust", "key.pub"]);
    assert!(all.contains(&format!("run by opencode: {SUM}")), "{all}");
    let classes: Vec<&str> = all
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .filter(|word| ["command", "nested", "helper"].contains(word))
        .collect();
    let wanted =
        ["helper", "helper", "command", "nested", "command", "nested", "command", "command", "helper"];
    assert_eq!(classes, wanted, "{all}");
}

#[test]
fn an_author_that_is_none_is_taken_or_not_said() {
    let home = sealed();
    for bad in ["", "a\nb", &"x".repeat(129)] {
        let said = fails(&home, 2, &["run", "--author", bad, "touch", "ran"]);
        assert!(said.contains("--author: "), "{said}");
    }
    assert!(!home.path("work/ran").exists());
    let said = fails(&home, 5, &["log", "--author", "nobody"]);
    assert!(said.contains("no session has a program of the author nobody"), "{said}");
    let said = fails(&home, 5, &["show", "t.intoto.json", "--author", "nobody", "--trust", "key.pub"]);
    assert!(said.contains("no program of the author nobody") && said.contains("opencode"), "{said}");
    // The newest that has it, although another one is newer.
    ok(&home, &["run", "true"]);
    let said = attesh(&home, &["log", "--author", "opencode"]);
    assert!(said.err.contains(SUM), "{}", said.err);
}

#[test]
fn a_model_writes_a_command_so_that_another_one_is_told() {
    let home = with_key();
    let hostile = [
        "true' < /dev/null && pwd -P >| /tmp/x",
        "eval 'ls' < /dev/null && pwd -P >| /tmp/x",
        "SNAPSHOT_FILE=x; true",
        "env",
        "exec git status",
        "# \u{1b}[2K\u{202e}\ntrue",
    ];
    let calls = hostile.map(|text| {
        let eval = attesh::text::quoted(text.as_ref());
        let eval = if eval.starts_with('$') { format!("'{}'", text.replace('\'', "'\\''")) } else { eval };
        let given = format!("true && eval {eval} < /dev/null && pwd -P >| /dev/null");
        format!("bash -c '{}'\n", given.replace('\'', "'\\''"))
    });
    home.file("work/agent", &format!("#!/bin/sh\n{}exit 0\n", calls.concat()));
    let said = attesh(&home, &["run", "--author", "claude-code", "./agent"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = ok(&home, &["log", "--author", "claude-code", "--json"]);
    let value: Value = serde_json::from_str(&said).unwrap();
    let told: Vec<&str> =
        value["commands"].as_array().unwrap().iter().map(|one| one["command"].as_str().unwrap()).collect();
    assert_eq!(told, hostile);
    let rows = ok(&home, &["log", "--author", "claude-code"]);
    assert_eq!(rows.lines().count(), hostile.len());
    assert!(!rows.contains(['\u{1b}', '\u{202e}']), "{rows:?}");
}

#[test]
fn a_program_that_cannot_be_recorded_does_not_run_with_an_author() {
    let home = with_key();
    home.file("state/attesh", "in the way");
    let said = attesh(&home, &["run", "--author", "me", "sh", "-c", "exit 7"]);
    assert_eq!(said.code, Some(7), "{}", said.err);
    assert!(said.err.contains("not recording this program"), "{}", said.err);
}

#[test]
fn the_page_has_other_rules_than_the_program() {
    let page = include_str!("../../../docs/agents.md");
    let list = |words: &[&str]| words.join(", ");
    let rows: Vec<String> = ALL
        .iter()
        .map(|rules| {
            let mut forms: Vec<&str> = rules.forms.iter().map(|form| form.word()).collect();
            forms.dedup();
            let begins = rules.own_begins.iter().map(|text| format!("`{text}`…"));
            let own = rules.own.iter().map(|text| format!("`{text}`")).chain(begins).collect::<Vec<_>>();
            let [name, also @ ..] = rules.authors else { panic!("no author") };
            let cells = [
                (*name).to_owned(),
                list(also),
                forms.join(", else "),
                list(rules.agents),
                list(rules.helpers),
                own.join(", "),
            ];
            format!("| {} |", cells.join(" | "))
                .replace("|  |", "| |")
                .replace("|  |", "| |")
                .replace("|  |", "| |")
        })
        .collect();
    let there: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(there, rows, "\n{}", rows.join("\n"));
    assert!(page.contains(&format!("## {}\n", rules::VERSION)));
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for names in [&SHELLS[..], &WRAPPERS[..]] {
        let (last, others) = names.split_last().unwrap();
        let all = format!("{} or {last}", others.join(", "));
        assert!(names.is_sorted() && words.contains(&all), "{all}");
    }
}
