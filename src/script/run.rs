//! Finds out from bash's announcements which unit of a script is running.
//!
//! What lives here: from the messages of the traps to starts and finishes. Pure. What does not:
//! talking to bash, writing records.
//!
//! Rules: nothing is inferred. An announcement proves that a simple command of a line is about to
//! run, and what `$?` is before it; the EXIT trap proves that the hook was there to the end. A unit
//! that bash did not announce has no record, and a status that nobody proved is untold.

use std::borrow::Cow;

use super::Script;
pub use super::announced::Announced;
use super::announced::{Agreement, agreement, has_pipe, has_word, is_one_pipeline};

/// What is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A command starts.
    Start {
        /// The unit of the plan that it is, from 0; none if what bash announced is not certainly
        /// there.
        unit: Option<usize>,
        /// It is certainly none of the plan's.
        is_other: bool,
        /// The unit's text, or the command as bash announced it.
        text: Vec<u8>,
    },
    /// It has ended.
    Finish {
        /// How.
        status: UnitStatus,
        /// The statuses of the pipeline that it is; empty if it is not certainly one.
        pipe: Vec<u8>,
    },
}

/// How a unit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitStatus {
    /// With this status.
    Seen(u8),
    /// Nobody saw how, although bash went on or came to its end.
    Untold,
    /// Nobody saw how, and bash did not come to its end or could not tell any more.
    Unknown,
}

/// What bash reported when it ran its EXIT trap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The DEBUG trap was still attesh's.
    pub hooked: bool,
    /// Traps of others were set, which may have ended the script.
    pub trapped: bool,
    /// `PIPESTATUS`
    pub pipe: Vec<u8>,
}

/// How bash ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its exit status; 128 + the signal if a signal ended it.
    pub status: u8,
    /// A signal ended it.
    pub signalled: bool,
    /// Its last report, if its EXIT trap was still attesh's.
    pub farewell: Option<Farewell>,
    /// It said that it can report no more.
    pub gone: bool,
}

/// The command that runs.
#[derive(Clone, Copy, Debug)]
struct Current {
    /// The unit whose line bash announced, from 0.
    place: Option<usize>,
    /// It is that unit.
    planned: bool,
    /// bash announced its beginning.
    whole: bool,
    /// Its last line.
    last: u64,
    /// While it ran bash announced a command of a trap.
    strange: bool,
}

/// A script that runs.
#[derive(Debug)]
pub struct Run<'a> {
    script: Cow<'a, Script>,
    current: Option<Current>,
    /// The command that bash announced last.
    command: String,
}

impl<'a> Run<'a> {
    /// A script of which nothing has run.
    #[must_use]
    pub fn new(script: &'a Script) -> Self {
        Run { script: Cow::Borrowed(script), current: None, command: String::new() }
    }

    /// The same, of a script that is kept here.
    #[must_use]
    pub fn of(script: Script) -> Run<'static> {
        Run { script: Cow::Owned(script), current: None, command: String::new() }
    }

    /// The line up to which bash need not announce a command; 0 before the first. Of the last unit
    /// it announces each command: one of a trap may end the script with a status of its own.
    #[must_use]
    pub fn last_line(&self) -> u64 {
        self.current.filter(|_| !self.is_last()).map_or(0, |current| current.last)
    }

    /// Whether the script may replace attesh's DEBUG trap.
    #[must_use]
    pub fn may_unhook(&self) -> bool {
        traps_debug(self.script.bytes())
    }

    /// bash is about to run a command of this line; `status` and `pipe` are `$?` and
    /// `PIPESTATUS` before it.
    pub fn entered<'b>(
        &mut self,
        line: u64,
        status: u8,
        pipe: &[u8],
        command: impl Into<Announced<'b>>,
    ) -> Vec<Step> {
        let announced = command.into();
        let command = announced.text;
        // The hook's own commands come before the script's.
        let is_own = self.current.is_none() && command.contains("__attesh_");
        // While a trap runs bash announces the command before it once more.
        let is_strange = self.command == command || !agreement(announced, self.text()).is_certain();
        command.clone_into(&mut self.command);
        if let Some(current) = self.current.as_mut().filter(|current| line <= current.last) {
            current.strange |= is_strange;
            return Vec::new();
        }
        if is_own {
            return Vec::new();
        }
        let at = self.script.unit_at(line);
        let unit = at.and_then(|at| self.script.unit(at));
        let agreed = unit.map_or(Agreement::Nowhere, |unit| agreement(announced, unit.text));
        // bash counts the lines of a text that a unit evaluates on from the unit's own.
        if !agreed.is_certain() && self.evaluates() {
            return Vec::new();
        }
        let mut steps: Vec<Step> = Vec::new();
        if self.current.is_some() {
            let next = agreed == Agreement::Beginning && self.is_next(at);
            let (status, pipe) = if next && !self.evaluates() {
                (UnitStatus::Seen(status), self.pipe(pipe))
            } else {
                (UnitStatus::Untold, Vec::new())
            };
            steps.push(Step::Finish { status, pipe });
        }
        let planned = agreed.is_certain();
        let text = match unit.filter(|_| planned) {
            Some(unit) => unit.text.to_vec(),
            None => command.as_bytes().to_vec(),
        };
        steps.push(Step::Start {
            unit: at.filter(|_| planned),
            is_other: agreed == Agreement::Nowhere,
            text,
        });
        self.current = Some(Current {
            place: at,
            planned,
            whole: agreed == Agreement::Beginning,
            last: unit.map_or(line, |unit| unit.last),
            strange: false,
        });
        steps
    }

    /// Whether bash, at its end, still announced everything. If an EXIT trap of the script hides
    /// that, its own text says whether it sets a DEBUG trap.
    #[must_use]
    pub fn is_hooked(&self, ending: &Ending) -> bool {
        match &ending.farewell {
            Some(farewell) => farewell.hooked,
            None => !ending.gone && !self.may_unhook(),
        }
    }

    /// bash has ended.
    pub fn ended(&mut self, ending: &Ending) -> Vec<Step> {
        if self.current.is_none() {
            return Vec::new();
        }
        let status = match &ending.farewell {
            // The signal ended bash, so how its last unit ended is unknown.
            _ if ending.signalled || !self.is_hooked(ending) => UnitStatus::Unknown,
            Some(farewell) if self.is_proved(ending.status, farewell) => UnitStatus::Seen(ending.status),
            _ => UnitStatus::Untold,
        };
        let pipe = match (&ending.farewell, status) {
            (Some(farewell), UnitStatus::Seen(_)) => self.pipe(&farewell.pipe),
            _ => Vec::new(),
        };
        self.current = None;
        vec![Step::Finish { status, pipe }]
    }

    /// Whether bash's status is that of the unit that it announced last: no unit of the plan is
    /// behind it and no trap ran in it, or it is an `exit` and nothing else.
    fn is_proved(&self, status: u8, farewell: &Farewell) -> bool {
        let Some(Current { place: Some(at), planned: true, whole, strange, .. }) = self.current else {
            return false;
        };
        let text = self.script.unit(at).map_or(&[][..], |unit| unit.text);
        let words: Vec<&[u8]> = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        match words[..] {
            [b"exit"] if whole => !farewell.trapped && !strange,
            [b"exit", code] if whole => code == status.to_string().as_bytes(),
            _ => !farewell.trapped && !strange && !self.evaluates() && self.is_last(),
        }
    }

    /// Whether this unit comes directly behind the one that runs.
    fn is_next(&self, at: Option<usize>) -> bool {
        let before = self.current.filter(|current| current.planned).and_then(|current| current.place);
        before.is_some() && at == before.map(|before| before + 1)
    }

    /// Whether the unit that runs is the last of the plan, and bash announced its beginning.
    fn is_last(&self) -> bool {
        let units = self.script.units().len();
        self.current.is_some_and(|it| it.planned && it.whole && it.place.is_some_and(|at| at + 1 == units))
    }

    fn text(&self) -> &[u8] {
        let unit = self.current.and_then(|current| self.script.unit(current.place?));
        unit.map_or(&[], |unit| unit.text)
    }

    /// Whether commands of another text may pass for units: the unit that runs evaluates one.
    fn evaluates(&self) -> bool {
        has_word(self.text(), b"eval")
    }

    /// `PIPESTATUS`, if the unit that runs is one pipeline.
    fn pipe(&self, pipe: &[u8]) -> Vec<u8> {
        let whole = self.current.is_some_and(|current| current.planned && current.whole);
        let one = whole && is_one_pipeline(self.text()) && has_pipe(self.text());
        if one && pipe.len() > 1 { pipe.to_vec() } else { Vec::new() }
    }
}

/// Whether a line of this script may set a DEBUG trap.
fn traps_debug(script: &[u8]) -> bool {
    script.split(|byte| *byte == b'\n').any(|line| {
        let mut words = line.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        words.any(|word| word == b"trap") && words.any(|word| word.eq_ignore_ascii_case(b"DEBUG"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Script {
        let ranges = (1..=text.lines().count() as u64).map(|line| (line, line)).collect();
        Script::new(text.as_bytes().to_vec(), ranges).unwrap()
    }

    fn start(unit: usize, text: &str) -> Step {
        Step::Start { unit: Some(unit), is_other: false, text: text.into() }
    }

    fn other(text: &str) -> Step {
        Step::Start { unit: None, is_other: true, text: text.into() }
    }

    fn seen(status: u8) -> Step {
        Step::Finish { status: UnitStatus::Seen(status), pipe: Vec::new() }
    }

    const UNTOLD: Step = Step::Finish { status: UnitStatus::Untold, pipe: Vec::new() };
    const UNKNOWN: Step = Step::Finish { status: UnitStatus::Unknown, pipe: Vec::new() };

    fn ending(status: u8) -> Ending {
        let farewell = Some(Farewell { hooked: true, trapped: false, pipe: Vec::new() });
        Ending { status, signalled: false, farewell, gone: false }
    }

    #[test]
    fn what_bash_did_not_announce_is_told() {
        let script = script("a\nf() { :; }\n( b )\nc\n( d )\n");
        let mut run = Run::new(&script);
        assert_eq!(run.entered(1, 0, &[0], "a"), [start(0, "a")]);
        assert_eq!(run.entered(4, 7, &[7], "c"), [UNTOLD, start(3, "c")]);
        assert_eq!(run.last_line(), 4);
        assert_eq!(run.entered(1, 0, &[0], "trap"), []);
        // ( d ) may have run, and its status may be bash's.
        assert_eq!(run.ended(&ending(0)), [UNTOLD]);
        assert_eq!(run.ended(&ending(0)), []);
    }

    #[test]
    fn a_status_is_given_to_another_unit_than_its_own() {
        let script = script("a\nb\nif c; then d; fi\nfor x in $(e); do :; done\ng\n");
        let mut run = Run::new(&script);
        run.entered(1, 0, &[0], "a");
        assert_eq!(run.entered(2, 3, &[3], "b"), [seen(3), start(1, "b")]);
        // What redirects a compound command is expanded before bash announces anything.
        assert_eq!(run.entered(3, 0, &[0], "c"), [UNTOLD, start(2, "if c; then d; fi")]);
        let text = "for x in $(e); do :; done";
        assert_eq!(run.entered(4, 0, &[0], "for x in $(e)"), [UNTOLD, start(3, text)]);
        assert_eq!(run.entered(5, 4, &[4], "g"), [seen(4), start(4, "g")]);
        assert_eq!(run.ended(&ending(9)), [seen(9)]);
    }

    #[test]
    fn the_end_is_that_of_a_unit_without_a_proof() {
        let text = "a\nexit 3\nb\n";
        let script = script(text);
        let end = |exit: &str, ending: &Ending| {
            let mut run = Run::new(&script);
            run.entered(1, 0, &[0], "a");
            run.entered(2, 0, &[0], exit);
            run.ended(ending)
        };
        assert_eq!(end("exit 3", &ending(3)), [seen(3)]);
        assert_eq!(end("exit 3", &ending(0)), [UNTOLD]);
        assert_eq!(end("exit", &ending(3)), [UNTOLD]);
        let last = |change: fn(&mut Ending)| {
            let script = self::script("a\nb\n");
            let mut run = Run::new(&script);
            run.entered(1, 0, &[0], "a");
            run.entered(2, 0, &[0], "b");
            let mut ending = ending(1);
            change(&mut ending);
            run.ended(&ending)
        };
        assert_eq!(last(|_| ()), [seen(1)]);
        assert_eq!(last(|ending| ending.farewell.as_mut().unwrap().trapped = true), [UNTOLD]);
        assert_eq!(last(|ending| ending.farewell = None), [UNTOLD]);
        assert_eq!(last(|ending| ending.farewell.as_mut().unwrap().hooked = false), [UNKNOWN]);
        assert_eq!(last(|ending| (ending.farewell, ending.gone) = (None, true)), [UNKNOWN]);
        assert_eq!(last(|ending| ending.signalled = true), [UNKNOWN]);
        let script = self::script("a\nb && c\n");
        for (more, proved) in [("c", true), ("b", false), ("trap - ERR", false)] {
            let mut run = Run::new(&script);
            run.entered(1, 0, &[0], "a");
            run.entered(2, 0, &[0], "b");
            assert_eq!((run.last_line(), run.entered(2, 0, &[0], more)), (0, Vec::new()));
            assert_eq!(run.ended(&ending(0)) == [seen(0)], proved, "{more}");
        }
    }

    #[test]
    fn what_is_not_planned_is_taken_for_a_unit() {
        let script = script("a\nll\nb\n");
        let mut run = Run::new(&script);
        run.entered(1, 0, &[0], "a");
        assert_eq!(run.entered(2, 1, &[1], "ls -l"), [UNTOLD, other("ls -l")]);
        assert_eq!(run.entered(3, 1, &[1], "b"), [UNTOLD, start(2, "b")]);
        assert_eq!(run.entered(9, 1, &[1], "more"), [UNTOLD, other("more")]);
        assert_eq!(run.last_line(), 9);
        assert_eq!(run.ended(&ending(0)), [UNTOLD]);
    }

    #[test]
    fn a_command_that_may_be_a_unit_is_called_another() {
        let script = script("x=$(f() { a; }; f)\nc\n");
        let mut run = Run::new(&script);
        let text = "x=$(function f ()  {      a }; f)";
        let unclear = Step::Start { unit: None, is_other: false, text: text.into() };
        assert_eq!(run.entered(1, 0, &[0], text), [unclear]);
        assert_eq!(run.entered(2, 0, &[0], "c"), [UNTOLD, start(1, "c")]);
    }

    #[test]
    fn a_cut_command_is_called_another_than_it_is() {
        let script = script("echo 000000\necho 111\n");
        let mut run = Run::new(&script);
        let cut = |text| Announced { text, is_cut: true };
        assert_eq!(run.entered(1, 0, &[0], cut("echo 000")), [start(0, "echo 000000")]);
        assert_eq!(run.entered(2, 0, &[0], cut("echo 000")), [UNTOLD, other("echo 000")]);
    }

    #[test]
    fn commands_of_an_evaluated_text_are_taken_for_the_units_below() {
        let script = script("eval \"$(tool)\"\nmake test\n(c)\nmake deploy\n");
        let mut run = Run::new(&script);
        assert_eq!(run.entered(1, 0, &[0], "eval \"$(tool)\""), [start(0, "eval \"$(tool)\"")]);
        for line in [2, 3, 9] {
            assert_eq!(run.entered(line, 0, &[0], "make"), []);
        }
        // What it prints may be the very next line: then its own status is nobody's.
        assert_eq!(run.entered(2, 4, &[4], "make test"), [UNTOLD, start(1, "make test")]);
        assert_eq!(run.ended(&ending(0)), [UNTOLD]);
    }

    #[test]
    fn the_statuses_of_another_pipeline_are_told() {
        let script = script("a | b\nc && d | e\nf\n");
        let mut run = Run::new(&script);
        run.entered(1, 0, &[0], "a");
        let of_pipe = Step::Finish { status: UnitStatus::Seen(2), pipe: vec![1, 2] };
        assert_eq!(run.entered(2, 2, &[1, 2], "c")[0], of_pipe);
        assert_eq!(run.entered(3, 2, &[1, 2], "f")[0], seen(2));
    }
}
