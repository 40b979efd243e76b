//! What is told of the programs that `attesh run` ran, gathered from records or a statement.
//!
//! What lives here: the starts below each program, who had it run, and what that author ran. What does
//! not: what is a command of an agent (`agent`), the rows (`agents`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::agent::{self, Command, Ran};
use crate::fact::agent::Agent;
use crate::fact::process::{NUMBERS, Numbers, SeenBy, Told, When};
use crate::fact::{AGENT, FILES, PROCESS, PROCESS_END, PROCESSES};
use crate::record::{Body, Record};
use crate::seal::statement::Predicate;

/// What is told of the programs of a session that `attesh run` ran.
#[derive(Default)]
pub struct Programs(BTreeMap<u64, Program>);

/// One of them.
#[derive(Default)]
struct Program {
    told: Told,
    agent: Option<Agent>,
    workdir: Option<Vec<u8>>,
    /// When each start was recorded, in nanoseconds since 1970; none in a statement.
    at_ns: BTreeMap<u64, u64>,
}

impl Programs {
    /// Takes what a record of a journal says.
    pub fn take(&mut self, record: &Record) {
        match &record.core.body {
            Body::Start(start) => {
                let program = self.0.entry(start.shell).or_default();
                // A program has one command.
                program.workdir = program.workdir.take().or(record.text("workdir").map(<[u8]>::to_vec));
            }
            Body::Fact(fact) => {
                let Some(shell) = fact.shell else { return };
                let get = |name: &str| record.said(name);
                let program = self.0.entry(shell).or_default();
                match fact.kind.as_str() {
                    PROCESS => {
                        let numbers =
                            get(NUMBERS).text().and_then(|text| Numbers::read(str::from_utf8(text).ok()?));
                        let at_ns = record.core.time.realtime_ns;
                        program.at_ns.extend(numbers.map(|numbers| (numbers.id, at_ns)));
                        program.told.start(When::of(fact.at, fact.n), get);
                    }
                    PROCESS_END => program.told.ends(get),
                    PROCESSES => program.told.count(get),
                    FILES => program.told.files(When::of(fact.at, fact.n), get),
                    AGENT => program.agent = Some(Agent::of(|name| record.text(name))),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// What a statement says.
    #[must_use]
    pub fn of(predicate: &Predicate) -> Self {
        let mut all = Programs::default();
        let mut agents = predicate.agents();
        for (at, told) in predicate.processes() {
            let agent = agents.remove(&at);
            all.0.insert(at, Program { told, agent, ..Program::default() });
        }
        for command in predicate.commands.iter().flatten() {
            if let Some(program) = all.0.get_mut(&command.shell) {
                let workdir = command.workdir.as_ref().map(|folder| folder.as_bytes().to_vec());
                program.workdir = program.workdir.take().or(workdir);
            }
        }
        all
    }

    /// What is told of the starts below each shell, where something is.
    pub fn told(&self) -> impl Iterator<Item = (u64, &Told)> {
        let told = self.0.iter().map(|(shell, program)| (*shell, &program.told));
        told.filter(|(_, told)| told.seen_by.is_some() || !told.starts.is_empty())
    }

    /// The authors of programs in it, each once.
    #[must_use]
    pub fn authors(&self) -> Vec<&str> {
        let mut all: Vec<&str> =
            self.0.values().filter_map(|program| program.agent.as_ref()?.author.as_deref()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What the programs of an author ran.
    #[must_use]
    pub fn by(&self, author: &str) -> Vec<Run<'_>> {
        let is_by = |program: &&Program| {
            program.agent.as_ref().is_some_and(|agent| agent.author.as_deref() == Some(author))
        };
        let all = self.0.iter().filter(|(_, program)| is_by(program));
        all.map(|(shell, program)| self.run(*shell, program, author)).collect()
    }

    /// What a program ran, by the rules of this author. Its starts may be among those of another.
    fn run<'a>(&'a self, shell: u64, program: &'a Program, author: &str) -> Run<'a> {
        let own = (Cow::Borrowed(&program.told), 1, program);
        let elsewhere = program.told.above.and_then(|(above, start)| {
            let above = self.0.get(&above)?;
            let (told, first) = above.told.below(start)?;
            Some((Cow::Owned(told), first, above))
        });
        let is_nowhere = program.told.seen_by == Some(SeenBy::Above) && elsewhere.is_none();
        let nowhere = is_nowhere.then(|| "what it started is told of nowhere".to_owned());
        let (told, first, seen) = elsewhere.unwrap_or(own);
        let ran = agent::ran(author, &told, first);
        Run { shell, program, gap: nowhere.or_else(|| seen.told.gap()), at_ns: &seen.at_ns, ran }
    }

    /// Whether it is no program of an author, such as a bash that told of its own units, and what it
    /// started is among the starts of a program that stands here, too.
    fn is_told_elsewhere(&self, program: &Program) -> bool {
        let told = &program.told;
        let has_own = |other: &Program| matches!(other.told.seen_by, Some(SeenBy::Filter | SeenBy::Trace));
        let is_there = || match told.above {
            Some((above, start)) => self.0.get(&above).is_some_and(|above| above.told.below(start).is_some()),
            None => self.0.values().any(has_own),
        };
        program.agent.is_none() && told.seen_by == Some(SeenBy::Above) && is_there()
    }

    /// What the programs ran by the rules of this agent: those whose author it is, and those of an author
    /// without rules or of whom no author is recorded; and how many are of another agent.
    #[must_use]
    pub fn of_agent(&self, agent: &str) -> (Vec<Run<'_>>, usize) {
        let mut left_out = 0;
        let mut all = Vec::new();
        for (shell, program) in self.0.iter().filter(|(_, program)| !self.is_told_elsewhere(program)) {
            let author = program.agent.as_ref().and_then(|agent| agent.author.as_deref());
            let mut run = self.run(*shell, program, author.unwrap_or(agent));
            if run.ran.rules.is_none() {
                run = self.run(*shell, program, agent);
            }
            if run.ran.rules == Some(agent) {
                all.push(run);
            } else {
                left_out += 1;
            }
        }
        (all, left_out)
    }
}

/// What a program of an author ran.
pub struct Run<'a> {
    /// Index of its shell-open.
    pub shell: u64,
    program: &'a Program,
    /// Why not every start is told; `None` if each is.
    pub gap: Option<String>,
    at_ns: &'a BTreeMap<u64, u64>,
    /// What is a command of it, and what is not.
    pub ran: Ran,
}

impl Run<'_> {
    /// The commands; with `failed` only those that failed, or of which nobody knows whether they did.
    pub fn commands(&self, failed: bool) -> impl Iterator<Item = &Command> {
        self.ran.commands.iter().filter(move |command| !failed || command.may_have_failed())
    }

    /// The folder of a command.
    #[must_use]
    pub fn workdir<'b>(&'b self, command: &'b Command) -> Option<&'b [u8]> {
        command.workdir.as_deref().or(self.program.workdir.as_deref())
    }

    /// When the start of a command was recorded, in nanoseconds since 1970.
    #[must_use]
    pub fn at_ns(&self, command: &Command) -> Option<u64> {
        self.at_ns.get(&command.start).copied()
    }
}
