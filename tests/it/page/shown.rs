//! `attesh show --markdown` and `--html`: of what there is a page, of what not, and with which exit
//! status.

use std::path::Path;

use crate::run::script::Place;

/// A script that ran, and its key.
fn place() -> (Place, String) {
    let place = Place::new("echo one\nfalse | true\nfalse\n");
    let key = place.key();
    let words = ["sh", "--seal", "NAME.intoto.json", "--key", &key, "script.sh"];
    assert_eq!(place.attesh(&words).status.code(), Some(1));
    (place, format!("{key}.pub"))
}

/// What is printed, what is said, and the exit status.
fn show(place: &Place, words: &[&str]) -> (String, String, Option<i32>) {
    let output = place.attesh(&[&["show"], words].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.folder.path().join(name)).unwrap()
}

#[test]
fn a_page_of_a_sealed_file_is_not_made() {
    let (place, public) = place();
    let (markdown, said, code) = show(&place, &["NAME.intoto.json", "--trust", &public, "--markdown"]);
    assert_eq!((said.as_str(), code), ("", Some(0)));
    assert!(
        markdown.starts_with("## attesh: VERIFIED\n\n`NAME.intoto.json`: 3 commands recorded, 1 failed\n")
    );
    assert!(markdown.contains("`false | true` **hid a failure**"), "{markdown}");
    let words = ["NAME.intoto.json", "--trust", &public, "--html", "page.html"];
    let (out, said, code) = show(&place, &words);
    assert_eq!((out.as_str(), said.as_str(), code), ("", "attesh: wrote page.html\n", Some(0)));
    assert!(read(&place, "page.html").starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n"));
    // A page that exists is not replaced, unless that is wanted.
    let (_, said, code) = show(&place, &words);
    assert!(code == Some(2) && said.contains("add --force"), "{said}");
    assert_eq!(show(&place, &[&words[..], &["--force"]].concat()).2, Some(0));
    // The same once more is the same.
    assert_eq!(show(&place, &["NAME.intoto.json", "--trust", &public, "--markdown"]).0, markdown);
}

#[test]
fn a_file_that_nobody_trusted_made_has_a_page() {
    let (place, public) = place();
    let (markdown, said, code) = show(&place, &["NAME.intoto.json", "--markdown"]);
    assert_eq!(code, Some(6), "{said}");
    assert!(markdown.starts_with("## attesh: NOT TRUSTED\n") && !markdown.contains("false"), "{markdown}");
    assert!(said.contains("--trust"), "{said}");
    let (_, _, code) = show(&place, &["NAME.intoto.json", "--html", "page.html"]);
    let html = read(&place, "page.html");
    assert!(code == Some(6) && html.contains("<h1>NOT TRUSTED</h1>") && !html.contains("false"));
    // One that was changed has none.
    let envelope = read(&place, "NAME.intoto.json");
    let (before, payload) = envelope.split_once("\"payload\":\"").unwrap();
    place.write("CHANGED.intoto.json", &format!("{before}\"payload\":\"A{}", &payload[1..]));
    for form in [&["--markdown"][..], &["--html", "changed.html"]] {
        let words = [&["CHANGED.intoto.json", "--trust", &public][..], form].concat();
        let (out, said, code) = show(&place, &words);
        assert_eq!((out.as_str(), code), ("", Some(3)), "{said}");
    }
    assert!(!place.folder.path().join("changed.html").exists());
}

#[test]
fn a_policy_is_not_in_the_verdict_of_a_page() {
    let (place, public) = place();
    assert!(place.attesh(&["policy", "from-script", "script.sh", "-o", "good.toml"]).status.success());
    let words = ["NAME.intoto.json", "--trust", &public, "--policy", "good.toml", "--markdown"];
    let (markdown, said, code) = show(&place, &words);
    assert!(
        code == Some(0) && markdown.starts_with("## attesh: NOT VERIFIED (policy)\n"),
        "{markdown}{said}"
    );
    assert!(markdown.contains("**Denied by the policy**"), "{markdown}");
    // It is for a page, and for a sealed file.
    assert_eq!(show(&place, &["NAME.intoto.json", "--policy", "good.toml"]).2, Some(2));
    let session = place.session();
    let session = session.to_str().unwrap();
    for words in [&["--policy", "good.toml"][..], &["--trust", &public]] {
        let (_, said, code) = show(&place, &[&[session, "--markdown"], words].concat());
        assert!(code == Some(2) && said.contains("with an envelope"), "{said}");
    }
}

#[test]
fn a_journal_has_no_page_or_one_of_what_it_is_not() {
    let (place, _) = place();
    let session = place.session();
    let folder = session.to_str().unwrap();
    let (markdown, said, code) = show(&place, &[folder, "--markdown"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(markdown.starts_with("## attesh: UNSEALED JOURNAL\n"), "{markdown}");
    for text in ["the journal alone of a sealed session", "`false | true`", "NAME.intoto.json"] {
        assert!(markdown.contains(text), "{text} is missing in {markdown}");
    }
    assert_eq!(show(&place, &[folder, "--html", "journal.html"]).2, Some(0));
    assert!(!read(&place, "journal.html").contains(">Sealed<"));
    // One bit of it is another.
    let copy = place.folder.path().join("copy.journal");
    let mut bytes = std::fs::read(session.join("journal")).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    attesh::files::publish(Path::new(&copy), &bytes, 0o600, attesh::files::Overwrite::No).unwrap();
    let (markdown, said, code) = show(&place, &["copy.journal", "--markdown"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        markdown.starts_with("## attesh: NOT INTACT\n") && !markdown.contains("false | true"),
        "{markdown}"
    );
}

#[test]
fn a_session_that_goes_on_has_no_page() {
    let home = crate::cli::messages::with_key();
    let shell = crate::cli::messages::Shell::open(&home, std::process::id());
    shell.start(&home, 1);
    let markdown = crate::cli::messages::ok(&home, &["show", &shell.folder, "--markdown"]);
    assert!(markdown.starts_with("## attesh: UNSEALED JOURNAL\n"), "{markdown}");
    for text in ["not sealed", "incomplete", "withheld"] {
        assert!(markdown.contains(text), "{text} is missing in {markdown}");
    }
}
