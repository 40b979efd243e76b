//! Text that is printed: made fit for a terminal, quoted for a shell, counted;
//! and what to do next.
//!
//! Pure. What is printed where, and how it is laid out, is `report`'s business.

mod escape;
mod next;
mod quote;
pub mod toml;

pub use escape::{json_visible, short, visible, visible_lines};
pub use next::{Command, Fault, Next, told};
pub use quote::{fish_quoted, posix_quoted, quoted, typed};

/// A number and its noun.
#[must_use]
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        number if noun.ends_with('s') => format!("{number} {noun}es"),
        number => format!("{number} {noun}s"),
    }
}

/// The first of several, and how many more there are.
#[must_use]
pub fn and_more(first: &str, all: usize) -> String {
    match all {
        0 | 1 => first.to_owned(),
        all => format!("{first} (and {} more)", all - 1),
    }
}

/// The line and the column of a byte of a text: the column in characters, both from 1.
#[must_use]
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
}

/// A path without `.`, without empty parts, and without what `..` takes back; links are not asked.
#[must_use]
pub fn cleaned(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{and_more, cleaned, count};

    #[test]
    fn a_path_is_shortened_without_looking() {
        for (path, short) in [
            ("./a//b/", "a/b"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("../../a/..", "../.."),
            ("/./x", "/x"),
            ("", ""),
        ] {
            assert_eq!(cleaned(path), short, "{path}");
        }
    }

    #[test]
    fn the_first_stands_for_all() {
        assert_eq!([1, 2, 3].map(|all| and_more("x", all)), ["x", "x (and 1 more)", "x (and 2 more)"]);
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!([0_usize, 1, 2].map(|n| count(n, "session")), ["0 sessions", "1 session", "2 sessions"]);
    }
}
