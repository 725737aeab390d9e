//! What a load balancer asks (`spec/http.md` §4).

use sealgate_testkit::{Engine, TestApp, on_both_engines, request};
use serde_json::json;

use crate::support::assert_problem;

on_both_engines! {
    fn a_server_that_takes_requests_says_so_to_anyone(app: &TestApp) {
        for (path, status) in [("/healthz", "ok"), ("/readyz", "ready")] {
            let answer = request("GET", &format!("{}{path}", app.url), None, &json!(null));
            assert_eq!(answer.expect(200), json!({ "status": status }));
        }
    }

    fn a_server_whose_database_was_emptied_is_alive_but_not_ready(app: &TestApp) {
        app.meddle("DELETE FROM installation");
        let ask = |path: &str| request("GET", &format!("{}{path}", app.url), None, &json!(null));
        ask("/healthz").expect(200);
        assert_problem(&ask("/readyz"), 503, "unavailable");
    }

    fn a_database_that_went_back_is_named(app: &TestApp) {
        app.create_app("Editor");
        let ask = || request("GET", &format!("{}/readyz", app.url), None, &json!(null)).expect(200);
        assert_eq!(ask(), json!({ "status": "ready" }));
        // The server looks five times a second, and must have seen a counter that is higher.
        let asked = |round: u32| {
            if round.is_multiple_of(100) {
                let n = if round.is_multiple_of(200) { 1_000_000 } else { 0 };
                app.meddle(&format!("UPDATE change_counter SET n = {n}"));
            }
            ask()
        };
        let named = (0..10_000).map(asked).find(|ready| ready["database_went_back"].is_object());
        let gap = named.expect("it is named")["database_went_back"].clone();
        assert!(gap["from"].as_i64() > gap["to"].as_i64(), "{gap}");
        app.create_app("And writes go on");
        // Also by a server that is not ready.
        app.meddle("DELETE FROM installation");
        let red = request("GET", &format!("{}/readyz", app.url), None, &json!(null)).expect(503);
        assert_eq!(red["database_went_back"], gap);
    }

    fn a_server_whose_database_does_not_answer_is_neither(app: &TestApp) {
        let ask = |path: &str| request("GET", &format!("{}{path}", app.url), None, &json!(null));
        for (path, table) in [("/healthz", "change_counter"), ("/readyz", "installation")] {
            app.meddle(&format!("ALTER TABLE {table} RENAME TO elsewhere"));
            assert_problem(&ask(path), 503, "unavailable");
            app.meddle(&format!("ALTER TABLE elsewhere RENAME TO {table}"));
            ask(path).expect(200);
        }
    }
}

/// Rows that stay where they are need no room: they are stored while nothing new is.
#[test]
fn a_table_that_cannot_grow_is_told_although_other_changes_are_stored() {
    let app = &TestApp::start(Engine::Postgres);
    let editor = app.create_app("Editor");
    app.meddle(
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
    );
    app.meddle("CREATE TRIGGER no_room BEFORE INSERT ON licenses FOR EACH ROW EXECUTE FUNCTION no_room()");
    let order = json!({ "app_id": editor["app_id"] });
    assert_problem(&app.api("POST", "/api/v1/licenses", &order), 503, "unavailable");
    app.create_app("Another one");
    let red = request("GET", &format!("{}/readyz?checks", app.url), None, &json!(null)).expect(503);
    let writes = red["checks"].as_array().expect("a list").iter().find(|check| check["name"] == "write");
    assert_eq!(writes.expect("it is checked")["ok"], json!(false));
}
