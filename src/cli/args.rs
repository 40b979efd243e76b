//! The command line: every verb, flag and example in one place. Help, completions and the
//! test that compares them with the man pages are made from it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use agent::{Agent, AgentInstall, AgentName, AgentVerb};
pub use collect::{Collect, Init, NoticeArgs};
pub use mask::{Mask, MaskRules, MaskTest, MaskVerb};
pub use masks::Masks;
pub use policy::{
    ExportFormat, Policy, PolicyCheck, PolicyExplain, PolicyExport, PolicyFromGithub, PolicyFromGitlab,
    PolicyFromScript, PolicyOutput, PolicyTest, PolicyVerb,
};
pub use reconcile::Reconcile;
pub use redact::{Disclose, Redact, Which};
pub use seal::{InSession, Run, Seal, Sealing, Sh};
pub use show::Show;
pub use verify::Verify;

/// Puts examples under a verb's help.
macro_rules! examples {
    ($($line:literal),+ $(,)?) => { concat!("Examples:", $("\n  ", $line),+) };
}

mod agent;
mod collect;
mod mask;
mod masks;
mod policy;
mod reconcile;
mod redact;
mod seal;
mod show;
mod verify;

/// Records what a shell ran and turns it into one signed attestation.
#[derive(Debug, Parser)]
#[command(name = "attesh", version, max_term_width = 100, after_help = examples![
    "eval \"$(attesh init bash)\"          record this shell",
    "attesh seal                          end the session and sign it",
    "attesh verify NAME.intoto.json       check what was signed",
])]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Print the hook for a shell, or put it into its rc file
    Init(Init),
    /// Open a named session that several shells can join
    Start(Start),
    /// End a session without sealing it
    Stop(Stop),
    /// Say what is being recorded here
    Status(Status),
    /// List the sessions on this machine
    Sessions(Sessions),
    /// List the commands of a session
    Log(Log),
    /// Add a remark to the session
    Note(Note),
    /// Try what is masked before a text is recorded
    Mask(Mask),
    /// Pause recording
    Pause(Pause),
    /// Go on recording
    Resume(Resume),
    /// Take texts out of a session that has ended
    Redact(Redact),
    /// End a session and sign it as one attestation
    Seal(Seal),
    /// Show one text of a selective seal with its salt, or check such a text
    Disclose(Disclose),
    /// Check attestations, journals and session folders
    Verify(Verify),
    /// Run a script in bash and record each command of it
    Sh(Sh),
    /// Run a program and record every program that starts below it
    Run(Run),
    /// Have coding agents recorded that are typed in a shell
    Agent(Agent),
    /// Print a sealed file, a journal or a session readably
    Show(Show),
    /// Hold what an agent's transcript tells of its commands against what the kernel told
    Reconcile(Reconcile),
    /// Write, check, explain and try policies
    Policy(Policy),
    /// Make and look at sealing keys
    Key(Key),
    /// Remove sessions that are no longer needed
    Prune(Prune),
    /// Say how well this shell can be recorded
    Doctor(Doctor),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print a man page, or write all of them to a folder
    Man(Man),
}

impl Verb {
    /// Whether it prints something that a program may read.
    #[must_use]
    pub fn prints(&self) -> bool {
        !matches!(self, Verb::Note(_) | Verb::Pause(_) | Verb::Resume(_) | Verb::Sh(_) | Verb::Run(_))
    }

    /// Whether the result is wanted as JSON.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        match self {
            Verb::Start(args) => args.json,
            Verb::Stop(args) => args.json,
            Verb::Status(args) => args.json,
            Verb::Sessions(args) => args.json,
            Verb::Log(args) => args.json,
            Verb::Redact(args) => args.json,
            Verb::Disclose(args) => args.json,
            Verb::Seal(args) => args.json,
            Verb::Verify(args) => args.json,
            Verb::Show(args) => args.json,
            Verb::Reconcile(args) => args.json,
            Verb::Key(Key { verb: KeyVerb::Generate(args) }) => args.json,
            Verb::Key(Key { verb: KeyVerb::Show(args) }) => args.json,
            Verb::Key(Key { verb: KeyVerb::Trust(args) }) => args.json,
            Verb::Policy(Policy { verb: PolicyVerb::Check(args) }) => args.json,
            Verb::Policy(Policy { verb: PolicyVerb::Explain(args) }) => args.json,
            Verb::Policy(Policy { verb: PolicyVerb::Test(args) }) => args.json,
            Verb::Policy(_) => false,
            Verb::Mask(Mask { verb: MaskVerb::Test(args) }) => args.json,
            Verb::Mask(Mask { verb: MaskVerb::Rules(args) }) => args.json,
            Verb::Prune(args) => args.json,
            Verb::Doctor(args) => args.json,
            Verb::Init(_) | Verb::Note(_) | Verb::Pause(_) | Verb::Resume(_) => false,
            Verb::Completions(_) | Verb::Man(_) | Verb::Sh(_) | Verb::Run(_) | Verb::Agent(_) => false,
        }
    }
}

/// A shell with a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShellName {
    /// GNU bash 5.1 and newer
    Bash,
    /// zsh 5.8 and newer
    Zsh,
    /// fish 3.1 and newer
    Fish,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh start incident-42                          open a session",
    "eval \"$(attesh init bash --session incident-42)\"  join it, in each terminal",
    "attesh start job --secret env:JOB_SECRET          with an origin secret of its own",
    "attesh start --dir \"$PWD/.attesh\"                in a folder, for the steps of a job",
    "attesh start support-7 --notice notice.txt --purpose 'support case 7' --retain 30d",
])]
#[allow(missing_docs)]
pub struct Start {
    /// Its name: 1 to 64 of A-Z a-z 0-9 . _ -; optional if the session gets a folder
    pub name: Option<String>,
    /// Keep the session in this folder, or join the session in it
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// The origin secret: a file, or env:NAME for a variable
    #[arg(long, value_name = "FILE|env:NAME")]
    pub secret: Option<String>,
    #[command(flatten)]
    pub collect: Collect,
    /// Append head=TOKEN to the file that GITHUB_OUTPUT names
    #[arg(long)]
    pub github_output: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh stop                   end this shell's session",
    "attesh stop incident-42       end a named session",
    "attesh stop --close-others    end it while other shells record in it",
    "attesh stop --dir /tmp/job    end the session in a folder",
])]
#[allow(missing_docs)]
pub struct Stop {
    /// A session's name, id or folder; by default this shell's
    pub session: Option<String>,
    /// The session in this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "session")]
    pub dir: Option<PathBuf>,
    /// End the session although other shells record in it
    #[arg(long)]
    pub close_others: bool,
    /// Append head=TOKEN to the file that GITHUB_OUTPUT names
    #[arg(long)]
    pub github_output: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh status                 say what is recorded here",
    "attesh status incident-42     say how another session stands",
    "attesh status --json          for a program",
    "attesh status --dir /tmp/job  say how the session in a folder stands",
])]
#[allow(missing_docs)]
pub struct Status {
    /// A session's name, id or folder; by default this shell's
    pub session: Option<String>,
    /// The session in this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "session")]
    pub dir: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh sessions               all of them",
    "attesh sessions --unsealed    those that are not sealed yet",
    "attesh sessions --removed     those that attesh prune removed",
    "attesh sessions --json        for a program",
])]
#[allow(missing_docs)]
pub struct Sessions {
    /// Only sessions that are not sealed
    #[arg(long)]
    pub unsealed: bool,
    /// The sessions that attesh prune removed, by their tombstones
    #[arg(long, conflicts_with = "unsealed")]
    pub removed: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh log                    this session",
    "attesh log -n 20              its last 20 commands",
    "attesh log --failed           those that did not succeed",
    "attesh log -v                 with the numbers of the records",
    "attesh log --author claude-code --failed    what an agent ran, and did not succeed",
])]
#[allow(missing_docs)]
pub struct Log {
    /// A session's name, id or folder; by default this shell's, with --author the newest that has it
    pub session: Option<String>,
    /// Only what this author of a program of attesh run ran, such as claude-code
    #[arg(long, value_name = "NAME", conflicts_with_all = ["last", "verbose"])]
    pub author: Option<String>,
    /// Only the last N commands
    #[arg(short = 'n', long, value_name = "N")]
    pub last: Option<usize>,
    /// Only commands whose status is not 0, and where commands were lost
    #[arg(long)]
    pub failed: bool,
    /// Say more: the numbers of the records, and a row for each of them
    #[arg(short, long)]
    pub verbose: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh note 'begin of the upgrade'         a remark",
    "attesh note < plan.txt                     from standard input",
    "attesh note --session incident-42 'done'   in another session",
])]
#[allow(missing_docs)]
pub struct Note {
    /// The remark; without it attesh reads standard input
    pub text: Vec<String>,
    /// A session's name, id or folder; by default this shell's
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh pause 'personal mail'      this shell",
    "attesh pause --all                every shell of the session",
    "attesh resume                     go on",
])]
#[allow(missing_docs)]
pub struct Pause {
    /// The reason; it is recorded
    pub reason: Vec<String>,
    /// Pause every shell of the session
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh resume                    this shell",
    "attesh resume 'mail is done'     with a reason",
    "attesh resume --all              every shell of the session",
])]
#[allow(missing_docs)]
pub struct Resume {
    /// The reason; it is recorded
    pub reason: Vec<String>,
    /// Resume in every shell of the session
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh key generate -o ci.key --no-passphrase    ci.key and ci.key.pub",
    "attesh key show ci.key.pub                       its fingerprint, in both forms",
    "attesh key trust colleague.pub                   trust it by default from now on",
])]
#[allow(missing_docs)]
pub struct Key {
    /// What to do with keys.
    #[command(subcommand)]
    pub verb: KeyVerb,
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Make a key: FILE (PKCS#8) and FILE.pub (SPKI)
    Generate(KeyGenerate),
    /// Print a key's public half and fingerprint
    Show(KeyShow),
    /// Add a public key to those trusted by default
    Trust(KeyTrust),
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh key generate -o ops.key                          asks for a passphrase",
    "attesh key generate -o ci.key --no-passphrase           for a machine",
    "attesh key generate -o k --passphrase-file secret.txt   without a terminal",
])]
#[allow(missing_docs)]
pub struct KeyGenerate {
    /// Where to write the private key; the public one goes to FILE.pub
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Write the private key without a passphrase
    #[arg(long, conflicts_with = "passphrase_file")]
    pub no_passphrase: bool,
    /// The passphrase is the first line of this file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh key show                      the default key",
    "attesh key show ci.key.pub           another",
    "attesh key show ci.key.pub --json    for a program",
])]
#[allow(missing_docs)]
pub struct KeyShow {
    /// A public key file; by default that of the default key
    pub file: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh key trust ci.key.pub               trust it",
    "attesh key trust ~/.ssh/id_ed25519.pub    an OpenSSH key",
    "ls ~/.config/attesh/trusted               those that are trusted",
])]
#[allow(missing_docs)]
pub struct KeyTrust {
    /// The public key
    pub file: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh prune                              those whose retention has passed",
    "attesh prune --sealed --older-than 30d    sealed sessions of last month and before",
    "attesh prune --sealed --dry-run           which would be removed?",
    "attesh prune 5d02c1a9 --force             this one, sealed or not",
])]
#[allow(missing_docs)]
pub struct Prune {
    /// Sessions by name, id or folder; by default those whose retention has passed
    pub session: Vec<String>,
    /// Every sealed session
    #[arg(long)]
    pub sealed: bool,
    /// Only those that opened longer ago than this: a number and s, m, h, d or w
    #[arg(long, value_name = "AGE")]
    pub older_than: Option<String>,
    /// Remove the named sessions although they were never sealed, or are to be kept for longer
    #[arg(long)]
    pub force: bool,
    /// Remove sessions that another machine records too
    #[arg(long)]
    pub elsewhere: bool,
    /// Only say which sessions would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh doctor            run it inside a recorded shell",
    "attesh doctor --json     for a program",
    "attesh doctor || true    its exit status says whether anything is degraded",
])]
#[allow(missing_docs)]
pub struct Doctor {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh completions bash > ~/.local/share/bash-completion/completions/attesh",
    "attesh completions zsh > ~/.zfunc/_attesh",
    "attesh completions fish > ~/.config/fish/completions/attesh.fish",
])]
#[allow(missing_docs)]
pub struct Completions {
    /// The shell
    pub shell: ShellName,
}

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh man                          the page of attesh itself",
    "attesh man seal | man -l -          the page of a verb",
    "attesh man --all -o ~/.local/share/man",
])]
#[allow(missing_docs)]
pub struct Man {
    /// A page: a verb, journal, story, or a name with its section: seal.5, policy.5
    pub page: Option<String>,
    /// Write every page to the folder given with -o
    #[arg(long, requires = "output", conflicts_with = "page")]
    pub all: bool,
    /// The folder; pages go to man1 and man5 in it
    #[arg(short, long, value_name = "FOLDER", requires = "all")]
    pub output: Option<PathBuf>,
}
