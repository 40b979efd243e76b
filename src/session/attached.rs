//! The files that travel with a journal because they are too long for a line of it.
//!
//! What lives here: whether those that lie beside a journal are the ones that its facts name.
//! What does not: what is in them, which belongs to the type of the fact.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::cause::{Cause, Code};
use crate::crypto::sha256_of_many;
use crate::encoding::hex;
use crate::files::digest_of;
use crate::files::{self, FileError};
use crate::journal::check::Passed;
use crate::record::{ATTACHED_FOLDER, Attached, Body};

/// The files beside a journal, each held against the fact that names it when that is read.
pub struct Beside {
    folder: PathBuf,
    missing: Missing,
    fault: Option<Cause>,
}

/// The files that are not beside a journal, which can be copied alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// How many.
    pub count: u64,
    /// The name of the first.
    pub first: Option<String>,
}

impl Beside {
    /// Nothing yet of the files beside a journal, which lies in this folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Beside { folder: folder.to_owned(), missing: Missing::default(), fault: None }
    }

    /// Looks for the files that a record names.
    pub fn look(&mut self, passed: &Passed) {
        if let Body::Fact(fact) = &passed.record.core.body {
            fact.attached.iter().for_each(|one| self.hold(one));
        }
    }

    fn hold(&mut self, one: &Attached) {
        if self.fault.is_some() {
            return;
        }
        match is_there(&self.folder, one) {
            Ok(true) => {}
            Ok(false) => {
                self.missing.count += 1;
                self.missing.first.get_or_insert_with(|| one.name.clone());
            }
            Err(cause) => self.fault = Some(cause),
        }
    }

    /// What was not there.
    ///
    /// # Errors
    /// A file is another one than its fact names, or could not be read.
    pub fn missing(self) -> Result<Missing, Cause> {
        match self.fault {
            Some(cause) => Err(cause),
            None => Ok(self.missing),
        }
    }
}

/// The bytes of the file that a fact names, if it is in the folder of its journal.
///
/// # Errors
/// It is another file, or could not be read.
pub fn read(folder: &Path, one: &Attached) -> Result<Option<Vec<u8>>, Cause> {
    let Some(file) = open(folder, one)? else { return Ok(None) };
    let path = folder.join(ATTACHED_FOLDER).join(&one.name);
    let bytes = files::read_open(file, &path, one.size);
    let bytes = bytes.map_err(|error| Cause::new(Code::FileUnable, error.to_string()))?;
    // What was read, and not what the file is by now.
    if sha256_of_many(&bytes) != one.sha256 {
        return Err(Cause::new(Code::AttachedOther, format!("{} has another SHA-256", path.display())));
    }
    Ok(Some(bytes))
}

/// Whether the file that a fact names is in the folder of its journal.
fn is_there(folder: &Path, one: &Attached) -> Result<bool, Cause> {
    let Some(file) = open(folder, one)? else { return Ok(false) };
    let path = folder.join(ATTACHED_FOLDER).join(&one.name);
    let unable = |error: &std::io::Error| format!("{}: {}", path.display(), files::words(error));
    let digest = digest_of(&file).map_err(|error| Cause::new(Code::FileUnable, unable(&error)))?;
    if digest != one.sha256 {
        let what = format!("the SHA-256 of {} is {}", path.display(), hex(&digest));
        return Err(Cause::new(Code::AttachedOther, what));
    }
    Ok(true)
}

/// The file of the name that a fact gives, if it is there and as long as the fact says.
fn open(folder: &Path, one: &Attached) -> Result<Option<File>, Cause> {
    let path = folder.join(ATTACHED_FOLDER).join(&one.name);
    let unable = |why: String| Cause::new(Code::FileUnable, format!("{}: {why}", path.display()));
    let other = |what: String| Err(Cause::new(Code::AttachedOther, what));
    let file = match files::open_beneath(folder, ATTACHED_FOLDER, &one.name) {
        Ok(file) => file,
        Err(FileError::Missing(_)) => return Ok(None),
        // Whatever it leads to, it is not the file that was put there.
        Err(error @ (FileError::Link(_) | FileError::Kind(..))) => return other(error.to_string()),
        Err(error) => return Err(Cause::new(Code::FileUnable, error.to_string())),
    };
    let size = file.metadata().map_err(|error| unable(files::words(&error)))?.len();
    if size != one.size {
        return other(format!("{} has {size} bytes, and the fact says {}", path.display(), one.size));
    }
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sha256;
    use crate::files::{Overwrite, publish};

    fn fact(name: &str) -> Attached {
        let sha256 = sha256(&[b"abc"]);
        Attached { name: name.into(), size: 3, sha256, media_type: "text/plain".into() }
    }

    fn found(folder: &Path, facts: &[Attached]) -> Result<Missing, Cause> {
        let mut beside = Beside::new(folder);
        facts.iter().for_each(|one| beside.hold(one));
        beside.missing()
    }

    #[test]
    fn a_file_that_is_another_is_named_and_one_that_is_not_there_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let (here, gone) = (fact("a"), fact("b"));
        let two = Missing { count: 2, first: Some("a".into()) };
        assert_eq!(found(folder.path(), &[here.clone(), gone.clone()]), Ok(two));
        std::fs::create_dir(folder.path().join(ATTACHED_FOLDER)).unwrap();
        let at = |name: &str| folder.path().join(ATTACHED_FOLDER).join(name);
        let put = |name: &str, text: &[u8]| publish(&at(name), text, 0o600, Overwrite::Yes).unwrap();
        put("a", b"abc");
        let one = Missing { count: 1, first: Some("b".into()) };
        assert_eq!(found(folder.path(), &[here.clone(), gone.clone()]), Ok(one));
        for text in [&b"abd"[..], b"abcd", b""] {
            put("a", text);
            let cause = found(folder.path(), &[here.clone(), gone.clone()]).unwrap_err();
            assert_eq!(cause.code, Code::AttachedOther, "{text:?}");
        }
        std::fs::create_dir(at("b")).unwrap();
        assert_eq!(found(folder.path(), &[gone]).unwrap_err().code, Code::AttachedOther);
    }

    #[test]
    fn a_link_is_followed_to_the_bytes_that_the_fact_names() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        publish(&elsewhere.join("a"), b"abc", 0o600, Overwrite::No).unwrap();
        let beside = folder.path().join(ATTACHED_FOLDER);
        std::os::unix::fs::symlink(&elsewhere, &beside).unwrap();
        assert_eq!(found(folder.path(), &[fact("a")]).unwrap_err().code, Code::AttachedOther);
        std::fs::remove_file(&beside).unwrap();
        std::fs::create_dir(&beside).unwrap();
        std::os::unix::fs::symlink(elsewhere.join("a"), beside.join("a")).unwrap();
        assert_eq!(found(folder.path(), &[fact("a")]).unwrap_err().code, Code::AttachedOther);
    }
}
