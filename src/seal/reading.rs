//! Reads an envelope, or a bundle around one, in bounded memory.
//!
//! Lives here: [`Envelope`] as it is read, the members of file and bundle, what others put beside
//! them, base64. Not here: what a signature proves (`envelope`), what is written (`formats`).
//!
//! Rules: nothing is copied that may be as long as the file; a list ends at its limit; each member
//! stands once; what is not known is named and not skipped, so that it can be said of an envelope
//! that a trusted key signed.

use std::borrow::Cow;
use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD, DecodeError, DecodeKind};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::keys::SIGNATURE_BYTES;
use crate::cause::{Cause, Code};
use crate::text::short;

/// Larger envelopes are not read. The Statement in it has limits of its own, below.
pub const MAX_ENVELOPE_BYTES: usize = 32 << 20;

/// Larger envelopes have no escapes in their texts.
pub const MAX_ESCAPED_BYTES: usize = 8 << 20;

/// The most signatures of an envelope. One that a trusted key made is enough.
pub const SIGNATURES_MAX: usize = 16;

/// The media type of the only bundle version that is written, and read whole.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What the media types of all versions begin with.
const BUNDLE_NAME: &str = "application/vnd.dev.sigstore.bundle";

/// The longest type of a payload, key id and hint.
const NAME_MAX: usize = 256;

/// What a fingerprint begins with.
const FINGERPRINT: &str = "SHA256:";

/// A signature, and whose it says to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    /// Empty where the file has none.
    pub(super) keyid: String,
    pub(super) sig: [u8; SIGNATURE_BYTES],
}

impl Signature {
    /// Whether it names a key in the form that attesh writes.
    pub(super) fn is_named_by_fingerprint(&self) -> bool {
        self.keyid.starts_with(FINGERPRINT)
    }
}

/// One in-toto Statement with signatures. Well formed, and no more than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub(super) payload_type: String,
    // What was signed: the pre-authentication encoding, which ends with the payload.
    pub(super) signed: Vec<u8>,
    pub(super) payload_at: usize,
    pub(super) signatures: Vec<Signature>,
    // What of the file around the payload is not known, in words.
    pub(super) unknown: Option<String>,
    // What others put beside it in a bundle.
    pub(super) unchecked: Vec<&'static str>,
    // The file of disclosures that lies beside it.
    pub(super) beside: Option<Beside>,
}

/// A file of disclosures beside an envelope: nobody signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its path, for people.
    pub path: String,
    /// What it holds, or why it could not be read.
    pub bytes: Result<Vec<u8>, Cause>,
}

/// What stands before the payload in the bytes that are signed.
pub(super) fn head(payload_type: &str, length: usize) -> Vec<u8> {
    format!("DSSEv1 {} {payload_type} {length} ", payload_type.len()).into_bytes()
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
    /// Larger than [`MAX_ESCAPED_BYTES`], and with escapes.
    Escapes {
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
            Self::Escapes { bytes } => {
                write!(f, "{bytes} bytes with escapes, which at most {MAX_ESCAPED_BYTES} may have")
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

impl std::error::Error for Malformed {}

impl Malformed {
    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } | Self::Escapes { .. } => Code::EnvelopeLength,
            Self::Json { .. } => Code::EnvelopeJson,
            Self::Base64 { .. } => Code::EnvelopeBase64,
            Self::Value { .. } => Code::EnvelopeValue,
            Self::Version { .. } => Code::EnvelopeType,
        }
    }
}

/// A text, where it stands in the file if it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object of these members, each once; those marked with true are always there. The first
/// other member is named.
macro_rules! object {
    ($type:ident<$life:lifetime> { $($name:literal $field:ident: $value:ty = $must:literal,)* }) => {
        #[derive(Default)]
        struct $type<$life> {
            $($field: Option<$value>,)*
            unknown: Option<String>,
            of: std::marker::PhantomData<&$life str>,
        }

        impl<$life> Deserialize<$life> for $type<$life> {
            fn deserialize<D: Deserializer<$life>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;
                impl<$life> Visitor<$life> for Members {
                    type Value = $type<$life>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a JSON object")
                    }
                    // The usual error would quote all of it.
                    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
                        Err(E::custom("invalid type: string, expected a JSON object"))
                    }
                    fn visit_map<A: MapAccess<$life>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut found = $type::default();
                        while let Some(Text(name)) = map.next_key()? {
                            match &*name {
                                $($name if found.$field.is_some() => {
                                    return Err(A::Error::duplicate_field($name));
                                }
                                $name => found.$field = Some(map.next_value()?),)*
                                other => {
                                    let _: IgnoredAny = map.next_value()?;
                                    found.unknown.get_or_insert_with(|| short(other));
                                }
                            }
                        }
                        $(if $must && found.$field.is_none() {
                            return Err(A::Error::missing_field($name));
                        })*
                        Ok(found)
                    }
                }
                // Asked for a map, the reader would quote a text in its error, however long it is.
                deserializer.deserialize_any(Members)
            }
        }
    };
}

object! { RawEnvelope<'a> {
    "payload" payload: Text<'a> = true,
    "payloadType" payload_type: Text<'a> = true,
    "signatures" signatures: Signatures<'a> = true,
} }
object! { RawSignature<'a> {
    "keyid" keyid: Text<'a> = false,
    "sig" sig: Text<'a> = true,
} }
object! { RawBundle<'a> {
    "mediaType" media_type: Text<'a> = true,
    "verificationMaterial" material: RawMaterial<'a> = true,
    "dsseEnvelope" envelope: RawEnvelope<'a> = true,
} }
object! { RawMaterial<'a> {
    "publicKey" public_key: RawHint<'a> = false,
    "certificate" certificate: IgnoredAny = false,
    "x509CertificateChain" chain: IgnoredAny = false,
    "tlogEntries" log: Filled = false,
    "timestampVerificationData" timestamps: IgnoredAny = false,
} }
object! { RawHint<'a> {
    "hint" hint: Text<'a> = false,
} }
// A bundle of another version: nothing but its envelope is looked at.
object! { Around<'a> {
    "dsseEnvelope" envelope: RawEnvelope<'a> = true,
} }
object! { Probe<'a> {
    "mediaType" media_type: Text<'a> = false,
    "exitCode" exit_code: IgnoredAny = false,
} }

/// A list, and whether something is in it.
struct Filled(bool);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Filled;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Filled, E> {
                Err(E::custom("invalid type: string, expected a list"))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Filled, A::Error> {
                let mut filled = false;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    filled = true;
                }
                Ok(Filled(filled))
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// From one to [`SIGNATURES_MAX`] signatures: the next one is refused before it is read.
#[derive(Default)]
struct Signatures<'a>(Vec<RawSignature<'a>>);

impl<'de> Deserialize<'de> for Signatures<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Signatures<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of one to {SIGNATURES_MAX} signatures")
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
                Err(E::custom("invalid type: string, expected an array of signatures"))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while list.len() < SIGNATURES_MAX {
                    let Some(one) = seq.next_element()? else { break };
                    list.push(one);
                }
                let more = list.len() == SIGNATURES_MAX && seq.next_element::<IgnoredAny>()?.is_some();
                if list.is_empty() || more {
                    return Err(A::Error::invalid_length(list.len() + usize::from(more), &self));
                }
                Ok(Signatures(list))
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// Parses JSON; what is wrong is said with its place.
fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Malformed> {
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

/// Whether bytes are an object with the member `exitCode`, as each line of a transcript is.
pub(super) fn is_command(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Probe>(bytes).is_ok_and(|found| found.exit_code.is_some())
}

fn limit(bytes: &[u8]) -> Result<(), Malformed> {
    if bytes.len() > MAX_ENVELOPE_BYTES {
        return Err(Malformed::TooLarge { bytes: bytes.len() });
    }
    // An escape would have to be taken out into a copy.
    if bytes.len() > MAX_ESCAPED_BYTES && memchr::memchr(b'\\', bytes).is_some() {
        return Err(Malformed::Escapes { bytes: bytes.len() });
    }
    Ok(())
}

/// Reads an envelope, or a bundle: that has a media type.
pub(super) fn either(bytes: Vec<u8>) -> Result<Envelope, Malformed> {
    limit(&bytes)?;
    let found = match parse::<Probe>(&bytes)?.media_type {
        Some(Text(media_type)) => of_media_type(&media_type, &bytes)?,
        None => undecoded(parse(&bytes)?, &bytes)?,
    };
    finish(found, bytes)
}

/// Reads an envelope.
pub(super) fn envelope(bytes: Vec<u8>) -> Result<Envelope, Malformed> {
    limit(&bytes)?;
    let found = undecoded(parse(&bytes)?, &bytes)?;
    finish(found, bytes)
}

/// Reads a bundle.
pub(super) fn bundle(bytes: Vec<u8>) -> Result<Envelope, Malformed> {
    limit(&bytes)?;
    let found = of_media_type(&text(parse::<Probe>(&bytes)?.media_type), &bytes)?;
    finish(found, bytes)
}

fn of_media_type(media_type: &str, bytes: &[u8]) -> Result<Undecoded, Malformed> {
    if media_type == BUNDLE_MEDIA_TYPE {
        of_bundle(parse(bytes)?, bytes)
    } else if media_type.starts_with(BUNDLE_NAME) {
        let version = short(media_type);
        let Ok(Around { envelope: Some(raw), .. }) = parse::<Around>(bytes) else {
            return Err(Malformed::Version { found: version });
        };
        let unknown = Some(format!("the bundle is of the version {version}"));
        Ok(Undecoded { unknown, ..undecoded(raw, bytes)? })
    } else {
        Err(value("mediaType", BUNDLE_MEDIA_TYPE, media_type))
    }
}

/// An envelope whose payload is in base64 still.
struct Undecoded {
    payload_type: String,
    payload: Payload,
    signatures: Vec<Signature>,
    unknown: Option<String>,
    unchecked: Vec<&'static str>,
}

/// Where the payload's base64 is.
enum Payload {
    /// In the file, from here to there.
    Within(usize, usize),
    /// It had escapes.
    Apart(String),
}

fn value(member: &'static str, expected: impl Into<String>, found: &str) -> Malformed {
    Malformed::Value { member, expected: expected.into(), found: short(found) }
}

fn text(member: Option<Text<'_>>) -> Cow<'_, str> {
    member.map_or(Cow::Borrowed(""), |text| text.0)
}

fn undecoded(raw: RawEnvelope, file: &[u8]) -> Result<Undecoded, Malformed> {
    let payload_type = text(raw.payload_type);
    if payload_type.len() > NAME_MAX {
        return Err(value("payloadType", format!("at most {NAME_MAX} bytes"), &payload_type));
    }
    let payload = match text(raw.payload) {
        Cow::Owned(copy) => Payload::Apart(copy),
        // The reader hands out the very bytes of the file.
        Cow::Borrowed("") => Payload::Within(0, 0),
        Cow::Borrowed(part) => {
            let start = part.as_ptr() as usize - file.as_ptr() as usize;
            Payload::Within(start, start + part.len())
        }
    };
    let Signatures(raw_signatures) = raw.signatures.unwrap_or_default();
    let beside = raw_signatures.iter().find_map(|one| one.unknown.clone());
    let signatures = raw_signatures.into_iter().map(signature).collect::<Result<_, _>>()?;
    let unknown = raw.unknown.or(beside).map(|name| format!("the envelope has the member {name}"));
    Ok(Undecoded {
        payload_type: payload_type.into_owned(),
        payload,
        signatures,
        unknown,
        unchecked: Vec::new(),
    })
}

fn signature(raw: RawSignature) -> Result<Signature, Malformed> {
    let (keyid, sig) = (text(raw.keyid), text(raw.sig));
    key_name("signatures.keyid", &keyid)?;
    let wanted = || format!("{SIGNATURE_BYTES} bytes");
    if sig.len() > 2 * NAME_MAX {
        return Err(value("signatures.sig", wanted(), &sig));
    }
    let sig = strict_base64("signatures.sig", &sig)?;
    let length = format!("{} bytes", sig.len());
    let sig = sig.try_into().map_err(|_| value("signatures.sig", wanted(), &length))?;
    Ok(Signature { keyid: keyid.into_owned(), sig })
}

/// What names a key has any form: others write other ones. What says that it is a fingerprint is
/// one.
fn key_name(member: &'static str, name: &str) -> Result<(), Malformed> {
    if name.starts_with(FINGERPRINT) && !is_fingerprint(name) {
        return Err(value(member, "SHA256: and 43 characters of base64", name));
    }
    match name.len() {
        ..=NAME_MAX => Ok(()),
        _ => Err(value(member, format!("at most {NAME_MAX} bytes"), name)),
    }
}

/// Puts the hint of a bundle in the place of a keyid that says less. Which of the two says
/// something that nobody compares, if the other is compared.
fn take_hint(signature: &mut Signature, hint: String) -> Result<Option<&'static str>, Malformed> {
    let member = "verificationMaterial.publicKey.hint";
    key_name(member, &hint)?;
    match (signature.is_named_by_fingerprint(), hint.starts_with(FINGERPRINT)) {
        (true, true) if hint != signature.keyid => {
            Err(value(member, format!("the envelope's keyid {}", short(&signature.keyid)), &hint))
        }
        (false, is_fingerprint) if is_fingerprint || signature.keyid.is_empty() => {
            let unsaid = std::mem::replace(&mut signature.keyid, hint);
            Ok((!unsaid.is_empty()).then_some("key id"))
        }
        _ => Ok((!hint.is_empty() && hint != signature.keyid).then_some("hint")),
    }
}

fn of_bundle(raw: RawBundle, file: &[u8]) -> Result<Undecoded, Malformed> {
    let (Some(envelope), Some(material)) = (raw.envelope, raw.material) else {
        return Err(value("dsseEnvelope", "an envelope", "none"));
    };
    let mut found = undecoded(envelope, file)?;
    let [signature] = &mut found.signatures[..] else {
        let many = format!("{} signatures", found.signatures.len());
        return Err(value("dsseEnvelope.signatures", "one signature", &many));
    };
    let beside = material.public_key.as_ref().and_then(|key| key.unknown.clone());
    let unknown = raw.unknown.or(material.unknown).or(beside);
    if let Some(key) = material.public_key {
        found.unchecked.extend(take_hint(signature, text(key.hint).into_owned())?);
    } else if material.certificate.is_none() && material.chain.is_none() {
        return Err(value("verificationMaterial", "publicKey or a certificate", "neither"));
    }
    for (there, what) in [
        (material.certificate.is_some() || material.chain.is_some(), "certificate"),
        (material.log.is_some_and(|list| list.0), "log entries"),
        (material.timestamps.is_some(), "timestamps"),
    ] {
        if there {
            found.unchecked.push(what);
        }
    }
    found.unknown = found.unknown.or(unknown.map(|name| format!("the bundle has the member {name}")));
    Ok(found)
}

/// Decodes the payload in the place of the file, behind the head of what was signed.
fn finish(found: Undecoded, file: Vec<u8>) -> Result<Envelope, Malformed> {
    let (mut bytes, start, end) = match found.payload {
        Payload::Within(start, end) => (file, start, end),
        Payload::Apart(text) => {
            drop(file);
            let end = text.len();
            (text.into_bytes(), 0, end)
        }
    };
    let refuse = |at, what| Err(Malformed::Base64 { member: "payload", at, what });
    let length = end - start;
    let padding = memchr::memchr(b'=', &bytes[start..end]);
    // The decoder takes padded pieces one after the other, which would be another spelling of the
    // same bytes: padding ends the text.
    match padding {
        Some(at) if at + 2 < length => return refuse(at, MISPLACED_PADDING),
        _ if length % 4 != 0 => return refuse(length / 4 * 4, ODD_LENGTH),
        _ => {}
    }
    let decoded = length / 4 * 3 - padding.map_or(0, |at| length - at);
    let head = head(&found.payload_type, decoded);
    if bytes.len() < head.len() + decoded {
        bytes.resize(head.len() + decoded, 0);
    }
    // Three bytes are written for four that were read, and the head is shorter than a piece: what
    // is written never overtakes what is still to be read.
    const PIECE: usize = 4096;
    let (mut from, mut to, mut piece) = (start, head.len(), [0; PIECE]);
    while from < end {
        let part = &bytes[from..(from + PIECE).min(end)];
        let room = part.len() / 4 * 3;
        let written = match BASE64.decode_mut(part, &mut piece[..room]) {
            Ok(written) => written,
            Err(partial) => return Err(damaged("payload", partial.error, from - start)),
        };
        from += part.len();
        bytes[to..to + written].copy_from_slice(&piece[..written]);
        to += written;
    }
    bytes[..head.len()].copy_from_slice(&head);
    bytes.truncate(to);
    bytes.shrink_to_fit();
    Ok(Envelope {
        payload_type: found.payload_type,
        payload_at: head.len(),
        signed: bytes,
        signatures: found.signatures,
        unknown: found.unknown,
        unchecked: found.unchecked,
        beside: None,
    })
}

/// Is this a fingerprint as OpenSSH prints it, in its one spelling?
fn is_fingerprint(keyid: &str) -> bool {
    keyid.strip_prefix(FINGERPRINT).is_some_and(
        |digest| matches!(BASE64_NOPAD.decode(digest.as_bytes()), Ok(bytes) if bytes.len() == 32),
    )
}

/// Standard alphabet, padded, no white space, unused bits zero: one text for one value.
fn strict_base64(member: &'static str, text: &str) -> Result<Vec<u8>, Malformed> {
    match text.find('=') {
        Some(at) if at + 2 < text.len() => Err(Malformed::Base64 { member, at, what: MISPLACED_PADDING }),
        _ => BASE64.decode(text.as_bytes()).map_err(|error| damaged(member, error, 0)),
    }
}

fn damaged(member: &'static str, error: DecodeError, before: usize) -> Malformed {
    let what = match error.kind {
        DecodeKind::Length => ODD_LENGTH,
        DecodeKind::Symbol => "a character outside the standard alphabet",
        DecodeKind::Trailing => "unused bits that are not zero",
        DecodeKind::Padding => MISPLACED_PADDING,
    };
    Malformed::Base64 { member, at: before + error.position, what }
}

const MISPLACED_PADDING: &str = "misplaced padding";
const ODD_LENGTH: &str = "its length is no multiple of 4";
