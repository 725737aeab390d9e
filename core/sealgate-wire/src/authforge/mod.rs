//! The formats that AuthForge's published clients read and write (`spec/authforge.md`).
//!
//! This module must never hold a key, and never believe a byte before the caller's `verify` said yes to it.

mod answer;
mod armor;
mod fields;
mod file;
mod iso;
mod payload;
mod refusal;
mod request;
#[cfg(test)]
mod tests;

pub use answer::Asked;
pub use file::{FileVariables, Here, LICENSE_FILE_BYTES, LicenseFile, Machines, UnsignedFile};
pub use refusal::FileRefusal;
pub use request::{ACTIVATION_REQUEST_BYTES, ActivationRequest};
