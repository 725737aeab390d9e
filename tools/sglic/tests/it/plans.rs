//! Seed 002's feature matrix from the vendor's plans to the program: a real server issues by a plan, `sglic` activates, and the SDK's guard
//! runs on the machine's state.

use std::sync::Arc;

use sealgate::Client;
use serde_json::{Value, json};

use crate::program::{Vendor, read, text};

const FREE: [&str; 7] =
    ["db.query", "db.save", "db.add", "db.update", "db.delete", "http.request", "api.validate"];
const LICENSED: [&str; 2] = ["rule-engine", "workflow"];
const ENTERPRISE: [&str; 7] = [
    "multi-tenant",
    "advanced-auth",
    "audit-trail",
    "anti-tampering",
    "grpc",
    "message-bus",
    "distributed-cache",
];

#[test]
fn each_plan_gives_its_column_of_the_matrix() {
    let vendor = Vendor::new();
    for (tier, listed) in [
        ("free", vec![]),
        ("licensed", LICENSED.to_vec()),
        ("enterprise", [&LICENSED[..], &ENTERPRISE].concat()),
    ] {
        let features: Vec<Value> = listed.iter().map(|name| json!({ "name": name })).collect();
        let plan =
            json!({ "app_id": vendor.app["app_id"], "name": tier, "tier": tier, "features": features });
        let plan = vendor.server.api("POST", "/api/v1/plans", &plan).expect(201);
        let machine = vendor.machine();
        machine.activate(&vendor.issue(&json!({ "plan_id": text(&plan["plan_id"]) }))).json();
        let client = Client::builder(read(&machine.path("trust.json")).leak())
            .server(&vendor.server.url)
            .state_dir(machine.state())
            .machine_fingerprint();
        let guard = Arc::new(client.build().expect("configured")).guard().without_threads();
        let guard = guard.start().expect("it starts");
        assert_eq!(guard.tier().as_str(), tier);
        for feature in FREE.iter().chain(&LICENSED).chain(&ENTERPRISE) {
            let has = FREE.contains(feature) || listed.contains(feature);
            assert_eq!(guard.ensure_valid(feature).is_ok(), has, "{feature} of the plan {tier}");
        }
    }
}
