//! A token of each preset walks through what it is for, with the program, and is refused what lies beside.

use sealgate_control::Preset;
use sealgate_testkit::{TestApp, request};

use crate::program::{Outcome, run, sealgate};
use crate::vendor::{Vendor, text};

/// Somebody with a token of a preset.
struct Holder<'a> {
    vendor: &'a Vendor,
    token: String,
}

impl<'a> Holder<'a> {
    fn new(vendor: &'a Vendor, preset: &str) -> Self {
        let made = vendor.json(&["token", "create", "--preset", preset]);
        let token = text(&made["token"]).to_owned();
        let tokens = vendor.json(&["token", "list"]);
        assert_eq!(tokens[0]["name"], preset, "it is called as the preset where nobody says otherwise");
        Self { vendor, token }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let server = ["--json", "--url", &self.vendor.server.url, "--token", &self.token];
        run(&mut sealgate(&[&server[..], arguments].concat()))
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        self.run(arguments).json()
    }

    fn may_not(&self, scope: &str, arguments: &[&str]) {
        let failure = self.run(arguments).refused(77, "scope_missing");
        assert!(text(&failure["message"]).contains(&format!("It lacks {scope}")), "{failure}");
    }
}

#[test]
fn a_shop_sells_renews_and_takes_back() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let app = text(&app["app_id"]);
    let plan = ["plan", "create", "--app", app, "--name", "Pro", "--tier", "licensed", "--duration", "365d"];
    vendor.json(&plan);
    let shop = Holder::new(&vendor, "shop");

    let plans = shop.json(&["plan", "list", "--app", app]);
    let plan = text(&plans[0]["plan_id"]);
    let ada =
        shop.json(&["customer", "create", "Ada", "--email", "ada@example.com", "--external-id", "c-17"]);
    let ada = text(&ada["customer_id"]);
    let sold = shop.json(&["license", "issue", "--app", app, "--plan", plan, "--customer", ada]);
    let (id, key) = (text(&sold["licenses"][0]["license_id"]), text(&sold["licenses"][0]["license_key"]));
    shop.json(&["license", "renew", key, "--expires", "+1y"]);
    assert_eq!(shop.json(&["license", "suspend", id])["status"], "suspended");
    assert_eq!(shop.json(&["license", "resume", id])["status"], "active");
    assert_eq!(shop.json(&["license", "revoke", id, "--reason", "refunded"])["status"], "revoked");

    shop.may_not("license-keys:read", &["license", "key", id, "--reveal"]);
    shop.may_not("license-keys:read", &["license", "rekey", id, "--yes"]);
    shop.may_not("devices:write", &["license", "reset-devices", id]);
    shop.may_not("plans:write", &["plan", "update", plan, "--name", "Free"]);
    shop.may_not("tokens:write", &["token", "create", "--scope", "licenses:read"]);
}

#[test]
fn support_looks_up_and_releases_seats() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let ada = vendor.json(&["customer", "create", "Ada", "--email", "ada@example.com"]);
    let license = vendor.license(&app, &["--customer", text(&ada["customer_id"])]);
    let (id, key) = (text(&license["license_id"]), text(&license["license_key"]));
    let question = TestApp::question(&app, &license, "desk", &"0a".repeat(16));
    request("POST", &format!("{}/auth/validate", vendor.server.url), None, &question).expect(200);
    let support = Holder::new(&vendor, "support");

    let found = support.json(&["customer", "list", "--email", "ada@example.com"]);
    let found = support.json(&["license", "list", "--customer", text(&found[0]["customer_id"])]);
    assert_eq!(found[0]["license_id"], id);
    assert_eq!(support.json(&["license", "show", key])["license_id"], id);
    let devices = support.json(&["device", "list", "--license", id]);
    support.json(&["device", "show", text(&devices[0]["device_id"])]);
    assert!(support.json(&["events", "--license", id]).as_array().is_some_and(|events| !events.is_empty()));
    support.json(&["license", "reset-devices", id]);
    assert_eq!(support.json(&["device", "list", "--license", id]), serde_json::json!([]));

    // What gives a customer more than was sold is no support.
    support.may_not("licenses:write", &["license", "file", id, "-o", &vendor.path("file")]);
    support.may_not("licenses:write", &["license", "reset-devices", id, "--override-allowance"]);
    support.may_not(
        "licenses:write",
        &["device", "release", text(&devices[0]["device_id"]), "--override-allowance"],
    );
    // Whoever steals it must not have the keys of everything that was sold.
    support.may_not("license-keys:read", &["license", "key", id, "--reveal"]);
    support.may_not("licenses:write", &["license", "renew", id, "--expires", "+1y"]);
    support.may_not("customers:write", &["customer", "update", text(&ada["customer_id"]), "--name", "A"]);
    // A vendor who wants that says so.
    let scope = ["token", "create", "--preset", "support", "--scope", "license-keys:read", "--name", "desk"];
    let made = vendor.json(&scope);
    let desk = Holder { vendor: &vendor, token: text(&made["token"]).to_owned() };
    assert_eq!(desk.json(&["license", "key", id, "--reveal"])["license_key"], key);
}

#[test]
fn a_build_pipeline_gets_what_builds_pin() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let id = text(&app["app_id"]);
    let ci = Holder::new(&vendor, "ci");
    let trust = vendor.path("trust.json");
    ci.json(&["keys", "export", "-o", &trust]);
    assert!(std::path::Path::new(&trust).is_file());
    assert_eq!(ci.json(&["app", "show", id])["public_key"], app["public_key"]);
    ci.may_not("apps:write", &["app", "rotate-key", id, "--yes"]);
    ci.may_not("licenses:write", &["license", "issue", "--app", id]);
    ci.may_not("licenses:read", &["license", "list"]);
    ci.may_not("keys:read", &["keys", "list"]);
}

#[test]
fn the_help_and_the_guide_list_every_preset_with_its_scopes() {
    let help = run(&mut sealgate(&["token", "create", "--help"])).ok();
    let help =
        help.split("\nPresets:\n").nth(1).expect("presets").split_whitespace().collect::<Vec<_>>().join(" ");
    let guide = include_str!("../../../../docs/book/operators.md");
    for preset in Preset::ALL {
        let scopes: Vec<&str> = preset.scopes.iter().map(|scope| scope.as_str()).collect();
        let told = format!("{} {} Has {}.", preset.name, preset.meaning, scopes.join(", "));
        assert!(help.contains(&told), "{told}: {help}");
        let row = guide.lines().find(|line| line.starts_with(&format!("| `{}` |", preset.name)));
        let row = row.unwrap_or_else(|| panic!("no row for {}", preset.name));
        let listed: Vec<&str> =
            row.split('|').nth(3).expect("scopes").split('`').skip(1).step_by(2).collect();
        assert_eq!(listed, scopes, "{row}");
    }
    run(&mut sealgate(&["token", "create", "--json", "--preset", "everything"]))
        .refused(2, "malformed_request");
    run(&mut sealgate(&["token", "create", "--json"])).refused(2, "malformed_request");
}
