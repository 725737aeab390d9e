//! `POST /api/v1/heartbeat`: is an admitted device still there, and does it still have its rights (`spec/activation.md` §6, §7)?

use std::sync::Arc;

use sealgate_artifact::{
    AppId, BeatOutcome, Code, Device, HeartbeatAnswer, HeartbeatRequest, StatementId, UnixSeconds, Unverified,
};
use sealgate_authority::{About, AuthorityError, Source, as_json};
use sealgate_rules::{Beat, Heard, HeldActivation, HeldBeat, Rhythm, hear};
use sealgate_store::table::{self, ActivationRow, InstanceRow};
use sealgate_store::{AppEntry, LicenseEntry};
use sealgate_trust::{Verified, sign_statement, verify_heartbeat_request};
use sealgate_wire::{HeartbeatQuestion, HeartbeatReply};

use super::Online;
use super::validate::HOLDS;
use crate::asking::{self, Asked};
use crate::identity::TrustBundle;

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

    fn judge(&self, request: &Request) -> Heard {
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
    /// Judges a heartbeat and signs the answer, a no as well as a yes. The very request that was answered gets the very answer.
    pub async fn heartbeat(
        &self,
        ask: &HeartbeatQuestion,
        source: Source<'_>,
    ) -> Result<HeartbeatReply, AuthorityError> {
        asking::require(ask.holds.len() <= HOLDS)?;
        let bytes = ask.request.get().as_bytes();
        self.gate.admit(source, || named_app(bytes))?;
        let request = verify_heartbeat_request(bytes).map_err(|e| AuthorityError::Refused(e.code()))?;
        let (mut in_time, mut paid) = (self.gate.in_time(), false);
        let (about, bundle, heard) = loop {
            in_time.begin()?;
            let device = Some(request.get().device_key.to_string());
            let mut about = About { device, ..About::default() };
            let (bundle, heard) = match in_time.rests_on(self.identity.bundle(request.get().tenant).await) {
                Ok(bundle) => (Some(bundle), self.hear((&request, ask), source, &mut about, &mut paid).await),
                Err(refused) => (None, Err(refused)),
            };
            if matches!(heard, Err(AuthorityError::Superseded)) {
                self.gate.db.read_changes().await?;
                continue;
            }
            if in_time.is_over(&heard) {
                break (about, bundle, heard);
            }
        };
        let heard = self.gate.note(Asked::Question, source, &about, heard);
        // This server cannot speak for a tenant that is not here: that no is unsigned.
        let Some(bundle) = bundle else { return heard.and(Err(AuthorityError::Superseded)) };
        let decided = match heard {
            Err(AuthorityError::Refused(code)) if code.is_decision() => {
                in_time.at_last(self.refused(&request, code))
            }
            heard => heard.inspect(|_| self.gate.note_answer("heartbeat", &about, source.request_id)),
        }?;
        self.reply(&bundle, decided, &ask.holds).await
    }

    async fn hear(
        &self,
        (request, ask): (&Request, &HeartbeatQuestion),
        source: Source<'_>,
        about: &mut About,
        paid: &mut bool,
    ) -> Result<Decided, AuthorityError> {
        let said = request.get();
        let app = self.gate.db.cached_app(said.app).await?.filter(|entry| entry.app.tenant == said.tenant);
        let app = app.ok_or(AuthorityError::Refused(Code::AppUnknown))?;
        about.owner = Some((app.app.tenant, app.app.id));
        let app = asking::answering(app)?;
        let license = self.gate.db.cached_license_of_id(said.license).await?;
        // Whoever has no activation of a license learns nothing about it.
        let unknown = || AuthorityError::Refused(Code::NotActivated);
        let license = license.filter(|entry| entry.license.app == app.app.id).ok_or_else(unknown)?;
        let activation = table::activations::find(&self.gate.db, license.license.id, said.device_key).await?;
        about.license = activation.as_ref().map(|_| license.license.id);
        self.gate.charge(Asked::Question, &license.license, paid)?;
        let Some(activation) = activation else {
            return Err(self.adopt((request, ask), &license, None, source).await?);
        };
        if activation.ended.is_some_and(|ended| ended.code == Code::NotActivated) {
            return Err(unknown());
        }
        let known = self.known(request, (app, license), activation).await?;
        let heard = known.judge(request);
        if heard.hints_at_clone() {
            self.gate.note_answer("clone_suspected", about, source.request_id);
        }
        match heard {
            Heard::Repeat => Ok(known.repeat()),
            Heard::Begins | Heard::Counts => self.count(known, request, source).await,
            Heard::Refused(Code::StateWanted) => {
                Err(self.adopt((request, ask), &known.license, Some(&known), source).await?)
            }
            Heard::Refused(code) => Err(AuthorityError::Refused(code)),
        }
    }

    async fn known(
        &self,
        request: &Request,
        (app, license): (Arc<AppEntry>, Arc<LicenseEntry>),
        activation: ActivationRow,
    ) -> Result<Known, AuthorityError> {
        let (db, now) = (&self.gate.db, self.gate.ids.now());
        let instance = match request.get().instance {
            Some(id) => table::instances::find(db, activation.id, id).await?,
            None => table::instances::heard_last(db, activation.id, request.id()).await?,
        };
        let rhythm = Rhythm::of(&license.license.terms.conditions);
        let since = now.minus(rhythm.gone_after());
        let running = table::instances::running(db, activation.id, (request.get().instance, since)).await?;
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

    async fn reply(
        &self,
        bundle: &TrustBundle,
        decided: Decided,
        holds: &[String],
    ) -> Result<HeartbeatReply, AuthorityError> {
        let lacks = |id: StatementId| !holds.iter().any(|held| *held == id.to_string());
        let (mut license, mut proof) = (None, None);
        if let Some((entry, activation)) = decided.admitted {
            if lacks(entry.license.statement) {
                license = Some(self.license_statement(&entry).await?);
            }
            if lacks(activation.proof_id) {
                proof = Some(as_json(activation.proof)?);
            }
        }
        Ok(HeartbeatReply {
            answer: as_json(decided.answer)?,
            certificate: bundle.certificate.unless_held(&lacks),
            keyset: bundle.keyset.unless_held(&lacks),
            tenant_keyset: bundle.tenant_keyset.unless_held(&lacks),
            license,
            proof,
        })
    }
}

impl Known {
    /// The answer that was given before, with what belongs to it. It may have been a denial: then nothing does.
    fn repeat(self) -> Decided {
        let answer = self.instance.map(|instance| instance.answer).unwrap_or_default();
        let is_admitted = Unverified::<HeartbeatAnswer>::decode(&answer)
            .and_then(|claim| claim.danger_peek())
            .is_ok_and(|said| matches!(said.outcome, BeatOutcome::Admitted { .. }));
        Decided { answer, admitted: is_admitted.then_some((self.license, self.activation)) }
    }
}

/// The app that a heartbeat names. Nobody has verified it; it decides nothing but where a refusal is counted.
fn named_app(bytes: &[u8]) -> Option<AppId> {
    Some(Unverified::<HeartbeatRequest>::decode(bytes).ok()?.danger_peek().ok()?.app)
}
