//! The two streams: facts go to standard output, talk to standard error.

use std::io::Write;

use crate::failure::Failure;
use crate::files;
use crate::mask::in_message;
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
/// may be in it: nothing is obeyed, and no secret in them is repeated.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "attesh: {}", visible_lines(&in_message(text)));
}

/// Says a line that a program looks for in a log, with nothing before it.
pub fn bare(line: &str) {
    let _ = std::io::stderr().write_all(format!("{}\n", in_message(line)).as_bytes());
}

/// Has a panic say where it is and nothing of what it holds: a message of the language quotes the
/// values that it stumbled over.
pub fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
        let place = place.as_deref().unwrap_or("an unknown place");
        say(&format!("a defect of attesh itself at {place}; please report this line and the version"));
    }));
}
