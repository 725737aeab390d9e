//! Our own SDK against the real server.

use std::sync::{Arc, Mutex};

use sealgate::{
    Builder, Client, Clock, DeniedBy, Error, Family, HttpAnswer, HttpQuestion, HttpTransport, MemoryStore,
    SecurityError, Transport, Unanswered, UnixSeconds,
};
use sealgate_testkit::{TestApp, TestClock, on_both_engines};
use serde_json::{Value, json};

use crate::rust_sdk::text;

/// The server's own clock, so that both stand still together.
struct Shared(Arc<TestClock>);

impl Clock for Shared {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0.seconds()).expect("in range")
    }
}

/// A program that was built now.
pub(crate) struct Program {
    trust: &'static [u8],
    url: String,
    clock: Arc<TestClock>,
}

impl Program {
    pub(crate) fn build(app: &TestApp, product: &Value) -> Self {
        let path = format!("/api/v1/apps/{}/trust", text(&product["app_id"]));
        let trust = app.api("GET", &path, &Value::Null).bytes.leak();
        Self { trust, url: app.url.clone(), clock: Arc::clone(&app.clock) }
    }

    /// The same program as it asks another server.
    pub(crate) fn of(&self, app: &TestApp) -> Self {
        Self { trust: self.trust, url: app.url.clone(), clock: Arc::clone(&app.clock) }
    }

    /// The program on a device of its own.
    pub(crate) fn install(&self) -> Client {
        self.install_with(HttpTransport::builder().build().expect("a transport"))
    }

    /// The program on a device whose state is there, and on whose way this lies.
    pub(crate) fn install_in(&self, store: &Arc<MemoryStore>, transport: impl Transport + 'static) -> Client {
        self.builder().store(Arc::clone(store)).transport(transport).build().expect("a client")
    }

    /// The program in a folder of a disk.
    pub(crate) fn install_on_disk(&self, folder: &std::path::Path) -> Client {
        self.builder().state_dir(folder).build().expect("a client")
    }

    /// The same, where this lies on the way.
    pub(crate) fn install_on_disk_with(
        &self,
        folder: &std::path::Path,
        transport: impl Transport + 'static,
    ) -> Client {
        self.builder().state_dir(folder).transport(transport).build().expect("a client")
    }

    /// What every such program has.
    pub(crate) fn builder(&self) -> Builder {
        Client::builder(self.trust).server(&*self.url).clock(Shared(Arc::clone(&self.clock)))
    }

    fn install_with(&self, transport: impl Transport + 'static) -> Client {
        self.builder().store(MemoryStore::new()).transport(transport).build().expect("a client")
    }
}

fn change(app: &TestApp, license: &Value, verb: &str) {
    app.api("POST", &format!("/api/v1/licenses/{}/{verb}", text(&license["license_id"])), &json!({}))
        .expect(200);
}

fn denied(outcome: Result<sealgate::License, Error>) -> String {
    match outcome {
        Err(Error::License(denied)) => {
            assert_eq!(denied.by, DeniedBy::Server);
            denied.code
        }
        other => panic!("no signed denial: {other:?}"),
    }
}

/// Passes everything on, and keeps what came back.
#[derive(Clone)]
struct Recorder(Arc<HttpTransport>, Arc<Mutex<Vec<HttpAnswer>>>);

impl Transport for Recorder {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let answer = self.0.exchange(question)?;
        self.1.lock().expect("no panics").push(answer.clone());
        Ok(answer)
    }
}

/// Gives one answer to everything.
struct Tape(HttpAnswer);

impl Transport for Tape {
    fn exchange(&self, _: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        Ok(self.0.clone())
    }
}

on_both_engines! {
    fn a_program_is_let_in_and_gets_the_rights_of_its_license(app: &TestApp) {
        let product = app.create_app("Editor");
        let wish = json!({
            "app_id": product["app_id"], "name": "Pro", "tier": "enterprise", "max_devices": 2, "duration": "30d",
            "features": [{ "name": "export" }, { "name": "sync" }],
        });
        let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
        let license = app.issue(&product, &json!({ "plan_id": plan["plan_id"] }));
        let desk = Program::build(app, &product).install();
        let rights = desk.validate_license(&text(&license["license_key"])).expect("valid");
        assert_eq!((rights.id().to_string(), rights.tier().as_str()), (text(&license["license_id"]), "enterprise"));
        assert!(rights.has_feature("export") && !rights.has_feature("import"));
        assert_eq!((rights.max_devices(), rights.devices_used()), (Some(2), Some(1)));
        assert_eq!(desk.validate_license(&text(&license["license_key"])).expect("valid"), rights);
        assert_eq!(app.count("devices WHERE kind = 'key'"), 1);
    }

    fn every_no_of_the_server_is_signed(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let key = text(&license["license_key"]);
        let program = Program::build(app, &product);
        let (desk, lap) = (program.install(), program.install());
        desk.validate_license(&key).expect("valid");
        assert_eq!(denied(lap.validate_license(&key)), "device_limit");
        assert_eq!(denied(desk.validate_license("000G-40R4-0M30-E209-185G-R38E-1YRB")), "invalid_key");
        change(app, &license, "suspend");
        assert_eq!(denied(desk.validate_license(&key)), "blocked");
        change(app, &license, "resume");
        desk.validate_license(&key).expect("valid again");
        change(app, &license, "revoke");
        assert_eq!(denied(desk.validate_license(&key)), "revoked", "at once");
    }

    fn keys_rotate_under_a_running_program_and_under_one_built_before(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "max_devices": "unlimited" }));
        let key = text(&license["license_key"]);
        let program = Program::build(app, &product);
        let running = program.install();
        running.validate_license(&key).expect("valid");
        for key_use in ["issuer", "authority", "root", "issuer", "root", "authority"] {
            app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use })).expect(200);
            app.clock.advance(2);
            running.validate_license(&key).unwrap_or_else(|e| panic!("running, {key_use}: {e}"));
            program.install().validate_license(&key).unwrap_or_else(|e| panic!("built before, {key_use}: {e}"));
        }
        // Longer than any certificate holds.
        app.clock.advance(32 * 24 * 60 * 60);
        running.validate_license(&key).expect("certificates are made anew");
    }

    fn a_leaked_issuer_is_revoked_under_a_running_program(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let key = text(&license["license_key"]);
        let desk = Program::build(app, &product).install();
        desk.validate_license(&key).expect("valid");
        let keys = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let issuer = keys["items"].as_array().expect("keys").iter()
            .find(|key| key["use"] == "issuer" && key["state"] == "active").expect("an issuer");
        let path = format!("/api/v1/keys/{}/revoke", text(&issuer["keyid"]));
        app.api("POST", &path, &json!({ "reason": "leaked" })).expect(200);
        app.clock.advance(2);
        desk.validate_license(&key).expect("its license was signed anew");
    }

    fn a_recorded_answer_is_good_for_nothing(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "max_devices": 5 }));
        let key = text(&license["license_key"]);
        let program = Program::build(app, &product);
        let recorder = Recorder(Arc::new(HttpTransport::builder().build().expect("a transport")), Arc::default());
        program.install_with(recorder.clone()).validate_license(&key).expect("valid");
        change(app, &license, "revoke");
        let lap = program.install_with(recorder.clone());
        assert_eq!(denied(lap.validate_license(&key)), "revoked");
        for answer in recorder.1.lock().expect("no panics").iter() {
            let outcome = program.install_with(Tape(answer.clone())).validate_license(&key);
            let Err(error) = outcome else { panic!("an old answer was believed") };
            assert_eq!(error.family(), Family::Security, "{error:?}");
            assert!(matches!(error, Error::Security(SecurityError::NonceMismatch(_))), "{error:?}");
        }
    }

    fn a_server_that_was_revoked_is_refused_by_who_knows(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let key = text(&license["license_key"]);
        let program = Program::build(app, &product);
        let recorder = Recorder(Arc::new(HttpTransport::builder().build().expect("a transport")), Arc::default());
        let desk = program.install_with(recorder);
        desk.validate_license(&key).expect("valid");
        let servers = app.api("GET", "/api/v1/servers", &json!(null)).expect(200);
        let path = format!("/api/v1/servers/{}/revoke", text(&servers["items"][0]["server_id"]));
        app.api("POST", &path, &json!({})).expect(200);
        app.clock.advance(2);
        let Err(error) = desk.validate_license(&key) else { panic!("it answers no more") };
        assert_eq!(error.family(), Family::Transport, "an unsigned 503 says nothing about rights");
    }

    fn an_upgrade_and_a_downgrade_reach_a_running_program_within_a_second(app: &TestApp) {
        let product = app.create_app("Editor");
        let plan = |name: &str, tier: &str, terms: Value| {
            let mut wish = terms;
            for (field, value) in [("app_id", product["app_id"].clone()), ("name", json!(name)), ("tier", json!(tier)), ("files", json!(true))] {
                wish[field] = value;
            }
            app.api("POST", "/api/v1/plans", &wish).expect(201)["plan_id"].clone()
        };
        let small = plan("Small", "licensed", json!({ "max_devices": 1, "features": [{ "name": "export", "value": "csv" }] }));
        let large = plan("Large", "enterprise", json!({
            "max_devices": 2, "features": [{ "name": "export", "value": "pdf" }, { "name": "sso" }], "limits": [{ "name": "projects", "value": 9 }],
        }));
        let license = app.issue(&product, &json!({ "plan_id": small }));
        let (key, path) = (text(&license["license_key"]), format!("/api/v1/licenses/{}", text(&license["license_id"])));
        let program = Program::build(app, &product);
        let (desk, lap) = (program.install(), program.install());
        let rights = desk.validate_license(&key).expect("valid");
        assert_eq!((rights.feature("export").value(), rights.has_feature("sso")), (Some("csv"), false));
        assert_eq!(denied(lap.validate_license(&key)), "device_limit");

        app.api("PATCH", &path, &json!({ "plan_id": large })).expect(200);
        app.clock.advance(1);
        let rights = desk.validate_license(&key).expect("valid");
        assert_eq!((rights.feature("export").value(), rights.has_feature("sso")), (Some("pdf"), true));
        assert_eq!((rights.tier().as_str(), rights.limit("projects"), rights.max_devices()), ("enterprise", Some(9), Some(2)));
        lap.validate_license(&key).expect("there is a seat for it now");

        let devices = app.api("GET", &format!("/api/v1/devices?license_id={}", text(&license["license_id"])), &json!(null)).expect(200);
        // The newest comes first.
        let released = json!([devices["items"][0]["device_id"]]);
        app.api("PATCH", &path, &json!({ "plan_id": small, "release": released })).expect(200);
        app.clock.advance(1);
        let rights = desk.validate_license(&key).expect("valid");
        assert_eq!((rights.feature("export").value(), rights.has_feature("sso")), (Some("csv"), false), "less replaces more");
        assert_eq!((rights.tier().as_str(), rights.limit("projects")), ("licensed", None));
        let Err(Error::License(no)) = lap.validate_license(&key) else { panic!("its seat is gone") };
        assert_eq!((&*no.code, no.devices_used), ("device_limit", Some(1)));
    }

    fn who_saw_the_lesser_terms_takes_no_file_with_the_greater(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let file = || app.api("GET", &format!("{path}/file"), &Value::Null).bytes;
        let program = Program::build(app, &product);
        let (desk, elsewhere) = (program.install(), program.install());
        app.api("PATCH", &path, &json!({ "tier": "enterprise", "features": [{ "name": "sso" }] })).expect(200);
        let greater = file();
        assert!(desk.validate_license_file(&greater).expect("valid").has_feature("sso"));
        app.api("PATCH", &path, &json!({ "tier": "free", "replace_features": [] })).expect(200);
        let lesser = file();
        assert!(!desk.validate_license_file(&lesser).expect("valid").has_feature("sso"));
        let Err(error) = desk.validate_license_file(&greater) else { panic!("an older version was taken") };
        assert_eq!(error.code(), "version_rollback", "{error:?}");
        assert!(!desk.validate_license_file(&lesser).expect("still valid").has_feature("sso"));
        // The same by asking: whoever was told the newer terms takes no older file either.
        elsewhere.validate_license(&text(&license["license_key"])).expect("valid");
        let Err(error) = elsewhere.validate_license_file(&greater) else { panic!("an older version was taken") };
        assert_eq!(error.code(), "version_rollback", "{error:?}");
    }

    fn a_key_is_exchanged_under_a_running_program(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let key = text(&license["license_key"]);
        let program = Program::build(app, &product);
        let (desk, lap) = (program.install(), program.install());
        desk.validate_license(&key).expect("valid");
        let path = format!("/api/v1/licenses/{}/rekey", text(&license["license_id"]));
        let new = text(&app.api("POST", &path, &json!({ "reason": "leaked" })).expect(200)["license_key"]);
        app.clock.advance(1);
        assert_eq!(denied(desk.validate_license(&key)), "license_key_replaced");
        assert_eq!(denied(lap.validate_license(&key)), "license_key_replaced");
        desk.validate_license(&new).expect("it has its seat");
        assert_eq!(denied(lap.validate_license(&new)), "device_limit");
    }
}
