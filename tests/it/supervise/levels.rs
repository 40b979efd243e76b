//! What is recorded where the kernel does not hold starts for a recorder of its own, and what a verdict
//! says of that.

use attesh::fact::process::{End, SeenBy};

use super::forms::{forms, is_as_started, shell, told, usual};
use super::judged::judged;
use crate::cli::messages::{ok, with_key};
use crate::stage::programs::{Said, attesh, said};
use crate::stage::pty::{ATTESH, Home};

/// Runs attesh where some calls are refused.
fn refusing(home: &Home, what: &str, words: &[&str]) -> Said {
    let mut command = home.command(forms().unwrap());
    said(command.args(["refusing", what, ATTESH]).args(words))
}

#[test]
fn a_program_in_another_session_is_not_followed() {
    let home = with_key();
    let script = format!(
        "{ATTESH} run --seal t.intoto.json --key key sh -c 'env -i /bin/false; dash -c \"kill -9 \\$\\$\"; exit 3'"
    );
    let seal = ["--seal", "around.intoto.json", "--key", "key", "--collect", "none"];
    let run = attesh(&home, &[&["run"], &seal[..], &["sh", "-c", &script]].concat());
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert!(run.err.contains("what starts is followed by ptrace, because another program"), "{}", run.err);
    let shown = ok(&home, &["show", "t.intoto.json", "--processes"]);
    for row in ["3  sh -c", "became ", "1      /bin/false", "signal 9    dash -c 'kill -9"] {
        assert!(shown.contains(row), "{row}: {shown}");
    }
    let verified = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
    assert!(verified.contains("told by ptrace: each of 4 starts below stopped until"), "{verified}");
    let (code, out) = judged(&home, "deny = [\"curl\"]");
    assert_eq!(code.as_deref(), Some("process.unseen"), "{out}");
    assert!(out.contains("followed by ptrace"), "{out}");
    assert_eq!(judged(&home, "capture = \"ptrace\"\ndeny = [\"curl\"]").0, None);
    assert_eq!(
        judged(&home, "capture = \"ptrace\"\ndeny = [\"false\"]").0.as_deref(),
        Some("process.denied")
    );
    // What is around it saw all of that, too.
    let shown = ok(&home, &["show", "around.intoto.json", "--processes"]);
    assert_eq!(shown.matches("(nobody saw what it became)").count(), 4, "{shown}");
}

#[test]
fn a_form_of_starting_a_program_is_not_followed() {
    if forms().is_none() {
        return;
    }
    for (form, path) in usual() {
        let home = with_key();
        let program = forms().unwrap().display().to_string();
        let run = refusing(&home, "seccomp", &["run", "--wait", &program, form]);
        assert_eq!(run.code, Some(41), "{form}: {}", run.err);
        assert!(run.err.contains("no user notification of seccomp"), "{form}: {}", run.err);
        let told = told(&home.records());
        assert_eq!((told.gap(), told.seen_by), (None, Some(SeenBy::Trace)), "{form}");
        let start = shell(&told);
        is_as_started(start, form, path);
        assert!(!start.unsure, "{form}");
        assert_eq!(told.starts[&1].end, Some(End::Exit(41)), "{form}");
    }
    // The way out that the page tells of.
    let home = with_key();
    let program = forms().unwrap().display().to_string();
    let run = refusing(&home, "seccomp", &["run", "--wait", &program, "untraced"]);
    assert_eq!((run.code, told(&home.records()).starts.len()), (Some(41), 1), "{}", run.err);
}

#[test]
fn job_control_or_a_signal_does_not_pass_to_what_is_followed() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let script = "trap 'echo got' USR1; kill -USR1 $$; sh -c 'kill -STOP $$; echo on' & sleep 0.2; kill -CONT $!; wait; kill -TERM $$";
    let run = refusing(&home, "seccomp", &["run", "bash", "-c", script]);
    assert_eq!((run.code, run.out.as_str()), (None, "got\non\n"), "{}", run.err);
    assert_eq!(told(&home.records()).starts[&1].end, Some(End::Signal(15)));
}

#[test]
fn what_is_not_seen_is_taken_for_nothing() {
    if forms().is_none() {
        return;
    }
    for (options, code) in [
        (&[][..], Some(7)),
        (&["--fail", "closed"], Some(125)),
        (&["--strict"], Some(125)),
        (&["--files", "--lines"], Some(7)),
    ] {
        let home = with_key();
        let seal = ["--seal", "t.intoto.json", "--key", "key", "sh", "-c", "/bin/true; exit 7"];
        let run = refusing(&home, "both", &[&["run"], options, &seal].concat());
        assert_eq!(run.code, code, "{options:?}: {}", run.err);
        assert!(
            run.err.contains("what starts below the program is not recorded: this kernel"),
            "{}",
            run.err
        );
        if code == Some(125) {
            continue;
        }
        assert_eq!(run.err.contains("--files with --lines does nothing then"), options.len() == 2);
        let verified = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
        assert!(verified.contains("told by nobody, because starts could not be seen"), "{verified}");
        let (code, out) = judged(&home, "deny = [\"curl\"]");
        assert_eq!(code.as_deref(), Some("process.unseen"), "{out}");
    }
    let home = with_key();
    home.file("work/build.sh", "/bin/true\n/bin/echo built\n");
    let words = ["sh", "--trace", "--seal", "t.intoto.json", "--key", "key", "build.sh"];
    let run = refusing(&home, "seccomp", &words);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "built\n"), "{}", run.err);
    let verified = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
    assert!(verified.contains("what started below told by nobody"), "{verified}");
    assert_eq!(judged(&home, "deny = [\"curl\"]").0.as_deref(), Some("process.unseen"));
}

#[test]
fn a_program_below_another_one_of_its_session_is_recorded_twice_or_not() {
    let home = with_key();
    home.file("work/build.sh", "/bin/true\n/bin/echo built\n");
    let script = format!(
        "{ATTESH} run --author codex -- sh -c '/bin/true one; exit 3'; {ATTESH} sh --trace build.sh; exit 4"
    );
    let words = ["run", "--seal", "t.intoto.json", "--key", "key", "sh", "-c", &script];
    let run = attesh(&home, &words);
    assert_eq!((run.code, run.out.as_str()), (Some(4), "built\n"), "{}", run.err);
    assert!(!run.err.contains("followed"), "{}", run.err);
    let sessions = ok(&home, &["sessions"]);
    assert_eq!(sessions.lines().count(), 2, "{sessions}");
    let shown = ok(&home, &["show", "t.intoto.json", "--processes"]);
    assert!(shown.contains("program starts: among those of another shell"), "{shown}");
    let by = ok(&home, &["show", "t.intoto.json", "--author", "codex"]);
    assert!(by.contains("/bin/true one") && !by.contains("codex"), "{by}");
    let verified = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
    assert!(verified.contains("told by the kernel: each of "), "{verified}");
    assert_eq!(judged(&home, "require = [\"true\"]").0, None);
    // The bash that attesh sh traces may have become another program than was asked for.
    assert_eq!(judged(&home, "deny = [\"curl\"]").0.as_deref(), Some("process.unseen"));
    assert_eq!(judged(&home, "deny = [\"true\"]").0.as_deref(), Some("process.denied"));
}

#[test]
fn what_can_only_be_traced_does_not_run_with_seal_alone_or_runs_with_strict() {
    if forms().is_none() {
        return;
    }
    let seal = ["--seal", "t.intoto.json", "--key", "key", "sh", "-c", "/bin/true; exit 7"];
    for (options, code) in [
        (&[][..], 7),
        (&["--fail", "closed"], 7),
        (&["--files", "--lines"], 7),
        (&["--strict"], 125),
        (&["--strict", "--fail", "closed"], 125),
    ] {
        let run = refusing(&with_key(), "seccomp", &[&["run"], options, &seal].concat());
        assert_eq!(run.code, Some(code), "{options:?}: {}", run.err);
        assert!(run.err.contains("what starts is followed by ptrace"), "{options:?}: {}", run.err);
    }
    // Below another one of the same session the starts are held, and only an option that does nothing counts.
    for (options, code) in [
        ("--strict", 7),
        ("--fail closed", 7),
        ("--files --lines", 7),
        ("--strict --files", 125),
        ("--strict --lines", 125),
        ("--strict --fail closed", 125),
    ] {
        let script = format!("{ATTESH} run {options} sh -c 'exit 7'");
        let run = attesh(&with_key(), &["run", "--quiet", "sh", "-c", &script]);
        assert_eq!(run.code, Some(code), "{options}: {}", run.err);
    }
}

/// By the line that attesh agent install writes.
#[test]
fn an_agent_within_another_run_does_not_start_or_is_not_found_there() {
    for (options, sessions, by) in [
        (&[][..], 1, "what starts is recorded by the attesh run around this one; --files with --lines"),
        (&["--private"], 2, "what starts is followed by ptrace, because another program already holds"),
    ] {
        let home = with_key();
        let agent = home.file("work/agent", "#!/bin/sh\nbash -c 'exit 3'\nexit 5\n");
        std::fs::set_permissions(&agent, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let line = format!("{ATTESH} run --author opencode --files --lines -- ./agent");
        let words = ["--seal", "t.intoto.json", "--key", "key", "--files", "--lines", "sh", "-c", &line];
        let run = attesh(&home, &[&["run"], options, &words].concat());
        assert!(run.code == Some(5) && run.err.contains(by), "{options:?}: {}", run.err);
        let listed = ok(&home, &["sessions"]);
        assert_eq!(listed.lines().count(), 1 + sessions, "{listed}");
        if sessions == 1 {
            let shown = ok(&home, &["show", "t.intoto.json", "--author", "opencode", "--trust", "key.pub"]);
            assert!(shown.contains("3  ") && shown.contains("exit 3"), "{shown}");
            // The bash below it told its line.
            let shown = ok(&home, &["show", "t.intoto.json"]);
            assert!(shown.contains("run 0.") && shown.contains("bash 5."), "{shown}");
        } else {
            let shown = ok(&home, &["show", "t.intoto.json", "--processes"]);
            assert!(shown.contains("(nobody saw what it became)"), "{shown}");
        }
    }
}

#[test]
fn a_recorder_that_followed_dies_in_silence() {
    if forms().is_none() {
        return;
    }
    for (fail, status, goes_on) in [("open", Some(7), true), ("closed", None, false)] {
        let home = with_key();
        let script = "/bin/true; kill -9 $PPID; sleep 0.2; /bin/echo on; exit 7";
        let run = refusing(&home, "seccomp", &["run", "--fail", fail, "sh", "-c", script]);
        assert_eq!((run.code, run.out == "on\n"), (status, goes_on), "{fail}: {}", run.err);
        assert!(run.err.contains("the recorder ended before the program: what followed"), "{}", run.err);
        let told = told(&home.records());
        assert_eq!(told.gap().as_deref(), Some("the recording of starts did not come to its end"));
        let sessions = ok(&home, &["sessions"]);
        assert!(sessions.contains("ended") && sessions.contains("no"), "{sessions}");
    }
}
