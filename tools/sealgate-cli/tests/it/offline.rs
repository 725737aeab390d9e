//! `sealgate offline` and `sealgate job`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::program::Outcome;
use crate::vendor::{Vendor, text};

#[test]
fn revocation_data_is_written_to_a_file() {
    let vendor = Vendor::new();
    vendor.run(&["offline", "snapshot", "-o", "-", "--json"]).refused(3, "not_found");
    let app = vendor.app("Editor");
    let file = vendor.path("all.sgsnap");
    let read = || std::fs::read(&file).expect("written");
    let empty = vendor.json(&["offline", "snapshot", "--sign", "-o", &file]);
    assert_eq!((&empty["file"], &empty["revoked"]), (&json!(file), &json!(0)));
    let license = vendor.license(&app, &[]);
    vendor.json(&["license", "revoke", text(&license["license_id"])]);
    let signed = vendor.json(&["offline", "snapshot", "--sign", "-o", &file]);
    assert_eq!((&signed["revoked"], &signed["bytes"]), (&json!(1), &json!(read().len())));
    assert!(signed["version"].as_u64() > empty["version"].as_u64());
    assert!(read().starts_with(b"\x93SGC\r\n\x1a\n"));
    let told = vendor.run(&["offline", "snapshot", "-o", &file]).ok();
    assert!(told.contains(&format!("version {}, signed ", signed["version"])), "{told}");
    assert!(told.contains(" s ago; 1 taken back, in 1 shard\n"), "{told}");
}

/// Whoever carries a file away right after a revocation would carry one that lacks it.
#[test]
fn a_file_that_lacks_what_was_just_taken_back_says_so() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let file = vendor.path("all.sgsnap");
    let whole = vendor.run(&["offline", "snapshot", "--sign", "-o", &file, "--json"]);
    assert_eq!(whole.json()["due"], false);
    let lacks = |output: &str| {
        let license = vendor.license(&app, &[]);
        vendor.json(&["license", "revoke", text(&license["license_id"])]);
        let mut command = vendor.sealgate(&["offline", "snapshot", "-o", output, "--json"]);
        let output = command.output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Outcome { exit: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    };
    // The server's own job may come in between: once a minute, and so not twice.
    let is_due = |told: &Outcome| told.stdout.contains("\"due\":true");
    let told = Some(lacks(&file)).filter(is_due).unwrap_or_else(|| lacks(&file));
    assert!(is_due(&told), "{told:?}");
    assert!(told.stderr.starts_with("careful: ") && told.stderr.contains("--sign"), "{}", told.stderr);
    assert!(
        [lacks("-"), lacks("-")].iter().any(|told| told.stderr.contains("careful: ")),
        "also on standard output"
    );
}

/// A code, a message with these words, and a fix.
fn refused_with(vendor: &Vendor, arguments: &[&str], (code, words): (&str, &[&str])) {
    let outcome = vendor.run(&[&["offline", "import-snapshot", "--yes", "--json"], arguments].concat());
    let failure: Value = serde_json::from_str(&outcome.stderr).expect("JSON");
    assert_eq!(failure["code"], code, "{failure}");
    for word in words {
        assert!(text(&failure["message"]).contains(word), "{word} of {failure}");
    }
    assert!(failure["fix"].as_str().is_some_and(|fix| fix.len() > 10), "{failure}");
}

#[test]
fn a_snapshot_that_is_refused_says_why_and_what_to_do() {
    let (vendor, other) = (Vendor::new(), Vendor::new());
    for vendor in [&vendor, &other] {
        vendor.app("Editor");
        vendor.json(&["offline", "snapshot", "--sign", "-o", &vendor.path("first.sgsnap")]);
    }
    let file = vendor.path("first.sgsnap");
    let bytes = std::fs::read(&file).expect("written");
    let spoilt = |name: &str, bytes: &[u8]| {
        std::fs::write(vendor.path(name), bytes).expect("writes");
        vendor.path(name)
    };
    let length = bytes.len().to_string();
    refused_with(
        &vendor,
        &[&spoilt("cut", &bytes[..bytes.len() - 9])],
        ("container_truncated", &["cut: ", &length]),
    );
    let mut flipped = bytes.clone();
    flipped[bytes.len() - 40] ^= 1;
    refused_with(&vendor, &[&spoilt("flipped", &flipped)], ("container_damaged", &["flipped: "]));
    refused_with(&vendor, &[&spoilt("text", b"{}")], ("container_unknown", &["text: "]));
    refused_with(&vendor, &[&vendor.path("none")], ("file_unreadable", &["none: "]));
    refused_with(&vendor, &[&other.path("first.sgsnap")], ("root_unknown", &["another installation"]));
    let tenant = vendor.json(&["tenant", "create", "Other"]);
    let (token, own) = (text(&tenant["admin_token"]), text(&tenant["tenant_id"]));
    let of = vendor.json(&["verify", &file, "--trust", &trust(&vendor)]);
    refused_with(&vendor, &[&file, "--token", token], ("wrong_tenant", &[text(&of["tenant"]), own]));
}

fn trust(vendor: &Vendor) -> String {
    let path = vendor.path("trust.json");
    vendor.json(&["keys", "export", "-o", &path]);
    path
}

#[test]
fn a_snapshot_that_has_nothing_new_says_that_nothing_is_left_to_do() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let [first, second] = ["first", "second"].map(|name| {
        let license = vendor.license(&app, &[]);
        vendor.json(&["license", "revoke", text(&license["license_id"])]);
        vendor.json(&["offline", "snapshot", "--sign", "-o", &vendor.path(name)])
    });
    let version = |signed: &Value| signed["version"].to_string();
    let words: [&str; 3] = ["is taken back here", &version(&first), &version(&second)];
    refused_with(&vendor, &[&vendor.path("first")], ("version_rollback", &words));
    let told = vendor.run(&["offline", "import-snapshot", "--yes", &vendor.path("second")]).ok();
    assert!(
        told.contains(" 2; all of it stays so\n") && told.contains("\nNothing had to be taken back again"),
        "{told}"
    );
}

#[test]
fn who_takes_something_back_is_told_of_the_file() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let file = "sealgate offline snapshot --sign -o FILE";
    let license = vendor.license(&app, &["--max-devices", "3"]);
    let id = text(&license["license_id"]);
    let suspended = vendor.run(&["license", "suspend", id]).ok();
    assert!(!suspended.contains(file) && suspended.contains("are not told of a suspension"), "{suspended}");
    vendor.run(&["license", "resume", id]).ok();
    let more = vendor.run(&["license", "update", id, "--max-devices", "4", "--preview"]).ok();
    assert!(!more.contains("are taken back"), "{more}");
    let less = vendor.run(&["license", "update", id, "--max-devices", "2", "--preview"]).ok();
    assert!(less.contains("loses all rights of this license until it is activated again"), "{less}");
    assert!(vendor.run(&["license", "update", id, "--max-devices", "2", "--yes"]).ok().contains(file));
    let revoked = vendor.run(&["license", "revoke", id]).ok();
    assert!(revoked.contains(file) && !revoked.contains("until the license ends"), "{revoked}");
    let keys = vendor.json(&["keys", "list"]);
    let issuer = keys.as_array().expect("a list").iter().find(|key| key["use"] == "issuer").expect("one");
    assert!(vendor.run(&["keys", "revoke", text(&issuer["keyid"]), "--yes"]).ok().contains(file));
}

/// The operator's proxy lets through what needs no token, and nothing else.
#[test]
fn the_guide_lists_every_path_that_programs_ask() {
    let document: Value = serde_json::from_str(include_str!("../../../../spec/openapi.json")).expect("JSON");
    let is_open = |way: &Value| {
        way["security"] == json!([])
            && (way["tags"] == json!(["runtime"]) || way["tags"] == json!(["authforge"]))
    };
    let paths = document["paths"].as_object().expect("an object").iter();
    let open: BTreeSet<&str> = paths
        .filter(|(_, ways)| ways.as_object().expect("an object").values().any(is_open))
        .map(|(path, _)| path.as_str())
        .collect();
    let guide = include_str!("../../../../docs/book/operators.md");
    let (_, list) = guide.split_once("- The proxy lets only these paths through").expect("the guide has it");
    let (_, rows) = list.split_once("|---|---|\n").expect("a table");
    let rows = rows.lines().take_while(|line| line.trim_start().starts_with('|'));
    let listed: BTreeSet<&str> =
        rows.flat_map(|row| row.split('`')).filter(|word| word.starts_with('/')).collect();
    assert_eq!(listed, open);
}

#[test]
fn jobs_are_a_table() {
    let vendor = Vendor::new();
    let listed = vendor.run(&["job", "list"]).ok();
    let head = listed.lines().next().expect("a head").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(head, "JOB EVERY LAST RUN RESULT NEXT DUE HOLDER");
    for job in ["certify_servers", "forget", "list_revoked", "renew_ahead", "sign_snapshots"] {
        assert!(listed.lines().any(|line| line.trim_start().starts_with(job)), "{listed}");
    }
    let jobs = vendor.json(&["job", "list"]);
    assert!(jobs.as_array().expect("a list").iter().all(|job| job["late"] == false), "{jobs}");
}
