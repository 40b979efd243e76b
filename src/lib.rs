//! attesh: records what a shell ran and turns it into one signed attestation.
//!
//! # The way through it
//!
//! Data flows one way, and imports point the other way:
//!
//! ```text
//! a shell          src/recorder/      src/journal/     src/seal/          src/verify.rs
//! shell/hook.*  →  one Record      →  the chain     →  Statement       →  Verdict → exit code
//!                                                      in an Envelope     ↑ src/policy/
//! ```
//!
//! A script takes a shorter way: [`run`] is the parent of its bash, hears from it which
//! unit runs (`shell/trap.bash`, [`script::run`]) and appends the records itself. So it does for
//! the block of a CI job (`shell/block.*`), in calls from the shell that the runner made.
//!
//! * **ground**, one concern each, knowing nothing above: [`sys`] (the only unsafe code),
//!   [`os`] (all that is Linux alone: `/proc`, clocks, signals, folders in memory), [`clock`]
//!   (what the clocks say at one moment), [`mod@lock`] (the only flock), [`files`] (private
//!   folders, publishing whole), [`paths`] (the only reader of the environment), [`encoding`],
//!   [`crypto`] (labels and keys), [`text`] (escaped, quoted, counted), [`kind`] (kinds of
//!   failure and their exit codes), [`failure`], [`cause`] (the codes of causes), [`mask`] (which bytes of a text are secret), [`asked`] (other programs that are asked something).
//! * **flow**, pure but for `journal::append`, bytes in and values out: [`protocol`] (the words between hook and
//!   recorder), [`record`] (one fact and its two columns), [`fact`] (what each type of fact says), [`script`] (a script and its units),
//!   [`mod@agent`] (what an agent ran, by the starts below its program), [`journal`] (chain, state, append, check, redact, story, heads kept elsewhere), [`seal`]
//!   (statement, envelope, bundle, keys, trust), [`policy`] (what a statement must say),
//!   [`verify`].
//! * **sessions**: [`session`] knows the folders of this machine; it lends the journal's
//!   writer out under the lock.
//! * **sources**, which make records and know nothing of one another: [`recorder`] (the hot
//!   path whole: parse, apply, and the transport that a call comes by), [`run`] (the parent of
//!   a script's bash, and a CI block), [`supervise`] (the parent of a program, which the kernel tells
//!   of each start below it). They ask [`collect`], which looks around a session.
//! * **doors**, which touch the world and which nobody imports: `main` and [`cli`] (one file a
//!   verb or a family of verbs). What they and [`run`] use to talk: [`report`], [`page`] (HTML and
//!   Markdown, pure), [`passphrase`], `seal::signer`, `seal::agent`, `seal::apart`.
//!
//! Files import each other in one direction, too: a test finds every circle of files.
//!
//! # Where a new line goes
//!
//! * A new collected fact: its type in `KNOWN_TYPES` of `record/fact.rs`, what its texts say in a
//!   file of [`fact`], who looks in a file of [`collect`], its page attesh-facts(5).
//! * A new format that others read: a file of [`seal::derived`], its table in attesh-seal(5), its
//!   judge in `tests/oracles`.
//! * A new kind of key: read and named in `seal/keys.rs`, believed in `seal/trust.rs`; where it
//!   signs, a variant of `seal::signer::Signer`.
//! * A second transport of the recorder: a file beside `recorder/hook.rs`, which hands a parsed
//!   call to `recorder/apply.rs`.
//! * A new cause: a line in `cause.rs` (code, kind, sentence), which attesh-verify(1) lists, and
//!   attesh-journal(5) if it is of a record; `kind.rs` has the exit code of each kind.
//! * A macOS clock: a file beside `os/clock.rs`, chosen in `os/mod.rs`; what it needs of unsafe
//!   code is in [`sys`].
//!
//! # What is not there
//!
//! * [`verify`] does no input or output, knows no time and no paths.
//! * What was signed is the bytes as stored: a record is written again only to see that it has
//!   its one spelling.
//! * Nothing unauthenticated reaches a screen: a record leaves [`journal::check`] only after
//!   its signature, its tag, its commitments and its place in the story were checked. The one
//!   exception says so first: `attesh show` of an envelope that no trusted key signed.
//! * A script does not reach the key that signs it: that is in a process of its own ([`seal::apart`]).
//! * No key outlives its record: the slot that held it is zeroed before the recorder exits.
//! * No network, no daemon, no process left behind.
//! * A hook never changes what the user sees: a recorder that fails is counted, and the loss
//!   shows in the shell's own counters.
//!
//! # Where the truth is written
//!
//! attesh-journal(5) for the journal and its state, attesh-story(5) for what its records tell,
//! attesh-facts(5) for what stands around them,
//! attesh-seal(5) for what is sealed, which docs/shell-session.md says in the form of in-toto,
//! attesh-policy(5) for what may be asked of it,
//! docs/agents.md for what an agent ran,
//! docs/hook-protocol.md for hook and recorder, docs/shells.md for what the shells do,
//! docs/threat-model.md for what all of it is worth. Tests compare the pages with the code.

pub mod agent;
pub mod asked;
pub mod cause;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod crypto;
pub mod encoding;
pub mod fact;
pub mod failure;
pub mod files;
pub mod journal;
pub mod kind;
pub mod lock;
pub mod mask;
pub mod os;
pub mod page;
pub mod passphrase;
pub mod paths;
pub mod policy;
pub mod protocol;
pub mod record;
pub mod recorder;
pub mod report;
pub mod run;
pub mod script;
pub mod seal;
pub mod session;
pub mod supervise;
pub mod sys;
pub mod text;
pub mod verify;
