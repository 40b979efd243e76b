//! What recording a script costs: each top-level command, each simple command in a loop, and
//! the verdict of a policy on many attestations.
//!
//! Plain bash, `attesh sh` and the block of `attesh init bash --ci` take turns within each
//! round. `cargo bench --bench script [-- ROUNDS]`. Figures, never a test.

#[allow(dead_code, reason = "other benches use more of it")]
mod floor;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/run/gitlab/shape.rs"]
mod shape;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use floor::{median, row};
use shape::Shape;
use tempfile::TempDir;

const ATTESH: &str = env!("CARGO_BIN_EXE_attesh");
const UNITS: u32 = 1_000;
const TURNS: u32 = 20_000;
const ATTESTATIONS: usize = 500;
const COMMANDS: usize = 50;

struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Self {
        let root = TempDir::new().expect("a folder");
        std::fs::create_dir(root.path().join("home")).expect("a home");
        Place { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file");
        path
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let path = attesh::paths::variable("PATH").expect("a PATH");
        let own = Path::new(ATTESH).parent().expect("in a folder").to_owned();
        let folders = std::iter::once(own).chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        command.args(words).current_dir(self.root.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("PATH", std::env::join_paths(folders).expect("a PATH")).env("HOME", self.path("home"));
        command.env_remove("ATTESH_SESSION").env_remove("XDG_RUNTIME_DIR").stderr(Stdio::null());
        command
    }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch")]
fn seconds(command: &mut Command) -> f64 {
    let from = Instant::now();
    assert!(command.status().expect("it runs").success(), "{command:?}");
    from.elapsed().as_secs_f64()
}

/// Plain, recorded as a script, recorded as a block: the medians.
fn ways(items: &[String], rounds: u32) -> [f64; 3] {
    let mut times = [(); 3].map(|()| Vec::new());
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    for _ in 0..rounds {
        let place = Place::new();
        let script = place.put("script.sh", &items.join("\n"));
        let script = script.to_str().expect("UTF-8");
        times[0].push(seconds(&mut place.command("bash", &[script])));
        times[1].push(seconds(&mut place.command(ATTESH, &["sh", script])));
        let list = [&["eval \"$(attesh init bash --ci)\""], &items[..]].concat();
        let block = place.put("block.sh", &Shape::default().script(&list, ""));
        let mut command = place.command("bash", &[block.to_str().expect("UTF-8")]);
        command.env("GITLAB_CI", "true").env("CI_PROJECT_DIR", place.root.path());
        times[2].push(seconds(&mut command));
    }
    times.map(median)
}

fn verdicts(rounds: u32) -> f64 {
    let place = Place::new();
    let text: String = (0..COMMANDS).map(|at| format!("test {at}\n")).collect();
    place.put("build.sh", &text);
    let ran = |words: &[&str]| assert!(place.command(ATTESH, words).status().expect("it runs").success());
    ran(&["key", "generate", "-o", "key", "--no-passphrase"]);
    ran(&["sh", "--seal", "build.intoto.json", "--key", "key", "build.sh"]);
    ran(&["policy", "from-script", "build.sh", "-o", "policy.toml"]);
    let names: Vec<String> = (0..ATTESTATIONS).map(|at| format!("{at}.intoto.json")).collect();
    for name in &names {
        std::fs::copy(place.path("build.intoto.json"), place.path(name)).expect("a copy");
    }
    let mut words = vec!["verify", "--trust", "key.pub", "--policy", "policy.toml"];
    words.extend(names.iter().map(String::as_str));
    median((0..rounds).map(|_| seconds(&mut place.command(ATTESH, &words))).collect())
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    let told = |what: &str,
                count: f64,
                unit: &str,
                factor: f64,
                limit: Option<f64>,
                [plain, sh, block]: [f64; 3]| {
        for (way, time) in [("`attesh sh`", sh), ("`init bash --ci`", block)] {
            let each = (time - plain) / count * factor;
            let seen = format!("{each:.2} {unit} ({time:.3} s against {plain:.3} s in bash alone)");
            let target = limit.map_or_else(String::new, |limit| format!("{limit} {unit}"));
            row(&format!("{what}, {way}"), &target, &seen, limit.map(|limit| each <= limit));
        }
    };
    let short: Vec<String> = (0..UNITS).map(|at| format!("test {at}")).collect();
    told("1,000 short commands", f64::from(UNITS), "ms each", 1e3, Some(2.0), ways(&short, rounds));
    let turns = format!("for ((i = 0; i < {TURNS}; i++)); do x=$i; done");
    let events = f64::from(TURNS) * 3.0;
    told(
        "a loop of 20,000 turns, for each event",
        events,
        "us each",
        1e6,
        Some(10.0),
        ways(&[turns], rounds),
    );
    let seconds = verdicts(rounds);
    let what = format!("{ATTESTATIONS} attestations of {COMMANDS} commands, one policy, as a program");
    row(&what, "2 s on two cores", &format!("{seconds:.2} s"), Some(seconds < 2.0));
}
