//! Do the records tell a complete story of each shell?
//!
//! What lives here: the state machine of shells and commands, and what it finds. Pure.
//! What does not: whether the records are genuine (`check`); only records whose
//! signature was verified come here.
//!
//! Rules: a finding never stops the story; completeness is the *absence* of findings that
//! make it incomplete together with the presence of `end`; loss is decided from the
//! shells' own counters, never from what a hook says of itself.

use std::collections::BTreeMap;

use crate::cause::{Cause, Code};
use crate::record::{
    Body, Close, Core, Evidence, Fact, Finish, Genesis, Note, NoteWhat, Open, Pause, Plan, PrevWhy, Program,
    Record, Resume, Start, TextSource, Unseen, is_known_fact,
};

mod finding;
mod kept;

pub use finding::{Finding, FindingCode, Weight, left_open};

/// The most shells that can be open at once; a journal with more is refused.
pub const OPEN_SHELLS_MAX: usize = 4096;
/// The most findings that are kept; further ones are counted.
pub const FINDINGS_MAX: usize = 1000;
/// The most of a finding's text that is kept, in bytes: some of it is the record's own words.
const FINDING_TEXT_MAX: usize = 512;
/// A step of the clock shows when realtime moves against boottime by more than this, in nanoseconds.
pub const CLOCK_STEP_NS: u64 = 100_000_000;

/// A command that has started and not finished yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenStart {
    /// Index of its record.
    pub index: u64,
    /// The hook's number.
    pub n: u64,
    /// Boottime of its start in nanoseconds.
    pub boottime_ns: u64,
}

/// A shell that has not closed yet.
#[derive(Clone, Debug)]
pub struct LiveShell {
    /// Which shell.
    pub program: Program,
    /// Its process id.
    pub pid: u64,
    /// Its start in clock ticks since boot.
    pub start_ticks: u64,
    /// The command that is running in it.
    pub running: Option<OpenStart>,
    /// Whether recording is paused for it.
    pub paused: bool,
    /// Whether it runs a script: it has a plan.
    pub script: bool,
    last_n: u64,
    // The counter's value that the next start's is judged against.
    native: Option<u64>,
    // Commands of a declared pause whose number is known only at the next start or close.
    pause_pending: bool,
    resumed_by_own_line: bool,
    interrupted: bool,
}

impl LiveShell {
    /// The hook's number of its last command; 0 before the first.
    #[must_use]
    pub fn last_n(&self) -> u64 {
        self.last_n
    }
}

/// What a record did to the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A command started.
    Started,
    /// A command finished: the record of its start, and how long it took.
    Finished {
        /// Index of the start.
        start: u64,
        /// Boottime between the two records in nanoseconds, where the second was made at its end.
        duration_ns: Option<u64>,
    },
    /// Neither.
    Other,
}

/// The story so far, and what was found in it.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The shells that are open, by the index of their shell-open.
    pub live: BTreeMap<u64, LiveShell>,
    /// Shells seen.
    pub shells: u64,
    /// Commands started.
    pub commands: u64,
    /// Commands whose status was seen and not 0.
    pub failed: u64,
    /// Commands that finished without anybody seeing their status.
    pub unobserved: u64,
    /// Commands that ran unrecorded, by the shells' counters.
    pub lost: u64,
    // Commands of declared pauses, by the shells' counters.
    paused_commands: u64,
    // Some pause lasted to its shell's end, and the counter there is not known.
    pause_uncounted: bool,
    /// Declared pauses.
    pub pauses: u64,
    /// Texts withheld at recording.
    pub withheld: u64,
    /// Texts that were taken out afterwards.
    pub redacted: u64,
    /// Anomalies recorded.
    pub anomalies: u64,
    /// Facts recorded.
    pub facts: u64,
    /// Facts of types that this program does not know.
    pub unknown_facts: u64,
    /// The first fact that must be understood and is not: its record and its type.
    pub must_understand: Option<(u64, String)>,
    /// How often the clock was seen to be set.
    pub clock_steps: u64,
    /// Whether the journal has its end.
    pub ended: bool,
    /// Findings, at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// Findings beyond those kept.
    pub more_findings: u64,
    incomplete: bool,
    clock: Option<(u64, u64)>,
    // It came from a state that had no room for the findings.
    trimmed: bool,
}

impl Story {
    /// Whether everything is told: ended, every shell closed, every start finished, no gap.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.ended && !self.incomplete
    }

    /// Whether it has its findings: a state may have had no room for them.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        !self.trimmed
    }

    /// Whether a finding says no more than that the session still goes on: of a shell it does as
    /// long as that one `lives`.
    #[must_use]
    pub fn is_in_progress(&self, finding: &Finding, lives: impl Fn(u64) -> bool) -> bool {
        let is_of = |(at, shell): (&u64, &LiveShell)| match finding.code {
            FindingCode::OpenShell => finding.text == left_open(*at, self.ended),
            _ => shell.running.is_some_and(|open| open.index == finding.record),
        };
        match finding.code {
            FindingCode::NoEnd => true,
            FindingCode::OpenShell | FindingCode::Unfinished => {
                self.live.iter().any(|shell| is_of(shell) && lives(*shell.0))
            }
            _ => false,
        }
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// The record cannot stand here whatever a shell does: after `end`, a second genesis,
    /// too many shells.
    pub fn apply(&mut self, record: &Record) -> Result<Effect, Cause> {
        let effect = self.add(&record.core)?;
        self.redacted = self.redacted.saturating_add(record.redacted());
        Ok(effect)
    }

    /// As [`Story::apply`], of a record that has all its texts.
    ///
    /// # Errors
    /// As [`Story::apply`].
    pub fn add(&mut self, core: &Core) -> Result<Effect, Cause> {
        if self.ended {
            return Err(Code::JournalAfterEnd.into());
        }
        if (core.index == 0) != matches!(core.body, Body::Genesis(_)) {
            return Err(Code::JournalGenesis.into());
        }
        self.watch_clock(core);
        if let Some(recovered) = core.recovered {
            let text = match recovered.adopted {
                0 => format!(
                    "{} bytes of a line that was never acknowledged were cut off",
                    recovered.cut_bytes
                ),
                _ => {
                    "the line before was complete but its recorder was killed before it could acknowledge it"
                        .into()
                }
            };
            self.find(core.index, FindingCode::Recovered, text);
        }
        match &core.body {
            Body::Open(open) => self.open(core.index, open)?,
            Body::Close(close) => self.close(core, close),
            Body::Start(start) => {
                self.start(core, start);
                return Ok(Effect::Started);
            }
            Body::Finish(finish) => return Ok(self.finish(core, finish)),
            Body::Pause(pause) => self.pause(core.index, pause),
            Body::Resume(resume) => self.resume(core.index, resume),
            Body::Lost(lost) => {
                let calls = match lost.count {
                    1 => "1 call that was".to_owned(),
                    count => format!("{count} calls that were"),
                };
                let text = format!("shell {} reports {calls} not acknowledged", lost.shell);
                self.find(core.index, FindingCode::ReportedLoss, text);
            }
            Body::Anomaly(anomaly) => {
                self.anomalies += 1;
                self.find(core.index, FindingCode::Anomaly, format!("recorded anomaly: {}", anomaly.what));
            }
            Body::Note(note) => self.remark(core.index, note),
            Body::End(_) => self.end(core.index),
            Body::Genesis(genesis) => self.begin(genesis),
            Body::Fact(fact) => self.fact(core.index, fact),
            Body::Plan(plan) => self.plan(core.index, plan),
        }
        Ok(Effect::Other)
    }

    /// Commands of declared pauses, by the shells' counters; none where they do not tell.
    #[must_use]
    pub fn paused_commands(&self) -> Option<u64> {
        (!self.pause_uncounted).then_some(self.paused_commands)
    }

    /// Tells the story's end where the journal has none. Call once, after the last record.
    pub fn conclude(&mut self, size: u64) {
        let last = size.saturating_sub(1);
        if !self.ended {
            self.find(
                last,
                FindingCode::NoEnd,
                "the journal has no end: it goes on, was killed, or was cut".into(),
            );
            self.leave_open(last);
        }
    }

    fn find(&mut self, record: u64, code: FindingCode, text: String) {
        let mut finding = Finding { record, code, text };
        let first_of_weight = finding.is_incomplete() && !self.incomplete;
        self.incomplete |= finding.is_incomplete();
        if self.trimmed {
            return;
        }
        if finding.text.len() > FINDING_TEXT_MAX {
            let end = (0..=FINDING_TEXT_MAX).rev().find(|end| finding.text.is_char_boundary(*end));
            finding.text.truncate(end.unwrap_or(0));
            finding.text.push('…');
            finding.text.shrink_to_fit();
        }
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
            return;
        }
        self.more_findings += 1;
        if first_of_weight {
            // It says why the session is not complete, so it takes the place of a note.
            self.findings.pop();
            self.findings.push(finding);
        }
    }

    fn watch_clock(&mut self, core: &Core) {
        let now = (core.time.realtime_ns, core.time.boottime_ns);
        if let Some((realtime, boottime)) = self.clock {
            if now.1 < boottime {
                self.find(core.index, FindingCode::Clock, "the time since boot went backwards".into());
            }
            let expected = realtime.saturating_add(now.1.saturating_sub(boottime));
            // NTP slews by at most 500 ppm: a slow drift is no step.
            let slack = CLOCK_STEP_NS + now.1.saturating_sub(boottime) / 1000;
            if now.0.abs_diff(expected) > slack {
                let ms = now.0.abs_diff(expected) / 1_000_000;
                self.clock_steps += 1;
                let way = if now.0 > expected { "forward" } else { "back" };
                self.find(core.index, FindingCode::Clock, format!("the clock was set {way} by {ms} ms"));
            }
        }
        self.clock = Some(now);
    }

    /// A session that took the place of a broken one is whole in itself only.
    fn begin(&mut self, genesis: &Genesis) {
        if let Some(prev) =
            genesis.prev.as_ref().filter(|prev| matches!(prev.why, PrevWhy::Tampered | PrevWhy::Lost))
        {
            let text = format!(
                "it took the place of session {}, which is {}: what ran between the two is not recorded",
                prev.session,
                prev.why.name()
            );
            self.find(0, FindingCode::AfterLoss, text);
        }
    }

    fn open(&mut self, index: u64, open: &Open) -> Result<(), Cause> {
        if self.live.len() == OPEN_SHELLS_MAX {
            return Err(Code::JournalShells.into());
        }
        self.shells += 1;
        let shell = LiveShell {
            // Of a shell that is not known every number must be told, as of any other shell.
            program: open.program.known().unwrap_or(Program::Sh),
            pid: open.pid,
            start_ticks: open.start_ticks,
            running: None,
            paused: false,
            last_n: 0,
            native: Some(open.native),
            pause_pending: false,
            resumed_by_own_line: false,
            interrupted: false,
            script: false,
        };
        self.live.insert(index, shell);
        Ok(())
    }

    fn start(&mut self, core: &Core, start: &Start) {
        self.commands += 1;
        if start.text_source == TextSource::Withheld {
            self.withheld += 1;
        }
        let index = core.index;
        let Some(shell) = self.live.get_mut(&start.shell) else {
            return self.find(
                index,
                FindingCode::UnknownShell,
                format!("a command of shell {}, which is not open", start.shell),
            );
        };
        let unfinished =
            shell.running.replace(OpenStart { index, n: start.n, boottime_ns: core.time.boottime_ns });
        // A number that cannot grow any more is as good as one used before.
        let missing = shell.last_n.checked_add(1).and_then(|due| start.n.checked_sub(due));
        shell.last_n = shell.last_n.max(start.n);
        let gap = shell.judge_native(start);
        if let Some(open) = unfinished {
            self.find(
                open.index,
                FindingCode::Unfinished,
                format!("command {} of shell {} never finished", open.n, start.shell),
            );
        }
        if missing.is_none() {
            let text = format!("command number {} of shell {} was used before", start.n, start.shell);
            self.find(index, FindingCode::Counter, text);
        }
        let declared = match gap {
            Gap::None => None,
            Gap::Declared(count) => {
                self.paused_commands = self.paused_commands.saturating_add(count);
                None
            }
            Gap::Undeclared(count) => Some(count),
            Gap::Reset => {
                let text = format!(
                    "the counter of shell {} went back: what ran in between is not known",
                    start.shell
                );
                self.find(index, FindingCode::Counter, text);
                None
            }
        };
        // The two counters see the same loss; the larger number is the one to tell.
        let count = missing.unwrap_or(0).max(declared.unwrap_or(0));
        if count > 0 {
            self.lost = self.lost.saturating_add(count);
            let text = format!("{count} command(s) of shell {} ran unrecorded before this one", start.shell);
            self.find(index, FindingCode::Gap, text);
        }
    }

    fn finish(&mut self, core: &Core, finish: &Finish) -> Effect {
        let open = self.live.get_mut(&finish.shell).and_then(|shell| {
            let open = shell.running.take_if(|open| open.n == finish.n)?;
            if shell.program == Program::Fish {
                shell.native = finish.native.or(shell.native);
            }
            shell.interrupted = finish.status == Some(130);
            Some((open, finish.saw_end(shell.script)))
        });
        let Some((open, saw_end)) = open else {
            let text =
                format!("the finish of command {} of shell {}, which is not running", finish.n, finish.shell);
            self.find(core.index, FindingCode::FinishWithoutStart, text);
            return Effect::Other;
        };
        match finish.status {
            Some(0) => {}
            Some(_) => self.failed += 1,
            None => {
                self.unobserved += 1;
                // A shell that set no status has told all that there was.
                if finish.outcome.is_none() && !finish.stale {
                    let text = format!("nobody saw how command {} of shell {} ended", finish.n, finish.shell);
                    self.find(core.index, FindingCode::Unobserved, text);
                }
            }
        }
        if finish.outcome == Some(Unseen::Replaced) {
            self.find(
                core.index,
                FindingCode::Replaced,
                format!("shell {} was replaced by another in its process", finish.shell),
            );
        }
        Effect::Finished {
            start: open.index,
            duration_ns: saw_end.then(|| core.time.boottime_ns.saturating_sub(open.boottime_ns)),
        }
    }

    fn close(&mut self, core: &Core, close: &Close) {
        let Some(shell) = self.live.remove(&close.shell) else {
            let text = format!("the close of shell {}, which is not open", close.shell);
            return self.find(core.index, FindingCode::UnknownShell, text);
        };
        if let Some(open) = shell.running {
            let text = format!("command {} of shell {} never finished", open.n, close.shell);
            self.find(open.index, FindingCode::Unfinished, text);
        }
        if shell.script && !close.why.is_own_end() {
            let text = format!("the script of shell {} was not followed to its end", close.shell);
            self.find(core.index, FindingCode::CutShort, text);
        }
        // fish's counter is a lower bound, and an open command may have moved it. What zsh and fish
        // ran in a pause it does not tell.
        let told = match shell.program {
            Program::Bash => true,
            Program::Zsh => !shell.pause_pending,
            Program::Fish => shell.running.is_none() && !shell.pause_pending,
            Program::Sh | Program::Run => false,
        };
        let count = match (shell.native, close.native) {
            (Some(last), Some(now)) if told => Some(now.saturating_sub(last)),
            _ => None,
        };
        if shell.pause_pending {
            self.pause_uncounted |= count.is_none();
            self.paused_commands = self.paused_commands.saturating_add(count.unwrap_or(0));
        } else if let Some(count) = count.filter(|count| *count > 0) {
            self.lost = self.lost.saturating_add(count);
            let text = format!("{count} command(s) of shell {} ran unrecorded before it closed", close.shell);
            self.find(core.index, FindingCode::Gap, text);
        }
    }

    fn pause(&mut self, index: u64, pause: &Pause) {
        self.pauses += 1;
        self.find(index, FindingCode::Pause, format!("recording was paused{}", scope(pause.shell)));
        for (_, shell) in
            self.live.iter_mut().filter(|(at, _)| pause.shell.is_none_or(|wanted| wanted == **at))
        {
            shell.paused = true;
            shell.pause_pending = true;
        }
    }

    fn resume(&mut self, index: u64, resume: &Resume) {
        self.find(index, FindingCode::Resume, format!("recording went on{}", scope(resume.shell)));
        for (at, shell) in
            self.live.iter_mut().filter(|(at, _)| resume.shell.is_none_or(|wanted| wanted == **at))
        {
            shell.paused = false;
            shell.resumed_by_own_line = resume.by == Some(*at);
        }
    }

    /// A shell whose script is one command to the journal can have run anything.
    fn plan(&mut self, index: u64, plan: &Plan) {
        if let Some(shell) = self.live.get_mut(&plan.shell) {
            shell.script = true;
        }
        if plan.evidence == Evidence::Whole {
            let text = format!(
                "the commands of shell {} could not be seen: the script is recorded as a whole",
                plan.shell
            );
            self.find(index, FindingCode::UnseenCommands, text);
        }
    }

    fn fact(&mut self, index: u64, fact: &Fact) {
        self.facts += 1;
        if !is_known_fact(&fact.kind) {
            self.unknown_facts += 1;
            if fact.must && self.must_understand.is_none() {
                self.must_understand = Some((index, fact.kind.clone()));
            }
        }
    }

    fn remark(&mut self, index: u64, note: &Note) {
        match note.what {
            NoteWhat::Unannounced => self.find(
                index,
                FindingCode::Unannounced,
                "the shell's history has a line that the shell did not announce: a key binding may have run it"
                    .into(),
            ),
            NoteWhat::HookRepaired => {
                self.find(index, FindingCode::HookRepaired, "a hook had been removed and was put back".into())
            }
            NoteWhat::Gap => {
                self.find(index, FindingCode::ReportedGap, "the hook saw that commands ran unrecorded".into())
            }
            NoteWhat::Configuration => self.find(
                index,
                FindingCode::Configuration,
                "a setting that decides what is recorded was changed".into(),
            ),
            NoteWhat::Remark | NoteWhat::Unexecuted | NoteWhat::History => {}
        }
    }

    fn end(&mut self, index: u64) {
        self.ended = true;
        self.leave_open(index);
    }

    fn leave_open(&mut self, record: u64) {
        self.pause_uncounted |= self.live.values().any(|shell| shell.pause_pending);
        // Nobody knows what came behind a journal without an end.
        let unfinished =
            if self.ended { "never finished" } else { "had not finished where the journal stops" };
        let live: Vec<(u64, Option<OpenStart>)> =
            self.live.iter().map(|(at, shell)| (*at, shell.running)).collect();
        for (at, running) in live {
            if let Some(OpenStart { index, n, .. }) = running {
                let text = format!("command {n} of shell {at} {unfinished}");
                self.find(index, FindingCode::Unfinished, text);
            }
            self.find(record, FindingCode::OpenShell, left_open(at, self.ended));
        }
    }
}

fn scope(shell: Option<u64>) -> String {
    shell.map_or_else(|| " for all shells".into(), |shell| format!(" for shell {shell}"))
}

enum Gap {
    None,
    Undeclared(u64),
    Declared(u64),
    Reset,
}

impl LiveShell {
    /// Judges the shell's own counter at a start, by the rule of that shell.
    fn judge_native(&mut self, start: &Start) -> Gap {
        let last = self.native.replace(start.native);
        let own_line = u64::from(std::mem::take(&mut self.resumed_by_own_line));
        let declared = std::mem::take(&mut self.pause_pending);
        if self.paused {
            self.pause_pending = true;
        }
        let interrupted = std::mem::take(&mut self.interrupted);
        let Some(last) = last else { return Gap::None };
        let moved = match self.program {
            Program::Bash | Program::Zsh | Program::Sh | Program::Run => {
                if start.native == last && self.program == Program::Bash && interrupted {
                    // bash gives a number again when its PS0 was interrupted: that command never ran.
                    return Gap::None;
                }
                let due = last.checked_add(1).and_then(|due| due.checked_add(start.skip));
                due.and_then(|due| start.native.checked_sub(due))
            }
            // A lower bound: fish counts only commands that set a status.
            Program::Fish => last.checked_add(start.skip).and_then(|due| start.native.checked_sub(due)),
        };
        match moved {
            None => Gap::Reset,
            Some(0) if !declared => Gap::None,
            Some(count) if declared => Gap::Declared(count.saturating_sub(own_line)),
            Some(count) => Gap::Undeclared(count),
        }
    }
}
