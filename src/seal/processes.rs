//! What a statement tells of the programs that started below its commands.

use std::collections::BTreeMap;

use super::statement::Predicate;
use crate::fact::process::Told;
use crate::fact::{PROCESS, PROCESS_END, PROCESSES};

/// The program of a shell that is no shell: the command below it was started by `attesh run`.
const RUN: &str = "run";

impl Predicate {
    /// What is told of the starts below each command, by its shell and its number there.
    #[must_use]
    pub fn processes(&self) -> BTreeMap<(u64, u64), Told> {
        let mut all: BTreeMap<(u64, u64), Told> = BTreeMap::new();
        for fact in &self.facts {
            let (Some(shell), Some(n)) = (fact.shell, fact.n) else { continue };
            let get = |name: &str| fact.text(name).map(str::as_bytes);
            let told = match fact.kind.as_str() {
                PROCESS | PROCESS_END | PROCESSES => all.entry((shell, n)).or_default(),
                _ => continue,
            };
            match fact.kind.as_str() {
                PROCESS => told.start(get),
                PROCESS_END => told.ends(get),
                _ => told.count(get),
            }
        }
        all
    }

    /// Whether every command is one that `attesh run` started.
    #[must_use]
    pub fn is_by_kernel(&self) -> bool {
        let shells = &self.session.shells;
        !shells.is_empty() && shells.iter().all(|shell| shell.program == RUN)
    }
}
