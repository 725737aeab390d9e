//! Devices that an import brings for a license that is there: the list of machines came after that of licenses.

use std::collections::BTreeSet;

use sealgate_artifact::{Code, Device, LicenseId, TenantId, UnixSeconds};
use sealgate_authority::seats::{TakeSeat, facts};
use sealgate_authority::{AuthorityError, Ids, broken};
use sealgate_rules::Verdict;
use sealgate_store::Tx;
use sealgate_store::table::{self, LicenseRow};
use sealgate_wire::ImportedRow;

/// Who gives seats to latecomers.
pub(super) struct Latecomers {
    ids: Ids,
    request_id: String,
}

/// What becomes of the devices of one row.
#[derive(Default)]
pub(super) struct Late {
    seats: Vec<TakeSeat>,
    added: u64,
    left_out: u64,
    why: Option<Why>,
}

/// Why devices get no seats.
enum Why {
    Code(Code),
    Said(String),
}

impl Latecomers {
    pub(super) fn new(ids: &Ids, request_id: &str) -> Self {
        Self { ids: ids.clone(), request_id: request_id.to_owned() }
    }

    /// Locks the licenses, always in the same order: two imports at once wait for each other, and do not wait for ever.
    pub(super) async fn lock(
        &self,
        tx: &mut Tx<'_>,
        tenant: TenantId,
        licenses: BTreeSet<LicenseId>,
    ) -> Result<(), AuthorityError> {
        for license in licenses {
            table::licenses::lock(tx, tenant, license).await?;
        }
        Ok(())
    }

    /// What becomes of the devices of a row whose license is there. Those that have seats keep them. Once a seat of the license
    /// was released, none is given by an import: the next run would undo what the vendor did.
    pub(super) async fn of(
        &self,
        tx: &mut Tx<'_>,
        (tenant, license): (TenantId, LicenseId),
        devices: &Result<Vec<Device>, AuthorityError>,
    ) -> Result<Late, AuthorityError> {
        let devices = match devices {
            Ok(devices) if devices.is_empty() => return Ok(Late::default()),
            Ok(devices) => devices,
            Err(error) => {
                return Ok(Late { why: Some(Why::Said(error.public_message())), ..Late::default() });
            }
        };
        let locked = table::licenses::lock(tx, tenant, license).await?;
        let locked = locked.ok_or_else(|| broken("a license that a row was known by is gone"))?;
        let mut missing = Vec::new();
        for device in devices {
            if table::devices::seat(&mut *tx, license, device).await?.is_none() {
                missing.push(device);
            }
        }
        if missing.is_empty() {
            return Ok(Late::default());
        }
        let said = |why: &str| Why::Said(why.to_owned());
        let why = if table::release_days::is_any(&mut *tx, license).await? {
            Some(said(
                "seats of this license were released, and an import gives none back: devices take them when they ask",
            ))
        } else if locked.terms.trial.is_some() {
            Some(said("a trial begins when the device asks itself"))
        } else {
            None
        };
        if why.is_some() {
            return Ok(Late { left_out: missing.len() as u64, why, ..Late::default() });
        }
        Ok(self.seats(&locked, &missing))
    }

    fn seats(&self, locked: &LicenseRow, missing: &[&Device]) -> Late {
        let mut late = Late::default();
        for device in missing {
            match verdict(locked, late.seats.len() as u64, self.ids.now()) {
                Some(code) => late.leave_out(code),
                None => late.seats.push(TakeSeat::given(&self.ids, locked, device, &self.request_id)),
            }
        }
        late
    }
}

/// Why another device gets no seat beside so many that get one now.
fn verdict(locked: &LicenseRow, more: u64, now: UnixSeconds) -> Option<Code> {
    let used = locked.devices_used.saturating_add(more);
    match facts(locked, false, (used, false), None).validate(now) {
        Verdict::Refuse(code) => Some(code),
        Verdict::Allow | Verdict::TakeSeat => None,
    }
}

impl Late {
    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    pub(super) fn added(&self) -> u64 {
        self.added
    }

    fn leave_out(&mut self, code: Code) {
        self.left_out += 1;
        self.why.get_or_insert(Why::Code(code));
    }

    /// Gives the seats. A customer may have as many devices as it may have by now: then the rest is left out.
    pub(super) async fn take(mut self, tx: &mut Tx<'_>) -> Result<Self, AuthorityError> {
        for seat in std::mem::take(&mut self.seats) {
            match seat.take(tx).await {
                Ok(_) => self.added += 1,
                Err(AuthorityError::Refused(code)) => self.leave_out(code),
                Err(error) => return Err(error),
            }
        }
        Ok(self)
    }

    /// The row with what became of its devices, or would.
    pub(super) fn told(&self, row: ImportedRow) -> ImportedRow {
        let number = |n: u64| Some(n).filter(|n| *n > 0);
        let (code, message) = match &self.why {
            Some(Why::Code(code)) => (Some(code.to_string()), Some(code.meaning().to_owned())),
            Some(Why::Said(why)) => (None, Some(why.clone())),
            None => (None, None),
        };
        ImportedRow {
            devices_added: number(self.added + self.seats.len() as u64),
            devices_left_out: number(self.left_out),
            code,
            message,
            ..row
        }
    }
}
