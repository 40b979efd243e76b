//! `attesh seal --selective`, and what becomes of the texts beside it: `redact`, `disclose`, `verify`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use attesh::journal::check::Knowledge;
use attesh::seal::draft::Draft;
use attesh::seal::envelope::Beside;
use attesh::seal::trust::TrustedKey;
use attesh::verify::{self, At, Told, Trusted};
use serde_json::Value;

use crate::run::script::Place;
use crate::seal::limits::long;
use crate::stage::canary::holding;
use crate::vectors::envelopes::{key, sign};

const CANARY: &str = "c4n4ry";
const SCRIPT: &str = "cd /\nexport PLACE=c4n4ry\nfalse || true\n";

/// Code, standard output, standard error.
type Said = (Option<i32>, String, String);

fn told(place: &Place, words: &[&str]) -> Said {
    let output = place.attesh(words);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A script that ran and was sealed selectively, and how to verify it.
fn sealed(name: &str) -> (Place, String) {
    let place = Place::new(SCRIPT);
    let key = place.key();
    let envelope = format!("{name}.intoto.json");
    let (code, _, err) =
        told(&place, &["sh", "--seal", &envelope, "--key", &key, "--selective", "script.sh", "-x"]);
    assert_eq!(code, Some(0), "{err}");
    (place, format!("{key}.pub"))
}

fn verdict(place: &Place, public: &str, more: &[&str]) -> Said {
    told(place, &[&["verify", "a.intoto.json", "--trust", public], more].concat())
}

fn texts(place: &Place) -> String {
    fs::read_to_string(place.folder.path().join("a.disclosures")).unwrap()
}

/// What stands in the folder of the seal but the script.
fn kept(place: &Place, text: &str) -> Vec<String> {
    fs::remove_file(place.folder.path().join("script.sh")).unwrap_or_default();
    let names = holding(place.folder.path(), text);
    names.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn a_text_that_is_taken_out_after_sealing_is_left_or_nothing_verifies() {
    let (place, public) = sealed("a");
    let folder = place.folder.path();
    let envelope = fs::read(folder.join("a.intoto.json")).unwrap();
    let all = texts(&place);
    let of = all.lines().count();
    assert_eq!(kept(&place, CANARY), ["a.disclosures"]);
    let mode = |name: &str| folder.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("a.disclosures"), 0o600);
    let (code, out, _) = verdict(&place, &public, &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains(&format!("; {of} of {of} texts disclosed\n")) && !out.contains("redacted"), "{out}");
    fs::set_permissions(folder.join("a.disclosures"), fs::Permissions::from_mode(0o640)).unwrap();

    place.write(".a.disclosures.0123456789abcdef", &all);
    place.write(".a.disclosures.of-the-user", CANARY);
    let dry = told(&place, &["redact", "a.intoto.json", "--command", "2", "--dry-run"]);
    assert!(dry.1.contains("/commands/1/command  export PLACE=c4n4ry\n"), "{dry:?}");
    assert_eq!(texts(&place), all);
    let (code, out, err) = told(&place, &["redact", "a.intoto.json", "--command", "2"]);
    assert_eq!(
        (code, &*out),
        (Some(0), "/commands/1/command\n/plans/0/units/1/command\n/plans/0/sha256\n"),
        "{err}"
    );
    assert!(err.contains(&format!("3 texts taken out, {} left\n", of - 3)), "{err}");
    // What a killed one left goes, too, and nothing else.
    assert_eq!(kept(&place, CANARY), [".a.disclosures.of-the-user"]);
    assert_eq!((mode("a.disclosures"), texts(&place).lines().count()), (0o640, of - 3));
    assert_eq!(fs::read(folder.join("a.intoto.json")).unwrap(), envelope);

    // The journal has the texts, and the envelope does not: so they are taken out of both.
    let session = place.session();
    let journal = session.to_str().unwrap();
    assert!(err.contains("may have its texts still") && err.contains("attesh redact "), "{err}");
    let (code, _, err) = told(&place, &["redact", journal, "--command", "2"]);
    assert!(code == Some(0) && err.contains("a.disclosures"), "{err}");
    assert_eq!(holding(&session, CANARY), [] as [std::path::PathBuf; 0]);
    for more in [&[][..], &["--journal", journal]] {
        let (code, out, _) = verdict(&place, &public, more);
        assert_eq!(code, Some(0), "{out}");
        assert!(out.starts_with("VERIFIED a.intoto.json: 3 commands recorded"), "{out}");
        let told = format!("; {} of {of} texts disclosed\n", of - 3);
        assert!(out.contains(&told) && out.contains("complete; 3 texts redacted\n"), "{out}");
    }
    let json: Value = serde_json::from_str(&verdict(&place, &public, &["--json"]).1).unwrap();
    assert_eq!(json["files"][0]["disclosures"], serde_json::json!({"disclosed": of - 3, "of": of}));
    let (_, shown, _) = told(&place, &["show", "a.intoto.json", "--trust", &public]);
    assert!(shown.contains("(withheld or redacted)") && shown.contains("false || true"), "{shown}");
    assert!(shown.contains(&format!("disclosed   {} of {of} texts\n", of - 3)), "{shown}");
    let (_, shown, _) = told(&place, &["show", "a.intoto.json"]);
    let left_out =
        format!("disclosed   {of} texts are left out: they are read once a trusted key signed this\n");
    assert!(shown.contains("(left out) on (left out)\n") && shown.contains(&left_out), "{shown}");
    // The bundle has the same file beside it.
    let (code, out, _) = told(&place, &["verify", "a.sigstore.json", "--trust", &public]);
    assert!(code == Some(0) && out.contains("complete; 3 texts redacted\n"), "{out}");
    let (code, _, err) = told(&place, &["redact", "a.intoto.json", "--command", "2"]);
    assert!(code == Some(2) && err.contains("taken out before; nothing was taken out"), "{err}");
    // Without the file all of them are gone, and the statuses stand.
    fs::remove_file(folder.join("a.disclosures")).unwrap();
    let (code, out, _) = verdict(&place, &public, &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains(&format!("; 0 of {of} texts disclosed\n")), "{out}");
    assert!(out.contains(&format!("complete; {of} texts redacted\n")), "{out}");
}

#[test]
fn a_line_that_was_forged_swapped_or_repeated_is_believed() {
    let (place, public) = sealed("a");
    let all = texts(&place);
    let other = {
        let (other, _) = sealed("a");
        texts(&other)
    };
    let mut lines: Vec<&str> = all.split_inclusive('\n').collect();
    let last = lines.len();
    lines.swap(2, 3);
    for (text, line, why) in [
        (all.replace("false || true", "false && true"), None, "opens no commitment"),
        (lines.concat(), Some(4), "not in the order"),
        (format!("{all}{}", all.lines().last().unwrap()), Some(last + 1), "does not end with a newline"),
        (format!("{all}{}\n", all.lines().last().unwrap()), Some(last + 1), "comes twice"),
        (other, Some(1), "opens no commitment"),
        (all.replacen("[\"", "[ \"", 1), Some(1), "one spelling"),
        (all.replacen("/commands/0/", "/commands/00/", 1), None, "opens no commitment"),
        (format!("\n{all}"), Some(1), "misspelled"),
    ] {
        place.write("a.disclosures", &text);
        let (code, out, _) = verdict(&place, &public, &[]);
        assert!(code == Some(3) && out.contains(why), "{why}: {out}");
        let place_of =
            line.map_or("a.disclosures: line ".to_owned(), |line| format!("a.disclosures: line {line}: "));
        assert!(out.contains(&place_of), "{place_of}: {out}");
        let (code, _, err) = told(&place, &["show", "a.intoto.json", "--trust", &public]);
        assert!(code == Some(3) && err.contains(why), "{why}: {err}");
        // Nothing is taken out of it, either.
        let (code, _, err) = told(&place, &["redact", "a.intoto.json", "--command", "3"]);
        assert!(code == Some(3) && err.contains(why), "{why}: {err}");
        assert_eq!(texts(&place), text);
    }
    // A digest of the script without a salt would be enough to try texts.
    let script = attesh::encoding::hex(&attesh::crypto::sha256(&[SCRIPT.as_bytes()]));
    let envelope: Value =
        serde_json::from_slice(&fs::read(place.folder.path().join("a.intoto.json")).unwrap()).unwrap();
    let payload = attesh::encoding::base64_strict(envelope["payload"].as_str().unwrap().as_bytes()).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    for text in [CANARY, "script.sh", &script, "\"-x\"", "script:"] {
        assert!(!payload.contains(text), "{text}");
    }
}

#[test]
fn a_policy_is_met_by_texts_that_it_does_not_get() {
    let (place, public) = sealed("a");
    let script = told(&place, &["policy", "from-script", "script.sh"]).1;
    assert!(script.contains("\nsha256 = "), "{script}");
    let lines = script.lines().map(|line| line.replace("exit = 0", "exit = 0\narguments = [\"-x\"]"));
    let script =
        lines.map(|line| line.replace("max-redacted = 0", "max-redacted = 99") + "\n").collect::<String>();
    let redacted = "version = 1\n[session]\nmax-redacted = 99\n";
    let deny = format!("{redacted}[deny]\ncommands = [\"rm -rf\"]\n");
    place.write("script.toml", &script);
    place.write("bare.toml", "version = 1\n");
    place.write("some.toml", redacted);
    place.write("deny.toml", &deny);
    let rule = |cel: &str, more: &str| format!("{redacted}[[rule]]\ncel = \"{cel}\"\n{more}");
    let never = "!predicate.commands.exists(c, has(c.command) && c.command.contains('rm -rf'))";
    place.write("never.toml", &rule(never, ""));
    place.write("absent.toml", &rule(never, "hidden = 'as-absent'\n"));
    place.write("user.toml", &rule("predicate.session.user != 'mallory'", ""));
    place.write("count.toml", &rule("predicate.outcome.commandCount == 3", ""));
    let judged = |policy: &str| {
        let (code, out, err) = verdict(&place, &public, &["--policy", policy, "--json"]);
        assert!(!out.is_empty(), "{policy}: {err}");
        let json: Value = serde_json::from_str(&out).unwrap();
        let denials = json["files"][0]["denials"].as_array().cloned().unwrap_or_default();
        let codes: Vec<String> = denials.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect();
        (code, codes)
    };
    let rules = ["never.toml", "absent.toml", "user.toml", "count.toml"];
    for policy in ["bare.toml", "some.toml", "deny.toml", "script.toml"].iter().chain(&rules) {
        assert_eq!(judged(policy), (Some(0), vec![]), "{policy}");
    }
    // Of a text that is not there an expression says nothing, unless it means to do without.
    let whole = texts(&place);
    assert_eq!(told(&place, &["redact", "a.intoto.json", "--command", "1", "--user"]).0, Some(0));
    for policy in &rules {
        let denied = ["never.toml", "user.toml"].contains(policy);
        assert_eq!(judged(policy).0, Some(i32::from(denied)), "{policy}");
    }
    place.write("a.disclosures", &whole);
    assert_eq!(told(&place, &["redact", "a.intoto.json", "--command", "2"]).0, Some(0));
    assert_eq!(judged("some.toml"), (Some(0), vec![]));
    assert_eq!(judged("bare.toml"), (Some(1), vec!["session.redacted".to_owned()]));
    let (code, codes) = judged("deny.toml");
    assert!(code == Some(1) && codes.contains(&"command.hidden".to_owned()), "{codes:?}");
    let (code, codes) = judged("script.toml");
    assert!(code == Some(1) && codes.contains(&"script.line-hidden".to_owned()), "{codes:?}");
    for due in ["script.plan-units", "script.other"] {
        assert!(codes.contains(&due.to_owned()), "{codes:?}");
    }
}

#[test]
fn a_text_is_shown_to_somebody_who_cannot_check_it() {
    let (place, public) = sealed("a");
    let (code, line, err) = told(&place, &["disclose", "a.intoto.json", "--command", "2"]);
    assert!(code == Some(0) && line.lines().count() == 1 && line.contains(CANARY), "{line}{err}");
    place.write("line", &line);
    fs::remove_file(place.folder.path().join("a.disclosures")).unwrap();
    let check = ["disclose", "a.intoto.json", "--check", "line", "--trust", &public];
    let (code, out, err) = told(&place, &check);
    assert_eq!((code, &*out), (Some(0), "/commands/1/command  export PLACE=c4n4ry\n"), "{err}");
    let (code, out, _) = told(&place, &check[..4]);
    assert_eq!((code, &*out), (Some(6), ""), "nobody trusts its key");
    place.write("line", &line.replace(CANARY, "canary"));
    let (code, out, err) = told(&place, &check);
    assert!(code == Some(3) && out.is_empty() && err.contains("line: line 1: "), "{out}{err}");
    let (code, _, err) = told(&place, &["disclose", "a.intoto.json"]);
    assert!(code == Some(2) && err.contains("nothing says which texts"), "{err}");
}

#[test]
fn what_has_its_texts_within_is_taken_for_selective() {
    let place = Place::new(SCRIPT);
    let (key, session) = (place.key(), "b.intoto.json");
    assert_eq!(told(&place, &["sh", "--seal", session, "--key", &key, "script.sh"]).0, Some(0));
    for words in [&["redact", session, "--command", "2"][..], &["disclose", session, "--command", "2"]] {
        let (code, _, err) = told(&place, words);
        assert!(code == Some(2) && err.contains("was not sealed selectively"), "{err}");
    }
    // The formats of others have the texts.
    let words =
        ["sh", "--seal", "c.intoto.json", "--key", &key, "--selective", "--format", "slsa", "script.sh"];
    let (code, _, err) = told(&place, &words);
    assert!(code == Some(2) && err.contains("cannot be used with"), "{err}");
    // What another seal left there is not taken for its own.
    place.write("b.disclosures", "{}\n");
    let words = ["sh", "--seal", session, "--key", &key, "script.sh"];
    assert_eq!(told(&place, &words).0, Some(2));
    assert_eq!(told(&place, &[&words[..3], &["--force"], &words[3..]].concat()).0, Some(0));
    assert!(!Path::new(&place.folder.path().join("b.disclosures")).exists());
}

#[test]
fn ten_thousand_commands_are_too_many_to_take_one_out() {
    let journal = long(10_000, 1, 0);
    let draft = Draft::gather(&journal[..], Knowledge::default()).unwrap();
    let mut transcript = Vec::new();
    let sealed_at = draft.checked().times_ns.1;
    let (statement, apart) = draft.selective(&journal[..], &mut transcript, &[], sealed_at).unwrap();
    let mut texts = Vec::new();
    apart.write(&mut texts).unwrap();
    let of = statement.predicate.disclosures.as_ref().unwrap().count;
    assert!(of >= 20_000 && transcript.starts_with(b"{\"commandCommitment\":\""));
    let trusted = [Trusted { key: TrustedKey::new(key(7).public()), source: "signer.pub".into() }];
    let judged = |bytes: Vec<u8>| {
        let envelope = sign(statement.to_json(), 7)
            .with_beside(Some(Beside { path: "x.disclosures".into(), bytes: Ok(bytes) }));
        let now = i64::try_from(sealed_at / 1_000_000_000).unwrap();
        verify::envelope(&envelope, &trusted, At::time(now))
    };
    let verdict = judged(texts.clone());
    assert_eq!((verdict.failure.as_ref(), verdict.told), (None, Some(Told { disclosed: of, of })));
    let needle = b"/commands/9999/command\"";
    let lines = texts.split_inclusive(|byte| *byte == b'\n');
    let left: Vec<&[u8]> = lines.filter(|line| memchr::memmem::find(line, needle).is_none()).collect();
    let verdict = judged(left.concat());
    assert_eq!((verdict.failure, verdict.told), (None, Some(Told { disclosed: of - 1, of })));
    let told = verdict.statement.unwrap().predicate;
    assert_eq!(told.outcome.redacted_count, 1);
    let commands = told.commands.unwrap();
    assert_eq!((commands[9998].text.bytes(), commands[9999].text.bytes()), (Some(b"x".to_vec()), None));
}
