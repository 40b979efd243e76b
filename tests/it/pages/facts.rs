//! attesh-facts(5) against the code: types, variables, systems, limits.

use std::collections::{BTreeMap, BTreeSet};

use attesh::fact::ci::SYSTEMS;
use attesh::fact::environment::{ALLOWED, NAMED_MAX, VALUE_MAX};
use attesh::fact::git::{LIST_BYTES_MAX, NAMES_MAX, PATHS_MAX};
use attesh::record::is_known_fact;

use super::journal::{part, read};

const PAGE: &str = "man/attesh-facts.5";

#[test]
fn a_type_is_known_that_the_page_does_not_have() {
    let page = read(PAGE);
    let types: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".Ss ")).collect();
    let known = attesh::record::KNOWN_TYPES;
    assert_eq!(types.iter().collect::<BTreeSet<_>>(), known.iter().collect());
    assert!(types.iter().all(|kind| is_known_fact(kind)));
}

#[test]
fn the_page_has_other_variables_than_are_recorded() {
    let page = read(PAGE);
    let listed = page.lines().find_map(|line| line.strip_prefix(".Ev CC ")).unwrap();
    let listed: Vec<&str> = ["CC"].into_iter().chain(listed.trim_end_matches(" .").split(' ')).collect();
    assert_eq!(listed, ALLOWED);
    for (name, value) in [
        ("NAMED_MAX", NAMED_MAX),
        ("VALUE_MAX", VALUE_MAX),
        ("NAMES_MAX", NAMES_MAX),
        ("PATHS_MAX", PATHS_MAX),
        ("LIST_BYTES_MAX", LIST_BYTES_MAX),
        ("AUTHOR_BYTES_MAX", attesh::fact::agent::AUTHOR_BYTES_MAX),
        ("LIST_MAX", attesh::fact::touched::LIST_MAX),
        ("TOKEN_MAX", attesh::fact::identity::TOKEN_MAX),
        ("LINES_MAX", attesh::fact::manifest::LINES_MAX),
        ("NOTICE_BYTES_MAX", attesh::fact::notice::NOTICE_BYTES_MAX),
        ("PURPOSE_BYTES_MAX", attesh::fact::notice::PURPOSE_BYTES_MAX),
        ("RETAIN_DAYS_MAX", usize::try_from(attesh::fact::notice::RETAIN_DAYS_MAX).unwrap()),
    ] {
        assert!(page.contains(&format!("{value} ")) && page.contains(&format!("({name})")), "{name} {value}");
    }
}

#[test]
fn the_page_has_other_times_than_the_collectors_keep_to() {
    let page = read(PAGE).split_whitespace().collect::<Vec<_>>().join(" ");
    let (job, prompt) = (attesh::collect::IN_A_JOB, attesh::collect::AT_A_PROMPT);
    assert!(page.contains(&format!("may take {} seconds (IN_A_JOB)", job.asked.as_secs())));
    assert!(page.contains(&format!("takes at most {} seconds in a job (IN_A_JOB)", job.files.as_secs())));
    assert!(page.contains(&format!("{} seconds where people type (AT_A_PROMPT)", prompt.files.as_secs())));
    assert!(
        page.contains(&format!("in the {} seconds (UNSURE_NS)", attesh::collect::UNSURE_NS / 1_000_000_000))
    );
}

#[test]
fn the_page_makes_a_text_of_other_variables() {
    let lines = part(&read(PAGE), ".Ss https://attesh.dev/fact/ci/v1");
    let mut systems: Vec<(String, String, BTreeMap<String, String>)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(name) = line.strip_prefix(".Li ").and_then(|name| name.strip_suffix(" ,")) {
            let sign = lines[at + 2].strip_prefix(".Ev ").unwrap().trim_end_matches(" :");
            systems.push((name.to_owned(), sign.to_owned(), BTreeMap::new()));
        } else if let Some(system) = systems.last_mut()
            && let Some((text, made)) = line.strip_prefix(".It Va ").and_then(|row| row.split_once(" Ta "))
        {
            system.2.insert(text.to_owned(), made.to_owned());
        }
    }
    let coded = SYSTEMS.iter().map(|system| {
        let (name, value) = system.sign;
        let sign = value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}"));
        let texts = system.texts.iter().map(|(text, made)| ((*text).to_owned(), made.join(" or ")));
        (system.name.to_owned(), sign, texts.collect())
    });
    assert_eq!(systems, coded.collect::<Vec<_>>());
}
