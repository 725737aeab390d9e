//! Heartbeats: each counts once, whatever gets lost (`spec/activation.md` §6 and §7).

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealgate::{
    Beat, BeatSaid, Client, Error, HttpAnswer, HttpQuestion, MemoryStore, Store, Transport, Unanswered,
};
use sealgate_artifact::{HeartbeatAnswer, UnixSeconds, Unverified};
use serde_json::Value;

use crate::activation::{Cut, activate, client, client_at, drop_answers, face, sent_ids, site};
use crate::authority::{DAY, NOW, at, key, public_key, signed};
use crate::site::{Device, ORIGIN, Site, ok};

fn activated() -> (Arc<Site>, Device) {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    activate(&device).expect("admitted");
    (site, device)
}

fn admitted(device: &Device) -> Beat {
    let beat = device.client.heartbeat().expect("answered");
    assert_eq!(beat.said, BeatSaid::Admitted);
    beat
}

fn refusal(beat: &Beat) -> &str {
    match &beat.said {
        BeatSaid::Refused { code, .. } => code,
        said => panic!("{said:?}"),
    }
}

fn rights_until(device: &Device) -> UnixSeconds {
    device.client.activation().expect("it verifies").expect("kept").rights_until()
}

/// Time passes, here and there.
fn pass(site: &Site, device: &Device, seconds: u64) {
    let now = site.time.fetch_add(seconds, Ordering::SeqCst) + seconds;
    device.clock.set(now);
}

#[test]
fn each_heartbeat_goes_on_with_the_last_answer() {
    let (site, device) = activated();
    for beats in 1..4 {
        pass(&site, &device, 100);
        let beat = admitted(&device.restarted(site.trust()));
        let now = NOW + 100 * beats;
        assert_eq!((beat.server_time, beat.rights_until), (at(now), at(now + DAY)));
        assert_eq!(beat.next_due, at(now + 14_400));
        assert_eq!(device.client.heartbeat_due().expect("readable"), Some(at(now + 14_400)));
        assert_eq!(rights_until(&device), at(now + DAY));
    }
    let mut sent = sent_ids(&site);
    sent.dedup();
    assert_eq!(sent.len(), 4);
}

#[test]
fn without_an_activation_there_is_no_heartbeat() {
    let site = site();
    let device = Device::new(site.trust(), site.clone());
    assert_eq!(device.client.heartbeat_due().expect("readable"), None);
    assert_eq!(device.client.heartbeat().expect_err("none").code(), "not_activated");
    assert!(site.record.lock().unwrap().is_empty(), "nobody was asked");
    assert!(device.state().is_none(), "and no device was made for it");
}

#[test]
fn a_lost_answer_is_asked_for_with_the_same_bytes_and_moves_nothing() {
    let (site, device) = activated();
    for lost_after in 0..3 {
        for _ in 0..lost_after {
            admitted(&device);
        }
        let (before, until) = (sent_ids(&site).len(), rights_until(&device));
        drop_answers(&site);
        for _ in 0..2 {
            pass(&site, &device, 1_000);
            let error = device.restarted(site.trust()).client.heartbeat().expect_err("dropped");
            assert_eq!(error.code(), "server_unreachable");
            assert_eq!(rights_until(&device), until, "failures never move it");
            assert_eq!(
                device.client.heartbeat_due().expect("readable"),
                Some(at(site.time.load(Ordering::SeqCst)))
            );
        }
        site.nobody_between();
        admitted(&device.restarted(site.trust()));
        let sent = &sent_ids(&site)[before..];
        assert!(sent.len() == 5 && sent.iter().all(|id| *id == sent[0]), "{sent:?}");
    }
}

/// The second of two copies gives itself away (`spec/activation.md` §7.4, point 5).
#[test]
fn a_copied_state_is_refused_and_keeps_its_deadline() {
    let (site, device) = activated();
    admitted(&device);
    let copy = Arc::new(MemoryStore::new());
    assert!(copy.replace(None, &device.state().expect("a state")).expect("memory writes"));
    pass(&site, &device, 500);
    admitted(&device);
    let other = client(&site, copy);
    for _ in 0..2 {
        let beat = other.heartbeat().expect("a verified answer");
        assert_eq!(refusal(&beat), "nonce_replayed");
        assert_eq!(beat.rights_until, at(NOW + DAY));
    }
    admitted(&device);
}

#[test]
fn an_earlier_generation_is_superseded() {
    let (site, device) = activated();
    let copy = Arc::new(MemoryStore::new());
    assert!(copy.replace(None, &device.state().expect("a state")).expect("memory writes"));
    activate(&device).expect("admitted again");
    assert_eq!(refusal(&client(&site, copy).heartbeat().expect("answered")), "superseded");
    admitted(&device);
}

/// The grace is told once, and does not begin anew with each answer; not even if a server says so.
#[test]
fn an_end_comes_when_it_was_first_told() {
    let (site, device) = activated();
    admitted(&device);
    site.admissions().only().ended = Some(("revoked", NOW + 5_000));
    for beats in 0..5 {
        pass(&site, &device, 700);
        let beat = device.client.heartbeat().expect("answered");
        let expected = BeatSaid::Ended { code: "revoked".to_owned(), grace_until: at(NOW + 5_000) };
        assert_eq!((&beat.said, beat.rights_until), (&expected, at(NOW + 5_000)));
        let kept = device.restarted(site.trust()).client.activation().expect("it verifies").expect("kept");
        assert_eq!((kept.rights_until(), kept.ended_by()), (at(NOW + 5_000), Some("revoked")));
        site.admissions().only().ended = Some(("revoked", NOW + 6_000 + beats));
    }
    site.admissions().only().ended = None;
    let beat = admitted(&device);
    assert_eq!(beat.rights_until, at(NOW + 3_500 + DAY));
    assert_eq!(device.client.activation().expect("it verifies").expect("kept").ended_by(), None);
}

#[test]
fn a_renewed_license_arrives_with_its_proof() {
    let (site, device) = activated();
    assert!(!admitted(&device).license_changed);
    site.authority().next_license().expires_at = Some(at(NOW + 300 * DAY));
    assert!(admitted(&device).license_changed);
    let kept = device.restarted(site.trust()).client.activation().expect("it verifies").expect("kept");
    assert_eq!(kept.generation(), 1);
    assert!(!admitted(&device).license_changed);
}

/// Without what the answer names, it moves no deadline: else a customer could stay with the version that he likes.
#[test]
fn whoever_keeps_a_newer_license_back_moves_no_deadline() {
    let (site, device) = activated();
    let before = face(&device.client.activation().expect("it verifies").expect("kept"));
    for kept_back in ["license", "proof"] {
        pass(&site, &device, 1_000);
        site.authority().next_license().features.clear();
        site.between(move |answer| {
            let mut body: Value = serde_json::from_slice(&answer.body).expect("JSON");
            body.as_object_mut().expect("an object").remove(kept_back);
            Ok(ok(&body.to_string()))
        });
        assert_eq!(device.client.heartbeat().expect_err("kept back").code(), "answer_invalid");
        assert_eq!(rights_until(&device), at(NOW + DAY), "{kept_back}");
        site.nobody_between();
    }
    assert!(admitted(&device).license_changed);
    assert_eq!(rights_until(&device), at(NOW + 2_000 + DAY));
    assert_eq!(face(&device.client.activation().expect("it verifies").expect("kept")), before);
}

/// The answer that was lost names a version that has been replaced when it is repeated.
#[test]
fn a_repeated_answer_may_name_what_was_replaced_since() {
    let (site, device) = activated();
    site.authority().next_license().features.clear();
    drop_answers(&site);
    device.client.heartbeat().expect_err("dropped");
    site.authority().next_license().expires_at = Some(at(NOW + 300 * DAY));
    site.nobody_between();
    assert!(admitted(&device).license_changed);
    assert!(device.client.activation().expect("it verifies").is_some());
    assert!(!admitted(&device).license_changed);
}

/// `spec/activation.md` §7.6: a database that came back older.
#[test]
fn a_server_that_forgot_is_shown_the_last_answer() {
    for beats in 0..3 {
        let (site, device) = activated();
        (0..beats).for_each(|_| drop(admitted(&device)));
        site.admissions().known.clear();
        let before = sent_ids(&site).len();
        admitted(&device);
        let sent = &sent_ids(&site)[before..];
        assert!(sent.len() == 2 && sent[0] == sent[1], "{sent:?}");
        admitted(&device);
    }
}

#[test]
fn the_last_heartbeat_gives_the_instance_back() {
    let (site, device) = activated();
    // One that is under way is answered first.
    drop_answers(&site);
    device.client.heartbeat().expect_err("dropped");
    site.nobody_between();
    device.client.leave().expect("answered");
    assert!(site.admissions().only().left);
    let sent = sent_ids(&site);
    assert_ne!(sent[sent.len() - 2], sent[sent.len() - 1]);
    admitted(&device);
    assert!(!site.admissions().only().left);
}

/// Whoever edits the state, and can seal it again, moves no deadline: it follows from what a server signed.
#[test]
fn a_deadline_cannot_be_written_into_a_state() {
    let (site, device) = activated();
    pass(&site, &device, 5_000);
    admitted(&device);
    let genuine = device.state().expect("a state");
    assert_eq!(rights_until(&device), at(NOW + 5_000 + DAY));

    let thief = 90;
    let json = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).expect("JSON");
    let kept = json(genuine.clone())["activated"]["admitted"].clone();
    let answer = kept["answer"].to_string();
    let answer = Unverified::<HeartbeatAnswer>::decode(answer.as_bytes()).expect("an answer");
    let mut later = answer.danger_peek().expect("an answer");
    later.issued_at = at(NOW + 10 * DAY);
    let mut own = site.authority().certificate.clone();
    own.public_key = public_key(thief);
    let mut by_thief = kept.clone();
    by_thief["answer"] = json(signed(&later, &[thief]));
    let mut under_own = by_thief.clone();
    under_own["certificate"] = json(signed(&own, &[thief]));
    for forged in [Value::Null, by_thief, under_own] {
        let mut state = json(genuine.clone());
        state["activated"]["admitted"] = forged;
        let before = device.state();
        assert!(device.store.replace(before.as_deref(), state.to_string().as_bytes()).expect("memory"));
        assert_eq!(rights_until(&device), at(NOW + DAY), "the proof's time");
    }
    let before = device.state();
    assert!(device.store.replace(before.as_deref(), &genuine).expect("memory"));
    admitted(&device);
}

/// Genuine statements in the wrong place.
#[test]
fn an_answer_to_something_else_is_refused() {
    let (site, device) = activated();
    admitted(&device);
    let record = site.record.lock().unwrap().clone();
    let said = |at: usize, name: &str| {
        let body: Value = serde_json::from_slice(&record[at].1.body).expect("JSON");
        body[name].clone()
    };
    let (decision, answer) = (said(0, "decision"), said(1, "answer"));
    pass(&site, &device, 1_000);
    // An earlier answer, and the decision that activated the device.
    for wrong in [answer.clone(), decision] {
        let code = if wrong == answer { "nonce_mismatch" } else { "kind_unexpected" };
        site.between(move |genuine| {
            let mut body: Value = serde_json::from_slice(&genuine.body).expect("JSON");
            body["answer"] = wrong.clone();
            Ok(ok(&body.to_string()))
        });
        let error = device.client.heartbeat().expect_err("not the answer");
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(rights_until(&device), at(NOW + DAY));
    }
    // A heartbeat's answer as the decision about an activation.
    site.between(move |genuine| {
        let mut body: Value = serde_json::from_slice(&genuine.body).expect("JSON");
        body["decision"] = answer.clone();
        Ok(ok(&body.to_string()))
    });
    assert_eq!(activate(&device).expect_err("no decision").code(), "kind_unexpected");
    site.nobody_between();
    // The server began a generation of which the device does not know yet.
    assert_eq!(refusal(&device.client.heartbeat().expect("answered")), "superseded");
    assert_eq!(activate(&device).expect("the same request").generation(), 2);
    admitted(&device);
}

#[test]
fn a_server_that_may_only_validate_answers_no_heartbeat() {
    let (site, device) = activated();
    site.authority().certificate.operations = vec!["validate".to_owned(), "activate".to_owned()];
    assert_eq!(device.client.heartbeat().expect_err("not covered").code(), "server_scope");
}

/// A refusal that nobody signed, and silence, say nothing (`spec/online.md` §6.3).
#[test]
fn an_unsigned_refusal_moves_nothing() {
    let (site, device) = activated();
    admitted(&device);
    for status in [400, 403, 404, 409, 429, 500, 503] {
        site.between(move |_| Ok(crate::site::problem(status, "revoked", "The license was revoked.")));
        let error = device.client.heartbeat().expect_err("unsigned");
        assert!(matches!(error, Error::Transport(_)), "{error}");
        assert_eq!(rights_until(&device), at(NOW + DAY));
    }
    site.nobody_between();
    admitted(&device);
}

/// Lets another process ask before the answer to the first question arrives.
struct Race {
    site: Arc<Site>,
    other: Mutex<Option<Device>>,
}

impl Transport for Race {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let answer = self.site.exchange(question);
        let other = self.other.lock().expect("nobody panicked with it").take();
        if let Some(other) = other {
            admitted(&other);
        }
        answer
    }
}

/// Both send the same bytes, and each heartbeat counts once.
#[test]
fn processes_that_share_a_state_share_their_heartbeats() {
    let (site, device) = activated();
    let race = Race { site: site.clone(), other: Mutex::new(Some(device.restarted(site.trust()))) };
    let slow = Client::builder(site.trust()).server(ORIGIN).store(device.store.clone());
    let slow = slow.clock(device.clock.clone()).transport(race).build().expect("configured");
    assert_eq!(slow.heartbeat().expect("answered").said, BeatSaid::Admitted);
    let sent = sent_ids(&site);
    assert!(sent.len() == 3 && sent[1] == sent[2], "{sent:?}");
    admitted(&device);
}

/// `kill -9` at every write, and a lost answer at every question: no heartbeat is lost, and none counts twice.
#[test]
fn a_program_that_ends_at_any_write_goes_on() {
    for (cut, is_behind) in (0..4).flat_map(|cut| [(cut, false), (cut, true)]) {
        let (site, store) = (site(), Arc::new(MemoryStore::new()));
        client(&site, store.clone()).activate(&key()).expect("admitted");
        let dying = client(&site, Cut::new(&store, cut, is_behind));
        for _ in 0..3 {
            let _ = dying.heartbeat();
        }
        let again = client_at(NOW + 1_000, &site, store);
        for _ in 0..2 {
            let beat = again.heartbeat().expect("answered");
            assert_eq!((beat.said, beat.not_remembered), (BeatSaid::Admitted, None), "{cut} {is_behind}");
        }
        assert_eq!(site.admissions().only().instances.len(), 1, "one instance: {cut} {is_behind}");
    }
}

#[test]
fn an_answer_that_cannot_be_kept_is_given_with_a_note() {
    let (site, store) = (site(), Arc::new(MemoryStore::new()));
    client(&site, store.clone()).activate(&key()).expect("admitted");
    let beat = client(&site, Cut::new(&store, 1, false)).heartbeat().expect("answered");
    assert!(beat.not_remembered.expect("a note").contains("the power is gone"));
    let again = client(&site, store).heartbeat().expect("answered");
    assert_eq!((again.said, again.not_remembered), (BeatSaid::Admitted, None));
    let sent = sent_ids(&site);
    assert_eq!(sent[1], sent[2], "the same bytes");
}

#[test]
fn a_busy_server_is_asked_later() {
    let (site, device) = activated();
    site.between(|_| Err(Unanswered("busy".to_owned())));
    assert_eq!(device.client.heartbeat().expect_err("busy").retry_after(), None);
    site.between(|_| {
        let mut answer = crate::site::problem(503, "unavailable", "Later.");
        answer.retry_after = Some(Duration::from_secs(7));
        Ok(answer)
    });
    let error = device.client.heartbeat().expect_err("busy");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}
