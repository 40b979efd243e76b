//! Takes a block of commands from the shell that a runner made, and runs it in a bash that is
//! watched: `eval "$(attesh init bash --ci)"`.
//!
//! What lives here: what that bash is given, so that the rest of the block runs in it as it would
//! have in the first shell; what is recorded of it. What does not: getting the rest (`rest`), the
//! shell's side (`shell/block.bash`), watching (`reader`, `watched`).
//!
//! Rules: the plan has every byte from the first command of the job to the end of its text. If
//! nothing can be taken, nothing is: the shell goes on by itself, and says why.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use super::given::Given;
use super::reader::{Places, Reader, Script as Source};
use super::recording::Recording;
use super::records::Interpreter;
use super::rest::Rest;
use super::traced::{self, Trace};
use super::{script, session, split, watched};
use crate::collect;
use crate::failure::Failure;
use crate::files;
use crate::journal::append::Writer;
use crate::os::remote::Memory;
use crate::os::{memory, proc};
use crate::paths;
use crate::report;
use crate::script::Script;
use crate::session::close::{self, EndVerb};
use crate::session::heads::{head_now, log_line};
use crate::session::masking;
use crate::sys;

/// The descriptors on which the first shell gives its state and its memory.
const STATE: i32 = 217;
const MEMORY: i32 = 218;
/// The descriptors on which the second gets its state and its text.
const STATE_TO: i32 = 218;
const TEXT_TO: i32 = 219;
/// What the second shell runs.
const BEGIN: &str = "\\builtin . /dev/fd/218 >/dev/null 2>&1; \
    \\builtin mapfile -d '' -t -u 219 __attesh_text; \\builtin eval \"$__attesh_text\"";
/// Its own names go, and its descriptors; it is not to be handed over again.
const CLEAN: &str = "\\builtin unset __attesh_text __attesh_traps __attesh_memory __attesh_line __attesh_done __attesh_why __attesh_shell \
    __attesh_status BASH_EXECUTION_STRING; \\exec 218<&- 219<&-; __attesh_ci=${BASHPID-}; ";
/// What the journal calls the script: it is no file.
const NAME: &str = "job";
/// The longest state of a shell, in bytes.
const STATE_MAX: u64 = 64 << 20;

/// A shell that asks to be taken over.
pub struct Asking {
    pid: u32,
    within: bool,
}

impl Asking {
    /// From what it says of itself: its process id, and how deep in subshells it is.
    ///
    /// # Errors
    /// They are no numbers.
    pub fn new(shell: &[u8]) -> Result<Self, Failure> {
        let words = std::str::from_utf8(shell).ok().and_then(|text| text.split_once(' '));
        let numbers = words.and_then(|(pid, depth)| Some((pid.parse().ok()?, depth.parse::<u32>().ok()?)));
        let (pid, depth) = numbers.ok_or_else(|| Failure::usage("block: no numbers of a shell"))?;
        Ok(Asking { pid, within: depth > 0 })
    }

    fn bash(&self) -> Result<PathBuf, String> {
        let path = proc::path_of_program(self.pid);
        path.map_err(|error| format!("the shell's program cannot be found: {}", files::words(&error)))
    }

    /// What is left of its text, if it can be taken.
    ///
    /// # Errors
    /// In words: why it cannot.
    pub fn rest(&self) -> Result<(Rest, Places), String> {
        let places = Places::of(&self.bash()?)?;
        let moved = places.moved(self.pid).ok_or("the shell's program cannot be found in its memory")?;
        let file = sys::copy_of(MEMORY).map_err(|error| format!("bash gives no memory: {error}"))?;
        let rest = Rest::of(self.pid, &Memory::new(file), &moved, self.within)?;
        Ok((rest, places))
    }
}

/// What the first shell says of itself on its descriptor.
struct State {
    /// What the second reads first.
    text: Vec<u8>,
    /// What `enable -n` lists.
    disabled: Vec<u8>,
    traps: Vec<u8>,
    options: Vec<u8>,
}

fn state() -> Result<State, Failure> {
    let mut bytes = Vec::new();
    let read = sys::copy_of(STATE).and_then(|file| file.take(STATE_MAX).read_to_end(&mut bytes));
    read.map_err(|error| {
        Failure::unable(format!("the shell does not tell its state: {}", files::words(&error)))
    })?;
    let mut parts = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let parts: [Option<Vec<u8>>; 6] = std::array::from_fn(|_| parts.next());
    match parts {
        // Before the first NUL stands what a DEBUG trap of the first shell printed.
        [Some(_), Some(text), Some(disabled), Some(traps), Some(options), Some(end)] if end.is_empty() => {
            Ok(State { text, disabled, traps, options })
        }
        _ => Err(Failure::unable("the shell's state is cut off")),
    }
}

impl State {
    /// The lines that disable builtins.
    fn disable(&self) -> Vec<u8> {
        let lines = self.disabled.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.flat_map(|line| [b"\\builtin ", line, b"\n"].concat()).collect()
    }

    /// The words of `set` that give a new shell these options.
    fn set(&self) -> Vec<u8> {
        let mut words = b"\\builtin set +o braceexpand +o hashall +o interactive-comments".to_vec();
        for option in self.own_options() {
            words.extend_from_slice(b" -o ");
            words.extend_from_slice(option);
        }
        words
    }

    fn own_options(&self) -> impl Iterator<Item = &[u8]> {
        let options = self.options.split(|byte| *byte == b':');
        options.map(<[u8]>::trim_ascii).filter(|option| !option.is_empty())
    }

    /// The options that a shell has not by itself, as words of its command line.
    fn words(&self) -> Vec<u8> {
        const USUAL: [&[u8]; 3] = [b"braceexpand", b"hashall", b"interactive-comments"];
        let own = self.own_options().filter(|option| !USUAL.contains(option));
        own.flat_map(|option| [b"-o\0", option, b"\0"].concat()).collect()
    }
}

/// Takes over the shell's block and runs it to its end; `line` is where the shell is in its text.
/// The status is for the shell to exit with.
///
/// # Errors
/// The block was not run.
pub fn run(asking: &Asking, line: &[u8], words: &[&[u8]]) -> Result<ExitStatus, Failure> {
    let (rest, places) = asking.rest().map_err(Failure::unable)?;
    let bash = asking.bash().map_err(Failure::unable)?;
    let state = state()?;
    // Those by which the first shell has them, too.
    [STATE, MEMORY].into_iter().flat_map(proc::same_as).for_each(sys::keep);
    let line: usize = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok()).unwrap_or(1);
    let mut text = CLEAN.as_bytes().to_vec();
    // Traps may have several lines; here they stand on one, and the lines of the rest keep their
    // numbers.
    let last = [&state.disable(), state.traps.as_slice(), &state.set()].concat();
    text.extend_from_slice(format!("\\builtin eval {}", ansi_quoted(&last)).as_bytes());
    text.extend(std::iter::repeat_n(b'\n', line.max(1)));
    let skipped = text.len() as u64;
    text.extend_from_slice(&rest.rest);
    let mut recording = recording(&rest, &bash, &places, &state, words)?;
    let before = rest.before.len() as u64;
    // Nobody looks for an error here: the block runs.
    let trace = Trace::usual().unwrap_or_else(|failure| {
        report::say(&failure.to_string());
        Trace::Nothing
    });
    let level = traced::level(trace, recording.session());
    let ran = traced::run(trace, level, &mut recording, &mut |recording| {
        let source = Source::Text { text: text.clone(), skipped, before };
        let own = || command(&bash, &state, &text, &rest, words, recording);
        let (mut first, second) = (own()?, own);
        let status = match Reader::start(&mut first, &places, source, recording.starts.clone()) {
            Ok(mut reader) => watched::run(recording, &mut reader),
            Err(error) => {
                let mut command = second()?;
                let why = format!("bash cannot be watched: {}", files::words(&error));
                script::unseen(recording, &mut command, &why)
            }
        };
        status.map_err(|error| Failure::unable(format!("{}: {}", bash.display(), files::words(&error))))
    })?;
    ended(&recording);
    Ok(ran.status)
}

/// A text as bash reads it from `$'…'`, on one line.
fn ansi_quoted(text: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"'\\".contains(&byte) || byte == b' ';
    let one = |byte: &u8| match plain(*byte) {
        true => char::from(*byte).to_string(),
        false => format!("\\x{byte:02x}"),
    };
    // A digit behind an escape of two digits is not taken for a third.
    format!("$'{}'", text.iter().map(one).collect::<String>())
}

fn recording(
    rest: &Rest,
    bash: &std::path::Path,
    places: &Places,
    state: &State,
    words: &[&[u8]],
) -> Result<Recording, Failure> {
    let whole = [rest.before.as_slice(), &rest.rest].concat();
    let split = split::split(bash, Some(places), &whole)?;
    let lines = rest.before.iter().filter(|byte| **byte == b'\n').count() as u64;
    let before = split.ranges.iter().filter(|(_, last)| *last <= lines).count();
    let mut interpreter = Interpreter::of(bash);
    interpreter.options = Some(state.words());
    interpreter.arguments = Some(words.iter().skip(1).flat_map(|word| [*word, b"\0"].concat()).collect());
    let mut recording = Recording::of(
        session::choose(None, &collect::usual(), masking::usual()?)?,
        Given::of_text(whole.clone()),
        NAME.into(),
        interpreter,
    );
    recording.broken = split.broken;
    recording.announced = true;
    recording.before = before as u64;
    recording.script = Script::new(whole, split.ranges).unwrap_or_default();
    recording.set_version(split.version);
    Ok(recording)
}

fn command(
    bash: &std::path::Path,
    state: &State,
    text: &[u8],
    rest: &Rest,
    words: &[&[u8]],
    recording: &Recording,
) -> Result<Command, Failure> {
    let unmade = |error: std::io::Error| {
        Failure::unable(format!("no file in memory could be made: {}", files::words(&error)))
    };
    let mut command = Command::new(bash);
    command.arg("-c").arg(BEGIN);
    command.args(words.iter().map(|word| OsString::from_vec(word.to_vec())));
    // The first shell has read it, and hands on what came of it.
    for read in ["BASH_ENV", "SHELLOPTS", "BASHOPTS"] {
        command.env_remove(read);
    }
    command.env(paths::SESSION_VARIABLE, recording.session().folder().path());
    if rest.standard {
        command.stdin(Stdio::null());
    }
    for (bytes, descriptor) in [(state.text.as_slice(), STATE_TO), (text, TEXT_TO)] {
        let file = memory::sealed(bytes).map_err(unmade)?;
        sys::inherit(&mut command, &file, descriptor).map_err(unmade)?;
    }
    sys::keep_signals(&mut command);
    sys::keep_closed(&mut command);
    Ok(command)
}

/// If the job runs in a container, that stops before anything else of the job runs: the session in
/// its folder ends here, and its head goes to the log.
fn ended(recording: &Recording) {
    let session = recording.session();
    if !session.is_placed() {
        return;
    }
    let collected = collect::at_stop(session, collect::IN_A_JOB);
    let last = |writer: &mut Writer| collected.append(writer);
    let head = close::end_by_command(session, EndVerb::Stop, true, &last).map(|over| over.head);
    match head.or_else(|_| head_now(session)) {
        Ok(head) => report::bare(&log_line(head)),
        Err(failure) => report::say(&failure.to_string()),
    }
}
