//! The formats others accept, around the same envelope.
//!
//! Lives here: writing the Sigstore bundle v0.3. What does not: reading it (`reading`). Rules: a
//! bundle carries the envelope unchanged, names the key by a hint only, and has no certificate,
//! timestamp or log entry, because nothing here talks to a service.

use serde::Serialize;

use super::envelope::{Envelope, Malformed, to_json_line};
use super::reading;

pub use super::reading::BUNDLE_MEDIA_TYPE;

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
        // sigstore-python refuses a bundle without the list, although it may be empty.
        tlog_entries: [(); 0],
    }
    #[derive(Serialize)]
    struct Hint<'a> {
        hint: &'a str,
    }
    to_json_line(&Bundle {
        media_type: BUNDLE_MEDIA_TYPE,
        verification_material: Material { public_key: Hint { hint: envelope.keyid() }, tlog_entries: [] },
        dsse_envelope: envelope,
    })
}

/// Whether a line is one of a transcript: a command with its status.
#[must_use]
pub fn is_command(line: &[u8]) -> bool {
    reading::is_command(line)
}

/// The envelope out of a bundle that [`to_bundle`] wrote, out of one that others completed, or out
/// of one of another version.
pub fn from_bundle(bytes: &[u8]) -> Result<Envelope, Malformed> {
    reading::bundle(bytes.to_vec())
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
        assert!(text.contains("\"},\"tlogEntries\":[]},\"dsseEnvelope\""));
        assert!(from_bundle(text.as_bytes()).unwrap() == envelope);
    }

    /// What a log, a timestamp authority or another producer adds is read, and said to be unchecked.
    #[test]
    fn a_bundle_that_others_completed_is_refused() {
        let (envelope, text) = bundle();
        let keyid = envelope.keyid();
        let completed = |from: &str, to: &str| {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            from_bundle(changed.as_bytes()).unwrap()
        };
        let log = "\"tlogEntries\":[{\"logIndex\":\"1\",\"logId\":{\"keyId\":\"AA==\"}}]";
        let times = "\"tlogEntries\":[],\"timestampVerificationData\":{\"rfc3161Timestamps\":[{}]}";
        let hint = format!("\"publicKey\":{{\"hint\":\"{keyid}\"}}");
        for (from, to, unchecked) in [
            ("\"tlogEntries\":[]", log, &["log entries"][..]),
            ("\"tlogEntries\":[]", times, &["timestamps"]),
            (&*hint, "\"certificate\":{\"rawBytes\":\"AA==\"}", &["certificate"]),
            (&hint, "\"x509CertificateChain\":{\"certificates\":[]}", &["certificate"]),
            (",\"tlogEntries\":[]", "", &[]),
        ] {
            let found = completed(from, to);
            assert_eq!((found.unchecked(), found.unknown()), (unchecked, None), "{to}");
            assert_eq!(found.unverified_payload(), envelope.unverified_payload());
        }
        // Without a key id the hint names the key.
        let found = completed(&format!("\"keyid\":\"{keyid}\","), "");
        assert_eq!(found, envelope);
    }

    /// cosign and others name the key in forms of their own, or do not name it.
    #[test]
    fn a_hint_of_another_form_decides_whose_signature_it_is() {
        let (envelope, text) = bundle();
        let key = PrivateKey::from_seed(&[7; 32]).public();
        let own = key.fingerprint();
        let trusted = [crate::seal::trust::TrustedKey::new(key)];
        let other = PrivateKey::from_seed(&[8; 32]).public().fingerprint();
        let of_cosign = "uL0mZYJkXVwWPZ9nWd0Jw9yq0vQmPp9yZ4tq0v0vT6A=";
        let named = |keyid: &str, hint: &str| {
            let text = text.replacen(&format!("\"hint\":\"{own}\""), &format!("\"hint\":\"{hint}\""), 1);
            from_bundle(
                text.replacen(&format!("{{\"keyid\":\"{own}\""), &format!("{{\"keyid\":\"{keyid}\""), 1)
                    .as_bytes(),
            )
        };
        for (keyid, hint, otherwise, unchecked) in [
            ("", of_cosign, true, &[][..]),
            ("my-key", "my-key", true, &[]),
            ("my-key", of_cosign, true, &["hint"]),
            ("my-key", &own, false, &["key id"]),
            (&own, "my-key", false, &["hint"]),
            (&own, "", false, &[]),
            ("", "", false, &[]),
        ] {
            let read = named(keyid, hint).unwrap();
            assert!(read.verify(&trusted, |_| None).is_ok(), "{keyid} {hint}");
            assert_eq!((read.has_other_keyid(), read.unchecked()), (otherwise, unchecked), "{keyid} {hint}");
            assert_eq!(read.unverified_payload(), envelope.unverified_payload());
        }
        for (keyid, hint) in [("", &*other), ("my-key", &other), (&other, ""), (&other, "my-key")] {
            let read = named(keyid, hint).unwrap();
            let code = read.verify(&trusted, |_| None).err().map(|failure| failure.code());
            assert_eq!(code, Some(crate::cause::Code::SignatureKeyid), "{keyid} {hint}");
        }
        for (keyid, hint) in [(&*own, &*other), (&own, "SHA256:x"), ("", "SHA256:x"), ("SHA256:x", &own)] {
            assert!(named(keyid, hint).is_err(), "{keyid} {hint}");
        }
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
            ("no material", "\"publicKey\"".to_owned(), "\"publikKey\"".to_owned()),
            ("two hints", hint.clone(), format!("{hint},{hint}")),
            (
                "log twice",
                "\"tlogEntries\":[]".to_owned(),
                "\"tlogEntries\":[],\"tlogEntries\":[]".to_owned(),
            ),
            ("log as text", "\"tlogEntries\":[]".to_owned(), "\"tlogEntries\":\"\"".to_owned()),
            (
                "material as array",
                format!("{{\"publicKey\":{{{hint}}},\"tlogEntries\":[]}}"),
                format!("[[\"{keyid}\"]]"),
            ),
            ("case", "\"mediaType\"".to_owned(), "\"mediatype\"".to_owned()),
        ] {
            let changed = text.replacen(&from, &to, 1);
            assert_ne!(changed, text, "{defect}");
            assert!(from_bundle(changed.as_bytes()).is_err(), "{defect}");
        }
        assert!(from_bundle(&envelope.to_json()).is_err());
        assert!(Envelope::read(text.as_bytes()).is_err());
        let one = String::from_utf8(envelope.to_json()).unwrap();
        let one = one.split_once("\"signatures\":[").unwrap().1.trim_end().trim_end_matches("]}");
        let two = text.replacen(one, &format!("{one},{one}"), 1);
        assert!(from_bundle(two.as_bytes()).unwrap_err().to_string().contains("expected one signature"));
        for (from, to) in [
            (&*hint, &*format!("{hint},\"x\":1")),
            ("\"publicKey\"", "\"x\":{},\"publicKey\""),
            ("{\"mediaType\"", "{\"x\":1,\"mediaType\""),
            ("{\"keyid\"", "{\"x\":1,\"keyid\""),
        ] {
            let read = from_bundle(text.replacen(from, to, 1).as_bytes()).unwrap();
            assert!(read.unknown().unwrap().ends_with("has the member x"), "{to}");
        }
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
                    let said =
                        read.unknown().is_some() || read.has_other_keyid() || !read.unchecked().is_empty();
                    assert!(said || read.verify(&trusted, |_| None).is_err(), "byte {at}, bit {bit}");
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
            let version = "the bundle is of the version application/vnd.dev.sigstore.bundle.v0.4+json";
            assert_eq!(found.unknown(), Some(version));
            assert_eq!(found.unverified_payload(), envelope.unverified_payload());
        }
        let elsewhere = newer.replacen("dsseEnvelope", "dsse", 1);
        assert!(matches!(from_bundle(elsewhere.as_bytes()), Err(Malformed::Version { .. })));
        let torn = newer.replacen("\"sig\":\"", "\"sig\":\"*", 1);
        assert!(matches!(from_bundle(torn.as_bytes()), Err(Malformed::Base64 { .. })));
    }
}
