//! Whether files are what a statement is about.
//!
//! What lives here: which subjects and products a file may be, by its name, and whether it is one of
//! them, by its digest; what is in a folder and is none. What does not: reading files, and which path
//! they have.
//!
//! Rules: as of `verify`. A digest alone is not enough: a file that goes by the name of one
//! product and has the bytes of another is what nobody sealed under that name. What the recorder
//! saw counts before what the sealer names. All of a folder is one folder of the session.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::touched::agreement;
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

impl Candidate {
    /// Whether it can be a file: where a product is called like the file, no other can.
    fn counts(&self, has_product: bool) -> bool {
        self.is_product || !has_product
    }
}

/// All that files may be.
struct Candidates {
    /// By their names from the last part on: those that end in the same parts stand together.
    all: Vec<Candidate>,
    /// How many products stand before each.
    products: Vec<usize>,
    /// The files.
    by_plain: HashMap<String, usize>,
    /// What the name of a file in the folder of the session begins with, where that was recorded.
    place: Option<String>,
    /// Where the manifest would be that alone lists links, if it is not there.
    no_links: Option<String>,
}

/// In how many files a folder may differ from the one of a session before another is tried.
const FAULTS_MAX: usize = 10;
/// How many names are compared while the folder of a session is looked for that a folder is.
const COMPARED_MAX: usize = 1_000_000;
/// How many subjects that are called alike are looked at for the bytes of one file.
const ALIKE_MAX: usize = 1000;

impl Candidates {
    /// The products, by their manifest where it is there, and the subjects that are files of the user.
    fn of(statement: &Statement, recorded: &Recorded, beside: &Products) -> Self {
        let products = beside.manifest.as_ref();
        let listed = recorded.listed(&statement.subject).map_or(0, <[_]>::len);
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
        // Also what is no file is no other file.
        let specials =
            products.iter().flat_map(|manifest| manifest.entries()).map(|entry| spelled(&entry.name()));
        let by_product: HashSet<String> = all.iter().map(|one| one.plain.clone()).chain(specials).collect();
        for one in &statement.subject[listed..] {
            let is_file = one.is_file();
            let name = plain(&one.name);
            // The sealer cannot give another file the name of a product, nor one that ends in it.
            if name
                .is_some_and(|name| !is_file || product_of(name, |name| by_product.contains(name)).is_none())
            {
                let plain = as_product(name.unwrap_or_default());
                let is = Is::Sha256(one.digest.sha256.clone());
                all.push(Candidate { name: one.name.clone(), plain, is, is_product: false, is_file });
            }
        }
        all.sort_by(|one, next| parts(&one.plain).cmp(parts(&next.plain)));
        let products = all.iter().scan(0, |before, one| {
            *before += usize::from(one.is_product);
            Some(*before)
        });
        let products = std::iter::once(0).chain(products).collect();
        let files = all.iter().enumerate().filter(|(_, one)| one.is_file);
        let by_plain = files.map(|(at, one)| (one.plain.clone(), at)).collect();
        let no_links = beside.manifest.is_none().then(|| beside.path.clone());
        Candidates { all, products, by_plain, place: recorded.place(), no_links }
    }

    /// Those whose names agree with a path in the most parts from the last on, and in one at least; and
    /// whether there is a product among them.
    fn alike(&self, path: &str) -> (&[Candidate], bool) {
        let at = self.all.partition_point(|one| parts(&one.plain).lt(parts(path)));
        let beside = [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|at| self.all.get(at));
        let most = beside.map(|one| shared(path, &one.plain)).max().unwrap_or(0);
        if most == 0 {
            return (&[], false);
        }
        let order = |one: &Candidate| parts(&one.plain).take(most).cmp(parts(path).take(most));
        let begin = self.all.partition_point(|one| order(one) == Ordering::Less);
        let end = self.all.partition_point(|one| order(one) != Ordering::Greater);
        (&self.all[begin..end], self.products[end] > self.products[begin])
    }

    /// The file of this very name.
    fn file(&self, plain: &str) -> Option<&Candidate> {
        self.by_plain.get(plain).map(|at| &self.all[*at])
    }

    /// What a path in the folder of the session is called there.
    fn in_place<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.place.as_deref()?)
    }

    /// What a file may be: in the folder of the session the product of its name, elsewhere what is
    /// called most like it; and whether there is a product among them.
    fn named(&self, artifact: &Artifact) -> (Vec<&Candidate>, bool) {
        let product = self.in_place(&artifact.name).and_then(|name| self.file(name));
        if let Some(product) = product.filter(|one| one.is_product) {
            return (vec![product], true);
        }
        let (alike, has_product) = self.alike(&artifact.name);
        (alike.iter().collect(), has_product)
    }

    /// What the folders of a session are called that a folder may be: those in which the first thing of
    /// it that is called like something there has that name, and of these the ones that are called most
    /// like the folder, with the folder of the session before them.
    fn folders(&self, tree: &Tree) -> Vec<String> {
        let of = |entry: &Entry| -> BTreeSet<String> {
            let rest = spelled(&entry.name());
            let (alike, _) = self.alike(&rest);
            let folder = |one: &Candidate| {
                let folder = one.plain.strip_suffix(rest.as_str())?;
                (folder.is_empty() || folder.ends_with('/')).then(|| folder.to_owned())
            };
            alike.iter().filter(|one| one.is_file).filter_map(folder).collect()
        };
        let first = tree.contents.entries().iter().map(of).find(|folders| !folders.is_empty());
        let place = self.place.as_deref().unwrap_or_default();
        let rank = |one: String| (shared(&tree.name, &format!("{place}{one}")), one);
        let ranked: Vec<(usize, String)> = first.into_iter().flatten().map(rank).collect();
        let best = ranked.iter().map(|(rank, _)| *rank).max().unwrap_or(0);
        ranked.into_iter().filter(|(rank, _)| *rank == best).map(|(_, one)| one).collect()
    }

    /// The folder of the session that a folder is, if it lies there and files came of it.
    fn folder_in_place(&self, tree: &Tree) -> Option<String> {
        let folder = format!("{}/", tree.name.trim_end_matches('/'));
        let folder = self.in_place(&folder)?;
        let has =
            |one: &Candidate| one.is_product && one.plain.starts_with(folder) && !one.plain.starts_with('/');
        self.all.iter().any(has).then(|| folder.to_owned())
    }

    /// The first of several folders of the session from which a folder elsewhere differs least.
    fn fittest<'f>(&self, folders: &'f [String], tree: &Tree) -> &'f String {
        // One that nests folders in folders finds no end otherwise.
        let mut left = COMPARED_MAX;
        let mut faults = |folder: &String| {
            let mut wrong = 0;
            for entry in tree.contents.entries() {
                left = left.saturating_sub(parts(folder).count() + parts(&entry.name()).count());
                wrong += usize::from(self.entry(folder, Some(tree), entry).is_err());
                if left == 0 || wrong == FAULTS_MAX {
                    return FAULTS_MAX;
                }
            }
            wrong
        };
        let (mut best, mut least) = (&folders[0], usize::MAX);
        for folder in folders {
            let wrong = faults(folder);
            if wrong < least {
                (best, least) = (folder, wrong);
            }
            if least == 0 {
                break;
            }
        }
        best
    }

    /// What something is in a folder of the session; or what is wrong with it. In another place than
    /// that folder's it must be the same by itself: what is called most like it has its bytes.
    fn entry(&self, folder: &str, tree: Option<&Tree>, entry: &Entry) -> Result<&Candidate, String> {
        let (is, what) = match &entry.thing {
            Thing::File { sha256, .. } => (Is::Sha256(hex(sha256)), format!("(sha256 {})", hex(sha256))),
            Thing::Link(target) => (Is::Link(target.clone()), "(a symbolic link)".to_owned()),
            Thing::Special(Special::Unreadable) => return Err("cannot be read".to_owned()),
            Thing::Special(kind) => return Err(format!("({}) is no product", kind.name())),
        };
        let rest = spelled(&entry.name());
        match (self.file(&format!("{folder}{rest}")), &self.no_links) {
            (Some(candidate), _) if candidate.is == is => {
                let Some(tree) = tree else { return Ok(candidate) };
                let path = format!("{}/{rest}", tree.name);
                let (alike, has_product) = self.alike(&path);
                let agrees = |one: &Candidate| shared(&path, &one.plain) == shared(&path, &candidate.plain);
                let mut counted = alike.iter().filter(|one| one.counts(has_product));
                // It is one of those itself, or another of them has its bytes.
                if (candidate.counts(has_product) && alike.first().is_some_and(agrees))
                    || counted.clone().take(ALIKE_MAX).any(|one| one.is == is)
                {
                    return Ok(candidate);
                }
                let other = counted.next();
                Err(format!("{what} is not the subject {}", other.map_or("", |one| &one.name)))
            }
            (_, Some(manifest)) if matches!(is, Is::Link(_)) => Err(format!(
                "{what} cannot be compared: {manifest}, which lists links, is not beside the envelope"
            )),
            (Some(candidate), _) => Err(format!("{what} is not the product {}", candidate.name)),
            (None, _) => Err(format!("{what} is no product")),
        }
    }
}

/// What was recorded of the products, in words, where nothing is compared with them.
pub(super) fn uncompared(statement: &Statement) -> String {
    let recorded = Recorded::of(&statement.predicate);
    let hint = match recorded.product_count() {
        Some(1..) => ", not compared: to do so add --artifact",
        _ => "",
    };
    format!("{}{}{hint}", recorded.words(), agreement(statement))
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
    let candidates = Candidates::of(statement, &recorded, products);
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
        text.push_str(&agreement(statement));
        if !others.is_empty() {
            text.push_str(&format!("; {}", count(others.len(), "other subject")));
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
        let (named, has_product) = self.candidates.named(artifact);
        if let Some(found) = named.iter().find(|one| one.is == is && one.counts(has_product)) {
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
        let first = named.iter().find(|one| one.is_product).or(named.first());
        self.wrong.push(match (same, first) {
            (_, Some(link)) if matches!(link.is, Is::Link(_)) => format!(
                "{shown} was a symbolic link when the session ended, the product {}: to compare it give its folder to --artifact",
                link.name
            ),
            (Some(other), Some(product)) if is_named(other) => format!(
                "{shown} has the bytes of the subject {}, which is no product, and not those of the product {}",
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
        let candidates = self.candidates;
        let here = candidates.folder_in_place(tree);
        let elsewhere = here.is_none().then_some(tree);
        let mut folders = here.map_or_else(|| candidates.folders(tree), |folder| vec![folder]);
        folders.extend(folders.is_empty().then(String::new));
        let folder = match &folders[..] {
            // Where there is nothing to choose from, nothing is compared twice.
            [one] => one,
            several => candidates.fittest(several, tree),
        };
        for entry in tree.contents.entries() {
            match candidates.entry(folder, elsewhere, entry) {
                Ok(candidate) => self.found(candidate),
                Err(what) => {
                    let path = format!("{}/{}", tree.shown.trim_end_matches('/'), entry.name());
                    self.wrong.push(format!("{path} {what}"));
                }
            }
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
