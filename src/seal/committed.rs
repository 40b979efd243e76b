//! The commitments of a selective statement: their shape, and nothing else.
//!
//! What lives here: the members. What does not: what they mean, and what opens them (`disclosed`).

use serde::{Deserialize, Serialize};

use crate::record::Commitment;

/// How the commitments are made: as those of the journal.
pub const ALGORITHM: &str = "attesh field v1";
/// What a selective statement says of the texts that it leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureFacts {
    /// [`ALGORITHM`]
    pub algorithm: String,
    /// How many there are.
    pub count: u64,
    /// A commitment to each, in the order of their places.
    pub commitments: Vec<CommittedText>,
}

/// A commitment to a text, and where that belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedText {
    /// JSON Pointer of its member in the predicate.
    pub at: String,
    /// The commitment, under the name that the pointer ends with.
    pub commitment: Commitment,
}
