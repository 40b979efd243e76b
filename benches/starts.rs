//! What recording what starts below a program costs: many short programs, a build, an archive that is
//! unpacked, and calls that no start is.
//!
//! No tracer, `attesh run`, `attesh run --files`, and strace and witness where they are found, take turns
//! within each round. `cargo bench --bench starts [-- ROUNDS]`. Figures, never a test.

#[allow(dead_code, reason = "other benches use more of it")]
mod floor;
#[path = "floor/place.rs"]
mod place;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use floor::{median, row};
use place::{ATTESH, Place, seconds};

const PROGRAMS: usize = 400;
const FILES: usize = 3_000;
const SOURCES: usize = 60;
const CALLS: usize = 3_000_000;
/// The archive is unpacked into a new folder each time: a file system takes long to use again what was
/// removed just before.
const UNPACK: &str = "mkdir \"$1\"; tar xf \"$0/many.tar\" -C \"$1\"";

/// Who looks on.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Nobody,
    Run,
    RunWithFiles,
    Strace,
    Witness,
}

const ALL: [By; 5] = [By::Nobody, By::Run, By::RunWithFiles, By::Strace, By::Witness];

impl By {
    fn words(self) -> &'static str {
        match self {
            By::Nobody => "no tracer",
            By::Run => "`attesh run`",
            By::RunWithFiles => "`attesh run --files`",
            By::Strace => "`strace -f -e trace=execve`",
            By::Witness => "`witness run --trace`",
        }
    }

    /// The command with who looks on before it; `None` if that is not here.
    fn command(self, place: &Place, words: &[&str]) -> Option<Command> {
        let before: Vec<String> = match self {
            By::Nobody => Vec::new(),
            By::Run => [ATTESH, "run", "--quiet", "--"].map(str::to_owned).into(),
            By::RunWithFiles => [ATTESH, "run", "--quiet", "--files", "--"].map(str::to_owned).into(),
            By::Strace => {
                ["strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=execve"].map(str::to_owned).into()
            }
            By::Witness => {
                let mut words = vec![witness()?.to_str()?.to_owned()];
                let more = "run --trace -s bench -k key.pem -o witness.json --attestations environment --";
                words.extend(more.split(' ').map(str::to_owned));
                words
            }
        };
        let whole: Vec<&str> = before.iter().map(String::as_str).chain(words.iter().copied()).collect();
        let is_here = self != By::Strace || Command::new("strace").arg("-V").output().is_ok();
        is_here.then(|| place.command(whole[0], &whole[1..]))
    }
}

/// witness, where tests/setup has put it.
fn witness() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/witness/usr/bin/witness");
    path.exists().then_some(path)
}

/// Times a command under each of these, and prints how often the time without a tracer each takes.
fn told(
    what: &str,
    rounds: u32,
    by: &[(By, Option<f64>)],
    words: &dyn Fn(&Place, u32) -> Vec<String>,
    make: &dyn Fn(&Place),
) {
    let place = Place::new();
    make(&place);
    let mut times = vec![Vec::new(); by.len()];
    let mut turn = 0;
    for _ in 0..rounds {
        for (times, (by, _)) in times.iter_mut().zip(by) {
            turn += 1;
            let words = words(&place, turn);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            times.extend(by.command(&place, &words).map(|mut command| seconds(&mut command)));
        }
    }
    let times: Vec<Option<f64>> =
        times.into_iter().map(|times| (!times.is_empty()).then(|| median(times))).collect();
    let Some(Some(plain)) = times.first().copied() else { return };
    for ((by, limit), time) in by.iter().zip(&times).skip(1) {
        let Some(time) = time else { continue };
        let ratio = time / plain;
        let seen = format!("{ratio:.2} x ({time:.3} s against {plain:.3} s with {})", By::Nobody.words());
        let target = limit.map_or_else(String::new, |limit| format!("{limit} x"));
        row(&format!("{what}, {}", by.words()), &target, &seen, limit.map(|limit| ratio <= limit));
    }
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).into()
}

fn sources(place: &Place) {
    for at in 0..SOURCES {
        let mut text = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n".to_owned();
        for function in 0..60 {
            let _ = writeln!(
                text,
                "int f{at}_{function}(int n) {{ int s = 0; for (int k = 0; k < n; k++) s += k * {function} ^ n; printf(\"%d\", s); return s; }}"
            );
        }
        place.put(&format!("f{at}.c"), &text);
    }
    let made = place.command("openssl", &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]).status();
    assert!(
        witness().is_none() || made.is_ok_and(|status| status.success()),
        "openssl makes a key for witness"
    );
}

fn archive(place: &Place) {
    std::fs::create_dir(place.path("many")).expect("a folder");
    for at in 0..FILES {
        place.put(&format!("many/{at}"), &format!("{at:2000}"));
    }
    assert!(place.command("tar", &["cf", "many.tar", "many"]).status().expect("tar runs").success());
}

fn caller(place: &Place) {
    let text = format!(
        "#include <sys/syscall.h>\n#include <unistd.h>\nint main(void) {{ for (int at = 0; at < {CALLS}; at++) syscall(SYS_getppid); return 0; }}\n"
    );
    let source = place.put("calls.c", &text);
    let made = place.command("cc", &["-O2", "-o", "calls"]).arg(source).status();
    assert!(made.is_ok_and(|status| status.success()), "cc makes a program");
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    let nothing = |_: &Place| {};
    let all = |run: Option<f64>, files: Option<f64>| {
        ALL.map(|by| match by {
            By::Run => (by, run),
            By::RunWithFiles => (by, files),
            _ => (by, None),
        })
    };
    let programs = format!("i=0; while [ $i -lt {PROGRAMS} ]; do /bin/true; i=$((i + 1)); done");
    let short = [(By::Nobody, None), (By::Run, Some(1.3)), (By::Strace, None)];
    told(&format!("{PROGRAMS} x /bin/true in a loop"), rounds, &short, &|_, _| shell(&programs), &nothing);
    let build = format!("i=0; while [ $i -lt {SOURCES} ]; do cc -O1 -c f$i.c || exit 1; i=$((i + 1)); done");
    told(
        &format!("a build of {SOURCES} C files"),
        rounds.min(3),
        &all(Some(1.05), Some(1.1)),
        &|_, _| shell(&build),
        &sources,
    );
    let unpack = |place: &Place, turn: u32| {
        let mut words = shell(UNPACK);
        words.extend([
            place.root.path().display().to_string(),
            place.path(&format!("to{turn}")).display().to_string(),
        ]);
        words
    };
    let files = [(By::Nobody, None), (By::Run, None), (By::RunWithFiles, Some(1.5))];
    told(&format!("untar of {FILES} files"), rounds, &files, &unpack, &archive);
    let calls = [(By::Nobody, None), (By::Run, Some(1.15))];
    told(&format!("{CALLS} calls of getppid"), rounds, &calls, &|_, _| vec!["./calls".to_owned()], &caller);
}
