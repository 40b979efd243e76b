//! Every way in which a journal can be other than the recorder left it.
//!
//! The recorder says so by its exit status, keeps every byte, and gives up the keys.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use attesh::journal::state::{Condition, SLOT_BYTES, newest};
use attesh::protocol::Verb;

use crate::stage::world::{Opened, World, a_bash, code, put};

const TAMPERED: Option<i32> = Some(1);
const OVER: Option<i32> = Some(3);
const UNABLE: Option<i32> = Some(5);

/// A session with two commands, left alone for longer than a tick of the clock.
fn session() -> (World, Opened) {
    let (world, at) = World::after(2);
    std::thread::sleep(Duration::from_millis(20));
    (world, at)
}

fn writable(path: &Path) -> File {
    OpenOptions::new().write(true).read(true).open(path).unwrap()
}

/// Does harm, calls the recorder twice, and checks what it says and leaves.
fn noticed(name: &str, harm: impl Fn(&World, &Opened), says: Option<i32>, gives_up_keys: bool) {
    let (world, at) = session();
    let state = world.state_file(&at);
    harm(&world, &at);
    let left = fs::read(at.journal()).unwrap_or_default();
    for call in 0..2 {
        assert_eq!(code(&mut world.start(&at, 3, false)), says, "{name}, call {call}");
        assert_eq!(fs::read(at.journal()).unwrap_or_default(), left, "{name}: bytes of the journal changed");
    }
    if gives_up_keys {
        let bytes = fs::read(&state).unwrap();
        let (slot, dirty) = newest(&bytes).unwrap();
        assert!(matches!(slot.condition, Condition::Tampered(_)), "{name}: not marked");
        assert!(!dirty && slot.seed.0 == [0; 32] && slot.chain_key.0 == [0; 32], "{name}: keys are left");
        assert_eq!(bytes.len(), 2 * SLOT_BYTES);
    }
    if says == TAMPERED || says == OVER {
        goes_on(&world, &at, name);
    }
}

/// The shell goes on in another session, which names the one before.
fn goes_on(world: &World, at: &Opened, name: &str) {
    let mut open = world.ask(Verb::Open, a_bash(std::process::id()).into_iter().chain(at.known()));
    let output = open.stdout(std::process::Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{name}: no successor");
    let next = Opened::parse(&output.stdout);
    assert_ne!(next.folder, at.folder, "{name}");
    let warning = String::from_utf8(output.stdout).unwrap().lines().nth(5).unwrap_or("").to_owned();
    assert!(warning.contains("cannot go on"), "{name}: no warning");
    let genesis = next.bytes();
    let why = ["\"why\":\"tampered\"", "\"why\":\"lost\""];
    let text = String::from_utf8_lossy(&genesis).into_owned();
    assert!(why.iter().any(|why| text.contains(why)), "{name}: {text}");
}

#[test]
fn a_journal_changed_from_outside_is_appended_to() {
    let edit =
        |at: &Opened, offset: u64, bytes: &[u8]| writable(&at.journal()).write_all_at(bytes, offset).unwrap();
    noticed("first byte of the last line", |_, at| edit(at, line_at(at, 5), b" "), TAMPERED, true);
    noticed("same length", |_, at| edit(at, line_at(at, 3) + 40, b"#"), TAMPERED, true);
    noticed("column 2", |_, at| edit(at, texts_at(at, 2), b"#"), TAMPERED, true);
    noticed("auth", |_, at| edit(at, line_at(at, 4) - 4, b"#"), TAMPERED, true);
    let cut = |at: &Opened, length: u64| writable(&at.journal()).set_len(length).unwrap();
    noticed("cut by a byte", |_, at| cut(at, at.bytes().len() as u64 - 1), TAMPERED, true);
    noticed("cut by a line", |_, at| cut(at, line_at(at, 5)), TAMPERED, true);
    let add = |at: &Opened, bytes: &[u8]| edit(at, at.bytes().len() as u64, bytes);
    noticed("a foreign line", |_, at| add(at, b"{}\t{}\tAAAA\n"), TAMPERED, true);
    noticed("an empty line", |_, at| add(at, b"\n"), TAMPERED, true);
    noticed("its last line again", |_, at| add(at, &last_line(at)), TAMPERED, true);
    noticed("two lines", |_, at| add(at, b"x\ny\n"), TAMPERED, true);
    noticed("three mebibytes", |_, at| add(at, &vec![b'x'; 3 << 20]), TAMPERED, true);
    noticed("a copy of itself", |_, at| put(&at.journal(), &at.bytes()), TAMPERED, true);
    noticed("genesis edited", |_, at| edit(at, genesis_digit(at), b"9"), TAMPERED, true);
    noticed(
        "the journal of another session",
        |world, at| {
            let other = world.open(None);
            put(&at.journal(), &other.bytes());
        },
        TAMPERED,
        false,
    );
}

fn line_at(at: &Opened, record: usize) -> u64 {
    let bytes = at.bytes();
    let mut starts =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u64 + 1);
    starts.nth(record - 1).unwrap()
}

fn texts_at(at: &Opened, record: usize) -> u64 {
    let start = line_at(at, record);
    let bytes = at.bytes();
    let from = usize::try_from(start).unwrap();
    start + bytes[from..].iter().position(|byte| *byte == b'\t').unwrap() as u64 + 40
}

fn last_line(at: &Opened) -> Vec<u8> {
    at.bytes().split_inclusive(|byte| *byte == b'\n').next_back().unwrap().to_vec()
}

/// A digit in genesis's recorder digest.
fn genesis_digit(at: &Opened) -> u64 {
    let bytes = at.bytes();
    let found = bytes.windows(10).position(|window| window == b"\"sha256\":\"").unwrap() + 10;
    let digit = bytes[found..].iter().position(|byte| *byte != b'9').unwrap();
    (found + digit) as u64
}

#[test]
fn a_torn_line_of_somebody_else_costs_more_than_itself() {
    // Bytes without a newline look as a killed recorder leaves them: cut off, and reported.
    let (world, at) = session();
    let before = at.bytes();
    writable(&at.journal()).write_all_at(b"{\"i\":6", before.len() as u64).unwrap();
    assert_eq!(code(&mut world.start(&at, 3, false)), Some(0));
    assert!(at.bytes().starts_with(&before));
    assert!(String::from_utf8(last_line(&at)).unwrap().contains("\"cutBytes\":6"));
}

#[test]
fn a_wrong_file_in_the_way_is_used() {
    let moved = |at: &Opened| {
        let aside = at.folder.join("aside");
        fs::copy(at.journal(), &aside).unwrap();
        fs::remove_file(at.journal()).unwrap();
        aside
    };
    noticed("a link", |_, at| symlink(moved(at), at.journal()).unwrap(), UNABLE, false);
    noticed(
        "a folder",
        |_, at| fs::create_dir(at.folder.join(moved(at)).with_file_name("journal")).unwrap(),
        UNABLE,
        false,
    );
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    noticed("readable by others", |_, at| mode(&at.journal(), 0o640), UNABLE, false);
    noticed("folder open to others", |_, at| mode(&at.folder, 0o750), UNABLE, false);
    noticed("state open to others", |world, at| mode(&world.state_file(at), 0o604), UNABLE, false);
    noticed(
        "state folder open to others",
        |world, _| mode(&world.runtime.path().join("attesh"), 0o755),
        UNABLE,
        false,
    );
    if nix::unistd::geteuid().is_root() {
        let give = |path: &Path| nix::unistd::chown(path, Some(1.into()), None).unwrap();
        noticed("of another user", |_, at| give(&at.journal()), UNABLE, false);
        noticed("folder of another user", |_, at| give(&at.folder), UNABLE, false);
    } else {
        crate::stage::world::skipped("only root can give files away");
    }
    noticed("vanished", |_, at| fs::remove_file(at.journal()).unwrap(), OVER, false);
    noticed("folder vanished", |_, at| fs::remove_dir_all(&at.folder).unwrap(), OVER, false);
}

#[test]
fn a_state_that_is_not_ours_is_used() {
    noticed("state vanished", |world, at| fs::remove_file(world.state_file(at)).unwrap(), OVER, false);
    let write = |world: &World, at: &Opened, bytes: &[u8], offset: u64| {
        writable(&world.state_file(at)).write_all_at(bytes, offset).unwrap();
    };
    noticed("state erased", |world, at| write(world, at, &[0; 2 * SLOT_BYTES], 0), OVER, false);
    noticed("state garbled", |world, at| write(world, at, &[7; 2 * SLOT_BYTES], 0), OVER, false);
    noticed("state emptied", |world, at| writable(&world.state_file(at)).set_len(0).unwrap(), OVER, false);
    noticed("state cut", |world, at| writable(&world.state_file(at)).set_len(100).unwrap(), OVER, false);
    let older = |world: &World, at: &Opened| {
        let old = fs::read(world.state_file(at)).unwrap();
        assert_eq!(code(&mut world.start(at, 3, false)), Some(0));
        assert_eq!(code(&mut world.finish(at, 3, false)), Some(0));
        write(world, at, &old, 0);
    };
    // One record more than the old state knows would be taken over; two are foreign.
    noticed("an older state", older, TAMPERED, true);
    let link = |world: &World, at: &Opened| {
        let (state, aside) = (world.state_file(at), world.home.path().join("aside"));
        fs::copy(&state, &aside).unwrap();
        fs::remove_file(&state).unwrap();
        symlink(&aside, &state).unwrap();
    };
    noticed("state a link", link, UNABLE, false);
}

#[test]
fn another_genesis_than_the_shell_knows_is_appended_to() {
    let (world, at) = session();
    let before = at.bytes();
    let stranger = Opened { genesis: "0".repeat(64), ..at.clone() };
    assert_eq!(code(&mut world.start(&stranger, 3, false)), TAMPERED);
    // A shell that is wrong costs the others nothing.
    assert_eq!(at.bytes(), before);
    assert_eq!(code(&mut world.start(&at, 3, false)), Some(0));
}

#[test]
fn a_session_that_ended_is_appended_to() {
    let (world, at) = session();
    assert_eq!(code(&mut world.close(&at, 2, false)), Some(0));
    assert!(at.check().story.is_complete());
    let before = at.bytes();
    assert_eq!(code(&mut world.start(&at, 3, false)), OVER);
    assert_eq!(at.bytes(), before);
}

#[test]
fn a_touched_or_copied_journal_is_called_tampered() {
    let (world, at) = session();
    // Reading, changing times and modes, a hard link: none of it changes a line.
    let path = at.journal();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    File::options().append(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    fs::hard_link(&path, at.folder.join("link")).unwrap();
    assert_eq!(code(&mut world.start(&at, 3, false)), Some(0));
    assert_eq!(code(&mut world.finish(&at, 3, false)), Some(0));
    assert_eq!(code(&mut world.close(&at, 3, false)), Some(0));
    assert!(at.check().story.is_complete());
}

#[test]
fn another_protocol_or_odd_words_reach_the_journal() {
    let (world, at) = session();
    let before = at.bytes();
    let folder = format!("d={}", at.folder.display());
    let genesis = format!("g={}", at.genesis);
    for words in [
        &["s", "p=2", &folder, &genesis, "sh=1", "n=3", "nat=3", "src=none"][..],
        &["s", &folder, &genesis, "sh=1", "n=3", "nat=3", "src=none"],
        &["s", "p=1", &folder, &genesis, "sh=1", "n=3", "nat=3", "src=elsewhere"],
        &["s", "p=1", &folder, &genesis, "sh=1", "n=3", "nat=3", "src=none", "zz=1"],
        &["s", "p=1", &folder, &genesis, "sh=1", "nat=3", "src=none"],
        &["s", "p=1", &folder, "g=00", "sh=1", "n=3", "nat=3", "src=none"],
        &["e", "p=1", &folder, &genesis, "sh=1", "n=2", "st=256", "from=prompt"],
        &["e", "p=1", &folder, &genesis, "sh=1", "n=2", "st=0", "from=unknown"],
        &["e", "p=1", &folder, &genesis, "sh=1", "n=2", "from=prompt"],
        &["x", "p=1", &folder, &genesis, "sh=1", "why=bored"],
        &["q", "p=1", &folder, &genesis],
        &[],
    ] {
        assert_eq!(code(&mut world.rec(words)), Some(2), "{words:?}");
    }
    assert_eq!(at.bytes(), before);
}
