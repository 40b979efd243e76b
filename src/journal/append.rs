//! Recover, check, append, acknowledge.
//!
//! What lives here: the one writer of journals. It is handed the journal file, locked,
//! and the state file; it opens nothing itself. What does not: where the files are
//! (`session`), what is recorded (`recorder`).
//!
//! Rules: nothing is appended to a journal that is not what the last recorder left;
//! whatever is killed at any instruction leaves either the record whole or no trace of
//! it; an error of the device is an error, never a verdict of tampering.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use uuid::Uuid;

use super::ahead::{Ahead, Step};
use super::chain::{self, Frontier};
use super::head::Head;
use super::line;
use super::lines::Lines;
use super::state::{Condition, FileMark, SLOT_BYTES, Slot, TAKEN, is_of_another_version, newest};
use super::story::Story;
use crate::cause::Cause;
use crate::clock::Moment;
use crate::crypto::{ChainKey, Digest, OriginSecret, Seed};
use crate::files::read_at_most;
use crate::mask::Masker;
use crate::record::{Body, Core, Disclosures, LINE_MAX, Record, Recovered, Texts};

/// Why nothing was appended.
#[derive(Debug)]
pub enum AppendError {
    /// The journal is not what the last recorder left. Every byte is kept, the keys are gone.
    Tampered(String),
    /// The session has ended.
    Ended,
    /// The state is gone or from another boot: the session cannot go on.
    Lost(String),
    /// The record is longer than the format allows.
    TooLong(String),
    /// The record is not one that a reader would take.
    Unfit(Cause),
    /// A system call failed.
    Io(&'static str, io::Error),
}

impl std::fmt::Display for AppendError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            AppendError::Tampered(why) => write!(f, "the journal was changed from outside: {why}"),
            AppendError::Ended => f.write_str("the session has ended"),
            AppendError::Lost(why) => write!(f, "the session cannot go on: {why}"),
            AppendError::TooLong(what) => write!(f, "the record is too long: {what}"),
            AppendError::Unfit(cause) => write!(f, "the record cannot be written: {cause}"),
            AppendError::Io(what, error) => write!(f, "cannot {what}: {}", crate::files::words(error)),
        }
    }
}

impl std::error::Error for AppendError {}

impl From<Cause> for AppendError {
    fn from(cause: Cause) -> Self {
        AppendError::Unfit(cause)
    }
}

type Result<T> = std::result::Result<T, AppendError>;

trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &'static str) -> Result<T> {
        self.map_err(|error| AppendError::Io(what, error))
    }
}

/// A journal that was recovered and checked, ready to be appended to.
pub struct Writer<'a> {
    journal: &'a File,
    state: &'a File,
    slot: Slot,
    masker: &'a Masker,
    ahead: Option<&'a Ahead>,
}

/// What [`Writer::create`] needs beside the genesis body.
pub struct Birth<'a> {
    /// The session's id.
    pub session: [u8; 16],
    /// The kernel's boot id.
    pub boot_id: [u8; 16],
    /// The origin secret, if there is one.
    pub secret: Option<&'a OriginSecret>,
    /// The seed whose key genesis names as `vk`.
    pub seed: Seed,
    /// What is masked in the texts of its records.
    pub masker: &'a Masker,
}

impl<'a> Writer<'a> {
    /// Writes the genesis line into an empty journal and the first slot into an empty state.
    ///
    /// # Errors
    /// A system call failed, or the genesis is too long.
    pub fn create(
        journal: &'a File,
        state: &'a File,
        birth: &Birth<'a>,
        genesis: Body,
        texts: &Texts,
        now: Moment,
    ) -> Result<Self> {
        let next = birth.seed.next();
        let public = next.public();
        let core = Core {
            index: 0,
            body: genesis,
            commitments: texts.commitments(),
            time: now,
            recovered: None,
            next_key: Some(public),
        };
        let mut story = Box::<Story>::default();
        story.add(&core)?;
        let core = core.encode()?;
        let mut frontier = Frontier::default();
        frontier.push(chain::leaf(&core));
        let root = frontier.root();
        let chain_key = ChainKey::first(birth.secret, &root);
        let auth = chain::sign(&birth.seed, &birth.seed.public(), &chain_key, &birth.session, 0, &root);
        let line = joined(&core, &texts.disclosures().encode(), &auth)?;
        state.write_all_at(&[0; 2 * SLOT_BYTES], 0).doing("write the state")?;
        journal.write_all_at(&line, 0).doing("write the journal")?;
        let slot = Slot {
            generation: 1,
            session: birth.session,
            genesis: root,
            boot_id: birth.boot_id,
            condition: Condition::Live,
            frontier,
            running: chain::running(&[0; 32], &line),
            mark: mark(journal)?,
            seed: next,
            public,
            chain_key: chain_key.next(&root),
            recovered: Recovered::default(),
            sync_failed: false,
            story: Some(story),
        };
        state.write_all_at(&slot.encode(), slot.offset()).doing("write the state")?;
        Ok(Writer { journal, state, slot, masker: birth.masker, ahead: None })
    }

    /// Recovers from whatever the last recorder left, and checks that nobody else wrote.
    ///
    /// # Errors
    /// See [`AppendError`]. A journal found tampered is marked so, and its keys are erased.
    pub fn open(
        journal: &'a File,
        state: &'a File,
        genesis: Option<&Digest>,
        boot_id: Option<&[u8; 16]>,
        masker: &'a Masker,
    ) -> Result<Self> {
        let mut bytes = zeroize::Zeroizing::new([0; 2 * SLOT_BYTES]);
        let read = read_at_most(state, &mut bytes[..], 0).doing("read the state")?;
        let Some((slot, dirty)) = newest(&bytes[..read]) else {
            let zero = bytes.iter().all(|byte| *byte == 0);
            return Err(if zero {
                AppendError::Ended
            } else if bytes.starts_with(TAKEN) {
                AppendError::Lost("its keys are in the memory of its recorder, which alone appends".into())
            } else if is_of_another_version(&bytes[..read]) {
                AppendError::Lost("its state was written by another version of attesh".into())
            } else {
                AppendError::Lost("no slot of its state is whole".into())
            });
        };
        if boot_id.is_some_and(|boot_id| slot.boot_id != *boot_id) {
            return Err(AppendError::Lost("its state is from another boot of this machine".into()));
        }
        if let Condition::Tampered(why) = slot.condition {
            return Err(AppendError::Tampered(why));
        }
        let mut writer = Writer { journal, state, slot, masker, ahead: None };
        if dirty {
            writer.zero_other_slot()?;
        }
        let rewritten = genesis.is_some_and(|genesis| *genesis != writer.slot.genesis);
        let recovered = if rewritten {
            Err(AppendError::Tampered("its genesis is not the one that was recorded".into()))
        } else {
            writer.recover()
        };
        match recovered {
            Err(AppendError::Tampered(why)) => {
                writer.condemn(&why)?;
                Err(AppendError::Tampered(why))
            }
            Err(other) => Err(other),
            Ok(()) => Ok(writer),
        }
    }

    /// Uses what is known ahead, and says what can be.
    pub fn look_ahead(&mut self, ahead: &'a Ahead) {
        self.ahead = Some(ahead);
    }

    /// The head of the journal as it stands.
    #[must_use]
    pub fn head(&self) -> Head {
        self.slot.head()
    }

    /// What is masked in the texts of its records.
    #[must_use]
    pub fn masker(&self) -> &'a Masker {
        self.masker
    }

    /// The root after genesis: the short name of this journal's first record.
    #[must_use]
    pub fn genesis(&self) -> Digest {
        self.slot.genesis
    }

    /// Appends one record; when this returns, the record is in the journal and the key that
    /// signed it is gone.
    ///
    /// # Errors
    /// See [`AppendError`]; the journal is then as it was.
    pub fn append(&mut self, body: Body, texts: &Texts, now: Moment) -> Result<Head> {
        let ready = self.ahead.and_then(|ahead| ahead.take(&self.slot, &body, texts));
        match ready {
            Some(step) => self.write(step),
            None => {
                let step = self.step(body, texts, now)?;
                self.write(step)
            }
        }
    }

    /// Makes what the next append will write, if nothing else is appended before it and it is of this
    /// body and these texts. Nothing is written.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub fn make_ready(&mut self, body: Body, texts: &Texts, now: Moment) -> Result<()> {
        let Some(ahead) = self.ahead else { return Ok(()) };
        let step = self.step(body.clone(), texts, now)?;
        ahead.keep(&self.slot, body, texts.clone(), step);
        Ok(())
    }

    /// Makes the next record, without the file.
    fn step(&mut self, body: Body, texts: &Texts, now: Moment) -> Result<Step> {
        let is_last = matches!(body, Body::End(_));
        // Where this fails the story is read from the journal again.
        let mut story = self.slot.story.take();
        let old = &self.slot;
        let seed = old.seed.next();
        let public = self.ahead.map_or_else(|| seed.public(), |ahead| ahead.public_of(&seed));
        let index = old.frontier.size();
        if index == chain::SIZE_MAX {
            return Err(AppendError::TooLong(format!(
                "the journal has {index} records, the most there can be"
            )));
        }
        let core = Core {
            index,
            body,
            commitments: texts.commitments(),
            time: now,
            recovered: (old.recovered != Recovered::default()).then_some(old.recovered),
            next_key: (!is_last).then_some(public),
        };
        if let Some(story) = &mut story {
            story.add(&core)?;
        }
        let core = core.encode()?;
        let mut frontier = old.frontier.clone();
        frontier.push(chain::leaf(&core));
        let root = frontier.root();
        let auth = chain::sign(&old.seed, &old.public, &old.chain_key, &old.session, index, &root);
        let line = joined(&core, &texts.disclosures().encode(), &auth)?;
        let slot = Slot {
            generation: old.generation + 1,
            running: chain::running(&old.running, &line),
            chain_key: old.chain_key.next(&root),
            frontier,
            seed,
            public,
            recovered: Recovered::default(),
            story,
            ..old.clone()
        };
        Ok(Step { line, root, is_last, slot })
    }

    /// Writes the record that was made as the next.
    fn write(&mut self, step: Step) -> Result<Head> {
        let Step { line, root, is_last, mut slot } = step;
        let old = &self.slot;
        let before = old.mark.length;
        if let Err(error) = self.journal.write_all_at(&line, before) {
            let _ = self.journal.set_len(before);
            return Err(AppendError::Io("write the journal", error));
        }
        // Of the tree that was hashed when the record was made; asking the slot would hash it again.
        let head = Head { session: Uuid::from_bytes(old.session), size: slot.frontier.size(), root };
        if is_last {
            self.erase()?;
            return Ok(head);
        }
        // As written, not as found: whatever else stands there by now is not ours.
        slot.mark = FileMark { length: before + line.len() as u64, ..mark(self.journal)? };
        let place = slot.offset();
        if let Err(error) = self.install(slot) {
            // An error may come after the bytes arrived. The line goes only where no slot
            // that counts it can be left; else the next recorder takes it over.
            if self.state.write_all_at(&[0; SLOT_BYTES], place).is_ok() {
                let _ = self.journal.set_len(before);
            }
            return Err(error);
        }
        self.zero_other_slot()?;
        if let Some(ahead) = self.ahead {
            ahead.appended(&self.slot.seed);
        }
        Ok(head)
    }

    /// Brings journal and state to the disk. A failure is remembered, and never retried:
    /// after one the kernel may have dropped what it could not write.
    ///
    /// # Errors
    /// The device refused, now or before.
    pub fn sync(&mut self) -> Result<()> {
        if self.slot.sync_failed {
            return Err(AppendError::Io(
                "bring the journal to the disk",
                io::Error::other("it failed before"),
            ));
        }
        let result = self.journal.sync_all();
        if result.is_err() {
            // At once: whoever comes after a kill must not ask again.
            let generation = self.slot.generation + 1;
            self.install(Slot { generation, sync_failed: true, ..self.slot.clone() })?;
            self.zero_other_slot()?;
        }
        result.doing("bring the journal to the disk")
    }

    /// The record of this shell that was appended last; `None` for `limit` looks back to
    /// the beginning, else at most so many bytes. It reads no more than it needs.
    ///
    /// # Errors
    /// The journal could not be read.
    pub fn last_of_shell(
        &self,
        shell: u64,
        limit: Option<u64>,
        wanted: fn(&Body) -> Option<u64>,
    ) -> Result<Option<Record>> {
        let end = self.slot.mark.length;
        let limit = limit.unwrap_or(end).min(end);
        let mut window = LOOK_BACK_BYTES.min(limit);
        loop {
            let mut tail = vec![0; usize::try_from(window).expect("bounded by the file")];
            self.journal.read_exact_at(&mut tail, end - window).doing("read the journal")?;
            let found = last_in(&tail, shell, wanted);
            if found.is_some() || window == limit {
                return Ok(found);
            }
            window = window.saturating_mul(4).min(limit);
        }
    }

    /// The shells and commands of the journal so far, from the state; from the journal, if the
    /// state has no room for them. Findings may be missing. The lines are those this writer has just checked or taken over
    /// unchanged, so their signatures are not verified again.
    ///
    /// # Errors
    /// The journal could not be read.
    pub fn story(&mut self) -> Result<Story> {
        if let Some(story) = &self.slot.story {
            return Ok(Story::clone(story));
        }
        let mut lines = Lines::new(self.journal, self.slot.mark.length);
        let mut story = Story::default();
        while let Some(text) = lines.next().doing("read the journal")? {
            let unreadable = || AppendError::Tampered("a line cannot be read".into());
            let core = text.split(|byte| *byte == b'\t').next().unwrap_or_default();
            let core = Core::decode(core).map_err(|_| unreadable())?;
            story.add(&core).map_err(|_| unreadable())?;
        }
        // The next slot has it again, if there is room by now.
        self.slot.story = Some(Box::new(story.clone()));
        Ok(story)
    }

    /// The shells, commands and findings so far, if the state has them all.
    #[must_use]
    pub fn kept_story(&self) -> Option<&Story> {
        self.slot.story.as_deref().filter(|story| story.has_findings())
    }

    fn recover(&mut self) -> Result<()> {
        let now = mark(self.journal)?;
        let left = self.slot.mark;
        // The device's number changes when a file system is mounted again; then the lines decide.
        if now.ino != left.ino {
            return Err(AppendError::Tampered("it is another file".into()));
        }
        if now.length < left.length {
            return Err(AppendError::Tampered(format!(
                "it was cut from {} to {} bytes",
                left.length, now.length
            )));
        }
        if now != left {
            self.rehash()?;
        }
        if now.length == left.length {
            return Ok(());
        }
        let beyond = now.length - left.length;
        if beyond > LINE_MAX as u64 {
            return Err(AppendError::Tampered(format!("{beyond} bytes were added at its end")));
        }
        let mut tail = vec![0; usize::try_from(beyond).expect("at most LINE_MAX")];
        self.journal.read_exact_at(&mut tail, left.length).doing("read the journal")?;
        if tail.contains(&b'\n') { self.adopt(&tail) } else { self.cut(beyond) }
    }

    /// Takes over a complete line whose recorder was killed before it could say so.
    fn adopt(&mut self, tail: &[u8]) -> Result<()> {
        let foreign = || AppendError::Tampered("a line was added at its end that no recorder signed".into());
        let columns = line::split(tail).map_err(|_| foreign())?;
        let mut slot = self.slot.clone();
        let index = slot.frontier.size();
        slot.frontier.push(chain::leaf(columns.core));
        let root = slot.frontier.root();
        if chain::sign(&slot.seed, &slot.public, &slot.chain_key, &slot.session, index, &root) != columns.auth
        {
            return Err(foreign());
        }
        let core = Core::decode(columns.core).map_err(|_| foreign())?;
        let record =
            Record { core, disclosures: Disclosures::decode(columns.disclosures).map_err(|_| foreign())? };
        record.check_commitments().map_err(|_| foreign())?;
        if matches!(record.core.body, Body::End(_)) {
            self.erase()?;
            return Err(AppendError::Ended);
        }
        if let Some(story) = &mut slot.story {
            story.add(&record.core).map_err(|_| foreign())?;
        }
        slot.chain_key = slot.chain_key.next(&root);
        slot.seed = slot.seed.next();
        slot.public = slot.seed.public();
        slot.running = chain::running(&slot.running, tail);
        slot.recovered = Recovered { adopted: 1, cut_bytes: 0 };
        slot.generation += 1;
        slot.mark = FileMark { length: slot.mark.length + tail.len() as u64, ..mark(self.journal)? };
        self.install(slot)?;
        self.zero_other_slot()
    }

    /// Cuts off a torn line. The slot says so first: killed in between, the next recorder
    /// finds the same torn line and says the same.
    fn cut(&mut self, bytes: u64) -> Result<()> {
        let mut slot = self.slot.clone();
        slot.recovered.cut_bytes = slot.recovered.cut_bytes.max(bytes);
        slot.generation += 1;
        self.install(slot)?;
        self.zero_other_slot()?;
        self.journal.set_len(self.slot.mark.length).doing("cut off a torn line")
    }

    /// Hashes every line again and compares with what the last recorder left: where the lines
    /// are the same the tree over them is.
    fn rehash(&self) -> Result<()> {
        let mut lines = Lines::new(self.journal, self.slot.mark.length);
        let mut running = [0; 32];
        while let Some(text) = lines.next().doing("read the journal")? {
            running = chain::running(&running, text);
        }
        if running == self.slot.running {
            return Ok(());
        }
        Err(AppendError::Tampered("its lines are not those that were recorded".into()))
    }

    fn install(&mut self, slot: Slot) -> Result<()> {
        self.state.write_all_at(&slot.encode(), slot.offset()).doing("write the state")?;
        self.slot = slot;
        Ok(())
    }

    fn zero_other_slot(&self) -> Result<()> {
        let other = SLOT_BYTES as u64 - self.slot.offset();
        self.state.write_all_at(&[0; SLOT_BYTES], other).doing("erase the last key")
    }

    fn condemn(&mut self, why: &str) -> Result<()> {
        let slot = self.slot.clone().tampered(why);
        self.install(slot)?;
        self.zero_other_slot()
    }

    /// Zeroes both slots: the session is over.
    fn erase(&mut self) -> Result<()> {
        self.state.write_all_at(&[0; 2 * SLOT_BYTES], 0).doing("erase the keys")
    }
}

/// How much of a journal's end is read first when more of it may be read, in bytes.
const LOOK_BACK_BYTES: u64 = 16 << 10;

/// The last record of a shell in the end of a journal, whose first line may be torn.
fn last_in(tail: &[u8], shell: u64, wanted: fn(&Body) -> Option<u64>) -> Option<Record> {
    for text in tail.rsplit(|byte| *byte == b'\n').skip(1) {
        let mut columns = text.split(|byte| *byte == b'\t');
        let core = Core::decode(columns.next()?).ok()?;
        if wanted(&core.body) == Some(shell) {
            let disclosures = Disclosures::decode(columns.next()?).ok()?;
            return Some(Record { core, disclosures });
        }
    }
    None
}

fn joined(core: &[u8], disclosures: &[u8], auth: &chain::Auth) -> Result<Vec<u8>> {
    let line = line::join(core, disclosures, auth);
    if line.len() > LINE_MAX {
        return Err(AppendError::TooLong(format!(
            "its line has {} bytes, the limit is {LINE_MAX}",
            line.len()
        )));
    }
    Ok(line)
}

fn mark(journal: &File) -> Result<FileMark> {
    let meta = journal.metadata().doing("examine the journal")?;
    Ok(FileMark {
        dev: meta.dev(),
        ino: meta.ino(),
        length: meta.len(),
        ctime_s: meta.ctime(),
        ctime_ns: meta.ctime_nsec(),
    })
}

/// The head of a journal that nobody appends to any more, from its complete lines.
///
/// # Errors
/// The journal could not be read.
pub fn head_of(journal: &File, session: Uuid) -> Result<Head> {
    let length = mark(journal)?.length;
    let mut lines = Lines::new(journal, length);
    let mut frontier = Frontier::default();
    while let Some(text) = lines.next().doing("read the journal")? {
        if text.last() == Some(&b'\n') {
            frontier.push(chain::leaf(text.split(|byte| *byte == b'\t').next().unwrap_or_default()));
        }
    }
    Ok(Head { session, size: frontier.size(), root: frontier.root() })
}
