//! What becomes of a program below `attesh run` if a part of the recording dies, or is not to be had.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use attesh::fact::process::End;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::forms::{forms, told};
use super::judged::judged;
use crate::cli::messages::{ok, with_key};
use crate::stage::programs::{attesh, said};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::{sized, skipped};

/// The longest that a command of a shell takes, on a busy machine.
const LONGEST_MS: u16 = 60_000;

/// A shell below `attesh run` that reads its commands from a pipe.
struct Below {
    run: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Below {
    fn new(home: &Home, options: &[&str]) -> Self {
        let mut command = home.command(Path::new(ATTESH));
        command.arg("run").args(options).args(["sh", "-s"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut run = command.spawn().unwrap();
        let (to, from) = (run.stdin.take().unwrap(), BufReader::new(run.stdout.take().unwrap()));
        Below { run, to, from }
    }

    /// What a command of the shell prints. A shell that says nothing is an error, and no test that
    /// never ends.
    fn says(&mut self, line: &str) -> String {
        writeln!(self.to, "{line}").unwrap();
        let mut source = [PollFd::new(self.from.get_ref().as_fd(), PollFlags::POLLIN)];
        let count = poll(&mut source, PollTimeout::from(LONGEST_MS)).unwrap();
        if count == 0 {
            self.run.kill().unwrap();
            panic!("{line}: nothing was printed in {LONGEST_MS} ms");
        }
        let mut said = String::new();
        self.from.read_line(&mut said).unwrap();
        said.trim_end().to_owned()
    }

    fn ends(self) -> (Option<i32>, String) {
        drop((self.to, self.from));
        let out = self.run.wait_with_output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

fn kill(pid: &str) {
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(200));
}

#[test]
fn a_recorder_that_dies_takes_the_program_with_it_or_hides_what_follows() {
    for fail in ["open", "closed"] {
        let home = with_key();
        let mut below = Below::new(&home, &["--fail", fail]);
        let recorder = below.says("/bin/true; echo $PPID");
        kill(&recorder);
        let after = below.says("/bin/true 2>/dev/null; echo $?");
        writeln!(below.to, "exit 7").unwrap();
        let (status, errors) = below.ends();
        assert_eq!((status, after.as_str()), (Some(7), if fail == "open" { "0" } else { "126" }), "{errors}");
        let count = if fail == "open" { "1 start followed" } else { "0 starts followed" };
        assert!(
            errors.contains("the recorder ended before the program: ") && errors.contains(count),
            "{errors}"
        );
        let told = told(&home.records());
        assert_eq!(told.starts.len(), 2);
        assert_eq!(told.gap().as_deref(), Some("the recording of starts did not come to its end"));
        let sessions = ok(&home, &["sessions"]);
        assert!(sessions.contains("ended") && sessions.contains("no"), "{sessions}");
    }
}

#[test]
fn a_recorder_that_dies_behind_the_program_is_waited_for() {
    let home = with_key();
    let mut below = Below::new(&home, &["--wait"]);
    let recorder = below.says("sleep 60 < /dev/null > /dev/null 2> /dev/null & echo $PPID");
    let sleep = below.says("echo $!");
    writeln!(below.to, "exit 7").unwrap();
    // The end of the shell is in the journal behind what was told to who waits.
    let until = attesh::clock::Deadline::after(Duration::from_millis(LONGEST_MS.into()));
    while !told(&home.records()).starts.values().any(|start| start.end == Some(End::Exit(7))) {
        assert!(!until.left().is_zero(), "{:?}", told(&home.records()));
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(&recorder);
    let (status, errors) = below.ends();
    kill(&sleep);
    assert_eq!((status, errors.lines().count()), (Some(7), 1), "{errors}");
    assert!(errors.contains("the recorder ended before the program: "), "{errors}");
}

/// Whatever is held then is let go, and nobody waits for who is gone.
#[test]
fn a_recorder_that_dies_early_is_waited_for() {
    let (home, run) = (with_key(), ["run", "--collect", "none", "--", "sh", "-c", "echo ran"]);
    home.file("work/s.sh", "echo ran\n");
    let script = ["sh", "--trace", "--collect", "none", "s.sh"];
    for (words, step_us) in [(&run[..], 300), (&script[..], 600)] {
        for at in 0..sized(12, 80) {
            let mut command = home.command(Path::new(ATTESH));
            command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let children = |of: &str| -> Vec<String> {
                let list = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children"));
                list.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
            };
            let own = child.id().to_string();
            // The one that has made something itself.
            let recorder = || children(&own).into_iter().find(|child| !children(child).is_empty());
            let until = attesh::clock::Deadline::after(Duration::from_millis(LONGEST_MS.into()));
            while child.try_wait().unwrap().is_none() {
                if let Some(recorder) = recorder() {
                    std::thread::sleep(Duration::from_micros(step_us * u64::try_from(at).unwrap()));
                    let _ = Command::new("kill").args(["-9", &recorder]).output();
                    break;
                }
                assert!(!until.left().is_zero(), "no recorder");
            }
            let mut from = child.stdout.take().unwrap();
            // Whoever reads what is printed waits for the last that could print.
            let mut said = [0; 64];
            loop {
                let mut source = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
                let count = poll(&mut source, PollTimeout::from(LONGEST_MS)).unwrap();
                assert!(count > 0, "{words:?}: killed at {at}: something waits for ever");
                if from.read(&mut said).unwrap() == 0 {
                    break;
                }
            }
            child.wait().unwrap();
        }
    }
}

#[test]
fn a_recorder_that_dies_as_the_program_ends_is_waited_for() {
    let home = with_key();
    let mut below = Below::new(&home, &[]);
    let recorder = below.says("echo $PPID");
    let shell = below.says("echo $$");
    writeln!(below.to, "exit 7").unwrap();
    let until = attesh::clock::Deadline::after(Duration::from_millis(LONGEST_MS.into()));
    while Path::new("/proc").join(&shell).exists() {
        assert!(!until.left().is_zero(), "the shell goes on");
    }
    let killed = Command::new("kill").args(["-9", &recorder]).output().unwrap();
    let (status, errors) = below.ends();
    // It had told all, or how the program ended, or was the only one who knew it.
    match status {
        Some(7) => assert!(errors.is_empty() || killed.status.success(), "{errors}"),
        other => assert!(other == Some(125) && errors.contains("its exit status is not known"), "{errors}"),
    }
}

#[test]
fn what_waits_for_the_program_is_killed_and_the_rest_goes_unrecorded() {
    let home = with_key();
    let mut below = Below::new(&home, &[]);
    assert_eq!(below.says("echo up"), "up");
    kill(&below.run.id().to_string());
    assert_eq!(below.says("/bin/false; echo $?"), "1");
    writeln!(below.to, "exit 7").unwrap();
    below.ends();
    std::thread::sleep(Duration::from_millis(500));
    let told = told(&home.records());
    assert_eq!(told.gap(), None);
    let ends: Vec<Option<End>> = told.starts.values().map(|start| start.end).collect();
    assert_eq!(ends, [Some(End::Exit(7)), Some(End::Exit(1))]);
}

#[test]
fn a_status_or_a_signal_of_the_program_does_not_pass() {
    use std::os::unix::process::ExitStatusExt as _;
    for (script, code, signal) in [
        ("exit 0", Some(0), None),
        ("exit 200", Some(200), None),
        ("kill -TERM $$", None, Some(15)),
        ("kill -KILL $$", None, Some(9)),
    ] {
        let home = with_key();
        let status = home.command(Path::new(ATTESH)).args(["run", "sh", "-c", script]).status().unwrap();
        assert_eq!((status.code(), status.signal()), (code, signal), "{script}");
        let finish = home.records().into_iter().find(|record| record.kind() == "finish").unwrap();
        let expected = code.unwrap_or_else(|| 128 + signal.unwrap());
        assert_eq!(finish.number("status"), u64::try_from(expected).ok(), "{script}");
    }
    // A signal to attesh reaches the program.
    let home = with_key();
    let mut below = Below::new(&home, &[]);
    assert_eq!(below.says("trap 'echo got; exit 5' TERM; echo up"), "up");
    Command::new("kill").args(["-TERM", &below.run.id().to_string()]).status().unwrap();
    // dash runs a trap only behind a command.
    assert_eq!(below.says("while :; do sleep 0.02; done"), "got");
    assert_eq!(below.ends().0, Some(5));
}

#[test]
fn a_program_that_cannot_run_is_told_otherwise() {
    let home = with_key();
    home.file("text", "no program\n");
    for (words, code, what) in [
        (&["no-such-program-here"][..], 127, "no-such-program-here: no such program"),
        (&["/no/such/program"], 127, "no such file"),
        (&["/etc/passwd"], 126, "ermission denied"),
    ] {
        let said = attesh(&home, &[&["run"], words].concat());
        assert_eq!(said.code, Some(code), "{words:?}: {}", said.err);
        assert!(said.err.contains(what) && said.out.is_empty(), "{words:?}: {}", said.err);
    }
}

#[test]
fn what_is_handed_to_a_process_outside_is_seen() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let fifo = home.path("work/fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut outside = Command::new("sh")
        .arg("-c")
        .arg(format!("read line < {0}; /bin/true outside", fifo.display()))
        .spawn()
        .unwrap();
    let said =
        attesh(&home, &["run", "sh", "-c", &format!("echo go > {}; /bin/true inside", fifo.display())]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    outside.wait().unwrap();
    let told = told(&home.records());
    let words: Vec<Vec<Vec<u8>>> = told.starts.values().filter_map(|start| start.words.clone()).collect();
    assert!(words.iter().any(|words| words[1..] == [b"inside".to_vec()]));
    assert!(!words.iter().any(|words| words.iter().any(|word| word == b"outside")));
}

#[test]
fn a_sealed_program_is_shown_and_judged_otherwise() {
    let home = with_key();
    let words = [
        "run",
        "--seal",
        "t.intoto.json",
        "--key",
        "key",
        "sh",
        "-c",
        "cd /; /bin/false; exec sh -c 'exit 3'",
    ];
    let said = attesh(&home, &words);
    assert_eq!(said.code, Some(3), "{}", said.err);
    let shown = ok(&home, &["show", "t.intoto.json", "--processes", "--trust", "key.pub"]);
    let counted = shown.lines().last().unwrap();
    assert!(counted.trim_start().starts_with("3 starts seen, 0 not recorded, "), "{shown}");
    let rows: Vec<&str> = shown.lines().rev().skip(1).take(4).collect();
    assert!(rows[3].ends_with("3 program starts below, 2 failed"), "{shown}");
    assert!(
        rows[2].contains("1    became 3  sh -c 'cd /; /bin/false; exec sh -c '\\''exit 3'\\'''"),
        "{shown}"
    );
    assert!(rows[1].contains("2           1    /bin/false  /bin/false  in /"), "{shown}");
    assert!(rows[0].contains("3           3    sh -c 'exit 3'  "), "{shown}");
    let verdict = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
    let line = "evidence      told by the kernel: each of 3 starts below was held until it was recorded";
    assert!(verdict.contains(line), "{verdict}");
}

/// What goes on beyond the end need not have become a program.
#[test]
fn a_process_that_became_no_program_goes_on_unsaid() {
    let home = with_key();
    let script = "import os, time\nif os.fork() == 0: time.sleep(2); os.execv('/bin/true', ['true'])\n";
    let said = attesh(&home, &["run", "--quiet", "python3", "-c", script]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(told(&home.records()).count.unwrap().running, 1);
    let home = with_key();
    let script = "import os, time\nif os.fork() == 0: time.sleep(0.3)\n";
    let said = attesh(&home, &["run", "--wait", "--quiet", "python3", "-c", script]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(told(&home.records()).count.unwrap().running, 0);
}

/// `--fail closed`, and no room for a record.
#[test]
fn a_start_that_cannot_be_recorded_goes_on() {
    let home = with_key();
    // The journal is full for the recorder: nothing below it may write more than this.
    let script = format!(
        "ulimit -f 24; exec {ATTESH} run --quiet --fail closed sh -c 'i=0; while [ $i -lt 60 ]; do /bin/true $i || exit 9; i=$((i+1)); done; /bin/echo unrecorded'"
    );
    let said = said(home.command(Path::new("/bin/sh")).args(["-c", &script]));
    assert_eq!((said.code, said.out.as_str()), (Some(9), ""), "{}", said.err);
    assert!(said.err.contains("not every start is recorded"), "{}", said.err);
}

/// The device is full for some time.
#[test]
fn starts_that_were_lost_are_not_counted_as_the_policy_counts() {
    let mount = "mount -t tmpfs -o size=320k tmpfs full && cd full";
    let home = with_key();
    std::fs::create_dir(home.path("work/full")).unwrap();
    let inner = "/bin/true; head -c 1000000 /dev/zero > fill 2> /dev/null; \
         for n in 1 2 3 4 5 6 7 8 9 10; do /bin/true; sh -c 'exec /bin/true'; done; rm fill; /bin/echo two";
    let script = format!(
        "{mount} || exit 77; {ATTESH} run --collect none --quiet --dir $PWD/s -- sh -c \"$1\"; \
         cd .. && {ATTESH} seal --key key -o t.intoto.json $PWD/full/s"
    );
    let mut command = home.command(Path::new("unshare"));
    let said = said(command.args(["-rm", "sh", "-c", &script, "sh", inner]));
    if said.code == Some(77) || said.err.contains("unshare:") {
        return skipped("no file system can be mounted here");
    }
    assert!(said.out.starts_with("two\n"), "{} {}", said.out, said.err);
    assert!(said.err.contains("not every start is recorded"), "{}", said.err);
    for (most, code) in [(1_000, None), (0, Some("process.unseen"))] {
        let (denied, said) = judged(&home, &format!("max-unrecorded = {most}"));
        assert_eq!(denied.as_deref(), code, "{said}");
        assert!(code.is_none() || said.contains(" starts are not recorded; at most 0 may be"), "{said}");
    }
}

#[test]
fn a_program_ends_its_own_session_unasked() {
    let home = with_key();
    let script = format!("{ATTESH} stop; echo $?; /bin/echo goes-on");
    let said = attesh(&home, &["run", "--quiet", "sh", "-c", &script]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "2\ngoes-on\n"), "{}", said.err);
    assert!(said.err.contains("the session records the program that this command stands in"), "{}", said.err);
    assert_eq!(told(&home.records()).gap(), None);
}

/// A descriptor can send a signal, and a call that names no process chooses which.
#[test]
fn a_descriptor_kills_or_stops_the_recorder() {
    let home = with_key();
    let script = "import fcntl, os, sys\n\
        r, w = os.pipe()\n\
        fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)\n\
        for number in 9, 19, 10:\n\
        \u{20}   try: fcntl.fcntl(r, 10, number)\n\
        \u{20}   except PermissionError: print('refused', number)\n\
        fcntl.fcntl(r, fcntl.F_SETOWN, int(sys.argv[1]))\n\
        os.write(w, b'x')\n";
    home.file("work/signal.py", script);
    let said = attesh(&home, &["run", "--quiet", "sh", "-c", "python3 signal.py $PPID; /bin/true behind"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "refused 9\nrefused 19\n"), "{}", said.err);
    let told = told(&home.records());
    assert_eq!((told.gap(), told.count.unwrap().reached), (None, 2));
}

#[test]
fn a_session_that_is_not_sealed_hides_what_started() {
    let home = with_key();
    let dir = home.path("work/here").display().to_string();
    let said = attesh(&home, &["run", "--quiet", "--dir", &dir, "sh", "-c", "/bin/false; /bin/true"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let log = ok(&home, &["log", &dir]);
    assert!(log.contains("program starts: 3 seen; to see them") && !log.contains("fact/process"), "{log}");
    assert_eq!(ok(&home, &["log", "-v", &dir]).matches("fact/process/v1").count(), 3);
    let shown = ok(&home, &["show", "--processes", &dir]);
    assert!(
        shown.contains("3 program starts below, 1 failed") && shown.contains("1    /bin/false"),
        "{shown}"
    );
}

#[test]
fn a_program_finds_the_keys_of_a_private_session() {
    let sessions = "for folder in $XDG_STATE_HOME/attesh/sessions/*; do :; done";
    let script = format!(
        "echo \"${{ATTESH_SESSION-none}}\"\n{sessions}\n\
         ATTESH_SESSION=$folder {ATTESH} note forged 2>&1 | head -1\n\
         cat /dev/shm/attesh-*/${{folder##*/}}*.state $XDG_RUNTIME_DIR/attesh/${{folder##*/}}*.state 2>/dev/null | tr -d '\\000' | head -c 100\n"
    );
    let mut all = vec![(vec!["run", "sh", "-c", &script], "run")];
    all.push((vec!["sh", "-c", &script], "sh"));
    all.push((vec!["sh", "--trace", "-c", &script], "sh --trace"));
    for (words, what) in all {
        let home = with_key();
        let seal = ["--private", "--seal", "t.intoto.json", "--key", "key"];
        let said = attesh(&home, &[&words[..1], &seal[..], &words[1..]].concat());
        assert_eq!(said.code, Some(0), "{what}: {}", said.err);
        let lines: Vec<&str> = said.out.lines().collect();
        assert_eq!(lines[0], "none", "{what}: {}", said.out);
        assert!(lines[1].contains("by a process that keeps its keys in memory"), "{what}: {}", said.out);
        assert_eq!(lines[2], "TAKEN", "{what}: {}", said.out);
        let verified = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
        assert!(verified.contains("completeness  complete"), "{what}: {verified}");
        let records = home.records();
        assert_eq!(records[0].word("protection"), "recorder");
        assert!(records.iter().all(|record| record.kind() != "note"));
        let sessions = ok(&home, &["sessions"]);
        assert!(sessions.contains("sealed"), "{what}: {sessions}");
    }
    // attesh refuses --private without --seal, because the session may be that of others.
    let home = with_key();
    assert_eq!(attesh(&home, &["run", "--private", "true"]).code, Some(2));
}
