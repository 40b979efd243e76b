//! Records the lines of the shells below a program (`attesh run --lines`).
//!
//! What lives here: what bash reads first there (`shell/lines.bash`), and from what it tells to the
//! records of a shell of the session. What does not: who told it (`supervise`), which unit a message is
//! about (`script::run`), what a shell's text is made of (`split`).
//!
//! Rules: nothing is recorded that a bash did not announce. One whose lines nobody can tell has no
//! record as a shell; its start stands as that of any program.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::call::{self, BashCall, Input};
use super::channel::{ANSWER_BYTES, Message, Told};
use super::reader::Places;
use super::recording::Step;
use super::records::{self, Interpreter, PlanOf, UnitEnd, UnitStart};
use super::trapped::recorded;
use super::{SCRIPT_WAIT_MS, split};
use crate::crypto::{Digest, sha256};
use crate::encoding::hex;
use crate::fact::process::End;
use crate::failure::Failure;
use crate::files::{self, Identity, digest_of};
use crate::journal::append::Writer;
use crate::lock;
use crate::os::{held, memory, proc};
use crate::paths;
use crate::record::{Anomaly, Body, CloseReason, Evidence, From, Inherited, Program, Texts, Unseen};
use crate::report;
use crate::script::run::{self, Announced, Farewell, Run};
use crate::script::{Script, is_empty};
use crate::session::birth::{self, Shell};
use crate::session::{self, Session, close};
use crate::supervise::{Answer, Hear, Level};
use crate::sys::notify;
use crate::text::posix_quoted;
use crate::{clock, text};

/// What bash reads first.
const FIRST: &str = include_str!("../../shell/lines.bash");
/// What a bash sets whose text has several units.
const TRAPS: &str = include_str!("../../shell/lines-traps.bash");
/// The longest text that is taken apart while its bash waits, in bytes.
const TEXT_MAX: usize = 64 << 10;

/// What hears the shells below a program, and records their lines.
pub struct Lines {
    session: Session,
    shells: HashMap<u32, Telling>,
    bashes: HashMap<PathBuf, Bash>,
    /// The user's own file for BASH_ENV.
    own: String,
    folder: files::Folder,
    name: String,
    /// Those that a process was before it became another one, the first first.
    former: HashMap<u32, Vec<Telling>>,
    /// The kernel tells how each process ended.
    by_handle: bool,
    /// The process that made this.
    maker: u32,
    /// Records that are missing.
    lost: u64,
}

/// A bash that runs below.
struct Telling {
    shell: u64,
    folder: Vec<u8>,
    script: Script,
    run: Run<'static>,
    /// It is the file at this path, which was this one.
    file: Option<(PathBuf, Identity)>,
    /// Its text is one unit, which ends as it does.
    alone: bool,
    /// How it ends says how that unit ended.
    proves: bool,
    count: u64,
    farewell: Option<Farewell>,
    /// Where it lists its traps at its end.
    traps: Option<File>,
    gone: bool,
    lost: u64,
}

/// What is known of a bash's file.
struct Bash {
    identity: Option<Identity>,
    digest: Option<Digest>,
    places: Option<Places>,
}

/// The text that a bash runs.
struct Given {
    name: Vec<u8>,
    bytes: Vec<u8>,
    file: Option<(PathBuf, Identity)>,
}

impl Lines {
    /// Puts what bash reads first beside the session's state.
    ///
    /// # Errors
    /// It cannot be written, or a path is not UTF-8.
    pub fn new(session: &Session) -> Result<Self, Failure> {
        let own = paths::variable("BASH_ENV").unwrap_or_default().into_string();
        let own = own.map_err(|_| Failure::unable("--lines: BASH_ENV is not UTF-8").next("unset it"))?;
        let session = session.again()?;
        let folder = session.state_folder()?;
        let name = format!("trap-{}", std::process::id());
        let text = bare(FIRST).replace("'@ATTESH_ENV@'", &posix_quoted(&own));
        // A killed process that had this process id may have left its file.
        let _ = folder.remove(&name);
        folder.publish_new(&name, text.as_bytes())?;
        let (shells, former, bashes) = (HashMap::new(), HashMap::new(), HashMap::new());
        let (by_handle, maker) = (notify::tells_endings(), std::process::id());
        Ok(Lines { session, shells, former, bashes, own, folder, name, by_handle, maker, lost: 0 })
    }

    /// A bash has begun, and waits; what it is to evaluate.
    fn begin(&mut self, pid: u32, folder: Vec<u8>, told: &str) -> Option<String> {
        let (version, why) = call::unheard(told);
        let bash = proc::path_of_program(pid).ok()?;
        // Others open names so, too. What a program of this name is, its digest says.
        bash.file_name().filter(|name| name.as_bytes().starts_with(b"bash"))?;
        let words: Vec<OsString> =
            words(held::words(pid).ok()?).into_iter().map(OsString::from_vec).collect();
        let call = BashCall::parse(words.get(1..)?).ok()?;
        let given = given(pid, &call)?;
        if !call.is_hooked() || given.bytes.len() > TEXT_MAX || sets_restricted(&given.bytes) {
            return None;
        }
        let script = self.script(&bash, given.bytes)?;
        let count = script.units().len();
        let alone = count == 1;
        // Of several units nobody could say which ran.
        if count == 0 || (why.is_some() && !alone) {
            return None;
        }
        self.replaced(pid);
        self.session.mask_told(script.bytes()).ok()?;
        let interpreter = self.interpreter(pid, &bash, &call);
        let hook = hex(&sha256(&[FIRST.as_bytes(), TRAPS.as_bytes()])[..8]);
        let shell = Shell {
            program: Program::Bash,
            version: version.to_owned(),
            pid: pid.into(),
            native: 0,
            hook,
            typed: false,
            workdir: folder.clone(),
            history: Vec::new(),
        };
        lock::begin_anew();
        let shell = match birth::join_beside(&self.session, &shell) {
            Ok(head) => head.size - 1,
            Err(error) => {
                self.failed(&error, 1);
                return None;
            }
        };
        let run = Run::of(script.clone());
        let unhooks = run.may_unhook();
        let proves = why.is_none() && !has_trap(script.bytes());
        let telling = Telling {
            shell,
            folder,
            script,
            run,
            file: given.file,
            alone,
            proves,
            count: 0,
            farewell: None,
            traps: None,
            gone: false,
            lost: 0,
        };
        self.plan(pid, telling, &given.name, &interpreter);
        let traps = bare(TRAPS).replace("@ATTESH_UNHOOKS@", if unhooks { "1" } else { "" });
        Some(if alone { String::new() } else { traps })
    }

    /// Records what a bash is to run, and of a single unit that it starts.
    fn plan(&mut self, pid: u32, telling: Telling, name: &[u8], interpreter: &Interpreter) {
        let script = telling.script.clone();
        let alone = telling.alone;
        self.shells.insert(pid, telling);
        self.write(pid, 1, |writer, telling| {
            let evidence = Evidence::Traps;
            let plan = PlanOf { name, script: &script, before: 0, evidence, interpreter };
            records::plan(writer, telling.shell, &plan)
        });
        let unit = script.unit(0).filter(|_| alone).map(|unit| unit.text.to_vec());
        if let Some(text) = unit {
            if let Some(telling) = self.shells.get_mut(&pid) {
                telling.count = 1;
            }
            self.steps(pid, vec![Step::Start(UnitStart { n: 1, unit: Some(1), text })]);
        }
    }

    /// A text in its units.
    fn script(&mut self, bash: &Path, bytes: Vec<u8>) -> Option<Script> {
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let all: Vec<u64> = (1..).zip(&lines).filter(|(_, line)| !is_empty(line)).map(|(at, _)| at).collect();
        let ranges = match all[..] {
            [] => Vec::new(),
            // One line is one unit, whatever bash makes of it.
            [line] => vec![(line, line)],
            _ => split::split(bash, self.bash(bash).places.as_ref(), &bytes).ok()?.ranges,
        };
        Script::new(bytes, ranges)
    }

    fn bash(&mut self, bash: &Path) -> &Bash {
        let identity = files::identity(bash);
        let known = self.bashes.get(bash).is_some_and(|known| known.identity == identity);
        if !known {
            let digest = File::open(bash).and_then(|file| digest_of(&file)).ok();
            let found = Bash { identity, digest, places: Places::of(bash).ok() };
            self.bashes.insert(bash.to_owned(), found);
        }
        &self.bashes[bash]
    }

    fn interpreter(&mut self, pid: u32, bash: &Path, call: &BashCall) -> Interpreter {
        let names = proc::names_of_variables(pid).unwrap_or_default();
        let own = !self.own.is_empty();
        let set = |one: &Inherited| match one {
            Inherited::BashEnv => own,
            Inherited::Function => names.iter().any(|name| name.starts_with(b"BASH_FUNC_")),
            one => names.iter().any(|name| name == one.name().as_bytes()),
        };
        Interpreter {
            path: Some(bash.as_os_str().as_bytes().to_vec()),
            sha256: self.bash(bash).digest,
            options: Some(call.options()),
            arguments: Some(call.arguments()),
            inherited: Inherited::ALL.iter().copied().filter(set).collect(),
        }
    }

    /// bash is about to run a command beyond the unit before; the line up to which it need not tell.
    fn unit(&mut self, pid: u32, message: &Message) -> Option<u64> {
        let telling = self.shells.get_mut(&pid)?;
        let command = Announced { text: &message.command, is_cut: message.is_cut };
        let steps = telling.run.entered(message.line, message.status, &message.pipe, command);
        let last = telling.run.last_line();
        let is_other = steps.iter().any(|step| matches!(step, run::Step::Start { is_other: true, .. }));
        let steps = recorded(steps, From::NextStart, &mut telling.count);
        if is_other {
            self.anomaly(pid, "not-as-planned", &format!("line {}: {}", message.line, message.command));
        }
        self.steps(pid, steps);
        Some(last)
    }

    fn steps(&mut self, pid: u32, steps: Vec<Step>) {
        if steps.is_empty() {
            return;
        }
        let count = steps.len() as u64;
        self.write(pid, count, |writer, telling| {
            for step in steps {
                match step {
                    Step::Start(start) => {
                        records::start_in(writer, telling.shell, start, telling.folder.clone())?;
                    }
                    Step::Finish(end) => records::finish(writer, telling.shell, end)?,
                }
            }
            Ok(())
        });
    }

    fn anomaly(&mut self, pid: u32, what: &str, detail: &str) {
        self.write(pid, 1, |writer, _| {
            let mut texts = Texts::default();
            texts.commit("detail", &writer.masker().screen(detail.as_bytes().to_vec()));
            let body = Body::Anomaly(Anomaly { what: what.to_owned() });
            Ok(writer.append(body, &texts, clock::now()).map(|_| ())?)
        });
    }

    fn write(
        &mut self,
        pid: u32,
        records: u64,
        work: impl FnOnce(&mut Writer, &Telling) -> session::Result<()>,
    ) {
        let Some(telling) = self.shells.get(&pid) else { return };
        lock::begin_anew();
        let done = self.session.with_writer_waiting(SCRIPT_WAIT_MS, |writer| {
            close::tell_lost(writer, telling.shell, telling.lost)?;
            work(writer, telling)
        });
        let Some(telling) = self.shells.get_mut(&pid) else { return };
        match done {
            Ok(()) => telling.lost = 0,
            Err(error) => {
                telling.lost += records;
                self.failed(&error, records);
            }
        }
    }

    fn failed(&mut self, error: &session::SessionError, records: u64) {
        if self.lost == 0 {
            report::say(&format!("not every line is recorded: {error}"));
        }
        self.lost += records;
    }

    /// A process became another bash: its text before ends as the process will.
    fn replaced(&mut self, pid: u32) {
        if let Some(telling) = self.shells.remove(&pid) {
            self.former.entry(pid).or_default().push(telling);
        }
    }

    /// A bash has ended, as its process did.
    fn close(&mut self, pid: u32, why: CloseReason, status: Option<u8>) {
        let Some(telling) = self.shells.get_mut(&pid) else { return };
        let signalled = why != CloseReason::Exit;
        let is_hooked = if telling.alone {
            // A signal that ends bash ends its text: a parent has 128 and the signal for it.
            let proved = status.filter(|_| matches!(why, CloseReason::Exit | CloseReason::Signal));
            let outcome = proved.filter(|_| !telling.proves).map(|_| Unseen::Untold);
            let status = proved.filter(|_| telling.proves);
            let from = if status.is_some() { From::Exit } else { From::Unknown };
            let end = UnitEnd { n: 1, status, pipe: Vec::new(), from, outcome };
            self.steps(pid, vec![Step::Finish(end)]);
            true
        } else {
            let farewell = telling.farewell.take().map(|farewell| {
                let trapped = telling.traps.take().is_some_and(has_others);
                Farewell { trapped, ..farewell }
            });
            let end = run::Ending { status: status.unwrap_or(0), signalled, farewell, gone: telling.gone };
            let is_hooked = telling.run.is_hooked(&end);
            let steps = telling.run.ended(&end);
            let steps = recorded(steps, From::Exit, &mut telling.count);
            self.steps(pid, steps);
            is_hooked
        };
        if !is_hooked {
            self.anomaly(pid, "hook-removed", "a DEBUG trap of its own took the place of that which tells");
        }
        let why = if is_hooked { why } else { CloseReason::Unknown };
        let by_handle = self.by_handle;
        self.write(pid, 1, |writer, telling| {
            let is_same =
                |(path, was): &(PathBuf, Identity)| files::identity(path).is_some_and(|now| now == *was);
            let unchanged = telling.file.as_ref().is_none_or(is_same);
            let (count, folder) = (Some(telling.count), telling.folder.clone());
            Level::Above(None).tell(writer, telling.shell, by_handle)?;
            close::close_scripted(writer, telling.shell, why, status, count, unchanged, folder)?;
            Ok(())
        });
        self.shells.remove(&pid);
    }
}

impl Hear for Lines {
    fn environment(&self) -> Vec<(&'static str, OsString)> {
        let first = ("BASH_ENV", self.folder.path().join(&self.name).into_os_string());
        // With less a bash -c that has a socket as standard input does not read BASH_ENV.
        let level = paths::variable("SHLVL").and_then(|level| level.to_str()?.parse::<u32>().ok());
        let level = ("SHLVL", OsString::from(level.unwrap_or(0).max(1).to_string()));
        vec![first, level]
    }

    fn hear(&mut self, pid: u32, folder: Vec<u8>, told: &[u8]) -> Answer {
        if told == b"T" {
            let place = self.shells.get_mut(&pid).and_then(|telling| {
                let place = memory::open(c"traps").ok()?;
                telling.traps = place.try_clone().ok();
                Some(place)
            });
            return place.map_or(Answer::Nobody, Answer::Place);
        }
        let Some(message) = Message::parse(told) else { return Answer::Nobody };
        let last = match message.told {
            Told::Begin => {
                return match self.begin(pid, folder, &message.command) {
                    Some(text) => Answer::Text([text.as_bytes(), b"\0"].concat()),
                    None => Answer::Nobody,
                };
            }
            Told::Unit => {
                if let Some(telling) = self.shells.get_mut(&pid) {
                    telling.folder = folder;
                }
                self.unit(pid, &message)
            }
            Told::Exit => self.shells.get_mut(&pid).map(|telling| {
                let pipe = message.pipe;
                telling.farewell = Some(Farewell { hooked: message.hooked, trapped: false, pipe });
                telling.run.last_line()
            }),
            Told::Traps => None,
        };
        last.map_or(Answer::Nobody, |last| Answer::Text(format!("{last:>ANSWER_BYTES$}").into_bytes()))
    }

    fn unanswered(&mut self, pid: u32) {
        if let Some(telling) = self.shells.get_mut(&pid) {
            telling.gone = true;
        }
    }

    fn ended(&mut self, pid: u32, end: End) {
        let (why, status) = match end {
            End::Exit(status) => (CloseReason::Exit, Some(status)),
            End::Signal(signal) => (CloseReason::Signal, Some(signal.saturating_add(128))),
            _ => (CloseReason::Unknown, None),
        };
        self.close(pid, why, status);
        for telling in self.former.remove(&pid).into_iter().flatten().rev() {
            self.shells.insert(pid, telling);
            self.close(pid, why, status);
        }
    }

    fn living(&self) -> Vec<u32> {
        let mut living: Vec<u32> = self.shells.keys().copied().collect();
        living.sort_unstable();
        living
    }

    fn over(&mut self) -> bool {
        let left = self.living();
        let count = left.len();
        left.into_iter().for_each(|pid| self.ended(pid, End::Running));
        if count > 0 {
            report::say(&format!(
                "{} still ran when the program ended: what it ran after that is not recorded",
                text::count(count as u64, "bash")
            ));
        }
        // A bash that begins now reads its user's own file, and tells nobody.
        self.lost == 0
    }
}

/// A file of a shell without its remarks, which each bash would read.
fn bare(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

/// Words of which each ends in a NUL.
fn words(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// The text that a bash runs, if it can be had before it runs.
fn given(pid: u32, call: &BashCall) -> Option<Given> {
    let path = match &call.input {
        Input::Text(text) => {
            return Some(Given { name: call.name(), bytes: text.as_bytes().to_vec(), file: None });
        }
        Input::Standard => return None,
        Input::File(path) => path,
    };
    let whole = proc::path_for(pid, path);
    let identity = files::identity(&whole)?;
    let bytes = files::read_stream(&whole, TEXT_MAX as u64).ok()?;
    // The link of a process is gone with it.
    let place = std::fs::canonicalize(&whole).ok()?;
    Some(Given { name: path.as_os_str().as_bytes().to_vec(), bytes, file: Some((place, identity)) })
}

/// Whether a text may set a trap, or names it.
fn has_trap(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"trap").is_some()
}

/// Whether a text may make its bash restricted, which would not let it tell without a word.
fn sets_restricted(text: &[u8]) -> bool {
    let mut words = text.split(|byte| !byte.is_ascii_alphanumeric() && !b"-_".contains(byte));
    let mut set = false;
    words.any(|word| {
        let is_so = word == b"restricted" || (set && word.starts_with(b"-") && word.contains(&b'r'));
        set = word == b"set" || (set && word.starts_with(b"-"));
        is_so
    })
}

/// Whether a list of traps, as `trap -p` prints it, has one that can end a script.
fn has_others(mut list: File) -> bool {
    let mut text = Vec::new();
    let read = list.rewind().and_then(|()| list.read_to_end(&mut text));
    read.is_err() || matches!(Message::parse(&text).map(|message| message.told), Some(Told::Traps))
}

/// The recorder removes what bash reads first when nobody is left that could read it; the process that
/// made it waits, and has a copy of this value.
impl Drop for Lines {
    fn drop(&mut self) {
        if self.maker != std::process::id() {
            let _ = self.folder.remove(&self.name);
        }
    }
}
