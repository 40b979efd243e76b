//! What the masker keeps: each rule, and the properties of all.

use attesh::mask::{Masker, RULES, SAMPLE};

use crate::stage::random::Random;

pub fn masked(text: &str) -> Option<String> {
    let masked = Masker::default().mask(text.as_bytes())?;
    Some(String::from_utf8(masked.text).expect("a text of UTF-8"))
}

/// What is drawn for a text.
pub struct Drawn(pub Random);

impl Drawn {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }

    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    pub fn text(&mut self, letters: &str, length: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..length).map(|_| letters[self.below(letters.len())]).collect()
    }
}

#[test]
fn each_rule_masks_its_examples_and_no_near_miss() {
    let mut wrong = Vec::new();
    for rule in RULES {
        assert!(rule.examples.len() >= 2 && rule.near.len() >= 2, "{}", rule.name);
        assert!(
            rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
        for example in rule.examples {
            let secret = if rule.patterns.is_empty() { SAMPLE } else { example };
            match masked(example) {
                None => wrong.push(format!("{}: {example} stays", rule.name)),
                Some(text) if text.contains(secret) => wrong.push(format!("{}: {text}", rule.name)),
                Some(text)
                    if !rule.patterns.is_empty() && text.replace("*]", "]") != format!("[{}]", rule.name) =>
                {
                    wrong.push(format!("{}: {example} is {text}", rule.name));
                }
                Some(_) => {}
            }
        }
        for near in rule.near {
            if let Some(text) = masked(near) {
                wrong.push(format!("{}: {near} is {text}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_apart_and_sixty_rules_stand() {
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|two| two[0] != two[1]));
    assert!(names.len() >= 60);
}

#[test]
fn what_is_no_secret_stays() {
    let texts = include_str!("plain.txt").lines().filter(|line| !line.is_empty());
    let wrong: Vec<String> = texts.filter_map(masked).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
