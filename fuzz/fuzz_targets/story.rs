//! The story of the shells, from cores that nobody signed: the part of the verifier that a
//! hostile signer reaches.
#![no_main]

use attesh::journal::shells::Story;
use attesh::record::{Core, Disclosures, Record};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut story = Story::default();
    let mut size = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        let core = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
        let Ok(mut core) = Core::decode(core) else { continue };
        core.index = size;
        if story.apply(&Record { core, disclosures: Disclosures::default() }).is_err() {
            break;
        }
        size += 1;
    }
    story.conclude(size);
    assert!(!story.is_complete() || (story.ended && story.live.values().all(|shell| shell.running.is_none())));
});
