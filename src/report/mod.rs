//! What a person or a program sees: lines, tables, colour, verdicts; and JSON.
//!
//! Rules: facts go to standard output, talk to standard error; text that comes from a record
//! is escaped (`text`) before it reaches a terminal; colour only where standard output is a
//! terminal and NO_COLOR is not set.

mod json;
mod progress;
mod streams;
mod style;
mod table;
mod verdict;
mod words;

pub use json::{denial_json, failed, failure_json, path_json, policy_json, print as json};
pub use progress::Progress;
pub use streams::{bare, flush, keep_panics_quiet, line, out, say, written};
pub use style::Style;
pub use table::table;
pub use verdict::{verdict, verdict_json};
pub use words::duration;
