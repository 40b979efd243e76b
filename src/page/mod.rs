//! A page about a sealed file or a journal: HTML for people, Markdown for a pull request.
//!
//! What lives here: the two templates (`page.html`, `page.md`) and the page that both are filled
//! from; what is told of the session (`told`), its commands (`command`) and scripts (`script`), the programs below them (`below`), what
//! hides a failure (`hides`), the chart (`chart`, `lane`), what has room (`room`), texts that are
//! harmless in Markdown (`markdown`), what the templates do with a value (`filters`).
//! What does not: files, and who may see what (`cli::show`).
//!
//! Rules: pure. Every text of others is made visible before it comes into the page, and escaped by
//! the template's own escaper. A page needs no script and nothing from elsewhere.

use askama::Template;

use crate::cause::Code;
use crate::failure::Kind;
use crate::seal::statement::Statement;
use crate::verify::{Mark, Verdict, not_proven};

mod below;
mod chart;
mod command;
mod filters;
mod hides;
mod lane;
pub mod markdown;
mod room;
pub mod script;
mod told;

use room::{List, one_line};
use told::Told;

/// The most findings, and the most denials, that stand on a page.
const LISTED_MAX: usize = 100;

/// What is on a page.
pub struct Page {
    /// What it is about, as the user named it.
    file: String,
    /// In a word or three.
    word: String,
    mark: Mark,
    /// The verdict in a sentence.
    sentence: String,
    aspects: Vec<Aspect>,
    denied: List<String>,
    findings: List<String>,
    /// Of the session; nothing where nobody who is trusted vouches for it.
    told: Option<Told>,
    not_proven: Vec<String>,
}

/// An aspect of the verdict.
struct Aspect {
    name: &'static str,
    mark: Mark,
    text: String,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "page.md")]
struct Markdown<'a> {
    page: &'a Page,
}

impl Page {
    /// The page about a file, by its verdict. What the statement says is told only where a
    /// trusted key made the file, and of a journal that is what was recorded.
    #[must_use]
    pub fn new(file: &str, verdict: &Verdict, statement: Option<&Statement>, keyid: Option<&str>) -> Self {
        let believed = verdict.aspects.trust.mark == Mark::Good || verdict.unsealed;
        let intact = verdict.aspects.integrity.mark != Mark::Bad;
        let told = statement.filter(|_| believed && intact).map(|statement| Told::of(statement, keyid));
        let (headline, mark) = headline(verdict);
        let sentence = verdict.failure.as_ref().filter(|_| mark == Mark::Bad);
        let aspects = verdict.aspects.named().map(|(name, aspect)| Aspect {
            name,
            mark: aspect.mark,
            text: one_line(&aspect.text),
        });
        let findings = verdict.findings.iter();
        let findings =
            findings.map(|finding| one_line(&format!("record {}: {}", finding.record, finding.text)));
        Page {
            file: one_line(file),
            word: headline,
            mark,
            sentence: one_line(sentence.map_or(&verdict.summary, |objection| &objection.text)),
            aspects: aspects.into(),
            denied: List::first(verdict.denials.iter().map(|denial| one_line(&denial.text)), LISTED_MAX),
            findings: List::first(findings.filter(|_| told.is_some()), LISTED_MAX),
            not_proven: not_proven(verdict).map(|text| one_line(&text)).into(),
            told,
        }
    }

    /// Whether it tells nothing of a session.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.told.is_none()
    }

    /// As HTML: one file that needs no other.
    ///
    /// # Panics
    /// Never: a text takes everything that is written to it.
    #[must_use]
    pub fn html(&self) -> String {
        Html { page: self }.render().expect("a text takes everything")
    }

    /// As Markdown, short enough for a comment on a pull request.
    ///
    /// # Panics
    /// Never: a text takes everything that is written to it.
    #[must_use]
    pub fn markdown(&self) -> String {
        Markdown { page: self }.render().expect("a text takes everything")
    }
}

/// The verdict in a word or three.
fn headline(verdict: &Verdict) -> (String, Mark) {
    let failure = verdict.failure.as_ref();
    let refused = failure.filter(|objection| matches!(objection.kind(), Kind::Integrity | Kind::Unsupported));
    match (refused, failure) {
        (Some(_), _) if verdict.unsealed => ("NOT INTACT".to_owned(), Mark::Bad),
        // Of a journal the verdict that counts is the one on what is sealed of it.
        _ if verdict.unsealed => ("UNSEALED JOURNAL".to_owned(), Mark::Open),
        (_, None) => ("VERIFIED".to_owned(), Mark::Good),
        (_, Some(objection)) if objection.code == Code::SignatureUntrusted => {
            ("NOT TRUSTED".to_owned(), Mark::Bad)
        }
        (_, Some(objection)) => (format!("NOT VERIFIED ({})", objection.kind().word()), Mark::Bad),
    }
}
