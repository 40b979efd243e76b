//! Commands that a message tells a person to type, with names of others in them: the shell that
//! runs one reads each name as one word, that name.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::stage::programs::{Said, attesh};
use crate::stage::pty::Home;

/// Names of files that a shell or an option parser would take for more than a name.
const HOSTILE: &[&str] = &[
    "a b",
    "a; touch PWNED #",
    "a; b.toml",
    "it's",
    "\"$(touch PWNED)\"",
    "`touch PWNED`",
    "-rf",
    "~",
    "*",
    "a\\",
    "=ls",
    "a\nb",
    "a\ttab",
    "\x1b[31m' #",
    "\u{202e}x",
];

/// Whether every POSIX shell can read it: `$'...'` is of 2024, and dash has none.
fn needs_bash(name: &str) -> bool {
    name.contains(|c: char| c.is_control() || c == '\u{202e}')
}

/// The words that a shell hands over for a line of text that a message shows.
fn words_of(shell: &str, line: &str) -> Vec<Vec<u8>> {
    // The stub stands in the place of whatever program the line names.
    let script = format!("stub() {{ printf '%s\\0' \"$@\"; }}\nstub {line}\n");
    let folder = tempfile::tempdir().unwrap();
    let out = Command::new(shell).args(["-c", &script]).current_dir(&folder).output().unwrap();
    assert!(
        out.status.success() && out.stderr.is_empty(),
        "{line}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{line} did something else");
    out.stdout.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// What the command in a message comes to, typed: the words of the result, without the empty
/// one behind the last.
fn check(said: &Said, hostile: &str, wanted: &[&OsStr]) {
    let value: Value = serde_json::from_str(&said.out).unwrap_or_else(|why| panic!("{why}: {}", said.out));
    let failure = if value["failure"].is_null() { &value } else { &value["failure"] };
    let text = failure["next"]["text"].as_str().unwrap_or_else(|| panic!("{hostile:?}: {value}"));
    let line = text.split_once("type: ").unwrap_or_else(|| panic!("{text}")).1;
    assert!(said.err.contains(line), "{line} is not in {}", said.err);
    assert!(!line.contains(char::is_control), "{line:?}");
    for shell in if needs_bash(hostile) { &["bash"][..] } else { &["bash", "sh"] } {
        let mut words = words_of(shell, line);
        words.pop();
        let wanted: Vec<Vec<u8>> = wanted.iter().map(|word| word.as_bytes().to_vec()).collect();
        assert_eq!(words, wanted, "{shell}: {line}");
    }
    let argv: Vec<&str> =
        failure["next"]["argv"].as_array().unwrap().iter().flat_map(Value::as_str).collect();
    assert_eq!(argv, wanted.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>());
}

/// A path as a message shows it, where it could be taken for an option.
fn shown(name: &str) -> String {
    if name.starts_with('-') { format!("./{name}") } else { name.to_owned() }
}

#[test]
fn a_name_in_a_command_to_type_is_more_than_one_word() {
    for name in HOSTILE {
        let home = Home::new();
        let run = |words: &[&str]| attesh(&home, words);
        assert_eq!([run(&["start", "one"]).code, run(&["stop", "one"]).code], [Some(0); 2]);
        let (own, inner) = (shown(name), format!("{name}/none"));
        // A file that is missing in a folder of this name.
        std::fs::create_dir(home.path("work").join(name)).unwrap();
        let ls = ["ls", own.as_str()].map(OsStr::new);
        for words in [
            &["policy", "check", "--json", "--", &inner][..],
            &["policy", "explain", "--json", "--", &inner],
            &["policy", "from-script", "--", &inner],
            &["key", "trust", "--json", "--", &inner],
            &["show", "--json", "--", &inner],
        ] {
            let said = run(words);
            assert_eq!(said.code, Some(5), "{words:?}: {}", said.err);
            if words.contains(&"--json") {
                check(&said, name, &ls);
            }
        }
        let said = run(&["verify", "--", &inner]);
        let line = said.out.lines().next().and_then(|line| line.split_once("type: ")).unwrap().1;
        assert_eq!(words_of("bash", line)[1], own.as_bytes(), "{line}");
        // A key that is missing, a folder that is missing, a folder that others may use.
        let key = format!("./{name}.key");
        check(
            &run(&["seal", "one", "--json", "--key", &key]),
            name,
            &["attesh", "key", "generate", "-o", &key].map(OsStr::new),
        );
        let below = format!("./{name}.d/key");
        let said = run(&["key", "generate", "--no-passphrase", "--json", "-o", &below]);
        let folder = format!("./{name}.d");
        check(&said, name, &["mkdir", "-p", &folder].map(OsStr::new));
        let work = home.path("work").canonicalize().unwrap();
        let open = work.join(name);
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
        let dir = open.to_str().unwrap();
        if !name.contains(char::is_control) {
            let said = run(&["start", "--json", "--dir", dir]);
            check(&said, name, &["chmod", "go=", dir].map(OsStr::new));
        }
        // A file that is no session, and one that is no envelope.
        home.file(&format!("work/{name}.txt"), "{\"exitCode\":0}\n");
        let file = format!("./{name}.txt");
        check(&run(&["log", "--json", "--", &file]), name, &["attesh", "show", &file].map(OsStr::new));
        check(&run(&["show", "--json", "--", &file]), name, &["cat", &file].map(OsStr::new));
    }
}

#[test]
fn the_folder_of_a_session_in_a_command_to_type_is_more_than_one_word() {
    for name in HOSTILE.iter().filter(|name| !name.contains(char::is_control)) {
        let home = Home::new();
        let run = |words: &[&str]| attesh(&home, words);
        let dir = home.path("work").canonicalize().unwrap().join(name);
        let dir = dir.to_str().unwrap();
        let started = run(&["start", "--dir", dir]);
        assert_eq!(started.code, Some(0), "{name}: {}", started.err);
        let join = started.err.lines().find_map(|line| line.split_once("eval ")).unwrap().1;
        let script = format!("attesh() {{ printf '%s\\n' \"$#\" \"$4\"; }}\nprintf %s {join}\n");
        let shell = if needs_bash(name) { "bash" } else { "sh" };
        let joined = Command::new(shell).args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&joined.stdout), format!("4\n{dir}"), "{join}");
        let stopped = run(&["stop", "--dir", dir]);
        let line = stopped.err.lines().find_map(|line| line.split_once("type: ")).unwrap().1;
        let mut words = words_of(shell, line);
        words.pop();
        assert_eq!(words, [b"attesh", &b"seal"[..], dir.as_bytes()], "{line}");
        let again = run(&["note", "--session", dir, "late"]);
        assert!(again.code != Some(0), "{}", again.err);
        let line = again.err.split_once("type: ").unwrap_or_else(|| panic!("{}", again.err)).1;
        assert_eq!(words_of(shell, line.trim_end())[2], dir.as_bytes(), "{line}");
    }
}
