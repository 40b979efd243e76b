//! The public key of the step behind the next one, computed before it is asked for.
//!
//! What lives here: what is known ahead. What does not: when there is time for it (whoever appends much).
//!
//! Rules: nothing is known that the state does not lead to, and nothing stays when it was used.

use std::cell::RefCell;

use crate::crypto::Seed;

/// What is known ahead of the next append.
#[derive(Default)]
pub struct Ahead(RefCell<Known>);

#[derive(Default)]
enum Known {
    #[default]
    Nothing,
    /// The seed of the next step.
    Next(Seed),
    /// The seed of the step behind that, and its public half.
    Behind(Seed, [u8; 32]),
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
        *self.0.borrow_mut() = Known::Next(next.clone());
    }

    /// The public half of a step's key.
    pub(super) fn public_of(&self, seed: &Seed) -> [u8; 32] {
        match &*self.0.borrow() {
            Known::Behind(known, public) if known.0 == seed.0 => *public,
            _ => seed.public(),
        }
    }

    /// Computes what the next append will ask for.
    pub fn look(&self) {
        let mut known = self.0.borrow_mut();
        if let Known::Next(next) = &*known {
            let behind = next.next();
            let public = behind.public();
            *known = Known::Behind(behind, public);
        }
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
            matches!(&*ahead.0.borrow(), Known::Behind(known, public) if known.0 == behind.0 && *public == behind.public())
        );
        assert_eq!(ahead.public_of(&behind), behind.public());
        // Another session, or another recorder that appended meanwhile.
        let other = Seed::random();
        assert_eq!(ahead.public_of(&other), other.public());
    }
}
