//! Envelopes: well formed and not, signed by one who is trusted and not, that contradict
//! themselves, and held against policies. MANIFEST says what must come of each.

use std::collections::BTreeMap;

use attesh::cause::Code;
use attesh::failure::Kind;
use attesh::journal::story::{FindingCode, Weight};
use attesh::policy::{self, Policy};
use attesh::record::{Attached, FactTime, Status};
use attesh::seal::envelope::{Beside, Envelope, pae};
use attesh::seal::keys::PrivateKey;
use attesh::seal::statement::{AnomalyFacts, Completeness, FactFacts, Statement};
use attesh::seal::trust::{TrustFile, TrustedKey};
use attesh::verify::{self, At, Objection, Trusted, Verdict};
use serde_json::{Value, json};

use super::{files_of, judged, kept, said, selective};
use crate::policy::judge::{NOW_S, Run, rename_attached, statement};

const HEADER: &str = "\
# Envelopes, and what a verifier must say of each at 2026-11-22T10:04:00Z. Columns, separated by tabs:
#   file    NAME.intoto.json beside this file, and NAME.disclosures if that is there
#   trust   the file of trusted keys beside this file
#   policy  the policy beside this file that it is held against, else -
#   verdict verified, policy, integrity, incomplete, untrusted or unsupported
#   code    the code of why it is not verified, else -
#   why     words that are in the first line of the verdict, else -
# Made from fixed seeds by the test that compares them: see tests/it/vectors/envelopes.rs.
";

/// An envelope, and what must come of it.
pub struct Case {
    name: String,
    trust: &'static str,
    pub policy: &'static str,
    /// Why it is not verified.
    code: Option<Code>,
    why: String,
    bytes: Vec<u8>,
    /// The disclosures beside it.
    pub beside: Option<Vec<u8>>,
}

pub fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

pub fn sign(payload: Vec<u8>, seed: u8) -> Envelope {
    let key = key(seed);
    Envelope::sign::<()>(payload, &key.public(), |message| Ok(key.sign(message))).unwrap()
}

/// An envelope around a payload of another type.
pub fn sign_as(kind: &str, payload: &[u8], seed: u8) -> Vec<u8> {
    let key = key(seed);
    let [payload, sig] = [payload, &key.sign(&pae(kind, payload))].map(attesh::encoding::base64);
    let keyid = key.public().fingerprint();
    format!(
        "{{\"payload\":\"{payload}\",\"payloadType\":\"{kind}\",\
         \"signatures\":[{{\"keyid\":\"{keyid}\",\"sig\":\"{sig}\"}}]}}\n"
    )
    .into_bytes()
}

pub const THREE: [&str; 3] = ["cd src/", "echo \"something\"", "go build ./..."];

/// The session that most cases are about.
pub fn whole() -> Statement {
    statement(&[Run::of(&THREE)])
}

#[derive(Default)]
pub struct Cases(Vec<Case>);

impl Cases {
    pub fn add(&mut self, name: &str, code: Option<Code>, why: &str, bytes: Vec<u8>) -> &mut Case {
        self.0.push(Case {
            name: name.to_owned(),
            trust: "signer.pub",
            policy: "-",
            code,
            why: why.to_owned(),
            bytes,
            beside: None,
        });
        self.0.last_mut().unwrap()
    }

    /// A session that is verified.
    pub fn verified(&mut self, name: &str, why: &str, bytes: Vec<u8>) -> &mut Case {
        self.add(name, None, why, bytes)
    }

    /// A session that is not.
    pub fn refused(&mut self, name: &str, code: Code, why: &str, bytes: Vec<u8>) -> &mut Case {
        self.add(name, Some(code), why, bytes)
    }

    /// A session held against a policy that it meets, or does not.
    pub fn held(
        &mut self,
        name: &str,
        policy: &'static str,
        code: impl Into<Option<Code>>,
        why: &str,
        statement: &Statement,
    ) {
        self.add(name, code.into(), why, sign(statement.to_json(), 7).to_json()).policy = policy;
    }
}

// ── what is no envelope ──────────────────────────────────────────────────

/// The word of a verdict.
fn word(code: Option<Code>) -> &'static str {
    match code.map(Code::kind) {
        None => "verified",
        Some(Kind::Policy) => "policy",
        Some(Kind::Integrity) => "integrity",
        Some(Kind::Incomplete) => "incomplete",
        Some(Kind::Untrusted) => "untrusted",
        Some(Kind::Unsupported) => "unsupported",
        Some(Kind::Usage | Kind::Unable) => "unable",
    }
}

/// One defect a line: name, what is replaced, by what, what is said of it.
const DEFECTS: &str = r#"
unknown-member | {"payload" | {"x":0,"payload" | the envelope has the member x
unknown-beside-signature | {"keyid" | {"cert":"","keyid" | the envelope has the member cert
member-in-capitals | "payload" | "Payload" | missing field `payload`
member-in-capitals-beside | {"payload" | {"Payload":"e30=","payload" | the envelope has the member Payload
payload-twice | {"payload" | {"payload":"e30=","payload" | duplicate field `payload`
payload-twice-escaped | {"payload" | {"pa\u0079load":"e30=","payload" | duplicate field `payload`
type-twice | "payloadType" | "payloadType":"x","payloadType" | duplicate field `payloadType`
keyid-twice | {"keyid" | {"keyid":"","keyid" | duplicate field `keyid`
no-type | "payloadType":"application/vnd.in-toto+json", |  | missing field `payloadType`
other-type | vnd.in-toto+json | json | the signature is not that of
type-in-capitals | vnd.in-toto+json | vnd.in-toto+JSON | the signature is not that of
no-signature | [$ONE] | [] | invalid length 0
too-many-signatures | [$ONE] | [$ONE$MORE] | invalid length 17
signature-without-list | [$ONE] | $ONE | expected an array of one to 16
signature-as-list | $ONE | ["$KEYID","$SIG"] | expected a JSON object
signature-null | "$SIG" | null | invalid type: null
keyid-padded | $KEYID" | $KEYID=" | signatures.keyid: expected SHA256:
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
    let more = format!(",{one}").repeat(16);
    let rows =
        DEFECTS.replace("$MORE", &more).replace("$ONE", &one).replace("$KEYID", &keyid).replace("$SIG", &sig);
    for row in rows.replace("$URL", &url).lines().skip(1) {
        let [name, from, to, why] = row.split(" | ").collect::<Vec<_>>()[..] else { panic!("{row}") };
        let to = if name == "base64-blank" { "\"payload\":\" " } else { to };
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{name} changes nothing");
        let code = match why {
            _ if why.contains("not strict base64") => Code::EnvelopeBase64,
            _ if why.starts_with("signatures.") => Code::EnvelopeValue,
            _ if why.starts_with("the envelope has") => Code::EnvelopeType,
            _ if why.starts_with("the signature") => Code::SignatureBroken,
            _ => Code::EnvelopeJson,
        };
        cases.refused(name, code, why, bad.into_bytes());
    }
    let json = Code::EnvelopeJson;
    cases.refused("nothing", json, "EOF", Vec::new());
    let mark = [&b"\xef\xbb\xbf"[..], good.as_bytes()].concat();
    cases.refused("byte-order-mark", json, "expected value", mark);
    let with = |byte: &[u8]| {
        let at = good.find("SHA256:").unwrap();
        [&good.as_bytes()[..at], byte, &good.as_bytes()[at..]].concat()
    };
    cases.refused("not-utf-8", json, "invalid unicode code point", with(b"\xff"));
    cases.refused("control", json, "control character", with(b"\x1b"));
    // What DSSE leaves open: no key id, those of other programs, and signatures of others.
    let hex = "6f0f1c4d".repeat(8);
    let other = parts(&sign(whole().to_json(), 8));
    let other = format!("{{\"keyid\":\"{}\",\"sig\":\"{}\"}}", other.0, other.1);
    for (name, from, to) in [
        ("keyid-missing", format!("\"keyid\":\"{keyid}\","), String::new()),
        ("keyid-empty", keyid.clone(), String::new()),
        ("keyid-of-securesystemslib", keyid.clone(), hex),
        ("keyid-of-another-form", keyid.clone(), "MD5:00:11".to_owned()),
        ("keyid-of-own-choice", keyid.clone(), "my-key".to_owned()),
        ("two-signatures", one.clone(), format!("{other},{one}")),
        ("two-signatures-of-one", one.clone(), format!("{one},{one}")),
    ] {
        cases.verified(name, "3 commands recorded", good.replacen(&from, &to, 1).into_bytes());
    }
    let blanks = good.replace("\":", "\" :\t").replace(",\"", " ,\r\n\"");
    cases.verified("blanks", "3 commands recorded", blanks.into_bytes());
}

/// The whole session, told differently for each number.
fn statement_with(number: u64) -> Vec<u8> {
    let mut statement = whole();
    statement.predicate.origin.id = Some(format!("{number:016x}"));
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
    cases.verified("whole", "3 commands recorded, all succeeded", good.to_json());
    cases.refused(
        "of-a-stranger",
        Code::SignatureUntrusted,
        "the one trusted key did not make it",
        stranger.to_json(),
    );
    let (own, others) = (parts(&good), parts(&stranger));
    let swapped = |from: &str, to: &str| text.replacen(from, to, 1).into_bytes();
    let (broken, mine) = (Code::SignatureBroken, "the signature is not that of");
    cases.refused("signature-of-a-stranger", broken, mine, swapped(&own.1, &others.1));
    let keyid = "but its keyid says";
    cases.refused("keyid-of-a-stranger", Code::SignatureKeyid, keyid, swapped(&own.0, &others.0));
    let other = sign(statement(&[Run::of(&["true"])]).to_json(), 7);
    cases.refused("signature-of-another-payload", broken, mine, swapped(&own.1, &parts(&other).1));
    let flipped = if own.1.starts_with('A') { "B" } else { "A" };
    cases.refused(
        "signature-first-bits",
        broken,
        mine,
        swapped(&own.1, &format!("{flipped}{}", &own.1[1..])),
    );
    // S and S + L verify alike where S is not looked at.
    let mut sig = attesh::encoding::base64_strict(own.1.as_bytes()).unwrap();
    add_order(&mut sig[32..]);
    let more = attesh::encoding::base64(&sig);
    cases.refused("signature-s-plus-order", broken, mine, swapped(&own.1, &more));
    let zero = attesh::encoding::base64(&[0; 64]);
    cases.refused("signature-zero", broken, mine, swapped(&own.1, &zero));
    // The payload is signed as it is, so another spelling of it is another payload.
    let blank = String::from_utf8(whole().to_json()).unwrap().replacen(":", ": ", 1);
    let blank = attesh::encoding::base64(blank.as_bytes());
    let payload: Value = serde_json::from_str(&text).unwrap();
    let payload = payload["payload"].as_str().unwrap().to_owned();
    cases.refused("payload-spelled-otherwise", broken, mine, swapped(&payload, &blank));
    timed(cases, &good);
}

/// When the key has to be valid, and when it was sealed.
fn timed(cases: &mut Cases, good: &Envelope) {
    for (name, trust, code, why) in [
        ("key-still-valid", "valid.signers", None, "3 commands recorded"),
        (
            "key-no-more-valid",
            "expired.signers",
            Some(Code::SignatureValidity),
            "judged at 2026-11-22T10:04:00Z, but that key is trusted until 2026-11-22T10:03:00Z",
        ),
        (
            "key-not-yet-valid",
            "future.signers",
            Some(Code::SignatureValidity),
            "but that key is trusted from 2099-01-01T00:00:00Z on",
        ),
    ] {
        cases.add(name, code, why, good.to_json()).trust = trust;
    }
    for (name, trust, code, why) in [
        ("key-valid-when-sealed", "expired.signers", None, "3 commands recorded"),
        (
            "key-not-valid-when-sealed",
            "older.signers",
            Some(Code::SignatureValidity),
            "judged at 2026-11-22T10:02:00Z",
        ),
    ] {
        let case = cases.add(name, code, why, good.to_json());
        (case.trust, case.policy) = (trust, "sealed");
    }
    for (name, second, code, why) in [
        ("sealed-a-little-ahead", "00", None, "3 commands recorded"),
        ("sealed-in-the-future", "01", Some(Code::SignatureFuture), "sealed 301 s in the future"),
    ] {
        let mut ahead = whole();
        ahead.predicate.sealed_at = format!("2026-11-22T10:09:{second}Z");
        ahead.predicate.unrecorded_tail_ms = 480_000 + 1_000 * second.parse::<u64>().unwrap();
        cases.add(name, code, why, sign(ahead.to_json(), 7).to_json());
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
pub fn failing(status: Status) -> Run {
    let mut run = Run::of(&THREE);
    run.ran.truncate(2);
    (run.ran[1].status, run.exit) = (Some(status), json!(status));
    run
}

/// A finding, which weighs what its code says.
pub fn finding(record: u64, code: FindingCode, text: &str) -> AnomalyFacts {
    let incomplete = code.weight() == Weight::Incomplete;
    AnomalyFacts { record, code, incomplete, text: text.into() }
}

pub fn incomplete() -> Statement {
    let mut killed = statement(&[Run::of(&THREE[..2])]);
    killed.predicate.outcome.end = Completeness::Incomplete;
    killed.predicate.anomalies.push(finding(8, FindingCode::NoEnd, "the journal has no end"));
    killed
}

fn stories(cases: &mut Cases) {
    let mut add = |name: &str, why: &str, it: &Statement| {
        cases.verified(name, why, sign(it.to_json(), 7).to_json());
    };
    add("failed", "2 commands recorded, 1 failed", &statement(&[failing(1)]));
    add("no-commands", "nothing was recorded", &statement(&[]));
    let mut typed = Run::of(&["make", "exit"]);
    (typed.units, typed.ran[1].status, typed.closed) = (None, None, json!("sealed"));
    add("typed", "2 commands recorded, none failed, 1 of unknown status", &statement(&[typed]));
    let odd = Run::of(&["printf '\u{1b}[31m'", "echo \u{202e}", "\u{7f}"]);
    add("odd-texts", "3 commands recorded", &statement(&[odd]));
    let mut paused = whole();
    (paused.predicate.outcome.pause_count, paused.predicate.outcome.paused_command_count) = (1, None);
    add("paused", "3 commands recorded", &paused);
    // Where somebody set the clock, times need not be in order.
    let mut set = whole();
    set.predicate.clock.step_count = 1;
    set.predicate.session.opened_at = "2026-11-22T10:01:30Z".into();
    set.predicate.commands.as_mut().unwrap()[1].started_at = "2020-01-01T00:00:00Z".into();
    add("clock-set", "3 commands recorded", &set);
    let mut long = whole();
    long.predicate.commands = None;
    add("too-many-commands", "3 commands recorded", &long);
    let why = "incomplete: the journal has no end (record 8)";
    cases.refused("incomplete", Code::StoryNoEnd, why, sign(incomplete().to_json(), 7).to_json());
}

fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    malformed(&mut cases);
    signed(&mut cases);
    said::add(&mut cases);
    stories(&mut cases);
    judged::add(&mut cases);
    selective::add(&mut cases);
    cases.0
}

fn manifest(cases: &[Case]) -> String {
    let line = |case: &Case| {
        let policy = if case.policy == "-" { "-".into() } else { format!("{}.toml", case.policy) };
        let (word, code) = (word(case.code), case.code.map_or("-", Code::word));
        format!("{}\t{}\t{policy}\t{word}\t{code}\t{}\n", case.name, case.trust, case.why)
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
        files.extend(case.beside.clone().map(|bytes| (format!("{}.disclosures", case.name), bytes)));
    }
    files.extend(judged::policies().into_iter().map(|(name, text)| (name, text.into_bytes())));
    files.insert("MANIFEST".into(), manifest(&cases).into_bytes());
    let key = key(7).public();
    files.insert("signer.pub".into(), key.to_spki_pem().into_bytes());
    for (name, option) in [
        ("valid.signers", "valid-before=\"20261122100400Z\""),
        ("expired.signers", "valid-before=\"20261122100300Z\""),
        ("older.signers", "valid-before=\"20261122100100Z\""),
        ("future.signers", "valid-after=\"20990101Z\""),
    ] {
        files.insert(name.into(), format!("signer {option} {}\n", key.to_ssh_line()).into_bytes());
    }
    kept("envelopes", &files);
}

/// The verdict on a vector.
fn verdict_on(
    bytes: &[u8],
    beside: Option<&Vec<u8>>,
    trusted: &[Trusted],
    policy: Option<&Policy>,
) -> Verdict {
    let envelope = match Envelope::read(bytes) {
        Err(why) => return Verdict::unable(Objection::new(why.code(), why.to_string())),
        Ok(envelope) => envelope,
    };
    let beside = beside.map(|bytes| Beside { path: "disclosures".into(), bytes: Ok(bytes.clone()) });
    let envelope = envelope.with_beside(beside);
    let keys_when_sealed = policy.is_some_and(|policy| policy.keys_when_sealed);
    let mut verdict = verify::envelope(&envelope, trusted, At { now_s: NOW_S, keys_when_sealed });
    if let (Some(policy), Some(statement)) = (policy, &verdict.statement) {
        let ruling = policy::judge(policy, statement, NOW_S, &policy::Beside::default());
        verify::with_policy(&mut verdict, ruling, None);
    }
    verdict
}

/// Whether the one who signs is trusted and what he says holds together; if not, why.
pub fn taken(bytes: &[u8]) -> (bool, String) {
    let trusted = [Trusted { key: TrustedKey::new(key(7).public()), source: "signer.pub".into() }];
    let verdict = verdict_on(bytes, None, &trusted, None);
    let kind = verdict.failure.as_ref().map(Objection::kind);
    let why = verdict.failure.map_or(verdict.summary, |one| one.text);
    (!matches!(kind, Some(Kind::Integrity | Kind::Untrusted | Kind::Unsupported)), why)
}

/// Why an envelope that is not taken is refused.
pub fn refusal(bytes: &[u8]) -> Kind {
    let trusted = [Trusted { key: TrustedKey::new(key(7).public()), source: "signer.pub".into() }];
    verdict_on(bytes, None, &trusted, None).failure.expect("it is refused").kind()
}

/// A statement that holds together, with each thing that one may say.
pub fn everything() -> Statement {
    let set = Run { arguments: json!(["all"]), inherited: json!(["BASH_ENV"]), ..failing(1) };
    let mut it = statement(&[set, Run::of(&["\u{1b}[31m", "\u{202e}"])]);
    let predicate = &mut it.predicate;
    (predicate.outcome.pause_count, predicate.outcome.paused_command_count) = (1, None);
    predicate.session.previous = Some(format!("{}:7:{}", predicate.session.id, "ab".repeat(32)));
    predicate.anomalies.push(finding(3, FindingCode::Pause, "recording was paused"));
    predicate.facts = facts();
    let of_shell =
        FactFacts { record: 5, shell: Some(1), data: BTreeMap::new(), ..predicate.facts[0].clone() };
    predicate.facts.push(of_shell);
    predicate.outcome.fact_count = predicate.facts.len() as u64;
    rename_attached(&mut it);
    let predicate = &mut it.predicate;
    predicate.commands.as_mut().unwrap()[0].stale = true;
    predicate.extensions = [("https://example.org/more", "{\"a\":[1]}"), ("urn:x:y", "null")]
        .map(|(uri, text)| (uri.to_owned(), text.to_owned()))
        .into();
    it
}

/// Facts of types that are not known here: one that is redacted in part, and one about a command.
pub fn facts() -> Vec<FactFacts> {
    let first = FactFacts {
        record: 4,
        kind: "https://example.org/git".into(),
        at: FactTime::Start,
        shell: None,
        n: None,
        ok: true,
        must: false,
        data: [("branch", Some("main")), ("commit", None)]
            .map(|(name, text)| (name.to_owned(), text.map(str::to_owned)))
            .into(),
        attached: Vec::new(),
    };
    let attached = Attached {
        name: "diff.gz".into(),
        size: 7,
        sha256: [0x0a; 32],
        media_type: "application/gzip".into(),
    };
    let second = FactFacts {
        record: 6,
        at: FactTime::Command,
        shell: Some(1),
        n: Some(1),
        ok: false,
        data: BTreeMap::new(),
        attached: vec![attached],
        ..first.clone()
    };
    vec![first, second]
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
        let [name, trust, policy, must, code, why] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let keys = TrustFile::read(&files[trust], |_| None).unwrap().keys;
        let trusted: Vec<Trusted> =
            keys.into_iter().map(|key| Trusted { key, source: trust.to_owned() }).collect();
        let policy = (policy != "-").then(|| Policy::read(&files[policy]).unwrap());
        let beside = files.get(&format!("{name}.disclosures"));
        let verdict = verdict_on(&files[&format!("{name}.intoto.json")], beside, &trusted, policy.as_ref());
        let found = verdict.failure.as_ref().map(|one| one.code);
        let (word, told) = (word(found), found.map_or("-", Code::word));
        let said = verdict.failure.map_or(verdict.summary, |one| one.text);
        if (word, told) != (must, code) || why != "-" && !said.contains(why) {
            wrong.push(format!("{name}: must be {must} {code}: {why}\nand is {word} {told}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 100, "{} envelopes", rows.len());
}
