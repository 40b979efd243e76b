//! The three columns: what comes apart goes together to the same bytes.
#![no_main]

use attesh::journal::line::{join, split};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(columns) = split(bytes) {
        assert_eq!(join(columns.core, columns.disclosures, &columns.auth), bytes);
    }
});
