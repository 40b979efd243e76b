//! A real shell behind a pseudo-terminal, in a home of its own, driven by typing.

use super::records::{self, Rec};
use super::shells::{Family, Shell};
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use tempfile::TempDir;

/// The recorder under test; another build's can be named when the tests are compiled.
pub const ATTESH: &str = match option_env!("ATTESH_UNDER_TEST") {
    Some(path) => path,
    None => env!("CARGO_BIN_EXE_attesh"),
};

/// The end of each prompt, behind `[[` and the status that the user would see.
const READY: &str = "]]% ";
/// The longest anything may take, in steps of [`STEP_MS`].
const PATIENCE: u32 = 800;
const STEP_MS: u16 = 10;

/// Held from the making of a terminal until it can no longer leak into another child.
static SPAWNING: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// A user's home: nothing of the machine's own configuration reaches the shell.
pub struct Home {
    pub root: TempDir,
    runtime: TempDir,
}

impl Home {
    pub fn new() -> Self {
        let root = TempDir::new().expect("a folder for the test");
        let memory = Path::new("/dev/shm");
        let runtime = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        Home::of(root, runtime.expect("a runtime folder for the test"))
    }

    /// All of it below this folder.
    pub fn within(folder: &Path) -> Self {
        let make = || TempDir::new_in(folder).expect("a folder for the test");
        Home::of(make(), make())
    }

    fn of(root: TempDir, runtime: TempDir) -> Self {
        // Where fish 3 and fish 4 find their folder of completions they make none, which would take minutes of a processor.
        for folder in [
            "state",
            "config/fish",
            "data/fish/generated_completions",
            ".cache/fish/generated_completions",
            "bin",
            "work",
        ] {
            std::fs::create_dir_all(root.path().join(folder)).expect("folders of the home");
        }
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(runtime.path(), mode).expect("a private runtime folder");
        std::os::unix::fs::symlink(ATTESH, root.path().join("bin/attesh")).expect("attesh on the path");
        Home { root, runtime }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(true).mode(0o755).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file of the home");
        path
    }

    /// The sessions' folders, oldest first.
    pub fn sessions(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("state/attesh/sessions")) else { return Vec::new() };
        let mut all: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        all.retain(|path| path.join("journal").is_file());
        all.sort();
        all
    }

    /// All records of all sessions.
    pub fn records(&self) -> Vec<Rec> {
        self.sessions().iter().flat_map(|session| records::records(session)).collect()
    }

    pub fn lines(&self) -> Vec<String> {
        self.records().iter().filter_map(Rec::line).collect()
    }

    /// The runtime folder, in memory if possible.
    pub fn runtime(&self) -> &Path {
        self.runtime.path()
    }

    fn environment(&self, command: &mut Command) {
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.path("bin").display());
        command.env_clear().env("HOME", self.root.path()).env("PATH", path).env("TERM", "xterm");
        command.env("LANG", "C.UTF-8").env("ZDOTDIR", self.root.path()).env("USER", "user");
        command.env("XDG_RUNTIME_DIR", self.runtime.path()).env("XDG_STATE_HOME", self.path("state"));
        command.env("XDG_CONFIG_HOME", self.path("config")).env("XDG_DATA_HOME", self.path("data"));
        // fish 4 asks the terminal what it can do and waits for an answer.
        command
            .env("ATTESH_COLLECT", "none")
            .env("fish_features", "no-query-term")
            .current_dir(self.path("work"));
    }

    /// A program without a terminal.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        self.environment(&mut command);
        command.stdin(Stdio::null());
        command
    }
}

/// The line that a user puts into the rc file, or types.
pub fn init_line(family: Family) -> String {
    match family {
        Family::Fish => "attesh init fish | source".to_owned(),
        family => format!("eval \"$(attesh init {})\"", family.name()),
    }
}

/// How the rc file differs from the plain one.
#[derive(Clone, Copy, Default)]
pub struct Rc<'a> {
    /// Lines before the hook is installed.
    pub before: &'a str,
    /// Lines after it.
    pub after: &'a str,
    /// Leave the installing line out: the test types it.
    pub bare: bool,
    /// More words for the shell's command line.
    pub flags: &'a [&'a str],
    /// More variables.
    pub env: &'a [(&'a str, &'a str)],
}

/// A shell at work behind a pseudo-terminal.
pub struct Terminal {
    master: Option<std::fs::File>,
    child: Child,
    /// Everything the shell wrote so far.
    pub screen: Vec<u8>,
}

impl Terminal {
    pub fn start(shell: &Shell, home: &Home, rc: Rc) -> Self {
        let arguments = write_rc(shell.family, home, rc);
        Terminal::spawn(shell, home, &arguments, rc)
    }

    /// A login shell, which finds its startup files by itself.
    pub fn login(shell: &Shell, home: &Home, rc: Rc) -> Self {
        let arguments = match shell.family {
            Family::Zsh => vec!["-d".to_owned(), "-l".to_owned()],
            Family::Bash | Family::Fish => vec!["-l".to_owned()],
        };
        Terminal::spawn(shell, home, &arguments, rc)
    }

    fn spawn(shell: &Shell, home: &Home, arguments: &[String], rc: Rc) -> Self {
        let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        // A child that inherited the master would keep the terminal from hanging up.
        let alone = SPAWNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let pty = openpty(Some(&size), None).expect("a pseudo-terminal");
        for end in [&pty.master, &pty.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("a descriptor of our own");
        }
        fcntl(&pty.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a master that never blocks");
        let slave = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
        // setsid makes the terminal the shell's own and becomes the shell: same pid.
        let mut command = Command::new("setsid");
        home.environment(&mut command);
        command.arg("--ctty").arg(&shell.program).args(arguments).args(rc.flags);
        command.envs(rc.env.iter().copied()).stdin(slave()).stdout(slave()).stderr(slave());
        let child = command.spawn().expect("setsid and the shell");
        drop((command, alone));
        let mut terminal = Terminal { master: Some(pty.master.into()), child, screen: Vec::new() };
        assert!(terminal.wait_ready(0), "{}: no prompt: {}", shell.label(), terminal.text());
        terminal
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.screen).into_owned()
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }

    /// Reads what there is for one step; false when the terminal is gone.
    fn step(&mut self) -> bool {
        let pause = std::time::Duration::from_millis(u64::from(STEP_MS));
        let Some(master) = &mut self.master else {
            std::thread::sleep(pause);
            return false;
        };
        let mut ready = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::from(STEP_MS)) {
            Ok(0) | Err(_) => return true,
            Ok(_) => {}
        }
        let mut buffer = [0; 16384];
        match master.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => true,
            Ok(0) | Err(_) => {
                std::thread::sleep(pause);
                false
            }
            Ok(length) => {
                self.screen.extend_from_slice(&buffer[..length]);
                true
            }
        }
    }

    /// Waits until a condition holds; false if it does not come to hold in time.
    pub fn wait(&mut self, mut holds: impl FnMut(&Self) -> bool) -> bool {
        for _ in 0..PATIENCE {
            if holds(self) {
                return true;
            }
            self.step();
        }
        false
    }

    pub fn rest(&mut self, milliseconds: u32) {
        for _ in 0..=milliseconds / u32::from(STEP_MS) {
            let before = self.screen.len();
            self.step();
            if self.screen.len() != before {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
    }

    /// Waits for a prompt after this many bytes of screen.
    fn wait_ready(&mut self, from: usize) -> bool {
        let ready = self.wait(|terminal| {
            let from = from.min(terminal.screen.len());
            String::from_utf8_lossy(&terminal.screen[from..]).contains(READY)
        });
        self.rest(20);
        ready
    }

    /// Types bytes; what the shell echoes meanwhile is read, or neither side would go on.
    pub fn raw(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        for _ in 0..PATIENCE * 10 {
            let Some(master) = &mut self.master else { return };
            match master.write(&rest[..rest.len().min(512)]) {
                Ok(length) => rest = &rest[length..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            if rest.is_empty() {
                return;
            }
            self.step();
        }
        panic!("the shell reads no more: {}", self.text());
    }

    /// Types a line and waits for the prompt after it.
    pub fn line(&mut self, text: &str) {
        let from = self.screen.len();
        self.raw(format!("{text}\r").as_bytes());
        self.wait_ready(from);
    }

    /// Types a line whose command goes on: waits until it has been recorded as started.
    pub fn begin(&mut self, home: &Home, text: &str) {
        let due = starts(home) + 1;
        self.raw(format!("{text}\r").as_bytes());
        self.wait(|_| starts(home) >= due);
        self.rest(150);
    }

    pub fn signal(&mut self, signal: Signal) {
        let _ = kill(self.pid(), signal);
        self.rest(100);
    }

    /// Closes the terminal, as a window that is closed does.
    pub fn hang_up(&mut self) {
        self.master = None;
    }

    /// Waits for the shell's end.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        for _ in 0..PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.rest(50);
                return Some(status);
            }
            self.step();
        }
        None
    }

    /// Waits until the journal's short lines end with these; false if they never do.
    pub fn settled(&mut self, home: &Home, last: &str) -> bool {
        self.wait(|_| home.lines().last().is_some_and(|line| line == last))
    }
}

fn starts(home: &Home) -> usize {
    home.records().iter().filter(|rec| rec.kind() == "start").count()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes the rc file; answers the words that make the shell read it.
fn write_rc(family: Family, home: &Home, rc: Rc) -> Vec<String> {
    let prompt = match family {
        Family::Bash => "PS1='[[$?]]% '",
        Family::Zsh => "PS1='[[%?]]%% '\nunsetopt prompt_sp prompt_cr\nunset zle_bracketed_paste",
        Family::Fish => {
            "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nfunction fish_prompt\n    echo -n \"[[$status]]% \"\nend"
        }
    };
    let init = if rc.bare { String::new() } else { init_line(family) };
    let text = format!("{prompt}\n{}\n{init}\n{}\n", rc.before, rc.after);
    match family {
        Family::Bash => {
            let path = home.file(".bashrc", &text);
            vec!["--noprofile".into(), "--rcfile".into(), path.display().to_string(), "-i".into()]
        }
        Family::Zsh => {
            home.file(".zshrc", &text);
            vec!["-d".into(), "-i".into()]
        }
        Family::Fish => {
            home.file("config/fish/config.fish", &text);
            vec!["-i".into()]
        }
    }
}
