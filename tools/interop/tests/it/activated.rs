//! Our own SDK and the real server: activation, heartbeats, and the chain of actions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealgate::{
    Beat, BeatSaid, Client, Error, HttpAnswer, HttpQuestion, HttpTransport, MemoryStore, Store, Transport,
    Unanswered, UnixSeconds,
};
use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::rust_sdk::text;
use crate::sdk::Program;

const DAY: u64 = 24 * 60 * 60;

/// The way to the server. It loses the answers whose bits are set.
struct Way {
    http: HttpTransport,
    lost: AtomicU64,
}

impl Way {
    fn whole() -> Arc<Self> {
        Self::that_loses(0)
    }

    fn that_loses(lost: u64) -> Arc<Self> {
        let http = HttpTransport::builder().build().expect("a transport");
        Arc::new(Self { http, lost: lost.into() })
    }
}

impl Transport for Way {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let answer = self.http.exchange(question);
        let shift = |lost: u64| Some(lost >> 1);
        let lost = self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, shift).expect("always");
        if lost & 1 == 1 { Err(Unanswered("lost".to_owned())) } else { answer }
    }
}

/// A program with a license, on a device.
struct Sold {
    program: Program,
    license: Value,
    store: Arc<MemoryStore>,
}

impl Sold {
    fn new(app: &TestApp, terms: &Value) -> Self {
        Self::of(app, &app.create_app("Editor"), terms)
    }

    fn of(app: &TestApp, product: &Value, terms: &Value) -> Self {
        let license = app.issue(product, terms);
        Self { program: Program::build(app, product), license, store: Arc::default() }
    }

    fn key(&self) -> String {
        text(&self.license["license_key"])
    }

    /// The program, started now.
    fn start(&self) -> Client {
        self.program.install_in(&self.store, Way::whole())
    }

    fn activate(&self) -> Client {
        let client = self.start();
        client.activate(&self.key()).expect("admitted");
        client
    }

    fn change(&self, app: &TestApp, deed: &str, wish: &Value) {
        let path = format!("/api/v1/licenses/{}/{deed}", text(&self.license["license_id"]));
        app.api("POST", &path, wish).expect(200);
    }
}

fn admitted(client: &Client) -> Beat {
    let beat = client.heartbeat().unwrap_or_else(|error| panic!("{}: {error}", error.code()));
    assert_eq!((&beat.said, &beat.not_remembered, &beat.chain_error), (&BeatSaid::Admitted, &None, &None));
    beat
}

fn refusal(client: &Client) -> String {
    match client.heartbeat().expect("a verified answer").said {
        BeatSaid::Refused { code, .. } => code,
        said => panic!("{said:?}"),
    }
}

on_both_engines! {
    fn an_activated_device_goes_on_after_each_restart(app: &TestApp) {
        let sold = Sold::new(app, &json!({}));
        let activation = sold.start().activate(&sold.key()).expect("admitted");
        assert_eq!((activation.generation(), activation.license().to_string()), (1, text(&sold.license["license_id"])));
        for _ in 0..4 {
            app.clock.advance(14_400);
            let beat = admitted(&sold.start());
            assert_eq!(beat.server_time.get(), app.clock.seconds());
            assert_eq!(beat.rights_until.get(), app.clock.seconds() + DAY);
            let kept = sold.start().activation().expect("it verifies").expect("kept");
            assert_eq!((kept.id(), kept.rights_until()), (activation.id(), beat.rights_until));
        }
        assert_eq!(app.count("devices"), 1);
        assert_eq!(app.count("instances"), 1);
        let again = sold.start().activate(&sold.key()).expect("admitted again");
        assert_eq!((again.id(), again.generation()), (activation.id(), 2));
        admitted(&sold.start());
        assert_eq!(app.count("devices"), 1, "no second seat");
    }

    /// Each call asks twice where an answer is lost, and the next one goes on.
    fn no_answer_that_is_lost_costs_a_generation_or_a_heartbeat(app: &TestApp) {
        let product = app.create_app("Editor");
        for lost in 0..32 {
            let sold = Sold::of(app, &product, &json!({}));
            let way = Way::that_loses(lost);
            let start = || sold.program.install_in(&sold.store, Arc::clone(&way));
            let mut tries = 0;
            while start().activation().expect("readable").is_none() {
                let _ = start().activate(&sold.key());
                tries += 1;
                assert!(tries < 5, "{lost:b}");
            }
            let mut counted = 0;
            while counted < 3 {
                match start().heartbeat() {
                    Ok(beat) => {
                        assert_eq!(beat.said, BeatSaid::Admitted, "{lost:b}");
                        counted += 1;
                    }
                    Err(error) => assert_eq!(error.code(), "server_unreachable", "{lost:b}"),
                }
                tries += 1;
                assert!(tries < 12, "{lost:b}");
            }
            let kept = start().activation().expect("it verifies").expect("kept");
            assert_eq!(kept.generation(), 1, "{lost:b}");
        }
        assert_eq!(app.count("devices"), 32);
        assert_eq!(app.count("instances"), 32);
    }

    fn an_activation_whose_answer_was_lost_goes_on_with_the_license_that_counts(app: &TestApp) {
        let sold = Sold::new(app, &json!({ "expires_at": "2036-01-31T00:00:00Z" }));
        let lossy = || sold.program.install_in(&sold.store, Way::that_loses(0b11));
        for year in 2037..2040 {
            lossy().activate(&sold.key()).expect_err("lost");
            sold.change(app, "renew", &json!({ "expires_at": format!("{year}-01-31T00:00:00Z") }));
            app.clock.advance(20 * DAY);
        }
        let activation = sold.start().activate(&sold.key()).expect("admitted");
        assert_eq!(activation.generation(), 1);
        admitted(&sold.start());
        assert_eq!((app.count("devices"), app.count("activations")), (1, 1));
        assert_eq!(app.count("events WHERE kind = 'device_activated'"), 1);
    }

    /// Longer than a certificate is in force.
    fn a_heartbeat_whose_answer_was_lost_goes_on_after_weeks(app: &TestApp) {
        let sold = Sold::new(app, &json!({}));
        admitted(&sold.activate());
        let lossy = || sold.program.install_in(&sold.store, Way::that_loses(0b11));
        for _ in 0..2 {
            lossy().heartbeat().expect_err("lost");
            app.clock.advance(15 * DAY);
            assert_eq!(admitted(&sold.start()).rights_until.get(), app.clock.seconds() + DAY);
        }
        lossy().heartbeat().expect_err("lost");
        let ended_at = app.clock.seconds();
        sold.change(app, "revoke", &json!({}));
        app.clock.advance(15 * DAY);
        let beat = sold.start().heartbeat().expect("a verified answer");
        let ended = BeatSaid::Ended { code: "revoked".to_owned(), grace_until: UnixSeconds::new(ended_at + DAY).expect("in range") };
        assert_eq!(beat.said, ended);
        assert_eq!(app.texts("SELECT CAST(seq AS TEXT) FROM instances"), ["4"]);
        assert_eq!(app.count("events WHERE kind = 'clone_suspected'"), 0);
    }

    fn a_copy_of_the_state_is_seen_by_the_second_beat(app: &TestApp) {
        let sold = Sold::new(app, &json!({}));
        let original = sold.activate();
        admitted(&original);
        let state = sold.store.load().expect("memory reads").expect("a state");
        let copy = Arc::new(MemoryStore::new());
        assert!(copy.replace(None, &state).expect("memory writes"));
        let copy = sold.program.install_in(&copy, Way::whole());
        admitted(&copy);
        app.clock.advance(1);
        assert_eq!(refusal(&original), "nonce_replayed");
        assert_eq!(refusal(&original), "nonce_replayed");
        admitted(&copy);
        // Whoever has the key is admitted again, and the copy is superseded.
        original.activate(&sold.key()).expect("admitted again");
        admitted(&original);
        assert_eq!(refusal(&copy), "superseded");
    }

    fn a_revoked_license_ends_at_the_same_time_however_often_it_is_told(app: &TestApp) {
        let sold = Sold::new(app, &json!({}));
        let client = sold.activate();
        admitted(&client);
        sold.change(app, "revoke", &json!({}));
        let ends = app.clock.seconds() + DAY;
        for _ in 0..5 {
            app.clock.advance(3_600);
            let beat = client.heartbeat().expect("a verified answer");
            let BeatSaid::Ended { code, grace_until } = &beat.said else { panic!("{:?}", beat.said) };
            assert_eq!((&**code, grace_until.get(), beat.rights_until.get()), ("revoked", ends, ends));
            let kept = sold.start().activation().expect("it verifies").expect("kept");
            assert_eq!((kept.rights_until().get(), kept.ended_by()), (ends, Some("revoked")));
        }
    }

    fn a_renewed_license_arrives_with_a_heartbeat(app: &TestApp) {
        let sold = Sold::new(app, &json!({ "expires_at": "2036-01-31T00:00:00Z" }));
        let client = sold.activate();
        assert!(!admitted(&client).license_changed);
        sold.change(app, "renew", &json!({ "expires_at": "2037-01-31T00:00:00Z" }));
        app.clock.advance(60);
        assert!(admitted(&client).license_changed);
        let kept = sold.start().activation().expect("it verifies").expect("kept");
        assert_eq!(kept.generation(), 1);
        assert!(!admitted(&client).license_changed);
        // Where the answer that told of it was lost, and the license changed again since.
        let lossy = sold.program.install_in(&sold.store, Way::that_loses(0b11));
        sold.change(app, "renew", &json!({ "expires_at": "2038-01-31T00:00:00Z" }));
        lossy.heartbeat().expect_err("lost");
        sold.change(app, "renew", &json!({ "expires_at": "2039-01-31T00:00:00Z" }));
        admitted(&client);
        assert!(sold.start().activation().expect("it verifies").is_some());
        admitted(&client);
    }

    fn a_device_that_is_deactivated_makes_room(app: &TestApp) {
        let sold = Sold::new(app, &json!({ "max_devices": 1 }));
        let client = sold.activate();
        admitted(&client);
        let other = sold.program.install();
        let Err(Error::License(no)) = other.activate(&sold.key()) else { panic!("there is one seat") };
        assert_eq!(no.code, "device_limit");
        client.deactivate().expect("given back");
        assert!(client.activation().expect("readable").is_none());
        assert_eq!(client.heartbeat().expect_err("none is kept").code(), "not_activated");
        other.activate(&sold.key()).expect("there is room");
        admitted(&other);
    }

    fn a_license_with_a_policy_is_activated(app: &TestApp) {
        let policy = json!({ "heartbeat": { "interval": 600, "grace": 1_800 } });
        let sold = Sold::new(app, &json!({ "policy": policy }));
        let client = sold.activate();
        let beat = admitted(&client);
        assert_eq!(beat.rights_until.get(), app.clock.seconds() + 1_800);
        assert_eq!(beat.next_due.get(), app.clock.seconds() + 600);
    }

    fn what_is_recorded_arrives_complete(app: &TestApp) {
        let sold = Sold::new(app, &json!({}));
        let folder = tempfile::tempdir().expect("a folder");
        let start = || sold.program.install_on_disk(folder.path());
        start().activate(&sold.key()).expect("admitted");
        let log = start().chain_log().expect("a log");
        let at = sealgate::UnixSeconds::new(app.clock.seconds()).expect("in range");
        let record = || log.record(None, "rule.evaluate", [7; 32], at).expect("recorded");
        for _ in 0..1_200 {
            record();
        }
        let due = [0, 1].map(|_| admitted(&start()).next_due.get() - app.clock.seconds());
        assert_eq!(due, [0, 14_400], "the rest follows at once");
        let head = record();
        admitted(&start());
        assert_eq!((head.seq, log.acknowledged().expect("readable")), (1_201, head));
        assert_eq!(log.batch(1_202, 10).expect("readable"), []);
        // Another generation begins another chain.
        start().activate(&sold.key()).expect("admitted again");
        admitted(&start());
        let log = start().chain_log().expect("a log");
        let head = log.record(None, "rule.evaluate", [7; 32], at).expect("recorded");
        admitted(&start());
        assert_eq!((head.seq, log.acknowledged().expect("readable")), (1, head));
    }

    fn a_thread_sends_heartbeats_when_they_are_due(app: &TestApp) {
        let sold = Sold::new(app, &json!({}));
        let client = Arc::new(sold.activate());
        let (send, beats) = std::sync::mpsc::channel();
        let heartbeats = client.start_heartbeats(move |beat| {
            let _ = send.send(beat.map(|beat| beat.said));
        });
        let heartbeats = heartbeats.expect("a thread");
        let next = || beats.recv_timeout(std::time::Duration::from_mins(1)).expect("reported").expect("answered");
        assert_eq!(next(), BeatSaid::Admitted);
        app.clock.advance(14_400);
        heartbeats.wake();
        assert_eq!(next(), BeatSaid::Admitted);
        heartbeats.stop_and_leave();
        assert_eq!(next(), BeatSaid::Admitted);
        assert_eq!(app.count("instances WHERE left_at IS NOT NULL"), 1);
    }
}
