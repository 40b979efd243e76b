//! The DSSE envelope: what is signed, how it is written, and who signed it.
//!
//! Lives here: the pre-authentication encoding, [`Envelope`], [`Authentic`] and why
//! a signature was not accepted. Not here: the strict reading (`reading`), where keys come from
//! (`keys`, `trust`), where files lie, what the payload says.
//!
//! Rules:
//! * the bytes that were verified are the bytes that are handed on: the only way to an
//!   [`Authentic`] is [`Envelope::verify`], and it gives the payload back;
//! * a keyid never decides anything: it only tells a damaged file from a stranger's, and does so
//!   only in the form that attesh writes. Each program has a form of its own.

use std::error::Error;
use std::fmt;

use data_encoding::BASE64;
use serde::ser::{Serialize, Serializer};

use super::keys::{PublicKey, SIGNATURE_BYTES};
use super::reading::{self, Signature, head};
use super::trust::{TrustedKey, Validity};
use crate::cause::Code;

pub use super::reading::{
    Beside, Envelope, MAX_ENVELOPE_BYTES, MAX_ESCAPED_BYTES, Malformed, SIGNATURES_MAX,
};

/// The payload type that is written, and the only one that can be judged. The type is signed
/// with the payload, so that another one that a trusted key signed is told from a damaged file.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// DSSE's pre-authentication encoding: the bytes that are signed.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = head(payload_type, payload.len());
    out.extend_from_slice(payload);
    out
}

impl Envelope {
    /// Signs a payload: `sign` gets the pre-authentication encoding and must return the
    /// signature of `key` over it.
    pub fn sign<E>(
        payload: Vec<u8>,
        key: &PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<[u8; SIGNATURE_BYTES], E>,
    ) -> Result<Self, E> {
        Self::sign_as(PAYLOAD_TYPE, payload, key.fingerprint(), sign)
    }

    /// As [`sign`](Self::sign), a payload of any type, with the keyid that its readers look for.
    pub fn sign_as<E>(
        payload_type: &str,
        payload: Vec<u8>,
        keyid: String,
        sign: impl FnOnce(&[u8]) -> Result<[u8; SIGNATURE_BYTES], E>,
    ) -> Result<Self, E> {
        let signed = pae(payload_type, &payload);
        let signatures = vec![Signature { keyid, sig: sign(&signed)? }];
        Ok(Self {
            payload_type: payload_type.to_owned(),
            payload_at: signed.len() - payload.len(),
            signed,
            signatures,
            unknown: None,
            unchecked: Vec::new(),
            beside: None,
        })
    }

    /// The file: compact JSON, members in a fixed order, a newline at the end.
    pub fn to_json(&self) -> Vec<u8> {
        to_json_line(self)
    }

    /// Reads the file of an envelope.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        reading::envelope(bytes.to_vec())
    }

    /// Reads the file of an envelope, or of a bundle around one.
    pub fn read_any(bytes: Vec<u8>) -> Result<Self, Malformed> {
        reading::either(bytes)
    }

    /// The keyid of the first signature, as the file has it: not signed, so it proves nothing.
    pub fn keyid(&self) -> &str {
        self.signatures.first().map_or("", |signature| &signature.keyid)
    }

    /// How many signatures it has.
    pub fn signature_count(&self) -> usize {
        self.signatures.len()
    }

    /// What around the payload this program does not know, in words fit for a terminal: a
    /// signature can be checked, and nothing else can be judged.
    pub fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// Whether a keyid has another form than a fingerprint: nobody compares it with the key.
    pub fn has_other_keyid(&self) -> bool {
        self.signatures.iter().any(|one| !one.keyid.is_empty() && !one.is_named_by_fingerprint())
    }

    /// The file of disclosures that lies beside it, where one was found.
    #[must_use]
    pub fn beside(&self) -> Option<&Beside> {
        self.beside.as_ref()
    }

    /// With the file of disclosures that lies beside it.
    #[must_use]
    pub fn with_beside(self, beside: Option<Beside>) -> Self {
        Envelope { beside, ..self }
    }

    /// What others put beside it in its bundle, and nobody checks here.
    pub fn unchecked(&self) -> &[&'static str] {
        &self.unchecked
    }

    fn payload(&self) -> &[u8] {
        &self.signed[self.payload_at..]
    }

    /// The payload before anybody checked who signed it. For display that says so.
    pub fn unverified_payload(&self) -> &[u8] {
        self.payload()
    }

    /// Tries every trusted key on each signature. `at` gives the time (seconds since 1970) at
    /// which the key has to be valid; it sees the payload, and is asked only once a signature
    /// holds, and only where the key that made it has a limited validity.
    pub fn verify(
        &self,
        trusted: &[TrustedKey],
        at: impl Fn(&[u8]) -> Option<i64>,
    ) -> Result<Authentic<'_>, SignatureFailure> {
        let mut failure: Option<SignatureFailure> = None;
        for signature in &self.signatures {
            match self.made_by(signature, trusted, &at) {
                Ok(key) => {
                    let key = key.clone();
                    return Ok(Authentic { payload_type: &self.payload_type, payload: self.payload(), key });
                }
                Err(why) if failure.as_ref().is_none_or(|have| why.weight() > have.weight()) => {
                    failure = Some(why);
                }
                Err(_) => {}
            }
        }
        Err(failure.unwrap_or(SignatureFailure::Untrusted { keyid: String::new(), tried: trusted.len() }))
    }

    /// The trusted key that made a signature.
    fn made_by<'a>(
        &self,
        signature: &Signature,
        trusted: &'a [TrustedKey],
        at: &impl Fn(&[u8]) -> Option<i64>,
    ) -> Result<&'a TrustedKey, SignatureFailure> {
        let Signature { keyid, sig } = signature;
        // A key may stand there more than once, with different times of validity.
        let made_by: Vec<&TrustedKey> =
            trusted.iter().filter(|trusted| trusted.key().verify(&self.signed, sig)).collect();
        let Some(first) = made_by.first() else {
            let named = trusted.iter().any(|trusted| trusted.key().fingerprint() == *keyid);
            return Err(match named {
                true => SignatureFailure::Broken { keyid: keyid.clone() },
                false => SignatureFailure::Untrusted { keyid: keyid.clone(), tried: trusted.len() },
            });
        };
        let fingerprint = first.key().fingerprint();
        if signature.is_named_by_fingerprint() && fingerprint != *keyid {
            return Err(SignatureFailure::KeyidOfAnother { keyid: keyid.clone(), made_by: fingerprint });
        }
        if let Some(unlimited) = made_by.iter().find(|trusted| trusted.validity().is_unlimited()) {
            return Ok(unlimited);
        }
        let at = at(self.payload());
        let valid = made_by.iter().find(|trusted| at.is_some_and(|at| trusted.validity().holds_at(at)));
        valid.copied().ok_or_else(|| SignatureFailure::OutsideValidity {
            made_by: fingerprint,
            at,
            validity: first.validity(),
        })
    }
}

/// A payload that a trusted key signed, and that key. Made by [`Envelope::verify`] alone.
#[must_use]
#[derive(Debug)]
pub struct Authentic<'a> {
    payload_type: &'a str,
    payload: &'a [u8],
    key: TrustedKey,
}

impl Authentic<'_> {
    /// The type of the payload, which was signed with it.
    pub fn payload_type(&self) -> &str {
        self.payload_type
    }

    /// The very bytes that were verified.
    pub fn payload(&self) -> &[u8] {
        self.payload
    }

    /// The key that made the signature, as the trust file has it.
    pub fn key(&self) -> &TrustedKey {
        &self.key
    }
}

/// Why nobody trusted is known to have made a well-formed envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureFailure {
    /// A trusted key made the signature, and the keyid is the fingerprint of another:
    /// the file was changed. An integrity failure.
    KeyidOfAnother {
        /// What the file says.
        keyid: String,
        /// The key that did sign.
        made_by: String,
    },
    /// The keyid names a trusted key whose signature this is not: payload or
    /// signature were changed. An integrity failure.
    Broken {
        /// The trusted key named.
        keyid: String,
    },
    /// No trusted key made it, and it does not claim so. Untrusted.
    Untrusted {
        /// What the file says.
        keyid: String,
        /// How many keys were tried.
        tried: usize,
    },
    /// A trusted key made it, at a time at which it is not trusted. Untrusted.
    OutsideValidity {
        /// The key.
        made_by: String,
        /// The time at which it would have to be valid, where that could be read.
        at: Option<i64>,
        /// When the key is trusted.
        validity: Validity,
    },
}

impl fmt::Display for SignatureFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyidOfAnother { keyid, made_by } => {
                write!(f, "signed by {made_by}, but its keyid says {keyid}")
            }
            Self::Broken { keyid } => {
                write!(f, "the signature is not that of {keyid} over this payload")
            }
            Self::Untrusted { keyid, tried } if keyid.is_empty() => {
                write!(f, "{}, and the file names none", none_of(*tried))
            }
            Self::Untrusted { keyid, tried } => write!(f, "{}; the file names {keyid}", none_of(*tried)),
            Self::OutsideValidity { made_by, at: Some(at), validity } => write!(
                f,
                "signed by {made_by}, judged at {}, but that key is trusted {validity}",
                Validity::show(*at)
            ),
            Self::OutsideValidity { made_by, at: None, validity } => write!(
                f,
                "signed by {made_by}, which is trusted only {validity}, and the payload has no readable sealedAt"
            ),
        }
    }
}

/// That no trusted key made a signature.
fn none_of(tried: usize) -> String {
    match tried {
        0 => "no key is trusted yet".to_owned(),
        1 => "the one trusted key did not make it".to_owned(),
        tried => format!("none of the {tried} trusted keys made it"),
    }
}

impl Error for SignatureFailure {}

impl SignatureFailure {
    /// Of several signatures the gravest failure is told.
    fn weight(&self) -> u8 {
        match self {
            Self::Untrusted { .. } => 0,
            Self::OutsideValidity { .. } => 1,
            Self::Broken { .. } => 2,
            Self::KeyidOfAnother { .. } => 3,
        }
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::KeyidOfAnother { .. } => Code::SignatureKeyid,
            Self::Broken { .. } => Code::SignatureBroken,
            Self::Untrusted { .. } => Code::SignatureUntrusted,
            Self::OutsideValidity { .. } => Code::SignatureValidity,
        }
    }
}

pub(super) fn to_json_line(value: &impl Serialize) -> Vec<u8> {
    let mut out = serde_json::to_vec(value).expect("strings and arrays always serialize");
    out.push(b'\n');
    out
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Written<'a> {
            payload: String,
            #[serde(rename = "payloadType")]
            payload_type: &'a str,
            signatures: Vec<WrittenSignature<'a>>,
        }
        #[derive(serde::Serialize)]
        struct WrittenSignature<'a> {
            #[serde(skip_serializing_if = "str::is_empty")]
            keyid: &'a str,
            sig: String,
        }
        Written {
            payload: BASE64.encode(self.payload()),
            payload_type: &self.payload_type,
            signatures: (self.signatures.iter())
                .map(|one| WrittenSignature { keyid: &one.keyid, sig: BASE64.encode(&one.sig) })
                .collect(),
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
