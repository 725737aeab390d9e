//! What crosses to a machine without a network, and back, put together without the code under test.

use sealgate_artifact::KeyUse;
use sha2::{Digest, Sha256};

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

pub(crate) const CHAIN: &str = "01890a5d-ac96-774b-bcce-b302099ac001";
pub(crate) const OTHER_CHAIN: &str = "01890a5d-ac96-774b-bcce-b302099ac002";
/// Zeros, as in front of a chain's first entry.
pub(crate) const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whose license, of which app, and which; as they stand in a payload.
fn scope() -> String {
    format!(r#""tenant":"{TENANT}","app":"{APP}","license":"{LICENSE}""#)
}

/// Entries of a journal: what they are bound to, and the texts.
#[derive(Debug, Clone)]
pub(crate) struct Entries {
    pub(crate) after: (u64, String),
    pub(crate) texts: Vec<String>,
}

impl Entries {
    /// The first three of a journal.
    pub(crate) fn plain() -> Self {
        let entry = |seq: u64, rest: &str| format!(r#"{{"seq":{seq},"at":{},{rest}}}"#, NOW + seq);
        let texts = vec![
            entry(1, r#""kind":"begin","note":"first""#),
            entry(2, r#""kind":"activation""#),
            entry(3, r#""kind":"start""#),
        ];
        Self { after: (0, NO_HASH.to_owned()), texts }
    }

    /// Each with its length (`spec/journal.md` §2.2).
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let framed = |text: &String| {
            let length = u16::try_from(text.len()).expect("an entry is short");
            [&length.to_be_bytes()[..], text.as_bytes()].concat()
        };
        self.texts.iter().flat_map(framed).collect()
    }

    /// Number and hash of the last one (`spec/journal.md` §1.5).
    pub(crate) fn head(&self) -> (u64, String) {
        let chain = crate::forge::unhex(&CHAIN.replace('-', ""));
        self.texts.iter().fold(self.after.clone(), |(seq, hash), text| {
            let hash = crate::forge::unhex(&hash);
            let bytes = [&b"sealgate-journal-v1\0"[..], &chain, &hash, text.as_bytes()].concat();
            (seq + 1, crate::forge::hex(&Sha256::digest(bytes)))
        })
    }
}

/// A journal of these entries.
pub(crate) fn journal_text(entries: &Entries) -> String {
    let (after, head) = (&entries.after, entries.head());
    format!(
        concat!(
            r#"{{"typ":"journal",{},"device_key":"{}","fingerprint":"m:4f2a","chain":"{}","after":{},"after_hash":"{}","#,
            r#""seq":{},"hash":"{}","issued_at":{},"acknowledged":0,"entries":{}}}"#
        ),
        scope(),
        public_text(DEVICE),
        CHAIN,
        after.0,
        after.1,
        head.0,
        head.1,
        NOW + DAY,
        crate::forge::reference(&entries.bytes())
    )
}

pub(crate) fn acknowledged_text(chain: &str) -> String {
    format!(r#"["{}","{chain}",3,"{}"]"#, public_text(DEVICE), Entries::plain().head().1)
}

pub(crate) fn acknowledgement_text() -> String {
    let (scope, one) = (scope(), acknowledged_text(CHAIN));
    format!(r#"{{"typ":"acknowledgement",{scope},"issued_at":{NOW},"acknowledged":[{one}]}}"#)
}

pub(crate) fn re_anchor_text() -> String {
    let (scope, key) = (scope(), public_text(DEVICE));
    format!(r#"{{"typ":"re-anchor",{scope},"device_key":"{key}","issued_at":{NOW}}}"#)
}

pub(crate) fn return_receipt_text() -> String {
    let (scope, key, bundle) = (scope(), public_text(DEVICE), bundle(&bundle_text()).id());
    format!(
        r#"{{"typ":"return-receipt",{scope},"device_key":"{key}","bundle":"{bundle}","serial":30000000,"issued_at":{NOW}}}"#
    )
}
