//! The script as it is given to bash: a file, a text, or what a pipe holds.
//!
//! What lives here: reading it before bash does, and what bash gets in its place where it can be
//! read only once. What does not: its units (`split`).
//!
//! Rules: bash gets the very bytes that were read. A pipe is read to its end; bash gets a file in
//! memory that nobody can change.

use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::call::Input;
use super::reader;
use crate::failure::Failure;
use crate::files::{self, Identity};
use crate::os::{memory, proc};
use crate::paths;
use crate::script::SCRIPT_MAX;
use crate::sys;
use crate::text::Fault;

/// A script, as it was before bash ran it.
pub struct Given {
    path: PathBuf,
    bytes: Option<Vec<u8>>,
    /// Which file it is, if bash reads it from a file of the user's.
    identity: Option<Identity>,
    /// What bash reads in place of a pipe, and under which descriptor.
    memory: Option<(File, RawFd)>,
    text: bool,
}

impl Given {
    /// Reads it.
    ///
    /// # Errors
    /// What can be read once only is longer than a script may be, or a terminal.
    pub fn read(input: &Input) -> Result<Self, Failure> {
        let empty = |path: &Path| Given {
            path: path.to_owned(),
            bytes: None,
            identity: None,
            memory: None,
            text: false,
        };
        let path = match input {
            Input::Text(text) => {
                let bytes = std::os::unix::ffi::OsStrExt::as_bytes(text.as_os_str()).to_vec();
                let bytes = Some(bytes).filter(|bytes| bytes.len() <= SCRIPT_MAX);
                return Ok(Given { bytes, text: true, ..empty(Path::new("-c")) });
            }
            Input::Standard => return empty(Path::new("-s")).once(0),
            Input::File(path) => path,
        };
        // bash looks along PATH for a name that is not a file here.
        let bare = path.components().count() == 1 && !path.exists();
        let found = if bare { path.to_str().and_then(paths::program) } else { None };
        let mut given = empty(&found.unwrap_or_else(|| path.clone()));
        given.identity = files::identity(&given.path);
        if given.identity.is_some() {
            given.bytes = files::read_stream(&given.path, SCRIPT_MAX as u64).ok();
            return Ok(given);
        }
        match proc::descriptor_in(&given.path).filter(|_| given.path.exists() && !given.path.is_dir()) {
            Some(descriptor) => {
                let mut given = given.once(descriptor)?;
                // bash opens it anew; a command of the script finds it at its end.
                if let Some((file, _)) = &mut given.memory {
                    let _ = file.seek(SeekFrom::End(0));
                }
                Ok(given)
            }
            None => Ok(given),
        }
    }

    /// A text that bash gets from this program.
    #[must_use]
    pub fn of_text(text: Vec<u8>) -> Self {
        Given { path: PathBuf::new(), bytes: Some(text), identity: None, memory: None, text: true }
    }

    /// Reads what an inherited descriptor holds, and puts it into memory for bash.
    fn once(mut self, descriptor: RawFd) -> Result<Self, Failure> {
        let what = match descriptor {
            0 => "standard input".to_owned(),
            other => format!("descriptor {other}"),
        };
        if descriptor == 0 && std::io::stdin().is_terminal() {
            return Err(Failure::usage("no script is named, and standard input is a terminal")
                .next("type: attesh sh FILE, bash's options before it"));
        }
        let unread = |error: &std::io::Error| Failure::unable(format!("{what}: {}", files::words(error)));
        let mut bytes = Vec::new();
        let mut input = proc::opened_by(None, descriptor)
            .or_else(|_| sys::copy_of(descriptor))
            .map_err(|error| unread(&error))?
            .take(SCRIPT_MAX as u64 + 1);
        input.read_to_end(&mut bytes).map_err(|error| unread(&error))?;
        if bytes.len() > SCRIPT_MAX {
            return Err(Failure::usage(format!("{what}: the script has more than {SCRIPT_MAX} bytes"))
                .next("put it into a file: attesh sh FILE"));
        }
        let file = memory::sealed(&bytes).map_err(|error| unread(&error))?;
        self.bytes = Some(bytes);
        self.memory = Some((file, descriptor));
        Ok(self)
    }

    /// Its name as a path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes, if they could be read and are not too many.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    /// What the bash that runs it reads it from; `None` if that cannot be said.
    #[must_use]
    pub fn source(&self) -> Option<reader::Script> {
        if self.text {
            let text = self.bytes.clone()?;
            return Some(reader::Script::Text { text, skipped: 0, before: 0 });
        }
        let memory = self.memory.as_ref().and_then(|(file, _)| memory::identity(file).ok());
        memory.or(self.identity.map(|identity| identity.file)).map(reader::Script::File)
    }

    /// Gives bash what it reads in place of a pipe.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn hand_to(&self, command: &mut Command) -> std::io::Result<()> {
        match &self.memory {
            Some((file, descriptor)) => sys::inherit(command, file, *descriptor),
            None => Ok(()),
        }
    }

    /// Why it cannot be read at all, if it cannot: a folder, no file, no permission.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        if self.bytes.is_some() || self.text || self.memory.is_some() {
            return None;
        }
        if self.path.is_dir() {
            return Some(format!("{}: a folder", self.path.display()));
        }
        // Whoever opens what is no file may take something from its reader.
        if self.identity.is_none() && self.path.exists() {
            return None;
        }
        files::open_stream(&self.path).err().map(|error| error.told())
    }

    /// Why its units cannot be told, if they cannot: words for the person who waits.
    #[must_use]
    pub fn unplanned(&self) -> Option<String> {
        if self.bytes.is_some() || !self.path.exists() && !self.text || self.path.is_dir() {
            return None;
        }
        let long = self.text
            || self.identity.is_some()
                && self.path.metadata().is_ok_and(|meta| meta.len() > SCRIPT_MAX as u64);
        match (long, self.identity) {
            (true, _) => Some(format!("the script has more than {SCRIPT_MAX} bytes")),
            (false, None) => Some("the script is not a file that can be read twice".to_owned()),
            (false, Some(_)) => None,
        }
    }

    /// Whether it still is what it was. A file that was overwritten and restored has another
    /// change time.
    #[must_use]
    pub fn is_unchanged(&self, bytes: &[u8]) -> bool {
        if self.text || self.memory.is_some() {
            return true;
        }
        let read = || files::read_stream(&self.path, SCRIPT_MAX as u64).ok();
        self.identity.is_some()
            && self.identity == files::identity(&self.path)
            && read().is_some_and(|now| now == bytes)
    }
}
