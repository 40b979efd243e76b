//! Odd files, folders and settings: what the commands say of them, and that they end.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use attesh::protocol::{self, Key, Verb};

use crate::cli::messages::{Shell, fails, ok, with_key};
use crate::proofs::inject::mounted;
use crate::stage::programs::{self, Said, attesh, said};
use crate::stage::pty::{ATTESH, Home};

fn in_shell(home: &Home, script: &str) -> Said {
    said(home.command(Path::new("/bin/bash")).args(["-c", script]))
}

#[test]
fn a_full_disk_is_a_journal_that_cannot_be_read() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    let session = format!("{}/journal", shell.folder);
    let text = "x".repeat(100_000) + "\n";
    for n in 1..=3 {
        let mut command = home.command(Path::new(ATTESH));
        let values = [Key::Number.is(n), Key::Native.is(n), Key::Source.is("typed")];
        command.args(protocol::words(Verb::Start, shell.words().iter().cloned().chain(values)));
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        shell.call(&home, Verb::Finish, [Key::Number.is(n), Key::Status.is(0), Key::From.is("prompt")]);
    }
    let small = home.path("work/small");
    std::fs::create_dir(&small).unwrap();
    if !mounted(&["-t", "tmpfs", "-o", "size=64k", "tmpfs"], &small) {
        return;
    }
    let said =
        attesh(&home, &["seal", &session, "--key", "key", "-o", "small/a.intoto.json", "--close-others"]);
    let left = std::fs::read_dir(&small).unwrap().count();
    assert!(Command::new("umount").arg(&small).status().unwrap().success());
    assert_eq!(said.code, Some(5), "{}", said.err);
    assert!(said.err.contains("small/a.transcript: No space left"), "{}", said.err);
    assert!(!said.err.contains("cannot read the journal") && left == 0, "{}", said.err);
}

#[test]
fn a_umask_leaves_files_that_their_owner_cannot_read() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    let made = in_shell(&home, "umask 0777; exec attesh seal one --key key -o a.intoto.json");
    assert_eq!(made.code, Some(0), "{}", made.err);
    for ending in ["intoto.json", "sigstore.json", "transcript"] {
        let mode = std::fs::metadata(home.path(&format!("work/a.{ending}"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{ending}");
    }
}

#[test]
fn a_private_key_of_openssh_is_called_damaged() {
    if !programs::have("ssh-keygen") {
        return;
    }
    let home = with_key();
    programs::bash(
        &home.path("work"),
        "ssh-keygen -q -t ed25519 -N '' -f plain; ssh-keygen -q -t ed25519 -N abc -f locked",
    );
    for file in ["plain", "locked", "key"] {
        for verb in ["show", "trust"] {
            let text = fails(&home, 2, &["key", verb, file]);
            assert!(text.contains("a private key, but the public half is needed"), "{text}");
            assert!(text.contains("ssh-keygen -y -f FILE"), "{text}");
        }
    }
}

#[test]
fn an_empty_passphrase_names_an_option_that_seal_does_not_have() {
    let home = Home::new();
    ok(&home, &["start", "one"]);
    home.file("work/empty", "\n");
    let text = fails(&home, 2, &["seal", "one", "--passphrase-file", "empty"]);
    assert!(text.contains("attesh key generate --no-passphrase"), "{text}");
}

#[test]
fn a_place_that_no_file_can_be_made_in_is_told_to_be_made() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    let text = fails(&home, 5, &["seal", "one", "--key", "key", "-o", "/proc/x"]);
    assert!(text.contains("/proc: no file can be made in this folder") && !text.contains("mkdir"), "{text}");
    let text = fails(&home, 2, &["seal", "one", "--key", "key", "-o", "-"]);
    assert!(text.contains("-o NAME.intoto.json"), "{text}");
    assert!(ok(&home, &["status", "one"]).contains("state     open"), "it was ended");
}

#[test]
fn a_pipe_is_no_envelope() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    for script in [
        "cat a.intoto.json | attesh verify - --trust key.pub",
        "cat a.sigstore.json | attesh verify /dev/stdin --trust key.pub",
        "attesh verify - --trust key.pub < a.intoto.json",
        "attesh verify <(cat a.intoto.json) --trust key.pub",
    ] {
        let said = in_shell(&home, script);
        assert!(
            said.code == Some(0) && said.out.starts_with("VERIFIED "),
            "{script}: {}{}",
            said.out,
            said.err
        );
    }
    let journal = home.sessions().remove(0).join("journal");
    let journal = in_shell(&home, &format!("cat {} | attesh verify -", journal.display()));
    assert!(journal.code == Some(5) && journal.out.contains("name its file"), "{}", journal.out);
    assert_eq!(in_shell(&home, "cat /dev/null | attesh verify -").code, Some(3));
    assert_eq!(in_shell(&home, "yes | attesh verify -").code, Some(3));
}

#[test]
fn a_pipe_that_nobody_writes_into_is_waited_for() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    programs::bash(&home.path("work"), "mkfifo pipe");
    let text = fails(&home, 2, &["seal", "one", "--key", "pipe"]);
    assert!(text.contains("pipe: empty, but a private key is needed"), "{text}");
    let text = fails(&home, 3, &["verify", "pipe"]);
    assert!(text.contains("the file is empty"), "{text}");
    let given = in_shell(&home, "attesh seal one --key <(cat key) -o a.intoto.json");
    assert_eq!(given.code, Some(0), "{}", given.err);
}

#[test]
fn an_empty_log_says_nothing() {
    let home = Home::new();
    ok(&home, &["start", "one"]);
    let said = attesh(&home, &["log", "one"]);
    assert_eq!(
        (said.out.as_str(), said.err.as_str()),
        ("", "attesh: session one: nothing was recorded so far\n")
    );
    assert_eq!(attesh(&home, &["log", "one", "--json"]).err, "");
}

#[test]
fn a_changed_journal_is_said_to_be_complete() {
    let home = with_key();
    ok(&home, &["start", "one"]);
    ok(&home, &["note", "--session", "one", "here"]);
    ok(&home, &["seal", "one", "--key", "key", "-o", "a.intoto.json"]);
    let journal = home.sessions().remove(0).join("journal");
    let text = std::fs::read_to_string(&journal).unwrap();
    home.file("work/journal", &text.replace("remark", "remork"));
    for words in [
        &["verify", "a.intoto.json", "--trust", "key.pub", "--journal", "journal"][..],
        &["verify", "journal"],
    ] {
        let text = fails(&home, 3, words);
        assert!(text.contains("completeness  not judged"), "{text}");
    }
}

fn doctor(home: &Home, shell: &Shell) -> String {
    let mut command = home.command(Path::new(ATTESH));
    said(command.env("ATTESH_SESSION", &shell.folder).arg("doctor")).out
}

#[test]
fn a_folder_that_is_open_to_others_is_not_the_one_that_doctor_names() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    let state = home.runtime().join("attesh");
    for folder in [state.as_path(), Path::new(&shell.folder)] {
        let mode = |mode| std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o777);
        let text = doctor(&home, &shell);
        mode(0o700);
        let bad: Vec<&str> = text.lines().filter(|line| line.starts_with("degraded")).collect();
        let named = format!("{}: others may use it (mode 0777)", folder.display());
        assert!(!bad.is_empty() && bad.iter().all(|line| line.contains(&named)), "{text}");
    }
}

#[test]
fn a_hook_of_another_protocol_is_only_said_to_fail() {
    let home = Home::new();
    let shell = Shell::open(&home, std::process::id());
    let facts = home.runtime().join(format!("attesh/facts-{}", std::process::id()));
    let told = "shell=bash\nhook=0000000000000000\nhook_version=9.9\nlost=5\n";
    attesh::files::publish(&facts, told.as_bytes(), 0o600, attesh::files::Overwrite::No).unwrap();
    let text = doctor(&home, &shell);
    assert!(
        text.contains("5 calls failed") && text.contains("of version 9.9, speaks another protocol"),
        "{text}"
    );
    assert!(text.contains("which speaks 1:"), "{text}");
}

#[test]
fn a_fact_of_a_journal_is_not_shown() {
    let journal =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/journals/fact-that-must-be-understood.journal");
    let said = ok(&with_key(), &["show", journal]);
    assert!(said.contains("fact of the type https://example.org/git"), "{said}");
}
