//! attesh: is the first word the plumbing verb of a hook? Then the recorder, else the commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == "rec") {
        return ExitCode::from(attesh::recorder::run(words));
    }
    ExitCode::from(attesh::cli::run(std::env::args_os()))
}
