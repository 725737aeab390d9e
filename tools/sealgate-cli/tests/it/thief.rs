//! Somebody has a runtime's database user, with the rights that the operator's guide lists: what that must not break.

use sealgate_artifact::{KeyState, KeyUse, Keyset, PublicKey, Unverified};
use sealgate_testkit::{on_postgres, request};
use sealgate_wire::Trust;
use serde_json::{Value, json};

use crate::rights::documented_rights;
use crate::roles::Vendor;
use crate::vendor::text;

/// An Authority, and the database as its runtime's user opens it.
struct Drill {
    vendor: Vendor,
    role: String,
    loot: String,
}

impl Drill {
    fn new() -> Self {
        let vendor = Vendor::new();
        // Roles belong to the server, not to the database: the name must be this test's own.
        let role = format!("thief_{}", vendor.database.rsplit_once("/t_").expect("its name").1);
        on_postgres(&vendor.database, &documented_rights(&vendor.database, &role))
            .expect("the owner may grant");
        let (_, place) = vendor.database.split_once('@').expect("a user in the URL");
        let loot = format!("postgres://{role}@{place}");
        Self { vendor, role, loot }
    }

    /// Does what this user may not: what was written before, by a user with more rights, must break nothing either.
    fn plant(&self, statement: &str) {
        on_postgres(&self.vendor.database, statement).unwrap_or_else(|why| panic!("{statement}: {why}"));
    }

    fn steal(&self, statement: &str) {
        on_postgres(&self.loot, statement).unwrap_or_else(|why| panic!("{statement}: {why}"));
    }

    /// The approved runtime, and what its clients ask.
    fn at_work(&self) -> (crate::server::Server, Value, Value) {
        let app = self.vendor.json(&["app", "create", "Editor"]);
        let issued =
            self.vendor.json(&["license", "issue", "--app", text(&app["app_id"]), "--max-devices", "9"]);
        self.vendor.share();
        let runtime = self.vendor.start_runtime_on(&self.loot);
        let question = json!({
            "appId": app["app_id"], "appSecret": app["app_secret"], "hwid": "desk", "nonce": "0".repeat(32),
            "licenseKey": issued["licenses"][0]["license_key"],
        });
        (runtime, question, issued["licenses"][0]["license_id"].clone())
    }

    /// The keys of use `server` that the newest keyset lists.
    fn servers_in_keyset(&self, url: &str) -> Vec<PublicKey> {
        let app = self.vendor.json(&["app", "list"])[0]["app_id"].clone();
        let path = format!("{url}/api/v1/apps/{}/trust", text(&app));
        let token = std::fs::read_to_string(self.vendor.path("authority/admin.token")).expect("is there");
        let answer = request("GET", &path, Some(token.trim()), &Value::Null);
        let trust: Trust = serde_json::from_slice(&answer.bytes).expect("a trust.json");
        let keyset = trust.keyset_chain.last().expect("a keyset").get();
        let keyset = Unverified::<Keyset>::decode(keyset.as_bytes()).expect("a keyset");
        let keys = keyset.danger_peek().expect("a keyset").keys;
        let revoked = |key: &&sealgate_artifact::KeyRecord| {
            key.key_use == KeyUse::Server && key.state == KeyState::Revoked
        };
        keys.iter().filter(revoked).map(|key| key.public_key).collect()
    }

    fn end(&self) {
        on_postgres(&self.vendor.database, &format!("DROP OWNED BY {0}; DROP ROLE {0}", self.role))
            .expect("nobody uses it");
    }
}

#[test]
fn made_up_servers_hide_no_server_and_keep_no_stolen_one_alive() {
    let drill = Drill::new();
    let (runtime, ..) = drill.at_work();
    let server = drill.vendor.json(&["server", "list"])[0].clone();
    let id = text(&server["server_id"]).to_owned();
    for values in ["('garbage', 'https://x.example', 1)", "('', '', -9223372036854775808)"] {
        let why =
            on_postgres(&drill.loot, &format!("INSERT INTO servers VALUES {values}")).expect_err(values);
        assert!(why.to_string().contains("servers_form"), "{values}: {why}");
    }
    for n in 1..=20 {
        let key = PublicKey::from_bytes([n; 32]);
        drill.steal(&format!("INSERT INTO servers VALUES ('{key}', 'https://x.example', 1)"));
    }
    let listed = drill.vendor.json(&["server", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(21), "the honest one and the made-up ones: {listed}");
    assert_eq!(drill.vendor.json(&["server", "approve", &id, "--yes"])["status"], "approved");

    for made_up in listed.as_array().into_iter().flatten().filter(|made_up| made_up["server_id"] != id) {
        let revoke = ["server", "revoke", text(&made_up["server_id"]), "--reason", "made up"];
        assert_eq!(drill.vendor.json(&revoke)["status"], "revoked");
    }
    let url = drill.vendor.url_of_authority();
    assert!(drill.servers_in_keyset(url).is_empty(), "nobody could have believed them");
    for _ in 0..2 {
        assert_eq!(drill.vendor.json(&["server", "revoke", &id, "--reason", "stolen"])["status"], "revoked");
        let key = PublicKey::parse(text(&server["public_key"])).expect("a key");
        assert_eq!(drill.servers_in_keyset(url), [key]);
    }
    assert_eq!(runtime.stop().0, Some(0));
    drill.end();
}

#[test]
fn rows_in_the_audit_log_that_cannot_be_read_hold_up_no_others() {
    let drill = Drill::new();
    let tenant = drill.vendor.json(&["tenant", "list"])[0]["tenant_id"].clone();
    let (tenant, into) = (
        text(&tenant),
        "INSERT INTO audit (audit_id, tenant_id, at, actor, action, subject, detail, request_id)",
    );
    drill.steal(&format!("{into} VALUES ('!', 'nobody', 1, '', '', '', '', '')"));
    drill.steal(&format!(
        "{into} SELECT 'z' || i, '{tenant}', 1, '', '', '', '', '' FROM generate_series(1, 600) i"
    ));
    drill.steal(&format!(
        "{into} VALUES ('00000000-0000-7000-8000-000000000000', '{tenant}', -1, '', '', '', '', '')"
    ));
    let app = drill.vendor.json(&["app", "create", "Editor"]);
    let file = drill.vendor.path("audit.jsonl");
    for _ in 0..200 {
        drill.vendor.json(&["audit", "export", "-o", &file]);
        if std::fs::read_to_string(&file).expect("is read").contains(text(&app["app_id"])) {
            break;
        }
    }
    assert!(
        std::fs::read_to_string(&file).expect("is read").contains(text(&app["app_id"])),
        "it has its number"
    );
    drill.vendor.json(&["audit", "verify"]);
    let listed = drill.vendor.json(&["audit", "list", "--limit", "1"]);
    assert_eq!(listed[0]["action"], "app.created", "{listed}");
    drill.end();
}

#[test]
fn an_access_entry_that_cannot_be_read_ends_no_app() {
    let drill = Drill::new();
    let (runtime, question, _) = drill.at_work();
    drill.plant(&format!(
        "INSERT INTO access_entries SELECT '!', tenant_id, app_id, '', 'vendor', 'deny', 'nonsense', 'x', NULL, 1, NULL \
         FROM apps WHERE app_id = '{}'",
        text(&question["appId"])
    ));
    request("POST", &format!("{}/auth/validate", runtime.url), None, &question).expect(200);
    assert_eq!(runtime.stop().0, Some(0));
    drill.end();
}

#[test]
fn counter_and_change_records_stop_no_writes_and_hide_no_revocation() {
    for statement in [
        "INSERT INTO changes VALUES (9223372036854775807, '')",
        "INSERT INTO changes SELECT n + i, '' FROM change_counter, generate_series(1, 100) i",
        "INSERT INTO changes SELECT n + 2 * i, 'garbage' FROM change_counter, generate_series(1, 100) i",
        "UPDATE change_counter SET n = 9223372036854775807",
        "UPDATE change_counter SET n = 0",
    ] {
        let drill = Drill::new();
        let (runtime, mut question, license) = drill.at_work();
        let ask = || request("POST", &format!("{}/auth/validate", runtime.url), None, &question);
        ask().expect(200);
        drill.steal(statement);
        // The runtime writes with the same rights as the thief's.
        for n in 0..3 {
            question["hwid"] = json!(format!("desk-{n}"));
            request("POST", &format!("{}/auth/validate", runtime.url), None, &question).expect(200);
        }
        let ask = || request("POST", &format!("{}/auth/validate", runtime.url), None, &question);
        drill.vendor.json(&["license", "revoke", text(&license), "--reason", "refund"]);
        let since = crate::roles::now();
        while ask().status == 200 {
            assert!(crate::roles::now() - since < 5, "{statement}: a yes after a revocation");
        }
        assert_eq!(runtime.stop().0, Some(0));
        drill.end();
    }
}

/// Among devices, events and entries: lists show what can be read, and say nothing twice or not at all.
#[test]
fn rows_that_cannot_be_read_hide_no_others() {
    let drill = Drill::new();
    let (runtime, question, license) = drill.at_work();
    let ask = |hwid: &str| {
        let mut question = question.clone();
        question["hwid"] = json!(hwid);
        request("POST", &format!("{}/auth/validate", runtime.url), None, &question)
    };
    let app = text(&question["appId"]);
    ask("desk").expect(200);
    drill.vendor.json(&["access", "deny", "--app", app, "--hwid", "bad"]);
    // More than fit on a page, and newer than what was there.
    for row in [
        "devices SELECT license_id, 'hwid', E'a\\nb' || i, 'f' || i, tenant_id, 1 FROM licenses",
        "devices SELECT license_id, 'nonsense', 'n' || i, 'e' || i, tenant_id, -1 FROM licenses",
        "events SELECT 'f' || i, tenant_id, app_id, license_id, NULL, 1, '', NULL, '', 1 FROM licenses",
        "events SELECT gen_random_uuid(), tenant_id, '!', license_id, NULL, -1, '', NULL, '', -1 FROM licenses",
        "access_entries SELECT 'f' || i, tenant_id, app_id, '', 'vendor', 'deny', 'hwid', 'x' || i, NULL, 1, NULL \
         FROM licenses",
        "access_entries SELECT gen_random_uuid(), tenant_id, app_id, '!', 'self_ban', '', '', 'y' || i, NULL, 1, NULL \
         FROM licenses",
    ] {
        drill.plant(&format!("INSERT INTO {row}, generate_series(1, 250) i"));
    }
    drill.steal("UPDATE change_counter SET n = 1");
    ask("desk").expect(200);
    ask("lap").expect(200);
    let shown = |verb: &[&str], name: &str| -> Vec<String> {
        let list = drill.vendor.json(verb);
        list.as_array().into_iter().flatten().map(|row| text(&row[name]).to_owned()).collect()
    };
    assert_eq!(shown(&["device", "list"], "identity"), ["lap", "desk"]);
    assert_eq!(shown(&["device", "list", "--license", text(&license)], "identity"), ["lap", "desk"]);
    assert_eq!(shown(&["access", "list", "--app", app], "hwid"), ["bad"]);
    assert!(shown(&["events"], "kind").contains(&"device_bound".to_owned()));
    assert_eq!(runtime.stop().0, Some(0));
    drill.end();
}

#[test]
fn numbers_that_no_server_writes_stop_nothing() {
    const LEAST: i64 = i64::MIN;
    const MOST: i64 = i64::MAX;
    let drill = Drill::new();
    let (runtime, mut question, license) = drill.at_work();
    let (app, license) = (text(&question["appId"]).to_owned(), text(&license).to_owned());
    let mut ask = |hwid: &str| {
        question["hwid"] = json!(hwid);
        request("POST", &format!("{}/auth/validate", runtime.url), None, &question).status
    };
    assert_eq!(ask("desk"), 200);
    for number in [LEAST, -1, MOST] {
        drill.steal(&format!("UPDATE licenses SET seq = '{number}'"));
        assert_eq!(ask(&format!("desk{number}")), 200, "{number}");
        drill.vendor.json(&["license", "renew", &license, "--expires", "+9d", "--yes"]);
    }
    for number in [0, MOST] {
        drill.steal(&format!("UPDATE licenses SET devices_used = '{number}'"));
        drill.steal("UPDATE change_counter SET n = 1");
        assert_eq!(ask("desk"), 200, "{number}");
        drill.vendor.json(&["license", "show", &license]);
    }
    drill.steal("UPDATE licenses SET devices_used = 0");
    let device = drill.vendor.json(&["device", "list"])[0]["device_id"].clone();
    drill.vendor.json(&["device", "release", text(&device)]);
    for number in [MOST, LEAST, -1] {
        drill.steal(&format!("UPDATE apps SET credits = '{number}'"));
        drill.steal("UPDATE change_counter SET n = 1");
        assert_eq!(drill.vendor.json(&["app", "list"])[0]["app_id"], app.as_str(), "{number}");
        if number < 0 {
            assert_eq!(
                drill.vendor.json(&["credits", "grant", "--app", &app, "5"])["balance"],
                5,
                "{number}"
            );
        }
        assert_eq!(ask("desk"), 200, "{number}");
    }
    drill.vendor.json(&["license", "revoke", &license, "--reason", "refund"]);
    assert_eq!(runtime.stop().0, Some(0));
    drill.end();
}

/// Seats that somebody gave away past the limit are taken back one by one.
#[test]
fn more_devices_than_seats_are_released_one_by_one() {
    let drill = Drill::new();
    let (runtime, ..) = drill.at_work();
    drill.steal(
        "INSERT INTO devices SELECT license_id, 'hwid', 'loot' || i, gen_random_uuid(), tenant_id, 1 \
         FROM licenses, generate_series(1, 12) i",
    );
    on_postgres(&drill.vendor.database, "UPDATE licenses SET devices_used = 12").expect("counted again");
    let devices = drill.vendor.json(&["device", "list"]);
    for (left, device) in (0..12).rev().zip(devices.as_array().into_iter().flatten()) {
        let release = ["device", "release", text(&device["device_id"]), "--override-allowance"];
        assert_eq!(drill.vendor.json(&release)["devices_used"], left);
    }
    assert_eq!(runtime.stop().0, Some(0));
    drill.end();
}
