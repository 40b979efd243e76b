//! Labels, digests, commitments and the keys of the two chains.
//!
//! What lives here: every label the journal's cryptography uses, in one place, and the
//! types that hold its secrets. What does not: when a step is taken (`journal::chain`)
//! and where keys are kept (`journal::state`).
//!
//! Rules: a secret zeroises when dropped and has no Debug; signatures are verified with
//! `verify_strict` only.

use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// The labels that keep each use of a primitive apart from every other.
pub mod label {
    /// Commitment to a disclosed field (SHA-256).
    pub const FIELD: &[u8] = b"attesh field v1\0";
    /// Salt of a script's unit, from that of the script (SHA-256).
    pub const UNIT: &[u8] = b"attesh unit v1\0";
    /// The first bytes that the MAC of a step covers (keyed BLAKE3).
    pub const TAG: &[u8] = b"attesh tag v1\n";
    /// The first bytes that the signature of a step covers (Ed25519).
    pub const STEP: &[u8] = b"attesh step v1\n";
    /// BLAKE3 derive_key context: the first chain key.
    pub const CHAIN: &str = "attesh 2026-11-22 v1 chain";
    /// BLAKE3 derive_key context: the MAC key of one step.
    pub const MAC: &str = "attesh 2026-11-22 v1 mac";
    /// BLAKE3 derive_key context: the next chain key.
    pub const NEXT: &str = "attesh 2026-11-22 v1 next";
    /// BLAKE3 derive_key context: the next seed.
    pub const SEED: &str = "attesh 2026-11-22 v1 seed";
    /// BLAKE3 derive_key context: the Ed25519 private key of one step, from its seed.
    pub const SIGN: &str = "attesh 2026-11-22 v1 sign";
    /// BLAKE3 derive_key context: the public name of an origin secret.
    pub const ORIGIN: &str = "attesh 2026-11-22 v1 origin";
    /// All of them, for the test that compares this file with attesh-journal(5).
    pub const ALL: [&str; 6] = [CHAIN, MAC, NEXT, SEED, SIGN, ORIGIN];
}

/// SHA-256 over the parts, one after the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of bytes that are many: asking the processor for its SHA instructions pays then.
#[must_use]
pub fn sha256_of_many(bytes: &[u8]) -> Digest {
    use sha2_files::Digest as _;
    sha2_files::Sha256::digest(bytes).into()
}

/// The commitment to one disclosed field: its name, its own salt, its raw bytes.
#[must_use]
pub fn commitment(name: &str, salt: &[u8; 16], value: &[u8]) -> Digest {
    let name_len = u8::try_from(name.len()).expect("field names are short");
    let value_len = u32::try_from(value.len()).expect("a value is below the line limit");
    sha256(&[label::FIELD, &[name_len], name.as_bytes(), salt, &value_len.to_be_bytes(), value])
}

/// The salt of a script's unit, from 0: nobody learns it from that of another unit.
#[must_use]
pub fn unit_salt(script: &[u8; 16], unit: usize) -> [u8; 16] {
    let whole = sha256(&[label::UNIT, script, &(unit as u64).to_be_bytes()]);
    let mut salt = [0; 16];
    salt.copy_from_slice(&whole[..16]);
    salt
}

/// Random bytes from the kernel.
///
/// # Panics
/// If the kernel gives no randomness: nothing may be recorded then.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}

fn derive(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    let key = *hasher.finalize().as_bytes();
    hasher.zeroize();
    key
}

/// The seed of one signing step. The next seed follows from it; it does not follow from the next.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed(pub [u8; 32]);

impl Seed {
    /// The first seed of a journal.
    #[must_use]
    pub fn random() -> Self {
        Seed(random())
    }

    /// The seed of the step after this one.
    #[must_use]
    pub fn next(&self) -> Self {
        Seed(derive(label::SEED, &[&self.0]))
    }

    /// The public half of this step's key, as the record before has it.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        let mut secret = derive(label::SIGN, &[&self.0]);
        let key = SigningKey::from_bytes(&secret);
        secret.zeroize();
        key.verifying_key().to_bytes()
    }

    /// Signs what [`step_message`] made. `public` is what [`Seed::public`] gave: it is kept
    /// beside the seed because computing it again would cost a third of the whole append.
    #[must_use]
    pub fn sign(&self, public: &[u8; 32], message: &[u8]) -> [u8; 64] {
        let mut secret = derive(label::SIGN, &[&self.0]);
        let expanded = ExpandedSecretKey::from(&secret);
        secret.zeroize();
        // A wrong public half would spoil this signature and could give away this key. Only the
        // holder of the seed beside it can bring that about.
        let public = VerifyingKey::from_bytes(public).unwrap_or_default();
        raw_sign::<Sha512>(&expanded, message, &public).to_bytes()
    }
}

/// Verifies the signature of a step, strictly: no small-order key or point passes.
#[must_use]
pub fn verify(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public)
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// The secret that ties a journal to its origin.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct OriginSecret(Vec<u8>);

/// The least length of an origin secret, in bytes.
pub const ORIGIN_SECRET_MIN_BYTES: usize = 32;

impl OriginSecret {
    /// Takes the secret's bytes; refuses fewer than [`ORIGIN_SECRET_MIN_BYTES`].
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() >= ORIGIN_SECRET_MIN_BYTES).then_some(OriginSecret(bytes))
    }

    /// The public name of this secret.
    #[must_use]
    pub fn id(&self) -> [u8; 8] {
        let whole = derive(label::ORIGIN, &[&self.0]);
        whole[..8].try_into().expect("eight of 32 bytes")
    }
}

/// The key of the MAC chain at one step; forward-secure.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ChainKey(pub [u8; 32]);

impl ChainKey {
    /// The chain key of record 0, from the origin secret (or none) and the root after record 0.
    #[must_use]
    pub fn first(secret: Option<&OriginSecret>, root: &Digest) -> Self {
        let secret = secret.map_or(&[][..], |secret| &secret.0);
        ChainKey(derive(label::CHAIN, &[secret, root]))
    }

    /// The tag of record `index`, given the root after it.
    #[must_use]
    pub fn tag(&self, session: &[u8; 16], index: u64, root: &Digest) -> [u8; 32] {
        let mut key = derive(label::MAC, &[&self.0]);
        let mut mac = blake3::Hasher::new_keyed(&key);
        key.zeroize();
        mac.update(label::TAG).update(session).update(&index.to_be_bytes()).update(root);
        let tag = *mac.finalize().as_bytes();
        mac.zeroize();
        tag
    }

    /// The chain key of the record after.
    #[must_use]
    pub fn next(&self, root: &Digest) -> Self {
        ChainKey(derive(label::NEXT, &[&self.0, root]))
    }
}

/// What the signature of record `index` covers.
#[must_use]
pub fn step_message(session: &[u8; 16], index: u64, root: &Digest, tag: &[u8; 32]) -> Vec<u8> {
    [label::STEP, session, &index.to_be_bytes(), root, tag].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_verifies_under_its_own_key_alone() {
        let seed = Seed([7; 32]);
        let message = step_message(&[1; 16], 3, &[2; 32], &[3; 32]);
        let signature = seed.sign(&seed.public(), &message);
        assert!(verify(&seed.public(), &message, &signature));
        assert!(!verify(&seed.next().public(), &message, &signature));
        assert!(!verify(&[0; 32], &message, &signature));
    }

    #[test]
    fn a_small_order_key_verifies_nothing() {
        // The identity point with R = identity and s = 0 satisfies the plain equation.
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!verify(&identity, b"anything", &signature));
    }

    #[test]
    fn the_commitment_binds_name_salt_and_value() {
        let base = commitment("command", &[0; 16], b"ls");
        assert_ne!(base, commitment("workdir", &[0; 16], b"ls"));
        assert_ne!(base, commitment("command", &[1; 16], b"ls"));
        assert_ne!(base, commitment("command", &[0; 16], b"l"));
    }
}
