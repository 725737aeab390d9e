//! AuthForge's wire, as its published clients speak it (`spec/authforge.md`, `spec/http.md` §2): the requests and
//! answers of `/auth/*`, license files and activation requests.
//!
//! This crate must never hold a private key, and never let a caller take unsigned text for signed: what comes from
//! outside is [`Unopened`], and the only way on is to name the trusted keys, which gives [`Opened`]. Nothing is decoded
//! before its signature was checked. The signature rule itself lives in `sealgate-trust`; callers pass it in as a
//! [`Verify`]. The crate does not decide whether a license holds.

mod activation;
mod answer;
mod armor;
mod check;
mod content;
mod fields;
mod file;
mod iso;
mod opened;
mod payload;
mod refusal;
mod request;
mod rfc3339;
#[cfg(test)]
mod tests;
mod variable;

pub use activation::{ACTIVATION_REQUEST_BYTES, ActivationRequest};
pub use answer::{Failed, OfflineActivateAnswer, SelfBanned, Status, Typ, ValidateAnswer, ValidatePayload};
pub use check::Expected;
pub use content::{FileVariables, LicenseFile, Machines};
pub use file::{Here, LICENSE_FILE_BYTES, UnsignedFile};
pub use opened::{Opened, Unopened, Verify};
pub use refusal::FileRefusal;
pub use request::{HeartbeatRequest, OfflineActivateRequest, SelfBanRequest, ValidateRequest};
pub use variable::Variable;
