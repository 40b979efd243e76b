//! Running programs: attesh itself, and the real ones that the tests compare it with.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::pty::{ATTESH, Home};

/// Exit code, standard output, standard error.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// attesh with these words, in the folder where a user works.
pub fn attesh<W: AsRef<OsStr>>(home: &Home, words: &[W]) -> Said {
    said(home.command(Path::new(ATTESH)).args(words))
}

/// Is this program here? A missing one skips the test, loudly. In CI, where nobody reads the
/// output, it is an error.
pub fn have(program: &str) -> bool {
    let tool = format!("{program}:");
    let tools = include_str!("../../setup");
    assert!(
        tools.split([' ', '(', '\n']).any(|word| word.starts_with(&tool)),
        "tests/setup has no {program}"
    );
    let found = Command::new(program).arg("--help").stdin(Stdio::null()).output().is_ok();
    if !found {
        #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
        let ci = std::env::var_os("CI").is_some();
        assert!(!ci, "{program} is missing");
        eprintln!("SKIPPED: {program} is missing");
    }
    found
}

/// Runs a program in a folder, with nothing on its standard input.
pub fn run<A: AsRef<OsStr>>(folder: &Path, program: &str, arguments: &[A]) -> Output {
    Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// Runs a program that has to succeed; gives its standard output.
pub fn ok<A: AsRef<OsStr>>(folder: &Path, program: &str, arguments: &[A]) -> String {
    let output = run(folder, program, arguments);
    assert!(
        output.status.success(),
        "{program}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A bash script, in a folder, that has to succeed.
pub fn bash(folder: &Path, script: &str) -> String {
    ok(folder, "bash", &["-euo", "pipefail", "-c", script])
}
