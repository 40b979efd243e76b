//! A policy told in words, and the words that its rules share.

use super::{Mode, Policy, ProcessRule, Runner, ScriptRule};
use crate::record::{Evidence, Inherited};
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
            (session.max_redacted, "text", "was taken out"),
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
            out.push(format!("The session ended at most {most_s} s ago."));
        }
        if self.keys_when_sealed {
            out.push("A key with times of validity was valid at the time that the seal names.".into());
        }
        for pattern in &self.deny {
            out.push(format!("No command contains: {}", pattern.as_str()));
        }
        match (self.deny.is_empty(), self.deny_as_shown) {
            (true, _) => {}
            (false, false) => out.push("No command has a masked secret.".into()),
            (false, true) => out.push("Of a command with a masked secret what is shown is judged.".into()),
        }
        self.explain_surroundings(&mut out);
        for rule in &self.rules {
            let name = rule.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
            let without = if rule.as_absent { ", whatever texts are not there" } else { "" };
            out.push(format!("This is true{name}{without}: {}", rule.text.trim()));
        }
        out
    }

    /// What it asks for around the commands.
    fn explain_surroundings(&self, out: &mut Vec<String>) {
        for (_, member, wanted) in &self.context.members {
            out.push(format!("What was recorded of the {member} is {}.", wanted.join(" or ")));
        }
        if self.context.commit_required {
            out.push("A commit was recorded, and it was the same to the end.".into());
        }
        if self.context.clean {
            out.push("No path differed from the commit at the start.".into());
        }
        if !self.context.same_as.is_empty() {
            let members = self.context.same_as.join(", ");
            out.push(format!("Whoever verifies gives these members, and they are the same: {members}."));
        }
        if let Some(rule) = &self.processes {
            out.extend(explain_processes(rule));
        }
        if let Some(rule) = &self.agent {
            if !rule.authors.is_empty() {
                out.push(format!("Who had each program run is {}.", rule.authors.join(" or ")));
            }
            if !rule.sha256.is_empty() {
                let digests = rule.sha256.join(" or ");
                out.push(format!("The file of each program had the sha256 {digests} before it ran."));
            }
        }
        for name in &self.subjects {
            out.push(format!("{name} is among its subjects."));
        }
        if self.products {
            out.push(
                "Each subject that is a file is a product that the recorder saw, and it saw one.".into(),
            );
        }
        for material in &self.materials {
            out.push(format!(
                "{} was there before the first command, with the sha256 {}.",
                material.path, material.sha256
            ));
        }
    }
}

fn explain_processes(rule: &ProcessRule) -> Vec<String> {
    let mut out = vec![match rule.max_unrecorded {
        0 => "The kernel told of every start of a program below the commands.".to_owned(),
        most => format!("The kernel told of every start of a program below the commands but {most}."),
    }];
    if rule.ptrace_suffices {
        out.push("They may have been followed by ptrace, which a process can escape.".into());
    }
    if !rule.running_allowed {
        out.push("None of them went on when its command had ended.".into());
    }
    out.extend(rule.require.iter().map(|name| format!("{name} started, and succeeded each time.")));
    out.extend(rule.deny.iter().map(|name| format!("No start is one of {name}.")));
    if rule.outside_denied {
        out.push("No start is one of a program that has work done by a process elsewhere.".into());
    }
    out
}

/// Words as a message has them.
pub(super) fn quoted(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| crate::text::quoted(word.as_ref())).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(" ") }
}

impl ScriptRule {
    fn explain(&self) -> Vec<String> {
        let plan = match self.needs_plan() {
            true => "Its plan was recorded before its first command.",
            false => "The session may have no plan. If it has:",
        };
        let mut out = vec![plan.to_owned()];
        out.extend(self.explain_start());
        out.extend(self.sha256.as_ref().map(|sha256| format!("Its bytes have the sha256 {sha256}.")));
        out.push(match self.mode {
            Mode::Entire => "These commands ran, in this order, and no other:".into(),
            Mode::Ordered => "These commands ran, in this order; others may have run between them:".into(),
            Mode::Contains => "These commands ran, in any order, among others:".into(),
        });
        for (at, (line, command)) in self.lines.iter().zip(&self.commands).enumerate() {
            let masked = if self.masked.contains(&at) { " (masked)" } else { "" };
            out.push(format!("  line {line}: `{command}`{masked}"));
        }
        if self.opaque_as_shown {
            out.push("What a sign [...*] stands for may be anything.".into());
        }
        out.push(match self.exit.as_deref() {
            None => "Each may have ended with any status.".into(),
            Some([one]) => format!("Each ended with {one}."),
            Some(several) => {
                let words: Vec<String> = several.iter().map(ToString::to_string).collect();
                format!("Each ended with one of {}.", words.join(", "))
            }
        });
        if self.every_pipe {
            out.push("So did each command of a pipeline, not only its last.".into());
        }
        if self.mode == Mode::Entire {
            out.push("The shell came to its end, with the status of the last command.".into());
        }
        out
    }

    /// How it came to be known, and how its shell was started.
    fn explain_start(&self) -> Vec<String> {
        let mut out = vec![match self.evidence {
            Evidence::Reader => "Its commands were read from bash itself.".to_owned(),
            _ => {
                "Its commands were read from bash itself, or traps of its own shell told of them.".to_owned()
            }
        }];
        out.push(match &self.options {
            None => "Its shell had only options that do not change what runs.".into(),
            Some(options) => format!("The options of its shell were: {}.", quoted(options)),
        });
        out.push(format!("Its arguments were: {}.", quoted(&self.arguments)));
        let unset: Vec<&str> = Inherited::ALL
            .iter()
            .filter(|one| !self.environment.contains(one))
            .map(|one| one.name())
            .collect();
        if !unset.is_empty() {
            out.push(format!("None of these was set: {}.", unset.join(", ")));
        }
        match &self.before[..] {
            [] => out.push("Nothing of it ran before the recording began.".into()),
            before => {
                out.push("This ran before the recording began:".into());
                out.extend(before.iter().map(|text| format!("  `{text}`")));
            }
        }
        if self.runner == Some(Runner::Gitlab) {
            out.push("Lines that GitLab's runner wrote are set aside.".into());
        }
        out
    }

    /// Which statuses of a pipeline are judged, as a policy has it.
    pub(crate) fn pipe(&self) -> &'static str {
        if self.every_pipe { "all" } else { "last" }
    }
}
