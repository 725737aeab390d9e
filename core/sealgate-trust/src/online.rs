//! A device's request and a server's decision (`spec/online.md`).

use sealgate_artifact::{
    AppId, Decision, DeviceRequest, Kind, LicenseId, Nonce, Operation, PublicKey, ServerCertificate,
    StatementId, TenantId, Unverified,
};

use crate::{KeyWindow, Signers, TrustError, Verified, ed25519, verify, window};

/// Believes that whoever holds the device's key made this request (`spec/online.md` §3).
///
/// Nothing else follows from it. The caller still has to check that the license exists, that the key is known, and that
/// tenant and app are the right ones.
pub fn verify_device_request(bytes: &[u8]) -> Result<Verified<DeviceRequest>, TrustError> {
    let claim = Unverified::<DeviceRequest>::decode(bytes)?;
    // spec/online.md §3.2: the choice of this key can only end in a refusal, or in `verify` with it as the one signer.
    let device_key = claim.danger_peek()?.device_key;
    ed25519::check_key(&device_key)?;
    verify(&claim, &Signers::new(Kind::DeviceRequest, vec![device_key], 1))
}

/// The request that a decision must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentRequest<'a> {
    /// The request's tenant.
    pub tenant: TenantId,
    /// The request's app.
    pub app: AppId,
    /// The license, where the request names it by its identifier.
    pub license: Option<LicenseId>,
    /// The device that asks.
    pub device_key: PublicKey,
    /// What it asks for.
    pub operation: &'a Operation,
    /// The request's statement id.
    pub request: StatementId,
    /// The request's nonce.
    pub nonce: Nonce,
}

impl<'a> SentRequest<'a> {
    /// This request; `id` is the id of the statement that was sent.
    pub fn new(request: &'a DeviceRequest, id: StatementId) -> Self {
        Self {
            tenant: request.tenant,
            app: request.app,
            license: request.license_id(),
            device_key: request.device_key,
            operation: &request.operation,
            request: id,
            nonce: request.nonce,
        }
    }
}

/// Believes a server's decision about the request that was sent, whether it allows or denies (`spec/online.md` §5).
///
/// `certificate` was verified for this caller just now, by [`verify_certificate`](crate::verify_certificate).
pub fn verify_decision(
    certificate: &Verified<ServerCertificate>,
    decision: &[u8],
    sent: &SentRequest<'_>,
) -> Result<Verified<Decision>, TrustError> {
    let server = certificate.get();
    let signers = Signers::new(Kind::Decision, vec![server.public_key], 1);
    let decision = verify(&Unverified::<Decision>::decode(decision)?, &signers)?;
    let said = decision.get();
    answers(said, sent)?;
    // spec/online.md §5.3: a certificate that was verified for another request of this client may not cover this one.
    let is_covered = server.tenants.contains(&sent.tenant)
        && server.operations.iter().any(|operation| operation == sent.operation.as_str());
    if !is_covered {
        return Err(TrustError::ServerScope);
    }
    window::check(KeyWindow::Certificate, server.issued_at, server.expires_at, said.issued_at)?;
    Ok(decision)
}

/// `spec/online.md` §5.2: the decision answers this request and no other.
fn answers(said: &Decision, sent: &SentRequest<'_>) -> Result<(), TrustError> {
    if said.tenant != sent.tenant {
        return Err(TrustError::WrongTenant { expected: sent.tenant, found: said.tenant });
    }
    if said.app != sent.app {
        return Err(TrustError::WrongApp { expected: sent.app, found: said.app });
    }
    let is_other_license = sent.license.zip(said.license()).is_some_and(|(named, decided)| named != decided);
    let differing = [
        ("device_key", said.device_key != sent.device_key),
        ("operation", said.operation != *sent.operation),
        ("request", said.request != sent.request),
        ("nonce", said.nonce != sent.nonce),
        ("license", is_other_license),
    ];
    match differing.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(TrustError::AnswersAnother(field)),
        None => Ok(()),
    }
}
