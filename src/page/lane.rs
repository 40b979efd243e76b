//! The overview: a lane for each shell, on which its commands are seen at a glance.
//!
//! Rules: it stays small. Where commands are many, those that lie beside each other are one mark, and
//! the worst of them gives it its colour.

use std::collections::HashMap;

use super::chart::Bar;
use super::command::{Command, State};
use super::room::{List, cut, one_line};
use crate::seal::statement::ShellFacts;
use crate::text::count;

/// The most lanes.
const LANES_MAX: usize = 20;
/// The most commands of a lane that have a mark of their own.
const MARKS_MAX: usize = 400;
/// Into how many columns a lane of more commands is divided.
const COLUMNS: usize = 500;
/// The longest name of a shell or a command here, in characters.
const NAME_MAX: usize = 60;

/// A shell, and what it ran.
pub(super) struct Lane {
    pub name: String,
    /// What is seen on it, in words.
    pub words: String,
    pub marks: Vec<Mark>,
}

/// A command, or several that lie beside each other.
pub(super) struct Mark {
    pub bar: Bar,
    pub state: State,
    /// The command that it leads to.
    pub seq: u64,
    /// What it says, where it is one command.
    pub words: String,
}

/// The lanes of the shells that ran something.
pub(super) fn lanes(shells: &[ShellFacts], commands: &[Command]) -> List<Lane> {
    let mut of_shell: HashMap<u64, Vec<&Command>> = HashMap::new();
    for command in commands.iter().filter(|command| command.bar.is_some()) {
        of_shell.entry(command.shell).or_default().push(command);
    }
    let lane = |shell: &ShellFacts| {
        let ran = of_shell.remove(&shell.id)?;
        let failed: Vec<String> =
            (ran.iter().filter(|it| it.state == State::Bad)).map(|command| command.seq.to_string()).collect();
        let named = failed.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
        let dots = if failed.len() > 20 { ", …" } else { "" };
        let which =
            if failed.is_empty() { "none failed".to_owned() } else { format!("failed: {named}{dots}") };
        Some(Lane {
            name: format!("{} (shell {})", cut(&one_line(&shell.program), NAME_MAX), shell.id),
            words: format!("{}, {which}", count(ran.len(), "command")),
            marks: if ran.len() > MARKS_MAX { columns(&ran) } else { one_by_one(&ran) },
        })
    };
    let lanes: Vec<Lane> = shells.iter().filter_map(lane).collect();
    List::first(lanes, LANES_MAX)
}

fn one_by_one(ran: &[&Command]) -> Vec<Mark> {
    let mark = |command: &&Command| {
        let text = cut(command.text.lines().next().unwrap_or_default(), NAME_MAX);
        let words = format!("{}: {text}", command.told());
        Some(Mark { bar: command.bar?, state: command.state, seq: command.seq, words })
    };
    ran.iter().filter_map(mark).collect()
}

/// The marks of columns: of those beside each other in the same state one.
fn columns(ran: &[&Command]) -> Vec<Mark> {
    let unit = super::chart::WHOLE / COLUMNS as f64;
    let mut worst: Vec<Option<(State, u64)>> = vec![None; COLUMNS];
    for command in ran {
        let Some(bar) = command.bar else { continue };
        let column = |place: f64| ((place / unit) as usize).min(COLUMNS - 1);
        for cell in &mut worst[column(bar.left)..=column(bar.left + bar.width)] {
            if cell.is_none_or(|(state, _)| state < command.state) {
                *cell = Some((command.state, command.seq));
            }
        }
    }
    let mut marks: Vec<Mark> = Vec::new();
    for (at, cell) in worst.into_iter().enumerate() {
        let Some((state, seq)) = cell else { continue };
        let left = at as f64 * unit;
        match marks.last_mut().filter(|mark| mark.state == state && mark.bar.right() >= left) {
            Some(mark) => mark.bar.width += unit,
            None => {
                let words = format!("from command {seq} on");
                marks.push(Mark { bar: Bar { left, width: unit }, state, seq, words });
            }
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::hides::Hidden;

    fn command(seq: u64, state: State, left: f64, width: f64) -> Command {
        Command {
            seq,
            shell: 1,
            state,
            status: String::new(),
            duration: "-".to_owned(),
            started_at: String::new(),
            text: "make\ntest".to_owned(),
            has_text: true,
            place: String::new(),
            folder: String::new(),
            hidden: Hidden::default(),
            bar: Some(Bar { left, width }),
            below: None,
        }
    }

    #[test]
    fn many_commands_are_few_marks_and_the_worst_is_seen() {
        let all: Vec<Command> = (0..10_000)
            .map(|seq| {
                let state = if seq == 5_000 { State::Bad } else { State::Good };
                command(seq, state, seq as f64 / 10.0, 0.1)
            })
            .collect();
        let marks = columns(&all.iter().collect::<Vec<_>>());
        let states: Vec<State> = marks.iter().map(|mark| mark.state).collect();
        assert_eq!(states, [State::Good, State::Bad, State::Good]);
        assert_eq!(marks[1].seq, 5_000);
    }

    #[test]
    fn few_commands_have_a_mark_each() {
        let one = command(3, State::Bad, 0.0, 10.0);
        let marks = one_by_one(&[&one, &one]);
        assert_eq!(marks.len(), 2);
        assert_eq!(marks[0].words, "3: failed, -: make");
    }
}
