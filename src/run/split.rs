//! Asks bash where the units of a script end.
//!
//! What lives here: a bash that reads the script and runs nothing of it (`bash -n`), watched where
//! it reads; where it cannot be watched, one such bash for each line that may end a unit. What
//! does not: what a unit is for (`script`).
//!
//! Rules: nothing of the script runs, and the bash that reads it can start no process, write no
//! file and finds no program. A script that bash cannot parse still has a plan, whose last unit is
//! the lines that are not a complete input. Where bash's units depend on a setting that the script
//! can change, it has none.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::reader::{Places, Reader, Script as Source, Seen};
use crate::clock;
use crate::failure::Failure;
use crate::files;
use crate::os::memory;
use crate::script::reading::piece;
use crate::script::{Script, is_empty};
use crate::sys;

/// How long a bash may take over a script, in seconds; what it has not parsed by then is one unit.
const TIME_MAX_S: u64 = 20;
/// What begins an extended pattern: without these, `shopt -s extglob` changes nothing.
const EXTENDED: [&[u8]; 5] = [b"?(", b"*(", b"+(", b"@(", b"!("];

/// How bash takes a script apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// First and last line of each unit, from 1.
    pub ranges: Vec<(u64, u64)>,
    /// The last unit is not a complete input: bash will stop there.
    pub broken: bool,
    /// The first line that two readings take differently; then there are no units.
    pub ambiguous: Option<u64>,
    /// bash's version, if it was seen.
    pub version: Option<String>,
}

/// Takes a script apart; `places` are those of this bash, if it has them.
///
/// # Errors
/// bash could not be started, or did not come to an end.
pub fn split(bash: &Path, places: Option<&Places>, script: &[u8]) -> Result<Split, Failure> {
    let read = |extended: bool| {
        let split = places.and_then(|places| watched(bash, places, script, extended).ok());
        match split {
            Some(split) => Ok(split),
            None => tried(bash, script, extended),
        }
        .map_err(|error| Failure::unable(format!("{}: {}", bash.display(), files::words(&error))))
    };
    let plain = read(false)?;
    if !EXTENDED.iter().any(|begin| memchr::memmem::find(script, begin).is_some()) {
        return Ok(plain);
    }
    let extended = read(true)?;
    Ok(match (plain.broken, extended.broken) {
        _ if plain.ranges == extended.ranges => plain,
        // A script that turns extended patterns on is parsed with them alone.
        (true, false) => extended,
        (false, true) => plain,
        _ => {
            let mut both = plain.ranges.iter().zip(&extended.ranges);
            let differs = both.find(|(one, other)| one != other).map_or(1, |(one, _)| one.0);
            Split { ambiguous: Some(differs), version: plain.version, ..Split::default() }
        }
    })
}

/// A bash that reads and runs nothing.
fn reading(bash: &Path, extended: bool) -> Command {
    let mut command = Command::new(bash);
    command.args(["--norc", "--noprofile"]);
    if extended {
        command.args(["-O", "extglob"]);
    }
    command.arg("-n");
    // No variable of the caller may change how bash parses, and no program is to be found.
    command.env_clear().env("LC_ALL", "C").env("PATH", "").current_dir("/");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    sys::confine(&mut command, TIME_MAX_S);
    command
}

/// The units as one bash reads them, watched.
fn watched(bash: &Path, places: &Places, script: &[u8], extended: bool) -> io::Result<Split> {
    let text = memory::sealed(script)?;
    let identity = memory::identity(&text)?;
    let mut command = reading(bash, extended);
    command.stdin(text);
    let mut reader = Reader::start_reading(&mut command, places, Source::File(identity))?;
    let whole = Script::new(script.to_vec(), Vec::new()).unwrap_or_default();
    let mut split = Split::default();
    reader.go_on()?;
    loop {
        match reader.next(true)? {
            Some(Seen::Reads { bytes, at }) => {
                if split.version.is_none() {
                    split.version = reader.version();
                }
                let piece = piece(&whole, &bytes, at);
                let first = piece.line.ok_or(io::ErrorKind::InvalidData)?;
                let lines = piece.text.iter().filter(|byte| **byte == b'\n').count() as u64;
                split.ranges.push((first, first + lines));
            }
            Some(Seen::Ended(_)) => break,
            Some(Seen::Starts { .. } | Seen::Replaced | Seen::Lost) => {
                reader.discard();
                return Err(io::ErrorKind::InvalidData.into());
            }
            _ => {}
        }
        reader.go_on()?;
    }
    Ok(finished(script, split))
}

/// Lines behind the last unit that are more than remarks are a unit that bash cannot parse.
fn finished(script: &[u8], mut split: Split) -> Split {
    let from = split.ranges.last().map_or(0, |(_, last)| *last);
    let (first, all) = (first_line(script, from), lines(script));
    if first < all {
        split.ranges.push((first + 1, all));
        split.broken = true;
    }
    split
}

/// The units as bash parses them, tried line by line.
fn tried(bash: &Path, script: &[u8], extended: bool) -> io::Result<Split> {
    let deadline_ns = clock::now().boottime_ns + TIME_MAX_S * 1_000_000_000;
    let all: Vec<&[u8]> = script.split_inclusive(|byte| *byte == b'\n').collect();
    let mut split = Split::default();
    let mut at = usize::try_from(first_line(script, 0)).unwrap_or(usize::MAX);
    while at < all.len() {
        let ends = (at..all.len()).find_map(|last| {
            let verdict = match clock::now().boottime_ns > deadline_ns {
                true => Ok(Tried::Wrong),
                false => parses(bash, &all[at..=last].concat(), extended),
            };
            match verdict {
                Ok(Tried::Unfinished) => None,
                other => Some(other.map(|tried| (last, tried))),
            }
        });
        match ends.transpose()? {
            Some((last, Tried::Whole)) => {
                split.ranges.push((at as u64 + 1, last as u64 + 1));
                at = usize::try_from(first_line(script, last as u64 + 1)).unwrap_or(usize::MAX);
            }
            _ => break,
        }
    }
    Ok(finished(script, split))
}

/// What bash says of a piece of a script.
enum Tried {
    Whole,
    Unfinished,
    Wrong,
}

fn parses(bash: &Path, piece: &[u8], extended: bool) -> io::Result<Tried> {
    let line = piece.strip_suffix(b"\n").unwrap_or(piece);
    let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\').count();
    if backslashes % 2 == 1 {
        return Ok(Tried::Unfinished);
    }
    let mut command = reading(bash, extended);
    command.stdin(memory::sealed(piece)?).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut said = Vec::new();
    if let Some(mut errors) = child.stderr.take() {
        errors.read_to_end(&mut said)?;
    }
    let status = child.wait()?;
    // One that the kernel stopped at a limit has not parsed it in time.
    if let Some(signal) = status.signal().filter(|signal| ![libc::SIGXCPU, libc::SIGKILL].contains(signal)) {
        return Err(io::Error::other(format!("signal {signal} ended it while it read the script")));
    }
    let has = |words: &str| memchr::memmem::find(&said, words.as_bytes()).is_some();
    // bash takes the end of the text for that of a here-document, and warns.
    let unfinished = ["unexpected end of file", "unexpected EOF", "delimited by end-of-file"].map(has);
    Ok(match (unfinished.contains(&true), status.success()) {
        (true, _) => Tried::Unfinished,
        (false, true) => Tried::Whole,
        (false, false) => Tried::Wrong,
    })
}

/// The first line from this one on, from 0, that is neither blank nor a comment.
fn first_line(script: &[u8], from: u64) -> u64 {
    let rest = script.split(|byte| *byte == b'\n').skip(usize::try_from(from).unwrap_or(usize::MAX));
    from + rest.take_while(|line| is_empty(line)).count() as u64
}

fn lines(script: &[u8]) -> u64 {
    let ends = script.iter().filter(|byte| **byte == b'\n').count();
    (ends + usize::from(script.last().is_some_and(|byte| *byte != b'\n'))) as u64
}
