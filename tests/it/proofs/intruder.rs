//! Someone who has the journal, the state as it was when he broke in, and all that is public,
//! rewrites the journal from any record on and signs what he wrote with every key he has.
//!
//! What was written before he came he cannot change: it is rejected, at that very record, or
//! what is shown is the same. From then on he can write what he likes, which the tests show
//! too: an intruder who never succeeds would prove nothing.

use attesh::journal::check::{Knowledge, check};
use attesh::journal::line;
use attesh::record::{Body, Core, Disclosures, Program, Record};

use crate::stage::signer::{Defect, Signer, Texts, finish, start};
use crate::verify::rules::verify;

/// Records of the honest journal.
type Told = Vec<(Body, Texts)>;

/// An honest session, and the signer as it was before each of its records.
fn honest() -> (Signer, Vec<Signer>) {
    let mut signer = Signer::new(1);
    let mut before = vec![signer.clone()];
    signer.genesis(Defect::None);
    before.push(signer.clone());
    signer.open(Program::Bash, 0);
    for n in 1..=3 {
        before.push(signer.clone());
        signer.start(1, n, n, format!("make {n}").as_bytes());
        before.push(signer.clone());
        signer.finish(1, n, (n % 2) as u8);
    }
    before.push(signer.clone());
    signer.close(1, Some(3));
    before.push(signer.clone());
    signer.end();
    (signer, before)
}

fn told(signer: &Signer) -> Told {
    let read = |line: &Vec<u8>| {
        let columns = line::split(line).unwrap();
        (Core::decode(columns.core).unwrap().body, Texts::read(columns.disclosures))
    };
    signer.lines().iter().map(read).collect()
}

/// What a reader is shown of a journal: each body with its texts.
fn shown(bytes: &[u8]) -> Vec<(Body, Disclosures)> {
    let mut all = Vec::new();
    let mut keep = |record: &Record| all.push((record.core.body.clone(), record.disclosures.clone()));
    let checked = check(bytes, Knowledge::default(), &mut |passed| keep(passed.record)).unwrap();
    drop(checked);
    all
}

/// Every other course that the session could be said to have taken from record `from` on.
fn courses(honest: &Told, from: usize) -> Vec<(String, Told)> {
    let (kept, rest) = honest.split_at(from);
    let mut all = Vec::new();
    let mut add = |what: String, tail: Told| all.push((what, [kept, &tail].concat()));
    for at in 0..rest.len() {
        let mut tail = rest.to_vec();
        tail.remove(at);
        add(format!("without {}", from + at), tail);
        let mut tail = rest.to_vec();
        tail.insert(at, rest[at].clone());
        add(format!("{} twice", from + at), tail);
        for other in at + 1..rest.len() {
            let mut tail = rest.to_vec();
            tail.swap(at, other);
            add(format!("{} and {} swapped", from + at, from + other), tail);
        }
    }
    let mut tail = rest.to_vec();
    tail.splice(0..0, [start(1, 1, 1, b"true"), (finish(1, 1, 0), Texts::default())]);
    add("with a command before it".into(), tail);
    for (at, (body, texts)) in rest.iter().enumerate() {
        let mut tail = rest.to_vec();
        tail[at] = match body {
            Body::Start(old) => {
                let (Body::Start(mut new), texts) = start(1, old.n, old.n, b"true") else { unreachable!() };
                new.shell = old.shell;
                (Body::Start(new), texts)
            }
            Body::Finish(old) => (finish(1, old.n, 1 - old.status.unwrap()), texts.clone()),
            _ => continue,
        };
        add(format!("another {}", from + at), tail);
    }
    all
}

/// The journal of this course: the first records as they lie there, the rest written with the
/// keys of the state, as they are and as they become.
fn forged(course: &Told, honest: &Signer, state: &Signer, from: usize) -> Vec<u8> {
    let mut forger = state.in_place_of(&honest.lines()[..from]);
    for (body, texts) in &course[from..] {
        forger.push(body.clone(), texts, Defect::None);
    }
    forger.bytes
}

#[test]
fn a_record_from_before_a_break_in_is_rewritten() {
    let (honest, before) = honest();
    let (told, whole) = (told(&honest), shown(&honest.bytes));
    let (mut refused, mut taken) = (0, 0);
    // He comes after genesis: before it no session exists to break into.
    for (came, state) in before.iter().enumerate().skip(1) {
        for from in 1..told.len() {
            for (what, course) in courses(&told, from) {
                let bytes = forged(&course, &honest, state, from);
                let checked = verify(&bytes, None);
                let told = format!("came at {came}, rewrote from {from}: {what}");
                if from < came {
                    let first = checked.rejection.map(|rejection| rejection.record);
                    assert_eq!(first, Some(from as u64), "{told}");
                    assert_eq!(shown(&bytes), whole[..from], "{told}");
                    refused += 1;
                } else if from == came && checked.rejection.is_none() {
                    assert_eq!(shown(&bytes)[..came], whole[..came], "{told}");
                    taken += 1;
                }
            }
        }
    }
    println!("{refused} rewritings refused; {taken} of what came after him taken");
    assert!(refused > 500 && taken > 100);
}

#[test]
fn lines_from_before_a_break_in_are_rearranged_under_what_he_adds() {
    let (honest, before) = honest();
    let lines = honest.lines();
    let came = 6;
    for one in 1..came {
        for other in 1..came {
            // A line put in the place of another, with its own signature; his records follow.
            let mut kept = lines[..came].to_vec();
            kept[one].clone_from(&lines[other]);
            for cut in [kept, [&lines[..one], &lines[one + 1..came]].concat()] {
                let mut forger = before[came].in_place_of(&cut);
                forger.close(1, Some(2));
                forger.end();
                let checked = verify(&forger.bytes, None);
                if cut == lines[..came] {
                    assert_eq!(checked.rejection, None);
                } else {
                    let first = checked.rejection.map(|rejection| rejection.record);
                    assert_eq!(first, Some(one as u64), "{other} in the place of {one}");
                }
            }
        }
    }
}
