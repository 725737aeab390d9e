//! Any bytes as a text of the strict profile (`spec/envelope.md` §3.1, §3.2), and as a variable (`spec/authforge.md` §2.8).
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{parse_json, parse_variable};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = parse_json(bytes) {
        let written = value.to_string();
        assert_eq!(parse_json(written.as_bytes()).as_ref(), Ok(&value));
        // Whatever we take, an ordinary reader takes for the same: the profile only leaves out.
        let ordinary: serde_json::Value =
            serde_json::from_slice(bytes).expect("strict text is ordinary JSON");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).expect("our own text"), ordinary);
        assert_eq!(parse_variable(bytes), Ok(value));
    }
    if let Ok(value) = parse_variable(bytes) {
        let written = value.to_string();
        assert_eq!(parse_variable(written.as_bytes()), Ok(value));
        let ordinary: serde_json::Value = serde_json::from_slice(bytes).expect("a variable is ordinary JSON");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).expect("our own text"), ordinary);
    }
});
