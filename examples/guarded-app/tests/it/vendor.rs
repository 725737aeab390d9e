//! A vendor with a real server, and what it sells.

use sealgate_testkit::{Engine, TestApp, encode_base64};
use serde_json::{Value, json};

/// Both consequences of a failed check, as policies name them.
pub(crate) const BOTH: [&str; 2] = ["hard", "soft"];

/// A vendor with one app.
pub(crate) struct Vendor {
    pub(crate) server: TestApp,
    app: Value,
    /// Of the tier `enterprise`.
    plan: Value,
    pub(crate) trust: Vec<u8>,
}

/// What was sold.
pub(crate) struct Sold {
    id: String,
    pub(crate) key: String,
}

impl Vendor {
    pub(crate) fn new() -> Self {
        let server = TestApp::start_in_real_time(Engine::Sqlite);
        let app = server.create_app("Guarded");
        let path = format!("/api/v1/apps/{}/trust", text(&app["app_id"]));
        let trust = server.api("GET", &path, &Value::Null).bytes;
        let features = ["rule-engine", "audit-trail", "multi-tenant"].map(|name| json!({ "name": name }));
        let plan = json!({ "app_id": app["app_id"], "name": "Enterprise", "tier": "enterprise",
            "features": features, "max_devices": 10, "duration": "365d", "files": true });
        let plan = server.api("POST", "/api/v1/plans", &plan).expect(201);
        Self { server, app, plan, trust }
    }

    /// A license for ten machines, also for those without a network, with this policy or `null`.
    pub(crate) fn sell(&self, policy: &Value) -> Sold {
        let mut order = json!({ "plan_id": self.plan["plan_id"] });
        if !policy.is_null() {
            order["policy"] = policy.clone();
        }
        let license = self.server.issue(&self.app, &order);
        Sold { id: text(&license["license_id"]), key: text(&license["license_key"]) }
    }

    /// Approves the files that machines named for this license.
    pub(crate) fn approve(&self, sold: &Sold) {
        let waiting = format!("/api/v1/approvals?license_id={}&status=pending", sold.id);
        let waiting = self.server.api("GET", &waiting, &Value::Null).expect(200);
        let ids: Vec<&Value> =
            waiting["items"].as_array().expect("a list").iter().map(|row| &row["approval_id"]).collect();
        let approve = format!("/api/v1/licenses/{}/approvals/approve", sold.id);
        self.server.api("POST", &approve, &json!({ "approval_ids": ids })).expect(200);
    }

    /// The file that answers a machine's request.
    pub(crate) fn answer(&self, sold: &Sold, request: &[u8]) -> Vec<u8> {
        let order = json!({ "request": encode_base64(request), "license_id": sold.id });
        let bundle = self.server.api("POST", "/api/v1/offline/respond", &order).expect(200);
        let path = format!("/api/v1/bundles/{}/file", text(&bundle["bundle_id"]));
        let answer = self.server.api("GET", &path, &Value::Null);
        assert_eq!(answer.status, 200);
        answer.bytes
    }

    pub(crate) fn revoke(&self, sold: &Sold) {
        self.server.api("POST", &format!("/api/v1/licenses/{}/revoke", sold.id), &json!({})).expect(200);
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}
