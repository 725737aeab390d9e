//! Pages end where they get long, and one tenant's lists hold up nobody else's (`spec/http.md` §3.5).

use std::thread;

use sealgate_testkit::{Answer, Engine, TestApp, User, on_both_engines};
use serde_json::{Value, json};

use crate::support::assert_problem;

/// Where a page ends.
const BYTES: usize = 256 * 1024;

/// Terms that take 30 KB wherever they are shown.
fn fat(app: &Value, name: &str) -> Value {
    let feature = |n| json!({ "name": format!("{n:03}{}", "\"".repeat(29)), "value": "\"".repeat(64) });
    let limit = |n| json!({ "name": format!("{n:03}{}", "\"".repeat(29)), "value": 4_294_967_295_u32 });
    let (features, limits): (Vec<_>, Vec<_>) =
        ((0..128).map(feature).collect(), (0..32).map(limit).collect());
    json!({ "app_id": app["app_id"], "name": name, "tier": "licensed", "features": features, "limits": limits })
}

fn get(user: &User, path: &str) -> Answer {
    let answer = user.api("GET", path, &json!(null));
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.bytes));
    answer
}

/// Everything in a list of which each item is at most so long, by this name; and how many pages it has.
fn all(user: &User, path: &str, longest: usize, name: &str) -> (Vec<Value>, usize) {
    let (mut items, mut pages, mut url) = (vec![], 0, path.to_owned());
    loop {
        let answer = get(user, &url);
        assert!(answer.bytes.len() < BYTES + longest, "{url} has {} bytes", answer.bytes.len());
        let page = answer.json();
        let shown = page["items"].as_array().expect("a list");
        assert!(!shown.is_empty(), "{url}");
        items.extend(shown.iter().map(|item| item[name].clone()));
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else { return (items, pages) };
        assert!(answer.bytes.len() >= BYTES, "{url} has {} bytes, though there is more", answer.bytes.len());
        url = format!("{path}&cursor={cursor}");
    }
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(Value::to_string);
    items
}

on_both_engines! {
    fn a_page_of_long_rows_ends_early_and_every_row_is_seen_once(app: &TestApp) {
        let (owner, editor) = (app.owner(), app.create_app("Editor"));
        let plan = owner.make("/api/v1/plans", &fat(&editor, "Fat"));
        let acme = owner.make("/api/v1/customers", &json!({ "name": "Acme" }))["customer_id"].clone();
        // The first rows are short: how long they were says nothing about those behind.
        let mut sold = vec![];
        for (order, count) in [(json!({ "app_id": editor["app_id"], "plan_id": plan["plan_id"] }), 30), (json!({ "app_id": editor["app_id"] }), 20)] {
            let mut order = order;
            (order["count"], order["customer_id"]) = (count.into(), acme.clone());
            let batch = owner.make("/api/v1/licenses", &order);
            sold.extend(batch["licenses"].as_array().expect("a list").iter().map(|one| one["license_id"].clone()));
            app.clock.advance(1);
        }
        let of_app = format!("/api/v1/licenses?limit=200&app_id={}", editor["app_id"].as_str().expect("text"));
        let of_acme = format!("/api/v1/licenses?limit=200&customer_id={}", acme.as_str().expect("text"));
        for path in ["/api/v1/licenses?limit=200", &of_app, &of_acme] {
            let (listed, pages) = all(&owner, path, 40_000, "license_id");
            assert_eq!(sorted(listed), sorted(sold.clone()), "{path}");
            assert_eq!(pages, 4, "{path}");
        }
    }

    fn plans_and_both_lists_of_the_audit_log_end_alike(app: &TestApp) {
        let (owner, editor) = (app.owner(), app.create_app("Editor"));
        let mut made = vec![];
        for n in 0..20 {
            let plan = owner.make("/api/v1/plans", &fat(&editor, &format!("Fat {n}")));
            let change = fat(&editor, &format!("Fat {n}"));
            let change = json!({ "features": change["features"], "limits": change["limits"], "allowances": { "releases": 3 } });
            owner.api("PATCH", &format!("/api/v1/plans/{}", plan["plan_id"].as_str().expect("text")), &change).expect(200);
            made.push(plan["plan_id"].clone());
        }
        let (plans, pages) = all(&owner, "/api/v1/plans?limit=200", 40_000, "plan_id");
        assert_eq!(sorted(plans), sorted(made));
        assert!(pages > 1);
        let (audit, pages) = all(&owner, "/api/v1/audit?limit=200", 80_000, "audit_id");
        assert_eq!(audit.len() as u64, app.count("audit"));
        assert_eq!(sorted(audit.clone()).windows(2).filter(|two| two[0] == two[1]).count(), 0);
        assert!(pages > 1);
        let part = get(&owner, "/api/v1/audit/export");
        assert!((BYTES..BYTES + 80_000).contains(&part.bytes.len()), "{}", part.bytes.len());
        assert_eq!(owner.check_audit(), Ok(app.count("audit")));
    }

    fn keys_are_paged_like_everything_else(app: &TestApp) {
        let (acme, twin) = (app.owner(), app.tenant("Twin"));
        twin.make("/api/v1/apps", &json!({ "name": "Editor" }));
        for n in 0..3 {
            let made = app.create_app(&format!("App {n}"));
            let path = format!("/api/v1/apps/{}/rotate-key", made["app_id"].as_str().expect("text"));
            for _ in 0..n {
                app.api("POST", &path, &json!({})).expect(200);
            }
        }
        let whole = get(&acme, "/api/v1/keys?limit=200").json();
        assert_eq!(whole["next_cursor"], json!(null));
        let whole = whole["items"].as_array().expect("a list");
        // A root, two authorities, two issuers, two update keys, two snapshot keys, the key of a server; of each app two, and what these were before.
        assert_eq!(whole.len(), 10 + 6 + 3);
        let mut ids = sorted(whole.iter().map(|key| key["keyid"].clone()).collect());
        ids.dedup();
        assert_eq!(ids.len(), whole.len());
        for limit in 1..=4 {
            let (mut listed, mut cursor) = (vec![], String::new());
            loop {
                let page = get(&acme, &format!("/api/v1/keys?limit={limit}{cursor}")).json();
                let items = page["items"].as_array().expect("a list");
                assert!(items.len() <= limit);
                listed.extend(items.clone());
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(&listed, whole, "{limit}");
        }
        for bad in ["keys.tenant", "keys.other.installation.1.00", "apps.x", "keys.next.é.1"] {
            assert_problem(&acme.api("GET", &format!("/api/v1/keys?cursor={bad}"), &json!(null)), 400, "malformed_request");
        }
    }
}

/// Four lists stand still at a table that nobody can read.
#[test]
fn the_fifth_list_of_a_tenant_waits_and_nobody_elses_does() {
    let app = &TestApp::start(Engine::Postgres);
    let (acme, twin) = (&app.tenant("Acme"), &app.tenant("Twin"));
    thread::scope(|threads| {
        let (mut four, mut fifth) = (vec![], None);
        app.while_locked("licenses", || {
            four.extend((0..4).map(|_| threads.spawn(|| get(acme, "/api/v1/licenses"))));
            let waiting = "SELECT CAST(COUNT(*) AS TEXT) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
                           WHERE NOT l.granted AND c.relname = 'licenses'";
            while app.texts(waiting) != ["4"] {
                thread::yield_now();
            }
            let asked = threads.spawn(|| get(acme, "/api/v1/apps"));
            for _ in 0..20 {
                get(twin, "/api/v1/apps");
                get(&app.owner(), "/api/v1/tenants");
            }
            // What is no list has no turn.
            acme.make("/api/v1/apps", &json!({ "name": "Editor" }));
            assert!(!asked.is_finished(), "four lists of the tenant are under way");
            fifth = Some(asked);
        });
        for list in four.into_iter().chain(fifth) {
            list.join().expect("is answered");
        }
    });
}
