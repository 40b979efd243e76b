use super::*;
use crate::seal::keys::PrivateKey;

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

fn other() -> PrivateKey {
    PrivateKey::from_seed(&[8; 32])
}

fn trusted(key: &PrivateKey) -> TrustedKey {
    TrustedKey::new(key.public())
}

fn sealed_by(key: &PrivateKey, payload: &[u8]) -> Envelope {
    Envelope::sign::<()>(payload.to_vec(), &key.public(), |m| Ok(key.sign(m))).unwrap()
}

fn sig(payload_type: &str, payload: &[u8]) -> String {
    BASE64.encode(&key().sign(&pae(payload_type, payload)))
}

/// A correctly signed envelope with room for one defect: pairs of text to replace.
fn with(defect: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::from_utf8(sealed_by(&key(), b"{}").to_json()).unwrap();
    for (from, to) in defect {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from} is not in {text}");
        text = changed;
    }
    text.into_bytes()
}

fn refusal(bytes: &[u8]) -> String {
    match Envelope::read(bytes) {
        Ok(_) => panic!("read: {}", String::from_utf8_lossy(bytes)),
        Err(why) => why.to_string(),
    }
}

#[test]
fn the_encoding_that_is_signed_is_the_one_of_the_specification() {
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    assert_eq!(pae("ä", "ü".as_bytes()), "DSSEv1 2 ä 2 ü".as_bytes());
}

#[test]
fn the_file_is_written_in_one_way_and_read_back() {
    let key = key();
    let envelope = sealed_by(&key, b"{}");
    let text = String::from_utf8(envelope.to_json()).unwrap();
    let expected = format!(
        "{{\"payload\":\"e30=\",\"payloadType\":\"{PAYLOAD_TYPE}\",\"signatures\":[{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]}}\n",
        key.public().fingerprint(),
        sig(PAYLOAD_TYPE, b"{}")
    );
    assert_eq!(text, expected);
    let read = Envelope::read(text.as_bytes()).unwrap();
    assert!(read == envelope);
    let authentic = read.verify(&[trusted(&other()), trusted(&key)], |_| None).unwrap();
    assert_eq!(authentic.payload(), b"{}");
    assert_eq!(authentic.key().key(), &key.public());
}

#[test]
fn whitespace_order_and_escapes_of_json_do_not_matter() {
    let envelope = sealed_by(&key(), b"{}");
    let text = format!(
        " {{\r\n\t\"signatures\": [ {{ \"sig\": \"{}\", \"keyid\": \"{}\" }} ],\n\"\\u0070ayload\": \"e30\\u003d\", \"payloadType\": \"application\\/vnd.in-toto+json\" }} ",
        sig(PAYLOAD_TYPE, b"{}"),
        envelope.keyid()
    );
    assert!(Envelope::read(text.as_bytes()).unwrap() == envelope);
}

/// One defect a line: what is replaced, by what, and what the refusal says of it.
const DEPARTURES: &str = r#"
"payload"  =>  "Payload"  =>  missing field `payload`
"sig"  =>  "SIG"  =>  missing field `sig`
{"payload"  =>  {"payload":"e30=","payload"  =>  duplicate field `payload`
{"payload"  =>  {"pa\u0079load":"e30=","payload"  =>  duplicate field `payload`
"payloadType"  =>  "payloadType":"application/vnd.in-toto+json","payloadType"  =>  duplicate field `payloadType`
"signatures"  =>  "signatures":[$ONE],"signatures"  =>  duplicate field `signatures`
{"keyid"  =>  {"keyid":"","keyid"  =>  duplicate field `keyid`
"sig":"$SIG"  =>  "sig":"$SIG","sig":"$SIG"  =>  duplicate field `sig`
"payload":"e30=",  =>    =>  missing field `payload`
"payloadType":"application/vnd.in-toto+json",  =>    =>  missing field `payloadType`
,"signatures":[$ONE]  =>    =>  missing field `signatures`
,"sig":"$SIG"  =>    =>  missing field `sig`
"e30="  =>  null  =>  invalid type: null
"e30="  =>  30  =>  invalid type: integer
"e30="  =>  [123,125]  =>  invalid type: sequence
"$SIG"  =>  ["$SIG"]  =>  invalid type: sequence
[$ONE]  =>  []  =>  invalid length 0, expected an array of one to 16 signatures
[$ONE]  =>  $ONE  =>  expected an array of one to 16 signatures
[$ONE]  =>  "$ONE"  =>  expected
$ONE  =>  ["$KEYID","$SIG"]  =>  expected a JSON object
}]}  =>  }],}  =>  trailing comma
}]}  =>  }]}{}  =>  trailing characters
"#;

#[test]
fn every_departure_from_the_member_set_is_refused() {
    let keyid = key().public().fingerprint();
    let sig = sig(PAYLOAD_TYPE, b"{}");
    let one = format!("{{\"keyid\":\"{keyid}\",\"sig\":\"{sig}\"}}");
    let rows = DEPARTURES.replace("$ONE", &one).replace("$KEYID", &keyid).replace("$SIG", &sig);
    for row in rows.lines().skip(1) {
        let [from, to, says] = row.splitn(3, "  =>  ").collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let why = refusal(&with(&[(from, to)]));
        assert!(why.contains(says), "{row}: {why}");
        assert!(why.starts_with("line "), "{row}: {why}");
    }
}

#[test]
fn an_array_of_the_values_is_no_envelope() {
    let text = format!(
        "[\"e30=\",\"{PAYLOAD_TYPE}\",[{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]]",
        key().public().fingerprint(),
        sig(PAYLOAD_TYPE, b"{}")
    );
    let why = refusal(text.as_bytes());
    assert!(why.contains("expected a JSON object"), "{why}");
}

#[test]
fn what_is_no_json_at_all_is_refused_with_its_place() {
    let good = with(&[]);
    for bytes in [&b""[..], b"null", b"[]", b"{", b"\xef\xbb\xbf{}", &good[..good.len() - 2]] {
        assert!(refusal(bytes).starts_with("line "));
    }
    // Lone surrogates and bytes that are no UTF-8, in a value that is otherwise unread.
    let why = refusal(&with(&[("\"SHA256:", "\"\\ud800SHA256:")]));
    assert!(why.contains("surrogate") || why.contains("hex escape"), "{why}");
    let mut bytes = with(&[]);
    let at = bytes.iter().position(|&b| b == b':').unwrap() + 2;
    bytes[at] = 0xff;
    assert!(refusal(&bytes).contains("unicode"), "{}", refusal(&bytes));
}

/// As above, of the text of base64.
const SPELLINGS: &str = r#"
e30=  =>  e31=  =>  payload: not strict base64: unused bits
e30=  =>  e30  =>  payload: not strict base64: its length
e30=  =>  e3\n0=  =>  payload: not strict base64
"e30=  =>  " e30=  =>  payload: not strict base64
e30=  =>  e30=\n  =>  payload: not strict base64
e30=  =>  e30==  =>  payload: not strict base64
$SIG  =>  $SLACK  =>  signatures.sig: not strict base64: unused bits
$SIG  =>  $BARE  =>  signatures.sig: not strict base64: its length
"#;

#[test]
fn one_spelling_of_base64_is_read() {
    let sig = sig(PAYLOAD_TYPE, b"{}");
    let bare = sig.strip_suffix("==").unwrap();
    // The last character has four unused bits; they are zero, so the next one has one of them set.
    let (kept, last) = bare.split_at(bare.len() - 1);
    let next = char::from(last.as_bytes()[0] + 1);
    let rows =
        SPELLINGS.replace("$SLACK", &format!("{kept}{next}==")).replace("$BARE", bare).replace("$SIG", &sig);
    for row in rows.lines().skip(1) {
        let [from, to, says] = row.splitn(3, "  =>  ").collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let why = refusal(&with(&[(from, to)]));
        assert!(why.starts_with(says), "{row}: {why}");
    }
    // In pieces, each of them padded: the same bytes to some decoders.
    let text = String::from_utf8(sealed_by(&key(), b"abcd").to_json()).unwrap();
    let why = refusal(text.replace("YWJjZA==", "YWI=Y2Q=").as_bytes());
    assert!(why.contains("payload: not strict base64: misplaced padding at its character 3"), "{why}");
    // The URL-safe alphabet, over a payload where it makes a difference.
    let payload = b"\"\xc3\xbe\xc3\xbf~~~???\"";
    let text = String::from_utf8(sealed_by(&key(), payload).to_json()).unwrap();
    let standard = BASE64.encode(payload);
    let url = data_encoding::BASE64URL.encode(payload);
    assert_ne!(standard, url);
    let why = refusal(text.replace(&standard, &url).as_bytes());
    assert!(why.contains("payload: not strict base64: a character outside"), "{why}");
}

/// Another type is not what a damaged file has: the signature covers it.
#[test]
fn another_payload_type_is_handed_on_as_ours_or_without_its_signature() {
    for payload_type in [
        "application/vnd.in-toto+json ",
        "application/vnd.in-toto+JSON",
        "application/vnd.in-toto+json; charset=utf-8",
        "https://in-toto.io/Statement/v1",
        "application/json",
        "",
    ] {
        let text = format!(
            "{{\"payload\":\"e30=\",\"payloadType\":\"{payload_type}\",\"signatures\":[{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]}}\n",
            key().public().fingerprint(),
            sig(payload_type, b"{}")
        );
        let read = Envelope::read(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(read.to_json()).unwrap(), text);
        let authentic = read.verify(&[trusted(&key())], |_| None).unwrap();
        assert_eq!((authentic.payload_type(), authentic.payload()), (payload_type, &b"{}"[..]));
        let failure = read.verify(&[trusted(&other())], |_| None).unwrap_err();
        assert_eq!(failure.code(), Code::SignatureUntrusted, "{payload_type}");
        // Put in the place of ours and in the place of this one: neither is what was signed.
        let ours = text.replacen(
            &format!("\"payloadType\":\"{payload_type}\""),
            &format!("\"payloadType\":\"{PAYLOAD_TYPE}\""),
            1,
        );
        let theirs = with(&[(PAYLOAD_TYPE, payload_type)]);
        for changed in [ours.as_bytes(), &theirs] {
            let failure = Envelope::read(changed).unwrap().verify(&[trusted(&key())], |_| None).unwrap_err();
            assert_eq!(failure.code(), Code::SignatureBroken, "{payload_type}");
        }
    }
}

#[test]
fn a_hint_that_is_not_there_is_not_checked() {
    use crate::seal::formats::{from_bundle, to_bundle};
    let fingerprint = key().public().fingerprint();
    let text = String::from_utf8(to_bundle(&sealed_by(&key(), b"{}"))).unwrap();
    let hint = format!("\"hint\":\"{fingerprint}\"");
    for (there, unchecked) in
        [("", &[][..]), ("\"hint\":\"\"", &[]), (&hint, &[]), ("\"hint\":\"a\"", &["hint"])]
    {
        let changed = text.replacen(&hint, there, 1);
        assert_eq!(from_bundle(changed.as_bytes()).unwrap().unchecked(), unchecked, "{there}");
    }
}

/// A bundle of another version may be sound; one that is no bundle at all is not.
#[test]
fn a_bundle_of_another_version_is_called_damaged() {
    use crate::seal::formats::{from_bundle, to_bundle};
    let text = String::from_utf8(to_bundle(&sealed_by(&key(), b"{}"))).unwrap();
    for (from, to, code) in [
        ("dsseEnvelope\":", "envelope\":", Code::EnvelopeJson),
        ("vnd.dev.sigstore.bundle.v0.3", "vnd.example", Code::EnvelopeValue),
        ("\"mediaType\"", "\"mediatype\"", Code::EnvelopeValue),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert_eq!(from_bundle(changed.as_bytes()).unwrap_err().code(), code, "{to}");
    }
    for other in ["bundle.v0.2+json", "bundle+json;version=0.1"] {
        let changed = text.replacen("bundle.v0.3+json", other, 1);
        assert!(from_bundle(changed.as_bytes()).unwrap().unknown().unwrap().ends_with(other));
        let changed = changed.replacen("dsseEnvelope", "envelope", 1);
        assert_eq!(from_bundle(changed.as_bytes()).unwrap_err().code(), Code::EnvelopeType, "{other}");
    }
}

#[test]
fn keyids_that_are_no_fingerprint_are_refused() {
    let good = key().public().fingerprint();
    let md5 = "MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff";
    let padded = format!("{good}=");
    let short = &good[..good.len() - 1];
    let lower = good.replace("SHA256", "sha256");
    for keyid in ["", "SHA256:", md5, &padded, short, &lower, &good["SHA256:".len()..]] {
        let read = Envelope::read(&with(&[(&good, keyid)]));
        if keyid.starts_with("SHA256:") {
            assert!(
                read.unwrap_err().to_string().starts_with("signatures.keyid: expected SHA256:"),
                "{keyid}"
            );
            continue;
        }
        // Another form says nothing of any key, and that is said.
        let read = read.unwrap();
        assert!(read.verify(&[trusted(&key())], |_| None).is_ok(), "{keyid}");
        assert_eq!(read.has_other_keyid(), !keyid.is_empty(), "{keyid}");
    }
    let without = with(&[(&format!("\"keyid\":\"{good}\","), "")]);
    let read = Envelope::read(&without).unwrap();
    assert!(read.verify(&[trusted(&key())], |_| None).is_ok());
    assert_eq!(read.to_json(), without);
    let failure = read.verify(&[trusted(&other())], |_| None).unwrap_err();
    assert!(failure.to_string().contains("and the file names none"), "{failure}");
}

#[test]
fn a_signature_of_a_trusted_key_among_others_counts_for_nothing() {
    let (mine, theirs) = (sealed_by(&key(), b"{}"), sealed_by(&other(), b"{}"));
    let with = |signatures: &[&Signature]| {
        let signatures = signatures.iter().map(|one| (*one).clone()).collect();
        let bytes = Envelope { signatures, ..mine.clone() }.to_json();
        Envelope::read(&bytes).unwrap()
    };
    let (own, others) = (&mine.signatures[0], &theirs.signatures[0]);
    let keys = [trusted(&key())];
    for list in [&[own, others][..], &[others, own], &[own, own], &[others, others, own]] {
        let read = with(list);
        assert_eq!(read.signature_count(), list.len());
        assert!(read.verify(&keys, |_| None).is_ok());
    }
    let broken = Signature { sig: others.sig, ..own.clone() };
    assert!(with(&[&broken, own]).verify(&keys, |_| None).is_ok());
    for (list, code) in [
        (&[others, others][..], Code::SignatureUntrusted),
        (&[others, &broken], Code::SignatureBroken),
        (&[&broken, &Signature { keyid: others.keyid.clone(), ..own.clone() }], Code::SignatureKeyid),
    ] {
        assert_eq!(with(list).verify(&keys, |_| None).unwrap_err().code(), code);
    }
    let many = Envelope { signatures: vec![others.clone(); SIGNATURES_MAX], ..mine.clone() };
    assert!(Envelope::read(&many.to_json()).is_ok());
    let more = Envelope { signatures: vec![others.clone(); SIGNATURES_MAX + 1], ..mine };
    assert!(refusal(&more.to_json()).contains("invalid length 17, expected an array of one to 16"));
}

#[test]
fn a_member_that_nobody_knows_is_skipped() {
    for (from, to, name) in
        [("{\"payload\"", "{\"x\":[{}],\"payload\"", "x"), ("{\"keyid\"", "{\"cert\":\"\",\"keyid\"", "cert")]
    {
        let read = Envelope::read(&with(&[(from, to)])).unwrap();
        assert_eq!(read.unknown(), Some(&*format!("the envelope has the member {name}")));
    }
}

#[test]
fn a_signature_of_another_length_is_refused() {
    let good = sig(PAYLOAD_TYPE, b"{}");
    let bytes = BASE64.decode(good.as_bytes()).unwrap();
    let mut long = bytes.clone();
    long.push(0);
    for other in [&bytes[..63], &long, &[]] {
        let why = refusal(&with(&[(&good, &BASE64.encode(other))]));
        assert!(why.starts_with("signatures.sig: expected 64 bytes"), "{why}");
    }
}

#[test]
fn the_size_is_limited_before_anything_is_parsed() {
    let mut bytes = with(&[]);
    bytes.resize(MAX_ENVELOPE_BYTES, b' ');
    assert!(Envelope::read(&bytes).is_ok());
    bytes.push(b' ');
    assert_eq!(Envelope::read(&bytes).err(), Some(Malformed::TooLarge { bytes: MAX_ENVELOPE_BYTES + 1 }));
    let mut escaped = with(&[("e30=", "e30\\u003d")]);
    escaped.resize(MAX_ESCAPED_BYTES, b' ');
    assert!(Envelope::read(&escaped).is_ok());
    escaped.push(b' ');
    assert_eq!(Envelope::read(&escaped).err(), Some(Malformed::Escapes { bytes: MAX_ESCAPED_BYTES + 1 }));
}

#[test]
fn what_a_refusal_quotes_cannot_reach_the_terminal_raw() {
    let why = refusal(&with(&[("SHA256:", "SHA256:\\u001b]0;x\\u0007")]));
    assert!(why.contains("\\u{1b}]0;x\\u{7}"), "{why}");
    assert!(!why.chars().any(char::is_control));
}

/// Every bit of the file, not of payload, signature and keyid alone: a compact file has
/// no byte that means nothing.
#[test]
fn no_bit_can_flip_unseen() {
    let key = key();
    let payload = b"{\"_type\":\"https://in-toto.io/Statement/v1\"}";
    let good = sealed_by(&key, payload).to_json();
    let trusted = [trusted(&key)];
    assert!(Envelope::read(&good).unwrap().verify(&trusted, |_| None).is_ok());
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut changed = good.clone();
            changed[at] ^= 1 << bit;
            let Ok(envelope) = Envelope::read(&changed) else {
                continue;
            };
            // A member of another name is said to be unknown, and nothing is judged.
            if envelope.unknown().is_some() {
                continue;
            }
            // What still reads is an integrity failure: the key is known, the file is not.
            match envelope.verify(&trusted, |_| None) {
                Err(SignatureFailure::KeyidOfAnother { .. } | SignatureFailure::Broken { .. }) => {}
                // A key id that is no fingerprint any more is said not to be compared.
                Ok(_) if envelope.has_other_keyid() => {}
                Ok(_) => panic!("byte {at}, bit {bit} may flip"),
                Err(other) => panic!("byte {at}, bit {bit}: {other}"),
            }
        }
    }
}

#[test]
fn whose_fault_it_is_is_told_apart() {
    let (key, other) = (key(), other());
    let good = sealed_by(&key, b"{}");
    let fails = |envelope: &Envelope, keys: &[TrustedKey]| envelope.verify(keys, |_| None).err().unwrap();
    let (mine, others) = (key.public().fingerprint(), other.public().fingerprint());

    // Made by nobody trusted, and saying so.
    assert_eq!(
        fails(&good, &[trusted(&other)]),
        SignatureFailure::Untrusted { keyid: mine.clone(), tried: 1 }
    );
    assert_eq!(fails(&good, &[]), SignatureFailure::Untrusted { keyid: mine.clone(), tried: 0 });
    // Names a trusted key that did not make it.
    let mut changed = good.clone();
    changed.signed = pae(PAYLOAD_TYPE, b"{ }");
    assert_eq!(
        fails(&changed, &[trusted(&other), trusted(&key)]),
        SignatureFailure::Broken { keyid: mine.clone() }
    );
    // Made by a trusted key, and naming another: trusted or not.
    let mut renamed = good.clone();
    renamed.signatures[0].keyid.clone_from(&others);
    for keys in [vec![trusted(&key)], vec![trusted(&other), trusted(&key)]] {
        assert_eq!(
            fails(&renamed, &keys),
            SignatureFailure::KeyidOfAnother { keyid: others.clone(), made_by: mine.clone() }
        );
    }
}

#[test]
fn a_signature_with_another_spelling_is_refused() {
    let good = sealed_by(&key(), b"{}");
    // s + L, which lax verifiers take for s.
    let order = data_encoding::HEXLOWER
        .decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        .unwrap();
    let mut changed = good.clone();
    let mut carry = 0;
    for (byte, add) in changed.signatures[0].sig[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert!(changed.verify(&[trusted(&key())], |_| None).is_err());
}

/// The owner of a key can make such a signature, and a lax verification accepts it: R is
/// the neutral point, so that it signs nothing that was chosen at random.
#[test]
fn a_signature_with_a_point_of_small_order_is_refused() {
    let mut changed = sealed_by(&key(), b"{}");
    let sig = data_encoding::HEXLOWER
        .decode(
            b"0100000000000000000000000000000000000000000000000000000000000000\
              ceb79898eab26943fdfc72656e95cf0d5da3840532df62e07eb272c4be7f6a0e",
        )
        .unwrap();
    changed.signatures[0].sig = sig.try_into().unwrap();
    assert!(changed.verify(&[trusted(&key())], |_| None).is_err());
}

#[test]
fn a_key_is_trusted_at_its_times_only() {
    let key = key();
    let good = sealed_by(&key, b"{\"at\":5}");
    let line = |options: &str| {
        let line = format!("ci@example.org {options} {}", key.public().to_ssh_line());
        crate::seal::trust::TrustFile::read(line.as_bytes(), crate::clock::local_second).unwrap().keys
    };
    let year_2026 = line("valid-after=\"20260101Z\",valid-before=\"20261231Z\"");
    let at = |keys: &[TrustedKey], time: Option<i64>| {
        good.verify(keys, |payload| {
            assert_eq!(payload, b"{\"at\":5}");
            time
        })
        .map(|authentic| authentic.key().principals().map(str::to_owned))
    };
    let (first, last) = (1_767_225_600, 1_798_675_200);
    assert_eq!(at(&year_2026, Some(first)), Ok(Some("ci@example.org".to_owned())));
    assert!(at(&year_2026, Some(last)).is_ok());
    for time in [Some(first - 1), Some(last + 1), None] {
        let error = at(&year_2026, time).unwrap_err();
        assert!(matches!(error, SignatureFailure::OutsideValidity { .. }));
        assert!(
            error.to_string().contains("from 2026-01-01T00:00:00Z until 2026-12-31T00:00:00Z"),
            "{error}"
        );
    }
    // Another entry for the same key may reach further.
    let mut twice = year_2026.clone();
    twice.extend(line("valid-after=\"20270101Z\""));
    assert!(at(&twice, Some(1_798_761_600)).is_ok());
    twice.push(trusted(&key));
    assert!(at(&twice, None).is_ok());
    // A changed keyid is the graver finding.
    let mut renamed = good.clone();
    renamed.signatures[0].keyid = other().public().fingerprint();
    let error = renamed.verify(&year_2026, |_| None).err().unwrap();
    assert!(matches!(error, SignatureFailure::KeyidOfAnother { .. }));
}
