//! `attesh prune`: removes sessions, and leaves a tombstone of each.
//!
//! What lives here: which sessions are meant, whether each may go, and what is told. What does not:
//! the time for which a session is kept (`session::retained`), the tombstones (`session::removed`).
//!
//! Rules: what is named must go, or it is a failure; of many, those that cannot go yet are told and
//! kept. Nothing is removed before its tombstone is on the disk; a copy has none.

use std::path::PathBuf;

use serde_json::json;

use super::args::Prune;
use super::given::{Exit, age, by_word};
use crate::clock;
use crate::encoding::hex;
use crate::failure::Failure;
use crate::files::FileError;
use crate::paths;
use crate::report;
use crate::seal::tombstone::{ENVELOPES_MAX, SealedAs, Tombstone, Why};
use crate::session::began::{self, Retention};
use crate::session::heads::checked;
use crate::session::last::Sealed;
use crate::session::removed::{self, Writer};
use crate::session::retained::{Looked, Stands, look};
use crate::session::told as kept;
use crate::session::{Session, SessionError, find};
use crate::text::{self, Command, Next};

/// A session that may go, and what is left of it.
struct Going {
    session: Session,
    tombstone: Tombstone,
    /// The session itself is there, too.
    is_copy: bool,
}

/// What became of the sessions that were meant.
#[derive(Default)]
struct Gone {
    folders: Vec<PathBuf>,
    because: Vec<String>,
    /// Where the list of tombstones ends now: its last line, and the digest of that.
    end: Option<(usize, String)>,
}

pub fn run(args: &Prune) -> Exit {
    let why = match (args.session.is_empty(), args.sealed) {
        (false, _) => Why::Named,
        (true, true) => Why::Sealed,
        (true, false) if args.force => {
            return Err(Failure::usage("--force goes with sessions that are named").next("name them"));
        }
        (true, false) => Why::Retention,
    };
    let older_ns = args.older_than.as_deref().map(|text| age("--older-than", text)).transpose()?;
    let now = clock::now().realtime_ns;
    let is_old = |session: &Session| {
        older_ns.is_none_or(|older_ns| now.saturating_sub(session.opened_ns()) > older_ns)
    };
    let mut refusal = None;
    let mut going = Vec::new();
    for session in meant(args, why)?.into_iter().filter(is_old) {
        match may_go(&session, args, why) {
            Err(failure) if why == Why::Named => refusal = Some(failure),
            // Of all that are meant some cannot go yet.
            Err(failure) => report::say(&failure.to_string()),
            Ok(None) => {}
            Ok(Some((looked, is_copy))) => {
                let older_s = older_ns.map(|older_ns| older_ns / 1_000_000_000);
                let tombstone = tombstone(&session, &looked, why, older_s);
                going.push(Going { session, tombstone, is_copy });
            }
        }
    }
    let mut gone = Gone::default();
    if args.dry_run {
        gone.folders = going.iter().map(|one| one.session.folder().path().to_owned()).collect();
        gone.because = going.iter().map(because).collect();
    } else if !going.is_empty() {
        let removed = removed::with_writer(|writer| {
            if writer.is_anew {
                report::say(&format!("{}; a new one begins", removed::gone()));
            }
            if writer.cut_bytes() > 0 {
                report::say(&removed::cut(writer.cut_bytes()));
            }
            let all = going.iter().try_for_each(|one| remove(one, writer, &mut gone));
            gone.end = writer.end();
            all
        });
        refusal = removed.err().or(refusal);
    }
    tell(args, &gone, refusal.as_ref())?;
    refusal.map_or(Ok(0), Err)
}

/// Whether it is a copy: the session itself is there, too, in the folder of its id, with all that this
/// one has. What cannot be told is an error, because a copy goes without a tombstone.
fn is_copy(session: &Session, looked: &Looked) -> Result<bool, Failure> {
    let Some(path) = paths::sessions().map(|root| root.join(session.id())) else { return Ok(false) };
    if session.folder().is_at(&path)? {
        return Ok(false);
    }
    let itself = match Session::open(&path) {
        Ok(itself) => itself,
        Err(error @ SessionError::File(FileError::Io(..))) => return Err(error.into()),
        // Nothing is there, or no session that could be this one.
        Err(_) => return Ok(false),
    };
    let own = &looked.checked;
    let Ok(its) = checked(&itself, &[own.size]) else { return Ok(false) };
    Ok(own.rejection.is_none() && its.roots.contains(&(own.size, own.root)))
}

/// The sessions that are meant: those named, all that are sealed, or all that are kept for a time.
fn meant(args: &Prune, why: Why) -> Result<Vec<Session>, Failure> {
    let is_retained = |session: &Session| {
        let mut said = began::facts(session).filter_map(|record| Retention::of(&record));
        said.any(|retention| retention != Retention::Free)
    };
    Ok(match why {
        Why::Named => args.session.iter().map(|word| by_word(word)).collect::<Result<_, _>>()?,
        Why::Sealed => find::all()?.into_iter().filter(Session::is_sealed).collect(),
        Why::Retention => find::all()?.into_iter().filter(is_retained).collect(),
    })
}

/// Keeps a tombstone and removes the session.
fn remove(one: &Going, writer: &mut Writer, gone: &mut Gone) -> Result<(), Failure> {
    let Going { session, tombstone, .. } = one;
    // Another prune was first.
    if !session.folder().is_in_place()? {
        return Ok(());
    }
    // A shell may have come since.
    without_shells(session)?;
    if let Some(name) = session.foreign()? {
        let folder = session.folder().path().display();
        let what =
            format!("{folder} is kept: {} in it is none of attesh's files", text::visible(name.as_bytes()));
        return Err(Failure::unable(what).next("move it elsewhere, and prune the session again"));
    }
    // A copy is not the session, which may go on to be kept or be removed at its time.
    if !one.is_copy {
        writer.keep(tombstone.clone())?;
    }
    session.remove()?;
    kept::forget(session);
    gone.folders.push(session.folder().path().to_owned());
    gone.because.push(because(one));
    Ok(())
}

/// Why it goes, in words.
fn because(one: &Going) -> String {
    if one.is_copy { "it is a copy".to_owned() } else { one.tombstone.because() }
}

/// What is left of a session.
fn tombstone(session: &Session, looked: &Looked, why: Why, older_than_seconds: Option<u64>) -> Tombstone {
    let checked = &looked.checked;
    let envelopes = session.envelopes().into_iter();
    let envelopes = envelopes.map(|(at, sha256, size, path)| SealedAs { at, path, sha256, size });
    let mut envelopes: Vec<SealedAs> = envelopes.collect();
    envelopes.drain(..envelopes.len().saturating_sub(ENVELOPES_MAX));
    Tombstone {
        damage: checked.rejection.as_ref().map(|rejection| rejection.cause.code.word().to_owned()),
        early: !matches!(looked.stands(session), Stands::Free | Stands::Passed),
        ended: checked.story.ended,
        envelopes,
        last_at: looked.last.map(|last| clock::rfc3339(last.realtime_ns)),
        name: session.genesis().name.clone(),
        number: 0,
        older_than_seconds,
        opened_at: clock::rfc3339(session.opened_ns()),
        previous: None,
        removed_at: clock::rfc3339(clock::now().realtime_ns),
        retain_seconds: looked.retain_s(),
        root: (checked.size > 0).then(|| hex(&checked.root)),
        session: session.id().to_owned(),
        size: checked.size,
        why,
    }
}

fn tell(args: &Prune, gone: &Gone, refusal: Option<&Failure>) -> Result<(), Failure> {
    if args.json {
        let mut value = json!({"removed": gone.folders, "because": gone.because, "dryRun": args.dry_run});
        if let Some(failure) = refusal {
            value["failure"] = report::failure_json(failure);
        }
        return report::json("attesh.prune/v1", value);
    }
    for path in &gone.folders {
        report::line(&path.display().to_string())?;
    }
    let verb = if args.dry_run { "would be removed" } else { "removed" };
    report::say(&format!("{} {verb}", text::count(gone.folders.len(), "session")));
    if let Some((number, digest)) = gone.end.as_ref().filter(|_| !gone.folders.is_empty()) {
        report::say(&format!("the list of removed sessions ends with line {number}, sha256:{digest}"));
    }
    Ok(())
}

/// Whether a session can be removed: no shell records in it, no shell needs it to find the next, it is
/// not kept for a time that has not passed, and it was sealed, its time has passed or --force was
/// given. `None` if nothing asked for it yet; else what was seen, and whether it is a copy.
fn may_go(session: &Session, args: &Prune, why: Why) -> Result<Option<(Looked, bool)>, Failure> {
    let of = |failure: Failure| failure.within(format_args!("session {} is kept", session.short_name()));
    if why == Why::Retention {
        // Each day most of them are not due; that is nothing to tell.
        let looked = look(session).map_err(of)?;
        if matches!(looked.stands(session), Stands::Free | Stands::Kept(_) | Stands::GoesOn) {
            return Ok(None);
        }
    }
    here(session, args)?;
    without_shells(session)?;
    let looked = look(session).map_err(of)?;
    let stands = looked.stands(session);
    let held = match &stands {
        Stands::Free | Stands::Passed => None,
        Stands::Kept(until_ns) => Some(format!("until {}", clock::rfc3339(*until_ns))),
        Stands::GoesOn => Some("because it has not ended".to_owned()),
        Stands::Unknown(why) => Some(format!("because {why}")),
    };
    let may_be_forced = args.force && why == Why::Named;
    if let Some(held) = held.filter(|_| !may_be_forced) {
        let age = looked.retain_s().map(clock::as_age);
        let age = age.map_or_else(String::new, |age| format!(": it is retained for {age} after its end"));
        let what = format!("session {} is kept {held}{age}", session.short_name());
        let anyway = Command::new("attesh prune --force").path(session.word());
        return Err(Failure::usage(what).typing("to remove it all the same", anyway));
    }
    if !session.is_sealed() && !args.force && stands != Stands::Passed {
        let name = session.short_name();
        let what = match session.sealed() {
            None => format!("session {name} was never sealed"),
            Some(Sealed { size, .. }) => {
                format!("session {name} has records behind the {size} that were sealed")
            }
        };
        return Err(Failure::usage(what).next(
            Next::typing("to seal it", Command::new("attesh seal").path(session.word())).or("add --force"),
        ));
    }
    let is_copy = is_copy(session, &looked).map_err(of)?;
    Ok(Some((looked, is_copy)))
}

/// Whether it is recorded on this machine, or that does not matter.
fn here(session: &Session, args: &Prune) -> Result<(), Failure> {
    if args.elsewhere {
        return Ok(());
    }
    match session.elsewhere() {
        Ok(None) => Ok(()),
        Ok(Some(place)) => {
            let error = SessionError::Elsewhere(session.short_name().to_owned(), place);
            Err(Failure::from(error).next("remove it there, or add --elsewhere"))
        }
        Err(error) => Err(Failure::from(error).next("try again")),
    }
}

/// Whether no shell records in it, nor in the one after it.
fn without_shells(session: &Session) -> Result<(), Failure> {
    let name = session.short_name();
    let live = |session: &Session| match session.live_shells() {
        // Whether that matters was asked before.
        Err(SessionError::Elsewhere(..)) => Ok(0),
        other => other.map_err(|error| {
            Failure::from(error).within(format_args!("session {} is kept", session.short_name()))
        }),
    };
    if live(session)? > 0 {
        return Err(Failure::usage(format!("session {name} is being recorded"))
            .typing("to end it first", Command::new("attesh stop").path(session.word())));
    }
    let next = session.next().and_then(|next| match next.map(|(path, _)| Session::open(&path)) {
        None | Some(Err(SessionError::File(FileError::Missing(_)))) => Ok(None),
        Some(next) => next.map(Some),
    });
    let next = next.map_err(|error| {
        Failure::from(error).within(format_args!("session {name} is kept: it is not known what follows it"))
    })?;
    let follows = next.as_ref().map_or(Ok(0), live)?;
    if follows > 0 {
        return Err(Failure::usage(format!("the session after {name} is being recorded"))
            .next("end that first: attesh sessions lists them"));
    }
    Ok(())
}
