//! A session's rows as text; a script that was run is shown as the script, with a column of
//! statuses beside it and the lines that were not reached marked.

use serde_json::{Value, json};

use super::row::{as_text, put_text, title};
use super::view::{Command, Row, Scripted};
use crate::failure::Failure;
use crate::report::{self, Style};
use crate::text::visible;

/// The word beside a unit that did not run.
const NOT_REACHED: &str = "not reached";
/// The word behind the status of a unit that ran something else than planned.
const UNPLANNED: &str = "unplanned";

/// A line of a script.
pub struct Line<'a> {
    /// From 1.
    pub number: u64,
    /// The unit that it belongs to, from 0.
    pub unit: Option<usize>,
    /// The unit begins here.
    pub first: bool,
    /// Without its newline.
    pub text: &'a [u8],
}

/// How a unit ended.
pub struct StatusWord {
    /// Its status, if a record has it.
    pub status: Option<u8>,
    /// The status, or why it is missing.
    pub word: String,
}

/// Each line of a script: the status of the unit that begins there, its number, its text.
pub fn beside<'a>(
    lines: impl Iterator<Item = Line<'a>>,
    ended: &[StatusWord],
    style: Style,
) -> impl Iterator<Item = String> {
    lines.map(move |line| {
        let status = match (line.unit.and_then(|unit| ended.get(unit)), line.unit) {
            (Some(ended), _) if line.first => {
                let padded = format!("{:>11}", ended.word);
                match ended.status {
                    Some(0) => style.good(&padded),
                    Some(_) => style.bad(&padded),
                    None => style.dim(&padded),
                }
            }
            (None, Some(_)) => style.bad(&format!("{NOT_REACHED:>11}")),
            _ => " ".repeat(11),
        };
        format!("{status} {:>4}  {}", line.number, visible(line.text)).trim_end().to_owned()
    })
}

/// Prints rows in order; the commands of a shell that ran a script are printed in the script.
///
/// # Errors
/// Standard output could not be written.
pub fn print<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Result<(), Failure> {
    let style = Style::for_output();
    let of = |row: &Row| match row {
        Row::Script(scripted) => Some(scripted.shell),
        _ => None,
    };
    let scripted: Vec<u64> = rows.clone().filter_map(of).collect();
    for row in rows.clone() {
        match row {
            Row::Script(scripted) => {
                let ended: Vec<StatusWord> = commands_of(scripted, rows.clone())
                    .map(|command| StatusWord { status: command.status, word: word(command, scripted) })
                    .collect();
                report::line(&title(&visible(&scripted.name), scripted.shell, style))?;
                for line in beside(lines(scripted), &ended, style) {
                    report::line(&line)?;
                }
            }
            Row::Command(command) if scripted.contains(&command.shell) => {}
            row => report::line(&as_text(row, style))?,
        }
    }
    Ok(())
}

/// The scripts among the rows as JSON: each unit, and the command that ran it.
#[must_use]
pub fn scripts<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Vec<Value> {
    let one = |row: &'a Row| {
        let Row::Script(scripted) = row else { return None };
        let ran: Vec<&Command> = commands_of(scripted, rows.clone()).collect();
        let units = scripted.script.units().enumerate().map(|(at, unit)| {
            let command = ran.get(at);
            let unplanned = command.is_some_and(|command| is_unplanned(command, scripted));
            let mut out = json!({"line": unit.first, "lastLine": unit.last, "seq": command.map(|command| command.seq),
                "unplanned": unplanned});
            put_text(&mut out, unit.text);
            out
        });
        let name = String::from_utf8_lossy(&scripted.name);
        Some(json!({"shell": scripted.shell, "name": name, "units": units.collect::<Vec<_>>()}))
    };
    rows.clone().filter_map(one).collect()
}

fn commands_of<'a>(
    scripted: &Scripted,
    rows: impl Iterator<Item = &'a Row>,
) -> impl Iterator<Item = &'a Command> {
    rows.filter_map(move |row| match row {
        Row::Command(command) if command.shell == scripted.shell => Some(command),
        _ => None,
    })
}

fn lines(scripted: &Scripted) -> impl Iterator<Item = Line<'_>> {
    let script = &scripted.script;
    script.texts().enumerate().map(|(at, text)| {
        let number = at as u64 + 1;
        let unit = script.unit_at(number);
        let first = unit.and_then(|unit| script.unit(unit)).is_some_and(|unit| unit.first == number);
        Line { number, unit, first, text }
    })
}

fn is_unplanned(command: &Command, scripted: &Scripted) -> bool {
    scripted.before && command.unplanned
}

fn word(command: &Command, scripted: &Scripted) -> String {
    with_plan(command.status_word(), is_unplanned(command, scripted))
}

/// A status, and whether what ran was not what was planned.
#[must_use]
pub fn with_plan(status: String, unplanned: bool) -> String {
    if unplanned { format!("{status} {UNPLANNED}") } else { status }
}
