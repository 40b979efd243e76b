//! Collectors: what is seen around the commands, when a session begins and when it ends.
//!
//! What lives here: which of them look, and the facts that come of it. What does not: what a fact
//! says ([`crate::fact`]), how it is kept (`journal::append`).
//!
//! Rules: a collector never stops a session and never waits longer than its limit. One that fails
//! is a fact that says why. They look without the journal's lock, so no shell waits for them.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::{self, Deadline};
use crate::crypto::sha256_of_many;
use crate::fact::manifest::Manifest;
use crate::fact::{
    self, COLLECTION, Collection, Collector, ERROR, GIT, IDENTITY, MATERIALS, NOTICE, PRODUCTS, Seen,
    environment as variables,
};
use crate::journal::append::Writer;
use crate::paths;
use crate::record::{Attached, Body, Closes, Fact, FactTime, Texts};
use crate::report;
use crate::session::{Result, Session, began, shells};
use crate::text::visible;

mod environment;
mod files;
mod git;
pub mod notice;
mod patience;
mod read;
mod tree;

pub use files::{MATERIALS_FILE, PRODUCTS_FILE};
pub use patience::{AT_A_PROMPT, IN_A_JOB, Patience};
pub use read::UNSURE_NS;

/// What the collectors saw, to be appended.
#[derive(Debug, Default)]
pub struct Collected {
    at: Option<FactTime>,
    seen: Vec<Seen>,
    /// The folder of the session, beside whose journal the files of facts are put.
    folder: PathBuf,
}

impl Collected {
    /// Says why files are not recorded: who asked for them wants to know before it is too late.
    fn say_what_failed(&self) {
        for seen in self.seen.iter().filter(|seen| !seen.ok) {
            let what = match seen.kind {
                MATERIALS => "the materials are",
                PRODUCTS => "the products are",
                IDENTITY => "the token of the job is",
                NOTICE => "notice, purpose and retention are",
                _ => continue,
            };
            let why = seen.texts.get(ERROR).unwrap_or_default();
            report::say(&format!("{what} not recorded: {}", visible(why)));
        }
    }

    /// Appends a record for each fact, and puts its file beside the journal.
    ///
    /// # Errors
    /// A record was not appended.
    pub fn append(&self, writer: &mut Writer) -> Result<()> {
        let Some(at) = self.at else { return Ok(()) };
        for seen in &self.seen {
            let put = seen.attached.as_ref().map_or(Ok(()), |file| files::attach(&self.folder, file));
            match put {
                Ok(()) => record(writer, at, seen)?,
                Err(why) => record(writer, at, &Seen::failed(seen.kind, &why))?,
            }
        }
        Ok(())
    }
}

fn record(writer: &mut Writer, at: FactTime, seen: &Seen) -> Result<()> {
    let mut texts = Texts::default();
    for (name, value) in seen.texts.iter() {
        let (masker, value) = (writer.masker(), value.to_vec());
        let screened = match name.strip_prefix(variables::PREFIX) {
            Some(variable) => masker.screen_variable(variable, value),
            None => masker.screen(value),
        };
        texts.commit(name, &screened);
    }
    let attached = seen.attached.iter().map(|file| Attached {
        name: file.name.to_owned(),
        size: file.bytes.len() as u64,
        sha256: sha256_of_many(&file.bytes),
        media_type: file.media_type.to_owned(),
    });
    let attached = attached.collect();
    let fact =
        Fact { kind: seen.kind.to_owned(), at, shell: None, n: None, ok: seen.ok, must: false, attached };
    writer.append(Body::Fact(Box::new(fact)), &texts, clock::now())?;
    Ok(())
}

/// Looks when a session begins. What was asked is the first fact, so that the stop knows it.
fn at_start(session: &Session, asked: &Collection, patience: Patience) -> Collected {
    let told = match &asked.notice {
        Ok(notice) => notice::seen(notice),
        Err(why) => Some(Seen::failed(NOTICE, why)),
    };
    let is_nothing = asked.collectors.is_empty() && !asked.has_files() && asked.identity.is_none();
    if is_nothing && !asked.named && told.is_none() {
        return Collected::default();
    }
    let asked = &files::resolved(asked);
    let mut seen: Vec<Seen> = [asked.seen()].into_iter().chain(told).collect();
    let folder = asked.path();
    for collector in &asked.collectors {
        match collector {
            Collector::Environment => {
                // The variable with the token is told of without its signature.
                let of = |name: &str| bytes_of(name).filter(|_| asked.identity.as_deref() != Some(name));
                seen.push(variables::seen(&environment::machine(), &asked.variables, of));
            }
            Collector::Git => seen.push(git::look(&folder, patience.asked)),
            // Outside of CI there is nothing that could say something.
            Collector::Ci => seen.extend(fact::ci::seen(bytes_of)),
        }
    }
    if let Some(name) = &asked.identity {
        seen.push(match name.as_str() {
            "" => Seen::failed(IDENTITY, &format!("{} names no variable", paths::IDENTITY_VARIABLE)),
            name => fact::identity::seen(name, bytes_of(name).as_deref()),
        });
    }
    if asked.has_files() {
        seen.push(files::materials(session, asked, patience));
    }
    Collected { at: Some(FactTime::Start), seen, folder: session.folder().path().to_owned() }
}

/// Looks when a session ends: again at what may have changed.
#[must_use]
pub fn at_stop(session: &Session, patience: Patience) -> Collected {
    let Some(Began { asked, materials }) = began(session) else { return Collected::default() };
    let mut seen = Vec::new();
    if asked.has_files() {
        seen.push(files::products(session, &asked, materials.as_ref(), patience));
    }
    if asked.collectors.contains(&Collector::Git) {
        seen.push(match files::is_moved(&asked) {
            Some(why) => Seen::failed(GIT, &why),
            None => git::look(&asked.path(), patience.asked),
        });
    }
    let collected = Collected { at: Some(FactTime::Stop), seen, folder: session.folder().path().to_owned() };
    collected.say_what_failed();
    collected
}

/// Looks when the last shell of a session leaves that ends with it.
#[must_use]
pub fn at_last(session: &Session, patience: Patience) -> Collected {
    let is_last = session.genesis().closes == Closes::LastShell
        && session.with_writer(|writer| Ok(writer.story()?.live.len() <= 1)).is_ok_and(|last| last);
    if is_last { at_stop(session, patience) } else { Collected::default() }
}

/// What is asked where nothing is said: what the environment says, or the usual collectors, in this
/// folder. A list that cannot be read says nothing.
#[must_use]
pub fn usual() -> Collection {
    let list = paths::variable(paths::COLLECT_VARIABLE).and_then(|list| list.into_string().ok());
    let collectors = list.and_then(|list| Collector::list(&list).ok());
    let collectors = collectors.unwrap_or_else(|| Collector::USUAL.to_vec());
    Collection {
        collectors,
        named: false,
        variables: Vec::new(),
        folder: shells::workdir(),
        materials: paths::listed(paths::MATERIALS_VARIABLE),
        products: paths::listed(paths::PRODUCTS_VARIABLE),
        // Whoever put the token there, and not the name of its variable, gets it recorded nowhere.
        identity: paths::variable(paths::IDENTITY_VARIABLE)
            .map(|name| name.into_string().ok().filter(|name| variables::is_name(name)).unwrap_or_default()),
        notice: notice::usual(notice::Said::default()),
        by_option: false,
    }
}

/// All that is in a folder, as a manifest.
///
/// # Errors
/// It is no folder that can be read.
pub fn contents(folder: &Path) -> std::result::Result<Manifest, String> {
    let until = Deadline::after(Duration::MAX);
    let tree = tree::all_of(folder, until)?;
    let (entries, _) = read::read(tree.found.into_iter(), &read::Memory::default(), until)?;
    Ok(Manifest::new(entries))
}

/// Whether patterns name products.
///
/// # Errors
/// Which of them is not one, and why.
pub fn check_patterns(patterns: &[String]) -> std::result::Result<(), String> {
    tree::Patterns::new(patterns).map(|_| ())
}

/// Looks if a session has only just begun, and keeps what was seen.
///
/// # Errors
/// Nothing can be appended to the session.
pub fn begin(session: &Session, asked: &Collection, patience: Patience) -> Result<()> {
    let is_new = |writer: &mut Writer| writer.head().size == 1;
    if !session.with_writer(|writer| Ok(is_new(writer)))? {
        if asked.by_option {
            report::say(
                "this session has begun already, so nothing of this is taken: what its collectors see, which files are recorded, and its notice, purpose and retention are said when it begins",
            );
        }
        return Ok(());
    }
    let collected = at_start(session, asked, patience);
    collected.say_what_failed();
    // Another process may have been faster.
    session.with_writer(|writer| if is_new(writer) { collected.append(writer) } else { Ok(()) })
}

/// What was asked when a session began, and what was seen of the materials.
struct Began {
    asked: Collection,
    materials: Option<files::Began>,
}

/// What the first facts say. `None` if nothing was asked.
fn began(session: &Session) -> Option<Began> {
    let mut facts = began::facts(session);
    let first =
        facts.next().filter(|record| began::of(record).is_some_and(|fact| fact.kind == COLLECTION))?;
    let asked = Collection::of(|name| first.text(name).map(<[u8]>::to_vec))?;
    let materials = facts.find_map(|record| match record.core.body {
        Body::Fact(fact) if fact.kind == MATERIALS => {
            Some(files::Began { fact: *fact, texts: record.disclosures })
        }
        _ => None,
    });
    Some(Began { asked, materials })
}

fn bytes_of(name: &str) -> Option<Vec<u8>> {
    paths::variable(name).map(OsString::into_vec)
}
