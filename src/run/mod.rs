//! What records a script: the parent of its bash, or the hooks of a block that another program
//! has a shell evaluate.
//!
//! What lives here: how bash is called (`call`), the script as it is given to it (`given`), where
//! it says that units end (`split`), by whom its units are seen (`script`): by this program, which
//! watches bash where it reads (`reader`, `watched`), or by bash's own traps (`channel`,
//! `trapped`); the lines of shells below a program (`lines`); with every program that starts below it (`traced`); what is recorded of that (`recording`, `records`, `block`), and in which session
//! (`session`). What does not: a script's text and its units, which are pure
//! (`crate::script`), and the verb (`cli::sh`).
//!
//! Rules: nothing here knows the command line.

pub mod block;
pub mod call;
mod channel;
mod given;
mod handover;
pub mod lines;
pub mod reader;
pub mod recording;
mod records;
pub mod rest;
pub mod script;
pub mod session;
pub mod split;
pub mod traced;
mod trapped;
mod watched;

/// How long the journal's lock is waited for between two commands of a script, in milliseconds.
const SCRIPT_WAIT_MS: u32 = 1_000;
