//! What is masked.

use clap::{Args, Subcommand};

use super::masks::Masks;

#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct Mask {
    /// What to do
    #[command(subcommand)]
    pub verb: MaskVerb,
}

/// What `attesh mask` does.
#[derive(Debug, Subcommand)]
pub enum MaskVerb {
    /// Print a text as it would be recorded, and say which rules masked something
    Test(MaskTest),
    /// List the built-in rules
    Rules(MaskRules),
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh mask test < build.sh                      what of a script would be masked",
    "attesh mask test --mask rules.toml 'login X'     with rules of a file",
    "attesh mask test --json < build.sh               for a program",
])]
#[allow(missing_docs)]
pub struct MaskTest {
    /// The text; without it standard input
    pub text: Vec<String>,
    #[command(flatten)]
    pub masks: Masks,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh mask rules          names, and what each finds",
    "attesh mask rules --json   with patterns and examples",
])]
#[allow(missing_docs)]
pub struct MaskRules {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}
