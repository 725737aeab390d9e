//! Asks our own implementation.

use sealgate_artifact::{AppId, Code, Envelope, LicenseKey, PublicKey, TenantId, UnixSeconds};
use sealgate_trust::{Roots, TenantTrust, TrustError, ed25519, verify_license};

use crate::forge::unhex;
use crate::{Bytes, Chain, KeyClaim, Question, SignatureClaim};

/// The line that belongs into the `.expected` file: `ok` with what was found, or a code.
pub fn answer(question: &Question) -> String {
    let found = match question {
        Question::Envelope { envelope } => decode(envelope),
        Question::Chain(chain) => verify_chain(chain),
        Question::Signatures { list } => return unanimous(list.iter().map(signature)),
        Question::Keys { list } => return unanimous(list.iter().map(key)),
        Question::LicenseKey { text, bits } => license_key(text, bits.as_deref()),
        Question::Identifier { text } => AppId::parse(text).map(|id| id.to_string()).map_err(|e| e.code()),
    };
    found.map_or_else(|code| code.to_string(), |found| format!("ok {found}"))
}

fn decode(envelope: &Bytes) -> Result<String, Code> {
    let envelope = Envelope::decode(&bytes(envelope)).map_err(|e| e.code())?;
    Ok(envelope.id().to_string())
}

fn verify_chain(chain: &Chain) -> Result<String, Code> {
    believe(chain).map_err(|e| e.code())
}

fn believe(chain: &Chain) -> Result<String, TrustError> {
    let now = UnixSeconds::new(chain.now).expect("a vector's time is in range");
    let tenant = chain.expect_tenant.as_deref().map(TenantId::parse).transpose()?;
    let app = chain.expect_app.as_deref().map(AppId::parse).transpose()?;
    let roots = chain.roots.iter().map(|root| PublicKey::parse(root)).collect::<Result<_, _>>()?;
    let roots = Roots::pin(roots, chain.threshold)?;
    let trust =
        TenantTrust::verify(&roots, &bytes(&chain.keyset), &bytes(&chain.tenant_keyset), tenant, now)?;
    let mut ids = vec![trust.keyset().id(), trust.tenant_keyset().id()];
    if let Some(license) = &chain.license {
        ids.push(verify_license(&trust, &bytes(license), app)?.id());
    }
    Ok(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

fn signature(claim: &SignatureClaim) -> String {
    let key = public_key(&claim.key);
    let valid = ed25519::verify(&key, &unhex(&claim.message), &unhex(&claim.signature));
    if valid { "ok".to_owned() } else { Code::SignatureInvalid.to_string() }
}

fn key(claim: &KeyClaim) -> String {
    ed25519::check_key(&public_key(&claim.key)).map_or_else(|e| e.code().to_string(), |()| "ok".to_owned())
}

fn license_key(text: &str, bits: Option<&str>) -> Result<String, Code> {
    let printed = LicenseKey::parse(text).map_err(|e| e.code())?.expose();
    let written =
        bits.map(|bits| LicenseKey::from_random(unhex(bits).try_into().expect("16 bytes")).expose());
    match written {
        Some(written) if written != printed => Ok(format!("{printed}, but written {written}")),
        _ => Ok(printed),
    }
}

/// The verdict that all entries share, or the list of verdicts, which no file expects.
fn unanimous(verdicts: impl Iterator<Item = String>) -> String {
    let mut verdicts: Vec<String> = verdicts.collect();
    verdicts.dedup();
    verdicts.join(" then ")
}

fn public_key(hex: &str) -> PublicKey {
    PublicKey::from_bytes(unhex(hex).try_into().expect("a vector's key has 32 bytes"))
}

fn bytes(bytes: &Bytes) -> Vec<u8> {
    bytes.to_vec().expect("a vector's base64 is sound")
}
