//! Cases of the disclosures column.

use super::{Cases, Expect};
use crate::stage::signer::{Defect, Signer, Texts, end, finish, start, swap};

const CANONICAL: &str = "disclosure.spelling";
const OPENS: &str = "disclosure.value";
const COLUMN: &str = "disclosure.json";

pub fn add(cases: &mut Cases) {
    for (name, from, to, why) in [
        ("text-changed", "make", "male", OPENS),
        ("text-emptied", "make \\\"all\\\"", "", OPENS),
        ("text-name-unknown", "\"command\":", "\"commanb\":", "disclosure.unknown"),
        ("text-name-escaped", "\"command\":", "\"c\\u006fmmand\":", CANONICAL),
        ("text-blank-in-column", "\"command\":", "\"command\": ", CANONICAL),
        ("text-escape-not-canonical", "make", "m\\u0061ke", CANONICAL),
        ("text-solidus-escaped", "/home", "\\/home", CANONICAL),
        ("text-as-base64-though-shorter", "\"/home/user\"", "{\"base64\":\"L2hvbWUvdXNlcg==\"}", CANONICAL),
        ("text-as-number", "\"/home/user\"", "1", COLUMN),
        ("text-null", "\"/home/user\"", "null", COLUMN),
        ("text-base64-not-padded", "\"/home/user\"", "{\"base64\":\"L2hvbWUvdXNlcg\"}", COLUMN),
        ("text-base64-other-member", "\"/home/user\"", "{\"base65\":\"L2hvbWUvdXNlcg==\"}", COLUMN),
        ("text-base64-two-members", "\"/home/user\"", "{\"base64\":\"\",\"x\":\"\"}", COLUMN),
        ("text-lone-surrogate", "make", "\\ud800", COLUMN),
        ("text-three-in-pair", "\"/home/user\"", "\"/home/user\",1", COLUMN),
        ("text-salt-alone", ",\"/home/user\"]", "]", COLUMN),
        ("column-array", "{\"command\"", "[{\"command\"", COLUMN),
        ("column-more-after", "]}", "]}{}", COLUMN),
    ] {
        cases.bad_start(name, Defect::Disclosures(&swap(from, to)), why);
    }
    salts(cases);
    members(cases);
    accepted(cases);
    masked(cases);
}

/// Where the salt of the first member stands.
fn salt(column: &[u8]) -> std::ops::Range<usize> {
    let at = column.windows(2).position(|window| window == b"[\"").unwrap() + 2;
    at..at + 22
}

fn salts(cases: &mut Cases) {
    let flipped = |mut column: Vec<u8>| {
        let at = salt(&column).start;
        column[at] = if column[at] == b'A' { b'B' } else { b'A' };
        column
    };
    cases.bad_start("salt-changed", Defect::Disclosures(&flipped), OPENS);
    let slack = |mut column: Vec<u8>| {
        // 22 characters hold 132 bits: the lowest four of the last one must be zero.
        let at = salt(&column).end - 1;
        column[at] += 1;
        column
    };
    cases.bad_start("salt-slack-bits", Defect::Disclosures(&slack), "disclosure.json");
    let short = |column: Vec<u8>| {
        let salt = salt(&column);
        [&column[..salt.start], &column[salt.start + 2..]].concat()
    };
    cases.bad_start("salt-short", Defect::Disclosures(&short), "disclosure.json");
    let padded = |column: Vec<u8>| {
        let salt = salt(&column);
        [&column[..salt.end], b"==", &column[salt.end..]].concat()
    };
    cases.bad_start("salt-padded", Defect::Disclosures(&padded), "disclosure.json");
}

fn members(cases: &mut Cases) {
    let (_, texts) = start(1, 1, 1, b"make \"all\"");
    let column = String::from_utf8(texts.column()).unwrap();
    let (command, workdir) = column[1..column.len() - 1].split_once(",\"workdir\"").unwrap();
    let workdir = format!("\"workdir\"{workdir}");
    let twice = format!("{{{command},{command},{workdir}}}");
    let reversed = format!("{{{workdir},{command}}}");
    for (name, text, why) in [
        ("text-twice", twice, "disclosure.spelling"),
        ("texts-out-of-order", reversed, "disclosure.spelling"),
        ("column-empty", String::new(), COLUMN),
        ("column-null", "null".to_owned(), COLUMN),
    ] {
        cases.bad_start(name, Defect::Disclosures(&move |_| text.clone().into_bytes()), why);
    }
    let foreign = Texts::default().with_foreign("command", b"ls");
    cases.bad("text-on-finish", finish(1, 1, 0), &foreign, Defect::None, "disclosure.unknown");
    cases.bad("text-on-end", end(), &foreign, Defect::None, "disclosure.unknown");
}

/// Redaction takes members out and touches nothing else.
fn accepted(cases: &mut Cases) {
    let mut told = |name: &str, text: &[u8], defect: Defect| {
        let mut signer = Signer::base();
        let (body, texts) = start(1, 1, 1, text);
        signer.push(body, &texts, defect);
        signer.finish(1, 1, 0);
        signer.close(1, Some(1));
        signer.end();
        cases.add(name, signer.bytes, Expect::Complete(&[]));
    };
    told("redacted-all", b"make", Defect::Disclosures(&|_| b"{}".to_vec()));
    let one = |column: Vec<u8>| {
        let at = column.windows(10).position(|window| window == b",\"workdir\"").unwrap();
        [b"{", &column[at + 1..]].concat()
    };
    told("redacted-command", b"make", Defect::Disclosures(&one));
    told("text-of-bytes", b"printf '\xff\xfe'", Defect::None);
    told("text-of-controls", &[1; 40], Defect::None);
    told("text-of-escapes", "a\"b\\c\n\t\u{7f}\u{2028}ü\u{1f600}/".as_bytes(), Defect::None);
    told("text-empty", b"", Defect::None);
}

/// A text with a secret is committed to, and its masked form alone is disclosed.
fn masked(cases: &mut Cases) {
    let shown = |texts: &Texts, value: &[u8]| {
        let mut texts = texts.redacted("command");
        texts.commit("commandShown", value);
        texts
    };
    let mut add = |name: &str, edit: &dyn Fn(&Texts) -> Texts, expect: Expect| {
        let mut signer = Signer::base();
        let (body, texts) = start(1, 1, 1, b"curl -H 'X-Api-Key: 0123456789abcdef'");
        signer.push(body, &edit(&texts), Defect::None);
        signer.finish(1, 1, 0);
        signer.close(1, Some(1));
        signer.end();
        cases.add(name, signer.bytes, expect);
    };
    let header = b"curl -H 'X-Api-Key: [header]'";
    add("masked", &|texts| shown(texts, header), Expect::Complete(&[]));
    add("masked-bytes", &|texts| shown(texts, b"\xff [header]"), Expect::Complete(&[]));
    add("masked-redacted", &|texts| shown(texts, header).redacted("commandShown"), Expect::Complete(&[]));
    let both = |texts: &Texts| {
        let mut texts = texts.clone();
        texts.commit("commandShown", header);
        texts
    };
    add("masked-disclosed", &both, Expect::Rejected(2, "disclosure.masked"));
    let alone = |texts: &Texts| shown(texts, header).without("command");
    add("masked-alone", &alone, Expect::Rejected(2, "record.commitments"));
    let of_nothing = |texts: &Texts| {
        let mut texts = texts.clone();
        texts.commit("otherShown", b"x");
        texts
    };
    add("masked-of-nothing", &of_nothing, Expect::Rejected(2, "record.commitments"));
}
