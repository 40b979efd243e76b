//! Verdicts: what an envelope or a journal proves, aspect by aspect.
//!
//! What lives here: judging bytes that were read elsewhere. What does not: files, time, who
//! asks; this module does no input or output and imports no door.
//!
//! Rules: each aspect has a line of its own; nothing that was not authenticated is shown as
//! if it were; the exit code follows from the kinds of failure alone.

use crate::crypto::Digest;
use crate::encoding::hex;
use crate::failure::Kind;
use crate::journal::chain::head_token;
use crate::journal::check::{Checked, Origin};
use crate::journal::heads::{KeptHeads, Known};
use crate::journal::shells::{AFTER_LOSS, Finding, Weight};
use crate::policy::{Denial, Ruling};
use crate::seal::envelope::{Envelope, SignatureFailure};
use crate::seal::statement::Statement;
use crate::seal::trust::TrustedKey;
use crate::text::count;

mod contradiction;
mod disagreement;

use contradiction::contradiction;
use disagreement::disagreement;

/// How an aspect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Checked, and good.
    Good,
    /// Checked, and not good.
    Bad,
    /// Not checked, or nothing to check.
    Open,
}

impl Mark {
    /// As one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mark::Good => "good",
            Mark::Bad => "bad",
            Mark::Open => "not-checked",
        }
    }
}

/// One aspect of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aspect {
    /// `signature`, `integrity`, `completeness`, `origin`, `policy` or `trust`.
    pub name: &'static str,
    /// How it stands.
    pub mark: Mark,
    /// In words.
    pub text: String,
}

/// The verdict on one file.
#[must_use]
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Why it is not verified; none when it is. The worst counts.
    pub failure: Option<(Kind, String)>,
    /// One line on what was recorded.
    pub summary: String,
    /// The six aspects, in their order.
    pub aspects: Vec<Aspect>,
    /// Findings of the journal's check.
    pub findings: Vec<Finding>,
    /// What the policy denies.
    pub denials: Vec<Denial>,
    /// The statement, if its signature was verified.
    pub statement: Option<Box<Statement>>,
}

/// The aspects, in the order in which they are printed.
pub const ASPECTS: [&str; 6] = ["signature", "integrity", "completeness", "origin", "policy", "trust"];

/// The order in which failures outweigh one another: 3, 6, 7, 4, 1, 5.
#[must_use]
pub fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Integrity => 6,
        Kind::Untrusted => 5,
        Kind::Unsupported => 4,
        Kind::Incomplete => 3,
        Kind::Policy => 2,
        Kind::Unable => 1,
        Kind::Usage => 0,
    }
}

impl Verdict {
    fn new() -> Self {
        let aspects = ASPECTS.map(|name| Aspect { name, mark: Mark::Open, text: "not checked".into() });
        Verdict {
            failure: None,
            summary: String::new(),
            aspects: aspects.to_vec(),
            findings: Vec::new(),
            denials: Vec::new(),
            statement: None,
        }
    }

    /// The verdict on a file that cannot be judged at all.
    pub fn unable(kind: Kind, why: String) -> Self {
        let mut verdict = Verdict::new();
        verdict.fail(kind, why);
        verdict
    }

    fn set(&mut self, name: &str, mark: Mark, text: impl Into<String>) {
        let aspect = self.aspects.iter_mut().find(|aspect| aspect.name == name).expect("one of ASPECTS");
        (aspect.mark, aspect.text) = (mark, text.into());
    }

    /// Records a failure; one that weighs more than those before becomes the verdict's.
    pub fn fail(&mut self, kind: Kind, why: impl Into<String>) {
        if self.failure.as_ref().is_none_or(|(have, _)| rank(kind) > rank(*have)) {
            self.failure = Some((kind, why.into()));
        }
    }

    /// What is not what was recorded or signed is neither complete nor incomplete.
    fn changed(&mut self, why: impl Into<String>) {
        self.bad("integrity", Kind::Integrity, why);
        self.set("completeness", Mark::Open, NOT_JUDGED);
    }

    fn bad(&mut self, aspect: &str, kind: Kind, why: impl Into<String>) {
        let why = why.into();
        self.set(aspect, Mark::Bad, why.clone());
        self.fail(kind, why);
    }
}

const NOT_JUDGED: &str = "not judged: what is there is not what was recorded";

/// A key, and where it was found.
pub struct Trusted {
    /// The key.
    pub key: TrustedKey,
    /// Its file, for people.
    pub source: String,
}

/// Judges an envelope.
pub fn envelope(envelope: &Envelope, trusted: &[Trusted]) -> Verdict {
    let mut verdict = Verdict::new();
    let keys: Vec<TrustedKey> = trusted.iter().map(|trusted| trusted.key.clone()).collect();
    let sealed_at =
        |payload: &[u8]| Statement::read(payload).ok().and_then(|statement| statement.sealed_at_s());
    let authentic = match envelope.verify(&keys, sealed_at) {
        Ok(authentic) => authentic,
        Err(failure) => {
            untrusted(&mut verdict, &failure);
            return verdict;
        }
    };
    let fingerprint = authentic.key().key().fingerprint();
    verdict.set("signature", Mark::Good, format!("made with {fingerprint}"));
    let source = trusted.iter().find(|trusted| trusted.key.key() == authentic.key().key());
    let who = authentic
        .key()
        .principals()
        .map(|who| format!(", key of {}", crate::text::short(who)))
        .unwrap_or_default();
    verdict.set(
        "trust",
        Mark::Good,
        format!("trusted by {}{who}", source.map_or("", |trusted| &trusted.source)),
    );
    match Statement::read(authentic.payload()) {
        Err(why) => verdict.bad("integrity", Kind::Integrity, why),
        Ok(statement) => judge_statement(&mut verdict, statement),
    }
    verdict
}

/// What a verifier would object to in a payload that is about to be signed.
#[must_use]
pub fn objection(payload: &[u8]) -> Option<String> {
    match Statement::read(payload) {
        Err(why) => Some(why),
        Ok(statement) => contradiction(&statement),
    }
}

fn untrusted(verdict: &mut Verdict, failure: &SignatureFailure) {
    let text = failure.to_string();
    match failure {
        SignatureFailure::KeyidOfAnother { .. } | SignatureFailure::Broken { .. } => {
            verdict.bad("signature", Kind::Integrity, text);
            verdict.set("integrity", Mark::Bad, "payload, signature or key id was changed after signing");
        }
        SignatureFailure::Untrusted { .. } => {
            verdict.set(
                "signature",
                Mark::Open,
                "by no key that is trusted here; nothing of its content is shown",
            );
            verdict.bad("trust", Kind::Untrusted, text);
        }
        SignatureFailure::OutsideValidity { .. } => {
            verdict.set("signature", Mark::Good, "made with a key that is known");
            verdict.bad("trust", Kind::Untrusted, text);
        }
    }
}

fn judge_statement(verdict: &mut Verdict, statement: Statement) {
    let outcome = &statement.predicate.outcome;
    verdict.summary = summary(&statement);
    let contradiction = contradiction(&statement);
    match &contradiction {
        Some(why) => verdict.changed(format!("the statement contradicts itself: {why}")),
        None => verdict.set(
            "integrity",
            Mark::Good,
            format!(
                "payload as signed; it says the chain of {} was unbroken",
                count(statement.predicate.journal.size, "record")
            ),
        ),
    }
    if contradiction.is_some() {
        // Neither is what it says of its end.
    } else if outcome.end == "COMPLETE" {
        let left_out = LeftOut {
            after_loss: after_loss(&statement),
            pauses: outcome.pause_count,
            paused_commands: outcome.paused_command_count,
            withheld: outcome.withheld_count,
            redacted: outcome.redacted_count,
        };
        verdict.set("completeness", Mark::Good, complete_text(&left_out));
    } else {
        let why = statement.predicate.anomalies.iter().find(|anomaly| anomaly.incomplete);
        let why =
            why.map_or_else(String::new, |anomaly| format!(": {} (record {})", anomaly.text, anomaly.record));
        verdict.bad("completeness", Kind::Incomplete, format!("incomplete{why}"));
    }
    let journal = &statement.predicate.journal;
    let head = format!("{}:{}:{}", statement.predicate.session.id, journal.size, journal.root_hash);
    match statement.predicate.origin.status.as_str() {
        "authenticated" => verdict.set("origin", Mark::Good, "the sealer checked it with the origin secret"),
        _ => verdict.set("origin", Mark::Open, format!("not authenticated; pin the head {head}")),
    }
    verdict.set("policy", Mark::Open, "none given");
    verdict.findings = statement.predicate.anomalies.iter().map(finding).collect();
    verdict.statement = Some(Box::new(statement));
}

fn finding(anomaly: &crate::seal::statement::AnomalyFacts) -> Finding {
    let weight = if anomaly.incomplete { Weight::Incomplete } else { Weight::Note };
    Finding { record: anomaly.record, code: "sealed", weight, text: anomaly.text.clone() }
}

fn summary(statement: &Statement) -> String {
    let outcome = &statement.predicate.outcome;
    if outcome.command_count == 0 {
        return format!("nothing was recorded{}", loss_before(after_loss(statement)));
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
    anomalies.find(|anomaly| anomaly.code == AFTER_LOSS).map(|anomaly| anomaly.text.as_str())
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
    if left_out.redacted > 0 {
        text.push_str(&format!("; {} redacted", count(left_out.redacted, "record")));
    }
    if let Some(why) = left_out.after_loss {
        text.push_str(&format!("; {why}"));
    }
    text
}

/// Adds to an envelope's verdict what a policy says. Where the policy names keys, `of_keys`
/// is the verdict that these alone give.
pub fn with_policy(verdict: &mut Verdict, ruling: Ruling, of_keys: Option<&Verdict>) {
    let made = |other: &Verdict| {
        other.aspects.iter().any(|aspect| aspect.name == "trust" && aspect.mark == Mark::Good)
    };
    if of_keys.is_some_and(|other| !made(other)) {
        verdict.bad("trust", Kind::Untrusted, "no key that the policy names made it");
    }
    match ruling.denials.first() {
        Some(first) => {
            let more = match ruling.denials.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            verdict.set("policy", Mark::Bad, format!("not met: {}{more}", first.text));
            verdict.fail(Kind::Policy, first.text.clone());
        }
        None => {
            let summary = ruling.summary.as_deref().map_or_else(String::new, |text| format!(": {text}"));
            verdict.set("policy", Mark::Good, format!("met{summary}"));
            verdict.summary = ruling.summary.unwrap_or_else(|| verdict.summary.clone());
        }
    }
    verdict.denials = ruling.denials;
}

/// Adds to an envelope's verdict what its journal says, by its check and by the statement that
/// is drafted from it now.
pub fn with_journal(verdict: &mut Verdict, checked: &Checked, redrafted: Statement) {
    if let Some(rejection) = &checked.rejection {
        verdict.changed(rejected_text(&rejection.why, rejection.record, rejection.offset));
        return;
    }
    let Some(statement) = &verdict.statement else { return };
    let said = &statement.predicate;
    let journal = &said.journal;
    let id = checked.genesis_body().map(|genesis| genesis.session.as_str());
    let differs = if id != Some(&said.session.id) {
        Some("it is the journal of another session".to_owned())
    } else if (checked.size, hex(&checked.root)) != (journal.size, journal.root_hash.clone()) {
        Some(format!("it has {} records and another root; {} were sealed", checked.size, journal.size))
    } else if (hex(&checked.genesis_root), hex(&checked.head_tag))
        != (journal.genesis_hash.clone(), journal.head_tag.clone())
    {
        Some("its genesis or its last tag is another".to_owned())
    } else {
        disagreement(redrafted.predicate, said)
    };
    match differs {
        Some(why) => verdict.changed(format!("the journal is not the one that was sealed: {why}")),
        None => {
            let text = format!(
                "payload as signed; the journal's {} records verify one by one and are those sealed",
                checked.size
            );
            verdict.set("integrity", Mark::Good, text);
        }
    }
    with_origin(verdict, checked.origin);
}

/// Adds what the origin secret told, where one was given.
fn with_origin(verdict: &mut Verdict, origin: Origin) {
    match origin {
        Origin::Authenticated => {
            verdict.set("origin", Mark::Good, "the journal's tags were made with the origin secret");
        }
        Origin::Foreign => verdict.bad("origin", Kind::Integrity, FOREIGN),
        Origin::None | Origin::NotChecked => {}
    }
}

/// Adds to an envelope's verdict that its journal could not be taken.
pub fn without_journal(verdict: &mut Verdict, kind: Kind, why: String) {
    match kind {
        Kind::Integrity => verdict.changed(why),
        _ => verdict.fail(kind, why),
    }
}

/// Adds whether a file's digest is that of a subject.
pub fn with_artifact(verdict: &mut Verdict, path: &str, digest: &str) {
    let Some(statement) = &verdict.statement else { return };
    if !statement.subject.iter().any(|subject| subject.digest.sha256 == digest) {
        verdict.bad(
            "integrity",
            Kind::Integrity,
            format!("{path} (sha256 {digest}) is not among the subjects"),
        );
    }
}

/// Adds whether what was judged has gone through all heads that were kept elsewhere: `known`
/// is its journal, where that was checked; of an envelope alone the first head and the last
/// stand in the statement. The number of heads that could not be compared comes back.
pub fn with_heads(verdict: &mut Verdict, kept: &KeptHeads, known: Option<Known>) -> usize {
    let rejected = verdict.aspects.iter().any(|one| one.name == "integrity" && one.mark == Mark::Bad);
    let known = known.or_else(|| verdict.statement.as_deref().and_then(sealed_heads));
    let Some(known) = known.filter(|_| !rejected && !kept.is_empty()) else { return 0 };
    match kept.compare(&known) {
        Ok(open) if open.is_empty() => {
            let said = verdict.aspects.iter().find(|one| one.name == "integrity");
            let said = said.map_or_else(String::new, |aspect| aspect.text.clone());
            let which = if kept.len() == 1 { "the head" } else { "all heads" };
            verdict.set("integrity", Mark::Good, format!("{said}; it has gone through {which} given"));
            0
        }
        Ok(open) => open.len(),
        Err(why) => {
            verdict.bad("integrity", Kind::Integrity, why);
            0
        }
    }
}

/// The heads that a statement names: that of genesis, and the last.
fn sealed_heads(statement: &Statement) -> Option<Known> {
    let journal = &statement.predicate.journal;
    let root = |text: &str| crate::encoding::hex_exact(text.as_bytes());
    let roots = vec![(1, root(&journal.genesis_hash)?), (journal.size, root(&journal.root_hash)?)];
    Some(Known { session: statement.predicate.session.id.clone(), size: journal.size, roots })
}

const FOREIGN: &str =
    "the journal names another origin secret than the one given, or none: it comes from elsewhere";

fn rejected_text(why: &str, record: u64, offset: u64) -> String {
    format!("journal record {record} (byte {offset}): {why}")
}

/// Judges a journal that nobody has sealed.
pub fn journal(checked: Checked) -> Verdict {
    let mut verdict = Verdict::new();
    verdict.set("signature", Mark::Open, "not sealed: no envelope was checked");
    verdict.set("trust", Mark::Open, "not sealed: nobody vouches for this journal");
    verdict.set("policy", Mark::Open, "none given");
    if let Some(rejection) = &checked.rejection {
        verdict.changed(rejected_text(&rejection.why, rejection.record, rejection.offset));
        return verdict;
    }
    let story = &checked.story;
    let after_loss = story.findings.iter().find(|finding| finding.code == AFTER_LOSS);
    let after_loss = after_loss.map(|finding| finding.text.as_str());
    let before = loss_before(after_loss);
    verdict.summary = match story.commands {
        0 => format!("not sealed; nothing was recorded{before}"),
        ran => format!("not sealed; {} recorded, {} failed{before}", count(ran, "command"), story.failed),
    };
    verdict.set("integrity", Mark::Good, format!("checked one by one: {}", count(checked.size, "record")));
    if story.is_complete() {
        let left_out = LeftOut {
            after_loss,
            pauses: story.pauses,
            paused_commands: story.paused_commands(),
            withheld: story.withheld,
            redacted: story.redacted,
        };
        verdict.set("completeness", Mark::Good, complete_text(&left_out));
    } else {
        let first = story.findings.iter().find(|finding| finding.weight == Weight::Incomplete);
        let why = first
            .map_or_else(String::new, |finding| format!(": {} (record {})", finding.text, finding.record));
        verdict.bad("completeness", Kind::Incomplete, format!("incomplete{why}"));
    }
    let head =
        checked.genesis_body().map(|genesis| head_token(&genesis.session, checked.size, &checked.root));
    let pin = format!("not authenticated; pin the head {}", head.unwrap_or_default());
    verdict.set("origin", Mark::Open, pin);
    with_origin(&mut verdict, checked.origin);
    verdict.findings = checked.story.findings;
    verdict
}

/// What the recorder of this machine remembers of a journal: its head, and what it found
/// changed.
pub struct Remembered {
    /// How many records there were.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// What was found changed, where something was.
    pub tampered: Option<String>,
}

/// Judges a journal as [`journal`] does, and against what its recorder remembered before it
/// was read: a journal only grows.
pub fn remembered_journal(checked: Checked, remembered: &Remembered) -> Verdict {
    let (size, root) = (checked.size, checked.root);
    let id = checked.genesis_body().map(|genesis| genesis.session.clone()).unwrap_or_default();
    let mut verdict = journal(checked);
    let why = match &remembered.tampered {
        Some(why) => Some(why.clone()),
        None if size < remembered.size => Some(format!("it has {size} records")),
        None if size == remembered.size && root != remembered.root => {
            Some("its records are others".to_owned())
        }
        None => None,
    };
    if let Some(why) = why {
        let head = head_token(&id, remembered.size, &remembered.root);
        verdict.changed(format!(
            "the recorder on this machine remembers another journal: {why}; the last head it recorded is {head}"
        ));
    }
    verdict
}

/// What no verdict of this program proves.
pub const NOT_PROVEN: [&str; 4] = [
    "that only these commands ran: they are what the shells' own hooks reported",
    "that the recorder was honest: its protection level is a file of the same user",
    "when it happened: the clock is the machine's own",
    "that the session was not made up by who sealed it, unless its head was kept elsewhere",
];
