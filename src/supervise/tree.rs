//! What is known of the processes below a program.
//!
//! What lives here: which start a process is of, and how starts end. What does not: how that is seen
//! (`recorder`), what is recorded of it (`records`).

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};

use crate::fact::process::{End, Numbers};
use crate::os::held::Kin;
use crate::os::proc;
use crate::sys::notify;

/// How far up the parents of a process are looked at.
const GENERATIONS_MAX: usize = 64;

/// A process that became a program, or is about to.
pub struct Process {
    /// What becomes readable when it has ended.
    pub handle: Option<OwnedFd>,
    /// The start that it is of.
    now: Option<u64>,
    /// The start that it has asked for, until the kernel says that it took place.
    asked: Option<u64>,
    /// Whether that is told of it.
    pub followed: bool,
    /// With which status it said that it ends.
    pub told: Option<u8>,
    /// Its folder at its last start.
    folder: Vec<u8>,
}

/// The processes that live, by their ids, and what ended and is not recorded yet.
#[derive(Default)]
pub struct Tree {
    processes: HashMap<u32, Process>,
    starts: u64,
    /// Ends that are to be recorded.
    pub ends: Vec<(u64, End)>,
}

/// A start that is to be recorded.
pub struct Start {
    /// Its numbers.
    pub numbers: Numbers,
    /// Whether its folder is another than that of the start that it came of.
    pub moved: bool,
    /// Whether the process was not known before.
    pub is_new: bool,
}

impl Tree {
    /// A process asks to become a program.
    pub fn asks(&mut self, kin: Kin, folder: &[u8]) -> Start {
        self.forget_dead(kin.process);
        let before = self.processes.get(&kin.process).and_then(|process| process.now);
        let of = before.map(|id| (id, kin.process)).or_else(|| self.nearest(kin.parent));
        let known = of.and_then(|(_, pid)| self.processes.get(&pid)).map(|process| process.folder.as_slice());
        let moved = known.is_some_and(|known| known != folder);
        self.starts += 1;
        let id = self.starts;
        let is_new = !self.processes.contains_key(&kin.process);
        let process = self.processes.entry(kin.process).or_insert_with(|| Process {
            handle: None,
            now: None,
            asked: None,
            followed: false,
            told: None,
            folder: Vec::new(),
        });
        folder.clone_into(&mut process.folder);
        if let Some(failed) = process.asked.replace(id) {
            // Whoever asks again did not become what it asked for, or that is not known.
            let end = if process.followed { End::NotStarted } else { End::Untold };
            self.ends.push((failed, end));
        }
        let of = of.map(|(id, _)| id);
        Start { numbers: Numbers { id, of, pid: kin.process.into() }, moved, is_new }
    }

    /// The nearest process above that became a program, and its start.
    fn nearest(&self, parent: u32) -> Option<(u64, u32)> {
        let mut at = u64::from(parent);
        for _ in 0..GENERATIONS_MAX {
            let pid = u32::try_from(at).ok()?;
            if let Some(id) = self.processes.get(&pid).and_then(|process| process.now) {
                return Some((id, pid));
            }
            at = proc::parent(at).filter(|parent| *parent > 1)?;
        }
        None
    }

    /// A process became the program that it asked for; the number of that start.
    pub fn became(&mut self, pid: u32) -> Option<u64> {
        let process = self.processes.get_mut(&pid)?;
        process.followed = false;
        let id = process.asked.take()?;
        if let Some(before) = process.now.replace(id) {
            self.ends.push((before, End::Became(id)));
        }
        Some(id)
    }

    /// The process of this id.
    pub fn get(&mut self, pid: u32) -> Option<&mut Process> {
        self.processes.get_mut(&pid)
    }

    /// A process has ended.
    pub fn ended(&mut self, pid: u32, end: End) {
        let Some(process) = self.processes.remove(&pid) else { return };
        match (process.asked, process.now) {
            // Nobody followed it: it ran the program, or it did not.
            (Some(asked), None) if !process.followed => self.ends.push((asked, end)),
            (Some(asked), now) => {
                let not = if process.followed { End::NotStarted } else { End::Untold };
                self.ends.push((asked, not));
                self.ends.extend(now.map(|id| (id, end)));
            }
            (None, now) => self.ends.extend(now.map(|id| (id, end))),
        }
    }

    /// A process id is used again, whose last process is gone.
    fn forget_dead(&mut self, pid: u32) {
        let handle = self.processes.get(&pid).and_then(|process| process.handle.as_ref());
        if let Some(state) = handle.and_then(|handle| notify::ending(handle.as_fd())) {
            self.ended(pid, End::of_state(state));
        }
    }

    /// The recording ends; how many processes go on.
    pub fn leave(&mut self) -> u64 {
        let mut running = 0;
        let pids: Vec<u32> = self.processes.keys().copied().collect();
        for pid in pids {
            self.forget_dead(pid);
            running += u64::from(self.processes.contains_key(&pid));
            self.ended(pid, End::Running);
        }
        running
    }

    /// Whether no process is left.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// How many starts were asked for.
    pub fn starts(&self) -> u64 {
        self.starts
    }
}
