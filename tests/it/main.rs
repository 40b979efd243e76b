//! One integration binary: the library and the program against real shells and real programs.

mod agent;
mod envelope;
mod journal;
mod keys;
mod matrix;
mod programs;
mod pty;
mod shells;
