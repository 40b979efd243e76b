//! The formats others accept, around the same envelope.
//!
//! Lives here: the Sigstore bundle v0.3. Rules: a bundle carries the envelope unchanged,
//! names the key by a hint only, and has no certificate, timestamp or log entry, because
//! nothing here talks to a service; it is read as strictly as the envelope itself. Of a bundle
//! of another version the envelope alone is looked for, so that its signature can be checked.

use serde::Serialize;

use super::envelope::{Envelope, Malformed, Object, RawEnvelope, from_json, to_json_line};
use crate::text::short;

/// The media type of the only bundle version that is written, and read whole.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What the media types of all versions begin with.
const BUNDLE_NAME: &str = "application/vnd.dev.sigstore.bundle";

/// The envelope in a Sigstore bundle whose hint is the envelope's keyid.
pub fn to_bundle(envelope: &Envelope) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Bundle<'a> {
        media_type: &'a str,
        verification_material: Material<'a>,
        dsse_envelope: &'a Envelope,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Material<'a> {
        public_key: Hint<'a>,
    }
    #[derive(Serialize)]
    struct Hint<'a> {
        hint: &'a str,
    }
    to_json_line(&Bundle {
        media_type: BUNDLE_MEDIA_TYPE,
        verification_material: Material { public_key: Hint { hint: envelope.keyid() } },
        dsse_envelope: envelope,
    })
}

/// The envelope out of a bundle that [`to_bundle`] wrote, or out of one of another version: that
/// says so in [`Envelope::unknown_bundle`].
pub fn from_bundle(bytes: &[u8]) -> Result<Envelope, Malformed> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        media_type: String,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Around {
        dsse_envelope: Object<RawEnvelope>,
    }
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct RawBundle {
        #[serde(rename = "mediaType")]
        _media_type: String,
        verification_material: Object<RawMaterial>,
        dsse_envelope: Object<RawEnvelope>,
    }
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct RawMaterial {
        public_key: Object<RawHint>,
    }
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct RawHint {
        hint: String,
    }
    let Object(Named { media_type }) = from_json(bytes)?;
    if media_type != BUNDLE_MEDIA_TYPE {
        let found = short(&media_type);
        if !media_type.starts_with(BUNDLE_NAME) {
            let expected = BUNDLE_MEDIA_TYPE.to_owned();
            return Err(Malformed::Value { member: "mediaType", expected, found });
        }
        let Ok(Object(around)) = from_json::<Object<Around>>(bytes) else {
            return Err(Malformed::Version { found });
        };
        return Envelope::try_from(around.dsse_envelope.0).map(|envelope| envelope.of_unknown_bundle(found));
    }
    let Object(raw): Object<RawBundle> = from_json(bytes)?;
    let envelope: Envelope = raw.dsse_envelope.0.try_into()?;
    let hint = raw.verification_material.0.public_key.0.hint;
    if hint != envelope.keyid() {
        return Err(Malformed::Value {
            member: "verificationMaterial.publicKey.hint",
            expected: format!("the envelope's keyid {}", envelope.keyid()),
            found: short(&hint),
        });
    }
    Ok(envelope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::keys::PrivateKey;

    fn bundle() -> (Envelope, String) {
        let key = PrivateKey::from_seed(&[7; 32]);
        let envelope = Envelope::sign::<()>(b"{}".to_vec(), &key.public(), |m| Ok(key.sign(m))).unwrap();
        let text = String::from_utf8(to_bundle(&envelope)).unwrap();
        (envelope, text)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (envelope, text) = bundle();
        assert!(text.starts_with(
            "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\
             \"verificationMaterial\":{\"publicKey\":{\"hint\":\"SHA256:"
        ));
        assert!(from_bundle(text.as_bytes()).unwrap() == envelope);
    }

    #[test]
    fn every_defect_around_a_good_envelope_is_refused() {
        let (envelope, text) = bundle();
        let keyid = envelope.keyid();
        let other = PrivateKey::from_seed(&[8; 32]).public().fingerprint();
        let hint = format!("\"hint\":\"{keyid}\"");
        for (defect, from, to) in [
            ("another media type", "sigstore.bundle".to_owned(), "sigstore.bindle".to_owned()),
            ("hint of another", hint.clone(), format!("\"hint\":\"{other}\"")),
            ("no hint", hint.clone(), String::new()),
            ("two hints", hint.clone(), format!("{hint},{hint}")),
            ("unknown beside the hint", hint.clone(), format!("{hint},\"x\":1")),
            ("unknown material", "\"publicKey\"".to_owned(), "\"tlogEntries\":[],\"publicKey\"".to_owned()),
            ("material as array", format!("{{\"publicKey\":{{{hint}}}}}"), format!("[[\"{keyid}\"]]")),
            ("unknown member", "{\"mediaType\"".to_owned(), "{\"x\":1,\"mediaType\"".to_owned()),
            ("case", "\"mediaType\"".to_owned(), "\"mediatype\"".to_owned()),
        ] {
            let changed = text.replacen(&from, &to, 1);
            assert_ne!(changed, text, "{defect}");
            assert!(from_bundle(changed.as_bytes()).is_err(), "{defect}");
        }
        assert!(from_bundle(&envelope.to_json()).is_err());
        assert!(Envelope::read(text.as_bytes()).is_err());
    }

    #[test]
    fn no_bit_of_a_bundle_can_flip_unseen() {
        let (envelope, text) = bundle();
        let key = PrivateKey::from_seed(&[7; 32]).public();
        let trusted = [crate::seal::trust::TrustedKey::new(key)];
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut changed = text.clone().into_bytes();
                changed[at] ^= 1 << bit;
                if let Ok(read) = from_bundle(&changed) {
                    assert!(read != envelope, "byte {at}, bit {bit}: reads the same");
                    let unjudged = read.unknown_bundle().is_some();
                    assert!(unjudged || read.verify(&trusted, |_| None).is_err(), "byte {at}, bit {bit}");
                }
            }
        }
    }

    #[test]
    fn the_envelope_of_a_newer_bundle_is_not_found() {
        let (envelope, text) = bundle();
        let newer = text.replacen("bundle.v0.3+json", "bundle.v0.4+json", 1);
        let more = newer.replacen("\"publicKey\"", "\"x\":[1],\"publicKey\"", 1);
        let none = newer.replacen(",\"dsseEnvelope\"", ",\"proofs\":[],\"dsseEnvelope\"", 1);
        for text in [&newer, &more, &none] {
            let found = from_bundle(text.as_bytes()).unwrap();
            assert_eq!(found.unknown_bundle(), Some("application/vnd.dev.sigstore.bundle.v0.4+json"));
            assert!(found == envelope.clone().of_unknown_bundle(found.unknown_bundle().unwrap().into()));
        }
        let elsewhere = newer.replacen("dsseEnvelope", "dsse", 1);
        assert!(matches!(from_bundle(elsewhere.as_bytes()), Err(Malformed::Version { .. })));
        let torn = newer.replacen("\"sig\":\"", "\"sig\":\"*", 1);
        assert!(matches!(from_bundle(torn.as_bytes()), Err(Malformed::Base64 { .. })));
    }
}
