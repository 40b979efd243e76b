//! Heads that were kept elsewhere: in the log of a job, in the output of a step.
//!
//! What lives here: finding them in a text, and whether a journal has gone through all of
//! them. What does not: reading files, checking journals (`check`).
//!
//! Rules: every head that is found counts; one that cannot be compared is never taken for
//! one that agrees.

use super::chain::{SIZE_MAX, head_token};
use super::check::Checked;
use crate::cause::{Cause, Code};
use crate::crypto::Digest;
use crate::encoding::{hex, hex_exact, is_uuid};

/// The word before a head in the log of a job.
pub const MARK: &str = "attesh-head";

/// A head that was kept: a session had this root when it had so many records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHead {
    session: String,
    size: u64,
    root: Digest,
}

impl std::fmt::Display for KeptHead {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&head_token(&self.session, self.size, &self.root))
    }
}

impl KeptHead {
    /// Reads a token and nothing else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (head, rest) = Self::beginning(text.as_bytes())?;
        rest.is_empty().then_some(head)
    }

    /// The token that bytes begin with, and what follows it.
    fn beginning(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (session, rest) = (bytes.get(..36)?, bytes.get(36..)?.strip_prefix(b":")?);
        let session = std::str::from_utf8(session).ok()?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = (std::str::from_utf8(&rest[..digits]).ok()?, rest[digits..].strip_prefix(b":")?);
        let size: u64 = number.parse().ok().filter(|size| (1..=SIZE_MAX).contains(size))?;
        let root = hex_exact(rest.get(..64)?)?;
        let same = is_uuid(session) && size.to_string() == number;
        same.then(|| (KeptHead { session: session.to_owned(), size, root }, &rest[64..]))
    }
}

/// What is known of a journal: its session, its size, its root at some sizes.
pub struct Known {
    /// The session's id.
    pub session: String,
    /// How many records it has.
    pub size: u64,
    /// Sizes, and the root at each.
    pub roots: Vec<(u64, Digest)>,
}

impl Known {
    /// What a check found; none where it found no genesis.
    #[must_use]
    pub fn of(checked: &Checked) -> Option<Self> {
        let session = checked.genesis_body()?.session.clone();
        Some(Known { session, size: checked.size, roots: checked.roots.clone() })
    }
}

/// The heads that were kept, in the order in which they were found, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptHeads(Vec<KeptHead>);

impl KeptHeads {
    /// All that stand in a text: behind [`MARK`], wherever that is on a line and whatever
    /// follows; and a line that is a token, or `head=` and a token, and nothing else.
    #[must_use]
    pub fn find(text: &[u8]) -> Self {
        let mut all = KeptHeads::default();
        for line in text.split(|byte| *byte == b'\n') {
            let mut marked = false;
            let windows = line.windows(MARK.len()).enumerate();
            for (at, _) in windows.filter(|(_, window)| *window == MARK.as_bytes()) {
                let rest = line[at + MARK.len()..].trim_ascii_start();
                if let Some((head, _)) = KeptHead::beginning(rest) {
                    marked = true;
                    all.0.push(head);
                }
            }
            let alone = line.trim_ascii();
            let alone = alone.strip_prefix(b"head=").unwrap_or(alone);
            let alone = std::str::from_utf8(alone).ok().filter(|_| !marked);
            all.0.extend(alone.and_then(KeptHead::read));
        }
        let mut seen = std::collections::HashSet::new();
        all.0.retain(|head| seen.insert((head.session.clone(), head.size, head.root)));
        all
    }

    /// Takes in others.
    pub fn add(&mut self, others: KeptHeads) {
        self.0.extend(others.0);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Their sizes, in ascending order.
    #[must_use]
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.0.iter().map(|head| head.size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Compares all of them with a journal; those for which its root is not known come back.
    ///
    /// # Errors
    /// The first that the journal did not go through.
    pub fn compare(&self, known: &Known) -> Result<Vec<&KeptHead>, Cause> {
        let mut open = Vec::new();
        for head in &self.0 {
            if head.session != known.session {
                return Err(Cause::new(Code::HeadSession, format!(
                    "another journal: it is that of session {}, and a head that was kept is {head}",
                    known.session
                )));
            }
            if head.size > known.size {
                return Err(Cause::new(Code::HeadCut, format!(
                    "the journal was cut: it has {} records, and a head that was kept is {head}",
                    known.size
                )));
            }
            match known.roots.iter().find(|(size, _)| *size == head.size) {
                Some((_, root)) if *root == head.root => {}
                Some((size, root)) => {
                    return Err(Cause::new(Code::HeadRoot, format!(
                        "another journal of the same session: at {size} records its root is {}, and a head \
                         that was kept is {head}",
                        hex(root)
                    )));
                }
                None => open.push(head),
            }
        }
        Ok(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019340aa-0000-7000-8000-00000000000a";

    fn token(size: u64, fill: u8) -> String {
        head_token(ID, size, &[fill; 32])
    }

    fn found(text: &str) -> Vec<String> {
        KeptHeads::find(text.as_bytes()).0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_token_has_one_spelling() {
        let good = token(12, 0xab);
        assert_eq!(KeptHead::read(&good).unwrap().to_string(), good);
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
            assert_eq!(KeptHead::read(&text), None, "{text}");
        }
    }

    #[test]
    fn a_head_in_a_log_is_found_whatever_surrounds_it() {
        let (one, two) = (token(1, 1), token(2, 2));
        let log = format!(
            "2024-05-22T12:43:46.9626460Z attesh-head {one}\r\n\
             \u{1b}[32;1m$ grep attesh-head log\u{1b}[0;m\n\
             left over from printfattesh-head {two}more\n\
             attesh-head {one} and again attesh-head  {}\n\
             attesh-head {}\n  {}  \nsee {}\nhead={}\nattesh-head",
            token(3, 3),
            &token(4, 4)[..90],
            token(5, 5),
            token(6, 6),
            token(7, 7),
        );
        assert_eq!(found(&log), [one, two, token(3, 3), token(5, 5), token(7, 7)]);
        assert_eq!(KeptHeads::find(b"\xff attesh-head \xff\n").len(), 0);
    }

    #[test]
    fn a_head_that_a_journal_did_not_go_through_is_named() {
        let known = || Known { session: ID.into(), size: 3, roots: vec![(1, [1; 32]), (3, [3; 32])] };
        let compare = |text: &str| {
            let heads = KeptHeads::find(text.as_bytes());
            heads.compare(&known()).map(|open| open.len())
        };
        assert_eq!(compare(&format!("{}\n{}", token(1, 1), token(3, 3))), Ok(0));
        assert_eq!(compare(&format!("{}\n{}", token(1, 1), token(2, 2))), Ok(1));
        let says = |text: &str, why: &str| {
            let said = compare(text).unwrap_err().detail;
            assert!(said.starts_with(why), "{said}");
        };
        says(&token(4, 4), "the journal was cut: it has 3 records");
        says(&token(1, 9), "another journal of the same session: at 1 records");
        // One that is first or last does not make up for one that does not fit.
        says(&format!("{}\n{}", token(1, 1), token(3, 9)), "another journal of the same session: at 3 ");
        says(&token(1, 1).replace("0a:", "0b:"), "another journal: it is that of session 0193");
    }
}
