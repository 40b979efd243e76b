//! One engine for every target of tests/it/proofs/parsers.rs: ATTESH_FUZZ names which.
//!
//! `hook` applies the words as the recorder does, in the home of the environment.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use attesh::encoding::hex;
use attesh::protocol::{self, Key, Verb};
use attesh::recorder::apply::apply;
use attesh::recorder::call::{Answer, Call, Sent, text};

#[path = "../../tests/it/proofs/parsers.rs"]
mod parsers;

/// The session that the words of a hook are about: its folder, and the root of its genesis.
struct Session {
    folder: PathBuf,
    genesis: String,
    shell: String,
}

fn session() -> &'static Session {
    static SESSION: OnceLock<Session> = OnceLock::new();
    SESSION.get_or_init(|| {
        let values = [Key::Program.is("bash"), Key::ProcessId.is(std::process::id())];
        let words: Vec<Vec<u8>> =
            protocol::words(Verb::Open, values).into_iter().skip(1).map(String::into_bytes).collect();
        let opened = apply(&Call::parse(&words).expect("a call"), Sent { text: None, workdir: &Vec::new });
        let Ok(Answer::Opened { folder, genesis, shell, .. }) = opened else { panic!("{opened:?}") };
        Session { folder, genesis: hex(&genesis), shell: shell.to_string() }
    })
}

fn hook(bytes: &[u8]) {
    let session = session();
    let (words, input) = parsers::words(bytes, &session.folder, &session.genesis, &session.shell);
    if let Ok(call) = Call::parse(&words) {
        let _ = apply(&call, Sent { text: text(input), workdir: &|| b"/".to_vec() });
    }
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
