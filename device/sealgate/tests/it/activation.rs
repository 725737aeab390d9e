//! A device is admitted, keeps its proof, and gives it back (`spec/activation.md` §3 to §5).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealgate::{
    Activation, Client, Denied, DeniedBy, Error, HttpAnswer, MemoryStore, Module, Store, Unanswered,
};
use sealgate_artifact::{
    Conditions, Heartbeat, KeyState, LicenseId, Policy, SealingKey, StatementId, encode_hex,
};

use crate::admissions::{sent_id, sign_proof};
use crate::authority::{DAY, NOW, at, key};
use crate::site::{Device, ORIGIN, Site, TestClock, ok};

/// A site that activates devices.
pub(crate) fn site() -> Arc<Site> {
    let site = Site::honest();
    let operations = ["validate", "activate", "deactivate", "heartbeat"];
    site.authority().certificate.operations = operations.map(str::to_owned).to_vec();
    site.authority().activators.push((60, KeyState::Active));
    site
}

pub(crate) fn activate(device: &Device) -> Result<Activation, Error> {
    device.client.activate(&key())
}

/// What is the same of two activations.
pub(crate) fn face(activation: &Activation) -> (String, u64, String) {
    let key = activation.chain_key().append(
        &sealgate::ChainHead::EMPTY,
        sealgate::ChainRecord {
            at: at(1),
            tenant: sealgate::ChainWord::host(),
            action: sealgate::ChainWord::parse("x").expect("a word"),
            hash: [1; 32],
        },
    );
    (activation.id().to_string(), activation.generation(), encode_hex(&key.mac))
}

pub(crate) fn drop_answers(site: &Arc<Site>) {
    site.between(|_| Err(Unanswered("dropped".to_owned())));
}

/// The statement ids of all requests, in their order.
pub(crate) fn sent_ids(site: &Site) -> Vec<StatementId> {
    let record = site.record.lock().expect("nobody panicked with it");
    record.iter().map(|(body, _)| sent_id(body)).collect()
}

fn module(name: &str) -> Module {
    Module { name: name.to_owned(), sha256: [5; 32], version: Some("1.0".to_owned()), signer: None }
}

#[test]
fn an_activation_survives_a_restart_and_is_verified_anew() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    assert!(device.client.activation().expect("readable").is_none());
    let activation = activate(&device).expect("admitted");
    assert_eq!((activation.generation(), activation.license()), (1, site.authority().license.license));
    assert_eq!((activation.issued_at(), activation.rights_until()), (at(NOW), at(NOW + DAY)));
    let kept = device.restarted(site.trust()).client.activation().expect("it verifies").expect("kept");
    assert_eq!(face(&kept), face(&activation));
    let state = String::from_utf8(device.state().expect("a state")).expect("JSON");
    let sent = site.record.lock().unwrap().pop().expect("asked").0;
    let sent: serde_json::Value = serde_json::from_slice(&sent).expect("JSON");
    let payload = sent["request"]["payload"].as_str().expect("an envelope");
    assert!(!state.contains(payload), "the license's key is not kept");
}

/// `spec/activation.md` §4.5: the device takes no second seat, and its earlier proof does not count any more.
#[test]
fn a_device_is_activated_again_by_the_same_call() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    let first = activate(&device).expect("admitted");
    let second = activate(&device).expect("admitted again");
    assert_eq!((second.id(), second.generation()), (first.id(), 2));
    let kept = device.client.activation().expect("it verifies").expect("kept");
    assert_eq!(face(&kept), face(&second));
}

#[test]
fn a_lost_answer_is_asked_for_with_the_same_bytes_also_after_a_restart() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    drop_answers(&site);
    for _ in 0..2 {
        assert_eq!(activate(&device).expect_err("dropped").code(), "server_unreachable");
    }
    site.nobody_between();
    let activation = activate(&device.restarted(site.trust())).expect("admitted");
    assert_eq!(activation.generation(), 1);
    let sent = sent_ids(&site);
    assert!(sent.len() == 5 && sent.iter().all(|id| *id == sent[0]), "{sent:?}");
}

#[test]
fn another_question_is_not_the_one_that_is_under_way() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    drop_answers(&site);
    activate(&device).expect_err("dropped");
    site.nobody_between();
    device.client.activate_with_modules(&key(), &[module("b"), module("a"), module("b")]).expect("admitted");
    let sent = sent_ids(&site);
    assert!(sent[0] == sent[1] && sent[1] != sent[2]);
    site.deny("device_limit", None);
    let denied = activate(&device).expect_err("denied");
    assert!(matches!(&denied, Error::License(Denied { by: DeniedBy::Server, .. })), "{denied}");
    site.allow();
    activate(&device).expect("admitted");
    let sent = sent_ids(&site);
    assert!(sent[3] != sent[4], "what was answered is not asked again");
}

#[test]
fn modules_that_are_not_approved_are_shown() {
    let site = site();
    site.admissions().approved = Some(vec![module("ours")]);
    let device = Device::new(site.trust(), site.clone());
    let asked = [module("theirs"), module("ours")];
    let error = device.client.activate_with_modules(&key(), &asked).expect_err("not approved");
    let Error::License(denied) = &error else { panic!("{error}") };
    assert_eq!(denied.code, "unapproved_module");
    assert_eq!(denied.unverified_modules().iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["theirs"]);
    let activation = device.client.activate_with_modules(&key(), &[module("ours")]).expect("approved");
    assert_eq!(activation.modules(), [module("ours")]);
    let error = device.client.activate_with_modules(&key(), &[module("a/b")]).expect_err("no file name");
    assert_eq!(error.code(), "config_invalid");
}

/// `spec/license.md` §2.14: an activation gives no rights, so it says nothing about whether a policy can be enforced.
#[test]
fn a_license_with_a_policy_is_activated_and_still_gives_no_rights_here() {
    let site = site();
    let heartbeat = Some(Heartbeat { interval: 60, grace: 120, longest_grace: None });
    let policy = Some(Policy { heartbeat, ..Policy::default() });
    site.authority().license.conditions = Conditions { policy, ..Conditions::default() };
    let device = Device::new(site.trust(), site.clone());
    assert_eq!(activate(&device).expect("admitted").rights_until(), at(NOW + 120));
    assert_eq!(device.validate().expect_err("a policy").code(), "crit_unknown");
    assert!(device.client.activation().expect("it verifies").is_some());
}

/// What whoever sits between, or has another device's proof, can put in the place of the proof.
#[test]
fn a_proof_of_something_else_is_refused() {
    type Change = fn(&mut sealgate_artifact::ActivationProof);
    let changes: [(&str, Change); 7] = [
        ("wrong_tenant", |proof| proof.tenant = sealgate_artifact::TenantId::from_bytes([99; 16])),
        ("wrong_app", |proof| proof.app = sealgate_artifact::AppId::from_bytes([99; 16])),
        ("proof_mismatch", |proof| proof.license = LicenseId::from_bytes([99; 16])),
        ("proof_mismatch", |proof| proof.license_statement = StatementId::from_bytes([99; 32])),
        ("proof_mismatch", |proof| proof.device_key = crate::authority::public_key(99)),
        ("nonce_mismatch", |proof| proof.request = StatementId::from_bytes([99; 32])),
        ("proof_mismatch", |proof| proof.sealing_key = SealingKey::from_bytes([99; 32])),
    ];
    for (code, change) in changes {
        let site = site();
        let device = Device::new(site.trust(), site.clone());
        let thief = site.clone();
        site.between(move |answer| {
            let mut proof = thief.admissions().only().proof.clone();
            change(&mut proof);
            Ok(with_proof(&answer, &sign_proof(&thief.authority(), &proof)))
        });
        let error = activate(&device).expect_err("not this device's proof");
        assert_eq!(error.code(), code, "{error}");
        assert!(device.client.activation().expect("readable").is_none());
        site.nobody_between();
        assert_eq!(activate(&device).expect("the genuine one").generation(), 1);
    }
}

fn with_proof(answer: &HttpAnswer, proof: &[u8]) -> HttpAnswer {
    let mut body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    body["proof"] = serde_json::from_slice(proof).expect("JSON");
    ok(&body.to_string())
}

/// A yes without a proof is no activation, and neither is a proof by a key that signs something else, or a server's that may only
/// validate.
#[test]
fn nothing_less_than_a_proof_activates() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    site.between(|answer| {
        let mut body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        body.as_object_mut().expect("an object").remove("proof");
        Ok(ok(&body.to_string()))
    });
    assert_eq!(activate(&device).expect_err("no proof").code(), "answer_invalid");
    site.nobody_between();
    let signers = std::mem::replace(&mut site.authority().activators, vec![(3, KeyState::Active)]);
    let error = activate(&device).expect_err("the issuer signs no proofs");
    assert!(!matches!(error, Error::License(_) | Error::Transport(_)), "{error}");
    site.authority().activators = signers;
    site.authority().certificate.operations = vec!["validate".to_owned(), "heartbeat".to_owned()];
    assert_eq!(activate(&device).expect_err("not covered").code(), "server_scope");
    assert!(device.client.activation().expect("readable").is_none());
}

#[test]
fn a_revoked_activation_key_ends_what_is_kept() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    activate(&device).expect("admitted");
    let mut authority = site.authority();
    authority.activators = vec![(60, KeyState::Revoked), (61, KeyState::Active)];
    authority.tenant_version += 1;
    drop(authority);
    device.validate().expect("valid");
    let error = device.client.activation().expect_err("its key was revoked");
    assert!(matches!(error, Error::Security(_)), "{error}");
    activate(&device).expect("admitted again");
    assert!(device.client.activation().expect("it verifies").is_some());
}

#[test]
fn an_activation_is_given_back() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    let error = device.client.deactivate().expect_err("none is kept");
    assert!(matches!(&error, Error::License(Denied { by: DeniedBy::State, .. })), "{error}");
    assert_eq!(error.code(), "not_activated");
    activate(&device).expect("admitted");
    site.deny("allowance_spent", None);
    assert_eq!(device.client.deactivate().expect_err("too often").code(), "allowance_spent");
    site.allow();
    // The answer is lost, so the activation stays here until it is known that it ended.
    drop_answers(&site);
    device.client.deactivate().expect_err("dropped");
    assert!(device.client.activation().expect("it verifies").is_some());
    site.nobody_between();
    let released = device.client.deactivate().expect("given back");
    assert_eq!(released.license, site.authority().license.license);
    assert!(device.client.activation().expect("readable").is_none());
    assert!(site.admissions().known.is_empty());
}

/// The state of the first version, byte for byte as it was written then.
#[test]
fn a_state_of_the_first_version_is_carried_over() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    let state = device.state().expect("a state");
    let mut text: serde_json::Value = serde_json::from_slice(&state).expect("JSON");
    let object = text.as_object_mut().expect("an object");
    for name in ["sealing_seed", "activating", "activated"] {
        object.remove(name).expect("new since");
    }
    object["version"] = 1.into();
    assert!(device.store.replace(Some(&state), text.to_string().as_bytes()).expect("memory writes"));
    device.validate().expect("valid");
    activate(&device).expect("admitted");
    let keys: Vec<_> = site.admissions().known.keys().copied().collect();
    assert_eq!(keys.len(), 1);
    assert!(device.restarted(site.trust()).client.activation().expect("it verifies").is_some());
}

/// Ends the program at one write: before it, or behind it.
pub(crate) struct Cut {
    pub(crate) inner: Arc<MemoryStore>,
    writes: AtomicUsize,
    at: usize,
    is_behind: bool,
}

impl Cut {
    pub(crate) fn new(inner: &Arc<MemoryStore>, at: usize, is_behind: bool) -> Self {
        Self { inner: inner.clone(), writes: AtomicUsize::new(0), at, is_behind }
    }
}

impl Store for Cut {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        self.inner.load()
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        let write = self.writes.fetch_add(1, Ordering::SeqCst);
        if write < self.at {
            return self.inner.replace(old, new);
        }
        if write == self.at && self.is_behind {
            self.inner.replace(old, new)?;
        }
        Err(io::Error::other("the power is gone"))
    }
}

pub(crate) fn client(site: &Arc<Site>, store: impl Store + 'static) -> Client {
    client_at(NOW, site, store)
}

/// A program that is started then: what it asks anew differs from what was asked before.
pub(crate) fn client_at(time: u64, site: &Arc<Site>, store: impl Store + 'static) -> Client {
    let clock = TestClock(Arc::new(time.into()));
    let client = Client::builder(site.trust()).server(ORIGIN).clock(clock).transport(site.clone());
    client.store(store).build().expect("configured")
}

/// `kill -9` at every write: the device stays the same, and no generation is begun for nothing.
#[test]
fn a_program_that_ends_at_any_write_is_activated_once() {
    for (cut, is_behind) in (0..4).flat_map(|cut| [(cut, false), (cut, true)]) {
        let (site, store) = (site(), Arc::new(MemoryStore::new()));
        let _ = client(&site, Cut::new(&store, cut, is_behind)).activate(&key());
        let again = client(&site, store.clone());
        if again.activation().expect("readable").is_none() {
            assert_eq!(again.activate(&key()).expect("admitted").generation(), 1, "{cut} {is_behind}");
        }
        let kept = client(&site, store).activation().expect("it verifies").expect("kept");
        assert_eq!(kept.generation(), 1, "{cut} {is_behind}");
        assert_eq!(site.admissions().known.len(), 1, "one device: {cut} {is_behind}");
    }
}

/// Activation has no grace: one that is not kept is none.
#[test]
fn an_activation_that_cannot_be_kept_is_an_error() {
    let (site, store) = (site(), Arc::new(MemoryStore::new()));
    let error = client(&site, Cut::new(&store, 2, false)).activate(&key()).expect_err("not kept");
    assert_eq!(error.code(), "file_unreadable");
    assert_eq!(client(&site, store).activate(&key()).expect("kept").generation(), 1);
}
