//! attesh: is the first word a plumbing verb of a hook? Then the recorder, else the commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    match words.next() {
        Some(word) if word == attesh::protocol::COMMAND => ExitCode::from(attesh::recorder::run(words)),
        Some(word) if word == "block" => ExitCode::from(attesh::run::block::run(words)),
        _ => ExitCode::from(attesh::cli::run(std::env::args_os())),
    }
}
