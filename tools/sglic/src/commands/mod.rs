//! A file for each verb.

pub(crate) mod activate;
mod compared;
pub(crate) mod deactivate;
pub(crate) mod doctor;
pub(crate) mod fingerprint;
pub(crate) mod heartbeat;
mod held;
pub(crate) mod import;
pub(crate) mod manifest;
pub(crate) mod manual;
mod named;
mod revocations;
pub(crate) mod status;
pub(crate) mod verify;
