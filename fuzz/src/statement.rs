//! Any bytes as the payload of each kind, with an attachment (`spec/envelope.md` §3, §6): two bytes say how long the payload is.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{
    Decision, DeviceRequest, Keyset, License, Root, ServerCertificate, Statement, TenantKeyset,
};

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let (payload, attachment) = rest.split_at(rest.len().min(u16::from_be_bytes(*length).into()));
    let attachments = if attachment.is_empty() { vec![] } else { vec![attachment.to_vec()] };
    read_again::<Root>(payload, &attachments);
    read_again::<Keyset>(payload, &attachments);
    read_again::<TenantKeyset>(payload, &attachments);
    read_again::<ServerCertificate>(payload, &attachments);
    read_again::<License>(payload, &attachments);
    read_again::<DeviceRequest>(payload, &attachments);
    read_again::<Decision>(payload, &attachments);
});

fn read_again<T: Statement + PartialEq + Debug>(payload: &[u8], attachments: &[Vec<u8>]) {
    if let Ok(statement) = T::from_payload(payload, attachments) {
        let again = T::from_payload(&statement.to_payload(), &statement.attachments());
        assert_eq!(again.as_ref(), Ok(&statement), "what was read can be read again");
        assert_eq!(statement.attachments().is_empty(), attachments.is_empty());
    }
}
