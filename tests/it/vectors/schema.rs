//! docs/schemas/statement.json against the vectors: what is accepted validates, and no change of it
//! that attesh-seal(5) forbids does. A program of others decides.

use std::path::Path;
use std::process::Command;

use attesh::seal::envelope::Envelope;

use super::envelopes::{payloads_to_change, taken};
use super::folder;
use crate::house::tidy::top;
use crate::stage::world::skipped;

/// The payloads of all envelopes that a verifier takes, and those that others are made of.
fn payloads() -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder().join("envelopes")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.to_str().unwrap().ends_with(".intoto.json")).collect();
    files.sort();
    let files = files.into_iter().map(|path| std::fs::read(path).unwrap());
    let taken = files.filter(|bytes| taken(bytes).0);
    let payload = |bytes: Vec<u8>| Envelope::read(&bytes).unwrap().unverified_payload().to_vec();
    let mut all: Vec<Vec<u8>> = taken.map(payload).chain(payloads_to_change()).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn the_schema_of_a_statement_refuses_an_accepted_one_or_takes_a_changed_one() {
    let python = top().join(".cache/oracles/py/bin/python");
    if !Path::new(&python).exists() {
        return skipped("jsonschema is missing: run tests/oracles/run");
    }
    let payloads = payloads();
    let there = tempfile::TempDir::new().unwrap();
    for (at, payload) in payloads.iter().enumerate() {
        let path = there.path().join(format!("{at:03}"));
        attesh::files::publish(&path, payload, 0o600, attesh::files::Overwrite::No).unwrap();
    }
    let output = Command::new(python)
        .arg(top().join("tests/oracles/statement.py"))
        .arg(there.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let mut words = said.split(' ').skip(1).step_by(2).map(|word| word.parse::<usize>().unwrap());
    let (accepted, rejected) = (words.next().unwrap(), words.next().unwrap());
    assert!(accepted == payloads.len() && accepted > 40 && rejected > 400, "{said}");
}
