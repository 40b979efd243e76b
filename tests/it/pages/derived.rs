//! The tables of the formats of others name the members that are written, and none other.

use std::collections::BTreeSet;
use std::path::Path;

use attesh::seal::derived::{Files, Format, Sealed};
use attesh::seal::statement::Statement;
use attesh::verify::Verdict;
use attesh::verify::summary::{self, Input, Verified};
use serde_json::Value;

use crate::seal::derived::with_facts;

/// The first cells of the table behind a heading of a page.
fn rows(page: &str, heading: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("man").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let part = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    let table = part.split_once(".Bl -column").unwrap().1.split_once("\n.El").unwrap().0;
    let rows = table.lines().filter_map(|line| line.strip_prefix(".It ")?.split(" Ta ").next());
    let cells = rows.filter(|cell| !cell.starts_with("Em "));
    cells.map(|cell| cell.split(' ').next_back().unwrap().to_owned()).collect()
}

fn members(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn made(format: Format, statement: &Statement) -> Value {
    let file = [("a".to_owned(), "b".repeat(64))];
    let files = Files { materials: &file, products: &file };
    let sealed = Sealed { statement, payload_sha256: &"a".repeat(64), name: "build", files };
    format.value(&sealed)
}

#[test]
fn a_member_of_a_derived_file_stands_in_no_table() {
    let statement = with_facts();
    let link = made(Format::Link, &statement);
    assert_eq!(rows("attesh-seal.5", ".Ss link"), members(&link));
    assert_eq!(rows("attesh-seal.5", ".Ss The member session"), members(&link["byproducts"]["session"]));
    let slsa = made(Format::Slsa, &statement);
    let (definition, details) = (&slsa["predicate"]["buildDefinition"], &slsa["predicate"]["runDetails"]);
    let both = members(definition).union(&members(details)).cloned().collect();
    assert_eq!(rows("attesh-seal.5", ".Ss slsa"), both);
    let collection = made(Format::Witness, &statement);
    let entries = collection["predicate"]["attestations"].as_array().unwrap();
    let types = entries.iter().map(|entry| entry["type"].as_str().unwrap());
    let short = |kind: &str| {
        let mut parts = kind.rsplit('/').take(2);
        let (version, name) = (parts.next().unwrap(), parts.next().unwrap());
        format!("{name}/{version}")
    };
    let types = types.map(short).collect();
    assert_eq!(rows("attesh-seal.5", ".Ss witness"), types);
}

#[test]
fn a_member_of_a_summary_stands_in_no_table() {
    let input = || Input { uri: "a".into(), sha256: "b" };
    let verified =
        Verified { policy: input(), attestation: input(), resource: None, at: "now", version: "1" };
    let made = summary::payload(&Verdict::default(), &with_facts(), &verified);
    let made: Value = serde_json::from_slice(&made).unwrap();
    let mut wanted = members(&made["predicate"]);
    wanted.insert("subject".into());
    assert_eq!(rows("attesh-verify.1", ".Sh VERIFICATION SUMMARY"), wanted);
}
