//! Custody of private keys behind [`sealgate_trust::Signer`].
//!
//! This crate must never let a private key out: seeds are read, used and wiped here, and no type that holds one can be
//! printed, compared or serialised. The encrypted file keystore is the first custodian; others stand beside it.
#![expect(clippy::disallowed_methods, reason = "key files and key generation are this crate's whole purpose")]

mod error;
mod files;
mod keypair;
mod keystore;
pub mod private;
mod sealing;

pub use error::KeystoreError;
pub use keystore::{Keystore, OwnKeys, Secret, Unlock};
