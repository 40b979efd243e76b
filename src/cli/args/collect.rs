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
}
