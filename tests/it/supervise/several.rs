//! Several threads of a process, or a program by what a process has open itself: what is told of it.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::time::Duration;

use attesh::fact::process::{End, Told};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::forms::{forms, shell, told};
use crate::cli::messages::{ok, with_key};
use crate::stage::programs::{attesh, have};
use crate::stage::pty::{ATTESH, Home, Rc, Terminal};
use crate::stage::shells::{Family, all};
use crate::stage::world::{sized, skipped};

/// What is told of a form, how it ended, and the anomalies.
fn run(home: &Home, form: &str) -> (Told, Option<i32>, Vec<String>) {
    let said = attesh(home, &["run", "--quiet", &forms().unwrap().display().to_string(), form]);
    let records = home.records();
    let odd = records.iter().filter(|record| record.kind() == "anomaly").map(|record| record.word("what"));
    let odd = odd.map(|what| what.to_owned()).collect();
    (told(&records), said.code, odd)
}

/// The kernel has the first that becomes a program wait until the others are gone, and who is about to
/// follow one of those wait for the first.
#[test]
fn threads_that_become_programs_at_once_are_never_answered_or_one_is_told_for_another() {
    if forms().is_none() {
        return;
    }
    for _ in 0..sized(2, 50) {
        let home = with_key();
        let (told, status, odd) = run(&home, "crowd");
        assert_eq!((status, told.gap(), odd), (Some(41), None, Vec::new()));
        assert_eq!(told.starts.len(), 41);
        let are_sure = told.starts.values().all(|start| !start.unsure && start.end == Some(End::Exit(41)));
        assert!(are_sure, "{told:?}");
    }
}

#[test]
fn a_thread_that_has_the_number_of_a_followed_one_starts_a_program_unseen() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let (told, status, _) = run(&home, "stale");
    assert_eq!((status, told.gap()), (Some(41), None));
    // Somebody else follows it, so nobody saw what either became; both are told.
    let start = shell(&told);
    assert!(start.unsure && start.end == Some(End::Exit(41)), "{told:?}");
    assert_eq!(told.starts.len(), 3, "{told:?}");
}

#[test]
fn a_program_that_begins_slowly_is_dropped_where_another_thread_asks_in_vain() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let (told, status, _) = run(&home, "slowly");
    if status == Some(77) {
        return skipped("no page can be served late here");
    }
    assert_eq!((status, told.gap()), (Some(41), None));
    let start = shell(&told);
    assert!(!start.unsure && start.end == Some(End::Exit(41)), "{told:?}");
    // Nobody saw what became of the other one, and it is told.
    let vain: Vec<bool> = told
        .starts
        .values()
        .filter(|start| start.path.as_deref() == Some(b"/bin/true-not"))
        .map(|start| start.unsure)
        .collect();
    assert_eq!(vain, [true], "{told:?}");
}

#[test]
fn a_thread_that_nothing_stops_keeps_another_one_waiting() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let (told, status, _) = run(&home, "lending");
    assert_eq!((status, told.gap()), (Some(41), None));
    assert!(shell(&told).unsure, "{told:?}");
}

/// A name that leads to a pipe once the program runs, which nobody opens.
#[test]
fn a_script_that_was_replaced_by_a_pipe_keeps_the_recorder_waiting() {
    let home = with_key();
    let script = "printf '#!/bin/true\\n' > s; chmod 755 s; mkfifo 's (deleted)'; exec 7<s; rm s; /proc/self/fd/7; exit 6";
    let said = attesh(&home, &["run", "--quiet", "sh", "-c", script]);
    assert_eq!((said.code, told(&home.records()).gap()), (Some(6), None), "{}", said.err);
}

#[test]
fn few_descriptors_keep_the_program_waiting_for_ever() {
    for most in 8..30 {
        let home = with_key();
        let script =
            format!("ulimit -n {most}; exec timeout 60 {ATTESH} run --quiet sh -c '/bin/true; exit 4'");
        let out = home.command(Path::new("/bin/bash")).args(["-c", &script]).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(matches!(out.status.code(), Some(4 | 125)), "{most}: {:?} {said}", out.status);
    }
}

#[test]
fn a_program_by_its_own_name_in_proc_is_taken_for_another() {
    let Some(program) = forms() else { return };
    let home = with_key();
    let (told, status, odd) = run(&home, "own");
    assert_eq!((status, told.gap(), odd), (Some(41), None, Vec::new()));
    let path = program.canonicalize().unwrap().display().to_string().into_bytes();
    assert_eq!(told.starts[&2].path.as_ref(), Some(&path), "{told:?}");
    assert!(!shell(&told).unsure);
    // A script by a descriptor that is closed when its interpreter runs.
    let home = with_key();
    let script = home.file("work/script", "#!/bin/sh -e\nexit 7\n");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let said = attesh(
        &home,
        &[
            "run",
            "--quiet",
            "sh",
            "-c",
            "exec 7<script; /proc/self/fd/7; cd /proc; //dev/./fd/7; /dev/../proc/self/fd/7; ./self/fd/7",
        ],
    );
    assert_eq!(said.code, Some(7), "{}", said.err);
    let records = home.records();
    assert!(records.iter().all(|record| record.kind() != "anomaly"), "{}", said.err);
    let told = self::told(&records);
    let path = script.canonicalize().unwrap().display().to_string().into_bytes();
    let of_script = told.starts.values().filter(|start| start.path.as_ref() == Some(&path)).count();
    assert_eq!(of_script, 4, "{told:?}");
}

#[test]
fn arguments_that_another_thread_changes_are_not_compared_where_some_are_left_out() {
    if forms().is_none() {
        return;
    }
    for _ in 0..sized(12, 200) {
        let home = with_key();
        let (told, status, _) = run(&home, "lengthy");
        let start = shell(&told);
        let ran = start.words.as_ref().unwrap()[2].clone();
        assert!(start.cut);
        assert_eq!(ran, format!("exit {}", status.unwrap()).into_bytes());
    }
}

/// A program that nobody may read: what it became nobody may look at.
#[test]
fn a_program_that_cannot_be_read_is_told_without_its_path() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let home = with_key();
    // A user that may not read everything has to find all of it.
    let place = tempfile::tempdir_in("/tmp").unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::copy(ATTESH, at("recorder")).unwrap();
    std::fs::copy("/bin/true", at("kept")).unwrap();
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(&at("kept"), 0o711);
    mode(place.path(), 0o777);
    let mut command = home.command(Path::new("/usr/bin/setpriv"));
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(at("recorder"));
    command.args(["run", "--quiet", "--dir"]).arg(at("session")).arg(at("kept")).current_dir(place.path());
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"] {
        command.env(name, place.path());
    }
    mode(place.path(), 0o700);
    std::os::unix::fs::chown(place.path(), Some(65534), Some(65534)).unwrap();
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let journal = std::fs::read_to_string(at("session").join("journal")).unwrap();
    let start = journal.lines().find(|line| line.contains("fact/process/v1")).unwrap();
    assert!(start.contains("/kept") && start.contains("\"unsure\""), "{start}");
    assert!(!journal.contains("start-changed"), "{journal}");
}

#[test]
fn a_program_that_stops_itself_leaves_its_caller_waiting() {
    let home = with_key();
    let mut command = home.command(Path::new(ATTESH));
    command.args(["run", "--quiet", "sh", "-c", "kill -STOP $$; exit 7"]);
    let mut child = command.spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    let flags = nix::sys::wait::WaitPidFlag::WUNTRACED;
    let stopped = nix::sys::wait::waitpid(pid, Some(flags)).unwrap();
    assert!(matches!(stopped, nix::sys::wait::WaitStatus::Stopped(..)), "{stopped:?}");
    kill(pid, Signal::SIGCONT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(7));
    // Whoever wakes the whole group wakes the program once: each stop is seen.
    let script = "kill -STOP $$; kill -STOP $$; kill -STOP $$; exit 9";
    let mut command = home.command(Path::new(ATTESH));
    let mut child = command.args(["run", "--quiet", "bash", "-c", script]).process_group(0).spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    for at in 0..3 {
        let stopped = nix::sys::wait::waitpid(pid, Some(flags)).unwrap();
        assert!(matches!(stopped, nix::sys::wait::WaitStatus::Stopped(..)), "{at}: {stopped:?}");
        kill(Pid::from_raw(-pid.as_raw()), Signal::SIGCONT).unwrap();
    }
    assert_eq!(child.wait().unwrap().code(), Some(9));
    // One that is woken just then, before it was told to stop, wakes the program.
    for words in [["sleep", "0.4"], ["sh", "-c"]] {
        let mut command = home.command(Path::new(ATTESH));
        command.args(["run", "--quiet"]).args(words);
        if words[0] == "sh" {
            command.arg("kill -STOP $$; exit 0");
        }
        let mut child = command.process_group(0).spawn().unwrap();
        let pid = Pid::from_raw(child.id().cast_signed());
        std::thread::sleep(Duration::from_millis(200));
        if words[0] == "sleep" {
            kill(pid, Signal::SIGTSTP).unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        let until = attesh::clock::Deadline::after(Duration::from_secs(30));
        kill(pid, Signal::SIGCONT).unwrap();
        while child.try_wait().unwrap().is_none() {
            assert!(!until.left().is_zero(), "{words:?}: it stays stopped");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    // Nobody else would wake a script that no shell has in front of its terminal.
    home.file("work/s.sh", "(sleep 0.3; kill -CONT $$) & kill -STOP $$; wait\nexit 8\n");
    for words in [&["sh", "--quiet", "s.sh"][..], &["sh", "--trace", "--quiet", "s.sh"]] {
        let status = home.command(Path::new(ATTESH)).args(words).process_group(0).status().unwrap();
        assert_eq!(status.code(), Some(8), "{words:?}");
    }
    // Who wakes the program alone wakes who waits for it.
    let home = with_key();
    let script = "(sleep 0.3; kill -CONT $$) & kill -STOP $$; wait; exit 8";
    let status =
        home.command(Path::new(ATTESH)).args(["run", "--quiet", "sh", "-c", script]).status().unwrap();
    assert_eq!(status.code(), Some(8));
}

#[test]
fn a_stop_of_the_terminal_stops_who_waits_for_a_program_that_goes_on() {
    for (script, status) in [
        // It takes no notice, so nobody stops.
        ("trap '' TSTP; echo up; sleep 0.3; exit 5", 5),
        // It does something else with it.
        ("trap 'exit 6' TSTP; echo up; while :; do sleep 0.05; done", 6),
    ] {
        let (_home, mut child, pid) = spoken(script);
        kill(pid, Signal::SIGTSTP).unwrap();
        let flags = nix::sys::wait::WaitPidFlag::WUNTRACED;
        let ended = nix::sys::wait::waitpid(pid, Some(flags)).unwrap();
        if matches!(ended, nix::sys::wait::WaitStatus::Stopped(..)) {
            child.kill().unwrap();
        }
        assert_eq!(ended, nix::sys::wait::WaitStatus::Exited(pid, status), "{script}");
    }
}

/// A bash below `attesh run` that has said its first word.
fn spoken(script: &str) -> (Home, std::process::Child, Pid) {
    let home = with_key();
    let mut command = home.command(Path::new(ATTESH));
    command.args(["run", "--quiet", "bash", "-c", script]).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(child.stdout.as_mut().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    assert_eq!(line, "up\n");
    let pid = Pid::from_raw(child.id().cast_signed());
    (home, child, pid)
}

#[test]
fn a_signal_that_has_a_number_only_or_a_closed_stream_does_not_pass() {
    let home = with_key();
    let (_home, mut child, pid) = spoken("trap 'exit 9' RTMIN+1; echo up; while :; do sleep 0.05; done");
    let sent = std::process::Command::new("bash").args(["-c", &format!("kill -RTMIN+1 {pid}")]).status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(9));
    // Standard streams that were closed are so for the program.
    for (how, evidence) in
        [("run --quiet sh", ""), ("sh --quiet", ""), ("sh --quiet", "traps"), ("sh --trace --quiet", "")]
    {
        let script = format!("{ATTESH} {how} -c 'echo a; echo $? >&2; read x; echo $? >&2' >&- <&-");
        let mut command = home.command(Path::new("/bin/sh"));
        let out = command.args(["-c", &script]).env("ATTESH_EVIDENCE", evidence).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let statuses: Vec<&str> = said.lines().filter(|line| line.len() == 1).collect();
        assert!(!statuses.is_empty() && statuses.iter().all(|status| *status != "0"), "{how}: {said}");
    }
}

#[test]
fn a_name_below_proc_hides_a_file() {
    let home = with_key();
    let script = "mkdir sub; ln -s /proc/self/cwd way; echo > /proc/./self/cwd/one; echo > way/two; \
         exec 7<sub; cd /proc; echo > self/fd/7/three; echo > /dev/./fd/7/four; echo > /proc/thread-self/fd/7/five";
    ok(&home, &["run", "--files", "--seal", "t.intoto.json", "--key", "key", "sh", "-c", script]);
    let told = told(&home.records());
    let place = format!("{}/", home.path("work").canonicalize().unwrap().display());
    let made: Vec<String> = told
        .touched
        .iter()
        .map(|(_, touched)| String::from_utf8(touched.entry.path.clone()).unwrap())
        .filter_map(|path| path.strip_prefix(&place).map(str::to_owned))
        .filter(|name| !name.starts_with("t."))
        .collect();
    assert_eq!(made, ["one", "sub", "sub/five", "sub/four", "sub/three", "two", "way"]);
}

#[test]
fn few_descriptors_or_processes_hide_what_starts() {
    let home = with_key();
    let script = format!(
        "ulimit -n 40; exec {ATTESH} run --quiet sh -c 'i=0; while [ $i -lt 60 ]; do sleep 0.5 & i=$((i+1)); done; wait; exit 4'"
    );
    let status = home.command(Path::new("/bin/sh")).args(["-c", &script]).status().unwrap();
    assert_eq!(status.code(), Some(4));
    let told = told(&home.records());
    assert_eq!((told.gap(), told.starts.len()), (None, 61));
    // A caller that ignores what children do.
    let script = format!("trap '' CHLD; exec {ATTESH} doctor");
    let out = home.command(Path::new("/bin/bash")).args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(said.contains("attesh run holds them"), "{said}");
}

/// What runs on when the program has ended reaches nobody who still seals.
#[test]
fn what_runs_on_stops_who_seals() {
    let home = with_key();
    let script = "waits=$(ps -o ppid= -p $PPID); \
         (i=0; while [ $i -lt 3000 ]; do kill -STOP $waits 2>/dev/null && echo > reached; \
         kill -KILL $PPID 2>/dev/null && echo > reached; i=$((i+1)); done; echo > over) >/dev/null 2>&1 </dev/null & \
         sleep 0.2";
    ok(&home, &["run", "--seal", "t.intoto.json", "--key", "key", "sh", "-c", script]);
    let until = attesh::clock::Deadline::after(Duration::from_secs(30));
    while !home.path("work/over").exists() && !until.left().is_zero() {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(home.path("work/over").exists() && !home.path("work/reached").exists());
}

/// What asks for a program while the arguments of another process cannot be read waits, and is recorded.
#[test]
fn memory_that_is_served_late_hides_what_starts_meanwhile() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let (told, status, odd) = run(&home, "waiting");
    if status == Some(77) {
        skipped("this user may not serve the memory of system calls");
        return;
    }
    assert_eq!((status, told.gap(), odd), (Some(41), None, Vec::new()));
    let start = shell(&told);
    let words: Vec<&[u8]> = start.words.iter().flatten().map(Vec::as_slice).collect();
    assert_eq!((words, start.end), (vec![&b"sh"[..], b"-c", b"exit 41"], Some(End::Exit(41))));
    let other = told.starts.values().find(|start| start.path.as_deref() == Some(b"/bin/true"));
    assert_eq!(other.and_then(|start| start.end), Some(End::Exit(0)), "{told:?}");
}

/// In a user namespace, whose registrations are its own from Linux 6.7 on; before that it may make none.
#[test]
fn a_file_of_a_registered_interpreter_is_told_as_itself_or_in_silence() {
    if !have("unshare") {
        skipped("there is no unshare");
        return;
    }
    let home = with_key();
    let file = home.file("work/registered", "ATTESH-TEST\n");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let script = "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null &&
        echo ':attesh:M::ATTESH-TEST::/bin/echo:' 2>/dev/null >/proc/sys/fs/binfmt_misc/register || exit 77
        ./registered one";
    let said = attesh(&home, &["run", "--quiet", "unshare", "-Urm", "sh", "-c", script]);
    if said.code != Some(0) {
        skipped("no interpreter can be registered in a user namespace here");
        return;
    }
    assert_eq!(said.out, "./registered one\n", "{}", said.err);
    let records = home.records();
    let told = self::told(&records);
    let started = |end: &[u8]| {
        told.starts.values().find(|start| start.path.as_deref().is_some_and(|path| path.ends_with(end)))
    };
    let words = started(b"/bin/echo").and_then(|start| start.words.clone());
    assert_eq!(
        words,
        Some(vec![b"/bin/echo".to_vec(), b"./registered".to_vec(), b"one".to_vec()]),
        "{told:?}"
    );
    assert!(started(b"registered").is_none() && told.gap().is_none(), "{told:?}");
    let odd = records.iter().filter(|record| record.kind() == "anomaly");
    assert_eq!(odd.map(|record| record.word("what").to_owned()).collect::<Vec<_>>(), ["start-changed"]);
}

#[test]
fn a_script_that_stops_itself_keeps_the_terminal() {
    let all = all(Family::Bash);
    let Some(shell) = all.first() else { return };
    let home = with_key();
    home.file("work/s.sh", "kill -STOP $$\necho o\"\"n\nexit 7\n");
    let mut terminal = Terminal::start(shell, &home, Rc::default());
    for (at, how) in ["", "ATTESH_EVIDENCE=traps ", "--trace ", ": | "].into_iter().enumerate() {
        let (before, option) = if how.ends_with("e ") { ("", how) } else { (how, "") };
        let line = format!("{before}{ATTESH} sh {option}--quiet s.sh; echo \"sto\"pped{at} $?");
        terminal.raw(format!("{line}\r").as_bytes());
        let stopped = format!("stopped{at} 1");
        assert!(terminal.wait(|terminal| terminal.text().contains(&stopped)), "{line}: {}", terminal.text());
        terminal.raw(format!("fg; echo \"en\"ded{at} $?\r").as_bytes());
        let ended = format!("ended{at} 7");
        assert!(terminal.wait(|terminal| terminal.text().contains(&ended)), "{line}: {}", terminal.text());
    }
}

#[test]
fn a_program_that_leads_a_group_of_its_own_is_said_to_have_the_terminal() {
    let all = all(Family::Bash);
    let Some(shell) = all.first() else { return };
    let home = with_key();
    let mut terminal = Terminal::start(shell, &home, Rc::default());
    let mut typed = |line: &str, up: &str, bytes: &[u8], end: &str| {
        terminal.raw(format!("{line}\r").as_bytes());
        assert!(terminal.wait(|terminal| terminal.text().contains(up)), "{line}: {}", terminal.text());
        terminal.raw(bytes);
        assert!(terminal.wait(|terminal| terminal.text().contains(end)), "{line}: {}", terminal.text());
    };
    let run = format!("{ATTESH} run --quiet timeout");
    // It cannot read, and no key ends it.
    typed(&format!("{run} 60 cat; echo \"re\"ad $?"), "Input/output error", b"", "read 1");
    let sleeps = "sh -c 'echo u\"\"p; exec sleep 60'; echo \"sle\"pt $?";
    typed(&format!("{run} 2 {sleeps}"), "up", b"\x03", "slept 124");
    let goes_on = "sh -c 'echo a\"\"way; exec sleep 60'; echo \"sta\"yed $?";
    typed(&format!("{run} 2 {goes_on}"), "away", b"\x1a", "stayed 124");
    // In the group of attesh it does.
    let reads = "sh -c 'echo g\"\"ood; exec cat'; echo \"li\"ne $?";
    typed(&format!("{run} --foreground 60 {reads}"), "good", b"given\r\x04", "line 0");
}
