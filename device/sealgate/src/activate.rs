//! Activating a device, and giving the activation back (`spec/activation.md` §4 and §5).

use sealgate_artifact::{
    ActivationProof, ActivationRequest, BeatOutcome, Decision, DeviceRequest, License, LicenseName, Module,
    Operation, Origin, Outcome, StatementId, UnixSeconds, Unverified, Word,
};
use sealgate_rules::TrialStanding;
use sealgate_trust::{
    Admitted, Policies, SentRequest, ServerRole, TenantTrust, TrustError, Verified, verify_certificate,
    verify_decision, verify_license, verify_own_answer, verify_proof,
};
use zeroize::Zeroizing;

use crate::activated::{Activated, AdmittedBy, peek_answer};
use crate::client::{ATTEMPTS, Fetched, Found, Says};
use crate::exchange::{self, Answer};
use crate::judge::{Judged, Question, Refusal, newest, rights};
use crate::offline::known_chain;
use crate::revocations::{Looked, Slot};
use crate::state::{Effect, Memory, SealingSeed, State};
use crate::statements::{self, Statements};
use crate::{
    Activation, Client, ConfigurationError, Denied, Error, Released, SecurityError, TransportError, random,
};

/// A request that the state holds, and is sent.
struct Sent {
    request: ActivationRequest,
    bytes: Zeroizing<Vec<u8>>,
    id: StatementId,
    /// Whether this call made it, so that nobody can have kept an answer back since long ago.
    is_new: bool,
}

impl Client {
    /// Asks the server to admit this device to the license with this key, and keeps the proof.
    ///
    /// The key may be given as it was typed or pasted. There is no grace: without a verified yes there is no activation, and one that
    /// cannot be kept is an error. Where an answer was lost, the same call asks with the same bytes again, also after a restart. Until
    /// then the license's key is in the state. A device that was activated before is activated again: it takes no second seat, and its
    /// earlier proof does not count any more.
    ///
    /// An activation gives no rights by itself. [`validate_license`](Self::validate_license) still refuses a license with a policy.
    pub fn activate(&self, key: &str) -> Result<Activation, Error> {
        self.activate_with_modules(key, &[])
    }

    /// The same for a program that names the files that it consists of. Where the vendor did not approve all of them for this license,
    /// the denial is `unapproved_module`, and [`Denied::unverified_modules`] shows which.
    pub fn activate_with_modules(&self, key: &str, modules: &[Module]) -> Result<Activation, Error> {
        let key = self.readable(key)?;
        self.in_time(|says, fetched| self.ask_activation((&key, modules), says, fetched))
    }

    /// Ends the activation and gives the device's seat back. What was recorded of it stays with the vendor.
    pub fn deactivate(&self) -> Result<Released, Error> {
        self.in_time(|says, fetched| self.ask_deactivation(says, fetched))
    }

    /// The activation that this device keeps, verified anew; `None` where it keeps none. Nobody is asked.
    ///
    /// What the vendor took back, as revocation data says that was imported, is denied with `revoked`.
    ///
    /// An activation for an older version of the license than the newest one that this client saw is refused with `version_rollback`:
    /// a heartbeat brings the newer one.
    pub fn activation(&self) -> Result<Option<Activation>, Error> {
        let Some((activation, looked)) = self.held_activation()? else { return Ok(None) };
        // Where it cannot be written, the data that says so is there.
        let _ = self.remember_looked(&looked);
        unless_revoked(activation, looked).map(Some)
    }

    /// The same also where revocation data lists it, for whoever shows what is held ([`revocations`](Self::revocations) says whether).
    pub fn kept_activation(&self) -> Result<Option<Activation>, Error> {
        Ok(self.held_activation()?.map(|(activation, _)| activation))
    }

    fn held_activation(&self) -> Result<Option<(Activation, Looked)>, Error> {
        let Some(Found { state, .. }) = self.kept()? else { return Ok(None) };
        let Some(kept) = &state.activated else { return Ok(None) };
        self.verified_at(&state, kept, self.clock.now().max(self.floors(&state).newest())).map(Some)
    }

    /// Verifies a license and a proof from files as what this device keeps: the proof is this device's, of this license, and its
    /// secret opens here. Nobody is asked, and nothing is remembered but what revocation data says of them.
    ///
    /// A device that keeps no key was never activated, so the denial is `not_activated`. A proof that is older than the one that is
    /// kept is `superseded`.
    pub fn verify_activation_files(&self, license: &[u8], proof: &[u8]) -> Result<Activation, Error> {
        let found = self.kept()?.ok_or_else(Denied::not_activated)?;
        let begun = begin(proof, license.to_vec())?;
        let kept = found.state.activated.as_ref();
        let is_same = |kept: &&Activated| kept.license == begun.license && kept.proof == begun.proof;
        let now = self.clock.now().max(self.floors(&found.state).newest());
        let asked = kept.filter(is_same).unwrap_or(&begun);
        let (read, looked) = self.verified_at(&found.state, asked, now)?;
        let _ = self.remember_looked(&looked);
        let read = unless_revoked(read, looked)?;
        let newer = |(kept, _): (ActivationProof, StatementId)| {
            kept.activation == read.id() && kept.generation > read.generation()
        };
        if kept.and_then(Activated::peek).is_some_and(newer) {
            return Err(Denied::superseded().into());
        }
        Ok(read)
    }

    /// What is kept, verified, and what revocation data says of it.
    pub(crate) fn verified_at(
        &self,
        state: &State,
        kept: &Activated,
        now: UnixSeconds,
    ) -> Result<(Activation, Looked), Error> {
        let chain = self.chain_for(state, kept, now)?;
        let license = verify_license(&chain, &kept.license, Some(self.trust.app), Policies::Known)
            .map_err(|why| SecurityError::Statement { what: "license", why })?;
        newest(&chain, &license, &state.licenses())?;
        let activation = self.admitted(&chain, &license, (state, kept), None)?;
        let at = activation.admitted_at();
        let proof = Slot::of_proof(&kept.proof).map(|proof| proof.admitted(at));
        let license = Slot::of_license(&license).admitted(at);
        let looked = self.look(&state.revocations, &chain, license, proof);
        Ok((activation, looked))
    }

    /// The keys that count for these statements: those that the state holds were accepted before (`spec/revocation.md` §5.4).
    pub(crate) fn chain_for(
        &self,
        state: &State,
        kept: &Activated,
        now: UnixSeconds,
    ) -> Result<TenantTrust, SecurityError> {
        let (chain, _) = known_chain(&self.trust, &state.accepted(), self.held(state), now)?;
        let is_held = state
            .activated
            .as_ref()
            .is_some_and(|held| held.license == kept.license && held.proof == kept.proof);
        Ok(if is_held { chain.for_accepted() } else { chain })
    }

    fn ask_activation(
        &self,
        asked: (&Word, &[Module]),
        says: Says,
        fetched: &Fetched,
    ) -> Result<Activation, Refusal> {
        let (found, sent) = self.under_way(asked)?;
        let held = self.held_of_activation(&found.state);
        let server = (self.server()?, &Operation::Activate);
        let answer =
            exchange::ask(&*self.transport, server, &sent.bytes, &says.holds(&held), fetched.deadline)?;
        let concluded = self.remember(found, |state| {
            self.judge(state, (&Operation::Activate, &held), &answer, fetched, |question, has| {
                self.judge_activation(question, (&sent, state), &answer, has)
            })
        })?;
        let activation = concluded.verdict?;
        // What is not kept is asked for with the same bytes again.
        concluded.not_kept.map_or(Ok(activation), |why| Err(why.into()))
    }

    /// The request that is to be sent, which the state holds already: the one that is under way, if it asks the same.
    fn under_way(&self, (key, modules): (&Word, &[Module])) -> Result<(Found, Sent), ConfigurationError> {
        for _ in 0..ATTEMPTS {
            let Found { state, bytes } = self.state()?;
            let sealing = match &state.sealing {
                Some(sealing) => sealing.clone(),
                None => SealingSeed::new(random::bits()?),
            };
            let name = LicenseName::Key(key.clone());
            let wanted = ActivationRequest {
                asks: self.request(name, Operation::Activate, &state.device_key)?,
                sealing_key: sealing.secret().public(),
                modules: in_order(modules),
            };
            if let Some(sent) = state.activating.as_ref().and_then(|sent| asks_the_same(sent, &wanted)) {
                return Ok((Found { state, bytes }, sent));
            }
            let wrong = if modules.is_empty() {
                ConfigurationError::Fingerprint
            } else {
                ConfigurationError::Modules
            };
            let carrier = state.device_key.sign(&wanted).map_err(|_| wrong)?;
            let request = Zeroizing::new(carrier.encode());
            let next = State { sealing: Some(sealing), activating: Some(request.clone()), ..state };
            let encoded = next.encode();
            if self.replace(Some(&bytes), &encoded)? {
                let sent = Sent { request: wanted, bytes: request, id: carrier.envelope.id(), is_new: true };
                return Ok((Found { state: next, bytes: encoded }, sent));
            }
        }
        Err(ConfigurationError::StateContended)
    }

    fn judge_activation(
        &self,
        question: &Question<'_>,
        (sent, state): (&Sent, &State),
        answer: &Answer,
        has: Statements,
    ) -> Result<Judged<Activation>, Refusal> {
        let asked = SentRequest::new(&sent.request.asks, sent.id);
        let mut believed = question.believe(&asked, answer, &has)?;
        if !sent.is_new {
            // spec/activation.md §6.4: somebody may have kept the answer back since.
            believed.floors = believed.floors.of_old_answer(state.floors_kept());
        }
        let (chain, said) = (&believed.chain, believed.decision.get());
        let answered = || Effect::Answered(sent.bytes.clone());
        let named = match &said.outcome {
            Outcome::Allowed { license, license_statement, .. } => (*license, *license_statement),
            Outcome::Denied { code, retry_after, .. } => {
                let shown = (Question::seats(code, answer), Question::modules(code, answer));
                return Ok(Judged {
                    verdict: Err(Denied::by_server(said, (code, *retry_after), shown)),
                    memory: question.without_license(chain, believed.floors, answer, has),
                    effect: answered(),
                });
            }
        };
        let license = question.license(chain, answer, &has, (named, Policies::Known))?;
        let licenses = newest(chain, &license, question.licenses)?;
        let at = question.now.max(believed.floors.newest());
        let verdict = rights(license.get(), Some(said), at);
        let bytes = has.license.clone().expect("it was verified");
        let (accepted, floors) = (chain.accepted().clone(), believed.floors);
        let memory = Memory { accepted, floors, licenses, statements: has };
        if let Err(no) = verdict {
            return Ok(Judged { verdict: Err(no), memory, effect: answered() });
        }
        let Some(proof) = &answer.proof else {
            return Err(TransportError::AnswerInvalid("the activation proof is missing").into());
        };
        let begun = Activated {
            began: self.trial_began(&license, answer, &memory.statements),
            ..begin(proof, bytes)?
        };
        let activation = self.admitted(chain, &license, (state, &begun), Some(sent.id))?;
        let listed = (question.listed)(chain, Slot::of_license(&license), Slot::of_proof(proof));
        if !listed.is_empty() {
            let verdict = Err(Denied::revoked(activation.license(), listed));
            return Ok(Judged { verdict, memory, effect: answered() });
        }
        // Another process that asked the same may have gone on since.
        let is_known = |kept: &Activated| kept.peek().is_some_and(|(proof, _)| proof.request == sent.id);
        let effect = match state.activated.as_ref().filter(|kept| is_known(kept)) {
            Some(_) => answered(),
            None => Effect::Activated(sent.bytes.clone(), Box::new(begun)),
        };
        Ok(Judged { verdict: Ok(activation), memory, effect })
    }

    /// Believes the proof (`spec/activation.md` §3.3), and opens the secret that it brings.
    pub(crate) fn admitted(
        &self,
        chain: &TenantTrust,
        license: &Verified<License>,
        (state, kept): (&State, &Activated),
        request: Option<StatementId>,
    ) -> Result<Activation, SecurityError> {
        let device_key = state.device_key.public();
        let expected = Admitted { app: self.trust.app, license, device_key, request };
        let proof = verify_proof(chain, &kept.proof, &expected).map_err(of_proof)?;
        let said = proof.get();
        let secret =
            state.sealing.as_ref().map(SealingSeed::secret).filter(|s| s.public() == said.sealing_key);
        let opened = secret.and_then(|s| s.open(&said.sealed_secret, (said.activation, said.request)));
        let secret = opened.ok_or_else(|| of_proof(TrustError::ProofMismatch("sealing key")))?;
        let admitted_at = self.admitted_at(chain, kept, proof.get());
        let trial_ends = self.trial_ends(chain, kept, (proof.get(), license.get()));
        Ok(Activation::new((&proof, license), &secret, (admitted_at, trial_ends, kept)))
    }

    /// What is kept of a trial: what says until when it runs, as it came.
    fn trial_began(
        &self,
        license: &Verified<License>,
        answer: &Answer,
        has: &Statements,
    ) -> Option<AdmittedBy> {
        license.get().trial_days?;
        Some(AdmittedBy {
            answer: answer.said.clone(),
            certificate: has.certificate.clone()?,
            origin: self.server().ok()?.origin.as_str().to_owned(),
        })
    }

    /// `spec/activation.md` §4.7: until when the license can be tried here, by the decision that this generation began with; `None` where it is
    /// no trial, or where nothing that verifies says so.
    fn trial_ends(
        &self,
        chain: &TenantTrust,
        kept: &Activated,
        (proof, license): (&ActivationProof, &License),
    ) -> Option<UnixSeconds> {
        let (days, by) = (license.trial_days?, kept.began.as_ref()?);
        let (origin, operation) = (Origin::parse(&by.origin)?, &Operation::Activate);
        let claim = Unverified::<Decision>::decode(&by.answer).ok()?.danger_peek().ok()?;
        let role = ServerRole { tenant: self.trust.tenant, origin: &origin, operation };
        let certificate = verify_certificate(chain, &by.certificate, &role, claim.issued_at).ok()?;
        let sent = SentRequest {
            tenant: proof.tenant,
            app: proof.app,
            license: Some(proof.license),
            device_key: proof.device_key,
            operation,
            request: proof.request,
            // The request itself is not kept: it holds the license's key. Its id covers its nonce.
            nonce: claim.nonce,
        };
        let said = verify_decision(&certificate, &by.answer, &sent).ok()?;
        match TrialStanding::decided(license.license, days, said.get()) {
            TrialStanding::Ends(end) => Some(end),
            TrialStanding::NotBegun => None,
        }
    }

    /// The server's time in the last answer that admitted this device. One that does not verify any more, because somebody wrote it or
    /// the key of its server was revoked, does not count: then it is the proof's.
    fn admitted_at(&self, chain: &TenantTrust, kept: &Activated, proof: &ActivationProof) -> UnixSeconds {
        let verified = || {
            let by = kept.admitted.as_ref()?;
            let said_at = peek_answer(&by.answer)?.issued_at;
            let (tenant, origin) = (self.trust.tenant, Origin::parse(&by.origin)?);
            let role = ServerRole { tenant, origin: &origin, operation: &Operation::Heartbeat };
            let certificate = verify_certificate(chain, &by.certificate, &role, said_at).ok()?;
            let answer = verify_own_answer(&by.answer, vec![certificate.get().public_key]).ok()?;
            let said = answer.get();
            let is_ours = (said.tenant, said.app, said.license, said.device_key)
                == (proof.tenant, proof.app, proof.license, proof.device_key);
            (is_ours && matches!(said.outcome, BeatOutcome::Admitted { .. })).then_some(said_at)
        };
        verified().map_or(proof.issued_at, |said_at| said_at.max(proof.issued_at))
    }

    fn ask_deactivation(&self, says: Says, fetched: &Fetched) -> Result<Released, Refusal> {
        let found = self.state()?;
        let proof = found.state.activated.as_ref().and_then(Activated::peek);
        let (proof, _) = proof.ok_or_else(|| Refusal::from(Denied::not_activated()))?;
        let name = LicenseName::Id(proof.license);
        let request = self.request(name, Operation::Deactivate, &found.state.device_key)?;
        let carrier = found.state.device_key.sign(&request).map_err(|_| ConfigurationError::Fingerprint)?;
        let held = self.held_of_activation(&found.state);
        let server = (self.server()?, &Operation::Deactivate);
        let (body, holds) = (carrier.encode(), says.holds(&held));
        let answer = exchange::ask(&*self.transport, server, &body, &holds, fetched.deadline)?;
        let sent = SentRequest::new(&request, carrier.envelope.id());
        let concluded = self.remember(found, |state| {
            let judged =
                self.judge(state, (&Operation::Deactivate, &held), &answer, fetched, |question, has| {
                    question.judge_release(&sent, &answer, has)
                })?;
            // Another process may have activated another license since.
            let is_same =
                |kept: &Activated| kept.peek().is_some_and(|(kept, _)| kept.activation == proof.activation);
            let ends = judged.verdict.is_ok() && state.activated.as_ref().is_some_and(is_same);
            Ok(Judged { effect: if ends { Effect::Deactivated } else { Effect::None }, ..judged })
        })?;
        // Where that is not kept, the next heartbeat says so.
        Ok(concluded.verdict?)
    }

    /// What the client has, with the license of the activation.
    pub(crate) fn held_of_activation(&self, state: &State) -> Statements {
        let held = self.held(state);
        let license = state.activated.as_ref().map(|kept| kept.license.clone()).or(held.license);
        Statements { license, ..held }
    }
}

/// `spec/revocation.md` §5.3: what is listed admits nobody.
fn unless_revoked(activation: Activation, looked: Looked) -> Result<Activation, Error> {
    if looked.is_revoked() {
        return Err(Denied::revoked(activation.license(), looked.listed).into());
    }
    if looked.is_unseen {
        return Err(Denied::unseen(activation.license()).into());
    }
    Ok(activation)
}

/// The state of a generation that has just begun. Nothing in it is believed.
pub(crate) fn begin(proof: &[u8], license: Vec<u8>) -> Result<Activated, SecurityError> {
    let claim = Unverified::<ActivationProof>::decode(proof).map_err(|why| of_proof(why.into()))?;
    let said = claim.danger_peek().map_err(|why| of_proof(why.into()))?;
    Ok(Activated::begin(&said, proof.to_vec(), license))
}

pub(crate) fn of_proof(why: TrustError) -> SecurityError {
    match why {
        TrustError::AnswersAnother(field) => SecurityError::NonceMismatch(field),
        why => SecurityError::Statement { what: "activation proof", why },
    }
}

/// `spec/activation.md` §2.2: as an attachment lists them.
fn in_order(modules: &[Module]) -> Vec<Module> {
    let mut modules = modules.to_vec();
    modules.sort();
    modules.dedup_by(|a, b| (&a.name, &a.sha256) == (&b.name, &b.sha256));
    modules
}

/// The request that is under way, if it asks what is wanted now: only its nonce and its time differ.
fn asks_the_same(bytes: &Zeroizing<Vec<u8>>, wanted: &ActivationRequest) -> Option<Sent> {
    let request = Unverified::<ActivationRequest>::decode(bytes).ok()?.danger_peek().ok()?;
    let DeviceRequest { nonce, client_time, .. } = request.asks;
    let asks = DeviceRequest { nonce, client_time, ..wanted.asks.clone() };
    let same = ActivationRequest { asks, ..wanted.clone() };
    (request == same).then_some(())?;
    Some(Sent { request, bytes: bytes.clone(), id: statements::id(bytes)?, is_new: false })
}
