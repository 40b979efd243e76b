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
        self.look_above(&mut all);
        all
    }

    /// Says of each shell that leaves its starts to another recorder whether that tells of them.
    fn look_above(&self, all: &mut BTreeMap<u64, Told>) {
        let counts = self.facts.iter().filter(|fact| fact.kind == PROCESSES);
        let counted: BTreeMap<u64, u64> =
            counts.filter_map(|fact| Some((fact.shell?, fact.record))).collect();
        let tells = |shell: &u64, told: &Told| {
            let is_own = matches!(told.seen_by, Some(SeenBy::Filter | SeenBy::Trace)) && told.gap().is_none();
            is_own.then(|| (*shell, counted.get(shell).copied()))
        };
        let recorders: BTreeMap<u64, Option<u64>> =
            all.iter().filter_map(|(shell, told)| tells(shell, told)).collect();
        let mut unclear = Vec::new();
        for (shell, told) in all.iter().filter(|(_, told)| told.seen_by == Some(SeenBy::Above)) {
            // A recorder sees what starts until it counts.
            let until =
                |above: &u64| recorders.get(above).is_some_and(|end| *end > counted.get(shell).copied());
            let has_start = |above: &u64, start: &u64| all[above].starts.contains_key(start);
            let is_told = match &told.above {
                Some((above, start)) => until(above) && has_start(above, start),
                None => recorders.keys().any(until),
            };
            unclear.extend((!is_told).then_some(*shell));
        }
        for shell in unclear {
            let why = "its starts are among those of a recorder that does not tell of all of them";
            all.entry(shell).or_default().unclear.push(why.to_owned());
        }
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
