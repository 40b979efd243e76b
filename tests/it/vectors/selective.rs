//! Envelopes of selective seals, and the texts beside them: whole, with lines taken out, and forged.

use attesh::cause::Code;
use attesh::journal::check::Knowledge;
use attesh::seal::draft::Draft;
use attesh::seal::statement::Statement;

use super::envelopes::{Cases, sign};
use super::files_of;

/// A statement of a script that ran, without its texts, and these.
pub fn selective(journal: &str) -> (Statement, Vec<u8>) {
    let journal = &files_of("plans")[&format!("{journal}.journal")];
    let knowledge = Knowledge { threads: 1, ..Knowledge::default() };
    let draft = Draft::gather(&journal[..], knowledge).unwrap();
    let sealed_at = draft.checked().times_ns.1;
    let (statement, apart) = draft.selective(&journal[..], &mut std::io::sink(), &[], sealed_at).unwrap();
    let mut lines = Vec::new();
    apart.write(&mut lines).unwrap();
    (statement, lines)
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn replaced(text: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

pub fn add(cases: &mut Cases) {
    let (statement, texts) = selective("whole");
    let (other, of_other) = selective("compound");
    let envelope = sign(statement.to_json(), 7).to_json();
    let all = lines(&texts);
    let with = |text: Vec<u8>| Some(text);
    let mut verified = |name: &str, beside: Option<Vec<u8>>| {
        cases.verified(name, "3 commands recorded, all succeeded", envelope.clone()).beside = beside;
    };
    verified("selective", with(texts.clone()));
    verified("selective-alone", None);
    verified("selective-empty", with(Vec::new()));
    let every_other: Vec<u8> = all.iter().step_by(2).flatten().copied().collect();
    verified("selective-taken-out", with(every_other));
    let (line, commitment) = (Code::DisclosuresLine, Code::DisclosuresCommitment);
    let mut swapped = all.clone();
    swapped.swap(0, 1);
    let twice: Vec<u8> = [&all[0][..], &texts].concat();
    let torn = texts[..texts.len() - 1].to_vec();
    for (name, code, text) in [
        ("selective-forged", commitment, replaced(&texts, "go build ./...", "go build .")),
        ("selective-elsewhere", commitment, replaced(&texts, "/commands/0/command", "/commands/1/command")),
        ("selective-nowhere", commitment, replaced(&texts, "/commands/0/command", "/commands/9/command")),
        ("selective-of-another", commitment, of_other),
        ("selective-swapped", line, swapped.concat()),
        ("selective-twice", line, twice),
        ("selective-spaced", line, replaced(&texts, "{\"at\":", "{\"at\": ")),
        ("selective-torn", line, torn),
    ] {
        cases.refused(name, code, "a line of the disclosures", envelope.clone()).beside = with(text);
    }
    drop(other);
    type Change = fn(&mut Statement);
    let changes: [(&str, &str, Change); 7] = [
        ("algorithm", "algorithm", |one| one.predicate.disclosures.as_mut().unwrap().algorithm.push('2')),
        ("count", "count", |one| one.predicate.disclosures.as_mut().unwrap().count += 1),
        ("order", "order", |one| one.predicate.disclosures.as_mut().unwrap().commitments.swap(0, 1)),
        ("nowhere", "pointer", |one| one.predicate.disclosures.as_mut().unwrap().commitments[0].at.push('x')),
        ("told", "pointer", |one| one.predicate.session.host = Some("build".into())),
        ("unit", "unit", |one| {
            let facts = one.predicate.disclosures.as_mut().unwrap();
            facts.commitments.retain(|one| !one.at.ends_with("/units/0/command"));
            facts.count -= 1;
        }),
        ("no-commitments", "unit", |one| one.predicate.disclosures = None),
    ];
    for (name, why, change) in changes {
        let (mut changed, _) = selective("whole");
        change(&mut changed);
        let bytes = sign(changed.to_json(), 7).to_json();
        cases.refused(&format!("selective-bad-{name}"), Code::StatementMember, why, bytes);
    }
    let (mut changed, _) = selective("whole");
    let facts = changed.predicate.disclosures.as_mut().unwrap();
    facts.commitments.retain(|one| one.at != "/commands/0/command");
    facts.count -= 1;
    let bytes = sign(changed.to_json(), 7).to_json();
    cases.refused("selective-bad-command", Code::StatementCount, "redacted", bytes);
}
