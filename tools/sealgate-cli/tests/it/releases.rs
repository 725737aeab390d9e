//! `release` and `manifest`: from a compiled program to a device that may run it, and one that may not.

use std::path::Path;
use std::process::Command;

use sealgate_artifact::{Module, ModuleNote, decode_hex};
use sealgate_testkit::{Build, TestDevice, request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::vendor::{Vendor, text};

/// A program of this machine that says so much.
fn compile(folder: &Path, name: &str, says: &str) -> String {
    std::fs::create_dir_all(folder).expect("made");
    let (source, program) = (folder.join(format!("{name}.rs")), folder.join(name));
    std::fs::write(&source, format!("fn main() {{ println!(\"{says}\") }}")).expect("written");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let compiled =
        Command::new(rustc).arg(&source).arg("-o").arg(&program).status().expect("the compiler runs");
    assert!(compiled.success());
    program.to_str().expect("UTF-8").to_owned()
}

fn says(program: &str) -> String {
    let output = Command::new(program).output().expect("the program runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// As a device reads a file.
fn module(path: &str) -> Module {
    let bytes = std::fs::read(path).expect("is there");
    let (version, signer) = ModuleNote::of_file(&bytes).map(|note| (note.version, note.signer)).unzip();
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).expect("a name");
    let name = name.trim_end_matches(".marked").to_owned();
    Module { name, sha256: Sha256::digest(&bytes).into(), version, signer }
}

/// A vendor with an app and two licenses of it.
struct Sold {
    vendor: Vendor,
    build: Build,
    app: String,
    licenses: [Value; 2],
}

impl Sold {
    fn new() -> Self {
        let vendor = Vendor::new();
        let app = vendor.app("Editor");
        let licenses = [(); 2].map(|()| vendor.license(&app, &["--max-devices", "50"]));
        let trust = vendor.path("trust.json");
        let app = text(&app["app_id"]).to_owned();
        vendor.run(&["keys", "export", "--app", &app, "-o", &trust]).ok();
        let trust = serde_json::from_slice(&std::fs::read(&trust).expect("written")).expect("a trust.json");
        let build = Build { trust, origin: vendor.server.url.clone() };
        Self { vendor, build, app, licenses }
    }

    fn id(&self, license: usize) -> &str {
        text(&self.licenses[license]["license_id"])
    }

    fn publish(&self, version: &str, more: &[&str]) -> Value {
        let verb =
            ["release", "publish", "--app", &self.app, "--version", version, "--target", "linux/x86_64"];
        self.vendor.json(&[&verb[..], more].concat())
    }

    /// `admitted`, or the modules that are not approved.
    fn activate(&self, license: usize, n: u32, modules: &[Module]) -> String {
        let device = TestDevice::default();
        let key = text(&self.licenses[license]["license_key"]);
        let question = device.wish(&self.build, key, (n, &device.sealing()), (None, modules));
        let url = format!("{}/api/v1/activate", self.vendor.server.url);
        let answer = request("POST", &url, None, &json!(question)).expect(200);
        if answer["proof"].is_object() {
            return "admitted".to_owned();
        }
        let names =
            answer["unapproved"].as_array().expect("why not").iter().map(|module| text(&module["name"]));
        format!("unapproved {}", names.collect::<Vec<_>>().join(" "))
    }
}

#[test]
fn a_program_is_published_rebuilt_refused_and_published_again() {
    let sold = Sold::new();
    let folder = sold.vendor.path("build");
    let program = compile(Path::new(&folder), "editor", "one");
    let before = std::fs::read(&program).expect("is there");
    let first = sold.publish("1.0", &[&program]);
    let marked = text(&first["files"][0]["written"]).to_owned();
    assert_eq!(marked, format!("{program}.marked"));
    assert_eq!(std::fs::read(&program).expect("is there"), before, "the input is never changed");
    assert_eq!(says(&marked), "one");
    let one = module(&marked);
    assert_eq!(decode_hex(text(&first["sha256"])), Some(one.sha256), "what was written was hashed");
    let keys = sold.vendor.json(&["keys", "list"]);
    let mut keys = keys.as_array().expect("a list").iter();
    let update = keys.find(|key| key["use"] == "update" && key["state"] == "active").expect("one signs");
    let said = (one.version.as_deref(), one.signer.as_deref());
    assert_eq!(said, (Some("1.0"), update["keyid"].as_str()));
    assert_eq!(sold.activate(0, 1, std::slice::from_ref(&one)), "admitted");

    let again = sold.publish("1.0", &[&program]);
    assert_eq!(again["release_id"], first["release_id"], "the same content is the same release");

    let program = compile(Path::new(&sold.vendor.path("rebuilt")), "editor", "two");
    let taken =
        ["release", "publish", "--app", &sold.app, "--version", "1.0", "--target", "linux/x86_64", &program];
    sold.vendor.run(&[&taken[..], &["--json"]].concat()).refused(4, "release_exists");
    let dist = sold.vendor.path("dist");
    let marked = sold.vendor.json(&["release", "mark", "--version", "1.1", &program, "-o", &dist]);
    let two = module(text(&marked["files"][0]["written"]));
    assert_eq!(sold.activate(0, 2, std::slice::from_ref(&two)), "unapproved editor", "other bytes");
    let second = sold.publish("1.1", &[&format!("{dist}/editor")]);
    assert_eq!(second["files"][0]["left"], "it says so already");
    assert_eq!(sold.activate(0, 3, std::slice::from_ref(&two)), "admitted");
    assert_eq!(sold.activate(1, 4, std::slice::from_ref(&two)), "admitted");
    for wrong in [
        Module { version: Some("1.0".to_owned()), ..two.clone() },
        Module { signer: Some("0".repeat(32)), ..two.clone() },
    ] {
        assert_eq!(sold.activate(0, 5, &[wrong]), "unapproved editor");
    }

    sold.vendor
        .run(&["release", "revoke", text(&second["release_id"]), "--json"])
        .refused(78, "config_invalid");
    let revoke = ["release", "revoke", text(&second["release_id"]), "--reason", "broken", "--yes"];
    assert_eq!(sold.vendor.json(&revoke)["revoke_reason"], "broken");
    assert_eq!(sold.activate(0, 7, std::slice::from_ref(&two)), "unapproved editor");
    let listed = sold.vendor.json(&["release", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    for release in [&first, &listed[0], &sold.vendor.json(&["release", "show", text(&second["release_id"])])]
    {
        assert_eq!(release["app"], "editor", "{release}");
    }
    let told = sold.vendor.run(&["release", "list"]).ok();
    let columns = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let told: Vec<Vec<String>> = told.lines().map(columns).collect();
    let (app, status) = (|row: &[String]| row[1].clone(), |row: &[String]| row[6].clone());
    assert_eq!([app(&told[0]), app(&told[1])], ["APP", "editor"]);
    assert_eq!([status(&told[0]), status(&told[1]), status(&told[2])], ["STATUS", "revoked", "published"]);
}

#[test]
fn what_is_approved_for_one_license_is_refused_for_another() {
    let sold = Sold::new();
    let program = compile(Path::new(&sold.vendor.path("fork")), "editor", "fork");
    let fork = [module(&program)];
    assert_eq!((&fork[0].version, &fork[0].signer), (&None, &None), "nothing is guessed");
    assert_eq!(sold.activate(0, 1, &fork), "unapproved editor");
    let waiting = sold.vendor.json(&["manifest", "list", "--license", sold.id(0), "--status", "pending"]);
    assert_eq!((&waiting[0]["source"], &waiting[0]["app"]), (&json!("device"), &json!("editor")));
    let approval = text(&waiting[0]["approval_id"]);
    sold.vendor.run(&["manifest", "approve", sold.id(1), approval, "--json"]).refused(3, "not_found");
    let approved =
        sold.vendor.json(&["manifest", "approve", sold.id(0), approval, "--reason", "their build"]);
    assert_eq!(approved["changed"], 1);
    assert_eq!(sold.activate(0, 2, &fork), "admitted");
    assert_eq!(sold.activate(1, 3, &fork), "unapproved editor");

    sold.vendor.run(&["manifest", "revoke", sold.id(0), approval, "--json"]).refused(78, "config_invalid");
    sold.vendor.json(&["manifest", "revoke", sold.id(0), approval, "--yes"]);
    assert_eq!(sold.activate(0, 4, &fork), "unapproved editor");
    let rejected = sold.vendor.json(&["manifest", "reject", sold.id(1), "--all", "--yes"]);
    assert_eq!(rejected["changed"], 1);
    let submitted = sold.vendor.json(&["manifest", "submit", sold.id(1), &program]);
    assert_eq!(submitted["changed"], 0, "the license has it already");
}

/// What was done, and what was not, to whom it matters.
#[test]
fn decisions_about_modules_say_what_they_did() {
    let sold = Sold::new();
    let files = ["one", "two"].map(|name| compile(Path::new(&sold.vendor.path("fork")), name, name));
    let told = |verb: &[&str]| sold.vendor.run(&[&["manifest"], verb].concat()).ok();
    let license = sold.id(0);
    assert_eq!(told(&["submit", license, &files[0]]).trim(), "1 of 1 now wait for your decision");
    let both = told(&["submit", license, &files[0], &files[1]]);
    assert_eq!(both.trim(), "1 of 2 now wait for your decision; the license had the others already");
    let waiting = sold.vendor.json(&["manifest", "list"]);
    let [one, two] = [0, 1].map(|n| text(&waiting[n]["approval_id"]));
    let approved = told(&["approve", license, one]);
    assert!(approved.contains("1 approved") && approved.contains("can be activated again"), "{approved}");
    assert_eq!(told(&["approve", license, one]).trim(), "nothing was changed: this was decided before");
    let both = told(&["approve", license, one, two]);
    assert!(both.starts_with("1 approved; the others were decided so before"), "{both}");
    assert_eq!(
        told(&["approve", license, "--all", "--yes"]).trim(),
        "nothing was changed: the license has no module that is pending"
    );
    let revoked = told(&["revoke", license, one, "--yes"]);
    assert!(revoked.contains("1 revoked") && revoked.contains("until they are activated again"), "{revoked}");
}

#[test]
fn what_is_no_program_is_published_as_it_is() {
    let sold = Sold::new();
    let package = sold.vendor.path("editor.txt");
    std::fs::write(&package, "no program").expect("written");
    let published = sold.publish("1.0", &[&package]);
    assert_eq!(published["files"][0]["left"], "it is no ELF file");
    assert_eq!(published["length"], 10);
    let plain = module(&package);
    assert_eq!((&plain.version, &plain.signer), (&None, &None));
    assert_eq!(sold.activate(0, 1, &[plain]), "admitted");

    let program = compile(Path::new(&sold.vendor.path("build")), "editor", "one");
    let as_it_is = sold.publish("1.1", &[&program, "--as-is"]);
    assert_eq!(as_it_is["files"][0].get("written"), None);
    assert!(!Path::new(&format!("{program}.marked")).exists());
    let shown = sold.vendor.run(&["release", "show", text(&as_it_is["release_id"]), "--statement"]).ok();
    let release = sold.build.release(shown.as_bytes(), 1_900_000_000).map(|release| release.version);
    assert_eq!(release.as_deref(), Ok("1.1"));
    let same =
        ["release", "mark", "--version", "1", "--signer", "s", "-o", &sold.vendor.path("build"), &program];
    sold.vendor.run(&[&same[..], &["--json"]].concat()).refused(2, "malformed_request");
}

#[test]
fn a_note_is_what_other_programs_read() {
    let Ok(version) = Command::new("readelf").arg("--version").output() else { return };
    assert!(version.status.success());
    let sold = Sold::new();
    let program = compile(Path::new(&sold.vendor.path("build")), "editor", "one");
    let mark = ["release", "mark", "--version", "1.0", "--signer", "key-of-the-vendor", &program];
    let marked = text(&sold.vendor.json(&mark)["files"][0]["written"]).to_owned();
    let notes = Command::new("readelf").args(["-n", &marked]).output().expect("readelf runs");
    let notes = String::from_utf8_lossy(&notes.stdout).into_owned();
    assert!(notes.contains(".note.sealgate") && notes.contains("Sealgate"), "{notes}");
    let sections = Command::new("readelf").args(["-SW", &marked]).output().expect("readelf runs");
    let warnings = String::from_utf8_lossy(&sections.stderr).into_owned();
    assert_eq!(warnings, "", "the table of sections is whole");
    let Ok(strip) = Command::new("strip").arg(&marked).status() else { return };
    assert!(strip.success());
    assert_eq!(says(&marked), "one");
}
