//! The commands, one file a verb or a family of verbs. Nothing here is imported from elsewhere.

mod agent;
mod agents;
pub mod args;
mod around;
mod disclose;
mod doctor;
mod export;
mod given;
mod heads;
mod held;
mod init;
mod input;
mod key;
mod listing;
mod log;
mod login;
mod manifests;
mod mask;
mod note;
mod outputs;
mod page;
mod pages;
mod policy;
mod processes;
mod programs;
mod prune;
mod rc;
mod rcline;
mod reached;
mod reconcile;
mod reconciled;
mod redact;
mod remark;
mod removed;
mod row;
mod run;
mod seal;
mod sessions;
mod sh;
mod show;
mod signing;
mod standing;
mod subjects;
mod verify;
mod view;
mod vsa;
mod which;

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use crate::failure::{Failure, Kind};
use crate::mask::in_message;
use crate::report;
use crate::text::{self, Command};
use args::{Cli, Verb};
use given::Exit;

/// Runs the command line; the exit code.
#[must_use]
pub fn run(words: impl Iterator<Item = OsString>) -> u8 {
    crate::sys::outlive_size_limit();
    let words: Vec<OsString> = words.collect();
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return misread(&error, &words),
    };
    let json = cli.verb.wants_json();
    // If standard output is closed, the command fails before it does anything.
    let heard = if cli.verb.prints() { report::out(b"") } else { Ok(()) };
    let outcome = heard.and_then(|()| dispatch(cli.verb));
    match outcome.and_then(|code| report::flush().map(|()| code)) {
        Ok(code) => code,
        Err(failure) => {
            if json {
                report::failed(&failure);
            }
            report::say(&failure.to_string());
            failure.kind.exit_code()
        }
    }
}

/// Words that are not a command: help, the version, or a mistake.
fn misread(error: &clap::Error, words: &[OsString]) -> u8 {
    if !error.use_stderr() {
        let printed = report::out(b"").and_then(|()| report::written(error.print()));
        let Err(failure) = printed else { return 0 };
        report::say(&failure.to_string());
        return failure.kind.exit_code();
    }
    if words.iter().any(|word| word == "--json") {
        let text = error.render().to_string();
        let message = text.split("\n\n").next().unwrap_or_default();
        let verb = words.get(1).and_then(|word| word.to_str()).unwrap_or_default();
        let help = match Cli::command().find_subcommand(verb) {
            Some(_) => Command::new("attesh").word(verb),
            None => Command::new("attesh"),
        };
        let failure = Failure::usage(message.strip_prefix("error: ").unwrap_or(message))
            .typing("for what it takes", help.word("--help"));
        report::failed(&failure);
    }
    // The message quotes what was typed; without colours a terminal obeys none of it, and no secret
    // in it is repeated.
    let plain = error.render().to_string();
    match text::visible_lines(&in_message(&plain)) {
        harmless if harmless == plain => drop(error.print()),
        harmless => report::bare(harmless.trim_end()),
    }
    Kind::Usage.exit_code()
}

fn dispatch(verb: Verb) -> Exit {
    match verb {
        Verb::Init(args) => init::run(&args),
        Verb::Log(args) => log::run(&args),
        Verb::Start(args) => sessions::start(&args),
        Verb::Stop(args) => sessions::stop(&args),
        Verb::Status(args) => sessions::status(&args),
        Verb::Sessions(args) => sessions::list(&args),
        Verb::Prune(args) => prune::run(&args),
        Verb::Note(args) => note::note(&args),
        Verb::Mask(args) => mask::run(&args),
        Verb::Pause(args) => note::pause(&args),
        Verb::Resume(args) => note::resume(&args),
        Verb::Disclose(args) => disclose::run(&args),
        Verb::Redact(args) => redact::run(&args),
        Verb::Seal(args) => seal::run(&args),
        Verb::Key(args) => key::run(&args),
        Verb::Verify(args) => verify::run(&args),
        Verb::Sh(args) => sh::run(&args),
        Verb::Run(args) => run::run(&args),
        Verb::Agent(args) => agent::run(&args),
        Verb::Policy(args) => policy::run(&args),
        Verb::Show(args) => show::run(&args),
        Verb::Reconcile(args) => reconcile::run(&args),
        Verb::Doctor(args) => doctor::run(&args),
        Verb::Completions(args) => pages::completions(&args),
        Verb::Man(args) => pages::man(&args),
    }
}
