//! What is not known here, or not there: a verdict says so, and counts it.

use attesh::cause::Code;
use attesh::policy::{Denial, Ruling};
use attesh::record::Body;
use attesh::report;
use attesh::seal::trust::TrustedKey;
use attesh::verify::{self, At, Mark, Objection, Trusted};

use super::asked::artifact;
use super::verdicts::{against_journal, aspect, drafted, everything, journal, judged};
use crate::policy::judge::{NOW_S, rename_attached};
use crate::stage::signer::{Defect, Signer};
use crate::vectors::envelopes::{key, sign, whole};

#[test]
fn a_newer_bundle_is_taken_at_its_word() {
    use attesh::seal::formats::{from_bundle, to_bundle};
    let of = |seed| String::from_utf8(to_bundle(&sign(whole().to_json(), seed))).unwrap();
    let judged = |text: &str| {
        let newer = text.replacen("bundle.v0.3+json", "bundle.v0.4+json", 1);
        let newer = newer.replacen("\"publicKey\"", "\"log\":[{}],\"publicKey\"", 1);
        let trusted = [Trusted { key: TrustedKey::new(key(7).public()), source: "signer.pub".into() }];
        let verdict = verify::envelope(&from_bundle(newer.as_bytes()).unwrap(), &trusted, At::time(NOW_S));
        assert!(verdict.statement.is_none());
        verdict.failure.unwrap()
    };
    let unsupported = judged(&of(7));
    assert_eq!(unsupported.code, Code::EnvelopeType);
    assert!(unsupported.text.contains("sigstore.bundle.v0.4+json, which"), "{}", unsupported.text);
    assert_eq!(judged(&of(8)).code, Code::SignatureUntrusted);
    let (one, other) = (of(7), String::from_utf8(sign(b"{}".to_vec(), 7).to_json()).unwrap());
    let sig = |text: &str| text.split("\"sig\":\"").nth(1).unwrap()[..88].to_owned();
    assert_eq!(judged(&one.replacen(&sig(&one), &sig(&other), 1)).code, Code::SignatureBroken);
}

#[test]
fn an_unknown_extension_goes_uncounted() {
    let mut it = whole();
    it.predicate.extensions =
        [("urn:x:y", "1"), ("urn:x:z", "2")].map(|(uri, text)| (uri.into(), text.into())).into();
    let verdict = judged(it.to_json());
    assert_eq!((verdict.failure.is_none(), verdict.unknown_extensions), (true, 2));
    assert_eq!(report::verdict_json("x", Ok(&verdict))["unknownExtensions"], 2);
    assert_eq!(judged(whole().to_json()).unknown_extensions, 0);
}

#[test]
fn a_policy_judges_what_is_unsupported() {
    let denied = || Ruling {
        denials: vec![Denial { rule: "deny", code: Code::CommandDenied, line: None, text: "denied".into() }],
        ..Ruling::default()
    };
    let mut plain = judged(whole().to_json());
    verify::with_policy(&mut plain, denied(), None);
    assert_eq!(plain.aspects.policy.mark, Mark::Bad);
    let mut must = judged(whole().to_json());
    must.fail(Objection::new(Code::FactUnknown, "a fact"));
    verify::with_policy(&mut must, denied(), None);
    assert_eq!((must.aspects.policy.mark, must.denials.len()), (Mark::Open, 0));
    assert_eq!(must.failure.unwrap().code, Code::FactUnknown);
}

#[test]
fn what_is_of_a_newer_format_is_called_changed_or_contradictory() {
    let mut newer = whole();
    newer.predicate.journal.format = "attesh-journal/9".into();
    let verdict = judged(newer.to_json());
    let told = "the journal is in a format that this verifier does not know: attesh-journal/9";
    assert_eq!(verdict.failure.as_ref().unwrap().text, told);
    let journal = String::from_utf8(journal()).unwrap().replacen("attesh-journal/1", "attesh-journal/9", 1);
    let alone = verify::journal(crate::verify::rules::verify(journal.as_bytes(), None));
    assert_eq!(alone.failure.as_ref().unwrap().code, Code::JournalFormat);
    for verdict in [&verdict, &alone] {
        let unknown = "not judged: this verifier does not know what is there, and checked nothing of it";
        assert_eq!(aspect(verdict, "completeness"), unknown);
    }
}

#[test]
fn the_protection_is_another_than_the_journal_says() {
    let protected = |word: &str| {
        let mut signer = Signer::new(1);
        let (mut body, texts) = signer.genesis_body();
        if let Body::Genesis(genesis) = &mut body {
            genesis.protection = word.to_owned();
        }
        signer.push(body, &texts, Defect::None);
        signer.end();
        let verdict = verify::journal(crate::verify::rules::verify(&signer.bytes, None));
        verify::not_proven(&verdict)[1].clone()
    };
    assert!(protected("file").ends_with("its protection level is a file of the same user"));
    assert!(protected("tpm").ends_with("its protection level is tpm, and nobody checked that"));
    let sealed = judged(whole().to_json());
    assert!(
        verify::not_proven(&sealed)[1].ends_with("no journal was checked that says what protected its keys")
    );
}

#[test]
fn an_attached_file_is_no_subject_and_a_missing_one_goes_unsaid() {
    let journal = everything();
    let (_, made) = drafted(&journal, true);
    assert_eq!(made.subject("attached:diff.gz"), Some(&*"0a".repeat(32)));
    let mut verdict = against_journal(made.to_json(), &journal);
    verify::with_artifacts(
        &mut verdict,
        &[artifact("diff.gz", &"0a".repeat(32))],
        &[],
        &verify::Products::default(),
    );
    verify::with_attached(&mut verdict, Ok(1));
    assert_eq!((verdict.failure.is_none(), verdict.missing_attached), (true, 1));
    assert_eq!(report::verdict_json("x", Ok(&verdict))["missingAttached"], 1);
    verify::with_attached(&mut verdict, Err(Code::AttachedOther.into()));
    assert_eq!(verdict.failure.unwrap().code, Code::AttachedOther);
}

#[test]
fn a_second_attached_file_of_the_same_name_has_the_name_of_the_first() {
    let mut it = whole();
    let mut facts = crate::vectors::envelopes::facts();
    let mut other = facts[1].attached[0].clone();
    other.sha256 = [0x0b; 32];
    let same = facts[1].attached[0].clone();
    facts[1].attached.extend([other, same]);
    (it.predicate.facts, it.predicate.outcome.fact_count) = (facts, 2);
    rename_attached(&mut it);
    let names =
        it.subject.iter().filter(|one| one.name.starts_with("attached:")).map(|one| one.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["attached:diff.gz", "attached:diff.gz#2"]);
    assert_eq!(judged(it.to_json()).failure, None);
}
