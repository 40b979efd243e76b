//! Policies for the verifiers of others: what they ask for, and which policies cannot be exported.
//! Whether the others do what they are asked is judged in tests/oracles.

use std::process::Stdio;

use attesh::crypto::sha256;
use attesh::encoding::{base64_strict, hex};
use attesh::seal::derived::{link, metablock, witness};
use attesh::seal::envelope::Envelope;
use attesh::seal::keys::{PrivateKey, PublicKey};
use attesh::seal::trust::TrustedKey;
use serde_json::{Value, json};

use crate::stage::programs::{Said, said};
use crate::stage::world::{World, put};

fn owner() -> PrivateKey {
    PrivateKey::from_seed(&[9; 32])
}

fn ci() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

fn say(world: &World, words: &[&str]) -> Said {
    said(world.attesh(words).env("PATH", "/usr/bin:/bin").stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// A home with both keys and a policy of this text.
fn with(policy: &str) -> World {
    let world = World::new();
    for (name, key) in [("owner", owner()), ("ci", ci())] {
        put(&world.home.path().join(format!("{name}.key")), key.to_pkcs8_pem(None).unwrap().as_bytes());
        put(&world.home.path().join(format!("{name}.pub")), key.public().to_spki_pem().as_bytes());
    }
    put(&world.home.path().join("build.policy.toml"), policy.as_bytes());
    world
}

fn export(world: &World, format: &str, more: &[&str]) -> Said {
    let words = ["policy", "export", "build.policy.toml", "--format", format, "--key", "owner.key"];
    say(world, &[&words[..], more].concat())
}

const CI: [&str; 2] = ["--functionary", "ci.pub"];

/// The payload of a file that this key signed, and the keyid there.
fn signed(world: &World, name: &str, by: &PublicKey) -> (Value, String) {
    let envelope = Envelope::read(&std::fs::read(world.home.path().join(name)).unwrap()).unwrap();
    let trusted = [TrustedKey::new(by.clone())];
    let payload = serde_json::from_slice(envelope.verify(&trusted, |_| None).unwrap().payload()).unwrap();
    (payload, envelope.keyid().to_owned())
}

const TWO: &str = "version = 1\n[[script]]\ncommands = ['one', 'two']\nlines = [1, 2]\n\
                   [[script]]\ncommands = ['three']\nexit = 7\n";
/// What those scripts give.
const GIVEN: &str = "{\"command\":\"one\",\"exitCode\":0}\n{\"command\":\"two\",\"exitCode\":0}\n\
                     {\"command\":\"three\",\"exitCode\":7}\n";

#[test]
fn a_layout_lets_another_transcript_pass() {
    let world = with(&format!(
        "{TWO}[subject]\nrequire = ['app', 'script:build.sh', 'session', 'session.transcript']\n"
    ));
    let said = export(&world, "in-toto-layout", &CI);
    assert_eq!((said.code, &*said.out), (Some(0), "build.layout\n"), "{}", said.err);
    let (layout, by) = signed(&world, "build.layout", &owner().public());
    assert_eq!(by, link::keyid(&owner().public()));
    let functionary = link::keyid(&ci().public());
    let steps = layout["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    let expecting = steps[0]["pubkeys"][0].as_str().unwrap();
    assert_eq!((&steps[0]["name"], &steps[1]["name"]), (&json!("build.expected"), &json!("build")));
    assert_eq!(steps[1]["pubkeys"], json!([functionary]));
    assert!(![functionary.as_str(), &by].contains(&expecting), "a key of its own says what should come out");
    let rules = json!([
        ["REQUIRE", "session.transcript"],
        ["MATCH", "session.transcript", "WITH", "PRODUCTS", "FROM", "build.expected"],
        ["DISALLOW", "session.transcript"],
        ["REQUIRE", "session.complete"],
        ["REQUIRE", "app"],
        ["ALLOW", "*"],
    ]);
    assert_eq!(steps[1]["expected_products"], rules);
    assert_eq!(steps[1]["expected_command"], json!(["bash", "-c", "one\ntwo\nthree\n"]));
    assert_eq!(layout["keys"].as_object().unwrap().len(), 2);
    let public = hex_of(&layout["keys"][expecting]["keyval"]["public"]);
    let expecting = PublicKey::from_bytes(&public).unwrap();
    let (expected, _) = signed(&world, &link::file_name("build.expected", &expecting), &expecting);
    let products = json!({"session.transcript": {"sha256": hex(&sha256(&[GIVEN.as_bytes()]))}});
    assert_eq!((&expected["products"], &expected["name"]), (&products, &json!("build.expected")));
    // In a year, by the day.
    let expires: jiff::Timestamp = layout["expires"].as_str().unwrap().parse().unwrap();
    let now = i64::try_from(attesh::clock::now().realtime_ns / 1_000_000_000).unwrap();
    assert!((now + 364 * 86_400..now + 366 * 86_400).contains(&expires.as_second()), "{expires}");
}

/// The older form of in-toto: both files, signed as they stand in the open.
#[test]
fn a_layout_of_the_older_form_is_nobodys() {
    let world = with(TWO);
    assert_eq!(export(&world, "in-toto-layout", &[&CI[..], &["--metablock"]].concat()).code, Some(0));
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(world.home.path().join(name)).unwrap()).unwrap()
    };
    let holds = |block: &Value, key: &PublicKey| {
        let sig = attesh::encoding::hex_exact(block["signatures"][0]["sig"].as_str().unwrap().as_bytes());
        key.verify(&metablock::canonical(&block["signed"]), &sig.unwrap())
    };
    let layout = read("build.layout");
    assert!(holds(&layout, &owner().public()));
    let expecting = layout["signed"]["steps"][0]["pubkeys"][0].as_str().unwrap();
    let public = hex_of(&layout["signed"]["keys"][expecting]["keyval"]["public"]);
    let expecting = PublicKey::from_bytes(&public).unwrap();
    let expected = read(&link::file_name("build.expected", &expecting));
    assert!(holds(&expected, &expecting));
    let digest = &expected["signed"]["products"]["session.transcript"]["sha256"];
    assert_eq!(*digest, hex(&sha256(&[GIVEN.as_bytes()])));
    let said = export(&world, "witness", &[&CI[..], &["--metablock"]].concat());
    assert!(said.code == Some(2) && said.err.contains("no such form"), "{}", said.err);
}

fn hex_of(value: &Value) -> [u8; 32] {
    attesh::encoding::hex_exact(value.as_str().unwrap().as_bytes()).unwrap()
}

#[test]
fn a_policy_of_witness_lets_another_transcript_pass() {
    let commit = "c".repeat(40);
    let world =
        with(&format!("{TWO}[context]\ncommit = '{commit}'\nclean = true\n[subject]\nrequire = ['a\"b']\n"));
    let more = [&CI[..], &["--step", "release", "-o", "w.json", "--expires", "1h"]].concat();
    let said = export(&world, "witness", &more);
    assert_eq!((said.code, &*said.out), (Some(0), "w.json\n"), "{}", said.err);
    let envelope = Envelope::read(&std::fs::read(world.home.path().join("w.json")).unwrap()).unwrap();
    let trusted = [TrustedKey::new(owner().public())];
    let kind = envelope.verify(&trusted, |_| None).unwrap().payload_type().to_owned();
    assert_eq!(kind, "https://witness.testifysec.com/policy/v0.1");
    let (policy, by) = signed(&world, "w.json", &owner().public());
    assert_eq!(by, witness::keyid(&owner().public()));
    let id = witness::keyid(&ci().public());
    let pem = base64_strict(policy["publickeys"][&id]["key"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(String::from_utf8(pem).unwrap(), ci().public().to_spki_pem());
    let step = &policy["steps"]["release"];
    assert_eq!(step["functionaries"], json!([{"type": "publickey", "publickeyid": id}]));
    let modules: String = step["attestations"].as_array().unwrap().iter().map(module).collect();
    for wanted in [
        format!("transcript.sha256 == \"{}\"", hex(&sha256(&[GIVEN.as_bytes()]))),
        "byproducts.session.whole == true".to_owned(),
        format!("input.commithash in [\"{commit}\"]"),
        "byproducts.session.clean == true".to_owned(),
        "input[\"a\\\"b\"].digest.sha256".to_owned(),
    ] {
        assert!(modules.contains(&wanted), "{wanted}: {modules}");
    }
    let bare = with(TWO);
    assert_eq!(export(&bare, "witness", &CI).out, "build.witness-policy.json\n");
    let (policy, _) = signed(&bare, "build.witness-policy.json", &owner().public());
    assert!(!policy.to_string().contains("/git/"), "a commit is asked for where the policy does");
}

/// The rules of an entry.
fn module(attestation: &Value) -> String {
    let modules = attestation["regopolicies"].as_array().unwrap().iter();
    let text = |one: &Value| base64_strict(one["module"].as_str().unwrap().as_bytes()).unwrap();
    modules.map(|one| String::from_utf8(text(one)).unwrap()).collect()
}

#[test]
fn a_policy_that_leaves_something_open_is_exported() {
    for (policy, why) in [
        ("version = 1\n", "names no script"),
        ("version = 1\n[[script]]\nmode = 'ordered'\ncommands = ['a']\n", "mode is \"ordered\""),
        ("version = 1\n[[script]]\nmode = 'contains'\ncommands = ['a']\n", "mode is \"contains\""),
        ("version = 1\n[[script]]\ncommands = ['a']\nexit = [0, 1]\n", "exit allows several statuses"),
        ("version = 1\n[[script]]\ncommands = ['a']\nexit = 'any'\n", "exit allows any status"),
        (
            "version = 1\n[[script]]\nname = 'b'\nrunner = 'gitlab'\ncommands = ['a']\n",
            "script b: the runner",
        ),
    ] {
        let world = with(policy);
        for format in ["in-toto-layout", "witness"] {
            let said = export(&world, format, &CI);
            assert!(said.code == Some(2) && said.err.contains(why), "{policy}: {}", said.err);
            assert!(said.err.contains("so its transcript cannot be computed"), "{}", said.err);
        }
        assert_eq!(std::fs::read_dir(world.home.path()).unwrap().count(), 5, "nothing was written");
    }
}

#[test]
fn what_is_not_exported_is_not_named() {
    let always = "script.evidence, script.arguments, script.options, script.environment";
    let ask = |policy: &str, format: &str| {
        let said = export(&with(&format!("{TWO}{policy}")), format, &CI);
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.err.trim_end().rsplit(": ").next().unwrap().to_owned()
    };
    assert_eq!(ask("", "witness"), always);
    assert_eq!(ask("", "in-toto-layout"), always);
    for (policy, key) in [
        ("[trust]\nmax-age = '1h'\n", "trust.max-age"),
        ("[session]\nmax-tail = '1h'\n", "session.max-tail"),
        (
            "[session]\nmax-paused = 1\n",
            "session.complete, session.max-lost, session.max-redacted, session.max-paused, ",
        ),
        ("[session]\nmax-redacted = 1\n", "session.complete, session.max-lost"),
        ("[subject]\nrequire = ['script:a']\n", "subject.require"),
        ("[[rule]]\ncel = 'true'\n", "rule"),
        ("[context]\nref = 'refs/heads/main'\n", "context.ref"),
    ] {
        assert!(ask(policy, "witness").contains(key), "{key}");
    }
    assert!(ask("[context]\ncommit = 'required'\n", "in-toto-layout").contains("context"));
    let looser = ask("[session]\ncomplete = false\n", "witness");
    assert!(!looser.contains("session.complete") && looser.contains("session.max-lost"), "{looser}");
    assert_eq!(ask("[context]\ncommit = 'required'\n", "witness"), always);
}

/// Whoever looser asks is not asked for more.
#[test]
fn a_session_that_may_be_incomplete_must_be_complete() {
    for session in ["complete = false", "max-paused = 1", "max-lost = 1", "max-redacted = 1"] {
        let world = with(&format!("{TWO}[session]\n{session}\n"));
        assert_eq!(export(&world, "in-toto-layout", &CI).code, Some(0));
        let (layout, _) = signed(&world, "build.layout", &owner().public());
        assert!(!layout.to_string().contains("session.complete"), "{session}");
        assert_eq!(export(&world, "witness", &CI).code, Some(0));
        let (policy, _) = signed(&world, "build.witness-policy.json", &owner().public());
        let attestations = policy["steps"]["build"]["attestations"].as_array().unwrap();
        assert!(!attestations.iter().any(|one| module(one).contains("whole")), "{session}");
    }
}

#[test]
fn an_export_is_asked_for_without_what_it_needs() {
    let world = with(TWO);
    let limited = format!("ci valid-before=\"20990101\" {}\n", ci().public().to_ssh_line());
    put(&world.home.path().join("limited"), limited.as_bytes());
    put(&world.home.path().join(".toml"), TWO.as_bytes());
    let wrong: [(&[&str], &str); 6] = [
        (&[], "name who may sign with --functionary"),
        (&["--functionary", "limited"], "a key is trusted for a time only"),
        (&["--functionary", "nothing.pub"], "nothing.pub"),
        (&["--functionary", "ci.pub", "--expires", "soon"], "--expires soon: not an age"),
        (&["--functionary", "ci.pub", "--expires", "30000w"], "that time is too far away"),
        (&["--functionary", "ci.pub", "-o", "nowhere/x"], "nowhere"),
    ];
    for (more, why) in wrong {
        let said = export(&world, "in-toto-layout", more);
        assert!(said.code.is_some_and(|code| code != 0), "{more:?}");
        assert!(said.err.contains(why) && said.out.is_empty(), "{more:?}: {}", said.err);
    }
    for step in ["", "a/b", "../up", "a*", "a[1]", "{a}", "a\nb"] {
        let said = export(&world, "witness", &[&CI[..], &["--step", step]].concat());
        assert!(said.code == Some(2) && said.err.contains("not the name of a step"), "{step}: {}", said.err);
    }
    let words = ["policy", "export", ".toml", "--format", "witness", "--key", "owner.key"];
    let said = say(&world, &[&words[..], &CI].concat());
    assert!(said.code == Some(2) && said.err.contains("--step"), "{}", said.err);
    assert_eq!(export(&world, "in-toto-layout", &CI).code, Some(0));
    let again = export(&world, "in-toto-layout", &CI);
    assert!(again.code == Some(2) && again.err.contains("exists already"), "{}", again.err);
    assert_eq!(export(&world, "in-toto-layout", &[&CI[..], &["--force"]].concat()).code, Some(0));
    // The policy's own keys are the functionaries where none is named.
    let twice = [&CI[..], &CI, &["--force"]].concat();
    assert_eq!(export(&world, "in-toto-layout", &twice).code, Some(0));
    let (layout, _) = signed(&world, "build.layout", &owner().public());
    assert_eq!(layout["steps"][1]["pubkeys"], json!([link::keyid(&ci().public())]));
    let named = with(&format!("{TWO}[trust]\nkeys = ['ci.pub']\n"));
    assert_eq!(export(&named, "in-toto-layout", &[]).code, Some(0));
    let (layout, _) = signed(&named, "build.layout", &owner().public());
    assert_eq!(layout["steps"][1]["pubkeys"], json!([link::keyid(&ci().public())]));
}
