//! What the reader of a verdict should know of a journal: the findings and their codes.

use crate::cause::Code;
use crate::record::words;

/// Whether a finding makes the session incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The session is not complete.
    Incomplete,
    /// Worth telling; the session can be complete all the same.
    Note,
}

words! {
    /// What kind of finding. attesh-story(5) has the list.
    FindingCode {
        /// A start, finish or close of a shell that is not open.
        UnknownShell = "unknown-shell",
        /// A command that started and never finished.
        Unfinished = "unfinished",
        /// A shell's counter or the hook's number went back.
        Counter = "counter",
        /// Commands ran unrecorded.
        Gap = "gap",
        /// A finish of a command that is not running.
        FinishWithoutStart = "finish-without-start",
        /// Nobody saw how a command ended, and no outcome says why.
        Unobserved = "unobserved",
        /// A script that was recorded as a whole: its commands could not be seen.
        UnseenCommands = "unseen-commands",
        /// The shell's history has a line that the shell did not announce.
        Unannounced = "unannounced",
        /// A script whose shell was closed by somebody else, or was not seen to its end.
        CutShort = "cut-short",
        /// A shell that never closed.
        OpenShell = "open-shell",
        /// The journal has no end.
        NoEnd = "no-end",
        /// A shell was replaced by another in its process.
        Replaced = "replaced",
        /// Recording was paused.
        Pause = "pause",
        /// Recording went on.
        Resume = "resume",
        /// A recorder repaired what a killed one left.
        Recovered = "recovered",
        /// The session took the place of a broken one.
        AfterLoss = "after-loss",
        /// A hook reported calls that were not acknowledged.
        ReportedLoss = "reported-loss",
        /// The recorder found something out of order.
        Anomaly = "anomaly",
        /// A hook had been removed and was put back.
        HookRepaired = "hook-repaired",
        /// A hook saw that commands ran unrecorded.
        ReportedGap = "reported-gap",
        /// A setting that decides what is recorded was changed.
        Configuration = "configuration",
        /// The clock was set.
        Clock = "clock",
        /// There are findings beyond those that are listed.
        More = "more",
    }
}

impl FindingCode {
    /// The cause of the verdict, if findings of this code make the session incomplete.
    #[must_use]
    pub fn cause(self) -> Option<Code> {
        use FindingCode::*;
        match self {
            UnknownShell => Some(Code::StoryUnknownShell),
            Unfinished => Some(Code::StoryUnfinished),
            Counter => Some(Code::StoryCounter),
            Gap => Some(Code::StoryGap),
            FinishWithoutStart => Some(Code::StoryFinishWithoutStart),
            Unobserved => Some(Code::StoryUnobserved),
            UnseenCommands => Some(Code::StoryUnseenCommands),
            Unannounced => Some(Code::StoryUnannounced),
            CutShort => Some(Code::StoryCutShort),
            OpenShell => Some(Code::StoryOpenShell),
            NoEnd => Some(Code::StoryNoEnd),
            Replaced | Pause | Resume | Recovered | AfterLoss | ReportedLoss | Anomaly | HookRepaired
            | ReportedGap | Configuration | Clock | More => None,
        }
    }

    /// Whether findings of this code make the session incomplete.
    #[must_use]
    pub fn weight(self) -> Weight {
        if self.cause().is_some() { Weight::Incomplete } else { Weight::Note }
    }
}

/// Something the reader of a verdict should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Index of the record it is about.
    pub record: u64,
    /// What kind of finding.
    pub code: FindingCode,
    /// In words.
    pub text: String,
}

impl Finding {
    /// Whether it makes the session incomplete.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.code.weight() == Weight::Incomplete
    }
}

/// What is said of a shell that the records do not close, in a session that `ended` or not.
#[must_use]
pub fn left_open(shell: u64, ended: bool) -> String {
    let how = if ended { "never closed" } else { "was open where the journal stops" };
    format!("shell {shell} {how}")
}
