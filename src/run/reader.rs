//! Watches a bash where it reads its script.
//!
//! What lives here: which places of bash are watched when, and what is read there. What does not:
//! stopping a process (`os::trace`), the addresses (`places`), what is recorded (`script`).
//!
//! bash reads a unit, runs it to its end, and only then asks for the next. So the place where it
//! asks tells that the unit before has ended, and how; the place where its parser gives a unit
//! back is the last before that unit runs. Both are reached by the shell itself alone: children
//! that bash starts are not watched, and a loop within a unit costs nothing.
//!
//! Rules: nothing is told that was not seen. Whatever cannot be read ends the telling, never the
//! script.

mod aliases;
mod places;
mod seen;
mod stream;
mod unit;

pub use places::Places;
pub use seen::{Script, Seen};

use std::io;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use crate::os::trace::{PLACES, Stop, Tracee};
use crate::os::{exec, proc};
use crate::supervise::Starts;
use stream::Stream;

/// Where `bash_input` has the union that says what is read (bash's input.h).
const LOCATION: u64 = 16;
/// How many pipelines of one unit are looked at; a loop has more, and the last is not known then.
const PIPELINES_MAX: u32 = 64;
/// Where `trap_list` has the text of the DEBUG trap (bash's trap.h: behind the signals).
const DEBUG_TRAP: u64 = 65 * 8;
/// Where it has the text of the CHLD trap.
const CHILD_TRAP: u64 = 17 * 8;
/// What stands there for `trap '' DEBUG`.
const IGNORED: u64 = 1;
/// How often, and after which time, it is looked whether a bash has become a program that nobody
/// may trace.
const LOOKS_MAX: u32 = 2_000;
const LOOK: Duration = Duration::from_micros(500);
/// The longest pipeline whose statuses are read.
const MEMBERS_MAX: u64 = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has not come to the script, or runs a unit.
    Running,
    /// Its parser reads a unit.
    Reading,
    /// It is on its way out, or nothing is to be seen any more.
    Over,
}

/// A bash that is watched.
pub struct Reader {
    tracee: Tracee,
    places: Places,
    script: Script,
    phase: Phase,
    /// The call of the loop that reads the script, by its stack; 0 before it is known.
    frame: u64,
    /// Where its parser was when it began to read: a line, or an address of the text.
    from: u64,
    /// Where the text is.
    text: u64,
    stream: Stream,
    /// It runs nothing (`bash -n`): only what it reads is told.
    reads_only: bool,
    /// bash reads another file than the script.
    elsewhere: bool,
    /// bash may leave out commands of this unit.
    skips: bool,
    /// extdebug is on.
    debugs: bool,
    /// A unit runs.
    runs: bool,
    /// It is an `exit` or an `exec` and nothing else.
    leaving: bool,
    /// A CHLD trap was set when it began.
    hears_children: bool,
    /// bash has tried, in this unit, to become another program.
    became: bool,
    /// A trap was running when it last tried.
    by_trap: bool,
    /// What `zread` was asked for: place in the file, and the buffer.
    asked: Option<(u64, u64)>,
    /// The pipeline that ended last in this unit, and how many have.
    pipe: Vec<u8>,
    pipelines: u32,
    /// Who is told that it became a program.
    starts: Option<Rc<Starts>>,
}

impl Reader {
    /// Starts bash, watched. It has run nothing. Who records the starts below it is told what it becomes.
    ///
    /// # Errors
    /// It cannot be started or watched; nothing of it has run.
    pub fn start(
        command: &mut Command,
        places: &Places,
        script: Script,
        starts: Option<Rc<Starts>>,
    ) -> io::Result<Self> {
        if let Some(starts) = &starts {
            starts.hold(command)?;
        }
        let mut reader = Self::begin(command, places, script, Phase::Running)?;
        reader.starts = starts;
        reader.became_program();
        Ok(reader)
    }

    fn became_program(&self) {
        if let Some(starts) = &self.starts {
            starts.became();
        }
    }

    /// Starts a bash that reads a script and runs nothing of it (`bash -n`), watched.
    ///
    /// # Errors
    /// It cannot be started or watched.
    pub fn start_reading(command: &mut Command, places: &Places, script: Script) -> io::Result<Self> {
        Self::begin(command, places, script, Phase::Reading)
    }

    fn begin(command: &mut Command, places: &Places, script: Script, phase: Phase) -> io::Result<Self> {
        let tracee = Tracee::start(command)?;
        let Some(places) = places.moved(tracee.pid()) else {
            tracee.discard();
            return Err(io::ErrorKind::Unsupported.into());
        };
        let mut reader = Reader {
            tracee,
            places,
            script,
            reads_only: phase == Phase::Reading,
            phase,
            frame: 0,
            from: 0,
            text: 0,
            stream: Stream::default(),
            elsewhere: false,
            skips: false,
            debugs: false,
            runs: false,
            leaving: false,
            hears_children: false,
            became: false,
            by_trap: false,
            asked: None,
            pipe: Vec::new(),
            pipelines: PIPELINES_MAX,
            starts: None,
        };
        match reader.watch() {
            Ok(()) => Ok(reader),
            Err(error) => {
                reader.tracee.discard();
                Err(error)
            }
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.tracee.pid()
    }

    /// bash's version as `BASH_VERSION` has it, once it has asked for a unit.
    #[must_use]
    pub fn version(&mut self) -> Option<String> {
        let [dist, patch, build, status] = self.places.version;
        let memory = self.tracee.memory().ok()?;
        let text = |at: u64| String::from_utf8(memory.text(memory.pointer(at).ok()?, 64).ok()?).ok();
        let (dist, status) = (text(dist)?, text(status)?);
        let (patch, build) = (memory.int(patch).ok()?, memory.int(build).ok()?);
        Some(format!("{dist}.{patch}({build})-{status}"))
    }

    /// Whether job control has stopped it, and it has not gone on.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.tracee.rests()
    }

    /// What it did next; `None` if it has done nothing that is told. It stands still until
    /// [`go_on`](Self::go_on).
    ///
    /// # Errors
    /// The kernel refused to wait.
    pub fn next(&mut self, wait: bool) -> io::Result<Option<Seen>> {
        loop {
            let Some(stop) = self.tracee.next(wait)? else { return Ok(None) };
            let seen = match stop {
                Stop::Ended(status) => return Ok(Some(Seen::Ended(status))),
                Stop::Exec => {
                    self.became_program();
                    self.replaced()
                }
                Stop::Written => match self.may_skip().and_then(|skips| {
                    self.skips |= skips;
                    self.watch()
                }) {
                    Ok(()) => None,
                    Err(_) => self.lose(),
                },
                Stop::Exiting => self.exiting(),
                Stop::Place(at) => match self.reached(at).and_then(|seen| self.watch().map(|()| seen)) {
                    Ok(seen) => seen,
                    // It was killed: its end comes next.
                    Err(error) if error.raw_os_error() == Some(nix::libc::ESRCH) => None,
                    Err(_) => self.lose(),
                },
            };
            if seen.is_some() {
                return Ok(seen);
            }
            self.go_on()?;
        }
    }

    /// Lets it go on after what was told.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn go_on(&mut self) -> io::Result<()> {
        self.tracee.go_on()
    }

    /// Ends it before it has run anything.
    pub fn discard(self) {
        self.tracee.discard();
    }

    fn lose(&mut self) -> Option<Seen> {
        let told = self.phase != Phase::Over;
        self.leave();
        told.then_some(Seen::Lost)
    }

    fn leave(&mut self) {
        self.phase = Phase::Over;
        self.tracee.detach();
    }

    fn of_text(&self) -> bool {
        matches!(self.script, Script::Text { .. })
    }

    /// The function that is asked for units.
    fn parser(&self) -> places::Asked {
        if self.of_text() { self.places.of_text } else { self.places.of_file }
    }

    /// Watches the places of the phase.
    fn watch(&mut self) -> io::Result<()> {
        let places::Asked { entry, back } = self.parser();
        let leaves = self.places.run_exit_trap;
        let places: [u64; PLACES] = match self.phase {
            Phase::Running => {
                // The fourth place is for the statuses of a pipeline, or else for whoever turns
                // extdebug on within the unit, and off again.
                let fourth = match self.pipelines < PIPELINES_MAX {
                    true => self.places.set_pipestatus,
                    false => self.skipping(),
                };
                [entry, leaves, self.places.shell_execve, fourth]
            }
            // Changing the kind of a place costs more than leaving it.
            Phase::Reading if self.of_text() => [back, leaves, self.places.shell_execve, self.skipping()],
            Phase::Reading => {
                let fourth = if self.asked.is_some() { self.tracee.watched()[3] } else { self.skipping() };
                [back, leaves, self.places.zread, fourth]
            }
            Phase::Over if self.tracee.is_traced() => [0, 0, self.places.shell_execve, 0],
            Phase::Over => return Ok(()),
        };
        self.tracee.watch(places)
    }

    /// The variable at which a write tells that bash may leave out commands from then on: extdebug,
    /// or where that is on, the DEBUG trap.
    fn skipping(&self) -> u64 {
        let variable = if self.debugs { self.places.traps + DEBUG_TRAP } else { self.places.debugging };
        Tracee::written(variable).unwrap_or(0)
    }

    fn reached(&mut self, at: u64) -> io::Result<Option<Seen>> {
        let parser = self.parser();
        if at == parser.entry && self.phase == Phase::Running {
            return self.asks();
        }
        if at == parser.back && self.phase == Phase::Reading {
            return self.parsed();
        }
        if at == self.places.run_exit_trap && self.phase != Phase::Over {
            return self.leaves().map(Some);
        }
        if at == self.places.shell_execve {
            return self.becomes();
        }
        if at == self.places.set_pipestatus && self.phase == Phase::Running {
            self.pipeline()?;
        } else if at == self.places.zread && self.phase == Phase::Reading {
            self.reads()?;
        } else if self.asked.is_some() {
            self.has_read()?;
        }
        Ok(None)
    }

    fn status(&mut self) -> io::Result<u8> {
        // bash gives its parent the low eight bits, too.
        Ok(self.tracee.memory()?.int(self.places.status)?.to_le_bytes()[0])
    }

    /// Where the parser is: in lines, or in the text.
    fn position(&mut self) -> io::Result<u64> {
        if self.of_text() {
            return self.tracee.memory()?.pointer(self.places.source + LOCATION);
        }
        Ok(u64::from(self.tracee.memory()?.int(self.places.line)?.cast_unsigned()))
    }

    /// The parser is asked for a unit.
    fn asks(&mut self) -> io::Result<Option<Seen>> {
        let stack = self.tracee.registers()?.stack();
        let first = self.frame == 0;
        if first {
            if let Script::Text { text, .. } = &self.script {
                let length = text.len();
                let from = self.tracee.memory()?.pointer(self.places.source + LOCATION)?;
                if self.tracee.memory()?.text(from, length + 1).ok().as_ref() != Some(text) {
                    return Ok(None);
                }
                self.text = from;
            }
            self.frame = stack;
        }
        // A call from elsewhere: a text within a unit, or bash with another script.
        if stack != self.frame && self.of_text() {
            return Ok(None);
        }
        if !first && (stack != self.frame || std::mem::take(&mut self.became) && !self.is_at_its_script()?) {
            // bash runs a program that no kernel runs as a script, in the same process.
            return Ok(self.replaced());
        }
        self.phase = Phase::Reading;
        self.runs = false;
        self.from = self.position()?;
        let pipe = self.last_pipe();
        Ok(Some(Seen::Asks { status: self.own_status()?, pipe }))
    }

    /// `$?`, if it is that of the unit's last command.
    fn own_status(&mut self) -> io::Result<Option<u8>> {
        let skips = std::mem::take(&mut self.skips) || self.may_skip()?;
        let status = self.status()?;
        Ok((!skips).then_some(status))
    }

    /// Whether bash runs nothing more of what it has read (`set -n`), or asks a DEBUG trap whether
    /// it runs a command (`shopt -s extdebug`).
    fn may_skip(&mut self) -> io::Result<bool> {
        let [dont, debugging] = [self.places.dont_execute, self.places.debugging];
        let memory = self.tracee.memory()?;
        self.debugs = memory.int(debugging)? != 0;
        Ok(memory.int(dont)? != 0 || self.debugs && self.is_trapped(DEBUG_TRAP)?)
    }

    /// Whether a trap is set that runs something.
    fn is_trapped(&mut self, which: u64) -> io::Result<bool> {
        let at = self.places.traps + which;
        Ok(self.tracee.memory()?.pointer(at)? > IGNORED)
    }

    fn traps_children(&mut self) -> io::Result<bool> {
        self.is_trapped(CHILD_TRAP)
    }

    /// Whether a trap ends the shell, or may: one on CHLD that runs within another makes bash forget
    /// that other.
    fn ends_by_trap(&mut self) -> io::Result<bool> {
        let running = self.places.running_trap;
        let forgotten = (self.hears_children || self.traps_children()?) && !self.leaving;
        Ok(forgotten || self.tracee.memory()?.int(running)? != 0)
    }

    fn is_at_its_script(&mut self) -> io::Result<bool> {
        let Script::File(file) = self.script else { return Ok(true) };
        let input = self.tracee.memory()?.int(self.places.input)?;
        Ok(proc::place_in(self.pid(), input).is_some_and(|(other, _)| other == file))
    }

    /// The statuses of the pipeline that the unit ended with.
    fn last_pipe(&mut self) -> Vec<u8> {
        let pipe = std::mem::take(&mut self.pipe);
        if self.pipelines < PIPELINES_MAX && pipe.len() > 1 { pipe } else { Vec::new() }
    }

    /// The parser has given back what it read: a unit, a blank line, or the end.
    fn parsed(&mut self) -> io::Result<Option<Seen>> {
        let registers = self.tracee.registers()?;
        let good = registers.result().to_le_bytes()[..4] == [0; 4];
        let unit = good && self.tracee.memory()?.pointer(self.places.command)? != 0;
        let runs = self.tracee.memory()?.int(self.places.dont_execute)? == 0;
        let to = self.position()?;
        let mut of_script = true;
        let (bytes, at) = match &self.script {
            Script::File(_) => {
                let lines = u32::try_from(to & 0xffff_ffff).unwrap_or(0).wrapping_sub(self.from as u32);
                let at = self.stream.place();
                let bytes = self.stream.take(u64::from(lines));
                (bytes, (!self.elsewhere && !self.stream.has_strayed()).then_some(at))
            }
            Script::Text { text, skipped, before } => {
                let range = [self.from, to].map(|at| usize::try_from(at.wrapping_sub(self.text)).ok());
                let bytes = match range {
                    [Some(from), Some(to)] => text.get(from..to),
                    _ => None,
                };
                let at = self.from.wrapping_sub(self.text);
                of_script = at >= *skipped;
                let place = bytes.and(at.checked_sub(*skipped)).map(|at| at + before);
                (bytes.unwrap_or_default().to_vec(), place)
            }
        };
        self.asked = None;
        if self.reads_only {
            self.from = to;
        } else {
            self.phase = Phase::Running;
        }
        (self.pipe, self.pipelines) = (Vec::new(), PIPELINES_MAX);
        if !unit || !of_script {
            return Ok(None);
        }
        if !runs {
            return Ok(Some(Seen::Reads { bytes, at }));
        }
        self.leaving = unit::is_leaving(&bytes);
        self.hears_children = self.traps_children()?;
        self.skips = self.may_skip()?;
        // bash runs a DEBUG trap itself before it starts the members of a pipeline.
        let command = self.places.command;
        if unit::is_pipeline(self.tracee.memory()?, command)? && !self.is_trapped(DEBUG_TRAP)? {
            self.pipelines = 0;
        }
        self.runs = true;
        let changed = self.changed(&bytes)?;
        Ok(Some(Seen::Starts { bytes, at, changed }))
    }

    /// What makes another command of what bash read, between its file and its parser.
    fn changed(&mut self, bytes: &[u8]) -> io::Result<Option<String>> {
        let (expands, aliases, [expansion, history]) =
            (self.places.expands, self.places.aliases, self.places.rewrites);
        let memory = self.tracee.memory()?;
        if memory.int(expansion)? != 0 && memory.int(history)? != 0 {
            return Ok(Some("bash expands its history in".into()));
        }
        if memory.int(expands)? == 0 {
            return Ok(None);
        }
        let name = aliases::met(memory, aliases, bytes)?;
        Ok(name.map(|name| format!("the alias {} makes another command of", String::from_utf8_lossy(&name))))
    }

    /// bash ends, by the end of its script, `exit`, `set -e` or a signal that it caught.
    fn leaves(&mut self) -> io::Result<Seen> {
        let by_trap = self.runs && self.ends_by_trap()?;
        let status = self.own_status()?;
        self.phase = Phase::Over;
        let pipe = self.last_pipe();
        Ok(Seen::Leaves { status: status.filter(|_| !by_trap), pipe })
    }

    /// Its memory is still there: a trap that ended it shows, and whether it left something out.
    fn exiting(&mut self) -> Option<Seen> {
        if self.phase == Phase::Over {
            return None;
        }
        self.phase = Phase::Over;
        let by_trap = self.runs && self.ends_by_trap().unwrap_or(true);
        let unsure = by_trap || self.skips || self.may_skip().unwrap_or(false);
        unsure.then(|| Seen::Leaves { status: None, pipe: Vec::new() })
    }

    /// bash is about to become another program. One that gets rights of its file keeps them only
    /// if nobody traces it.
    fn becomes(&mut self) -> io::Result<Option<Seen>> {
        let name = self.tracee.registers()?.argument(0);
        let name = self.tracee.memory()?.text(name, 4096)?;
        self.became = true;
        self.by_trap = self.ends_by_trap()?;
        if !exec::gives_rights(self.pid(), &name) {
            return Ok(None);
        }
        let (pid, told) = (self.pid(), self.phase != Phase::Over);
        let replaced = self.replaced();
        // Nobody would see a bash that goes on because this fails.
        for _ in 0..LOOKS_MAX {
            match self.places.is_run_by(pid) {
                Some(true) => std::thread::sleep(LOOK),
                Some(false) => return Ok(replaced),
                None => break,
            }
        }
        Ok(told.then_some(Seen::Lost))
    }

    /// The unit that runs has become another program, or a trap within it has.
    fn replaced(&mut self) -> Option<Seen> {
        let told = self.phase != Phase::Over;
        self.leave();
        let seen = match self.by_trap {
            false => Seen::Replaced,
            true => Seen::Leaves { status: None, pipe: Vec::new() },
        };
        told.then_some(seen)
    }

    fn pipeline(&mut self) -> io::Result<()> {
        let registers = self.tracee.registers()?;
        let (from, count) = (registers.argument(0), registers.argument(1) & 0xffff_ffff);
        self.pipelines += 1;
        self.pipe.clear();
        if (2..=MEMBERS_MAX).contains(&count) {
            for member in 0..count {
                self.pipe.push(self.tracee.memory()?.int(from + 4 * member)?.to_le_bytes()[0]);
            }
        }
        Ok(())
    }

    /// The parser wants bytes of a descriptor.
    fn reads(&mut self) -> io::Result<()> {
        let registers = self.tracee.registers()?;
        let (descriptor, buffer) = (registers.argument(0) & 0xffff_ffff, registers.argument(1));
        let input = self.tracee.memory()?.int(self.places.input)?;
        if u32::try_from(descriptor).ok() != Some(input.cast_unsigned()) {
            return Ok(());
        }
        let place = proc::place_in(self.pid(), input);
        let Script::File(file) = self.script else { return Ok(()) };
        let Some((_, at)) = place.filter(|(other, _)| *other == file) else {
            self.elsewhere = true;
            return Ok(());
        };
        let behind = self.tracee.caller()?;
        self.asked = Some((at, buffer));
        let [back, leaves, zread, _] = self.tracee.watched();
        self.tracee.watch([back, leaves, zread, behind])
    }

    /// It has got them.
    fn has_read(&mut self) -> io::Result<()> {
        let Some((at, buffer)) = self.asked.take() else { return Ok(()) };
        let Ok(length) = usize::try_from(self.tracee.registers()?.result()) else { return Ok(()) };
        let mut bytes = vec![0; length];
        self.tracee.memory()?.exactly(buffer, &mut bytes)?;
        self.stream.read(at, &bytes);
        Ok(())
    }
}
