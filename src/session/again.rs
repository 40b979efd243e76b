//! A session for a process that appends much, or beside another one.
//!
//! What lives here: opening it once more, keeping its state open, what is known ahead, what is masked
//! beyond what the session asks for. What does not: what that process records.

use super::Session;
use super::error::Result;
use super::masking;
use crate::mask::Masker;
use crate::mask::asked::Asked;

impl Session {
    /// The same session with what is masked in it, for another process that appends to it beside this
    /// one: a process and its child that share an open file do not lock it against each other.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn again(&self) -> Result<Self> {
        Ok(Session { masker: self.masker.clone(), ..Self::open(self.folder.path())? })
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

    /// Computes ahead what the next append of this process needs, while there is time.
    pub fn look_ahead(&self) {
        self.ahead.look();
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
