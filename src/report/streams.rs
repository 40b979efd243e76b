//! The two streams: facts go to standard output, talk to standard error.

use std::io::Write;

use crate::failure::Failure;
use crate::files;
use crate::sys;
use crate::text::visible_lines;

/// Prints one line, or ends quietly if the reader has gone.
///
/// # Errors
/// Standard output could not be written.
pub fn line(text: &str) -> Result<(), Failure> {
    out(format!("{text}\n").as_bytes())
}

/// Prints bytes.
///
/// # Errors
/// Standard output could not be written.
pub fn out(bytes: &[u8]) -> Result<(), Failure> {
    if sys::output_was_closed() {
        return Err(Failure::unable("standard output is closed, so what was to be printed is lost"));
    }
    written(std::io::stdout().write_all(bytes))
}

/// Prints what is still held back.
///
/// # Errors
/// Standard output could not be written.
pub fn flush() -> Result<(), Failure> {
    written(std::io::stdout().flush())
}

/// What printing came to.
///
/// # Errors
/// Standard output could not be written.
pub fn written(outcome: std::io::Result<()>) -> Result<(), Failure> {
    match outcome {
        // `attesh log | head` does not fail.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::unable(format!("standard output: {}", files::words(&error)))),
        Ok(()) => Ok(()),
    }
}

/// Talks to the person, not to the program that reads the output. Names and words of others
/// may be in it: nothing is obeyed.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "attesh: {}", visible_lines(text));
}

/// Says a line that a program looks for in a log, with nothing before it.
pub fn bare(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
