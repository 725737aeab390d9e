//! Who may say what.
//!
//! This crate must never let anything be believed by a second path: [`verify`] is the one function that turns
//! [`Unverified`](sealgate_artifact::Unverified) into [`Verified`], at every level of the chain. It holds no private
//! key, reads no clock and asks nobody: keys, time and expectations are parameters.

mod activation;
mod chain;
pub mod ed25519;
mod error;
mod import;
mod key_window;
mod license_version;
mod memory;
mod offline;
mod online;
mod revocation;
mod roots;
mod scoped;
mod signer;
mod trust_file;
mod verify;
mod window;

pub use activation::{
    Admitted, SentHeartbeat, verify_activation_request, verify_heartbeat_answer, verify_heartbeat_request,
    verify_own_answer, verify_own_proof, verify_proof, verify_release, verify_signed_by,
};
pub use chain::{ChainBytes, FileKeys, TenantTrust};
pub use error::TrustError;
pub use import::{Imported, SnapshotParts, SnapshotReader};
pub use key_window::KeyWindow;
pub use memory::{Accepted, Maximum};
pub use offline::{
    Machine, is_for_machine, verify_acknowledgement, verify_bundle, verify_journal, verify_offline_request,
    verify_re_anchor, verify_return_receipt,
};
pub use online::{SentRequest, verify_decision, verify_device_request};
pub use revocation::{verify_shard, verify_snapshot};
pub use roots::{Roots, verify_roots};
pub use scoped::{Policies, ServerRole, verify_certificate, verify_license};
pub use signer::{Message, SignError, Signer, sign_statement};
pub use trust_file::TrustFile;
pub use verify::{Signers, Verified, verify};
