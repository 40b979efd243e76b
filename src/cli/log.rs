//! `attesh log`: the commands of a session.

use serde_json::{Value, json};

use super::args::Log;
use super::given::{Exit, chosen};
use super::listing;
use super::row::{as_json, remark};
use super::view::{Row, add_failure, view};
use crate::report;

pub fn run(args: &Log) -> Exit {
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
