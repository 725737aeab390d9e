//! A database that came back older: what a device shows of newer times is taken over (`spec/activation.md` §7.6).

use std::borrow::Cow;
use std::sync::Arc;

use sealgate_artifact::{
    ActivationProof, ChainHead, Code, Device, DeviceId, HeartbeatAnswer, NextBeat, PublicKey, Shard,
    StatementId, UnixSeconds,
};
use sealgate_authority::seats::{room_for_another, standing};
use sealgate_authority::{AuthorityError, Source, event_row, lease};
use sealgate_rules::{Shown as ShownState, Standing};
use sealgate_store::table::{
    self, ActivationRow, DeviceRow, EventRow, InstanceRow, LicenseRow, Said, SlotOwner, SlotRow,
};
use sealgate_store::{LicenseEntry, Tx, Work};
use sealgate_trust::{Verified, verify_own_answer, verify_own_proof};
use sealgate_wire::HeartbeatQuestion;

use super::desk::Online;
use super::known::{Known, Request};
use super::proofs::slot_row;
use crate::asking::Asked;

/// What a device showed, verified as the installation's own.
struct Shown {
    proof: Verified<ActivationProof>,
    proof_bytes: Vec<u8>,
    last: Option<(Verified<HeartbeatAnswer>, Vec<u8>)>,
}

impl Online {
    /// Takes over what the device shows, if this installation signed it and it is newer than what is held. Returns what to say to
    /// the question: it is judged again where something was taken over.
    pub(super) async fn adopt(
        &self,
        (request, ask): (&Request, &HeartbeatQuestion),
        license: &Arc<LicenseEntry>,
        known: Option<&Known>,
        (source, paid): (Source<'_>, &mut bool),
    ) -> Result<AuthorityError, AuthorityError> {
        if ask.proof.is_none() {
            // Whoever holds a proof shows it. Whoever holds none is told no more than that.
            return Ok(AuthorityError::Refused(Code::StateWanted));
        }
        let Some(shown) = self.shown(request, ask).await? else {
            return Ok(AuthorityError::Refused(Code::NotActivated));
        };
        self.gate.charge(Asked::Question, &license.license, paid)?;
        let row = adopted(&shown, known, &license.license);
        // One that began after the database came back: what is older than that is over.
        if known.is_some_and(|known| known.activation.id != row.id) {
            return Ok(AuthorityError::Refused(Code::Superseded));
        }
        let instance = shown.last.as_ref().and_then(instance_of);
        if !is_newer(known, &row, instance.as_ref()) {
            return Ok(AuthorityError::Refused(Code::NonceReplayed));
        }
        let device = Device::Key(row.device_key);
        let ids = &self.gate.ids;
        let event =
            event_row(ids, &license.license, "device_readopted", Some(&*device.name()), source.request_id);
        let said = Said { fingerprint: row.fingerprint.clone(), ..Said::default() };
        let seat = DeviceRow {
            said,
            ..DeviceRow::new(ids.fresh(DeviceId::new), &license.license, device, ids.now())
        };
        let before = known.map(|known| known.activation.clone());
        let slot = shown.proof.get().slot.map(|slot| slot_row(&license.license, &row, slot));
        Box::pin(self.gate.db.write(Adopt { row, before, slot, instance, seat, event })).await?;
        Ok(AuthorityError::Superseded)
    }

    /// What the device shows, if it is the installation's own word about this device.
    async fn shown(
        &self,
        request: &Request,
        ask: &HeartbeatQuestion,
    ) -> Result<Option<Shown>, AuthorityError> {
        let Some(proof_bytes) = ask.proof.as_ref().map(|proof| proof.get().as_bytes().to_vec()) else {
            return Ok(None);
        };
        let (servers, activators) = self.own_keys().await?;
        let Ok(proof) = verify_own_proof(&proof_bytes, activators) else { return Ok(None) };
        let (said, asked) = (proof.get(), request.get());
        let is_about = (said.tenant, said.app, said.license, said.device_key)
            == (asked.tenant, asked.app, asked.license, asked.device_key)
            && (proof.id(), said.generation) == (asked.proof, asked.generation);
        if !is_about {
            return Ok(None);
        }
        let last = match &ask.last {
            None => None,
            Some(last) => {
                let bytes = last.get().as_bytes().to_vec();
                let Ok(last) = verify_own_answer(&bytes, servers) else { return Ok(None) };
                let said = last.get();
                let is_about = (said.tenant, said.app, said.license, said.device_key)
                    == (asked.tenant, asked.app, asked.license, asked.device_key);
                if !is_about {
                    return Ok(None);
                }
                let given = said.next().map(|next| (next.instance, said.seq));
                let is_own = ShownState { generation: asked.generation, last: given }
                    .to(asked.instance)
                    .last
                    .is_some();
                is_own.then_some((last, bytes))
            }
        };
        Ok(Some(Shown { proof, proof_bytes, last }))
    }

    /// The keys of this installation's servers that were approved and not revoked, and those that sign their proofs.
    pub(super) async fn own_keys(&self) -> Result<(Vec<PublicKey>, Vec<PublicKey>), AuthorityError> {
        let trusted = table::servers::trusted(&self.gate.db).await?;
        let mut servers: Vec<PublicKey> = trusted.iter().map(|server| server.server_key).collect();
        let mut activators: Vec<PublicKey> = trusted
            .iter()
            .filter_map(|server| server.activation_approved_at.and(server.activation_key))
            .collect();
        servers.push(self.identity.key());
        activators.extend(self.identity.activation_key());
        Ok((servers, activators))
    }
}

fn adopted(shown: &Shown, known: Option<&Known>, license: &LicenseRow) -> ActivationRow {
    let proof = shown.proof.get();
    let same = known.filter(|known| known.activation.generation == proof.generation);
    let head = shown.last.as_ref().and_then(|(last, _)| last.get().head).unwrap_or(ChainHead::EMPTY);
    let known_head = same.map_or(ChainHead::EMPTY, |known| known.activation.head);
    ActivationRow {
        id: proof.activation,
        tenant: license.tenant,
        license: license.id,
        device_key: proof.device_key,
        generation: proof.generation,
        begun: known.map_or_else(Vec::new, |known| known.activation.begun.clone()),
        request: proof.request,
        first_nonce: proof.nonce,
        fingerprint: proof.fingerprint.as_ref().map(ToString::to_string),
        proof_id: shown.proof.id(),
        statement: proof.license_statement,
        proof: shown.proof_bytes.clone(),
        ended: same.and_then(|known| known.activation.ended),
        head: if head.seq > known_head.seq { head } else { known_head },
        anchor: same.map_or(0, |known| known.activation.anchor),
        reanchor_asked_at: same.and_then(|known| known.activation.reanchor_asked_at),
        activated_at: same.map_or(proof.issued_at, |known| known.activation.activated_at),
    }
}

/// The copy of the program that got this answer.
fn instance_of((last, bytes): &(Verified<HeartbeatAnswer>, Vec<u8>)) -> Option<InstanceRow> {
    let said = last.get();
    let NextBeat { instance, nonce, .. } = *said.next()?;
    Some(InstanceRow {
        id: instance,
        seq: said.seq,
        next_nonce: nonce,
        request: said.request,
        answer: bytes.clone(),
        heard_at: said.issued_at,
        left_at: None,
    })
}

/// Never less than what is held.
fn is_newer(known: Option<&Known>, row: &ActivationRow, shown: Option<&InstanceRow>) -> bool {
    let shown = ShownState { generation: row.generation, last: shown.map(|shown| (shown.id, shown.seq)) };
    let held = known.map(|known| (known.activation.generation, known.instance.as_ref().map(|held| held.seq)));
    shown.is_newer(held)
}

struct Adopt {
    row: ActivationRow,
    /// What was held when it was judged.
    before: Option<ActivationRow>,
    /// The slot that the proof has.
    slot: Option<SlotRow>,
    instance: Option<InstanceRow>,
    seat: DeviceRow,
    event: EventRow,
}

impl Work for Adopt {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let locked = table::licenses::lock(tx, self.row.tenant, self.row.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotActivated))?;
        // A heartbeat that counts changes it without locking the license.
        if let Some(before) = &self.before {
            table::activations::lock(tx, before.id, before.generation).await?;
        }
        let held = table::activations::find(&mut *tx, self.row.license, self.row.device_key).await?;
        if held != self.before {
            return Err(AuthorityError::Superseded);
        }
        let row = if self.keep_slot(tx, &locked).await? {
            Cow::Borrowed(&self.row)
        } else {
            // It names no version of the license, and so a heartbeat gives the device a newer proof.
            let statement = StatementId::from_bytes([0; 32]);
            Cow::Owned(ActivationRow { statement, ..self.row.clone() })
        };
        table::activations::adopt(tx, &row).await?;
        if held.is_some_and(|held| held.generation != self.row.generation) {
            table::instances::forget(tx, self.row.id).await?;
        }
        if let Some(instance) = &self.instance
            && !table::instances::adopt(tx, self.row.id, instance).await?
        {
            return Err(AuthorityError::Superseded);
        }
        self.take_seat(tx, &locked).await?;
        table::events::insert(tx, &self.event).await?;
        Ok(())
    }
}

impl Adopt {
    /// What a device shows keeps the slot that it has, and what was revoked stays listed (`spec/revocation.md` §5.3, §7.11). Says whether
    /// the slot is this proof's: else nothing can take it back, and the device gets a newer one at once.
    async fn keep_slot(&self, tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<bool, AuthorityError> {
        let Some(slot) = &self.slot else { return Ok(true) };
        let block = Shard::block_of(slot.slot);
        if !table::slot_blocks::know_shown(tx, (slot.tenant, slot.app), block).await? {
            return Ok(false);
        }
        let is_new = table::slots::keep_proof(tx, slot).await?;
        let owner = table::slots::license_of_slot(&mut *tx, slot.tenant, slot.app, slot.slot).await?;
        // What only a snapshot knows may be this one.
        let is_listed =
            |owner: SlotOwner| owner.listed_at.is_some() && owner.what.is_none_or(|what| what == slot.what);
        let is_own = is_new || owner.is_some_and(|owner| owner.what == Some(slot.what));
        match locked.revoked_at {
            None if owner.is_some_and(is_listed) => Err(AuthorityError::Refused(Code::NotActivated)),
            Some(_) if is_own => {
                table::slots::list_of_revoked(tx, slot, self.seat.first_seen).await?;
                Ok(true)
            }
            _ => Ok(is_own),
        }
    }

    /// The installation's own word says that the device had a seat: it gets one again. A lease may be over by now, and the heartbeat
    /// takes one.
    async fn take_seat(&self, tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<(), AuthorityError> {
        let now = self.seat.first_seen;
        if lease::ends(locked, now).is_some() {
            return Ok(());
        }
        if let Some(seated) = table::devices::seat(&mut *tx, locked.id, &self.seat.device).await? {
            if seated.only_bundled {
                table::bundle_seats::comes_online(tx, locked, &self.seat.device).await?;
            }
            return Ok(());
        }
        match room_for_another(tx, locked).await {
            // Where the license gives no rights, that is what the device is to hear.
            Err(AuthorityError::Refused(_)) if !gives_rights(locked, now) => Ok(()),
            Err(full) => Err(full),
            Ok(()) => Ok(table::devices::take_seat(tx, locked, &self.seat).await?),
        }
    }
}

fn gives_rights(license: &LicenseRow, now: UnixSeconds) -> bool {
    Standing { trial: None, ..standing(license) }.gives_rights(now).is_ok()
}
