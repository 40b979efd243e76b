//! `attesh redact`: take texts out of a session that has ended.
//!
//! What lives here: what is said of what goes. What does not: what was asked for (`which`), which
//! texts that are (`journal::redact`), the journal (`session::redact`).
//!
//! Rules: what has been taken out is not printed: the log of a job would keep it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::Redact;
use super::disclose;
use super::given::{Exit, chosen};
use super::input::Words;
use super::manifests::path_beside;
use super::which::{asked, notes};
use crate::failure::Failure;
use crate::files;
use crate::journal::redact::{Asked, Gone};
use crate::report::{self, Style};
use crate::seal::disclosed::DISCLOSURES_FILE;
use crate::session::Session;
use crate::session::redact::{Found, Redaction};
use crate::text::{self, Command, Next, count};

pub fn run(args: &Redact) -> Exit {
    let mut asked = asked(&args.which)?;
    asked.extend(notes(&args.note)?);
    if asked.is_empty() {
        return Err(Failure::usage("nothing says which texts are to be taken out").next(
            "say which: --command N, --match REGEX, --rule NAME, --workdir, --host, --user, --fact TYPE[.PART] or --note; add --dry-run to see them first",
        ));
    }
    let (words, asked): (Vec<String>, Vec<Asked>) = asked.into_iter().unzip();
    if let Some(path) = args.session.as_deref().map(Path::new).filter(|path| path.is_file()) {
        Words::default().path(path)?;
        return disclose::redact(args, path, &words, &asked);
    }
    let session = chosen(args.session.as_deref())?;
    let redaction = Redaction::begin(&session)?;
    if !args.dry_run {
        redaction.clean()?;
    }
    let found = redaction.find(&asked)?;
    let beyond = || asked.iter().position(|asked| asked.is_beyond(found.commands));
    if let Some(at) = found.missed.or_else(beyond) {
        return Err(missed(&session, &words[at], &asked[at], &found));
    }
    if !args.dry_run {
        redaction.take_out(&found)?;
        remove_unfinished(&session)?;
    }
    print(args, &session, &found)?;
    Ok(0)
}

/// The files with texts beside an envelope.
fn beside(envelope: &str) -> [PathBuf; 2] {
    ["transcript", DISCLOSURES_FILE].map(|name| path_beside(Path::new(envelope), name))
}

/// Removes what a seal left that was killed: none is being made, because the redaction has the journal's
/// lock.
fn remove_unfinished(session: &Session) -> Result<(), Failure> {
    for envelope in session.begun_envelopes() {
        beside(&envelope).iter().try_for_each(|path| files::remove_unfinished(path)).map_err(|error| {
            let what =
                format!("{envelope}: cannot remove what a seal left beside it: {}", files::words(&error));
            Failure::unable(what).next("remove the files there whose names begin with a dot")
        })?;
    }
    Ok(())
}

/// There is nothing for a part of what was asked.
fn missed(session: &Session, word: &str, asked: &Asked, found: &Found) -> Failure {
    let name = session.short_name();
    let why = match asked {
        _ if asked.is_beyond(found.commands) => {
            format!("the session has {}", count(found.commands, "command"))
        }
        Asked::Commands(_) => "no text is there: it was withheld, or taken out before".to_owned(),
        _ => "no text that is there fits".to_owned(),
    };
    let failure = Failure::usage(format!("session {name}: {word}: {why}; nothing was taken out"));
    failure.typing("to see what there is", Command::new("attesh log -v").path(session.word()))
}

fn print(args: &Redact, session: &Session, found: &Found) -> Result<(), Failure> {
    if args.json {
        let texts: Vec<Value> = found.texts.iter().map(|gone| as_json(gone, args.dry_run)).collect();
        let files: Vec<&str> = found.files.iter().map(|(_, name)| name.as_str()).collect();
        let value =
            json!({"session": session.id(), "dryRun": args.dry_run, "texts": texts, "attached": files});
        return report::json("attesh.redact/v1", value);
    }
    let style = Style::for_output();
    for gone in &found.texts {
        let text = if args.dry_run { beginning(gone) } else { String::new() };
        let (record, kind, name) = (gone.record, gone.kind.name(), what(gone));
        let line = format!("{record:>6}  {kind:<11}  {}  {text}", style.strong(&name));
        report::line(line.trim_end())?;
    }
    for (record, name) in &found.files {
        report::line(&format!("{record:>6}  {:<11}  {}", "fact", style.strong(&format!("attached {name}"))))?;
    }
    let verb = if args.dry_run { "would be redacted" } else { "redacted" };
    let files = match found.files.len() {
        0 => String::new(),
        files => format!(", and {} beside the journal", count(files, "file")),
    };
    report::say(&format!(
        "session {}: {}{files} {verb}",
        session.short_name(),
        count(found.texts.len(), "text")
    ));
    for (.., envelope) in session.envelopes() {
        let beside = path_beside(Path::new(&envelope), DISCLOSURES_FILE);
        if beside.is_file() {
            let texts = Command::new("attesh redact").path(&envelope);
            let next = Next::typing("to take texts out of it", texts);
            report::say(&format!("{} beside its envelope has texts, too; {next}", beside.display()));
        }
    }
    for envelope in session.begun_envelopes() {
        for path in beside(&envelope).iter().filter(|path| path.is_file()) {
            let what = format!("{}: a seal that did not end wrote it, and it may have texts", path.display());
            report::say(&format!("{what}; {}", Next::typing("to remove it", Command::new("rm").path(path))));
        }
    }
    // The name in the folder may be that of the new journal by now.
    let own = u64::from(session.is_in_place().unwrap_or(false));
    let names = session.journal().metadata().map_or(0, |meta| meta.nlink().saturating_sub(own));
    if names > 0 {
        let names = count(names, "hard link");
        report::say(&format!(
            "the journal is kept with its texts by {names} elsewhere: find and remove them"
        ));
    }
    Ok(())
}

/// What a text is, in words.
fn what(gone: &Gone) -> String {
    let of = match (gone.command, &gone.fact, gone.with) {
        (Some(command), _, _) => format!(" of command {command}"),
        (_, Some(fact), _) => format!(" of {}", text::short(fact)),
        (_, _, Some(command)) => format!(", which holds command {command}"),
        _ => String::new(),
    };
    format!("{}{of}", gone.name)
}

fn beginning(gone: &Gone) -> String {
    text::short(&String::from_utf8_lossy(&gone.text))
}

fn as_json(gone: &Gone, dry_run: bool) -> Value {
    let mut value = json!({"record": gone.record, "kind": gone.kind.name(), "command": gone.command,
        "type": gone.fact, "name": gone.name, "holds": gone.with});
    if dry_run {
        value["text"] = json!(beginning(gone));
    }
    value
}
