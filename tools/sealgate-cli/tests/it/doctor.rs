//! `sealgate doctor --server` and `sealgate server accept-clock`.

use serde_json::{Value, json};

use crate::program::{run, sealgate};
use crate::vendor::Vendor;

const CHECKS: [&str; 8] = ["threads", "read", "write", "sign", "clock", "certificate", "history", "jobs"];

/// Another day was noted last: the next start finds that the installation was off for 40 days.
fn off_for_40_days(vendor: Vendor) -> Vendor {
    let noted = "INSERT INTO installation VALUES ('noted_time', strftime('%s', 'now', '-40 days')) \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    let database = vendor.data().join("sealgate.db");
    vendor.restart_after(|| sealgate_testkit::on_sqlite(&database, noted))
}

#[test]
fn a_server_that_works_passes_every_check() {
    let vendor = Vendor::new();
    // Nothing but the address: no token, no data directory.
    let doctor = |more: &[&str]| {
        run(sealgate(&[&["doctor", "--server"], more].concat()).env("SEALGATE_URL", &vendor.server.url))
    };
    let found = doctor(&["--json"]).json();
    let all: Vec<Value> = CHECKS.iter().map(|name| json!({ "name": name, "ok": true })).collect();
    assert_eq!(found, json!({ "ok": true, "checks": all }));
    let text = doctor(&[]).ok();
    let names: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("ok")?.split_whitespace().next()).collect();
    assert_eq!(names, CHECKS);
    assert_eq!(doctor(&["--quiet"]).ok(), "");
}

#[test]
fn a_server_that_is_not_there_is_told_with_what_to_do() {
    let failure = run(&mut sealgate(&["doctor", "--server", "--json", "--url", "http://127.0.0.1:1"]))
        .refused(69, "server_unreachable");
    assert!(failure["fix"].as_str().is_some_and(|fix| fix.contains("sealgate serve")), "{failure}");
    run(&mut sealgate(&["doctor", "--json"])).refused(2, "malformed_request");
}

#[test]
fn a_clock_in_doubt_fails_its_check_until_somebody_accepts_it() {
    let vendor = off_for_40_days(Vendor::new());
    let found = vendor.run(&["doctor", "--server", "--json"]);
    assert_eq!(found.exit, Some(1), "{found:?}");
    let told: Value = serde_json::from_str(&found.stdout).expect("JSON");
    let failing: Vec<&Value> =
        told["checks"].as_array().expect("checks").iter().filter(|check| check["ok"] == false).collect();
    assert_eq!((failing.len(), &failing[0]["name"]), (1, &json!("clock")), "{told}");
    let error: Value = serde_json::from_str(&found.stderr).expect("JSON");
    assert_eq!(error["code"], "check_failed");
    let text = vendor.run(&["doctor", "--server"]);
    assert_eq!(text.exit, Some(1));
    assert!(text.stdout.contains("FAILS  clock") && text.stdout.contains("fix: Compare"), "{text:?}");

    let app = vendor.json(&["app", "create", "Editor"]);
    let issue = ["license", "issue", "--json", "--app", app["app_id"].as_str().expect("text")];
    let failure = vendor.run(&issue).refused(78, "clock_in_doubt");
    assert!(failure["message"].as_str().is_some_and(|text| text.contains("accept-clock")), "{failure}");

    for quiet in [&[][..], &["--quiet"]] {
        let unasked = vendor.run(&[quiet, &["server", "accept-clock"]].concat());
        assert_eq!(unasked.exit, Some(78), "{unasked:?}");
        assert!(
            unasked.stderr.contains("seconds ahead") && unasked.stderr.contains("add --yes"),
            "{unasked:?}"
        );
    }
    vendor.run(&issue).refused(78, "clock_in_doubt");
    let accepted = vendor.json(&["server", "accept-clock", "--yes"]);
    assert_eq!((&accepted["in_doubt"], &accepted["set_by"]), (&json!(false), &json!(0)));
    assert!(vendor.run(&["server", "accept-clock"]).ok().contains("not in doubt"));
    assert_eq!(vendor.json(&["doctor", "--server"])["ok"], true);
    vendor.run(&issue).json();
    let vendor = vendor.restart();
    vendor.run(&issue).json();
}
