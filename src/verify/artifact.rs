//! Whether a file is a subject of a statement.
//!
//! What lives here: which subjects a file may be, by its name, and whether it is one of them, by
//! its digest. What does not: reading the file, and which path it has.
//!
//! Rules: as of `verify`. A digest alone is not enough: a file that goes by the name of one
//! product and has the bytes of another is what nobody sealed under that name.

use super::verdict::{Mark, Objection, Verdict};
use crate::cause::Code;
use crate::seal::statement::{
    SUBJECT_ATTACHED, SUBJECT_SCRIPT, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, Statement, Subject,
};

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

/// Adds whether a file is a subject: of those whose names end in as many of the folders and names
/// of its path as any does, one has its digest. The transcript is one only under the name that it
/// was written with.
pub fn with_artifact(verdict: &mut Verdict, artifact: &Artifact) {
    let Artifact { shown: path, sha256: digest, .. } = artifact;
    let Some(statement) = &verdict.statement else { return };
    let named = of_its_name(statement, &artifact.path);
    let found = named.iter().find(|subject| subject.digest.sha256 == *digest);
    if let Some(subject) = found {
        verdict.artifacts.push((path.to_owned(), subject.name.clone()));
        return;
    }
    let same = files(statement).find(|subject| subject.digest.sha256 == *digest);
    let text = match (same, named.first()) {
        (Some(other), _) => {
            format!("{path} has the bytes of the subject {}, which has another name", other.name)
        }
        (None, Some(named)) => format!("{path} (sha256 {digest}) is not the subject {}", named.name),
        (None, None) => format!("{path} (sha256 {digest}) is not among the subjects"),
    };
    verdict.aspects.integrity.set(Mark::Bad, text.clone());
    verdict.fail(Objection::new(Code::ArtifactSubject, text));
}

/// The subjects that are files of the user: products, scripts and attached files.
fn files(statement: &Statement) -> impl Iterator<Item = &Subject> {
    let own = [SUBJECT_SESSION, SUBJECT_TRANSCRIPT];
    statement.subject.iter().filter(move |subject| !own.contains(&subject.name.as_str()))
}

/// The subjects whose names agree with a path in the most parts from the last on, and in one at
/// least.
fn of_its_name<'a>(statement: &'a Statement, path: &str) -> Vec<&'a Subject> {
    let rank = |subject: &Subject| shared(path, plain(&subject.name));
    let best = files(statement).map(rank).max().unwrap_or(0);
    if best == 0 && path.ends_with(".transcript") {
        return statement.subject.iter().filter(|subject| subject.name == SUBJECT_TRANSCRIPT).collect();
    }
    files(statement).filter(|subject| best > 0 && rank(subject) == best).collect()
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
