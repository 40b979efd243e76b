//! What starts coding agents.

use clap::{Args, Subcommand, ValueEnum};

use super::ShellName;

#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct Agent {
    /// What to do
    #[command(subcommand)]
    pub verb: AgentVerb,
}

/// What `attesh agent` does.
#[derive(Debug, Subcommand)]
pub enum AgentVerb {
    /// Have an agent that is typed in a shell recorded by attesh run
    Install(AgentInstall),
}

/// An agent whose commands attesh knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AgentName {
    /// Claude Code, typed as claude
    ClaudeCode,
    /// Codex, typed as codex
    Codex,
    /// Gemini CLI, typed as gemini
    GeminiCli,
    /// opencode, typed as opencode
    Opencode,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh agent install claude-code                  shows the line, asks, and adds it to the rc file",
    "attesh agent install codex --shell zsh --dry-run  shows it alone",
    "attesh agent install codex --remove --yes         takes it out, without a question",
])]
#[allow(missing_docs)]
pub struct AgentInstall {
    /// The agent
    #[arg(value_name = "NAME")]
    pub name: AgentName,
    /// The shell whose rc file gets the line; by default that which SHELL names
    #[arg(long, value_name = "SHELL")]
    pub shell: Option<ShellName>,
    /// Take the line out
    #[arg(long)]
    pub remove: bool,
    /// Ask nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}
