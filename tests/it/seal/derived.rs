//! The files in the formats of others: when they are written, what they hold, and what they are
//! tied to. Whether others accept them is judged in tests/oracles.

use std::path::PathBuf;
use std::process::Stdio;

use attesh::crypto::sha256;
use attesh::encoding::{hex, hex_exact};
use attesh::fact;
use attesh::record::FactTime;
use attesh::seal::derived::{Files, Format, Sealed, link, metablock};
use attesh::seal::envelope::Envelope;
use attesh::seal::form;
use attesh::seal::keys::PrivateKey;
use attesh::seal::statement::{CommandText, Completeness, FactFacts, Statement};
use attesh::seal::trust::TrustedKey;
use serde_json::{Value, json};

use crate::policy::judge::{Run, statement};
use crate::stage::programs::{Said, said};
use crate::stage::world::{World, put};

pub const SCRIPT: &str = "cd /\necho 'ünïcode \\ \" /' | cat\nif true; then\n  true\nfi\n";

pub fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

/// All formats, as a list.
pub fn all() -> String {
    Format::ALL.map(Format::word).join(",")
}

/// A home with a key, a product and the script `build.sh`.
fn with_script(script: &str) -> World {
    let world = World::new();
    put(&world.home.path().join("key"), key().to_pkcs8_pem(None).unwrap().as_bytes());
    put(&world.home.path().join("app"), b"app\n");
    put(&world.home.path().join("build.sh"), script.as_bytes());
    world
}

/// What attesh says to these words; `job` is the folder of the session.
fn say(world: &World, words: &[&str]) -> Said {
    let job = world.home.path().join("job").display().to_string();
    let words: Vec<&str> = words.iter().map(|word| if *word == "job" { &job } else { *word }).collect();
    said(world.attesh(&words).env("PATH", "/usr/bin:/bin").stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// A session in the folder `job` that has ended.
pub fn recorded(script: &str) -> World {
    let world = with_script(script);
    say(&world, &["start", "--dir", "job"]);
    say(&world, &["sh", "--dir", "job", "build.sh"]);
    say(&world, &["stop", "--dir", "job"]);
    world
}

fn seal<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["seal", "--dir", "job", "--key", "key", "--subject", "app", "-o", "build.intoto.json"], more].concat()
}

pub fn names(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.home.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("build.") && name != "build.sh");
    names.sort();
    names
}

/// The payload of a file, whose signature is that of the key.
fn payload(world: &World, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(world.home.path().join(name)).unwrap();
    let envelope = Envelope::read(&bytes).unwrap();
    let trusted = [TrustedKey::new(key().public())];
    envelope.verify(&trusted, |_| None).unwrap().payload().to_vec()
}

fn file(format: Format) -> String {
    format.file_name("build", &key().public())
}

#[test]
fn formats_that_nobody_asked_for_are_written() {
    let world = recorded(SCRIPT);
    assert_eq!(say(&world, &seal(&[])).out, "build.intoto.json\n");
    assert_eq!(names(&world), ["build.intoto.json", "build.sigstore.json", "build.transcript"]);
}

#[test]
fn a_format_that_was_asked_for_is_tied_to_nothing() {
    let world = recorded(SCRIPT);
    let said = say(&world, &seal(&["--json", "--format", &all()]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let wanted: serde_json::Map<String, Value> =
        Format::ALL.map(|format| (format.word().to_owned(), json!(file(format)))).into_iter().collect();
    assert_eq!(json["formats"], Value::Object(wanted));
    assert_eq!(names(&world).len(), 3 + Format::ALL.len());
    let primary = hex(&sha256(&[&payload(&world, "build.intoto.json")]));
    let when = |name: &str| std::fs::metadata(world.home.path().join(name)).unwrap().modified().unwrap();
    for format in Format::ALL {
        let text = String::from_utf8(payload(&world, &file(format))).unwrap();
        assert!(text.contains(&primary), "{format:?} names the payload");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value.to_string(), text, "{format:?} has one spelling");
        assert!(when(&file(format)) <= when("build.intoto.json"), "{format:?} came before");
        // It is no attestation of ours, and is not taken for one.
        put(&world.home.path().join("key.pub"), key().public().to_spki_pem().as_bytes());
        let verdict = say(&world, &["verify", &file(format), "--trust", "key.pub"]);
        assert_eq!(verdict.code, Some(7), "{}", verdict.out);
    }
}

#[test]
fn a_list_that_is_wrong_ends_a_session() {
    let world = recorded(SCRIPT);
    for (list, why) in [
        ("link,link", "--format link,link: link is named twice"),
        ("lnik", "--format lnik: \"lnik\" is no format"),
        ("link,", "--format link,: \"\" is no format"),
        ("", "--format : \"\" is no format"),
        ("LINK", "--format LINK: \"LINK\" is no format"),
    ] {
        let said = say(&world, &seal(&["--format", list]));
        assert_eq!(said.code, Some(2), "{list}");
        assert!(said.err.contains(why), "{list}: {}", said.err);
        assert!(said.err.contains("the formats are link, witness, slsa;"), "{}", said.err);
        let said = say(&world, &["sh", "--seal", "build.intoto.json", "--key", "key", "--format", list]);
        assert!(said.code == Some(2) && said.err.contains(why), "{list}: {}", said.err);
    }
    let twice = say(&world, &seal(&["--format", "link", "--format", "link"]));
    assert_eq!(twice.code, Some(2));
    let alone = say(&world, &["sh", "--format", "link", "build.sh"]);
    assert_eq!(alone.code, Some(2), "--format goes with --seal");
    assert_eq!(names(&world), Vec::<String>::new());
}

#[test]
fn a_file_that_exists_is_replaced_or_noticed_too_late() {
    for format in Format::ALL {
        let world = with_script(SCRIPT);
        put(&world.home.path().join(file(format)), b"mine");
        let started = say(&world, &["start", "--dir", "job"]);
        assert_eq!(started.code, Some(0));
        let said = say(&world, &seal(&["--format", &all()]));
        assert!(said.code == Some(2) && said.err.contains("exists already"), "{}", said.err);
        assert_eq!(names(&world), [file(format)]);
        let status = say(&world, &["status", "--dir", "job", "--json"]);
        assert!(status.out.contains("\"open\""), "it goes on: {}", status.out);
        // A script that runs first is refused before it does.
        let run = ["sh", "--seal", "build.intoto.json", "--key", "key", "--format", &all(), "build.sh"];
        let said = say(&world, &run);
        assert!(said.code == Some(2) && said.out.is_empty(), "{} {}", said.out, said.err);
        let said = say(&world, &seal(&["--force", "--format", &all()]));
        assert_eq!(said.code, Some(0), "{}", said.err);
        payload(&world, &file(format));
    }
}

#[test]
fn a_script_is_sealed_in_no_other_format() {
    let world = with_script(SCRIPT);
    let run = ["sh", "--seal", "build.intoto.json", "--key", "key", "--format", &all(), "build.sh"];
    let said = say(&world, &run);
    assert_eq!((said.code, &*said.out), (Some(0), "ünïcode \\ \" /\n"), "{}", said.err);
    let primary = hex(&sha256(&[&payload(&world, "build.intoto.json")]));
    for format in Format::ALL {
        let text = String::from_utf8(payload(&world, &file(format))).unwrap();
        assert!(text.contains(&primary), "{format:?}");
    }
}

/// An image has no file; its digest is a subject and a product as a file's is.
#[test]
fn a_subject_without_a_file_is_refused() {
    let world = recorded(SCRIPT);
    let digest = "c".repeat(64);
    let image = format!("reg.example:5000/app:1.2@sha256:{digest}");
    let said = say(&world, &seal(&["--subject-digest", &image, "--format", &all()]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let statement = form::read(&payload(&world, "build.intoto.json")).unwrap();
    assert_eq!(statement.subject("reg.example:5000/app:1.2"), Some(&*digest));
    for format in Format::ALL {
        assert!(String::from_utf8(payload(&world, &file(format))).unwrap().contains(&digest), "{format:?}");
    }
    let short = &digest[1..];
    for (given, why) in [
        ("app".to_owned(), "not NAME@sha256:HEX"),
        (format!("app@sha512:{digest}"), "the digest is not sha256"),
        (format!("app@{digest}"), "the digest is not sha256"),
        (format!("app@sha256:{short}"), "the digest is not 64 digits"),
        (format!("app@sha256:{}", digest.to_uppercase()), "the digest is not 64 digits"),
        (format!("@sha256:{digest}"), "it has no name"),
        (format!("session@sha256:{digest}"), "two subjects would have this name"),
        (format!("session.transcript@sha256:{digest}"), "two subjects would have this name"),
        (format!("app@sha256:{digest}"), "two subjects would have this name"),
        (format!("script:a@sha256:{digest}"), "names that begin with script:"),
        (format!("attached:a@sha256:{digest}"), "names that begin with attached:"),
    ] {
        let said = say(&world, &seal(&["--force", "--subject-digest", &given]));
        assert!(said.code == Some(2) && said.err.contains(why), "{given}: {}", said.err);
    }
    let many: Vec<String> = (0..1022).map(|n| format!("a{n}@sha256:{digest}")).collect();
    let words: Vec<&str> = many.iter().flat_map(|one| ["--subject-digest", one.as_str()]).collect();
    let said = say(&world, &seal(&[&["--force"][..], &words].concat()));
    assert!(said.code == Some(2) && said.err.contains("at most 1022 subjects"), "{}", said.err);
}

/// What `payload` of a format gives of a statement, with files around it.
fn made(format: Format, statement: &Statement, files: Files) -> Value {
    let sealed = Sealed { statement, payload_sha256: &"a".repeat(64), name: "build", files };
    format.value(&sealed)
}

#[test]
fn a_link_says_what_the_statement_does_not() {
    let world = recorded(SCRIPT);
    assert_eq!(say(&world, &seal(&["--format", "link"])).code, Some(0));
    let statement = form::read(&payload(&world, "build.intoto.json")).unwrap();
    let link: Value = serde_json::from_slice(&payload(&world, &file(Format::Link))).unwrap();
    let predicate = &statement.predicate;
    let text = "cd /\necho 'ünïcode \\ \" /' | cat\nif true; then\n  true\nfi\n";
    let wanted = json!({
        "_type": "link",
        "name": "build",
        "command": ["bash", "-c", text],
        "materials": {},
        "products": {
            "app": {"sha256": hex(&sha256(&[b"app\n"]))},
            "session.transcript": {"sha256": predicate.transcript.sha256},
            "session.complete": {"sha256": predicate.journal.root_hash},
        },
        "byproducts": {
            "return-value": 0,
            "session": {
                "attestation": {"sha256": hex(&sha256(&[&payload(&world, "build.intoto.json")]))},
                "predicateType": "https://attesh.dev/shell-session/v0.1",
                "head": statement.head().unwrap().to_string(),
                "end": "COMPLETE",
                "sealedAt": predicate.sealed_at,
                "transcript": {"sha256": predicate.transcript.sha256},
                "whole": true,
                "clean": null,
            },
        },
        "environment": {
            "host": predicate.session.host,
            "user": predicate.session.user,
            "shell": format!("bash {}", predicate.session.shells[0].version),
            "workdir": predicate.plans[0].interpreter.workdir,
        },
    });
    assert_eq!(link, wanted);
    let keyid = Envelope::read(&std::fs::read(world.home.path().join(file(Format::Link))).unwrap()).unwrap();
    let public = hex(&key().public().to_bytes());
    let described =
        format!("{{\"keytype\":\"ed25519\",\"keyval\":{{\"public\":\"{public}\"}},\"scheme\":\"ed25519\"}}");
    assert_eq!(keyid.keyid(), hex(&sha256(&[described.as_bytes()])));
    assert_eq!(file(Format::Link), format!("build.{}.link", &keyid.keyid()[..8]));
}

/// The older form of in-toto: the same link, signed as it stands in the open.
#[test]
fn a_metablock_is_another_link_or_nobodys() {
    let world = recorded(SCRIPT);
    assert_eq!(say(&world, &seal(&["--format", "slsa,link", "--metablock"])).code, Some(0));
    let bytes = std::fs::read(world.home.path().join(file(Format::Link))).unwrap();
    let block: Value = serde_json::from_slice(&bytes).unwrap();
    let keyid = link::keyid(&key().public());
    assert_eq!(block["signatures"][0]["keyid"], keyid);
    let sig = hex_exact(block["signatures"][0]["sig"].as_str().unwrap().as_bytes()).unwrap();
    assert!(key().public().verify(&metablock::canonical(&block["signed"]), &sig));
    assert_eq!(metablock::file(&block["signed"], &key().public(), &sig), bytes);
    // The same under the name that older programs have for the key.
    let public = hex(&key().public().to_bytes());
    let described = format!(
        "{{\"keyid_hash_algorithms\":[\"sha256\",\"sha512\"],\"keytype\":\"ed25519\",\
         \"keyval\":{{\"public\":\"{public}\"}},\"scheme\":\"ed25519\"}}"
    );
    let older = json!({"keyid": hex(&sha256(&[described.as_bytes()])), "sig": hex(&sig)});
    assert_eq!(block["signatures"].as_array().unwrap()[1..], [older]);
    let payload = payload(&world, "build.intoto.json");
    let statement = form::read(&payload).unwrap();
    let payload_sha256 = hex(&sha256(&[&payload]));
    let products = [("app".to_owned(), hex(&sha256(&[b"app\n"])))];
    let files = Files { materials: &[], products: &products };
    let sealed = Sealed { statement: &statement, payload_sha256: &payload_sha256, name: "build", files };
    assert_eq!(block["signed"], Format::Link.value(&sealed));
    let said = say(&world, &seal(&["--force", "--format", "slsa", "--metablock"]));
    assert!(said.code == Some(2) && said.err.contains("name link with --format"), "{}", said.err);
    assert_eq!(say(&world, &seal(&["--force", "--metablock"])).code, Some(2));
    let run =
        ["sh", "--seal", "b.intoto.json", "--key", "key", "--format", "link", "--metablock", "build.sh"];
    assert_eq!(say(&world, &run).code, Some(0));
    let name = Format::Metablock.file_name("b", &key().public());
    let block: Value = serde_json::from_slice(&std::fs::read(world.home.path().join(name)).unwrap()).unwrap();
    assert_eq!(block["signed"]["name"], "b");
}

#[test]
fn what_is_unknown_is_made_up() {
    let mut statement = statement(&[Run::of(&["one", "two", "three", "four"])]);
    let commands = statement.predicate.commands.as_mut().unwrap();
    commands[0].text = CommandText::Redacted(true);
    commands[1].text = CommandText::Withheld(true);
    commands[2].text = CommandText::new(b"\xff\n");
    statement.predicate.outcome.end = Completeness::Incomplete;
    statement.predicate.outcome.exit_code = None;
    statement.predicate.session.host = None;
    statement.predicate.session.user = None;
    let link = made(Format::Link, &statement, Files::default());
    assert_eq!(link["command"][2], "# redacted\n# withheld\n\u{fffd}\nfour\n");
    assert_eq!(link["products"].as_object().unwrap().keys().collect::<Vec<_>>(), ["session.transcript"]);
    assert_eq!(link["byproducts"]["session"]["end"], "INCOMPLETE");
    assert_eq!(link["byproducts"]["session"]["whole"], false);
    statement.predicate.outcome.end = Completeness::Complete;
    statement.predicate.outcome.pause_count = 1;
    let paused = made(Format::Link, &statement, Files::default());
    statement.predicate.outcome.pause_count = 0;
    statement.predicate.outcome.redacted_count = 1;
    let redacted = made(Format::Link, &statement, Files::default());
    assert_eq!(redacted["byproducts"]["session"]["whole"], false);
    assert_eq!(paused["byproducts"]["session"]["whole"], false);
    assert!(paused["products"].get("session.complete").is_none(), "a pause leaves something out");
    assert!(link["byproducts"].get("return-value").is_none());
    assert!(link["environment"].get("host").is_none() && link["environment"].get("user").is_none());
    // Typed, and not in a script.
    statement.predicate.plans.clear();
    statement.predicate.commands.as_mut().unwrap()[0].workdir = Some("/home".into());
    assert_eq!(made(Format::Link, &statement, Files::default())["environment"]["workdir"], "/home");
    statement.predicate.commands = None;
    assert_eq!(made(Format::Link, &statement, Files::default())["command"], json!([]));
}

/// A script can make a file of any name.
#[test]
fn a_file_passes_for_what_the_sealer_says() {
    let mut statement = statement(&[Run::of(&["one"])]);
    statement.predicate.outcome.end = Completeness::Incomplete;
    let digest = "b".repeat(64);
    let named = |name: &str| (name.to_owned(), digest.clone());
    let files = [
        named("session.complete"),
        named("session.transcript"),
        named("session"),
        named("a/../session.complete"),
        named(".//session.complete/"),
        named("../session.complete"),
        named("a"),
    ];
    let files = Files { materials: &files, products: &files };
    let link = made(Format::Link, &statement, files);
    let products = link["products"].as_object().unwrap();
    let own = [
        "../session.complete",
        "a",
        "file:.//session.complete/",
        "file:a/../session.complete",
        "file:session",
        "file:session.complete",
        "file:session.transcript",
    ];
    let names = [&own[..], &["session.transcript"]].concat();
    assert_eq!(products.keys().collect::<Vec<_>>(), names);
    assert_ne!(products["session.transcript"]["sha256"], *digest);
    let names: Vec<_> = link["materials"].as_object().unwrap().keys().collect();
    assert_eq!(names, own);
}

/// What is written nowhere cannot be half there.
#[test]
fn a_format_that_is_not_written_leaves_an_envelope() {
    let world = recorded(SCRIPT);
    let folder: PathBuf = world.home.path().join(file(Format::Link));
    std::fs::create_dir(&folder).unwrap();
    let said = say(&world, &seal(&["--force", "--format", "link"]));
    assert!(said.code == Some(2) && said.err.contains("not a file"), "{}", said.err);
    assert_eq!(names(&world), [file(Format::Link)]);
}

const COMMIT: &str = "3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d";

/// A fact of the start with these texts.
fn seen(record: u64, kind: &str, texts: &[(&str, &str)]) -> FactFacts {
    let data = texts.iter().map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned()))).collect();
    FactFacts {
        record,
        kind: kind.to_owned(),
        at: FactTime::Start,
        shell: None,
        n: None,
        ok: true,
        must: false,
        data,
        attached: Vec::new(),
    }
}

/// What git, the CI system and the environment said before any shell joined.
pub fn with_facts() -> Statement {
    let mut statement = statement(&[Run::of(&["one", "two"])]);
    statement.predicate.session.host = Some("host".into());
    statement.predicate.session.user = Some("user".into());
    let git = [
        ("commit", COMMIT),
        ("tree", COMMIT),
        ("ref", "refs/heads/main"),
        ("tags", "[\"v1\"]"),
        ("remotes", "{\"origin\":\"https://git.example/a/b.git\"}"),
        ("changed", "[\"a b\"]"),
        ("changedCount", "1"),
    ];
    let machine = [("system", "Linux"), ("env.LANG", "C"), ("container", "docker")];
    statement.predicate.facts = vec![
        seen(0, fact::GIT, &git),
        seen(0, fact::CI, &[("runUrl", "https://ci.example/1")]),
        seen(0, fact::ENVIRONMENT, &machine),
    ];
    let shells = statement.predicate.session.shells.iter_mut().map(|shell| &mut shell.id);
    let commands = statement.predicate.commands.iter_mut().flatten().map(|command| &mut command.shell);
    shells.chain(commands).for_each(|shell| *shell += 3);
    statement
}

/// The entry of a type in a collection.
fn entry<'a>(collection: &'a Value, kind: &str) -> Option<&'a Value> {
    let entries = collection["predicate"]["attestations"].as_array().unwrap();
    let mut found = entries.iter().filter(|entry| entry["type"].as_str().unwrap().contains(kind));
    let first = found.next().map(|entry| &entry["attestation"]);
    assert!(found.next().is_none(), "{kind} stands there twice");
    first
}

#[test]
fn a_collection_says_what_the_statement_does_not() {
    let statement = with_facts();
    let predicate = &statement.predicate;
    let digest = "b".repeat(64);
    let (materials, products) = ([("in".to_owned(), digest.clone())], [("out".to_owned(), digest.clone())]);
    let files = Files { materials: &materials, products: &products };
    let collection = made(Format::Witness, &statement, files);
    assert_eq!(collection["_type"], "https://in-toto.io/Statement/v0.1");
    assert_eq!(collection["predicate"]["name"], "build");
    let git = json!({"commithash": COMMIT, "commitdigest": {"sha1": COMMIT}, "treehash": COMMIT,
        "branch": "main", "refs": ["refs/heads/main", "refs/tags/v1"],
        "remotes": ["https://git.example/a/b.git"], "status": {"a b": {}}});
    assert_eq!(entry(&collection, "/git/"), Some(&git));
    let machine = json!({"os": "linux", "hostname": "host", "username": "user", "variables": {"LANG": "C"}});
    assert_eq!(entry(&collection, "/environment/"), Some(&machine));
    assert_eq!(entry(&collection, "/material/"), Some(&json!({"in": {"sha256": digest}})));
    let transcript = &predicate.transcript.sha256;
    let product =
        |sha256: &str| json!({"mime_type": "application/octet-stream", "digest": {"sha256": sha256}});
    let products = json!({"out": product(&digest), "session.transcript": product(transcript)});
    assert_eq!(entry(&collection, "/product/"), Some(&products));
    let run = json!({"cmd": ["bash", "-c", "one\ntwo\n"], "exitcode": 0});
    assert_eq!(entry(&collection, "/command-run/"), Some(&run));
    let link = entry(&collection, "/link/").unwrap();
    assert_eq!(link["byproducts"]["session"]["attestation"]["sha256"], "a".repeat(64));
    assert_eq!(link["byproducts"]["session"]["clean"], false);
    assert_eq!(link["materials"], json!([{"name": "in", "digest": {"sha256": digest}}]));
    let subjects = collection["subject"].as_array().unwrap();
    let digests: Vec<&Value> = subjects.iter().map(|subject| &subject["digest"]).collect();
    let wanted = [
        json!({"sha256": digest}),
        json!({"sha256": transcript}),
        json!({"sha1": COMMIT}),
        json!({"sha256": predicate.journal.root_hash}),
    ];
    assert_eq!(digests, wanted.iter().collect::<Vec<_>>());
}

/// A fact that a script could have added, and a collector that failed.
#[test]
fn a_commit_that_nobody_saw_stands_in_a_derived_file() {
    let mut late = with_facts();
    late.predicate.facts.iter_mut().for_each(|fact| fact.record = 1 << 40);
    let mut failed = with_facts();
    failed.predicate.facts.iter_mut().for_each(|fact| fact.ok = false);
    let mut unborn = with_facts();
    unborn.predicate.facts[0].data.remove("commit");
    for statement in [late, failed, unborn] {
        let collection = made(Format::Witness, &statement, Files::default());
        assert_eq!(entry(&collection, "/git/"), None);
        assert!(!collection.to_string().contains(COMMIT), "{collection}");
        let slsa = made(Format::Slsa, &statement, Files::default());
        assert_eq!(slsa["predicate"]["buildDefinition"]["resolvedDependencies"], json!([]));
    }
    let mut unseen = with_facts();
    unseen.predicate.outcome.exit_code = None;
    let run = made(Format::Witness, &unseen, Files::default());
    assert_eq!(entry(&run, "/command-run/").unwrap()["exitcode"], -1);
    let mut clean = with_facts();
    clean.predicate.facts[0].data.insert("changedCount".into(), Some("0".into()));
    let link = made(Format::Link, &clean, Files::default());
    assert_eq!(link["byproducts"]["session"]["clean"], true);
    let mut longer = with_facts();
    longer.predicate.facts[0].data.insert("commit".into(), Some("c".repeat(64)));
    let git = made(Format::Witness, &longer, Files::default());
    assert_eq!(entry(&git, "/git/").unwrap()["commitdigest"], json!({"sha256": "c".repeat(64)}));
}

#[test]
fn provenance_says_what_the_statement_does_not() {
    let statement = with_facts();
    let predicate = &statement.predicate;
    let digest = "b".repeat(64);
    let (materials, products) = ([("in".to_owned(), digest.clone())], [("out".to_owned(), digest.clone())]);
    let slsa = made(Format::Slsa, &statement, Files { materials: &materials, products: &products });
    let (definition, details) = (&slsa["predicate"]["buildDefinition"], &slsa["predicate"]["runDetails"]);
    assert_eq!(slsa["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(definition["buildType"], "https://attesh.dev/build/script/v1");
    let plan = &predicate.plans[0];
    let scripts = json!([{"name": plan.name, "sha256": plan.sha256, "arguments": plan.interpreter.arguments,
        "units": [{"command": "one"}, {"command": "two"}]}]);
    assert_eq!(definition["externalParameters"], json!({"scripts": scripts}));
    let commit = json!({"name": "source", "digest": {"gitCommit": COMMIT},
        "uri": "git+https://git.example/a/b@refs/heads/main"});
    let material = json!({"name": "in", "digest": {"sha256": digest}});
    assert_eq!(definition["resolvedDependencies"], json!([commit, material]));
    assert_eq!(definition["internalParameters"]["session"]["end"], "COMPLETE");
    assert_eq!(details["builder"]["id"], "https://attesh.dev/recorder");
    assert_eq!(details["metadata"]["invocationId"], "https://ci.example/1");
    assert_eq!(details["metadata"]["startedOn"], predicate.session.opened_at);
    assert_eq!(details["metadata"]["finishedOn"], predicate.session.closed_at);
    let byproduct = |name: &str, sha256: &str| json!({"name": name, "digest": {"sha256": sha256}});
    let transcript = &predicate.transcript.sha256;
    let byproducts = json!([
        byproduct("session.transcript", transcript),
        byproduct("session", &predicate.journal.root_hash),
        byproduct("session.payload", &"a".repeat(64))
    ]);
    assert_eq!(details["byproducts"], byproducts);
    let subjects = json!([byproduct("out", &digest), byproduct("session.transcript", transcript)]);
    assert_eq!(slsa["subject"], subjects);
    let mut alone = with_facts();
    alone.predicate.facts.clear();
    let slsa = made(Format::Slsa, &alone, Files::default());
    let run = &slsa["predicate"]["runDetails"]["metadata"]["invocationId"];
    assert_eq!(*run, format!("urn:uuid:{}", predicate.session.id));
}
