//! Somebody sets the clock while a command runs. The recorder of a real shell reads
//! a clock that `clock.c` moves; the machine's own is left alone. Durations stay what they
//! were, and the verifier tells the step.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{each, mark, tail};
use crate::stage::programs::{self, have};
use crate::stage::pty::{ATTESH, Home, Rc, Terminal};
use crate::stage::records::Rec;
use crate::stage::shells::Family::{Bash, Fish, Zsh};
use crate::stage::shells::Shell;

/// The program that moves the clock of another.
pub fn mover() -> Option<&'static Path> {
    static MOVER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let name = format!("clock-{}", std::process::id());
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/matrix/clock.c");
        let done = have("cc")
            .then(|| Command::new("cc").args(["-Wall", "-Werror", "-o"]).arg(&program).arg(source).status());
        done.map(|done| {
            assert!(done.expect("a compiler").success(), "clock.c");
            program
        })
    };
    MOVER.get_or_init(make).as_deref()
}

/// A shell whose recorder reads the moved clock, from its first command on.
fn start(shell: &Shell, home: &Home, mover: &Path) -> Terminal {
    let by = home.path("by");
    home.file(
        "bin/moved",
        &format!("#!/bin/sh\nexec {} {} {ATTESH} \"$@\"\n", mover.display(), by.display()),
    );
    let after = match shell.family {
        Fish => "set -g __attesh_bin ~/bin/moved",
        _ => "__attesh_bin=~/bin/moved",
    };
    Terminal::start(shell, home, Rc { after, ..Rc::default() })
}

fn times(rec: &Rec) -> (i128, i128) {
    let time = |name: &str| rec.word(name).parse().expect("a time");
    (time("realtimeNs"), time("boottimeNs"))
}

/// What attesh says where the clock is as the shell's recorder read it last.
fn ok(home: &Home, words: &[&str]) -> String {
    let said = programs::said(home.command(&home.path("bin/moved")).args(words));
    assert_eq!(said.code, Some(0), "{words:?}: {}", said.err);
    said.out + &said.err
}

#[test]
fn a_clock_that_is_set_changes_a_duration_or_is_not_told() {
    let Some(mover) = mover() else { return };
    for (hours, way) in [(-1, "back"), (2, "forward")] {
        each(&[Bash, Zsh, Fish], |shell, home| {
            let mut terminal = start(shell, home, mover);
            terminal.line("true before");
            terminal.begin(home, "sleep 1.5");
            home.file("by", &format!("{}", hours * 3_600_000_000_000_i64));
            assert!(mark(&mut terminal, home, "after"), "{}: {}", shell.label(), tail(&terminal));
            terminal.raw(b"exit\r");
            terminal.ended();
            told(shell, home, hours, way);
        });
    }
}

fn told(shell: &Shell, home: &Home, hours: i64, way: &str) {
    let label = shell.label();
    let records = home.records();
    let at = records.iter().position(|rec| rec.text("command").is_some_and(|text| text == b"sleep 1.5"));
    let at = at.unwrap_or_else(|| panic!("{label}: {:?}", home.lines()));
    let (begun, finished) = (times(&records[at]), times(&records[at + 1]));
    let moved = i128::from(hours) * 3_600_000_000_000;
    let ran = finished.1 - begun.1;
    assert!((1_400_000_000..20_000_000_000).contains(&ran), "{label}: it ran for {ran} ns");
    let drift = finished.0 - begun.0 - ran - moved;
    assert!(drift.abs() < 100_000_000, "{label}: the mover did not move the clock: {drift}");
    assert!(records.windows(2).all(|two| times(&two[0]).1 <= times(&two[1]).1), "{label}: time goes back");

    let session = home.sessions()[0].display().to_string();
    let words = ok(home, &["verify", "-v", &session]);
    let step = format!("the clock was set {way} by ");
    let told = words.split_once(&step).and_then(|(_, rest)| rest.split_once(" ms"));
    let told: i64 = told.and_then(|(ms, _)| ms.parse().ok()).unwrap_or_else(|| panic!("{label}: {words}"));
    assert!((told - hours.abs() * 3_600_000).abs() < 100, "{label}: {told} ms");
    ok(home, &["key", "generate", "-o", "key", "--no-passphrase"]);
    ok(home, &["seal", &session, "--key", "key", "-o", "sealed.intoto.json"]);
    let statement = statement(home);
    assert_eq!(statement["predicate"]["clock"]["stepCount"], 1, "{label}");
    let slept = statement["predicate"]["commands"][1]["durationMs"].as_u64();
    assert!(slept.is_some_and(|ms| (1_400..20_000).contains(&ms)), "{label}: {slept:?}");
    ok(home, &["verify", "sealed.intoto.json", "--trust", "key.pub"]);
}

fn statement(home: &Home) -> serde_json::Value {
    let bytes = std::fs::read(home.path("work/sealed.intoto.json")).expect("what was sealed");
    let envelope = attesh::seal::envelope::Envelope::read(&bytes).expect("an envelope");
    serde_json::from_slice(envelope.unverified_payload()).expect("a Statement")
}
