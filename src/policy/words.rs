//! A policy told in words, and the words that its rules share.

use super::{Mode, PlanAt, Policy, ScriptRule};
use crate::text::count;

/// What is wrong with a statement without commands.
pub(super) const NO_COMMANDS: &str =
    "the statement has no list of commands (there were too many), so they cannot be judged";

/// A command's text for a message: its first line, not too long.
pub(super) fn shown(text: &[u8]) -> String {
    const LONGEST: usize = 80;
    let text = String::from_utf8_lossy(text);
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(LONGEST).collect();
    let cut = if short.len() < text.len() { " ..." } else { "" };
    format!("`{short}{cut}`")
}

impl Policy {
    /// What the policy asks for, a sentence a line.
    #[must_use]
    pub fn explain(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (at, script) in self.scripts.iter().enumerate() {
            let name = script.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
            out.push(format!("Script {}{name}:", at + 1));
            out.extend(script.explain().into_iter().map(|line| format!("  {line}")));
        }
        if self.scripts.iter().any(|script| script.mode == Mode::Entire) {
            out.push("No other script ran, and no command in a shell without a plan.".into());
        }
        let session = &self.session;
        out.push(match session.complete {
            true => "The session is complete.".into(),
            false => "The session may be incomplete; verify ends with 4 all the same.".into(),
        });
        for (most, one, what) in [
            (session.max_lost, "command", "ran unrecorded"),
            (session.max_redacted, "record", "had a text taken out"),
            (session.max_paused, "pause", "was declared"),
        ] {
            out.push(match most {
                0 => format!("No {one} {what}."),
                1 => format!("At most one {one} {what}."),
                most => format!("At most {} {}.", count(most, one), what.replace("was ", "were ")),
            });
        }
        if let Some(most_s) = session.max_tail_s {
            out.push(format!("It was sealed at most {most_s} s after its last record."));
        }
        if !self.keys.is_empty() {
            out.push(format!("A key of these files sealed it: {}.", self.keys.join(", ")));
        }
        if let Some(most_s) = self.max_age_s {
            out.push(format!("It was sealed at most {most_s} s ago."));
        }
        for pattern in &self.deny {
            out.push(format!("No command contains: {}", pattern.as_str()));
        }
        for name in &self.subjects {
            out.push(format!("{name} is among its subjects."));
        }
        for rule in &self.rules {
            let name = rule.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
            out.push(format!("This is true{name}: {}", rule.text.trim()));
        }
        out
    }
}

impl ScriptRule {
    fn explain(&self) -> Vec<String> {
        let plan = match self.plan {
            PlanAt::Start => "Its plan was recorded before its first command.",
            PlanAt::Exit => "Its plan was recorded, when the block ended or before.",
            PlanAt::Anyhow => "It may have no plan.",
        };
        let mut out = vec![plan.to_owned()];
        out.extend(self.sha256.as_ref().map(|sha256| format!("Its bytes have the sha256 {sha256}.")));
        out.push(match self.mode {
            Mode::Entire => "These commands ran, in this order, and no other:".into(),
            Mode::Ordered => "These commands ran, in this order; others may have run between them:".into(),
            Mode::Contains => "These commands ran, in any order, among others:".into(),
        });
        for (line, command) in self.lines.iter().zip(&self.commands) {
            out.push(format!("  line {line}: {}", shown(command.as_bytes())));
        }
        out.push(match self.exit.as_deref() {
            None => "Each may have ended with any status.".into(),
            Some([one]) => format!("Each ended with {one}."),
            Some(several) => {
                let words: Vec<String> = several.iter().map(ToString::to_string).collect();
                format!("Each ended with one of {}.", words.join(", "))
            }
        });
        if self.mode == Mode::Entire {
            out.push("The shell came to its end, with the status of the last command.".into());
        }
        out
    }
}
