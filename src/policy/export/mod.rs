//! A policy for the verifiers of others.
//!
//! What lives here: what the scripts of a policy should give, as far as that can be computed, and
//! which of its demands another verifier cannot make; the shape for each verifier in a file of its
//! own. What does not: keys and times, which are given, and who signs.
//!
//! Rules: a policy that leaves open what should run cannot be exported; what is not exported is
//! named. What another verifier is given never passes where the policy would not for what ran.

use super::{Mode, Policy, Runner, ScriptRule, SessionRule};
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::seal::derived::call;
use crate::seal::statement::{CommandText, SUBJECT_TRANSCRIPT};
use crate::seal::subjects::is_file;

pub mod layout;
pub mod witness;

/// What a policy's scripts should give.
pub struct Expected {
    /// SHA-256 of the transcript in hexadecimal.
    pub transcript: String,
    /// All commands as one call.
    pub command: Vec<String>,
}

impl Expected {
    /// What a session should give in which all of a policy's scripts ran, one after the other.
    ///
    /// # Errors
    /// The policy leaves that open: how.
    pub fn of(policy: &Policy) -> Result<Self, String> {
        if policy.scripts.is_empty() {
            return Err("it names no script".into());
        }
        let mut transcript = Vec::new();
        for (at, script) in policy.scripts.iter().enumerate() {
            let named = || script.name.clone().unwrap_or_else(|| format!("{}", at + 1));
            let status = status(script).map_err(|why| format!("script {}: {why}", named()))?;
            for (at, command) in script.commands.iter().enumerate() {
                let text = CommandText::recorded(command.as_bytes(), script.masked.contains(&at));
                transcript.extend(text.transcript_line(Some(status)));
            }
        }
        let commands = policy.scripts.iter().flat_map(|script| script.commands.iter().cloned());
        Ok(Expected { transcript: hex(&sha256(&[&transcript])), command: call("bash", commands) })
    }
}

/// The one status that each command of a script must have.
fn status(script: &ScriptRule) -> Result<u8, String> {
    if script.mode != Mode::Entire {
        return Err(format!("mode is {:?}, and others may run between", script.mode.word()));
    }
    if script.runner == Some(Runner::Gitlab) {
        return Err("the runner puts lines of its own among the commands".into());
    }
    match script.exit.as_deref() {
        Some([status]) => Ok(*status),
        Some(_) => Err("exit allows several statuses".into()),
        None => Err("exit allows any status".into()),
    }
}

/// Whether a session must be as whole as its derived files can say.
fn must_be_whole(policy: &Policy) -> bool {
    let whole = SessionRule { max_tail_s: policy.session.max_tail_s, ..SessionRule::default() };
    policy.session == whole
}

/// The subjects that are products: the sealer names the others.
fn products(policy: &Policy) -> impl Iterator<Item = &str> {
    let own = |name: &&str| is_file(name) || *name == SUBJECT_TRANSCRIPT;
    policy.subjects.iter().map(String::as_str).filter(own)
}

/// The keys of a policy that no other verifier is asked for: those of what only a Statement has.
fn left_out(policy: &Policy) -> Vec<&'static str> {
    let usual = |is: bool, key| (!is).then_some(key);
    let each = |is: fn(&ScriptRule) -> bool, key| usual(policy.scripts.iter().all(is), key);
    let others = products(policy).count() == policy.subjects.len();
    let whole = must_be_whole(policy);
    [
        usual(policy.max_age_s.is_none(), "trust.max-age"),
        usual(whole || !policy.session.complete, "session.complete"),
        usual(whole, "session.max-lost"),
        usual(whole, "session.max-redacted"),
        usual(whole, "session.max-paused"),
        usual(policy.session.max_tail_s.is_none(), "session.max-tail"),
        Some("script.evidence"),
        each(|script| !script.every_pipe, "script.pipe"),
        each(|script| script.sha256.is_none(), "script.sha256"),
        each(|script| script.before.is_empty(), "script.before"),
        Some("script.arguments"),
        Some("script.options"),
        Some("script.environment"),
        usual(policy.processes.is_none(), "process"),
        usual(policy.agent.is_none(), "agent"),
        usual(others, "subject.require"),
        usual(policy.rules.is_empty(), "rule"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
