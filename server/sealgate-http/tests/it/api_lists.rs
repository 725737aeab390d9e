//! Lists come in pages, newest first (`spec/http.md` §3.5).

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::assert_problem;

/// All pages of a list.
fn pages(app: &TestApp, path: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut url) = (Vec::new(), path.to_owned());
    loop {
        let page = app.api("GET", &url, &json!(null)).expect(200);
        pages.push(page["items"].as_array().expect("a list").clone());
        let Some(cursor) = page["next_cursor"].as_str() else { return pages };
        url = format!("{path}&cursor={cursor}");
    }
}

fn ids(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| item[name].as_str().expect("text").to_owned()).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

on_both_engines! {
    fn pages_hold_every_license_once_and_the_newest_first(app: &TestApp) {
        let editor = app.create_app("Editor");
        let mut issued = Vec::new();
        for _ in 0..3 {
            // Three of the same moment, then a later one.
            let order = json!({ "app_id": editor["app_id"], "count": 3 });
            let batch = app.api("POST", "/api/v1/licenses", &order).expect(201);
            issued.extend(ids(batch["licenses"].as_array().expect("a list"), "license_id"));
            app.clock.advance(1);
        }
        let pages = pages(app, "/api/v1/licenses?limit=2");
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2, 2, 1]);
        let listed: Vec<Value> = pages.into_iter().flatten().collect();
        assert_eq!(sorted(ids(&listed, "license_id")), sorted(issued));
        let times = ids(&listed, "created_at");
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    }

    fn what_comes_while_somebody_pages_does_not_shift_the_pages(app: &TestApp) {
        let editor = app.create_app("Editor");
        for _ in 0..4 {
            app.issue(&editor, &json!({}));
            app.clock.advance(1);
        }
        let all = app.api("GET", "/api/v1/licenses", &json!(null)).expect(200);
        let first = app.api("GET", "/api/v1/licenses?limit=2", &json!(null)).expect(200);
        app.issue(&editor, &json!({}));
        let rest = format!("/api/v1/licenses?limit=2&cursor={}", first["next_cursor"].as_str().expect("more"));
        let rest = app.api("GET", &rest, &json!(null)).expect(200);
        let paged = [&first["items"], &rest["items"]].map(|items| items.as_array().expect("a list").clone());
        assert_eq!(json!(paged.concat()), all["items"]);
    }

    fn a_list_of_one_app_holds_nothing_else(app: &TestApp) {
        let (a, b) = (app.create_app("A"), app.create_app("B"));
        let mine: Vec<Value> = (0..3).map(|_| {
            app.issue(&b, &json!({}));
            app.issue(&a, &json!({}))
        }).collect();
        let path = format!("/api/v1/licenses?limit=2&app_id={}", a["app_id"].as_str().expect("text"));
        let listed = pages(app, &path).concat();
        assert_eq!(sorted(ids(&listed, "license_id")), sorted(ids(&mine, "license_id")));
    }

    fn apps_are_paged_alike(app: &TestApp) {
        let made: Vec<Value> = (0..5).map(|n| app.create_app(&format!("App {n}"))).collect();
        let pages = pages(app, "/api/v1/apps?limit=2");
        assert_eq!(pages.len(), 3);
        assert_eq!(sorted(ids(&pages.concat(), "app_id")), sorted(ids(&made, "app_id")));
    }

    fn a_page_has_a_size_within_its_limits_whatever_is_wished(app: &TestApp) {
        let editor = app.create_app("Editor");
        app.issue(&editor, &json!({ "count": 201 }));
        let sizes = [("", 50), ("?limit=1", 1), ("?limit=200", 200), ("?limit=4294967295", 200)];
        for (query, size) in sizes {
            let page = app.api("GET", &format!("/api/v1/licenses{query}"), &json!(null)).expect(200);
            assert_eq!(page["items"].as_array().expect("a list").len(), size, "{query}");
            assert!(page["next_cursor"].is_string());
        }
        for list in ["licenses", "apps", "audit", "customers", "devices", "keys", "tokens", "events"] {
            let answer = app.api("GET", &format!("/api/v1/{list}?limit=0"), &json!(null));
            assert_problem(&answer, 400, "malformed_request");
            let message = answer.json()["message"].clone();
            assert!(message.as_str().is_some_and(|message| message.starts_with("limit: ")), "{list}: {message}");
        }
    }

    fn a_list_can_be_counted(app: &TestApp) {
        let editor = app.create_app("Editor");
        let ada = app.owner().make("/api/v1/customers", &json!({ "name": "Ada", "external_id": "shop-1" }));
        for _ in 0..3 {
            app.issue(&editor, &json!({ "count": 700 }));
        }
        app.issue(&editor, &json!({ "label": "wanted", "customer_id": ada["customer_id"] }));
        let counted = |query: &str| {
            let (mut counts, mut cursor) = (vec![], String::new());
            loop {
                let page = app.api("GET", &format!("/api/v1/{query}{cursor}"), &json!(null)).expect(200);
                assert_eq!(page["items"], json!([]), "{query}");
                counts.push(page["count"].as_u64().expect("a number"));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return counts,
                }
            }
        };
        let all = counted("licenses?count=true");
        assert_eq!(all.iter().sum::<u64>(), 2_101);
        assert!(all.len() == 2 && all[0] >= 2_000, "a request looks at so many: {all:?}");
        assert_eq!(counted("licenses?count=true&text=wanted").iter().sum::<u64>(), 1);
        assert_eq!(counted("licenses?count=true&label=wanted"), [1]);
        assert_eq!(counted("licenses?count=true&sort=end").iter().sum::<u64>(), 0);
        for (list, count) in [("apps", 1), ("plans", 0), ("customers", 1), ("customers?external_id=shop-1", 1), ("access", 0), ("devices", 0)] {
            let query = format!("{list}{}count=true", if list.contains('?') { '&' } else { '?' });
            assert_eq!(counted(&query), [count], "{list}");
        }
        let page = app.api("GET", "/api/v1/customers?external_id=shop-1&count=false", &json!(null)).expect(200);
        assert_eq!((page["items"].as_array().map(Vec::len), page.get("count")), (Some(1), None));
    }

    fn a_license_that_no_device_ever_used_is_found(app: &TestApp) {
        let editor = app.create_app("Editor");
        let [fresh, used, former] = [0; 3].map(|_| app.issue(&editor, &json!({ "label": "one" })));
        for license in [&used, &former] {
            let question = TestApp::question(&editor, license, "desk", &crate::support::nonce(1));
            app.validate(&question).expect(200);
        }
        let path = format!("/api/v1/licenses/{}/reset-devices", former["license_id"].as_str().expect("text"));
        app.api("POST", &path, &json!({})).expect(200);
        for query in ["", "&label=o", "&status=active&text=one", "&app_id=editor"] {
            let path = format!("/api/v1/licenses?never_seen=true{query}");
            let page = app.api("GET", &path, &json!(null)).expect(200);
            assert_eq!(ids(page["items"].as_array().expect("a list"), "license_id"), ids(std::slice::from_ref(&fresh), "license_id"), "{query}");
        }
        let all = app.api("GET", "/api/v1/licenses?never_seen=false", &json!(null)).expect(200);
        assert_eq!(all["items"].as_array().map(Vec::len), Some(3));
    }

    fn a_query_with_a_character_that_no_database_keeps_is_refused(app: &TestApp) {
        for query in ["licenses?device=%00", "licenses?label=%00", "events?request_id=%00", "events?code=%00"] {
            let answer = app.api("GET", &format!("/api/v1/{query}"), &json!(null));
            crate::support::assert_problem(&answer, 400, "malformed_request");
        }
    }

    fn a_cursor_of_another_list_is_refused(app: &TestApp) {
        let (a, b) = (app.create_app("A"), app.create_app("B"));
        for sold in [&a, &b] {
            app.issue(sold, &json!({ "count": 2 }));
        }
        let of = |app: &Value| format!("/api/v1/licenses?limit=1&app_id={}", app["app_id"].as_str().expect("text"));
        let lists = ["/api/v1/apps?limit=1".to_owned(), "/api/v1/licenses?limit=1".to_owned(), of(&a), of(&b)];
        for origin in &lists {
            let page = app.api("GET", origin, &json!(null)).expect(200);
            let cursor = page["next_cursor"].as_str().expect("there is more");
            for list in &lists {
                let answer = app.api("GET", &format!("{list}&cursor={cursor}"), &json!(null));
                if list == origin {
                    answer.expect(200);
                } else {
                    assert_problem(&answer, 400, "malformed_request");
                }
            }
        }
    }
}
