//! `POST /api/v1/heartbeat`: an admitted device is still there (`spec/activation.md` §6, §7).

use sealgate_artifact::{BeatOutcome, ChainRecord, ChainWord, UnixSeconds};
use sealgate_testkit::{Build, TestActivation, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::sell;

fn key(license: &Value) -> &str {
    license["license_key"].as_str().expect("a key")
}

fn activated(app: &TestApp, terms: &Value) -> (Build, Value, TestDevice, TestActivation) {
    let (editor, license) = sell(app, terms);
    let build = app.build(&editor);
    let desk = TestDevice::default();
    let activation = desk.activate(app, &build, key(&license), 1).expect_admitted();
    (build, license, desk, activation)
}

fn change(app: &TestApp, license: &Value, deed: &str, body: &Value) {
    let path = format!("/api/v1/licenses/{}{deed}", license["license_id"].as_str().expect("an id"));
    let answer = app.api(if deed.is_empty() { "PATCH" } else { "POST" }, &path, body);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
}

/// As a database that came back from before any device was known.
fn forget(app: &TestApp) {
    for table in ["instances", "activations", "devices"] {
        app.meddle(&format!("DELETE FROM {table}"));
    }
    app.meddle("UPDATE licenses SET devices_used = 0");
    app.clock.advance(2);
}

/// How often the vendor is told of a kind of event about a license.
fn told(app: &TestApp, license: &Value, kind: &str) -> u64 {
    let path = format!("/api/v1/events?license_id={}", license["license_id"].as_str().expect("an id"));
    let events = app.api("GET", &path, &Value::Null).expect(200);
    let items = events["items"].as_array().expect("a list");
    items.iter().filter(|event| event["kind"] == kind).filter_map(|event| event["count"].as_u64()).sum()
}

pub(crate) fn records(n: u64) -> impl Iterator<Item = ChainRecord> {
    let word = |text: &str| ChainWord::parse(text).expect("short");
    (0..n).map(move |i| ChainRecord {
        at: UnixSeconds::new(1_800_000_000 + i).expect("in range"),
        tenant: ChainWord::host(),
        action: word("rule"),
        hash: [u8::try_from(i % 256).expect("small"); 32],
    })
}

on_both_engines! {
    fn each_heartbeat_gives_the_nonce_of_the_next(app: &TestApp) {
        let (build, _, desk, mut state) = activated(app, &json!({}));
        let mut nonces = vec![state.nonce];
        for n in 1..=4 {
            assert_eq!(state.beat(app, &build, &desk).code(), "admitted");
            assert_eq!(state.seq, n);
            assert!(!nonces.contains(&state.nonce));
            nonces.push(state.nonce);
        }
    }

    fn the_same_request_gets_the_same_bytes(app: &TestApp) {
        let (build, _, desk, mut state) = activated(app, &json!({}));
        for _ in 0..3 {
            let question = state.question(&desk, &state.next(app.clock.seconds(), &[]));
            let first = app.ask_heartbeat(&question);
            app.clock.advance(300);
            // The first answer was lost.
            let again = state.send(app, &build, &question);
            let first: sealgate_wire::HeartbeatReply = serde_json::from_slice(&first.bytes).expect("an answer");
            assert_eq!(first.answer.get(), again.reply.answer.get());
            assert_eq!(again.code(), "admitted");
        }
        assert_eq!(state.seq, 3);
    }

    fn a_copy_of_the_state_is_seen_by_the_second_beat(app: &TestApp) {
        let (build, license, desk, mut original) = activated(app, &json!({}));
        original.beat(app, &build, &desk);
        let mut copy = original.clone();
        assert_eq!(original.beat(app, &build, &desk).code(), "admitted");
        app.clock.advance(1);
        assert_eq!(copy.beat(app, &build, &desk).code(), "nonce_replayed");
        assert_eq!(original.beat(app, &build, &desk).code(), "admitted", "the original goes on");
        assert_eq!(told(app, &license, "clone_suspected"), 1);
    }

    fn a_copy_that_was_made_before_the_first_beat_gets_no_instance(app: &TestApp) {
        let (build, license, desk, mut original) = activated(app, &json!({}));
        let mut copy = original.clone();
        original.beat(app, &build, &desk);
        app.clock.advance(1);
        assert_eq!(copy.beat(app, &build, &desk).code(), "instance_limit");
        assert_eq!(told(app, &license, "clone_suspected"), 1);
    }

    fn a_copy_that_was_silent_comes_back_only_where_there_is_room(app: &TestApp) {
        let (build, license, desk, mut first) = activated(app, &json!({}));
        let mut second = first.clone();
        assert_eq!(first.beat(app, &build, &desk).code(), "admitted");
        app.clock.advance(8 * 60 * 60);
        assert_eq!(second.beat(app, &build, &desk).code(), "admitted", "the other is gone");
        app.clock.advance(60);
        let question = first.question(&desk, &first.next(app.clock.seconds(), &[]));
        assert_eq!(first.send(app, &build, &question).code(), "state_wanted");
        for _ in 0..2 {
            app.clock.advance(60);
            assert_eq!(first.send(app, &build, &first.showing(&question)).code(), "instance_limit");
            assert_eq!(second.beat(app, &build, &desk).code(), "admitted");
        }
        assert_eq!(told(app, &license, "clone_suspected"), 2);
        app.clock.advance(8 * 60 * 60);
        assert_eq!(first.send(app, &build, &question).code(), "admitted", "now the second one is gone");
        app.clock.advance(60);
        assert_eq!(second.beat(app, &build, &desk).code(), "instance_limit", "its row is there still");
    }

    fn the_next_generation_supersedes_the_one_before(app: &TestApp) {
        let (build, license, desk, mut former) = activated(app, &json!({}));
        former.beat(app, &build, &desk);
        let mut newest = desk.activate(app, &build, key(&license), 2).expect_admitted();
        assert_eq!(newest.beat(app, &build, &desk).code(), "admitted");
        assert_eq!(former.beat(app, &build, &desk).code(), "superseded");
    }

    fn an_end_is_told_with_the_same_grace_each_time(app: &TestApp) {
        let (build, license, desk, mut state) = activated(app, &json!({}));
        state.beat(app, &build, &desk);
        app.clock.advance(100);
        let revoked_at = app.clock.seconds();
        change(app, &license, "/revoke", &json!({}));
        for _ in 0..5 {
            app.clock.advance(3_600);
            let beaten = state.beat(app, &build, &desk);
            assert_eq!((beaten.code(), beaten.grace_until()), ("revoked", Some(revoked_at + 86_400)));
        }
    }

    fn an_end_that_follows_another_gives_no_new_time(app: &TestApp) {
        let (build, license, desk, mut state) = activated(app, &json!({}));
        let first = app.clock.seconds();
        change(app, &license, "/suspend", &json!({}));
        app.clock.advance(7_200);
        let beaten = state.beat(app, &build, &desk);
        assert_eq!((beaten.code(), beaten.grace_until()), ("blocked", Some(first + 86_400)));
        change(app, &license, "/revoke", &json!({}));
        app.clock.advance(60);
        let beaten = state.beat(app, &build, &desk);
        assert_eq!((beaten.code(), beaten.grace_until()), ("revoked", Some(first + 86_400)));
    }

    fn a_chain_that_did_not_fit_outlives_a_suspension(app: &TestApp) {
        let (build, license, desk, mut state) = activated(app, &json!({}));
        let entries = state.record(records(5));
        let question = state.question(&desk, &state.next(app.clock.seconds(), &entries));
        assert_eq!(state.send(app, &build, &question).code(), "admitted");
        state.head = Some(entries[2].head());
        let first = app.clock.seconds();
        assert_eq!(state.beat(app, &build, &desk).code(), "chain_mismatch");
        state.head = Some(entries[4].head());
        for deed in ["/suspend", "/resume"] {
            change(app, &license, deed, &json!({}));
            app.clock.advance(60);
            let beaten = state.beat(app, &build, &desk);
            assert_eq!((beaten.code(), beaten.grace_until()), ("chain_mismatch", Some(first + 86_400)), "{deed}");
        }
    }

    fn a_suspension_ends_and_what_was_ended_goes_on(app: &TestApp) {
        let (build, license, desk, mut state) = activated(app, &json!({}));
        change(app, &license, "/suspend", &json!({}));
        app.clock.advance(10);
        assert_eq!(state.beat(app, &build, &desk).code(), "blocked");
        change(app, &license, "/resume", &json!({}));
        app.clock.advance(10);
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted");
    }

    fn a_changed_license_arrives_with_a_proof_of_its_own(app: &TestApp) {
        let (build, license, desk, mut state) = activated(app, &json!({}));
        state.beat(app, &build, &desk);
        let before = state.id;
        change(app, &license, "", &json!({ "tier": "enterprise" }));
        app.clock.advance(10);
        let beaten = state.beat(app, &build, &desk);
        assert_eq!(beaten.code(), "admitted");
        assert_ne!(state.id, before);
        assert_eq!(state.said.generation, 1);
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted", "the newer proof is named from now on");
    }

    fn another_machine_is_told_so(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let desk = TestDevice::default();
        let question = desk.wish(&build, key(&license), (1, &desk.sealing()), (Some("m:1"), &[]));
        let mut state = desk.admitted(app, &build, &question).expect_admitted();
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted");
        state.fingerprint = sealgate_artifact::Word::parse("m:2");
        assert_eq!(state.beat(app, &build, &desk).code(), "fingerprint_mismatch");
        state.fingerprint = None;
        assert_eq!(state.beat(app, &build, &desk).code(), "fingerprint_mismatch");
    }

    fn ten_thousand_entries_arrive_complete(app: &TestApp) {
        let (build, _, desk, mut state) = activated(app, &json!({}));
        let entries = state.record(records(10_000));
        for batch in entries.chunks(1_000) {
            let request = state.next(app.clock.seconds(), batch);
            let beaten = state.send(app, &build, &state.question(&desk, &request));
            assert_eq!(beaten.code(), "admitted");
            let last = batch.last().expect("not empty").head();
            assert_eq!(beaten.answer.head, Some(last));
        }
        assert_eq!(app.texts("SELECT CAST(SUM(last_seq - first_seq + 1) AS TEXT) FROM chain_entries"), ["10000"]);
    }

    fn a_chain_that_does_not_fit_ends_this_activation_alone(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let build = app.build(&editor);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        let mut other = lap.activate(app, &build, key(&license), 2).expect_admitted();
        let entries = state.record(records(5));
        let question = state.question(&desk, &state.next(app.clock.seconds(), &entries));
        assert_eq!(state.send(app, &build, &question).code(), "admitted");
        // The tail is dropped: the head that is claimed lies before the one that is held.
        state.head = Some(entries[2].head());
        let first = app.clock.seconds();
        let beaten = state.beat(app, &build, &desk);
        assert_eq!((beaten.code(), beaten.grace_until()), ("chain_mismatch", Some(first + 86_400)));
        app.clock.advance(600);
        state.head = Some(entries[4].head());
        let beaten = state.beat(app, &build, &desk);
        assert_eq!((beaten.code(), beaten.grace_until()), ("chain_mismatch", Some(first + 86_400)), "it stays");
        assert_eq!(other.beat(app, &build, &lap).code(), "admitted", "other machines are left alone");
        assert_eq!(app.count("events WHERE kind = 'chain_mismatch' AND code = 'truncated'"), 1);
        let mut again = desk.activate(app, &build, key(&license), 3).expect_admitted();
        assert_eq!(again.beat(app, &build, &desk).code(), "admitted", "a new activation begins a new chain");
    }

    fn a_server_that_is_behind_asks_for_what_it_lacks(app: &TestApp) {
        let (build, _, desk, mut state) = activated(app, &json!({}));
        let entries = state.record(records(6));
        let question = state.question(&desk, &state.next(app.clock.seconds(), &entries[3..]));
        let beaten = state.send(app, &build, &question);
        assert_eq!((beaten.code(), beaten.answer.resend_from), ("admitted", Some(1)));
        let question = state.question(&desk, &state.next(app.clock.seconds(), &entries));
        let beaten = state.send(app, &build, &question);
        assert_eq!((beaten.answer.resend_from, beaten.answer.head), (None, Some(entries[5].head())));
    }

    fn a_program_that_leaves_makes_room_and_may_come_back(app: &TestApp) {
        let (build, _, desk, mut state) = activated(app, &json!({}));
        let mut copy = state.clone();
        state.beat(app, &build, &desk);
        let mut last = state.next(app.clock.seconds(), &[]);
        last.leaves = true;
        let beaten = state.send(app, &build, &state.question(&desk, &last));
        assert_eq!(beaten.code(), "admitted");
        assert_eq!(copy.beat(app, &build, &desk).code(), "admitted", "its place is free");
        assert_eq!(state.beat(app, &build, &desk).code(), "instance_limit");
        app.clock.advance(8 * 60 * 60 + 1);
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted", "the other was not heard for two intervals");
    }

    fn a_database_that_forgot_the_device_takes_it_over(app: &TestApp) {
        let (build, _, desk, mut state) = activated(app, &json!({}));
        for _ in 0..3 {
            state.beat(app, &build, &desk);
        }
        forget(app);
        let question = state.question(&desk, &state.next(app.clock.seconds(), &[]));
        assert_eq!(state.send(app, &build, &question).code(), "state_wanted");
        let shown = state.showing(&question);
        assert_eq!(state.send(app, &build, &shown).code(), "admitted");
        assert_eq!((app.count("devices"), app.count("activations"), app.count("instances")), (1, 1, 1));
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted");
        assert_eq!(app.count("events WHERE kind = 'device_readopted'"), 1);
    }

    fn a_forgotten_device_takes_no_seat_beyond_the_licenses(app: &TestApp) {
        let (build, license, desk, mut state) = activated(app, &json!({}));
        state.beat(app, &build, &desk);
        forget(app);
        let lap = TestDevice::default();
        lap.activate(app, &build, key(&license), 2).expect_admitted();
        let question = state.question(&desk, &state.next(app.clock.seconds(), &[]));
        let shown = state.showing(&question);
        assert_eq!(state.send(app, &build, &shown).code(), "device_limit");
        assert_eq!((app.count("devices"), app.count("activations")), (1, 1), "nothing was taken over");
        change(app, &license, "", &json!({ "max_devices": 2 }));
        app.clock.advance(2);
        assert_eq!(state.send(app, &build, &shown).code(), "admitted", "a seat is free");
        assert_eq!(app.count("devices"), 2);
        forget(app);
        lap.activate(app, &build, key(&license), 3).expect_admitted();
        TestDevice::default().activate(app, &build, key(&license), 4).expect_admitted();
        change(app, &license, "/revoke", &json!({}));
        app.clock.advance(2);
        let question = state.question(&desk, &state.next(app.clock.seconds(), &[]));
        assert_eq!(state.send(app, &build, &state.showing(&question)).code(), "revoked", "an end is told all the same");
        assert_eq!(app.count("devices"), 2);
    }

    fn a_device_that_was_activated_anew_since_the_database_came_back_is_superseded_by_that(app: &TestApp) {
        let (build, license, desk, _) = activated(app, &json!({}));
        let mut former = desk.activate(app, &build, key(&license), 2).expect_admitted();
        former.beat(app, &build, &desk);
        forget(app);
        let mut newest = desk.activate(app, &build, key(&license), 3).expect_admitted();
        assert_eq!((former.said.generation, newest.said.generation), (2, 1));
        let question = former.question(&desk, &former.next(app.clock.seconds(), &[]));
        assert_eq!(former.send(app, &build, &former.showing(&question)).code(), "superseded");
        assert_eq!(newest.beat(app, &build, &desk).code(), "admitted");
    }

    fn a_database_that_is_a_few_beats_behind_takes_them_over(app: &TestApp) {
        let (build, _, desk, mut state) = activated(app, &json!({}));
        state.beat(app, &build, &desk);
        let request = app.texts("SELECT request FROM instances")[0].clone();
        let before = state.clone();
        for _ in 0..3 {
            state.beat(app, &build, &desk);
        }
        app.meddle(&format!(
            "UPDATE instances SET seq = 1, next_nonce = '{}', request = '{request}'", before.nonce
        ));
        let question = state.question(&desk, &state.next(app.clock.seconds(), &[]));
        assert_eq!(state.send(app, &build, &question).code(), "state_wanted");
        let shown = state.showing(&question);
        assert_eq!(state.send(app, &build, &shown).code(), "admitted");
        // What is older is never taken over.
        let mut old = before.clone();
        let question = old.showing(&old.question(&desk, &old.next(app.clock.seconds(), &[])));
        assert_eq!(old.send(app, &build, &question).code(), "nonce_replayed");
    }

    fn another_devices_proof_is_not_taken_over(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let build = app.build(&editor);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let honest = desk.activate(app, &build, key(&license), 1).expect_admitted();
        let mut thief = honest.clone();
        thief.said.device_key = lap.key;
        let question = thief.showing(&thief.question(&lap, &thief.next(app.clock.seconds(), &[])));
        assert_eq!(thief.send(app, &build, &question).code(), "not_activated");
        assert_eq!((app.count("devices"), app.count("activations")), (1, 1));
    }

    fn an_admission_names_what_counts(app: &TestApp) {
        let (build, _, desk, mut state) = activated(app, &json!({}));
        let beaten = state.beat(app, &build, &desk);
        let BeatOutcome::Admitted { license_statement, current_proof, next, lease_until } = beaten.answer.outcome else {
            panic!("refused")
        };
        assert_eq!((license_statement, current_proof), (state.said.license_statement, state.id));
        assert_eq!((next.not_before.get(), lease_until), (app.clock.seconds() + 60, None));
    }
}
