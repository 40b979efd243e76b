//! The kinds of failure, each with its exit code and its word.

/// The kinds of failure; each has one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The policy is not met.
    Policy,
    /// The command was called wrongly, or something it needs was not given.
    Usage,
    /// Integrity or signature failure; a readable file that is not well formed.
    Integrity,
    /// The session is incomplete.
    Incomplete,
    /// It could not be checked or done: input or output failed, nothing was found.
    Unable,
    /// No trusted key made it.
    Untrusted,
    /// A newer version made it, or it holds what must be understood and is not known here.
    Unsupported,
}

impl Kind {
    /// The exit code, as attesh(1) has it in a table.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        self.row().0
    }

    /// Its word, in text and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// The table of attesh(1).
    fn row(self) -> (u8, &'static str) {
        match self {
            Kind::Policy => (1, "policy"),
            Kind::Usage => (2, "usage"),
            Kind::Integrity => (3, "integrity"),
            Kind::Incomplete => (4, "incomplete"),
            Kind::Unable => (5, "unable"),
            Kind::Untrusted => (6, "untrusted"),
            Kind::Unsupported => (7, "unsupported"),
        }
    }
}
