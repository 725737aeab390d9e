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
    vendor.json(&["server", "approve", &id, "--yes"]);
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

#[test]
fn a_runtime_s_directory_renews_and_shares_nothing() {
    let vendor = Vendor::new();
    vendor.share();
    let (runtime, third) = (vendor.path("runtime"), vendor.path("third"));
    for command in [&["renew-sessions"][..], &["share", "-o", &third]] {
        let command = [&["--json", "--data", &runtime, "keys"], command].concat();
        let failure = run(&mut sealgate(&command)).refused(78, "key_missing");
        assert!(text(&failure["fix"]).contains("the Authority's data directory"), "{failure}");
    }
    assert!(!std::path::Path::new(&third).exists(), "nothing was made");
    assert_eq!(vendor.share()["added"], 0, "the runtime has what it had");
}

/// Two servers with different secrets of one name would never take each other's sessions.
#[test]
fn nothing_is_shared_into_a_directory_that_has_secrets_of_its_own() {
    use sealgate_signer::{Keystore, Unlock};

    let vendor = Vendor::new();
    vendor.share();
    vendor.json(&["app", "create", "Editor"]);
    let keys = std::path::PathBuf::from(vendor.path("runtime")).join("keys");
    let files = || std::fs::read_dir(&keys).expect("a keystore").count();
    let before = files();
    let renew = |keystore: &Keystore| keystore.renew_secret("session").expect("is made");
    renew(&Keystore::open_existing(&keys, &Unlock::File).expect("opens"));
    let share = || {
        let data = vendor.path("authority");
        let share = ["--json", "--data", &data, "keys", "share", "-o", &vendor.path("runtime")];
        run(&mut sealgate(&share)).refused(78, "keystore_invalid")
    };
    // First a newer one than the Authority's, then another one of the same version.
    let newer = share();
    run(&mut sealgate(&["keys", "renew-sessions", "--data", &vendor.path("authority")])).ok();
    for failure in [newer, share()] {
        assert!(text(&failure["message"]).contains("session-v2.secret"), "{failure}");
        assert!(text(&failure["fix"]).contains("a new directory"), "{failure}");
    }
    assert_eq!(files(), before + 1, "not even the app's keys");
}

/// As when somebody forgets `--role` and `--database`: a second installation of the same name would be of no use to anybody.
#[test]
fn a_runtime_s_directory_founds_no_installation() {
    use sealgate_testkit::{Engine, TestDatabase};

    let vendor = Vendor::new();
    vendor.share();
    let runtime = std::path::PathBuf::from(vendor.path("runtime"));
    let files = || std::fs::read_dir(runtime.join("keys")).expect("a keystore").count();
    let (before, empty) = (files(), TestDatabase::create(Engine::Postgres));
    let url = empty.postgres_url().expect("PostgreSQL");
    for more in [&[][..], &["--database", &url], &["--database", &url, "--role", "authority"]] {
        let serve = ["--json", "serve", "--listen", "127.0.0.1:0", "--data"];
        run(sealgate(&serve).arg(&runtime).args(more)).refused(78, "key_missing");
        assert!(files() == before && !runtime.join("admin.token").exists(), "{more:?}");
    }
    let served = vendor.start_runtime();
    assert_eq!(served.stop().0, Some(0));
}
