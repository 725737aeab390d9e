//! The server and the model side by side.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use sealgate_artifact::UnixSeconds;
use sealgate_testkit::{Answer, Build, TestApp, TestDevice};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use super::model::{Code, Model, Sold};
use super::steps::{Change, Device, Effect, LICENSES, PLAIN, Step};
use crate::support::{assert_problem, change};

/// The server keeps the devices of a license in memory while there are no more than this.
const KEPT: u64 = 64;

/// A server, an app that was made for this run, and a model of it.
pub(crate) struct World<'a> {
    pub(super) server: &'a mut TestApp,
    pub(super) keys: &'a [TestDevice],
    pub(super) editor: Value,
    pub(super) build: Build,
    pub(super) licenses: Vec<Value>,
    pub(super) model: Model,
    /// The model's sessions, as tokens.
    pub(super) tokens: Vec<String>,
    /// The bytes of every yes, by its question and what it says.
    answered: HashMap<String, Vec<u8>>,
}

fn sold(now: u64) -> [Sold; LICENSES] {
    let plain = Sold { seats: Some(1), crowd: 0, begins_at: None, ends_at: None };
    [
        Sold { ends_at: Some(now + 150), ..plain },
        Sold { seats: Some(2), ..plain },
        Sold { seats: None, ends_at: Some(now + 5000), ..plain },
        // One more device, and the server looks each of them up in the database.
        Sold { seats: Some(KEPT + 3), crowd: KEPT, ..plain },
        Sold { begins_at: Some(now + 60), ends_at: Some(now + 300), ..plain },
    ]
}

impl<'a> World<'a> {
    pub(crate) fn new(server: &'a mut TestApp, keys: &'a [TestDevice]) -> Self {
        let editor = server.create_app(&format!("Editor {}", server.count("apps")));
        let now = server.clock.seconds();
        let sold = sold(now);
        let licenses = sold.iter().map(|sold| issue(server, &editor, *sold)).collect();
        let build = server.build(&editor);
        let model = Model::new(&sold, now);
        Self { server, keys, editor, build, licenses, model, tokens: vec![], answered: HashMap::new() }
    }

    pub(crate) fn live(mut self, steps: &[Step]) -> Result<(), TestCaseError> {
        for step in steps {
            self.take(step)?;
        }
        self.look_back()
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Validate(request) => self.validate(request)?,
            Step::Online(request) => self.online(request)?,
            Step::Heartbeat(token, nonce) => self.heartbeat(*token, *nonce)?,
            Step::Report { license, hwid, revoke } => self.report(*license, *hwid, *revoke)?,
            Step::ReportInSession(token, reach) => self.report_in_session(*token, *reach)?,
            Step::Change(license, change) => self.change(*license, *change),
            Step::Release(license, device) => self.release(*license, *device)?,
            Step::List(effect, name) => self.list(*effect, *name),
            Step::Unlist => self.unlist(),
            Step::Advance(seconds) => self.advance(*seconds),
            Step::Restart => self.restart(),
        }
        Ok(())
    }

    fn advance(&mut self, seconds: u64) {
        self.server.clock.advance(seconds);
        self.model.advance(seconds);
    }

    fn restart(&mut self) {
        self.server.restart();
        self.build.origin.clone_from(&self.server.url);
        self.model.restart();
    }

    fn change(&mut self, license: usize, wanted: Change) {
        let verb = match wanted {
            Change::Suspend => "suspend",
            Change::Resume => "resume",
            Change::Revoke => "revoke",
        };
        let answer = change(self.server, &self.licenses[license], verb, &json!({}));
        judge(&answer, 200, self.model.change(license, wanted));
    }

    fn release(&mut self, license: usize, device: Device) -> Result<(), TestCaseError> {
        let (kind, name) = (kind(device), self.name(device.name()));
        let path =
            format!("/api/v1/devices?limit=200&license_id={}", text(&self.licenses[license]["license_id"]));
        let held = self.server.api("GET", &path, &json!(null)).expect(200);
        let held = held["items"].as_array().expect("a list").iter();
        let found: Vec<&Value> = held.filter(|d| d["kind"] == kind && d["identity"] == *name).collect();
        prop_assert_eq!(found.len(), usize::from(self.model.release(license, device)), "{:?}", device);
        for device in found {
            let path = format!("/api/v1/devices/{}/release", text(&device["device_id"]));
            self.server.api("POST", &path, &json!({ "override_allowance": true })).expect(200);
        }
        Ok(())
    }

    fn list(&mut self, effect: Effect, name: usize) {
        let word = if effect == Effect::Allow { "allow" } else { "deny" };
        let entry = json!({ "app_id": self.editor["app_id"], "effect": word, "hwid": self.name(name) });
        let answer = self.server.api("POST", "/api/v1/access", &entry);
        judge(&answer, 201, self.model.list(effect, name));
    }

    fn unlist(&mut self) {
        let path = format!("/api/v1/access?limit=200&app_id={}", text(&self.editor["app_id"]));
        let entries = self.server.api("GET", &path, &json!(null)).expect(200);
        for entry in entries["items"].as_array().expect("a list") {
            let path = format!("/api/v1/access/{}", text(&entry["entry_id"]));
            self.server.api("DELETE", &path, &json!(null)).expect(200);
        }
        self.model.unlist();
    }

    /// The text that devices of that name are known by.
    pub(super) fn name(&self, name: usize) -> String {
        match name.checked_sub(PLAIN) {
            Some(key) => self.keys[key].key.to_string(),
            None => format!("device-{name}"),
        }
    }

    /// The same question has the same bytes again, as long as nothing changed that the answer depends on.
    pub(super) fn repeats(&mut self, question: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
        let first = self.answered.entry(question.to_owned()).or_insert_with(|| bytes.to_vec());
        prop_assert!(first == bytes, "other bytes for {question}");
        Ok(())
    }

    /// Compares what the database holds after all steps: each effect there, and none of them twice.
    fn look_back(&self) -> Result<(), TestCaseError> {
        let app = text(&self.editor["app_id"]);
        let devices =
            "licenses l JOIN devices d ON d.license_id = l.license_id AND d.identity NOT LIKE 'crowd-%'";
        let holder = "l.license_id || ' ' || d.kind || ' ' || d.identity";
        let held = self.server.texts(&format!("SELECT {holder} FROM {devices} WHERE app_id = '{app}'"));
        prop_assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), self.holders(), "devices");
        let events = |kind| self.server.count(&format!("events WHERE kind = '{kind}' AND app_id = '{app}'"));
        let effects = (events("device_bound"), events("device_released"));
        prop_assert_eq!(effects, (self.model.taken, self.model.released), "events");
        Ok(())
    }

    fn holders(&self) -> BTreeSet<String> {
        let of_license = |(number, license): (usize, &Value)| {
            let id = text(&license["license_id"]).to_owned();
            let holder = move |d: &Device| format!("{id} {} {}", kind(*d), self.name(d.name()));
            self.model.holders(number).iter().map(holder).collect::<Vec<_>>()
        };
        self.licenses.iter().enumerate().flat_map(of_license).collect()
    }
}

fn kind(device: Device) -> &'static str {
    match device {
        Device::Hwid(_) => "hwid",
        Device::Key(_) => "key",
    }
}

fn judge(answer: &Answer, success: u16, expected: Result<(), Code>) {
    match expected {
        Ok(()) => assert_eq!(answer.status, success),
        Err(code) => assert_problem(answer, 409, code),
    }
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn issue(server: &TestApp, editor: &Value, sold: Sold) -> Value {
    let seats = sold.seats.map_or_else(|| json!("unlimited"), |seats| json!(seats));
    let end = sold.ends_at.map(|end| Timestamp(UnixSeconds::new(end).expect("in range")).to_string());
    let license = server.issue(editor, &json!({ "max_devices": seats, "expires_at": end }));
    // The API gives no license a later start, and devices take their seats one by one. No cache knows the license yet.
    if let Some(begin) = sold.begins_at {
        let id = text(&license["license_id"]);
        server.meddle(&format!("UPDATE licenses SET not_before = {begin} WHERE license_id = '{id}'"));
    }
    if sold.crowd > 0 {
        seat_crowd(server, &license, sold.crowd);
    }
    license
}

fn seat_crowd(server: &TestApp, license: &Value, crowd: u64) {
    let id = text(&license["license_id"]);
    let before = server.count("devices");
    let row = |n: u64| {
        let device = format!("01926a3b-0000-7000-8000-{:012x}", before + n);
        format!(
            "SELECT license_id, 'hwid', 'crowd-{n}', '{device}', tenant_id, 1 FROM licenses WHERE license_id = '{id}'"
        )
    };
    let rows: Vec<String> = (0..crowd).map(row).collect();
    let columns = "license_id, kind, identity, device_id, tenant_id, first_seen";
    server.meddle(&format!("INSERT INTO devices ({columns}) {}", rows.join(" UNION ALL ")));
    let counted = "(SELECT COUNT(*) FROM devices d WHERE d.license_id = licenses.license_id)";
    server.meddle(&format!("UPDATE licenses SET devices_used = {counted}"));
}
