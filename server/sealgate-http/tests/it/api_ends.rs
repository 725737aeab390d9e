//! Ends as vendors write them (`spec/http.md` §1.6).

use sealgate_testkit::{Engine, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, nonce, payload, refused_without_effect, sell};

/// What a license of the app that is sold with this wish ends at.
fn end_of(app: &TestApp, editor: &Value, wish: &Value) -> Value {
    let license = app.issue(editor, wish);
    let id = license["license_id"].as_str().expect("text");
    app.api("GET", &format!("/api/v1/licenses/{id}"), &json!(null)).expect(200)["expires_at"].clone()
}

fn renew(app: &TestApp, license: &Value, wish: &Value) -> Value {
    let path = format!("/api/v1/licenses/{}/renew", license["license_id"].as_str().expect("text"));
    app.api("POST", &path, wish).expect(200)["expires_at"].clone()
}

/// The year in so many years, by the server's clock.
fn in_years(app: &TestApp, years: u64) -> String {
    let now = sealgate_artifact::UnixSeconds::new(app.clock.seconds()).expect("in range").to_string();
    (now[..4].parse::<u64>().expect("a year") + years).to_string()
}

on_both_engines! {
    fn a_date_counts_to_its_end_and_a_duration_from_now_on(app: &TestApp) {
        let (editor, year) = (app.create_app("Editor"), in_years(app, 1));
        assert_eq!(end_of(app, &editor, &json!({ "expires_at": format!("{year}-01-31") })), json!(format!("{year}-02-01T00:00:00Z")));
        assert_eq!(end_of(app, &editor, &json!({ "expires_at": format!("{year}-01-31T12:00:00Z") })), json!(format!("{year}-01-31T12:00:00Z")));
        let days = sealgate_artifact::UnixSeconds::new(app.clock.seconds() + 90 * 86_400).expect("in range");
        for text in ["90d", "+90d"] {
            assert_eq!(end_of(app, &editor, &json!({ "expires_at": text })), json!(days.to_string()), "{text}");
        }
        assert_eq!(end_of(app, &editor, &json!({ "expires_at": "12m" })), end_of(app, &editor, &json!({ "expires_at": "+1y" })));
    }

    fn four_renewals_by_a_month_come_back_to_the_day(app: &TestApp) {
        let year = in_years(app, 1);
        let (editor, license) = sell(app, &json!({ "expires_at": format!("{year}-01-30") }));
        // It ends with the 30th, February with its last day, and then with the 30th again.
        let last = if year.parse::<u64>().expect("a year") % 4 == 0 { "29" } else { "28" };
        let ends: Vec<Value> = (0..4).map(|_| renew(app, &license, &json!({ "expires_at": "+1m" }))).collect();
        let february = end_of(app, &editor, &json!({ "expires_at": format!("{year}-02-{last}") }));
        assert_eq!(ends[0], february);
        let right = [format!("{year}-03-31T00:00:00Z"), format!("{year}-05-01T00:00:00Z"), format!("{year}-05-31T00:00:00Z")];
        assert_eq!(ends[1..], right.map(Value::from));
    }

    fn a_plan_of_a_year_ends_on_the_same_day(app: &TestApp) {
        let editor = app.create_app("Editor");
        let wish = json!({ "app_id": editor["app_id"], "name": "Year", "tier": "licensed", "duration": "1y" });
        let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
        assert_eq!(plan["duration"], "1y");
        let license = app.issue(&editor, &json!({ "plan_id": plan["plan_id"], "expires_at": "2040-02-29" }));
        let ends: Vec<Value> = (0..4).map(|_| renew(app, &license, &json!({}))).collect();
        assert_eq!(ends, ["2041-03-01T00:00:00Z", "2042-03-01T00:00:00Z", "2043-03-01T00:00:00Z", "2044-03-01T00:00:00Z"]);
        for bad in ["", "0d", "36501d", "1201m", "101y", "1w", "never"] {
            let bad = json!({ "app_id": editor["app_id"], "name": "Bad", "tier": "licensed", "duration": bad });
            refused_without_effect(app, ("POST", "/api/v1/plans", &bad), 400, "malformed_request");
        }
    }

    fn what_is_no_end_names_the_field(app: &TestApp) {
        let editor = app.create_app("Editor");
        for bad in ["", "never", "tomorrow", "31.1.2040", "2040-02-30", "+0d", "101y", "1999-12-31", &"9".repeat(41)] {
            let wish = json!({ "app_id": editor["app_id"], "expires_at": bad });
            let answer = app.api("POST", "/api/v1/licenses", &wish);
            assert_problem(&answer, 400, "malformed_request");
            // What is longer than any end is no request at all.
            let told = String::from_utf8_lossy(&answer.bytes).contains("expires_at");
            assert!(told || bad.len() > 40, "{bad}: {answer:?}");
        }
        assert_eq!(app.count("licenses"), 0);
    }
}

/// A day ends where the vendor is, in summer and in winter.
#[test]
fn a_day_ends_in_the_configured_zone() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = TestApp::start_in_zone(engine, "Europe/Berlin");
        let editor = app.create_app("Editor");
        assert_eq!(
            end_of(&app, &editor, &json!({ "expires_at": "2040-01-31" })),
            json!("2040-01-31T23:00:00Z")
        );
        assert_eq!(
            end_of(&app, &editor, &json!({ "expires_at": "2040-06-30" })),
            json!("2040-06-30T22:00:00Z")
        );
        let license = app.issue(&editor, &json!({ "expires_at": "2040-01-31" }));
        assert_eq!(renew(&app, &license, &json!({ "expires_at": "5m" })), json!("2040-06-30T22:00:00Z"));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
    }
}
