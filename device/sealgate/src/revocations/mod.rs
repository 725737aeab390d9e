//! What the vendor took back, as far as this device was told (`spec/revocation.md`): a snapshot is imported, its own app's shards are
//! kept, and every license and proof is looked up in them.

mod by_bundle;
mod file;
mod imported;
mod kept_file;
mod look;
mod memory;
mod store;

pub use crate::looked::HeldStatement;
pub use imported::{ImportError, LicenseFiles, RevokedStatement, ShardImport, SnapshotImport, SnapshotSays};
pub use store::{KeptRevocations, MemoryRevocations, RevocationFile, RevocationStore};

pub(crate) use crate::looked::{Listed, Looked, Seen, Slot};
pub(crate) use kept_file::{KeptFile, is_kept, keep};
pub(crate) use look::Lookup;
pub(crate) use memory::{RevocationMemory, RevocationText, ShardTaken, SnapshotTaken, Whole};
pub(crate) use store::{is_busy, lock_in_time};
