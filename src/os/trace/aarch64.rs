//! Registers of 64-bit ARM.
//!
//! The processor stops at a watched place again and again, so going on takes one step without it.

use nix::errno::Errno;
use nix::libc::user_regs_struct;
use nix::sys::ptrace;
use nix::unistd::Pid;

use crate::sys;

/// Going on from a watched place needs a step without it.
pub const STEPS_OVER: bool = true;

/// NT_ARM_HW_BREAK (linux/elf.h).
const BREAKPOINTS: i32 = 0x402;
/// Enabled, in user mode, four bytes wide.
const ENABLED: u32 = 1 | 2 << 1 | 0xf << 5;

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
        self.0.pc
    }

    /// An argument of the function that begins here, from 0.
    #[must_use]
    pub fn argument(&self, number: usize) -> u64 {
        self.0.regs.get(number).copied().unwrap_or_default()
    }

    /// What the function gave back that has just returned.
    #[must_use]
    pub fn result(&self) -> i64 {
        self.0.regs[0].cast_signed()
    }

    /// The stack pointer: the same at each call from one call of a function.
    #[must_use]
    pub fn stack(&self) -> u64 {
        self.0.sp
    }

    /// The place to which the function returns that begins here, if a register has it.
    #[must_use]
    pub fn link(&self) -> Option<u64> {
        Some(self.0.regs[30])
    }
}

/// A variable cannot be watched.
pub const WATCHES_WRITES: bool = false;
/// The mark of an address at which a write would stop.
pub const WRITTEN: u64 = 1 << 63;

/// Watches other places than before.
pub fn watch(pid: Pid, before: &[u64], places: &[u64]) -> nix::Result<()> {
    // The kernel takes a register of the processor for each one that is named, even for a disabled
    // one, and a processor may have two: what was never watched is left out.
    let last = |places: &[u64]| places.iter().rposition(|place| *place != 0).map_or(0, |slot| slot + 1);
    let named = &places[..last(before).max(last(places))];
    // struct user_hwdebug_state: two words, then address, control and padding of each register.
    let mut state = vec![0_u8; 8];
    for place in named {
        state.extend_from_slice(&place.to_ne_bytes());
        state.extend_from_slice(&(if *place == 0 { 0 } else { ENABLED }).to_ne_bytes());
        state.extend_from_slice(&[0; 4]);
    }
    sys::set_registers(pid, BREAKPOINTS, &mut state)
        .map_err(|error| error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw))
}
