//! A session's rows as text; a script that was run is shown as the script, with a column of
//! statuses beside it and the lines that were not reached marked.

use super::log::{as_text, status_word};
use super::view::{Command, Row};
use crate::failure::Failure;
use crate::report::{self, Style, visible};
use crate::script::Script;

/// What stands beside a unit that did not run.
const NOT_REACHED: &str = "not reached";

/// Prints rows in order; the commands of a shell that ran a script stand in the script.
///
/// # Errors
/// Standard output could not be written.
pub fn print<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Result<(), Failure> {
    let style = Style::for_output();
    let of = |row: &Row| match row {
        Row::Script(shell, ..) => Some(*shell),
        _ => None,
    };
    let scripted: Vec<u64> = rows.clone().filter_map(of).collect();
    for row in rows.clone() {
        match row {
            Row::Script(shell, name, script) => {
                let commands = rows.clone().filter_map(|row| match row {
                    Row::Command(command) if command.shell == *shell => Some(command),
                    _ => None,
                });
                let name = visible(name);
                report::line(&style.dim(&format!("script {name} in shell {shell}")))?;
                for line in listing(script, &commands.collect::<Vec<_>>(), style) {
                    report::line(&line)?;
                }
            }
            Row::Command(command) if scripted.contains(&command.shell) => {}
            row => report::line(&as_text(row, style))?,
        }
    }
    Ok(())
}

/// Each line of the script: the status of the unit that begins there, its number, its text.
fn listing(script: &Script, commands: &[&Command], style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, text) in script.texts().enumerate() {
        let number = at as u64 + 1;
        let unit = script.unit_at(number);
        let first = unit.and_then(|unit| script.unit(unit)).is_some_and(|unit| unit.first == number);
        let command = unit.and_then(|unit| commands.get(unit));
        let status = match (command, unit) {
            (Some(command), _) if first => {
                let padded = format!("{:>11}", status_word(command));
                match command.status {
                    Some(0) => style.good(&padded),
                    Some(_) => style.bad(&padded),
                    None => style.dim(&padded),
                }
            }
            (None, Some(_)) => style.bad(&format!("{NOT_REACHED:>11}")),
            _ => " ".repeat(11),
        };
        lines.push(format!("{status} {number:>4}  {}", visible(text)).trim_end().to_owned());
    }
    lines
}
