//! Any bytes as the payload of each kind, with an attachment (`spec/envelope.md` §3, §6): two bytes say how long the payload is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{Kind, KindVisitor, Statement};

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let (payload, attachment) = rest.split_at(rest.len().min(u16::from_be_bytes(*length).into()));
    let attachments = if attachment.is_empty() { vec![] } else { vec![attachment.to_vec()] };
    for kind in Kind::ALL {
        kind.visit(ReadAgain { payload, attachments: &attachments });
    }
});

struct ReadAgain<'a> {
    payload: &'a [u8],
    attachments: &'a [Vec<u8>],
}

impl KindVisitor for ReadAgain<'_> {
    type Output = ();

    fn visit<T: Statement>(self) {
        if let Ok(statement) = T::from_payload(self.payload, self.attachments) {
            let again = T::from_payload(&statement.to_payload(), &statement.attachments());
            assert_eq!(again.as_ref(), Ok(&statement), "what was read can be read again");
            assert_eq!(statement.attachments().is_empty(), self.attachments.is_empty());
        }
    }
}
