//! What is Linux alone: `/proc`, its clocks, folders in memory, signals and senders told by
//! descriptors, traced children, and processes held at their calls.
//!
//! Each file is one fact of the kernel behind functions that name nothing of Linux. Another
//! system gets its own file beside it (a clock of macOS: `clock_macos.rs`, chosen here by
//! `cfg`), and the callers stay as they are. System calls that need unsafe code are in
//! [`crate::sys`].

pub mod clock;
pub mod exec;
pub mod find;
pub mod held;
pub mod memory;
pub mod proc;
pub mod pseudo;
pub mod remote;
pub mod sender;
pub mod signals;
pub mod touch;
pub mod trace;
