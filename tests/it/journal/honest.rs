//! Honest appends, among kills and set clocks: the verifier may accuse none of them.
//!
//! The library is called directly: what a kill would have left in the two files is put there,
//! and a call that was not acknowledged is made again, as the hooks do.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;

use attesh::clock::Moment;
use attesh::journal::state::SLOT_BYTES;
use attesh::record::{Body, Program};

use crate::journal::torn::{Files, now, read};
use crate::stage::random::Random;
use crate::stage::signer::{self, Texts};
use crate::stage::world::sized;
use crate::verify::rules::{codes, verify};

/// Commands of one journal; two records each.
const COMMANDS: u64 = 2_500;
/// One append in so many is killed.
const KILLED: usize = 50;
/// Before one append in so many the clock is set.
const SET: usize = 400;

/// A session that goes through all that may honestly happen to one.
struct Session {
    files: Files,
    random: Random,
    now: Moment,
    length: usize,
    clock_steps: u64,
    kills: u64,
}

/// The offset of the one slot that counts; `None` if both count or neither.
fn only_slot(state: &[u8]) -> Option<usize> {
    let mut slots = (0..2 * SLOT_BYTES).step_by(SLOT_BYTES).filter(|at| state[*at] != 0);
    slots.next().filter(|_| slots.next().is_none())
}

impl Session {
    fn new(number: u64) -> Self {
        let files = Files::begun();
        let length = files.bytes().len();
        Session { files, random: Random::new(number), now: now(), length, clock_steps: 0, kills: 0 }
    }

    fn tick(&mut self) {
        let passed = self.random.below(3_000_000_000) as u64;
        self.now.boottime_ns += passed;
        // NTP slews by at most 500 ppm.
        self.now.realtime_ns += passed + passed / 2_000;
        if self.random.one_in(SET) {
            let step = 200_000_000 + self.random.below(1 << 31) as u64 * 40_000;
            self.now.realtime_ns =
                if self.random.one_in(2) { self.now.realtime_ns + step } else { self.now.realtime_ns - step };
            self.clock_steps += 1;
        }
    }

    fn append(&mut self, body: &Body, texts: &Texts) {
        self.tick();
        let state = read(&self.files.state);
        self.files.open().append(body.clone(), &texts.written(), self.now).unwrap();
        let length = usize::try_from(self.files.journal.metadata().unwrap().len()).unwrap();
        // A call that repaired first has written both slots: where it can be killed is for
        // the tests of double kills.
        let (old, new) = (only_slot(&state), only_slot(&read(&self.files.state)));
        let repaired = old.is_none() || old == new;
        if !matches!(body, Body::End(_)) && !repaired && self.random.one_in(KILLED) {
            self.kills += 1;
            if !self.kill(&state, length) {
                self.files.open().append(body.clone(), &texts.written(), self.now).unwrap();
            }
        }
        self.length = usize::try_from(self.files.journal.metadata().unwrap().len()).unwrap();
    }

    /// Puts the files to where a kill would have left them; whether the record is in the journal.
    fn kill(&mut self, before: &[u8], length: usize) -> bool {
        let after = read(&self.files.state);
        let new_at = only_slot(&after).unwrap();
        let old_at = SLOT_BYTES - new_at;
        let mut state = before.to_vec();
        let mut written = length;
        match self.random.below(3) {
            // In the line.
            0 => {
                written = self.length + self.random.below(length - self.length + 1);
                self.files.journal.set_len(written as u64).unwrap();
            }
            // In the slot.
            1 => {
                let torn = self.random.below(SLOT_BYTES + 1);
                state[new_at..new_at + torn].copy_from_slice(&after[new_at..new_at + torn]);
            }
            // In the zeroes over the old one.
            _ => {
                let torn = self.random.below(SLOT_BYTES + 1);
                state[new_at..new_at + SLOT_BYTES].copy_from_slice(&after[new_at..new_at + SLOT_BYTES]);
                state[old_at..old_at + torn].fill(0);
            }
        }
        self.files.state.write_all_at(&state, 0).unwrap();
        written == length
    }

    fn run(mut self) -> (u64, u64) {
        let (body, texts) = signer::open(Program::Bash, 0);
        self.append(&body, &texts);
        for n in 1..=COMMANDS {
            let (body, texts) = signer::start(1, n, n, b"make -j2 check");
            self.append(&body, &texts);
            self.append(&signer::finish(1, n, (n % 3) as u8), &Texts::default());
        }
        let (body, texts) = signer::close(1, Some(COMMANDS));
        self.append(&body, &texts);
        self.append(&signer::end(), &Texts::default());
        let checked = verify(&self.files.bytes(), None);
        assert_eq!(checked.rejection, None);
        assert!(checked.story.is_complete(), "{:?}", checked.story.findings);
        assert_eq!((checked.story.commands, checked.size), (COMMANDS, 2 * COMMANDS + 4));
        let mut told = BTreeMap::new();
        for code in codes(&checked) {
            *told.entry(code).or_insert(0_u64) += 1;
        }
        // The verifier reports each step of the clock and the repairs, and nothing else.
        assert_eq!(told.remove("clock").unwrap_or(0), self.clock_steps);
        assert!(told.remove("recovered").unwrap_or(0) <= self.kills);
        assert_eq!(told, BTreeMap::new());
        (checked.size, self.kills)
    }
}

#[test]
fn something_is_held_against_honest_appends() {
    let (mut appends, mut kills) = (0, 0);
    for number in 0..sized(1, 200) {
        let (appended, killed) = Session::new(number as u64).run();
        appends += appended;
        kills += killed;
    }
    println!("{appends} appends, {kills} kills");
    assert!(kills > appends / 100);
}
