//! Which session a word means, whose it is, and what becomes of it: a home that two machines
//! share, a home that is another user's, a state that went with a logout.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use attesh::protocol::{self, Key, Verb};
use serde_json::Value;

use crate::cli::messages::{Shell, fails, ok, with_key};
use crate::stage::programs::{self, Said, attesh, said};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::{a_bash, put, skipped};

/// attesh on another machine that has the same home: another boot, another name, other memory.
fn elsewhere(home: &Home, host: &str, words: &[&str]) -> Option<Said> {
    on_a_machine(home, host, "11111111-2222-3333-4444-555555555555\n", words)
}

/// attesh on a machine of this name that tells this of its boot.
fn on_a_machine(home: &Home, host: &str, boot: &str, words: &[&str]) -> Option<Said> {
    let boot = home.file("boot", boot);
    let script = "hostname \"$HOST\" && mount -t tmpfs none /dev/shm && mount --bind \"$BOOT\" \
                  /proc/sys/kernel/random/boot_id || exit 99; exec attesh \"$@\"";
    let mut command = home.command(Path::new("unshare"));
    command.args(["-m", "-u", "bash", "-c", script, "bash"]).args(words);
    command.env("HOST", host).env("BOOT", boot).env("XDG_RUNTIME_DIR", "/dev/shm");
    let output = command.output().ok()?;
    let said = Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    if said.code == Some(99) || said.err.contains("unshare") {
        skipped(&format!("no machine of its own: {}", said.err));
        return None;
    }
    Some(said)
}

#[test]
fn a_session_of_another_machine_is_taken_for_one_that_is_over() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    let answer = ok(
        &home,
        &protocol::words(Verb::Open, a_bash(std::process::id()).into_iter().chain([Key::Session.is("one")])),
    );
    let folder = answer.lines().next().unwrap().to_owned();
    let run = |words: &[&str]| elsewhere(&home, "other", words);
    let Some(listed) = run(&["sessions"]) else { return };
    assert!(listed.out.contains(" elsewhere  open"), "{}", listed.out);
    let here = String::from_utf8(Command::new("hostname").output().unwrap().stdout).unwrap();
    let place = format!("is recorded on {}, and may go on there", here.trim());
    for words in [
        &["stop", "one"][..],
        &["note", "--session", "one", "x"],
        &["seal", "one", "--key", "key"],
        &["prune", "one"],
        &["prune", "one", "--force"],
    ] {
        let said = run(words).unwrap();
        assert!(said.code == Some(2) && said.err.contains(&place), "{words:?}: {}", said.err);
    }
    // A machine that has the same name and wrote nothing since this one booted is another, too.
    let same = elsewhere(&home, here.trim(), &["status", "one"]).unwrap();
    assert!(same.out.contains("elsewhere: it is recorded on another machine of this name"), "{}", same.out);
    let joined = run(&protocol::words(Verb::Open, a_bash(1).into_iter().chain([Key::Session.is("one")]))
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>())
    .unwrap();
    assert!(joined.out.contains(&place), "{}", joined.out);
    // Without a name it means none of another machine.
    assert_eq!(run(&["seal", "--key", "key"]).unwrap().code, Some(5));
    let sealed = run(&["seal", "one", "--key", "key", "--elsewhere", "-o", "a.intoto.json"]).unwrap();
    assert!(sealed.code == Some(0) && sealed.err.contains("incomplete"), "{}", sealed.err);
    // Sealed means sealed to the last record.
    assert!(ok(&home, &["sessions"]).contains(" live "), "the session goes on");
    ok(&home, &["note", "--session", "one", "more"]);
    ok(&home, &["stop", "one", "--close-others"]);
    assert!(ok(&home, &["sessions"]).contains(" ended "), "{}", ok(&home, &["sessions"]));
    let kept = fails(&home, 2, &["prune", "one"]);
    assert!(kept.contains("has records behind the 2 that were sealed"), "{kept}");
    assert_eq!(attesh(&home, &["prune", "--sealed"]).err, "attesh: 0 sessions removed\n");
    ok(&home, &["seal", "one", "--key", "key", "-o", "b.intoto.json"]);
    assert!(ok(&home, &["prune", "--sealed"]).contains(&folder));
}

#[test]
fn what_the_kernel_does_not_tell_is_taken_for_another_machine() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    let run = |words: &[&str]| on_a_machine(&home, "other", "", words);
    let Some(listed) = run(&["sessions"]) else { return };
    assert!(listed.out.contains(" unknown "), "{}", listed.out);
    for words in [&["seal", "one", "--key", "key"][..], &["stop", "one"], &["prune", "one", "--force"]] {
        let said = run(words).unwrap();
        assert_eq!(said.code, Some(5), "{words:?}: {}", said.err);
        assert!(said.err.contains("cannot read the boot id"), "{words:?}: {}", said.err);
        assert!(!said.err.contains("recorded on") && !said.err.contains("container"), "{}", said.err);
    }
    let sealed = run(&["seal", "one", "--key", "key", "--elsewhere", "-o", "a.intoto.json"]).unwrap();
    assert!(sealed.code == Some(0) && sealed.err.contains("incomplete"), "{}", sealed.err);
    assert!(sealed.err.contains("it is not known where it is recorded"), "{}", sealed.err);
    ok(&home, &["stop", "one"]);
}

/// attesh on this machine, where other file systems are mounted: the state of no session is seen.
fn among_other_mounts(home: &Home, words: &[&str]) -> Option<Said> {
    let script = "for at in /dev/shm \"$XDG_RUNTIME_DIR\"; do test ! -d \"$at\" || mount -t tmpfs none \"$at\" || exit 99; \
                  done; exec attesh \"$@\"";
    let mut command = home.command(Path::new("unshare"));
    let said = said(command.args(["--mount", "bash", "-c", script, "bash"]).args(words));
    if said.code == Some(99) || said.err.contains("unshare") {
        skipped(&format!("no mounts of its own: {}", said.err));
        return None;
    }
    Some(said)
}

#[test]
fn a_live_shell_is_sealed_and_pruned_from_among_other_mounts() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    let folder = shell.folder.as_str();
    let Some(status) = among_other_mounts(&home, &["status", folder]) else { return };
    assert!(status.out.contains("state     elsewhere: it is recorded in another mount"), "{}", status.out);
    for words in [
        &["seal", folder, "--key", "key"][..],
        &["prune", folder, "--force"],
        &["stop", folder],
        &["note", "--session", folder, "x"],
    ] {
        let said = among_other_mounts(&home, words).unwrap();
        let why = "its state is not visible here";
        assert!(said.code == Some(2) && said.err.contains(why), "{words:?}: {:?} {}", said.code, said.err);
    }
    shell.start(&home, 1);
    assert!(ok(&home, &["sessions"]).contains(" live "), "the session goes on");
}

#[test]
fn a_name_in_the_environment_opens_a_session_for_each_command() {
    let home = Home::new();
    ok(&home, &["start", "one"]);
    let id = home.sessions()[0].file_name().unwrap().to_str().unwrap().to_owned();
    let run = |word: &str, words: &[&str]| {
        said(home.command(Path::new(ATTESH)).env("ATTESH_SESSION", word).args(words))
    };
    for word in ["one", &id, &id[..13], &id[28..], &format!("../state/attesh/sessions/{id}")] {
        let done = run(word, &["sh", "-c", "printf %s \"$ATTESH_SESSION\""]);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{word}");
        assert!(Path::new(&done.out).is_absolute() && done.out.ends_with(&id), "{word}: {}", done.out);
        assert!(run(word, &["status"]).out.contains(&id), "{word}");
    }
    let open =
        protocol::words(Verb::Open, a_bash(std::process::id()).into_iter().chain([Key::Exported.is("one")]));
    assert!(ok(&home, &open).contains(&id));
    assert_eq!(home.sessions().len(), 1);
    // What cannot be joined is said, each time.
    for (word, why) in [("none", "no session is called none"), ("01", "an id needs 4 digits")] {
        let done = run(word, &["sh", "-c", "true"]);
        assert!(done.code == Some(0) && done.err.contains(why), "{word}: {}", done.err);
        assert!(done.err.contains(&format!("ATTESH_SESSION is {word}: ")), "{}", done.err);
        let open = protocol::words(
            Verb::Open,
            a_bash(std::process::id()).into_iter().chain([Key::Exported.is(word)]),
        );
        assert!(ok(&home, &open).lines().last().unwrap().contains(why));
        let text = run(word, &["log"]);
        assert!(text.code == Some(5) && text.err.contains(why), "{word}: {}", text.err);
    }
    ok(&home, &["start", "two"]);
    ok(&home, &["stop", "two"]);
    let done = run("two", &["sh", "-c", "true"]);
    assert!(
        done.err.contains("ATTESH_SESSION is two: that session has ended; recording in session "),
        "{}",
        done.err
    );
}

#[test]
fn a_folder_in_the_environment_that_is_no_session_is_passed_over() {
    let home = Home::new();
    ok(&home, &["start", "two"]);
    ok(&home, &["stop", "two"]);
    let ended = home.sessions()[0].display().to_string();
    let open = |word: &str| {
        let values = a_bash(std::process::id()).into_iter().chain([Key::Exported.is(word)]);
        ok(&home, &protocol::words(Verb::Open, values)).lines().last().unwrap().to_owned()
    };
    for (word, why) in [
        ("/nonexist/x", "no such file or folder"),
        ("/etc", "it holds no journal"),
        (ended.as_str(), "that session has ended"),
    ] {
        for more in [&[][..], &["--strict"]] {
            let words = [&["sh"], more, &["-c", "true"]].concat();
            let done = said(home.command(Path::new(ATTESH)).env("ATTESH_SESSION", word).args(&words));
            assert_eq!(done.code, Some(0), "{word}: {}", done.err);
            assert!(done.err.contains(&format!("ATTESH_SESSION is {word}: ")), "{word}: {}", done.err);
            assert!(done.err.contains(why) && done.err.contains("; recording in session "), "{}", done.err);
        }
        let told = open(word);
        // What a hook exported is in the environment of all that was started there.
        match word == ended {
            true => assert_eq!(told, "", "{word}"),
            false => {
                assert!(told.contains(why) && told.contains("; recording in session "), "{word}: {told}")
            }
        }
    }
    ok(&home, &["prune", "two", "--force"]);
    assert_eq!(open(&ended), "");
}

#[test]
fn a_name_is_taken_for_the_id_of_another_session() {
    let home = with_key();
    ok(&home, &["start", "inc"]);
    let id = home.sessions()[0].file_name().unwrap().to_str().unwrap().to_owned();
    let short = &id[id.len() - 8..];
    for name in [short, &short[..4], &id, &id[..8]] {
        let text = fails(&home, 2, &["start", name]);
        assert!(text.contains("it stands for the id of session inc; choose another name"), "{text}");
    }
    // One that had the name before: neither is taken for the other.
    let folder = home.sessions()[0].display().to_string();
    ok(&home, &["start", "00000000"]);
    let other = home.sessions().into_iter().find(|path| path.display().to_string() != folder).unwrap();
    let renamed =
        std::fs::read_to_string(other.join("journal")).unwrap().replace("00000000\"", &format!("{short}\""));
    put(&other.join("journal"), renamed.as_bytes());
    for words in [&["log", short][..], &["stop", short], &["seal", short, "--key", "key"]] {
        let text = fails(&home, 2, words);
        assert!(text.contains("the id of another") && text.contains("by its whole id"), "{text}");
    }
    ok(&home, &["log", &id]);
}

#[test]
fn one_of_several_sessions_of_a_name_is_taken_without_a_word() {
    let home = with_key();
    for _ in 0..2 {
        ok(&home, &["start", "inc"]);
        ok(&home, &["stop", "inc"]);
    }
    let newest = home.sessions().into_iter().max().unwrap();
    let id = newest.file_name().unwrap().to_str().unwrap().to_owned();
    let short = &id[id.len() - 8..];
    for words in [
        &["log", "inc"][..],
        &["status", "inc"],
        &["show", "inc"],
        &["verify", "inc"],
        &["seal", "inc", "--key", "key"],
    ] {
        let said = attesh(&home, words);
        let told = format!("2 sessions are called inc; this is about the newest, {short}");
        assert!(said.code == Some(0) && said.err.contains(&told), "{words:?}: {}", said.err);
        if words[0] == "seal" {
            assert!(said.err.contains(&format!("sealed session inc ({short}): ")), "{}", said.err);
        }
    }
    let live = attesh(&home, &["start", "inc"]);
    assert_eq!(live.code, Some(0), "{}", live.err);
    assert!(attesh(&home, &["stop", "inc"]).err.contains("this is about the one that goes on, "));
    assert_eq!(attesh(&home, &["log", short]).err, "attesh: session inc: nothing was recorded so far\n");
}

#[test]
fn the_first_digits_of_an_id_that_is_shown_name_nothing() {
    let home = Home::new();
    ok(&home, &["start", "one"]);
    let listed = ok(&home, &["sessions"]);
    let shown = listed.lines().nth(1).unwrap().split(' ').next().unwrap();
    for word in [&shown[..4], &shown[..6], &shown[4..], shown] {
        assert!(ok(&home, &["status", word]).contains("(one)"), "{word}");
    }
}

#[test]
fn what_is_no_session_is_a_missing_file_alone() {
    let home = Home::new();
    let said = fails(&home, 5, &["verify", "nosuch"]);
    let words = "no file and no session is called nosuch; to see them all type: attesh sessions";
    assert!(said.contains(words), "{said}");
    // A path, and a word with the ending of a file, mean a file.
    for word in ["./nosuch", "nosuch.intoto.json"] {
        let said = fails(&home, 5, &["verify", word]);
        assert!(said.contains("nosuch") && said.contains("no such file or folder"), "{said}");
    }
}

#[test]
fn a_word_of_one_digit_names_a_session() {
    let home = Home::new();
    ok(&home, &["start", "one"]);
    let id = home.sessions()[0].file_name().unwrap().to_str().unwrap().to_owned();
    for digits in 1..4 {
        let text = fails(&home, 5, &["prune", "--force", &id[id.len() - digits..]]);
        assert!(text.contains("an id needs 4 digits"), "{text}");
    }
    ok(&home, &["prune", "--force", &id[id.len() - 4..]]);
    assert!(home.sessions().is_empty());
}

#[test]
fn the_name_of_a_session_is_a_file_that_is_missing() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["stop", "one"]);
    let folder = home.sessions().remove(0).display().to_string();
    let id = folder[folder.len() - 8..].to_owned();
    for word in ["one", &id, &folder] {
        assert!(ok(&home, &["verify", word]).contains("not sealed; nothing was recorded"), "{word}");
        assert_eq!(ok(&home, &["show", word]), ok(&home, &["show", &folder]), "{word}");
    }
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    // From its name a way leads to the envelope, as long as that is there.
    let envelope = home.path("work/a.intoto.json").display().to_string();
    for word in ["one", &id, &folder] {
        let said = attesh(&home, &["show", word]);
        assert!(
            said.out.starts_with(&format!("the journal of a session that was sealed in {envelope}\n")),
            "{}",
            said.out
        );
        assert_eq!(said.err, format!("attesh: to see what was signed type: attesh show {envelope}\n"));
        let said = attesh(&home, &["verify", word]);
        assert!(
            said.out.contains(": the journal alone of a sealed session; nothing was recorded"),
            "{}",
            said.out
        );
        assert!(
            said.out.contains(&format!("not checked: the session was sealed in {envelope}\n")),
            "{}",
            said.out
        );
        assert!(!said.out.contains("not sealed"), "{}", said.out);
        let next = format!("attesh: for the verdict on what was sealed type: attesh verify {envelope}\n");
        assert_eq!((said.code, said.err), (Some(0), next));
        assert!(ok(&home, &["status", word]).contains(&format!("sealed    in {envelope}\n")));
        for verb in ["status", "show"] {
            let value: Value = serde_json::from_str(&ok(&home, &[verb, word, "--json"])).unwrap();
            assert_eq!(value["envelope"], envelope.as_str(), "{verb}");
        }
    }
    programs::bash(&home.path("work"), "mv a.intoto.json b.intoto.json");
    let said = attesh(&home, &["show", "one"]);
    assert!(said.out.contains(&format!("{envelope} (which is not there any more)\n")) && said.err.is_empty());
    programs::bash(&home.path("work"), "mv b.intoto.json a.intoto.json");
    let with = ["verify", "a.intoto.json", "--trust", "key.pub", "--journal", "one"];
    assert!(ok(&home, &with).starts_with("VERIFIED a.intoto.json"));
    // A file of that name wins, and it is said.
    std::fs::copy(home.path("work/a.intoto.json"), home.path("work/one")).unwrap();
    for words in [&["verify", "one", "--trust", "key.pub"][..], &["show", "one"]] {
        let said = attesh(&home, words);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let told = format!("one is a file here, and the name of session {id}; this is about the file");
        assert!(said.err.contains(&told), "{}", said.err);
    }
    assert!(ok(&home, &["verify", "one", "--trust", "key.pub"]).starts_with("VERIFIED one"));
}

#[test]
fn a_file_or_folder_that_is_here_is_only_said_to_be_no_session() {
    let home = with_key();
    ok(&home, &["start", "--dir", home.path("work/job").to_str().unwrap()]);
    home.file("work/a.intoto.json", "{}");
    let text = fails(&home, 5, &["log", "a.intoto.json"]);
    assert!(
        text.contains("no session is called a.intoto.json")
            && text.contains("type: attesh show a.intoto.json"),
        "{text}"
    );
    assert!(fails(&home, 5, &["log", "job"]).contains("the folder of this name type ./job"));
    ok(&home, &["log", "./job"]);
}

#[test]
fn where_recording_goes_on_is_said_before_what_was_done() {
    let home = with_key();
    for verb in [&["stop"][..], &["seal", "--key", "key"]] {
        let shell = Shell::open(&home, std::process::id());
        let words = [verb, &[&shell.folder]].concat();
        let said = attesh(&home, &words);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let lines: Vec<&str> = said.err.lines().collect();
        assert!(lines.last().unwrap().contains("recording goes on in session "), "{}", said.err);
        assert!(lines[0].contains("sealed session ") || lines[0].contains(" has ended; "), "{}", said.err);
        ok(&home, &["stop", "--close-others", home.sessions().last().unwrap().to_str().unwrap()]);
    }
}

#[test]
fn a_list_of_sessions_does_not_say_which_are_complete() {
    let home = with_key();
    ok(&home, &["start", "whole"]);
    ok(&home, &["stop", "whole"]);
    ok(&home, &["start", "goes-on"]);
    let shell = Shell::open(&home, std::process::id());
    shell.start(&home, 4);
    ok(&home, &["start", "gone"]);
    std::fs::remove_dir_all(home.runtime().join("attesh")).unwrap();
    ok(&home, &["start", "later"]);
    ok(&home, &["stop", "later"]);
    ok(&home, &["seal", "later", "--key", "key"]);
    let text = ok(&home, &["sessions"]);
    let row = |name: &str| {
        let line = text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.split_whitespace()
            .rev()
            .take(3)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(row("whole"), "0 ended yes");
    assert_eq!(row("later"), "0 sealed yes");
    assert_eq!(row("gone"), "lost no: no-end");
    let id = &shell.folder[shell.folder.len() - 8..];
    assert_eq!(row(id), "lost no: gap");
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    let value: Value = serde_json::from_str(&ok(&home, &["sessions", "--json"])).unwrap();
    let codes: Vec<Value> =
        value["sessions"].as_array().unwrap().iter().map(|one| one["incomplete"].clone()).collect();
    assert_eq!(
        codes,
        ["".into(), "no-end".into(), "gap".into(), "no-end".into(), "".into()]
            .map(|code: Value| if code == "" { Value::Null } else { code })
    );
}

#[test]
fn what_was_found_of_an_ended_session_outlives_a_change_of_it() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["note", "--session", "one", "here"]);
    ok(&home, &["stop", "one"]);
    let folder = home.sessions().remove(0);
    let id = folder.file_name().unwrap().to_str().unwrap();
    let kept = home.runtime().join(format!("attesh/{id}.told"));
    // A change that comes in the same moment could have the same time.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let first = ok(&home, &["sessions", "--json"]);
    assert!(kept.exists() && ok(&home, &["sessions", "--json"]) == first, "{first}");
    // It is what the list says, for as long as the journal is the same.
    let text = std::fs::read_to_string(&kept).unwrap();
    put(&kept, text.replace("\"commands\":0", "\"commands\":77").as_bytes());
    assert!(ok(&home, &["sessions"]).contains("  77  "), "it was not taken");
    ok(&home, &["seal", "one", "--key", "key"]);
    assert!(ok(&home, &["sessions"]).contains(" sealed  yes"), "{}", ok(&home, &["sessions"]));
    let journal = std::fs::read_to_string(folder.join("journal")).unwrap();
    put(&folder.join("journal"), journal.replace("remark", "remork").as_bytes());
    assert!(ok(&home, &["sessions"]).contains(" tampered  -"), "{}", ok(&home, &["sessions"]));
    ok(&home, &["prune", "one", "--force"]);
    assert!(!kept.exists());
}

#[test]
fn a_lost_session_is_said_to_have_ended() {
    let home = Home::new();
    ok(&home, &["start", "one"]);
    std::fs::remove_dir_all(home.runtime().join("attesh")).unwrap();
    for key in [Key::Session.is("one"), Key::Exported.is("one")] {
        let words = protocol::words(Verb::Open, a_bash(std::process::id()).into_iter().chain([key]));
        let text = attesh(&home, &words).out;
        assert!(
            text.contains("session one cannot go on: its state has vanished")
                || text.contains("that session cannot go on: its state has vanished"),
            "{text}"
        );
    }
}

#[test]
fn a_live_session_with_a_gap_is_open_and_nothing_else() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    assert!(ok(&home, &["sessions"]).lines().nth(1).unwrap().ends_with(" live   open"));
    shell.start(&home, 4);
    assert!(ok(&home, &["sessions"]).lines().nth(1).unwrap().ends_with(" live   no: gap"));
}

#[test]
fn a_session_whose_shells_were_killed_is_open_and_misses_nothing() {
    let home = with_key();
    let sleeper = || Command::new("sleep").arg("1000").spawn().unwrap();
    let row = || ok(&home, &["sessions"]).lines().nth(1).unwrap().to_owned();
    let (mut one, mut two) = (sleeper(), sleeper());
    let shell = Shell::open(&home, one.id());
    let join = a_bash(two.id()).into_iter().chain([Key::Exported.is(&shell.folder)]);
    ok(&home, &protocol::words(Verb::Open, join));
    assert!(row().ends_with(" live   open"), "{}", row());
    one.kill().and_then(|()| one.wait()).unwrap();
    // The other one lives still.
    assert!(row().ends_with(" live   no: open-shell"), "{}", row());
    let text = ok(&home, &["status", &shell.folder]);
    assert!(text.contains("shells    1 open of 2, 1 gone without a close"), "{text}");
    assert!(text.contains("shell 1 was open where the journal stops") && !text.contains("shell 2"), "{text}");
    shell.start(&home, 1);
    assert!(row().ends_with(" live   no: unfinished"), "{}", row());
    two.kill().and_then(|()| two.wait()).unwrap();
    assert!(row().ends_with(" open   no: unfinished"), "{}", row());
    let value: Value = serde_json::from_str(&ok(&home, &["status", &shell.folder, "--json"])).unwrap();
    assert_eq!((&value["openShells"], &value["goneShells"]), (&2.into(), &2.into()));
    assert_eq!((&value["incomplete"], &value["state"]), (&"unfinished".into(), &"open".into()));
    let text = ok(&home, &["status", &shell.folder]);
    assert!(text.contains("shells    0 open of 2, 2 gone without a close"), "{text}");
    // A session that only a command ends, and that nobody has joined, misses nothing.
    ok(&home, &["start", "one"]);
    assert!(ok(&home, &["sessions"]).lines().last().unwrap().ends_with(" open   open"));
}

#[test]
fn a_state_that_went_with_a_logout_is_told_twice_or_not_at_all() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    std::fs::remove_dir_all(home.runtime().join("attesh")).unwrap();
    let words = shell.words()[..2].iter().cloned().chain(a_bash(std::process::id()));
    let answer = ok(&home, &protocol::words(Verb::Open, words));
    let told = answer.lines().last().unwrap();
    let next = home.sessions().pop().unwrap().display().to_string();
    assert_eq!(told.matches("cannot go on").count(), 1, "{told}");
    assert_eq!(told.matches("session").count(), 2, "{told}");
    assert!(told.contains("its state has vanished from "), "{told}");
    assert!(told.contains(&format!("recording goes on in session {}", &next[next.len() - 8..])), "{told}");
    let status = ok(&home, &["status", &shell.folder]);
    assert!(status.contains("state     lost: its state has vanished from "), "{status}");
}

/// A home of another user, as `sudo -E` leaves it.
fn lent() -> Option<(Home, PathBuf)> {
    if !nix::unistd::geteuid().is_root() {
        skipped("only root has another user's home");
        return None;
    }
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    let all = Command::new("chown").args(["-R", "54321"]).arg(home.root.path()).status().unwrap();
    assert!(all.success());
    Some((home, PathBuf::from(shell.folder)))
}

#[test]
fn root_is_told_to_move_the_evidence_of_another_user_away() {
    let Some((home, folder)) = lent() else { return };
    let run = |words: &[String]| {
        let mut command = home.command(Path::new(ATTESH));
        said(command.env("ATTESH_SESSION", &folder).env("SUDO_USER", "user").args(words))
    };
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let open = protocol::words(Verb::Open, a_bash(std::process::id()));
    for words in
        [open, words("sessions"), words("start two"), words("sh -c true"), words("log one"), words("seal")]
    {
        let said = run(&words);
        let text = said.out + &said.err;
        assert!(text.contains("belongs to user 54321, not to you"), "{words:?}: {text}");
        assert!(!text.contains("move it") && !text.contains("damaged"), "{words:?}: {text}");
        assert!(text.contains("HOME is that user's, too; for your own type: sudo -i"), "{words:?}: {text}");
    }
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_tool_that_runs_many_scripts_gets_a_line_for_each() {
    let home = Home::new();
    let folder = home.path("work").join("job").display().to_string();
    let run =
        |quiet: &[&str]| attesh(&home, &[&["sh", "--dir", &folder], quiet, &["-c", "echo hi >&2"]].concat());
    assert!(run(&[]).err.contains("attesh-head "));
    assert_eq!(run(&["--quiet"]).err, "hi\n");
}
