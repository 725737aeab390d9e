//! Any bytes as an envelope (`spec/envelope.md` §1).
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::Envelope;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::decode(bytes) {
        let written = envelope.encode();
        // White space and escapes may make the original longer, never the other way round by much.
        if let Ok(again) = Envelope::decode(&written) {
            assert_eq!(envelope, again);
            assert_eq!(envelope.id(), again.id());
        } else {
            assert!(written.len() > 16_384, "what was read cannot be read again");
        }
    }
});
