//! `POST /api/v1/validate`: may this device use this license now, under signature on both sides (`spec/online.md` §7)?

use std::sync::Arc;

use sealgate_artifact::{
    Code, Decision, Device, DeviceRequest, LicenseName, Outcome, StatementId, UnixSeconds,
};
use sealgate_store::{AppEntry, LicenseEntry, read};
use sealgate_trust::{Verified, sign_statement, verify_device_request};
use sealgate_wire::{OnlineAnswer, OnlineQuestion};

use super::asking::{self, Source};
use super::identity::{Identity, Papers, raw};
use super::seat::{self, Asking};
use super::validate::digest;
use crate::observed::About;
use crate::{Authority, AuthorityError};

const OPERATION: &str = "validate";
/// spec/online.md §7.1: statements that a client may say it holds.
const HOLDS: usize = 16;

/// Decides, takes a seat and a credit if one is needed, and signs: a no as well as a yes.
pub async fn validate_online(
    a: &Authority,
    ask: &OnlineQuestion,
    source: Source<'_>,
) -> Result<OnlineAnswer, AuthorityError> {
    let identity = a.identity.as_ref().ok_or(AuthorityError::Refused(Code::Unavailable))?;
    asking::require(ask.holds.len() <= HOLDS)?;
    a.admit_address(source.address)?;
    let request = verify_device_request(ask.request.get().as_bytes());
    let request = request.map_err(|e| AuthorityError::Refused(e.code()))?;
    asking::require(request.get().operation == OPERATION)?;
    // A tenant that is not here cannot be spoken for: this no is unsigned.
    let papers = identity.papers(a, request.get().tenant).await?;

    let device = Device::Key(request.get().device_key);
    let mut about = About { device: Some(device.name().into_owned()), ..About::default() };
    let decided = decide(a, &request, &device, source, &mut about).await;
    let decided = asking::note(a, source, &about, decided);
    let decided = match decided {
        Err(AuthorityError::Refused(code)) if is_decision(code) => {
            Decided { outcome: denied(code, &about), used: None, at: a.now(), license: None }
        }
        other => other?,
    };
    if decided.license.is_some() {
        a.observe_answer("validated", &about, source.request_id);
    }
    answer(a, identity, &papers, &request, decided, &ask.holds).await
}

/// What was decided, at the time at which the question counts as asked.
struct Decided {
    outcome: Outcome,
    used: Option<u64>,
    at: UnixSeconds,
    license: Option<Arc<LicenseEntry>>,
}

/// spec/online.md §7.4: what is an answer to the question. Everything else says nothing about rights.
fn is_decision(code: Code) -> bool {
    matches!(
        code,
        Code::AppUnknown
            | Code::AppDisabled
            | Code::TenantSuspended
            | Code::LicenseUnknown
            | Code::ReplayDetected
            | Code::NotYetValid
            | Code::Revoked
            | Code::Expired
            | Code::Blocked
            | Code::DeviceLimit
            | Code::NoCredits
            | Code::KeyMisuse
    )
}

fn denied(code: Code, about: &About) -> Outcome {
    Outcome::Denied { license: about.license, code: code.to_string(), retry_after: None }
}

async fn decide(
    a: &Authority,
    request: &Verified<DeviceRequest>,
    device: &Device,
    source: Source<'_>,
    about: &mut About,
) -> Result<Decided, AuthorityError> {
    let asked = request.get();
    let now = a.now();
    let app = a.db.cached_app(asked.app).await?.filter(|entry| entry.app.tenant == asked.tenant);
    let app = app.ok_or(AuthorityError::Refused(Code::AppUnknown))?;
    about.owner = Some((app.app.tenant, app.app.id));
    let app = asking::answering(a, app)?;
    asking::admit(&app, &device.name(), source.address, now)?;
    let license = find_license(a, &app, &asked.license, device, about).await?;
    a.admit_license(license.license.id)?;

    let nonce = asked.nonce.as_bytes();
    let scope = digest(&[b"online", license.license.id.as_bytes(), device.name().as_bytes(), nonce]);
    let question = *request.id().as_bytes().first_chunk().expect("a digest has 32 bytes");
    let first = a.replays.admit(scope, question, a.asked_now()).map_err(AuthorityError::Refused)?;
    let asking = Asking {
        license: &license,
        device,
        blocked: !asking::admits_to(&app, &license, &device.name(), now),
        now,
        pays: app.app.credits.is_some().then_some((app.app.id, scope)),
        request_id: source.request_id,
    };
    let used = seat::admit(a, &asking).await?;
    let (id, statement) = (license.license.id, license.license.statement);
    let outcome = Outcome::Allowed { license: id, license_statement: statement };
    Ok(Decided { outcome, used: Some(used), at: first.at(), license: Some(license) })
}

async fn find_license(
    a: &Authority,
    app: &AppEntry,
    named: &LicenseName,
    device: &Device,
    about: &mut About,
) -> Result<Arc<LicenseEntry>, AuthorityError> {
    match named {
        LicenseName::Key(key) => asking::find_license(a, app, key, about).await,
        LicenseName::Id(id) => {
            let found = match a.db.cached_license_of_id(*id).await? {
                Some(entry) if seat::is_taken_by(a, &entry, device).await? => Some(entry),
                _ => None,
            };
            asking::of_app(found, app, about)
        }
    }
}

async fn answer(
    a: &Authority,
    identity: &Identity,
    papers: &Papers,
    request: &Verified<DeviceRequest>,
    decided: Decided,
    holds: &[String],
) -> Result<OnlineAnswer, AuthorityError> {
    let asked = request.get();
    let decision = Decision {
        tenant: asked.tenant,
        app: asked.app,
        device_key: asked.device_key,
        operation: asked.operation.clone(),
        request: request.id(),
        nonce: asked.nonce,
        issued_at: decided.at,
        outcome: decided.outcome,
        devices_used: decided.used,
    };
    let decision = sign_statement(&*a.signer, &decision, &[identity.key()])?.encode();
    let lacks = |id: StatementId| !holds.iter().any(|held| *held == id.to_string());
    let show = |named: &super::identity::Named| lacks(named.id).then(|| named.text.clone());
    let license = match decided.license.filter(|entry| lacks(entry.license.statement)) {
        Some(entry) => {
            let statement = read::licenses::statement(&a.db, entry.license.id, entry.license.version).await?;
            Some(raw(statement.ok_or(AuthorityError::Refused(Code::Unavailable))?)?)
        }
        None => None,
    };
    Ok(OnlineAnswer {
        decision: raw(decision)?,
        certificate: show(&papers.certificate),
        keyset: show(&papers.keyset),
        tenant_keyset: show(&papers.tenant_keyset),
        license,
    })
}
