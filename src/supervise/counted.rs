//! What the recorder counts when the recording ends.
//!
//! What lives here: the count, and whether anybody goes on. What does not: what is recorded of it
//! (`records`).
//!
//! Rules: that nobody goes on the kernel has to say; what is not known goes on.

use std::os::fd::AsFd as _;
use std::time::Duration;

use super::recorder::{REAPED, Recorder};
use super::records::By;
use crate::clock::Deadline;
use crate::fact::process::Count;
use crate::os::proc;
use crate::sys::notify;

impl Recorder<'_> {
    /// How many processes go on below, whatever they became: none if the kernel says that nobody is left
    /// who could be seen, else at least one.
    fn running(&mut self) -> u64 {
        let until = Deadline::after(REAPED);
        loop {
            self.hear_changes();
            let is_left = match (self.alone, &self.listener) {
                (Some(_), _) => false,
                (None, Some(listener)) => !notify::is_over(listener.as_fd()),
                (None, None) => notify::has_children(),
            };
            // A process that makes another one and ends is in no list.
            let below = if is_left { proc::below(std::process::id(), self.root) } else { 0 };
            match is_left && below == 0 {
                true if !until.left().is_zero() => std::thread::sleep(Duration::from_millis(1)),
                true => return 1,
                false => return below,
            }
        }
    }

    /// The count, with the starts that go on, behind what was touched; and by what ends were told.
    pub(super) fn count(&mut self) -> (Count, By) {
        self.write_touched(true);
        let running = self.running();
        let left = self.tree.leave();
        self.write_left(left);
        let count = Count {
            seen: self.tree.starts() + self.unread,
            lost: self.lost + self.unread,
            not_started: self.tree.refused(),
            reached: self.reached,
            running,
        };
        (count, self.by)
    }
}
