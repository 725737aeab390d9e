//! The secret of sessions can be renewed: what a thief forges with a stolen one is then worth nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate_testkit::request;
use serde_json::{Value, json};

use crate::program::{run, sealgate};
use crate::roles::Vendor;
use crate::server::Server;
use crate::vendor::text;

fn token(server: &Server, app: &Value, key: &str) -> String {
    let question = json!({
        "appId": app["app_id"], "appSecret": app["app_secret"], "licenseKey": key, "hwid": "desk", "nonce": "0".repeat(32),
    });
    let answer = request("POST", &format!("{}/auth/validate", server.url), None, &question).expect(200);
    let payload: Value = serde_json::from_slice(&STANDARD.decode(text(&answer["payload"])).expect("base64"))
        .expect("a payload");
    text(&payload["sessionToken"]).to_owned()
}

fn heartbeat(server: &Server, app: &Value, token: &str) -> u16 {
    let question =
        json!({ "appId": app["app_id"], "sessionToken": token, "hwid": "desk", "nonce": "1".repeat(32) });
    request("POST", &format!("{}/auth/heartbeat", server.url), None, &question).status
}

#[test]
fn sessions_of_a_stolen_secret_are_over_once_it_was_renewed() {
    let vendor = Vendor::new();
    let app = vendor.json(&["app", "create", "Editor"]);
    let issued = vendor.json(&["license", "issue", "--app", text(&app["app_id"])]);
    let key = text(&issued["licenses"][0]["license_key"]).to_owned();
    vendor.share();
    let runtime = vendor.start_runtime();
    let id = text(&vendor.json(&["server", "list"])[0]["server_id"]).to_owned();
    vendor.json(&["server", "approve", &id]);
    let stolen = token(&runtime, &app, &key);
    assert_eq!(heartbeat(&runtime, &app, &stolen), 200);

    let mut renew = sealgate(&["--json", "keys", "renew-sessions", "--data", &vendor.path("authority")]);
    assert_eq!(run(&mut renew).json()["secret"], "session-v2");
    assert_eq!(vendor.share()["added"], 1, "the new secret");
    assert_eq!(heartbeat(&runtime, &app, &stolen), 200, "until the next start");
    assert_eq!(runtime.stop().0, Some(0));
    let runtime = vendor.start_runtime();
    assert_ne!(heartbeat(&runtime, &app, &stolen), 200, "of the former secret");
    let ours = token(&runtime, &app, &key);
    assert_eq!(heartbeat(&runtime, &app, &ours), 200);
    let mut again = sealgate(&["--json", "keys", "renew-sessions", "--data", &vendor.path("authority")]);
    assert_eq!(run(&mut again).json()["secret"], "session-v3");
}

#[test]
fn nothing_is_renewed_where_there_is_no_keystore() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let outcome = run(sealgate(&["keys", "renew-sessions", "--data"]).arg(dir.path()));
    assert_eq!(outcome.exit, Some(65), "{outcome:?}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("is there").count(), 0);
}
