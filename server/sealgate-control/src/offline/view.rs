//! A bundle as the vendor sees it.

use sealgate_artifact::UnixSeconds;
use sealgate_store::table::BundleRow;
use sealgate_wire::{BundleMode, BundleView, Timestamp};

/// A bundle at a time, without the machines that it names.
pub(super) fn view(row: &BundleRow, now: UnixSeconds) -> BundleView {
    BundleView {
        bundle_id: row.id.to_string(),
        license_id: row.license.to_string(),
        app_id: row.app.to_string(),
        serial: row.serial,
        version: row.version,
        line: row.line.to_string(),
        mode: if row.pool.is_some() { BundleMode::Pool } else { BundleMode::Bound },
        machines: row.machines,
        device_keys: vec![],
        request: row.request.map(|request| request.to_string()),
        replaces: row.replaces.map(|bundle| bundle.to_string()),
        statement_id: row.statement.to_string(),
        issued_at: Timestamp(row.issued_at),
        valid_until: Timestamp(row.ends_at),
        live: is_live(row, now),
        revoked_at: row.revoked_at.map(Timestamp),
        revoke_reason: row.revoke_reason.clone(),
        made_by: row.made_by.clone(),
    }
}

/// `spec/offline.md` §5.2: until it ends, whatever became of it.
pub(super) fn is_live(row: &BundleRow, now: UnixSeconds) -> bool {
    now < row.ends_at
}
