//! The envelope: strictly read, and written again as it was read where it is in our form.
#![no_main]

use attesh::seal::envelope::Envelope;
use attesh::seal::formats;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::read(bytes) {
        let again = envelope.to_json();
        assert_eq!(Envelope::read(&again).expect("its own form").to_json(), again);
    }
    let _ = formats::from_bundle(bytes);
});
