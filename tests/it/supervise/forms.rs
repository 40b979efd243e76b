//! Every form in which a program starts another one: each is recorded with its words and its end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use attesh::fact::process::{End, Started, Told, When};
use attesh::fact::{FILES, PROCESS, PROCESS_END, PROCESSES};
use attesh::record::{FactTime, Said};

use crate::cli::messages::with_key;
use crate::stage::programs::{attesh, have};
use crate::stage::pty::Home;
use crate::stage::records::Rec;
use crate::stage::world::{sized, skipped};

/// The program that starts others; none without a compiler.
pub fn forms() -> Option<&'static Path> {
    static FORMS: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("forms-{}", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/supervise/forms.c");
        let words = ["-Wall", "-Werror", "-pthread", "-o"];
        let done = have("cc").then(|| Command::new("cc").args(words).arg(&program).arg(source).status());
        done.map(|done| {
            assert!(done.expect("a compiler").success(), "forms.c");
            program
        })
    };
    let made = FORMS.get_or_init(make).as_deref();
    if made.is_none() {
        skipped("there is no C compiler");
    }
    made
}

/// What is told of the starts in all sessions of a home.
pub fn told(records: &[Rec]) -> Told {
    let mut told = Told::default();
    for record in records.iter().filter(|record| record.kind() == "fact") {
        let text = |name: &str| record.text(name);
        let texts: Vec<(String, Vec<u8>)> = attesh::fact::process::TEXTS
            .iter()
            .chain(&attesh::fact::touched::TEXTS)
            .filter_map(|name| Some(((*name).to_owned(), text(name)?)))
            .collect();
        let get = |name: &str| match texts.iter().find(|(own, _)| own == name) {
            Some((_, value)) => Said::Text(value.as_slice()),
            None => Said::Nothing,
        };
        let at = FactTime::from_name(record.word("at")).unwrap();
        let when = When::of(at, record.number("n"));
        match record.word("type") {
            PROCESS => told.start(when, get),
            PROCESS_END => told.ends(get),
            PROCESSES => told.count(get),
            FILES => told.files(when, get),
            _ => {}
        }
    }
    told
}

/// Runs a form and returns what is told, beside the form's own start.
fn run(home: &Home, form: &str) -> (Told, i32) {
    let program = forms().unwrap().display().to_string();
    let said = attesh(home, &["run", "--wait", &program, form]);
    let told = told(&home.records());
    assert_eq!(told.gap(), None, "{form}: {}", said.err);
    // cp does not know the words of a shell.
    assert!(said.err.is_empty() || form == "swapped", "{form}: {}", said.err);
    let own = &told.starts[&1];
    let words: Vec<Vec<u8>> = vec![program.into_bytes(), form.as_bytes().to_vec()];
    assert_eq!((own.words.as_ref(), own.numbers.of), (Some(&words), None), "{form}");
    (told, said.code.unwrap())
}

/// The start of `sh -c 'exit 41'`.
pub fn shell(told: &Told) -> &Started {
    let is_it = |start: &&Started| start.words.as_ref().is_some_and(|words| words[0] == b"sh");
    let all: Vec<&Started> = told.starts.values().filter(is_it).collect();
    assert_eq!(all.len(), 1, "{told:?}");
    all[0]
}

/// The forms that each way of seeing sees, and the path of what is started so.
pub fn usual() -> Vec<(&'static str, &'static str)> {
    let mut all = vec![
        ("plain", "/bin/sh"),
        ("empty", "/bin/sh"),
        ("session", "/bin/sh"),
        ("memory", "/memfd:forms (deleted)"),
        ("beside", "/usr/bin/sh"),
        ("thread", "/bin/sh"),
        ("vfork", "/bin/sh"),
        ("spawned", "/bin/sh"),
        ("orphaned", "/bin/sh"),
        ("socket", "/bin/sh"),
    ];
    if cfg!(target_arch = "x86_64") {
        all.push(("old", "/bin/sh"));
    }
    all
}

/// Whether it is the start of `sh -c 'exit 41'` by this path, with its status.
pub fn is_as_started(start: &Started, form: &str, path: &str) {
    let words: Vec<&[u8]> = start.words.iter().flatten().map(Vec::as_slice).collect();
    assert_eq!(words, [&b"sh"[..], b"-c", b"exit 41"], "{form}");
    let is_path = |path: &[u8]| start.path.as_deref() == Some(path);
    assert!(is_path(path.as_bytes()) || (form == "beside" && is_path(b"/bin/sh")), "{form}: {start:?}");
    assert_eq!(start.end, Some(End::Exit(41)), "{form}");
}

#[test]
fn a_form_of_starting_a_program_is_not_seen() {
    if forms().is_none() {
        return;
    }
    let more =
        [("debugged", "/bin/sh"), ("apart", "/bin/sh"), ("hostile", "/bin/sh"), ("untraced", "/bin/sh")];
    for (form, path) in usual().into_iter().chain(more) {
        let home = with_key();
        let (told, status) = run(&home, form);
        if form == "apart" && status == 77 {
            skipped("no user namespace can be made here");
            continue;
        }
        assert_eq!(status, 41, "{form}");
        let start = shell(&told);
        is_as_started(start, form, path);
        assert_eq!(start.unsure, form == "debugged", "{form}");
        let of = (form != "orphaned").then_some(1);
        assert!(start.numbers.of == of || form == "orphaned", "{form}: {start:?}");
        assert_eq!(told.starts[&1].end, Some(End::Exit(41)), "{form}");
        let reached = if form == "hostile" { 17 } else { 0 };
        assert_eq!(told.count.unwrap().reached, reached, "{form}");
        let anomalies = home.records().iter().filter(|record| record.kind() == "anomaly").count();
        assert_eq!(anomalies as u64, reached, "{form}");
    }
}

#[test]
fn a_start_that_failed_or_was_refused_is_taken_for_one() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let (told, status) = run(&home, "missing");
    assert_eq!((status, told.starts.len()), (98, 2));
    let start = &told.starts[&2];
    assert_eq!((start.path.as_deref(), start.end), (Some(&b"/no/such/program"[..]), Some(End::NotStarted)));
    if cfg!(target_arch = "x86_64") {
        let home = with_key();
        let (told, status) = run(&home, "wide");
        assert_eq!((status, told.starts.len()), (41, 1));
    }
}

#[test]
fn another_thread_changes_what_is_recorded() {
    if forms().is_none() {
        return;
    }
    for _ in 0..sized(12, 200) {
        let home = with_key();
        let (told, status) = run(&home, "rewritten");
        let start = shell(&told);
        let ran = start.words.as_ref().unwrap()[2].clone();
        assert_eq!(ran, format!("exit {status}").into_bytes());
        assert_eq!(start.end, Some(End::Exit(u8::try_from(status).unwrap())));
        // The same with the path, and with one that cannot be read when it is asked for.
        for form in ["swapped", "hidden"] {
            let home = with_key();
            let (told, status) = run(&home, form);
            let start = &told.starts[&2];
            assert_eq!(told.starts.len(), 2, "{form}: {told:?}");
            let path = String::from_utf8(start.path.clone().unwrap()).unwrap();
            let is_shell = path.ends_with("sh");
            assert!(is_shell || path.ends_with("/cp"), "{form}: {path}");
            assert_eq!(status == 41, is_shell, "{form}: {path}");
            assert_eq!(start.words.as_ref().unwrap()[1..], [b"-c".to_vec(), b"exit 41".to_vec()], "{form}");
            assert_eq!(start.end, Some(End::Exit(u8::try_from(status).unwrap())), "{form}");
        }
    }
}

#[test]
fn a_program_that_was_killed_or_runs_on_is_told_otherwise() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let (told, status) = run(&home, "killed");
    assert_eq!(status, 41);
    let ends: Vec<Option<End>> = told.starts.values().map(|start| start.end).collect();
    assert_eq!(ends, [Some(End::Exit(41)), Some(End::Became(3)), Some(End::Signal(9))]);
    // With --wait all that ran on is told; without it that it did.
    let home = with_key();
    let (told, _) = run(&home, "behind");
    assert!(told.starts.values().any(|start| start.end == Some(End::Exit(41)) && start.numbers.id == 2));
    let home = with_key();
    let program = forms().unwrap().display().to_string();
    assert_eq!(attesh(&home, &["run", &program, "behind"]).code, Some(41));
    let told = self::told(&home.records());
    assert_eq!((told.gap(), told.count.unwrap().running), (None, 2));
    assert_eq!(told.starts[&2].end, Some(End::Running));
}

#[test]
fn what_goes_on_in_no_list_of_processes_goes_on_unsaid() {
    let Some(program) = forms() else { return };
    for form in ["leaderless", "hopping"] {
        let home = with_key();
        let words = ["run", "--quiet", &program.display().to_string(), form];
        let said = attesh(&home, &words);
        assert_eq!(said.code, Some(0), "{form}: {}", said.err);
        let told = told(&home.records());
        assert_eq!(told.gap(), None, "{form}");
        assert!(told.count.unwrap().running > 0, "{form}: {told:?}");
    }
}

#[test]
fn signals_that_cannot_be_ignored_in_c_end_the_recorder() {
    let Some(program) = forms() else { return };
    let home = with_key();
    let said = attesh(&home, &["run", "--quiet", &program.display().to_string(), "signals"]);
    assert_eq!(said.code, Some(41), "{}", said.err);
    let told = told(&home.records());
    assert_eq!((told.gap(), told.count.unwrap().reached), (None, 7), "{}", said.err);
}

#[test]
fn a_descriptor_that_is_swapped_hides_which_program_runs() {
    let Some(program) = forms() else { return };
    for _ in 0..30 {
        let home = with_key();
        attesh(&home, &["run", "--quiet", &program.display().to_string(), "descriptor"]);
        let told = told(&home.records());
        let is_it = |start: &&Started| start.words.iter().flatten().any(|word| word == b"which");
        let start = told.starts.values().find(is_it).unwrap_or_else(|| panic!("{told:?}"));
        // It says itself which of the two it is.
        let is_bash = start.path.as_deref().unwrap_or_default().ends_with(b"bash");
        assert_eq!(start.end, Some(End::Exit(if is_bash { 42 } else { 43 })), "{start:?}");
    }
}
