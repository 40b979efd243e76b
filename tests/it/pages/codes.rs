//! The codes of causes and findings against the pages that list them.

use std::collections::BTreeSet;

use attesh::cause::Code;
use attesh::journal::story::{FindingCode, Weight};

use super::journal::{part, read};

#[test]
fn every_code_of_a_journal_stands_in_the_page_and_none_other() {
    let named: BTreeSet<String> = part(&read("man/attesh-journal.5"), ".Ss Codes")
        .iter()
        .filter_map(|line| Some(line.strip_prefix(".It Li ")?.to_owned()))
        .collect();
    // A torn line is no record; the others are found where more is known than the journal alone.
    let elsewhere = ["line.torn", "journal.changed", "journal.origin", "journal.remembered"];
    let families = ["line.", "record.", "disclosure.", "journal."];
    let code = Code::ALL
        .iter()
        .map(|code| code.word())
        .filter(|word| families.iter().any(|family| word.starts_with(family)) && !elsewhere.contains(word));
    assert_eq!(named, code.map(str::to_owned).collect());
}

#[test]
fn every_code_stands_in_the_manual_of_verify_and_none_other() {
    let page = read("man/attesh-verify.1");
    let named: Vec<String> = part(&page, ".Sh CODES")
        .iter()
        .filter_map(|line| Some(line.strip_prefix(".It Li ")?.to_owned()))
        .collect();
    let code = Code::ALL.iter().map(|code| format!("{} No ({})", code.word(), code.kind().word()));
    assert_eq!(named, code.collect::<Vec<_>>());
}

fn story() -> String {
    read("man/attesh-story.5")
}

#[test]
fn every_finding_stands_in_the_story_with_its_weight_and_none_other() {
    let weight = |code: FindingCode| match code.weight() {
        Weight::Incomplete => "incomplete",
        Weight::Note => "a note",
    };
    let mut listed = Vec::new();
    let codes = part(&story(), ".Sh CODES");
    for two in codes.windows(2) {
        if let Some(word) = two[0].strip_prefix(".It Li ") {
            let code = FindingCode::from_name(word).unwrap_or_else(|| panic!("{word}"));
            assert!(two[1].starts_with(weight(code)), "{word}: {}", two[1]);
            listed.push(code);
        }
    }
    assert_eq!(listed, FindingCode::ALL);
    // Each is the outcome of a rule, with its weight behind it.
    let page = story();
    let rules = page.split(".Sh CODES").next().unwrap();
    for code in FindingCode::ALL.iter().filter(|code| **code != FindingCode::More) {
        let named = rules
            .match_indices("\n.Em ")
            .find(|(at, _)| rules[at + 5..].split_whitespace().next() == Some(code.name()));
        let (at, _) = named.unwrap_or_else(|| panic!("{code:?}: no rule"));
        let rest = rules[at..].split("\n.Pp").next().unwrap();
        let near = |weight: &str| rest.find(weight).unwrap_or(usize::MAX);
        let said = if near("incomplete") < near("note") { Weight::Incomplete } else { Weight::Note };
        assert_eq!(said, code.weight(), "{code:?}");
    }
}

#[test]
fn the_limits_of_the_story_are_those_of_the_code() {
    use attesh::journal::story::{CLOCK_STEP_NS, FINDINGS_MAX};
    let page = story();
    assert!(page.contains(&format!("{FINDINGS_MAX} findings (FINDINGS_MAX)")));
    assert!(page.contains(&format!("{CLOCK_STEP_NS} ns (CLOCK_STEP_NS)")));
}
