//! What was sold changes by command: features, limits, plans, values, keys.

use serde_json::{Value, json};

use crate::program::run_with_input;
use crate::vendor::{Vendor, text};

fn plan(vendor: &Vendor, app: &Value, name: &str, more: &[&str]) -> String {
    let begin = ["plan", "create", "--app", text(&app["app_id"]), "--name", name];
    text(&vendor.json(&[&begin, more].concat())["plan_id"]).to_owned()
}

#[test]
fn features_and_limits_merge_and_the_output_says_what_came_changed_and_went() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let terms = [
        "--tier",
        "licensed",
        "--feature",
        "export",
        "--feature",
        "sso=saml",
        "--limit",
        "projects=3",
        "--var",
        "theme=dark",
    ];
    let plan = plan(&vendor, &app, "Pro", &terms);
    let license = vendor.license(&app, &["--plan", &plan]);
    for target in [["plan", "update", &*plan], ["license", "update", text(&license["license_key"])]] {
        let change = [
            "--feature",
            "sso=oidc",
            "--feature",
            "sync",
            "--limit",
            "users=2",
            "--remove-feature",
            "export",
            "--max-devices",
            "2",
        ];
        let yes: &[&str] = if target[0] == "license" { &["--yes"] } else { &[] };
        let told = vendor.run(&[&target[..], &change, yes].concat()).ok();
        for line in [
            "features came: sync",
            "features changed: sso (saml -> oidc)",
            "features went: export",
            "limits came: users=2",
        ] {
            assert!(told.lines().any(|said| said == line), "{line}: {told}");
        }
        let after = vendor.json(&[&target[..], &["--feature", "sync"]].concat());
        assert_eq!(after["features"], json!([{ "name": "sso", "value": "oidc" }, { "name": "sync" }]));
        assert_eq!(
            after["limits"],
            json!([{ "name": "projects", "value": 3 }, { "name": "users", "value": 2 }])
        );
        let after = vendor.json(&[&target[..], &["--replace", "--feature", "only"], yes].concat());
        assert_eq!(after["features"], json!([{ "name": "only" }]));
        assert_eq!(after["limits"].as_array().map(Vec::len), Some(2), "of the kind that was given");
        let both =
            vendor.run(&[&["--json"], &target[..], &["--replace", "--remove-feature", "only"]].concat());
        assert_eq!(both.exit, Some(2), "{both:?}");
    }
    let shown = vendor.json(&["plan", "update", &plan, "--var", "max=3", "--remove-var", "theme"]);
    assert_eq!(shown["variables"], json!({ "max": 3 }));
}

#[test]
fn less_is_shown_and_asked_about_before_it_is_done() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let small = plan(&vendor, &app, "Small", &["--tier", "licensed", "--feature", "export"]);
    let large = plan(
        &vendor,
        &app,
        "Large",
        &["--tier", "enterprise", "--feature", "export", "--feature", "sso", "--max-devices", "3"],
    );
    let license = vendor.license(&app, &["--plan", &small]);
    let key = text(&license["license_key"]);
    let show = || vendor.json(&["license", "show", key]);
    let before = show();

    let table = vendor.run(&["license", "update", key, "--plan", &large, "--preview"]).ok();
    assert!(
        table.contains("licensed") && table.contains("enterprise") && table.contains("export, sso"),
        "{table}"
    );
    let preview = vendor.json(&["license", "update", key, "--plan", &large, "--preview"]);
    assert_eq!((&preview["lessened"], &preview["new_version"]), (&json!([]), &json!(true)));
    assert_eq!(show(), before, "a preview changes nothing");

    assert_eq!(
        vendor.json(&["license", "update", key, "--plan", &large])["tier"],
        "enterprise",
        "more needs no question"
    );
    let large_now = show();
    let down = ["license", "update", key, "--plan", &small];
    let refused = vendor.run(&[&["--json"], &down[..]].concat()).refused(78, "config_invalid");
    assert!(text(&refused["message"]).contains("tier, features, max devices"), "{refused}");
    let asked = vendor.run(&down);
    assert!(asked.stderr.contains("TERM") && asked.stderr.contains("--yes"), "{asked:?}");
    assert_eq!(show(), large_now);
    // Nor does a yes on an input that is no terminal do.
    let asked = run_with_input(&mut vendor.sealgate(&down), "y\n");
    assert_eq!((asked.exit, show()), (Some(78), large_now));
    assert_eq!(vendor.json(&[&down[..], &["--yes"]].concat())["tier"], "licensed");
}

#[test]
fn values_merge_unless_they_replace() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    for target in [
        ["app", "vars", "set", text(&app["app_id"])],
        ["license", "vars", "set", text(&license["license_id"])],
    ] {
        let set = |more: &[&str]| vendor.json(&[&target[..], more].concat());
        assert_eq!(set(&["a=1", "b=x"]), json!({ "a": 1, "b": "x" }));
        let told = vendor.run(&[&target[..], &["b=y", "c=true", "--unset", "a"]].concat()).ok();
        for line in ["variables came: c=true", "variables changed: b (x -> y)", "variables went: a"] {
            assert!(told.lines().any(|said| said == line), "{line}: {told}");
        }
        assert_eq!(set(&["--replace", "d=4"]), json!({ "d": 4 }));
    }
}

#[test]
fn a_key_is_shown_and_exchanged() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let (id, key) = (text(&license["license_id"]), text(&license["license_key"]));
    vendor.run(&["--json", "license", "key", id]).refused(2, "malformed_request");
    assert_eq!(vendor.run(&["license", "key", id, "--reveal"]).ok().trim(), key);
    vendor.run(&["--json", "license", "rekey", id]).refused(78, "config_invalid");
    let new = vendor.json(&["license", "rekey", key, "--reason", "leaked", "--yes"]);
    assert_ne!(new["license_key"], license["license_key"]);
    assert_eq!(
        vendor.json(&["license", "key", key, "--reveal"]),
        new,
        "the former key leads to the present one"
    );
    assert!(vendor.json(&["license", "show", key])["key_replaced_at"].is_string());
    assert_eq!(vendor.json(&["license", "show", text(&new["license_key"])]).get("key_replaced_at"), None);
}
