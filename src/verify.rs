//! Verdicts: what an envelope or a journal proves, aspect by aspect.
//!
//! What lives here: judging bytes that were read elsewhere. What does not: files, time, who
//! asks; this module does no input or output and imports no door.
//!
//! Rules: each aspect has a line of its own; nothing that was not authenticated is shown as
//! if it were; the exit code follows from the kinds of failure alone.

use crate::cause::{Cause, Code};
use crate::crypto::Digest;
use crate::encoding::{hex, hex_exact};
use crate::failure::Kind;
use crate::journal::check::{Checked, Origin, Rejection};
use crate::journal::head::Head;
use crate::journal::heads::{KeptHeads, Known};
use crate::journal::story::{Finding, FindingCode};
use crate::policy::context::Context;
use crate::policy::{AHEAD_MAX_S, Ruling};
use crate::record::is_known_fact;
use crate::seal::envelope::{Beside, Envelope, PAYLOAD_TYPE, SignatureFailure};
use crate::seal::form;
use crate::seal::processes::ByShell;
use crate::seal::statement::{AnomalyFacts, Completeness, HeadFacts, OriginStatus, Statement};
use crate::seal::trust::TrustedKey;
use crate::text::{and_more, count};

mod artifact;
mod contradiction;
mod disagreement;
mod evidence;
pub mod summary;
mod told;
mod touched;
mod unproven;
mod verdict;

pub use artifact::{Artifact, Products, Tree, as_product, product_of, with_artifacts};
pub use unproven::{not_proven, with_protection};
pub use verdict::{Aspect, Aspects, Mark, Objection, Told, Verdict, rank};

use contradiction::contradiction;
use disagreement::disagreement;
use evidence::{ended_with, evidence};

/// A key, and where it was found.
pub struct Trusted {
    /// The key.
    pub key: TrustedKey,
    /// Its file, for people.
    pub source: String,
}

/// The time at which it is judged.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// Now, in seconds since 1970.
    pub now_s: i64,
    /// The keys have to be valid when it was sealed, by the word of the sealer, and not now.
    pub keys_when_sealed: bool,
}

impl At {
    /// All is judged by this time, in seconds since 1970.
    #[must_use]
    pub fn time(now_s: i64) -> Self {
        At { now_s, keys_when_sealed: false }
    }

    fn of_keys(self, payload: &[u8]) -> Option<i64> {
        if self.keys_when_sealed { form::sealed_at_s(payload) } else { Some(self.now_s) }
    }
}

/// Judges an envelope.
pub fn envelope(envelope: &Envelope, trusted: &[Trusted], at: At) -> Verdict {
    let mut verdict = Verdict::default();
    let keys: Vec<TrustedKey> = trusted.iter().map(|trusted| trusted.key.clone()).collect();
    let authentic = match envelope.verify(&keys, |payload| at.of_keys(payload)) {
        Ok(authentic) => authentic,
        Err(failure) => {
            untrusted(&mut verdict, &failure);
            return verdict;
        }
    };
    let fingerprint = authentic.key().key().fingerprint();
    let mut made = format!("made with {fingerprint}");
    if envelope.signature_count() > 1 {
        let more = count(envelope.signature_count() - 1, "more signature");
        made.push_str(&format!("; {more}, not checked"));
    }
    if !envelope.unchecked().is_empty() {
        made.push_str(&format!("; not checked: the {} in the bundle", envelope.unchecked().join(", ")));
    }
    if envelope.has_other_keyid() {
        made.push_str("; not compared: the key id, which is no fingerprint");
    }
    verdict.aspects.signature.set(Mark::Good, made);
    let source = trusted.iter().find(|trusted| trusted.key.key() == authentic.key().key());
    let who = authentic
        .key()
        .principals()
        .map(|who| format!(", key of {}", crate::text::short(who)))
        .unwrap_or_default();
    verdict
        .aspects
        .trust
        .set(Mark::Good, format!("trusted by {}{who}", source.map_or("", |trusted| &trusted.source)));
    if let Some(found) = envelope.unknown() {
        let text = format!("{found}, which this verifier does not know");
        verdict.changed(Objection::new(Code::EnvelopeType, text));
        return verdict;
    }
    if authentic.payload_type() != PAYLOAD_TYPE {
        let text = format!("the payload is of the type {}", crate::text::short(authentic.payload_type()));
        verdict.changed(Objection::new(Code::EnvelopeType, text));
        return verdict;
    }
    match form::read(authentic.payload()) {
        Err(cause) => verdict.changed(Objection::of(&cause)),
        Ok(statement) => {
            let ahead_s = statement.sealed_at_s().map(|sealed_s| sealed_s.saturating_sub(at.now_s));
            judge_statement(&mut verdict, statement, envelope.beside());
            if let Some(ahead_s) = ahead_s.filter(|ahead_s| *ahead_s > AHEAD_MAX_S) {
                let text =
                    format!("sealed {ahead_s} s in the future: the sealer's clock or this one is wrong");
                verdict.aspects.trust.set(Mark::Bad, text.clone());
                verdict.fail(Objection::new(Code::SignatureFuture, text));
            }
        }
    }
    verdict
}

/// What a verifier would object to in a payload that is about to be signed.
#[must_use]
pub fn objection(payload: &[u8]) -> Option<Cause> {
    match form::read(payload) {
        Err(cause) => Some(cause),
        Ok(statement) => contradiction(&statement),
    }
}

fn untrusted(verdict: &mut Verdict, failure: &SignatureFailure) {
    let (code, text) = (failure.code(), failure.to_string());
    let aspects = &mut verdict.aspects;
    match failure {
        SignatureFailure::KeyidOfAnother { .. } | SignatureFailure::Broken { .. } => {
            aspects.signature.set(Mark::Bad, text.clone());
            aspects.integrity.set(Mark::Bad, "payload, signature or key id was changed after signing");
        }
        SignatureFailure::Untrusted { keyid, .. } => {
            let whose = match keyid.is_empty() {
                true => "not trusted: give the public key of who sealed it with --trust",
                false => "not trusted: if you know whose key that is, give it with --trust",
            };
            aspects.signature.set(Mark::Open, "not checked, so attesh shows nothing of the content");
            aspects.trust.set(Mark::Bad, whose);
        }
        SignatureFailure::OutsideValidity { .. } => {
            aspects.signature.set(Mark::Good, "made with a key that is known");
            aspects.trust.set(Mark::Bad, text.clone());
        }
    }
    verdict.fail(Objection::new(code, text));
}

fn judge_statement(verdict: &mut Verdict, mut statement: Statement, beside: Option<&Beside>) {
    let contradiction = contradiction(&statement).map(|cause| Objection::of(&cause));
    let told = told::tell(verdict, &mut statement, beside);
    let wrong = contradiction.or_else(|| told.as_ref().err().cloned());
    let outcome = &statement.predicate.outcome;
    verdict.summary = summary(&statement);
    let findings: Vec<Finding> = statement.predicate.anomalies.iter().map(finding).collect();
    match &wrong {
        Some(objection) => verdict.changed(objection.clone()),
        None => verdict.aspects.integrity.set(
            Mark::Good,
            format!(
                "payload as signed; it says the chain of {} was unbroken{}",
                count(statement.predicate.journal.size, "record"),
                told.unwrap_or_default()
            ),
        ),
    }
    if wrong.is_some() {
        // Neither is what it says of its end.
    } else if outcome.end == Completeness::Complete {
        let left_out = LeftOut {
            after_loss: after_loss(&statement),
            pauses: outcome.pause_count,
            paused_commands: outcome.paused_command_count,
            withheld: outcome.withheld_count,
            redacted: outcome.redacted_count,
        };
        verdict.aspects.completeness.set(Mark::Good, complete_text(&left_out));
    } else {
        incomplete(verdict, &findings, outcome.redacted_count);
    }
    let (mark, text) = evidence(&statement.predicate, None);
    verdict.aspects.evidence.set(mark, text);
    let context = Context::of(&statement);
    let mark = if context.is_empty() { Mark::Open } else { Mark::Good };
    verdict.aspects.context.set(mark, context.words());
    verdict.aspects.products.set(Mark::Open, artifact::uncompared(&statement));
    let head = statement.head().map_or_else(String::new, |head| head.to_string());
    match statement.predicate.origin.status {
        OriginStatus::Authenticated => {
            verdict.aspects.origin.set(Mark::Good, "the sealer checked it with the origin secret")
        }
        _ => verdict.aspects.origin.set(Mark::Open, format!("not authenticated; pin the head {head}")),
    }
    verdict.aspects.policy.set(Mark::Open, "none given");
    verdict.notice = statement.notice().filter(|_| wrong.is_none());
    verdict.findings = findings;
    let unknown = || statement.predicate.facts.iter().filter(|fact| !is_known_fact(&fact.kind));
    verdict.unknown_facts = unknown().count() as u64;
    let listed = statement.predicate.facts.len() as u64;
    verdict.unlisted_facts = statement.predicate.outcome.fact_count.saturating_sub(listed);
    let extensions = statement.predicate.extensions.keys();
    verdict.unknown_extensions = extensions.filter(|uri| !form::is_known_extension(uri)).count() as u64;
    if let Some(fact) = unknown().find(|fact| fact.must) {
        not_understood(verdict, fact.record, &fact.kind);
    }
    verdict.statement = Some(Box::new(statement));
}

/// The session is incomplete; the first finding that says so is named.
fn incomplete(verdict: &mut Verdict, findings: &[Finding], redacted: u64) {
    let first = findings.iter().find(|finding| finding.is_incomplete());
    let text = first.map_or_else(
        || "incomplete".to_owned(),
        |finding| format!("incomplete: {} (record {})", finding.text, finding.record),
    );
    verdict.aspects.completeness.set(Mark::Bad, format!("{text}{}", taken_out(redacted)));
    let code = first.and_then(|finding| finding.code.cause()).unwrap_or(Code::StoryNoEnd);
    verdict.fail(Objection { record: first.map(|finding| finding.record), ..Objection::new(code, text) });
}

fn finding(anomaly: &AnomalyFacts) -> Finding {
    Finding { record: anomaly.record, code: anomaly.code, text: anomaly.text.clone() }
}

/// A fact that must be understood and is not: the session cannot be judged here.
fn not_understood(verdict: &mut Verdict, record: u64, kind: &str) {
    let text = format!(
        "record {record} is a fact of the type {}, which must be understood",
        crate::text::short(kind)
    );
    verdict.fail(Objection { record: Some(record), ..Objection::new(Code::FactUnknown, text) });
}

fn summary(statement: &Statement) -> String {
    let outcome = &statement.predicate.outcome;
    if outcome.command_count == 0 {
        let predicate = &statement.predicate;
        let statuses = predicate.plans.iter().filter_map(|plan| ended_with(predicate, plan));
        let failed = statuses.into_iter().find(|status| *status != 0);
        let failed = failed.map_or_else(String::new, |code| format!(", and a script ended with {code}"));
        return format!("nothing was recorded{failed}{}", loss_before(after_loss(statement)));
    }
    let result = match (outcome.all_succeeded, outcome.failed_count) {
        (true, _) => "all succeeded".to_owned(),
        (false, 0) => format!("none failed, {} of unknown status", outcome.unobserved_count),
        (false, failed) => format!("{failed} failed"),
    };
    let before = loss_before(after_loss(statement));
    format!("{} recorded, {result}{before}", count(outcome.command_count, "command"))
}

/// What the statement says of a broken session before this one.
fn after_loss(statement: &Statement) -> Option<&str> {
    let mut anomalies = statement.predicate.anomalies.iter();
    anomalies.find(|anomaly| anomaly.code == FindingCode::AfterLoss).map(|anomaly| anomaly.text.as_str())
}

fn loss_before(after_loss: Option<&str>) -> &'static str {
    if after_loss.is_some() { ", after a session that was lost or tampered with" } else { "" }
}

/// What is left out of a complete story, and with whose word.
struct LeftOut<'a> {
    after_loss: Option<&'a str>,
    pauses: u64,
    paused_commands: Option<u64>,
    withheld: u64,
    redacted: u64,
}

fn complete_text(left_out: &LeftOut) -> String {
    let mut text = match left_out.after_loss {
        None => "complete".to_owned(),
        Some(_) => "complete in itself".to_owned(),
    };
    let paused = left_out
        .paused_commands
        .map_or_else(|| "an unknown number of commands".to_owned(), |commands| count(commands, "command"));
    match left_out.pauses {
        0 => {}
        1 => text.push_str(&format!(", with one declared pause: {paused} not recorded")),
        many => text.push_str(&format!(", with {many} declared pauses: {paused} not recorded")),
    }
    if left_out.withheld > 0 {
        text.push_str(&format!("; {} withheld by history settings", count(left_out.withheld, "text")));
    }
    text.push_str(&taken_out(left_out.redacted));
    if let Some(why) = left_out.after_loss {
        text.push_str(&format!("; {why}"));
    }
    text
}

/// How many texts were taken out, behind what else is said.
fn taken_out(texts: u64) -> String {
    if texts == 0 { String::new() } else { format!("; {} redacted", count(texts, "text")) }
}

/// Adds to an envelope's verdict what a policy says. Where the policy names keys, `of_keys`
/// is the verdict that these alone give. A policy judges nothing that is unsupported.
pub fn with_policy(verdict: &mut Verdict, ruling: Ruling, of_keys: Option<&Verdict>) {
    if verdict.failure.as_ref().is_some_and(|objection| objection.kind() == Kind::Unsupported) {
        verdict.aspects.policy = verdict::Aspect::default();
        return;
    }
    if of_keys.is_some_and(|other| other.aspects.trust.mark != Mark::Good) {
        let text = "no key that the policy names made it";
        verdict.aspects.trust.set(Mark::Bad, text);
        verdict.fail(Objection::new(Code::SignaturePolicy, text));
    }
    match ruling.denials.first() {
        Some(first) => {
            let denied = and_more(&first.text, ruling.denials.len());
            verdict.aspects.policy.set(Mark::Bad, format!("not met: {denied}"));
            verdict.fail(Objection { line: first.line, ..Objection::new(first.code, first.text.clone()) });
        }
        None => {
            let summary = ruling.summary.as_deref().map_or_else(String::new, |text| format!(": {text}"));
            verdict.aspects.policy.set(Mark::Good, format!("met{summary}"));
            verdict.summary = ruling.summary.unwrap_or_else(|| verdict.summary.clone());
        }
    }
    verdict.denials = ruling.denials;
}

/// Adds to an envelope's verdict what its journal says, by its check and by the statement that
/// is drafted from it now. `starts` are those that it tells of, where the statement has not all.
pub fn with_journal(verdict: &mut Verdict, checked: &Checked, redrafted: Statement, starts: Option<ByShell>) {
    if let Some(rejection) = &checked.rejection {
        verdict.changed(rejected(rejection));
        return;
    }
    let Some(statement) = verdict.sealed.as_ref().or(verdict.statement.as_ref()) else { return };
    let said = &statement.predicate;
    let journal = &said.journal;
    let id = checked.genesis_body().map(|genesis| genesis.session.as_str());
    let differs = if id != Some(&said.session.id) {
        Some((Code::SealedSession, "it is the journal of another session".to_owned()))
    } else if (checked.size, hex(&checked.root)) != (journal.size, journal.root_hash.clone()) {
        let text = format!("it has {} records and another root; {} were sealed", checked.size, journal.size);
        Some((Code::SealedJournal, text))
    } else if (hex(&checked.genesis_root), hex(&checked.head_tag))
        != (journal.genesis_hash.clone(), journal.head_tag.clone())
    {
        Some((Code::SealedJournal, "its genesis or its last tag is another".to_owned()))
    } else {
        disagreement(redrafted.predicate, said).map(|what| (Code::SealedStatement, what))
    };
    match differs {
        Some((code, why)) => {
            let text = format!("the journal is not the one that was sealed: {why}");
            verdict.changed(Objection::new(code, text));
        }
        None => {
            let text = format!(
                "payload as signed; the journal's {} records verify one by one and are those sealed{}",
                checked.size,
                verdict.told.map_or_else(String::new, |told| told.words())
            );
            verdict.aspects.integrity.set(Mark::Good, text);
            if let Some(statement) = &verdict.statement {
                let (mark, text) = evidence(&statement.predicate, starts.as_ref());
                verdict.aspects.evidence.set(mark, text);
            }
            verdict.starts = starts;
            (verdict.unknown_facts, verdict.unlisted_facts) = (checked.story.unknown_facts, 0);
            if let Some((record, kind)) = &checked.story.must_understand {
                not_understood(verdict, *record, kind);
            }
        }
    }
    with_origin(verdict, checked.origin);
}

/// Adds what the origin secret told, where one was given.
fn with_origin(verdict: &mut Verdict, origin: Origin) {
    match origin {
        Origin::Authenticated => {
            verdict.aspects.origin.set(Mark::Good, "the journal's tags were made with the origin secret");
        }
        Origin::Foreign => {
            let objection = Objection::of(&Code::JournalOrigin.into());
            verdict.aspects.origin.set(Mark::Bad, objection.text.clone());
            verdict.fail(objection);
        }
        Origin::None | Origin::NotChecked => {}
    }
}

/// Adds to an envelope's verdict that its journal could not be taken.
pub fn without_journal(verdict: &mut Verdict, objection: Objection) {
    match objection.kind() {
        Kind::Integrity | Kind::Unsupported => verdict.changed(objection),
        _ => verdict.fail(objection),
    }
}

/// Adds what became of the files that travel with the journal: how many are not beside it, or
/// that one is another. Nothing is added to a journal that was not taken.
pub fn with_attached(verdict: &mut Verdict, found: Result<u64, Cause>) {
    if verdict.aspects.integrity.mark != Mark::Good {
        return;
    }
    match found {
        Ok(0) => {}
        Ok(missing) => {
            let text = &verdict.aspects.integrity.text;
            let text = format!("{text}; not beside it: {}", count(missing, "attached file"));
            verdict.aspects.integrity.text = text;
            verdict.missing_attached = missing;
        }
        Err(cause) => without_journal(verdict, Objection::of(&cause)),
    }
}

/// Adds whether what was judged has gone through all heads that were kept elsewhere: `known`
/// is its journal, where that was checked; of an envelope alone the heads that the statement
/// names. The number of heads that could not be compared comes back.
pub fn with_heads(verdict: &mut Verdict, kept: &KeptHeads, known: Option<Known>) -> usize {
    let rejected = verdict.aspects.integrity.mark == Mark::Bad;
    let known = known.or_else(|| verdict.statement.as_deref().and_then(sealed_heads));
    let Some(known) = known.filter(|_| !rejected && !kept.is_empty()) else { return 0 };
    match kept.compare(&known) {
        Ok(open) if open.is_empty() => {
            let said = verdict.aspects.integrity.text.clone();
            let which = if kept.len() == 1 { "the head" } else { "all heads" };
            verdict.aspects.integrity.set(Mark::Good, format!("{said}; it has gone through {which} given"));
            0
        }
        Ok(open) => open.len(),
        Err(cause) => {
            verdict.aspects.integrity.set(Mark::Bad, cause.detail.clone());
            verdict.fail(Objection::new(cause.code, cause.detail));
            0
        }
    }
}

/// The heads that a statement names.
fn sealed_heads(statement: &Statement) -> Option<Known> {
    let predicate = &statement.predicate;
    let root = |head: &HeadFacts| Some((head.size, hex_exact(head.root_hash.as_bytes())?));
    let roots = predicate.heads.iter().map(root).collect::<Option<Vec<(u64, Digest)>>>()?;
    Some(Known { session: statement.head()?.session, size: predicate.journal.size, roots })
}

/// The objection to a journal that was rejected.
#[must_use]
pub fn rejected(rejection: &Rejection) -> Objection {
    let Rejection { record, offset, cause } = rejection;
    let text = format!("journal record {record} (byte {offset}): {cause}");
    Objection { record: Some(*record), offset: Some(*offset), ..Objection::new(cause.code, text) }
}

/// Adds to the verdict on a journal that something was asked for that a trusted key sealed; an
/// envelope of its session may be elsewhere.
pub fn with_seal_wanted(verdict: &mut Verdict, is_elsewhere: bool) {
    let text = if is_elsewhere { "a journal, and not the envelope" } else { "a journal that nobody sealed" };
    verdict.aspects.trust.set(Mark::Bad, text);
    verdict.fail(Objection::new(Code::SignatureUntrusted, text));
}

/// Adds to the verdict on a journal that its session was sealed: where, in words, by the list of this
/// machine, which nobody vouches for.
pub fn with_envelope_elsewhere(verdict: &mut Verdict, place: &str) {
    let aspects = &mut verdict.aspects;
    aspects.signature.set(Mark::Open, format!("not checked: the session was sealed in {place}"));
    aspects.trust.set(Mark::Open, "nobody vouches for this journal itself");
    aspects.evidence.set(Mark::Open, "told by who made this journal");
    aspects.context.set(Mark::Open, "told by who made this journal");
    if let Some(rest) = verdict.summary.strip_prefix("not sealed; ") {
        verdict.summary = format!("the journal alone of a sealed session; {rest}");
    }
}

/// Judges a journal that nobody has sealed.
pub fn journal(checked: Checked) -> Verdict {
    let mut verdict = Verdict { unsealed: true, ..Verdict::default() };
    verdict.aspects.signature.set(Mark::Open, "not sealed: no envelope was checked");
    verdict.aspects.trust.set(Mark::Open, "not sealed: nobody vouches for this journal");
    verdict.aspects.policy.set(Mark::Open, "none given");
    verdict.aspects.evidence.set(Mark::Open, "not sealed: told by who made this journal");
    verdict.aspects.context.set(Mark::Open, "not sealed: told by who made this journal");
    if let Some(rejection) = &checked.rejection {
        verdict.changed(rejected(rejection));
        return verdict;
    }
    let story = &checked.story;
    let after_loss = story.findings.iter().find(|finding| finding.code == FindingCode::AfterLoss);
    let after_loss = after_loss.map(|finding| finding.text.as_str());
    let before = loss_before(after_loss);
    verdict.summary = match story.commands {
        0 => format!("not sealed; nothing was recorded{before}"),
        ran => format!("not sealed; {} recorded, {} failed{before}", count(ran, "command"), story.failed),
    };
    verdict
        .aspects
        .integrity
        .set(Mark::Good, format!("checked one by one: {}", count(checked.size, "record")));
    if story.is_complete() {
        let left_out = LeftOut {
            after_loss,
            pauses: story.pauses,
            paused_commands: story.paused_commands(),
            withheld: story.withheld,
            redacted: story.redacted,
        };
        verdict.aspects.completeness.set(Mark::Good, complete_text(&left_out));
    } else {
        incomplete(&mut verdict, &story.findings, story.redacted);
    }
    verdict.unknown_facts = story.unknown_facts;
    with_protection(&mut verdict, &checked);
    if let Some((record, kind)) = &story.must_understand {
        not_understood(&mut verdict, *record, kind);
    }
    let head = checked.head().map_or_else(String::new, |head| head.to_string());
    let pin = format!("not authenticated; pin the head {head}");
    verdict.aspects.origin.set(Mark::Open, pin);
    with_origin(&mut verdict, checked.origin);
    verdict.findings = checked.story.findings;
    verdict
}

/// What the recorder of this machine remembers of a journal: its head, and what it found
/// changed.
pub struct Remembered {
    /// Its head.
    pub head: Head,
    /// What was found changed, where something was.
    pub tampered: Option<String>,
}

/// Judges a journal as [`journal`] does, and against what its recorder remembered before it
/// was read: a journal only grows.
pub fn remembered_journal(checked: Checked, remembered: &Remembered) -> Verdict {
    let (size, root, last) = (checked.size, checked.root, remembered.head);
    let mut verdict = journal(checked);
    let why = match &remembered.tampered {
        Some(why) => Some(why.clone()),
        None if size < last.size => Some(format!("it has {size} records")),
        None if size == last.size && root != last.root => Some("its records are others".to_owned()),
        None => None,
    };
    if let Some(why) = why {
        let text = format!(
            "the recorder on this machine remembers another journal: {why}; the last head it recorded is {last}"
        );
        verdict.changed(Objection::new(Code::JournalRemembered, text));
    }
    verdict
}
