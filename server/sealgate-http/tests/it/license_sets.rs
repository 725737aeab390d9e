//! Features, limits and variables: what is given merges, what is removed goes, a replacement is the whole
//! (`spec/http.md` §3.9).

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, nonce, payload, refused_without_effect, sell};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// A plan and a license of the same app, each with the same features and limits, and how each is reached.
fn both(app: &TestApp) -> [String; 2] {
    let editor = app.create_app("Editor");
    let plan = json!({
        "app_id": editor["app_id"], "name": "Pro", "tier": "licensed",
        "features": [{ "name": "export" }, { "name": "sso", "value": "saml" }],
        "limits": [{ "name": "projects", "value": 10 }, { "name": "users", "value": 3 }],
    });
    let plan = app.api("POST", "/api/v1/plans", &plan).expect(201);
    let license = app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }));
    [
        format!("/api/v1/plans/{}", text(&plan["plan_id"])),
        format!("/api/v1/licenses/{}", text(&license["license_id"])),
    ]
}

on_both_engines! {
    fn plans_and_licenses_merge_alike(app: &TestApp) {
        for path in both(app) {
            let change = json!({
                "features": [{ "name": "sso", "value": "oidc" }, { "name": "sync" }], "remove_features": ["export", "unknown"],
                "limits": [{ "name": "users", "value": 5 }],
            });
            let changed = app.api("PATCH", &path, &change).expect(200);
            assert_eq!(changed["features"], json!([{ "name": "sso", "value": "oidc" }, { "name": "sync" }]), "{path}");
            assert_eq!(changed["limits"], json!([{ "name": "projects", "value": 10 }, { "name": "users", "value": 5 }]));
            let change = json!({ "remove_limits": ["projects"] });
            let changed = app.api("PATCH", &path, &change).expect(200);
            assert_eq!(changed["limits"], json!([{ "name": "users", "value": 5 }]), "{path}");
            let change = json!({ "replace_features": [{ "name": "only" }], "replace_limits": [] });
            let changed = app.api("PATCH", &path, &change).expect(200);
            assert_eq!((&changed["features"], &changed["limits"]), (&json!([{ "name": "only" }]), &json!([])), "{path}");
            assert_eq!(app.api("GET", &path, &json!(null)).expect(200), changed);
        }
    }

    fn what_no_set_can_be_is_refused_by_name_and_changes_nothing(app: &TestApp) {
        for path in both(app) {
            let before = app.api("GET", &path, &json!(null)).expect(200);
            let many = |count: u32| (0..count).map(|n| json!({ "name": n.to_string() })).collect::<Vec<_>>();
            for (field, change) in [
                ("features", json!({ "features": [{ "name": "a", "value": "x\u{7}" }] })),
                ("features", json!({ "features": [{ "name": "a\u{1b}" }] })),
                ("features", json!({ "features": many(129) })),
                ("features", json!({ "features": many(127) })),
                ("features", json!({ "replace_features": many(129) })),
                ("features", json!({ "features": [{ "name": "a" }, { "name": "a" }] })),
                ("limits", json!({ "limits": [{ "name": "a", "value": 9_007_199_254_740_992_u64 }] })),
                ("limits", json!({ "limits": (0..31).map(|n| json!({ "name": n.to_string(), "value": n })).collect::<Vec<_>>() })),
                ("replace_features", json!({ "replace_features": [], "features": [] })),
                ("replace_limits", json!({ "replace_limits": [], "remove_limits": ["users"] })),
                ("remove_features", json!({ "features": [{ "name": "new" }], "remove_features": ["new"] })),
            ] {
                let refused = app.api("PATCH", &path, &change);
                assert_problem(&refused, 400, "malformed_request");
                let message = text(&refused.json()["message"]).to_owned();
                assert!(message.starts_with(&format!("{field}: ")), "{change}: {message}");
                refused_without_effect(app, ("PATCH", &path, &change), 400, "malformed_request");
                assert_eq!(app.api("GET", &path, &json!(null)).expect(200), before);
            }
            // 126 beside the two that are there are as many as there may be.
            app.api("PATCH", &path, &json!({ "features": many(126) })).expect(200);
        }
    }

    fn variables_merge_where_they_are_patched(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for path in [
            format!("/api/v1/licenses/{}/variables", text(&license["license_id"])),
            format!("/api/v1/apps/{}/variables", text(&editor["app_id"])),
        ] {
            app.api("PUT", &path, &json!({ "variables": { "motd": "hi", "max": 3, "old": true } })).expect(200);
            let change = json!({ "variables": { "max": 4, "new": "x" }, "remove_variables": ["old", "unknown"] });
            let wanted = json!({ "variables": { "motd": "hi", "max": 4, "new": "x" } });
            assert_eq!(app.api("PATCH", &path, &change).expect(200), wanted, "{path}");
            assert_eq!(app.api("PATCH", &path, &change).expect(200), wanted, "the same again changes nothing");
            assert_eq!(app.api("GET", &path, &json!(null)).expect(200), wanted);
            for bad in [
                json!({ "variables": { "a": "x".repeat(1480) } }), json!({ "variables": { "": 1 } }), json!({ "variables": { "a": 1.0 } }),
                json!({ "variables": { "a": 1 }, "remove_variables": ["a"] }), json!({ "remove": ["motd"] }),
                json!({ "variables": { "a": "\u{7}" } }),
            ] {
                refused_without_effect(app, ("PATCH", &path, &bad), 400, "malformed_request");
                assert_eq!(app.api("GET", &path, &json!(null)).expect(200), wanted);
            }
        }
        app.clock.advance(2);
        let told = payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_eq!((&told["licenseVariables"]["max"], &told["appVariables"]["new"]), (&json!(4), &json!("x")));
    }

    fn a_plan_hands_its_variables_to_its_licenses(app: &TestApp) {
        let editor = app.create_app("Editor");
        let wish = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed", "variables": { "theme": "dark", "max": 3 } });
        let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
        assert_eq!(plan["variables"], wish["variables"]);
        let license = app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }));
        let of_license = format!("/api/v1/licenses/{}/variables", text(&license["license_id"]));
        assert_eq!(app.api("GET", &of_license, &json!(null)).expect(200)["variables"], wish["variables"]);
        let path = format!("/api/v1/plans/{}", text(&plan["plan_id"]));
        let change = json!({ "variables": { "max": 4 }, "remove_variables": ["theme"] });
        assert_eq!(app.api("PATCH", &path, &change).expect(200)["variables"], json!({ "max": 4 }));
        assert_eq!(app.api("PATCH", &path, &json!({ "replace_variables": {} })).expect(200).get("variables"), None);
        assert_eq!(app.api("GET", &of_license, &json!(null)).expect(200)["variables"], wish["variables"], "it keeps its terms");
    }

    fn a_plan_that_no_license_could_carry_is_not_saved(app: &TestApp) {
        let editor = app.create_app("Editor");
        let long = |count: u32| -> Vec<Value> {
            (0..count).map(|n| json!({ "name": format!("{n:032}"), "value": "v".repeat(64) })).collect()
        };
        let wish = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed", "features": long(32), "variables": { "a": "x".repeat(1400) } });
        let refused = app.api("POST", "/api/v1/plans", &wish);
        assert_problem(&refused, 409, "terms_too_large");
        assert!(text(&refused.json()["message"]).starts_with("features: "), "{}", refused.json());
        refused_without_effect(app, ("POST", "/api/v1/plans", &wish), 409, "terms_too_large");

        let small = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed", "features": long(20) });
        let plan = app.api("POST", "/api/v1/plans", &small).expect(201);
        let path = format!("/api/v1/plans/{}", text(&plan["plan_id"]));
        let grown = json!({ "variables": { "a": "x".repeat(1450) }, "features": long(32) });
        refused_without_effect(app, ("PATCH", &path, &grown), 409, "terms_too_large");
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200), plan);
    }
}
