//! For every operation of the OpenAPI document a request that succeeds, on things that exist for it alone.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::user::text;
use crate::{Answer, TestApp, User};

/// An operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub id: String,
    /// The method.
    pub method: String,
    /// The path, with its parameter in braces.
    pub path: String,
    /// The scope that it needs.
    pub scope: String,
    /// Another one that it needs, too.
    pub also: Option<String>,
}

/// A request that will succeed once.
#[derive(Debug, Clone)]
pub struct Staged {
    /// What stands in the place of the path's parameter.
    pub id: Option<String>,
    /// The query, with its question mark.
    pub query: String,
    /// The body; `null` for none.
    pub body: Value,
    /// Names of the vendor's own things that the request mentions.
    pub mentions: Vec<String>,
}

impl Staged {
    /// Where it goes.
    pub fn url(&self, operation: &Operation) -> String {
        let path = match (&self.id, operation.path.split_once('{')) {
            (Some(id), Some((begin, rest))) => {
                format!("{begin}{id}{}", rest.split_once('}').expect("a closed brace").1)
            }
            _ => operation.path.clone(),
        };
        path + &self.query
    }

    /// Asks.
    pub fn ask(&self, operation: &Operation, user: &User) -> Answer {
        user.api(&operation.method, &self.url(operation), &self.body)
    }

    /// The same request about things that nobody has.
    #[must_use]
    pub fn about_nothing(&self) -> Self {
        let mut other = self.clone();
        for name in &self.mentions {
            let nobodys = if name.len() == 34 { NOBODYS_KEY } else { NOBODYS_ID };
            other.id = other.id.map(|id| id.replace(name, nobodys));
            other.query = other.query.replace(name, nobodys);
            other.body = serde_json::from_str(&other.body.to_string().replace(name, nobodys)).expect("JSON");
        }
        other
    }
}

const NOBODYS_ID: &str = "01926a3b-0000-7000-8000-000000000000";
const NOBODYS_KEY: &str = "000G-40R4-0M30-E209-185G-R38E-1YRB";

impl TestApp {
    /// The OpenAPI document.
    pub fn document(&self) -> Value {
        self.api("GET", "/api/v1/openapi.json", &json!(null)).expect(200)
    }

    /// Every operation that needs a token.
    pub fn operations(&self) -> Vec<Operation> {
        let document = self.document();
        let mut all = vec![];
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                if let Some(scope) = operation["x-scope"].as_str() {
                    all.push(Operation {
                        id: text(&operation["operationId"]),
                        method: method.to_uppercase(),
                        path: path.clone(),
                        scope: scope.to_owned(),
                        also: operation["x-also-scope"].as_str().map(str::to_owned),
                    });
                }
            }
        }
        all
    }
}

/// Things of a vendor's own, made one after the other.
struct Stage<'a> {
    app: &'a TestApp,
    vendor: &'a User,
}

/// Makes what the operation needs, as that vendor, and the request. An operation that stands here with no request is one
/// that nobody has thought about: the test fails.
pub fn stage(app: &TestApp, vendor: &User, operation: &str) -> Staged {
    let stage = Stage { app, vendor };
    match operation {
        "create_tenant" => body(json!({ "name": fresh("Tenant") })),
        "list_tenants" | "list_tokens" | "list_apps" | "list_audit" | "list_keys" | "list_servers"
        | "export_audit" | "show_clock" | "list_jobs" | "list_snapshots" => nothing(),
        "show_tenant" | "suspend_tenant" | "resume_tenant" => about(&stage.tenant()),
        "update_tenant" => change(&stage.tenant(), json!({ "offline": false })),
        "import_snapshot" => body(json!({ "file": stage.snapshot(), "source": "a stick" })),
        "create_token" => body(json!({ "scopes": ["tokens:write"] })),
        "revoke_token" => {
            about(&text(&vendor.make("/api/v1/tokens", &json!({ "scopes": ["tokens:write"] }))["token_id"]))
        }
        "create_app" => body(json!({ "name": fresh("App") })),
        "show_app" | "app_trust" | "disable_app" | "enable_app" | "app_variables" | "show_credits" => {
            about(&stage.app())
        }
        "update_app" => change(&stage.app(), json!({ "require_secret": true })),
        "rotate_secret" | "rotate_app_key" => change(&stage.app(), json!({})),
        "change_app_variables" => {
            change(&stage.app(), json!({ "variables": { "motd": "hi" }, "remove_variables": ["old"] }))
        }
        "set_app_variables" => change(&stage.app(), json!({ "variables": { "motd": "hi", "max": 3 } })),
        "grant_credits" => change(&stage.app(), json!({ "amount": 5 })),
        "create_plan" => stage.creation(&json!({ "name": "Pro", "tier": "licensed", "max_devices": 2 })),
        "list_plans" | "list_access" => search("app_id", &stage.app()),
        "show_plan" => about(&stage.plan()),
        "update_plan" => change(&stage.plan(), json!({ "duration": null, "max_devices": "unlimited" })),
        "create_customer" => body(json!({ "name": fresh("Customer"), "metadata": { "segment": "A" } })),
        "list_customers" => Staged { query: "?name=customer".to_owned(), ..nothing() },
        "show_customer" => about(&stage.customer()),
        "update_customer" => change(&stage.customer(), json!({ "company": "Acme" })),
        "merge_customers" => {
            let (from, into) = (stage.customer(), stage.customer());
            let mut staged = change(&from, json!({ "into": into }));
            staged.mentions.push(into);
            staged
        }
        "forget_customer" => change(&stage.customer(), json!({})),
        _ => stage_license(&stage, operation),
    }
}

fn stage_license(stage: &Stage, operation: &str) -> Staged {
    match operation {
        "issue_licenses" => stage.creation(&json!({ "count": 2, "label": "staged" })),
        "import_licenses" => {
            stage.creation(&json!({ "rows": [{ "name": fresh("row") }, { "name": fresh("row") }] }))
        }
        "reveal_license_keys" => {
            let id = stage.license_id();
            Staged { mentions: vec![id.clone()], ..body(json!({ "license_ids": [id] })) }
        }
        "list_licenses" => search("app_id", &text(&stage.license()["app_id"])),
        "look_up_license" => {
            let key = text(&stage.license()["license_key"]);
            Staged { mentions: vec![key.clone()], ..body(json!({ "license_key": key })) }
        }
        "resign_licenses" => {
            stage.license();
            body(json!({}))
        }
        "show_license" | "license_file" | "resume_license" | "license_variables" => {
            about(&stage.license_id())
        }
        "update_license" => change(&stage.license_id(), json!({ "label": "renamed", "max_devices": 2 })),
        "preview_license" => change(
            &stage.license_id(),
            json!({ "tier": "enterprise", "features": [{ "name": "sso" }], "max_devices": 2 }),
        ),
        "reveal_license_key" => about(&stage.license_id()),
        "make_authforge_file" => {
            change(&stage.license_id(), json!({ "hwid": "staged", "expires_at": "2027-02-01T00:00:00Z" }))
        }
        "renew_license" | "preview_renewal" => {
            change(&stage.license_id(), json!({ "expires_at": "2037-01-31T00:00:00Z" }))
        }
        "suspend_license" | "revoke_license" | "rekey_license" => {
            change(&stage.license_id(), json!({ "reason": "staged" }))
        }
        "reset_devices" => change(&text(&stage.device()["license_id"]), json!({})),
        "set_license_variables" => change(&stage.license_id(), json!({ "variables": { "seats": 5 } })),
        "change_license_variables" => {
            change(&stage.license_id(), json!({ "variables": { "seats": 5 }, "remove_variables": ["old"] }))
        }
        _ => stage_bundle(stage, operation),
    }
}

fn stage_bundle(stage: &Stage, operation: &str) -> Staged {
    match operation {
        "export_bundle" => change(&stage.license_id(), json!({ "pool": 1, "valid_until": "30d" })),
        "list_bundles" => about(&text(&stage.bundle()["license_id"])),
        "show_bundle" => about(&text(&stage.bundle()["bundle_id"])),
        "bundle_file" => {
            Staged { query: "?keys=tenant".to_owned(), ..about(&text(&stage.bundle()["bundle_id"])) }
        }
        "revoke_bundle" => change(&text(&stage.bundle()["bundle_id"]), json!({ "reason": "staged" })),
        "respond_offline" => {
            let (license, request) = stage.machine();
            let wish = json!({ "request": request, "license_id": license, "valid_until": "30d" });
            Staged { mentions: vec![license], ..body(wish) }
        }
        _ => stage_device(stage, operation),
    }
}

fn stage_device(stage: &Stage, operation: &str) -> Staged {
    match operation {
        "list_devices" => search("license_id", &text(&stage.device()["license_id"])),
        "show_device" => about(&text(&stage.device()["device_id"])),
        "update_device" => {
            change(&text(&stage.device()["device_id"]), json!({ "metadata": { "desk": "12" } }))
        }
        "release_device" => change(&text(&stage.device()["device_id"]), json!({})),
        "list_activations" => search("license_id", &text(&stage.activation()["license_id"])),
        "show_activation" | "activation_chain" => about(&text(&stage.activation()["activation_id"])),
        "reanchor_activation" => change(&text(&stage.activation()["activation_id"]), json!({})),
        "add_access" => stage.creation(&json!({ "effect": "deny", "ip": "192.0.2.0/24" })),
        "remove_access" => {
            let wish = json!({ "app_id": stage.app(), "effect": "deny", "hwid": "stolen" });
            about(&text(&stage.vendor.make("/api/v1/access", &wish)["entry_id"]))
        }
        "show_server" => about(&text(&stage.server()["server_id"])),
        "approve_server" => {
            let server = stage.server();
            let seen = json!({ "origins": server["origins"], "activation_key": server["activation_key"] });
            change(&text(&server["server_id"]), seen)
        }
        "revoke_server" => change(&stage.other_server(), json!({ "reason": "staged" })),
        "list_events" => search("license_id", &stage.license_id()),
        "accept_clock" => body(json!({ "set_by": 0 })),
        "sign_snapshot" => body(json!({})),
        "rotate_key" => body(json!({ "use": "issuer" })),
        "revoke_key" => change(&stage.next_issuer(), json!({ "reason": "staged" })),
        _ => stage_release(stage, operation),
    }
}

fn stage_release(stage: &Stage, operation: &str) -> Staged {
    match operation {
        "publish_release" => {
            let release =
                json!({ "version": "1", "target": "linux/x86_64", "length": 3, "sha256": "0".repeat(64) });
            change(&stage.app(), release)
        }
        "list_releases" => search("app_id", &stage.app()),
        "show_release" | "release_statement" => about(&stage.release()),
        "revoke_release" => change(&stage.release(), json!({ "reason": "staged" })),
        "list_approvals" => search("license_id", &stage.license_id()),
        "submit_modules" => change(&stage.license_id(), submission()),
        "approve_modules" | "reject_modules" => {
            let (license, approval) = stage.approval();
            let mut staged = change(&license, json!({ "approval_ids": [approval] }));
            staged.mentions.push(approval);
            staged
        }
        unknown => panic!("{unknown}: no request is staged for this operation; add one"),
    }
}

impl Stage<'_> {
    fn tenant(&self) -> String {
        text(&self.vendor.make("/api/v1/tenants", &json!({ "name": fresh("Tenant") }))["tenant_id"])
    }

    fn new_app(&self) -> Value {
        self.vendor.make("/api/v1/apps", &json!({ "name": fresh("App") }))
    }

    fn app(&self) -> String {
        text(&self.new_app()["app_id"])
    }

    /// The tenant's revocation data of now, as a file in base64.
    fn snapshot(&self) -> String {
        let app = self.app();
        self.vendor.api("POST", "/api/v1/snapshots", &json!({})).expect(200);
        let file = self.vendor.api("GET", &format!("/api/v1/snapshot?app_id={app}"), &json!(null));
        assert_eq!(file.status, 200);
        sealgate_artifact::encode_base64(&file.bytes)
    }

    fn plan(&self) -> String {
        let wish = json!({ "app_id": self.app(), "name": "Pro", "tier": "licensed", "duration": "30d" });
        text(&self.vendor.make("/api/v1/plans", &wish)["plan_id"])
    }

    fn customer(&self) -> String {
        let wish = json!({ "name": fresh("Customer"), "email": "somebody@example.com" });
        text(&self.vendor.make("/api/v1/customers", &wish)["customer_id"])
    }

    /// A license with its key and its app.
    fn license(&self) -> Value {
        let app = self.new_app();
        let issued = self.vendor.make("/api/v1/licenses", &json!({ "app_id": app["app_id"] }));
        let mut license = issued["licenses"][0].clone();
        for name in ["app_id", "app_secret"] {
            license[name] = app[name].clone();
        }
        license
    }

    fn license_id(&self) -> String {
        text(&self.license()["license_id"])
    }

    /// A bundle for a pool, on a license of its own.
    fn bundle(&self) -> Value {
        let path = format!("/api/v1/licenses/{}/bundles", self.license_id());
        self.vendor.make(&path, &json!({ "pool": 1, "valid_until": "30d" }))
    }

    /// A license, and in base64 the file of a machine that asks and names none.
    fn machine(&self) -> (String, String) {
        let license = self.license();
        let device = crate::TestDevice::default();
        let request = device.offline_request(&self.build(&license), None, next());
        (text(&license["license_id"]), sealgate_artifact::encode_base64(&device.request_file(&request)))
    }

    /// What a build of the license's app pins.
    fn build(&self, license: &Value) -> crate::Build {
        let path = format!("/api/v1/apps/{}/trust", text(&license["app_id"]));
        let trust = self.vendor.api("GET", &path, &json!(null)).expect(200);
        let trust = serde_json::from_value(trust).expect("a trust.json");
        crate::Build { trust, origin: self.app.url.clone() }
    }

    /// A device on a license of its own.
    fn device(&self) -> Value {
        let license = self.license();
        let question = TestApp::question(&license, &license, "desk", &format!("{:032x}", next()));
        self.app.validate(&question).expect(200);
        let path = format!("/api/v1/devices?license_id={}", text(&license["license_id"]));
        self.vendor.api("GET", &path, &json!(null)).expect(200)["items"][0].clone()
    }

    /// An activated device on a license of its own.
    fn activation(&self) -> Value {
        let license = self.license();
        let build = self.build(&license);
        let (device, key) = (crate::TestDevice::default(), text(&license["license_key"]));
        device.activate(self.app, &build, &key, 1).expect_admitted();
        let path = format!("/api/v1/activations?license_id={}", text(&license["license_id"]));
        self.vendor.api("GET", &path, &json!(null)).expect(200)["items"][0].clone()
    }

    /// A published release.
    fn release(&self) -> String {
        let release =
            json!({ "version": "1", "target": "linux/x86_64", "length": 3, "sha256": "0".repeat(64) });
        let path = format!("/api/v1/apps/{}/releases", self.app());
        text(&self.vendor.make(&path, &release)["release_id"])
    }

    /// A license with a module that waits.
    fn approval(&self) -> (String, String) {
        let license = self.license_id();
        let path = format!("/api/v1/licenses/{license}/approvals");
        self.vendor.api("POST", &path, &submission()).expect(200);
        let path = format!("/api/v1/approvals?license_id={license}");
        let listed = self.vendor.api("GET", &path, &json!(null)).expect(200);
        (license, text(&listed["items"][0]["approval_id"]))
    }

    /// The server that answers.
    fn server(&self) -> Value {
        self.vendor.api("GET", "/api/v1/servers", &json!(null)).expect(200)["items"][0].clone()
    }

    /// Another server, which waits for its approval.
    fn other_server(&self) -> String {
        let key = crate::TestDevice::default().key;
        self.app.meddle(&format!(
            "INSERT INTO servers (server_key, origins, created_at) VALUES ('{key}', 'http://other.example', 4000000000)"
        ));
        key.id(sealgate_artifact::KeyUse::Server).to_string()
    }

    /// The published key that signs later.
    fn next_issuer(&self) -> String {
        let keys = self.vendor.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let keys = keys["items"].as_array().expect("keys").iter();
        let mut next = keys.filter(|key| key["use"] == "issuer" && key["state"] == "next");
        text(&next.next().expect("one is published")["keyid"])
    }

    /// Something new for an app of its own.
    fn creation(&self, wish: &Value) -> Staged {
        let app = self.app();
        let mut wish = wish.clone();
        wish["app_id"] = app.clone().into();
        Staged { mentions: vec![app], ..body(wish) }
    }
}

fn submission() -> Value {
    json!({ "modules": [{ "name": "editor", "sha256": "0".repeat(64) }] })
}

fn nothing() -> Staged {
    Staged { id: None, query: String::new(), body: Value::Null, mentions: vec![] }
}

fn body(body: Value) -> Staged {
    Staged { body, ..nothing() }
}

fn about(id: &str) -> Staged {
    Staged { id: Some(id.to_owned()), mentions: vec![id.to_owned()], ..nothing() }
}

fn change(id: &str, body: Value) -> Staged {
    Staged { body, ..about(id) }
}

fn search(name: &str, id: &str) -> Staged {
    Staged { query: format!("?{name}={id}"), mentions: vec![id.to_owned()], ..nothing() }
}

fn fresh(name: &str) -> String {
    format!("{name} {}", next())
}

fn next() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}
