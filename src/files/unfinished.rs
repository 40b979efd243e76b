//! Files that have no name of their own yet.
//!
//! What lives here: what such a file is called, and removing those whose writer was killed. What does
//! not: writing and publishing one (`files`).

use std::io;
use std::path::Path;

/// What a file is called until it is published begins with this; one whose writer was killed stays.
#[must_use]
pub fn temporary_prefix(name: &str) -> String {
    format!(".{name}.")
}

pub(super) fn temporary_name(name: &str) -> String {
    // Leaves room for the suffix if the name is as long as a name can be.
    let kept: String = name.chars().take(60).collect();
    temporary_prefix(&kept) + &crate::encoding::hex(&crate::crypto::random::<8>())
}

/// Removes what writers of this file left beside it that were killed.
///
/// # Errors
/// The folder could not be read, or one could not be removed.
pub fn remove_unfinished(path: &Path) -> io::Result<()> {
    let name: String = path.file_name().unwrap_or_default().to_string_lossy().chars().take(60).collect();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_unfinished = |name_of: &str| {
        let random = name_of.strip_prefix(&temporary_prefix(&name));
        random.is_some_and(|random| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let entries = match std::fs::read_dir(parent) {
        // Where there is no folder, nothing is left in it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_unfinished) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
