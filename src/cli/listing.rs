//! A session's rows as text; a script that was run is shown as the script, with a column of
//! statuses beside it, and the lines that were not reached, or not seen, marked.

use serde_json::{Value, json};

use super::row::{Layout, as_text, masked, put_text};
use super::view::{Command, Row, Scripted};
use crate::failure::Failure;
use crate::page::script::{NOT_REACHED, NOT_SEEN, UNPLANNED};
use crate::report::{self, Style};
use crate::text::visible;

/// The word beside a unit that had begun before the recording.
const BEFORE: &str = "before";

/// A line of a script.
pub struct Line<'a> {
    /// From 1.
    pub number: u64,
    /// The unit that it belongs to, from 1.
    pub unit: Option<u64>,
    /// The unit begins here.
    pub first: bool,
    /// A masked unit begins here.
    pub masked: bool,
    /// Without its newline.
    pub text: &'a [u8],
}

/// A command of the shell that ran the script.
pub struct Ran {
    /// The unit that it is, from 1.
    pub unit: Option<u64>,
    /// Its status, if a record has it.
    pub status: Option<u8>,
    /// The status, or why it is missing.
    pub word: String,
    /// Its text.
    pub text: Vec<u8>,
    /// The records of its start and its finish.
    pub records: (Option<u64>, Option<u64>),
    /// Rows that stand below it.
    pub below: Vec<String>,
}

/// What is known of the units that no command ran for.
#[derive(Clone, Copy)]
pub struct Known {
    /// Everything that ran of the script is among the commands.
    pub all: bool,
    /// How many units had begun before the recording.
    pub before: u64,
}

/// Each line of a script: the status of the unit that begins there, its number, its text. Commands
/// that are none of the plan's stand behind the unit that ran before them.
pub fn beside<'a>(
    lines: impl Iterator<Item = Line<'a>>,
    ran: &[Ran],
    plan: Known,
    layout: Layout,
) -> Vec<String> {
    let style = layout.style;
    let Known { all, before } = plan;
    let missing = if all { NOT_REACHED } else { NOT_SEEN };
    let mut out = others(ran, None, layout);
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        let unit = line.unit.filter(|_| line.first);
        let here = unit.and_then(|unit| ran.iter().find(|ran| ran.unit == Some(unit)));
        let (start, finish) = here.map_or((None, None), |ran| ran.records);
        let records = layout.records(start, finish);
        let status = match unit {
            None => " ".repeat(11),
            Some(unit) => match here {
                Some(ran) => colored(ran, &ran.word, style),
                None if unit <= before => style.dim(&format!("{BEFORE:>11}")),
                None => style.bad(&format!("{missing:>11}")),
            },
        };
        let text = visible(line.text) + masked(line.masked);
        out.push(format!("{records}{status} {:>4}  {text}", line.number).trim_end().to_owned());
        let is_last = lines.peek().is_none_or(|next| next.unit != line.unit);
        if line.unit.is_some() && is_last {
            let here = ran.iter().find(|ran| ran.unit == line.unit);
            out.extend(here.into_iter().flat_map(|ran| ran.below.iter().cloned()));
            out.extend(others(ran, line.unit, layout));
        }
    }
    out
}

/// The commands that are none of the plan's and ran behind this unit.
fn others(ran: &[Ran], unit: Option<u64>, layout: Layout) -> Vec<String> {
    let behind = match unit {
        Some(_) => ran.iter().position(|ran| ran.unit == unit).map(|at| at + 1),
        None => Some(0),
    };
    let others = ran.iter().skip(behind.unwrap_or(ran.len())).take_while(|ran| ran.unit.is_none());
    others
        .flat_map(|ran| {
            let status = colored(ran, &format!("{} {UNPLANNED}", ran.word), layout.style);
            let records = layout.records(ran.records.0, ran.records.1);
            let row = format!("{records}{status}    -  {}", visible(&ran.text));
            std::iter::once(row).chain(ran.below.iter().cloned())
        })
        .collect()
}

fn colored(ran: &Ran, word: &str, style: Style) -> String {
    let padded = format!("{word:>11}");
    match ran.status {
        Some(0) => style.good(&padded),
        Some(_) => style.bad(&padded),
        None => style.dim(&padded),
    }
}

/// Prints rows in order; the commands of a shell that ran a script are printed in the script.
/// Only where the records have a column of their own every record has a row.
///
/// # Errors
/// Standard output could not be written.
pub fn print<'a>(rows: impl Iterator<Item = &'a Row> + Clone, records: bool) -> Result<(), Failure> {
    let rows = rows.filter(|row| match row {
        Row::Remark(remark) => records || !remark.minor && !remark.repeats,
        Row::Command(_) | Row::Script(_) => true,
    });
    let mut shells: Vec<u64> = rows.clone().filter_map(shell_of).collect();
    shells.sort_unstable();
    shells.dedup();
    let layout = Layout { style: Style::for_output(), records, shells: shells.len() > 1 };
    let of = |row: &Row| match row {
        Row::Script(scripted) => Some(scripted.shell),
        _ => None,
    };
    let scripted: Vec<u64> = rows.clone().filter_map(of).collect();
    for row in rows.clone() {
        match row {
            Row::Script(scripted) => {
                let ran: Vec<Ran> = commands_of(scripted, rows.clone()).map(Ran::of).collect();
                report::line(&as_text(row, layout))?;
                let known = Known { all: scripted.all, before: scripted.begun };
                for line in beside(lines(scripted), &ran, known, layout) {
                    report::line(&line)?;
                }
            }
            Row::Command(command) if scripted.contains(&command.shell) => {}
            row => report::line(&as_text(row, layout))?,
        }
    }
    Ok(())
}

/// The shell of a row, where it is about one.
fn shell_of(row: &Row) -> Option<u64> {
    match row {
        Row::Command(command) => Some(command.shell),
        Row::Script(scripted) => Some(scripted.shell),
        Row::Remark(remark) => remark.shell,
    }
}

impl Ran {
    fn of(command: &Command) -> Self {
        Ran {
            unit: command.unit,
            status: command.status,
            word: command.status_word(),
            text: command.text.clone().unwrap_or_default(),
            records: (Some(command.record), command.finish),
            below: Vec::new(),
        }
    }
}

/// The scripts among the rows as JSON: each unit, and the command that ran it.
#[must_use]
pub fn scripts<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Vec<Value> {
    let one = |row: &'a Row| {
        let Row::Script(scripted) = row else { return None };
        let ran: Vec<&Command> = commands_of(scripted, rows.clone()).collect();
        let units = (1..).zip(scripted.script.units()).map(|(number, unit)| {
            let seq = ran.iter().find(|command| command.unit == Some(number)).map(|command| command.seq);
            let mut out = json!({"line": unit.first, "lastLine": unit.last, "seq": seq});
            put_text(&mut out, unit.text, unit.masked);
            out
        });
        let name = String::from_utf8_lossy(&scripted.name);
        Some(json!({"shell": scripted.shell, "name": name, "evidence": scripted.evidence,
            "units": units.collect::<Vec<_>>()}))
    };
    rows.clone().filter_map(one).collect()
}

/// What the shell of a script ran.
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
    (1..).zip(script.texts()).map(move |(number, text)| {
        let unit = script.unit_at(number);
        let begun = unit.and_then(|unit| script.unit(unit)).filter(|unit| unit.first == number);
        let masked = begun.is_some_and(|unit| unit.masked);
        Line { number, unit: unit.map(|unit| unit as u64 + 1), first: begun.is_some(), masked, text }
    })
}
