//! `sealgate verify` of a machine's request (`spec/offline.md` §2).

use std::path::Path;

use sealgate_artifact::{Carrier, LicenseHint, OfflineRequest, encode_hex};
use sealgate_trust::{TrustError, Verified, verify_offline_request};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use super::chain::{self, Pinned};
use crate::failure::Failure;
use crate::output::{Output, say};

/// What follows from a request that verifies, and what does not.
const SAYS: &str = "whoever holds this device's key made the request; anybody can make a key and such a file, so nothing else follows from it";

/// No key of a vendor is asked: the device signed it. Where the caller pins an app, it must be for that one.
pub(super) fn run(
    path: &Path,
    carrier: &Carrier,
    pinned: Option<&Pinned>,
    output: &Output,
) -> Result<(), Failure> {
    let request = verify_offline_request(&carrier.encode()).map_err(|why| chain::refused(path, &why))?;
    is_for(request.get(), pinned).map_err(|why| chain::refused(path, &why))?;
    output.result(&report(&request), |_| print(&request));
    Ok(())
}

fn is_for(request: &OfflineRequest, pinned: Option<&Pinned>) -> Result<(), TrustError> {
    let Some((tenant, app)) = pinned.and_then(|pinned| pinned.scope) else { return Ok(()) };
    if request.tenant != tenant {
        return Err(TrustError::WrongTenant { expected: tenant, found: request.tenant });
    }
    if request.app == app { Ok(()) } else { Err(TrustError::WrongApp { expected: app, found: request.app }) }
}

fn report(request: &Verified<OfflineRequest>) -> Value {
    let said = request.get();
    let (license, digest) = match &said.license {
        Some(LicenseHint::Id(id)) => (Some(id.to_string()), None),
        Some(LicenseHint::KeyDigest(digest)) => (None, Some(encode_hex(digest))),
        None => (None, None),
    };
    json!({
        "verdict": "valid",
        "kind": "offline-request",
        "statement_id": request.id().to_string(),
        "tenant": said.tenant.to_string(),
        "app": said.app.to_string(),
        "license": license,
        "license_key_digest": digest,
        "device_key": said.device_key.to_string(),
        "fingerprint": said.fingerprint.as_ref().map(ToString::to_string),
        "client_time": Timestamp(said.client_time),
        "name": said.about.name,
        "platform": said.about.platform,
        "product_version": said.about.product_version,
        "bundle": said.bundle.map(|bundle| bundle.to_string()),
        "says": SAYS,
    })
}

fn print(request: &Verified<OfflineRequest>) {
    let said = request.get();
    let license = match &said.license {
        Some(LicenseHint::Id(id)) => id.to_string(),
        Some(LicenseHint::KeyDigest(_)) => "named by its key, which only the server can find".to_owned(),
        None => "not said: you say which with --license".to_owned(),
    };
    let used = said.bundle.map_or_else(|| "none".to_owned(), |bundle| format!("statement {bundle}"));
    say!("VALID\n");
    let mut pairs = vec![
        ("request", request.id().to_string()),
        ("tenant", said.tenant.to_string()),
        ("app", said.app.to_string()),
        ("license", license),
        ("device key", said.device_key.to_string()),
        ("bundle in use", used),
        ("its clock says", Timestamp(said.client_time).to_string()),
    ];
    let about = &said.about;
    let told =
        [("name", &about.name), ("platform", &about.platform), ("product version", &about.product_version)];
    pairs.extend(told.into_iter().filter_map(|(label, text)| Some((label, text.clone()?))));
    Output::pairs(&pairs);
    say!("\nchecked:\n  signed by the device key that it names");
    say!("what that says:\n  {SAYS}");
}
