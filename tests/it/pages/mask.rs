//! The tables of attesh-mask(5) against those of the masker.

use std::fmt::Write as _;

use attesh::mask::asked::{ASKED_MAX, FILE_MAX};
use attesh::mask::{Masker, PROGRAMS, Part, Program, RULES, Rule, Takes, VALUE_MIN, words_of_names};

use super::journal::read;
use crate::house::tidy::top;

const PAGE: &str = "man/attesh-mask.5";

/// A text as a word of mdoc(7). Its third character stands apart, so that whoever looks for tokens in
/// this file finds none.
fn word(text: &str) -> String {
    let mut out = "\"\\&".to_owned();
    for (at, c) in text.chars().enumerate() {
        if at == 2 {
            out.push_str("\\&");
        }
        match c {
            '\\' => out.push_str("\\e"),
            '"' => out.push_str("\\(dq"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            '\n' => out.push_str("\\en"),
            c => out.push(c),
        }
    }
    // What ends with a mark of punctuation looks like a sentence to mandoc.
    out + "\\&\""
}

/// Words behind each other, with commas between.
fn list<T: AsRef<str>>(out: &mut String, all: &[T]) {
    for (at, one) in all.iter().enumerate() {
        let comma = if at + 1 < all.len() { " ," } else { " ." };
        writeln!(out, ".Li {}{comma}", word(one.as_ref())).unwrap();
    }
}

fn rule(rule: &Rule) -> String {
    let mut out = format!(".It Li {}\n{}", rule.name, rule.finds);
    if rule.patterns.is_empty() {
        out.push_str(".\n");
    } else {
        out.push_str(":\n");
        list(&mut out, rule.patterns);
    }
    out.push_str("Masked:\n");
    list(&mut out, rule.examples);
    out.push_str("Not masked:\n");
    list(&mut out, rule.near);
    writeln!(out, "From:\n.Lk {}", rule.page).unwrap();
    out
}

fn program(program: &Program) -> String {
    let all = |words: &[&str]| words.join(", ");
    let of = |part: Part| match part {
        Part::Whole => "",
        Part::Colon => ": what is behind the first colon",
        Part::Percent => ": what is behind the first %",
        Part::Pass => ": what is behind pass:",
        Part::Pair => ": what has a =",
        Part::Comma => ": what is behind the first comma",
        Part::Slash => ": what is between the first / and the last @",
    };
    let takes = match program.takes {
        Takes::Option(options, part) => format!("behind {}{}", all(options), of(part)),
        Takes::Attached(options) => format!("attached to {}", all(options)),
        Takes::Argument(number) => format!("argument {}", number + 1),
        Takes::Last => "the last argument".to_owned(),
        Takes::Named => "behind an argument whose name says secret".to_owned(),
        Takes::Pairs([]) => "each NAME=VALUE".to_owned(),
        Takes::Pairs(options) => format!("each NAME=VALUE behind {}", all(options)),
        Takes::Word(part) => format!("each argument{}", of(part)),
        Takes::Fields(names) => format!("each NAME=VALUE of the names {}", all(names)),
        Takes::Input(part) => format!("what it reads{}", of(part)),
    };
    let words = program.words.join(" ");
    format!(".It {} Ta {} Ta {takes}\n", all(program.names), if words.is_empty() { "-" } else { &words })
}

fn names() -> String {
    let mut out = String::new();
    for (what, words) in words_of_names() {
        writeln!(out, ".It {what}").unwrap();
        let mut line = String::new();
        for (at, one) in words.iter().enumerate() {
            let comma = if at + 1 < words.len() { "," } else { "" };
            if line.len() + one.len() + 2 > 76 {
                writeln!(out, "{line}").unwrap();
                line.clear();
            }
            line = if line.is_empty() { format!("{one}{comma}") } else { format!("{line} {one}{comma}") };
        }
        writeln!(out, "{line}").unwrap();
    }
    out
}

/// The page with its tables as the masker has them.
fn wanted(page: &str) -> String {
    let tables = [
        (".Bl -tag -width Ds -compact -offset names\n", names()),
        (
            ".Bl -column \"programs of this name\" \"with these words\" \"the secret\"\n",
            ".It Em program Ta Em with the words Ta Em secret\n".to_owned()
                + &PROGRAMS.iter().map(program).collect::<String>(),
        ),
        (".Bl -tag -width Ds -offset rules\n", RULES.iter().map(rule).collect::<String>()),
    ];
    let mut page = page.to_owned();
    for (begin, table) in tables {
        let from = page.find(begin).unwrap_or_else(|| panic!("{begin}")) + begin.len();
        let to = from + page[from..].find(".El\n").unwrap();
        page.replace_range(from..to, &table);
    }
    page
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the page is written again where its writer asks for it")]
fn the_tables_of_the_page_are_not_those_of_the_masker() {
    let (page, wanted) = (read(PAGE), wanted(&read(PAGE)));
    if std::env::var_os("ATTESH_RENEW_PAGES").is_some() {
        let path = top().join(PAGE);
        attesh::files::publish(&path, wanted.as_bytes(), 0o644, attesh::files::Overwrite::Yes).unwrap();
        return;
    }
    let difference = page.lines().zip(wanted.lines()).find(|(page, wanted)| page != wanted);
    assert_eq!(difference, None, "write it with ATTESH_RENEW_PAGES=1");
    assert_eq!(page.len(), wanted.len());
    for number in [format!("{FILE_MAX} bytes (FILE_MAX)"), format!("{ASKED_MAX} rules")] {
        assert!(page.contains(&number), "{number}");
    }
    assert!(page.contains(&format!("fewer than {VALUE_MIN} bytes")));
}

#[test]
fn an_example_of_the_page_is_not_masked_or_what_is_near_to_it_is() {
    let masker = Masker::default();
    let mut examples = 0;
    for rule in RULES {
        assert!(rule.examples.len() >= 2 && rule.near.len() >= 2, "{}", rule.name);
        for example in rule.examples {
            let masked = match rule.name {
                "variable" => example
                    .split_once('=')
                    .and_then(|(name, value)| masker.mask_variable(name, value.as_bytes())),
                _ => masker.mask(example.as_bytes()),
            };
            let masked = masked.unwrap_or_else(|| panic!("{}: {example}", rule.name));
            // Of two rules that go by the place, either may find it.
            let fits = |name: &String| name == rule.name || rule.patterns.is_empty();
            assert!(masked.rules.iter().any(fits), "{example}: {:?}", masked.rules);
            examples += 1;
        }
        for near in rule.near.iter().filter(|_| rule.name != "variable") {
            assert_eq!(masker.mask(near.as_bytes()), None, "{}: {near}", rule.name);
        }
    }
    assert!(RULES.len() >= 60 && examples >= 2 * RULES.len());
}
