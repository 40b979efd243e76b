//! The command line of `attesh verify`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh verify NAME.intoto.json --trust ci.pub         made by this key, whole and complete?",
    "attesh verify NAME.intoto.json --journal ./journal    does the journal agree?",
    "attesh verify NAME.intoto.json --artifact bin/app     is this file one of its subjects?",
    "attesh verify ./job --expect-head job.log             did it go through the heads in this log?",
    "attesh verify NAME.intoto.json --policy FILE.toml     does it meet this policy?",
    "attesh verify NAME.intoto.json --policy FILE.toml --emit-vsa FILE --key K   and say so to others",
])]
#[allow(missing_docs)]
pub struct Verify {
    /// Envelopes, bundles, journals or session folders
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Trust these keys and no others: SPKI PEM, OpenSSH lines or allowed_signers; may be repeated
    #[arg(long, value_name = "PUB")]
    pub trust: Vec<PathBuf>,
    /// As --trust; with --emit-vsa the key that signs the summary, as for attesh seal
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Check that this journal or session folder agrees with the envelope
    #[arg(long, value_name = "JOURNAL")]
    pub journal: Option<PathBuf>,
    /// Check that this file is a subject of the envelope, or that all in this folder came of the
    /// session; may be repeated
    #[arg(long, value_name = "FILE|FOLDER")]
    pub artifact: Vec<PathBuf>,
    /// Check that the session ran on this: repository, ref, commit, workflow, job, run, event, system; may be repeated
    #[arg(long, value_name = "MEMBER=VALUE")]
    pub context: Vec<String>,
    /// The session must have run on what this attestation ran on: the members that the policy names,
    /// else repository and commit
    #[arg(long, value_name = "FILE")]
    pub same_as: Option<PathBuf>,
    /// Check the envelope against this policy
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<PathBuf>,
    /// Write the verdict as a verification summary of SLSA
    #[arg(long, value_name = "FILE", requires = "policy")]
    pub emit_vsa: Option<PathBuf>,
    /// What the subjects of the summary belong to
    #[arg(long, value_name = "URI", requires = "emit_vsa")]
    pub resource_uri: Option<String>,
    /// The passphrase of the key that signs the summary is the first line of this file
    #[arg(long, value_name = "FILE", requires = "emit_vsa")]
    pub passphrase_file: Option<PathBuf>,
    /// Replace a summary that exists
    #[arg(long, requires = "emit_vsa")]
    pub force: bool,
    /// The origin secret: a file, or env:NAME for a variable
    #[arg(long, value_name = "FILE|env:NAME")]
    pub secret: Option<String>,
    /// Refuse a journal that has not gone through this head: a token, or a log with heads; may be repeated
    #[arg(long, value_name = "TOKEN|FILE|-", allow_hyphen_values = true)]
    pub expect_head: Vec<String>,
    /// Say more: every finding, and at length what is not proven
    #[arg(short, long)]
    pub verbose: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}
