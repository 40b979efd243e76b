//! What a verdict is about: the seal, the file and the times that were asked for, and no other.

use std::path::Path;

use attesh::cause::Code;
use attesh::failure::Kind;
use attesh::seal::statement::{Sha256, Statement, Subject};
use attesh::verify::{self, Artifact, Verdict};

use super::verdicts::judged;
use crate::cli::messages::{fails, ok, with_key};
use crate::stage::programs::attesh;
use crate::stage::pty::ATTESH;
use crate::vectors::envelopes::whole;

fn with_subjects(subjects: &[(&str, &str)]) -> Statement {
    let mut it = whole();
    let subject = |(name, fill): &(&str, &str)| Subject {
        name: (*name).to_owned(),
        digest: Sha256 { sha256: fill.repeat(32) },
    };
    it.subject.splice(0..1, subjects.iter().map(subject));
    it
}

pub fn artifact(path: &str, sha256: &str) -> Artifact {
    Artifact {
        shown: path.to_owned(),
        path: path.to_owned(),
        name: path.to_owned(),
        sha256: sha256.to_owned(),
    }
}

fn held(subjects: &[(&str, &str)], path: &str, fill: &str) -> Verdict {
    let mut verdict = judged(with_subjects(subjects).to_json());
    assert_eq!(verdict.failure, None);
    verify::with_artifacts(
        &mut verdict,
        &[artifact(path, &fill.repeat(32))],
        &[],
        &verify::Products::default(),
    );
    verdict
}

#[test]
fn a_file_is_taken_for_a_subject_of_another_name() {
    let builds = [("dist/linux/app", "aa"), ("dist/mac/app", "bb"), ("app-debug", "cc")];
    for (path, fill, subject) in [
        ("dist/linux/app", "aa", Some("dist/linux/app")),
        ("./dist/linux/app", "aa", Some("dist/linux/app")),
        ("/tmp/build//dist/./linux/app", "aa", Some("dist/linux/app")),
        ("linux/app", "aa", Some("dist/linux/app")),
        ("app", "aa", Some("dist/linux/app")),
        ("app", "bb", Some("dist/mac/app")),
        ("/tmp/download/app", "bb", Some("dist/mac/app")),
        ("app-debug", "cc", Some("app-debug")),
        // The bytes of one under the name of another.
        ("dist/linux/app", "bb", None),
        ("mac/app", "aa", None),
        ("app", "cc", None),
        ("app-debug", "aa", None),
        ("evil", "aa", None),
        ("app/", "cc", None),
        ("", "aa", None),
        // Bytes of none.
        ("app", "dd", None),
    ] {
        let verdict = held(&builds, path, fill);
        let found = verdict.artifacts.first().map(|(given, name)| (given.as_str(), name.as_str()));
        assert_eq!(found, subject.map(|subject| (path, subject)), "{path} {fill}");
        let code = verdict.failure.map(|failure| failure.code);
        assert_eq!(code, subject.is_none().then_some(Code::ArtifactSubject), "{path} {fill}");
    }
    let said = held(&builds, "app", "cc").failure.unwrap().text;
    assert_eq!(said, "app has the bytes of the subject app-debug, which has another name");
}

/// A name alone says which folder it lies in as well as a whole path does.
#[test]
fn a_file_is_taken_for_another_of_its_name_from_within_its_folder() {
    let home = with_key();
    for name in ["linux", "mac"] {
        std::fs::create_dir_all(home.path("work/dist").join(name)).unwrap();
        home.file(&format!("work/dist/{name}/app"), name);
    }
    std::os::unix::fs::symlink("linux", home.path("work/dist/store")).unwrap();
    ok(&home, &["start", "one"]);
    let products = ["--subject", "dist/linux/app", "--subject", "dist/mac/app"];
    ok(&home, &[&["seal", "one", "--key", "key", "-o", "a.intoto.json"][..], &products].concat());
    let verify = |folder: &str, name: &str| {
        let seal = home.path("work/a.intoto.json");
        let key = home.path("work/key.pub");
        let (seal, key) = (seal.to_str().unwrap(), key.to_str().unwrap());
        let mut command = home.command(Path::new(ATTESH));
        command.args(["verify", seal, "--trust", key, "--artifact", name]);
        command.current_dir(home.path("work").join(folder)).output().unwrap().status.code()
    };
    let names = [("dist/linux", "app"), ("dist/linux", "./app"), ("dist/mac", "../linux/app")];
    let more = [("dist/mac", "../linux/../linux/app"), ("dist/linux", "../../dist/mac/../linux/app")];
    let deep = [("dist", "linux/app"), ("dist", "mac/../linux/app"), ("dist/linux", "../store/app")];
    for (folder, name) in names.iter().chain(&more).chain(&deep) {
        assert_eq!(verify(folder, name), Some(0), "{folder}: {name}");
    }
    std::fs::copy(home.path("work/dist/mac/app"), home.path("work/dist/linux/app")).unwrap();
    for (folder, name) in names.iter().chain(&more).chain(&deep[..2]) {
        assert_eq!(verify(folder, name), Some(3), "{folder}: {name}");
    }
}

/// An output that a step never set is an empty word.
#[test]
fn an_empty_head_is_looked_for_as_a_file() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    for head in ["", "head="] {
        let said = fails(&home, 2, &["verify", "one", "--expect-head", head]);
        assert!(said.contains("--expect-head: no head was given"), "{said}");
    }
}

#[test]
fn a_copy_of_the_transcript_is_a_product() {
    let home = with_key();
    home.file("work/app", "app\n");
    home.file("work/s.sh", "true\n");
    ok(&home, &["start", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json", "--subject", "app"]);
    for name in ["b", "session.transcript.txt", "session", "session.transcript.intoto.json"] {
        std::fs::copy(home.path("work/a.transcript"), home.path("work").join(name)).unwrap();
        fails(&home, 3, &["verify", "a.intoto.json", "--trust", "key.pub", "--artifact", name]);
    }
    let verify =
        |name: &str| ok(&home, &["verify", "a.intoto.json", "--trust", "key.pub", "--artifact", name]);
    assert!(verify("app").contains("artifact      app is the subject app\n"));
    assert!(verify("a.transcript").contains("a.transcript is the subject session.transcript\n"));
    let words = ["verify", "a.intoto.json", "--trust", "key.pub", "--artifact", "app", "--json"];
    let value: serde_json::Value = serde_json::from_str(&ok(&home, &words)).unwrap();
    assert_eq!(value["files"][0]["artifacts"], serde_json::json!([{"file": "app", "subject": "app"}]));
}

/// Whoever trusts keys, or names a sealed file, asks for something that a key sealed.
#[test]
fn a_journal_passes_for_what_a_trusted_key_sealed() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["stop", "one"]);
    let journal = home.sessions().remove(0).join("journal");
    for name in ["app.intoto.json", "app.sigstore.json", "app.json", "app", "x.journal"] {
        std::fs::copy(&journal, home.path("work").join(name)).unwrap();
        let text = fails(&home, 6, &["verify", "--trust", "key.pub", name]);
        assert!(
            text.starts_with(&format!("NOT VERIFIED (untrusted) {name}: a journal that nobody sealed\n"))
        );
        let words = ["verify", "--trust", "key.pub", "--json", name];
        let value: serde_json::Value = serde_json::from_str(&fails(&home, 6, &words)).unwrap();
        let verdict = &value["files"][0];
        assert_eq!((&verdict["verified"], &verdict["sealed"]), (&false.into(), &false.into()));
        assert_eq!(verdict["failure"]["code"], "signature.untrusted");
        if name != "x.journal" {
            fails(&home, 6, &["verify", name]);
        }
    }
    let folder = journal.parent().unwrap().to_str().unwrap();
    for name in ["x.journal", folder, journal.to_str().unwrap()] {
        let text = ok(&home, &["verify", name]);
        assert!(text.starts_with(&format!("INTACT {name}: not sealed; ")), "{text}");
        let text = ok(&home, &["verify", "--json", name]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["files"][0]["verified"], false, "{text}");
        fails(&home, 6, &["verify", "--key", "key.pub", name]);
    }
}

#[test]
fn a_limited_key_is_trusted_without_its_limit() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let key = ok(&home, &["key", "show", "key.pub"]).lines().nth(1).unwrap().to_owned();
    home.file("work/old", &format!("ci valid-before=\"20200101Z\" {key}\n"));
    home.file("work/first", &format!("valid-before=\"20200101Z\" {key}\n"));
    let text = fails(&home, 6, &["verify", "a.intoto.json", "--trust", "old"]);
    assert!(text.contains("that key is trusted until 2020-01-01T00:00:00Z"), "{text}");
    let text = fails(&home, 2, &["verify", "a.intoto.json", "--trust", "first"]);
    assert!(text.contains("first: line 1: "), "{text}");
    // What is trusted from now on is trusted no longer than its file says.
    fails(&home, 2, &["key", "trust", "first"]);
    ok(&home, &["key", "trust", "old"]);
    fails(&home, 6, &["verify", "a.intoto.json"]);
    // The policy says by which time.
    home.file("work/p", "version = 1\n[trust]\nkeys = ['old']\nat = 'sealed'\n");
    fails(&home, 6, &["verify", "a.intoto.json", "--trust", "key.pub", "--policy", "p"]);
    home.file("work/young", &format!("ci valid-after=\"20200101Z\" {key}\n"));
    home.file("work/p", "version = 1\n[trust]\nkeys = ['young']\nat = 'sealed'\n");
    ok(&home, &["verify", "a.intoto.json", "--trust", "young", "--policy", "p"]);
    let refused = attesh(&home, &["verify", "a.intoto.json", "--trust", "key", "--json"]);
    assert_eq!(refused.code, Some(2), "a private key");
}

#[test]
fn what_nobody_trusted_signed_is_shown_like_what_a_trusted_key_signed() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let show = |words: &[&str]| ok(&home, &[&["show", "a.intoto.json"], words].concat());
    assert!(show(&[]).starts_with(
        "NOT TRUSTED: what follows is what the file says of itself\nwhy         no key is trusted"
    ));
    assert!(show(&["--json"]).contains("\"trust\":\"bad\""));
    ok(&home, &["key", "trust", "key.pub"]);
    assert!(show(&[]).starts_with("sealed: a key that is trusted here signed this\nsession "));
    assert!(show(&["--json"]).contains("\"trust\":\"good\""));
}

#[test]
fn a_seal_of_tomorrow_is_trusted_today() {
    let mut it = whole();
    it.predicate.sealed_at = "2026-11-23T10:02:00Z".into();
    it.predicate.unrecorded_tail_ms = (86_400 + 60) * 1_000;
    let envelope = crate::vectors::envelopes::sign(it.to_json(), 7);
    let trusted = [verify::Trusted {
        key: attesh::seal::trust::TrustedKey::new(crate::vectors::envelopes::key(7).public()),
        source: "signer.pub".into(),
    }];
    let at = verify::At::time(crate::policy::judge::NOW_S);
    let failure = verify::envelope(&envelope, &trusted, at).failure.unwrap();
    assert_eq!((failure.code, failure.kind()), (Code::SignatureFuture, Kind::Untrusted));
}

/// What a CI hands out as a file has a mode that its user cannot change.
#[test]
fn a_mode_that_a_ci_chose_is_warned_of_at_each_seal() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = crate::stage::world::World::new();
    let key = world.home.path().join("key");
    let pem = crate::vectors::envelopes::key(7).to_pkcs8_pem(None).unwrap();
    crate::stage::world::put(&key, pem.as_bytes());
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    for (ci, warned) in [(false, true), (true, false)] {
        let name = if ci { "there" } else { "here" };
        assert!(world.attesh(&["start", name]).status().unwrap().success());
        let envelope = format!("{name}.intoto.json");
        let mut seal = world.attesh(&["seal", name, "--key", "key", "-o", &envelope]);
        if ci {
            seal.env("GITLAB_CI", "true");
        }
        let output = seal.stderr(std::process::Stdio::piped()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert_eq!(said.contains("open to everybody"), warned, "{said}");
    }
}
