//! How long those who wait for the collectors wait.

use std::time::Duration;

/// How long those who wait for the collectors wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a program that one asks.
    pub asked: Duration,
    /// For files that one reads.
    pub files: Duration,
}

/// How long a job waits.
pub const IN_A_JOB: Patience = Patience { asked: Duration::from_secs(5), files: Duration::from_secs(600) };
/// How long a person waits, at the first prompt and at the end of a shell.
pub const AT_A_PROMPT: Patience = Patience { asked: Duration::from_secs(1), files: Duration::from_secs(10) };
