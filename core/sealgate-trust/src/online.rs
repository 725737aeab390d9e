//! A device's request and a server's decision (`spec/online.md`).

use sealgate_artifact::{
    AppId, Decision, DeviceRequest, Kind, LicenseId, Nonce, Operation, PublicKey, ServerCertificate,
    Statement, StatementId, TenantId, UnixSeconds, Unverified,
};

use crate::{KeyWindow, Signers, TrustError, Verified, ed25519, verify, window};

/// Believes that whoever holds the device's key made this request (`spec/online.md` §3).
///
/// Nothing else follows from it. The caller still has to check that the license exists, that the key is known, and that
/// tenant and app are the right ones.
pub fn verify_device_request(bytes: &[u8]) -> Result<Verified<DeviceRequest>, TrustError> {
    signed_by_device(bytes, |request: &DeviceRequest| request.device_key)
}

/// Believes what a device signed with the key that it names.
pub(crate) fn signed_by_device<T: Statement>(
    bytes: &[u8],
    device_key: impl Fn(&T) -> PublicKey,
) -> Result<Verified<T>, TrustError> {
    let claim = Unverified::<T>::decode(bytes)?;
    // spec/online.md §3.2: the choice of this key can only end in a refusal, or in `verify` with it as the one signer.
    let device_key = device_key(&claim.danger_peek()?);
    ed25519::check_key(&device_key)?;
    verify(&claim, &Signers::new(T::KIND, vec![device_key], 1))
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
    may_answer(server, sent.tenant, sent.operation, said.issued_at)?;
    Ok(decision)
}

/// `spec/online.md` §5.3: a certificate that was verified for another request of this client may not cover this one.
pub(crate) fn may_answer(
    server: &ServerCertificate,
    tenant: TenantId,
    operation: &Operation,
    issued_at: UnixSeconds,
) -> Result<(), TrustError> {
    let is_covered =
        server.tenants.contains(&tenant) && server.operations.iter().any(|named| named == operation.as_str());
    if !is_covered {
        return Err(TrustError::ServerScope);
    }
    window::check(KeyWindow::Certificate, server.issued_at, server.expires_at, issued_at)
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
