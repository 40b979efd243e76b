//! The command line of `attesh policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::masks::Masks;

/// Where a policy that was made goes.
#[derive(Debug, Args)]
pub struct PolicyOutput {
    /// Where to write the policy; by default attesh prints it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(long, requires = "output")]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh policy from-script build.sh -o build.policy.toml    all of it, in order, each with 0",
    "attesh policy explain build.policy.toml                    the same in words",
    "attesh policy test build.policy.toml good.intoto.json      is it met?",
])]
#[allow(missing_docs)]
pub struct Policy {
    /// What to do with policies.
    #[command(subcommand)]
    pub verb: PolicyVerb,
}

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Write the policy for a script: it ran from its first command to its last
    FromScript(PolicyFromScript),
    /// Write the policy for a job of GitLab
    FromGitlab(PolicyFromGitlab),
    /// Write the policy for a job of GitHub Actions
    FromGithub(PolicyFromGithub),
    /// Say whether a policy can be read, and where it is wrong
    Check(PolicyCheck),
    /// Say in words what a policy asks for
    Explain(PolicyExplain),
    /// Check attestations against a policy
    Test(PolicyTest),
    /// Write what lets the verifiers of others ask for the same
    Export(PolicyExport),
}

/// Another verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A layout, for in-toto-verify
    InTotoLayout,
    /// A policy of witness, for witness verify
    Witness,
}

impl ExportFormat {
    /// The program that reads it.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            ExportFormat::InTotoLayout => "in-toto-verify",
            ExportFormat::Witness => "witness verify",
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh policy from-script build.sh -o build.policy.toml            write it",
    "attesh policy from-script build.sh                                 look at it",
    "attesh policy from-script build.sh --force -o build.policy.toml    again, after a change",
])]
#[allow(missing_docs)]
pub struct PolicyFromScript {
    /// The script
    pub file: PathBuf,
    /// Ask for each status of a pipeline, and refuse lines that hide a failure
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub masks: Masks,
    /// Where the policy goes
    #[command(flatten)]
    pub to: PolicyOutput,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh policy from-gitlab merged.yml --job build -o build.toml            write it",
    "attesh policy from-gitlab merged.yml --job build                          look at it",
    "attesh policy from-gitlab merged.yml --job build --force -o build.toml    again, after a change",
])]
#[allow(missing_docs)]
pub struct PolicyFromGitlab {
    /// The CI file, merged: without extends, include and !reference
    pub file: PathBuf,
    /// The job
    #[arg(long, value_name = "JOB")]
    pub job: String,
    /// Ask for each status of a pipeline, and refuse lines that hide a failure
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub masks: Masks,
    /// Where the policy goes
    #[command(flatten)]
    pub to: PolicyOutput,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh policy from-github ci.yml --job build -o build.toml                write it",
    "attesh policy from-github ci.yml --job build                              look at it",
    "attesh policy from-github ci.yml --job build --expr 'matrix.os=linux'     a value for ${{ matrix.os }}",
])]
#[allow(missing_docs)]
pub struct PolicyFromGithub {
    /// The workflow
    pub file: PathBuf,
    /// The job, by its key
    #[arg(long, value_name = "JOB")]
    pub job: String,
    /// The value that ${{ NAME }} will have; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub expr: Vec<String>,
    /// Ask for each status of a pipeline, and refuse lines that hide a failure
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub masks: Masks,
    /// Where the policy goes
    #[command(flatten)]
    pub to: PolicyOutput,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh policy check build.policy.toml                    an error has line and column",
    "attesh policy check build.policy.toml release.toml       several",
    "attesh policy check build.policy.toml --json             for a program",
])]
#[allow(missing_docs)]
pub struct PolicyCheck {
    /// Policies
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh policy explain build.policy.toml           what it asks for",
    "attesh policy explain build.policy.toml | less    a long one",
    "attesh policy explain build.policy.toml --json    for a program",
])]
#[allow(missing_docs)]
pub struct PolicyExplain {
    /// The policy
    pub file: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh policy test build.policy.toml good.intoto.json                met?",
    "attesh policy test build.policy.toml bad.intoto.json --must-fail     is each of them denied?",
    "attesh policy test build.policy.toml x.intoto.json --trust ci.pub    made by this key",
])]
#[allow(missing_docs)]
pub struct PolicyTest {
    /// The policy
    pub file: PathBuf,
    /// Envelopes or bundles
    #[arg(required = true)]
    pub attestation: Vec<PathBuf>,
    /// Ask for this member of the context, too, such as commit=3f0c1a9...; may be repeated
    #[arg(long, value_name = "MEMBER=VALUE")]
    pub context: Vec<String>,
    /// Every attestation must be denied
    #[arg(long)]
    pub must_fail: bool,
    /// Trust these keys; the default is those that the policy names, else those trusted by default
    #[arg(long, value_name = "PUB")]
    pub trust: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh policy export build.policy.toml --format in-toto-layout --key owner.key --functionary ci.pub",
    "attesh policy export build.policy.toml --format witness --key owner.key --functionary ci.pub",
    "attesh policy export build.policy.toml --format witness --key owner.key --expires 30d",
])]
#[allow(missing_docs)]
pub struct PolicyExport {
    /// The policy
    pub file: PathBuf,
    /// For which verifier
    #[arg(long, value_name = "FORMAT")]
    pub format: ExportFormat,
    /// Write the layout and its link in the older form of in-toto, for programs that read no DSSE
    #[arg(long)]
    pub metablock: bool,
    /// The key of who writes the policy, as for attesh seal
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The key's passphrase is the first line of this file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Who may sign what is judged; by default the keys that the policy names; may be repeated
    #[arg(long, value_name = "PUB")]
    pub functionary: Vec<PathBuf>,
    /// The name of the step, which is that of the sealed files; by default the policy's up to its first dot
    #[arg(long, value_name = "NAME")]
    pub step: Option<String>,
    /// How long it holds: a number and s, m, h, d or w; by default 365d
    #[arg(long, value_name = "AGE")]
    pub expires: Option<String>,
    /// Where to write it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(long)]
    pub force: bool,
}
