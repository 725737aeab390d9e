//! Chains: append, and check that nothing was changed, inserted or taken away.
//!
//! The audit log is a chain of hashes (`spec/audit.md`); what a program records of itself is a chain of MACs under a key of
//! its activation (`spec/chain.md`). The journal of a machine without a network is a chain of hashes, too, whose end the machine
//! signs (`spec/journal.md`).
//!
//! This crate must never decide who may write, and never keep, show or send a key: it computes and compares. What a chain
//! proves, and what it does not, is in those two pages.

mod audit;
mod chain;
mod chain_key;
mod chain_secret;
mod device_journal;
mod extend;
mod seed_chain;

pub use audit::AuditEntry;
pub use chain::{Broken, Check, Entry, Head};
pub use chain_key::{ChainActivation, ChainKey};
pub use chain_secret::{SealingSecret, seal_chain_secret};
pub use device_journal::{BoundEntry, JournalFault, encode_entry, journal_head, read_entries};
pub use extend::{Extension, Fault, extend};
pub use seed_chain::{SeedChainEntry, SeedChainKey};
