//! Many changes of one license at once: each takes effect once, and none is lost (`spec/http.md` §3.2).

use std::collections::BTreeMap;

use sealgate_testkit::on_both_engines;
use serde_json::{Value, json};

const RACERS: usize = 64;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// A change of its own kind and number: no two are alike, so each makes a version.
fn change(n: usize, plans: &[Value; 2]) -> (&'static str, Value) {
    match n % 5 {
        0 => ("", json!({ "features": [{ "name": format!("feature {n}"), "value": n.to_string() }] })),
        1 => (
            "",
            json!({ "limits": [{ "name": format!("limit {n}"), "value": n }], "remove_features": [format!("feature {}", n - 1)] }),
        ),
        2 => ("", json!({ "max_devices": n + 10 })),
        3 => ("/renew", json!({})),
        _ => (
            "",
            json!({ "plan_id": plans[n % 2]["plan_id"], "features": [{ "name": format!("with plan {n}") }] }),
        ),
    }
}

/// What a license grants, as the changes touch it.
#[derive(Debug, Clone, PartialEq)]
struct Granted {
    features: BTreeMap<String, Value>,
    limits: BTreeMap<String, Value>,
    seats: Value,
    end: u64,
}

fn by_name(list: &Value) -> BTreeMap<String, Value> {
    let entries = list.as_array().into_iter().flatten();
    entries.map(|entry| (text(&entry["name"]).to_owned(), entry["value"].clone())).collect()
}

impl Granted {
    fn of(license: &Value) -> Self {
        let end =
            sealgate_artifact::UnixSeconds::parse_rfc3339(text(&license["expires_at"])).expect("an end");
        Self {
            features: by_name(&license["features"]),
            limits: by_name(&license["limits"]),
            seats: license["max_devices"].clone(),
            end: end.get(),
        }
    }

    fn after(mut self, (verb, change): &(&str, Value), plans: &[Value; 2]) -> Self {
        if *verb == "/renew" {
            // Both plans last ten days.
            self.end += 10 * 86_400;
        }
        if let Some(plan) = plans.iter().find(|plan| plan["plan_id"] == change["plan_id"]) {
            (self.features, self.limits) = (by_name(&plan["features"]), by_name(&plan["limits"]));
            self.seats = plan["max_devices"].clone();
        }
        for name in change["remove_features"].as_array().into_iter().flatten() {
            self.features.remove(text(name));
        }
        self.features.extend(by_name(&change["features"]));
        self.limits.extend(by_name(&change["limits"]));
        if !change["max_devices"].is_null() {
            self.seats = change["max_devices"].clone();
        }
        self
    }
}

on_both_engines! {
    fn each_of_many_mixed_changes_takes_effect_once_and_none_is_lost(app: &TestApp) {
        let (owner, editor) = (app.owner(), app.create_app("Editor"));
        let plans: [Value; 2] = ["A", "B"].map(|name| {
            let wish = json!({
                "app_id": editor["app_id"], "name": name, "tier": "licensed", "duration": "10d", "max_devices": 3, "files": true,
                "features": [{ "name": format!("of {name}") }], "limits": [{ "name": "plan", "value": name.len() }],
            });
            app.api("POST", "/api/v1/plans", &wish).expect(201)
        });
        let license = app.issue(&editor, &json!({ "plan_id": plans[0]["plan_id"] }));
        let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let before = app.api("GET", &path, &json!(null)).expect(200);
        let start = std::sync::Barrier::new(RACERS);
        let mut done: Vec<(u64, usize, Value)> = std::thread::scope(|scope| {
            let (owner, plans, path, start) = (&owner, &plans, &path, &start);
            let send = |n: usize| scope.spawn(move || {
                let (verb, body) = change(n, plans);
                let method = if verb.is_empty() { "PATCH" } else { "POST" };
                start.wait();
                let answer = owner.api_once(method, &format!("{path}{verb}"), &body, &format!("change-{n}")).expect(200);
                (answer["version"].as_u64().expect("a version"), n, answer)
            });
            let racers: Vec<_> = (0..RACERS).map(send).collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
        });
        done.sort_by_key(|(version, ..)| *version);
        let mut granted = Granted::of(&before);
        let mut last = before["version"].as_u64().expect("a version");
        for (version, n, answer) in &done {
            assert_eq!(*version, last + 1, "versions have no gap");
            last = *version;
            granted = granted.after(&change(*n, &plans), &plans);
            assert_eq!(Granted::of(answer), granted, "change {n} on what stood before it");
        }
        assert_eq!(Granted::of(&app.api("GET", &path, &json!(null)).expect(200)), granted);
        assert_eq!(app.count("license_statements"), RACERS as u64 + 1);
        // The same names again are answered with what was done, and do nothing.
        for (_, n, answer) in done.iter().take(5) {
            let (verb, body) = change(*n, &plans);
            let method = if verb.is_empty() { "PATCH" } else { "POST" };
            assert_eq!(owner.api_once(method, &format!("{path}{verb}"), &body, &format!("change-{n}")).expect(200), *answer);
        }
        assert_eq!(app.count("license_statements"), RACERS as u64 + 1);
        app.chain(&editor, &license).judge(app.clock.seconds()).expect("the last one is signed");
    }

    fn what_was_seen_is_what_is_changed(app: &TestApp) {
        let (owner, editor) = (app.owner(), app.create_app("Editor"));
        let license = app.issue(&editor, &json!({ "expires_at": "2036-01-31T00:00:00Z" }));
        let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let seen = app.api("GET", &path, &json!(null)).expect(200)["version"].clone();
        let renew = json!({ "expires_at": "1y", "if_version": seen });
        let foreseen = app.api("POST", &format!("{path}/renew/preview"), &renew).expect(200);
        assert_eq!(foreseen["version"], seen);
        // Of all who saw the same end, one renews.
        let start = std::sync::Barrier::new(8);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let send = |n: usize| {
                let (owner, path, renew, start) = (&owner, &path, &renew, &start);
                scope.spawn(move || {
                    start.wait();
                    owner.api_once("POST", &format!("{path}/renew"), renew, &format!("renew-{n}")).status
                })
            };
            let racers: Vec<_> = (0..8).map(send).collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
        });
        assert_eq!((statuses.iter().filter(|s| **s == 200).count(), statuses.iter().filter(|s| **s == 409).count()), (1, 7));
        let now = app.api("GET", &path, &json!(null)).expect(200);
        assert_eq!(now["expires_at"], "2037-01-31T00:00:00Z");
        // Nothing else is done to what was not seen, either.
        for (method, verb) in [("PATCH", ""), ("POST", "/preview"), ("POST", "/renew/preview"), ("POST", "/suspend"), ("POST", "/resume"), ("POST", "/revoke")] {
            let refused = app.api(method, &format!("{path}{verb}"), &json!({ "if_version": seen }));
            assert_eq!((refused.status, &refused.expect(409)["code"]), (409, &json!("license_changed")), "{verb}");
        }
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200), now);
        // What was done under a name is answered so, whatever version is seen since.
        let named = |seen: &Value| {
            let renew = json!({ "expires_at": "1y", "if_version": seen });
            owner.api_once("POST", &format!("{path}/renew"), &renew, "spring")
        };
        let (first, again) = (named(&now["version"]).expect(200), named(&json!(1)).expect(200));
        assert_eq!((&first["expires_at"], &first), (&json!("2038-01-31T00:00:00Z"), &again));
        let suspend = json!({ "reason": "unpaid", "if_version": first["version"] });
        assert_eq!(app.api("POST", &format!("{path}/suspend"), &suspend).expect(200)["suspend_reason"], "unpaid");
        // Of the audit log, the number is no part.
        app.api("PATCH", &path, &json!({ "label": "new", "if_version": first["version"] })).expect(200);
        assert_eq!(app.count(r#"audit WHERE detail = '{"fields":["label"]}'"#), 1);
    }
}
