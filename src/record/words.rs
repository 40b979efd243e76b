//! The sets of words that records use.

/// A set of words.
pub trait Word: Copy {
    /// The value that a word stands for.
    fn from_word(word: &str) -> Option<Self>;
    /// The word that stands for it.
    fn word(self) -> &'static str;
}

/// Declares an enum of words: one list gives the type, its spelling and its parser.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
        impl $name {
            /// Every value, in the order of the specification.
            pub const ALL: &[$name] = &[$($name::$variant),+];
            /// The word that stands for it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
            /// The value a word stands for.
            #[must_use]
            pub fn from_name(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
        impl $crate::record::Word for $name {
            fn from_word(word: &str) -> Option<Self> {
                Self::from_name(word)
            }
            fn word(self) -> &'static str {
                self.name()
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self.name())
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<str> as serde::Deserialize>::deserialize(input)?;
                Self::from_name(&word).ok_or_else(|| serde::de::Error::custom(format!("the unknown word {:?}", crate::text::short(&word))))
            }
        }
    };
}
pub(crate) use words;

words! {
    /// The kinds of record.
    Kind {
        /// The first record of a journal.
        Genesis = "genesis",
        /// What a collector saw.
        Fact = "fact",
        /// A shell joined the session.
        ShellOpen = "shell-open",
        /// A shell left the session.
        ShellClose = "shell-close",
        /// The script that is to run.
        Plan = "plan",
        /// A command is about to run.
        Start = "start",
        /// A command has ended.
        Finish = "finish",
        /// A remark, or something the shell did not execute.
        Note = "note",
        /// Recording pauses.
        Pause = "pause",
        /// Recording goes on.
        Resume = "resume",
        /// Calls of a shell that were not acknowledged.
        Lost = "lost",
        /// Something the recorder found out of order.
        Anomaly = "anomaly",
        /// The last record of a journal.
        End = "end",
    }
}
words! {
    /// The shells that are known; a journal may name others.
    Program {
        /// GNU bash
        Bash = "bash",
        /// zsh
        Zsh = "zsh",
        /// fish
        Fish = "fish",
        /// Another shell, of which only its beginning, end and status are known
        Sh = "sh",
        /// No shell: `attesh run`, whose one command is the program that it was given
        Run = "run",
    }
}
words! {
    /// Where the state of a journal lives.
    StateLevel {
        /// Under `$XDG_RUNTIME_DIR`, in memory.
        Runtime = "runtime",
        /// Under `/dev/shm`, in memory.
        Shm = "shm",
        /// On a disk: an earlier key may be left on the device.
        Disk = "disk",
    }
}
words! {
    /// What ends a session.
    Closes {
        /// The close of its last shell.
        LastShell = "last-shell",
        /// `attesh stop` or `attesh seal` alone.
        Stop = "stop",
    }
}
words! {
    /// Where a command's text comes from.
    TextSource {
        /// The shell's history list, which may have joined lines.
        History = "history",
        /// History took no new entry; the text equals the one before.
        HistoryDup = "history-dup",
        /// As typed.
        Typed = "typed",
        /// As the shell re-rendered it.
        Rendered = "rendered",
        /// The user's history settings hide it.
        Withheld = "withheld",
        /// The script that the shell runs.
        Script = "script",
        /// Not to be had.
        None = "none",
    }
}
words! {
    /// Where a finish saw its status.
    From {
        /// At the prompt after the command.
        Prompt = "prompt",
        /// Just before the next command.
        NextStart = "next-start",
        /// The shell left with this command.
        Exit = "exit",
        /// The command was interrupted before it ran.
        Interrupt = "interrupt",
        /// Nowhere: the status is null.
        Unknown = "unknown",
    }
}
words! {
    /// Why a finish stands although nobody saw the command end.
    Unseen {
        /// The command is the one that seals the session.
        Sealing = "sealing",
        /// The command is the one that stops the session.
        Stopping = "stopping",
        /// The shell was replaced by another that took its place in the session.
        Replaced = "replaced",
        /// Nobody saw how it ended, although its shell went on or came to its end.
        Untold = "untold",
    }
}
words! {
    /// Why a shell left.
    CloseReason {
        /// `exit` was typed.
        Exit = "exit",
        /// End of input at the prompt.
        Eof = "eof",
        /// A signal ended it.
        Signal = "signal",
        /// Another shell runs in its process (`exec bash`).
        Replaced = "replaced",
        /// It went on in another session, which was named to it.
        Moved = "moved",
        /// The session was sealed under it.
        Sealed = "sealed",
        /// The session was stopped under it.
        Stopped = "stopped",
        /// Not to be told.
        Unknown = "unknown",
    }
}

impl CloseReason {
    /// Whether the shell itself came to its end, and was seen to.
    #[must_use]
    pub fn is_own_end(self) -> bool {
        matches!(self, CloseReason::Exit | CloseReason::Eof | CloseReason::Signal)
    }
}

words! {
    /// What a note is about.
    NoteWhat {
        /// A remark of the user.
        Remark = "remark",
        /// A blank, a comment or a syntax error: read by the shell, not executed.
        Unexecuted = "unexecuted",
        /// A line of the shell's history that the shell did not announce: it ran from a key
        /// binding, or it did not run.
        Unannounced = "unannounced",
        /// What the shell's history took while a command ran: as a rule what `fc` ran.
        History = "history",
        /// A hook had been removed and was put back.
        HookRepaired = "hook-repaired",
        /// The hook itself saw that commands ran unrecorded.
        Gap = "gap",
        /// A setting that decides what is recorded was changed.
        Configuration = "configuration",
    }
}
words! {
    /// Why a journal ended.
    EndReason {
        /// Its last shell closed.
        LastShell = "last-shell",
        /// `attesh stop`.
        Stop = "stop",
        /// `attesh seal`.
        Seal = "seal",
    }
}
words! {
    /// When a fact was seen.
    FactTime {
        /// When the session, the job or the script began.
        Start = "start",
        /// When it ended.
        Stop = "stop",
        /// While a command ran, or about it.
        Command = "command",
    }
}
words! {
    /// What a plan's starts and statuses rest on.
    Evidence {
        /// bash was watched where it reads: each unit as bash itself read it.
        Reader = "reader",
        /// Traps of the script's own shell told of each unit.
        Traps = "traps",
        /// The script was recorded as one command: of its units nothing is known.
        Whole = "whole",
    }
}
words! {
    /// Why a session did not go on.
    PrevWhy {
        /// It was sealed.
        Sealed = "sealed",
        /// It was stopped.
        Stopped = "stopped",
        /// Its last shell closed.
        Ended = "ended",
        /// Its journal was changed from outside.
        Tampered = "tampered",
        /// Its state was gone.
        Lost = "lost",
    }
}
words! {
    /// Variables of the environment that change what a shell does before its script.
    Inherited {
        /// A file that bash reads first.
        BashEnv = "BASH_ENV",
        /// A file that a POSIX shell reads first.
        Env = "ENV",
        /// Options that bash takes over.
        ShellOpts = "SHELLOPTS",
        /// Options of `shopt` that bash takes over.
        BashOpts = "BASHOPTS",
        /// A function that the environment brings, which takes the place of a command.
        Function = "BASH_FUNC",
        /// A library that runs within the shell.
        Preload = "LD_PRELOAD",
        /// Another, which the linker calls.
        Audit = "LD_AUDIT",
        /// Where the linker looks for the shell's libraries first.
        Libraries = "LD_LIBRARY_PATH",
        /// bash is in posix mode, and expands aliases.
        Posix = "POSIXLY_CORRECT",
        /// Where `cd` looks for a folder.
        Folders = "CDPATH",
        /// What a pattern does not match.
        Ignored = "GLOBIGNORE",
        /// What bash does not take for a program.
        NotRun = "EXECIGNORE",
    }
}
