//! Is this journal what its recorders wrote?
//!
//! What lives here: the streaming check of a whole journal, whatever its size, from any
//! reader. What does not: opening files, judging policy, writing words for people.
//!
//! Rules: the order is line limits, columns, signature over the raw core, tag, JSON,
//! commitments, story; a record reaches the caller only after all of it; memory does not
//! grow with the journal.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::chain::{self, Frontier};
use super::head::Head;
use super::line;
use super::story::{Effect, Story};
use crate::cause::{Cause, Code};
use crate::crypto::{self, ChainKey, Digest, OriginSecret};
use crate::record::{Body, Core, Disclosures, FORMAT, FORMAT_NAME, Genesis, LINE_MAX, Record};

/// How many lines are checked together, at most; their signatures are verified in parallel.
const BATCH_LINES: usize = 1024;
/// How many bytes of lines make a batch full.
const BATCH_BYTES: u64 = 4 << 20;
/// How many lines a thread takes at a time.
const SHARE_LINES: usize = 16;

/// What the check knows and how it may work.
#[derive(Clone, Copy, Default)]
pub struct Knowledge<'a> {
    /// The origin secret, to check where the journal came from.
    pub secret: Option<&'a OriginSecret>,
    /// How many threads verify signatures; 0: as many as the machine has processors.
    pub threads: usize,
    /// Sizes whose roots are wanted, in ascending order.
    pub sizes: &'a [u64],
}

/// The first record that is not what a recorder wrote, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Index of the record.
    pub record: u64,
    /// Where its line begins, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub cause: Cause,
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

/// What the check found.
#[must_use]
#[derive(Clone, Debug)]
pub struct Checked {
    /// The genesis record, if it could be verified.
    pub genesis: Option<Record>,
    /// Records verified.
    pub size: u64,
    /// RFC 6962 root over the records verified.
    pub root: Digest,
    /// The root after genesis.
    pub genesis_root: Digest,
    /// The roots at the sizes that were asked for, as far as records were verified.
    pub roots: Vec<(u64, Digest)>,
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
    /// The head over the records that were verified; none without a genesis.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        let session = uuid::Uuid::try_parse(&self.genesis_body()?.session).ok()?;
        Some(Head { session, size: self.size, root: self.root })
    }

    /// The genesis, if it could be verified.
    #[must_use]
    pub fn genesis_body(&self) -> Option<&Genesis> {
        match &self.genesis.as_ref()?.core.body {
            Body::Genesis(genesis) => Some(genesis),
            _ => None,
        }
    }
}

/// A record that passed every check.
pub struct Passed<'a> {
    /// The record.
    pub record: &'a Record,
    /// What it did to the story.
    pub effect: Effect,
    /// The story up to this record, with it.
    pub story: &'a Story,
    /// The root over all records up to this one.
    pub root: Digest,
}

/// Receives every record that passed, in order.
pub type Sink<'a> = &'a mut dyn FnMut(&Passed);

/// Checks a journal to its end or to its first bad record.
///
/// # Errors
/// The reader failed: nothing can be said then.
pub fn check(reader: impl Read, knowledge: Knowledge, sink: Sink) -> io::Result<Checked> {
    let threads = match knowledge.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        given => given,
    };
    let mut ahead = Ahead::new(reader, knowledge.secret);
    let mut checked = Checked::nothing();
    let mut batch = ahead.batch()?;
    while !batch.is_empty() {
        let (next, verdicts) = examine_all(&batch, threads, || ahead.batch());
        for (pending, verdict) in batch.iter().zip(verdicts) {
            if let Err(cause) = verdict.and_then(|()| checked.accept(pending, sink)) {
                checked.rejection = Some(Rejection { record: pending.index, offset: pending.offset, cause });
                break;
            }
            if knowledge.sizes.binary_search(&checked.size).is_ok() {
                checked.roots.push((checked.size, checked.root));
            }
        }
        if checked.rejection.is_some() {
            break;
        }
        batch = next?;
    }
    Ok(checked.conclude(&ahead))
}

/// Why a journal that was checked could not be read a second time.
#[derive(Debug)]
pub enum RereadError {
    /// It could not be read, or what it says not written.
    Io(io::Error),
    /// It is not the same any more.
    Changed,
}

impl From<io::Error> for RereadError {
    fn from(error: io::Error) -> Self {
        RereadError::Io(error)
    }
}

/// Reads a journal again that was checked before: the same tree must come out, so the cores
/// are the same, and every text must open its commitment. No signature is verified.
///
/// # Errors
/// The reader or the sink failed, or the journal is not the same any more.
pub fn reread(
    reader: impl Read,
    size: u64,
    root: &Digest,
    sink: &mut dyn FnMut(&Record) -> io::Result<()>,
) -> Result<(), RereadError> {
    let changed = || RereadError::Changed;
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
    record: Result<Record, Cause>,
}

struct Step {
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
}

impl Pending {
    /// Everything that can be said of this line alone.
    fn examine(&self) -> Result<(), Cause> {
        let Some(step) = &self.step else {
            return Err(match &self.record {
                Err(cause) => cause.clone(),
                Ok(_) if self.index == 0 => Code::JournalGenesis.into(),
                Ok(_) => Code::JournalAfterEnd.into(),
            });
        };
        if let Err(cause) = &self.record
            && cause.code == Code::RecordLength
        {
            return Err(cause.clone());
        }
        if !crypto::verify(&step.key, &step.message, &step.signature) {
            return Err(Code::JournalSignature.into());
        }
        if !self.tag_fits {
            return Err(Code::JournalTag.into());
        }
        self.record.as_ref().map_err(Clone::clone)?.check_commitments()
    }
}

/// Reads the lines and does what needs their order and no signature: it runs a batch ahead.
struct Ahead<'a, R> {
    reader: BufReader<R>,
    secret: Option<&'a OriginSecret>,
    frontier: Frontier,
    key: Option<[u8; 32]>,
    session: [u8; 16],
    chain_key: Option<ChainKey>,
    offset: u64,
    origin: Origin,
    torn_bytes: u64,
    /// No further line can be prepared.
    over: bool,
}

impl<'a, R: Read> Ahead<'a, R> {
    fn new(reader: R, secret: Option<&'a OriginSecret>) -> Self {
        Ahead {
            reader: BufReader::with_capacity(256 << 10, reader),
            secret,
            frontier: Frontier::default(),
            key: None,
            session: [0; 16],
            chain_key: None,
            offset: 0,
            origin: Origin::None,
            torn_bytes: 0,
            over: false,
        }
    }

    /// The lines that are checked together next; none at the end.
    fn batch(&mut self) -> io::Result<Vec<Pending>> {
        let (mut batch, from) = (Vec::new(), self.offset);
        let mut text = Vec::new();
        while !self.over && batch.len() < BATCH_LINES && self.offset - from < BATCH_BYTES {
            text.clear();
            // One byte more than the limit tells a line that is too long from one that is not.
            (&mut self.reader).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut text)?;
            if text.is_empty() {
                self.over = true;
            } else {
                batch.extend(self.prepare(&text));
            }
        }
        Ok(batch)
    }

    /// Does what needs no signature; nothing comes of a torn line.
    fn prepare(&mut self, text: &[u8]) -> Option<Pending> {
        let (index, offset) = (self.frontier.size(), self.offset);
        self.offset += text.len() as u64;
        let mut pending = Pending {
            index,
            offset,
            leaf_root: [0; 32],
            step: None,
            tag: None,
            tag_fits: true,
            record: Err(Code::LineTorn.into()),
        };
        let columns = match line::split(text) {
            Ok(columns) => columns,
            Err(code) => {
                self.over = true;
                if code == Code::LineTorn {
                    self.torn_bytes = text.len() as u64;
                    return None;
                }
                pending.record = Err(code.into());
                return Some(pending);
            }
        };
        let core = match foreign_format(columns.core) {
            Some(format) if index == 0 => Err(Cause::new(Code::JournalFormat, format)),
            _ => Core::decode(columns.core),
        };
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
        self.over = pending.record.is_err();
        Some(pending)
    }

    /// Takes key and session id from genesis; whether they are genuine its signature tells.
    fn begin(&mut self, core: &Core) {
        if let Body::Genesis(genesis) = &core.body {
            self.key = Some(genesis.vk);
            self.session = uuid::Uuid::try_parse(&genesis.session).map_or([0; 16], uuid::Uuid::into_bytes);
        }
    }

    fn first_chain_key(&mut self, core: &Result<Core, Cause>, root: &Digest) {
        let Ok(Core { body: Body::Genesis(genesis), .. }) = core else { return };
        (self.origin, self.chain_key) = match (genesis.origin_id, self.secret) {
            (None, None) => (Origin::None, Some(ChainKey::first(None, root))),
            // Without an origin secret anyone can compute the tags. They are checked all the same.
            (None, Some(_)) => (Origin::Foreign, Some(ChainKey::first(None, root))),
            (Some(_), None) => (Origin::NotChecked, None),
            (Some(id), Some(secret)) if secret.id() == id => {
                (Origin::Authenticated, Some(ChainKey::first(Some(secret), root)))
            }
            (_, Some(_)) => (Origin::Foreign, None),
        };
    }
}

impl Checked {
    fn nothing() -> Self {
        Checked {
            genesis: None,
            size: 0,
            root: Frontier::default().root(),
            genesis_root: [0; 32],
            roots: Vec::new(),
            head_tag: [0; 32],
            times_ns: (0, 0),
            rejection: None,
            torn_bytes: 0,
            origin: Origin::None,
            story: Story::default(),
        }
    }

    /// Tells a line that holds in itself to the story and to the caller.
    fn accept(&mut self, pending: &Pending, sink: Sink) -> Result<(), Cause> {
        let record = pending.record.as_ref().map_err(Clone::clone)?;
        let effect = self.story.apply(record)?;
        let time = record.core.time.realtime_ns;
        if pending.index == 0 {
            self.genesis = Some(record.clone());
            self.genesis_root = pending.leaf_root;
            self.times_ns.0 = time;
        }
        self.times_ns.1 = time;
        self.size = pending.index + 1;
        self.root = pending.leaf_root;
        self.head_tag = pending.tag.unwrap_or_default();
        sink(&Passed { record, effect, story: &self.story, root: self.root });
        Ok(())
    }

    fn conclude<R>(mut self, ahead: &Ahead<R>) -> Checked {
        self.origin = ahead.origin;
        if self.rejection.is_none() {
            self.torn_bytes = ahead.torn_bytes;
        }
        if self.torn_bytes > 0 && self.story.ended {
            self.rejection = Some(Rejection {
                record: self.size,
                offset: ahead.offset - self.torn_bytes,
                cause: Code::JournalAfterEnd.into(),
            });
        }
        if self.size == 0 && self.rejection.is_none() {
            self.rejection = Some(Rejection { record: 0, offset: 0, cause: Code::JournalEmpty.into() });
        }
        if self.rejection.is_none() {
            self.story.conclude(self.size);
        }
        self
    }
}

fn record(core: Core, index: u64, disclosures: &[u8]) -> Result<Record, Cause> {
    if core.index != index {
        return Err(Cause::new(Code::RecordIndex, format!("it calls itself record {}", core.index)));
    }
    if (index == 0) != matches!(core.body, Body::Genesis(_)) {
        return Err(Code::JournalGenesis.into());
    }
    Ok(Record { core, disclosures: Disclosures::decode(disclosures)? })
}

/// The format that a first core names, where it is another version of this one.
fn foreign_format(core: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        format: String,
    }
    let Named { format } = serde_json::from_slice(core).ok()?;
    (format.starts_with(FORMAT_NAME) && format != FORMAT).then_some(format)
}

/// Examines each line of the batch, on so many threads; this one does `meanwhile` first.
fn examine_all<T>(
    batch: &[Pending],
    threads: usize,
    meanwhile: impl FnOnce() -> T,
) -> (T, Vec<Result<(), Cause>>) {
    let verdicts: Vec<OnceLock<Result<(), Cause>>> = batch.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    // A few lines at a time, so that no thread is left with much when the others are done.
    let work = || {
        loop {
            let from = next.fetch_add(SHARE_LINES, Ordering::Relaxed);
            let Some(verdicts) = verdicts.get(from..) else { return };
            for (pending, verdict) in batch[from..].iter().zip(verdicts).take(SHARE_LINES) {
                verdict.get_or_init(|| pending.examine());
            }
        }
    };
    let helpers = threads.min(batch.len().div_ceil(SHARE_LINES)).saturating_sub(1);
    let result = std::thread::scope(|scope| {
        for _ in 0..helpers {
            // Where no thread can be had, this one does it all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        let result = meanwhile();
        work();
        result
    });
    let verdicts = verdicts.into_iter().map(|verdict| verdict.into_inner().expect("each line was examined"));
    (result, verdicts.collect())
}
