//! Hash chains: append, and check that nothing was changed, inserted or taken away.
//!
//! This crate must never decide who may write: it computes and compares. What a chain proves, and what it does not, is
//! in `spec/audit.md`.

mod audit;
mod chain;
mod chain_secret;

pub use audit::AuditEntry;
pub use chain::{Broken, Check, Entry, Head};
pub use chain_secret::{SealingSecret, seal_chain_secret};
