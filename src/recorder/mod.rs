//! The recorder: what a hook calls, once before and once after each command.
//!
//! A call goes one way through three files:
//!
//! * [`call`] parses the words of docs/hook-protocol.md into a [`call::Call`]; it is pure.
//! * [`apply`] applies a call to its session. It does not know how the call came or where the
//!   answer goes. `open` does the same for a shell that joins or moves.
//! * [`hook`] is the transport: the process that a hook runs. It reads the words and standard
//!   input, applies the call, prints the answer and exits.
//!
//! Another transport (a socket of a resident agent) is a file beside `hook`: it takes the words,
//! the text and the working folder of the caller from its peer, calls [`apply::apply`], and sends
//! back the answer's bytes and [`apply::status`]. Two things still belong to the process and come
//! first: the environment that a new session depends on (home, CI), and how long all calls
//! together may wait for locks ([`crate::lock`]).
//!
//! Rules: this is the hot path. `main` goes here before clap; nothing here reads a configuration.
//! A test counts the system calls.

pub mod apply;
pub mod call;
pub mod hook;
mod open;

pub use hook::run;
