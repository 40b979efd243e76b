//! Where commands are timed: a folder and a home of their own, with the program that is measured first
//! on the PATH.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

/// The program that is measured.
pub const ATTESH: &str = env!("CARGO_BIN_EXE_attesh");

/// A folder with a home in it.
pub struct Place {
    /// The folder.
    pub root: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let root = TempDir::new().expect("a folder");
        std::fs::create_dir(root.path().join("home")).expect("a home");
        Place { root }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file");
        path
    }

    pub fn command(&self, program: &str, words: &[&str]) -> Command {
        let path = attesh::paths::variable("PATH").expect("a PATH");
        let own = Path::new(ATTESH).parent().expect("in a folder").to_owned();
        let folders = std::iter::once(own).chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        command.args(words).current_dir(self.root.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("PATH", std::env::join_paths(folders).expect("a PATH")).env("HOME", self.path("home"));
        command.env_remove("ATTESH_SESSION").env_remove("XDG_RUNTIME_DIR").stderr(Stdio::null());
        command
    }
}

/// How long a command takes that succeeds.
#[expect(clippy::disallowed_methods, reason = "a stopwatch")]
pub fn seconds(command: &mut Command) -> f64 {
    let from = Instant::now();
    assert!(command.status().expect("it runs").success(), "{command:?}");
    from.elapsed().as_secs_f64()
}
