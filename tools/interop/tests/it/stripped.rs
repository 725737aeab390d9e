//! A program from which somebody took everything that only hinders: its sensors find nothing, its state forgets every reason and every time,
//! its configuration is as weak as it can be written, its clock shows what he likes. It still gets no yes, seat or feature that was
//! not signed (`spec/guard.md` §1.4).

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sealgate::guard::sensors::{Seen, Sensors};
use sealgate::guard::{ActionRefused, Finding, GuardConfig, Standing};
use sealgate::{BeatSaid, Client, Clock, Guard, Store, Tier, UnixSeconds};
use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::rust_sdk::text;
use crate::sdk::Program;

const DAY: u64 = 24 * 60 * 60;
/// What the license of these tests lists, and what others list.
const SOLD: [&str; 2] = ["export", "sync"];
const NOT_SOLD: [&str; 6] = ["sso", "*", "rule-engine", "advanced-auth", "Export ", ""];

/// Finds nothing, whatever there is.
struct Blind;

impl Sensors for Blind {
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        // Whoever says nothing at all could not look, and that counts as well.
        vec![Seen { sensor: "debugger", finding: Finding::Nothing, what: String::new() }]
    }
}

/// A state in which no reason and no time lasts, and perhaps no activation.
#[derive(Clone, Default)]
struct Forgetful {
    state: Arc<Mutex<Option<Vec<u8>>>>,
    forgets_activation: bool,
}

impl Forgetful {
    /// A copy of it for another machine.
    fn copied(&self) -> Self {
        let state = self.state.lock().expect("no panics").clone();
        Self { state: Arc::new(Mutex::new(state)), ..*self }
    }

    /// The same device, without its activation.
    fn without_activation(&self) -> Self {
        Self { forgets_activation: true, ..self.copied() }
    }

    fn forget(&self, state: &[u8]) -> Vec<u8> {
        let mut whole = object(state);
        whole.insert("guarded".to_owned(), raw("null"));
        if let Some(memory) = whole.get("memory").filter(|memory| memory.get() != "null") {
            let mut memory = object(memory.get().as_bytes());
            memory.extend(["floor", "authority_floor"].map(|floor| (floor.to_owned(), raw("0"))));
            whole.insert("memory".to_owned(), raw(&text_of(&memory)));
        }
        if let Some(activated) = whole.get("activated").filter(|activated| activated.get() != "null") {
            let mut activated = object(activated.get().as_bytes());
            activated.insert("ending".to_owned(), raw("null"));
            let left = if self.forgets_activation { "null".to_owned() } else { text_of(&activated) };
            whole.insert("activated".to_owned(), raw(&left));
        }
        text_of(&whole).into_bytes()
    }
}

impl Store for Forgetful {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.state.lock().expect("no panics").as_ref().map(|state| self.forget(state)))
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> io::Result<bool> {
        let mut state = self.state.lock().expect("no panics");
        let is_there = state.as_ref().map(|state| self.forget(state));
        if is_there.as_deref() != old {
            return Ok(false);
        }
        *state = Some(new.to_vec());
        Ok(true)
    }
}

/// Carriers stay as they are, byte for byte.
fn object(bytes: &[u8]) -> BTreeMap<String, Box<RawValue>> {
    serde_json::from_slice(bytes).expect("an object")
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON")
}

fn text_of(object: &BTreeMap<String, Box<RawValue>>) -> String {
    serde_json::to_string(object).expect("text")
}

/// A clock that whoever owns the machine sets.
#[derive(Clone)]
struct Own(Arc<AtomicU64>);

impl Clock for Own {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0.load(Ordering::SeqCst)).expect("in range")
    }
}

/// As weak as it can be written.
const WEAKEST: &str = r#"{"LicenseConfigs": {"Mode": "MODE", "FailMode": "Soft", "EnableAntiTampering": false, "EnableIntegrity": false,
    "EnforcementMode": "Development", "LicenseFilePath": "/nowhere/license.key", "ActivationProofPath": "/nowhere/proof.json",
    "Online": {"EnableHeartbeat": false, "HeartbeatIntervalMinutes": 999999, "RevocationGraceHours": 999999}}}"#;

/// A license of one vendor, and a stripped program for it.
struct Case {
    program: Program,
    license: Value,
    store: Forgetful,
    clock: Own,
}

impl Case {
    fn sold(app: &TestApp, name: &str, seats: u64) -> Self {
        let product = app.create_app(name);
        let wish = json!({
            "app_id": product["app_id"], "name": "Pro", "tier": "licensed", "max_devices": seats, "max_instances": 1, "duration": "30d",
            "features": SOLD.map(|name| json!({ "name": name })),
            "policy": {
                "heartbeat": { "interval": 14_400, "grace": DAY }, "anti_tamper": { "unknown": "tamper" }, "fail": "hard",
            },
        });
        let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
        let license = app.issue(&product, &json!({ "plan_id": plan["plan_id"] }));
        let clock = Own(Arc::new(AtomicU64::new(app.clock.seconds())));
        Self { program: Program::build(app, &product), license, store: Forgetful::default(), clock }
    }

    fn key(&self) -> String {
        text(&self.license["license_key"])
    }

    fn client_with(&self, store: &Forgetful) -> Arc<Client> {
        let client = self.program.builder().store(store.clone()).clock(self.clock.clone());
        Arc::new(client.build().expect("a client"))
    }

    fn client(&self) -> Arc<Client> {
        self.client_with(&self.store)
    }

    /// The stripped program, started in both modes.
    fn starts(&self, store: &Forgetful) -> [Guard; 2] {
        ["Offline", "Online"].map(|mode| start(&self.client_with(store), mode, None))
    }

    /// Time passes, at the server and on an honest clock.
    fn pass(&self, app: &TestApp, seconds: u64) {
        app.clock.advance(seconds);
        self.clock.0.store(app.clock.seconds(), Ordering::SeqCst);
    }

    fn turn_clock_back(&self, seconds: u64) {
        self.clock.0.fetch_sub(seconds, Ordering::SeqCst);
    }

    fn asks(&self, client: &Client) -> String {
        client.validate_license(&self.key()).expect_err("a no").code().to_owned()
    }
}

type Files = (Option<Vec<u8>>, Option<Vec<u8>>);

fn start(client: &Arc<Client>, mode: &str, files: Option<Files>) -> Guard {
    let config = GuardConfig::from_json(&WEAKEST.replace("MODE", mode)).expect("it reads");
    let guard = client.guard().without_threads().sensors(Blind).free([]);
    let guard = guard.configured(&config, None).expect("nothing lies there");
    let guard = match files {
        Some((license, proof)) => guard.files(license, proof),
        None => guard,
    };
    guard.start().expect("what is free works")
}

/// It has what was signed, and nothing else.
#[track_caller]
fn has_what_was_sold(guard: &Guard) {
    for feature in SOLD {
        assert!(guard.has_feature(feature), "{feature}: {:?}", guard.state());
    }
    assert_eq!(guard.tier(), Tier::Licensed);
    has_nothing_else(guard);
}

#[track_caller]
fn has_nothing_else(guard: &Guard) {
    // A name counts without regard to case and white space.
    for feature in NOT_SOLD.iter().filter(|feature| feature.trim().to_lowercase() != "export") {
        assert!(!guard.has_feature(feature), "{feature}");
    }
    assert!(guard.require_tier(Tier::Enterprise).is_err());
}

#[track_caller]
fn has_nothing(guard: &Guard) {
    for feature in SOLD.iter().chain(&NOT_SOLD) {
        assert!(!guard.has_feature(feature), "{feature}: {:?}", guard.state());
        let refused = guard.ensure_valid(feature).expect_err("it has none");
        assert!(matches!(refused, ActionRefused::Feature { tier: Tier::Free, .. }), "{refused:?}");
    }
    assert_eq!(guard.tier(), Tier::Free);
    assert!(guard.require_tier(Tier::Licensed).is_err());
}

fn change(app: &TestApp, case: &Case, deed: &str) {
    let path = format!("/api/v1/licenses/{}/{deed}", text(&case.license["license_id"]));
    app.api("POST", &path, &json!({})).expect(200);
}

/// One edit of bytes: where (a share of the whole), what, and how.
#[derive(Debug, Clone)]
enum Edit {
    Flip(f64, u8),
    Cut(f64, usize),
    Insert(f64, Vec<u8>),
    Repeat(f64, usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let one = prop_oneof![
        (0.0f64..1.0, 1u8..=255).prop_map(|(at, bits)| Edit::Flip(at, bits)),
        (0.0f64..1.0, 1usize..40).prop_map(|(at, bytes)| Edit::Cut(at, bytes)),
        (0.0f64..1.0, prop::collection::vec(any::<u8>(), 1..8))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (0.0f64..1.0, 1usize..400).prop_map(|(at, bytes)| Edit::Repeat(at, bytes)),
    ];
    prop::collection::vec(one, 1..4)
}

fn edited(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a length"
        )]
        let place = |share: &f64| ((bytes.len() as f64) * share) as usize;
        match edit {
            Edit::Flip(at, bits) => {
                let at = place(at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Edit::Cut(at, many) => {
                let at = place(at);
                bytes.drain(at..(at + many).min(bytes.len()));
            }
            Edit::Insert(at, more) => {
                let at = place(at);
                bytes.splice(at..at, more.iter().copied());
            }
            Edit::Repeat(at, many) => {
                let at = place(at);
                let piece = bytes[at..(at + many).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// The payload of a carrier, changed and put back under the old signature.
fn with_payload(carrier: &[u8], change: &dyn Fn(&str) -> String) -> Vec<u8> {
    let mut whole: Value = serde_json::from_slice(carrier).expect("JSON");
    let payload = find_payload(&mut whole).expect("an envelope");
    let bytes = sealgate_artifact::decode_base64(payload.as_str().expect("text"), "payload").expect("base64");
    let before = String::from_utf8(bytes).expect("text");
    let after = change(&before);
    assert_ne!(after, before, "the change bites");
    *payload = json!(STANDARD.encode(after.as_bytes()));
    serde_json::to_vec(&whole).expect("JSON")
}

fn find_payload(value: &mut Value) -> Option<&mut Value> {
    let object = value.as_object_mut()?;
    if object.contains_key("payload") {
        return object.get_mut("payload");
    }
    object.values_mut().find_map(find_payload)
}

on_both_engines! {
    fn it_has_no_feature_that_was_not_sold(app: &TestApp) {
        let case = Case::sold(app, "Editor", 1);
        for guard in case.starts(&case.store) {
            has_nothing(&guard);
        }
        case.client().activate(&case.key()).expect("admitted");
        for guard in case.starts(&case.store) {
            has_what_was_sold(&guard);
        }
        assert_eq!(app.count("devices"), 1);
    }

    /// By an honest clock it has nothing; by one that stands still it has what was signed for then, and no server says yes.
    fn it_does_not_outlive_its_license(app: &TestApp) {
        let case = Case::sold(app, "Editor", 1);
        case.client().activate(&case.key()).expect("admitted");
        for _ in 0..30 {
            case.pass(app, DAY - 60);
            case.client().heartbeat().expect("answered");
            has_what_was_sold(&start(&case.client(), "Offline", None));
        }
        case.pass(app, 60 * 30);
        for guard in case.starts(&case.store) {
            has_nothing(&guard);
        }
        assert_eq!(case.asks(&case.client()), "expired");
        assert_eq!(case.client().activate(&case.key()).expect_err("over").code(), "expired");
        case.turn_clock_back(29 * DAY);
        for guard in case.starts(&case.store) {
            has_nothing_else(&guard);
        }
        assert!(case.client().validate_license(&case.key()).is_err(), "whatever this machine's clock says");
        assert!(case.client().activate(&case.key()).is_err());
        let beat = case.client().heartbeat();
        assert!(!beat.is_ok_and(|beat| beat.said == BeatSaid::Admitted));
    }

    fn it_does_not_outlive_a_revocation(app: &TestApp) {
        let case = Case::sold(app, "Editor", 1);
        case.client().activate(&case.key()).expect("admitted");
        let running = case.starts(&case.store);
        running.iter().for_each(has_what_was_sold);
        change(app, &case, "revoke");
        assert_eq!(case.asks(&case.client()), "revoked", "at once");
        let told = case.client().heartbeat().expect("answered");
        assert!(matches!(&told.said, BeatSaid::Ended { code, .. } if code == "revoked"), "{told:?}");
        // What was signed before goes on until its deadline, which no failure and no restart moves.
        for _ in 0..4 {
            case.pass(app, DAY / 4);
            let _ = case.client().heartbeat();
        }
        for guard in running.iter().chain(&case.starts(&case.store)) {
            let _ = guard.heartbeat();
            has_nothing(guard);
        }
        assert_eq!(case.client().activate(&case.key()).expect_err("revoked").code(), "revoked");
        for guard in case.starts(&case.store) {
            has_nothing(&guard);
        }
    }

    fn it_gets_no_seat_that_was_not_sold(app: &TestApp) {
        let case = Case::sold(app, "Editor", 1);
        case.client().activate(&case.key()).expect("admitted");
        for _ in 0..3 {
            let another = Forgetful::default();
            let client = case.client_with(&another);
            assert_eq!(client.activate(&case.key()).expect_err("full").code(), "device_limit");
            assert_eq!(case.asks(&client), "device_limit");
            for guard in case.starts(&another) {
                has_nothing(&guard);
            }
        }
        assert_eq!(app.count("devices"), 1);
        // A copy of the whole state runs until the deadline that was signed. The server goes on with one of the two.
        let copy = case.store.copied();
        for guard in case.starts(&copy) {
            has_what_was_sold(&guard);
        }
        for _ in 0..24 {
            case.pass(app, 3_599);
            assert_eq!(case.client().heartbeat().expect("answered").said, BeatSaid::Admitted);
            // In the same second it would ask with the same bytes: a question that is repeated, of one device.
            case.pass(app, 1);
            let said = case.client_with(&copy).heartbeat().expect("answered").said;
            assert!(matches!(said, BeatSaid::Refused { .. }), "{said:?}");
        }
        for guard in case.starts(&copy) {
            has_nothing(&guard);
        }
        assert_eq!((app.count("devices"), app.count("instances")), (1, 1));
    }

    /// Files of another product, of another vendor, and of another device give nothing, nor does another vendor's server.
    fn it_takes_nothing_of_somebody_elses(app: &TestApp) {
        let elsewhere = TestApp::start(Engine::Sqlite);
        let (own, product, vendor) = (Case::sold(app, "Editor", 1), Case::sold(app, "Viewer", 5), Case::sold(&elsewhere, "Editor", 5));
        own.client().activate(&own.key()).expect("admitted");
        let device = own.store.without_activation();
        for other in [&product, &vendor] {
            let held = other.client().activate(&other.key()).expect("admitted");
            let files = (Some(held.license_carrier().to_vec()), Some(held.proof_carrier().to_vec()));
            for files in [files.clone(), (files.0, None)] {
                has_nothing(&start(&own.client_with(&device), "Offline", Some(files)));
            }
            // Its whole state in the place of this one's.
            for guard in own.starts(&other.store.copied()) {
                has_nothing(&guard);
            }
            assert!(own.client().validate_license(&other.key()).is_err());
        }
        let theirs = own.program.of(&elsewhere).builder().store(own.store.clone()).clock(own.clock.clone());
        theirs.build().expect("a client").validate_license(&vendor.key()).expect_err("no yes");
        // The own files on a device that has another key.
        let held = own.client().activation().expect("it verifies").expect("kept");
        let files = (Some(held.license_carrier().to_vec()), Some(held.proof_carrier().to_vec()));
        let stranger = Forgetful::default();
        let _ = own.client_with(&stranger).validate_license(&own.key());
        has_nothing(&start(&own.client_with(&stranger), "Offline", Some(files.clone())));
        has_what_was_sold(&start(&own.client_with(&device), "Offline", Some(files)));
    }

    fn it_takes_no_edited_license_or_proof(app: &TestApp) {
        let case = Case::sold(app, "Editor", 1);
        case.client().activate(&case.key()).expect("admitted");
        let held = case.client().activation().expect("it verifies").expect("kept");
        let (license, proof) = (held.license_carrier().to_vec(), held.proof_carrier().to_vec());
        let device = case.store.without_activation();
        let start = |license: Vec<u8>, proof: Option<Vec<u8>>| start(&case.client_with(&device), "Offline", Some((Some(license), proof)));
        has_what_was_sold(&start(license.clone(), Some(proof.clone())));
        has_nothing(&start(license.clone(), None));
        for (one, other) in [("\"licensed\"", "\"enterprise\""), ("\"export\"", "\"*\""), ("\"sync\"", "\"sso\""), ("14400", "15000"), ("\"unknown\"", "\"unknowm\"")] {
            has_nothing(&start(with_payload(&license, &|payload| payload.replace(one, other)), Some(proof.clone())));
        }
        for stripped in [json!([]), json!(null)] {
            let mut unsigned: Value = serde_json::from_slice(&license).expect("JSON");
            strip_signatures(&mut unsigned, &stripped);
            has_nothing(&start(serde_json::to_vec(&unsigned).expect("JSON"), Some(proof.clone())));
        }
        let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
        let deadline = app.clock.seconds() + DAY;
        runner.run(&(edits(), any::<bool>()), |(edits, of_license)| {
            let (license, proof) = if of_license {
                (edited(&license, &edits), proof.clone())
            } else {
                (license.clone(), edited(&proof, &edits))
            };
            let guard = start(license.clone(), Some(proof.clone()));
            has_nothing_else(&guard);
            if guard.state().standing != Standing::Licensed {
                has_nothing(&guard);
                return Ok(());
            }
            // What does not change what is signed changes nothing, not the deadline either.
            has_what_was_sold(&guard);
            let before = case.clock.0.swap(deadline, Ordering::SeqCst);
            has_nothing(&start(license, Some(proof)));
            case.clock.0.store(before, Ordering::SeqCst);
            Ok(())
        }).expect("no edit gives more");
    }
}

fn strip_signatures(value: &mut Value, by: &Value) {
    let Some(object) = value.as_object_mut() else { return };
    for (name, value) in object {
        if name == "signatures" {
            *value = by.clone();
        } else {
            strip_signatures(value, by);
        }
    }
}
