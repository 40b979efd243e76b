//! What the facts of a statement say of files: materials and products.
//!
//! What lives here: which facts count, and which subjects are the products that they tell of. What
//! does not: the manifests, which travel beside (`fact::manifest`).
//!
//! Rules: a fact of the start counts only before the first shell, and of those of the stop the last.

use super::statement::{FactFacts, Predicate, Subject};
use crate::fact::manifest::{name_of, sums};
use crate::fact::{COLLECTION, ERROR, MATERIALS, PRODUCTS};
use crate::record::{Attached, FactTime};
use crate::text::count;

/// What was recorded of files.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    collection: Option<&'a FactFacts>,
    materials: Option<&'a FactFacts>,
    products: Option<&'a FactFacts>,
}

impl<'a> Recorded<'a> {
    /// What a statement says.
    #[must_use]
    pub fn of(predicate: &'a Predicate) -> Self {
        let shells = predicate.session.shells.iter().map(|shell| shell.id);
        Recorded::among(&predicate.facts, shells.min().unwrap_or(u64::MAX))
    }

    /// What facts say of which the first shell stands at this record.
    #[must_use]
    pub fn among(facts: &'a [FactFacts], first_shell: u64) -> Self {
        let at_start = |kind: &str| {
            facts
                .iter()
                .find(|fact| fact.kind == kind && fact.at == FactTime::Start && fact.record < first_shell)
        };
        let (collection, materials) = (at_start(COLLECTION), at_start(MATERIALS));
        let products = facts.iter().rfind(|fact| fact.kind == PRODUCTS && fact.at == FactTime::Stop);
        // Nothing tells what is new if nobody saw what was there.
        Recorded { collection, materials, products: products.filter(|_| materials.is_some()) }
    }

    /// What the name of a file from the root on begins with if it is in the folder of the session, that
    /// the names of products are relative to.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let folder = self.collection?.text("folder")?;
        Some(format!("{}/", name_of(folder.as_bytes()).trim_end_matches('/')))
    }

    /// The manifest of the materials, if they were recorded.
    #[must_use]
    pub fn materials(&self) -> Option<&'a Attached> {
        self.materials.filter(|fact| fact.ok)?.attached.first()
    }

    /// The manifest of the products, if they were recorded.
    #[must_use]
    pub fn products(&self) -> Option<&'a Attached> {
        self.products.filter(|fact| fact.ok)?.attached.first()
    }

    /// How many files came of the session, if that was recorded.
    #[must_use]
    pub fn product_count(&self) -> Option<usize> {
        self.products.filter(|fact| fact.ok)?.text("files")?.parse().ok()
    }

    /// What was recorded of the products, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let unseen = match self.unseen() {
            0 => String::new(),
            unseen => format!("; {} could not be seen", count(unseen, "path")),
        };
        match (self.product_count(), self.failure()) {
            (Some(0), _) => format!("no file is new or changed{unseen}"),
            (Some(files), _) => format!("{}{unseen}", count(files, "file")),
            (None, Some(why)) => format!("not recorded: {why}"),
            (None, None) => "not recorded".to_owned(),
        }
    }

    /// How many paths of the products nobody could see.
    #[must_use]
    pub fn unseen(&self) -> u64 {
        let unseen = self.products.and_then(|fact| fact.text("unseen"));
        unseen.and_then(|unseen| unseen.parse().ok()).unwrap_or(0)
    }

    /// Why the products were not recorded although they were asked for.
    #[must_use]
    pub fn failure(&self) -> Option<&'a str> {
        let failed = |fact: Option<&'a FactFacts>| fact.filter(|fact| !fact.ok);
        failed(self.materials).or_else(|| failed(self.products)).and_then(|fact| fact.text(ERROR))
    }

    /// The subjects that are the products: the first ones, if they are all that the recorder saw.
    #[must_use]
    pub fn listed<'s>(&self, subjects: &'s [Subject]) -> Option<&'s [Subject]> {
        let first = subjects.get(..self.product_count()?)?;
        let named = first.iter().map(|subject| (subject.name.as_str(), subject.digest.sha256.as_str()));
        (Some(sums(named).as_str()) == self.products?.text("sums")).then_some(first)
    }
}
