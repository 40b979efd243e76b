//! The records of a program that `attesh run` records: its command, the starts below it, their ends.

use super::touches;
use super::tree::Start as Started;
use crate::clock;
use crate::fact::process::{self, End, Numbers, SeenBy, ToldBy, When};
use crate::fact::touched::{self, LIST_MAX, Touched};
use crate::fact::{FILES, PROCESS, PROCESS_END, PROCESSES, Seen};
use crate::journal::append::Writer;
use crate::mask::Masker;
use crate::os::held::Wanted;
use crate::record::{Anomaly, Body, Fact, Finish, From, KeptText, Start, Status, TextSource, Texts};
use crate::session::shells::workdir;
use crate::session::{Result, Session};

/// By what starts are seen, and by what their ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// By what starts are seen.
    pub starts: SeenBy,
    /// Whether the kernel tells how a process ended to one that is not its parent.
    pub handle: bool,
}

impl By {
    fn ends(self) -> &'static str {
        match (self.starts, self.handle) {
            (SeenBy::Trace, _) => ToldBy::Trace.name(),
            (_, true) => ToldBy::Handle.name(),
            (_, false) => ToldBy::Call.name(),
        }
    }
}

/// The one command of a program.
pub const N: u64 = 1;

/// Records the start of the program itself.
///
/// # Errors
/// The record was not appended.
pub fn start(writer: &mut Writer, shell: u64, text: String) -> Result<()> {
    let mut texts = Texts::default();
    let kept = KeptText::new(writer.masker().screen(text.into_bytes()));
    texts.commit("command", &kept.value);
    texts.commit("workdir", &writer.masker().screen(workdir()));
    let body = Body::Start(Start {
        shell,
        n: N,
        native: N,
        skip: 0,
        text_source: TextSource::Rendered,
        truncated: kept.truncated,
        prev_status: None,
        unit: None,
    });
    writer.append(body, &texts, clock::now())?;
    Ok(())
}

/// Records the end of the program itself.
///
/// # Errors
/// The record was not appended.
pub fn finish(writer: &mut Writer, shell: u64, status: Status) -> Result<()> {
    let finish = Finish {
        shell,
        n: N,
        status: Some(status),
        pipe_status: None,
        from: From::Exit,
        stale: false,
        outcome: None,
        native: None,
        shell_duration_us: None,
    };
    writer.append(Body::Finish(finish), &Texts::default(), clock::now())?;
    Ok(())
}

/// Records what was seen of the program before it ran.
///
/// # Errors
/// The record was not appended.
pub fn seen(writer: &mut Writer, shell: u64, seen: &Seen) -> Result<()> {
    let mut texts = Texts::default();
    for (name, value) in seen.texts.iter() {
        texts.commit(name, &writer.masker().screen(value.to_vec()));
    }
    append(writer, shell, When::In(N), (seen.kind, seen.ok), &texts)
}

fn fact(writer: &mut Writer, shell: u64, when: When, kind: &str, texts: &Texts) -> Result<()> {
    append(writer, shell, when, (kind, true), texts)
}

fn append(writer: &mut Writer, shell: u64, when: When, what: (&str, bool), texts: &Texts) -> Result<()> {
    writer.append(body(shell, when, what), texts, clock::now())?;
    Ok(())
}

fn body(shell: u64, when: When, (kind, ok): (&str, bool)) -> Body {
    let (at, n) = when.said();
    let fact =
        Fact { kind: kind.to_owned(), at, shell: Some(shell), n, ok, must: false, attached: Vec::new() };
    Body::Fact(Box::new(fact))
}

/// The texts of a start.
#[must_use]
pub fn texts(masker: &Masker, numbers: Numbers, wanted: &Wanted, folder: Option<&[u8]>) -> Texts {
    let mut texts = Texts::default();
    texts.commit(process::NUMBERS, &masker.screen(numbers.to_string().into_bytes()));
    texts.commit(process::PATH, &masker.screen(wanted.path.clone()));
    texts.commit(process::ARGUMENTS, &masker.screen_words(wanted.words.clone()));
    if let Some(folder) = folder {
        texts.commit(process::WORKDIR, &masker.screen(folder.to_vec()));
    }
    if wanted.cut {
        texts.commit(process::CUT, &masker.screen(b"1".to_vec()));
    }
    texts
}

/// Makes the record of a start ahead, for when it takes place.
pub fn make_ready(session: &Session, shell: u64, when: When, texts: &Texts) {
    session.make_ready(body(shell, when, (PROCESS, true)), texts);
}

/// Records a start, before the program runs; `unsure` says that nobody saw whether it took place.
///
/// # Errors
/// The record was not appended.
pub fn process(writer: &mut Writer, shell: u64, start: &Started, unsure: bool) -> Result<()> {
    let masker = writer.masker();
    let made = || texts(masker, start.numbers, &start.wanted, start.folder.as_deref());
    let mut texts = start.texts.clone().unwrap_or_else(made);
    if unsure {
        texts.commit(process::UNSURE, &masker.screen(b"1".to_vec()));
    }
    fact(writer, shell, start.when, PROCESS, &texts)
}

/// Records ends.
///
/// # Errors
/// The record was not appended.
pub fn ends(writer: &mut Writer, shell: u64, when: When, ends: &[(u64, End)]) -> Result<()> {
    if ends.is_empty() {
        return Ok(());
    }
    let mut texts = Texts::default();
    texts.commit(process::ENDS, &writer.masker().screen(process::ends(ends).into_bytes()));
    fact(writer, shell, when, PROCESS_END, &texts)
}

/// Records the count.
///
/// # Errors
/// The record was not appended.
pub fn count(
    writer: &mut Writer,
    shell: u64,
    when: When,
    count: &process::Count,
    by: By,
    above: Option<(u64, u64)>,
) -> Result<()> {
    let mut texts = Texts::default();
    for (name, value) in [
        (process::SEEN, count.seen.to_string()),
        (process::LOST, count.lost.to_string()),
        (process::NOT_STARTED, count.not_started.to_string()),
        (process::REACHED, count.reached.to_string()),
        (process::RUNNING, count.running.to_string()),
        (process::TOLD_BY, by.ends().to_owned()),
        (process::SEEN_BY, by.starts.name().to_owned()),
    ] {
        texts.commit(name, &writer.masker().screen(value.into_bytes()));
    }
    if let Some((shell, start)) = above {
        let place = format!("{shell} {start}").into_bytes();
        texts.commit(process::ABOVE, &writer.masker().screen(place));
    }
    fact(writer, shell, when, PROCESSES, &texts)
}

/// Records that the starts were not seen, and why.
///
/// # Errors
/// The record was not appended.
pub fn unseen(writer: &mut Writer, shell: u64, when: When, why: &str) -> Result<()> {
    let mut texts = Texts::default();
    for (name, value) in [(process::SEEN_BY, SeenBy::Nobody.name()), (process::ERROR, why)] {
        texts.commit(name, &writer.masker().screen(value.as_bytes().to_vec()));
    }
    append(writer, shell, when, (PROCESSES, false), &texts)
}

/// Records what was touched in a command, in as many records as that takes.
///
/// # Errors
/// The record was not appended.
pub fn touched(writer: &mut Writer, shell: u64, when: When, seen: &touches::Seen) -> Result<()> {
    let mut lines = seen.touched.iter().map(Touched::line).peekable();
    let (mut passing, mut lost) = (seen.passing, seen.lost);
    while lines.peek().is_some() || passing > 0 || lost > 0 {
        let mut list = String::new();
        while let Some(line) = lines.next_if(|line| list.is_empty() || list.len() + line.len() <= LIST_MAX) {
            list.push_str(&line);
        }
        let mut texts = Texts::default();
        for (name, value) in [
            (touched::FILES, list),
            (touched::PASSING, std::mem::take(&mut passing).to_string()),
            (touched::LOST, std::mem::take(&mut lost).to_string()),
        ] {
            texts.commit(name, &writer.masker().screen(value.into_bytes()));
        }
        fact(writer, shell, when, FILES, &texts)?;
    }
    Ok(())
}

/// Records something out of order.
///
/// # Errors
/// The record was not appended.
pub fn anomaly(writer: &mut Writer, what: &str, detail: &str) -> Result<()> {
    let mut texts = Texts::default();
    texts.commit("detail", &writer.masker().screen(detail.as_bytes().to_vec()));
    writer.append(Body::Anomaly(Anomaly { what: what.to_owned() }), &texts, clock::now())?;
    Ok(())
}
