//! Whether files are what a statement is about.
//!
//! What lives here: which subjects and products a file may be, by its name, and whether it is one of
//! them, by its digest; what is in a folder and is none. What does not: reading files, and which path
//! they have.
//!
//! Rules: as of `verify`. A digest alone is not enough: a file that goes by the name of one
//! product and has the bytes of another is what nobody sealed under that name.

use std::collections::{BTreeSet, HashMap};

use super::verdict::{Mark, Objection, Verdict};
use crate::cause::Code;
use crate::encoding::hex;
use crate::fact::manifest::{Entry, Manifest, Special, Thing};
use crate::seal::recorded::Recorded;
use crate::seal::statement::{
    SUBJECT_ATTACHED, SUBJECT_SCRIPT, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, Statement,
};
use crate::text::count;

/// A file that may be a subject.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// As the user named it.
    pub shown: String,
    /// Its path from the root on: a name alone does not say in which folder it lies.
    pub path: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A folder whose files are to be products.
#[derive(Clone, Debug)]
pub struct Tree {
    /// As the user named it.
    pub shown: String,
    /// Its path from the root on.
    pub path: String,
    /// What is in it.
    pub contents: Manifest,
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
enum Is {
    Sha256(String),
    Link(Vec<u8>),
}

/// What a file may be.
#[derive(Debug)]
struct Candidate {
    /// Its name in the statement or its manifest.
    name: String,
    is: Is,
    /// The recorder saw that it came of the session.
    is_product: bool,
}

impl Candidate {
    fn may_be_in_folder(&self) -> bool {
        self.is_product || plain(&self.name) == self.name
    }
}

/// All that files may be, by the last part of their names.
struct Candidates {
    all: Vec<Candidate>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Candidates {
    /// The subjects that are files of the user, and the products where they are no subjects.
    fn of(statement: &Statement, products: Option<&Manifest>) -> Self {
        let recorded = Recorded::of(&statement.predicate);
        let listed = recorded.listed(&statement.subject).map_or(0, <[_]>::len);
        let own = [SUBJECT_SESSION, SUBJECT_TRANSCRIPT];
        let subjects = statement.subject.iter().enumerate();
        let subjects = subjects.filter(|(_, subject)| !own.contains(&subject.name.as_str()));
        let mut all: Vec<Candidate> = subjects
            .map(|(at, subject)| Candidate {
                name: subject.name.clone(),
                is: Is::Sha256(subject.digest.sha256.clone()),
                is_product: at < listed,
            })
            .collect();
        let entries = products.iter().flat_map(|products| products.entries());
        all.extend(entries.filter_map(|entry| {
            let is = match &entry.thing {
                Thing::File { sha256, .. } if listed == 0 => Is::Sha256(hex(sha256)),
                Thing::Link(target) => Is::Link(target.clone()),
                _ => return None,
            };
            Some(Candidate { name: entry.name(), is, is_product: true })
        }));
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, candidate) in all.iter().enumerate() {
            let last = parts(plain(&candidate.name)).next().unwrap_or_default();
            by_name.entry(last.to_owned()).or_default().push(at);
        }
        Candidates { all, by_name }
    }

    /// Those that can be meant and whose names agree with a path in the most parts from the last on,
    /// and in one at least.
    fn of_its_name(&self, path: &str, can_be: impl Fn(&Candidate) -> bool) -> Vec<&Candidate> {
        let last = parts(path).next().unwrap_or_default();
        let named = self.by_name.get(last).map_or(&[][..], Vec::as_slice).iter().map(|at| &self.all[*at]);
        let named = named.filter(|candidate| can_be(candidate));
        let rank = |candidate: &Candidate| shared(path, plain(&candidate.name));
        let best = named.clone().map(rank).max().unwrap_or(0);
        named.filter(|candidate| rank(candidate) == best).collect()
    }
}

/// What was recorded of the products, in words, where nothing is compared with them.
pub(super) fn uncompared(statement: &Statement) -> String {
    let recorded = Recorded::of(&statement.predicate);
    let hint = match recorded.product_count() {
        Some(1..) => ", not compared: to do so add --artifact",
        _ => "",
    };
    format!("{}{hint}", recorded.words())
}

/// What files were compared with, and what came of it.
struct Comparison<'a> {
    candidates: &'a Candidates,
    products: BTreeSet<&'a str>,
    wrong: Vec<String>,
}

/// Adds whether files are subjects, and whether all in a folder is a product: of those whose names
/// end in as many of the folders and names of its path as any does, one has its digest. The transcript
/// is one only under the name that it was written with. `products` is the manifest of the products,
/// where it is there.
pub fn with_artifacts(
    verdict: &mut Verdict,
    artifacts: &[Artifact],
    trees: &[Tree],
    products: Option<&Manifest>,
) {
    let Some(statement) = &verdict.statement else { return };
    if artifacts.is_empty() && trees.is_empty() {
        return;
    }
    let recorded = Recorded::of(&statement.predicate);
    let candidates = Candidates::of(statement, products);
    let mut comparison = Comparison { candidates: &candidates, products: BTreeSet::new(), wrong: vec![] };
    let mut named = Vec::new();
    for artifact in artifacts {
        named.extend(comparison.artifact(artifact, statement));
    }
    let is_known = candidates.all.iter().any(|candidate| candidate.is_product);
    for tree in trees {
        match recorded.product_count().filter(|files| *files > 0 && !is_known) {
            // Nothing can be said of the files in it.
            Some(files) => comparison.wrong.push(format!(
                "{}: the {} are not listed in the envelope, and its manifest NAME.products.jsonl is not beside it",
                tree.shown,
                count(files, "product")
            )),
            None => comparison.tree(tree),
        }
    }
    let Comparison { products: compared, wrong, .. } = comparison;
    verdict.artifacts.extend(named);
    if let Some(first) = wrong.first() {
        let more = match wrong.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let text = format!("{first}{more}");
        verdict.aspects.integrity.set(Mark::Bad, text.clone());
        verdict.aspects.products.set(Mark::Bad, text.clone());
        verdict.fail(Objection::new(Code::ArtifactSubject, text));
    } else if let Some(files) = recorded.product_count().filter(|_| !compared.is_empty()) {
        let text = match compared.len() {
            all if all == files => format!("{}, all as recorded", count(files, "file")),
            some => format!("{some} of {} compared, as recorded", count(files, "file")),
        };
        verdict.aspects.products.set(Mark::Good, text);
    }
}

impl<'a> Comparison<'a> {
    /// A file that was named: how, and the subject that it is.
    fn artifact(&mut self, artifact: &Artifact, statement: &Statement) -> Option<(String, String)> {
        let Artifact { shown, path, sha256 } = artifact;
        let is = Is::Sha256(sha256.clone());
        let named = self.candidates.of_its_name(path, |_| true);
        if let Some(found) = named.iter().find(|candidate| candidate.is == is) {
            if found.is_product {
                self.products.insert(&found.name);
            }
            return Some((shown.clone(), found.name.clone()));
        }
        if named.is_empty()
            && path.ends_with(".transcript")
            && statement.subject(SUBJECT_TRANSCRIPT) == Some(sha256)
        {
            return Some((shown.clone(), SUBJECT_TRANSCRIPT.to_owned()));
        }
        let same = self.candidates.all.iter().find(|candidate| candidate.is == is);
        self.wrong.push(match (same, named.first()) {
            (Some(other), _) => {
                format!("{shown} has the bytes of the subject {}, which has another name", other.name)
            }
            (None, Some(named)) => format!("{shown} (sha256 {sha256}) is not the subject {}", named.name),
            (None, None) => format!("{shown} (sha256 {sha256}) is not among the subjects"),
        });
        None
    }

    fn tree(&mut self, tree: &Tree) {
        for entry in tree.contents.entries() {
            if let Some(what) = self.entry(tree, entry) {
                self.wrong.push(format!("{}/{} {what}", tree.shown.trim_end_matches('/'), entry.name()));
            }
        }
    }

    /// What is wrong with what is in a folder.
    fn entry(&mut self, tree: &Tree, entry: &Entry) -> Option<String> {
        let (is, what) = match &entry.thing {
            Thing::File { sha256, .. } => (Is::Sha256(hex(sha256)), format!("(sha256 {})", hex(sha256))),
            Thing::Link(target) => (Is::Link(target.clone()), "(a symbolic link)".to_owned()),
            Thing::Special(Special::Unreadable) => return Some("cannot be read".to_owned()),
            Thing::Special(kind) => return Some(format!("({}) is no product", kind.name())),
        };
        let path = format!("{}/{}", tree.path, entry.name());
        let named = self.candidates.of_its_name(&path, Candidate::may_be_in_folder);
        if let Some(found) = named.iter().find(|candidate| candidate.is == is) {
            // A product is a regular file; a link is listed beside them.
            if found.is_product && matches!(found.is, Is::Sha256(_)) {
                self.products.insert(&found.name);
            }
            return None;
        }
        Some(named.first().map_or_else(
            || format!("{what} is no product"),
            |named| format!("{what} is not the product {}", named.name),
        ))
    }
}

/// A subject's name without what says that it is a script, or attached, and without the number of
/// a second one of its name.
fn plain(name: &str) -> &str {
    let prefixes = [SUBJECT_SCRIPT, SUBJECT_ATTACHED];
    let Some(rest) = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)) else { return name };
    match rest.rsplit_once('#') {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            before
        }
        _ => rest,
    }
}

/// In how many parts two paths agree, from the last on.
fn shared(one: &str, other: &str) -> usize {
    parts(one).zip(parts(other)).take_while(|(one, other)| one == other).count()
}

/// The folders and the name of a path, from the last on.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.rsplit('/').filter(|part| !matches!(*part, "" | "."))
}
