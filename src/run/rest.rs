//! What is left of the text that a shell reads, and what it has read of it.
//!
//! What lives here: where bash keeps both while it runs a command of that text, read from its
//! memory, which it opens itself. What does not: running it (`handover`).
//!
//! Rules: a text whose end another text would follow in the same process is not taken; nor one of
//! which nobody can say what came before.

use std::io::{self, Read, Seek, SeekFrom};

use super::reader::Places;
use crate::os::proc;
use crate::os::remote::Memory;
use crate::script::{SCRIPT_MAX, gitlab};

/// Where a `struct stream_saver` has what (bash's parse.y and input.h).
const INPUT: u64 = 8;
const LOCATION: u64 = INPUT + 16;
const BUFFERED: u64 = 56;
/// Where a `BUFFERED_STREAM` has what.
const USED: u64 = 24;
const TAKEN: u64 = 40;
/// The kinds of input (`enum stream_type`).
const NONE: i32 = 0;
const STRING: i32 = 3;
const BUFFERED_FILE: i32 = 4;
/// How the text begins that `attesh init` prints, and that bash reads within the one to be found.
pub const OWN: &str = "__attesh_line=";
/// How many texts may be read within one another.
const DEPTH_MAX: usize = 64;

/// A text that a shell reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// What the shell has read of it, up to the line that runs now and with it; without what a
    /// runner puts before the job's own commands.
    pub before: Vec<u8>,
    /// What it has not read.
    pub rest: Vec<u8>,
    /// It reads it from standard input.
    pub standard: bool,
}

impl Rest {
    /// That of the shell with this process id, whose memory this is; `within` says that it is a
    /// subshell, which ends with its text.
    ///
    /// # Errors
    /// In words: why it cannot be had.
    pub fn of(pid: u32, memory: &Memory, places: &Places, within: bool) -> Result<Self, String> {
        let unread = |error: io::Error| format!("the text that bash reads cannot be read: {error}");
        let kind = |saver: u64| memory.int(saver + INPUT).map_err(unread);
        let read = |saver: u64| -> Result<Vec<u8>, String> {
            let location = memory.pointer(saver + LOCATION).map_err(unread)?;
            memory.text_before(location, SCRIPT_MAX).map_err(unread)
        };
        let mut saver = memory.pointer(places.sources).map_err(unread)?;
        for _ in 0..DEPTH_MAX {
            if saver == 0 || kind(saver)? != STRING || !read(saver)?.starts_with(OWN.as_bytes()) {
                break;
            }
            saver = memory.pointer(saver).map_err(unread)?;
        }
        if saver == 0 {
            return Err("bash reads no text that has an end".into());
        }
        let mut outer = memory.pointer(saver).map_err(unread)?;
        for _ in 0..DEPTH_MAX {
            if outer == 0 || within {
                break;
            }
            if kind(outer)? != NONE {
                return Err("the line is in a file or a text that another command reads".into());
            }
            outer = memory.pointer(outer).map_err(unread)?;
        }
        let location = memory.pointer(saver + LOCATION).map_err(unread)?;
        let found = match kind(saver)? {
            STRING => Rest {
                before: read(saver)?,
                rest: memory.text(location, SCRIPT_MAX + 1).map_err(unread)?,
                standard: false,
            },
            BUFFERED_FILE => {
                let descriptor = i32::try_from(location & 0xffff_ffff).unwrap_or(-1);
                of_file(pid, memory, descriptor, saver).map_err(unread)?
            }
            _ => return Err("bash reads the script from a pipe".into()),
        };
        if found.rest.len() + found.before.len() > SCRIPT_MAX {
            return Err(format!("the script has more than {SCRIPT_MAX} bytes"));
        }
        if !is_alone(&found.before) {
            return Err("other commands stand on the line".into());
        }
        Ok(Rest { before: without_preamble(&found.before).to_vec(), ..found })
    }
}

/// Whether the last line that was read evaluates what `attesh init` prints, and does no more: what
/// stood behind it would not run.
fn is_alone(before: &[u8]) -> bool {
    let line = before.strip_suffix(b"\n").unwrap_or(before);
    let line = line.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    memchr::memmem::find(line, b" init bash").is_some() && !line.iter().any(|byte| b";&|".contains(byte))
}

/// The text of a file, of which bash has a piece in memory.
fn of_file(pid: u32, memory: &Memory, descriptor: i32, saver: u64) -> io::Result<Rest> {
    let (_, read) = proc::place_in(pid, descriptor).ok_or(io::ErrorKind::NotFound)?;
    let stream = memory.pointer(saver + BUFFERED)?;
    let (used, taken) = match stream {
        0 => (0, 0),
        stream => (memory.pointer(stream + USED)?, memory.pointer(stream + TAKEN)?),
    };
    let mut file = proc::opened_by(Some(pid), descriptor)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it comes from a pipe"));
    }
    let place = read.saturating_sub(used.saturating_sub(taken));
    let mut before = vec![0; usize::try_from(place.min(SCRIPT_MAX as u64 + 1)).unwrap_or_default()];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut before)?;
    let mut rest = Vec::new();
    file.take(SCRIPT_MAX as u64 + 1).read_to_end(&mut rest)?;
    Ok(Rest { before, rest, standard: descriptor == 0 })
}

/// A text from its first notice of an item on: before that, GitLab's runner sets the variables of
/// the job, secret ones too. Of another text, all of it.
fn without_preamble(before: &[u8]) -> &[u8] {
    let mut at = 0;
    for line in before.split_inclusive(|byte| *byte == b'\n') {
        if gitlab::is_own(line.strip_suffix(b"\n").unwrap_or(line)) {
            return &before[at..];
        }
        at += line.len();
    }
    before
}
