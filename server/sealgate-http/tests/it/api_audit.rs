//! The audit log is a chain (`spec/audit.md`), and whoever looks sees who did what.

use sealgate_testkit::{Broken, on_both_engines, stage};
use serde_json::{Value, json};

fn numbers(value: &Value) -> Vec<u64> {
    match value {
        Value::Number(n) => n.as_u64().into_iter().collect(),
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        Value::Object(all) => all.values().flat_map(numbers).collect(),
        _ => vec![],
    }
}

on_both_engines! {
    fn every_change_is_in_the_chain_with_its_request(app: &TestApp) {
        let owner = app.owner();
        let reads = ["look_up_license", "preview_license", "preview_renewal"];
        for operation in app.operations().iter().filter(|o| o.method != "GET" && !reads.contains(&&*o.id)) {
            let staged = stage(app, &owner, &operation.id);
            let before = app.count("audit");
            let answer = staged.ask(operation, &owner);
            assert!((200..300).contains(&answer.status), "{operation:?}: {answer:?}");
            // What is staged is not suspended and not switched off, its server was approved from the start, and its clock is
            // right.
            let idle = ["resume_tenant", "resume_license", "enable_app", "approve_server", "accept_clock"];
            let does_nothing = idle.contains(&&*operation.id);
            // An import also says that it begins.
            let rows = if operation.id == "import_snapshot" { 2 } else { u64::from(!does_nothing) };
            assert_eq!(app.count("audit") - before, rows, "{operation:?}");
            if !does_nothing {
                let id = answer.request_id.expect("a name");
                assert_eq!(app.count(&format!("audit WHERE request_id = '{id}'")), rows, "{operation:?}");
            }
        }
        let rows = app.count("audit WHERE tenant_id = (SELECT tenant_id FROM tenants WHERE name = 'default')");
        assert_eq!(owner.check_audit(), Ok(rows));
        // Who reads the log reads times as everywhere: none is a number of seconds.
        for detail in app.texts("SELECT detail FROM audit") {
            let detail: Value = serde_json::from_str(&detail).expect("JSON");
            let seconds = numbers(&detail).into_iter().find(|n| *n > 1_000_000_000);
            assert_eq!(seconds, None, "{detail}");
        }
        assert!(app.count("audit WHERE detail LIKE '%T__:__:__Z%'") >= 3, "some of them name times");
    }

    fn each_tenant_has_a_chain_of_its_own(app: &TestApp) {
        let twin = app.tenant("Twin");
        app.create_app("Editor");
        twin.make("/api/v1/apps", &json!({ "name": "Editor" }));
        assert_eq!((app.owner().check_audit(), twin.check_audit()), (Ok(2), Ok(1)));
        app.create_app("Viewer");
        assert_eq!((app.owner().check_audit(), twin.check_audit()), (Ok(3), Ok(1)));
    }

    fn what_somebody_did_to_the_log_is_found(app: &TestApp) {
        for n in 0..6 {
            app.create_app(&format!("App {n}"));
        }
        assert_eq!(app.owner().check_audit(), Ok(6));
        app.meddle("UPDATE audit SET detail = '{}' WHERE seq = 3");
        assert_eq!(app.owner().check_audit(), Err(Broken::Hash(3)));
        app.meddle("DELETE FROM audit WHERE seq = 3");
        assert_eq!(app.owner().check_audit(), Err(Broken::Number(3)));
        app.meddle("DELETE FROM audit WHERE seq >= 3");
        assert_eq!(app.owner().check_audit(), Err(Broken::Truncated(3)));
    }

    fn a_long_log_is_exported_in_parts(app: &TestApp) {
        let editor = app.create_app("Editor");
        let template = "SELECT audit_id FROM audit";
        assert_eq!(app.texts(template).len(), 1);
        // As many rows as a busy year writes in a minute: made by the server's own hand would take longer.
        let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
        for n in 0..40 {
            app.api("POST", &format!("{path}/{}", if n % 2 == 0 { "disable" } else { "enable" }), &json!(null)).expect(200);
        }
        assert_eq!(app.owner().check_audit(), Ok(41));
        let part = app.api("GET", "/api/v1/audit/export?after=40", &json!(null)).expect(200);
        assert_eq!((part["items"].as_array().map(Vec::len), &part["items"][0]["seq"]), (Some(1), &json!(41)));
        let beyond = app.api("GET", "/api/v1/audit/export?after=18446744073709551615", &json!(null)).expect(200);
        assert_eq!(beyond["items"], json!([]));
    }

    fn the_chain_goes_on_after_a_restart(app: &mut TestApp) {
        app.create_app("Editor");
        assert_eq!(app.owner().check_audit(), Ok(1));
        app.restart();
        app.create_app("Viewer");
        assert_eq!(app.owner().check_audit(), Ok(2));
    }

    fn people_list_the_newest_first(app: &TestApp) {
        app.create_app("Editor");
        app.clock.advance(1);
        app.create_app("Viewer");
        let list = app.api("GET", "/api/v1/audit?limit=1", &json!(null)).expect(200);
        let row = &list["items"][0];
        assert_eq!((&row["action"], &row["detail"]), (&json!("app.created"), &json!(r#"{"name":"Viewer"}"#)));
        assert!(row["actor"].as_str().is_some_and(|actor| actor.starts_with("token:")));
        let next = format!("/api/v1/audit?limit=1&cursor={}", list["next_cursor"].as_str().expect("more"));
        assert_eq!(app.api("GET", &next, &json!(null)).expect(200)["items"][0]["detail"], r#"{"name":"Editor"}"#);
    }
}
