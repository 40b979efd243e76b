//! The command lines of `attesh redact` and `attesh disclose`: which texts are meant.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh redact incident-42 --command 3,7-9 --dry-run    what would go?",
    "attesh redact incident-42 --match 'ghp_[A-Za-z0-9]+'    each text with such a token",
    "attesh redact incident-42 --host --user --workdir       who, and where",
    "attesh redact incident-42 --fact environment.env.PATH   one text of a fact",
    "attesh redact NAME.intoto.json --command 3              out of NAME.disclosures, after attesh seal --selective",
])]
#[allow(missing_docs)]
pub struct Redact {
    /// A session's name, id or folder, by default this shell's; or the envelope of a selective seal
    pub session: Option<String>,
    #[command(flatten)]
    pub which: Which,
    /// Remarks and reasons: all, or those in these records, as attesh log -v numbers them
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub note: Vec<String>,
    /// Only say which texts would be taken out, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh disclose NAME.intoto.json --command 3           the text with its salt, for another to check",
    "attesh disclose NAME.intoto.json --host --workdir     where it ran",
    "attesh disclose NAME.intoto.json --check FILE          are these the texts that were signed?",
])]
#[allow(missing_docs)]
pub struct Disclose {
    /// The envelope of a selective seal
    #[arg(value_name = "NAME.intoto.json")]
    pub envelope: PathBuf,
    #[command(flatten)]
    pub which: Which,
    /// Check lines that somebody disclosed against the envelope, and print their texts
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["command", "matching", "rule", "workdir", "host", "user", "fact"])]
    pub check: Option<PathBuf>,
    /// Trust these keys and no others, as in attesh verify; may be repeated
    #[arg(long, value_name = "PUB", requires = "check")]
    pub trust: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which texts are meant.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct Which {
    /// The texts of these commands, by their numbers in attesh log, as in 3,7-9; may be repeated
    #[arg(long, value_name = "N")]
    pub command: Vec<String>,
    /// Each text that fits this regular expression; may be repeated
    #[arg(long = "match", value_name = "REGEX")]
    pub matching: Vec<String>,
    /// Each text in which the rule of this name masked something; may be repeated
    #[arg(long, value_name = "NAME")]
    pub rule: Vec<String>,
    /// Each folder
    #[arg(long)]
    pub workdir: bool,
    /// The name of the machine
    #[arg(long)]
    pub host: bool,
    /// The name of the user
    #[arg(long)]
    pub user: bool,
    /// The texts of the facts of this type, or one of them; may be repeated
    #[arg(long, value_name = "TYPE[.PART]")]
    pub fact: Vec<String>,
}
