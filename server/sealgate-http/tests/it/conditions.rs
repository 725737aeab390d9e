//! Conditions of plans and licenses: what a vendor sets is what is signed (`spec/http.md` §3.9, `spec/license.md` §2.13 to §2.23).

use sealgate_artifact::{Conditions, License, Statement, decode_base64};
use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, refused_without_effect, state};

const NAMES: [&str; 4] = ["policy", "max_instances", "offline", "allowances"];

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn at(license: &Value, verb: &str) -> String {
    format!("/api/v1/licenses/{}{verb}", text(&license["license_id"]))
}

fn of_plan(plan: &Value) -> String {
    format!("/api/v1/plans/{}", text(&plan["plan_id"]))
}

fn plan(app: &TestApp, editor: &Value, name: &str, terms: &Value) -> Value {
    let mut wish = terms.clone();
    wish["app_id"] = editor["app_id"].clone();
    wish["name"] = name.into();
    wish["tier"] = "licensed".into();
    app.api("POST", "/api/v1/plans", &wish).expect(201)
}

/// Every field that a vendor can set.
fn all() -> Value {
    json!({
        "policy": {
            "heartbeat": { "interval": 3_600, "grace": 86_400, "longest_grace": 259_200 }, "seat": "lease", "fail": "hard",
            "integrity": "where_listed", "anti_tamper": { "unknown": "tamper", "agents": ["watchdog", "häher"] },
            "clock": { "tolerance": 0, "mode": "run_time" }, "freshness": { "warn": 7, "restrict": 30, "block": 30 },
            "tenant_limits": [["render", 60], ["mail", 1_000_000_000]],
        },
        "max_instances": 4,
        "offline": { "days": 90, "pool": 20, "journal_days": 30 },
        "allowances": { "releases": 0, "replacements": 3 },
    })
}

fn with_files(conditions: &Value) -> Value {
    let mut terms = conditions.clone();
    terms["files"] = true.into();
    terms
}

/// What the license's file says, as the reader of core reads it, but for the slot, which no vendor sets.
fn signed(app: &TestApp, license: &Value) -> Conditions {
    let file = app.api("GET", &at(license, "/file"), &json!(null)).expect(200);
    let payload = decode_base64(text(&file["payload"]), "payload").expect("base64");
    let conditions = License::from_payload(&payload, &[]).expect("a license").conditions;
    assert!(conditions.slot.is_some());
    Conditions { slot: None, ..conditions }
}

/// The view and the signed license say this, and nothing else.
#[track_caller]
fn says(app: &TestApp, license: &Value, expected: &Value) {
    let shown = app.api("GET", &at(license, ""), &json!(null)).expect(200);
    for name in NAMES {
        assert_eq!(shown.get(name), expected.get(name), "{name}");
    }
    assert_eq!(signed(app, license), Conditions::parse(&expected.to_string()).expect("conditions"));
}

fn excess(message: &str) -> usize {
    let bytes = message.split("Leave out ").nth(1).and_then(|rest| rest.split(' ').next());
    bytes.and_then(|bytes| bytes.parse().ok()).expect("says how many bytes")
}

fn policy(agent: usize) -> Value {
    json!({ "fail": "hard", "anti_tamper": { "agents": ["x".repeat(agent)] } })
}

fn own(bytes: usize) -> Value {
    json!({ "variables": { "own": "x".repeat(bytes) } })
}

fn wide() -> Vec<Value> {
    (0..28).map(|n| json!({ "name": format!("{n:032}"), "value": "v".repeat(64) })).collect()
}

on_both_engines! {
    fn what_a_plan_says_its_licenses_say(app: &TestApp) {
        let editor = app.create_app("Editor");
        let made = plan(app, &editor, "Pro", &with_files(&all()));
        for name in NAMES {
            assert_eq!(made[name], all()[name], "{name}");
        }
        assert_eq!(app.api("GET", &of_plan(&made), &json!(null)).expect(200), made);
        let license = app.issue(&editor, &json!({ "plan_id": made["plan_id"] }));
        says(app, &license, &all());
        let listed = app.api("GET", "/api/v1/licenses", &json!(null)).expect(200);
        assert_eq!(listed["items"][0], app.api("GET", &at(&license, ""), &json!(null)).expect(200));
        let rows = json!({ "app_id": editor["app_id"], "rows": [{ "name": "a", "plan_id": made["plan_id"] }] });
        let imported = app.api("POST", "/api/v1/licenses/import", &rows).expect(200)["rows"][0].clone();
        says(app, &imported, &all());
        // A plan that changes leaves them as they are.
        let nothing = json!({ "policy": null, "max_instances": null, "offline": null, "allowances": null });
        let changed = app.api("PATCH", &of_plan(&made), &nothing).expect(200);
        assert!(NAMES.iter().all(|name| changed.get(*name).is_none()), "{changed}");
        says(app, &license, &all());
        says(app, &app.issue(&editor, &json!({ "plan_id": made["plan_id"] })), &json!({}));
        app.api("POST", "/api/v1/licenses/resign", &json!({})).expect(200);
        says(app, &license, &all());
    }

    fn an_order_says_something_else_than_its_plan(app: &TestApp) {
        let editor = app.create_app("Editor");
        let made = plan(app, &editor, "Pro", &with_files(&all()));
        let order = json!({
            "plan_id": made["plan_id"], "policy": null, "max_instances": 9, "offline": { "days": 5, "pool": null }, "allowances": { "releases": 7 },
        });
        let expected = json!({
            "max_instances": 9, "offline": { "days": 5, "journal_days": 30 }, "allowances": { "releases": 7, "replacements": 3 },
        });
        says(app, &app.issue(&editor, &order), &expected);
        says(app, &app.issue(&editor, &all()), &all());
        says(app, &app.issue(&editor, &json!({})), &json!({}));
        assert_eq!(app.count("audit WHERE action = 'license.issued' AND detail LIKE '%\"journal_days\":30%'"), 2);
    }

    fn a_license_is_changed_part_by_part_and_null_takes_away(app: &TestApp) {
        let editor = app.create_app("Editor");
        let license = app.issue(&editor, &json!({}));
        let mut versions = app.count("license_statements");
        for (change, expected) in [
            (json!({ "max_instances": 2 }), json!({ "max_instances": 2 })),
            (json!({ "offline": { "days": 9, "pool": 3 } }), json!({ "max_instances": 2, "offline": { "days": 9, "pool": 3 } })),
            (
                json!({ "offline": { "journal_days": 8, "pool": null }, "max_instances": null }),
                json!({ "offline": { "days": 9, "journal_days": 8 } }),
            ),
            (json!({ "offline": null, "policy": { "fail": "soft" } }), json!({ "policy": { "fail": "soft" } })),
            // The whole policy, not a part of it.
            (json!({ "policy": { "integrity": "required" } }), json!({ "policy": { "integrity": "required" } })),
            (json!({ "policy": null, "allowances": { "replacements": 1 } }), json!({ "allowances": { "replacements": 1 } })),
            (json!({ "allowances": { "releases": 1 } }), json!({ "allowances": { "releases": 1, "replacements": 1 } })),
            (json!({ "allowances": { "releases": null, "replacements": null } }), json!({})),
        ] {
            app.api("PATCH", &at(&license, ""), &change).expect(200);
            says(app, &license, &expected);
            versions += 1;
            assert_eq!(app.count("license_statements"), versions, "{change}");
        }
        for nothing in [json!({ "offline": {} }), json!({ "allowances": {} }), json!({ "offline": null, "policy": null })] {
            app.api("PATCH", &at(&license, ""), &nothing).expect(200);
            assert_eq!(app.count("license_statements"), versions, "{nothing}");
        }
    }

    fn another_plan_gives_its_conditions_and_a_preview_says_so(app: &TestApp) {
        let editor = app.create_app("Editor");
        let made = plan(app, &editor, "Pro", &with_files(&all()));
        let less = json!({ "policy": { "fail": "hard" }, "offline": { "days": 90, "pool": 19, "journal_days": 30 }, "allowances": { "releases": 5 } });
        let other = plan(app, &editor, "Other", &with_files(&less));
        let license = app.issue(&editor, &json!({ "plan_id": made["plan_id"] }));
        let before = (state(app), app.api("GET", &at(&license, ""), &json!(null)).expect(200));
        let change = json!({ "plan_id": other["plan_id"] });
        let preview = app.api("POST", &at(&license, "/preview"), &change).expect(200);
        assert_eq!((state(app), app.api("GET", &at(&license, ""), &json!(null)).expect(200)), before);
        assert_eq!(preview["changed"], json!(["plan_id", "policy", "max_instances", "offline", "allowances"]));
        // More releases and fewer replacements are less of one thing.
        assert_eq!(preview["lessened"], json!(["policy", "max_instances", "offline", "allowances"]));
        for name in NAMES {
            assert_eq!(preview["before"].get(name), all().get(name), "{name}");
            assert_eq!(preview["after"].get(name), less.get(name), "{name}");
        }
        assert_eq!(preview["new_version"], true);
        app.api("PATCH", &at(&license, ""), &change).expect(200);
        says(app, &license, &less);
        // The request has the last word.
        app.api("PATCH", &at(&license, ""), &json!({ "plan_id": made["plan_id"], "policy": null, "offline": { "days": 1 } })).expect(200);
        let mut mixed = all();
        mixed.as_object_mut().expect("an object").remove("policy");
        mixed["offline"]["days"] = 1.into();
        says(app, &license, &mixed);
        let more = json!({ "max_instances": 5, "offline": { "days": 2, "journal_days": null }, "allowances": null });
        let preview = app.api("POST", &at(&license, "/preview"), &more).expect(200);
        assert_eq!(preview["changed"], json!(["max_instances", "offline", "allowances"]));
        assert_eq!(preview["lessened"], json!(["allowances"]), "no replacements any more");
    }

    fn a_refusal_names_the_field_and_what_it_may_be(app: &TestApp) {
        let editor = app.create_app("Editor");
        let made = plan(app, &editor, "Pro", &json!({}));
        let license = app.issue(&editor, &json!({}));
        let heartbeat = |interval: u64, grace: u64| json!({ "policy": { "heartbeat": { "interval": interval, "grace": grace } } });
        for (wish, field, allowed) in [
            (heartbeat(59, 60), "policy.heartbeat.interval", "60 to 2,592,000"),
            (heartbeat(60, 31_536_001), "policy.heartbeat.grace", "60 to 31,536,000"),
            (heartbeat(61, 60), "policy.heartbeat.grace", "`interval`"),
            (heartbeat(60, u64::MAX), "policy.heartbeat.grace", "60 to 31,536,000"),
            (json!({ "policy": { "heartbeat": { "interval": 60 } } }), "policy.heartbeat.grace", "missing"),
            (json!({ "policy": { "heartbeat": { "interval": 60, "grace": "1d" } } }), "policy.heartbeat.grace", ""),
            (json!({ "policy": { "seat": "lease" } }), "policy.seat", "`heartbeat`"),
            (json!({ "policy": { "fail": "maybe" } }), "policy.fail", "hard"),
            (json!({ "policy": { "fail": null } }), "policy.fail", ""),
            (json!({ "policy": {} }), "policy", "one of its fields"),
            (json!({ "policy": { "colour": 1 } }), "policy.colour", "heartbeat"),
            (json!({ "policy": { "crit": ["x"] } }), "policy.crit", "heartbeat"),
            (json!({ "policy": { "clock": { "tolerance": 604_801 } } }), "policy.clock.tolerance", "0 to 604,800"),
            (json!({ "policy": { "freshness": { "warn": 9, "block": 8 } } }), "policy.freshness", "`warn`"),
            (json!({ "policy": { "anti_tamper": { "agents": ["a", "a"] } } }), "policy.anti_tamper.agents", "twice"),
            (json!({ "policy": { "anti_tamper": { "agents": ["a\n"] } } }), "policy.anti_tamper.agents", "1 to 16 bytes"),
            (json!({ "policy": { "tenant_limits": [["a", 0]] } }), "policy.tenant_limits", "1 to 10^9"),
            (json!({ "policy": { "tenant_limits": [] } }), "policy.tenant_limits", "empty"),
            (json!({ "max_instances": 0 }), "max_instances", "1 to 1,000"),
            (json!({ "max_instances": 1_001 }), "max_instances", "1 to 1,000"),
            (json!({ "offline": { "days": 3_651 } }), "offline.days", "1 to 3,650"),
            (json!({ "offline": { "days": 1, "pool": 1_000_001 } }), "offline.pool", "1 to 1,000,000"),
            (json!({ "offline": { "days": 1, "journal_days": 0 } }), "offline.journal_days", "1 to 3,650"),
            (json!({ "offline": { "pool": 1 } }), "offline.days", ""),
            (json!({ "allowances": { "releases": 1_001 } }), "allowances.releases", "0 to 1,000"),
            (json!({ "allowances": { "replacements": 1_001 } }), "allowances.replacements", "0 to 1,000"),
        ] {
            let mut new_plan = wish.clone();
            (new_plan["app_id"], new_plan["name"], new_plan["tier"]) = (editor["app_id"].clone(), "Other".into(), "free".into());
            let mut order = wish.clone();
            order["app_id"] = editor["app_id"].clone();
            let requests = [
                ("POST", "/api/v1/plans".to_owned(), new_plan),
                ("PATCH", of_plan(&made), wish.clone()),
                ("POST", "/api/v1/licenses".to_owned(), order),
                ("PATCH", at(&license, ""), wish.clone()),
                ("POST", at(&license, "/preview"), wish.clone()),
            ];
            for (method, path, body) in requests {
                refused_without_effect(app, (method, &path, &body), 400, "malformed_request");
                let refused = app.api(method, &path, &body).json();
                let message = text(&refused["message"]);
                assert_eq!(refused["field"], field, "{method} {path} {body}: {message}");
                assert!(message.starts_with(&format!("{field}: ")) && message.contains(allowed), "{allowed}: {message}");
            }
        }
        // What the server gives, no vendor sets.
        for given in [json!({ "pool_epoch": 1 }), json!({ "slot": 1 }), json!({ "crit": ["policy"] })] {
            refused_without_effect(app, ("PATCH", &of_plan(&made), &given), 400, "malformed_request");
            refused_without_effect(app, ("PATCH", &at(&license, ""), &given), 400, "malformed_request");
        }
    }

    fn the_largest_policy_that_fits_is_saved_and_one_byte_more_is_not(app: &TestApp) {
        let editor = app.create_app("Editor");
        let license = app.issue(&editor, &json!({}));
        app.api("PATCH", &at(&license, ""), &json!({ "features": wide() })).expect(200);
        // As much besides as leaves the policy no room.
        let full = app.api("PUT", &at(&license, "/variables"), &own(1_400));
        let most = if full.status == 200 { 1_400 } else { 1_400 - excess(text(&full.json()["message"])) };
        app.api("PUT", &at(&license, "/variables"), &own(most)).expect(200);
        let refused = app.api("PATCH", &at(&license, ""), &json!({ "policy": policy(15) }));
        assert_problem(&refused, 409, "terms_too_large");
        assert_eq!(refused.json()["field"], "policy");
        app.api("PUT", &at(&license, "/variables"), &own(most - excess(text(&refused.json()["message"])))).expect(200);
        for (method, verb) in [("PATCH", ""), ("POST", "/preview")] {
            let change = json!({ "policy": policy(16) });
            refused_without_effect(app, (method, &at(&license, verb), &change), 409, "terms_too_large");
            let message = app.api(method, &at(&license, verb), &change).json()["message"].clone();
            assert!(text(&message).starts_with("policy: ") && excess(text(&message)) == 1, "{message}");
        }
        app.api("PATCH", &at(&license, ""), &json!({ "policy": policy(15) })).expect(200);
        says(app, &license, &json!({ "policy": policy(15) }));
        // Beside such a policy, nothing else has room.
        assert_eq!(app.api("PATCH", &at(&license, ""), &json!({ "max_instances": 2 })).json()["field"], "max_instances");
        app.api("PATCH", &at(&license, ""), &json!({ "max_instances": 2, "policy": null })).expect(200);
    }

    fn a_plan_or_an_order_whose_policy_does_not_fit_is_not_saved(app: &TestApp) {
        let editor = app.create_app("Editor");
        let made = plan(app, &editor, "Wide", &json!({ "features": wide() }));
        let filled = |bytes: usize| json!({ "replace_variables": { "own": "x".repeat(bytes) } });
        let full = app.api("PATCH", &of_plan(&made), &filled(1_400));
        let most = if full.status == 200 { 1_400 } else { 1_400 - excess(text(&full.json()["message"])) };
        app.api("PATCH", &of_plan(&made), &filled(most)).expect(200);
        let refused = app.api("PATCH", &of_plan(&made), &json!({ "policy": policy(15) })).json();
        assert_eq!((&refused["code"], &refused["field"]), (&json!("terms_too_large"), &json!("policy")));
        let order = json!({ "app_id": editor["app_id"], "plan_id": made["plan_id"], "policy": policy(15) });
        refused_without_effect(app, ("POST", "/api/v1/licenses", &order), 409, "terms_too_large");
        assert_eq!(app.api("POST", "/api/v1/licenses", &order).json()["field"], "policy");
        app.api("PATCH", &of_plan(&made), &filled(most - excess(text(&refused["message"])))).expect(200);
        let refused = app.api("PATCH", &of_plan(&made), &json!({ "policy": policy(16) })).json();
        assert_eq!((&refused["field"], excess(text(&refused["message"]))), (&json!("policy"), 1));
        let changed = app.api("PATCH", &of_plan(&made), &json!({ "policy": policy(15), "files": true })).expect(200);
        assert_eq!(changed["policy"], policy(15));
        let license = app.issue(&editor, &json!({ "plan_id": made["plan_id"] }));
        says(app, &license, &json!({ "policy": policy(15) }));
    }

    fn a_trial_never_goes_to_machines_without_a_network(app: &TestApp) {
        let editor = app.create_app("Editor");
        let offline = json!({ "days": 9 });
        let wish = json!({
            "app_id": editor["app_id"], "name": "Both", "tier": "licensed", "trial": { "days": 14 }, "offline": offline,
        });
        let tried = plan(app, &editor, "Trial", &json!({ "trial": { "days": 14 } }));
        let field = plan(app, &editor, "Field", &json!({ "offline": offline }));
        let license = app.issue(&editor, &json!({ "plan_id": tried["plan_id"] }));
        let order = json!({ "app_id": editor["app_id"], "plan_id": tried["plan_id"], "offline": offline });
        let change = json!({ "offline": offline });
        for (method, path, body, named) in [
            ("POST", "/api/v1/plans".to_owned(), wish, "offline"),
            ("PATCH", of_plan(&tried), change.clone(), "offline"),
            ("PATCH", of_plan(&field), json!({ "trial": { "days": 14 } }), "trial"),
            ("POST", "/api/v1/licenses".to_owned(), order, "offline"),
            ("PATCH", at(&license, ""), change.clone(), "offline"),
            ("POST", at(&license, "/preview"), change, "offline"),
        ] {
            refused_without_effect(app, (method, &path, &body), 400, "malformed_request");
            assert_eq!(app.api(method, &path, &body).json()["field"], named, "{method} {path}");
        }
        // A trial that is sold may; so may a plan that is tried no more, or that gives it up.
        app.api("PATCH", &at(&license, ""), &json!({ "plan_id": field["plan_id"] })).expect(200);
        app.api("PATCH", &of_plan(&tried), &json!({ "trial": null, "offline": offline })).expect(200);
        app.api("PATCH", &of_plan(&field), &json!({ "trial": { "days": 14 }, "offline": null })).expect(200);
        // Back to a trial, and the permission goes with the plan that gave it.
        let changed = app.api("PATCH", &at(&license, ""), &json!({ "plan_id": field["plan_id"] })).expect(200);
        assert_eq!((changed["trial"]["days"].clone(), changed.get("offline")), (json!(14), None));
    }
}
