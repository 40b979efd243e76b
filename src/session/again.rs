//! A session for a process that appends much, or beside another one.
//!
//! What lives here: opening it once more, keeping its state open, what is known ahead, what is masked
//! beyond what the session asks for. What does not: what that process records.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use zeroize::Zeroizing;

use super::Session;
use super::error::{Result, SessionError};
use super::masking;
use crate::clock;
use crate::files::{Folder, read_at_most};
use crate::journal::append::AppendError;
use crate::journal::state::{SLOT_BYTES, TAKEN};
use crate::mask::Masker;
use crate::mask::asked::Asked;
use crate::os::memory;
use crate::paths;
use crate::record::{Body, PROTECTION_RECORDER, Texts};

fn kept(error: io::Error) -> SessionError {
    SessionError::Append(AppendError::Io("keep the state in memory", error))
}

impl Session {
    /// The same session with what is masked in it, for another process that appends to it beside this
    /// one: a process and its child that share an open file do not lock it against each other.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn again(&self) -> Result<Self> {
        let again = Session { masker: self.masker.clone(), ..Self::open(self.folder.path())? };
        if self.is_kept()
            && let Some((folder, state)) = self.kept.get()
        {
            let kept = (Folder::open(folder.path())?, state.try_clone().map_err(kept)?);
            let _ = again.kept.set(kept);
        }
        Ok(again)
    }

    /// Whether its keys are in the memory of its recorder alone.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.genesis().protection == PROTECTION_RECORDER
    }

    /// Tells a program that is to start in which session it is, if that can be joined.
    pub fn tell(&self, command: &mut Command) {
        match self.is_kept() {
            false => command.env(paths::SESSION_VARIABLE, self.folder.path()),
            true => command.env_remove(paths::SESSION_VARIABLE),
        };
    }

    /// Takes its state out of the file, into the memory of this process and of those that it makes from
    /// here on: nothing else can append to it then.
    ///
    /// # Errors
    /// The state cannot be read, or not be kept.
    pub fn take_state(&self) -> Result<()> {
        let (folder, state) = self.open_state()?;
        let mut bytes = Zeroizing::new([0; 2 * SLOT_BYTES]);
        let length = read_at_most(&state, &mut bytes[..], 0).map_err(kept)?;
        let memory = memory::open(c"state").map_err(kept)?;
        memory.write_all_at(&bytes[..length], 0).map_err(kept)?;
        // Each slot is overwritten where it stood.
        state.write_all_at(&[0; 2 * SLOT_BYTES], 0).map_err(kept)?;
        state.write_all_at(TAKEN, 0).map_err(kept)?;
        let _ = self.kept.set((folder, memory));
        Ok(())
    }

    /// Keeps its state open, for a process that appends much.
    ///
    /// # Errors
    /// The state cannot be opened.
    pub fn keep_open(&self) -> Result<()> {
        if self.kept.get().is_none() {
            let _ = self.kept.set(self.open_state()?);
        }
        Ok(())
    }

    /// Computes ahead the key that the next append of this process needs, while there is time.
    pub fn look_ahead(&self) {
        self.ahead.look();
    }

    /// Makes ahead the record that this process appends next, unless another one comes before.
    pub fn make_ready(&self, body: Body, texts: &Texts) {
        // Where this cannot be done the append does it, and says why it cannot. Nobody is waited for.
        let _ = self.with_writer_waiting(0, |writer| Ok(writer.make_ready(body, texts, clock::now())?));
    }

    /// What is masked in its texts, once that was read.
    #[must_use]
    pub fn known_masker(&self) -> Option<&Masker> {
        self.masker.get()
    }

    /// Masks more from here on: what is asked for in a shell or a step that joins the session.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn mask_more(&mut self, more: Asked) -> Result<()> {
        let (states, _) = self.open_state()?;
        self.masker = masking::keep_more(more, &states, self.id())?.into();
        Ok(())
    }

    /// Masks what the text of a script says is secret, as long as this process records.
    ///
    /// # Errors
    /// What is masked in the session cannot be read.
    pub fn mask_told(&mut self, script: &[u8]) -> Result<()> {
        let states = self.state_folder()?;
        let mut masker = self.masker(&states)?.clone();
        masking::learn(&mut masker, &masking::read(&states, self.id())?, script);
        self.masker = masker.into();
        Ok(())
    }
}
