//! Every bit of a journal, and every way to rearrange its lines.
//!
//! In process, over a journal whose prefix was checked once: a flip in line k cannot show
//! before line k, so the lines before it are not verified again.

use crate::stage::random::Random;
use crate::stage::signer::{Defect, Signer, finish, start};
use crate::stage::world::{World, code, put, sized};
use crate::verify::rules::{codes, verify};
use attesh::journal::check::Checked;
use attesh::record::Program;

/// Two shells, commands of every length, closed and ended.
fn journal(commands: u64, text: usize) -> Signer {
    let mut signer = Signer::begun(1);
    let shells = [signer.open(Program::Bash, 0), signer.open(Program::Bash, 0)];
    for n in 1..=commands {
        for (at, shell) in shells.iter().enumerate() {
            let (body, texts) = start(*shell, n, n, &vec![b'a' + at as u8; text]);
            signer.push(body, &texts, Defect::None);
            signer.push(finish(*shell, n, (n % 3) as u8), &Default::default(), Defect::None);
        }
    }
    for shell in shells {
        signer.close(shell, Some(commands));
    }
    signer.end();
    signer
}

/// A flip is found when the journal is rejected, at the record of the bit or at the next
/// one where the bit made one line of two or two of one.
fn found(checked: &Checked, record: u64) -> bool {
    match &checked.rejection {
        Some(rejection) => rejection.record == record,
        // The last newline: the end is torn off, so the journal has none.
        None => !checked.story.is_complete() && checked.torn_bytes > 0,
    }
}

#[test]
fn a_flipped_bit_of_a_small_journal_is_not_found() {
    let signer = journal(1, 5);
    let mut bytes = signer.bytes.clone();
    let step = sized(3, 1);
    for bit in (0..bytes.len() * 8).step_by(step) {
        let record = signer.starts.partition_point(|start| *start <= bit / 8) as u64 - 1;
        bytes[bit / 8] ^= 1 << (bit % 8);
        let checked = verify(&bytes, None);
        assert!(found(&checked, record), "bit {bit} of record {record}: {:?}", checked.rejection);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_flipped_bit_of_a_mebibyte_is_not_found() {
    use attesh::journal::chain::{self, Frontier};
    use attesh::journal::line;
    use attesh::record::{Core, Disclosures, Record};
    let signer = journal(480, 300);
    assert!(signer.bytes.len() >= 1 << 20);
    assert!(verify(&signer.bytes, None).story.is_complete());
    let step = sized(997, 1);
    let (mut frontier, mut key) = (Frontier::default(), None);
    let mut bit = 0;
    for (record, text) in signer.lines().iter().enumerate() {
        let start = signer.starts[record] * 8;
        let good = line::split(text).unwrap();
        let core = Core::decode(good.core).unwrap();
        let key_now = key.unwrap_or_else(|| match &core.body {
            attesh::record::Body::Genesis(genesis) => genesis.vk,
            _ => unreachable!("the first record is genesis"),
        });
        // What one line must hold, on top of the prefix that holds already.
        let holds = |text: &[u8]| -> Option<()> {
            let columns = line::split(text).ok()?;
            let core = Core::decode(columns.core).ok()?;
            let key =
                if let attesh::record::Body::Genesis(genesis) = &core.body { genesis.vk } else { key_now };
            let mut tree = frontier.clone();
            tree.push(chain::leaf(columns.core));
            let message = attesh::crypto::step_message(
                &signer.session(),
                record as u64,
                &tree.root(),
                &columns.auth.tag,
            );
            if !attesh::crypto::verify(&key, &message, &columns.auth.signature) {
                return None;
            }
            let disclosures = Disclosures::decode(columns.disclosures).ok()?;
            Record { core, disclosures }.check_commitments().ok()
        };
        assert!(holds(text).is_some(), "record {record}");
        let mut text = text.clone();
        while bit < start + text.len() * 8 {
            let at = (bit - start) / 8;
            text[at] ^= 1 << (bit % 8);
            assert!(holds(&text).is_none(), "bit {bit} of record {record}");
            text[at] ^= 1 << (bit % 8);
            bit += step;
        }
        frontier.push(chain::leaf(good.core));
        key = core.next_key;
    }
    // That was the library's parts, line by line; this is the verifier over all of it.
    let (mut bytes, mut random) = (signer.bytes.clone(), Random::new(5));
    for _ in 0..sized(20, 2_000) {
        let bit = random.below(bytes.len() * 8);
        let record = signer.starts.partition_point(|start| *start <= bit / 8) as u64 - 1;
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(found(&verify(&bytes, None), record), "bit {bit} of record {record}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

/// The same through the program, at random places of a journal and of its attestation.
#[test]
fn a_flipped_bit_passes_the_program() {
    let (world, at) = World::after(5);
    assert_eq!(code(&mut world.close(&at, 5, false)), Some(0));
    let sealed = ["seal", at.folder.to_str().unwrap(), "--key", "k", "-o", "whole"];
    for words in [&["key", "generate", "-o", "k", "--no-passphrase"][..], &sealed] {
        assert_eq!(code(&mut world.attesh(words)), Some(0), "{words:?}");
    }
    let home = |name: &str| world.home.path().join(name);
    std::fs::create_dir(home("copy")).unwrap();
    let journal = (at.bytes(), home("copy/journal"), vec!["verify", "copy"]);
    let envelope =
        (std::fs::read(home("whole")).unwrap(), home("a"), vec!["verify", "a", "--trust", "k.pub"]);
    let mut random = Random::new(11);
    for (whole, path, words) in [journal, envelope] {
        put(&path, &whole);
        assert_eq!(code(&mut world.attesh(&words)), Some(0), "{words:?}");
        for _ in 0..sized(40, 1_000) {
            let bit = random.below(whole.len() * 8);
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            put(&path, &changed);
            let passed = code(&mut world.attesh(&words));
            // A name that nobody knows makes an envelope unsupported.
            assert!(matches!(passed, Some(3 | 4 | 7)), "{words:?}, bit {bit}: {passed:?}");
        }
    }
}

#[test]
fn a_journal_cut_anywhere_is_called_complete() {
    let signer = journal(1, 5);
    let whole = verify(&signer.bytes, None);
    for length in 0..signer.bytes.len() {
        let checked = verify(&signer.bytes[..length], None);
        let lines = signer.starts.iter().filter(|start| **start <= length).count() as u64 - 1;
        let torn = length - signer.starts[usize::try_from(lines).unwrap()];
        if length < signer.starts[1] {
            assert_eq!(
                checked.rejection.as_ref().map(|rejection| rejection.record),
                Some(0),
                "cut at {length}"
            );
            continue;
        }
        // A cut between two lines is an unbroken, shorter journal: incomplete, and no more.
        assert_eq!(
            (checked.rejection.as_ref(), checked.size, checked.torn_bytes),
            (None, lines, torn as u64)
        );
        assert!(!checked.story.is_complete() && codes(&checked).contains(&"no-end"), "cut at {length}");
        assert_ne!(checked.root, whole.root);
    }
}

#[test]
fn a_line_dropped_doubled_swapped_or_spliced_is_not_found() {
    let signer = journal(4, 20);
    // The same session, begun the same and gone on otherwise, as a restored backup gives.
    let mut other = journal(4, 21).lines();
    let mut foreign = Signer::begun(2);
    foreign.open(Program::Bash, 0);
    let lines = signer.lines();
    let rejected = |lines: &[Vec<u8>], record: usize, told: &str| {
        let checked = verify(&lines.concat(), None);
        let at = checked.rejection.as_ref().map(|rejection| rejection.record);
        assert_eq!(at, Some(record as u64), "{told} {record}: {:?}", checked.rejection);
    };
    for at in 0..lines.len() {
        let mut changed = lines.clone();
        changed.remove(at);
        if at + 1 == lines.len() {
            assert!(!verify(&changed.concat(), None).story.is_complete());
        } else {
            rejected(&changed, at, "without record");
        }
        let mut changed = lines.clone();
        changed.insert(at, lines[at].clone());
        rejected(&changed, at + 1, "twice the record before");
        for to in at + 1..lines.len() {
            let mut changed = lines.clone();
            changed.swap(at, to);
            rejected(&changed, at, "swapped");
        }
        // Record 3 is the first that differs: put in its place it is a fork, not a splice.
        if at > 3 {
            let mut changed = lines.clone();
            changed[at] = std::mem::take(&mut other[at]);
            rejected(&changed, at, "from an older journal");
        }
        let mut changed = lines.clone();
        changed.insert(at, foreign.lines()[at.min(1)].clone());
        // Another genesis in front begins another journal: there the old one is the intruder.
        rejected(&changed, at.max(1), "from another session");
    }
}

#[test]
fn two_records_can_exchange_a_column() {
    let signer = journal(2, 20);
    let lines = signer.lines();
    let columns: Vec<Vec<&[u8]>> =
        lines.iter().map(|line| line[..line.len() - 1].split(|byte| *byte == b'\t').collect()).collect();
    for one in 0..lines.len() {
        for two in one + 1..lines.len() {
            for column in 0..3 {
                if columns[one][column] == columns[two][column] {
                    continue;
                }
                let mut changed = columns.clone();
                changed[one][column] = columns[two][column];
                changed[two][column] = columns[one][column];
                let bytes: Vec<u8> =
                    changed.iter().flat_map(|line| [line.join(&b'\t'), b"\n".to_vec()].concat()).collect();
                let at = verify(&bytes, None).rejection.map(|rejection| rejection.record);
                // Some of its own texts are what redaction leaves: then it shows at the other.
                let redacted = column == 1 && within(columns[two][1], columns[one][1]);
                let due = if redacted { two } else { one };
                assert_eq!(at, Some(due as u64), "column {column} of {one} and {two}");
            }
        }
    }
}

/// Whether every text of one column is in the other too.
fn within(part: &[u8], whole: &[u8]) -> bool {
    type Column = serde_json::Map<String, serde_json::Value>;
    let (part, whole): (Column, Column) =
        (serde_json::from_slice(part).unwrap(), serde_json::from_slice(whole).unwrap());
    part.iter().all(|(name, pair)| whole.get(name) == Some(pair))
}
