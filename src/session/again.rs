//! The same session for another process.
//!
//! What lives here: opening it once more. What does not: what that process records.

use super::Session;
use super::error::Result;

impl Session {
    /// The same session with what is masked in it, for another process that appends to it beside this
    /// one: a process and its child that share an open file do not lock it against each other.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn again(&self) -> Result<Self> {
        Ok(Session { masker: self.masker.clone(), ..Self::open(self.folder.path())? })
    }
}
