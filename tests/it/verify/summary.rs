//! The verification summary: when it is written, by whom it is signed, and what it says.

use std::process::Stdio;

use attesh::crypto::sha256;
use attesh::encoding::hex;
use attesh::seal::envelope::Envelope;
use attesh::seal::form;
use attesh::seal::keys::PrivateKey;
use attesh::seal::trust::TrustedKey;
use attesh::verify::summary::reference;
use serde_json::{Value, json};

use crate::stage::programs::{Said, said};
use crate::stage::world::{World, put};

fn ci() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

fn judge() -> PrivateKey {
    PrivateKey::from_seed(&[9; 32])
}

fn say(world: &World, words: &[&str]) -> Said {
    said(world.attesh(words).env("PATH", "/usr/bin:/bin").stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// A sealed script, its policy, and the keys of who sealed and of who verifies.
fn sealed() -> World {
    let world = World::new();
    let put = |name: &str, bytes: &[u8]| put(&world.home.path().join(name), bytes);
    for (name, key) in [("ci", ci()), ("judge", judge())] {
        put(&format!("{name}.key"), key.to_pkcs8_pem(None).unwrap().as_bytes());
        put(&format!("{name}.pub"), key.public().to_spki_pem().as_bytes());
    }
    put("build.sh", b"true\necho built\n");
    put("other.sh", b"true\necho other\n");
    for (name, script) in [("a b.toml", "build.sh"), ("other.toml", "other.sh")] {
        assert_eq!(say(&world, &["policy", "from-script", script, "-o", name]).code, Some(0));
    }
    let run = ["sh", "--seal", "build.intoto.json", "--key", "ci.key", "build.sh"];
    assert_eq!(say(&world, &run).code, Some(0));
    world
}

/// `attesh verify` of a file by a policy, which writes the summary `vsa.json`.
fn verify(world: &World, file: &str, policy: &str, more: &[&str]) -> Said {
    let words = ["verify", file, "--trust", "ci.pub", "--policy", policy, "--emit-vsa", "vsa.json"];
    say(world, &[&words[..], &["--key", "judge.key"], more].concat())
}

fn is_there(world: &World) -> bool {
    world.home.path().join("vsa.json").exists()
}

/// The payload of the summary, which the verifier's key signed.
fn summary(world: &World) -> Value {
    let bytes = std::fs::read(world.home.path().join("vsa.json")).unwrap();
    let envelope = Envelope::read(&bytes).unwrap();
    let trusted = [TrustedKey::new(judge().public())];
    serde_json::from_slice(envelope.verify(&trusted, |_| None).unwrap().payload()).unwrap()
}

#[test]
fn a_summary_says_another_thing_than_the_verdict() {
    let world = sealed();
    let read = |name: &str| std::fs::read(world.home.path().join(name)).unwrap();
    let envelope = Envelope::read(&read("build.intoto.json")).unwrap();
    let statement = form::read(envelope.unverified_payload()).unwrap();
    let digest = |name: &str| json!({"sha256": hex(&sha256(&[&read(name)]))});
    let mut wanted = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": statement.subject,
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": {
            "verifier": {"id": "https://attesh.dev/verifier", "version": {"attesh": env!("CARGO_PKG_VERSION")}},
            "resourceUri": format!("urn:uuid:{}", statement.predicate.session.id),
            "policy": {"uri": "a%20b.toml", "digest": digest("a b.toml")},
            "inputAttestations": [{"uri": "build.intoto.json", "digest": digest("build.intoto.json")}],
            "verificationResult": "PASSED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_0"],
            "slsaVersion": "1.0",
        },
    });
    let said = verify(&world, "build.intoto.json", "a b.toml", &[]);
    assert!(said.code == Some(0) && said.out.starts_with("VERIFIED"), "{} {}", said.out, said.err);
    let mut made = summary(&world);
    let at = made["predicate"].as_object_mut().unwrap().remove("timeVerified").unwrap();
    let at: jiff::Timestamp = at.as_str().unwrap().parse().unwrap();
    assert!(at.as_second() >= statement.sealed_at_s().unwrap());
    assert_eq!(made, wanted);
    // The bundle has the same envelope; the policy is another one, and is not met.
    let more = ["--force", "--resource-uri", "pkg:oci/app"];
    let said = verify(&world, "build.sigstore.json", "other.toml", &more);
    assert!(said.code == Some(1) && said.out.starts_with("NOT VERIFIED (policy)"), "{}", said.out);
    let mut made = summary(&world);
    made["predicate"].as_object_mut().unwrap().remove("timeVerified");
    let predicate = &mut wanted["predicate"];
    predicate["policy"] = json!({"uri": "other.toml", "digest": digest("other.toml")});
    predicate["inputAttestations"][0]["uri"] = "build.sigstore.json".into();
    predicate["resourceUri"] = "pkg:oci/app".into();
    predicate["verificationResult"] = "FAILED".into();
    predicate["verifiedLevels"] = json!(["FAILED"]);
    assert_eq!(made, wanted);
}

#[test]
fn what_else_was_asked_does_not_count_in_a_summary() {
    let world = sealed();
    let failing: [&[&str]; 2] = [&["--artifact", "other.sh"], &["--context", "ref=refs/heads/main"]];
    for more in failing {
        let said = verify(&world, "build.intoto.json", "a b.toml", &[more, &["--force"]].concat());
        assert_ne!(said.code, Some(0), "{more:?}");
        assert_eq!(summary(&world)["predicate"]["verificationResult"], "FAILED", "{more:?}: {}", said.out);
    }
    let said = verify(&world, "build.intoto.json", "a b.toml", &["--force", "--artifact", "build.sh"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert_eq!(summary(&world)["predicate"]["verificationResult"], "PASSED");
}

#[test]
fn a_file_that_nobody_trusted_signed_has_a_summary() {
    let world = sealed();
    let read = |name: &str| std::fs::read_to_string(world.home.path().join(name)).unwrap();
    let good = read("build.intoto.json");
    let changed = good.replacen("\"payload\":\"ey", "\"payload\":\"fy", 1);
    put(&world.home.path().join("changed.json"), changed.as_bytes());
    put(&world.home.path().join("torn.json"), b"{");
    let link = Envelope::sign::<()>(b"{\"_type\":\"link\"}".to_vec(), &ci().public(), |m| Ok(ci().sign(m)));
    put(&world.home.path().join("link.json"), &link.unwrap().to_json());
    for (file, code) in [("changed.json", 3), ("torn.json", 3), ("link.json", 7), ("nothing.json", 5)] {
        let said = verify(&world, file, "a b.toml", &[]);
        assert!(said.code == Some(code) && !is_there(&world), "{file}: {:?} {}", said.code, said.out);
        assert!(said.err.contains("no summary is written"), "{file}: {}", said.err);
    }
    let words = ["verify", "build.intoto.json", "--trust", "judge.pub", "--policy", "a b.toml"];
    let said = say(&world, &[&words[..], &["--emit-vsa", "vsa.json", "--key", "judge.key"]].concat());
    assert!(said.code == Some(6) && !is_there(&world), "{}", said.out);
    // The key that signs the summary is not trusted by that.
    let own = ["verify", "build.intoto.json", "--policy", "a b.toml", "--emit-vsa", "vsa.json"];
    let said = say(&world, &[&own[..], &["--key", "ci.key"]].concat());
    assert!(said.code == Some(6) && !is_there(&world), "{}", said.out);
    let as_before = say(&world, &["verify", "build.intoto.json", "--key", "ci.pub"]);
    assert_eq!(as_before.code, Some(0), "{}", as_before.out);
}

#[test]
fn a_summary_is_asked_for_without_what_it_needs() {
    let world = sealed();
    let emit = ["verify", "build.intoto.json", "--trust", "ci.pub", "--emit-vsa", "vsa.json"];
    let by = ["--policy", "a b.toml"];
    let wrong: [(&[&str], &str); 7] = [
        (&["--key", "judge.key"], "--policy <POLICY>"),
        (&["--policy", "a b.toml", "--key", "judge.key", "build.sigstore.json"], "is of one attestation"),
        (&["--policy", "a b.toml", "--key", "judge.key", "--key", "ci.key"], "has one key"),
        (&["--policy", "a b.toml", "--key", "judge.pub"], "SSH_AUTH_SOCK"),
        (&["--policy", "a b.toml", "--key", "build.sh"], "build.sh"),
        (&["--policy", "a b.toml", "--key", "judge.key", "--resource-uri", "app"], "not a URI"),
        (&["--policy", "a b.toml"], "the sealing key does not exist yet"),
    ];
    for (more, why) in wrong {
        let said = say(&world, &[&emit[..], more].concat());
        assert!(said.code.is_some_and(|code| code != 0) && !is_there(&world), "{more:?}");
        assert!(said.err.contains(why) && said.out.is_empty(), "{more:?}: {}{}", said.out, said.err);
    }
    for alone in ["--resource-uri=pkg:a/b", "--passphrase-file=x", "--force"] {
        let said = say(&world, &[&["verify", "build.intoto.json", alone][..], &by].concat());
        assert_eq!(said.code, Some(2), "{alone}");
    }
    put(&world.home.path().join("vsa.json"), b"mine");
    let said = verify(&world, "build.intoto.json", "a b.toml", &["--json"]);
    let answer: Value = serde_json::from_str(&said.out).unwrap();
    assert!(said.code == Some(2) && answer["schema"] == "attesh.error/v1", "{}", said.out);
    let said = verify(&world, "build.intoto.json", "a b.toml", &["--json", "--force"]);
    let answer: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &answer["vsa"]), (Some(0), &json!("vsa.json")));
    let without = say(&world, &["verify", "build.intoto.json", "--trust", "ci.pub", "--json"]);
    assert!(serde_json::from_str::<Value>(&without.out).unwrap().get("vsa").is_none());
}

#[test]
fn a_name_is_no_reference() {
    for (name, wanted) in [
        (&b"build.policy.toml"[..], "build.policy.toml"),
        (b"a b:c/d", "a%20b%3Ac%2Fd"),
        ("ü~_-".as_bytes(), "%C3%BC~_-"),
        (b"\xff%", "%FF%25"),
    ] {
        assert_eq!(reference(name), wanted);
    }
}
