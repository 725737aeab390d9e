//! One file per table: its row, its columns, its statements, reads and writes.
//!
//! A read takes whatever can be read from ([`Read`](crate::Read)): an open database, or a transaction under way. A write
//! takes a [`Tx`](crate::Tx). So a function's parameters say what it can do.

pub mod access;
pub mod activation_keys;
pub mod answers;
pub mod apps;
pub mod audit;
pub mod bought;
pub mod certificates;
pub mod changes;
pub mod customers;
pub mod debits;
pub mod devices;
pub mod events;
pub mod foreign_keys;
pub mod former_keys;
pub mod imported_rows;
pub mod installation;
pub mod jobs;
pub mod key_list;
pub mod keys;
pub mod keysets;
mod license_keys;
pub mod licenses;
pub mod lifetime_files;
pub mod made_tokens;
mod page;
pub mod pardons;
pub mod plans;
pub mod release_days;
pub mod roots;
pub mod servers;
pub mod slugs;
pub mod tenants;
mod terms;
pub mod tokens;
pub mod trials;

pub use crate::key_hash::KeyHash;
pub use access::{AccessRow, Listed};
pub use activation_keys::ActivationKeyRow;
pub use answers::AnswerRow;
pub use apps::AppRow;
pub use audit::AuditRow;
pub use certificates::CertificateRow;
pub use customers::CustomerRow;
pub use devices::{DeviceRow, HeldSeat, Said, Seated, Sighting};
pub use events::EventRow;
pub use foreign_keys::TakenKey;
pub use former_keys::FormerKeyRow;
pub use imported_rows::RowName;
pub use jobs::JobRow;
pub use keys::{KeyRow, KeyScope, KeyStage};
pub use license_keys::LicenseKeyRow;
pub use licenses::{LicenseRow, SignedLicense};
pub use lifetime_files::LifetimeFileRow;
pub use plans::PlanRow;
pub use servers::ServerRow;
pub use slugs::Slugged;
pub use tenants::TenantRow;
pub use terms::{Terms, Trial, TrialPer};
pub use tokens::TokenRow;
pub use trials::{TrialRow, Trying};
