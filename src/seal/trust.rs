//! Which public keys are trusted, and when: the files that `--trust` takes.
//!
//! Lives here: a file of SPKI PEM blocks or of lines, read from bytes. Not here: what a
//! line says and when a key is trusted (`allowed`), where the files are, what time it is.
//!
//! Rules:
//! * a damaged line is an error that names the line; a line that is sound but of no use here
//!   (another type of key, another namespace) is skipped and named, because one trust file
//!   often serves several programs, and skipping a key only trusts less;
//! * a line that looks restricted is restricted or an error (`allowed`);
//! * no message quotes a long word: the file may be a private key that was named by mistake.

use std::error::Error;
use std::fmt;

use super::allowed::{Reject, quote, read_line};
use super::keys::{KeyError, PublicKey, pem_blocks};
use crate::text::{Fault, Next};

pub use super::allowed::{LocalTime, NAMESPACE, TrustedKey, Validity};

/// Larger trust files are not read.
pub const MAX_TRUST_FILE_BYTES: usize = 1 << 20;

/// What to do about a file whose lines are of no use here.
const ANOTHER_LINE: &str = "add a line for the key that seals, such as: NAME ssh-ed25519 AAAA…";

/// What a file of public keys has in it.
/// How a key of `ssh-keygen -e` begins.
const RFC4716: &str = "---- BEGIN SSH2 PUBLIC KEY ----";
const FORMS: &str = "a public key is a line such as ssh-ed25519 AAAA…, or a block that begins with -----BEGIN PUBLIC KEY-----; to print that of a key type: attesh key show FILE";

/// What to do about a text beside PEM blocks.
const ONE_FORM: &str =
    "a file has PEM blocks or lines, not both: put lines in a file of their own, and a # before a remark";

/// A sound line that makes no key trusted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// Its number, from 1.
    pub line: usize,
    /// Why.
    pub why: String,
    /// The type of key, if that is what is wrong.
    pub other_type: Option<String>,
}

impl Unused {
    fn other(line: usize, kind: String) -> Self {
        let why = format!("a key of type {kind}, but attesh reads only Ed25519 keys");
        Unused { line, why, other_type: Some(kind) }
    }
}

/// A trust file as read: never without a key.
#[derive(Debug)]
pub struct TrustFile {
    /// The keys in it, in order.
    pub keys: Vec<TrustedKey>,
    /// The lines that were skipped, to be named to the user.
    pub unused: Vec<Unused>,
}

impl TrustFile {
    /// Reads SPKI PEM blocks, or OpenSSH public key lines and `allowed_signers` lines.
    pub fn read(bytes: &[u8], local: LocalTime) -> Result<Self, TrustError> {
        let whole = |why| TrustError { line: None, why };
        if bytes.len() > MAX_TRUST_FILE_BYTES {
            let size = format!("{} bytes", bytes.len());
            return Err(whole(KeyError::NotAKey(size)));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| whole(KeyError::NotAKey("no text".to_owned())))?;
        // Editors of Windows begin a text with this mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(at) = text.lines().position(|line| line.trim_start().starts_with(RFC4716)) {
            let what = "a public key in the form of RFC 4716, not in that of OpenSSH".to_owned();
            let why = KeyError::refused(what, "to print it in that of OpenSSH type: ssh-keygen -i -f FILE");
            return Err(TrustError { line: Some(at + 1), why });
        }
        let file =
            if text.contains("-----BEGIN ") { Self::read_pem(text)? } else { Self::read_lines(text, local)? };
        if file.keys.is_empty() {
            let Some(first) = file.unused.first() else {
                return Err(whole(KeyError::NotAKey("no key in it".to_owned())));
            };
            let line = Some(first.line);
            let why = match &first.other_type {
                Some(kind) => KeyError::NotEd25519(kind.clone()),
                None => KeyError::refused(format!("no usable key: {}", first.why), ANOTHER_LINE),
            };
            return Err(TrustError { line, why });
        }
        Ok(file)
    }

    fn read_pem(text: &str) -> Result<Self, TrustError> {
        let mut keys = Vec::new();
        let mut unused = Vec::new();
        let mut done = 0;
        for (_, pem) in pem_blocks(text) {
            let start = pem.as_ptr() as usize - text.as_ptr() as usize;
            // A key line between the blocks would be skipped in silence, so it is an error.
            only_comments(text, done, start)?;
            done = start + pem.len();
            match PublicKey::from_spki_pem(pem) {
                Ok(key) => keys.push(TrustedKey::new(key)),
                Err(KeyError::NotEd25519(kind)) => unused.push(Unused::other(line_of(text, start), kind)),
                Err(why) => return Err(TrustError { line: Some(line_of(text, start)), why }),
            }
        }
        only_comments(text, done, text.len())?;
        Ok(Self { keys, unused })
    }

    fn read_lines(text: &str, local: LocalTime) -> Result<Self, TrustError> {
        let mut keys = Vec::new();
        let mut unused = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match read_line(line, local) {
                Ok(key) => keys.push(key),
                Err(Reject::Unused(why)) => unused.push(Unused { line: line_number, why, other_type: None }),
                Err(Reject::OtherType(kind)) => unused.push(Unused::other(line_number, kind)),
                Err(Reject::Bad(why)) => {
                    return Err(TrustError { line: Some(line_number), why });
                }
            }
        }
        Ok(Self { keys, unused })
    }
}

/// Why a trust file cannot be used, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustError {
    /// The line, from 1, if one line is wrong.
    pub line: Option<usize>,
    /// What is wrong.
    pub why: KeyError,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        self.why.fmt(f)
    }
}

impl Error for TrustError {}

impl Fault for TrustError {
    fn next(&self) -> Option<Next> {
        match &self.why {
            KeyError::NotAKey(_) => Some(FORMS.into()),
            why => why.next(),
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn only_comments(text: &str, from: usize, to: usize) -> Result<(), TrustError> {
    let between = &text[from..to];
    let stray = between.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    match stray {
        None => Ok(()),
        Some(stray) => {
            let at = from + between.find(stray).unwrap_or(0);
            Err(TrustError {
                line: Some(line_of(text, at)),
                why: KeyError::refused(format!("{} stands outside the PEM blocks", quote(stray)), ONE_FORM),
            })
        }
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
