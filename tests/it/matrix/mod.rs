//! The acceptance matrix: what is typed into which shell, and the records that must follow.
//!
//! Rows are data where they can be. Expected lines are those of `Rec::line`; one that ends in
//! `…` is a beginning. docs/shells.md says in words what the rows hold the hooks to.

pub mod clock;
mod ends;
mod guests;
mod hygiene;
mod keys;
mod life;
mod names;
mod plain;
mod rc;
mod real;
mod settings;
mod silent;
mod trouble;

use crate::stage::programs;
use crate::stage::pty::{Home, Rc, Terminal};
use crate::stage::records::{self, Rec};
use crate::stage::shells::{self, Family, Shell};

/// One thing that is typed.
#[derive(Clone, Copy)]
pub enum Key {
    /// A line; the prompt comes back after it.
    Line(&'static str),
    /// A line whose command goes on.
    Begin(&'static str),
    /// Bytes as they are.
    Raw(&'static str),
    /// Milliseconds in which nothing is typed.
    Rest(u32),
}
pub use Key::{Begin, Line, Raw, Rest};

pub const INTERRUPT: Key = Raw("\x03");
pub const SUSPEND: Key = Raw("\x1a");

/// What a row is in some shells: `bash zsh fish`, or with a version as in `bash5.1`.
pub struct Case {
    pub shells: &'static str,
    pub keys: &'static [Key],
    pub expect: &'static [&'static str],
}

pub struct Row {
    pub what: &'static str,
    pub cases: &'static [Case],
}

impl Row {
    pub fn case(&self, shell: &Shell) -> Option<&'static Case> {
        let (family, exact) = (shell.family.name(), format!("{}{}", shell.family.name(), shell.version));
        let named = |name: &str| self.cases.iter().find(|case| case.shells.split(' ').any(|one| one == name));
        named(&exact).or_else(|| named(family))
    }
}

pub fn press(terminal: &mut Terminal, home: &Home, keys: &[Key]) {
    for key in keys {
        match key {
            Line(text) => terminal.line(text),
            Begin(text) => terminal.begin(home, text),
            Raw(text) => {
                terminal.raw(text.as_bytes());
                terminal.rest(250);
            }
            Rest(milliseconds) => terminal.rest(*milliseconds),
        }
    }
}

/// Types a command that marks a place in the journal, and waits until it has finished.
pub fn mark(terminal: &mut Terminal, home: &Home, name: &str) -> bool {
    let seen = begin_mark(terminal, home, name);
    let start = format!("S true {name}");
    seen && terminal.wait(|_| {
        let lines = home.lines();
        let at = lines.iter().rposition(|line| *line == start);
        at.is_some_and(|at| lines[at..].iter().any(|line| line.starts_with('E')))
    })
}

/// The same, but content with its start: some rows take away what sees a command's end.
fn begin_mark(terminal: &mut Terminal, home: &Home, name: &str) -> bool {
    terminal.line(&format!("true {name}"));
    let start = format!("S true {name}");
    terminal.wait(|_| home.lines().contains(&start))
}

/// What was recorded between two marks.
fn between(lines: &[String], from: &str, to: &str) -> Vec<String> {
    let at = |name: &str| lines.iter().rposition(|line| *line == format!("S true {name}"));
    let (Some(start), Some(end)) = (at(from), at(to)) else { return lines.to_vec() };
    lines[(start + 2).min(end)..end].to_vec()
}

pub fn same(found: &[String], expected: &[&str]) -> bool {
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| match expected.strip_suffix('…') {
            Some(beginning) => found.starts_with(beginning),
            None => found == expected,
        })
}

pub fn complaint(what: &str, found: &[String], expected: &[&str]) -> String {
    format!("{what}\n   expected {expected:?}\n   recorded {found:?}")
}

/// Runs rows one after another in one shell: they leave nothing behind.
fn run_together(family: Family, rows: &[Row]) {
    let wrong: Vec<String> =
        shells::all(family).iter().filter_map(|shell| together_in(shell, rows).err()).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn together_in(shell: &Shell, rows: &[Row]) -> Result<(), String> {
    let home = Home::new();
    let mut terminal = Terminal::start(shell, &home, Rc::default());
    let mut wrong = Vec::new();
    let mut last = "mark0".to_owned();
    if !mark(&mut terminal, &home, &last) {
        return Err(format!("{}: nothing is recorded\n{}", shell.label(), tail(&terminal)));
    }
    for (at, row) in rows.iter().enumerate() {
        let Some(case) = row.case(shell) else { continue };
        press(&mut terminal, &home, case.keys);
        let name = format!("mark{}", at + 1);
        if !mark(&mut terminal, &home, &name) {
            wrong.push(format!("{} leaves the shell unusable", row.what));
            break;
        }
        let found = between(&home.lines(), &last, &name);
        if !same(&found, case.expect) {
            wrong.push(complaint(row.what, &found, case.expect));
        }
        last = name;
    }
    wrong.extend(records::gaps(&home.records(), shell.family.name()));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}:\n{}\n{}", shell.label(), wrong.join("\n"), tail(&terminal)))
}

/// A row that needs a shell of its own.
pub struct Alone {
    pub what: &'static str,
    pub shells: &'static str,
    pub rc: Rc<'static>,
    pub keys: &'static [Key],
    /// Everything from the shell's open on; up to the mark, if the shell lives on.
    pub expect: &'static [&'static str],
    /// Whether commands run unseen in this row.
    pub gap: bool,
}

/// Runs each row in a shell of its own. Lines `X` and `END` in the expectation mean that
/// the keys end the shell.
fn run_alone(family: Family, rows: &[Alone]) {
    let mut wrong = Vec::new();
    for shell in shells::all(family) {
        let exact = format!("{}{}", family.name(), shell.version);
        for row in rows {
            if !row.shells.split(' ').any(|name| name == family.name() || name == exact) {
                continue;
            }
            if let Err(message) = run_one(&shell, row) {
                wrong.push(format!("{}: {message}", shell.label()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn run_one(shell: &Shell, row: &Alone) -> Result<(), String> {
    let home = Home::new();
    let mut terminal = Terminal::start(shell, &home, row.rc);
    press(&mut terminal, &home, row.keys);
    let ends = row.expect.iter().any(|line| line.starts_with("X ") || *line == "END");
    let found = if ends {
        terminal.settled(&home, row.expect.last().expect("a line"));
        home.lines()
    } else {
        if !begin_mark(&mut terminal, &home, "mark") {
            return Err(format!("{}: the mark is not recorded\n{}", row.what, tail(&terminal)));
        }
        let lines = home.lines();
        let end = lines.iter().rposition(|line| line == "S true mark").unwrap_or(lines.len());
        lines[..end].to_vec()
    };
    let found: Vec<String> = found.into_iter().skip_while(|line| line.starts_with("O ")).collect();
    if !same(&found, row.expect) {
        return Err(format!("{}\n{}", complaint(row.what, &found, row.expect), tail(&terminal)));
    }
    let gaps = records::gaps(&home.records(), shell.family.name());
    if gaps.is_empty() == row.gap {
        return Err(format!("{}: gaps {gaps:?}", row.what));
    }
    Ok(())
}

/// The exit code of attesh with these words, and all that it printed.
pub fn attesh(home: &Home, words: &[&str]) -> (Option<i32>, String) {
    let said = programs::attesh(home, words);
    (said.code, said.out + &said.err)
}

/// The end of the screen, for a message.
pub fn tail(terminal: &Terminal) -> String {
    let text = terminal.text();
    let from = text.char_indices().rev().nth(1500).map_or(0, |(at, _)| at);
    format!("   screen: {:?}", &text[from..])
}

/// Each shell in turn, with a home of its own.
pub fn each(families: &[Family], mut test: impl FnMut(&Shell, &Home)) {
    for family in families {
        for shell in shells::all(*family) {
            test(&shell, &Home::new());
        }
    }
}

/// The texts of the starts, as bytes.
pub fn commands(records: &[Rec]) -> Vec<Vec<u8>> {
    records.iter().filter(|rec| rec.kind() == "start").filter_map(|rec| rec.text("command")).collect()
}
