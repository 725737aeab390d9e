//! What a server does by itself once its database came back older (`spec/revocation.md` §7.7, §7.13).

use sealgate_testkit::{on_both_engines, request};
use serde_json::json;

use crate::snapshot_imports::{at, fetch, import, sign, text};
use crate::snapshots::{kept, run_jobs};
use crate::support::sell;

on_both_engines! {
    fn nothing_is_drawn_from_a_block_of_before(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        app.keep_state();
        app.issue(&product, &json!({}));
        app.read_changes();
        app.go_back();
        app.read_changes();
        // At once, whatever job runs or waits.
        app.issue(&product, &json!({}));
        let of_app = format!("app_id = '{}'", text(&product["app_id"]));
        assert_eq!(app.count(&format!("slot_blocks WHERE {of_app} AND block = 0 AND is_full = 0")), 0);
        assert_eq!(app.count(&format!("slots WHERE {of_app} AND block = 1")), 1);
    }

    fn revocation_data_waits_for_an_import(app: &TestApp) {
        let (product, gone) = sell(app, &json!({}));
        let other = app.issue(&product, &json!({}));
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        app.api("POST", &at(&gone, "/revoke"), &json!({})).expect(200);
        let lost = sign(app);
        let file = fetch(app, &product);
        app.go_back();
        app.read_changes();
        app.clock.advance(60);
        app.api("POST", &at(&other, "/revoke"), &json!({})).expect(200);
        let versions = || kept(app).iter().map(|row| row["version"].as_u64().expect("a number")).collect::<Vec<_>>();
        let before = versions();
        run_jobs(app);
        assert_eq!(versions(), before, "one without what was lost would count as the newest");
        let ready = request("GET", &format!("{}/readyz", app.url), None, &json!(null)).expect(200);
        assert!(text(&ready["database_went_back"]["fix"]).contains("offline import-snapshot"), "{ready}");

        import(app, &file).expect(200);
        run_jobs(app);
        assert!(Some(versions()[0]) > lost["version"].as_u64(), "it goes on");
        assert_eq!(kept(app)[0]["revoked"], 2);
    }
}
