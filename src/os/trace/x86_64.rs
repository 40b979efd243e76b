//! Registers of x86-64.
//!
//! The processor marks a stop at a place itself, so that going on does not stop there again.

use nix::libc::user_regs_struct;
use nix::sys::ptrace::{self, AddressType};
use nix::unistd::Pid;

/// Going on from a watched place needs a step without it.
pub const STEPS_OVER: bool = false;

/// Where `struct user` has the debug registers (sys/user.h).
const DEBUG_REGISTERS: usize = 848;
/// The register that says which of the places are watched.
const CONTROL: usize = 7;

/// The registers of a stopped process.
#[derive(Clone, Copy)]
pub struct Registers(user_regs_struct);

impl Registers {
    /// Those of this process.
    ///
    /// # Errors
    /// It is not stopped.
    pub fn of(pid: Pid) -> nix::Result<Self> {
        ptrace::getregs(pid).map(Registers)
    }

    /// The instruction that comes next.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.0.rip
    }

    /// An argument of the function that begins here, from 0.
    #[must_use]
    pub fn argument(&self, number: usize) -> u64 {
        [self.0.rdi, self.0.rsi, self.0.rdx].get(number).copied().unwrap_or_default()
    }

    /// What the function gave back that has just returned.
    #[must_use]
    pub fn result(&self) -> i64 {
        self.0.rax.cast_signed()
    }

    /// The stack pointer: the same at each call from one call of a function.
    #[must_use]
    pub fn stack(&self) -> u64 {
        self.0.rsp
    }

    /// The place to which the function returns that begins here, if a register has it.
    #[must_use]
    pub fn link(&self) -> Option<u64> {
        None
    }
}

fn register(number: usize) -> AddressType {
    std::ptr::without_provenance_mut(DEBUG_REGISTERS + 8 * number)
}

/// Watches other places than before.
pub fn watch(pid: Pid, before: &[u64], places: &[u64]) -> nix::Result<()> {
    let enabled = |places: &[u64]| {
        let slots = (0..places.len()).filter(|slot| places[*slot] != 0);
        slots.fold(0, |bits, slot| bits | 1_i64 << (2 * slot))
    };
    // The kernel takes 0 for a place, too: one that is not watched any more is disabled first.
    let kept = before.iter().zip(places).map(|(before, place)| if *place == 0 { 0 } else { *before });
    let kept: Vec<u64> = kept.collect();
    if enabled(&kept) != enabled(before) {
        ptrace::write_user(pid, register(CONTROL), enabled(&kept))?;
    }
    for slot in (0..places.len()).filter(|slot| places[*slot] != 0 && places[*slot] != before[*slot]) {
        ptrace::write_user(pid, register(slot), places[slot].cast_signed())?;
    }
    if enabled(places) != enabled(&kept) {
        ptrace::write_user(pid, register(CONTROL), enabled(places))?;
    }
    Ok(())
}
