//! The commands, one file a verb. Nothing here is imported from elsewhere.

pub mod args;
mod doctor;
mod init;
mod key;
mod log;
mod note;
mod pages;
mod seal;
mod sessions;
mod show;
mod verify;
mod view;

use std::path::Path;

use clap::Parser;

use crate::crypto::{ORIGIN_SECRET_MIN_BYTES, OriginSecret};
use crate::failure::{Failure, Kind};
use crate::files;
use crate::paths;
use crate::session::{Session, birth, find};
use args::{Cli, Verb};

/// What a command returns: its exit code, or a failure.
type Outcome = Result<u8, Failure>;

/// Runs the command line; the exit code.
#[must_use]
pub fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Kind::Usage.exit_code() } else { 0 };
        }
    };
    let outcome = match cli.verb {
        Verb::Init(args) => init::run(&args),
        Verb::Log(args) => log::run(&args),
        Verb::Start(args) => sessions::start(&args),
        Verb::Stop(args) => sessions::stop(&args),
        Verb::Status(args) => sessions::status(&args),
        Verb::Sessions(args) => sessions::list(&args),
        Verb::Prune(args) => sessions::prune(&args),
        Verb::Note(args) => note::note(&args),
        Verb::Pause(args) => note::pause(&args),
        Verb::Resume(args) => note::resume(&args),
        Verb::Seal(args) => seal::run(&args),
        Verb::Key(args) => key::run(&args),
        Verb::Verify(args) => verify::run(&args),
        Verb::Show(args) => show::run(&args),
        Verb::Doctor(args) => doctor::run(&args),
        Verb::Completions(args) => pages::completions(&args),
        Verb::Man(args) => pages::man(&args),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            crate::report::say(&failure.message);
            failure.kind.exit_code()
        }
    }
}

/// The origin secret that an option names: a file, or `env:NAME`.
fn secret(given: &str) -> Result<OriginSecret, Failure> {
    let bytes = match given.strip_prefix("env:") {
        Some(name) => {
            let value = paths::variable(name)
                .ok_or_else(|| Failure::usage(format!("--secret {given}: the variable is not set")))?;
            std::os::unix::ffi::OsStringExt::into_vec(value)
        }
        None => files::read_stream(Path::new(given), 64 << 10)?,
    };
    birth::secret_from(bytes).ok_or_else(|| {
        Failure::usage(format!("--secret {given}: shorter than {ORIGIN_SECRET_MIN_BYTES} bytes"))
    })
}

/// The session that a command is about: the one named, else that of the surrounding shell.
fn chosen(word: Option<&str>) -> Result<Session, Failure> {
    match word {
        Some(word) => find::by_word(word),
        None => find::surrounding().ok_or_else(|| {
            Failure::unable(
                "this shell is not recorded: name a session (attesh sessions lists them), or record it with: \
                 eval \"$(attesh init bash)\"",
            )
        }),
    }
}
