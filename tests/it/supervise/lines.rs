//! The lines of each bash below a program (`attesh run --lines`).

use std::path::Path;
use std::process::Command;

use attesh::fact::process::{End, Told};

use super::forms::told;
use crate::cli::messages::{ok, with_key};
use crate::stage::programs::{Said, attesh, have, said};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::records::Rec;
use crate::stage::world::{sized, skipped};

/// What is told of a bash: the text of each line with its status, and how the bash was closed.
type Bash = (Vec<(String, Option<u64>)>, String);

/// What is told of each bash below the program, in the order in which they began.
fn bashes(records: &[Rec]) -> Vec<Bash> {
    let mut all: Vec<(u64, Bash)> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let own = record.number("shell");
        match record.kind() {
            "shell-open" if record.word("program") == "bash" => {
                all.push((at as u64, (Vec::new(), String::new())));
            }
            kind => {
                let Some((_, bash)) = all.iter_mut().find(|(shell, _)| own == Some(*shell)) else { continue };
                let text = || String::from_utf8(record.text("command").unwrap()).unwrap();
                match kind {
                    "start" => bash.0.push((text(), None)),
                    "finish" => bash.0.last_mut().unwrap().1 = record.number("status"),
                    "shell-close" => bash.1 = record.word("why").to_owned(),
                    _ => {}
                }
            }
        }
    }
    all.into_iter().map(|(_, bash)| bash).collect()
}

/// What is told of the starts below the program, which a bash that tells its lines does not tell again.
fn below(home: &Home) -> Told {
    let records = home.records();
    let is_bash = |shell: u64| records[usize::try_from(shell).unwrap()].word("program") == "bash";
    let others = records.iter().filter(|record| record.number("shell").is_none_or(|shell| !is_bash(shell)));
    told(&others.cloned().collect::<Vec<_>>())
}

/// Runs a program with and without a recording: both do the same. What is told of each bash.
fn alike(words: &[&str], set: &[(&str, &str)]) -> (Home, Vec<Bash>) {
    let home = with_key();
    let run = |words: &[&str]| {
        let mut command = home.command(Path::new("env"));
        command.args(words).envs(set.iter().copied());
        said(&mut command)
    };
    let plain = run(words);
    let recorded = run(&[&[ATTESH, "run", "--lines", "--wait", "--quiet"], words].concat());
    assert_eq!(
        (recorded.code, recorded.out.as_str(), recorded.err.as_str()),
        (plain.code, plain.out.as_str(), plain.err.as_str()),
        "{words:?}"
    );
    let told = bashes(&home.records());
    (home, told)
}

fn lines(all: &[(&str, Option<u64>)], why: &str) -> Bash {
    (all.iter().map(|(text, status)| ((*text).to_owned(), *status)).collect(), why.to_owned())
}

#[test]
fn a_line_of_a_bash_is_not_told_or_with_another_status() {
    let text =
        "echo a; (exit 3)\nls /no/such 2>/dev/null\nfor x in 1 2; do\n echo $x\ndone\n[ $# = 1 ]\nexit 4";
    let (home, told) = alike(&["bash", "-c", text, "name", "word"], &[]);
    let all = [
        ("echo a; (exit 3)", Some(3)),
        ("ls /no/such 2>/dev/null", None),
        ("for x in 1 2; do\n echo $x\ndone", Some(0)),
        ("[ $# = 1 ]", Some(0)),
        ("exit 4", Some(4)),
    ];
    assert_eq!(told, [lines(&all, "exit")]);
    // The starts below stand beside.
    let starts = below(&home);
    assert_eq!((starts.gap(), starts.starts.len()), (None, 2), "{starts:?}");
    // A text of one line ends as its bash does, whatever that becomes.
    for (text, status) in [("ls /no/such 2>/dev/null", 2), ("true; false", 1), ("exec sh -c 'exit 9'", 9)] {
        let (_, told) = alike(&["bash", "-c", text], &[]);
        assert_eq!(told, [lines(&[(text, Some(status))], "exit")]);
    }
    let (_, told) = alike(&["bash", "-c", "trap 'exit 5' EXIT; true"], &[]);
    assert_eq!(told, [lines(&[("trap 'exit 5' EXIT; true", None)], "exit")]);
    // A text of several lines that becomes another bash in its last.
    let (home, told) = alike(&["bash", "-c", "set -e\ntrue\nexec bash -c 'true; exit 3'"], &[]);
    let first = [("set -e", Some(0)), ("true", Some(0)), ("exec bash -c 'true; exit 3'", None)];
    assert_eq!(told, [lines(&first, "exit"), lines(&[("true; exit 3", Some(3))], "exit")]);
    let sessions = ok(&home, &["sessions"]);
    assert!(sessions.contains("yes"), "not complete: {sessions}");
    let (_, told) = alike(&["bash", "-c", "kill -9 $$"], &[]);
    assert_eq!(told, [lines(&[("kill -9 $$", Some(137))], "signal")]);
}

#[test]
fn a_bash_that_is_started_in_another_way_is_not_told() {
    let one = |text: &str| lines(&[(text, Some(0))], "exit");
    // A socket as standard input, without SHLVL.
    if have("python3") {
        let python = "import socket, subprocess\n\
            one, other = socket.socketpair()\n\
            subprocess.run(['bash', '-c', 'true; echo socket'], stdin=one)\n\
            listener = socket.create_server(('127.0.0.1', 0))\n\
            net = socket.create_connection(listener.getsockname())\n\
            subprocess.run(['bash', '-c', 'true; echo net'], stdin=net)\n";
        let (_, told) = alike(&["python3", "-c", python], &[]);
        assert_eq!(told, [one("true; echo socket"), one("true; echo net")]);
    } else {
        skipped("there is no python3");
    }
    let (_, told) = alike(&["sh", "-c", "bash -c 'echo 1\necho 2'; echo 3"], &[]);
    assert_eq!(told, [lines(&[("echo 1", Some(0)), ("echo 2", Some(0))], "exit")]);
    // Nested: the outer one begins first.
    let (_, told) = alike(&["bash", "-c", "bash -c 'bash -c \"echo in\"; true'\ntrue"], &[]);
    let texts: Vec<&str> = told.iter().map(|bash| bash.0[0].0.as_str()).collect();
    assert_eq!(texts, ["bash -c 'bash -c \"echo in\"; true'", "bash -c \"echo in\"; true", "echo in"]);
    let (_, told) = alike(&["bash", "-lc", "true; echo login"], &[]);
    assert_eq!(told, [one("true; echo login")]);
    // A file, by its first line too.
    let home = with_key();
    let script = home.file("work/s", "#!/bin/bash\ncd /\npwd\n");
    std::os::unix::fs::PermissionsExt::set_mode(&mut script.metadata().unwrap().permissions(), 0o755);
    let script = script.display().to_string();
    let (_, told) = alike(&["bash", &script], &[]);
    assert_eq!(told, [lines(&[("cd /", Some(0)), ("pwd", Some(0))], "exit")]);
    // Without BASH_ENV nobody tells its lines: its start stands alone.
    let (home, told) = alike(&["env", "-i", "/bin/bash", "-c", "/bin/echo a\n/bin/echo b"], &[]);
    assert_eq!(told, []);
    let starts = below(&home);
    let text = |start: &attesh::fact::process::Started| start.words.clone().unwrap().pop().unwrap();
    assert!(starts.starts.values().any(|start| text(start) == b"/bin/echo a\n/bin/echo b"), "{starts:?}");
}

#[test]
fn a_bash_does_otherwise_when_its_lines_are_told() {
    for text in [
        "set -e\ntrue\nfalse\necho never",
        "set -u\necho \"$_\" $?\nfalse\necho $? $_\necho $nothing\necho never",
        "trap 'echo debug $LINENO' DEBUG\necho a\nfalse\necho $?",
        "trap 'echo end $?' EXIT\necho a\n(exit 3)",
        "trap 'echo failed $LINENO' ERR\nfalse\necho a",
        "set -x\necho a\nfalse\necho b",
        "f() { return 4; }\nf\necho $? ${PIPESTATUS[@]}\nfalse | true\necho ${PIPESTATUS[@]}",
        "echo $LINENO\necho $LINENO $BASH_SUBSHELL $-\n( echo in; exit 2 )\necho $?",
        "exec 3>&1\necho a >&3\nexec /bin/echo instead",
        "cat <<X\nhere\nX\nread line <<<'a b'\necho \"$line\"",
        "set -T\ntrap 'echo ret' RETURN\ng() { :; }\ng\necho b",
        "compgen -e > all; grep -v '^BASH_ENV$\\|^ATTESH_SESSION$' all; shopt -p",
        "if",
        "echo a\nif",
        "echo a; }\necho b",
        "set -o posix\necho a\nfalse\necho $?",
        "set -a\nx=1\nenv | grep -c __attesh\ntrue",
        "ulimit -n 8\necho a\necho b\necho c",
        "kill -TERM $$\necho never",
        "set -r\ncd / 2>/dev/null\necho $?",
        "exec bash -c 'echo 1\nexit 3'",
    ] {
        for options in ["-c", "-ec", "-uc", "-xc"] {
            // The parts of a pipeline are traced in any order, and process ids differ.
            if options == "-xc" && (text.contains('|') || text.contains("$$")) {
                continue;
            }
            alike(&["bash", options, text], &[("ATTESH_SESSION", "")]);
        }
    }
}

#[test]
fn a_users_own_file_of_bash_is_not_read_or_not_for_children() {
    let home = with_key();
    let own = home.file("own", "echo own $BASH_ENV\nown=set\n").display().to_string();
    let set = [("BASH_ENV", own.as_str())];
    let (_, told) = alike(&["bash", "-c", "echo $own; bash -c 'echo $own'\ntrue"], &set);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[1], lines(&[("echo $own", Some(0))], "exit"));
    // One that traps what tells: of several lines nobody tells, of one its status is not said.
    let own = home.file("own", "trap 'echo bye' EXIT\n").display().to_string();
    let set = [("BASH_ENV", own.as_str())];
    let (_, told) = alike(&["bash", "-c", "true\nfalse"], &set);
    assert_eq!(told, []);
    let (_, told) = alike(&["bash", "-c", "true"], &set);
    assert_eq!(told, [lines(&[("true", None)], "exit")]);
}

#[test]
fn a_bash_that_hides_its_lines_or_runs_on_is_taken_for_one_that_told_all() {
    let (home, told) = alike(&["bash", "-c", "true\ntrap 'echo mine' DEBUG\nfalse\ntrue"], &[]);
    assert_eq!(told[0].1, "unknown");
    assert!(home.records().iter().any(|record| record.word("what") == "hook-removed"));
    // One that goes on beyond the end is told to there.
    let home = with_key();
    let script = "bash -c 'echo ready > out\nread line < fifo\necho on' > /dev/null 2>&1 & read line < out";
    let made = Command::new("mkfifo").args([home.path("work/fifo"), home.path("work/out")]).status();
    assert!(made.unwrap().success());
    let seal = ["run", "--lines", "--seal", "t.intoto.json", "--key", "key", "bash", "-c", script];
    let Said { code, err, .. } = attesh(&home, &seal);
    // It would wait for ever.
    let mut fifo = std::fs::OpenOptions::new().write(true).open(home.path("work/fifo")).unwrap();
    std::io::Write::write_all(&mut fifo, b"go\n").unwrap();
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("1 bash still ran when the program ended"), "{err}");
    let told = bashes(&home.records());
    assert_eq!((told.len(), told[1].1.as_str()), (2, "unknown"), "{told:?}");
    // The outer one may end before the next line is told.
    let (text, status) = told[1].0.last().unwrap();
    assert!(["echo ready > out", "read line < fifo"].contains(&text.as_str()) && status.is_none(), "{text}");
    let verdict = attesh(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
    assert!(verdict.code == Some(5) || verdict.out.contains("incomplete"), "{}", verdict.out);
}

/// A program tells of itself what bash would; what it tells of another process does not count.
#[test]
fn a_program_tells_lines_of_another() {
    let home = with_key();
    let open = "for word in 'B 5.2.15(1)-release  ' 'U 0 1 0 0 forged ' 'X 0 0 0 0 exit '; do\n\
        { exec 9<>\"/proc/attesh/$word\"; } 2>/dev/null || true\ndone\n";
    home.file("work/inner", &format!("{open}exec 9<>/proc/attesh/T\necho done\n"));
    // dash opens so, too, and is no bash whose text is known to be run by one.
    let said = attesh(&home, &["run", "--lines", "--quiet", "bash", "-c", "true\nsh inner; true\nfalse"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let told = bashes(&home.records());
    let outer = lines(&[("true", Some(0)), ("sh inner; true", Some(0)), ("false", Some(1))], "exit");
    assert!(told.contains(&outer), "{told:?}");
    assert!(!told.iter().any(|bash| bash.0.iter().any(|(text, _)| text == "forged")), "{told:?}");
}

#[test]
fn a_sealed_session_with_lines_is_not_verified_or_shown() {
    let home = with_key();
    let text = "echo a\n/bin/false\nexit 3";
    let said =
        attesh(&home, &["run", "--lines", "--seal", "t.intoto.json", "--key", "key", "bash", "-c", text]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), "a\n"), "{}", said.err);
    let verdict = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
    assert!(verdict.contains("each of 2 starts below was held until it was recorded"), "{verdict}");
    let shown = ok(&home, &["show", "t.intoto.json", "--trust", "key.pub"]);
    assert!(shown.contains("/bin/false") && shown.contains("exit 3"), "{shown}");
    assert_eq!(below(&home).starts[&1].end, Some(End::Exit(3)));
}

#[test]
fn a_script_that_attesh_sh_records_is_told_twice() {
    for by in ["", "traps"] {
        let home = with_key();
        home.file("work/s.sh", "echo a\n/bin/false\nbash -c 'echo in'\n");
        let mut command = home.command(Path::new(ATTESH));
        command
            .args(["run", "--lines", "--quiet", ATTESH, "sh", "--quiet", "s.sh"])
            .env("ATTESH_EVIDENCE", by);
        let said = said(&mut command);
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "a\nin\n", ""), "{by}");
        let all = bashes(&home.records());
        let script =
            lines(&[("echo a", Some(0)), ("/bin/false", Some(1)), ("bash -c 'echo in'", Some(0))], "exit");
        assert_eq!(all, [script, lines(&[("echo in", Some(0))], "exit")], "{by}");
    }
}

/// Many at once, as a build has them.
#[test]
fn a_bash_among_many_is_lost() {
    let count = sized(40, 400);
    let text = format!("for x in $(seq {count}); do bash -c \"echo $x\ntrue\" & done; wait");
    let home = with_key();
    let said = attesh(&home, &["run", "--lines", "--quiet", "bash", "-c", &text]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let told = bashes(&home.records());
    assert_eq!(told.len(), count + 1);
    assert!(told[1..].iter().all(|bash| bash.0.len() == 2 && bash.1 == "exit"), "{told:?}");
}
