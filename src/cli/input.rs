//! Finds out what a path leads to: a journal, an envelope or a transcript.

use std::cell::OnceCell;
use std::fs::File;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::given;
use super::manifests::path_beside;
use crate::cause::{Cause, Code};
use crate::failure::{Failure, Kind};
use crate::files::{self, FileError};
use crate::report;
use crate::seal::disclosed::{DISCLOSURES_FILE, MAX_DISCLOSURES_BYTES};
use crate::seal::envelope::{Beside, Envelope, MAX_ENVELOPE_BYTES};
use crate::seal::formats;
use crate::session::{JOURNAL, Session, find, short_id};
use crate::verify::Objection;

/// What a transcript is, to somebody who took it for an envelope.
pub const TRANSCRIPT: &str =
    "a transcript: the commands and their statuses beside an envelope, not signed itself";

/// Every line of a journal begins with its index; no envelope does.
const JOURNAL_START: &[u8] = b"{\"i\":";

/// What a path leads to.
pub enum Input {
    /// A transcript.
    Transcript,
    /// A journal: unsealed.
    Journal(File),
    /// An envelope, or why it is not one.
    Envelope(Box<Result<Envelope, Cause>>),
}

/// What words mean: files, or sessions by name or id.
///
/// A file of that name wins: whoever types the name of a file gets that file, whatever sessions
/// there are. That a session has the name too is said.
#[derive(Default)]
pub struct Words(OnceCell<Vec<Session>>);

impl Words {
    /// The path of what a word means: itself, or the folder of the session that has this name or id.
    ///
    /// # Errors
    /// It is the id of more than one session, or of one that cannot be used, or names nothing.
    pub fn path(&self, word: &Path) -> Result<PathBuf, Failure> {
        let Some(name) = word.to_str().filter(|name| *name != "-" && find::is_name(name)) else {
            return Ok(word.to_owned());
        };
        if word.symlink_metadata().is_err() {
            return match given::by_word(name) {
                Ok(session) => Ok(session.folder().path().to_owned()),
                Err(failure) if failure.kind != Kind::Unable || failure.cause.is_some() => Err(failure),
                // A word with the ending of a file's name means the file that is missed.
                Err(_) if word.extension().is_some() => Ok(word.to_owned()),
                Err(_) => {
                    let what = format!("no file and no session is called {name}");
                    Err(Failure { next: Some(find::see_all()), ..Failure::because(Code::FileUnable, what) })
                }
            };
        }
        let sessions = self.0.get_or_init(|| find::all().unwrap_or_default());
        if let Some(session) = sessions.iter().find(|session| session.genesis().name.as_deref() == Some(name))
        {
            report::say(&format!(
                "{name} is a file here, and the name of session {}; this is about the file",
                short_id(session.id())
            ));
        }
        Ok(word.to_owned())
    }
}

/// Opens a file or session folder and finds out what it is by its content.
pub fn open(path: &Path) -> Result<Input, FileError> {
    let path = match path {
        path if path.is_dir() => path.join(JOURNAL),
        path if path == Path::new("-") => PathBuf::from("/dev/stdin"),
        path => path.to_owned(),
    };
    if std::fs::metadata(&path).is_ok_and(|meta| meta.file_type().is_fifo()) {
        let bytes = files::read_stream(&path, MAX_ENVELOPE_BYTES as u64)?;
        return match bytes.starts_with(JOURNAL_START) {
            true => Err(FileError::Kind(path, "a regular file, as a journal has to be; name its file")),
            false => Ok(from_bytes(&path, bytes)),
        };
    }
    let file = files::open_regular(&path)?;
    let mut start = [0; 7];
    let read = std::os::unix::fs::FileExt::read_at(&file, &mut start, 0)
        .map_err(|error| FileError::Io(path.clone(), error))?;
    if path.file_name().is_some_and(|name| name == JOURNAL) || start[..read].starts_with(JOURNAL_START) {
        return Ok(Input::Journal(file));
    }
    let input = from_bytes(&path, files::read_open(file, &path, MAX_ENVELOPE_BYTES as u64)?);
    Ok(with_beside(input, &path_beside(&path, DISCLOSURES_FILE)))
}

/// An envelope with the disclosures that lie beside it.
fn with_beside(input: Input, path: &Path) -> Input {
    match input {
        Input::Envelope(envelope) => {
            Input::Envelope(Box::new(envelope.map(|envelope| envelope.with_beside(disclosures(path)))))
        }
        other => other,
    }
}

/// A file of disclosures, where there is one.
pub fn disclosures(path: &Path) -> Option<Beside> {
    let bytes = match files::read_limited(path, MAX_DISCLOSURES_BYTES as u64) {
        Err(FileError::Missing(_)) => return None,
        Err(FileError::TooLong(..)) => Err(Cause::new(Code::DisclosuresLine, "the file is too long")),
        Err(error) => Err(Cause::new(Code::FileUnable, error.to_string())),
        Ok(bytes) => Ok(bytes),
    };
    Some(Beside { path: path.display().to_string(), bytes })
}

/// What bytes are that are not a journal.
fn from_bytes(path: &Path, bytes: Vec<u8>) -> Input {
    if bytes.is_empty() && path.extension().is_none_or(|ending| ending != "transcript") {
        return Input::Envelope(Box::new(Err(Cause::new(Code::FileOther, "the file is empty"))));
    }
    if is_transcript(&bytes) {
        return Input::Transcript;
    }
    let envelope = Envelope::read_any(bytes);
    Input::Envelope(Box::new(envelope.map_err(|error| Cause::new(error.code(), error.to_string()))))
}

/// Whether the first line is a command with its status, as each line of a transcript is; that
/// of a session without commands has no line.
fn is_transcript(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    bytes.is_empty() || formats::is_command(line)
}

/// Why bytes are no attestation.
pub fn no_attestation(cause: &Cause) -> Objection {
    Objection::new(cause.code, format!("not an attestation: {}", cause.detail))
}

/// What a path that could not be opened is, for a person.
pub fn unopened(path: &Path, error: FileError) -> Failure {
    if path.is_dir() && matches!(&error, FileError::Missing(missing) if *missing == path.join(JOURNAL)) {
        return find::no_session(path);
    }
    find::own_that_was_removed(path).unwrap_or_else(|| Failure::from(error))
}
