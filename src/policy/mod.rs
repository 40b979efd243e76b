//! The policy: what an attestation must say to be accepted. Normative: attesh-policy(5).
//!
//! What lives here: TOML to [`Policy`] (`read`, by the table in [`keys`]), a Policy and a
//! Statement to a [`Ruling`] (`judge`; the scripts by `scripts`, `plan`, `commands`), and the way
//! back: a policy written for a script (`write`, with what it should know by `hidden`), found in
//! a CI file ([`ci`]), told in words (`words`), written for the verifiers of others ([`export`]). Pure: the time is given, keys and files are read
//! elsewhere. What does not: signatures, exit codes.
//!
//! Rules: a policy fails closed. An unknown key is an error; the policy denies what an
//! attestation does not say; no claim counts because a bad one is absent.

mod agents;
pub mod ci;
mod commands;
pub mod context;
pub mod export;
mod files;
mod hidden;
mod judge;

pub mod keys;
mod lexer;
mod plan;
mod processes;
mod read;
mod reads;
mod rules;
mod scripts;
mod words;
mod write;

pub use agents::AgentRule;
pub use files::MaterialRule;
pub use hidden::{Hides, Options, hidden, pipes_are_seen};
pub use judge::{AHEAD_MAX_S, Beside, judge};
pub use processes::OUTSIDE;
pub use read::POLICY_MAX;
pub use write::{texts, whole};

use std::collections::BTreeSet;

use crate::cause::Code;
use crate::encoding::hex_exact;
use crate::fact::git::is_object;
use crate::record::{Evidence, Inherited, Status};
use crate::script::gitlab;

/// A policy.
#[derive(Debug, Default)]
pub struct Policy {
    /// Who may have sealed it: files, as the policy names them.
    pub keys: Vec<String>,
    /// The longest time since the session ended, in seconds.
    pub max_age_s: Option<u64>,
    /// A key has to be valid when it sealed, by the sealer's clock, and not now.
    pub keys_when_sealed: bool,
    /// How whole the record must be.
    pub session: SessionRule,
    /// The scripts, in the order of their plans.
    pub scripts: Vec<ScriptRule>,
    /// What must not have run.
    pub deny: Vec<regex::Regex>,
    /// A command with a masked secret is judged by what is shown of it, and not denied for what is not.
    pub deny_as_shown: bool,
    /// On what it must have run.
    pub context: ContextRule,
    /// What must have started below the commands, and what must not have.
    pub processes: Option<ProcessRule>,
    /// Who must have had the commands run.
    pub agent: Option<AgentRule>,
    /// Names of subjects that there must be.
    pub subjects: Vec<String>,
    /// Each subject that is a file must be a product that the recorder saw.
    pub products: bool,
    /// Files that must have been there before the first command.
    pub materials: Vec<MaterialRule>,
    /// Expressions that must be true.
    pub rules: Vec<Rule>,
}

/// What must have started below the commands, as the kernel told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessRule {
    /// Programs that must have started, each time with success.
    pub require: Vec<String>,
    /// Programs that must not have started.
    pub deny: Vec<String>,
    /// The most starts that are not recorded.
    pub max_unrecorded: u64,
    /// None may have work done by a process that is not below it.
    pub outside_denied: bool,
    /// The starts may have been seen by ptrace alone.
    pub ptrace_suffices: bool,
    /// Processes may have gone on when the command had ended.
    pub running_allowed: bool,
}

/// On what a session must have run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextRule {
    /// The key of the policy, the member of a fact, and what it may say.
    pub members: Vec<(&'static str, &'static str, Vec<String>)>,
    /// A commit must have been recorded, and be the same to the end.
    pub commit_required: bool,
    /// No path may have differed from the commit at the start.
    pub clean: bool,
    /// Members that whoever verifies must give.
    pub same_as: Vec<&'static str>,
    /// Those that were given.
    pub given: Vec<&'static str>,
}

impl ContextRule {
    /// The keys that ask for a member of a fact, with its name.
    pub const MEMBERS: [(&'static str, &'static str); 10] = [
        ("context.repository", "repository"),
        ("context.ref", "ref"),
        ("context.commit", "commit"),
        ("context.workflow", "workflow"),
        ("context.job", "job"),
        ("context.run", "run"),
        ("context.event", "event"),
        ("context.system", "system"),
        ("context.purpose", "purpose"),
        ("context.notice-sha256", "notice-sha256"),
    ];

    /// The member of this name.
    #[must_use]
    pub fn member(name: &str) -> Option<&'static str> {
        Self::MEMBERS.into_iter().map(|(_, member)| member).find(|member| *member == name)
    }

    /// Asks for what whoever verifies gives.
    ///
    /// # Errors
    /// As in [`ask`](Self::ask).
    pub fn give(&mut self, member: &str, value: String) -> Result<(), &'static str> {
        // What fits many says nothing of which one is meant.
        let is_one = !value.contains('*') && (member != "commit" || value != "required");
        self.ask(member, vec![value])?;
        self.given.extend(Self::member(member).filter(|_| is_one));
        Ok(())
    }

    /// Asks for a member of a fact; of no wanted text, for nothing.
    ///
    /// # Errors
    /// No fact can say that, and it would be denied for ever: what a text must be.
    pub fn ask(&mut self, member: &str, wanted: Vec<String>) -> Result<(), &'static str> {
        if member == "commit" && wanted == ["required"] {
            self.commit_required = true;
            return Ok(());
        }
        let (can_be, form): (fn(&str) -> bool, _) = match member {
            "commit" => {
                (|text| is_object(text.as_bytes()), "whole, 40 or 64 hexadecimal digits, or \"required\"")
            }
            "repository" => (|text| !text.contains("://"), "as host/path, without a scheme"),
            "ref" => (
                |text| text.starts_with("refs/") || text.contains('*'),
                "from refs/ on, as in \"refs/heads/main\"",
            ),
            "notice-sha256" => (
                |text| hex_exact::<32>(text.as_bytes()).is_some(),
                "the SHA-256 of a notice, 64 lowercase hexadecimal digits",
            ),
            _ => (|_| true, ""),
        };
        if !wanted.iter().all(|text| can_be(text)) {
            return Err(form);
        }
        let known = Self::MEMBERS.into_iter().find(|(_, known)| *known == member);
        self.members.extend(known.filter(|_| !wanted.is_empty()).map(|(key, member)| (key, member, wanted)));
        Ok(())
    }
}

/// How whole the record must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRule {
    /// Nothing may be missing.
    pub complete: bool,
    /// The most commands that ran unrecorded.
    pub max_lost: u64,
    /// The most texts that were taken out.
    pub max_redacted: u64,
    /// The most declared pauses.
    pub max_paused: u64,
    /// The longest time from the last record to the sealing, in seconds.
    pub max_tail_s: Option<u64>,
}

impl Default for SessionRule {
    fn default() -> Self {
        SessionRule { complete: true, max_lost: 0, max_redacted: 0, max_paused: 0, max_tail_s: None }
    }
}

/// How the commands of a script are compared with those that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All of them, in order, and no other.
    Entire,
    /// All of them in order, others between.
    Ordered,
    /// All of them.
    Contains,
}

impl Mode {
    /// As a policy has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mode::Entire => "entire",
            Mode::Ordered => "ordered",
            Mode::Contains => "contains",
        }
    }
}

/// A script that must have run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptRule {
    /// What people call it.
    pub name: Option<String>,
    /// How it is compared.
    pub mode: Mode,
    /// The digest of its bytes.
    pub sha256: Option<String>,
    /// Its commands.
    pub commands: Vec<String>,
    /// The commands, by number from 0, that are compared masked: as a recorder shows what has a
    /// secret in it.
    pub masked: BTreeSet<usize>,
    /// A masked command passes although its secret may be anything, also what runs.
    pub opaque_as_shown: bool,
    /// The line of each command.
    pub lines: Vec<u64>,
    /// The allowed statuses; `None` allows any.
    pub exit: Option<Vec<Status>>,
    /// Each command of a pipeline that was seen must have an allowed status, not only its last.
    pub every_pipe: bool,
    /// What its starts and statuses must rest on, at the least.
    pub evidence: Evidence,
    /// The arguments that it was given.
    pub arguments: Vec<String>,
    /// The options of its shell; `None` allows those that do not change what runs.
    pub options: Option<Vec<String>>,
    /// Variables that change what a shell does and may have been set.
    pub environment: Vec<Inherited>,
    /// What ran of it before the recording began.
    pub before: Vec<String>,
    /// Whose own lines are set aside.
    pub runner: Option<Runner>,
}

impl ScriptRule {
    /// Whether a session without any plan, such as a typed one, cannot meet it.
    #[must_use]
    pub fn needs_plan(&self) -> bool {
        self.mode == Mode::Entire || self.sha256.is_some()
    }
}

/// A program that puts lines of its own among the commands of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// GitLab's runner.
    Gitlab,
}

impl Runner {
    /// As a policy has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Runner::Gitlab => "gitlab",
        }
    }

    /// Whether a unit is one of its own lines.
    #[must_use]
    pub fn is_own(self, unit: &[u8]) -> bool {
        match self {
            Runner::Gitlab => gitlab::is_own(unit),
        }
    }
}

/// An expression that must be true.
#[derive(Debug)]
pub struct Rule {
    /// What people call it.
    pub name: Option<String>,
    /// As it is written.
    pub text: String,
    /// The rule is evaluated although a text that it reads is missing.
    pub as_absent: bool,
    pub(crate) program: cel::Program,
}

/// What does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The key of the policy that asks for it.
    pub rule: &'static str,
    /// What kind of denial.
    pub code: Code,
    /// The line of the script.
    pub line: Option<u64>,
    /// In words.
    pub text: String,
}

/// The result of judging a statement by a policy.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruling {
    /// What does not hold, the most telling first; empty if the policy is met.
    pub denials: Vec<Denial>,
    /// What the scripts came to, if the policy has scripts and is met.
    pub summary: Option<String>,
}

impl Ruling {
    fn deny(&mut self, rule: &'static str, code: Code, line: Option<u64>, text: impl Into<String>) {
        self.denials.push(Denial { rule, code, line, text: text.into() });
    }
}
