//! A license gets other terms: upgrades, downgrades, and what they would do (`spec/http.md` §3.2).

use sealgate_testkit::{TestApp, TestDevice, on_both_engines};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::online::{code, decide};
use crate::support::{
    ask, assert_failed, assert_problem, nonce, payload, refused_without_effect, sell, session, state, with,
};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn at(license: &Value, verb: &str) -> String {
    format!("/api/v1/licenses/{}{verb}", text(&license["license_id"]))
}

fn plan(app: &TestApp, editor: &Value, name: &str, terms: &Value) -> Value {
    let mut wish = terms.clone();
    wish["app_id"] = editor["app_id"].clone();
    wish["name"] = name.into();
    app.api("POST", "/api/v1/plans", &wish).expect(201)
}

fn small(app: &TestApp, editor: &Value) -> Value {
    let terms = json!({
        "tier": "licensed", "max_devices": 1, "duration": "30d", "features": [{ "name": "export" }],
        "limits": [{ "name": "projects", "value": 3 }], "variables": { "theme": "plain" },
    });
    plan(app, editor, "Small", &terms)
}

fn large(app: &TestApp, editor: &Value) -> Value {
    let terms = json!({
        "tier": "enterprise", "max_devices": 3, "duration": "365d", "files": true, "allowances": { "releases": 9 },
        "features": [{ "name": "export", "value": "all" }, { "name": "sso" }],
        "limits": [{ "name": "projects", "value": 99 }], "variables": { "theme": "gold", "beta": true },
    });
    plan(app, editor, "Large", &terms)
}

on_both_engines! {
    fn a_plan_gives_its_terms_and_the_request_has_the_last_word(app: &TestApp) {
        let editor = app.create_app("Editor");
        let (small, large) = (small(app, &editor), large(app, &editor));
        let license = app.issue(&editor, &json!({ "plan_id": small["plan_id"] }));
        app.api("PATCH", &at(&license, "/variables"), &json!({ "variables": { "dongle": 7 } })).expect(200);
        let before = app.api("GET", &at(&license, ""), &json!(null)).expect(200);
        let change = json!({ "plan_id": large["plan_id"], "max_devices": 5, "remove_features": ["sso"], "limits": [{ "name": "users", "value": 4 }] });
        let changed = app.api("PATCH", &at(&license, ""), &change).expect(200);
        assert_eq!((&changed["plan_id"], &changed["tier"], &changed["max_devices"]), (&large["plan_id"], &json!("enterprise"), &json!(5)));
        assert_eq!(changed["features"], json!([{ "name": "export", "value": "all" }]));
        assert_eq!(changed["limits"], json!([{ "name": "projects", "value": 99 }, { "name": "users", "value": 4 }]));
        assert_eq!(changed["expires_at"], before["expires_at"], "its end stays");
        assert_eq!(changed["version"].as_u64(), before["version"].as_u64().map(|n| n + 1), "one new version");
        let variables = app.api("GET", &at(&license, "/variables"), &json!(null)).expect(200);
        assert_eq!(variables["variables"], json!({ "beta": true, "dongle": 7, "theme": "gold" }));
        app.chain(&editor, &license).judge(app.clock.seconds()).expect("the plan allows files, and this one is signed");

        // Back: what the plan gave goes with it, and what is the license's own stays.
        let change = json!({ "plan_id": small["plan_id"], "expires_at": null });
        let back = app.api("PATCH", &at(&license, ""), &change).expect(200);
        assert_eq!((&back["tier"], &back["features"], &back["limits"]), (&json!("licensed"), &small["features"], &small["limits"]));
        assert_eq!((&back["max_devices"], &back["expires_at"]), (&json!(1), &json!(null)));
        let variables = app.api("GET", &at(&license, "/variables"), &json!(null)).expect(200);
        assert_eq!(variables["variables"], json!({ "dongle": 7, "theme": "plain" }));
        assert_eq!(app.count("events WHERE kind = 'license_updated'"), 2);
        assert_eq!(app.count("audit WHERE action = 'license.updated'"), 2);
    }

    fn what_no_change_can_be_is_refused_and_changes_nothing(app: &TestApp) {
        let editor = app.create_app("Editor");
        let foreign = small(app, &app.create_app("Viewer"));
        let license = app.issue(&editor, &json!({}));
        let before = app.api("GET", &at(&license, ""), &json!(null)).expect(200);
        for (status, code, change) in [
            (404, "not_found", json!({ "plan_id": foreign["plan_id"] })),
            (404, "not_found", json!({ "plan_id": "x" })),
            (400, "malformed_request", json!({ "tier": "gold" })),
            (400, "malformed_request", json!({ "expires_at": "2020-01-01T00:00:00Z" })),
            (400, "malformed_request", json!({ "max_devices": 0 })),
            (400, "malformed_request", json!({ "tier": "free", "colour": "red" })),
        ] {
            for verb in [("PATCH", ""), ("POST", "/preview")] {
                refused_without_effect(app, (verb.0, &at(&license, verb.1), &change), status, code);
            }
            assert_eq!(app.api("GET", &at(&license, ""), &json!(null)).expect(200), before, "{change}");
        }
        app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
        refused_without_effect(app, ("PATCH", &at(&license, ""), &json!({ "tier": "free" })), 409, "license_revoked");
    }

    fn what_no_longer_fits_says_where_and_by_how_much(app: &TestApp) {
        let editor = app.create_app("Editor");
        let long = |count: u32| -> Vec<Value> {
            (0..count).map(|n| json!({ "name": format!("{n:032}"), "value": "v".repeat(64) })).collect()
        };
        let wide = plan(app, &editor, "Wide", &json!({ "tier": "enterprise", "features": long(28) }));
        let license = app.issue(&editor, &json!({}));
        app.api("PUT", &at(&license, "/variables"), &json!({ "variables": { "own": "x".repeat(1400) } })).expect(200);
        let before = app.api("GET", &at(&license, ""), &json!(null)).expect(200);
        for (field, change) in [
            ("variables", json!({ "plan_id": wide["plan_id"] })),
            ("features", json!({ "features": long(30) })),
            ("features", json!({ "plan_id": wide["plan_id"], "features": [{ "name": "one more" }] })),
        ] {
            for verb in [("PATCH", ""), ("POST", "/preview")] {
                let refused = app.api(verb.0, &at(&license, verb.1), &change);
                assert_problem(&refused, 409, "terms_too_large");
                let message = text(&refused.json()["message"]).to_owned();
                assert!(message.starts_with(&format!("{field}: ")), "{message}");
                refused_without_effect(app, (verb.0, &at(&license, verb.1), &change), 409, "terms_too_large");
            }
            assert_eq!(app.api("GET", &at(&license, ""), &json!(null)).expect(200), before);
        }
        // Exactly as many bytes less, and it fits.
        let refused = app.api("PATCH", &at(&license, ""), &json!({ "plan_id": wide["plan_id"] })).json();
        let excess = text(&refused["message"]).split("Leave out ").nth(1).expect("says how many");
        let excess: usize = excess.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
        let own = |bytes: usize| json!({ "variables": { "own": "x".repeat(bytes) } });
        app.api("PUT", &at(&license, "/variables"), &own(1400 - excess + 1)).expect(200);
        assert_problem(&app.api("PATCH", &at(&license, ""), &json!({ "plan_id": wide["plan_id"] })), 409, "terms_too_large");
        app.api("PUT", &at(&license, "/variables"), &own(1400 - excess)).expect(200);
        app.api("PATCH", &at(&license, ""), &json!({ "plan_id": wide["plan_id"] })).expect(200);
        assert_problem(&app.api("PUT", &at(&license, "/variables"), &own(1400)), 409, "terms_too_large");
        assert_problem(&app.api("PATCH", &at(&license, "/variables"), &own(1400)), 409, "terms_too_large");
    }

    fn a_preview_says_what_the_change_then_does(app: &TestApp) {
        let editor = app.create_app("Editor");
        let (small, large) = (small(app, &editor), large(app, &editor));
        let license = app.issue(&editor, &json!({ "plan_id": large["plan_id"] }));
        for n in 0..3 {
            payload(&app.validate(&TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n))));
        }
        app.clock.advance(2);
        let before = (state(app), app.api("GET", &at(&license, ""), &json!(null)).expect(200));
        let change = json!({ "plan_id": small["plan_id"] });
        let preview = app.api("POST", &at(&license, "/preview"), &change).expect(200);
        assert_eq!((state(app), app.api("GET", &at(&license, ""), &json!(null)).expect(200)), before);
        assert_eq!(preview["changed"], json!([
            "plan_id", "tier", "features", "limits", "variables", "max_devices", "files", "allowances",
        ]));
        assert_eq!(preview["lessened"], json!([
            "tier", "features", "limits", "variables", "max_devices", "files", "allowances",
        ]));
        assert_eq!((&preview["devices_used"], &preview["devices_to_release"], &preview["new_version"]), (&json!(3), &json!(2), &json!(true)));
        assert_eq!((&preview["before"]["tier"], &preview["after"]["tier"]), (&json!("enterprise"), &json!("licensed")));
        assert_problem(&app.api("PATCH", &at(&license, ""), &change), 409, "devices_in_use");

        let devices = app.api("GET", &format!("/api/v1/devices?license_id={}", text(&license["license_id"])), &json!(null)).expect(200);
        let named: Vec<Value> = devices["items"].as_array().expect("devices")[..2].iter().map(|d| d["device_id"].clone()).collect();
        // Whoever is named twice is released once.
        let change = with(&change, "release", [&named[..], &named].concat().into());
        let preview = app.api("POST", &at(&license, "/preview"), &change).expect(200);
        assert_eq!(preview["devices_to_release"], 0);
        let changed = app.api("PATCH", &at(&license, ""), &change).expect(200);
        for name in ["plan_id", "tier", "features", "limits", "max_devices", "expires_at"] {
            assert_eq!(preview["after"][name], changed[name], "{name}");
        }
        assert_eq!(changed["devices_used"], 1);

        let same = app.api("POST", &at(&license, "/preview"), &json!({ "label": "x" })).expect(200);
        assert_eq!((&same["changed"], &same["lessened"], &same["new_version"]), (&json!(["label"]), &json!([]), &json!(false)));
        let named = app.api("POST", &at(&license, "/preview"), &json!({ "licensee": { "name": "Ada" } })).expect(200);
        assert_eq!((&named["changed"], &named["lessened"], &named["new_version"]), (&json!(["licensee"]), &json!([]), &json!(true)));
        assert_eq!((&named["before"]["licensee"], &named["after"]["licensee"]["name"]), (&Value::Null, &json!("Ada")));
        let more = app.api("POST", &at(&license, "/preview"), &json!({ "plan_id": large["plan_id"], "expires_at": null })).expect(200);
        assert_eq!(more["lessened"], json!(["features", "variables"]), "another value may be less: only the software knows");
    }

    fn a_preview_refuses_what_the_change_refuses(app: &TestApp) {
        let editor = app.create_app("Editor");
        let plan = |name: &str, more: &Value| {
            let mut wish = json!({ "app_id": editor["app_id"], "name": name, "tier": "licensed" });
            wish.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            app.api("POST", "/api/v1/plans", &wish).expect(201)["plan_id"].clone()
        };
        let trial = plan("Trial", &json!({ "trial": { "days": 14, "per": "customer" } }));
        let buyer = |wish: &Value| app.api("POST", "/api/v1/customers", wish).expect(201)["customer_id"].clone();
        let (ada, bob) = (buyer(&json!({ "name": "Ada" })), buyer(&json!({ "name": "Bob", "max_devices": 3 })));
        app.issue(&editor, &json!({ "plan_id": trial, "customer_id": ada }));
        app.issue(&editor, &json!({ "customer_id": bob, "count": 1000 }));
        let license = app.issue(&editor, &json!({ "licensee": { "name": "N".repeat(128), "company": "C".repeat(128) } }));
        let nobody = "01926a3b-0000-7000-8000-000000000000";
        for (wish, status, code) in [
            (json!({ "customer_id": nobody }), 404, "not_found"),
            (json!({ "customer_id": bob }), 409, "limit_reached"),
            (json!({ "customer_id": ada, "plan_id": trial }), 409, "trial_used"),
            (json!({ "plan_id": trial }), 400, "malformed_request"),
        ] {
            assert_problem(&app.api("POST", &at(&license, "/preview"), &wish), status, code);
            refused_without_effect(app, ("PATCH", &at(&license, ""), &wish), status, code);
        }
    }

    fn what_fits_in_the_end_is_taken(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let features = |n: usize| (0..n).map(|n| json!({ "name": format!("{n:032}"), "value": "v".repeat(64) })).collect::<Vec<_>>();
        let change = |wish: &Value| app.api("PATCH", &at(&license, ""), wish);
        let long = json!({ "name": "N".repeat(128), "company": "C".repeat(128), "email": format!("{}@e", "e".repeat(126)) });
        // As many as fit, but for the licensee.
        let most = (1..=32).rev().find(|n| change(&json!({ "replace_features": features(*n) })).status == 200).expect("one fits");
        let refused = change(&json!({ "licensee": long }));
        assert_problem(&refused, 409, "terms_too_large");
        assert!(text(&refused.json()["message"]).contains("licensee"), "{}", refused.json());
        let both = change(&json!({ "licensee": long, "replace_features": features(most / 2) })).expect(200);
        assert_eq!(both["licensee"], long);
    }

    fn a_preview_needs_what_the_change_needs(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let (owner, other) = (app.owner(), app.tenant("Twin"));
        let wish = json!({ "max_devices": 2, "release": ["01926a3b-0000-7000-8000-000000000000"] });
        assert_problem(&owner.with_scopes(&["licenses:read"]).api("POST", &at(&license, "/preview"), &wish), 403, "scope_missing");
        assert_problem(&owner.with_scopes(&["licenses:write"]).api("POST", &at(&license, "/preview"), &wish), 403, "scope_missing");
        assert_problem(&owner.api("POST", &at(&license, "/preview"), &wish), 404, "not_found");
        assert_problem(&other.api("POST", &at(&license, "/preview"), &json!({ "max_devices": 2 })), 404, "not_found");
    }

    fn a_downgrade_reaches_running_software_within_a_second(app: &TestApp) {
        let editor = app.create_app("Editor");
        let (small, large) = (small(app, &editor), large(app, &editor));
        let license = app.issue(&editor, &json!({ "plan_id": large["plan_id"] }));
        let (build, desk, lap) = (app.build(&editor), TestDevice::default(), TestDevice::default());
        let key = text(&license["license_key"]);
        assert_eq!(code(&decide(app, &build, &desk, key, 1)), "allowed");
        assert_eq!(code(&decide(app, &build, &lap, key, 2)), "allowed");
        let theirs = session(app, &editor, &license, "their desk", 3);
        app.clock.advance(2);
        let devices = app.api("GET", &format!("/api/v1/devices?license_id={}", text(&license["license_id"])), &json!(null)).expect(200);
        let of = |name: &str| {
            let mut all = devices["items"].as_array().expect("devices").iter();
            all.find(|device| device["name"] == name || device["hwid"] == name || device.to_string().contains(name)).expect("has a seat")["device_id"].clone()
        };
        let change = json!({ "plan_id": small["plan_id"], "release": [of(&lap.key.to_string()), of("their desk")] });
        app.api("PATCH", &at(&license, ""), &change).expect(200);
        app.clock.advance(1);
        let denied = decide(app, &build, &lap, key, 4);
        assert_eq!((code(&denied), denied.devices_used, denied.max_devices), ("device_limit", Some(1), Some(1)));
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "their desk", &nonce(5))), 403, "hwid_mismatch");
        assert_failed(&ask(app, "heartbeat", &with(&theirs, "nonce", nonce(6).into())), 403, "hwid_mismatch");
        let stays = desk.question(&build, key, 7, &[]);
        let answer: OnlineAnswer = serde_json::from_value(app.ask_online(&stays).expect(200)).expect("an answer");
        let decision = build.judge(&stays, &answer, app.clock.seconds()).expect("is to be believed");
        assert_eq!(code(&decision), "allowed");
    }

    fn both_wires_tell_new_terms_at_the_next_question(app: &TestApp) {
        let editor = app.create_app("Editor");
        let (small, large) = (small(app, &editor), large(app, &editor));
        let license = app.issue(&editor, &json!({ "plan_id": small["plan_id"] }));
        let theirs = session(app, &editor, &license, "desk", 1);
        app.api("PATCH", &at(&license, ""), &json!({ "plan_id": large["plan_id"] })).expect(200);
        app.clock.advance(1);
        let told = payload(&ask(app, "heartbeat", &with(&theirs, "nonce", nonce(2).into())));
        assert_eq!((&told["maxHwidSlots"], &told["licenseVariables"]), (&json!(3), &json!({ "theme": "gold", "beta": true, "export": "all", "projects": 99 })));
        app.api("PATCH", &at(&license, ""), &json!({ "plan_id": small["plan_id"] })).expect(200);
        app.clock.advance(1);
        let told = payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(3))));
        assert_eq!((&told["maxHwidSlots"], &told["licenseVariables"]), (&json!(1), &json!({ "theme": "plain", "projects": 3 })));
    }
}
