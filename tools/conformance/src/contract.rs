//! The conformance program's contract, for Rust (`verifiers/README.md`): test points, vectors, files.

use std::path::{Path, PathBuf};

use sealgate_artifact::{Carrier, Code, Kind, License, PublicKey, UnixSeconds};
use sealgate_rules::Standing;
use sealgate_trust::{
    Accepted, ChainBytes, Policies, Roots, TenantTrust, TrustError, TrustFile, Verified, ed25519,
    verify_license, verify_roots,
};

use crate::{Vector, answer};

/// `ok` or `no` for a line `PUBHEX MSGHEX SIGHEX`.
pub fn answer_point(line: &str) -> &'static str {
    let parts: Option<Vec<Vec<u8>>> = line.split_whitespace().map(bytes).collect();
    let accepted = match parts.as_deref() {
        Some([key, message, signature]) => <[u8; 32]>::try_from(&key[..])
            .is_ok_and(|key| ed25519::verify(&PublicKey::from_bytes(key), message, signature)),
        _ => false,
    };
    if accepted { "ok" } else { "no" }
}

fn bytes(word: &str) -> Option<Vec<u8>> {
    let digits = if word == "-" { "" } else { word };
    let is_sound = digits.len() % 2 == 0 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_sound.then(|| crate::forge::unhex(digits))
}

/// The line that belongs into the `.expected` file.
pub fn answer_vector(path: &Path) -> String {
    let vector = std::fs::read(path).ok().and_then(|text| serde_json::from_slice::<Vector>(&text).ok());
    vector.map_or_else(|| Code::FileUnreadable.to_string(), |vector| answer(&vector.question))
}

/// Verifies a file as far as its own level by roots that a person typed, and says its id.
pub fn verify_file(
    roots: Vec<PublicKey>,
    threshold: usize,
    file: &Path,
    now: UnixSeconds,
) -> Result<String, Code> {
    let artifact = std::fs::read(file).map_err(|_| Code::FileUnreadable)?;
    let carrier = Carrier::decode(&artifact).map_err(|e| e.code())?;
    let kind = Kind::of_payload_type(carrier.envelope.payload_type()).ok_or(Code::KindUnexpected)?;
    let pins = Roots::pin(roots, threshold, None).map_err(|e| e.code())?;
    let courier = courier(file)?;
    let chain = match (kind, courier) {
        (Kind::Root, courier) => return followed(&pins, courier, artifact, now).map_err(|e| e.code()),
        (Kind::Keyset | Kind::TenantKeyset | Kind::License, None) => return Err(Code::TrustMissing),
        (Kind::Keyset, Some(chain)) => ChainBytes { keyset: artifact.clone(), ..chain },
        (Kind::TenantKeyset, Some(chain)) => ChainBytes { tenant_keyset: artifact.clone(), ..chain },
        (Kind::License, Some(chain)) => chain,
        // No other kind is judged as a file: it would need a caller with a role or a request.
        _ => return Err(Code::KindUnexpected),
    };
    let trust = TenantTrust::verify(&pins, &chain, None, &Accepted::default(), now).map_err(|e| e.code())?;
    match kind {
        Kind::Keyset => Ok(trust.keyset().id().to_string()),
        Kind::TenantKeyset => Ok(trust.tenant_keyset().id().to_string()),
        _ => {
            let license = believed(&trust, &artifact).map_err(|e| e.code())?;
            Standing::of_signed(license.get()).gives_rights(now)?;
            Ok(license.id().to_string())
        }
    }
}

fn followed(
    pins: &Roots,
    courier: Option<ChainBytes>,
    last: Vec<u8>,
    now: UnixSeconds,
) -> Result<String, TrustError> {
    let mut statements = courier.map(|chain| chain.roots).unwrap_or_default();
    statements.push(last);
    Ok(verify_roots(pins, &statements, now)?.id().to_string())
}

fn believed(trust: &TenantTrust, license: &[u8]) -> Result<Verified<License>, TrustError> {
    verify_license(trust, license, None, Policies::Unknown)
}

/// `FILE.trust` brings the chain; of what it pins nothing is taken.
fn courier(file: &Path) -> Result<Option<ChainBytes>, Code> {
    let mut name = file.as_os_str().to_owned();
    name.push(".trust");
    let text = match std::fs::read(PathBuf::from(name)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|_| Code::FileUnreadable)?,
    };
    TrustFile::courier(&text).map(Some).map_err(|e| e.code())
}
