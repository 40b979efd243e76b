//! The commands, one file a verb. Nothing here is imported from elsewhere.

pub mod args;
mod init;

use clap::Parser;

use crate::failure::Failure;
use args::{Cli, Verb};

/// What a command returns: its exit code, or a failure.
type Outcome = Result<u8, Failure>;

/// Runs the command line; the exit code.
#[must_use]
pub fn run() -> u8 {
    let cli = Cli::parse();
    let outcome = match cli.verb {
        Verb::Init(args) => init::run(&args),
        _ => Err(Failure::usage("not yet")),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("attesh: {failure}");
            failure.kind.exit_code()
        }
    }
}
