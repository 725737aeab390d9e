//! A file for each verb.

pub(crate) mod activate;
pub(crate) mod bundle;
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
pub(crate) mod request;
mod revocations;
pub(crate) mod status;
pub(crate) mod verify;
