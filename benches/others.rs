//! What recording one command costs, beside what a user would pick instead; and verifying a
//! journal, beside hashing it.
//!
//! Each way is run once in each round, in turn, as whole processes: what a hook would spawn
//! before and after a command. benches/setup installs the other programs; without it their
//! lines say so.
//!
//! usage: cargo bench --bench others [-- ROUNDS]

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/stage/world.rs"]
mod world;

mod floor;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use attesh::protocol::{self, Key};
use floor::{median, row};
use world::{Opened, World};

/// Commands in the journal that is verified.
const COMMANDS: u64 = 20_000;

/// Two programs, one run after the other, and how to make them anew each time.
struct Way<'a> {
    name: &'a str,
    /// The most that attesh may take of its time.
    limit: Option<f64>,
    calls: Box<dyn Fn(u64) -> [Command; 2] + 'a>,
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

#[expect(clippy::disallowed_methods, reason = "a bench is what a clock is for")]
fn timed(commands: &mut [Command]) -> f64 {
    let before = Instant::now();
    for command in &mut *commands {
        let status = quiet(command).status();
        assert!(status.as_ref().is_ok_and(std::process::ExitStatus::success), "{command:?}: {status:?}");
    }
    before.elapsed().as_secs_f64() * 1e3
}

/// A command of another program, if that is installed.
fn other(path: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/bench").join(path);
    program.exists().then_some(program)
}

fn atuin<'a>(home: &'a Path, program: &'a Path) -> Way<'a> {
    let call = move |words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).env_clear().current_dir(home).env("HOME", home).env("PATH", "/usr/bin:/bin");
        command.env("ATUIN_SESSION", "019aab5e8f6c7c529a3f0d5d02c1a942");
        command
    };
    timed(&mut [call(&["history", "list"])]);
    Way {
        name: "`atuin history start` + `end`",
        limit: Some(0.5),
        calls: Box::new(move |_| {
            // The end needs what the start prints; it is made beforehand, for the clock runs.
            let started = call(&["history", "start", "--", "true"]).output().expect("it starts");
            let id = String::from_utf8(started.stdout).expect("an id");
            let end = call(&["history", "end", "--exit", "0", "--duration", "1000", "--", id.trim()]);
            [call(&["history", "start", "--", "true"]), end]
        }),
    }
}

fn in_toto<'a>(home: &'a Path, program: &'a Path) -> Way<'a> {
    let script = "openssl genpkey -algorithm ed25519 -out key.pem";
    timed(&mut [{
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(home);
        command
    }]);
    Way {
        name: "`in-toto-record start` + `stop`",
        limit: None,
        calls: Box::new(move |_| {
            ["start", "stop"].map(|verb| {
                let mut command = Command::new(program);
                command.args([verb, "-n", "step", "--signing-key", "key.pem"]).current_dir(home);
                command
            })
        }),
    }
}

fn one_command(rounds: usize) {
    let (world, at) = opened();
    let home = world.home.path();
    let nothing = floor::empty_program();
    let (atuin_program, record) = (other("bin/atuin"), other("python/bin/in-toto-record"));
    let mut ways = vec![
        Way {
            name: "attesh",
            limit: None,
            calls: Box::new(|n| [world.start(&at, n, false), world.finish(&at, n, false)]),
        },
        Way {
            name: "an empty static program, twice",
            limit: None,
            calls: Box::new(|_| [Command::new(&nothing), Command::new(&nothing)]),
        },
    ];
    match &atuin_program {
        Some(program) => ways.push(atuin(home, program)),
        None => row("start + finish, against atuin", "0.5 x", "not installed: benches/setup", Some(false)),
    }
    match &record {
        Some(program) => ways.push(in_toto(home, program)),
        None => row("start + finish, against in-toto-record", "", "not installed: benches/setup", None),
    }
    let mut taken: Vec<Vec<f64>> = ways.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (way, taken) in ways.iter().zip(&mut taken) {
            taken.push(timed(&mut (way.calls)(round as u64 + 1)));
        }
    }
    let ours = taken[0].clone();
    for (way, taken) in ways.iter().zip(taken).skip(1) {
        let ratio = median(ours.iter().zip(&taken).map(|(ours, theirs)| ours / theirs).collect());
        let seen = format!("{ratio:.3} x ({:.2} ms against {:.2} ms)", median(ours.clone()), median(taken));
        let met = way.limit.map(|limit| ratio <= limit);
        let target = way.limit.map_or_else(String::new, |limit| format!("{limit} x"));
        row(&format!("start + finish, against {}", way.name), &target, &seen, met);
    }
}

fn opened() -> (World, Opened) {
    let world = World::new();
    let at = world.open(None);
    (world, at)
}

/// Each record is signed; a hash of the whole file is the least that reading it takes.
fn one_journal(rounds: usize) {
    let (world, at) = opened();
    let script = format!(
        "for ((n = 1; n <= {COMMANDS}; n++)); do \
         \"$B\" rec s \"$@\" n=$n nat=$n src=none && \"$B\" rec e \"$@\" n=$n st=0 from=prompt || exit; done"
    );
    let mut shell = Command::new("bash");
    shell.args(["-c", &script, "bash"]).arg(Key::Version.is(protocol::VERSION));
    shell.args(at.known()).arg(Key::Shell.is(&at.shell));
    shell
        .env("B", world::program())
        .env("HOME", world.home.path())
        .env("XDG_RUNTIME_DIR", world.runtime.path());
    timed(&mut [shell]);
    assert!(world.close(&at, COMMANDS, false).status().is_ok_and(|status| status.success()));
    let folder = at.folder.to_str().expect("a temporary folder");
    let (mut ours, mut hash) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(timed(&mut [world.attesh(&["verify", folder])]));
        let mut sha256sum = Command::new("sha256sum");
        sha256sum.arg(at.journal());
        hash.push(timed(&mut [sha256sum]));
    }
    let records = 2 * COMMANDS + 4;
    let (ours, hash) = (median(ours), median(hash));
    row(
        &format!("`attesh verify` of {records} records, against `sha256sum` of the journal"),
        "",
        &format!(
            "{:.0} x ({ours:.0} ms against {hash:.0} ms; {:.0} records a second)",
            ours / hash,
            records as f64 / ours * 1e3
        ),
        None,
    );
}

/// Files of a tree, which collectors would hash; attesh has no collectors yet.
fn tree() {
    let what = "materials and products of 20,000 files, against `sha256sum`";
    row(what, "1 x, then 0.2 x", "attesh has no collectors", Some(false));
}

fn main() {
    let mut words = std::env::args().skip(1);
    let rounds = words.find_map(|word| word.parse().ok()).unwrap_or(15);
    one_command(rounds);
    one_journal(rounds.min(5));
    tree();
}
