//! `sealgate offline` of licenses for machines without a network.

use std::path::Path;

use sealgate_artifact::{LicenseHint, LicenseId};
use sealgate_container::Container;
use sealgate_testkit::{Build, TestDevice};
use serde_json::{Value, json};

use crate::program::Outcome;
use crate::vendor::{Vendor, names, on_both_databases, text};

/// A vendor with a license, and what a build of its app pins.
pub(crate) struct Sold<'a> {
    pub(crate) vendor: &'a Vendor,
    pub(crate) license: Value,
    pub(crate) build: Build,
    pub(crate) trust: String,
}

impl<'a> Sold<'a> {
    pub(crate) fn new(vendor: &'a Vendor, more: &[&str]) -> Self {
        let app = vendor.app("Editor");
        let (license, trust) = (vendor.license(&app, more), vendor.path("trust.json"));
        vendor.json(&["keys", "export", "--app", text(&app["app_id"]), "-o", &trust]);
        let pinned = serde_json::from_slice(&read(&trust)).expect("a trust.json");
        let build = Build { trust: pinned, origin: vendor.server.url.clone() };
        Self { vendor, license, build, trust }
    }

    pub(crate) fn id(&self) -> &str {
        text(&self.license["license_id"])
    }

    /// The file of a machine that asks for the license, by its key or otherwise.
    pub(crate) fn request(&self, device: &TestDevice, hint: Option<LicenseHint>, n: u32) -> String {
        let path = self.vendor.path(&format!("machine-{n}.sgreq"));
        let request = device.offline_request(&self.build, hint, n);
        std::fs::write(&path, device.request_file(&request)).expect("written");
        path
    }

    pub(crate) fn by_key(&self) -> LicenseHint {
        LicenseHint::of_key(text(&self.license["license_key"]))
    }

    /// Exports with more arguments.
    pub(crate) fn export(&self, more: &[&str]) -> Outcome {
        self.vendor
            .run(&[&["--json", "offline", "export", self.id(), "--valid-until", "+30d"], more].concat())
    }

    pub(crate) fn bundles(&self) -> Vec<Value> {
        let list = self.vendor.json(&["offline", "list", self.id()]);
        list.as_array().expect("a list").clone()
    }
}

pub(crate) fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

on_both_databases! {
    fn machines_that_asked_get_one_file(vendor: &Vendor) {
        let sold = Sold::new(vendor, &["--max-devices", "3"]);
        let devices = [TestDevice::default(), TestDevice::default()];
        let by_id = Some(LicenseHint::Id(LicenseId::parse(sold.id()).expect("an id")));
        let asked = [sold.request(&devices[0], Some(sold.by_key()), 1), sold.request(&devices[1], by_id, 2)];
        let folder = vendor.path("stick");
        std::fs::create_dir(&folder).expect("made");
        let exported = sold.export(&["--request", &asked[0], "--request", &asked[1], "-o", &folder]).json();
        let file = format!("{folder}/license-{}.sglic", &sold.id()[..8]);
        assert_eq!(exported["file"], json!(file));
        for name in ["bundle_id", "serial", "sha256", "bytes", "valid_until"] {
            assert!(!exported[name].is_null(), "{name}: {exported}");
        }
        let bytes = read(&file);
        assert_eq!(exported["bytes"], json!(bytes.len()));
        assert_eq!(exported["sha256"], json!(sha256(&bytes)));
        Container::read(&bytes).expect("a container");

        let bundle = text(&exported["bundle_id"]);
        let shown = vendor.json(&["offline", "show", bundle]);
        let mut keys: Vec<String> = devices.iter().map(|device| device.key.to_string()).collect();
        let mut named: Vec<&str> = shown["device_keys"].as_array().expect("keys").iter().map(text).collect();
        keys.sort();
        named.sort_unstable();
        assert_eq!(named, keys);
        assert_eq!((&shown["mode"], &shown["machines"], &shown["live"]), (&json!("bound"), &json!(2), &json!(true)));
        assert_eq!(sold.bundles().len(), 1);
        assert_eq!(sold.bundles()[0]["bundle_id"], exported["bundle_id"]);
        let told = vendor.run(&["offline", "list", sold.id()]).ok();
        assert!(told.contains(bundle) && told.contains("live"), "{told}");

        // The same file again, and nothing is lost unasked.
        let again = vendor.path("again.sglic");
        vendor.json(&["offline", "file", bundle, "-o", &again]);
        assert_eq!(read(&again), bytes);
        vendor.run(&["--json", "offline", "file", bundle, "-o", &again]).refused(4, "name_taken");
        vendor.json(&["offline", "file", bundle, "-o", &again, "--overwrite", "--keys", "none"]);
        assert!(read(&again).len() < bytes.len());
        let piped = vendor.sealgate(&["offline", "file", bundle, "-o", "-"]).output().expect("it runs");
        assert_eq!(piped.stdout, bytes, "the file alone");

        // Two of three seats are held.
        sold.export(&["--pool", "2", "-o", &vendor.path("pool.sglic")]).refused(4, "device_limit");
        assert!(!Path::new(&vendor.path("pool.sglic")).exists());
    }

    fn a_request_is_answered_by_the_same_bundle_each_time(vendor: &Vendor) {
        let sold = Sold::new(vendor, &["--expires", "+60d"]);
        let device = TestDevice::default();
        let asked = sold.request(&device, Some(sold.by_key()), 1);
        let answer = |output: &str| {
            vendor.run(&["--json", "offline", "respond", &asked, "-o", &vendor.path(output)])
        };
        let (first, second) = (answer("a.sglic").json(), answer("b.sglic").json());
        assert_eq!(first["bundle_id"], second["bundle_id"]);
        assert_eq!(read(&vendor.path("a.sglic")), read(&vendor.path("b.sglic")));
        assert_eq!(first["license_id"], json!(sold.id()));
        answer("b.sglic").refused(4, "name_taken");

        // A later request of the same machine is a refresh: it takes no other seat.
        let later = sold.request(&device, Some(sold.by_key()), 2);
        let refreshed = vendor.json(&["offline", "respond", &later, "-o", &vendor.path("c.sglic")]);
        let shown = vendor.json(&["offline", "show", text(&refreshed["bundle_id"])]);
        assert_eq!(shown["line"], first["bundle_id"]);
        assert!(shown["serial"].as_u64() > first["serial"].as_u64());

        // Another machine finds no seat; one that names no license is told of by --license.
        let other = TestDevice::default();
        let unnamed = sold.request(&other, None, 3);
        let output = vendor.path("d.sglic");
        vendor.run(&["--json", "offline", "respond", &unnamed, "-o", &output]).refused(2, "malformed_request");
        let named = ["--json", "offline", "respond", &unnamed, "--license", sold.id(), "-o", &output];
        vendor.run(&named).refused(4, "device_limit");
        let app = text(&vendor.json(&["license", "show", sold.id()])["app_id"]).to_owned();
        let second = vendor.license(&json!({ "app_id": app }), &[]);
        let named = ["offline", "respond", &unnamed, "--license", text(&second["license_key"]), "-o", &output];
        let answered = vendor.json(&named);
        assert_eq!(answered["license_id"], second["license_id"]);
        // It names the first license, and not this one.
        let wrong = ["--json", "offline", "respond", &asked, "--license", text(&second["license_id"])];
        vendor.run(&[&wrong[..], &["-o", &vendor.path("e.sglic")]].concat()).refused(3, "not_found");
    }

    fn a_bundle_takes_the_place_of_another_one(vendor: &Vendor) {
        let sold = Sold::new(vendor, &["--max-devices", "2"]);
        let asked = sold.request(&TestDevice::default(), Some(sold.by_key()), 1);
        let first = sold.export(&["--request", &asked, "-o", &vendor.path("a.sglic")]).json();
        let replaced = text(&first["bundle_id"]);
        let more = sold.request(&TestDevice::default(), Some(sold.by_key()), 2);
        let second = ["--replaces", replaced, "--request", &more, "-o", &vendor.path("b.sglic")];
        let second = sold.export(&second).json();
        let shown = vendor.json(&["offline", "show", text(&second["bundle_id"])]);
        assert_eq!((&shown["replaces"], &shown["line"]), (&json!(replaced), &json!(replaced)));
        assert_eq!(shown["machines"], 2);
        let nobodys = "00000000-0000-7000-8000-000000000000";
        sold.export(&["--replaces", nobodys, "-o", &vendor.path("c.sglic")]).refused(3, "not_found");
    }

    fn who_revokes_a_bundle_is_told_what_that_does(vendor: &Vendor) {
        let sold = Sold::new(vendor, &[]);
        let made = sold.export(&["--pool", "1", "-o", &vendor.path("a.sglic")]).json();
        let bundle = text(&made["bundle_id"]);
        let unasked = vendor.run(&["offline", "revoke-bundle", bundle]);
        assert!(unasked.exit == Some(78) && unasked.stderr.contains("cannot be undone"), "{unasked:?}");
        let told = vendor.run(&["offline", "revoke-bundle", bundle, "--reason", "the stick is lost", "--yes"]).ok();
        for word in ["revoked", "the stick is lost", "sealgate offline snapshot --sign", "Its seats stay taken until"] {
            assert!(told.contains(word), "{word}: {told}");
        }
        let shown = vendor.json(&["offline", "show", bundle]);
        assert!(shown["revoked_at"].is_string() && shown["live"] == true, "{shown}");
        // The seat is not free before the end.
        sold.export(&["--pool", "1", "-o", &vendor.path("b.sglic")]).refused(4, "device_limit");
    }
}

#[test]
fn who_exports_is_told_what_nobody_enforces() {
    let vendor = Vendor::new();
    let sold = Sold::new(&vendor, &["--max-devices", "20"]);
    let careful = |outcome: Outcome| {
        let made = outcome.json();
        made["careful"].as_array().map_or(vec![], |all| all.iter().map(|it| text(it).to_owned()).collect())
    };
    let words = careful(sold.export(&["--mode", "pool", "--pool", "5", "-o", &vendor.path("a.sglic")]));
    assert!(words.len() == 1 && words[0].contains("nobody enforces the number"), "{words:?}");
    let export = ["offline", "export", sold.id(), "--pool", "1"];
    let until = |end: &str, name: &str| {
        vendor.run(&[&export[..], &["--json", "--valid-until", end, "-o", &vendor.path(name)]].concat())
    };
    let words = careful(until("+91d", "b.sglic"));
    assert!(words.len() == 2 && words[1].contains("91 days"), "{words:?}");
    assert_eq!(careful(until("+90d", "c.sglic")).len(), 1);
    let told =
        vendor.run(&[&export[..], &["--valid-until", "+91d", "-o", &vendor.path("told.sglic")]].concat());
    assert_eq!(told.exit, Some(0), "{told:?}");
    let lines: Vec<&str> = told.stderr.lines().collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.starts_with("careful: ")), "{told:?}");
    // Without any word about machines, nothing is signed.
    let before = sold.bundles().len();
    sold.export(&["-o", &vendor.path("d.sglic")]).refused(2, "malformed_request");
    let both = ["--pool", "1", "--request", &sold.request(&TestDevice::default(), None, 1)];
    sold.export(&[&both[..], &["-o", &vendor.path("d.sglic")]].concat()).refused(2, "malformed_request");
    until("never", "d.sglic").refused(2, "malformed_request");
    until("2020-01-01", "d.sglic").refused(2, "malformed_request");
    until("+366d", "d.sglic").refused(4, "outlives_license");
    // What cannot be written is found out before anything is signed.
    std::fs::write(vendor.path("README.txt"), "mine").expect("written");
    sold.export(&["--pool", "1", "--with-readme", "-o", &vendor.path("d.sglic")]).refused(4, "name_taken");
    sold.export(&["--pool", "1", "--with-readme", "-o", "-"]).refused(2, "malformed_request");
    assert_eq!(sold.bundles().len(), before);
    assert_eq!(read(&vendor.path("README.txt")), b"mine");
    let not_a_request = ["--request", &vendor.path("a.sglic"), "-o", &vendor.path("d.sglic")];
    let failure = sold.export(&not_a_request).refused(65, "container_invalid");
    assert!(text(&failure["message"]).contains("no machine's request"), "{failure}");
}

#[test]
fn a_technician_reads_what_to_do() {
    let vendor = Vendor::new();
    let sold = Sold::new(&vendor, &["--max-devices", "20"]);
    for (folder, more, words) in [
        ("pool", &["--pool", "7"][..], "at most 7 machines"),
        (
            "bound",
            &["--request", &sold.request(&TestDevice::default(), Some(sold.by_key()), 1)],
            "1 machine: those that asked",
        ),
    ] {
        let folder = vendor.path(folder);
        std::fs::create_dir(&folder).expect("made");
        let made = sold.export(&[more, &["--with-readme", "-o", &folder]].concat()).json();
        let readme = String::from_utf8(read(text(&made["readme"]))).expect("UTF-8");
        let name = format!("license-{}.sglic", &sold.id()[..8]);
        for said in [
            words,
            "Editor",
            &name,
            text(&made["valid_until"]),
            text(&made["sha256"]),
            text(&made["bundle_id"]),
            &format!("sglic import {name}"),
        ] {
            assert!(readme.contains(said), "{said}: {readme}");
        }
        assert!(readme.lines().all(|line| line.chars().count() <= 100), "{readme}");
    }
}

/// Five machines and eight features.
#[test]
fn a_file_is_short() {
    let vendor = Vendor::new();
    let app = text(&vendor.app("Editor")["app_id"]).to_owned();
    let features: Vec<String> = (1..=8).map(|n| format!("feature-{n}")).collect();
    let mut plan = vec![
        "plan",
        "create",
        "--app",
        &app,
        "--name",
        "Pro",
        "--tier",
        "licensed",
        "--max-devices",
        "5",
        "--offline",
    ];
    plan.extend(features.iter().flat_map(|feature| ["--feature", feature]));
    let plan = text(&vendor.json(&plan)["plan_id"]).to_owned();
    let trust = vendor.path("trust.json");
    vendor.json(&["keys", "export", "--app", &app, "-o", &trust]);
    let license = vendor.license(&json!({ "app_id": app }), &["--plan", &plan, "--expires", "+1y"]);
    let build = Build {
        trust: serde_json::from_slice(&read(&trust)).expect("JSON"),
        origin: vendor.server.url.clone(),
    };
    let sold = Sold { vendor: &vendor, license, build, trust };
    let asked: Vec<String> =
        (1..=5).map(|n| sold.request(&TestDevice::default(), Some(sold.by_key()), n)).collect();
    let mut export: Vec<&str> = asked.iter().flat_map(|path| ["--request", path]).collect();
    let all = vendor.path("all.sglic");
    export.extend(["-o", &all]);
    let made = sold.export(&export).json();
    let size = |keys: &str| {
        let path = vendor.path(&format!("{keys}.sglic"));
        vendor.json(&[
            "offline",
            "file",
            text(&made["bundle_id"]),
            "--keys",
            keys,
            "-o",
            &path,
            "--overwrite",
        ]);
        let seen = vendor.json(&["inspect", &path]);
        println!("--keys {keys}: {} bytes", read(&path).len());
        for entry in seen["entries"].as_array().expect("a list") {
            println!("  {}: {} bytes", text(&entry["name"]), entry["bytes"]);
        }
        let verified = vendor.json(&["verify", &path, "--trust", &sold.trust]);
        assert_eq!(
            (&verified["machines"], &verified["license"]["features"].as_array().map(Vec::len)),
            (&json!(5), &Some(8))
        );
        read(&path).len()
    };
    let [none, tenant, all] = ["none", "tenant", "all"].map(size);
    assert!(none <= 1_024, "{none} bytes without keys");
    assert!(tenant <= 2_048, "{tenant} bytes with the tenant keyset");
    assert!(none < tenant && tenant < all);
}

#[test]
fn who_sees_bundles_hands_out_none() {
    let vendor = Vendor::new();
    let sold = Sold::new(&vendor, &["--max-devices", "2"]);
    let made = sold.export(&["--pool", "1", "-o", &vendor.path("a.sglic")]).json();
    let bundle = text(&made["bundle_id"]);
    let with = |scopes: &[&str], verb: &[&str]| {
        let scopes: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope]).collect();
        let made = vendor.json(&[&["token", "create"], &scopes[..]].concat());
        vendor.run(&[&["--json", "--token", text(&made["token"])], verb].concat())
    };
    let out = vendor.path("b.sglic");
    assert_eq!(
        with(&["offline:read"], &["offline", "list", sold.id()]).json()[0]["bundle_id"],
        json!(bundle)
    );
    assert!(!names(&with(&["offline:read"], &["offline", "show", bundle]).json()).contains(&"device_keys"));
    let file = ["offline", "file", bundle, "-o", &out];
    with(&["offline:read"], &file).refused(77, "scope_missing");
    with(&["licenses:read", "licenses:write"], &["offline", "list", sold.id()]).refused(77, "scope_missing");
    with(&["offline:read", "offline:write"], &file).json();
    // It is signed, and whoever signed it is told how to get the file.
    let export = [
        "offline",
        "export",
        sold.id(),
        "--pool",
        "1",
        "--valid-until",
        "+1d",
        "-o",
        &vendor.path("c.sglic"),
    ];
    let failure = with(&["offline:write"], &export).refused(77, "scope_missing");
    assert!(text(&failure["fix"]).contains("sealgate offline file "), "{failure}");
    assert_eq!(sold.bundles().len(), 2);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sealgate_artifact::encode_hex(&sha2::Sha256::digest(bytes))
}
