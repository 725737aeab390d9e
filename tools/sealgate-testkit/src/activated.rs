//! An activated device, as bare as can be: it is admitted, sends heartbeats, and judges what comes back by the core's
//! functions.

use sealgate_artifact::{
    ActivationProof, ActivationRequest, BeatOutcome, ChainEntry, ChainHead, ChainRecord, HeartbeatAnswer,
    HeartbeatRequest, InstanceId, Module, Nonce, Operation, Outcome, StatementId, UnixSeconds, Unverified,
    Word,
};
use sealgate_journal::{ChainActivation, ChainKey, SealingSecret};
use sealgate_trust::{
    Admitted, Policies, SentHeartbeat, SentRequest, Verified, verify_decision, verify_heartbeat_answer,
    verify_license, verify_proof,
};
use sealgate_wire::{HeartbeatQuestion, HeartbeatReply, OnlineAnswer, OnlineQuestion};
use serde_json::value::RawValue;

use crate::{Build, TestApp, TestDevice};

/// What an attempt to be admitted came to.
pub enum Admission {
    /// The device was admitted.
    Admitted(Box<TestActivation>),
    /// It was not, for this reason; and what came with the no.
    Denied(String, Box<OnlineAnswer>),
}

/// What a heartbeat came to.
pub struct Beaten {
    /// The verified answer.
    pub answer: HeartbeatAnswer,
    /// All that came.
    pub reply: HeartbeatReply,
}

/// The state of an activated device. A clone of it is a copy of a state folder.
#[derive(Clone)]
pub struct TestActivation {
    /// The proof, with its attachments.
    pub proof: Box<RawValue>,
    /// What it says.
    pub said: ActivationProof,
    /// Its name.
    pub id: StatementId,
    /// What the device says of the machine.
    pub fingerprint: Option<Word>,
    /// Which copy of the program it is.
    pub instance: Option<InstanceId>,
    /// How many heartbeats it sent.
    pub seq: u64,
    /// The nonce of the next one.
    pub nonce: Nonce,
    /// The last answer that counted.
    pub last: Option<Box<RawValue>>,
    /// The key of its chain.
    pub chain: ChainKey,
    /// The head of its chain.
    pub head: Option<ChainHead>,
}

impl Beaten {
    /// The code of a no, and `admitted` otherwise.
    pub fn code(&self) -> &str {
        match &self.answer.outcome {
            BeatOutcome::Admitted { .. } => "admitted",
            BeatOutcome::Ended { code, .. } | BeatOutcome::Refused { code, .. } => code,
        }
    }

    /// From when on the tier is `free`, where the answer says so.
    pub fn grace_until(&self) -> Option<u64> {
        match &self.answer.outcome {
            BeatOutcome::Ended { grace_until, .. } => Some(grace_until.get()),
            _ => None,
        }
    }
}

impl TestDevice {
    /// A signed wish to be admitted. `sealing` are the random bits of the device's other key.
    pub fn wish(
        &self,
        build: &Build,
        license: &str,
        (n, sealing): (u32, &SealingSecret),
        (fingerprint, modules): (Option<&str>, &[Module]),
    ) -> OnlineQuestion {
        let mut asks = self.request(build, license, n);
        asks.operation = Operation::Activate;
        asks.fingerprint = fingerprint.map(|text| Word::parse(text).expect("a word"));
        let request = ActivationRequest { asks, sealing_key: sealing.public(), modules: modules.to_vec() };
        OnlineQuestion { request: self.sign_any(&request), holds: vec![] }
    }

    /// The key that secrets are sealed to: the same for one device.
    pub fn sealing(&self) -> SealingSecret {
        SealingSecret::from_seed(self.key.as_bytes())
    }

    /// Is admitted, or denied.
    pub fn activate(&self, app: &TestApp, build: &Build, license: &str, n: u32) -> Admission {
        let sealing = self.sealing();
        let question = self.wish(build, license, (n, &sealing), (None, &[]));
        self.admitted(app, build, &question)
    }

    /// Asks this question, and believes the answer.
    pub fn admitted(&self, app: &TestApp, build: &Build, question: &OnlineQuestion) -> Admission {
        let answer = app.ask_operation("activate", question);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
        let answer: OnlineAnswer = serde_json::from_slice(&answer.bytes).expect("an answer");
        self.believe(build, question, answer, app.clock.seconds())
    }

    /// What follows from an answer that is to be believed.
    pub fn believe(
        &self,
        build: &Build,
        question: &OnlineQuestion,
        answer: OnlineAnswer,
        now: u64,
    ) -> Admission {
        let request =
            Unverified::<ActivationRequest>::decode(question.request.get().as_bytes()).expect("decodes");
        let (id, request) = (request.envelope().id(), request.danger_peek().expect("parses"));
        let trust = build
            .trust_of((answer.keyset.as_deref(), answer.tenant_keyset.as_deref()), now)
            .expect("a chain");
        let certificate = build
            .certified(&trust, answer.certificate.as_deref(), &Operation::Activate, now)
            .expect("a certificate");
        let sent = SentRequest::new(&request.asks, id);
        let decision =
            verify_decision(&certificate, answer.decision.get().as_bytes(), &sent).expect("a decision");
        let (Outcome::Allowed { .. }, Some(proof)) = (&decision.get().outcome, &answer.proof) else {
            let Outcome::Denied { code, .. } = &decision.get().outcome else {
                panic!("a yes without a proof")
            };
            assert!(answer.proof.is_none(), "a proof with a no");
            return Admission::Denied(code.clone(), Box::new(answer));
        };
        let license = answer.license.as_deref().expect("the license").get().as_bytes();
        let license = verify_license(&trust, license, Some(build.app()), Policies::Known).expect("a license");
        let expected =
            Admitted { app: build.app(), license: &license, device_key: self.key, request: Some(id) };
        let verified = verify_proof(&trust, proof.get().as_bytes(), &expected);
        let verified = verified.unwrap_or_else(|first| {
            // The proof of a request that is repeated may be one that was renewed since.
            panic!("the proof: {first}")
        });
        Admission::Admitted(Box::new(TestActivation::new(&verified, proof.clone(), &self.sealing())))
    }
}

impl Admission {
    /// What the device has now; a panic where it was denied.
    pub fn expect_admitted(self) -> TestActivation {
        match self {
            Self::Admitted(activation) => *activation,
            Self::Denied(code, _) => panic!("denied: {code}"),
        }
    }

    /// Why the device was not admitted; a panic where it was.
    pub fn expect_denied(self) -> String {
        match self {
            Self::Admitted(_) => panic!("admitted"),
            Self::Denied(code, _) => code,
        }
    }
}

impl TestActivation {
    fn new(proof: &Verified<ActivationProof>, carrier: Box<RawValue>, sealing: &SealingSecret) -> Self {
        let said = proof.get().clone();
        let secret =
            sealing.open(&said.sealed_secret, (said.activation, said.request)).expect("sealed to it");
        let chain = ChainActivation {
            activation: said.activation,
            request: said.request,
            generation: said.generation,
        };
        Self {
            proof: carrier,
            id: proof.id(),
            fingerprint: said.fingerprint.clone(),
            instance: None,
            seq: 0,
            nonce: said.nonce,
            last: None,
            chain: ChainKey::derive(&secret, &chain),
            head: None,
            said,
        }
    }

    /// The next heartbeat, with these entries of its chain.
    pub fn next(&self, now: u64, entries: &[ChainEntry]) -> HeartbeatRequest {
        HeartbeatRequest {
            tenant: self.said.tenant,
            app: self.said.app,
            license: self.said.license,
            device_key: self.said.device_key,
            proof: self.id,
            generation: self.said.generation,
            fingerprint: self.fingerprint.clone(),
            instance: self.instance,
            seq: self.seq + 1,
            nonce: self.nonce,
            client_time: UnixSeconds::new(now).expect("in range"),
            leaves: false,
            head: self.head,
            entries: if entries.is_empty() { vec![] } else { ChainEntry::encode_list(entries) },
        }
    }

    /// Adds entries to the chain.
    pub fn record(&mut self, records: impl IntoIterator<Item = ChainRecord>) -> Vec<ChainEntry> {
        let mut head = self.head.unwrap_or(ChainHead::EMPTY);
        let step = |record| {
            let entry = self.chain.append(&head, record);
            head = entry.head();
            entry
        };
        let entries = records.into_iter().map(step).collect();
        self.head = Some(head);
        entries
    }

    /// Sends the next heartbeat and goes on from the answer.
    pub fn beat(&mut self, app: &TestApp, build: &Build, device: &TestDevice) -> Beaten {
        let request = self.next(app.clock.seconds(), &[]);
        self.send(app, build, &self.question(device, &request))
    }

    /// This heartbeat as it is sent.
    pub fn question(&self, device: &TestDevice, request: &HeartbeatRequest) -> HeartbeatQuestion {
        HeartbeatQuestion { request: device.sign_any(request), holds: vec![], last: None, proof: None }
    }

    /// The same with all that the device holds, for a server that forgot it.
    pub fn showing(&self, question: &HeartbeatQuestion) -> HeartbeatQuestion {
        HeartbeatQuestion { last: self.last.clone(), proof: Some(self.proof.clone()), ..question.clone() }
    }

    /// Sends this question and goes on from the answer.
    pub fn send(&mut self, app: &TestApp, build: &Build, question: &HeartbeatQuestion) -> Beaten {
        let answer = app.ask_heartbeat(question);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
        let reply: HeartbeatReply = serde_json::from_slice(&answer.bytes).expect("an answer");
        self.take(build, question, reply, app.clock.seconds())
    }

    /// Believes an answer and goes on from it.
    pub fn take(
        &mut self,
        build: &Build,
        question: &HeartbeatQuestion,
        reply: HeartbeatReply,
        now: u64,
    ) -> Beaten {
        let request =
            Unverified::<HeartbeatRequest>::decode(question.request.get().as_bytes()).expect("decodes");
        let (id, request) = (request.envelope().id(), request.danger_peek().expect("parses"));
        let trust =
            build.trust_of((reply.keyset.as_deref(), reply.tenant_keyset.as_deref()), now).expect("a chain");
        let certificate = build
            .certified(&trust, reply.certificate.as_deref(), &Operation::Heartbeat, now)
            .expect("a certificate");
        let sent = SentHeartbeat::new(&request, id);
        let answer =
            verify_heartbeat_answer(&certificate, reply.answer.get().as_bytes(), &sent).expect("an answer");
        let answer = answer.get().clone();
        if let Some(next) = answer.next() {
            (self.instance, self.seq, self.nonce) = (Some(next.instance), answer.seq, next.nonce);
            self.last = Some(reply.answer.clone());
        }
        if let (BeatOutcome::Admitted { current_proof, .. }, Some(proof)) = (&answer.outcome, &reply.proof)
            && *current_proof != self.id
        {
            let license = reply.license.as_deref().expect("the newer license").get().as_bytes();
            let license =
                verify_license(&trust, license, Some(build.app()), Policies::Known).expect("a license");
            let expected = Admitted {
                app: build.app(),
                license: &license,
                device_key: self.said.device_key,
                request: None,
            };
            let newer = verify_proof(&trust, proof.get().as_bytes(), &expected).expect("a newer proof");
            assert_eq!(newer.id(), *current_proof);
            (self.id, self.said, self.proof) = (newer.id(), newer.get().clone(), proof.clone());
        }
        Beaten { answer, reply }
    }
}
