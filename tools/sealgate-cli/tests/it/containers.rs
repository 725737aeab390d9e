//! `inspect` and `verify` of containers.

use sealgate_artifact::{Carrier, Kind};
use sealgate_container::{EntryName, Purpose, encode_statement, write};
use serde_json::{Value, json};

use crate::vendor::{Vendor, names, text};

const PACKAGE: &[u8] = b"a program, or so";

/// A vendor with a published release, and the parts of its update.
struct Published {
    vendor: Vendor,
    trust: String,
    entries: Vec<(EntryName, Vec<u8>)>,
}

impl Published {
    fn new() -> Self {
        let vendor = Vendor::new();
        let app = text(&vendor.app("Editor")["app_id"]).to_owned();
        let (trust, package) = (vendor.path("trust.json"), vendor.path("editor.tar"));
        vendor.run(&["keys", "export", "--app", &app, "-o", &trust]).ok();
        std::fs::write(&package, PACKAGE).expect("written");
        let verb = ["release", "publish", "--app", &app, "--version", "2.1.0", "--target", "linux/x86_64"];
        let release = vendor.json(&[&verb[..], &["--as-is", &package]].concat());
        let release = vendor.json(&["release", "show", text(&release["release_id"]), "--statement"]);
        let release = Carrier::decode(release.to_string().as_bytes()).expect("a carrier");
        let kept: Value = serde_json::from_slice(&std::fs::read(&trust).expect("written")).expect("JSON");
        let statement = |name: EntryName, value: &Value| {
            let carrier = Carrier::decode(value.to_string().as_bytes()).expect("an envelope");
            (name, encode_statement(name.kind().expect("a kind"), &carrier.envelope).expect("it fits"))
        };
        let mut entries =
            vec![(EntryName::Release, encode_statement(Kind::Release, &release.envelope).expect("it fits"))];
        entries.extend(release.attachments.into_iter().map(|bytes| (EntryName::Attachment, bytes)));
        entries.push(statement(EntryName::Root, &kept["keyset_chain"][0]));
        entries.push(statement(EntryName::Keyset, &kept["keyset_chain"][1]));
        entries.push(statement(EntryName::TenantKeyset, &kept["tenant_keyset"]));
        entries.push((EntryName::Package, PACKAGE.to_vec()));
        Self { vendor, trust, entries }
    }

    fn write(&self, name: &str, entries: &[(EntryName, Vec<u8>)]) -> String {
        let parts: Vec<_> = entries.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        let path = self.vendor.path(name);
        std::fs::write(&path, write(Purpose::Update, &parts).expect("a container")).expect("written");
        path
    }
}

#[test]
fn every_statement_of_a_container_is_shown_and_none_believed() {
    let published = Published::new();
    let (vendor, file) = (&published.vendor, published.write("editor.sgupd", &published.entries));
    let report = vendor.json(&["inspect", &file]);
    assert_eq!(names(&report), ["bytes", "entries", "kind", "purpose", "sha256", "statements", "verified"]);
    assert_eq!((&report["verified"], &report["purpose"]), (&json!(false), &json!("update")));
    let kinds: Vec<&str> =
        report["statements"].as_array().expect("a list").iter().map(|seen| text(&seen["kind"])).collect();
    assert_eq!(kinds, ["release", "root", "keyset", "tenant-keyset"]);
    for seen in report["statements"].as_array().expect("a list") {
        assert_eq!(seen["well_formed"], true, "{seen}");
        assert_ne!(seen["keyids"], json!([""]), "{seen}");
    }
    let told = vendor.run(&["inspect", &file]).ok();
    assert!(told.starts_with("NOT VERIFIED") && told.contains("package: 16 bytes"), "{told}");
    assert!(told.contains(" tenant "), "{told}");
    let (_, table) = told.split_once("statements:\n").expect("a table");
    let widest = table.lines().take_while(|line| !line.is_empty()).map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|widest| (60..=80).contains(&widest)), "{widest:?}: {told}");

    // The same statements as envelopes, with the ids of the keys that signed them.
    let lines = vendor.run(&["inspect", "--dsse", &file]).ok();
    let envelopes: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kept: Value =
        serde_json::from_slice(&std::fs::read(&published.trust).expect("written")).expect("JSON");
    assert_eq!(
        &envelopes[1..],
        [&kept["keyset_chain"][0], &kept["keyset_chain"][1], &kept["tenant_keyset"]].map(Clone::clone)
    );
}

#[test]
fn an_update_is_verified_whole() {
    let published = Published::new();
    let (vendor, trust) = (&published.vendor, &published.trust);
    let file = published.write("editor.sgupd", &published.entries);
    let report = vendor.json(&["verify", &file, "--trust", trust]);
    assert_eq!((&report["verdict"], &report["kind"]), (&json!("valid"), &json!("update")));
    assert_eq!((&report["version"], &report["bytes"]), (&json!("2.1.0"), &json!(16)));
    let root = text(&report["root"]["signed_by"][0]).to_owned();
    let kept: Value = serde_json::from_slice(&std::fs::read(trust).expect("written")).expect("JSON");
    let by_root = vendor.json(&["verify", &file, "--root", text(&kept["roots"][0])]);
    assert_eq!(
        (&by_root["statement_id"], &by_root["root"]["signed_by"][0]),
        (&report["statement_id"], &json!(root))
    );
    let told = vendor.run(&["verify", &file, "--trust", trust]).ok();
    assert!(told.starts_with("VALID") && told.contains("not checked:"), "{told}");

    let refused = |file: &str, exit: i32, code: &str| {
        vendor.run(&["--json", "verify", file, "--trust", trust]).refused(exit, code);
    };
    let mut other = published.entries.clone();
    other.last_mut().expect("a package").1[0] ^= 1;
    refused(&published.write("other.sgupd", &other), 65, "content_mismatch");
    let mut forged = published.entries.clone();
    *forged[0].1.last_mut().expect("a signature") ^= 1;
    let code = vendor.run(&["--json", "verify", &published.write("forged.sgupd", &forged), "--trust", trust]);
    assert!(code.stderr.contains("signature_invalid"), "{code:?}");
    let bytes = std::fs::read(&file).expect("written");
    for (name, bytes, code) in [
        ("cut", bytes[..bytes.len() - 1].to_vec(), "container_truncated"),
        ("longer", [&bytes[..], b"x"].concat(), "container_invalid"),
        (
            "changed",
            bytes.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 300)).collect(),
            "container_damaged",
        ),
        (
            "newer",
            bytes.iter().enumerate().map(|(at, byte)| byte ^ (2 * u8::from(at == 8))).collect(),
            "container_unknown",
        ),
    ] {
        let path = vendor.path(name);
        std::fs::write(&path, bytes).expect("written");
        refused(&path, 65, code);
        vendor.run(&["--json", "inspect", &path]).refused(65, code);
    }
    vendor.run(&["--json", "verify", &file]).refused(78, "trust_missing");
}

/// A container is none of what other verbs take; they say what it is.
#[test]
fn a_container_in_the_place_of_another_file() {
    let published = Published::new();
    let file = published.write("editor.sgupd", &published.entries);
    let refused = published.vendor.run(&["verify", &published.trust, "--trust", &file]);
    assert!(refused.stderr.contains("this is a container") && refused.exit == Some(65), "{refused:?}");
}
