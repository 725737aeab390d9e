//! A license as the server issues it, and the core crates that read it.

use std::io::{Error, Result};
use std::path::Path;

use sealgate_artifact::{License, PublicKey, TenantId, UnixSeconds, Unverified};
use sealgate_trust::{Accepted, ChainBytes, Roots, TenantTrust, verify_license};
use sealgate_wire::Trust;

use super::{FEATURES, Peer, names};
use crate::books::Books;

pub const NAME: &str = "sealgate";

/// A license file, the verified chain, and for the floor the issuer's key and the bytes that it signed.
pub fn license(sealgate: &Path) -> Result<(Vec<u8>, TenantTrust, PublicKey, Vec<u8>)> {
    let books = Books::open(sealgate)?;
    let file = books.file(&books.sell(names())?)?;
    let app = books.app["app_id"].as_str().unwrap_or_default();
    let trust = books.vendor.get(&format!("/api/v1/apps/{app}/trust"))?;
    let trust =
        chain(&serde_json::from_str(&trust)?).ok_or_else(|| Error::other("the chain does not verify"))?;
    let verified = verify_license(&trust, &file, None).map_err(Error::other)?;
    let claim = Unverified::<License>::decode(&file).map_err(Error::other)?;
    Ok((file, trust, verified.signed_by()[0], claim.envelope().signed_bytes()))
}

/// Verified from the pinned roots down, as a program does at its start.
fn chain(trust: &Trust) -> Option<TenantTrust> {
    let (keyset, roots) = trust.keyset_chain.split_last()?;
    let chain = ChainBytes {
        roots: roots.iter().map(|root| root.get().as_bytes().to_vec()).collect(),
        keyset: keyset.get().as_bytes().to_vec(),
        tenant_keyset: trust.tenant_keyset.get().as_bytes().to_vec(),
    };
    let keys = trust.roots.iter().map(|key| PublicKey::parse(key).ok()).collect::<Option<_>>()?;
    let roots = Roots::pin(keys, trust.threshold, Some(trust.root_version)).ok()?;
    let tenant = TenantId::parse(&trust.tenant).ok()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    TenantTrust::verify(&roots, &chain, Some(tenant), &Accepted::default(), UnixSeconds::new(now)?).ok()
}

/// Our reader.
pub fn peer(file: Vec<u8>, trust: TenantTrust) -> Peer {
    let bytes = file.len();
    let read = move || {
        let license = verify_license(&trust, &file, None).expect("verifies");
        assert_eq!(license.get().features.len(), FEATURES);
    };
    Peer { name: NAME, bytes, read: Box::new(read) }
}
