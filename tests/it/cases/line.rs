//! Cases of lines, columns, signatures, tags and the chain.

use super::{Cases, Expect};
use crate::stage::signer::{Defect, Signer, Texts, end, finish, open, start, swap};
use attesh::record::Program;

const COLUMNS: &str = "line.columns";
const AUTH: &str = "line.auth";
const SIGNATURE: &str = "journal.signature";
const TAG: &str = "journal.tag";

pub const SECRET: &[u8] = b"a secret of thirty-two bytes ....";
const OTHER_SECRET: &[u8] = b"another secret of 32 bytes ......";

/// The order of the curve's main subgroup, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub fn add(cases: &mut Cases) {
    columns(cases);
    signatures(cases);
    chain(cases);
    order(cases);
    origin(cases);
    ends(cases);
}

fn columns(cases: &mut Cases) {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let edits: [(&str, Change, &'static str); 11] = [
        ("line-empty", |_| b"\n".to_vec(), COLUMNS),
        ("line-one-column", |_| b"{}\n".to_vec(), COLUMNS),
        (
            "line-two-columns",
            |text| text[..text.len() - 130].iter().copied().chain(*b"\n").collect(),
            COLUMNS,
        ),
        ("line-four-columns", |text| [&text[..text.len() - 1], b"\t\n"].concat(), COLUMNS),
        ("line-cr-lf", |text| [&text[..text.len() - 1], b"\r\n"].concat(), AUTH),
        ("line-blank-before", |text| [b"\t", &text[..]].concat(), COLUMNS),
        ("auth-padded", |text| [&text[..text.len() - 1], b"=\n"].concat(), AUTH),
        ("auth-95-bytes", |text| [&text[..text.len() - 3], b"\n"].concat(), AUTH),
        ("auth-99-bytes", |text| [&text[..text.len() - 1], b"AAAA\n"].concat(), AUTH),
        ("auth-standard-alphabet", |text| [&text[..text.len() - 2], b"/\n"].concat(), AUTH),
        ("auth-empty", |text| [&text[..text.len() - 129], b"\n"].concat(), AUTH),
    ];
    for (name, edit, why) in edits {
        cases.bad_start(name, Defect::Line(&edit), why);
    }
    cases.bad_start("line-nul-before", Defect::Line(&|text| [b"\0", &text[..]].concat()), SIGNATURE);
    cases.bad_start("core-changed-after-signing", Defect::Line(&swap("\"n\":1,", "\"n\":2,")), SIGNATURE);
    cases.bad_start("core-space-after-signing", Defect::Line(&swap("\"n\":1,", "\"n\": 1,")), SIGNATURE);
}

fn signatures(cases: &mut Cases) {
    let flip = |at: usize, bit: u8| {
        move |mut bytes: Vec<u8>| {
            bytes[at] ^= bit;
            bytes
        }
    };
    cases.bad_start("signature-first-bit", Defect::Signature(&flip(0, 1)), SIGNATURE);
    cases.bad_start("signature-last-bit", Defect::Signature(&flip(63, 0x80)), SIGNATURE);
    cases.bad_start("signature-zero", Defect::Signature(&|_| vec![0; 64]), SIGNATURE);
    cases.bad_start("signature-s-plus-order", Defect::Signature(&plus_order), SIGNATURE);
    cases.bad_start("signature-by-later-key", Defect::Seed(1), SIGNATURE);
    cases.bad_start("signature-for-other-index", Defect::Index(3), SIGNATURE);
    cases.bad_start("signature-for-other-session", Defect::Session, SIGNATURE);
    cases.bad_start("signature-for-other-root", Defect::Root, SIGNATURE);
    cases.bad_start("tag-wrong-but-signed", Defect::Tag, TAG);
    cases.bad_genesis("genesis-tag-wrong-but-signed", Defect::Tag, TAG);
    cases.bad_genesis("genesis-signed-by-another-key", Defect::Seed(1), SIGNATURE);
    // The identity as key, with R the identity and S zero, satisfies the plain equation.
    for (name, point) in small_order_points() {
        let key = attesh::encoding::base64url(&point);
        let mut own = Signer::new(1);
        let vk = own_key(&own);
        let forged = move |_: Vec<u8>| {
            let mut signature = vec![0; 64];
            signature[0] = 1;
            signature
        };
        let core = small_order_core(&own, &vk, &key);
        own.push_core(&core, &own.genesis_body().1.column(), Defect::Signature(&forged));
        cases.add(&format!("genesis-key-{name}"), own.bytes, Expect::Rejected(0, SIGNATURE));
    }
    small_order_next_key(cases);
    small_order_r(cases);
}

fn own_key(signer: &Signer) -> String {
    let attesh::record::Body::Genesis(genesis) = signer.genesis_body().0 else { unreachable!() };
    attesh::encoding::base64url(&genesis.vk)
}

fn small_order_core(signer: &Signer, own: &str, key: &str) -> Vec<u8> {
    let (body, texts) = signer.genesis_body();
    let core = attesh::record::Core {
        index: 0,
        body,
        commitments: texts.commitments(),
        time: signer.now,
        recovered: None,
        next_key: Some([4; 32]),
    };
    swap(own, key)(core.encode().unwrap())
}

/// Points of small order in the encodings that decoders are known to take.
fn small_order_points() -> Vec<(&'static str, [u8; 32])> {
    let point = |text: &str| attesh::encoding::hex_exact(text.as_bytes()).unwrap();
    vec![
        ("order-1", point("0100000000000000000000000000000000000000000000000000000000000000")),
        ("order-2", point("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")),
        ("order-4", point("0000000000000000000000000000000000000000000000000000000000000000")),
        ("order-4-negative", point("0000000000000000000000000000000000000000000000000000000000000080")),
        ("order-8", point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
        ("order-8-other", point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
        ("order-1-not-canonical", point("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")),
        ("order-4-not-canonical", point("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")),
        ("order-1-with-sign", point("0100000000000000000000000000000000000000000000000000000000000080")),
    ]
}

fn small_order_next_key(cases: &mut Cases) {
    let mut signer = Signer::begun(1);
    let (body, texts) = open(Program::Bash, 0);
    let identity = attesh::encoding::base64url(&small_order_points()[0].1);
    let edit = move |core: Vec<u8>| {
        let at = core.windows(6).rposition(|window| window == b"\"nk\":\"").unwrap();
        [&core[..at], b"\"nk\":\"", identity.as_bytes(), b"\"}"].concat()
    };
    signer.push(body, &texts, Defect::Core(&edit));
    let forged = |_: Vec<u8>| {
        let mut signature = vec![0; 64];
        signature[0] = 1;
        signature
    };
    let (body, texts) = start(1, 1, 1, b"true");
    signer.push(body, &texts, Defect::Signature(&forged));
    cases.add("next-key-order-1", signer.bytes, Expect::Rejected(2, SIGNATURE));
}

/// A signature with the nonce zero: R is the identity, and the plain equation holds.
fn small_order_r(cases: &mut Cases) {
    use curve25519_dalek::scalar::Scalar;
    use sha2::{Digest, Sha512};
    let seed = attesh::crypto::Seed([1; 32]);
    let mut deriver = blake3::Hasher::new_derive_key(attesh::crypto::label::SIGN);
    deriver.update(&seed.0);
    let secret = *deriver.finalize().as_bytes();
    let public = seed.public();
    let key = ed25519_dalek::hazmat::ExpandedSecretKey::from(&secret);
    let mut signer = Signer::new(1);
    let mut probe = signer.clone();
    probe.genesis(Defect::None);
    let auth = attesh::journal::line::split(&probe.bytes).unwrap().auth;
    let message = attesh::crypto::step_message(&signer.session(), 0, &probe.root(), &auth.tag);
    let mut r = [0; 32];
    r[0] = 1;
    let wide: [u8; 64] =
        Sha512::new().chain_update(r).chain_update(public).chain_update(&message).finalize().into();
    let s = Scalar::from_bytes_mod_order_wide(&wide) * key.scalar;
    let forged = move |_: Vec<u8>| [r, s.to_bytes()].concat();
    signer.genesis(Defect::Signature(&forged));
    cases.add("signature-r-order-1", signer.bytes, Expect::Rejected(0, SIGNATURE));
}

fn plus_order(mut signature: Vec<u8>) -> Vec<u8> {
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    signature
}

fn chain(cases: &mut Cases) {
    let whole = Signer::whole();
    let lines = whole.lines();
    let without = |skip: usize| {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != skip).map(|(_, line)| line.as_slice());
        kept.collect::<Vec<_>>().concat()
    };
    cases.add("whole", whole.bytes.clone(), Expect::Complete(&[]));
    cases.add("genesis-dropped", without(0), Expect::Rejected(0, "record.index"));
    for at in 1..5 {
        cases.add(&format!("record-{at}-dropped"), without(at), Expect::Rejected(at as u64, SIGNATURE));
    }
    cases.add("end-dropped", without(5), Expect::Incomplete(&["no-end"]));
    let of = |order: &[usize]| order.iter().map(|at| lines[*at].as_slice()).collect::<Vec<_>>().concat();
    cases.add("records-swapped", of(&[0, 1, 3, 2, 4, 5]), Expect::Rejected(2, SIGNATURE));
    cases.add("record-twice", of(&[0, 1, 2, 2, 3, 4, 5]), Expect::Rejected(3, SIGNATURE));
    cases.add("end-twice", of(&[0, 1, 2, 3, 4, 5, 5]), Expect::Rejected(6, "record.index"));
    cases.add("line-after-end", [&whole.bytes[..], b"x\n"].concat(), Expect::Rejected(6, COLUMNS));
    cases.add("bytes-after-end", [&whole.bytes[..], b"x"].concat(), Expect::Rejected(6, "journal.after-end"));
    // The same session written twice, as a restored snapshot would: record 3 of the other.
    let mut other = Signer::base();
    other.start(1, 1, 1, b"another");
    other.finish(1, 1, 0);
    let spliced = [of(&[0, 1, 2]), other.lines()[3].clone()].concat();
    cases.add("record-of-older-journal", spliced, Expect::Rejected(3, SIGNATURE));
    let mut columns: Vec<Vec<u8>> = lines[2].split(|byte| *byte == b'\t').map(<[u8]>::to_vec).collect();
    columns[1] = other.lines()[2].split(|byte| *byte == b'\t').nth(1).unwrap().to_vec();
    let swapped = [of(&[0, 1]), columns.join(&b'\t'), of(&[3, 4, 5])].concat();
    cases.add("texts-of-other-record", swapped, Expect::Rejected(2, "disclosure.value"));
}

fn order(cases: &mut Cases) {
    let mut signer = Signer::begun(1);
    signer.genesis(Defect::None);
    cases.add("second-genesis", signer.bytes, Expect::Rejected(1, "journal.genesis"));
    let mut signer = Signer::new(1);
    signer.open(Program::Bash, 0);
    cases.add("first-is-not-genesis", signer.bytes, Expect::Rejected(0, "journal.genesis"));
    let mut signer = Signer::whole();
    signer.push(finish(1, 1, 0), &Texts::default(), Defect::None);
    cases.add("record-after-end", signer.bytes, Expect::Rejected(6, "journal.after-end"));
    let mut signer = Signer::base();
    signer.push(end(), &Texts::default(), Defect::None);
    signer.push(end(), &Texts::default(), Defect::None);
    cases.add("two-ends", signer.bytes, Expect::Rejected(3, "journal.after-end"));
}

fn origin(cases: &mut Cases) {
    let journal = |secret| {
        let mut signer = Signer::with_secret(1, secret);
        signer.genesis(Defect::None);
        signer.open(Program::Bash, 0);
        signer.close(1, Some(0));
        signer.end();
        signer
    };
    let complete = Expect::Complete(&[]);
    cases.with_secret("origin-authenticated", journal(SECRET).bytes, SECRET, complete);
    cases.add("origin-not-checked", journal(SECRET).bytes, complete);
    cases.with_secret("origin-of-another-secret", journal(SECRET).bytes, OTHER_SECRET, complete);
    // One without a secret is anybody's, and its tags are checked whatever is given.
    cases.with_secret("origin-none-for-a-secret", Signer::whole().bytes, SECRET, complete);
    let mut signer = Signer::new(1);
    signer.genesis(Defect::Tag);
    cases.with_secret("origin-none-tag-for-a-secret", signer.bytes, SECRET, Expect::Rejected(0, TAG));
    // It names the secret but its tags were made without.
    let id = attesh::crypto::OriginSecret::new(SECRET.to_vec()).unwrap().id();
    let named = format!("\"originId\":\"{}\"", attesh::encoding::hex(&id));
    let mut signer = Signer::new(1);
    signer.genesis(Defect::Core(&swap("\"originId\":null", &named)));
    cases.with_secret("origin-claimed", signer.bytes, SECRET, Expect::Rejected(0, TAG));
}

fn ends(cases: &mut Cases) {
    let whole = Signer::whole();
    cases.add("empty", Vec::new(), Expect::Rejected(0, "journal.empty"));
    cases.add("genesis-torn", whole.bytes[..100].to_vec(), Expect::Rejected(0, "journal.empty"));
    let end = whole.starts[4] + 7;
    let open = &["no-end", "open-shell"];
    cases.add("close-torn", whole.bytes[..end].to_vec(), Expect::Incomplete(open));
    let end = whole.bytes.len() - 1;
    cases.add("end-without-newline", whole.bytes[..end].to_vec(), Expect::Incomplete(&["no-end"]));
}
