//! `POST /api/v1/heartbeat`: is an admitted device still there, and does it still have its rights (`spec/activation.md` §6, §7)?

use std::sync::Arc;

use sealgate_artifact::{
    AppId, BeatOutcome, Code, Device, HeartbeatAnswer, HeartbeatRequest, InstanceId, NextBeat, Nonce,
    StatementId, UnixSeconds, Unverified, Word,
};
use sealgate_authority::seats::{facts, trial_ends};
use sealgate_authority::{About, AuthorityError, Source, as_json, event_row};
use sealgate_rules::{Beat, Heard, HeldActivation, HeldBeat, hear};
use sealgate_store::table::{self, ActivationRow, Ended, EventRow, InstanceRow, LicenseRow};
use sealgate_store::{AppEntry, LicenseEntry, Tx, Work};
use sealgate_trust::{Verified, sign_statement, verify_heartbeat_request};
use sealgate_wire::{HeartbeatQuestion, HeartbeatReply};

use super::Online;
use super::chain::{Chained, follow};
use super::rhythm::Rhythm;
use super::validate::HOLDS;
use crate::asking::{self, Asked};
use crate::identity::TrustBundle;

/// A heartbeat whose signature was verified.
type Request = Verified<HeartbeatRequest>;

/// What was decided: the answer's bytes, and what goes with them.
struct Decided {
    answer: Vec<u8>,
    license: Option<Arc<LicenseEntry>>,
    /// The proof that counts, where it is not the one that the device named.
    proof: Option<Vec<u8>>,
}

/// What is known about the device that sends a heartbeat.
struct Known {
    app: Arc<AppEntry>,
    license: Arc<LicenseEntry>,
    activation: ActivationRow,
    instance: Option<InstanceRow>,
    has_room: bool,
    now: UnixSeconds,
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
            let mut about = About { device: Some(request.get().device_key.to_string()), ..About::default() };
            let (bundle, heard) = match in_time.rests_on(self.identity.bundle(request.get().tenant).await) {
                Ok(bundle) => {
                    let heard = self.hear(&request, ask, source, &mut about, &mut paid).await;
                    (Some(bundle), heard)
                }
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
        let Some(bundle) = bundle else { return Err(heard.err().unwrap_or(AuthorityError::Superseded)) };
        let decided = match self.gate.note(Asked::Question, source, &about, heard) {
            Err(AuthorityError::Refused(code)) if code.is_decision() => {
                in_time.at_last(self.refused(&request, code))
            }
            heard => heard.inspect(|_| self.gate.note_answer("heartbeat", &about, source.request_id)),
        }?;
        self.reply(&bundle, decided, &ask.holds).await
    }

    async fn hear(
        &self,
        request: &Request,
        ask: &HeartbeatQuestion,
        source: Source<'_>,
        about: &mut About,
        paid: &mut bool,
    ) -> Result<Decided, AuthorityError> {
        let said = request.get();
        let now = self.gate.ids.now();
        let app = self.gate.db.cached_app(said.app).await?.filter(|entry| entry.app.tenant == said.tenant);
        let app = app.ok_or(AuthorityError::Refused(Code::AppUnknown))?;
        about.owner = Some((app.app.tenant, app.app.id));
        let app = asking::answering(app)?;
        let license = self.gate.db.cached_license_of_id(said.license).await?;
        // Whoever holds no proof of a license learns nothing about it.
        let unknown = || AuthorityError::Refused(Code::NotActivated);
        let license = license.filter(|entry| entry.license.app == app.app.id).ok_or_else(unknown)?;
        let activation = table::activations::find(&self.gate.db, license.license.id, said.device_key).await?;
        if activation.is_some() || ask.proof.is_some() {
            about.license = Some(license.license.id);
            self.gate.charge(Asked::Question, &license.license, paid)?;
        }
        let Some(activation) = activation else {
            // spec/activation.md §7.6: a database that came back older may not know the device.
            let wanted = self.adopt(request, ask, &license, None, source).await?;
            return Err(
                wanted.map_or_else(|| AuthorityError::Refused(Code::StateWanted), AuthorityError::Refused)
            );
        };
        if activation.ended.is_some_and(|ended| ended.code == Code::NotActivated) {
            return Err(AuthorityError::Refused(Code::NotActivated));
        }
        let rhythm = Rhythm::of(&license.license);
        let instance = match said.instance {
            Some(id) => table::instances::find(&self.gate.db, activation.id, id).await?,
            None => table::instances::heard_last(&self.gate.db, activation.id, request.id()).await?,
        };
        let since = now.minus(rhythm.gone_after());
        let running = table::instances::running(&self.gate.db, activation.id, (said.instance, since)).await?;
        let has_room = running < rhythm.max_instances;
        let known = Known { app, license, activation, instance, has_room, now };
        match known.judge(request) {
            Heard::Repeat => known.repeat(said),
            Heard::Refused(Code::StateWanted) => {
                let wanted = self.adopt(request, ask, &known.license, Some(&known), source).await?;
                Err(wanted
                    .map_or_else(|| AuthorityError::Refused(Code::StateWanted), AuthorityError::Refused))
            }
            Heard::Refused(code) => Err(AuthorityError::Refused(code)),
            Heard::Begins | Heard::Counts => self.count(known, request, &rhythm, source).await,
        }
    }
}
