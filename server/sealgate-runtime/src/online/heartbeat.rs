//! `POST /api/v1/heartbeat`: is an admitted device still there, and does it still have its rights (`spec/activation.md` §6, §7)?

use sealgate_artifact::{AppId, Code, HeartbeatRequest, StatementId, Unverified};
use sealgate_authority::{About, AuthorityError, Source, as_json};
use sealgate_rules::Heard;
use sealgate_store::table;
use sealgate_trust::verify_heartbeat_request;
use sealgate_wire::{HeartbeatQuestion, HeartbeatReply};

use super::desk::{HOLDS, Online};
use super::known::{Decided, Request};
use crate::asking::{self, Asked};
use crate::identity::TrustBundle;

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
        let Some(activation) = activation else {
            return Err(self.adopt((request, ask), &license, None, (source, paid)).await?);
        };
        if activation.ended.is_some_and(|ended| ended.code == Code::NotActivated) {
            return Err(unknown());
        }
        // spec/http.md §1.8: not before the device has proved to use it.
        self.gate.charge(Asked::Question, &license.license, paid)?;
        let known = self.known(request, (app, license), activation).await?;
        let heard = match known.judge(request) {
            Heard::Repeat => self.repeat(known, request, source).await,
            Heard::Begins | Heard::Counts => self.count(known, request, source).await,
            Heard::Refused(Code::StateWanted) => {
                Err(self.adopt((request, ask), &known.license, Some(&known), (source, paid)).await?)
            }
            Heard::Refused(code) => Err(AuthorityError::Refused(code)),
        };
        if matches!(heard, Err(AuthorityError::Refused(code)) if Heard::Refused(code).hints_at_clone()) {
            self.gate.note_answer("clone_suspected", about, source.request_id);
        }
        heard
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

/// The app that a heartbeat names. Nobody has verified it; it decides nothing but where a refusal is counted.
fn named_app(bytes: &[u8]) -> Option<AppId> {
    Some(Unverified::<HeartbeatRequest>::decode(bytes).ok()?.danger_peek().ok()?.app)
}
