//! Words that the vendor's side takes and says, each list from the type that owns it.

use sealgate_artifact::{Device, KeyUse, Tier};
use sealgate_authority::JobStatus;
use sealgate_rules::{Effect, Status};
use sealgate_store::table::{AccessRow, ApprovalRow, ApprovalStatus, KeyStage};

use crate::{Scope, keys, licenses, servers};

/// What a license grants without its features.
pub fn tiers() -> Vec<&'static str> {
    Tier::ALL.map(Tier::as_str).to_vec()
}

/// Where a license stands.
pub fn license_statuses() -> Vec<&'static str> {
    Status::ALL.map(Status::as_str).to_vec()
}

/// In which order licenses are listed.
pub fn license_orders() -> Vec<&'static str> {
    licenses::ORDERS.map(|(word, _)| word).to_vec()
}

/// What becomes of the rows of an import.
pub fn import_outcomes() -> Vec<&'static str> {
    licenses::OUTCOMES.to_vec()
}

/// What an entry of an access list does.
pub fn access_effects() -> Vec<&'static str> {
    Effect::ALL.map(Effect::as_str).to_vec()
}

/// Who makes entries of access lists.
pub fn access_sources() -> Vec<&'static str> {
    AccessRow::SOURCES.to_vec()
}

/// Where modules of licenses stand.
pub fn approval_statuses() -> Vec<&'static str> {
    ApprovalStatus::ALL.map(ApprovalStatus::as_str).to_vec()
}

/// Who names modules of licenses.
pub fn approval_sources() -> Vec<&'static str> {
    ApprovalRow::SOURCES.to_vec()
}

/// How devices are named.
pub fn device_kinds() -> Vec<&'static str> {
    Device::KINDS.to_vec()
}

/// Where a license server stands.
pub fn server_statuses() -> Vec<&'static str> {
    servers::STATUSES.to_vec()
}

/// Where a job stands.
pub fn job_statuses() -> Vec<&'static str> {
    JobStatus::ALL.map(JobStatus::as_str).to_vec()
}

/// What keys are for.
pub fn key_uses() -> Vec<&'static str> {
    KeyUse::ALL.map(KeyUse::as_str).to_vec()
}

/// What the keys are for that can be rotated.
pub fn rotated_key_uses() -> Vec<&'static str> {
    keys::ROTATED.map(KeyUse::as_str).to_vec()
}

/// Where a key stands.
pub fn key_states() -> Vec<&'static str> {
    KeyStage::ALL.map(KeyStage::as_str).to_vec()
}

/// What a token may do.
pub fn scopes() -> Vec<&'static str> {
    Scope::ALL.iter().map(|scope| scope.as_str()).collect()
}
