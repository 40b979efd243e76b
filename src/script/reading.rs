//! What a shell read and ran, held against the plan of its script.
//!
//! What lives here: which unit of the plan a piece of the script is that the shell took for one.
//! Pure. What does not: how that was seen (`run::reader`).
//!
//! Rules: a unit is the plan's if the shell took the very lines that the plan has for it, byte for
//! byte and at the same place. Everything else that ran is none of the plan's.

use super::{Script, is_empty};

/// A piece of the script that the shell took for a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its lines, without what no unit begins with and without the newline at the end.
    pub text: Vec<u8>,
    /// The number of the plan's unit that it is, from 0.
    pub unit: Option<usize>,
    /// The line of the script that it begins with, from 1, if it is of the script.
    pub line: Option<u64>,
}

/// The piece that a shell took: these bytes, from this place of the script on, if they are of the
/// script.
#[must_use]
pub fn piece(script: &Script, bytes: &[u8], at: Option<u64>) -> Piece {
    let mut skipped = 0;
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n').filter(|end| is_empty(&rest[..*end])) {
        (rest, skipped) = (&rest[end + 1..], skipped + 1);
    }
    let text = rest.strip_suffix(b"\n").unwrap_or(rest).to_vec();
    let same = at
        .and_then(|at| usize::try_from(at).ok())
        .filter(|at| script.bytes().get(*at..).is_some_and(|there| there.starts_with(bytes)));
    let first = same.and_then(|at| script.line_at(at)).map(|line| line + skipped);
    let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
    let unit = first.and_then(|first| {
        let number = script.unit_at(first)?;
        let unit = script.unit(number)?;
        (unit.first == first && unit.last == first + lines && unit.text == text).then_some(number)
    });
    Piece { text, unit, line: first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_the_plans_unit_if_it_has_its_very_lines() {
        let script = Script::new(b"a\n# no\n\nb \\\nc\nd".to_vec(), vec![(1, 1), (4, 5), (6, 6)]).unwrap();
        let unit = |bytes: &[u8], at: u64| piece(&script, bytes, Some(at)).unit;
        assert_eq!(unit(b"a\n", 0), Some(0));
        assert_eq!(unit(b"# no\n\nb \\\nc\n", 2), Some(1));
        assert_eq!(unit(b"b \\\nc\n", 8), Some(1));
        assert_eq!(unit(b"d", 14), Some(2));
        for (bytes, at) in [
            (&b"a\n"[..], 2),
            (b"a\n# no\n\nb \\\nc\n", 0),
            (b"b \\\n", 8),
            (b"b \\\nc\nd", 8),
            (b"c\n", 12),
            (b"e\n", 14),
            (b"d\n", 14),
            (b"a\n", 99),
        ] {
            assert_eq!(unit(bytes, at), None, "{bytes:?} at {at}");
        }
        assert_eq!(piece(&script, b"a\n", None), Piece { text: b"a".to_vec(), unit: None, line: None });
        let merged = piece(&script, b"b \\\nc\nd", Some(8));
        assert_eq!((merged.text, merged.line), (b"b \\\nc\nd".to_vec(), Some(4)));
    }
}
