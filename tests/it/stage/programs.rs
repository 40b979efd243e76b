//! Running programs: attesh itself, and the real ones that the tests compare it with.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::pty::{ATTESH, Home};

/// Exit code, standard output, standard error.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The longest that a program takes, on a busy machine.
const LONGEST: Duration = Duration::from_secs(600);

/// Runs a program to its end. One that has none is an error, and no test that never ends.
pub fn said(command: &mut Command) -> Said {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (sender, receiver) = channel();
    let sources: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for (at, mut from) in sources.into_iter().enumerate() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).unwrap();
            let _ = sender.send((at, String::from_utf8(bytes)));
        });
    }
    let mut texts = [String::new(), String::new()];
    for _ in 0..2 {
        let Ok((at, text)) = receiver.recv_timeout(LONGEST) else {
            let _ = child.kill();
            panic!("{command:?} did not end in {LONGEST:?}");
        };
        texts[at] = text.unwrap();
    }
    let [out, err] = texts;
    Said { code: child.wait().unwrap().code(), out, err }
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
