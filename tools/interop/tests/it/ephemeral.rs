//! Containers whose files do not last, against the real server: each start is a new device, and the license's seats are leases.

use std::sync::Arc;

use sealgate::guard::Standing;
use sealgate::{Client, MemoryStore};
use sealgate_testkit::on_both_engines;
use serde_json::{Value, json};

use crate::rust_sdk::text;
use crate::sdk::Program;

const INTERVAL: u64 = 600;

/// A container that was started now.
fn start(program: &Program) -> Arc<Client> {
    Arc::new(program.builder().store(MemoryStore::new()).build().expect("a client"))
}

#[track_caller]
fn runs(client: &Arc<Client>, license: &Value) {
    client.activate(&text(&license["license_key"])).expect("admitted");
    let guard = client.guard().without_threads().start().expect("it starts");
    guard.heartbeat().expect("answered");
    assert_eq!(guard.state().standing, Standing::Licensed);
}

on_both_engines! {
    fn however_often_it_is_started_a_container_holds_one_seat(app: &TestApp) {
        let product = app.create_app("Editor");
        let policy = json!({ "heartbeat": { "interval": INTERVAL, "grace": 3 * INTERVAL }, "seat": "lease" });
        let license = app.issue(&product, &json!({ "policy": policy, "max_devices": 1 }));
        let program = Program::build(app, &product);
        for _ in 0..4 {
            // One ends, and gives its seat back.
            let ends = start(&program);
            runs(&ends, &license);
            ends.leave().expect("answered");
            app.clock.advance(1);
            // The next is killed. Its seat is free once it was silent for two intervals, and not before.
            let killed = start(&program);
            runs(&killed, &license);
            let next = start(&program);
            app.clock.advance(2 * INTERVAL - 1);
            let full = next.activate(&text(&license["license_key"])).expect_err("one seat");
            assert_eq!(full.code(), "device_limit");
            app.clock.advance(1);
            runs(&next, &license);
            next.leave().expect("answered");
            app.clock.advance(1);
        }
        assert_eq!(app.count("devices"), 0, "none is left behind");
    }
}
