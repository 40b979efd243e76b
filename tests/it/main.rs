//! One integration binary: the library against real programs.

mod agent;
mod envelope;
mod keys;
mod programs;
