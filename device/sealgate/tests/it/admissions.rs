//! What a server knows of activated devices, and answers to them (`spec/activation.md`). It decides by the rules that the real one
//! uses.

use std::collections::HashMap;

use sealgate_artifact::{
    ActivationId, ActivationProof, ActivationRequest, BeatOutcome, ChainEntry, ChainHead, Code,
    HeartbeatAnswer, HeartbeatRequest, InstanceId, KeyState, Module, NextBeat, Nonce, Operation, Outcome,
    PublicKey, StatementId, encode_hex,
};
use sealgate_journal::{ChainActivation, ChainKey, Extension, extend, seal_chain_secret};
use sealgate_rules::{Beat, Heard, HeldActivation, HeldBeat, hear};
use sealgate_trust::{
    SentRequest, Verified, verify_activation_request, verify_device_request, verify_heartbeat_request,
    verify_own_answer, verify_own_proof,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::authority::{Authority, Seed, at, id_of, public_key, signed};

/// The members of an answer.
type Members = Vec<(&'static str, Vec<u8>)>;

/// Of any chain.
const SECRET: [u8; 32] = [71; 32];

/// By device.
#[derive(Default)]
pub(crate) struct Admissions {
    pub(crate) known: HashMap<PublicKey, Admission>,
    /// Which modules are approved; `None`: any.
    pub(crate) approved: Option<Vec<Module>>,
    /// Refuses lists of a chain for their form.
    pub(crate) refuse_lists: bool,
    /// What new proofs have.
    pub(crate) slot: Option<u64>,
    /// Makes nonces and identifiers.
    count: u64,
}

#[derive(Clone)]
pub(crate) struct Admission {
    pub(crate) proof: ActivationProof,
    pub(crate) instances: Vec<Instance>,
    /// Why it ended, and until when it has grace.
    pub(crate) ended: Option<(&'static str, u64)>,
    pub(crate) left: bool,
    /// The last entry of the chain that was taken.
    pub(crate) head: ChainHead,
}

#[derive(Clone)]
pub(crate) struct Instance {
    id: InstanceId,
    held: HeldBeat,
    answer: Vec<u8>,
}

#[derive(Deserialize)]
struct Question {
    request: Box<RawValue>,
    holds: Vec<String>,
    last: Option<Box<RawValue>>,
    proof: Option<Box<RawValue>>,
}

impl Admissions {
    /// The one device that is known.
    pub(crate) fn only(&mut self) -> &mut Admission {
        assert_eq!(self.known.len(), 1, "one device");
        self.known.values_mut().next().expect("one device")
    }

    pub(crate) fn answer(
        &mut self,
        authority: &Authority,
        (path, body): (&str, &[u8]),
        given: Option<Outcome>,
        time: u64,
    ) -> Option<Members> {
        let question: Question = serde_json::from_slice(body).ok()?;
        let request = question.request.get().as_bytes();
        match path {
            "/api/v1/activate" => {
                let request = verify_activation_request(request).ok()?;
                Some(self.activate(authority, &request, given, (&question, time)))
            }
            "/api/v1/deactivate" => {
                let request = verify_device_request(request).ok()?;
                assert_eq!(request.get().operation, Operation::Deactivate);
                let is_yes = !matches!(given, Some(Outcome::Denied { .. }));
                if is_yes {
                    self.known.remove(&request.get().device_key);
                }
                let outcome = given.unwrap_or_else(|| authority.allowance());
                let asked = SentRequest::new(request.get(), request.id());
                Some(with_bundle(
                    authority,
                    ("decision", authority.decision(&asked, outcome, time)),
                    &question.holds,
                ))
            }
            _ => {
                let request = verify_heartbeat_request(request).ok()?;
                Some(self.heartbeat(authority, &request, &question, time))
            }
        }
    }

    fn activate(
        &mut self,
        authority: &Authority,
        request: &Verified<ActivationRequest>,
        given: Option<Outcome>,
        (question, time): (&Question, u64),
    ) -> Members {
        let said = request.get();
        let unapproved: Vec<_> = self
            .approved
            .iter()
            .flat_map(|approved| said.modules.iter().filter(|module| !approved.contains(module)))
            .collect();
        let license = authority.license.license;
        let refused = (!unapproved.is_empty()).then(|| Outcome::Denied {
            license: Some(license),
            code: "unapproved_module".to_owned(),
            retry_after: None,
        });
        let outcome = given.or(refused).unwrap_or_else(|| authority.allowance());
        let is_allowed = matches!(outcome, Outcome::Allowed { .. });
        let asked = SentRequest::new(&said.asks, request.id());
        let decision = authority.decision(&asked, outcome, time);
        let views: Vec<_> = unapproved
            .iter()
            .map(|module| {
                let sha256 = encode_hex(&module.sha256);
                serde_json::json!({ "name": module.name, "sha256": sha256 })
            })
            .collect();
        let views = serde_json::to_vec(&views).expect("JSON");
        let mut members = with_bundle(authority, ("decision", decision), &question.holds);
        if !unapproved.is_empty() {
            members.push(("unapproved", views));
        }
        if is_allowed {
            let proof = self.admit(authority, request, time);
            members.extend(unless_held(&question.holds, [("license", authority.license())]));
            members.push(("proof", sign_proof(authority, &proof)));
        }
        members
    }

    fn admit(
        &mut self,
        authority: &Authority,
        request: &Verified<ActivationRequest>,
        time: u64,
    ) -> ActivationProof {
        let (said, id) = (request.get(), request.id());
        let device_key = said.asks.device_key;
        let known = self.known.get(&device_key).map(|known| known.proof.clone());
        if let Some(known) = known.clone().filter(|known| known.request == id) {
            return known;
        }
        let activation = known.as_ref().map_or(ActivationId::from_bytes([70; 16]), |known| known.activation);
        let sealed = seal_chain_secret(&SECRET, said.sealing_key, (activation, id), [72; 32]);
        let proof = ActivationProof {
            tenant: authority.tenant,
            app: said.asks.app,
            license: authority.license.license,
            license_statement: id_of(&authority.license()),
            activation,
            generation: known.map_or(1, |known| known.generation + 1),
            device_key,
            fingerprint: said.asks.fingerprint.clone(),
            request: id,
            sealing_key: said.sealing_key,
            sealed_secret: sealed.expect("a sound key"),
            nonce: self.nonce(),
            issued_at: at(time),
            modules: said.modules.clone(),
            slot: self.slot,
        };
        let admission = Admission {
            proof: proof.clone(),
            instances: vec![],
            ended: None,
            left: false,
            head: ChainHead::EMPTY,
        };
        self.known.insert(device_key, admission);
        proof
    }

    fn heartbeat(
        &mut self,
        authority: &Authority,
        request: &Verified<HeartbeatRequest>,
        question: &Question,
        time: u64,
    ) -> Members {
        self.adopt(authority, request.get(), question);
        let said = request.get();
        let statement = id_of(&authority.license());
        if let Some(known) = self.known.get_mut(&said.device_key) {
            known.proof.license_statement = statement;
        }
        let (answer, is_admitted) = match self.hear(request) {
            Heard::Repeat => {
                let known = &self.known[&said.device_key];
                let answered = known.instances.iter().find(|i| i.held.request == request.id());
                (answered.expect("it was heard").answer.clone(), known.ended.is_none())
            }
            Heard::Refused(code) => {
                let refused = BeatOutcome::Refused { code: code.to_string(), retry_after: None };
                (sign_answer(authority, request, (refused, None), time), false)
            }
            Heard::Begins | Heard::Counts if self.refuse_lists && !said.entries.is_empty() => {
                let refused = BeatOutcome::Refused { code: "field_invalid".to_owned(), retry_after: None };
                (sign_answer(authority, request, (refused, None), time), false)
            }
            Heard::Begins | Heard::Counts => self.count(authority, request, time),
        };
        let mut members = with_bundle(authority, ("answer", answer), &question.holds);
        if is_admitted {
            members.extend(unless_held(&question.holds, [("license", authority.license())]));
            let proof = sign_proof(authority, &self.known[&said.device_key].proof);
            if id_of(&proof) != said.proof {
                members.push(("proof", proof));
            }
        }
        members
    }

    fn hear(&self, request: &Verified<HeartbeatRequest>) -> Heard {
        let said = request.get();
        // spec/activation.md §7.6: whoever holds a proof shows it.
        let Some(known) = self.known.get(&said.device_key) else { return Heard::Refused(Code::StateWanted) };
        let held = HeldActivation {
            generation: known.proof.generation,
            first_nonce: known.proof.nonce,
            has_room: known.instances.is_empty(),
        };
        let instance = known.instances.iter().find(|instance| match said.instance {
            Some(id) => instance.id == id,
            None => instance.held.request == request.id(),
        });
        let beat = Beat {
            generation: said.generation,
            instance: said.instance,
            seq: said.seq,
            nonce: said.nonce,
            request: request.id(),
        };
        hear(&held, instance.map(|instance| &instance.held), &beat)
    }

    fn count(
        &mut self,
        authority: &Authority,
        request: &Verified<HeartbeatRequest>,
        time: u64,
    ) -> (Vec<u8>, bool) {
        let said = request.get();
        let nonce = self.nonce();
        let fresh = InstanceId::from_bytes(numbered(80 + self.count));
        let next = NextBeat { instance: said.instance.unwrap_or(fresh), nonce, not_before: at(time + 60) };
        let known = self.known.get_mut(&said.device_key).expect("it was heard");
        let outcome = match known.ended {
            Some((code, until)) => BeatOutcome::Ended { code: code.to_owned(), next, grace_until: at(until) },
            None => BeatOutcome::Admitted {
                license_statement: known.proof.license_statement,
                current_proof: id_of(&sign_proof(authority, &known.proof)),
                next,
                lease_until: None,
            },
        };
        known.follow(said);
        let head = said.head.map(|_| known.head);
        let answer = sign_answer(authority, request, (outcome, head), time);
        let counted = HeldBeat { seq: said.seq, next: nonce, request: request.id() };
        known.left = said.leaves;
        known.instances.retain(|instance| instance.id != next.instance);
        known.instances.push(Instance { id: next.instance, held: counted, answer: answer.clone() });
        (answer, known.ended.is_none())
    }

    /// Whoever forgot takes over what the device shows.
    fn adopt(&mut self, authority: &Authority, said: &HeartbeatRequest, question: &Question) {
        let Some(proof) = &question.proof else { return };
        let proof = verify_own_proof(proof.get().as_bytes(), vec![public_key(activator(authority))]);
        let proof = proof.expect("genuine").get().clone();
        assert_eq!(proof.generation, said.generation);
        let instances = question.last.iter().map(|last| {
            let bytes = last.get().as_bytes();
            let last = verify_own_answer(bytes, vec![public_key(authority.server)]).expect("genuine");
            let NextBeat { instance, nonce, .. } = *last.get().next().expect("it counted");
            let held = HeldBeat { seq: last.get().seq, next: nonce, request: last.get().request };
            Instance { id: instance, held, answer: bytes.to_vec() }
        });
        let instances = instances.collect();
        self.known.insert(
            said.device_key,
            Admission { proof, instances, ended: None, left: false, head: ChainHead::EMPTY },
        );
    }

    fn nonce(&mut self) -> Nonce {
        self.count += 1;
        Nonce::from_random(numbered(self.count))
    }
}

impl Admission {
    /// As the real server follows a chain.
    fn follow(&mut self, said: &HeartbeatRequest) {
        let Some(claimed) = said.head else { return };
        let entries = match &said.entries[..] {
            [] => vec![],
            bytes => ChainEntry::decode_list(bytes).expect("a list"),
        };
        let proof = &self.proof;
        let (activation, request, generation) = (proof.activation, proof.request, proof.generation);
        let key = ChainKey::derive(&SECRET, &ChainActivation { activation, request, generation });
        match extend(&key, &self.head, &claimed, &entries) {
            Extension::Extended { head, .. } => self.head = head,
            Extension::Behind { .. } => {}
            Extension::Fault(fault) => panic!("{}", fault.as_str()),
        }
    }
}

pub(crate) fn sign_proof(authority: &Authority, proof: &ActivationProof) -> Vec<u8> {
    signed(proof, &[activator(authority)])
}

fn activator(authority: &Authority) -> Seed {
    let active = authority.activators.iter().find(|(_, state)| *state == KeyState::Active);
    active.expect("one signs proofs").0
}

pub(crate) fn sign_answer(
    authority: &Authority,
    request: &Verified<HeartbeatRequest>,
    (outcome, head): (BeatOutcome, Option<ChainHead>),
    time: u64,
) -> Vec<u8> {
    let said = request.get();
    let answer = HeartbeatAnswer {
        tenant: said.tenant,
        app: said.app,
        license: said.license,
        device_key: said.device_key,
        proof: said.proof,
        request: request.id(),
        seq: said.seq,
        nonce: said.nonce,
        issued_at: at(time),
        outcome,
        head,
        resend_from: None,
        snapshot: None,
        epoch: 0,
    };
    signed(&answer, &[authority.server])
}

fn with_bundle(authority: &Authority, said: (&'static str, Vec<u8>), holds: &[String]) -> Members {
    let bundle = [
        ("certificate", authority.certificate()),
        ("keyset", authority.keyset()),
        ("tenant_keyset", authority.tenant_keyset()),
    ];
    [said].into_iter().chain(unless_held(holds, bundle)).collect()
}

fn unless_held<const N: usize>(holds: &[String], members: [(&'static str, Vec<u8>); N]) -> Members {
    let lacks = |(_, bytes): &(&str, Vec<u8>)| !holds.contains(&id_of(bytes).to_string());
    members.into_iter().filter(lacks).collect()
}

/// The statement's name, for whoever looks at what was sent.
pub(crate) fn sent_id(body: &[u8]) -> StatementId {
    let question: Question = serde_json::from_slice(body).expect("JSON");
    id_of(question.request.get().as_bytes())
}

/// Another one for each number: a long test has more than a byte counts.
fn numbered(n: u64) -> [u8; 16] {
    u128::from(n).to_be_bytes()
}
