//! Text that is printed: made fit for a terminal, quoted for a shell, counted;
//! and what to do next.
//!
//! Pure. What is printed where, and how it is laid out, is `report`'s business.

mod escape;
mod next;
mod quote;

pub use escape::{json_visible, short, visible, visible_lines};
pub use next::{Command, Fault, Next, told};
pub use quote::{fish_quoted, posix_quoted, quoted};

/// A number and its noun.
#[must_use]
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_no_plural() {
        assert_eq!([0_usize, 1, 2].map(|n| count(n, "session")), ["0 sessions", "1 session", "2 sessions"]);
    }
}
