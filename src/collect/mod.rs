//! Collectors: what is seen around the commands, when a session begins and when it ends.
//!
//! What lives here: which of them look, and the facts that come of it. What does not: what a fact
//! says ([`crate::fact`]), how it is kept (`journal::append`).
//!
//! Rules: a collector never stops a session and never waits longer than its limit. One that fails
//! is a fact that says why. They look without the journal's lock, so no shell waits for them.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock;
use crate::fact::{self, COLLECTION, Collection, Collector, Seen, environment as variables};
use crate::files;
use crate::journal::append::Writer;
use crate::paths;
use crate::record::{Body, Closes, Core, Disclosures, Fact, FactTime};
use crate::session::{Result, Session, shells};

mod environment;
mod git;

/// How long a job waits for a program that a collector asks.
pub const IN_A_JOB: Duration = Duration::from_secs(5);
/// How long a person waits for it, at the first prompt and at the end of a shell.
pub const AT_A_PROMPT: Duration = Duration::from_secs(1);
/// How much of a journal is read for what was asked, in bytes.
const ASKED_MAX: u64 = 4 << 20;

/// What the collectors saw, to be appended.
#[derive(Debug, Default)]
pub struct Collected {
    at: Option<FactTime>,
    seen: Vec<Seen>,
}

impl Collected {
    /// Appends a record for each fact.
    ///
    /// # Errors
    /// A record was not appended.
    pub fn append(&self, writer: &mut Writer) -> Result<()> {
        let Some(at) = self.at else { return Ok(()) };
        for seen in &self.seen {
            let mut texts = Disclosures::default();
            seen.texts.iter().for_each(|(name, value)| texts.commit(name, value.to_vec()));
            let kind = seen.kind.to_owned();
            let fact =
                Fact { kind, at, shell: None, n: None, ok: seen.ok, must: false, attached: Vec::new() };
            writer.append(Body::Fact(Box::new(fact)), &texts, clock::now())?;
        }
        Ok(())
    }
}

/// Looks when a session begins. What was asked is the first fact, so that the stop knows it.
#[must_use]
pub fn at_start(asked: &Collection, limit: Duration) -> Collected {
    if asked.collectors.is_empty() && !asked.named {
        return Collected::default();
    }
    let mut seen = vec![asked.seen()];
    let folder = folder(asked);
    for collector in &asked.collectors {
        match collector {
            Collector::Environment => {
                seen.push(variables::seen(&environment::machine(), &asked.variables, bytes_of));
            }
            Collector::Git => seen.push(git::look(&folder, limit)),
            // Outside of CI there is nothing that could say something.
            Collector::Ci => seen.extend(fact::ci::seen(bytes_of)),
        }
    }
    Collected { at: Some(FactTime::Start), seen }
}

/// Looks when a session ends: again at what may have changed.
#[must_use]
pub fn at_stop(session: &Session, limit: Duration) -> Collected {
    let Some(asked) = asked(session) else { return Collected::default() };
    let seen = if asked.collectors.contains(&Collector::Git) {
        vec![git::look(&folder(&asked), limit)]
    } else {
        vec![]
    };
    Collected { at: Some(FactTime::Stop), seen }
}

/// Looks when the last shell of a session leaves that ends with it.
#[must_use]
pub fn at_last(session: &Session, limit: Duration) -> Collected {
    let is_last = session.genesis().closes == Closes::LastShell
        && session.with_writer(|writer| Ok(writer.story()?.live.len() <= 1)).is_ok_and(|last| last);
    if is_last { at_stop(session, limit) } else { Collected::default() }
}

/// What is asked where nothing is said: what the environment says, or the usual collectors, in this
/// folder. A list that cannot be read says nothing.
#[must_use]
pub fn usual() -> Collection {
    let list = paths::variable(paths::COLLECT_VARIABLE).and_then(|list| list.into_string().ok());
    let collectors = list.and_then(|list| Collector::list(&list).ok());
    let collectors = collectors.unwrap_or_else(|| Collector::USUAL.to_vec());
    Collection { collectors, named: false, variables: Vec::new(), folder: shells::workdir() }
}

/// Looks if a session has only just begun, and keeps what was seen.
///
/// # Errors
/// Nothing can be appended to the session.
pub fn begin(session: &Session, asked: &Collection, limit: Duration) -> Result<()> {
    let is_new = |writer: &mut Writer| writer.head().size == 1;
    if !session.with_writer(|writer| Ok(is_new(writer)))? {
        return Ok(());
    }
    let collected = at_start(asked, limit);
    // Another process may have been faster.
    session.with_writer(|writer| if is_new(writer) { collected.append(writer) } else { Ok(()) })
}

/// What was asked when the session began; none if nothing was. That is the record behind genesis,
/// so no more than that is read: the end of a long session takes no longer for it.
fn asked(session: &Session) -> Option<Collection> {
    let mut journal =
        BufReader::new(session.journal().try_clone().map(files::from_start).ok()?.take(ASKED_MAX));
    let (mut genesis, mut line) = (Vec::new(), Vec::new());
    journal.read_until(b'\n', &mut genesis).ok()?;
    journal.read_until(b'\n', &mut line).ok()?;
    let mut columns = line.split(|byte| *byte == b'\t');
    let core = Core::decode(columns.next()?).ok()?;
    let texts = Disclosures::decode(columns.next()?).ok()?;
    match core.body {
        Body::Fact(fact) if fact.kind == COLLECTION => {
            Collection::of(|name| texts.get(name).map(<[u8]>::to_vec))
        }
        _ => None,
    }
}

fn folder(asked: &Collection) -> PathBuf {
    PathBuf::from(OsString::from_vec(asked.folder.clone()))
}

fn bytes_of(name: &str) -> Option<Vec<u8>> {
    paths::variable(name).map(OsString::into_vec)
}
