//! The writer of the journal, called directly: what it leaves in the state, what it finds
//! again, and what it says when it cannot go on.

use std::os::unix::fs::FileExt;

use attesh::cause::{Cause, Code};
use attesh::clock::Moment;
use attesh::crypto::Seed;
use attesh::journal::ahead::Ahead;
use attesh::journal::append::{AppendError, Writer};
use attesh::journal::state::{SLOT_BYTES, newest};
use attesh::record::{self, Anomaly, Body, CORE_MAX, Core};

use crate::journal::torn::{Files, note, now, read};
use crate::stage::signer::{self, Texts, finish, masker, start};
use crate::verify::rules::verify;

fn append(files: &Files, body: Body, texts: &Texts) -> Result<u64, AppendError> {
    files.open().append(body, &texts.written(), now()).map(|head| head.size)
}

fn refusal(files: &Files, genesis: Option<&[u8; 32]>, boot: Option<&[u8; 16]>) -> String {
    match Writer::open(&files.journal, &files.state, genesis, boot, masker()) {
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
    // Killed after the line and before that: the next recorder erases them.
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
fn a_record_that_was_made_ahead_is_written_where_it_does_not_fit() {
    let files = Files::begun();
    let ahead = Ahead::default();
    let open = || {
        let mut writer = files.open();
        writer.look_ahead(&ahead);
        writer
    };
    // What was made ahead has the time at which it was made.
    let made = Moment { boottime_ns: 7, ..now() };
    let (first, second) = (note(b"first"), note(b"second"));
    let (first, second) = ((first.0, first.1.written()), (second.0, second.1.written()));
    let ready = |(body, texts): &(Body, record::Texts)| {
        open().make_ready(body.clone(), texts, made).unwrap();
    };
    let append = |(body, texts): &(Body, record::Texts)| {
        open().append(body.clone(), texts, now()).unwrap();
        let text = files.bytes();
        let line = text.split_inclusive(|byte| *byte == b'\n').next_back().unwrap();
        Core::decode(line.split(|byte| *byte == b'\t').next().unwrap()).unwrap().time == made
    };
    ready(&first);
    let before = files.bytes();
    assert!(append(&first) && files.bytes().starts_with(&before));
    assert!(!append(&first), "one record is written twice");
    ready(&first);
    assert!(!append(&second), "another text");
    assert!(!append(&first), "a record came before it");
    ready(&second);
    files.append(b"by another process");
    assert!(!append(&second), "another process came before it");
    ready(&first);
    ahead.look();
    ready(&second);
    assert!(append(&second), "the newest is kept");
    // A torn line came meanwhile: the record has to name it.
    ready(&first);
    files.journal.write_all_at(b"{\"i\":", files.journal.metadata().unwrap().len()).unwrap();
    assert!(!append(&first), "the cut is not told");
    let text = files.bytes();
    let line = text.split_inclusive(|byte| *byte == b'\n').next_back().unwrap();
    let core = Core::decode(line.split(|byte| *byte == b'\t').next().unwrap()).unwrap();
    assert_eq!(core.recovered.map(|recovered| recovered.cut_bytes), Some(5));
    let other = (signer::end(), record::Texts::default());
    ready(&first);
    assert!(!append(&other));
    assert!(is_erased(&files) && verify(&files.bytes(), None).rejection.is_none());
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
    assert!(Writer::open(&files.journal, &files.state, None, Some(&[1; 16]), masker()).is_ok());
    with(&[0; 2 * SLOT_BYTES]);
    assert_eq!(refusal(&files, None, None), "the session has ended");
    with(&[7; 2 * SLOT_BYTES]);
    assert_eq!(refusal(&files, None, None), "the session cannot go on: no slot of its state is whole");
    with(&good);
    let long = Body::Anomaly(Anomaly { what: "x".repeat(CORE_MAX) });
    let error = append(&files, long, &Texts::default()).unwrap_err().to_string();
    assert!(error.contains("the core is longer than 65535 bytes"), "{error}");
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
fn a_state_of_another_version_is_called_broken() {
    let files = Files::begun();
    let state = read(&files.state);
    let at = state.windows(8).position(|bytes| bytes == b"ATTESH3\0").unwrap() as u64;
    files.state.write_all_at(b"ATTESH1\0", at).unwrap();
    let other = "the session cannot go on: its state was written by another version of attesh";
    assert_eq!(refusal(&files, None, None), other);
    // A damaged state of this version does not count as another version's.
    files.state.write_all_at(b"ATTESH3\0", at).unwrap();
    files.state.write_all_at(b"xxxx", at + 8).unwrap();
    assert_eq!(refusal(&files, None, None), "the session cannot go on: no slot of its state is whole");
    files.state.write_all_at(&state, 0).unwrap();
    files.state.write_all_at(b"ATTESH1\0", at).unwrap();
    assert_eq!(refusal(&files, None, None), other);
    // It is left as it is: that version can still go on with it.
    files.state.write_all_at(b"ATTESH3\0", at).unwrap();
    files.append(b"x");
}

#[test]
fn what_was_condemned_goes_on() {
    let files = Files::begun();
    files.append(b"make");
    let good = files.bytes();
    let flipped: Vec<u8> =
        good.iter().enumerate().map(|(at, byte)| if at == 40 { byte ^ 1 } else { *byte }).collect();
    files.journal.write_all_at(&flipped, 0).unwrap();
    let tampered = "the journal was changed from outside: its lines are not those that were recorded";
    assert_eq!(refusal(&files, None, None), tampered);
    // Putting the bytes back does not bring the keys back.
    files.journal.write_all_at(&good, 0).unwrap();
    assert_eq!(refusal(&files, None, None), tampered);
    assert_eq!(files.bytes(), good);
}

/// A recorder was killed before it zeroed the slot with the earlier key.
#[test]
fn an_earlier_slot_stays_until_the_next_append() {
    let files = Files::begun();
    let before = read(&files.state);
    files.append(b"make");
    let after = read(&files.state);
    let both: Vec<u8> = before.iter().zip(&after).map(|(one, two)| one | two).collect();
    files.state.write_all_at(&both, 0).unwrap();
    drop(files.open());
    assert_eq!(read(&files.state), after);
}

/// A recorder was killed after its line; then somebody changed a text of it, which no signature
/// covers.
#[test]
fn a_line_whose_text_was_changed_is_taken_over() {
    use attesh::journal::line;
    let files = Files::begun();
    let (state, before) = (read(&files.state), files.bytes().len());
    files.append(b"make");
    let whole = files.bytes();
    let columns = line::split(&whole[before..]).unwrap();
    let text = String::from_utf8(columns.disclosures.to_vec()).unwrap();
    let other = text.replace("make", "fake");
    assert_ne!(other, text);
    let forged = line::join(columns.core, other.as_bytes(), &columns.auth);
    assert_eq!(forged.len(), whole.len() - before);
    for (line, taken) in [(&whole[before..], true), (&forged, false)] {
        files.journal.write_all_at(line, before as u64).unwrap();
        files.state.write_all_at(&state, 0).unwrap();
        if taken {
            assert_eq!(files.open().head().size, 2);
        } else {
            let why =
                "the journal was changed from outside: a line was added at its end that no recorder signed";
            assert_eq!(refusal(&files, None, None), why);
        }
    }
}

#[test]
fn a_disk_that_refused_once_is_asked_again() {
    use std::os::fd::AsRawFd;
    let files = Files::begun();
    files.open().sync().unwrap();
    let mut writer = files.open();
    // A pipe is in the place of the journal: fsync(2) refuses it.
    let kept = files.journal.try_clone().unwrap();
    let (pipe, _other) = nix::unistd::pipe().unwrap();
    let journal = files.journal.as_raw_fd();
    #[expect(unsafe_code, reason = "a number of a file gets another file")]
    let replace = |with: &dyn AsRawFd| {
        // SAFETY: both are open; the number stays open all the time.
        assert_eq!(unsafe { nix::libc::dup2(with.as_raw_fd(), journal) }, journal);
    };
    replace(&pipe);
    let error = writer.sync().unwrap_err().to_string();
    replace(&kept);
    assert!(error.starts_with("cannot bring the journal to the disk: "), "{error}");
    let failed = "cannot bring the journal to the disk: it failed before";
    assert_eq!(writer.sync().unwrap_err().to_string(), failed);
    drop(writer);
    // Nor by those after it, whatever they append.
    for _ in 0..2 {
        assert_eq!(files.open().sync().unwrap_err().to_string(), failed);
        files.append(b"x");
    }
    assert_eq!(verify(&files.bytes(), None).rejection, None);
}

#[test]
fn a_core_of_the_longest_length_is_refused() {
    let files = Files::begun();
    let body = |length: usize| Body::Anomaly(Anomaly { what: "x".repeat(length) });
    let overhead = |length: usize| {
        let error = append(&files, body(length), &Texts::default()).unwrap_err();
        let AppendError::Unfit(Cause { code: Code::RecordLength, detail }) = error else { panic!("{error}") };
        detail.strip_suffix(" bytes").unwrap().parse::<usize>().unwrap() - length
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
