//! Any bytes as an envelope, bare or with attachments (`spec/envelope.md` §1, §6).
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{Carrier, Envelope, limits};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(carrier) = Carrier::decode(bytes) {
        let written = carrier.encode();
        match Carrier::decode(&written) {
            Ok(again) => {
                assert_eq!(carrier, again);
                assert_eq!(carrier.envelope.id(), again.envelope.id());
            }
            // Control characters are longer in our spelling, so what just fits may be too long when written.
            Err(_) => assert!(written.len() > limits::ENVELOPE_BYTES, "what was read cannot be read again"),
        }
        assert!(!carrier.attachments.is_empty() || Envelope::decode(bytes) == Ok(carrier.envelope));
    }
});
