//! What the programs below a command make, change and remove (`--files`).

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::Command;

use attesh::fact::manifest::{Special, Thing};
use attesh::fact::process::{Told, When};
use attesh::fact::touched::Change;

use super::forms::{forms, told};
use crate::cli::messages::{ok, with_key};
use crate::stage::programs::{attesh, said};
use crate::stage::pty::{ATTESH, Home};
use crate::stage::world::skipped;

/// What became of names, by the command and the name.
type ByName = BTreeMap<(When, String), (Change, Thing, Vec<u64>)>;

/// The names below the working folder, with what became of them in each command.
fn touched(home: &Home, told: &Told) -> ByName {
    let work = home.path("work").canonicalize().unwrap().into_os_string().into_vec();
    let below = told.touched.iter().filter_map(|(when, one)| {
        let name = one.entry.path.strip_prefix(work.as_slice())?.strip_prefix(b"/")?;
        let name = String::from_utf8(name.to_vec()).unwrap();
        Some(((*when, name), (one.change, one.entry.thing.clone(), one.by.clone())))
    });
    below.collect()
}

/// What a command of the script `s.sh` touched: the names and what became of them.
fn changes(home: &Home, script: &str) -> Vec<(u64, String, &'static str)> {
    home.file("work/s.sh", script);
    let said = attesh(home, &["sh", "--trace", "--files", "--quiet", "s.sh"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told = told(&home.records());
    assert_eq!((told.gap(), told.nameless), (None, 0));
    let all = touched(home, &told).into_iter();
    let n = |when| match when {
        When::In(n) => n,
        other => panic!("{other:?}"),
    };
    all.map(|((when, name), (change, ..))| (n(when), name, change.name())).collect()
}

#[test]
fn a_file_is_told_of_another_command_or_with_another_end() {
    let home = with_key();
    ["old", "gone", "moved"].iter().for_each(|name| drop(home.file(&format!("work/{name}"), "before\n")));
    let script = "echo one > new; echo >> old\n\
        rm gone; mv moved here\n\
        cat old > /dev/null; : < old\n\
        mkdir sub && cd sub && cp ../old ./copy\n\
        ln -s copy link; echo more >> link; ln copy hard; rm ../here; truncate -s 3 ../new\n\
        echo x > passing; rm passing\n\
        echo x > made; chmod 600 made\n";
    let all = changes(&home, script);
    let expected = [
        (1, "new", "made"),
        (1, "old", "changed"),
        (2, "gone", "removed"),
        (2, "here", "made"),
        (2, "moved", "removed"),
        (4, "sub", "made"),
        (4, "sub/copy", "made"),
        (5, "here", "removed"),
        (5, "new", "changed"),
        (5, "sub/copy", "changed"),
        (5, "sub/hard", "made"),
        (5, "sub/link", "made"),
        (7, "sub/made", "made"),
    ];
    assert_eq!(all, expected.map(|(n, name, change)| (n, name.to_owned(), change)));
    let told = told(&home.records());
    assert_eq!(told.passing, 1);
    let touched = touched(&home, &told);
    // sha256sum of "bef", of nothing else.
    let sha256 = ok_digest(&home, "new");
    let (_, holds, by) = &touched[&(When::In(5), "new".to_owned())];
    assert!(
        matches!(holds, Thing::File { size: 3, mode: 0o644, sha256: own } if *own == sha256),
        "{holds:?}"
    );
    let who = &told.starts[&by[0]];
    assert_eq!((by.len(), who.words.as_ref().unwrap()[0].as_slice()), (1, &b"truncate"[..]));
    assert_eq!(touched[&(When::In(5), "sub/link".to_owned())].1, Thing::Link(b"copy".to_vec()));
    assert_eq!(touched[&(When::In(4), "sub".to_owned())].1, Thing::Special(Special::Folder));
}

/// The SHA-256 of a file by another program.
fn ok_digest(home: &Home, name: &str) -> [u8; 32] {
    let out = std::process::Command::new("sha256sum").arg(home.path("work").join(name)).output().unwrap();
    let hex = String::from_utf8(out.stdout).unwrap();
    data_encoding::HEXLOWER.decode(&hex.as_bytes()[..64]).unwrap().try_into().unwrap()
}

#[test]
fn a_process_of_an_earlier_command_touches_in_the_name_of_the_next() {
    let home = with_key();
    let made = std::process::Command::new("mkfifo").arg(home.path("work/fifo")).status().unwrap();
    assert!(made.success());
    let script = "( read line < fifo; echo x > early; : > done ) &\n\
        echo go > fifo; until [ -e done ]; do sleep 0.02; done\n\
        wait\n";
    let all = changes(&home, script);
    let of = |name: &str| all.iter().find(|one| one.1 == name).map(|one| (one.0, one.2));
    assert_eq!((of("early"), of("done")), (Some((1, "made")), Some((1, "made"))), "{all:?}");
}

#[test]
fn a_call_that_makes_or_removes_a_name_is_not_seen() {
    let Some(forms) = forms() else { return };
    let home = with_key();
    let program = forms.display().to_string();
    let said = attesh(&home, &["run", "--files", "--quiet", "--", &program, "names"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "ring 38\n"), "{}", said.err);
    let told = told(&home.records());
    assert_eq!((told.gap(), told.nameless), (None, 0));
    let names: Vec<String> = touched(&home, &told).into_keys().map(|(_, name)| name).collect();
    let mut expected: Vec<&str> = vec![
        "creat",
        "linkat",
        "mkdir",
        "mkdirat",
        "mknod",
        "mknodat",
        "open",
        "open32",
        "openat",
        "openat2",
        "rename",
        "renameat",
        "renameat2",
        "symlink",
        "symlinkat",
        "thread",
        "truncate",
        "tmpfile",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(told.passing >= 4, "{}", told.passing);
}

#[test]
fn what_was_touched_is_shown_otherwise() {
    let home = with_key();
    let words = ["run", "--files", "--seal", "t.intoto.json", "--key", "key", "sh", "-c"];
    let script = "mkdir many; i=0; while [ $i -lt 300 ]; do : > many/$i; i=$((i+1)); done; echo a > one";
    ok(&home, &[&words[..], &[script]].concat());
    let shown = ok(&home, &["show", "t.intoto.json", "--trust", "key.pub", "--processes"]);
    assert!(shown.contains("files: 302 made, 0 changed, 0 removed"), "{shown}");
    let row = shown.lines().find(|line| line.contains("/work/one ")).unwrap();
    assert!(
        row.trim_start().starts_with("made  /") && row.contains("by 1, 2 bytes, sha256:87428fc5"),
        "{row}"
    );
    // A list that is longer than a text stands in several facts.
    let lists = home.records().iter().filter(|record| record.word("type").ends_with("/files/v1")).count();
    assert!(lists > 1, "{lists}");
    let refused = attesh(&home, &["sh", "--files", "s.sh"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
}

/// The two looks at a folder are one witness of its files, the kernel is the other.
#[test]
fn two_witnesses_of_files_differ_in_silence() {
    let home = with_key();
    for (script, words) in [
        ("echo a > out/one; cp out/one out/two", "2 files; the kernel told of each with these bytes"),
        // Through a descriptor that was open before.
        (
            "echo a > out/one; echo b >&3",
            "2 files; of 1 file the kernel told nothing or other bytes, such as out/late",
        ),
    ] {
        home.file("work/s.sh", script);
        let options = "--materials . --products 'out/*' --seal t.intoto.json --force --key key";
        let call = format!(
            "rm -rf out; mkdir out; exec 3> out/late; exec {ATTESH} sh --trace --files --quiet {options} s.sh"
        );
        let mut command = home.command(Path::new("/bin/sh"));
        let ran = said(command.args(["-c", &call]));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let verdict = ok(&home, &["verify", "t.intoto.json", "--trust", "key.pub"]);
        assert!(verdict.contains(&format!("products      {words}")), "{verdict}");
    }
}

/// Names that lead elsewhere: what is told is what had the name when it was touched.
#[test]
fn a_name_is_told_of_another_file() {
    let home = with_key();
    for folder in ["r1", "r2", "own"] {
        std::fs::create_dir(home.path(&format!("work/{folder}"))).unwrap();
    }
    home.file("work/r2/f", "innocent\n");
    home.file("work/there", "x\n");
    let script = "ln -s r1 cur; echo evil > cur/f; ln -sfn r2 cur\n\
        exec 5<own; echo p > /dev/fd/5/a; echo p > /proc/self/cwd/own/b; mv own/b /proc/self/cwd/own/d\n\
        mkdir -p own; : < there; rm -f not-there; exec 7>>there\n\
        mkdir t; echo 1 > t/1; echo 2 > t/2; mv t final\n\
        exec 6> open; echo one >&6\n\
        echo two >&6\n";
    let all = changes(&home, script);
    let expected = [
        (1, "cur", "made"),
        (1, "r1/f", "made"),
        (2, "own/a", "made"),
        (2, "own/d", "made"),
        (4, "final", "made"),
        (4, "final/1", "made"),
        (4, "final/2", "made"),
        (5, "open", "made"),
    ];
    assert_eq!(all, expected.map(|(n, name, change)| (n, name.to_owned(), change)));
    let told = told(&home.records());
    let open = &touched(&home, &told)[&(When::In(5), "open".to_owned())].1;
    assert!(matches!(open, Thing::File { size: 8, .. }), "what it is at the end: {open:?}");
}

/// What a process with mounts of its own asks for nobody sees from here.
#[test]
fn what_is_asked_for_elsewhere_is_told_as_made() {
    let own = ["-rm", "sh", "-c"];
    if !Command::new("unshare").args(own).arg("true").status().is_ok_and(|status| status.success()) {
        return skipped("no namespace of mounts can be made here");
    }
    let home = with_key();
    let all = changes(
        &home,
        "unshare -rm sh -c 'echo a > one; : 2> not-there/x; exit 0'\n\
         unshare -rm sh -c 'echo a > two' && echo b >> two\n",
    );
    let expected = [(1, "not-there/x", "asked"), (1, "one", "asked"), (2, "two", "changed")];
    assert_eq!(all, expected.map(|(n, name, change)| (n, name.to_owned(), change)));
    let told = told(&home.records());
    let of = touched(&home, &told);
    let (_, thing, by) = &of[&(When::In(1), "one".to_owned())];
    assert_eq!((thing, by.len()), (&Thing::Special(Special::Elsewhere), 1));
    let (_, thing, by) = &of[&(When::In(2), "two".to_owned())];
    // Who asked elsewhere is not among those who touched it here.
    assert!(matches!(thing, Thing::File { size: 4, .. }) && by.len() == 1, "{thing:?} {by:?}");
    // A folder that gets another name here has under that what is here.
    let home = with_key();
    std::fs::create_dir(home.path("work/q")).unwrap();
    let script = "unshare -rm sh -c 'mount -t tmpfs t q && echo > q/x'; echo > q/y; mv q r\n";
    let all = changes(&home, script);
    assert!(all.contains(&(1, "r/y".to_owned(), "made")), "{all:?}");
    assert!(!all.iter().any(|(_, name, _)| name == "r/x"), "{all:?}");
}

/// What attesh keeps is no product of the script.
#[test]
fn the_journal_is_told_as_a_file_of_the_script() {
    let home = with_key();
    home.file("work/s.sh", &format!("{ATTESH} note hi\necho a > made\n"));
    let said = attesh(&home, &["sh", "--trace", "--files", "--quiet", "s.sh"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told = told(&home.records());
    let names: Vec<String> =
        told.touched.iter().map(|(_, one)| String::from_utf8_lossy(&one.entry.path).into_owned()).collect();
    assert_eq!(names, [home.path("work/made").display().to_string()]);
}
