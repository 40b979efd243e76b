//! A text that stands nowhere else, and the files in which it stands all the same.

use std::fs;
use std::path::{Path, PathBuf};

use attesh::encoding::base64;

/// The files below a folder in which a text stands.
pub fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let (kind, path) = entry.map(|entry| (entry.file_type().unwrap(), entry.path())).unwrap();
        // A shell can leave a FIFO, which nobody writes to.
        let holds =
            || fs::read(&path).is_ok_and(|bytes| memchr::memmem::find(&bytes, text.as_bytes()).is_some());
        if kind.is_dir() {
            found.extend(holding(&path, text));
        } else if kind.is_file() && holds() {
            found.push(path);
        }
    }
    found
}

/// The files below a folder in which a text stands as it is or in base64, but for those of these names.
pub fn holding_in_any_form(folder: &Path, text: &str, but: &[&str]) -> Vec<PathBuf> {
    let mut found = holding(folder, text);
    found.extend(holding(folder, base64(text.as_bytes()).trim_end_matches('=')));
    found.retain(|path| path.file_name().is_none_or(|name| !but.iter().any(|but| name == *but)));
    found
}
