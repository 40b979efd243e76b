//! What recording a script costs: each of its commands, a loop and what it starts, and the verdict
//! of a policy on many attestations.
//!
//! Plain bash, `attesh sh` where bash reads and by traps, the block of `attesh init bash --ci`, and
//! the `attesh sh` of another build if ATTESH_BEFORE names one, take turns within each round.
//! `cargo bench --bench script [-- ROUNDS]`. Figures, never a test.

#[allow(dead_code, reason = "other benches use more of it")]
mod floor;
#[path = "floor/place.rs"]
mod place;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/run/gitlab/shape.rs"]
mod shape;

use floor::{median, row};
use place::{ATTESH, Place, seconds};
use shape::Shape;

const TURNS: u32 = 20_000;
const PROGRAMS: usize = 300;
const ATTESTATIONS: usize = 500;
const COMMANDS: usize = 50;

/// How a script is run.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// By bash alone.
    Plain,
    /// By `attesh sh`, which watches bash where it reads.
    Reader,
    /// By `attesh sh`, which bash tells by traps.
    Traps,
    /// By the `attesh sh` of another build.
    Before,
    /// As the list of a job.
    Block,
}

const WAYS: [Way; 5] = [Way::Plain, Way::Reader, Way::Traps, Way::Before, Way::Block];

impl Way {
    fn words(self) -> &'static str {
        match self {
            Way::Plain => "bash alone",
            Way::Reader => "`attesh sh`",
            Way::Traps => "`attesh sh` by traps",
            Way::Before => "`attesh sh` before",
            Way::Block => "`init bash --ci`",
        }
    }

    /// How long it takes; `None` if there is no such program.
    fn seconds(self, items: &[&str]) -> Option<f64> {
        let place = Place::new();
        if self == Way::Block {
            let list = [&["eval \"$(attesh init bash --ci)\""], items].concat();
            let block = place.put("block.sh", &Shape::default().script(&list, ""));
            let mut command = place.command("bash", &[block.to_str().expect("UTF-8")]);
            command.env("GITLAB_CI", "true").env("CI_PROJECT_DIR", place.root.path());
            return Some(seconds(&mut command));
        }
        let script = place.put("script.sh", &items.join("\n"));
        let script = script.to_str().expect("UTF-8");
        let before = attesh::paths::variable("ATTESH_BEFORE");
        let mut command = match self {
            Way::Plain => place.command("bash", &[script]),
            Way::Before => place.command(before?.to_str()?, &["sh", script]),
            _ => place.command(ATTESH, &["sh", script]),
        };
        let evidence = if self == Way::Traps { "traps" } else { "reader" };
        Some(seconds(command.env("ATTESH_EVIDENCE", evidence)))
    }
}

/// The median of each way that there is.
fn ways(items: &[String], rounds: u32) -> Vec<(Way, f64)> {
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let mut times = WAYS.map(|_| Vec::new());
    for _ in 0..rounds {
        for (times, way) in times.iter_mut().zip(WAYS) {
            times.extend(way.seconds(&items));
        }
    }
    let seen = WAYS.into_iter().zip(times).filter(|(_, times)| !times.is_empty());
    seen.map(|(way, times)| (way, median(times))).collect()
}

/// A figure of each way: what one of `count` costs more than in bash alone, if its unit is named,
/// and how often the time of bash alone it takes.
fn told(
    what: &str,
    each: Option<(f64, &str, f64)>,
    limit: &dyn Fn(Way) -> Option<f64>,
    times: &[(Way, f64)],
) {
    let plain = times[0].1;
    for (way, time) in &times[1..] {
        let ratio = time / plain;
        let mut seen = format!("{ratio:.2} x ({time:.3} s against {plain:.3} s in bash alone)");
        let mut number = ratio;
        let mut unit = "x".to_owned();
        if let Some((count, name, factor)) = each {
            number = (time - plain) / count * factor;
            unit = name.to_owned();
            seen = format!("{number:.2} {unit}, {seen}");
        }
        let limit = limit(*way);
        let target = limit.map_or_else(String::new, |limit| format!("{limit} {unit}"));
        row(&format!("{what}, {}", way.words()), &target, &seen, limit.map(|limit| number <= limit));
    }
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
    let of_reader = |limit: f64| move |way: Way| (way == Way::Reader).then_some(limit);
    let each = |count: u32, unit: &'static str, factor: f64| Some((f64::from(count), unit, factor));
    let none = |_| None;
    let run = |items: &[String]| ways(items, rounds);
    told("a script of one line", each(1, "ms more", 1e3), &of_reader(8.0), &run(&[":".to_owned()]));
    let units = vec![":".to_owned(); 1_000];
    told("1,000 commands `:`", each(1_000, "ms each", 1e3), &of_reader(0.25), &run(&units));
    let turns = format!("for ((i = 0; i < {TURNS}; i++)); do x=$i; done");
    told("a loop of 20,000 turns", None, &of_reader(1.1), &run(&[turns]));
    let program = format!("for ((i = 0; i < {PROGRAMS}; i++)); do /bin/true; done");
    told("300 programs in a loop", None, &of_reader(1.1), &run(&[program]));
    let programs = vec!["/bin/true".to_owned(); PROGRAMS];
    told("300 programs, each a command of the script", each(300, "ms each", 1e3), &none, &run(&programs));
    let seconds = verdicts(rounds);
    let what = format!("{ATTESTATIONS} attestations of {COMMANDS} commands, one policy, as a program");
    row(&what, "2 s on two cores", &format!("{seconds:.2} s"), Some(seconds < 2.0));
}
