//! A script of which a line did not run, or failed, is never VERIFIED; one that ran whole and well
//! is, where bash can be watched.
//!
//! What lives here: how the scripts of `tests/verdicts` and of `tests/differ` are run, sealed and
//! verified, under the reader and under traps, and what proves that a false one is false. The
//! folder's files say how they are read.
//!
//! Rules: the policy is the one that `attesh policy from-script` writes; what a script is called
//! with is added to it, and under traps that these are enough. Of the versions of bash that are not
//! the system's, and of traps, a share is run; the long form runs all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use super::differ::{self, LOOK, LOOKS_MAX, all_wrong};
use crate::stage::shells::{self, Family, Shell};
use crate::stage::world::{self, put};

/// How many scripts of each kind there are at least.
const COUNT_MIN: usize = 150;
/// One script in so many is run where not all are.
const SHARE: usize = 4;
/// A text of a million bytes stands for this.
const LONG: &str = "«LONG»";

/// What a script is.
struct Script {
    name: String,
    /// The words that bash is called with; see the head of the files.
    words: Vec<String>,
    environment: Vec<(String, String)>,
    proof: String,
    text: String,
    files: BTreeMap<String, String>,
}

impl Script {
    /// Those of a file of `tests/verdicts`.
    fn all(file: &str) -> Vec<Script> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verdicts").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let scripts: Vec<Script> = text.split("\n=== ").skip(1).map(Script::parse).collect();
        assert!(scripts.len() >= COUNT_MIN, "{} scripts", scripts.len());
        scripts
    }

    fn parse(part: &str) -> Script {
        let (head, body) = part.split_once('\n').unwrap();
        let mut fields = head.split(" :").map(str::trim);
        let mut next = || fields.next().unwrap_or_default().to_owned();
        let (name, words, environment, proof) = (next(), next(), next(), next());
        let whole = |text: &str| {
            let text = text.replace("«CR»", "\r").replace("«NUL»", "\0");
            format!("{}\n", text.replace(LONG, &"x".repeat(1_000_000)))
        };
        let body = body.lines().filter(|line| !line.starts_with("#: ")).collect::<Vec<_>>().join("\n");
        let mut parts = body.split("\n--- ");
        let text = whole(parts.next().unwrap());
        let files = parts.map(|part| part.split_once('\n').unwrap());
        let files = files.map(|(name, text)| (name.to_owned(), whole(text))).collect();
        let pair = |word: &str| {
            let (name, value) = word.split_once('=').unwrap();
            (name.to_owned(), value.replace("«SP»", " "))
        };
        let environment = environment.split_whitespace().map(pair).collect();
        let words = words.split_whitespace().map(str::to_owned).collect();
        Script { name, words, environment, proof, text, files }
    }

    /// The words of the call.
    fn call(&self) -> Vec<String> {
        let word = |word: &String| match word.as_str() {
            "@" => Some("script.sh".to_owned()),
            "@text" => Some(self.text.clone()),
            "@stdin" => None,
            word => Some(word.to_owned()),
        };
        let mut words: Vec<String> = self.words.iter().filter_map(word).collect();
        if !self.words.iter().any(|word| word.starts_with('@')) {
            words.push("script.sh".to_owned());
        }
        words
    }

    /// The options that say that bash gets its text elsewhere than from a file, and those before
    /// them: a policy is to allow them.
    fn options(&self) -> Option<&[String]> {
        let at = self.words.iter().position(|word| word == "-c" || word == "-s")?;
        Some(&self.words[..=at])
    }
}

/// How a run is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Reader,
    Traps,
}

/// What a command came to.
struct Said {
    /// 128 and the number of a signal that ended it; `None` if it did not end.
    code: Option<i32>,
    text: String,
}

impl Said {
    /// As a line of a test's message.
    fn line(&self) -> String {
        format!("{:?} {}", self.code, self.text.chars().take(400).collect::<String>())
    }
}

/// A folder with a script in it, and a bash.
struct Place {
    root: TempDir,
}

impl Place {
    fn new(shell: &Shell, script: &Script) -> Self {
        let place = Place { root: TempDir::new().unwrap() };
        for folder in ["bin", "home", "work"] {
            std::fs::create_dir(place.path(folder)).unwrap();
        }
        symlink(shell.binary(), place.path("bin/bash")).unwrap();
        symlink(world::program(), place.path("bin/attesh")).unwrap();
        place.put("../input", "first line\nsecond line\n");
        place.put("bad", "#!/bin/sh\n: > bad.ran\nexit 3\n");
        place.put("good", "#!/bin/sh\nexit 0\n");
        place.put("script.sh", &script.text);
        for (name, text) in &script.files {
            place.put(name, text);
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path("work").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        put(&path, text.as_bytes());
        if text.starts_with("#!") {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
    }

    /// A command in the folder of the script, in a group of its own.
    fn run(&self, program: &Path, words: &[String], environment: &[(String, String)], input: &str) -> Said {
        let mut said = tempfile::tempfile().unwrap();
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .env("ATTESH_COLLECT", "none")
            .current_dir(self.path("work"))
            .process_group(0);
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.path("bin").display()));
        command.env("HOME", self.path("home")).env("XDG_RUNTIME_DIR", self.root.path());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(File::open(self.path(input)).unwrap());
        command.stdout(Stdio::from(said.try_clone().unwrap())).stderr(said.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        let status = (0..LOOKS_MAX).find_map(|_| {
            let ended = child.try_wait().unwrap();
            if ended.is_none() {
                std::thread::sleep(LOOK);
            }
            ended
        });
        if status.is_none() {
            let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
            let _ = child.wait();
        }
        let code = status.and_then(|status| status.code().or(status.signal().map(|signal| 128 + signal)));
        let mut text = Vec::new();
        said.rewind().unwrap();
        said.read_to_end(&mut text).unwrap();
        Said { code, text: String::from_utf8_lossy(&text).into_owned() }
    }

    fn attesh(&self, words: &[&str]) -> Said {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        self.run(world::program(), &words, &[], "input")
    }

    /// Runs the script, with these words before it.
    fn run_script(&self, program: &Path, before: &[&str], script: &Script, more: &[(&str, &str)]) -> Said {
        let words: Vec<String> = before.iter().map(|word| (*word).to_owned()).chain(script.call()).collect();
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment: Vec<_> = script.environment.iter().cloned().chain(more).collect();
        let standard = script.words.iter().any(|word| word == "@stdin");
        self.run(program, &words, &environment, if standard { "work/script.sh" } else { "input" })
    }

    /// Writes the policy of the script; false if there can be none.
    fn policy(&self, script: &Script, by: By, arguments: &[&str]) -> Said {
        let said = self.attesh(&["policy", "from-script", "script.sh", "-o", "../policy.toml"]);
        let mut keys = "[[script]]\n".to_owned();
        if let Some(options) = script.options() {
            keys.push_str(&format!("options = {options:?}\n"));
        }
        if !arguments.is_empty() {
            keys.push_str(&format!("arguments = {arguments:?}\n"));
        }
        if by == By::Traps {
            keys.push_str("evidence = \"traps\"\n");
        }
        if said.code == Some(0) {
            let policy = std::fs::read_to_string(self.path("policy.toml")).unwrap();
            put(&self.path("policy.toml"), policy.replace("[[script]]\n", &keys).as_bytes());
        }
        said
    }

    /// Records the script and seals it.
    fn record(&self, script: &Script, by: By) -> Said {
        let key = key().display().to_string();
        let words = ["sh", "--seal", "../e.intoto.json", "--key", &key];
        let traps: &[(&str, &str)] = match by {
            By::Reader => &[],
            By::Traps => &[("ATTESH_EVIDENCE", "traps")],
        };
        self.run_script(world::program(), &words, script, traps)
    }

    fn verify(&self) -> Said {
        let key = format!("{}.pub", key().display());
        self.attesh(&["verify", "../e.intoto.json", "--trust", &key, "--policy", "../policy.toml"])
    }

    fn predicate(&self) -> Value {
        let envelope: Value =
            serde_json::from_slice(&std::fs::read(self.path("e.intoto.json")).unwrap()).unwrap();
        let payload = attesh::encoding::base64_strict(envelope["payload"].as_str().unwrap().as_bytes());
        serde_json::from_slice::<Value>(&payload.unwrap()).unwrap()["predicate"].take()
    }
}

/// The key that seals everything here.
fn key() -> &'static Path {
    static KEY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, key) = KEY.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let key = folder.path().join("key");
        let mut command = Command::new(world::program());
        command.args(["key", "generate", "--no-passphrase", "-o"]).arg(&key).env("HOME", folder.path());
        assert!(command.stderr(Stdio::null()).status().unwrap().success());
        (folder, key)
    });
    key
}

/// The shells that are watched or tell by traps, and the share of the scripts that each is given.
fn shells() -> Vec<(Shell, By, usize)> {
    let share = world::sized(SHARE, 1);
    let one = |version| shells::one(Family::Bash, version);
    let wanted = [
        (one("5.1"), By::Reader, share),
        (one("5.2"), By::Reader, 1),
        (shells::shown(), By::Reader, share),
        (one("5.1"), By::Traps, share),
        (one("5.2"), By::Traps, share),
        (one("5.3"), By::Traps, share),
    ];
    wanted.into_iter().filter_map(|(shell, by, share)| Some((shell?, by, share))).collect()
}

/// What is wrong with any of these scripts, in any shell.
fn assert_none(
    scripts: &[Script],
    shells: Vec<(Shell, By, usize)>,
    wrong: impl Fn(&Script, &Shell, By) -> Option<String> + Sync,
) {
    let mut all = Vec::new();
    for (at, (shell, by, share)) in shells.into_iter().enumerate() {
        let part: Vec<&Script> = scripts.iter().skip(at % share).step_by(share).collect();
        let found = all_wrong(&part, |script| {
            let what = wrong(script, &shell, by)?;
            Some(format!("{} in {} by {by:?}: {what}", script.name, shell.label()))
        });
        eprintln!("{} scripts in {} by {by:?}: {} wrong", part.len(), shell.label(), found.len());
        all.extend(found);
    }
    assert!(all.is_empty(), "{}:\n{}", all.len(), all.join("\n"));
}

/// Whether the run of a false script in bash alone shows that it is false.
fn is_proved(script: &Script, shell: &Shell) -> Result<bool, String> {
    let (kind, what) = script.proof.split_once(' ').ok_or("no proof")?;
    let mut text: Vec<&str> = script.text.split('\n').collect();
    if kind == "fails" {
        let line: usize = what.parse().map_err(|_| "no line")?;
        text.insert(line, "[ $? = 0 ] || : > failed");
    }
    let shown = Script {
        text: text.join("\n"),
        words: script.words.clone(),
        environment: script.environment.clone(),
        files: script.files.clone(),
        name: String::new(),
        proof: String::new(),
    };
    let place = Place::new(shell, &shown);
    let said = place.run_script(&place.path("bin/bash"), &[], &shown, &[]);
    let code = said.code.ok_or("it did not end")?;
    let there = |name: &str| place.path("work").join(name).exists();
    let told = script.files.values().chain([&script.text]).any(|text| text.contains(what));
    match kind {
        "missing" => Ok(told && !there(what)),
        "made" => Ok(there(what)),
        "fails" => Ok(there("failed")),
        "status" => Ok(code != 0 && code.to_string() == what),
        other => Err(format!("no such proof: {other}")),
    }
}

#[test]
fn a_false_script_ran_whole_and_well_in_bash_alone() {
    let scripts = Script::all("false.txt");
    let shell = shells::one(Family::Bash, "5.2").unwrap();
    let wrong = all_wrong(&scripts, |script| match is_proved(script, &shell) {
        Ok(true) => None,
        other => Some(format!("{} ({}): {other:?}", script.name, script.proof)),
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_false_script_is_verified() {
    let unmade = AtomicUsize::new(0);
    assert_none(&Script::all("false.txt"), shells(), |script, shell, by| {
        let place = Place::new(shell, script);
        let policy = place.policy(script, by, &[]);
        if policy.code == Some(2) && policy.text.contains("script.sh: line ") {
            // There is no policy for what bash itself cannot read, and the line is named.
            unmade.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        if policy.code != Some(0) {
            return Some(format!("no policy: {}", policy.line()));
        }
        let ran = place.record(script, by);
        if ran.code.is_none() {
            return Some("it did not end".to_owned());
        }
        let verdict = place.verify();
        // It has no envelope if its recorder was killed, or its journal spoilt.
        let refused = matches!(verdict.code, Some(1 | 3 | 4)) && verdict.text.starts_with("NOT VERIFIED")
            || verdict.code == Some(5) && ran.code != Some(0) && ran.code != Some(2);
        (!refused).then(|| format!("ran {}\n  verdict {}", ran.line(), verdict.line()))
    });
    assert!(unmade.into_inner() < 60);
}

#[test]
fn an_honest_script_is_not_verified() {
    let refused = AtomicUsize::new(0);
    assert_none(&Script::all("honest.txt"), shells(), |script, shell, by| {
        let place = Place::new(shell, script);
        let policy = place.policy(script, by, &[]);
        if policy.code != Some(0) {
            return Some(format!("no policy: {}", policy.line()));
        }
        let ran = place.record(script, by);
        let verdict = place.verify();
        let verified = verdict.code == Some(0) && verdict.text.starts_with("VERIFIED ");
        // bash does not announce all to traps: then the line is told, and what to write.
        let told = matches!(verdict.code, Some(1 | 4)) && verdict.text.contains("line ");
        if by == By::Traps && told {
            refused.fetch_add(1, Ordering::Relaxed);
        }
        let good = ran.code == Some(0) && (verified || by == By::Traps && told);
        (!good).then(|| format!("ran {}\n  verdict {}", ran.line(), verdict.line()))
    });
    eprintln!("refused under traps: {}", refused.into_inner());
}

/// What no evidence of bash's own shows: another program changes the text that bash has read.
#[test]
fn what_is_written_into_the_memory_of_bash_shows() {
    let poke = "#!/usr/bin/env python3\n\
        import os, re\n\
        of = f'/proc/{os.getppid()}/'\n\
        memory = open(of + 'mem', 'r+b', 0)\n\
        for line in open(of + 'maps'):\n\
        \x20   place = re.match('([0-9a-f]+)-([0-9a-f]+) rw.*heap', line)\n\
        \x20   if place:\n\
        \x20       start, end = (int(part, 16) for part in place.groups())\n\
        \x20       memory.seek(start)\n\
        \x20       for found in re.finditer(b': > ran', memory.read(end - start)):\n\
        \x20           memory.seek(start + found.start())\n\
        \x20           memory.write(b': > rax')\n\
        open('go', 'w')\n";
    let text = "./poke &\nwhile [ ! -e go ]; do :; done\n: > ran\nwait $!\n";
    let script = Script {
        name: "memory".to_owned(),
        words: Vec::new(),
        environment: Vec::new(),
        proof: String::new(),
        text: text.to_owned(),
        files: BTreeMap::from([("poke".to_owned(), poke.to_owned())]),
    };
    let place = Place::new(&shells::one(Family::Bash, "5.2").unwrap(), &script);
    assert_eq!(place.policy(&script, By::Reader, &[]).code, Some(0));
    let ran = place.record(&script, By::Reader);
    if !place.path("work/rax").exists() {
        return world::skipped(&format!("no program may write into the memory of bash here: {}", ran.line()));
    }
    assert_eq!(place.verify().code, Some(0), "it shows: the page is to say so");
}

/// The scripts of `tests/differ` that succeed, and of which each unit does.
#[test]
fn a_script_that_succeeds_is_not_verified() {
    const ARGUMENTS: [&str; 2] = ["x y", "z"];
    let script = |case: differ::Case| {
        let words = case.options.iter().cloned().chain(["@".to_owned()]);
        let words = words.chain(ARGUMENTS.map(str::to_owned)).collect();
        let (environment, files, proof) = (Vec::new(), BTreeMap::new(), String::new());
        Script { name: case.name, words, environment, proof, text: case.script, files }
    };
    let scripts: Vec<Script> = differ::cases().into_iter().map(script).collect();
    let count = AtomicUsize::new(0);
    let watched = shells().into_iter().filter(|(_, by, _)| *by == By::Reader).collect();
    assert_none(&scripts, watched, |script, shell, by| {
        let place = Place::new(shell, script);
        if place.run_script(&place.path("bin/bash"), &[], script, &[]).code != Some(0) {
            return None;
        }
        let place = Place::new(shell, script);
        let policy = place.policy(script, by, &ARGUMENTS);
        let ran = place.record(script, by);
        let predicate = place.predicate();
        let commands = predicate["commands"].as_array().unwrap();
        let units = predicate["plans"][0]["units"].as_array().map_or(0, Vec::len);
        let whole = commands.len() == units && commands.iter().all(|command| command["exitCode"] == 0);
        // A script that renames its own file is told to have changed it.
        let unchanged = predicate["plans"][0]["unchanged"] == true;
        if ran.code != Some(0) || units == 0 || !whole || !unchanged {
            return None;
        }
        count.fetch_add(1, Ordering::Relaxed);
        let options = script.words.iter().take_while(|word| *word != "@");
        // What only ends the options is none.
        let options: Vec<&String> = options.filter(|word| *word != "--").collect();
        let toml = std::fs::read_to_string(place.path("policy.toml")).unwrap_or_default();
        let keys = format!("[[script]]\noptions = {options:?}\n");
        put(&place.path("policy.toml"), toml.replace("[[script]]\n", &keys).as_bytes());
        let verdict = place.verify();
        let verified = verdict.code == Some(0) && verdict.text.starts_with("VERIFIED ");
        (!verified).then(|| format!("policy {}\n  verdict {}", policy.line(), verdict.line()))
    });
    let count = count.into_inner();
    eprintln!("{count} runs succeed");
    assert!(count > 150, "{count}");
}
