//! A key pair is a file that stays: a tenant's requests make no more than they use, however many come at once.

use std::thread;

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::json;

const AT_ONCE: usize = 12;

fn key_files(app: &TestApp) -> usize {
    app.data().join("keys").read_dir().expect("the keystore").count()
}

/// The statuses of as many requests at once, in order.
fn at_once(ask: impl Fn() -> u16 + Sync) -> Vec<u16> {
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let asked: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(&ask)).collect();
        asked.into_iter().map(|asked| asked.join().expect("asks")).collect()
    });
    statuses.sort_unstable();
    statuses
}

on_both_engines! {
    fn each_rotation_of_many_at_once_makes_one_key(app: &TestApp) {
        let editor = app.create_app("Editor");
        let path = format!("/api/v1/apps/{}/rotate-key", editor["app_id"].as_str().expect("text"));
        let before = key_files(app);
        assert_eq!(at_once(|| app.api("POST", &path, &json!({})).status), [200; AT_ONCE]);
        assert_eq!(app.count("audit WHERE action = 'app.key_rotated'"), AT_ONCE as u64);
        assert_eq!(key_files(app), before + AT_ONCE);
    }

    fn whoever_gets_no_app_makes_no_keys(app: &TestApp) {
        app.create_app("Editor");
        let before = key_files(app);
        let made = at_once(|| app.api("POST", "/api/v1/apps", &json!({ "name": "Viewer" })).status);
        assert_eq!((made[0], &made[1..]), (201, &[409; AT_ONCE - 1][..]));
        assert_eq!(key_files(app), before + 2);
    }
}
