//! The integration tests, in one binary.
//!
//! Shells are driven as a user drives them: a real shell, a pseudo-terminal, keys typed
//! into it; what is asserted is what the journal says afterwards.

mod journal;
mod matrix;
mod pty;
mod shells;
