//! A heartbeat that counts: what it leads to, in one transaction (`spec/activation.md` §7.4, points 6 to 8).

use std::sync::Arc;

use sealgate_artifact::{
    BeatOutcome, Code, Device, HeartbeatAnswer, InstanceId, NextBeat, Nonce, UnixSeconds, Word,
};
use sealgate_authority::seats::facts;
use sealgate_authority::{About, AuthorityError, Source, event_row, lease};
use sealgate_rules::{End, OutOfForce, Rhythm, is_same_machine};
use sealgate_store::table::{self, ActivationRow, Ended, EventRow, InstanceRow, SlotRow};
use sealgate_store::{LicenseEntry, Tx, Work};

use super::chain::{Chained, follow};
use super::desk::Online;
use super::known::{Decided, Known, Request};
use super::lease::SeatChange;
use super::proofs::{Proved, give_slot};
use crate::asking;

/// The next heartbeat is due no sooner, unless more of a chain is to come.
const PAUSE_SECONDS: u64 = 60;

impl Online {
    /// Decides what the heartbeat leads to, and writes it with the answer's bytes, before the answer leaves.
    pub(super) async fn count(
        &self,
        known: Known,
        request: &Request,
        source: Source<'_>,
    ) -> Result<Decided, AuthorityError> {
        let said = request.get();
        // spec/activation.md §7.4, point 4: one that made room comes back where there is room. The heartbeat by which it left, asked
        // again, brings nothing back.
        let is_over = said.leaves && known.is_repeated(request);
        let returns = known.instance.as_ref().is_some_and(|instance| instance.is_gone(known.gone_since()));
        if returns && !is_over && !known.has_room {
            return Err(AuthorityError::Refused(Code::InstanceLimit));
        }
        let machine = said.fingerprint.as_ref().map(Word::as_str);
        if !is_same_machine(known.activation.fingerprint.as_deref(), machine) {
            return Err(AuthorityError::Refused(Code::FingerprintMismatch));
        }
        let chained = match self.chained(&known, request) {
            // spec/chain.md §4.7: signed, because an unsigned refusal could come from anybody in between.
            Err(AuthorityError::Refused(code)) => return self.refused(request, code),
            chained => chained?,
        };
        let (has_seat, continues) = self.continues(&known, source).await?;
        let ended = ended(&known, &chained, continues)?;
        let has_ended = ended.is_some();
        let seat = self.seat_change((&known, request), (has_seat, has_ended), source).await?;
        let (activation, slot) = self.activation(&known, &chained, ended).await?;
        let next = NextBeat {
            instance: known.instance.as_ref().map_or_else(|| self.gate.ids.fresh(InstanceId::new), |i| i.id),
            nonce: Nonce::from_random(self.gate.ids.random()),
            not_before: known.now.plus(if chained.more { 0 } else { PAUSE_SECONDS }),
        };
        let outcome = match activation.ended {
            Some(Ended { code, grace_until, .. }) => {
                BeatOutcome::Ended { code: code.to_string(), next, grace_until }
            }
            None => BeatOutcome::Admitted {
                license_statement: known.license.license.statement,
                current_proof: activation.proof_id,
                next,
                lease_until: seat.lease_until(),
            },
        };
        let answer = HeartbeatAnswer {
            outcome,
            issued_at: known.now,
            head: chained.head,
            resend_from: chained.resend_from,
            snapshot: self.identity.bundle(said.tenant).await?.1.snapshot,
            ..self.blank(request)
        };
        let answer = self.sign_beat(&answer)?;
        let instance = InstanceRow {
            id: next.instance,
            seq: said.seq,
            next_nonce: next.nonce,
            request: request.id(),
            answer: answer.clone(),
            heard_at: known.now,
            left_at: said.leaves.then_some(known.now),
        };
        let event = chained.fault.map(|fault| self.fault_event(&known, fault, source));
        let work = Heartbeat {
            license: Arc::clone(&known.license),
            seat,
            before: known.activation,
            activation: activation.clone(),
            slot,
            instance_before: known.instance,
            instance,
            rhythm: known.rhythm,
            now: known.now,
            chained,
            event,
        };
        Box::pin(self.gate.db.write(work)).await?;
        let admitted = activation.ended.is_none().then_some((known.license, activation));
        Ok(Decided { answer, admitted })
    }

    /// The device's chain. A request that was answered before brings nothing new.
    fn chained(&self, known: &Known, request: &Request) -> Result<Chained, AuthorityError> {
        let (activation, said) = (&known.activation, request.get());
        if known.is_repeated(request) {
            return Ok(Chained::as_it_is(activation, said));
        }
        follow(&self.gate.secrets, activation, said, known.now)
    }

    /// Whether the device has a seat, and whether it may go on.
    async fn continues(
        &self,
        known: &Known,
        source: Source<'_>,
    ) -> Result<(bool, Result<(), Code>), AuthorityError> {
        let (entry, device) = (&known.license, known.device());
        let (license, name) = (&entry.license, &*device.name());
        let address = source.address;
        let is_admitted = asking::app_admits(&known.app, (name, address), known.now, &mut About::default())
            .is_ok()
            && asking::license_admits(&known.app, entry, name, known.now);
        let mut seat = self.seats.seat(entry, &device).await?;
        if seat.is_none() && self.seats.holds_now(entry, &device).await? {
            // Another server gave it within the last second.
            seat = table::devices::seat(&self.gate.db, license.id, &device).await?;
        }
        let has_seat = seat.is_some();
        // A lease that ended ends no activation: the device takes a seat again, and its trial goes on.
        let may_return = !has_seat && lease::ends(license, known.now).is_some();
        let began = if may_return { Some(known.now) } else { seat.and_then(|seat| seat.trial_began) };
        let seats = (license.devices_used, has_seat || may_return);
        let continues = facts(license, !is_admitted, seats, began).continues(known.now);
        Ok((
            has_seat,
            continues.map_err(|code| match code {
                // spec/activation.md §5.1: whoever gave the seat back is activated no more.
                Code::DeviceLimit => Code::NotActivated,
                code => code,
            }),
        ))
    }

    /// The activation as it is from now on: its end, its chain, and a proof of the license's version that counts. Where that is a
    /// new one, with its slot.
    async fn activation(
        &self,
        known: &Known,
        chained: &Chained,
        ended: Option<Ended>,
    ) -> Result<(ActivationRow, Option<SlotRow>), AuthorityError> {
        let row = ActivationRow {
            ended,
            head: chained.head.unwrap_or(known.activation.head),
            anchor: chained.anchored.as_ref().map_or(known.activation.anchor, |anchored| anchored.anchor),
            reanchor_asked_at: known.activation.reanchor_asked_at.filter(|_| !chained.is_settled),
            ..known.activation.clone()
        };
        // spec/revocation.md §5.3: what the chain's fault took back stays listed, so whoever is let in again gets a newer proof.
        let is_let_in_again = known.activation.reanchor_asked_at.is_some() && row.reanchor_asked_at.is_none();
        let license = &known.license.license;
        if row.ended.is_none() && (row.statement != license.statement || is_let_in_again) {
            let Proved { row, slot } = self.proofs.renew(&row, license, known.now).await?;
            return Ok((row, Some(slot)));
        }
        Ok((row, None))
    }

    fn fault_event(&self, known: &Known, fault: &'static str, source: Source<'_>) -> EventRow {
        let device = known.activation.device_key.to_string();
        let ids = &self.gate.ids;
        let event =
            event_row(ids, &known.license.license, "chain_mismatch", Some(&device), source.request_id);
        EventRow { code: Some(fault.to_owned()), ..event }
    }
}

/// Why the device has no rights any more, and until when it keeps what it has (`spec/activation.md` §7.4, points 7 and 8, and §7.5).
fn ended(
    known: &Known,
    chained: &Chained,
    continues: Result<(), Code>,
) -> Result<Option<Ended>, AuthorityError> {
    if continues == Err(Code::NotActivated) {
        return Err(AuthorityError::Refused(Code::NotActivated));
    }
    let told = known.activation.ended.map(|Ended { code, at, grace_until }| End { code, at, grace_until });
    let has_fault = chained.fault.is_some() || told.is_some_and(|told| told.code == Code::ChainMismatch);
    let continues = if has_fault { Err(Code::ChainMismatch) } else { continues };
    Ok(continues.err().map(|code| {
        let license = &known.license.license;
        let since = OutOfForce {
            revoked_at: license.revoked_at,
            suspended_at: license.suspended_at,
            expires_at: license.expires_at,
        };
        let End { code, at, grace_until } = End::of(code, since, (told, known.now), known.rhythm.grace);
        Ended { code, at, grace_until }
    }))
}

/// What a heartbeat changes.
struct Heartbeat {
    license: Arc<LicenseEntry>,
    seat: SeatChange,
    before: ActivationRow,
    activation: ActivationRow,
    slot: Option<SlotRow>,
    instance_before: Option<InstanceRow>,
    instance: InstanceRow,
    rhythm: Rhythm,
    now: UnixSeconds,
    chained: Chained,
    event: Option<EventRow>,
}

impl Work for Heartbeat {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let (id, license) = (self.activation.id, &self.license.license);
        let device = Device::Key(self.activation.device_key);
        let leaves = self.seat.begin(tx, (license, &device)).await?;
        // An end that another copy of the program was told is not overwritten.
        if self.activation != self.before
            && !table::activations::replace(tx, &self.before, &self.activation).await?
        {
            return Err(AuthorityError::Superseded);
        }
        self.give_slot(tx).await?;
        // Whoever was faster is not overwritten: then all of it is judged again.
        let is_current = match &self.instance_before {
            Some(before) => {
                let is_over = self.instance.left_at.is_some() && before.request == self.instance.request;
                let returns = before.is_gone(self.gone_since()) && !is_over;
                (!returns || self.has_room(tx).await?)
                    && table::instances::store(tx, id, before, &self.instance).await?
            }
            None => {
                self.has_room(tx).await?
                    && table::instances::heard_last(&mut *tx, id, self.instance.request).await?.is_none()
            }
        };
        if !is_current {
            return Err(AuthorityError::Superseded);
        }
        if self.instance_before.is_none() {
            table::instances::insert(tx, id, &self.instance).await?;
        }
        if let Some(batch) = &self.chained.new {
            table::chain_entries::insert(tx, id, batch, self.now).await?;
        }
        if let Some(anchored) = &self.chained.anchored {
            table::chain_anchors::insert(tx, id, anchored).await?;
        }
        if let Some(locked) = leaves
            && self.others(tx).await? == 0
        {
            lease::give_back(tx, &locked, &device, self.now).await?;
        }
        if let Some(event) = &self.event {
            table::events::insert(tx, event).await?;
        }
        Ok(())
    }
}

impl Heartbeat {
    /// The slot of a newer proof; and what the chain's fault takes back (`spec/revocation.md` §1.5).
    async fn give_slot(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if let Some(slot) = &self.slot {
            give_slot(tx, slot, self.activation.statement).await?;
        }
        let has_fault =
            |row: &ActivationRow| row.ended.is_some_and(|ended| ended.code == Code::ChainMismatch);
        if has_fault(&self.activation) && !has_fault(&self.before) {
            let name = self.activation.device_key.to_string();
            table::slots::list_proofs(tx, self.activation.license, &[name], self.now).await?;
        }
        Ok(())
    }

    /// Holds the activation, so that no two copies of the program take the last place.
    async fn has_room(&self, tx: &mut Tx<'_>) -> Result<bool, AuthorityError> {
        let (id, generation) = (self.activation.id, self.activation.generation);
        if !table::activations::lock(tx, id, generation).await? {
            return Ok(false);
        }
        if self.instance_before.is_none() {
            table::instances::forget_gone(tx, id, self.gone_since()).await?;
        }
        Ok(self.others(tx).await? < self.rhythm.max_instances)
    }

    /// How many other copies of the program run on the device.
    async fn others(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        let but = Some(self.instance.id);
        Ok(table::instances::running(&mut *tx, self.activation.id, (but, self.gone_since())).await?)
    }

    /// A copy that was not heard since then makes room for another.
    fn gone_since(&self) -> UnixSeconds {
        self.now.minus(self.rhythm.gone_after())
    }
}
