//! A processor whose registers this program does not know: nothing can be watched on it.

use nix::errno::Errno;
use nix::unistd::Pid;

/// Going on from a watched place needs a step without it.
pub const STEPS_OVER: bool = false;

/// The registers of a stopped process.
#[derive(Clone, Copy)]
pub struct Registers;

impl Registers {
    /// Those of this process.
    ///
    /// # Errors
    /// Always.
    pub fn of(_: Pid) -> nix::Result<Self> {
        Err(Errno::ENOSYS)
    }

    /// The instruction that comes next.
    #[must_use]
    pub fn place(&self) -> u64 {
        0
    }

    /// An argument of the function that begins here, from 0.
    #[must_use]
    pub fn argument(&self, _: usize) -> u64 {
        0
    }

    /// What the function gave back that has just returned.
    #[must_use]
    pub fn result(&self) -> i64 {
        0
    }

    /// The stack pointer.
    #[must_use]
    pub fn stack(&self) -> u64 {
        0
    }

    /// The place to which the function returns that begins here, if a register has it.
    #[must_use]
    pub fn link(&self) -> Option<u64> {
        None
    }
}

/// A variable cannot be watched.
pub const WATCHES_WRITES: bool = false;
/// The mark of an address at which a write would stop.
pub const WRITTEN: u64 = 1 << 63;

/// Watches other places than before.
pub fn watch(_: Pid, _: &[u64], _: &[u64]) -> nix::Result<()> {
    Err(Errno::ENOSYS)
}
