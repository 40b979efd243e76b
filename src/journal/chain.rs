//! The RFC 6962 tree over the cores, and the step that signs its root.

use crate::crypto::{self, ChainKey, Digest, Seed, sha256};

/// The most records a journal can have: the frontier of the tree has one digest a bit.
pub const SIZE_MAX: u64 = 1 << 40;

/// The leaf digest of a core (RFC 6962 section 2.1).
#[must_use]
pub fn leaf(core: &[u8]) -> Digest {
    sha256(&[&[0], core])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    sha256(&[&[1], left, right])
}

/// What is needed of a tree to add leaves to it: the roots of its complete subtrees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // Largest subtree first; one for each set bit of `size`.
    roots: Vec<Digest>,
}

impl Frontier {
    /// A frontier from its parts; none if they do not fit together.
    #[must_use]
    pub fn new(size: u64, roots: Vec<Digest>) -> Option<Self> {
        (size <= SIZE_MAX && u32::try_from(roots.len()) == Ok(size.count_ones()))
            .then_some(Frontier { size, roots })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first.
    #[must_use]
    pub fn roots(&self) -> &[Digest] {
        &self.roots
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut root = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("one root for each set bit");
            root = node(&left, &root);
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// The Merkle tree hash of all leaves; of none, SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut smaller = self.roots.iter().rev();
        let Some(last) = smaller.next() else { return sha256(&[]) };
        smaller.fold(*last, |right, left| node(left, &right))
    }
}

/// The running digest of whole lines, which also binds the columns beside the core. BLAKE3: who
/// finds another recorder's leavings hashes the journal whole while all others wait.
#[must_use]
pub fn running(before: &Digest, line: &[u8]) -> Digest {
    *blake3::Hasher::new().update(before).update(line).finalize().as_bytes()
}

/// Tag and signature of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth {
    /// Ed25519 over label, session, index, root and tag.
    pub signature: [u8; 64],
    /// Keyed BLAKE3 over label, session, index and root.
    pub tag: [u8; 32],
}

/// Signs record `index`, whose core brought the tree to `root`. `public` belongs to `seed`.
#[must_use]
pub fn sign(
    seed: &Seed,
    public: &[u8; 32],
    chain_key: &ChainKey,
    session: &[u8; 16],
    index: u64,
    root: &Digest,
) -> Auth {
    let tag = chain_key.tag(session, index, root);
    let signature = seed.sign(public, &crypto::step_message(session, index, root, &tag));
    Auth { signature, tag }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The tree hash as RFC 6962 section 2.1 defines it, recursively.
    fn reference(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => sha256(&[]),
            [one] => *one,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                node(&reference(&leaves[..k]), &reference(&leaves[k..]))
            }
        }
    }

    #[test]
    fn the_root_is_that_of_rfc_6962_at_every_size() {
        let mut frontier = Frontier::default();
        let mut leaves = Vec::new();
        for size in 0..70u8 {
            assert_eq!(frontier.root(), reference(&leaves), "size {size}");
            assert_eq!(Frontier::new(frontier.size(), frontier.roots().to_vec()), Some(frontier.clone()));
            leaves.push(leaf(&[size]));
            frontier.push(leaf(&[size]));
        }
    }

    #[test]
    fn the_root_of_the_rfc_6962_example_leaves() {
        // Known answer: the seven first leaves of the test tree used by certificate logs.
        let leaves: [&[u8]; 4] = [b"", b"\x00", b"\x10", b"\x20\x21"];
        let mut frontier = Frontier::default();
        for core in leaves {
            frontier.push(leaf(core));
        }
        let root = crate::encoding::hex(&frontier.root());
        assert_eq!(root, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
    }
}
