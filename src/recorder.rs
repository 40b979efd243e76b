//! The recorder: what a hook runs, once before and once after each command.
//!
//! The hot path whole, in one file; it is reached before clap, reads no configuration and
//! prints nothing but the answer to `open`. The protocol is docs/hook-protocol.md.
//!
//! Rules: signals that could end it are ignored first; it exits 0 if and only if the
//! record is in the journal; text comes on standard input as raw bytes.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::clock;
use crate::crypto::Digest;
use crate::encoding::{hex, hex_exact};
use crate::files::FileError;
use crate::journal::append::{AppendError, Writer};
use crate::process;
use crate::record::{
    Body, CloseReason, Disclosures, Finish, From, INTEGER_MAX, KeptText, Kind, Note, NoteWhat, Program,
    Record, Start, StateLevel, Status, TEXT_PREFIX, TextSource,
};
use crate::session::birth::{self, Shell, workdir};
use crate::session::{PROTOCOL, Result, Session, SessionError, close, find};
use crate::sys;

/// How far back the previous command of a shell is looked for, in bytes.
const REPEAT_WINDOW: u64 = 256 << 10;

/// The exit statuses of the recorder, in the order of docs/hook-protocol.md.
mod status {
    pub const ACKNOWLEDGED: u8 = 0;
    pub const TAMPERED: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const OVER: u8 = 3;
    pub const BUSY: u8 = 4;
    pub const UNABLE: u8 = 5;
}

/// Runs one call of a hook; `words` is what follows `attesh rec`.
#[must_use]
pub fn run(words: impl Iterator<Item = OsString>) -> u8 {
    sys::ignore_signals();
    let words: Vec<Vec<u8>> = words.map(OsString::into_vec).collect();
    let Some(call) = Call::parse(&words) else { return status::USAGE };
    let result = match call.verb {
        Verb::Open => open(&call),
        Verb::Why => why(&call),
        Verb::Start => start(&call),
        Verb::Finish => finish(&call),
        Verb::Note => note(&call),
        Verb::Close => close(&call),
    };
    match result {
        Ok(()) => status::ACKNOWLEDGED,
        Err(Refusal::Usage) => status::USAGE,
        Err(Refusal::Session(SessionError::Append(AppendError::Tampered(_)))) => status::TAMPERED,
        Err(Refusal::Session(SessionError::Busy)) => status::BUSY,
        Err(Refusal::Session(error)) if error.is_over() => status::OVER,
        Err(Refusal::Session(_)) => status::UNABLE,
    }
}

enum Refusal {
    Usage,
    Session(SessionError),
}

impl<E: Into<SessionError>> std::convert::From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::Session(error.into())
    }
}

type Done = std::result::Result<(), Refusal>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Open,
    Why,
    Start,
    Finish,
    Note,
    Close,
}

/// The keys of the protocol; each at most once.
const KEYS: [&str; 26] = [
    "p", "d", "g", "sh", "n", "nat", "skip", "src", "st", "ps", "us", "from", "fresh", "prev", "r", "lost",
    "what", "why", "kind", "ver", "pid", "hist", "hook", "name", "env", "typed",
];

struct Call<'a> {
    verb: Verb,
    values: [Option<&'a [u8]>; KEYS.len()],
}

impl<'a> Call<'a> {
    fn parse(words: &'a [Vec<u8>]) -> Option<Self> {
        let (verb, rest) = words.split_first()?;
        let verb = match verb.as_slice() {
            b"open" => Verb::Open,
            b"why" => Verb::Why,
            b"s" => Verb::Start,
            b"e" => Verb::Finish,
            b"n" => Verb::Note,
            b"x" => Verb::Close,
            _ => return None,
        };
        // The version comes first: what follows it may mean something else in another.
        if rest.first()?.strip_prefix(b"p=") != Some(PROTOCOL.as_bytes()) {
            return None;
        }
        let mut values = [None; KEYS.len()];
        for word in rest {
            let equals = word.iter().position(|byte| *byte == b'=')?;
            let at = KEYS.iter().position(|key| key.as_bytes() == &word[..equals])?;
            if values[at].replace(&word[equals + 1..]).is_some() {
                return None;
            }
        }
        Some(Call { verb, values })
    }

    fn get(&self, key: &str) -> Option<&'a [u8]> {
        let at = KEYS.iter().position(|have| *have == key)?;
        self.values[at].filter(|value| !value.is_empty())
    }

    fn text(&self, key: &str) -> String {
        String::from_utf8_lossy(self.get(key).unwrap_or_default()).into_owned()
    }

    fn number(&self, key: &str) -> std::result::Result<Option<u64>, Refusal> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        number.filter(|number| *number <= INTEGER_MAX).map(Some).ok_or(Refusal::Usage)
    }

    fn need(&self, key: &str) -> std::result::Result<u64, Refusal> {
        self.number(key)?.ok_or(Refusal::Usage)
    }

    fn status(&self, key: &str) -> std::result::Result<Option<Status>, Refusal> {
        let status = self.number(key)?.map(Status::try_from).transpose();
        status.map_err(|_| Refusal::Usage)
    }

    fn is_set(&self, key: &str) -> bool {
        self.get(key) == Some(b"1")
    }

    fn folder(&self) -> std::result::Result<(&'a Path, Digest), Refusal> {
        let folder = Path::new(std::ffi::OsStr::from_bytes(self.get("d").ok_or(Refusal::Usage)?));
        let root = self.get("g").and_then(hex_exact).ok_or(Refusal::Usage)?;
        Ok((folder, root))
    }

    /// Opens the session of the call, takes its lock and appends; calls that failed before
    /// are told first.
    fn record(&self, work: impl FnOnce(&mut Writer, &Session) -> Result<()>) -> Done {
        let (folder, root) = self.folder()?;
        let (shell, lost) = (self.need("sh")?, self.number("lost")?.unwrap_or(0));
        let session = Session::open(folder)?;
        session.with_writer(|writer| {
            if writer.genesis() != root {
                return Err(
                    AppendError::Tampered("its genesis is not the one this shell knows".into()).into()
                );
            }
            close::tell_lost(writer, shell, lost)?;
            work(writer, &session)
        })?;
        Ok(())
    }

    /// Whether this very record is the last one of its shell already.
    fn is_repeat(&self, writer: &Writer, shell: u64, kind: Kind, n: Option<u64>) -> Result<bool> {
        if !self.is_set("r") {
            return Ok(false);
        }
        let last = writer.last_of_shell(shell, None, shell_of)?;
        Ok(last.is_some_and(|last| last.core.body.kind() == kind && number_of(&last.core.body) == n))
    }
}

fn shell_of(body: &Body) -> Option<u64> {
    match body {
        Body::Start(start) => Some(start.shell),
        Body::Finish(finish) => Some(finish.shell),
        Body::Close(close) => Some(close.shell),
        Body::Note(note) => note.shell,
        _ => None,
    }
}

fn shell_of_start(body: &Body) -> Option<u64> {
    match body {
        Body::Start(start) => Some(start.shell),
        _ => None,
    }
}

fn number_of(body: &Body) -> Option<u64> {
    match body {
        Body::Start(start) => Some(start.n),
        Body::Finish(finish) => Some(finish.n),
        _ => None,
    }
}

/// The text on standard input; the newline that a here-string adds at its end is not part of it.
/// One without it was cut off on its way (a limit on the size of files): it is none.
fn text_on_input() -> std::io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text)?;
    Ok((text.pop() == Some(b'\n')).then_some(text))
}

/// Takes off what bash's `history` prints before a line: the number, `*` or a blank, a blank.
fn without_history_number(text: &[u8]) -> &[u8] {
    let rest = text.trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match &rest[digits..] {
        [b'*' | b' ', b' ', line @ ..] if digits > 0 => line,
        _ => text,
    }
}

fn start(call: &Call) -> Done {
    let (shell, n, native) = (call.need("sh")?, call.need("n")?, call.need("nat")?);
    let (skip, prev_status) = (call.number("skip")?.unwrap_or(0), call.status("prev")?);
    let claimed = call.get("src").ok_or(Refusal::Usage)?;
    let source = match claimed {
        b"history" => TextSource::History,
        b"dup" => TextSource::HistoryDup,
        b"typed" => TextSource::Typed,
        b"rendered" => TextSource::Rendered,
        b"withheld" => TextSource::Withheld,
        b"none" => TextSource::None,
        _ => return Err(Refusal::Usage),
    };
    // Read before the lock: a slow pipe must not hold up other shells.
    let text = match source {
        TextSource::Withheld | TextSource::None => Some(Vec::new()),
        _ => text_on_input().map_err(|error| AppendError::Io("read the command", error))?,
    };
    let (source, mut text) = text.map_or((TextSource::None, Vec::new()), |text| (source, text));
    if matches!(source, TextSource::History | TextSource::HistoryDup) {
        text = without_history_number(&text).to_vec();
    }
    call.record(|writer, _| {
        if call.is_repeat(writer, shell, Kind::Start, Some(n))? {
            return Ok(());
        }
        let kept = KeptText::new(text);
        let source = match source {
            TextSource::HistoryDup if !repeats_previous(writer, shell, &kept)? => TextSource::Withheld,
            other => other,
        };
        let mut texts = Disclosures::default();
        let shown = !matches!(source, TextSource::Withheld | TextSource::None);
        let truncated = shown && kept.truncated;
        if shown {
            texts.commit("command", kept.value);
        }
        texts.commit("workdir", workdir());
        let body = Body::Start(Start {
            shell,
            n,
            native,
            skip,
            text_source: source,
            truncated,
            prev_status,
            planned: false,
            late: false,
        });
        writer.append(body, &texts, clock::now())?;
        Ok(())
    })
}

/// Whether history's newest line is this shell's previous command: then it was repeated.
/// Otherwise the line that ran was kept out of history, and history's newest is another.
fn repeats_previous(writer: &Writer, shell: u64, text: &KeptText) -> Result<bool> {
    let window = REPEAT_WINDOW.max(2 * (TEXT_PREFIX + text.value.len()) as u64);
    let last: Option<Record> = writer.last_of_shell(shell, Some(window), shell_of_start)?;
    Ok(last.is_some_and(|last| last.text("command") == Some(&text.value)))
}

fn finish(call: &Call) -> Done {
    let (shell, n) = (call.need("sh")?, call.need("n")?);
    let status = call.status("st")?;
    let from = call
        .get("from")
        .and_then(|word| From::from_name(std::str::from_utf8(word).ok()?))
        .ok_or(Refusal::Usage)?;
    if (from == From::Unknown) == status.is_some() {
        return Err(Refusal::Usage);
    }
    let pipe_status = match call.get("ps") {
        None => None,
        // A single status says nothing that the exit status does not.
        Some(list) => Some(statuses(list).ok_or(Refusal::Usage)?).filter(|list| list.len() > 1),
    };
    let finish = Finish {
        shell,
        n,
        status,
        pipe_status,
        from,
        stale: call.get("fresh") == Some(b"0"),
        outcome: None,
        native: call.number("nat")?,
        shell_duration_us: call.number("us")?,
    };
    call.record(|writer, _| {
        if !call.is_repeat(writer, shell, Kind::Finish, Some(n))? {
            writer.append(Body::Finish(finish), &Disclosures::default(), clock::now())?;
        }
        Ok(())
    })
}

fn statuses(list: &[u8]) -> Option<Vec<Status>> {
    let text = std::str::from_utf8(list).ok()?;
    text.split_ascii_whitespace().map(|word| word.parse().ok()).collect()
}

fn note(call: &Call) -> Done {
    let shell = call.need("sh")?;
    let what = match call.get("what") {
        Some(b"unexecuted") => NoteWhat::Unexecuted,
        Some(b"hook-repaired") => NoteWhat::HookRepaired,
        Some(b"gap") => NoteWhat::Gap,
        Some(b"configuration") => NoteWhat::Configuration,
        _ => return Err(Refusal::Usage),
    };
    let (status, native) = (call.status("st")?, call.number("nat")?);
    let text = text_on_input().map_err(|error| AppendError::Io("read the note", error))?.unwrap_or_default();
    call.record(|writer, _| {
        let mut texts = Disclosures::default();
        if !text.is_empty() {
            texts.commit("text", KeptText::new(text).value);
        }
        writer.append(Body::Note(Note { shell: Some(shell), what, status, native }), &texts, clock::now())?;
        Ok(())
    })
}

fn close(call: &Call) -> Done {
    let shell = call.need("sh")?;
    let why = match call.get("why") {
        Some(b"exit") => CloseReason::Exit,
        Some(b"eof") => CloseReason::Eof,
        Some(b"signal") => CloseReason::Signal,
        Some(b"unknown") => CloseReason::Unknown,
        _ => return Err(Refusal::Usage),
    };
    let (status, native) = (call.status("st")?, call.number("nat")?);
    call.record(|writer, session| {
        // A repeat may find the shell closed and the end still missing.
        if !call.is_repeat(writer, shell, Kind::ShellClose, None)? {
            if let Some(live) = writer.story()?.live.get(&shell) {
                leave_nothing(session, |pid| pid == live.pid);
            }
            close::close_shell(writer, shell, why, status, native)?;
        }
        close::end_without_shells(session, writer)
    })
}

/// Removes the short-lived files that hooks of these processes kept beside the state.
fn leave_nothing(session: &Session, gone: impl Fn(u64) -> bool) {
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

/// Creates or joins a session; answers on standard output.
fn open(call: &Call) -> Done {
    let shell = Shell {
        program: Program::from_name(&call.text("kind")).ok_or(Refusal::Usage)?,
        version: call.text("ver"),
        pid: call.need("pid")?,
        native: call.number("nat")?.unwrap_or(0),
        hook: call.text("hook"),
        typed: call.is_set("typed"),
        history: call.get("hist").unwrap_or_default().to_vec(),
    };
    let opened = match call.number("sh")? {
        Some(index) => moved(call, index, &shell)?,
        None => opened(call, &shell),
    };
    if let Ok((session, ..)) = &opened {
        // A shell that was killed could not have its own removed.
        leave_nothing(session, |pid| process::stat(pid).is_none());
    }
    let answer = match &opened {
        Ok((session, index, message)) => {
            let folder = session.folder().path().as_os_str().as_bytes();
            let state = session.state_folder()?;
            let mut lines = [folder, b"\n", hex(session.genesis_root()).as_bytes(), b"\n"].concat();
            lines.extend_from_slice(format!("{index}\n").as_bytes());
            lines.extend_from_slice(state.path().as_os_str().as_bytes());
            lines.extend_from_slice(
                format!("\n{}\n{}\n", session.short_name(), message.as_deref().unwrap_or("")).as_bytes(),
            );
            lines
        }
        Err(error) => format!("\n\n\n\n\n{}\n", error.to_string().replace('\n', " ")).into_bytes(),
    };
    tell(&answer)?;
    opened.map(|_| ()).map_err(Refusal::Session)
}

fn tell(answer: &[u8]) -> Done {
    let written = std::io::Write::write_all(&mut std::io::stdout(), answer);
    Ok(written.map_err(|error| AppendError::Io("answer", error))?)
}

/// Tells on one line why nothing can be appended, and what mends it.
fn why(call: &Call) -> Done {
    let (folder, _) = call.folder()?;
    let found = Session::open(folder).and_then(|session| session.with_writer(|_| Ok(())));
    let text = match found {
        Err(error) => error.to_string(),
        Ok(()) => "a record could not be written: no space, or a limit on files (see ulimit -f)".to_owned(),
    };
    tell(format!("{}\n", text.replace('\n', " ")).as_bytes())
}

/// A session that was opened, this shell's index in it, and what to tell its user.
type Opened = (Session, u64, Option<String>);

/// The live session that a hook was told to join.
fn named(name: &[u8]) -> Result<Session> {
    let name = String::from_utf8_lossy(name).into_owned();
    let session = find::by_word(&name).map_err(|failure| SessionError::Nowhere(failure.to_string()))?;
    if session.is_over() {
        let next = match &session.genesis().name {
            Some(name) => format!("open another of this name with: attesh start {name}"),
            None => "record this shell in a new one: leave --session out".to_owned(),
        };
        return Err(SessionError::Nowhere(format!("session {name} has ended; {next}")));
    }
    Ok(session)
}

/// Takes the shell of this index to the session of a name, unless it is in that one.
fn moved(call: &Call, index: u64, shell: &Shell) -> std::result::Result<Result<Opened>, Refusal> {
    let (folder, root) = call.folder()?;
    let (name, lost) = (call.get("name").ok_or(Refusal::Usage)?, call.number("lost")?.unwrap_or(0));
    let joined = named(name).and_then(|session| match *session.genesis_root() == root {
        true => Ok((session, None)),
        false => birth::join(&session, shell).map(|joined| (session, Some(joined))),
    });
    let (session, joined) = match joined {
        Ok((session, Some(joined))) => (session, joined),
        Ok((session, None)) => return Ok(Ok((session, index, None))),
        Err(error) => return Ok(Err(error)),
    };
    let mut message = format!("from here on this shell is recorded in session {}", session.short_name());
    let left = Session::open(folder).and_then(|before| {
        before.with_writer_waiting(5_000, |writer| leave(writer, &before, &root, index, shell.native, lost))
    });
    match left {
        Ok(()) | Err(SessionError::Append(AppendError::Ended)) => {}
        Err(error) => message.push_str(&format!("; it could not be closed where it was: {error}")),
    }
    Ok(Ok((session, joined, Some(message))))
}

/// Closes a shell that went to another session.
fn leave(
    writer: &mut Writer,
    session: &Session,
    root: &Digest,
    shell: u64,
    native: u64,
    lost: u64,
) -> Result<()> {
    if writer.genesis() != *root {
        return Err(AppendError::Tampered("its genesis is not the one this shell knows".into()).into());
    }
    if !writer.story()?.live.contains_key(&shell) {
        return Ok(());
    }
    close::tell_lost(writer, shell, lost)?;
    close::close_shell(writer, shell, CloseReason::Moved, None, Some(native))?;
    close::end_without_shells(session, writer)
}

fn opened(call: &Call, shell: &Shell) -> Result<Opened> {
    let path = |key| call.get(key).map(|value| PathBuf::from(std::ffi::OsStr::from_bytes(value)));
    let mut message = None;
    let session = if let (Some(folder), Some(root)) = (path("d"), call.get("g").and_then(hex_exact)) {
        let (session, warning) = birth::successor(&folder, &root)?;
        message = warning;
        session
    } else if let Some(name) = call.get("name") {
        named(name)?
    } else {
        birth::for_new_shell(path("env").as_deref())?
    };
    if session.folder().path().as_os_str().as_bytes().contains(&b'\n') {
        return Err(SessionError::File(FileError::Kind(
            session.folder().path().to_owned(),
            "a path on one line",
        )));
    }
    let index = birth::join(&session, shell)?;
    if session.genesis().state == StateLevel::Disk.into() && message.is_none() {
        message = Some(
            "recording, with the state on a disk: no folder in memory can be used (see attesh doctor)".into(),
        );
    }
    Ok((session, index, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<Vec<u8>> {
        list.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn a_call_of_another_protocol_or_with_odd_words_is_refused() {
        assert!(Call::parse(&words(&["s", "p=1", "n=1"])).is_some());
        for bad in [
            &["s", "p=2", "n=1"][..],
            &["s", "n=1", "p=1"],
            &["s"],
            &["q", "p=1"],
            &["s", "p=1", "zz=1"],
            &["s", "p=1", "n"],
            &["s", "p=1", "n=1", "n=1"],
        ] {
            assert!(Call::parse(&words(bad)).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn the_history_number_comes_off_and_nothing_else() {
        assert_eq!(without_history_number(b"    7  echo 8"), b"echo 8");
        assert_eq!(without_history_number(b"12345*   x"), b"  x");
        assert_eq!(without_history_number(b"echo 8"), b"echo 8");
    }
}
