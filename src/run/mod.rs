//! What records a script: the parent of its bash, or the hooks of a block that another program
//! has a shell evaluate.
//!
//! What lives here: how bash is called (`call`), what it says (`channel`), where it says that
//! units end (`split`), what is recorded of all that (`script`, `block`, `records`), and in
//! which session (`session`). What does not: a script's text and its units, which are pure
//! (`crate::script`), and the verb (`cli::sh`).
//!
//! Rules: nothing here knows the command line.

pub mod block;
pub mod call;
mod channel;
mod records;
pub mod script;
pub mod session;
pub mod split;

/// How long the journal's lock is waited for between two commands of a script, in milliseconds.
const SCRIPT_WAIT_MS: u32 = 1_000;
