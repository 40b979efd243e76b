//! Which texts a person means, from words: for `attesh redact` and `attesh disclose`.
//!
//! What lives here: numbers, patterns and names as they are typed. What does not: the texts that they
//! mean (`journal::redact`).

use std::ops::RangeInclusive;

use regex::bytes::Regex;

use super::args::Which;
use crate::failure::Failure;
use crate::journal::redact::Asked;
use crate::text;

/// What was asked for, each with the words that ask for it.
pub fn asked(args: &Which) -> Result<Vec<(String, Asked)>, Failure> {
    let mut asked = Vec::new();
    for list in &args.command {
        for (word, numbers) in numbers("--command", list)? {
            asked.push((format!("--command {word}"), Asked::Commands(numbers)));
        }
    }
    for pattern in &args.matching {
        let option = format!("--match {}", text::quoted(pattern.as_ref()));
        asked.push((option.clone(), Asked::Matching(regex(&option, pattern)?)));
    }
    for name in &args.rule {
        if name.is_empty() {
            return Err(Failure::usage("--rule: the name is empty")
                .next("name a rule as it stands in a text between brackets"));
        }
        asked.push((format!("--rule {name}"), Asked::Rule(name.clone())));
    }
    for (word, given, what) in [
        ("--workdir", args.workdir, Asked::Folders),
        ("--host", args.host, Asked::Host),
        ("--user", args.user, Asked::User),
    ] {
        asked.extend(given.then(|| (word.to_owned(), what)));
    }
    asked.extend(args.fact.iter().map(|fact| (format!("--fact {fact}"), Asked::Fact(fact.clone()))));
    Ok(asked)
}

/// The remarks and reasons that were asked for.
pub fn notes(lists: &[String]) -> Result<Vec<(String, Asked)>, Failure> {
    let mut asked = Vec::new();
    for list in lists {
        if list.is_empty() {
            asked.push(("--note".to_owned(), Asked::Notes(0..=u64::MAX)));
            continue;
        }
        for (word, numbers) in numbers("--note", list)? {
            asked.push((format!("--note={word}"), Asked::Notes(numbers)));
        }
    }
    Ok(asked)
}

/// The numbers of a list, as in 3,7-9, each with its word.
fn numbers<'a>(option: &str, list: &'a str) -> Result<Vec<(&'a str, RangeInclusive<u64>)>, Failure> {
    let number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?;
    let range = |word: &'a str| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (first, last) = (number(first)?, number(last)?);
        (first <= last).then_some((word, first..=last))
    };
    list.split(',').map(range).collect::<Option<_>>().ok_or_else(|| {
        let what = format!("{option} {}: not a list of numbers", text::short(list));
        Failure::usage(what).next("give numbers and ranges with commas between, as in 3,7-9")
    })
}

fn regex(option: &str, pattern: &str) -> Result<Regex, Failure> {
    let regex = Regex::new(pattern).map_err(|error| {
        let why = error.to_string();
        let why = text::visible(why.lines().last().unwrap_or_default().as_bytes());
        Failure::usage(format!("{option}: not a regular expression: {}", why.trim_start_matches("error: ")))
            .next("write one as the regex crate of Rust has them, as in 'ghp_[A-Za-z0-9]+'")
    })?;
    if regex.is_match(b"") {
        return Err(Failure::usage(format!("{option}: it fits the empty text, and so every text"))
            .next("write a pattern that asks for something; for every text '(?s).'"));
    }
    Ok(regex)
}
