//! The shape of a verdict: its aspects, why it is not verified, and what outweighs what.
//!
//! What lives here: the types. What does not: how each of them comes about (`verify`).

use crate::cause::{Cause, Code};
use crate::fact::notice::Notice;
use crate::failure::Kind;
use crate::journal::story::Finding;
use crate::policy::Denial;
use crate::seal::processes::ByShell;
use crate::seal::statement::Statement;
use crate::text::count;

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
    /// How it stands.
    pub mark: Mark,
    /// In words.
    pub text: String,
}

impl Aspect {
    pub(super) fn set(&mut self, mark: Mark, text: impl Into<String>) {
        *self = Aspect { mark, text: text.into() };
    }
}

impl Default for Aspect {
    fn default() -> Self {
        Aspect { mark: Mark::Open, text: "not checked".into() }
    }
}

/// The aspects of a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aspects {
    /// Who signed.
    pub signature: Aspect,
    /// Whether it is what was recorded and signed.
    pub integrity: Aspect,
    /// Whether everything is told.
    pub completeness: Aspect,
    /// What the starts and statuses of its commands rest on.
    pub evidence: Aspect,
    /// On what it ran.
    pub context: Aspect,
    /// What came of it.
    pub products: Aspect,
    /// Where the journal comes from.
    pub origin: Aspect,
    /// Whether the policy is met.
    pub policy: Aspect,
    /// Whether who signed is trusted.
    pub trust: Aspect,
}

impl Aspects {
    /// Each with its name, in the order in which they are printed.
    #[must_use]
    pub fn named(&self) -> [(&'static str, &Aspect); 9] {
        [
            ("signature", &self.signature),
            ("integrity", &self.integrity),
            ("completeness", &self.completeness),
            ("evidence", &self.evidence),
            ("context", &self.context),
            ("products", &self.products),
            ("origin", &self.origin),
            ("policy", &self.policy),
            ("trust", &self.trust),
        ]
    }
}

/// Why something is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Which cause; the exit code follows from its kind.
    pub code: Code,
    /// In words.
    pub text: String,
    /// The record that it is about.
    pub record: Option<u64>,
    /// Where that record's line begins in its journal, in bytes.
    pub offset: Option<u64>,
    /// The line of the script that it is about.
    pub line: Option<u64>,
}

impl Objection {
    /// An objection without a place.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Objection { code, text: text.into(), record: None, offset: None, line: None }
    }

    /// An objection with the sentence of its code alone, and what belongs to this case.
    #[must_use]
    pub fn of(cause: &Cause) -> Self {
        Objection::new(cause.code, cause.to_string())
    }

    /// What follows from it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.code.kind()
    }
}

/// How many texts of a selective statement are disclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// So many.
    pub disclosed: u64,
    /// Of so many that it commits to.
    pub of: u64,
}

impl Told {
    /// Behind what else is said.
    pub(super) fn words(self) -> String {
        format!("; {} of {} disclosed", self.disclosed, count(self.of, "text"))
    }
}

/// The verdict on one file.
#[must_use]
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Why it is not verified; none when it is. The worst counts.
    pub failure: Option<Objection>,
    /// One line on what was recorded.
    pub summary: String,
    /// How each aspect stands.
    pub aspects: Aspects,
    /// Findings of the journal's check.
    pub findings: Vec<Finding>,
    /// Facts of types that this program does not know; they were checked like every record.
    pub unknown_facts: u64,
    /// Facts that the statement has no room for, and that no journal was there to tell of.
    pub unlisted_facts: u64,
    /// Extensions that this program does not know; the form of each was checked.
    pub unknown_extensions: u64,
    /// What was said before the session began, and when it ended, in nanoseconds since 1970.
    pub notice: Option<(Notice, Option<u64>)>,
    /// Files that facts of the journal name and that are not beside it.
    pub missing_attached: u64,
    /// What protected the keys, as the journal says it, where one was checked.
    pub protection: Option<String>,
    /// The starts of programs that the journal tells of, where one was checked that is the sealed one and
    /// the statement has not all.
    pub starts: Option<ByShell>,
    /// What the policy denies.
    pub denials: Vec<Denial>,
    /// The files that are subjects: each as it was given, and the subject's name.
    pub artifacts: Vec<(String, String)>,
    /// The files that are none, in words.
    pub refused: Vec<String>,
    /// It is a journal that nobody has sealed.
    pub unsealed: bool,
    /// The digest of the envelope as it is written here, in hexadecimal, where it was asked for.
    pub envelope_sha256: Option<String>,
    /// Of a selective statement, how many of its texts are disclosed.
    pub told: Option<Told>,
    /// A selective statement as it was signed.
    pub sealed: Option<Box<Statement>>,
    /// The statement, if its signature was verified; of a selective one with what is disclosed.
    pub statement: Option<Box<Statement>>,
}

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
    /// The verdict on a file that cannot be judged at all.
    pub fn unable(objection: Objection) -> Self {
        Verdict { failure: Some(objection), ..Verdict::default() }
    }

    /// Whether a trusted key sealed it, and nothing speaks against it.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.failure.is_none() && !self.unsealed
    }

    /// Records a failure; one that weighs more than those before becomes the verdict's.
    pub fn fail(&mut self, objection: Objection) {
        if self.failure.as_ref().is_none_or(|have| rank(objection.kind()) > rank(have.kind())) {
            self.failure = Some(objection);
        }
    }

    /// What is not what was recorded or signed, or is not known here, is neither complete nor
    /// incomplete.
    pub(super) fn changed(&mut self, objection: Objection) {
        let (mark, judged) = match objection.kind() {
            Kind::Integrity => (Mark::Bad, NOT_JUDGED),
            _ => (Mark::Open, NOT_KNOWN),
        };
        self.aspects.integrity.set(mark, objection.text.clone());
        self.aspects.completeness.set(Mark::Open, judged);
        self.fail(objection);
    }
}

const NOT_JUDGED: &str = "not judged: what is there is not what was recorded";
const NOT_KNOWN: &str = "not judged: this verifier does not know what is there, and checked nothing of it";
