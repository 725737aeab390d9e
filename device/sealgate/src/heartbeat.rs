//! Heartbeats: an activated device is still there (`spec/activation.md` §6 and §7).

use std::time::Duration;

use sealgate_artifact::{
    BeatOutcome, Code, HeartbeatAnswer, HeartbeatRequest, License, NextBeat, Operation, StatementId,
    UnixSeconds, Unverified,
};
use sealgate_rules::{Ending, Rhythm, due};
use sealgate_trust::{
    Policies, SentHeartbeat, TenantTrust, TrustError, Verified, verify_heartbeat_answer, verify_license,
};

use crate::activate::of_proof;
use crate::activated::{Activated, AdmittedBy, Answered, Pulse};
use crate::client::{ATTEMPTS, Fetched, Found, Says};
use crate::exchange::{self, Answer, HeartbeatSent};
use crate::judge::{Judged, Question, Refusal, Server, held_or_final, newest, of_decision};
use crate::recorded::{Shown, more_waits};
use crate::revocations::Slot;
use crate::state::{Effect, Memory, State};
use crate::statements::{self, Statements};
use crate::{
    Beat, BeatSaid, ChainError, Client, ConfigurationError, Denied, Error, SecurityError, TransportError,
    wait,
};

/// Questions of one call: one that was under way, or whose answer names what did not come, and the one that is wanted.
const ROUNDS: usize = 3;

/// How long after a heartbeat was made its answer says what time it is, by a clock that goes on while the machine sleeps (`spec/guard.md` §2.5).
const FRESH: Duration = Duration::from_mins(2);

/// A heartbeat that the state holds, and is sent.
#[derive(Clone)]
struct Sent {
    request: HeartbeatRequest,
    bytes: Vec<u8>,
    id: StatementId,
    /// When it was made, by that clock; `None`: an earlier call made it.
    made_at: Option<Duration>,
    /// Whether it was made in this call, and not long before its answer came.
    is_new: bool,
    /// When its answer came, by that clock.
    answered_at: Duration,
}

impl Sent {
    /// What it is when its answer comes.
    fn answered(&self, now: Duration) -> Self {
        let is_new = self.made_at.is_some_and(|made_at| now.saturating_sub(made_at) <= FRESH);
        Self { is_new, answered_at: now, ..self.clone() }
    }
}

/// What a verified answer says, for the program and as it came.
struct Told {
    beat: Beat,
    said: HeartbeatAnswer,
}

/// What followed from an answer.
enum Heard {
    Beat(Box<Told>),
    /// It counted, but the license or the proof that it names did not come: an answer that was repeated may name what has been
    /// replaced since. Nothing but the next heartbeat follows from it.
    Again,
    /// The server wants to see the state (`spec/activation.md` §7.6).
    StateWanted,
}

impl Client {
    /// Tells the server that this device is still there, and takes over what it answers: a newer license, a newer proof, an end.
    ///
    /// Where an answer was lost, the next call sends the same bytes again, also after a restart. A failure changes nothing: the
    /// device has its rights until [`Activation::rights_until`](crate::Activation::rights_until). Without an activation the denial is
    /// `not_activated`.
    pub fn heartbeat(&self) -> Result<Beat, Error> {
        self.beat(false)
    }

    /// The last heartbeat of a program that ends: it gives its instance, and a seat that is lent, back.
    pub fn leave(&self) -> Result<Beat, Error> {
        self.beat(true)
    }

    /// When the next heartbeat is due, by this machine's clock; `None` without an activation. The first one is due at once, and so
    /// is one that was not answered.
    pub fn heartbeat_due(&self) -> Result<Option<UnixSeconds>, Error> {
        let Some(Found { state, .. }) = self.kept()? else { return Ok(None) };
        let now = self.clock.now();
        Ok(state.activated.map(|kept| match kept.last.filter(|_| kept.under_way.is_none()) {
            Some(last) => due(last.received_at, last.wait, now),
            None => now,
        }))
    }

    fn beat(&self, leaves: bool) -> Result<Beat, Error> {
        let beat = self.asked_beat(leaves)?;
        if beat.said == BeatSaid::Revoked {
            // What was found stays known, whatever becomes of the data.
            let _ = self.activation();
        }
        Ok(beat)
    }

    fn asked_beat(&self, leaves: bool) -> Result<Beat, Error> {
        self.in_time(|says, fetched| {
            for _ in 0..ROUNDS {
                let (found, sent) = self.heartbeat_under_way(leaves)?;
                let is_wanted = sent.request.leaves == leaves;
                match self.ask_heartbeat(found, &sent, says, fetched)? {
                    Heard::Beat(told) if is_wanted => return Ok(told.beat),
                    // One that was under way asked for something else.
                    Heard::Beat(..) | Heard::Again | Heard::StateWanted => {}
                }
            }
            Err(TransportError::AnswerInvalid("the license or the proof that it names is missing").into())
        })
    }

    /// The heartbeat that is to be sent, which the state holds already: the one that is under way, if there is one.
    fn heartbeat_under_way(&self, leaves: bool) -> Result<(Found, Sent), Error> {
        for _ in 0..ATTEMPTS {
            let Some(Found { state, bytes }) = self.kept()? else {
                return Err(Denied::not_activated().into());
            };
            let Some(kept) = &state.activated else { return Err(Denied::not_activated().into()) };
            if let Some(under_way) = &kept.under_way {
                let sent = read(under_way).ok_or(ConfigurationError::StateDamaged)?;
                return Ok((Found { state, bytes }, sent));
            }
            let made_at = Some(self.clock.running());
            let request = self.next_heartbeat((&state, kept), leaves)?;
            let carrier = state.device_key.sign(&request).map_err(|_| ConfigurationError::Fingerprint)?;
            let sent = Sent {
                request,
                bytes: carrier.encode(),
                id: carrier.envelope.id(),
                made_at,
                is_new: true,
                answered_at: Duration::ZERO,
            };
            let kept = Activated { under_way: Some(sent.bytes.clone()), ..kept.clone() };
            let next = State { activated: Some(kept), ..state };
            let encoded = next.encode();
            // spec/activation.md §6.3: written before it is sent.
            if self.replace(Some(&bytes), &encoded)? {
                return Ok((Found { state: next, bytes: encoded }, sent));
            }
        }
        Err(ConfigurationError::StateContended.into())
    }

    fn next_heartbeat(
        &self,
        (state, kept): (&State, &Activated),
        leaves: bool,
    ) -> Result<HeartbeatRequest, ConfigurationError> {
        let (proof, id) = kept.peek().ok_or(ConfigurationError::StateDamaged)?;
        let Shown { head, entries } = self.shown_chain(state, kept)?;
        Ok(HeartbeatRequest {
            tenant: self.trust.tenant,
            app: self.trust.app,
            license: proof.license,
            device_key: state.device_key.public(),
            proof: id,
            generation: proof.generation,
            fingerprint: self.fingerprint.clone(),
            instance: kept.pulse.instance,
            seq: kept.pulse.seq + 1,
            nonce: kept.pulse.nonce,
            client_time: self.clock.now(),
            leaves,
            head,
            entries,
        })
    }

    /// Sends it; and once more with what the server wants to see, if it says so under signature.
    fn ask_heartbeat(
        &self,
        found: Found,
        sent: &Sent,
        says: Says,
        fetched: &Fetched,
    ) -> Result<Heard, Refusal> {
        let held = self.held_of_activation(&found.state);
        let (holds, server) = (says.holds(&held), self.server()?);
        let ask = |state| {
            let question = HeartbeatSent { request: &sent.bytes, holds: &holds, state };
            exchange::beat(&*self.transport, server, &question, fetched.deadline)
        };
        let judge = |sent: &Sent, state: &State, answer: &Answer, has_shown| {
            self.judge(state, (&Operation::Heartbeat, &held), answer, fetched, |question, has| {
                self.judge_heartbeat(question, (sent, state, has_shown), answer, has)
            })
        };
        let (mut answer, mut has_shown) = (ask(None)?, false);
        let kept = found.state.activated.clone();
        if let Some(kept) = kept
            && matches!(judge(sent, &found.state, &answer, false)?.verdict, Ok(Heard::StateWanted))
        {
            let last = kept.last.as_ref().map(|last| last.bytes.as_slice());
            (answer, has_shown) = (ask(Some((last, &kept.proof)))?, true);
        }
        let sent = &sent.answered(self.clock.running());
        let concluded = self.remember(found, |state| judge(sent, state, &answer, has_shown))?;
        match (concluded.verdict?, concluded.not_kept) {
            (Heard::Beat(mut told), None) => {
                told.beat.chain_error = self.chain_follows(sent, &told.said).err();
                Ok(Heard::Beat(told))
            }
            (Heard::Beat(mut told), Some(why)) => {
                told.beat.not_remembered = Some(why.to_string());
                Ok(Heard::Beat(told))
            }
            // It would be repeated for ever.
            (Heard::Again | Heard::StateWanted, Some(why)) => Err(why.into()),
            (heard, None) => Ok(heard),
        }
    }

    /// Once the answer is kept, entries that it acknowledges may go.
    fn chain_follows(&self, sent: &Sent, said: &HeartbeatAnswer) -> Result<(), ChainError> {
        let kept = self.kept().map_err(|error| ChainError::Store(error.to_string()))?;
        let Some(Found { state, .. }) = kept else { return Ok(()) };
        let is_same = |kept: &&Activated| {
            kept.peek().is_some_and(|(proof, _)| {
                (proof.license, proof.generation) == (sent.request.license, sent.request.generation)
            })
        };
        let Some(kept) = state.activated.as_ref().filter(is_same) else { return Ok(()) };
        self.heard_of_chain((&state, kept), &sent.request, said)
    }

    fn judge_heartbeat(
        &self,
        question: &Question<'_>,
        (sent, state, has_shown): (&Sent, &State, bool),
        answer: &Answer,
        has: Statements,
    ) -> Result<Judged<Heard>, Refusal> {
        let Server { chain, certificate } = question.server(answer, &has)?;
        let expected = SentHeartbeat::new(&sent.request, sent.id);
        let verified = verify_heartbeat_answer(&certificate, &answer.said, &expected).map_err(of_decision)?;
        let said = verified.get();
        let mut floors = question.floors(said.issued_at, &chain, certificate.get());
        if !sent.is_new {
            // spec/activation.md §6.4: somebody may have kept the answer back since.
            floors = floors.of_old_answer(state.floors_kept());
        }
        let without = |has| question.without_license(&chain, floors, answer, has);
        let Some(kept) = &state.activated else {
            let verdict = Err(Denied::not_activated());
            return Ok(Judged { verdict, memory: without(has), effect: Effect::None });
        };
        let next = self.after(kept, (said, &answer.said), more_waits(&sent.request, said));
        // Another process may have had the answer before, and gone on.
        let is_due = kept.under_way.as_ref() == Some(&sent.bytes);
        let is_code = |code: &str, known: Code| code == known.as_str();
        let (heard, next, memory) = match &said.outcome {
            BeatOutcome::Refused { code, .. } if is_code(code, Code::StateWanted) && !has_shown => {
                let verdict = Ok(Heard::StateWanted);
                return Ok(Judged { verdict, memory: without(has), effect: Effect::None });
            }
            BeatOutcome::Admitted { .. } if is_due => {
                match self.take_over(&chain, (state, &next), (answer, &has), said)? {
                    Some((license, next)) => {
                        let licenses = newest(&chain, &license, question.licenses)?;
                        let accepted = chain.accepted().clone();
                        let statements = Statements { license: Some(next.license.clone()), ..has };
                        let memory = Memory { accepted, floors, licenses, statements };
                        let mut beat = self.beat_of((sent, said), &next, next.license != kept.license);
                        // spec/revocation.md §5.3: a listed proof admits nobody.
                        let proof = Slot::of_proof(&next.proof);
                        if !(question.listed)(&chain, Slot::of_license(&license), proof).is_empty() {
                            beat.said = BeatSaid::Revoked;
                        }
                        (told(beat, said), next, memory)
                    }
                    None => (Heard::Again, next, without(has)),
                }
            }
            _ => {
                let kept = if is_due { &next } else { kept };
                let beat = self.beat_of((sent, said), kept, false);
                (told(beat, said), next, without(has))
            }
        };
        let effect = if is_due { Effect::Beaten(Box::new(next)) } else { Effect::None };
        Ok(Judged { verdict: Ok(heard), memory, effect })
    }

    /// What is kept after an answer, but for the license and the proof that it names. Only with those it admits the device.
    fn after(
        &self,
        kept: &Activated,
        (said, bytes): (&HeartbeatAnswer, &[u8]),
        more_waits: bool,
    ) -> Activated {
        let kept = Activated { under_way: None, ..kept.clone() };
        let Some(NextBeat { instance, nonce, not_before }) = said.next().copied() else { return kept };
        let ending = match &said.outcome {
            BeatOutcome::Ended { code, grace_until, .. } => {
                Some(ending(code, *grace_until).after(kept.ending.as_ref()))
            }
            _ => kept.ending.clone(),
        };
        let wait = rhythm(&kept.license).wait(said.issued_at, not_before, more_waits);
        Activated {
            pulse: Pulse { instance: Some(instance), seq: said.seq, nonce },
            ending,
            last: Some(Answered { bytes: bytes.to_vec(), received_at: self.clock.now(), wait }),
            ..kept
        }
    }

    /// The license and the proof that an answer names, verified; `None` where they did not come and are not held. Whoever keeps them
    /// back moves no deadline.
    fn take_over(
        &self,
        chain: &TenantTrust,
        (state, kept): (&State, &Activated),
        (answer, has): (&Answer, &Statements),
        said: &HeartbeatAnswer,
    ) -> Result<Option<(Verified<License>, Activated)>, Refusal> {
        let BeatOutcome::Admitted { license_statement, current_proof, lease_until, .. } = &said.outcome
        else {
            return Ok(None);
        };
        let named = |bytes: &&Vec<u8>, id: StatementId| statements::id(bytes) == Some(id);
        let license =
            has.license.iter().chain([&kept.license]).find(|bytes| named(bytes, *license_statement));
        let proof = answer.proof.iter().chain([&kept.proof]).find(|bytes| named(bytes, *current_proof));
        let (Some(license), Some(proof)) = (license, proof) else { return Ok(None) };
        // spec/revocation.md §5.4: what is held was accepted before.
        let accepted = chain.for_accepted();
        let under = |is_held: bool| if is_held { &accepted } else { chain };
        let by = under(*license == kept.license);
        let verified = verify_license(by, license, Some(self.trust.app), Policies::Known);
        let verified = verified.map_err(|why| {
            let is_held = *license == kept.license && why.code() == Code::SignatureInvalid;
            held_or_final(is_held, SecurityError::Statement { what: "license", why })
        })?;
        let next = Activated {
            license: license.clone(),
            proof: proof.clone(),
            admitted: Some(AdmittedBy {
                answer: answer.said.clone(),
                certificate: has.certificate.clone().expect("it was verified"),
                origin: self.server()?.origin.as_str().to_owned(),
            }),
            lease_until: *lease_until,
            ending: None,
            ..kept.clone()
        };
        // spec/activation.md §3.4: a newer proof is of the same generation.
        let generation = |of: &Activated| of.peek().map(|(proof, _)| (proof.activation, proof.generation));
        if generation(kept) != generation(&next) {
            return Err(of_proof(TrustError::ProofMismatch("generation")).into());
        }
        self.admitted(under(*proof == kept.proof), &verified, (state, &next), None)?;
        Ok(Some((verified, next)))
    }

    fn beat_of(
        &self,
        (sent, said): (&Sent, &HeartbeatAnswer),
        kept: &Activated,
        license_changed: bool,
    ) -> Beat {
        let rhythm = rhythm(&kept.license);
        let last_wait = kept.last.as_ref().map_or(rhythm.interval, |last| last.wait);
        let (says, wait) = match &said.outcome {
            BeatOutcome::Admitted { .. } => (BeatSaid::Admitted, last_wait),
            BeatOutcome::Ended { code, grace_until, .. } => {
                let ending = ending(code, *grace_until).after(kept.ending.as_ref());
                (BeatSaid::Ended { code: ending.code, grace_until: ending.grace_until }, last_wait)
            }
            BeatOutcome::Refused { code, retry_after } => {
                let retry_after = retry_after.map(Duration::from_secs).map(wait::bounded);
                let wait = retry_after.map_or(rhythm.interval, |after| after.as_secs());
                (BeatSaid::Refused { code: code.clone(), retry_after }, wait)
            }
        };
        let admitted_at = kept.peek_admitted_at().unwrap_or(said.issued_at);
        Beat {
            said: says,
            server_time: said.issued_at,
            asked_now: sent.is_new,
            came_at: sent.answered_at,
            rights_until: rhythm.deadline(admitted_at, kept.ending.as_ref()),
            lease_until: kept.lease_until,
            next_due: self.clock.now().plus(wait),
            license_changed,
            chain_error: None,
            not_remembered: None,
        }
    }

    /// That of the activation, which decides when to ask, and no right.
    pub(crate) fn rhythm(&self) -> Rhythm {
        let kept = self.kept().ok().flatten().and_then(|found| found.state.activated);
        rhythm(&kept.map(|kept| kept.license).unwrap_or_default())
    }
}

fn told(beat: Beat, said: &HeartbeatAnswer) -> Heard {
    Heard::Beat(Box::new(Told { beat, said: said.clone() }))
}

fn ending(code: &str, grace_until: UnixSeconds) -> Ending {
    Ending { code: code.to_owned(), grace_until }
}

/// What the license that is kept says, which was verified when it was. It decides when to ask, and no right.
fn rhythm(license: &[u8]) -> Rhythm {
    let said = Unverified::<License>::decode(license).and_then(|claim| claim.danger_peek());
    Rhythm::of(&said.map(|license| license.conditions).unwrap_or_default())
}

/// The request that is under way, as it was made here.
fn read(bytes: &[u8]) -> Option<Sent> {
    let request = Unverified::<HeartbeatRequest>::decode(bytes).ok()?.danger_peek().ok()?;
    Some(Sent {
        request,
        bytes: bytes.to_vec(),
        id: statements::id(bytes)?,
        made_at: None,
        is_new: false,
        answered_at: Duration::ZERO,
    })
}
