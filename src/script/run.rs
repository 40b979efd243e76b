//! Finds out from bash's reports which unit of a script is running.
//!
//! What lives here: from lines and statuses to starts and finishes. Pure. What does not:
//! talking to bash, writing records.
//!
//! Rules: units run in order, so if bash reports a unit beyond the current one, those between
//! have run. Only a status that bash reported is passed on.

use memchr::memmem;

use super::Script;
use super::silent::{begins_with_subshell, has_word, is_subshell, may_be_silent, may_begin_silently};
use super::traps;

/// Commands that end a shell, or may run one that does.
const LEAVING: [&str; 9] = ["exit", "exec", "return", "logout", "builtin", "command", "eval", ".", "source"];

/// What is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A unit starts.
    Start {
        /// Its number, from 0.
        unit: usize,
        /// The command that bash reported agrees with the unit.
        planned: bool,
        /// The unit has run already: bash did not report it before.
        late: bool,
    },
    /// A unit has ended.
    Finish {
        /// Its number, from 0.
        unit: usize,
        /// How.
        status: UnitStatus,
        /// The statuses of the pipeline that it ended with; empty without a pipeline, or if bash may
        /// still have those of an earlier one.
        pipe: Vec<u8>,
    },
}

/// How a unit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitStatus {
    /// With this status, seen at the next unit or when bash ended.
    Seen(u8),
    /// The script went on after it; bash did not report the status.
    Passed,
    /// Unknown.
    Unknown,
}

/// What bash reported when it ran its EXIT trap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The last command that it ran.
    pub command: String,
    /// The DEBUG trap was still attesh's.
    pub hooked: bool,
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
    /// How much of the script's file it had read, in bytes, if that is known.
    pub read: Option<u64>,
}

/// A script that runs.
#[derive(Debug)]
pub struct Run<'a> {
    script: &'a Script,
    /// The last unit is one that bash cannot parse.
    broken: bool,
    current: Option<usize>,
    /// The first command that bash reported in the current unit.
    command: String,
    /// The failure that bash reported last, if no command of the unit came after it.
    failed: Option<u8>,
    /// No unit that has ended replaced attesh's ERR trap.
    failures_told: bool,
    /// `PIPESTATUS` when the current unit began, if bash reported it.
    pipe_before: Option<Vec<u8>>,
}

impl<'a> Run<'a> {
    /// A script of which nothing has run.
    #[must_use]
    pub fn new(script: &'a Script, broken: bool) -> Self {
        Run {
            script,
            broken,
            current: None,
            command: String::new(),
            failed: None,
            failures_told: true,
            pipe_before: None,
        }
    }

    /// The last line of the current unit; 0 before the first.
    #[must_use]
    pub fn last_line(&self) -> u64 {
        let unit = self.current.and_then(|current| self.script.unit(current));
        unit.map_or(0, |unit| unit.last)
    }

    /// The number of the unit that runs, from 0; `None` before the first.
    #[must_use]
    pub fn current(&self) -> Option<usize> {
        self.current
    }

    /// Whether the plan has, or may have, a command like this one at this line. If not, bash runs
    /// another script.
    #[must_use]
    pub fn expects(&self, line: u64, command: &str) -> bool {
        if self.is_own(command) || self.evaluates(line, command) {
            return true;
        }
        match self.ahead(line, command) {
            Some(unit) => agrees(command, self.script.unit(unit).map_or(&[], |unit| unit.text)),
            None => line <= self.script.lines(),
        }
    }

    /// Whether the script may replace attesh's DEBUG trap.
    #[must_use]
    pub fn may_unhook(&self) -> bool {
        traps_debug(self.script.bytes())
    }

    /// bash is about to run a command of this line; `status` and `pipe` are `$?` and
    /// `PIPESTATUS` before it.
    pub fn entered(&mut self, line: u64, status: u8, pipe: &[u8], command: &str) -> Vec<Step> {
        if self.is_own(command) {
            return Vec::new();
        }
        let Some(unit) = self.ahead(line, command) else {
            if self.script.unit_at(line) == self.current {
                self.failed = None;
            }
            return Vec::new();
        };
        if command.starts_with("( ") {
            // bash reports nothing before a subshell: this one has failed, and an ERR trap runs.
            return self.failed(line, status, command);
        }
        let planned = agrees(command, self.script.unit(unit).map_or(&[], |unit| unit.text));
        // If part of this unit ran unannounced, the status is that part's, not the unit's before.
        let late = self.begins_silently(unit);
        let before = if late { UnitStatus::Passed } else { UnitStatus::Seen(status) };
        let mut steps = self.settle(unit, before, if late { &[] } else { pipe });
        steps.push(Step::Start { unit, planned, late });
        self.begin(unit, command, Some(pipe.to_vec()));
        steps
    }

    /// A command of this line has failed.
    pub fn failed(&mut self, line: u64, status: u8, command: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(unit) = self.ahead(line, command) {
            // A subshell: bash reported nothing before it ran.
            steps = self.settle(unit, UnitStatus::Passed, &[]);
            steps.push(Step::Start { unit, planned: false, late: true });
            self.begin(unit, command, None);
        }
        if self.script.unit_at(line) == self.current || self.evaluates(line, command) {
            self.failed = Some(status);
        }
        steps
    }

    /// Whether bash, at its end, still reported everything. If an EXIT trap of the script hides
    /// that, the script's text decides.
    #[must_use]
    pub fn is_hooked(&self, ending: &Ending) -> bool {
        match &ending.farewell {
            Some(farewell) => farewell.hooked,
            None => !ending.gone && !self.may_unhook(),
        }
    }

    /// bash has ended.
    pub fn ended(&mut self, ending: &Ending) -> Vec<Step> {
        let rest = self.current.map_or(0, |current| current + 1)..self.script.units().len();
        let hooked = self.is_hooked(ending);
        let last = ending.farewell.as_ref().map_or(self.command.as_str(), |farewell| &farewell.command);
        let left = leaves(last);
        let told = ending.farewell.is_some() && hooked && !ending.signalled && !self.broken;
        if let Some(next) = self.reached(rest.clone(), last, ending).filter(|_| told) {
            // The last units were subshells or definitions, which bash does not report.
            let steps = self.settle(next, UnitStatus::Seen(ending.status), &[]);
            self.current = None;
            return steps;
        }
        let Some(unit) = self.current.take() else { return Vec::new() };
        let parse_error = self.broken && rest.len() == 1 && ending.status == 2 && self.failed != Some(2);
        // The signal ended bash, so how its last unit ended is unknown.
        let status = if !hooked || ending.signalled {
            UnitStatus::Unknown
        } else if parse_error && !left {
            UnitStatus::Passed
        } else {
            self.last_status(unit, ending, left)
        };
        let pipe = ending.farewell.as_ref().map_or(&[][..], |farewell| &farewell.pipe);
        vec![Step::Finish { unit, status, pipe: self.pipe_of(unit, status, pipe) }]
    }

    /// The status of the last unit: bash's status, unless a trap of the script may have set that.
    fn last_status(&self, unit: usize, ending: &Ending, left: bool) -> UnitStatus {
        let made_by_trap = match &ending.farewell {
            None if has_word(self.script.unit(unit).map_or(&[][..], |unit| unit.text), b"exec") => false,
            None => traps::may_end_well(self.script) || !traps::at_exit(self.script),
            Some(_) => !left && traps::may_end_well(self.script),
        };
        match self.failed {
            Some(failed) if ending.farewell.is_none() && failed != ending.status => {
                if self.goes_on(unit) {
                    UnitStatus::Unknown
                } else {
                    UnitStatus::Seen(failed)
                }
            }
            _ if ending.status == 0 && made_by_trap => UnitStatus::Passed,
            _ => UnitStatus::Seen(ending.status),
        }
    }

    /// The unit behind the last one, if it ran unannounced. `last` shows that a ( ... ) has run.
    /// Another unit counts as run if nothing speaks against it: a status, a command that can end a
    /// shell, a trap.
    fn reached(&self, units: std::ops::Range<usize>, last: &str, ending: &Ending) -> Option<usize> {
        let end = self.script.units().last().map_or(0, |unit| self.script.end_of(unit));
        let whole = ending.status == 0 && ending.read.is_none_or(|read| read >= end);
        let silent = units.clone().take_while(|unit| self.is_silent(*unit)).count();
        let silent = units.start..units.start + silent;
        let is_last = |unit: &usize| {
            let subshell = ["( ", "! ( "].iter().any(|word| last.starts_with(word));
            subshell && begins_with_subshell(&self.words(*unit)) && agrees(last, self.words(*unit).as_bytes())
        };
        let rest_is_silent = silent.end == units.end;
        // If this one failed, a later one like it has not run.
        if self.failed == Some(ending.status) && self.current.as_ref().is_some_and(is_last) {
            return None;
        }
        match silent.clone().rev().find(is_last) {
            Some(unit) => {
                let mut behind = unit + 1..units.end;
                let all =
                    whole && rest_is_silent && !behind.any(|unit| begins_with_subshell(&self.words(unit)));
                Some(if all { units.end } else { unit + 1 })
            }
            None => {
                let shown = silent.clone().any(|unit| begins_with_subshell(&self.words(unit)));
                let free = !shown && !leaves(last) && !has_word(self.script.bytes(), b"trap");
                (whole && free && rest_is_silent && !units.is_empty()).then_some(units.end)
            }
        }
    }

    /// Whether bash may run a unit without announcing it.
    fn is_silent(&self, unit: usize) -> bool {
        may_be_silent(&self.words(unit))
    }

    /// Whether bash may run part of a unit before it announces anything.
    fn begins_silently(&self, unit: usize) -> bool {
        may_begin_silently(&self.words(unit))
    }

    fn words(&self, unit: usize) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.script.unit(unit).map_or(&[][..], |unit| unit.text))
    }

    /// A command of the hook itself: bash reports it before the script's first command.
    fn is_own(&self, command: &str) -> bool {
        self.current.is_none() && command.contains("__attesh_")
    }

    /// The unit of this line, if it is beyond the current one: lower lines are those of a trap.
    fn ahead(&self, line: u64, command: &str) -> Option<usize> {
        let unit = self.script.unit_at(line)?;
        let beyond = self.current.is_none_or(|current| unit > current);
        (beyond && !self.evaluates(line, command)).then_some(unit)
    }

    /// Whether this command is not the script's own, but one of a text that the current unit
    /// evaluates: bash counts the lines of that text on from the unit's own.
    fn evaluates(&self, line: u64, command: &str) -> bool {
        let Some(current) = self.current.and_then(|current| self.script.unit(current)) else { return false };
        let next = self.script.unit_at(line).and_then(|unit| self.script.unit(unit));
        line > current.last
            && has_word(current.text, b"eval")
            && !next.is_some_and(|next| agrees(command, next.text))
    }

    /// What of `PIPESTATUS` belongs to this unit, which began as the current one and has ended
    /// with this status. Commands that leave it alone (a definition, a `case` without a
    /// branch, a job in the background) show that of an earlier pipeline.
    fn pipe_of(&self, unit: usize, status: UnitStatus, pipe: &[u8]) -> Vec<u8> {
        let text = self.script.unit(unit).map_or(&[][..], |unit| unit.text);
        let failed = pipe.iter().rev().find(|status| **status != 0).copied().unwrap_or(0);
        let explains = |status: u8| pipe.last() == Some(&status) || failed == status;
        let own = match &self.pipe_before {
            Some(before) => before != pipe || is_pipeline(&self.command, text),
            None => false,
        };
        let agree = matches!(status, UnitStatus::Seen(status) if explains(status));
        if pipe.len() > 1 && agree && own && has_pipe(text) { pipe.to_vec() } else { Vec::new() }
    }

    /// Something may have run in it after a failure without a report of bash.
    fn goes_on(&self, unit: usize) -> bool {
        let text = self.script.unit(unit).map_or(&[][..], |unit| unit.text);
        let list = text.contains(&b'(') && text.iter().any(|byte| b";&|\n".contains(byte));
        list && !is_subshell(text) || has_word(text, b"eval")
    }

    fn begin(&mut self, unit: usize, command: &str, pipe_before: Option<Vec<u8>>) {
        self.current = Some(unit);
        command.clone_into(&mut self.command);
        self.failed = None;
        self.pipe_before = pipe_before;
    }

    /// Ends everything before `unit`, the one just before it with this status.
    fn settle(&mut self, unit: usize, last: UnitStatus, pipe: &[u8]) -> Vec<Step> {
        let mut steps = Vec::new();
        let ended = |unit_before: usize| if unit_before + 1 == unit { last } else { UnitStatus::Passed };
        if let Some(current) = self.current {
            let status = match (ended(current), self.failed) {
                (UnitStatus::Passed, Some(_)) if self.goes_on(current) => UnitStatus::Unknown,
                (UnitStatus::Passed, Some(status)) => UnitStatus::Seen(status),
                (UnitStatus::Passed, None) if !self.failures_told => UnitStatus::Unknown,
                (status, _) => status,
            };
            let pipe = if current + 1 == unit { self.pipe_of(current, status, pipe) } else { Vec::new() };
            steps.push(Step::Finish { unit: current, status, pipe });
            let text = self.script.unit(current).map_or(&[][..], |unit| unit.text);
            self.failures_told &= !sets_err(text);
        }
        for silent in self.current.map_or(0, |current| current + 1)..unit {
            // bash announces this unit and did not, so it did not run as planned.
            let late = self.is_silent(silent);
            let status = if late { ended(silent) } else { UnitStatus::Unknown };
            steps.push(Step::Start { unit: silent, planned: false, late });
            steps.push(Step::Finish { unit: silent, status, pipe: Vec::new() });
        }
        steps
    }
}

/// Whether a command, as bash prints it, can stand in this text. bash prints blanks,
/// redirections and $'…' in its own way, so what is compared is the command up to those,
/// without blanks, control characters (which the hook does not hand on), quotes and backslashes.
fn agrees(command: &str, text: &[u8]) -> bool {
    let bare = |bytes: &[u8]| -> Vec<u8> {
        let kept =
            |byte: &u8| !byte.is_ascii_whitespace() && !byte.is_ascii_control() && !b"'\"\\".contains(byte);
        bytes.iter().copied().filter(kept).collect()
    };
    // bash has turned $'…' into '…' by now.
    let turned = [&b"$'"[..], b"$\""].iter().any(|quote| memmem::find(text, quote).is_some());
    let end = command.find(|c| c == '<' || c == '>' || turned && (c == '\'' || c == '"'));
    let command =
        end.map_or(command, |end| command[..end].trim_end_matches(|c: char| c.is_ascii_digit() || c == '&'));
    let command = command.trim().trim_start_matches("((").trim_end_matches("))").replacen("[[ -n ", "[[ ", 1);
    let (whole, text) = (bare(command.as_bytes()), bare(text));
    if whole.is_empty() || memmem::find(&text, &whole).is_some() {
        return true;
    }
    // bash prints redirections last: where the text has some, the words around them stand in
    // it one after the other.
    let mut rest = text.as_slice();
    text.iter().any(|byte| b"<>".contains(byte))
        && command.split_ascii_whitespace().all(|word| {
            let word = bare(word.as_bytes());
            let at = memmem::find(rest, &word);
            rest = at.map_or(&[][..], |at| &rest[at + word.len()..]);
            at.is_some()
        })
}

/// Whether the text has a `|` that is not half of `||`.
fn has_pipe(text: &[u8]) -> bool {
    text.split(|byte| *byte != b'|').any(|run| run.len() == 1)
}

/// Whether this text, whose first command is this one, is one pipeline and nothing else.
fn is_pipeline(command: &str, text: &[u8]) -> bool {
    let compound = ["case ", "for ", "select ", "(("].iter().any(|word| command.starts_with(word));
    !compound && !text.iter().any(|byte| b"&;\n".contains(byte)) && memmem::find(text, b"||").is_none()
}

/// Whether a text may replace attesh's ERR trap.
fn sets_err(text: &[u8]) -> bool {
    text.windows(3).any(|word| word.eq_ignore_ascii_case(b"ERR"))
}

/// Whether a command, as bash prints it, may end the shell: by its first word that assigns
/// nothing, without quotes; of a word that is expanded nothing is known.
fn leaves(command: &str) -> bool {
    let assigns =
        |word: &&str| word.split_once('=').is_some_and(|(name, _)| !name.contains(['$', '\'', '"']));
    let word = command.split_whitespace().find(|word| !assigns(word)).unwrap_or_default();
    let bare: String = word.chars().filter(|c| !['\\', '\'', '"'].contains(c)).collect();
    LEAVING.contains(&bare.as_str()) || bare.contains(['$', '`'])
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

    fn script(text: &str, ranges: &[(u64, u64)]) -> Script {
        Script::new(text.as_bytes().to_vec(), ranges.to_vec()).unwrap()
    }

    fn start(unit: usize) -> Step {
        Step::Start { unit, planned: true, late: false }
    }

    fn late(unit: usize) -> Step {
        Step::Start { unit, planned: false, late: true }
    }

    fn seen(unit: usize, status: u8) -> Step {
        Step::Finish { unit, status: UnitStatus::Seen(status), pipe: Vec::new() }
    }

    fn passed(unit: usize) -> Step {
        Step::Finish { unit, status: UnitStatus::Passed, pipe: Vec::new() }
    }

    fn ending(status: u8, command: &str) -> Ending {
        let farewell = Some(Farewell { command: command.into(), hooked: true, pipe: Vec::new() });
        Ending { status, signalled: false, farewell, gone: false, read: None }
    }

    #[test]
    fn units_that_bash_says_nothing_of_are_told_late() {
        let script = script("a\nf() { :; }\n( b )\nc\n( d )\n", &[(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);
        let mut run = Run::new(&script, false);
        assert_eq!(run.entered(1, 0, &[0], "a"), [start(0)]);
        assert_eq!(
            run.entered(4, 7, &[7], "c"),
            [passed(0), late(1), passed(1), late(2), seen(2, 7), start(3)]
        );
        assert_eq!(run.last_line(), 4);
        assert_eq!(run.entered(1, 0, &[0], "trap"), []);
        assert_eq!(run.ended(&ending(0, "c")), [seen(3, 0)]);
        run.entered(4, 7, &[7], "c");
        assert_eq!(run.ended(&ending(0, "( d )")), [passed(3), late(4), seen(4, 0)]);
    }

    #[test]
    fn a_script_that_leaves_early_ends_where_it_was() {
        let script = script("a\nexit 0\nb\n", &[(1, 1), (2, 2), (3, 3)]);
        let mut run = Run::new(&script, false);
        run.entered(1, 0, &[0], "a");
        assert_eq!(run.entered(2, 3, &[3], "exit 0"), [seen(0, 3), start(1)]);
        assert_eq!(run.ended(&ending(0, "exit 0")), [seen(1, 0)]);
        let mut run = Run::new(&script, false);
        run.entered(1, 0, &[0], "a");
        assert_eq!(run.ended(&ending(1, "a")), [seen(0, 1)]);
    }

    #[test]
    fn a_subshell_that_fails_is_the_one_that_failed() {
        let script = script("a\n(exit 6)\nb\n", &[(1, 1), (2, 2), (3, 3)]);
        let mut run = Run::new(&script, false);
        run.entered(1, 0, &[0], "a");
        assert_eq!(run.failed(2, 6, "( exit 6 )"), [passed(0), late(1)]);
        assert_eq!(run.ended(&ending(6, "a")), [seen(1, 6)]);
        let script = self::script("(b)\n(b)\n", &[(1, 1), (2, 2)]);
        let mut run = Run::new(&script, false);
        run.failed(1, 6, "( b )");
        assert_eq!(run.ended(&ending(6, "( b )")), [seen(0, 6)]);
        run.failed(1, 6, "( b )");
        assert_eq!(run.ended(&ending(0, "( b )")), [seen(0, 6), late(1), seen(1, 0)]);
    }

    #[test]
    fn a_command_agrees_however_bash_prints_it() {
        for (command, text) in [
            ("echo hi 1>&2", "echo 'hi' >&2"),
            ("((i=0))", "for ((i=0; i<3; i++)); do :; done"),
            ("for i in 1 2", "for i in 1   2; do :; done"),
            ("make", "if ! make; then :; fi"),
            ("cat <<EOF x EOF", "cat <<EOF\nx\nEOF"),
            ("[ a = ] 2> /dev/null", "[ a = 2>/dev/null ]"),
            ("cat - <<A <<B", "cat <<A - <<B\na\nA\nB"),
        ] {
            assert!(agrees(command, text.as_bytes()), "{command}");
        }
        assert!(!agrees("rm -rf x", b"echo rm"));
        assert!(!agrees("rm -rf x", b"echo rm > -rf"));
    }

    #[test]
    fn commands_of_an_evaluated_text_are_taken_for_the_units_below() {
        let script = script("eval \"$(tool)\"\nb\n(c)\n", &[(1, 1), (2, 2), (3, 3)]);
        let mut run = Run::new(&script, false);
        assert_eq!(run.entered(1, 0, &[0], "eval \"$(tool)\""), [start(0)]);
        for line in [2, 3, 9] {
            assert!(run.expects(line, "export X"));
            assert_eq!(run.entered(line, 0, &[0], "export X"), []);
        }
        assert_eq!(run.failed(3, 4, "false"), []);
        assert!(run.expects(2, "b"));
        assert_eq!(run.entered(2, 4, &[4], "b"), [seen(0, 4), start(1)]);
        assert!(!run.expects(3, "d") && !run.expects(9, "b"));
    }
}
