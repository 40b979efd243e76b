//! Writes that stop anywhere: every prefix of a line, every prefix of a slot.
//!
//! The library is called directly, on files of its own: the bytes are put where a write
//! that was cut short would have left them.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use attesh::clock::Moment;
use attesh::crypto::Seed;
use attesh::journal::append::{Birth, Writer};
use attesh::journal::state::{SLOT_BYTES, newest};
use attesh::record::{Body, Note, NoteWhat};
use tempfile::TempDir;

use crate::stage::random::Random;
use crate::stage::signer::{Signer, Texts, masker};
use crate::stage::world::sized;
use crate::verify::rules::verify;

/// A journal and its state, as plain files in memory.
pub struct Files {
    pub journal: File,
    pub state: File,
    _folder: TempDir,
}

pub fn now() -> Moment {
    Moment { realtime_ns: 1_763_812_800_000_000_000, boottime_ns: 5_000_000_000, synced: true }
}

fn file(folder: &TempDir, name: &str) -> File {
    let path = folder.path().join(name);
    OpenOptions::new().read(true).write(true).create_new(true).open(path).unwrap()
}

impl Files {
    pub fn begun_in(folder: TempDir) -> Self {
        let (journal, state) = (file(&folder, "journal"), file(&folder, "state"));
        let files = Files { journal, state, _folder: folder };
        let signer = Signer::new(1);
        let (body, texts) = signer.genesis_body();
        let birth = Birth {
            session: signer.session(),
            boot_id: [1; 16],
            secret: None,
            seed: Seed([1; 32]),
            masker: masker(),
        };
        Writer::create(&files.journal, &files.state, &birth, body, &texts.written(), now()).unwrap();
        files
    }

    pub fn begun() -> Self {
        Files::begun_in(tempfile::tempdir_in("/dev/shm").unwrap())
    }

    pub fn open(&self) -> Writer<'_> {
        Writer::open(&self.journal, &self.state, None, None, masker()).unwrap()
    }

    /// Appends a note with this text through a writer of its own.
    pub fn append(&self, text: &[u8]) {
        let (body, texts) = note(text);
        self.open().append(body, &texts.written(), now()).unwrap();
    }

    pub fn bytes(&self) -> Vec<u8> {
        read(&self.journal)
    }

    /// Puts both files back to earlier contents.
    fn restore(&self, journal: &[u8], state: &[u8]) {
        self.journal.set_len(journal.len() as u64).unwrap();
        self.state.write_all_at(state, 0).unwrap();
    }

    /// The next append succeeds, nothing before it is gone, and the verifier agrees.
    fn judge(&self, acknowledged: &[u8], told: &str) {
        let (body, texts) = note(b"after");
        let mut writer = match Writer::open(&self.journal, &self.state, None, None, masker()) {
            Ok(writer) => writer,
            Err(error) => panic!("{told}: {error}"),
        };
        writer.append(body, &texts.written(), now()).unwrap_or_else(|error| panic!("{told}: {error}"));
        let bytes = self.bytes();
        assert!(bytes.starts_with(acknowledged), "{told}: an acknowledged record is gone");
        let state = read(&self.state);
        let zero = state.chunks(SLOT_BYTES).filter(|slot| slot.iter().all(|byte| *byte == 0)).count();
        assert_eq!(zero, 1, "{told}: an earlier key is left");
    }

    /// [`judge`](Self::judge), and what is there then passes the verifier.
    fn judge_and_verify(&self, acknowledged: &[u8], told: &str) {
        self.judge(acknowledged, told);
        let checked = verify(&self.bytes(), None);
        assert!(checked.rejection.is_none(), "{told}: {:?}", checked.rejection);
    }
}

pub fn note(text: &[u8]) -> (Body, Texts) {
    let body = Note { shell: None, what: NoteWhat::Remark, status: None, native: None };
    (Body::Note(body), Texts::of(&[("text", text)]))
}

pub fn read(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// Journal and state before and after one append.
struct Step {
    files: Files,
    before: (Vec<u8>, Vec<u8>),
    after: (Vec<u8>, Vec<u8>),
}

impl Step {
    fn new(text: &[u8]) -> Self {
        let files = Files::begun();
        files.append(b"one");
        let before = (files.bytes(), read(&files.state));
        files.append(text);
        let after = (files.bytes(), read(&files.state));
        Step { files, before, after }
    }

    /// Leaves the first bytes of the line and checks what comes of it.
    fn tear_line(&self, length: usize) {
        let (journal, state) = &self.before;
        self.files.restore(journal, state);
        let line = &self.after.0[journal.len()..];
        self.files.journal.write_all_at(&line[..length], journal.len() as u64).unwrap();
        let told = format!("{length} of {} bytes of the line", line.len());
        self.files.judge(journal, &told);
        let bytes = self.files.bytes();
        if length == line.len() {
            assert!(bytes.starts_with(&self.after.0), "{told}: a whole line was not taken over");
        }
        let marked = length > 0;
        let last = String::from_utf8_lossy(&bytes[journal.len()..]).into_owned();
        assert_eq!(last.contains("\"recovered\""), marked, "{told}");
        if length.is_multiple_of(64) || line.len() - length < 2 {
            let checked = verify(&bytes, None);
            assert!(checked.rejection.is_none(), "{told}: {:?}", checked.rejection);
        }
    }
}

#[test]
fn a_torn_line_is_taken_for_tampering_or_kept() {
    let short = Step::new(b"ls -l");
    let line = short.after.0.len() - short.before.0.len();
    for length in 0..=line {
        short.tear_line(length);
    }
    let long = Step::new(&vec![b'x'; 7_600]);
    let line = long.after.0.len() - long.before.0.len();
    for length in (0..=line).step_by(sized(41, 1)).chain([line - 1, line]) {
        long.tear_line(length);
    }
}

#[test]
fn a_torn_line_of_a_mebibyte_is_taken_for_tampering_or_kept() {
    let step = Step::new(&vec![b'x'; 1 << 20]);
    let start = step.before.0.len();
    let line = step.after.0.len() - start;
    let edges = (4096..step.after.0.len()).step_by(4096).flat_map(|page| [page - 1, page, page + 1]);
    let edges: Vec<usize> =
        edges.filter(|at| *at > start && *at <= start + line).map(|at| at - start).collect();
    for length in edges.iter().step_by(sized(16, 1)) {
        step.tear_line(*length);
    }
    let mut random = Random::new(7);
    for _ in 0..sized(40, 10_000) {
        step.tear_line(random.below(line));
    }
}

/// Every prefix of the new slot, then of the zeroes over the old one.
#[test]
fn a_torn_slot_is_taken_for_tampering_or_loses_a_record() {
    let step = Step::new(b"ls -l");
    let (journal, state) = &step.before;
    let new_at = (0..2 * SLOT_BYTES).step_by(SLOT_BYTES).find(|at| step.after.1[*at] != 0).unwrap();
    let old_at = SLOT_BYTES - new_at;
    let step_by = sized(5, 1);
    for length in (0..=SLOT_BYTES).step_by(step_by).chain([SLOT_BYTES - 1, SLOT_BYTES]) {
        step.files.restore(journal, state);
        let line = &step.after.0[journal.len()..];
        step.files.journal.write_all_at(line, journal.len() as u64).unwrap();
        let slot = &step.after.1[new_at..new_at + SLOT_BYTES];
        step.files.state.write_all_at(&slot[..length], new_at as u64).unwrap();
        step.files.judge_and_verify(&step.after.0, &format!("{length} bytes of the slot"));
    }
    for length in (0..=SLOT_BYTES).step_by(step_by) {
        step.files.restore(&step.after.0, state);
        step.files.journal.write_all_at(&step.after.0[journal.len()..], journal.len() as u64).unwrap();
        step.files.state.write_all_at(&step.after.1[new_at..new_at + SLOT_BYTES], new_at as u64).unwrap();
        step.files.state.write_all_at(&vec![0; length], old_at as u64).unwrap();
        step.files.judge_and_verify(&step.after.0, &format!("{length} zeroes"));
    }
}

#[test]
fn an_earlier_key_is_left_in_the_state_file() {
    let files = Files::begun();
    let keys = |state: &[u8]| -> Vec<Vec<u8>> {
        let (slot, _) = newest(state).unwrap();
        vec![slot.seed.0.to_vec(), slot.chain_key.0.to_vec()]
    };
    let mut seen: Vec<Vec<u8>> = vec![vec![1; 32]];
    for _ in 0..200 {
        let state = read(&files.state);
        assert_eq!(state.len(), 2 * SLOT_BYTES);
        let current = keys(&state);
        for key in &current {
            let places = state.windows(32).filter(|window| window == key).count();
            assert_eq!(places, 1, "a key does not stand there as it is");
        }
        for key in &seen {
            assert!(!state.windows(32).any(|window| window == key), "an earlier key is left");
        }
        seen.extend(current);
        files.append(b"ls");
    }
}
