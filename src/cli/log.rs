//! `attesh log`: the commands of a session, or what an agent ran in it.

use std::io::{BufRead as _, BufReader, Read as _};

use serde_json::{Value, json};

use super::agents::none_by;
use super::args::Log;
use super::given::{Exit, by_word, chosen};
use super::listing;
use super::programs::Run;
use super::row::{as_json, remark};
use super::view::{Row, View, add_failure, view};
use crate::fact::AGENT;
use crate::failure::Failure;
use crate::files;
use crate::record::LINE_MAX;
use crate::report::{self, Style};
use crate::session::{Session, find};
use crate::text::visible;

pub fn run(args: &Log) -> Exit {
    if let Some(author) = &args.author {
        return by_author(args, author);
    }
    let session = chosen(args.session.as_deref())?;
    let view = view(session.journal(), Some(&session))?;
    let mut rows: Vec<&Row> =
        view.rows.iter().filter(|row| !args.failed || is_failed(row) || is_lost(row)).collect();
    if let Some(last) = args.last {
        let commands = rows.iter().filter(|row| matches!(row, Row::Command(_))).count();
        let mut skip = commands.saturating_sub(last);
        rows.retain(|row| {
            let gone = skip > 0;
            skip -= usize::from(gone && matches!(row, Row::Command(_)));
            !gone
        });
    }
    if args.json {
        let commands: Vec<Value> = rows.iter().filter_map(|row| as_json(row)).collect();
        let remarks: Vec<Value> = rows.iter().filter_map(|row| remark(row)).collect();
        let scripts = listing::scripts(view.rows.iter());
        let mut value = json!({"session": session.id(), "commands": commands, "scripts": scripts, "remarks": remarks,
            "redacted": view.checked.story.redacted});
        add_failure(&mut value, &view.standing);
        report::json("attesh.log/v1", value)?;
    } else {
        if !rows.iter().any(|row| args.verbose || is_shown(row)) {
            let what = if !args.failed && args.last.is_none() {
                "nothing was recorded so far"
            } else {
                "no command matches"
            };
            report::say(&format!("session {}: {what}", session.short_name()));
        }
        // With --failed or -n a script is not shown whole.
        if args.failed || args.last.is_some() {
            rows.retain(|row| !matches!(row, Row::Script(_)));
        }
        listing::print(rows.iter().copied(), args.verbose)?;
    }
    view.standing.outcome()
}

/// What an author's programs ran.
fn by_author(args: &Log, author: &str) -> Exit {
    let (session, view) = match &args.session {
        Some(word) => {
            let session = by_word(word)?;
            let view = view(session.journal(), Some(&session))?;
            (session, view)
        }
        None => newest_of(author)?,
    };
    let runs = view.programs.by(author);
    if runs.is_empty() && view.standing.wrong.is_none() {
        return Err(none_by(&view.programs, &format!("session {}", session.short_name()), author));
    }
    if args.json {
        let commands: Vec<Value> = runs.iter().flat_map(|run| run.as_json(args.failed)).collect();
        let sums: Vec<Value> = runs.iter().map(Run::sum).collect();
        let mut value =
            json!({"session": session.id(), "author": author, "commands": commands, "programs": sums});
        add_failure(&mut value, &view.standing);
        report::json("attesh.log-author/v1", value)?;
        return view.standing.outcome();
    }
    for run in &runs {
        run.rows(args.failed, Style::for_output()).iter().try_for_each(|row| report::line(row))?;
    }
    for run in &runs {
        report::say(&format!("session {}: {}", session.short_name(), run.words()));
    }
    view.standing.outcome()
}

/// The session with this author: that of this shell or of this job, or else the newest.
fn newest_of(author: &str) -> Result<(Session, View), Failure> {
    let near = find::surrounding()?.or_else(find::of_job);
    let all = find::all()?;
    for session in near.into_iter().chain(all.into_iter().rev()) {
        if !has_authors(&session) {
            continue;
        }
        let view = view(session.journal(), Some(&session))?;
        if !view.programs.by(author).is_empty() {
            return Ok((session, view));
        }
    }
    let what = format!("no session has a program of the author {}", visible(author.as_bytes()));
    Err(Failure::unable(what).next(
        "name a session (attesh sessions lists them), or record one with: attesh run --author NAME PROGRAM",
    ))
}

/// Whether a journal names an author at all: most do not, and are not checked for that.
fn has_authors(session: &Session) -> bool {
    let Ok(file) = session.journal().try_clone() else { return false };
    let mut reader = BufReader::with_capacity(256 << 10, files::from_start(file));
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return false,
            Ok(_) if memchr::memmem::find(&line, AGENT.as_bytes()).is_some() => return true,
            Ok(_) => {}
        }
    }
}

/// Whether it is listed without the numbers of records, too.
fn is_shown(row: &Row) -> bool {
    !matches!(row, Row::Remark(remark) if remark.minor)
}

/// Whether it says that something is not known: what ran there can have failed.
fn is_lost(row: &Row) -> bool {
    matches!(row, Row::Remark(remark) if remark.is_incomplete())
}

fn is_failed(row: &Row) -> bool {
    matches!(row, Row::Command(command) if command.status.is_some_and(|status| status != 0))
}
