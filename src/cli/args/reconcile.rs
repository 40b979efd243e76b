//! The command line of `attesh reconcile`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh reconcile agent.intoto.json --transcript session.jsonl   does the agent tell what it ran?",
    "attesh reconcile SESSION --transcript rollout.jsonl --json      the same for a program",
    "attesh reconcile FILE --transcript a --transcript b --trust ci.pub    of a session that was resumed",
])]
#[allow(missing_docs)]
pub struct Reconcile {
    /// An envelope, a bundle, a journal or a session of attesh run
    #[arg(value_name = "FILE")]
    pub what: String,
    /// The agent's own record of the session; may be repeated
    #[arg(long, value_name = "FILE", required = true)]
    pub transcript: Vec<PathBuf>,
    /// Whose transcript it is, where that does not show: claude-code, codex, gemini-cli or opencode
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// Trust these keys and no others, as in attesh verify; may be repeated
    #[arg(long, value_name = "PUB", visible_alias = "key")]
    pub trust: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}
