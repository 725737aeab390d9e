//! The servers and the model side by side.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use sealgate_artifact::UnixSeconds;
use sealgate_testkit::{Build, TestApp, TestDevice};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use super::beliefs::Beliefs;
use super::model::{KEPT, Model, Sold};
use super::servers::{Servers, VENDOR};
use super::steps::{Ask, Delivery, Device, LICENSES, PLAIN, Step};

/// The number of a server, and whether it is asked before it has read what others changed.
pub(crate) type Place = (usize, bool);

/// Servers, an app that was made for this run, and what may have become of it.
pub(crate) struct World<'a> {
    pub(super) servers: &'a mut Servers,
    pub(super) keys: &'a [TestDevice],
    pub(super) editor: Value,
    /// For each server.
    pub(super) builds: Vec<Build>,
    pub(super) licenses: Vec<Value>,
    pub(super) beliefs: Beliefs,
    /// The sessions that clients were given, as tokens.
    pub(super) tokens: Vec<String>,
    /// The token of the answer that is looked at.
    pub(super) offered: String,
    /// What was asked last.
    latest: Option<Ask>,
    /// The bytes of every yes, by its question and what it says.
    answered: HashMap<String, Vec<u8>>,
    /// The first answers to requests under a name, by the number of what was done. An answer may never have arrived.
    pub(super) first: Vec<Option<Vec<u8>>>,
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
    pub(crate) fn new(servers: &'a mut Servers, keys: &'a [TestDevice]) -> Self {
        servers.set_right();
        let editor = servers.create_app();
        let now = servers.first().clock.seconds();
        let sold = sold(now);
        let licenses = sold.iter().map(|sold| issue(servers.first(), &editor, *sold)).collect();
        let build = servers.first().build(&editor);
        let builds =
            servers.all().map(|server| Build { origin: server.url.clone(), ..build.clone() }).collect();
        let beliefs = Beliefs::new(Model::new(&sold, servers.count(), now));
        Self {
            servers,
            keys,
            editor,
            builds,
            licenses,
            beliefs,
            tokens: vec![],
            offered: String::new(),
            latest: None,
            answered: HashMap::new(),
            first: vec![],
        }
    }

    pub(crate) fn live(mut self, steps: &[Step]) -> Result<(), TestCaseError> {
        for step in steps {
            self.take(step)?;
            self.find_out()?;
        }
        self.settle()
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Ask { at, at_once, delivery, ask } => {
                let place = (self.servers.number(*at), *at_once);
                self.deliver(place, *delivery, ask)?;
                self.latest = Some(ask.clone());
            }
            Step::Again { at, at_once } => {
                if let Some(ask) = self.latest.clone() {
                    self.deliver((self.servers.number(*at), *at_once), Delivery::Arrives, &ask)?;
                }
            }
            Step::Deed(delivery, deed) => self.deed(*delivery, deed)?,
            Step::Advance(seconds) => self.advance(*seconds),
            Step::Set(at, ahead) => self.set(self.servers.number(*at), *ahead),
            Step::Accept => self.accept()?,
            Step::Work(at) => self.servers.at(self.servers.number(*at)).run_jobs(),
            Step::Keep => {
                self.servers.first().keep_state();
                self.servers.clocks.kept();
                self.beliefs.surely(Model::keep);
            }
            Step::GoBack => self.go_back(),
            Step::Restart(at) => self.restart(self.servers.number(*at))?,
            Step::Settle => self.settle()?,
        }
        Ok(())
    }

    pub(super) fn deliver(
        &mut self,
        place: Place,
        delivery: Delivery,
        ask: &Ask,
    ) -> Result<(), TestCaseError> {
        self.read_changes(place);
        // A server that may have no certificate may have done nothing, and never tells.
        let tells = self.servers.clocks.are_settled() || !matches!(ask, Ask::Online(_));
        match delivery {
            Delivery::Cut if !tells => {}
            Delivery::Arrives => {}
            Delivery::Lost => self.ask(place, ask)?,
            Delivery::Cut => self.ask_and_break_off(place, ask),
        }
        self.ask(place, ask)
    }

    /// Where connections broke off and servers had not read what others changed, much may have happened.
    fn find_out(&mut self) -> Result<(), TestCaseError> {
        if !self.beliefs.are_many() {
            return Ok(());
        }
        for at in 0..self.servers.count() {
            self.read_changes((at, false));
        }
        self.look_back()
    }

    /// Unless it is asked at once, a server has read what others changed.
    fn read_changes(&mut self, (at, at_once): Place) {
        if !at_once && self.beliefs.may_be_behind(at) {
            self.servers.at(at).read_changes();
            self.beliefs.surely(|model| model.has_read(at));
        }
    }

    fn go_back(&mut self) {
        // A server that ends puts the log of an SQLite database into its file, which may not become older then.
        if self.servers.count() == 1 && self.servers.clocks.has_moved() {
            return;
        }
        let mut went = false;
        self.beliefs.surely(|model| went = model.go_back());
        if went {
            // What is on its way into the database now would be told of after it went back.
            for at in 0..self.servers.count() {
                self.servers.at(at).finish_writes();
            }
            self.servers.first().go_back();
            self.servers.clocks.went_back();
        }
    }

    fn restart(&mut self, at: usize) -> Result<(), TestCaseError> {
        let noted = self.servers.noted_time();
        // A server that did not notice that the database went back refuses to start on it.
        self.servers.at(at).read_changes();
        // A server that did not notice that the database went back refuses to start on it.
        self.servers.at(at).read_changes();
        self.servers.restart(at);
        self.builds[at].origin.clone_from(&self.servers.at(at).url);
        self.beliefs.surely(|model| model.restart(at));
        if at == VENDOR { self.looks_after_start(noted) } else { Ok(()) }
    }

    /// The text that devices of that name are known by.
    pub(super) fn name(&self, name: usize) -> String {
        name_of(self.keys, name)
    }

    /// The same question has the same bytes again, as long as nothing changed that the answer depends on.
    pub(super) fn repeats(&mut self, question: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
        let first = self.answered.entry(question.to_owned()).or_insert_with(|| bytes.to_vec());
        prop_assert!(first == bytes, "other bytes for {question}");
        Ok(())
    }

    /// Compares what the database holds: each effect there, and none of them twice.
    pub(super) fn look_back(&mut self) -> Result<(), TestCaseError> {
        let app = text(&self.editor["app_id"]);
        let server = self.servers.first();
        let devices =
            "licenses l JOIN devices d ON d.license_id = l.license_id AND d.identity NOT LIKE 'crowd-%'";
        let holder = "l.license_id || ' ' || d.kind || ' ' || d.identity";
        let held = server.texts(&format!("SELECT {holder} FROM {devices} WHERE app_id = '{app}'"));
        let events = |kind| server.count(&format!("events WHERE kind = '{kind}' AND app_id = '{app}'"));
        let credits = format!("SELECT COALESCE(CAST(credits AS TEXT), '') FROM apps WHERE app_id = '{app}'");
        let found = Found {
            held: held.into_iter().collect(),
            events: (events("device_bound"), events("device_released")),
            licenses: server.count(&format!("licenses WHERE app_id = '{app}'")),
            credits: server.texts(&credits)[0].parse().ok(),
        };
        let over = "licenses WHERE devices_used > max_devices OR devices_used <> \
                    (SELECT COUNT(*) FROM devices d WHERE d.license_id = licenses.license_id)";
        prop_assert_eq!(server.count(over), 0, "more seats than were sold");
        let (keys, licenses) = (self.keys, &self.licenses);
        let expected = |model: &Model| vec![(Found::expected(model, licenses, keys), model.clone())];
        let shown = format!("{found:?}");
        self.beliefs.told(expected, |expected| *expected == found, &shown).map(drop)
    }
}

/// What the database holds about the app.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    held: BTreeSet<String>,
    /// Seats taken, seats given back.
    events: (u64, u64),
    licenses: u64,
    credits: Option<u64>,
}

impl Found {
    fn expected(model: &Model, licenses: &[Value], keys: &[TestDevice]) -> Self {
        let of_license = |(number, license): (usize, &Value)| {
            let id = text(&license["license_id"]).to_owned();
            let holder = |d: &Device| format!("{id} {} {}", kind(*d), name_of(keys, d.name()));
            model.holders(number).iter().map(holder).collect::<Vec<_>>()
        };
        Self {
            held: licenses.iter().enumerate().flat_map(of_license).collect(),
            events: (model.state.taken, model.state.released),
            licenses: LICENSES as u64 + model.orders() as u64,
            credits: model.state.credits,
        }
    }
}

fn name_of(keys: &[TestDevice], name: usize) -> String {
    match name.checked_sub(PLAIN) {
        Some(key) => keys[key].key.to_string(),
        None => format!("device-{name}"),
    }
}

pub(super) fn kind(device: Device) -> &'static str {
    match device {
        Device::Hwid(_) => "hwid",
        Device::Key(_) => "key",
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
