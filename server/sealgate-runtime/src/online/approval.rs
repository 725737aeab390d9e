//! Which modules the vendor approved for a license (`spec/activation.md` §9).

use sealgate_artifact::{ApprovalId, Module};
use sealgate_authority::{AuthorityError, event_row};
use sealgate_store::table::{self, ApprovalRow, ApprovalStatus, EventRow, LicenseRow};
use sealgate_store::{Db, Tx, Work};

use crate::asking::Gate;

/// The modules that are not.
pub(super) async fn unapproved(
    db: &Db,
    license: &LicenseRow,
    modules: &[Module],
) -> Result<Vec<Module>, AuthorityError> {
    Ok(table::approvals::unapproved(db, (license.app, license.id), modules).await?)
}

/// Leaves modules for the vendor to decide about (`spec/activation.md` §9.3). Whoever asks has proved the license's key, or
/// holds a seat of it. What the license has already is not written again.
pub(super) async fn submit(
    gate: &Gate,
    license: &LicenseRow,
    (device, request_id): (&str, &str),
    modules: &[Module],
) -> Result<(), AuthorityError> {
    let new = table::approvals::unknown(&gate.db, license.id, modules).await?;
    if new.is_empty() {
        return Ok(());
    }
    let row = |module: Module| ApprovalRow {
        id: gate.ids.fresh(ApprovalId::new),
        tenant: license.tenant,
        app: license.app,
        license: license.id,
        module,
        source: ApprovalRow::DEVICE.to_owned(),
        submitted_at: gate.ids.now(),
        status: ApprovalStatus::Pending,
        decided_at: None,
        reason: None,
    };
    let rows = new.into_iter().map(row).collect();
    let event = event_row(&gate.ids, license, "modules_submitted", Some(device), request_id);
    gate.db.write(Submit { rows, event }).await
}

struct Submit {
    rows: Vec<ApprovalRow>,
    event: EventRow,
}

impl Work for Submit {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let Some(first) = self.rows.first() else { return Ok(()) };
        // The license is locked: nobody else adds modules of it meanwhile.
        table::licenses::lock(tx, first.tenant, first.license).await?;
        let mut room = table::approvals::room(tx, first.app, first.license).await?;
        let mut is_new = false;
        for row in &self.rows {
            if room == 0 {
                break;
            }
            if table::approvals::submit(tx, row).await? {
                (room, is_new) = (room - 1, true);
            }
        }
        if is_new {
            table::events::insert(tx, &self.event).await?;
        }
        Ok(())
    }
}
