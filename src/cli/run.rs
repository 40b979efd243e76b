//! `attesh run`: runs a program, records every start of a program below it, and seals that with
//! `--seal`.
//!
//! What lives here: the verb, and what is said where a program cannot be run so. What does not: how it
//! is recorded (`supervise`), the session and what becomes of the status (`around`).

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::args::Run;
use super::around::{Around, NOT_RECORDED};
use super::given::Exit;
use crate::fact::agent;
use crate::failure::Failure;
use crate::files;
use crate::paths;
use crate::report;
use crate::run::lines::Lines;
use crate::supervise::{self, Fail, Hear, Program};
use crate::text::visible;

/// The exit status if there is no such program, as env(1) has it.
const NOT_FOUND: u8 = 127;
/// The exit status if the program cannot be run, as env(1) has it.
const NOT_RUNNABLE: u8 = 126;

pub fn run(args: &Run) -> Exit {
    let Some(path) = args.words.first().and_then(|name| found(name)) else {
        let name = args.words.first().map(|name| visible(name.as_encoded_bytes())).unwrap_or_default();
        report::say(&format!("{name}: no such program"));
        return Ok(NOT_FOUND);
    };
    if let Some(Err(why)) = args.author.as_deref().map(agent::author) {
        return Err(Failure::usage(format!("--author: {why}"))
            .next("name who has the program run in one word, as in --author claude-code"));
    }
    let mut around = Around::open(&args.session)?;
    let session = match around.session("program") {
        Ok(session) => session,
        Err(status) => return Ok(status),
    };
    let fail = if args.fail == "closed" { Fail::Closed } else { Fail::Open };
    let program = Program {
        path,
        words: args.words.clone(),
        fail,
        author: args.author.clone(),
        files: args.files,
        waits: args.wait,
    };
    let Some(session) = session else {
        if fail == Fail::Closed {
            report::say("the program did not run: --fail closed was given");
            return Ok(NOT_RECORDED);
        }
        return unrecorded(&program);
    };
    let hear = args.lines.then(|| Lines::new(&session)).transpose()?;
    let hear = hear.map(|lines| Box::new(lines) as Box<dyn Hear>);
    match supervise::run(&program, &session, hear) {
        Ok(outcome) => around.close(Some((&session, None)), !outcome.whole, "program", outcome.status),
        Err(error) => {
            let what = files::words(&error);
            let name = program.path.display();
            report::say(&match error.raw_os_error() {
                Some(libc::EBUSY) => format!(
                    "{name} did not run: another recorder already holds what starts here, such as an attesh run around this one"
                ),
                Some(libc::ENOSYS | libc::EINVAL) => format!(
                    "{name} did not run: this kernel, or a filter around this process, has no user notification of seccomp ({what})"
                ),
                _ => format!("{name} did not run: {what}"),
            });
            Ok(match error.raw_os_error() {
                Some(libc::ENOENT) => NOT_FOUND,
                Some(libc::EACCES | libc::ENOEXEC | libc::E2BIG) => NOT_RUNNABLE,
                _ => NOT_RECORDED,
            })
        }
    }
}

/// The file of a program: a path, or a name that is looked for along the PATH.
fn found(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 || name.as_encoded_bytes().contains(&b'/') {
        return Some(path.to_owned());
    }
    paths::program(name.to_str()?)
}

/// Runs the program without a recording, which was said.
fn unrecorded(program: &Program) -> Exit {
    let mut command = Command::new(&program.path);
    command.args(program.words.iter().skip(1));
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            report::say(&format!("{}: {}", program.path.display(), files::words(&error)));
            return Ok(NOT_RUNNABLE);
        }
    };
    let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0xff00));
    Ok(super::around::passed_on(status))
}
