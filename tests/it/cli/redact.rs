//! `attesh redact`: what goes, what stays true, and what is refused.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use attesh::protocol::{self, Key, Verb};
use attesh::session::Session;
use attesh::session::redact::Redaction;
use serde_json::Value;

use crate::cli::messages::{Shell, fails, ok, with_key};
use crate::run::script::Place;
use crate::stage::canary::holding;
use crate::stage::fault::{Fault, run, run_watched};
use crate::stage::programs::{attesh, bash};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::records::records;
use crate::stage::world::put;

/// What must not be left anywhere.
const CANARY: &str = "ghp_c4n4ry";

/// A typed command, from start to finish.
fn typed(home: &Home, shell: &Shell, n: u64, text: &str) {
    let mut command = home.command(Path::new(ATTESH));
    let values = [Key::Number.is(n), Key::Native.is(n), Key::Source.is("typed")];
    command.args(protocol::words(Verb::Start, shell.words().iter().cloned().chain(values)));
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    shell.call(home, Verb::Finish, [Key::Number.is(n), Key::Status.is(0), Key::From.is("prompt")]);
}

/// A session of four commands and a remark, which has ended. The first text stands twice.
fn ended() -> (Home, PathBuf) {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    let export = format!("export WORD={CANARY}\n");
    for (n, text) in [(1, "make\n"), (2, &export), (3, "make test\n"), (4, "true\n")] {
        typed(&home, &shell, n, text);
    }
    ok(&home, &["note", "--session", &shell.folder, &format!("it is {CANARY}")]);
    shell.call(&home, Verb::Close, [Key::Native.is(4), Key::Why.is("exit"), Key::Status.is(0)]);
    let folder = PathBuf::from(&shell.folder);
    (home, folder)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn word(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

/// The journal's cores and third columns.
fn signed(journal: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let lines = journal.split_inclusive(|byte| *byte == b'\n');
    let columns = lines.map(|line| line.split(|byte| *byte == b'\t').map(<[u8]>::to_vec).collect::<Vec<_>>());
    columns.map(|columns| (columns[0].clone(), columns[2].clone())).collect()
}

#[test]
fn a_text_that_was_taken_out_is_left_somewhere() {
    let (home, folder) = ended();
    let at = word(&folder);
    let journal = folder.join("journal");
    let (old, meta) = (fs::read(&journal).unwrap(), journal.metadata().unwrap());
    let head = json(&ok(&home, &["status", at, "--json"]))["head"].as_str().unwrap().to_owned();
    // What a list keeps of the session is of the old journal.
    ok(&home, &["sessions"]);
    put(&folder.join(".journal.0123456789abcdef"), CANARY.as_bytes());
    assert_eq!(holding(&folder, CANARY).len(), 2);
    let said = attesh(&home, &["redact", at, "--match", "ghp_[a-z0-9]+"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.err.ends_with("2 texts redacted\n") && !said.out.contains(CANARY),
        "{}{}",
        said.out,
        said.err
    );
    assert!(said.out.contains("command of command 2") && said.out.contains("note"), "{}", said.out);
    assert_eq!(holding(&folder, CANARY), [] as [PathBuf; 0]);
    assert_eq!(holding(home.runtime(), CANARY), [] as [PathBuf; 0]);
    let now = journal.metadata().unwrap();
    let like = |meta: &fs::Metadata| (meta.mode(), meta.uid(), meta.gid(), meta.mtime(), meta.mtime_nsec());
    assert_eq!(like(&now), like(&meta));
    assert_ne!(now.ino(), meta.ino());
    assert_eq!(signed(&fs::read(&journal).unwrap()), signed(&old));
    // Everything that looks at it says so.
    let verdict = ok_or(4, &home, &["verify", at, "--expect-head", &head]);
    assert!(verdict.contains("complete; 2 texts redacted"), "{verdict}");
    assert!(verdict.contains("it has gone through the head given"), "{verdict}");
    let status = ok(&home, &["status", at]);
    assert!(status.contains("state     ended\n") && status.contains("redacted  2 texts\n"), "{status}");
    assert_eq!(json(&ok(&home, &["sessions", "--json"]))["sessions"][0]["redacted"], 2);
    for verb in ["log", "show"] {
        let text = ok(&home, &[verb, at]);
        assert!(text.contains("(redacted)") && text.contains("2 texts redacted\n"), "{text}");
        let value = json(&ok(&home, &[verb, at, "--json"]));
        assert_eq!(
            (&value["redacted"], &value["commands"][1]["textSource"]),
            (&2.into(), &"redacted".into())
        );
    }
    // It is sealed and removed like any other.
    ok(&home, &["seal", at, "--key", "key", "-o", "a.intoto.json", "--expect-head", &head]);
    let sealed = ["verify", "a.intoto.json", "--trust", "key.pub", "--journal", at];
    assert!(ok(&home, &sealed).contains("complete; 2 texts redacted"));
    assert!(
        ok(&home, &["show", "a.intoto.json", "--trust", "key.pub"]).contains("0 lost, 2 texts redacted\n")
    );
    assert_eq!(holding(&home.path("work"), CANARY), [] as [PathBuf; 0]);
    ok(&home, &["prune", "--sealed"]);
    assert!(!folder.exists());
}

/// Ends with this code, as a journal that nobody sealed does; what it says.
fn ok_or(code: i32, home: &Home, words: &[&str]) -> String {
    let said = attesh(home, words);
    assert!(said.code == Some(0) || said.code == Some(code), "{words:?}: {}{}", said.out, said.err);
    said.out + &said.err
}

#[test]
fn a_dry_run_changes_something() {
    let (home, folder) = ended();
    let leftover = folder.join(".journal.0123456789abcdef");
    put(&leftover, b"");
    let before = fs::read(folder.join("journal")).unwrap();
    let said = ok(&home, &["redact", word(&folder), "--command", "2-3", "--note", "--dry-run"]);
    let rows: Vec<&str> = said.lines().collect();
    assert_eq!(rows.len(), 3, "{said}");
    assert!(rows[0].contains("start") && rows[0].contains(&format!("export WORD={CANARY}")), "{said}");
    assert!(
        rows[1].ends_with("command of command 3  make test\\n") || rows[1].ends_with("make test"),
        "{said}"
    );
    assert!(rows[2].contains("note") && rows[2].contains("text"), "{said}");
    let value = json(&ok(&home, &["redact", word(&folder), "--note", "--dry-run", "--json"]));
    assert_eq!(
        (&value["dryRun"], &value["texts"][0]["text"]),
        (&true.into(), &format!("it is {CANARY}").into())
    );
    assert_eq!(fs::read(folder.join("journal")).unwrap(), before);
    assert!(leftover.exists());
    // Done, it prints no text: the log of a job would keep it.
    let value = ok(&home, &["redact", word(&folder), "--note", "--command=2", "--json"]);
    assert!(!value.contains(CANARY) && json(&value)["texts"].as_array().unwrap().len() == 2, "{value}");
}

#[test]
fn a_call_that_means_nothing_takes_something_out() {
    let (home, folder) = ended();
    let at = word(&folder);
    let before = fs::read(folder.join("journal")).unwrap();
    for (words, why) in [
        (&[][..], "nothing says which texts"),
        (&["--command", "9"], "--command 9: the session has 4 commands; nothing was taken out"),
        (&["--command", "0"], "--command 0: the session has 4 commands"),
        (&["--command", "1,9-10"], "--command 9-10: the session has 4"),
        (&["--command", "3-9"], "--command 3-9: the session has 4"),
        (&["--command", "x"], "not a list of numbers"),
        (&["--command", "3-1"], "not a list of numbers"),
        (&["--command", "+1"], "not a list of numbers"),
        (&["--command", "1", "--match", "nowhere"], "--match nowhere: no text that is there fits"),
        (&["--match", "("], "not a regular expression"),
        (&["--match", "x*"], "fits the empty text"),
        (&["--rule", "github-token"], "--rule github-token: no text that is there fits"),
        (&["--rule", ""], "the name is empty"),
        (&["--fact", "git"], "--fact git: no text that is there fits"),
        (&["--note=1"], "--note=1: no text that is there fits"),
    ] {
        let text = fails(&home, 2, &[&["redact", at][..], words].concat());
        assert!(text.contains(why), "{words:?}: {text}");
    }
    assert_eq!(fs::read(folder.join("journal")).unwrap(), before);
    ok(&home, &["redact", at, "--command", "2"]);
    let text = fails(&home, 2, &["redact", at, "--command", "2"]);
    assert!(text.contains("withheld, or taken out before"), "{text}");
}

#[test]
fn what_goes_on_or_was_sealed_is_redacted() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    typed(&home, &shell, 1, "make\n");
    let text = fails(&home, 2, &["redact", &shell.folder, "--command", "1"]);
    assert!(text.contains("has not ended") && text.contains("attesh stop "), "{text}");
    // A copy of what goes on.
    bash(&home.path("work"), &format!("cp -a {} copy; cp -a {0} open; chmod 755 open", shell.folder));
    fails(&home, 5, &["redact", "./copy", "--command", "1"]);
    fails(&home, 5, &["redact", "./open", "--command", "1"]);
    ok(&home, &["status", &shell.folder]);
    shell.call(&home, Verb::Close, [Key::Native.is(1), Key::Why.is("exit"), Key::Status.is(0)]);
    for copy in ["./copy", "./open"] {
        let text = fails(&home, 2, &["redact", copy, "--command", "1"]);
        assert!(text.contains("has not ended, and it may go on where its state is"), "{text}");
    }
    let link = home.path("work/linked");
    bash(
        &home.path("work"),
        &format!("cp -a {} linked; cd linked; mv journal j; ln -s j journal", shell.folder),
    );
    fails(&home, 5, &["redact", word(&link), "--command", "1"]);
    ok(&home, &["seal", &shell.folder, "--key", "key", "-o", "a.intoto.json"]);
    let text = fails(&home, 2, &["redact", &shell.folder, "--command", "1"]);
    assert!(text.contains("was sealed in") && text.contains("a.intoto.json, which has its texts"), "{text}");
    // A seal that was killed behind its envelope did not list it.
    let list = Path::new(&shell.folder).join("sealed");
    let begun = fs::read(&list).unwrap();
    let begun: Vec<u8> = begun.split_inclusive(|byte| *byte == b'\n').next().unwrap().to_vec();
    assert!(begun.starts_with(b"? /"), "{}", String::from_utf8_lossy(&begun));
    put(&list, &begun);
    let text = fails(&home, 2, &["redact", &shell.folder, "--command", "1"]);
    assert!(text.contains("a.intoto.json, which has its texts"), "{text}");
    fs::remove_file(home.path("work/a.intoto.json")).unwrap();
    let said = attesh(&home, &["redact", &shell.folder, "--command", "1", "--dry-run"]);
    assert!(
        said.code == Some(0) && said.err.contains("a.transcript: a seal that did not end wrote it"),
        "{}",
        said.err
    );
    let unfinished = home.path("work/.a.transcript.0123456789abcdef");
    put(&unfinished, b"make\n");
    ok(&home, &["redact", &shell.folder, "--command", "1", "--json"]);
    assert!(!unfinished.exists());
    put(&Path::new(&shell.folder).join("sealed"), b"\n");
    let text = fails(&home, 2, &["redact", &shell.folder, "--command", "1"]);
    assert!(text.contains("an envelope that"), "{text}");
}

#[test]
fn a_journal_that_is_not_what_was_recorded_is_redacted() {
    let (home, folder) = ended();
    let journal = folder.join("journal");
    let bytes = fs::read(&journal).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    put(&journal, text.replacen("make test", "make tost", 1).as_bytes());
    let before = fs::read(&journal).unwrap();
    let text = fails(&home, 3, &["redact", word(&folder), "--command", "2"]);
    assert!(text.contains("is not what was recorded"), "{text}");
    assert_eq!(fs::read(&journal).unwrap(), before);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_session_whose_state_is_lost_keeps_its_texts_for_good() {
    let home = with_key();
    let shell = Shell::open(&home, std::process::id());
    typed(&home, &shell, 1, &format!("echo {CANARY}\n"));
    let journal = Path::new(&shell.folder).join("journal");
    // A line that was never acknowledged holds a text, too.
    let mut file = fs::OpenOptions::new().append(true).open(&journal).unwrap();
    file.write_all(format!("{{\"i\":{CANARY}").as_bytes()).unwrap();
    bash(home.runtime(), "rm -r attesh");
    ok(&home, &["redact", &shell.folder, "--command", "1"]);
    assert_eq!(holding(Path::new(&shell.folder), CANARY), [] as [PathBuf; 0]);
    let text = fails(&home, 4, &["verify", &shell.folder]);
    assert!(text.contains("; 1 text redacted"), "{text}");
    ok(&home, &["seal", &shell.folder, "--key", "key", "-o", "a.intoto.json"]);
}

#[test]
fn a_copy_loses_its_mode_or_the_other_its_text() {
    let (home, folder) = ended();
    let copy = home.path("work/artifact");
    bash(
        &home.path("work"),
        &format!("cp -r {} artifact; chmod 755 artifact; chmod 640 artifact/journal", word(&folder)),
    );
    fs::hard_link(copy.join("journal"), home.path("work/elsewhere")).unwrap();
    let said = attesh(&home, &["redact", "./artifact", "--match", CANARY]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("kept with its texts by 1 hard link"), "{}", said.err);
    assert_eq!(copy.join("journal").metadata().unwrap().permissions().mode() & 0o7777, 0o640);
    assert_eq!(holding(&copy, CANARY), [] as [PathBuf; 0]);
    assert_eq!(holding(&folder, CANARY), [folder.join("journal")]);
    assert!(ok_or(4, &home, &["verify", "./artifact"]).contains("2 texts redacted"));
}

#[test]
fn a_script_keeps_the_text_of_a_command_that_was_taken_out() {
    let place = Place::new(&format!("cd /\nexport WORD={CANARY}\nfalse\n"));
    let said = place.attesh(&["sh", "script.sh"]);
    assert_eq!(said.status.code(), Some(1));
    let folder = place.session();
    let at = word(&folder);
    let told = |words: &[&str]| {
        let output = place.attesh(words);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let policy = told(&["policy", "from-script", "script.sh"]).1;
    place.write("policy.toml", &policy.replace("exit = [0]", "exit = [0, 1]"));
    let (code, out, err) = told(&["redact", at, "--command", "2"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("script, which holds command 2"), "{out}");
    assert_eq!(holding(&folder, CANARY), [] as [PathBuf; 0]);
    let plan = records(&folder).into_iter().find(|record| record.kind() == "plan").unwrap();
    assert_eq!((plan.text("script"), plan.text("ranges").is_some()), (None, true));
    assert_eq!(plan.number("count"), Some(3));
    let log = told(&["log", at]).1;
    assert!(log.contains("script.sh in shell") && log.contains("3 units: (redacted)"), "{log}");
    // Order and statuses are still told.
    let predicate = place.predicate();
    let commands = predicate["commands"].as_array().unwrap();
    let units: Vec<_> = commands.iter().map(|one| (one["unit"].as_u64(), one["exitCode"].as_u64())).collect();
    assert_eq!(units, [(Some(1), Some(0)), (Some(2), Some(0)), (Some(3), Some(1))]);
    assert_eq!(
        (&predicate["plans"][0]["units"], &predicate["plans"][0]["sha256"]),
        (&Value::Null, &Value::Null)
    );
    let key = place.key();
    let public = format!("{key}.pub");
    let envelope = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let envelope =
        envelope.into_iter().find(|path| path.to_str().unwrap().ends_with(".intoto.json")).unwrap();
    let verdict = told(&["verify", word(&envelope), "--trust", &public]).1;
    assert!(verdict.contains("2 texts redacted"), "{verdict}");
    assert!(
        verdict.contains("unit by unit; of a script whose text was redacted the order and the statuses"),
        "{verdict}"
    );
    let (code, judged, _) =
        told(&["verify", word(&envelope), "--trust", &public, "--policy", "policy.toml", "--json"]);
    assert_eq!(code, Some(1));
    assert!(judged.contains("script.plan-units") && judged.contains("session.redacted"), "{judged}");
}

#[test]
fn a_fact_is_named_by_its_type_and_its_part() {
    let home = Home::new();
    fs::create_dir(home.path("work/in")).unwrap();
    home.file("work/in/secret-plan.txt", "");
    let mut start = home.command(Path::new(ATTESH));
    start.args(["start", "one", "--materials", "in", "--env", "HOSTNAME"]);
    start.env("ATTESH_COLLECT", "environment").env("HOSTNAME", "venus").env("LANG", "C");
    assert!(start.output().unwrap().status.success());
    ok(&home, &["stop", "one"]);
    let folder = home.sessions().remove(0);
    let names = |value: &Value| -> Vec<String> {
        value["texts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let dry =
        |words: &[&str]| json(&ok(&home, &[&["redact", "one", "--dry-run", "--json"][..], words].concat()));
    assert_eq!(names(&dry(&["--fact", "environment.env.LANG"])), ["env.LANG"]);
    let uri = "https://attesh.dev/fact/environment/v1";
    assert_eq!(names(&dry(&["--fact", &format!("{uri}.kernel")])), ["kernel"]);
    assert_eq!(names(&dry(&["--fact", uri])), names(&dry(&["--fact", "environment"])));
    assert_eq!(names(&dry(&["--host"])), ["host", "env.HOSTNAME"]);
    assert_eq!(names(&dry(&["--user"])), ["user"]);
    assert_eq!(names(&dry(&["--workdir"])), ["folder"]);
    // A file that belongs to a fact is one of its texts.
    let materials = dry(&["--fact", "materials"]);
    assert_eq!(materials["attached"].as_array().unwrap().len(), 1, "{materials}");
    let attached = folder.join("attached").join(materials["attached"][0].as_str().unwrap());
    assert!(attached.exists());
    assert_eq!(dry(&["--match", "secret-plan"])["attached"], materials["attached"]);
    assert_eq!(dry(&["--fact", "materials.root"])["attached"].as_array().unwrap().len(), 0);
    ok(&home, &["redact", "one", "--match", "secret-plan", "--host"]);
    assert!(!attached.exists());
    assert_eq!(holding(&folder, "secret-plan"), [] as [PathBuf; 0]);
    assert_eq!(holding(&folder, "venus"), [] as [PathBuf; 0]);
    let verdict = ok_or(4, &home, &["verify", "one"]);
    assert!(
        verdict.contains("not beside it: 1 attached file") && verdict.contains("2 texts redacted"),
        "{verdict}"
    );
}

#[test]
fn a_text_of_which_the_session_lives_is_taken_out_and_nothing_works() {
    let (home, folder) = ended();
    // Where its state was is a text, too.
    ok(&home, &["redact", word(&folder), "--match", "(?s)."]);
    for record in records(&folder) {
        let left: Vec<_> = record.texts.as_object().unwrap().values().collect();
        assert!(left.iter().all(|text| text[1] == ""), "{record:?}");
    }
    let status = ok(&home, &["status", word(&folder)]);
    assert!(status.contains("state     ended\n"), "{status}");
    for words in [&["log", word(&folder)][..], &["show", word(&folder)], &["sessions"]] {
        ok(&home, words);
    }
    let text = fails(&home, 5, &["note", "--session", word(&folder), "more"]);
    assert!(text.contains("has ended"), "{text}");
    ok(&home, &["prune", word(&folder), "--force"]);
}

#[test]
fn two_at_once_put_back_what_one_of_them_took_out() {
    let (home, folder) = ended();
    let session = Session::open(&folder).unwrap();
    ok(&home, &["redact", word(&folder), "--command", "2"]);
    let text = Redaction::begin(&session).unwrap_err().to_string();
    assert!(text.contains("another process has just redacted") && text.ends_with("; try again"), "{text}");
    let session = Session::open(&folder).unwrap();
    let _held = Redaction::begin(&session).unwrap();
    let text = fails(&home, 5, &["redact", word(&folder), "--command", "3"]);
    assert!(text.contains("has kept the journal locked"), "{text}");
}

/// The journals that may be there, and that a journal is one of them.
fn is_either(folder: &Path, old: &[u8], new: &[u8]) -> bool {
    let now = fs::read(folder.join("journal")).unwrap();
    assert!(now == old || now == new, "neither the old nor the new journal");
    now == new
}

#[test]
fn a_kill_leaves_half_a_journal() {
    let (home, folder) = ended();
    let (old, at) = (fs::read(folder.join("journal")).unwrap(), home.path("work/copy"));
    let copy = || {
        let _ = fs::remove_dir_all(&at);
        bash(&home.path("work"), &format!("cp -a {} copy", word(&folder)));
    };
    let redact = || {
        let mut command = home.command(Path::new(ATTESH));
        command.args(["redact", "./copy", "--match", CANARY]).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    copy();
    let calls = run(&mut redact(), None).calls;
    let new = fs::read(at.join("journal")).unwrap();
    assert!(new.len() < old.len());
    let (mut left, mut done) = (0, 0);
    // Before the journal is opened nothing of it happens.
    for kill in calls / 3..calls {
        copy();
        let traced = run(&mut redact(), Some((kill, Fault::Kill)));
        assert!(matches!(traced.code, None | Some(0)), "{kill}: {traced:?}");
        let is_new = is_either(&at, &old, &new);
        left += usize::from(fs::read_dir(&at).unwrap().count() > 1);
        done += usize::from(is_new);
        let again = attesh(&home, &["redact", "./copy", "--match", CANARY]);
        assert_eq!(again.code, Some(if is_new { 2 } else { 0 }), "{kill}: {}", again.err);
        assert!(is_either(&at, &old, &new), "{kill}");
        assert_eq!(holding(&at, CANARY), [] as [PathBuf; 0], "{kill}");
        assert_eq!(fs::read_dir(&at).unwrap().count(), 1, "{kill}");
    }
    assert!(left > 0 && done > 0, "of {calls} calls {left} left something, and {done} were late");
}

#[test]
fn a_session_is_sealed_with_a_text_that_is_taken_out_meanwhile() {
    let (home, folder) = ended();
    let files = ["a.intoto.json", "a.sigstore.json", "a.transcript"];
    let mut copied = 0;
    let mut seal = |at: Option<usize>| {
        copied += 1;
        let name = format!("copy{copied}");
        bash(&home.path("work"), &format!("cp -a {} {name}; rm -f {}", word(&folder), files.join(" ")));
        let place = format!("./{name}");
        let mut command = home.command(Path::new(ATTESH));
        command.args(["seal", &place, "--key", "key", "-o", "a.intoto.json"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (mut calls, mut redacted) = (0, None);
        let traced = run_watched(&mut command, None, |_| {
            if at == Some(calls) {
                redacted = attesh(&home, &["redact", &place, "--match", CANARY]).code;
            }
            calls += 1;
        });
        (traced.calls, redacted)
    };
    let calls = seal(None).0;
    assert!(!holding(&home.path("work"), CANARY).is_empty());
    let mut codes = Vec::new();
    for at in [calls / 4, calls * 3 / 4, calls - 1] {
        let redacted = seal(Some(at)).1;
        if redacted == Some(0) {
            for file in files {
                let held = fs::read_to_string(home.path(&format!("work/{file}"))).unwrap_or_default();
                assert!(!held.contains(CANARY), "{file} at {at} of {calls}");
            }
        }
        codes.push(redacted);
    }
    assert_eq!((codes[0], codes[2]), (Some(0), Some(2)), "{codes:?}");
}
