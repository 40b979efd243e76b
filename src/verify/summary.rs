//! The verification summary of SLSA: a verdict for those who trust the verifier.
//!
//! What lives here: its payload. What does not: who signs it, the time.
//!
//! Rules: it says PASSED exactly where the verdict is verified, and claims no level: attesh holds a
//! session against a policy and judges no builder.

use serde_json::json;

use super::Verdict;
use crate::seal::statement::{STATEMENT_TYPE, Statement};

/// The type of the predicate.
pub const SUMMARY_TYPE: &str = "https://slsa.dev/verification_summary/v1";
/// Who verified.
pub const VERIFIER_ID: &str = "https://attesh.dev/verifier";
/// What a build has of which nobody judged the builder.
const NO_LEVEL: &str = "SLSA_BUILD_LEVEL_0";
/// The version of SLSA whose words these are.
const SLSA_VERSION: &str = "1.0";

/// A file that was looked at: what it is called, and its SHA-256 in hexadecimal.
pub struct Input<'a> {
    /// A reference to it.
    pub uri: String,
    /// Its digest.
    pub sha256: &'a str,
}

/// What a summary says beside the verdict.
pub struct Verified<'a> {
    /// What the policy was.
    pub policy: Input<'a>,
    /// What was verified.
    pub attestation: Input<'a>,
    /// What the subjects belong to; `None`: the session.
    pub resource: Option<&'a str>,
    /// When (RFC 3339).
    pub at: &'a str,
    /// Of this program.
    pub version: &'a str,
}

/// The payload of the summary of a verdict on this statement.
#[must_use]
pub fn payload(verdict: &Verdict, statement: &Statement, verified: &Verified) -> Vec<u8> {
    let (result, level) = if verdict.is_verified() { ("PASSED", NO_LEVEL) } else { ("FAILED", "FAILED") };
    let input = |input: &Input| json!({"uri": input.uri, "digest": {"sha256": input.sha256}});
    let session = || format!("urn:uuid:{}", statement.predicate.session.id);
    let payload = json!({
        "_type": STATEMENT_TYPE,
        "subject": statement.subject,
        "predicateType": SUMMARY_TYPE,
        "predicate": {
            "verifier": {"id": VERIFIER_ID, "version": {"attesh": verified.version}},
            "timeVerified": verified.at,
            "resourceUri": verified.resource.map_or_else(session, str::to_owned),
            "policy": input(&verified.policy),
            "inputAttestations": [input(&verified.attestation)],
            "verificationResult": result,
            "verifiedLevels": [level],
            "slsaVersion": SLSA_VERSION,
        },
    });
    payload.to_string().into_bytes()
}

/// A name as a relative reference (RFC 3986): all but unreserved characters as `%XX`.
#[must_use]
pub fn reference(name: &[u8]) -> String {
    let spelled = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    name.iter().map(spelled).collect()
}
