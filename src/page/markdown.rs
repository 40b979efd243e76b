//! Texts of others in Markdown: nothing in them is obeyed.
//!
//! Rules: a text stands as it is only where it is made of plain words; every other stands in a code
//! span, which no text can end, and in which nobody is mentioned and nothing is linked.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// The escaper of `page.md`.
#[derive(Clone, Copy)]
pub struct Markdown;

impl Escaper for Markdown {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        if is_plain(string) { dest.write_str(string) } else { dest.write_str(&code(string)) }
    }
}

/// Whether a text is made of words that no reader of Markdown makes more of: not even a commit that
/// is named by its digits, an issue (`GH-1`) or a host (`a.example`).
fn is_plain(text: &str) -> bool {
    let is_word = |word: &str| {
        let word = word.strip_prefix('(').unwrap_or(word);
        let word = word.trim_end_matches([',', '.', ';', ':', ')', '\'']);
        let parts = || word.split(['\'', '-']);
        let letters = word.chars().all(|c| c.is_alphanumeric() || c == '\'' || c == '-');
        let no_number = parts().count() == 1 || !word.contains(|c: char| c.is_ascii_digit());
        letters
            && no_number
            && !(word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit()))
            && parts().all(|it| !it.is_empty())
    };
    !text.is_empty() && text.split(' ').all(|word| is_word(word) && !word.is_empty())
}

/// The longest run of backticks in a text.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// A text in a code span, in one line. Nothing is nothing.
#[must_use]
pub fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = text.replace('\n', "\\n");
    let fence = "`".repeat(longest_run(&text) + 1);
    // One space at each end is taken away again, unless all is spaces.
    let edge = |c: char| c == '`' || c == ' ';
    let padded = !text.trim_matches(' ').is_empty() && (text.starts_with(edge) || text.ends_with(edge));
    if padded { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

/// Lines in a fence that none of them can end: each begins with something else than a backtick.
#[must_use]
pub fn fenced(lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let lines: String = lines.iter().map(|line| format!("{}\n", line.replace('\n', "\\n"))).collect();
    format!("{fence}text\n{lines}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_stand_as_they_are() {
        for plain in [
            "checked one by one: 7 records",
            "complete, with one declared pause: 3 commands not recorded",
            "told by the hooks of its shells",
            "it's the sealers' clock (self-reported)",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in [
            "",
            " a",
            "a  b",
            "`",
            "a|b",
            "a\nb",
            "<b>",
            "[a](b)",
            "![a](b)",
            "@user",
            "#1",
            "GH-1",
            "ABC-12",
            "https://a.example",
            "www.a.example",
            "a.example",
            "a@b.example",
            "3f0c1a9",
            "deadbeef",
            "*a*",
            "_a_",
            "~a~",
            "&amp;",
            "a\\",
            "a:b",
            "-",
            "- a",
            "=",
            "'a",
            "a/b",
            "\u{202e}",
            "\t",
            "+",
            "1-2",
            ":tada:",
        ] {
            assert!(!is_plain(other), "{other:?}");
        }
    }

    #[test]
    fn no_text_ends_its_code_span() {
        for (text, span) in [
            ("a", "`a`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("``a``", "``` ``a`` ```"),
            (" a ", "`  a  `"),
            ("  ", "`  `"),
            ("a\nb", "`a\\nb`"),
            ("", ""),
        ] {
            assert_eq!(code(text), span, "{text:?}");
        }
    }

    #[test]
    fn no_line_ends_its_fence() {
        let lines = ["1 ````".to_owned(), "2 \n```".to_owned()];
        assert_eq!(fenced(&lines), "`````text\n1 ````\n2 \\n```\n`````");
        assert_eq!(fenced(&[]), "```text\n```");
    }
}
