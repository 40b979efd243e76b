//! Runs a script in bash and records each unit of it.
//!
//! What lives here: the parent of that bash. What does not: the words that it is called with
//! and what it reads first (`call`), which unit runs (`script::run`), what its records hold
//! (`records`), what becomes of its status (`cli::sh`).
//!
//! Rules: the script runs as it would without this program, whatever fails here; a start is in
//! the journal before bash goes on.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};

use super::SCRIPT_WAIT_MS;
use super::call::{self, BashCall, HookFile};
use super::channel::{self, Channel, Message, Told};
use super::records::{self, Interpreter, PlanOf, UnitEnd, UnitStart};
use super::split;
use crate::clock;
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::failure::Failure;
use crate::files;
use crate::journal::append::{Writer, digest_of};
use crate::journal::head::Head;
use crate::os::proc;
use crate::os::signals::Signals;
use crate::paths;
use crate::record::{
    Anomaly, Body, CloseReason, Disclosures, Evidence, From, Inherited, PlanTime, Program, Unseen,
};
use crate::report;
use crate::script::run::{Ending, Farewell, Run, Step, UnitStatus};
use crate::script::{SCRIPT_MAX, Script};
use crate::session::birth::{self, Shell};
use crate::session::{self, Session, close, shells};

/// What is recorded of a script.
pub struct Recording {
    session: Session,
    script: Script,
    broken: bool,
    file: PathBuf,
    /// Which file it is, if it is one. attesh does not read a pipe, because bash could not read it
    /// again.
    identity: Option<files::Identity>,
    /// Its units are not recorded, or not all of them.
    partly: bool,
    interpreter: Interpreter,
    shell: Option<u64>,
    lost: u64,
    said: bool,
    head: Option<Head>,
}

/// The bash that runs the script, and what it is called with.
fn interpreter(bash: &Path, call: &BashCall) -> Interpreter {
    let set = |one: &Inherited| paths::variable(one.name()).is_some();
    Interpreter {
        path: Some(bash.as_os_str().as_bytes().to_vec()),
        sha256: File::open(bash).and_then(|file| digest_of(&file)).ok(),
        options: Some(call.options()),
        arguments: Some(call.arguments()),
        inherited: Inherited::ALL.iter().copied().filter(set).collect(),
    }
}

impl Recording {
    /// A script that is to be recorded in this session.
    #[must_use]
    pub fn new(session: Session, call: &BashCall, bash: &Path) -> Self {
        // bash looks along PATH for a name that is not a file here.
        let bare = call.file.components().count() == 1 && !call.file.exists();
        let found = if bare { call.file.to_str().and_then(paths::program) } else { None };
        let file = found.unwrap_or_else(|| call.file.clone());
        let mut recording = Recording {
            session,
            script: Script::default(),
            broken: false,
            identity: files::identity(&file),
            file,
            partly: false,
            interpreter: interpreter(bash, call),
            shell: None,
            lost: 0,
            said: false,
            head: None,
        };
        // A file that cannot be read has no plan; bash will say what is wrong with it.
        let read = recording.bytes();
        let planned = read.and_then(|bytes| {
            let split = split::split(bash, &bytes).ok()?;
            Some((Script::new(bytes, split.ranges)?, split.broken))
        });
        if let Some((script, broken)) = planned {
            (recording.script, recording.broken) = (script, broken);
        }
        recording
    }

    /// The session that it is recorded in.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
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

    /// The script as it is now, if it is a file that can be planned.
    fn bytes(&self) -> Option<Vec<u8>> {
        self.identity?;
        files::read_stream(&self.file, SCRIPT_MAX as u64).ok()
    }

    /// Why the plan has no units, if it has none: words for the person who waits.
    fn unplanned(&self) -> Option<String> {
        let unread = self.script.bytes().is_empty() && self.file.exists() && !self.file.is_dir();
        let long =
            self.identity.is_some() && self.file.metadata().is_ok_and(|meta| meta.len() > SCRIPT_MAX as u64);
        match (unread, self.identity, long) {
            (true, None, _) => Some("the script is not a file that can be read twice".to_owned()),
            (true, _, true) => Some(format!("the script has more than {SCRIPT_MAX} bytes")),
            _ => None,
        }
    }

    /// bash has read its hook and waits: `said` is what it told of itself. The answer is whether
    /// its units are recorded one by one.
    fn begun(&mut self, pid: u64, said: &str) -> bool {
        let (version, why) = call::unheard(said);
        let why = why.or_else(|| self.unplanned());
        if let Some(why) = &why {
            self.whole(why);
        }
        self.begin(pid, version);
        why.is_none()
    }

    /// bash has started and waits: it joins, and the plan is recorded.
    fn begin(&mut self, pid: u64, version: &str) {
        let shell = Shell {
            program: Program::Bash,
            version: version.to_owned(),
            pid,
            native: 0,
            hook: hex(&sha256(&[call::TRAP.as_bytes()])[..8]),
            typed: false,
            workdir: shells::workdir(),
            history: Vec::new(),
        };
        match birth::join(&self.session, &shell) {
            Ok(head) => self.shell = Some(head.size - 1),
            Err(error) => return self.failed(&error, 1),
        }
        let script = std::mem::take(&mut self.script);
        let name = self.file.as_os_str().as_bytes().to_vec();
        let interpreter = std::mem::take(&mut self.interpreter);
        let evidence = if self.partly { Evidence::Whole } else { Evidence::Traps };
        let plan = PlanOf { name: &name, script: &script, evidence, before: 0, interpreter: &interpreter };
        self.write(1, |writer, _, shell| records::plan(writer, shell, PlanTime::Start, &plan));
        self.script = script;
    }

    fn write(&mut self, records: u64, work: impl FnOnce(&mut Writer, &Session, u64) -> session::Result<()>) {
        let Some(shell) = self.shell else { return };
        let lost = self.lost;
        let done = self.session.with_writer_waiting(SCRIPT_WAIT_MS, |writer| {
            close::tell_lost(writer, shell, lost)?;
            work(writer, &self.session, shell)
        });
        match done {
            Ok(()) => self.lost = 0,
            Err(error) => self.failed(&error, records),
        }
    }

    fn failed(&mut self, error: &session::SessionError, records: u64) {
        self.lost += records;
        if !std::mem::replace(&mut self.said, true) {
            report::say(&format!("not everything of this script is recorded: {error}"));
        }
    }

    fn whole(&mut self, why: &str) {
        self.partly = true;
        report::say(&format!("{why}: the script is recorded as a whole, not line by line"));
    }

    fn steps(&mut self, steps: &[Step], from: From) {
        if steps.is_empty() {
            return;
        }
        let texts: Vec<Option<Vec<u8>>> = steps.iter().map(|step| self.text(step)).collect();
        self.write(steps.len() as u64, |writer, _, shell| {
            for (step, text) in steps.iter().zip(texts) {
                record(writer, shell, step, text, from)?;
            }
            Ok(())
        });
    }

    /// Units that bash announces, and did not: something else ran in their place, or nothing.
    fn unannounced(&mut self, steps: &[Step], current: Option<usize>) {
        for step in steps {
            let Step::Start { unit, planned: false, late: false } = step else { continue };
            if current != Some(*unit) {
                let line = self.script.unit(*unit).map_or(0, |unit| unit.first);
                self.anomaly("not-as-planned", &format!("line {line}: bash did not announce it"));
            }
        }
    }

    fn text(&self, step: &Step) -> Option<Vec<u8>> {
        let Step::Start { unit, .. } = step else { return None };
        self.script.unit(*unit).map(|unit| unit.text.to_vec())
    }

    fn anomaly(&mut self, what: &str, detail: &str) {
        let mut texts = Disclosures::default();
        texts.commit("detail", detail.as_bytes().to_vec());
        let body = Body::Anomaly(Anomaly { what: what.to_owned() });
        self.write(1, |writer, _, _| Ok(writer.append(body, &texts, clock::now()).map(|_| ())?));
    }

    fn close(&mut self, ending: &Ending) {
        // A file that was overwritten and restored has another change time.
        let same = self.identity == files::identity(&self.file);
        let script_unchanged = same && self.bytes().is_some_and(|bytes| bytes == self.script.bytes());
        if !script_unchanged && !self.script.bytes().is_empty() {
            self.anomaly("script-changed", &self.file.display().to_string());
        }
        let why = if ending.signalled { CloseReason::Signal } else { CloseReason::Exit };
        let status = Some(ending.status);
        let mut head = None;
        self.write(1, |writer, session, shell| {
            close::close_scripted(writer, shell, why, status, None, script_unchanged)?;
            close::end_without_shells(session, writer)?;
            head = Some(writer.head());
            Ok(())
        });
        self.head = head;
    }
}

fn record(
    writer: &mut Writer,
    shell: u64,
    step: &Step,
    text: Option<Vec<u8>>,
    from: From,
) -> session::Result<()> {
    match step {
        Step::Start { unit, planned, late } => {
            let n = *unit as u64 + 1;
            let unit = (*planned || *late).then_some(n);
            let unit = UnitStart { n, unit, text: text.unwrap_or_default() };
            records::start(writer, shell, unit)
        }
        Step::Finish { unit, status, pipe } => {
            let (status, from, outcome) = match status {
                UnitStatus::Seen(status) => (Some(*status), from, None),
                UnitStatus::Passed => (None, From::Unknown, Some(Unseen::Untold)),
                UnitStatus::Unknown => (None, From::Unknown, None),
            };
            let ended = UnitEnd { n: *unit as u64 + 1, status, pipe: pipe.clone(), from, outcome };
            records::finish(writer, shell, ended)
        }
    }
}

/// Runs the script to its end, recorded or not.
///
/// # Errors
/// bash could not be started.
pub fn run(call: &BashCall, bash: &Path, recording: Option<&mut Recording>) -> Result<ExitStatus, Failure> {
    let cannot =
        |error: std::io::Error| Failure::unable(format!("{}: {}", bash.display(), files::words(&error)));
    let Some(recording) = recording else {
        let mut child = call.command(bash).spawn().map_err(cannot)?;
        return watch(&mut child, &Signals::take(), None, &mut |_| {}).map_err(cannot);
    };
    let (mut command, heard) = match call.heard(bash, &recording.session) {
        Ok((command, channel, hook)) => (command, Some((channel, hook))),
        Err(why) => {
            recording.whole(&why);
            // bash does not wait until its plan is recorded, so this comes first.
            recording.begin(u64::from(std::process::id()), "");
            (call.command(bash), None)
        }
    };
    command.env(paths::SESSION_VARIABLE, recording.session.folder().path());
    let mut child = command.spawn().map_err(cannot)?;
    recorded(recording, &mut child, &Signals::take(), heard).map_err(cannot)
}

/// Lets the script run and records what bash reports of it.
fn recorded(
    recording: &mut Recording,
    child: &mut Child,
    signals: &Signals,
    heard: Option<(Channel, HookFile)>,
) -> std::io::Result<ExitStatus> {
    let script = recording.script.clone();
    let mut run = Run::new(&script, recording.broken);
    let (mut farewell, mut read, mut in_units) = (None, None, heard.is_some());
    let pid = u64::from(child.id());
    let channel = heard.as_ref().map(|(channel, _)| channel);
    if let Some(channel) = channel {
        channel.listen_to(child.id());
    }
    let status = watch(child, signals, channel, &mut |message| {
        match message.told {
            Told::Begin => {
                let in_its_units = recording.begun(pid, &message.command);
                if let (false, Some(channel)) = (in_its_units, channel) {
                    in_units = false;
                    return channel.refuse();
                }
            }
            Told::Unit => {
                let expected = run.expects(message.line, &message.command);
                let steps = run.entered(message.line, message.status, &message.pipe, &message.command);
                recording.steps(&steps, From::NextStart);
                recording.unannounced(&steps, run.current());
                if !expected {
                    let detail = format!("line {}: {}", message.line, message.command);
                    recording.anomaly("not-as-planned", &detail);
                }
            }
            Told::Failure => {
                let steps = run.failed(message.line, message.status, &message.command);
                recording.steps(&steps, From::NextStart);
                recording.unannounced(&steps, run.current());
            }
            Told::Exit => {
                let (command, pipe) = (message.command.clone(), message.pipe.clone());
                farewell = Some(Farewell { command, hooked: message.hooked, pipe });
                read = recording.identity.and_then(|identity| proc::position(pid, identity.file));
            }
        }
        if let Some(channel) = channel {
            channel.answer(match message.told {
                Told::Begin => u64::from(run.may_unhook()),
                // After a failure bash reports its next command, wherever that is: if that is not
                // of this unit, the failure is how the unit ended.
                Told::Failure => 0,
                Told::Unit | Told::Exit => run.last_line(),
            });
        }
    })?;
    if recording.shell.is_none() {
        // bash ended before it read its hook: the script does not exist, or bash cannot run it.
        recording.begin(u64::from(std::process::id()), "");
    }
    let signal = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX);
    let gone = heard.as_ref().is_some_and(|(_, hook)| hook.is_gone());
    let ending = Ending { status: code, signalled: signal.is_some(), farewell, gone, read };
    if in_units {
        let hooked = run.is_hooked(&ending);
        recording.steps(&run.ended(&ending), From::Exit);
        if !hooked {
            let detail = match gone {
                true => "the hook in bash could not reach the recorder",
                false => "the script set a DEBUG trap of its own",
            };
            recording.partly = true;
            recording.anomaly("hook-removed", detail);
        }
    }
    recording.close(&ending);
    Ok(status)
}

/// Waits for bash, passes signals on and reads what bash reports.
fn watch(
    child: &mut Child,
    signals: &Signals,
    channel: Option<&Channel>,
    hear: &mut dyn FnMut(&Message),
) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            // The messages that it sent before it ended are still to be read.
            while let Some(message) = channel.and_then(Channel::hear) {
                hear(&message);
            }
            return Ok(status);
        }
        channel::wait(signals, channel)?;
        signals.hand_on(child.id());
        while let Some(message) = channel.and_then(Channel::hear) {
            hear(&message);
        }
    }
}
