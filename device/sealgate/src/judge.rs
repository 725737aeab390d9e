//! From an answer to a license: who speaks, whether about this question, and what the license gives (`spec/online.md`
//! §5 and §6). A pure function of what was received, what is remembered and one time.

use std::collections::BTreeMap;

use sealgate_artifact::{
    Code, Decision, License as Signed, LicenseId, Module, Operation, Origin, Outcome, ServerCertificate,
    StatementId, UnixSeconds,
};
use sealgate_rules::Standing;
use sealgate_trust::{
    Accepted, KeyWindow, Maximum, Policies, SentRequest, ServerRole, TenantTrust, TrustError, Verified,
    verify_certificate, verify_decision, verify_license,
};

use crate::exchange::Answer;
use crate::license::POLICIES;
use crate::revocations::{Listed as Found, Slot};
use crate::state::{Effect, Floors, Memory};
use crate::statements::{self, Statements};
use crate::trust::Trust;
use crate::{Denied, Error, License, Released, SecurityError, TransportError, UnverifiedSeat};

/// What was asked, of whom, and when.
pub(crate) struct Question<'a> {
    pub(crate) trust: &'a Trust,
    pub(crate) origin: &'a Origin,
    pub(crate) operation: &'a Operation,
    /// The one time of all steps but the license's own, never below the floor.
    pub(crate) now: UnixSeconds,
    /// The newest time at which keys further up vouched for one below (`spec/online.md` §6.8).
    pub(crate) floor: UnixSeconds,
    pub(crate) accepted: &'a Accepted,
    /// The newest version of each license that was accepted before.
    pub(crate) licenses: &'a BTreeMap<LicenseId, Maximum>,
    /// Which of a license and its proof the vendor took back, as far as this device was told.
    pub(crate) listed: Listed<'a>,
}

/// Looks a license and the proof up.
pub(crate) type Listed<'a> = &'a dyn Fn(&TenantTrust, Slot, Option<Slot>) -> Vec<Found>;

/// What follows from statements that all verify: the yes or no, and what to remember even if that is nothing.
pub(crate) struct Judged<T> {
    pub(crate) verdict: Result<T, Denied>,
    pub(crate) memory: Memory,
    /// What becomes of the activation.
    pub(crate) effect: Effect,
}

/// The vendor's server.
pub(crate) struct Server {
    pub(crate) chain: TenantTrust,
    pub(crate) certificate: Verified<ServerCertificate>,
}

/// A decision that is the vendor's server's, about this question.
pub(crate) struct Believed {
    pub(crate) chain: TenantTrust,
    pub(crate) decision: Verified<Decision>,
    pub(crate) floors: Floors,
}

/// Why an answer was not believed, or believed and a no; and what asking otherwise may change about it.
pub(crate) enum Refusal {
    /// The chain does not verify: perhaps the roots rotated.
    Chain(SecurityError),
    /// A statement from the state does not verify any more: perhaps it was signed anew, under the same name, or another process
    /// asked another server meanwhile.
    Held(SecurityError),
    /// Final.
    Final(Error),
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

impl Refusal {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Chain(error) | Self::Held(error) => error.into(),
            Self::Final(error) => error,
        }
    }
}

impl Question<'_> {
    /// Identity first: chain, certificate, decision; then the license that the decision names, and its window.
    pub(crate) fn judge(
        &self,
        sent: &SentRequest<'_>,
        answer: &Answer,
        has: Statements,
    ) -> Result<Judged<License>, Refusal> {
        let Believed { chain, decision, floors } = self.believe(sent, answer, &has)?;
        let named = match &decision.get().outcome {
            Outcome::Allowed { license, license_statement, .. } => (*license, *license_statement),
            Outcome::Denied { code, retry_after, .. } => {
                let shown = (Self::seats(code, answer), vec![]);
                return Ok(Judged {
                    verdict: Err(Denied::by_server(decision.get(), (code, *retry_after), shown)),
                    memory: self.without_license(&chain, floors, answer, has),
                    effect: Effect::None,
                });
            }
        };
        let license = self.license(&chain, answer, &has, (named, POLICIES))?;
        let licenses = newest(&chain, &license, self.licenses)?;
        // spec/license.md §4: at a time that no clock can set back.
        let verdict = rights(license.get(), Some(decision.get()), self.now.max(floors.newest()));
        let listed = (self.listed)(&chain, Slot::of_license(&license), None);
        let verdict = unless_listed(verdict, license.get().license, listed);
        let accepted = chain.accepted().clone();
        let memory = Memory { accepted, floors, licenses, statements: has };
        Ok(Judged { verdict, memory, effect: Effect::None })
    }

    /// The same of a seat that was to be given back: no license is looked at.
    pub(crate) fn judge_release(
        &self,
        sent: &SentRequest<'_>,
        answer: &Answer,
        has: Statements,
    ) -> Result<Judged<Released>, Refusal> {
        let Believed { chain, decision, floors } = self.believe(sent, answer, &has)?;
        let said = decision.get();
        let verdict = match &said.outcome {
            Outcome::Allowed { license, .. } => Ok(Released::new(*license, said)),
            Outcome::Denied { code, retry_after, .. } => {
                Err(Denied::by_server(said, (code, *retry_after), (vec![], vec![])))
            }
        };
        let memory = self.without_license(&chain, floors, answer, has);
        Ok(Judged { verdict, memory, effect: Effect::None })
    }

    pub(crate) fn believe(
        &self,
        sent: &SentRequest<'_>,
        answer: &Answer,
        has: &Statements,
    ) -> Result<Believed, Refusal> {
        let Server { chain, certificate } = self.server(answer, has)?;
        let decision = verify_decision(&certificate, &answer.said, sent).map_err(of_decision)?;
        let floors = self.floors(decision.get().issued_at, &chain, certificate.get());
        Ok(Believed { chain, decision, floors })
    }

    /// Who speaks: the chain of keys, and the certificate for what was asked.
    pub(crate) fn server(&self, answer: &Answer, has: &Statements) -> Result<Server, Refusal> {
        self.shown(answer.brings_certificate(), has)
    }

    /// The same of what is there, whether or not the certificate has just come.
    pub(crate) fn shown(&self, has_come: bool, has: &Statements) -> Result<Server, Refusal> {
        let (trust, tenant) = (self.trust, Some(self.trust.tenant));
        let chain = TenantTrust::verify(&trust.roots, &has.chain, tenant, self.accepted, self.now);
        let chain = chain.map_err(|why| Refusal::Chain(of_chain(why)))?;
        let certificate = self.certificate(&chain, has_come, has)?;
        Ok(Server { chain, certificate })
    }

    /// No license that came along was looked at, so none is kept.
    pub(crate) fn without_license(
        &self,
        chain: &TenantTrust,
        floors: Floors,
        answer: &Answer,
        has: Statements,
    ) -> Memory {
        let license = has.license.clone().filter(|_| !answer.brings_license());
        Memory {
            accepted: chain.accepted().clone(),
            floors,
            licenses: self.licenses.clone(),
            statements: Statements { license, ..has },
        }
    }

    /// Only beside the one denial that they explain.
    pub(crate) fn seats(code: &str, answer: &Answer) -> Vec<UnverifiedSeat> {
        if code == Code::DeviceLimit.as_str() { answer.seats.clone() } else { vec![] }
    }

    /// The same.
    pub(crate) fn modules(code: &str, answer: &Answer) -> Vec<Module> {
        if code == Code::UnapprovedModule.as_str() { answer.unapproved.clone() } else { vec![] }
    }

    /// `spec/online.md` §6.8: what vouches for the server raises the one floor, and what the server says replaces the others.
    pub(crate) fn floors(
        &self,
        said_at: UnixSeconds,
        chain: &TenantTrust,
        certificate: &ServerCertificate,
    ) -> Floors {
        let vouched =
            [chain.keyset().get().issued_at, chain.tenant_keyset().get().issued_at, certificate.issued_at];
        Floors {
            authority: vouched.into_iter().fold(self.floor, UnixSeconds::max),
            server: signed_time(said_at, chain, certificate),
            ..Floors::none()
        }
    }

    /// `spec/online.md` §5.1: for this tenant, the origin that was called and the operation that was asked for.
    fn certificate(
        &self,
        chain: &TenantTrust,
        has_come: bool,
        has: &Statements,
    ) -> Result<Verified<ServerCertificate>, Refusal> {
        let Some(certificate) = &has.certificate else {
            return Err(SecurityError::ServerUntrusted("it shows no certificate").into());
        };
        let (origin, operation) = (self.origin, self.operation);
        let role = ServerRole { tenant: self.trust.tenant, origin, operation };
        verify_certificate(chain, certificate, &role, self.now).map_err(|why| {
            let is_held = !has_come && why.code() == Code::SignatureInvalid;
            held_or_final(is_held, of_certificate(why))
        })
    }

    /// `spec/online.md` §6.1: the statement that the decision names, with the rights that it gives.
    pub(crate) fn license(
        &self,
        chain: &TenantTrust,
        answer: &Answer,
        has: &Statements,
        ((license, named), policies): ((LicenseId, StatementId), Policies),
    ) -> Result<Verified<Signed>, Refusal> {
        let is_named = |bytes: &&Vec<u8>| answer.brings_license() || statements::id(bytes) == Some(named);
        let Some(bytes) = has.license.as_ref().filter(is_named) else {
            return Err(TransportError::AnswerInvalid("the license that it names is missing").into());
        };
        // spec/revocation.md §5.4: what is held was accepted before.
        let accepted = chain.for_accepted();
        let chain = if answer.brings_license() { chain } else { &accepted };
        let verified = verify_license(chain, bytes, Some(self.trust.app), policies).map_err(|why| {
            let is_held = !answer.brings_license() && why.code() == Code::SignatureInvalid;
            held_or_final(is_held, SecurityError::Statement { what: "license", why })
        })?;
        if verified.id() != named {
            return Err(SecurityError::NonceMismatch("license_statement").into());
        }
        if verified.get().license != license {
            return Err(SecurityError::NonceMismatch("license").into());
        }
        Ok(verified)
    }
}

/// What this client has may be older than what the answer is about, or another server's; what came with the answer is not.
pub(crate) fn held_or_final(is_held: bool, error: SecurityError) -> Refusal {
    if is_held { Refusal::Held(error) } else { error.into() }
}

/// `spec/license.md` §2.7: what is remembered of licenses once this one is accepted.
pub(crate) fn newest(
    chain: &TenantTrust,
    license: &Verified<Signed>,
    before: &BTreeMap<LicenseId, Maximum>,
) -> Result<BTreeMap<LicenseId, Maximum>, SecurityError> {
    let id = license.get().license;
    let newest = chain.newest_of(license, before.get(&id));
    let mut licenses = before.clone();
    licenses.insert(id, newest.map_err(|why| SecurityError::Statement { what: "license", why })?);
    Ok(licenses)
}

/// `spec/revocation.md` §5.3: what is listed gives no right. What has not begun is judged first.
pub(crate) fn unless_listed<T>(
    verdict: Result<T, Denied>,
    license: LicenseId,
    listed: Vec<Found>,
) -> Result<T, Denied> {
    let has_begun = !matches!(&verdict, Err(no) if no.code == Code::NotYetValid.as_str());
    if has_begun && !listed.is_empty() { Err(Denied::revoked(license, listed)) } else { verdict }
}

/// `spec/license.md` §4: the same function as the server's.
pub(crate) fn rights(license: &Signed, said: Option<&Decision>, now: UnixSeconds) -> Result<License, Denied> {
    let trial_ends = match said.map(|said| &said.outcome) {
        Some(Outcome::Allowed { trial_ends, .. }) => *trial_ends,
        _ => None,
    };
    let standing = match said {
        Some(said) => Standing::of_decided(license, said),
        None => Standing::of_signed(license),
    };
    standing
        .gives_rights(now)
        .map(|()| License::new(license, said))
        .map_err(|code| Denied::by_license(code, license, trial_ends, now))
}

/// The server's time as far as it may move the floor: within everything that vouches for it, so that a stolen key
/// cannot push a client beyond its own certificate's end.
fn signed_time(said_at: UnixSeconds, chain: &TenantTrust, certificate: &ServerCertificate) -> UnixSeconds {
    let ends = [
        chain.root().get().expires_at,
        chain.keyset().get().expires_at,
        chain.tenant_keyset().get().expires_at,
        certificate.expires_at,
    ];
    let last = |end: UnixSeconds| UnixSeconds::new(end.get().saturating_sub(1)).expect("earlier than a time");
    ends.into_iter().map(last).fold(said_at, UnixSeconds::min)
}

/// Whoever shows a chain of other keys than the vendor's is not the vendor's server.
fn of_chain(why: TrustError) -> SecurityError {
    match why {
        why if matches!(why.code(), Code::SignatureInvalid | Code::ThresholdNotMet) => {
            SecurityError::ServerUntrusted("its keys are not under the pinned roots")
        }
        why => SecurityError::Statement { what: "chain of keys", why },
    }
}

fn of_certificate(why: TrustError) -> SecurityError {
    match why {
        why if why.code() == Code::SignatureInvalid => {
            SecurityError::ServerUntrusted("its certificate is not the vendor's")
        }
        TrustError::ServerScope => SecurityError::ServerScope,
        TrustError::ServerRevoked => SecurityError::ServerRevoked,
        TrustError::Expired { whose: KeyWindow::Certificate, .. } => SecurityError::CertificateExpired,
        TrustError::NotYetValid { whose: KeyWindow::Certificate, .. } => {
            SecurityError::CertificateNotYetValid
        }
        why => SecurityError::Statement { what: "server certificate", why },
    }
}

pub(crate) fn of_decision(why: TrustError) -> SecurityError {
    match why {
        why if why.code() == Code::SignatureInvalid => {
            SecurityError::ServerUntrusted("the key that its certificate names did not sign the decision")
        }
        TrustError::AnswersAnother(field) => SecurityError::NonceMismatch(field),
        TrustError::ServerScope => SecurityError::ServerScope,
        TrustError::Expired { whose: KeyWindow::Certificate, .. } => SecurityError::CertificateExpired,
        TrustError::NotYetValid { whose: KeyWindow::Certificate, .. } => {
            SecurityError::CertificateNotYetValid
        }
        why => SecurityError::Statement { what: "decision", why },
    }
}
