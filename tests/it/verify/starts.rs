//! The starts of a long build: the statement has no room for all, and the journal has them.

use attesh::fact::process::{self, End};
use attesh::fact::{PROCESS, PROCESS_END, PROCESSES};
use attesh::record::{Body, Fact, FactTime, Program};

use super::bounded::{PEAK_KIB, Place};
use super::verdicts::{drafted, fact};
use crate::stage::signer::{Defect, Signer, Texts};
use crate::stage::world::{long, sized};
use crate::vectors::envelopes::sign;

/// What the starts of a journal may take beside that, in KiB.
const STARTS_KIB: u64 = 48 << 10;

/// A session of `attesh run` below which so many programs started and ended with 0; those of `others`
/// have another path. The count says that `missing` more were seen.
fn build(starts: u64, others: &[(u64, &str)], missing: u64) -> Vec<u8> {
    let mut signer = Signer::begun(1);
    let shell = signer.open(Program::Run, 0);
    signer.start(shell, 1, 1, b"make");
    let mut push = |kind: &str, at: FactTime, n: Option<u64>, texts: &[(&str, &[u8])]| {
        let told = Fact { at, n, shell: Some(shell), ok: true, ..fact(kind) };
        signer.push(Body::Fact(Box::new(told)), &Texts::of(texts), Defect::None);
    };
    for id in 1..=starts {
        let numbers = format!("{id} {} {}", if id == 1 { "-".to_owned() } else { "1".to_owned() }, 100 + id);
        let path = others.iter().find(|(of, _)| *of == id).map_or("/usr/bin/cc", |(_, path)| path);
        let mut texts = vec![
            (process::ARGUMENTS, &b"cc\0-c\0a.c\0"[..]),
            (process::PATH, path.as_bytes()),
            (process::NUMBERS, numbers.as_bytes()),
        ];
        if path.starts_with('.') {
            texts.push((process::WORKDIR, b"/denied"));
        }
        push(PROCESS, FactTime::Command, Some(1), &texts);
        if id % 100 == 0 || id == starts {
            let first = (id - 1) / 100 * 100 + 1;
            let ends: Vec<(u64, End)> = (first..=id).map(|id| (id, End::Exit(0))).collect();
            push(
                PROCESS_END,
                FactTime::Command,
                Some(1),
                &[(process::ENDS, process::ends(&ends).as_bytes())],
            );
        }
    }
    let (seen, lost) = ((starts + missing).to_string(), missing.to_string());
    let count: [(&str, &[u8]); 7] = [
        (process::LOST, lost.as_bytes()),
        (process::NOT_STARTED, b"0"),
        (process::REACHED, b"0"),
        (process::RUNNING, b"0"),
        (process::SEEN, seen.as_bytes()),
        (process::SEEN_BY, b"seccomp"),
        (process::TOLD_BY, b"pidfd"),
    ];
    push(PROCESSES, FactTime::Command, Some(1), &count);
    signer.finish(shell, 1, 0);
    signer.close(shell, Some(1));
    signer.end();
    signer.bytes
}

/// The exit codes of the verifier for a policy on programs: without the journal, and with it.
fn judged(place: &Place, starts: u64, others: &[(u64, &str)], missing: u64, table: &str) -> [i32; 2] {
    judged_without(place, &build(starts, others, missing), None, table)
}

/// The same of this journal, from which somebody took out each text of this name.
fn judged_without(place: &Place, journal: &[u8], gone: Option<&str>, table: &str) -> [i32; 2] {
    place.put("journal", &gone.map_or_else(|| journal.to_vec(), |gone| without(journal, gone)));
    place.put("built", &sign(drafted(journal, true).1.to_json(), 7).to_json());
    let policy = format!("version = 1\n[process]\n{table}\n");
    place.put("policy", policy.as_bytes());
    let words = ["built", "--trust", "signer.pub", "--policy", "policy"];
    let (alone, _) = place.verify(&words);
    let (with, kib) = place.verify(&[&words[..], &["--journal", "journal"]].concat());
    assert!(kib <= PEAK_KIB + STARTS_KIB, "{kib} KiB");
    [alone, with]
}

/// A journal without the texts of this name: nobody needs a key for that.
fn without(journal: &[u8], name: &str) -> Vec<u8> {
    let lines = journal.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let mut columns: Vec<Vec<u8>> = line.split(|byte| *byte == b'\t').map(<[u8]>::to_vec).collect();
        let mut texts: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&columns[1]).unwrap();
        texts.remove(name);
        columns[1] = serde_json::to_vec(&texts).unwrap();
        columns.join(&b'\t')
    });
    lines.collect::<Vec<_>>().concat()
}

#[test]
fn starts_without_room_in_the_statement_are_said_to_be_of_types_that_nobody_knows() {
    let place = Place::new();
    let journal = build(10_100, &[], 0);
    place.put("journal", &journal);
    place.put("built", &sign(drafted(&journal, true).1.to_json(), 7).to_json());
    let said = |more: &[&str]| place.says(&[&["built", "--trust", "signer.pub"], more].concat());
    let alone = said(&[]);
    // Each start, an end for each hundred, and the sum of them: 10,000 have room.
    let note = "note          202 facts without room in the statement, such as starts of programs: \
                the journal has them, add --journal\n";
    assert!(alone.contains(note) && !alone.contains("does not know"), "{alone}");
    let value: serde_json::Value = serde_json::from_str(&said(&["--json"])).unwrap();
    let file = &value["files"][0];
    assert_eq!((&file["unlistedFacts"], &file["unknownFacts"]), (&202.into(), &0.into()), "{file}");
    let with = said(&["--journal", "journal"]);
    assert!(!with.contains("without room") && !with.contains("does not know"), "{with}");
    let value: serde_json::Value = serde_json::from_str(&said(&["--journal", "journal", "--json"])).unwrap();
    assert_eq!(value["files"][0]["unlistedFacts"], 0);
}

#[test]
fn a_build_of_more_starts_than_a_statement_has_is_judged_without_its_journal_or_refused_with_it() {
    let place = Place::new();
    let many = u64::try_from(sized(10_100, 100_000)).unwrap();
    let table = "require = [\"cc\"]\ndeny = [\"curl\"]";
    assert_eq!(judged(&place, many, &[], 0, table), [1, 0]);
    // What only the journal tells is judged.
    assert_eq!(judged(&place, many, &[(many - 1, "/usr/bin/curl")], 0, table), [1, 1]);
    // The journal itself has a text less, by whoever hands it over.
    let table_of_folder = "deny = [\"/denied/*\"]";
    let there = build(many, &[(many - 1, "./x")], 0);
    assert_eq!(judged_without(&place, &there, None, table_of_folder), [1, 1]);
    assert_eq!(judged_without(&place, &there, Some(process::WORKDIR), table_of_folder), [1, 1]);
    // Neither has what nobody recorded; what may be missing is no more than that.
    let curl = [(many - 1, "/usr/bin/curl")];
    assert_eq!(judged(&place, many, &curl, 1, &format!("{table}\nmax-unrecorded = 1")), [1, 1]);
    if !long() {
        return;
    }
    // More than there is memory for.
    let path = "/".repeat(4000);
    let others: Vec<(u64, &str)> = (1..=12_000).map(|id| (id, &*path)).collect();
    assert_eq!(judged(&place, 12_000, &others, 0, "deny = [\"curl\"]"), [1, 1]);
}
