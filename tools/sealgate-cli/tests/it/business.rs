//! The vendor's day by command: tenants, plans, devices, lists, credits, tokens.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::program::{run, sealgate};
use crate::vendor::{Vendor, cells, names, text};

/// Asks `/auth/validate` the way running software does; the status and the error.
fn validate(vendor: &Vendor, app: &Value, license: &Value, hwid: &str, n: u32) -> (u16, Value) {
    let body = json!({
        "appId": app["app_id"], "appSecret": app["app_secret"], "licenseKey": license["license_key"],
        "hwid": hwid, "nonce": format!("{n:032x}"),
    });
    let url = format!("{}/auth/validate", vendor.server.url);
    let answer = sealgate_testkit::request("POST", &url, None, &body);
    (answer.status, answer.json()["error"].clone())
}

#[test]
fn a_tenant_works_for_itself_until_it_is_suspended() {
    let vendor = Vendor::new();
    let tenant = vendor.json(&["tenant", "create", "Acme"]);
    assert_eq!(names(&tenant), ["admin_token", "tenant_id"]);
    let token = text(&tenant["admin_token"]);
    let acme = |arguments: &[&str]| {
        let all = [&["--json", "--url", &vendor.server.url, "--token", token], arguments].concat();
        run(&mut sealgate(&all))
    };
    acme(&["app", "create", "Editor"]).json();
    assert_eq!(vendor.json(&["app", "list"]), json!([]), "not this tenant's");
    acme(&["tenant", "list"]).refused(77, "scope_missing");

    let listed = vendor.json(&["tenant", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let suspended = vendor.json(&["tenant", "suspend", "Acme"]);
    assert!(suspended["suspended_at"].is_string());
    acme(&["app", "list"]).refused(77, "tenant_suspended");
    vendor.json(&["tenant", "resume", text(&tenant["tenant_id"])]);
    assert_eq!(acme(&["app", "list"]).json().as_array().map(Vec::len), Some(1));

    assert_eq!(vendor.json(&["tenant", "offline", "off", "Acme"])["offline"], false);
    assert_eq!(vendor.json(&["tenant", "show", "Acme"])["offline"], false);
    vendor.run(&["--json", "tenant", "show", "Nobody"]).refused(3, "not_found");
    vendor.run(&["--json", "tenant", "create", "Acme"]).refused(4, "name_taken");
}

#[test]
fn a_plan_says_what_its_licenses_grant() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let policy = vendor.path("policy.json");
    std::fs::write(&policy, r#"{"heartbeat": {"interval": 3600, "grace": 86400}}"#).expect("is written");
    let id = text(&app["app_id"]);
    let plan = vendor.json(&[
        "plan",
        "create",
        "--app",
        id,
        "--name",
        "Pro",
        "--tier",
        "enterprise",
        "--feature",
        "export=pdf",
        "--feature",
        "db.query",
        "--limit",
        "projects=10",
        "--max-devices",
        "3",
        "--duration",
        "365d",
        "--offline",
        "--policy",
        &policy,
    ]);
    assert_eq!(plan["features"], json!([{ "name": "export", "value": "pdf" }, { "name": "db.query" }]));
    assert_eq!(
        (&plan["limits"], &plan["files"]),
        (&json!([{ "name": "projects", "value": 10 }]), &json!(true))
    );
    assert_eq!(plan["policy"], json!({ "heartbeat": { "interval": 3600, "grace": 86400 } }));
    let plan_id = text(&plan["plan_id"]);
    assert_eq!(vendor.json(&["plan", "show", plan_id]), plan);
    assert_eq!(vendor.json(&["plan", "list", "--app", id]), json!([plan]));

    let license = vendor.license(&app, &["--plan", plan_id]);
    assert_eq!(license["max_devices"], 3);
    assert!(license["expires_at"].is_string());
    let never =
        vendor.license(&app, &["--plan", plan_id, "--expires", "never", "--max-devices", "unlimited"]);
    assert_eq!((&never["expires_at"], &never["max_devices"]), (&json!(null), &json!("unlimited")));

    let changed =
        vendor.json(&["plan", "update", plan_id, "--duration", "never", "--no-offline", "--name", "Pro 2"]);
    assert_eq!((&changed["files"], changed.get("duration")), (&json!(false), None));
    let told = vendor.run(&["plan", "show", plan_id]).ok();
    assert!(
        told.contains("export=pdf, db.query") && told.contains("heartbeat interval=3600 grace=86400"),
        "{told}"
    );
    vendor
        .run(&["--json", "plan", "create", "--app", id, "--name", "X", "--tier", "gold"])
        .refused(2, "malformed_request");
    let bad =
        ["--json", "plan", "create", "--app", id, "--name", "X", "--tier", "free", "--policy", "/nowhere"];
    vendor.run(&bad).refused(65, "file_unreadable");
}

#[test]
fn a_license_is_renewed_changed_suspended_and_found() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    vendor.json(&["customer", "create", "Ada L.", "--external-id", "shop 17"]);
    let license = vendor.license(&app, &["--label", "Order 1042", "--customer", "external:shop 17"]);
    let (key, id) = (text(&license["license_key"]), &license["license_id"]);
    let found = |by: &str, text: &str| vendor.json(&["license", "list", by, text]);
    for (by, text) in [("--label", "order 10"), ("--customer", "external:shop 17")] {
        assert_eq!(found(by, text)[0]["license_id"], *id, "{by}");
    }
    assert_eq!(found("--label", "Order 2"), json!([]));

    assert_eq!(
        vendor.json(&["license", "renew", key, "--expires", "2037-01-31", "--yes"])["expires_at"],
        "2037-02-01T00:00:00Z"
    );
    vendor.run(&["--json", "license", "renew", key]).refused(2, "malformed_request");
    let changed = vendor.json(&[
        "license",
        "update",
        key,
        "--label",
        "Order 7",
        "--customer",
        "",
        "--max-devices",
        "4",
    ]);
    assert_eq!(
        (&changed["label"], &changed["customer_id"], &changed["max_devices"]),
        (&json!("Order 7"), &json!(null), &json!(4))
    );
    assert_eq!(vendor.json(&["license", "suspend", key, "--reason", "unpaid"])["status"], "suspended");
    assert_eq!(validate(&vendor, &app, &license, "desk", 1), (403, json!("blocked")));
    assert_eq!(vendor.json(&["license", "resume", key])["status"], "active");
    assert_eq!(validate(&vendor, &app, &license, "desk", 2), (200, json!(null)));

    assert_eq!(
        vendor.json(&["license", "vars", "set", key, "seats=5", "beta=true", "name=Ada L."]),
        json!({ "beta": true, "name": "Ada L.", "seats": 5 })
    );
    vendor.json(&["license", "vars", "set", key, "--unset", "name", "seats=6"]);
    for get in [&["license", "vars", key][..], &["license", "vars", "get", key]] {
        assert_eq!(vendor.json(get), json!({ "beta": true, "seats": 6 }));
    }
    let app_id = text(&app["app_id"]);
    let typed = [
        "rate=0.5",
        "small=-0.000001",
        "version=\"1.5\"",
        "phone=007",
        "exact=1.50",
        "power=1e3",
        "no=\"",
        "open= 5",
    ];
    assert_eq!(
        vendor.json(&[&["license", "vars", "set", key, "--replace"], &typed[..]].concat()),
        json!({
            "rate": 0.5, "small": -0.000_001, "version": "1.5", "phone": "007", "exact": "1.50", "power": "1e3", "no": "\"",
            "open": " 5",
        })
    );
    let shown = vendor.run(&["--json", "license", "vars", "get", key]).stdout;
    assert!(shown.contains(r#""small":-0.000001"#), "in its spelling: {shown}");
    vendor.json(&["app", "vars", "set", app_id, "motd=hi"]);
    for get in [&["app", "vars", app_id][..], &["app", "vars", "get", app_id]] {
        assert_eq!(vendor.json(get), json!({ "motd": "hi" }));
    }
}

#[test]
fn seats_are_listed_and_taken_back() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let key = text(&license["license_key"]);
    assert_eq!(validate(&vendor, &app, &license, "desk", 1).0, 200);
    assert_eq!(validate(&vendor, &app, &license, "lap", 2).1, "hwid_mismatch");
    let devices = vendor.json(&["device", "list", "--license", key]);
    let device = text(&devices[0]["device_id"]);
    assert_eq!(vendor.json(&["device", "show", device]), devices[0]);
    assert_eq!(vendor.json(&["license", "list", "--device", "desk"])[0]["license_id"], license["license_id"]);

    assert_eq!(vendor.json(&["device", "release", device])["releases_left"], 1);
    assert_eq!(validate(&vendor, &app, &license, "lap", 3).0, 200);
    assert_eq!(vendor.json(&["license", "reset-devices", key])["devices_used"], 0);
    assert_eq!(validate(&vendor, &app, &license, "tab", 4).0, 200);
    vendor.run(&["--json", "license", "reset-devices", key]).refused(4, "allowance_spent");
    let told = vendor.run(&["license", "reset-devices", key, "--override-allowance"]).ok();
    assert_eq!(
        told,
        "1 released, 0 seats still taken\n0 releases left for this year\n\nMachines without a network hear of it by a file: `sealgate offline snapshot --sign -o FILE` writes it, `sglic import FILE` takes it over.\n"
    );
}

/// As many devices with seats, written behind the server's back; the license's row says that there are `said`.
fn seat(vendor: &Vendor, devices: u32, said: u32) {
    let database = vendor.data().join("sealgate.db");
    sealgate_testkit::on_sqlite(
        &database,
        &format!(
            "INSERT INTO devices (license_id, kind, identity, device_id, tenant_id, first_seen) \
             WITH RECURSIVE ns (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM ns WHERE n < {devices}) \
             SELECT license_id, 'hwid', 'desk-' || n, '01926a3b-0000-7000-8000-' || (100000000000 + n), tenant_id, 1 \
             FROM licenses, ns; UPDATE licenses SET devices_used = {said}"
        ),
    );
}

#[test]
fn however_many_devices_there_are_one_command_releases_them_all() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &["--max-devices", "300"]);
    let reset = ["license", "reset-devices", text(&license["license_id"])];
    seat(&vendor, 1200, 1200);
    let asked = vendor
        .run(&[&["--json"], &reset[..], &["--override-allowance"]].concat())
        .refused(78, "config_invalid");
    assert_eq!(asked["message"], "1200 devices would lose their seats, and with --json nobody is asked");
    vendor.run(&[&["--json"], &reset[..], &["--yes"]].concat()).refused(4, "allowance_spent");
    assert_eq!(vendor.json(&["license", "show", reset[2]])["devices_used"], 1200);
    let done = vendor.json(&[&reset[..], &["--override-allowance", "--yes"]].concat());
    assert_eq!(names(&done), ["devices_used", "license_id", "released", "releases_left"]);
    let released: BTreeSet<_> = done["released"].as_array().expect("a list").iter().map(text).collect();
    assert_eq!((released.len(), &done["devices_used"]), (1200, &json!(0)));
    assert_eq!(vendor.json(&["device", "list"]), json!([]));
    let audit = vendor.json(&["audit", "list"]);
    let steps = audit.as_array().into_iter().flatten().filter(|row| row["action"] == "license.devices_reset");
    assert_eq!(steps.count(), 3);
}

#[test]
fn a_reset_that_fails_on_the_way_says_how_far_it_came() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &["--max-devices", "300"]);
    let key = text(&license["license_id"]);
    // The row knows of none of them: what is seen is within the allowance of 600 at first, and not after the first step.
    seat(&vendor, 1200, 0);
    let outcome = vendor.run(&["license", "reset-devices", key]);
    assert_eq!(outcome.exit, Some(4), "{outcome:?}");
    assert!(outcome.stdout.starts_with("500 released, "), "{outcome:?}");
    assert!(outcome.stderr.contains("(allowance_spent)"), "{outcome:?}");
    let fix = format!("devices released so far: 500; go on with: sealgate license reset-devices {key}");
    assert!(outcome.stderr.contains(&fix), "{outcome:?}");
    assert_eq!(vendor.json(&["license", "show", key])["devices_used"], 1, "at least");
}

#[test]
fn lists_admit_and_refuse() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &["--max-devices", "5"]);
    let id = text(&app["app_id"]);
    let denied = vendor.json(&[
        "access",
        "deny",
        "--app",
        id,
        "--hwid",
        "desk",
        "--reason",
        "stolen",
        "--expires",
        "+30d",
    ]);
    assert_eq!((&denied["effect"], &denied["hwid"]), (&json!("deny"), &json!("desk")));
    assert_eq!(validate(&vendor, &app, &license, "desk", 1), (403, json!("blocked")));
    vendor.json(&["access", "allow", "--app", id, "--ip", "10.0.0.0/8"]);
    assert_eq!(validate(&vendor, &app, &license, "lap", 2), (403, json!("blocked")));
    vendor.json(&["access", "allow", "--app", id, "--ip", "127.0.0.1"]);
    assert_eq!(validate(&vendor, &app, &license, "lap", 3), (200, json!(null)));
    assert_eq!(vendor.json(&["access", "list", "--app", id]).as_array().map(Vec::len), Some(3));
    vendor.json(&["access", "remove", "--app", id, "--hwid", "desk"]);
    vendor.json(&["access", "remove", "--app", id, "--ip", "127.0.0.1"]);
    vendor.json(&["access", "remove", "--app", id, "--ip", "10.0.0.0/8"]);
    assert_eq!(vendor.json(&["access", "list"]), json!([]));
    vendor.run(&["--json", "access", "remove", "--app", id, "--hwid", "desk"]).refused(3, "not_found");
    vendor.run(&["--json", "access", "deny", "--app", id]).refused(2, "malformed_request");
    vendor.run(&["--json", "access", "deny", "--app", id, "--ip", "x"]).refused(2, "malformed_request");
}

#[test]
fn credits_run_out() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let id = text(&app["app_id"]);
    assert_eq!(vendor.run(&["credits", "show", "--app", id]).ok(), "validations are not counted\n");
    assert_eq!(vendor.json(&["credits", "grant", "--app", id, "1"]), json!({ "balance": 1 }));
    assert_eq!(validate(&vendor, &app, &license, "desk", 1).0, 200);
    assert_eq!(validate(&vendor, &app, &license, "desk", 2), (429, json!("no_credits")));
    assert_eq!(vendor.json(&["credits", "show", "--app", id]), json!({ "balance": 0 }));
}

#[test]
fn a_token_does_what_it_was_made_for() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let made =
        vendor.json(&["token", "create", "--scope", "apps:read", "--name", "shop", "--expires", "+30d"]);
    assert_eq!(names(&made), ["expires_at", "scopes", "token", "token_id"]);
    let shop = |arguments: &[&str]| {
        let all =
            [&["--json", "--url", &vendor.server.url, "--token", text(&made["token"])], arguments].concat();
        run(&mut sealgate(&all))
    };
    assert_eq!(shop(&["app", "list"]).json().as_array().map(Vec::len), Some(1));
    shop(&["app", "create", "Viewer"]).refused(77, "scope_missing");
    vendor.json(&["token", "revoke", text(&made["token_id"])]);
    shop(&["app", "list"]).refused(77, "token_invalid");
    let told = vendor.run(&["token", "list"]).ok();
    assert!(told.contains("shop") && told.contains("revoked") && !told.contains("sgt_"), "{told}");
    vendor.run(&["--json", "token", "create", "--scope", "everything"]).refused(2, "malformed_request");
}

#[test]
fn an_apps_secret_and_key_are_rotated_and_it_is_switched_off() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let id = text(&app["app_id"]);
    let rotated = vendor.json(&["app", "rotate-secret", id, "--keep-hours", "0"]);
    assert_eq!(validate(&vendor, &app, &license, "desk", 1), (401, json!("invalid_app")));
    assert_eq!(validate(&vendor, &rotated, &license, "desk", 2).0, 200);
    assert_eq!(vendor.json(&["app", "rotate-key", id, "--yes"])["public_key"], app["next_public_key"]);
    assert!(vendor.json(&["app", "disable", id])["disabled_at"].is_string());
    assert_eq!(validate(&vendor, &rotated, &license, "desk", 3), (403, json!("app_disabled")));
    assert!(vendor.run(&["app", "list"]).ok().contains("disabled"));
    vendor.json(&["app", "enable", id]);
    assert_eq!(validate(&vendor, &rotated, &license, "desk", 4).0, 200);
}

#[test]
fn events_say_what_happened() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    validate(&vendor, &app, &license, "desk", 1);
    let key = text(&license["license_key"]);
    let events = vendor.json(&["events", "--license", key]);
    let kinds: Vec<&str> = events.as_array().expect("a list").iter().map(|e| text(&e["kind"])).collect();
    assert_eq!(kinds, ["validated", "device_bound", "license_issued"]);
    let one = vendor.json(&["events", "--request", text(&events[2]["request_id"])]);
    assert_eq!(one, json!([events[2]]));
    assert_eq!(vendor.json(&["events", "--code", "revoked"]), json!([]));
    assert_eq!(vendor.json(&["events", "--limit", "1"]).as_array().map(Vec::len), Some(1));
    let told = vendor.run(&["events"]).ok();
    let head = ["AT", "WHAT", "APP", "LICENSE", "DEVICE", "REQUEST"];
    assert_eq!(cells(told.lines().next().expect("a head")), head);
}
