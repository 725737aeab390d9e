//! Plans, and licenses that are issued from them (`spec/http.md` §3.9).

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, refused_without_effect};

const DAY: u64 = 24 * 60 * 60;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn pro(app: &TestApp, editor: &Value) -> Value {
    let wish = json!({
        "app_id": editor["app_id"], "name": "Pro", "tier": "enterprise", "max_devices": 3, "duration": "30d",
        "features": [{ "name": "export", "value": "pdf" }, { "name": "db.query" }],
        "limits": [{ "name": "projects", "value": 10 }],
        "policy": { "heartbeat": { "interval": 3_600, "grace": 259_200 } },
    });
    app.api("POST", "/api/v1/plans", &wish).expect(201)
}

on_both_engines! {
    fn a_plan_is_what_was_asked_for_and_defaults_elsewhere(app: &TestApp) {
        let editor = app.create_app("Editor");
        let plan = pro(app, &editor);
        assert_eq!(plan["features"], json!([{ "name": "export", "value": "pdf" }, { "name": "db.query" }]));
        assert_eq!(plan["files"], false);
        assert_eq!(plan["policy"], json!({ "heartbeat": { "interval": 3_600, "grace": 259_200 } }));
        for absent in ["max_instances", "offline", "allowances"] {
            assert_eq!(plan.get(absent), None, "{absent}");
        }
        let path = format!("/api/v1/plans/{}", text(&plan["plan_id"]));
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200), plan);
        assert_eq!(app.api("GET", "/api/v1/plans", &json!(null)).expect(200)["items"], json!([plan]));
    }

    fn licenses_get_the_terms_of_their_plan_and_keep_them(app: &TestApp) {
        let editor = app.create_app("Editor");
        let plan = pro(app, &editor);
        let license = app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }));
        let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let shown = app.api("GET", &path, &json!(null)).expect(200);
        for name in ["tier", "features", "limits", "max_devices"] {
            assert_eq!(shown[name], plan[name], "{name}");
        }
        let signed = app.count(&format!("licenses WHERE expires_at = {}", app.clock.seconds() + 30 * DAY));
        assert_eq!(signed, 1);

        let change = json!({ "tier": "free", "max_devices": 1, "duration": null, "replace_features": [] });
        let changed = app.api("PATCH", &format!("/api/v1/plans/{}", text(&plan["plan_id"])), &change).expect(200);
        assert_eq!((&changed["tier"], changed.get("duration")), (&json!("free"), None));
        assert_eq!(changed["name"], "Pro", "what is absent stays");
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200), shown);
        let later = app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }));
        assert_eq!((&later["expires_at"], &later["max_devices"]), (&json!(null), &json!(1)));
    }

    fn an_order_may_differ_from_its_plan(app: &TestApp) {
        let editor = app.create_app("Editor");
        let plan = pro(app, &editor)["plan_id"].clone();
        let order = json!({ "plan_id": plan, "max_devices": "unlimited", "expires_at": null });
        let license = app.issue(&editor, &order);
        assert_eq!((&license["expires_at"], &license["max_devices"]), (&json!(null), &json!("unlimited")));
    }

    fn a_plan_of_another_app_is_not_found(app: &TestApp) {
        let (editor, viewer) = (app.create_app("Editor"), app.create_app("Viewer"));
        let order = json!({ "app_id": viewer["app_id"], "plan_id": pro(app, &editor)["plan_id"] });
        refused_without_effect(app, ("POST", "/api/v1/licenses", &order), 404, "not_found");
    }

    fn without_offline_in_the_plan_no_file_is_handed_out(app: &TestApp) {
        let editor = app.create_app("Editor");
        let license = app.issue(&editor, &json!({ "plan_id": pro(app, &editor)["plan_id"] }));
        let file = format!("/api/v1/licenses/{}/file", text(&license["license_id"]));
        refused_without_effect(app, ("GET", &file, &json!(null)), 409, "offline_disabled");
    }

    fn the_file_names_the_features_of_the_plan(app: &TestApp) {
        let editor = app.create_app("Editor");
        let features: Vec<Value> = (0..128).map(|n| json!({ "name": format!("{n:032}") })).collect();
        let wish = json!({
            "app_id": editor["app_id"], "name": "All", "tier": "licensed", "features": features, "files": true,
        });
        let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
        let license = app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }));
        app.chain(&editor, &license).judge(app.clock.seconds()).expect("128 features are signed and verified");
    }

    fn what_no_plan_can_be_is_refused(app: &TestApp) {
        let editor = app.create_app("Editor");
        let good = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed" });
        let plan = app.api("POST", "/api/v1/plans", &good).expect(201);
        assert_problem(&app.api("POST", "/api/v1/plans", &good), 409, "name_taken");
        let path = format!("/api/v1/plans/{}", text(&plan["plan_id"]));
        for (name, value) in [
            ("tier", json!("gold")), ("name", json!("")), ("max_devices", json!(0)), ("duration", json!(30)),
            ("duration", json!("0d")), ("duration", json!("36501d")), ("duration", json!("1 week")), ("allowances", json!({ "releases": 1001 })),
            ("features", json!([{ "name": "a" }, { "name": "a" }])), ("features", json!(["a"])),
            ("features", json!([{ "name": "x".repeat(33) }])), ("features", json!([{ "name": "a", "value": "x".repeat(65) }])),
            ("features", json!((0..129).map(|n| json!({ "name": n.to_string() })).collect::<Vec<_>>())),
            ("features", json!([["a"]])), ("limits", json!([["a", 1]])), ("policy", json!([])),
            ("limits", json!([{ "name": "a", "value": -1 }])), ("limits", json!([{ "name": "", "value": 1 }])),
            ("policy", json!({ "colour": "red" })), ("policy", json!({ "heartbeat": { "interval": 0, "grace": 60 } })),
            ("policy", json!({ "fail": "maybe" })), ("offline", json!(true)), ("files", json!("yes")), ("max_instances", json!(0)), ("colour", json!("red")),
        ] {
            let mut wish = good.clone();
            wish["name"] = json!("Other");
            wish[name] = value.clone();
            refused_without_effect(app, ("POST", "/api/v1/plans", &wish), 400, "malformed_request");
            refused_without_effect(app, ("PATCH", &path, &json!({ name: value })), 400, "malformed_request");
        }
    }
}
