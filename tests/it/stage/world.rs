//! Folders of its own for each test, and the recorder called as a hook calls it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use attesh::files::{Overwrite, publish};
use attesh::journal::check::{Checked, Knowledge, check};
use attesh::protocol::{self, Key, Verb};
use attesh::session::Session;
use tempfile::TempDir;

/// The program without its debugging information: a tenth of the bytes to map and to hash.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let built = PathBuf::from(env!("CARGO_BIN_EXE_attesh"));
        let stripped = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("attesh-{}", std::process::id()));
        let done = Command::new("strip").arg("-o").arg(&stripped).arg(&built).status();
        if done.is_ok_and(|status| status.success()) { stripped } else { built }
    })
}

/// Whether the long form of the proofs was asked for (`tests/prove`).
#[expect(clippy::disallowed_methods, reason = "a test asks how it is run")]
pub fn long() -> bool {
    std::env::var_os("ATTESH_PROVE").is_some_and(|value| value == "long")
}

/// Says that a test is skipped, and why; in the long form that proves nothing, so it fails.
pub fn skipped(why: &str) {
    assert!(!long(), "{why}: nothing is left out of the long form");
    eprintln!("SKIPPED: {why}");
}

/// One of two sizes: the bounded one, or that of the long form.
pub fn sized(quick: usize, whole: usize) -> usize {
    if long() { whole } else { quick }
}

/// A home and a folder in memory, nothing else in the environment.
pub struct World {
    pub home: TempDir,
    pub runtime: TempDir,
}

/// What `open` answered.
#[derive(Clone, Debug)]
pub struct Opened {
    pub folder: PathBuf,
    pub genesis: String,
    pub shell: String,
}

impl World {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let runtime = tempfile::tempdir_in("/dev/shm").unwrap();
        World { home, runtime }
    }

    /// A session of one shell in which so many commands have run.
    pub fn after(commands: u64) -> (Self, Opened) {
        let world = World::new();
        let at = world.open(None);
        for n in 1..=commands {
            world.command(&at, n);
        }
        (world, at)
    }

    /// A command, from start to finish.
    pub fn command(&self, at: &Opened, n: u64) {
        assert_eq!(code(&mut self.start(at, n, false)), Some(0));
        assert_eq!(code(&mut self.finish(at, n, false)), Some(0));
    }

    /// `attesh rec` with these words, whatever they are.
    pub fn rec<A: AsRef<OsStr>>(&self, words: &[A]) -> Command {
        let mut command = self.quiet();
        command.arg(protocol::COMMAND).args(words).current_dir("/");
        command
    }

    /// A call of the recorder.
    pub fn ask(&self, verb: Verb, values: impl IntoIterator<Item = String>) -> Command {
        let mut command = self.quiet();
        command.args(protocol::words(verb, values)).current_dir("/");
        command
    }

    /// The program, which says nothing to anybody.
    fn quiet(&self) -> Command {
        let mut command = Command::new(program());
        command.env_clear();
        command.env("HOME", self.home.path()).env("XDG_RUNTIME_DIR", self.runtime.path());
        command.env("ATTESH_COLLECT", "none");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// `attesh` with these words, as the user calls it.
    pub fn attesh(&self, words: &[&str]) -> Command {
        let mut command = self.quiet();
        command.args(words).current_dir(self.home.path());
        command
    }

    /// A shell whose process is this one; in the session at `env`, or in one of its own.
    pub fn open(&self, env: Option<&Path>) -> Opened {
        let output = self.opening(env).stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "open: {}", output.status);
        Opened::parse(&output.stdout)
    }

    pub fn opening(&self, env: Option<&Path>) -> Command {
        let mut values = a_bash(std::process::id()).to_vec();
        values.extend([Key::Hook.is("0123456789abcdef"), Key::Typed.is(1)]);
        values.extend(env.map(|path| Key::Exported.is(path.display())));
        self.ask(Verb::Open, values)
    }

    /// A call of this shell, with more values.
    pub fn call(&self, verb: Verb, at: &Opened, more: impl IntoIterator<Item = String>) -> Command {
        self.ask(verb, at.known().into_iter().chain([Key::Shell.is(&at.shell)]).chain(more))
    }

    /// The start of command `n` without a text; `again` marks a repeat.
    pub fn start(&self, at: &Opened, n: u64, again: bool) -> Command {
        let more = vec![Key::Number.is(n), Key::Native.is(n), Key::Source.is("none")];
        self.call(Verb::Start, at, again_if(again, more))
    }

    pub fn finish(&self, at: &Opened, n: u64, again: bool) -> Command {
        let more = vec![Key::Number.is(n), Key::Status.is(0), Key::From.is("prompt")];
        self.call(Verb::Finish, at, again_if(again, more))
    }

    pub fn close(&self, at: &Opened, native: u64, again: bool) -> Command {
        let more = vec![Key::Native.is(native), Key::Why.is("exit"), Key::Status.is(0)];
        self.call(Verb::Close, at, again_if(again, more))
    }

    pub fn state_file(&self, at: &Opened) -> PathBuf {
        let session = Session::open(&at.folder).unwrap();
        self.runtime.path().join("attesh").join(format!("{}.state", session.id()))
    }
}

/// What a bash with this process id says of itself.
pub fn a_bash(pid: u32) -> [String; 4] {
    [Key::Program.is("bash"), Key::ProgramVersion.is("5.2"), Key::ProcessId.is(pid), Key::Native.is(0)]
}

fn again_if(again: bool, mut words: Vec<String>) -> Vec<String> {
    if again {
        words.push(Key::Repeat.is(1));
    }
    words
}

impl Opened {
    pub fn parse(answer: &[u8]) -> Self {
        let text = String::from_utf8(answer.to_vec()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() >= 5, "open answered {text:?}");
        Opened { folder: lines[0].into(), genesis: lines[1].into(), shell: lines[2].into() }
    }

    /// How a call names the session.
    pub fn known(&self) -> [String; 2] {
        [Key::Folder.is(self.folder.display()), Key::Genesis.is(&self.genesis)]
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    pub fn check(&self) -> Checked {
        let file = File::open(self.journal()).unwrap();
        check(file, Knowledge::default(), &mut |_| {}).unwrap()
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        File::open(self.journal()).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }
}

/// Writes a file of the user alone, in the place of what is there.
pub fn put(path: &Path, bytes: &[u8]) {
    publish(path, bytes, 0o600, Overwrite::Yes).unwrap();
}

/// The exit code of a command that runs undisturbed.
pub fn code(command: &mut Command) -> Option<i32> {
    command.status().unwrap().code()
}
