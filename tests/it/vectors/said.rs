//! Payloads that are signed as they should be and are not what the page says: spelled
//! otherwise, in another order, with members of another form, or contradicting themselves.

use attesh::seal::statement::{CollectedFacts, CommandText, Statement, Subject, UnitFacts};

use super::envelopes::{Cases, commands, everything, failing, finding, sign, whole};
use crate::policy::judge::statement;

pub fn add(cases: &mut Cases) {
    payloads(cases);
    orders(cases);
    contradictions(cases);
    misshapen(cases);
}

fn payloads(cases: &mut Cases) {
    let good = String::from_utf8(whole().to_json()).unwrap();
    let spelled = "the payload is not spelled as attesh spells it";
    let formed = "the payload is not well formed";
    for (name, from, to, why) in [
        ("payload-blank", ":", ": ", spelled),
        ("payload-escape", "cd src/", "cd src\\/", spelled),
        ("payload-member-missing", "\"name\":\"session\",\"digest\":", "\"digest\":", "missing field `name`"),
        (
            "payload-member-twice",
            "\"sealedAt\":",
            "\"sealedAt\":\"\",\"sealedAt\":",
            "duplicate field `sealedAt`",
        ),
        ("payload-member-unknown", "\"sealedAt\":", "\"x\":1,\"sealedAt\":", "unknown field `x`"),
        ("payload-command-unknown", "\"seq\":1,", "\"seq\":1,\"x\":1,", spelled),
        ("payload-number-as-text", "\"failedCount\":0", "\"failedCount\":\"0\"", formed),
        ("payload-negative", "\"failedCount\":0", "\"failedCount\":-1", formed),
        ("payload-float", "\"failedCount\":0", "\"failedCount\":0.0", formed),
        ("payload-other-statement", "/Statement/v1", "/Statement/v2", "the payload's _type is"),
        ("payload-other-predicate", "shell-session/v0.1", "shell-session/v9", "the predicate's type is"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{name} changes nothing");
        cases.add(name, "integrity", why, sign(bad.into_bytes(), 7).to_json());
    }
    cases.add("payload-empty", "integrity", "the payload is no statement", sign(Vec::new(), 7).to_json());
    cases.add("payload-list", "integrity", "the payload is no statement", sign(b"[]".to_vec(), 7).to_json());
}

/// Two members that stand one after the other, of each object: where, and their names.
const ORDER: [(&str, &str, &str); 14] = [
    ("/subject/0", "name", "digest"),
    ("/predicate", "sealedAt", "unrecordedTailMs"),
    ("/predicate/recorder", "id", "version"),
    ("/predicate/session", "id", "name"),
    ("/predicate/session/shells/0", "id", "program"),
    ("/predicate/journal", "format", "size"),
    ("/predicate/outcome", "commandCount", "failedCount"),
    ("/predicate/commands/0", "seq", "shell"),
    ("/predicate/plans/0", "shell", "recordedAt"),
    ("/predicate/plans/0/units/0", "line", "lastLine"),
    ("/predicate/anomalies/0", "code", "incomplete"),
    ("/predicate/clock", "assurance", "bootId"),
    ("/predicate/transcript", "lines", "bytes"),
    ("/predicate/collected/0", "at", "ok"),
];

/// The members of each object in another order than the page's.
fn orders(cases: &mut Cases) {
    let it = everything();
    let (text, value) = (String::from_utf8(it.to_json()).unwrap(), serde_json::to_value(&it).unwrap());
    let mut add = |name: String, bad: String| {
        assert_ne!(bad, text, "{name} changes nothing");
        let why = "the payload is not spelled as attesh spells it";
        cases.add(&format!("order-{name}"), "integrity", why, sign(bad.into_bytes(), 7).to_json());
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

/// A name, what is said, and what contradicts.
type Contradiction = (&'static str, &'static str, fn(&mut Statement));

/// What is said twice, and not alike.
const CONTRADICTIONS: [Contradiction; 33] = [
    ("recorder", "recorder.id is not", |it| it.predicate.recorder.id.push('x')),
    ("format", "journal.format is not", |it| it.predicate.journal.format.push('x')),
    ("continuity", "journal.continuity is not", |it| it.predicate.journal.continuity = "BROKEN".into()),
    ("assurance", "clock.assurance is not", |it| it.predicate.clock.assurance = "TRUSTED".into()),
    ("subject-twice", "a subject is named twice", |it| it.subject.push(it.subject[0].clone())),
    ("root", "the subject session is not", |it| it.predicate.journal.root_hash = "11".repeat(32)),
    ("no-session", "the subject session is not", |it| it.subject.retain(|one| one.name != "session")),
    ("transcript", "the subject session.transcript is not", |it| {
        it.subject[1].digest.sha256 = "11".repeat(32)
    }),
    ("end", "outcome.end is neither", |it| it.predicate.outcome.end = "DONE".into()),
    ("lost", "outcome.end is COMPLETE although", |it| it.predicate.outcome.lost_count = 1),
    ("succeeded", "outcome.allSucceeded is not", |it| it.predicate.outcome.all_succeeded = false),
    ("exit-succeeded", "outcome.exitCode is not", |it| it.predicate.outcome.exit_code = None),
    ("signal", "the signal of command 2 is not", |it| commands(it)[1].signal = Some(2)),
    ("count", "outcome.commandCount is not", |it| it.predicate.outcome.command_count = 2),
    ("sequence", "command 2 calls itself 7", |it| commands(it)[1].seq = 7),
    ("unobserved", "outcome counts other commands", |it| it.predicate.outcome.unobserved_count = 1),
    ("status", "outcome counts other commands", |it| commands(it)[1].exit_code = Some(3)),
    ("text", "the commands are not those of the transcript", |it| {
        commands(it)[1].text = CommandText::Command("true".into());
    }),
    ("ended-uncounted", "outcome.failedCount and unobservedCount are more", |it| {
        it.predicate.commands = None;
        let outcome = &mut it.predicate.outcome;
        (outcome.failed_count, outcome.exit_code, outcome.all_succeeded) = (4, Some(1), false);
    }),
    ("exit-failed", "outcome.exitCode is not what its counts say", |it| {
        it.predicate.commands = None;
        (it.predicate.outcome.failed_count, it.predicate.outcome.all_succeeded) = (1, false);
    }),
    ("exit-untold", "outcome.exitCode is not what its counts say", |it| {
        it.predicate.commands = None;
        let outcome = &mut it.predicate.outcome;
        (outcome.failed_count, outcome.exit_code, outcome.all_succeeded) = (1, None, false);
    }),
    ("incomplete", "outcome.end is COMPLETE although", |it| {
        it.predicate.anomalies.push(finding(1, "gap", true, "a command ran unrecorded"));
    }),
    ("finding", "a finding is about a record beyond", |it| {
        let record = it.predicate.journal.size;
        it.predicate.anomalies.push(finding(record, "pause", false, "recording was paused"));
    }),
    ("outcome", "command 2 says why its exitCode is null", |it| {
        commands(it)[1].outcome = Some("passed".into());
    }),
    ("withheld-texts", "outcome counts other withheld or redacted", |it| {
        it.predicate.outcome.withheld_count = 1;
    }),
    ("redacted-texts", "outcome counts other withheld or redacted", |it| {
        commands(it)[1].text = CommandText::Redacted(true);
    }),
    ("withheld", "outcome.withheldCount is more", |it| {
        it.predicate.commands = None;
        it.predicate.outcome.withheld_count = 4;
    }),
    ("records", "outcome.commandCount is more", |it| it.predicate.journal.size = 2),
    ("redacted", "outcome.redactedCount is more", |it| it.predicate.outcome.redacted_count = 1000),
    ("pauses", "outcome.pauseCount is more", |it| it.predicate.outcome.pause_count = 1000),
    ("anomalies", "outcome.anomalyCount is more", |it| it.predicate.outcome.anomaly_count = 1000),
    ("paused", "outcome.pausedCommandCount is not 0", |it| {
        it.predicate.outcome.paused_command_count = Some(1)
    }),
    ("transcript-length", "the commands are not those of the transcript", |it| {
        it.predicate.transcript.bytes += 1
    }),
];

fn contradictions(cases: &mut Cases) {
    each(cases, "contradicts", "the statement contradicts itself", &CONTRADICTIONS);
    let mut exit = statement(&[failing(1)]);
    exit.predicate.outcome.exit_code = Some(2);
    let why = "the statement contradicts itself: outcome.exitCode is not";
    cases.add("contradicts-exit", "integrity", why, sign(exit.to_json(), 7).to_json());
}

fn units(statement: &mut Statement) -> &mut Vec<UnitFacts> {
    statement.predicate.plans[0].units.as_mut().unwrap()
}

fn long(text: &mut String) {
    text.push('0');
}

/// Members that have not the form that the page gives them, in a statement that agrees with itself.
const MISSHAPEN: [Contradiction; 49] = [
    ("subjects", "subject is not at most 1000", |it| {
        let more = (0..1000).map(|at| Subject { name: format!("{at}"), ..it.subject[0].clone() });
        it.subject.extend(more.collect::<Vec<_>>());
    }),
    ("subject", "subject.digest.sha256 is not 64", |it| it.subject[0].digest.sha256 = "AA".repeat(32)),
    ("recorder", "recorder.digest.sha256 is not", |it| long(&mut it.predicate.recorder.digest.sha256)),
    ("session-id", "session.id is not a UUID", |it| {
        it.predicate.session.id = it.predicate.session.id.to_uppercase();
    }),
    ("opened", "session.openedAt is not a time", |it| it.predicate.session.opened_at = "today".into()),
    ("closed", "session.closedAt is not a time", |it| {
        it.predicate.session.closed_at = "2026-02-29T10:00:00Z".into();
    }),
    ("program", "shells.program is not", |it| it.predicate.session.shells[0].program = "ksh".into()),
    ("shell-id", "shells.id is not an integer", |it| it.predicate.session.shells[0].id = 1 << 53),
    ("shell-exit", "shells.exitCode is not", |it| {
        it.predicate.session.shells[0].exit_code = Some(256);
    }),
    ("genesis", "journal.genesisHash is not", |it| it.predicate.journal.genesis_hash.truncate(63)),
    ("tag", "journal.headTag is not", |it| it.predicate.journal.head_tag = "g".repeat(64)),
    ("size", "journal.size is not an integer", |it| it.predicate.journal.size = u64::MAX),
    ("withheld", "outcome.withheldCount is not", |it| it.predicate.outcome.withheld_count = 1 << 53),
    ("paused", "outcome.pausedCommandCount is not", |it| {
        it.predicate.outcome.paused_command_count = Some(1 << 53);
    }),
    ("empty", "journal.size is not at least 1", |it| it.predicate.journal.size = 0),
    ("closed-why", "shells.closed is not", |it| it.predicate.session.shells[0].closed = Some("bored".into())),
    ("previous", "session.previous is not", |it| it.predicate.session.previous = Some("before".into())),
    ("previous-session", "session.previous is not", |it| {
        it.predicate.session.previous = Some(format!("{}:7:{}", "before", "11".repeat(32)));
    }),
    ("previous-root", "session.previous is not", |it| {
        it.predicate.session.previous = Some(format!("{}:7:11", it.predicate.session.id));
    }),
    ("record", "anomalies.record is not", |it| {
        it.predicate.anomalies.push(finding(1 << 53, "pause", false, "recording was paused"));
    }),
    ("collected-at", "collected.at is not", |it| {
        it.predicate.collected.push(CollectedFacts {
            collector: "https://example.org/git".into(),
            at: "later".into(),
            ok: true,
            data: None,
        });
    }),
    ("origin-id", "origin.id is not", |it| it.predicate.origin.id = Some("0123456789abcde".into())),
    ("exit", "outcome.exitCode is not", |it| it.predicate.outcome.exit_code = Some(256)),
    ("transcript-bytes", "transcript.bytes is not", |it| it.predicate.transcript.bytes = 1 << 53),
    ("command-shell", "commands.shell is not", |it| commands(it)[0].shell = 1 << 53),
    ("sequence", "commands.seq is not", |it| commands(it)[0].seq = 1 << 53),
    ("plan-shell", "plans.shell is not", |it| it.predicate.plans[0].shell = 1 << 53),
    ("unit-line", "units.line is not from 1 to lastLine", |it| units(it)[0].line = 0),
    ("unit-last-line", "units.line is not from 1 to lastLine", |it| units(it)[2].last_line = 2),
    ("unit-last-line-large", "units.lastLine is not an integer", |it| units(it)[2].last_line = 1 << 53),
    ("fraction", "sealedAt is not a time", |it| {
        it.predicate.sealed_at = "2026-11-22T10:02:00.Z".into();
    }),
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
    ("status", "commands.exitCode is not", |it| commands(it)[1].exit_code = Some(256)),
    ("pipe", "commands.pipeStatus is not", |it| commands(it)[1].pipe_status = Some(vec![0, 256])),
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
    ("outcome", "commands.outcome is not", |it| commands(it)[1].outcome = Some("done".into())),
    ("plan", "plans.recordedAt is not", |it| it.predicate.plans[0].recorded_at = "later".into()),
    ("plan-digest", "plans.sha256 is not", |it| it.predicate.plans[0].sha256 = Some(String::new())),
    ("unit", "the text of a unit is not", |it| {
        it.predicate.plans[0].units.as_mut().unwrap()[0].text = CommandText::Redacted(true);
    }),
    ("origin", "origin.status is not", |it| it.predicate.origin.status = "checked".into()),
    ("sealed", "sealedAt is not a time", |it| long(&mut it.predicate.sealed_at)),
    ("tail", "unrecordedTailMs is not", |it| it.predicate.unrecorded_tail_ms = -(1 << 53)),
];

fn misshapen(cases: &mut Cases) {
    each(cases, "misshapen", "the payload is not well formed", &MISSHAPEN);
}

/// The whole session with each of the edits, signed as it should be.
fn each(cases: &mut Cases, kind: &str, says: &str, edits: &[Contradiction]) {
    for (name, why, edit) in edits {
        let mut bad = whole();
        edit(&mut bad);
        let bytes = sign(bad.to_json(), 7).to_json();
        cases.add(&format!("{kind}-{name}"), "integrity", &format!("{says}: {why}"), bytes);
    }
}
