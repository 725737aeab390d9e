//! `sealgate audit`.

use serde_json::json;

use crate::program::{run, sealgate};
use crate::vendor::{Vendor, text};

#[test]
fn a_log_is_exported_and_verified_where_there_is_no_server() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    vendor.license(&app, &[]);
    let file = vendor.path("audit.jsonl");
    let exported = vendor.json(&["audit", "export", "-o", &file]);
    assert_eq!(exported["rows"], 2);
    let verified = run(&mut sealgate(&["--json", "audit", "verify", &file])).json();
    assert_eq!((&verified["rows"], &verified["head"]), (&json!(2), &exported["head"]));
    let told = vendor.run(&["audit", "verify"]).ok();
    assert!(
        told.starts_with("2 rows: none was changed") && told.contains(text(&exported["head"]["hash"])),
        "{told}"
    );
    let listed = vendor.json(&["audit", "list", "--limit", "1"]);
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["action"]), (Some(1), &json!("license.issued")));
}

#[test]
fn whatever_is_changed_in_an_exported_log_is_found() {
    let vendor = Vendor::new();
    for name in ["A", "B", "C"] {
        vendor.app(name);
    }
    let file = vendor.path("audit.jsonl");
    vendor.json(&["audit", "export", "-o", &file]);
    let whole = std::fs::read_to_string(&file).expect("is read");
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 4);
    let judge = |lines: &[&str]| {
        std::fs::write(&file, lines.join("\n")).expect("is written");
        run(&mut sealgate(&["--json", "audit", "verify", &file]))
    };
    judge(&lines).json();
    let changed = lines[1].replace("app.created", "app.deleted");
    for (spoilt, message) in [
        (vec![lines[0], &changed, lines[2], lines[3]], "row 2 was changed"),
        (vec![lines[0], lines[2], lines[3]], "row 2 is missing"),
        (vec![lines[1], lines[0], lines[2], lines[3]], "row 1 is missing"),
        (vec![lines[0], lines[1], lines[3]], "row 3 and all later rows are missing"),
        (vec![lines[0], lines[0], lines[1], lines[2], lines[3]], "row 2 is missing"),
    ] {
        let failure = judge(&spoilt).refused(1, "audit_broken");
        assert!(text(&failure["message"]).starts_with(message), "{failure}");
    }
    judge(&lines[..3]).refused(65, "file_unreadable");
    judge(&["{}"]).refused(65, "file_unreadable");
    run(&mut sealgate(&["--json", "audit", "verify", "/nowhere"])).refused(65, "file_unreadable");
}

/// Whoever can write to the whole database can make a new chain, which a head from before is not part of.
#[test]
fn a_head_that_was_kept_is_compared() {
    let (vendor, other) = (Vendor::new(), Vendor::new());
    for vendor in [&vendor, &other] {
        vendor.app("A");
    }
    let kept = vendor.json(&["audit", "verify"])["head"]["hash"].clone();
    vendor.app("B");
    let verified = vendor.json(&["audit", "verify", "--head", text(&kept)]);
    assert_eq!((&verified["rows"], &verified["kept_head_at"]), (&json!(2), &json!(1)));
    let told = vendor.run(&["audit", "verify", "--head", &text(&kept).to_uppercase()]).ok();
    assert!(told.contains("Row 1 has the head that you kept"), "{told}");
    let failure = other.run(&["--json", "audit", "verify", "--head", text(&kept)]).refused(1, "audit_broken");
    assert!(text(&failure["message"]).contains("another chain"), "{failure}");
    vendor.run(&["--json", "audit", "verify", "--head", "a5e3"]).refused(2, "malformed_request");
}

/// In a folder where others may write, too.
#[test]
fn an_export_goes_nowhere_else_and_is_its_owners() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let vendor = Vendor::new();
    vendor.app("Editor");
    let (victim, file) = (vendor.path("victim"), vendor.path("audit.jsonl"));
    std::fs::write(&victim, b"unharmed").expect("is written");
    symlink(&victim, format!("{file}.new")).expect("is made");
    vendor.run(&["audit", "export", "-o", &file]).ok();
    assert_eq!(std::fs::read(&victim).expect("there"), b"unharmed");
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    let pipe = vendor.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("runs").success());
    vendor.run(&["--json", "audit", "export", "-o", &pipe]).refused(65, "file_unreadable");
    let told = vendor.run(&["--quiet", "audit", "export", "-o", "/dev/stdout"]).ok();
    assert!(told.contains("app.created"), "{told}");
    let names = std::fs::read_dir(std::path::Path::new(&file).parent().expect("a folder")).expect("there");
    let staged =
        names.filter(|name| name.as_ref().expect("there").file_name().to_string_lossy().ends_with(".new"));
    assert_eq!(staged.count(), 1, "what the attacker made");
}
