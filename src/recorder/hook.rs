//! The process that a hook runs: `attesh rec VERB p=1 KEY=VALUE…`.
//!
//! What lives here: arguments, standard input and output, signals and the exit status. What does
//! not: what a call says (`call`), what it does (`apply`).
//!
//! Rules: the signals that could end this process are ignored first. It exits 0 if and only if
//! the record is in the journal. Only `open` and `why` print; nothing goes to standard error.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt;

use super::apply::{apply, status};
use super::call::{Answer, Call, Sent, text};
use crate::protocol::CallStatus;
use crate::session::shells::workdir;
use crate::sys;
use crate::text::Fault;

/// Runs one call of a hook; `words` is what follows `attesh rec`. The result is the exit status.
#[must_use]
pub fn run(words: impl Iterator<Item = OsString>) -> u8 {
    sys::ignore_signals();
    let words: Vec<Vec<u8>> = words.map(OsString::into_vec).collect();
    serve(&words) as u8
}

fn serve(words: &[Vec<u8>]) -> CallStatus {
    let Ok(call) = Call::parse(words) else { return CallStatus::Usage };
    // Read before the lock: a slow pipe must not hold up other shells.
    let Ok(input) = input(&call) else { return CallStatus::Unable };
    let result = apply(&call, Sent { text: text(input), workdir: &workdir });
    let answer = match (&call, &result) {
        (_, Ok(answer)) => answer.to_bytes(),
        (Call::Open(_), Err(error)) => Answer::refusal(&error.told()),
        (_, Err(_)) => Vec::new(),
    };
    if !answer.is_empty() && std::io::stdout().write_all(&answer).is_err() {
        return CallStatus::Unable;
    }
    status(&result)
}

/// Standard input, where the call takes a text.
fn input(call: &Call) -> std::io::Result<Vec<u8>> {
    let mut input = Vec::new();
    if call.takes_text() {
        std::io::stdin().lock().read_to_end(&mut input)?;
    }
    Ok(input)
}
