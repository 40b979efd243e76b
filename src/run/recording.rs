//! What is recorded of a script that a bash runs.
//!
//! What lives here: the session, the shell's opening and close, the plan, and the records of
//! units, however they were seen. What does not: who sees them (`watched`, `trapped`), what the
//! records hold (`records`).
//!
//! Rules: whatever cannot be recorded is counted and said once; the script goes on.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use super::SCRIPT_WAIT_MS;
use super::call::{BashCall, Input, TRAP};
use super::given::Given;
use super::reader::Places;
use super::records::{self, Interpreter, PlanOf, UnitEnd, UnitStart};
use super::split::{self, Split};
use crate::clock;
use crate::collect;
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::failure::Failure;
use crate::files::digest_of;
use crate::journal::append::Writer;
use crate::journal::head::Head;
use crate::lock;
use crate::paths;
use crate::record::{Anomaly, Body, CloseReason, Evidence, Inherited, Program, Texts};
use crate::report;
use crate::script::Script;
use crate::session::birth::{self, Shell};
use crate::session::heads::log_line;
use crate::session::{self, Session, close, shells};
use crate::supervise::{Level, Starts};
use crate::sys::notify;
use crate::text;

/// What is recorded of a script.
pub struct Recording {
    session: Rc<Session>,
    /// The script, as attesh read it before bash does.
    pub given: Given,
    /// Its units.
    pub script: Script,
    /// How many of them had begun before the recording.
    pub before: u64,
    /// The last unit is one that bash cannot parse.
    pub broken: bool,
    /// Where bash reads and runs units, if this bash shows it.
    pub places: Result<Places, String>,
    /// bash's version, if it was seen.
    version: String,
    name: Vec<u8>,
    /// Its units are not recorded, or not all of them.
    partly: bool,
    interpreter: Interpreter,
    shell: Option<u64>,
    lost: u64,
    /// How many commands have started, and how many of these starts are not recorded.
    commands: (u64, u64),
    said: bool,
    head: Option<Head>,
    /// Whether bash read nothing but the plan's bytes, if that was seen.
    pub read_as_planned: Option<bool>,
    /// Its head goes to the log when it begins.
    pub announced: bool,
    /// bash was lost from sight before its end.
    lost_sight: bool,
    /// What records the starts below bash, if that was asked for.
    pub starts: Option<Rc<Starts>>,
    /// That was asked for, and no recorder of this script sees them.
    pub unheld: Option<Level>,
}

/// A unit's start, its end, or both, as they are recorded.
pub enum Step {
    /// It starts.
    Start(UnitStart),
    /// It has ended.
    Finish(UnitEnd),
}

/// How a script's shell has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its exit status; 128 + the signal if a signal ended it.
    pub status: u8,
    /// A signal ended it.
    pub signalled: bool,
}

impl Ending {
    /// From what the kernel says.
    #[must_use]
    pub fn of(status: std::process::ExitStatus) -> Self {
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        let code = status.code().or(signal.map(|signal| 128 + signal));
        let status = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX);
        Ending { status, signalled: signal.is_some() }
    }
}

impl Interpreter {
    /// This bash, with the variables of this program's environment.
    #[must_use]
    pub fn of(bash: &Path) -> Self {
        let set = |one: &Inherited| match one {
            Inherited::Function => paths::brings_function(),
            one => paths::variable(one.name()).is_some(),
        };
        Interpreter {
            path: Some(bash.as_os_str().as_bytes().to_vec()),
            sha256: File::open(bash).and_then(|file| digest_of(&file)).ok(),
            options: None,
            arguments: None,
            inherited: Inherited::ALL.iter().copied().filter(set).collect(),
        }
    }
}

impl Recording {
    /// Who waits for this process, and is to stop with it.
    #[must_use]
    pub fn waits(&self) -> Option<u32> {
        self.starts.as_ref().map(|starts| starts.waits())
    }

    /// A script that is to be recorded in this session.
    ///
    /// # Errors
    /// The script cannot be read, so that bash could not read it either.
    pub fn new(session: Session, call: &BashCall, bash: &Path) -> Result<Self, Failure> {
        let given = Given::read(&call.input)?;
        let wanted = paths::variable(paths::EVIDENCE_VARIABLE).unwrap_or_default();
        let places = match wanted.to_str().and_then(Evidence::from_name) {
            _ if wanted.is_empty() => Places::of(bash),
            Some(Evidence::Reader) => Places::of(bash),
            Some(Evidence::Traps) => Err(format!("{} asks for traps", paths::EVIDENCE_VARIABLE)),
            _ => {
                let what = format!("{} is neither reader nor traps", paths::EVIDENCE_VARIABLE);
                return Err(Failure::usage(what).next("unset it"));
            }
        };
        let mut interpreter = Interpreter::of(bash);
        interpreter.options = Some(call.options());
        interpreter.arguments = Some(call.arguments());
        let mut recording = Recording::of(session, given, call.name(), interpreter);
        recording.places = places;
        if let Input::File(_) = call.input {
            recording.name = recording.given.path().as_os_str().as_bytes().to_vec();
        }
        // A file that cannot be read has no plan; bash will say what is wrong with it.
        let split = recording
            .given
            .bytes()
            .map(|bytes| (bytes.to_vec(), split::split(bash, recording.places.as_ref().ok(), bytes)));
        if let Some((bytes, split)) = split {
            recording.plan(bytes, split);
        }
        Ok(recording)
    }

    fn plan(&mut self, bytes: Vec<u8>, split: Result<Split, Failure>) {
        let split = match split {
            Ok(split) => split,
            Err(failure) => {
                report::say(&format!("the plan has no commands: {failure}"));
                self.partly = true;
                return;
            }
        };
        if let Some(line) = split.ambiguous {
            report::say(&format!(
                "line {line}: what bash takes for a command depends on its option extglob: the plan has no commands; to set it before the script type: attesh sh -O extglob FILE"
            ));
        }
        self.script = Script::new(bytes, split.ranges).unwrap_or_default();
        self.broken = split.broken;
        self.version = split.version.unwrap_or_default();
    }

    /// A script of which nothing but its bytes is known yet.
    #[must_use]
    pub fn of(mut session: Session, given: Given, name: Vec<u8>, interpreter: Interpreter) -> Self {
        // Where what is masked cannot be read, nothing is recorded either.
        let _ = given.bytes().map(|script| session.mask_told(script));
        Recording {
            session: Rc::new(session),
            given,
            script: Script::default(),
            before: 0,
            broken: false,
            places: Err(String::new()),
            version: String::new(),
            name,
            partly: false,
            interpreter,
            shell: None,
            lost: 0,
            commands: (0, 0),
            said: false,
            head: None,
            read_as_planned: None,
            announced: false,
            lost_sight: false,
            starts: None,
            unheld: None,
        }
    }

    /// bash's version, where it was seen before the script.
    pub fn set_version(&mut self, version: Option<String>) {
        self.version = version.unwrap_or_default();
    }

    /// The session that it is recorded in.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The same, for another process that records beside this one.
    #[must_use]
    pub fn shared(&self) -> Rc<Session> {
        Rc::clone(&self.session)
    }

    /// The head behind its last record, if that could be written.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.head
    }

    /// Whether records are missing, or units are not recorded one by one.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.lost > 0 || self.partly
    }

    /// Whether the shell has joined.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.shell.is_some()
    }

    /// bash has started and waits, or is about to: it joins, and the plan is recorded.
    pub fn begin(&mut self, pid: u64, version: Option<&str>, evidence: Evidence) {
        let shell = Shell {
            program: Program::Bash,
            version: version.map_or_else(|| self.version.clone(), str::to_owned),
            pid,
            native: 0,
            hook: hex(&sha256(&[TRAP.as_bytes()])[..8]),
            typed: false,
            workdir: shells::workdir(),
            history: Vec::new(),
        };
        match birth::join(&self.session, &shell) {
            Ok(head) => self.shell = Some(head.size - 1),
            Err(error) => return self.failed(&error, 1),
        }
        if let (Some(starts), Some(shell), Ok(pid)) = (&self.starts, self.shell, u32::try_from(pid)) {
            starts.shell(shell, pid);
        }
        let (script, name) = (std::mem::take(&mut self.script), std::mem::take(&mut self.name));
        let interpreter = std::mem::take(&mut self.interpreter);
        let plan =
            PlanOf { name: &name, script: &script, before: self.before, evidence, interpreter: &interpreter };
        let mut head = None;
        self.write(1, |writer, _, shell| {
            records::plan(writer, shell, &plan)?;
            head = Some(writer.head());
            Ok(())
        });
        self.script = script;
        if let Some(head) = head.filter(|_| self.announced && self.session.is_placed()) {
            report::bare(&log_line(head));
        }
    }

    /// Whether it was written.
    fn write(
        &mut self,
        records: u64,
        work: impl FnOnce(&mut Writer, &Session, u64) -> session::Result<()>,
    ) -> bool {
        let Some(shell) = self.shell else { return false };
        let lost = self.lost;
        lock::begin_anew();
        let done = self.session.with_writer_waiting(SCRIPT_WAIT_MS, |writer| {
            close::tell_lost(writer, shell, lost)?;
            work(writer, &self.session, shell)
        });
        match &done {
            Ok(()) => self.lost = 0,
            Err(error) => self.failed(error, records),
        }
        done.is_ok()
    }

    fn failed(&mut self, error: &session::SessionError, records: u64) {
        self.lost += records;
        if !std::mem::replace(&mut self.said, true) {
            report::say(&format!("not everything of this script is recorded: {error}"));
        }
    }

    /// Nothing of its units will be recorded, and why.
    pub fn whole(&mut self, why: &str) {
        self.partly = true;
        report::say(&format!("{why}: the script is recorded as a whole, not line by line"));
    }

    /// From here on units are not recorded any more.
    pub fn cut_off(&mut self) {
        self.partly = true;
    }

    /// From here on nobody sees what bash runs.
    pub fn lose_sight(&mut self) {
        self.partly = true;
        self.lost_sight = true;
    }

    /// Records what units did.
    pub fn steps(&mut self, steps: Vec<Step>) {
        if steps.is_empty() {
            return;
        }
        let starts = steps.iter().filter(|step| matches!(step, Step::Start(_))).count() as u64;
        let next = steps.iter().rev().find_map(|step| match step {
            Step::Start(start) => Some(start.n),
            Step::Finish(_) => None,
        });
        let written = self.write(steps.len() as u64, |writer, _, shell| {
            for step in steps {
                match step {
                    Step::Start(start) => records::start(writer, shell, start)?,
                    Step::Finish(end) => records::finish(writer, shell, end)?,
                }
            }
            Ok(())
        });
        self.commands.0 += starts;
        self.commands.1 += if written { 0 } else { starts };
        if let Some(recorder) = self.starts.as_ref().filter(|_| starts > 0) {
            recorder.next(next.filter(|_| written));
        }
    }

    /// bash runs no command any more that has a number.
    pub fn leaves(&self) {
        if let Some(starts) = &self.starts {
            starts.next(None);
        }
    }

    /// bash has ended, and with it what is recorded of the starts below it.
    fn end_starts(&mut self) {
        if let Some(level) = self.unheld.take() {
            self.write(1, |writer, _, shell| level.tell(writer, shell, notify::tells_endings()));
        }
        let Some(starts) = self.starts.take() else { return };
        self.partly |= !starts.over();
        if starts.is_lost() {
            self.anomaly("recorder-lost", "the recorder of the starts below the script died");
        }
    }

    /// Records something out of order.
    pub fn anomaly(&mut self, what: &str, detail: &str) {
        let body = Body::Anomaly(Anomaly { what: what.to_owned() });
        self.write(1, |writer, _, _| {
            let mut texts = Texts::default();
            texts.commit("detail", &writer.masker().screen(detail.as_bytes().to_vec()));
            Ok(writer.append(body, &texts, clock::now()).map(|_| ())?)
        });
    }

    /// The shell has ended.
    pub fn close(&mut self, ending: Ending) {
        self.end_starts();
        // Where somebody saw what bash read, the file may be gone by now.
        let same_file = || self.given.is_unchanged(self.script.bytes());
        let unchanged = self.read_as_planned.unwrap_or_else(same_file);
        if !unchanged && !self.script.bytes().is_empty() && !same_file() {
            self.anomaly("script-changed", &self.given.path().display().to_string());
        }
        let why = match ending.signalled {
            _ if self.lost_sight => CloseReason::Unknown,
            true => CloseReason::Signal,
            false => CloseReason::Exit,
        };
        let (started, lost) = self.commands;
        if lost > 0 {
            report::say(&format!("{} of this script ran unrecorded", text::count(lost, "command")));
        }
        let mut head = None;
        let collected = collect::at_last(self.session(), collect::IN_A_JOB);
        self.write(1, |writer, session, shell| {
            let folder = shells::workdir();
            close::close_scripted(writer, shell, why, Some(ending.status), Some(started), unchanged, folder)?;
            close::end_without_shells(session, writer, &|writer| collected.append(writer))?;
            head = Some(writer.head());
            Ok(())
        });
        self.head = head;
    }
}
