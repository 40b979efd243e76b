//! `attesh note`, `pause` and `resume`: what a person adds to the journal.

use super::args::{Note, Pause, Resume};
use super::given::{Exit, chosen, ended, given_text};
use crate::clock;
use crate::failure::Failure;
use crate::lock::PATIENCE_MS;
use crate::record::{self, Body, NoteWhat, TEXT_MAX, Texts};
use crate::report;
use crate::session::{PAUSE_ALL, Session, pause_name, shells};
use crate::text::Command;

pub fn note(args: &Note) -> Exit {
    let text = if args.text.is_empty() {
        given_text("no remark was given", "attesh note")?
    } else {
        args.text.join(" ").into_bytes()
    };
    if text.is_empty() {
        return Err(Failure::usage("the remark is empty"));
    }
    if text.len() > TEXT_MAX {
        return Err(Failure::usage(format!("the remark has {} bytes, the limit is {TEXT_MAX}", text.len())));
    }
    let session = chosen(args.session.as_deref())?;
    let appended = session.with_writer_waiting(PATIENCE_MS, |writer| {
        let shell = shells::own_shell(&writer.story()?)?;
        let mut texts = Texts::default();
        texts.commit("text", &writer.masker().screen(text));
        let body = Body::Note(record::Note { shell, what: NoteWhat::Remark, status: None, native: None });
        Ok(writer.append(body, &texts, clock::now())?)
    });
    appended.map_err(|error| ended(&session, error.into()))?;
    Ok(0)
}

pub fn pause(args: &Pause) -> Exit {
    let reason = reason(&args.reason)?;
    let session = chosen(None)?;
    let marker = session.with_writer_waiting(PATIENCE_MS, |writer| {
        let story = writer.story()?;
        let own = shells::own_shell(&story)?;
        let shell = match (args.all, own) {
            (true, _) => None,
            (false, Some(own)) => Some(own),
            (false, None) => return Ok(Err(not_in_shell())),
        };
        let marker = shell.map_or_else(|| PAUSE_ALL.to_owned(), pause_name);
        if session.folder().has(&marker) {
            let again = Failure::usage("recording is paused already");
            return Ok(Err(again.typing("to go on", Command::new("attesh resume"))));
        }
        let mut texts = Texts::default();
        if let Some(reason) = reason {
            texts.commit("reason", &writer.masker().screen(reason));
        }
        writer.append(Body::Pause(record::Pause { shell }), &texts, clock::now())?;
        Ok(Ok(marker))
    });
    let marker = marker.map_err(|error| ended(&session, error.into()))??;
    session.folder().create_file(&marker)?;
    report::say("recording is paused, and the journal says so; to go on type: attesh resume");
    Ok(0)
}

/// The reason that words make; `None` without words.
fn reason(words: &[String]) -> Result<Option<Vec<u8>>, Failure> {
    let text = words.join(" ").into_bytes();
    if text.len() > TEXT_MAX {
        return Err(Failure::usage(format!("the reason has {} bytes, the limit is {TEXT_MAX}", text.len())));
    }
    Ok((!text.is_empty()).then_some(text))
}

pub fn resume(args: &Resume) -> Exit {
    let reason = reason(&args.reason)?;
    let session = chosen(None)?;
    let resumed = session.with_writer_waiting(PATIENCE_MS, |writer| {
        let own = shells::own_shell(&writer.story()?)?;
        let shell = match which(&session, args.all, own) {
            Ok(shell) => shell,
            Err(failure) => return Ok(Err(failure)),
        };
        let mut texts = Texts::default();
        if let Some(reason) = reason {
            texts.commit("reason", &writer.masker().screen(reason));
        }
        writer.append(Body::Resume(record::Resume { shell, by: own }), &texts, clock::now())?;
        session.folder().remove(&shell.map_or_else(|| PAUSE_ALL.to_owned(), pause_name))?;
        Ok(Ok(()))
    });
    resumed.map_err(|error| ended(&session, error.into()))??;
    report::say("recording goes on");
    Ok(0)
}

fn which(session: &Session, all: bool, own: Option<u64>) -> Result<Option<u64>, Failure> {
    let paused = |name: &str| session.folder().has(name);
    match (all, own) {
        (true, _) if paused(PAUSE_ALL) => Ok(None),
        (true, _) => Err(Failure::usage("no pause of all shells is in force")
            .typing("for this shell alone", Command::new("attesh resume"))),
        (false, Some(own)) if paused(&pause_name(own)) => Ok(Some(own)),
        (false, _) if paused(PAUSE_ALL) => Err(Failure::usage("every shell of the session is paused")
            .typing("to go on", Command::new("attesh resume --all"))),
        (false, Some(_)) => {
            Err(Failure::usage("recording is not paused").typing("to pause it", Command::new("attesh pause")))
        }
        (false, None) => Err(not_in_shell()),
    }
}

fn not_in_shell() -> Failure {
    Failure::usage("this shell is not one of the session").next("for every shell of it add --all")
}
