//! What collectors are asked.

use clap::Args;

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
    /// Record the digest of each file in this folder, or of this file, when the session begins; may
    /// be repeated
    #[arg(long, value_name = "PATH")]
    pub materials: Vec<String>,
    /// When the session ends, record the digest of each file that this pattern names, as in
    /// .gitignore, and that is new or has changed; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub products: Vec<String>,
}
