//! A thousand changed files, from one seed: what the program says of each is what the
//! independent verifier says, record by record.
//!
//! Most are signed again after the change, with the right keys, so that the signature does
//! not decide: the verifiers have to read what a hostile signer wrote, and agree.

use std::collections::BTreeMap;
use std::path::Path;

use attesh::record::{Body, Program};

use crate::cases;
use crate::stage::random::{Random, edited};
use crate::stage::signer::{self, Defect, Signer, Texts};
use crate::stage::world::{put, sized};
use crate::vectors::envelopes::{self, key, refusal, sign, taken};
use crate::vectors::{folder, python, verifier};
use crate::verify::rules::{judged, verify};

/// Changed files of each kind, of a thousand.
const JOURNALS: usize = 520;
const ENVELOPES: usize = 400;
const TRANSCRIPTS: usize = 80;
const MANIFESTS: usize = 300;

/// One change, at its place in what is signed, or in what was.
fn defect<'a>(random: &mut Random, edit: &'a dyn Fn(Vec<u8>) -> Vec<u8>) -> Defect<'a> {
    match random.below(12) {
        0 => Defect::Line(edit),
        1 | 2 => Defect::Disclosures(edit),
        3 => *random.pick(&[Defect::Tag, Defect::Seed(1), Defect::Index(1), Defect::Session, Defect::Root]),
        4 => Defect::None,
        _ => Defect::Core(edit),
    }
}

/// A session of some records that a hostile signer wrote, one of them changed.
fn journal(random: &mut Random, others: &[(attesh::record::Kind, Body, Texts)]) -> Vec<u8> {
    let mut bodies = vec![Signer::new(1).genesis_body(), signer::open(Program::Bash, 0)];
    let mut n = 0;
    for _ in 0..2 + random.below(5) {
        match random.below(4) {
            0 | 1 => {
                n += 1;
                bodies.push(signer::start(1, n, n, b"printf '\xff' \"$x\""));
                bodies.push((signer::finish(1, n, random.below(256) as u8), Texts::default()));
            }
            _ => {
                let (_, body, texts) = random.pick(others);
                bodies.push((body.clone(), texts.clone()));
            }
        }
    }
    bodies.extend([signer::close(1, Some(n)), (signer::end(), Texts::default())]);
    let at = random.below(bodies.len());
    let seed = random.below(1 << 30) as u64;
    let edit = move |bytes: Vec<u8>| edited(&mut Random::new(seed), &bytes);
    let mut signer = Signer::new(1);
    for (index, (body, texts)) in bodies.into_iter().enumerate() {
        let defect = if index == at { defect(random, &edit) } else { Defect::None };
        signer.push(body, &texts, defect);
    }
    signer.bytes
}

fn journals(random: &mut Random, files: &mut BTreeMap<String, Vec<u8>>, count: usize) -> [usize; 4] {
    let others = cases::other_bodies();
    let mut manifest = String::new();
    let mut told = [0; 4];
    for at in 0..count {
        let mut bytes = journal(random, &others);
        if random.one_in(6) {
            bytes = edited(random, &bytes);
        }
        let checked = verify(&bytes, None);
        let (verdict, record, code) = judged(&checked);
        let kinds = ["complete", "incomplete", "rejected", "unsupported"];
        told[kinds.iter().position(|kind| *kind == verdict).unwrap()] += 1;
        manifest.push_str(&format!("{at}\t{verdict}\t{record}\t-\t{code}\n"));
        files.insert(format!("journals/{at}.journal"), bytes);
    }
    files.insert("journals/MANIFEST".into(), manifest.into_bytes());
    told
}

fn attestations(random: &mut Random, files: &mut BTreeMap<String, Vec<u8>>, count: usize) -> [usize; 2] {
    let payloads = envelopes::payloads_to_change();
    let mut manifest = String::new();
    let mut told = [0; 2];
    for at in 0..count {
        let mut payload = random.pick(&payloads).clone();
        let outer = random.one_in(4);
        if !outer && !random.one_in(10) {
            payload = edited(random, &payload);
        }
        let mut bytes = sign(payload, 7).to_json();
        if outer {
            bytes = edited(random, &bytes);
        }
        let (good, why) = taken(&bytes);
        told[usize::from(!good)] += 1;
        let verdict = if good { "verified" } else { refusal(&bytes).word() };
        manifest.push_str(&format!("{at}\tsigner.pub\t-\t{verdict}\t{}\n", why.replace(['\t', '\n'], " ")));
        files.insert(format!("envelopes/{at}.intoto.json"), bytes);
    }
    files.insert("envelopes/MANIFEST".into(), manifest.into_bytes());
    told
}

fn transcripts(random: &mut Random, files: &mut BTreeMap<String, Vec<u8>>, count: usize) {
    let read = |name: &str| std::fs::read(folder().join("transcripts").join(name)).unwrap();
    let good = read("whole.transcript");
    let mut manifest = String::new();
    for at in 0..count {
        let bytes = if at == 0 { good.clone() } else { edited(random, &good) };
        let must = if bytes == good { "subject" } else { "other" };
        manifest.push_str(&format!("{at}\tsession\t{must}\tchanged\n"));
        files.insert(format!("transcripts/{at}.transcript"), bytes);
    }
    files.insert("transcripts/session.intoto.json".into(), read("session.intoto.json"));
    files.insert("transcripts/MANIFEST".into(), manifest.into_bytes());
}

fn manifests(random: &mut Random, files: &mut BTreeMap<String, Vec<u8>>, count: usize) {
    let good = crate::vectors::manifests::all().write().0;
    let mut manifest = String::new();
    for at in 0..count {
        let bytes = if at == 0 { good.clone() } else { edited(random, &good) };
        manifest.push_str(&format!("{at}\t{}\n", crate::vectors::manifests::said(&bytes)));
        files.insert(format!("manifests/{at}.jsonl"), bytes);
    }
    files.insert("manifests/MANIFEST".into(), manifest.into_bytes());
}

fn put_all(root: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for kind in ["journals", "envelopes", "manifests", "transcripts", "plans"] {
        std::fs::create_dir(root.join(kind)).unwrap();
    }
    for (name, bytes) in files {
        put(&root.join(name), bytes);
    }
}

#[test]
fn another_verifier_judges_a_changed_file_otherwise() {
    let Some(python) = python() else { return };
    for seed in 1..=sized(1, 40) as u64 {
        let mut random = Random::new(seed);
        let mut files = BTreeMap::from([("plans/MANIFEST".to_owned(), Vec::new())]);
        let of_journals = journals(&mut random, &mut files, JOURNALS);
        let of_envelopes = attestations(&mut random, &mut files, ENVELOPES);
        transcripts(&mut random, &mut files, TRANSCRIPTS);
        manifests(&mut random, &mut files, MANIFESTS);
        let signer = key(7).public().to_spki_pem().into_bytes();
        for kind in ["envelopes", "transcripts"] {
            files.insert(format!("{kind}/signer.pub"), signer.clone());
        }
        let root = tempfile::tempdir().unwrap();
        put_all(root.path(), &files);
        let output = verifier(&python).arg("vectors").arg(root.path()).output().unwrap();
        let [said, wrong] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        let kept = if output.status.success() { String::new() } else { root.keep().display().to_string() };
        assert!(output.status.success(), "seed {seed}, files in {kept}:\n{wrong}");
        assert_eq!(said.lines().count(), JOURNALS + ENVELOPES + TRANSCRIPTS + MANIFESTS);
        println!(
            "seed {seed}: complete, incomplete, rejected, unsupported {of_journals:?}; taken, refused {of_envelopes:?}"
        );
        // Neither all refused nor all taken: there was something to disagree about. A change by
        // chance makes no journal of a later version, the last kind.
        let enough = |told: &[usize]| told.iter().take(3).all(|count| *count >= 10);
        assert!(enough(&of_journals) && enough(&of_envelopes), "{of_journals:?} {of_envelopes:?}");
    }
}
