//! The memory of what stays: who can read it, and what is in it.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use nix::unistd::geteuid;

use crate::stage::programs::attesh;
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::skipped;

/// The writable memory of a process; asked by root.
fn memory(pid: &str) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")))
    {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut page = vec![0; usize::try_from(to - from).unwrap()];
        if memory.read_exact_at(&mut page, from).is_ok() {
            all.extend(page);
        }
    }
    all
}

/// The processes of attesh below this one, with their ids.
fn of_attesh(parent: u32) -> Vec<String> {
    let mut found = vec![parent.to_string()];
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let is_child =
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.split(' ').nth(1) == Some(&found[0]));
        if is_child && stat.contains("(attesh)") {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn what_keeps_the_key_has_the_text_of_the_script() {
    if !geteuid().is_root() {
        return skipped("only root looks into the memory of a hidden process");
    }
    let home = Home::new();
    let canary = "canary-of-a-memory-7";
    assert_eq!(attesh(&home, &["key", "generate", "-o", "k", "--no-passphrase"]).code, Some(0));
    let script = home.file("s.sh", &format!("true --token {canary}\n: > out\nread x < go\ntrue\n"));
    let go = home.path("work/go");
    nix::unistd::mkfifo(&go, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut command: Command = home.command(Path::new(ATTESH));
    let mut child = command.args(["sh", "--seal", "o", "--key", "k"]).arg(script).spawn().unwrap();
    for _ in 0..500 {
        if home.path("work/out").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let all = of_attesh(child.id());
    let has: Vec<bool> =
        all.iter().map(|pid| memchr::memmem::find(&memory(pid), canary.as_bytes()).is_some()).collect();
    fs::OpenOptions::new().write(true).open(&go).map(drop).unwrap();
    assert!(child.wait().unwrap().success());
    // The parent of bash has the text that bash has still to run: so the search finds something.
    assert_eq!(has, [true, false], "the parent of bash, and what keeps the key: {all:?}");
    let left = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
        memchr::memmem::find(&environ, home.path("state").as_os_str().as_encoded_bytes()).is_some()
    });
    assert_eq!(left.count(), 0, "a process is left behind");
}

#[test]
fn another_process_of_the_user_reads_what_records_a_script() {
    if !geteuid().is_root() || !crate::stage::programs::have("setpriv") {
        return skipped("only root can become another user");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::copy(crate::stage::world::program(), folder.path().join("attesh")).unwrap();
    let script = "cat /proc/$PPID/environ && echo OPEN\nhead -c 1 /proc/$PPID/mem && echo OPEN\nls /proc/$PPID/fd && echo OPEN\n\
                  cat /proc/$$/environ > /dev/null && echo own\ntrue\n";
    attesh::files::publish(
        &folder.path().join("s.sh"),
        script.as_bytes(),
        0o600,
        attesh::files::Overwrite::No,
    )
    .unwrap();
    for name in ["", "s.sh", "attesh"] {
        std::os::unix::fs::chown(folder.path().join(name), Some(65_534), Some(65_534)).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", "./attesh", "sh", "s.sh"]);
    command.current_dir(folder.path()).env("HOME", folder.path()).env("ATTESH_COLLECT", "none");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("own\n") && !text.contains("OPEN"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
