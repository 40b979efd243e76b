//! A session whose journal another process has locked, or whose recorder found it changed: what
//! the commands say of it, how long they take, and what they leave alone.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use attesh::protocol::{self, Key, Verb};
use attesh::{clock, lock};
use serde_json::Value;

use crate::cli::messages::{Shell, fails, ok, with_key};
use crate::stage::programs::{self, attesh};
use crate::stage::pty::Home;
use crate::stage::world::a_bash;

/// The longest that a command may take if a lock is never released: its wait, and some room for
/// a busy machine.
const LONGEST: Duration = Duration::from_secs(8);

fn since(begun_ns: u64) -> Duration {
    Duration::from_nanos(clock::now().boottime_ns - begun_ns)
}

/// Holds the journal's lock while this process does the work.
fn while_held<T>(folder: &Path, work: impl FnOnce() -> T) -> T {
    let journal = File::open(folder.join("journal")).unwrap();
    let _held = lock::exclusive(&journal, 100).unwrap();
    work()
}

fn state_of(home: &Home, id: &str) -> String {
    let value: Value = serde_json::from_str(&ok(home, &["sessions", "--json"])).unwrap();
    let all = value["sessions"].as_array().unwrap();
    let one = all.iter().find(|one| one["session"].as_str().unwrap().ends_with(id)).unwrap();
    one["state"].as_str().unwrap().to_owned()
}

fn id_of(folder: &str) -> &str {
    Path::new(folder).file_name().unwrap().to_str().unwrap()
}

#[test]
fn a_session_that_is_locked_is_removed() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    let id = id_of(&shell.folder);
    let folder = PathBuf::from(&shell.folder);
    let text = while_held(&folder, || fails(&home, 5, &["prune", "--force", id]));
    assert!(text.contains("is kept: another process has kept the journal locked"), "{text}");
    assert!(text.contains("try again") && folder.join("journal").exists(), "{text}");
    assert!(fails(&home, 2, &["prune", "--force", id]).contains("is being recorded"));
}

#[test]
fn a_lock_that_is_kept_is_waited_for_for_ever_or_taken_for_an_end() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    ok(&home, &["start", "one"]);
    let id = id_of(&shell.folder);
    let folders = home.sessions();
    let journals = || folders.iter().map(|folder| std::fs::read(folder.join("journal")).unwrap());
    let before: Vec<Vec<u8>> = journals().collect();
    let calls = ["one", id].map(|name| {
        [
            vec!["stop", name],
            vec!["note", "--session", name, "x"],
            vec!["seal", name, "--key", "key", "--close-others"],
        ]
    });
    while_held(&folders[0], || {
        while_held(&folders[1], || {
            // None of them gets the lock, so they may wait at the same time.
            let home = &home;
            std::thread::scope(|scope| {
                for words in calls.iter().flatten() {
                    scope.spawn(move || {
                        let begun = clock::now().boottime_ns;
                        let text = fails(home, 5, words);
                        let took = since(begun);
                        assert!(took < LONGEST, "{words:?}: {took:?}");
                        assert!(
                            text.contains("another process has kept the journal locked for 5."),
                            "{text}"
                        );
                        assert!(text.contains("; try again") && !text.contains("attesh seal"), "{text}");
                    });
                }
            });
        });
    });
    assert_eq!(journals().collect::<Vec<_>>(), before);
    let made = std::fs::read_dir(home.path("work")).unwrap().flatten();
    assert_eq!(made.filter(|entry| !entry.file_name().to_string_lossy().starts_with("key")).count(), 0);
    assert_eq!(state_of(&home, id), "live");
}

#[test]
fn reading_waits_for_a_lock() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    shell.start(&home, 1);
    let id = id_of(&shell.folder);
    while_held(Path::new(&shell.folder), || {
        let begun = clock::now().boottime_ns;
        assert_eq!(state_of(&home, id), "locked");
        assert!(ok(&home, &["status", id]).contains("state     locked"));
        assert!(ok(&home, &["log", id]).contains(" running "));
        let none = fails(&home, 5, &["seal", "--key", "key"]);
        assert!(none.contains("another process has kept the journal locked"), "{none}");
        assert!(since(begun) < 2 * LONGEST, "{:?}", since(begun));
    });
    assert_eq!(state_of(&home, id), "live");
}

/// A session whose journal is put back to an older copy of itself, as its recorder finds.
fn rolled_back(home: &Home) -> Shell {
    let shell = Shell::open(home, std::process::id());
    back_to_now(&shell, || shell.start(home, 1));
    shell
}

/// Puts the journal back, after more was recorded, to what it is now.
fn back_to_now(shell: &Shell, more: impl FnOnce()) {
    let journal = Path::new(&shell.folder).join("journal");
    let older = std::fs::read(&journal).unwrap();
    more();
    let mut file = File::options().write(true).truncate(true).open(&journal).unwrap();
    file.write_all(&older).unwrap();
}

#[test]
fn a_journal_that_was_put_back_is_said_to_be_lost_or_nothing_is_said() {
    let home = with_key();
    let shell = rolled_back(&home);
    let id = id_of(&shell.folder);
    // Before the next append: the journal is shorter than what was recorded.
    let copy = home.path("work/copy");
    std::fs::DirBuilder::new().mode(0o700).create(&copy).unwrap();
    let journal = Path::new(&shell.folder).join("journal");
    std::fs::copy(&journal, copy.join("journal")).unwrap();
    let text = fails(&home, 3, &["verify", &shell.folder]);
    assert!(text.contains("the recorder on this machine remembers another journal"), "{text}");
    for _ in 0..2 {
        assert_eq!(state_of(&home, id), "tampered");
        let text = fails(&home, 3, &["status", id]);
        assert!(text.contains("state     tampered") && text.contains("it was cut from"), "{text}");
        let text = fails(&home, 3, &["verify", &shell.folder]);
        assert!(text.contains("it was cut from") && text.contains("completeness  not judged"), "{text}");
        assert!(text.contains(&format!("{id}:3:")), "the head that was recorded: {text}");
        let value: Value = serde_json::from_str(&attesh(&home, &["status", id, "--json"]).out).unwrap();
        assert_eq!((&value["state"], &value["failure"]["exit"]), (&"tampered".into(), &3.into()));
    }
    // A folder that was moved is still the recorder's.
    let moved = home.path("work/moved");
    programs::bash(&home.path("work"), &format!("mv {} moved", shell.folder));
    assert!(fails(&home, 3, &["verify", moved.to_str().unwrap()]).contains("it was cut from"));
    // An older copy elsewhere is shorter, and no more.
    assert_eq!(attesh(&home, &["verify", copy.to_str().unwrap()]).code, Some(4));
}

#[test]
fn a_journal_that_was_put_back_is_listed_without_a_word() {
    let home = with_key();
    let shell = rolled_back(&home);
    let id = id_of(&shell.folder);
    let why = "the journal was changed from outside: it was cut from";
    for words in [["log", id], ["log", &shell.folder], ["show", id], ["show", &shell.folder]] {
        let said = attesh(&home, &words);
        assert_eq!(said.code, Some(3), "{words:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(why) && said.err.contains(&format!("{id}:3:")), "{words:?}: {}", said.err);
        let last = said.out.lines().rfind(|line| line.trim_start().starts_with('!')).unwrap_or_default();
        assert!(last.contains(why), "{words:?}: {}", said.out);
        let json = attesh(&home, &[&words[..], &["--json"]].concat());
        let value: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!((json.code, &value["failure"]["exit"]), (Some(3), &3.into()), "{words:?}");
        assert_eq!(value["failure"]["code"], "journal.remembered", "{value}");
        let told = value["remarks"].as_array().unwrap().last().unwrap();
        assert!(told["incomplete"] == true && told["text"].as_str().unwrap().contains(why), "{value}");
    }
    let first = attesh(&home, &["show", id]).out;
    assert!(first.starts_with("NOT INTACT: ") && first.lines().nth(1).unwrap().contains(why), "{first}");
    assert!(fails(&home, 3, &["log", id, "--failed"]).contains(why));
}

#[test]
fn the_last_command_of_a_journal_that_was_put_back_is_said_to_run() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    shell.start(&home, 1);
    back_to_now(&shell, || shell.start(&home, 2));
    let said = attesh(&home, &["log", id_of(&shell.folder)]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.out.contains(" unfinished ") && !said.out.contains(" running "), "{}", said.out);
}

#[test]
fn a_state_that_vanished_is_not_in_the_log_while_its_shell_lives() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    shell.start(&home, 1);
    let id = id_of(&shell.folder);
    assert!(ok(&home, &["log", id]).contains(" running "));
    std::fs::remove_dir_all(home.runtime().join("attesh")).unwrap();
    for verb in ["log", "show"] {
        let text = ok(&home, &[verb, id]);
        let rows: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with('!')).collect();
        assert_eq!(rows.len(), 2, "{verb}: {text}");
        assert!(rows[0].contains("shell 1 was open where the journal stops"), "{verb}: {text}");
        assert!(rows[1].contains("the journal has no end: its state has vanished from "), "{verb}: {text}");
        assert!(text.contains(" unfinished ") && !text.contains(" running "), "{verb}: {text}");
    }
}

#[test]
fn a_look_at_a_copy_ends_the_recording() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    shell.start(&home, 1);
    programs::bash(&home.path("work"), &format!("cp -a {} copy", shell.folder));
    let why = "it is a copy, or another file than its recorder's";
    assert!(ok(&home, &["status", "./copy"]).contains(&format!("state     lost: {why}")));
    for words in [["log", "./copy"], ["show", "./copy"]] {
        let text = ok(&home, &words);
        let told =
            if words[0] == "log" { format!("has no end: {why}") } else { "has no end: it goes on".into() };
        assert!(text.contains(" running ") && text.contains(&told), "{text}");
    }
    let job = home.path("work/copy").display().to_string();
    for words in [&["stop", "./copy"][..], &["note", "--session", "./copy", "x"], &["start", "--dir", &job]] {
        let said = fails(&home, 5, words);
        assert!(said.contains(why) && said.contains("name the session that it was copied from"), "{said}");
    }
    shell.call(&home, Verb::Finish, [Key::Number.is(1), Key::Status.is(0), Key::From.is("prompt")]);
    assert_eq!(state_of(&home, id_of(&shell.folder)), "live");
}

#[test]
fn what_follows_a_broken_session_is_complete_without_a_word() {
    let home = with_key();
    let broken = rolled_back(&home);
    let answer = ok(
        &home,
        &protocol::words(
            Verb::Open,
            a_bash(std::process::id()).into_iter().chain(broken.words()[..2].to_vec()),
        ),
    );
    let next = answer.lines().next().unwrap().to_owned();
    let said = attesh(&home, &["seal", &next, "--key", "key", "-o", "a.intoto.json", "--close-others"]);
    let why = format!(
        "it took the place of session {}, which is tampered: what ran between the two is not recorded",
        id_of(&broken.folder)
    );
    assert!(said.code == Some(0) && said.err.contains(&why), "{}", said.err);
    for words in [&["verify", &next][..], &["verify", "a.intoto.json", "--trust", "key.pub"]] {
        let text = ok(&home, words);
        assert!(
            text.lines().next().unwrap().contains("after a session that was lost or tampered with"),
            "{text}"
        );
        assert!(text.contains(&format!("completeness  complete in itself; {why}")), "{text}");
    }
    for words in [["log", &next], ["status", &next]] {
        let text = ok(&home, &words);
        assert!(text.contains(&why), "{words:?}: {text}");
    }
    let listed = ok(&home, &["sessions"]);
    let whole: Vec<&str> = listed.lines().filter(|line| line.trim_end().ends_with("  in itself")).collect();
    let [line] = whole[..] else { panic!("{listed}") };
    assert!(id_of(&next).contains(line.split(' ').next().unwrap()), "{listed}");
    let status = ok(&home, &["status", &next, "--json"]);
    assert!(status.contains("\"afterLoss\":true") || status.contains("\"afterLoss\": true"), "{status}");
}
