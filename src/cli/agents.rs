//! What agents ran, as rows and as JSON: `attesh log --author` and `attesh show --author`.
//!
//! What lives here: the rows. What does not: what is told (`programs`), what is a command of an agent
//! (`agent`).

use serde_json::{Value, json};

use super::programs::{Programs, Run};
use super::row::{folder, masked, put_text, time_of_day};
use crate::agent::rules::Shown;
use crate::agent::{Class, Command, ORPHAN};
use crate::clock;
use crate::fact::below::UNSURE;
use crate::fact::process::End;
use crate::failure::Failure;
use crate::mask::has_sign;
use crate::report::Style;
use crate::text::{Next, visible};

/// That no program is of this author.
#[must_use]
pub fn none_by(programs: &Programs, where_at: &str, author: &str) -> Failure {
    let authors: Vec<String> = programs.authors().into_iter().map(|name| visible(name.as_bytes())).collect();
    let next = match &authors[..] {
        [] => "attesh run --author NAME PROGRAM records who has a program run".to_owned(),
        authors => format!("its authors are: {}", authors.join(", ")),
    };
    let what = format!("{where_at}: no program of the author {}", visible(author.as_bytes()));
    Failure::unable(what).next(Next::say(next))
}

impl Run<'_> {
    /// A row for each command: its start, when it was, how it ended, its folder, its text. With `failed`
    /// only of those that failed, or of which nobody knows whether they did.
    pub fn rows(&self, failed: bool, style: Style) -> Vec<String> {
        let row = |command: &Command| {
            let end = command.end.map_or_else(|| "unknown".to_owned(), End::word);
            let padded = format!("{end:>11}");
            let end = match command.end {
                Some(End::Exit(0)) => style.good(&padded),
                Some(end) if end.is_failure() => style.bad(&padded),
                _ => style.dim(&padded),
            };
            let time = self.at_ns(command);
            let time = time.map_or_else(String::new, |at| time_of_day(at) + " ");
            let text = match text(command) {
                Some(text) => style.strong(&visible(&text)) + masked(has_sign(&text)),
                None => style.dim("(redacted)"),
            };
            let orphan = if command.orphan { style.dim(ORPHAN) } else { String::new() };
            let unsure = if command.unsure { style.dim(UNSURE) } else { String::new() };
            let folder = style.dim(&folder(self.workdir(command)));
            format!("{:>8}  {time}{end}  {folder}  {text}{orphan}{unsure}", command.start)
        };
        self.commands(failed).map(row).collect()
    }

    /// The sum, by which rules, and what is missing.
    #[must_use]
    pub fn words(&self) -> String {
        let gap = self.gap.as_ref();
        let gap = gap.map_or_else(String::new, |gap| format!("; {}", visible(gap.as_bytes())));
        format!("{}, by {}{gap}", self.ran.words(), self.ran.by())
    }

    /// The commands as JSON.
    pub fn as_json(&self, failed: bool) -> impl Iterator<Item = Value> {
        self.commands(failed).map(|command| {
            let status = match command.end {
                Some(End::Exit(status)) => Some(status),
                _ => None,
            };
            let at = self.at_ns(command);
            let mut out = json!({
                "shell": self.shell,
                "start": command.start,
                "startedAt": at.map(clock::rfc3339),
                "end": command.end.map(|end| end.to_string()),
                "exitCode": status,
                "unsure": command.unsure,
                "orphan": command.orphan,
                "workdir": self.workdir(command).map(String::from_utf8_lossy),
                "derived": matches!(command.shown, Some(Shown::Text(_))),
            });
            if let Some(text) = text(command) {
                put_text(&mut out, &text, has_sign(&text));
            }
            out
        })
    }

    /// The sum as JSON.
    #[must_use]
    pub fn sum(&self) -> Value {
        let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let helpers = self.ran.most().into_iter();
        let helpers = helpers.map(|(own, count)| json!({"name": name(own), "count": count}));
        json!({
            "shell": self.shell,
            "rules": self.ran.by(),
            "starts": self.ran.classes.len(),
            "commands": self.ran.commands.len(),
            "nested": self.ran.count(Class::Nested),
            "helpers": helpers.collect::<Vec<_>>(),
            "gap": self.gap,
        })
    }
}

/// The text of a command.
fn text(command: &Command) -> Option<Vec<u8>> {
    command.shown.as_ref().map(Shown::text)
}
