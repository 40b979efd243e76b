//! What a page has room for: the first of a list, the beginning of a text; and how it says that there
//! is more.

use crate::seal::statement::CommandText;
use crate::text::{visible, visible_lines};

/// What stands in the place of a text that is not there.
pub(super) const MISSING: &str = "redacted or not seen";

/// The longest text that is no command, in characters.
pub(super) const VALUE_MAX: usize = 500;

/// The most entries of a list in the Markdown.
const BRIEFLY_MAX: usize = 10;

/// The beginning of a text that was made visible, and how much is missing.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => {
            format!("{}… ({} more characters)", &text[..end], text[end..].chars().count())
        }
    }
}

/// The longest text in a list of the Markdown, in characters: a comment on a pull request has room
/// for 65,536 altogether.
const BRIEF_MAX: usize = 120;

/// The beginning of a text that was made visible, in one line.
pub(super) fn brief(text: &str) -> String {
    cut(&text.replace('\n', "\\n"), BRIEF_MAX)
}

/// A text in one line, of which nothing is obeyed.
pub(super) fn one_line(text: &str) -> String {
    cut(&visible(text.as_bytes()), VALUE_MAX)
}

/// A command, of which nothing is obeyed but where its lines end; nothing where it is not there.
pub(super) fn lines(text: &CommandText, most: usize) -> Option<String> {
    let text = match text {
        CommandText::Command(text) | CommandText::CommandShown(text) => visible_lines(text),
        other => visible(&other.bytes()?),
    };
    Some(cut(&text, most))
}

/// How much of a whole each of several has: as much as it needs, but no more than all can have.
pub(super) struct Share {
    /// The most that one has.
    each: usize,
    /// What is left of the whole.
    left: usize,
}

impl Share {
    /// The share of those that need so much, of a whole.
    pub fn of(needs: impl IntoIterator<Item = usize>, whole: usize) -> Self {
        let mut needs: Vec<usize> = needs.into_iter().collect();
        needs.sort_unstable();
        let (mut left, mut each) = (whole, usize::MAX);
        for (at, need) in needs.iter().enumerate() {
            let fair = left / (needs.len() - at);
            if *need > fair {
                // Where there are too many for one each, the first have one.
                each = fair.max(1);
                break;
            }
            left -= need;
        }
        Share { each, left: whole }
    }

    /// What one has that needs so much.
    pub fn take(&mut self, need: usize) -> usize {
        let has = need.min(self.each).min(self.left);
        self.left -= has;
        has
    }
}

/// The first ones, and how many more there are.
pub(super) struct List<T> {
    shown: Vec<T>,
    more: usize,
}

impl<T> List<T> {
    /// The first ones, at most so many.
    pub fn first(all: impl IntoIterator<Item = T>, most: usize) -> Self {
        let mut all = all.into_iter();
        let shown = all.by_ref().take(most).collect();
        List { shown, more: all.count() }
    }

    /// The same of other things.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> List<U> {
        List { shown: self.shown.into_iter().map(make).collect(), more: self.more }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.shown.len() + self.more
    }

    /// Those that have room.
    pub fn all(&self) -> &[T] {
        &self.shown
    }

    /// Those that have room where it is little.
    pub fn brief(&self) -> &[T] {
        &self.shown[..self.shown.len().min(BRIEFLY_MAX)]
    }

    /// How many there are beyond those.
    pub fn rest(&self) -> usize {
        self.count() - self.brief().len()
    }

    /// How many have no room.
    pub fn left_out(&self) -> usize {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_it_would_fill_a_page() {
        assert_eq!(cut("éé", 2), "éé");
        assert_eq!(cut("ééé", 2), "éé… (1 more characters)");
    }

    #[test]
    fn a_command_keeps_its_lines_and_nothing_else() {
        let lines = |bytes: &[u8]| lines(&CommandText::new(bytes), 99);
        assert_eq!(lines(b"a\n\x1b[2J").as_deref(), Some("a\n\\u{1b}[2J"));
        assert_eq!(lines(b"a\n\xff").as_deref(), Some("a\\n\\xff"));
        assert_eq!(super::lines(&CommandText::Withheld(true), 9), None);
    }

    #[test]
    fn a_large_one_takes_what_a_small_one_needs() {
        let shares = |needs: &[usize], whole| {
            let mut share = Share::of(needs.iter().copied(), whole);
            needs.iter().map(|need| share.take(*need)).collect::<Vec<_>>()
        };
        assert_eq!(shares(&[3, 100, 5], 200), [3, 100, 5]);
        assert_eq!(shares(&[3, 100, 5, 100], 28), [3, 10, 5, 10]);
        assert_eq!(shares(&[7, 7, 7], 2), [1, 1, 0]);
        assert_eq!(shares(&[], 2), [0; 0]);
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let list = List::first(0..5, 3);
        assert_eq!((list.all(), list.left_out(), list.count()), (&[0, 1, 2][..], 2, 5));
        assert_eq!((list.brief(), list.rest()), (&[0, 1, 2][..], 2));
        let list = List::first(0..20, 15);
        assert_eq!((list.brief().len(), list.rest(), list.left_out()), (10, 10, 5));
        assert!(List::first(0..0, 3).is_empty());
    }
}
