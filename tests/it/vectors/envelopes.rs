//! Envelopes: well formed and not, signed by one who is trusted and not, that contradict
//! themselves, and held against policies. MANIFEST says what must come of each.

use std::collections::BTreeMap;

use attesh::policy::{self, Policy};
use attesh::seal::envelope::Envelope;
use attesh::seal::keys::PrivateKey;
use attesh::seal::statement::{AnomalyFacts, CollectedFacts, Statement};
use attesh::seal::trust::{TrustFile, TrustedKey};
use attesh::verify::{self, Trusted, Verdict};
use serde_json::{Value, json};

use super::{files_of, judged, kept, said};
use crate::policy::judge::{NOW_S, Run, statement};

const HEADER: &str = "\
# Envelopes, and what a verifier must say of each at 2026-11-22T10:04:00Z. Columns, separated by tabs:
#   file    NAME.intoto.json beside this file
#   trust   the file of trusted keys beside this file
#   policy  the policy beside this file that it is held against, else -
#   verdict verified, policy, integrity, incomplete or untrusted
#   why     words that are in the first line of the verdict
# Made from fixed seeds by the test that compares them: see tests/it/vectors/envelopes.rs.
";

/// An envelope, and what must come of it.
pub struct Case {
    name: String,
    trust: &'static str,
    pub policy: &'static str,
    verdict: &'static str,
    why: String,
    bytes: Vec<u8>,
}

pub fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

pub fn sign(payload: Vec<u8>, seed: u8) -> Envelope {
    let key = key(seed);
    Envelope::sign::<()>(payload, &key.public(), |message| Ok(key.sign(message))).unwrap()
}

pub const THREE: [&str; 3] = ["cd src/", "echo \"something\"", "go build ./..."];

/// The session that most cases are about.
pub fn whole() -> Statement {
    statement(&[Run::of(&THREE)])
}

#[derive(Default)]
pub struct Cases(Vec<Case>);

impl Cases {
    pub fn add(&mut self, name: &str, verdict: &'static str, why: &str, bytes: Vec<u8>) -> &mut Case {
        self.0.push(Case {
            name: name.to_owned(),
            trust: "signer.pub",
            policy: "-",
            verdict,
            why: why.to_owned(),
            bytes,
        });
        self.0.last_mut().unwrap()
    }

    /// A session held against a policy.
    pub fn held(&mut self, name: &str, policy: &'static str, why: &str, statement: &Statement) {
        let says = why.contains(" commands ran, ") || why.contains(" commands recorded");
        let met = says && why.starts_with(char::is_numeric);
        let verdict = if met { "verified" } else { "policy" };
        self.add(name, verdict, why, sign(statement.to_json(), 7).to_json()).policy = policy;
    }
}

// ── what is no envelope ──────────────────────────────────────────────────

/// One defect a line: name, what is replaced, by what, what is said of it.
const DEFECTS: &str = r#"
unknown-member | {"payload" | {"x":0,"payload" | unknown field `x`
unknown-beside-signature | {"keyid" | {"cert":"","keyid" | unknown field `cert`
member-in-capitals | "payload" | "Payload" | unknown field `Payload`
payload-twice | {"payload" | {"payload":"e30=","payload" | duplicate field `payload`
payload-twice-escaped | {"payload" | {"pa\u0079load":"e30=","payload" | duplicate field `payload`
type-twice | "payloadType" | "payloadType":"x","payloadType" | duplicate field `payloadType`
keyid-twice | {"keyid" | {"keyid":"","keyid" | duplicate field `keyid`
no-type | "payloadType":"application/vnd.in-toto+json", |  | missing field `payloadType`
other-type | vnd.in-toto+json | json | payloadType: expected application/vnd.in-toto+json
type-in-capitals | vnd.in-toto+json | vnd.in-toto+JSON | payloadType: expected
no-signature | [$ONE] | [] | invalid length 0
two-signatures | [$ONE] | [$ONE,$ONE] | invalid length 2
signature-without-list | [$ONE] | $ONE | expected an array of exactly one
signature-as-list | $ONE | ["$KEYID","$SIG"] | expected a JSON object
signature-null | "$SIG" | null | invalid type: null
keyid-empty | "$KEYID" | "" | signatures[0].keyid: expected SHA256:
keyid-padded | $KEYID" | $KEYID=" | signatures[0].keyid: expected SHA256:
base64-url | $SIG | $URL | not strict base64
base64-blank | "payload":" | "payload":" | payload: not strict base64
base64-unpadded | ==" | " | not strict base64
trailing-comma | }]} | }],} | trailing comma
two-objects | }]} | }]}{} | trailing characters
cut | }]} | } | EOF while parsing a list
"#;

fn malformed(cases: &mut Cases) {
    // A text in which both alphabets of base64 differ.
    let payload = (0..=255).map(statement_with).find(|payload| {
        let sig = parts(&sign(payload.clone(), 7)).1;
        sig.contains('+') && sig.contains('/')
    });
    let envelope = sign(payload.unwrap(), 7);
    let good = String::from_utf8(envelope.to_json()).unwrap();
    let (keyid, sig) = parts(&envelope);
    let one = format!("{{\"keyid\":\"{keyid}\",\"sig\":\"{sig}\"}}");
    let url = sig.replace('+', "-").replace('/', "_");
    let rows = DEFECTS.replace("$ONE", &one).replace("$KEYID", &keyid).replace("$SIG", &sig);
    for row in rows.replace("$URL", &url).lines().skip(1) {
        let [name, from, to, why] = row.split(" | ").collect::<Vec<_>>()[..] else { panic!("{row}") };
        let to = if name == "base64-blank" { "\"payload\":\" " } else { to };
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{name} changes nothing");
        cases.add(name, "integrity", why, bad.into_bytes());
    }
    cases.add("nothing", "integrity", "EOF", Vec::new());
    let mark = [&b"\xef\xbb\xbf"[..], good.as_bytes()].concat();
    cases.add("byte-order-mark", "integrity", "expected value", mark);
    let with = |byte: &[u8]| {
        let at = good.find("SHA256:").unwrap();
        [&good.as_bytes()[..at], byte, &good.as_bytes()[at..]].concat()
    };
    cases.add("not-utf-8", "integrity", "invalid unicode code point", with(b"\xff"));
    cases.add("control", "integrity", "control character", with(b"\x1b"));
    let blanks = good.replace("\":", "\" :\t").replace(",\"", " ,\r\n\"");
    cases.add("blanks", "verified", "3 commands recorded", blanks.into_bytes());
}

/// The whole session, told differently for each number.
fn statement_with(number: u64) -> Vec<u8> {
    let mut statement = whole();
    statement.predicate.unrecorded_tail_ms += i64::try_from(number).unwrap();
    statement.to_json()
}

/// Key id and signature, as the file has them.
fn parts(envelope: &Envelope) -> (String, String) {
    let value: Value = serde_json::from_slice(&envelope.to_json()).unwrap();
    let text = |name: &str| value["signatures"][0][name].as_str().unwrap().to_owned();
    (text("keyid"), text("sig"))
}

// ── who signed it ────────────────────────────────────────────────────────

fn signed(cases: &mut Cases) {
    let good = sign(whole().to_json(), 7);
    let text = String::from_utf8(good.to_json()).unwrap();
    let stranger = sign(whole().to_json(), 8);
    cases.add("whole", "verified", "3 commands recorded, all succeeded", good.to_json());
    cases.add("of-a-stranger", "untrusted", "none of the 1 trusted keys made it", stranger.to_json());
    let (own, others) = (parts(&good), parts(&stranger));
    let swapped = |from: &str, to: &str| text.replacen(from, to, 1).into_bytes();
    let mine = "the signature is not that of";
    cases.add("signature-of-a-stranger", "integrity", mine, swapped(&own.1, &others.1));
    let keyid = "but its keyid says";
    cases.add("keyid-of-a-stranger", "integrity", keyid, swapped(&own.0, &others.0));
    let other = sign(statement(&[Run::of(&["true"])]).to_json(), 7);
    cases.add("signature-of-another-payload", "integrity", mine, swapped(&own.1, &parts(&other).1));
    let flipped = if own.1.starts_with('A') { "B" } else { "A" };
    cases.add(
        "signature-first-bits",
        "integrity",
        mine,
        swapped(&own.1, &format!("{flipped}{}", &own.1[1..])),
    );
    // S and S + L verify alike where S is not looked at.
    let mut sig = attesh::encoding::base64_strict(own.1.as_bytes()).unwrap();
    add_order(&mut sig[32..]);
    let more = attesh::encoding::base64(&sig);
    cases.add("signature-s-plus-order", "integrity", mine, swapped(&own.1, &more));
    let zero = attesh::encoding::base64(&[0; 64]);
    cases.add("signature-zero", "integrity", mine, swapped(&own.1, &zero));
    // The payload is signed as it is, so another spelling of it is another payload.
    let blank = String::from_utf8(whole().to_json()).unwrap().replacen(":", ": ", 1);
    let blank = attesh::encoding::base64(blank.as_bytes());
    let payload: Value = serde_json::from_str(&text).unwrap();
    let payload = payload["payload"].as_str().unwrap().to_owned();
    cases.add("payload-spelled-otherwise", "integrity", mine, swapped(&payload, &blank));
    for (name, trust, verdict, why) in [
        ("key-still-valid", "valid.signers", "verified", "3 commands recorded"),
        (
            "key-no-more-valid",
            "expired.signers",
            "untrusted",
            "but that key is trusted until 2026-11-22T10:00:00Z",
        ),
        (
            "key-not-yet-valid",
            "future.signers",
            "untrusted",
            "but that key is trusted from 2099-01-01T00:00:00Z on",
        ),
    ] {
        cases.add(name, verdict, why, good.to_json()).trust = trust;
    }
}

/// Adds the group's order to a scalar.
fn add_order(scalar: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, more) in scalar.iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
}

pub fn commands(statement: &mut Statement) -> &mut Vec<attesh::seal::statement::CommandFacts> {
    statement.predicate.commands.as_mut().unwrap()
}

/// The three commands, of which the second failed and the shell ended.
pub fn failing(status: u64) -> Run {
    let mut run = Run::of(&THREE);
    run.ran.truncate(2);
    (run.ran[1].status, run.exit) = (Some(status), json!(status));
    run
}

pub fn finding(record: u64, code: &str, incomplete: bool, text: &str) -> AnomalyFacts {
    AnomalyFacts { record, code: code.into(), incomplete, text: text.into() }
}

pub fn incomplete() -> Statement {
    let mut killed = statement(&[Run::of(&THREE[..2])]);
    killed.predicate.outcome.end = "INCOMPLETE".into();
    killed.predicate.anomalies.push(finding(8, "no-end", true, "the journal has no end"));
    killed
}

fn stories(cases: &mut Cases) {
    let mut add = |name: &str, verdict, why: &str, it: &Statement| {
        cases.add(name, verdict, why, sign(it.to_json(), 7).to_json());
    };
    add("failed", "verified", "2 commands recorded, 1 failed", &statement(&[failing(1)]));
    add("no-commands", "verified", "nothing was recorded", &statement(&[]));
    add("incomplete", "incomplete", "incomplete: the journal has no end (record 8)", &incomplete());
    let mut typed = Run::of(&["make", "exit"]);
    (typed.units, typed.ran[1].status, typed.closed) = (None, None, json!("sealed"));
    add("typed", "verified", "2 commands recorded, none failed, 1 of unknown status", &statement(&[typed]));
    let odd = Run::of(&["printf '\u{1b}[31m'", "echo \u{202e}", "\u{7f}"]);
    add("odd-texts", "verified", "3 commands recorded", &statement(&[odd]));
    let mut paused = whole();
    (paused.predicate.outcome.pause_count, paused.predicate.outcome.paused_command_count) = (1, None);
    add("paused", "verified", "3 commands recorded", &paused);
    let mut long = whole();
    long.predicate.commands = None;
    add("too-many-commands", "verified", "3 commands recorded", &long);
}

fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    malformed(&mut cases);
    signed(&mut cases);
    said::add(&mut cases);
    stories(&mut cases);
    judged::add(&mut cases);
    cases.0
}

fn manifest(cases: &[Case]) -> String {
    let line = |case: &Case| {
        let policy = if case.policy == "-" { "-".into() } else { format!("{}.toml", case.policy) };
        format!("{}\t{}\t{policy}\t{}\t{}\n", case.name, case.trust, case.verdict, case.why)
    };
    HEADER.to_owned() + &cases.iter().map(line).collect::<String>()
}

#[test]
fn the_envelopes_are_not_those_of_the_cases() {
    let cases = all();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for case in &cases {
        let before = files.insert(format!("{}.intoto.json", case.name), case.bytes.clone());
        assert!(before.is_none(), "{} is there twice", case.name);
    }
    files.extend(judged::policies().into_iter().map(|(name, text)| (name, text.into_bytes())));
    files.insert("MANIFEST".into(), manifest(&cases).into_bytes());
    let key = key(7).public();
    files.insert("signer.pub".into(), key.to_spki_pem().into_bytes());
    for (name, option) in [
        ("valid.signers", "valid-before=\"20261122100200Z\""),
        ("expired.signers", "valid-before=\"20261122100000Z\""),
        ("future.signers", "valid-after=\"20990101Z\""),
    ] {
        files.insert(name.into(), format!("signer {option} {}\n", key.to_ssh_line()).into_bytes());
    }
    kept("envelopes", &files);
}

/// The verdict on a vector, as its first line has it: the word, and why.
fn verdict_on(bytes: &[u8], trusted: &[Trusted], policy: Option<&Policy>) -> (&'static str, Verdict) {
    use attesh::failure::Kind;
    let verdict = match Envelope::read(bytes) {
        Err(why) => Verdict::unable(Kind::Integrity, why.to_string()),
        Ok(envelope) => {
            let mut verdict = verify::envelope(&envelope, trusted);
            if let (Some(policy), Some(statement)) = (policy, &verdict.statement) {
                let ruling = policy::judge(policy, statement, NOW_S);
                verify::with_policy(&mut verdict, ruling, None);
            }
            verdict
        }
    };
    let word = match &verdict.failure {
        None => "verified",
        Some((Kind::Usage, _)) => Kind::Unable.word(),
        Some((kind, _)) => kind.word(),
    };
    (word, verdict)
}

/// Whether the one who signs is trusted and what he says holds together; if not, why.
pub fn taken(bytes: &[u8]) -> (bool, String) {
    let trusted = [Trusted { key: TrustedKey::new(key(7).public()), source: "signer.pub".into() }];
    let (word, verdict) = verdict_on(bytes, &trusted, None);
    let why = verdict.failure.map_or(verdict.summary, |(_, why)| why);
    (!matches!(word, "integrity" | "untrusted"), why)
}

/// A statement that holds together, with each thing that one may say.
pub fn everything() -> Statement {
    let mut it = statement(&[failing(1), Run::of(&["\u{1b}[31m", "\u{202e}"])]);
    let predicate = &mut it.predicate;
    (predicate.outcome.pause_count, predicate.outcome.paused_command_count) = (1, None);
    predicate.session.previous = Some(format!("{}:7:{}", predicate.session.id, "ab".repeat(32)));
    predicate.anomalies.push(finding(3, "pause", false, "recording was paused"));
    for (at, data) in [("start", Some("{\"branch\":\"main\"}".to_owned())), ("stop", None)] {
        let collector = "https://example.org/git".to_owned();
        predicate.collected.push(CollectedFacts { collector, at: at.into(), ok: true, data });
    }
    it
}

/// Statements to make mutations of.
pub fn payloads_to_change() -> Vec<Vec<u8>> {
    let mut long = whole();
    long.predicate.commands = None;
    [whole(), statement(&[]), incomplete(), long, everything()].map(|one| one.to_json()).into()
}

#[test]
fn an_envelope_is_judged_otherwise_than_its_manifest_says() {
    let files = files_of("envelopes");
    let mut wrong = Vec::new();
    let text = String::from_utf8(files["MANIFEST"].clone()).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for row in &rows {
        let [name, trust, policy, must, why] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let keys = TrustFile::read(&files[trust], |_| None).unwrap().keys;
        let trusted: Vec<Trusted> =
            keys.into_iter().map(|key| Trusted { key, source: trust.to_owned() }).collect();
        let policy = (policy != "-").then(|| Policy::read(&files[policy]).unwrap());
        let (word, verdict) = verdict_on(&files[&format!("{name}.intoto.json")], &trusted, policy.as_ref());
        let said = verdict.failure.map_or(verdict.summary, |(_, why)| why);
        if word != must || !said.contains(why) {
            wrong.push(format!("{name}: must be {must}: {why}\nand is {word}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 100, "{} envelopes", rows.len());
}
