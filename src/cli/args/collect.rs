//! What is recorded, and what collectors are asked.

use std::path::PathBuf;

use clap::Args;

use super::ShellName;
use super::masks::Masks;

/// What collectors record around the commands.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct Collect {
    /// Record what these see when the session begins and ends: environment,git,ci, or none; by
    /// default all three
    #[arg(long, value_name = "LIST|none")]
    pub collect: Option<String>,
    /// Record this variable of the environment, too; may be repeated
    #[arg(long = "env", value_name = "NAME")]
    pub variables: Vec<String>,
    /// Record what the token in this variable says of the job, without its signature
    #[arg(long = "identity-token", value_name = "NAME")]
    pub identity: Option<String>,
    /// Record the digest of each file in this folder, or of this file, when the session begins; may
    /// be repeated
    #[arg(long, value_name = "PATH")]
    pub materials: Vec<String>,
    /// When the session ends, record the digest of each file that this pattern names, as in
    /// .gitignore, and that is new or has changed; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub products: Vec<String>,
    #[command(flatten)]
    pub masks: Masks,
    #[command(flatten)]
    pub notice: NoticeArgs,
}

/// What is said of a session before it begins.
#[derive(Clone, Debug, Default, Args)]
#[allow(missing_docs)]
pub struct NoticeArgs {
    /// Show the text of this file to the users of the session, and record it
    #[arg(long, value_name = "FILE")]
    pub notice: Option<PathBuf>,
    /// Record what the session is for, in a line
    #[arg(long, value_name = "TEXT")]
    pub purpose: Option<String>,
    /// Keep the session for so long after its end, a number and s, m, h, d or w; then a plain attesh
    /// prune removes it
    #[arg(long, value_name = "AGE")]
    pub retain: Option<String>,
}

impl NoticeArgs {
    /// Whether any of it was given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.notice.is_some() || self.purpose.is_some() || self.retain.is_some()
    }
}

impl Collect {
    /// Whether any of it was given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        let lists = [&self.variables, &self.materials, &self.products];
        self.collect.is_some()
            || self.identity.is_some()
            || self.notice.is_given()
            || lists.iter().any(|list| !list.is_empty())
    }
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "eval \"$(attesh init bash)\"              record this bash; zsh the same",
    "attesh init fish | source               record this fish",
    "attesh init bash --install              record every new bash",
    "eval \"$(attesh init bash --ci)\"         record a job of GitLab, as its first item",
])]
#[allow(missing_docs)]
pub struct Init {
    /// The shell to record
    pub shell: ShellName,
    /// Join this session: a name, an id or a session folder
    #[arg(long, value_name = "SESSION", allow_hyphen_values = true)]
    pub session: Option<String>,
    /// Record a job of GitLab, as the first item of its list of commands
    #[arg(long, conflicts_with_all = ["session", "install", "uninstall"])]
    pub ci: bool,
    /// Record what these see when a session begins and ends: environment,git,ci, or none
    #[arg(long, value_name = "LIST|none", conflicts_with_all = ["install", "uninstall"])]
    pub collect: Option<String>,
    /// Record what the token in this variable says of the job, without its signature
    #[arg(long = "identity-token", value_name = "NAME", conflicts_with_all = ["install", "uninstall"])]
    pub identity: Option<String>,
    /// Record the files in this folder, or this file, when a session begins; may be repeated
    #[arg(long, value_name = "PATH", conflicts_with_all = ["install", "uninstall"])]
    pub materials: Vec<String>,
    /// Record the files that this pattern names, as in .gitignore, when a session ends; may be
    /// repeated
    #[arg(long, value_name = "PATTERN", conflicts_with_all = ["install", "uninstall"])]
    pub products: Vec<String>,
    /// Mask what the rules of this file name, too; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with_all = ["install", "uninstall"])]
    pub mask: Vec<PathBuf>,
    /// Mask the value of this variable wherever it occurs; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["install", "uninstall"])]
    pub mask_env: Vec<String>,
    /// Show the text of this file to the users of a session, and record it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["install", "uninstall"])]
    pub notice: Option<PathBuf>,
    /// Record what a session is for, in a line
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["install", "uninstall"])]
    pub purpose: Option<String>,
    /// Keep a session for so long after its end, a number and s, m, h, d or w
    #[arg(long, value_name = "AGE", conflicts_with_all = ["install", "uninstall"])]
    pub retain: Option<String>,
    /// Write one line into the shell's rc file
    #[arg(long, conflicts_with_all = ["uninstall", "session"])]
    pub install: bool,
    /// Remove that line from the rc file
    #[arg(long, conflicts_with = "session")]
    pub uninstall: bool,
}
