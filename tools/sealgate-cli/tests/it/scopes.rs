//! What a token needs for a verb, and what it hears where it lacks something.

use serde_json::Value;

use crate::program::{Outcome, run, sealgate};
use crate::vendor::{Vendor, text};

fn token(vendor: &Vendor, scopes: &[&str]) -> String {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]).collect::<Vec<_>>();
    text(&vendor.json(&[&["token", "create"], &scopes[..]].concat())["token"]).to_owned()
}

fn by(vendor: &Vendor, token: &str, arguments: &[&str]) -> Outcome {
    let server = ["--json", "--url", &vendor.server.url, "--token", token];
    run(&mut sealgate(&[&server[..], arguments].concat()))
}

#[test]
fn by_its_id_a_license_is_not_read_first() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &["--expires", "2036-01-31"]);
    let (id, key) = (text(&license["license_id"]), text(&license["license_key"]));
    let file = vendor.path("a.authforge");
    let changes = [
        &["license", "renew", id, "--expires", "2037-01-31"][..],
        &["license", "suspend", id],
        &["license", "resume", id],
        &["license", "update", id, "--label", "L"],
        &["license", "vars", "set", id, "a=1"],
        &["license", "vars", "set", id, "--clear", "--yes"],
        &["license", "authforge-file", id, "--any", "-o", &file],
        &["license", "rekey", id, "--yes"],
        &["license", "revoke", id],
    ];
    let writer = token(&vendor, &["licenses:write", "license-keys:read"]);
    let shown =
        by(&vendor, &token(&vendor, &["license-keys:read"]), &["license", "key", id, "--reveal"]).json();
    assert_eq!(shown["license_key"], key);
    by(&vendor, &token(&vendor, &["devices:write"]), &["license", "reset-devices", id]).json();
    by(&vendor, &token(&vendor, &["devices:read"]), &["device", "list", "--license", id]).json();
    by(&vendor, &token(&vendor, &["events:read"]), &["events", "--license", id]).json();
    for verb in changes {
        by(&vendor, &writer, verb).json();
    }
    for verb in [
        &["license", "show", id][..],
        &["license", "suspend", key],
        &["license", "update", id, "--licensee-name", "A"],
    ] {
        let failure = by(&vendor, &writer, verb).refused(77, "scope_missing");
        assert!(text(&failure["fix"]).contains("licenses:read"), "{verb:?}: {failure}");
    }
}

#[test]
fn what_is_read_only_to_be_told_is_left_out() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let id = text(&app["app_id"]);
    let plan = ["plan", "create", "--app", id, "--name", "Pro", "--tier", "licensed", "--trial", "14d"];
    let plan = vendor.json(&plan);
    let plan = text(&plan["plan_id"]);
    let ada = vendor.json(&["customer", "create", "Ada", "--external-id", "shop-17"]);
    let ada = text(&ada["customer_id"]);
    let writer =
        token(&vendor, &["plans:write", "apps:write", "customers:write", "licenses:write", "keys:write"]);
    let done = |arguments: &[&str]| -> Value { by(&vendor, &writer, arguments).json() };
    assert_eq!(done(&["plan", "update", plan, "--name", "Team"])["name"], "Team");
    assert_eq!(done(&["app", "vars", "set", id, "a=1"])["a"], 1);
    assert_eq!(done(&["customer", "update", ada, "--name", "Ada L."])["name"], "Ada L.");
    // A trial keeps what is not named, and so that has to be seen.
    let failure = by(&vendor, &writer, &["plan", "update", plan, "--trial", "30d"]);
    let failure = failure.refused(77, "scope_missing");
    assert!(text(&failure["fix"]).contains("plans:read"), "{failure}");
    assert_eq!(
        done(&["plan", "update", plan, "--trial", "30d", "--trial-per", "device"])["trial"]["days"],
        30
    );
    assert_eq!(done(&["customer", "update", "external:shop-17", "--name", "A"])["name"], "A");
    assert_eq!(done(&["customer", "update", "ada", "--name", "Ada"])["customer_id"], ada);
    assert_eq!(done(&["customer", "forget", ada, "--yes"])["licenses"], 0);
    let writer = token(&vendor, &["keys:write", "access:write"]);
    for (verb, scope) in [
        (&["keys", "revoke", "0", "--yes"][..], "keys:read"),
        (&["access", "remove", "--app", id, "--hwid", "desk"], "access:read"),
    ] {
        let failure = by(&vendor, &writer, verb).refused(77, "scope_missing");
        assert!(text(&failure["fix"]).contains(scope), "{verb:?}: {failure}");
    }
}

#[test]
fn the_help_lists_every_scope() {
    let help = run(&mut sealgate(&["token", "create", "--help"])).ok();
    for scope in sealgate_control::Scope::ALL {
        let line = help.lines().find(|line| line.split_whitespace().next() == Some(scope.as_str()));
        assert!(line.is_some_and(|line| line.trim().contains("  ")), "{}: {help}", scope.as_str());
    }
}
