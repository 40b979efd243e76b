//! A script gives under `attesh sh` what bash alone gives: each script of `tests/differ` is run
//! both ways, on each bash, and leaves a sound journal with the units of its plan.
//!
//! A script begins behind a line `=== NAME`; it may go on with ` : OPTIONS : ANOMALIES :
//! WATCHED`, the options of bash, the anomalies that the journal is to tell of under traps, and those
//! where bash is watched. What stands before the
//! first of a file says what the file is about.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::symlink;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use attesh::files::{Overwrite, publish};
use attesh::journal::check::{Knowledge, check};
use attesh::record::Body;
use tempfile::TempDir;

use crate::stage::records::records;
use crate::stage::shells::{self, Family, Shell};
use crate::stage::world;
use crate::supervise::forms::told;

const FILES: [&str; 5] = ["statuses", "traps", "options", "shapes", "endings"];
/// How many scripts there are at least.
const COUNT_MIN: usize = 350;
/// One script in so many is run on the versions of bash that are not the system's.
const SHARE: usize = 4;
/// How often it is looked whether a script has ended, and how long each time.
pub const LOOKS_MAX: u32 = 15_000;
pub const LOOK: Duration = Duration::from_millis(2);

/// A script of `tests/differ`.
pub struct Case {
    pub name: String,
    pub options: Vec<String>,
    anomalies: Vec<String>,
    watched: Vec<String>,
    pub script: String,
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differ");
    let mut all = Vec::new();
    for file in FILES {
        let text = std::fs::read_to_string(folder.join(format!("{file}.txt"))).unwrap();
        for part in text.split("\n=== ").skip(1) {
            let (head, script) = part.split_once('\n').unwrap_or((part, ""));
            let mut fields = head.split(':').map(str::trim);
            let name = format!("{file}/{}", fields.next().unwrap());
            let mut words =
                || fields.next().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            let (options, anomalies, watched) = (words(), words(), words());
            // An input without an end is one with the file's last byte.
            all.push(Case { name, options, anomalies, watched, script: format!("{script}\n") });
        }
    }
    all
}

/// All that can be seen of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub files: BTreeMap<PathBuf, String>,
}

/// Where a script runs: the folder has one name for both ways.
pub struct Place {
    root: TempDir,
    /// By whom units are to be seen; empty: by whom they can be.
    pub evidence: &'static str,
    /// Whether every program that starts is recorded, too.
    traces: bool,
}

impl Place {
    /// A place where `bash` is this one.
    pub fn new(shell: &Shell) -> Self {
        let place = Place { root: TempDir::new().unwrap(), evidence: "", traces: false };
        std::fs::create_dir(place.path("bin")).unwrap();
        symlink(shell.binary(), place.path("bin/bash")).unwrap();
        put(&place.path("input"), b"first line\nsecond line\n");
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// In bash alone.
    pub fn alone(&self, options: &[String], script: &str) -> Seen {
        self.run(&self.path("bin/bash"), options, script)
    }

    /// Under `attesh sh`.
    pub fn recorded(&self, options: &[String], script: &str) -> Seen {
        let own = ["sh", "--trace"].into_iter().take(1 + usize::from(self.traces)).map(str::to_owned);
        let words: Vec<String> = own.chain(options.iter().cloned()).collect();
        self.run(world::program(), &words, script)
    }

    pub fn run(&self, program: &Path, words: &[String], script: &str) -> Seen {
        let work = self.path("work");
        let _ = std::fs::remove_dir_all(&work);
        std::fs::create_dir(&work).unwrap();
        put(&work.join("script.sh"), script.as_bytes());
        let bash = self.path("bin/bash");
        let mut command = Command::new(program);
        command
            .args(words)
            .args(["script.sh", "x y", "z"])
            .env_clear()
            .env("ATTESH_COLLECT", "none")
            .current_dir(&work)
            .process_group(0);
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.path("bin").display()));
        // What `$_` is at first comes from whoever starts bash.
        command.env("_", bash).env("HOME", self.path("home")).env("XDG_RUNTIME_DIR", self.root.path());
        // The script sees it both ways.
        if !self.evidence.is_empty() {
            command.env("ATTESH_EVIDENCE", self.evidence);
        }
        command.stdin(File::open(self.path("input")).unwrap());
        for name in ["stdout", "stderr"] {
            put(&self.path(name), b"");
        }
        let writing = |name| OpenOptions::new().append(true).open(self.path(name)).unwrap();
        command.stdout(writing("stdout")).stderr(writing("stderr"));
        let mut child = command.spawn().unwrap();
        let mut looks = 0;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            looks += 1;
            if looks > LOOKS_MAX {
                let _ = child.kill();
            }
            std::thread::sleep(LOOK);
        };
        let text = |name| String::from_utf8_lossy(&std::fs::read(self.path(name)).unwrap()).into_owned();
        let (stdout, stderr) = (text("stdout"), text("stderr"));
        let stderr = stderr.lines().map(|line| format!("{}\n", without_process(line))).collect();
        let mut files = BTreeMap::new();
        gather(&work, &mut files);
        Seen { code: status.code(), signal: status.signal(), stdout, stderr, files }
    }

    /// What is wrong with the journal of this place, after a run that was seen so.
    fn journal(&self, case: &Case, seen: &Seen) -> Result<(), String> {
        let sessions = self.path("home/.local/state/attesh/sessions");
        let session =
            std::fs::read_dir(sessions).map_err(|error| error.to_string())?.next().unwrap().unwrap();
        let (mut planned, mut begun, mut ended) = (None, Vec::new(), Vec::new());
        let (mut anomalies, mut closed, mut strange) = (Vec::new(), None, None);
        let journal = File::open(session.path().join("journal")).map_err(|error| error.to_string())?;
        let checked = check(journal, Knowledge::default(), &mut |passed| match &passed.record.core.body {
            Body::Plan(plan) => planned = Some(plan.count),
            Body::Start(start) => {
                begun.push(start.n);
                if start.unit.is_none() {
                    strange = Some(start.n);
                }
            }
            Body::Finish(finish) => ended.push(finish.n),
            Body::Anomaly(anomaly) => anomalies.push(anomaly.what.clone()),
            Body::Close(close) => closed = close.status,
            _ => {}
        });
        let checked = checked.map_err(|error| error.to_string())?;
        if self.traces
            && let Some(gap) = told(&records(&session.path())).gap()
        {
            return Err(gap);
        }
        if checked.rejection.is_some() || checked.torn_bytes != 0 {
            return Err(format!("unsound: {:?}", checked.rejection));
        }
        let status = seen.code.or(seen.signal.map(|signal| 128 + signal));
        if closed != status.and_then(|status| u8::try_from(status).ok()) {
            return Err(format!("closed with {closed:?}"));
        }
        let expected = if self.evidence == "traps" { &case.anomalies } else { &case.watched };
        if anomalies != *expected || strange.is_some() && anomalies.is_empty() {
            return Err(format!("anomalies {anomalies:?}, unit {strange:?} is not as planned"));
        }
        let in_order = begun.iter().copied().eq(1..=begun.len() as u64) && begun == ended;
        // Commands that are not as planned may be more than the plan has.
        let more = |count| anomalies.is_empty() && (begun.len() as u64) > count;
        if !in_order || planned.is_none_or(more) {
            return Err(format!("of {planned:?} units {begun:?} began and {ended:?} ended"));
        }
        Ok(())
    }
}

fn put(path: &Path, bytes: &[u8]) {
    publish(path, bytes, 0o644, Overwrite::Yes).unwrap();
}

/// A line of bash's about a process that was killed, without its number.
fn without_process(line: &str) -> String {
    let Some((place, rest)) = line.strip_prefix("script.sh: line ").and_then(|line| line.split_once(':'))
    else {
        return line.to_owned();
    };
    let number = rest.trim_start().split(' ').next().unwrap_or_default();
    let is_process = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let rest = if is_process { &rest.trim_start()[number.len()..] } else { rest };
    format!("script.sh: line {place}:{rest}")
}

fn gather(folder: &Path, into: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            into.insert(path.clone(), format!("{:?}", std::fs::read_link(&path)));
        } else if path.is_dir() {
            gather(&path, into);
        } else {
            let text = std::fs::read(&path).unwrap_or_default();
            into.insert(path, String::from_utf8_lossy(&text).into_owned());
        }
    }
}

/// By whom units are seen, and whether every program that starts is recorded, too.
type By = (&'static str, bool);

/// What differs between bash alone and the recorded script, if anything does.
fn wrong(case: &Case, shell: &Shell, (evidence, traces): By) -> Option<String> {
    let place = Place { evidence, traces, ..Place::new(shell) };
    let alone = place.alone(&case.options, &case.script);
    let ours = place.recorded(&case.options, &case.script);
    let label = format!("bash {}, {} {:?}", shell.version, case.name, case.options);
    if alone != ours {
        return Some(format!("{label}\n{}\n  alone {alone:?}\n  ours  {ours:?}", case.script));
    }
    place.journal(case, &ours).err().map(|why| format!("{label}\n{}\n  {why}", case.script))
}

/// What is wrong with any of these, looked at by two threads.
pub fn all_wrong<T: Sync>(cases: &[T], wrong: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || -> Vec<String> {
        let taken = std::iter::from_fn(|| cases.get(next.fetch_add(1, Ordering::Relaxed)));
        taken.filter_map(&wrong).collect()
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

fn assert_same(shell: Option<Shell>, evidence: &'static str, share: usize) {
    assert_same_by(shell, (evidence, false), share);
}

fn assert_same_by(shell: Option<Shell>, by: By, share: usize) {
    let Some(shell) = shell else { return };
    let cases: Vec<Case> = cases().into_iter().step_by(share).collect();
    assert!(cases.len() * share >= COUNT_MIN, "{} scripts", cases.len());
    let wrong = all_wrong(&cases, |case| wrong(case, &shell, by));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_recorded_script_differs_from_bash_alone() {
    assert_same(shells::one(Family::Bash, "5.2"), "", 1);
}

#[test]
fn a_recorded_script_differs_from_an_older_bash_alone() {
    assert_same(shells::one(Family::Bash, "5.1"), "", world::sized(SHARE, 1));
}

#[test]
fn a_recorded_script_differs_from_a_newer_bash_alone() {
    assert_same(shells::shown(), "", world::sized(SHARE, 1));
}

#[test]
fn a_script_that_is_traced_differs_from_bash_alone() {
    assert_same_by(shells::one(Family::Bash, "5.2"), ("", true), world::sized(SHARE, 1));
    assert_same_by(shells::one(Family::Bash, "5.2"), ("traps", true), world::sized(4 * SHARE, 1));
}

#[test]
fn a_script_whose_traps_tell_of_it_differs_from_bash_alone() {
    assert_same(shells::one(Family::Bash, "5.2"), "traps", world::sized(SHARE, 1));
    assert_same(shells::one(Family::Bash, "5.1"), "traps", world::sized(4 * SHARE, 1));
    // A static bash shows no places, so nobody has to ask for traps.
    assert_same(shells::one(Family::Bash, "5.3"), "traps", world::sized(4 * SHARE, 1));
}
