//! What a statement tells of the programs that started below its commands.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::statement::{CommandFacts, Predicate};
use crate::fact::agent::Agent;
use crate::fact::process::{ARGUMENTS, PATH, SeenBy, Told, WORKDIR, When};
use crate::fact::{AGENT, FILES, PROCESS, PROCESS_END, PROCESSES};
use crate::record::{Body, Record, Said};

/// The most memory that is taken for the starts of a journal, in bytes, by [`SIZE`] and the texts.
const ROOM_BYTES: usize = 40 << 20;
/// What a start takes beside its texts.
const SIZE: usize = 320;

/// What is told of the starts below each shell, by the record of the shell.
pub type ByShell = BTreeMap<u64, Told>;

/// What facts tell of starts, taken one by one.
#[derive(Default)]
pub struct Starts {
    all: ByShell,
    /// Which record counts those of a shell.
    counted: BTreeMap<u64, u64>,
    /// The memory that those of a journal take.
    bytes: usize,
}

impl Starts {
    fn take<'t>(&mut self, record: u64, shell: u64, kind: &str, when: When, get: impl Fn(&str) -> Said<'t>) {
        let told = match kind {
            PROCESS | PROCESS_END | PROCESSES | FILES => self.all.entry(shell).or_default(),
            _ => return,
        };
        match kind {
            PROCESS => told.start(when, get),
            PROCESS_END => told.ends(get),
            FILES => told.files(when, get),
            _ => {
                self.counted.insert(shell, record);
                told.count(get);
            }
        }
    }

    /// Takes what a record of a journal says, but for arguments and files: a build has any number of
    /// these, and no rule on programs asks for them.
    pub fn take_record(&mut self, record: &Record) {
        let Body::Fact(fact) = &record.core.body else { return };
        let Some(shell) = fact.shell.filter(|_| fact.kind != FILES && self.bytes <= ROOM_BYTES) else {
            return;
        };
        if fact.kind == PROCESS {
            let texts = [PATH, WORKDIR].map(|name| record.text(name).map_or(0, <[u8]>::len));
            self.bytes += SIZE + texts.iter().sum::<usize>();
        }
        let get = |name: &str| if name == ARGUMENTS { Said::Nothing } else { record.said(name) };
        self.take(record.core.index, shell, &fact.kind, When::of(fact.at, fact.n), get);
    }

    /// What is told; `None` if a journal has more than memory is taken for.
    #[must_use]
    pub fn told(mut self) -> Option<ByShell> {
        self.look_above();
        (self.bytes <= ROOM_BYTES).then_some(self.all)
    }

    /// Says of each shell that leaves its starts to another recorder whether that tells of them.
    fn look_above(&mut self) {
        let Starts { all, counted, .. } = self;
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
}

impl Predicate {
    /// What is told of the starts below each shell, by its record.
    #[must_use]
    pub fn processes(&self) -> ByShell {
        let mut starts = Starts::default();
        for fact in &self.facts {
            let Some(shell) = fact.shell else { continue };
            let get = |name: &str| fact.said(name);
            starts.take(fact.record, shell, &fact.kind, When::of(fact.at, fact.n), get);
        }
        starts.told().unwrap_or_default()
    }

    /// The same, where another telling, such as that of the journal, has what is missing here.
    #[must_use]
    pub fn processes_with<'a>(&self, other: Option<&'a ByShell>) -> BTreeMap<u64, Cow<'a, Told>> {
        let better = |shell: &u64, told: &Told| {
            let (other, own) = (other?.get(shell)?, told.untold());
            other.untold().is_some_and(|less| own.is_none_or(|own| less < own)).then_some(other)
        };
        let all = self.processes().into_iter();
        all.map(|(shell, told)| (shell, better(&shell, &told).map_or(Cow::Owned(told), Cow::Borrowed)))
            .collect()
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
