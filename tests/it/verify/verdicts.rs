//! The aspects of a verdict in words, and a statement held against its journal.

use attesh::cause::Code;
use attesh::crypto::OriginSecret;
use attesh::failure::Kind;
use attesh::journal::check::{Knowledge, check};
use attesh::journal::head::Head;
use attesh::journal::story::FindingCode;
use attesh::record::{
    Anomaly, Attached, Body, Evidence, Fact, FactTime, Inherited, Note, NoteWhat, Pause, Plan, Prev, PrevWhy,
    Program, Resume, TextSource,
};
use attesh::seal::draft::Draft;
use attesh::seal::envelope::Envelope;
use attesh::seal::statement::{Completeness, OriginStatus, Statement};
use attesh::seal::trust::TrustedKey;
use attesh::verify::{self, At, Mark, Objection, Trusted, Verdict};
use serde_json::Value;

use crate::policy::judge::{NOW_S, Run, statement};
use crate::stage::signer::{Defect, SESSION, Signer, Texts, finish, start};
use crate::vectors::envelopes::finding;
use crate::vectors::envelopes::{THREE, key, sign, whole};

pub fn judged(payload: Vec<u8>) -> Verdict {
    let trusted = [Trusted { key: TrustedKey::new(key(7).public()), source: "signer.pub".into() }];
    verify::envelope(&Envelope::read(&sign(payload, 7).to_json()).unwrap(), &trusted, At::time(i64::MAX))
}

pub fn aspect(verdict: &Verdict, name: &str) -> String {
    verdict.aspects.named().into_iter().find(|(have, _)| *have == name).unwrap().1.text.clone()
}

#[test]
fn what_is_left_out_of_a_complete_story_goes_unsaid() {
    type Edit = fn(&mut Statement);
    let cases: [(Edit, &str); 8] = [
        (|_| (), "complete"),
        (|it| it.predicate.outcome.withheld_count = 1, "complete; 1 text withheld by history settings"),
        (|it| it.predicate.outcome.withheld_count = 2, "complete; 2 texts withheld by history settings"),
        (|it| it.predicate.outcome.redacted_count = 1, "complete; 1 text redacted"),
        (|it| it.predicate.outcome.redacted_count = 3, "complete; 3 texts redacted"),
        (
            |it| (it.predicate.outcome.pause_count, it.predicate.outcome.paused_command_count) = (1, Some(1)),
            "complete, with one declared pause: 1 command not recorded",
        ),
        (
            |it| (it.predicate.outcome.pause_count, it.predicate.outcome.paused_command_count) = (2, Some(0)),
            "complete, with 2 declared pauses: 0 commands not recorded",
        ),
        (
            |it| (it.predicate.outcome.pause_count, it.predicate.outcome.paused_command_count) = (1, None),
            "complete, with one declared pause: an unknown number of commands not recorded",
        ),
    ];
    for (edit, told) in cases {
        let mut one = whole();
        // No list of commands in which the texts would have to be withheld.
        one.predicate.commands = None;
        edit(&mut one);
        let verdict = judged(one.to_json());
        assert!(verdict.failure.is_none(), "{told}: {:?}", verdict.failure);
        assert_eq!(aspect(&verdict, "completeness"), told);
    }
}

#[test]
fn an_aspect_says_more_than_was_checked() {
    let verdict = judged(whole().to_json());
    let head = format!(
        "0199f5d4-7b6a-7000-8000-000000000000:{}:{}",
        whole().predicate.journal.size,
        "00".repeat(32)
    );
    assert_eq!(aspect(&verdict, "trust"), "trusted by signer.pub");
    assert_eq!(aspect(&verdict, "policy"), "none given");
    assert_eq!(aspect(&verdict, "origin"), format!("not authenticated; pin the head {head}"));
    assert!(aspect(&verdict, "integrity").starts_with("payload as signed; it says the chain of "));
    let mut origin = whole();
    origin.predicate.origin.status = OriginStatus::Authenticated;
    assert_eq!(aspect(&judged(origin.to_json()), "origin"), "the sealer checked it with the origin secret");
    let mut bad = whole();
    bad.predicate.outcome.lost_count = 1;
    let verdict = judged(bad.to_json());
    assert_eq!(aspect(&verdict, "completeness"), "not judged: what is there is not what was recorded");
    let mut failed = statement(&[Run::of(&THREE[..1])]);
    failed.predicate.outcome.end = Completeness::Incomplete;
    failed.predicate.anomalies.push(finding(1, FindingCode::Gap, "1 command ran unrecorded"));
    let verdict = judged(failed.to_json());
    let why = "incomplete: 1 command ran unrecorded (record 1)";
    assert_eq!(verdict.failure, Some(Objection { record: Some(1), ..Objection::new(Code::StoryGap, why) }));
    assert_eq!(verdict.failure.as_ref().map(Objection::kind), Some(Kind::Incomplete));
    assert_eq!(aspect(&verdict, "completeness"), why);
}

/// A session of one shell that was to run a script and then went on by hand.
pub fn journal() -> Vec<u8> {
    let mut signer = Signer::begun(1);
    recorded(&mut signer);
    signer.close(1, Some(4));
    signer.end();
    signer.bytes
}

/// The same with one of everything that a statement tells: of an origin, after another session,
/// with what a collector saw.
pub fn everything() -> Vec<u8> {
    let mut signer = Signer::with_secret(1, b"a secret of thirty-two bytes ....");
    let (mut body, texts) = signer.genesis_body();
    if let Body::Genesis(genesis) = &mut body {
        let session = genesis.session.replace('1', "2");
        genesis.prev = Some(Prev { session, size: 7, root: [0x1a; 32], why: PrevWhy::Sealed });
    }
    signer.push(body, &texts, Defect::None);
    recorded(&mut signer);
    let seen = fact("https://example.org/git");
    let attached = Attached {
        name: "diff.gz".into(),
        size: 7,
        sha256: [0x0a; 32],
        media_type: "application/gzip".into(),
    };
    let texts = Texts::of(&[("branch", b"main"), ("commit", b"1a2b")]);
    let about =
        Fact { at: FactTime::Command, shell: Some(1), n: Some(2), attached: vec![attached], ..seen.clone() };
    signer.push(Body::Fact(Box::new(seen)), &texts, Defect::None);
    signer.push(Body::Fact(Box::new(about)), &Texts::default(), Defect::None);
    signer.close(1, Some(4));
    signer.end();
    signer.bytes
}

/// What a collector saw when the session began.
pub fn fact(kind: &str) -> Fact {
    Fact { kind: kind.to_owned(), ..crate::cases::core::fact() }
}

fn recorded(signer: &mut Signer) {
    signer.open(Program::Bash, 0);
    let texts = Texts::of(&[
        ("name", b"build.sh"),
        ("ranges", b"1-1,2-2"),
        ("script", b"make all\nmake check\n"),
        ("path", b"/usr/bin/bash"),
        ("options", b"-e\0-u\0"),
        ("arguments", b"all\0\xff\0"),
    ]);
    let plan = Plan {
        shell: 1,
        count: 2,
        before: 0,
        evidence: Evidence::Reader,
        sha256: Some([0x0b; 32]),
        inherited: vec![Inherited::BashEnv],
    };
    signer.push(Body::Plan(plan), &texts, Defect::None);
    for (n, text) in [(1, &b"make all"[..]), (2, b"make check"), (3, b"printf '\xff'"), (4, b"exit")] {
        let (mut body, texts) = start(1, n, n, text);
        if let (Body::Start(start), true) = (&mut body, n < 3) {
            (start.unit, start.text_source) = (Some(n), TextSource::Script);
        }
        signer.push(body, &texts, Defect::None);
        signer.push(
            finish(1, n, [0, 0, 2, 130, 0][usize::try_from(n).unwrap()]),
            &Texts::default(),
            Defect::None,
        );
    }
    let note = Note { shell: Some(1), what: NoteWhat::Remark, status: None, native: None };
    signer.push(Body::Note(note), &Texts::of(&[("text", b"seen")]), Defect::None);
    for body in [
        Body::Pause(Pause { shell: Some(1) }),
        Body::Resume(Resume { shell: Some(1), by: None }),
        Body::Anomaly(Anomaly { what: "odd".into() }),
    ] {
        signer.push(body, &Texts::default(), Defect::None);
    }
}

/// A draft of the journal, and the statement that is made of it.
pub fn drafted(journal: &[u8], commands: bool) -> (Draft, Statement) {
    let draft = Draft::gather(journal, Knowledge::default()).unwrap_or_else(|error| panic!("{error:?}"));
    let made =
        draft.statement(journal, &mut std::io::sink(), &[], 1_763_812_900_000_000_000, commands).unwrap();
    (draft, made)
}

/// The verdict on a payload that is signed as it should be and held against a journal.
pub fn against_journal(payload: Vec<u8>, journal: &[u8]) -> Verdict {
    let mut verdict = judged(payload);
    let commands = verdict.statement.as_ref().is_none_or(|said| said.predicate.commands.is_some());
    let (draft, own) = drafted(journal, commands);
    verify::with_journal(&mut verdict, draft.checked(), own, None);
    verdict
}

/// Each value in the text of a JSON value, and other values of its kind in its place.
fn variants(value: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                variants(inner, &format!("{path}/{name}"), out);
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                variants(inner, &format!("{path}/{at}"), out);
            }
        }
        Value::Number(number) => {
            let number = number.as_i64().unwrap();
            out.extend([number + 1, 0, 1].map(|other| (path.to_owned(), other.into())));
            out.push((path.to_owned(), Value::Null));
        }
        Value::Bool(flag) => out.push((path.to_owned(), (!flag).into())),
        Value::Null => {
            out.extend(
                [Value::from("x"), Value::from(0), Value::from("00".repeat(32))]
                    .map(|new| (path.to_owned(), new)),
            );
        }
        Value::String(text) => {
            out.push((path.to_owned(), format!("{text}x").into()));
            out.push((path.to_owned(), "x".into()));
            let turned: String = text
                .chars()
                .map(|c| match c {
                    '0' => '1',
                    '1' => '0',
                    'a' => 'b',
                    c => c,
                })
                .collect();
            out.push((path.to_owned(), turned.into()));
            out.push((path.to_owned(), Value::Null));
            out.extend(
                ["2026-01-01T00:00:00Z", "zsh", "untold", "exit", "start"]
                    .map(|new| (path.to_owned(), new.into())),
            );
        }
    }
}

#[test]
fn a_statement_that_says_other_than_its_journal_passes() {
    let journal = everything();
    let (_, made) = drafted(&journal, true);
    let good = against_journal(made.to_json(), &journal);
    assert_eq!((&good.failure, good.findings.len()), (&None, 3), "{:?}", good.findings);
    let value = serde_json::to_value(&made).unwrap();
    let mut changes = Vec::new();
    variants(&value, "", &mut changes);
    // When it was sealed, what the sealer knew of the secret, which files he names, and the words of a finding.
    let may_differ = |path: &str| {
        path.starts_with("/subject/")
            || matches!(
                path,
                "/predicate/sealedAt" | "/predicate/unrecordedTailMs" | "/predicate/origin/status"
            )
            || path.starts_with("/predicate/anomalies/") && path.ends_with("/text")
    };
    let (mut found, mut told) = (0, std::collections::BTreeSet::new());
    for (path, new) in changes {
        let mut changed = value.clone();
        if *changed.pointer(&path).unwrap() == new {
            continue;
        }
        *changed.pointer_mut(&path).unwrap() = new.clone();
        let Ok(changed) = serde_json::from_value::<Statement>(changed) else { continue };
        let alone = judged(changed.to_json());
        if alone.failure.is_some() || changed == made {
            continue;
        }
        let verdict = against_journal(changed.to_json(), &journal);
        let kind = verdict.failure.as_ref().map(Objection::kind);
        if may_differ(&path) {
            continue;
        }
        assert_eq!(kind, Some(Kind::Integrity), "{path} as {new}");
        told.insert(verdict.failure.unwrap().text);
        found += 1;
    }
    for what in ["a fact", "a head", "a plan", "the name of the origin secret", "the session and its shells"]
    {
        assert!(told.iter().any(|why| why.contains(what)), "{what} is not compared: {told:?}");
    }
    println!("{found} changes that hold together alone, found by the journal:");
    told.iter().for_each(|why| println!("{why}"));
    assert!(found > 60, "{found}");
}

#[test]
fn a_rejected_journal_does_not_say_where() {
    let journal = journal();
    let (draft, made) = drafted(&journal, true);
    let lines: Vec<&[u8]> = journal.split_inclusive(|byte| *byte == b'\n').collect();
    let checked = || crate::verify::rules::verify(&[&lines[..3].concat(), &b"{}\n"[..]].concat(), None);
    let told = format!(
        "journal record 3 (byte {}): the line is not three columns separated by tabs",
        lines[..3].concat().len()
    );
    let mut sealed = judged(made.to_json());
    verify::with_journal(&mut sealed, &checked(), made.clone(), None);
    for verdict in [sealed, verify::journal(checked())] {
        let failure = verdict.failure.as_ref().unwrap();
        assert_eq!((failure.code, failure.text.as_str()), (Code::LineColumns, told.as_str()));
        assert_eq!((failure.record, failure.offset), (Some(3), Some(lines[..3].concat().len() as u64)));
        assert_eq!(aspect(&verdict, "integrity"), told);
    }
    assert_eq!(draft.checked().rejection, None);
}

#[test]
fn a_later_failure_hides_one_that_weighs_as_much() {
    let mut verdict = Verdict::unable(Objection::new(Code::PolicyRule, "first"));
    for (code, why, told) in [
        (Code::PolicyAge, "second", "first"),
        (Code::FileUnable, "third", "first"),
        (Code::StoryNoEnd, "fourth", "fourth"),
        (Code::FactUnknown, "unsupported", "unsupported"),
        (Code::StoryGap, "incomplete", "unsupported"),
        (Code::SignatureUntrusted, "fifth", "fifth"),
        (Code::StatementMust, "unsupported again", "fifth"),
        (Code::JournalTag, "sixth", "sixth"),
        (Code::StatementEnd, "seventh", "sixth"),
        (Code::SignaturePolicy, "eighth", "sixth"),
    ] {
        verdict.fail(Objection::new(code, why));
        assert_eq!(verdict.failure.as_ref().map(|one| one.text.as_str()), Some(told));
    }
}

/// A key that the policy names made the signature, and the policy does not trust it any more.
#[test]
fn a_key_of_the_policy_holds_after_its_time() {
    use attesh::policy::Ruling;
    use attesh::seal::trust::TrustFile;
    let envelope = Envelope::read(&sign(whole().to_json(), 7).to_json()).unwrap();
    for (until, good) in [("20991231Z", true), ("20200101Z", false)] {
        let line = format!("x valid-before=\"{until}\" {}\n", key(7).public().to_ssh_line());
        let keys = TrustFile::read(line.as_bytes(), |_| None).unwrap().keys;
        let keys: Vec<Trusted> = keys.into_iter().map(|key| Trusted { key, source: "p".into() }).collect();
        let mut verdict = judged(whole().to_json());
        let of_keys = verify::envelope(&envelope, &keys, At::time(NOW_S));
        verify::with_policy(&mut verdict, Ruling::default(), Some(&of_keys));
        let why = Objection::new(Code::SignaturePolicy, "no key that the policy names made it");
        assert_eq!(verdict.failure, (!good).then_some(why), "{until}");
    }
}

#[test]
fn a_journal_of_another_origin_passes() {
    const SECRETS: [&[u8]; 2] = [b"a secret of thirty-two bytes ....", b"another secret of 32 bytes ......"];
    let mut signer = Signer::with_secret(1, SECRETS[0]);
    signer.genesis(Defect::None);
    signer.end();
    let journal = &signer.bytes;
    let made = drafted(journal, true).1;
    assert_eq!(made.predicate.origin.status, OriginStatus::NotChecked);
    for (secret, mark, text) in [
        (None, Mark::Open, "not authenticated; pin the head "),
        (Some(SECRETS[0]), Mark::Good, "the journal's tags were made with the origin secret"),
        (Some(SECRETS[1]), Mark::Bad, "the journal names another origin secret than the one given"),
    ] {
        let secret = secret.and_then(|secret| OriginSecret::new(secret.to_vec()));
        let check = || {
            let knowledge = Knowledge { secret: secret.as_ref(), ..Knowledge::default() };
            check(&journal[..], knowledge, &mut |_| {}).unwrap()
        };
        let mut sealed = judged(made.to_json());
        verify::with_journal(&mut sealed, &check(), made.clone(), None);
        for verdict in [sealed, verify::journal(check())] {
            let origin = &verdict.aspects.origin;
            assert_eq!(origin.mark, mark);
            assert!(origin.text.starts_with(text), "{}", origin.text);
            let code = verdict.failure.map(|one| one.code);
            assert_eq!(code, (mark == Mark::Bad).then_some(Code::JournalOrigin));
        }
    }
}

#[test]
fn a_journal_that_changes_while_it_is_sealed_is_sealed() {
    use attesh::journal::line;
    let whole = journal();
    let draft = Draft::gather(&whole[..], Knowledge::default()).unwrap_or_else(|error| panic!("{error:?}"));
    let again = |journal: &[u8]| draft.statement(journal, &mut std::io::sink(), &[], 1, true);
    assert!(again(&whole).is_ok());
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let with = |at: usize, edit: &dyn Fn(&str, &str) -> (String, String)| {
        let columns = line::split(lines[at]).unwrap();
        let [core, texts] =
            [columns.core, columns.disclosures].map(|text| std::str::from_utf8(text).unwrap());
        let (other_core, other_texts) = edit(core, texts);
        assert_ne!((core, texts), (&*other_core, &*other_texts), "record {at}");
        let line = line::join(other_core.as_bytes(), other_texts.as_bytes(), &columns.auth);
        [lines[..at].concat(), line, lines[at + 1..].concat()].concat()
    };
    for (why, changed) in [
        ("a core", with(3, &|core, texts| (core.replace("\"shell\":1", "\"shell\":2"), texts.into()))),
        (
            "the last core",
            with(lines.len() - 1, &|core, texts| (core.replace("last-shell", "stop"), texts.into())),
        ),
        ("a text", with(3, &|core, texts| (core.into(), texts.replace("make", "fake")))),
        ("an index", with(3, &|core, texts| (core.replacen("\"i\":3", "\"i\":4", 1), texts.into()))),
        ("its length", lines[..4].concat()),
    ] {
        let error = again(&changed).unwrap_err().to_string();
        assert_eq!(error, "the journal changed while it was read", "{why}");
    }
}

#[test]
fn a_journal_that_its_recorder_remembers_otherwise_passes() {
    let journal = journal();
    let checked = || crate::verify::rules::verify(&journal, None);
    let (size, root) = (checked().size, checked().root);
    let remembers = |size, root, tampered: Option<&str>| {
        let head = Head { session: uuid::Uuid::try_parse(SESSION).unwrap(), size, root };
        let remembered = verify::Remembered { head, tampered: tampered.map(str::to_owned) };
        verify::remembered_journal(checked(), &remembered).failure
    };
    assert_eq!(remembers(size, root, None), None);
    // It has grown since.
    assert_eq!(remembers(size - 1, [1; 32], None), None);
    for (size, root, tampered, why) in [
        (size, [1; 32], None, "its records are others"),
        (size + 1, root, None, "it has 17 records"),
        (size, root, Some("it was cut"), "it was cut"),
    ] {
        let Objection { code, text: said, .. } = remembers(size, root, tampered).unwrap();
        let told = format!(
            "the recorder on this machine remembers another journal: {why}; the last head it recorded is "
        );
        assert_eq!(code, Code::JournalRemembered);
        assert!(said.starts_with(&told), "{said}");
    }
}

#[test]
fn what_was_redacted_since_counts_as_a_change() {
    use attesh::journal::line;
    let journal = journal();
    let (_, made) = drafted(&journal, true);
    let lines: Vec<&[u8]> = journal.split_inclusive(|byte| *byte == b'\n').collect();
    let redacted = |which: &dyn Fn(usize) -> bool| -> Vec<u8> {
        let one = |(at, text): (usize, &&[u8])| {
            let columns = line::split(text).unwrap();
            if which(at) { line::join(columns.core, b"{}", &columns.auth) } else { text.to_vec() }
        };
        lines.iter().enumerate().flat_map(one).collect()
    };
    for at in 0..lines.len() {
        let verdict = against_journal(made.to_json(), &redacted(&|other| other == at));
        assert_eq!(verdict.failure, None, "record {at}");
    }
    let nothing = redacted(&|_| true);
    assert_eq!(against_journal(made.to_json(), &nothing).failure, None);
    // What is left is still compared.
    let mut other = made.clone();
    other.predicate.commands.as_mut().unwrap()[0].duration_ms = Some(999);
    assert_eq!(against_journal(other.to_json(), &nothing).failure.unwrap().code, Code::SealedStatement);
    // A statement never has less than its journal: nothing is redacted in sealing.
    let (_, less) = drafted(&nothing, true);
    assert_eq!(against_journal(less.to_json(), &journal).failure.unwrap().code, Code::SealedStatement);
}

#[test]
fn a_second_text_of_a_record_that_was_redacted_since_counts_as_a_change() {
    use attesh::journal::line;
    let journal = journal();
    let without = |text: &[u8], names: &[&str]| {
        let columns = line::split(text).unwrap();
        let mut texts = attesh::record::Disclosures::decode(columns.disclosures).unwrap();
        names.iter().for_each(|name| texts.remove(name));
        line::join(columns.core, &texts.encode(), &columns.auth)
    };
    let lines = || journal.split_inclusive(|byte| *byte == b'\n');
    let sealed: Vec<u8> = lines().flat_map(|text| without(text, &["workdir"])).collect();
    let more: Vec<u8> = lines().flat_map(|text| without(text, &["workdir", "command"])).collect();
    assert_eq!(against_journal(drafted(&sealed, true).1.to_json(), &more).failure, None);
}

#[test]
fn a_transcript_in_the_place_of_commands_is_not_compared() {
    let journal = journal();
    let (_, mut made) = drafted(&journal, true);
    made.predicate.commands = None;
    assert_eq!(against_journal(made.to_json(), &journal).failure, None);
    let other = "11".repeat(32);
    made.predicate.transcript.sha256.clone_from(&other);
    made.subject.iter_mut().find(|one| one.name == "session.transcript").unwrap().digest.sha256 = other;
    let Objection { code, text: why, .. } = against_journal(made.to_json(), &journal).failure.unwrap();
    assert_eq!(code, Code::SealedStatement);
    assert!(why.contains("the transcript it gives is another"), "{why}");
}

#[test]
fn a_head_mends_or_hides_what_was_rejected() {
    use attesh::encoding::hex;
    use attesh::journal::heads::{KeptHeads, Known};
    let journal = journal();
    let (draft, made) = drafted(&journal, true);
    let token = |size: u64, root: &str| format!("attesh-head {}:{size}:{root}\n", made.predicate.session.id);
    let (first, last) = (&made.predicate.journal.genesis_hash, &made.predicate.journal.root_hash);
    let with = |verdict: &mut Verdict, log: &str, known: Option<Known>| {
        verify::with_heads(verdict, &KeptHeads::find(log.as_bytes()), known)
    };
    // The envelope alone knows its first and its last.
    let mut verdict = judged(made.to_json());
    let before = aspect(&verdict, "integrity");
    assert_eq!(with(&mut verdict, &(token(1, first) + &token(17, last)), None), 0);
    assert_eq!(aspect(&verdict, "integrity"), format!("{before}; it has gone through all heads given"));
    let mut verdict = judged(made.to_json());
    assert_eq!(with(&mut verdict, &token(17, last), None), 0);
    assert_eq!(aspect(&verdict, "integrity"), format!("{before}; it has gone through the head given"));
    let mut verdict = judged(made.to_json());
    assert_eq!(with(&mut verdict, &token(5, &hex(&[1; 32])), None), 1);
    assert_eq!((aspect(&verdict, "integrity"), &verdict.failure), (before.clone(), &None));
    // Its journal, checked without being asked for the root there, does not either.
    assert_eq!(with(&mut verdict, &token(5, &hex(&[1; 32])), Known::of(draft.checked())), 1);
    for bad in [token(1, last), token(17, first), token(18, last)] {
        let mut verdict = judged(made.to_json());
        assert_eq!(with(&mut verdict, &bad, None), 0, "{bad}");
        assert_eq!(verdict.failure.as_ref().map(Objection::kind), Some(Kind::Integrity), "{bad}");
        // What was rejected stays so, whatever other head it has gone through.
        let said = aspect(&verdict, "integrity");
        assert_eq!(with(&mut verdict, &token(1, first), None), 0);
        assert_eq!(aspect(&verdict, "integrity"), said);
    }
    let mut verdict = judged(made.to_json());
    assert_eq!(with(&mut verdict, "no head in it\n", None), 0);
    assert_eq!(aspect(&verdict, "integrity"), before);
}

#[test]
fn a_journal_that_took_the_place_of_a_broken_one_does_not_say_so() {
    let told = |journal: &[u8]| {
        let verdict = verify::journal(crate::verify::rules::verify(journal, None));
        (verdict.summary.clone(), aspect(&verdict, "completeness"))
    };
    let cases = crate::cases::all();
    let after: Vec<_> = cases
        .iter()
        .filter(|case| matches!(case.expect, crate::cases::Expect::Incomplete(codes) if codes.contains(&"after-loss")))
        .collect();
    assert!(!after.is_empty());
    for case in after {
        let (summary, completeness) = told(&case.journal);
        assert_eq!(
            summary,
            "not sealed; nothing was recorded, after a session that was lost or tampered with"
        );
        // What it says of the one before is a note.
        assert!(completeness.starts_with("incomplete: the journal has no end"), "{completeness}");
    }
    let journal = journal();
    let (summary, completeness) = told(&journal);
    assert_eq!(summary, "not sealed; 4 commands recorded, 2 failed");
    assert_eq!(completeness, "complete, with one declared pause: 0 commands not recorded");
    // A finding that is a note is not why it is incomplete.
    let lines: Vec<&[u8]> = journal.split_inclusive(|byte| *byte == b'\n').collect();
    let (_, completeness) = told(&lines[..lines.len() - 1].concat());
    assert_eq!(
        completeness,
        "incomplete: the journal has no end: it goes on, was killed, or was cut (record 15)"
    );
}

/// Each line of a verdict says something of its own.
#[test]
fn a_verdict_says_a_thing_twice() {
    let mut contradicts = whole();
    contradicts.predicate.sealed_at = "2020-01-01T00:00:00Z".into();
    let verdict = judged(contradicts.to_json());
    let why = verdict.failure.unwrap().text;
    assert_eq!(why, "the times of the statement contradict each other: sealedAt is before closedAt");
    for trusted in [&[][..], &[8], &[8, 9]] {
        for keyid in ["", "SHA256:"] {
            let trusted: Vec<Trusted> = (trusted.iter())
                .map(|seed| Trusted { key: TrustedKey::new(key(*seed).public()), source: "a.pub".into() })
                .collect();
            let mut file = String::from_utf8(sign(whole().to_json(), 7).to_json()).unwrap();
            if keyid.is_empty() {
                file = file.replace(&key(7).public().fingerprint(), "");
            }
            let envelope = Envelope::read(file.as_bytes()).unwrap();
            let verdict = verify::envelope(&envelope, &trusted, At::time(NOW_S));
            let why = &verdict.failure.as_ref().unwrap().text;
            assert!(why.contains(keyid) && !why.contains("--trust"), "{why}");
            let (signature, trust) = (aspect(&verdict, "signature"), aspect(&verdict, "trust"));
            assert_eq!(signature, "not checked, so attesh shows nothing of the content");
            assert!(trust.starts_with("not trusted: ") && trust.ends_with("with --trust"), "{trust}");
        }
    }
}
