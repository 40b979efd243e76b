//! Manifests of materials and products, good ones and others.

use std::collections::BTreeMap;

use attesh::encoding::hex;
use attesh::fact::manifest::{Entry, Manifest, Special, Thing, sums};

use super::kept;

const HEADER: &str = "\
# Manifests of files, and what a verifier must say of each. Columns, separated by tabs:
#   file    NAME.jsonl beside this file
#   verdict good or refused
#   root    of a good one the RFC 6962 root over its lines, in hexadecimal; else -
#   sums    of a good one the digest over the names and digests of its files; else -
";

fn file(path: &[u8], size: u64) -> Entry {
    let thing = Thing::File { mode: 0o644, sha256: [7; 32], size };
    Entry { path: path.to_vec(), thing }
}

fn other(path: &[u8], thing: Thing) -> Entry {
    Entry { path: path.to_vec(), thing }
}

/// A manifest with each form of a line.
pub fn all() -> Manifest {
    let special = |kind: &Special| other(kind.name().as_bytes(), Thing::Special(*kind));
    let mut entries: Vec<Entry> =
        Special::ALL.iter().filter(|kind| kind.is_in_manifests()).map(special).collect();
    entries.extend([
        file(b"src/main.c", 9_007_199_254_740_991),
        file(b"a\xff\n", 0),
        file("ü \u{2028}\"\\".as_bytes(), 1),
        file(b"session", 1),
        file(b"script:x", 1),
        other(b"l", Thing::Link(b"../x".to_vec())),
        other(b"m", Thing::Link(b"\xfe".to_vec())),
    ]);
    Manifest::new(entries)
}

/// The good ones by name, and changes of the one with each form.
fn cases() -> Vec<(String, Vec<u8>)> {
    let mut cases = vec![
        ("all".to_owned(), all().write().0),
        ("empty".to_owned(), Vec::new()),
        ("one".to_owned(), Manifest::new(vec![file(b"a", 3)]).write().0),
    ];
    for count in [2u8, 3, 7, 8, 9] {
        let entries = (0..count).map(|at| file(&[b'a' + at], at.into())).collect();
        cases.push((format!("lines-{count}"), Manifest::new(entries).write().0));
    }
    let good = String::from_utf8(all().write().0).unwrap();
    let line = |path: &str| good.lines().find(|line| line.contains(path)).unwrap();
    for (name, from, to) in [
        ("blank", "\"path\":\"l\"", "\"path\": \"l\""),
        ("order-of-members", "{\"link\":\"../x\",\"path\":\"l\"}", "{\"path\":\"l\",\"link\":\"../x\"}"),
        ("escape", "\"path\":\"l\"", "\"path\":\"\\u006c\""),
        ("member-twice", "\"path\":\"l\"", "\"path\":\"l\",\"path\":\"l\""),
        ("unknown-member", "\"path\":\"l\"", "\"path\":\"l\",\"x\":1"),
        ("kind-unknown", "\"kind\":\"fifo\"", "\"kind\":\"pipe\""),
        ("kind-and-link", "{\"kind\":\"fifo\"", "{\"kind\":\"fifo\",\"link\":\"x\""),
        ("no-path", "{\"kind\":\"fifo\",\"path\":\"fifo\"}", "{\"kind\":\"fifo\"}"),
        ("two-paths", "\"path\":\"fifo\"", "\"path\":\"fifo\",\"pathBase64\":\"/w==\""),
        ("base64-of-text", "\"/g==\"", "\"L2c=\""),
        ("base64-unpadded", "\"/g==\"", "\"/g\""),
        ("mode-long", "\"mode\":\"0644\",\"path\":\"src", "\"mode\":\"00644\",\"path\":\"src"),
        ("mode-large", "\"mode\":\"0644\",\"path\":\"src", "\"mode\":\"10644\",\"path\":\"src"),
        ("mode-number", "\"mode\":\"0644\",\"path\":\"src", "\"mode\":420,\"path\":\"src"),
        (
            "digest-upper",
            "\"path\":\"src/main.c\",\"sha256\":\"07",
            "\"path\":\"src/main.c\",\"sha256\":\"0A",
        ),
        ("size-large", "\"size\":9007199254740991", "\"size\":9007199254740992"),
        ("size-negative", "\"size\":9007199254740991", "\"size\":-1"),
        ("size-float", "\"size\":9007199254740991", "\"size\":1.0"),
        ("size-null", "\"size\":9007199254740991", "\"size\":null"),
        ("end-missing", "\"size\":1}\n", "\"size\":1}"),
        ("empty-line", "{\"link\":\"../x\"", "\n{\"link\":\"../x\""),
        (
            "path-twice",
            "{\"link\":\"../x\",\"path\":\"l\"}\n",
            "{\"link\":\"../x\",\"path\":\"l\"}\n{\"link\":\"../x\",\"path\":\"l\"}\n",
        ),
    ] {
        let at = good.rfind(from).unwrap_or_else(|| panic!("{name}: there is no {from}"));
        cases.push((name.to_owned(), [&good[..at], to, &good[at + from.len()..]].concat().into_bytes()));
    }
    let swapped = [line("\"l\""), line("\"fifo\"")].map(|line| format!("{line}\n")).concat();
    cases.push(("order-of-paths".to_owned(), swapped.into_bytes()));
    cases.push(("no-lines".to_owned(), b"\n".to_vec()));
    cases
}

/// What is to be said of bytes: the columns behind the name.
pub fn said(bytes: &[u8]) -> String {
    let Some(manifest) = Manifest::read(bytes) else { return "refused\t-\t-".to_owned() };
    assert_eq!(manifest.write().0, bytes);
    let named = manifest.named();
    let named = named.iter().map(|(name, sha256)| (name.as_str(), sha256.as_str()));
    format!("good\t{}\t{}", hex(&manifest.write().1), sums(named))
}

#[test]
fn a_manifest_is_read_otherwise_than_its_list_says() {
    let (mut files, mut list, mut good) = (BTreeMap::new(), HEADER.to_owned(), 0);
    for (name, bytes) in cases() {
        let said = said(&bytes);
        good += usize::from(said.starts_with("good"));
        list.push_str(&format!("{name}\t{said}\n"));
        assert!(files.insert(format!("{name}.jsonl"), bytes).is_none(), "{name} stands there twice");
    }
    assert_eq!((good, files.len()), (8, 32));
    files.insert("MANIFEST".to_owned(), list.into_bytes());
    kept("manifests", &files);
}
