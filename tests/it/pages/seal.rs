//! attesh-seal(5) against the code that writes sealed files, and what it tells a reader to
//! type by hand against real files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use attesh::cause::Code;
use attesh::record;
use attesh::seal::envelope::{Envelope, MAX_ENVELOPE_BYTES, MAX_ESCAPED_BYTES, PAYLOAD_TYPE, SIGNATURES_MAX};
use attesh::seal::form;
use attesh::seal::formats::{BUNDLE_MEDIA_TYPE, to_bundle};
use attesh::seal::keys::PrivateKey;
use attesh::seal::statement::{self, CommandText};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::pages::made::full;
use crate::stage::programs;
use crate::stage::pty::ATTESH;

pub fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("man").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The literal displays after a heading, as a reader sees them.
fn displays(page: &str, heading: &str) -> Vec<String> {
    let rest = page.split_once(&format!("{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    let end = if heading.starts_with(".Sh") { "\n.Sh " } else { "\n.S" };
    let part = rest.split(end).next().unwrap();
    part.split(".Bd -literal -offset indent\n")
        .skip(1)
        .map(|piece| piece.split(".Ed").next().unwrap().replace("\\e", "\\"))
        .collect()
}

// ── members ───────────────────────────────────────────────────────────────

/// A row of a table of members.
pub struct Row {
    pub name: String,
    pub kind: String,
    pub presence: String,
    pub meaning: String,
}

/// The tables of members in their order, by what their members are of.
pub fn listed() -> Vec<(String, Vec<Row>)> {
    let mut all: Vec<(String, Vec<Row>)> = Vec::new();
    let mut within = false;
    for line in page("attesh-seal.5").lines() {
        if let Some(name) = line.strip_prefix(".Ss Members of ") {
            within = true;
            all.push((name.trim_start_matches("the ").to_owned(), Vec::new()));
        } else if line.starts_with(".S") {
            within = false;
        } else if let Some(row) = line.strip_prefix(".It Va ").filter(|_| within) {
            let cells: Vec<String> = row.split(" Ta ").map(str::to_owned).collect();
            let [name, kind, presence, meaning] = cells.try_into().unwrap_or_else(|_| panic!("{line}"));
            all.last_mut().unwrap().1.push(Row { name, kind, presence, meaning });
        }
    }
    all
}

fn tables() -> BTreeMap<String, Vec<Row>> {
    listed().into_iter().collect()
}

fn reads(value: &Value) -> bool {
    // In the order of the tables: serde_json's own map sorts by name. That an extension is not
    // known is the last thing that is said of a statement.
    let read = form::read(ordered("Statement", value).as_bytes());
    read.is_ok() || read.is_err_and(|cause| cause.code == Code::StatementMust)
}

/// JSON with the members in the order of the tables.
fn ordered(table: &str, value: &Value) -> String {
    match value {
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(|item| ordered(table, item)).collect();
            format!("[{}]", list.join(","))
        }
        Value::Object(object) => {
            let tables = tables();
            let rank = |name: &str| {
                let rows = tables.get(table);
                rows.and_then(|rows| rows.iter().position(|row| row.name == name)).unwrap_or(usize::MAX)
            };
            let mut names: Vec<&String> = object.keys().collect();
            names.sort_by_key(|name| rank(name));
            let members: Vec<String> = names
                .iter()
                .map(|name| format!("{}:{}", Value::from(name.as_str()), ordered(name, &object[*name])))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

/// Calls with every object inside the statement that has a table of this name.
fn each(value: &mut Value, name: &str, table: &str, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|item| each(item, name, table, change)),
        Value::Object(object) => {
            if name == table {
                change(object);
            }
            for (inner, value) in object.iter_mut() {
                each(value, inner, table, change);
            }
        }
        _ => {}
    }
}

#[test]
fn every_member_stands_in_its_table_in_its_order_and_none_other() {
    assert!(reads(&full()), "{:?}", form::read(ordered("Statement", &full()).as_bytes()));
    let tables = tables();
    for (table, rows) in &tables {
        let (mut written, mut value) = (BTreeSet::new(), full());
        each(&mut value, "Statement", table, &mut |object| written.extend(object.keys().cloned()));
        // The text of a unit is left out where there is a commitment: the vectors have that.
        let left_out = |name: &str| (table.as_str(), name) == ("units", "redacted");
        written.extend(left_out("redacted").then(|| "redacted".to_owned()));
        assert_eq!(rows.iter().map(|row| row.name.clone()).collect::<BTreeSet<_>>(), written, "{table}");
        let mut value = full();
        each(&mut value, "Statement", table, &mut |object| {
            object.insert("unheardOf".into(), Value::Null);
        });
        assert!(!reads(&value), "{table}: an unknown member is taken");
        for row in rows.iter().filter(|row| !left_out(&row.name)) {
            let name = &row.name;
            let changed = |change: &dyn Fn(&mut Map<String, Value>)| {
                let mut value = full();
                each(&mut value, "Statement", table, &mut |object| {
                    if object.contains_key(name) {
                        change(object);
                    }
                });
                reads(&value)
            };
            let missing = changed(&|object| {
                object.remove(name);
                if name == "extensions" {
                    object.remove("mustUnderstand");
                }
                if name == "commands" {
                    object.remove("disclosures");
                }
            });
            let may_miss = row.presence == "optional";
            assert!(["always", "optional", "by case"].contains(&row.presence.as_str()), "{table}: {name}");
            assert_eq!(missing, may_miss, "{table}: may {name} be missing?");
            let null = changed(&|object| {
                object.insert(name.clone(), Value::Null);
            });
            assert_eq!(null, row.kind.ends_with(" or null"), "{table}: may {name} be null?");
            let other = changed(&|object| {
                let wrong = if row.kind.starts_with("integer") { json!("1") } else { json!(1.5) };
                object.insert(name.clone(), wrong);
            });
            assert!(!other, "{table}: {name} is no {}", row.kind);
        }
    }
    // Every object has its table; digest is explained where it stands, and the names of data and
    // of extensions are free.
    let mut value = full();
    let mut objects = BTreeSet::new();
    for rows in tables.values() {
        objects.extend(rows.iter().filter(|row| row.kind.contains("object")).map(|row| row.name.clone()));
    }
    for free in ["digest", "data", "extensions"] {
        objects.remove(free);
    }
    each(&mut value, "Statement", "digest", &mut |object| assert_eq!(object.len(), 1));
    objects.insert("Statement".into());
    assert_eq!(tables.keys().cloned().collect::<BTreeSet<_>>(), objects, "tables, and objects");
}

#[test]
fn constants_and_limits_stand_in_the_page_and_none_other() {
    let page = page("attesh-seal.5");
    for constant in [
        statement::STATEMENT_TYPE,
        statement::PREDICATE_TYPE,
        record::RECORDER_ID,
        PAYLOAD_TYPE,
        BUNDLE_MEDIA_TYPE,
    ] {
        assert!(page.contains(constant), "{constant}");
    }
    for name in [statement::SUBJECT_SESSION, statement::SUBJECT_TRANSCRIPT] {
        assert!(page.contains(&format!("\n.It Li {name}\n")), "{name}");
    }
    for prefix in [statement::SUBJECT_SCRIPT, statement::SUBJECT_ATTACHED] {
        assert!(page.contains(&format!("\n.It Li {prefix}\\& Ns Em NAME\n")), "the subjects {prefix}");
    }
    let limits: BTreeMap<&str, u64> = BTreeMap::from([
        ("INTEGER_MAX", record::INTEGER_MAX),
        ("MAX_ENVELOPE_BYTES", MAX_ENVELOPE_BYTES as u64),
        ("MAX_ESCAPED_BYTES", MAX_ESCAPED_BYTES as u64),
        ("SIGNATURES_MAX", SIGNATURES_MAX as u64),
        ("PARTICULARS_BYTES_MAX", statement::PARTICULARS_BYTES_MAX as u64),
        ("SUBJECTS_MAX", statement::SUBJECTS_MAX as u64),
        ("PRODUCTS_MAX", statement::PRODUCTS_MAX as u64),
        ("COMMANDS_MAX", statement::COMMANDS_MAX as u64),
        ("TEXTS_MAX", record::TEXTS_MAX as u64),
        ("CLOCK_STEP_NS", attesh::journal::story::CLOCK_STEP_NS),
        ("WORDS_MAX", attesh::seal::few::WORDS_MAX as u64),
        ("ALL_WORDS_MAX", attesh::seal::sizes::ALL_WORDS_MAX as u64),
        ("FACT_PARTS_MAX", attesh::seal::sizes::FACT_PARTS_MAX as u64),
        ("TEXT_BYTES_MAX", attesh::seal::sizes::TEXT_BYTES_MAX as u64),
        ("PARTICULARS_MAX", statement::PARTICULARS_MAX as u64),
        ("COMMANDS_BYTES_MAX", statement::COMMANDS_BYTES_MAX as u64),
        ("COMMITMENTS_MAX", attesh::seal::sizes::COMMITMENTS_MAX as u64),
        ("MAX_DISCLOSURES_BYTES", attesh::seal::disclosed::MAX_DISCLOSURES_BYTES as u64),
        ("AGENT_PAYLOAD_MAX", statement::AGENT_PAYLOAD_MAX as u64),
    ]);
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut named = BTreeSet::new();
    for (at, _) in text.match_indices('(') {
        let name = text[at + 1..].split(')').next().unwrap();
        if !name.contains('_') || !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            continue;
        }
        let value = *limits.get(name).unwrap_or_else(|| panic!("the page has a limit {name}"));
        let before: Vec<&str> = text[..at].split(' ').rev().skip(1).take(3).collect();
        assert!(before.iter().any(|word| word.parse() == Ok(value)), "{name} is {value}: {before:?}");
        named.insert(name);
    }
    assert_eq!(named, limits.keys().copied().collect::<BTreeSet<_>>());
}

#[test]
fn envelope_and_bundle_are_spelled_as_the_page_shows() {
    let key = PrivateKey::from_seed(&[7; 32]);
    let envelope = Envelope::sign::<()>(b"{}".to_vec(), &key.public(), |m| Ok(key.sign(m))).unwrap();
    let spelled = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let inner = value.get("dsseEnvelope").unwrap_or(&value).clone();
        let (payload, sig) =
            (inner["payload"].as_str().unwrap(), inner["signatures"][0]["sig"].as_str().unwrap());
        text.replace(payload, "BASE64").replace(sig, "BASE64").replace(envelope.keyid(), "SHA256:...")
    };
    let page = page("attesh-seal.5");
    let shown = |heading: &str| displays(&page, heading)[0].replace("\n ", "");
    let written = spelled(envelope.to_json());
    assert_eq!(shown(".Sh THE ENVELOPE"), written);
    assert_eq!(shown(".Ss The bundle").replace("{...}", written.trim_end()), spelled(to_bundle(&envelope)));
}

#[test]
fn transcript_lines_are_those_of_the_page() {
    let page = page("attesh-seal.5").replace("\\(dq", "\"");
    for (text, status) in [
        (CommandText::new(b"make test"), 0),
        (CommandText::Redacted(true), 0),
        (CommandText::Withheld(true), 0),
    ] {
        let line = String::from_utf8(text.transcript_line(Some(status))).unwrap();
        assert!(page.contains(line.trim_end()), "{line}");
    }
}

// ── by hand ───────────────────────────────────────────────────────────────

/// A user with a key and a sealed session of four commands.
pub struct Sealed {
    home: TempDir,
}

impl Sealed {
    pub fn new() -> Self {
        let sealed = Sealed { home: TempDir::new().unwrap() };
        sealed.ok(&["key", "generate", "-o", "key", "--no-passphrase"], "");
        sealed.ok(&["start", "by-hand"], "");
        let pid = format!("pid={}", std::process::id());
        let opened =
            sealed.ok(&["rec", "open", "p=1", "kind=bash", "ver=5.2", &pid, "nat=1", "name=by-hand"], "");
        let opened: Vec<&str> = opened.lines().collect();
        let (folder, root, shell) =
            (format!("d={}", opened[0]), format!("g={}", opened[1]), format!("sh={}", opened[2]));
        for (at, (text, status)) in
            [("echo \"a\\b\"\n", "0"), ("make test\n", "2"), ("\u{1}\u{1f600}\n", "0"), ("true\n", "0")]
                .iter()
                .enumerate()
        {
            let (n, native) = (format!("n={}", at + 1), format!("nat={}", at + 2));
            let status = format!("st={status}");
            sealed.ok(&["rec", "s", "p=1", &folder, &root, &shell, &n, &native, "src=typed"], text);
            sealed.ok(&["rec", "e", "p=1", &folder, &root, &shell, &n, &status, "from=prompt"], "");
        }
        sealed.ok(&["seal", "by-hand", "--key", "key", "-o", "NAME.intoto.json"], "");
        sealed
    }

    pub fn path(&self) -> &Path {
        self.home.path()
    }

    pub fn journal(&self) -> PathBuf {
        let sessions = self.path().join(".local/state/attesh/sessions");
        let folders = std::fs::read_dir(sessions).unwrap().map(|entry| entry.unwrap().path());
        // The shell goes on in a second session: the sealed one is that of this name.
        folders.filter(|path| path.join("sealed").exists()).map(|path| path.join("journal")).next().unwrap()
    }

    pub fn run(&self, words: &[&str], input: &str) -> Output {
        use std::io::Write as _;
        let mut command = Command::new(ATTESH);
        command
            .args(words)
            .current_dir(self.path())
            .env_clear()
            .env("ATTESH_COLLECT", "none")
            .env("HOME", self.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub fn ok(&self, words: &[&str], input: &str) -> String {
        let output = self.run(words, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {}\n{said}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn what_the_page_types_by_hand_verifies_and_a_change_does_not() {
    if !["openssl", "jq"].iter().all(|program| programs::have(program)) {
        return;
    }
    let sealed = Sealed::new();
    let examples = displays(&page("attesh-seal.5"), ".Sh EXAMPLES");
    let [by_hand, transcript, same, failed, _cosign, _library] = &examples[..] else {
        panic!("{} examples", examples.len())
    };
    assert_eq!(programs::bash(sealed.path(), by_hand), "Signature Verified Successfully\n");
    assert_eq!(programs::bash(sealed.path(), transcript), "NAME.transcript: OK\n");
    assert_eq!(programs::bash(sealed.path(), same), "");
    assert!(programs::bash(sealed.path(), failed).starts_with("make test\n"));
    // One byte of the payload changed, and the same lines refuse it.
    let file = sealed.path().join("NAME.intoto.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replacen("\"payload\":\"eyJ", "\"payload\":\"eyK", 1);
    assert_ne!(changed, text);
    std::io::Write::write_all(
        &mut std::fs::File::options().write(true).open(&file).unwrap(),
        changed.as_bytes(),
    )
    .unwrap();
    let output = programs::run(sealed.path(), "bash", &["-euo", "pipefail", "-c", by_hand]);
    assert!(!output.status.success());
    let verdict = sealed.run(&["verify", "NAME.intoto.json", "--trust", "key.pub"], "");
    assert_eq!(verdict.status.code(), Some(3), "{}", String::from_utf8_lossy(&verdict.stdout));
}

#[test]
fn what_the_page_of_the_journal_types_by_hand_works() {
    if !programs::have("jq") {
        return;
    }
    let sealed = Sealed::new();
    let folder = sealed.journal().parent().unwrap().to_owned();
    let examples = displays(&page("attesh-journal.5"), ".Sh EXAMPLES");
    let [look, leaf] = &examples[..] else { panic!("{} examples", examples.len()) };
    let seen = programs::bash(&folder, look);
    assert!(seen.starts_with("genesis\nshell-open\nstart\nfinish\n"), "{seen}");
    assert!(seen.contains("make test\n"), "{seen}");
    let journal = std::fs::read(sealed.journal()).unwrap();
    let line = journal.split(|byte| *byte == b'\n').nth(2).unwrap();
    let core = line.split(|byte| *byte == b'\t').next().unwrap();
    let wanted = attesh::encoding::hex(&attesh::journal::chain::leaf(core));
    assert_eq!(programs::bash(&folder, leaf).split(' ').next().unwrap(), wanted);
    let listed = std::fs::read_to_string(folder.join("sealed")).unwrap();
    let words: Vec<&str> = listed.lines().last().unwrap().splitn(4, ' ').collect();
    let records = journal.iter().filter(|byte| **byte == b'\n').count().to_string();
    let digest = attesh::crypto::sha256(&[&std::fs::read(sealed.path().join("NAME.intoto.json")).unwrap()]);
    let path = sealed.path().join("NAME.intoto.json").display().to_string();
    assert_eq!(listed.lines().next().unwrap(), format!("? {path}"));
    assert_eq!(words[1..], [attesh::encoding::hex(&digest), records, path]);
}

// ── JSON ──────────────────────────────────────────────────────────────────

/// The members of a JSON value with their paths; a Statement is not gone into.
fn paths(value: &Value, at: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| paths(item, &format!("{at}[]"), out)),
        Value::Object(object) => {
            for (name, value) in object {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                if path != "payload" {
                    paths(value, &path, out);
                }
                out.insert(path);
            }
        }
        _ => {}
    }
}

/// A policy with all that there is, met by no session.
const POLICY: &[u8] = b"version = 1\n[trust]\nmax-age = '1h'\n[session]\nmax-tail = '1h'\n\
    [[script]]\ncommands = ['a']\n[deny]\ncommands = ['b']\n\
    [subject]\nrequire = ['s']\n\
    [[rule]]\ncel = 'true'\n";

/// A transcript with a command that ran, one that did not, and an entry of another kind.
const TRANSCRIPT: &[u8] = br#"{"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "a", "name": "Bash", "input": {"command": "true"}}]}}
{"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "b", "name": "Bash", "input": {"command": "ls"}}]}}
{"type": "none-known"}
"#;

/// One call of each command that prints JSON.
const CALLS: &[&[&str]] = &[
    &["policy", "check", "policy.toml", "--json"],
    &["policy", "explain", "policy.toml", "--json"],
    &["start", "another", "--json"],
    &["status", "another", "--json"],
    &["status", "by-hand", "--json"],
    &["log", "by-hand", "--json"],
    &["log", "--author", "somebody", "--json"],
    &["reconcile", "agent", "--transcript", "agent.jsonl", "--json"],
    &["sessions", "--json"],
    &["sessions", "--removed", "--json"],
    &["stop", "another", "--json"],
    &["redact", "another", "--host", "--dry-run", "--json"],
    &[
        "seal",
        "another",
        "--key",
        "key",
        "-o",
        "OTHER.intoto.json",
        "--json",
        "--format",
        "link,witness,slsa",
    ],
    &["verify", "NAME.intoto.json", "--trust", "key.pub", "--json"],
    &[
        "verify",
        "NAME.intoto.json",
        "--trust",
        "key.pub",
        "--json",
        "--policy",
        "policy.toml",
        "--emit-vsa",
        "vsa.json",
        "--key",
        "key",
    ],
    &["start", "third", "--json"],
    &["stop", "third", "--json"],
    &["seal", "third", "--key", "key", "-o", "THIRD.intoto.json", "--selective", "--json"],
    &["verify", "THIRD.intoto.json", "--trust", "key.pub", "--json"],
    &["disclose", "THIRD.intoto.json", "--user", "--json"],
    &["redact", "THIRD.intoto.json", "--user", "--dry-run", "--json"],
    &["verify", "nothing", "--json"],
    &["policy", "test", "policy.toml", "NAME.intoto.json", "--trust", "key.pub", "--json"],
    &["show", "by-hand", "--json"],
    &["show", "NAME.intoto.json", "--json"],
    &["key", "show", "key.pub", "--json"],
    &["key", "generate", "-o", "new", "--no-passphrase", "--json"],
    &["key", "trust", "new.pub", "--json"],
    &["prune", "--sealed", "--dry-run", "--json"],
    &["doctor", "--json"],
    &["mask", "test", "echo 1", "--json"],
    &["mask", "test", "export A_TOKEN=Zq8vR3kT1nW", "--json"],
    &["mask", "rules", "--json"],
];

#[test]
fn every_member_of_the_json_stands_in_the_page_of_its_command_and_none_other() {
    let sealed = Sealed::new();
    // What was removed has a tombstone.
    for words in [&["start", "gone"][..], &["stop", "gone"], &["prune", "gone", "--force"]] {
        sealed.ok(words, "");
    }
    sealed.ok(&["run", "--author", "somebody", "bash", "-c", "bash -c true; true"], "");
    let agent = sealed.path().join("agent").display().to_string();
    sealed.ok(&["run", "--quiet", "--dir", &agent, "bash", "-c", "bash -c true; true"], "");
    for (name, text) in [("policy.toml", POLICY), ("agent.jsonl", TRANSCRIPT)] {
        let path = sealed.path().join(name);
        attesh::files::publish(&path, text, 0o644, attesh::files::Overwrite::Yes).unwrap();
    }
    let mut seen: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for call in CALLS {
        let output = sealed.run(call, "");
        let value: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{call:?}: {error}"));
        let schema = match call {
            ["policy", verb @ ("check" | "explain"), ..] => format!("attesh.policy-{verb}/v1"),
            ["mask", verb, ..] => format!("attesh.mask-{verb}/v1"),
            ["log", "--author", ..] => "attesh.log-author/v1".to_owned(),
            ["sessions", "--removed", ..] => "attesh.removed/v1".to_owned(),
            _ => format!("attesh.{}/v1", call[0]),
        };
        assert_eq!(value["schema"], schema, "{call:?}: {value}");
        paths(&value, "", seen.entry((call[0], schema)).or_default());
    }
    let schemas: BTreeSet<String> = seen.keys().map(|(_, schema)| schema.clone()).collect();
    for ((verb, schema), mut seen) in seen {
        let name = format!("attesh-{verb}.1");
        let page = page(&name);
        let part = page.split_once("\n.Sh JSON\n").unwrap_or_else(|| panic!("{name} has no JSON")).1;
        let part = part.split("\n.Sh ").next().unwrap();
        let part = part.split_once(&format!(".Li {schema} ")).unwrap_or_else(|| panic!("{name}: {schema}")).1;
        let part = part.split(".El\n").next().unwrap();
        let rows: Vec<&str> = part.lines().filter_map(|line| line.strip_prefix(".It Va ")).collect();
        let all: BTreeSet<String> = rows.iter().map(|row| row.replace(" No (optional)", "")).collect();
        let always = rows.iter().filter(|row| !row.ends_with("(optional)")).map(|row| (*row).to_owned());
        seen.remove("schema");
        assert!(seen.is_subset(&all), "{name}: {:?} are not there", seen.difference(&all));
        let always: BTreeSet<String> = always.collect();
        assert!(always.is_subset(&seen), "{name}: {:?} are not written", always.difference(&seen));
    }
    let source = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli")).unwrap();
    for path in source.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(path).unwrap();
        for piece in text.split("\"attesh.").skip(1).filter(|piece| piece.contains("/v1\"")) {
            let schema = format!("attesh.{}", piece.split('"').next().unwrap());
            assert!(schemas.contains(&schema), "{schema} is not looked at here");
        }
    }
}
