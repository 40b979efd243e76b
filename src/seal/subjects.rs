//! Subjects that follow from something else: products, scripts, attached files.
//!
//! What lives here: their names, and how many there are. What does not: those that a sealer names.
//!
//! Rules: whoever has the statement comes to the same ones.

use std::collections::HashMap;

use super::statement::{
    FactFacts, PRODUCTS_MAX, PlanFacts, SUBJECT_ATTACHED, SUBJECT_SCRIPT, SUBJECT_SESSION,
    SUBJECT_TRANSCRIPT, Sha256, Subject,
};
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::fact::manifest::Manifest;

impl Subject {
    /// Whether it is a file of the user: neither a script, nor an attached file, nor what the sealer
    /// says of the session.
    #[must_use]
    pub fn is_file(&self) -> bool {
        is_file(&self.name)
    }
}

/// Whether a subject of this name is a file of the user.
#[must_use]
pub fn is_file(name: &str) -> bool {
    let prefixed = [SUBJECT_SCRIPT, SUBJECT_ATTACHED].iter().any(|prefix| name.starts_with(prefix));
    !prefixed && ![SUBJECT_SESSION, SUBJECT_TRANSCRIPT].contains(&name)
}

/// The names and digests of products as subjects; none where they are too many.
#[must_use]
pub fn product_subjects(products: &Manifest) -> Vec<(String, String)> {
    let named = products.named();
    if named.len() <= PRODUCTS_MAX { named } else { Vec::new() }
}

/// The subjects of the scripts that were to run, at most so many: any tool can ask whether one
/// was. A second script of the same name takes a number behind it.
#[must_use]
pub fn script_subjects(plans: &[PlanFacts], most: usize) -> Vec<Subject> {
    // A plan without bytes is of a script that nobody could read, or that was too long to be kept.
    let none = hex(&sha256(&[]));
    let script = |plan: &PlanFacts| plan.sha256.clone().filter(|sha256| *sha256 != none);
    let scripts = plans.iter().filter_map(|plan| Some((plan.name.as_deref()?, script(plan)?)));
    numbered(SUBJECT_SCRIPT, scripts, most)
}

/// The subjects of the files that travel with the facts, at most so many, named as scripts are.
#[must_use]
pub fn attached_subjects(facts: &[FactFacts], most: usize) -> Vec<Subject> {
    let files = facts.iter().flat_map(|fact| &fact.attached);
    numbered(SUBJECT_ATTACHED, files.map(|one| (one.name.as_str(), hex(&one.sha256))), most)
}

fn numbered<'a>(prefix: &str, files: impl Iterator<Item = (&'a str, String)>, most: usize) -> Vec<Subject> {
    let mut subjects = Vec::new();
    let mut taken: HashMap<String, String> = HashMap::new();
    for (name, sha256) in files {
        let names = (1..).map(|at| match at {
            1 => format!("{prefix}{name}"),
            at => format!("{prefix}{name}#{at}"),
        });
        // The first name that is free, or that stands for these very bytes already.
        let mut fitting = names.filter(|name| taken.get(name).is_none_or(|have| *have == sha256));
        let name = fitting.next().expect("the numbers have no end");
        if taken.contains_key(&name) {
            continue;
        }
        if subjects.len() == most {
            break;
        }
        taken.insert(name.clone(), sha256.clone());
        subjects.push(Subject { name, digest: Sha256 { sha256 } });
    }
    subjects
}
