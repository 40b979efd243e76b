//! Options for what is masked.

use std::path::PathBuf;

use clap::Args;

/// What is masked beyond what is always masked.
#[derive(Debug, Default, Args)]
pub struct Masks {
    /// Mask what the rules of this file name, too; may be repeated
    #[arg(long, value_name = "FILE")]
    pub mask: Vec<PathBuf>,
    /// Mask the value of this variable wherever it occurs; may be repeated
    #[arg(long, value_name = "NAME")]
    pub mask_env: Vec<String>,
}
