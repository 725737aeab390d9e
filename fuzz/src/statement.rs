//! Any bytes as the payload of each kind (`spec/envelope.md` §3).
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{Keyset, License, Statement, TenantKeyset};

fuzz_target!(|bytes: &[u8]| {
    read_again::<Keyset>(bytes);
    read_again::<TenantKeyset>(bytes);
    read_again::<License>(bytes);
});

fn read_again<T: Statement + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(statement) = T::from_payload(bytes) {
        let again = T::from_payload(&statement.to_payload()).expect("what was read can be read again");
        assert_eq!(statement, again);
    }
}
