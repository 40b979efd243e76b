//! The command line of what signs: `attesh seal`, `attesh sh` and `attesh run` with `--seal`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Collect;

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh seal                                  this shell's session, with the default key",
    "attesh seal incident-42 --key ops.key        a named session, with another key",
    "attesh seal --key ~/.ssh/id_ed25519.pub      the private half is in ssh-agent",
    "attesh seal incident-42 --selective          with the texts apart, so that some can be taken out later",
    "attesh seal --dir /tmp/job --expect-head log   the session whose heads are in this log",
])]
#[allow(missing_docs)]
pub struct Seal {
    /// A session's name, id or folder; by default this shell's
    pub session: Option<String>,
    /// The session in this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "session")]
    pub dir: Option<PathBuf>,
    /// The sealing key: PKCS#8 or OpenSSH; a .pub file means ssh-agent holds the private half
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Where to write the envelope
    #[arg(short, long, value_name = "NAME.intoto.json")]
    pub output: Option<PathBuf>,
    /// Write the formats of others, too: link, witness, slsa; with commas between
    #[arg(long, value_name = "LIST")]
    pub format: Option<String>,
    /// Sign commitments in the place of the texts, and write the texts to NAME.disclosures
    #[arg(long, conflicts_with = "format")]
    pub selective: bool,
    /// Write the link of --format in the older form of in-toto, for programs that read no DSSE
    #[arg(long, requires = "format")]
    pub metablock: bool,
    /// Make the digest of this file a subject too; may be repeated
    #[arg(long, value_name = "FILE")]
    pub subject: Vec<PathBuf>,
    /// Make this digest a subject too, such as that of an image; may be repeated
    #[arg(long, value_name = "NAME@sha256:HEX")]
    pub subject_digest: Vec<String>,
    /// The key's passphrase is the first line of this file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// The origin secret: a file, or env:NAME for a variable
    #[arg(long, value_name = "FILE|env:NAME")]
    pub secret: Option<String>,
    /// Refuse a journal that has not gone through this head: a token, or a log with heads; may be repeated
    #[arg(long, value_name = "TOKEN|FILE|-", allow_hyphen_values = true)]
    pub expect_head: Vec<String>,
    /// End the session although other shells record in it
    #[arg(long)]
    pub close_others: bool,
    /// Seal what is here of a session that another machine records
    #[arg(long)]
    pub elsewhere: bool,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// The session that a script or a program is recorded in, and what is sealed when it is over.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct InSession {
    #[command(flatten)]
    pub sealing: Sealing,
    /// Record into the session in this folder; attesh makes the folder if it is missing
    #[arg(long, value_name = "FOLDER", conflicts_with = "seal")]
    pub dir: Option<PathBuf>,
    #[command(flatten)]
    pub collect: Collect,
    /// Do not print the head of a session in a folder
    #[arg(long)]
    pub quiet: bool,
    /// Keep the keys of the session in the recorder's memory: nothing below it can append to it
    #[arg(long, requires = "seal")]
    pub private: bool,
    /// Exit with 125 if something could not be recorded
    #[arg(long)]
    pub strict: bool,
}

/// What is sealed when the script or the program is over.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct Sealing {
    /// Sign the session when it is over, and write the envelope here
    #[arg(long, value_name = "NAME.intoto.json")]
    pub seal: Option<PathBuf>,
    /// The sealing key, as for attesh seal
    #[arg(long, value_name = "FILE", requires = "seal")]
    pub key: Option<PathBuf>,
    /// The key's passphrase is the first line of this file
    #[arg(long, value_name = "FILE", requires = "seal")]
    pub passphrase_file: Option<PathBuf>,
    /// Write the formats of others, too, as for attesh seal
    #[arg(long, value_name = "LIST", requires = "seal")]
    pub format: Option<String>,
    /// Sign commitments in the place of the texts, as for attesh seal
    #[arg(long, requires = "seal", conflicts_with = "format")]
    pub selective: bool,
    /// Write the link of --format in the older form of in-toto
    #[arg(long, requires = "format")]
    pub metablock: bool,
    /// Replace files that exist
    #[arg(long, requires = "seal")]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh sh build.sh                                        run it, and record each command",
    "attesh sh -e -o pipefail build.sh                         with bash's own options",
    "attesh sh --seal build.intoto.json --key ci.key build.sh  and sign what was recorded",
    "attesh sh --trace build.sh                                and every program that starts",
])]
#[allow(missing_docs)]
pub struct Sh {
    #[command(flatten)]
    pub session: InSession,
    /// Record every program that starts below the script, too
    #[arg(long)]
    pub trace: bool,
    /// With --trace: record the files that each command made, changed and removed, too
    #[arg(long)]
    pub files: bool,
    /// bash's options, the script, its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION | FILE | ARGUMENT")]
    pub words: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh run make test                                      record every program that starts below it",
    "attesh run --seal t.intoto.json --key ci.key make test    and sign what was recorded",
    "attesh run --lines ./build                                and the lines of each bash below it",
    "attesh run --fail closed ./agent                          refuse a start that cannot be recorded",
    "attesh run --author claude-code claude -p 'fix the tests'  say who runs it, for attesh log --author",
])]
#[allow(missing_docs)]
pub struct Run {
    #[command(flatten)]
    pub session: InSession,
    /// Who has the program run, such as claude-code; attesh log --author lists what that ran
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// Record the files that it made, changed and removed, too
    #[arg(long)]
    pub files: bool,
    /// Record the lines of each bash that runs a text or a file, too
    #[arg(long)]
    pub lines: bool,
    /// What becomes of a start that cannot be recorded: open lets it go on, closed refuses it
    #[arg(long, value_name = "open|closed", default_value = "open", value_parser = ["open", "closed"])]
    pub fail: String,
    /// Wait until everything that the program started has ended
    #[arg(long)]
    pub wait: bool,
    /// The program and its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "PROGRAM | ARGUMENT"
    )]
    pub words: Vec<OsString>,
}
