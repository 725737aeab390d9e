//! What the vendor sees of activations, and what it does about their chains (`spec/http.md` §3.19, `spec/chain.md` §4.6).

use sealgate_artifact::{ChainEntry, ChainHead, ChainRecord, ChainWord, UnixSeconds};
use sealgate_testkit::{Beaten, Build, TestActivation, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::assert_problem;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn get(app: &TestApp, path: &str) -> Value {
    app.api("GET", path, &Value::Null).expect(200)
}

fn of(activation: &Value, more: &str) -> String {
    format!("/api/v1/activations/{}{more}", text(&activation["activation_id"]))
}

fn records(first: u64, count: u64) -> impl Iterator<Item = ChainRecord> {
    (first..first + count).map(|n| ChainRecord {
        at: UnixSeconds::new(1_800_000_000 + n).expect("in range"),
        tenant: ChainWord::host(),
        action: ChainWord::parse("rule").expect("short"),
        hash: [u8::try_from(n % 256).expect("small"); 32],
    })
}

struct Desk {
    build: Build,
    license: Value,
    device: TestDevice,
    state: TestActivation,
}

impl Desk {
    fn new(app: &TestApp, name: &str) -> Self {
        let editor = app.create_app(name);
        let license = app.issue(&editor, &json!({ "max_devices": 2 }));
        let build = app.build(&editor);
        let device = TestDevice::default();
        let state = device.activate(app, &build, text(&license["license_key"]), 1).expect_admitted();
        Self { build, license, device, state }
    }

    /// Sends these entries.
    fn send(&mut self, app: &TestApp, entries: &[ChainEntry]) -> Beaten {
        let request = self.state.next(app.clock.seconds(), entries);
        let question = self.state.question(&self.device, &request);
        self.state.send(app, &self.build, &question)
    }

    fn record(&mut self, first: u64, count: u64) -> Vec<ChainEntry> {
        self.state.record(records(first, count))
    }

    /// The only activation of its license.
    fn seen(&self, app: &TestApp) -> Value {
        let path = format!("/api/v1/activations?license_id={}", text(&self.license["license_id"]));
        let mut found = get(app, &path)["items"].as_array().expect("a list").clone();
        assert_eq!(found.len(), 1);
        found.remove(0)
    }
}

/// Every entry of a chain, page by page.
fn chain(app: &TestApp, activation: &Value) -> Vec<(u64, u64)> {
    let (mut found, mut cursor) = (vec![], String::new());
    loop {
        let page = get(app, &of(activation, &format!("/chain?limit=7{cursor}")));
        for entry in page["items"].as_array().expect("a list") {
            assert_eq!((text(&entry["action"]), text(&entry["tenant"])), ("rule", "__host__"));
            found.push((
                entry["anchor"].as_u64().expect("a number"),
                entry["seq"].as_u64().expect("a number"),
            ));
        }
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

on_both_engines! {
    fn the_vendor_sees_who_was_admitted_and_when_it_was_heard(app: &TestApp) {
        let mut desk = Desk::new(app, "Editor");
        let begun = get(app, &format!("/api/v1/devices?license_id={}", text(&desk.license["license_id"])));
        let device = begun["items"][0].clone();
        let seen = desk.seen(app);
        assert_eq!(seen["device_key"], desk.device.key.to_string());
        assert_eq!((&seen["device_id"], &seen["license_id"]), (&device["device_id"], &desk.license["license_id"]));
        assert_eq!((&seen["generation"], &seen["instances"], &seen["chain_seq"]), (&json!(1), &json!(0), &json!(0)));
        assert_eq!(seen["activated_at"], device["first_seen"]);
        assert!(seen.get("last_heard").is_none() && seen.get("ended").is_none(), "{seen}");

        app.clock.advance(600);
        let entries = desk.record(0, 3);
        desk.send(app, &entries);
        let heard = get(app, &of(&seen, ""));
        assert_eq!((&heard["instances"], &heard["chain_seq"]), (&json!(1), &json!(3)));
        assert!(heard["last_heard"].is_string() && heard["activated_at"] == seen["activated_at"], "{heard}");
        let shown = get(app, &format!("/api/v1/devices/{}", text(&device["device_id"])));
        assert_eq!(shown["activation_id"], seen["activation_id"]);

        app.clock.advance(8 * 3_600);
        assert_eq!(get(app, &of(&seen, ""))["instances"], 0, "it was not heard for two intervals");
        app.api("POST", &format!("/api/v1/devices/{}/release", text(&device["device_id"])), &json!({})).expect(200);
        let ended = get(app, &of(&seen, ""));
        assert_eq!((&ended["ended"]["code"], ended.get("device_id")), (&json!("not_activated"), None));
        let events = get(app, &format!("/api/v1/events?license_id={}", text(&desk.license["license_id"])));
        let kinds: Vec<&str> = events["items"].as_array().expect("a list").iter().map(|event| text(&event["kind"])).collect();
        for kind in ["device_activated", "device_released"] {
            assert!(kinds.contains(&kind), "{kinds:?}");
        }
    }

    fn lists_end_and_go_on_where_they_ended(app: &TestApp) {
        // Ids rise with the time.
        let next = |n| {
            app.clock.advance(1);
            Desk::new(app, &format!("Editor {n}"))
        };
        let desks: Vec<Desk> = (0..5).map(next).collect();
        let first = get(app, "/api/v1/activations?limit=3");
        let rest = get(app, &format!("/api/v1/activations?limit=3&cursor={}", text(&first["next_cursor"])));
        let ids: Vec<&Value> = [&first, &rest].iter().flat_map(|page| page["items"].as_array().expect("a list")).map(|item| &item["license_id"]).collect();
        assert_eq!(ids, desks.iter().rev().map(|desk| &desk.license["license_id"]).collect::<Vec<_>>(), "newest first");
        assert_eq!(get(app, "/api/v1/activations?count=true")["count"], 5);
        assert_problem(&app.api("GET", "/api/v1/activations?cursor=x", &Value::Null), 400, "malformed_request");
        assert_problem(&app.api("GET", "/api/v1/activations/x", &Value::Null), 404, "not_found");
    }

    fn the_vendor_reads_what_a_device_recorded(app: &TestApp) {
        let mut desk = Desk::new(app, "Editor");
        for part in 0..4 {
            let entries = desk.record(part * 5, 5);
            desk.send(app, &entries);
        }
        let seen = desk.seen(app);
        assert_eq!(chain(app, &seen), (1..=20).map(|seq| (0, seq)).collect::<Vec<_>>());
        assert_eq!(get(app, &of(&seen, "/chain?count=true"))["count"], 20);
        assert_eq!(get(app, &of(&seen, "/chain?generation=2"))["items"], json!([]));
        // What somebody else wrote there hides nothing.
        app.meddle("UPDATE chain_entries SET last_seq = 9223372036854775807, entries = proof FROM activations WHERE first_seq = 6");
        let read = chain(app, &seen);
        assert_eq!(read, (1..=5).chain(11..=20).map(|seq| (0, seq)).collect::<Vec<_>>());
    }

    fn one_chain_holds_the_entries_of_several_tenants(app: &TestApp) {
        let mut desk = Desk::new(app, "Editor");
        let tenants = ["acme", "__host__", "umbra", "acme"];
        let of = |n: u64, tenant: &str| {
            let tenant = ChainWord::parse(tenant).expect("short");
            records(n, 1).map(move |record| ChainRecord { tenant: tenant.clone(), ..record }).collect::<Vec<_>>()
        };
        let mut sent: Vec<ChainEntry> = vec![];
        for (n, tenant) in (0..).zip(tenants) {
            sent.extend(desk.state.record(of(n, tenant)));
        }
        assert_eq!(desk.send(app, &sent[..3]).code(), "admitted", "in one list");
        assert_eq!(desk.send(app, &sent[3..]).answer.head, desk.state.head);
        let seen = desk.seen(app);
        let page = get(app, &self::of(&seen, "/chain"));
        let read: Vec<(u64, &str)> = page["items"].as_array().expect("a list").iter()
            .map(|entry| (entry["seq"].as_u64().expect("a number"), text(&entry["tenant"]))).collect();
        assert_eq!(read, (1..).zip(tenants).collect::<Vec<_>>(), "in the order in which they were recorded");
        // An entry that was given to another tenant afterwards.
        let mut moved = desk.state.record(of(4, "acme"));
        moved[0].record.tenant = ChainWord::parse("umbra").expect("short");
        assert_eq!(desk.send(app, &moved).code(), "chain_mismatch");
        assert_eq!(app.count("events WHERE kind = 'chain_mismatch' AND code = 'bad_mac'"), 1);
    }

    fn a_chain_whose_entries_are_lost_goes_on_once_the_vendor_says_so(app: &TestApp) {
        let mut desk = Desk::new(app, "Editor");
        let entries = desk.record(0, 4);
        desk.send(app, &entries);
        // Entries 5 to 7 are lost on the device.
        desk.record(4, 3);
        let behind = desk.send(app, &[]);
        assert_eq!((behind.code(), behind.answer.resend_from), ("admitted", Some(5)));
        let seen = desk.seen(app);
        let asked = app.api("POST", &of(&seen, "/reanchor"), &json!({})).expect(200);
        assert!(asked["reanchor_asked_at"].is_string(), "{asked}");
        app.clock.advance(60);
        let taken = desk.send(app, &[]);
        assert_eq!((taken.answer.head, taken.answer.resend_from), (desk.state.head, None));
        let more = desk.record(7, 2);
        assert_eq!(desk.send(app, &more).answer.head, desk.state.head);
        let shown = get(app, &of(&seen, ""));
        let anchor = &shown["anchors"][0];
        assert_eq!((&anchor["held_seq"], &anchor["taken_seq"], &anchor["anchor"]), (&json!(4), &json!(7), &json!(1)));
        assert_eq!((&shown["chain_seq"], shown.get("reanchor_asked_at")), (&json!(9), None));
        assert_eq!(chain(app, &seen), [(0, 1), (0, 2), (0, 3), (0, 4), (1, 8), (1, 9)]);
        assert_eq!(app.count("audit WHERE action = 'activation.reanchored'"), 1);
    }

    fn a_chain_that_was_put_back_goes_on_and_keeps_both_histories(app: &TestApp) {
        let mut desk = Desk::new(app, "Editor");
        let entries = desk.record(0, 6);
        desk.send(app, &entries);
        // The device came back from a backup, after entry 2, and went its own way.
        desk.state.head = Some(entries[1].head());
        let own = desk.record(100, 2);
        assert_eq!(desk.send(app, &own).code(), "chain_mismatch");
        app.clock.advance(60);
        assert_eq!(desk.send(app, &[]).code(), "chain_mismatch", "it stays");
        let seen = desk.seen(app);
        assert_eq!(seen["ended"]["code"], "chain_mismatch");
        let asked = app.api("POST", &of(&seen, "/reanchor"), &json!({})).expect(200);
        assert!(asked.get("ended").is_none(), "{asked}");
        let more = desk.record(200, 1);
        let beaten = desk.send(app, &more);
        assert_eq!((beaten.code(), beaten.answer.head), ("admitted", desk.state.head), "all that was claimed is taken");
        let more = desk.record(300, 2);
        assert_eq!(desk.send(app, &more).code(), "admitted");
        assert_eq!(chain(app, &seen), [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (1, 6), (1, 7)]);
        // Once: what is wrong afterwards is wrong.
        desk.state.head = Some(ChainHead::EMPTY);
        assert_eq!(desk.send(app, &[]).code(), "chain_mismatch");
    }

    fn where_nothing_is_missing_nothing_is_taken_unseen(app: &TestApp) {
        let mut desk = Desk::new(app, "Editor");
        let entries = desk.record(0, 2);
        desk.send(app, &entries);
        let seen = desk.seen(app);
        app.api("POST", &of(&seen, "/reanchor"), &json!({})).expect(200);
        let more = desk.record(2, 2);
        desk.send(app, &more);
        let shown = get(app, &of(&seen, ""));
        assert_eq!((shown.get("anchors"), shown.get("reanchor_asked_at")), (None, None), "{shown}");
        assert_eq!(chain(app, &seen).len(), 4);
    }
}
