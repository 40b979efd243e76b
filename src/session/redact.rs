//! Taking texts out of the journal of a session that is over.
//!
//! What lives here: whether that can be, the lock, what a killed one left behind, the new journal
//! in the place of the old one, and the files beside it that go. What does not: which texts are
//! meant (`journal::redact`), what is said of it (`cli`).
//!
//! Rules: the journal is checked before anything is written, and the new one before it takes the
//! old one's place; it has the same cores, so that every head still fits. Whoever is killed leaves
//! the old one or the new one, and what else he leaves the next one removes.

use std::fs::{File, FileTimes, Permissions};
use std::io::{self, BufWriter};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use super::attached;
use super::heads::checked_with;
use super::told;
use super::{JOURNAL, SEALED, Session, SessionError};
use crate::cause::Code;
use crate::encoding::hex;
use crate::failure::Failure;
use crate::files::{self, FileError, Folder, Overwrite, Published, temporary_prefix};
use crate::journal::append::AppendError;
use crate::journal::check::{Checked, Knowledge, RereadError, check};
use crate::journal::redact::{Asked, Finder, Gone, without};
use crate::lock::{self, Locked, PATIENCE_MS};
use crate::record::{ATTACHED_FOLDER, Body};
use crate::seal::envelope::{Envelope, MAX_ENVELOPE_BYTES};
use crate::seal::form;
use crate::seal::statement::Statement;
use crate::text::{Command, Next};

/// A session of which nobody else can take something out meanwhile.
#[derive(Debug)]
pub struct Redaction<'a> {
    session: &'a Session,
    _lock: Locked<'a>,
}

/// What is meant.
#[derive(Debug)]
pub struct Found {
    /// The texts, in the order of their records.
    pub texts: Vec<Gone>,
    /// The files that travel with the journal: the record of the fact, and the name.
    pub files: Vec<(u64, String)>,
    /// The first of what was asked for which there is nothing: its place in the list.
    pub missed: Option<usize>,
    /// How many commands the session has.
    pub commands: u64,
    before: Checked,
}

impl<'a> Redaction<'a> {
    /// Takes the lock.
    ///
    /// # Errors
    /// The session goes on, or may; it was sealed; its state is still there; it is locked.
    pub fn begin(session: &'a Session) -> Result<Self, Failure> {
        let path = session.folder().path().join(JOURNAL);
        if path.is_symlink() {
            // The new journal would take the place of the link alone.
            return Err(FileError::Link(path).into());
        }
        refuse_unless_over(session)?;
        let lock = lock::exclusive(session.journal(), PATIENCE_MS).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => SessionError::Busy,
            _ => AppendError::Io("lock the journal", error).into(),
        })?;
        let in_place = session.is_in_place().map_err(|error| AppendError::Io("look at the journal", error));
        if !in_place.map_err(SessionError::from)? {
            let what = format!("another process has just redacted session {}", session.short_name());
            return Err(Failure::unable(what).next("try again"));
        }
        refuse_sealed(session)?;
        Ok(Redaction { session, _lock: lock })
    }

    /// Removes what somebody left who was killed: an unfinished journal, an unfinished file.
    ///
    /// # Errors
    /// It could not be removed.
    pub fn clean(&self) -> Result<(), Failure> {
        remove_all(self.session.folder(), &temporary_prefix(JOURNAL))?;
        // The name of a file that belongs to a fact begins with a letter or a digit.
        self.attached().map_or(Ok(()), |folder| remove_all(&folder, "."))
    }

    /// Checks the journal, and finds what is meant.
    ///
    /// # Errors
    /// The journal, or a file beside it, is not what was recorded, or could not be read.
    pub fn find(&self, asked: &[Asked]) -> Result<Found, Failure> {
        let mut finder = Finder::new(asked);
        let (mut files, mut fault) = (Vec::new(), None);
        let folder = self.session.folder().path();
        let before = checked_with(self.session, Knowledge::default(), &mut |passed| {
            finder.take(passed.record);
            let Body::Fact(fact) = &passed.record.core.body else { return };
            if !finder.asks_for_files() {
                return;
            }
            for one in &fact.attached {
                match attached::read(folder, one) {
                    Ok(Some(bytes)) if finder.file_goes(passed.record, &bytes) => {
                        files.push((passed.record.core.index, one.name.clone()));
                    }
                    Ok(_) => {}
                    Err(cause) => drop(fault.get_or_insert(cause)),
                }
            }
        })?;
        if let Some(cause) = fault {
            return Err(Failure::because(cause.code, cause.to_string()));
        }
        let (missed, commands) = (finder.missed(), finder.commands());
        Ok(Found { texts: finder.gone(), files, missed, commands, before })
    }

    /// Takes it out.
    ///
    /// # Errors
    /// The new journal could not be written, or is not the same but for the texts: then the old one
    /// is there, and nothing else was removed.
    pub fn take_out(&self, found: &Found) -> Result<(), Failure> {
        let new = if found.texts.is_empty() { None } else { Some(self.written(found)?) };
        if let Some(folder) = self.attached() {
            found.files.iter().try_for_each(|(_, name)| folder.remove(name))?;
        }
        if let Some(new) = new {
            new.publish(Overwrite::Yes)?;
        }
        told::forget(self.session);
        // A seal that had begun before has read the old journal.
        refuse_sealed(self.session)
    }

    /// The new journal, which has no name yet.
    fn written(&self, found: &Found) -> Result<Published, Failure> {
        let mut new = Published::create(&self.session.folder().path().join(JOURNAL), 0o600)?;
        let journal = self.session.journal();
        let old = journal.try_clone().map_err(cannot("read the journal"))?;
        let mut out = BufWriter::new(new.file());
        without(files::from_start(old), &found.texts, &mut out).map_err(|error| match error {
            RereadError::Io(error) => cannot("write the new journal")(error),
            RereadError::Changed => changed(),
        })?;
        drop(out);
        let file = new.file();
        is_like(file, journal)?;
        is_same(file, found)?;
        Ok(new)
    }

    /// The folder of the files that belong to facts, if there is one.
    fn attached(&self) -> Option<Folder> {
        Folder::open_any(&self.session.folder().path().join(ATTACHED_FOLDER)).ok()
    }
}

/// Removes the files of a folder whose names begin so.
fn remove_all(folder: &Folder, prefix: &str) -> Result<(), Failure> {
    let names = folder.names()?.into_iter().filter_map(|name| name.into_string().ok());
    names.filter(|name| name.starts_with(prefix)).try_for_each(|name| Ok(folder.remove(&name)?))
}

fn cannot(what: &'static str) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::unable(format!("cannot {what}: {}", files::words(&error)))
}

fn changed() -> Failure {
    Failure::because(Code::JournalChanged, Code::JournalChanged.sentence())
}

/// Gives the new journal the owner, the mode and the times of the old one. By its time a session
/// without an end is told from one that goes on elsewhere.
fn is_like(new: &File, old: &File) -> Result<(), Failure> {
    let looked = || Ok((old.metadata()?, new.metadata()?));
    let (old, own) = looked().map_err(cannot("look at the journal"))?;
    if (old.uid(), old.gid()) != (own.uid(), own.gid()) {
        fchown(new, Some(old.uid()), Some(old.gid()))
            .map_err(cannot("give the new journal the owner of the old one"))
            .map_err(|failure| failure.next("do it as that user"))?;
    }
    let set = || {
        new.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
        new.set_times(FileTimes::new().set_accessed(old.accessed()?).set_modified(old.modified()?))
    };
    set().map_err(cannot("give the new journal the mode and the time of the old one"))
}

/// Checks that the new journal has the records of the old one, and none of these texts.
fn is_same(new: &File, found: &Found) -> Result<(), Failure> {
    let reader = new.try_clone().map(files::from_start).map_err(cannot("read the new journal"))?;
    let (mut gone, mut left) = (found.texts.iter().peekable(), false);
    let after = check(reader, Knowledge::default(), &mut |passed| {
        let record = passed.record;
        while let Some(gone) = gone.next_if(|gone| gone.record == record.core.index) {
            left |= record.text(&gone.name).is_some();
        }
    });
    let after = after.map_err(cannot("read the new journal"))?;
    let told = |checked: &Checked| (checked.head(), checked.genesis_root, checked.head_tag);
    let same = after.rejection.is_none() && told(&after) == told(&found.before);
    if same && !left && gone.peek().is_none() { Ok(()) } else { Err(changed()) }
}

/// Nothing is taken out while somebody may append, or may still have to.
fn refuse_unless_over(session: &Session) -> Result<(), Failure> {
    let name = session.short_name();
    if let Some(place) = session.elsewhere()? {
        return Err(SessionError::Elsewhere(name.to_owned(), place).into());
    }
    let of_others = session.is_copy() || session.is_placed();
    match session.with_writer_waiting(PATIENCE_MS, |_| Ok(())) {
        Ok(()) => Err(Failure::usage(format!(
            "session {name} has not ended, and a text is taken out of one that has"
        ))
        .typing("to end it", Command::new("attesh stop").path(session.word()))),
        // What the recorder finds wrong, and what it may still write.
        Err(
            error @ (SessionError::Busy
            | SessionError::Copied(_)
            | SessionError::Elsewhere(..)
            | SessionError::Append(AppendError::Tampered(_) | AppendError::Io(..))),
        ) => Err(error.into()),
        Err(error) if !session.has_end() && !error.is_over() => Err(error.into()),
        Err(_) if !session.has_end() && of_others => {
            let what = format!("session {name} has not ended, and it may go on where its state is");
            Err(Failure::usage(what)
                .next("end it there with attesh stop, and name the session or a new copy"))
        }
        Err(_) => refuse_state(session),
    }
}

/// A state that is left can be that of another version, whose recorder would go on.
fn refuse_state(session: &Session) -> Result<(), Failure> {
    let Some(folder) = session.slot().and_then(|_| session.state_folder().ok()) else { return Ok(()) };
    let path = folder.path().join(session.state_name());
    let what = format!("the state of session {} is still there: {}", session.short_name(), path.display());
    Err(Failure::usage(what)
        .next(Next::typing("if nobody records in the session any more", Command::new("rm").path(path))))
}

/// An envelope has the texts: taking them out of the journal would take them out of nothing. One that
/// was sealed selectively has none.
fn refuse_sealed(session: &Session) -> Result<(), Failure> {
    if !session.folder().has(SEALED) {
        return Ok(());
    }
    let (envelopes, begun) = (session.envelopes(), session.begun_envelopes());
    let has_texts = |(_, sha256, _, path): &&(String, String, u64, String)| {
        statement(path, Some(sha256.as_str()))
            .is_none_or(|statement| statement.predicate.disclosures.is_none())
    };
    // A seal that was killed may have made its envelope.
    let was_made = |path: &&String| {
        statement(path, None).is_some_and(|statement| {
            statement.predicate.session.id == session.id() && statement.predicate.disclosures.is_none()
        })
    };
    let place = envelopes.iter().find(has_texts).map(|(.., path)| path);
    let what = match place.or_else(|| begun.iter().find(was_made)) {
        None if !envelopes.is_empty() || !begun.is_empty() => return Ok(()),
        Some(path) if Path::new(path).is_file() => format!("in {path}, which has its texts, too"),
        Some(path) => {
            format!("in {path}, which is not there any more: nobody knows whether it has its texts")
        }
        None => {
            format!("in an envelope that {} does not name", session.folder().path().join(SEALED).display())
        }
    };
    let what = format!("session {} was sealed {what}", session.short_name());
    Err(Failure::usage(what).next(
        "give the envelope to nobody who must not read them, and have a secret replaced where it was issued",
    ))
}

/// What an envelope says that is there; of one whose digest is known only if it is that one.
fn statement(path: &str, sha256: Option<&str>) -> Option<Statement> {
    let bytes = files::read_limited(Path::new(path), MAX_ENVELOPE_BYTES as u64).ok()?;
    let is_that = sha256.is_none_or(|known| hex(&crate::crypto::sha256(&[&bytes])) == known);
    let envelope = Envelope::read_any(bytes).ok().filter(|_| is_that)?;
    form::read(envelope.unverified_payload()).ok()
}
