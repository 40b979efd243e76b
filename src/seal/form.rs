//! The strict reading of a Statement: its spelling, and the form of each member, as
//! attesh-seal(5) gives it.
//!
//! What lives here: [`read`], and what a digest, a time, a number and a text look like. What
//! does not: the shape of a Statement (`statement`), whether it agrees with itself (`verify`).
//!
//! Rules: whoever reads the page and whoever runs this take the same payloads, byte by byte;
//! the independent verifier in the tests is held against it.

use std::fmt;
use std::io::{self, Write};

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::sizes::{Sizes, TEXT_BYTES_MAX, has_long_text};
use super::statement::{
    COMMANDS_BYTES_MAX, CommandFacts, CommandText, FactFacts, PARTICULARS_BYTES_MAX, PREDICATE_TYPE,
    PlanFacts, Predicate, STATEMENT_TYPE, SessionFacts, Statement,
};
use crate::cause::{Cause, Code};
use crate::encoding::{hex_exact, is_uuid};
use crate::journal::head::Head;
use crate::record::{FactTime, INTEGER_MAX, is_plain_name, is_uri};
use crate::text::short;

/// The extensions that this program knows.
const KNOWN_EXTENSIONS: &[&str] = &[];

/// What a text must look like.
const TEXT_FORM: &str = "in its one form (commandBase64 and commandShownBase64 are for what is no UTF-8; redacted and withheld are true)";

/// What a member must look like: the member, and the form.
type Form = Result<(), String>;

/// Compares what is written with bytes that are there, and keeps no copy; what is left of them.
struct Same<'a>(&'a [u8]);

impl Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what is written.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The type of a statement, which decides what else it has.
#[derive(serde::Deserialize)]
struct Kind {
    #[serde(rename = "_type")]
    kind: String,
}

/// The type of its predicate, which decides whether the rest can be read.
#[derive(serde::Deserialize)]
struct PredicateKind {
    #[serde(rename = "predicateType")]
    kind: String,
}

/// A JSON object and nothing else. serde's derived readers also take an array of the
/// values in order, which no other verifier would read as an envelope.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMap<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMap<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            // The usual error would quote all of it.
            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
                Err(E::custom("invalid type: string, expected a JSON object"))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_any(OnlyMap(std::marker::PhantomData))
    }
}

/// Whether an extension is of a type that this program knows.
#[must_use]
pub fn is_known_extension(uri: &str) -> bool {
    KNOWN_EXTENSIONS.contains(&uri)
}

/// Reads a payload strictly: the exact bytes that [`Statement::to_json`] would give.
///
/// # Errors
/// What is wrong with it. The codes `statement.type` and `statement.must` say that it may be
/// well formed, and that this program cannot judge it.
pub fn read(payload: &[u8]) -> Result<Statement, Cause> {
    let json = |error: serde_json::Error| {
        let text = error.to_string();
        let code = match error.is_data() {
            // Whoever wrote it knows more than this program does.
            true if text.starts_with("unknown field") => Code::StatementUnknown,
            true => Code::StatementMember,
            false => Code::StatementJson,
        };
        Cause::new(code, short(&text))
    };
    let of_type = |found: &str, known: &str| match found == known {
        true => Ok(()),
        false => Err(Cause::new(Code::StatementType, short(found))),
    };
    let Object(Kind { kind }) = serde_json::from_slice(payload).map_err(json)?;
    of_type(&kind, STATEMENT_TYPE)?;
    let Object(PredicateKind { kind }) = serde_json::from_slice(payload).map_err(json)?;
    of_type(&kind, PREDICATE_TYPE)?;
    if has_long_text(payload) {
        let why = format!("a text of more than {TEXT_BYTES_MAX} bytes");
        return Err(Cause::new(Code::StatementMember, why));
    }
    let Object(sizes) = serde_json::from_slice::<Object<Sizes>>(payload).map_err(json)?;
    sizes.too_long().map_or(Ok(()), |why| Err(Cause::new(Code::StatementMember, why)))?;
    let statement: Statement = serde_json::from_slice(payload).map_err(json)?;
    let mut same = Same(payload);
    if serde_json::to_writer(&mut same, &statement).is_err() || !same.0.is_empty() {
        return Err(Cause::new(Code::StatementSpelling, "order, blanks, escapes or duplicate members"));
    }
    check(&statement).map_err(|why| Cause::new(Code::StatementMember, why))?;
    let must = &statement.predicate.must_understand;
    if let Some(uri) = must.iter().find(|uri| !is_known_extension(uri)) {
        return Err(Cause::new(Code::StatementMust, short(uri)));
    }
    Ok(statement)
}

/// When a payload says it was sealed, in seconds since 1970, whatever else it says: a statement
/// that this program does not know was sealed at a time as well.
#[must_use]
pub fn sealed_at_s(payload: &[u8]) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Dated {
        predicate: SealedAt,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct SealedAt {
        sealed_at: String,
    }
    let dated: Dated = serde_json::from_slice(payload).ok()?;
    dated.predicate.sealed_at.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// The first member that has another form, and the form.
fn check(statement: &Statement) -> Form {
    for subject in &statement.subject {
        digest(&subject.digest.sha256, "subject.digest.sha256")?;
    }
    let predicate = &statement.predicate;
    need(is_uri(&predicate.recorder.id), "recorder.id", "a URI")?;
    predicate.recorder.digest.as_ref().map_or(Ok(()), |one| digest(&one.sha256, "recorder.digest.sha256"))?;
    for head in &predicate.heads {
        number(head.size, "heads.size")?;
        digest(&head.root_hash, "heads.rootHash")?;
    }
    session(&predicate.session)?;
    digests_and_numbers(predicate)?;
    if let Some(commands) = &predicate.commands {
        room(commands, COMMANDS_BYTES_MAX, "commands")?;
        commands.iter().try_for_each(command)?;
    }
    room(&predicate.plans, COMMANDS_BYTES_MAX, "plans")?;
    predicate.plans.iter().try_for_each(plan)?;
    room(&predicate.anomalies, PARTICULARS_BYTES_MAX, "anomalies")?;
    for one in &predicate.anomalies {
        number(one.record, "anomalies.record")?;
    }
    predicate.facts.iter().try_for_each(fact)?;
    left_out(predicate)?;
    let id = predicate.origin.id.as_ref().is_none_or(|id| hex_exact::<8>(id.as_bytes()).is_some());
    need(id, "origin.id", "null or 16 lowercase hexadecimal digits")?;
    time(&predicate.sealed_at, "sealedAt")?;
    number(predicate.unrecorded_tail_ms, "unrecordedTailMs")?;
    need(predicate.extensions.keys().all(|uri| is_uri(uri)), "extensions", "named by URIs")?;
    let must = &predicate.must_understand;
    need(must.is_sorted_by(|one, next| one < next), "mustUnderstand", "in order, each once")?;
    need(
        must.iter().all(|uri| predicate.extensions.contains_key(uri)),
        "mustUnderstand",
        "a list of extensions that are there",
    )
}

fn need(good: bool, member: &str, form: &str) -> Form {
    if good { Ok(()) } else { Err(format!("{member} is not {form}")) }
}

/// Whether a list takes at most so many bytes, as it is spelled, without its brackets.
fn room(list: &impl serde::Serialize, most: usize, member: &str) -> Form {
    let mut bytes = Counted(0);
    let spelled = serde_json::to_writer(&mut bytes, list).is_ok();
    need(spelled && bytes.0 <= most + 2, member, &format!("at most {most} bytes"))
}

fn digest(text: &str, member: &str) -> Form {
    need(hex_exact::<32>(text.as_bytes()).is_some(), member, "64 lowercase hexadecimal digits")
}

fn number(value: u64, member: &str) -> Form {
    need(value <= INTEGER_MAX, member, "an integer below 2^53")
}

/// RFC 3339, in UTC with Z: a day that there is, in a year that [`jiff::Timestamp`] holds whole,
/// no leap second, and nothing finer than nanoseconds.
fn time(text: &str, member: &str) -> Form {
    let shaped = || {
        let text = text.strip_suffix('Z')?;
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let pattern = seconds.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
        let shape = pattern.eq(*b"0000-00-00T00:00:00") && digits(fraction);
        let there = seconds.parse::<jiff::civil::DateTime>().ok()?;
        (shape && (1..=9998).contains(&there.year()) && !seconds.ends_with(":60")).then_some(())
    };
    need(shaped().is_some(), member, "a time in UTC such as 2026-11-22T10:00:00Z")
}

/// A text in the one form that its bytes have.
fn text(value: &CommandText, member: &str, left_out: bool) -> Form {
    let good = match value {
        CommandText::Command(_) | CommandText::CommandShown(_) => true,
        CommandText::CommandBase64(_) | CommandText::CommandShownBase64(_) => {
            value.bytes().is_some_and(|bytes| std::str::from_utf8(&bytes).is_err())
        }
        CommandText::Redacted(flag) | CommandText::Withheld(flag) => left_out && *flag,
    };
    need(good, member, TEXT_FORM)
}

fn session(session: &SessionFacts) -> Form {
    need(is_uuid(&session.id), "session.id", "a UUID in lower case with hyphens")?;
    time(&session.opened_at, "session.openedAt")?;
    time(&session.closed_at, "session.closedAt")?;
    let head = session.previous.as_ref().is_none_or(|token| Head::read(token).is_some());
    need(head, "session.previous", "null or the head SESSION:SIZE:ROOT")?;
    for shell in &session.shells {
        number(shell.id, "shells.id")?;
    }
    Ok(())
}

fn digests_and_numbers(predicate: &Predicate) -> Form {
    let (journal, outcome) = (&predicate.journal, &predicate.outcome);
    digest(&journal.root_hash, "journal.rootHash")?;
    digest(&journal.genesis_hash, "journal.genesisHash")?;
    digest(&journal.head_tag, "journal.headTag")?;
    digest(&predicate.transcript.sha256, "transcript.sha256")?;
    need(journal.size > 0, "journal.size", "at least 1")?;
    [
        (journal.size, "journal.size"),
        (outcome.command_count, "outcome.commandCount"),
        (outcome.failed_count, "outcome.failedCount"),
        (outcome.unobserved_count, "outcome.unobservedCount"),
        (outcome.lost_count, "outcome.lostCount"),
        (outcome.withheld_count, "outcome.withheldCount"),
        (outcome.redacted_count, "outcome.redactedCount"),
        (outcome.pause_count, "outcome.pauseCount"),
        (outcome.paused_command_count.unwrap_or(0), "outcome.pausedCommandCount"),
        (outcome.anomaly_count, "outcome.anomalyCount"),
        (outcome.fact_count, "outcome.factCount"),
        (predicate.clock.step_count, "clock.stepCount"),
        (predicate.transcript.lines, "transcript.lines"),
        (predicate.transcript.bytes, "transcript.bytes"),
    ]
    .into_iter()
    .try_for_each(|(value, member)| number(value, member))
}

fn command(command: &CommandFacts) -> Form {
    number(command.seq, "commands.seq")?;
    number(command.shell, "commands.shell")?;
    text(&command.text, "the text of a command", true)?;
    time(&command.started_at, "commands.startedAt")?;
    number(command.duration_ms.unwrap_or(0), "commands.durationMs")?;
    let unit = command.unit.is_none_or(|unit| (1..=INTEGER_MAX).contains(&unit));
    need(unit, "commands.unit", "null or an integer from 1, below 2^53")
}

/// The texts that are left out are committed to, and no unit's text is left out otherwise.
fn left_out(predicate: &Predicate) -> Form {
    if let Some(facts) = &predicate.disclosures {
        return facts.fault(predicate).map_or(Ok(()), |why| Err(why.to_owned()));
    }
    let mut units = predicate.plans.iter().flat_map(|plan| plan.units.iter().flatten());
    need(units.all(|unit| unit.text.bytes().is_some()), "the text of a unit", TEXT_FORM)
}

fn fact(fact: &FactFacts) -> Form {
    number(fact.record, "facts.record")?;
    need(is_uri(&fact.kind), "facts.type", "a URI")?;
    number(fact.shell.unwrap_or(0), "facts.shell")?;
    number(fact.n.unwrap_or(0), "facts.n")?;
    let of_command = fact.at == FactTime::Command;
    let numbered = of_command == fact.n.is_some() && (!of_command || fact.shell.is_some());
    need(numbered, "facts.n", "beside shell exactly where at is command")?;
    for one in &fact.attached {
        need(is_plain_name(&one.name), "attached.name", "a plain file name")?;
        number(one.size, "attached.size")?;
    }
    Ok(())
}

fn plan(plan: &PlanFacts) -> Form {
    number(plan.shell, "plans.shell")?;
    number(plan.close.unwrap_or(0), "plans.close")?;
    number(plan.before, "plans.before")?;
    plan.sha256.as_ref().map_or(Ok(()), |sha256| digest(sha256, "plans.sha256"))?;
    let shell = plan.interpreter.sha256.as_ref();
    shell.map_or(Ok(()), |sha256| digest(sha256, "interpreter.sha256"))?;
    number(plan.unit_count.unwrap_or(0), "plans.unitCount")?;
    need(
        plan.units.is_none() || plan.unit_count.is_none(),
        "plans.unitCount",
        "missing where units are listed",
    )?;
    for unit in plan.units.iter().flatten() {
        number(unit.last_line, "units.lastLine")?;
        need((1..=unit.last_line).contains(&unit.line), "units.line", "from 1 to lastLine")?;
        text(&unit.text, "the text of a unit", !matches!(unit.text, CommandText::Withheld(_)))?;
    }
    Ok(())
}
