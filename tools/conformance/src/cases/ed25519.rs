//! Signatures and keys (`spec/ed25519.md`).

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use sealgate_artifact::Code;

use super::case::{Case, Shelf};
use crate::forge::{hex, public_bytes, signing_key, unhex};
use crate::{Artifact, KeyClaim, Question, SignatureClaim};

/// The group order, little-endian.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
/// The y coordinates of the points of order 8.
pub(crate) const ORDER_EIGHT: [&str; 2] = [
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
];
/// RFC 8032 §7.1, tests 1 to 3: seed and message.
const RFC_8032: [(&str, &str); 3] = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", ""),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82"),
];

/// A = aB + T with T of order 8, R = rB + jT, S = r + ka, made once by a program that shares no code with any library
/// used here; k is the hash of R, A and the message.
struct Torsion {
    shows: &'static str,
    key: &'static str,
    message: &'static [u8],
    signature: &'static str,
}

const MIXED_KEY: &str = "bfd8c6a456fdf12aae95195ce002dc27bd14b6d81722a89f9a5408a358c803cb";
const ACCEPTED_TORSION: [Torsion; 2] = [
    Torsion {
        shows: "A key of mixed order whose torsion vanishes in the equation (k is a multiple of 8). §2 never registers it.",
        key: MIXED_KEY,
        message: b"message 11",
        signature: "db6972a0741f8223b3b2e07cf3f3452e01e3d2692a621c413ca389408d161ccfefd1a5742c9cc5ada26e7f34d27d98c25ac5a3c6afb24fc2903f17d378ca3d09",
    },
    Torsion {
        shows: "Key and nonce point of mixed order whose torsions cancel. §2 never registers the key.",
        key: MIXED_KEY,
        message: b"message 15",
        signature: "cc3e2c894afbffdd7953573732af2a7c07e9702ee25f333d0ccd7d67381f51c9f3a4e4a37aa5f3e7ee5523fc46b2e45651990b97e6190bd1c5102f9445cca40c",
    },
];
const REFUSED_TORSION: [Torsion; 2] = [
    Torsion {
        shows: "A key of mixed order: holds with the cofactor, not without.",
        key: MIXED_KEY,
        message: b"message 0",
        signature: "db6972a0741f8223b3b2e07cf3f3452e01e3d2692a621c413ca389408d161ccfa31c3dfa4b834b99c2894a849d260d1abf1c658c1f8eaee81055dc8cd369c209",
    },
    Torsion {
        shows: "A nonce point of mixed order under a sound key: holds with the cofactor, not without.",
        key: "880e673407fee9112bbbb15140dcadb2892d66a282552e0760d11e15d81d494f",
        message: b"message 0",
        signature: "cc3e2c894afbffdd7953573732af2a7c07e9702ee25f333d0ccd7d67381f51c92f6bf4bb78508a58467db5f027c68bdb210dfa768e39e1ffea307f33d6a33f0a",
    },
];

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Ed25519);
    let valid = Question::Signatures { list: valid_signatures() };
    shelf.accepted("signatures", "Signatures that every implementation must accept.", valid, "");
    let mut refuse = |name: &str, shows: &str, list: Vec<SignatureClaim>| {
        shelf.refused(name, Code::SignatureInvalid, shows, Question::Signatures { list });
    };
    refuse("changed", "Signatures that were changed, or belong to something else.", changed());
    refuse("not_reduced", "A second half that is not below the group order.", not_reduced());
    refuse(
        "small_order_keys",
        "The fourteen encodings of points of small order as keys.",
        small_order_keys(),
    );
    refuse(
        "small_order_nonce_points",
        "The fourteen encodings as nonce points under a sound key.",
        small_order_nonce_points(),
    );
    refuse(
        "mixed_order",
        "Signatures on which verification with and without the cofactor disagree.",
        REFUSED_TORSION.iter().map(torsion).collect(),
    );

    shelf.accepted(
        "keys",
        "Keys that may be registered.",
        keys((1..=5).map(|n| ("A sound key.", public_bytes(n)))),
        "",
    );
    let mixed = ("A sound key plus a point of order 8.", mixed_order_key());
    let other = ("Another one.", array(MIXED_KEY));
    let small = small_order_encodings().into_iter().take(10).map(|key| ("A point of small order.", key));
    shelf.refused(
        "keys_weak",
        Code::KeyWeak,
        "Keys of small or mixed order.",
        keys([mixed, other].into_iter().chain(small)),
    );
    let unreduced = small_order_encodings().into_iter().skip(10).map(|key| ("A y that is not reduced.", key));
    let largest = ("The largest y that 255 bits hold.", array(&("ff".repeat(31) + "7f")));
    let off = ("No point of the curve has this y.", off_the_curve());
    // y = 1 and y = p − 1.
    let x_zero = [3, 5].map(|at| ("x = 0, and bit 255 is set.", small_order_encodings()[at]));
    shelf.refused(
        "keys_x_zero",
        Code::KeyWeak,
        "Points with x = 0 whose bit 255 is set, which readers of points either refuse or not: weak, not malformed.",
        keys(x_zero),
    );
    shelf.refused(
        "keys_malformed",
        Code::KeyMalformed,
        "Keys that are no point in its only encoding.",
        keys(unreduced.chain([largest, off])),
    );
    shelf.cases
}

fn valid_signatures() -> Vec<SignatureClaim> {
    let rfc = RFC_8032.iter().enumerate().map(|(i, (seed, message))| {
        signed(
            &format!("RFC 8032 §7.1, test {}.", i + 1),
            &SigningKey::from_bytes(&array(seed)),
            &unhex(message),
        )
    });
    let long = signed("A message of 4,000 bytes.", &signing_key(1), &[0xa5; 4_000]);
    rfc.chain([long]).chain(ACCEPTED_TORSION.iter().map(torsion)).collect()
}

fn changed() -> Vec<SignatureClaim> {
    let sound = || signed("", &signing_key(1), b"a message");
    let spoil = |shows: &str, change: &dyn Fn(&mut SignatureClaim)| {
        let mut claim = sound();
        shows.clone_into(&mut claim.shows);
        change(&mut claim);
        claim
    };
    vec![
        spoil("Another message.", &|c| c.message = hex(b"a messagf")),
        spoil("A longer message.", &|c| c.message += "00"),
        spoil("Another key.", &|c| c.key = hex(&public_bytes(2))),
        spoil("The key negated: bit 255 flipped.", &|c| c.key = flipped(&c.key, 31, 0x80)),
        spoil("One bit of R.", &|c| c.signature = flipped(&c.signature, 0, 1)),
        spoil("R negated: bit 255 flipped.", &|c| c.signature = flipped(&c.signature, 31, 0x80)),
        spoil("One bit of S.", &|c| c.signature = flipped(&c.signature, 32, 1)),
        spoil("The highest bit of S.", &|c| c.signature = flipped(&c.signature, 63, 0x80)),
        spoil("63 bytes.", &|c| c.signature.truncate(126)),
        spoil("65 bytes.", &|c| c.signature += "00"),
        spoil("No bytes.", &|c| c.signature.clear()),
        spoil("64 zero bytes.", &|c| c.signature = "00".repeat(64)),
        spoil("Halves exchanged.", &|c| c.signature = c.signature[64..].to_owned() + &c.signature[..64]),
    ]
}

fn not_reduced() -> Vec<SignatureClaim> {
    let claims = (1..=8).map(|n| {
        let mut claim = signed("S + L: the same point, a second spelling.", &signing_key(n), b"a message");
        let mut signature = unhex(&claim.signature);
        add_l(&mut signature);
        claim.signature = hex(&signature);
        claim
    });
    let exactly =
        claim("S = L.", &public_bytes(1), b"a message", &[&public_bytes(2)[..], &unhex(L)].concat());
    claims.chain([exactly]).collect()
}

fn small_order_keys() -> Vec<SignatureClaim> {
    // With S = 0 and R = A, libraries accept these for one message in one to eight, any message for order 1.
    let messages = (0..8u8).map(|n| [b'm', n]);
    let pairs = messages.flat_map(|message| small_order_encodings().map(|key| (message, key)));
    pairs.map(|(m, key)| claim("R = A, S = 0.", &key, &m, &[&key[..], &[0; 32]].concat())).collect()
}

fn small_order_nonce_points() -> Vec<SignatureClaim> {
    let s = &unhex(&signed("", &signing_key(1), b"a message").signature)[32..];
    let claims = small_order_encodings()
        .map(|r| claim("R of small order.", &public_bytes(1), b"a message", &[&r[..], s].concat()));
    claims.to_vec()
}

/// The fourteen encodings: y of 0, 1, p − 1 and the two of order 8, then the unreduced p and p + 1, each with both
/// values of bit 255.
pub(crate) fn small_order_encodings() -> [[u8; 32]; 14] {
    let p = |low: u8| format!("{low:02x}{}7f", "ff".repeat(30));
    let ys = [
        "00".repeat(32),
        "01".to_owned() + &"00".repeat(31),
        p(0xec),
        ORDER_EIGHT[0].into(),
        ORDER_EIGHT[1].into(),
        p(0xed),
        p(0xee),
    ];
    let mut encodings = [[0; 32]; 14];
    for (pair, y) in encodings.chunks_mut(2).zip(ys) {
        pair.fill(array(&y));
        pair[1][31] |= 0x80;
    }
    encodings
}

/// A sound key plus a point of order 8.
pub(super) fn mixed_order_key() -> [u8; 32] {
    let point = |bytes: &[u8; 32]| VerifyingKey::from_bytes(bytes).expect("a point").to_edwards();
    (point(&public_bytes(9)) + point(&array(ORDER_EIGHT[1]))).compress().to_bytes()
}

/// A signature of which the equation holds for every message under a key of order 1: R is the base point and S is 1.
pub(super) fn holds_for_order_1() -> Vec<u8> {
    [&unhex("58")[..], &[0x66; 31], &[1], &[0; 31]].concat()
}

/// The smallest y above 1 that no point has.
pub(super) fn off_the_curve() -> [u8; 32] {
    let candidates = (2..=u8::MAX).map(|low| array(&(format!("{low:02x}") + &"00".repeat(31))));
    candidates
        .into_iter()
        .find(|y| VerifyingKey::from_bytes(y).is_err())
        .expect("half of all y have no point")
}

/// Adds the group order to a signature's second half.
pub(crate) fn add_l(signature: &mut [u8]) {
    let mut carry = 0;
    for (byte, l) in signature[32..].iter_mut().zip(unhex(L)) {
        let sum = u16::from(*byte) + u16::from(l) + carry;
        *byte = u8::try_from(sum & 0xff).expect("masked");
        carry = sum >> 8;
    }
}

fn torsion(torsion: &Torsion) -> SignatureClaim {
    claim(torsion.shows, &unhex(torsion.key), torsion.message, &unhex(torsion.signature))
}

fn signed(shows: &str, key: &SigningKey, message: &[u8]) -> SignatureClaim {
    claim(shows, &key.verifying_key().to_bytes(), message, &key.sign(message).to_bytes())
}

fn claim(shows: &str, key: &[u8], message: &[u8], signature: &[u8]) -> SignatureClaim {
    SignatureClaim {
        shows: shows.to_owned(),
        key: hex(key),
        message: hex(message),
        signature: hex(signature),
    }
}

fn keys<'a>(keys: impl IntoIterator<Item = (&'a str, [u8; 32])>) -> Question {
    let claim = |(shows, key): (&str, [u8; 32])| KeyClaim { shows: shows.to_owned(), key: hex(&key) };
    Question::Keys { list: keys.into_iter().map(claim).collect() }
}

fn flipped(text: &str, at: usize, mask: u8) -> String {
    let mut bytes = unhex(text);
    bytes[at] ^= mask;
    hex(&bytes)
}

fn array(text: &str) -> [u8; 32] {
    unhex(text).try_into().expect("32 bytes")
}
