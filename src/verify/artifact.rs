//! Whether files are what a statement is about.
//!
//! What lives here: which subjects and products a file may be, by its name, and whether it is one of
//! them, by its digest; what is in a folder and is none. What does not: reading files, and which path
//! they have.
//!
//! Rules: as of `verify`. A digest alone is not enough: a file that goes by the name of one
//! product and has the bytes of another is what nobody sealed under that name. What the recorder
//! saw counts before what the sealer names. All of a folder is one folder of the session.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::verdict::{Mark, Objection, Verdict};
use crate::cause::Code;
use crate::encoding::hex;
use crate::fact::manifest::{Entry, Manifest, Special, Thing, name_of};
use crate::seal::recorded::Recorded;
use crate::seal::statement::{
    SUBJECT_ATTACHED, SUBJECT_SCRIPT, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, Statement,
};
use crate::text::{and_more, cleaned, count};

/// A file that may be a subject.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// As the user named it.
    pub shown: String,
    /// Its path from the root on: a name alone does not say in which folder it lies.
    pub path: String,
    /// The same as a product of this path would be called.
    pub name: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A folder whose files are to be products.
#[derive(Clone, Debug)]
pub struct Tree {
    /// As the user named it.
    pub shown: String,
    /// Its path from the root on, as a product of this path would be called.
    pub name: String,
    /// What is in it.
    pub contents: Manifest,
}

/// The manifest of the products.
#[derive(Debug, Default)]
pub struct Products {
    /// Where it would be.
    pub path: String,
    /// What it says, if it is there.
    pub manifest: Option<Manifest>,
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
    /// The same without what says what it is, and in one spelling.
    plain: String,
    is: Is,
    /// The recorder saw that it came of the session.
    is_product: bool,
    /// It is neither a script nor an attached file.
    is_file: bool,
}

/// All that files may be.
struct Candidates {
    all: Vec<Candidate>,
    by_last: HashMap<String, Vec<usize>>,
    by_plain: HashMap<String, usize>,
}

impl Candidates {
    /// The products, by their manifest where it is there, and the subjects that are files of the user.
    fn of(statement: &Statement, products: Option<&Manifest>) -> Self {
        let listed = Recorded::of(&statement.predicate).listed(&statement.subject).map_or(0, <[_]>::len);
        let product = |name: String, is: Is| Candidate {
            plain: spelled(&name),
            name,
            is,
            is_product: true,
            is_file: true,
        };
        let entry = |entry: &Entry| match &entry.thing {
            Thing::File { sha256, .. } => Some(product(entry.name(), Is::Sha256(hex(sha256)))),
            Thing::Link(target) => Some(product(entry.name(), Is::Link(target.clone()))),
            Thing::Special(_) => None,
        };
        let mut all: Vec<Candidate> = match products {
            Some(manifest) => manifest.entries().iter().filter_map(entry).collect(),
            None => statement.subject[..listed]
                .iter()
                .map(|one| product(one.name.clone(), Is::Sha256(one.digest.sha256.clone())))
                .collect(),
        };
        let mut by_plain: HashMap<String, usize> =
            all.iter().enumerate().map(|(at, one)| (one.plain.clone(), at)).collect();
        // Also what is no file is no other file.
        let specials =
            products.iter().flat_map(|manifest| manifest.entries()).map(|entry| spelled(&entry.name()));
        let by_product: HashSet<String> = by_plain.keys().cloned().chain(specials).collect();
        for one in &statement.subject[listed..] {
            let is_file = one.is_file();
            let name = plain(&one.name);
            // The sealer cannot give another file the name of a product, nor one that ends in it.
            if name
                .is_some_and(|name| !is_file || product_of(name, |name| by_product.contains(name)).is_none())
            {
                let plain = as_product(name.unwrap_or_default());
                if is_file {
                    by_plain.insert(plain.clone(), all.len());
                }
                let is = Is::Sha256(one.digest.sha256.clone());
                all.push(Candidate { name: one.name.clone(), plain, is, is_product: false, is_file });
            }
        }
        let mut by_last: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, candidate) in all.iter().enumerate() {
            let last = parts(&candidate.plain).next().unwrap_or_default();
            by_last.entry(last.to_owned()).or_default().push(at);
        }
        Candidates { all, by_last, by_plain }
    }

    /// Those whose names end in the same part as a path.
    fn ending_as(&self, path: &str) -> impl Iterator<Item = &Candidate> {
        let last = parts(path).next().unwrap_or_default();
        self.by_last.get(last).map_or(&[][..], Vec::as_slice).iter().map(|at| &self.all[*at])
    }

    /// Those whose names agree with a path in the most parts from the last on, and in one at least.
    fn of_its_name(&self, artifact: &Artifact) -> Vec<&Candidate> {
        let named = self.ending_as(&artifact.name);
        let ranked: Vec<(usize, &Candidate)> =
            named.map(|one| (shared(&artifact.name, &one.plain), one)).collect();
        let best = ranked.iter().map(|(rank, _)| *rank).max().unwrap_or(0);
        ranked.into_iter().filter(|(rank, _)| *rank == best).map(|(_, one)| one).collect()
    }

    /// What the folders of a session are called that a folder may be: those in which the first thing of
    /// it that is called like something there has that name, and of these the ones that are called most
    /// like the folder.
    fn folders(&self, tree: &Tree) -> Vec<String> {
        let of = |entry: &Entry| -> BTreeSet<String> {
            let rest = entry.name();
            let files = self.ending_as(&rest).filter(|one| one.is_file);
            let folder = |one: &Candidate| {
                let folder = one.plain.strip_suffix(spelled(&rest).as_str())?;
                (folder.is_empty() || folder.ends_with('/')).then(|| folder.to_owned())
            };
            files.filter_map(folder).collect()
        };
        let first = tree.contents.entries().iter().map(of).find(|folders| !folders.is_empty());
        let ranked: Vec<(usize, String)> =
            first.into_iter().flatten().map(|one| (shared(&tree.name, &one), one)).collect();
        let best = ranked.iter().map(|(rank, _)| *rank).max().unwrap_or(0);
        ranked.into_iter().filter(|(rank, _)| *rank == best).map(|(_, one)| one).collect()
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
    others: BTreeSet<&'a str>,
    wrong: Vec<String>,
}

/// Adds whether files are subjects, and whether all in a folder is a product: of those whose names
/// end in as many of the folders and names of its path as any does, one has its digest. The transcript
/// is one only under the name that it was written with.
pub fn with_artifacts(verdict: &mut Verdict, artifacts: &[Artifact], trees: &[Tree], products: &Products) {
    let Some(statement) = &verdict.statement else { return };
    if artifacts.is_empty() && trees.is_empty() {
        return;
    }
    let recorded = Recorded::of(&statement.predicate);
    let candidates = Candidates::of(statement, products.manifest.as_ref());
    let is_known = candidates.all.iter().any(|candidate| candidate.is_product);
    // Nothing can be said of a file then: it may have the name of a product.
    let unknown = recorded.product_count().filter(|files| *files > 0 && !is_known).map(|files| {
        let files = count(files, "file");
        format!(
            "the envelope does not list what came of the session, {files}, and {}, which does, is not there",
            products.path
        )
    });
    let (compared, others) = (BTreeSet::new(), BTreeSet::new());
    let mut comparison =
        Comparison { candidates: &candidates, products: compared, others, wrong: Vec::new() };
    let mut named = Vec::new();
    for artifact in artifacts {
        let found = comparison.artifact(artifact, statement);
        let is_plain = |name: &str| statement.subject.iter().any(|one| one.name == *name && one.is_file());
        match (&unknown, found) {
            (Some(why), Some((shown, name))) if is_plain(&name) => {
                comparison.wrong.push(format!("{shown}: {why}"));
            }
            (_, found) => named.extend(found),
        }
    }
    for tree in trees {
        match &unknown {
            Some(why) => comparison.wrong.push(format!("{}: {why}", tree.shown)),
            None => comparison.tree(tree),
        }
    }
    let Comparison { products: compared, others, wrong, .. } = comparison;
    verdict.artifacts.extend(named);
    if let Some(first) = wrong.first() {
        let text = and_more(first, wrong.len());
        verdict.aspects.integrity.set(Mark::Bad, text.clone());
        verdict.aspects.products.set(Mark::Bad, text.clone());
        verdict.fail(Objection::new(Code::ArtifactSubject, text));
        verdict.refused = wrong;
    } else if let Some(files) = recorded.product_count().filter(|files| *files > 0) {
        let all = count(files, "file");
        let (mark, mut text) = match compared.len() {
            0 => (Mark::Open, format!("{all}, none of them compared")),
            some if some == files => (Mark::Good, format!("{all}, all as recorded")),
            some => (Mark::Good, format!("{some} of {all} compared, as recorded")),
        };
        if recorded.unseen() > 0 {
            text.push_str(&format!("; {} could not be seen", count(recorded.unseen(), "path")));
        }
        if !others.is_empty() {
            text.push_str(&format!("; {} that the sealer named", count(others.len(), "other file")));
        }
        verdict.aspects.products.set(mark, text);
    }
}

impl<'a> Comparison<'a> {
    fn found(&mut self, candidate: &'a Candidate) {
        match (candidate.is_product, &candidate.is) {
            (true, Is::Sha256(_)) => self.products.insert(&candidate.name),
            // A link is listed beside the files.
            (true, Is::Link(_)) => false,
            (false, _) => self.others.insert(&candidate.name),
        };
    }

    /// A file that was named: how, and the subject that it is.
    fn artifact(&mut self, artifact: &Artifact, statement: &Statement) -> Option<(String, String)> {
        let Artifact { shown, path, sha256, .. } = artifact;
        let is = Is::Sha256(sha256.clone());
        let named = self.candidates.of_its_name(artifact);
        // The sealer names no file like one that the recorder saw.
        let product = named.iter().find(|candidate| candidate.is_product);
        let counts = |one: &Candidate| one.is_product || !one.is_file || product.is_none();
        if let Some(found) = named.iter().find(|candidate| candidate.is == is && counts(candidate)) {
            self.found(found);
            return Some((shown.clone(), found.name.clone()));
        }
        if named.is_empty()
            && path.ends_with(".transcript")
            && statement.subject(SUBJECT_TRANSCRIPT) == Some(sha256)
        {
            return Some((shown.clone(), SUBJECT_TRANSCRIPT.to_owned()));
        }
        let same = self.candidates.all.iter().find(|candidate| candidate.is == is);
        let is_named = |other: &Candidate| named.iter().any(|one| one.name == other.name);
        self.wrong.push(match (same, product.or(named.first())) {
            (Some(other), Some(product)) if is_named(other) => format!(
                "{shown} has the bytes of the subject {}, which the sealer named, and not those of the product {}",
                other.name, product.name
            ),
            (Some(other), _) => {
                format!("{shown} has the bytes of the subject {}, which has another name", other.name)
            }
            (None, Some(named)) => format!("{shown} (sha256 {sha256}) is not the subject {}", named.name),
            (None, None) => format!("{shown} (sha256 {sha256}) is not among the subjects"),
        });
        None
    }

    /// Holds a folder against the folder of the session that it fits best.
    fn tree(&mut self, tree: &Tree) {
        let mut best: Option<(Vec<&'a Candidate>, Vec<String>)> = None;
        let mut folders = self.candidates.folders(tree);
        folders.extend(folders.is_empty().then(String::new));
        for folder in folders {
            let (mut found, mut wrong) = (Vec::new(), Vec::new());
            for entry in tree.contents.entries() {
                match self.entry(&folder, entry) {
                    Ok(candidate) => found.push(candidate),
                    Err(what) => {
                        wrong.push(format!("{}/{} {what}", tree.shown.trim_end_matches('/'), entry.name()));
                    }
                }
            }
            let is_better = best.as_ref().is_none_or(|(_, have)| wrong.len() < have.len());
            if is_better {
                best = Some((found, wrong));
            }
            if best.as_ref().is_some_and(|(_, wrong)| wrong.is_empty()) {
                break;
            }
        }
        let Some((found, wrong)) = best else { return };
        found.into_iter().for_each(|candidate| self.found(candidate));
        self.wrong.extend(wrong);
    }

    /// What something is in a folder of the session; or what is wrong with it.
    fn entry(&self, folder: &str, entry: &Entry) -> Result<&'a Candidate, String> {
        let (is, what) = match &entry.thing {
            Thing::File { sha256, .. } => (Is::Sha256(hex(sha256)), format!("(sha256 {})", hex(sha256))),
            Thing::Link(target) => (Is::Link(target.clone()), "(a symbolic link)".to_owned()),
            Thing::Special(Special::Unreadable) => return Err("cannot be read".to_owned()),
            Thing::Special(kind) => return Err(format!("({}) is no product", kind.name())),
        };
        let name = format!("{folder}{}", spelled(&entry.name()));
        match self.candidates.by_plain.get(&name).map(|at| &self.candidates.all[*at]) {
            Some(candidate) if candidate.is == is => Ok(candidate),
            Some(candidate) => Err(format!("{what} is not the product {}", candidate.name)),
            None => Err(format!("{what} is no product")),
        }
    }
}

/// A subject's name without what says that it is a script, or attached, and without the number of
/// a second one of its name; none of what the sealer says of the session.
fn plain(name: &str) -> Option<&str> {
    let prefixes = [SUBJECT_SCRIPT, SUBJECT_ATTACHED];
    let Some(rest) = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)) else {
        return Some(name).filter(|name| ![SUBJECT_SESSION, SUBJECT_TRANSCRIPT].contains(name));
    };
    match rest.rsplit_once('#') {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(before)
        }
        _ => Some(rest),
    }
}

/// A path in one spelling: without `.` and empty parts.
fn spelled(path: &str) -> String {
    let mut all: Vec<&str> = parts(path).collect();
    all.reverse();
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", all.join("/"))
}

/// A name as that of a product would be spelled: without `..`, and escaped.
#[must_use]
pub fn as_product(name: &str) -> String {
    spelled(&name_of(cleaned(name).as_bytes()))
}

/// The product that a name is, or ends in, however it is spelled.
pub fn product_of(name: &str, is_product: impl Fn(&str) -> bool) -> Option<String> {
    let name = as_product(name);
    let begins = name.match_indices('/').map(|(at, _)| at + 1);
    let mut ends = [0].into_iter().chain(begins).map(|at| &name[at..]);
    ends.find(|end| is_product(end)).map(str::to_owned)
}

/// In how many parts two paths agree, from the last on.
fn shared(one: &str, other: &str) -> usize {
    parts(one).zip(parts(other)).take_while(|(one, other)| one == other).count()
}

/// The folders and the name of a path, from the last on.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.rsplit('/').filter(|part| !matches!(*part, "" | "."))
}
