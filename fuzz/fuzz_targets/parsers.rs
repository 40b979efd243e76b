//! One engine for every target of tests/it/parsers.rs: ATTESH_FUZZ names which.
//!
//! `hook` runs the recorder itself on the words, in the home of the environment.
#![no_main]

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;

#[path = "../../tests/it/parsers.rs"]
mod parsers;

/// The session that the words of a hook are about: its folder, and the root of its genesis.
struct Session {
    folder: PathBuf,
    genesis: String,
}

fn session() -> &'static Session {
    static SESSION: OnceLock<Session> = OnceLock::new();
    SESSION.get_or_init(|| {
        let pid = format!("pid={}", std::process::id());
        let words = ["open", "p=1", "kind=bash", "ver=5.2", &pid, "nat=0", "typed=1"];
        assert_eq!(attesh::recorder::run(words.iter().map(OsString::from)), 0);
        let home = PathBuf::from(std::env::var_os("HOME").expect("a home"));
        let sessions = home.join(".local/state/attesh/sessions");
        let folder = std::fs::read_dir(sessions).expect("sessions").next().expect("one").expect("a folder").path();
        let journal = std::fs::File::open(folder.join("journal")).expect("a journal");
        let checked = attesh::journal::check::check(journal, Default::default(), &mut |_| {});
        let genesis = attesh::encoding::hex(&checked.expect("it is read").genesis_root);
        Session { folder, genesis }
    })
}

fn hook(bytes: &[u8]) {
    let session = session();
    let words = parsers::words(bytes, &session.folder, &session.genesis, "1");
    assert!(attesh::recorder::run(words.into_iter()) <= 5);
}

fn target() -> fn(&[u8]) {
    static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();
    *TARGET.get_or_init(|| {
        let name = std::env::var("ATTESH_FUZZ").expect("ATTESH_FUZZ names a target");
        let found = parsers::TARGETS.iter().find(|(target, _)| *target == name);
        found.map_or(hook as fn(&[u8]), |(_, run)| *run)
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target()(bytes));
