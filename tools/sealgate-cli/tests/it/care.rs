//! Nothing goes unasked, nothing is changed by a slip, and what was changed is said.

use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Outcome, SEALGATE, run_with_input};
use crate::vendor::{Vendor, text};

/// The same on a terminal, where a person answers.
fn answered(vendor: &Vendor, arguments: &str, answer: &str) -> Outcome {
    let mut script = Command::new("script");
    script.env_clear().args(["-qec", &format!("{SEALGATE} {arguments}"), "/dev/null"]).env("TERM", "xterm");
    script.env("SEALGATE_URL", &vendor.server.url).env("SEALGATE_DATA", vendor.data());
    run_with_input(&mut script, answer)
}

fn plan(vendor: &Vendor, app: &Value, more: &[&str]) -> String {
    let begin = ["plan", "create", "--app", text(&app["app_id"]), "--tier", "licensed", "--name"];
    text(&vendor.json(&[&begin, more].concat())["plan_id"]).to_owned()
}

#[test]
fn what_asks_needs_a_yes_where_a_program_reads_the_result() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let [ada, twin] = ["Ada", "Twin"].map(|name| vendor.json(&["customer", "create", name]));
    let (ada, twin) = (text(&ada["customer_id"]), text(&twin["customer_id"]));
    let license = vendor.license(&app, &["--max-devices", "2"]);
    let id = text(&license["license_id"]);
    vendor.json(&["license", "vars", "set", id, "a=1"]);
    let keys = vendor.json(&["keys", "list"]);
    let keys = keys.as_array().expect("a list");
    let issuer = keys.iter().find(|key| key["use"] == "issuer" && key["state"] == "active").expect("one");
    let asking = [
        &["customer", "merge", twin, ada][..],
        &["license", "rekey", id],
        &["license", "update", id, "--max-devices", "1"],
        &["license", "renew", id, "--expires", "+1m"],
        &["license", "vars", "set", id, "--clear"],
        &["license", "resign", "--all"],
        &["keys", "revoke", text(&issuer["keyid"])],
        &["customer", "forget", ada],
        &["app", "rotate-key", text(&app["app_id"])],
    ];
    for verb in asking {
        let failure = vendor.run(&[verb, &["--json"]].concat()).refused(78, "config_invalid");
        assert_eq!(failure["fix"], "add --yes", "{verb:?}");
        let told = vendor.run(verb);
        assert!(told.exit == Some(78) && told.stderr.contains("add --yes"), "{verb:?}: {told:?}");
    }
    for verb in asking {
        vendor.json(&[verb, &["--yes"]].concat());
    }
}

/// Before it acts, and by the keys that builds embed.
#[test]
fn a_rotation_of_an_apps_key_says_which_builds_stop() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let id = text(&app["app_id"]);
    let told = answered(&vendor, &format!("app rotate-key {id}"), "n\n");
    let (now, next) = (text(&app["public_key"]), text(&app["next_public_key"]));
    assert!(told.stdout.contains(&format!("builds that embed {next} go on")), "{told:?}");
    assert!(told.stdout.contains(&format!("those that embed {now} alone")), "{told:?}");
    assert_eq!(vendor.json(&["app", "show", id])["public_key"], app["public_key"], "nothing was changed");
}

#[test]
fn a_person_who_says_no_hears_that_nothing_was_changed() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let key = text(&license["license_key"]);
    let rekey = format!("license rekey {key}");
    for no in ["n\n", "N\n", "\n", "yess\n"] {
        let told = answered(&vendor, &rekey, no);
        assert!(told.exit == Some(1) && told.stdout.contains("nothing was changed"), "{no:?}: {told:?}");
        assert!(!told.stdout.contains("fix:") && !told.stdout.contains("config_invalid"), "{no:?}: {told:?}");
    }
    assert_eq!(vendor.json(&["license", "show", key]).get("key_replaced_at"), None);
    let mut key = key.to_owned();
    for yes in ["y\n", "Y\n", "YES\n"] {
        let told = answered(&vendor, &format!("license rekey {key}"), yes);
        assert_eq!(told.exit, Some(0), "{yes:?}: {told:?}");
        key = text(&vendor.json(&["license", "key", &key, "--reveal"])["license_key"]).to_owned();
    }
}

#[test]
fn a_renewal_that_shortens_is_asked_about() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &["--expires", "2036-01-31"]);
    let id = text(&license["license_id"]);
    let end = || text(&vendor.json(&["license", "show", id])["expires_at"]).to_owned();
    let renew = |end: &str| vendor.run(&["--json", "license", "renew", id, "--expires", end]);
    let earlier = renew("2035-01-31").refused(78, "config_invalid");
    assert!(text(&earlier["message"]).contains("expires at"), "{earlier}");
    let told = vendor.run(&["license", "renew", id, "--expires", "2035-01-31"]);
    assert!(told.exit == Some(78) && told.stderr.contains("2035-02-01T00:00:00Z"), "it is shown: {told:?}");
    assert_eq!(end(), "2036-02-01T00:00:00Z");
    // What comes after the present end is no less, though it would be less from now on.
    assert_eq!(renew("+1m").json()["expires_at"], "2036-03-01T00:00:00Z");
    assert_eq!(renew("2037-01-31").json()["expires_at"], "2037-02-01T00:00:00Z");
    vendor.json(&["license", "renew", id, "--expires", "2035-01-31", "--yes"]);
    assert_eq!(end(), "2035-02-01T00:00:00Z");
    assert_eq!(renew("never").json()["expires_at"], Value::Null);
    renew("+1y").refused(78, "config_invalid");
    vendor.json(&["license", "renew", id, "--expires", "+1y", "--yes"]);
}

#[test]
fn an_update_of_nothing_is_a_mistake_and_one_that_changes_nothing_says_so() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let plan = plan(&vendor, &app, &["Pro", "--feature", "sso", "--var", "a=1"]);
    let license = vendor.license(&app, &["--label", "Order 7", "--plan", &plan]);
    let id = text(&license["license_id"]);
    let ada = vendor.json(&["customer", "create", "Ada"]);
    let ada = text(&ada["customer_id"]);
    for (verb, same) in [
        (["license", "update", id], ["--label", "Order 7"]),
        (["plan", "update", &plan], ["--name", "Pro"]),
        (["customer", "update", ada], ["--name", "Ada"]),
    ] {
        let failure = vendor.run(&[&["--json"], &verb[..]].concat()).refused(2, "malformed_request");
        assert_eq!(failure["message"], "nothing to change", "{verb:?}");
        let told = vendor.run(&[&verb[..], &same].concat()).ok();
        assert!(told.lines().any(|line| line == "nothing changed"), "{verb:?}: {told}");
    }
    let told = vendor.run(&["customer", "update", ada, "--max-devices", "3"]).ok();
    assert!(told.lines().any(|line| line == "most devices changed: unlimited -> 3"), "{told}");
    for verb in [["license", "update", id], ["plan", "update", &plan]] {
        let failure = vendor.run(&[&["--json"], &verb[..], &["--replace"]].concat());
        let failure = failure.refused(2, "malformed_request");
        assert!(text(&failure["fix"]).contains("--remove-feature"), "{verb:?}: {failure}");
    }
    for of in [["license", "vars", "set", id], ["app", "vars", "set", text(&app["app_id"])]] {
        let set = |more: &[&str]| vendor.run(&[&["--json"], &of[..], more].concat());
        set(&["a=1", "b=2"]).json();
        let failure = set(&["--replace"]).refused(2, "malformed_request");
        assert!(text(&failure["fix"]).contains("--clear"), "{failure}");
        set(&[]).refused(2, "malformed_request");
        set(&["c=3", "--clear"]).refused(2, "malformed_request");
        let asked = vendor.run(&[&of[..], &["--clear"]].concat());
        assert!(asked.exit == Some(78) && asked.stderr.contains("number"), "they are shown: {asked:?}");
        assert_eq!(set(&["a=1"]).json(), json!({ "a": 1, "b": 2 }));
        assert_eq!(set(&["--clear", "--yes"]).json(), json!({}));
    }
}

#[test]
fn a_name_is_given_once_and_without_blanks() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let id = text(&app["app_id"]);
    let plan = plan(&vendor, &app, &["Pro"]);
    let create = ["plan", "create", "--app", id, "--name", "Twice", "--tier", "licensed"];
    let update = ["plan", "update", &*plan];
    for verb in [&create[..], &update] {
        for wrong in [
            ["--var", "a=1", "--var", "a=2"],
            ["--feature", "a=1", "--feature", "a=2"],
            ["--limit", "a=1", "--limit", "a=2"],
            ["--feature", "sso = okta", "--tier", "free"],
            ["--limit", "projects =10", "--tier", "free"],
            ["--var", " theme=dark", "--tier", "free"],
            ["--licensee", "name,none", "--max-devices", "2"],
        ] {
            let tier = verb.contains(&"--tier") && wrong.contains(&"--tier");
            let wrong = if tier { &wrong[..2] } else { &wrong[..] };
            vendor.run(&[&["--json"], verb, wrong].concat()).refused(2, "malformed_request");
        }
    }
    let set = ["--json", "app", "vars", "set", id, "a=1", "a=2"];
    let failure = vendor.run(&set).refused(2, "malformed_request");
    assert!(text(&failure["message"]).contains("given twice"), "{failure}");
    assert_eq!(vendor.json(&["plan", "list"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn the_result_says_all_that_came_changed_and_went() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let small = plan(&vendor, &app, &["Small", "--var", "theme=dark", "--feature", "export"]);
    let large = ["Large", "--var", "theme=light", "--max-devices", "5", "--releases", "7"];
    let large = plan(&vendor, &app, &[&large[..], &["--trial", "14d"]].concat());
    let license = vendor.license(&app, &["--plan", &small]);
    let update =
        ["license", "update", text(&license["license_id"]), "--plan", &large, "--tier", "enterprise"];
    let told =
        vendor.run(&[&update[..], &["--expires", "2037-01-31", "--label", "L", "--yes"]].concat()).ok();
    for line in [
        "plan changed: small -> large",
        "tier changed: licensed -> enterprise",
        "seats changed: 1 -> 5",
        "end changed: never -> 2037-02-01T00:00:00Z",
        "allowances changed: releases 2 per seat and year -> releases 7 per seat and year",
        "days of trial changed: - -> 14",
        "trial per changed: - -> device",
        "label changed: - -> L",
        "features went: export",
        "variables changed: theme (dark -> light)",
    ] {
        assert!(told.lines().any(|said| said == line), "{line}: {told}");
    }
    let update = ["plan", "update", &*small, "--max-devices", "3", "--duration", "+3m", "--licensee", "name"];
    let told = vendor.run(&[&update[..], &["--name", "Smaller", "--releases", "1"]].concat()).ok();
    for line in [
        "name changed: Small -> Smaller",
        "seats changed: 1 -> 3",
        "releases changed: 2 per seat and year -> 1 per seat and year",
        "lasts changed: forever -> 3m",
        "licensee changed: - -> name",
    ] {
        assert!(told.lines().any(|said| said == line), "{line}: {told}");
    }
    assert_eq!(vendor.json(&["plan", "show", &small])["duration"], "3m", "without the sign");
}

#[test]
fn a_plans_trial_keeps_what_is_not_named_and_is_shown_as_it_is() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let trial = ["Trial", "--trial", "14d", "--trial-per", "customer", "--duration", "30d"];
    let trial = plan(&vendor, &app, &trial);
    let told = vendor.run(&["plan", "show", &trial]).ok();
    let line = |name: &str| told.lines().find(|line| line.trim_start().starts_with(name)).expect("a line");
    assert!(line("lasts").contains("14d") && line("lasts").contains("30d after issue"), "{told}");
    assert!(line("files").ends_with("no"), "{told}");
    assert!(vendor.run(&["plan", "list"]).ok().contains("30d after issue"));

    let update =
        |plan: &str, more: &[&str]| vendor.run(&[&["--json", "plan", "update", plan], more].concat());
    let is = |days: u32, per: &str| json!({ "days": days, "per": per });
    assert_eq!(update(&trial, &["--trial", "30d"]).json()["trial"], is(30, "customer"));
    assert_eq!(update(&trial, &["--trial-per", "device"]).json()["trial"], is(30, "device"));
    assert_eq!(update(&trial, &["--trial-per", "customer"]).json()["trial"], is(30, "customer"));
    update(&trial, &["--trial", "none", "--trial-per", "customer"]).refused(2, "malformed_request");
    assert_eq!(update(&trial, &["--trial", "none"]).json().get("trial"), None);
    let failure = update(&trial, &["--trial-per", "customer"]).refused(2, "malformed_request");
    assert!(text(&failure["fix"]).contains("--trial 14d"), "{failure}");
    let create = ["--json", "plan", "create", "--app", text(&app["app_id"]), "--name", "X", "--tier", "free"];
    vendor.run(&[&create[..], &["--trial-per", "customer"]].concat()).refused(2, "malformed_request");
}

#[test]
fn a_fix_does_not_repeat_the_mistake() {
    let vendor = Vendor::new();
    let ada = vendor.json(&["customer", "create", "Ada"]);
    let ada = text(&ada["customer_id"]);
    let nobody = "00000000-0000-7000-8000-000000000000";
    for wrong in [
        &["customer", "merge", ada, ada, "--yes"][..],
        &["customer", "merge", nobody, ada, "--yes"],
        &["customer", "forget", nobody, "--yes"],
        &["customer", "forget", ada, "--after", "zzz", "--yes"],
        &["license", "resign", "--all", "--after", "zzz", "--yes"],
    ] {
        let told = vendor.run(wrong);
        assert!(told.exit != Some(0) && !told.stderr.contains("go on with"), "{wrong:?}: {told:?}");
    }
    let told = vendor.run(&["customer", "merge", ada, ada]);
    assert_eq!(told.exit, Some(2), "before anybody is asked: {told:?}");
}

#[test]
fn a_license_that_gets_another_customer_says_whom_it_still_names() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let [ada, bob] = ["Ada", "Bob"].map(|name| vendor.json(&["customer", "create", name]));
    let (ada, bob) = (text(&ada["customer_id"]), text(&bob["customer_id"]));
    let license =
        vendor.license(&app, &["--customer", ada, "--licensee-name", "Ada", "--licensee-email", "a@b"]);
    let move_to = |customer: &str, more: &[&str]| {
        let update = ["license", "update", text(&license["license_id"]), "--customer", customer];
        vendor.run(&[&update[..], more].concat()).ok()
    };
    assert!(move_to(bob, &["--preview"]).contains("--no-licensee"));
    let told = move_to(bob, &[]);
    assert!(told.contains("still says Ada, a@b about its buyer"), "{told}");
    let told = move_to(ada, &["--licensee-company", "Engines"]);
    assert!(!told.contains("still says"), "{told}");
    assert!(told.contains("licensee changed: Ada, a@b -> Ada, Engines, a@b"), "{told}");
    let told = move_to(ada, &["--licensee-email", ""]);
    assert!(told.contains("licensee changed: Ada, Engines, a@b -> Ada, Engines"), "{told}");
    let told = move_to(bob, &["--no-licensee"]);
    assert!(told.contains("licensee changed: Ada, Engines -> -") && !told.contains("still says"), "{told}");
    let asked = vendor.run(&["customer", "forget", ada]);
    assert!(asked.stderr.contains("add --yes"), "{asked:?}");
}
