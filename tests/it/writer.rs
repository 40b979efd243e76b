//! The writer of the journal, called directly: what it leaves in the state, what it finds
//! again, and what it says when it cannot go on.

use std::os::unix::fs::FileExt;

use attesh::crypto::Seed;
use attesh::journal::append::{AppendError, Writer};
use attesh::journal::state::{SLOT_BYTES, newest};
use attesh::record::{Anomaly, Body, CORE_MAX};

use crate::rules::verify;
use crate::signer::{self, Texts, finish, start};
use crate::torn::{Files, note, now, read};

fn append(files: &Files, body: Body, texts: &Texts) -> Result<u64, AppendError> {
    files.open().append(body, &texts.disclosures(), now()).map(|head| head.size)
}

fn refusal(files: &Files, genesis: Option<&[u8; 32]>, boot: Option<&[u8; 16]>) -> String {
    match Writer::open(&files.journal, &files.state, genesis, boot) {
        Ok(_) => panic!("it opens"),
        Err(error) => error.to_string(),
    }
}

fn is_erased(files: &Files) -> bool {
    let state = read(&files.state);
    state.len() == 2 * SLOT_BYTES && state.iter().all(|byte| *byte == 0)
}

#[test]
fn keys_are_left_after_the_end() {
    let files = Files::begun();
    assert_eq!(read(&files.state).len(), 2 * SLOT_BYTES);
    let state = read(&files.state);
    assert!(!is_erased(&files));
    append(&files, signer::end(), &Texts::default()).unwrap();
    assert!(is_erased(&files));
    assert_eq!(refusal(&files, None, None), "the session has ended");
    // Killed after the line and before that: whoever comes next erases them.
    files.state.write_all_at(&state, 0).unwrap();
    assert_eq!(refusal(&files, None, None), "the session has ended");
    assert!(is_erased(&files));
}

#[test]
fn each_append_leaves_one_slot_of_the_next_generation() {
    let files = Files::begun();
    for generation in 1..6 {
        let state = read(&files.state);
        let (slot, dirty) = newest(&state).unwrap();
        assert_eq!((slot.generation, dirty), (generation, false));
        // Two in turn: a torn write leaves the other as it was.
        assert_eq!(slot.offset(), (generation % 2) * SLOT_BYTES as u64);
        files.append(b"x");
    }
    // A torn line: the slot that says so is one more.
    files.journal.write_all_at(b"{\"i\":", files.journal.metadata().unwrap().len()).unwrap();
    drop(files.open());
    let (slot, _) = newest(&read(&files.state)).unwrap();
    assert_eq!((slot.generation, slot.recovered.cut_bytes), (7, 5));
    // Killed before the cut: the same torn line, and the longer of two counts.
    files.journal.write_all_at(b"{\"", files.journal.metadata().unwrap().len()).unwrap();
    drop(files.open());
    assert_eq!(newest(&read(&files.state)).unwrap().0.recovered.cut_bytes, 5);
    files.append(b"x");
    assert!(verify(&files.bytes(), None).rejection.is_none());
}

#[test]
fn a_writer_that_cannot_go_on_does_not_say_why() {
    let files = Files::begun();
    files.append(b"x");
    let good = read(&files.state);
    let with = |bytes: &[u8]| {
        files.state.set_len(0).unwrap();
        files.state.write_all_at(bytes, 0).unwrap();
    };
    assert_eq!(
        refusal(&files, None, Some(&[2; 16])),
        "the session cannot go on: its state is from another boot of this machine"
    );
    assert!(Writer::open(&files.journal, &files.state, None, Some(&[1; 16])).is_ok());
    with(&[0; 2 * SLOT_BYTES]);
    assert_eq!(refusal(&files, None, None), "the session has ended");
    with(&[7; 2 * SLOT_BYTES]);
    assert_eq!(refusal(&files, None, None), "the session cannot go on: no slot of its state is whole");
    with(&good);
    let long = Body::Anomaly(Anomaly { what: "x".repeat(CORE_MAX), detail: None });
    let error = append(&files, long, &Texts::default()).unwrap_err().to_string();
    assert!(error.starts_with("the record is too long: its core has "), "{error}");
    let (body, texts) = start(1, 1, 1, &vec![b'x'; 3 << 20]);
    let error = append(&files, body, &texts).unwrap_err().to_string();
    assert!(error.starts_with("the record is too long: its line has "), "{error}");
    // Refused for what it is, and nothing else is lost by it.
    files.append(b"y");
    let tampered = "the journal was changed from outside: its genesis is not the one that was recorded";
    for _ in 0..2 {
        assert_eq!(refusal(&files, Some(&[9; 32]), None), tampered);
    }
    let (slot, _) = newest(&read(&files.state)).unwrap();
    assert_eq!(slot.seed.0, Seed([0; 32]).0);
}

#[test]
fn a_core_of_the_longest_length_is_refused() {
    let files = Files::begun();
    let body = |length: usize| Body::Anomaly(Anomaly { what: "x".repeat(length), detail: None });
    let overhead = |length: usize| {
        let error = append(&files, body(length), &Texts::default()).unwrap_err().to_string();
        let digits: String = error.chars().filter(char::is_ascii_digit).collect();
        let had = digits.strip_suffix(&CORE_MAX.to_string()).unwrap().parse::<usize>().unwrap();
        had - length
    };
    let room = CORE_MAX - overhead(CORE_MAX);
    assert_eq!(append(&files, body(room), &Texts::default()).unwrap(), 2);
    assert!(append(&files, body(room + 1), &Texts::default()).is_err());
    let checked = verify(&files.bytes(), None);
    assert_eq!((checked.rejection, checked.size), (None, 2));
}

#[test]
fn the_last_record_of_a_shell_is_not_found() {
    let files = Files::begun();
    let (body, texts) = signer::open(attesh::record::Program::Bash, 0);
    for _ in 0..2 {
        append(&files, body.clone(), &texts).unwrap();
    }
    let (body, texts) = start(1, 1, 1, b"make");
    append(&files, body, &texts).unwrap();
    append(&files, finish(1, 1, 7), &Texts::default()).unwrap();
    let shell_of = |body: &Body| match body {
        Body::Start(start) => Some(start.shell),
        Body::Finish(finish) => Some(finish.shell),
        _ => None,
    };
    let last = |shell: u64, limit: Option<u64>| {
        let found = files.open().last_of_shell(shell, limit, shell_of).unwrap();
        found.map(|record| (record.core.index, record.disclosures.get("command").map(<[u8]>::to_vec)))
    };
    assert_eq!(last(1, None), Some((4, None)));
    assert_eq!(last(2, None), None);
    let start_of = |body: &Body| match body {
        Body::Start(start) => Some(start.shell),
        _ => None,
    };
    let found = files.open().last_of_shell(1, None, start_of).unwrap().unwrap();
    assert_eq!((found.core.index, found.disclosures.get("command")), (3, Some(&b"make"[..])));
    // More than is read at first lies behind it: then it is found only without a limit.
    for _ in 0..4 {
        let (body, texts) = note(&vec![b'x'; 400_000]);
        append(&files, body, &texts).unwrap();
    }
    assert_eq!(last(1, None), Some((4, None)));
    for limit in [1, 1_000, 300_000, 1_000_000] {
        assert_eq!(last(1, Some(limit)), None, "{limit}");
    }
    assert_eq!(last(1, Some(u64::MAX)), Some((4, None)));
}
