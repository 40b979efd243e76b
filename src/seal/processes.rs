//! What a statement tells of the programs that started below its commands.

use std::collections::{BTreeMap, HashMap};

use super::statement::{CommandFacts, Predicate};
use crate::fact::agent::Agent;
use crate::fact::process::{SeenBy, Told, When};
use crate::fact::{AGENT, FILES, PROCESS, PROCESS_END, PROCESSES};

impl Predicate {
    /// What is told of the starts below each shell, by its record.
    #[must_use]
    pub fn processes(&self) -> BTreeMap<u64, Told> {
        let mut all: BTreeMap<u64, Told> = BTreeMap::new();
        for fact in &self.facts {
            let Some(shell) = fact.shell else { continue };
            let get = |name: &str| fact.text(name).map(str::as_bytes);
            let told = match fact.kind.as_str() {
                PROCESS | PROCESS_END | PROCESSES | FILES => all.entry(shell).or_default(),
                _ => continue,
            };
            match fact.kind.as_str() {
                PROCESS => told.start(When::of(fact.at, fact.n), get),
                PROCESS_END => told.ends(get),
                FILES => told.files(When::of(fact.at, fact.n), get),
                _ => told.count(get),
            }
        }
        let is_above = |told: &Told| matches!(told.seen_by, Some(SeenBy::Filter | SeenBy::Trace));
        if !all.values().any(|told| is_above(told) && told.gap().is_none()) {
            for told in all.values_mut().filter(|told| told.seen_by == Some(SeenBy::Above)) {
                told.unclear
                    .push("its starts are among those of a recorder that does not tell all".to_owned());
            }
        }
        all
    }

    /// Who had the program of a shell run, by the record of the shell. Of two facts on the same one nobody
    /// knows which holds.
    #[must_use]
    pub fn agents(&self) -> BTreeMap<u64, Agent> {
        let mut all: BTreeMap<u64, Agent> = BTreeMap::new();
        for fact in self.facts.iter().filter(|fact| fact.kind == AGENT) {
            let Some(shell) = fact.shell else { continue };
            let agent = Agent::of(|name| fact.text(name).map(str::as_bytes));
            all.entry(shell).and_modify(|agent| *agent = Agent::default()).or_insert(agent);
        }
        all
    }

    /// The commands, each with its number in its shell: from 1, without gaps. Nothing where they do not
    /// stand in the payload.
    #[must_use]
    pub fn numbered(&self) -> Option<Vec<(u64, &CommandFacts)>> {
        let mut numbers: HashMap<u64, u64> = HashMap::new();
        let mut number = |shell| *numbers.entry(shell).and_modify(|n| *n += 1).or_insert(1);
        let commands = self.commands.as_ref()?.iter();
        Some(commands.map(|command| (number(command.shell), command)).collect())
    }

    /// Whether the kernel told of the starts below every shell.
    #[must_use]
    pub fn is_by_kernel(&self) -> bool {
        let (shells, told) = (&self.session.shells, self.processes());
        !shells.is_empty() && shells.iter().all(|shell| told.contains_key(&shell.id))
    }
}
