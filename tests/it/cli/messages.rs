//! What the commands say when something is wrong, to people and to programs, and with which
//! exit code.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Debug;
use std::path::Path;
use std::process::{Command, Stdio};

use attesh::files::Overwrite;
use attesh::protocol::{self, Key, Verb};
use serde_json::{Value, json};

use crate::stage::programs::{self, attesh, said};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::a_bash;

/// Succeeds; its standard output.
pub fn ok<W: AsRef<OsStr> + Debug>(home: &Home, words: &[W]) -> String {
    let said = attesh(home, words);
    assert_eq!(said.code, Some(0), "{words:?}: {}{}", said.out, said.err);
    said.out
}

/// Fails with this code; all that it says.
pub fn fails(home: &Home, code: i32, words: &[&str]) -> String {
    let said = attesh(home, words);
    assert_eq!(said.code, Some(code), "{words:?}: {}{}", said.out, said.err);
    said.out + &said.err
}

/// A shell with this process id, opened and with a command started, in a session of its own.
pub struct Shell {
    pub folder: String,
    words: [String; 3],
}

impl Shell {
    pub fn open(home: &Home, pid: u32) -> Self {
        let answer = ok(home, &protocol::words(Verb::Open, a_bash(pid)));
        let lines: Vec<&str> = answer.lines().collect();
        let words = [Key::Folder.is(lines[0]), Key::Genesis.is(lines[1]), Key::Shell.is(lines[2])];
        Shell { folder: lines[0].to_owned(), words }
    }

    /// What each call says of the shell.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The start of a command without a text.
    pub fn start(&self, home: &Home, n: u64) {
        self.call(home, Verb::Start, [Key::Number.is(n), Key::Native.is(n), Key::Source.is("none")]);
    }

    pub fn call(&self, home: &Home, verb: Verb, more: impl IntoIterator<Item = String>) {
        ok(home, &protocol::words(verb, self.words.iter().cloned().chain(more)));
    }
}

pub fn with_key() -> Home {
    let home = Home::new();
    ok(&home, &["key", "generate", "-o", "key", "--no-passphrase"]);
    home
}

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_failure_under_json_is_not_one_object() {
    let home = with_key();
    ok(&home, &["start", "taken"]);
    let calls: &[(&[&str], i32)] = &[
        (&["log", "nobody", "--json"], 5),
        (&["status", "--json"], 5),
        (&["show", "nothing", "--json"], 5),
        (&["start", "taken", "--json"], 2),
        (&["start", "a b", "--json"], 2),
        (&["seal", "taken", "--json"], 2),
        (&["seal", "taken", "--key", "none", "--json"], 5),
        (&["prune", "--force", "--json"], 2),
        (&["key", "show", "none.pub", "--json"], 5),
        (&["key", "show", "--json"], 5),
        (&["key", "generate", "-o", "key", "--no-passphrase", "--json"], 2),
        (&["key", "generate", "-o", "new", "--json"], 2),
        (&["log", "/etc", "--json"], 5),
        (&["prune", "taken", "--json", "--older-than", "x"], 2),
        (&["key", "generate", "-o", "none/key", "--no-passphrase", "--json"], 5),
        (&["verify", "--json"], 2),
        (&["log", "--lost", "--json"], 2),
        (&["lag", "--json"], 2),
    ];
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("man/attesh.1")).unwrap();
    let rows = page.split_once(".Li attesh.error/v1 :").unwrap().1.split_once(".El").unwrap().0;
    let rows = rows.lines().filter_map(|line| line.strip_prefix(".It Va "));
    let rows: BTreeSet<&str> = rows.filter(|row| !row.ends_with(" No (optional)")).collect();
    for (words, code) in calls {
        let said = attesh(&home, words);
        assert_eq!(said.code, Some(*code), "{words:?}: {}{}", said.out, said.err);
        let value: Value = serde_json::from_str(&said.out).unwrap_or_else(|why| panic!("{words:?}: {why}"));
        assert_eq!(value["schema"], "attesh.error/v1", "{words:?}");
        let mut found = members(&value);
        found.remove("schema");
        assert_eq!(found, rows, "members, and those of the page");
        assert_eq!(value["exit"], *code, "{words:?}");
        assert_eq!(members(&value["next"]), BTreeSet::from(["argv", "text"]), "{words:?}: {}", said.out);
        assert!(value["next"]["text"].as_str().is_some_and(|next| !next.is_empty()), "{words:?}");
        let message = value["message"].as_str().unwrap();
        assert!(!message.is_empty() && said.err.contains(message.lines().next().unwrap()), "{words:?}");
    }
}

#[test]
fn a_policy_with_an_error_does_not_tell_a_program_its_place() {
    let home = Home::new();
    home.file("work/good.toml", "version = 1\n");
    home.file("work/bad.toml", "version = 1\n\n[[script]]\ncommands = ['a', ''] # \u{fc}\n");
    for words in [
        &["policy", "check", "--json", "good.toml", "bad.toml"][..],
        &["policy", "explain", "--json", "bad.toml"],
        &["policy", "test", "--json", "bad.toml", "x.intoto.json"],
        &["verify", "--json", "--policy", "bad.toml", "x.intoto.json"],
    ] {
        let said = attesh(&home, words);
        assert_eq!(said.code, Some(2), "{words:?}: {}", said.err);
        let value: Value = serde_json::from_str(&said.out).unwrap_or_else(|why| panic!("{words:?}: {why}"));
        let place = (&value["schema"], &value["file"], &value["line"], &value["column"]);
        assert_eq!(
            place,
            (&json!("attesh.error/v1"), &json!("bad.toml"), &json!(4), &json!(18)),
            "{words:?}"
        );
        let page = [
            "code", "column", "exit", "file", "kind", "line", "message", "next", "offset", "record", "schema",
        ];
        assert_eq!(members(&value), BTreeSet::from(page), "{words:?}");
    }
    // A file that cannot be read at all has no place in it.
    let value: Value =
        serde_json::from_str(&attesh(&home, &["policy", "check", "--json", "none.toml"]).out).unwrap();
    assert_eq!((&value["exit"], &value["line"]), (&json!(5), &Value::Null));
}

#[test]
fn a_name_that_is_no_utf_8_ends_the_program() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::new();
    let name = |name: &[u8]| std::ffi::OsStr::from_bytes(name).to_owned();
    let ok = |words: &[&[u8]]| {
        let words = words.iter().map(|word| name(word));
        let said = said(home.command(Path::new(ATTESH)).args(words));
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        serde_json::from_str::<Value>(&said.out).unwrap()
    };
    let key = ok(&[b"key", b"generate", b"--json", b"--no-passphrase", b"-o", b"k\xff"]);
    assert_eq!((&key["file"], &key["private"]), (&json!("k\u{fffd}.pub"), &json!("k\u{fffd}")));
    ok(&[b"key", b"show", b"--json", b"k\xff.pub"]);
    ok(&[b"start", b"one", b"--json"]);
    let moved = home.path("work").join(name(b"\xff"));
    let stands = home.sessions().remove(0);
    let rename = |from: &Path, to: &Path| said(Command::new("mv").arg(from).arg(to)).code;
    assert_eq!(rename(&stands, &moved), Some(0));
    let status = said(home.command(Path::new(ATTESH)).args(["status", "--json", "--dir"]).arg(&moved));
    assert_eq!(status.code, Some(0), "{}", status.err);
    assert_eq!(rename(&moved, &stands), Some(0));
    let output: [&[u8]; 4] = [b"-o", b"\xff.intoto.json", b"--key", b"k\xff"];
    let sealed = ok(&[&[b"seal" as &[u8], b"one", b"--json"], &output[..]].concat());
    assert_eq!(sealed["transcript"], "\u{fffd}.transcript");
    let policy = Path::new("work").join(name(b"\xff.toml"));
    attesh::files::publish(&home.path("").join(policy), b"version = 1\n", 0o644, Overwrite::No).unwrap();
    assert_eq!(ok(&[b"policy", b"check", b"--json", b"\xff.toml"])["files"][0]["file"], "\u{fffd}.toml");
    ok(&[b"policy", b"explain", b"--json", b"\xff.toml"]);
}

#[test]
fn a_failure_beside_a_result_stands_outside_of_it() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    let folder = home.sessions().remove(0);
    let value: Value = serde_json::from_str(&attesh(&home, &["prune", "one", "--json"]).out).unwrap();
    assert_eq!((&value["schema"], &value["failure"]["exit"]), (&"attesh.prune/v1".into(), &2.into()));
    ok(&home, &["note", "--session", "one", "here"]);
    ok(&home, &["stop", "one"]);
    let journal = std::fs::read_to_string(folder.join("journal")).unwrap();
    let path = folder.join("journal");
    std::fs::File::options().write(true).truncate(true).open(&path).unwrap();
    let mut file = std::fs::File::options().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, journal.replace("remark", "remork").as_bytes()).unwrap();
    for verb in ["log", "show", "status"] {
        let said = attesh(&home, &[verb, "one", "--json"]);
        assert_eq!(said.code, Some(3), "{verb}: {}", said.err);
        let value: Value = serde_json::from_str(&said.out).unwrap_or_else(|why| panic!("{verb}: {why}"));
        assert_eq!(value["failure"]["kind"], "integrity", "{verb}");
        assert_eq!(
            members(&value["failure"]),
            BTreeSet::from(["code", "exit", "kind", "message", "next", "offset", "record"])
        );
    }
}

#[test]
fn a_missing_file_has_another_wording_or_is_named_twice() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let calls: &[&[&str]] = &[
        &["verify", "./none"],
        &["verify", "a.intoto.json", "--trust", "key.pub", "--journal", "./none"],
        &["verify", "a.intoto.json", "--trust", "none"],
        &["verify", "a.intoto.json", "--artifact", "none"],
        &["seal", "one", "--key", "none", "--force"],
        &["seal", "one", "--key", "key", "--force", "--subject", "none"],
        &["start", "two", "--secret", "none"],
        &["key", "show", "none"],
        &["key", "trust", "none"],
        &["key", "generate", "-o", "new", "--passphrase-file", "none"],
        &["log", "./none"],
    ];
    for words in calls {
        let text = fails(&home, 5, words);
        let first = text.lines().next().unwrap();
        assert_eq!(first.matches("none: no such file or folder").count(), 1, "{words:?}: {text}");
        assert!(!first.contains("os error") && !first.contains("none: none"), "{words:?}: {text}");
    }
}

#[test]
fn a_folder_that_is_missing_is_named_by_a_helper_of_ours() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    for words in [
        &["key", "generate", "-o", "none/key", "--no-passphrase"][..],
        &["seal", "one", "--key", "key", "-o", "none/a.intoto.json"],
    ] {
        let text = fails(&home, 5, words);
        assert_eq!(text, "attesh: none: no such folder; to make it type: mkdir -p none\n");
    }
    assert!(ok(&home, &["status", "one"]).contains("state     open"), "it was ended");
}

#[test]
fn what_is_no_session_is_told_to_change_its_mode() {
    let home = with_key();
    for words in [&["verify", "/etc"][..], &["log", "/etc"], &["show", "/etc"], &["status", "/etc"]] {
        let text = fails(&home, 5, words);
        assert!(text.contains("/etc: not the folder of a session"), "{text}");
        assert!(!text.contains("chmod") && text.contains("attesh sessions"), "{text}");
    }
}

#[test]
fn an_ended_session_says_nothing_of_what_can_be_done() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["stop", "one"]);
    for words in [&["stop", "one"][..], &["note", "--session", "one", "x"]] {
        let text = fails(&home, 5, words);
        assert!(text.contains("session one has ended; to sign it type: attesh seal "), "{text}");
    }
    ok(&home, &["seal", "one", "--key", "key"]);
    let text = fails(&home, 5, &["stop", "one"]);
    assert!(text.contains("it was sealed; to see it type: attesh show "), "{text}");
}

#[test]
fn a_lost_session_says_nothing_of_what_can_be_done() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    std::fs::remove_dir_all(home.runtime().join("attesh")).unwrap();
    let text = fails(&home, 5, &["stop", "one"]);
    assert!(text.contains("cannot go on") && text.contains("type: attesh seal "), "{text}");
    let said = attesh(&home, &["seal", "one", "--key", "key"]);
    assert!(said.code == Some(0) && !said.err.contains("type: attesh seal"), "{}", said.err);
}

#[test]
fn an_id_is_proposed_as_a_name() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    ok(&home, &["stop", &shell.folder]);
    let id = Path::new(&shell.folder).file_name().unwrap().to_str().unwrap().to_owned();
    let named = a_bash(std::process::id()).into_iter().chain([Key::Session.is(&id)]);
    let said = attesh(&home, &protocol::words(Verb::Open, named));
    assert!(said.out.contains("has ended") && !said.out.contains("attesh start"), "{}{}", said.out, said.err);
}

#[test]
fn a_name_that_is_taken_is_a_failure_of_the_machine() {
    let home = Home::new();
    ok(&home, &["start", "one"]);
    assert!(fails(&home, 2, &["start", "one"]).contains("the name one is taken by session "));
}

#[test]
fn a_command_of_a_dead_shell_is_said_to_run() {
    let home = Home::new();
    let mut child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
    let shell = Shell::open(&home, child.id());
    shell.start(&home, 1);
    let seen = || {
        let text = ok(&home, &["log", &shell.folder]);
        let value: Value = serde_json::from_str(&ok(&home, &["log", &shell.folder, "--json"])).unwrap();
        (text, value["commands"][0]["running"].as_bool().unwrap())
    };
    let (text, running) = seen();
    assert!(text.contains(" running ") && running, "{text}");
    child.kill().unwrap();
    child.wait().unwrap();
    let (text, running) = seen();
    assert!(text.contains(" unfinished ") && !running, "{text}");
}

#[test]
fn a_pause_or_its_end_is_recorded_without_its_reason() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    let here = |words: &[&str]| {
        let said = said(home.command(Path::new(ATTESH)).env("ATTESH_SESSION", &shell.folder).args(words));
        assert_eq!(said.code, Some(0), "{words:?}: {}", said.err);
    };
    here(&["pause", "personal", "mail"]);
    here(&["resume", "mail", "is", "done"]);
    here(&["pause", "--all"]);
    here(&["resume", "--all"]);
    let log = ok(&home, &["log", &shell.folder]);
    let said: Vec<&str> =
        log.lines().filter_map(|line| line.trim().split_once("Z  ")).map(|two| two.1).collect();
    let all = ["paused (all shells): no reason given", "resumed (all shells): no reason given"];
    assert_eq!(said, ["paused: personal mail", "resumed: mail is done", all[0], all[1]]);
    assert_eq!(attesh(&home, &["verify", &shell.folder]).code, Some(4), "a shell is open");
}

#[test]
fn a_key_of_another_type_is_not_named() {
    if !programs::have("ssh-keygen") || !programs::have("openssl") {
        return;
    }
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    programs::bash(
        &home.path("work"),
        "ssh-keygen -q -t rsa -b 1024 -N '' -f rsa; ssh-keygen -q -t ecdsa -N '' -f ec
         openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 2>/dev/null | openssl pkey -pubout -out pem.pub",
    );
    for (file, kind) in [("rsa.pub", "ssh-rsa"), ("ec.pub", "ecdsa-sha2-nistp256"), ("pem.pub", "RSA")] {
        for words in
            [&["verify", "a.intoto.json", "--trust", file][..], &["seal", "one", "--force", "--key", file]]
        {
            let text = fails(&home, 2, words);
            let wanted = format!("a key of type {kind}, but an Ed25519 key is needed");
            assert!(text.contains(&wanted), "{words:?}: {text}");
        }
    }
}

#[test]
fn a_time_without_a_zone_is_another_than_ssh_keygen_means() {
    if !programs::have("openssl") {
        return;
    }
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let line = ok(&home, &["key", "show", "key.pub"]);
    let line = line.lines().find(|line| line.starts_with("ssh-ed25519")).unwrap();
    home.file("work/signers", &format!("me valid-after=\"20990101\" {line}\n"));
    for (zone, from) in [("UTC0", "2099-01-01T00:00:00Z"), ("JST-9", "2098-12-31T15:00:00Z")] {
        let words = ["verify", "a.intoto.json", "--trust", "signers"];
        let said = said(home.command(Path::new(ATTESH)).env("TZ", zone).args(words));
        assert!(said.code == Some(6) && said.out.contains(from), "{zone}: {}", said.out);
    }
}

#[test]
fn a_transcript_is_taken_for_something_else() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    for (session, more) in [(&*shell.folder, true), ("empty", false)] {
        if more {
            shell.start(&home, 1);
        } else {
            ok(&home, &["start", session]);
        }
        ok(&home, &["seal", session, "--key", "key", "-o", "a.intoto.json", "--force", "--close-others"]);
        let text = fails(&home, 2, &["show", "a.transcript"]);
        assert!(
            text.contains("a.transcript: a transcript") && text.contains("type: cat a.transcript"),
            "{text}"
        );
        assert!(fails(&home, 3, &["verify", "a.transcript"]).contains("verify the envelope"));
    }
    home.file("work/other", "hello\n");
    let text = fails(&home, 3, &["show", "other"]);
    assert!(text.contains("other: neither an attestation nor a journal"), "{text}");
    assert!(
        text.contains("; name an envelope (NAME.intoto.json) or a journal, or to see the sessions type: ")
    );
}

#[test]
fn a_policy_that_is_there_leaves_its_user_without_a_next_step() {
    let home = Home::new();
    home.file("work/build.sh", "make\n");
    let words = ["policy", "from-script", "build.sh", "-o", "p.toml"];
    ok(&home, &words);
    let text = fails(&home, 2, &words);
    assert!(text.contains("p.toml: exists already; choose another name with -o, or add --force"), "{text}");
    ok(&home, &[&words[..], &["--force"]].concat());
}

#[test]
fn the_journal_of_a_session_is_not_taken_for_it() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    shell.start(&home, 1);
    let journal = format!("{}/journal", shell.folder);
    assert_eq!(ok(&home, &["log", &journal]), ok(&home, &["log", &shell.folder]));
    let file = home.file("work/other", "hello\n").display().to_string();
    assert!(fails(&home, 2, &["log", &file]).contains("attesh show"));
}

#[test]
fn nothing_is_a_number_of_successes_and_one_a_plural() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    let folder = home.sessions().remove(0).display().to_string();
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let verdict = ok(&home, &["verify", "a.intoto.json", "--trust", "key.pub"]);
    assert!(verdict.starts_with("VERIFIED a.intoto.json: nothing was recorded\n"), "{verdict}");
    assert!(ok(&home, &["verify", &folder]).contains(" of a sealed session; nothing was recorded\n"));
    let said = attesh(&home, &["prune", "one"]);
    assert_eq!(said.err.lines().next(), Some("attesh: 1 session removed"));
}

#[test]
fn the_users_own_secret_is_not_used_to_verify() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["stop", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let folder = home.sessions().remove(0).display().to_string();
    let with = |home: &Home, words: &[&str]| {
        let text = ok(home, words);
        text.lines().find(|line| line.trim_start().starts_with("origin ")).unwrap().to_owned()
    };
    let sealed = ["verify", "a.intoto.json", "--trust", "key.pub", "--journal", &folder];
    assert!(with(&home, &["verify", &folder]).contains("made with the origin secret"));
    assert!(with(&home, &sealed).contains("made with the origin secret"));
    // Nobody else has it, and asking makes none.
    std::fs::remove_file(home.path("state/attesh/origin-secret")).unwrap();
    assert!(with(&home, &["verify", &folder]).contains("not authenticated"));
    assert!(!home.path("state/attesh/origin-secret").exists());
}

#[test]
fn what_cannot_be_printed_is_a_success() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    let shell = |script: &str| said(home.command(Path::new("/bin/sh")).args(["-c", script]));
    let closed = shell("exec attesh stop one >&-");
    assert!(
        closed.code == Some(5) && ok(&home, &["status", "one"]).contains("state     open"),
        "it was ended"
    );
    for words in
        ["sessions", "sessions --json", "status one", "--help", "init bash", "man", "key show key.pub"]
    {
        let closed = shell(&format!("exec attesh {words} >&-"));
        assert_eq!(closed.code, Some(5), "{words}: {}", closed.err);
        assert!(closed.err.contains("standard output is closed"), "{words}: {}", closed.err);
        let full = shell(&format!("exec attesh {words} >/dev/full"));
        assert_eq!(full.code, Some(5), "{words}: {}", full.err);
        assert_eq!(shell(&format!("exec attesh {words} >/dev/null")).code, Some(0), "{words}");
        assert_eq!(shell(&format!("exec attesh {words} 1<>/dev/null")).code, Some(0), "{words}");
    }
}
