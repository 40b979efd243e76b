//! Heads that were kept elsewhere: in the log of a job, in the output of a step.
//!
//! What lives here: finding them in a text, and whether a journal has gone through all of
//! them. What does not: reading files, checking journals (`check`).
//!
//! Rules: every head that is found counts; one that cannot be compared is never taken for
//! one that agrees.

use std::collections::HashSet;
use std::io::{self, Read};

use memchr::memmem;
use uuid::Uuid;

use super::check::Checked;
use super::head::Head;
use crate::cause::{Cause, Code};
use crate::crypto::Digest;
use crate::encoding::hex;

/// The most heads that one text may have.
pub const HEADS_MAX: usize = 100_000;
/// How much of a text is looked at at a time, in bytes.
const PIECE: u64 = 1 << 20;
/// No checkpoint and no marked head is longer, in bytes.
const OVERLAP: usize = 1 << 10;

/// The word before a head in the log of a job.
pub const MARK: &str = "attesh-head";

/// What is known of a journal: its session, its size, its root at some sizes.
pub struct Known {
    /// The session's id.
    pub session: Uuid,
    /// How many records it has.
    pub size: u64,
    /// Sizes, and the root at each.
    pub roots: Vec<(u64, Digest)>,
}

impl Known {
    /// What a check found; none where it found no genesis.
    #[must_use]
    pub fn of(checked: &Checked) -> Option<Self> {
        let head = checked.head()?;
        Some(Known { session: head.session, size: head.size, roots: checked.roots.clone() })
    }
}

/// The heads that were kept, in the order in which they were found, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptHeads(Vec<Head>);

impl KeptHeads {
    /// All that stand in a text: behind [`MARK`], wherever that is on a line and whatever
    /// follows; a line that is a token, or `head=` and a token, and nothing else; and three lines
    /// that are the body of a checkpoint. A log may indent its lines, and end them with CR LF.
    #[must_use]
    pub fn find(text: &[u8]) -> Self {
        let mut all = KeptHeads::default();
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
        for three in lines.windows(3) {
            all.0.extend(Head::of_checkpoint([three[0], three[1], three[2]]));
        }
        for line in lines {
            let mut marked = false;
            for at in memmem::find_iter(line, MARK) {
                let rest = line[at + MARK.len()..].trim_ascii_start();
                if let Some((head, _)) = Head::beginning(rest) {
                    marked = true;
                    all.0.push(head);
                }
            }
            let alone = line.strip_prefix(b"head=").unwrap_or(line);
            let alone = std::str::from_utf8(alone).ok().filter(|_| !marked);
            all.0.extend(alone.and_then(Head::read));
        }
        let mut seen = HashSet::new();
        all.0.retain(|head| seen.insert(*head));
        all
    }

    /// As [`find`](Self::find) in what is read, of which only a piece is kept at a time.
    ///
    /// # Errors
    /// It could not be read, or has more heads than [`HEADS_MAX`].
    pub fn find_in(mut read: impl Read) -> io::Result<Self> {
        let mut all = KeptHeads::default();
        let mut seen = HashSet::new();
        let mut text = Vec::new();
        loop {
            let before = text.len();
            read.by_ref().take(PIECE).read_to_end(&mut text)?;
            let ended = text.len() == before;
            // A line that goes on is looked at when it is whole, however the log was cut; one that
            // is longer than a piece is looked at in parts.
            let whole = match memchr::memrchr(b'\n', &text) {
                Some(at) if !ended => at + 1,
                _ => text.len(),
            };
            let found = KeptHeads::find(&text[..whole]).0;
            all.0.extend(found.into_iter().filter(|head| seen.insert(*head)));
            if all.len() > HEADS_MAX {
                return Err(io::Error::other(format!("more than {HEADS_MAX} heads")));
            }
            if ended {
                return Ok(all);
            }
            // What a checkpoint or a head may have begun in.
            let mut ends = memchr::memrchr_iter(b'\n', &text[..whole]).skip(2);
            let lines = ends.next().map_or(0, |at| at + 1);
            text.drain(..lines.max(whole.saturating_sub(OVERLAP)));
        }
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
    pub fn compare(&self, known: &Known) -> Result<Vec<&Head>, Cause> {
        let mut open = Vec::new();
        for head in &self.0 {
            if head.session != known.session {
                return Err(Cause::new(
                    Code::HeadSession,
                    format!(
                        "another journal: it is that of session {}, and a head that was kept is {head}",
                        known.session
                    ),
                ));
            }
            if head.size > known.size {
                return Err(Cause::new(
                    Code::HeadCut,
                    format!(
                        "the journal was cut: it has {} records, and a head that was kept is {head}",
                        known.size
                    ),
                ));
            }
            match known.roots.iter().find(|(size, _)| *size == head.size) {
                Some((_, root)) if *root == head.root => {}
                Some((size, root)) => {
                    return Err(Cause::new(
                        Code::HeadRoot,
                        format!(
                            "another journal of the same session: at {size} records its root is {}, and a head \
                         that was kept is {head}",
                            hex(root)
                        ),
                    ));
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

    fn head(size: u64, fill: u8) -> Head {
        Head { session: Uuid::try_parse(ID).unwrap(), size, root: [fill; 32] }
    }

    fn token(size: u64, fill: u8) -> String {
        head(size, fill).to_string()
    }

    fn found(text: &str) -> Vec<String> {
        KeptHeads::find(text.as_bytes()).0.iter().map(ToString::to_string).collect()
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
        let note = format!("a note\n{}\n\u{2014} witness AAAA\n", head(8, 8).checkpoint());
        assert_eq!(found(&note), [token(8, 8)]);
    }

    /// Wherever a piece of a long log ends.
    #[test]
    fn a_head_between_two_pieces_of_a_log_is_lost() {
        let size = usize::try_from(PIECE).unwrap();
        let entry = format!(
            "{}{MARK} {}\r\nhead={}\n{}",
            head(8, 8).checkpoint(),
            token(1, 1),
            token(2, 2),
            head(9, 9).checkpoint()
        );
        for end in (0..=entry.len() + 1).step_by(97).chain([entry.len()]) {
            for filler in ["x", "a line of a log\n"] {
                let before = filler.repeat(size / filler.len() - end / filler.len());
                let log = format!("{before}\n{entry}{}\n", "y".repeat(size));
                let (whole, read) =
                    (KeptHeads::find(log.as_bytes()), KeptHeads::find_in(log.as_bytes()).unwrap());
                let sorted = |heads: &KeptHeads| {
                    let mut sizes: Vec<String> = heads.0.iter().map(ToString::to_string).collect();
                    sizes.sort();
                    sizes
                };
                assert_eq!((whole.len(), sorted(&read)), (4, sorted(&whole)), "{end} {filler:?}");
            }
        }
    }

    #[test]
    fn a_head_that_a_journal_did_not_go_through_is_named() {
        let known = || Known {
            session: Uuid::try_parse(ID).unwrap(),
            size: 3,
            roots: vec![(1, [1; 32]), (3, [3; 32])],
        };
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
