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

/// A variable can be watched, too.
pub const WATCHES_WRITES: bool = true;
/// The mark of an address at which a write is to stop: no program has memory there.
pub const WRITTEN: u64 = 1 << 63;

/// Watches other places than before.
pub fn watch(pid: Pid, before: &[u64], places: &[u64]) -> nix::Result<()> {
    // Two bits enable a slot; four more say that a write of four bytes stops.
    let control = |places: &[u64]| {
        let slots = (0..places.len()).filter(|slot| places[*slot] != 0);
        slots.fold(0, |bits, slot| {
            let kind = if places[slot] & WRITTEN == 0 { 0 } else { 0b1101 };
            bits | 1_i64 << (2 * slot) | kind << (16 + 4 * slot)
        })
    };
    // The kernel takes 0 for a place, too: what is not watched any more, or in another way, is
    // disabled first.
    let same = |before: u64, place: u64| place != 0 && (before ^ place) & WRITTEN == 0;
    let kept = before.iter().zip(places);
    let kept: Vec<u64> =
        kept.map(|(before, place)| if same(*before, *place) { *before } else { 0 }).collect();
    if control(&kept) != control(before) {
        ptrace::write_user(pid, register(CONTROL), control(&kept))?;
    }
    for slot in (0..places.len()).filter(|slot| places[*slot] != 0 && places[*slot] != before[*slot]) {
        ptrace::write_user(pid, register(slot), (places[slot] & !WRITTEN).cast_signed())?;
    }
    if control(places) != control(&kept) {
        ptrace::write_user(pid, register(CONTROL), control(places))?;
    }
    Ok(())
}
