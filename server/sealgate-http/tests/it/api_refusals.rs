//! What the management API refuses, with which code, and that a refusal changes nothing.

use sealgate_testkit::{on_both_engines, request};
use serde_json::{Value, json};

use crate::support::{anonymous, assert_problem, raw, refused_without_effect, sell, state};

const UNKNOWN: &str = "01926a3b-0000-7000-8000-000000000000";
/// A key with a right checksum that nobody was ever given.
const NOBODYS_KEY: &str = "000G-40R4-0M30-E209-185G-R38E-1YRB";

/// Every route that needs a token.
const ROUTES: [(&str, &str); 10] = [
    ("POST", "/api/v1/apps"),
    ("GET", "/api/v1/apps"),
    ("GET", "/api/v1/apps/x"),
    ("GET", "/api/v1/apps/x/trust"),
    ("POST", "/api/v1/licenses"),
    ("GET", "/api/v1/licenses"),
    ("POST", "/api/v1/licenses/lookup"),
    ("GET", "/api/v1/licenses/x"),
    ("POST", "/api/v1/licenses/x/revoke"),
    ("GET", "/api/v1/licenses/x/file"),
];

/// An honest order with one field replaced.
fn order(app: &Value, field: &str, value: Value) -> Value {
    let mut order = json!({ "app_id": app["app_id"] });
    order[field] = value;
    order
}

fn is_of_the_path(problem: &Value) -> bool {
    problem["message"].as_str().is_some_and(|message| message.contains("no such path"))
}

on_both_engines! {
    fn without_a_known_token_no_route_answers(app: &TestApp) {
        let before = state(app);
        let longer = format!("{}x", app.token);
        let other = app.token.to_uppercase();
        for (method, path) in ROUTES {
            for token in [None, Some(""), Some("sgt_nobodys"), Some(&*longer), Some(&*other), Some(&app.token[1..])] {
                let url = format!("{}{path}", app.url);
                assert_problem(&request(method, &url, token, &json!(null)), 401, "token_invalid");
            }
        }
        assert_eq!(state(app), before);
        app.api("GET", "/api/v1/apps", &json!(null)).expect(200);
    }

    fn an_app_that_is_not_of_the_documented_shape_is_refused(app: &TestApp) {
        for body in [
            json!({}), json!({ "name": null }), json!({ "name": 1 }), json!({ "name": ["x"] }), json!(["Editor"]),
            json!("Editor"), json!(7), json!({ "name": "Editor", "colour": "red" }), json!({ "name": "" }),
            json!({ "name": " " }), json!({ "name": "Editor\u{202e}" }), json!({ "name": "Ed\nitor" }),
            json!({ "name": "Ed\u{0}itor" }), json!({ "name": "Ed\u{9b}itor" }), json!({ "name": "x".repeat(65) }),
        ] {
            refused_without_effect(app, ("POST", "/api/v1/apps", &body), 400, "malformed_request");
        }
    }

    fn a_name_is_taken_once(app: &TestApp) {
        app.create_app("Editor");
        for name in ["Editor", " Editor", "Editor\u{a0}"] {
            refused_without_effect(app, ("POST", "/api/v1/apps", &json!({ "name": name })), 409, "name_taken");
        }
        app.create_app("editor");
    }

    fn an_order_that_is_out_of_range_is_refused(app: &TestApp) {
        let editor = app.create_app("Editor");
        let wrong = [
            ("max_devices", vec![
                json!(0), json!(1_000_001), json!(-1), json!(1.5), json!("many"), json!("1"), json!(true), json!([]),
                json!(u64::MAX),
            ]),
            ("expires_at", vec![
                json!("tomorrow"), json!("2028-1-1"), json!("2028-13-01T00:00:00Z"), json!("2028-02-30T00:00:00Z"),
                json!("1969-12-31T23:59:59Z"), json!("2027-01-15T07:59:59Z"), json!("2027-01-15T08:00:00Z"),
                json!("+10000-01-01T00:00:00Z"), json!("-2027-01-01T00:00:00Z"), json!(1_900_000_000), json!(""),
            ]),
            ("label", vec![
                json!("x".repeat(129)), json!("a\u{0}b"), json!("a\u{1b}[31mb"), json!("a\nb"), json!("a\u{85}b"),
                json!(5),
            ]),
            ("count", vec![
                json!(0), json!(1001), json!(-1), json!(1.5), json!("1"), json!(u64::MAX), json!(4_294_967_297_u64),
            ]),
            ("app_id", vec![json!(null), json!(5), json!({})]),
            ("colour", vec![json!("red")]),
        ];
        for (field, values) in wrong {
            for value in values {
                let order = order(&editor, field, value);
                refused_without_effect(app, ("POST", "/api/v1/licenses", &order), 400, "malformed_request");
            }
        }
        app.issue(&editor, &json!({}));
    }

    fn other_bodies_of_a_wrong_shape_are_refused(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let revoke = format!("/api/v1/licenses/{}/revoke", license["license_id"].as_str().expect("text"));
        let lookup = "/api/v1/licenses/lookup";
        for (path, body) in [
            (&*revoke, json!([])), (&revoke, json!({ "reason": 5 })),
            (&revoke, json!({ "reason": "x".repeat(257) })), (&revoke, json!({ "reason": "a\u{7}b" })),
            (&revoke, json!({ "why": "x" })), (lookup, json!({})), (lookup, json!({ "license_key": 5 })),
            (lookup, json!({ "license_key": null })), (lookup, json!({ "license_key": "x", "colour": "red" })),
            (lookup, json!([license["license_key"]])),
        ] {
            refused_without_effect(app, ("POST", path, &body), 400, "malformed_request");
        }
    }

    fn lists_take_their_own_parameters_only(app: &TestApp) {
        for query in [
            "limit=x", "limit=-1", "limit=1.5", "limit=", "colour=red", "limit=1&limit=2", "cursor=x", "cursor=",
            "cursor=%00", "cursor=%FF",
        ] {
            for list in ["/api/v1/apps", "/api/v1/licenses"] {
                let path = format!("{list}?{query}");
                refused_without_effect(app, ("GET", &path, &json!(null)), 400, "malformed_request");
            }
        }
        let path = format!("/api/v1/apps?app_id={UNKNOWN}");
        refused_without_effect(app, ("GET", &path, &json!(null)), 400, "malformed_request");
    }

    fn what_nobody_has_and_what_cannot_be_are_the_same_to_a_caller(app: &TestApp) {
        sell(app, &json!({}));
        let upper = UNKNOWN.to_uppercase();
        let long = "x".repeat(2000);
        for id in [UNKNOWN, "x", &*upper, &*long, "%00", "%FF", "..%2F..", "01926a3b000070008000000000000000"] {
            for (method, path, body) in [
                ("GET", format!("/api/v1/apps/{id}"), json!(null)),
                ("GET", format!("/api/v1/apps/{id}/trust"), json!(null)),
                ("GET", format!("/api/v1/licenses/{id}"), json!(null)),
                ("GET", format!("/api/v1/licenses/{id}/file"), json!(null)),
                ("POST", format!("/api/v1/licenses/{id}/revoke"), json!({})),
            ] {
                refused_without_effect(app, (method, &path, &body), 404, "not_found");
            }
        }
        for id in [UNKNOWN, "x", ""] {
            let order = json!({ "app_id": id });
            refused_without_effect(app, ("POST", "/api/v1/licenses", &order), 404, "not_found");
        }
        for key in [NOBODYS_KEY, "000G-40R4-0M30-E209-185G-R38E-1YRC", "", "x", "\u{0}", &*long] {
            let body = json!({ "license_key": key });
            refused_without_effect(app, ("POST", "/api/v1/licenses/lookup", &body), 404, "not_found");
        }
        let ask = |kind: &str, id: &str| {
            let (status, body) = anonymous(&app.api("GET", &format!("/api/v1/{kind}/{id}"), &json!(null)));
            (status, body.to_string().replace(&format!("\\\"{id}\\\""), "it"))
        };
        for kind in ["apps", "plans", "customers", "licenses"] {
            assert_eq!(ask(kind, UNKNOWN), ask(kind, "x"));
        }
    }

    fn the_file_of_a_revoked_license_is_not_handed_out(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        app.api("GET", &format!("{path}/file"), &json!(null)).expect(200);
        app.api("POST", &format!("{path}/revoke"), &json!({})).expect(200);
        refused_without_effect(app, ("GET", &format!("{path}/file"), &json!(null)), 409, "license_revoked");
        app.api("GET", &path, &json!(null)).expect(200);
    }

    fn other_methods_and_other_paths_have_their_codes(app: &TestApp) {
        for (method, path) in [
            ("DELETE", "/api/v1/apps"), ("PUT", "/api/v1/licenses"), ("GET", "/api/v1/licenses/lookup"),
            ("POST", "/api/v1/licenses/x"), ("GET", "/api/v1/licenses/x/revoke"), ("POST", "/healthz"),
            ("PATCH", "/api/v1/apps/x/trust"),
        ] {
            refused_without_effect(app, (method, path, &json!(null)), 405, "method_not_allowed");
            assert!(app.api(method, path, &json!(null)).header("allow").is_some(), "{method} {path}");
        }
        for path in ["/", "/nothing", "/api", "/api/v1", "/api/v2/apps", "/api/v1/apps/", "/api/v1/apps/x/y", "/auth"] {
            refused_without_effect(app, ("GET", path, &json!(null)), 404, "not_found");
            let anyone = request("GET", &format!("{}{path}", app.url), None, &json!(null));
            assert_problem(&anyone, 404, "not_found");
            assert!(is_of_the_path(&anyone.json()), "{path}: {anyone:?}");
        }
        // Where the path is right, nobody looks for a mistake in it.
        let nobodys = app.api("GET", &format!("/api/v1/apps/{UNKNOWN}"), &json!(null));
        assert_problem(&nobodys, 404, "not_found");
        assert!(!is_of_the_path(&nobodys.json()), "{nobodys:?}");
    }

    fn the_content_type_is_not_looked_at(app: &TestApp) {
        let body = " \n{\"name\" : \"Editor\"}\n ";
        for (n, header) in ["", "content-type: text/plain\r\n", "content-type: \u{e9}\r\n"].into_iter().enumerate() {
            let body = body.replace("Editor", &format!("Editor {n}"));
            let head = format!("host: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n", app.token);
            let length = body.len();
            let answer = raw(app, format!(
                "POST /api/v1/apps HTTP/1.1\r\n{head}{header}content-length: {length}\r\n\r\n{body}"
            ).as_bytes());
            assert!(answer.starts_with("HTTP/1.1 201 "), "{header}: {answer}");
        }
    }
}
