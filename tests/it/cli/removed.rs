//! What is left of a session that was removed: its tombstone, whatever happens to prune or the list.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;

use attesh::seal::envelope::Envelope;
use attesh::seal::keys::PrivateKey;
use serde_json::Value;

use crate::cli::messages::{fails, ok, with_key};
use crate::cli::prune::{ended, let_pass, tombstones};
use crate::stage::fault::{self, Fault};
use crate::stage::programs::attesh;
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::{put, sized};

const LIST: &str = "state/attesh/removed";
const KEY: &str = "state/attesh/removed.key";

/// A home from which so many sessions were removed.
fn with_removed(count: usize) -> Home {
    let home = with_key();
    for number in 0..count {
        let name = format!("gone-{number}");
        ended(&home, &name, &[]);
        ok(&home, &["prune", &name, "--force"]);
    }
    home
}

#[test]
fn a_session_that_was_removed_is_called_unknown() {
    let home = with_key();
    let folder = ended(&home, "one", &["--retain", "1s", "--purpose", "a secret purpose"]);
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let status: Value = serde_json::from_str(&ok(&home, &["status", "one", "--json"])).unwrap();
    let envelope = home.path("work/one.intoto.json");
    ok(&home, &["seal", "one", "--key", "key", "-o", "one.intoto.json"]);
    let_pass();
    ok(&home, &["prune"]);
    let why = "by attesh prune, because its retention of 1s had passed";
    let path = folder.display().to_string();
    for word in ["one", &id, &id[28..], &id[..13], &path] {
        for verb in ["status", "log", "show", "stop", "seal", "verify", "prune"] {
            let text = fails(&home, 5, &[verb, word]);
            assert!(text.contains("session one (") && text.contains(why), "{verb} {word}: {text}");
            assert!(text.contains("to see what was signed type: attesh show "), "{verb} {word}: {text}");
        }
    }
    let error: Value = serde_json::from_str(&attesh(&home, &["log", "one", "--json"]).out).unwrap();
    assert_eq!((&error["code"], &error["kind"]), (&"session.removed".into(), &"unable".into()));
    assert_eq!(error["next"]["argv"][2], envelope.to_str().unwrap());
    assert!(fails(&home, 5, &["status", "two"]).contains("no session is called two"));
    let one = tombstones(&home).remove(0);
    let head = status["head"].as_str().unwrap();
    assert_eq!(head, format!("{id}:{}:{}", one["size"], one["root"].as_str().unwrap()));
    assert_eq!((&one["session"], &one["name"]), (&id.as_str().into(), &"one".into()));
    assert_eq!((&one["openedAt"], &one["damage"]), (&status["openedAt"], &Value::Null));
    assert_eq!(one["envelopes"][0]["path"], envelope.to_str().unwrap());
    let bytes = std::fs::read(&envelope).unwrap();
    let digest = attesh::encoding::hex(&attesh::crypto::sha256(&[&bytes]));
    assert_eq!(one["envelopes"][0]["sha256"], digest);
    let text = ok(&home, &["sessions", "--removed"]);
    assert!(text.contains("its retention of 1s had passed") && text.contains(" yes "), "{text}");
    // What the session said of itself is gone with it, and what is left is private.
    for (name, mode) in [(LIST, 0o600), (KEY, 0o600)] {
        let file = home.path(name);
        assert_eq!(file.metadata().unwrap().mode() & 0o777, mode, "{name}");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("a secret purpose"), "{name}");
        let payload = text.split('"').nth(3).unwrap_or_default();
        let payload = attesh::encoding::base64_strict(payload.as_bytes()).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&payload).contains("a secret purpose"), "{name}");
    }
    // A new session of that name is meant before one that was removed.
    ok(&home, &["start", "one"]);
    assert!(ok(&home, &["status", "one"]).contains(" open"));
}

#[test]
fn a_list_that_was_altered_is_shown_or_extended() {
    let home = with_removed(3);
    let folder = ended(&home, "here", &[]);
    let whole = std::fs::read_to_string(home.path(LIST)).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let changed = |from: &str, to: &str| whole.replacen(from, to, 1);
    let key = PrivateKey::read(&std::fs::read(home.path(KEY)).unwrap(), None).unwrap();
    let newer = "application/vnd.attesh.tombstone.v2+json";
    let newer = Envelope::sign_as(newer, b"{}".to_vec(), key.public().fingerprint(), |signed| {
        Ok::<_, ()>(key.sign(signed))
    });
    let newer = whole.clone() + &String::from_utf8(newer.unwrap().to_json()).unwrap();
    for (what, text, code, why) in [
        (
            "a line out of the middle",
            [lines[0], lines[2]].concat(),
            3,
            "line 2: it names another line before it",
        ),
        ("the first line", [lines[1], lines[2]].concat(), 3, "line 1: it names another line before it"),
        ("lines swapped", [lines[1], lines[0]].concat(), 3, "line 1: it names another"),
        ("a line twice", [lines[0], lines[0]].concat(), 3, "line 2: it names another"),
        ("a blank line", [lines[0], "\n", lines[1]].concat(), 3, "line 2: no envelope"),
        ("a payload", changed("\"payload\":\"eyJk", "\"payload\":\"eyJl"), 3, "line 1: "),
        ("a signature", changed("\"sig\":\"", "\"sig\":\"AAAA"), 3, "line 1: no envelope"),
        ("a blank", changed(":", ": "), 3, "line 1: the envelope is not in its one spelling"),
        (
            "a newer line",
            newer,
            7,
            "line 4: a tombstone of the type application/vnd.attesh.tombstone.v2+json",
        ),
    ] {
        put(&home.path(LIST), text.as_bytes());
        let shown = attesh(&home, &["sessions", "--removed"]);
        assert!(shown.code == Some(code) && shown.err.contains(why), "{what}: {}", shown.err);
        assert_eq!(shown.out, "", "{what}");
        assert!(
            shown.err.contains("to keep it as it is and begin a new one type: mv -n "),
            "{what}: {}",
            shown.err
        );
        fails(&home, code, &["prune", "here", "--force"]);
        assert!(
            fails(&home, code, &["status", "gone-0"]).contains("it is not known whether one was removed")
        );
        assert_eq!(std::fs::read_to_string(home.path(LIST)).unwrap(), text, "{what}");
        assert!(folder.exists(), "{what}");
    }
    put(&home.path(LIST), whole.as_bytes());
    assert_eq!(tombstones(&home).len(), 3);
    // Others may read it, or its key is gone, or another's.
    let list = home.path(LIST);
    std::fs::set_permissions(&list, std::fs::Permissions::from_mode(0o644)).unwrap();
    let text = fails(&home, 5, &["prune", "here", "--force"]);
    assert!(text.contains("others may use it (mode 0644)") && folder.exists(), "{text}");
    std::fs::set_permissions(&list, std::fs::Permissions::from_mode(0o600)).unwrap();
    let pem = std::fs::read(home.path(KEY)).unwrap();
    std::fs::remove_file(home.path(KEY)).unwrap();
    for words in [&["prune", "here", "--force"][..], &["sessions", "--removed"]] {
        let text = fails(&home, 5, words);
        assert!(text.contains("is missing, so nobody can check or extend it"), "{text}");
    }
    put(&home.path(KEY), &std::fs::read(home.path("work/key")).unwrap());
    fails(&home, 3, &["prune", "here", "--force"]);
    put(&home.path(KEY), b"no key\n");
    fails(&home, 5, &["prune", "here", "--force"]);
    assert!(folder.exists());
    put(&home.path(KEY), &pem);
    ok(&home, &["prune", "here", "--force"]);
    assert_eq!(tombstones(&home).len(), 4);
}

#[test]
fn a_tombstone_that_was_not_written_to_its_end_is_one() {
    let home = with_removed(1);
    ended(&home, "here", &[]);
    let whole = std::fs::read(home.path(LIST)).unwrap();
    put(&home.path(LIST), &[&whole[..], &whole[..40]].concat());
    let shown = attesh(&home, &["sessions", "--removed"]);
    assert!(shown.code == Some(0) && shown.err.contains("a tombstone was not written to its end (40 bytes)"));
    let pruned = attesh(&home, &["prune", "here", "--force"]);
    assert!(pruned.err.contains("and its 40 bytes were cut off"), "{}", pruned.err);
    assert_eq!(tombstones(&home).len(), 2);
    assert!(std::fs::read(home.path(LIST)).unwrap().starts_with(&whole));
}

#[test]
fn a_tombstone_that_lacks_its_newline_is_cut_off() {
    let home = with_removed(2);
    ended(&home, "here", &[]);
    let whole = std::fs::read(home.path(LIST)).unwrap();
    put(&home.path(LIST), &whole[..whole.len() - 1]);
    let shown = attesh(&home, &["sessions", "--removed"]);
    assert!(shown.code == Some(0) && !shown.err.contains("tombstone"), "{}", shown.err);
    assert_eq!(tombstones(&home).len(), 2);
    ok(&home, &["prune", "here", "--force"]);
    assert_eq!(tombstones(&home).len(), 3);
    assert!(std::fs::read(home.path(LIST)).unwrap().starts_with(&whole));
    // Where the list is gone and its key is not, both say so.
    std::fs::remove_file(home.path(LIST)).unwrap();
    let shown = attesh(&home, &["sessions", "--removed"]);
    assert!(shown.err.contains("although its key is"), "{}", shown.err);
    ended(&home, "next", &[]);
    let pruned = attesh(&home, &["prune", "next", "--force"]);
    assert!(pruned.code == Some(0) && pruned.err.contains("a new one begins"), "{}", pruned.err);
}

#[test]
fn a_session_is_removed_without_a_tombstone_to_be_written() {
    let home = with_key();
    let folder = ended(&home, "one", &[]);
    std::fs::create_dir(home.path(LIST)).unwrap();
    fails(&home, 5, &["prune", "one", "--force"]);
    assert!(folder.exists());
    std::fs::remove_dir(home.path(LIST)).unwrap();
    std::os::unix::fs::symlink("/dev/null", home.path(LIST)).unwrap();
    let text = fails(&home, 5, &["prune", "one", "--force"]);
    assert!(text.contains("a symbolic link is in the way") && folder.exists(), "{text}");
}

#[test]
fn a_prune_that_dies_or_fails_removes_a_session_in_silence_or_tells_it_twice() {
    for (name, fault) in [("killed", Fault::Kill), ("full", Fault::Error(28))] {
        let home = with_key();
        let mut folder = ended(&home, "one", &[]);
        let step = sized(4, 1);
        let mut at = 0;
        loop {
            let mut prune = home.command(Path::new(ATTESH));
            prune.args(["prune", "one", "--force"]).stdout(Stdio::null()).stderr(Stdio::null());
            let traced = fault::run(&mut prune, Some((at, fault)));
            let told: Vec<Value> = tombstones(&home);
            let id = folder.file_name().unwrap().to_str().unwrap();
            let of_this = told.iter().filter(|one| one["session"] == id).count();
            assert!(of_this <= 1, "{name} at call {at}: told {of_this} times");
            let whole = folder.join("journal").exists();
            assert!(whole || of_this == 1, "{name} at call {at}: gone without a word");
            let listed = told.iter().find(|one| one["session"] == id);
            let still_there = listed.map(|one| one["stillThere"].as_bool().unwrap());
            assert!(still_there.is_none_or(|there| there == folder.exists()), "{name} at call {at}");
            if !whole {
                folder = ended(&home, "one", &[]);
            }
            at += step;
            if traced.harmed.is_none() {
                break;
            }
        }
        // The next one goes on.
        ok(&home, &["prune", "one", "--force"]);
        let mut ids: Vec<String> = tombstones(&home).iter().map(|one| one["session"].to_string()).collect();
        let count = ids.len();
        ids.dedup();
        assert!(home.sessions().is_empty() && ids.len() == count, "{name}: {ids:?}");
        println!("{name}: {at} calls");
    }
}

#[test]
fn two_prunes_at_once_tell_of_a_session_twice() {
    let home = with_key();
    for number in 0..6 {
        ended(&home, &format!("one-{number}"), &["--retain", "1s"]);
    }
    let_pass();
    let both: Vec<_> = (0..2)
        .map(|_| {
            home.command(Path::new(ATTESH)).args(["prune", "--json"]).stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut prune in both {
        assert_eq!(prune.wait().unwrap().code(), Some(0));
    }
    let mut ids: Vec<String> = tombstones(&home).iter().map(|one| one["session"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), tombstones(&home).len(), home.sessions().len()), (6, 6, 0));
}

#[test]
fn a_session_that_is_no_copy_goes_without_a_tombstone() {
    // Others may use its folder.
    let home = with_key();
    let folder = ended(&home, "one", &["--retain", "30d"]);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    ok(&home, &["prune", folder.to_str().unwrap(), "--force"]);
    assert_eq!((tombstones(&home).len(), folder.exists()), (1, false));
    // What is in the folder of its id is less than it.
    let home = with_key();
    ok(&home, &["start", "two"]);
    let folder = home.sessions().remove(0);
    let (older, whole) = (home.path("work/older"), home.path("work/whole"));
    copy(&folder, &older);
    ok(&home, &["stop", "two"]);
    copy(&folder, &whole);
    ok(&home, &["prune", whole.to_str().unwrap(), "--force"]);
    assert_eq!((tombstones(&home).len(), whole.exists()), (0, false));
    renamed(&folder, &whole);
    copy(&older, &folder);
    ok(&home, &["prune", whole.to_str().unwrap(), "--force"]);
    assert_eq!((tombstones(&home).len(), whole.exists()), (1, false));
}

fn renamed(from: &Path, to: &Path) {
    assert!(std::process::Command::new("mv").args([from, to]).status().unwrap().success());
}

fn copy(from: &Path, to: &Path) {
    assert!(std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

#[test]
fn what_cannot_be_looked_at_counts_as_not_there() {
    // A copy beside a session that goes on.
    let home = with_key();
    ok(&home, &["start", "one"]);
    let folder = home.sessions().remove(0);
    let beside = folder.with_extension("bak");
    copy(&folder, &beside);
    attesh(&home, &["sessions"]);
    ok(&home, &["stop", "one"]);
    std::fs::remove_dir_all(&beside).unwrap();
    ok(&home, &["verify", folder.to_str().unwrap()]);
    // What follows a session is not to be read.
    put(&folder.join("next"), b"no session\n");
    let text = fails(&home, 5, &["prune", "one", "--force"]);
    assert!(text.contains("it is not known what follows it") && folder.exists(), "{text}");
    std::fs::remove_file(folder.join("next")).unwrap();
    ok(&home, &["prune", "one", "--force"]);
    // The folder of the list.
    let (state, moved) = (home.path("state/attesh"), home.path("state/moved"));
    renamed(&state, &moved);
    std::os::unix::fs::symlink(&moved, &state).unwrap();
    let text = fails(&home, 5, &["sessions", "--removed"]);
    assert!(text.contains("a symbolic link is in the way"), "{text}");
}
