//! A license as the server issues it, and the core crates that read it.

use std::io::{Error, Result};
use std::path::Path;

use sealgate_artifact::{License, PublicKey, UnixSeconds, Unverified};
use sealgate_trust::{Accepted, Policies, TenantTrust, TrustFile, verify_license};

use super::{FEATURES, Peer, names};
use crate::books::Books;

pub const NAME: &str = "sealgate";

/// A license file, the verified chain, and for the floor the issuer's key and the bytes that it signed.
pub fn license(sealgate: &Path) -> Result<(Vec<u8>, TenantTrust, PublicKey, Vec<u8>)> {
    let books = Books::open(sealgate)?;
    let file = books.file(&books.sell(names())?)?;
    let app = books.app["app_id"].as_str().unwrap_or_default();
    let trust = books.vendor.get(&format!("/api/v1/apps/{app}/trust"))?;
    let trust = TrustFile::parse(trust.as_bytes()).map_err(Error::other)?;
    // Verified from the pinned roots down, as a program does at its start.
    let trust = trust.verify(&Accepted::default(), now()?).map_err(Error::other)?;
    let verified = verify_license(&trust, &file, None, Policies::Known).map_err(Error::other)?;
    let claim = Unverified::<License>::decode(&file).map_err(Error::other)?;
    Ok((file, trust, verified.signed_by()[0], claim.envelope().signed_bytes()))
}

fn now() -> Result<UnixSeconds> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_err(Error::other)?;
    UnixSeconds::new(now.as_secs()).ok_or_else(|| Error::other("beyond the year 9999"))
}

/// Our reader.
pub fn peer(file: Vec<u8>, trust: TenantTrust) -> Peer {
    let bytes = file.len();
    let read = move || {
        let license = verify_license(&trust, &file, None, Policies::Known).expect("verifies");
        assert_eq!(license.get().features.len(), FEATURES);
    };
    Peer { name: NAME, bytes, read: Box::new(read) }
}
