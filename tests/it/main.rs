//! One integration binary: the library and the program against real shells and real programs.

mod agent;
mod envelope;
mod journal;
mod keys;
mod pages;
mod pages_journal;
mod programs;
mod pty;
mod shells;
mod tidy;
