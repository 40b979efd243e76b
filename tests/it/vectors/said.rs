//! Payloads that are signed as they should be and are not what the page says: spelled
//! otherwise, in another order, with members of another form, or contradicting themselves.

use attesh::cause::Code;
use attesh::journal::story::FindingCode;
use attesh::record::Unseen;
use attesh::seal::statement::{
    AnomalyFacts, CommandText, Completeness, FactFacts, HeadFacts, InterpreterFacts, Sha256, Statement,
    Subject, UnitFacts,
};

use super::envelopes::{Cases, commands, everything, facts, failing, finding, sign, whole};
use crate::policy::judge::{rename_attached, rename_scripts, statement};
use crate::stage::signer::swap;

pub fn add(cases: &mut Cases) {
    payloads(cases);
    orders(cases);
    contradictions(cases);
    misshapen(cases);
    spelled_otherwise(cases);
    open(cases);
    super::newer::unsupported(cases);
}

fn payloads(cases: &mut Cases) {
    let good = String::from_utf8(whole().to_json()).unwrap();
    let (member, spelling, unknown) =
        (Code::StatementMember, Code::StatementSpelling, Code::StatementUnknown);
    for (name, from, to, code, why) in [
        ("payload-blank", ":", ": ", spelling, "-"),
        ("payload-escape", "cd src/", "cd src\\/", spelling, "-"),
        (
            "payload-member-missing",
            "\"name\":\"session\",\"digest\":",
            "\"digest\":",
            member,
            "missing field `name`",
        ),
        (
            "payload-member-twice",
            "\"sealedAt\":",
            "\"sealedAt\":\"\",\"sealedAt\":",
            member,
            "duplicate field `sealedAt`",
        ),
        ("payload-type-twice", "\"_type\":", "\"_type\":\"\",\"_type\":", member, "duplicate field `_type`"),
        ("payload-member-unknown", "\"sealedAt\":", "\"x\":1,\"sealedAt\":", unknown, "unknown field `x`"),
        ("payload-command-unknown", "\"seq\":1,", "\"seq\":1,\"x\":1,", unknown, "unknown field `x`"),
        ("payload-unit-unknown", "{\"line\":1,", "{\"x\":1,\"line\":1,", unknown, "unknown field `x`"),
        (
            "payload-digest-unknown",
            "\"digest\":{",
            "\"digest\":{\"sha512\":\"\",",
            unknown,
            "unknown field `sha512`",
        ),
        ("payload-number-as-text", "\"failedCount\":0", "\"failedCount\":\"0\"", member, "-"),
        ("payload-negative", "\"failedCount\":0", "\"failedCount\":-1", member, "-"),
        ("payload-float", "\"failedCount\":0", "\"failedCount\":0.0", member, "-"),
        ("payload-no-type", "\"_type\":", "\"kind\":", member, "missing field `_type`"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{name} changes nothing");
        cases.refused(name, code, why, sign(bad.into_bytes(), 7).to_json());
    }
    cases.refused("payload-empty", Code::StatementJson, "-", sign(Vec::new(), 7).to_json());
    cases.refused("payload-cut", Code::StatementJson, "-", sign(good[..good.len() - 1].into(), 7).to_json());
    cases.refused("payload-list", member, "-", sign(b"[]".to_vec(), 7).to_json());
}

/// Two members that stand one after the other, of each object: where, and their names.
const ORDER: [(&str, &str, &str); 19] = [
    ("/subject/0", "name", "digest"),
    ("/predicate", "sealedAt", "unrecordedTailMs"),
    ("/predicate/recorder", "id", "version"),
    ("/predicate/session", "id", "name"),
    ("/predicate/session/shells/0", "id", "program"),
    ("/predicate/journal", "format", "size"),
    ("/predicate/outcome", "commandCount", "failedCount"),
    ("/predicate/commands/0", "seq", "shell"),
    ("/predicate/extensions", "https://example.org/more", "urn:x:y"),
    ("/predicate/plans/0", "close", "before"),
    ("/predicate/plans/0/interpreter", "sha256", "version"),
    ("/predicate/plans/0/units/0", "line", "lastLine"),
    ("/predicate/anomalies/0", "code", "incomplete"),
    ("/predicate/clock", "assurance", "bootId"),
    ("/predicate/transcript", "lines", "bytes"),
    ("/predicate/heads/1", "size", "rootHash"),
    ("/predicate/facts/0", "at", "ok"),
    ("/predicate/facts/0/data", "branch", "commit"),
    ("/predicate/facts/1/attached/0", "name", "size"),
];

/// The members of each object in another order than the page's.
fn orders(cases: &mut Cases) {
    let it = everything();
    let (text, value) = (String::from_utf8(it.to_json()).unwrap(), serde_json::to_value(&it).unwrap());
    let mut add = |name: String, bad: String| {
        assert_ne!(bad, text, "{name} changes nothing");
        let bytes = sign(bad.into_bytes(), 7).to_json();
        cases.refused(&format!("order-{name}"), Code::StatementSpelling, "-", bytes);
    };
    for (at, first, second) in ORDER.iter().chain(&[("/predicate/origin", "status", "id")]) {
        let object = value.pointer(at).unwrap();
        let [one, two] = [first, second].map(|name| format!("\"{name}\":{}", object[*name]));
        let bad = text.replacen(&format!("{one},{two}"), &format!("{two},{one}"), 1);
        let name = at.split('/').rfind(|part| part.starts_with(char::is_alphabetic)).unwrap();
        add(name.to_owned(), bad);
    }
    let (kind, rest) = text.strip_prefix('{').unwrap().split_once(',').unwrap();
    add("statement".into(), format!("{{{},{kind}}}", rest.strip_suffix('}').unwrap()));
}

/// A name, the code and the words of what is said, and what contradicts.
type Contradiction = (&'static str, Code, &'static str, fn(&mut Statement));

/// What is said twice, and not alike.
const CONTRADICTIONS: &[Contradiction] = &[
    ("format", Code::StatementConstant, "journal.format is not", |it| {
        it.predicate.journal.format = "x".into()
    }),
    ("format-newer", Code::JournalFormat, "attesh-journal/12", |it| it.predicate.journal.format.push('2')),
    ("continuity", Code::StatementConstant, "journal.continuity is not", |it| {
        it.predicate.journal.continuity = "BROKEN".into();
    }),
    ("assurance", Code::StatementConstant, "clock.assurance is not", |it| {
        it.predicate.clock.assurance = "TRUSTED".into();
    }),
    ("subject-twice", Code::StatementSubject, "a subject is named twice", |it| {
        it.subject.push(it.subject[0].clone());
    }),
    ("root", Code::StatementSubject, "the subject session is not", |it| {
        it.predicate.journal.root_hash = "11".repeat(32);
    }),
    ("no-session", Code::StatementSubject, "the subject session is not", |it| {
        it.subject.retain(|one| one.name != "session");
    }),
    ("transcript", Code::StatementSubject, "the subject session.transcript is not", |it| {
        subject(it, "session.transcript").digest.sha256 = "11".repeat(32);
    }),
    ("script-missing", Code::StatementSubject, "those of scripts are not", |it| {
        it.subject.retain(|one| one.name != "script:build.sh");
    }),
    ("script-more", Code::StatementSubject, "those of scripts are not", |it| {
        it.subject.push(Subject { name: "script:other.sh".into(), ..it.subject[0].clone() });
    }),
    ("script-digest", Code::StatementSubject, "those of scripts are not", |it| {
        subject(it, "script:build.sh").digest.sha256 = "11".repeat(32);
    }),
    ("script-name", Code::StatementSubject, "those of scripts are not", |it| {
        subject(it, "script:build.sh").name = "script:other.sh".into();
    }),
    ("script-without-bytes", Code::StatementSubject, "those of scripts are not", |it| {
        let none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        it.predicate.plans[0].sha256 = Some(none.into());
        subject(it, "script:build.sh").digest.sha256 = none.into();
    }),
    ("script-redacted", Code::StatementSubject, "those of scripts are not", |it| {
        it.predicate.plans[0].sha256 = None;
    }),
    ("attached-missing", Code::StatementSubject, "those of attached files are not", |it| {
        fact(it);
        it.subject.retain(|one| one.name != "attached:diff.gz");
    }),
    ("attached-more", Code::StatementSubject, "those of attached files are not", |it| {
        it.subject.push(Subject { name: "attached:other.gz".into(), ..it.subject[0].clone() });
    }),
    ("attached-digest", Code::StatementSubject, "those of attached files are not", |it| {
        fact(it);
        subject(it, "attached:diff.gz").digest.sha256 = "11".repeat(32);
    }),
    ("lost", Code::StatementEnd, "-", |it| it.predicate.outcome.lost_count = 1),
    ("incomplete", Code::StatementEnd, "-", |it| {
        it.predicate.anomalies.push(finding(1, FindingCode::Gap, "a command ran unrecorded"));
    }),
    ("weight", Code::StatementConstant, "anomalies.incomplete of gap", |it| {
        let gap = finding(1, FindingCode::Gap, "a command ran unrecorded");
        it.predicate.anomalies.push(AnomalyFacts { incomplete: false, ..gap });
    }),
    ("weight-of-a-note", Code::StatementConstant, "anomalies.incomplete of pause", |it| {
        it.predicate.outcome.end = Completeness::Incomplete;
        let pause = finding(1, FindingCode::Pause, "recording was paused");
        it.predicate.anomalies.push(AnomalyFacts { incomplete: true, ..pause });
    }),
    ("heads-order", Code::StatementHeads, "-", |it| it.predicate.heads.swap(1, 2)),
    ("heads-twice", Code::StatementHeads, "-", |it| {
        let head = it.predicate.heads[1].clone();
        it.predicate.heads.insert(1, head);
    }),
    ("heads-without-genesis", Code::StatementHeads, "-", |it| {
        it.predicate.heads.remove(0);
    }),
    ("heads-genesis", Code::StatementHeads, "-", |it| it.predicate.heads[0].root_hash = "11".repeat(32)),
    ("heads-without-last", Code::StatementHeads, "-", |it| {
        it.predicate.heads.pop();
    }),
    ("heads-last", Code::StatementHeads, "-", |it| {
        it.predicate.heads.last_mut().unwrap().root_hash = "11".repeat(32);
    }),
    ("heads-beyond", Code::StatementHeads, "-", |it| {
        let size = it.predicate.journal.size + 1;
        it.predicate.heads.push(HeadFacts { size, root_hash: "11".repeat(32) });
    }),
    ("heads-none", Code::StatementHeads, "-", |it| it.predicate.heads.clear()),
    ("succeeded", Code::StatementExit, "outcome.allSucceeded is not", |it| {
        it.predicate.outcome.all_succeeded = false;
    }),
    ("exit-succeeded", Code::StatementExit, "outcome.exitCode is not", |it| {
        it.predicate.outcome.exit_code = None;
    }),
    ("signal", Code::StatementCommand, "the signal of command 2 is not", |it| {
        commands(it)[1].signal = Some(2);
    }),
    ("count", Code::StatementCount, "outcome.commandCount is not", |it| {
        it.predicate.outcome.command_count = 2;
    }),
    ("sequence", Code::StatementCommand, "command 2 calls itself 7", |it| commands(it)[1].seq = 7),
    ("unobserved", Code::StatementCount, "outcome counts other commands", |it| {
        it.predicate.outcome.unobserved_count = 1;
    }),
    ("status", Code::StatementCount, "outcome counts other commands", |it| {
        commands(it)[1].exit_code = Some(3);
    }),
    ("text", Code::StatementTranscript, "-", |it| {
        commands(it)[1].text = CommandText::Command("true".into());
    }),
    ("ended-uncounted", Code::StatementCount, "outcome.failedCount and unobservedCount are more", |it| {
        it.predicate.commands = None;
        let outcome = &mut it.predicate.outcome;
        (outcome.failed_count, outcome.exit_code, outcome.all_succeeded) = (4, Some(1), false);
    }),
    ("exit-failed", Code::StatementExit, "outcome.exitCode is not what its counts say", |it| {
        it.predicate.commands = None;
        (it.predicate.outcome.failed_count, it.predicate.outcome.all_succeeded) = (1, false);
    }),
    ("exit-untold", Code::StatementExit, "outcome.exitCode is not what its counts say", |it| {
        it.predicate.commands = None;
        let outcome = &mut it.predicate.outcome;
        (outcome.failed_count, outcome.exit_code, outcome.all_succeeded) = (1, None, false);
    }),
    ("finding", Code::StatementRecord, "a finding", |it| {
        let record = it.predicate.journal.size;
        it.predicate.anomalies.push(finding(record, FindingCode::Pause, "recording was paused"));
    }),
    ("fact", Code::StatementRecord, "a fact", |it| {
        fact(it);
        it.predicate.facts[1].record = it.predicate.journal.size;
    }),
    ("facts-listed", Code::StatementCount, "outcome.factCount is less", |it| {
        fact(it);
        it.predicate.outcome.fact_count = 1;
    }),
    ("facts", Code::StatementCount, "outcome.factCount is more", |it| it.predicate.outcome.fact_count = 1000),
    ("outcome", Code::StatementCommand, "command 2 says why its exitCode is null", |it| {
        commands(it)[1].outcome = Some(Unseen::Untold);
    }),
    ("stale", Code::StatementCommand, "command 2 says why its exitCode is null", |it| {
        commands(it)[1].stale = true;
    }),
    ("withheld-texts", Code::StatementCount, "outcome counts other withheld or redacted", |it| {
        it.predicate.outcome.withheld_count = 1;
    }),
    ("redacted-texts", Code::StatementCount, "outcome counts other withheld or redacted", |it| {
        commands(it)[1].text = CommandText::Redacted(true);
    }),
    ("withheld", Code::StatementCount, "outcome.withheldCount is more", |it| {
        it.predicate.commands = None;
        it.predicate.outcome.withheld_count = 4;
    }),
    ("sealed-before-closed", Code::StatementTime, "sealedAt is before closedAt", |it| {
        it.predicate.sealed_at = "2026-11-22T10:00:59.999999999Z".into();
        it.predicate.unrecorded_tail_ms = 0;
    }),
    ("tail", Code::StatementTime, "unrecordedTailMs is not", |it| it.predicate.unrecorded_tail_ms -= 1),
    ("tail-of-another-seal", Code::StatementTime, "unrecordedTailMs is not", |it| {
        it.predicate.sealed_at = "2026-11-22T10:03:00Z".into();
    }),
    ("closed-before-opened", Code::StatementTime, "closedAt is before openedAt", |it| {
        it.predicate.session.opened_at = "2026-11-22T10:01:30Z".into();
    }),
    ("command-before", Code::StatementTime, "command 2 did not run within", |it| {
        commands(it)[1].started_at = "2026-11-22T09:59:50Z".into();
    }),
    ("command-behind", Code::StatementTime, "command 3 did not run within", |it| {
        commands(it)[2].started_at = "2026-11-22T10:01:10Z".into();
    }),
    ("command-too-long", Code::StatementTime, "command 1 did not run within", |it| {
        commands(it)[0].duration_ms = Some(70_000);
    }),
    ("records", Code::StatementCount, "outcome.commandCount is more", |it| {
        it.predicate.plans.clear();
        it.subject.retain(|subject| !subject.name.starts_with("script:"));
        it.predicate.journal.size = 2;
        it.predicate.heads.drain(1..it.predicate.heads.len() - 1);
        it.predicate.heads[1].size = 2;
    }),
    ("plan", Code::StatementRecord, "a plan", |it| {
        it.predicate.plans[0].close = Some(it.predicate.journal.size);
    }),
    ("shell", Code::StatementRecord, "a shell", |it| {
        let size = it.predicate.journal.size;
        let more = attesh::seal::statement::ShellFacts { id: size, ..it.predicate.session.shells[0].clone() };
        it.predicate.session.shells.push(more);
    }),
    ("redacted", Code::StatementCount, "outcome.redactedCount is more", |it| {
        it.predicate.outcome.redacted_count = 1_000_000;
    }),
    ("pauses", Code::StatementCount, "outcome.pauseCount is more", |it| {
        it.predicate.outcome.pause_count = 1000;
    }),
    ("anomalies", Code::StatementCount, "outcome.anomalyCount is more", |it| {
        it.predicate.outcome.anomaly_count = 1000;
    }),
    ("paused", Code::StatementCount, "outcome.pausedCommandCount is not 0", |it| {
        it.predicate.outcome.paused_command_count = Some(1);
    }),
    ("transcript-length", Code::StatementTranscript, "-", |it| it.predicate.transcript.bytes += 1),
];

fn subject<'a>(statement: &'a mut Statement, name: &str) -> &'a mut Subject {
    statement.subject.iter_mut().find(|subject| subject.name == name).unwrap()
}

fn contradictions(cases: &mut Cases) {
    for (name, code, why, edit) in CONTRADICTIONS {
        let mut bad = whole();
        edit(&mut bad);
        cases.refused(&format!("contradicts-{name}"), *code, why, sign(bad.to_json(), 7).to_json());
    }
    let mut exit = statement(&[failing(1)]);
    exit.predicate.outcome.exit_code = Some(2);
    let why = "outcome.exitCode is not";
    cases.refused("contradicts-exit", Code::StatementExit, why, sign(exit.to_json(), 7).to_json());
}

fn units(statement: &mut Statement) -> &mut Vec<UnitFacts> {
    statement.predicate.plans[0].units.as_mut().unwrap()
}

fn long(text: &mut String) {
    text.push('0');
}

/// A name, what is said, and what is misshapen.
type Misshapen = (&'static str, &'static str, fn(&mut Statement));

/// Members that have not the form that the page gives them, in a statement that agrees with itself.
const MISSHAPEN: &[Misshapen] = &[
    ("subjects", "subject is not at most 1024", |it| {
        let more = (0..1024).map(|at| Subject { name: format!("{at}"), ..it.subject[0].clone() });
        it.subject.extend(more.collect::<Vec<_>>());
    }),
    ("subject", "subject.digest.sha256 is not 64", |it| it.subject[0].digest.sha256 = "AA".repeat(32)),
    ("recorder-id", "recorder.id is not a URI", |it| it.predicate.recorder.id = "attesh".into()),
    ("recorder", "recorder.digest.sha256 is not", |it| {
        it.predicate.recorder.digest = Some(Sha256 { sha256: "0".repeat(65) });
    }),
    ("session-id", "session.id is not a UUID", |it| {
        it.predicate.session.id = it.predicate.session.id.to_uppercase();
    }),
    ("opened", "session.openedAt is not a time", |it| it.predicate.session.opened_at = "today".into()),
    ("closed", "session.closedAt is not a time", |it| {
        it.predicate.session.closed_at = "2026-02-29T10:00:00Z".into();
    }),
    ("shell-id", "shells.id is not an integer", |it| it.predicate.session.shells[0].id = 1 << 53),
    ("genesis", "journal.genesisHash is not", |it| it.predicate.journal.genesis_hash.truncate(63)),
    ("tag", "journal.headTag is not", |it| it.predicate.journal.head_tag = "g".repeat(64)),
    ("size", "journal.size is not an integer", |it| it.predicate.journal.size = u64::MAX),
    ("heads", "heads is not at most 10000", |it| {
        let more = (0..10_001).map(|size| HeadFacts { size, root_hash: "11".repeat(32) });
        it.predicate.heads = more.collect();
    }),
    ("head-size", "heads.size is not an integer", |it| it.predicate.heads[1].size = 1 << 53),
    ("head-root", "heads.rootHash is not", |it| long(&mut it.predicate.heads[1].root_hash)),
    ("withheld", "outcome.withheldCount is not", |it| it.predicate.outcome.withheld_count = 1 << 53),
    ("paused", "outcome.pausedCommandCount is not", |it| {
        it.predicate.outcome.paused_command_count = Some(1 << 53);
    }),
    ("fact-count", "outcome.factCount is not", |it| it.predicate.outcome.fact_count = 1 << 53),
    ("empty", "journal.size is not at least 1", |it| it.predicate.journal.size = 0),
    ("previous", "session.previous is not", |it| it.predicate.session.previous = Some("before".into())),
    ("previous-session", "session.previous is not", |it| {
        it.predicate.session.previous = Some(format!("{}:7:{}", "before", "11".repeat(32)));
    }),
    ("previous-root", "session.previous is not", |it| {
        it.predicate.session.previous = Some(format!("{}:7:11", it.predicate.session.id));
    }),
    ("record", "anomalies.record is not", |it| {
        it.predicate.anomalies.push(finding(1 << 53, FindingCode::Pause, "recording was paused"));
    }),
    ("origin-id", "origin.id is not", |it| it.predicate.origin.id = Some("0123456789abcde".into())),
    ("transcript-bytes", "transcript.bytes is not", |it| it.predicate.transcript.bytes = 1 << 53),
    ("command-shell", "commands.shell is not", |it| commands(it)[0].shell = 1 << 53),
    ("sequence", "commands.seq is not", |it| commands(it)[0].seq = 1 << 53),
    ("plan-shell", "plans.shell is not", |it| it.predicate.plans[0].shell = 1 << 53),
    ("plan-close", "plans.close is not", |it| it.predicate.plans[0].close = Some(1 << 53)),
    ("interpreter-digest", "interpreter.sha256 is not", |it| {
        it.predicate.plans[0].interpreter.sha256 = Some("AA".repeat(32));
    }),
    ("unit-line", "units.line is not from 1 to lastLine", |it| units(it)[0].line = 0),
    ("unit-last-line", "units.line is not from 1 to lastLine", |it| units(it)[2].last_line = 2),
    ("unit-last-line-large", "units.lastLine is not an integer", |it| units(it)[2].last_line = 1 << 53),
    ("fraction", "sealedAt is not a time", |it| {
        it.predicate.sealed_at = "2026-11-22T10:02:00.Z".into();
    }),
    ("fraction-of-a-nanosecond", "sealedAt is not a time", |it| {
        it.predicate.sealed_at = "2026-11-22T10:02:00.0000000001Z".into();
    }),
    ("year-late", "sealedAt is not a time", |it| it.predicate.sealed_at = "9999-12-31T00:00:00Z".into()),
    ("previous-number", "session.previous is not", |it| {
        let (id, root) = (&it.predicate.session.id, "11".repeat(32));
        it.predicate.session.previous = Some(format!("{id}:07:{root}"));
    }),
    ("steps", "clock.stepCount is not", |it| it.predicate.clock.step_count = 1 << 53),
    ("not-redacted", "the text of a command is not", |it| {
        commands(it)[0].text = CommandText::Redacted(false);
    }),
    ("base64", "the text of a command is not", |it| {
        commands(it)[0].text = CommandText::CommandBase64("/w".into());
    }),
    ("base64-of-utf-8", "the text of a command is not", |it| {
        commands(it)[0].text = CommandText::CommandBase64("YQ==".into());
    }),
    ("started", "commands.startedAt is not", |it| {
        commands(it)[1].started_at = "2026-11-22T10:00:00+00:00".into();
    }),
    ("leap-second", "commands.startedAt is not", |it| {
        commands(it)[1].started_at = "2026-06-30T23:59:60Z".into();
    }),
    ("year-zero", "commands.startedAt is not", |it| {
        commands(it)[1].started_at = "0000-06-30T23:59:59Z".into();
    }),
    ("duration", "commands.durationMs is not", |it| commands(it)[1].duration_ms = Some(1 << 53)),
    ("plan-digest", "plans.sha256 is not", |it| it.predicate.plans[0].sha256 = Some(String::new())),
    ("unit", "the text of a unit is not", |it| units(it)[0].text = CommandText::Redacted(true)),
    ("facts", "facts is not at most 10000", |it| {
        it.predicate.facts = vec![facts().remove(0); 10_001];
        it.predicate.outcome.fact_count = 10_001;
    }),
    ("fact-record", "facts.record is not", |it| fact(it).record = 1 << 53),
    ("fact-type", "facts.type is not a URI", |it| fact(it).kind = "git".into()),
    ("fact-shell", "facts.shell is not", |it| fact(it).shell = Some(1 << 53)),
    ("fact-number", "facts.n is not", |it| fact(it).n = Some(1 << 53)),
    ("attached-name", "attached.name is not a plain file name", |it| {
        fact(it).attached[0].name = "../x".into();
    }),
    ("extension", "extensions is not named by URIs", |it| extend(it, "more", false)),
    ("must-order", "mustUnderstand is not in order", |it| {
        extend(it, "urn:x:y", true);
        extend(it, "urn:x:x", true);
    }),
    ("must-twice", "mustUnderstand is not in order", |it| {
        extend(it, "urn:x:y", true);
        extend(it, "urn:x:y", true);
    }),
    ("must-of-nothing", "mustUnderstand is not a list of extensions that are there", |it| {
        extend(it, "urn:x:y", false);
        it.predicate.must_understand.push("urn:x:z".into());
    }),
    ("sealed", "sealedAt is not a time", |it| long(&mut it.predicate.sealed_at)),
];

/// The second of two facts, which is about a command.
pub fn fact(statement: &mut Statement) -> &mut FactFacts {
    (statement.predicate.facts, statement.predicate.outcome.fact_count) = (facts(), 2);
    rename_attached(statement);
    &mut statement.predicate.facts[1]
}

pub fn extend(statement: &mut Statement, uri: &str, must: bool) {
    statement.predicate.extensions.insert(uri.into(), "null".into());
    statement.predicate.must_understand.extend(must.then(|| uri.to_owned()));
}

/// What the types of a statement cannot have: a name, what is replaced, by what.
const WORDS: &[(&str, &str, &str)] = &[
    ("end", "\"end\":\"COMPLETE\"", "\"end\":\"DONE\""),
    ("shell-exit", "\"closed\":\"exit\",\"exitCode\":1", "\"closed\":\"exit\",\"exitCode\":256"),
    ("closed-why", "\"closed\":\"exit\"", "\"closed\":\"bored\""),
    ("exit", "\"exitCode\":1,\"end\"", "\"exitCode\":256,\"end\""),
    ("status", "\"exitCode\":0,\"startedAt\"", "\"exitCode\":256,\"startedAt\""),
    ("pipe", "\"exitCode\":1,\"startedAt\"", "\"exitCode\":1,\"pipeStatus\":[0,256],\"startedAt\""),
    ("outcome", "\"exitCode\":0,\"startedAt\"", "\"exitCode\":null,\"outcome\":\"done\",\"startedAt\""),
    ("command-unit", "\"unit\":1", "\"unit\":0"),
    ("plan-before", "\"before\":0", "\"before\":-1"),
    ("evidence", "\"evidence\":\"reader\"", "\"evidence\":\"hearsay\""),
    ("inherited", "[\"BASH_ENV\"]", "[\"PATH\"]"),
    ("origin", "\"status\":\"none\"", "\"status\":\"checked\""),
    ("finding-code", "\"code\":\"pause\"", "\"code\":\"rest\""),
    ("fact-at", "\"at\":\"start\"", "\"at\":\"later\""),
    ("fact-data", "\"branch\":\"main\"", "\"branch\":1"),
    ("attached-size", "\"size\":7", "\"size\":9007199254740992"),
    ("attached-digest", "\"sha256\":\"0a0a", "\"sha256\":\"0A0a"),
    ("extension-object", "\"urn:x:y\":\"null\"", "\"urn:x:y\":null"),
    ("no-heads", "\"heads\":[", "\"heads\":null,\"heads\":["),
];

const RENAMED: &[(&str, &str, &str)] = &[
    ("heads", "\"heads\":", "\"tops\":"),
    ("recorder-digest", ",\"digest\":{\"sha256\":\"0000", ",\"digests\":{\"sha256\":\"0000"),
];

fn misshapen(cases: &mut Cases) {
    let mut add = |name: &str, why: &str, payload: Vec<u8>| {
        let bytes = sign(payload, 7).to_json();
        cases.refused(&format!("misshapen-{name}"), Code::StatementMember, why, bytes);
    };
    for (name, why, edit) in MISSHAPEN {
        let mut bad = whole();
        edit(&mut bad);
        add(name, why, bad.to_json());
    }
    for (name, from, to) in WORDS {
        add(name, "-", swap(from, to)(everything().to_json()));
    }
    // A member of another name is one that a newer version may have.
    for (name, from, to) in RENAMED {
        let bytes = sign(swap(from, to)(everything().to_json()), 7).to_json();
        cases.refused(&format!("renamed-{name}"), Code::StatementUnknown, "-", bytes);
    }
}

/// What may be left out, and is spelled: flags that are false, lists of nothing, members that are null.
const SPELLED: &[(&str, &str, &str)] = &[
    ("stale-false", "\"exitCode\":1,\"startedAt\"", "\"exitCode\":1,\"stale\":false,\"startedAt\""),
    ("must-false", "\"ok\":true,", "\"ok\":true,\"must\":false,"),
    ("fact-shell-null", "\"at\":\"start\",", "\"at\":\"start\",\"shell\":null,"),
    ("nothing-attached", "\"commit\":null}}", "\"commit\":null},\"attached\":[]}"),
    ("must-understand-nothing", "\"urn:x:y\":\"null\"}", "\"urn:x:y\":\"null\"},\"mustUnderstand\":[]"),
    ("signal-null", "\"exitCode\":1,\"startedAt\"", "\"exitCode\":1,\"signal\":null,\"startedAt\""),
    ("extension-twice", "\"urn:x:y\":\"null\"", "\"urn:x:y\":\"null\",\"urn:x:y\":\"null\""),
];

fn spelled_otherwise(cases: &mut Cases) {
    for (name, from, to) in SPELLED {
        let bytes = sign(swap(from, to)(everything().to_json()), 7).to_json();
        cases.refused(&format!("spelled-{name}"), Code::StatementSpelling, "-", bytes);
    }
    let mut none = String::from_utf8(whole().to_json()).unwrap();
    none.truncate(none.len() - 2);
    let bytes = sign(format!("{none},\"extensions\":{{}}}}}}").into_bytes(), 7).to_json();
    cases.refused("spelled-no-extensions", Code::StatementSpelling, "-", bytes);
}

/// What is not known is null, and what is open is taken.
fn open(cases: &mut Cases) {
    let mut add = |name: &str, edit: fn(&mut Statement)| {
        let mut it = whole();
        edit(&mut it);
        cases.verified(name, "3 commands recorded, all succeeded", sign(it.to_json(), 7).to_json());
    };
    add("null-recorder-digest", |it| it.predicate.recorder.digest = None);
    add("null-clock", |it| (it.predicate.clock.boot_id, it.predicate.clock.time_namespace) = (None, None));
    add("null-interpreter", |it| {
        it.predicate.plans[0].interpreter = InterpreterFacts {
            path: None,
            sha256: None,
            version: None,
            options: None,
            arguments: None,
            workdir: None,
            inherited: Vec::new(),
        };
    });
    add("null-plan", |it| {
        let plan = &mut it.predicate.plans[0];
        (plan.close, plan.name, plan.sha256, plan.units) = (None, None, None, None);
        rename_scripts(it);
    });
    add("null-shell", |it| {
        let shell = &mut it.predicate.session.shells[0];
        (shell.closed, shell.exit_code) = (None, None);
    });
    add("other-recorder", |it| it.predicate.recorder.id = "https://example.org/recorder".into());
    add("other-shell", |it| it.predicate.session.shells[0].program = "ksh".into());
    add("heads-of-a-part", |it| {
        it.predicate.heads.remove(1);
    });
    add("extension", |it| extend(it, "https://example.org/more", false));
    add("facts-unknown", |it| {
        fact(it);
    });
    add("facts-not-listed", |it| it.predicate.outcome.fact_count = 3);
}
