//! Is this journal what its recorders wrote?
//!
//! What lives here: the streaming check of a whole journal, whatever its size, from any
//! reader. What does not: opening files, judging policy, writing words for people.
//!
//! Rules: the order is line limits, columns, signature over the raw core, tag, JSON,
//! commitments, story; a record reaches the caller only after all of it; memory does not
//! grow with the journal.

use std::io::{self, BufRead, BufReader, Read};

use super::chain::{self, Frontier};
use super::line::{self, LineError};
use super::shells::{Event, Story};
use crate::crypto::{self, ChainKey, Digest, OriginSecret};
use crate::record::{Body, Core, Disclosures, Genesis, LINE_MAX, Record};

/// How many lines are checked together, at most; their signatures are verified in parallel.
const BATCH_LINES: usize = 1024;
/// How many bytes of lines are checked together, at most.
const BATCH_BYTES: usize = 4 << 20;

/// What the check knows and how it may work.
#[derive(Clone, Copy, Default)]
pub struct Knowledge<'a> {
    /// The origin secret, to check where the journal came from.
    pub secret: Option<&'a OriginSecret>,
    /// How many threads verify signatures; 0: as many as the machine has processors.
    pub threads: usize,
}

/// The first record that is not what a recorder wrote, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Index of the record.
    pub record: u64,
    /// Where its line begins, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub why: String,
}

/// What is known of the journal's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It has no origin secret: its tags are check values.
    None,
    /// It names an origin secret that was not given here.
    NotChecked,
    /// Its tags were made with the given secret.
    Authenticated,
    /// A secret was given, and it is not the one that the journal names.
    Foreign,
}

impl Origin {
    /// As one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Origin::None => "none",
            Origin::NotChecked => "not-checked",
            Origin::Authenticated => "authenticated",
            Origin::Foreign => "foreign",
        }
    }
}

/// What the check found.
#[must_use]
#[derive(Debug)]
pub struct Checked {
    /// The genesis record, if it could be verified.
    pub genesis: Option<Record>,
    /// Records verified.
    pub size: u64,
    /// RFC 6962 root over the records verified.
    pub root: Digest,
    /// The root after genesis.
    pub genesis_root: Digest,
    /// The tag of the last record verified.
    pub head_tag: [u8; 32],
    /// Realtime of the first and the last record, in nanoseconds.
    pub times_ns: (u64, u64),
    /// The first bad record, if there is one; nothing after it was looked at.
    pub rejection: Option<Rejection>,
    /// Bytes of a torn last line: a recorder was killed while it wrote, and nobody came after it.
    pub torn_bytes: u64,
    /// Origin.
    pub origin: Origin,
    /// Shells, commands and findings.
    pub story: Story,
}

impl Checked {
    /// The genesis, if it could be verified.
    #[must_use]
    pub fn genesis_body(&self) -> Option<&Genesis> {
        match &self.genesis.as_ref()?.core.body {
            Body::Genesis(genesis) => Some(genesis),
            _ => None,
        }
    }
}

/// Receives every record that passed, in order, with what it did to the story.
pub type Sink<'a> = &'a mut dyn FnMut(&Record, Event);

/// Checks a journal to its end or to its first bad record.
///
/// # Errors
/// The reader failed: nothing can be said then.
pub fn check(reader: impl Read, knowledge: Knowledge, sink: Sink) -> io::Result<Checked> {
    let mut checker = Checker::new(knowledge);
    let mut reader = BufReader::with_capacity(256 << 10, reader);
    let mut batch = Vec::new();
    let mut bytes = 0;
    loop {
        let mut text = Vec::new();
        // One byte more than the limit tells a line that is too long from one that is not.
        (&mut reader).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut text)?;
        bytes += text.len();
        let last = text.is_empty() || checker.prepare(text, &mut batch);
        if last || batch.len() == BATCH_LINES || bytes >= BATCH_BYTES {
            let stop = checker.settle(&mut batch, sink);
            bytes = 0;
            if last || stop {
                break;
            }
        }
    }
    Ok(checker.conclude())
}

/// Reads a journal again that was checked before: the same tree must come out, so the cores
/// are the same, and every text must open its commitment. No signature is verified.
///
/// # Errors
/// The reader failed, the journal is not the same any more, or the sink said so.
pub fn reread(
    reader: impl Read,
    size: u64,
    root: &Digest,
    sink: &mut dyn FnMut(&Record) -> io::Result<()>,
) -> io::Result<()> {
    let changed = || io::Error::new(io::ErrorKind::InvalidData, "the journal changed while it was read");
    let mut reader = BufReader::with_capacity(256 << 10, reader);
    let mut frontier = Frontier::default();
    let mut text = Vec::new();
    while frontier.size() < size {
        text.clear();
        (&mut reader).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut text)?;
        let columns = line::split(&text).map_err(|_| changed())?;
        let core = Core::decode(columns.core).map_err(|_| changed())?;
        let record = record(core, frontier.size(), columns.disclosures).map_err(|_| changed())?;
        record.check_commitments().map_err(|_| changed())?;
        frontier.push(chain::leaf(columns.core));
        sink(&record)?;
    }
    if frontier.root() == *root { Ok(()) } else { Err(changed()) }
}

/// A line on its way: what can be computed before its signature is verified.
struct Pending {
    index: u64,
    offset: u64,
    leaf_root: Digest,
    step: Option<Step>,
    tag: Option<[u8; 32]>,
    tag_fits: bool,
    record: Result<Record, String>,
}

struct Step {
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
}

struct Checker<'a> {
    knowledge: Knowledge<'a>,
    // Running ahead, over lines that are prepared but not settled.
    frontier: Frontier,
    key: Option<[u8; 32]>,
    session: [u8; 16],
    chain_key: Option<ChainKey>,
    offset: u64,
    // Settled.
    checked: Checked,
}

impl<'a> Checker<'a> {
    fn new(knowledge: Knowledge<'a>) -> Self {
        let checked = Checked {
            genesis: None,
            size: 0,
            root: Frontier::default().root(),
            genesis_root: [0; 32],
            head_tag: [0; 32],
            times_ns: (0, 0),
            rejection: None,
            torn_bytes: 0,
            origin: Origin::None,
            story: Story::default(),
        };
        Checker {
            knowledge,
            frontier: Frontier::default(),
            key: None,
            session: [0; 16],
            chain_key: None,
            offset: 0,
            checked,
        }
    }

    /// Does what needs no signature; true when no further line can be prepared.
    fn prepare(&mut self, text: Vec<u8>, batch: &mut Vec<Pending>) -> bool {
        let (index, offset) = (self.frontier.size(), self.offset);
        self.offset += text.len() as u64;
        let mut pending = Pending {
            index,
            offset,
            leaf_root: [0; 32],
            step: None,
            tag: None,
            tag_fits: true,
            record: Err(String::new()),
        };
        let columns = match line::split(&text) {
            Ok(columns) => columns,
            Err(LineError::Torn) => {
                self.checked.torn_bytes = text.len() as u64;
                return true;
            }
            Err(error) => {
                pending.record = Err(error.reason().into());
                batch.push(pending);
                return true;
            }
        };
        let core = Core::decode(columns.core).map_err(|error| error.to_string());
        if index == 0
            && let Ok(core) = &core
        {
            self.begin(core);
        }
        self.frontier.push(chain::leaf(columns.core));
        pending.leaf_root = self.frontier.root();
        if let (0, Ok(_)) = (index, &core) {
            self.first_chain_key(&core, &pending.leaf_root);
        }
        if let Some(chain_key) = &self.chain_key {
            pending.tag_fits = chain_key.tag(&self.session, index, &pending.leaf_root) == columns.auth.tag;
            self.chain_key = Some(chain_key.next(&pending.leaf_root));
        }
        pending.tag = Some(columns.auth.tag);
        pending.step = self.key.map(|key| Step {
            key,
            message: crypto::step_message(&self.session, index, &pending.leaf_root, &columns.auth.tag),
            signature: columns.auth.signature,
        });
        pending.record = core.and_then(|core| record(core, index, columns.disclosures));
        self.key = pending.record.as_ref().ok().and_then(|record| record.core.next_key);
        let stuck = pending.record.is_err();
        batch.push(pending);
        stuck
    }

    /// Takes key and session id from genesis; whether they are genuine its signature tells.
    fn begin(&mut self, core: &Core) {
        if let Body::Genesis(genesis) = &core.body {
            self.key = Some(genesis.verify_key);
            self.session = uuid::Uuid::try_parse(&genesis.session).map_or([0; 16], uuid::Uuid::into_bytes);
        }
    }

    fn first_chain_key(&mut self, core: &Result<Core, String>, root: &Digest) {
        let Ok(Core { body: Body::Genesis(genesis), .. }) = core else { return };
        let given = self.knowledge.secret;
        (self.checked.origin, self.chain_key) = match (genesis.origin_id, given) {
            (None, None) => (Origin::None, Some(ChainKey::first(None, root))),
            (Some(_), None) => (Origin::NotChecked, None),
            (Some(id), Some(secret)) if secret.id() == id => {
                (Origin::Authenticated, Some(ChainKey::first(given, root)))
            }
            (_, Some(_)) => (Origin::Foreign, None),
        };
    }

    /// Verifies the batch's signatures and tells the story as far as everything holds; true
    /// when a record was rejected.
    fn settle(&mut self, batch: &mut Vec<Pending>, sink: Sink) -> bool {
        let genuine = verify_all(batch, self.knowledge.threads);
        for (pending, genuine) in batch.drain(..).zip(genuine) {
            if let Err(why) = self.accept(pending.index, &pending, genuine, sink) {
                let (record, offset) = (pending.index, pending.offset);
                self.checked.rejection = Some(Rejection { record, offset, why });
                self.checked.torn_bytes = 0;
                return true;
            }
        }
        false
    }

    fn accept(&mut self, index: u64, pending: &Pending, genuine: bool, sink: Sink) -> Result<(), String> {
        if pending.step.is_none() {
            return Err(match &pending.record {
                Err(why) => why.clone(),
                Ok(_) if index == 0 => "the first record is not a genesis".into(),
                Ok(_) => "it comes after the end".into(),
            });
        }
        if !genuine {
            return Err("its signature does not verify under the key that the record before names".into());
        }
        if !pending.tag_fits {
            return Err("its tag does not fit: the journal comes from elsewhere".into());
        }
        let record = pending.record.as_ref().map_err(Clone::clone)?;
        record.check_commitments().map_err(|error| error.to_string())?;
        let event = self.checked.story.apply(record)?;
        let time = record.core.time.realtime_ns;
        if index == 0 {
            self.checked.genesis = Some(record.clone());
            self.checked.genesis_root = pending.leaf_root;
            self.checked.times_ns.0 = time;
        }
        self.checked.times_ns.1 = time;
        self.checked.size = index + 1;
        self.checked.root = pending.leaf_root;
        self.checked.head_tag = pending.tag.unwrap_or_default();
        sink(record, event);
        Ok(())
    }

    fn conclude(mut self) -> Checked {
        let checked = &mut self.checked;
        if checked.torn_bytes > 0 && checked.story.ended {
            checked.rejection = Some(Rejection {
                record: checked.size,
                offset: self.offset - checked.torn_bytes,
                why: "there are bytes after the end".into(),
            });
        }
        if checked.size == 0 && checked.rejection.is_none() {
            let why = "the journal has no complete genesis".into();
            checked.rejection = Some(Rejection { record: 0, offset: 0, why });
        }
        if checked.rejection.is_none() {
            checked.story.conclude(checked.size);
        }
        self.checked
    }
}

fn record(core: Core, index: u64, disclosures: &[u8]) -> Result<Record, String> {
    if core.index != index {
        return Err(format!("it calls itself record {}", core.index));
    }
    let disclosures = Disclosures::decode(disclosures).map_err(|error| error.to_string())?;
    Ok(Record { core, disclosures })
}

fn verify_all(batch: &[Pending], threads: usize) -> Vec<bool> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        given => given,
    };
    let genuine = |pending: &Pending| {
        pending.step.as_ref().is_some_and(|step| crypto::verify(&step.key, &step.message, &step.signature))
    };
    if threads == 1 || batch.len() < 16 {
        return batch.iter().map(genuine).collect();
    }
    std::thread::scope(|scope| {
        let share = batch.len().div_ceil(threads);
        let parts: Vec<_> = batch
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(genuine).collect::<Vec<bool>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("verifying does not panic")).collect()
    })
}
