//! Which fact of a statement counts.
//!
//! Rules: a fact of the start counts only where no shell had joined yet: what runs in a session
//! cannot add one.

use super::statement::{FactFacts, Predicate, Statement};
use crate::fact::NOTICE;
use crate::fact::notice::Notice;
use crate::journal::story::FindingCode;
use crate::record::{FactTime, Said, shown_name};

impl Predicate {
    /// What a collector saw at the start, if it saw it before any shell joined.
    #[must_use]
    pub fn seen_at_start(&self, kind: &str) -> Option<&FactFacts> {
        let first_shell = self.session.shells.iter().map(|shell| shell.id).min().unwrap_or(u64::MAX);
        let good = |fact: &&FactFacts| {
            fact.ok && fact.kind == kind && fact.at == FactTime::Start && fact.record < first_shell
        };
        self.facts.iter().find(good)
    }

    /// What users were told, what the session is for, and how long it is kept.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        self.seen_at_start(NOTICE).map(|fact| Notice::of(|name| fact.text(name)))
    }

    /// What a collector saw last, at a stop.
    #[must_use]
    pub fn seen_at_stop(&self, kind: &str) -> Option<&FactFacts> {
        self.facts.iter().rfind(|fact| fact.ok && fact.kind == kind && fact.at == FactTime::Stop)
    }
}

impl FactFacts {
    /// Whether it has a text of this name, even if that was taken out.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.data.contains_key(name)
    }

    /// A text of it, by name. Of a text that was masked when it was recorded it is the masked form.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let text = |name: &str| self.data.get(name)?.as_deref();
        text(name).or_else(|| text(&shown_name(name)))
    }

    /// The same, and why nothing is there.
    #[must_use]
    pub fn said(&self, name: &str) -> Said<'_> {
        let is_masked = self.has(&shown_name(name));
        Said::of(self.text(name).map(str::as_bytes), is_masked, self.has(name))
    }
}

impl Statement {
    /// What was said before the session began, and when it ended, in nanoseconds since 1970; of one
    /// without an end nobody knows that.
    #[must_use]
    pub fn notice(&self) -> Option<(Notice, Option<u64>)> {
        let has_end = self.predicate.anomalies.iter().all(|anomaly| anomaly.code != FindingCode::NoEnd);
        let closed_at = self.predicate.session.closed_at.parse::<jiff::Timestamp>().ok();
        let closed_ns = closed_at.and_then(|time| u64::try_from(time.as_nanosecond()).ok());
        Some((self.predicate.notice()?, closed_ns.filter(|_| has_end)))
    }
}
