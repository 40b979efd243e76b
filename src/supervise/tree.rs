//! What is known of the processes below a program.
//!
//! What lives here: which start a process is of, and how starts end. What does not: how that is seen
//! (`recorder`), what is recorded of it (`records`).

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};

use super::units::Units;
use crate::fact::process::{End, Numbers, When};
use crate::os::held::{Kin, Wanted};
use crate::os::proc;
use crate::record::Texts;
use crate::sys::notify;

/// How far up the parents of a process are looked at.
const GENERATIONS_MAX: usize = 64;

/// A process that became a program, or is about to.
#[derive(Default)]
struct Process {
    /// What becomes readable when it has ended.
    handle: Option<OwnedFd>,
    /// The start that it is of.
    now: Option<u64>,
    /// What it is about to become.
    asked: Option<Asks>,
    /// With which status it said that it ends.
    told: Option<u8>,
    /// Its folder at its last start.
    folder: Vec<u8>,
    /// When its last start took place.
    when: When,
}

/// What a process is about to become.
struct Asks {
    wanted: Wanted,
    /// The start that it comes of.
    of: Option<u64>,
    /// Its folder, where that is another than at that start.
    moved: bool,
    /// It asked before, and did not become that.
    again: bool,
    /// Its texts for a record with these numbers, once there was time for them.
    texts: Option<(Numbers, Texts)>,
}

impl Asks {
    fn numbers(&self, id: u64, pid: u32) -> Numbers {
        Numbers { id, of: self.of, pid: pid.into() }
    }

    /// The start of this number by the process that asked.
    fn start(self, id: u64, pid: u32, process: &Process) -> Start {
        let folder = self.moved.then(|| process.folder.clone());
        let numbers = self.numbers(id, pid);
        let texts = self.texts.filter(|(of, _)| *of == numbers).map(|(_, texts)| texts);
        Start { numbers, when: process.when, wanted: self.wanted, folder, texts }
    }
}

/// The processes that live, by their ids, and what ended and is not recorded yet.
#[derive(Default)]
pub struct Tree {
    /// The commands that starts belong to.
    pub units: Units,
    processes: HashMap<u32, Process>,
    starts: u64,
    /// How many times a process asked to become a program and did not.
    refused: u64,
    /// Ends that are to be recorded.
    pub ends: Vec<(u64, End)>,
}

/// A start that is to be recorded.
pub struct Start {
    /// Its numbers.
    pub numbers: Numbers,
    /// When it took place.
    pub when: When,
    /// What it was asked for.
    pub wanted: Wanted,
    /// Its folder, where that is another than that of the start that it came of, or that is not known.
    pub folder: Option<Vec<u8>>,
    /// Its texts for a record, where they were made before.
    pub texts: Option<Texts>,
}

impl Tree {
    /// A process asks to become a program; whether nothing was known of it before. What is left to
    /// record is of a process that had the same id, see [`ended`](Self::ended).
    pub fn asks(&mut self, kin: Kin, wanted: Wanted, folder: Vec<u8>) -> (bool, Option<Start>) {
        let left = self.forget_dead(kin.process);
        let (of, child) = self.nearest(kin);
        let when = self.when(of.map(|(_, pid)| pid), kin.process, child);
        let known = of.and_then(|(_, pid)| self.processes.get(&pid)).map(|process| process.folder.as_slice());
        let moved = known.is_none_or(|known| known != folder);
        let is_new = !self.processes.contains_key(&kin.process);
        let process = self.processes.entry(kin.process).or_default();
        (process.folder, process.when) = (folder, when);
        let again = process.asked.is_some();
        process.asked = Some(Asks { wanted, of: of.map(|(id, _)| id), moved, again, texts: None });
        self.refused += u64::from(again);
        (is_new, left)
    }

    /// Makes the texts for the record of what a process asked for, should that be the next start; and when
    /// that takes place. Of one that asked in vain before, such as for a program in each folder of PATH,
    /// none are made.
    pub fn prepare(
        &mut self,
        pid: u32,
        texts: impl FnOnce(Numbers, &Wanted, Option<&[u8]>) -> Texts,
    ) -> Option<(When, &Texts)> {
        let process = self.processes.get_mut(&pid)?;
        let asks = process.asked.as_mut().filter(|asks| !asks.again)?;
        let folder = asks.moved.then_some(process.folder.as_slice());
        let numbers = asks.numbers(self.starts + 1, pid);
        let texts = texts(numbers, &asks.wanted, folder);
        let (_, texts) = asks.texts.insert((numbers, texts));
        Some((process.when, texts))
    }

    /// The nearest process that became a program, from this one upwards, and its start; and the process
    /// below that one on the way.
    fn nearest(&self, kin: Kin) -> (Option<(u64, u32)>, u32) {
        let (mut child, mut at) = (kin.process, u64::from(kin.process));
        for generation in 0..GENERATIONS_MAX {
            let Ok(pid) = u32::try_from(at) else { break };
            if let Some(id) = self.processes.get(&pid).and_then(|process| process.now) {
                return (Some((id, pid)), child);
            }
            child = pid;
            let parent = if generation == 0 { Some(kin.parent.into()) } else { proc::parent(at) };
            match parent.filter(|parent| *parent > 1) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        (None, child)
    }

    /// When a process starts that came of the program that another one runs, by this child of it.
    fn when(&self, of: Option<u32>, process: u32, child: u32) -> When {
        match of {
            _ if self.units.is_shell(process) => self.units.now,
            Some(of) if self.units.is_shell(of) => self.units.of_child(child),
            Some(of) => self.processes.get(&of).map_or(When::Outside, |process| process.when),
            None => self.units.of_nobody(),
        }
    }

    /// The start that a process is of that became a program, and the command that it belongs to.
    pub fn whose(&self, pid: u32) -> Option<(Option<u64>, When)> {
        let process = self.processes.get(&pid)?;
        let when = if self.units.is_shell(pid) { self.units.now } else { process.when };
        process.now.map(|id| (Some(id), when))
    }

    /// The same of a process that became none: its parents tell.
    pub fn whose_below(&self, kin: Kin) -> (Option<u64>, When) {
        let (of, child) = self.nearest(kin);
        (of.map(|(id, _)| id), self.when(of.map(|(_, pid)| pid), kin.process, child))
    }

    /// Whether a process asked for a program, and it is not known what came of that.
    pub fn has_asked(&self, pid: u32) -> bool {
        self.processes.get(&pid).is_some_and(|process| process.asked.is_some())
    }

    /// A process became the program that it asked for.
    pub fn became(&mut self, pid: u32) -> Option<Start> {
        let process = self.processes.get_mut(&pid)?;
        let asks = process.asked.take()?;
        self.starts += 1;
        let id = self.starts;
        if let Some(before) = process.now.replace(id) {
            self.ends.push((before, End::Became(id)));
        }
        Some(asks.start(id, pid, process))
    }

    /// This start is in no record: nothing is told of its end, nor of what came of it as that.
    pub fn unrecorded(&mut self, id: u64) {
        self.ends.retain(|(of, _)| *of != id);
        for (_, end) in self.ends.iter_mut().filter(|(_, end)| *end == End::Became(id)) {
            *end = End::Untold;
        }
        for process in self.processes.values_mut().filter(|process| process.now == Some(id)) {
            process.now = None;
        }
    }

    /// Whether a process is in another folder than at its last start; it is the folder of that from here
    /// on.
    pub fn moves(&mut self, pid: u32, folder: &[u8]) -> bool {
        let Some(process) = self.processes.get_mut(&pid).filter(|process| process.folder != folder) else {
            return false;
        };
        process.folder = folder.to_vec();
        true
    }

    /// Keeps the handle of a process.
    pub fn hold(&mut self, pid: u32, handle: OwnedFd) {
        if let Some(process) = self.processes.get_mut(&pid) {
            process.handle = Some(handle);
        }
    }

    /// A process says with which status it ends.
    pub fn tells(&mut self, pid: u32, status: u8) {
        if let Some(process) = self.processes.get_mut(&pid) {
            process.told = Some(status);
        }
    }

    /// A process has ended, with what the kernel or else the process itself told. What is left to record
    /// is a start that it asked for last and that never ran anything.
    pub fn ended(&mut self, pid: u32, state: Option<i32>) -> Option<Start> {
        let end = self.end_of(pid, state)?;
        self.leaves(pid, end)
    }

    /// How a process has ended, with what the kernel told.
    pub fn end_of(&self, pid: u32, state: Option<i32>) -> Option<End> {
        let process = self.processes.get(&pid)?;
        let state = state.or_else(|| notify::ending(process.handle.as_ref()?.as_fd()));
        Some(state.map(End::of_state).or(process.told.map(End::Exit)).unwrap_or(End::Untold))
    }

    /// Whether a process has ended, whoever has waited for it.
    pub fn has_ended(&self, pid: u32) -> bool {
        match self.processes.get(&pid).map(|process| process.handle.as_ref()) {
            Some(Some(handle)) => notify::has_ended(handle.as_fd()),
            // One that has its number since lives, so it is not taken for ended.
            Some(None) => proc::is_ending(pid),
            None => false,
        }
    }

    fn leaves(&mut self, pid: u32, end: End) -> Option<Start> {
        let mut process = self.processes.remove(&pid)?;
        self.ends.extend(process.now.map(|id| (id, end)));
        // A program that goes on ran; what it asked for before that it did not become.
        let asks = process.asked.take()?;
        self.refused += 1;
        if process.now.is_some() || end == End::Running || asks.wanted.path.is_empty() {
            return None;
        }
        self.starts += 1;
        let id = self.starts;
        self.ends.push((id, End::NotStarted));
        Some(asks.start(id, pid, &process))
    }

    /// A process id may be used again, whose last process is gone; what of that is left to record.
    fn forget_dead(&mut self, pid: u32) -> Option<Start> {
        let handle = self.processes.get(&pid)?.handle.as_ref()?;
        let state = notify::ending(handle.as_fd())?;
        self.leaves(pid, End::of_state(state))
    }

    /// The recording ends; what is left to record.
    pub fn leave(&mut self) -> Vec<Start> {
        let mut left = Vec::new();
        let mut pids: Vec<u32> = self.processes.keys().copied().collect();
        pids.sort_unstable();
        for pid in pids {
            left.extend(self.forget_dead(pid));
            // Its parent has not asked how it ended, or it has no handle.
            let has_ended = self.has_ended(pid);
            left.extend(self.leaves(pid, if has_ended { End::Untold } else { End::Running }));
        }
        left
    }

    /// Whether no process is left.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// How many starts there were.
    pub fn starts(&self) -> u64 {
        self.starts
    }

    /// How many times a process asked to become a program and did not.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    use super::*;

    /// A tree that knows of the start of one process, and that of another which asked and became
    /// nothing.
    fn asked() -> (Tree, Child) {
        let mut tree = Tree::default();
        let wanted = Wanted { path: b"/no/such".to_vec(), ..Wanted::default() };
        let child = Command::new("sleep").arg0("sleep").arg("600").spawn().unwrap();
        let kin = Kin { process: child.id(), parent: std::process::id() };
        let (is_new, left) = tree.asks(kin, wanted, b"/".to_vec());
        assert!(is_new && left.is_none());
        tree.hold(child.id(), notify::process(child.id()).unwrap());
        (tree, child)
    }

    fn numbered(tree: &Tree, left: Option<Start>) {
        assert_eq!(left.map(|start| start.numbers.id), Some(1), "a start that has a number is dropped");
        assert_eq!((tree.starts(), &tree.ends[..]), (1, &[(1, End::NotStarted)][..]));
    }

    #[test]
    fn a_start_whose_process_id_is_used_again_is_dropped() {
        let (mut tree, mut child) = asked();
        child.kill().unwrap();
        child.wait().unwrap();
        let kin = Kin { process: child.id(), parent: std::process::id() };
        let (is_new, left) = tree.asks(kin, Wanted::default(), b"/".to_vec());
        // Before Linux 6.15 a process that is gone tells nothing, and its end was heard before.
        if notify::tells_endings() {
            assert!(is_new);
            numbered(&tree, left);
        }
    }

    #[test]
    fn a_start_of_which_nothing_above_is_known_has_no_folder() {
        let mut tree = Tree::default();
        let mut start = |process, parent, folder: &str| {
            let wanted = Wanted { path: b"/a".to_vec(), ..Wanted::default() };
            tree.asks(Kin { process, parent }, wanted, folder.as_bytes().to_vec());
            tree.became(process).map(|start| (start.numbers.of, start.folder))
        };
        // Numbers that no process has.
        let [first, second, third] = [u32::MAX, u32::MAX - 1, u32::MAX - 2];
        assert_eq!(start(first, 1, "/a"), Some((None, Some(b"/a".to_vec()))));
        assert_eq!(start(second, first, "/a"), Some((Some(1), None)));
        assert_eq!(start(third, 1, "/a"), Some((None, Some(b"/a".to_vec()))));
    }

    #[test]
    fn an_end_is_told_of_a_start_that_is_in_no_record() {
        let mut tree = Tree::default();
        let start = |tree: &mut Tree, process, parent| {
            tree.asks(Kin { process, parent }, Wanted::default(), b"/".to_vec());
            tree.became(process).unwrap().numbers
        };
        // Numbers that no process has.
        let [first, second] = [u32::MAX, u32::MAX - 1];
        assert_eq!(start(&mut tree, first, 1).id, 1);
        assert_eq!((start(&mut tree, second, first).of, start(&mut tree, second, first).id), (Some(1), 3));
        tree.unrecorded(3);
        assert_eq!(tree.ends, [(2, End::Untold)], "it became what nobody knows");
        // What comes of it is said to come of what is known above.
        assert_eq!(start(&mut tree, u32::MAX - 2, second).of, None);
        tree.ended(second, Some(0));
        tree.ended(first, Some(0));
        assert_eq!(tree.ends, [(2, End::Untold), (1, End::Exit(0))]);
    }

    #[test]
    fn a_start_that_is_left_at_the_end_is_dropped() {
        let (mut tree, mut child) = asked();
        child.kill().unwrap();
        let handle = notify::process(child.id()).unwrap();
        while !notify::has_ended(handle.as_fd()) {
            std::thread::yield_now();
        }
        let mut left = tree.leave();
        child.wait().unwrap();
        assert_eq!((left.len(), tree.is_empty()), (1, true));
        numbered(&tree, left.pop());
    }
}
