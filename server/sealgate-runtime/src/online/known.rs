//! What is known about a device that sends a heartbeat, and the answer as it begins (`spec/activation.md` §7.2, §7.4).

use std::sync::Arc;

use sealgate_artifact::{BeatOutcome, Code, Device, HeartbeatAnswer, HeartbeatRequest, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_rules::{Beat, Heard, HeldActivation, HeldBeat, Rhythm, hear};
use sealgate_store::table::{self, ActivationRow, InstanceRow};
use sealgate_store::{AppEntry, LicenseEntry};
use sealgate_trust::{Verified, sign_statement};

use super::desk::Online;

/// A heartbeat whose signature was verified.
pub(super) type Request = Verified<HeartbeatRequest>;

/// What was decided: the answer's bytes, and what may go with them.
pub(super) struct Decided {
    pub(super) answer: Vec<u8>,
    /// The license and the proof that count, where the device is admitted.
    pub(super) admitted: Option<(Arc<LicenseEntry>, ActivationRow)>,
}

/// What is known about a device that sends a heartbeat.
pub(super) struct Known {
    pub(super) app: Arc<AppEntry>,
    pub(super) license: Arc<LicenseEntry>,
    pub(super) activation: ActivationRow,
    pub(super) instance: Option<InstanceRow>,
    pub(super) rhythm: Rhythm,
    pub(super) has_room: bool,
    pub(super) now: UnixSeconds,
}

impl Known {
    pub(super) fn device(&self) -> Device {
        Device::Key(self.activation.device_key)
    }

    /// A copy of the program that was not heard since then makes room for another.
    pub(super) fn gone_since(&self) -> UnixSeconds {
        self.now.minus(self.rhythm.gone_after())
    }

    pub(super) fn judge(&self, request: &Request) -> Heard {
        let (said, row) = (request.get(), &self.activation);
        let activation = HeldActivation {
            generation: row.generation,
            first_nonce: row.first_nonce,
            has_room: self.has_room,
        };
        let held = |row: &InstanceRow| HeldBeat { seq: row.seq, next: row.next_nonce, request: row.request };
        let beat = Beat {
            generation: said.generation,
            instance: said.instance,
            seq: said.seq,
            nonce: said.nonce,
            request: request.id(),
        };
        hear(&activation, self.instance.as_ref().map(held).as_ref(), &beat)
    }
}

impl Online {
    pub(super) async fn known(
        &self,
        request: &Request,
        (app, license): (Arc<AppEntry>, Arc<LicenseEntry>),
        activation: ActivationRow,
    ) -> Result<Known, AuthorityError> {
        let (db, now) = (&self.gate.db, self.gate.ids.now());
        let rhythm = Rhythm::of(&license.license.terms.conditions);
        let since = now.minus(rhythm.gone_after());
        // Before the instance is looked up: another server may answer this very request meanwhile. Its instance is then found, and not
        // only counted.
        let running = table::instances::running(db, activation.id, (request.get().instance, since)).await?;
        let instance = match request.get().instance {
            Some(id) => table::instances::find(db, activation.id, id).await?,
            None => table::instances::heard_last(db, activation.id, request.id()).await?,
        };
        Ok(Known {
            app,
            license,
            activation,
            instance,
            has_room: running < rhythm.max_instances,
            rhythm,
            now,
        })
    }

    /// A heartbeat that does not count.
    pub(super) fn refused(&self, request: &Request, code: Code) -> Result<Decided, AuthorityError> {
        let outcome = BeatOutcome::Refused { code: code.to_string(), retry_after: None };
        let answer = HeartbeatAnswer { outcome, ..self.blank(request) };
        Ok(Decided { answer: self.sign_beat(&answer)?, admitted: None })
    }

    /// What stands in any answer to this request. Its outcome is to be replaced.
    pub(super) fn blank(&self, request: &Request) -> HeartbeatAnswer {
        let said = request.get();
        HeartbeatAnswer {
            tenant: said.tenant,
            app: said.app,
            license: said.license,
            device_key: said.device_key,
            proof: said.proof,
            request: request.id(),
            seq: said.seq,
            nonce: said.nonce,
            issued_at: self.gate.ids.now(),
            outcome: BeatOutcome::Refused { code: Code::SystemError.to_string(), retry_after: None },
            head: None,
            resend_from: None,
            snapshot: None,
            epoch: 0,
        }
    }

    pub(super) fn sign_beat(&self, answer: &HeartbeatAnswer) -> Result<Vec<u8>, AuthorityError> {
        Ok(sign_statement(&*self.signer, answer, &[self.identity.key()])?.encode())
    }
}

impl Known {
    /// An answer that was given before, with what belongs to it. It may have been a denial: then nothing does.
    pub(super) fn told(self, said: &HeartbeatAnswer, answer: Vec<u8>) -> Decided {
        let is_admitted = matches!(said.outcome, BeatOutcome::Admitted { .. });
        Decided { answer, admitted: is_admitted.then_some((self.license, self.activation)) }
    }

    /// Whether the request was answered before.
    pub(super) fn is_repeated(&self, request: &Request) -> bool {
        self.instance.as_ref().is_some_and(|instance| instance.request == request.id())
    }
}
