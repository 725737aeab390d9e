//! Whatever happens in whatever order: the server answers what the model answers.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sealgate_artifact::UnixSeconds;
use sealgate_authforge::ValidatePayload;
use sealgate_testkit::{Engine, TestApp};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use crate::model::{Answer, Model, Scope, Sold};

const LICENSES: usize = 3;
const TTLS: [u64; 2] = [3600, 7200];

#[derive(Debug, Clone)]
enum Step {
    Validate(Scope, u64),
    Revoke(usize),
    Advance(u64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let scope = (0..LICENSES, 0..4_u8, 0..3_u8);
    let ttl = prop_oneof![4 => Just(TTLS[0]), 1 => Just(TTLS[1])];
    prop_oneof![
        24 => (scope, ttl).prop_map(|(scope, ttl)| Step::Validate(scope, ttl)),
        1 => (0..LICENSES).prop_map(Step::Revoke),
        4 => prop_oneof![1..60_u64, 118..122_u64].prop_map(Step::Advance),
        1 => Just(Step::Restart),
    ]
}

#[test]
fn the_server_answers_what_the_model_answers() {
    let app = RefCell::new(TestApp::start(Engine::Sqlite));
    let editor = app.borrow().create_app("Editor");
    let mut runner = TestRunner::new(Config { cases: 16, ..Config::default() });
    let steps = prop::collection::vec(step(), 1..60);
    runner.run(&steps, |steps| World::new(&mut app.borrow_mut(), &editor).live(&steps)).expect("they agree");
}

/// A server, and a model of the licenses that were issued for this run.
struct World<'a> {
    app: &'a mut TestApp,
    editor: &'a Value,
    licenses: Vec<Value>,
    model: Model,
    devices_before: u64,
}

impl<'a> World<'a> {
    fn new(app: &'a mut TestApp, editor: &'a Value) -> Self {
        let soon = app.clock.seconds() + 150;
        let sold = [
            Sold { seats: Some(1), expires_at: Some(soon) },
            Sold { seats: Some(2), expires_at: None },
            Sold { seats: None, expires_at: Some(soon) },
        ];
        let licenses = sold.iter().map(|sold| app.issue(editor, &order(*sold))).collect();
        let devices_before = app.count("devices");
        Self { app, editor, licenses, model: Model::new(sold.to_vec()), devices_before }
    }

    fn live(mut self, steps: &[Step]) -> Result<(), TestCaseError> {
        for step in steps {
            match step {
                Step::Validate(scope, ttl) => {
                    let expected = self.model.validate(*scope, *ttl, self.app.clock.seconds());
                    prop_assert_eq!(self.ask(*scope, *ttl), expected, "{:?}", step);
                }
                Step::Revoke(license) => self.revoke(*license),
                Step::Advance(seconds) => self.app.clock.advance(*seconds),
                Step::Restart => {
                    self.app.restart();
                    self.model.restart();
                }
            }
        }
        prop_assert_eq!(self.app.count("devices") - self.devices_before, self.model.devices() as u64);
        Ok(())
    }

    fn revoke(&mut self, license: usize) {
        let id = self.licenses[license]["license_id"].as_str().expect("text");
        self.app.api("POST", &format!("/api/v1/licenses/{id}/revoke"), &json!({})).expect(200);
        self.model.revoke(license);
    }

    fn ask(&self, (license, device, nonce): Scope, ttl: u64) -> Answer {
        let (hwid, nonce) = (format!("device-{device}"), format!("{nonce:032x}"));
        let mut question = TestApp::question(self.editor, &self.licenses[license], &hwid, &nonce);
        question["ttlSeconds"] = json!(ttl);
        let answer = self.app.validate(&question).json();
        if let Some(error) = answer["error"].as_str() {
            let known = ["replay_detected", "revoked", "expired", "hwid_mismatch"];
            return Answer::Refused(known.into_iter().find(|code| *code == error).unwrap_or("no known code"));
        }
        let payload = answer["payload"].as_str().expect("text");
        let payload = sealgate_artifact::decode_base64(payload, "payload").expect("base64");
        let payload: ValidatePayload = serde_json::from_slice(&payload).expect("the documented form");
        assert_eq!((payload.hwid, payload.nonce), (hwid, nonce));
        Answer::Success { used: payload.hwid_count, asked_at: payload.timestamp.get() }
    }
}

fn order(sold: Sold) -> Value {
    let seats = sold.seats.map_or_else(|| json!("unlimited"), |seats| json!(seats));
    let end = sold.expires_at.map(|end| Timestamp(UnixSeconds::new(end).expect("in range")).to_string());
    json!({ "max_devices": seats, "expires_at": end })
}
