//! Who must have had the programs run.
//!
//! What lives here: the rule, held against the facts. What does not: what the facts say
//! (`fact::agent`), what an agent ran (`agent`).
//!
//! Rules: a command of which nobody knows who had it run is denied, and so is a file of which nobody
//! knows the digest.

use super::Ruling;
use super::context::fits;
use crate::cause::Code;
use crate::fact::agent::Agent;
use crate::seal::statement::Statement;
use crate::text::visible;

/// Who must have had each program run, and what its file must have been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentRule {
    /// The authors, of which one counts; none allows any.
    pub authors: Vec<String>,
    /// SHA-256 of the programs' files, of which one counts; none allows any.
    pub sha256: Vec<String>,
}

/// Holds a statement against the rule.
pub(super) fn judge(rule: &AgentRule, statement: &Statement, ruling: &mut Ruling) {
    let predicate = &statement.predicate;
    let agents = predicate.agents();
    if predicate.session.shells.is_empty() {
        ruling.deny("agent", Code::AgentAuthor, None, "nothing was run");
    }
    for shell in &predicate.session.shells {
        let agent = agents.get(&shell.id);
        let Some(agent) = agent.filter(|_| shell.program == crate::record::Program::Run.name()) else {
            let what = format!("no fact says who had the command of shell {} run", shell.id);
            ruling.deny("agent", Code::AgentAuthor, None, what);
            continue;
        };
        author(rule, agent, shell.id, ruling);
        file(rule, agent, shell.id, ruling);
    }
}

fn author(rule: &AgentRule, agent: &Agent, shell: u64, ruling: &mut Ruling) {
    if rule.authors.is_empty() {
        return;
    }
    let what = match &agent.author {
        Some(author) if rule.authors.iter().any(|wanted| fits(wanted, author)) => return,
        Some(author) => format!("the author is {}", visible(author.as_bytes())),
        None => "the text with the author is not there".to_owned(),
    };
    let what = format!("shell {shell}: {what}; wanted is {}", rule.authors.join(" or "));
    ruling.deny("agent.author", Code::AgentAuthor, None, what);
}

fn file(rule: &AgentRule, agent: &Agent, shell: u64, ruling: &mut Ruling) {
    if rule.sha256.is_empty() {
        return;
    }
    let what = match &agent.sha256 {
        Some(digest) if rule.sha256.contains(digest) => return,
        Some(digest) => format!("the file of the program has the SHA-256 {}", visible(digest.as_bytes())),
        None => "the digest of the program's file is not there".to_owned(),
    };
    ruling.deny("agent.sha256", Code::AgentDigest, None, format!("shell {shell}: {what}"));
}
