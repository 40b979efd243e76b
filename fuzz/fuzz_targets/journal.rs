//! A whole journal: no panic, and nothing is shown beyond what was verified.
#![no_main]

use attesh::journal::check::{Knowledge, check};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut shown = 0;
    let knowledge = Knowledge { threads: 1, ..Knowledge::default() };
    let checked = check(bytes, knowledge, &mut |_, _| shown += 1).expect("memory can be read");
    assert_eq!(shown, checked.size);
    assert!(checked.size > 0 || checked.rejection.is_some());
    assert!(checked.rejection.is_none_or(|rejection| rejection.record >= shown));
});
