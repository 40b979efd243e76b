//! Images of memory that the kernel writes when a signal ends a process.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use attesh::protocol::{Key, Verb};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::stage::world::{Opened, World, program, skipped};

const CANARY: &str = "canary-of-an-image-7";

/// Every image in a folder.
fn images(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().contains("core")).collect()
}

/// The words of a command behind a shell that lets the kernel write an image as large as it likes.
fn unlimited(words: impl Iterator<Item = std::ffi::OsString>, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited && exec \"$@\"", "sh"]).args(words);
    command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Ends it by this signal while it waits, and says whether an image is in the folder.
fn ended(mut child: std::process::Child, signal: Signal, folder: &Path) -> bool {
    std::thread::sleep(std::time::Duration::from_millis(100));
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
    let stdin = child.stdin.take();
    let status = child.wait().unwrap();
    drop(stdin);
    assert_eq!(status.signal(), Some(signal as i32), "it did not end so");
    let found = images(folder);
    let has = found
        .iter()
        .any(|path| memchr::memmem::find(&std::fs::read(path).unwrap(), CANARY.as_bytes()).is_some());
    found.into_iter().for_each(|path| std::fs::remove_file(path).unwrap());
    has
}

fn waiting(world: &World, at: &Opened, folder: &Path) -> std::process::Child {
    let values = [Key::Number.is(1), Key::Native.is(1), Key::Source.is("typed")];
    let start = world.call(Verb::Start, at, values);
    let words = std::iter::once(start.get_program()).chain(start.get_args()).map(ToOwned::to_owned);
    let mut command = unlimited(words, folder);
    command.env_clear().env("HOME", world.home.path()).env("XDG_RUNTIME_DIR", world.runtime.path());
    command.env("PATH", "/usr/bin:/bin");
    let mut child = command.spawn().unwrap();
    // It has the text, and waits for more.
    writeln!(child.stdin.as_mut().unwrap(), "true {CANARY}").unwrap();
    child
}

#[test]
fn a_recorder_leaves_an_image_of_its_memory() {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.contains('/') || pattern.contains('|') || !pattern.contains("core") {
        return skipped(&format!("images of memory go elsewhere: {pattern}"));
    }
    let folder = tempfile::tempdir().unwrap();
    // That the search finds something: a shell that read the canary leaves an image.
    let text = format!("x={CANARY}; read y");
    let words = ["sh", "-c", &text].map(std::ffi::OsString::from);
    let mut other = unlimited(words.into_iter(), folder.path());
    if !ended(other.spawn().unwrap(), Signal::SIGABRT, folder.path()) {
        return skipped("the kernel writes no image of a memory here");
    }
    let world = World::new();
    let at = world.open(None);
    for signal in [Signal::SIGABRT, Signal::SIGXCPU] {
        assert!(
            !ended(waiting(&world, &at, folder.path()), signal, folder.path()),
            "{signal}: an image has the text"
        );
        assert!(images(folder.path()).is_empty());
    }
}

#[test]
fn a_program_of_the_user_has_lost_its_image() {
    let folder = tempfile::tempdir().unwrap();
    attesh::files::publish(
        &folder.path().join("s"),
        b"ulimit -c\ngrep -a '^Max core' /proc/self/limits\n",
        0o600,
        attesh::files::Overwrite::No,
    )
    .unwrap();
    let limits = |words: &[&str]| {
        let mut command = unlimited(words.iter().map(std::ffi::OsString::from), folder.path());
        command
            .env("HOME", folder.path())
            .env("ATTESH_COLLECT", "none")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let plain = limits(&["bash", "s"]);
    assert_eq!(limits(&[program().to_str().unwrap(), "sh", "s"]), plain);
}
