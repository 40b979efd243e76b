//! A head: how a journal stood at a size. Its two forms, printed and parsed.
//!
//! The body of a C2SP checkpoint (tlog-checkpoint), three lines:
//!
//! ```text
//! attesh.dev/session/019340aa-0000-7000-8000-00000000000a
//! 12
//! q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=
//! ```
//!
//! And one token, `SESSION:SIZE:ROOT`, with the root in hexadecimal.

use std::fmt;

use uuid::Uuid;

use crate::crypto::Digest;
use crate::encoding::{base64, base64_strict, hex, hex_exact, is_uuid};
use crate::record::{INTEGER_MAX, Prev};

/// What the first line of a checkpoint begins with; the session's id follows.
pub const ORIGIN: &str = "attesh.dev/session/";

/// A session had this root when it had so many records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// The session.
    pub session: Uuid,
    /// How many records, at least 1.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Digest,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{}:{}", self.session.hyphenated(), self.size, hex(&self.root))
    }
}

impl Head {
    /// Reads a token and nothing else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (head, rest) = Self::beginning(text.as_bytes())?;
        rest.is_empty().then_some(head)
    }

    /// The token that bytes begin with, and what follows it.
    #[must_use]
    pub fn beginning(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (session, rest) = bytes.split_at_checked(36)?;
        let rest = rest.strip_prefix(b":")?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = (&rest[..digits], rest[digits..].strip_prefix(b":")?);
        let (root, rest) = rest.split_at_checked(64)?;
        Some((Head { session: id(session)?, size: size(number)?, root: hex_exact(root)? }, rest))
    }

    /// The body of a checkpoint, three lines.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        format!("{ORIGIN}{}\n{}\n{}\n", self.session.hyphenated(), self.size, base64(&self.root))
    }

    /// Reads the three lines of a checkpoint's body, each without its newline.
    #[must_use]
    pub fn of_checkpoint(lines: [&[u8]; 3]) -> Option<Self> {
        let session = id(lines[0].strip_prefix(ORIGIN.as_bytes())?)?;
        let root = base64_strict(lines[2])?.try_into().ok()?;
        Some(Head { session, size: size(lines[1])?, root })
    }
}

impl From<&Prev> for Head {
    fn from(prev: &Prev) -> Self {
        // The record was read: its id is one.
        let session = Uuid::try_parse(&prev.session).unwrap_or_default();
        Head { session, size: prev.size, root: prev.root }
    }
}

fn id(bytes: &[u8]) -> Option<Uuid> {
    let text = std::str::from_utf8(bytes).ok()?;
    is_uuid(text).then(|| Uuid::try_parse(text).ok())?
}

fn size(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let size: u64 = text.parse().ok().filter(|size| (1..=INTEGER_MAX).contains(size))?;
    (size.to_string() == text).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let session = Uuid::try_parse("019340aa-0000-7000-8000-00000000000a").unwrap();
        Head { session, size: 12, root: [0xab; 32] }
    }

    #[test]
    fn a_token_has_one_spelling() {
        let good = head().to_string();
        assert_eq!(Head::read(&good), Some(head()));
        let bad = [
            String::new(),
            good.to_uppercase(),
            good.replace(":12:", ":012:"),
            good.replace(":12:", ":0:"),
            good.replace(":12:", ":+12:"),
            good.replace(":12:", "::"),
            good.replace(":12:", ":99999999999999999999999:"),
            good.replace('-', ""),
            good[..good.len() - 1].to_owned(),
            format!("{good}0"),
            format!(" {good}"),
        ];
        for text in bad {
            assert_eq!(Head::read(&text), None, "{text}");
        }
    }

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let good = head().checkpoint();
        let read = |text: &str| {
            let lines: Vec<&[u8]> = text.strip_suffix('\n')?.split('\n').map(str::as_bytes).collect();
            Head::of_checkpoint(lines.try_into().ok()?)
        };
        assert_eq!(read(&good), Some(head()));
        for (from, to) in [
            ("attesh.dev/session/", "attesh.dev/"),
            ("019340aa", "019340AA"),
            ("\n12\n", "\n012\n"),
            ("\n12\n", "\n\n"),
            ("=\n", "\n"),
            ("6s=\n", "6t=\n"),
            ("\n12\n", "\r\n12\n"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            assert_eq!(read(&bad), None, "{bad}");
        }
    }
}
