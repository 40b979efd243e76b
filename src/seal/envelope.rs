//! The DSSE envelope: what is signed, how it is written, and the strict reading.
//!
//! Lives here: the pre-authentication encoding, [`Envelope`], [`Authentic`] and why
//! a signature was not accepted. Not here: where keys come from (`keys`, `trust`),
//! where files lie, what the payload says.
//!
//! Rules:
//! * exactly the members we write are read, each once, in strict base64;
//! * the bytes that were verified are the bytes that are handed on: the only way to an
//!   [`Authentic`] is [`Envelope::verify`], and it gives the payload back;
//! * a keyid never decides anything: it only tells a damaged file from a stranger's.

use std::error::Error;
use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD, DecodeKind};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::keys::{PublicKey, SIGNATURE_BYTES};
use super::trust::{TrustedKey, Validity};
use crate::cause::Code;
use crate::text::short;

/// The payload type that is written, and the only one that can be judged. The type is signed
/// with the payload, so that another one that a trusted key signed is told from a damaged file.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Larger envelopes are not read. The Statement in it has limits of its own, far below.
pub const MAX_ENVELOPE_BYTES: usize = 64 << 20;

/// DSSE's pre-authentication encoding: the bytes that are signed.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut out = Vec::with_capacity(head.len() + payload.len());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(payload);
    out
}

/// One in-toto Statement with one signature. Well formed, and no more than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    keyid: String,
    sig: [u8; SIGNATURE_BYTES],
    // What the bundle around it calls itself, where that is of a version that is not known.
    unknown_bundle: Option<String>,
}

impl Envelope {
    /// Signs a payload: `sign` gets the pre-authentication encoding and must return the
    /// signature of `key` over it.
    pub fn sign<E>(
        payload: Vec<u8>,
        key: &PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<[u8; SIGNATURE_BYTES], E>,
    ) -> Result<Self, E> {
        let sig = sign(&pae(PAYLOAD_TYPE, &payload))?;
        let keyid = key.fingerprint();
        Ok(Self { payload_type: PAYLOAD_TYPE.to_owned(), payload, keyid, sig, unknown_bundle: None })
    }

    /// The file: compact JSON, members in a fixed order, a newline at the end.
    pub fn to_json(&self) -> Vec<u8> {
        to_json_line(self)
    }

    /// Reads the file strictly. What it accepts is what [`to_json`](Self::to_json)
    /// writes, but for whitespace between tokens, escapes in strings and the order of members.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: Object<RawEnvelope> = from_json(bytes)?;
        raw.0.try_into()
    }

    /// The keyid as the file has it: not signed, so it proves nothing.
    pub fn keyid(&self) -> &str {
        &self.keyid
    }

    /// The same envelope, out of a bundle of a version that is not known.
    pub(super) fn of_unknown_bundle(self, name: String) -> Self {
        Self { unknown_bundle: Some(name), ..self }
    }

    /// What the bundle around it calls itself, fit for a terminal, where this program does not
    /// know that version: its signature can be checked, and nothing else can be judged.
    pub fn unknown_bundle(&self) -> Option<&str> {
        self.unknown_bundle.as_deref()
    }

    /// The payload before anybody checked who signed it. For display that says so.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Tries every trusted key. `at` gives the time (seconds since 1970) at which the key has to
    /// be valid; it sees the payload, and is asked only once a signature holds, and only where
    /// the key that made it has a limited validity.
    pub fn verify(
        &self,
        trusted: &[TrustedKey],
        at: impl FnOnce(&[u8]) -> Option<i64>,
    ) -> Result<Authentic, SignatureFailure> {
        let signed = pae(&self.payload_type, &self.payload);
        // A key may stand there more than once, with different times of validity.
        let made_by: Vec<&TrustedKey> =
            trusted.iter().filter(|t| t.key().verify(&signed, &self.sig)).collect();
        let Some(first) = made_by.first() else {
            let named = trusted.iter().any(|t| t.key().fingerprint() == self.keyid);
            return Err(if named {
                SignatureFailure::Broken { keyid: self.keyid.clone() }
            } else {
                SignatureFailure::Untrusted { keyid: self.keyid.clone(), tried: trusted.len() }
            });
        };
        let fingerprint = first.key().fingerprint();
        if fingerprint != self.keyid {
            return Err(SignatureFailure::KeyidOfAnother { keyid: self.keyid.clone(), made_by: fingerprint });
        }
        let unlimited = made_by.iter().find(|t| t.validity().is_unlimited());
        let chosen = match unlimited {
            Some(key) => key,
            None => {
                let at = at(&self.payload);
                let valid = made_by.iter().find(|t| at.is_some_and(|at| t.validity().holds_at(at)));
                match valid {
                    Some(key) => key,
                    None => {
                        return Err(SignatureFailure::OutsideValidity {
                            made_by: fingerprint,
                            at,
                            validity: first.validity(),
                        });
                    }
                }
            }
        };
        Ok(Authentic {
            payload_type: self.payload_type.clone(),
            payload: self.payload.clone(),
            key: (*chosen).clone(),
        })
    }
}

/// A payload that a trusted key signed, and that key. Made by [`Envelope::verify`] alone.
#[must_use]
#[derive(Debug)]
pub struct Authentic {
    payload_type: String,
    payload: Vec<u8>,
    key: TrustedKey,
}

impl Authentic {
    /// The type of the payload, which was signed with it.
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The very bytes that were verified.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The key that made the signature, as the trust file has it.
    pub fn key(&self) -> &TrustedKey {
        &self.key
    }
}

/// Why nobody trusted is known to have made a well-formed envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureFailure {
    /// A trusted key made the signature, and the keyid is not its fingerprint:
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
            Self::Untrusted { keyid, tried: 0 } => write!(
                f,
                "no key is trusted yet, and the file names {keyid}: give its public key with --trust"
            ),
            Self::Untrusted { keyid, tried } => write!(
                f,
                "none of the {tried} trusted keys made it, the file names {keyid}: \
                 give its public key with --trust if you know whose it is"
            ),
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

impl Error for SignatureFailure {}

impl SignatureFailure {
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

/// Why a file that could be read is not an envelope. An integrity failure: what wrote
/// it was not this program, or somebody changed it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// Larger than [`MAX_ENVELOPE_BYTES`].
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not these members with these types, each once.
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What was found and what was expected.
        what: String,
    },
    /// Strict base64 only.
    Base64 {
        /// Which member.
        member: &'static str,
        /// Position in its text, from 0.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// The file is of another version than the one that is read.
    Version {
        /// What it calls itself, fit for a terminal.
        found: String,
    },
    /// A member has another value than the only one there is.
    Value {
        /// Which member.
        member: &'static str,
        /// What it has to be.
        expected: String,
        /// What it is, fit for a terminal.
        found: String,
    },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => {
                write!(f, "{bytes} bytes, an envelope has at most {MAX_ENVELOPE_BYTES}")
            }
            Self::Json { line, column, what } => {
                write!(f, "line {line}, column {column}: {what}")
            }
            Self::Base64 { member, at, what } => {
                write!(f, "{member}: not strict base64: {what} at its character {at}")
            }
            Self::Version { found } => write!(f, "this program does not read {found}"),
            Self::Value { member, expected, found } => {
                write!(f, "{member}: expected {expected}, found {found}")
            }
        }
    }
}

impl Error for Malformed {}

impl Malformed {
    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::EnvelopeLength,
            Self::Json { .. } => Code::EnvelopeJson,
            Self::Base64 { .. } => Code::EnvelopeBase64,
            Self::Value { .. } => Code::EnvelopeValue,
            Self::Version { .. } => Code::EnvelopeType,
        }
    }
}

/// Parses JSON of a bounded size; what is wrong is said with its place.
pub(super) fn from_json<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Malformed> {
    if bytes.len() > MAX_ENVELOPE_BYTES {
        return Err(Malformed::TooLarge { bytes: bytes.len() });
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        // serde_json appends the place, which is kept as numbers here.
        let what = match text.rfind(" at line ") {
            Some(end) => &text[..end],
            None => &text,
        };
        Malformed::Json { line: error.line(), column: error.column(), what: short(what) }
    })
}

pub(super) fn to_json_line(value: &impl Serialize) -> Vec<u8> {
    let mut out = serde_json::to_vec(value).expect("strings and arrays always serialize");
    out.push(b'\n');
    out
}

/// A JSON object and nothing else. serde's derived readers also take an array of the
/// values in order, which no other verifier would read as an envelope.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMap<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMap<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(OnlyMap(std::marker::PhantomData))
    }
}

/// An array with exactly one element. A second one is refused before it is read, so
/// a file full of signatures costs nothing.
struct One<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyOne<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyOne<T> {
            type Value = One<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of exactly one signature")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                use serde::de::Error as _;
                let Some(first) = seq.next_element()? else {
                    return Err(A::Error::invalid_length(0, &self));
                };
                if seq.next_element::<serde::de::IgnoredAny>()?.is_some() {
                    return Err(A::Error::invalid_length(2, &self));
                }
                Ok(One(first))
            }
        }
        deserializer.deserialize_seq(OnlyOne(std::marker::PhantomData))
    }
}

/// The envelope as JSON has it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEnvelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: One<Object<RawSignature>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignature {
    keyid: String,
    sig: String,
}

impl TryFrom<RawEnvelope> for Envelope {
    type Error = Malformed;

    fn try_from(raw: RawEnvelope) -> Result<Self, Malformed> {
        let RawSignature { keyid, sig } = raw.signatures.0.0;
        if !is_fingerprint(&keyid) {
            return Err(Malformed::Value {
                member: "signatures[0].keyid",
                expected: "SHA256: and 43 characters of base64".to_owned(),
                found: short(&keyid),
            });
        }
        let payload = strict_base64("payload", &raw.payload)?;
        let sig = strict_base64("signatures[0].sig", &sig)?;
        let sig = sig.as_slice().try_into().map_err(|_| Malformed::Value {
            member: "signatures[0].sig",
            expected: format!("{SIGNATURE_BYTES} bytes"),
            found: format!("{} bytes", sig.len()),
        })?;
        Ok(Self { payload_type: raw.payload_type, payload, keyid, sig, unknown_bundle: None })
    }
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Written<'a> {
            payload: String,
            #[serde(rename = "payloadType")]
            payload_type: &'a str,
            signatures: [WrittenSignature<'a>; 1],
        }
        #[derive(serde::Serialize)]
        struct WrittenSignature<'a> {
            keyid: &'a str,
            sig: String,
        }
        Written {
            payload: BASE64.encode(&self.payload),
            payload_type: &self.payload_type,
            signatures: [WrittenSignature { keyid: &self.keyid, sig: BASE64.encode(&self.sig) }],
        }
        .serialize(serializer)
    }
}

/// Is this a fingerprint as OpenSSH prints it, in its one spelling?
fn is_fingerprint(keyid: &str) -> bool {
    keyid.strip_prefix("SHA256:").is_some_and(
        |digest| matches!(BASE64_NOPAD.decode(digest.as_bytes()), Ok(bytes) if bytes.len() == 32),
    )
}

/// Standard alphabet, padded, no whitespace, unused bits zero: one text for one value.
fn strict_base64(member: &'static str, text: &str) -> Result<Vec<u8>, Malformed> {
    let refuse = |at, what| Err(Malformed::Base64 { member, at, what });
    // The decoder takes padded pieces one after the other, which would be another
    // spelling of the same bytes: padding ends the text.
    match text.find('=') {
        Some(at) if at + 2 < text.len() => return refuse(at, MISPLACED_PADDING),
        _ => {}
    }
    BASE64.decode(text.as_bytes()).or_else(|error| {
        let what = match error.kind {
            DecodeKind::Length => "its length is no multiple of 4",
            DecodeKind::Symbol => "a character outside the standard alphabet",
            DecodeKind::Trailing => "unused bits that are not zero",
            DecodeKind::Padding => MISPLACED_PADDING,
        };
        refuse(error.position, what)
    })
}

const MISPLACED_PADDING: &str = "misplaced padding";

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
