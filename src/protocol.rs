//! The words between a shell's hook and the recorder.
//!
//! What lives here: the verbs, keys and statuses of docs/hook-protocol.md, and how a call is
//! written in Rust. What does not: what a call says (`recorder::call`), how it reaches the
//! recorder (`recorder::hook`).
//!
//! Rules: each word is spelled once, here. A test compares this file with the page and with
//! shell/hook.*, so that no side can misspell a key.

/// The first word of a call, which `main` looks for.
pub const COMMAND: &str = "rec";
/// The version of the protocol that this program speaks.
pub const VERSION: &str = "1";

/// Declares an enum of words: one list gives the type, its spelling and its parser.
macro_rules! spelled {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
        impl $name {
            /// Every value, in the order of the page.
            pub const ALL: &[$name] = &[$($name::$variant),+];
            /// The word that stands for it.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
            /// The value that a word stands for.
            #[must_use]
            pub fn from_word(word: &[u8]) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word().as_bytes() == word)
            }
        }
    };
}

spelled! {
    /// What a call asks for.
    Verb {
        /// A shell joins a session, or goes to another.
        Open = "open",
        /// Why can nothing be appended?
        Why = "why",
        /// A command is about to run.
        Start = "s",
        /// A command has ended.
        Finish = "e",
        /// The hook saw something else.
        Note = "n",
        /// The shell leaves.
        Close = "x",
    }
}

spelled! {
    /// What a call says. The first word after the verb has the key `Version`.
    Key {
        /// The version of the protocol.
        Version = "p",
        /// The folder of the session.
        Folder = "d",
        /// The root of the session's genesis.
        Genesis = "g",
        /// The index of the shell's `shell-open`.
        Shell = "sh",
        /// The hook's own number of the command.
        Number = "n",
        /// The shell's own counter.
        Native = "nat",
        /// How far that counter moved without a command.
        Skip = "skip",
        /// Where the text comes from.
        Source = "src",
        /// An exit status.
        Status = "st",
        /// The statuses of a pipeline.
        PipeStatus = "ps",
        /// The duration that the shell measured, in microseconds.
        Duration = "us",
        /// Where the status was seen.
        From = "from",
        /// Whether the command set the status.
        Fresh = "fresh",
        /// The status just before the command.
        Previous = "prev",
        /// Whether the call may be a repeat.
        Repeat = "r",
        /// How many calls failed since the last one that was acknowledged.
        Lost = "lost",
        /// What a note is about.
        What = "what",
        /// Why a shell leaves.
        Why = "why",
        /// Which shell it is.
        Program = "kind",
        /// The version of the shell.
        ProgramVersion = "ver",
        /// The process id of the shell.
        ProcessId = "pid",
        /// The history settings that can hide a text.
        History = "hist",
        /// The digest of the hook's text.
        Hook = "hook",
        /// The session to join.
        Session = "name",
        /// The session that the shell came up in.
        Exported = "env",
        /// Whether `init` was typed.
        Typed = "typed",
    }
}

impl Key {
    /// The word that gives this key a value.
    #[must_use]
    pub fn is(self, value: impl std::fmt::Display) -> String {
        format!("{}={value}", self.word())
    }
}

/// What follows the program's name in a call of this version: `rec VERB p=1 …`.
#[must_use]
pub fn words(verb: Verb, values: impl IntoIterator<Item = String>) -> Vec<String> {
    let head = [COMMAND.to_owned(), verb.word().to_owned(), Key::Version.is(VERSION)];
    head.into_iter().chain(values).collect()
}

/// What the recorder answers to every call. A process gives it as its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum CallStatus {
    /// The record is in the journal.
    Acknowledged = 0,
    /// The journal is not what the recorder left.
    Tampered = 1,
    /// The words are not a call of this protocol.
    Usage = 2,
    /// The session has ended, is lost or has vanished.
    Over = 3,
    /// Another process held the lock for too long.
    Busy = 4,
    /// The recorder could not read or write.
    Unable = 5,
}
