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

/// Watches other places than before.
pub fn watch(pid: Pid, _: &[u64], places: &[u64]) -> nix::Result<()> {
    // struct user_hwdebug_state: two words, then address, control and padding of each register.
    let mut state = vec![0_u8; 8];
    for place in places {
        state.extend_from_slice(&place.to_ne_bytes());
        state.extend_from_slice(&(if *place == 0 { 0 } else { ENABLED }).to_ne_bytes());
        state.extend_from_slice(&[0; 4]);
    }
    sys::set_registers(pid, BREAKPOINTS, &mut state)
        .map_err(|error| error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw))
}

/// The place behind each direct call of a function within a piece of code.
#[must_use]
pub fn call_behind(code: &[u8], at: u64, function: u64) -> Vec<u64> {
    let words = code.chunks_exact(4).zip((at..).step_by(4));
    words
        .filter(|(bytes, here)| {
            let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            // BL: 26 bits of a signed distance in words.
            let far = i64::from((word << 6).cast_signed() >> 6) * 4;
            word >> 26 == 0b10_0101 && here.wrapping_add_signed(far) == function
        })
        .map(|(_, here)| here + 4)
        .collect()
}
