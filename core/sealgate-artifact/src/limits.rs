//! Every limit of the formats, each with the attack it blocks (`spec/envelope.md` §4).

use crate::ArtifactError;

/// A whole envelope in bytes. Blocks memory exhaustion before anything is decoded.
pub const ENVELOPE_BYTES: usize = 16 * 1024;
/// Signatures on one envelope. Blocks spending a verifier's time on signatures nobody needs.
pub const SIGNATURES: usize = 24;
/// An envelope with its attachments in bytes. Blocks memory exhaustion.
pub const CARRIER_BYTES: usize = 1_500_000;
/// Attachments of one statement.
pub const ATTACHMENTS: usize = 4;
/// One attachment in bytes.
pub const ATTACHMENT_BYTES: usize = 256 * 1024;
/// A payload in bytes. Blocks statements that a cloud key service (4,096 bytes with the type) could not sign.
pub const PAYLOAD_BYTES: usize = 3_800;
/// Nesting of objects and lists. Blocks stack exhaustion in recursive readers of any language.
pub const DEPTH: usize = 8;
/// An object key in bytes. Blocks vendor data smuggled in as structure.
pub const KEY_BYTES: usize = 64;
/// Names in one object. Blocks quadratic time spent on finding names that stand twice.
pub const NAMES: usize = 256;
/// Integers lie strictly inside ±2^53. Blocks differences between readers that use doubles and those that do not.
pub const INTEGER_BOUND: i64 = 1 << 53;
/// Digits of a number with a fraction, without zeros at its front. Blocks numbers that a double does not hold exactly.
pub const DECIMAL_DIGITS: usize = 15;
/// Digits behind its point. Blocks numbers whose zeros fill an answer.
pub const DECIMAL_PLACES: usize = 20;
/// 9999-12-31T23:59:59Z. Blocks times that some languages' calendars cannot show.
pub const LAST_SECOND: u64 = 253_402_300_799;
/// A key hint in bytes. Blocks key ids used as a carrier for other data.
pub const KEYID_BYTES: usize = 64;
/// Entries of a keyset. Blocks a verifier's time spent on keys nobody needs.
pub const KEYSET_KEYS: usize = 12;
/// Entries of a tenant keyset.
pub const TENANT_KEYSET_KEYS: usize = 16;
/// Keys of a root statement.
pub const ROOT_KEYS: usize = 12;
/// Root statements given at once. Blocks a verifier's time spent on an endless chain.
pub const ROOT_STATEMENTS: usize = 1_024;
/// A `trust.json` in bytes (`spec/keys.md` §6.4): room for every envelope that it may hold. Blocks memory exhaustion.
pub const TRUST_FILE_BYTES: usize = 20_000_000;
/// Tenants, origins and operations of a server certificate, each.
pub const CERTIFICATE_ENTRIES: usize = 16;
/// One operation's name in bytes.
pub const OPERATION_BYTES: usize = 32;
/// A license key, fingerprint or hardware id in bytes. Blocks requests used as a carrier for other data.
pub const WORD_BYTES: usize = 128;
/// A license key on AuthForge's wire with all that was pasted around it, in bytes. Blocks the same.
pub const TYPED_KEY_BYTES: usize = 512;
/// A denial's code in bytes.
pub const CODE_BYTES: usize = 64;
/// How long a server certificate may hold: 31 days. A stolen server's key dies with its certificate.
pub const CERTIFICATE_SECONDS: u64 = 31 * 24 * 60 * 60;
/// Features named inside a license. More travel as an attachment.
pub const FEATURES: usize = 32;
/// Features of a license in an attachment.
pub const ATTACHED_FEATURES: usize = 128;
/// One feature name in bytes.
pub const FEATURE_BYTES: usize = 32;
/// A feature's value in bytes.
pub const FEATURE_VALUE_BYTES: usize = 64;
/// Numeric limits of a license. Blocks payloads beyond their limit.
pub const LIMITS: usize = 32;
/// Variables of a license, and of an app in a decision. Blocks the same.
pub const VARIABLES: usize = 50;
/// A variable's name in bytes.
pub const VARIABLE_NAME_BYTES: usize = 64;
/// One part of what a license says about its buyer, in bytes.
pub const LICENSEE_BYTES: usize = 128;
/// The longest trial in days: ten years.
pub const TRIAL_DAYS: u32 = 3_650;
/// Monitoring agents that a policy allows.
pub const AGENTS: usize = 8;
/// An agent's name, and that of a rate for tenants, in bytes.
pub const SHORT_NAME_BYTES: usize = 16;
/// Rates for a program's tenants.
pub const TENANT_LIMITS: usize = 4;
/// Such a rate, a minute.
pub const RATE: u64 = 1_000_000_000;
/// Copies of a program that may run on one device at once.
pub const INSTANCES: u64 = 1_000;
/// Entries of a chain that travel at once. Blocks a server's time spent on one request.
pub const CHAIN_ENTRIES: usize = 1_000;
/// A program's tenant, or an action, in such an entry, in bytes. Blocks entries used as a carrier for other data.
pub const CHAIN_WORD_BYTES: usize = 64;
/// What a device says about itself, such as its name, in bytes.
pub const ABOUT_DEVICE_BYTES: usize = 64;
/// Modules of a program in one list. Blocks a verifier's time spent on an endless list.
pub const MODULES: usize = 1_024;
/// A module's name in bytes.
pub const MODULE_NAME_BYTES: usize = 128;
/// A module's version and signer, a product's version and a target, in bytes.
pub const VERSION_BYTES: usize = 64;
/// Slots of a block of revocation data.
pub const BLOCK_SLOTS: u32 = 1 << 20;
/// Blocks of an app: a slot is an integer of the profile.
pub const BLOCKS: u64 = 1 << 33;
/// The largest parameter of a shard's body.
pub const SHARD_K: u8 = 15;
/// Shards of a snapshot. Blocks a verifier's time spent on an endless list.
pub const SHARDS: usize = 1_500;
/// Devices, and slots, that stand in a bundle's payload. More are attached.
pub const BUNDLE_ENTRIES: usize = 8;
/// Devices that a bundle names. Blocks a verifier's time spent on an endless list.
pub const BUNDLE_DEVICES: usize = 4_096;
/// Slots that a bundle says were taken back. Blocks the same.
pub const BUNDLE_REVOKED: usize = 10_000;
/// Acknowledgements of journals in one list. Blocks a verifier's time spent on an endless list.
pub const ACKNOWLEDGED: usize = 1_000;
/// An entry of a journal in bytes. Blocks journals as a carrier for other data.
pub const JOURNAL_ENTRY_BYTES: usize = 512;
/// The entries of one journal in a file, in bytes. Blocks memory exhaustion.
pub const JOURNAL_BYTES: u64 = 16_000_000;
/// Seats of a license when they are counted at all. Blocks seat arithmetic that overflows.
pub const MAX_DEVICES: u32 = 1_000_000;

pub(crate) fn check(what: &'static str, actual: usize, limit: usize) -> Result<(), ArtifactError> {
    if actual > limit { Err(ArtifactError::TooLarge { what, limit, actual }) } else { Ok(()) }
}
