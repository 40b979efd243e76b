//! What the traps of a script can do to its end, as far as its words show.
//!
//! What lives here: the lines with `trap`, and the functions that they name. Pure. What does
//! not: traps of a file that the script sources.

use std::collections::HashSet;

use super::Script;
use super::silent::{defined, has_word};

/// Whether the script itself sets a trap that runs when its shell ends.
#[must_use]
pub fn at_exit(script: &Script) -> bool {
    handlers(script).any(|line| words(line).any(|word| word.eq_ignore_ascii_case(b"EXIT") || word == b"0"))
}

/// Whether a trap of the script may end it with 0 whatever came before: the trap's text, or a
/// function that it calls, has an `exit 0`.
#[must_use]
pub fn may_end_well(script: &Script) -> bool {
    let functions: Vec<(String, &[u8])> = script
        .units()
        .filter_map(|unit| Some((defined(std::str::from_utf8(unit.text).ok()?)?.to_owned(), unit.text)))
        .collect();
    let mut texts: Vec<&[u8]> = handlers(script).collect();
    let mut seen = HashSet::new();
    while let Some(text) = texts.pop() {
        if exits_well(text) {
            return true;
        }
        for (name, body) in &functions {
            if words(text).any(|word| word == name.as_bytes()) && seen.insert(name) {
                texts.push(body);
            }
        }
    }
    false
}

/// The units that set a trap.
fn handlers(script: &Script) -> impl Iterator<Item = &[u8]> {
    script.units().map(|unit| unit.text).filter(|text| has_word(text, b"trap"))
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !byte.is_ascii_alphanumeric() && !b"_-".contains(byte))
}

fn exits_well(text: &[u8]) -> bool {
    let mut words = text
        .split(|byte| byte.is_ascii_whitespace() || b";'\"(){}&|".contains(byte))
        .filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let is_zero = |code: &[u8]| !code.is_empty() && code.iter().all(|digit| *digit == b'0');
        if word == b"exit" && words.clone().next().is_some_and(is_zero) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Script {
        let ranges = (1..=text.lines().count() as u64).map(|line| (line, line)).collect();
        Script::new(text.as_bytes().to_vec(), ranges).unwrap()
    }

    #[test]
    fn a_trap_that_ends_with_success_is_known_by_its_words() {
        for well in [
            "trap 'rm -f x; exit 0' EXIT\na\n",
            "done_with() { rm x; exit 0; }\nclean() { done_with; }\ntrap clean EXIT TERM\na\n",
            "trap \"exit 00\" TERM\na\n",
        ] {
            assert!(may_end_well(&script(well)), "{well}");
        }
        for other in [
            "usage() { exit 0; }\ntrap 'rm -f x' EXIT\na\n",
            "trap 'exit 1' ERR\na\nexit 0\n",
            "clean() { code=$?; exit $code; }\ntrap clean EXIT\n",
        ] {
            assert!(!may_end_well(&script(other)), "{other}");
        }
        assert!(at_exit(&script("trap x EXIT\n")) && at_exit(&script("trap x 0\n")));
        assert!(!at_exit(&script("trap x TERM\n. ./lib\n")));
    }
}
