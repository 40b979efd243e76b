//! What must hold for any bytes that a parser is given: no panic, one spelling where there is
//! only one, nothing shown that was not checked, nothing on a screen that a terminal obeys.
//!
//! Each target is run by cargo-fuzz (fuzz/, tests/fuzz), and here on the kept corpus and on
//! edits of it (`fuzz`).

use std::path::Path;
use std::sync::OnceLock;

use attesh::agent::reconcile::{Ends, Seen, reconcile};
use attesh::agent::transcript::{self, Kind, Outcome, Told};
use attesh::fact::process::End;
use attesh::journal::check::{Knowledge, check};
use attesh::journal::heads::KeptHeads;
use attesh::journal::line::{join, split};
use attesh::journal::state;
use attesh::journal::story::Story;
use attesh::policy::{self, Policy, ci};
use attesh::protocol::Key;
use attesh::record::{Core, Disclosures, Record};
use attesh::recorder::call::{Call, Usage};
use attesh::script::run::{Run, Step};
use attesh::script::{Script, gitlab, quoted};
use attesh::seal::envelope::Envelope;
use attesh::seal::keys::PrivateKey;
use attesh::seal::statement::Statement;
use attesh::seal::trust::{TrustFile, TrustedKey};
use attesh::seal::{form, formats, keys};
use attesh::text;
use attesh::verify::{self, Trusted};

/// A name, and what is done with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them; `hook`, which needs a home of its own, is in `fuzz` and in fuzz/.
pub const TARGETS: &[Target] = &[
    ("line", line),
    ("call", call),
    ("core", core),
    ("disclosures", disclosures),
    ("journal", journal),
    ("story", story),
    ("state", state),
    ("envelope", envelope),
    ("statement", statement),
    ("trust", trust),
    ("key", key),
    ("policy", policy),
    ("ci", ci_file),
    ("script", script),
    ("heads", heads),
    ("screen", screen),
    ("transcript", transcript),
];

/// The three columns: what comes apart goes together to the same bytes.
pub fn line(bytes: &[u8]) {
    if let Ok(columns) = split(bytes) {
        assert_eq!(join(columns.core, columns.disclosures, &columns.auth), bytes);
    }
}

/// The core: what is read has one spelling.
pub fn core(bytes: &[u8]) {
    if let Ok(core) = Core::decode(bytes) {
        assert_eq!(core.encode().as_deref(), Ok(bytes));
    }
}

/// The texts: a column that is read has one spelling.
pub fn disclosures(bytes: &[u8]) {
    if let Ok(column) = Disclosures::decode(bytes) {
        assert_eq!(column.encode(), bytes);
    }
}

/// A whole journal: nothing is shown beyond what was verified.
pub fn journal(bytes: &[u8]) {
    let mut shown = 0;
    let knowledge = Knowledge { threads: 1, ..Knowledge::default() };
    let checked = check(bytes, knowledge, &mut |_| shown += 1).expect("memory can be read");
    assert_eq!(shown, checked.size);
    assert!(checked.size > 0 || checked.rejection.is_some());
    assert!(checked.rejection.is_none_or(|rejection| rejection.record >= shown));
}

/// The story of the shells, from cores that nobody signed: the part of the verifier that a
/// hostile signer reaches.
pub fn story(bytes: &[u8]) {
    let mut story = Story::default();
    let mut size = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        let core = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
        let Ok(mut core) = Core::decode(core) else { continue };
        core.index = size;
        if story.apply(&Record { core, disclosures: Disclosures::default() }).is_err() {
            break;
        }
        size += 1;
    }
    story.conclude(size);
    assert!(
        !story.is_complete() || (story.ended && story.live.values().all(|shell| shell.running.is_none()))
    );
}

/// The state file: what is read is a slot that is written the same.
pub fn state(bytes: &[u8]) {
    if let Some((slot, _)) = state::newest(bytes) {
        let again = slot.encode();
        let read = state::Slot::decode(&again).expect("its own form");
        assert_eq!(*read.encode(), *again);
    }
}

/// The envelope: strictly read, and written again as it was read if it has attesh's form.
pub fn envelope(bytes: &[u8]) {
    if let Ok(envelope) = Envelope::read(bytes) {
        let again = envelope.to_json();
        assert_eq!(Envelope::read(&again).expect("its own form").to_json(), again);
    }
    let _ = formats::from_bundle(bytes);
}

/// The payload, from somebody who is trusted: read in one spelling, and judged.
pub fn statement(bytes: &[u8]) {
    let Ok(statement) = form::read(bytes) else { return };
    assert_eq!(statement.to_json(), bytes);
    let key = PrivateKey::from_seed(&[7; 32]);
    let signed: Result<Envelope, ()> =
        Envelope::sign(bytes.to_vec(), &key.public(), |message| Ok(key.sign(message)));
    let trusted = [Trusted { key: TrustedKey::new(key.public()), source: "signer.pub".into() }];
    let mut verdict = verify::envelope(&signed.expect("it signs"), &trusted, verify::At::time(0));
    static POLICY: OnceLock<Policy> = OnceLock::new();
    let text = include_bytes!("../../vectors/compat/0.1/policy.toml");
    let policy = POLICY.get_or_init(|| Policy::read(text).expect("a policy"));
    let ruling = policy::judge(policy, &statement, 1_790_000_000, &policy::Beside::default());
    verify::with_policy(&mut verdict, ruling, None);
    assert!(verdict.failure.is_none_or(|one| !one.text.is_empty()));
}

/// Keys that are trusted: each has one form, whatever it was read from.
pub fn trust(bytes: &[u8]) {
    if let Ok(file) = TrustFile::read(bytes, |_| None) {
        assert!(!file.keys.is_empty());
        for key in file.keys {
            let line = key.key().to_ssh_line();
            let again = TrustFile::read(line.as_bytes(), |_| None).expect("its own form");
            assert_eq!(again.keys[0].key(), key.key());
        }
    }
}

/// Private keys: one that is read without a passphrase signs.
pub fn key(bytes: &[u8]) {
    let _ = PrivateKey::is_encrypted(bytes);
    if let Ok(key) = PrivateKey::read(bytes, None) {
        assert!(key.public().verify(b"message", &key.sign(b"message")));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = keys::PublicKey::from_spki_pem(text);
    }
}

/// A policy: one that can be read can be explained, and judges.
pub fn policy(bytes: &[u8]) {
    match Policy::read(bytes) {
        Err(error) => assert!(error.line >= 1 && error.column >= 1),
        Ok(policy) => {
            assert!(policy.explain().iter().all(|line| !line.is_empty()));
            static STATEMENT: OnceLock<Statement> = OnceLock::new();
            let text = include_bytes!("../../vectors/compat/0.1/build.intoto.json");
            let statement = STATEMENT.get_or_init(|| {
                let envelope = Envelope::read(text).expect("an envelope");
                form::read(envelope.unverified_payload()).expect("a statement")
            });
            let ruling = policy::judge(&policy, statement, 1_790_000_000, &policy::Beside::default());
            assert!(ruling.denials.iter().all(|denial| !denial.text.is_empty()));
        }
    }
}

/// The files of GitLab and GitHub, of which a job is asked for by its name.
pub fn ci_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for found in [ci::gitlab(text, "build"), ci::github(text, "build", &[])] {
        match found {
            Err(why) => assert!(!why.is_empty()),
            Ok(job) => job.remarks.iter().for_each(|remark| assert!(!remark.is_empty())),
        }
    }
}

/// A script and the lines of its units, as a plan record has them: the first line of the bytes.
pub fn script(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (ranges, text) = (parts.next(), parts.next().unwrap_or_default());
    for line in text.split(|byte| *byte == b'\n') {
        let _ = gitlab::is_own(line);
        let _ = quoted::unquoted(line);
    }
    if let Some(script) = Script::decode(Some(text), ranges) {
        assert_eq!(script.texts().count() as u64, script.lines());
        for unit in script.units() {
            assert!(unit.first <= unit.last && unit.last <= script.lines());
            assert_eq!(
                script.unit_at(unit.first).and_then(|at| script.unit(at)).map(|one| one.text),
                Some(unit.text)
            );
        }
        let _ = script.is_covered();
        announced(&script);
        let lines = script.lines();
        let hidden = policy::hidden(&script, policy::Options::default());
        assert!(hidden.iter().all(|(line, _)| (1..=lines).contains(line)), "{hidden:?}");
    }
}

/// The first line of each unit as bash could announce it: what starts is that unit or none.
fn announced(script: &Script) {
    let mut run = Run::new(script);
    for (at, unit) in script.units().enumerate() {
        let line = unit.text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let steps = run.entered(unit.first, 0, &[0], &*String::from_utf8_lossy(line));
        let mut started = steps.iter().filter_map(|step| match step {
            Step::Start { unit, .. } => Some(*unit),
            Step::Finish { .. } => None,
        });
        assert!(started.all(|unit| unit.is_none_or(|unit| unit == at)), "{steps:?}");
    }
}

/// Heads in the log of a job: their sizes ascend, none twice.
pub fn heads(bytes: &[u8]) {
    let found = KeptHeads::find(bytes);
    let sizes = found.sizes();
    assert!(sizes.len() <= found.len() && sizes.windows(2).all(|two| two[0] < two[1]));
}

/// Text on a screen: nothing that a terminal obeys, hides or turns round is left in it.
pub fn screen(bytes: &[u8]) {
    let text = text::visible(bytes);
    assert!(!text.chars().any(is_obeyed), "{text:?}");
    assert!(text.len() >= bytes.len().min(1));
}

/// What a terminal obeys, or what hides or turns round the text beside it.
pub fn is_obeyed(c: char) -> bool {
    // Every sort of what a reader would not see: C0 and C1, marks of direction, tags, fillers.
    const HIDDEN: [char; 16] = [
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{17b5}',
        '\u{2028}',
        '\u{2029}',
        '\u{3164}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{1bca0}',
        '\u{1d173}',
        '\u{fff0}',
        '\u{fff8}',
    ];
    let block = |first: u32, last: u32| (first..=last).contains(&u32::from(c));
    c.is_control()
        || HIDDEN.contains(&c)
        || block(0x180b, 0x180f)
        || block(0x200b, 0x200f)
        || block(0x202a, 0x202e)
        || block(0x2060, 0x206f)
        || block(0xfe00, 0xfe0f)
        || block(0xe0000, 0xe0fff)
}

/// One call of a hook, a zero byte between two words: the order of its keys says nothing, and no
/// key comes twice.
pub fn call(bytes: &[u8]) {
    let mut words: Vec<Vec<u8>> = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    let Ok(call) = Call::parse(&words) else { return };
    let mut turned = words.clone();
    turned[2..].reverse();
    assert_eq!(Call::parse(&turned), Ok(call));
    let last = words.last().expect("a verb").clone();
    words.push(last);
    assert_eq!(Call::parse(&words), Err(Usage));
}

/// The words and the standard input of a hook's call: a zero byte between two words, two of them
/// before the input; `@d`, `@g` and `@sh` for the folder, the genesis and the shell of a session
/// that is open.
pub fn words(bytes: &[u8], folder: &Path, genesis: &str, shell: &str) -> (Vec<Vec<u8>>, Vec<u8>) {
    let word = |word: &[u8]| match word {
        b"@d" => Key::Folder.is(folder.display()).into_bytes(),
        b"@g" => Key::Genesis.is(genesis).into_bytes(),
        b"@sh" => Key::Shell.is(shell).into_bytes(),
        other => other.to_vec(),
    };
    let end = bytes.windows(2).position(|two| two == [0, 0]);
    let (head, input) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 2..]));
    (head.split(|byte| *byte == 0).map(word).collect(), input.to_vec())
}

/// Whoever wrote it: every command that is told stands in the comparison, once, and the same on both
/// sides is the same.
pub fn transcript(bytes: &[u8]) {
    for kind in Kind::ALL {
        let Ok(read) = transcript::read(kind, bytes) else { continue };
        let end = |told: &Told| match told.outcome {
            Outcome::Exit(status) => End::Exit(status),
            Outcome::Signal(signal) => End::Signal(signal),
            Outcome::NotTold => End::Exit(0),
            Outcome::NotRun => End::NotStarted,
        };
        let seen: Vec<Seen> = (1..)
            .zip(&read.commands)
            .map(|(start, told)| Seen {
                start,
                shown: Some(told.shown()),
                end: Some(end(told)),
                orphan: false,
            })
            .collect();
        let same = reconcile(&read.commands, &seen);
        assert!(same.agrees() && same.pairs.len() == seen.len() && same.count(Ends::Differ) == 0);
        let half = reconcile(&read.commands, &seen[seen.len() / 2..]);
        assert_eq!(half.pairs.len() + half.only_told.len() + half.not_run.len(), read.commands.len());
        assert_eq!(half.pairs.len() + half.only_seen.len(), seen.len() - seen.len() / 2);
    }
}
