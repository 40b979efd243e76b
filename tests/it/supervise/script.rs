//! What starts below a script (`attesh sh --trace`), unit by unit.

use std::path::Path;

use attesh::fact::process::{End, Told, When};

use super::forms::{forms, told};
use super::judged::judged;
use crate::cli::messages::{ok, with_key};
use crate::stage::programs::{Said, attesh, said};
use crate::stage::pty::{ATTESH, Home};

/// By whom units are seen.
const BY: [&str; 2] = ["", "traps"];

/// Runs a script, and seals it.
fn traced(home: &Home, by: &str, script: &str, options: &[&str]) -> Said {
    home.file("work/s.sh", script);
    let words = ["--seal", "t.intoto.json", "--force", "--key", "key", "s.sh"];
    let mut command = home.command(Path::new(ATTESH));
    command.args(["sh", "--trace"]).args(options).args(words).env("ATTESH_EVIDENCE", by);
    said(&mut command)
}

/// The unit, the words and the end of each start, in order.
fn starts_of(told: &Told) -> Vec<(When, String, Option<End>)> {
    let words = |words: &Vec<Vec<u8>>| String::from_utf8_lossy(&words.join(&b' ')).into_owned();
    let one = |start: &attesh::fact::process::Started| {
        assert!(!start.unsure, "{start:?}");
        (start.when, start.words.as_ref().map(words).unwrap(), start.end)
    };
    told.starts.values().map(one).collect()
}

/// What a script of several units starts, and in which of them.
#[test]
fn a_start_is_told_of_another_unit() {
    let script = "echo none\n\
        /bin/true one\n\
        ls /nonexistent 2>/dev/null\n\
        sleep 0.2 &\n\
        sh -c '/bin/false; kill -9 $$'\n\
        [ \"$(/bin/echo substituted)\" ]\n\
        trap '/bin/true trapped' EXIT\n\
        wait\n";
    for by in BY {
        let home = with_key();
        let said = traced(&home, by, script, &[]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), "none\n"), "{by} {}", said.err);
        let told = told(&home.records());
        assert_eq!(told.gap(), None, "{by}");
        let mut all = starts_of(&told);
        let bash = all.remove(0);
        assert_eq!((bash.0, bash.2), (When::Before, Some(End::Exit(0))), "{by}");
        assert!(bash.1.ends_with("bash s.sh"), "{by} {}", bash.1);
        // Where bash tells of its units by traps, what an EXIT trap starts is of the last of them.
        let last = if by.is_empty() { When::Outside } else { When::In(8) };
        for (n, words, end) in [
            (When::In(2), "/bin/true one", End::Exit(0)),
            (When::In(3), "ls /nonexistent", End::Exit(2)),
            (When::In(4), "sleep 0.2", End::Exit(0)),
            (When::In(5), "sh -c /bin/false; kill -9 $$", End::Signal(9)),
            (When::In(5), "/bin/false", End::Exit(1)),
            (When::In(6), "/bin/echo substituted", End::Exit(0)),
            (last, "/bin/true trapped", End::Exit(0)),
        ] {
            let at = all
                .iter()
                .position(|start| start.1 == words)
                .unwrap_or_else(|| panic!("{by} {words}: {all:?}"));
            assert_eq!(all.remove(at), (n, words.to_owned(), Some(end)), "{by}");
        }
        assert_eq!(all, [], "{by}");
    }
}

/// A process of an earlier unit starts something later, directly or through another.
#[test]
fn what_an_earlier_unit_left_running_is_told_of_the_next() {
    let script = "( read line < fifo; /bin/true early; sh -c '/bin/true deep'; echo done > back ) &\n\
        /bin/true between\n\
        echo go > fifo\n\
        read line < back\n\
        exec /bin/true instead\n";
    let home = with_key();
    ok(&home, &["--version"]);
    let made = std::process::Command::new("mkfifo")
        .args([home.path("work/fifo"), home.path("work/back")])
        .status()
        .unwrap();
    assert!(made.success());
    let said = traced(&home, "", script, &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told = told(&home.records());
    assert_eq!(told.gap(), None);
    let all = starts_of(&told);
    let of =
        |words: &str| all.iter().find(|start| start.1 == words).unwrap_or_else(|| panic!("{words}: {all:?}"));
    for (words, n) in
        [("/bin/true early", 1), ("/bin/true deep", 1), ("/bin/true between", 2), ("/bin/true instead", 5)]
    {
        assert_eq!(of(words).0, When::In(n), "{words}");
    }
    // bash itself became the last.
    assert!(matches!(all[0].2, Some(End::Became(_))), "{all:?}");
}

/// A process whose parent ended starts a program.
#[test]
fn a_start_by_an_orphan_is_told_of_no_unit_or_of_a_wrong_one() {
    let Some(forms) = forms() else { return };
    let home = with_key();
    let forms = forms.display();
    let script = format!("{forms} orphaned || :\nsleep 1 &\n{forms} orphaned || :\nwait\n");
    let said = traced(&home, "", &script, &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told = told(&home.records());
    assert_eq!(told.gap(), None);
    let all = starts_of(&told);
    let of: Vec<When> = all.iter().filter(|one| one.1 == "sh -c exit 41").map(|one| one.0).collect();
    // While something of an earlier unit lives, an orphan may be of that.
    assert_eq!(of, [When::In(1), When::Outside], "{all:?}");
}

#[test]
fn a_traced_script_is_shown_and_judged_otherwise() {
    let home = with_key();
    let said = traced(&home, "", "/bin/true a\n/bin/true b | cat\nexit 3\n", &["--quiet"]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{}", said.err);
    let shown = ok(&home, &["show", "t.intoto.json", "--trust", "key.pub", "--processes"]);
    let rows: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("script")).collect();
    assert!(rows[1].ends_with("1  /bin/true a") && rows[2].contains("/bin/true a  /bin/true"), "{shown}");
    assert!(
        rows[3].ends_with("2  /bin/true b | cat") && rows[4..6].iter().any(|row| row.contains("cat  /")),
        "{shown}"
    );
    assert!(
        shown.contains("before the first command") && shown.contains("4 program starts below, 1 failed"),
        "{shown}"
    );
    // The page tells the same, each start with its command.
    ok(&home, &["show", "t.intoto.json", "--trust", "key.pub", "--html", "t.html"]);
    let html = std::fs::read_to_string(home.path("work/t.html")).unwrap();
    let (_, commands) = html.split_once("<tr id=\"c1\"").unwrap();
    let (first, second) = commands.split_once("<tr id=\"c2\"").unwrap();
    let (second, others) = second.split_once("<tr id=\"c3\"").unwrap();
    assert!(first.contains("<code>/bin/true a</code></td>") || first.contains("<code>/bin/true a</code> <"));
    assert!(second.contains("<summary>2 program starts</summary>") && second.contains("<code>cat</code>"));
    assert!(others.contains("before the first command: 1 program start, 1 failed"), "{others}");
    assert!(others.contains("4 program starts below, 1 failed"), "{others}");
    let markdown = ok(&home, &["show", "t.intoto.json", "--trust", "key.pub", "--markdown"]);
    assert!(markdown.contains("* start 1 before the first command failed with 3: "), "{markdown}");
    let verdict = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
    let what = "unit by unit; what started below told by the kernel: each of 4 starts below was held";
    assert!(verdict.contains("read from bash") && verdict.contains(what), "{verdict}");
    for (table, code) in [
        ("require = [\"/bin/true\"]", None),
        ("require = [\"/bin/false\"]", Some("process.required")),
        ("deny = [\"cat\"]", Some("process.denied")),
    ] {
        assert_eq!(judged(&home, table).0.as_deref(), code, "{table}");
    }
    // Without the kernel's word nothing is known.
    home.file("work/s.sh", "/bin/true a\n");
    ok(&home, &["sh", "--seal", "t.intoto.json", "--force", "--key", "key", "s.sh"]);
    assert_eq!(judged(&home, "deny = [\"curl\"]").0.as_deref(), Some("process.unseen"));
}

#[test]
fn a_recorder_of_starts_that_dies_takes_the_script_with_it_or_goes_unsaid() {
    for by in BY {
        let home = with_key();
        let script = "/bin/true before\n\
            recorder=$(ps -o ppid= -p $PPID)\n\
            [ \"$(cat /proc/${recorder// }/comm)\" = attesh ] && kill -9 $recorder 2>/dev/null || echo refused\n\
            cp kill9 /dev/null; echo on > out\n";
        // Nothing below the script can kill it; a process outside can.
        let outside = format!(
            "while ! [ -e {0} ]; do sleep 0.02; done; kill -9 $(cat {0}); : > {1}",
            home.path("work/pid").display(),
            home.path("work/dead").display()
        );
        let mut killer = std::process::Command::new("sh").arg("-c").arg(outside).spawn().unwrap();
        let script = script.replace(
            "cp kill9 /dev/null",
            "echo ${recorder// } > new; mv new pid; until [ -e dead ]; do sleep 0.05; done; /bin/true after",
        );
        let said = traced(&home, by, &script, &["--quiet"]);
        killer.wait().unwrap();
        assert_eq!((said.code, said.out.as_str()), (Some(0), "refused\n"), "{by} {}", said.err);
        assert!(said.err.contains("the recorder of starts ended before the script: "), "{by} {}", said.err);
        let records = home.records();
        let told = told(&records);
        assert_eq!(told.gap().as_deref(), Some("the recording of starts did not come to its end"), "{by}");
        let anomalies: Vec<&str> = records
            .iter()
            .filter(|record| record.kind() == "anomaly")
            .map(|record| record.word("what"))
            .collect();
        assert_eq!(anomalies, ["recorder-reached", "recorder-lost"], "{by}");
        let verdict = attesh(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
        assert!(verdict.out.contains("and not of every start"), "{by} {}", verdict.out);
        assert_eq!(judged(&home, "deny = [\"curl\"]").0.as_deref(), Some("process.unseen"), "{by}");
    }
}

/// A program that the script started makes children of whoever runs the script.
#[test]
fn a_child_of_the_process_that_runs_the_script_is_not_seen() {
    let Some(forms) = forms() else { return };
    let home = with_key();
    let said = traced(&home, "", &format!("exec {} sibling\n", forms.display()), &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told = told(&home.records());
    assert_eq!(told.gap(), None);
    let all = starts_of(&told);
    assert!(all.iter().any(|start| start.1 == "sh -c exit 41" && start.2 == Some(End::Exit(41))), "{all:?}");
}

/// The same by bash itself, so that its child is one of whoever runs the script and not of bash.
#[test]
fn what_an_earlier_unit_made_beside_bash_is_told_of_the_next() {
    if forms().is_none() {
        return;
    }
    let home = with_key();
    let source = "#define _GNU_SOURCE\n#include <sched.h>\n#include <signal.h>\n#include <sys/syscall.h>\n#include <unistd.h>\n\
        __attribute__((constructor)) static void make(void)\n{\n\
        if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) {\n\
        usleep(500000);\nexecl(\"/bin/sh\", \"sh\", \"-c\", \"exit 41\", NULL);\n_exit(98);\n}\n}\n";
    let source = home.file("work/late.c", source);
    let built = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([home.path("work/late.so"), source])
        .status()
        .unwrap();
    assert!(built.success());
    let said = traced(&home, "", "enable -f ./late.so none 2>/dev/null\n/bin/sleep 1\n", &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told = told(&home.records());
    let all = starts_of(&told);
    let of: Vec<When> = all.iter().filter(|one| one.1 == "sh -c exit 41").map(|one| one.0).collect();
    assert_eq!((told.gap(), of), (None, vec![When::Outside]), "{all:?}");
}

#[test]
fn a_script_that_nobody_records_or_can_trace_is_run_otherwise() {
    let home = with_key();
    // A recorder of another session is there already.
    home.file("work/s.sh", "/bin/true inner\n");
    let other = home.path("work/other").display().to_string();
    let of_other = ["run", ATTESH, "sh", "--trace", "--quiet", "--dir", &other];
    let said = attesh(&home, &[&of_other[..], &["s.sh"]].concat());
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{}", said.err);
    assert!(said.err.contains("what starts below the script is not recorded: "), "{}", said.err);
    let said = attesh(&home, &[&of_other[..], &["--strict", "s.sh"]].concat());
    assert_eq!(said.code, Some(125), "{}", said.err);
    assert!(said.err.contains("because --strict was given"), "{}", said.err);
    // What bash cannot read has no unit, and an end.
    let said = traced(&home, "", "if\n", &["--quiet"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    let told = told(&home.records());
    assert!(told.starts.len() >= 2, "{told:?}");
}

/// A job that a runner has a bash read (`attesh init bash --ci`), with every program that starts.
#[test]
fn a_block_is_recorded_without_what_starts_in_it() {
    let text = format!(
        "eval \"$({ATTESH} init bash --ci)\"\n/bin/true one\nls /nonexistent 2>/dev/null; echo a > made\n( exit 3 )\n"
    );
    for (word, starts) in [("files", true), ("starts", true), ("", false), ("all", false)] {
        let home = with_key();
        home.file("work/job.sh", &text);
        let mut command = home.command(Path::new("/bin/bash"));
        let said = said(command.arg("job.sh").env("ATTESH_TRACE", word));
        assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{word} {}", said.err);
        assert_eq!(said.err.contains("ATTESH_TRACE is neither"), word == "all", "{}", said.err);
        let told = told(&home.records());
        if !starts {
            assert!(told.starts.is_empty() && told.count.is_none(), "{word}");
            continue;
        }
        assert_eq!(told.gap(), None, "{word} {}", said.err);
        let all = starts_of(&told);
        let of = |words: &str| {
            all.iter().find(|one| one.1 == words).map(|one| (matches!(one.0, When::In(_)), one.2))
        };
        assert_eq!(of("/bin/true one"), Some((true, Some(End::Exit(0)))), "{word} {all:?}");
        assert_eq!(of("ls /nonexistent"), Some((true, Some(End::Exit(2)))), "{word} {all:?}");
        let made = told.touched.iter().filter(|(_, one)| one.entry.path.ends_with(b"/made")).count();
        assert_eq!(made, usize::from(word == "files"), "{word}");
    }
    // The same variable asks attesh sh.
    let home = with_key();
    home.file("work/s.sh", "/bin/true\n");
    let asked = |word: &str| {
        let mut command = home.command(Path::new(ATTESH));
        said(command.args(["sh", "--quiet", "s.sh"]).env("ATTESH_TRACE", word))
    };
    assert_eq!(asked("starts").code, Some(0));
    assert_eq!(told(&home.records()).starts.len(), 2);
    let refused = asked("yes");
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("neither starts, files nor nothing"), "{}", refused.err);
}
