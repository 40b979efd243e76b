//! The state of a journal: two slots of fixed size, written in place.
//!
//! What lives here: the bytes of a slot, and which of two slots counts. What does not:
//! reading and writing the file (`append`).
//!
//! Rules: a slot is never renamed or rewritten at another place, so that an earlier key
//! is overwritten where it stood; a slot whose checksum is wrong does not exist.

use zeroize::Zeroize;

use super::chain::Frontier;
use super::head::Head;
use super::story::Story;
use crate::crypto::{ChainKey, Digest, Seed};
use crate::record::Recovered;

/// Size of a slot in bytes; the file has two.
pub const SLOT_BYTES: usize = 4096;
const MAGIC: &[u8; 8] = b"ATTESH3\0";
/// What a state file has whose slots are in the memory of a recorder.
pub const TAKEN: &[u8] = b"TAKEN\0";
/// What the magic of every version begins with.
const NAME: &[u8] = b"ATTESH";
const CHECKSUM_AT: usize = SLOT_BYTES - 32;
const USED_AT: usize = CHECKSUM_AT - 2;
const WHY_MAX: usize = 512;

/// What the file system said about the journal after the last append.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileMark {
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// Length in bytes.
    pub length: u64,
    /// Change time: seconds.
    pub ctime_s: i64,
    /// Change time: nanoseconds within the second.
    pub ctime_ns: i64,
}

/// Whether the journal can still be appended to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It can.
    Live,
    /// It was not what the recorder left; the keys are gone. Why, in words.
    Tampered(String),
}

/// All that one append needs of the one before.
#[derive(Clone)]
pub struct Slot {
    /// Grows with each slot written; the larger of two counts.
    pub generation: u64,
    /// The session's id.
    pub session: [u8; 16],
    /// The root after genesis.
    pub genesis: Digest,
    /// Boot id of the kernel that wrote this.
    pub boot_id: [u8; 16],
    /// Whether the journal is live.
    pub condition: Condition,
    /// The tree so far.
    pub frontier: Frontier,
    /// Digest of the whole lines so far.
    pub running: Digest,
    /// The journal file as it was left.
    pub mark: FileMark,
    /// The seed of the next step.
    pub seed: Seed,
    /// The public half of the next step's key, as the last record names it.
    pub public: [u8; 32],
    /// The chain key of the next step.
    pub chain_key: ChainKey,
    /// Repairs that the next record has to name.
    pub recovered: Recovered,
    /// Whether bringing the journal to the disk has failed once.
    pub sync_failed: bool,
    /// The shells and commands so far, without the findings if there is no room for them; none if
    /// the shells do not fit, and of a journal that is tampered. All is in the journal too.
    pub story: Option<Box<Story>>,
}

impl Slot {
    /// The slot's bytes.
    #[must_use]
    pub fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut out = zeroize::Zeroizing::new(Vec::with_capacity(SLOT_BYTES));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.extend_from_slice(&self.session);
        out.extend_from_slice(&self.genesis);
        out.extend_from_slice(&self.boot_id);
        let mark = &self.mark;
        for number in
            [mark.dev, mark.ino, mark.length, mark.ctime_s.cast_unsigned(), mark.ctime_ns.cast_unsigned()]
        {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.recovered.adopted.to_be_bytes());
        out.extend_from_slice(&self.recovered.cut_bytes.to_be_bytes());
        out.extend_from_slice(&self.running);
        out.extend_from_slice(&self.seed.0);
        out.extend_from_slice(&self.public);
        out.extend_from_slice(&self.chain_key.0);
        let why = match &self.condition {
            Condition::Live => "",
            Condition::Tampered(why) => cut(why),
        };
        out.push(u8::from(matches!(self.condition, Condition::Tampered(_))));
        out.push(u8::from(self.sync_failed));
        out.extend_from_slice(&u16::try_from(why.len()).expect("cut to WHY_MAX").to_be_bytes());
        out.extend_from_slice(why.as_bytes());
        out.extend_from_slice(&self.frontier.size().to_be_bytes());
        for root in self.frontier.roots() {
            out.extend_from_slice(root);
        }
        let fits = |story: &Vec<u8>| out.len() + 1 + story.len() <= USED_AT;
        let story = self.story.as_ref().and_then(|story| {
            let whole = story.is_brief().then(|| story.keep(true)).filter(fits);
            whole.or_else(|| Some(story.keep(false)).filter(fits))
        });
        out.push(u8::from(story.is_some()));
        out.extend_from_slice(story.as_deref().unwrap_or_default());
        let used = u16::try_from(out.len()).expect("a slot's content fits into a slot");
        let checksum = blake3::hash(&out);
        out.resize(USED_AT, 0);
        out.extend_from_slice(&used.to_be_bytes());
        out.extend_from_slice(checksum.as_bytes());
        out
    }

    /// Reads a slot; none if it was never written, was zeroed, or is torn.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let content = bytes.get(..SLOT_BYTES).and_then(checked)?;
        let mut rest = content.strip_prefix(MAGIC)?;
        let generation = number(&mut rest)?;
        let session = take(&mut rest)?;
        let genesis = take(&mut rest)?;
        let boot_id = take(&mut rest)?;
        let mark = FileMark {
            dev: number(&mut rest)?,
            ino: number(&mut rest)?,
            length: number(&mut rest)?,
            ctime_s: number(&mut rest)?.cast_signed(),
            ctime_ns: number(&mut rest)?.cast_signed(),
        };
        let recovered = Recovered { adopted: number(&mut rest)?, cut_bytes: number(&mut rest)? };
        let running = take(&mut rest)?;
        let seed = Seed(take(&mut rest)?);
        let public = take(&mut rest)?;
        let chain_key = ChainKey(take(&mut rest)?);
        let [tampered, sync_failed] = take::<2>(&mut rest)?;
        let why_len = usize::from(u16::from_be_bytes(take(&mut rest)?));
        let (why, mut rest) = rest.split_at_checked(why_len)?;
        let condition = match tampered {
            0 => Condition::Live,
            _ => Condition::Tampered(std::str::from_utf8(why).ok()?.to_owned()),
        };
        let size = number(&mut rest)?;
        let roots = (0..size.count_ones()).map(|_| take(&mut rest)).collect::<Option<Vec<Digest>>>()?;
        let frontier = Frontier::new(size, roots)?;
        let story = match take(&mut rest)? {
            [0] => None,
            [1] => Some(Box::new(Story::from_kept(&mut rest)?)),
            _ => return None,
        };
        if !rest.is_empty() {
            return None;
        }
        Some(Slot {
            generation,
            session,
            genesis,
            boot_id,
            condition,
            frontier,
            running,
            mark,
            seed,
            public,
            chain_key,
            recovered,
            sync_failed: sync_failed != 0,
            story,
        })
    }

    /// The head of the journal that it is the state of.
    #[must_use]
    pub fn head(&self) -> Head {
        Head {
            session: uuid::Uuid::from_bytes(self.session),
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }

    /// The slot that stands for a tampered journal: same head, no keys.
    #[must_use]
    pub fn tampered(mut self, why: &str) -> Self {
        self.seed.0.zeroize();
        self.chain_key.0.zeroize();
        self.story = None;
        self.condition = Condition::Tampered(why.to_owned());
        self.generation += 1;
        self
    }

    /// Which of the two places in the file a slot of this generation takes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        (self.generation % 2) * SLOT_BYTES as u64
    }
}

/// The slot that counts, of a whole state file, and whether the other one is to be zeroed.
#[must_use]
pub fn newest(file: &[u8]) -> Option<(Slot, bool)> {
    let (first, second) = (file.get(..SLOT_BYTES)?, file.get(SLOT_BYTES..2 * SLOT_BYTES)?);
    match (Slot::decode(first), Slot::decode(second)) {
        (Some(one), Some(two)) => Some((if one.generation > two.generation { one } else { two }, true)),
        (Some(one), None) => Some((one, second.iter().any(|byte| *byte != 0))),
        (None, Some(two)) => Some((two, first.iter().any(|byte| *byte != 0))),
        (None, None) => None,
    }
}

/// Whether it is a state, though of a version that this one does not read.
#[must_use]
pub fn is_of_another_version(file: &[u8]) -> bool {
    let magic = |slot: &[u8]| slot.starts_with(NAME) && !slot.starts_with(MAGIC);
    file.chunks(SLOT_BYTES).any(magic)
}

/// The used part of a slot, if its checksum is right and the rest is zero: so every byte
/// counts and few are hashed.
fn checked(slot: &[u8]) -> Option<&[u8]> {
    let (bytes, checksum) = slot.split_at_checked(CHECKSUM_AT)?;
    let used = usize::from(u16::from_be_bytes(bytes[USED_AT..].try_into().ok()?));
    let (content, unused) = bytes[..USED_AT].split_at_checked(used)?;
    let whole = blake3::hash(content).as_bytes() == checksum && unused.iter().all(|byte| *byte == 0);
    whole.then_some(content)
}

fn cut(why: &str) -> &str {
    let mut end = why.len().min(WHY_MAX);
    while !why.is_char_boundary(end) {
        end -= 1;
    }
    &why[..end]
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_at_checked(N)?;
    *rest = tail;
    head.try_into().ok()
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(generation: u64) -> Slot {
        let mut frontier = Frontier::default();
        for index in 0..11u8 {
            frontier.push([index; 32]);
        }
        Slot {
            generation,
            session: [1; 16],
            genesis: [2; 32],
            boot_id: [3; 16],
            condition: Condition::Live,
            frontier,
            running: [4; 32],
            mark: FileMark { dev: 1, ino: 2, length: 3, ctime_s: -4, ctime_ns: 5 },
            seed: Seed([6; 32]),
            public: [8; 32],
            chain_key: ChainKey([7; 32]),
            recovered: Recovered { adopted: 1, cut_bytes: 9 },
            sync_failed: true,
            story: Some(Box::default()),
        }
    }

    #[test]
    fn a_slot_comes_back_as_it_was_written() {
        for slot in [slot(5), slot(6).tampered("the line of record 3 differs")] {
            let bytes = slot.encode();
            assert_eq!(bytes.len(), SLOT_BYTES);
            let back = Slot::decode(&bytes).unwrap();
            assert_eq!(back.encode(), bytes);
            assert_eq!((back.condition, back.mark), (slot.condition.clone(), slot.mark));
        }
    }

    #[test]
    fn a_slot_with_any_byte_changed_does_not_exist() {
        let bytes = slot(5).encode();
        for at in 0..SLOT_BYTES {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(Slot::decode(&bad).is_none(), "byte {at}");
        }
    }

    #[test]
    fn the_newer_slot_counts_and_a_torn_one_is_passed_over() {
        let file = [slot(6).encode().to_vec(), slot(5).encode().to_vec()].concat();
        assert_eq!(newest(&file).map(|(slot, dirty)| (slot.generation, dirty)), Some((6, true)));
        let turned = [slot(5).encode().to_vec(), slot(6).encode().to_vec()].concat();
        assert_eq!(newest(&turned).map(|(slot, dirty)| (slot.generation, dirty)), Some((6, true)));
        let mut torn = file.clone();
        torn[100] ^= 1;
        assert_eq!(newest(&torn).map(|(slot, dirty)| (slot.generation, dirty)), Some((5, true)));
        let clean = [slot(6).encode().to_vec(), vec![0; SLOT_BYTES]].concat();
        assert_eq!(newest(&clean).map(|(slot, dirty)| (slot.generation, dirty)), Some((6, false)));
        assert!(newest(&vec![0; 2 * SLOT_BYTES]).is_none());
    }

    #[test]
    fn a_long_reason_is_cut_between_two_letters() {
        for (why, length) in [("é".repeat(300), 512), (format!("x{}", "é".repeat(300)), 511)] {
            let back = Slot::decode(&slot(5).tampered(&why).encode()).unwrap();
            assert_eq!(back.condition, Condition::Tampered(why[..length].to_owned()));
        }
    }

    #[test]
    fn a_tampered_slot_holds_no_key() {
        let slot = slot(5).tampered("why");
        assert_eq!((slot.seed.0, slot.chain_key.0), ([0; 32], [0; 32]));
    }
}
