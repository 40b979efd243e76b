//! What is seen of the file of an agent's program, before it runs.

use std::fs::OpenOptions;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::encoding::hex;
use crate::fact::{Seen, agent};
use crate::files;

/// Who has a program run, and the digest of its file.
#[must_use]
pub fn seen(author: &str, path: &Path) -> Seen {
    agent::seen(author, path.as_os_str().as_bytes(), digest(path))
}

/// SHA-256 of a regular file, or why there is none.
fn digest(path: &Path) -> Result<String, String> {
    let words = |error: std::io::Error| files::words(&error);
    // A pipe would be waited for.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(words)?;
    if !file.metadata().map_err(words)?.is_file() {
        return Err("not a regular file".to_owned());
    }
    files::digest_of(&file).map(|digest| hex(&digest)).map_err(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_has_a_digest_or_no_reason() {
        for path in ["/", "/dev/null", "/no/such"] {
            let seen = seen("a", Path::new(path));
            let has = |name: &str| seen.texts.get(name).is_some();
            assert!(!seen.ok && has("error") && has("author") && has("path") && !has("sha256"), "{seen:?}");
        }
    }
}
