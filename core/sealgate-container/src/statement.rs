//! Statements in binary (`spec/container.md` §4).

use sealgate_artifact::{Code, Envelope, Kind, SignatureEntry, limits};

/// The payload's length and the number of signatures.
pub(crate) const START_BYTES: usize = 3;
const SIGNATURE_BYTES: usize = 64;
/// The longest statement in this form.
pub(crate) const MOST_BYTES: u64 =
    (START_BYTES + limits::PAYLOAD_BYTES + limits::SIGNATURES * SIGNATURE_BYTES) as u64;

/// The binary form of a statement of this kind. Key ids do not travel (`spec/container.md` §4.2).
pub fn encode(kind: Kind, envelope: &Envelope) -> Result<Vec<u8>, StatementFault> {
    if envelope.payload_type() != kind.payload_type() {
        return Err(StatementFault::Kind);
    }
    let (payload, signatures) = (envelope.payload(), envelope.signatures());
    check_counts(payload.len(), signatures.len())?;
    let mut out = u16::try_from(payload.len()).expect("checked").to_be_bytes().to_vec();
    out.push(u8::try_from(signatures.len()).expect("checked"));
    out.extend_from_slice(payload);
    for signature in signatures {
        let bytes: &[u8; SIGNATURE_BYTES] =
            signature.sig.as_slice().try_into().map_err(|_| StatementFault::Signature)?;
        out.extend_from_slice(bytes);
    }
    Ok(out)
}

/// The statement as an envelope, with empty key ids. Its id is the same in both forms (`spec/container.md` §4.2).
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Envelope, StatementFault> {
    check_form(bytes, bytes.len() as u64)?;
    let (start, rest) = bytes.split_at(START_BYTES);
    let (payload, signatures) = rest.split_at(payload_bytes(start));
    let signatures = signatures.chunks(SIGNATURE_BYTES);
    let signatures = signatures.map(|sig| SignatureEntry { keyid: String::new(), sig: sig.to_vec() });
    Ok(Envelope::new(kind.payload_type(), payload.to_vec(), signatures.collect()))
}

/// Whether an entry of this length that begins with these bytes is a statement (`spec/container.md` §4.1).
pub(crate) fn check_form(begin: &[u8], length: u64) -> Result<(), StatementFault> {
    let start = begin.get(..START_BYTES).ok_or(StatementFault::Short)?;
    let (payload, signatures) = (payload_bytes(start), usize::from(start[2]));
    check_counts(payload, signatures)?;
    if length != (START_BYTES + payload + signatures * SIGNATURE_BYTES) as u64 {
        return Err(StatementFault::Length);
    }
    Ok(())
}

fn payload_bytes(start: &[u8]) -> usize {
    u16::from_be_bytes([start[0], start[1]]).into()
}

fn check_counts(payload: usize, signatures: usize) -> Result<(), StatementFault> {
    if payload == 0 || payload > limits::PAYLOAD_BYTES {
        return Err(StatementFault::Payload(payload));
    }
    if signatures == 0 || signatures > limits::SIGNATURES {
        return Err(StatementFault::Signatures(signatures));
    }
    Ok(())
}

/// What is wrong with the binary form of a statement (`spec/container.md` §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// It is shorter than its first fields.
    #[error("it has fewer than 3 bytes")]
    Short,
    /// It has no payload, or a longer one than any statement has.
    #[error("its payload has {0} bytes, and may have 1 to 3,800")]
    Payload(usize),
    /// It has no signature, or too many.
    #[error("it has {0} signatures, and may have 1 to 24")]
    Signatures(usize),
    /// It is shorter or longer than its payload and signatures.
    #[error("it does not end with its last signature")]
    Length,
    /// Only the writer finds this: an envelope has a signature that is none.
    #[error("a signature has not 64 bytes")]
    Signature,
    /// Only the writer finds this: an envelope is of another kind than the entry.
    #[error("it is of another kind")]
    Kind,
}

impl StatementFault {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(self) -> Code {
        match self {
            Self::Kind => Code::KindUnexpected,
            _ => Code::ContainerInvalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Envelope, Kind, SignatureEntry};

    use super::{MOST_BYTES, decode, encode};
    use crate::StatementFault;

    fn envelope(payload: &[u8], signatures: &[Vec<u8>]) -> Envelope {
        let entry = |sig: &Vec<u8>| SignatureEntry { keyid: "some key".to_owned(), sig: sig.clone() };
        Envelope::new(Kind::Keyset.payload_type(), payload.to_vec(), signatures.iter().map(entry).collect())
    }

    #[test]
    fn the_largest_statement_just_fits() {
        let largest = envelope(&[b' '; 3_800], &vec![vec![7; 64]; 24]);
        assert_eq!(encode(Kind::Keyset, &largest).expect("it fits").len() as u64, MOST_BYTES);
        let sig = || vec![0; 64];
        for (payload, signatures, fault) in [
            (&[b' '; 3_801][..], vec![sig()], StatementFault::Payload(3_801)),
            (b"", vec![sig()], StatementFault::Payload(0)),
            (b"{}", vec![], StatementFault::Signatures(0)),
            (b"{}", vec![sig(); 25], StatementFault::Signatures(25)),
            (b"{}", vec![sig(), vec![0; 63]], StatementFault::Signature),
        ] {
            assert_eq!(encode(Kind::Keyset, &envelope(payload, &signatures)), Err(fault));
        }
        assert_eq!(encode(Kind::Root, &envelope(b"{}", &[sig()])), Err(StatementFault::Kind));
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        let written = encode(Kind::Keyset, &envelope(b"{}", &[vec![1; 64], vec![2; 64]])).expect("it fits");
        for end in 0..written.len() {
            assert!(decode(Kind::Keyset, &written[..end]).is_err(), "{end} bytes");
        }
        let changed = |at: usize, byte: u8| {
            let mut bytes = written.clone();
            bytes[at] = byte;
            decode(Kind::Keyset, &bytes).err()
        };
        assert_eq!(changed(0, 0xFF), Some(StatementFault::Payload(0xFF02)));
        assert_eq!(changed(1, 0), Some(StatementFault::Payload(0)));
        assert_eq!(changed(1, 3), Some(StatementFault::Length));
        assert_eq!(changed(2, 0), Some(StatementFault::Signatures(0)));
        assert_eq!(changed(2, 25), Some(StatementFault::Signatures(25)));
        assert_eq!(changed(2, 1), Some(StatementFault::Length));
        assert_eq!(decode(Kind::Keyset, &[written, vec![0]].concat()), Err(StatementFault::Length));
    }

    proptest! {
        /// Any statement is the same one on the other side, and has one binary form.
        #[test]
        fn a_statement_crosses_unchanged(
            payload in prop::collection::vec(any::<u8>(), 1..3_801),
            signatures in prop::collection::vec(prop::collection::vec(any::<u8>(), 64), 1..25),
        ) {
            let before = envelope(&payload, &signatures);
            let bytes = encode(Kind::Keyset, &before).expect("within the limits");
            let after = decode(Kind::Keyset, &bytes).expect("its own form");
            prop_assert_eq!(after.id(), before.id());
            prop_assert_eq!(after.payload(), before.payload());
            let sigs = |envelope: &Envelope| envelope.signatures().iter().map(|s| s.sig.clone()).collect::<Vec<_>>();
            prop_assert_eq!(sigs(&after), sigs(&before));
            prop_assert!(after.signatures().iter().all(|signature| signature.keyid.is_empty()));
            prop_assert_eq!(encode(Kind::Keyset, &after), Ok(bytes));
        }
    }
}
