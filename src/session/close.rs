//! Closing shells, ending sessions.

use super::shells::{is_here, other_live_shells, own_shell, workdir};
use super::{Result, Session, SessionError};
use crate::clock;
use crate::crypto::Digest;
use crate::failure::Failure;
use crate::journal::append::{AppendError, Writer};
use crate::journal::head::Head;
use crate::journal::story::Story;
use crate::lock::PATIENCE_MS;
use crate::record::{
    Body, Close, CloseReason, Closes, End, EndReason, Finish, From, Lost, Program, Status, Texts, Unseen,
};

/// The verb that ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndVerb {
    /// `attesh seal`
    Seal,
    /// `attesh stop`
    Stop,
}

impl EndVerb {
    fn outcome(self) -> Unseen {
        match self {
            EndVerb::Seal => Unseen::Sealing,
            EndVerb::Stop => Unseen::Stopping,
        }
    }

    fn reason(self) -> (CloseReason, EndReason) {
        match self {
            EndVerb::Seal => (CloseReason::Sealed, EndReason::Seal),
            EndVerb::Stop => (CloseReason::Stopped, EndReason::Stop),
        }
    }
}

/// Closes a shell.
///
/// # Errors
/// The record was not appended.
pub fn close_shell(
    writer: &mut Writer,
    shell: u64,
    why: CloseReason,
    status: Option<Status>,
    native: Option<u64>,
    workdir: Vec<u8>,
) -> Result<Head> {
    append_close(writer, workdir, Close { shell, why, status, native, script_unchanged: false })
}

/// Closes a shell that ran a script; `script_unchanged` says that the file stayed the script of
/// its plan to the end.
///
/// # Errors
/// The record was not appended.
pub fn close_scripted(
    writer: &mut Writer,
    shell: u64,
    why: CloseReason,
    status: Option<Status>,
    native: Option<u64>,
    script_unchanged: bool,
    workdir: Vec<u8>,
) -> Result<Head> {
    append_close(writer, workdir, Close { shell, why, status, native, script_unchanged })
}

fn append_close(writer: &mut Writer, workdir: Vec<u8>, close: Close) -> Result<Head> {
    let mut texts = Texts::default();
    texts.commit("workdir", &writer.masker().screen(workdir));
    Ok(writer.append(Body::Close(close), &texts, clock::now())?)
}

/// Refuses a journal whose genesis is not the one that a shell knows.
///
/// # Errors
/// It is another.
pub fn expect_genesis(writer: &Writer, known: &Digest) -> Result<()> {
    if writer.genesis() == *known {
        return Ok(());
    }
    Err(other_genesis())
}

/// Another session's journal stands where a shell's own was.
#[must_use]
pub fn other_genesis() -> SessionError {
    AppendError::Tampered("its first record is not the one that this shell knows".into()).into()
}

/// Removes the short-lived files that the hooks of these processes kept beside the state.
pub fn leave_nothing(session: &Session, gone: impl Fn(u64) -> bool) {
    let Ok(folder) = session.state_folder() else { return };
    let Ok(entries) = std::fs::read_dir(folder.path()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let pid = ["text-", "facts-", "trap-"].iter().find_map(|kind| name.strip_prefix(kind));
        if pid.and_then(|pid| pid.parse().ok()).is_some_and(&gone) {
            let _ = folder.remove(name);
        }
    }
}

/// Finishes a command whose end will not be seen, and says why.
///
/// # Errors
/// The record was not appended.
pub fn finish_unseen(writer: &mut Writer, shell: u64, n: u64, outcome: Unseen) -> Result<Head> {
    let finish = Finish {
        shell,
        n,
        status: None,
        pipe_status: None,
        from: From::Unknown,
        stale: false,
        outcome: Some(outcome),
        native: None,
        shell_duration_us: None,
    };
    Ok(writer.append(Body::Finish(finish), &Texts::default(), clock::now())?)
}

/// What is appended before a session's end.
pub type Last<'a> = &'a dyn Fn(&mut Writer) -> Result<()>;

/// Writes the end, syncs the journal before and after, and removes the state.
///
/// # Errors
/// The record was not appended.
pub fn end(session: &Session, writer: &mut Writer, reason: EndReason) -> Result<Head> {
    let synced_to_disk = writer.sync().is_ok();
    let head = writer.append(Body::End(End { reason, synced_to_disk }), &Texts::default(), clock::now())?;
    let _ = session.journal().sync_all();
    session.folder().sync();
    if let Ok(folder) = session.state_folder() {
        folder.remove(&super::state_name(session.id()))?;
        let _ = folder.remove(&session.memory_name());
        let _ = folder.remove(&super::masking::name(session.id()));
    }
    Ok(head)
}

/// Ends a session that ends with its last shell, if no shell is in it any more.
///
/// # Errors
/// The record was not appended.
pub fn end_without_shells(session: &Session, writer: &mut Writer, last: Last) -> Result<()> {
    if session.genesis().closes == Closes::LastShell && writer.story()?.live.is_empty() {
        last(writer)?;
        end(session, writer, EndReason::LastShell)?;
    }
    Ok(())
}

/// Records how many calls of a shell were not acknowledged, if any.
///
/// # Errors
/// The record was not appended.
pub fn tell_lost(writer: &mut Writer, shell: u64, count: u64) -> Result<()> {
    if count > 0 {
        writer.append(Body::Lost(Lost { shell, count }), &Texts::default(), clock::now())?;
    }
    Ok(())
}

/// Refuses when others still record in the session.
///
/// # Errors
/// Other shells live and `close_others` is false.
pub fn refuse_others(
    story: &Story,
    own: Option<u64>,
    here: bool,
    close_others: bool,
) -> std::result::Result<(), Failure> {
    let others = other_live_shells(story, own, here);
    if others.is_empty() || close_others {
        return Ok(());
    }
    let list: Vec<String> = others
        .iter()
        .map(|(at, pid)| {
            let shell = &story.live[at];
            let doing = if shell.running.is_some() { "a command is running" } else { "at its prompt" };
            format!("  shell {at}: {} with process id {pid}, {doing}", shell.program.name())
        })
        .collect();
    Err(Failure::usage(format!("other shells still record in this session:\n{}", list.join("\n")))
        .next("close them, or add --close-others to end the session under them"))
}

/// How a session was ended.
#[derive(Clone, Copy, Debug)]
pub struct Over {
    /// The journal's head with its end.
    pub head: Head,
    /// Whether shells still run that recorded in it, and record on in the next session.
    pub shells_go_on: bool,
    /// Whether scripts still run that were recorded in it: nobody records what follows of them.
    pub scripts_go_on: bool,
}

/// Refuses to end a session from within a script, or a program of `attesh run`, that it records.
fn refuse_own_script(
    story: &Story,
    own: Option<u64>,
    close_others: bool,
) -> std::result::Result<(), Failure> {
    let goes_on = |at: &u64| story.live[at].script || story.live[at].program == Program::Run;
    match own.filter(|at| goes_on(at) && !close_others) {
        None => Ok(()),
        Some(at) => Err(Failure::usage(format!(
            "the session records the {} that this command stands in (shell {at}), and what follows of it would not be recorded",
            if story.live[&at].script { "script" } else { "program" }
        ))
        .next("end the session behind it, or add --close-others: it is incomplete then")),
    }
}

/// Ends a session from a command: finishes the line the command stands in, closes the living
/// shells, writes `end`. Shells that died stay open: how they ended is unknown. A script that is
/// closed so goes on unrecorded, and the session is incomplete.
///
/// # Errors
/// A record was not appended.
pub fn end_by_command(
    session: &Session,
    verb: EndVerb,
    close_others: bool,
    last: Last,
) -> std::result::Result<Over, Failure> {
    let ended = session.with_writer_waiting(PATIENCE_MS, |writer| {
        let story = writer.story()?;
        let own = own_shell(&story)?;
        let here = is_here(session.genesis())?;
        let refused = refuse_own_script(&story, own, close_others)
            .and_then(|()| refuse_others(&story, own, here, close_others));
        if let Err(refusal) = refused {
            return Ok(Err(refusal));
        }
        let (close_reason, end_reason) = verb.reason();
        if let Some(at) = own {
            if let Some(running) = story.live[&at].running {
                finish_unseen(writer, at, running.n, verb.outcome())?;
            }
            close_shell(writer, at, close_reason, None, None, workdir())?;
        }
        let others = other_live_shells(&story, own, here);
        for (at, _) in &others {
            close_shell(writer, *at, close_reason, None, None, workdir())?;
        }
        last(writer)?;
        let head = end(session, writer, end_reason)?;
        let closed = || own.into_iter().chain(others.iter().map(|(at, _)| *at));
        let shells_go_on = closed().any(|at| !story.live[&at].script);
        let scripts_go_on = closed().any(|at| story.live[&at].script);
        Ok(Ok(Over { head, shells_go_on, scripts_go_on }))
    })??;
    Ok(ended)
}
