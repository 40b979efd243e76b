//! The checked-in vectors are those that the cases make, and each is judged as it must be.
//!
//! tests/vectors/README.md says what lies where. An independent verifier agrees about the
//! journals.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use attesh::encoding::hex;

use crate::cases::{self, Case};

mod compat;
pub mod envelopes;
mod judged;
pub mod manifests;
mod newer;
mod plans;
mod policies;
mod said;
mod schema;
mod selective;
mod transcripts;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

const HEADER: &str = "\
# Journals, and what a verifier must say of each. Columns, separated by tabs:
#   file    NAME.journal beside this file
#   verdict complete, incomplete, rejected or unsupported
#   record  of rejected and unsupported ones the record that it is about; else -
#   secret  the origin secret that the verifier is given, in hexadecimal; else -
#   code    of these two the code of the cause, else the findings in order
# Made from fixed seeds by the test that compares them: see tests/it/cases/.
";

fn manifest(cases: &[Case]) -> String {
    let line = |case: &Case| {
        let secret = case.secret.map_or("-".to_owned(), hex);
        let (verdict, record, why) = case.expect.row();
        format!("{}\t{verdict}\t{record}\t{secret}\t{why}\n", case.name)
    };
    HEADER.to_owned() + &cases.iter().map(line).collect::<String>()
}

#[expect(clippy::disallowed_methods, reason = "a test asks whether to write its files anew")]
fn renew() -> bool {
    std::env::var_os("ATTESH_RENEW_VECTORS").is_some()
}

/// The names and contents of the files in a folder of vectors.
fn files_of(name: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder().join(name)).into_iter().flatten().map(|entry| entry.unwrap().path());
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), fs::read(&path).ok()?));
    entries.filter_map(named).collect()
}

/// What the cases make is what lies in a folder of vectors, and nothing else does.
fn kept(name: &str, files: &BTreeMap<String, Vec<u8>>) {
    let folder = folder().join(name);
    if renew() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (file, bytes) in files {
            attesh::files::publish(&folder.join(file), bytes, 0o644, attesh::files::Overwrite::Yes).unwrap();
        }
    }
    let there = files_of(name);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&there), names(files), "{name}: what lies there, and what the cases make");
    for (file, bytes) in files {
        assert!(there[file] == *bytes, "{name}/{file} differs");
    }
}

#[test]
fn the_journals_are_not_those_of_the_cases() {
    let cases = cases::all();
    let mut files = BTreeMap::from([("MANIFEST".to_owned(), manifest(&cases).into_bytes())]);
    files.extend(cases.iter().map(|case| (format!("{}.journal", case.name), case.journal.clone())));
    assert_eq!(files.len(), cases.len() + 1, "a name stands there twice");
    kept("journals", &files);
}

/// The interpreter with the packages that the independent verifier needs.
pub fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/independent/bin/python");
    if python.exists() {
        return Some(python);
    }
    #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
    let ci = std::env::var_os("CI").is_some();
    assert!(!ci, "the independent verifier is missing: run tests/independent/setup");
    eprintln!("SKIPPED: no independent verifier; run tests/independent/setup");
    None
}

/// The independent verifier, run by this interpreter.
pub fn verifier(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(folder().with_file_name("independent").join("verify.py"));
    command
}

#[test]
fn the_independent_verifier_disagrees() {
    let Some(python) = python() else { return };
    let output = verifier(&python).arg("vectors").arg(folder()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut told: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines() {
        let (kind, said) = line.split_once('\t').unwrap();
        told.entry(kind).or_default().push(said);
    }
    let kinds: Vec<&str> = told.keys().copied().collect();
    assert_eq!(kinds, ["envelopes", "journals", "manifests", "plans", "transcripts"]);
    for (kind, said) in &told {
        let manifest = fs::read_to_string(folder().join(kind).join("MANIFEST")).unwrap();
        assert_eq!(said.len(), manifest.lines().filter(|line| !line.starts_with('#')).count(), "{kind}");
    }
    // Of a journal: name, verdict, record, size, root.
    let cases = cases::all();
    for (line, case) in told["journals"].iter().zip(&cases) {
        let checked = crate::verify::rules::verify(&case.journal, case.secret);
        let (verdict, record, _) = crate::verify::rules::judged(&checked);
        let root = if checked.size == 0 { "-".into() } else { hex(&checked.root) };
        let ours = format!("{}\t{verdict}\t{record}\t{}\t{root}", case.name, checked.size);
        assert!(line.starts_with(&ours), "the other says {line}, here it is {ours}");
    }
}
