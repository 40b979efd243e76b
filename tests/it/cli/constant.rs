//! What a command costs does not grow with its session: the bytes that it and its children read,
//! as the kernel counts them.

use std::process::Command;

use attesh::clock;
use attesh::journal::append::Writer;
use attesh::journal::state::{SLOT_BYTES, newest};
use attesh::protocol::{Key, Verb};
use attesh::record::{Body, Note, NoteWhat, Open, Program, Texts};
use attesh::session::{Result, Session};
use nix::sys::ptrace;

use crate::stage::fault::run_watched;
use crate::stage::world::{Opened, World, code, put};

/// How many records the long session has more than the short one.
const RECORDS: u64 = 4000;
/// How many bytes more a command may read in it: the state has more of the tree, and some look
/// back a little.
const MORE_BYTES: u64 = 32 << 10;

/// Appends remarks.
fn fill(writer: &mut Writer, count: u64) -> Result<()> {
    for _ in 0..count {
        let mut texts = Texts::default();
        texts.commit("text", &writer.masker().screen(vec![b'x'; 100]));
        let body = Body::Note(Note { shell: None, what: NoteWhat::Remark, status: None, native: None });
        writer.append(body, &texts, clock::now())?;
    }
    Ok(())
}

/// A world with one session, in which this process is a shell; the longer has [`RECORDS`] more.
fn session(records: u64) -> (World, Opened) {
    let world = World::new();
    let at = world.open(None);
    Session::open(&at.folder).unwrap().with_writer(|writer| fill(writer, records)).unwrap();
    put(&world.home.path().join("one.sh"), b":\n");
    (world, at)
}

/// How many bytes a command and the children that it waited for have read.
fn bytes_read(command: &mut Command) -> u64 {
    let mut bytes = None;
    let traced = run_watched(command, None, |pid| {
        if ptrace::getregs(pid).unwrap().orig_rax == libc::SYS_exit_group.cast_unsigned() {
            let counts = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
            let read = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
            bytes = Some(read.unwrap().parse().unwrap());
        }
    });
    assert_eq!(traced.code, Some(0), "{command:?}");
    bytes.unwrap()
}

/// A verb with its session, as it is typed in the shell of that.
fn verb(world: &World, at: &Opened, words: &[&str]) -> Command {
    let mut command = world.attesh(words);
    command.env("ATTESH_SESSION", &at.folder).env("PATH", "/usr/bin:/bin");
    command
}

#[test]
fn a_command_reads_more_of_a_long_session_than_of_a_short_one() {
    let (short, long) = (session(0), session(RECORDS));
    let length = std::fs::metadata(long.1.journal()).unwrap().len();
    assert!(length > 20 * MORE_BYTES, "the journal has only {length} bytes");
    let folder = |at: &Opened| at.folder.to_str().unwrap().to_owned();
    let compare = |name: &str, make: &dyn Fn(&World, &Opened) -> Command| {
        let [few, many] = [&short, &long].map(|(world, at)| bytes_read(&mut make(world, at)));
        println!("{name}: {few} and {many} bytes");
        assert!(many <= few + MORE_BYTES, "{name}: {many} bytes of a long session, {few} of a short one");
    };
    let verbs: [&[&str]; 9] = [
        &["sh", "one.sh"],
        &["note", "a remark"],
        &["status"],
        &["status", "--json"],
        &["sessions"],
        &["pause"],
        &["resume"],
        &["pause", "--all", "why"],
        &["resume", "--all"],
    ];
    for words in verbs {
        compare(&words.join(" "), &|world, at| verb(world, at, words));
    }
    compare("start --dir", &|world, at| verb(world, at, &["start", "--dir", &folder(at)]));
    compare("a start", &|world, at| world.start(at, 1, false));
    compare("the start again", &|world, at| world.start(at, 1, true));
    compare("a finish", &|world, at| world.finish(at, 1, false));
    compare("the finish again", &|world, at| world.finish(at, 1, true));
    let repeated = [Key::Number.is(2), Key::Native.is(2), Key::Source.is("dup")];
    compare("the line of history", &|world, at| world.call(Verb::Start, at, repeated.clone()));
    compare("the shell replaces itself", &|world, at| world.opening(Some(&at.folder)));
    compare("status without ATTESH_SESSION", &|world, _| world.attesh(&["status"]));
    compare("stop", &|world, at| verb(world, at, &["stop", "--close-others"]));
}

#[test]
fn a_shell_that_leaves_reads_the_journal() {
    let [few, many] = [0, RECORDS].map(|records| {
        let (world, at) = session(records);
        bytes_read(&mut world.close(&at, 0, false))
    });
    assert!(many <= few + MORE_BYTES, "{many} bytes of a long session, {few} of a short one");
}

#[test]
fn a_recorder_is_hashed_again_for_a_second_session() {
    let world = World::new();
    let opening = |name: &str| bytes_read(&mut world.attesh(&["start", name]));
    let program = std::fs::metadata(crate::stage::world::program()).unwrap().len();
    // The program may have been written just now.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(opening("first") >= program);
    assert!(opening("second") < program / 10);
    let digest = |at: std::path::PathBuf| {
        let journal = std::fs::read_to_string(at.join("journal")).unwrap();
        let genesis: serde_json::Value = serde_json::from_str(journal.split('\t').next().unwrap()).unwrap();
        genesis["recorder"]["sha256"].as_str().unwrap().to_owned()
    };
    let sessions = std::fs::read_dir(world.home.path().join(".local/state/attesh/sessions")).unwrap();
    let mut digests: Vec<String> = sessions.map(|entry| digest(entry.unwrap().path())).collect();
    digests.dedup();
    let bytes = std::fs::read(crate::stage::world::program()).unwrap();
    assert_eq!(digests, [attesh::encoding::hex(&attesh::crypto::sha256(&[&bytes]))]);
}

/// The newest story in the state of a session.
fn kept(world: &World, at: &Opened) -> Option<String> {
    let state = std::fs::read(world.state_file(at)).unwrap();
    assert_eq!(state.len(), 2 * SLOT_BYTES);
    newest(&state).unwrap().0.story.map(|story| format!("{story:?}"))
}

/// What the journal says of its story, before it is concluded.
fn told(at: &Opened) -> String {
    let mut story = attesh::journal::story::Story::default();
    let bytes = at.bytes();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let core = line.split(|byte| *byte == b'\t').next().unwrap();
        story.add(&attesh::record::Core::decode(core).unwrap()).unwrap();
    }
    format!("{story:?}")
}

/// `attesh status --json`, and it must succeed.
fn status(world: &World, at: &Opened) -> serde_json::Value {
    let mut command = verb(world, at, &["status", "--json"]);
    let output = command.stdout(std::process::Stdio::piped()).output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_state_tells_another_story_than_the_journal() {
    let (world, at) = session(0);
    let steps: [&dyn Fn() -> Command; 9] = [
        &|| world.start(&at, 1, false),
        &|| world.finish(&at, 1, false),
        // Two commands are missing, and one has no end.
        &|| world.start(&at, 4, false),
        &|| verb(&world, &at, &["pause", "--all"]),
        &|| verb(&world, &at, &["resume", "--all"]),
        &|| verb(&world, &at, &["sh", "one.sh"]),
        &|| world.opening(Some(&at.folder)),
        &|| world.call(Verb::Finish, &at, [Key::Number.is(9), Key::Status.is(3), Key::From.is("prompt")]),
        &|| verb(&world, &at, &["note", "a remark"]),
    ];
    for step in steps {
        assert_eq!(code(&mut step()), Some(0));
        assert_eq!(kept(&world, &at), Some(told(&at)));
        // As the journal itself is read.
        let (status, checked) = (status(&world, &at), at.check());
        assert_eq!(status["head"], checked.head().unwrap().to_string());
        assert_eq!(status["commands"], checked.story.commands);
        assert_eq!(status["findings"].as_array().unwrap().len(), checked.story.findings.len());
    }
}

#[test]
fn a_state_without_room_for_findings_loses_them_or_the_shells() {
    let (world, at) = session(0);
    // Each pause is a finding, and so is its end.
    for _ in 0..40 {
        assert_eq!(code(&mut verb(&world, &at, &["pause", "--all"])), Some(0));
        assert_eq!(code(&mut verb(&world, &at, &["resume", "--all"])), Some(0));
    }
    assert!(newest(&std::fs::read(world.state_file(&at)).unwrap()).unwrap().0.story.is_some());
    let told = status(&world, &at);
    assert_eq!(told["findings"].as_array().unwrap().len(), at.check().story.findings.len());
    assert_eq!((&told["state"], &told["openShells"]), (&"live".into(), &1.into()));
    assert_eq!(code(&mut world.start(&at, 1, false)), Some(0));
    assert_eq!(code(&mut world.start(&at, 1, true)), Some(0));
    assert_eq!(at.check().story.commands, 1, "a repeat is not written twice");
}

#[test]
fn a_state_without_room_for_its_shells_loses_them() {
    let (world, at) = session(0);
    let crowd = |writer: &mut Writer| {
        for pid in 1..=300 {
            let mut texts = Texts::default();
            texts.commit("history", &writer.masker().screen(Vec::new()));
            texts.commit("workdir", &writer.masker().screen(b"/".to_vec()));
            let (version, hook) = ("5.2".to_owned(), "0123456789abcdef".to_owned());
            let open = Open {
                program: Program::Bash.into(),
                version,
                // No process has these.
                pid: pid + (1 << 40),
                start_ticks: 1 << 40,
                native: 0,
                hook,
                typed: false,
            };
            writer.append(Body::Open(Box::new(open)), &texts, clock::now()).unwrap();
        }
        Ok(())
    };
    Session::open(&at.folder).unwrap().with_writer(crowd).unwrap();
    assert_eq!(kept(&world, &at), None);
    let told = status(&world, &at);
    assert_eq!((&told["state"], &told["openShells"]), (&"live".into(), &301.into()));
    assert_eq!(code(&mut world.start(&at, 1, false)), Some(0));
    assert_eq!(code(&mut verb(&world, &at, &["note", "a remark"])), Some(0));
    assert_eq!(code(&mut verb(&world, &at, &["stop", "--close-others"])), Some(0));
    let story = at.check().story;
    assert_eq!((story.ended, story.live.len(), story.commands), (true, 300, 1));
}

#[test]
fn a_journal_that_somebody_wrote_to_is_told_from_the_state() {
    let (world, at) = session(3);
    assert_eq!(status(&world, &at)["state"], "live");
    let mut bytes = at.bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::os::unix::fs::FileExt::write_all_at(
        &std::fs::File::options().write(true).open(at.journal()).unwrap(),
        &bytes,
        0,
    )
    .unwrap();
    let output = verb(&world, &at, &["status", "--json"]).stdout(std::process::Stdio::piped()).output();
    let output = output.unwrap();
    assert!(!output.status.success());
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["state"], "tampered");
}
