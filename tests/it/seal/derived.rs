//! The files in the formats of others: when they are written, what they hold, and what they are
//! tied to. Whether others accept them is judged in tests/oracles.

use std::path::PathBuf;
use std::process::Stdio;

use attesh::crypto::sha256;
use attesh::encoding::hex;
use attesh::seal::derived::{Files, Format, Sealed};
use attesh::seal::envelope::Envelope;
use attesh::seal::form;
use attesh::seal::keys::PrivateKey;
use attesh::seal::statement::{CommandText, Completeness, Statement};
use attesh::seal::trust::TrustedKey;
use serde_json::{Value, json};

use crate::policy::judge::{Run, statement};
use crate::stage::programs::{Said, said};
use crate::stage::world::{World, put};

const SCRIPT: &str = "cd /\necho 'ünïcode \\ \" /' | cat\nif true; then\n  true\nfi\n";

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

/// All formats, as a list.
fn all() -> String {
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
fn recorded(script: &str) -> World {
    let world = with_script(script);
    say(&world, &["start", "--dir", "job"]);
    say(&world, &["sh", "--dir", "job", "build.sh"]);
    say(&world, &["stop", "--dir", "job"]);
    world
}

fn seal<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["seal", "--dir", "job", "--key", "key", "--subject", "app", "-o", "build.intoto.json"], more].concat()
}

fn names(world: &World) -> Vec<String> {
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
        assert!(said.err.contains("the formats are link"), "{}", said.err);
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

/// What `payload` of a format gives of a statement, with files around it.
fn made(format: Format, statement: &Statement, files: Files) -> Value {
    let sealed = Sealed { statement, payload_sha256: &"a".repeat(64), name: "build", files };
    serde_json::from_slice(&format.payload(&sealed)).unwrap()
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
    assert!(link["byproducts"].get("return-value").is_none());
    assert!(link["environment"].get("host").is_none() && link["environment"].get("user").is_none());
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
    let files = [named("session.complete"), named("session.transcript"), named("session"), named("a")];
    let files = Files { materials: &files, products: &files };
    let link = made(Format::Link, &statement, files);
    let products = link["products"].as_object().unwrap();
    let names = ["./session", "./session.complete", "./session.transcript", "a", "session.transcript"];
    assert_eq!(products.keys().collect::<Vec<_>>(), names);
    assert_ne!(products["session.transcript"]["sha256"], *digest);
    let names: Vec<_> = link["materials"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["./session", "./session.complete", "./session.transcript", "a"]);
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
