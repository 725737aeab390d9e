//! What the vendor does, and what was answered.

use proptest::prelude::*;
use sealgate_testkit::Answer;
use serde_json::{Value, json};

use super::model::{Code, Done, GRANTED, Model, Name};
use super::servers::{Asked, VENDOR};
use super::steps::{Change, Deed, Delivery, Device, Effect};
use super::wires::shown;
use super::world::{World, kind, text};
use crate::support::{assert_problem, change};

impl World<'_> {
    pub(super) fn deed(&mut self, delivery: Delivery, deed: &Deed) -> Result<(), TestCaseError> {
        match deed {
            Deed::Change(license, change) => self.change(*license, *change),
            Deed::Release(license, device) => self.release(*license, *device),
            Deed::List(effect, name) => self.list(*effect, *name),
            Deed::Unlist => self.unlist(),
            Deed::Order(name) => self.named(delivery, Name::Order(*name)),
            Deed::Grant(name) => self.named(delivery, Name::Grant(*name)),
        }
    }

    fn change(&mut self, license: usize, wanted: Change) -> Result<(), TestCaseError> {
        let verb = match wanted {
            Change::Suspend => "suspend",
            Change::Resume => "resume",
            Change::Revoke => "revoke",
        };
        let answer = change(self.servers.first(), &self.licenses[license], verb, &json!({}));
        let changes = |model: &mut Model| model.change(license, wanted);
        self.done(changes, |expected| judge(&answer, 200, *expected))
    }

    fn release(&mut self, license: usize, device: Device) -> Result<(), TestCaseError> {
        let (kind, name) = (kind(device), self.name(device.name()));
        let path =
            format!("/api/v1/devices?limit=200&license_id={}", text(&self.licenses[license]["license_id"]));
        let server = self.servers.first();
        let held = server.api("GET", &path, &json!(null)).expect(200);
        let held = held["items"].as_array().expect("a list").iter();
        let found: Vec<&Value> = held.filter(|d| d["kind"] == kind && d["identity"] == *name).collect();
        for device in &found {
            let path = format!("/api/v1/devices/{}/release", text(&device["device_id"]));
            server.api("POST", &path, &json!({ "override_allowance": true })).expect(200);
        }
        let releases = |model: &mut Model| model.release(license, device);
        self.done(releases, |held| found.len() == usize::from(*held))
    }

    fn list(&mut self, effect: Effect, name: usize) -> Result<(), TestCaseError> {
        let word = if effect == Effect::Allow { "allow" } else { "deny" };
        let entry = json!({ "app_id": self.editor["app_id"], "effect": word, "hwid": self.name(name) });
        let answer = self.servers.first().api("POST", "/api/v1/access", &entry);
        let lists = |model: &mut Model| model.list(VENDOR, effect, name);
        self.done(lists, |expected| judge(&answer, 201, *expected))
    }

    fn unlist(&mut self) -> Result<(), TestCaseError> {
        let server = self.servers.first();
        let path = format!("/api/v1/access?limit=200&app_id={}", text(&self.editor["app_id"]));
        let entries = server.api("GET", &path, &json!(null)).expect(200);
        for entry in entries["items"].as_array().expect("a list") {
            let path = format!("/api/v1/access/{}", text(&entry["entry_id"]));
            server.api("DELETE", &path, &json!(null)).expect(200);
        }
        self.done(|model| model.unlist(VENDOR), |()| true)
    }

    /// A request that may be sent again.
    fn named(&mut self, delivery: Delivery, name: Name) -> Result<(), TestCaseError> {
        // The number of what is done now, unless it was done before.
        let serial = self.first.len();
        self.first.push(None);
        let does = |model: &mut Model| model.once(VENDOR, name, serial);
        match delivery {
            Delivery::Arrives => {}
            Delivery::Lost => self.ask_once(name, does)?,
            Delivery::Cut => {
                let (path, key, body) = self.request(name);
                let server = self.servers.first();
                let bearer = format!("Bearer {}", server.token);
                let headers = [("authorization", &*bearer), ("idempotency-key", &key)];
                server.break_off(&path, &headers, &body);
                self.beliefs.perhaps(|model| through(model, does));
            }
        }
        self.ask_once(name, does)
    }

    fn ask_once(
        &mut self,
        name: Name,
        does: impl Fn(&mut Model) -> Result<Done, Code>,
    ) -> Result<(), TestCaseError> {
        let (path, key, body) = self.request(name);
        let answer = self.servers.first().post_once(&path, &key, &body);
        let status = if matches!(name, Name::Order(_)) { 201 } else { 200 };
        let (first, balance) = (&self.first, answer.json()["balance"].as_u64());
        let is_first = |serial: usize| first[serial].as_ref().is_none_or(|first| *first == answer.bytes);
        let says = |told: &Result<Done, Code>| match told {
            Ok(done) => answer.status == status && done.balance == balance && is_first(done.serial),
            Err(code) => refuses(&answer, 503, code),
        };
        let outcomes = |model: &Model| through(model, &does);
        if let Ok(done) = self.beliefs.told(outcomes, says, &shown(&answer))? {
            self.first[done.serial].get_or_insert(answer.bytes);
        }
        Ok(())
    }

    /// Path, idempotency key and body.
    fn request(&self, name: Name) -> (String, String, Value) {
        let app = text(&self.editor["app_id"]);
        match name {
            Name::Order(n) => (
                "/api/v1/licenses".to_owned(),
                format!("{app} order {n}").replace(' ', "-"),
                json!({ "app_id": app }),
            ),
            Name::Grant(n) => {
                let path = format!("/api/v1/apps/{app}/credits");
                (path, format!("{app}-grant-{n}"), json!({ "amount": GRANTED }))
            }
        }
    }

    /// Compares what the vendor was told with what the model expects.
    fn done<T: std::fmt::Debug + Clone>(
        &mut self,
        deed: impl Fn(&mut Model) -> T,
        says: impl Fn(&T) -> bool,
    ) -> Result<(), TestCaseError> {
        self.beliefs.told(|model| through(model, &deed), says, "otherwise").map(drop)
    }
}

fn through<T>(model: &Model, deed: impl Fn(&mut Model) -> T) -> Vec<(T, Model)> {
    let mut after = model.clone();
    let told = after.through(VENDOR, deed);
    vec![(told, after)]
}

fn judge(answer: &Answer, success: u16, expected: Result<(), Code>) -> bool {
    match expected {
        Ok(()) => answer.status == success,
        Err(code) => refuses(answer, 409, code),
    }
}

fn refuses(answer: &Answer, status: u16, code: Code) -> bool {
    if answer.status == status {
        assert_problem(answer, status, code);
    }
    answer.status == status
}
