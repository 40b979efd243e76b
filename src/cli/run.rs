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
use crate::supervise::{self, Fail, Hear, Level, Program};
use crate::text::{Command as Typed, Next, told, visible};

/// The exit status if there is no such program, as env(1) has it.
const NOT_FOUND: u8 = 127;
/// The exit status if the program cannot be run, as env(1) has it.
const NOT_RUNNABLE: u8 = 126;

pub fn run(args: &Run) -> Exit {
    if args.words.first().is_some_and(|name| name.is_empty()) {
        return Err(Failure::usage("the name of the program is empty")
            .next("name a program, as in attesh run -- make test"));
    }
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
    let level = Level::here().within(&session);
    if let Some(less) = less(args, &level) {
        report::say(&less);
        let is_unseen = matches!(level, Level::Unseen(_));
        if let Some(option) =
            [(args.session.strict, "--strict"), (is_unseen && fail == Fail::Closed, "--fail closed")]
                .into_iter()
                .find_map(|(is_given, option)| is_given.then_some(option))
        {
            report::say(&format!("the program did not run, because {option} was given"));
            return Ok(NOT_RECORDED);
        }
    }
    let hear = (args.lines && level == Level::Held).then(|| Lines::new(&session)).transpose()?;
    let hear = hear.map(|lines| Box::new(lines) as Box<dyn Hear>);
    match supervise::run(&program, &session, hear, &level) {
        Ok(outcome) => around.close(Some((&session, None)), !outcome.whole, "program", outcome.status),
        Err(error) => {
            report::say(&not_run(&program.path, &error));
            Ok(match error.raw_os_error() {
                Some(libc::ENOENT) => NOT_FOUND,
                Some(libc::EACCES | libc::ENOEXEC | libc::E2BIG) => NOT_RUNNABLE,
                _ => NOT_RECORDED,
            })
        }
    }
}

/// What is recorded less than was asked for, and why.
fn less(args: &Run, level: &Level) -> Option<String> {
    let options: Vec<&str> = [(args.files, "--files"), (args.lines, "--lines")]
        .into_iter()
        .filter_map(|(is_given, option)| is_given.then_some(option))
        .collect();
    let is_closed = args.fail == "closed";
    let without = match &options[..] {
        [] => String::new(),
        options => format!("; {} does nothing then", options.join(" with ")),
    };
    match level {
        Level::Held => None,
        Level::Above(_) if is_closed => Some(format!(
            "what starts is recorded by the attesh run around this one, whose --fail counts{without}"
        )),
        Level::Above(_) if options.is_empty() => None,
        Level::Above(_) => {
            Some(format!("what starts is recorded by the attesh run around this one{without}"))
        }
        Level::Followed(why) => Some(format!("what starts is followed by ptrace, because {why}{without}")),
        Level::Unseen(why) => Some(format!("what starts below the program is not recorded: {why}{without}")),
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

/// Why a program did not run, and what to do next.
fn not_run(path: &Path, error: &std::io::Error) -> String {
    let what = format!("{} did not run: {}", path.display(), files::words(error));
    let next: Option<Next> = match error.raw_os_error() {
        Some(libc::EACCES) if path.is_dir() => Some("it is a folder: name a program in it".into()),
        Some(libc::EACCES) => Some(Next::typing("to see who may run it", Typed::new("ls -l").path(path))),
        Some(libc::EAGAIN) => Some(Next::typing(
            "this user may have no more processes: to see the limit",
            Typed::new("ulimit -u"),
        )),
        Some(libc::ENOENT) if path.exists() => Some(Next::typing(
            "the interpreter that it names is not there: to see which",
            Typed::new("head -n 1").path(path),
        )),
        _ => None,
    };
    told(&what, next.as_ref())
}

/// Runs the program without a recording, which was said.
fn unrecorded(program: &Program) -> Exit {
    let mut command = Command::new(&program.path);
    command.args(program.words.iter().skip(1));
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            report::say(&not_run(&program.path, &error));
            return Ok(NOT_RUNNABLE);
        }
    };
    let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0xff00));
    Ok(super::around::passed_on(status))
}
