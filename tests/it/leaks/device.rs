//! A device after the session: no block of it has the secret, also none of a deleted file.

use std::path::{Path, PathBuf};
use std::process::Command;

use attesh::encoding::base64;

use crate::proofs::inject::mounted;
use crate::stage::programs::attesh;
use crate::stage::pty::{ATTESH, Home, Rc, Terminal};
use crate::stage::shells::Family::{Bash, Fish, Zsh};
use crate::stage::shells::{self, Family, Shell};
use crate::stage::world::skipped;

/// What a rule finds by the name before it, and by nothing else.
const CANARY: &str = "Zq8vR3kT1nWb6YxLp4Dm";
const IMAGE_BYTES: u64 = 64 << 20;

/// A file system of its own in a file.
struct Device {
    folder: tempfile::TempDir,
}

impl Device {
    fn new() -> Option<Self> {
        let device = Device { folder: tempfile::tempdir().unwrap() };
        std::fs::File::create_new(device.image()).unwrap().set_len(IMAGE_BYTES).unwrap();
        std::fs::create_dir(device.point()).unwrap();
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(device.image()).output();
        if !made.is_ok_and(|made| made.status.success()) {
            skipped("no mkfs.ext4");
            return None;
        }
        mounted(&["-o", "loop", &device.image().to_string_lossy()], &device.point()).then_some(device)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn point(&self) -> PathBuf {
        self.folder.path().join("point")
    }

    /// Unmounts it; whether a text is anywhere on it, as it is or in base64.
    fn has(&self, texts: &[&str]) -> Vec<bool> {
        self.unmount();
        let raw = std::fs::read(self.image()).unwrap();
        let has = |text: &&str| {
            // The letters of base64 depend on what stands before it.
            let forms =
                (0..3).map(|shift| base64(&[&b"xyz"[..shift], text.as_bytes()].concat())[4..20].to_owned());
            let plain = std::iter::once((*text).to_owned());
            plain.chain(forms).any(|form| memchr::memmem::find(&raw, form.as_bytes()).is_some())
        };
        texts.iter().map(has).collect()
    }

    fn unmount(&self) {
        for _ in 0..50 {
            if Command::new("umount").arg(self.point()).output().unwrap().status.success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the file system is still in use");
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.point()).output();
    }
}

/// The same shell where no folder is in memory: the state is on the disk.
fn on_disk(shell: &Shell, home: &Home) -> Option<Shell> {
    let script = "mount --bind \"$HOME/shm\" /dev/shm || exit 99";
    std::fs::create_dir_all(home.path("shm")).unwrap();
    let mut tried = home.command(Path::new("unshare"));
    if !tried.args(["--mount", "sh", "-c", script]).output().is_ok_and(|output| output.status.success()) {
        skipped("no mounts of its own");
        return None;
    }
    let text = format!(
        "#!/bin/sh\nexec unshare --mount sh -c '{script}; exec \"$@\"' sh {} \"$@\"\n",
        shell.program.display()
    );
    let program = home.file("bin/on-disk", &text);
    Some(Shell { program, ..shell.clone() })
}

/// Types a line and waits until its end is recorded; a long one is drawn several times.
fn typed(terminal: &mut Terminal, home: &Home, text: &str) {
    let ends = |home: &Home| home.lines().iter().filter(|line| line.starts_with("E ")).count();
    let before = ends(home);
    terminal.line(text);
    assert!(terminal.wait(|_| ends(home) > before), "{:?}", home.lines());
    terminal.rest(100);
}

/// What leaves the secret to attesh alone: no history of the shell.
fn quiet(family: Family) -> &'static str {
    match family {
        Family::Bash | Family::Zsh => "unset HISTFILE",
        Family::Fish => "",
    }
}

#[test]
fn a_block_of_the_device_has_the_secret_of_a_typed_command() {
    for shell in [Bash, Zsh, Fish].into_iter().flat_map(shells::all) {
        let Some(device) = Device::new() else { return };
        {
            let home = Home::within(&device.point());
            assert_eq!(attesh(&home, &["key", "generate", "-o", "k", "--no-passphrase"]).code, Some(0));
            let Some(there) = on_disk(&shell, &home) else { return };
            let tmp = home.path("data");
            // fish keeps a history of its own, which is no file of attesh.
            let data = device.folder.path().to_str().unwrap();
            let env = [("TMPDIR", tmp.to_str().unwrap()), ("XDG_DATA_HOME", data)];
            let rc = Rc { before: quiet(shell.family), env: &env, ..Rc::default() };
            let mut terminal = Terminal::start(&there, &home, rc);
            let long = "x".repeat(if shell.family == Bash { 15_100 } else { 3_000 });
            terminal.line("true plain-text-that-stays");
            match shell.family {
                Fish | Zsh => {}
                Bash => terminal.line("BASH_COMPAT=5.0"),
            }
            typed(&mut terminal, &home, &format!("export DEPLOY_TOKEN={CANARY}"));
            typed(&mut terminal, &home, &format!("true --token {CANARY} {long}"));
            if shell.family == Bash {
                terminal.line("unset BASH_COMPAT");
                typed(&mut terminal, &home, &format!("export DEPLOY_TOKEN={CANARY}"));
            }
            typed(&mut terminal, &home, &format!("true --token {CANARY} {long}"));
            terminal.line(&format!("if DEPLOY_TOKEN={CANARY}; )"));
            terminal.rest(300);
            terminal.raw(b"\x03");
            terminal.rest(300);
            terminal.raw(b"exit\r");
            terminal.ended();
            let lines = home.lines();
            let masked = lines
                .iter()
                .filter(|line| line.contains("[assignment]") || line.contains("[option]"))
                .count();
            let records = home.records();
            assert_eq!(records[0].word("state"), "disk", "{}", shell.label());
            assert!(masked >= 2, "{}: {lines:#?}", shell.label());
            let session = home.sessions()[0].display().to_string();
            let sealed =
                attesh(&home, &["seal", &session, "--key", "k", "-o", "o.intoto.json", "--elsewhere"]);
            assert!(matches!(sealed.code, Some(0)), "{}: {}", shell.label(), sealed.err);
            nix::unistd::sync();
            // What is there stays: the image is searched with it.
            std::mem::forget(home);
        }
        let found = device.has(&[CANARY, "plain-text-that-stays"]);
        assert!(found[1], "{}: the search finds nothing: it proves nothing", shell.label());
        assert!(!found[0], "{}: the secret is on the device", shell.label());
    }
}

#[test]
fn a_block_of_the_device_has_the_secret_of_a_script() {
    let Some(device) = Device::new() else { return };
    let outside = tempfile::tempdir().unwrap();
    let text = format!(
        "true plain-text-that-stays\nexport DEPLOY_TOKEN={CANARY}\ncat > /dev/null << END\npassword: {CANARY}\nEND\ntrue --token {CANARY}\n"
    );
    let script = outside.path().join("s.sh");
    attesh::files::publish(&script, text.as_bytes(), 0o600, attesh::files::Overwrite::No).unwrap();
    {
        let home = Home::within(&device.point());
        assert_eq!(attesh(&home, &["key", "generate", "-o", "k", "--no-passphrase"]).code, Some(0));
        let here = Shell { family: Family::Bash, version: String::new(), program: PathBuf::from(ATTESH) };
        let Some(there) = on_disk(&here, &home) else { return };
        for evidence in ["reader", "traps"] {
            let mut command = home.command(&there.program);
            command.env("TMPDIR", home.path("data")).env("ATTESH_EVIDENCE", evidence);
            command.args(["sh", "--seal", "o.intoto.json", "--force", "--key", "k"]).arg(&script);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{evidence}: {}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(home.records()[0].word("state"), "disk");
        std::mem::forget(home);
    }
    let found = device.has(&[CANARY, "plain-text-that-stays"]);
    assert!(found[1], "the search finds nothing: it proves nothing");
    assert!(!found[0], "the secret is on the device");
}
