//! The core: what is read can be written and read again as the same record.
#![no_main]

use attesh::record::Core;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(core) = Core::decode(bytes) {
        assert_eq!(Core::decode(&core.encode()), Ok(core));
    }
});
