//! `POST /api/v1/activate`: a device is admitted to a license, and gets a proof of it (`spec/activation.md` §4).

use sealgate_artifact::{ActivationRequest, Code, StatementId, UnixSeconds};
use sealgate_authority::seats::{Admitted, Asking, TakeSeat, standing};
use sealgate_authority::{AuthorityError, event_row};
use sealgate_store::table::{self, ActivationRow, EventRow, Followed, SlotRow};
use sealgate_store::{Tx, Work};
use sealgate_trust::Verified;

use super::approval::{submit, unapproved};
use super::desk::Online;
use super::proofs::{Proved, give_slot};

/// Within so long, a device is activated again at most [`GENERATIONS`] times.
const DAY_SECONDS: u64 = 24 * 60 * 60;
const GENERATIONS: usize = 3;
/// Former generations whose requests are known at most. Blocks a row that grows without end.
const KNOWN: usize = 100;

/// A device that was admitted.
pub(super) struct Activated {
    pub(super) admitted: Admitted,
    /// The proof's carrier.
    pub(super) proof: Vec<u8>,
}

impl Online {
    /// Takes a seat where the device has none, and begins the next generation of its activation. The very request that this
    /// generation began with gets its proof again.
    pub(super) async fn activate(
        &self,
        request: &Verified<ActivationRequest>,
        asking: &Asking<'_>,
    ) -> Result<Activated, AuthorityError> {
        let license = &asking.license.license;
        let known =
            table::activations::find(&self.gate.db, license.id, request.get().asks.device_key).await?;
        if let Some(known) = &known {
            not_over(known, request.id())?;
        }
        if let Some(known) = known.as_ref().filter(|known| known.request == request.id()) {
            let admitted = self.seats.admit(asking).await?;
            let proof = self.proof_now(known, asking).await?;
            return Ok(Activated { admitted, proof });
        }
        // spec/activation.md §4.4.
        let unapproved = unapproved(&self.gate.db, license, &request.get().modules).await?;
        if !unapproved.is_empty() {
            gives_rights(asking)?;
            let name = asking.device.name();
            submit(&self.gate, license, (&name, asking.request_id), &unapproved).await?;
            return Err(AuthorityError::Refused(Code::UnapprovedModule));
        }
        let begun = begun(known.as_ref(), asking.now)?;
        let Proved { row, slot } = self.proofs.begin(license, request, known.as_ref(), asking.now).await?;
        let row = ActivationRow { begun, ..row };
        let device = &*asking.device.name();
        let work = Activate {
            take: TakeSeat::asked(&self.gate.ids, asking),
            is_known: known.is_some(),
            event: event_row(&self.gate.ids, license, "device_activated", Some(device), asking.request_id),
            row,
            slot,
        };
        let proof = work.row.proof.clone();
        Ok(Activated { admitted: Box::pin(self.gate.db.write(work)).await?, proof })
    }
}

impl Online {
    /// The proof of this generation for the license's version that counts, which comes with it.
    async fn proof_now(&self, known: &ActivationRow, asking: &Asking<'_>) -> Result<Vec<u8>, AuthorityError> {
        let license = &asking.license.license;
        if known.statement == license.statement {
            return Ok(known.proof.clone());
        }
        let proved = self.proofs.renew(known, license, asking.now).await?;
        let proof = proved.row.proof.clone();
        Box::pin(self.gate.db.write(Renew { before: known.clone(), proved })).await?;
        Ok(proof)
    }
}

/// Whoever has no rights is told so, and leaves no modules for the vendor.
fn gives_rights(asking: &Asking<'_>) -> Result<(), AuthorityError> {
    let standing = standing(&asking.license.license).gives_rights(asking.now);
    let admitted = standing.and(if asking.blocked { Err(Code::Blocked) } else { Ok(()) });
    admitted.map_err(AuthorityError::Refused)
}

/// `spec/activation.md` §4.5: a request that comes late, or again from somebody else, begins nothing that is over anew.
fn not_over(known: &ActivationRow, request: StatementId) -> Result<(), AuthorityError> {
    let of_former = known.begun.iter().any(|former| former.request == Some(request));
    let has_ended = known.request == request && known.ended.is_some();
    if of_former || has_ended { Err(AuthorityError::Refused(Code::ReplayDetected)) } else { Ok(()) }
}

/// The generations before the one that begins now. `spec/activation.md` §4.5: a copied state and the original are activated in turn.
fn begun(known: Option<&ActivationRow>, now: UnixSeconds) -> Result<Vec<Followed>, AuthorityError> {
    let Some(known) = known else { return Ok(vec![]) };
    let mut begun = known.begun.clone();
    begun.push(Followed { at: now, request: Some(known.request) });
    if begun.iter().filter(|former| former.at > now.minus(DAY_SECONDS)).count() > GENERATIONS {
        return Err(AuthorityError::Refused(Code::CloneSuspected));
    }
    begun.drain(..begun.len().saturating_sub(KNOWN));
    Ok(begun)
}

struct Activate {
    take: TakeSeat,
    row: ActivationRow,
    slot: SlotRow,
    is_known: bool,
    event: EventRow,
}

impl Work for Activate {
    type Output = Admitted;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Admitted, AuthorityError> {
        // The license is locked from here on.
        let admitted = self.take.take(tx).await?;
        if !table::activations::begin(tx, &self.row, self.is_known).await? {
            return Err(AuthorityError::Superseded);
        }
        give_slot(tx, &self.slot, self.row.statement).await?;
        table::events::insert(tx, &self.event).await?;
        Ok(admitted)
    }
}

/// A newer proof of the same generation.
struct Renew {
    before: ActivationRow,
    proved: Proved,
}

impl Work for Renew {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if !table::activations::replace(tx, &self.before, &self.proved.row).await? {
            return Err(AuthorityError::Superseded);
        }
        give_slot(tx, &self.proved.slot, self.proved.row.statement).await
    }
}
