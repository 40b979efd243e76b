//! Arguments and environments: any process can read the first, and any of the same user the second.

use std::path::Path;

use crate::stage::programs::have;
use crate::stage::pty::{ATTESH, Home, Rc, Terminal};
use crate::stage::shells;
use crate::stage::shells::Family::{Bash, Fish, Zsh};

/// What stands nowhere else, and what no rule finds.
const CANARY: &str = "canary-of-a-process-7";

/// The processes that show a text to others.
fn showing(text: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let shows = |folder: &Path| {
        ["cmdline", "environ"].into_iter().any(|file| {
            let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
            memchr::memmem::find(&bytes, text.as_bytes()).is_some()
        })
    };
    let found = entries.map(|entry| entry.path()).filter(|folder| shows(folder));
    let named = |folder: &Path| {
        let name = std::fs::read_to_string(folder.join("comm")).unwrap_or_default();
        format!("{} {}", folder.display(), name.trim())
    };
    found.map(|folder| named(&folder)).collect()
}

#[test]
fn a_process_of_a_hook_shows_a_text() {
    if !have("strace") {
        return;
    }
    for shell in [Bash, Zsh, Fish].into_iter().flat_map(shells::all) {
        let home = Home::new();
        let trace = home.path("trace");
        // Every program that the shell and its children start, with its words and its environment.
        let wrapped = format!(
            "#!/bin/sh\nexec strace -D -f -qq -v -s 100000 -e trace=execve -o {} {} \"$@\"\n",
            trace.display(),
            shell.program.display()
        );
        let program = home.file("bin/wrapped", &wrapped);
        let traced = crate::stage::shells::Shell { program, ..shell.clone() };
        let mut terminal = Terminal::start(&traced, &home, Rc::default());
        terminal.line(&format!("true | true {CANARY}"));
        // Longer than what goes through a here-string of bash.
        let long = if shell.family == Bash { 15_100 } else { 100 };
        // Under strace a shell is slow: the next line must not come before this one was read.
        terminal.begin(&home, &format!("true {CANARY} {}", "x".repeat(long)));
        terminal.line("");
        terminal.line(&format!("if {CANARY}; )"));
        terminal.raw(b"\x03");
        terminal.rest(200);
        terminal.begin(&home, &format!("true {CANARY}; read x"));
        assert_eq!(showing(CANARY), [""; 0], "{}", shell.label());
        terminal.line("");
        terminal.raw(b"exit\r");
        terminal.ended();
        let recorded = home.lines().iter().filter(|line| line.contains(CANARY)).count();
        assert!(recorded >= 3, "{}: {:?}", shell.label(), home.lines());
        let started = std::fs::read_to_string(&trace).unwrap();
        assert!(started.matches("\"rec\"").count() >= 7, "{}: nothing was traced", shell.label());
        let shown = started.lines().find(|line| line.contains(CANARY));
        assert_eq!(shown.map(|line| &line[..line.len().min(400)]), None, "{}", shell.label());
    }
}

#[test]
fn a_process_of_a_script_shows_its_text() {
    let home = Home::new();
    let script =
        home.file("s.sh", &format!("true {CANARY}\ncat <<< {CANARY} > out\nread x < go\ntrue {CANARY}\n"));
    let go = home.path("work/go");
    nix::unistd::mkfifo(&go, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for rest in [&[][..], &["--seal", "o", "--force", "--key", "k"]] {
        if !rest.is_empty() {
            assert_eq!(
                crate::stage::programs::attesh(&home, &["key", "generate", "-o", "k", "--no-passphrase"])
                    .code,
                Some(0)
            );
        }
        let mut child = home.command(Path::new(ATTESH)).arg("sh").args(rest).arg(&script).spawn().unwrap();
        let patient = std::time::Duration::from_millis(20);
        let is_there =
            || std::fs::read_to_string(home.path("work/out")).is_ok_and(|text| text.contains(CANARY));
        assert!(
            (0..500).any(|_| is_there() || {
                std::thread::sleep(patient);
                false
            }),
            "the script does not run"
        );
        let shown = showing(CANARY);
        std::fs::OpenOptions::new().write(true).open(&go).map(drop).unwrap();
        child.wait().unwrap();
        assert_eq!(shown, [""; 0], "{rest:?}");
        std::fs::remove_file(home.path("work/out")).unwrap();
    }
}
