//! Applies one call to its session.
//!
//! What lives here: which records a call becomes, and what its result is in the protocol's words.
//! What does not: how the call came and where the answer goes (`hook`), what its words say
//! (`call`), which session a new shell gets (`open`).
//!
//! Rules: a call is acknowledged if and only if its record is in the journal. Calls that failed
//! before are recorded first.

use super::call::{Answer, Call, Caller, Known, Leaving, Seen, Sent, Starting};
use super::open::open;
use crate::clock;
use crate::collect::{self, Collected};
use crate::journal::append::{AppendError, Writer};
use crate::protocol::CallStatus;
use crate::record::{
    self, Body, CloseReason, Finish, KeptText, Kind, Record, TEXT_PREFIX, TextSource, Texts,
};
use crate::session::{Result, Session, SessionError, close};
use crate::text::Fault;

/// How far back the previous command of a shell is looked for, in bytes.
const REPEAT_WINDOW: u64 = 256 << 10;

/// Applies a call with what came beside its words.
///
/// # Errors
/// Its record is not in the journal.
pub fn apply(call: &Call, sent: Sent) -> Result<Answer> {
    match call {
        Call::Open(joining) => return open(joining, (sent.workdir)()),
        Call::Why(known) => return Ok(Answer::Why(why(known))),
        Call::Start(caller, starting) => start(caller, starting, sent)?,
        Call::Finish(caller, finished) => finish(caller, finished)?,
        Call::Note(caller, seen) => note(caller, seen, sent.text)?,
        Call::Close(caller, leaving) => leave(caller, leaving, &sent)?,
    }
    Ok(Answer::Silent)
}

/// The status that a result is answered with.
pub fn status(result: &Result<Answer>) -> CallStatus {
    match result {
        Ok(_) => CallStatus::Acknowledged,
        Err(SessionError::Append(AppendError::Tampered(_))) => CallStatus::Tampered,
        Err(SessionError::Busy) => CallStatus::Busy,
        Err(error) if error.is_over() => CallStatus::Over,
        Err(_) => CallStatus::Unable,
    }
}

/// Opens the session of the caller, takes its lock and appends; calls that failed before are
/// recorded first.
fn record(caller: &Caller, work: impl FnOnce(&mut Writer, &Session) -> Result<()>) -> Result<()> {
    let session = Session::open(caller.session.folder)?;
    session.with_writer(|writer| {
        close::expect_genesis(writer, &caller.session.genesis)?;
        close::tell_lost(writer, caller.shell, caller.lost)?;
        work(writer, &session)
    })
}

/// Whether the record of this call is in the journal already.
fn is_repeat(writer: &mut Writer, caller: &Caller, kind: Kind, n: Option<u64>) -> Result<bool> {
    if !caller.again {
        return Ok(false);
    }
    let (size, story) = (writer.head().size, writer.story()?);
    let Some(live) = story.live.get(&caller.shell) else {
        return Ok(kind == Kind::ShellClose && caller.shell < size);
    };
    Ok(match kind {
        Kind::Start => live.running.map(|open| open.n) == n,
        Kind::Finish => live.running.is_none() && Some(live.last_n()) == n,
        _ => false,
    })
}

fn shell_of_start(body: &Body) -> Option<u64> {
    match body {
        Body::Start(start) => Some(start.shell),
        _ => None,
    }
}

fn start(caller: &Caller, start: &Starting, sent: Sent) -> Result<()> {
    let (source, text) = start.command(sent.text);
    record(caller, |writer, _| {
        if is_repeat(writer, caller, Kind::Start, Some(start.n))? {
            return Ok(());
        }
        let kept = KeptText::new(writer.masker().screen(text));
        let source = match source {
            TextSource::HistoryDup if !repeats_previous(writer, caller.shell, &kept)? => TextSource::Withheld,
            other => other,
        };
        let mut texts = Texts::default();
        let shown = !matches!(source, TextSource::Withheld | TextSource::None);
        let truncated = shown && kept.truncated;
        if shown {
            texts.commit("command", &kept.value);
        }
        texts.commit("workdir", &writer.masker().screen((sent.workdir)()));
        let body = Body::Start(record::Start {
            shell: caller.shell,
            n: start.n,
            native: start.native,
            skip: start.skip,
            text_source: source,
            truncated,
            prev_status: start.prev_status,
            unit: None,
        });
        writer.append(body, &texts, clock::now())?;
        Ok(())
    })
}

/// Whether history's newest line is this shell's previous command: then the shell ran that
/// command again. Otherwise history did not take the line that ran, and its newest is another.
fn repeats_previous(writer: &Writer, shell: u64, text: &KeptText) -> Result<bool> {
    let shown = text.value.shown();
    let window = REPEAT_WINDOW.max(2 * (TEXT_PREFIX + shown.len()) as u64);
    let last: Option<Record> = writer.last_of_shell(shell, Some(window), shell_of_start)?;
    // Of a masked text nobody keeps more than its masked form.
    Ok(last.is_some_and(|last| last.text("command") == Some(shown)))
}

fn finish(caller: &Caller, finish: &Finish) -> Result<()> {
    record(caller, |writer, _| {
        if !is_repeat(writer, caller, Kind::Finish, Some(finish.n))? {
            writer.append(Body::Finish(finish.clone()), &Texts::default(), clock::now())?;
        }
        Ok(())
    })
}

fn note(caller: &Caller, seen: &Seen, text: Option<Vec<u8>>) -> Result<()> {
    record(caller, |writer, _| {
        let mut texts = Texts::default();
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            texts.commit("text", &KeptText::new(writer.masker().screen(text)).value);
        }
        let Seen { what, status, native } = *seen;
        let body = Body::Note(record::Note { shell: Some(caller.shell), what, status, native });
        writer.append(body, &texts, clock::now())?;
        Ok(())
    })
}

fn leave(caller: &Caller, leaving: &Leaving, sent: &Sent) -> Result<()> {
    // A shell that a signal ends may have no time for it.
    let collected = match leaving.why {
        CloseReason::Exit | CloseReason::Eof => Session::open(caller.session.folder)
            .map(|session| collect::at_last(&session, collect::AT_A_PROMPT)),
        _ => Ok(Collected::default()),
    };
    let collected = collected.unwrap_or_default();
    record(caller, |writer, session| {
        // A repeat may find the shell closed and the end still missing.
        if !is_repeat(writer, caller, Kind::ShellClose, None)? {
            if let Some(live) = writer.story()?.live.get(&caller.shell) {
                close::leave_nothing(session, |pid| pid == live.pid);
            }
            let workdir = (sent.workdir)();
            close::close_shell(writer, caller.shell, leaving.why, leaving.status, leaving.native, workdir)?;
        }
        close::end_without_shells(session, writer, &|writer| collected.append(writer))
    })
}

/// Why nothing can be appended to a session, and what mends it.
fn why(known: &Known) -> String {
    let found = Session::open(known.folder).and_then(|session| session.look());
    match found {
        Err(error) => error.told(),
        Ok(()) => "a record could not be written: no space, or a limit on files (see ulimit -f)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::call::text;
    use super::*;
    use crate::encoding::hex;
    use crate::protocol::{Key, Verb, words};
    use crate::session::place;

    /// Applies a call that came from nowhere: its words, its text, a folder.
    fn call(verb: Verb, values: &[String], input: &[u8]) -> Result<Answer> {
        let words = words(verb, values.iter().cloned());
        let words: Vec<Vec<u8>> = words[1..].iter().map(|word| word.as_bytes().to_vec()).collect();
        let sent = Sent { text: text(input.to_vec()), workdir: &|| b"/elsewhere".to_vec() };
        apply(&Call::parse(&words).expect("a call"), sent)
    }

    #[test]
    fn a_command_is_recorded_without_a_process() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("session");
        let session = place::open_in(&place, None, || Ok(None)).unwrap().session;
        let open = [
            Key::Program.is("bash"),
            Key::ProcessId.is(std::process::id()),
            Key::Exported.is(place.display()),
        ];
        let Answer::Opened { folder, shell, .. } = call(Verb::Open, &open, b"").unwrap() else {
            panic!("no answer")
        };
        // Before it stand what collectors saw.
        let size = session.with_writer(|writer| Ok(writer.head().size)).unwrap();
        assert_eq!((folder.as_path(), shell), (Path::new(&place), size - 1));
        let root = hex(session.genesis_root());
        let known = [Key::Folder.is(place.display()), Key::Genesis.is(root), Key::Shell.is(shell)];
        let start = [Key::Number.is(1), Key::Native.is(1), Key::Source.is("typed")];
        assert_eq!(call(Verb::Start, &[&known[..], &start].concat(), b"make\n").unwrap(), Answer::Silent);
        let last = session
            .with_writer(|writer| Ok(writer.last_of_shell(shell, None, shell_of_start)?))
            .unwrap()
            .unwrap();
        assert_eq!(
            (last.text("command"), last.text("workdir")),
            (Some(&b"make"[..]), Some(&b"/elsewhere"[..]))
        );
        let finish = [Key::Number.is(1), Key::Status.is(2), Key::From.is("prompt"), Key::Repeat.is(1)];
        for _ in 0..2 {
            call(Verb::Finish, &[&known[..], &finish].concat(), b"").unwrap();
        }
        assert_eq!(session.with_writer(|writer| Ok(writer.head().size)).unwrap(), size + 2);
        let other = [known[0].clone(), Key::Genesis.is("00".repeat(32)), Key::Shell.is(shell)];
        let refused = call(Verb::Finish, &[&other[..], &finish].concat(), b"");
        assert_eq!(status(&refused), CallStatus::Tampered);
        session.remove().unwrap();
    }
}
