//! One call of the protocol: what its words say, and what it is answered.
//!
//! What lives here: the parser of the words and of the text, and the bytes of the answers; bytes
//! in, values out. What does not: the spelling of the words (`protocol`), what a call does
//! (`apply`), where its bytes come from (`hook`).
//!
//! Rules: docs/hook-protocol.md is normative. A key that is unknown, comes twice or has an
//! impossible value refuses the whole call.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::crypto::Digest;
use crate::encoding::{hex, hex_exact};
use crate::mask::in_message;
use crate::protocol::{Key, VERSION, Verb};
use crate::record::{CloseReason, Finish, From, INTEGER_MAX, NoteWhat, Program, Status, TextSource};

/// The words are no call of this version of the protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage;

type Parsed<T> = Result<T, Usage>;

/// One call.
#[derive(Debug, PartialEq, Eq)]
pub enum Call<'a> {
    /// A shell joins a session, or goes to another.
    Open(Joining<'a>),
    /// Why can nothing be appended to this session?
    Why(Known<'a>),
    /// A command is about to run.
    Start(Caller<'a>, Starting),
    /// A command has ended.
    Finish(Caller<'a>, Finish),
    /// The hook saw something else.
    Note(Caller<'a>, Seen),
    /// The shell leaves.
    Close(Caller<'a>, Leaving),
}

/// The session that the shell knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// The root of its genesis.
    pub genesis: Digest,
}

/// The shell that calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The session it is in.
    pub session: Known<'a>,
    /// The index of its `shell-open`.
    pub shell: u64,
    /// How many of its calls failed since the last one that was acknowledged.
    pub lost: u64,
    /// Whether this call may be a repeat of one that was acknowledged.
    pub again: bool,
}

/// What a shell says of itself, and where it wants to be recorded.
#[derive(Debug, PartialEq, Eq)]
pub struct Joining<'a> {
    /// Which shell.
    pub program: Program,
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u64,
    /// Its own counter.
    pub native: u64,
    /// Digest of the hook's text.
    pub hook: String,
    /// Whether the hook was typed in.
    pub typed: bool,
    /// The history settings that can hide text.
    pub history: &'a [u8],
    /// Where it wants to be recorded.
    pub into: Destination<'a>,
}

/// Where a shell wants to be recorded.
#[derive(Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// From the session it is in, into the one of this name.
    Moved(Caller<'a>, &'a [u8]),
    /// Into the session after this one, which is over and did not acknowledge this many calls.
    After(Known<'a>, u64),
    /// Into the session of this name.
    Named(&'a [u8]),
    /// Into the session whose folder the environment names, or into one of its own.
    Exported(Option<&'a Path>),
}

/// A command is about to run.
#[derive(Debug, PartialEq, Eq)]
pub struct Starting {
    /// The hook's own number of the command.
    pub n: u64,
    /// The shell's own counter.
    pub native: u64,
    /// How far that counter moved without a command.
    pub skip: u64,
    /// Where the text comes from.
    pub source: TextSource,
    /// The status just before.
    pub prev_status: Option<Status>,
}

/// The hook saw something else than a command.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it is about.
    pub what: NoteWhat,
    /// The status that the shell has.
    pub status: Option<Status>,
    /// The shell's own counter.
    pub native: Option<u64>,
}

/// The shell leaves.
#[derive(Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Why.
    pub why: CloseReason,
    /// Its exit status.
    pub status: Option<Status>,
    /// Its own counter.
    pub native: Option<u64>,
}

/// What comes with the words of a call.
pub struct Sent<'a> {
    /// The text; none where it was cut off on its way, or where the call takes none.
    pub text: Option<Vec<u8>>,
    /// The folder that the shell is in. It is asked for only where a record says it.
    pub workdir: &'a dyn Fn() -> Vec<u8>,
}

/// The text of a call, from the bytes that came. A newline ends it and is not part of it. A text
/// without one was cut off on its way (a limit on the size of files), and counts as none.
#[must_use]
pub fn text(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    (bytes.pop() == Some(b'\n')).then_some(bytes)
}

impl<'a> Call<'a> {
    /// Parses the words after `rec`.
    ///
    /// # Errors
    /// They are no call of this version of the protocol.
    pub fn parse(words: &'a [Vec<u8>]) -> Parsed<Self> {
        let (verb, rest) = words.split_first().ok_or(Usage)?;
        let verb = Verb::from_word(verb).ok_or(Usage)?;
        let values = Values::parse(rest)?;
        Ok(match verb {
            Verb::Open => Call::Open(values.open()?),
            Verb::Why => Call::Why(values.known()?),
            Verb::Start => Call::Start(values.caller()?, values.start()?),
            Verb::Finish => Call::Finish(values.caller()?, values.finish()?),
            Verb::Note => Call::Note(values.caller()?, values.note()?),
            Verb::Close => Call::Close(values.caller()?, values.close()?),
        })
    }

    /// Whether a text comes with it.
    #[must_use]
    pub fn takes_text(&self) -> bool {
        match self {
            Call::Start(_, start) => !matches!(start.source, TextSource::Withheld | TextSource::None),
            Call::Note(..) => true,
            Call::Open(_) | Call::Why(_) | Call::Finish(..) | Call::Close(..) => false,
        }
    }
}

impl Starting {
    /// The command, and where it comes from once it is known what has arrived.
    #[must_use]
    pub fn command(&self, text: Option<Vec<u8>>) -> (TextSource, Vec<u8>) {
        match (self.source, text) {
            (TextSource::Withheld, _) => (TextSource::Withheld, Vec::new()),
            (TextSource::None, _) | (_, None) => (TextSource::None, Vec::new()),
            (source @ (TextSource::History | TextSource::HistoryDup), Some(text)) => {
                (source, without_history_number(&text).to_vec())
            }
            (source, Some(text)) => (source, text),
        }
    }
}

/// The values of a call, by their keys.
struct Values<'a>([Option<&'a [u8]>; Key::ALL.len()]);

impl<'a> Values<'a> {
    fn parse(words: &'a [Vec<u8>]) -> Parsed<Self> {
        let mut values = [None; Key::ALL.len()];
        for (at, word) in words.iter().enumerate() {
            let equals = word.iter().position(|byte| *byte == b'=').ok_or(Usage)?;
            let (key, value) = (Key::from_word(&word[..equals]).ok_or(Usage)?, &word[equals + 1..]);
            // The version comes first: what follows it may mean something else in another.
            if at == 0 && (key, value) != (Key::Version, VERSION.as_bytes()) {
                return Err(Usage);
            }
            if values[key as usize].replace(value).is_some() {
                return Err(Usage);
            }
        }
        if words.is_empty() { Err(Usage) } else { Ok(Values(values)) }
    }

    /// A value that is there and not empty.
    fn get(&self, key: Key) -> Option<&'a [u8]> {
        self.0[key as usize].filter(|value| !value.is_empty())
    }

    fn text(&self, key: Key) -> String {
        String::from_utf8_lossy(self.get(key).unwrap_or_default()).into_owned()
    }

    fn path(&self, key: Key) -> Option<&'a Path> {
        self.get(key).map(|value| Path::new(OsStr::from_bytes(value)))
    }

    fn number(&self, key: Key) -> Parsed<Option<u64>> {
        self.get(key).map(|value| number(value).ok_or(Usage)).transpose()
    }

    fn need(&self, key: Key) -> Parsed<u64> {
        self.number(key)?.ok_or(Usage)
    }

    fn status(&self, key: Key) -> Parsed<Option<Status>> {
        let status = self.number(key)?.map(Status::try_from).transpose();
        status.map_err(|_| Usage)
    }

    fn is_set(&self, key: Key) -> bool {
        self.get(key) == Some(b"1")
    }

    fn known(&self) -> Parsed<Known<'a>> {
        let folder = self.path(Key::Folder).ok_or(Usage)?;
        let genesis = self.get(Key::Genesis).and_then(hex_exact).ok_or(Usage)?;
        Ok(Known { folder, genesis })
    }

    fn caller(&self) -> Parsed<Caller<'a>> {
        Ok(Caller {
            session: self.known()?,
            shell: self.need(Key::Shell)?,
            lost: self.number(Key::Lost)?.unwrap_or(0),
            again: self.is_set(Key::Repeat),
        })
    }

    fn open(&self) -> Parsed<Joining<'a>> {
        let name = self.get(Key::Session);
        let into = if self.get(Key::Shell).is_some() {
            Destination::Moved(self.caller()?, name.ok_or(Usage)?)
        } else if let Ok(known) = self.known() {
            Destination::After(known, self.number(Key::Lost)?.unwrap_or(0))
        } else if let Some(name) = name {
            Destination::Named(name)
        } else {
            Destination::Exported(self.path(Key::Exported))
        };
        Ok(Joining {
            program: Program::from_name(&self.text(Key::Program)).ok_or(Usage)?,
            version: self.text(Key::ProgramVersion),
            pid: self.need(Key::ProcessId)?,
            native: self.number(Key::Native)?.unwrap_or(0),
            hook: self.text(Key::Hook),
            typed: self.is_set(Key::Typed),
            history: self.get(Key::History).unwrap_or_default(),
            into,
        })
    }

    fn start(&self) -> Parsed<Starting> {
        let source = match self.get(Key::Source) {
            Some(b"history") => TextSource::History,
            Some(b"dup") => TextSource::HistoryDup,
            Some(b"typed") => TextSource::Typed,
            Some(b"rendered") => TextSource::Rendered,
            Some(b"withheld") => TextSource::Withheld,
            Some(b"none") => TextSource::None,
            _ => return Err(Usage),
        };
        Ok(Starting {
            n: self.need(Key::Number)?,
            native: self.need(Key::Native)?,
            skip: self.number(Key::Skip)?.unwrap_or(0),
            source,
            prev_status: self.status(Key::Previous)?,
        })
    }

    fn finish(&self) -> Parsed<Finish> {
        let status = self.status(Key::Status)?;
        let from = self.get(Key::From).and_then(|word| std::str::from_utf8(word).ok());
        let from = from.and_then(From::from_name).ok_or(Usage)?;
        let stale = match self.get(Key::Fresh) {
            None => false,
            Some(b"0") => true,
            Some(_) => return Err(Usage),
        };
        if (from == From::Unknown || stale) == status.is_some() {
            return Err(Usage);
        }
        let statuses = self.get(Key::PipeStatus).map(|list| statuses(list).ok_or(Usage)).transpose()?;
        Ok(Finish {
            shell: self.need(Key::Shell)?,
            n: self.need(Key::Number)?,
            status,
            // A single status says nothing that the exit status does not.
            pipe_status: statuses.filter(|list| list.len() > 1),
            from,
            stale,
            outcome: None,
            native: self.number(Key::Native)?,
            shell_duration_us: self.number(Key::Duration)?,
        })
    }

    fn note(&self) -> Parsed<Seen> {
        let what = match self.get(Key::What) {
            Some(b"unexecuted") => NoteWhat::Unexecuted,
            Some(b"unannounced") => NoteWhat::Unannounced,
            Some(b"history") => NoteWhat::History,
            Some(b"hook-repaired") => NoteWhat::HookRepaired,
            Some(b"gap") => NoteWhat::Gap,
            Some(b"configuration") => NoteWhat::Configuration,
            _ => return Err(Usage),
        };
        Ok(Seen { what, status: self.status(Key::Status)?, native: self.number(Key::Native)? })
    }

    fn close(&self) -> Parsed<Leaving> {
        let why = match self.get(Key::Why) {
            Some(b"exit") => CloseReason::Exit,
            Some(b"eof") => CloseReason::Eof,
            Some(b"signal") => CloseReason::Signal,
            Some(b"unknown") => CloseReason::Unknown,
            _ => return Err(Usage),
        };
        Ok(Leaving { why, status: self.status(Key::Status)?, native: self.number(Key::Native)? })
    }
}

fn number(value: &[u8]) -> Option<u64> {
    let number = std::str::from_utf8(value).ok()?.parse().ok()?;
    (number <= INTEGER_MAX).then_some(number)
}

fn statuses(list: &[u8]) -> Option<Vec<Status>> {
    let text = std::str::from_utf8(list).ok()?;
    text.split_ascii_whitespace().map(|word| word.parse().ok()).collect()
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

/// What a call is answered, beside its status.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing.
    Silent,
    /// To `open`: where the shell is recorded now.
    Opened {
        /// The folder of the session.
        folder: PathBuf,
        /// The root of its genesis.
        genesis: Digest,
        /// The index of the shell's `shell-open`.
        shell: u64,
        /// A folder for the hook's own short-lived files; none where it is to write no file.
        scratch: Option<PathBuf>,
        /// The session's name for a person.
        short_name: String,
        /// What the user is to be told.
        message: Option<String>,
    },
    /// To `why`: why nothing can be appended.
    Why(String),
}

impl Answer {
    /// The bytes that go to the hook.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Answer::Silent => Vec::new(),
            Answer::Why(text) => format!("{}\n", harmless(text)).into_bytes(),
            Answer::Opened { folder, genesis, shell, scratch, short_name, message } => [
                folder.as_os_str().as_bytes(),
                format!("\n{}\n{shell}\n", hex(genesis)).as_bytes(),
                scratch.as_deref().map_or(b"-", |folder| folder.as_os_str().as_bytes()),
                format!("\n{short_name}\n{}\n", harmless(message.as_deref().unwrap_or_default())).as_bytes(),
            ]
            .concat(),
        }
    }

    /// The bytes that answer an `open` for which there is no session: only the last line says
    /// something.
    #[must_use]
    pub fn refusal(why: &str) -> Vec<u8> {
        format!("\n\n\n\n\n{}\n", harmless(why)).into_bytes()
    }
}

/// What a person is told: on one line, and without the secrets in the words and names that it quotes.
fn harmless(text: &str) -> String {
    in_message(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<Vec<u8>> {
        line.split('|').map(|word| word.as_bytes().to_vec()).collect()
    }

    fn known() -> String {
        format!("d=/s|g={}", "0a".repeat(32))
    }

    fn caller() -> Caller<'static> {
        let session = Known { folder: Path::new("/s"), genesis: [10; 32] };
        Caller { session, shell: 3, lost: 0, again: false }
    }

    #[test]
    fn a_call_of_each_verb_says_what_its_words_say() {
        let line = format!("s|p=1|{}|sh=3|n=7|nat=9|skip=|src=dup|prev=130|lost=2|r=1", known());
        let start =
            Starting { n: 7, native: 9, skip: 0, source: TextSource::HistoryDup, prev_status: Some(130) };
        let words = split(&line);
        let caller_again = Caller { lost: 2, again: true, ..caller() };
        assert_eq!(Call::parse(&words), Ok(Call::Start(caller_again, start)));

        let words = split(&format!("e|p=1|sh=3|n=7|st=1|ps=0 1|from=prompt|us=5|{}", known()));
        let Ok(Call::Finish(_, finish)) = Call::parse(&words) else { panic!("no finish") };
        assert_eq!((finish.status, finish.pipe_status), (Some(1), Some(vec![0, 1])));
        assert_eq!((finish.stale, finish.shell_duration_us, finish.native), (false, Some(5), None));

        let words = split(&format!("n|p=1|{}|sh=3|what=gap|nat=9|st=0", known()));
        let note = Seen { what: NoteWhat::Gap, status: Some(0), native: Some(9) };
        assert_eq!(Call::parse(&words), Ok(Call::Note(caller(), note)));

        let words = split(&format!("x|p=1|{}|sh=3|why=eof", known()));
        let close = Leaving { why: CloseReason::Eof, status: None, native: None };
        assert_eq!(Call::parse(&words), Ok(Call::Close(caller(), close)));

        let words = split(&format!("why|p=1|{}", known()));
        assert_eq!(Call::parse(&words), Ok(Call::Why(caller().session)));
    }

    #[test]
    fn where_a_shell_goes_is_in_the_words_of_open() {
        let at = known();
        for (more, into) in [
            (String::new(), Destination::Exported(None)),
            ("|env=/e".into(), Destination::Exported(Some(Path::new("/e")))),
            ("|env=/e|name=n".into(), Destination::Named(b"n")),
            (format!("|env=/e|name=n|{at}"), Destination::After(caller().session, 0)),
            (format!("|lost=2|{at}"), Destination::After(caller().session, 2)),
            (format!("|env=/e|name=n|sh=3|{at}"), Destination::Moved(caller(), b"n")),
        ] {
            let words = split(&format!("open|p=1|kind=bash|pid=1{more}"));
            let Ok(Call::Open(open)) = Call::parse(&words) else { panic!("{more}") };
            assert_eq!(open.into, into, "{more}");
        }
    }

    #[test]
    fn a_call_of_another_protocol_or_with_odd_words_is_refused() {
        let good = format!("s|p=1|{}|sh=3|n=1|nat=1|src=none", known());
        assert!(Call::parse(&split(&good)).is_ok());
        let edits = [
            ("p=1", "p=2"),
            ("p=1|", ""),
            ("s|", "q|"),
            ("p=1|d=/s", "d=/s|p=1"),
            ("n=1", "n"),
            ("n=1", "n=1|n=1"),
            ("n=1", "n=1|zz=1"),
            ("n=1", "n=-1"),
            ("sh=3|", ""),
            ("src=none", "src=script"),
            ("nat=1", "nat=1|prev=256"),
            ("nat=1", "nat=1|lost=x"),
            ("d=/s|", ""),
            ("g=0a", "g=zz"),
        ];
        for (from, to) in edits {
            assert!(good.contains(from), "{from}");
            let words = split(&good.replacen(from, to, 1));
            assert_eq!(Call::parse(&words), Err(Usage), "{from} became {to}");
        }
        for bad in ["s", "", "open|p=1|pid=1", "open|p=1|kind=sh|pid=1|sh=1", "x|p=1|why=moved"] {
            assert_eq!(Call::parse(&split(bad)), Err(Usage), "{bad}");
        }
        assert_eq!(Call::parse(&[]), Err(Usage));
    }

    #[test]
    fn a_text_is_what_stands_before_its_newline() {
        assert_eq!(text(b"echo 8\n".to_vec()), Some(b"echo 8".to_vec()));
        assert_eq!(text(b"echo 8\n\n".to_vec()), Some(b"echo 8\n".to_vec()));
        assert_eq!((text(b"cut off".to_vec()), text(Vec::new())), (None, None));
        let start = |source| Starting { n: 1, native: 1, skip: 0, source, prev_status: None };
        let command = |source| start(source).command(Some(b"    7  ls".to_vec()));
        assert_eq!(command(TextSource::History), (TextSource::History, b"ls".to_vec()));
        assert_eq!(command(TextSource::Typed), (TextSource::Typed, b"    7  ls".to_vec()));
        assert_eq!(command(TextSource::Withheld), (TextSource::Withheld, Vec::new()));
        assert_eq!(start(TextSource::Typed).command(None), (TextSource::None, Vec::new()));
    }

    #[test]
    fn the_history_number_comes_off_and_nothing_else() {
        assert_eq!(without_history_number(b"    7  echo 8"), b"echo 8");
        assert_eq!(without_history_number(b"12345*   x"), b"  x");
        assert_eq!(without_history_number(b"echo 8"), b"echo 8");
    }

    #[test]
    fn an_answer_to_open_has_six_lines() {
        let opened = Answer::Opened {
            folder: "/s".into(),
            genesis: [10; 32],
            shell: 3,
            scratch: Some("/t".into()),
            short_name: "abc".into(),
            message: None,
        };
        let text = format!("/s\n{}\n3\n/t\nabc\n\n", "0a".repeat(32));
        assert_eq!(opened.to_bytes(), text.into_bytes());
        assert_eq!(Answer::refusal("no\nspace"), b"\n\n\n\n\nno space\n");
        assert_eq!(Answer::Why("a\nb".into()).to_bytes(), b"a b\n");
    }
}
