//! `POST /auth/selfban`: a client's word about itself reaches no further than itself (`spec/http.md` §2.9).

use sealgate_testkit::{Answer, TestApp, on_both_engines_behind_proxies, send_with};
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, change, nonce, payload, sell, session, state, with};

/// A report before a session.
fn report_by_key(editor: &Value, license: &Value, hwid: &str) -> Value {
    with(&TestApp::question(editor, license, hwid, &nonce(99)), "revokeLicense", json!(false))
}

/// Where several customers sit.
const OFFICE: &str = "198.51.100.7";

/// Asks through the proxy that the server trusts, from an address.
fn ask_from(app: &TestApp, address: &str, path: &str, body: &Value) -> Answer {
    let url = format!("{}/auth/{path}", app.url);
    send_with("POST", &url, None, &[("x-forwarded-for", address)], body.to_string().as_bytes())
}

/// The vendor wants addresses listed.
fn list_addresses(app: &TestApp, editor: &Value) {
    let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
    let shown = app.api("PATCH", &path, &json!({ "list_reported_addresses": true })).expect(200);
    assert_eq!(shown["list_reported_addresses"], true);
}

fn remove_all(app: &TestApp) {
    for entry in entries(app) {
        let path = format!("/api/v1/access/{}", entry["entry_id"].as_str().expect("text"));
        app.api("DELETE", &path, &json!(null)).expect(200);
    }
}

fn entries(app: &TestApp) -> Vec<Value> {
    app.api("GET", "/api/v1/access", &json!(null)).expect(200)["items"].as_array().expect("a list").clone()
}

fn done(answer: &Answer) -> (bool, bool, bool) {
    let body = answer.clone().expect(200);
    assert_eq!(body["status"], "success");
    let flag = |name: &str| body[name].as_bool().expect("yes or no");
    (flag("licenseRevoked"), flag("hwidBlacklisted"), flag("ipBlacklisted"))
}

on_both_engines_behind_proxies! {
    fn before_a_session_a_report_reaches_one_device_on_one_license(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let other = app.issue(&editor, &json!({ "max_devices": 5 }));
        assert_eq!(done(&ask(app, "selfban", &report_by_key(&editor, &license, "desk"))), (false, true, false));
        let asks = |license: &Value, hwid, n| app.validate(&TestApp::question(&editor, license, hwid, &nonce(n)));
        assert_failed(&asks(&license, "desk", 1), 403, "blocked");
        payload(&asks(&license, "lap", 2));
        payload(&asks(&other, "desk", 3));
        let [entry] = &entries(app)[..] else { panic!("one entry") };
        for (name, value) in [
            ("source", json!("self_ban")), ("effect", json!("deny")), ("hwid", json!("desk")),
            ("license_id", license["license_id"].clone()), ("expires_at", json!("2027-02-14T08:00:00Z")),
        ] {
            assert_eq!(entry[name], value, "{name}");
        }
        let path = format!("/api/v1/access/{}", entry["entry_id"].as_str().expect("text"));
        app.api("DELETE", &path, &json!(null)).expect(200);
        payload(&asks(&license, "desk", 4));
    }

    fn a_report_ends_by_itself(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        done(&ask(app, "selfban", &report_by_key(&editor, &license, "desk")));
        let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        app.clock.advance(30 * 86_400 - 1);
        assert_failed(&app.validate(&question(1)), 403, "blocked");
        app.clock.advance(1);
        payload(&app.validate(&question(2)));
    }

    fn with_a_session_a_report_reaches_one_device_on_one_license(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let other = app.issue(&editor, &json!({ "max_devices": 5 }));
        let session = session(app, &editor, &license, "desk", 1);
        assert_eq!(done(&ask(app, "selfban", &session)), (false, true, false));
        let asks = |license: &Value, hwid, n| app.validate(&TestApp::question(&editor, license, hwid, &nonce(n)));
        assert_failed(&asks(&license, "desk", 2), 403, "blocked");
        assert_failed(&ask(app, "heartbeat", &with(&session, "nonce", json!(nonce(3)))), 403, "blocked");
        payload(&asks(&license, "lap", 4));
        // Whoever calls a device of his own like a victim's shuts out himself.
        payload(&asks(&other, "desk", 5));
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        let shown = app.api("GET", &path, &json!(null)).expect(200);
        assert_eq!(shown["status"], "active", "a client's word ends no license");
        assert_eq!((app.count("access_entries"), app.count("access_entries WHERE license_id = ''")), (1, 0));
    }

    fn an_address_is_listed_for_an_hour_where_the_vendor_wants_that(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let other = app.issue(&editor, &json!({ "max_devices": 5 }));
        let session = session(app, &editor, &license, "desk", 1);
        let report = || done(&ask_from(app, OFFICE, "selfban", &session));
        let neighbour = |n| ask_from(app, OFFICE, "validate", &TestApp::question(&editor, &other, "lap", &nonce(n)));
        assert_eq!(report(), (false, true, false), "off from the start");
        payload(&neighbour(2));
        list_addresses(app, &editor);
        let by_key = report_by_key(&editor, &license, "desk");
        assert_eq!(done(&ask_from(app, OFFICE, "selfban", &by_key)), (false, true, false), "never before a session");
        assert_eq!(report(), (false, true, true));
        assert_failed(&neighbour(3), 403, "blocked");
        payload(&ask_from(app, "198.51.100.8", "validate", &TestApp::question(&editor, &other, "lap", &nonce(4))));
        app.clock.advance(3599);
        assert_failed(&neighbour(5), 403, "blocked");
        app.clock.advance(1);
        payload(&neighbour(6));
    }

    fn no_address_is_listed_that_everybody_has(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        list_addresses(app, &editor);
        let session = session(app, &editor, &license, "desk", 1);
        // The proxy's own address, which is this machine's; other names of it; none at all; one that the proxy hides.
        assert_eq!(done(&ask(app, "selfban", &session)), (false, true, false));
        for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "0.0.0.0", "unknown"] {
            assert_eq!(done(&ask_from(app, address, "selfban", &session)), (false, true, false), "{address}");
        }
        assert_eq!(app.count("access_entries WHERE kind = 'ip'"), 0);
    }

    fn a_session_counts_only_while_its_license_is_in_force_and_its_seat_is_held(app: &TestApp) {
        for (verb, by_key) in [("revoke", (410, "revoked")), ("suspend", (403, "blocked")), ("reset-devices", (200, ""))] {
            let editor = app.create_app(verb);
            list_addresses(app, &editor);
            let license = app.issue(&editor, &json!({}));
            let session = session(app, &editor, &license, "desk", 1);
            change(app, &license, verb, &json!({})).expect(200);
            let before = state(app);
            assert_failed(&ask_from(app, OFFICE, "selfban", &session), 401, "session_expired");
            assert_eq!(state(app), before, "{verb}");
            let answer = ask(app, "selfban", &report_by_key(&editor, &license, "desk"));
            match by_key {
                (200, _) => assert_eq!(done(&answer), (false, true, false)),
                (status, error) => {
                    assert_failed(&answer, status, error);
                    assert_eq!(state(app), before, "{verb}");
                }
            }
        }
    }

    fn what_the_vendor_took_away_stays_away_for_that_session(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        list_addresses(app, &editor);
        let first = session(app, &editor, &license, "desk", 1);
        assert_eq!(done(&ask_from(app, OFFICE, "selfban", &first)), (false, true, true));
        app.clock.advance(10);
        remove_all(app);
        assert_eq!(done(&ask_from(app, OFFICE, "selfban", &first)), (false, false, false));
        // A heartbeat brings another token, and no other session.
        app.clock.advance(60);
        let told = payload(&ask(app, "heartbeat", &with(&first, "nonce", json!(nonce(2)))));
        let renewed = with(&first, "sessionToken", told["sessionToken"].clone());
        assert_eq!(done(&ask_from(app, OFFICE, "selfban", &renewed)), (false, false, false));
        let by_key = report_by_key(&editor, &license, "desk");
        assert_eq!(done(&ask(app, "selfban", &by_key)), (false, false, false));
        // Another device, and a session that began later, report for themselves.
        let other = session(app, &editor, &license, "lap", 3);
        assert_eq!(done(&ask(app, "selfban", &other)), (false, true, false));
        let second = session(app, &editor, &license, "desk", 4);
        assert_eq!(done(&ask_from(app, OFFICE, "selfban", &second)), (false, true, true));
        remove_all(app);
        app.clock.advance(30 * 86_400);
        assert_eq!(done(&ask(app, "selfban", &by_key)), (false, true, false));
    }

    fn a_client_chooses_how_far_its_report_reaches(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let session = session(app, &editor, &license, "desk", 1);
        let mild = with(&with(&session, "blacklistHwid", json!(false)), "blacklistIp", json!(false));
        assert_eq!(done(&ask(app, "selfban", &with(&mild, "revokeLicense", json!(false)))), (false, false, false));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2))));
        assert_eq!(done(&ask(app, "selfban", &mild)), (false, true, false));
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(3))), 403, "blocked");
    }

    fn only_a_session_may_ask_for_a_revocation(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let before = state(app);
        let wish = with(&report_by_key(&editor, &license, "desk"), "revokeLicense", json!(true));
        assert_failed(&ask(app, "selfban", &wish), 403, "revoke_requires_session");
        assert_eq!(state(app), before);
    }

    fn a_report_needs_a_proof(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let session = session(app, &editor, &license, "desk", 1);
        let report = report_by_key(&editor, &license, "desk");
        let before = state(app);
        for (question, status, error) in [
            (with(&report, "appSecret", json!("x")), 401, "invalid_app"),
            (with(&report, "licenseKey", json!("x")), 401, "invalid_key"),
            (with(&report, "licenseKey", json!(null)), 400, "malformed_request"),
            (with(&report, "nonce", json!("x")), 400, "malformed_request"),
            (with(&session, "hwid", json!("lap")), 401, "session_expired"),
            (with(&session, "sessionToken", json!("x.y")), 401, "session_expired"),
        ] {
            assert_failed(&ask(app, "selfban", &question), status, error);
        }
        assert_eq!(state(app), before);
    }

    fn reports_are_counted_and_write_no_audit_row(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let audited = app.count("audit");
        for _ in 0..3 {
            done(&ask(app, "selfban", &report_by_key(&editor, &license, "desk")));
        }
        let empty = with(&report_by_key(&editor, &license, "lap"), "blacklistHwid", json!(false));
        for _ in 0..20 {
            assert_eq!(done(&ask(app, "selfban", &empty)), (false, false, false));
        }
        assert_eq!((app.count("events WHERE kind = 'self_banned'"), app.count("access_entries")), (1, 1));
        let path = format!("/api/v1/events?license_id={}", license["license_id"].as_str().expect("text"));
        let events = app.api("GET", &path, &json!(null)).expect(200)["items"].as_array().expect("a list").clone();
        let counted: Vec<_> = events.iter().filter(|event| event["kind"] == "self_ban_reported").collect();
        assert_eq!(counted.len(), 1, "{events:?}");
        assert_eq!(counted[0]["count"], 23);
        assert_eq!(app.count("audit"), audited);
    }

    fn reports_never_fill_the_vendors_lists(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for n in 0..70 {
            let answer = ask(app, "selfban", &report_by_key(&editor, &license, &format!("device-{n}")));
            assert_eq!(done(&answer), (false, n < 64, false), "{n}");
        }
        let entry = json!({ "app_id": editor["app_id"], "effect": "deny", "hwid": "stolen" });
        app.api("POST", "/api/v1/access", &entry).expect(201);
        assert_eq!(app.count("access_entries"), 65);
    }
}
