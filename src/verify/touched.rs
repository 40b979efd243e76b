//! Whether what two looks at a folder say of its files is what the kernel told of them.
//!
//! What lives here: the words of it. What does not: the two witnesses (`seal::recorded`,
//! `fact::touched`).
//!
//! Rules: nothing follows for the verdict: a file that no traced program touched may be written by a
//! process outside, or through a descriptor that was open before.

use std::collections::HashMap;

use crate::encoding::hex;
use crate::fact::manifest::name_of;
use crate::seal::recorded::Recorded;
use crate::seal::statement::Statement;
use crate::text::{count, short};

/// What is behind the words on products; nothing if the kernel told of no files.
pub(super) fn agreement(statement: &Statement) -> String {
    let predicate = &statement.predicate;
    let told = predicate.processes();
    let recorded = Recorded::of(predicate);
    let products = recorded.listed(&statement.subject).filter(|products| !products.is_empty());
    let (Some(products), Some(place)) = (products, recorded.place()) else { return String::new() };
    let mut last = HashMap::new();
    for (_, touched) in told.values().flat_map(|told| &told.touched) {
        last.insert(name_of(&touched.entry.path), touched);
    }
    if last.is_empty() {
        return String::new();
    }
    let is_told = |name: &str, sha256: &str| {
        let name = name.strip_prefix("./").unwrap_or(name);
        let whole = if name.starts_with('/') { name.to_owned() } else { format!("{place}{name}") };
        let own = last.get(&whole).and_then(|touched| touched.entry.sha256());
        own.is_some_and(|own| hex(own) == sha256)
    };
    let other: Vec<&str> = products
        .iter()
        .filter(|subject| !is_told(&subject.name, &subject.digest.sha256))
        .map(|subject| subject.name.as_str())
        .collect();
    match other.first() {
        None => "; the kernel told of each with these bytes".to_owned(),
        Some(first) => {
            let other = count(other.len(), "file");
            format!("; of {other} the kernel told nothing or other bytes, such as {}", short(first))
        }
    }
}
