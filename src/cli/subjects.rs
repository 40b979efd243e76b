//! What a seal is about beside the session: files, and digests of what is no file.
//!
//! Rules: no two subjects have one name, and none has a name that the sealer gives.

use std::path::{Path, PathBuf};

use crate::encoding::{hex, hex_exact};
use crate::failure::Failure;
use crate::files;
use crate::files::digest_of;
use crate::seal::statement::{
    SUBJECT_ATTACHED, SUBJECT_SCRIPT, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, SUBJECTS_MAX,
};

const FORM: &str = "write NAME@sha256:HEX, with 64 digits in lower case, as a registry prints it";

/// The subjects that were named: each with its SHA-256 in hexadecimal.
///
/// # Errors
/// They are too many, a name is taken or not UTF-8, or a file cannot be read.
pub fn given(paths: &[PathBuf], digests: &[String]) -> Result<Vec<(String, String)>, Failure> {
    if paths.len() + digests.len() + 2 > SUBJECTS_MAX {
        return Err(Failure::usage(format!("--subject: at most {} subjects", SUBJECTS_MAX - 2))
            .next("put the files into one archive and name that"));
    }
    let mut list: Vec<(String, String)> = Vec::new();
    let files = paths.iter().map(|path| ("--subject", of_file(path)));
    for (option, subject) in files.chain(digests.iter().map(|given| ("--subject-digest", of_digest(given)))) {
        let (name, sha256) = subject?;
        refuse_taken(option, &name, &list)?;
        let sha256 = match sha256 {
            Some(sha256) => sha256,
            None => digest_of_file(Path::new(&name))?,
        };
        list.push((name, sha256));
    }
    Ok(list)
}

/// A file by its name, which is looked at before the file is read.
fn of_file(path: &Path) -> Result<(String, Option<String>), Failure> {
    let name = path.to_str();
    let name =
        name.ok_or_else(|| Failure::usage(format!("--subject {}: the name is not UTF-8", path.display())))?;
    Ok((name.to_owned(), None))
}

fn digest_of_file(path: &Path) -> Result<String, Failure> {
    let file = files::open_regular(path)?;
    let digest = digest_of(&file).map_err(|error| {
        Failure::unable(format!("--subject {}: {}", path.display(), files::words(&error)))
    })?;
    Ok(hex(&digest))
}

fn of_digest(given: &str) -> Result<(String, Option<String>), Failure> {
    let wrong = |what| Failure::usage(format!("--subject-digest {given}: {what}")).next(FORM);
    let (name, digest) = given.rsplit_once('@').ok_or_else(|| wrong("not NAME@sha256:HEX"))?;
    let sha256 = digest.strip_prefix("sha256:").ok_or_else(|| wrong("the digest is not sha256"))?;
    if name.is_empty() {
        return Err(wrong("it has no name"));
    }
    match hex_exact::<32>(sha256.as_bytes()) {
        Some(_) => Ok((name.to_owned(), Some(sha256.to_owned()))),
        None => Err(wrong("the digest is not 64 digits of 0-9 a-f")),
    }
}

fn refuse_taken(option: &str, name: &str, list: &[(String, String)]) -> Result<(), Failure> {
    for (prefix, whose) in [(SUBJECT_SCRIPT, "recorded scripts"), (SUBJECT_ATTACHED, "attached files")] {
        if name.starts_with(prefix) {
            let what = format!("{option} {name}: names that begin with {prefix} are those of {whose}");
            return Err(Failure::usage(what).next("name the file by another path, such as ./NAME"));
        }
    }
    if [SUBJECT_SESSION, SUBJECT_TRANSCRIPT].contains(&name) || list.iter().any(|(have, _)| have == name) {
        return Err(Failure::usage(format!("{option} {name}: two subjects would have this name"))
            .next("name the file once, or by another path, such as ./NAME"));
    }
    Ok(())
}
