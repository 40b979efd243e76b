//! The kept corpus of the fuzzers, and edits of it from one seed: the bounded form of
//! tests/fuzz, without its engine.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use attesh::journal::check::{Knowledge, check};

use crate::proofs::parsers::{TARGETS, words};
use crate::stage::random::{Random, edited};
use crate::stage::world::{World, code, put, sized};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

fn kept(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(corpus(target))
        .unwrap_or_else(|error| panic!("{target}: {error}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn a_parser_breaks_on_what_was_kept_or_on_an_edit_of_it() {
    for (name, target) in TARGETS {
        let files = kept(name);
        assert!(files.len() >= 5, "{name}: {} files", files.len());
        files.iter().for_each(|bytes| target(bytes));
        let mut random = Random::new(5);
        for _ in 0..sized(1_000, 50_000) {
            let mut bytes = random.pick(&files).clone();
            for _ in 0..=random.below(4) {
                bytes = edited(&mut random, &bytes);
            }
            target(&bytes);
        }
    }
}

#[test]
fn a_target_has_no_corpus_or_a_corpus_no_target() {
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.into_string().unwrap()).collect()
    };
    let mut targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    targets.insert("hook".into());
    assert_eq!(names(&corpus("")), targets);
    let script = include_str!("../../fuzz");
    let listed = script.split_once("all=(").unwrap().1.split_once(')').unwrap().0;
    assert_eq!(listed.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>(), targets);
}

#[test]
fn the_words_of_a_hook_make_the_recorder_panic_or_harm_a_journal() {
    let (world, at) = World::after(1);
    let text = world.home.path().join("text");
    let files = kept("hook");
    assert!(files.len() >= 5, "{} files", files.len());
    let mut random = Random::new(6);
    for round in 0..sized(400, 20_000) + files.len() {
        let mut bytes = files.get(round).unwrap_or_else(|| random.pick(&files)).clone();
        if round >= files.len() {
            bytes = edited(&mut random, &bytes);
        }
        let (words, input) = words(&bytes, &at.folder, &at.genesis, &at.shell);
        let words: Vec<&OsStr> = words.iter().map(|word| OsStr::from_bytes(word)).collect();
        put(&text, &input);
        let mut call = world.rec(&words);
        let status = code(call.stdin(File::open(&text).unwrap()));
        assert!(matches!(status, Some(0..=5)), "{words:?}: {status:?}");
    }
    let sessions = world.home.path().join(".local/state/attesh/sessions");
    for session in std::fs::read_dir(sessions).unwrap() {
        let journal = session.unwrap().path().join("journal");
        let file = std::fs::File::open(&journal).unwrap();
        let checked = check(file, Knowledge::default(), &mut |_| {}).unwrap();
        assert_eq!(checked.rejection, None, "{}", journal.display());
    }
}
