//! `attesh doctor`: how well this shell can be recorded, and what keeps it from being recorded.

use std::collections::HashMap;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::args::Doctor;
use super::given::Exit;
use super::view::view;
use crate::clock;
use crate::encoding::hex;
use crate::failure::Failure;
use crate::files;
use crate::os::memory;
use crate::paths;
use crate::protocol::{self, Key, Verb};
use crate::record::{Closes, NoteWhat, OpenWord, Program, StateLevel};
use crate::report::{self, Style};
use crate::session::error::to_keep;
use crate::session::{Session, birth, find, shells};
use crate::supervise::Level as Sees;
use crate::sys::notify;
use crate::text::{self, Fault, visible};

/// How many calls the recorder's latency is the median of.
const CALLS: usize = 20;
/// The longest file of facts that is read, in bytes.
const FACTS_MAX: u64 = 1 << 20;
/// The exit code if something is degraded.
const DEGRADED: u8 = 1;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Fine,
    Told,
    Degraded,
}

struct Finding {
    level: Level,
    name: &'static str,
    text: String,
}

#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn add(&mut self, level: Level, name: &'static str, text: impl Into<String>) {
        self.0.push(Finding { level, name, text: text.into() });
    }
}

pub fn run(args: &Doctor) -> Exit {
    let mut report = Report::default();
    match find::surrounding() {
        Err(failure) => report.add(Level::Degraded, "session", failure.to_string()),
        Ok(None) => {
            let how = "not recorded; to record it type: eval \"$(attesh init bash)\" (zsh the same; fish: attesh init fish | source)";
            report.add(Level::Degraded, "shell", how);
        }
        Ok(Some(session)) => examine(&mut report, &session)?,
    }
    passed_over(&mut report);
    starts(&mut report);
    latency(&mut report);
    print(&report, args.json)?;
    let degraded = report.0.iter().any(|finding| finding.level == Level::Degraded);
    Ok(if degraded { DEGRADED } else { 0 })
}

/// By what `attesh run` sees what starts below a program here.
fn starts(report: &mut Report) {
    let (level, text) = match Sees::here() {
        Sees::Held if notify::tells_endings() => {
            (Level::Fine, "attesh run holds them, and the kernel tells how each ended".to_owned())
        }
        Sees::Followed(why) => (Level::Told, format!("attesh run follows them by ptrace, because {why}")),
        Sees::Unseen(why) => (Level::Told, format!("attesh run cannot see them here: {why}")),
        Sees::Held | Sees::Above(_) => {
            let what = "attesh run holds them; before Linux 6.15 the kernel tells of no death by a signal";
            (Level::Told, what.to_owned())
        }
    };
    report.add(level, "starts", text);
}

fn examine(report: &mut Report, session: &Session) -> Result<(), Failure> {
    let view = view(session.journal(), None)?;
    let story = &view.checked.story;
    report.add(
        Level::Fine,
        "session",
        format!("{}, {}", session.short_name(), session.folder().path().display()),
    );
    if let Some(rejection) = &view.checked.rejection {
        report.add(Level::Degraded, "journal", format!("record {}: {}", rejection.record, rejection.cause));
        return Ok(());
    }
    match session.with_writer(|_| Ok(())) {
        Ok(()) => report.add(
            Level::Fine,
            "journal",
            format!("{}: intact, can be appended to", text::count(view.checked.size, "record")),
        ),
        Err(error) => report.add(Level::Degraded, "journal", error.told()),
    }
    state(report, session);
    match story.lost {
        0 => report.add(Level::Fine, "gaps", "none"),
        lost => {
            let lost = text::count(lost, "command");
            report.add(Level::Degraded, "gaps", format!("{lost} ran unrecorded; attesh log says where"))
        }
    }
    let Some(own) = shells::own_shell(story)? else {
        report.add(
            Level::Degraded,
            "shell",
            "this shell is not one of the session in ATTESH_SESSION, so it is not recorded",
        );
        return Ok(());
    };
    let shell = &story.live[&own];
    if shell.paused {
        report.add(Level::Told, "pause", "this shell is paused; to go on type: attesh resume");
    }
    // The facts of an earlier line say nothing about now.
    let facts = facts(session, shell.pid).filter(|_| !shell.paused);
    let tier = match shell.program {
        Program::Bash => "full: PS0 before, PROMPT_COMMAND after each command; text from history",
        Program::Zsh => "full: preexec, precmd and zshaddhistory; text as read",
        Program::Fish => {
            "full: fish_preexec and fish_postexec; text as typed; the counter gives a lower bound of gaps"
        }
        Program::Sh => "a job's block: its beginning, end and status, no commands",
        Program::Run => "attesh run: every start of a program below it, as the kernel told",
    };
    report.add(Level::Fine, "capture", format!("{}, {tier}", shell.program.name()));
    match facts {
        Some(facts) => hooks(report, shell.program, &facts),
        // The report has said already why its answer cannot be read.
        None if session.state_folder().is_err() => {}
        None if shell.paused => report.add(Level::Told, "hooks", "not asked: a paused hook does nothing"),
        None if session.genesis().state == StateLevel::Disk.into() => {
            report.add(Level::Told, "hooks", "not asked: the state is on a disk, and there a hook writes no file");
        }
        None => report.add(
            Level::Degraded,
            "hooks",
            "the hook of this shell did not answer: it was removed, it is of another version, or the history settings hid this line from it (begin it without a blank)",
        ),
    }
    Ok(())
}

/// Where the state is, and whether it stays there.
fn state(report: &mut Report, session: &Session) {
    match &session.genesis().state {
        _ if let Err(error) = session.state_folder() => {
            report.add(Level::Degraded, "state", error.told());
        }
        OpenWord::Known(StateLevel::Disk) => {
            report.add(Level::Degraded, "state", "on a disk: earlier keys may be left on the device")
        }
        level => report.add(Level::Fine, "state", format!("in memory ({})", level.name())),
    }
    if let Some(folder) = goes_with_logout(session) {
        let keep = to_keep();
        let text =
            format!("{folder} is emptied at your last logout, and this shell can outlive that; {keep}");
        report.add(Level::Told, "state", text);
    }
}

/// The folder of the state, if a shell here can outlive it: one that a multiplexer keeps.
fn goes_with_logout(session: &Session) -> Option<String> {
    let kept = ["TMUX", "STY", "ZELLIJ"].iter().any(|name| paths::variable(name).is_some());
    let folder = session.state_folder().ok()?.path().to_owned();
    (kept && memory::goes_with_logout(&folder)).then(|| folder.display().to_string())
}

/// The folders that could hold a state and cannot be used, and why.
fn passed_over(report: &mut Report) {
    for (_, path) in paths::state_candidates() {
        match files::Folder::open(&path) {
            Ok(_) | Err(files::FileError::Missing(_)) => {}
            Err(error) => {
                report.add(
                    Level::Told,
                    "state",
                    format!("a new session here could not keep its state: {error}"),
                );
            }
        }
    }
}

/// What the hook wrote just before this command ran: what only the shell itself can see.
fn facts(session: &Session, pid: u64) -> Option<HashMap<String, String>> {
    let folder = session.state_folder().ok()?;
    let name = format!("facts-{pid}");
    let bytes = files::read_limited(&folder.path().join(&name), FACTS_MAX).ok()?;
    let _ = folder.remove(&name);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Some(pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect())
}

fn hooks(report: &mut Report, program: Program, facts: &HashMap<String, String>) {
    let get = |name: &str| facts.get(name).map_or("", String::as_str);
    let has = |name: &str, word: &str| get(name).contains(word);
    let in_place = match program {
        Program::Bash => get("ps0_hooked") == "1" && !get("prompt_command_at").is_empty(),
        Program::Zsh => has("preexec_functions", "__attesh_") && has("precmd_functions", "__attesh_"),
        Program::Fish => has("handlers", "__attesh_"),
        Program::Sh | Program::Run => true,
    };
    match in_place {
        true => report.add(Level::Fine, "hooks", "in place"),
        false => report.add(
            Level::Degraded,
            "hooks",
            "one is missing; the hook restores it at the next prompt, and the journal says so",
        ),
    }
    if program == Program::Bash && !has("shopt", "promptvars") {
        report.add(
            Level::Degraded,
            "options",
            "promptvars is off, so the hook sees no command; type: shopt -s promptvars",
        );
    }
    for (name, at) in [("PS0", "ps0"), ("PROMPT_COMMAND", "prompt_command")] {
        if has(at, "declare\\ -r") || has(at, "declare\\ -ar") {
            report.add(
                Level::Degraded,
                "options",
                format!("{name} is readonly: the hook cannot repair itself"),
            );
        }
    }
    let is_own = get("hook") == super::init::hook_digest(super::init::template(program));
    match get("lost") {
        "" | "0" => {}
        lost => report.add(Level::Degraded, "recorder", failed_calls(lost, is_own, get("hook_version"))),
    }
    if !is_own {
        let text = format!(
            "version {}, and attesh is version {}; a new shell gets the new hook",
            get("hook_version"),
            env!("CARGO_PKG_VERSION")
        );
        report.add(Level::Told, "hook", text);
    }
    let others = others(program, facts);
    if !others.is_empty() {
        report.add(Level::Told, "beside us", others.join(", "));
    }
    let hidden = hidden(program, facts);
    if hidden.is_empty() {
        report.add(Level::Fine, "history", "hides no text");
    } else {
        report.add(
            Level::Told,
            "history",
            format!("hides texts, so attesh withholds them too: {}", hidden.join(", ")),
        );
    }
    if let Some(why) = unsaved(program, facts) {
        let text = format!("{why}, so zsh keeps no line on the disk; attesh does, and withholds none for it");
        report.add(Level::Told, "history", text);
    }
}

/// What failed calls can mean although the journal, as was just seen, can be appended to.
fn failed_calls(lost: &str, is_own: bool, version: &str) -> String {
    let calls = if lost == "1" { "1 call".to_owned() } else { format!("{lost} calls") };
    let hook = match is_own {
        true => "this hook".to_owned(),
        false => format!("this hook, of version {version},"),
    };
    format!(
        "{calls} failed since the last that the recorder acknowledged. If more fail, {hook} speaks another \
         protocol than this recorder, which speaks {}: open a new shell to get its hook",
        protocol::VERSION
    )
}

/// Who else hooks this shell.
fn others(program: Program, facts: &HashMap<String, String>) -> Vec<String> {
    let get = |name: &str| facts.get(name).map_or("", String::as_str);
    let mut list = Vec::new();
    for (name, key) in [
        ("ble.sh", "blesh"),
        ("bash-preexec", "bash_preexec"),
        ("starship", "starship"),
        ("VS Code", "vscode"),
    ] {
        if !get(key).is_empty() {
            list.push(name.to_owned());
        }
    }
    match program {
        Program::Bash => {
            if !get("trap_debug").is_empty() {
                list.push("a DEBUG trap".into());
            }
            let count: usize = get("prompt_command_count").parse().unwrap_or(0);
            // attesh takes up to three elements: an empty first one, the hook, and its mark at the end.
            if count > 3 {
                list.push(format!("{} further elements of PROMPT_COMMAND", count - 3));
            }
        }
        Program::Zsh => {
            for key in ["preexec_functions", "precmd_functions"] {
                let names = get(key).split_whitespace().filter(|name| !name.contains("__attesh_"));
                list.extend(names.map(|name| format!("{key}: {}", visible(name.as_bytes()))));
            }
        }
        Program::Fish | Program::Sh | Program::Run => {}
    }
    list
}

/// What keeps zsh's history out of its file: attesh records these texts all the same.
fn unsaved(program: Program, facts: &HashMap<String, String>) -> Option<&'static str> {
    let get = |name: &str| facts.get(name).map(String::as_str);
    match (program, get("histfile"), get("savehist")) {
        (Program::Zsh, Some(""), _) => Some("HISTFILE is unset"),
        (Program::Zsh, Some(_), Some("" | "0")) => Some("SAVEHIST is 0"),
        _ => None,
    }
}

/// The functions of the user's that decide what zsh's history takes, unless the user says that they
/// hide no line.
fn deciders(facts: &HashMap<String, String>) -> Vec<String> {
    if facts.get("zshaddhistory").is_some_and(|word| word == "keeps") {
        return Vec::new();
    }
    let names = |key: &str| facts.get(key).map_or("", String::as_str).split_whitespace();
    let hooked = names("zshaddhistory_functions")
        .filter(|name| !name.contains("__attesh_") && *name != "_atuin_zshaddhistory");
    let own = names("functions").filter(|name| *name == "zshaddhistory");
    hooked.chain(own).map(|name| visible(name.as_bytes())).collect()
}

/// The history settings that hide text.
fn hidden(program: Program, facts: &HashMap<String, String>) -> Vec<String> {
    let get = |name: &str| facts.get(name).map_or("", String::as_str);
    let has = |name: &str, word: &str| get(name).contains(word);
    let mut list = Vec::new();
    match program {
        Program::Bash => {
            let both = has("histcontrol", "ignoreboth");
            if both || has("histcontrol", "ignorespace") && has("histcontrol", "ignoredups") {
                let words = "HISTCONTROL (lines that begin with a blank, and repeats: HISTCONTROL=ignoredups shows those)";
                list.push(words.to_owned());
            } else if has("histcontrol", "ignorespace") {
                list.push("HISTCONTROL (lines that begin with a blank)".to_owned());
            }
            if has("histignore", "=") {
                list.push("HISTIGNORE".to_owned());
            }
            if !get("options").split(':').any(|option| option == "history") {
                list.push("set +o history".to_owned());
            }
        }
        Program::Zsh => {
            // zsh makes 1 of 0.
            if matches!(get("histsize"), "0" | "1") {
                list.push("HISTSIZE=1".to_owned());
            }
            if has("options", "histignorespace") {
                list.push("hist_ignore_space".to_owned());
            }
            if !matches!(get("history_ignore"), "" | "''") {
                list.push("HISTORY_IGNORE".to_owned());
            }
            for (option, what) in [
                ("histnostore", "hist_no_store (history, r and fc)"),
                ("histnofunctions", "hist_no_functions (definitions)"),
            ] {
                if has("options", option) {
                    list.push(what.to_owned());
                }
            }
            list.extend(
                deciders(facts)
                    .iter()
                    .map(|name| format!("{name} (zshaddhistory decides unseen: every text; if it hides no line: ATTESH_ZSHADDHISTORY=keeps)")),
            );
        }
        Program::Sh | Program::Run => {}
        Program::Fish => {
            list.push("lines that begin with a blank".to_owned());
            if !get("private").is_empty() {
                list.push("private mode".to_owned());
            }
            if get("fish_history").is_empty() {
                list.push("fish_history (empty)".to_owned());
            }
            if get("should_add_to_history") == "1" {
                list.push("fish_should_add_to_history".to_owned());
            }
        }
    }
    list
}

/// The median of real calls, in a session of their own that is removed again.
fn latency(report: &mut Report) {
    match measured() {
        Ok(Some(us)) => {
            report.add(Level::Fine, "recorder", format!("a call takes {us} µs (median of {CALLS})"))
        }
        Ok(None) => report.add(Level::Degraded, "recorder", "a call was not acknowledged"),
        Err(error) => report.add(Level::Degraded, "recorder", error.to_string()),
    }
}

fn measured() -> Result<Option<u64>, Failure> {
    let executable =
        paths::executable().ok_or_else(|| Failure::unable("attesh cannot find its own executable file"))?;
    let new = birth::NewSession::new(Closes::Stop, None);
    let session = birth::birth(new)?;
    let note = protocol::words(
        Verb::Note,
        [
            Key::Folder.is(session.folder().path().display()),
            Key::Genesis.is(hex(session.genesis_root())),
            Key::Shell.is(1),
            Key::What.is(NoteWhat::Unexecuted.name()),
        ],
    );
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let before = clock::now().boottime_ns;
        let status = Command::new(&executable).args(&note).stdin(Stdio::null()).status();
        let after = clock::now().boottime_ns;
        if status.is_ok_and(|status| status.success()) {
            times.push((after - before) / 1_000);
        }
    }
    session.remove()?;
    times.sort_unstable();
    Ok((times.len() == CALLS).then(|| times[CALLS / 2]))
}

fn print(report: &Report, json: bool) -> Result<(), Failure> {
    let word = |level| match level {
        Level::Fine => "ok",
        Level::Told => "note",
        Level::Degraded => "degraded",
    };
    if json {
        let findings: Vec<Value> = report
            .0
            .iter()
            .map(|finding| json!({"check": finding.name, "level": word(finding.level), "text": finding.text}))
            .collect();
        let degraded = report.0.iter().any(|finding| finding.level == Level::Degraded);
        return report::json("attesh.doctor/v1", json!({"degraded": degraded, "checks": findings}));
    }
    let style = Style::for_output();
    for finding in &report.0 {
        let padded = format!("{:<9}", word(finding.level));
        let level = match finding.level {
            Level::Fine => style.good(&padded),
            Level::Told => padded,
            Level::Degraded => style.bad(&padded),
        };
        report::line(&format!("{level} {:<10} {}", finding.name, visible(finding.text.as_bytes())))?;
    }
    Ok(())
}
