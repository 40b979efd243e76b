//! One integration binary: the library and the program against real shells and real programs.

mod agent;
mod budget;
mod cases;
mod disk;
mod envelope;
mod fault;
mod flips;
mod inject;
mod journal;
mod keys;
mod kill;
mod matrix;
mod memory;
mod pages;
mod pages_journal;
mod programs;
mod pty;
mod rules;
mod shells;
mod signer;
mod tamper;
mod tidy;
mod torn;
mod vectors;
mod world;
mod writers;
