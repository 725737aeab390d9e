//! Our own SDK and two real servers on one database, which are asked at the same time.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, Mutex};

use sealgate::{
    Activation, Beat, BeatSaid, Client, DeniedBy, Error, HttpAnswer, HttpQuestion, HttpTransport,
    MemoryStore, Store, Transport, Unanswered,
};
use sealgate_testkit::{Engine, TestApp};
use serde_json::{Value, json};

use crate::rust_sdk::text;
use crate::sdk::Program;

const ROUNDS: u64 = 24;

/// Passes everything on, and keeps what was signed.
struct Heard {
    http: HttpTransport,
    answers: Mutex<Vec<Value>>,
}

impl Transport for Heard {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let answer = self.http.exchange(question)?;
        let said: Value = serde_json::from_slice(&answer.body).expect("JSON");
        self.answers.lock().expect("no panics").push(said["answer"]["payload"].clone());
        Ok(answer)
    }
}

/// No way to any server.
struct Nowhere;

impl Transport for Nowhere {
    fn exchange(&self, _: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        Err(Unanswered("nowhere".to_owned()))
    }
}

/// Two servers, and an app that both know.
struct Two {
    // Dropped before the first one, which brought the database.
    second: TestApp,
    first: TestApp,
    product: Value,
    /// The program that asks the one, and the one that asks the other.
    programs: [Program; 2],
}

impl Two {
    fn start() -> Self {
        let first = TestApp::start(Engine::Postgres);
        let second = first.start_runtime();
        let product = first.create_app("Editor");
        first.share_keys_with(&second);
        second.read_changes();
        let program = Program::build(&first, &product);
        let programs = [program.of(&first), program.of(&second)];
        Self { second, first, product, programs }
    }

    /// The key of a new license.
    fn sell(&self, seats: u32) -> String {
        let license = self.first.issue(&self.product, &json!({ "max_devices": seats }));
        self.second.read_changes();
        text(&license["license_key"])
    }

    /// The program on the device of this state, by which one server is asked.
    fn client(&self, server: usize, store: &Arc<MemoryStore>) -> Client {
        self.programs[server].install_in(store, HttpTransport::builder().build().expect("a transport"))
    }
}

fn state(store: &MemoryStore) -> Vec<u8> {
    store.load().expect("memory reads").expect("a state")
}

fn copy(bytes: &[u8]) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    assert!(store.replace(None, bytes).expect("memory writes"));
    store
}

/// Does all of this at the same time.
fn at_once<T: Send>(n: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(n);
    std::thread::scope(|scope| {
        let (start, act) = (&start, &act);
        let one = |n| scope.spawn(move || (start.wait(), act(n)).1);
        let threads: Vec<_> = (0..n).map(one).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn is_denied(outcome: Result<Activation, Error>) {
    match outcome {
        Err(Error::License(no)) => assert_eq!((no.by, &*no.code), (DeniedBy::Server, "device_limit")),
        other => panic!("no signed denial: {other:?}"),
    }
}

#[test]
fn one_heartbeat_at_two_servers_counts_once_and_gets_one_answer() {
    let two = Two::start();
    let store = Arc::new(MemoryStore::new());
    two.client(0, &store).activate(&two.sell(1)).expect("admitted");
    for round in 0..ROUNDS {
        two.programs[0]
            .install_in(&store, Nowhere)
            .heartbeat()
            .expect_err("it is written, and does not arrive");
        let stored = state(&store);
        let asked = at_once(2, |server| -> (Beat, Value, Vec<u8>) {
            let http = HttpTransport::builder().build().expect("a transport");
            let heard = Arc::new(Heard { http, answers: Mutex::default() });
            let store = copy(&stored);
            let beat = two.programs[server].install_in(&store, Arc::clone(&heard)).heartbeat();
            let beat = beat.unwrap_or_else(|error| panic!("{round}: {error}"));
            let answers = std::mem::take(&mut *heard.answers.lock().expect("no panics"));
            let [answer] = <[Value; 1]>::try_from(answers).expect("one answer");
            (beat, answer, state(&store))
        });
        assert_eq!(asked.iter().filter(|(beat, ..)| beat.said == BeatSaid::Admitted).count(), 2, "{round}");
        assert_eq!(asked[0].1, asked[1].1, "{round}: the same, whoever signed it");
        assert_eq!(two.first.texts("SELECT CAST(seq AS TEXT) FROM instances"), [(2 * round + 1).to_string()]);
        // Whichever of the answers arrived: the device goes on, at either server.
        let arrived = &asked[usize::from(round % 4 < 2)].2;
        assert!(store.replace(Some(&stored), arrived).expect("memory writes"));
        let next = two.client(usize::from(round % 2 == 0), &store).heartbeat().expect("it goes on");
        assert_eq!(next.said, BeatSaid::Admitted, "{round}");
    }
    for server in [&two.first, &two.second] {
        server.finish_writes();
    }
    assert_eq!((two.first.count("instances"), two.first.count("devices")), (1, 1));
    assert_eq!(two.first.count("events WHERE kind = 'clone_suspected'"), 0);
}

#[test]
fn of_devices_at_two_servers_one_gets_the_last_seat() {
    let two = Two::start();
    for round in 0..ROUNDS {
        let key = two.sell(2);
        two.client(0, &Arc::default()).activate(&key).expect("there is a seat");
        let stores = [(); 4].map(|()| Arc::new(MemoryStore::new()));
        let asked = at_once(4, |n| two.client(n % 2, &stores[n]).activate(&key));
        let (admitted, denied): (Vec<_>, Vec<_>) =
            asked.into_iter().enumerate().partition(|(_, asked)| asked.is_ok());
        assert_eq!(admitted.len(), 1, "{round}");
        for (_, asked) in denied {
            is_denied(asked);
        }
        for server in 0..2 {
            let beat = two.client(server, &stores[admitted[0].0]).heartbeat().expect("it goes on");
            assert_eq!(beat.said, BeatSaid::Admitted, "{round}");
        }
    }
    assert_eq!(two.first.count("licenses WHERE devices_used = 2"), ROUNDS);
    for table in ["devices", "activations", "events WHERE kind = 'device_activated'"] {
        assert_eq!(two.first.count(table), 2 * ROUNDS, "{table}");
    }
}

#[test]
fn one_activation_at_two_servers_is_one() {
    let two = Two::start();
    for round in 0..ROUNDS {
        let key = two.sell(1);
        let store = Arc::new(MemoryStore::new());
        two.programs[0]
            .install_in(&store, Nowhere)
            .activate(&key)
            .expect_err("it is written, and does not arrive");
        let stored = state(&store);
        let asked = at_once(2, |server| {
            let store = copy(&stored);
            let activation = two.client(server, &store).activate(&key);
            let activation = activation.unwrap_or_else(|error| panic!("{round}: {error}"));
            (activation.id(), activation.generation(), state(&store))
        });
        assert_eq!((asked[0].0, asked[0].1), (asked[1].0, 1), "{round}");
        let arrived = copy(&asked[usize::from(round % 2 == 0)].2);
        let beat = two.client(usize::from(round % 4 < 2), &arrived).heartbeat().expect("it goes on");
        assert_eq!(beat.said, BeatSaid::Admitted, "{round}");
    }
    for table in ["devices", "activations WHERE generation = 1", "events WHERE kind = 'device_activated'"] {
        assert_eq!(two.first.count(table), ROUNDS, "{table}");
    }
    let proofs: BTreeSet<String> = two.first.texts("SELECT proof_id FROM activations").into_iter().collect();
    assert_eq!(proofs.len() as u64, ROUNDS);
}
