//! Any bytes as a statement in binary (`spec/container.md` §4), of each kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{Envelope, Kind};
use sealgate_container::{decode_statement, encode_statement};

fuzz_target!(|bytes: &[u8]| {
    for kind in Kind::ALL {
        let Ok(statement) = decode_statement(kind, bytes) else { return };
        assert_eq!(encode_statement(kind, &statement).as_deref(), Ok(bytes), "a statement has one form");
        let text = statement.encode();
        let again = Envelope::decode(&text).expect("the same statement as text");
        assert_eq!(again.id(), statement.id());
        assert_eq!(again, statement);
    }
});
