//! `attesh agent install`: one line in the rc file of a shell, by which a coding agent that is typed
//! there is started by `attesh run`.
//!
//! What lives here: what the line of each agent does, and what is shown and asked before a file changes.
//! What does not: how a line begins and ends, goes in and comes out (`rcline`), how an rc file is written
//! (`rc`), what of the starts below is a command of the agent (`agent`).
//!
//! Rules: nothing is written that was not shown; without a terminal nothing is written that nobody
//! agreed to with `--yes`. No file of the agent itself is changed: none of its settings has it recorded.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use similar::TextDiff;

use super::args::{Agent, AgentInstall, AgentName, AgentVerb, ShellName};
use super::given::Exit;
use super::rcline::{self, Form, Without, words};
use super::{login, rc, reached};
use crate::failure::Failure;
use crate::files::{self, FileError};
use crate::paths;
use crate::report;
use crate::text::{Command, visible, visible_lines};

pub fn run(args: &Agent) -> Exit {
    let AgentVerb::Install(args) = &args.verb;
    install(args)
}

/// The line that has an agent started by this program.
fn line(form: &Form, name: AgentName, program: &str, rc: &Path) -> String {
    let (author, typed) = words(name);
    let place = visible(rc.as_os_str().as_encoded_bytes());
    let missing =
        format!("attesh: not recording {typed}: {program} is missing; the line that calls it is in {place}");
    let Form { name, begin, end } = form;
    let (all, then, otherwise) = match *name {
        "fish" => ("$argv", ";", "; else;"),
        _ => ("\"$@\"", "; then", "; else"),
    };
    let (program, missing) = (form.word(program), form.word(&missing));
    format!(
        "{begin}{program}{then} {program} run --author {author} --files --lines -- {typed} {all}{otherwise} echo {missing}{end}"
    )
}

/// The shell that was named, or that the user has.
fn shell(args: &AgentInstall) -> Result<ShellName, Failure> {
    let own = || {
        let path = paths::variable("SHELL")?;
        match Path::new(&path).file_name()?.to_str()? {
            "bash" => Some(ShellName::Bash),
            "zsh" => Some(ShellName::Zsh),
            "fish" => Some(ShellName::Fish),
            _ => None,
        }
    };
    args.shell.or_else(own).ok_or_else(|| {
        Failure::usage("SHELL names neither bash, zsh nor fish").next("name the shell, as in --shell bash")
    })
}

fn install(args: &AgentInstall) -> Exit {
    let (shell, (author, typed)) = (shell(args)?, words(args.name));
    let (rc, form) = (rc::rc_file(shell)?, rcline::of_agent(shell, args.name));
    let path = rc::led_to(&rc)?;
    let before = match files::read_limited(&path, rc::RC_MAX) {
        Ok(bytes) => Some(bytes),
        Err(FileError::Missing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let text = before.as_deref().unwrap_or_default();
    let without = args.remove.then(|| rcline::without_line(text, &form, &rcline::all(shell)));
    let after = match without {
        Some(without) => without,
        None => rcline::with_line(before.as_deref(), &form, &line(&form, args.name, &rc::program()?, &rc))
            .map(|text| Without { text, goes: false }),
    };
    let Some(Without { text: after, goes }) = after else {
        let what = if args.remove { "does not hold the line" } else { "holds the line already" };
        report::line(&format!("{} {what}", rc.display()))?;
        return Ok(0);
    };
    if let Some(why) = reached::swallowed(shell, rcline::above(text, &form)).filter(|_| !args.remove) {
        return Err(Failure::unable(format!(
            "{}: the line cannot stand behind its end: {why}",
            rc.display()
        ))
        .next("mend the end of the file, an empty line more may do, and type it again"));
    }
    show(&rc, before.as_deref(), (!goes).then_some(&after))?;
    if args.dry_run || !agreed(args)? {
        report::line("nothing was written")?;
        return Ok(0);
    }
    if goes {
        std::fs::remove_file(&path).map_err(|error| FileError::Io(path.clone(), error))?;
        report::line(&format!("{} held nothing else and was removed", rc.display()))?;
        return Ok(0);
    }
    rc::write(&path, before.as_deref(), &after)?;
    if args.remove {
        report::line(&format!("removed from {}: new shells start {typed} without attesh", rc.display()))?;
        return Ok(0);
    }
    let remove = Command::new("attesh agent install").word(author).word("--remove");
    let remove = if args.shell.is_some() { remove.word("--shell").word(form.name) } else { remove };
    report::line(&format!(
        "added to {}: new shells start {typed} by attesh run\nto see what it ran type: {}\nto remove the line type: {}",
        rc.display(),
        Command::new("attesh log --author").word(author),
        remove,
    ))?;
    if login::names(text, &format!("alias {typed}=")) || login::names(text, &format!("alias {typed} ")) {
        report::say(&format!(
            "{}: an alias takes the place of the line: {typed} is not recorded while there is an alias of that name",
            rc.display()
        ));
    }
    if let Some(unread) = login::unread(shell, &rc) {
        report::say(&unread);
    }
    Ok(0)
}

/// Shows what changes.
fn show(rc: &Path, before: Option<&[u8]>, after: Option<&Vec<u8>>) -> Result<(), Failure> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (old, new) = (text(before.unwrap_or_default()), text(after.map_or(&[][..], Vec::as_slice)));
    let name = |is_there: bool| match is_there {
        true => visible(rc.as_os_str().as_encoded_bytes()),
        false => "/dev/null".to_owned(),
    };
    let diff = TextDiff::from_lines(old.as_str(), new.as_str());
    let shown = diff.unified_diff().header(&name(before.is_some()), &name(after.is_some())).to_string();
    report::out(visible_lines(&shown).as_bytes())
}

/// Whether somebody agrees.
fn agreed(args: &AgentInstall) -> Result<bool, Failure> {
    if args.yes {
        return Ok(true);
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(Failure::usage(
            "standard input is no terminal, so that nobody can be asked; nothing was written",
        )
        .next("add --yes to write what is shown"));
    }
    report::flush()?;
    report::bare("write this? [y/N]");
    let mut answer = String::new();
    let read = input.lock().read_line(&mut answer);
    Ok(read.is_ok() && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}
