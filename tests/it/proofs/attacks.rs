//! The moves that are open to a command of the same user while it is recorded, and what each
//! comes to: docs/threat-model.md says it, and a move that comes to something else fails here.
//!
//! A lock that is kept, a full disk and a journal that is changed in place are in
//! `recorder::writers`, `proofs::inject` and `recorder::tamper`; hooks that are taken off are in the matrix.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use attesh::crypto::{Seed, label};
use attesh::encoding::hex;
use attesh::journal::chain::{self, Auth};
use attesh::journal::check::{Knowledge, check};
use attesh::journal::line;
use attesh::journal::state::newest;
use attesh::protocol::{Key, Verb};

use crate::run::script::Place;
use crate::stage::fault::run_watched;
use crate::stage::programs;
use crate::stage::pty::ATTESH;
use crate::stage::world::{Opened, World, a_bash, code, put, skipped};
use crate::verify::rules::codes;

/// The head of the journal now, as a log would keep it.
fn head(at: &Opened) -> String {
    let checked = at.check();
    let session = &checked.genesis_body().unwrap().session;
    format!("{session}:{}:{}", checked.size, hex(&checked.root))
}

fn expecting(world: &World, at: &Opened, head: &str) -> Option<i32> {
    code(&mut world.attesh(&["verify", at.folder.to_str().unwrap(), "--expect-head", head]))
}

fn seed(world: &World, at: &Opened) -> Seed {
    newest(&fs::read(world.state_file(at)).unwrap()).unwrap().0.seed
}

/// Journal and state as they are, to be put back later, in place.
struct Copy {
    journal: Vec<u8>,
    state: Vec<u8>,
}

impl Copy {
    fn of(world: &World, at: &Opened) -> Self {
        Copy { journal: at.bytes(), state: fs::read(world.state_file(at)).unwrap() }
    }

    fn put_back(&self, world: &World, at: &Opened) {
        let write = |path: &Path, bytes: &[u8]| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_len(bytes.len() as u64).unwrap();
            file.write_all_at(bytes, 0).unwrap();
        };
        write(&at.journal(), &self.journal);
        write(&world.state_file(at), &self.state);
    }
}

#[test]
fn who_reads_the_state_changes_an_earlier_record() {
    let (world, at) = World::after(3);
    let (bytes, stolen) = (at.bytes(), seed(&world, &at));
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let session = *uuid::Uuid::parse_str(&at.check().genesis_body().unwrap().session).unwrap().as_bytes();
    for forged in 1..lines.len() {
        let columns = line::split(lines[forged]).unwrap();
        let was = String::from_utf8(columns.core.to_vec()).unwrap();
        let core = was.replace("\"realtimeNs\":\"1", "\"realtimeNs\":\"2");
        assert_ne!(core, was, "record {forged} is not changed");
        let mut frontier = chain::Frontier::default();
        for line in &lines[..forged] {
            frontier.push(chain::leaf(line::split(line).unwrap().core));
        }
        frontier.push(chain::leaf(core.as_bytes()));
        let (root, tag) = (frontier.root(), columns.auth.tag);
        let message = attesh::crypto::step_message(&session, forged as u64, &root, &tag);
        for key in [stolen.clone(), stolen.next()] {
            let auth = Auth { signature: key.sign(&key.public(), &message), tag };
            let line = line::join(core.as_bytes(), columns.disclosures, &auth);
            let journal = [lines[..forged].concat(), line].concat();
            let checked = check(&journal[..], Knowledge::default(), &mut |_| {}).unwrap();
            assert_eq!(checked.rejection.map(|rejection| rejection.record), Some(forged as u64));
        }
    }
}

/// Searches all memory that a process can be made to give.
fn holds(pid: nix::unistd::Pid, wanted: &[[u8; 32]]) -> Vec<bool> {
    let mut found = vec![false; wanted.len()];
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    for map in fs::read_to_string(format!("/proc/{pid}/maps")).unwrap().lines() {
        let mut words = map.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|number| u64::from_str_radix(number, 16).unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            for (found, wanted) in found.iter_mut().zip(wanted) {
                *found |= bytes.windows(32).any(|window| window == wanted);
            }
        }
    }
    found
}

#[test]
fn who_traces_the_recorder_finds_an_earlier_key() {
    let world = World::new();
    let at = world.open(None);
    let private = |seed: &Seed| blake3::derive_key(label::SIGN, &seed.0);
    let mut earlier = Vec::new();
    for n in 1..=3 {
        for mut call in [world.start(&at, n, false), world.finish(&at, n, false)] {
            let now = seed(&world, &at);
            let (mut stops, mut seen) = (0, false);
            let traced = run_watched(&mut call, None, |pid| {
                stops += 1;
                let held = holds(pid, &earlier);
                assert!(!held.contains(&true), "command {n}, call {stops}: a key of before");
                seen |= holds(pid, &[now.0])[0];
            });
            assert_eq!(traced.code, Some(0));
            // The one of now is there to be found.
            assert!(seen, "command {n}: the search finds nothing in {stops} stops");
            earlier.extend([now.0, private(&now)]);
        }
    }
}

#[test]
fn what_is_put_back_shows_nowhere() {
    let (world, at) = World::after(2);
    let copy = Copy::of(&world, &at);
    world.command(&at, 3);
    let kept = head(&at);
    copy.put_back(&world, &at);
    // The shell counts on: the one that was taken away is missing.
    world.command(&at, 4);
    assert_eq!(code(&mut world.close(&at, 4, false)), Some(0));
    let checked = at.check();
    assert_eq!(checked.rejection, None);
    assert_eq!(codes(&checked), ["gap"]);
    assert_eq!(expecting(&world, &at, &kept), Some(3));
}

#[test]
fn what_is_made_up_after_a_break_in_passes_a_head_that_was_kept() {
    let (world, at) = World::after(2);
    let (before, copy) = (head(&at), Copy::of(&world, &at));
    world.command(&at, 3);
    let kept = head(&at);
    copy.put_back(&world, &at);
    // In the place of what ran: nothing in the journal itself tells the two apart.
    world.command(&at, 3);
    assert_eq!(code(&mut world.close(&at, 3, false)), Some(0));
    assert!(at.check().story.is_complete());
    assert_eq!(expecting(&world, &at, &before), Some(0));
    assert_eq!(expecting(&world, &at, &kept), Some(3));
}

#[test]
fn a_record_in_the_name_of_a_shell_or_of_a_new_one_does_not_show() {
    let (world, at) = World::after(2);
    // In the name of the shell, whose own next call then brings a number that was used.
    world.command(&at, 3);
    for mut call in [world.start(&at, 3, false), world.finish(&at, 3, false)] {
        assert_eq!(code(&mut call), Some(0));
    }
    // As a shell of its own: it is one more, which names its process.
    let mut sleep = Command::new("sleep").arg("60").spawn().unwrap();
    let exported = Key::Exported.is(at.folder.display());
    let mut open = world.ask(Verb::Open, a_bash(sleep.id()).into_iter().chain([exported]));
    let output = open.stdout(Stdio::piped()).output().unwrap();
    let other = Opened::parse(&output.stdout);
    world.command(&other, 1);
    assert_eq!(code(&mut world.close(&other, 1, false)), Some(0));
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    assert_eq!(code(&mut world.close(&at, 3, false)), Some(0));
    let checked = at.check();
    assert_eq!(checked.rejection, None);
    assert_eq!((codes(&checked), checked.story.commands), (vec!["counter", "counter"], 5));
    assert!(String::from_utf8(at.bytes()).unwrap().contains(&format!("\"pid\":{}", sleep.id())));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "an attacker renames folders")]
fn a_folder_that_became_a_link_is_followed() {
    let (world, at) = World::after(2);
    let moved = at.folder.with_file_name("moved");
    fs::rename(&at.folder, &moved).unwrap();
    symlink(&moved, &at.folder).unwrap();
    let before = fs::read(moved.join("journal")).unwrap();
    assert_eq!(code(&mut world.start(&at, 3, false)), Some(5));
    assert_eq!(fs::read(moved.join("journal")).unwrap(), before);
    fs::remove_file(&at.folder).unwrap();
    fs::rename(&moved, &at.folder).unwrap();
    let states = world.runtime.path().join("attesh");
    let elsewhere = world.home.path().join("elsewhere");
    Command::new("cp").arg("-a").arg(&states).arg(&elsewhere).status().unwrap();
    fs::rename(&states, states.with_file_name("aside")).unwrap();
    symlink(&elsewhere, &states).unwrap();
    assert_eq!(code(&mut world.start(&at, 3, false)), Some(5));
    assert_eq!(at.bytes(), before);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "an attacker renames folders")]
fn an_early_end_or_a_lost_state_goes_unsaid_by_what_follows() {
    for (why, told, harm) in [
        (
            "stopped",
            "what this shell ran in between is in neither",
            &(|world: &World, at: &Opened| {
                let folder = at.folder.to_str().unwrap();
                assert_eq!(code(&mut world.attesh(&["stop", folder])), Some(0));
            }) as &dyn Fn(&World, &Opened),
        ),
        ("lost", "cannot go on: its state", &|world, at| fs::remove_file(world.state_file(at)).unwrap()),
        ("tampered", "changed from outside: its first record is not", &|world, at| {
            let mut open = world.ask(Verb::Open, a_bash(std::process::id()));
            let other = Opened::parse(&open.stdout(Stdio::piped()).output().unwrap().stdout);
            assert_eq!(code(&mut world.attesh(&["stop", other.folder.to_str().unwrap()])), Some(0));
            fs::remove_dir_all(&at.folder).unwrap();
            fs::rename(&other.folder, &at.folder).unwrap();
        }),
    ] {
        let (world, at) = World::after(2);
        harm(&world, &at);
        assert_eq!(code(&mut world.start(&at, 3, false)), Some(3), "{why}");
        let words = a_bash(std::process::id()).into_iter().chain(at.known()).chain([Key::Lost.is(1)]);
        let mut open = world.ask(Verb::Open, words);
        let output = open.stdout(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(told), "{why}: {said}");
        let next = Opened::parse(&output.stdout);
        let text = String::from_utf8(next.bytes()).unwrap();
        assert!(text.contains(&format!("\"why\":\"{why}\"")), "{text}");
    }
}

#[test]
fn another_user_reads_a_journal_or_a_state() {
    const UID: u32 = 54_321;
    if !nix::unistd::geteuid().is_root() {
        skipped("only root can become another user");
        return;
    }
    let (world, at) = World::after(1);
    for open in [world.home.path(), world.runtime.path()] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let reads = |path: &Path, uid: Option<u32>| {
        let mut cat = Command::new("cat");
        cat.arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(uid) = uid {
            cat.uid(uid).gid(uid);
        }
        cat.status().unwrap().success()
    };
    for path in [at.journal(), world.state_file(&at)] {
        assert!(reads(&path, None) && !reads(&path, Some(UID)), "{}", path.display());
    }
}

#[test]
fn an_older_session_passes_as_this_one() {
    let world = World::new();
    let older = world.open(None);
    world.command(&older, 1);
    let path = world.state_file(&older);
    let copy = Copy::of(&world, &older);
    assert_eq!(code(&mut world.close(&older, 1, false)), Some(0));
    let now = world.open(None);
    world.command(&now, 1);
    let kept = head(&now);
    // To the recorder it is foreign, with its state and without it: the shell knows the genesis
    // of its own.
    put(&now.journal(), &copy.journal);
    assert_eq!(code(&mut world.start(&now, 2, false)), Some(3));
    put(&path, &copy.state);
    assert_eq!(code(&mut world.start(&now, 2, false)), Some(1));
    assert_eq!(now.bytes(), copy.journal);
    // Sealed, it is a good record of another session: what tells is a head of this one.
    assert_eq!(code(&mut world.attesh(&["key", "generate", "-o", "k", "--no-passphrase"])), Some(0));
    let folder = older.folder.to_str().unwrap();
    assert_eq!(code(&mut world.attesh(&["seal", folder, "--key", "k", "-o", "a"])), Some(0));
    let verify = ["verify", "a", "--trust", "k.pub", "--journal", folder];
    assert_eq!(code(&mut world.attesh(&verify)), Some(0));
    assert_eq!(code(&mut world.attesh(&[&verify[..], &["--expect-head", &kept]].concat())), Some(3));
}

#[test]
fn a_command_that_means_something_else_shows() {
    let place = Place::new("make all\n");
    let mut sh = place.command(ATTESH, &["sh", "script.sh"]);
    let output = sh.env("BASH_FUNC_make%%", "() { echo not make; }").output().unwrap();
    assert_eq!(output.stdout, b"not make\n");
    assert_eq!(place.story(), ["make all 0"]);
    // Who sealed it can see that.
    assert_eq!(place.predicate()["plans"][0]["interpreter"]["inherited"], serde_json::json!(["BASH_FUNC"]));
}

#[test]
fn an_exit_within_the_last_unit_shows() {
    let place = Place::new(". ./env.sh && touch ran\n");
    place.write("env.sh", "exit 0\n");
    let _ = place.attesh(&["sh", "script.sh"]);
    assert_eq!(place.story(), [". ./env.sh && touch ran 0"]);
    assert!(!place.folder.path().join("ran").exists());
    // In an earlier unit the rest has no start.
    let place = Place::new(". ./env.sh\ntouch ran\n");
    place.write("env.sh", "exit 0\n");
    let _ = place.attesh(&["sh", "script.sh"]);
    assert_eq!(place.story(), [". ./env.sh 0"]);
}

/// A command of bash's own, which it loads.
const LOADED: &str = r#"
static int run(void *words) { return 0; }
static char *help[] = { "make", 0 };
struct { char *name; int (*run)(void *); int flags; char **help; char *usage; char *handle; }
make_struct = { "make", run, 1, help, "make", 0 };
"#;

#[test]
fn what_is_loaded_into_a_bash_shows() {
    if !programs::have("cc") {
        return;
    }
    let place = Place::new("enable -f ./make.so make\nmake all\n");
    place.write("make.c", LOADED);
    programs::ok(place.folder.path(), "cc", &["-shared", "-fPIC", "-o", "make.so", "make.c"]);
    let _ = place.attesh(&["sh", "script.sh"]);
    assert_eq!(place.story(), ["enable -f ./make.so make 0", "make all 0"]);
}

/// Writes what bash would say into each socket that it inherited, and tells how many there were.
const FORGER: &str = r#"
import os, stat
count = 0
for fd in range(3, 1024):
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            continue
        for said in [b"U 0 3 0 echo b ", b"F 7 2  python3 forger.py ", b"X 0 9  exit 0 "]:
            os.write(fd, said)
        count += 1
    except OSError:
        pass
print(count)
"#;

#[test]
fn a_child_of_a_script_is_taken_for_its_bash() {
    if !programs::have("python3") {
        return;
    }
    let place = Place::new("echo a\npython3 forger.py\necho b\n");
    place.write("forger.py", FORGER);
    // bash speaks for itself where its traps tell of the script.
    let mut sh = place.command(ATTESH, &["sh", "script.sh"]);
    let output = sh.env("ATTESH_EVIDENCE", "traps").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 3 && lines[1] != "0", "it found no socket: {said}");
    assert_eq!(place.story(), ["echo a 0", "python3 forger.py 0", "echo b 0"]);
    assert_eq!(place.predicate()["outcome"]["end"], "COMPLETE");
}
