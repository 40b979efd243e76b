//! The envelope against openssl alone, and the files for the other oracles.

use std::path::Path;

use attesh::seal::envelope::{Envelope, pae};
use attesh::seal::formats;
use attesh::seal::keys::PrivateKey;
use data_encoding::BASE64;

use crate::stage::programs::{bash, have, run};
use crate::stage::world::{World, code, put};

const STATEMENT: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"session","digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}],"predicateType":"https://attesh.dev/shell-session/v0.1","predicate":{"text":"ünïcode \u0000 \\ \" /"}}"#;

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

fn sealed() -> Envelope {
    let key = key();
    let payload = STATEMENT.as_bytes().to_vec();
    Envelope::sign::<()>(payload, &key.public(), |m| Ok(key.sign(m))).unwrap()
}

/// Needs nothing of ours: jq takes the envelope apart, bash rebuilds what was signed.
const WITH_OPENSSL: &str = r#"
    type=$(jq -r .payloadType E)
    jq -r .payload E | base64 -d > body
    { printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(wc -c < body)"; cat body; } > signed
    jq -r '.signatures[0].sig' E | base64 -d > sig
    openssl pkeyutl -verify -rawin -pubin -inkey K.pub -in signed -sigfile sig
"#;

#[test]
fn openssl_alone_verifies_an_envelope() {
    if !have("openssl") || !have("jq") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let good = sealed().to_json();
    put(&dir.path().join("K.pub"), key().public().to_spki_pem().as_bytes());
    put(&dir.path().join("E"), &good);
    let said = bash(dir.path(), WITH_OPENSSL);
    assert_eq!(said, "Signature Verified Successfully\n");
    for (name, bad) in mutations(STATEMENT.as_bytes()) {
        put(&dir.path().join("E"), &bad.to_json());
        let arguments = ["-euo", "pipefail", "-c", WITH_OPENSSL];
        assert!(!run(dir.path(), "bash", &arguments).status.success(), "{name}");
    }
}

/// An envelope in parts, to be put together wrongly.
struct Parts {
    payload: Vec<u8>,
    payload_type: &'static str,
    sig: Vec<u8>,
}

impl Parts {
    fn to_json(&self) -> Vec<u8> {
        format!(
            "{{\"payload\":\"{}\",\"payloadType\":\"{}\",\"signatures\":[{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]}}\n",
            BASE64.encode(&self.payload),
            self.payload_type,
            key().public().fingerprint(),
            BASE64.encode(&self.sig)
        )
        .into_bytes()
    }

    /// In the place of the envelope of a good bundle.
    fn to_bundle(&self, good: &[u8]) -> Vec<u8> {
        let envelope = String::from_utf8(self.to_json()).unwrap();
        let good = String::from_utf8(good.to_vec()).unwrap();
        let start = good.find("\"dsseEnvelope\":").unwrap() + "\"dsseEnvelope\":".len();
        format!("{}{}}}\n", &good[..start], envelope.trim_end()).into_bytes()
    }
}

/// What no verifier may accept, whatever it thinks of keyids and of JSON.
fn mutations(payload: &[u8]) -> Vec<(&'static str, Parts)> {
    const TYPE: &str = "application/vnd.in-toto+json";
    let payload = payload.to_vec();
    let sig = key().sign(&pae(TYPE, &payload)).to_vec();
    let with = |payload: &[u8], payload_type, sig: &[u8]| Parts {
        payload: payload.to_vec(),
        payload_type,
        sig: sig.to_vec(),
    };
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let stranger = PrivateKey::from_seed(&[8; 32]);
    let mut spaced = payload.clone();
    spaced.push(b' ');
    vec![
        ("payload-first-bit", with(&flipped(&payload, 0), TYPE, &sig)),
        ("payload-last-bit", with(&flipped(&payload, payload.len() - 1), TYPE, &sig)),
        ("payload-cut", with(&payload[..payload.len() - 1], TYPE, &sig)),
        ("payload-same-json", with(&spaced, TYPE, &sig)),
        ("payload-empty", with(b"", TYPE, &sig)),
        ("type-of-another", with(&payload, "application/json", &sig)),
        ("sig-r", with(&payload, TYPE, &flipped(&sig, 0))),
        ("sig-s", with(&payload, TYPE, &flipped(&sig, 40))),
        ("sig-cut", with(&payload, TYPE, &sig[..63])),
        ("sig-zero", with(&payload, TYPE, &[0; 64])),
        ("sig-of-stranger", with(&payload, TYPE, &stranger.sign(&pae(TYPE, &payload)))),
        ("sig-of-bare-payload", with(&payload, TYPE, &key().sign(&payload))),
        ("sig-for-another-type", with(&payload, TYPE, &key().sign(&pae("text/plain", &payload)))),
    ]
}

#[test]
fn the_mutations_are_found_here_too() {
    let trusted = [attesh::seal::trust::TrustedKey::new(key().public())];
    let found = |read: Result<Envelope, _>| {
        read.is_err() || read.is_ok_and(|e| e.verify(&trusted, |_| None).is_err())
    };
    let bundle = formats::to_bundle(&sealed());
    for (name, bad) in mutations(STATEMENT.as_bytes()) {
        assert!(found(Envelope::read(&bad.to_json())), "{name}");
        assert!(found(formats::from_bundle(&bad.to_bundle(&bundle))), "{name}");
    }
}

const SCRIPT: &str =
    "cd /\necho 'ünïcode \\ \" /' | cat > \"$OLDPWD/build.txt\"\nif true; then\n  true\nfi\n";

/// The home in which a script ran that made a product, and was sealed with the file `empty`.
fn of_a_session() -> World {
    let world = World::new();
    let at = |name: &str| world.home.path().join(name);
    put(&at("key"), key().to_pkcs8_pem(None).unwrap().as_bytes());
    put(&at("empty"), b"");
    put(&at("notice"), "Was hier läuft, wird aufgezeichnet.\n".as_bytes());
    put(&at("build.sh"), SCRIPT.as_bytes());
    let folder = at("job").display().to_string();
    bash(
        world.home.path(),
        "git init -q . && git add build.sh && git -c user.name=a -c user.email=a@b commit -qm one && git tag v1 && git remote add origin https://u:p@git.example/a/b.git",
    );
    let job = [
        ("PATH", "/usr/bin:/bin"),
        ("ATTESH_COLLECT", "environment,git,ci"),
        ("CI", "woodpecker"),
        ("CI_TOKEN", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqb2IifQ.c2ln"),
        ("CI_REPO_URL", "https://git.example/a/b"),
        ("CI_COMMIT_SHA", "3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d"),
        ("CI_COMMIT_REF", "refs/heads/main"),
        ("CI_PIPELINE_NUMBER", "1182"),
        ("CI_PIPELINE_URL", "https://ci.example/repos/1/pipeline/1182"),
    ];
    for words in [
        &[
            "start",
            "--dir",
            &folder,
            "--materials",
            ".",
            "--products",
            "build.*",
            "--identity-token",
            "CI_TOKEN",
            "--notice",
            "notice",
            "--purpose",
            "release 1",
            "--retain",
            "30d",
        ][..],
        &["sh", "--dir", &folder, "-e", "build.sh", "an argument"],
        &["run", "--author", "somebody", "--dir", &folder, "--wait", "--files", "touch", "touched"],
        &["stop", "--dir", &folder],
        &["seal", "--dir", &folder, "--key", "key", "--subject", "empty", "-o", "sealed.intoto.json"],
    ] {
        assert_eq!(code(world.attesh(words).envs(job)), Some(0), "{words:?}");
    }
    world
}

/// Writes what `tests/oracles/run` shows to the verifiers of others.
#[test]
fn oracle_files_are_written() {
    let world = of_a_session();
    let sealed = |name: &str| std::fs::read(world.home.path().join(name)).unwrap();
    let (envelope, bundle) = (sealed("sealed.intoto.json"), sealed("sealed.sigstore.json"));
    let payload = Envelope::read(&envelope).unwrap().unverified_payload().to_vec();
    assert!(attesh::seal::form::read(&payload).unwrap().predicate.outcome.command_count > 2);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let _ = std::fs::remove_dir_all(&folder);
    for sub in ["good", "bad", "subjects"] {
        std::fs::create_dir_all(folder.join(sub)).unwrap();
    }
    println!("written to {}", folder.display());
    println!("written by {}", env!("CARGO_BIN_EXE_attesh"));
    let put = |name: &str, bytes: &[u8]| put(&folder.join(name), bytes);
    put("key.pub", key().public().to_spki_pem().as_bytes());
    put("stranger.pub", PrivateKey::from_seed(&[8; 32]).public().to_spki_pem().as_bytes());
    put("key.ssh", format!("{}\n", key().public().to_ssh_line()).as_bytes());
    put("payload", &payload);
    for subject in ["build.sh", "build.txt", "empty", "sealed.transcript"] {
        put(&format!("subjects/{subject}"), &sealed(subject));
    }
    put("another", b"no subject\n");
    put("good/sealed.transcript", &sealed("sealed.transcript"));
    put("good/sealed.intoto.json", &envelope);
    put("good/sealed.sigstore.json", &bundle);
    for (name, bad) in mutations(&payload) {
        put(&format!("bad/{name}.intoto.json"), &bad.to_json());
        put(&format!("bad/{name}.sigstore.json"), &bad.to_bundle(&bundle));
    }
    super::oracles::written(&folder);
}
