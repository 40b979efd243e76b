//! The texts: a column that is read has one spelling.
#![no_main]

use attesh::record::Disclosures;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(column) = Disclosures::decode(bytes) {
        assert_eq!(column.encode(), bytes);
    }
});
