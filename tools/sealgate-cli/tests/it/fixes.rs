//! What a refusal says is to be done about a license works as it is shown, and the refusal is gone afterwards.

use serde_json::{Value, json};

use crate::program::Outcome;
use crate::vendor::{Vendor, text};

/// The commands of a fix, as one types them; of several that do it, the first.
fn commands(fix: &str) -> Vec<&str> {
    let parts: Vec<&str> = fix.split('`').collect();
    let pairs = parts.chunks_exact(2);
    pairs.filter(|pair| pair[0] != " or " && pair[1].starts_with("sealgate ")).map(|pair| pair[1]).collect()
}

/// Does what the fix of a refusal says, and says which commands those were.
fn paste(vendor: &Vendor, failure: &Value) -> Vec<String> {
    let commands = commands(text(&failure["fix"]));
    assert!(!commands.is_empty(), "{failure}");
    for command in &commands {
        type_in(vendor, command);
    }
    commands.into_iter().map(str::to_owned).collect()
}

fn type_in(vendor: &Vendor, command: &str) {
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    let done = vendor.run(&words);
    assert_eq!(done.exit, Some(0), "{command}: {done:?}");
}

fn file(vendor: &Vendor, license: &str) -> Outcome {
    vendor.run(&["--json", "license", "file", license, "-o", &vendor.path("license.json")])
}

fn plan(vendor: &Vendor, name: &str, more: &[&str]) {
    let create = ["plan", "create", "--app", "editor", "--name", name, "--tier", "licensed"];
    vendor.json(&[&create[..], more].concat());
}

fn sold(vendor: &Vendor, app: &Value, plan: &str) -> String {
    text(&vendor.license(app, &["--plan", plan])["license_id"]).to_owned()
}

#[test]
fn a_license_whose_plan_did_not_allow_files_gets_one() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    plan(&vendor, "Pro", &[]);
    let license = sold(&vendor, &app, "pro");
    let refused = file(&vendor, &license).refused(4, "offline_disabled");
    assert_eq!(refused["message"], "The terms of the license do not allow offline use.");
    let allow = "sealgate plan update editor/pro --offline";
    let update = |license: &str| format!("sealgate license update {license} --plan editor/pro");
    // That of the plan alone would change nothing: the license keeps the terms that it has.
    let made = vendor.json(&["token", "create", "--scope", "licenses:read", "--scope", "licenses:write"]);
    let reads = ["--json", "--token", text(&made["token"]), "license", "file", &license, "-o", "-"];
    let told = vendor.run(&reads).refused(4, "offline_disabled");
    let fix = text(&told["fix"]).replace(" (with the same --token)", "");
    assert_eq!(json!(fix), refused["fix"], "without plans:read");
    assert_eq!(paste(&vendor, &refused), [allow, &*update(&license)]);
    file(&vendor, &license).ok();

    vendor.json(&["plan", "update", "pro", "--no-offline"]);
    let second = sold(&vendor, &app, "pro");
    vendor.json(&["plan", "update", "pro", "--offline"]);
    let refused = file(&vendor, &second).refused(4, "offline_disabled");
    assert_eq!(paste(&vendor, &refused), [update(&second)]);
    file(&vendor, &second).ok();
    assert_eq!(vendor.json(&["license", "show", &second])["files"], true);
}

#[test]
fn a_trial_gets_a_plan_that_is_none() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    plan(&vendor, "Trial", &["--trial", "14d"]);
    let is_trial = "The license is a trial, and a trial is never handed out as a file.";
    for offered in ["offline-1", "editor/offline-1"] {
        let license = sold(&vendor, &app, "trial");
        let refused = file(&vendor, &license).refused(4, "offline_disabled");
        assert_eq!(refused["message"], is_trial);
        let update = format!("sealgate license update {license} --plan {offered}");
        assert_eq!(paste(&vendor, &refused).last(), Some(&update));
        file(&vendor, &license).ok();
    }
    let license = sold(&vendor, &app, "trial");
    vendor.json(&["tenant", "offline", "off", "default"]);
    let refused = file(&vendor, &license).refused(4, "offline_disabled");
    assert_eq!(refused["message"], format!("{is_trial} Offline use is switched off for the tenant."));
    paste(&vendor, &refused);
    file(&vendor, &license).ok();
}

#[test]
fn a_tenant_and_a_license_are_let_go_on() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    plan(&vendor, "Pro", &["--offline"]);
    let license = sold(&vendor, &app, "pro");
    vendor.json(&["tenant", "offline", "off", "default"]);
    let refused = file(&vendor, &license).refused(4, "offline_disabled");
    let made = vendor.json(&["token", "create", "--scope", "licenses:read", "--scope", "licenses:write"]);
    let reads = ["--json", "--token", text(&made["token"]), "license", "file", &license, "-o", "-"];
    let told = vendor.run(&reads).refused(4, "offline_disabled");
    assert!(text(&told["fix"]).starts_with("ask the operator of the server for `sealgate tenant"), "{told}");
    paste(&vendor, &refused);
    file(&vendor, &license).ok();

    vendor.json(&["license", "suspend", &license]);
    paste(&vendor, &file(&vendor, &license).refused(1, "blocked"));
    file(&vendor, &license).ok();

    vendor.json(&["license", "revoke", &license]);
    paste(&vendor, &file(&vendor, &license).refused(4, "license_revoked"));
    assert_eq!(vendor.json(&["license", "list", "--status", "active"]).as_array().expect("a list").len(), 1);
}

#[test]
fn a_file_for_authforges_clients_is_made_in_the_end() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    plan(&vendor, "Pro", &[]);
    let license = sold(&vendor, &app, "pro");
    let path = vendor.path("license.authforge");
    let make = |hwid: &str| {
        vendor.run(&["--json", "license", "authforge-file", &license, "--hwid", hwid, "-o", &path])
    };
    for code in ["offline_disabled", "offline_activation_disabled"] {
        paste(&vendor, &make("desk").refused(4, code));
    }
    make("desk").ok();
    paste(&vendor, &make("laptop").refused(4, "device_limit"));
    make("laptop").ok();
    vendor.json(&["license", "update", &license, "--max-devices", "3"]);
    make("tablet").ok();
}

#[test]
fn a_trial_is_sold_and_not_renewed() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    plan(&vendor, "Trial", &["--trial", "14d", "--duration", "30d"]);
    let license = sold(&vendor, &app, "trial");
    let before = vendor.json(&["license", "show", &license]);
    let renew = ["--json", "license", "renew", &license];
    for more in [&[][..], &["--expires", "+1y"], &["--expires", "never"], &["--yes"]] {
        let refused = vendor.run(&[&renew[..], more].concat()).refused(2, "malformed_request");
        assert!(text(&refused["message"]).contains("a trial is not renewed"), "{more:?}: {refused}");
        assert!(!commands(text(&refused["fix"])).is_empty(), "{more:?}: {refused}");
    }
    let foreseen = vendor.json(&["license", "renew", &license, "--preview"]);
    assert_eq!(foreseen["licenses"][0]["then"], "refused: it is a trial");
    assert_eq!(vendor.json(&["license", "show", &license]), before);
    let many = vendor.json(&["license", "renew", "--app", "editor", "--expires", "+1y", "--preview"]);
    assert_eq!((&many["count"], &many["left_out"]), (&0.into(), &1.into()));
    let told = vendor.run(&["license", "renew", "--app", "editor", "--expires", "+1y", "--yes"]);
    assert!(told.stderr.contains("1 are revoked or trials"), "{told:?}");

    plan(&vendor, "Pro", &["--duration", "1y"]);
    let refused = vendor.run(&renew).refused(2, "malformed_request");
    let sells = format!("sealgate license update {license} --plan editor/pro");
    let lasts = format!("sealgate license update {license} --expires +30d");
    assert_eq!(commands(text(&refused["fix"])), [&*sells, &*lasts]);
    // One or the other: a longer time to try, or the sale.
    type_in(&vendor, &lasts);
    type_in(&vendor, &sells);
    vendor.run(&renew).ok();
}

#[test]
fn an_end_that_nobody_named_is_asked_for() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    for (end, goes_on) in [("2036-01-31", "license renew"), ("never", "license update")] {
        let license = vendor.license(&app, &["--expires", end]);
        let id = text(&license["license_id"]);
        let refused = vendor.run(&["--json", "license", "renew", id]).refused(2, "malformed_request");
        let fix = commands(text(&refused["fix"]));
        assert!(fix[0].starts_with(&format!("sealgate {goes_on} {id} ")), "{refused}");
    }
}

#[test]
fn a_plan_that_is_tried_allows_no_files() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let create = ["--json", "plan", "create", "--name", "Trial", "--tier", "licensed", "--trial", "14d"];
    let refused = vendor.run(&[&create[..], &["--offline"]].concat()).refused(2, "malformed_request");
    assert!(text(&refused["message"]).contains("never handed out as a file"), "{refused}");
    plan(&vendor, "Pro", &["--offline"]);
    let update = |more: &[&str]| vendor.run(&[&["--json", "plan", "update", "pro"], more].concat());
    let refused = update(&["--trial", "14d"]).refused(2, "malformed_request");
    assert!(text(&refused["message"]).starts_with("trial: "), "{refused}");
    update(&["--trial", "14d", "--no-offline"]).ok();
    let refused = update(&["--offline"]).refused(2, "malformed_request");
    assert!(text(&refused["message"]).starts_with("files: "), "{refused}");
    update(&["--trial", "none", "--offline"]).ok();
}
