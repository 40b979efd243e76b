//! Who has a program run that `attesh run` records.
//!
//! What lives here: the texts of the fact, made and read. What does not: reading the program's file
//! (`supervise`), what is run for the author (`agent`).

use super::{AGENT, ERROR, Seen, Texts};

/// The name of the text with the author, as `--author` named it.
pub const AUTHOR: &str = "author";
/// The name of the text with the path of the program's file.
pub const PATH: &str = "path";
/// The name of the text with the digest of that file, as it was before the program ran.
pub const SHA256: &str = "sha256";
/// The longest name of an author in bytes.
pub const AUTHOR_BYTES_MAX: usize = 128;

/// A name of an author.
///
/// # Errors
/// Why the text is not a name.
pub fn author(text: &str) -> Result<&str, String> {
    match text.len() {
        0 => Err("it is empty".to_owned()),
        _ if text.chars().any(char::is_control) => Err("it has a control character".to_owned()),
        length if length > AUTHOR_BYTES_MAX => {
            Err(format!("it has {length} bytes, and at most {AUTHOR_BYTES_MAX} are allowed"))
        }
        _ => Ok(text),
    }
}

/// The fact. It says who has this program run. `sha256` is the digest of the program's file in
/// hexadecimal, or why the file has no digest here.
#[must_use]
pub fn seen(author: &str, path: &[u8], sha256: Result<String, String>) -> Seen {
    let mut texts = Texts::default();
    texts.add(AUTHOR, author);
    texts.add(PATH, path);
    let ok = sha256.is_ok();
    match sha256 {
        Ok(digest) => texts.add(SHA256, digest),
        Err(why) => texts.add(ERROR, why),
    }
    Seen { kind: AGENT, ok, texts, attached: None }
}

/// What is told of who has a program run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// The author; `None` if that text was taken out.
    pub author: Option<String>,
    /// The digest of the program's file; `None` if it could not be read, or that text was taken out.
    pub sha256: Option<String>,
}

impl Agent {
    /// What a fact says.
    #[must_use]
    pub fn of<'a>(get: impl Fn(&str) -> Option<&'a [u8]>) -> Self {
        let text = |name| get(name).map(|text| String::from_utf8_lossy(text).into_owned());
        Agent { author: text(AUTHOR), sha256: text(SHA256) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_an_author_can_be_anything() {
        for good in ["claude-code", "a", "Ä b/1.2", &"x".repeat(AUTHOR_BYTES_MAX)] {
            assert_eq!(author(good), Ok(good));
        }
        for bad in ["", "a\nb", "\u{1b}[1m", "\u{85}", "a\0", &"x".repeat(AUTHOR_BYTES_MAX + 1)] {
            assert!(author(bad).is_err(), "{bad:?}");
        }
    }
}
