//! `attesh sh`: what is recorded of a script, and how it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::stage::pty::ATTESH;

/// A home, a folder to run in, and the script in it.
pub struct Place {
    pub home: TempDir,
    pub folder: TempDir,
}

impl Place {
    pub fn new(script: &str) -> Self {
        let place = Place { home: TempDir::new().unwrap(), folder: TempDir::new().unwrap() };
        place.write("script.sh", script);
        place
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        use std::io::Write as _;
        let path = self.folder.path().join(name);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    pub fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.folder.path());
        command
            .env_remove("ATTESH_SESSION")
            .env_remove("LD_LIBRARY_PATH")
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_CONFIG_HOME");
        // What `$_` is at first comes from whoever starts bash.
        command
            .env("ATTESH_COLLECT", "none")
            .env("_", "/usr/bin/bash")
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, program: &str, words: &[&str]) -> Output {
        use std::io::Write as _;
        let mut child = self.command(program, words).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(b"first line\nsecond line\n");
        child.wait_with_output().unwrap()
    }

    pub fn attesh(&self, words: &[&str]) -> Output {
        self.run(ATTESH, words)
    }

    /// The one session of this home.
    pub fn session(&self) -> PathBuf {
        let sessions = self.home.path().join(".local/state/attesh/sessions");
        let mut entries = std::fs::read_dir(&sessions).unwrap().map(|entry| entry.unwrap().path());
        entries.next().unwrap_or_else(|| panic!("no session in {}", sessions.display()))
    }

    /// The file of its key, made the first time.
    pub fn key(&self) -> String {
        let key = self.home.path().join("key").to_str().unwrap().to_owned();
        if !Path::new(&key).exists() {
            assert!(self.attesh(&["key", "generate", "-o", &key, "--no-passphrase"]).status.success());
        }
        key
    }

    /// Seals it and gives back the predicate.
    pub fn predicate(&self) -> Value {
        let key = self.key();
        let session = self.session();
        let words = ["seal", session.to_str().unwrap(), "--key", &key, "-o", "sealed.intoto.json", "--force"];
        let sealed = self.attesh(&words);
        assert!(sealed.status.success(), "{}", String::from_utf8_lossy(&sealed.stderr));
        let envelope = std::fs::read(self.folder.path().join("sealed.intoto.json")).unwrap();
        let envelope: Value = serde_json::from_slice(&envelope).unwrap();
        let payload =
            attesh::encoding::base64_strict(envelope["payload"].as_str().unwrap().as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&payload).unwrap()["predicate"].take()
    }

    /// Each command of the session: text, status or why it is missing, and a word for what is odd.
    pub fn story(&self) -> Vec<String> {
        let predicate = self.predicate();
        let commands = predicate["commands"].as_array().unwrap();
        let one = |command: &Value| {
            let status = match &command["exitCode"] {
                Value::Null => command["outcome"].as_str().unwrap_or("unknown").to_owned(),
                status => status.to_string(),
            };
            let odd = if command["unit"].is_null() { " unplanned" } else { "" };
            format!("{} {status}{odd}", command["command"].as_str().unwrap())
        };
        commands.iter().map(one).collect()
    }
}

/// Runs the script in bash and under `attesh sh`: all that can be seen must be the same.
fn same(options: &[&str], script: &str, arguments: &[&str]) -> Option<String> {
    let words: Vec<&str> = [options, &["script.sh"], arguments].concat();
    let alone = Place::new(script).run("bash", &words);
    let place = Place::new(script);
    let ours = place.attesh(&[&["sh"][..], &words].concat());
    let shown = |output: &Output| {
        use std::os::unix::process::ExitStatusExt as _;
        (
            output.status.code(),
            output.status.signal(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (alone, ours) = (shown(&alone), shown(&ours));
    (alone != ours).then(|| format!("{options:?} {script:?}\n  alone {alone:?}\n  ours  {ours:?}"))
}

#[test]
fn an_ending_differs_from_bash_alone() {
    let cases: [(&[&str], &str); 14] = [
        (&[], "echo a\nexit 3\necho b\n"),
        (&[], "echo a\nexec sh -c 'exit 12'\n"),
        (&[], "echo a\nkill -9 $$\n"),
        (&[], "echo a\nkill -TERM $$\necho b\n"),
        (&[], "set -u\necho $nope\necho b\n"),
        (&[], "echo a\nif true\n"),
        (&[], "echo a\n}\necho b\n"),
        (&["-n"], "echo a\n"),
        (&["-e"], "x=$(exit 7)\necho b\n"),
        (&["-e"], "echo a\n(exit 6)\necho b\n"),
        (&[], ""),
        (&[], "# nothing\n"),
        (&["-O", "nullglob", "-e"], "echo *.nothing\n"),
        (&["--norc", "--noprofile", "-eo", "pipefail"], "true | false\necho b\n"),
    ];
    let wrong: Vec<String> =
        cases.iter().filter_map(|(options, script)| same(options, script, &["arg"])).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_inherited_trace_shows_the_hook_or_nothing() {
    let seen = |program: &str, words: &[&str]| {
        let place = Place::new("echo a\nfalse\nbash -c 'echo b'\n");
        let output = place.command(program, words).env("SHELLOPTS", "xtrace:pipefail").output().unwrap();
        (output.status.code(), [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()))
    };
    let alone = seen("bash", &["script.sh"]);
    assert!(alone.1[1].starts_with("+ echo a\n"), "{alone:?}");
    assert_eq!(seen(ATTESH, &["sh", "script.sh"]), alone);
}

#[test]
fn a_unit_is_recorded_wrongly() {
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&[], "cd /\necho \"something\"\nfalse\n", &["cd / 0", "echo \"something\" 0", "false 1"]),
        (&[], "echo a\nexit 3\necho b\n", &["echo a 0", "exit 3 3"]),
        (&["-e"], "echo a\n(exit 6)\necho b\n", &["echo a 0", "(exit 6) 6"]),
        (&[], "(exit 6)\necho b\n", &["(exit 6) 6", "echo b 0"]),
        (&[], "f() { :; }\ng() { :; }\nf\n", &["f() { :; } 0", "g() { :; } 0", "f 0"]),
        (&[], "echo a\n( true )\n", &["echo a 0", "( true ) 0"]),
        (&[], "if true; then\n  false\nfi\necho b\n", &["if true; then\n  false\nfi 1", "echo b 0"]),
        (&[], "true|false\n:\n", &["true|false 1", ": 0"]),
        (&["-e"], "false && echo x\n! true\n:\n", &["false && echo x 1", "! true 1", ": 0"]),
        (&[], "exec sh -c 'exit 12'\n:\n", &["exec sh -c 'exit 12' 12"]),
        (&[], "echo a\nkill -9 $$\n:\n", &["echo a 0", "kill -9 $$ unknown"]),
        (&[], "sleep 0.01 &\nwait\n", &["sleep 0.01 & 0", "wait 0"]),
        (&[], "trap 'echo E' ERR\n(exit 5)\n:\n", &["trap 'echo E' ERR 0", "(exit 5) 5", ": 0"]),
        (
            &[],
            "echo a >&2 2>/dev/null; x=1\n((x))\n[[ a ]]\n",
            &["echo a >&2 2>/dev/null; x=1 0", "((x)) 0", "[[ a ]] 0"],
        ),
        (&[], "cat <<E\nb\nE\necho $'a\\tb'\n", &["cat <<E\nb\nE 0", "echo $'a\\tb' 0"]),
        (&[], "echo a\n}\n", &["echo a 0"]),
        (&["-u"], ": $x\n:\n", &[": $x 1"]),
        (
            &[],
            "eval \"$(printf ':\\nA=1\\nfalse\\n')\"\n(exit 2)\necho b\necho c\n",
            &["eval \"$(printf ':\\nA=1\\nfalse\\n')\" 1", "(exit 2) 2", "echo b 0", "echo c 0"],
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(options, script, expected)| {
            let place = Place::new(script);
            let _ = place.attesh(&[&["sh"][..], options, &["script.sh"]].concat());
            let found = place.story();
            (found != *expected).then(|| format!("{script:?}\n  expected {expected:?}\n  recorded {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_plan_is_not_the_script() {
    let script = "#!/bin/bash\n\ncd /\nif :\nthen :\nfi\n# end\nmake -n || true\n";
    let place = Place::new(script);
    let _ = place.attesh(&["sh", "script.sh"]);
    let plans = &place.predicate()["plans"];
    let plan = &plans[0];
    assert_eq!(plan["sha256"], attesh::encoding::hex(&attesh::crypto::sha256(&[script.as_bytes()])));
    let units: Vec<(u64, u64)> = plan["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| (unit["line"].as_u64().unwrap(), unit["lastLine"].as_u64().unwrap()))
        .collect();
    assert_eq!(units, [(3, 3), (4, 6), (8, 8)]);
    assert_eq!((&plan["evidence"], &plan["unchanged"]), (&Value::from("reader"), &Value::from(true)));
}

#[test]
fn a_script_that_writes_over_itself_does_not_show() {
    let place = Place::new("echo a\necho 'echo more' >> \"$0\"\necho b\n");
    let ran = place.attesh(&["sh", "script.sh"]);
    assert_eq!(ran.stdout, b"a\nb\nmore\n");
    let predicate = place.predicate();
    assert_eq!(predicate["plans"][0]["unchanged"], false);
    let said: Vec<&str> =
        predicate["anomalies"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert!(said.iter().any(|text| text.contains("not-as-planned")), "{said:?}");
    assert!(said.iter().any(|text| text.contains("script-changed")), "{said:?}");
}

#[test]
fn sealing_comes_too_late_or_changes_the_status() {
    let place = Place::new("echo a\nexit 4\n");
    let missing = place.attesh(&["sh", "--seal", "b.intoto.json", "--key", "none", "script.sh"]);
    assert_eq!((missing.status.code(), missing.stdout.as_slice()), (Some(2), &b""[..]));
    let key = place.home.path().join("key");
    let key = key.to_str().unwrap();
    assert!(place.attesh(&["key", "generate", "-o", key, "--no-passphrase"]).status.success());
    let ran = place.attesh(&["sh", "--seal", "b.intoto.json", "--key", key, "script.sh"]);
    assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(4), &b"a\n"[..]));
    let public = format!("{key}.pub");
    let verified = place.attesh(&["verify", "b.intoto.json", "--trust", &public]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let again = place.attesh(&["sh", "--seal", "b.intoto.json", "--key", key, "script.sh"]);
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!((again.status.code(), again.stdout.as_slice()), (Some(2), &b""[..]), "{said}");
    assert!(said.contains("in attesh sh and run with --seal"), "{said}");
    // The envelope's place is lost while the script runs.
    place.write("script.sh", "cd ..\nrm -r \"$OLDPWD\"/out\n");
    std::fs::create_dir(place.folder.path().join("out")).unwrap();
    let failed = place.attesh(&["sh", "--seal", "out/b.intoto.json", "--key", key, "script.sh"]);
    assert_eq!(failed.status.code(), Some(125), "{}", String::from_utf8_lossy(&failed.stderr));
    place.write("script.sh", "cd ..\nrm -r \"$OLDPWD\"/out\ntouch \"$OLDPWD\"/out\n");
    std::fs::create_dir(place.folder.path().join("out")).unwrap();
    let failed = place.attesh(&["sh", "--seal", "out/b.intoto.json", "--key", key, "script.sh"]);
    let said = String::from_utf8_lossy(&failed.stderr);
    assert_eq!(failed.status.code(), Some(125), "{said}");
    // What it says to type is the same seal: by this key, to this place.
    assert!(said.contains(&format!("type: attesh seal --key {key} -o out/b.intoto.json ")), "{said}");
}

#[test]
fn words_that_name_no_script_run_something() {
    let place = Place::new("echo a\n");
    for words in [&["sh", "-c"][..], &["sh", "-o"], &["sh", ""], &["sh", "--rcfile"]] {
        let said = place.attesh(words);
        assert_eq!((said.status.code(), said.stdout.as_slice()), (Some(2), &b""[..]), "{words:?}");
    }
    // bash reports a missing file itself.
    let said = place.attesh(&["sh", "nothing.sh"]);
    assert_eq!(said.status.code(), Some(127), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn a_script_goes_on_when_the_recorder_dies() {
    for (kill, shows) in
        [("kill -9 $PPID", false), ("trap : TRAP HUP TERM\nkill -9 $PPID", false), (":", true)]
    {
        let place = Place::new(&format!("echo one > one\n{kill}\nsleep 0.1\necho on > on\n"));
        let ran = place.attesh(&["sh", "script.sh"]);
        assert_eq!(ran.status.success(), shows, "{kill}");
        std::thread::sleep(std::time::Duration::from_millis(400));
        assert!(place.folder.path().join("one").exists(), "{kill}");
        assert_eq!(place.folder.path().join("on").exists(), shows, "{kill}");
        let end = place.predicate()["outcome"]["end"].take();
        assert_eq!(end == "COMPLETE", shows, "{kill}: {end}");
    }
}

#[test]
fn a_script_stops_when_the_recorder_dies() {
    let place = Place::new("kill -9 $PPID\nsleep 0.1\necho on > on\n:\necho done > done\n");
    // Traps tell of it: a bash that is watched ends with who watches it.
    let _ = place.command(ATTESH, &["sh", "script.sh"]).env("ATTESH_EVIDENCE", "traps").output().unwrap();
    for _ in 0..100 {
        if place.folder.path().join("done").exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the script did not go on");
}

#[test]
fn a_unit_ends_where_bash_does_not_end_it() {
    let corpus = [
        ("case x in\n  a) echo ;;\n  (b) : ;;\nesac\n:\n", "1-4,5-5"),
        ("echo \"a\nb\" 'c\nd'\n:\n", "1-3,4-4"),
        ("a && \\\nb\nfoo |\n# c\nbar\n:\n", "1-2,3-5,6-6"),
        ("x=$(cat <<E\n)\nE\n)\n:\n", "1-4,5-5"),
        ("f() (\n  :\n)\n:\n", "1-3,4-4"),
        ("a=(1\n2)\n:\n", "1-2,3-3"),
        ("[[ a &&\n b ]]\n:\n", "1-2,3-3"),
        ("cat <<-E\n\tx\n\tE\n:\n", "1-3,4-4"),
        ("cat <<A <<B\na\nA\nb\nB\n:\n", "1-5,6-6"),
        ("{ :\n}\nfor ((;;))\ndo break\ndone\n:\n", "1-2,3-5,6-6"),
        ("echo ok\n}\nrm -rf nothing\n{\n", "1-1"),
    ];
    let long = format!("f() {{\n{}}}\n:\n", "  echo \"$x\" 'y' $(date)\n".repeat(300));
    let cases = corpus.iter().map(|(text, ranges)| ((*text).to_owned(), (*ranges).to_owned()));
    for (script, expected) in cases.chain([(long, "1-302,303-303".to_owned())]) {
        // Nothing is run: -n.
        let place = Place::new(&script);
        let _ = place.attesh(&["sh", "-n", "script.sh"]);
        let plan = place.predicate()["plans"][0]["units"].take();
        let ranges: Vec<String> = plan
            .as_array()
            .unwrap()
            .iter()
            .map(|unit| format!("{}-{}", unit["line"], unit["lastLine"]))
            .collect();
        let found = ranges.join(",");
        assert!(
            found == expected || found.starts_with(&format!("{expected},2-")),
            "{script}\nfound {found}, expected {expected}"
        );
    }
}

#[test]
fn a_line_that_was_not_reached_does_not_show() {
    let place = Place::new("cd /\n# then\nif true; then\n  exit 3\nfi\necho never\n");
    let _ = place.attesh(&["sh", "script.sh"]);
    let session = place.session();
    let said = place.attesh(&["log", session.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let expected = "script script.sh in shell 1\n          0    1  cd /\n               2  # then\n          3    3  if true; then\n               4    exit 3\n               5  fi\nnot reached    6  echo never\n";
    assert_eq!(said, expected);
    let _ = place.predicate();
    let said = place.attesh(&["show", "sealed.intoto.json"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    // The comment is not in the payload.
    let sealed = expected.replace("               2  # then\n", "");
    assert!(said.ends_with(&format!("\n\n{sealed}")), "{said}");
    let said = place.attesh(&["log", session.to_str().unwrap(), "--json"]);
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let units = said["scripts"][0]["units"].as_array().unwrap();
    let ran: Vec<String> = units.iter().map(|unit| format!("{} {}", unit["line"], unit["seq"])).collect();
    assert_eq!(ran, ["1 1", "3 2", "6 null"]);
    assert_eq!(units[2]["command"], "echo never");
}

#[test]
fn a_unit_that_did_not_run_is_recorded() {
    for (script, ran) in [
        ("true\nbuiltin exit 0\n(true)\n", 2),
        ("true\neval 'exit 0'\n(true)\n", 2),
        ("true\ncommand exit\nf() { :; }\n", 2),
        ("(true)\nbuiltin exit\n(true)\n", 2),
        ("trap 'exit 0' TERM\nkill -TERM $$\nf() { :; }\n", 2),
        ("cat > script.sh <<'X'\nX\necho never\n", 1),
        ("cp script.sh kept; : > script.sh\ncp kept script.sh\necho never\n(true)\n", 1),
        ("set -n\n(true)\n", 1),
    ] {
        let place = Place::new(script);
        let _ = place.attesh(&["sh", "script.sh"]);
        let commands = place.predicate()["commands"].as_array().unwrap().len();
        assert_eq!(commands, ran, "{script}");
    }
}

#[test]
fn a_script_that_can_be_read_once_is_swallowed() {
    let script = "echo $0 $*\nread -r line\nnot a command\necho $line; exit 3\n";
    let forms = [
        ("cat script.sh | 'ATTESH' sh /dev/stdin a", ""),
        ("'ATTESH' sh -s a < script.sh", "bash -s a < script.sh"),
        ("cat script.sh | 'ATTESH' sh", "cat script.sh | bash"),
        ("exec 9< <(cat script.sh); 'ATTESH' sh /dev/fd/9 a </dev/null", ""),
        (
            "'ATTESH' sh -c \"$(cat script.sh)\" name a < script.sh",
            "bash -c \"$(cat script.sh)\" name a < script.sh",
        ),
    ];
    for (ours, alone) in forms {
        let run = |line: &str| {
            let place = Place::new(script);
            let line = line.replace("ATTESH", ATTESH);
            let output = place.command("bash", &["-c", &line]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (place, output.status.code(), said, String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (place, code, out, said) = run(ours);
        if !alone.is_empty() {
            let (_, alone_code, alone_out, _) = run(alone);
            assert_eq!((code, &out), (alone_code, &alone_out), "{ours}: {said}");
        }
        assert_eq!(code, Some(3), "{ours}: {said}");
        let predicate = place.predicate();
        assert_eq!(predicate["plans"][0]["evidence"], "reader", "{ours}");
        assert_eq!(predicate["plans"][0]["units"].as_array().unwrap().len(), 4, "{ours}");
        assert_eq!(predicate["outcome"]["end"], "COMPLETE", "{ours}");
    }
}

#[test]
fn a_script_that_nobody_can_plan_is_complete() {
    let place = Place::new(&format!("{}exit 3\n", "# a remark\n".repeat(100_000)));
    let long = place.attesh(&["sh", "--strict", "script.sh"]);
    assert_eq!(long.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&long.stderr).contains("more than 1048576 bytes: it has no plan"));
    assert_eq!(place.story(), ["exit 3 3 unplanned"]);
    let place = Place::new("");
    let line = format!("mkfifo pipe; (echo 'echo a; exit 3' > pipe) & '{ATTESH}' sh pipe");
    let output = place.command("bash", &["-c", &line]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b"a\n"[..]), "{said}");
    assert!(said.contains("not a file that can be read twice"), "{said}");
    assert_eq!(place.predicate()["outcome"]["end"], "INCOMPLETE");
}
