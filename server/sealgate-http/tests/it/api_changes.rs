//! Licenses after their issue: renewed, changed, suspended, searched (`spec/http.md` §3.2).

use sealgate_testkit::{TestApp, on_both_engines, send};
use serde_json::{Value, json};

use crate::customers::customer;
use crate::support::{
    assert_failed, assert_problem, nonce, payload, payload_text, refused_without_effect, sell,
};

const DAY: u64 = 24 * 60 * 60;

fn at(license: &Value, verb: &str) -> String {
    format!("/api/v1/licenses/{}{verb}", license["license_id"].as_str().expect("text"))
}

fn labels(app: &TestApp, query: &str) -> Vec<String> {
    let (mut labels, mut url) = (vec![], format!("/api/v1/licenses?limit=2&{query}"));
    loop {
        let page = app.api("GET", &url, &json!(null)).expect(200);
        let items = page["items"].as_array().expect("a list");
        labels.extend(items.iter().map(|l| l["label"].as_str().unwrap_or("-").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { return labels };
        url = format!("/api/v1/licenses?limit=2&{query}&cursor={cursor}");
    }
}

on_both_engines! {
    fn a_renewed_license_goes_on_and_its_new_file_says_so(app: &TestApp) {
        let end = sealgate_wire::Timestamp(sealgate_artifact::UnixSeconds::new(app.clock.seconds() + DAY).expect("in range"));
        let (editor, license) = sell(app, &json!({ "expires_at": end.to_string() }));
        let before = app.chain(&editor, &license);
        app.clock.advance(2 * DAY);
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))), 410, "expired");

        let renewed = app.api("POST", &at(&license, "/renew"), &json!({ "expires_at": "2037-01-31T00:00:00Z" })).expect(200);
        assert_eq!((&renewed["status"], &renewed["expires_at"]), (&json!("active"), &json!("2037-01-31T00:00:00Z")));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2))));
        let after = app.chain(&editor, &license);
        assert_ne!(before.license, after.license);
        after.judge(app.clock.seconds()).expect("the new file is signed");
        assert_eq!(app.count("license_statements"), 2);
        assert_eq!(app.count("events WHERE kind = 'license_renewed'"), 1);
    }

    fn renewal_by_the_plan_adds_its_duration(app: &TestApp) {
        let editor = app.create_app("Editor");
        let wish = json!({ "app_id": editor["app_id"], "name": "Year", "tier": "licensed", "duration": "10d" });
        let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
        let license = app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }));
        let issued_at = app.clock.seconds();
        let ends = |seconds: u64| app.count(&format!("licenses WHERE expires_at = {seconds}"));
        app.api("POST", &at(&license, "/renew"), &json!({})).expect(200);
        assert_eq!(ends(issued_at + 20 * DAY), 1, "added to the present end");
        app.clock.advance(30 * DAY);
        app.api("POST", &at(&license, "/renew"), &json!(null)).expect(200);
        assert_eq!(ends(app.clock.seconds() + 10 * DAY), 1, "added to now");
        let for_ever = app.issue(&editor, &json!({}));
        refused_without_effect(app, ("POST", &at(&for_ever, "/renew"), &json!({})), 400, "malformed_request");
    }

    fn a_suspended_license_is_blocked_until_it_is_resumed(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        payload(&app.validate(&question(1)));
        let suspended = app.api("POST", &at(&license, "/suspend"), &json!({ "reason": "unpaid" })).expect(200);
        assert_eq!(suspended["status"], "suspended");
        assert_failed(&app.validate(&question(2)), 403, "blocked");
        refused_without_effect(app, ("GET", &at(&license, "/file"), &json!(null)), 409, "blocked");
        assert_eq!(app.api("POST", &at(&license, "/suspend"), &json!({})).expect(200), suspended, "twice changes nothing");
        assert_eq!(app.api("POST", &at(&license, "/resume"), &json!(null)).expect(200)["status"], "active");
        payload(&app.validate(&question(3)));
        assert_eq!(app.count("audit WHERE action LIKE 'license.%' AND action <> 'license.issued'"), 2);
    }

    fn a_revoked_license_is_changed_no_more(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
        for (method, verb, body) in [
            ("POST", "/renew", json!({ "expires_at": null })), ("POST", "/suspend", json!({})),
            ("POST", "/resume", json!({})), ("PATCH", "", json!({ "label": "x" })),
            ("PUT", "/variables", json!({ "variables": {} })),
        ] {
            refused_without_effect(app, (method, &at(&license, verb), &body), 409, "license_revoked");
        }
    }

    fn notes_are_changed_and_taken_away(app: &TestApp) {
        let ada = customer(app, &json!({ "name": "Ada" }))["customer_id"].clone();
        let (_, license) = sell(app, &json!({ "label": "Order 1", "customer_id": ada }));
        let changed = app.api("PATCH", &at(&license, ""), &json!({ "label": "Order 2" })).expect(200);
        assert_eq!((&changed["label"], &changed["customer_id"]), (&json!("Order 2"), &ada));
        let changed = app.api("PATCH", &at(&license, ""), &json!({ "customer_id": "" })).expect(200);
        assert_eq!((&changed["label"], &changed["customer_id"]), (&json!("Order 2"), &json!(null)));
        assert_eq!(app.count("license_statements"), 1, "a note is not signed");
        let long = json!({ "label": "x".repeat(129) });
        refused_without_effect(app, ("PATCH", &at(&license, ""), &long), 400, "malformed_request");
    }

    fn variables_are_replaced_as_a_whole(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for path in [at(&license, "/variables"), format!("/api/v1/apps/{}/variables", editor["app_id"].as_str().expect("text"))] {
            assert_eq!(app.api("GET", &path, &json!(null)).expect(200), json!({ "variables": {} }));
            let wish = json!({ "variables": { "motd": "hé", "max": -3, "beta": true } });
            assert_eq!(app.api("PUT", &path, &wish).expect(200), wish);
            let other = json!({ "variables": { "max": 4 } });
            assert_eq!(app.api("PUT", &path, &other).expect(200), other);
            assert_eq!(app.api("GET", &path, &json!(null)).expect(200), other);
            let many: Value = (0..51).map(|n| (n.to_string(), json!(1))).collect::<serde_json::Map<_, _>>().into();
            for bad in [
                json!({ "a": 1.0 }), json!({ "a": 0.123_456_789_012_345_6 }), json!({ "a": null }), json!({ "a": [1] }), json!({ "": 1 }), json!({ "a\u{7}": 1 }),
                json!({ "a": 9_007_199_254_740_992_i64 }), json!({ "a": "x".repeat(1500) }), many,
            ] {
                refused_without_effect(app, ("PUT", &path, &json!({ "variables": bad })), 400, "malformed_request");
            }
        }
    }

    /// `spec/authforge.md` §2.8: they are kept as they are written, and in no other spelling.
    fn variables_may_have_a_fraction(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let [of_app, of_license] = [("apps", &editor["app_id"]), ("licenses", &license["license_id"])]
            .map(|(kind, id)| format!("/api/v1/{kind}/{}/variables", id.as_str().expect("text")));
        let plan = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed", "variables": {} }).to_string();
        let written = r#"{"a":0.000001,"b":-12345678901234.5,"c":"0.5","d":5}"#;
        let raw = |method: &str, path: &str, body: String| {
            send(method, &format!("{}{path}", app.url), Some(&app.token), body.as_bytes())
        };
        for path in [&of_app, &of_license] {
            let answer = raw("PUT", path, format!(r#"{{"variables":{written}}}"#));
            assert_eq!(String::from_utf8_lossy(&answer.bytes), format!(r#"{{"variables":{written}}}"#));
            let answer = raw("PATCH", path, r#"{"variables":{"d":0.25}}"#.to_owned());
            let changed = written.replace(r#""d":5"#, r#""d":0.25"#);
            assert_eq!(String::from_utf8_lossy(&answer.bytes), format!(r#"{{"variables":{changed}}}"#));
            for bad in ["1.0", "0.50", "1e3", "5e-1", "-0", "-0.0", "0.1234567890123456", "1.5e3"] {
                let answer = raw("PATCH", path, format!(r#"{{"variables":{{"a":{bad}}}}}"#));
                assert_problem(&answer, 400, "malformed_request");
                let message = answer.json()["message"].as_str().expect("text").to_owned();
                assert!(message.starts_with("variables.a: ") && !message.contains(bad), "{message}");
            }
        }
        let made = raw("POST", "/api/v1/plans", plan.replace(r#""variables":{}"#, &format!(r#""variables":{written}"#)));
        assert!(String::from_utf8_lossy(&made.bytes).contains(written), "{made:?}");
        // As a number on AuthForge's wire, whose clients look at the type.
        app.clock.advance(2);
        let answer = app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1)));
        let text = payload_text(&answer);
        let changed = written.replace(r#""d":5"#, r#""d":0.25"#);
        assert!(text.ends_with(&format!(r#""appVariables":{changed},"licenseVariables":{changed}}}"#)), "{text}");
    }

    fn licenses_are_found_by_what_their_label_begins_with(app: &TestApp) {
        let editor = app.create_app("Editor");
        for label in ["Order 9", "order 10", "ORDER 11", "Ärger", "ärmer", "Other", "100% sure", "under_score"] {
            app.issue(&editor, &json!({ "label": label }));
        }
        app.issue(&editor, &json!({}));
        assert_eq!(labels(app, "label=order"), ["order 10", "ORDER 11", "Order 9"]);
        assert_eq!(labels(app, "label=OrDeR%2011"), ["ORDER 11"]);
        assert_eq!(labels(app, "label=%C3%84R"), ["Ärger", "ärmer"]);
        assert_eq!(labels(app, "label=o").len(), 4);
        assert_eq!(labels(app, "label=100%25"), ["100% sure"], "nothing in it is a pattern");
        assert_eq!(labels(app, "label=underXscore"), [""; 0]);
        assert_eq!(labels(app, "label=").len(), 8, "everything that has one");
        app.tenant("Twin");
        assert_eq!(app.tenant("Other").api("GET", "/api/v1/licenses?label=order", &json!(null)).expect(200)["items"], json!([]));
    }

    fn pages_of_a_search_hold_every_license_of_one_text_once(app: &TestApp) {
        let editor = app.create_app("Editor");
        for label in ["Same", "same", "Same 2", "Other"] {
            app.issue(&editor, &json!({ "label": label, "count": 5 }));
        }
        let (mut ids, mut url) = (vec![], "/api/v1/licenses?limit=3&label=same".to_owned());
        loop {
            let page = app.api("GET", &url, &json!(null)).expect(200);
            ids.extend(page["items"].as_array().expect("a list").iter().map(|l| l["license_id"].to_string()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            url = format!("/api/v1/licenses?limit=3&label=same&cursor={cursor}");
        }
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!((all, ids.len()), (15, 15));
    }

    fn licenses_are_found_by_the_devices_on_them(app: &TestApp) {
        let (editor, first) = sell(app, &json!({ "label": "a" }));
        app.clock.advance(1);
        let second = app.issue(&editor, &json!({ "label": "b" }));
        app.issue(&editor, &json!({ "label": "c" }));
        for (n, license) in [(1, &first), (2, &second)] {
            payload(&app.validate(&TestApp::question(&editor, license, "my desk", &nonce(n))));
        }
        assert_eq!(labels(app, "device=my%20desk"), ["b", "a"]);
        assert_eq!(labels(app, "device=desk"), [""; 0]);
        assert_eq!(labels(app, "device=my%20desk&label=a"), ["a"]);
    }
}
