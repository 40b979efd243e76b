//! Which command a start belongs to.
//!
//! What lives here: the command that runs now, and the children of a shell that are of an earlier one.
//! What does not: the processes below them (`tree`), who tells what runs (`starts`).
//!
//! Rules: a child that lived when a command began is of one before; a child that was made since is of
//! that command. Nothing is told of a start by when it took place.

use std::collections::HashMap;

use crate::fact::process::When;

/// The commands of a shell, and who came of which.
#[derive(Default)]
pub struct Units {
    /// What runs now.
    pub now: When,
    /// The process of the shell, where commands are told of.
    shell: Option<u32>,
    /// Its children that live, and what they are of.
    left: HashMap<u32, When>,
    /// Whether anything else below the recorder lived when the command began.
    was_alone: bool,
}

impl Units {
    /// Those of a program that is one command.
    pub fn of_program(n: u64) -> Self {
        Units { now: When::In(n), ..Units::default() }
    }

    /// Whether the shell is not known yet.
    pub fn is_new(&self) -> bool {
        self.shell.is_none() && self.now == When::Before
    }

    /// The process of the shell is known; `orphans` as of [`next`](Self::next).
    pub fn begin(&mut self, shell: u32, orphans: bool) {
        (self.now, self.shell, self.was_alone) = (When::Before, Some(shell), !orphans);
        self.left.clear();
    }

    /// The process of the shell, if that is known.
    pub fn shell(&self) -> Option<u32> {
        self.shell
    }

    /// Whether a process is that of the shell.
    pub fn is_shell(&self, process: u32) -> bool {
        self.shell == Some(process)
    }

    /// The next command is about to run; these children of the shell live, and `orphans` says whether
    /// processes live whose parent ended.
    pub fn next(&mut self, when: When, children: &[u32], orphans: bool) {
        self.left.retain(|child, _| children.contains(child));
        for child in children {
            self.left.entry(*child).or_insert(self.now);
        }
        (self.now, self.was_alone) = (when, children.is_empty() && !orphans);
    }

    /// What a child of the shell is of.
    pub fn of_child(&self, child: u32) -> When {
        self.left.get(&child).copied().unwrap_or(self.now)
    }

    /// What a process is of above which nobody is known: of the command that runs, if nothing of another
    /// lived when that began.
    pub fn of_nobody(&self) -> When {
        match self.shell {
            Some(_) if !self.was_alone => When::Outside,
            _ => self.now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_of_an_earlier_command_is_taken_for_one_of_the_next() {
        let mut units = Units::default();
        assert!(units.is_new());
        units.begin(10, false);
        assert!(!units.is_new() && units.is_shell(10));
        assert_eq!(units.of_child(11), When::Before);
        units.next(When::In(1), &[], false);
        assert_eq!(units.of_nobody(), When::In(1));
        assert_eq!(units.of_child(12), When::In(1));
        units.next(When::In(2), &[12], false);
        assert_eq!(units.of_nobody(), When::Outside);
        units.next(When::In(3), &[12, 13], false);
        assert_eq!([12, 13, 14].map(|child| units.of_child(child)), [1, 2, 3].map(When::In));
        // The number of a child that is gone may be that of another.
        units.next(When::In(4), &[13], false);
        assert_eq!([12, 13].map(|child| units.of_child(child)), [4, 2].map(When::In));
        units.next(When::Outside, &[], true);
        assert_eq!([units.of_child(12), units.of_nobody()], [When::Outside; 2]);
        assert_eq!(Units::of_program(1).of_nobody(), When::In(1));
    }
}
