//! Judges a statement by a policy.
//!
//! What lives here: everything but the scripts (`scripts`) and the expressions (`rules`). What does not: the time, which is
//! given, and the keys, whose signature `verify` asks for.

use std::collections::HashSet;

use super::context::Context;
use super::words::{NO_COMMANDS, shown};
use super::{Policy, Ruling, agents, files, processes, rules, scripts};
use crate::cause::Code;
use crate::fact::manifest::Manifest;
use crate::record::Evidence;
use crate::seal::processes::ByShell;
use crate::seal::statement::{Completeness, PlanFacts, Statement, UnitFacts};

/// What is wrong with a command where something is denied, and nobody knows all of its text.
const MASKED: &str =
    "has a masked secret, so what is denied may be in it; to judge what is shown write masked = \"as-shown\"";
/// How far in the future a session may have ended, or been sealed, in seconds: clocks differ.
pub const AHEAD_MAX_S: i64 = 300;

/// What lies beside a statement, where it is there.
#[derive(Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The manifest of the materials that the statement names.
    pub materials: Option<&'a Manifest>,
    /// The starts that the journal tells of, which is the one that was sealed.
    pub starts: Option<&'a ByShell>,
}

/// Judges a statement by a policy; `now_s` is the time, in seconds since 1970.
pub fn judge(policy: &Policy, statement: &Statement, now_s: i64, beside: &Beside) -> Ruling {
    let mut ruling = Ruling::default();
    let summary = scripts::judge(&policy.scripts, statement, &mut ruling);
    denied_commands(policy, statement, &mut ruling);
    session(policy, statement, &mut ruling);
    age(policy, statement, now_s, &mut ruling);
    Context::of(statement).judge(&policy.context, &mut ruling);
    if let Some(rule) = &policy.processes {
        processes::judge(rule, statement, beside.starts, &mut ruling);
    }
    if let Some(rule) = &policy.agent {
        agents::judge(rule, statement, &mut ruling);
    }
    files::judge(policy, statement, beside.materials, &mut ruling);
    rules::judge(policy, statement, &mut ruling);
    ruling.summary = summary.filter(|_| ruling.denials.is_empty());
    ruling
}

fn denied_commands(policy: &Policy, statement: &Statement, ruling: &mut Ruling) {
    if policy.deny.is_empty() {
        return;
    }
    let Some(commands) = &statement.predicate.commands else {
        return ruling.deny("deny.commands", Code::PolicyCommands, None, NO_COMMANDS);
    };
    for shell in scripts::unseen(&statement.predicate) {
        scripts::deny_unseen(shell, "deny.commands", ruling);
    }
    let mut looked_at: HashSet<(u64, u64)> = HashSet::new();
    for command in commands {
        let unit = command.unit.and_then(|unit| unit_of(statement, command.shell, unit));
        looked_at.extend(command.unit.map(|unit| (command.shell, unit)));
        let Some(text) = command.text.bytes() else {
            let what = format!("the text of command {} is not there, so it may be denied", command.seq);
            ruling.deny("deny.commands", Code::CommandHidden, None, what);
            continue;
        };
        if command.text.is_masked() && !policy.deny_as_shown {
            let what = format!("command {} {} {MASKED}", command.seq, shown(&text));
            ruling.deny("deny.commands", Code::CommandHidden, unit.map(|unit| unit.line), what);
            continue;
        }
        let planned = unit.and_then(|unit| unit.text.bytes());
        let pattern = denying(policy, &text).or_else(|| denying(policy, planned.as_ref()?));
        if let Some(pattern) = pattern {
            let line = unit.map(|unit| unit.line);
            let place =
                line.map_or_else(|| format!("command {}", command.seq), |line| format!("line {line}"));
            let what = format!("{place} {} is denied by {}", shown(&text), pattern.as_str());
            ruling.deny("deny.commands", Code::CommandDenied, line, what);
        }
    }
    for plan in &statement.predicate.plans {
        let all_told = statement.predicate.tells_all_of(plan);
        denied_units(policy, plan, all_told, &looked_at, ruling);
    }
}

/// The units of a plan that may have run although no command says so: those before the recording;
/// under traps all, because bash does not announce each; and all of a script that has no end.
fn denied_units(
    policy: &Policy,
    plan: &PlanFacts,
    all_told: bool,
    looked_at: &HashSet<(u64, u64)>,
    ruling: &mut Ruling,
) {
    let traps = plan.evidence == Evidence::Traps;
    // The commands of a script that was recorded as one command are denied as unseen.
    let all = traps || plan.evidence == Evidence::Reader && !all_told;
    let Some(units) = &plan.units else {
        if all || plan.before > 0 {
            let what = format!(
                "the plan of shell {} has no commands, so it may have one that is denied",
                plan.shell
            );
            ruling.deny("deny.commands", Code::CommandHidden, None, what);
        }
        return;
    };
    for (number, unit) in (1..).zip(units) {
        if !all && number > plan.before || looked_at.contains(&(plan.shell, number)) {
            continue;
        }
        let text = unit.text.bytes().unwrap_or_default();
        if unit.text.is_masked() && !policy.deny_as_shown {
            let what = format!("line {} {} {MASKED}", unit.line, shown(&text));
            ruling.deny("deny.commands", Code::CommandHidden, Some(unit.line), what);
            continue;
        }
        if let Some(pattern) = denying(policy, &text) {
            let why = match number <= plan.before {
                true => "it ran before the recording began",
                false if traps => "traps cannot show that it did not run",
                false => "nothing shows that it did not run: the script has no end, or commands were lost",
            };
            let line = unit.line;
            let what = format!("line {line} {} is denied by {}; {why}", shown(&text), pattern.as_str());
            ruling.deny("deny.commands", Code::CommandDenied, Some(line), what);
        }
    }
}

/// The pattern that denies a text.
fn denying<'a>(policy: &'a Policy, text: &[u8]) -> Option<&'a regex::Regex> {
    forms(text).iter().find_map(|form| policy.deny.iter().find(|pattern| pattern.is_match(form)))
}

/// A text as patterns see it: bytes that are not UTF-8 become U+FFFD. Then the same text without
/// the ends of lines that bash joins.
fn forms(text: &[u8]) -> [String; 2] {
    let text = String::from_utf8_lossy(text).into_owned();
    let joined = text.replace("\\\n", "");
    [text, joined]
}

/// The unit of a shell's plan with this number, from 1.
fn unit_of(statement: &Statement, shell: u64, number: u64) -> Option<&UnitFacts> {
    let plan = statement.predicate.plans.iter().find(|plan| plan.shell == shell)?;
    plan.units.as_ref()?.get(usize::try_from(number.checked_sub(1)?).ok()?)
}

fn session(policy: &Policy, statement: &Statement, ruling: &mut Ruling) {
    let (rule, outcome) = (&policy.session, &statement.predicate.outcome);
    if rule.complete && outcome.end != Completeness::Complete {
        ruling.deny("session.complete", Code::SessionIncomplete, None, "the session is incomplete");
    }
    for (key, code, count, most, [one, several]) in [
        (
            "session.max-lost",
            Code::SessionLost,
            outcome.lost_count,
            rule.max_lost,
            ["command ran unrecorded", "commands ran unrecorded"],
        ),
        (
            "session.max-redacted",
            Code::SessionRedacted,
            outcome.redacted_count,
            rule.max_redacted,
            ["text was redacted", "texts were redacted"],
        ),
        (
            "session.max-paused",
            Code::SessionPaused,
            outcome.pause_count,
            rule.max_paused,
            ["pause was declared", "pauses were declared"],
        ),
    ] {
        let what = if count == 1 { one } else { several };
        if count > most {
            ruling.deny(key, code, None, format!("{count} {what}; at most {most} are allowed"));
        }
    }
    let Some(most_s) = rule.max_tail_s else { return };
    let tail_ms = statement.predicate.unrecorded_tail_ms;
    if tail_ms > most_s.saturating_mul(1_000) {
        let what = format!("sealed {} s after the last record; {most_s} s are allowed", tail_ms / 1_000);
        ruling.deny("session.max-tail", Code::SessionTail, None, what);
    }
}

fn age(policy: &Policy, statement: &Statement, now_s: i64, ruling: &mut Ruling) {
    let Some(most_s) = policy.max_age_s else { return };
    let Some(ended_s) = statement.closed_at_s() else {
        let what = "the statement does not say when the session ended";
        return ruling.deny("trust.max-age", Code::PolicyAge, None, what);
    };
    let age_s = now_s.saturating_sub(ended_s);
    let what = if age_s < -AHEAD_MAX_S {
        format!("the session ended {} s in the future", -age_s)
    } else if u64::try_from(age_s).is_ok_and(|age_s| age_s > most_s) {
        format!("the session ended {age_s} s ago; at most {most_s} s are allowed")
    } else {
        return;
    };
    ruling.deny("trust.max-age", Code::PolicyAge, None, what);
}
