//! Which sessions prune removes, and which it keeps: by the time that was said, whatever else is asked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use attesh::protocol::{self, Verb};
use serde_json::Value;

use crate::cli::messages::{fails, ok, with_key};
use crate::matrix::clock::mover;
use crate::stage::programs::{Said, attesh, said};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::{a_bash, put};

/// A session of this name that has ended, with its folder.
pub fn ended(home: &Home, name: &str, more: &[&str]) -> PathBuf {
    let before = home.sessions();
    ok(home, &[&["start", name], more].concat());
    let folder = home.sessions().into_iter().find(|folder| !before.contains(folder)).unwrap();
    ok(home, &["stop", name]);
    folder
}

/// What stands in the list of sessions that were removed.
pub fn tombstones(home: &Home) -> Vec<Value> {
    let value: Value = serde_json::from_str(&ok(home, &["sessions", "--removed", "--json"])).unwrap();
    value["removed"].as_array().unwrap().clone()
}

/// Lets the second pass for which a session is kept.
pub fn let_pass() {
    std::thread::sleep(Duration::from_millis(1_100));
}

/// attesh where the calendar clock is moved by so many seconds.
fn at_another_time(home: &Home, seconds: i64, words: &[&str]) -> Option<Said> {
    let by = home.file("by", &format!("{}", seconds * 1_000_000_000));
    Some(said(home.command(mover()?).arg(by).arg(ATTESH).args(words)))
}

#[test]
fn a_session_is_removed_before_its_time_has_passed() {
    let home = with_key();
    let folder = ended(&home, "one", &["--retain", "30d"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "one.intoto.json"]);
    for words in [&["prune", "--sealed"][..], &["prune", "--sealed", "--older-than", "0s", "--force"]] {
        let kept = attesh(&home, words);
        assert_eq!(kept.code, Some(0), "{words:?}: {}", kept.err);
        let why = "session one is kept until 2";
        assert!(
            kept.err.contains(why) && kept.err.contains("it is retained for 30d after its end"),
            "{}",
            kept.err
        );
        assert!(kept.err.contains("0 sessions removed"), "{}", kept.err);
    }
    // It is not due, and nobody named it.
    assert_eq!(attesh(&home, &["prune"]).err, "attesh: 0 sessions removed\n");
    let text = fails(&home, 2, &["prune", "one"]);
    assert!(text.contains("to remove it all the same type: attesh prune --force "), "{text}");
    let text = fails(&home, 2, &["prune", "--force"]);
    assert!(text.contains("--force goes with sessions that are named"), "{text}");
    assert!(folder.exists() && tombstones(&home).is_empty());
    assert!(!home.path("state/attesh/removed").exists(), "nothing was removed");
    ok(&home, &["prune", "one", "--force", "--dry-run"]);
    assert!(folder.exists() && tombstones(&home).is_empty());
    ok(&home, &["prune", "one", "--force"]);
    let left = tombstones(&home).remove(0);
    assert!(!folder.exists());
    assert_eq!((&left["why"], &left["early"]), (&"named".into(), &true.into()));
    assert_eq!(left["because"], "it was named, before its retention of 30d had passed");
}

#[test]
fn a_session_is_kept_after_its_time_has_passed() {
    let home = with_key();
    let due = ended(&home, "due", &["--retain", "1s"]);
    let free = ended(&home, "free", &[]);
    let long = ended(&home, "long", &["--retain", "1w"]);
    ok(&home, &["start", "open", "--retain", "1s"]);
    let before = attesh(&home, &["prune", "--older-than", "1h"]);
    assert_eq!(before.err, "attesh: 0 sessions removed\n");
    let_pass();
    let told = attesh(&home, &["prune", "--dry-run", "--json"]);
    let value: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(value["removed"][0], due.to_str().unwrap());
    assert_eq!(value["because"][0], "its retention of 1s had passed");
    assert!(due.exists());
    // It was never sealed: whoever said for how long it is kept said enough.
    let said = attesh(&home, &["prune"]);
    assert_eq!((said.code, said.out.trim()), (Some(0), due.to_str().unwrap()), "{}", said.err);
    assert!(said.err.contains("the list of removed sessions ends with line 1, sha256:"), "{}", said.err);
    assert!(!due.exists() && free.exists() && long.exists());
    assert!(ok(&home, &["status", "open"]).contains("retention 1s after its end\n"));
    let left = tombstones(&home).remove(0);
    assert_eq!(
        (&left["why"], &left["early"], &left["ended"]),
        (&"retention".into(), &false.into(), &true.into())
    );
    // What goes on has no end yet, and its time has not begun.
    let text = fails(&home, 2, &["prune", "open"]);
    assert!(text.contains("session open is kept because it has not ended"), "{text}");
    ok(&home, &["stop", "open"]);
    let_pass();
    ok(&home, &["prune", "open"]);
    let text = fails(&home, 2, &["prune", "free"]);
    assert!(text.contains("session free was never sealed"), "{text}");
}

#[test]
fn a_clock_that_was_set_removes_a_session_too_early() {
    let home = with_key();
    let folder = ended(&home, "one", &["--retain", "30d"]);
    let Some(forward) = at_another_time(&home, 40 * 86_400, &["prune"]) else { return };
    let why = "session one is kept because this machine has not run as long since its end";
    assert!(forward.code == Some(0) && forward.err.contains(why), "{}", forward.err);
    ok(&home, &["prune", "one", "--force"]);
    let short = ended(&home, "two", &["--retain", "1s"]);
    let_pass();
    let back = at_another_time(&home, -3_600, &["prune", "two"]).unwrap();
    assert!(back.code == Some(2) && back.err.contains("session two is kept until 2"), "{}", back.err);
    assert!(!folder.exists() && short.exists());
    ok(&home, &["prune"]);
    assert!(!short.exists());
}

/// The text of a member taken out of the disclosures of the session's notice.
fn redacted(journal: &Path, member: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(journal).unwrap();
    let line = text.lines().find(|line| line.contains("fact/notice/v1")).unwrap();
    let columns: Vec<&str> = line.split('\t').collect();
    let mut disclosures: serde_json::Map<String, Value> = serde_json::from_str(columns[1]).unwrap();
    assert!(disclosures.remove(member).is_some());
    let disclosures = Value::Object(disclosures).to_string();
    let new = [columns[0], disclosures.as_str(), columns[2]].join("\t");
    text.replace(line, &new).into_bytes()
}

#[test]
fn a_session_is_removed_of_which_nobody_knows_how_long_it_is_kept() {
    let home = with_key();
    let taken_out = ended(&home, "taken-out", &["--retain", "1s", "--purpose", "tests"]);
    let altered = ended(&home, "altered", &["--retain", "1s", "--purpose", "tests"]);
    let journal = |folder: &Path| folder.join("journal");
    put(&journal(&taken_out), &redacted(&journal(&taken_out), "retainSeconds"));
    let text = std::fs::read_to_string(journal(&altered)).unwrap();
    put(&journal(&altered), text.replacen("fact/notice/v1", "fact/notice/v2", 1).as_bytes());
    let values = a_bash(std::process::id());
    let mut open = home.command(Path::new(ATTESH));
    let opened = said(open.args(protocol::words(Verb::Open, values)).env("ATTESH_RETAIN", "soon"));
    let misspelt = PathBuf::from(opened.out.lines().next().unwrap());
    ok(&home, &["stop", misspelt.to_str().unwrap(), "--close-others"]);
    let_pass();
    let said = attesh(&home, &["prune"]);
    for why in [
        "taken-out is kept because its retention was redacted",
        "is kept because what was said of its retention could not be recorded",
    ] {
        assert!(said.err.contains(why), "{why}: {}", said.err);
    }
    assert!(said.code == Some(0) && said.err.contains("0 sessions removed"), "{}", said.err);
    for (folder, damage) in [(taken_out, None), (misspelt, None), (altered, Some("journal.signature"))] {
        let word = folder.to_str().unwrap();
        let text = fails(&home, 2, &["prune", word]);
        assert!(text.contains("is kept because"), "{text}");
        let why = "altered is kept because the beginning of its journal is not what was recorded";
        assert!(damage.is_none() || text.contains(why), "{text}");
        ok(&home, &["prune", word, "--force"]);
        let left = tombstones(&home).pop().unwrap();
        assert_eq!((left["damage"].as_str(), left["early"].as_bool()), (damage, Some(true)), "{left}");
        assert_eq!(left["retainSeconds"], Value::Null);
    }
}

#[test]
fn the_word_of_the_copy_of_a_journal_counts_for_its_session() {
    let home = with_key();
    let folder = ended(&home, "one", &["--retain", "1s"]);
    // A record that was cut off leaves a session that still counts from what is left of it.
    let text = std::fs::read_to_string(folder.join("journal")).unwrap();
    let cut: String = text.split_inclusive('\n').take(text.lines().count() - 1).collect();
    put(&folder.join("journal"), cut.as_bytes());
    let_pass();
    let said = attesh(&home, &["prune"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let left = tombstones(&home);
    assert_eq!((left.len(), folder.exists()), (1, false), "{}", said.err);
    assert_eq!((&left[0]["ended"], &left[0]["size"]), (&false.into(), &(text.lines().count() - 1).into()));
}

#[test]
fn what_attesh_did_not_put_into_a_folder_goes_with_the_session() {
    let home = Home::new();
    let folder = home.path("work/.attesh");
    let dir = folder.to_str().unwrap();
    home.file("work/s.sh", "true\n");
    let run = |words: &[&str]| crate::stage::programs::attesh(&home, words);
    assert_eq!(run(&["key", "generate", "-o", "k", "--no-passphrase"]).code, Some(0));
    assert_eq!(run(&["sh", "--dir", dir, "s.sh"]).code, Some(0));
    assert_eq!(run(&["stop", dir]).code, Some(0));
    let sealed = run(&["seal", dir, "--key", "k", "-o", ".attesh/out.intoto.json"]);
    assert_eq!(sealed.code, Some(0), "{}", sealed.err);
    let kept = run(&["prune", dir]);
    assert!(kept.code == Some(5) && kept.err.contains("none of attesh's files"), "{}", kept.err);
    assert_eq!(run(&["verify", ".attesh/out.intoto.json", "--trust", "k.pub"]).code, Some(0));
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        if entry.file_name().to_str().unwrap().starts_with("out.") {
            std::fs::copy(entry.path(), home.path("work").join(entry.file_name())).unwrap();
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    for name in ["pause-notes.txt", "attached/mine.txt"] {
        std::fs::create_dir_all(folder.join("attached")).unwrap();
        crate::stage::world::put(&folder.join(name), b"mine");
        let kept = run(&["prune", dir, "--force"]);
        assert!(kept.code == Some(5) && kept.err.contains(name), "{}", kept.err);
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    let gone = run(&["prune", dir]);
    assert!(gone.code == Some(0) && !folder.exists(), "{}", gone.err);
}

#[test]
fn a_copy_that_goes_is_told_as_the_session() {
    let home = Home::new();
    home.file("work/s.sh", "true\n");
    let run = |words: &[&str]| crate::stage::programs::attesh(&home, words);
    assert_eq!(run(&["sh", "--retain", "1h", "s.sh"]).code, Some(0));
    let folder = home.sessions().remove(0);
    crate::stage::programs::bash(&home.path("work"), &format!("cp -a {} copy", folder.display()));
    let gone = run(&["prune", "./copy", "--force", "--json"]);
    assert!(gone.code == Some(0) && gone.out.contains("it is a copy"), "{}{}", gone.out, gone.err);
    assert!(folder.exists() && !home.path("work/copy").exists());
    let beside = folder.with_file_name("beside");
    crate::stage::programs::bash(
        &home.path("work"),
        &format!("cp -a {} {}", folder.display(), beside.display()),
    );
    let gone = run(&["prune", beside.to_str().unwrap(), "--force", "--json"]);
    assert!(gone.code == Some(0) && gone.out.contains("it is a copy"), "{}{}", gone.out, gone.err);
    assert_eq!(tombstones(&home), [] as [Value; 0]);
}
