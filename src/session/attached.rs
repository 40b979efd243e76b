//! The files that travel with a journal because they are too long for a line of it.
//!
//! What lives here: whether those that lie beside a journal are the ones that its facts name.
//! What does not: what is in them, which belongs to the type of the fact.

use std::path::Path;

use crate::cause::{Cause, Code};
use crate::encoding::hex;
use crate::files::{self, FileError};
use crate::journal::append::digest_of;
use crate::record::{ATTACHED_FOLDER, Attached};

/// Holds the files beside a journal, which lies in this folder, against the facts that name
/// them. The names of those that are not there come back: a journal can be copied alone.
///
/// # Errors
/// A file is another one than its fact names, or could not be read.
pub fn missing<'a>(
    folder: &Path,
    attached: impl Iterator<Item = &'a Attached>,
) -> Result<Vec<&'a str>, Cause> {
    let mut missing = Vec::new();
    for one in attached {
        let path = folder.join(ATTACHED_FOLDER).join(&one.name);
        let unable = |why: String| Cause::new(Code::FileUnable, format!("{}: {why}", path.display()));
        let file = match files::open_regular(&path) {
            Ok(file) => file,
            Err(FileError::Missing(_)) => {
                missing.push(one.name.as_str());
                continue;
            }
            Err(error) => return Err(Cause::new(Code::FileUnable, error.to_string())),
        };
        let size = file.metadata().map_err(|error| unable(files::words(&error)))?.len();
        if size != one.size {
            let what = format!("{} has {size} bytes, and the fact says {}", path.display(), one.size);
            return Err(Cause::new(Code::AttachedOther, what));
        }
        let digest = digest_of(&file).map_err(|error| unable(files::words(&error)))?;
        if digest != one.sha256 {
            let what = format!("the SHA-256 of {} is {}", path.display(), hex(&digest));
            return Err(Cause::new(Code::AttachedOther, what));
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sha256;
    use crate::files::{Overwrite, publish};

    #[test]
    fn a_file_that_is_another_is_named_and_one_that_is_not_there_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(ATTACHED_FOLDER)).unwrap();
        let at = |name: &str| folder.path().join(ATTACHED_FOLDER).join(name);
        let put = |name: &str, text: &[u8]| publish(&at(name), text, 0o600, Overwrite::Yes).unwrap();
        let fact = |name: &str| Attached {
            name: name.into(),
            size: 3,
            sha256: sha256(&[b"abc"]),
            media_type: "text/plain".into(),
        };
        put("a", b"abc");
        let (here, gone) = (fact("a"), fact("b"));
        assert_eq!(missing(folder.path(), [&here, &gone].into_iter()), Ok(vec!["b"]));
        for text in [&b"abd"[..], b"abcd", b""] {
            put("a", text);
            let cause = missing(folder.path(), [&here].into_iter()).unwrap_err();
            assert_eq!(cause.code, Code::AttachedOther, "{text:?}");
        }
        std::fs::create_dir(at("b")).unwrap();
        assert_eq!(missing(folder.path(), [&gone].into_iter()).unwrap_err().code, Code::FileUnable);
    }
}
