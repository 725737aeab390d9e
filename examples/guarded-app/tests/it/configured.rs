//! What a customer writes into the configuration narrows what the license asks for, and weakens nothing.

use std::path::Path;

use serde_json::{Value, json};

use crate::product::{OTHER_RULES, Product, compile, replace};
use crate::running::{Running, ended};
use crate::vendor::Vendor;

/// The strictest license.
fn strict() -> Value {
    json!({ "fail": "hard", "integrity": "required", "anti_tamper": {}, "heartbeat": { "interval": 60, "grace": 3_600 } })
}

/// Everything that somebody might try, at once.
fn weaker(endpoint: &str, key_file: &Path) -> Value {
    json!({ "LicenseConfigs": {
        "Mode": "Offline", "FailMode": "Soft", "EnforcementMode": "Development", "LicenseFilePath": key_file,
        "EnableAntiTampering": false, "EnableIntegrity": false, "SkipSignatureVerification": true, "SkipAssemblyWhitelist": true,
        "AppId": "another", "PublicKeyPath": "another.pem", "Trust": "another.json", "RequireSignedPolicy": false,
        "Online": { "Endpoint": endpoint, "EnableHeartbeat": false, "RevocationGraceHours": 9_000 } } })
}

#[test]
fn no_setting_switches_off_what_the_license_asks_for() {
    let vendor = Vendor::new();
    let mut product = Product::activated(&vendor, &strict());
    product.config = weaker("http://127.0.0.1:9", &product.path("no-such.key"));
    let mut running = product.start();
    running.is_full();
    let events = running.events().join("\n");
    for name in ["EnforcementMode", "SkipSignatureVerification", "AppId", "PublicKeyPath", "Trust"] {
        assert!(
            events.contains(&format!("LicenseConfigs.{name} is not known, and does nothing")),
            "{events}"
        );
    }
    running.quit();
    // Looking for profilers is not switched off,
    let mut command = product.command(&[]);
    command.env("CORECLR_PROFILER", "x").env("ASPNETCORE_ENVIRONMENT", "Development");
    let mut running = Running::start(command);
    running.is_free("tamper_detected");
    running.quit();
    product.start().is_full();
    // and neither is comparing files, nor its consequence.
    compile(OTHER_RULES, &product.path("older.so"));
    replace(&product.library(), &std::fs::read(product.path("older.so")).expect("readable"));
    let refused = ended(&mut product.command(&[]));
    assert_eq!(refused.exit, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("(unapproved_module)"), "{refused:?}");
}

/// Another vendor's server, and its license: the program believes nobody but whom it was built to trust.
#[test]
fn another_server_with_another_key_and_trust_gives_nothing() {
    let (vendor, thief) = (Vendor::new(), Vendor::new());
    let mut product = Product::install(&vendor);
    let sold = thief.sell(&Value::Null);
    std::fs::write(product.path("licenses/license.key"), &sold.key).expect("written");
    product.config["LicenseConfigs"]["Online"]["Endpoint"] = json!(thief.server.url);
    for place in ["trust.json", "licenses/trust.json", "product/trust.json", "state/trust.json"] {
        let file = product.path(place);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        std::fs::write(file, &thief.trust).expect("written");
    }
    let mut command = product.command(&[]);
    command.env("GUARDED_APP_TRUST", product.path("trust.json")).env("SEALGATE_LICENSE_KEY", &sold.key);
    let mut running = Running::start(command);
    running.event("[License] online activation failed");
    running.is_free("license_missing");
}

/// A license that asks for nothing, and a customer who wants more.
#[test]
fn a_configuration_may_ask_for_more() {
    let vendor = Vendor::new();
    let mut product = Product::activated(&vendor, &Value::Null);
    let section = &mut product.config["LicenseConfigs"];
    (section["FailMode"], section["EnableIntegrity"], section["EnableAntiTampering"]) =
        (json!("Hard"), json!(true), json!(true));
    product.start().is_full();
    let mut command = product.command(&[]);
    command.env("CORECLR_PROFILER", "x");
    Running::start(command).is_free("tamper_detected");
    compile(OTHER_RULES, &product.path("older.so"));
    replace(&product.library(), &std::fs::read(product.path("older.so")).expect("readable"));
    assert_eq!(ended(&mut product.command(&[])).exit, Some(1));
}

/// What the README tells a vendor and a customer to use.
#[test]
fn the_files_beside_the_readme_are_taken() {
    let vendor = Vendor::new();
    let policy = serde_json::from_str(include_str!("../../policy.json")).expect("JSON");
    let mut product = Product::install(&vendor);
    let section = product.config["LicenseConfigs"].take();
    product.config = serde_json::from_str(include_str!("../../config.json")).expect("JSON");
    product.config["LicenseConfigs"]["LicenseFilePath"] = section["LicenseFilePath"].clone();
    product.config["LicenseConfigs"]["Online"]["Endpoint"] = section["Online"]["Endpoint"].clone();
    product.activate(&vendor, &vendor.sell(&policy));
    let mut running = product.start();
    running.is_full();
    assert!(!running.events().join("\n").contains("is not known"));
}
