//! What the next append needs, made before it is asked for: the public key of the step behind it, and
//! the record itself.
//!
//! What lives here: what is known ahead. What does not: when there is time for it (whoever appends much),
//! how a record is made (`append`).
//!
//! Rules: nothing is known that the state does not lead to, and nothing stays when something was appended.

use std::cell::RefCell;

use super::state::Slot;
use crate::crypto::{Digest, Seed};
use crate::record::{Body, Texts};

/// What is known ahead of the next append.
#[derive(Default)]
pub struct Ahead(RefCell<Known>);

#[derive(Default)]
struct Known {
    key: Key,
    record: Option<Ready>,
}

#[derive(Default)]
enum Key {
    #[default]
    Nothing,
    /// The seed of the next step.
    Next(Seed),
    /// The seed of the step behind that, and its public half.
    Behind(Seed, [u8; 32]),
}

/// A record that was made and is not written.
pub(super) struct Step {
    /// Its line.
    pub line: Vec<u8>,
    /// The root of the tree with it.
    pub root: Digest,
    /// Whether the journal ends with it.
    pub is_last: bool,
    /// The state behind it, but for what the file system will say.
    pub slot: Slot,
}

/// A record that was made ahead.
struct Ready {
    /// The state that it follows: one that was mended since has another number.
    of: (u64, [u8; 32]),
    body: Body,
    texts: Texts,
    step: Step,
}

// Keys are in no message.
impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("Ahead")
    }
}

impl Ahead {
    /// An append was made, and the next one is signed with this seed.
    pub(super) fn appended(&self, next: &Seed) {
        *self.0.borrow_mut() = Known { key: Key::Next(next.clone()), record: None };
    }

    /// The public half of a step's key.
    pub(super) fn public_of(&self, seed: &Seed) -> [u8; 32] {
        match &self.0.borrow().key {
            Key::Behind(known, public) if known.0 == seed.0 => *public,
            _ => seed.public(),
        }
    }

    /// Computes the public key that the next append will ask for.
    pub fn look(&self) {
        let mut known = self.0.borrow_mut();
        if let Key::Next(next) = &known.key {
            let behind = next.next();
            let public = behind.public();
            known.key = Key::Behind(behind, public);
        }
    }

    /// Keeps a record that was made to follow this state.
    pub(super) fn keep(&self, of: &Slot, body: Body, texts: Texts, step: Step) {
        let of = (of.generation, of.public);
        self.0.borrow_mut().record = Some(Ready { of, body, texts, step });
    }

    /// The record that was made to follow this state, if it is of this body and these texts.
    pub(super) fn take(&self, of: &Slot, body: &Body, texts: &Texts) -> Option<Step> {
        let ready = self.0.borrow_mut().record.take()?;
        let is_it = ready.of == (of.generation, of.public) && ready.body == *body && ready.texts == *texts;
        is_it.then_some(ready.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_computed_ahead_is_another() {
        let (ahead, seed) = (Ahead::default(), Seed::random());
        let behind = seed.next();
        assert_eq!(ahead.public_of(&behind), behind.public());
        ahead.look();
        ahead.appended(&seed);
        assert_eq!(ahead.public_of(&behind), behind.public());
        ahead.look();
        assert!(
            matches!(&ahead.0.borrow().key, Key::Behind(known, public) if known.0 == behind.0 && *public == behind.public())
        );
        assert_eq!(ahead.public_of(&behind), behind.public());
        // Another session, or another recorder that appended meanwhile.
        let other = Seed::random();
        assert_eq!(ahead.public_of(&other), other.public());
    }
}
