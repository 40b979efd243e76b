//! The facts with which a session began: those between genesis and its first shell.
//!
//! What lives here: reading them, and what they say of notice and retention. What does not: what a
//! collector makes of them (`collect`), the check of a whole journal (`journal::check`).
//!
//! Rules: no more than the beginning is read, so it takes no longer for a long session. Signatures
//! are not verified here: who decides by what these facts say has the journal checked.

use std::io::{BufRead as _, BufReader, Read as _};

use super::Session;
use crate::fact::NOTICE;
use crate::fact::notice::{Notice, RETAIN};
use crate::files::from_start;
use crate::record::{Body, Core, Disclosures, Fact, FactTime, Record};

/// How much of a journal is read for its first facts, in bytes.
const BEGIN_MAX: u64 = 4 << 20;

/// The facts of the start, with their records, in order.
pub fn facts(session: &Session) -> impl Iterator<Item = Record> {
    let journal = session.journal().try_clone();
    let mut journal = journal.map(|journal| BufReader::new(from_start(journal).take(BEGIN_MAX))).ok();
    let mut line = Vec::new();
    let mut next = move || {
        line.clear();
        journal.as_mut()?.read_until(b'\n', &mut line).ok()?;
        let line = line.strip_suffix(b"\n")?;
        let mut columns = line.split(|byte| *byte == b'\t');
        let core = Core::decode(columns.next()?).ok()?;
        let disclosures = Disclosures::decode(columns.next()?).ok()?;
        Some(Record { core, disclosures })
    };
    let genesis = next();
    std::iter::from_fn(move || genesis.as_ref().and_then(|_| next()).filter(|record| of(record).is_some()))
}

/// The fact of a record, if it is one of the start.
#[must_use]
pub fn of(record: &Record) -> Option<&Fact> {
    match &record.core.body {
        Body::Fact(fact) if fact.at == FactTime::Start => Some(fact),
        _ => None,
    }
}

/// What was said of a session before it began, as far as its texts are the ones committed to.
#[must_use]
pub fn notice(session: &Session) -> Option<Notice> {
    let good = |record: Record| record.check_commitments().ok().and_then(|()| notice_in(&record));
    facts(session).find_map(good)
}

/// What a record says of notice, purpose and retention; `None` if it is none of a fact of these.
#[must_use]
pub fn notice_in(record: &Record) -> Option<Notice> {
    of(record).filter(|fact| fact.ok && fact.kind == NOTICE)?;
    Some(Notice::of(|name| std::str::from_utf8(record.text(name)?).ok()))
}

/// For how long a session is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// Nothing was said.
    #[default]
    Free,
    /// For so many seconds after its end.
    Seconds(u64),
    /// Something was said, and it is not known what: why, in words.
    Unknown(&'static str),
}

impl Retention {
    /// What the record of a fact says of it; `None` if the fact is of another type.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let fact = of(record).filter(|fact| fact.kind == NOTICE)?;
        if !fact.ok {
            return Some(Retention::Unknown("what was said of its retention could not be recorded"));
        }
        if !record.core.commitments.has(RETAIN) {
            return Some(Retention::Free);
        }
        let Some(text) = record.text(RETAIN) else {
            return Some(Retention::Unknown("its retention was redacted"));
        };
        let said = Notice::of(|name| std::str::from_utf8(text).ok().filter(|_| name == RETAIN)).retain_s;
        Some(said.map_or(Retention::Unknown("its retention is no number of seconds"), Retention::Seconds))
    }
}
