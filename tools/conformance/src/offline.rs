//! What crosses to a machine without a network, and back, put together without the code under test.

use sealgate_artifact::KeyUse;

use crate::forge::{APP, DAY, DEVICE, Draft, ISSUER, LICENSE, NONCE, NOW, TENANT, public_text};

pub(crate) const BUNDLE: &str = "01890a5d-ac96-774b-bcce-b302099ab001";
pub(crate) const LINE: &str = "01890a5d-ac96-774b-bcce-b302099ab000";
/// The digest of the license key in `spec/license.md` §3.2.
pub(crate) const KEY_DIGEST: &str = "42c71dc8f2b73b6ef4f4eef2d16fc4a4145e6d22f6c1776115e097b42affc663";

/// A bundle for the plain device.
pub(crate) fn bundle_text() -> String {
    bundle_for(&format!(r#""devices":["{}"]"#, public_text(DEVICE)))
}

/// A bundle for a pool of five.
pub(crate) fn pool_text() -> String {
    bundle_for(r#""pool":5"#)
}

fn bundle_for(machines: &str) -> String {
    format!(
        concat!(
            r#"{{"typ":"bundle","tenant":"{}","app":"{}","license":"{}","version":1,"issued_at":{},"not_before":{},"#,
            r#""expires_at":{},"tier":"licensed","features":["db.query","export"],"max_devices":5,"slot":77,"#,
            r#""bundle":"{}","serial":30000000,{}}}"#
        ),
        TENANT,
        APP,
        LICENSE,
        NOW,
        NOW - 10 * DAY,
        NOW + 30 * DAY,
        BUNDLE,
        machines
    )
}

/// A bundle of this payload, signed by the issuer.
pub(crate) fn bundle(payload: &str) -> Draft {
    Draft::new("bundle", payload).signed(ISSUER, KeyUse::Issuer)
}

/// A request that names its license by identifier.
pub(crate) fn offline_request_text() -> String {
    asking(&format!(r#""license":"{LICENSE}","license_key":null"#))
}

/// The same by the digest of its key.
pub(crate) fn offline_request_by_key_text() -> String {
    asking(&format!(r#""license":null,"license_key":"{KEY_DIGEST}""#))
}

fn asking(license: &str) -> String {
    format!(
        concat!(
            r#"{{"typ":"offline-request","tenant":"{}","app":"{}",{},"device_key":"{}","fingerprint":"m:4f2a","#,
            r#""nonce":"{}","client_time":{}}}"#
        ),
        TENANT,
        APP,
        license,
        public_text(DEVICE),
        NONCE,
        NOW
    )
}

/// A request of this payload, signed by the device.
pub(crate) fn offline_request(payload: &str) -> Draft {
    Draft::new("offline-request", payload).signed(DEVICE, KeyUse::Device)
}
