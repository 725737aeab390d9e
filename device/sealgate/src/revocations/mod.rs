//! What the vendor took back, as far as this device was told (`spec/revocation.md`): a snapshot is imported, its own app's shards are
//! kept, and every license and proof is looked up in them.

mod file;
mod import;
mod imported;
mod kept_file;
mod look;
mod memory;
mod status;
mod store;

pub use imported::{HeldStatement, ImportError, RevokedStatement, ShardImport, SnapshotImport, SnapshotSays};
pub use status::RevocationStatus;
pub use store::{KeptRevocations, MemoryRevocations, RevocationFile, RevocationStore};

pub(crate) use look::{Looked, Slot};
pub(crate) use memory::{RevocationMemory, RevocationText};
