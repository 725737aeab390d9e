//! A connection that is cut at every byte of an activation and of a heartbeat, on the way there and back: nobody is locked out,
//! no second seat is taken, and everything has its effect once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sealgate::{
    BeatSaid, Client, HttpAnswer, HttpQuestion, HttpTransport, MemoryStore, Store, Transport, Unanswered,
    UnixSeconds,
};
use sealgate_authority::Limits;
use sealgate_testkit::{Engine, Proxy, TestApp, Way, on_both_engines};
use serde_json::json;

use crate::rust_sdk::text;
use crate::sdk::Program;

/// So many devices share the bytes.
const DEVICES: usize = 4;
/// One call sends twice where nothing came back, so it is cut at two bytes.
const ATTEMPTS: usize = 2;

/// The way to the server, past a proxy. It keeps what was sent.
struct Line {
    http: HttpTransport,
    proxy: Proxy,
    sent: Mutex<Vec<Vec<u8>>>,
}

impl Line {
    fn to(app: &TestApp) -> Arc<Self> {
        let address = app.url.strip_prefix("http://").expect("a URL");
        let http = HttpTransport::builder().build().expect("a transport");
        Arc::new(Self { http, proxy: Proxy::start(address), sent: Mutex::default() })
    }

    /// Cuts the next call at this byte and the one after it.
    fn cut(&self, way: Way, byte: usize) {
        self.proxy.cut_next(way, &[byte, byte + 1]);
    }

    /// What was sent since this was asked last: always the same bytes.
    #[track_caller]
    fn sent_the_same(&self) -> Vec<u8> {
        let mut sent = std::mem::take(&mut *self.sent.lock().expect("no panics"));
        sent.dedup();
        assert_eq!(sent.len(), 1, "one request, and the same bytes each time");
        sent.remove(0)
    }
}

impl Transport for Line {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        self.sent.lock().expect("no panics").push(question.body.unwrap_or_default().to_vec());
        // The client compares the server's certificate with the address that it was built with.
        let (_, path) = question.url.split_once("/api/").expect("a path");
        let url = format!("http://{}/api/{path}", self.proxy.address());
        self.http.exchange(&HttpQuestion { url: &url, ..*question })
    }
}

/// A server and a license with one seat for each device.
struct Sold {
    program: Program,
    key: String,
}

impl Sold {
    fn new(app: &TestApp, seats: usize) -> Self {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "max_devices": seats }));
        Self { program: Program::build(app, &product), key: text(&license["license_key"]) }
    }
}

/// A device's share of the bytes, two by two.
fn share(device: usize) -> impl Iterator<Item = usize> {
    (ATTEMPTS * device..).step_by(ATTEMPTS * DEVICES)
}

/// Gives each device its share of the work.
fn each_device(work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for device in 0..DEVICES {
            let work = &work;
            scope.spawn(move || work(device));
        }
    });
}

#[track_caller]
fn unreachable<T>(outcome: Result<T, sealgate::Error>) {
    match outcome {
        Ok(_) => panic!("it got through"),
        Err(error) => assert_eq!(error.code(), "server_unreachable", "{error}"),
    }
}

/// What may not change however often a connection is cut: one seat, one activation and one generation for each device, and
/// nobody is suspected.
#[track_caller]
fn assert_admitted_once(app: &TestApp) {
    let devices = DEVICES as u64;
    assert_eq!(app.count("devices"), devices);
    assert_eq!(app.count(&format!("licenses WHERE devices_used = {devices}")), 1);
    assert_eq!((app.count("activations"), app.count("activations WHERE generation = 1")), (devices, devices));
    for kind in ["device_bound", "device_activated"] {
        assert_eq!(app.count(&format!("events WHERE kind = '{kind}'")), devices, "{kind}");
    }
    app.finish_writes();
    let suspected =
        "events WHERE kind IN ('clone_suspected', 'chain_mismatch', 'device_moved', 'device_released')";
    assert_eq!(app.count(suspected), 0);
}

/// A device that begins to be activated.
struct Beginner<'a> {
    sold: &'a Sold,
    line: Arc<Line>,
    store: Arc<MemoryStore>,
}

impl<'a> Beginner<'a> {
    fn new(app: &TestApp, sold: &'a Sold) -> Self {
        Self { sold, line: Line::to(app), store: Arc::default() }
    }

    /// The program, started now, is to be activated.
    fn activate(&self) -> Result<sealgate::Activation, sealgate::Error> {
        self.sold.program.install_in(&self.store, Arc::clone(&self.line)).activate(&self.sold.key)
    }

    fn state(&self) -> Vec<u8> {
        self.store.load().expect("memory reads").expect("a state")
    }

    /// As if the program had been ended before it wrote what it has now.
    fn put_back(&self, state: &[u8]) {
        assert!(self.store.replace(Some(&self.state()), state).expect("memory writes"));
    }
}

/// How long the request is.
fn bytes_of_an_activation() -> usize {
    let app = TestApp::start(Engine::Sqlite);
    let sold = Sold::new(&app, 1);
    let device = Beginner::new(&app, &sold);
    device.activate().expect("admitted");
    device.line.proxy.passed(Way::There)
}

/// Nothing of an activation that comes in part has an effect.
fn cut_on_the_way_there(app: &TestApp, devices: &[Beginner<'_>], whole: usize) {
    each_device(|n| {
        let Beginner { line, .. } = &devices[n];
        let mut request = None;
        for byte in share(n).take_while(|byte| *byte < whole) {
            line.proxy.cut_next(Way::There, &[byte, (byte + 1).min(whole - 1)]);
            unreachable(devices[n].activate());
            assert_eq!(line.proxy.spare(), 0, "{byte} of {whole}");
            let sent = (line.sent_the_same(), devices[n].state());
            assert!(*request.get_or_insert_with(|| sent.clone()) == sent, "{byte}: the same stored bytes");
        }
    });
    assert_eq!(
        (app.count("activations"), app.count("devices"), app.count("events WHERE kind LIKE 'device%'")),
        (0, 0, 0)
    );
}

/// The server has acted, and the device gets the same proof whenever it asks again.
fn cut_on_the_way_back(device: &Beginner<'_>, n: usize) {
    let Beginner { line, .. } = device;
    let (request, mut admitted) = (device.state(), None);
    for byte in share(n) {
        device.put_back(&request);
        line.cut(Way::Back, byte);
        let cut = device.activate();
        let uncut = line.proxy.spare();
        let activation = cut.or_else(|error| {
            assert_eq!((error.code(), uncut), ("server_unreachable", 0), "{byte}: {error}");
            assert!(device.state() == request, "{byte}: the same stored bytes");
            device.activate()
        });
        let activation = activation.unwrap_or_else(|error| panic!("{byte}: {error}"));
        line.sent_the_same();
        let got = (activation.id(), activation.generation(), device.state());
        assert!(*admitted.get_or_insert_with(|| got.clone()) == got, "{byte}: the same proof");
        if uncut == ATTEMPTS {
            break;
        }
    }
}

#[test]
fn an_activation_that_is_cut_at_every_byte() {
    let app = TestApp::start_with_limits(Engine::Postgres, Limits::danger_off());
    let sold = Sold::new(&app, DEVICES);
    let devices = [(); DEVICES].map(|()| Beginner::new(&app, &sold));
    let whole = bytes_of_an_activation();
    cut_on_the_way_there(&app, &devices, whole);
    each_device(|n| {
        // All of it comes, and then nobody waits for the answer.
        devices[n].line.proxy.cut_next(Way::There, &[whole, whole]);
        unreachable(devices[n].activate());
        assert_eq!(devices[n].line.proxy.spare(), 0);
        cut_on_the_way_back(&devices[n], n);
    });
    assert_admitted_once(&app);
}

/// A device that is activated, and what it recorded.
struct Beating<'a> {
    app: &'a TestApp,
    sold: &'a Sold,
    line: Arc<Line>,
    folder: tempfile::TempDir,
    beats: u64,
}

impl<'a> Beating<'a> {
    fn new(app: &'a TestApp, sold: &'a Sold) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let this = Self { app, sold, line: Line::to(app), folder, beats: 0 };
        this.start().activate(&sold.key).expect("admitted");
        this.line.sent_the_same();
        this
    }

    /// The program, started now.
    fn start(&self) -> Client {
        self.sold.program.install_on_disk_with(self.folder.path(), Arc::clone(&self.line))
    }

    /// One heartbeat with one entry of the chain. It is cut, and then it gets through. Says how many connections were not cut.
    fn beat(&mut self, cut: impl Fn(&Line)) -> usize {
        let now = UnixSeconds::new(self.app.clock.seconds()).expect("in range");
        let log = self.start().chain_log().expect("a log");
        let head = log.record(None, "rule.evaluate", [7; 32], now).expect("recorded");
        cut(&self.line);
        let beat = self.start().heartbeat();
        let uncut = self.line.proxy.spare();
        let beat = beat.or_else(|error| {
            assert_eq!((error.code(), uncut), ("server_unreachable", 0), "{error}");
            self.start().heartbeat()
        });
        let beat = beat.expect("it gets through");
        assert_eq!(
            (&beat.said, &beat.not_remembered, &beat.chain_error),
            (&BeatSaid::Admitted, &None, &None)
        );
        assert_eq!(log.acknowledged().expect("readable"), head);
        self.line.sent_the_same();
        self.beats += 1;
        uncut
    }
}

/// So many heartbeats, each with an entry of the chain: each counted once.
#[track_caller]
fn assert_heard_once(app: &TestApp, beats: u64) {
    assert_admitted_once(app);
    assert_eq!(app.count("instances"), DEVICES as u64);
    let beats = beats.to_string();
    assert_eq!(app.texts("SELECT CAST(SUM(seq) AS TEXT) FROM instances"), [&*beats]);
    assert_eq!(app.texts("SELECT CAST(SUM(last_seq - first_seq + 1) AS TEXT) FROM chain_entries"), [&*beats]);
}

#[test]
fn a_heartbeat_that_is_cut_at_every_byte() {
    let app = TestApp::start_with_limits(Engine::Sqlite, Limits::danger_off());
    let sold = Sold::new(&app, DEVICES);
    let beats = AtomicU64::new(0);
    each_device(|n| {
        let mut device = Beating::new(&app, &sold);
        for way in [Way::There, Way::Back] {
            let uncut = |byte| device.beat(|line| line.cut(way, byte)) == ATTEMPTS;
            share(n).any(uncut);
        }
        beats.fetch_add(device.beats, Ordering::SeqCst);
    });
    assert_heard_once(&app, beats.into_inner());
}

on_both_engines! {
    /// All of it comes, and nobody waits for the answer: whether the server goes on with it or not, it is done once.
    fn a_heartbeat_whose_sender_hangs_up(app: &TestApp) {
        let (sold, beats) = (Sold::new(app, DEVICES), AtomicU64::new(0));
        each_device(|_| {
            let mut device = Beating::new(app, &sold);
            device.beat(|_| ());
            for _ in 0..12 {
                let before = device.line.proxy.passed(Way::There);
                device.beat(|_| ());
                let whole = device.line.proxy.passed(Way::There) - before;
                device.beat(|line| line.proxy.cut_next(Way::There, &[whole, whole]));
            }
            beats.fetch_add(device.beats, Ordering::SeqCst);
        });
        assert_heard_once(app, beats.into_inner());
    }
}
