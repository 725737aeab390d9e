//! The signed answer on AuthForge's wire, derived from the decision and nothing else, so that it can be given again
//! byte for byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate_artifact::{KeyUse, UnixSeconds};
use sealgate_authforge::{Status, Typ, ValidateAnswer, ValidatePayload, Variable};
use sealgate_authority::seats::told_end;
use sealgate_authority::{AuthorityError, broken, stored};
use sealgate_store::table::{AppRow, LicenseRow};
use sealgate_trust::{Message, Signer};
use sealgate_wire as wire;

use super::session::{Session, Sessions};

/// Room for most payloads, so that they are written without moving.
const PAYLOAD_BYTES: usize = 1024;

/// A positive decision.
pub(super) struct Allowed<'a> {
    /// To which question it is the answer.
    pub(super) typ: Typ,
    pub(super) app: &'a AppRow,
    pub(super) license: &'a LicenseRow,
    pub(super) hwid: &'a str,
    pub(super) nonce: &'a str,
    /// How long the session lasts.
    pub(super) ttl: u64,
    /// When the session began.
    pub(super) begin: UnixSeconds,
    /// When it ends so far, if it is not new.
    pub(super) held: Option<UnixSeconds>,
    /// When the trial ends that the license is for the device.
    pub(super) trial_ends: Option<UnixSeconds>,
    /// Devices that hold a seat, the asking one included.
    pub(super) used: u64,
    /// When the question counts as asked.
    pub(super) at: UnixSeconds,
    /// The name of the request.
    pub(super) request_id: &'a str,
}

/// Signs answers with the apps' keys.
pub(super) struct Answers {
    signer: Arc<dyn Signer>,
    sessions: Sessions,
}

impl Answers {
    pub(super) fn new(signer: Arc<dyn Signer>, sessions: Sessions) -> Self {
        Self { signer, sessions }
    }

    /// Signs the answer (`spec/http.md` §2.4).
    pub(super) fn sign(&self, allowed: &Allowed<'_>) -> Result<ValidateAnswer, AuthorityError> {
        let payload = self.payload(allowed)?;
        let mut json = Vec::with_capacity(PAYLOAD_BYTES);
        serde_json::to_writer(&mut json, &payload).expect("text and numbers can be written");
        let payload = STANDARD.encode(json);
        let key = allowed.app.public_key.id(KeyUse::App);
        let signature = self.signer.sign(key, Message::AppAnswer(&payload))?;
        Ok(ValidateAnswer {
            status: Status::Success,
            valid: true,
            payload,
            signature: STANDARD.encode(signature),
            key_id: key.to_string(),
            nonce: allowed.nonce.to_owned(),
        })
    }

    fn payload(&self, allowed: &Allowed<'_>) -> Result<ValidatePayload, AuthorityError> {
        let Allowed { app, license, used, at, hwid, .. } = allowed;
        let seats = license.terms.max_devices.seats();
        let until = self.sessions.until(*at, allowed.ttl, allowed.held);
        let trial_ends = told_end(license, allowed.trial_ends, *at);
        let ends = [license.expires_at, trial_ends].into_iter().flatten().min();
        let session = Session::new(license.id, ends, (allowed.begin, until), allowed.ttl);
        // Clients replace what they hold by what a heartbeat brings; some keep the old where it brings nothing.
        let always = allowed.typ == Typ::Heartbeat;
        Ok(ValidatePayload {
            session_token: self.sessions.token(&session, app.id, hwid),
            timestamp: *at,
            expires_in: session.end.get(),
            nonce: allowed.nonce.to_owned(),
            request_id: allowed.request_id.to_owned(),
            session_expires_at: app.show_labels.then_some(session.end),
            license_expires_at: ends,
            max_hwid_slots: seats,
            hwid_count: seats.map(|_| *used),
            unlimited_hwid_slots: seats.is_none().then_some(true),
            typ: allowed.typ,
            app_id: app.id.to_string(),
            license_id: license.id.to_string(),
            hwid: (*hwid).to_owned(),
            license_label: license.label.clone().filter(|_| app.show_labels),
            app_variables: variables(&app.variables, always)?,
            license_variables: of_license(license, always)?,
        })
    }
}

/// The license's variables; and, where no variable has that name, its limits and the values of its features. Published clients
/// know nothing else that says how much was sold (`spec/http.md` §2.4).
fn of_license(
    license: &LicenseRow,
    always: bool,
) -> Result<Option<BTreeMap<String, Variable>>, AuthorityError> {
    let (features, limits) = (&license.terms.features, &license.terms.limits);
    // Most licenses have neither, and nothing is read of them.
    let has_values = features.contains(r#""value""#);
    if !has_values && limits == "[]" {
        return variables(&license.variables, always);
    }
    let mut all: BTreeMap<String, Variable> = BTreeMap::new();
    if has_values {
        let features: Vec<wire::Feature> = stored(features)?;
        let with_value = |feature: wire::Feature| Some((feature.name, Variable::Text(feature.value?)));
        all.extend(features.into_iter().filter_map(with_value));
    }
    for limit in stored::<Vec<wire::Limit>>(limits)? {
        let value = i64::try_from(limit.value).map_err(|_| broken("a limit beyond all numbers"))?;
        all.insert(limit.name, Variable::Number(value));
    }
    all.extend(stored::<BTreeMap<String, Variable>>(&license.variables)?);
    Ok(Some(all).filter(|all| always || !all.is_empty()))
}

/// What the vendor set, where there is any.
fn variables(text: &str, always: bool) -> Result<Option<BTreeMap<String, Variable>>, AuthorityError> {
    match text {
        "{}" if always => Ok(Some(BTreeMap::new())),
        "{}" => Ok(None),
        text => stored(text).map(Some),
    }
}
