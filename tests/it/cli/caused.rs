//! What a failure tells a program: its code, its kind, its place, its next step.

use serde_json::Value;

use crate::cli::messages::{fails, ok, with_key};
use crate::stage::programs::attesh;
use crate::stage::pty::Home;

const NEWER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/journals/genesis-format-higher.journal");

fn json(home: &Home, words: &[&str], code: i32) -> Value {
    let said = attesh(home, words);
    assert_eq!(said.code, Some(code), "{words:?}: {}{}", said.out, said.err);
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn a_journal_of_a_newer_version_is_called_damaged() {
    let home = with_key();
    let value = json(&home, &["show", NEWER, "--json"], 7);
    let failure = &value["failure"];
    assert_eq!(failure["code"], "journal.format");
    assert_eq!((failure["record"].as_u64(), failure["offset"].as_u64()), (Some(0), Some(0)));
    let folder = home.path("work/newer");
    attesh::files::Folder::create(&folder).unwrap();
    let journal = std::fs::read(NEWER).unwrap();
    attesh::files::publish(&folder.join("journal"), &journal, 0o600, attesh::files::Overwrite::No).unwrap();
    let dir = folder.to_str().unwrap();
    for verb in ["status", "stop", "seal"] {
        let value = json(&home, &[verb, "--dir", dir, "--json"], 7);
        assert_eq!(value["code"], "journal.format", "{verb}");
        assert!(value["message"].as_str().unwrap().contains("a newer version"), "{verb}: {value}");
    }
    assert_eq!(json(&home, &["log", dir, "--json"], 7)["code"], "journal.format");
}

#[test]
fn a_misspelt_head_is_looked_for_as_a_file() {
    let home = with_key();
    let head = ok(&home, &["start", "one"]).trim().to_owned();
    let journal = home.sessions().remove(0).join("journal");
    let journal = journal.to_str().unwrap();
    let text = fails(&home, 2, &["verify", journal, "--expect-head", "x:1:zz"]);
    assert!(text.contains("this is no head; a head is SESSION:SIZE:ROOT"), "{text}");
    let value = json(&home, &["status", "one", "--json"], 0);
    home.file("work/crlf", &value["checkpoint"].as_str().unwrap().replace('\n', "\r\n"));
    home.file("work/indented", &value["checkpoint"].as_str().unwrap().replace('\n', "\n  "));
    ok(&home, &["stop", "one"]);
    for given in [&format!("head={head}"), "crlf", "indented"] {
        ok(&home, &["verify", journal, "--expect-head", given]);
    }
    let shown = json(&home, &["show", journal, "--json"], 0);
    assert!(shown["head"].as_str().unwrap().ends_with(shown["root"].as_str().unwrap()));
}

#[test]
fn a_file_that_an_option_does_not_go_with_hides_the_other_verdicts() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["stop", "one"]);
    let journal = home.sessions().remove(0).join("journal");
    home.file("work/other", "no attestation");
    let words = ["verify", journal.to_str().unwrap(), "other", "--artifact", "other", "--json"];
    let value = json(&home, &words, 3);
    let kind = |at: usize| value["files"][at]["failure"]["kind"].as_str().unwrap();
    assert_eq!((kind(0), kind(1)), ("usage", "integrity"));
}

#[test]
fn the_next_step_is_a_part_of_the_cause() {
    let value = json(&with_key(), &["verify", "--json", "nosuch.json"], 5);
    let failure = &value["files"][0]["failure"];
    assert_eq!(failure["why"], "no such file or folder");
    assert_eq!((&failure["code"], &failure["next"]["argv"][0]), (&"file.unable".into(), &"ls".into()));
}
