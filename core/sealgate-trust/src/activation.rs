//! Who was admitted, who is still there, and what the vendor published (`spec/activation.md`).

use sealgate_artifact::{
    ActivationProof, ActivationRequest, AppId, HeartbeatAnswer, HeartbeatRequest, Kind, License, LicenseId,
    Nonce, Operation, PublicKey, Release, ServerCertificate, StatementId, TenantId, Unverified,
};

use crate::online::{may_answer, signed_by_device};
use crate::{Signers, TenantTrust, TrustError, Verified, verify};

/// Believes that whoever holds the device's key asks to be admitted (`spec/activation.md` §4). Nothing else follows from it.
pub fn verify_activation_request(bytes: &[u8]) -> Result<Verified<ActivationRequest>, TrustError> {
    signed_by_device(bytes, |request: &ActivationRequest| request.asks.device_key)
}

/// Believes that whoever holds the device's key sent this heartbeat (`spec/activation.md` §6). Nothing else follows from it.
pub fn verify_heartbeat_request(bytes: &[u8]) -> Result<Verified<HeartbeatRequest>, TrustError> {
    signed_by_device(bytes, |request: &HeartbeatRequest| request.device_key)
}

/// Whom a proof must admit.
#[derive(Debug, Clone, Copy)]
pub struct Admitted<'a> {
    /// The caller's app.
    pub app: AppId,
    /// The license that the device holds.
    pub license: &'a Verified<License>,
    /// The device's key.
    pub device_key: PublicKey,
    /// The request that the proof answers, where it has just come as an answer.
    pub request: Option<StatementId>,
}

/// Believes a license server's word that this device was admitted to this version of the license (`spec/activation.md` §3.3).
pub fn verify_proof(
    trust: &TenantTrust,
    proof: &[u8],
    expected: &Admitted<'_>,
) -> Result<Verified<ActivationProof>, TrustError> {
    let proof = verify(&Unverified::<ActivationProof>::decode(proof)?, &trust.activators)?;
    let said = proof.get();
    trust.signed_in_time(&proof, said.issued_at)?;
    of_scope(trust, (said.tenant, said.app), expected.app)?;
    let license = expected.license;
    let differing = [
        ("license", said.license != license.get().license),
        ("version of the license", said.license_statement != license.id()),
        ("device", said.device_key != expected.device_key),
    ];
    if let Some((what, _)) = differing.into_iter().find(|(_, differs)| *differs) {
        return Err(TrustError::ProofMismatch(what));
    }
    match expected.request.filter(|sent| *sent != said.request) {
        Some(_) => Err(TrustError::AnswersAnother("request")),
        None => Ok(proof),
    }
}

/// Believes that the vendor published this release of the app (`spec/activation.md` §8.2).
pub fn verify_release(
    trust: &TenantTrust,
    release: &[u8],
    app: AppId,
) -> Result<Verified<Release>, TrustError> {
    let release = verify(&Unverified::<Release>::decode(release)?, &trust.updaters)?;
    trust.signed_in_time(&release, release.get().issued_at)?;
    of_scope(trust, (release.get().tenant, release.get().app), app)?;
    Ok(release)
}

/// Believes that this key signed the statement, whoever the key belongs to now. The caller knows whose it was.
pub fn verify_signed_by<T: sealgate_artifact::Statement + Clone>(
    statement: &Unverified<T>,
    key: PublicKey,
) -> Result<Verified<T>, TrustError> {
    verify(statement, &Signers::new(T::KIND, vec![key], 1))
}

fn of_scope(
    trust: &TenantTrust,
    (tenant, app): (TenantId, AppId),
    expected_app: AppId,
) -> Result<(), TrustError> {
    let expected = trust.tenant_keyset().get().tenant;
    if tenant != expected {
        return Err(TrustError::WrongTenant { expected, found: tenant });
    }
    if app != expected_app {
        return Err(TrustError::WrongApp { expected: expected_app, found: app });
    }
    Ok(())
}

/// Believes a proof of an installation's own, for a server whose database forgot it. `keys` are the activation keys of the
/// installation's servers.
pub fn verify_own_proof(proof: &[u8], keys: Vec<PublicKey>) -> Result<Verified<ActivationProof>, TrustError> {
    verify(&Unverified::<ActivationProof>::decode(proof)?, &Signers::new(Kind::ActivationProof, keys, 1))
}

/// The same for an answer. `keys` are the keys of the installation's servers.
pub fn verify_own_answer(
    answer: &[u8],
    keys: Vec<PublicKey>,
) -> Result<Verified<HeartbeatAnswer>, TrustError> {
    verify(&Unverified::<HeartbeatAnswer>::decode(answer)?, &Signers::new(Kind::HeartbeatAnswer, keys, 1))
}

/// The heartbeat that an answer must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentHeartbeat {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its app.
    pub app: AppId,
    /// Its license.
    pub license: LicenseId,
    /// The device that sent it.
    pub device_key: PublicKey,
    /// The proof that it names.
    pub proof: StatementId,
    /// Its statement id.
    pub request: StatementId,
    /// Its number.
    pub seq: u64,
    /// Its nonce.
    pub nonce: Nonce,
}

impl SentHeartbeat {
    /// This heartbeat; `id` is the id of the statement that was sent.
    pub fn new(request: &HeartbeatRequest, id: StatementId) -> Self {
        Self {
            tenant: request.tenant,
            app: request.app,
            license: request.license,
            device_key: request.device_key,
            proof: request.proof,
            request: id,
            seq: request.seq,
            nonce: request.nonce,
        }
    }
}

/// Believes a server's answer to the heartbeat that was sent, whatever it says (`spec/activation.md` §7.3).
///
/// `certificate` was verified for this caller just now, by [`verify_certificate`](crate::verify_certificate).
pub fn verify_heartbeat_answer(
    certificate: &Verified<ServerCertificate>,
    answer: &[u8],
    sent: &SentHeartbeat,
) -> Result<Verified<HeartbeatAnswer>, TrustError> {
    let server = certificate.get();
    let signers = Signers::new(Kind::HeartbeatAnswer, vec![server.public_key], 1);
    let answer = verify(&Unverified::<HeartbeatAnswer>::decode(answer)?, &signers)?;
    let said = answer.get();
    answers(said, sent)?;
    may_answer(server, sent.tenant, &Operation::Heartbeat, said.issued_at)?;
    Ok(answer)
}

fn answers(said: &HeartbeatAnswer, sent: &SentHeartbeat) -> Result<(), TrustError> {
    if said.tenant != sent.tenant {
        return Err(TrustError::WrongTenant { expected: sent.tenant, found: said.tenant });
    }
    if said.app != sent.app {
        return Err(TrustError::WrongApp { expected: sent.app, found: said.app });
    }
    let differing = [
        ("license", said.license != sent.license),
        ("device_key", said.device_key != sent.device_key),
        ("proof", said.proof != sent.proof),
        ("request", said.request != sent.request),
        ("seq", said.seq != sent.seq),
        ("nonce", said.nonce != sent.nonce),
    ];
    match differing.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(TrustError::AnswersAnother(field)),
        None => Ok(()),
    }
}
