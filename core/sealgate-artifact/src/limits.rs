//! Every limit of the formats, each with the attack it blocks (`spec/envelope.md` §4).

/// A whole envelope in bytes. Blocks memory exhaustion before anything is decoded.
pub const ENVELOPE_BYTES: usize = 16 * 1024;
/// Signatures on one envelope. Blocks spending a verifier's time on signatures nobody needs.
pub const SIGNATURES: usize = 24;
/// A payload in bytes. Blocks statements that a cloud key service (4,096 bytes with the type) could not sign.
pub const PAYLOAD_BYTES: usize = 3_800;
/// Nesting of objects and lists. Blocks stack exhaustion in recursive readers of any language.
pub const DEPTH: usize = 8;
/// An object key in bytes. Blocks vendor data smuggled in as structure.
pub const KEY_BYTES: usize = 64;
/// Integers lie strictly inside ±2^53. Blocks differences between readers that use doubles and those that do not.
pub const INTEGER_BOUND: i64 = 1 << 53;
/// 9999-12-31T23:59:59Z. Blocks times that calendars in some languages cannot show.
pub const LAST_SECOND: u64 = 253_402_300_799;
/// A key hint in bytes. Blocks key ids used as a carrier for other data.
pub const KEYID_BYTES: usize = 64;
/// Entries of a keyset. Blocks a verifier's time spent on keys nobody needs.
pub const KEYSET_KEYS: usize = 12;
/// Entries of a tenant keyset.
pub const TENANT_KEYSET_KEYS: usize = 16;
/// Features named inside a license. More travel as an attachment.
pub const FEATURES: usize = 32;
/// One feature name in bytes.
pub const FEATURE_BYTES: usize = 32;
/// Seats of a license when they are counted at all. Blocks seat arithmetic that overflows.
pub const MAX_DEVICES: u32 = 1_000_000;
